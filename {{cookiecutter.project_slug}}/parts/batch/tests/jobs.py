"""Inputs and jobs for the tests, and an engine that needs no model: what it answers follows from the prompt alone."""

import hashlib
import json
import time
from collections.abc import Callable
from pathlib import Path

from pyarrow import parquet

from {{cookiecutter.__package}}.input import shards
from {{cookiecutter.__package}}.input.prompts import Prompt, PromptSpec
from {{cookiecutter.__package}}.input.readers import Source
from {{cookiecutter.__package}}.input.shards import Shard
from {{cookiecutter.__package}}.output.join import join
from {{cookiecutter.__package}}.output.results import Failed, Generated, Result
from {{cookiecutter.__package}}.run import budget, scheduler, shard_runner
from {{cookiecutter.__package}}.run.job import Job, Settings, save_job
from {{cookiecutter.__package}}.run.status import scan_results

TEXT = PromptSpec(column="text", id="id")
SETTINGS = Settings("generation", "org/model", "abc", options={"temperature": 0.0, "max_tokens": 16})
FAST = 0.02  # seconds between two updates of the ledger
HANGS_S = 300  # after which something that others do is taken to hang
scheduler.LOOK_EVERY_S = FAST


def answer(prompt: Prompt) -> Result | Failed:
    text = prompt if isinstance(prompt, str) else prompt[-1]["content"]
    if text.startswith("too long"):
        return Failed("2 tokens more than the context holds")
    return Generated(hashlib.sha256(text.encode()).hexdigest()[: len(text) % 13], "stop", len(text), len(text) % 13)


def engine(prompts: list[Prompt]) -> list[Result | Failed]:
    return [answer(prompt) for prompt in prompts]


def written(path: Path, rows: int, bad_every: int = 0) -> Path:
    """A JSONL file of so many rows; each `bad_every`-th is bad, in one of four ways."""
    bad = ['{"id": "broken', '{"id": "no-text"}', '{"id": "empty", "text": " "}', '{"id": "nested", "text": [3]}']
    with open(path, "w") as file:
        for number in range(rows):
            row = json.dumps({"id": f"r{number}", "text": f"row {number} " + "x" * (number % 50)})
            file.write((bad[number // bad_every % 4] if bad_every and number % bad_every == 0 else row) + "\n")
    return path


def job(root: Path, path: Path, shard_rows: int = 10, settings: Settings = SETTINGS) -> Job:
    """A job that is planned and not begun."""
    split = shards.prepare(str(root), Source(str(path)), TEXT, shard_rows)
    planned = Job(str(root), split, settings)
    save_job(planned)
    return planned


def run(
    job: Job,
    run_shard: Callable[[Shard], shard_runner.Outcome] | None = None,
    *,
    limit: str = "none",
    at_once: int = 2,
    seconds_per_row: float = 0.001,
) -> scheduler.Report:
    """The job as far as it goes, its shards in threads of this process."""
    one = run_shard or (lambda shard: shard_runner.run_shard(job.root, shard, engine, FAST))
    return scheduler.run_job(
        job,
        budget.parse(limit),
        lambda shard, most_s: one(shard),
        at_once=at_once,
        seconds_per_row=seconds_per_row,
        start_s=0.0,
        idle_s=0.0,
    )


def outcome(job: Job, to: Path) -> tuple[list[dict], list[dict]]:
    """(rows, dead rows) of the joined job, which must be complete."""
    found = scan_results(job)
    assert not found.pending
    path, dead_path = to / "joined.parquet", to / "joined.dead.jsonl"
    written = join(job, found.done, path).files
    dead = dead_path.read_text().splitlines() if str(dead_path) in written else []
    return parquet.read_table(path).to_pylist(), [json.loads(line) for line in dead]


def expected(path: Path) -> list[dict]:
    """Return the answers of a plain loop over the rows."""
    rows = []
    for number, line in enumerate(path.read_text().splitlines()):
        try:
            row = json.loads(line)
            found = answer(row["text"]) if isinstance(row["text"], str) and row["text"].strip() else None
        except (ValueError, KeyError):
            continue
        if isinstance(found, Generated):
            columns = {"text": found.text, "finish_reason": found.finish_reason}
            tokens = {"prompt_tokens": found.prompt_tokens, "output_tokens": found.output_tokens}
            rows.append({"row": number, "id": row["id"], **columns, **tokens})
    return rows


def process(root: str, path: str, shard_rows: int) -> None:
    """A whole run, to be killed: prepares the input and works on it with two threads. Slow enough to be hit."""

    def slowly(prompts: list[Prompt]) -> list[Result | Failed]:
        time.sleep(0.002)
        return engine(prompts)

    planned = job(Path(root), Path(path), shard_rows)
    run(planned, lambda shard: shard_runner.run_shard(root, shard, slowly, FAST))
