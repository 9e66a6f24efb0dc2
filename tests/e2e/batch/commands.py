"""The commands of the project's README, each typed once: what they print, and that results are those of the rows."""

from __future__ import annotations

import csv
import json
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager
from http.server import ThreadingHTTPServer
from pathlib import Path

from project import Failed, Project, require
from rows import Rows

SOME = 200  # rows
SECRET = "e2e-hub"


def row_arguments(rows: Rows, *more: str) -> tuple[str, ...]:
    """Arguments for the first rows of a file."""
    return (str(rows.path), "--column", "text", "--id", "id", *more)


def usable(rows: Rows, count: int) -> list[str]:
    """Ids of the rows among the first so many that have a result."""
    return [f"r{number}" for number in rows.texts if number < count]


def estimate(project: Project, rows: Rows) -> str:
    """`estimate`, before anything is paid."""
    output = project.command("estimate", *row_arguments(rows)).splitlines()
    require(f"{rows.count:,} rows, {len(rows.bad):,} of them unusable" in output, f"the estimate says {output}")
    require(any(line.endswith(")") and "USD for GPUs" in line for line in output), f"no price with a range: {output}")
    return "; ".join(output)


def interrupt(project: Project, *words: str) -> None:
    """Ctrl-C while the progress bar is shown ends the bar, in a sentence."""
    command = [sys.executable, "-m", project.package, *words]
    with subprocess.Popen(command, cwd=project.folder, env=project.env, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        if not any("runs on Modal" in line for line in process.stderr):
            raise Failed("`run` ended before its job had begun")
        time.sleep(1)
        process.send_signal(signal.SIGINT)
        last = process.stderr.read()
    require("the job goes on" in last and "Traceback" not in last, f"after Ctrl-C: {last}")


def detach_stop_join(project: Project, rows: Rows) -> str:
    """`run` and Ctrl-C, `run --detach`, `status`, `stop`, and the same again to the end; `join` to every format."""
    some = min(SOME, rows.count)
    again = ("run", *row_arguments(rows, "--rows", str(some), "--budget", "none"))
    interrupt(project, *again)
    _output, job = project.started(*again, "--detach")
    require("starts nothing more" in project.command("stop", "--job", job), "`stop` does not say that it stops")
    status = project.command("status", "--job", job).splitlines()[0]
    output, name = project.started(*again)
    require(name == job and ", 0 to go" in output, f"the same command did not go on: {output}")
    wanted, made = usable(rows, some), []
    suffixes = ["parquet", "jsonl", "csv"] + ["npy"] * (project.plan["WORKLOAD"] == "embedding")
    for suffix in suffixes:
        to = project.folder / f"results.{suffix}"
        project.command("join", to.name, "--job", job)
        require(ids(to) == wanted, f"{to.name} does not hold the ids of the rows in their order")
        made.append(to.name)
    return f"after `stop`: {status}; joined to {', '.join(made)}"


def ids(path: Path) -> list[str]:
    """The ids in a joined file; those of a NumPy file stand in the CSV beside it."""
    if path.suffix == ".parquet":
        from pyarrow import parquet

        return parquet.read_table(path, columns=["id"])["id"].to_pylist()
    if path.suffix == ".npy":
        import numpy

        found = ids(path.with_suffix(".ids.csv"))
        require(len(numpy.load(path)) == len(found), "there are more or fewer vectors than ids")
        return found
    with open(path, encoding="utf-8", newline="") as file:
        lines = map(json.loads, file) if path.suffix == ".jsonl" else csv.DictReader(file)
        return [line["id"] for line in lines]


def by_modal(project: Project, rows: Rows) -> str:
    """`modal run --detach -m PACKAGE.app run ...`, as people who know Modal type it."""
    some = min(SOME, rows.count) // 2
    words = ("run", *row_arguments(rows, "--rows", str(some), "--budget", "none"))
    done = project.run("modal", "run", "--detach", "-m", f"{project.package}.app", *words)
    require(f"{len(usable(rows, some)):,} of {some:,} rows done" in done.stdout, f"it printed {done.stdout}")
    return f"{some} rows"


def on_the_volume(project: Project, rows: Rows) -> str:
    """A path on the Volume: estimated and run; one that is not there is refused in a sentence."""
    (folder,) = [name for name in project.listed("/uploads") if project.listed(f"/uploads/{name}") == [rows.path.name]]
    path = f"/results/uploads/{folder}/{rows.path.name}"
    some = min(SOME, rows.count) // 4
    which = (path, "--column", "text", "--id", "id", "--rows", str(some))
    require(f"{some} rows, " in project.command("estimate", *which), "the estimate does not count the rows")
    output, _job = project.started("run", *which, "--budget", "none")
    require(", 0 to go" in output, output)
    wrong = project.command("run", "/results/uploads/nowhere.jsonl", "--column", "text", check=False)
    require("error: there is no /results/uploads/nowhere.jsonl" in wrong and "Traceback" not in wrong, wrong)
    return f"{path}, {some} rows"


def from_the_hub(project: Project, rows: Rows) -> str:
    """`run org/name --split train`, from the stand-in for the hub that the project's own tests have."""
    if not project.loopback:
        return "left out: containers elsewhere cannot reach a hub on this machine"
    with hub(project) as (address, asked):
        before = project.plan["SECRETS"]
        project.modal("app", "stop", "-y", project.plan["NAME"], check=False)  # a container that runs gets no Secret
        project.modal("secret", "create", "--force", SECRET, f"HF_ENDPOINT={address}", "HF_HUB_OFFLINE=0")
        project.edit(SECRETS=[SECRET])
        dataset = ("org/name", "--split", "train", "--column", "text", "--id", "id")
        estimate = project.command("estimate", *dataset).splitlines()[0]
        output, job = project.started("run", *dataset, "--budget", "none")
        require(", 0 to go" in output and any("/resolve/" in path for path in asked), output)
        project.command("join", "hub.jsonl", "--job", job)
        require(before == "[]", f"SECRETS was {before}")
        project.edit(SECRETS=[])
    return f"{estimate}; {len(ids(project.folder / 'hub.jsonl'))} results"


@contextmanager
def hub(project: Project) -> Generator[tuple[str, list[str]]]:
    """Its address, and the paths that are asked for."""
    sys.path[:0] = [str(project.folder), str(project.folder / "tests")]
    import test_hub  # ty: ignore[import-not-found]  # of the baked project

    server = ThreadingHTTPServer(("127.0.0.1", 0), test_hub.Hub)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", test_hub.Hub.asked
    finally:
        server.shutdown()
