"""What the load test measures: one request, and all of one load."""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Sample:
    """One request. Times are seconds of one clock; `error` says why it failed, or nothing."""

    sent: float
    first: float  # the first token arrived; where nothing streams, the whole answer
    end: float
    tokens: int = 0  # written for generation, else read
    prompt_tokens: int = 0
    error: str = ""

    def share(self, start: float, end: float) -> float:
        """The part of this request that fell between `start` and `end`."""
        return max(0.0, min(end, self.end) - max(start, self.sent)) / max(self.end - self.sent, 1e-9)

    def tokens_between(self, start: float, end: float) -> float:
        """The tokens that came then: evenly from the first to the last, or with the work where nothing streams."""
        begun = self.first if self.first < self.end else self.sent
        return self.tokens * max(0.0, min(end, self.end) - max(start, begun)) / max(self.end - begun, 1e-9)

    @property
    def per_token_s(self) -> float | None:
        """Seconds from one token to the next; None where the answer did not stream."""
        return (self.end - self.first) / (self.tokens - 1) if self.tokens > 1 and self.first < self.end else None


@dataclass(frozen=True)
class Level:
    """What a service did under one load: so many requests at once, for some seconds."""

    at_once: int
    seconds: float
    answered: int
    requests_per_s: float
    tokens_per_s: float
    first_p50_s: float | None  # time to first token; the whole latency where nothing streams
    first_p95_s: float | None
    per_token_p50_s: float | None
    per_token_p95_s: float | None
    failed: int = 0
    failures: dict[str, int] = field(default_factory=dict)  # by status or exception
    example: str = ""  # the first failure in full


def level(at_once: int, samples: Sequence[Sample], start: float, end: float) -> Level:
    """The figures of one load from all requests that touched the time from `start` to `end`."""
    during = [sample for sample in samples if sample.end > start and sample.sent < end]
    good = [sample for sample in during if not sample.error]
    errors = [sample.error for sample in during if sample.error]
    failures = Counter(error.partition(":")[0] for error in errors)
    first = [sample.first - sample.sent for sample in good]
    per_token = [sample.per_token_s for sample in good if sample.per_token_s is not None]
    return Level(
        at_once=at_once,
        seconds=end - start,
        answered=len(good),
        requests_per_s=sum(sample.share(start, end) for sample in good) / (end - start),
        tokens_per_s=sum(sample.tokens_between(start, end) for sample in good) / (end - start),
        first_p50_s=percentile(first, 50),
        first_p95_s=percentile(first, 95),
        per_token_p50_s=percentile(per_token, 50),
        per_token_p95_s=percentile(per_token, 95),
        failed=len(errors),
        failures=dict(failures),
        example=errors[0] if errors else "",
    )


def percentile(values: Sequence[float], percent: float) -> float | None:
    """The smallest value that `percent` of them do not exceed; None of nothing."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(len(ordered) * percent / 100) - 1)] if ordered else None
