"""Run a baked training project end to end on the Modal control plane that the environment points to.

    python tests/e2e/training PROJECT MODEL [--steps 24] [--serve PROJECT]

MODEL is the folder of weights that the project was baked for. User errors first, which must start no training
container; then the same training three times: undisturbed; killed between steps and in the middle of a save; stopped by
its budget and continued. All must end with the same losses. Then the result is asked, merged, loaded by transformers
alone, served by the project of --serve, and pushed without a Secret, which is refused. On CPU containers (GPU=none).
Exit status 1, with a sentence, at the first step that fails; the app is stopped either way.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import re
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

sys.path.append(str(Path(__file__).parents[1] / "batch"))
import faults
import httpx

# Beside the end-to-end run of a batch
from project import Failed, Project, open_project, require, run_steps  # ty: ignore[import-not-found]

TASKS = ("finetune", "distributed")
MOUNT = "/training"  # of the Volume in a container
FOUR_DIGITS = 5e-5
LONG_S = 90.0  # an attempt of which a part holds the libraries' start and a save
QUESTION = {"generation": "When is Pedal & Post open?", "classification": "My brakes rub, and I paid for that."}


@dataclass
class Context:
    """The state that one step passes to the next."""

    project: Project
    serve: Project | None
    steps: int
    losses: dict[int, float] = field(default_factory=dict)
    seconds: float = 0.0  # of the undisturbed training
    answer: str = ""

    def edit(self, **constants: object) -> None:
        """Change constants of plan.py between two commands, while nothing is trained."""
        self.project.edit(**constants)
        if self.project.loopback:
            faults.end_containers(self.project.plane)

    def command(self, *arguments: str, code: int = 0) -> str:
        """Return the output of the project's own command; Failed where it ends otherwise than with `code`."""
        done = self.project.run(self.project.package, *arguments, check=False)
        output = done.stdout + done.stderr
        require(
            done.returncode == code,
            f"`{' '.join(arguments)}` ended with {done.returncode}, not {code}: {output[-1500:]}",
        )
        return output

    def refused(self, *arguments: str) -> str:
        """The one sentence with which a command refuses."""
        last = self.command(*arguments, code=1).strip().splitlines()[-1]
        require(last.startswith("error: "), f"`{' '.join(arguments)}` ended without a sentence: {last}")
        return last

    def download(self, path: str, name: str) -> Path:
        """A file or folder of the Volume of runs, brought here."""
        to = self.project.folder / "fetched" / name
        to.parent.mkdir(exist_ok=True)
        self.project.modal("volume", "get", "--force", self.project.volume("runs"), path, str(to))
        return to

    def losses_of(self, run: str) -> dict[int, float]:
        """The losses of a run by step, as the last attempt that did it wrote them."""
        text = self.download(f"/runs/{run}/metrics.jsonl", f"{run}.jsonl").read_text(encoding="utf-8")
        found = {}
        for line in text.splitlines():
            if '"event": "step"' in line:
                step = json.loads(line)
                found[step["step"]] = step["loss"]
        return dict(sorted(found.items()))

    def compare(self, run: str) -> str:
        """Failed unless a run's losses are those of the undisturbed one, to four digits."""
        found = self.losses_of(run)
        require(found.keys() == self.losses.keys(), f"{run} has {len(found)} steps, not {len(self.losses)}")
        apart = max(abs(found[step] - loss) for step, loss in self.losses.items())
        require(apart <= FOUR_DIGITS, f"the losses of {run} are up to {apart:.6f} apart from the undisturbed ones")
        return f"{len(found)} losses equal to {apart:.0e}"


def upload_weights(context: Context) -> str:
    project = context.project
    project.modal("volume", "create", project.volume("weights"), check=False)
    project.modal("volume", "put", "--force", project.volume("weights"), str(project.model), f"/{project.model.name}")
    return f"{sum(file.stat().st_size for file in project.model.rglob('*')) / 1e6:,.0f} MB"


