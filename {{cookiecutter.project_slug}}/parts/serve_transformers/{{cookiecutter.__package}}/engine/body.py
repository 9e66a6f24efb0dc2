"""The bodies of requests: OpenAI's fields, without those that ask for nothing."""

import codecs
from typing import Any, ClassVar, TypeVar

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, ValidationError, model_validator

from .. import plan
from .neutral import without_neutral

BodyType = TypeVar("BodyType", bound="Body")


class Body(BaseModel):
    """What all requests have. Fields that this engine would have to leave out are refused."""

    model_config = ConfigDict(extra="forbid", strict=True)
    neutral: ClassVar[dict[str, tuple]] = {}  # field that is not served -> values at which it asks for nothing

    model: str = plan.MODEL

    @model_validator(mode="before")
    @classmethod
    def _without_what_asks_for_nothing(cls, given: Any) -> Any:
        if not isinstance(given, dict):
            return given
        return without_neutral(given, cls.neutral, cls.model_fields)


async def read(kind: type[BodyType], request: Request) -> BodyType:
    """The body of a request, whatever type it is said to be of. RequestValidationError where it is not JSON of `kind`.

    FastAPI's own reading takes as long as a short text in a model.
    """
    try:
        return kind.model_validate_json((await request.body()).removeprefix(codecs.BOM_UTF8))
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False, include_context=False)
        raise RequestValidationError([{**one, "loc": ("body", *one["loc"])} for one in found]) from None
