"""The engine's Prometheus metrics. Their meanings follow vLLM's of the same names, so dashboards carry over."""

import time
from collections.abc import Generator
from contextlib import contextmanager

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from .. import plan

SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25, 60, 120)
SECONDS_PER_TOKEN = (0.0025, 0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.5, 1)


class EngineMetrics:
    """The metrics of one engine, in a registry of its own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.running = self.gauge("num_requests_running", "What the current batch holds: requests, or their texts.")
        self.waiting = self.gauge("num_requests_waiting", "What waits for a batch: requests, or their texts.")
        self.prompt_tokens = self.counter("prompt_tokens", "Tokens read.")
        self.request_success = self.counter("request_success", "Requests that got their whole answer.")
        self.out_of_memory = self.counter("out_of_memory", "Times that memory ran out.")
        self.latency = self.histogram("e2e_request_latency_seconds", "From a request to its whole answer.", SECONDS)
        if plan.WORKLOAD == "generation":
            self.generation_tokens = self.counter("generation_tokens", "Tokens written.")
            self.first_token = self.histogram(
                "time_to_first_token_seconds", "From a request to its first token.", SECONDS
            )
            self.next_token = self.histogram(
                "inter_token_latency_seconds", "Between two tokens of a request.", SECONDS_PER_TOKEN
            )

    def gauge(self, name: str, text: str) -> Gauge:
        return Gauge(name, text, namespace="engine", registry=self.registry)

    def counter(self, name: str, text: str) -> Counter:
        return Counter(name, text, namespace="engine", registry=self.registry)

    def histogram(self, name: str, text: str, buckets: tuple[float, ...]) -> Histogram:
        return Histogram(name, text, buckets=buckets, namespace="engine", registry=self.registry)

    @contextmanager
    def timed(self) -> Generator[None]:
        """Count a request and how long it took, if it ends well."""
        begun = time.perf_counter()
        yield
        self.latency.observe(time.perf_counter() - begun)
        self.request_success.inc()
