"""Send rising load, and show speed, latency and price against load, beside the plan.

Every load keeps N requests running for some seconds: as soon as one is answered, the next is sent.
"""

import asyncio
import json
import random
import ssl
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import AsyncExitStack
from itertools import count, pairwise
from pathlib import Path

import httpx2
from tqdm import tqdm

from .. import plan
from ..client import cli
from ..client.client import READ_TIMEOUT_S, Client, ServiceError, authorization, error_message
from . import report
from .report import GENERATES, Level, RequestTiming, containers, measured

BUSY = 0.9  # of a core: beyond this the client itself may be the limit
BAR = "{percentage:3.0f}% |{bar:20}| {elapsed} {desc}"
FIRST_WORDS = 20  # of the request that measures the tokens of a word
MAX_ANSWER_TOKENS = plan.MAX_ANSWER_TOKENS if plan.WORKLOAD == "generation" else 0
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


def load_steps(limit: int) -> list[int]:
    """1, 2, 4, ... up to `limit`, and the plan's CONCURRENCY among them."""
    doubling = {2**i for i in range(limit.bit_length())}
    return sorted({n for n in doubling | {plan.CONCURRENCY} if n < limit} | {limit})


def settling_s(steps: Sequence[int]) -> list[float]:
    """Seconds of load before each step is measured: where it takes more containers, these must start first."""
    cold_s = 1.5 * plan.PREDICTED_COLD_START_S
    return [cold_s if more > fewer else 0.0 for fewer, more in pairwise([1, *map(containers, steps)])]


def price(steps: Sequence[int], settling: Sequence[float], seconds: float) -> str:
    """One sentence: the cost of the test on Modal, in USD."""
    busy_s = sum(containers(n) * (seconds + settle) for n, settle in zip(steps, settling, strict=True))
    idle_s = containers(steps[-1]) * plan.SCALEDOWN_WINDOW
    usd = (busy_s + idle_s) * plan.USD_PER_HOUR / 3600
    total_s = seconds * len(steps) + sum(settling)
    return (
        f"{len(steps)} loads in about {total_s:.0f} s on at most {containers(steps[-1])} x {plan.GPU}: "
        f"about ${usd:.2f}, with the {plan.SCALEDOWN_WINDOW} s until they stop"
    )


def connect(url: str | httpx2.URL, trusted: ssl.SSLContext) -> httpx2.AsyncClient:
    """A client for one request at a time. Each of the N has its own: a shared one searches its pool for every event."""
    return httpx2.AsyncClient(
        base_url=url,
        headers=authorization() | {"Accept-Encoding": "identity"},
        timeout=httpx2.Timeout(60.0, read=READ_TIMEOUT_S),
        follow_redirects=True,
        verify=trusted,
    )


def synthetic_prompt(words: int, number: int) -> str:
    """A text of so many words; another for each `number`, from the first word on, so that no prompt cache helps."""
    drawn = random.Random(number).choices(WORDS.split(), k=max(1, words - 1))
    return " ".join(word + "." if i % 12 == 11 else word for i, word in enumerate([str(number), *drawn], 1))


async def send_request(http: httpx2.AsyncClient, text: str, tokens: int) -> RequestTiming:
    """Send one text of `tokens`; an answer is a quarter as long. What fails is `error` in the timing, never raised."""
    sent = time.monotonic()
    try:
        return await (_stream(http, text, tokens, sent) if GENERATES else _post(http, text, sent))
    except httpx2.HTTPError as error:
        return RequestTiming(sent, sent, time.monotonic(), error=type(error).__name__)


async def _post(http: httpx2.AsyncClient, text: str, sent: float) -> RequestTiming:
    response = await http.post(PATH, json={"model": plan.MODEL, "input": text})
    end = time.monotonic()
    if response.status_code != 200:
        return RequestTiming(sent, sent, end, error=_refusal(response))
    tokens = response.json()["usage"]["prompt_tokens"]
    return RequestTiming(sent, end, end, tokens, tokens)


async def _stream(http: httpx2.AsyncClient, text: str, tokens: int, sent: float) -> RequestTiming:
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


def _refusal(response: httpx2.Response) -> str:
    """The status of a response that has been read, with the service's message where it has one."""
    return ": ".join(filter(None, [str(response.status_code), error_message(response)]))


def _events(data: bytes) -> list[dict]:
    """The whole events in a piece of a stream; what is cut off at either end is left out."""
    lines = [line[6:] for line in data.split(b"\n\n") if line.startswith(b"data: {") and line.endswith(b"}")]
    return [json.loads(line) for line in lines]


