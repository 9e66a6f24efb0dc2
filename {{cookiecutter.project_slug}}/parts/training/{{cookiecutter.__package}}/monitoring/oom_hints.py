"""What to change in plan.py where a run needs more memory than the card has: the largest term that can shrink first."""

from .. import plan

SHARDING, OFFLOAD = getattr(plan, "SHARDING", ""), getattr(plan, "OFFLOAD", "")  # of several GPUs only
MORE = {"none": "zero2", "zero1": "zero2", "zero2": "zero3"}  # each spreads one term more over the GPUs


def spread(term: str, otherwise: str) -> str:
    """What takes a term of the memory off each of several GPUs, or `otherwise` where nothing does."""
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
FRACTION = "the share that other processes hold"
