"""Play the life of a baked batch project on the Modal control plane that the environment points to.

    python scripts/rehearse_batch.py PROJECT MODEL [--rows 10000] [--kills 10] [--orchestrators 2]

MODEL is the folder of weights that the project was baked for. One job runs undisturbed and is held against a plain loop
over the same rows; another of the same rows stops at a third of its price, goes on, loses containers, its orchestrator
and a file, and must end in the same. On CPU containers (GPU=none). Exit status 1, with a sentence, where it does not.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent / "rehearse"))
import containers  # ty: ignore[import-not-found]  # beside the serve rehearsal
from pyarrow import parquet

WORDS = "the quick brown fox jumps over lazy dog good bad awful lovely service film time cache keys tokens".split()
PATIENCE_S = 900


class Failed(Exception):
    """A step did not hold."""


class Stage:
    """A baked project and its commands."""

    def __init__(self, project: Path, model: Path) -> None:
        self.project, self.model = project.resolve(), model.resolve()
        self.package = project.resolve().name.replace("-", "_")
        text = (self.project / self.package / "plan.py").read_text(encoding="utf-8")
        self.plan = dict(re.findall(r'^([A-Z_]+) = "?([^"\n#]*?)"?(?:  #.*)?$', text, re.M))
        self.plane = os.environ["MODAL_SERVER_URL"]

    def run(self, *command: str, check: bool = True) -> str:
        """What a command prints. Failed where it fails."""
        done = subprocess.run(
            [sys.executable, "-m", *command],
            cwd=self.project,
            env=os.environ | {"GPU": "none", "COLUMNS": "200"},
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
        )
        if check and done.returncode:
            raise Failed(f"{' '.join(command)}: {done.stdout[-1500:]}{done.stderr[-1500:]}")
        return done.stdout

    def batch(self, *arguments: str, check: bool = True) -> str:
        return self.run(self.package, *arguments, check=check)


def write_rows(path: Path, count: int) -> dict[int, str]:
    """JSON lines, one in a hundred unusable; the usable texts by row number."""
    chance, texts = random.Random(0), {}
    with open(path, "w", encoding="utf-8") as file:
        for number in range(count):
            text = f"{number} " + " ".join(chance.choices(WORDS, k=chance.randint(1, 30)))
            if number % 100 == 7:
                file.write('{"id": "cut off\n' if number % 200 == 7 else json.dumps({"id": f"r{number}"}) + "\n")
            else:
                texts[number] = text
                file.write(json.dumps({"id": f"r{number}", "text": text}) + "\n")
    return texts


def plain(stage: Stage, texts: dict[int, str]) -> dict[int, Any]:
    """What a loop over the rows gives, one at a time, with transformers alone."""
    import torch
    import transformers

    folder = str(stage.model)
    if stage.plan["WORKLOAD"] == "classification":
        classify: Any = transformers.pipeline("text-classification", model=folder, dtype="float32")
        return {number: classify(text)[0] for number, text in texts.items()}
    tokenizer: Any = transformers.AutoTokenizer.from_pretrained(folder)
    model: Any = transformers.AutoModelForCausalLM.from_pretrained(folder, dtype="float32")
    most, found = int(stage.plan["MAX_ANSWER_TOKENS"]), {}
    for number, text in texts.items():
        chat = [{"role": "user", "content": text}]
        inputs = tokenizer.apply_chat_template(chat, add_generation_prompt=True, return_dict=True, return_tensors="pt")
        with torch.inference_mode():
            output = model.generate(**inputs, max_new_tokens=most, do_sample=False)
        found[number] = tokenizer.decode(output[0, inputs["input_ids"].shape[1] :], skip_special_tokens=True)
    return found


def compare(rows: list[dict[str, Any]], expected: dict[int, Any]) -> None:
    """Failed where a row is missing, doubled, or not what the plain loop gave."""
    if [row["row"] for row in rows] != list(expected):
        raise Failed(f"{len(rows)} rows came back, of {len(expected)}, or not in their order")
    for row in rows:
        want = expected[row["row"]]
        if row["id"] != f"r{row['row']}":
            raise Failed(f"row {row['row']} has the id {row['id']}")
        if isinstance(want, str) and row["text"] != want:
            raise Failed(f"row {row['row']} is {row['text']!r}, and a plain loop says {want!r}")
        if isinstance(want, dict) and (row["label"] != want["label"] or abs(row["score"] - want["score"]) > 1e-4):
            raise Failed(f"row {row['row']} is {row['label']} {row['score']}, and a plain loop says {want}")


def joined(stage: Stage, to: Path, job: str) -> list[dict[str, Any]]:
    stage.batch("join", str(to), "--job", job)
    return parquet.read_table(to).to_pylist()


def dead(path: Path) -> set[int]:
    return {json.loads(line)["row"] for line in path.with_suffix(".dead.jsonl").read_text().splitlines()}


def disturb(stage: Stage, job: str, go_on: Callable[[], object], kills: int, orchestrators: int) -> tuple[int, int]:
    """Kill workers and orchestrators at random moments while the job runs; how many of each were hit.

    Where no orchestrator is left, the same command is given again: not every control plane starts a killed one anew.
    """
    chance, hit, hit_orchestrators = random.Random(1), 0, 0
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until and (hit < kills or hit_orchestrators < orchestrators):
        time.sleep(chance.uniform(1.0, 4.0))
        workers, others = [], []
        for every in containers.running(stage.plane).values():
            function = function_of(every[0])
            if function.startswith("Worker"):
                workers.append(every)
            elif function == "run":
                others.append(every)
        if not others:
            if ", 0 to go" in stage.batch("status", "--job", job):
                break
            go_on()
        victim = None
        if others and hit_orchestrators < orchestrators and chance.random() < 0.4:
            victim, hit_orchestrators = chance.choice(others), hit_orchestrators + 1
        elif workers and hit < kills:
            victim, hit = chance.choice(workers), hit + 1
        for process in victim or []:
            try:
                process.kill()
            except containers.psutil.NoSuchProcess:
                continue
    return hit, hit_orchestrators


def function_of(process: containers.psutil.Process) -> str:
    """The function of the app that a container runs, from the arguments that Modal's entrypoint was given."""
    from modal_proto import api_pb2

    try:
        path = process.environ()["MODAL_CONTAINER_ARGUMENTS_PATH"]
        arguments = api_pb2.ContainerArguments.FromString(Path(f"/proc/{process.pid}/root{path}").read_bytes())
    except (KeyError, OSError, containers.psutil.Error):
        return ""
    return arguments.function_def.function_name


