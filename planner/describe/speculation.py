"""Sentences on speculative decoding."""

from __future__ import annotations

from ..estimate.draft_memory import draft_gib
from ..schema import InferenceSetup
from .format import code


def speculation_words(setup: InferenceSetup) -> list[str]:
    """Return what proposes tokens, what memory that takes and that its gain is not counted; nothing where it is off."""
    draft = setup.draft
    if not draft:
        return []
    source = f"the EAGLE-3 head {code(draft.repository)}" if draft.repository else "the checkpoint's own layer (MTP)"
    tokens = "a token" if draft.tokens == 1 else f"{draft.tokens} tokens"
    weights = draft_gib(draft, setup.tensor_parallel)
    return [
        f"Since latency is the aim, speculative decoding is on: {source} proposes {tokens} at a time. Its weights,",
        f"{weights:.1f} GiB on each GPU, and its cache are in this sum. What it gains depends on the text and is not",
        "counted in any speed here; compare `make load` with `SPECULATIVE = {}` in `plan.py`.",
    ]
