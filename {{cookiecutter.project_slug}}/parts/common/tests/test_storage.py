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


def test_a_tokenizer_that_is_code_is_refused_before_the_weights(
    hub: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """The kinds of files of moonshotai/Kimi-K2-Instruct."""
    auto_map = {"auto_map": {"AutoTokenizer": ["tokenization_kimi.TikTokenTokenizer", None]}}
    files = FILES | {"tokenizer_config.json": json.dumps(auto_map).encode(), "tiktoken.model": b"IQ== 0"}
    monkeypatch.setattr(Hub, "files", files | {"tokenization_kimi.py": b"import os"})
    with pytest.raises(ValueError, match=r"code of its own.*with a tokenizer\.json"):
        storage.fetch("org/name", "main", str(tmp_path), endpoint=hub)
    assert not list(tmp_path.rglob("*.safetensors"))
    monkeypatch.setattr(Hub, "files", files | {"tokenizer.json": b"{}"})
    assert storage.fetch("org/name", "main", str(tmp_path), endpoint=hub) == COMMIT


SHARDS = {
    "config.json": b"{}",
    "model.safetensors.index.json": json.dumps(
        {"weight_map": {"a": "model-1-of-2.safetensors", "b": "model-2-of-2.safetensors"}}
    ).encode(),
    "model-1-of-2.safetensors": b"a",
    "model-2-of-2.safetensors": b"b",
}


@pytest.mark.parametrize(
    ("files", "weights"),
    [
        (SHARDS | {"consolidated.safetensors": b"ab", "params.json": b"{}"}, "model-1-of-2 model-2-of-2"),  # Mistral
        (SHARDS | {"original/model--1-of-1.safetensors": b"ab"}, "model-1-of-2 model-2-of-2"),  # gpt-oss
        (SHARDS | {"model.fp16.safetensors": b"ab"}, "model-1-of-2 model-2-of-2"),
        ({"config.json": b"{}", "model.safetensors": b"ab", "consolidated.safetensors": b"ab"}, "model"),
        ({"config.json": b"{}", "part-1.safetensors": b"a", "part-2.safetensors": b"b"}, "part-1 part-2"),
        (
            {
                "config.json": b"{}",
                "model.safetensors": b"a",
                "modules.json": b'[{"path": ""}, {"path": "2_Dense"}]',
                "2_Dense/model.safetensors": b"b",
                "onnx/model.safetensors": b"ab",
            },
            "2_Dense/model model",
        ),
    ],
)
def test_each_weight_is_fetched_once(
    files: dict[str, bytes], weights: str, hub: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(Hub, "files", files)
    storage.fetch("org/name", "main", str(tmp_path), endpoint=hub)
    folder = Path(storage.located("org/name", "main", str(tmp_path)))
    found = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.safetensors"))
    assert found == [f"{name}.safetensors" for name in weights.split()]


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({"model.safetensors": b"a"}, "has no config.json"),
        ({"model-q4.gguf": b"a"}, "has no config.json"),
        ({"adapter_config.json": b"{}", "adapter_model.safetensors": b"a"}, "merge it into its base"),
        ({"config.json": b"{}", "params.json": b"{}", "consolidated.safetensors": b"a"}, "Mistral's own layout only"),
        ({name: data for name, data in SHARDS.items() if "2-of" not in name}, "lacks model-2-of-2.safetensors"),
    ],
)
def test_what_is_no_whole_model_is_refused(
    files: dict[str, bytes], said: str, hub: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(Hub, "files", files)
    with pytest.raises(ValueError, match=said):
        storage.fetch("org/name", "main", str(tmp_path), endpoint=hub)
    assert not list(tmp_path.rglob("*.safetensors"))


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
