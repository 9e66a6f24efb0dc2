"""One side of the serving benchmark, in a process of its own and in the Python of its engine.

    python serve_side.py SIDE PROJECT MODEL

Prints a JSON line when it is ready, and answers each line of its input with one: a side that serves over HTTP only
says its address, the others run the load of that name in this process and say how long how many requests took.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import Any

from serve_load import LOADS, Load

Runner = Callable[[Load], int]  # runs a load and returns how many of its requests


def part(name: str) -> Any:
    """A module of the baked project's package."""
    return importlib.import_module(f"{PACKAGE}.{name}")


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


# vLLM: both sides serve over HTTP


@contextlib.contextmanager
def vllm_generated(model: str) -> Generator[str]:
    """The project's own server: vLLM with the project's middleware and worker extension."""
    process = part("engine.server").Server(model, free_port(), gpus=0)
    try:
        process.wait_until_ready(600)
        yield f"http://127.0.0.1:{process.port}"
    finally:
        process.stop()


@contextlib.contextmanager
def vllm_bare(model: str) -> Generator[str]:
    """vLLM's own server with the same arguments, but for those that name a module of the project."""
    options, port = part("engine.options"), free_port()
    argv = bare(options.command(model, port, gpus=0))
    print("bare:", " ".join(argv), file=sys.stderr)
    process = subprocess.Popen(argv, env=options.environment(), stdout=sys.stderr)
    try:
        await_health(f"http://127.0.0.1:{port}", process)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait()


def bare(argv: list[str]) -> list[str]:
    """A command line without the options whose value lies in the project's package."""
    ours = {at for at, word in enumerate(argv) if word.startswith(f"{PACKAGE}.")}
    return [word for at, word in enumerate(argv) if at not in ours and at + 1 not in ours]


def await_health(url: str, process: subprocess.Popen) -> None:
    while process.poll() is None:
        try:
            urllib.request.urlopen(f"{url}/health", timeout=5).close()
            return
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.5)
    raise RuntimeError(f"vLLM exited with status {process.returncode}")


# transformers and sentence-transformers: the server, the engine without a server, and the library alone


@contextlib.contextmanager
def served(model: str) -> Generator[str]:
    """The project's engine behind its web application, on uvicorn, as `make local` runs it."""
    engine, monitor = part("engine.server").Engine(model, gpus=0), part("monitoring.gpu_memory").Monitor
    with open(os.devnull, "w") as nowhere, part("client.local").served(engine, monitor(nowhere).start()) as url:
        yield url
    engine.close()


@contextlib.contextmanager
def engine_alone(model: str) -> Generator[Runner]:
    """The project's engine, called in its process."""
    engine = part("engine.server").Engine(model, gpus=0)

    async def write(texts: tuple[str, ...], tokens: int) -> None:
        prompt = engine.chat([{"role": "user", "content": text} for text in texts])
        sampling = part("engine.sampling").SamplingParams(max_tokens=tokens, temperature=0, ignore_eos=True)
        deltas = [delta async for delta in engine.stream(prompt, sampling)]
        assert deltas[-1].tokens == tokens, deltas[-1]

    async def run(load: Load) -> int:
        at_once = asyncio.Semaphore(load.connections)

        async def one(texts: tuple[str, ...]) -> None:
            async with at_once:
                if load.workload == "generation":
                    await write(texts, load.new_tokens)
                else:
                    await (engine.embed if load.workload == "embedding" else engine.classify)(list(texts))

        return len(await asyncio.gather(*map(one, load.texts)))

    yield lambda load: asyncio.run(run(load))
    engine.close()


@contextlib.contextmanager
def library(model: str) -> Generator[Runner]:
    """The library under the engine, as its own documentation uses it, with the plan's batch size."""
    plan = part("plan")
    makers = {"generation": batching_manager, "embedding": encode, "classification": forward}
    with makers[plan.WORKLOAD](model, plan.CONCURRENCY) as run:
        yield run


