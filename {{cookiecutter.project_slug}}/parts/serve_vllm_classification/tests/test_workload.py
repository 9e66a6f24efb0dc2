"""The limit on the texts of one request."""

import pytest

from {{cookiecutter.__package}} import plan, workload

MOST = plan.MAX_TEXTS


def test_more_texts_than_allowed_are_refused_with_the_limit():
    assert workload.refusal({"input": ["a"] * MOST}) is None
    said = workload.refusal({"input": ["a"] * (MOST + 1)})
    assert said and str(MOST) in said and str(MOST + 1) in said


@pytest.mark.parametrize("one", ["a" * (MOST + 1), [1] * (MOST + 1)])
def test_a_long_text_is_one_text_also_as_tokens(one: object):
    assert workload.refusal({"input": one}) is None


def test_what_holds_no_input_is_left_to_vllm():
    assert workload.refusal({}) is None and workload.refusal({"input": 3}) is None
