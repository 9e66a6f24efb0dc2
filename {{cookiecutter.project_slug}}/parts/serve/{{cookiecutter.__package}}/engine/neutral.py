"""Fields of requests that ask this service for nothing, which clients send unasked."""

from collections.abc import Collection, Mapping
from typing import Any

# Of OpenAI's and Anthropic's APIs: accounts, bills, storage, caches and connections of theirs
IGNORED = {
    "user", "metadata", "store", "service_tier", "prompt_cache_key", "prompt_cache_retention", "prompt_cache_options",
    "safety_identifier", "cache_control", "prediction", "user_profile_id", "workspace_id", "diagnostics", "betas",
    "context_management", "stream_options",
}  # fmt: skip


def without_neutral(
    request: Mapping[str, Any], neutral: Mapping[str, tuple], read: Collection[str] = ()
) -> dict[str, Any]:
    """Return a request without null fields, those in IGNORED that are not `read`, and those at a value in `neutral`."""
    return {
        name: value
        for name, value in request.items()
        if value is not None and (name in read or name not in IGNORED) and not _is_any(value, neutral.get(name, ()))
    }


def _is_any(value: object, values: tuple) -> bool:
    """Whether JSON's value is among some, where 0 is not false."""
    return any(value == one and isinstance(value, bool) == isinstance(one, bool) for one in values)
