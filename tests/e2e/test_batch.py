"""A batch's life: undisturbed, with half of the money, and with a container killed, its rows are a plain loop's."""

from __future__ import annotations

import csv
import importlib
import json
import os
import random
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from pyarrow import parquet
from waiting import until

from e2e import LONG, long
from e2e.conftest import Begin
from e2e.on_modal import OnModal
from e2e.rows import Reference, Rows, compare, write_rows
from planner.schema import ENGINES, WORKLOADS

pytestmark = pytest.mark.e2e
LIVES = [f"{engine}-{workload}" for engine in ENGINES for workload in WORKLOADS]
SHORT = ("vllm-generation", "transformers-generation")
ROWS = {"vllm": 10_000 if LONG else 200, "transformers": 10_000 if LONG else 1_500}
SHARDS = 100 if LONG else 50
SOME = 200 if LONG else 40  # rows of what is only tried
ANSWER_TOKENS = 16
START_S = 2  # of a container that is a process here; the plan's is a GPU's, and dearer than half of so small a job
IDLE_S = 2  # that it waits for another shard
NEAR = 0.1 if LONG else 0.3  # of the money: as far beyond the budget as shards in flight may take a job
CONTEXT = {"generation": "256", "embedding": "256", "classification": "256"}


@dataclass
class Batch:
    """A project, its rows, and what a plain loop over them gives."""

    app: OnModal
    rows: Rows
    reference: Reference
    expected: dict[int, Any]
    usd: float = 0.0  # of the undisturbed job
    start_usd: float = 0.0  # of it, before and between its shards

    def words(self, *more: str) -> tuple[str, ...]:
        return ("run", str(self.rows.path), "--id", "id", *more)

    def started(self, *words: str, ends: int = 0) -> tuple[str, str]:
        """Return the output of `run`, and the name of its job."""
        output = self.app.command(*words, ends=ends)
        found = re.search(r"^job (\S+) runs on Modal", output, re.M)
        assert found, output
        return output, found[1]

    def manifest(self, job: str) -> dict[str, Any]:
        return json.loads(self.app.download("results", f"/jobs/{job}/manifest.json").read_text(encoding="utf-8"))

    def is_the_loops(self, job: str) -> None:
        """AssertionError unless a job's rows are the plain loop's, and its dead ones those that cannot be used."""
        to = self.app.project.root / "joined.parquet"
        self.app.command("join", str(to), "--job", job)
        compare(self.reference, self.rows, self.expected, parquet.read_table(to).to_pylist())
        dead = to.with_suffix(".dead.jsonl").read_text(encoding="utf-8").splitlines()
        assert {json.loads(line)["row"] for line in dead} == self.rows.bad


