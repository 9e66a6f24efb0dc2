"""Containers that hang cost no more than the budget of their job, on a control plane with real processes."""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from bake import Project, bake_into
from control_plane import ControlPlane, listening
from control_plane.containers import can_run
from waiting import until

ENGINE = '''
"""An engine that hangs: at HANG "start" while it loads, at "work" with its first prompts, at "frozen" as a whole."""

import ctypes
import os
import signal
from pathlib import Path

HANG = Path(__file__).with_name("hang.py").read_text().strip()
LOCAL_LIBRARY = "none"


def hang():
    if HANG == "frozen":
        os.kill(os.getpid(), signal.SIGSTOP)
    ctypes.PyDLL(None).sleep(600)  # and holds Python's lock


class Engine:
    def __init__(self, *_, **options):
        if HANG == "start":
            hang()

    def __call__(self, prompts):
        hang()

    def close(self):
        pass
'''
USD = 30.0  # the budget; a second of a container costs a dollar
CONTAINERS = 3
GRACE_S = 3.0  # in place of a minute
LOOK_S = 1.0  # twice as long as between two commits, with which the job sees what a container has spent


@pytest.fixture
def project(template: Path, tmp_path: Path) -> Project:
    baked = bake_into(tmp_path, template, task="batch", engine="transformers", budget="none", project_slug="hanging")
    baked.edit(SHARD_ROWS=1, MAX_CONTAINERS=CONTAINERS, SCALEDOWN_WINDOW=2, PREDICTED_COLD_START_S=1)
    baked.edit(USD_PER_HOUR=3600.0, PREDICTED_TOKENS_PER_S=1e6)
    package = baked.root / baked.package
    (package / "engine" / "model.py").write_text(ENGINE)
    replace(package / "run" / "scheduler.py", r"^GRACE_S = 60\.0", f"GRACE_S = {GRACE_S}")
    replace(package / "run" / "budget.py", r"^EVERY_S = 15\.0", "EVERY_S = 0.5")
    replace(package / "app.py", r"weights = storage\.located\(.*\)$", 'weights = "nowhere"')
    replace(package / "cli.py", r'    remote\("fetch"\)\.remote\(\)\n', "")
    (baked.root / "rows.jsonl").write_text("".join(f'{{"text": "row {number}"}}\n' for number in range(12)))
    return baked


def replace(path: Path, pattern: str, by: str) -> None:
    text, count = re.subn(pattern, by, path.read_text(), flags=re.M)
    assert count == 1, f"{path} has {count} times {pattern}"
    path.write_text(text)


@pytest.fixture
def plane() -> Iterator[ControlPlane]:
    if not can_run():
        pytest.skip("containers need root on Linux")
    with listening(commit_s=0.5) as one:
        yield one


class Clock(threading.Thread):
    """Adds up the seconds of the containers that run, by looking at their processes from outside."""

    # Until a container starts to count, nobody knows what it costs: on a busy machine longer than on an idle one

    def __init__(self, plane: ControlPlane) -> None:
        super().__init__(daemon=True)
        self.plane, self.ended = plane, threading.Event()
        self.seconds: dict[str, float] = {}  # by container
        self.booting: dict[str, float] = {}  # of them, before it asked for its first input

    def run(self) -> None:
        before = time.monotonic()
        while not self.ended.wait(0.05):
            now = time.monotonic()
            for one in self.plane.containers("Worker.*"):
                if one.process and lives(one.process.pid):
                    self.seconds[one.id] = self.seconds.get(one.id, 0.0) + now - before
                    if not one.started:
                        self.booting[one.id] = self.seconds[one.id]
            before = now


def lives(pid: int) -> bool:
    """Whether a process goes on, whoever has yet to notice that it does not."""
    with contextlib.suppress(psutil.NoSuchProcess):
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    return False


@pytest.mark.slow
@pytest.mark.parametrize("hang", ["start", "work", "frozen"])
def test_containers_that_hang_do_not_spend_more_than_is_left(project: Project, plane: ControlPlane, hang: str) -> None:
    """Each would run until its time-out, which is half an hour: three of them 5,400 USD."""
    (project.root / project.package / "engine" / "hang.py").write_text(hang)
    clock = Clock(plane)
    clock.start()
    words = ["run", "rows.jsonl", "--column", "text", "--budget", f"{USD:g}/run"]
    done = subprocess.run(
        [sys.executable, "-m", project.package, *words],
        cwd=project.root,
        env=os.environ | plane.environment | {"GPU": "none", "TQDM_DISABLE": "1"},
        capture_output=True,
        text=True,
        timeout=240,
    )
    until(lambda: not plane.containers("Worker.*"), 30)
    clock.ended.set()
    clock.join()
    output = done.stdout + done.stderr
    assert done.returncode == 1 and "stopped: " in output and "0 of 12 rows done" in output, output
    unseen = sum(clock.booting.values()) + CONTAINERS * LOOK_S
    overshoot = unseen + (CONTAINERS * GRACE_S if hang == "frozen" else 0.0)
    lived, counted = sum(clock.seconds.values()), re.search(r"\$([\d.]+) spent", output)
    assert len(clock.seconds) >= CONTAINERS and USD / 2 < lived <= USD + overshoot
    assert counted and float(counted[1]) == pytest.approx(lived, abs=unseen)
