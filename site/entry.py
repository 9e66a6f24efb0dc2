"""The planner for the page: one question of the worker in as JSON, one answer out. Runs in Pyodide, and on any CPython.

`ask` answers {"do": "prompts"}, {"do": "models"} and {"do": "plan", "answers": ..., "config": "", "name": ""}.
"""

from __future__ import annotations

import json
import os
import re
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from planner import hub
from planner.api import CANDIDATE_LINES
from planner.catalogue.gpus import PRICES_DATE
from planner.catalogue.shipped import load_catalogue
from planner.catalogue.sizes import size_text
from planner.choose.choose import choose
from planner.choose.no_plan import Alternative, Change, FormatNotOffered, ImageCannotLoad, NoPlan, NothingWorks
from planner.describe import neighbours, training
from planner.describe.assumed import assumed_lines
from planner.describe.by_task import descriptions
from planner.describe.load import typed_aim, typed_load
from planner.describe.refusal_text import change_text, inference_offer, refusal_text
from planner.request.prompts import check_answers
from planner.schema import TRAINING, AnyPlan, Refusal, Request, replace
from planner.write.memory_svg import COLOURS, memory_svg
from planner.write.plan_md import plan_md
from planner.write.plan_py.render import plan_py
from planner.write.terminal import terminal_lines

Answers = dict[str, str]
KEEPS = re.compile(r"^Enter keeps [^.]*\. ")  # of the prompts: in a form there is no Enter
MODELS = Path(tempfile.gettempdir()) / "models"  # of pasted files: a folder each


def ask(question: str) -> str:
    """Return the answer to one question; {"refusal": sentence, "ways": [...]} where there is no plan."""
    asked = json.loads(question)
    return json.dumps({"prompts": prompts, "models": models, "plan": plan_answer}[asked["do"]](asked))


def prompts(asked: dict[str, Any]) -> dict[str, Any]:
    """Return the template's own prompts: key -> label, help of each choice, default."""
    context = json.loads(asked["cookiecutter"])
    labels = context["__prompts__"]
    shown = {}
    for key, default in context.items():
        if key.startswith("_"):
            continue
        label = labels[key]
        choices = (
            {name: text for name, text in label.items() if name != "__prompt__"} if isinstance(label, dict) else {}
        )
        shown[key] = {
            "label": KEEPS.sub("", label["__prompt__"] if choices else label),
            "choices": choices,
            "default": default[0] if isinstance(default, list) else default,
        }
    return {"prompts": shown, "prices": PRICES_DATE}


def models(asked: dict[str, Any]) -> dict[str, Any]:
    """Return the catalogue: id, size and workload of each model."""
    known = load_catalogue().values()
    return {"models": [[model.id, size_text(model.params), model.workload] for model in known]}


def plan_answer(asked: dict[str, Any]) -> dict[str, Any]:
    """Return the plan for the prompts' answers, as the page draws it, or the refusal with its ways out."""
    answers = dict(asked["answers"])
    try:
        if asked.get("config"):
            answers["model_id"] = written_model(asked["config"], asked.get("name") or "my-model")
        elif asked.get("hub"):
            hub.fetch_unknown(answers["model_id"].strip())
        checked = check_answers(dict(answers))
        try:
            plan = choose(checked.request)
        except NoPlan as no_plan:
            ways = list(ways_out(no_plan.cause, asked["answers"], answers))
            return {"refusal": refusal_text(no_plan), "ways": ways}
    except Refusal as refusal:
        return {"refusal": str(refusal), "ways": [], "unknown": is_unknown(answers["model_id"])}
    return shown_plan(plan, checked.slug)


def is_unknown(model_id: str) -> bool:
    """Whether a model is named ORG/NAME and the catalogue does not have it: its config.json could be fetched."""
    name = model_id.strip()
    return bool(re.fullmatch(r"[\w.-]+/[\w.-]+(@[\w./-]+)?", name)) and name.partition("@")[0] not in load_catalogue()


def written_model(config: str, name: str) -> str:
    """Write a pasted config.json into a folder of that name and return the folder, which the planner reads."""
    try:
        fields = json.loads(config)
    except ValueError as error:
        raise Refusal(f"the pasted config.json is not JSON ({error}); paste the whole file") from None
    if not isinstance(fields, dict):
        raise Refusal("the pasted config.json is not a JSON object; paste the whole file, from { to }")
    if not re.fullmatch(r"[\w.-]{1,96}", name) or name in (".", ".."):
        raise Refusal(
            "the name of a pasted model is that of a folder: letters, digits, dots and dashes, such as my-model"
        )
    folder = MODELS / name
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(config, encoding="utf-8")
    return str(folder)


