"""Requests that would hurt others, each beside an innocent one, which is answered."""

import re
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
from vllm_server import Served

from {{cookiecutter.__package}} import plan

pytestmark = pytest.mark.slow

Case = tuple[str, dict[str, Any] | bytes]
ADDRESS = "http://127.0.0.1:1/x.png"


def completion(**fields: object) -> Case:
    return "/v1/completions", {"model": plan.MODEL, "prompt": "a", "max_tokens": 4} | fields


def chat(**fields: object) -> Case:
    asked = {"model": plan.MODEL, "messages": [{"role": "user", "content": "a"}], "max_tokens": 4}
    return "/v1/chat/completions", asked | fields


def response(**fields: object) -> Case:
    return "/v1/responses", {"model": plan.MODEL, "input": "a", "max_output_tokens": 4} | fields


def message(**fields: object) -> Case:
    asked = {"model": plan.MODEL, "messages": [{"role": "user", "content": "a"}], "max_tokens": 4}
    return "/v1/messages", asked | fields


def said(*parts: object) -> list[dict[str, object]]:
    return [{"role": "user", "content": list(parts)}]


def called(arguments: str) -> list[dict[str, object]]:
    call = {"id": "1", "type": "function", "function": {"name": "f", "arguments": arguments}}
    return [{"role": "user", "content": "a"}, {"role": "assistant", "tool_calls": [call]}]


