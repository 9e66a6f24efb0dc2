"""What the Trainer is told: the job in the words of transformers, without what DeepSpeed needs."""

import os
from typing import Any

import torch

from . import plan
from .training import collectives
from .training.config import CLIP, Job
from .run.run_dir import Run

OPTIMIZERS = {
    "adamw": "adamw_torch",
    "adamw_8bit": "adamw_bnb_8bit",
    "paged_adamw_8bit": "paged_adamw_8bit",
    "sgd": "sgd",
    "adafactor": "adafactor",
}
WARM_UP_SHARE = 0.03  # of the steps, in which the learning rate rises


def arguments_of(job: Job, where: Run) -> dict[str, Any]:
    """What transformers' TrainingArguments and TRL's SFTConfig have in common."""
    if job.tracker == "trackio":
        os.environ.setdefault("TRACKIO_DIR", str(where.root / "trackio"))  # read when trackio is imported
    gpu = torch.cuda.is_available()
    return {
        "output_dir": str(where.checkpoints),
        "per_device_train_batch_size": job.micro_batch,
        "per_device_eval_batch_size": job.micro_batch,
        "gradient_accumulation_steps": job.accumulation,
        "num_train_epochs": job.epochs,
        "max_steps": job.max_steps or -1,
        "optim": OPTIMIZERS[job.optimizer],
        "learning_rate": job.learning_rate,
        "lr_scheduler_type": "cosine",
        "warmup_steps": WARM_UP_SHARE,
        "max_grad_norm": CLIP,
        "bf16": gpu and job.dtype == "bfloat16",
        "fp16": gpu and job.dtype == "float16",
        "activation_checkpointing": job.activation_checkpointing,
        "activation_checkpointing_kwargs": {"use_reentrant": False} if job.activation_checkpointing else None,
        "seed": job.seed,
        "data_seed": job.seed,
        "use_cpu": not gpu,
        "dataloader_pin_memory": gpu,
        "ddp_find_unused_parameters": False,  # every weight that is trained takes part in every step
        "ddp_backend": "gloo" if collectives.count() > 1 and not gpu else None,
        "logging_steps": 1,
        "save_strategy": "no",  # checkpoints.Keeper decides when
        "eval_strategy": "no",
        "include_num_input_tokens_seen": "all",
        "report_to": job.tracker,
        "project": plan.NAME,
        "run_name": where.name,
        "disable_tqdm": True,
    }
