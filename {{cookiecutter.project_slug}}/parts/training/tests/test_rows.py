"""The rows of a run: brought to the Volume once, the same for every attempt, and checked in a sentence."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import hub
import pytest

from {{cookiecutter.__package}}.data import check, load
from {{cookiecutter.__package}}.run import launcher, run_dir
from {{cookiecutter.__package}}.run.reply import Checked
from {{cookiecutter.__package}}.training import config, train
from {{cookiecutter.__package}}.training.callbacks import checkpoints
from {{cookiecutter.__package}}.training.config import Job, JobError


@pytest.fixture
def where(chat_job: Job, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> run_dir.Run:
    """A run of the tiny job, in place of the plan's."""
    monkeypatch.setattr(launcher, "job", lambda: chat_job)
    return run_dir.Run(tmp_path, "run")


def brought(where: run_dir.Run, *lines: object) -> str:
    """A file as `volume.upload` brings it: in a folder named after its content."""
    text = "".join((line if isinstance(line, str) else json.dumps(line)) + "\n" for line in lines)
    local = where.root / "rows.jsonl"
    local.write_text(text)
    path = where.root / load.DATASETS / load.content(local) / local.name
    path.parent.mkdir(parents=True, exist_ok=True)
    local.replace(path)
    return str(path)


def begun(where: run_dir.Run, job_: Job) -> None:
    """The run has a checkpoint of a job to go on with."""
    folder = where.checkpoints / "checkpoint-1"
    folder.mkdir(parents=True)
    checkpoints.seal(folder, {})
    config.write(job_, where.folder / "job.json")


def place_of(where: run_dir.Run, dataset: str) -> str:
    """Where the check says that the rows lie."""
    found = check.check(where, dataset)
    assert isinstance(found, Checked)
    return found.dataset


CHAT = {"prompt": "What is that?", "completion": "A saddle."}


def test_what_is_found_is_counted_and_the_place_remembered(where: run_dir.Run):
    place = brought(where, *[CHAT] * 30)
    found = check.check(where, place)
    assert isinstance(found, Checked) and not found.error and found.dataset == place
    assert found.text.startswith("rows    30 rows of prompt and completion, 2 of them held out")


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ([{"question": "a", "reply": "b"}], "the dataset has 'question', 'reply': name yours in COLUMNS"),
        ([], "rows.jsonl is empty"),
        ([CHAT, '{"prompt": '], "line 2 is not JSON"),
        ([{"messages": [{"role": "robot", "content": "a"}]}], "the role 'robot' is none of"),
    ],
)
def test_a_mistake_comes_back_as_a_sentence(where: run_dir.Run, lines: list[object], said: str):
    found = check.check(where, brought(where, *lines))
    assert said in found.error and not found.text and "\n" not in str(found)


def test_a_setting_that_does_not_exist_is_said_too(where: run_dir.Run, chat_job: Job, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(launcher, "job", lambda: replace(chat_job, method="magic"))
    assert check.check(where, brought(where, *[CHAT] * 30)).error == "METHOD = 'magic' is none of full, lora, qlora"


def test_a_file_that_changed_since_the_run_began_is_refused(where: run_dir.Run, chat_job: Job):
    first, other = brought(where, *[CHAT] * 30), brought(where, *[CHAT] * 31)
    assert place_of(where, other) == other
    config.write(chat_job, where.folder / "job.json")
    assert place_of(where, first) == first  # nothing was saved that had been trained on the other
    begun(where, chat_job)
    assert place_of(where, first) == first
    assert "is not what it was when this run began" in check.check(where, other).error


def test_a_run_goes_on_with_the_rows_that_the_hub_had_when_it_began(where: run_dir.Run, chat_job: Job):
    old, new = (str(where.root / "datasets" / f"org--name-{commit}.parquet") for commit in ("abc", "def"))
    assert check.kept(where, old, "org/name") == (old, [])
    begun(where, chat_job)
    place, told = check.kept(where, new, "org/name")
    assert place == old and told == ["rows    those of org--name-abc, with which this run began"]


def test_another_job_under_the_same_name_is_refused_before_anything_is_read(where: run_dir.Run, chat_job: Job):
    begun(where, replace(chat_job, learning_rate=1.0))
    assert "LEARNING_RATE was 1.0" in check.check(where, "nowhere").error


def test_a_finished_run_needs_no_rows_and_no_gpu(where: run_dir.Run, chat_job: Job):
    train.run(replace(chat_job, max_steps=2), replace(where, limit="none"))
    (where.folder / "job.json").unlink()
    found = check.check(where, "nowhere")
    assert isinstance(found, Checked) and found.ended and found.ended.complete
    assert "finished at step 2 of 2" in str(found.ended)


def test_a_run_without_money_needs_no_gpu(where: run_dir.Run):
    run_dir.Outcome(run_dir.STOPPED, 3, 9).save(where.outcome)
    where = run_dir.Run(where.root, where.name, "1/run", usd_per_hour=3600.0)
    meter = where.ledger().start("training", every_s=2.0)
    found = check.check(where, "nowhere")
    meter.stop()
    assert isinstance(found, Checked) and found.ended and not found.ended.complete
    assert "raise BUDGET in plan.py" in str(found.ended)


def test_a_dataset_of_the_hub_is_copied_once_at_its_commit(tmp_path: Path):
    """In a process of its own: the libraries read the hub's address when they are imported."""
    code = f"""
from pathlib import Path
from {{cookiecutter.__package}} import data, rows
for _ in range(2):
    place = rows.brought(Path({str(tmp_path)!r}), "org/name", "")
print(place, data.load(place)[7]["reply"])
try:
    rows.brought(Path({str(tmp_path)!r}), "org/other", "")
except data.DataError as error:
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


def test_a_file_of_this_machine_is_found_and_one_that_is_not_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "own.jsonl").write_text("{}\n")
    assert load.here("own.jsonl") == Path("own.jsonl")
    assert load.here("samples/chat.jsonl") == load.HOME / "samples/chat.jsonl"  # of the project
    assert load.here("org/name") is None and load.here(f"{load.MOUNT}/datasets/x/rows.parquet") is None
    for absent in ("other.jsonl", "./folder", "/nowhere/at/all"):
        with pytest.raises(FileNotFoundError, match="there is no file"):
            load.here(absent)


def test_the_same_bytes_lie_in_the_same_folder_and_others_do_not(tmp_path: Path):
    for name, text in (("a.jsonl", "x"), ("b.jsonl", "x"), ("c.jsonl", "y")):
        (tmp_path / name).write_text(text)
    a, b, c = (load.content(tmp_path / f"{name}.jsonl") for name in "abc")
    assert a == b != c
    whole = load.content(tmp_path)
    (tmp_path / "c.jsonl").write_text("x")
    assert load.content(tmp_path) != whole


def test_weights_that_are_not_there_say_how_to_get_them():
    from {{cookiecutter.__package}} import mistakes

    with pytest.raises(JobError, match="is not on the Volume"):
        mistakes.weights()
