"""Play the life of a baked training project on the Modal control plane that the environment points to.

    python scripts/rehearse_training PROJECT MODEL [--steps 24] [--serve PROJECT]

MODEL is the folder of weights that the project was baked for. Mistakes first, which must cost no training container;
then the same training three times: undisturbed; killed between steps and in the middle of a save; stopped by its budget
and continued. All must end with the same losses. Then the result is asked, merged, loaded by transformers alone, served
by the project of --serve, and pushed without a Secret, which is refused. On CPU containers (GPU=none). Exit status 1,
with a sentence, at the first step that fails; the app is stopped either way.
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

sys.path.append(str(Path(__file__).parents[2] / "tests" / "e2e" / "batch"))
import harm
import httpx
from project import (  # ty: ignore[import-not-found]  # of the end-to-end run of a batch
    Failed,
)
from project import (
    Project as Baked,
)
from project import (
    open_project as opened,
)
from project import (
    require as need,
)
from project import (
    run_steps as played,
)

TASKS = ("finetune", "distributed")
MOUNT = "/training"  # of the Volume in a container
FOUR_DIGITS = 5e-5
LONG_S = 90.0  # an attempt of which a part holds the libraries' start and a save
QUESTION = {"generation": "When is Pedal & Post open?", "classification": "My brakes rub, and I paid for that."}


@dataclass
class Play:
    """What one step leaves to the next."""

    stage: Baked
    serve: Baked | None
    steps: int
    losses: dict[int, float] = field(default_factory=dict)
    seconds: float = 0.0  # of the undisturbed training
    answer: str = ""

    def edit(self, **constants: object) -> None:
        """Change constants of plan.py between two commands, while nothing is trained."""
        self.stage.edit(**constants)
        if self.stage.loopback:
            harm.fresh(self.stage.plane)

    def tune(self, *arguments: str, code: int = 0) -> str:
        """What the project's own command prints; Failed where it ends otherwise than with `code`."""
        done = self.stage.run(self.stage.package, *arguments, check=False)
        said = done.stdout + done.stderr
        need(
            done.returncode == code, f"`{' '.join(arguments)}` ended with {done.returncode}, not {code}: {said[-1500:]}"
        )
        return said

    def refused(self, *arguments: str) -> str:
        """The one sentence with which a command refuses."""
        last = self.tune(*arguments, code=1).strip().splitlines()[-1]
        need(last.startswith("error: "), f"`{' '.join(arguments)}` ended without a sentence: {last}")
        return last

    def fetched(self, path: str, name: str) -> Path:
        """A file or folder of the Volume of runs, brought here."""
        to = self.stage.folder / "fetched" / name
        to.parent.mkdir(exist_ok=True)
        self.stage.modal("volume", "get", "--force", self.stage.volume("runs"), path, str(to))
        return to

    def trained(self, run: str) -> dict[int, float]:
        """The losses of a run by step, as the last attempt that did it wrote them."""
        text = self.fetched(f"/runs/{run}/metrics.jsonl", f"{run}.jsonl").read_text(encoding="utf-8")
        found = {}
        for line in text.splitlines():
            if '"event": "step"' in line:
                step = json.loads(line)
                found[step["step"]] = step["loss"]
        return dict(sorted(found.items()))

    def same(self, run: str) -> str:
        """Failed unless a run's losses are those of the undisturbed one, to four digits."""
        found = self.trained(run)
        need(found.keys() == self.losses.keys(), f"{run} has {len(found)} steps, not {len(self.losses)}")
        apart = max(abs(found[step] - loss) for step, loss in self.losses.items())
        need(apart <= FOUR_DIGITS, f"the losses of {run} are up to {apart:.6f} apart from the undisturbed ones")
        return f"{len(found)} losses equal to {apart:.0e}"


