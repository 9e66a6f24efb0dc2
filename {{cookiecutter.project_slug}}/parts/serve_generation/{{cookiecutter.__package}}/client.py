"""Ask the service and stream the answer. It speaks the OpenAI API: any OpenAI client works too."""

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass

from . import command, plan
from .connection import Connection, ServiceError, Unavailable, events
from .monitoring import gpu_memory

SMALL = "HuggingFaceTB/SmolLM2-135M-Instruct"  # 0.3 GB, Apache-2.0: what `--local` takes
SMALL_COMMIT = "12fd25f77366fa6b3b4b768ec3050bf629380bac"
PROMPT = "In two sentences: why is the sky blue?"


@dataclass(frozen=True)
class Answer:
    """What came back, how long it took, and how many tokens the engine counted."""

    text: str
    tokens: int
    first_token_s: float  # from sending the request
    seconds: float

    @property
    def tokens_per_s(self) -> float:
        """The rate after the first token, which also pays for reading the prompt."""
        return (self.tokens - 1) / max(self.seconds - self.first_token_s, 1e-9) if self.tokens > 1 else 0.0

    def summary(self) -> str:
        return f"{self.tokens} tokens, {self.tokens_per_s:.1f} tokens/s, first after {self.first_token_s:.2f} s"


def to_stdout(piece: str) -> None:
    print(piece, end="", flush=True)


class Client(Connection):
    """A connection that chats."""

    def ask(self, text: str, max_tokens: int = 128) -> Answer:
        """Ask one question and print the answer as it comes."""
        try:
            return self.chat(text, max_tokens)
        finally:
            print()

    def chat(self, prompt: str, max_tokens: int = 256, show: Callable[[str], None] = to_stdout) -> Answer:
        """Ask one question; `show` gets each piece of the answer as it arrives."""
        body = {
            "model": plan.MODEL,
            "messages": [{"role": "user", "content": prompt}],
            "max_tokens": max_tokens,
            "stream": True,
            "stream_options": {"include_usage": True},
        }
        return self.retry(lambda: self._stream(body, show))

    def _stream(self, body: dict, show: Callable[[str], None]) -> Answer:
        """One try. It may be repeated as long as nothing has been shown."""
        text, tokens, first, sent = [], 0, 0.0, time.monotonic()
        try:
            with self.attempt("POST", "/v1/chat/completions", body) as response:
                for event in events(response):
                    if "error" in event:
                        raise ServiceError(f"the service failed: {event['error'].get('message', event['error'])}")
                    for choice in event["choices"]:
                        piece = choice["delta"].get("content") or choice["delta"].get("reasoning_content") or ""
                        first = first or time.monotonic() - sent
                        text.append(piece)
                        show(piece)
                    tokens = (event.get("usage") or {}).get("completion_tokens", tokens)
        except Unavailable as error:
            if not any(text):
                raise
            raise ServiceError(
                f"the answer broke off after {len(''.join(text))} characters; the container was lost: ask again"
            ) from error
        return Answer("".join(text), tokens, first, time.monotonic() - sent)


def demonstrate(client: Client, prompt: str, max_tokens: int = 256) -> None:
    """Ask one question and print the answer, its speed and the memory, each beside what the plan said."""
    client.health()  # so that the speed is not that of a start
    print(f"> {prompt}")
    answer = client.ask(prompt, max_tokens)
    state = client.memory()
    print(f"\nspeed   {answer.summary()}, alone")
    print(f"        planned {plan.PREDICTED_TOKENS_PER_S:,.0f} tokens/s at {plan.CONCURRENCY} requests on {plan.GPU}")
    print(f"memory  {gpu_memory.compare(state['peak_gib'], state['device'])}")


if __name__ == "__main__":
    sys.exit(command.ask(Client, PROMPT))
