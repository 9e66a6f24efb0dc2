"""The planner's reading of a stored row beside the libraries' answers: exact, refused, wrong or untold."""

from __future__ import annotations

import re
from math import ceil
from typing import Any, NamedTuple

from planner.catalogue.gpus import GPUS
from planner.catalogue.hf_config import from_config
from planner.catalogue.shipped import load_catalogue
from planner.choose.support import unsupported
from planner.estimate.kv_cache import is_causal
from planner.estimate.vllm_cache import request_bytes
from planner.estimate.weights import weight_gib
from planner.schema import GIB, InferenceSetup, Model, Refusal

PARAMS, WEIGHTS, CACHE = 0.001, 0.02, 0.03  # bounds of the relative differences
# Columns of an expert in MXFP4 that Hopper's kernel pads to, after vLLM has built the model: logs say 13.47 GiB of
# gpt-oss-20b and 64.38 GiB of gpt-oss-120b (benchmarks/data), where the model as built has 12.8 and 60.8.
MXFP4_COLUMNS = 256
PADDED_POSITIONS = re.compile("roberta|camembert|data2vec-text|mpnet")  # whose first position is after padding's
IN_FLIGHT = 2 * 8192  # tokens of two steps of vLLM's server on an H100
# Beginnings of what the oracle itself runs into, which is no evidence about vLLM on a card.
NOT_A_REFUSAL = (
    "OSError", "RuntimeError", "AttributeError", "KeyError", "ImportError", "ModuleNotFoundError", "TypeError",
    "AssertionError", "IndexError", "FileNotFoundError", "ZeroDivisionError", "NameError", "UnboundLocalError",
    "the process died", "not asked", "NotImplementedError: Cannot copy out of meta tensor",
)  # fmt: skip


class Verdict(NamedTuple):
    """`kind` is exact, refused, wrong, or untold where neither library could be asked."""

    kind: str
    details: tuple[str, ...] = ()  # a refusal's sentence, or what is wrong


def verdict(row: dict[str, Any]) -> Verdict:
    """Return what the planner makes of a row of benchmarks/data/oracle."""
    counted, ranks = row.get("transformers", {}), row.get("vllm", {})
    try:
        model = planned_model(row)
    except Refusal as refusal:
        return Verdict("refused", (str(refusal),))
    wrong: list[str] = []
    if "params" in counted:
        wrong += _beyond("parameters", model.params, counted["params"], PARAMS)
    told = "params" in counted
    if ranks.get("class"):
        told = True
        if model.context != (tokens := usable_context(row["config"], ranks["context"])):
            wrong.append(f"context {model.context:,}, not {tokens:,}")
        for tp in (1, 2, 4, 8):
            wrong += _rank(model, tp, ranks.get(str(tp), {"refused": "not asked"}))
    elif is_refusal(ranks) and _runs(model, 1):
        wrong.append(f"vLLM refuses it: {ranks['refused']}")
    if wrong:
        return Verdict("wrong", tuple(wrong))
    return Verdict("exact" if told else "untold")


def planned_model(row: dict[str, Any]) -> Model:
    """Return the model that the planner sees: the catalogue's entry, or what it reads from the config."""
    id = row["id"].partition("/")[2]
    if row["id"].startswith("catalogue/"):
        return load_catalogue()[id]
    return from_config(row["config"], id)


def is_refusal(said: dict[str, Any]) -> bool:
    """Whether vLLM refuses a model or size, where the oracle's own limits are not the cause."""
    return "refused" in said and not said["refused"].startswith(NOT_A_REFUSAL)


def _rank(model: Model, tp: int, said: dict[str, Any]) -> list[str]:
    """Return what is wrong for a tensor-parallel size."""
    if "refused" in said:
        return [f"vLLM refuses TP {tp}: {said['refused']}"] if is_refusal(said) and _runs(model, tp) else []
    if not _runs(model, tp):
        return []
    planned, built = weight_gib(model, "none", tp) * GIB, said["weight_bytes"]
    padded = built * _padding(model)
    wrong = _beyond(f"weights at TP {tp}", planned, min(max(planned, built), padded), WEIGHTS)
    if is_causal(model):
        for tokens, right in said["request_bytes"].items():
            planned = request_bytes(model, int(tokens), IN_FLIGHT, "auto", tp)
            wrong += _beyond(f"cache of {tokens} tokens at TP {tp}", planned, right, CACHE)
    return wrong


def usable_context(config: dict[str, Any], limit: int) -> int:
    """Return the tokens that a person can use, from the limit that vLLM derives of a config.json.

    RoBERTa's first position is the one after padding's, which vLLM's limit counts. YaRN's factor it leaves out, and
    the generated engine hands it over (`--hf-overrides`).
    """
    if PADDED_POSITIONS.search(config.get("model_type", "")) and limit == config.get("max_position_embeddings"):
        return limit - config.get("pad_token_id", 1) - 1
    rope = config.get("rope_scaling") or {}
    if "yarn" in (rope.get("type"), rope.get("rope_type")) and "original_max_position_embeddings" in rope:
        return max(limit, round(rope["factor"] * rope["original_max_position_embeddings"]))
    return limit


def _padding(model: Model) -> float:
    """Return by how much the weights may grow after they are built: 1, and more for MXFP4."""
    if model.quantization != "mxfp4":
        return 1.0
    return ceil(model.moe_intermediate / MXFP4_COLUMNS) * MXFP4_COLUMNS / model.moe_intermediate


def _runs(model: Model, tp: int) -> bool:
    setup = InferenceSetup(model, GPUS["H100"], gpu_count=tp, tensor_parallel=tp, attention="flash_attention_3")
    return unsupported(setup) is None


def _beyond(name: str, planned: float, right: float, bound: float) -> list[str]:
    off = planned / right - 1 if right else float(bool(planned))
    return [f"{name} {planned:,.0f}, not {right:,.0f} ({off:+.1%})"] if abs(off) > bound else []
