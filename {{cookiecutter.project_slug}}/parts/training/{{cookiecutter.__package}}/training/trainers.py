"""The trainers: TRL's SFTTrainer and DPOTrainer for generation, the Trainer of transformers for classification."""

import os
from collections.abc import Sequence
from typing import Any

import datasets
import numpy as np
import torch
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
from trl import DPOConfig, DPOTrainer, SFTConfig, SFTTrainer

from .. import plan
from ..data.formats import Examples
from ..run.reply import UserError
from ..run.run_dir import Run
from .collectives import world_size
from .config import MAX_GRAD_NORM, OPTIMIZERS, Job
from .model import adapter_config

WARM_UP_SHARE = 0.03  # of the steps, in which the learning rate rises


def training_arguments(job: Job, run: Run, examples: Examples, deepspeed: dict[str, Any] | None) -> TrainingArguments:
    """Return the Trainer's configuration. Making it connects the ranks, and lets ZeRO-3 split a model as it loads."""
    if job.tracker == "trackio":
        os.environ.setdefault("TRACKIO_DIR", str(run.root / "trackio"))  # read when trackio is imported
    gpu = torch.cuda.is_available()
    common: dict[str, Any] = {
        "output_dir": str(run.checkpoints),
        "per_device_train_batch_size": job.micro_batch,
        "per_device_eval_batch_size": job.micro_batch,
        "gradient_accumulation_steps": job.accumulation,
        "num_train_epochs": job.epochs,
        "max_steps": job.max_steps or -1,
        "optim": OPTIMIZERS[job.optimizer],
        "learning_rate": job.learning_rate,
        "lr_scheduler_type": "cosine",
        "warmup_steps": WARM_UP_SHARE,
        "max_grad_norm": MAX_GRAD_NORM,
        "bf16": gpu and job.dtype == "bfloat16",
        "fp16": gpu and job.dtype == "float16",
        "activation_checkpointing": job.activation_checkpointing,
        "activation_checkpointing_kwargs": {"use_reentrant": False} if job.activation_checkpointing else None,
        "seed": job.seed,
        "data_seed": job.seed,
        "use_cpu": not gpu,
        "dataloader_pin_memory": gpu,
        "ddp_find_unused_parameters": False,  # every weight that is trained takes part in every step
        "ddp_backend": "gloo" if world_size() > 1 and not gpu else None,
        "logging_steps": 1,
        "save_strategy": "no",  # CheckpointCallback decides when
        "eval_strategy": "no",
        "include_num_input_tokens_seen": "all",
        "report_to": job.tracker,
        "project": plan.NAME,
        "run_name": run.name,
        "disable_tqdm": True,
        "deepspeed": deepspeed,
    }
    if job.workload == "classification":
        return TrainingArguments(**common)
    if job.objective == "dpo":
        return DPOConfig(**common, max_length=job.seq_len, beta=job.beta)
    masked = {"max_length": job.seq_len, "packing": job.packing, "assistant_only_loss": examples.assistant_only}
    return SFTConfig(**common, **masked)


class RngPreservingTrainer(Trainer):
    """Evaluates without touching the random numbers, so that the losses do not depend on when it was done."""

    def evaluate(self, *args: Any, **kwargs: Any) -> dict[str, float]:
        with torch.random.fork_rng():
            return super().evaluate(*args, **kwargs)


class FusedLossTrainer(RngPreservingTrainer, SFTTrainer):
    """TRL's own loss: the logits exist only a tile at a time."""


class FullLossTrainer(FusedLossTrainer):
    """The loss of the model itself, from logits of every token and the whole vocabulary."""

    def compute_loss(self, *args: Any, **kwargs: Any) -> Any:
        return Trainer.compute_loss(self, *args, **kwargs)


class PreferenceTrainer(RngPreservingTrainer, DPOTrainer):
    """TRL's DPO, without dropout in the model."""


def make_trainer(
    job: Job,
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    examples: Examples,
    arguments: TrainingArguments,
    callbacks: Sequence[TrainerCallback],
    reference: PreTrainedModel | None = None,
) -> Trainer:
    """Return the job's trainer, ready to start. UserError where packed examples would see each other.

    `reference` is what DPO compares with; None: the model with its adapters switched off.
    """
    common: dict[str, Any] = {"args": arguments, "processing_class": tokenizer, "callbacks": list(callbacks)}
    if job.objective == "dpo":
        return dpo_trainer(job, model, examples, ref_model=reference, **common)
    make = sft_trainer if job.workload == "generation" else classifier_trainer
    return make(job, model, tokenizer, examples, **common)


