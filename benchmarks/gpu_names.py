"""Names of GPUs and models as measurements print them, turned into the planner's own values."""

from __future__ import annotations

import csv
import json
import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from planner.catalogue.gpus import GPUS
from planner.catalogue.other_gpus import OTHER_GPUS
from planner.schema import Gpu, Model, replace

# The first pattern that a printed name matches identifies the card.
_CARD_PATTERNS = (
    (r"H20-3e|H20-141", "H20-141GB"),
    (r"H20\b", "H20-96GB"),
    (r"H200|h200", "H200"),
    (r"H100.*NVL", "H100-NVL"),
    (r"H100.*96", "H100-96GB"),
    (r"H100", "H100"),
    (r"B300", "B300"),
    (r"B200", "B200"),
    (r"A100.*40", "A100-40GB"),
    (r"A100", "A100-80GB"),
    (r"L40S", "L40S"),
    (r"RTX ?PRO ?6000", "RTX-PRO-6000"),
    (r"A10/A10G/L4", "A10"),
    (r"A10G?\b", "A10"),
    (r"L4\b", "L4"),
    (r"T4\b", "T4"),
    (r"A40\b", "A40"),
    (r"A6000", "A6000"),
    (r"RTX ?3090", "RTX3090"),
    (r"RTX ?4090", "RTX4090"),
    (r"RTX ?5090", "RTX5090"),
    (r"RTX ?4060", "RTX4060"),
    (r"\(79\.\d+ GiB\)", "H100"),
)


def find_card(printed: str) -> Gpu | None:
    """The card that a measurement names, or None where it names none that is known."""
    for pattern, name in _CARD_PATTERNS:
        if re.search(pattern, printed, re.IGNORECASE):
            return GPUS.get(name) or OTHER_GPUS[name]
    return None


def quantization_of(printed: str) -> str | None:
    """The planner's word for a printed format, or None where it cannot say."""
    text = printed.lower()
    for pattern, name in (
        (r"mxfp4", "mxfp4"),
        (r"nvfp4|fp4\b(?!\))", "nvfp4"),
        (r"bnb|nf4", "int8" if "int8" in text else "nf4"),
        (r"int8|8bit|8-bit", "int8"),
        (r"int4|awq|gptq|4bit|4-bit", "int4"),
        (r"fp8", "fp8"),
        (r"bf16|fp16|16-bit|float16|bfloat16", "none"),
    ):
        if re.search(pattern, text):
            return name
    return None


def _key(name: str) -> str:
    """A model's name without its owner, its format and the words that do not change its shape."""
    text = re.sub(r"\(.*?\)", "", name).strip().lower().split("/")[-1]
    text = re.sub(
        r"[-_ ](hf|instruct|chat|it|base|v0\.[123]|2507|2407|2506|0528|fp8(-dynamic)?|fp8|awq|gptq|nvfp4)\b", "", text
    )
    return (
        re.sub(r"[-_ ](fp8|dynamic|4-bit|gptq-8bit|hf|instruct)\b", "", text).replace("meta-llama-", "llama-").strip()
    )


def _model(row: dict[str, str]) -> Model:
    number = lambda column: int(float(row[column])) if row.get(column) else 0  # noqa: E731
    total = number("params_total_computed") or int(float(row["params_total_b"]) * 1e9)
    active = int(float(row["params_active_b"]) * 1e9) if row["params_active_b"] else total
    layers, native = number("layers"), row["native_dtype"]
    sliding = re.match(r"(\d+) of", row["sliding_pattern"])
    window = number("sliding_window")
    mla = row["attention"].startswith("MLA")
    two_matrices = re.search(r"phi-[12]|phi-1_5|falcon-[74]|stablelm", row["hf_id"].lower())
    return Model(
        row["hf_id"], total, active, layers, number("hidden"), number("intermediate") or number("moe_intermediate"),
        number("heads"), number("kv_heads"), number("head_dim"), number("vocab") or 131072,
        row["tied_embeddings"] == "True", number("context") or 32768,
        attention="mla" if mla else "full", kv_lora_rank=512 if mla else 0, qk_rope_head_dim=64 if mla else 0,
        sliding_window=window, sliding_layers=int(sliding[1]) if sliding else layers // 2 if window else 0,
        experts=number("moe_experts"), experts_per_token=number("moe_top_k"),
        moe_intermediate=number("moe_intermediate"), shared_experts=number("shared_experts"),
        dense_layers=3 if mla else 0, mlp_matrices=2 if two_matrices else 3,
        quantization="mxfp4" if "mxfp4" in native else "fp8" if native.startswith("fp8") else "none",
        source=row["source"],
    )  # fmt: skip


class Models:
    """The models of a folder of measurements, found by whatever a measurement calls them."""

    def __init__(self, folder: Path) -> None:
        with (folder / "model_arch.csv").open(newline="") as file:
            known = [_model(row) for row in csv.DictReader(file)]
        self._by_key = {_key(model.id): model for model in known}
        self._same: dict[str, str] = {}
        extra = folder / "model_arch_extra.json"
        if extra.exists():
            content = json.loads(extra.read_text())
            self._same = content.get("same_dimensions_as", {})
            for name, fields in content.get("architectures", {}).items():
                self._by_key[name] = _from_fields(name, fields)

    def find(self, printed: str) -> Model | None:
        """The model of that name, or None. A name such as "X class" or "X (doc)" is read as X."""
        key = _key(printed)
        for name in (key, self._same.get(key, ""), *(self._same.get(printed.lower(), ""),)):
            if name in self._by_key:
                return self._by_key[name]
            for other in (f"{name}-v0.1", name.replace("llama-3-", "llama-3.1-"), name.replace("-v0.1", "")):
                if name and other in self._by_key:
                    return self._by_key[other]
        return self._catalogue(printed)

    def _catalogue(self, printed: str) -> Model | None:
        try:
            from planner.catalogue.models import find_model
            from planner.schema import Refusal
        except ImportError:
            return None
        try:
            model = find_model(re.sub(r"\(.*?\)", "", printed).strip())
        except Refusal:
            return None
        return None if model.assumed else model


def _from_fields(name: str, fields: dict) -> Model:
    moe = fields.get("moe_intermediate", 0)
    given = {"params_active": fields["params"], "intermediate": moe, **fields}
    return replace(Model(name, **given), mlp_matrices=2 if name.startswith("mpt") else 3)


def family(model_id: str) -> str:
    """The family that a model belongs to, for leaving whole families out."""
    text = model_id.lower()
    names = (
        "gpt-oss",
        "deepseek",
        "qwen",
        "llama",
        "gemma",
        "mixtral",
        "mistral",
        "phi",
        "falcon",
        "mpt",
        "kimi",
        "glm",
    )
    return next((name for name in names if name in text), text.split("/")[-1].split("-")[0])
