"""The check of a run: rows copied to the Volume once, the same for every attempt, errors in one sentence."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import hub
import pytest

from {{cookiecutter.__package}}.data import check, load
from {{cookiecutter.__package}}.run import reply, run_dir, status
from {{cookiecutter.__package}}.run.reply import UserError
from {{cookiecutter.__package}}.training import config, model, train
from {{cookiecutter.__package}}.training.callbacks import checkpoints
from {{cookiecutter.__package}}.training.config import Job


@pytest.fixture
def run(chat_job: Job, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> run_dir.Run:
    """A run of the tiny job, in place of the plan's."""
    monkeypatch.setattr(check, "launched_job", lambda: chat_job)
    return run_dir.Run(tmp_path, "run")


def uploaded(run: run_dir.Run, *lines: object) -> str:
    """A file as `load.upload` brings it: in a folder named after its content."""
    text = "".join((line if isinstance(line, str) else json.dumps(line)) + "\n" for line in lines)
    local = run.root / "rows.jsonl"
    local.write_text(text)
    path = run.root / load.DATASETS / load.content_hash(local) / local.name
    path.parent.mkdir(parents=True, exist_ok=True)
    local.replace(path)
    return str(path)


def add_checkpoint(run: run_dir.Run, job_: Job) -> None:
    """The run has a checkpoint of a job to go on with."""
    folder = run.checkpoints / "checkpoint-1"
    folder.mkdir(parents=True)
    checkpoints.seal(folder, {})
    config.write_job(job_, run.folder / "job.json")


def place_of(run: run_dir.Run, dataset: str) -> str:
    """The path of the rows that the check returns."""
    found = check.check_run(run, dataset)
    assert isinstance(found, reply.CheckReply)
    return found.dataset


CHAT = {"prompt": "What is that?", "completion": "A saddle."}


def test_what_is_found_is_counted_and_the_place_remembered(run: run_dir.Run):
    place = uploaded(run, *[CHAT] * 30)
    found = check.check_run(run, place)
    assert isinstance(found, reply.CheckReply) and not found.error and found.dataset == place
    assert found.text.startswith("rows    30 rows of prompt and completion, 2 of them held out")


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ([{"question": "a", "reply": "b"}], "the dataset has 'question', 'reply': name yours in COLUMNS"),
        ([], "rows.jsonl is empty"),
        ([CHAT, '{"prompt": '], "line 2 is not JSON"),
        ([{"messages": [{"role": "robot", "content": "a"}]}], "the role 'robot' is none of"),
    ],
)
def test_a_user_error_comes_back_as_a_sentence(run: run_dir.Run, lines: list[object], message: str):
    found = check.check_run(run, uploaded(run, *lines))
    assert message in found.error and not found.text and "\n" not in str(found)


