"""The values that the planner's folders exchange: requests, setups, estimates, candidates and plans.

Named tuples, because frozen dataclasses would take 20 ms of every bake: `inspect`, and half a millisecond a class.
"""

from __future__ import annotations

from typing import Any, Generic, NamedTuple, TypeVar

from .asked import NO_TARGETS, Budget, Targets, WarmPool
from .draft import Draft
from .reasons import Rejection

GIB, HOURS_PER_MONTH = 2**30, 730  # bytes; as Modal counts
ENGINES = ("vllm", "transformers")
QUANTIZATIONS = ("none", "fp8", "int8", "int4", "nf4", "mxfp4", "nvfp4")
ATTENTIONS = ("sdpa", "flash_attention_2", "flash_attention_3", "flash_attention_4")
LOCAL, CACHED = "local folder", "Hugging Face cache"  # `Model.source` of what a person has on disk
# `Model.basis`: a typed size; a number in the name; `Model.source`, which the name contains; another revision's figures
BASES = ("size", "name", "relative", "revision")
TASKS = ("serve", "batch", "finetune", "distributed")
WORKLOADS = ("generation", "classification", "embedding")
METHODS = ("full", "lora", "qlora")
OBJECTIVES = ("sft", "dpo")  # supervised fine-tuning; direct preference optimization, of pairs of answers
AIMS = ("cost", "latency", "throughput")
TRAINING = ("finetune", "distributed")  # tasks that change a model; the others use one


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
    state_bytes: int = 0  # per sequence, of all layers that keep a state together
    experts: int = 0
    experts_per_token: int = 0
    moe_intermediate: int = 0
    expert_hidden: int = 0  # that routed experts read, where it is a projection of the hidden state; 0: `hidden`
    shared_experts: int = 0
    dense_layers: int = 0  # of `layers` in a mixture of experts, those with an ordinary MLP
    mlp_matrices: int = 3  # gate, up, down; 2 where there is no gate
    state_layers: int = 0  # layers that keep a state, where they are not `linear_layers` (MLPs alone, both at once)
    state_blocks: int = 2  # of state that vLLM keeps for a request: 3 for Mamba 2, whose prefill leaves a checkpoint
    # Kinds of layers with a growing cache, where they differ in more than the window: (layers, window or 0, KV heads,
    # elements of one head's key and value, and tokens of a block where these are not the backend's). MLA's latent is
    # one head, and so is an index that chooses tokens.
    caches: tuple[tuple[int, ...], ...] = ()
    # Kinds in blocks of their own, which every GPU holds whole, as DeepSeek-V4's and GLM-5.3-Flash's index: (layers,
    # window or 0, tokens of a block, bytes of one layer's block)
    pages: tuple[tuple[int, int, int, int], ...] = ()
    kv_dtype: str = "auto"  # "fp8" where the checkpoint brings scales for its cache, which vLLM's "auto" then takes
    unquantized_params: int = 0  # that a checkpoint or vLLM leaves in 16 bits, beside embeddings, head and routers
    replicated_params: int = 0  # of `params`, those that every rank of tensor parallelism holds whole, MLA's included
    quantization: str = "none"  # of the published weights themselves (gpt-oss: mxfp4, DeepSeek-V3: fp8)
    int4_bits: float = 0.0  # of a published int4 weight with its scales; 0: as in groups of 128
    rest_quantization: str = "none"  # beside mxfp4 experts (gpt-oss: none, DeepSeek-V4: fp8)
    workload: str = "generation"
    head: str = ""  # of a config.json: "text", "classes", "tokens", "masked", "spans", "none"; "": not known
    engines: tuple[str, ...] = ENGINES  # that run its architecture; none: only code of its own
    vllm_lacks: str = ""  # what keeps vLLM from an architecture that it has, as catalogue/vllm_builds.py has it
    licence: str = ""
    gated: bool = False
    revision: str = ""  # commit, where known
    variants: tuple[tuple[str, str, str], ...] = ()  # (quantization, model id, revision), published ones
    source: str = ""
    assumed: tuple[str, ...] = ()  # names of fields that were derived, not read
    basis: str = ""  # of a model that is not known: what its size comes from, one of BASES
    architecture: str = ""  # model_type in config.json; "": not known

    def __hash__(self) -> int:
        return hash(self.id)  # one field of forty: a plan looks figures of its model up some thousand times

    @property
    def keeps_state(self) -> bool:
        """Whether some layers keep a state of constant size: Mamba, linear attention, convolutions."""
        return bool(self.linear_layers or self.state_layers)


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
    max_num_seqs: int = 0  # requests that vLLM is told to run at once; 0: its default for the card
    draft: Draft | None = None  # of vLLM's speculative decoding
    rate: float = 0.0  # requests/s that arrive, over all replicas; 0: `concurrency` are in flight all the time


