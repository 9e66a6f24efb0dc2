"""The limits on a request, as the middleware checks them before vLLM sees it."""

import pytest
from request_samples import CHAT, COMPLETION, HELLO, MESSAGES, RESPONSES, refusal

from {{cookiecutter.__package}} import plan
from {{cookiecutter.__package}}.api.routes import FIELDS
from {{cookiecutter.__package}}.engine.options import PAIRS, ROUTES

MOST: int = getattr(plan, "MAX_ANSWER_TOKENS" if plan.WORKLOAD == "generation" else "MAX_TEXTS")
generation = pytest.mark.workload("generation")
pooling = pytest.mark.workload("embedding", "classification")


def test_every_route_of_the_service_has_its_fields():
    assert set(ROUTES) <= set(FIELDS)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "not JSON"),
        (b"\xff\xfe", "not JSON"),
        (b"[]", "a JSON object"),
        (b'{"model": NaN}', "NaN"),
        (b'{"model": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", "too deep"),
        (b'{"model": ' + b"[" * 100 + b"]" * 100 + b"}", "too deep"),
        (b'{"model": "\\ud83d"}', "surrogate"),
        (b'{"model": "\xed\xa0\x80"}', "not JSON"),
        ('{"model": "a"}'.encode("utf-16"), "not JSON"),
        (b'{"model": ' + b"9" * 5000 + b"}", "5000 digits"),
        (b'{"kv_transfer_params": {}}', "kv_transfer_params"),
        (b'{"model": 1e400}', "1e400, which is larger"),
        (b'{"model": "a"} {"model": "b"}', "not JSON"),
    ],
)
def test_what_is_no_request_is_refused(body: bytes, words: str):
    assert words in refusal(body)


def test_json_may_begin_with_the_mark_that_windows_writes():
    assert "not JSON" not in refusal(b"\xef\xbb\xbf{}")


@generation
@pytest.mark.parametrize("name", ["max_tokens", "max_completion_tokens"])
def test_a_longer_answer_than_allowed_is_refused_with_the_limit(name: str):
    assert not refusal(HELLO | {name: MOST}) and not refusal(HELLO | {name: None})
    message = refusal(HELLO | {name: MOST + 1})
    assert name in message and str(MOST) in message


@generation
@pytest.mark.parametrize("value", ["16000", 1.5, True, 0, -1, 10**9, 1e9, [1]])
def test_a_count_is_a_number_within_its_bounds(value: object):
    assert "n " in refusal(HELLO | {"n": value})
    assert "max_tokens " in refusal(HELLO | {"max_tokens": value})


@generation
def test_prompts_times_answers_run_at_once():
    most = plan.CONCURRENCY
    assert not refusal({"prompt": ["a"] * most}, COMPLETION) and not refusal({"prompt": "a", "n": most}, COMPLETION)
    assert not refusal({"prompt": [1] * (most + 1)}, COMPLETION)  # the tokens of one prompt
    assert "run at once" in refusal({"prompt": ["a"] * (most + 1)}, COMPLETION)
    assert "run at once" in refusal({"prompt": [[1]] * (most + 1)}, COMPLETION)
    assert "run at once" in refusal({"prompt": ["a"] * most, "n": 2}, COMPLETION) or most == 1


@generation
@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"stop": ["x"] * 5}, "at most 4"),
        ({"stop": "x" * 1_000_000}, "256 characters"),
        ({"stop": [1]}, "text"),
        ({"stop_token_ids": list(range(1000))}, "64"),
        ({"logit_bias": {str(token): 1 for token in range(1000)}}, "300"),
        ({"prompt_logprobs": 1}, "prompt_logprobs"),
        ({"echo": True, "logprobs": 1}, "echo"),
        ({"logprobs": 10**6}, "0 to 20"),
        ({"use_beam_search": True}, "use_beam_search"),
        ({"best_of": 1000}, "best_of"),
        ({"temperature": "hot"}, "temperature"),
    ],
)
def test_what_slows_everybody_is_refused(body: dict, words: str):
    assert words in refusal({"prompt": "a"} | body, COMPLETION)


@pytest.mark.workload("classification")
@pytest.mark.parametrize("path", PAIRS)
def test_pairs_are_texts_and_no_more_than_allowed(path: str):
    name = "queries" if path.endswith("score") else "query"
    body = {"model": plan.MODEL, name: "What is a GPU?", "documents": ["a text", "another"]}
    assert not refusal(body, path) and not refusal(body | {"documents": "a text", "truncate_prompt_tokens": 8}, path)
    assert str(MOST) in refusal(body | {"documents": ["a"] * (MOST + 1)}, path)
    media = {"content": [{"type": "image_url", "image_url": {"url": "http://10.0.0.1/x.png"}}]}
    assert "text" in refusal(body | {"documents": [media]}, path) and "text" in refusal(body | {name: media}, path)
    assert "input" in refusal(body | {"input": "a"}, path)


