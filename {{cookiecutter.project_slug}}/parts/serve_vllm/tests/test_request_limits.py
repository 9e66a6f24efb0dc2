"""The limits of a request to write."""

import pytest

from {{cookiecutter.__package}} import plan, workload

MOST = plan.MAX_ANSWER_TOKENS


@pytest.mark.parametrize("name", ["max_tokens", "max_completion_tokens"])
def test_a_longer_answer_than_allowed_is_refused_with_the_limit(name: str):
    assert workload.refusal({name: MOST}) is None
    said = workload.refusal({name: MOST + 1})
    assert said and name in said and str(MOST) in said


def test_more_answers_than_run_at_once_are_refused():
    assert workload.refusal({"n": plan.CONCURRENCY}) is None
    assert workload.refusal({"n": plan.CONCURRENCY + 1})


@pytest.mark.parametrize("body", [{}, {"max_tokens": None}, {"max_tokens": "many"}, {"n": "all"}])
def test_what_is_no_number_is_left_to_vllm(body: dict):
    assert workload.refusal(body) is None
