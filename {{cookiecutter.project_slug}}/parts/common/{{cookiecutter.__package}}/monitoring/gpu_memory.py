"""Memory in use: read in the background, logged as JSON lines, compared with the plan; and snapshots of a full GPU.

All sizes are GiB.
On a GPU the figures come from NVML, which sees every process on the card, and from torch where this process has loaded
it. Without a GPU they are the resident memory of this process and all its children.
"""

import json
import os
import sys
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TextIO

import psutil
import pynvml

from .. import plan
from . import oom

GIB = 2**30
TOLERANCE = 0.10  # of the plan: beyond it the report names what to change
VIEWER = "https://docs.pytorch.org/memory_viz"  # of snapshots
EVENTS = 50_000  # allocations and frees that a snapshot reaches back; torch keeps no more
KEPT = 3  # snapshots of one process: the first are the most useful, and each may have hundreds of MB


@dataclass(frozen=True)
class MemoryReading:
    """Memory at one moment. Lists hold a figure for each visible GPU; on a CPU the one figure there is."""

    seconds: float  # since the epoch
    device: str  # "gpu" or "cpu"
    used_gib: list[float]  # by all processes; on a CPU by this process and its children
    total_gib: list[float]
    own_gib: list[float]  # of `used_gib`, by this process and its children; empty where NVML cannot tell
    allocated_gib: list[float]  # by torch's allocator in this process; empty where torch is not loaded here
    reserved_gib: list[float]
    torch_peak_gib: list[float]  # most that torch ever reserved in this process


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
    """GiB that `pids` use of a GPU. None where the driver lists other process ids, as in some containers."""
    running = pynvml.nvmlDeviceGetComputeRunningProcesses(handle)
    used = [process.usedGpuMemory for process in running if process.pid in pids and process.usedGpuMemory]
    return sum(used) / GIB if used else None


def _torch() -> dict[str, list[float]]:
    """GiB of torch's allocator on each GPU; empty lists unless this process has loaded torch and started CUDA."""
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


def read_memory() -> MemoryReading:
    """Read the memory in use now."""
    tree = [psutil.Process(), *psutil.Process().children(recursive=True)]
    with nvml() as handles:
        if handles:
            infos = [pynvml.nvmlDeviceGetMemoryInfo(handle) for handle in handles]
            used, total = [info.used / GIB for info in infos], [info.total / GIB for info in infos]
            own = [_own_gib(handle, {process.pid for process in tree}) for handle in handles]
            return MemoryReading(time.time(), "gpu", used, total, [gib for gib in own if gib is not None], **_torch())
    rss = sum(map(_rss, tree)) / GIB
    return MemoryReading(time.time(), "cpu", [rss], [psutil.virtual_memory().total / GIB], [rss], **_torch())


class Monitor:
    """Reads the memory in the background, keeps the peak, logs a JSON line for a higher peak and once a minute."""

    def __init__(self, log: TextIO | None = sys.stderr, interval: float = 2.0, log_every: float = 60.0) -> None:
        self.log, self.interval, self.log_every = log, interval, log_every
        self.last = read_memory()
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
        self.update()

    @property
    def peak_gib(self) -> float:
        """The peak of the fullest GPU."""
        return max(self.peaks_gib)

    def _run(self) -> None:
        while not self._stop.wait(self.interval):
            self.update()

    def update(self) -> MemoryReading:
        """Read the memory, and log a higher peak, or anything once in `log_every` seconds."""
        self.last = now = read_memory()
        self.peaks_gib = [max(pair) for pair in zip(self.peaks_gib, now.used_gib, strict=True)]
        if self.peak_gib > self._logged_gib * 1.01 or now.seconds - self._logged_at > self.log_every:
            self._logged_gib, self._logged_at = self.peak_gib, now.seconds
            if self.log is not None:
                print(json.dumps({"event": "memory", **self.state()}), file=self.log, flush=True)
        return now

    def state(self) -> dict[str, object]:
        """The last reading, the peak and the plan as JSON values."""
        figures = {name: _rounded(value) for name, value in asdict(self.last).items()}
        return {**figures, "peak_gib": round(self.peak_gib, 3), "planned_gib": plan.PREDICTED_PEAK_GIB}

    def report(self) -> str:
        """`planned 40.8 GiB, measured 38.7` as of now, and what to change where they differ by over 10%."""
        self.update()
        return compare(self.peak_gib, self.last.device)


@contextmanager
def watch() -> Generator[Monitor]:
    """Run a monitor without a log for the duration of the block."""
    monitor = Monitor(log=None, interval=0.2).start()
    try:
        yield monitor
    finally:
        monitor.stop()


def _rounded(value: object) -> object:
    return [round(gib, 3) for gib in value] if isinstance(value, list) else value


def compare(measured_gib: float, device: str, planned_gib: float = plan.PREDICTED_PEAK_GIB) -> str:
    """One line: the measured peak of the fullest GPU beside the plan. On a CPU the two are not compared."""
    if device == "cpu":
        return f"measured {measured_gib:.1f} GiB of RAM on a CPU ({planned_gib:.1f} GiB are planned for {plan.GPU})"
    line = f"planned {planned_gib:.1f} GiB, measured {measured_gib:.1f}"
    if measured_gib > planned_gib * (1 + TOLERANCE):
        return f"{line}: more than planned; {oom.LOWER}, before the card is full"
    if measured_gib < planned_gib * (1 - TOLERANCE):
        return f"{line}: less than planned; {oom.ROOM}"
    return line


def record_snapshots(folder: str) -> None:
    """Write a snapshot into `folder`, directly under the cache Volume, when torch's CUDA allocator runs out of memory.

    Starts CUDA; costs some microseconds an allocation. Does nothing without a GPU.
    """
    import torch  # a laptop may lack it

    if not torch.cuda.is_available():
        return
    torch.cuda.memory._record_memory_history(max_entries=EVENTS, stacks="python")
    written: list[Path] = []

    def save(device: int, wanted: int, allocated: int, free: int) -> None:
        """torch calls this before it raises, while what fills the memory is still there."""
        if len(written) < KEPT:
            written.append(dump_snapshot(folder))

    # The same in torch's own examples; there is no public name for it
    attach: Any = vars(torch._C)["_cuda_attach_out_of_memory_observer"]
    attach(save)


def dump_snapshot(folder: str) -> Path:
    """Write what torch's allocator holds now, and print where. A full disk is printed too, and hides no other error."""
    import torch

    path = Path(folder, f"{time.strftime('%Y%m%d-%H%M%S')}-{os.getpid()}.pickle")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        torch.cuda.memory._dump_snapshot(str(path))
    except OSError as error:
        print(f"no memory snapshot: {error}", flush=True)
    else:
        print(f"memory snapshot at {path}: {how_to_see(path)}", flush=True)
    return path


def how_to_see(path: Path) -> str:
    """The command that brings a snapshot from the cache Volume, and where to open it."""
    return f"`modal volume get {plan.NAME}-cache {path.parent.name}/{path.name}`, then open it at {VIEWER}"
