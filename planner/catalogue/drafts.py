"""Drafts for speculative decoding, by model: MTP layers of the maker's checkpoint, EAGLE-3 heads.

Bytes of MTP layers: vLLM 0.32's own classes on the meta device, at 1 and 8 GPUs (benchmarks/oracle/drafts.py). That the
checkpoints hold them: the makers' model cards and https://github.com/vllm-project/recipes. EAGLE-3 heads and their
repositories: the README of https://github.com/vllm-project/speculators.
"""

from __future__ import annotations

from functools import cache

from ..draft import Draft
from ..schema import Model
from .shipped import load_catalogue

# (models, bytes, of those on every GPU, bytes of state for each proposed token)
_MTP: tuple[tuple[tuple[str, ...], int, int, int], ...] = (
    (
        (
            "deepseek-ai/DeepSeek-V3",
            "deepseek-ai/DeepSeek-V3-0324",
            "deepseek-ai/DeepSeek-V3.1",
            "deepseek-ai/DeepSeek-R1",
            "deepseek-ai/DeepSeek-R1-0528",
        ),
        11717511392,
        224410336,
        0,
    ),
    (("deepseek-ai/DeepSeek-V3.2",), 11732850912, 239749856, 0),
    (("zai-org/GLM-4.5-Air",), 4751168000, 69247488, 0),
    (("zai-org/GLM-4.5", "zai-org/GLM-4.6", "zai-org/GLM-4.7"), 7977777792, 108186240, 0),
    (("zai-org/GLM-5", "zai-org/GLM-5.1", "zai-org/GLM-5.2", "zai-org/GLM-5.3-BF16"), 19905842176, 205196288, 0),
    (("zai-org/GLM-5.3",), 10033419712, 180691904, 0),
    (("zai-org/GLM-5.3-Flash",), 7594039424, 101236864, 1671168),
    (("zai-org/GLM-5.3-Flash-BF16",), 14865186944, 101236864, 1671168),
    (
        ("Qwen/Qwen3-Next-80B-A3B-Instruct", "Qwen/Qwen3-Next-80B-A3B-Thinking", "Qwen/Qwen3-Coder-Next"),
        3300942848,
        3920311,
        589824,
    ),
    (("Qwen/Qwen3.5-0.8B",), 40905728, 0, 221184),
    (("Qwen/Qwen3.5-2B",), 121656320, 1819063, 221184),
    (("Qwen/Qwen3.5-4B",), 241199104, 1524590, 393216),
    (("Qwen/Qwen3.5-9B",), 486581248, 2438729, 393216),
    (("Qwen/Qwen3.5-27B", "Qwen/Qwen3.6-27B", "Qwen/Qwen3.8-27B"), 849398784, 3048155, 983040),
    (("Qwen/Qwen3.5-35B-A3B", "Qwen/Qwen3.6-35B-A3B"), 1689281536, 2871735, 491520),
    (("Qwen/Qwen3.5-122B-A10B",), 5047358464, 4307090, 884736),
    (("Qwen/Qwen3.5-397B-A17B",), 13191136256, 7839598, 1105920),
)
_HEADS = (
    ("meta-llama/Llama-3.1-8B-Instruct", "f4fa34a8f803a0ba75d048d6b3dbc1ad5149e9ac"),
    ("meta-llama/Llama-3.3-70B-Instruct", ""),
    ("openai/gpt-oss-20b", ""),
    ("openai/gpt-oss-120b", ""),
    ("Qwen/Qwen3-8B", "08610ffa01dd9f16731fe8f627b85905b6aa51c4"),
    ("Qwen/Qwen3-14B", ""),
    ("Qwen/Qwen3-32B", ""),
    ("Qwen/Qwen3-30B-A3B-Instruct-2507", ""),
    ("Qwen/Qwen3-235B-A22B", ""),
    ("Qwen/Qwen3-235B-A22B-Instruct-2507", ""),
)
HEAD_TOKENS = 3  # proposed at a time, as the heads' model cards have it
HEAD_VOCABULARY = 64_000  # the largest of these heads; older ones have 32,000


def draft_of(model: Model, quantization: str) -> Draft | None:
    """Return what proposes tokens for a model of the catalogue in a weight format; None where none is known.

    A quantization by somebody else than the maker often leaves the MTP layers out, so that none is known for it. A
    head reads hidden states, whatever the weights are quantized to.
    """
    published = _published(model.id)
    if not published:  # a fine-tune's config.json names layers that its weights may lack
        return None
    model = load_catalogue()[published]
    for names, weight_bytes, copied, state in _MTP:
        if model.id in names and _by_maker(model, quantization):
            return Draft("mtp", 1, weight_bytes, copied, state)
    for name, revision in _HEADS:
        if model.id == name:
            repository = f"RedHatAI/{name.rpartition('/')[2]}-speculator.eagle3"
            return Draft("eagle3", HEAD_TOKENS, *_head_bytes(model), repository=repository, revision=revision)
    return None


@cache
def _published(id: str) -> str:
    """Return the model of the catalogue that has this id or of which this is a published quantization; "" for none."""
    catalogue, quoted = load_catalogue(), f'"{id}"'
    if id in catalogue:
        return id
    named = (name for name, line in catalogue.lines.items() if quoted in line)
    return next((name for name in named if id in [variant for _, variant, _ in catalogue[name].variants]), "")


def _by_maker(model: Model, quantization: str) -> bool:
    """Whether the weights in a format are the maker's own, or are cast from those while they load."""
    maker = model.id.partition("/")[0]
    ids = [id for name, id, _revision in model.variants if name == quantization != model.quantization]
    return not ids or ids[0].startswith(f"{maker}/")


def _head_bytes(model: Model) -> tuple[int, int]:
    """Return the bytes of an EAGLE-3 head in 16 bits, and of those that every GPU holds: the projection's.

    One layer of Llama in the model's dimensions, which reads two hidden states; the projection of three; a head.
    """
    queries, keys = model.heads * model.head_dim, model.kv_heads * model.head_dim
    layer = 2 * model.hidden * (queries + 2 * keys) + queries * model.hidden + 3 * model.hidden * model.intermediate
    projection, head = 3 * model.hidden**2, HEAD_VOCABULARY * model.hidden
    return 2 * (layer + projection + head), 2 * projection
