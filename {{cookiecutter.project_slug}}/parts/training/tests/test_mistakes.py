"""Mistakes that are found before anything is paid or written, each in one sentence with what would work."""

import argparse
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pyarrow as pa
import pytest
import torch
from pyarrow import parquet
from transformers import GPT2Config, GPT2LMHeadModel

from {{cookiecutter.__package}} import cli
from {{cookiecutter.__package}}.data import formats
from {{cookiecutter.__package}}.result import generate
from {{cookiecutter.__package}}.run.reply import UserError
from {{cookiecutter.__package}}.training import collectives
from {{cookiecutter.__package}}.training import model as models
from {{cookiecutter.__package}}.training.config import Job


def test_a_question_without_words_is_asked_for_and_not_sent(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(cli, "deployed", lambda function: pytest.fail(f"{function} was called"))
    with pytest.raises(UserError, match="what should it be asked"):
        cli.sample(argparse.Namespace(prompt="", text="", run="default", max_tokens=8))


def test_a_table_without_rows_has_no_rows(chat_job: Job, tmp_path: Path):
    parquet.write_table(pa.table({"prompt": pa.array([], pa.string())}), tmp_path / "rows.parquet")
    unread: Any = None  # the tokenizer
    with pytest.raises(UserError, match="has no rows"):
        formats.load_examples(replace(chat_job, dataset=str(tmp_path / "rows.parquet")), unread)


@pytest.mark.parametrize(
    ("targets", "works"),
    [("all-linear", "METHOD = 'full'"), ("attention", "LORA_TARGETS = 'all-linear'"), ("qv", "LORA_TARGETS = ")],
)
def test_a_model_without_linear_layers_is_told_what_works(targets: str, works: str):
    """GPT-2's projections are transformers' Conv1D, and its only linear layer is the head."""
    model = GPT2LMHeadModel(GPT2Config(n_layer=1, n_embd=8, n_head=2, vocab_size=16, n_positions=8))
    with pytest.raises(UserError, match=f"GPT2LMHeadModel has no layers for LORA_TARGETS = '{targets}': take {works}"):
        models.adapter_targets(model, targets)


def test_a_folder_without_a_result_is_named(tmp_path: Path):
    with pytest.raises(FileNotFoundError, match="holds no tuned model yet: run the training first"):
        generate.read_info(tmp_path)


@pytest.mark.parametrize(
    ("planned", "started", "ranks", "deepspeed", "says"),
    [
        (2, 1, [0], None, r"1 processes train together: 2 are planned, 1 were started, ranks \[0\] answer"),
        (2, 2, [0, 0], None, r"2 processes train together: .*ranks \[0, 0\] answer"),
        (2, 2, [1, 0], None, "nothing joins the gradients of 2 processes: Linear"),
        (2, 2, [1, 0], "zero.json", "DeepSpeed is configured and does not hold the model: Linear does"),
        (1, 1, [0], None, ""),
    ],
)
def test_processes_that_would_train_each_for_itself_stop_before_the_first_step(
    monkeypatch: pytest.MonkeyPatch, planned: int, started: int, ranks: list[int], deepspeed: str | None, says: str
):
    monkeypatch.setenv("WORLD_SIZE", str(started))
    monkeypatch.setattr(collectives, "all_gather", lambda mine: ranks)
    trainer: Any = SimpleNamespace(model_wrapped=torch.nn.Linear(1, 1))
    arguments: Any = SimpleNamespace(world_size=started, deepspeed=deepspeed)
    unread: Any = None  # state and control of the trainer
    with pytest.raises(RuntimeError, match=says) if says else nullcontext():
        collectives.WorldSizeCheck(planned, trainer).on_train_begin(arguments, unread, unread)
