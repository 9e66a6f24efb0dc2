"""A training's life: killed between steps and inside a save it ends as undisturbed, and its result is used."""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import modal
import psutil
import pytest
from bake import bake_into
from control_plane.containers import Container
from waiting import until

from e2e import LONG, long
from e2e.conftest import Begin
from e2e.on_modal import OnModal

pytestmark = pytest.mark.e2e
LIVES = {  # name -> small model, steps, answers
    "finetune": ("tiny", 500 if LONG else 60, {"task": "finetune"}),
    "distributed": ("tiny", 300 if LONG else 24, {"task": "distributed"}),
    "finetune-preferences": ("tiny", 200 if LONG else 40, {"task": "finetune", "objective": "dpo"}),
    "finetune-generation": ("generation", 24, {"task": "finetune", "method": "lora"}),
    "finetune-classification": ("embedding", 24, {"task": "finetune", "workload": "classification"}),
}
SHORT = ("finetune", "distributed", "finetune-preferences")
MARKER = "COMPLETE"  # the last file of a checkpoint
FOUR_DIGITS = 5e-5
LONG_S = 90.0  # an attempt of which a part holds the libraries' start and a save
QUESTION = {"generation": "When is Pedal & Post open?", "classification": "My brakes rub, and I paid for that."}
SAMPLES = {  # by workload and objective
    ("generation", "sft"): "samples/chat.jsonl",
    ("generation", "dpo"): "samples/pairs.jsonl",
    ("classification", "sft"): "samples/labels.jsonl",
}


@dataclass
class Training:
    """A project, and what its undisturbed training gave."""

    app: OnModal
    steps: int
    losses: dict[int, float] = field(default_factory=dict)
    seconds: float = 0.0  # of its container
    answer: str = ""

    def edit(self, **constants: object) -> None:
        """Change plan.py, which `train` deploys."""
        self.app.project.edit(**constants)

    def finishes(self) -> str:
        """Return the output of `train`. AssertionError unless all steps are done."""
        output = self.app.command("train")
        assert f"finished at step {self.steps:,}" in output, output
        return output

    def losses_of(self, run: str) -> dict[int, float]:
        """The losses of a run by step, as the last attempt that did it wrote them."""
        lines = self.app.download("runs", f"/runs/{run}/metrics.jsonl").read_text(encoding="utf-8").splitlines()
        steps = [json.loads(line) for line in lines if '"event": "step"' in line]
        return {step["step"]: step["loss"] for step in steps}

    def outcome(self, run: str) -> dict[str, Any]:
        return json.loads(self.app.download("runs", f"/runs/{run}/outcome.json").read_text(encoding="utf-8"))

    def ends_as_undisturbed(self, run: str) -> None:
        assert self.losses_of(run) == pytest.approx(self.losses, abs=FOUR_DIGITS)
        assert len(self.losses) == self.steps

    def kill(self, when: Callable[[Path], bool]) -> None:
        """End the container that trains while something holds of its run's folder, and it is stopped."""

        def caught() -> Container | None:
            for container in self.app.containers("train"):
                volume = self.app.mounted(container, "runs")
                folder = volume / "runs" / str(self.app.plan["RUN"]) if volume else None
                if folder and when(folder):
                    processes = container.processes()
                    for process in processes:
                        with contextlib.suppress(psutil.NoSuchProcess):
                            process.suspend()
                    if when(folder):
                        return container
                    for process in processes:
                        with contextlib.suppress(psutil.NoSuchProcess):
                            process.resume()
            return None

        until(caught, 600, pause_s=0.002).kill()