def weights(play: Play) -> str:
    stage = play.stage
    stage.modal("volume", "create", stage.volume("weights"), check=False)
    stage.modal("volume", "put", "--force", stage.volume("weights"), str(stage.model), f"/{stage.model.name}")
    return f"{sum(file.stat().st_size for file in stage.model.rglob('*')) / 1e6:,.0f} MB"


def mistakes(play: Play) -> str:
    """Each is one sentence, and nothing is trained."""
    stage, found = play.stage, []
    column = {"generation": "prompt", "classification": "text"}[stage.plan["WORKLOAD"]]
    (stage.folder / "empty.jsonl").write_text("")
    (stage.folder / "cut.jsonl").write_text('{"text": "a", "label": 1}\n{"text": \n')
    for constant, wrong, word in (
        ("COLUMNS", {column: "nobody"}, "'nobody'"),
        ("DATASET", "empty.jsonl", "empty"),
        ("DATASET", "cut.jsonl", "line 2"),
        ("DATASET", "not-there.jsonl", "not-there.jsonl"),
        ("SECRETS", ["nobody-has-this"], "nobody-has-this"),
        ("METHOD", "magic", "METHOD"),
        ("BUDGET", "a lot", "write 50/run"),
    ):
        before = stage.plan_file.read_bytes()
        play.edit(**{constant: wrong})
        sentence = play.refused("train")
        need(word in sentence, f"{constant} = {wrong!r} is refused without saying {word}: {sentence}")
        stage.plan_file.write_bytes(before)
        stage.read()
        found.append(constant)
    listed = stage.modal("volume", "ls", stage.volume("runs"), "/", "--json")
    need("ledger" not in listed, f"an attempt was begun for a mistake: {listed}")
    return f"{len(found)} sentences, no attempt"


def undisturbed(play: Play) -> str:
    play.edit(RUN="whole", BUDGET="none")
    begun = time.monotonic()
    said = play.tune("train")
    need(f"finished at step {play.steps:,}" in said, f"it did not finish: {said}")
    play.losses = play.trained("whole")
    outcome = json.loads(play.fetched("/runs/whole/outcome.json", "outcome.json").read_text())
    need(outcome["after"]["loss"] < outcome["before"]["loss"], "the loss did not fall")
    play.seconds = outcome["spent_usd"] / float(play.stage.plan["USD_PER_HOUR"]) * 3600
    losses = f"loss {outcome['before']['loss']:.4f} before, {outcome['after']['loss']:.4f} after"
    return f"{losses}; {play.seconds:.0f} s of the container in {time.monotonic() - begun:.0f}"


def again(play: Play) -> str:
    said = play.tune("train")
    by_modal = play.stage.modal("run", "-m", f"{play.stage.package}.app", "train")
    for text in (said, by_modal):
        finished = f"finished at step {play.steps:,}" in text and "trains on Modal" not in text
        need(finished, f"it was trained again: {text}")
    return "says what came of it, as does `modal run`"


def killed(play: Play) -> str:
    """Kill it, see that a second command does not start a second training, and let it end."""
    stage = play.stage
    if not stage.loopback:
        return "left out: the containers are not on this machine"
    play.edit(RUN="killed")
    play.tune("train", "--detach")
    folder, plane = f"{MOUNT}/runs/killed", stage.plane
    done = [
        harm.between_steps(plane, folder, 3),
        harm.within_save(plane, folder),
        harm.between_steps(plane, folder, 2),
        harm.within_save(plane, folder),
    ]
    said = play.tune("train")
    need(f"finished at step {play.steps:,}" in said, f"it did not finish: {said}")
    attempts = re.search(r"attempt (\d+)", said)
    need(attempts and int(attempts[1]) > 1, f"{len(done)} kills, and then: {said}")
    return f"killed {', '.join(done)}; {play.same('killed')}"


