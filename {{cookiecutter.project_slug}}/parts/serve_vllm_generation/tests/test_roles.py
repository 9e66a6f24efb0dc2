"""Roles, content and results of tools, as OpenAI's and Anthropic's APIs take and refuse them."""

import pytest
from request_samples import CHAT, HELLO, MESSAGES, RESPONSES, refusal

COUNT = "/v1/messages/count_tokens"
USER = {"role": "user", "content": "Hello"}
CALL = {"id": "c1", "type": "function", "function": {"name": "f", "arguments": "{}"}}


def chat(*messages: object) -> str:
    return refusal(HELLO | {"messages": list(messages)}, CHAT)


def items(*input_: object) -> str:
    return refusal({"input": list(input_)}, RESPONSES)


def turns(*messages: object) -> str:
    return refusal(HELLO | {"messages": list(messages)}, MESSAGES)


@pytest.mark.parametrize("role", ["wizard", "USER", "function", None, 5, ["user"], {}, ""])
def test_another_role_is_refused_with_those_that_are_read(role: object):
    message = {"role": role, "content": "Hello"}
    for path, body in (
        (CHAT, HELLO | {"messages": [USER, message]}),
        (MESSAGES, HELLO | {"messages": [USER, message]}),
        (COUNT, HELLO | {"messages": [USER, message]}),
        (RESPONSES, {"input": [USER, message]}),
        (RESPONSES, {"input": [USER, message | {"type": "message"}]}),
    ):
        said = refusal(body, path)
        assert "[1].role must be one of " in said and "user, assistant" in said.replace("assistant, tool", "assistant")
    assert "role must be one of" in chat({"content": "Hello"})


@pytest.mark.parametrize("role", ["system", "developer", "user", "assistant"])
def test_the_roles_of_openai_are_taken_in_any_place(role: str):
    message = {"role": role, "content": "Be brief"}
    assert not chat(message, USER, message) and not items(message, USER, message)


def test_tools_have_no_role_but_in_chats():
    assert "role must be one of" in items({"role": "tool", "content": "sunny", "tool_call_id": "c1"})
    assert "role must be one of" in turns({"role": "tool", "content": "sunny", "tool_call_id": "c1"})


def test_an_assistants_content_may_be_null_and_nobody_elses():
    assert not chat(USER, {"role": "assistant", "content": None, "tool_calls": [CALL]})
    assert not chat(USER, {"role": "assistant", "tool_calls": [CALL]})
    assert not chat(USER, {"role": "assistant", "content": None, "reasoning": "Hm"})  # as this service answers
    for role in ("user", "system", "developer"):
        assert "content must be a text or a list of parts, not None" in chat({"role": role, "content": None})
    assert "content must be" in turns({"role": "assistant", "content": None})
    assert "content must be" in items({"role": "assistant", "content": None})


@pytest.mark.parametrize("content", [5, {"a": 1}, [], True])
def test_content_is_a_text_or_parts(content: object):
    for said in (chat, items, turns):
        assert "[0].content must be a text or a list of parts" in said({"role": "user", "content": content})


def test_a_result_in_a_chat_names_an_earlier_call():
    called = {"role": "assistant", "content": None, "tool_calls": [CALL, CALL | {"id": "c2"}]}
    results = [{"role": "tool", "tool_call_id": one, "content": "sunny"} for one in ("c1", "c2")]
    assert not chat(USER, called, *results) and not chat(USER, called, *reversed(results))
    for wrong in ("c3", None, 5, ["c1"]):
        message = {"role": "tool", "tool_call_id": wrong, "content": "sunny"}
        assert "[2].tool_call_id must name a call" in chat(USER, called, message)
    assert "must name a call" in chat(USER, results[0]) and "must name a call" in chat(results[0], called)


def test_an_output_in_a_response_names_an_earlier_call():
    call = {"type": "function_call", "call_id": "c1", "name": "f", "arguments": "{}"}
    output = {"type": "function_call_output", "call_id": "c1", "output": "sunny"}
    assert not items(USER, call, output)
    assert "input[1].call_id must name a call" in items(USER, output)
    assert "must name a call" in items(USER, call, output | {"call_id": ["c1"]})


@pytest.mark.parametrize(
    ("item", "words"),
    [
        ({"type": "function_call", "call_id": "c1"}, "input[0] is a function_call, which needs a text in name"),
        ({"type": "function_call", "call_id": "c1", "name": "f", "arguments": {}}, "needs a text in arguments"),
        ({"type": "function_call_output", "call_id": "c1"}, "needs a text in output"),
        ({"type": "custom_tool_call", "call_id": "c1", "name": "f"}, "needs a text in input"),
        ({"type": "reasoning", "summary": "Hm"}, "needs a list in summary"),
    ],
)
def test_an_item_without_what_it_needs_is_refused_by_its_place(item: dict, words: str):
    assert words in items(item)


def test_a_result_in_a_message_names_an_earlier_call():
    call = {"role": "assistant", "content": [{"type": "tool_use", "id": "c1", "name": "f", "input": {}}]}
    result = {"type": "tool_result", "tool_use_id": "c1", "content": "sunny"}
    assert not turns(USER, call, {"role": "user", "content": [result]})
    alone = turns(USER, {"role": "user", "content": [{"type": "text", "text": "a"}, result]})
    assert "messages[1].content[1].tool_use_id must name a call" in alone


def test_an_empty_conversation_is_refused():
    assert "empty" in chat() and "empty" in items() and "empty" in turns()
    assert "input must be" in refusal({}, RESPONSES) and "input must be" in refusal({"input": 5}, RESPONSES)
