"""The OpenAI API over a real socket, with OpenAI's own client and with ours."""

import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import openai
import pytest
import uvicorn

from {{cookiecutter.__package}} import client, memory, plan, web
from {{cookiecutter.__package}}.engine import Engine


@pytest.fixture(scope="module")
def url(tiny: Path) -> Iterator[str]:
    engine = Engine(str(tiny), gpus=0)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = uvicorn.Server(uvicorn.Config(web.api(engine, memory.Monitor().start()), port=port, log_level="warning"))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.05)
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join()
    engine.close()


@pytest.fixture
def chat(url: str):
    return openai.OpenAI(base_url=f"{url}/v1", api_key="unused", max_retries=0).chat.completions


def test_whole_and_streamed_answers_agree(chat):
    asked = {
        "model": plan.MODEL,
        "messages": [{"role": "user", "content": "The quick brown fox"}],
        "max_tokens": 10,
        "temperature": 0,
    }
    whole = chat.create(**asked)
    chunks = list(chat.create(**asked, stream=True, stream_options={"include_usage": True}))
    streamed = "".join(choice.delta.content or "" for chunk in chunks for choice in chunk.choices)
    assert whole.choices[0].message.content == streamed
    assert chunks[-1].usage.completion_tokens == whole.usage.completion_tokens <= 10
    assert whole.choices[0].finish_reason in ("stop", "length")


def test_our_client_streams_from_it_and_reads_the_memory(url: str):
    pieces: list[str] = []
    answer = client.Client(url).chat("The lazy dog", 8, show=pieces.append)
    assert answer.text == "".join(pieces) and 1 <= answer.tokens <= 8
    state = client.Client(url).memory()
    assert state["peak_gib"] > 0.1 and state["planned_gib"] == plan.PREDICTED_PEAK_GIB and state["report"]


def test_twenty_requests_at_once_all_answer(url: str):
    answers: list[client.Answer] = []
    threads = [
        threading.Thread(target=lambda: answers.append(client.Client(url).chat("a fox", 6, show=lambda _: None)))
        for _ in range(20)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == 20 and all(answer.tokens >= 1 for answer in answers)


def test_too_long_a_request_is_a_400_that_names_the_limit(chat):
    with pytest.raises(openai.BadRequestError, match=str(plan.CONTEXT_LEN)):
        chat.create(model=plan.MODEL, messages=[{"role": "user", "content": "hi"}], max_tokens=plan.CONTEXT_LEN)


def test_another_model_is_a_404(chat):
    with pytest.raises(openai.NotFoundError, match="this service has"):
        chat.create(model="other", messages=[{"role": "user", "content": "hi"}])


def test_health_and_models(url: str):
    assert httpx.get(f"{url}/health").json() == {"healthy": True}
    assert [model.id for model in openai.OpenAI(base_url=f"{url}/v1", api_key="unused").models.list()] == [plan.MODEL]
