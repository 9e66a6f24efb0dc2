"""A running server, as the tests of this folder talk to it."""

import threading
from dataclasses import dataclass, field

import httpx

from {{cookiecutter.__package}}.engine import server

CONTEXT = 256  # tokens, of the tiny model's server


@dataclass
class Served:
    """A server, where it answers, what it said of itself, and whether its guard has ended the container."""

    process: server.Process
    url: str
    runs: dict
    ended: threading.Event = field(default_factory=threading.Event)

    def post(self, path: str, body: object) -> httpx.Response:
        return httpx.post(self.url + path, json=body, timeout=60)

    def get(self, path: str) -> httpx.Response:
        return httpx.get(self.url + path, timeout=60)
