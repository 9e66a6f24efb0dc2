"""Common parts of the command lines: the service's address, a request with its printed reply, errors in one line."""

import argparse
import sys
from collections.abc import Generator
from contextlib import contextmanager

import modal
import openai

from .. import plan
from ..monitoring import gpu_memory
from .client import ANSWER_TOKENS, Answer, Client, Embeddings, Labels

PACKAGE = __name__.partition(".")[0]
# A small model and its commit for `--local`, all Apache-2.0; and a text to try
SMALL_MODEL, SMALL_COMMIT, TEXT = {
    "generation": (
        "HuggingFaceTB/SmolLM2-135M-Instruct",  # 0.3 GB
        "12fd25f77366fa6b3b4b768ec3050bf629380bac",
        "In two sentences: why is the sky blue?",
    ),
    "embedding": (
        "sentence-transformers/all-MiniLM-L6-v2",  # 0.1 GB
        "8b3219a92973c328a8e22fadcfa821b5dc75636a",
        "The sky is blue because air scatters blue light.",
    ),
    "classification": (
        "distilbert/distilbert-base-uncased-finetuned-sst-2-english",  # 0.3 GB
        "714eb0fa89d2f80546fda750413ed43d93601a13",
        "The sky was wonderfully blue all day.",
    ),
}[plan.WORKLOAD]


def parser(module: str, description: str | None) -> argparse.ArgumentParser:
    """A parser for `python -m PACKAGE.module` with --url. The description is the first line of a docstring."""
    program = f"python -m {PACKAGE}{module and '.'}{module}"
    made = argparse.ArgumentParser(prog=program, description=(description or "").partition("\n")[0])
    made.add_argument("--url", help=f"where the service answers; by default the deployed app {plan.NAME}")
    return made


def address(url: str | None) -> str | None:
    """Return `url`, or else the address of the deployed service, which takes a Modal token."""
    if url:
        return url
    if plan.ENGINE == "vllm":
        return modal.Server.from_name(plan.NAME, "Server").get_url()
    return modal.Cls.from_name(plan.NAME, "Server")().web.get_web_url()


@contextmanager
def exit_on_error() -> Generator[None]:
    """Exit with `error: ...` where the service or Modal refuses."""
    try:
        yield
    except modal.exception.NotFoundError:
        sys.exit(f"error: no app {plan.NAME} is deployed: run `make deploy` first")
    except (openai.OpenAIError, modal.exception.Error) as error:
        sys.exit(f"error: {error}")


def ask(client: Client, text: str, max_tokens: int) -> Answer | Embeddings | Labels:
    """Send one text and print the reply: an answer as it comes, the beginning of a vector, or a label."""
    if plan.WORKLOAD == "generation":
        try:
            return client.chat(text, max_tokens)
        finally:
            print()
    reply = client.embed([text]) if plan.WORKLOAD == "embedding" else client.classify([text])
    print_first(reply)
    return reply


def print_first(reply: Embeddings | Labels) -> None:
    """Print the first of the vectors or labels."""
    if isinstance(reply, Embeddings):
        vector = reply.vectors[0]
        print(f"[{', '.join(f'{number:+.4f}' for number in vector[:6])}, ...] {len(vector)} numbers")
    else:
        label = reply.labels[0]
        print(f"{label.name} ({max(label.probs):.3f})")


def ask_and_compare(client: Client, text: str, max_tokens: int = ANSWER_TOKENS) -> None:
    """Send one text and print the reply, its speed and the memory, each beside what was planned."""
    client.health()  # so that the speed is not that of a start
    print(f"> {text}")
    reply = ask(client, text, max_tokens)
    memory = client.get("/memory")
    load = f"at {plan.CONCURRENCY} requests" if plan.WORKLOAD == "generation" else "read"
    print(f"\nspeed   {reply.summary()}, alone")
    print(f"        planned {plan.PREDICTED_TOKENS_PER_S:,.0f} tokens/s {load} on {plan.GPU}")
    print(f"memory  {gpu_memory.compare(memory['peak_gib'], memory['device'])}")
