"""Ask the deployed service a question, or answer it on this machine with `--local`."""

import argparse
import sys
from pathlib import Path

import modal

from . import client, memory, plan, storage
from .connection import ServiceError

SMALL = "HuggingFaceTB/SmolLM2-135M-Instruct"  # 0.3 GB, Apache-2.0, answers on a laptop
COMMITS = {SMALL: "12fd25f77366fa6b3b4b768ec3050bf629380bac"}  # another model comes from its main branch


def main() -> int:
    parser = argparse.ArgumentParser(prog=f"python -m {__package__}", description=__doc__)
    parser.add_argument("--prompt", default="In two sentences: why is the sky blue?")
    parser.add_argument("--max-tokens", type=int, default=128)
    parser.add_argument("--local", action="store_true", help="answer on this machine: no account, no GPU")
    parser.add_argument("--model", default=SMALL, help="with --local: a folder, or a model on the hub (%(default)s)")
    parser.add_argument("--url", help=f"where the service answers; by default the deployed app {plan.NAME}")
    options = parser.parse_args()
    try:
        if options.local:
            here(options.model, options.prompt, options.max_tokens)
        else:
            from . import service

            there = client.Client(options.url or service.url())
            client.demonstrate(there, options.prompt, options.max_tokens)
    except modal.exception.NotFoundError:
        sys.exit(f"error: no app {plan.NAME} is deployed: run `make deploy` first, or answer here with --local")
    except (ServiceError, modal.exception.Error) as error:
        sys.exit(f"error: {error}")
    except Exception as error:
        if cause := memory.explain(error):
            sys.exit(f"error: {cause}")
        raise
    return 0


def here(model: str, prompt: str, max_tokens: int) -> None:
    """Answer on this machine and print speed and memory."""
    from . import local

    folder = model if Path(model).is_dir() else download(model)
    with memory.watch() as monitor:
        print(f"> {prompt}")
        answer = local.answer(folder, prompt, max_tokens)
    print(f"\n\nspeed   {answer.summary()}")
    print(f"memory  peak {monitor.peak_gib:.2f} GiB {'of GPU' if monitor.last.device == 'gpu' else 'of RAM'}")


def download(model: str) -> str:
    """The folder of a model from the hub, downloaded once. ServiceError says what else would do."""
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError

    try:
        return snapshot_download(model, revision=COMMITS.get(model), allow_patterns=list(storage.FILES))
    except (HfHubHTTPError, HFValidationError, LocalEntryNotFoundError, OSError) as error:
        raise ServiceError(
            f"{model} is no folder and cannot be downloaded ({type(error).__name__}): give --model a local folder"
        ) from error


if __name__ == "__main__":
    sys.exit(main())
