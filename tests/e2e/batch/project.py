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


def require(holds: object, otherwise: str) -> None:
    """Failed with the sentence `otherwise` unless it holds."""
    if not holds:
        raise Failed(otherwise)


@dataclass
class Project:
    """The project, its plan, and the control plane."""

    folder: Path
    model: Path  # the folder of weights that it was baked for
    plane: str
    tasks: tuple[str, ...] = ("batch",)  # of which it must be one
    plan: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        plans = list(self.folder.glob("*/plan.py"))
        require(len(plans) == 1, f"{self.folder} is no baked project: it has no package with a plan.py")
        self.plan_file, self.package = plans[0], plans[0].parent.name
        self.read()
        require(self.plan["TASK"] in self.tasks, f"{self.folder} is no {' or '.join(self.tasks)} project")
        baked = Path(self.plan["MODEL"]).name
        require(baked == self.model.name, f"{self.folder.name} was baked for {baked}, not {self.model.name}")

    def read(self) -> None:
        text = self.plan_file.read_text(encoding="utf-8")
        self.plan = dict(re.findall(r'^([A-Z_]+)(?:: [^=]+)? = "?([^"\n#]*?)"?(?:  #.*)?$', text, re.M))

    def edit(self, **constants: object) -> None:
        """Change constants of plan.py, as its owner would."""
        text = self.plan_file.read_text(encoding="utf-8")
        for name, value in constants.items():
            pattern = rf"^({name}(?:: [^=\n]+)? = )(?:\"[^\"]*\"|[^\n#]*?)(  #|$)"
            text, found = re.subn(pattern, lambda match: f"{match[1]}{value!r}{match[2]}", text, flags=re.M)  # noqa: B023
            require(found == 1, f"{self.plan_file} has {found} lines of {name}")
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
            cwd=self.folder,
            env=self.env,
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
            check=False,
        )
        if check:
            last = " ".join((done.stdout + done.stderr).split())[-1200:]
            require(done.returncode == 0, f"`{' '.join(command)}` ended with {done.returncode}: {last}")
        return done

    def command(self, *arguments: str, check: bool = True) -> str:
        """What the project's own command prints."""
        done = self.run(self.package, *arguments, check=check)
        return done.stdout + done.stderr

    def started(self, *arguments: str, check: bool = True) -> tuple[str, str]:
        """What `run` prints, and the name of its job."""
        output = self.command(*arguments, check=check)
        found = re.search(r"^job (\S+) runs on Modal", output, re.M)
        if not found:
            raise Failed(f"`run` started no job: {output}")
        return output, found[1]

    def modal(self, *arguments: str, check: bool = True) -> str:
        return self.run("modal", *arguments, check=check).stdout

    def job(self, name: str) -> dict[str, Any]:
        """The manifest of a job."""
        to = self.folder / "manifest.json"
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
            output = self.command("status", "--job", job)
            if ", 0 to go" in output:
                return output
            time.sleep(5)
        raise Failed(f"the job does not end: {output}")


def open_project(project: Path, model: Path, tasks: tuple[str, ...] = ("batch",)) -> Project:
    """The project on the control plane of the environment. Failed says what is missing."""
    settings = modal.config.config
    require(
        settings.get("token_id"),
        "there is no Modal control plane to run on: log in with `modal setup`, or point to one of your own with "
        "MODAL_SERVER_URL, MODAL_TOKEN_ID and MODAL_TOKEN_SECRET",
    )
    require((model / "config.json").is_file(), f"{model} is no folder of weights: it has no config.json")
    return Project(project.resolve(), model.resolve(), str(settings.get("server_url")), tasks)


def run_steps(steps: Sequence[tuple[str, Callable[[Any], str]]], run: object, only: Sequence[str]) -> int:
    """Every step in turn that has one of these words in its name: print what it took and what it found of `run`.

    Returns 1 at the first that fails, which is the last to run; else 0.
    """
    begun, chosen = time.monotonic(), [step for step in steps if any(words in step[0] for words in only)]
    for name, step in chosen:
        before = time.monotonic()
        try:
            result, found = "ok", step(run)
        except Failed as failed:
            result, found = "FAIL", str(failed)
        print(f"{result:6}{name:26}{time.monotonic() - before:7.1f} s  {' '.join(found.split())}", flush=True)
        if result == "FAIL":
            return 1
    print(f"all {len(chosen)} steps in {time.monotonic() - begun:.0f} s")
    return 0
