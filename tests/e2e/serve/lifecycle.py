"""The life of a service, step by step. Each takes the stage and returns what it found, or raises Failed."""

from __future__ import annotations

import time
from collections import Counter

import containers
import httpx
import modal
from prometheus_client.parser import text_string_to_metric_families
from stage import ANY_TOKEN, Failed, Stage, need

STARTING = (502, 503, 504)  # answered while no container is ready
MEMORY = ("gpu_memory_used_bytes", "gpu_memory_reserved_bytes", "gpu_memory_peak_bytes", "gpu_memory_planned_bytes")
ENGINE = {"engine", "version", "attention", "quantization", "dtype", "device", "started_s", "as_planned", "differs"}


def weights(stage: Stage) -> str:
    volume = f"{stage.plan.NAME}-weights"
    done = stage.run("modal", "volume", "create", volume)
    need(done.returncode == 0 or "exists" in done.stderr + done.stdout, f"no Volume: {done.stderr or done.stdout}")
    stage.modal("volume", "put", "--force", volume, str(stage.model), f"/{stage.model.name}")
    size = sum(file.stat().st_size for file in stage.model.rglob("*") if file.is_file())
    return f"{size / 1e6:,.0f} MB to {volume}:/{stage.model.name}"


def deploy(stage: Stage) -> str:
    stage.modal("deploy", "-m", f"{stage.package}.app")
    stage.deployed = True
    url = stage.part("service").url()
    need(url, "service.url() knows no address of the deployed service")
    stage.url = url.rstrip("/")
    return stage.url


def private(stage: Stage) -> str:
    statuses = [httpx.get(f"{stage.url}/health", headers=headers).status_code for headers in ({}, {"X-Key": ANY_TOKEN})]
    if stage.plan.PUBLIC:
        need(401 not in statuses, "plan.PUBLIC is True, yet without a token it answers 401")
        return "PUBLIC: asked for no token"
    need(statuses == [401, 401], f"without a token it answered {statuses}, not 401")
    return "401"


def cold(stage: Stage) -> str:
    """The first request of all: nothing runs yet."""
    begun, seen = time.monotonic(), Counter()
    while (status := stage.get("/health").status_code) in STARTING:
        seen[status] += 1
        need(time.monotonic() - begun < stage.plan.STARTUP_TIMEOUT, f"no container in {stage.plan.STARTUP_TIMEOUT} s")
        time.sleep(0.5)
    need(status == 200, f"/health answered {status}")
    need(seen or stage.plan.ENGINE != "vllm", "a server that nothing ran for answered at once, without a 503")
    waited = "".join(f"{count} x {code}, then " for code, count in seen.items()) or "held until ready, then "
    return f"{waited}200 after {time.monotonic() - begun:.1f} s"


def own_client(stage: Stage) -> str:
    """`python -m package.client`, as the README has it."""
    done = stage.run(f"{stage.package}.client", stage.workload.TEXT, "--max-tokens", "32", "--url", stage.url)
    need(done.returncode == 0, f"python -m {stage.package}.client ended with {done.returncode}: {done.stderr[-400:]}")
    need(done.stdout.strip(), "the client printed nothing")
    return " ".join(done.stdout.split())[:70]


def answers(stage: Stage) -> str:
    return stage.workload.answers(stage)


def models(stage: Stage) -> str:
    served = [model["id"] for model in stage.get("/v1/models").raise_for_status().json()["data"]]
    need(served == [stage.plan.MODEL], f"/v1/models lists {served}, not {stage.plan.MODEL}")
    path, body = stage.workload.request(stage, 0)
    refused(stage, path, body | {"model": "somebody/elses"}, 404, "")
    return f"{served[0]}; 404 for another"


