"""A baked project on a Modal control plane: its commands as a person types them, what its Volume holds, its steps."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import modal.config

PATIENCE_S = 3600.0  # for one command


class Failed(Exception):
    """A step that did not hold. The text says what was wrong."""


def need(holds: object, otherwise: str) -> None:
    """Failed with the sentence `otherwise` unless it holds."""
    if not holds:
        raise Failed(otherwise)


@dataclass
class Baked:
    """The project, its plan, and the control plane."""

    project: Path
    model: Path  # the folder of weights that it was baked for
    plane: str
    tasks: tuple[str, ...] = ("batch",)  # of which it must be one
    plan: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        plans = list(self.project.glob("*/plan.py"))
        need(len(plans) == 1, f"{self.project} is no baked project: it has no package with a plan.py")
        self.plan_file, self.package = plans[0], plans[0].parent.name
        self.read()
        need(self.plan["TASK"] in self.tasks, f"{self.project} is no {' or '.join(self.tasks)} project")
        baked = Path(self.plan["MODEL"]).name
        need(baked == self.model.name, f"{self.project.name} was baked for {baked}, not {self.model.name}")

    def read(self) -> None:
        text = self.plan_file.read_text(encoding="utf-8")
        self.plan = dict(re.findall(r'^([A-Z_]+)(?:: [^=]+)? = "?([^"\n#]*?)"?(?:  #.*)?$', text, re.M))

    def edit(self, **constants: object) -> None:
        """Change constants of plan.py, as its owner would."""
        text = self.plan_file.read_text(encoding="utf-8")
        for name, value in constants.items():
            pattern = rf"^({name}(?:: [^=\n]+)? = )(?:\"[^\"]*\"|[^\n#]*?)(  #|$)"
            text, found = re.subn(pattern, lambda match: f"{match[1]}{value!r}{match[2]}", text, flags=re.M)  # noqa: B023
            need(found == 1, f"{self.plan_file} has {found} lines of {name}")
        self.plan_file.write_text(text, encoding="utf-8")
        self.read()

    @property
    def loopback(self) -> bool:
        """Whether the containers are processes of this machine."""
        return urlsplit(self.plane).hostname in ("127.0.0.1", "localhost", "::1")

    def one_core_each(self) -> None:
        """Containers on this machine share its cores: each gets one, or threads wait for each other for minutes."""
        file = self.plan_file.with_name("hardware.py")
        threads = '{"GPU": GPU, "OMP_NUM_THREADS": "1", "VLLM_CPU_OMP_THREADS_BIND": "1"}'
        file.write_text(file.read_text(encoding="utf-8").replace('{"GPU": GPU}', threads), encoding="utf-8")

    @property
    def env(self) -> dict[str, str]:
        return os.environ | {"GPU": "none", "COLUMNS": "200", "TQDM_DISABLE": "1"}

    def volume(self, kind: str) -> str:
        return f"{self.plan['NAME']}-{kind}"

    def run(self, *command: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """`python -m COMMAND` in the project. Failed with its last words where it fails."""
        done = subprocess.run(
            [sys.executable, "-m", *command],
            cwd=self.project,
            env=self.env,
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
            check=False,
        )
        if check:
            last = " ".join((done.stdout + done.stderr).split())[-1200:]
            need(done.returncode == 0, f"`{' '.join(command)}` ended with {done.returncode}: {last}")
        return done

    def batch(self, *arguments: str, check: bool = True) -> str:
        """What the project's own command prints."""
        done = self.run(self.package, *arguments, check=check)
        return done.stdout + done.stderr

    def started(self, *arguments: str, check: bool = True) -> tuple[str, str]:
        """What `run` prints, and the name of its job."""
        said = self.batch(*arguments, check=check)
        found = re.search(r"^job (\S+) runs on Modal", said, re.M)
        if not found:
            raise Failed(f"`run` started no job: {said}")
        return said, found[1]

    def modal(self, *arguments: str, check: bool = True) -> str:
        return self.run("modal", *arguments, check=check).stdout

    def job(self, name: str) -> dict[str, Any]:
        """The manifest of a job."""
        to = self.project / "manifest.json"
        self.modal("volume", "get", "--force", self.volume("results"), f"/jobs/{name}/manifest.json", str(to))
        return json.loads(to.read_text(encoding="utf-8"))

    def listed(self, folder: str) -> list[str]:
        """Names in a folder of the Volume of results."""
        found = json.loads(self.modal("volume", "ls", self.volume("results"), folder, "--json"))
        return sorted(Path(entry["filename"]).name for entry in found)

    def ended(self, job: str) -> str:
        """The status of a job once nothing of it is left to do. Failed where it does not come to that."""
        until = time.monotonic() + PATIENCE_S
        while time.monotonic() < until:
            said = self.batch("status", "--job", job)
            if ", 0 to go" in said:
                return said
            time.sleep(5)
        raise Failed(f"the job does not end: {said}")


def opened(project: Path, model: Path, tasks: tuple[str, ...] = ("batch",)) -> Baked:
    """The project on the control plane of the environment. Failed says what is missing."""
    settings = modal.config.config
    need(
        settings.get("token_id"),
        "there is no Modal control plane to rehearse on: log in with `modal setup`, or point to one of your own with "
        "MODAL_SERVER_URL, MODAL_TOKEN_ID and MODAL_TOKEN_SECRET",
    )
    need((model / "config.json").is_file(), f"{model} is no folder of weights: it has no config.json")
    return Baked(project.resolve(), model.resolve(), str(settings.get("server_url")), tasks)


def played(steps: Sequence[tuple[str, Callable[[Any], str]]], play: object, only: Sequence[str]) -> int:
    """Every step in turn that has one of these words in its name: what it took, and what it found of `play`.

    1 at the first that fails, which is the last to be played.
    """
    begun, chosen = time.monotonic(), [step for step in steps if any(words in step[0] for words in only)]
    for name, step in chosen:
        before = time.monotonic()
        try:
            result, found = "ok", step(play)
        except Failed as failed:
            result, found = "FAIL", str(failed)
        print(f"{result:6}{name:26}{time.monotonic() - before:7.1f} s  {' '.join(found.split())}", flush=True)
        if result == "FAIL":
            return 1
    print(f"all {len(chosen)} steps in {time.monotonic() - begun:.0f} s")
    return 0
