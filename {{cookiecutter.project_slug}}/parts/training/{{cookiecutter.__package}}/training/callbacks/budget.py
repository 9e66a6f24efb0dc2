"""The end of an attempt before its last step: the budget is spent, or a signal arrives. All ranks decide alike."""

import signal
import threading
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from types import FrameType
from typing import Any

from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from ...run import budget
from .. import collectives

CONTINUE, BUDGET, REQUESTED = 0, 1, 2  # reasons to stop; the largest among the ranks counts
RESERVE = 1.5  # times what the end took so far: it may take longer
OVERTIME_S: float = 600  # for that end, beyond the budget, before an attempt is taken to hang
SIGNALS = (signal.SIGINT, signal.SIGTERM)  # Modal sends SIGINT before it takes a container away


class Interrupted(KeyboardInterrupt):
    """The attempt was asked to end and has saved its last step. Modal starts the input anew, and it goes on."""


@contextmanager
def end_after_budget(limit: budget.Budget) -> Generator[None]:
    """End this process where the block goes on long after the budget is spent, whatever it hangs in."""
    with budget.end_process_after(limit.left_s() - budget.process_s() + OVERTIME_S):
        yield


@contextmanager
def stop_signals() -> Generator[Callable[[], bool]]:
    """Yield whether a signal has asked this process to end. A second one acts at once, as it does outside the block.

    Only the main thread can receive signals; in another the answer stays False.
    """
    requested = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield requested.is_set
        return
    before = {number: signal.getsignal(number) for number in SIGNALS}

    def restore() -> None:
        for number, handler in before.items():
            signal.signal(number, handler)

    def request(number: int, frame: FrameType | None) -> None:
        requested.set()
        restore()

    for number in SIGNALS:
        signal.signal(number, request)
    try:
        yield requested.is_set
    finally:
        restore()


class BudgetCallback(TrainerCallback):
    """Ends the training with a checkpoint after the step at which the budget is spent or a stop was requested.

    Only rank 0 has a `meter`. `reserve_s` of the budget are kept for the end, as long as saves and evaluations took.
    """

    def __init__(self, limit: budget.Budget, meter: budget.SpendMeter | None, requested: Callable[[], bool]) -> None:
        self.limit, self.meter, self.requested, self.reason = limit, meter, requested, CONTINUE
        self.start_s = 0.0  # from the attempt's begin to its first step
        self.eval_s = self.save_s = 0.0  # the longest so far in this attempt
        self.step_s: list[float] = []
        self.step_began = 0.0

    @property
    def reserve_s(self) -> float:
        """Seconds to end in: the last save, the last evaluation, and the result, which takes no longer than a save."""
        return RESERVE * (self.eval_s + 2 * self.save_s)

    def saved(self, seconds: float) -> None:
        self.save_s = max(self.save_s, seconds)

    def usd(self, seconds: float) -> float:
        return seconds / budget.HOUR * self.limit.ledger.usd_per_hour

    def spent_usd(self) -> float:
        return self.limit.committed_usd() if self.meter else 0.0

    def is_spent(self) -> bool:
        """Whether what is left of the budget pays for no more than the end."""
        return self.meter is not None and self.limit.left_usd() <= self.usd(self.reserve_s)

    def on_train_begin(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        self.start_s = self.meter.seconds if self.meter else 0.0

    def on_evaluate(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **given: Any) -> None:
        self.eval_s = max(self.eval_s, given["metrics"].get("eval_runtime", 0.0))

    def on_step_begin(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        self.step_began = time.monotonic()

    def on_step_end(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        self.step_s.append(time.monotonic() - self.step_began)
        mine = REQUESTED if self.requested() else BUDGET if self.is_spent() else CONTINUE
        reason = collectives.all_max(mine)
        if reason != CONTINUE and state.global_step < state.max_steps:
            self.reason = reason
            control.should_save = control.should_training_stop = True
