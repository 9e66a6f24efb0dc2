"""Run the life of a baked batch project on the Modal control plane that the environment points to.

    python tests/e2e/batch PROJECT MODEL [--rows 10000] [--kills 10] [--orchestrators 2]

MODEL is the folder of weights that the project was baked for. Three jobs over the same rows, each held against a plain
loop over them: one undisturbed; one that gets half of the first one's money, and then the rest; one whose containers,
orchestrator and results are broken on the way. On CPU containers (GPU=none). Exit status 1, with a sentence, at the
first step that fails; the app is stopped either way.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import commands
import faults
from project import Failed, Project, open_project, require, run_steps
from rows import Reference, Rows, compare, dead_rows, joined_rows, write_rows

NEAR = 0.1  # of the money: as far from the budget as a job may stop, two shards in flight on a busy machine
START_S = 5  # of a container that is a process here; the plan's is a GPU's, and dearer than half of so small a job


@dataclass
class Run:
    """The state that one step leaves to the next."""

    project: Project
    rows: Rows
    kills: int
    orchestrators: int
    reference: Reference
    expected: dict[int, Any] = field(default_factory=dict)
    undisturbed: dict[str, Any] = field(default_factory=dict)

    def command(self, *more: str) -> tuple[str, ...]:
        return ("run", str(self.rows.path), "--id", "id", *more)

    def same(self, job: str) -> str:
        """Failed unless a job's rows are the plain loop's, and its dead ones those that cannot be used."""
        to = self.project.folder / "joined.parquet"
        found = compare(self.reference, self.rows, self.expected, joined_rows(self.project, job, to))
        require(dead_rows(to) == self.rows.bad, "the dead-letter file holds other rows than the unusable ones")
        return f"{found}, {len(self.rows.bad):,} are in the dead-letter file"


def weights(run: Run) -> str:
    project = run.project
    volume = project.volume("weights")
    project.modal("volume", "create", volume, check=False)
    project.modal("volume", "put", "--force", volume, str(project.model), f"/{project.model.name}")
    output = project.modal("run", "-m", f"{project.package}.app::fetch")  # `make weights`
    require(f"weights at /weights/{project.model.name}" in output, output)
    return f"weights at /weights/{project.model.name}"


def loop(run: Run) -> str:
    begun = time.monotonic()
    run.expected = {number: run.reference.answer(text) for number, text in run.rows.texts.items()}
    return f"{len(run.expected) / (time.monotonic() - begun):,.0f} rows/s, one at a time"


def undisturbed(run: Run) -> str:
    output, job = run.project.started(*run.command("--column", "text", "--budget", "none"))
    run.undisturbed = run.project.job(job)
    return f"{run.same(job)}; {run.undisturbed['usd']:.4f} USD; {output.splitlines()[1]}"


def half(run: Run) -> str:
    """Half of the undisturbed job's money does about half of the rows; the same command with more does the rest."""
    project, whole = run.project, run.undisturbed["usd"]
    again = run.command("--template", "{text}")  # the same prompts by another name: another job
    output, name = project.started(*again, "--budget", f"{whole / 2:.6f}/run", check=False)
    job = project.job(name)
    share, spent = job["done"] / len(run.rows.texts), job["usd"] / (whole / 2)
    told = f"{spent:.0%} of half the money did {share:.0%} of the rows"
    left = "are left of" in output and "the rest costs about" in output
    require(left, f"{told}, and it did not say what is left: {output}")
    require(abs(spent - 1) <= NEAR and not job["complete"], told)
    project.command(*again, "--budget", "none")
    return f"{told}; the rest for {project.job(name)['usd'] - job['usd']:.4f} USD: {run.same(name)}"


def broken(run: Run) -> str:
    project = run.project
    again = run.command("--column", "text", "--rows", str(run.rows.count), "--budget", "none", "--detach")
    _output, job = project.started(*again)
    done = "nothing killed: the containers are elsewhere"
    if project.loopback:
        done = faults.kill_containers(project, job, again, run.kills, run.orchestrators)
    project.command(*again[:-1], check=False)
    project.ended(job)
    victim = faults.cut_short(project, job)
    project.command(*again[:-1])
    return f"{done}; {victim} cut short; {run.same(job)}; {project.job(job)['usd']:.4f} USD"


def command(step: Callable[[Project, Rows], str]) -> Callable[[Run], str]:
    return lambda run: step(run.project, run.rows)


STEPS: tuple[tuple[str, Callable[[Run], str]], ...] = (
    ("weights to the Volume", weights),
    ("estimate", command(commands.estimate)),
    ("detach, stop, join", command(commands.detach_stop_join)),
    ("modal run", command(commands.by_modal)),
    ("a path on the Volume", command(commands.on_the_volume)),
    ("a dataset of the hub", command(commands.from_the_hub)),
    ("a plain loop", loop),
    ("undisturbed", undisturbed),
    ("half of the money", half),
    ("killed and cut short", broken),
)


def main() -> int:
    parser = argparse.ArgumentParser(prog="tests/e2e/batch", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("project", type=Path, help="a baked batch project")
    parser.add_argument("model", type=Path, help="the folder of weights that it was baked for")
    parser.add_argument("--rows", type=int, default=10_000)
    parser.add_argument("--kills", type=int, default=10, help="containers to kill (%(default)s)")
    parser.add_argument("--orchestrators", type=int, default=2, help="orchestrators to kill (%(default)s)")
    parser.add_argument("--only", nargs="*", default=[""], help="the steps with these words in their names")
    parser.add_argument("--shards", type=int, default=100, help="of a job: half of them is half to a hundredth")
    parser.add_argument("--answer", type=int, default=16, help="tokens of an answer at most (%(default)s)")
    given = parser.parse_args()
    signal.signal(signal.SIGINT, signal.default_int_handler)  # which a job in the background ignores
    os.environ["TQDM_DISABLE"] = "1"  # its progress would stand between the steps
    try:
        project = open_project(given.project, given.model)
        at_once = 1 if project.plan["ENGINE"] == "vllm" else 2  # vLLM takes a third of the RAM
        project.edit(SHARD_ROWS=max(1, given.rows // given.shards), MAX_CONTAINERS=at_once)
        if project.plan["WORKLOAD"] == "generation":
            project.edit(MAX_ANSWER_TOKENS=given.answer)
        if project.loopback:
            project.one_core_each()
            project.edit(PREDICTED_COLD_START_S=START_S)
        rows = write_rows(project.folder / "rows.jsonl", given.rows)
    except Failed as failed:
        sys.exit(f"error: {failed}")
    kind = f"{project.plan['WORKLOAD']} on {project.plan['ENGINE']}"
    print(f"{project.plan['NAME']}: {kind}, {rows.count:,} rows, control plane {project.plane}", flush=True)
    run = Run(project, rows, given.kills, given.orchestrators, Reference(project))
    try:
        return run_steps(STEPS, run, given.only)
    finally:
        project.modal("app", "stop", "-y", project.plan["NAME"], check=False)


if __name__ == "__main__":
    sys.exit(main())
