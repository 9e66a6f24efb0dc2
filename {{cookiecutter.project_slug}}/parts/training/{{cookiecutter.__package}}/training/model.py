"""The model that is trained: loaded as the method needs, safetensors only, never with code of its own."""

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from bitsandbytes.nn import Linear4bit
from peft import LoraConfig, TaskType
from torch import nn
from transformers import (
    AutoConfig,
    AutoModelForCausalLM,
    AutoModelForSequenceClassification,
    AutoTokenizer,
    BitsAndBytesConfig,
    PretrainedConfig,
    PreTrainedModel,
    PreTrainedTokenizerBase,
)

from .. import plan, storage
from ..run.reply import UserError
from .config import Job

CLASSES: dict[str, Any] = {
    "generation": AutoModelForCausalLM,
    "classification": AutoModelForSequenceClassification,
}
EXPERTS = ".experts."  # in the name of a routed expert's module
ROUTERS = ("gate", "router")  # last part of the name of what chooses the experts
LORA_DROPOUT = 0.05


@dataclass(frozen=True)
class Source:
    """Where a model comes from: a folder, or an id and a commit on the hub."""

    path: str
    revision: str

    def options(self) -> dict[str, Any]:
        """The arguments that every from_pretrained takes."""
        return {"pretrained_model_name_or_path": self.path, "revision": self.revision, "trust_remote_code": False}


def load_config(source: Source) -> PretrainedConfig:
    """Return the model's configuration. UserError where it needs code of its own, or is not there."""
    with load_errors(source):
        return AutoConfig.from_pretrained(**source.options())


def load_tokenizer(source: Source, configured: bool = True) -> PreTrainedTokenizerBase:
    """Return the tokenizer, with a padding token. An adapter's folder has no config and is not `configured`."""
    if configured:
        load_config(source)
    with load_errors(source):
        tokenizer: Any = AutoTokenizer.from_pretrained(**source.options())
    if tokenizer.pad_token is None:
        tokenizer.pad_token = tokenizer.eos_token
    return tokenizer


@contextmanager
def load_errors(source: Source) -> Generator[None]:
    """Turn what transformers raises about a model that it must not or cannot load into a UserError."""
    try:
        yield
    except UserError:
        raise
    except (ValueError, OSError) as error:
        text = " ".join(str(error).split())
        if "trust_remote_code" in text or "custom code" in text:
            reason = "needs code of its own (trust_remote_code), which is not run here: take another MODEL"
        elif "safetensors" in text:
            reason = "holds no safetensors, and nothing else is loaded: take another MODEL"
        else:
            reason = f"cannot be loaded: {text[:300]}"
        raise UserError(f"{source.path} {reason}") from error


def planned_weights() -> str:
    """Return the folder of the plan's model on the Volume. UserError names the command that puts it there."""
    try:
        return storage.located(plan.MODEL, plan.REVISION)
    except FileNotFoundError as error:
        raise UserError(str(error)) from error


def check_fits(job: Job, source: Source, tokenizer: PreTrainedTokenizerBase) -> None:
    """UserError where the model's shape does not go with the job. Needs no weights."""
    config = load_config(source)
    most = getattr(config.get_text_config(), "max_position_embeddings", None) or job.seq_len
    if job.workload == "classification":
        most = min(most, tokenizer.model_max_length)  # RoBERTa counts positions from 2
    if job.seq_len > most:
        raise UserError(f"SEQ_LEN = {job.seq_len:,} is more than the {most:,} tokens that {source.path} reads")
    if getattr(config, "quantization_config", None):
        raise UserError(f"{source.path} is quantized already: take the 16-bit MODEL that it was made from")
    if job.method != "full":
        adapter_targets(model_without_weights(job.workload, source), job.lora_targets)


def model_without_weights(workload: str, source: Source) -> PreTrainedModel:
    """Return the model on torch's meta device, to look at its layers."""
    config = load_config(source)
    with load_errors(source), torch.device("meta"):
        return CLASSES[workload].from_config(config)


def label_options(config: PretrainedConfig, labels: tuple[str, ...]) -> dict[str, Any]:
    """The arguments of from_pretrained for these classes. A head for other ones is replaced by a new one."""
    if not labels:
        return {}
    return {
        "num_labels": len(labels),
        "id2label": dict(enumerate(labels)),
        "label2id": {name: number for number, name in enumerate(labels)},
        "ignore_mismatched_sizes": config.num_labels != len(labels),
    }