def test_a_setting_that_does_not_exist_is_said_too(run: run_dir.Run, chat_job: Job, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(check, "launched_job", lambda: replace(chat_job, method="magic"))
    assert check.check_run(run, uploaded(run, *[CHAT] * 30)).error == "METHOD = 'magic' is none of full, lora, qlora"


def test_a_file_that_changed_since_the_run_began_is_refused(run: run_dir.Run, chat_job: Job):
    first, other = uploaded(run, *[CHAT] * 30), uploaded(run, *[CHAT] * 31)
    assert place_of(run, other) == other
    config.write_job(chat_job, run.folder / "job.json")
    assert place_of(run, first) == first  # nothing was saved that had been trained on the other
    add_checkpoint(run, chat_job)
    assert place_of(run, first) == first
    assert "is not what it was when this run began" in check.check_run(run, other).error


def test_a_run_goes_on_with_the_rows_that_the_hub_had_when_it_began(run: run_dir.Run, chat_job: Job):
    old, new = (str(run.root / "datasets" / f"org--name-{commit}.parquet") for commit in ("abc", "def"))
    assert check.pin_dataset(run, old, "org/name") == (old, [])
    add_checkpoint(run, chat_job)
    place, notes = check.pin_dataset(run, new, "org/name")
    assert place == old and notes == ["rows    those of org--name-abc, with which this run began"]


def test_another_job_under_the_same_name_is_refused_before_anything_is_read(run: run_dir.Run, chat_job: Job):
    add_checkpoint(run, replace(chat_job, learning_rate=1.0))
    assert "LEARNING_RATE was 1.0" in check.check_run(run, "nowhere").error


def test_a_finished_run_needs_no_rows_and_no_gpu(run: run_dir.Run, chat_job: Job):
    train.train(replace(chat_job, max_steps=2), replace(run, limit="none"))
    (run.folder / "job.json").unlink()
    found = check.check_run(run, "nowhere")
    assert isinstance(found, reply.CheckReply) and found.ended and found.ended.complete
    assert "finished at step 2 of 2" in str(found.ended)


def test_a_run_without_money_needs_no_gpu(run: run_dir.Run):
    status.Outcome(status.STOPPED, 3, 9).save(run)
    run = run_dir.Run(run.root, run.name, "1/run", usd_per_hour=3600.0)
    meter = run.ledger().start("training", every_s=2.0)
    found = check.check_run(run, "nowhere")
    meter.stop()
    assert isinstance(found, reply.CheckReply) and found.ended and not found.ended.complete
    assert "raise BUDGET in plan.py" in str(found.ended)


def test_a_dataset_of_the_hub_is_copied_once_at_its_commit(tmp_path: Path):
    """In a process of its own: the libraries read the hub's address when they are imported."""
    code = f"""
from pathlib import Path
from {{cookiecutter.__package}}.data.load import copy_to_volume, load_dataset
from {{cookiecutter.__package}}.run.reply import UserError
for _ in range(2):
    place = copy_to_volume(Path({str(tmp_path)!r}), "org/name", "")
print(place, list(load_dataset(place).read())[7]["reply"])
try:
    copy_to_volume(Path({str(tmp_path)!r}), "org/other", "")
except UserError as error:
    print(error)
"""
    with hub.serving() as endpoint:
        env = os.environ | {"HF_ENDPOINT": endpoint, "HF_HOME": str(tmp_path / "home"), "HF_HUB_OFFLINE": "0"}
        done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    copied, absent = done.stdout.splitlines()[-2:]
    assert copied == f"{tmp_path}/datasets/org--name-{hub.COMMIT[:12]}.parquet It is 7."
    assert absent.startswith("there is no dataset 'org/other'")
    assert sum(path.endswith(f"/resolve/{hub.COMMIT}/train.jsonl") for path in hub.Hub.asked) <= 2  # HEAD and GET


def test_a_file_of_this_machine_is_found_and_one_that_is_absent_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "own.jsonl").write_text("{}\n")
    assert load.local_path("own.jsonl") == Path("own.jsonl")
    assert load.local_path("samples/chat.jsonl") == load.HOME / "samples/chat.jsonl"  # of the project
    assert load.local_path("org/name") is None and load.local_path(f"{run_dir.MOUNT}/datasets/x/rows.parquet") is None
    for absent in ("other.jsonl", "./folder", "/nowhere/at/all"):
        with pytest.raises(FileNotFoundError, match="there is no file"):
            load.local_path(absent)


def test_the_same_bytes_lie_in_the_same_folder_and_others_do_not(tmp_path: Path):
    for name, text in (("a.jsonl", "x"), ("b.jsonl", "x"), ("c.jsonl", "y")):
        (tmp_path / name).write_text(text)
    a, b, c = (load.content_hash(tmp_path / f"{name}.jsonl") for name in "abc")
    assert a == b != c
    whole = load.content_hash(tmp_path)
    (tmp_path / "c.jsonl").write_text("x")
    assert load.content_hash(tmp_path) != whole


def test_weights_that_are_not_there_say_how_to_get_them():
    with pytest.raises(UserError, match="is not on the Volume"):
        model.planned_weights()


@pytest.mark.parametrize("name", ["../other", "a/b", "..", ".hidden", "/etc", "", "a\nb"])
def test_a_name_cannot_lead_out_of_the_folder_of_runs(tmp_path: Path, name: str):
    with pytest.raises(UserError, match="is no name"):
        run_dir.Run(tmp_path, name)


def test_a_dataset_cannot_lead_out_of_the_volume(tmp_path: Path):
    with pytest.raises(UserError, match="leads out of its folder"):
        load.copy_to_volume(tmp_path, f"{tmp_path}/../rows.jsonl", "")


def test_a_training_gets_the_trackers_secret_and_no_other():
    secrets = ["huggingface-secret", "my-wandb", "other"]
    assert config.tracker_secrets("wandb", secrets) == ["my-wandb"]
    assert config.tracker_secrets("trackio", secrets) == config.tracker_secrets("none", secrets) == []