@pytest.fixture(scope="module", params=[life for life in LIVES if LONG or life in SHORT])
def training(request: pytest.FixtureRequest, begin: Begin) -> Iterator[Training]:
    model, steps, answers = LIVES[request.param]
    with begin("train", model, f"e2e-{request.param}", context_len="256", **answers) as app:
        app.project.edit(
            DATASET=SAMPLES[str(app.plan["WORKLOAD"]), str(app.plan["OBJECTIVE"])],
            MAX_STEPS=steps,
            SEQ_LEN=128,
            MICRO_BATCH=4,
            ACCUMULATION=1,
            ACTIVATION_CHECKPOINTING=False,
            SAVE_EVERY=0,
            SECRETS=[],
            HUB_REPO="somebody/something",
        )
        if app.plan["OBJECTIVE"] == "dpo":
            app.project.edit(LEARNING_RATE=1e-3)  # that of the plan is for a model that can already answer
        app.one_core_each()
        yield Training(app, steps)


def test_what_the_user_must_correct_is_one_sentence_and_starts_nothing(training: Training) -> None:
    training.app.upload_weights()
    column = {"generation": "prompt", "classification": "text"}[training.app.plan["WORKLOAD"]]
    root = training.app.project.root
    (root / "empty.jsonl").write_text("")
    (root / "cut.jsonl").write_text('{"text": "a", "label": 1}\n{"text": \n')
    mistakes = [
        ("DATASET", "not-there.jsonl", "not-there.jsonl"),
        ("COLUMNS", {column: "nobody"}, "'nobody'"),
        ("DATASET", "empty.jsonl", "empty"),
        ("DATASET", "cut.jsonl", "line 2"),
        ("SECRETS", ["nobody-has-this"], "nobody-has-this"),
        ("METHOD", "magic", "METHOD"),
        ("BUDGET", "a lot", "write 50/run"),
    ]
    for constant, wrong, word in mistakes if LONG else mistakes[:1]:
        before = training.app.project.plan_file.read_bytes()
        training.edit(**{constant: wrong})
        assert word in training.app.refused("train")
        training.app.project.plan_file.write_bytes(before)
    assert "ledger" not in training.app.modal("volume", "ls", training.app.volume("runs"), "/", "--json")


def test_it_trains_undisturbed(training: Training) -> None:
    training.edit(RUN="whole", BUDGET="none")
    training.finishes()
    training.losses, outcome = training.losses_of("whole"), training.outcome("whole")
    assert outcome["after"]["loss"] < outcome["before"]["loss"]
    training.seconds = outcome["spent_usd"] / training.app.plan["USD_PER_HOUR"] * 3600


def steps(more: int) -> Callable[[Path], bool]:
    """Whether so many steps have been written since the first look that found one."""
    first = list[int]()

    def enough(run: Path) -> bool:
        path = run / "metrics.jsonl"
        now = path.read_bytes().count(b'"event": "step"') if path.is_file() else 0
        first.extend([now] * (not first and now > 0))
        return bool(first) and now >= first[0] + more

    return enough


def within_save(run: Path) -> bool:
    """Whether a checkpoint lacks its marker."""
    found = list((run / "checkpoints").glob("checkpoint-*"))
    return any(any(path.iterdir()) and not (path / MARKER).is_file() for path in found)


def test_killed_inside_a_save_it_ends_as_undisturbed(training: Training) -> None:
    training.edit(RUN="killed")
    training.app.containers()  # or nothing can be killed
    training.app.command("train", "--detach")
    for when in (steps(3), within_save, steps(2), within_save) if LONG else (steps(2), within_save):
        training.kill(when)
    attempts = re.search(r"attempt (\d+)", training.finishes())  # no second training is started
    assert attempts and int(attempts[1]) > 1
    training.ends_as_undisturbed("killed")


def test_its_status_says_where_it_stands(training: Training) -> None:
    output = training.app.command("status", "--run", "whole")
    assert f"step {training.steps:,} of {training.steps:,}, finished" in output
    assert "has not begun" in training.app.command("status", "--run", "never")


def test_the_tuned_model_is_asked(training: Training) -> None:
    question = QUESTION[training.app.plan["WORKLOAD"]]
    said = training.app.command("sample", question, "--run", "whole", "--max-tokens", "24")
    training.answer = said.strip().split("\n")[-1]
    assert training.answer


