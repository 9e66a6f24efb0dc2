"""Rewrites vLLM's error messages for callers: its sentences pass, texts of exceptions are replaced by sentences."""

import json
import re

MAX_FAULTS = 3  # named of one request
# Pydantic's faults in vLLM's two forms: a dict on one line, or the place with the fault below it
LISTED = re.compile(r"'loc': '([^']*)', 'msg': (['\"])(.*?)\2, 'input'")
PRINTED = re.compile(r"^(\S.*)\n  (.+?) \[type=", re.M)
VALIDATION = re.compile(r"\d+ validation errors?\b")
SOURCE = re.compile(r"\[\d\d:\d\d:\d\d\] /\S+:\d+: ")  # location in the C++ of a library
EXCEPTION = re.compile(
    r"\bobject is not\b|\bhas no attribute\b|\bunhashable type\b|\bgot multiple values\b|\bunexpected keyword\b|"
    r"\bpositional argument|\bmust be Union\[|\b[A-Z]\w*Error\b|<locals>|<[\w.]+ object|Traceback|recursion depth"
)
PLAIN = "the request has a field of another form than this route reads"


def explain(body: str) -> str:
    """Return the message to send for an error body; `body` itself where it needs no change."""
    try:
        message = json.loads(body)["error"]["message"]
    except (ValueError, KeyError, TypeError):
        return body
    if not isinstance(message, str):
        return PLAIN
    if VALIDATION.match(message):
        return faults(message)
    if message.startswith("Failed to load image"):  # Pillow's own text follows
        return "an image cannot be read; it is a whole PNG, JPEG, WebP or GIF"
    if EXCEPTION.search(message):
        return PLAIN
    told = SOURCE.sub("", message)
    return body if told == message else told


def explain_streamed(event: bytes) -> bytes:
    """Return an error event of a stream with its message rewritten; the event itself where it needs no change."""
    first, _, rest = event.partition(b"\n")
    body = first.removeprefix(b"data: ").decode(errors="replace")
    if (told := explain(body)) == body:
        return event
    error = json.loads(body) | {"error": json.loads(body)["error"] | {"message": told}}
    return b"data: " + json.dumps(error).encode() + b"\n" + rest


def faults(message: str) -> str:
    """Return the first faults in Pydantic's list, each with its field and without values."""
    found = [(place, fault) for place, _, fault in LISTED.findall(message)] or PRINTED.findall(message)
    told = dict.fromkeys(f"{field(place)}: {fault}" for place, fault in found)  # types of a union fail alike
    return "; ".join(list(told)[:MAX_FAULTS]) or PLAIN


def field(place: str) -> str:
    """Return a field's path as a caller wrote it, without Pydantic's names of types."""
    steps = place.removeprefix("body.").split(".")
    return ".".join(step for step in steps if re.fullmatch(r"[a-z_0-9]+", step)) or "the request"