def load_model(job: Job, source: Source, labels: tuple[str, ...] = ()) -> PreTrainedModel:
    """Return the model on the GPU, or on the CPU where there is none, in the precision of the method.

    Full training keeps float32 weights and computes in `job.dtype`; adapters are trained on frozen weights in
    `job.dtype`, or in NF4 with double quantization. DeepSpeed has weights in `job.dtype`, and float32 copies in its
    optimizer; ZeRO-3 gives each rank its part at once. A CPU computes in float32 throughout.
    """
    gpu = torch.cuda.is_available()
    frozen = getattr(torch, job.dtype) if gpu else torch.float32
    options: dict[str, Any] = {
        "dtype": torch.float32 if job.method == "full" and job.sharding == "none" else frozen,
        "attn_implementation": job.attention,
        "use_safetensors": True,
    }
    if gpu and job.sharding != "zero3":
        options["device_map"] = {"": torch.cuda.current_device()}
    if job.method == "qlora":
        options["quantization_config"] = nf4_config(job.workload, source, frozen)
    options |= label_options(load_config(source), labels)
    with load_errors(source):
        model = CLASSES[job.workload].from_pretrained(**source.options(), **options)
    model.config.use_cache = False
    if not gpu:
        forbid_repacking(model)
    return model


def load_reference(job: Job, source: Source) -> PreTrainedModel | None:
    """Return the model that DPO compares with, in the precision of the trained one, so that both begin equal.

    None where there is nothing to compare with, and for adapters: switched off, they leave it.
    """
    if job.objective != "dpo" or job.method != "full":
        return None
    return load_model(job, source).eval().requires_grad_(False)


def forbid_repacking(model: PreTrainedModel) -> None:
    """Forbid bitsandbytes to repack 4-bit weights for inference on a CPU with AVX512-BF16.

    It does so for good at the first evaluation, and its product with repacked weights has no gradient: the layers below
    would silently learn nothing more (bitsandbytes 0.50, Linear4bit.forward and matmul_4bit).
    """
    for part in model.modules():
        if isinstance(part, Linear4bit):
            part.support_avx512bf16_for_cpu = False


def nf4_config(workload: str, source: Source, dtype: torch.dtype) -> BitsAndBytesConfig:
    """NF4 with double quantization, computing in `dtype`. What lies above the blocks stays in 16 bits."""
    above = ["lm_head"] if workload == "generation" else head_names(model_without_weights(workload, source))
    return BitsAndBytesConfig(
        load_in_4bit=True,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=dtype,
        llm_int8_skip_modules=above,
    )


def head_names(model: PreTrainedModel) -> list[str]:
    """The layers of a classifier's head, which are trained whole: too small for adapters, and random at first."""
    below = model.base_model_prefix
    return [name for name, part in model.named_children() if name != below and any(True for _ in part.parameters())]


def adapter_targets(model: PreTrainedModel, targets: str) -> list[str]:
    """Return the last parts of the names of the layers that get adapters.

    "all-linear" is every linear layer of a block, "attention" those of the attention, "qv" its queries and values.
    Heads, routers and routed experts are never adapted: PEFT's own "all-linear" does, and the plan does not count them.
    """
    heads, found = {*head_names(model), "lm_head"}, set()
    for name, part in model.named_modules():
        first, last = name.partition(".")[0], name.rpartition(".")[2]
        if not isinstance(part, nn.Linear) or first in heads or last in ROUTERS or EXPERTS in f".{name}":
            continue
        if targets in ("attention", "qv") and "att" not in name:
            continue
        if targets != "qv" or last[0] in "qv":
            found.add(last)
    if not found:
        works = "METHOD = 'full'" if targets == "all-linear" else "LORA_TARGETS = 'all-linear'"
        raise UserError(f"{type(model).__name__} has no layers for LORA_TARGETS = {targets!r}: take {works}")
    return sorted(found)


def adapter_config(job: Job, model: PreTrainedModel) -> LoraConfig | None:
    """Return the adapter's configuration; None for full training."""
    if job.method == "full":
        return None
    classifies = job.workload == "classification"
    return LoraConfig(
        r=job.lora_rank,
        lora_alpha=2 * job.lora_rank,  # a scale of 2
        lora_dropout=LORA_DROPOUT,
        target_modules=adapter_targets(model, job.lora_targets),
        exclude_modules=r".*\.experts\..*" if any(EXPERTS in name for name, _ in model.named_modules()) else None,
        modules_to_save=head_names(model) if classifies else None,
        task_type=TaskType.SEQ_CLS if classifies else TaskType.CAUSAL_LM,
    )
