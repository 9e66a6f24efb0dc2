"""Out-of-memory errors of the engines, as a sentence that names what to lower in plan.py."""

import re

from .. import plan

# What to change where memory runs short, or is left over
LOWER = f"lower CONCURRENCY ({plan.CONCURRENCY}) or CONTEXT_LEN ({plan.CONTEXT_LEN}) in plan.py, or take a larger GPU"
ROOM = "there is room for more CONCURRENCY, or a smaller GPU would do"
FRACTION = f"MEMORY_FRACTION ({plan.MEMORY_FRACTION}) in plan.py"

# Messages of the engines when memory runs out, and what to lower. torch: c10/cuda/CUDACachingAllocator; vLLM: v1/worker
# and v1/core/kv_cache_utils; transformers: generation/continuous_batching/cache.
CAUSES = (
    (
        r"max seq len \((?P<len>\d+)\), \((?P<need>[\d.]+) GiB KV cache is needed, "
        r"which is larger than the available KV cache memory \((?P<have>[\d.]+) GiB\)",
        "one request of {len} tokens needs {need} GiB of KV cache and {have} are free: "
        "lower CONTEXT_LEN in plan.py, or take a larger GPU",
    ),
    (
        r"No available memory for the cache blocks",
        "the weights leave no room for a KV cache: raise {fraction}, quantize, or take a larger GPU",
    ),
    (
        r"Free memory on device [^(]*\((?P<free>[\d.]+)/(?P<total>[\d.]+) GiB\) on startup",
        "only {free} of {total} GiB were free at start: lower {fraction}",
    ),
    (r"out of memory.*?Tried to allocate (?P<want>[\d.]+ [KMG]iB)", "the GPU had no room for the next {want}: {lower}"),
    (
        r"Memory footprint \d+ is more than available memory \d+",
        "the KV cache of all requests does not fit beside the weights: {lower}",
    ),
    (r"CUDA out of memory|CUDA error: out of memory|CUBLAS_STATUS_ALLOC_FAILED", "the GPU is full: {lower}"),
    (r"can't allocate memory: you tried to allocate \d+ bytes", "the machine has no RAM left: {lower}"),
)


def explain(error: BaseException | str) -> str | None:
    """Return a sentence on what ran out and what to lower; None for any other error. `error` may be a whole log."""
    text = str(error)
    for pattern, sentence in CAUSES:
        if found := re.search(pattern, text, re.DOTALL):
            return "out of memory: " + sentence.format(lower=LOWER, fraction=FRACTION, **found.groupdict())
    return f"out of memory: {LOWER}" if isinstance(error, MemoryError) else None