@pytest.fixture(scope="module", params=[life for life in LIVES if LONG or life in SHORT])
def batch(request: pytest.FixtureRequest, begin: Begin) -> Iterator[Batch]:
    engine, _, workload = request.param.partition("-")
    model = "tiny" if workload == "generation" else workload
    answers = {"task": "batch", "engine": engine, "workload": workload, "context_len": CONTEXT[workload]}
    with begin(engine, model, f"e2e-batch-{request.param}", **answers) as app:
        app.project.edit(SHARD_ROWS=ROWS[engine] // SHARDS, MAX_CONTAINERS=1)
        if workload == "generation":
            app.project.edit(MAX_ANSWER_TOKENS=ANSWER_TOKENS)
        if app.plane:
            app.one_core_each()
            app.project.edit(PREDICTED_COLD_START_S=START_S, SCALEDOWN_WINDOW=IDLE_S)
        rows, reference = write_rows(app.project.root / "rows.jsonl", ROWS[engine]), Reference(app)
        yield Batch(app, rows, reference, {number: reference.answer(text) for number, text in rows.texts.items()})


def test_the_estimate_counts_rows_and_says_a_price_with_its_range(batch: Batch) -> None:
    batch.app.upload_weights()
    output = batch.app.command("estimate", str(batch.rows.path), "--column", "text", "--id", "id")
    assert f"{batch.rows.count:,} rows, {len(batch.rows.bad):,} of them unusable" in output
    assert re.search(r"^\$\S+ for GPUs.*\)$", output, re.M)


def test_an_undisturbed_job_is_the_plain_loop(batch: Batch) -> None:
    _, job = batch.started(*batch.words("--column", "text", "--budget", "none"))
    batch.is_the_loops(job)
    batch.usd = batch.manifest(job)["usd"]
    entries = [json.loads(path.read_text()) for path in batch.app.download("results", f"/ledger/{job}").rglob("*.json")]
    beside = [entry for entry in entries if entry["what"] in ("start", "idle")]
    batch.start_usd = sum(entry["seconds"] * entry["usd_per_hour"] / 3600 for entry in beside)


def test_half_of_the_money_does_a_part_and_more_money_the_rest(batch: Batch) -> None:
    if batch.app.plan["ENGINE"] == "vllm" and not LONG:
        pytest.skip("of so few rows the engine's start is more than half of the money")
    wait_usd = IDLE_S / 3600 * batch.app.plan["USD_PER_HOUR"]  # is kept back
    half = batch.start_usd + wait_usd + (batch.usd - batch.start_usd) / 2  # of what the rows take
    words = batch.words("--template", "{text}")  # the same prompts by another name: another job
    output, job = batch.started(*words, "--budget", f"{half:.6f}/run", ends=1)
    manifest = batch.manifest(job)
    assert "is left of" in output and "the rest costs about" in output
    assert 0 < manifest["done"] < batch.rows.count - len(batch.rows.bad) and not manifest["complete"]
    assert manifest["usd"] <= half * (1 + NEAR) and (not LONG or manifest["usd"] >= half * (1 - NEAR))
    batch.app.command(*words, "--budget", "none")
    batch.is_the_loops(job)


def test_a_killed_container_costs_no_row(batch: Batch) -> None:
    words = batch.words("--column", "text", "--rows", str(batch.rows.count), "--budget", "none")
    batch.app.containers()  # or nothing can be killed
    if batch.app.plan["ENGINE"] != "vllm":  # which takes a third of the RAM
        batch.app.project.edit(MAX_CONTAINERS=2)
    _, job = batch.started(*words, "--detach")
    (victim, *_) = until(lambda: [one for one in batch.app.containers("Worker") if one.inputs], 300, pause_s=0.02)
    victim.kill()
    ended(batch, job)
    assert victim not in batch.app.containers()
    batch.is_the_loops(job)


def ended(batch: Batch, job: str) -> None:
    """Wait until nothing of a job is left to do."""
    until(lambda: ", 0 to go" in batch.app.command("status", "--job", job), 3600, pause_s=2)


@long
def test_ten_containers_two_orchestrators_and_a_result_are_lost(batch: Batch) -> None:
    """At random, in a random order, some while they start; the command is typed again where the job has stopped."""
    words = batch.words("--column", "text", "--rows", str(batch.rows.count - 1), "--budget", "none")
    batch.app.containers()
    _, job = batch.started(*words, "--detach")
    chance, victims = random.Random(1), ["Worker"] * 10 + ["run"] * 2
    chance.shuffle(victims)
    for function in victims:
        until(lambda: chance.random() < 0.1)  # a second, on average: less than a container takes to start
        while not (found := batch.app.containers(function)):
            if not batch.app.containers("run"):
                assert ", 0 to go" not in batch.app.command("status", "--job", job), "it ended before every kill"
                batch.app.command(*words, "--detach")
            until(lambda function=function: batch.app.containers(function) or not batch.app.containers("run"), 300)
        chance.choice(found).kill()
    batch.app.command(*words)
    victim = chance.choice(batch.app.listed("results", f"/jobs/{job}/output"))
    cut = batch.app.project.root / "cut.parquet"
    cut.write_bytes(b"PAR1 and no more")
    place = f"/jobs/{job}/output/{victim}"
    batch.app.modal("volume", "put", "--force", batch.app.volume("results"), str(cut), place)
    batch.app.command(*words)
    joined = batch.app.project.root / "broken.parquet"
    batch.app.command("join", str(joined), "--job", job)
    assert [row["row"] for row in parquet.read_table(joined).to_pylist()] == list(batch.rows.texts)


def test_a_job_is_stopped_continued_and_joined_to_every_format(batch: Batch) -> None:
    words = batch.words("--column", "text", "--rows", str(SOME), "--budget", "none")
    _, job = batch.started(*words, "--detach")
    assert "starts nothing more" in batch.app.command("stop", "--job", job)
    output, same = batch.started(*words)
    assert same == job and ", 0 to go" in output
    wanted = [f"r{number}" for number in batch.rows.texts if number < SOME]
    for suffix in ["jsonl", "csv"] + ["npy"] * (batch.app.plan["WORKLOAD"] == "embedding"):
        to = batch.app.project.root / f"results.{suffix}"
        batch.app.command("join", to.name, "--job", job)
        assert ids(to) == wanted


def ids(path: Path) -> list[str]:
    """The ids in a joined file; those of a NumPy file stand in the CSV beside it."""
    if path.suffix == ".npy":
        import numpy

        found = ids(path.with_suffix(".ids.csv"))
        assert len(numpy.load(path)) == len(found)
        return found
    with open(path, encoding="utf-8", newline="") as file:
        lines = map(json.loads, file) if path.suffix == ".jsonl" else csv.DictReader(file)
        return [line["id"] for line in lines]


@long
def test_modal_run_does_what_the_command_does(batch: Batch) -> None:
    words = batch.words("--column", "text", "--rows", str(SOME), "--budget", "none")
    output = batch.app.modal("run", "--detach", "-m", f"{batch.app.project.package}.app", *words)
    done = sum(number < SOME for number in batch.rows.texts)
    assert f"{done:,} of {SOME:,} rows done" in output


@long
def test_rows_on_the_volume_are_estimated_and_run(batch: Batch) -> None:
    folders = batch.app.listed("results", "/uploads")
    (folder,) = (one for one in folders if batch.app.listed("results", f"/uploads/{one}") == [batch.rows.path.name])
    path = f"/results/uploads/{folder}/{batch.rows.path.name}"
    which = (path, "--column", "text", "--id", "id", "--rows", str(SOME // 2))
    assert f"{SOME // 2} rows, " in batch.app.command("estimate", *which)
    assert ", 0 to go" in batch.started("run", *which, "--budget", "none")[0]
    missing = "/results/uploads/nowhere.jsonl"
    assert f"there is no {missing}" in batch.app.refused("run", missing, "--column", "text")


@long
def test_a_dataset_of_the_hub_is_estimated_and_run(batch: Batch) -> None:
    """From the stand-in for the hub that the project's own tests have."""
    batch.app.containers()  # on this machine, where they reach it
    root, secret = batch.app.project.root, "e2e-hub"
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(root))
        patch.syspath_prepend(str(root / "tests"))
        patch.delitem(sys.modules, "test_hub", raising=False)
        hub = importlib.import_module("test_hub")
    server = ThreadingHTTPServer(("127.0.0.1", 0), hub.Hub)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    address = f"HF_ENDPOINT=http://127.0.0.1:{server.server_port}"
    batch.app.modal("secret", "create", "--force", secret, address, "HF_HUB_OFFLINE=0")
    batch.app.project.edit(SECRETS=[secret])
    batch.app.deploy()
    dataset = ("org/name", "--split", "train", "--column", "text", "--id", "id")
    batch.app.command("estimate", *dataset)
    output, job = batch.started("run", *dataset, "--budget", "none")
    batch.app.command("join", "hub.jsonl", "--job", job)
    server.shutdown()
    assert ", 0 to go" in output and any("/resolve/" in path for path in hub.Hub.asked)
    assert ids(root / "hub.jsonl")
    batch.app.project.edit(SECRETS=[])


@long
def test_ctrl_c_ends_the_bar_and_not_the_job(batch: Batch) -> None:
    words = batch.words("--column", "text", "--rows", str(SOME * 2), "--budget", "none")
    command = [sys.executable, "-m", batch.app.project.package, *words]
    env = os.environ | batch.app.environment
    with subprocess.Popen(command, cwd=batch.app.project.root, env=env, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr and any("runs on Modal" in line for line in process.stderr)
        time.sleep(1)
        process.send_signal(signal.SIGINT)
        last = process.stderr.read()
    assert "the job goes on" in last and "Traceback" not in last


def test_nothing_is_left_after_the_stop(batch: Batch) -> None:
    batch.app.stop()