def shown_plan(plan: AnyPlan, slug: str) -> dict[str, Any]:
    """Return a plan as the page draws it."""
    shown, request = descriptions(plan), plan.request
    line = CANDIDATE_LINES[request.task]
    lines = shown.lines(plan)
    edge = training.frontier(plan) if request.task in TRAINING else neighbours.frontier(plan)  # type: ignore[arg-type]
    indexes = {id(candidate): index for index, candidate in enumerate(plan.candidates)}
    best, every = shown.comparison(plan, "best"), shown.comparison(plan, "all")
    return {
        "choice": lines.choice,
        "lines": terminal_lines(plan, slug)[1:-1],
        "assumed": [f"{label}: {words}" for label, words in assumed_lines(request.model)],
        "bars": [bar._asdict() | {"peak_gib": bar.peak_gib, "parts": bar.parts} for bar in shown.bars(plan)],
        "colours": COLOURS,
        "columns": every.columns,
        "best": best.rows,
        "all": every.rows,
        "candidates": [line(request, candidate) for candidate in plan.candidates],
        "frontier": [indexes[id(candidate)] for candidate in edge],
        "request": request_line(request),
        "files": {"PLAN.md": plan_md(plan), "plan.py": plan_py(plan, slug), "memory.svg": memory_svg(plan)},
    }


def request_line(request: Request) -> dict[str, Any]:
    """Return what was understood, in the words of `gpu-plan compare`."""
    budget = request.budget
    return {
        "task": request.task,
        "workload": request.workload,
        "model": request.model.id,
        "gated": request.model.gated,
        "budget": "none" if budget.per == "none" else f"{budget.usd:.12g}/{budget.per}",
        "context": request.context_len,
        "concurrency": typed_load(request),
        "rows": request.dataset_rows,
        "gpu": f"{request.gpu}:{request.gpu_count}" if request.gpu_count else request.gpu,
        "quantization": request.quantization,
        "engine": request.engine,
        "method": request.method,
        "objective": request.objective,
        "optimize": typed_aim(request),
        "warm": request.warm.containers,
    }


def ways_out(cause: Any, typed: Answers, answers: Answers) -> Any:
    """Yield {"label", "answers"} for each change of the refusal that really leads to a plan."""
    for label, changes in changes_of(cause, typed):
        try:
            choose(check_answers({**answers, **changes}).request)
        except (NoPlan, Refusal):
            continue
        yield {"label": label, "answers": changes}


def changes_of(cause: Any, typed: Answers) -> Any:
    """Yield the label and the changed answers of each way out."""
    if isinstance(cause, FormatNotOffered):
        yield from ((f"take {name}", {"quantization": name}) for name in cause.offered)
    elif isinstance(cause, ImageCannotLoad):
        yield "let engine be auto", {"engine": "auto"}
    elif isinstance(cause, NothingWorks):
        request = cause.request
        offer: Callable[[Alternative[Any, Any]], str] = (
            (lambda way: training.training_offer(request.budget, way.candidate))
            if request.task in TRAINING
            else (lambda way: inference_offer(request, way.candidate))
        )
        for way in cause.alternatives:
            changes, label = changed(request, way, typed), change_text(request, way)
            if way.candidate and (way.over_budget or way.change is Change.RAISE_BUDGET):
                price = offer(way).split()[0]
                changes |= {"budget": price}
                label = f"{label} {price}" if way.change is Change.RAISE_BUDGET else f"{label}, budget {price}"
            yield label, changes


def changed(request: Request, way: Alternative[Any, Any], typed: Answers) -> Answers:
    """Return the answers that a change sets, without its budget."""
    value = str(way.value)
    if way.change is Change.KEEP_FEWER_WARM:
        return {"warm": re.sub(r"^\s*\d+", value, typed["warm"]) if way.value else "0"}
    if way.change is Change.FEWER_ROWS:
        return {"dataset": re.sub(r"\d[\d,_.]*\s*[kKmM]? rows?$", f"{value} rows", typed["dataset"].strip())}
    if way.change is Change.LET_BE_AUTO:
        return {key: "auto" for key in re.split(r", | and ", value) if key in typed}
    if way.change is Change.FEWER_AT_ONCE:
        return {"concurrency": typed_load(replace(request, concurrency=way.value))}
    if way.change is Change.LOWER_RATE:
        return {"concurrency": typed_load(replace(request, rate=way.value))}
    if way.change is Change.LOOSER_TARGET:
        return {"optimize": typed_aim(replace(request, targets=way.value))}
    key = {
        Change.SHORTER_CONTEXT: "context_len",
        Change.TAKE_ENGINE: "engine",
        Change.TAKE_METHOD: "method",
        Change.TAKE_TASK: "task",
    }.get(way.change)
    return {key: value} if key else {}


def fetch_with(read: Callable[[str], tuple[int, Any]], endpoint: str) -> None:
    """Let `planner.hub` read through the browser: `read(url)` returns status and content, status 0 for no answer."""

    def fetch_bytes(url: str) -> bytes:
        status, content = read(url)
        if status == 200:
            return bytes(content)
        if status in (401, 403):
            raise Refusal(f"{url} is gated, private or not there; check the name, or paste its config.json.")
        if status:
            raise Refusal(f"{url} answers {status}; check the model's name and revision.")
        raise Refusal(f"{url} cannot be reached; paste the model's config.json instead.")

    os.environ["HF_ENDPOINT"] = endpoint
    hub.fetch_bytes = fetch_bytes
