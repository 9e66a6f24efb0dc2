"""The reply of a container to a command, and the errors that a user can correct. Loads no library before it must."""

import functools
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import ParamSpec, TypeVar

from ..monitoring import oom
from .budget import BudgetError


class UserError(ValueError):
    """Something that the user can correct, in one sentence with what would work."""


USER_ERRORS = (UserError, BudgetError)


@dataclass(frozen=True)
class Reply:
    """A text for the terminal, or an error in one sentence."""

    text: str = ""
    error: str = ""
    complete: bool = True  # False: something is left to do, which the text names

    def __str__(self) -> str:
        return f"error: {self.error}" if self.error else self.text


@dataclass(frozen=True)
class CheckReply(Reply):
    """The findings of the check of a dataset."""

    dataset: str = ""  # its path in a container
    ended: Reply | None = None  # the run's outcome, where there is nothing to train


P = ParamSpec("P")
R = TypeVar("R", bound=Reply)


def reply_errors(work: Callable[P, R]) -> Callable[P, R | Reply]:
    """Return user errors and out-of-memory as a Reply; anything else is raised, and Modal tries again."""

    @functools.wraps(work)
    def call(*args: P.args, **kwargs: P.kwargs) -> R | Reply:
        quiet_libraries()
        try:
            return work(*args, **kwargs)
        except USER_ERRORS as error:
            return Reply(error=str(error))
        except Exception as error:
            if cause := oom.explain(error):
                return Reply(error=cause)
            raise

    return call


def quiet_libraries() -> None:
    """Silence the libraries' progress bars and their warnings of changes in versions that are not pinned."""
    import datasets
    from transformers.utils import logging

    warnings.filterwarnings("ignore", category=FutureWarning)
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    datasets.disable_progress_bars()
