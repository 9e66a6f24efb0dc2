"""The limits of a request, as the middleware checks them."""

import pytest

from {{cookiecutter.__package}} import plan
from {{cookiecutter.__package}}.engine.middleware import over_limit

MOST: int = getattr(plan, "MAX_ANSWER_TOKENS" if plan.WORKLOAD == "generation" else "MAX_TEXTS")
generation = pytest.mark.workload("generation")
pooling = pytest.mark.workload("embedding", "classification")


@generation
@pytest.mark.parametrize("name", ["max_tokens", "max_completion_tokens"])
def test_a_longer_answer_than_allowed_is_refused_with_the_limit(name: str):
    assert over_limit({name: MOST}) is None
    message = over_limit({name: MOST + 1})
    assert message and name in message and str(MOST) in message


@generation
def test_more_answers_than_run_at_once_are_refused():
    assert over_limit({"n": plan.CONCURRENCY}) is None
    assert over_limit({"n": plan.CONCURRENCY + 1})


@generation
@pytest.mark.parametrize("body", [{}, {"max_tokens": None}, {"max_tokens": "many"}, {"n": "all"}])
def test_what_is_no_number_is_left_to_vllm(body: dict):
    assert over_limit(body) is None


@pooling
def test_more_texts_than_allowed_are_refused_with_the_limit():
    assert over_limit({"input": ["a"] * MOST}) is None
    message = over_limit({"input": ["a"] * (MOST + 1)})
    assert message and str(MOST) in message and str(MOST + 1) in message


@pooling
@pytest.mark.parametrize("one", ["a" * (MOST + 1), [1] * (MOST + 1)])
def test_a_long_text_is_one_text_also_as_tokens(one: object):
    assert over_limit({"input": one}) is None


@pooling
def test_what_holds_no_input_is_left_to_vllm():
    assert over_limit({}) is None and over_limit({"input": 3}) is None
