"""The routes of every engine's web application, over a real socket: health, what runs, metrics, limits, errors."""

import socket
from collections.abc import Iterator
from pathlib import Path

import httpx2
import openai
import pytest
import transformers
from prometheus_client.parser import text_string_to_metric_families

from {{cookiecutter.__package}} import plan
from {{cookiecutter.__package}}.client import Client, cli
from {{cookiecutter.__package}}.client.local import served
from {{cookiecutter.__package}}.engine.server import Engine
from {{cookiecutter.__package}}.monitoring import gpu_memory

PATHS = {"generation": "/v1/completions", "embedding": "/v1/embeddings", "classification": "/classify"}
PATH = PATHS[plan.WORKLOAD]
FIELD = "prompt" if plan.WORKLOAD == "generation" else "input"


@pytest.fixture(scope="module")
def engine(tiny: Path) -> Iterator[Engine]:
    loaded = Engine(str(tiny), gpus=0)
    yield loaded
    loaded.close()


@pytest.fixture(scope="module")
def url(engine: Engine) -> Iterator[str]:
    with served(engine, gpu_memory.Monitor()) as address:
        yield address


def metrics(url: str) -> dict[str, float]:
    """Every sample without labels."""
    families = text_string_to_metric_families(httpx2.get(f"{url}/metrics").text)
    return {sample.name: sample.value for family in families for sample in family.samples if not sample.labels}


def test_health_models_memory_and_what_runs(url: str):
    assert httpx2.get(f"{url}/health").json() == {"healthy": True}
    assert [model.id for model in openai.OpenAI(base_url=f"{url}/v1", api_key="unused").models.list()] == [plan.MODEL]
    state = httpx2.get(f"{url}/memory").json()
    assert state["peak_gib"] > 0.1 and state["planned_gib"] == plan.PREDICTED_PEAK_GIB and state["report"]
    runs = httpx2.get(f"{url}/engine").json()
    assert (runs["engine"], runs["version"]) == ("transformers", transformers.__version__)
    what = {"attention": "sdpa", "dtype": "float32", "quantization": "none", "device": "cpu"}
    assert {name: runs[name] for name in what} == what
    assert runs["as_planned"] and runs["differs"] == []


def test_a_model_is_retrieved_by_its_name(url: str):
    models = openai.OpenAI(base_url=f"{url}/v1", api_key="unused").models
    (listed,) = models.list()
    assert models.retrieve(plan.MODEL) == listed and listed.created > 0  # its slashes come as %2F
    assert httpx2.get(f"{url}/v1/models/{plan.MODEL}").json()["id"] == plan.MODEL
    with pytest.raises(openai.NotFoundError, match=f"this service has {plan.MODEL}"):
        models.retrieve("org/other")


@pytest.mark.parametrize("path", ["/v1/models", f"/v1/models/{plan.MODEL}", "/health", "/metrics", "/memory"])
def test_what_is_read_takes_get_and_head(url: str, path: str):
    answer = httpx2.head(url + path)
    assert answer.status_code == 200 and not answer.content
    refused = httpx2.delete(url + path)
    assert refused.status_code == 405 and "not DELETE" in refused.json()["error"]["message"]


def test_paths_in_other_spellings_lead_nowhere_else(url: str):
    """Nor are they sent on, to an address that a client's own header names."""
    assert httpx2.get(f"{url}/v1/%6dodels").json() == httpx2.get(f"{url}/v1/models").json()
    for path in ("/%64ocs", "/v1/../docs", "/metrics/", "//docs", f"{PATH}/", f"/{PATH}"):
        for answer in (httpx2.get(url + path), httpx2.post(url + path, json={})):
            assert answer.status_code == 404 and "this service answers" in answer.json()["error"]["message"], path


