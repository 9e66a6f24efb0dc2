"""Top-k and top-p give what transformers' own processors give."""

from types import SimpleNamespace
from typing import Any

import pytest
import torch
from transformers import LogitsProcessorList, TopKLogitsWarper, TopPLogitsWarper
from transformers.generation.continuous_batching.cb_logits_processors import ContinuousBatchingLogitsProcessorList

from {{cookiecutter.__package}}.engine import sampling

WORDS = 500


def processed(requests: list[dict], scores: torch.Tensor, fast: bool) -> torch.Tensor:
    own = LogitsProcessorList([TopKLogitsWarper(1), TopPLogitsWarper(0.5)])
    processors = ContinuousBatchingLogitsProcessorList(own, per_request_processors=True)
    if fast:
        sampling.install_fast_samplers(processors)
        assert [type(one) for one in processors.logits_processor] == [sampling.TopK, sampling.TopP]
    state: Any = [
        SimpleNamespace(has_new_token=True, state=SimpleNamespace(logit_processor_kwargs=w)) for w in requests
    ]
    arguments = processors.prepare_tensor_args(state, torch.zeros(2, len(requests), dtype=torch.int32))
    return processors(torch.zeros(len(requests), dtype=torch.int64), scores, arguments)  # ty: ignore[invalid-argument-type]


@pytest.mark.parametrize(
    "requests",
    [
        [{"top_k": 1, "top_p": 1.0}] * 3,
        [{"top_k": WORDS, "top_p": 1.0}] * 3,
        [{"top_k": k, "top_p": p} for k in (1, 7, WORDS - 1, WORDS) for p in (0.01, 0.5, 0.95, 1.0)],
        [{"top_k": WORDS, "top_p": 1.0}, {"top_k": 20, "top_p": 0.8}, {"top_k": 1, "top_p": 1.0}],
    ],
)
def test_they_keep_the_same_words_as_transformers(requests: list[dict]):
    torch.manual_seed(0)
    scores = torch.randn(len(requests), WORDS) * 3
    torch.testing.assert_close(processed(requests, scores, True), processed(requests, scores, False))