class InferenceEstimate(NamedTuple):
    """Memory, speed and price of an inference setup. GiB per GPU, tokens/s over all GPUs, USD."""

    usable_gib: float
    weights_gib: float
    activation_gib: float
    overhead_gib: float  # CUDA context, CUDA graphs, NCCL
    kv_cache_gib: float  # vLLM: what is left for the cache; transformers: what the requests need
    kv_bytes_per_token: float
    kv_tokens: int
    max_concurrency: float  # requests of context_len at once, over all replicas, as the engine counts when it starts
    requests_at_once: float  # that it holds: windows share the tokens of a step, and under a rate one has context_len
    fits: bool
    rejection: Rejection | None  # why it does not fit; `why` in the JSON interface
    decode_tokens_per_s_single: float | None
    output_tokens_per_s: float | None
    output_tokens_per_s_low: float | None
    output_tokens_per_s_high: float | None
    prefill_tokens_per_s: float | None
    time_to_first_token_s: float | None  # at `rate`, else at `concurrency` requests
    cold_start_s: float | None
    usd_per_hour: float  # the GPUs
    host_usd_per_hour: float  # CPU and main memory that Modal bills beside them
    usd_per_million_output_tokens: float | None
    assumed: tuple[str, ...] = ()  # fields of the model that were derived, not read
    prior: tuple[str, ...] = ()  # figures of this estimate that nothing measured backs
    time_per_output_token_s: float | None = None  # under load: at `rate`, else at `concurrency` requests
    requests_in_flight: float | None = None  # on average, over all replicas
    utilization: float | None = None  # `rate` as a share of the highest that is carried; None without a rate


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
    objective: str = "sft"  # "sft", "dpo": a micro-batch then counts pairs, of two sequences each


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


class Request(NamedTuple):
    """A checked request. "auto" and 0 leave the choice to the planner."""

    task: str
    workload: str
    model: Model
    budget: Budget
    context_len: int
    concurrency: int  # requests at once that must fit; 0: it follows from `rate`
    gpu: str = "auto"
    gpu_count: int = 0
    quantization: str = "auto"
    attention: str = "auto"
    engine: str = "auto"
    method: str = "auto"
    objective: str = "sft"
    optimize: str = "cost"
    warm: WarmPool = WarmPool()
    rate: float = 0.0  # requests/s that arrive; 0: `concurrency` requests are in flight all the time
    prompt_tokens: int = 0  # of a typical request; 0: assumed
    answer_tokens: int = 0  # the same
    targets: Targets = NO_TARGETS
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
    most_per_s: float = 0.0  # requests/s that one container carries within the targets, where a rate was asked for


class Plan(NamedTuple, Generic[Setup, Estimate]):
    """The choice for a request, and everything that was weighed, best first, the rejected ones last."""

    request: Request
    chosen: Candidate[Setup, Estimate]
    candidates: tuple[Candidate[Setup, Estimate], ...]


InferenceCandidate = Candidate[InferenceSetup, InferenceEstimate | None]  # None: rejected before memory was counted
InferencePlan = Plan[InferenceSetup, InferenceEstimate | None]
TrainingCandidate = Candidate[TrainingSetup, TrainingEstimate]
TrainingPlan = Plan[TrainingSetup, TrainingEstimate]
AnyPlan = InferencePlan | TrainingPlan


def replace(record: Record, **changes: Any) -> Record:
    """Return the record with other values in some fields, as `dataclasses.replace` would."""
    return record._replace(**changes)
