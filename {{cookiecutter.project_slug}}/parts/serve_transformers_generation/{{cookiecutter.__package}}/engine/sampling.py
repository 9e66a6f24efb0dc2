"""transformers' top-k and top-p for batches whose requests differ, without sorting the vocabulary where nobody asks.

transformers sorts it twice for each step of each batch, which is a fifth of a step of a small model on a CPU.
"""

from collections.abc import Sequence
from typing import Any

import torch
from transformers import LogitsProcessorList
from transformers.generation.continuous_batching.cb_logits_processors import (
    ContinuousBatchingLogitsProcessorList,
    ContinuousBatchingTopKLogitsWarper,
    ContinuousBatchingTopPLogitsWarper,
)


class TopK(ContinuousBatchingTopKLogitsWarper):
    """Finds the largest k that a request of the batch asks for, and no more."""

    def __init__(self, other: ContinuousBatchingTopKLogitsWarper) -> None:
        vars(self).update(vars(other))

    def prepare_tensor_args(self, requests_with_new_token: Sequence[Any]) -> torch.Tensor:
        prepared = super().prepare_tensor_args(list(requests_with_new_token))
        self.asked: list[int] = prepared.tolist()
        return prepared

    def __call__(self, scores: torch.Tensor, tensor_arg: torch.Tensor) -> torch.Tensor:
        """Scores of shape [requests, vocabulary]; a k of the vocabulary's size or more leaves them as they are."""
        words = scores.size(-1)
        largest = max((k for k in self.asked if k < words), default=0)
        if not largest:
            return scores
        k = tensor_arg[: scores.size(0)].to(torch.int64).unsqueeze(-1)
        least = scores.topk(largest).values.gather(-1, k.clamp(max=largest) - 1)
        return scores.masked_fill((scores < least) & (k < words), self.filter_value)


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


def quicken(processors: ContinuousBatchingLogitsProcessorList) -> None:
    """Put these in the place of transformers' own. Not for CUDA graphs, which keep what a batch asked for first."""
    ours = {ContinuousBatchingTopKLogitsWarper: TopK, ContinuousBatchingTopPLogitsWarper: TopP}
    swapped = [ours[type(one)](one) if type(one) in ours else one for one in processors.logits_processor]
    processors.logits_processor = LogitsProcessorList(swapped)
