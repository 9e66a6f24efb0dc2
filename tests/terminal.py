"""A terminal for the tests: commands as a document has them, typed into bash in a folder."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

PATIENCE_S = 600
STAYS = re.compile(r"(export|alias|\.|cd) |[A-Z_]+=\$\(")  # what the next command finds changed


@dataclass
class Terminal:
    """bash in one folder. `instead` is what a document leaves open and what is typed in its place."""

    folder: Path
    instead: dict[str, str] = field(default_factory=dict)
    env: dict[str, str] = field(default_factory=dict)
    begun: list[str] = field(default_factory=list)  # what was set in this terminal: exports, an alias, a venv

    def __call__(self, text: str, ends: int = 0, answer: str = "", **env: str) -> str:
        """What a command prints, both streams. It has to end with that status; a question gets `answer`."""
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
        except OSError:  # how Linux says that nobody writes any more
            break
        if not more:
            break
        said += more
    os.close(ours)
    return process.wait(PATIENCE_S), said.decode("utf-8", "replace")


def installed(folder: Path, mark: str, python: str = sys.executable) -> None:
    """Lay this Python's environment in `folder` as if make had installed it there; `mark` is the file that says so."""
    environment = Path(python).parent.parent
    folder.mkdir()
    for name in ("bin", "lib", "lib64", "pyvenv.cfg"):
        if (environment / name).exists():
            (folder / name).symlink_to(environment / name)
    (folder / mark).touch()