@pooling
def test_more_texts_than_allowed_are_refused_with_the_limit():
    assert not refusal({"input": ["a"] * MOST})
    message = refusal({"input": ["a"] * (MOST + 1)})
    assert str(MOST) in message and str(MOST + 1) in message


@pooling
@pytest.mark.parametrize("one", ["a" * (MOST + 1), [1] * (MOST + 1)])
def test_a_long_text_is_one_text_also_as_tokens(one: object):
    assert not refusal({"input": one})


@pytest.mark.workload("embedding")
def test_vectors_come_as_json():
    for encoding in ("float", "base64", None):
        assert not refusal({"input": "a", "encoding_format": encoding})
    for encoding in ("bytes", "bytes_only", 5, ["float"]):
        assert "encoding_format must be float or base64" in refusal({"input": "a", "encoding_format": encoding})


@pooling
def test_what_holds_no_input_is_left_to_vllm():
    assert not refusal({}) and not refusal({"input": 3})
    assert "messages" in refusal({"messages": []})


def grammar(schema: object) -> dict:
    return HELLO | {"response_format": {"type": "json_schema", "json_schema": {"name": "x", "schema": schema}}}


TEXT = {"type": "string"}


@generation
@pytest.mark.parametrize(
    ("schema", "words"),
    [
        ({"properties": {f"p{i}": TEXT for i in range(200)}}, ""),
        ({"properties": {f"p{i}": TEXT for i in range(201)}}, "at most 200 properties"),
        ({"enum": list(range(1000))}, ""),
        ({"anyOf": [{"enum": list(range(501))}, {"enum": list(range(500))}]}, "at most 1000 values of enums"),
        ({"properties": {f"p{i}": TEXT | {"pattern": "[a-z]+"} for i in range(51)}}, "at most 50 patterns"),
        ({"items": TEXT | {"minLength": 10**6}}, "minLength of a schema is at most 100000"),
        ({"anyOf": [TEXT] * 5001}, "at most 5000 objects"),
    ],
)
def test_a_schema_that_takes_long_to_compile_is_refused(schema: dict, words: str):
    assert words in refusal(grammar(schema), CHAT) and bool(refusal(grammar(schema), CHAT)) == bool(words)
    form = {"type": "json_schema", "name": "x", "schema": schema}
    assert words in refusal({"input": "a", "text": {"format": form}}, RESPONSES)
    assert words in refusal(HELLO | {"output_config": {"format": form}}, MESSAGES)


LOOP = {"$ref": "#"}


@generation
@pytest.mark.parametrize(
    ("schema", "loops"),
    [
        (LOOP, True),
        ({"allOf": [LOOP]}, True),
        ({"anyOf": [LOOP]}, True),
        ({"$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"$ref": "#/$defs/a"}}, "properties": {"c": TEXT}}, True),
        ({"properties": {"a": LOOP}}, False),
        ({"items": LOOP}, False),
        ({"anyOf": [LOOP, TEXT]}, False),
        ({"$defs": {str(i): {"$ref": f"#/$defs/{i + 1}"} for i in range(4000)}}, False),
        ({"$ref": "#/$defs/none"}, False),
    ],
    ids=lambda one: str(one)[:30],
)
def test_a_schema_that_is_itself_is_refused(schema: dict, loops: bool):
    """No text fits it, which vLLM notices while it writes. The long chain is read in time."""
    assert ("leads back to itself" in refusal(grammar(schema), CHAT)) == loops


@generation
def test_the_schemas_of_tools_count_where_a_call_is_forced():
    if not getattr(plan, "TOOL_CALL_PARSER", ""):  # only a generating service has it
        pytest.skip("this model calls no tools")
    large = {"type": "object", "properties": {f"p{i}": TEXT for i in range(201)}}
    function = {"name": "f", "parameters": large}
    tools = HELLO | {"tools": [{"type": "function", "function": function}]}
    assert not refusal(tools, CHAT) and not refusal(tools | {"tool_choice": "auto"}, CHAT)
    assert "200 properties" in refusal(tools | {"tool_choice": "required"}, CHAT)
    named = {"input": "a", "tools": [{"type": "function", **function}]}
    named["tool_choice"] = {"type": "function", "name": "f"}
    assert "200 properties" in refusal(named, RESPONSES)
    anthropics = HELLO | {"tools": [{"name": "f", "input_schema": large}], "tool_choice": {"type": "any"}}
    assert "200 properties" in refusal(anthropics, MESSAGES)
    assert "at most 512" in refusal(HELLO | {"tools": tools["tools"] * 513}, CHAT)
