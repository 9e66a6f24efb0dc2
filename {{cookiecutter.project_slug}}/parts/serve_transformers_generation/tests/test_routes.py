"""The OpenAI API over a real socket, with OpenAI's own client and with ours."""

import json
import re
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx2
import openai
import pytest
from prometheus_client.parser import text_string_to_metric_families
from transformers import AutoTokenizer

from {{cookiecutter.__package}} import plan
from {{cookiecutter.__package}}.client import Client
from {{cookiecutter.__package}}.client.local import served
from {{cookiecutter.__package}}.engine.server import Engine
from {{cookiecutter.__package}}.monitoring import gpu_memory

FOX = "The quick brown fox"
CHAT = [{"role": "user", "content": FOX}]


@pytest.fixture(scope="module")
def engine(tiny: Path) -> Iterator[Engine]:
    loaded = Engine(str(tiny), gpus=0)
    yield loaded
    loaded.close()


@pytest.fixture(scope="module")
def url(engine: Engine) -> Iterator[str]:
    with served(engine, gpu_memory.Monitor()) as address:
        yield address


@pytest.fixture
def api(url: str) -> Any:
    return openai.OpenAI(base_url=f"{url}/v1", api_key="unused", max_retries=0)


def test_whole_and_streamed_answers_of_a_chat_agree(api: Any):
    asked = {"model": plan.MODEL, "messages": CHAT, "max_tokens": 10, "temperature": 0}
    whole = api.chat.completions.create(**asked)
    chunks = list(api.chat.completions.create(**asked, stream=True, stream_options={"include_usage": True}))
    streamed = "".join(choice.delta.content or "" for chunk in chunks for choice in chunk.choices)
    assert whole.choices[0].message.content == streamed
    assert chunks[-1].usage.completion_tokens == whole.usage.completion_tokens <= 10
    assert whole.choices[0].finish_reason in ("stop", "length")
    assert len({chunk.id for chunk in chunks}) == 1


def test_whole_and_streamed_completions_agree_from_text_and_from_tokens(api: Any):
    asked = {"model": plan.MODEL, "max_tokens": 10, "temperature": 0}
    whole = api.completions.create(**asked, prompt=FOX)
    streamed = api.completions.create(**asked, prompt=FOX, stream=True)
    assert "".join(choice.text for chunk in streamed for choice in chunk.choices) == whole.choices[0].text
    chat = api.chat.completions.create(**asked, messages=CHAT)
    assert whole.usage.prompt_tokens < chat.usage.prompt_tokens  # no chat template around it
    tokens = api.completions.create(**asked, prompt=list(range(20, 30)))
    assert tokens.usage.prompt_tokens == 10


def test_text_parts_and_stop_strings_are_understood(api: Any):
    asked = {"model": plan.MODEL, "max_tokens": 12, "temperature": 0}
    whole = api.chat.completions.create(**asked, messages=CHAT).choices[0].message.content
    parts = [{"type": "text", "text": text} for text in ("The quick ", "brown fox")]
    chat = [{"role": "user", "content": parts}]
    stopped = api.chat.completions.create(**asked, messages=chat, stop=whole[4:6]).choices[0]
    assert stopped.message.content == whole[: whole.index(whole[4:6])] and stopped.finish_reason == "stop"


NEUTRAL = {
    "frequency_penalty": 0, "presence_penalty": 0.0, "logit_bias": {}, "logprobs": False, "n": 1, "tools": [],
    "response_format": {"type": "text"}, "parallel_tool_calls": True, "stop": None, "top_p": 1,
}  # fmt: skip


def test_fields_at_which_nothing_is_asked_change_nothing(api: Any):
    asked = {"model": plan.MODEL, "messages": CHAT, "max_tokens": 10, "temperature": 0}
    plain, told = (api.chat.completions.create(**asked, extra_body=more) for more in ({}, NEUTRAL))
    assert told.choices[0].message.content == plain.choices[0].message.content


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("frequency_penalty", 0.5), ("logprobs", True), ("logit_bias", {"5": 1}), ("n", 2), ("tools", [{}]),
        ("response_format", {"type": "json_schema"}), ("tool_choice", "required"), ("logprobs", 0),
    ],
)  # fmt: skip
def test_what_would_change_an_answer_and_is_not_served_is_refused(url: str, field: str, value: object):
    answer = httpx2.post(f"{url}/v1/chat/completions", json={"messages": CHAT, "max_tokens": 1, field: value})
    assert answer.status_code == 400 and field in answer.json()["error"]["message"]