def budget(play: Play) -> str:
    """Half of what the undisturbed training cost ends it in good order; without a limit it goes on."""
    stage = play.stage
    half = play.seconds / 2 / 3600 * float(stage.plan["USD_PER_HOUR"])
    play.edit(RUN="paid", BUDGET=f"{half:.6f}/run")
    said = play.tune("train", code=1)
    stopped = re.search(r"stopped at budget at step ([\d,]+) of", said)
    if not stopped or "raise BUDGET" not in said:
        raise Failed(f"it did not stop at its budget: {said}")
    outcome = json.loads(play.fetched("/runs/paid/outcome.json", "outcome.json").read_text())
    spent = outcome["spent_usd"] / half
    need(spent < 1.5, f"it spent {spent:.0%} of its budget")
    unpaid = play.tune("train", code=1)
    need("trains on Modal" not in unpaid, f"a container was started without money: {unpaid}")
    play.edit(BUDGET="none")
    said = play.tune("train")
    need(f"finished at step {play.steps:,}" in said, f"it did not finish: {said}")
    return f"stopped at step {stopped[1]} having spent {spent:.0%}, went on; {play.same('paid')}"


def cut_off(play: Play) -> str:
    """An attempt that takes longer than TIMEOUT is followed by the next."""
    if play.seconds < LONG_S:
        return f"left out: {play.seconds:.0f} s are too few to cut off after a save; more --steps"
    before = play.stage.plan["TIMEOUT"]
    play.edit(RUN="long", TIMEOUT=int(play.seconds * 0.6))
    said = play.tune("train")
    play.edit(TIMEOUT=int(before))
    attempts = re.search(r"attempt (\d+)", said)
    need(f"finished at step {play.steps:,}" in said and attempts and int(attempts[1]) > 1, f"it did not go on: {said}")
    return f"{int(play.seconds * 0.6)} s an attempt; {play.same('long')}"


def status(play: Play) -> str:
    said = play.tune("status", "--run", "killed" if play.stage.loopback else "whole")
    need(f"step {play.steps:,} of {play.steps:,}, finished" in said, f"status says {said}")
    none = play.tune("status", "--run", "never")
    need("has not begun" in none, f"of a run that never was it says {none}")
    return " ".join(said.split())


def asked(play: Play) -> str:
    """The same answer from the command and from modal run."""
    question = QUESTION[play.stage.plan["WORKLOAD"]]
    play.answer = play.tune("sample", question, "--run", "whole", "--max-tokens", "24").strip().split("\n")[-1]
    command = ("run", "-m", f"{play.stage.package}.app::sample", "--prompt", question)
    other = play.stage.modal(*command, "--run", "whole", "--max-tokens", "24")
    same = " ".join(play.answer.split()) in " ".join(other.split())  # random weights write odd white space
    need(play.answer and same, f"`modal run ...::sample` says {other[-400:]}, not {play.answer}")
    return play.answer[:60]


def merged(play: Play) -> str:
    """What `merge` writes is loaded by transformers alone, and answers alike."""
    stage = play.stage
    into = () if play.serve is None else ("--into", play.serve.plan["NAME"])
    said = play.tune("merge", "--run", "whole", *into)
    name = f"{stage.plan['NAME']}-whole"
    need(f'MODEL = "./{name}"' in said, f"merge does not say how to serve it: {said}")
    volume = f"{play.serve.plan['NAME'] if play.serve else stage.plan['NAME']}-weights"
    to = stage.folder / "fetched"
    stage.modal("volume", "get", "--force", volume, f"/{name}", str(to))
    alone = plain(to / name, stage.plan["WORKLOAD"])
    need(alike(alone, play.answer), f"transformers alone says {alone!r}, and the tuned model {play.answer!r}")
    return said.strip().splitlines()[0]


def alike(said: str, answer: str) -> bool:
    """Whether two answers begin alike: 16-bit weights may write on otherwise than the 32-bit ones that were trained."""
    return said.split()[:3] == answer.split()[:3] or said.strip() == answer.split()[0]


def plain(folder: Path, workload: str) -> str:
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