OF_AN_EXCEPTION = re.compile(r"validation error|input_value|Traceback|object is not|multiple values|unhashable|/\w+/")
RECURSIVE = {"type": "object", "properties": {"a": {"$ref": "#"}}, "required": ["a"]}
BACKTRACKING = {"type": "string", "pattern": "(a|a)*b"}
REFUSED: dict[str, Any] = {"type": "message", "id": "m", "status": "completed", "role": "assistant"}
REFUSED["content"] = [{"type": "refusal", "refusal": "No"}]
CASES: dict[str, Case] = {
    "n as text": chat(n="16000"),
    "n": chat(n=16_000),
    "n as a float": chat(n=1e9),
    "n of zero": chat(n=0),
    "a long answer": chat(max_tokens=10**9),
    "a long answer as text": chat(max_tokens="1000000"),
    "200,000 prompts": completion(prompt=["a"] * 200_000),
    "prompts times answers": completion(prompt=["a"] * plan.CONCURRENCY, n=plan.CONCURRENCY + 1),
    "a token out of the vocabulary": completion(prompt=[10**9]),
    "a negative token": completion(prompt=[-1]),
    "no prompt": completion(prompt=None),
    "an empty prompt": completion(prompt=""),
    "no prompts": completion(prompt=[]),
    "logprobs of the prompt": completion(prompt_logprobs=20),
    "echo with logprobs": completion(echo=True, logprobs=20),
    "a million logprobs": completion(logprobs=10**6),
    "beam search": completion(use_beam_search=True, n=16),
    "a stop of a million characters": chat(stop=["x" * 1_000_000]),
    "100,000 stops": chat(stop=["x"] * 100_000),
    "100,000 stop tokens": chat(stop_token_ids=list(range(100_000))),
    "a bias on 100,000 tokens": chat(logit_bias={str(token): 1 for token in range(100_000)}),
    "a bias on no token": chat(logit_bias={"999999999": 1}),
    "an image's address": chat(messages=said({"type": "image_url", "image_url": {"url": ADDRESS}})),
    "an image without a type": chat(messages=said({"image_url": ADDRESS})),
    "sound": chat(messages=said({"type": "input_audio", "input_audio": {"data": "x", "format": "wav"}})),
    "an image in responses": response(input=said({"type": "input_image", "image_url": ADDRESS})),
    "an image in messages": message(messages=said({"type": "image", "source": {"type": "url", "url": ADDRESS}})),
    "a template of its own": chat(chat_template="{" + "% for i in range(10**9) %}x{" + "% endfor %}"),
    "a template in its options": chat(chat_template_kwargs={"chat_template": "x"}),
    "a tiny temperature": chat(temperature=1e-300),
    "a negative temperature": chat(temperature=-1),
    "half a character": ("/v1/chat/completions", b'{"messages": [{"role": "user", "content": "\\ud800"}]}'),
    "nested": ("/v1/chat/completions", b'{"messages": ' + b"[" * 100_000 + b"]" * 100_000 + b"}"),
    "no number": ("/v1/chat/completions", b'{"messages": [], "temperature": NaN}'),
    "no JSON": ("/v1/chat/completions", b"\xff\xfe"),
    "no messages": chat(messages=[]),
    "a number for a message": chat(messages=[1]),
    "priority": chat(priority=-5),
    "control of caches": chat(kv_transfer_params={"a": 1}),
    "a grammar": chat(structured_outputs={"regex": "(a+)+$"}),
    "a pattern that backtracks": chat(
        response_format={"type": "json_schema", "json_schema": {"name": "x", "schema": BACKTRACKING}}
    ),
    "a recursive schema": chat(
        response_format={"type": "json_schema", "json_schema": {"name": "x", "schema": RECURSIVE}}
    ),
    "a schema that is itself": chat(
        response_format={"type": "json_schema", "json_schema": {"name": "x", "schema": {"$ref": "#"}}}
    ),
    "a refusal as an answer": response(
        input=[*said({"type": "input_text", "text": "a"}), REFUSED, *said({"type": "input_text", "text": "a"})]
    ),
    "an infinite bias": ("/v1/completions", b'{"prompt": "a", "logit_bias": {"5": 1e400}}'),
    "a role of its own": chat(messages=[{"role": "wizard", "content": "a"}]),
    "a result without a call": chat(messages=[{"role": "tool", "tool_call_id": "1", "content": "a"}]),
    "a text of a number": chat(messages=said({"type": "text", "text": 5})),
    "a tool of the server": response(tools=[{"type": "mcp", "server_label": "x", "server_url": ADDRESS}]),
    "a stored response": response(previous_response_id="resp_1"),
    "a value of 20,000": chat(
        response_format={"type": "json_schema", "json_schema": {"name": "x", "schema": {"enum": list(range(20_000))}}}
    ),
    "a tag": chat(response_format={"type": "structural_tag", "structures": [], "triggers": []}),
    "a call that is nested": chat(messages=called("[" * 100_000)),
    "a call that breaks off": chat(messages=called('{"a": ')),
    "a call that is a number": chat(messages=[{"role": "assistant", "tool_calls": 5}]),
    "a nested call in responses": response(
        input=[{"type": "function_call", "call_id": "1", "name": "f", "arguments": '{"a":' * 50_000}]
    ),
    "content of nothing": chat(messages=[{"role": "user", "content": None}]),
    "content of another form": chat(messages=[{"role": "user", "content": {"a": 1}}]),
    "a list for a type": chat(messages=said({"type": ["text"], "text": "a"})),
    "an argument of Python's": chat(chat_template_kwargs={"self": 1}),
    "the conversation twice": chat(chat_template_kwargs={"conversation": "a"}),
    "padding": chat(chat_template_kwargs={"padding": "max_length", "max_length": 10**9}),
    "half a character in bytes": ("/v1/completions", b'{"prompt": "\xed\xa0\x80"}'),
    "5,000 digits": ("/v1/chat/completions", b'{"messages": [], "seed": ' + b"9" * 5000 + b"}"),
    "a bias on a word": chat(logit_bias={"hello": 1}),
    "a bias of nothing": chat(logit_bias={"5": None}),
    "stop tokens out of the vocabulary": chat(stop_token_ids=[2**70], min_tokens=2),
    "prompts of two kinds": completion(prompt=["a", 1]),
    "10,000 messages": chat(messages=[{"role": "user", "content": "a"}] * 10_000),
    "a stream that fails": chat(stream=True, stop=[""]),
    "an item without a role": response(input=[{"content": "a"}]),
    "a result of another form": message(messages=said({"type": "tool_result", "content": {"a": 1}})),
    "a system of another form": message(system=5),
    "a prompt over the context": chat(messages=said({"type": "text", "text": "a " * 20_000})),
}


@pytest.mark.parametrize("name", CASES)
def test_an_innocent_request_beside_it_is_answered(served: Served, name: str):
    path, body = CASES[name]
    innocent = completion(prompt="The quick brown fox", max_tokens=8)[1]
    with httpx.Client(timeout=120) as http, ThreadPoolExecutor(1) as beside:
        waiting = beside.submit(http.post, served.url + "/v1/completions", json=innocent)
        if isinstance(body, bytes):
            answer = http.post(served.url + path, content=body, headers={"content-type": "application/json"})
        else:
            answer = http.post(served.url + path, json=body)
        assert waiting.result().status_code == 200
        assert http.get(served.url + "/health").status_code == 200
    assert answer.status_code in (200, 400, 413), answer.text
    if answer.status_code != 200:
        message = answer.json()["error"]["message"]
        assert len(message) > 10 and not OF_AN_EXCEPTION.search(message.replace(path, "")), message
