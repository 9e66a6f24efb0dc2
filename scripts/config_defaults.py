"""Write planner/catalogue/config_defaults.py: what the configuration classes of transformers take for absent keys.

python scripts/config_defaults.py            write it
python scripts/config_defaults.py --check    exit status 1 where the file is not what would be written

Runs where transformers is installed (.venv-train/bin/python). Of the architectures in
planner/catalogue/architectures.py it keeps the keys that have a number, a truth value or a word and shape a layer.
"""

from __future__ import annotations

import dataclasses
import re
import sys
import textwrap
from pathlib import Path
from typing import Any

import transformers
from transformers.models.auto.configuration_auto import CONFIG_MAPPING
from transformers.models.dbrx import configuration_dbrx

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from planner.catalogue.architectures import ARCHITECTURES  # noqa: E402

FILE = ROOT / "planner" / "catalogue" / "config_defaults.py"
SAME = {"kimi_k2": "deepseek_v3", "gemma3_text_encoder": "gemma3_text"}  # kinds without a class of their own
OWN_KEYS = ("inkling_text", "minimax_m3_vl_text")  # whose published config.json has other names than the class
NESTED = {"dbrx": (configuration_dbrx.DbrxAttentionConfig, configuration_dbrx.DbrxFFNConfig)}
SHAPELESS = re.compile(
    r"token_id|dropout|initializer|_act|eps|use_cache|(?<!qk_)rope|aux|output_|activation|pdrop|scal|classifier|summary|clip|"
    r"softcap|jitter|token_index$|multiplier|_init|norm_topk|topk|_group$|pretraining|chunk_size$|time_step|legacy|rotary|"
    r"logits|residual|is_|^use_(mamba|assoc|expert)|initial|init_|return_dict|^original_max|cross|drop|swiglu|slow|reorder|query_pre|mtp|nextn|"
    r"temperature|^afn|softmax_in|^block_size|decoder_bias|dim_model|elementwise|learned_pos|neg_eigval|factor$|gate$|overlap|n_ctx|no_bias|"
    r"norm_type|fp32|selection_fn|position_embedding_type|num_buckets|strategy|task_type|bidirect|conv_bias|altup_active|sparse_pred|determin|parallel_residual|attn_temp|mup|relative_attention$|position_bias(?!ed)"
)


def defaults_of(classes: tuple[Any, ...]) -> dict[str, Any]:
    """Return the defaults of configuration classes, without those that turn nothing on."""
    found: dict[str, Any] = {}
    for field in (field for each in classes for field in dataclasses.fields(each)):
        value = field.default
        kept = isinstance(value, (bool, int, str)) and (value or field.name.startswith("mamba_rms"))
        if (
            kept
            and not (field.name == "hidden_size" and "d_model" in found)
            and not SHAPELESS.search(field.name)
            and field.name.islower()
        ):
            found[field.name] = value
    return found


def table() -> str:
    """Return the text of config_defaults.py."""
    rows: dict[str, list[str]] = {}  # by defaults, the kinds that have them
    for kind in ARCHITECTURES:
        name = SAME.get(kind, kind)
        if name in CONFIG_MAPPING and name not in OWN_KEYS:
            values = defaults_of((CONFIG_MAPPING[name], *NESTED.get(kind, ())))
            text = " ".join(f"{key}={int(v) if isinstance(v, bool) else v}" for key, v in values.items())
            rows.setdefault(text, []).append(kind)
    lines = []
    for text, kinds in rows.items():
        row = f"{' '.join(kinds)}: {text}"
        lines += textwrap.wrap(row, 120, subsequent_indent="  ", break_on_hyphens=False, break_long_words=False)
    return HEAD.format(version=transformers.__version__) + "\n".join(lines) + TAIL


HEAD = '''"""Values that the configuration classes of transformers {version} take for absent keys, one row for
those that take the same.

Written by scripts/config_defaults.py. A truth value stands as 1 or 0.
"""

from __future__ import annotations

import re


def class_defaults(kind: str) -> dict[str, int | str]:
    """Return the defaults of a model_type's configuration class; empty where it has none."""
    row = re.search(rf"^(?:\S+ )*{{re.escape(kind)}}(?: \S+)*: (.*(?:\\n  .*)*)", _DEFAULTS, re.MULTILINE)
    pairs = (pair.partition("=") for pair in row[1].split()) if row else ()
    return {{key: int(value) if value.lstrip("-").isdigit() else value for key, _equals, value in pairs}}


_DEFAULTS = """
'''
TAIL = '\n"""\n'


def main(arguments: list[str]) -> int:
    text = table()
    if "--check" in arguments:
        fresh = FILE.exists() and FILE.read_text(encoding="utf-8") == text
        print("the defaults are fresh" if fresh else f"{FILE.name} is stale: run python scripts/config_defaults.py")
        return 0 if fresh else 1
    FILE.write_text(text, encoding="utf-8", newline="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
