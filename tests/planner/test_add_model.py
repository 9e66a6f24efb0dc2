"""scripts/add_model.py against a hub on loopback that answers like the real one."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hub import CONFIG, SHA, TOTAL

from planner.catalogue.shipped import Catalogue
from scripts import add_model


@pytest.fixture
def catalogue(tmp_path: Path) -> Path:
    return Path(shutil.copy(add_model.CATALOGUE, tmp_path / "models.json"))


def add(catalogue: Path, *arguments: str) -> int:
    return add_model.main([*arguments, "--catalogue", str(catalogue)])


def read(catalogue: Path) -> Catalogue:
    text = catalogue.read_text(encoding="utf-8")
    json.loads(text)
    return Catalogue(text)


def test_reads_the_hub_and_inserts_in_order(
    hub: dict[str, Any], catalogue: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = list(read(catalogue))
    hub["/acme/Qwen-New-0.6B/resolve/main/config.json"] = CONFIG
    hub["/api/models/acme/Qwen-New-0.6B"] = {
        "sha": SHA, "gated": "auto", "tags": ["license:other"], "safetensors": {"total": TOTAL},
        "cardData": {"license": "other", "license_name": "acme-community"},
    }  # fmt: skip
    assert add(catalogue, "acme/Qwen-New-0.6B") == 0
    model = read(catalogue)["acme/Qwen-New-0.6B"]
    assert (model.params, model.params_active, model.layers, model.kv_heads) == (TOTAL, TOTAL, 28, 8)
    assert (model.licence, model.gated, model.revision) == ("acme-community", True, SHA)
    assert model.source == f"https://huggingface.co/acme/Qwen-New-0.6B/blob/{SHA}/config.json"
    after = list(read(catalogue))
    assert [name for name in after if name != model.id] == before
    assert after == [m.id for m in sorted(read(catalogue).values(), key=add_model.catalogue_order)]
    line = capsys.readouterr().out.strip()
    assert line in catalogue.read_text(encoding="utf-8") and json.loads(line)["id"] == model.id


def test_a_known_model_is_replaced(hub: dict[str, Any], catalogue: Path) -> None:
    hub["/Qwen/Qwen3-0.6B/resolve/main/config.json"] = {**CONFIG, "max_position_embeddings": 4096}
    assert add(catalogue, "Qwen/Qwen3-0.6B") == 0  # without a card: the architecture alone
    assert len(read(catalogue)) == len(read(add_model.CATALOGUE))
    assert read(catalogue)["Qwen/Qwen3-0.6B"].context == 4096


def test_reads_a_revision_with_the_token(hub: dict[str, Any], catalogue: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    hub[f"/acme/foo/resolve/{SHA}/config.json"] = CONFIG
    hub[f"/api/models/acme/foo/revision/{SHA}"] = {"sha": SHA, "gated": False, "tags": ["license:mit"]}
    assert add(catalogue, "acme/foo", "--revision", SHA) == 0
    model = read(catalogue)["acme/foo"]
    assert (model.licence, model.gated, model.revision) == ("mit", False, SHA)
    assert set(hub["seen"]) == {"Bearer hf_secret"}


@pytest.mark.parametrize("file", [False, True])
def test_reads_a_local_folder(catalogue: Path, tmp_path: Path, file: bool) -> None:
    folder = tmp_path / "my-model"
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps({**CONFIG, "_name_or_path": "acme/local"}), encoding="utf-8")
    assert add(catalogue, str(folder / "config.json" if file else folder)) == 0
    model = read(catalogue)["acme/local"]
    assert model.params == pytest.approx(TOTAL, rel=0.001)
    assert str(tmp_path) not in catalogue.read_text(encoding="utf-8")


def test_the_dimensions_win_over_a_count_of_more(
    hub: dict[str, Any], catalogue: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    hub["/acme/foo/resolve/main/config.json"] = CONFIG
    hub["/api/models/acme/foo"] = {"safetensors": {"total": 751_632_384}}  # Qwen3-0.6B on the hub: the tied head twice
    assert add(catalogue, "acme/foo") == 0
    assert read(catalogue)["acme/foo"].params == pytest.approx(TOTAL, rel=0.001)
    assert "751,632,384" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("page", "said"),
    [
        (404, "answers 404"),
        (401, "HF_TOKEN"),
        (403, "HF_TOKEN"),
        (500, "answers 500"),
        (b"<html>", "is not JSON"),
        ([1], "no JSON object"),
        ({"model_type": "llama"}, "hidden_size"),
        ({**CONFIG, "num_hidden_layers": "28"}, "num_hidden_layers"),
    ],
)
def test_a_failure_is_one_sentence_and_changes_nothing(
    hub: dict[str, Any], catalogue: Path, capsys: pytest.CaptureFixture[str], page: Any, said: str
) -> None:
    before = catalogue.read_bytes()
    hub["/acme/foo/resolve/main/config.json"] = page
    hub["/api/models/acme/foo"] = {}
    assert add(catalogue, "acme/foo") == 1
    printed = capsys.readouterr()
    assert printed.err.startswith("error: ") and printed.err.count("\n") == 1 and said in printed.err
    assert not printed.out and catalogue.read_bytes() == before


def test_a_count_far_from_the_dimensions_is_refused(
    hub: dict[str, Any], catalogue: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    hub["/acme/foo/resolve/main/config.json"] = CONFIG
    hub["/api/models/acme/foo"] = {"safetensors": {"total": 7_000_000_000}}
    assert add(catalogue, "acme/foo") == 1
    assert "7,000,000,000" in capsys.readouterr().err


def test_no_hub_and_no_name(
    catalogue: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    assert add(catalogue, "acme/foo") == 1
    assert "cannot be reached" in capsys.readouterr().err
    assert add(catalogue, "foo bar") == 1
    assert "ORG/NAME" in capsys.readouterr().err


def test_runs_as_a_script(catalogue: Path, tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(json.dumps({**CONFIG, "_name_or_path": "acme/script"}), encoding="utf-8")
    command = [sys.executable, "scripts/add_model.py", str(tmp_path), "--catalogue", str(catalogue)]
    ran = subprocess.run(command, cwd=add_model.ROOT, capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert json.loads(ran.stdout)["id"] == "acme/script"
