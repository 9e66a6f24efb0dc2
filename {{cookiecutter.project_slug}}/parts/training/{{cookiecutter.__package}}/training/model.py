"""The model that is trained: loaded as the method asks, safetensors only, never with code of its own."""

from collections.abc import Iterator
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

from .config import Job

CLASSES: dict[str, Any] = {
    "generation": AutoModelForCausalLM,
    "classification": AutoModelForSequenceClassification,
}
EXPERTS = ".experts."  # in the name of a routed expert's module
ROUTERS = ("gate", "router")  # last part of the name of what chooses the experts
LORA_DROPOUT = 0.05


class ModelError(ValueError):
    """The model cannot be trained as the plan asks. The text says what would do."""


@dataclass(frozen=True)
class Source:
    """Where a model comes from: a folder, or an id and a commit on the hub."""

    path: str
    revision: str

    def options(self) -> dict[str, Any]:
        """What every from_pretrained takes."""
        return {"pretrained_model_name_or_path": self.path, "revision": self.revision, "trust_remote_code": False}


def config_of(source: Source) -> PretrainedConfig:
    """The model's configuration. ModelError where it would need code of its own, or is not there."""
    with own_code_refused(source):
        return AutoConfig.from_pretrained(**source.options())


def tokenizer_of(source: Source, configured: bool = True) -> PreTrainedTokenizerBase:
    """The tokenizer, with a padding token. ModelError as for config_of; an adapter's folder is not `configured`."""
    if configured:
        config_of(source)
    with own_code_refused(source):
        tokenizer: Any = AutoTokenizer.from_pretrained(**source.options())
    if tokenizer.pad_token is None:
        tokenizer.pad_token = tokenizer.eos_token
    return tokenizer


class own_code_refused:
    """Turns what transformers raises about a model it must not or cannot load into one sentence."""

    def __init__(self, source: Source) -> None:
        self.source = source

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> None:
        if not isinstance(error, ValueError | OSError) or isinstance(error, ModelError):
            return
        text = " ".join(str(error).split())
        if "trust_remote_code" in text or "custom code" in text:
            reason = "needs code of its own (trust_remote_code), which is not run here: take another MODEL"
        elif "safetensors" in text:
            reason = "holds no safetensors, and nothing else is loaded: take another MODEL"
        else:
            reason = f"cannot be loaded: {text[:300]}"
        raise ModelError(f"{self.source.path} {reason}") from error


def check_fits(job: Job, source: Source, tokenizer: PreTrainedTokenizerBase) -> None:
    """ModelError where the model's shape does not go with the job. Needs no weights."""
    config = config_of(source)
    most = getattr(config.get_text_config(), "max_position_embeddings", None) or job.seq_len
    if job.workload == "classification":
        most = min(most, tokenizer.model_max_length)  # RoBERTa counts positions from 2
    if job.seq_len > most:
        raise ModelError(f"SEQ_LEN = {job.seq_len:,} is more than the {most:,} tokens that {source.path} reads")
    if getattr(config, "quantization_config", None):
        raise ModelError(f"{source.path} is quantized already: take the 16-bit MODEL that it was made from")
    if job.method != "full":
        with own_code_refused(source), torch.device("meta"):
            adapted(CLASSES[job.workload].from_config(config), job.lora_targets)


def parameters(job: Job, source: Source) -> int:
    """How many the model has. Needs no weights."""
    with own_code_refused(source), torch.device("meta"):
        model = CLASSES[job.workload].from_config(config_of(source))
    return sum(weight.numel() for weight in model.parameters())


def classes(config: PretrainedConfig, labels: tuple[str, ...]) -> dict[str, Any]:
    """What from_pretrained takes for these classes. A head of another number of them is left aside for a new one."""
    if not labels:
        return {}
    return {
        "num_labels": len(labels),
        "id2label": dict(enumerate(labels)),
        "label2id": {name: number for number, name in enumerate(labels)},
        "ignore_mismatched_sizes": config.num_labels != len(labels),
    }


