"""The Modal app: an OpenAI-compatible server for one model, on vLLM.

modal run -m {{cookiecutter.__package}}.app       try it
modal deploy -m {{cookiecutter.__package}}.app    keep it
"""

import modal

from . import engine, hardware, image, plan, storage

HOURS = 60 * 60  # seconds

app = modal.App(plan.NAME)


@app.function(image=image.FETCH, volumes={storage.WEIGHTS: storage.weights}, secrets=storage.secrets, timeout=4 * HOURS)
def fetch() -> None:
    """Bring the weights to the Volume, once, on a CPU: a GPU never waits for a download."""
    print(storage.pin(plan.REVISION, storage.fetch(plan.MODEL, plan.REVISION)))
    storage.weights.commit()


@app.server(
    image=image.SERVE,
    gpu=hardware.MODAL_GPU,
    cpu=hardware.CPU,
    memory=hardware.MEMORY_MIB,
    env=hardware.ENV | storage.OFFLINE,
    volumes={storage.WEIGHTS: storage.weights, storage.CACHE: storage.cache},
    port=engine.PORT,
    target_concurrency=plan.CONCURRENCY,
    min_containers=plan.MIN_CONTAINERS,
    buffer_containers=plan.BUFFER_CONTAINERS,
    max_containers=plan.MAX_CONTAINERS,
    scaledown_window=plan.SCALEDOWN_WINDOW,
    startup_timeout=plan.STARTUP_TIMEOUT,
    unauthenticated=False,  # private: clients send a proxy token
)
class Server:
    @modal.enter()
    def start(self) -> None:
        self.vllm = engine.Process(storage.located(plan.MODEL, plan.REVISION), gpus=hardware.GPUS)
        self.vllm.wait(plan.STARTUP_TIMEOUT - 10)  # so that the log says why before Modal gives up

    @modal.exit()
    def stop(self) -> None:
        self.vllm.stop()


@app.local_entrypoint()
def main(prompt: str = "In two sentences: why does a GPU need a KV cache?") -> None:
    """Fetch the weights, wait for a container, ask one question, and compare what was measured with the plan."""
    from . import client

    fetch.remote()
    client.demonstrate(client.Client(Server.get_url()), prompt)
