"""The estimate against hand-computed figures, and against what a run then takes."""

import math
from functools import partial
from pathlib import Path

import jobs
import pytest

from {{cookiecutter.__package}}.input import readers
from {{cookiecutter.__package}}.input.prompts import Prompt, Row
from {{cookiecutter.__package}}.input.readers import Source
from {{cookiecutter.__package}}.run import estimate
from {{cookiecutter.__package}}.run.estimate import Range, Speed

READS = Speed(tokens_per_s=1000.0, low=500.0, high=2000.0, prompt_tokens_per_s=0.0)
# Nothing is written and starts are free, unless a test sets another
estimated = partial(estimate.estimate, answer_tokens=0, max_answer_tokens=0, start_s=0.0)
WRITES = Speed(1000.0, 500.0, 2000.0, prompt_tokens_per_s=8000.0, input_len=1024, output_len=256)


def rows(count: int, bad: int = 0) -> list[Row]:
    good = [Row(number, str(number), "x" * (number % 101)) for number in range(count)]
    return good + [Row(count + number, "", None, "bad") for number in range(bad)]


def words(prompt: Prompt) -> int:
    return len(prompt)


def test_rows_are_counted_and_bad_ones_too():
    drawn = estimate.sample_rows(rows(5000, bad=50), size=100)
    assert (drawn.rows, drawn.bad, len(drawn.prompts)) == (5050, 50, 100)


def test_the_sample_is_of_all_rows_alike():
    """Each of 100 rows is in a sample of 10 with a chance of a tenth: 200 +- 4 standard deviations of 2,000 draws."""
    hits = [0] * 100
    prompts = [Row(number, "", str(number)) for number in range(100)]
    for seed in range(2000):
        for prompt in estimate.sample_rows(prompts, size=10, seed=seed).prompts:
            hits[int(str(prompt))] += 1
    assert max(abs(count - 200) for count in hits) < 4.5 * math.sqrt(2000 * 0.1 * 0.9)


def test_where_all_rows_were_counted_nothing_is_guessed():
    found = estimated(estimate.sample_rows(rows(202)), words, READS, containers=2, usd_per_hour=3.6)
    assert found.prompt_tokens == Range(10100.0, 10100.0, 10100.0)  # 2 x (0 + 1 + ... + 100)
    assert found.container_s == Range(10.1, 5.05, 20.2)
    assert found.usd.value == pytest.approx(0.0101) and found.wall_s.value == pytest.approx(5.05)


def test_the_interval_covers_the_truth_nine_times_in_ten():
    everything = rows(10_100)
    truth = sum(number % 101 for number in range(10_100))
    hit = 0
    for seed in range(60):
        drawn = estimate.sample_rows(everything, size=200, seed=seed)
        read = estimate.mean([words(prompt) for prompt in drawn.prompts], seed).times(10_100)
        hit += read.low <= truth <= read.high
    assert 46 <= hit <= 60  # 54 expected, within 3.5 standard deviations


def test_a_typical_answer_takes_the_planned_time():
    """1,024 tokens in and 256 out, at 1,000 written a second with their spec: 0.256 s."""
    assert WRITES.seconds(1024, 256, 1000.0) == pytest.approx(0.256)
    assert WRITES.seconds(1024, 256, 500.0) == pytest.approx(0.512)
    assert WRITES.seconds(8000, 0, 1000.0) == pytest.approx(1.0)  # a second of reading alone


def test_answers_have_a_range_of_their_own():
    drawn = estimate.sample_rows(rows(101))
    found = estimated(drawn, words, WRITES, containers=1, answer_tokens=256, max_answer_tokens=1024)
    assert found.output_tokens == Range(101 * 256, 101 * 256, 101 * 1024)
    assert found.container_s.low < found.container_s.value < found.container_s.high
    assert "25,856 tokens to write at the plan's 256 a row, at most 103,424" in str(found)


def test_each_containers_start_is_paid():
    drawn = estimate.sample_rows(rows(101))
    cold = estimated(drawn, words, READS, containers=3, start_s=60.0)
    warm = estimated(drawn, words, READS, containers=3)
    assert cold.container_s.value - warm.container_s.value == pytest.approx(180.0)


def test_of_a_file_it_says_rows_tokens_hours_and_dollars(tmp_path: Path):
    path = jobs.written(tmp_path / "in.jsonl", 300, bad_every=100)
    drawn = estimate.sample_rows(readers.rows(Source(str(path)), jobs.TEXT), size=50)
    lines = str(estimated(drawn, words, READS, containers=2)).splitlines()
    assert lines[0] == "300 rows, 3 of them unusable" and "90% bootstrap interval of 50 sampled rows" in lines[1]
    assert lines[2].endswith(" s)") and lines[3].endswith(")") and " for GPUs" in lines[3]


def test_without_a_usable_row_there_is_nothing_to_estimate():
    with pytest.raises(ValueError, match="no row can be used"):
        estimated(estimate.sample_rows(rows(0, bad=3)), words, READS, containers=1)
