"""The metrics of a run: JSON lines on disk, a line in the terminal, a curve, each measured figure beside the plan."""

import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import torch
from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from ... import plan
from ...monitoring import gpu_memory
from ...run.run_dir import Metrics
from ...run.status import StepDisplay, figures

WARM_UP = 2  # first steps of an attempt: kernels are chosen and compiled, so they do not count as speed
REWARDS = ("rewards/accuracies", "rewards/margins")  # of DPO: the share of pairs told apart, and by how much
EVALUATED = ("loss", "accuracy", "f1", "mean_token_accuracy", *REWARDS)  # on the rows held out
LOGGED = ("loss", "learning_rate", "grad_norm", "epoch", "mean_token_accuracy", *REWARDS)


def planned_mfu(tokens_per_s: float) -> float:
    """Return the model FLOPs utilization as the plan counts it, in proportion to the speed."""
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


class MetricsCallback(TrainerCallback):
    """Writes a line for each optimizer step and each evaluation, and shows the step in the terminal."""

    def __init__(self, metrics: Metrics, monitor: gpu_memory.Monitor) -> None:
        self.metrics, self.monitor, self.speed = metrics, monitor, Speed()
        self.step_began = time.monotonic()
        self.display = StepDisplay(sys.stdout, shown_at=self.step_began)
        self.tokens_seen = 0
        self.step_tokens_per_s = 0.0

    def on_train_begin(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        self.tokens_seen = int(state.num_input_tokens_seen)

    def on_step_begin(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        self.step_began = time.monotonic()

    def on_step_end(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        if torch.cuda.is_available():
            torch.cuda.synchronize()
        seconds = max(time.monotonic() - self.step_began, 1e-9)
        tokens = int(state.num_input_tokens_seen) - self.tokens_seen
        self.tokens_seen += tokens
        self.speed.add(tokens, seconds)
        self.step_tokens_per_s = tokens / seconds

    def on_log(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **given: Any) -> None:
        logs, rate, peak = given["logs"] or {}, self.step_tokens_per_s, self.monitor.peak_gib
        if not state.is_world_process_zero or "loss" not in logs:
            return
        self.metrics.write(
            "step",
            tokens=int(state.num_input_tokens_seen),
            step=state.global_step,
            steps=state.max_steps,
            **{name: logs[name] for name in LOGGED if name in logs},
            tokens_per_s=round(rate, 1),
            **({"mfu": round(planned_mfu(rate), 4)} if self.monitor.last.device == "gpu" else {}),
            memory_gib=round(max(self.monitor.last.used_gib), 3),
            peak_gib=round(peak, 3),
            planned_gib=plan.PREDICTED_PEAK_GIB,
        )
        text = figures(logs["loss"], rate, peak, plan.PREDICTED_PEAK_GIB)
        self.display.show(state.global_step, state.max_steps, text, always=state.global_step in (1, state.max_steps))

    def on_train_end(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        self.display.close()

    def on_evaluate(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **given: Any) -> None:
        if state.is_world_process_zero:
            measured = {name.removeprefix("eval_"): value for name, value in given["metrics"].items()}
            kept = {name: measured[name] for name in EVALUATED if name in measured}
            self.metrics.write("evaluation", step=state.global_step, **kept)


WIDTH, HEIGHT, LEFT, BOTTOM, TOP, RIGHT = 720, 320, 60, 40, 30, 20  # pixels of the curve


def loss_curve(losses: dict[int, float], evaluations: dict[int, float]) -> str:
    """Return an SVG of the training loss by step, with the loss on the rows held out as dots."""
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
