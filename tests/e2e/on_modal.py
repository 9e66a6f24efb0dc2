"""A baked project on a Modal control plane: its commands as a person types them, its Volumes, its containers."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest
from bake import Project, run
from control_plane import ControlPlane
from control_plane.containers import Container
from terminal import INSTEAD, Terminal, installed
from waiting import until


@dataclass
class OnModal:
    """`weights` is the folder that the project was baked for; `plane` is None for a Modal account."""

    project: Project
    weights: Path
    plane: ControlPlane | None

    @property
    def plan(self) -> dict[str, Any]:
        return self.project.plan

    def run(self, *words: str, check: bool = True, **env: str) -> subprocess.CompletedProcess[str]:
        """`python -m WORDS` in the project."""
        env = self.environment | env
        return run(sys.executable, "-m", *words, cwd=self.project.root, check=check, **env)

    @property
    def environment(self) -> dict[str, str]:
        """Variables that lead a client to the control plane, and the containers to CPUs."""
        here = self.plane.environment if self.plane else {}
        return {"GPU": "none", "COLUMNS": "200", "TQDM_DISABLE": "1", "PYTHONDONTWRITEBYTECODE": "1"} | here

    def command(self, *arguments: str, ends: int = 0) -> str:
        """Run the project's own command and return both streams. AssertionError where it ends with another status."""
        done = self.run(self.project.package, *arguments, check=False)
        output = done.stdout + done.stderr
        assert done.returncode == ends, f"`{' '.join(arguments)}` ended with {done.returncode}, not {ends}: {output}"
        return output

    def refused(self, *arguments: str) -> str:
        """The one sentence with which a command refuses."""
        *_, last = self.command(*arguments, ends=1).strip().splitlines()
        assert last.startswith("error: "), f"`{' '.join(arguments)}` ended without a sentence: {last}"
        return last

    def terminal(self, **env: str) -> Terminal:
        """One in the project, where make finds everything installed."""
        installed(self.project.root / ".venv", ".installed")
        return Terminal(self.project.root, INSTEAD, self.environment | env)

    def modal(self, *arguments: str, check: bool = True) -> str:
        """Run `modal ...` and return its output."""
        return self.run("modal", *arguments, check=check).stdout

    def deploy(self) -> None:
        self.modal("deploy", "-m", f"{self.project.package}.app")

    def stop(self) -> None:
        """Stop the app, and wait until no container is left."""
        self.modal("app", "stop", "-y", str(self.plan["NAME"]))
        if plane := self.plane:
            until(lambda: not plane.containers(), pause_s=0.2)

    # Volumes

    def volume(self, kind: str) -> str:
        return f"{self.plan['NAME']}-{kind}"

    def upload_weights(self) -> None:
        volume = self.volume("weights")
        self.modal("volume", "create", volume, check=False)
        self.modal("volume", "put", "--force", volume, str(self.weights), f"/{self.weights.name}")

    def download(self, kind: str, path: str) -> Path:
        """A file or folder of a Volume, brought here."""
        to = self.project.root / "fetched"
        to.mkdir(exist_ok=True)  # or the files of a folder would be written over each other
        self.modal("volume", "get", "--force", self.volume(kind), path, str(to))
        return to / Path(path).name

    def listed(self, kind: str, folder: str) -> list[str]:
        """Names in a folder of a Volume."""
        found = json.loads(self.modal("volume", "ls", self.volume(kind), folder, "--json"))
        return sorted(Path(entry["filename"]).name for entry in found)

    # Containers

    def containers(self, function: str = "") -> list[Container]:
        """Those that run, of all functions or of one. Skips the test on a Modal account."""
        if self.plane is None:
            pytest.skip("only a control plane on this machine has containers that can be killed")
        every = self.plane.containers()
        return [one for one in every if not function or one.name.partition(".")[0] == function]

    def mounted(self, container: Container, kind: str) -> Path | None:
        """A container's own copy of a Volume, with what it has not committed yet."""
        return self.plane.mounted(container).get(self.volume(kind)) if self.plane else None

    def one_core_each(self) -> None:
        """Containers here share the cores: each gets one, or threads wait for each other for minutes."""
        if self.plane is None:
            return
        file = self.project.plan_file.with_name("hardware.py")
        threads = '{"GPU": GPU, "OMP_NUM_THREADS": "1", "VLLM_CPU_OMP_THREADS_BIND": "1"}'
        text = file.read_text(encoding="utf-8")
        assert text.count('{"GPU": GPU}') == 1
        file.write_text(text.replace('{"GPU": GPU}', threads), encoding="utf-8")


def kill_engine(container: Container) -> bool:
    """End only the engine where it is a process of its own, the one with the most memory; whether it is."""
    first, *below = container.processes()
    largest = max([first, *below], key=lambda process: process.memory_info().rss)
    if largest == first:
        return False
    largest.kill()
    psutil.wait_procs([largest], 5)
    return True
