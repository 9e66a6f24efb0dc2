"""The tokens that a model reads, from a config.json: as vLLM 0.32 derives them, and as far as YaRN extends them.

vLLM looks at max_position_embeddings alone; the generated engine tells it of what YaRN makes of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ..schema import Refusal
from .hf_fields import Config

LIMITS = (
    "max_position_embeddings", "n_positions", "max_seq_len", "seq_length", "max_sequence_length", "max_seq_length",
    "context_length",
)  # fmt: skip
# Their first position is the one after padding's, 2 as published: 514 rows hold 512 tokens.
AFTER_PADDING = ("roberta", "xlm-roberta", "camembert", "mpnet", "data2vec-text", "xlm-roberta-xl")
NO_LIMIT = 10**15  # tokenizers write 10**30 where nothing limits them
LONGEST = 10**8
UNKNOWN = 2048  # where nothing limits the context (Mamba): assumed, not read


def context_of(config: Config, kind: str) -> tuple[int, bool]:
    """Return the tokens, and whether they were read."""
    given = [config.count(key) for key in LIMITS if config.values.get(key) is not None]
    limit = config.count("model_max_length", default=0)
    limit = limit if limit < NO_LIMIT else 0
    context = limit or (min(given) if given else config.count(*LIMITS, default=0))
    if not context:
        return UNKNOWN, False
    if context > LONGEST:
        raise Refusal(f"the config.json gives a context of {context:.0e} tokens; it must be at most {LONGEST:,}")
    if kind in AFTER_PADDING:
        context = max(1, context - 1 - config.count("pad_token_id", default=1))
    if kind.startswith("gemma3"):  # its 128K are scaled already
        return context, True
    for rope in _ropes(config):
        context = max(context, _scaled(context, rope))
    return context, True


def _ropes(config: Config) -> Iterator[Mapping[str, Any]]:
    """Yield the rotary embeddings' parameters: one object, or one for each kind of layer."""
    section = config.section("rope_scaling", "rope_parameters")
    if any(isinstance(value, dict) for value in section.values()):
        yield from (value for value in section.values() if isinstance(value, dict))
    elif section:
        yield section


def _scaled(context: int, rope: Mapping[str, Any]) -> int:
    """Return the context under a scaled rotary embedding; the kinds not named here leave it as it is written."""
    kind, factor = rope.get("rope_type") or rope.get("type"), rope.get("factor")
    if isinstance(factor, str):
        raise Refusal(f"factor of the rope_scaling in the config.json is {factor[:20]!r}; it must be a number")
    if isinstance(factor, bool) or not isinstance(factor, (int, float)) or not 1 <= factor <= 1024:
        return context
    if kind == "yarn":
        original = rope.get("original_max_position_embeddings")  # without it vLLM does not build YaRN
        return round(factor * original) if isinstance(original, (int, float)) else context
    return round(factor * context) if kind in ("linear", "dynamic") else context
