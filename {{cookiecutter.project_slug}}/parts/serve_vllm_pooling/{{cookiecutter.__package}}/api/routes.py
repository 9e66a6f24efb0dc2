"""The routes of a service that reads texts: the fields of each that are passed on to vLLM, and their limits."""

from collections.abc import Callable
from typing import Any

from .. import plan
from ..engine.options import PAIRS
from .refusal import RefusedRequest, Request, is_one_of, shown
from .request_limits import check_numbers, read, with_fields

BODY_BYTES = plan.MAX_BODY_BYTES
PAIR_FIELDS = {"truncate_prompt_tokens", "max_tokens_per_query", "max_tokens_per_doc"}

# Route -> fields that are passed on to vLLM. It has more: for research, other media, and control of its caches.
FIELDS = {
    "/v1/embeddings": {"input", "encoding_format", "dimensions", "truncate_prompt_tokens"},
    "/classify": {"input", "truncate_prompt_tokens"},
    "/score": {"queries", "documents", "text_1", "text_2", *PAIR_FIELDS},
    "/rerank": {"query", "documents", "top_n", *PAIR_FIELDS},
}

# Field -> its least and its most, where it is a whole number
COUNTS: dict[str, tuple[int, int]] = {
    "truncate_prompt_tokens": (-1, plan.CONTEXT_LEN),
    "dimensions": (1, 2**31 - 1),
    "top_n": (0, 2**31 - 1),
    "max_tokens_per_query": (0, plan.CONTEXT_LEN),
    "max_tokens_per_doc": (0, plan.CONTEXT_LEN),
}


def parse(path: str, body: bytes) -> Request:
    """Return the request to a route for vLLM, without what asks for nothing.

    RefusedRequest where it is no JSON object or exceeds a limit.
    """
    request = with_fields(path, read(body), FIELDS[path])
    check_numbers(request, COUNTS)
    for check in CHECKS[path]:
        check(request)
    return request


def for_model(path: str, request: Request, state: Any) -> Request:
    """Return a request as the model takes it that vLLM runs; `state` is that of vLLM's application.

    RefusedRequest for pairs that it does not score.
    """
    if path in PAIRS:
        check_one_label(state.engine_client.model_config.hf_config.num_labels, path)
    if "dimensions" in request:
        return without_all_dimensions(request, state.engine_client.model_config.embedding_size)
    return request


def without_all_dimensions(request: Request, size: int) -> Request:
    """Return a request for embeddings without `dimensions` where they are all `size` that the model has."""
    return {name: value for name, value in request.items() if name != "dimensions" or value != size}


def check_one_label(labels: int, path: str) -> None:
    """Raise RefusedRequest for a model of several classes: only a cross-encoder's one label scores a pair."""
    if labels != 1:
        raise RefusedRequest(
            f"{plan.MODEL} has {labels} classes, and {path} wants a cross-encoder, which has one; use /classify"
        )


def _check_texts(request: Request) -> None:
    texts = request.get("input")
    if not isinstance(texts, list):
        return
    if len(texts) > plan.MAX_TEXTS and not isinstance(texts[0], int):  # not one text's ids
        raise RefusedRequest(f"{len(texts)} texts are in the request, and at most {plan.MAX_TEXTS} may be")


def _check_encoding(request: Request) -> None:
    encoding = request.get("encoding_format", "float")
    if not is_one_of(encoding, {"float", "base64"}):  # vLLM has more, which are no JSON
        raise RefusedRequest(f"encoding_format must be float or base64, not {shown(encoding)}")


def _check_pairs(request: Request) -> None:
    """Raise RefusedRequest for more than MAX_TEXTS in a query, documents or pairs, and for anything but texts."""
    for name in ("query", "queries", "documents", "text_1", "text_2"):
        texts = request.get(name, [])
        if isinstance(texts, str):
            continue
        if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
            raise RefusedRequest(f"{name} must be a text or a list of texts")
        if len(texts) > plan.MAX_TEXTS:
            raise RefusedRequest(f"{len(texts)} texts are in {name}, and at most {plan.MAX_TEXTS} may be")


CHECKS: dict[str, tuple[Callable[[Request], None], ...]] = {
    "/v1/embeddings": (_check_texts, _check_encoding),
    "/classify": (_check_texts,),
    "/score": (_check_pairs,),
    "/rerank": (_check_pairs,),
}
for route, others in (("/score", ("/v1/score",)), ("/rerank", ("/v1/rerank", "/v2/rerank"))):  # Jina's and Cohere's
    FIELDS |= dict.fromkeys(others, FIELDS[route])
    CHECKS |= dict.fromkeys(others, CHECKS[route])