def finished(stage: Stage, job: str) -> str:
    """The status of a job once nothing of it is left to do."""
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until:
        said = stage.batch("status", "--job", job)
        if ", 0 to go" in said:
            return said
        if not any(function_of(every[0]) == "run" for every in containers.running(stage.plane).values()):
            return stage.batch("status", "--job", job)
        time.sleep(2)
    raise Failed(f"the job does not end: {said}")


def say(what: str, begun: float) -> None:
    print(f"{time.monotonic() - begun:7.1f} s  {what}", flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("project", type=Path)
    parser.add_argument("model", type=Path)
    parser.add_argument("--rows", type=int, default=10_000)
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--orchestrators", type=int, default=2)
    given = parser.parse_args()
    stage, begun = Stage(given.project, given.model), time.monotonic()
    try:
        play(stage, given, begun)
    except Failed as failed:
        sys.exit(f"failed: {failed}")
    return 0


def play(stage: Stage, given: argparse.Namespace, begun: float) -> None:
    volume = f"{stage.plan['NAME']}-weights"
    stage.run("modal", "volume", "create", volume, check=False)
    stage.run(
        "modal", "volume", "put", "--force", volume, str(stage.model), stage.plan["MODEL"].removeprefix("/weights")
    )
    path = stage.project / "rows.jsonl"
    texts = write_rows(path, given.rows)
    bad = set(range(given.rows)) - texts.keys()
    expected = plain(stage, texts)
    say(f"a plain loop over {len(texts):,} rows", begun)

    about = ("run", str(path), "--id", "id")
    said = stage.batch(*about, "--column", "text", "--budget", "none")
    whole = jobs(stage)[-1]
    compare(joined(stage, stage.project / "one.parquet", whole["name"]), expected)
    if dead(stage.project / "one.parquet") != bad:
        raise Failed("the dead-letter file holds other rows than the bad ones")
    say(f"undisturbed: {said.splitlines()[0]}; the plain loop's rows, {len(bad)} dead, {whole['usd']:.4f} USD", begun)

    other = (*about, "--template", "{text}")  # the same prompts by another name: another job
    said = stage.batch(*other, "--budget", f"{whole['usd'] / 3:.6f}/run", check=False)
    half = jobs(stage)[-1]
    if "are left of" not in said or half["usd"] > whole["usd"] / 3 * 1.2:
        raise Failed(f"a third of the money did {half['done']} of {len(texts)} rows for {half['usd']} USD: {said}")
    say(f"a third of the money: {half['done']:,} rows, {half['usd']:.4f} USD; {said.splitlines()[-2]}", begun)

    def go_on() -> str:
        return stage.batch(*other, "--budget", "none", "--detach")

    go_on()
    hits = disturb(stage, half["name"], go_on, given.kills, given.orchestrators)
    said = finished(stage, half["name"])
    if ", 0 to go" not in said:
        say("the job ended with rows left; the same command continues", begun)
        stage.batch(*other, "--budget", "none")
    say(f"{hits[0]} workers and {hits[1]} orchestrators killed: {jobs(stage)[-1]['done']:,} rows", begun)

    spoil(stage, half["name"])
    stage.batch(*other, "--budget", "none")
    compare(joined(stage, stage.project / "other.parquet", half["name"]), expected)
    if dead(stage.project / "other.parquet") != bad:
        raise Failed("the dead-letter file holds other rows than the bad ones")
    say("one file spoiled and made again; the plain loop's rows once more", begun)


def jobs(stage: Stage) -> list[dict[str, Any]]:
    """The manifests of all jobs, the last written last."""
    volume = f"{stage.plan['NAME']}-results"
    listed = json.loads(stage.run("modal", "volume", "ls", volume, "/jobs", "--json"))
    found = []
    for entry in listed:
        name = Path(entry["filename"]).name
        to = stage.project / "manifest.json"
        stage.run("modal", "volume", "get", "--force", volume, f"/jobs/{name}/manifest.json", str(to))
        found.append(json.loads(to.read_text()) | {"name": name, "at": entry["created_modified"]})
    return sorted(found, key=lambda job: (job["at"], job["complete"]))


def spoil(stage: Stage, job: str) -> None:
    """Cut one result short."""
    volume = f"{stage.plan['NAME']}-results"
    listed = json.loads(stage.run("modal", "volume", "ls", volume, f"/jobs/{job}/output", "--json"))
    victim = sorted(entry["filename"] for entry in listed)[0]
    cut = stage.project / "cut.parquet"
    cut.write_bytes(b"PAR1 and no more")
    stage.run("modal", "volume", "put", "--force", volume, str(cut), f"/jobs/{job}/output/{Path(victim).name}")


if __name__ == "__main__":
    sys.exit(main())
