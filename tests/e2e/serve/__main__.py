"""Run a baked serve project from deploy to stop on the Modal control plane that the environment points to.

    python tests/e2e/serve PROJECT MODEL [--requests 200] [--pool] [--go-on]

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

import faults
import lifecycle
from deployed import Deployed, Failed, open_project

Step = tuple[str, Callable[[Deployed], str]]

STEPS: tuple[Step, ...] = (
    ("weights to the Volume", lifecycle.weights),
    ("deploy", lifecycle.deploy),
    ("no token, no answer", lifecycle.private),
    ("first request, cold", lifecycle.cold),
    ("the project's own client", lifecycle.own_client),
    ("the OpenAI client, or its like", lifecycle.answers),
    ("one model and no other", lifecycle.models),
    ("over the limits", lifecycle.limits),
    ("many at once", faults.burst),
    ("/metrics", lifecycle.metrics),
    ("/engine and /memory", lifecycle.engine_and_memory),
    ("killed in mid-request", faults.killed),
    ("the engine killed", faults.engine_killed),
    ("the warm pool", lifecycle.pool),
    ("stop", lifecycle.stop),
)


def main() -> int:
    parser = argparse.ArgumentParser(prog="tests/e2e/serve", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("project", type=Path, help="a baked serve project")
    parser.add_argument("model", type=Path, help="the folder of weights that it was baked for")
    parser.add_argument("--requests", type=int, default=200, help="how many at once (%(default)s)")
    parser.add_argument("--pool", action="store_true", help="open and close the warm pool, where the plane can do that")
    parser.add_argument("--go-on", action="store_true", help="run the steps after one that failed, too")
    options = parser.parse_args()
    try:
        deployed = open_project(options.project.resolve(), options.model.resolve(), options.requests, options.pool)
    except Failed as error:
        sys.exit(f"error: {error}")
    print(
        f"{deployed.plan.NAME}: {deployed.plan.WORKLOAD} on {deployed.plan.ENGINE}, control plane {deployed.plane}",
        flush=True,
    )
    try:
        return run_steps(deployed, options.go_on)
    finally:
        deployed.clear()


def run_steps(deployed: Deployed, go_on: bool) -> int:
    """Run every step in turn and print its name, what it took, and what it found."""
    begun, failures = time.monotonic(), []
    for name, step in STEPS:
        before = time.monotonic()
        try:
            result, found = "ok", step(deployed)
        except Failed as error:
            result, found = "FAIL", str(error)
        except Exception as error:
            result, found = "FAIL", f"{type(error).__name__}: {error}"
        found = " ".join(found.split())
        print(f"{result:6}{name:32}{time.monotonic() - before:7.1f} s  {found}", flush=True)
        if result == "FAIL":
            failures.append(f"'{name}': {found}")
            if not (go_on and deployed.running):
                break
    if failures:
        print(f"error: {deployed.plan.NAME} did not pass {'; '.join(failures)}", file=sys.stderr)
        return 1
    print(f"all {len(STEPS)} steps in {time.monotonic() - begun:.0f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
