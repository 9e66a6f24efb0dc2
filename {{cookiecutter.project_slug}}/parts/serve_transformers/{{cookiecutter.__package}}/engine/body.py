"""The bodies of requests: OpenAI's fields, without those that ask for nothing."""

import codecs
from typing import Any, ClassVar, TypeVar

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, ValidationError, model_validator

from .. import plan

# Fields that say nothing to an engine; clients send them unasked
IGNORED = {
    "user", "metadata", "store", "service_tier", "prompt_cache_key", "prompt_cache_retention", "safety_identifier",
}  # fmt: skip

BodyType = TypeVar("BodyType", bound="Body")


class Body(BaseModel):
    """What all requests have. Fields that this engine would have to leave out are refused."""

    model_config = ConfigDict(extra="forbid")
    neutral: ClassVar[dict[str, tuple]] = {}  # field that is not served -> values at which it asks for nothing

    model: str = plan.MODEL

    @model_validator(mode="before")
    @classmethod
    def _without_what_asks_for_nothing(cls, given: Any) -> Any:
        if not isinstance(given, dict):
            return given
        said = {name: value for name, value in given.items() if value is not None and name not in IGNORED}
        return {name: value for name, value in said.items() if not equals_any(value, cls.neutral.get(name, ()))}


def equals_any(value: object, values: tuple) -> bool:
    """Whether JSON's value is among some, where 0 is not false."""
    return any(value == one and isinstance(value, bool) == isinstance(one, bool) for one in values)


async def read(kind: type[BodyType], request: Request) -> BodyType:
    """The body of a request, whatever type it is said to be of. RequestValidationError where it is not JSON of `kind`.

    FastAPI's own reading takes as long as a short text in a model.
    """
    try:
        return kind.model_validate_json((await request.body()).removeprefix(codecs.BOM_UTF8))
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False, include_context=False)
        raise RequestValidationError([{**one, "loc": ("body", *one["loc"])} for one in found]) from None
