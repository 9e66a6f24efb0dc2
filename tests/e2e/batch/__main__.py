"""Play the life of a baked batch project on the Modal control plane that the environment points to.

    python scripts/rehearse_batch PROJECT MODEL [--rows 10000] [--kills 10] [--orchestrators 2]

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

import breaking
import commands
from baked import Baked, Failed, need, opened, played
from rows import Plain, Rows, compared, dead, joined, written

NEAR = 0.1  # of the money: as far from the budget as a job may stop, two shards in flight on a busy machine
START_S = 5  # of a container that is a process here; the plan's is a GPU's, and dearer than half of so small a job


@dataclass
class Play:
    """What one step leaves to the next."""

    stage: Baked
    rows: Rows
    kills: int
    orchestrators: int
    plain: Plain
    expected: dict[int, Any] = field(default_factory=dict)
    undisturbed: dict[str, Any] = field(default_factory=dict)

    def command(self, *more: str) -> tuple[str, ...]:
        return ("run", str(self.rows.path), "--id", "id", *more)

    def same(self, job: str) -> str:
        """Failed unless a job's rows are the plain loop's, and its dead ones those that cannot be used."""
        to = self.stage.project / "joined.parquet"
        found = compared(self.plain, self.rows, self.expected, joined(self.stage, job, to))
        need(dead(to) == self.rows.bad, "the dead-letter file holds other rows than the unusable ones")
        return f"{found}, {len(self.rows.bad):,} are in the dead-letter file"


def weights(play: Play) -> str:
    stage = play.stage
    volume = stage.volume("weights")
    stage.modal("volume", "create", volume, check=False)
    stage.modal("volume", "put", "--force", volume, str(stage.model), f"/{stage.model.name}")
    said = stage.modal("run", "-m", f"{stage.package}.app::fetch")  # `make weights`
    need(f"weights at /weights/{stage.model.name}" in said, said)
    return f"weights at /weights/{stage.model.name}"


def loop(play: Play) -> str:
    begun = time.monotonic()
    play.expected = {number: play.plain.answer(text) for number, text in play.rows.texts.items()}
    return f"{len(play.expected) / (time.monotonic() - begun):,.0f} rows/s, one at a time"


def undisturbed(play: Play) -> str:
    said, job = play.stage.started(*play.command("--column", "text", "--budget", "none"))
    play.undisturbed = play.stage.job(job)
    return f"{play.same(job)}; {play.undisturbed['usd']:.4f} USD; {said.splitlines()[1]}"


def half(play: Play) -> str:
    """Half of the undisturbed job's money does about half of the rows; the same command with more does the rest."""
    stage, whole = play.stage, play.undisturbed["usd"]
    again = play.command("--template", "{text}")  # the same prompts by another name: another job
    said, name = stage.started(*again, "--budget", f"{whole / 2:.6f}/run", check=False)
    job = stage.job(name)
    share, spent = job["done"] / len(play.rows.texts), job["usd"] / (whole / 2)
    told = f"{spent:.0%} of half the money did {share:.0%} of the rows"
    need("are left of" in said and "the rest costs about" in said, f"{told}, and it did not say what is left: {said}")
    need(abs(spent - 1) <= NEAR and not job["complete"], told)
    stage.batch(*again, "--budget", "none")
    return f"{told}; the rest for {stage.job(name)['usd'] - job['usd']:.4f} USD: {play.same(name)}"


def broken(play: Play) -> str:
    stage = play.stage
    again = play.command("--column", "text", "--rows", str(play.rows.count), "--budget", "none", "--detach")
    _said, job = stage.started(*again)
    done = "nothing killed: the containers are elsewhere"
    if stage.loopback:
        done = breaking.killed(stage, job, again, play.kills, play.orchestrators)
    stage.batch(*again[:-1], check=False)
    stage.ended(job)
    victim = breaking.spoiled(stage, job)
    stage.batch(*again[:-1])
    return f"{done}; {victim} cut short; {play.same(job)}; {stage.job(job)['usd']:.4f} USD"


def command(step: Callable[[Baked, Rows], str]) -> Callable[[Play], str]:
    return lambda play: step(play.stage, play.rows)


STEPS: tuple[tuple[str, Callable[[Play], str]], ...] = (
    ("weights to the Volume", weights),
    ("estimate", command(commands.estimated)),
    ("detach, stop, join", command(commands.detached)),
    ("modal run", command(commands.by_modal)),
    ("a path on the Volume", command(commands.on_the_volume)),
    ("a dataset of the hub", command(commands.from_the_hub)),
    ("a plain loop", loop),
    ("undisturbed", undisturbed),
    ("half of the money", half),
    ("killed and cut short", broken),
)


def main() -> int:
    parser = argparse.ArgumentParser(prog="rehearse_batch", description=(__doc__ or "").partition("\n")[0])
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
        stage = opened(given.project, given.model)
        at_once = 1 if stage.plan["ENGINE"] == "vllm" else 2  # vLLM takes a third of the RAM
        stage.edit(SHARD_ROWS=max(1, given.rows // given.shards), MAX_CONTAINERS=at_once)
        if stage.plan["WORKLOAD"] == "generation":
            stage.edit(MAX_ANSWER_TOKENS=given.answer)
        if stage.loopback:
            stage.one_core_each()
            stage.edit(PREDICTED_COLD_START_S=START_S)
        rows = written(stage.project / "rows.jsonl", given.rows)
    except Failed as failed:
        sys.exit(f"error: {failed}")
    kind = f"{stage.plan['WORKLOAD']} on {stage.plan['ENGINE']}"
    print(f"{stage.plan['NAME']}: {kind}, {rows.count:,} rows, control plane {stage.plane}", flush=True)
    play = Play(stage, rows, given.kills, given.orchestrators, Plain(stage))
    try:
        return played(STEPS, play, given.only)
    finally:
        stage.modal("app", "stop", "-y", stage.plan["NAME"], check=False)


if __name__ == "__main__":
    sys.exit(main())
