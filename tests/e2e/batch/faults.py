"""What goes wrong in a job's life, done on purpose: containers and orchestrators killed, a result cut short."""

from __future__ import annotations

import random
import sys
import time
from pathlib import Path

from project import Project, require

sys.path.append(str(Path(__file__).parents[1] / "serve"))
import containers  # ty: ignore[import-not-found]  # beside the end-to-end run of a service

WORKER, ORCHESTRATOR = "Worker", "run"
PAUSE_S = (1.0, 4.0)  # between two kills: less than a container takes to start, or a quick job ends before them all
PATIENCE_S = 1800.0


def kill_containers(project: Project, job: str, again: tuple[str, ...], workers: int, orchestrators: int) -> str:
    """Kill so many of each at random while the job runs, in a random order. What was killed, and what it took to go on.

    `again` is the command that is typed where a job has stopped. Failed where the job ends before.
    """
    generator = random.Random(1)
    victims = [WORKER] * workers + [ORCHESTRATOR] * orchestrators
    generator.shuffle(victims)
    typed = starting = 0
    until = time.monotonic() + PATIENCE_S
    for victim in victims:
        time.sleep(generator.uniform(*PAUSE_S))
        while not (found := containers.of_function(project.plane, victim)):
            require(time.monotonic() < until, f"no {victim} is running for {PATIENCE_S:.0f} s")
            if not containers.of_function(project.plane, ORCHESTRATOR):
                time.sleep(5)  # a control plane may start it again
                if not containers.of_function(project.plane, ORCHESTRATOR):
                    status = project.command("status", "--job", job)
                    require(", 0 to go" not in status, "the job ended before every kill")
                    project.command(*again)
                    typed += 1
            time.sleep(0.5)
        processes = generator.choice(found)
        starting += time.time() - processes[0].create_time() < 8
        containers.end(processes)
    return (
        f"{workers} containers and {orchestrators} orchestrators killed, {starting} of them in their first 8 s; "
        f"the command was typed again {typed} times"
    )


def cut_short(project: Project, job: str) -> str:
    """Cut one result short, on the Volume; its name."""
    victim = random.Random(2).choice(project.listed(f"/jobs/{job}/output"))
    cut = project.folder / "cut.parquet"
    cut.write_bytes(b"PAR1 and no more")
    project.modal("volume", "put", "--force", project.volume("results"), str(cut), f"/jobs/{job}/output/{victim}")
    return victim