def load(job: Job, source: Source, labels: tuple[str, ...] = ()) -> PreTrainedModel:
    """The model on the GPU, or on the CPU where there is none, in the precision of the method.

    Full training keeps float32 weights and computes in `job.dtype`; adapters are trained on frozen weights in
    `job.dtype`, or in NF4 with double quantization. DeepSpeed has weights in `job.dtype`, and float32 copies in its
    optimizer; ZeRO-3 gives each rank its part at once. A CPU computes in float32 throughout.
    """
    config = config_of(source)
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
        options["quantization_config"] = four_bits(job.workload, config, frozen)
    with own_code_refused(source):
        model = CLASSES[job.workload].from_pretrained(**source.options(), **options, **classes(config, labels))
    model.config.use_cache = False
    if not gpu:
        keep_gradients(model)
    return model


def keep_gradients(model: PreTrainedModel) -> None:
    """Forbid bitsandbytes to repack 4-bit weights for inference on a CPU with AVX512-BF16.

    It does so for good at the first evaluation, and its product with repacked weights has no gradient: the layers below
    would silently learn nothing more (bitsandbytes 0.50, Linear4bit.forward and matmul_4bit).
    """
    for part in model.modules():
        if isinstance(part, Linear4bit):
            part.support_avx512bf16_for_cpu = False


def four_bits(workload: str, config: PretrainedConfig, dtype: torch.dtype) -> BitsAndBytesConfig:
    """NF4 with double quantization, computing in `dtype`."""
    return BitsAndBytesConfig(
        load_in_4bit=True,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=dtype,
        llm_int8_skip_modules=heads(workload, config),
    )


def heads(workload: str, config: PretrainedConfig) -> list[str]:
    """Modules above the encoder or decoder, which stay in 16 bits."""
    if workload == "generation":
        return ["lm_head"]
    with torch.device("meta"):
        model = AutoModelForSequenceClassification.from_config(config)
    return trained_whole(model)


def trained_whole(model: PreTrainedModel) -> list[str]:
    """A classifier's new layers on top: too small for adapters, and random before the training."""
    below = model.base_model_prefix
    return [name for name, part in model.named_children() if name != below and any(True for _ in part.parameters())]


def linear_names(model: PreTrainedModel) -> Iterator[str]:
    """Full names of the linear layers inside the blocks: no head, no router, no routed expert."""
    top = set(trained_whole(model)) | {"lm_head"}
    for name, part in model.named_modules():
        parts = name.split(".")
        above = parts[0] in top or parts[-1] in ROUTERS or EXPERTS in f".{name}"
        if isinstance(part, nn.Linear) and not above:
            yield name


def adapted(model: PreTrainedModel, targets: str) -> list[str]:
    """Last parts of the names of the layers that get adapters, named one by one.

    "all-linear" is every linear layer of a block, "attention" those of the attention, "qv" its queries and values.
    Routed experts are never adapted: PEFT's own "all-linear" does, and the plan does not count them.
    """
    names = list(linear_names(model))
    if targets == "attention":
        names = [name for name in names if "att" in name]
    if targets == "qv":
        names = [name for name in names if "att" in name and name.rsplit(".", 1)[-1][0] in "qv"]
    found = sorted({name.rsplit(".", 1)[-1] for name in names})
    if not found:
        raise ModelError(f"{type(model).__name__} has no layers for LORA_TARGETS = {targets!r}: try 'all-linear'")
    return found


def adapter(job: Job, model: PreTrainedModel) -> LoraConfig | None:
    """The adapter's configuration; None for full training."""
    if job.method == "full":
        return None
    classifies = job.workload == "classification"
    return LoraConfig(
        r=job.lora_rank,
        lora_alpha=2 * job.lora_rank,  # a scale of 2
        lora_dropout=LORA_DROPOUT,
        target_modules=adapted(model, job.lora_targets),
        exclude_modules=r".*\.experts\..*" if any(EXPERTS in name for name, _ in model.named_modules()) else None,
        modules_to_save=trained_whole(model) if classifies else None,
        task_type=TaskType.SEQ_CLS if classifies else TaskType.CAUSAL_LM,
    )
