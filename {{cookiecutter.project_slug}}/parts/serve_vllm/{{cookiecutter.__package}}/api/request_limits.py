"""The limits on every request: JSON without surprises, no field beyond those of its route, numbers within bounds."""

import codecs
import json
import math
import re
from collections.abc import Collection, Mapping

from .neutral import without_neutral
from .refusal import MOST_DEPTH, RefusedRequest, Request, check_depth, shown

MOST_DIGITS = 300  # of a whole number; more than the largest float has
SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")  # half a character, which no tokenizer can encode
COMMON = {"model", "stream"}


def read(body: bytes) -> Request:
    """Return the JSON object of a body. RefusedRequest where it is none, or holds what no engine can read."""
    try:
        text = body.removeprefix(codecs.BOM_UTF8).decode()
        request = json.loads(text, parse_constant=_refuse_constant, parse_int=_parse_int, parse_float=_parse_float)
    except RecursionError:
        raise RefusedRequest(f"the request is nested too deep; {MOST_DEPTH} levels are read") from None
    except ValueError as error:
        raise RefusedRequest(f"the request is not JSON: {error}") from None
    if not isinstance(request, dict):
        raise RefusedRequest('the request must be a JSON object, such as {"model": ...}')
    check_depth(request)
    if SURROGATE.search(body):
        _check_characters(request)
    return request


def with_fields(
    path: str,
    request: Request,
    fields: Collection[str],
    neutral: Mapping[str, tuple] | None = None,
    instead: Mapping[str, str] | None = None,
) -> Request:
    """Return a request without what asks for nothing; RefusedRequest for a field that its route does not read.

    `neutral` are further fields, with the values at which they ask for nothing; `instead` is what to do without one.
    """
    allowed = {*fields, *COMMON}
    request = without_neutral(request, neutral or {}, allowed)
    for name in request:
        if name not in allowed:
            raise RefusedRequest(f"{path} takes no {shown(name)} here; {(instead or {}).get(name, 'leave it out')}")
    return request


def _parse_int(digits: str) -> int:
    if len(digits) > MOST_DIGITS:
        raise RefusedRequest(f"the request holds a number of {len(digits)} digits; {MOST_DIGITS} are read")
    return int(digits)


def _parse_float(digits: str) -> float:
    if math.isinf(value := float(digits)):
        raise RefusedRequest(f"the request holds {digits[:20]}, which is larger than a number can be")
    return value


def _refuse_constant(text: str) -> float:
    raise RefusedRequest(f"the request holds {text}, which is no JSON number")


def _check_characters(request: Request) -> None:
    try:
        json.dumps(request, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise RefusedRequest("the request holds half of a surrogate pair, which is no character") from None


def check_numbers(request: Request, counts: Mapping[str, tuple[int, int]], reals: Collection[str] = ()) -> None:
    """Raise RefusedRequest for a number out of its bounds, or a text such as "16000", which vLLM would take as one.

    `counts` are the fields of whole numbers, with the least and the most; `reals` those of other numbers.
    """
    for name, (least, most) in counts.items():
        value = request.get(name)
        if value is None:
            continue
        if isinstance(value, bool) or not isinstance(value, int | float) or value != value // 1:
            raise RefusedRequest(f"{name} must be a whole number, not {shown(value)}")
        if not least <= value <= most:
            raise RefusedRequest(f"{name} is {shown(value)}, and it must be {least} to {most}")
    for name in reals:
        value = request.get(name)
        if value is not None and (isinstance(value, bool) or not isinstance(value, int | float) or abs(value) > 1e6):
            raise RefusedRequest(f"{name} must be a number, not {shown(value)}")
    if not isinstance(request.get("stream", False), bool):
        raise RefusedRequest(f"stream must be true or false, not {shown(request['stream'])}")
