"""GPU memory as Prometheus gauges, beside the engine's own metrics."""

from collections.abc import Iterator

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from .. import plan
from . import gpu_memory


class MemoryCollector(Collector):
    """Reads the memory at each scrape. Register it with a CollectorRegistry."""

    def __init__(self, monitor: gpu_memory.Monitor) -> None:
        self.monitor = monitor

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Yield gauges in bytes, labelled with the GPU's index, or "cpu" where the figure is RAM."""
        now = self.monitor.update()
        reserved = now.reserved_gib or now.own_gib or now.used_gib
        ours = "by torch's allocator; by this service's processes where torch runs in another than this one"
        planned = [plan.PREDICTED_PEAK_GIB] * len(now.used_gib)
        for name, sizes_gib, what in (
            ("used", now.used_gib, "by all processes on the GPU"),
            ("reserved", reserved, ours),
            ("peak", self.monitor.peaks_gib, "the most that was used since the start"),
            ("planned", planned, "what plan.py expects at the peak"),
        ):
            text = f"GPU memory, {what}; without a GPU the RAM of this service"
            gauge = GaugeMetricFamily(f"gpu_memory_{name}_bytes", text, labels=["gpu"])
            for index, gib in enumerate(sizes_gib):
                gauge.add_metric([str(index) if now.device == "gpu" else now.device], gib * gpu_memory.GIB)
            yield gauge
