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

from baked import Baked, Failed, need
from rows import Rows

SOME = 200  # rows
SECRET = "rehearsal-hub"


def about(rows: Rows, *more: str) -> tuple[str, ...]:
    """Arguments for the first rows of a file."""
    return (str(rows.path), "--column", "text", "--id", "id", *more)


def usable(rows: Rows, count: int) -> list[str]:
    """Ids of the rows among the first so many that have a result."""
    return [f"r{number}" for number in rows.texts if number < count]


def estimated(stage: Baked, rows: Rows) -> str:
    """`estimate`, before anything is paid."""
    said = stage.batch("estimate", *about(rows)).splitlines()
    need(f"{rows.count:,} rows, {len(rows.bad):,} of them unusable" in said, f"the estimate says {said}")
    need(any(line.endswith(")") and "USD for GPUs" in line for line in said), f"no price with a range: {said}")
    return "; ".join(said)


def interrupted(stage: Baked, *words: str) -> None:
    """Ctrl-C while the progress bar is shown ends the bar, in a sentence."""
    command = [sys.executable, "-m", stage.package, *words]
    with subprocess.Popen(command, cwd=stage.project, env=stage.env, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        if not any("runs on Modal" in line for line in process.stderr):
            raise Failed("`run` ended before its job had begun")
        time.sleep(1)
        process.send_signal(signal.SIGINT)
        last = process.stderr.read()
    need("the job goes on" in last and "Traceback" not in last, f"after Ctrl-C: {last}")


def detached(stage: Baked, rows: Rows) -> str:
    """`run` and Ctrl-C, `run --detach`, `status`, `stop`, and the same again to the end; `join` to every format."""
    some = min(SOME, rows.count)
    again = ("run", *about(rows, "--rows", str(some), "--budget", "none"))
    interrupted(stage, *again)
    _said, job = stage.started(*again, "--detach")
    need("starts nothing more" in stage.batch("stop", "--job", job), "`stop` does not say that it stops")
    status = stage.batch("status", "--job", job).splitlines()[0]
    said, name = stage.started(*again)
    need(name == job and ", 0 to go" in said, f"the same command did not go on: {said}")
    wanted, made = usable(rows, some), []
    suffixes = ["parquet", "jsonl", "csv"] + ["npy"] * (stage.plan["WORKLOAD"] == "embedding")
    for suffix in suffixes:
        to = stage.project / f"results.{suffix}"
        stage.batch("join", to.name, "--job", job)
        need(ids(to) == wanted, f"{to.name} does not hold the ids of the rows in their order")
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
        need(len(numpy.load(path)) == len(found), "there are more or fewer vectors than ids")
        return found
    with open(path, encoding="utf-8", newline="") as file:
        lines = map(json.loads, file) if path.suffix == ".jsonl" else csv.DictReader(file)
        return [line["id"] for line in lines]


def by_modal(stage: Baked, rows: Rows) -> str:
    """`modal run --detach -m PACKAGE.app run ...`, as people who know Modal type it."""
    some = min(SOME, rows.count) // 2
    words = ("run", *about(rows, "--rows", str(some), "--budget", "none"))
    done = stage.run("modal", "run", "--detach", "-m", f"{stage.package}.app", *words)
    need(f"{len(usable(rows, some)):,} of {some:,} rows done" in done.stdout, f"it printed {done.stdout}")
    return f"{some} rows"


def on_the_volume(stage: Baked, rows: Rows) -> str:
    """A path on the Volume: estimated and run; one that is not there is refused in a sentence."""
    (folder,) = [name for name in stage.listed("/uploads") if stage.listed(f"/uploads/{name}") == [rows.path.name]]
    path = f"/results/uploads/{folder}/{rows.path.name}"
    some = min(SOME, rows.count) // 4
    which = (path, "--column", "text", "--id", "id", "--rows", str(some))
    need(f"{some} rows, " in stage.batch("estimate", *which), "the estimate does not count the rows")
    said, _job = stage.started("run", *which, "--budget", "none")
    need(", 0 to go" in said, said)
    wrong = stage.batch("run", "/results/uploads/nowhere.jsonl", "--column", "text", check=False)
    need("error: there is no /results/uploads/nowhere.jsonl" in wrong and "Traceback" not in wrong, wrong)
    return f"{path}, {some} rows"


def from_the_hub(stage: Baked, rows: Rows) -> str:
    """`run org/name --split train`, from the stand-in for the hub that the project's own tests have."""
    if not stage.loopback:
        return "left out: containers elsewhere cannot reach a hub on this machine"
    with hub(stage) as (address, asked):
        before = stage.plan["SECRETS"]
        stage.modal("app", "stop", "-y", stage.plan["NAME"], check=False)  # a container that runs gets no Secret
        stage.modal("secret", "create", "--force", SECRET, f"HF_ENDPOINT={address}", "HF_HUB_OFFLINE=0")
        stage.edit(SECRETS=[SECRET])
        dataset = ("org/name", "--split", "train", "--column", "text", "--id", "id")
        estimate = stage.batch("estimate", *dataset).splitlines()[0]
        said, job = stage.started("run", *dataset, "--budget", "none")
        need(", 0 to go" in said and any("/resolve/" in path for path in asked), said)
        stage.batch("join", "hub.jsonl", "--job", job)
        need(before == "[]", f"SECRETS was {before}")
        stage.edit(SECRETS=[])
    return f"{estimate}; {len(ids(stage.project / 'hub.jsonl'))} results"


@contextmanager
def hub(stage: Baked) -> Generator[tuple[str, list[str]]]:
    """Its address, and the paths that are asked for."""
    sys.path[:0] = [str(stage.project), str(stage.project / "tests")]
    import test_hub  # ty: ignore[import-not-found]  # of the baked project

    server = ThreadingHTTPServer(("127.0.0.1", 0), test_hub.Hub)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", test_hub.Hub.asked
    finally:
        server.shutdown()
