"""What a run reports: a line in the terminal, JSON lines on disk, a curve, each measured figure beside the plan."""

import sys
import time
import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import datasets
import torch
from tqdm import tqdm
from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments
from transformers.utils import logging

from ... import plan
from ...metrics import Metrics
from ...monitoring import gpu_memory

LINE_EVERY_S = 15.0  # where the terminal is a log
WARM_UP = 2  # first steps of an attempt: kernels are chosen and compiled, so they do not count as speed
MEASURED = ("loss", "accuracy", "f1", "mean_token_accuracy")  # on the rows held out
KEPT = ("loss", "learning_rate", "grad_norm", "epoch", "mean_token_accuracy")


def quiet() -> None:
    """Only our own lines: no bars of the libraries, and not what they will change in versions that are not pinned."""
    warnings.filterwarnings("ignore", category=FutureWarning)
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    datasets.disable_progress_bars()


def planned_mfu(tokens_per_s: float) -> float:
    """Model FLOPs utilization as the plan counts it, which is in proportion to the speed."""
    return tokens_per_s * plan.PREDICTED_MFU / plan.PREDICTED_TOKENS_PER_S


@dataclass
class Speed:
    """Tokens, padding included, and the seconds of the steps that processed them; the first steps left out."""

    tokens: int = 0
    seconds: float = 0.0
    steps: int = 0

    def add(self, tokens: int, seconds: float) -> None:
        self.steps += 1
        if self.steps > WARM_UP:
            self.tokens += tokens
            self.seconds += seconds

    @property
    def tokens_per_s(self) -> float:
        return self.tokens / self.seconds if self.seconds else 0.0

    def beside_plan(self, on_gpu: bool) -> str:
        """`1,900 tokens/s, planned 2,100; MFU 0.31, planned 0.34`; on a CPU there is nothing to compare."""
        if not self.seconds:
            return "too few steps to tell"
        if not on_gpu:
            planned = f"{plan.PREDICTED_TOKENS_PER_S:,.0f} are planned for {plan.GPU}"
            return f"{self.tokens_per_s:,.0f} tokens/s on a CPU ({planned})"
        return (
            f"{self.tokens_per_s:,.0f} tokens/s, planned {plan.PREDICTED_TOKENS_PER_S:,.0f}; "
            f"MFU {planned_mfu(self.tokens_per_s):.2f}, planned {plan.PREDICTED_MFU:.2f}"
        )


class Recorder(TrainerCallback):
    """Writes a line for each optimizer step and each evaluation, and shows where the run is."""

    def __init__(self, metrics: Metrics, monitor: gpu_memory.Monitor) -> None:
        self.metrics, self.monitor, self.speed = metrics, monitor, Speed()
        self.bar: tqdm | None = None
        self.begun = self.shown = time.monotonic()
        self.seen = 0
        self.step_tokens_per_s = 0.0

    def on_train_begin(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        self.seen = int(state.num_input_tokens_seen)
        if state.is_world_process_zero and sys.stderr.isatty():
            self.bar = tqdm(total=state.max_steps, initial=state.global_step, unit="step", dynamic_ncols=True)

    def on_step_begin(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        self.begun = time.monotonic()

    def on_step_end(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        if torch.cuda.is_available():
            torch.cuda.synchronize()
        seconds = max(time.monotonic() - self.begun, 1e-9)
        tokens = int(state.num_input_tokens_seen) - self.seen
        self.seen += tokens
        self.speed.add(tokens, seconds)
        self.step_tokens_per_s = tokens / seconds

    def on_log(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        logs: dict[str, float] | None = None,
        **_: Any,
    ) -> None:
        if not state.is_world_process_zero or not logs or "loss" not in logs:
            return
        figures = {name: logs[name] for name in KEPT if name in logs}
        step = {"step": state.global_step, "steps": state.max_steps, **figures, **self._measured()}
        self.metrics.write("step", tokens=int(state.num_input_tokens_seen), **step)
        self._show(state, logs["loss"])

    def on_train_end(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        if self.bar:
            self.bar.close()
            self.bar = None

    def on_evaluate(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        metrics: dict[str, float] | None = None,
        **_: Any,
    ) -> None:
        figures = {name.removeprefix("eval_"): value for name, value in (metrics or {}).items()}
        if state.is_world_process_zero:
            kept = {name: figures[name] for name in MEASURED if name in figures}
            self.metrics.write("evaluation", step=state.global_step, **kept)

    def _measured(self) -> dict[str, float]:
        rate = self.step_tokens_per_s
        on_gpu = self.monitor.last.device == "gpu"
        return {
            "tokens_per_s": round(rate, 1),
            **({"mfu": round(planned_mfu(rate), 4)} if on_gpu else {}),
            "memory_gib": round(max(self.monitor.last.used_gib), 3),
            "peak_gib": round(self.monitor.peak_gib, 3),
            "planned_gib": plan.PREDICTED_PEAK_GIB,
        }

    def _show(self, state: TrainerState, loss: float) -> None:
        memory = f"peak {self.monitor.peak_gib:.1f} GiB of {plan.PREDICTED_PEAK_GIB:.1f} planned"
        figures = f"loss {loss:.4f}  {self.step_tokens_per_s:,.0f} tokens/s  {memory}"
        if self.bar:
            self.bar.set_postfix_str(figures, refresh=False)
            self.bar.update(state.global_step - self.bar.n)
        elif time.monotonic() - self.shown > LINE_EVERY_S or state.global_step in (1, state.max_steps):
            self.shown = time.monotonic()
            print(f"step {state.global_step:,} of {state.max_steps:,}  {figures}", flush=True)


WIDTH, HEIGHT, LEFT, BOTTOM, TOP, RIGHT = 720, 320, 60, 40, 30, 20  # pixels of the curve


def curve(losses: dict[int, float], evaluations: dict[int, float]) -> str:
    """An SVG of the training loss by step, and of the loss on the rows held out as dots."""
    values = [*losses.values(), *evaluations.values()]
    last = max([1, *losses, *evaluations])
    top, low = max(values, default=1.0), min(values, default=0.0)
    span = (top - low) or 1.0

    def place(points: Iterable[tuple[int, float]]) -> list[tuple[float, float]]:
        across, up = WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM
        return [(LEFT + across * step / last, TOP + up * (top - loss) / span) for step, loss in points]

    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in place(losses.items()))
    dots = "".join(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4" fill="#d55e00"/>' for x, y in place(evaluations.items()))
    floor = HEIGHT - BOTTOM
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
        f'font-family="sans-serif" font-size="12">'
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>'
        f'<path d="M{LEFT},{TOP} V{floor} H{WIDTH - RIGHT}" fill="none" stroke="#888"/>'
        f'<text x="{LEFT - 6}" y="{TOP + 4}" text-anchor="end">{top:.2f}</text>'
        f'<text x="{LEFT - 6}" y="{floor}" text-anchor="end">{low:.2f}</text>'
        f'<text x="{WIDTH - RIGHT}" y="{floor + 18}" text-anchor="end">step {last:,}</text>'
        f'<text x="{LEFT}" y="{TOP - 12}">loss: <tspan fill="#0072b2">training</tspan>'
        f' and <tspan fill="#d55e00">held out</tspan></text>'
        f'<polyline points="{line}" fill="none" stroke="#0072b2" stroke-width="1.5"/>{dots}</svg>\n'
    )
