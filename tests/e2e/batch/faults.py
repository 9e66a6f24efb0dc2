"""What goes wrong in a job's life, done on purpose: containers and orchestrators killed, a result cut short."""

from __future__ import annotations

import random
import sys
import time
from pathlib import Path

from baked import Baked, need

sys.path.append(str(Path(__file__).parents[1] / "rehearse"))
import containers  # ty: ignore[import-not-found]  # beside the serve rehearsal

WORKER, ORCHESTRATOR = "Worker", "run"
PAUSE_S = (1.0, 4.0)  # between two kills: less than a container takes to start, or a quick job ends before them all
PATIENCE_S = 1800.0


def killed(stage: Baked, job: str, again: tuple[str, ...], workers: int, orchestrators: int) -> str:
    """Kill so many of each at random while the job runs, in a random order. What was killed, and what it took to go on.

    `again` is the command that is typed where a job has stopped. Failed where the job ends before.
    """
    chance = random.Random(1)
    victims = [WORKER] * workers + [ORCHESTRATOR] * orchestrators
    chance.shuffle(victims)
    typed = starting = 0
    until = time.monotonic() + PATIENCE_S
    for victim in victims:
        time.sleep(chance.uniform(*PAUSE_S))
        while not (found := containers.of_function(stage.plane, victim)):
            need(time.monotonic() < until, f"no {victim} is running for {PATIENCE_S:.0f} s")
            if not containers.of_function(stage.plane, ORCHESTRATOR):
                time.sleep(5)  # a control plane may start it again
                if not containers.of_function(stage.plane, ORCHESTRATOR):
                    need(", 0 to go" not in stage.batch("status", "--job", job), "the job ended before every kill")
                    stage.batch(*again)
                    typed += 1
            time.sleep(0.5)
        processes = chance.choice(found)
        starting += time.time() - processes[0].create_time() < 8
        containers.end(processes)
    return (
        f"{workers} containers and {orchestrators} orchestrators killed, {starting} of them in their first 8 s; "
        f"the command was typed again {typed} times"
    )


def spoiled(stage: Baked, job: str) -> str:
    """Cut one result short, on the Volume; its name."""
    victim = random.Random(2).choice(stage.listed(f"/jobs/{job}/output"))
    cut = stage.project / "cut.parquet"
    cut.write_bytes(b"PAR1 and no more")
    stage.modal("volume", "put", "--force", stage.volume("results"), str(cut), f"/jobs/{job}/output/{victim}")
    return victim
