"""The planner keeps its bounds on the published measurements in benchmarks/data; docs/accuracy.md is the report."""

from __future__ import annotations

import math
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from benchmarks import accuracy, ranks, rows_inference, rows_training
from benchmarks.baselines import RuleOfThumb
from benchmarks.cross_validate import cross_validated_memory
from benchmarks.gpu_names import Models, family, find_card, quantization_of
from benchmarks.score import Score


@pytest.fixture(scope="module")
def scores() -> list[Score]:
    return [*rows_inference.scores(accuracy.DATA), *rows_training.scores(accuracy.DATA)]


def test_every_bound_holds(scores):
    _, *lines = accuracy.table(scores)
    assert len(lines) >= 18
    assert [line[0] for line in lines if line[-1] != "yes"] == []


def test_tokens_per_dollar_are_ranked_as_they_were_measured():
    """Over all runs, and among the options for one load, which is what a choice needs."""
    runs = list(rows_inference.speed_runs(accuracy.DATA, Models(accuracy.DATA)))
    lines = ranks.lines(ranks.tokens_per_usd(runs, rows_inference.Planner()))
    assert len(lines) == 2 and [line[0] for line in lines if line[-1] != "yes"] == []
    assert int(lines[0][1]) >= 70 and int(lines[1][1]) >= 30


def test_spearman_is_what_its_textbook_says():
    """No ties: 1 - 6 x sum of squared differences / (n x (n^2 - 1)), here 1 - 6 x 4 / (4 x 15). Ties as in R's cor."""
    assert ranks.spearman([(1, 20), (2, 10), (3, 40), (4, 30)]) == pytest.approx(0.6)
    assert ranks.spearman([(1, 1), (2, 2), (2, 3), (3, 4)]) == pytest.approx(0.9486833)
    assert ranks.spearman([(1, 4), (2, 3), (3, 1)]) == pytest.approx(-1)


def test_no_row_that_ran_out_of_memory_is_said_to_fit(scores):
    failed = [score for score in scores if score.kind in accuracy.FAILED]
    assert len(failed) >= 15
    assert not any(score.predicted for score in failed)


def test_the_rule_of_thumb_does_not_keep_them():
    """So the bounds tell good from bad."""
    _, *lines = accuracy.table(rows_inference.scores_of(accuracy.DATA, RuleOfThumb()))
    failed = {line[0] for line in lines if line[-1] == "no"}
    assert {"peak 16-bit", "KV cache tokens", "output tokens/s under load", "said to fit, ran out of memory"} <= failed


def test_the_cache_of_an_unseen_family_is_as_good():
    runs = list(rows_inference.memory_runs(accuracy.DATA, Models(accuracy.DATA)))
    unseen = cross_validated_memory(runs, lambda run: family(run.setup.model.id))
    shares = [score for score in unseen if score.kind.startswith("KV cache GiB")]
    assert len(shares) >= 10
    assert accuracy.quantile(shares, 0.5, lambda score: abs(score.error)) < 0.04


def test_an_experiment_counts_once_however_many_rows_it_has():
    many = [Score("k", "f", "one table", "m", 2.0, 1.0)] * 99
    few = [Score("k", "f", f"log {n}", "m", 1.0, 1.0) for n in range(2)]
    assert accuracy.quantile([*many, *few], 0.5, lambda score: score.error) == 0.0
    assert math.isclose(accuracy.mean([*many, *few], lambda score: score.error), 1 / 3)


@pytest.mark.parametrize(
    ("printed", "name"),
    [
        ("H200-141GB", "H200"),
        ("H20-96GB", "H20-96GB"),
        ("A10G-24GB", "A10"),
        ("A100-40GB (39.39 GiB)", "A100-40GB"),
        ("RTX PRO 6000-96GB", "RTX-PRO-6000"),
        ("L40S-48GB (44.39 GiB)", "L40S"),
        ("b200_sxm", "B200"),
    ],
)
def test_a_card_is_known_by_the_names_that_measurements_use(printed, name):
    assert find_card(printed).name == name


@pytest.mark.parametrize(
    ("printed", "name"),
    [
        ("bf16/fp16", "none"),
        ("awq-int4 g128 (GEMM)", "int4"),
        ("bnb.nf4-dq", "nf4"),
        ("bnb-int8", "int8"),
        ("FP8", "fp8"),
    ],
)
def test_a_format_is_known_by_the_names_that_measurements_use(printed, name):
    assert quantization_of(printed) == name
