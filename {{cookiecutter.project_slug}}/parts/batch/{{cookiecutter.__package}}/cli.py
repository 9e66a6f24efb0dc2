"""The commands: run, status, stop, join and estimate. `run --local` works on this machine, without an account."""

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import modal

from .run import job, progress, volume
from . import plan, storage
from .input.readers import DataError, Reading, Source
from .run.scheduler import Report
from .output.results import ResultError
from .run import budget
from .run.budget import BudgetError

HERE = Path("results")  # folder of a local run


def main(arguments: Sequence[str]) -> int:
    """0 where everything is done, 1 where rows are left or something was refused."""
    given = parser().parse_args(arguments)
    try:
        return given.command(given)
    except modal.exception.NotFoundError:
        sys.exit(f"error: {plan.NAME} has not run on Modal yet: start with `run`")
    except (DataError, BudgetError, ResultError, modal.exception.Error) as error:
        sys.exit(f"error: {error}")


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(prog=f"python -m {__package__}", description=__doc__)
    commands = top.add_subparsers(required=True)
    run_command = add(commands, "run", run, "run it, or go on with it")
    about_rows(run_command)
    run_command.add_argument("--detach", action="store_true", help="do not wait: the job runs on Modal anyway")
    run_command.add_argument("--local", action="store_true", help="on this machine: no account, no GPU")
    run_command.add_argument("--model", help="with --local: a folder, or a model on the hub")
    about_rows(add(commands, "estimate", estimated, "rows, tokens, hours and dollars, before anything is paid"))
    for name, command, words in (
        ("status", status, "how far it is, and what it has cost"),
        ("stop", stop, "start nothing more; what runs is finished"),
    ):
        add(commands, name, command, words).add_argument("--job", default="", help="another than the last one")
    join_command = add(commands, "join", join, "bring the results as one file")
    join_command.add_argument("to", type=Path, help="results.parquet, .jsonl, .csv, or .npy for embeddings")
    join_command.add_argument("--job", default="", help="another than the last one")
    join_command.add_argument("--local", action="store_true", help="of a local run")
    return top


def add(commands: Any, name: str, command: Callable[[argparse.Namespace], int], words: str) -> argparse.ArgumentParser:
    made: argparse.ArgumentParser = commands.add_parser(name, help=words, description=words)
    made.set_defaults(command=command)
    return made


def about_rows(parser: argparse.ArgumentParser) -> None:
    """The arguments that say which rows, how they become prompts, and for how much money."""
    parser.add_argument("input", nargs="?", default=plan.DATASET, help="a file, a folder, or a Hugging Face dataset")
    prompt = parser.add_mutually_exclusive_group(required=True)
    prompt.add_argument("--column", default="", help="the column that is the prompt")
    prompt.add_argument("--template", default="", help='several columns: "Title: {title}. Review: {text}"')
    prompt.add_argument("--messages", default="", help="a column of chat messages")
    parser.add_argument("--id", default="", help="the column that names a row; without it its number does")
    parser.add_argument("--rows", type=int, default=0, help="the first so many only")
    parser.add_argument("--split", default="train", help="of a Hugging Face dataset (%(default)s)")
    parser.add_argument("--config", default="", help="of a Hugging Face dataset")
    parser.add_argument("--revision", default="", help="of a Hugging Face dataset")
    parser.add_argument("--budget", default=plan.BUDGET, help="50/run, 300/month, 4/hour or none (%(default)s)")


def asked(given: argparse.Namespace) -> job.Order:
    """The order that was typed. DataError where no input was named."""
    if not given.input:
        raise DataError("no input: name a file or a Hugging Face dataset, or set DATASET in plan.py")
    return job.Order(
        Source(given.input, given.split, given.config, given.revision),
        Reading(given.column, given.template, given.messages, given.id, given.rows),
    )


def run(given: argparse.Namespace) -> int:
    budget.parse(given.budget)
    wanted = asked(given)
    if given.local:
        from . import local

        return ended(local.run(wanted, given.budget, given.model, HERE))
    job.containers(budget.parse(given.budget))
    from . import app

    sent = job.Order(volume.upload(wanted.source), wanted.reading)
    app.app.deploy()
    app.fetch.remote()
    name = app.prepare.remote(sent)
    progress.board.pop(name, None)
    call = app.run.spawn(name, given.budget)
    print(f"job {name} runs on Modal; `python -m {__package__} status` from anywhere", file=sys.stderr)
    if given.detach:
        return 0
    try:
        return ended(progress.watched(name, call))
    except KeyboardInterrupt:
        print(f"the job goes on; `python -m {__package__} stop` ends it", file=sys.stderr)
        return 1


def ended(report: Report) -> int:
    print(report)
    return 0 if report.complete else 1


def deployed(function: str) -> Any:
    """A function of the app as it last ran."""
    return modal.Function.from_name(plan.NAME, function)


def status(given: argparse.Namespace) -> int:
    print(deployed("status").remote(given.job))
    return 0


def stop(given: argparse.Namespace) -> int:
    print(f"job {deployed('stop').remote(given.job)} starts nothing more; the same `run` continues")
    return 0


def join(given: argparse.Namespace) -> int:
    from . import local

    if given.local:
        made = local.joined(given.job, given.to.suffix, HERE)
    else:
        made = deployed("join").remote(given.job, given.to.suffix)
    for path in made.files:
        to = given.to.with_name(given.to.stem + Path(path).name.removeprefix("results"))
        if given.local:
            local.copied(path, to, HERE)
        else:
            volume.download(path, to)
        print(to)
    print(f"{made.rows:,} rows, {made.dead:,} unusable", file=sys.stderr)
    return 0


def estimated(given: argparse.Namespace) -> int:
    wanted = asked(given)
    if volume.is_there(wanted.source.path) or storage.is_folder(plan.MODEL):
        sent = job.Order(volume.upload(wanted.source), wanted.reading)
        from . import app

        app.app.deploy()
        app.fetch.remote()
        print(app.estimate.remote(sent, given.budget))
        return 0
    tokenizer = job.tokenizer(plan.MODEL, plan.REVISION)
    print(job.estimated(wanted, tokenizer, budget.parse(given.budget)))
    return 0
