"""Tokens, hours and price of a training run: padding, the start, checkpoints, the result."""

from __future__ import annotations

import math

from ..schema import GIB, Request, TrainingEstimate, TrainingRun, TrainingSetup
from .inference_speed import VOLUME_BYTES_PER_S
from .training_states import lora_params, sequences_of
from .weights import weight_bytes

TRAINING_START_S = 90  # imports, data set and the first step, beside reading the weights (prior)
PADDING = 1.5  # longest example of a micro-batch to the mean one (prior)
STATE_BYTES = 14  # of a trained parameter in a checkpoint: 16-bit weight, float32 master and two moments
RESULT_BYTES = 4  # of it in the result: float32 at the most
SAVED_BYTES_S = 1e9  # onto a Volume (prior)
FAILS_EVERY_S = 12 * 3600  # a node, preempted or crashed (prior)
SAVE_EVERY_S = (300, 3600)  # bounds of the time between two checkpoints
ASSUMED_ROWS = 10_000  # of a data set of unknown size, to compare what a run costs; none is refused for it (prior)


def training_run(
    request: Request, setup: TrainingSetup, estimate: TrainingEstimate, usd_per_hour: float
) -> TrainingRun:
    """Return the run over the rows of the data set, or over ASSUMED_ROWS where their number is not known."""
    assumed = not request.dataset_tokens and not request.dataset_rows
    tokens = run_tokens(request, setup)
    if not tokens or not estimate.tokens_per_s:
        return TrainingRun(tokens, 0.0, 0.0, assumed)
    saving = 1 + save_s(setup) / save_every_s(setup)
    hours = (start_s(setup) + tokens / estimate.tokens_per_s * saving + end_s(setup)) / 3600
    return TrainingRun(tokens, hours, hours * usd_per_hour, assumed)


def run_tokens(request: Request, setup: TrainingSetup) -> float:
    """Return the tokens that the GPUs see in the whole run, padding included."""
    if request.dataset_tokens:
        return request.dataset_tokens * request.epochs
    each = request.row_tokens if setup.packed else sequence_tokens(request, setup)
    each *= sequences_of(setup) // setup.micro_batch  # two of a pair, each with the prompt
    return (request.dataset_rows or ASSUMED_ROWS) * request.epochs * each


def sequence_tokens(request: Request, setup: TrainingSetup) -> int:
    """Return the tokens of a typical sequence: the whole context, or an example padded to its micro-batch's longest."""
    if setup.packed or not request.row_tokens:
        return setup.seq_len
    return min(setup.seq_len, round(request.row_tokens * (PADDING if sequences_of(setup) > 1 else 1)))


def start_s(setup: TrainingSetup) -> float:
    """Return the seconds of an attempt before its first step is done, weights on the Volume (prior)."""
    return TRAINING_START_S + sum(weight_bytes(setup.model, "none")) / VOLUME_BYTES_PER_S


def trained_params(setup: TrainingSetup) -> int:
    """Return the parameters that the method trains."""
    full = setup.method == "full"
    return setup.model.params if full else lora_params(setup.model, setup.lora_rank, setup.lora_targets)


def checkpoint_gib(setup: TrainingSetup) -> float:
    """Return the GiB of one checkpoint: trained parameters and their optimizer states."""
    return STATE_BYTES * trained_params(setup) / GIB


def save_s(setup: TrainingSetup) -> float:
    """Return the seconds that a checkpoint takes, each node writing its part (prior)."""
    return STATE_BYTES * trained_params(setup) / SAVED_BYTES_S / setup.nodes


def end_s(setup: TrainingSetup) -> float:
    """Return the seconds of the last checkpoint and of the result (prior)."""
    return save_s(setup) + RESULT_BYTES * trained_params(setup) / SAVED_BYTES_S


def save_every_s(setup: TrainingSetup, attempt_s: float = math.inf) -> int:
    """Return the seconds between saves that lose least to saving and to failing (J. W. Young, 1974), in whole minutes.

    An attempt that may last no longer than `attempt_s` saves four times at least.
    """
    low, high = SAVE_EVERY_S
    best = math.sqrt(2 * save_s(setup) * FAILS_EVERY_S / setup.nodes)
    return round(min(max(best, low), high, max(attempt_s / 4, 60)) / 60) * 60
