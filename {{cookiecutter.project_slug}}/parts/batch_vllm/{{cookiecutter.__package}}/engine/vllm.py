"""vLLM without a server: loaded as planned, and what really runs held against the plan."""

import os
import tempfile
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

os.environ.setdefault("VLLM_WORKER_MULTIPROCESSING_METHOD", "spawn")  # a fork would copy the locks of our threads

from vllm import LLM, SamplingParams, __version__  # ty: ignore[import-not-found]  # in the image
from vllm.exceptions import VLLMClientError  # ty: ignore[import-not-found]
from vllm.v1.engine.exceptions import EngineDeadError  # ty: ignore[import-not-found]

from .. import lastwords, plan, workload
from ..input.readers import Prompt
from . import verify
from ..output.results import Failed

__all__ = ["LLM", "SamplingParams", "asked", "fitting", "load"]

ON_CPU = {"dtype": "float32", "enforce_eager": True, "gpu_memory_utilization": 0.3}  # of the RAM, despite its name
LAST_WORDS = Path(tempfile.mkdtemp(), "last-words")
LOOK_EVERY_S = 1.0


class NotAsPlanned(Exception):
    """What runs on the GPU is not what plan.py says. The text names both."""


def arguments(model: str, gpus: int, context_len: int) -> dict[str, Any]:
    """Keywords of vLLM's LLM for a folder of weights on `gpus` GPUs; 0 keeps only what a CPU can do."""
    common = {
        "model": model,
        "load_format": "safetensors",
        "trust_remote_code": False,
        "max_model_len": context_len,
        "max_num_seqs": plan.CONCURRENCY,
        "worker_extension_cls": f"{__package__}.lastwords.WorkerExtension",
        "disable_log_stats": True,
    }
    return common | (on_gpus(gpus) if gpus else ON_CPU)


def on_gpus(count: int) -> dict[str, Any]:
    """What only a GPU understands, straight from the plan."""
    chosen: dict[str, Any] = {
        "dtype": plan.DTYPE,
        "tensor_parallel_size": count,
        "gpu_memory_utilization": plan.MEMORY_FRACTION,
        "attention_config": verify.ATTENTION[plan.ATTENTION],
    }
    if plan.QUANTIZE_AT_LOAD:  # a checkpoint that is already quantized says so itself
        chosen["quantization"] = verify.at_load(plan.QUANTIZE_AT_LOAD)
    return chosen


def load(model: str, gpus: int, context_len: int, snapshots_in: str, **kind: Any) -> LLM:
    """A loaded engine. NotAsPlanned where a GPU runs something else than the plan says.

    An out-of-memory error leaves a snapshot in the folder `snapshots_in`, unless that is "".
    """
    engine = LLM(**arguments(model, gpus, context_len), **kind)
    threading.Thread(target=wake, args=(engine.llm_engine.engine_core,), name="wake", daemon=True).start()
    engine.collective_rpc("keep_last_words", args=(str(LAST_WORDS),))
    if snapshots_in:
        engine.collective_rpc("keep_snapshots", args=(snapshots_in,))
    running = verify.running(engine.collective_rpc("what_runs"))
    print(f"vLLM {__version__} runs {running}", flush=True)
    if gpus and (differs := verify.differs(running)):
        raise NotAsPlanned(f"vLLM does not run as planned: {'; '.join(differs)}")
    return engine


def wake(core: Any) -> None:
    """Raise in whoever waits for an engine that was killed: vLLM 0.32 sees that it is gone, and leaves them waiting."""
    while not core.resources.engine_dead:
        time.sleep(LOOK_EVERY_S)
    core.outputs_queue.put_nowait(EngineDeadError())


@contextmanager
def asked() -> Generator[None]:
    """Around a question to the engine: ValueError for what it refuses, RuntimeError with the cause where it dies."""
    try:
        yield
    except VLLMClientError as error:
        raise ValueError(str(error)) from error
    except EngineDeadError as error:
        raise RuntimeError(f"vLLM's engine died: {lastwords.cause(LAST_WORDS)}") from error


def fitting(tokenizer: Any, prompts: list[Prompt], context_len: int) -> tuple[dict[int, list[int]], dict[int, Failed]]:
    """By their place: the tokens of each prompt that the context has room for, and what is wrong with the others."""
    tokens: dict[int, list[int]] = {}
    failed: dict[int, Failed] = {}
    for place, prompt in enumerate(prompts):
        ids = workload.tokens(tokenizer, prompt)
        if len(ids) > context_len:
            failed[place] = Failed(f"{len(ids):,} tokens, and CONTEXT_LEN is {context_len:,}")
        else:
            tokens[place] = ids
    return tokens, failed
