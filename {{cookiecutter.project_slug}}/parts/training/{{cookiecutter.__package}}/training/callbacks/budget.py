"""Why an attempt ends before its last step: the budget is spent, or somebody asks it to. All ranks decide alike."""

import signal
import threading
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from types import FrameType
from typing import Any

from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from .. import collectives
from ...run import budget

GO, BUDGET, ASKED = 0, 1, 2  # the largest of what the ranks say counts
RESERVE = 1.5  # times what the end took so far: it may take longer
SIGNALS = (signal.SIGINT, signal.SIGTERM)  # Modal sends SIGINT before it takes a container away


class Interrupted(KeyboardInterrupt):
    """The attempt was asked to end and has saved how far it came; the next one goes on. Modal starts the input anew."""


@contextmanager
def signals() -> Generator[Callable[[], bool]]:
    """Whether a signal has asked this process to end. A second one acts at once, as it does outside the block.

    Only the main thread can receive signals; in another the answer stays False.
    """
    asked = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield asked.is_set
        return
    before = {number: signal.getsignal(number) for number in SIGNALS}

    def restore() -> None:
        for number, handler in before.items():
            signal.signal(number, handler)

    def ask(number: int, frame: FrameType | None) -> None:
        asked.set()
        restore()

    for number in SIGNALS:
        signal.signal(number, ask)
    try:
        yield asked.is_set
    finally:
        restore()


class Money:
    """What this attempt may still spend, and what it needs to end in good order. Only the leading rank has a meter."""

    def __init__(self, within: budget.Budget, meter: budget.SpendMeter | None) -> None:
        self.within, self.meter = within, meter
        self.start_s = 0.0  # from the attempt's begin to its first step
        self.eval_s = self.save_s = 0.0  # the longest so far in this attempt

    def ready(self) -> None:
        self.start_s = self.meter.seconds if self.meter else 0.0

    def saved(self, seconds: float) -> None:
        self.save_s = max(self.save_s, seconds)

    def evaluated(self, seconds: float) -> None:
        self.eval_s = max(self.eval_s, seconds)

    @property
    def reserve_s(self) -> float:
        """Seconds to end in: the last save, the last evaluation, and the result, which takes no longer than a save."""
        return RESERVE * (self.eval_s + 2 * self.save_s)

    def usd(self, seconds: float) -> float:
        return seconds / budget.HOUR * self.within.ledger.usd_per_hour

    def over(self) -> bool:
        return self.meter is not None and self.within.left_usd() <= self.usd(self.reserve_s)

    def spent_usd(self) -> float:
        return self.within.committed_usd() if self.meter else 0.0


class Stop(TrainerCallback):
    """Ends the training with a checkpoint, after the step at which a rank sees a reason."""

    def __init__(self, money: Money, asked: Callable[[], bool]) -> None:
        self.money, self.asked, self.reason = money, asked, GO
        self.step_s: list[float] = []
        self.begun = 0.0

    def on_train_begin(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        self.money.ready()

    def on_evaluate(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        metrics: dict[str, float] | None = None,
        **_: Any,
    ) -> None:
        self.money.evaluated((metrics or {}).get("eval_runtime", 0.0))

    def on_step_begin(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        self.begun = time.monotonic()

    def on_step_end(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        self.step_s.append(time.monotonic() - self.begun)
        reason = collectives.agreed(ASKED if self.asked() else BUDGET if self.money.over() else GO)
        if reason != GO and state.global_step < state.max_steps:
            self.reason = reason
            control.should_save = control.should_training_stop = True
