"""The limits on conversations: messages and their parts, images, tools, and what the Responses API keeps."""

import pytest
from request_samples import CHAT, HELLO, MESSAGES, RESPONSES, refusal, user

from {{cookiecutter.__package}} import plan
from {{cookiecutter.__package}}.engine import images


@pytest.mark.parametrize(
    "part",
    [
        {"type": "image_url", "image_url": {"url": "http://10.0.0.1/x.png"}},
        {"image_url": "http://10.0.0.1/x.png"},
        {"type": "input_audio", "input_audio": {"data": "", "format": "wav"}},
        {"type": "video_url", "video_url": {"url": "file:///etc/passwd"}},
        {"type": "tool_result", "content": [{"type": "image", "source": {"type": "url", "url": "http://10.0.0.1/"}}]},
        3,
    ],
)
def test_no_address_is_fetched_for_a_caller(part: object):
    assert "text alone" in refusal(user(part), CHAT) and "text alone" in refusal(user(part), MESSAGES)
    assert "text alone" in refusal({"input": user(part)["messages"]}, RESPONSES)


CALL = {"role": "assistant", "content": [{"type": "tool_use", "id": "c1", "name": "f", "input": {}}]}


def result(url: str | None) -> list[dict]:
    """Return a message with the result of that call, an image."""
    content = [{"type": "image", "source": {"url": url}}]
    return user({"type": "tool_result", "tool_use_id": "c1", "content": content})["messages"]


PNG = "data:image/png;base64,iVBORw0KGgo="
HOSTS = ["images.example.com"]


@pytest.mark.parametrize(
    ("url", "hosts", "words"),
    [
        (PNG, [], ""),
        (PNG, HOSTS, ""),
        (PNG + "*", [], "whole base64"),
        (PNG[:-1], [], "whole base64"),
        ("https://images.example.com/a.png?size=2", HOSTS, ""),
        ("https://images.example.com/a.png", [], "is sent in the request"),
        ("http://images.example.com/a.png", HOSTS, "by https from images.example.com"),
        ("https://images.example.com:8443/a.png", HOSTS, "by https"),
        ("https://images.example.com@10.0.0.1/a.png", HOSTS, "by https"),
        ("https://user@images.example.com/a.png", HOSTS, "by https"),
        ("https://10.0.0.1\\@images.example.com/a.png", HOSTS, "by https"),
        ("https://other.example.com/a.png", HOSTS, "by https"),
        ("https://[images.example.com/a.png", HOSTS, "by https"),
        ("file:///etc/passwd", HOSTS, "by https"),
        ("data:text/html;base64,PGI+", HOSTS, "by https"),
        (None, HOSTS, "with its address"),
    ],
)
def test_an_image_is_data_or_comes_from_a_host_that_is_allowed(
    url: str | None, hosts: list[str], words: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(images, "MOST", 1)
    monkeypatch.setattr(images, "DOMAINS", hosts)
    forms: list[tuple[str, dict]] = [
        (CHAT, user({"type": "image_url", "image_url": {"url": url}})),
        (CHAT, user({"type": "image_url", "image_url": url})),
        (RESPONSES, {"input": user({"type": "input_image", "image_url": url})["messages"]}),
        (MESSAGES, user({"type": "image", "source": {"type": "url", "url": url}})),
        (MESSAGES, HELLO | {"messages": [CALL, *result(url)]}),
    ]
    for path, body in forms:
        said = refusal(body, path)
        assert words in said if words else not said, (path, said)


def test_images_are_counted_over_all_messages(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(images, "MOST", 2)
    image = {"type": "image_url", "image_url": {"url": PNG}}
    turns = user(image)["messages"] * 3
    assert not refusal(HELLO | {"messages": turns[:2]}) and "at most 2" in refusal(HELLO | {"messages": turns})
    assert "at most 2" in refusal({"input": turns}, RESPONSES)


def test_text_in_parts_is_read_in_every_dialect():
    assert not refusal(user({"type": "text", "text": "Hello"}, "and more"), CHAT)
    assert not refusal(user({"type": "text", "text": "Hello"}), MESSAGES)
    assert not refusal({"input": user({"type": "input_text", "text": "Hello"})["messages"]}, RESPONSES)
    assert not refusal({"input": "Hello"}, RESPONSES)


def test_tools_need_a_parser(monkeypatch: pytest.MonkeyPatch):
    tools = [{"type": "function", "function": {"name": "weather"}}]
    monkeypatch.setattr(plan, "TOOL_CALL_PARSER", "")
    assert "calls no tools" in refusal(HELLO | {"tools": tools})
    assert not refusal(HELLO | {"tools": []})
    monkeypatch.setattr(plan, "TOOL_CALL_PARSER", "hermes")
    assert not refusal(HELLO | {"tools": tools})
    mcp = {"type": "mcp", "server_label": "x", "server_url": "http://10.0.0.1"}
    assert "run on the server" in refusal({"input": "Hello", "tools": [mcp]}, RESPONSES)


def test_nothing_is_kept_between_responses():
    assert "stores none" in refusal({"input": "Hello", "previous_response_id": "resp_1"}, RESPONSES)
    assert "stores none" in refusal({"input": "Hello", "background": True}, RESPONSES)
    assert "stores none" in refusal({"input": "Hello", "conversation": "conv_1"}, RESPONSES)
    assert not refusal({"input": "Hello", "store": True, "background": False}, RESPONSES)


@pytest.mark.parametrize("options", [{"chat_template": "x"}, {"a": {}}, [], {"tools": []}])
def test_the_template_is_the_models_own(options: object):
    assert "chat_template_kwargs" in refusal(HELLO | {"chat_template_kwargs": options}) or options == []
    assert not refusal(HELLO | {"chat_template_kwargs": {"enable_thinking": False}})


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"response_format": {"type": "structural_tag"}}, "whose type is text, json_object, json_schema"),
        ({"response_format": "json"}, "whose type is"),
        ({"chat_template_kwargs": {"padding": "max_length"}}, "takes no 'padding'"),
        ({"chat_template_kwargs": {"conversation": 1}}, "takes no 'conversation'"),
        ({"chat_template_kwargs": {str(i): 1 for i in range(33)}}, "at most 32"),
        ({"messages": [{"role": "assistant", "tool_calls": 5}]}, "tool_calls must be a list"),
        ({"messages": [{"role": "assistant", "tool_calls": {}}]}, "tool_calls must be a list"),
        ({"messages": [{"role": "assistant", "tool_calls": [{"id": "1"}]}]}, "needs a function"),
        ({"messages": [{"role": "assistant", "tool_calls": [{"function": {"name": 5}}]}]}, "the name of a call"),
        ({"messages": [{"role": "assistant", "tool_calls": [{"function": {"name": "f"}}]}]}, "the arguments of a call"),
        ({"messages": [{"role": "user", "content": [{"type": "text", "text": 5}]}]}, "needs a text in text"),
        ({"messages": [{"role": "user", "content": [{"type": "text"}]}]}, "needs a text in text"),
        ({"messages": [{"role": "user", "content": "a", "name": 5}]}, "messages[0].name must be a text"),
        ({"tool_choice": "required"}, "holds no tools"),
        ({"tool_choice": {"type": "function", "function": {"name": "f"}}, "tools": []}, "holds no tools"),
        ({"modalities": ["audio"]}, "takes no 'modalities'"),
        ({"functions": [{"name": "f"}]}, "send tools"),
        ({"stream": "yes"}, "stream must be true or false"),
        ({"logit_bias": {"5": 1e300}}, "-100 to 100"),
        ({"response_format": {"type": "json_schema", "json_schema": {"name": "x"}}}, "in json_schema.schema"),
        ({"response_format": {"type": "json_schema"}}, "in json_schema.schema"),
        ({"messages": [{"role": "user", "content": [{"type": ["text"]}]}]}, "type ['text'] is not read here"),
    ],
)
def test_other_forms_than_clients_send_are_refused(fields: dict, words: str):
    assert words in refusal(HELLO | fields, CHAT)