def test_metrics_count_what_was_read_and_how_long_it_took(url: str):
    before = metrics(url)
    cli.ask(Client(url), "The quick brown fox", 4)
    after = metrics(url)
    assert after["engine_request_success_total"] - before["engine_request_success_total"] == 1
    assert after["engine_prompt_tokens_total"] - before["engine_prompt_tokens_total"] >= 4
    assert after["engine_e2e_request_latency_seconds_sum"] > before["engine_e2e_request_latency_seconds_sum"]
    assert after["engine_num_requests_running"] == after["engine_num_requests_waiting"] == 0
    families = {family.name for family in text_string_to_metric_families(httpx2.get(f"{url}/metrics").text)}
    assert {f"gpu_memory_{name}_bytes" for name in ("used", "reserved", "peak", "planned")} < families


def test_another_model_is_a_404(url: str):
    answer = httpx2.post(url + PATH, json={FIELD: "hi", "model": "other"})
    assert answer.status_code == 404 and f"this service has {plan.MODEL}" in answer.json()["error"]["message"]


def test_a_body_over_the_limit_is_a_413_that_names_it(url: str):
    answer = httpx2.post(url + PATH, json={FIELD: "x" * plan.MAX_BODY_BYTES})
    assert answer.status_code == 413 and str(plan.MAX_BODY_BYTES) in answer.json()["error"]["message"]


def test_what_the_engine_would_ignore_is_a_400_without_the_text(url: str):
    answer = httpx2.post(url + PATH, json={FIELD: "my secret", "logit_bias": {"1": 2}})
    assert answer.status_code == 400 and answer.json()["error"]["type"] == "invalid_request_error"
    assert "logit_bias" in answer.json()["error"]["message"] and "secret" not in answer.text
    assert httpx2.post(url + PATH, json={FIELD: {"my": "secret"}}).status_code == 400


def test_fields_that_say_nothing_are_taken(url: str):
    unasked = {"user": "me", "metadata": {}, "store": False, "service_tier": "auto", "seed": None, "tools": None}
    assert httpx2.post(url + PATH, json={FIELD: "fox", "model": None, **unasked}).status_code == 200
    answer = httpx2.post(url + PATH, json={FIELD: "fox", "seed": 7})
    assert answer.status_code == 400 and "takes no such field; leave it out" in answer.json()["error"]["message"]


@pytest.mark.parametrize("kind", ["application/json", "application/x-www-form-urlencoded", "text/plain", ""])
def test_json_is_read_whatever_type_a_client_says_it_is_of(url: str, kind: str):
    """As curl sends it without a header."""
    headers = {"content-type": kind} if kind else {}
    body = b'\xef\xbb\xbf{"%s": "fox"}' % FIELD.encode()  # with the mark that Windows puts first
    assert httpx2.post(url + PATH, content=body, headers=headers).status_code == 200


@pytest.mark.parametrize("body", [b"", b"hello", b"[]", b"null", b"\xff", b'{"%s": ' % FIELD.encode()])
def test_anything_but_an_object_of_json_is_a_400(url: str, body: bytes):
    answer = httpx2.post(url + PATH, content=body)
    assert answer.status_code == 400 and answer.json()["error"]["message"].startswith("the request: ")


def test_a_route_that_is_not_served_is_a_404_that_names_those_that_are(url: str):
    answer = httpx2.post(f"{url}/v1/rerank", json={})
    assert answer.status_code == 404 and PATH in answer.json()["error"]["message"]


def test_no_text_is_logged(url: str, capfd: pytest.CaptureFixture[str]):
    for text in ("a secret fox", ["not", {"one": "secret"}]):
        httpx2.post(url + PATH, json={FIELD: text})
    assert "secret" not in "".join(capfd.readouterr())


def test_a_client_that_leaves_does_not_stop_the_others(url: str):
    host, port = url.removeprefix("http://").split(":")
    body = b'{"%s": "hi"}' % FIELD.encode()
    head = f"POST {PATH} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    with socket.create_connection((host, int(port))) as gone:
        gone.sendall(head.encode() + body)
    assert cli.ask(Client(url), "The quick brown fox", 4).summary()
