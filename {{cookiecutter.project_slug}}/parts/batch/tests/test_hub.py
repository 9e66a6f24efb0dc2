"""A dataset of the hub as a stream: the real libraries, against a hub on this machine that serves one file."""

import hashlib
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

import pytest

COMMIT = "0123456789abcdef0123456789abcdef01234567"
ROWS = [{"id": number, "text": f"row {number}" if number % 10 else ""} for number in range(50)]
FILES = {"train.jsonl": "".join(json.dumps(row) + "\n" for row in ROWS).encode()}


class Hub(BaseHTTPRequestHandler):
    """The routes of the hub that streaming takes, for the dataset org/name."""

    asked: ClassVar[list[str]] = []

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        type(self).asked.append(self.path)
        path = self.path.partition("?")[0]
        if path == f"/api/datasets/org/name/tree/{COMMIT}":
            return self.reply(json.dumps([entry(name) for name in FILES]).encode())
        if path in ("/api/datasets/org/name", f"/api/datasets/org/name/revision/{COMMIT}"):
            siblings = [{"rfilename": name} for name in FILES]
            return self.reply(json.dumps({"id": "org/name", "sha": COMMIT, "siblings": siblings}).encode())
        name = path.removeprefix(f"/datasets/org/name/resolve/{COMMIT}/")
        if name in FILES:
            return self.reply(FILES[name])
        self.send_response(404)
        self.send_header("Content-Length", "0")
        self.send_header("X-Error-Code", "RepoNotFound" if "other" in path else "EntryNotFound")
        self.end_headers()

    def reply(self, content: bytes) -> None:
        self.send_response(200)
        headers = {"ETag": f'"{hashlib.sha1(content).hexdigest()}"', "X-Repo-Commit": COMMIT, "Accept-Ranges": "bytes"}
        for header, value in {"Content-Length": str(len(content)), **headers}.items():
            self.send_header(header, value)
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:
        pass


def entry(name: str) -> dict[str, object]:
    content = FILES[name]
    return {"type": "file", "path": name, "size": len(content), "oid": hashlib.sha1(content).hexdigest()}


@pytest.fixture
def hub() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


def printed(code: str, endpoint: str, home: Path) -> str:
    """Return the output of a Python process of its own: the libraries read the hub's address when they are imported."""
    env = os.environ | {"HF_ENDPOINT": endpoint, "HF_HOME": str(home), "HF_HUB_OFFLINE": "0"}
    names = (
        "from {{cookiecutter.__package}}.input import readers, shards",
        "from {{cookiecutter.__package}}.input.prompts import DataError, PromptSpec",
        "from {{cookiecutter.__package}}.input.readers import Source",
        "from {{cookiecutter.__package}}.run.job import Job, Settings",
    )
    code = "\n".join((*names, code))
    done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True)
    assert not done.returncode, done.stderr
    return done.stdout


def test_a_dataset_is_pinned_streamed_and_split(hub: str, tmp_path: Path):
    code = f"""
split = shards.prepare({str(tmp_path)!r}, Source("org/name"), PromptSpec(column="text", id="id"), 20)
job = Job({str(tmp_path)!r}, split, Settings("generation", "org/model", "main"))
rows = [row for shard in job.shards() for row in shards.read_rows(job.root, shard)]
print(split.rows, split.bad, len(split.sha256), rows[13].id, rows[13].prompt)
"""
    assert printed(code, hub, tmp_path / "home") == "50 5 3 13 row 13\n"
    assert any(path.endswith(f"/resolve/{COMMIT}/train.jsonl") for path in Hub.asked)


def test_what_the_hub_does_not_have_is_said_in_one_line(hub: str, tmp_path: Path):
    code = """
for attempt in (
    lambda: readers.pinned(Source("org/other")),
    lambda: list(readers.rows(readers.pinned(Source("org/name", split="nope")), PromptSpec(column="text"))),
):
    try:
        attempt()
    except DataError as error:
        print(error)
"""
    absent, no_split = printed(code, hub, tmp_path / "home").splitlines()
    assert absent.startswith("there is no file org/other, and no dataset of that name on the hub: 404")
    assert no_split == "the dataset org/name cannot be read: Bad split: nope. Available splits: ['train']"
