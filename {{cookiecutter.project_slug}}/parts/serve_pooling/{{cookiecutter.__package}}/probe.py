"""One request of the load test: a text of the plan's typical length, timed."""

import time

import httpx

from . import plan
from .client import PATH
from .connection import refusal
from .sample import Sample

UNIT = "read"
STREAMS = False
PROMPT_TOKENS = min(1024, plan.CONTEXT_LEN) * 9 // 10  # as PLAN.md takes a typical text, and room for a longer word


async def ask(http: httpx.AsyncClient, text: str, tokens: int) -> Sample:
    """Ask once. Never raises for what the service or the network does: the sample says it."""
    sent = time.monotonic()
    try:
        response = await http.post(PATH, json={"model": plan.MODEL, "input": text})
        end = time.monotonic()
        if response.status_code != 200:
            return Sample(sent, sent, end, error=refusal(response))
    except httpx.HTTPError as error:
        return Sample(sent, sent, time.monotonic(), error=type(error).__name__)
    tokens = response.json()["usage"]["prompt_tokens"]
    return Sample(sent, end, end, tokens, tokens)
