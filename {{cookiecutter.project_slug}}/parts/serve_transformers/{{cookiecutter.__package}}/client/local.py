"""Answer on this machine with the server that runs in the container."""

import socket
import sys
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager

import torch
import transformers
import uvicorn

from ..api import web
from ..engine.server import Engine
from ..monitoring.gpu_memory import Monitor
from . import cli
from .client import Answer, Client, Embeddings, Labels


def answer(model: str, text: str, max_tokens: int) -> Answer | Embeddings | Labels:
    """Print the reply of `model`, a folder or a hub id, and return it. Says on stderr which engine answers."""
    print(f"engine: transformers {transformers.__version__} with {model}", file=sys.stderr)
    engine = Engine(model, gpus=int(torch.cuda.is_available()))
    try:
        with served(engine, Monitor(log=None)) as url:
            return cli.ask(Client(url), text, max_tokens)
    finally:
        engine.close()


@contextmanager
def served(engine: Engine, monitor: Monitor) -> Generator[str]:
    """Yield the address, on this machine, of the web application around `engine`."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(web.api(engine, monitor), log_level="warning"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        while not server.started and thread.is_alive():
            time.sleep(0.01)
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join()