@pytest.mark.parametrize(
    "message",
    [
        {"role": "tool", "tool_call_id": "1", "content": "sunny"},
        {"role": "assistant", "content": "", "tool_calls": [{"id": "1", "type": "function"}]},
    ],
)
def test_results_of_tools_are_not_left_out_without_a_word(url: str, message: dict):
    answer = httpx2.post(f"{url}/v1/chat/completions", json={"messages": [*CHAT, message], "max_tokens": 1})
    assert answer.status_code == 400 and "no tool calls" in answer.json()["error"]["message"]


def test_a_prompt_in_a_list_is_that_prompt_and_two_are_refused(api: Any):
    asked = {"model": plan.MODEL, "max_tokens": 10, "temperature": 0}
    texts = [api.completions.create(**asked, prompt=prompt).choices[0].text for prompt in (FOX, [FOX])]
    assert texts[0] == texts[1]
    with pytest.raises(openai.BadRequestError, match="one prompt in a request"):
        api.completions.create(**asked, prompt=[FOX, FOX])


@pytest.mark.parametrize("known", [False, True])
def test_a_developers_message_is_the_systems_where_the_template_knows_no_other(tiny: Path, known: bool):
    """Many templates leave out roles that they do not know."""
    tokenizer: Any = AutoTokenizer.from_pretrained(tiny)
    if known:
        mark = chr(123) + "# 'developer' #" + chr(125)  # a comment of Jinja's
        tokenizer.chat_template += mark
    asked = [{"role": "developer", "content": "Be brief"}, *CHAT]
    role = "developer" if known else "system"
    expected = tokenizer.apply_chat_template(
        [{"role": role, "content": "Be brief"}, *CHAT], add_generation_prompt=True, return_dict=True
    )["input_ids"]
    assert Engine.chat(SimpleNamespace(tokenizer=tokenizer), asked) == expected  # ty: ignore[invalid-argument-type]


STRICT = (  # as Qwen3.5 has it; [[ ]] and [% %] stand for Jinja's braces
    "[% for message in messages %][% if message.role == 'system' and not loop.first %]"
    "[[ raise_exception('System message must be at the beginning.') ]][% endif %]"
    "[[ message.role ]]: [[ message.content ]]\n[% endfor %]"
)
BRACES = {"[%": "{" + "%", "%]": "%" + "}", "[[": "{" * 2, "]]": "}" * 2}


@pytest.mark.parametrize("role", ["system", "developer"])
def test_later_messages_of_the_system_are_read_first_where_the_template_wants_it(tiny: Path, role: str):
    tokenizer: Any = AutoTokenizer.from_pretrained(tiny)
    tokenizer.chat_template = re.sub(r"\[[%[]|[%\]]\]", lambda mark: BRACES[mark[0]], STRICT)
    asked = [{"role": "system", "content": "Be kind"}, *CHAT, {"role": role, "content": "Be brief"}]
    read = Engine.chat(SimpleNamespace(tokenizer=tokenizer), asked)  # ty: ignore[invalid-argument-type]
    assert tokenizer.decode(read) == f"system: Be kind\n\nBe brief\nuser: {FOX}\n"


@pytest.mark.parametrize(
    ("message", "words"),
    [
        ({"role": "wizard", "content": "a"}, "messages.1.role"),
        ({"role": ["user"], "content": "a"}, "messages.1.role"),
        ({"role": None, "content": "a"}, "messages.1.role"),
        ({"content": "a"}, "messages.1.role"),
        ({"role": "user", "content": None}, "messages.1.content"),
        ({"role": "user", "content": []}, "messages.1.content"),
        ({"role": "user"}, "messages.1.content"),
    ],
)
def test_a_message_of_another_form_is_refused_by_its_place(url: str, message: dict, words: str):
    answer = httpx2.post(f"{url}/v1/chat/completions", json={"messages": [*CHAT, message], "max_tokens": 1})
    said = answer.json()["error"]["message"]
    assert answer.status_code == 400 and words in said and "list[" not in said and ".str" not in said


def test_what_vllm_serves_is_refused_with_that(url: str):
    answer = httpx2.post(f"{url}/v1/chat/completions", json={"messages": CHAT, "tools": [{}], "wizard": 1})
    said = answer.json()["error"]["message"]
    assert "tools: this service takes no such field; leave it out, or serve this model with vLLM" in said
    assert said.endswith("wizard: this service takes no such field; leave it out")


def test_an_assistants_content_may_be_null(api: Any):
    chat = [*CHAT, {"role": "assistant", "content": None}, *CHAT]
    assert api.chat.completions.create(model=plan.MODEL, messages=chat, max_tokens=1).choices


def test_fifty_requests_at_once_all_answer_alike(url: str):
    client = Client(url)
    with ThreadPoolExecutor(50) as pool:
        answers = list(pool.map(lambda _: client.chat("a fox", 6, show=lambda piece: None), range(50)))
    assert len({answer.tokens for answer in answers}) >= 1 and all(answer.tokens >= 1 for answer in answers)


