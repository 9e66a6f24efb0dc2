"""The result of a run is pushed whole, or refused before anything is sent."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import hub
import pytest

from {{cookiecutter.__package}}.result import generate, push
from {{cookiecutter.__package}}.run import run_dir
from {{cookiecutter.__package}}.training import train
from {{cookiecutter.__package}}.training.config import Job


def test_what_is_missing_is_refused_without_modal_and_without_the_hub():
    assert "modal secret create huggingface-secret" in push.refusal("me/tuned", [])
    assert "HUB_REPO = 'tuned' names no repository" in push.refusal("tuned", ["huggingface-secret"])
    assert push.refusal("me/tuned", ["huggingface-secret"]) == ""


def test_the_command_refuses_in_one_line():
    command = [sys.executable, "-m", "{{cookiecutter.__package}}", "push"]
    nowhere = os.environ | {"MODAL_SERVER_URL": "http://127.0.0.1:9"}  # nothing is asked
    done = subprocess.run(command, capture_output=True, text=True, env=nowhere)
    assert done.returncode == 1 and not done.stdout
    assert done.stderr.startswith("error: ") and done.stderr.count("\n") == 1
    assert "modal secret create" in done.stderr or "HUB_REPO" in done.stderr  # and no failed connection


def test_a_result_is_pushed_whole_to_a_private_repository(
    chat_job: Job, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    run = run_dir.Run(tmp_path, "run", "none")
    train.train(replace(chat_job, max_steps=2), run)
    hub.Hub.pushed.clear()
    with hub.serving() as endpoint:
        monkeypatch.delenv("HF_TOKEN", raising=False)
        assert "hold no HF_TOKEN" in push.push(run.result, "me/tuned", endpoint).error
        monkeypatch.setenv("HF_TOKEN", "hf_wrong")
        refused = push.push(run.result, "me/tuned", endpoint).error
        assert refused.startswith("the hub does not take me/tuned: ") and not hub.Hub.pushed
        monkeypatch.setenv("HF_TOKEN", "hf_right")
        message = push.push(run.result, "me/tuned", endpoint)
        nothing = push.push(tmp_path / "other", "me/tuned", endpoint)
    assert message.text.endswith(hub.COMMIT) and hub.Hub.made[-1]["visibility"] == "private"
    here = {path.name: path.read_bytes() for path in run.result.iterdir()}
    assert hub.Hub.pushed == here and "adapter_model.safetensors" in here
    assert "comes first" in nothing.error


def test_the_adapter_and_its_card_name_the_model_as_the_plan_does(chat_job: Job, tmp_path: Path):
    """And not by the folder in a container, which the hub would refuse in a card."""
    run = run_dir.Run(tmp_path, "run", "none")
    train.train(replace(chat_job, max_steps=2), run)
    named = replace(chat_job, model="org/name", revision="abc")
    generate.write_info(run.result, named, ())
    assert json.loads((run.result / "adapter_config.json").read_text())["base_model_name_or_path"] == "org/name"
    card = (run.result / "README.md").read_text()
    assert card.startswith("---\npipeline_tag: text-generation\nlibrary_name: peft\nbase_model: org/name\n---\n")
    assert "tuned by LoRA" in card
    generate.write_info(run.result, chat_job, ())
    assert "base_model" not in (run.result / "README.md").read_text()  # a folder of one's own is no id
