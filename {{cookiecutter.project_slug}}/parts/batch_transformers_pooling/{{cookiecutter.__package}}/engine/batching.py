"""Texts in forward passes: those of like length together, in halves where a pass does not fit into memory."""

from collections.abc import Callable
from typing import Any, TypeVar

from .. import plan
from ..input.prompts import Prompt, require_text
from ..monitoring import oom
from ..output.results import Failed
from .loading import free_memory

Result = TypeVar("Result")
Forward = Callable[[list[str], list[list[int]]], list[Result]]  # texts and their tokens -> a result for each


def run_batches(
    prompts: list[Prompt], tokenizer: Any, context: int, forward: Forward[Result], prefix: str = ""
) -> list[Result | Failed]:
    """A result for each text, in order: `forward` gets at most CONCURRENCY texts and their tokens, longest first.

    `prefix` is put before each. Failed for a chat, for what is longer than `context` tokens and for what does not fit
    into memory even alone.
    """
    found: dict[int, Result | Failed] = {}
    texts: dict[int, str] = {}
    for place, prompt in enumerate(prompts):
        try:
            texts[place] = prefix + require_text(prompt)
        except ValueError as error:
            found[place] = Failed(str(error))
    if texts:  # a whole shard at once: the tokenizer works on all cores
        tokens = dict(zip(texts, tokenizer(list(texts.values()), truncation=False)["input_ids"], strict=True))
        for place, ids in tokens.items():
            if len(ids) > context:
                found[place] = Failed(f"the text has {len(ids):,} tokens, and the model reads {context:,}")
        places = sorted(tokens.keys() - found.keys(), key=lambda place: (-len(tokens[place]), place))
        for start in range(0, len(places), plan.CONCURRENCY):
            some = places[start : start + plan.CONCURRENCY]
            results = run_batch([texts[place] for place in some], [tokens[place] for place in some], forward)
            found.update(zip(some, results, strict=True))
    return [found[place] for place in range(len(prompts))]


def run_batch(texts: list[str], tokens: list[list[int]], forward: Forward[Result]) -> list[Result | Failed]:
    """The results of one pass, or of its halves where memory runs out."""
    try:
        return list(forward(texts, tokens))
    except (RuntimeError, MemoryError) as error:
        cause = oom.explain(error)
        if cause is None:
            raise
    # Only here, where the error is gone and with it the tensors that its traceback held
    free_memory()
    if len(texts) == 1:
        return [Failed(cause)]
    print(f"{len(texts)} texts of up to {len(tokens[0])} tokens, run in halves: {cause}", flush=True)
    half = len(texts) // 2
    return run_batch(texts[:half], tokens[:half], forward) + run_batch(texts[half:], tokens[half:], forward)
