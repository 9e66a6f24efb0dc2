"""Terminals for the tests: commands as a document has them, typed into bash in a project or a copy of the template."""

from __future__ import annotations

import os
import pty
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from bake import ROOT, Project, git
from control_plane import ControlPlane, listening
from hub import SHA
from modal_rates import RATES

PATIENCE_S = 600
# What a document leaves open, and what is typed in its place; a name in capitals is set by the test
INSTEAD = {
    "gh:ORG/modal-gpu-template": "$TEMPLATE",
    "git+https://github.com/ORG/modal-gpu-template": "git+file://$TEMPLATE",
    "gpu-plan compare ...": "gpu-plan compare Qwen/Qwen3-8B",
    "ORG/NAME": "acme/foo",
    "COMMIT": SHA,
    "path/to/folder": "tests/data/local_model",
    "folder-or-hub-id": "$SMALL",
    "tune --local": "tune --local --model $MODEL",  # whose default is on the hub
    "https://...": "$SERVICE",
    "--concurrency 32 --seconds 30": "--concurrency 4 --seconds 1 --tokens 64",  # one container carries them
}
STAYS = re.compile(r"(export|alias|\.|cd) |[A-Z_]+=\$\(")  # what the next command finds changed


@dataclass
class Terminal:
    """bash in one folder. `instead` is what a document leaves open and what is typed in its place."""

    folder: Path
    instead: dict[str, str] = field(default_factory=dict)
    env: dict[str, str] = field(default_factory=dict)
    begun: list[str] = field(default_factory=list)  # what was set in this terminal: exports, an alias, a venv

    def __call__(self, text: str, ends: int = 0, answer: str = "", **env: str) -> str:
        """Return a command's output, both streams. It must end with that status; a question gets `answer`."""
        script = text
        for open_, typed in self.instead.items():
            script = script.replace(open_, typed)
        words = ["bash", "-c", "\n".join(["shopt -s expand_aliases", *self.begun, script])]
        if (text.startswith(("export ", "alias ", ". ", "cd ")) and " && " not in text) or re.match(
            r"[A-Z_]+=\$\(", text
        ):
            self.begun.append(script)
        clean = {name: value for name, value in os.environ.items() if not name.startswith(("MODAL_", "MAKE", "MFLAGS"))}
        environment = clean | {"COLUMNS": "200"} | self.env | env
        code, said = (asked if answer else piped)(words, self.folder, environment, answer)
        assert code == ends, f"`{script}` ended with {code}, not {ends}, in {self.folder}:\n{said}"
        return said


def piped(words: list[str], folder: Path, env: dict[str, str], _: str) -> tuple[int, str]:
    done = subprocess.run(
        words,
        cwd=folder,
        env=env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=PATIENCE_S,
        check=False,
    )
    return done.returncode, done.stdout.decode("utf-8", "replace")


def asked(words: list[str], folder: Path, env: dict[str, str], answer: str) -> tuple[int, str]:
    """The same at a terminal that a program may ask: the answer lies ready in it."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(words, cwd=folder, env=env, stdin=theirs, stdout=theirs, stderr=theirs, close_fds=True)
    os.close(theirs)
    os.write(ours, f"{answer}\n".encode())
    said = b""
    while True:
        try:
            more = os.read(ours, 65536)
        except OSError:  # how Linux reports that the other side is closed
            break
        if not more:
            break
        said += more
    os.close(ours)
    return process.wait(PATIENCE_S), said.decode("utf-8", "replace")


def installed(folder: Path, mark: str, python: str = sys.executable) -> None:
    """Lay this Python's environment in `folder` as if make had installed it there; `mark` is the file that shows it."""
    environment = Path(python).parent.parent
    folder.mkdir()
    for name in ("bin", "lib", "lib64", "pyvenv.cfg"):
        if (environment / name).exists():
            (folder / name).symlink_to(environment / name)
    (folder / mark).touch()


@contextmanager
def account() -> Iterator[tuple[ControlPlane, dict[str, str]]]:
    """A Modal account without containers, and the environment that leads there: nobody is logged in yet."""
    with listening(rates=RATES, run_containers=False) as plane:
        yield plane, {"MODAL_SERVER_URL": plane.url}


def terminal(project: Project, folder: Path, python: str = sys.executable, **env: str) -> Terminal:
    """A terminal in a copy of a project, where make finds everything installed."""
    root = Path(shutil.copytree(project.root, folder / project.root.name))
    installed(root / ".venv", ".installed", python)
    env |= {"MODAL_CONFIG_PATH": str(folder / "modal.toml"), "TQDM_DISABLE": "1", "PYTHONDONTWRITEBYTECODE": "1"}
    return Terminal(root, INSTEAD, env)


def copied(folder: Path) -> Path:
    """The repository as it lies here, in which make finds everything installed."""
    listed = git("ls-files", "-z", "--cached", "--others", "--exclude-standard", cwd=ROOT).split("\0")
    for name in filter(None, set(listed)):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)
    installed(folder / ".venv", "ready")
    return folder


def clone(folder: Path, **env: str) -> Terminal:
    """A terminal in a copy of the repository, where what make installs is found first."""
    root = copied(folder / "clone")
    env |= {"PYTHONDONTWRITEBYTECODE": "1", "MODAL_CONFIG_PATH": str(folder / "modal.toml"), "TQDM_DISABLE": "1"}
    return Terminal(root, INSTEAD, {"PATH": f"{root}/.venv/bin:{os.environ['PATH']}"} | env)
