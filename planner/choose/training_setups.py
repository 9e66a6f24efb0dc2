"""The training setups that a request leaves open."""

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