def user_errors(context: Context) -> str:
    """Each is one sentence, and nothing is trained."""
    project, found = context.project, []
    column = {"generation": "prompt", "classification": "text"}[project.plan["WORKLOAD"]]
    (project.folder / "empty.jsonl").write_text("")
    (project.folder / "cut.jsonl").write_text('{"text": "a", "label": 1}\n{"text": \n')
    for constant, wrong, word in (
        ("COLUMNS", {column: "nobody"}, "'nobody'"),
        ("DATASET", "empty.jsonl", "empty"),
        ("DATASET", "cut.jsonl", "line 2"),
        ("DATASET", "not-there.jsonl", "not-there.jsonl"),
        ("SECRETS", ["nobody-has-this"], "nobody-has-this"),
        ("METHOD", "magic", "METHOD"),
        ("BUDGET", "a lot", "write 50/run"),
    ):
        before = project.plan_file.read_bytes()
        context.edit(**{constant: wrong})
        sentence = context.refused("train")
        require(word in sentence, f"{constant} = {wrong!r} is refused without saying {word}: {sentence}")
        project.plan_file.write_bytes(before)
        project.read()
        found.append(constant)
    listed = project.modal("volume", "ls", project.volume("runs"), "/", "--json")
    require("ledger" not in listed, f"an attempt was begun for a mistake: {listed}")
    return f"{len(found)} sentences, no attempt"


def undisturbed(context: Context) -> str:
    context.edit(RUN="whole", BUDGET="none")
    begun = time.monotonic()
    output = context.command("train")
    require(f"finished at step {context.steps:,}" in output, f"it did not finish: {output}")
    context.losses = context.losses_of("whole")
    outcome = json.loads(context.download("/runs/whole/outcome.json", "outcome.json").read_text())
    require(outcome["after"]["loss"] < outcome["before"]["loss"], "the loss did not fall")
    context.seconds = outcome["spent_usd"] / float(context.project.plan["USD_PER_HOUR"]) * 3600
    losses = f"loss {outcome['before']['loss']:.4f} before, {outcome['after']['loss']:.4f} after"
    return f"{losses}; {context.seconds:.0f} s of the container in {time.monotonic() - begun:.0f}"


def repeated(context: Context) -> str:
    output = context.command("train")
    by_modal = context.project.modal("run", "-m", f"{context.project.package}.app", "train")
    for text in (output, by_modal):
        finished = f"finished at step {context.steps:,}" in text and "trains on Modal" not in text
        require(finished, f"it was trained again: {text}")
    return "says what came of it, as does `modal run`"


def killed(context: Context) -> str:
    """Kill it, see that a second command does not start a second training, and let it end."""
    project = context.project
    if not project.loopback:
        return "left out: the containers are not on this machine"
    context.edit(RUN="killed")
    context.command("train", "--detach")
    folder, plane = f"{MOUNT}/runs/killed", project.plane
    done = [
        faults.between_steps(plane, folder, 3),
        faults.within_save(plane, folder),
        faults.between_steps(plane, folder, 2),
        faults.within_save(plane, folder),
    ]
    output = context.command("train")
    require(f"finished at step {context.steps:,}" in output, f"it did not finish: {output}")
    attempts = re.search(r"attempt (\d+)", output)
    require(attempts and int(attempts[1]) > 1, f"{len(done)} kills, and then: {output}")
    return f"killed {', '.join(done)}; {context.compare('killed')}"


def budget(context: Context) -> str:
    """Half of what the undisturbed training cost ends it in good order; without a limit it goes on."""
    project = context.project
    half = context.seconds / 2 / 3600 * float(project.plan["USD_PER_HOUR"])
    context.edit(RUN="paid", BUDGET=f"{half:.6f}/run")
    output = context.command("train", code=1)
    stopped = re.search(r"stopped at budget at step ([\d,]+) of", output)
    if not stopped or "raise BUDGET" not in output:
        raise Failed(f"it did not stop at its budget: {output}")
    outcome = json.loads(context.download("/runs/paid/outcome.json", "outcome.json").read_text())
    spent = outcome["spent_usd"] / half
    require(spent < 1.5, f"it spent {spent:.0%} of its budget")
    unpaid = context.command("train", code=1)
    require("trains on Modal" not in unpaid, f"a container was started without money: {unpaid}")
    context.edit(BUDGET="none")
    output = context.command("train")
    require(f"finished at step {context.steps:,}" in output, f"it did not finish: {output}")
    return f"stopped at step {stopped[1]} having spent {spent:.0%}, went on; {context.compare('paid')}"


