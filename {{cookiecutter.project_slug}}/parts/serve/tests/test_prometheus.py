"""The memory gauges, read back with Prometheus' own parser and held against the operating system."""

import io

import psutil
import pytest
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from {{cookiecutter.__package}} import plan
from {{cookiecutter.__package}}.monitoring import gpu_memory, prometheus


def test_the_memory_is_there_in_bytes_for_each_gpu():
    registry = CollectorRegistry()
    monitor = gpu_memory.Monitor(io.StringIO())
    registry.register(prometheus.MemoryCollector(monitor))
    families = {family.name: family for family in text_string_to_metric_families(generate_latest(registry).decode())}
    assert set(families) == {f"gpu_memory_{name}_bytes" for name in ("used", "reserved", "peak", "planned")}
    for family in families.values():
        assert family.type == "gauge" and len(family.samples) == len(monitor.last.used_gib)
    (planned, *_) = families["gpu_memory_planned_bytes"].samples
    assert planned.value == plan.PREDICTED_PEAK_GIB * 2**30
    used, peak = (families[f"gpu_memory_{name}_bytes"].samples[0] for name in ("used", "peak"))
    assert peak.value >= used.value
    if monitor.last.device == "cpu":
        assert used.labels == {"gpu": "cpu"}
        assert used.value == pytest.approx(psutil.Process().memory_info().rss, rel=0.2)
    else:
        assert used.labels == {"gpu": "0"}
