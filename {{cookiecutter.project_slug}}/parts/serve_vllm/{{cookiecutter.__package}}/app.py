"""The Modal app: an HTTP server for one model, on vLLM.

modal run -m {{cookiecutter.__package}}.app       try it
modal deploy -m {{cookiecutter.__package}}.app    keep it
"""

import modal

from . import extra_weights, hardware, image, plan, storage, warm_pool
from .engine import options, server

HOURS = 60 * 60  # seconds

app = modal.App(plan.NAME)


@app.function(image=image.FETCH, volumes={storage.WEIGHTS: storage.weights}, secrets=storage.secrets, timeout=4 * HOURS)
def fetch() -> None:
    """Bring the weights to the Volume, once, on a CPU: a GPU never waits for a download."""
    print(storage.pin(plan.REVISION, storage.fetch(plan.MODEL, plan.REVISION)))
    for line in extra_weights.fetch():
        print(line)
    storage.weights.commit()


@app.server(
    image=image.SERVE,
    gpu=hardware.MODAL_GPU,
    cpu=hardware.CPU,
    memory=hardware.MEMORY_MIB,
    env=hardware.ENV | storage.OFFLINE,
    volumes={storage.WEIGHTS: storage.weights, storage.CACHE: storage.cache},
    compute_region=plan.REGION or None,
    port=options.PORT,
    target_concurrency=plan.TARGET_CONCURRENCY,
    min_containers=plan.MIN_CONTAINERS,
    buffer_containers=plan.BUFFER_CONTAINERS,
    max_containers=plan.MAX_CONTAINERS,
    scaledown_window=plan.SCALEDOWN_WINDOW,
    startup_timeout=plan.STARTUP_TIMEOUT,
    exit_grace_period=options.DRAIN_S,  # running requests end
    unauthenticated=plan.PUBLIC,  # private: clients send a proxy token
    enable_memory_snapshot=options.snapshots(),
    experimental_options={"enable_gpu_snapshot": options.snapshots()},
)
class Server:
    @modal.enter(snap=options.snapshots())  # before a snapshot is taken, where one is
    def start(self) -> None:
        model = storage.located(plan.MODEL, plan.REVISION)
        self.vllm = server.Server(
            model,
            gpus=hardware.GPUS,
            adapters=extra_weights.adapter_folders(),
            speculative=extra_weights.speculative(),
            snapshots_in=f"{storage.CACHE}/oom",
        )
        self.vllm.wait_until_ready(plan.STARTUP_TIMEOUT - 10)  # so that the log has the reason before Modal gives up
        self.vllm.sleep()

    @modal.enter(snap=False)  # after it, in every container that starts
    def go_on(self) -> None:
        self.vllm.wake()
        self.vllm.watch()

    @modal.exit()
    def stop(self) -> None:
        self.vllm.stop()


@app.function(image=image.FETCH, schedule=warm_pool.OPENS)
def open_pool() -> None:
    """Keep containers warm from now on; runs at the times of plan.WARM_FROM."""
    warm_pool.resize(plan.WARM_CONTAINERS)


@app.function(image=image.FETCH, schedule=warm_pool.CLOSES)
def close_pool() -> None:
    """Back to what runs outside of these hours."""
    warm_pool.resize(plan.MIN_CONTAINERS)


@app.local_entrypoint()
def main(prompt: str = "In two sentences: why does a GPU need a KV cache?") -> None:
    """Fetch the weights, wait for a container, ask one question, and compare what was measured with the plan."""
    from .client import Client, cli

    fetch.remote()
    cli.ask_and_compare(Client(Server.get_url()), prompt)


@app.local_entrypoint()
def coldstart() -> None:
    """Fetch the weights, then time the way from the first request to a container that answers, beside the plan."""
    from .client import cold_start

    fetch.remote()
    cold_start.measure(Server.get_url())
