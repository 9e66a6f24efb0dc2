"""The command as a person types it: a whole run on this machine, and what is refused."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from {{cookiecutter.__package}} import cli, plan
from {{cookiecutter.__package}}.run import budget, estimate
from {{cookiecutter.__package}}.run.job import container_limit

PACKAGE = "{{cookiecutter.__package}}"


def typed(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    root = str(Path(cli.__file__).parents[1])
    env = os.environ | {"HF_HUB_OFFLINE": "1", "PYTHONPATH": root}
    return subprocess.run([sys.executable, "-m", PACKAGE, *arguments], cwd=cwd, env=env, capture_output=True, text=True)


def test_a_run_here_ends_in_one_file_and_its_bad_rows_beside(tiny: Path, tmp_path: Path):
    rows = [{"name": f"r{i}", "text": f"the quick fox {i}"} for i in range(8)] + [{"name": "empty", "text": ""}]
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    run = ("run", "rows.jsonl", "--column", "text", "--id", "name", "--local", "--model", str(tiny))
    done = typed(*run, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "8 of 9 rows done, 1 unusable, 0 to go" in done.stdout and "engine: " in done.stderr
    assert typed("join", "out.jsonl", "--local", cwd=tmp_path).returncode == 0
    found = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines()]
    assert [row["id"] for row in found] == [f"r{i}" for i in range(8)]
    dead = [json.loads(line) for line in (tmp_path / "out.dead.jsonl").read_text().splitlines()]
    assert [row["id"] for row in dead] == ["empty"]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["run", "nowhere.jsonl", "--column", "text", "--local"], "there is no file nowhere.jsonl"),
        (["run", "rows.jsonl", "--column", "text", "--budget", "much"], "write 50/run, 300/month"),
        (["run", "rows.jsonl", "--column", "text", "--budget", "0.01/hour"], "does not pay for one container"),
        (["run", "rows.jsonl"], "there is no file rows.jsonl"),
        (["run", "org/name"], "say which column is the prompt: --column, --template or --messages"),
        (["run", "rows.jsonl", "--column", "a", "--template", "{b}"], "not allowed with argument"),
        (["join", "out.xlsx", "--local"], "out.xlsx: take one of .parquet, .jsonl, .csv, .npy, .openai.jsonl"),
        (["join", "out.jsonl", "--local"], "there is no job yet"),
    ],
)
def test_what_cannot_be_run_is_one_sentence(arguments: list[str], sentence: str, tmp_path: Path):
    done = typed(*arguments, cwd=tmp_path)
    assert done.returncode and sentence in done.stderr and "Traceback" not in done.stderr


def test_an_hourly_budget_bounds_what_runs_at_once():
    one = plan.USD_PER_HOUR
    assert container_limit(budget.parse(f"{one}/hour")) == 1
    assert container_limit(budget.parse("1000000/hour")) == plan.MAX_CONTAINERS
    assert container_limit(budget.parse("5/run")) == plan.MAX_CONTAINERS
    with pytest.raises(budget.BudgetError, match="does not pay for one container"):
        container_limit(budget.parse(f"{one / 2}/hour"))


def test_a_planned_row_takes_its_tokens_at_the_planned_speed():
    speed = estimate.Speed()
    assert speed.tokens_per_s == plan.PREDICTED_TOKENS_PER_S
    assert speed.high / speed.low == pytest.approx(plan.SPEED_RANGE**2)
