"""A service's life: from its weights to its stop, on both engines and of every workload."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import modal
import openai
import pytest
from documented import of_file
from prometheus_client.parser import text_string_to_metric_families
from waiting import until

from e2e import LONG, long
from e2e.conftest import Begin
from e2e.on_modal import kill_engine
from e2e.service import CONTEXT, PATIENCE_S, STARTING, TOKEN, Service
from e2e.workloads import WORKLOADS
from planner.schema import ENGINES

pytestmark = pytest.mark.e2e
AT_ONCE = 80 if LONG else 20  # what runs and what may wait, in one container
MEMORY = ("gpu_memory_used_bytes", "gpu_memory_reserved_bytes", "gpu_memory_peak_bytes", "gpu_memory_planned_bytes")
ENGINE = {"engine", "version", "attention", "quantization", "dtype", "device", "started_s", "as_planned", "differs"}
AGENTS = "vllm-generation"  # the service that agents connect to


@pytest.fixture(scope="module", params=[f"{engine}-{workload}" for engine in ENGINES for workload in WORKLOADS])
def service(request: pytest.FixtureRequest, begin: Begin) -> Iterator[Service]:
    engine, _, workload = request.param.partition("-")
    answers = {"task": "serve", "engine": engine, "workload": workload, "context_len": CONTEXT[workload]}
    token = os.environ.get(TOKEN, "wk-e2e.ws-e2e")  # the tests' own control plane takes any
    with begin(engine, workload, f"e2e-serve-{request.param}", **answers) as app:
        if request.param == AGENTS:  # the model's own family has no parser: its answers are made to fit by a grammar
            app.project.edit(TOOL_CALL_PARSER="hermes")
        yield Service(app, WORKLOADS[workload], token)


def test_the_weights_go_to_the_volume_and_the_app_is_deployed(service: Service) -> None:
    service.app.upload_weights()
    service.app.deploy()
    service.find()


def test_nobody_gets_in_without_a_token(service: Service) -> None:
    for headers in ({}, {"X-Key": service.token}):
        assert httpx.get(f"{service.url}/health", headers=headers).status_code == 401


def test_the_first_request_starts_a_container(service: Service) -> None:
    begun, statuses = time.monotonic(), list[int]()
    while (status := service.get("/health").status_code) in STARTING:
        statuses.append(status)
        assert time.monotonic() - begun < service.plan["STARTUP_TIMEOUT"]
        time.sleep(0.5)
    assert status == 200
    assert statuses or service.plan["ENGINE"] != "vllm", "a server of which nothing ran answered without a 503"


def test_the_projects_own_client_finds_and_asks_it(service: Service) -> None:
    assert service.client()


def test_the_answers_are_the_models_alone(service: Service) -> None:
    service.workload.answers(service)


def test_the_commands_of_its_readme_ask_it(service: Service) -> None:
    terminal = service.app.terminal(**{"SERVICE": service.url, TOKEN: service.token})
    begun = (". .venv", "export URL=", "MODEL=", "curl ", "make ask", "make load ARGS=")
    typed = [one for one in of_file(service.app.project.root / "README.md") if one.text.startswith(begun)]
    assert {"curl", "make", "export"} <= {one.program for one in typed}
    for command in typed:
        said = terminal(command.text)
        if "/rerank" in command.text:  # for cross-encoders on vLLM; the model of this life has two classes
            refusal = "/rerank wants a cross-encoder" if service.plan["ENGINE"] == "vllm" else "there is no /rerank: "
            assert refusal in said and "/classify" in said
        elif command.program in ("curl", "make"):
            assert said and '"error"' not in said, command.text
    assert (service.app.project.root / "load.svg").is_file()


def test_it_serves_one_model_and_no_other(service: Service) -> None:
    models = service.get("/v1/models").raise_for_status().json()["data"]
    assert [model["id"] for model in models] == [service.plan["MODEL"]]
    client = service.client_of_openai()
    assert client.models.retrieve(service.plan["MODEL"]).id == service.plan["MODEL"]
    with pytest.raises(openai.NotFoundError, match="this service has"):
        client.models.retrieve("somebody/elses")
    service.refused(service.short(0) | {"model": "somebody/elses"}, 404)


def test_what_is_over_a_limit_is_refused_with_the_limit(service: Service) -> None:
    most, path = service.plan["MAX_BODY_BYTES"], service.workload.path
    service.refused(service.short(0) | {"padding": "x" * most}, 413, most)
    for body, limit in service.workload.over_limits(service):
        service.refused(body, 400, limit)
    chunks = (b"x" * 65536 for _ in range(most // 65536 + 2))
    assert httpx.post(service.url + path, content=chunks, headers=service.headers, timeout=60).status_code == 413


def test_many_at_once_are_all_answered(service: Service) -> None:
    """Each on a connection of its own, without retries."""

    async def all_of_them() -> list[httpx.Response]:
        every = httpx.Limits(max_connections=None, max_keepalive_connections=0)
        async with httpx.AsyncClient(headers=service.headers, timeout=PATIENCE_S, limits=every) as client:
            bodies = (service.workload.body(service, number) for number in range(AT_ONCE))
            posts = (
                client.post(service.url + service.workload.path, json=body, follow_redirects=True) for body in bodies
            )
            return await asyncio.gather(*posts)

    for answer in asyncio.run(all_of_them()):
        assert answer.status_code == 200 and service.workload.complete(answer.json()), answer.text


def test_an_agent_calls_a_tool_reads_its_result_and_is_answered(service: Service) -> None:
    """Through all three APIs, with the clients of OpenAI and, where it is installed, of Anthropic."""
    if not service.plan.get("TOOL_CALL_PARSER"):
        pytest.skip("only vLLM reads tool calls")
    model, client = service.plan["MODEL"], service.client_of_openai()
    parameters = {"type": "object", "properties": {"city": {"enum": ["Paris", "Rome"]}}, "required": ["city"]}
    weather: dict[str, Any] = {"name": "weather", "description": "Weather in a city", "parameters": parameters}
    asked: dict[str, Any] = {"role": "user", "content": "What is the weather in Paris?"}

    tools: list[Any] = [{"type": "function", "function": weather}]
    chat: Any = client.chat.completions
    sure: dict[str, Any] = {"tool_choice": "required", "temperature": 0}  # a sampled call may not end in 200 tokens
    message = chat.create(model=model, messages=[asked], tools=tools, max_tokens=200, **sure)
    [call] = message.choices[0].message.tool_calls[:1]
    assert call.function.name == "weather"
    result = {"role": "tool", "tool_call_id": call.id, "content": "sunny"}
    turns = [asked, message.choices[0].message.model_dump(exclude_none=True), result]
    pieces = list(chat.create(model=model, messages=turns, tools=tools, stream=True, max_tokens=16))
    assert "".join(piece.choices[0].delta.content or "" for piece in pieces if piece.choices)

    responses: Any = client.responses
    functions = [{"type": "function", **weather}]
    response = responses.create(model=model, input=[asked], tools=functions, max_output_tokens=200, **sure)
    [call] = [item for item in response.output if item.type == "function_call"][:1]
    turns = [asked, *(item.model_dump(exclude_none=True) for item in response.output)]
    turns.append({"type": "function_call_output", "call_id": call.call_id, "output": "sunny"})
    events = list(responses.create(model=model, input=turns, tools=functions, stream=True, max_output_tokens=16))
    assert any(event.type == "response.output_text.delta" for event in events)


def test_a_request_with_an_images_address_is_refused_before_anything_is_fetched(service: Service) -> None:
    if service.plan["WORKLOAD"] != "generation":
        pytest.skip("only chats have parts")
    part = {"type": "image_url", "image_url": {"url": "http://127.0.0.1:1/x.png"}}
    body = {"model": service.plan["MODEL"], "messages": [{"role": "user", "content": [part]}]}
    assert service.post("/v1/chat/completions", body).status_code == 400


def test_a_full_service_says_when_to_come_back_and_is_soon_free(service: Service) -> None:
    """Twice what a container runs and lets wait: the rest gets a 503 with Retry-After, nothing accepted is lost."""
    if service.plan["WORKLOAD"] != "generation":
        pytest.skip("as for generation")
    count = 2 * (service.plan["CONCURRENCY"] + service.plan["MAX_WAITING"])

    async def all_of_them() -> list[httpx.Response]:
        limits = httpx.Limits(max_connections=None)
        async with httpx.AsyncClient(headers=service.headers, timeout=PATIENCE_S, limits=limits) as client:
            posts = (client.post(service.url + service.workload.path, json=service.short(n)) for n in range(count))
            return await asyncio.gather(*posts)

    answers = asyncio.run(all_of_them())
    assert {answer.status_code for answer in answers} <= {200, 503}
    accepted = [answer for answer in answers if answer.status_code == 200]
    assert len(accepted) >= service.plan["CONCURRENCY"]
    assert all(service.workload.complete(answer.json()) for answer in accepted)
    assert all("retry-after" in answer.headers for answer in answers if answer.status_code == 503)
    assert service.post(service.workload.path, service.short(0)).status_code == 200


def test_metrics_and_memory_are_the_engines_and_the_plans(service: Service) -> None:
    text = service.get("/metrics").raise_for_status().text
    families = {family.name: family for family in text_string_to_metric_families(text)}
    assert all(families[name].samples for name in MEMORY)
    assert families["gpu_memory_used_bytes"].samples[0].value > 2**26
    planned = families["gpu_memory_planned_bytes"].samples[0].value / 2**30
    assert planned == pytest.approx(service.plan["PREDICTED_PEAK_GIB"], abs=0.01)
    assert [name for name in families if not name.startswith(("gpu_memory_", "python_", "process_"))]
    state = service.get("/memory").raise_for_status().json()
    assert state["planned_gib"] == service.plan["PREDICTED_PEAK_GIB"]
    assert 0 < max(state["used_gib"]) <= state["peak_gib"]


def test_the_engine_says_what_runs(service: Service) -> None:
    runs = service.get("/engine").raise_for_status().json()
    assert runs.keys() >= ENGINE
    assert (runs["engine"], runs["device"]) == (service.plan["ENGINE"], "cpu")


def test_a_container_that_is_killed_in_mid_request_is_replaced(service: Service) -> None:
    if service.plan["ENGINE"] == "vllm" and service.plan["WORKLOAD"] != "generation" and not LONG:
        pytest.skip("as for generation, and it takes a start of vLLM")
    gone = service.app.containers("Server")
    assert gone
    with ThreadPoolExecutor(1) as threads:
        body = service.workload.long(service)
        asked = threads.submit(service.post, service.workload.path, body)
        until(lambda: any(one.requests or one.inputs for one in gone), pause_s=0.001)
        for container in gone:
            container.kill()
        try:
            answer = asked.result(PATIENCE_S)
            assert answer.status_code != 200 or not answer.text.rstrip().endswith(("[DONE]", "}")), answer.text
        except httpx.HTTPError:
            pass  # the connection ended with its container
    service.answers_again(but=gone)


@long
def test_a_container_whose_engine_is_killed_makes_room_for_another(service: Service) -> None:
    gone = service.app.containers("Server")
    if not all(kill_engine(container) for container in gone):
        pytest.skip("the engine lives and dies with its container's own process")
    until(lambda: not set(gone) & set(service.app.containers("Server")), 120)
    service.answers_again(but=gone)


@long
def test_the_warm_pool_opens_and_closes(service: Service) -> None:
    plane = service.app.plane
    with plane.client() if plane else modal.Client.from_env() as client:
        for function in ("open_pool", "close_pool"):
            modal.Function.from_name(service.plan["NAME"], function, client=client).remote()
    if plane:
        assert plane.kept == [service.plan["WARM_CONTAINERS"], service.plan["MIN_CONTAINERS"]]


def test_nothing_is_left_after_the_stop(service: Service) -> None:
    service.app.stop()