@pytest.mark.parametrize(
    ("asked", "limit"),
    [
        ({"max_tokens": plan.MAX_ANSWER_TOKENS + 1}, plan.MAX_ANSWER_TOKENS),
        ({"messages": [{"role": "user", "content": "fox " * 3 * plan.CONTEXT_LEN}]}, plan.CONTEXT_LEN),
    ],
)
@pytest.mark.parametrize("stream", [False, True])
def test_beyond_a_limit_is_a_400_that_names_it(api: Any, asked: dict, limit: int, stream: bool):
    with pytest.raises(openai.BadRequestError, match=str(limit)):
        api.chat.completions.create(**{"model": plan.MODEL, "messages": CHAT, "stream": stream} | asked)


def test_our_client_streams_pieces(url: str):
    pieces: list[str] = []
    answer = Client(url).chat("The lazy dog", 8, show=pieces.append)
    assert answer.text == "".join(pieces) and 1 <= answer.tokens <= 8


def read_metrics(url: str) -> dict[str, float]:
    families = text_string_to_metric_families(httpx2.get(f"{url}/metrics").text)
    return {sample.name: sample.value for family in families for sample in family.samples if not sample.labels}


def test_time_to_first_token_and_per_token_are_measured(url: str):
    before = read_metrics(url)
    body = {"prompt": FOX, "max_tokens": 7, "ignore_eos": True}
    assert httpx2.post(f"{url}/v1/completions", json=body).json()["usage"]["completion_tokens"] == 7
    grown = {name: value - before[name] for name, value in read_metrics(url).items()}
    assert grown["engine_generation_tokens_total"] == 7
    assert grown["engine_time_to_first_token_seconds_count"] == 1
    assert grown["engine_inter_token_latency_seconds_count"] == 6


def test_a_reader_who_leaves_a_stream_frees_the_request(url: str, engine: Engine):
    body = {"prompt": FOX, "max_tokens": 2000, "ignore_eos": True, "stream": True}
    before = engine.batches.current_batch
    with httpx2.stream("POST", f"{url}/v1/completions", json=body) as response:
        next(response.iter_lines())
    while read_metrics(url)["engine_num_requests_running"]:
        time.sleep(0.05)
    assert engine.batches.current_batch - before < 2000, "the request went on after its reader had left"


@pytest.mark.parametrize(
    "body",
    [
        {"prompt": [10**9]},
        {"prompt": [-1]},
        {"prompt": ""},
        {"prompt": []},
        {"prompt": FOX, "temperature": 1e-30},
        {"prompt": FOX, "temperature": -1},
        {"prompt": FOX, "stop": "x" * 1_000_000},
        {"prompt": FOX, "stop": ["x"] * 1000},
        {"prompt": FOX, "stop": [""]},
        {"prompt": FOX, "n": "16000"},
        {"prompt": FOX, "max_tokens": 10**9},
        {"prompt": FOX, "tools": [{}]},
        {"prompt": "a" * 900_000},
        {"prompt": ["a", 1]},
        {"prompt": [1.5]},
        {"prompt": FOX, "stop": [["a"]]},
        {"prompt": FOX, "stream": 2},
        {"prompt": FOX, "stream": "yes"},
        {"prompt": FOX, "max_tokens": "2"},
        {"prompt": FOX, "max_tokens": True},
        {"prompt": FOX, "temperature": "0"},
        {"prompt": [True]},
        {"prompt": FOX, "top_p": 0},
        b'{"prompt": "\xed\xa0\x80"}',
        b'{"prompt": "a", "max_tokens": ' + b"9" * 5000 + b"}",
        b'{"prompt": "a", "max_tokens": 1e400}',
        b'{"prompt": "\\ud800"}',
        b'{"prompt": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b'{"prompt": "a", "temperature": NaN}',
        b"\xff",
        b"[]",
    ],
    ids=lambda body: str(body)[:50],
)
def test_a_request_that_would_hurt_others_is_refused_beside_one_that_is_answered(url: str, body: Any):
    innocent = {"prompt": FOX, "max_tokens": 8}
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    with ThreadPoolExecutor(1) as beside:
        waiting = beside.submit(httpx2.post, f"{url}/v1/completions", json=innocent, timeout=60)
        answer = httpx2.post(
            f"{url}/v1/completions", content=content, headers={"content-type": "application/json"}, timeout=60
        )
        assert waiting.result().status_code == 200
    assert answer.status_code == 400 and answer.json()["error"]["message"]
    assert httpx2.get(f"{url}/health").status_code == 200


def test_pages_that_describe_the_api_are_closed(url: str):
    assert {httpx2.get(url + path).status_code for path in ("/docs", "/redoc", "/openapi.json")} == {404}
