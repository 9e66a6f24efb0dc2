"""Out-of-memory errors, as a sentence that names what to change in plan.py: the largest term that can shrink first."""

import re

from .. import plan

CAUSES = (  # torch's messages, of c10/cuda/CUDACachingAllocator and c10/core/impl/alloc_cpu
    (r"out of memory.*?Tried to allocate (?P<want>[\d.]+ [KMG]iB)", "the GPU had no room for the next {want}"),
    (r"CUDA out of memory|CUDA error: out of memory|CUBLAS_STATUS_ALLOC_FAILED", "the GPU is full"),
    (r"can't allocate memory: you tried to allocate \d+ bytes", "the machine has no RAM left"),
)

SHARDING, OFFLOAD = getattr(plan, "SHARDING", ""), getattr(plan, "OFFLOAD", "")  # of several GPUs only
MORE = {"none": "zero2", "zero1": "zero2", "zero2": "zero3"}  # each spreads one term more over the GPUs


def spread(term: str, otherwise: str) -> str:
    """Return what takes a term of the memory off each of several GPUs, or `otherwise` where nothing does."""
    if not SHARDING or plan.METHOD == "qlora":  # DeepSpeed does not spread 4-bit weights
        return otherwise
    if SHARDING in MORE:
        return f'set SHARDING = "{"zero3" if term == "weights" else MORE[SHARDING]}"'
    if term == "optimizer" and OFFLOAD == "none":
        return 'set OFFLOAD = "optimizer"'
    return otherwise if OFFLOAD == "all" else 'set OFFLOAD = "all"'


SMALLER = {
    "activations": (
        "set ACTIVATION_CHECKPOINTING = True"
        if not plan.ACTIVATION_CHECKPOINTING
        else f"halve MICRO_BATCH ({plan.MICRO_BATCH}) and double ACCUMULATION ({plan.ACCUMULATION})"
        if plan.MICRO_BATCH > 1
        else f"lower SEQ_LEN ({plan.SEQ_LEN})"
    ),
    "logits": 'set LOSS = "fused"' if plan.LOSS == "full" else f"lower SEQ_LEN ({plan.SEQ_LEN})",
    "optimizer": spread(
        "optimizer", 'set OPTIMIZER = "adamw_8bit"' if plan.OPTIMIZER == "adamw" else 'set METHOD = "lora"'
    ),
    "gradients": spread("gradients", 'set METHOD = "lora"'),
    "weights": spread(
        "weights",
        {"full": 'set METHOD = "lora"', "lora": 'set METHOD = "qlora"'}.get(plan.METHOD, "take a smaller MODEL"),
    ),
}


def lower() -> str:
    """ "halve MICRO_BATCH (8) and double ACCUMULATION (2), in plan.py, or take a larger GPU" """
    terms = sorted(SMALLER, key=lambda name: plan.PREDICTED_GIB.get(name, 0.0), reverse=True)
    ways = list(dict.fromkeys(SMALLER[name] for name in terms))[:2]
    return f"{', or '.join(ways)}, in plan.py, or take a larger GPU"


LOWER = lower()
ROOM = "there is room for a larger MICRO_BATCH, or a smaller GPU would do"


def explain(error: BaseException | str) -> str | None:
    """Return a sentence on what ran out and what to change; None for any other error. `error` may be a whole log."""
    text = str(error)
    for pattern, sentence in CAUSES:
        if found := re.search(pattern, text, re.DOTALL):
            return f"out of memory: {sentence.format(**found.groupdict())}: {LOWER}"
    return f"out of memory: {LOWER}" if isinstance(error, MemoryError) else None
