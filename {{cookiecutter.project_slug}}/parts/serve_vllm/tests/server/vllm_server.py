"""A running server, as the tests of this folder talk to it."""

import threading
from dataclasses import dataclass, field

import httpx2

from {{cookiecutter.__package}}.engine import server

CONTEXT = 256  # tokens, of the tiny model's server


@dataclass
class Served:
    """A server, its address, what it answered on /engine, and whether it has ended the container."""

    vllm: server.Server
    url: str
    engine: dict
    ended: threading.Event = field(default_factory=threading.Event)

    def post(self, path: str, body: object) -> httpx2.Response:
        return httpx2.post(self.url + path, json=body, timeout=60)

    def get(self, path: str) -> httpx2.Response:
        return httpx2.get(self.url + path, timeout=60)
