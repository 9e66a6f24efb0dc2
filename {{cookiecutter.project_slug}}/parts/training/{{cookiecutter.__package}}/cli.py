"""The commands: check, train, status, sample, merge and push on Modal; `--local` trains here, without an account."""

import argparse
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import modal

from . import plan, storage
from .data import load
from .result import push as hub
from .run import run_dir
from .run.reply import CheckReply, Reply, UserError
from .run.status import follow, record_call, running_call

GIB, MAX_MEMORY_GIB = 2**30, 336  # the second is the most that Modal gives


def main(arguments: Sequence[str], app: modal.App) -> int:
    """Run a command; 0 where all is done, 1 where something is left to do or was refused."""
    parser = make_parser()
    options = parser.parse_args(arguments, argparse.Namespace(app=app))
    if not (options.local or hasattr(options, "command")):
        parser.print_help()
        return 0
    if options.local:
        from . import local

        return local.main(options)
    try:
        run_dir.check_name(getattr(options, "run", plan.RUN))
        reply = options.command(options)
    except modal.exception.NotFoundError:
        sys.exit(f"error: {plan.NAME} has not run on Modal yet: start with `train`")
    except (UserError, FileNotFoundError, modal.exception.Error) as error:
        sys.exit(f"error: {error}")
    if reply.error:
        sys.exit(str(reply))
    print(reply)
    return 0 if reply.complete else 1


def make_parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(prog=f"python -m {__package__}", description=__doc__)
    add_local_options(top)
    commands = top.add_subparsers(title="commands")

    def add(name: str, command: Callable[[argparse.Namespace], Reply], words: str) -> argparse.ArgumentParser:
        added: argparse.ArgumentParser = commands.add_parser(name, help=words, description=words)
        added.set_defaults(command=command, local=False)
        return added

    add_local_options(add("check", check, "read the dataset as the training will, and count, on a CPU"))
    train_command = add("train", train, "train, or go on with it, and show how far it is")
    train_command.add_argument("--detach", action="store_true", help="do not wait: it runs on Modal anyway")
    status_command = add("status", status, "how a run stands, and what it has cost")
    sample_command = add("sample", sample, "ask the tuned model, on the GPU")
    merge_command = add("merge", merge, "write the tuned model as plain weights")
    push_command = add("push", push, "send the result to HUB_REPO on the hub")
    for command in (status_command, sample_command, merge_command, push_command):
        command.add_argument("--run", default=plan.RUN, help="name of the run (%(default)s)")
    sample_command.add_argument("text", nargs="?", default="", help="the prompt")
    sample_command.add_argument("--prompt", default="", help="the same")
    sample_command.add_argument("--max-tokens", type=int, default=256, help="of an answer (%(default)s)")
    merge_command.add_argument("--into", default="", help="a project that will serve it; its weights Volume gets them")
    push_command.add_argument("--merged", action="store_true", help="the merged weights, and not the adapter")
    return top


def add_local_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--local", action="store_true", help="on this machine: no account, no GPU, a small model")
    parser.add_argument("--model", default="", help="with --local: a folder, or a model on the hub")
    parser.add_argument("--dataset", default="", help="with --local: a file, a folder, or a dataset on the hub")
    parser.add_argument("--prompt", default="", help="with --local: answered by the model before and after")
    parser.add_argument(
        "--root", type=Path, default=Path(".local"), help="with --local: the run's folder (%(default)s)"
    )


def deployed(function: str) -> Any:
    """A function of the app as it was last deployed."""
    return modal.Function.from_name(plan.NAME, function)


def deploy(app: modal.App) -> None:
    """Deploy the app as it is here. UserError where a Secret that it needs does not exist."""
    for name in plan.SECRETS:
        try:
            modal.Secret.from_name(name).hydrate()
        except modal.exception.NotFoundError as error:
            key = "WANDB_API_KEY=..." if "wandb" in name else "HF_TOKEN=hf_..."
            how = f"make it with `modal secret create {name} {key}`, or take it out of SECRETS in plan.py"
            raise UserError(f"the Secret {name!r} does not exist: {how}") from error
    app.deploy()


def check(options: argparse.Namespace) -> CheckReply | Reply:
    """Deploy the app, bring a dataset of this machine to the Volume, and check it there."""
    deploy(options.app)
    if not plan.DATASET or plan.DATASET == "none":
        raise UserError('there is nothing to train on: set DATASET in plan.py, as in DATASET = "samples/chat.jsonl"')
    return deployed("check").remote(load.upload(plan.DATASET))


def train(options: argparse.Namespace) -> Reply:
    """Start the training, unless it runs already or has ended, and follow it."""
    call = running_call(plan.RUN)
    if call is None:
        checked = check(options)
        if not isinstance(checked, CheckReply) or checked.ended:
            return getattr(checked, "ended", None) or checked
        print(checked, file=sys.stderr)
        try:
            deployed("fetch").remote()
        except (ValueError, OSError) as error:  # the hub's error
            raise UserError(str(error).strip().partition("\n")[0]) from error
        call = deployed("train").spawn(checked.dataset, time.time())
        record_call(plan.RUN, call)
    how = f"`python -m {__package__} status` from anywhere"
    print(f"run {plan.RUN} trains on Modal, on {plan.GPU}; {how}", file=sys.stderr, flush=True)
    return Reply() if options.detach else follow(plan.RUN, call)


def status(options: argparse.Namespace) -> Reply:
    return Reply(str(deployed("state").remote(options.run)))


def sample(options: argparse.Namespace) -> Reply:
    prompt = options.prompt or options.text
    if not prompt:
        raise UserError('what should it be asked? sample "..."')
    return deployed("sample").remote(prompt, options.run, options.max_tokens)


def merge(options: argparse.Namespace) -> Reply:
    """Merge with memory for the original weights, onto the Volume of the project `--into` where it is given."""
    resources: dict[str, Any] = {"memory": merge_memory_mib()}
    if options.into:
        into = {run_dir.MERGE_INTO: run_dir.weights_volume(options.into)}
        resources["volumes"] = {storage.WEIGHTS: storage.weights, run_dir.MOUNT: run_dir.volume, **into}
    reply = deployed("merge").with_options(**resources).remote(options.run, options.into)
    if reply.error:
        return reply
    serve = f'in plan.py of a project that serves it: MODEL = "./{run_dir.merged_name(options.run)}"'
    return Reply(f"{reply.text}, on the Volume {options.into or plan.NAME}-weights\n{serve}")


def merge_memory_mib() -> int:
    """Main memory that holds the original weights in 16 bits, with room for one shard more."""
    folder = storage.folder(plan.MODEL, plan.REVISION, "/")
    files = [entry for entry in storage.weights.listdir(str(folder)) if entry.path.endswith(".safetensors")]
    gib = 4 + 1.3 * sum(entry.size for entry in files) / GIB
    return int(min(MAX_MEMORY_GIB, gib) * 1024)


def push(options: argparse.Namespace) -> Reply:
    if refusal := hub.refusal(plan.HUB_REPO, plan.SECRETS):
        return Reply(error=refusal)
    deploy(options.app)
    return deployed("send").remote(plan.HUB_REPO, options.run, options.merged)
