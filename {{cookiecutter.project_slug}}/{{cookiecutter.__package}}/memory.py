"""What the GPUs really use: sampled, logged as JSON lines, compared with the plan; out-of-memory errors explained.

On a GPU the figures come from NVML, which sees every process on the card, and from torch where this process has loaded
it. Without a GPU they are the resident memory of this process and all its children. All sizes are GiB.
"""

import json
import os
import re
import sys
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Any, TextIO

import psutil
import pynvml

from . import plan

GIB = 2**30
APART = 0.10  # of the plan: beyond this the report says what to change


@dataclass(frozen=True)
class Sample:
    """One look at the memory. Lists hold a figure for each visible GPU; on a CPU the one figure there is."""

    seconds: float  # since the epoch
    device: str  # "gpu" or "cpu"
    used_gib: list[float]  # by all processes; on a CPU by this process and its children
    total_gib: list[float]
    own_gib: list[float]  # of `used_gib`, by this process and its children; empty where NVML cannot tell
    allocated_gib: list[float]  # by torch's allocator in this process; empty where torch is not loaded here
    reserved_gib: list[float]
    torch_peak_gib: list[float]  # most that torch ever reserved in this process


def family() -> list[psutil.Process]:
    """This process and all that it started, directly or not."""
    own = psutil.Process()
    return [own, *own.children(recursive=True)]


@contextmanager
def nvml() -> Generator[list[Any]]:
    """NVML's handles of the GPUs that this container may use; an empty list where there is no NVIDIA driver."""
    try:
        pynvml.nvmlInit()
    except pynvml.NVMLError:
        yield []
        return
    try:
        yield [pynvml.nvmlDeviceGetHandleByIndex(i) for i in range(pynvml.nvmlDeviceGetCount())]
    finally:
        pynvml.nvmlShutdown()


def _own_gib(handle: Any, pids: set[int]) -> float | None:
    """What `pids` use of a GPU. None where the driver cannot tell: in a container it may know other process ids."""
    running = pynvml.nvmlDeviceGetComputeRunningProcesses(handle)
    used = [process.usedGpuMemory for process in running if process.pid in pids and process.usedGpuMemory]
    return sum(used) / GIB if used else None


def _torch() -> dict[str, list[float]]:
    """What torch's allocator holds on each GPU, if this process has loaded torch and started CUDA."""
    cuda: Any = getattr(sys.modules.get("torch"), "cuda", None)  # never imported here: not every process needs torch
    imported = hasattr(cuda, "max_memory_reserved")  # another thread may be half-way through `import torch`
    gpus = cuda.device_count() if imported and cuda.is_initialized() else 0
    return {
        "allocated_gib": [cuda.memory_allocated(i) / GIB for i in range(gpus)],
        "reserved_gib": [cuda.memory_reserved(i) / GIB for i in range(gpus)],
        "torch_peak_gib": [cuda.max_memory_reserved(i) / GIB for i in range(gpus)],
    }


def _rss(process: psutil.Process) -> int:
    try:
        return process.memory_info().rss
    except psutil.NoSuchProcess:  # it ended after it was listed
        return 0


def sample() -> Sample:
    """Look once."""
    with nvml() as handles:
        if handles:
            pids = {process.pid for process in family()}
            infos = [pynvml.nvmlDeviceGetMemoryInfo(handle) for handle in handles]
            own = [_own_gib(handle, pids) for handle in handles]
            return Sample(
                seconds=time.time(),
                device="gpu",
                used_gib=[info.used / GIB for info in infos],
                total_gib=[info.total / GIB for info in infos],
                own_gib=[gib for gib in own if gib is not None],
                **_torch(),
            )
    rss = sum(_rss(process) for process in family()) / GIB
    total = psutil.virtual_memory().total / GIB
    return Sample(time.time(), "cpu", [rss], [total], [rss], **_torch())


