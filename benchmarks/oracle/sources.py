"""Collect the configs that the libraries are asked about, into benchmarks/data/oracle.

    .venv-train/bin/python -m benchmarks.oracle.sources transformers
    .venv-vllm/bin/python -m benchmarks.oracle.sources vllm
    .venv/bin/python -m benchmarks.oracle.sources catalogue
    .venv/bin/python -m benchmarks.oracle.sources published FOLDER SOURCE

`transformers`: the default of each class that generates, reads or encodes text, and a variant of each whose dimensions
are others, so that no reader passes by knowing defaults. `vllm`: the defaults of vLLM's own configuration classes.
`catalogue`: the entries of planner/catalogue/models.json. `published`: files ORG--NAME_config.json or NAME/config.json.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path
from typing import Any

from benchmarks.oracle.rows import merge, trimmed

MAPPINGS = (
    "MODEL_FOR_CAUSAL_LM_MAPPING_NAMES", "MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING_NAMES",
    "MODEL_FOR_SEQ_TO_SEQ_CAUSAL_LM_MAPPING_NAMES", "MODEL_FOR_MASKED_LM_MAPPING_NAMES",
    "MODEL_FOR_SEQUENCE_CLASSIFICATION_MAPPING_NAMES", "MODEL_FOR_SPEECH_SEQ_2_SEQ_MAPPING_NAMES",
)  # fmt: skip

# What a class has no default for and every published config.json of it gives.
HEAD_DIM = {"head_dim": 128}
GIVEN = {
    "hunyuan_v1_dense": HEAD_DIM, "hunyuan_v1_moe": HEAD_DIM | {"num_experts": 8, "moe_topk": 2}, "ministral": HEAD_DIM,
    "lfm2": {"block_dim": 2560, "conv_dim": 2560, "block_ff_dim": 12288},
    "kimi_linear": {"mla_use_nope": True},
    "lfm2_moe": {"layer_types": ["conv", "conv", "full_attention", "conv"] * 8},
    "dots1": {"n_routed_experts": 128, "n_shared_experts": 2, "num_experts_per_tok": 6},
    "nemotron": {"num_key_value_heads": 8, "head_dim": 128},
}  # fmt: skip
# Copies in aiconfigurator that differ from the hub's: without their vision towers, or under other names.
EDITED = ("meta-llama/Llama-4", "MiniMaxAI/MiniMax-M3", "stepfun-ai/", "sgl-project/")
LONGEST = 28_000  # characters of a config.json that is kept; longer ones list thousands of unquantized modules


def of_transformers() -> None:
    import transformers
    from transformers.models.auto import modeling_auto

    source = f"transformers {transformers.__version__}"
    defaults: dict[str, dict[str, Any]] = {}
    variants = []
    with_images = modeling_auto.MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING_NAMES
    for mapping in MAPPINGS:
        for kind, classes in getattr(modeling_auto, mapping).items():
            name = classes if isinstance(classes, str) else classes[0]
            if kind in defaults:
                continue
            if (config := _default(kind, GIVEN.get(kind, {}))) is None:
                print(f"{kind}: its configuration has no default", file=sys.stderr)
                continue
            if "text_config" in config:  # the whole model, where a class would build its text part alone
                name = with_images.get(kind, name)
            row = {"id": f"default/{kind}", "source": f"{source}, defaults of its configuration class"}
            defaults[kind] = row | {"config": _asked(config, name)}
            if mapping == MAPPINGS[0] and (
                varied := _default(kind, _other_dimensions(config) | GIVEN.get(kind, {}))
            ) not in (None, config):
                row = {"id": f"variant/{kind}", "source": f"{source}, its configuration class with other dimensions"}
                variants.append(row | {"config": _asked(varied, name)})
    merge("defaults", list(defaults.values()))
    merge("variants", variants)


def _asked(config: dict[str, Any], architecture: str) -> dict[str, Any]:
    return {"architectures": [architecture], "dtype": "bfloat16", **trimmed(config, drop_null=True)}


def _default(kind: str, changes: dict[str, Any]) -> dict[str, Any] | None:
    from transformers import AutoConfig

    try:
        return AutoConfig.for_model(kind, **changes).to_dict()
    except Exception:
        return None


def _other_dimensions(config: dict[str, Any]) -> dict[str, Any]:
    """Return changes of a default: depth, widths, vocabulary, grouped heads, tied embeddings, experts."""

    def number(key: str) -> int:
        value = config.get(key)
        return value if isinstance(value, int) and not isinstance(value, bool) else 0

    changes: dict[str, Any] = {"pad_token_id": 0}
    for key in ("num_hidden_layers", "n_layer", "n_layers", "num_layers"):
        if number(key) >= 8:
            changes[key] = number(key) // 2 // 4 * 4
    for key in ("intermediate_size", "moe_intermediate_size", "ffn_dim", "n_inner"):
        if number(key) >= 512:
            changes[key] = number(key) // 4 * 3 // 64 * 64
    if number("vocab_size") > 4096:
        changes["vocab_size"] = number("vocab_size") // 2 // 64 * 64
    if (heads := number("num_attention_heads")) and number("num_key_value_heads"):
        changes["num_key_value_heads"] = (
            heads // 4 if heads % 4 == 0 and heads // 4 != number("num_key_value_heads") else heads
        )
    if isinstance(config.get("tie_word_embeddings"), bool):
        changes["tie_word_embeddings"] = not config["tie_word_embeddings"]
    for key in ("num_experts", "num_local_experts", "n_routed_experts"):
        if number(key) >= 8:
            changes[key] = number(key) // 2
    return changes


def of_vllm() -> None:
    from benchmarks.oracle.kv_cache import prepare

    prepare()
    import vllm
    from transformers.models.auto.configuration_auto import CONFIG_MAPPING_NAMES
    from vllm.model_executor.models.registry import ModelRegistry
    from vllm.transformers_utils.config import _CONFIG_REGISTRY

    supported = set(ModelRegistry.get_supported_archs())
    fresh = []
    for kind in _CONFIG_REGISTRY:
        if kind in CONFIG_MAPPING_NAMES:
            continue
        try:
            config = _CONFIG_REGISTRY[kind]().to_dict()
        except Exception as error:
            print(f"{kind}: {error}", file=sys.stderr)
            continue
        names = [name for name in config.get("architectures") or () if name in supported]
        row = {"id": f"default/{kind}", "source": f"vLLM {vllm.__version__}, defaults of its configuration class"}
        config = trimmed(config, drop_null=True) | ({"architectures": names} if names else {})
        fresh.append(row | {"config": {"dtype": "bfloat16", **config}})
    merge("defaults", fresh)


def of_catalogue() -> None:
    from benchmarks.oracle.catalogue_configs import catalogue_rows

    merge("catalogue", catalogue_rows())


def of_folder(folder: Path, source: str) -> None:
    """Collect config.json files. A folder's name is its model's."""
    files = [
        (file, file.name.removesuffix("_config.json").replace("--", "/", 1)) for file in folder.glob("*--*_config.json")
    ]
    files = [(file, name) for file, name in files if not file.name.endswith("_hf_quant_config.json")]
    files += [(file, file.parent.name) for file in folder.glob("*/config.json")]
    fresh = []
    for file, name in files:
        if name.startswith(EDITED):
            continue
        config = trimmed(json.loads(file.read_text(encoding="utf-8")), drop_null=False)
        if "model_type" in config and len(json.dumps(config, separators=(",", ":"))) < LONGEST:
            fresh.append({"id": f"published/{name}", "source": source, "config": config})
    merge("published", fresh)


def main() -> None:
    os.environ.update(HF_HUB_OFFLINE="1", TRANSFORMERS_OFFLINE="1", TRANSFORMERS_VERBOSITY="error")
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("what", choices=("transformers", "vllm", "catalogue", "published"))
    parser.add_argument("folder", nargs="?", type=Path)
    parser.add_argument("source", nargs="?", default="")
    asked = parser.parse_args()
    if asked.what == "published":
        of_folder(asked.folder, asked.source)
    else:
        {"transformers": of_transformers, "vllm": of_vllm, "catalogue": of_catalogue}[asked.what]()


if __name__ == "__main__":
    sys.exit(main())
