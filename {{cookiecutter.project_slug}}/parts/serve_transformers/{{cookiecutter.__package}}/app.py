"""The Modal app: an OpenAI-compatible service for one model, on transformers.

modal run -m {{cookiecutter.__package}}.app::main    try it
modal deploy -m {{cookiecutter.__package}}.app       keep it
"""

import modal
import modal.experimental

from . import hardware, image, plan, storage, warm_pool
from .monitoring import gpu_memory

with image.SERVE.imports():
    from fastapi import FastAPI

    from .api import web
    from .engine import server

HOURS = 60 * 60  # seconds
SNAPSHOT = plan.MEMORY_SNAPSHOT or plan.GPU_SNAPSHOT  # the second needs the first
MOST_INPUTS = 1000  # of one container at once (unmeasured estimate: Modal's documentation names no limit)

app = modal.App(plan.NAME)


@app.function(image=image.FETCH, volumes={storage.WEIGHTS: storage.weights}, secrets=storage.secrets, timeout=4 * HOURS)
def fetch() -> None:
    """Bring the weights to the Volume, once, on a CPU: a GPU never waits for a download."""
    print(storage.pin(plan.REVISION, storage.fetch(plan.MODEL, plan.REVISION)))
    storage.weights.commit()


@app.cls(
    image=image.SERVE,
    gpu=hardware.MODAL_GPU,
    cpu=hardware.CPU,
    memory=hardware.MEMORY_MIB,
    env=hardware.ENV | storage.OFFLINE,
    volumes={storage.WEIGHTS: storage.weights, storage.CACHE: storage.cache},
    region=plan.REGION or None,
    min_containers=plan.MIN_CONTAINERS,
    buffer_containers=plan.BUFFER_CONTAINERS,
    max_containers=plan.MAX_CONTAINERS,
    scaledown_window=plan.SCALEDOWN_WINDOW,
    startup_timeout=plan.STARTUP_TIMEOUT,
    timeout=1 * HOURS,  # of one request: the longest answer under load takes minutes
    enable_memory_snapshot=SNAPSHOT,
    experimental_options={"enable_gpu_snapshot": plan.GPU_SNAPSHOT},
)
@modal.concurrent(
    # What runs and what waits, and room for /health and for what gets a 503; Modal keeps the rest in its own queue
    max_inputs=min(2 * plan.CONCURRENCY + plan.MAX_WAITING, MOST_INPUTS),
    target_inputs=plan.TARGET_CONCURRENCY,
)
class Server:
    @modal.enter(snap=SNAPSHOT)  # before a snapshot is taken, where one is
    def prepare(self) -> None:
        self.clock = web.StartupClock()
        server.Engine.prepare(storage.located(plan.MODEL, plan.REVISION))

    @modal.enter(snap=False)
    def watch(self) -> None:
        self.clock.after_snapshot()
        self.memory = gpu_memory.Monitor().start()

    @modal.enter(snap=plan.GPU_SNAPSHOT)  # nothing touches the GPU before this
    def load(self) -> None:
        gpu_memory.record_snapshots(f"{storage.CACHE}/oom")
        folder = storage.located(plan.MODEL, plan.REVISION)
        # After a fatal error no new request is taken here: Modal starts another container for what comes
        stop_requests = modal.experimental.stop_fetching_inputs
        self.engine = server.Engine(folder, gpus=hardware.GPUS, on_fatal_error=stop_requests)

    @modal.enter(snap=False)
    def report(self) -> None:
        print(self.memory.report())
        self.started_s = self.clock.seconds()

    @modal.method()
    async def answer(self, texts: list[str]) -> list:
        """For callers inside Modal: `modal.Cls.from_name(NAME, "Server")().answer.remote(["..."])`."""
        return await self.engine.answer(texts)

    @modal.asgi_app(requires_proxy_auth=not plan.PUBLIC)  # private: clients send a proxy token
    def web(self) -> "FastAPI":
        return web.api(self.engine, self.memory, self.started_s)

    @modal.exit()
    def stop(self) -> None:
        self.engine.close()
        self.memory.stop()


@app.function(image=image.FETCH, schedule=warm_pool.OPENS)
def open_pool() -> None:
    """Keep containers warm; on the schedule of plan.py, where it has one."""
    warm_pool.resize(plan.WARM_CONTAINERS)


@app.function(image=image.FETCH, schedule=warm_pool.CLOSES)
def close_pool() -> None:
    """Let them go again."""
    warm_pool.resize(plan.MIN_CONTAINERS)


@app.local_entrypoint()
def main(prompt: str = "In two sentences: why does a GPU need a KV cache?") -> None:
    """Fetch the weights, wait for a container, ask one question, and compare what was measured with the plan."""
    from .client import Client, cli

    fetch.remote()
    url = Server().web.get_web_url()  # ty: ignore[not-callable]  # modal's types lose the class under @modal.concurrent
    cli.ask_and_compare(Client(url), prompt)


@app.local_entrypoint()
def coldstart() -> None:
    """Fetch the weights, start the first container of this fresh app, and print each phase beside the plan."""
    from .client import cold_start

    fetch.remote()
    cold_start.measure(Server().web.get_web_url())  # ty: ignore[not-callable]
