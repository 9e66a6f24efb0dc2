"""Fetching weights, with the real hub client against a hub on this machine that serves a folder."""

import hashlib
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

import pytest

from {{cookiecutter.__package}} import storage

COMMIT = "0123456789abcdef0123456789abcdef01234567"
FILES = {
    "config.json": b'{"model_type": "llama"}',
    "model.safetensors": b"\x08\x00\x00\x00\x00\x00\x00\x00{}      ",
    "pytorch_model.bin": b"a pickle",
    "modeling_custom.py": b"import os",
}


class Hub(BaseHTTPRequestHandler):
    """The few routes of the hub that a download takes."""

    asked: ClassVar[list[str]] = []
    files = FILES

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        type(self).asked.append(f"{self.command} {self.path}")
        path = self.path.partition("?")[0]
        if path.startswith("/api/models/org/name/tree/"):
            entries = [
                {"type": "file", "path": name, "size": len(data), "oid": hashlib.sha1(data).hexdigest()}
                for name, data in self.files.items()
            ]
            return self.reply(json.dumps(entries).encode())
        if path.startswith("/api/models/org/name"):
            siblings = [{"rfilename": name} for name in self.files]
            return self.reply(json.dumps({"id": "org/name", "sha": COMMIT, "siblings": siblings}).encode())
        name = path.removeprefix(f"/org/name/resolve/{COMMIT}/")
        if name in self.files:
            return self.reply(self.files[name], ETag=f'"{hashlib.sha1(self.files[name]).hexdigest()}"')
        self.send_error(404)

    def reply(self, data: bytes, **headers: str) -> None:
        self.send_response(200)
        for header, value in {"Content-Length": str(len(data)), "X-Repo-Commit": COMMIT, **headers}.items():
            self.send_header(header, value)
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(data)

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setattr(Hub, "asked", [])
    server = ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


def test_weights_are_fetched_once_as_safetensors_at_a_commit(hub: str, tmp_path: Path):
    assert storage.fetch("org/name", "main", str(tmp_path), endpoint=hub) == COMMIT
    folder = Path(storage.located("org/name", "main", str(tmp_path)))
    assert folder == tmp_path / "org/name/main"
    assert (folder / "model.safetensors").read_bytes() == FILES["model.safetensors"]
    assert not (folder / "pytorch_model.bin").exists() and not (folder / "modeling_custom.py").exists()
    Hub.asked.clear()
    assert storage.fetch("org/name", "main", str(tmp_path), endpoint=hub) == COMMIT
    assert Hub.asked == []


def test_a_repository_without_safetensors_is_refused(hub: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(Hub, "files", {"config.json": b"{}", "pytorch_model.bin": b"a pickle"})
    with pytest.raises(ValueError, match="holds no safetensors"):
        storage.fetch("org/name", "main", str(tmp_path), endpoint=hub)
    assert not list(tmp_path.rglob("*.bin"))


def test_missing_weights_say_how_to_get_them(tmp_path: Path):
    with pytest.raises(FileNotFoundError, match="make weights"):
        storage.located("org/name", "main", str(tmp_path))
    with pytest.raises(FileNotFoundError, match=r"modal volume put \S+-weights LOCAL_FOLDER /own"):
        storage.located("./own", "main", str(tmp_path))


def test_an_interrupted_fetch_does_not_count(tmp_path: Path):
    half = tmp_path / "org/name/main"
    half.mkdir(parents=True)
    (half / "config.json").write_text("{}")
    with pytest.raises(FileNotFoundError):
        storage.located("org/name", "main", str(tmp_path))


@pytest.mark.parametrize("model", ["./own", "/home/me/models/own", "~/own"])
def test_a_folder_of_ones_own_is_found_by_its_name_and_never_fetched(model: str, tmp_path: Path):
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "config.json").write_text("{}")
    assert storage.fetch(model, "main", str(tmp_path)) == str(tmp_path / "own")


def test_only_an_unpinned_revision_is_asked_to_be_pinned():
    assert f'REVISION = "{COMMIT}"' in storage.pin("main", COMMIT)
    assert "REVISION" not in storage.pin(COMMIT, COMMIT)
