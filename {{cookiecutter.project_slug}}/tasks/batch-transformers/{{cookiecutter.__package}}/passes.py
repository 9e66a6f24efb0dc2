"""Texts in forward passes: those of like length together, in halves where a pass does not fit into memory."""

import gc
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import torch

from . import memory, plan, workload
from .data import Prompt
from .results import Failed

Result = TypeVar("Result")


def results(
    prompts: Sequence[Prompt],
    tokenizer: Any,
    context: int,
    forward: Callable[[list[str], list[list[int]]], list[Result]],
    prefix: str = "",
) -> list[Result | Failed]:
    """A result for each prompt, in order: `forward` gets at most CONCURRENCY texts and their tokens, longest first.

    Failed for what is no text, is longer than `context` tokens, or does not fit into memory even alone.
    """
    found: dict[int, Result | Failed] = {}
    texts: dict[int, str] = {}
    for place, prompt in enumerate(prompts):
        try:
            texts[place] = prefix + workload.text(prompt)
        except ValueError as error:
            found[place] = Failed(str(error))
    # A whole shard at once: the tokenizer works on all cores
    tokens = (
        dict(zip(texts, tokenizer(list(texts.values()), truncation=False)["input_ids"], strict=True)) if texts else {}
    )
    for place, ids in tokens.items():
        if len(ids) > context:
            found[place] = Failed(f"the text has {len(ids):,} tokens, and the model reads {context:,}")
    places = sorted(tokens.keys() - found.keys(), key=lambda place: (-len(tokens[place]), place))
    for start in range(0, len(places), plan.CONCURRENCY):
        some = places[start : start + plan.CONCURRENCY]
        found.update(zip(some, one_pass([texts[i] for i in some], [tokens[i] for i in some], forward), strict=True))
    return [found[place] for place in range(len(prompts))]


def one_pass(
    texts: list[str], tokens: list[list[int]], forward: Callable[[list[str], list[list[int]]], list[Result]]
) -> list[Result | Failed]:
    """The results of one pass, or of its halves where memory runs out."""
    try:
        return list(forward(texts, tokens))
    except (RuntimeError, MemoryError) as error:
        cause = memory.explain(error)
        if cause is None:
            raise
    # Only here, where the error is gone and with it the tensors that its traceback held
    free()
    if len(texts) == 1:
        return [Failed(cause)]
    print(f"{len(texts)} texts of up to {len(tokens[0])} tokens, run in halves: {cause}", flush=True)
    half = len(texts) // 2
    return one_pass(texts[:half], tokens[:half], forward) + one_pass(texts[half:], tokens[half:], forward)


def free() -> None:
    """Give back what torch keeps for later."""
    gc.collect()
    if torch.cuda.is_initialized():
        torch.cuda.empty_cache()