class Monitor:
    """Samples in the background, remembers the peak, and writes a JSON line when the peak rises and once a minute."""

    def __init__(self, log: TextIO = sys.stderr, interval: float = 2.0, log_every: float = 60.0) -> None:
        self.log, self.interval, self.log_every = log, interval, log_every
        self.last = sample()
        self.peaks_gib = self.last.used_gib  # of each GPU
        self._logged_gib, self._logged_at = 0.0, 0.0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="memory", daemon=True)

    def start(self) -> "Monitor":
        self._thread.start()
        return self

    def stop(self) -> None:
        self._stop.set()
        self._thread.join()
        self.look()

    @property
    def peak_gib(self) -> float:
        """The peak of the fullest GPU."""
        return max(self.peaks_gib)

    def _run(self) -> None:
        while not self._stop.wait(self.interval):
            self.look()

    def look(self) -> Sample:
        """Sample now, and log if there is something new."""
        self.last = now = sample()
        self.peaks_gib = [max(pair) for pair in zip(self.peaks_gib, now.used_gib, strict=True)]
        if self.peak_gib > self._logged_gib * 1.01 or now.seconds - self._logged_at > self.log_every:
            self._logged_gib, self._logged_at = self.peak_gib, now.seconds
            print(json.dumps({"event": "memory", **self.state()}), file=self.log, flush=True)
        return now

    def state(self) -> dict[str, object]:
        """The last sample, the peak and the plan, as JSON can carry them."""
        figures = {name: _rounded(value) for name, value in asdict(self.last).items()}
        return {**figures, "peak_gib": round(self.peak_gib, 3), "planned_gib": plan.PREDICTED_PEAK_GIB}

    def report(self) -> str:
        """`planned 40.8 GiB, measured 38.7` as of now, and what to do where they part by over 10%."""
        self.look()
        return compare(self.peak_gib, self.last.device)


@contextmanager
def watch() -> Generator[Monitor]:
    """A monitor that is silent and runs as long as the block."""
    with open(os.devnull, "w") as nowhere:
        monitor = Monitor(nowhere, interval=0.2).start()
        try:
            yield monitor
        finally:
            monitor.stop()


def _rounded(value: object) -> object:
    return [round(gib, 3) for gib in value] if isinstance(value, list) else value


def compare(measured_gib: float, device: str, planned_gib: float = plan.PREDICTED_PEAK_GIB) -> str:
    """The measured peak of the fullest GPU beside the plan, in one line. On a CPU there is nothing to compare."""
    if device == "cpu":
        return f"measured {measured_gib:.1f} GiB of RAM on a CPU ({planned_gib:.1f} GiB are planned for {plan.GPU})"
    line = f"planned {planned_gib:.1f} GiB, measured {measured_gib:.1f}"
    if measured_gib > planned_gib * (1 + APART):
        return f"{line}: more than planned; lower CONCURRENCY or CONTEXT_LEN in plan.py before the card is full"
    if measured_gib < planned_gib * (1 - APART):
        return f"{line}: less than planned; there is room for more CONCURRENCY, or a smaller GPU would do"
    return line


# What engines print when memory runs out, and what to lower. torch: c10/cuda/CUDACachingAllocator; vLLM: v1/worker
# and v1/core/kv_cache_utils; transformers: generation/continuous_batching/cache.
_FACTS = {
    "lower": (
        f"lower CONCURRENCY ({plan.CONCURRENCY}) or CONTEXT_LEN ({plan.CONTEXT_LEN}) in plan.py, or take a larger GPU"
    ),
    "fraction": f"MEMORY_FRACTION ({plan.MEMORY_FRACTION}) in plan.py",
}
_CAUSES = (
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
    """One sentence on what ran out of memory and what to lower; None for any other error. Text may be a whole log."""
    text = str(error)
    for pattern, sentence in _CAUSES:
        if found := re.search(pattern, text, re.DOTALL):
            return "out of memory: " + sentence.format(**_FACTS, **found.groupdict())
    return f"out of memory: {_FACTS['lower']}" if isinstance(error, MemoryError) else None
