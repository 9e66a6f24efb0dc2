"""What a run would take before it is paid: rows counted, tokens of a random sample, hours and dollars with a range."""

import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np

from .. import plan
from ..input.readers import Prompt, Row
from .status import duration
from .budget import HOUR

SAMPLE = 1_000  # rows whose tokens are counted
RESAMPLES = 1_000  # of the bootstrap
INTERVAL = (5.0, 95.0)  # percentiles: nine resamples in ten lie between

Tokenize = Callable[[Prompt], int]  # tokens of a prompt, with the model's chat template around it


@dataclass(frozen=True)
class Speed:
    """One container at full load. While it writes it reads too: `input_len` tokens for every `output_len`.

    For embedding and classification nothing is written, and `tokens_per_s` are those read.
    """

    tokens_per_s: float
    low: float  # as likely as the plan says
    high: float
    prompt_tokens_per_s: float = 0.0  # read, by a container that does nothing else; 0 where nothing is written
    input_len: int = 0
    output_len: int = 0

    def seconds(self, prompt_tokens: float, output_tokens: float, tokens_per_s: float) -> float:
        """Container seconds for so many tokens, at a speed between `low` and `high`."""
        if not self.prompt_tokens_per_s:
            return prompt_tokens / tokens_per_s
        read_s = self.input_len / self.output_len / self.prompt_tokens_per_s  # within each written token's time
        scale = self.tokens_per_s / tokens_per_s  # a slower card reads and writes more slowly alike
        write_s = max(0.0, 1 / self.tokens_per_s - read_s)
        return scale * (prompt_tokens / self.prompt_tokens_per_s + output_tokens * write_s)


@dataclass(frozen=True)
class Range:
    """An expected value and what it may be."""

    value: float
    low: float
    high: float

    def times(self, factor: float) -> "Range":
        return Range(self.value * factor, self.low * factor, self.high * factor)


@dataclass(frozen=True)
class Sample:
    """A stream of rows, counted, and a random sample of it."""

    rows: int
    bad: int
    kept: list[Prompt]


def sample(rows: Iterable[Row], size: int = SAMPLE, seed: int = 0) -> Sample:
    """Count the rows and keep a uniform sample of the usable ones. One pass; memory holds the sample.

    The sample is the same for the same rows. Reservoir sampling: Vitter, Random Sampling with a Reservoir, 1985.
    """
    chance, kept, usable, bad = random.Random(seed), list[Prompt](), 0, 0
    for row in rows:
        if row.prompt is None:
            bad += 1
            continue
        usable += 1
        if len(kept) < size:
            kept.append(row.prompt)
        elif (place := chance.randrange(usable)) < size:
            kept[place] = row.prompt
    return Sample(usable + bad, bad, kept)


def mean(values: list[int], seed: int = 0) -> Range:
    """The mean and its 90% bootstrap interval: the means of samples drawn from the values with replacement."""
    given = np.array(values, dtype=np.float64)
    chance = np.random.default_rng(seed)
    means = [float(given[chance.integers(0, len(given), len(given))].mean()) for _ in range(RESAMPLES)]
    low, high = np.percentile(means, INTERVAL)
    return Range(float(given.mean()), float(low), float(high))


@dataclass(frozen=True)
class Estimate:
    """A run as it would be. Tokens are over all rows; hours are of wall clock, with `containers` at work."""

    rows: int
    bad: int
    sampled: int
    prompt_tokens: Range
    output_tokens: Range  # all 0 where nothing is written
    container_s: Range
    containers: int
    usd_per_hour: float

    @property
    def usd(self) -> Range:
        return self.container_s.times(self.usd_per_hour / HOUR)

    @property
    def wall_s(self) -> Range:
        return self.container_s.times(1 / self.containers)

    @property
    def seconds_per_row(self) -> float:
        """Container seconds of a row, as the dispatcher of a run expects them."""
        return self.container_s.value / max(1, self.rows)

    def __str__(self) -> str:
        read, written, usd, wall = self.prompt_tokens, self.output_tokens, self.usd, self.wall_s
        lines = [
            f"{self.rows:,} rows, {self.bad:,} of them unusable",
            f"{read.value:,.0f} tokens to read ({read.low:,.0f} to {read.high:,.0f}, "
            f"90% bootstrap interval of {self.sampled:,} sampled rows)",
        ]
        if written.value:
            each = written.value / (self.rows - self.bad)
            most = f"at most {written.high:,.0f}"
            lines.append(f"{written.value:,.0f} tokens to write at the plan's {each:,.0f} a row, {most}")
        lines += [
            f"{duration(wall.value)} on {self.containers} containers ({duration(wall.low)} to {duration(wall.high)})",
            f"{usd.value:,.2f} USD for GPUs ({usd.low:,.2f} to {usd.high:,.2f})",
        ]
        return "\n".join(lines)


def estimate(
    drawn: Sample,
    tokenize: Tokenize,
    speed: Speed,
    *,
    containers: int,
    answer_tokens: int = 0,
    max_answer_tokens: int = 0,
    start_s: float = 0.0,
    usd_per_hour: float = plan.USD_PER_HOUR,
) -> Estimate:
    """Tokens, seconds and dollars of a run over all that was sampled. ValueError where no row is usable.

    `answer_tokens` is what an answer is taken to have, `max_answer_tokens` where it is cut. The low end takes the
    sample's low end and the plan's high speed, the high end the sample's high end, the low speed and answers that are
    all cut. `start_s` of every container is paid too.
    """
    if not drawn.kept:
        raise ValueError("no row can be used, so there is nothing to estimate")
    usable = drawn.rows - drawn.bad
    read = mean([tokenize(prompt) for prompt in drawn.kept]).times(usable)
    if len(drawn.kept) == usable:
        read = Range(read.value, read.value, read.value)  # all were counted
    written = Range(answer_tokens, answer_tokens, max(answer_tokens, max_answer_tokens)).times(usable)
    starts = start_s * containers
    return Estimate(
        rows=drawn.rows,
        bad=drawn.bad,
        sampled=len(drawn.kept),
        prompt_tokens=read,
        output_tokens=written,
        container_s=Range(
            starts + speed.seconds(read.value, written.value, speed.tokens_per_s),
            starts + speed.seconds(read.low, written.low, speed.high),
            starts + speed.seconds(read.high, written.high, speed.low),
        ),
        containers=containers,
        usd_per_hour=usd_per_hour,
    )
