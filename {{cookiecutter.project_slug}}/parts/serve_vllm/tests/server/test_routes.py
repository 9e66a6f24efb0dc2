"""The routes of every workload's server: /engine, /memory, /metrics, and control routes hidden."""

import json

import httpx2
import pytest
from vllm_server import Served

from {{cookiecutter.__package}} import plan
from {{cookiecutter.__package}}.engine.options import ROUTES, WARM_UP
from {{cookiecutter.__package}}.monitoring import gpu_memory

pytestmark = pytest.mark.slow


def test_it_tells_what_really_runs(served: Served):
    runs = served.get("/engine").json()
    assert runs == served.engine
    assert (runs["engine"], runs["version"], runs["attention"]) == ("vllm", "0.32.0", "CPU_ATTN")
    assert (runs["quantization"], runs["dtype"], runs["device"]) == ("none", "float32", "cpu")
    assert runs["as_planned"] and 1 < runs["started_s"] < 300


def test_it_reports_memory_in_json_and_to_prometheus(served: Served):
    parser = pytest.importorskip("prometheus_client.parser")
    state = served.get("/memory").json()
    assert state["device"] == "cpu" and state["peak_gib"] >= state["used_gib"][0] > 0.3
    assert state["planned_gib"] == plan.PREDICTED_PEAK_GIB
    families = {family.name: family for family in parser.text_string_to_metric_families(served.get("/metrics").text)}
    (peak,) = families["gpu_memory_peak_bytes"].samples
    assert peak.labels == {"gpu": "cpu"} and peak.value / gpu_memory.GIB == pytest.approx(state["peak_gib"], rel=0.1)
    assert families["vllm:num_requests_running"].samples[0].labels["model_name"] == plan.MODEL


@pytest.mark.parametrize("path", ["/sleep", "/collective_rpc", "/server_info", "/docs", "/openapi.json", "/tokenize"])
def test_control_routes_are_hidden(served: Served, path: str):
    assert served.post(path, {}).status_code == served.get(path).status_code == 404


def test_another_model_is_not_found(served: Served):
    path, body = WARM_UP
    answer = served.post(path, body | {"model": "other"})
    assert answer.status_code == 404 and "other" in answer.json()["error"]["message"]


def test_a_body_over_the_limit_is_refused(served: Served):
    answer = served.post(ROUTES[0], {"input": "x" * plan.MAX_BODY_BYTES})
    assert answer.status_code == 413 and str(plan.MAX_BODY_BYTES) in answer.json()["error"]["message"]


def test_no_prompt_comes_into_the_log(served: Served):
    path, body = WARM_UP
    secret = "a quick brown secret"
    name = "prompt" if "prompt" in body else "input"
    assert served.post(path, body | {name: secret}).status_code == 200
    assert served.post(path, body | {name: {"wrong": secret}}).status_code == 400
    assert secret not in "".join(served.vllm.tail) and served.vllm.tail


def test_models_lists_the_one(served: Served):
    assert [model["id"] for model in served.get("/v1/models").json()["data"]] == [plan.MODEL]
    assert json.loads(served.get("/health").text or "null") is None


def test_a_model_is_retrieved_by_its_name(served: Served):
    openai = pytest.importorskip("openai")
    models = openai.OpenAI(base_url=served.url + "/v1", api_key="none").models
    assert models.retrieve(plan.MODEL).id == plan.MODEL  # its slashes come as %2F
    assert served.get(f"/v1/models/{plan.MODEL}").json()["id"] == plan.MODEL
    with pytest.raises(openai.NotFoundError, match=f"this service has {plan.MODEL}"):
        models.retrieve("org/other")


@pytest.mark.parametrize("path", ["/v1/models", "/health", "/metrics", "/memory"])
def test_head_answers_as_get_without_a_body(served: Served, path: str):
    answer = httpx2.head(served.url + path)
    assert answer.status_code == 200 and not answer.content


def test_paths_in_other_spellings_lead_nowhere_else(served: Served):
    assert [model["id"] for model in served.get("/v1/%6dodels").json()["data"]] == [plan.MODEL]
    for path in ("/%64ocs", "/v1/../docs", "/metrics/", "//docs", f"{ROUTES[0]}/", f"/{ROUTES[0]}", "/%73leep"):
        for answer in (served.get(path), served.post(path, {})):
            assert answer.status_code == 404 and "this service answers" in answer.json()["error"]["message"], path
