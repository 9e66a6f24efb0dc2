"""One request of the load test, of the plan's typical length: its text, and its timing."""

import json
import random
import time
from dataclasses import dataclass

import httpx

from .. import plan
from ..client import client

GENERATES = plan.WORKLOAD == "generation"
MAX_ANSWER_TOKENS = plan.MAX_ANSWER_TOKENS if plan.WORKLOAD == "generation" else 0
UNIT = "written" if GENERATES else "read"  # what is done with the tokens that are counted
PATH = {"generation": "/v1/chat/completions", "embedding": "/v1/embeddings", "classification": "/classify"}[
    plan.WORKLOAD
]
# A typical request, as PLAN.md has it: a prompt that leaves room for its answer, or a text with room for a longer word
PROMPT_TOKENS = min(1024, plan.CONTEXT_LEN * 7 // 10) if GENERATES else min(1024, plan.CONTEXT_LEN) * 9 // 10
END = b"data: [DONE]"
TAIL = 4096  # bytes; the last events, among them the usage, are within
WORDS = """
the a of and to in is that for on with as by from at this each when then after before over under between river house
engine paper window market letter garden bridge stone table number colour weather morning evening question answer
reason story memory signal measure pressure distance language music history science winter summer runs holds turns
carries follows reaches builds keeps opens explains becomes moves learns sees writes finds grows quiet small bright
heavy narrow early simple distant warm careful rapid hollow gentle ancient common certain
"""


@dataclass(frozen=True)
class RequestTiming:
    """One request. Times are seconds of one clock; `error` is empty, or says why it failed."""

    sent: float
    first: float  # the first token arrived; where nothing streams, the whole reply
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
        """Seconds from one token to the next; None where the reply did not stream."""
        return (self.end - self.first) / (self.tokens - 1) if self.tokens > 1 and self.first < self.end else None


def synthetic_prompt(words: int, number: int) -> str:
    """A text of so many words; another for each `number`, from the first word on, so that no prompt cache helps."""
    drawn = random.Random(number).choices(WORDS.split(), k=max(1, words - 1))
    return " ".join(word + "." if i % 12 == 11 else word for i, word in enumerate([str(number), *drawn], 1))


async def send_request(http: httpx.AsyncClient, text: str, tokens: int) -> RequestTiming:
    """Send one text of `tokens`; an answer is a quarter as long. What fails is `error` in the timing, never raised."""
    sent = time.monotonic()
    try:
        return await (_stream(http, text, tokens, sent) if GENERATES else _post(http, text, sent))
    except httpx.HTTPError as error:
        return RequestTiming(sent, sent, time.monotonic(), error=type(error).__name__)


async def _post(http: httpx.AsyncClient, text: str, sent: float) -> RequestTiming:
    response = await http.post(PATH, json={"model": plan.MODEL, "input": text})
    end = time.monotonic()
    if response.status_code != 200:
        return RequestTiming(sent, sent, end, error=_refusal(response))
    tokens = response.json()["usage"]["prompt_tokens"]
    return RequestTiming(sent, end, end, tokens, tokens)


async def _stream(http: httpx.AsyncClient, text: str, tokens: int, sent: float) -> RequestTiming:
    body = {
        "model": plan.MODEL,
        "messages": [{"role": "user", "content": text}],
        "max_tokens": max(1, min(tokens // 4, MAX_ANSWER_TOKENS)),
        "ignore_eos": True,  # vLLM's own: every answer is as long as planned
        "stream": True,
        "stream_options": {"include_usage": True},
    }
    first, tail = 0.0, b""
    async with http.stream("POST", PATH, json=body) as response:
        if response.status_code != 200:
            await response.aread()
            return RequestTiming(sent, sent, time.monotonic(), error=_refusal(response))
        async for piece in response.aiter_raw():  # events are not parsed one by one: that would be the bottleneck
            tail += piece
            if not first and any(_has_text(event) for event in _events(tail)):
                first = time.monotonic()
            elif first:
                tail = tail[-TAIL:]
    end = time.monotonic()
    last = _events(tail)
    usage = next((event["usage"] for event in reversed(last) if event.get("usage")), None)
    if any("error" in event for event in last):
        return RequestTiming(sent, sent, end, error="error in the stream")
    if usage is None or END not in tail:
        return RequestTiming(sent, sent, end, error="the stream broke off")
    return RequestTiming(sent, first or end, end, usage["completion_tokens"], usage["prompt_tokens"])


def _refusal(response: httpx.Response) -> str:
    """The status of a response that has been read, and the service's message where it has one."""
    return ": ".join(filter(None, [str(response.status_code), client.error_message(response)]))


def _events(data: bytes) -> list[dict]:
    """The whole events in a piece of a stream; what is cut off at either end is left out."""
    lines = [line[6:] for line in data.split(b"\n\n") if line.startswith(b"data: {") and line.endswith(b"}")]
    return [json.loads(line) for line in lines]


def _has_text(event: dict) -> bool:
    """Whether the event brought a part of the answer: the first one often names the role only."""
    deltas = [choice["delta"] for choice in event.get("choices", [])]
    return any(delta.get("content") or delta.get("reasoning_content") for delta in deltas)
