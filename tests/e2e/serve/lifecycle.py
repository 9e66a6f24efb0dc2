"""The steps from deploy to stop. Each takes the deployed project and returns what it found, or raises Failed."""

from __future__ import annotations

import time
from collections import Counter

import containers
import httpx
import modal
from deployed import ANY_TOKEN, Deployed, Failed, need
from prometheus_client.parser import text_string_to_metric_families

STARTING = (502, 503, 504)  # answered while no container is ready
MEMORY = ("gpu_memory_used_bytes", "gpu_memory_reserved_bytes", "gpu_memory_peak_bytes", "gpu_memory_planned_bytes")
ENGINE = {"engine", "version", "attention", "quantization", "dtype", "device", "started_s", "as_planned", "differs"}


def weights(deployed: Deployed) -> str:
    volume = f"{deployed.plan.NAME}-weights"
    done = deployed.run("modal", "volume", "create", volume)
    need(done.returncode == 0 or "exists" in done.stderr + done.stdout, f"no Volume: {done.stderr or done.stdout}")
    deployed.modal("volume", "put", "--force", volume, str(deployed.model), f"/{deployed.model.name}")
    size = sum(file.stat().st_size for file in deployed.model.rglob("*") if file.is_file())
    return f"{size / 1e6:,.0f} MB to {volume}:/{deployed.model.name}"


def deploy(deployed: Deployed) -> str:
    deployed.modal("deploy", "-m", f"{deployed.package}.app")
    deployed.running = True
    url = deployed.module("client.cli").address(None)
    need(url, "cli.address() knows no address of the deployed service")
    deployed.url = url.rstrip("/")
    return deployed.url


def private(deployed: Deployed) -> str:
    statuses = [
        httpx.get(f"{deployed.url}/health", headers=headers).status_code for headers in ({}, {"X-Key": ANY_TOKEN})
    ]
    if deployed.plan.PUBLIC:
        need(401 not in statuses, "plan.PUBLIC is True, yet without a token it answers 401")
        return "PUBLIC: asked for no token"
    need(statuses == [401, 401], f"without a token it answered {statuses}, not 401")
    return "401"


def cold(deployed: Deployed) -> str:
    """The first request of all: nothing runs yet."""
    begun, seen = time.monotonic(), Counter()
    while (status := deployed.get("/health").status_code) in STARTING:
        seen[status] += 1
        need(
            time.monotonic() - begun < deployed.plan.STARTUP_TIMEOUT,
            f"no container in {deployed.plan.STARTUP_TIMEOUT} s",
        )
        time.sleep(0.5)
    need(status == 200, f"/health answered {status}")
    need(seen or deployed.plan.ENGINE != "vllm", "a server that nothing ran for answered at once, without a 503")
    waited = "".join(f"{count} x {code}, then " for code, count in seen.items()) or "held until ready, then "
    return f"{waited}200 after {time.monotonic() - begun:.1f} s"


def own_client(deployed: Deployed) -> str:
    """`python -m package.client`, as the README has it."""
    done = deployed.run(
        f"{deployed.package}.client", deployed.workload.TEXT, "--max-tokens", "32", "--url", deployed.url
    )
    need(
        done.returncode == 0, f"python -m {deployed.package}.client ended with {done.returncode}: {done.stderr[-400:]}"
    )
    need(done.stdout.strip(), "the client printed nothing")
    return " ".join(done.stdout.split())[:70]


def answers(deployed: Deployed) -> str:
    return deployed.workload.answers(deployed)


def models(deployed: Deployed) -> str:
    served = [model["id"] for model in deployed.get("/v1/models").raise_for_status().json()["data"]]
    need(served == [deployed.plan.MODEL], f"/v1/models lists {served}, not {deployed.plan.MODEL}")
    path, body = deployed.workload.request(deployed, 0)
    refused(deployed, path, body | {"model": "somebody/elses"}, 404, "")
    return f"{served[0]}; 404 for another"


