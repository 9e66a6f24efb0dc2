"""The Modal app: an OpenAI-compatible service for one model, on transformers with continuous batching.

modal run -m {{cookiecutter.__package}}.app       try it
modal deploy -m {{cookiecutter.__package}}.app    keep it
"""

import modal

from . import hardware, image, memory, plan, storage

with image.SERVE.imports():
    from fastapi import FastAPI

    from . import engine, web

HOURS = 60 * 60  # seconds

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
    min_containers=plan.MIN_CONTAINERS,
    buffer_containers=plan.BUFFER_CONTAINERS,
    max_containers=plan.MAX_CONTAINERS,
    scaledown_window=plan.SCALEDOWN_WINDOW,
    startup_timeout=plan.STARTUP_TIMEOUT,
)
@modal.concurrent(max_inputs=plan.CONCURRENCY)
class Server:
    @modal.enter()
    def load(self) -> None:
        self.memory = memory.Monitor().start()
        self.engine = engine.Engine(storage.located(plan.MODEL, plan.REVISION), gpus=hardware.GPUS)
        print(self.memory.report())

    @modal.method()
    async def generate(self, prompt: str, max_tokens: int | None = None) -> str:
        """For callers inside Modal: `modal.Cls.from_name(...)().generate.remote("...")`."""
        return await self.engine.complete(prompt, max_tokens)

    @modal.asgi_app(requires_proxy_auth=True)  # private: clients send a proxy token
    def web(self) -> "FastAPI":
        return web.api(self.engine, self.memory)

    @modal.exit()
    def stop(self) -> None:
        self.engine.close()
        self.memory.stop()


@app.local_entrypoint()
def main(prompt: str = "In two sentences: why does a GPU need a KV cache?") -> None:
    """Fetch the weights, wait for a container, ask one question, and compare what was measured with the plan."""
    from . import client

    fetch.remote()
    url = Server().web.get_web_url()  # ty: ignore[not-callable]  # modal's types lose the class under @modal.concurrent
    client.demonstrate(client.Client(url), prompt)
