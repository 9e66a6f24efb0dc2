"""What people can mend, said in a sentence: it comes back to whoever asked, and Modal does not try it again."""

import functools
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from . import plan, storage
from .training.callbacks import logging
from .training import train
from .training.config import JobError
from .monitoring import oom
from .run.reply import Said

P = ParamSpec("P")
S = TypeVar("S", bound=Said)


def sentences(work: Callable[P, S]) -> Callable[P, S | Said]:
    """What people can mend comes back as a sentence; anything else is raised, and Modal tries again."""

    @functools.wraps(work)
    def call(*args: P.args, **kwargs: P.kwargs) -> S | Said:
        logging.quiet()
        try:
            return work(*args, **kwargs)
        except train.MISTAKES as error:
            return Said(error=str(error))
        except Exception as error:
            if cause := oom.explain(error):
                return Said(error=cause)
            raise

    return call


def weights() -> str:
    """The folder of the original model. JobError says how to get it there."""
    try:
        return storage.located(plan.MODEL, plan.REVISION)
    except FileNotFoundError as error:
        raise JobError(str(error)) from error
