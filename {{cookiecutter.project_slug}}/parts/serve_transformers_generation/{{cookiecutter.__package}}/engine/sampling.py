"""The sampling parameters of a request, and faster top-k and top-p for batches whose requests differ.

transformers sorts the vocabulary twice for each step of each batch, which is a fifth of a step of a small model on a
CPU; these sort it for the requests that need it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from transformers import LogitsProcessorList
from transformers.generation.continuous_batching.cb_logits_processors import (
    ContinuousBatchingLogitsProcessorList,
    ContinuousBatchingTopKLogitsWarper,
    ContinuousBatchingTopPLogitsWarper,
)


@dataclass(frozen=True)
class SamplingParams:
    """The sampling of one answer, and where it ends. None is the model's own default."""

    max_tokens: int | None = None  # None: as many as the limits leave
    temperature: float | None = None  # 0 is greedy
    top_p: float | None = None
    stop: Sequence[str] = ()  # strings before which the answer ends
    ignore_eos: bool = False  # go on until max_tokens, for measurements


class TopK(ContinuousBatchingTopKLogitsWarper):
    """Finds the largest k of the requests in the batch, and no more."""

    def __init__(self, other: ContinuousBatchingTopKLogitsWarper) -> None:
        vars(self).update(vars(other))

    def prepare_tensor_args(self, requests_with_new_token: Sequence[Any]) -> torch.Tensor:
        prepared = super().prepare_tensor_args(list(requests_with_new_token))
        self.requested: list[int] = prepared.tolist()
        return prepared

    def __call__(self, scores: torch.Tensor, tensor_arg: torch.Tensor) -> torch.Tensor:
        """Scores of shape [requests, vocabulary]; a k of the vocabulary's size or more leaves them as they are."""
        vocabulary = scores.size(-1)
        largest = max((k for k in self.requested if k < vocabulary), default=0)
        if not largest:
            return scores
        k = tensor_arg[: scores.size(0)].to(torch.int64).unsqueeze(-1)
        least = scores.topk(largest).values.gather(-1, k.clamp(max=largest) - 1)
        return scores.masked_fill((scores < least) & (k < vocabulary), self.filter_value)


class TopP(ContinuousBatchingTopPLogitsWarper):
    """Sorts for those requests that ask for less than the whole."""

    def __init__(self, other: ContinuousBatchingTopPLogitsWarper) -> None:
        vars(self).update(vars(other))

    def prepare_tensor_args(self, requests_with_new_token: Sequence[Any]) -> torch.Tensor:
        prepared = super().prepare_tensor_args(list(requests_with_new_token))
        self.rows: list[int] = (prepared.view(torch.float32) < 1).nonzero().flatten().tolist()
        return prepared

    def __call__(self, scores: torch.Tensor, tensor_arg: torch.Tensor) -> torch.Tensor:
        """Scores of shape [requests, vocabulary]."""
        if not self.rows:
            return scores
        rows = torch.tensor(self.rows, device=scores.device)
        return scores.index_copy(0, rows, super().__call__(scores[rows], tensor_arg[rows]))


def install_fast_samplers(processors: ContinuousBatchingLogitsProcessorList) -> None:
    """Replace transformers' own. Not for CUDA graphs, which keep what a batch asked for first."""
    ours = {ContinuousBatchingTopKLogitsWarper: TopK, ContinuousBatchingTopPLogitsWarper: TopP}
    swapped = [ours[type(one)](one) if type(one) in ours else one for one in processors.logits_processor]
    processors.logits_processor = LogitsProcessorList(swapped)
