"""What every command line of this package does alike: find the service, and say in a sentence what went wrong."""

import argparse
import sys
from collections.abc import Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import modal

from . import plan
from .connection import ServiceError

if TYPE_CHECKING:
    from .client import Client


def parser(module: str, description: str | None) -> argparse.ArgumentParser:
    """A parser for `python -m PACKAGE.module` that knows --url. The description is the first line of a docstring."""
    about = (description or "").partition("\n")[0]
    made = argparse.ArgumentParser(prog=f"python -m {__package__}{module and '.'}{module}", description=about)
    made.add_argument("--url", help=f"where the service answers; by default the deployed app {plan.NAME}")
    return made


def address(url: str | None) -> str | None:
    """`url`, or else where Modal says that the deployed service answers."""
    from . import service

    return url or service.url()


@contextmanager
def sentences() -> Generator[None]:
    """Exit with `error: ...` where the service or Modal refuses."""
    try:
        yield
    except modal.exception.NotFoundError:
        sys.exit(f"error: no app {plan.NAME} is deployed: run `make deploy` first")
    except (ServiceError, modal.exception.Error) as error:
        sys.exit(f"error: {error}")


def ask(client: "type[Client]", prompt: str) -> int:
    """`python -m PACKAGE.client "text"`: the answer on stdout as it comes, what it took on stderr."""
    options = parser("client", "Ask the deployed service once.")
    options.add_argument("text", nargs="?", default=prompt, help="default: %(default)s")
    options.add_argument("--max-tokens", type=int, default=256, help="of a generated answer (%(default)s)")
    given = options.parse_args()
    with sentences():
        answer = client(address(given.url)).ask(given.text, given.max_tokens)
        print(answer.summary(), file=sys.stderr)
    return 0
