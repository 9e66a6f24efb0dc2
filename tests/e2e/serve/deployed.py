"""A baked project on a control plane: its plan, its commands, and requests to its service."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import modal.config

TOKEN = "MODAL_PROXY_TOKEN"
ANY_TOKEN = "wk-e2e.ws-e2e"  # a control plane on this machine takes any
PATIENCE = 900.0  # seconds for one request; 200 of them share this machine's cores


class Failed(Exception):
    """A step that did not hold. The text says what was wrong."""


def need(holds: object, otherwise: str) -> None:
    """Failed with the sentence `otherwise` unless it holds."""
    if not holds:
        raise Failed(otherwise)


@dataclass
class Deployed:
    """One baked project on one control plane."""

    project: Path
    package: str
    model: Path  # the folder of weights on this machine
    plan: Any  # the project's plan.py
    plane: str  # address of the control plane
    token: str
    requests: int
    pool: bool
    workload: Any  # the module of workloads/ with its requests and checks
    url: str = ""
    running: bool = False

    @property
    def loopback(self) -> bool:
        """Whether the containers are processes of this machine."""
        return urlsplit(self.plane).hostname in ("127.0.0.1", "localhost", "::1")

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}

    def run(self, *command: str, **env: str) -> subprocess.CompletedProcess[str]:
        """A command of this Python's in the project, as a person would give it there. Its streams are text."""
        return subprocess.run(
            [sys.executable, "-m", *command],
            cwd=self.project,
            env=os.environ | {TOKEN: self.token, "GPU": "none", "COLUMNS": "200"} | env,
            capture_output=True,
            text=True,
            check=False,
        )

    def modal(self, *arguments: str) -> str:
        """What `modal ...` prints. Failed with its last words where it fails."""
        done = self.run("modal", *arguments)
        last = " ".join((done.stderr or done.stdout).split())[-400:]
        need(done.returncode == 0, f"`modal {' '.join(arguments)}` ended with {done.returncode}: {last}")
        return done.stdout

    def module(self, name: str) -> Any:
        """A module of the project's package."""
        return importlib.import_module(f"{self.package}.{name}")

    def post(self, path: str, body: object, timeout: float = PATIENCE) -> httpx.Response:
        return httpx.post(self.url + path, json=body, headers=self.headers, timeout=timeout, follow_redirects=True)

    def get(self, path: str) -> httpx.Response:
        return httpx.get(self.url + path, headers=self.headers, timeout=PATIENCE, follow_redirects=True)

    def clear(self) -> None:
        """Leave no app behind, whatever happened."""
        if self.running:
            self.run("modal", "app", "stop", "-y", self.plan.NAME)


def open_project(project: Path, model: Path, requests: int, pool: bool) -> Deployed:
    """Open a project. Failed says what is missing: the project, the weights, a control plane, a token."""
    plans = list(project.glob("*/plan.py"))
    need(len(plans) == 1, f"{project} is no baked project: it has no package with a plan.py")
    need((model / "config.json").is_file(), f"{model} is no folder of weights: it has no config.json")
    os.environ.setdefault("TQDM_DISABLE", "1")  # of the model alone: its progress would be printed between the steps
    settings = modal.config.config
    plane = str(settings.get("server_url"))
    need(
        settings.get("token_id"),
        "there is no Modal control plane to run on: log in with `modal setup`, or point to one of your own with "
        "MODAL_SERVER_URL, MODAL_TOKEN_ID and MODAL_TOKEN_SECRET",
    )
    os.environ["GPU"] = "none"  # before the package is imported, so that this process agrees with the containers
    sys.path.insert(0, str(project))
    package = plans[0].parent.name
    plan = importlib.import_module(f"{package}.plan")
    need(getattr(plan, "TASK", "") == "serve", f"{project} is no serve project")
    need(
        Path(plan.MODEL).name == model.name,
        f"{project.name} was baked for {plan.MODEL}: give its folder, or bake with model_id={model}",
    )
    workload = importlib.import_module(f"workloads.{plan.WORKLOAD}")
    deployed = Deployed(project, package, model, plan, plane, os.environ.get(TOKEN, ""), requests, pool, workload)
    if not deployed.token:
        need(deployed.loopback or plan.PUBLIC, f"the service will be private: put a proxy token into {TOKEN}")
        deployed.token = ANY_TOKEN
    os.environ[TOKEN] = deployed.token
    return deployed
