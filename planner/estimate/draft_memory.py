"""Memory of speculative decoding: the draft's weights, the cache of its layer, wider states."""

from __future__ import annotations

from ..draft import Draft
from ..schema import GIB, InferenceSetup, Model
from .kv_cache import cache_kinds, state_layers

LAYERS = 1  # of every draft in catalogue/drafts.py


def draft_gib(draft: Draft | None, tensor_parallel: int) -> float:
    """Return the GiB of a draft's weights on each GPU."""
    if not draft:
        return 0.0
    split = (draft.weight_bytes - draft.copied_bytes) / tensor_parallel
    return (split + draft.copied_bytes) / GIB


def with_draft(setup: InferenceSetup) -> Model:
    """Return the model with the cache of its draft: a layer more of those that see all tokens, and wider states.

    A request holds a block of state more for each proposed token (vLLM 0.32, MambaSpec.num_speculative_blocks).
    """
    model, draft = setup.model, setup.draft
    if not draft:
        return model
    kinds = cache_kinds(model)
    caches = tuple(
        (kind.layers + (0 if kind.window else LAYERS), kind.window, kind.heads, kind.width, kind.block)
        for kind in kinds
    )
    pages = tuple((layers + LAYERS, window, block, size) for layers, window, block, size in model.pages)
    if not state_layers(model):
        return model._replace(caches=caches, pages=pages)
    return model._replace(
        caches=caches,
        pages=pages,
        state_bytes=model.state_bytes + draft.tokens * draft.state_bytes,
        state_blocks=model.state_blocks + draft.tokens,
    )
