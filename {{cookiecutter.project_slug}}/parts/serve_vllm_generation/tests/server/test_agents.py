"""The clients of OpenAI and of Anthropic, as coding agents use them: streams, thinking apart, errors in sentences."""

from typing import Any

import pytest
from vllm_server import Served

from {{cookiecutter.__package}} import plan

pytestmark = pytest.mark.slow

ASKED = {"role": "user", "content": "What is the weather in Paris?"}


def test_a_response_is_streamed(served: Served):
    openai = pytest.importorskip("openai").OpenAI(base_url=served.url + "/v1", api_key="none", max_retries=0)
    asked = {"model": plan.MODEL, "input": [ASKED], "max_output_tokens": 24}
    events = [event.type for event in openai.responses.create(stream=True, **asked)]
    assert events[0] == "response.created" and events[-1] in ("response.completed", "response.incomplete")
    kinds = {item.type for item in openai.responses.create(**asked).output}
    assert kinds <= ({"reasoning", "message"} if getattr(plan, "REASONING_PARSER", "") else {"message"}) and kinds


def test_a_message_is_streamed_and_counted(served: Served):
    anthropic = pytest.importorskip("anthropic").Anthropic(base_url=served.url, api_key="none", max_retries=0)
    with anthropic.messages.stream(model=plan.MODEL, messages=[ASKED], max_tokens=24) as stream:
        answer = stream.get_final_message()
    assert answer.stop_reason in ("end_turn", "max_tokens") and answer.usage.output_tokens <= 24
    counted = anthropic.messages.count_tokens(model=plan.MODEL, messages=[ASKED])
    assert counted.input_tokens == answer.usage.input_tokens


def test_both_clients_retrieve_the_model(served: Served):
    openai, anthropic = pytest.importorskip("openai"), pytest.importorskip("anthropic")
    for client in (
        openai.OpenAI(base_url=served.url + "/v1", api_key="none"),
        anthropic.Anthropic(base_url=served.url, api_key="none"),
    ):
        assert [model.id for model in client.models.list()] == [client.models.retrieve(plan.MODEL).id] == [plan.MODEL]
    assert client.models.retrieve(plan.MODEL).created_at.year > 2020


def test_a_conversation_as_openai_takes_it_is_answered(served: Served):
    library = pytest.importorskip("openai")
    openai = library.OpenAI(base_url=served.url + "/v1", api_key="none")
    calls = [{"id": f"c{i}", "type": "function", "function": {"name": "f", "arguments": "{}"}} for i in range(2)]
    turns = [
        {"role": "system", "content": [{"type": "text", "text": "Be kind"}]},
        ASKED,
        {"role": "assistant", "content": None, "tool_calls": calls},
        *({"role": "tool", "tool_call_id": f"c{i}", "content": "sunny"} for i in range(2)),
        {"role": "developer", "content": "Be brief"},
        ASKED,
        {"role": "system", "content": "Be brief"},
    ]
    nulls: dict[str, Any] = dict.fromkeys(("stop", "n", "seed", "tools", "stream_options", "ignore_eos", "user"))
    asked: dict[str, Any] = {"model": plan.MODEL, "max_tokens": 4, "store": True, "service_tier": "fast"}
    assert openai.chat.completions.create(messages=turns, extra_body=nulls, **asked).choices
    with pytest.raises(library.BadRequestError, match=r"messages\[0\].tool_call_id must name a call"):
        openai.chat.completions.create(messages=turns[3:], **asked)


def test_a_refusal_reads_as_one_to_both_clients(served: Served):
    openai, anthropic = pytest.importorskip("openai"), pytest.importorskip("anthropic")
    image = {"type": "image_url", "image_url": {"url": "http://127.0.0.1:1/x.png"}}
    with pytest.raises(openai.BadRequestError, match="text alone"):
        openai.OpenAI(base_url=served.url + "/v1", api_key="none").chat.completions.create(
            model=plan.MODEL, messages=[{"role": "user", "content": [image]}]
        )
    with pytest.raises(anthropic.BadRequestError, match="at most"):
        anthropic.Anthropic(base_url=served.url, api_key="none").messages.create(
            model=plan.MODEL, messages=[ASKED], max_tokens=getattr(plan, "MAX_ANSWER_TOKENS", 0) + 1
        )
