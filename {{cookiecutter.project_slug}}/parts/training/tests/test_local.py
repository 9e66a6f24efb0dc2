"""The command line as a person would use it, on the tiny models."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from {{cookiecutter.__package}} import local, plan
from {{cookiecutter.__package}}.run import run_dir
from {{cookiecutter.__package}}.training import config, train

PACKAGE = "{{cookiecutter.__package}}"


def python(*arguments: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"HF_HUB_OFFLINE": "1"}
    return subprocess.run([sys.executable, "-m", *arguments], capture_output=True, text=True, env=environment)


def test_local_trains_on_the_sample_and_shows_before_and_after(
    tmp_path: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
):
    model = request.getfixturevalue({"generation": "tiny", "classification": "encoder"}[plan.WORKLOAD])
    done = python(PACKAGE, "--local", "--model", str(model), "--root", str(tmp_path))
    assert done.returncode == 0, done.stderr
    message = {line.split()[0]: line for line in done.stdout.splitlines() if line.strip()}
    assert message["rows"] and message["finished"] and "before" in message["loss"] and message["result"]
    assert "after" in message and "Traceback" not in done.stderr
    losses = list(run_dir.Run(tmp_path, "local").metrics().losses().values())
    assert len(losses) == local.SHORT[plan.WORKLOAD][0] and all(loss > 0 for loss in losses)
    if plan.WORKLOAD == "generation":  # the learning rate is a real model's: random weights learn few labels from it
        assert sum(losses[-4:]) < sum(losses[:4])


def test_without_a_command_it_says_what_there_is():
    done = python(PACKAGE)
    assert done.returncode == 0
    for command in ("check", "train", "status", "sample", "merge", "push", "--local"):
        assert command in done.stdout


def test_check_reads_a_dataset_and_says_a_mistake_in_one_line(tiny: Path, tmp_path: Path):
    (tmp_path / "rows.jsonl").write_text(json.dumps({"question": "a", "reply": "b"}) + "\n")
    done = python(PACKAGE, "check", "--local", "--model", str(tiny), "--dataset", str(tmp_path / "rows.jsonl"))
    assert done.returncode == 1
    last = done.stderr.strip().splitlines()[-1]
    assert last.startswith("error: ") and "'question', 'reply'" in last


def test_a_job_in_a_file_is_trained_as_a_program_of_its_own(chat_job: config.Job, tmp_path: Path):
    config.write_job(chat_job, tmp_path / "job.json")
    arguments = (
        f"{PACKAGE}.training.train",
        "--root",
        str(tmp_path),
        "--name",
        "own",
        "--job",
        str(tmp_path / "job.json"),
    )
    done = python(*arguments)
    assert done.returncode == 0, done.stderr
    assert "finished at step 8 of 8, attempt 1" in done.stdout
    config.write_job(replace(chat_job, learning_rate=1.0), tmp_path / "job.json")
    done = python(*arguments)
    assert done.returncode == train.USER_ERROR
    assert done.stderr.strip().splitlines()[-1].startswith("error: this run began otherwise: LEARNING_RATE")


def test_what_a_laptop_and_a_small_container_read_loads_no_torch():
    code = f"import sys; from {PACKAGE} import app, cli; print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout == "False\n", done.stderr


def test_the_plan_is_a_job():
    planned = config.planned_job()
    assert planned.model == plan.MODEL and planned.seq_len == plan.SEQ_LEN and planned.save_every_s == plan.SAVE_EVERY
