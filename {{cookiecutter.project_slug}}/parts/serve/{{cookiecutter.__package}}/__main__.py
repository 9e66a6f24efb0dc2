"""Ask the deployed service and compare with the plan, or answer on this machine with `--local`."""

import sys
from pathlib import Path

from . import client, command, storage
from .connection import ServiceError
from .monitoring import gpu_memory, oom

COMMITS = {client.SMALL: client.SMALL_COMMIT}  # another model comes from its main branch


def main() -> int:
    parser = command.parser("", __doc__)
    parser.add_argument("--prompt", default=client.PROMPT)
    parser.add_argument("--max-tokens", type=int, default=128)
    parser.add_argument("--local", action="store_true", help="answer on this machine: no account, no GPU")
    parser.add_argument(
        "--model", default=client.SMALL, help="with --local: a folder, or a model on the hub (%(default)s)"
    )
    options = parser.parse_args()
    with command.sentences():
        if not options.local:
            client.demonstrate(client.Client(command.address(options.url)), options.prompt, options.max_tokens)
            return 0
        try:
            here(options.model, options.prompt, options.max_tokens)
        except Exception as error:
            if cause := oom.explain(error):
                sys.exit(f"error: {cause}")
            raise
    return 0


def here(model: str, prompt: str, max_tokens: int) -> None:
    """Answer on this machine and print speed and memory."""
    from . import local

    folder = model if Path(model).is_dir() else download(model)
    with gpu_memory.watch() as monitor:
        print(f"> {prompt}")
        answer = local.answer(folder, prompt, max_tokens)
    print(f"\nspeed   {answer.summary()}")
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