def test_calls_in_earlier_turns_are_bounded_in_depth_and_may_be_broken_off():
    def called(arguments: str) -> dict:
        call = {"id": "1", "type": "function", "function": {"name": "f", "arguments": arguments}}
        return HELLO | {"messages": [{"role": "assistant", "tool_calls": [call]}]}

    assert not refusal(called('{"a": 1}'), CHAT) and not refusal(called('{"a": '), CHAT)
    for deep in ("[" * 100_000, "[" * 100 + "]" * 100):
        assert "too deep" in refusal(called(deep), CHAT)
        item = {"type": "function_call", "call_id": "1", "name": "f", "arguments": deep}
        assert "too deep" in refusal({"input": [item]}, RESPONSES)


@pytest.mark.parametrize("messages", [None, "Hello", ["Hello"], {"role": "user", "content": "Hello"}])
def test_messages_are_a_list_of_objects(messages: object):
    assert "messages must be a list of objects" in refusal(HELLO | {"messages": messages}, CHAT)


def test_an_item_that_is_not_read_is_named():
    assert "input holds 'computer_call'; this service" in refusal({"input": [{"type": "computer_call"}]}, RESPONSES)
    assert "input holds 3; this service reads" in refusal({"input": [3]}, RESPONSES)
    assert not refusal({"input": user({"type": "reasoning_text", "text": "Hm."})["messages"]}, RESPONSES)


def test_an_image_in_anthropics_form_is_checked_as_well(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(images, "MOST", 1)
    source = {"type": "base64", "media_type": "image/png", "data": PNG.partition(",")[2]}
    assert not refusal(user({"type": "image", "source": source}), MESSAGES)
    assert "whole base64" in refusal(user({"type": "image", "source": source | {"data": "a"}}), MESSAGES)
