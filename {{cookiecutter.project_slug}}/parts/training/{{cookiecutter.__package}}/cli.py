"""The commands: check, train, status, sample, merge and push on Modal; `--local` trains here, without an account."""

import argparse
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import modal

from . import plan, storage
from .result import push
from .run import progress, run_dir
from .data import load
from .run.reply import Checked, Said

GIB, MOST_GIB = 2**30, 336  # the second is the most that Modal gives


class CommandError(ValueError):
    """What was asked cannot be done. The text says what would work."""


def main(arguments: Sequence[str]) -> int:
    """0 where all is done, 1 where something is left to do or was refused."""
    made = parser()
    given = made.parse_args(arguments)
    if not (given.local or hasattr(given, "command")):
        made.print_help()
        return 0
    if given.local:
        from . import local

        return local.main(given)
    try:
        said = given.command(given)
    except modal.exception.NotFoundError:
        sys.exit(f"error: {plan.NAME} has not run on Modal yet: start with `train`")
    except (CommandError, FileNotFoundError, modal.exception.Error) as error:
        sys.exit(f"error: {error}")
    if said.error:
        sys.exit(str(said))
    print(said)
    return 0 if said.complete else 1


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(prog=f"python -m {__package__}", description=__doc__)
    about_local(top)
    commands = top.add_subparsers(title="commands")
    about_local(add(commands, "check", check, "read the dataset as the training will, and count, on a CPU"))
    train_command = add(commands, "train", train, "train, or go on with it, and show how far it is")
    train_command.add_argument("--detach", action="store_true", help="do not wait: it runs on Modal anyway")
    of_run(add(commands, "status", status, "how a run stands, and what it has cost"))
    sample_command = of_run(add(commands, "sample", sample, "ask the tuned model, on the GPU"))
    sample_command.add_argument("text", nargs="?", default="", help="what it is asked")
    sample_command.add_argument("--prompt", default="", help="the same")
    sample_command.add_argument("--max-tokens", type=int, default=256, help="of an answer (%(default)s)")
    merge_command = of_run(add(commands, "merge", merge, "write the tuned model as plain weights"))
    merge_command.add_argument("--into", default="", help="a project that will serve it; its weights Volume gets them")
    push_command = of_run(add(commands, "push", pushed, "send the result to HUB_REPO on the hub"))
    push_command.add_argument("--merged", action="store_true", help="the merged weights, and not the adapter")
    return top


def add(commands: Any, name: str, command: Callable[[argparse.Namespace], Said], words: str) -> argparse.ArgumentParser:
    made: argparse.ArgumentParser = commands.add_parser(name, help=words, description=words)
    made.set_defaults(command=command, local=False)
    return made


def of_run(parser: argparse.ArgumentParser) -> argparse.ArgumentParser:
    parser.add_argument("--run", default=plan.RUN, help="name of the run (%(default)s)")
    return parser


def about_local(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--local", action="store_true", help="on this machine: no account, no GPU, a small model")
    parser.add_argument("--model", default="", help="with --local: a folder, or a model on the hub")
    parser.add_argument("--dataset", default="", help="with --local: a file, a folder, or a dataset on the hub")
    parser.add_argument("--prompt", default="", help="with --local: what the model is asked before and after")
    parser.add_argument("--root", type=Path, default=Path(".local"), help="with --local: where it lies (%(default)s)")


def deployed(function: str) -> Any:
    """A function of the app as it last ran."""
    return modal.Function.from_name(plan.NAME, function)


def deploy() -> Any:
    """Bring the app to Modal as it is here. CommandError where a Secret that it needs does not exist."""
    for name in plan.SECRETS:
        try:
            modal.Secret.from_name(name).hydrate()
        except modal.exception.NotFoundError as error:
            key = "WANDB_API_KEY=..." if "wandb" in name else "HF_TOKEN=hf_..."
            how = f"make it with `modal secret create {name} {key}`, or take it out of SECRETS in plan.py"
            raise CommandError(f"the Secret {name!r} does not exist: {how}") from error
    from . import app

    app.app.deploy()
    return app


def check(given: argparse.Namespace) -> Said:
    return checked(deploy())


def checked(app: Any) -> Said:
    """What the check says, of a dataset that is brought to the Volume first where it lies here."""
    if not plan.DATASET or plan.DATASET == "none":
        raise CommandError('there is nothing to train on: set DATASET in plan.py, as in DATASET = "samples/chat.jsonl"')
    return app.check.remote(load.upload(plan.DATASET))


def train(given: argparse.Namespace) -> Said:
    call = progress.running(plan.RUN)
    if call is None:
        app = deploy()
        found = checked(app)
        if not isinstance(found, Checked) or found.ended:
            return getattr(found, "ended", None) or found
        print(found, file=sys.stderr)
        fetch(app)
        call = app.train.spawn(found.dataset, time.time())
        progress.began(plan.RUN, call)
    how = f"`python -m {__package__} status` from anywhere"
    print(f"run {plan.RUN} trains on Modal, on {plan.GPU}; {how}", file=sys.stderr, flush=True)
    return Said() if given.detach else progress.watched(plan.RUN, call)


def fetch(app: Any) -> None:
    """Bring the weights to the Volume. CommandError with what the hub says."""
    try:
        app.fetch.remote()
    except (ValueError, OSError) as error:
        raise CommandError(str(error).strip().partition("\n")[0]) from error


def status(given: argparse.Namespace) -> Said:
    return Said(str(deployed("state").remote(given.run)))


def sample(given: argparse.Namespace) -> Said:
    prompt = given.prompt or given.text
    if not prompt:
        raise CommandError('what should it be asked? sample "..."')
    return deployed("sample").remote(prompt, given.run, given.max_tokens)


def merge(given: argparse.Namespace) -> Said:
    options: dict[str, Any] = {"memory": merging_mib()}
    if given.into:
        into = load.weights_of(given.into)
        options["volumes"] = {storage.WEIGHTS: storage.weights, load.MOUNT: load.runs, load.TARGET: into}
    said = deployed("merge").with_options(**options).remote(given.run, given.into)
    served = f'\nin plan.py of a project that serves it: MODEL = "./{run_dir.merged_name(given.run)}"'
    return said if said.error else Said(f"{said.text}, on the Volume {given.into or plan.NAME}-weights{served}")


def merging_mib() -> int:
    """Main memory that holds the original weights in 16 bits, with room for one shard more."""
    folder = storage.folder(plan.MODEL, plan.REVISION, "/")
    files = [entry for entry in storage.weights.listdir(str(folder)) if entry.path.endswith(".safetensors")]
    gib = 4 + 1.3 * sum(entry.size for entry in files) / GIB
    return int(min(MOST_GIB, gib) * 1024)


def pushed(given: argparse.Namespace) -> Said:
    if refusal := push.refusal(plan.HUB_REPO, plan.SECRETS):
        return Said(error=refusal)
    return deploy().send.remote(plan.HUB_REPO, given.run, given.merged)
