"""What goes wrong in a job's life, done on purpose: containers and orchestrators killed, a result cut short."""

from __future__ import annotations

import random
import sys
import time
from pathlib import Path

import psutil
from baked import Baked, need
from modal_proto import api_pb2

sys.path.append(str(Path(__file__).parents[1] / "rehearse"))
import containers  # ty: ignore[import-not-found]  # beside the serve rehearsal

WORKER, ORCHESTRATOR = "Worker", "run"
PAUSE_S = (2.0, 9.0)  # between two kills: a container takes about as long to start
PATIENCE_S = 1800.0


def function_of(process: psutil.Process) -> str:
    """The function of the app that a container runs, from the arguments that Modal's entrypoint was given."""
    try:
        path = process.environ()["MODAL_CONTAINER_ARGUMENTS_PATH"]
        arguments = api_pb2.ContainerArguments.FromString(Path(f"/proc/{process.pid}/root{path}").read_bytes())
    except (KeyError, OSError, psutil.Error):
        return ""
    return arguments.function_def.function_name


def alive(plane: str, function: str) -> list[list[psutil.Process]]:
    """The processes of each container that runs a function."""
    every = containers.running(plane).values()
    return [one for one in every if function_of(one[0]).partition(".")[0] == function]


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
        while not (found := alive(stage.plane, victim)):
            need(time.monotonic() < until, f"no {victim} is running for {PATIENCE_S:.0f} s")
            if not alive(stage.plane, ORCHESTRATOR):
                time.sleep(5)  # a control plane may start it again
                if not alive(stage.plane, ORCHESTRATOR):
                    need(", 0 to go" not in stage.batch("status", "--job", job), "the job ended before every kill")
                    stage.batch(*again)
                    typed += 1
            time.sleep(0.5)
        processes = chance.choice(found)
        starting += time.time() - processes[0].create_time() < 8
        for process in processes:
            try:
                process.kill()
            except psutil.NoSuchProcess:
                continue
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
