"""Play the whole life of a baked serve project on the Modal control plane that the environment points to.

    python scripts/rehearse PROJECT MODEL [--requests 200] [--pool] [--go-on]

MODEL is the folder of weights that the project was baked for. Every step is real: the modal command line, the real
clients, the model itself beside what the service answers. On CPU containers (GPU=none). Exit status 1, with a sentence,
at the first step that fails, or with --go-on after the last; the app is stopped either way.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from pathlib import Path

import life
import load
from stage import Failed, Stage, open_stage

Step = tuple[str, Callable[[Stage], str]]

STEPS: tuple[Step, ...] = (
    ("weights to the Volume", life.weights),
    ("deploy", life.deploy),
    ("no token, no answer", life.private),
    ("first request, cold", life.cold),
    ("the project's own client", life.own_client),
    ("the OpenAI client, or its like", life.answers),
    ("one model and no other", life.models),
    ("over the limits", life.limits),
    ("many at once", load.burst),
    ("/metrics", life.metrics),
    ("/engine and /memory", life.engine_and_memory),
    ("killed in mid-request", load.killed),
    ("the engine killed", load.engine_killed),
    ("the warm pool", life.pool),
    ("stop", life.stop),
)


def main() -> int:
    parser = argparse.ArgumentParser(prog="rehearse", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("project", type=Path, help="a baked serve project")
    parser.add_argument("model", type=Path, help="the folder of weights that it was baked for")
    parser.add_argument("--requests", type=int, default=200, help="how many at once (%(default)s)")
    parser.add_argument("--pool", action="store_true", help="open and close the warm pool, where the plane can do that")
    parser.add_argument("--go-on", action="store_true", help="play the steps after one that failed, too")
    options = parser.parse_args()
    try:
        stage = open_stage(options.project.resolve(), options.model.resolve(), options.requests, options.pool)
    except Failed as error:
        sys.exit(f"error: {error}")
    print(f"{stage.plan.NAME}: {stage.plan.WORKLOAD} on {stage.plan.ENGINE}, control plane {stage.plane}", flush=True)
    try:
        return play(stage, options.go_on)
    finally:
        stage.clear()


def play(stage: Stage, go_on: bool) -> int:
    """Every step in turn: its name, what it took, and what it found."""
    begun, failures = time.monotonic(), []
    for name, step in STEPS:
        before = time.monotonic()
        try:
            result, found = "ok", step(stage)
        except Failed as error:
            result, found = "FAIL", str(error)
        except Exception as error:
            result, found = "FAIL", f"{type(error).__name__}: {error}"
        found = " ".join(found.split())
        print(f"{result:6}{name:32}{time.monotonic() - before:7.1f} s  {found}", flush=True)
        if result == "FAIL":
            failures.append(f"'{name}': {found}")
            if not (go_on and stage.deployed):
                break
    if failures:
        print(f"error: {stage.plan.NAME} did not pass {'; '.join(failures)}", file=sys.stderr)
        return 1
    print(f"all {len(STEPS)} steps in {time.monotonic() - begun:.0f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
