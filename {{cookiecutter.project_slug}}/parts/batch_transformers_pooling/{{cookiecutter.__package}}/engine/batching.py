"""Texts in forward passes: those of like length together, in halves where a pass does not fit into memory."""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from .. import plan
from .allocator import free
from ..monitoring import oom
from ..output.results import Failed

Result = TypeVar("Result")


def results(
    given: Sequence[str | Failed],
    tokenizer: Any,
    context: int,
    forward: Callable[[list[str], list[list[int]]], list[Result]],
) -> list[Result | Failed]:
    """A result for each text, in order: `forward` gets at most CONCURRENCY texts and their tokens, longest first.

    Failed for what is longer than `context` tokens, does not fit into memory even alone, or was so before.
    """
    found: dict[int, Result | Failed] = {place: text for place, text in enumerate(given) if isinstance(text, Failed)}
    texts = {place: text for place, text in enumerate(given) if isinstance(text, str)}
    if not texts:
        return list(found.values())
    # A whole shard at once: the tokenizer works on all cores
    tokens = dict(zip(texts, tokenizer(list(texts.values()), truncation=False)["input_ids"], strict=True))
    for place, ids in tokens.items():
        if len(ids) > context:
            found[place] = Failed(f"the text has {len(ids):,} tokens, and the model reads {context:,}")
    places = sorted(tokens.keys() - found.keys(), key=lambda place: (-len(tokens[place]), place))
    for start in range(0, len(places), plan.CONCURRENCY):
        some = places[start : start + plan.CONCURRENCY]
        found.update(zip(some, one_pass([texts[i] for i in some], [tokens[i] for i in some], forward), strict=True))
    return [found[place] for place in range(len(given))]


def one_pass(
    texts: list[str], tokens: list[list[int]], forward: Callable[[list[str], list[list[int]]], list[Result]]
) -> list[Result | Failed]:
    """The results of one pass, or of its halves where memory runs out."""
    try:
        return list(forward(texts, tokens))
    except (RuntimeError, MemoryError) as error:
        cause = oom.explain(error)
        if cause is None:
            raise
    # Only here, where the error is gone and with it the tensors that its traceback held
    free()
    if len(texts) == 1:
        return [Failed(cause)]
    print(f"{len(texts)} texts of up to {len(tokens[0])} tokens, run in halves: {cause}", flush=True)
    half = len(texts) // 2
    return one_pass(texts[:half], tokens[:half], forward) + one_pass(texts[half:], tokens[half:], forward)