def served(play: Play) -> str:
    """The merged model behind the API of a serve project, which says its likeliest words."""
    if play.serve is None:
        return "left out: --serve names a project"
    stage, name = play.serve, f"{play.stage.plan['NAME']}-whole"
    stage.edit(MODEL=f"./{name}", PUBLIC=True)
    stage.modal("deploy", "-m", f"{stage.package}.app")
    try:
        url = address(stage)
        chat = [{"role": "user", "content": QUESTION[stage.plan["WORKLOAD"]]}]
        asked = {"model": f"./{name}", "messages": chat, "temperature": 0, "max_tokens": 24}
        answer = httpx.post(f"{url}/v1/chat/completions", json=asked, timeout=900, follow_redirects=True)
    finally:
        stage.modal("app", "stop", "-y", stage.plan["NAME"], check=False)
    need(answer.status_code == 200, f"the service answered {answer.status_code}: {answer.text[:400]}")
    said = answer.json()["choices"][0]["message"]["content"]
    need(alike(said, play.answer), f"served it says {said!r}, and the tuned model {play.answer!r}")
    return " ".join(said.split())[:60]


def address(stage: Baked) -> str:
    """Where a deployed service answers, as its own package finds out."""
    sys.path.insert(0, str(stage.folder))
    return importlib.import_module(f"{stage.package}.service").url().rstrip("/")


def pushed(play: Play) -> str:
    sentence = play.refused("push", "--run", "whole")
    need("HF_TOKEN" in sentence and "modal secret create" in sentence, f"push says {sentence}")
    return sentence


STEPS: tuple[tuple[str, Callable[[Play], str]], ...] = (
    ("weights to the Volume", weights),
    ("mistakes", mistakes),
    ("undisturbed", undisturbed),
    ("the same command again", again),
    ("killed", killed),
    ("half of the money", budget),
    ("cut off by its timeout", cut_off),
    ("status", status),
    ("asked", asked),
    ("merged", merged),
    ("served", served),
    ("pushed without a Secret", pushed),
)


def main() -> int:
    parser = argparse.ArgumentParser(prog="rehearse_training", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("project", type=Path, help="a baked finetune or distributed project")
    parser.add_argument("model", type=Path, help="the folder of weights that it was baked for")
    parser.add_argument("--steps", type=int, default=24, help="of each training (%(default)s)")
    parser.add_argument("--length", type=int, default=128, help="tokens of an example at most (%(default)s)")
    parser.add_argument("--serve", type=Path, help="a baked serve project for the same model, which serves the result")
    parser.add_argument("--only", nargs="*", default=[""], help="the steps with these words in their names")
    given = parser.parse_args()
    os.environ["TQDM_DISABLE"] = "1"  # its progress would stand between the steps
    try:
        stage = opened(given.project, given.model, TASKS)
        serve = opened(given.serve, given.model, ("serve",)) if given.serve else None
        workload = stage.plan["WORKLOAD"]
        sample = {"generation": "samples/chat.jsonl", "classification": "samples/labels.jsonl"}[workload]
        stage.edit(DATASET=sample, MAX_STEPS=given.steps, SEQ_LEN=given.length, MICRO_BATCH=4, ACCUMULATION=1)
        stage.edit(ACTIVATION_CHECKPOINTING=False, SAVE_EVERY=0, SECRETS=[], HUB_REPO="somebody/something")
        if stage.loopback:
            stage.one_core_each()
    except Failed as failed:
        sys.exit(f"error: {failed}")
    kind = f"{stage.plan['TASK']}, {workload}, {stage.plan['METHOD']}"
    print(f"{stage.plan['NAME']}: {kind}, {given.steps} steps, control plane {stage.plane}", flush=True)
    try:
        return played(STEPS, Play(stage, serve, given.steps), given.only)
    finally:
        stage.modal("app", "stop", "-y", stage.plan["NAME"], check=False)


if __name__ == "__main__":
    sys.exit(main())
