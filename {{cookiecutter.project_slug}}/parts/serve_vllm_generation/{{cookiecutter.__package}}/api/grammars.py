"""The limits on JSON schemas that an answer or a tool call must fit: a large one takes a minute of CPU to compile."""

from collections.abc import Iterator
from typing import Any

from .refusal import RefusedRequest

# Times to compile one on two cores, for a vocabulary of 49,152 tokens: 1,000 optional properties of one object 5 s, 300
# with patterns 20 s, a text of up to 10,000,000 characters 2 s; 20,000 values of an enum 38 s with one of 322 tokens
MOST_PROPERTIES = 200  # of one object
MOST_PATTERNS = 50  # patterns and formats in all
MOST_VALUES = 1000  # of all enums together, as OpenAI has it
MOST_PARTS = 5000  # objects in the schema, each a type or a list of properties
MOST_LENGTH = 100_000  # of a text, a list or an object, where the schema bounds it
LENGTHS = ("minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties")
FORMATS = ("text", "json_object", "json_schema")


def check(request: dict[str, Any]) -> None:
    """Raise RefusedRequest for a schema over the limits in any field of a route's request that may hold one."""
    chat, responses, messages = request.get("response_format"), request.get("text"), request.get("output_config")
    for name, asked in (("response_format", chat), ("text", _inner(responses, "format"))):
        _check_kind(asked, name)
    schemas = [
        _inner(_inner(chat, "json_schema"), "schema"),
        _inner(_inner(responses, "format"), "schema"),
        _inner(_inner(messages, "format"), "schema"),
    ]
    choice = request.get("tool_choice")
    choice = _inner(choice, "type") or choice
    tools = request.get("tools")
    if choice not in (None, "auto", "none") and isinstance(tools, list):  # else no grammar
        schemas += [_parameters(tool) for tool in tools]
    check_size(schemas)
    for schema in schemas:
        _check_references(schema)


def _check_references(schema: Any) -> None:
    """Raise RefusedRequest for a $ref that leads to itself with no property or item between: no text fits it."""
    ended, begun = set[int](), set[int]()
    for part in _parts(schema):
        path = [] if id(part) in ended else [(part, _same(part, schema))]
        begun |= {id(one) for one, _ in path}
        while path:
            one, inner = path[-1]
            following = next(inner, None)
            if following is None:
                ended.add(id(one))
                path.pop()
            elif id(following) not in begun:
                begun.add(id(following))
                path.append((following, _same(following, schema)))
            elif id(following) not in ended:
                raise RefusedRequest("a $ref of a schema leads back to itself, and no text fits it; name another")


def _same(part: dict[str, Any], schema: Any) -> Iterator[dict[str, Any]]:
    """Yield the objects of a schema that the same text must fit as this one."""
    one = part.get("anyOf") or part.get("oneOf")
    all_of = part.get("allOf")
    fitted = [*(all_of if isinstance(all_of, list) else []), *(one if isinstance(one, list) and len(one) == 1 else [])]
    if isinstance(part.get("$ref"), str):
        fitted.append(_at(part["$ref"], schema))
    return (inner for inner in fitted if isinstance(inner, dict))


def _at(reference: str, schema: Any) -> Any:
    """Return the part of a schema at a JSON pointer such as #/$defs/name; None where it is not there."""
    place, *steps = reference.split("/")
    for step in steps:
        schema = _inner(schema, step.replace("~1", "/").replace("~0", "~"))
    return schema if place == "#" else None


def check_size(schemas: list[Any]) -> None:
    """Raise RefusedRequest where schemas that are compiled together are over the limits."""
    parts = patterns = values = 0
    for part in _parts(schemas):
        parts += 1
        patterns += ("pattern" in part) + ("format" in part) + len(_object(part.get("patternProperties")))
        enum = part.get("enum")
        values += len(enum) if isinstance(enum, list) else 0
        if len(_object(part.get("properties"))) > MOST_PROPERTIES:
            raise RefusedRequest(f"a schema has at most {MOST_PROPERTIES} properties in one object")
        for name in LENGTHS:
            length = part.get(name)
            if isinstance(length, int | float) and length > MOST_LENGTH:
                raise RefusedRequest(f"{name} of a schema is at most {MOST_LENGTH}")
    for count, most, what in (
        (parts, MOST_PARTS, "objects"),
        (patterns, MOST_PATTERNS, "patterns and formats"),
        (values, MOST_VALUES, "values of enums"),
    ):
        if count > most:
            raise RefusedRequest(f"the schemas of a request have at most {most} {what} in all, and these have {count}")


def _check_kind(asked: Any, name: str) -> None:
    if asked is not None and (not isinstance(asked, dict) or asked.get("type") not in FORMATS):
        raise RefusedRequest(f"the format in {name} is an object whose type is {', '.join(FORMATS)}")
    if _inner(asked, "type") == "json_schema":
        place = "json_schema.schema" if name == "response_format" else "format.schema"
        if not isinstance(_inner(_inner(asked, "json_schema") or asked, "schema"), dict):
            raise RefusedRequest(f"the format in {name} needs a JSON schema, an object, in {place}")


def _parameters(tool: Any) -> Any:
    """Return the schema of a tool, in the forms of chats, of responses and of Anthropic's messages."""
    own = tool if isinstance(tool, dict) else {}
    return [own.get("parameters"), own.get("input_schema"), _inner(own.get("function"), "parameters")]


def _parts(schemas: Any) -> Iterator[dict[str, Any]]:
    """Yield each object within, without recursion."""
    waiting = [schemas]
    while waiting:
        one = waiting.pop()
        if isinstance(one, dict):
            yield one
            waiting += one.values()
        elif isinstance(one, list):
            waiting += one


def _inner(value: Any, name: str) -> Any:
    return value.get(name) if isinstance(value, dict) else None


def _object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
