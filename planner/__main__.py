"""`python -m planner` and `gpu-plan`: plan and estimate answer JSON lines, compare and frontier print tables."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from .api import Line, answer, ask_estimate, ask_plan
from .catalogue.gpus import PRICES_DATE
from .catalogue.models import find_model
from .catalogue.prices import price_changes
from .catalogue.sizes import is_size
from .describe.refusal import plan_for
from .hub import fetch_unknown
from .request.checks import check_budget, check_context, check_objective, check_task
from .request.dataset import epochs_of, parse_rows, row_tokens_of
from .request.heads import check_head
from .request.model import usual_context
from .request.parse import parse_api_price, parse_count, parse_gpu
from .request.traffic import USUAL_CONCURRENCY, Load, parse_aim, parse_load, room_for
from .schema import ENGINES, METHODS, OBJECTIVES, QUANTIZATIONS, TASKS, TRAINING, Model, Refusal, Request
from .write.table import table


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; 0 done, 1 refused, 2 not understood."""
    options = parser().parse_args(argv)
    if options.command in ("plan", "estimate"):
        ask = ask_plan if options.command == "plan" else ask_estimate
        return json_lines(fetching(ask) if options.hub else ask)
    try:
        if options.command == "prices":
            print("\n".join(price_changes(read_json(options.rates)) or [f"no price has changed since {PRICES_DATE}"]))
        else:
            api_usd = parse_api_price(options.api_price, options.task) if options.api_price else None
            print(table(plan_for(asked(options)), shown(options), api_usd))
    except Refusal as refusal:
        print(f"error: {refusal}", file=sys.stderr)
        return 1
    return 0


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(prog="gpu-plan", description="Plans GPU work on Modal: which GPU, and at what price.")
    hub = "fetch the config.json of a model that is not known from the Hugging Face hub (HF_ENDPOINT, HF_TOKEN)"
    top.add_argument("--hub", action="store_true", help=hub)
    commands = top.add_subparsers(dest="command", required=True)
    commands.add_parser("plan", help="JSON lines in, one plan a line out")
    commands.add_parser("estimate", help="JSON lines in, one estimate a line out")
    compare = commands.add_parser("compare", help="a table of what was weighed for a model")
    add_request(compare)
    compare.add_argument("--all", action="store_true", help="every configuration, not the best of each card")
    frontier = commands.add_parser("frontier", help="what is faster than all that costs less, from the cheapest on")
    add_request(frontier)
    prices = commands.add_parser("prices", help="what has changed since the planner's prices were read")
    prices.add_argument("--from", dest="rates", required=True, help="the output of: modal billing rates --json")
    return top


def add_request(command: argparse.ArgumentParser) -> None:
    """Add the options that describe a request."""
    add = command.add_argument
    add("model", help="a model id, a folder with a config.json, or a size such as 8B or 235B-A22B")
    add("--task", default="serve", choices=TASKS, help="what to do with it (serve)")
    add("--budget", default="none", help="4/hour, 300/month, 50/run for a batch or to train, or none (dollars)")
    add("--context", default="auto", help="tokens: prompt and answer (8192), example (2048), text (512 or 2048)")
    add("--rows", default="0", help="of a batch or to train on: 10000, 10k (unknown)")
    add("--method", default="auto", choices=("auto", *METHODS), help="insist on a way to train")
    add("--objective", default="sft", choices=OBJECTIVES, help="sft, or dpo to train on pairs of answers (sft)")
    add("--concurrency", default="auto", help="requests at once (16; texts: 32) or a rate; with lengths: 5/s 4000+500")
    add("--gpu", default="auto", help="insist on a GPU: L40S, H100:2")
    add("--quantization", default="auto", choices=("auto", *QUANTIZATIONS), help="insist on a format")
    add("--engine", default="auto", choices=("auto", *ENGINES))
    add("--optimize", default="cost", help="cost, latency or throughput; with targets: cost ttft<1s tpot<40ms (cost)")
    add("--api-price", help="dollars per million tokens at an API: from how many tokens a month this is cheaper")


def shown(options: argparse.Namespace) -> str:
    """Return which of the weighed candidates a table has."""
    if options.command == "frontier":
        return "frontier"
    return "all" if options.all else "best"


def read_json(path: str) -> Any:
    """Return the content of a JSON file. Refusal where it cannot be read."""
    try:
        return json.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise Refusal(f"cannot read {path}: {error}; give the output of: modal billing rates --json") from None


def asked(options: argparse.Namespace) -> Request:
    """Return the request that the options describe."""
    model, trains = named(options.model, options.hub), options.task in TRAINING
    gpu, count = parse_gpu(options.gpu, several_nodes=options.task == "distributed")
    typed = options.context if options.context != "auto" else str(usual_context(model, options.task, model.workload))
    usual = options.concurrency == "auto"
    load_text = str(USUAL_CONCURRENCY[model.workload]) if usual else options.concurrency
    load = Load(1) if trains else parse_load(load_text, options.task, model.workload)
    optimize, targets = parse_aim(options.optimize, options.task, model.workload)
    context_len = check_context(parse_count("context", typed), model)
    context_len = room_for(load, context_len, options.context == "auto", model)
    rows = parse_rows("--rows", options.rows, options.rows) if options.rows != "0" else 0
    workload = model.workload
    check_head(model, options.task, workload)
    check_objective(options.objective, options.task, workload)
    answers = options.method, options.quantization, options.engine, gpu, count, options.concurrency
    check_task(options.task, workload, model, *answers)
    return Request(
        task=options.task,
        workload=workload,
        model=model,
        budget=check_budget(options.budget, options.task),
        context_len=context_len,
        **load._asdict(),
        targets=targets,
        gpu=gpu,
        gpu_count=count,
        quantization=options.quantization,
        engine=options.engine,
        method=options.method,
        objective=options.objective,
        optimize=optimize,
        dataset_rows=rows,
        row_tokens=row_tokens_of(workload, context_len) if trains else 0,
        epochs=epochs_of(rows, options.objective) if trains else 1,
    )


def named(text: str, hub: bool = False) -> Model:
    """Return the model of that id, folder or size ("8B", "custom 13"); with `hub` its config.json may be fetched."""
    if is_size(text):
        return find_model("", text)
    if hub:
        fetch_unknown(text)
    return find_model(text)


def fetching(ask: Callable[[Line], Line]) -> Callable[[Line], Line]:
    """Return `ask`, which first fetches the config.json of a model that is not known."""

    def fetch_and_ask(question: Line) -> Line:
        if isinstance(model := question.get("model"), str):
            fetch_unknown(model.strip())
        return ask(question)

    return fetch_and_ask


def json_lines(ask: Callable[[Line], Line]) -> int:
    """Answer each line of standard input; 2 where the input is not JSON lines."""
    for number, line in enumerate(sys.stdin, 1):
        if not line.strip():
            continue
        try:
            question = json.loads(line)
        except ValueError as error:
            print(f"error: line {number} is not JSON: {error}", file=sys.stderr)
            return 2
        sys.stdout.write(json.dumps(answer(question, ask)) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
