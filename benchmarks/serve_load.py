"""The requests of the serving benchmark, and the one load generator for every side that is asked over HTTP.

Standard library only: the sides run in different virtual environments. One process, one thread, prepared bytes, kept
connections: it takes little of the CPU that the server under test needs.
"""

from __future__ import annotations

import asyncio
import json
import random
import time
from collections import deque
from dataclasses import dataclass
from urllib.parse import urlsplit

WORDS = (
    "the a one this every old small quiet river house road market window garden engine letter teacher winter answer "
    "runs keeps opens finds carries closes remembers follows under over near beside without after before again slowly "
    "often never always bright green cold simple early last other sudden careful"
).split()


@dataclass(frozen=True)
class Load:
    """Some requests, so many of them at a time. `texts` is one list for each request; generation has one text each."""

    name: str
    workload: str
    texts: tuple[tuple[str, ...], ...]
    connections: int
    new_tokens: int = 0  # generation: exactly so many are written

    def bodies(self, model: str) -> list[tuple[str, dict]]:
        """Path and JSON body of each request."""
        if self.workload == "embedding":
            return [("/v1/embeddings", {"model": model, "input": list(texts)}) for texts in self.texts]
        if self.workload == "classification":
            return [("/classify", {"model": model, "input": list(texts)}) for texts in self.texts]
        greedy = {"model": model, "max_tokens": self.new_tokens, "temperature": 0, "ignore_eos": True}
        chats = [[{"role": "user", "content": text} for text in texts] for texts in self.texts]
        return [("/v1/chat/completions", {**greedy, "messages": messages}) for messages in chats]


def sentence(words: int, chance: random.Random) -> str:
    return " ".join(chance.choice(WORDS) for _ in range(words))


def texts(requests: int, each: int, words: tuple[int, int], seed: int) -> tuple[tuple[str, ...], ...]:
    """`each` texts for every request, of some number of words between two bounds. One seed, one set."""
    chance = random.Random(seed)
    return tuple(tuple(sentence(chance.randint(*words), chance) for _ in range(each)) for _ in range(requests))


LOADS = {
    "chat": Load("32 chats at once, 16 tokens each", "generation", texts(32, 1, (8, 16), 1), 32, 16),
    "answers": Load("32 chats at once, 64 tokens each", "generation", texts(32, 1, (8, 16), 1), 32, 64),
    "chats": Load("64 chats, 32 at once, 16 tokens each", "generation", texts(64, 1, (8, 16), 1), 32, 16),
    "documents": Load("8 requests of 16 texts of about 130 tokens", "embedding", texts(8, 16, (100, 150), 2), 4),
    "sentences": Load("192 requests of one sentence", "embedding", texts(192, 1, (8, 16), 3), 32),
    "reviews": Load("8 requests of 16 texts of about 130 tokens", "classification", texts(8, 16, (100, 150), 2), 4),
    "remarks": Load("192 requests of one sentence", "classification", texts(192, 1, (8, 16), 3), 32),
}


def prepared(load: Load, url: str, model: str) -> list[bytes]:
    """The requests as they go over the wire."""
    address = urlsplit(url)
    lines = []
    for path, body in load.bodies(model):
        content = json.dumps(body).encode()
        head = f"POST {path} HTTP/1.1\r\nHost: {address.netloc}\r\nContent-Type: application/json\r\n"
        lines.append(f"{head}Content-Length: {len(content)}\r\n\r\n".encode() + content)
    return lines


async def fire(load: Load, url: str, model: str) -> float:
    """Seconds from the first request to the last answer. RuntimeError where one is not a 200."""
    address, waiting = urlsplit(url), deque(prepared(load, url, model))

    async def connection() -> None:
        reader, writer = await asyncio.open_connection(address.hostname, address.port)
        try:
            while waiting:
                writer.write(waiting.popleft())
                await answer(reader)
        finally:
            writer.close()

    begun = time.perf_counter()
    await asyncio.gather(*(connection() for _ in range(load.connections)))
    return time.perf_counter() - begun


async def answer(reader: asyncio.StreamReader) -> None:
    """Read one answer whole."""
    head = await reader.readuntil(b"\r\n\r\n")
    status, *headers = head.decode("latin-1").split("\r\n")
    fields = dict(line.lower().split(": ", 1) for line in headers if line)
    if "content-length" in fields:
        body = await reader.readexactly(int(fields["content-length"]))
    else:  # chunked
        body = b""
        while size := int(await reader.readline(), 16):
            body += (await reader.readexactly(size + 2))[:-2]
        await reader.readline()
    if " 200 " not in status:
        raise RuntimeError(f"{status}: {body[:300]!r}")
