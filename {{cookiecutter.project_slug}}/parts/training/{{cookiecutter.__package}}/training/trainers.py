"""Supervised fine-tuning of a causal language model, with TRL."""

from typing import Any

import torch
from transformers import PreTrainedModel, PreTrainedTokenizerBase, Trainer, TrainerCallback
from trl import SFTConfig, SFTTrainer

from . import model
from ..data.formats import Examples
from .config import Job, JobError
from ..steady import Steady


class Fused(Steady, SFTTrainer):
    """TRL's own loss: the logits exist only a tile at a time."""


class Full(Fused):
    """The loss of the model itself, from logits of every token and the whole vocabulary."""

    def compute_loss(self, *args: Any, **kwargs: Any) -> Any:
        return Trainer.compute_loss(self, *args, **kwargs)


LOSSES = {"fused": Fused, "full": Full}


def configured(job: Job, found: Examples, arguments: dict[str, Any]) -> SFTConfig:
    """What the trainer is told. Making it connects the ranks, and lets ZeRO-3 split a model while it is loaded."""
    return SFTConfig(**arguments, max_length=job.seq_len, packing=job.packing, assistant_only_loss=found.assistant_only)


def trainer(
    job: Job,
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    found: Examples,
    config: SFTConfig,
    callbacks: list[TrainerCallback],
) -> SFTTrainer:
    """A trainer that is ready to start. JobError where packed examples would see each other."""
    if job.packing and not apart(model):
        raise JobError(
            f"PACKING = True lets packed examples see each other with this model and ATTENTION = {job.attention!r}: "
            "set PACKING = False"
        )
    made = LOSSES[job.loss](
        model=model,
        args=config,
        train_dataset=found.train,
        eval_dataset=found.evaluation,
        processing_class=tokenizer,
        peft_config=model.adapter(job, model),
        callbacks=callbacks,
    )
    if job.sharding == "none":  # DeepSpeed keeps float32 copies of its own
        widen(made.model)
    return made


def widen(model: Any) -> None:
    """Adapters in float32: TRL makes those on 4-bit weights bfloat16, which small updates fall short of."""
    for weight in model.parameters():
        if weight.requires_grad:
            weight.data = weight.data.float()


@torch.no_grad()
def apart(model: PreTrainedModel, length: int = 8) -> bool:
    """Whether the second of two packed examples is blind to the first, with this model's attention as it is loaded."""
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
