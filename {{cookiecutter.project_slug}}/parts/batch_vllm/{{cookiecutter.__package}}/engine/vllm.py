"""vLLM in this process: loaded as planned, what really runs held against the plan, its errors translated.

vLLM is imported where it is used: a laptop has none.
"""

import logging
import os
import tempfile
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from .. import plan
from . import verify
from .checkpoint import context_overrides

os.environ.setdefault("VLLM_WORKER_MULTIPROCESSING_METHOD", "spawn")  # a fork would copy the locks of our threads

ON_CPU = {"dtype": "float32", "enforce_eager": True, "gpu_memory_utilization": 0.3}  # of the RAM, despite its name
ERROR_LOG = Path(tempfile.gettempdir(), f"vllm-errors-{os.getpid()}.log")
LOOK_EVERY_S = 1.0


class NotAsPlanned(Exception):
    """The GPU runs something else than plan.py has. The text names both."""


def arguments(model: str, gpus: int, context_len: int) -> dict[str, Any]:
    """Keywords of vLLM's LLM for a folder of weights on `gpus` GPUs; 0 keeps only what a CPU can do."""
    common = {
        "model": model,
        "load_format": "safetensors",
        "trust_remote_code": False,
        "max_model_len": context_len,
        "max_num_seqs": plan.CONCURRENCY,
        "worker_extension_cls": f"{__name__}.WorkerExtension",
        "disable_log_stats": True,
    }
    if extended := context_overrides(model, context_len):
        common["hf_overrides"] = extended
    if not gpus:
        return common | ON_CPU
    quantize = plan.QUANTIZE_AT_LOAD  # a quantized checkpoint names its format itself
    return (
        common
        | {
            "dtype": plan.DTYPE,
            "tensor_parallel_size": gpus,
            "gpu_memory_utilization": plan.MEMORY_FRACTION,
            "attention_config": verify.ATTENTION[plan.ATTENTION],
            "kv_cache_dtype": plan.KV_CACHE_DTYPE,
            "max_num_batched_tokens": plan.MAX_NUM_BATCHED_TOKENS,
        }
        | ({"quantization": verify.at_load(quantize)} if quantize else {})
    )


def load(model: str, gpus: int, context_len: int, snapshots_in: str, **runner: Any) -> Any:
    """A loaded vllm.LLM. NotAsPlanned where a GPU runs something else than the plan has.

    An out-of-memory error leaves a snapshot in the folder `snapshots_in`, unless that is "".
    """
    from vllm import LLM, __version__  # ty: ignore[import-not-found]  # in the image

    ERROR_LOG.unlink(missing_ok=True)  # of an earlier process of that number
    llm = LLM(**arguments(model, gpus, context_len), **runner)
    threading.Thread(target=end_waits, args=(llm.llm_engine.engine_core,), name="end_waits", daemon=True).start()
    llm.collective_rpc("log_errors", args=(str(ERROR_LOG),))
    if snapshots_in:
        llm.collective_rpc("keep_snapshots", args=(snapshots_in,))
    running = verify.running(llm.collective_rpc("what_runs"))
    print(f"vLLM {__version__} runs {running}", flush=True)
    if gpus and (differs := verify.differs(running)):
        raise NotAsPlanned(f"vLLM does not run as planned: {'; '.join(differs)}")
    return llm


def end_waits(core: Any) -> None:
    """Raise in whoever waits for an engine that was killed: vLLM 0.32 sees that it is gone, and leaves them waiting."""
    from vllm.v1.engine.exceptions import EngineDeadError  # ty: ignore[import-not-found]

    while not core.resources.engine_dead:
        time.sleep(LOOK_EVERY_S)
    core.outputs_queue.put_nowait(EngineDeadError())


@contextmanager
def translated_errors() -> Generator[None]:
    """Around a call of the engine: ValueError for what it refuses, RuntimeError with the cause where it dies."""
    from vllm.exceptions import VLLMClientError  # ty: ignore[import-not-found]
    from vllm.v1.engine.exceptions import EngineDeadError  # ty: ignore[import-not-found]

    try:
        yield
    except VLLMClientError as error:
        raise ValueError(str(error)) from error
    except EngineDeadError as error:
        raise RuntimeError(f"vLLM's engine died: {cause_of_death(ERROR_LOG)}") from error


class WorkerExtension(verify.WorkerExtension):
    """The methods of every worker that this process calls, and one that logs the worker's errors to a file."""

    def log_errors(self, path: str) -> None:
        """Append what vLLM logs as an error in this worker's process, with its traceback, to a file."""
        handler = logging.FileHandler(path)
        handler.setLevel(logging.ERROR)
        logging.getLogger("vllm").addHandler(handler)


def cause_of_death(log: Path) -> str:
    """The first error in the log of a dead engine, in a line: `OutOfMemoryError: CUDA out of memory. Tried ...`."""
    text = log.read_text(encoding="utf-8", errors="replace") if log.exists() else ""
    if "Traceback" not in text:
        return "it was killed, or the container has no RAM left"
    first = text.partition("Traceback")[2]  # what comes after it in the log is a consequence
    errors = [line for line in first.splitlines() if line and not line[0].isspace() and ": " in line]
    return errors[0][:500] if errors else "see its log above"
