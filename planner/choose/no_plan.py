"""The causes of having no plan, from which describe/refusal.py makes one sentence."""

from __future__ import annotations

from enum import Enum, auto
from typing import Any, Generic, NamedTuple

from ..asked import Targets
from ..schema import (
    Candidate,
    Estimate,
    InferenceEstimate,
    InferenceSetup,
    Model,
    Request,
    Setup,
    TrainingEstimate,
    TrainingSetup,
)


class Change(Enum):
    """An answer that could be changed."""

    RAISE_BUDGET = auto()
    KEEP_FEWER_WARM = auto()
    FEWER_AT_ONCE = auto()
    LOWER_RATE = auto()
    LOOSER_TARGET = auto()
    FEWER_ROWS = auto()
    SHORTER_CONTEXT = auto()
    LET_BE_AUTO = auto()
    TAKE_ENGINE = auto()
    TAKE_METHOD = auto()
    TAKE_TASK = auto()


class Alternative(NamedTuple, Generic[Setup, Estimate]):
    """A change, its new value, and what it leads to."""

    change: Change
    value: str | float | Targets = ""
    candidate: Candidate[Setup, Estimate] | None = None
    over_budget: bool = False  # the candidate needs a larger budget, too


class ImageCannotLoad(NamedTuple):
    """The engine's image does not load the model as published."""

    model: Model
    engine: str


class FormatNotOffered(NamedTuple):
    """No engine that the request allows has the model in the asked format."""

    model: Model
    asked: str
    offered: tuple[str, ...]
    made_at_load: bool  # transformers would make it


class ArchitectureNotRun(NamedTuple):
    """The engine does not run the model's architecture; `engine` is "auto" where none does."""

    model: Model
    engine: str


class NoTrainingGroup(NamedTuple):
    """No group of the asked GPUs trains together."""

    request: Request


class NothingWorks(NamedTuple, Generic[Setup, Estimate]):
    """Every candidate is rejected."""

    request: Request
    nearest: Candidate[Setup, Estimate]
    only_budget: bool  # some run, and the budget does not pay for them
    alternatives: tuple[Alternative[Setup, Estimate], ...]


InferenceAlternative = Alternative[InferenceSetup, InferenceEstimate | None]
TrainingAlternative = Alternative[TrainingSetup, TrainingEstimate]
NoInference = NothingWorks[InferenceSetup, InferenceEstimate | None]
NoTraining = NothingWorks[TrainingSetup, TrainingEstimate]


class NoPlan(Exception):
    """There is no plan for a request."""

    def __init__(
        self, cause: ImageCannotLoad | FormatNotOffered | ArchitectureNotRun | NoTrainingGroup | NothingWorks[Any, Any]
    ) -> None:
        super().__init__(cause)
        self.cause = cause
