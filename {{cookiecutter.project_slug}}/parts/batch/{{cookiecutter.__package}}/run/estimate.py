"""Estimate a run before it is paid: rows counted, tokens of a random sample, hours and dollars with a range."""

import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from .. import plan
from ..input import prompts, readers
from ..input.prompts import DataError, Prompt, Row
from .budget import HOUR, Limit
from .job import JobSpec, container_limit
from .status import duration

SAMPLE = 1_000  # rows whose tokens are counted
RESAMPLES = 1_000  # of the bootstrap
INTERVAL = (5.0, 95.0)  # percentiles: nine resamples in ten lie between

# Tokens of an answer, at most and as expected; 0 for embedding and classification, which write nothing
MAX_ANSWER_TOKENS: int = getattr(plan, "MAX_ANSWER_TOKENS", 0)
TYPICAL_ANSWER_TOKENS: int = getattr(plan, "TYPICAL_ANSWER_TOKENS", 0)
ANSWER_TOKENS = min(TYPICAL_ANSWER_TOKENS, MAX_ANSWER_TOKENS)
# Of one container, before any is measured
SECONDS_PER_ROW = (ANSWER_TOKENS or plan.TYPICAL_PROMPT_TOKENS) / plan.PREDICTED_TOKENS_PER_S


@dataclass(frozen=True)
class Speed:
    """One container at full load, as planned. While it writes, it reads `input_len` tokens for every `output_len`.

    For embedding and classification nothing is written, and `tokens_per_s` counts those read.
    """

    tokens_per_s: float = plan.PREDICTED_TOKENS_PER_S
    low: float = plan.PREDICTED_TOKENS_PER_S / plan.SPEED_RANGE
    high: float = plan.PREDICTED_TOKENS_PER_S * plan.SPEED_RANGE
    prompt_tokens_per_s: float = getattr(plan, "PREDICTED_PROMPT_TOKENS_PER_S", 0.0)  # read, if it writes nothing
    input_len: int = plan.TYPICAL_PROMPT_TOKENS
    output_len: int = TYPICAL_ANSWER_TOKENS

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
class RowSample:
    """The number of rows in a stream, and a random sample of its prompts."""

    rows: int
    bad: int
    prompts: list[Prompt]


def sample_rows(rows: Iterable[Row], size: int = SAMPLE, seed: int = 0) -> RowSample:
    """Count the rows and keep a uniform sample of the usable ones. One pass; memory holds the sample.

    The sample is the same for the same rows. Reservoir sampling: Vitter, Random Sampling with a Reservoir, 1985.
    """
    generator, kept, usable, bad = random.Random(seed), list[Prompt](), 0, 0
    for row in rows:
        if row.prompt is None:
            bad += 1
            continue
        usable += 1
        if len(kept) < size:
            kept.append(row.prompt)
        elif (place := generator.randrange(usable)) < size:
            kept[place] = row.prompt
    return RowSample(usable + bad, bad, kept)


def mean(values: list[int], seed: int = 0) -> Range:
    """The mean and its 90% bootstrap interval: the means of samples drawn from the values with replacement."""
    given = np.array(values, dtype=np.float64)
    generator = np.random.default_rng(seed)
    means = [float(given[generator.integers(0, len(given), len(given))].mean()) for _ in range(RESAMPLES)]
    low, high = np.percentile(means, INTERVAL)
    return Range(float(given.mean()), float(low), float(high))


@dataclass(frozen=True)
class Estimate:
    """The size of a run before it starts. Tokens are over all rows; `wall_s` is with `containers` at work."""

    rows: int
    bad: int
    sampled: int
    prompt_tokens: Range
    output_tokens: Range  # all 0 where nothing is written
    container_s: Range
    containers: int
    usd_per_hour: float
    notes: tuple[str, ...] = ()  # how the input is written

    @property
    def usd(self) -> Range:
        return self.container_s.times(self.usd_per_hour / HOUR)

    @property
    def wall_s(self) -> Range:
        return self.container_s.times(1 / self.containers)

    def __str__(self) -> str:
        read, written, usd, wall = self.prompt_tokens, self.output_tokens, self.usd, self.wall_s
        lines = [
            *self.notes,
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
            f"${usd.value:,.2f} for GPUs (${usd.low:,.2f} to ${usd.high:,.2f})",
        ]
        return "\n".join(lines)


def estimate(
    sample: RowSample,
    count_tokens: Callable[[Prompt], int],
    speed: Speed,
    *,
    containers: int,
    answer_tokens: int = ANSWER_TOKENS,
    max_answer_tokens: int = MAX_ANSWER_TOKENS,
    start_s: float = plan.PREDICTED_COLD_START_S,
    usd_per_hour: float = plan.USD_PER_HOUR,
) -> Estimate:
    """Tokens, seconds and dollars of a run over all that was sampled. ValueError where no row is usable.

    An answer is taken to have `answer_tokens`. The low end takes the sample's low end and the high speed, the high end
    the sample's high end, the low speed and answers of `max_answer_tokens`. Each container pays `start_s` once.
    """
    if not sample.prompts:
        raise ValueError("no row can be used, so there is nothing to estimate")
    usable = sample.rows - sample.bad
    read = mean([count_tokens(prompt) for prompt in sample.prompts]).times(usable)
    if len(sample.prompts) == usable:  # all were counted
        read = Range(read.value, read.value, read.value)
    written = Range(answer_tokens, answer_tokens, max(answer_tokens, max_answer_tokens)).times(usable)
    starts = start_s * containers
    return Estimate(
        rows=sample.rows,
        bad=sample.bad,
        sampled=len(sample.prompts),
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


def estimate_job(spec: JobSpec, tokenizer: Any, limit: Limit) -> Estimate:
    """Estimate a run's time and price: its rows counted, and the tokens of a sample of them."""
    asked = readers.recognise(spec.source, spec.prompts)
    sample = sample_rows(readers.rows(spec.source, asked))
    if not sample.prompts:
        readers.check(spec.source, asked)  # raises what is wrong with the first rows
    found = estimate(
        sample,
        lambda prompt: len(prompts.tokenize(tokenizer, prompt)),
        Speed(),
        containers=container_limit(limit),
    )
    return replace(found, notes=tuple(readers.notes(spec.source, asked)))


def load_tokenizer(folder: str, revision: str | None = None) -> Any:
    """The tokenizer of a model, from a folder or the hub. DataError names what it takes to get it."""
    from transformers import AutoTokenizer

    try:
        return AutoTokenizer.from_pretrained(folder, revision=revision)
    except OSError as error:
        raise DataError(
            f"the tokenizer of {folder} cannot be read: {readers.first_line(error)} A gated model wants HF_TOKEN in "
            "the environment"
        ) from error
