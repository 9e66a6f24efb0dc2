"""Requests in forms that vLLM does not take, or reads in part, and the form in which they reach it."""

import json

import pytest
from request_samples import CHAT, COMPLETION, HELLO, MESSAGES, RESPONSES, refusal

from {{cookiecutter.__package}} import plan
from {{cookiecutter.__package}}.api import rewriting
from {{cookiecutter.__package}}.api.routes import parse

USER = {"role": "user", "content": "Hello"}
SYSTEM = {"role": "system", "content": "Be brief"}


def sent(path: str, body: dict) -> dict:
    return parse(path, json.dumps(body).encode())


def test_null_fields_and_those_of_anothers_accounts_are_left_out():
    unasked = {
        "user": "me", "metadata": {"a": "b"}, "store": True, "service_tier": "fast", "prompt_cache_key": "k",
        "prompt_cache_retention": "24h", "safety_identifier": "s", "seed": None, "stop": None, "ignore_eos": None,
    }  # fmt: skip
    assert sent(CHAT, HELLO | unasked) == HELLO
    assert sent(CHAT, HELLO | {"best_of": 1, "functions": [], "verbosity": "medium"}) == HELLO
    assert sent(RESPONSES, {"input": "Hello", "stream_options": {"include_obfuscation": False}}) == {"input": "Hello"}
    assert sent(MESSAGES, HELLO | {"cache_control": {"type": "ephemeral"}, "speed": "standard"}) == HELLO
    response = {"input": "Hello"}
    assert sent(RESPONSES, response | unasked) == response | {"metadata": {"a": "b"}}  # which it gives back


def test_what_asks_for_something_stays():
    asked = {"temperature": 0, "seed": 0, "stream": False, "stream_options": {"include_usage": True}, "stop": []}
    assert sent(CHAT, HELLO | asked) == HELLO | asked
    assert sent(COMPLETION, {"prompt": "a", "echo": False}) == {"prompt": "a", "echo": False}


def test_allowed_tools_are_the_only_ones(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(plan, "TOOL_CALL_PARSER", "hermes", raising=False)
    tools = [{"type": "function", "function": {"name": name}} for name in ("f", "g")]
    choice = {"type": "allowed_tools", "allowed_tools": {"mode": "required", "tools": tools[:1]}}
    chat = sent(CHAT, HELLO | {"tools": tools, "tool_choice": choice})
    assert (chat["tools"], chat["tool_choice"]) == (tools[:1], "required")
    flat = [{"type": "function", "name": name} for name in ("f", "g")]
    choice = {"type": "allowed_tools", "mode": "auto", "tools": flat[1:]}
    response = sent(RESPONSES, {"input": "Hello", "tools": flat, "tool_choice": choice})
    assert (response["tools"], response["tool_choice"]) == (flat[1:], "auto")
    for wrong in ({"tools": [{"type": "function", "name": "h"}]}, {"tools": [5]}, {"tools": []}, {}):
        said = refusal({"input": "Hello", "tools": flat, "tool_choice": {"type": "allowed_tools"} | wrong}, RESPONSES)
        assert "tool_choice" in said


def test_what_is_asked_of_hosted_tools_is_left_out():
    include = ["web_search_call.results", "reasoning.encrypted_content", "web_search_call.action.sources"]
    asked = sent(RESPONSES, {"input": "Hello", "include": include})
    assert asked["include"] == ["reasoning.encrypted_content"]


def test_the_parts_of_an_earlier_answer_become_one():
    """vLLM reads the first part alone."""
    parts = [{"type": "output_text", "text": text, "annotations": []} for text in ("Hello ", "you")]
    answer = {"type": "message", "role": "assistant", "id": "m", "status": "completed", "content": parts}
    asked = [{"type": "input_text", "text": text} for text in ("a", "b")]
    _, written = sent(RESPONSES, {"input": [{"role": "user", "content": asked}, answer]})["input"]
    assert written == answer | {"content": [parts[0] | {"text": "Hello you"}]}
    (refused,) = sent(RESPONSES, {"input": [answer | {"content": [{"type": "refusal", "refusal": "No"}]}]})["input"]
    assert refused["content"] == [{"type": "output_text", "text": "No", "annotations": []}]  # which vLLM does not read
    plain = answer | {"content": ["a", "b"]}
    assert sent(RESPONSES, {"input": [plain]})["input"] == [plain]


@pytest.mark.parametrize(
    ("asked", "names"),
    [
        ({"messages": [SYSTEM, USER, SYSTEM]}, ["system", "user", "developer"]),
        ({"messages": [USER, SYSTEM]}, ["user", "developer"]),
        ({"input": [SYSTEM, USER]}, ["system", "user"]),
        ({"input": [SYSTEM, USER], "instructions": "Be kind"}, ["developer", "user"]),
    ],
)
def test_later_messages_of_the_system_are_a_developers(asked: dict, names: list[str]):
    written = rewriting.with_system_first(asked)
    found = written.get("messages") or written["input"]
    assert [message["role"] for message in found] == names and all(message["content"] for message in found)


def test_an_input_of_text_has_no_system():
    assert rewriting.with_system_first({"input": "Hello"}) == {"input": "Hello"}