def cut_off(context: Context) -> str:
    """An attempt that takes longer than TIMEOUT is followed by the next."""
    if context.seconds < LONG_S:
        return f"left out: {context.seconds:.0f} s are too few to cut off after a save; more --steps"
    before = context.project.plan["TIMEOUT"]
    context.edit(RUN="long", TIMEOUT=int(context.seconds * 0.6))
    output = context.command("train")
    context.edit(TIMEOUT=int(before))
    attempts = re.search(r"attempt (\d+)", output)
    require(
        f"finished at step {context.steps:,}" in output and attempts and int(attempts[1]) > 1,
        f"it did not go on: {output}",
    )
    return f"{int(context.seconds * 0.6)} s an attempt; {context.compare('long')}"


def status(context: Context) -> str:
    output = context.command("status", "--run", "killed" if context.project.loopback else "whole")
    require(f"step {context.steps:,} of {context.steps:,}, finished" in output, f"status says {output}")
    none = context.command("status", "--run", "never")
    require("has not begun" in none, f"of a run that never was it says {none}")
    return " ".join(output.split())


def sampled(context: Context) -> str:
    """The same answer from the command and from modal run."""
    question = QUESTION[context.project.plan["WORKLOAD"]]
    context.answer = context.command("sample", question, "--run", "whole", "--max-tokens", "24").strip().split("\n")[-1]
    command = ("run", "-m", f"{context.project.package}.app::sample", "--prompt", question)
    other = context.project.modal(*command, "--run", "whole", "--max-tokens", "24")
    same = " ".join(context.answer.split()) in " ".join(other.split())  # random weights write odd white space
    require(context.answer and same, f"`modal run ...::sample` says {other[-400:]}, not {context.answer}")
    return context.answer[:60]


def merged(context: Context) -> str:
    """Load the merged weights with transformers alone, and compare the answers."""
    project = context.project
    into = () if context.serve is None else ("--into", context.serve.plan["NAME"])
    output = context.command("merge", "--run", "whole", *into)
    name = f"{project.plan['NAME']}-whole"
    require(f'MODEL = "./{name}"' in output, f"merge does not say how to serve it: {output}")
    volume = f"{context.serve.plan['NAME'] if context.serve else project.plan['NAME']}-weights"
    to = project.folder / "fetched"
    project.modal("volume", "get", "--force", volume, f"/{name}", str(to))
    alone = transformers_answer(to / name, project.plan["WORKLOAD"])
    require(
        begins_alike(alone, context.answer),
        f"transformers alone says {alone!r}, and the tuned model {context.answer!r}",
    )
    return output.strip().splitlines()[0]


def begins_alike(output: str, answer: str) -> bool:
    """Whether two answers begin alike: 16-bit weights may write on otherwise than the 32-bit ones that were trained."""
    return output.split()[:3] == answer.split()[:3] or output.strip() == answer.split()[0]


def transformers_answer(folder: Path, workload: str) -> str:
    """The answer of a folder of weights, with nothing of the project."""
    import torch
    import transformers

    question = QUESTION[workload]
    loaded: dict[str, Any] = {"pretrained_model_name_or_path": str(folder), "dtype": torch.float32}
    tokenizer: Any = transformers.AutoTokenizer.from_pretrained(folder)
    if workload == "classification":
        model = transformers.AutoModelForSequenceClassification.from_pretrained(**loaded)
        return model.config.id2label[int(model(**tokenizer(question, return_tensors="pt")).logits.argmax())]
    model: Any = transformers.AutoModelForCausalLM.from_pretrained(**loaded)
    chat = [{"role": "user", "content": question}]
    inputs = tokenizer.apply_chat_template(chat, add_generation_prompt=True, return_dict=True, return_tensors="pt")
    written = model.generate(**inputs, max_new_tokens=24, do_sample=False, pad_token_id=tokenizer.pad_token_id)
    return tokenizer.decode(written[0, inputs["input_ids"].shape[1] :], skip_special_tokens=True).strip()


