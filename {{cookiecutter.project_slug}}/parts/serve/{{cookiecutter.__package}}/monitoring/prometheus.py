"""The memory of the GPUs for Prometheus, beside what the engine itself counts."""

from collections.abc import Iterator

from prometheus_client import REGISTRY, CollectorRegistry
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from . import plan
from .monitoring import gpu_memory

HELP = {
    "used": "by all processes on the GPU",
    "reserved": "by torch's allocator; by this service's processes where torch runs in another than this one",
    "peak": "the most that was used since the start",
    "planned": "what plan.py expects at the peak",
}


class MemoryCollector(Collector):
    """Looks at the memory whenever Prometheus asks."""

    def __init__(self, monitor: gpu_memory.Monitor) -> None:
        self.monitor = monitor

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """One gauge in bytes for each of HELP, labelled with the GPU's index, or "cpu" where the RAM stands in."""
        now = self.monitor.update()
        gib = {
            "used": now.used_gib,
            "reserved": now.reserved_gib or now.own_gib or now.used_gib,
            "peak": self.monitor.peaks_gib,
            "planned": [plan.PREDICTED_PEAK_GIB] * len(now.used_gib),
        }
        for name, figures in gib.items():
            text = f"GPU memory, {HELP[name]}; without a GPU the RAM of this service"
            gauge = GaugeMetricFamily(f"gpu_memory_{name}_bytes", text, labels=["gpu"])
            for index, figure in enumerate(figures):
                gauge.add_metric([str(index) if now.device == "gpu" else now.device], figure * gpu_memory.GIB)
            yield gauge


def register(monitor: gpu_memory.Monitor, registry: CollectorRegistry = REGISTRY) -> None:
    """Let `registry` show the memory that `monitor` sees."""
    registry.register(MemoryCollector(monitor))