@long
def test_the_same_command_trains_nothing_twice(training: Training) -> None:
    training.edit(RUN="whole")
    by_modal = training.app.modal("run", "-m", f"{training.app.project.package}.app", "train")
    for output in (training.finishes(), by_modal):
        assert f"finished at step {training.steps:,}" in output and "trains on Modal" not in output


@long
def test_half_of_the_money_ends_it_in_good_order_and_more_goes_on(training: Training) -> None:
    half = training.seconds / 2 / 3600 * training.app.plan["USD_PER_HOUR"]
    training.edit(RUN="paid", BUDGET=f"{half:.6f}/run")
    output = training.app.command("train", ends=1)
    assert re.search(r"stopped at budget at step [\d,]+ of", output) and "raise BUDGET" in output
    assert training.outcome("paid")["spent_usd"] < 1.5 * half
    assert "trains on Modal" not in training.app.command("train", ends=1)
    training.edit(BUDGET="none")
    training.finishes()
    training.ends_as_undisturbed("paid")


@long
def test_an_attempt_that_is_cut_off_by_its_timeout_is_followed_by_the_next(training: Training) -> None:
    if training.seconds < LONG_S:
        pytest.skip(f"{training.seconds:.0f} s are too few to cut off after a save")
    before = training.app.plan["TIMEOUT"]
    training.edit(RUN="long", TIMEOUT=int(training.seconds * 0.6))
    attempts = re.search(r"attempt (\d+)", training.finishes())
    training.edit(TIMEOUT=before)
    assert attempts and int(attempts[1]) > 1
    training.ends_as_undisturbed("long")


@long
def test_the_merged_weights_answer_with_transformers_alone(training: Training) -> None:
    output = training.app.command("merge", "--run", "whole")
    name = f"{training.app.plan['NAME']}-whole"
    assert f'MODEL = "./{name}"' in output
    alone = transformers_answer(training.app.download("weights", f"/{name}"), str(training.app.plan["WORKLOAD"]))
    assert begin_alike(alone, training.answer)


def begin_alike(output: str, answer: str) -> bool:
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


@long
def test_a_serve_project_serves_the_merged_weights(
    training: Training, template: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    if training.app.plan["WORKLOAD"] != "generation":
        pytest.skip("asked over the chat API")
    name = f"{training.app.project.root.name}-served"
    answers = {"engine": "transformers", "model_id": str(training.app.weights), "context_len": "256", "budget": "none"}
    project = bake_into(tmp_path_factory.mktemp("served"), template, project_slug=name, **answers)
    serve, plane = OnModal(project, training.app.weights, training.app.plane), training.app.plane
    training.app.command("merge", "--run", "whole", "--into", str(serve.plan["NAME"]))
    merged = f"./{training.app.plan['NAME']}-whole"
    project.edit(MODEL=merged, PUBLIC=True)
    serve.deploy()
    try:
        with plane.client() if plane else modal.Client.from_env() as client:
            url = modal.Cls.from_name(serve.plan["NAME"], "Server", client=client)().web.get_web_url()
        asked = {"model": merged, "messages": [{"role": "user", "content": QUESTION["generation"]}], "max_tokens": 24}
        answer = httpx.post(
            f"{str(url).rstrip('/')}/v1/chat/completions",
            json=asked | {"temperature": 0},
            timeout=900,
            follow_redirects=True,
        )
    finally:
        serve.modal("app", "stop", "-y", str(serve.plan["NAME"]), check=False)
    assert begin_alike(answer.raise_for_status().json()["choices"][0]["message"]["content"], training.answer)


@long
def test_a_push_without_a_secret_is_refused_with_the_command_that_makes_one(training: Training) -> None:
    sentence = training.app.refused("push", "--run", "whole")
    assert "HF_TOKEN" in sentence and "modal secret create" in sentence


def test_nothing_is_left_after_the_stop(training: Training) -> None:
    training.app.stop()
