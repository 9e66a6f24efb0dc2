"""Ask the deployed service and compare with the plan, or answer on this machine with `--local`."""

import sys
from pathlib import Path

from . import storage
from .client import Client, cli
from .client.client import ServiceError
from .monitoring import gpu_memory, oom


def main() -> int:
    parser = cli.parser("", __doc__)
    parser.add_argument("--prompt", default=cli.TEXT)
    parser.add_argument("--max-tokens", type=int, default=128)
    parser.add_argument("--local", action="store_true", help="answer on this machine: no account, no GPU")
    parser.add_argument(
        "--model", default=cli.SMALL_MODEL, help="with --local: a folder, or a model on the hub (%(default)s)"
    )
    options = parser.parse_args()
    with cli.exit_on_error():
        if not options.local:
            cli.ask_and_compare(Client(cli.address(options.url)), options.prompt, options.max_tokens)
            return 0
        try:
            answer_locally(options.model, options.prompt, options.max_tokens)
        except Exception as error:
            if cause := oom.explain(error):
                sys.exit(f"error: {cause}")
            raise
    return 0


def answer_locally(model: str, text: str, max_tokens: int) -> None:
    """Print the reply of `model`, a folder or a hub id, on this machine, with speed and memory."""
    from .client import local  # the engine's libraries

    folder = model if Path(model).is_dir() else download(model)
    with gpu_memory.watch() as monitor:
        print(f"> {text}")
        reply = local.answer(folder, text, max_tokens)
    print(f"\nspeed   {reply.summary()}")
    print(f"memory  peak {monitor.peak_gib:.2f} GiB {'of GPU' if monitor.last.device == 'gpu' else 'of RAM'}")


def download(model: str) -> str:
    """Return the folder of a model from the hub, downloaded once. ServiceError names what else would do."""
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HFValidationError

    commit = cli.SMALL_COMMIT if model == cli.SMALL_MODEL else None  # else the main branch
    try:
        return snapshot_download(model, revision=commit, **storage.MODEL_FILES)
    except (OSError, HFValidationError) as error:
        raise ServiceError(
            f"{model} is no folder and cannot be downloaded ({type(error).__name__}): give --model a local folder"
        ) from error


if __name__ == "__main__":
    sys.exit(main())
