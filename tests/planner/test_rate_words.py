"""The words of a plan about a rate: its period, Modal's Starter plan, what is faster, sums of prices, trainings."""

import subprocess
import sys
from pathlib import Path

import pytest

from planner.api import answer, ask_plan
from planner.catalogue.models import find_model
from planner.choose.ranking import answer_s
from planner.describe.load import about_rate, rate_words
from planner.describe.neighbours import next_faster
from planner.describe.refusal import plan_for
from planner.request.parse import parse_budget
from planner.request.traffic import parse_load
from planner.schema import InferencePlan, Refusal, Request
from planner.write.plan_py.render import constants_of
from planner.write.terminal import terminal_lines

ROOT = Path(__file__).resolve().parents[2]


def planned(load: str, budget: str = "none", **other) -> InferencePlan:
    """Return the plan of a service of Qwen3-8B under a rate."""
    rate, context = parse_load(load, "serve", "generation").rate, 8192
    model = find_model("Qwen/Qwen3-8B")
    return plan_for(Request("serve", "generation", model, parse_budget(budget), context, 0, rate=rate, **other))


@pytest.mark.parametrize("typed", ["20,000/day", "25/min", "12,345/s", "100,000/s", "0.5/s", "1/day", "1,000,000/day"])
def test_a_rate_is_told_in_the_period_that_says_it_exactly(typed: str) -> None:
    assert rate_words(parse_load(typed, "serve", "generation").rate) == typed


def test_more_gpus_than_the_starter_plan_runs_are_not_called_its_own() -> None:
    for load, words in (("5/s", "no budget: Modal's Starter plan"), ("2000/s", "beyond Modal's Starter plan")):
        plan = planned(load)
        assert words in " ".join(terminal_lines(plan, "x"))
        reason = next(row[2] for row in constants_of(plan, "x") if row[0] == "MAX_CONTAINERS")
        assert ("beyond the 10 GPUs" in reason) == (plan.chosen.containers > 10)


def test_the_faster_one_under_a_rate_is_worth_its_price() -> None:
    """Two T4, the next in price, answer hardly sooner than one L4; one L40S does for $1.95."""
    plan = planned("20k/day", "4/hour")
    found = next_faster(plan)
    assert found and plan.chosen.setup.gpu.name == "L4" and found.setup.gpu.name == "L40S"
    assert answer_s(plan.chosen) > 1.5 * answer_s(found)


def test_a_suggested_sum_of_prices_pays_for_what_it_is_the_price_of() -> None:
    """3 x 4.54 is 13.620000000000001 in binary floating point; a price list has cents."""
    with pytest.raises(Refusal, match=r"raise the budget to 13\.62/hour \(3 x H200"):
        planned("70/s", "4/hour", gpu="H200")
    assert planned("70/s", "13.62/hour", gpu="H200").chosen.containers == 3


def test_a_training_has_no_rate_at_the_command_either() -> None:
    """A bake refuses the answer; `compare` and a question to `plan` must not drop it."""
    command = [sys.executable, "-m", "planner", "compare", "Qwen/Qwen3-8B", "--task", "finetune"]
    refused = subprocess.run([*command, "--concurrency", "5/s"], capture_output=True, text=True, cwd=ROOT, check=False)
    assert refused.returncode == 1 and "task finetune needs none" in refused.stderr
    question = {"id": 1, "task": "finetune", "model": "Qwen/Qwen3-8B", "budget": "20/run", "concurrency": "5/s"}
    assert "task finetune needs none" in str(answer(question, ask_plan)["error"])


def test_compare_plans_texts_of_the_length_that_a_bake_does() -> None:
    command = [sys.executable, "-m", "planner", "compare", "Qwen/Qwen3-Embedding-0.6B"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=True)
    assert "context 2,048" in done.stdout  # README: up to 2048 for embedding


def test_what_one_gpu_carries_is_told_in_the_period_of_what_is_asked() -> None:
    """0.2/s is 12 a minute; 25 a minute are what 1.5k an hour are."""
    assert about_rate(0.2, 25 / 60) == "12/min" and about_rate(0.2) == "0.2/s" and about_rate(0.2, 5.0) == "0.2/s"
