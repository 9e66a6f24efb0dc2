"""The commands: run, status, stop, join and estimate. `run --local` works on this machine, without an account."""

import argparse
import shutil
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import modal

from . import plan, storage
from .input import readers
from .input.prompts import DataError, PromptSpec
from .input.readers import Source
from .output.join import FORMATS, ResultError, join_job, split_name
from .run import budget, estimate, volume
from .run.budget import BudgetError
from .run.job import JobSpec, container_limit, load_job
from .run.scheduler import Report
from .run.status import progress_dict, wait_with_bar

LOCAL_RESULTS = Path("results")  # folder of a local run


def main(arguments: Sequence[str], deploy: Callable[[], object]) -> int:
    """0 where everything is done, 1 where rows are left or something was refused. `deploy` deploys the app."""
    given = parser().parse_args(arguments, argparse.Namespace(deploy=deploy))
    try:
        return given.command(given)
    except modal.exception.NotFoundError:
        sys.exit(f"error: {plan.NAME} has not run on Modal yet: start with `run`")
    except (DataError, BudgetError, ResultError, modal.exception.Error) as error:
        sys.exit(f"error: {error}")


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(prog=f"python -m {__package__}", description=__doc__)
    commands = top.add_subparsers(required=True)
    run_command = add_command(commands, "run", run, "run it, or go on with it")
    add_job_arguments(run_command)
    run_command.add_argument("--detach", action="store_true", help="do not wait: the job runs on Modal anyway")
    run_command.add_argument("--local", action="store_true", help="on this machine: no account, no GPU")
    run_command.add_argument("--model", help="with --local: a folder, or a model on the hub")
    estimate_help = "rows, tokens, hours and dollars, before anything is paid"
    add_job_arguments(add_command(commands, "estimate", print_estimate, estimate_help))
    status_command = add_command(commands, "status", status, "how far it is, and what it has cost")
    stop_command = add_command(commands, "stop", stop, "start nothing more; what runs is finished")
    join_command = add_command(commands, "join", join, "bring the results as one file")
    join_command.add_argument("to", type=Path, help=f"results{', results'.join(FORMATS)}")
    for command in (status_command, stop_command, join_command):
        command.add_argument("--job", default="", help="a job other than the last one")
    formulas = "leave texts in a CSV that begin with = + - @ as they are, though a spreadsheet computes them"
    join_command.add_argument("--formulas", action="store_true", help=formulas)
    join_command.add_argument("--local", action="store_true", help="of a local run")
    return top


def add_command(
    commands: Any, name: str, command: Callable[[argparse.Namespace], int], text: str
) -> argparse.ArgumentParser:
    made: argparse.ArgumentParser = commands.add_parser(name, help=text, description=text)
    made.set_defaults(command=command)
    return made


def add_job_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments that say which rows, how they become prompts, and for how much money."""
    parser.add_argument("input", nargs="?", default=plan.DATASET, help="a file, a folder, or a Hugging Face dataset")
    prompt = parser.add_mutually_exclusive_group()  # none is needed for a file of OpenAI's batch API
    prompt.add_argument("--column", default="", help="the column that is the prompt")
    prompt.add_argument("--template", default="", help='several columns: "Title: {title}. Review: {text}"')
    prompt.add_argument("--messages", default="", help="a column of chat messages")
    parser.add_argument("--id", default="", help="the column with each row's id; by default its number")
    parser.add_argument("--rows", type=int, default=0, help="only the first ROWS rows")
    parser.add_argument("--split", default="train", help="of a Hugging Face dataset (%(default)s)")
    parser.add_argument("--config", default="", help="of a Hugging Face dataset")
    parser.add_argument("--revision", default="", help="of a Hugging Face dataset")
    parser.add_argument("--budget", default=plan.BUDGET, help="50/run, 300/month, 4/hour or none (%(default)s)")


def job_spec(given: argparse.Namespace) -> JobSpec:
    """Return the job that the arguments describe. DataError where no input was named, or no prompt can be found."""
    if not given.input:
        raise DataError("no input: name a file or a Hugging Face dataset, or set DATASET in plan.py")
    source = Source(given.input, given.split, given.config, given.revision)
    spec = PromptSpec(given.column, given.template, given.messages, given.id, given.rows)
    if volume.in_container(source.path):  # looked at there
        return JobSpec(source, spec)
    return JobSpec(source, readers.recognise(source, spec))


def remote(function: str) -> modal.Function:
    """A function of the app as it was last deployed."""
    return modal.Function.from_name(plan.NAME, function)


def deploy_with_input(given: argparse.Namespace, spec: JobSpec) -> JobSpec:
    """Deploy the app with the weights and the input on its Volumes. Return the job with its input's place there."""
    sent = replace(spec, source=volume.upload(spec.source))
    given.deploy()
    remote("fetch").remote()
    return sent


def run(given: argparse.Namespace) -> int:
    limit, spec = budget.parse(given.budget), job_spec(given)
    if not given.local:
        container_limit(limit)  # refuses a budget that pays for none before anything is sent
    if not volume.in_container(spec.source.path):
        for note in readers.notes(spec.source, spec.prompts):
            print(note, file=sys.stderr)
    if given.local:
        from . import local  # imports the engine

        return print_report(local.run(spec, limit, given.model, LOCAL_RESULTS))
    name = remote("prepare").remote(deploy_with_input(given, spec))
    progress_dict.pop(name, None)
    call = remote("run").spawn(name, given.budget)
    print(f"job {name} runs on Modal; `python -m {__package__} status` from anywhere", file=sys.stderr)
    if given.detach:
        return 0
    try:
        return print_report(wait_with_bar(name, call))
    except KeyboardInterrupt:
        print(f"the job goes on; `python -m {__package__} stop` ends it", file=sys.stderr)
        return 1


def print_report(report: Report) -> int:
    print(report)
    return 0 if report.complete else 1


def status(given: argparse.Namespace) -> int:
    print(remote("status").remote(given.job))
    return 0


def stop(given: argparse.Namespace) -> int:
    print(f"job {remote('stop').remote(given.job)} starts nothing more; the same `run` continues")
    return 0


def join(given: argparse.Namespace) -> int:
    name, suffix = split_name(given.to)
    if given.local:
        joined = join_job(load_job(str(LOCAL_RESULTS.resolve()), given.job), suffix, given.formulas)
    else:
        joined = remote("join").remote(given.job, suffix, given.formulas)
    for path in joined.files:
        to = given.to.with_name(name + Path(path).name.removeprefix("results"))
        if given.local:
            shutil.copy(LOCAL_RESULTS / path, to)
        else:
            volume.download(path, to)
        print(to)
    print(f"{joined.rows:,} rows, {joined.dead:,} unusable", file=sys.stderr)
    return 0


def print_estimate(given: argparse.Namespace) -> int:
    spec, limit = job_spec(given), given.budget
    if volume.in_container(spec.source.path) or storage.is_folder(plan.MODEL):
        print(remote("estimate").remote(deploy_with_input(given, spec), limit))
    else:
        tokenizer = estimate.load_tokenizer(plan.MODEL, plan.REVISION)
        print(estimate.estimate_job(spec, tokenizer, budget.parse(limit)))
    return 0
