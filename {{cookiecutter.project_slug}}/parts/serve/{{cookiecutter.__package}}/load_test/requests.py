"""One request of the load test: a chat of the plan's typical length, streamed and timed."""

import json
import time

import httpx

from . import plan
from .connection import refusal
from .sample import Sample

UNIT = "written"
STREAMS = True
PROMPT_TOKENS = min(1024, plan.CONTEXT_LEN * 7 // 10)  # as PLAN.md takes a typical request
END = b"data: [DONE]"
TAIL = 4096  # bytes; the last events, among them the usage, are within


async def ask(http: httpx.AsyncClient, text: str, tokens: int) -> Sample:
    """Ask once, for an answer of a quarter of the prompt's `tokens`.

    Never raises for what the service or the network does: the sample says it.
    """
    body = {
        "model": plan.MODEL,
        "messages": [{"role": "user", "content": text}],
        "max_tokens": max(1, min(tokens // 4, plan.MAX_ANSWER_TOKENS)),
        "ignore_eos": True,  # vLLM's own: every answer is as long as planned
        "stream": True,
        "stream_options": {"include_usage": True},
    }
    sent = time.monotonic()
    first, tail = 0.0, b""
    try:
        async with http.stream("POST", "/v1/chat/completions", json=body) as response:
            if response.status_code != 200:
                await response.aread()
                return Sample(sent, sent, time.monotonic(), error=refusal(response))
            async for piece in response.aiter_raw():  # events are not parsed one by one: that would be the bottleneck
                tail += piece
                if not first and any(said(event) for event in events(tail)):
                    first = time.monotonic()
                elif first:
                    tail = tail[-TAIL:]
    except httpx.HTTPError as error:
        return Sample(sent, sent, time.monotonic(), error=type(error).__name__)
    end = time.monotonic()
    last = events(tail)
    usage = next((event["usage"] for event in reversed(last) if event.get("usage")), None)
    if any("error" in event for event in last):
        return Sample(sent, sent, end, error="error in the stream")
    if usage is None or END not in tail:
        return Sample(sent, sent, end, error="the stream broke off")
    return Sample(sent, first or end, end, usage["completion_tokens"], usage["prompt_tokens"])


def events(data: bytes) -> list[dict]:
    """The whole events in a piece of a stream; what is cut off at either end is left out."""
    lines = [line[6:] for line in data.split(b"\n\n") if line.startswith(b"data: {") and line.endswith(b"}")]
    return [json.loads(line) for line in lines]


def said(event: dict) -> bool:
    """Whether the event brought a part of the answer: the first one often names the role only."""
    deltas = [choice["delta"] for choice in event.get("choices", [])]
    return any(delta.get("content") or delta.get("reasoning_content") for delta in deltas)