def dpo_trainer(job: Job, model: PreTrainedModel, examples: Examples, **common: Any) -> DPOTrainer:
    """Direct preference optimization of a causal language model."""
    return adapted(PreferenceTrainer, job, model, examples, **common)


def sft_trainer(
    job: Job, model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, examples: Examples, **common: Any
) -> SFTTrainer:
    """Supervised fine-tuning of a causal language model."""
    if job.packing and not packing_is_masked(model):
        raise UserError(
            f"PACKING = True lets packed examples see each other with this model and ATTENTION = {job.attention!r}: "
            "set PACKING = False"
        )
    make: Any = {"fused": FusedLossTrainer, "full": FullLossTrainer}[job.loss]
    return adapted(make, job, model, examples, **common)


def adapted(make: Any, job: Job, model: PreTrainedModel, examples: Examples, **common: Any) -> Any:
    """One of TRL's trainers, with the job's adapters where it trains some, and what is trained in float32."""
    trainer = make(
        model=model,
        train_dataset=examples.train,
        eval_dataset=examples.evaluation,
        peft_config=adapter_config(job, model),
        **common,
    )
    train_in_float32(job, trainer)
    return trainer


def train_in_float32(job: Job, trainer: Any) -> None:
    """Make what is trained float32: TRL makes adapters on 4-bit weights bfloat16, too coarse for small updates."""
    if job.sharding == "none":  # DeepSpeed keeps float32 copies of its own
        for weight in trainer.model.parameters():
            if weight.requires_grad:
                weight.data = weight.data.float()


def classifier_trainer(
    job: Job, model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, examples: Examples, **common: Any
) -> Trainer:
    """Fine-tuning of a classifier; measures accuracy and F1 on the rows held out."""

    def tokenize(rows: datasets.Dataset) -> datasets.Dataset:
        """Columns input_ids, attention_mask and labels; texts are cut after SEQ_LEN tokens."""

        def encode(batch: dict[str, list[Any]]) -> dict[str, Any]:
            tokens = tokenizer(batch["text"], batch.get("text_pair"), truncation=True, max_length=job.seq_len)
            return {**tokens, "labels": batch["label"]}

        return rows.map(encode, batched=True, remove_columns=rows.column_names)

    model.config.pad_token_id = tokenizer.pad_token_id  # where there is no token for the class, the last one decides
    set_seed(job.seed)  # adapters begin at random
    adapter = adapter_config(job, model)
    float32 = job.sharding != "zero3"  # which gathers parameters of one type only
    trained: Any = get_peft_model(model, adapter, autocast_adapter_dtype=float32) if adapter else model
    if adapter and job.activation_checkpointing:
        trained.enable_input_require_grads()
    return RngPreservingTrainer(
        model=trained,
        data_collator=DataCollatorWithPadding(tokenizer),
        train_dataset=tokenize(examples.train),
        eval_dataset=tokenize(examples.evaluation) if examples.evaluation else None,
        compute_metrics=classification_metrics,
        **common,
    )


def classification_metrics(prediction: EvalPrediction) -> dict[str, float]:
    """Accuracy, and F1 as the mean over the classes that occur, each counting alike."""
    scores: Any = prediction.predictions
    guessed = np.argmax(scores[0] if isinstance(scores, tuple) else scores, axis=-1)
    true = np.asarray(prediction.label_ids)
    classes = np.union1d(guessed, true)
    right = np.array([np.sum((guessed == one) & (true == one)) for one in classes])
    named = np.array([np.sum(guessed == one) + np.sum(true == one) for one in classes])
    return {"accuracy": float(np.mean(guessed == true)), "f1": float(np.mean(2 * right / named))}


@torch.no_grad()
def packing_is_masked(model: PreTrainedModel, length: int = 8) -> bool:
    """Whether the second of two packed examples does not see the first, with this model's attention as it is loaded."""
    device, most = model.device, min(1000, model.config.get_text_config().vocab_size)
    second = torch.arange(length, device=device) % most
    positions = torch.arange(length, device=device).repeat(2)[None]
    ends = torch.tensor([0, length, 2 * length], dtype=torch.int32, device=device)
    lengths = {"cu_seq_lens_q": ends, "cu_seq_lens_k": ends, "max_length_q": length, "max_length_k": length}
    was_training = model.training
    model.eval()
    logits = [
        model(input_ids=torch.cat([first, second])[None], position_ids=positions, use_cache=False, **lengths).logits
        for first in (second, second.flip(0))
    ]
    model.train(was_training)
    return torch.allclose(logits[0][0, length:], logits[1][0, length:], atol=1e-3)
