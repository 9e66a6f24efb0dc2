"""Chat and completion on the real vLLM."""

import json
import time

import httpx2
import pytest
from vllm_server import CONTEXT, Served

from {{cookiecutter.__package}} import plan
from {{cookiecutter.__package}}.client import Client

pytestmark = pytest.mark.slow

MAX_TOKENS: int = getattr(plan, "MAX_ANSWER_TOKENS", 0)
FOX = {"model": plan.MODEL, "prompt": "The quick brown fox", "temperature": 0, "ignore_eos": True}


def test_the_client_gets_an_answer_piece_by_piece(served: Served):
    pieces: list[str] = []
    answer = Client(served.url).chat("The quick brown fox", 12, show=pieces.append)
    assert 1 <= answer.tokens <= 12 and "".join(pieces) == answer.text
    assert len(pieces) > 2 or answer.tokens < 4  # vLLM joins what a slow reader has not fetched


def test_a_streamed_completion_is_the_whole_one_in_pieces(served: Served):
    whole = served.post("/v1/completions", FOX | {"max_tokens": 24}).json()["choices"][0]["text"]
    pieces, times = [], []
    body = FOX | {"max_tokens": 24, "stream": True}
    with httpx2.stream("POST", served.url + "/v1/completions", json=body) as response:
        for line in response.iter_lines():
            if line.startswith("data: {"):
                times.append(time.monotonic())
                pieces.append(json.loads(line.removeprefix("data: "))["choices"][0]["text"])
    assert "".join(pieces) == whole and len(pieces) > 4 and times[-1] > times[0]


def test_an_openai_client_chats(served: Served):
    openai = pytest.importorskip("openai")
    chat = openai.OpenAI(base_url=served.url + "/v1", api_key="none").chat.completions
    answer = chat.create(model=plan.MODEL, messages=[{"role": "user", "content": "Hello"}], max_tokens=4)
    assert answer.choices[0].message.role == "assistant" and answer.usage.completion_tokens <= 4


def test_limits_are_refused_by_name_and_number(served: Served):
    over = served.post("/v1/completions", FOX | {"max_tokens": MAX_TOKENS + 1})
    assert over.status_code == 400 and str(MAX_TOKENS) in over.json()["error"]["message"]
    long = served.post("/v1/completions", FOX | {"prompt": "fox " * CONTEXT * 2, "max_tokens": 1})
    assert long.status_code == 400 and str(CONTEXT) in long.json()["error"]["message"]
