"""A deployed project and how requests reach it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import httpx
import modal
import openai
from control_plane.containers import Container

from e2e.on_modal import OnModal
from e2e.workloads import Workload

TOKEN = "MODAL_PROXY_TOKEN"
PATIENCE_S = 600.0  # for one request: many share this machine's cores
STARTING = (502, 503, 504)  # answered while no container is ready
CONTEXT = {"generation": "512", "embedding": "256", "classification": "256"}


@dataclass
class Service:
    """A deployed project and its address."""

    app: OnModal
    workload: Workload
    token: str
    url: str = ""
    seen: list[int] = field(default_factory=list)  # statuses until the first container was ready

    @property
    def plan(self) -> dict[str, Any]:
        return self.app.plan

    @property
    def weights(self) -> str:
        return str(self.app.weights)

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}

    def find(self) -> None:
        """Ask Modal for the address of the deployed app."""
        name, plane = self.plan["NAME"], self.app.plane
        with plane.client() if plane else modal.Client.from_env() as client:
            if self.plan["ENGINE"] == "vllm":
                url = modal.Server.from_name(name, "Server", client=client).get_url()
            else:
                url = modal.Cls.from_name(name, "Server", client=client)().web.get_web_url()
        self.url = str(url).rstrip("/")

    def post(self, path: str, body: object) -> httpx.Response:
        return httpx.post(self.url + path, json=body, headers=self.headers, timeout=PATIENCE_S, follow_redirects=True)

    def get(self, path: str) -> httpx.Response:
        return httpx.get(self.url + path, headers=self.headers, timeout=PATIENCE_S, follow_redirects=True)

    def client_of_openai(self) -> openai.OpenAI:
        return openai.OpenAI(base_url=f"{self.url}/v1", api_key=self.token, timeout=PATIENCE_S, max_retries=0)

    def short(self, number: int) -> dict[str, Any]:
        return self.workload.body(self, number)

    def refused(self, body: dict[str, Any], status: int, limit: object = "") -> None:
        """AssertionError unless a request is refused with this status, in OpenAI's shape, and the limit is named."""
        answer = self.post(self.workload.path, body)
        assert answer.status_code == status, answer.text
        assert str(limit) in answer.json()["error"]["message"].replace(",", "")

    def client(self) -> str:
        """Return the output of the project's own client, which waits for a container and finds the address."""
        words = (f"{self.app.project.package}.client", self.workload.text, "--max-tokens", "32")
        return self.app.run(*words, **{TOKEN: self.token}).stdout.strip()

    def answers_again(self, but: list[Container]) -> None:
        """AssertionError unless it answers its client, and from another container than these."""
        assert self.client()
        assert set(self.app.containers("Server")) - set(but)