@contextlib.contextmanager
def batching_manager(model: str, at_once: int) -> Generator[Runner]:
    """transformers' continuous batching with the project's settings of it, and nothing around it."""
    tokenizer, loaded = causal(model)
    config = loaded.generation_config
    config.update(do_sample=True, temperature=0.5, top_p=0.5, top_k=1)  # what per-request settings need, as ours
    manager = loaded.init_continuous_batching(continuous_batching_config=part("engine.server").batching("cpu"))
    manager.start()

    def run(load: Load) -> int:
        waiting = {}
        for number, texts in enumerate(load.texts):
            name = f"request-{number}"
            waiting[name] = manager.add_request(
                chat(tokenizer, texts),
                request_id=name,
                max_new_tokens=load.new_tokens,
                eos_token_id=-1,
                temperature=1.0,
                top_k=1,
                top_p=1.0,
            )
        while waiting:
            result = manager.get_result(timeout=60)
            assert result is not None and result.error is None, result
            if result.is_finished():
                assert len(result.generated_tokens) == load.new_tokens
                del waiting[result.request_id]
        return len(load.texts)

    yield run
    manager.stop(block=True, timeout=10)


@contextlib.contextmanager
def generate_loop(model: str) -> Generator[Runner]:
    """One `generate` call after the other, as the first page of transformers' documentation has it.

    Its speed is the same however many wait, so a quarter of them will do.
    """
    tokenizer, loaded = causal(model)

    def run(load: Load) -> int:
        import torch

        some = load.texts[::4]
        for texts in some:
            inputs = torch.tensor([chat(tokenizer, texts)])
            written = loaded.generate(
                inputs,
                attention_mask=torch.ones_like(inputs),
                do_sample=False,
                min_new_tokens=load.new_tokens,
                max_new_tokens=load.new_tokens,
            )
            assert written.shape[1] == inputs.shape[1] + load.new_tokens
        return len(some)

    yield run


def causal(model: str) -> tuple[Any, Any]:
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    return AutoTokenizer.from_pretrained(model), AutoModelForCausalLM.from_pretrained(
        model, dtype=torch.float32, attn_implementation="sdpa"
    )


def chat(tokenizer: Any, texts: tuple[str, ...]) -> list[int]:
    messages = [{"role": "user", "content": text} for text in texts]
    return tokenizer.apply_chat_template(messages, add_generation_prompt=True, return_dict=True)["input_ids"]


@contextlib.contextmanager
def encode(model: str, at_once: int) -> Generator[Runner]:
    """SentenceTransformer.encode: of a request's texts at a time, of one-text requests as many as a batch takes."""
    from sentence_transformers import SentenceTransformer

    loaded = SentenceTransformer(model, device="cpu")

    def run(load: Load) -> int:
        for texts in gathered(load, at_once):
            assert len(loaded.encode(texts, batch_size=at_once, show_progress_bar=False)) == len(texts)
        return len(load.texts)

    yield run


@contextlib.contextmanager
def forward(model: str, at_once: int) -> Generator[Runner]:
    """Tokenizer, forward pass, softmax, on the same batches."""
    import torch
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    tokenizer: Any = AutoTokenizer.from_pretrained(model)
    loaded: Any = AutoModelForSequenceClassification.from_pretrained(
        model, dtype=torch.float32, attn_implementation="sdpa"
    ).eval()

    def run(load: Load) -> int:
        for texts in gathered(load, at_once):
            with torch.inference_mode():
                inputs = tokenizer(texts, padding=True, truncation=True, return_tensors="pt")
                assert len(loaded(**inputs).logits.softmax(-1).tolist()) == len(texts)
        return len(load.texts)

    yield run


def gathered(load: Load, at_once: int) -> Iterator[list[str]]:
    """All texts of a load in batches of `at_once`, in order."""
    every = [text for texts in load.texts for text in texts]
    return (every[at : at + at_once] for at in range(0, len(every), at_once))


SIDES: dict[str, Callable[[str], Any]] = {
    "vllm-generated": vllm_generated,
    "vllm-bare": vllm_bare,
    "served": served,
    "engine": engine_alone,
    "library": library,
    "loop": generate_loop,
}


def main() -> int:
    side, _, model = sys.argv[1:]
    say = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)  # whatever an engine prints goes to the log; ours is a protocol
    with SIDES[side](model) as ready:
        say.write(json.dumps({"url": ready if isinstance(ready, str) else None}) + "\n")
        for line in sys.stdin:
            begun = time.perf_counter()
            done = ready(LOADS[line.strip()])
            say.write(json.dumps({"seconds": time.perf_counter() - begun, "requests": done}) + "\n")
    return 0


if __name__ == "__main__":
    os.environ["GPU"] = "none"
    sys.path.insert(0, sys.argv[2])
    PACKAGE = next(Path(sys.argv[2]).glob("*/plan.py")).parent.name
    sys.exit(main())
