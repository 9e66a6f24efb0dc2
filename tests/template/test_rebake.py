"""A bake over a folder that holds something: its own project is baked anew, and nothing of a person's is lost."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from bake import ROOT, contents
from cookiecutter.exceptions import FailedHookException
from cookiecutter.main import cookiecutter


def bake_over(folder: Path, **answers: str) -> None:
    cookiecutter(
        str(ROOT),
        no_input=True,
        overwrite_if_exists=True,
        output_dir=str(folder),
        extra_context={"task": "finetune"} | answers,
    )


@pytest.mark.parametrize(
    "file", ["plan.py", "README.md", "parts/mine.py", "samples/chat.jsonl", "my_llm/data/load.py", "tests/test_data.py"]
)
def test_what_stands_in_the_way_is_refused_before_anything_is_touched(
    file: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    own = tmp_path / "my-llm" / file
    own.parent.mkdir(parents=True)
    own.write_text("mine")
    before = contents(tmp_path)
    with pytest.raises(FailedHookException):
        bake_over(tmp_path)
    assert contents(tmp_path) == before
    said = capfd.readouterr().err
    assert f"error: {file.replace('parts/mine.py', 'parts')} in my-llm/ would be overwritten" in said


def test_the_template_is_found_where_it_was_typed_as_a_relative_path(tmp_path: Path) -> None:
    own = tmp_path / "my-llm" / "samples" / "chat.jsonl"
    own.parent.mkdir(parents=True)
    own.write_text("mine")
    typed = "cookiecutter . --no-input -f -o", str(tmp_path), "task=finetune"
    done = subprocess.run(
        ["sh", "-c", f"cd '{ROOT}' && {sys.executable} -m {' '.join(typed)}"], capture_output=True, text=True
    )
    assert done.returncode and "samples/chat.jsonl in my-llm/ would be overwritten" in done.stderr
    assert list(contents(tmp_path)) == ["my-llm/samples/chat.jsonl"]


def test_files_beside_those_of_the_template_stay_over_every_task(tmp_path: Path) -> None:
    bake_over(tmp_path)
    own = {"tasks/mine.py", "samples/reviews.jsonl", "data.py", "my_llm/mine.py", "my_llm/input/mine.py"}
    for file in own:
        (tmp_path / "my-llm" / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "my-llm" / file).write_text("mine")
    bake_over(tmp_path, task="serve")
    bake_over(tmp_path)
    held = contents(tmp_path / "my-llm")
    assert {name for name, text in held.items() if text == b"mine"} == own
    assert "my_llm/client/client.py" not in held and "my_llm/data/load.py" in held


def test_a_project_is_baked_over_itself_and_equals_a_fresh_one(tmp_path: Path) -> None:
    for answers in ({}, {"task": "serve"}, {"task": "batch"}):
        bake_over(tmp_path / "again", **answers)
    bake_over(tmp_path / "fresh", task="batch")
    assert contents(tmp_path / "again") == contents(tmp_path / "fresh")
