"""Fine-tuning of a classifier, with the Trainer of transformers."""

from typing import Any

import datasets
import numpy as np
from peft import get_peft_model
from transformers import (
    DataCollatorWithPadding,
    EvalPrediction,
    PreTrainedModel,
    PreTrainedTokenizerBase,
    Trainer,
    TrainerCallback,
    TrainingArguments,
    set_seed,
)

from .training import model
from .data.formats import Examples
from .training.config import Job
from .steady import Steady


class Classifier(Steady, Trainer):
    pass


def configured(job: Job, found: Examples, arguments: dict[str, Any]) -> TrainingArguments:
    """What the trainer is told. Making it connects the ranks, and lets ZeRO-3 split a model while it is loaded."""
    return TrainingArguments(**arguments)


def trainer(
    job: Job,
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    found: Examples,
    config: TrainingArguments,
    callbacks: list[TrainerCallback],
) -> Trainer:
    """A trainer that is ready to start and measures accuracy and F1 on the rows held out."""
    model.config.pad_token_id = tokenizer.pad_token_id  # where there is no token for the class, the last one decides
    set_seed(job.seed)  # adapters begin at random
    adapter = model.adapter(job, model)
    whole = job.sharding != "zero3"  # which gathers parameters of one type only
    trained: Any = get_peft_model(model, adapter, autocast_adapter_dtype=whole) if adapter else model
    if adapter and job.activation_checkpointing:
        trained.enable_input_require_grads()
    return Classifier(
        model=trained,
        args=config,
        data_collator=DataCollatorWithPadding(tokenizer),
        train_dataset=tokenized(found.train, tokenizer, job.seq_len),
        eval_dataset=tokenized(found.evaluation, tokenizer, job.seq_len) if found.evaluation else None,
        processing_class=tokenizer,
        compute_metrics=measured,
        callbacks=callbacks,
    )


def tokenized(rows: datasets.Dataset, tokenizer: PreTrainedTokenizerBase, seq_len: int) -> datasets.Dataset:
    """Columns input_ids, attention_mask and labels; texts are cut after `seq_len` tokens."""

    def tokens(batch: dict[str, list[Any]]) -> dict[str, Any]:
        return {**tokenizer(batch["text"], truncation=True, max_length=seq_len), "labels": batch["label"]}

    return rows.map(tokens, batched=True, remove_columns=rows.column_names)


def measured(prediction: EvalPrediction) -> dict[str, float]:
    """Accuracy, and F1 as the mean over the classes that occur, each counting alike."""
    scores: Any = prediction.predictions
    scores = scores[0] if isinstance(scores, tuple) else scores
    return scored(np.argmax(scores, axis=-1), np.asarray(prediction.label_ids))


def scored(guessed: np.ndarray, true: np.ndarray) -> dict[str, float]:
    classes = np.union1d(guessed, true)
    right = np.array([np.sum((guessed == one) & (true == one)) for one in classes])
    named = np.array([np.sum(guessed == one) + np.sum(true == one) for one in classes])
    return {"accuracy": float(np.mean(guessed == true)), "f1": float(np.mean(2 * right / named))}