def _has_text(event: dict) -> bool:
    """Whether the event brought a part of the answer: the first one often names the role only."""
    deltas = [choice["delta"] for choice in event.get("choices", [])]
    return any(delta.get("content") or delta.get("reasoning_content") for delta in deltas)


async def words_for(http: httpx2.AsyncClient, tokens: int) -> int:
    """Return how many words make a prompt of so many tokens, by the service's own count of a short and a longer one."""
    words = FIRST_WORDS
    for wanted in (tokens // 2, tokens):
        timing = await send_request(http, synthetic_prompt(words, 0), tokens)
        if timing.error:
            raise ServiceError(f"the first request of the load test failed: {timing.error}")
        words = max(1, words * wanted // timing.prompt_tokens)
    return words


async def send_until(
    deadline: float, http: httpx2.AsyncClient, texts: Iterator[str], tokens: int, timings: list[RequestTiming]
) -> None:
    """One of the N: sends a request, waits for the reply, sends the next."""
    while time.monotonic() < deadline:
        timing = await send_request(http, next(texts), tokens)
        timings.append(timing)
        if timing.error:
            await asyncio.sleep(0.5)  # a service that refuses at once is not hammered


async def run_levels(
    url: str | httpx2.URL, steps: Sequence[int], settling: Sequence[float], seconds: float, tokens: int
) -> list[Level]:
    """Measure each step for `seconds`, after as many of `settling` under the same load. A progress bar is on stderr."""
    levels: list[Level] = []
    async with AsyncExitStack() as stack:
        trusted = httpx2.create_ssl_context()
        clients = [await stack.enter_async_context(connect(url, trusted)) for _ in range(steps[-1])]
        words = await words_for(clients[0], tokens)
        texts = (synthetic_prompt(words, number) for number in count(1))
        begun, total_s = time.monotonic(), round(sum(settling) + seconds * len(steps))
        bar = stack.enter_context(tqdm(total=total_s, bar_format=BAR, file=sys.stderr, mininterval=0))
        for at_once, settle in zip(steps, settling, strict=True):
            timings: list[RequestTiming] = []
            cpu, sent = time.process_time(), time.monotonic()
            start, end = sent + settle, sent + settle + seconds
            tasks = [asyncio.create_task(send_until(end, http, texts, tokens, timings)) for http in clients[:at_once]]
            pending: set[asyncio.Task] = set(tasks)
            while pending:  # also after the time is up: the slow answers count, too
                _, pending = await asyncio.wait(pending, timeout=0.5)
                so_far = measured(at_once, timings, start, max(start + 1e-3, min(end, time.monotonic())))
                bar.n = min(total_s, round(time.monotonic() - begun))
                bar.set_description_str(f"of about {total_s} s, {at_once} at once: {so_far.tokens_per_s:,.0f} tokens/s")
            for task in tasks:
                task.result()
            levels.append(measured(at_once, timings, start, end))
            share = (time.process_time() - cpu) / (time.monotonic() - sent)
            if share > BUSY:
                busy = f"{at_once} at once: this client used {share:.0%} of a core and may itself be the limit"
                tqdm.write(busy, file=sys.stderr)
    return levels


def main() -> int:
    parser = cli.parser("load_test", __doc__)
    parser.add_argument("--concurrency", type=int, help="most requests at once (CONCURRENCY x MAX_CONTAINERS)")
    parser.add_argument("--seconds", type=float, default=15.0, help="of each load (%(default)s)")
    parser.add_argument("--tokens", type=int, default=PROMPT_TOKENS, help="of each text sent (%(default)s)")
    parser.add_argument("--out", type=Path, default=Path(), help="folder for load.svg and load.json (this one)")
    options = parser.parse_args()
    steps = load_steps(options.concurrency or plan.CONCURRENCY * plan.MAX_CONTAINERS)
    with cli.exit_on_error():
        service = Client(cli.address(options.url))
        settling = [0.0] * len(steps) if options.url else settling_s(steps)
        if not options.url:
            print(price(steps, settling, options.seconds), file=sys.stderr)
        service.health()
        device = service.get("/memory")["device"]
        levels = asyncio.run(run_levels(service.url, steps, settling, options.seconds, options.tokens))
    print(report.table(levels, priced=device == "gpu"))
    print(report.compare_with_plan(levels, device))
    if failed := report.failures(levels):
        print(failed)
    options.out.mkdir(parents=True, exist_ok=True)
    report.draw(options.out / "load.svg", levels, device)
    (options.out / "load.json").write_text(
        json.dumps(report.to_json(levels, device), indent=1) + "\n", encoding="utf-8"
    )
    print(f"wrote {options.out / 'load.svg'} and load.json")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