def limits(deployed: Deployed) -> str:
    """Each limit is refused with a 4xx that says the limit."""
    path, body = deployed.workload.request(deployed, 0)
    found = [
        refused(
            deployed, path, body | {"padding": "x" * deployed.plan.MAX_BODY_BYTES}, 413, deployed.plan.MAX_BODY_BYTES
        ),
        *(refused(deployed, path, too_much, 400, limit) for too_much, limit in deployed.workload.too_much(deployed)),
    ]
    chunks = (b"x" * 65536 for _ in range(deployed.plan.MAX_BODY_BYTES // 65536 + 2))
    streamed = httpx.post(deployed.url + path, content=chunks, headers=deployed.headers, timeout=60)
    need(streamed.status_code == 413, f"a body in chunks beyond MAX_BODY_BYTES was answered {streamed.status_code}")
    return "; ".join(found)


def refused(deployed: Deployed, path: str, body: dict, status: int, limit: object) -> str:
    """The service's sentence, which has to come with this status, in OpenAI's shape, and name the limit."""
    answer = deployed.post(path, body)
    need(answer.status_code == status, f"{path} answered {answer.status_code}, not {status}: {answer.text[:300]}")
    try:
        message = answer.json()["error"]["message"]
    except (ValueError, KeyError, TypeError):
        raise Failed(f"{path} answered {status} without an error message: {answer.text[:300]}") from None
    need(str(limit) in message.replace(",", ""), f"the {status} of {path} does not name the limit {limit}: {message}")
    return f"{status} {limit}".rstrip()


def metrics(deployed: Deployed) -> str:
    answer = deployed.get("/metrics")
    need(answer.status_code == 200, f"/metrics answered {answer.status_code}")
    families = {family.name: family for family in text_string_to_metric_families(answer.text)}
    missing = [name for name in MEMORY if not (families.get(name) and families[name].samples)]
    need(not missing, f"/metrics lacks {', '.join(missing)}")
    used = families[MEMORY[0]].samples[0]
    need(used.value > 2**26, f"{MEMORY[0]} says {used.value} bytes")
    planned = families[MEMORY[3]].samples[0].value / 2**30
    need(abs(planned - deployed.plan.PREDICTED_PEAK_GIB) < 0.01, f"{MEMORY[3]} is {planned:.2f} GiB, not the plan's")
    own = [name for name in families if not name.startswith(("gpu_memory_", "python_", "process_"))]
    need(own, "/metrics has nothing of the engine's own")
    memory = f"gpu={used.labels['gpu']} uses {used.value / 2**30:.2f} GiB"
    return f"{len(families)} families, {len(own)} of the engine; {memory}"


def engine_and_memory(deployed: Deployed) -> str:
    runs = deployed.get("/engine").raise_for_status().json()
    need(runs.keys() >= ENGINE, f"/engine lacks {', '.join(sorted(ENGINE - runs.keys()))}")
    need(runs["engine"] == deployed.plan.ENGINE, f"/engine says {runs['engine']}, the plan {deployed.plan.ENGINE}")
    need(runs["device"] == "cpu", f"GPU=none, yet /engine says device {runs['device']}")
    state = deployed.get("/memory").raise_for_status().json()
    need(state["planned_gib"] == deployed.plan.PREDICTED_PEAK_GIB, "/memory has another plan than plan.py")
    used, peak = max(state["used_gib"]), state["peak_gib"]
    need(0 < used <= peak, f"/memory says {used} GiB are used and {peak} at the peak")
    what = f"{runs['engine']} {runs['version']}, {runs['attention']}, {runs['dtype']}"
    return f"{what}, started in {runs['started_s']:.0f} s; {state['report']}"


def pool(deployed: Deployed) -> str:
    """Open and close the warm pool from inside Modal, as the schedule does."""
    if not deployed.pool:
        return "left out: --pool plays it where the control plane takes autoscaler updates"
    modal.Function.from_name(deployed.plan.NAME, "open_pool").remote()
    modal.Function.from_name(deployed.plan.NAME, "close_pool").remote()
    return f"{deployed.plan.WARM_CONTAINERS} containers, then {deployed.plan.MIN_CONTAINERS}"


def stop(deployed: Deployed) -> str:
    deployed.modal("app", "stop", "-y", deployed.plan.NAME)
    deployed.running = False
    if not deployed.loopback:
        return "stopped"
    deadline = time.monotonic() + 60
    while (left := containers.running(deployed.plane)) and time.monotonic() < deadline:
        time.sleep(0.2)
    need(not left, f"a minute after `modal app stop` containers still run: {', '.join(left)}")
    return "no container is left"