def limits(stage: Stage) -> str:
    """Each limit is refused with a 4xx that says the limit."""
    path, body = stage.workload.request(stage, 0)
    found = [
        refused(stage, path, body | {"padding": "x" * stage.plan.MAX_BODY_BYTES}, 413, stage.plan.MAX_BODY_BYTES),
        *(refused(stage, path, too_much, 400, limit) for too_much, limit in stage.workload.too_much(stage)),
    ]
    chunks = (b"x" * 65536 for _ in range(stage.plan.MAX_BODY_BYTES // 65536 + 2))
    streamed = httpx.post(stage.url + path, content=chunks, headers=stage.headers, timeout=60)
    need(streamed.status_code == 413, f"a body in chunks beyond MAX_BODY_BYTES was answered {streamed.status_code}")
    return "; ".join(found)


def refused(stage: Stage, path: str, body: dict, status: int, limit: object) -> str:
    """The service's sentence, which has to come with this status, in OpenAI's shape, and name the limit."""
    answer = stage.post(path, body)
    need(answer.status_code == status, f"{path} answered {answer.status_code}, not {status}: {answer.text[:300]}")
    try:
        message = answer.json()["error"]["message"]
    except (ValueError, KeyError, TypeError):
        raise Failed(f"{path} answered {status} without an error message: {answer.text[:300]}") from None
    need(str(limit) in message.replace(",", ""), f"the {status} of {path} does not name the limit {limit}: {message}")
    return f"{status} {limit}".rstrip()


def metrics(stage: Stage) -> str:
    answer = stage.get("/metrics")
    need(answer.status_code == 200, f"/metrics answered {answer.status_code}")
    families = {family.name: family for family in text_string_to_metric_families(answer.text)}
    missing = [name for name in MEMORY if not (families.get(name) and families[name].samples)]
    need(not missing, f"/metrics lacks {', '.join(missing)}")
    used = families[MEMORY[0]].samples[0]
    need(used.value > 2**26, f"{MEMORY[0]} says {used.value} bytes")
    planned = families[MEMORY[3]].samples[0].value / 2**30
    need(abs(planned - stage.plan.PREDICTED_PEAK_GIB) < 0.01, f"{MEMORY[3]} is {planned:.2f} GiB, not the plan's")
    own = [name for name in families if not name.startswith(("gpu_memory_", "python_", "process_"))]
    need(own, "/metrics has nothing of the engine's own")
    memory = f"gpu={used.labels['gpu']} uses {used.value / 2**30:.2f} GiB"
    return f"{len(families)} families, {len(own)} of the engine; {memory}"


def engine_and_memory(stage: Stage) -> str:
    runs = stage.get("/engine").raise_for_status().json()
    need(runs.keys() >= ENGINE, f"/engine lacks {', '.join(sorted(ENGINE - runs.keys()))}")
    need(runs["engine"] == stage.plan.ENGINE, f"/engine says {runs['engine']}, the plan {stage.plan.ENGINE}")
    need(runs["device"] == "cpu", f"GPU=none, yet /engine says device {runs['device']}")
    state = stage.get("/memory").raise_for_status().json()
    need(state["planned_gib"] == stage.plan.PREDICTED_PEAK_GIB, "/memory has another plan than plan.py")
    used, peak = max(state["used_gib"]), state["peak_gib"]
    need(0 < used <= peak, f"/memory says {used} GiB are used and {peak} at the peak")
    what = f"{runs['engine']} {runs['version']}, {runs['attention']}, {runs['dtype']}"
    return f"{what}, started in {runs['started_s']:.0f} s; {state['report']}"


def pool(stage: Stage) -> str:
    """Open and close the warm pool from inside Modal, as the schedule does."""
    if not stage.pool:
        return "left out: --pool plays it where the control plane takes autoscaler updates"
    modal.Function.from_name(stage.plan.NAME, "open_pool").remote()
    modal.Function.from_name(stage.plan.NAME, "close_pool").remote()
    return f"{stage.plan.WARM_CONTAINERS} containers, then {stage.plan.MIN_CONTAINERS}"


def stop(stage: Stage) -> str:
    stage.modal("app", "stop", "-y", stage.plan.NAME)
    stage.deployed = False
    if not stage.loopback:
        return "stopped"
    deadline = time.monotonic() + 60
    while (left := containers.running(stage.plane)) and time.monotonic() < deadline:
        time.sleep(0.2)
    need(not left, f"a minute after `modal app stop` containers still run: {', '.join(left)}")
    return "no container is left"