def served(context: Context) -> str:
    """The merged model behind the API of a serve project, which says its likeliest words."""
    if context.serve is None:
        return "left out: --serve names a project"
    project, name = context.serve, f"{context.project.plan['NAME']}-whole"
    project.edit(MODEL=f"./{name}", PUBLIC=True)
    project.modal("deploy", "-m", f"{project.package}.app")
    try:
        url = service_url(project)
        chat = [{"role": "user", "content": QUESTION[project.plan["WORKLOAD"]]}]
        asked = {"model": f"./{name}", "messages": chat, "temperature": 0, "max_tokens": 24}
        answer = httpx.post(f"{url}/v1/chat/completions", json=asked, timeout=900, follow_redirects=True)
    finally:
        project.modal("app", "stop", "-y", project.plan["NAME"], check=False)
    require(answer.status_code == 200, f"the service answered {answer.status_code}: {answer.text[:400]}")
    output = answer.json()["choices"][0]["message"]["content"]
    require(begins_alike(output, context.answer), f"served it says {output!r}, and the tuned model {context.answer!r}")
    return " ".join(output.split())[:60]


def service_url(project: Project) -> str:
    """Where a deployed service answers, as its own package finds out."""
    sys.path.insert(0, str(project.folder))
    return importlib.import_module(f"{project.package}.client.cli").address(None).rstrip("/")


def pushed(context: Context) -> str:
    sentence = context.refused("push", "--run", "whole")
    require("HF_TOKEN" in sentence and "modal secret create" in sentence, f"push says {sentence}")
    return sentence


STEPS: tuple[tuple[str, Callable[[Context], str]], ...] = (
    ("weights to the Volume", upload_weights),
    ("user errors", user_errors),
    ("undisturbed", undisturbed),
    ("the same command again", repeated),
    ("killed", killed),
    ("half of the money", budget),
    ("cut off by its timeout", cut_off),
    ("status", status),
    ("asked", sampled),
    ("merged", merged),
    ("served", served),
    ("pushed without a Secret", pushed),
)


def main() -> int:
    parser = argparse.ArgumentParser(prog="tests/e2e/training", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("project", type=Path, help="a baked finetune or distributed project")
    parser.add_argument("model", type=Path, help="the folder of weights that it was baked for")
    parser.add_argument("--steps", type=int, default=24, help="of each training (%(default)s)")
    parser.add_argument("--length", type=int, default=128, help="tokens of an example at most (%(default)s)")
    parser.add_argument("--serve", type=Path, help="a baked serve project for the same model, which serves the result")
    parser.add_argument("--only", nargs="*", default=[""], help="the steps with these words in their names")
    given = parser.parse_args()
    os.environ["TQDM_DISABLE"] = "1"  # its progress would stand between the steps
    try:
        project = open_project(given.project, given.model, TASKS)
        serve = open_project(given.serve, given.model, ("serve",)) if given.serve else None
        workload = project.plan["WORKLOAD"]
        sample = {"generation": "samples/chat.jsonl", "classification": "samples/labels.jsonl"}[workload]
        project.edit(DATASET=sample, MAX_STEPS=given.steps, SEQ_LEN=given.length, MICRO_BATCH=4, ACCUMULATION=1)
        project.edit(ACTIVATION_CHECKPOINTING=False, SAVE_EVERY=0, SECRETS=[], HUB_REPO="somebody/something")
        if project.loopback:
            project.one_core_each()
    except Failed as failed:
        sys.exit(f"error: {failed}")
    kind = f"{project.plan['TASK']}, {workload}, {project.plan['METHOD']}"
    print(f"{project.plan['NAME']}: {kind}, {given.steps} steps, control plane {project.plane}", flush=True)
    try:
        return run_steps(STEPS, Context(project, serve, given.steps), given.only)
    finally:
        project.modal("app", "stop", "-y", project.plan["NAME"], check=False)


if __name__ == "__main__":
    sys.exit(main())
