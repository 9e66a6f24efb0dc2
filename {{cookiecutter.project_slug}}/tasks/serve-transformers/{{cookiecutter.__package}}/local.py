"""Answer on this machine with the same engine as in the container."""

import asyncio
import sys
import time

from .client import Answer, to_stdout
from .engine import Engine


def answer(model: str, prompt: str, max_tokens: int) -> Answer:
    """Stream an answer of `model`, a folder or a hub id, to stdout. Says on stderr which engine answers."""
    import torch

    print(f"engine: transformers {_version()}, continuous batching, with {model}", file=sys.stderr)
    engine = Engine(model, gpus=int(torch.cuda.is_available()))
    try:
        return asyncio.run(_answer(engine, prompt, max_tokens))
    finally:
        engine.close()


async def _answer(engine: Engine, prompt: str, max_tokens: int) -> Answer:
    begun, first, pieces, tokens = time.monotonic(), 0.0, [], 0
    async for piece in engine.stream([{"role": "user", "content": prompt}], max_tokens=max_tokens, temperature=0.0):
        first = first or time.monotonic() - begun
        pieces.append(piece.text)
        tokens = piece.tokens
        to_stdout(piece.text)
    return Answer("".join(pieces), tokens, first, time.monotonic() - begun)


def _version() -> str:
    import transformers

    return transformers.__version__
