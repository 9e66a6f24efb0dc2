"""Ask the service for vectors. It speaks the OpenAI API: any OpenAI client works too."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass

from . import command, plan
from .connection import Connection
from .monitoring import gpu_memory

SMALL = "sentence-transformers/all-MiniLM-L6-v2"  # 0.1 GB, Apache-2.0: what `--local` takes
SMALL_COMMIT = "8b3219a92973c328a8e22fadcfa821b5dc75636a"
PATH = "/v1/embeddings"
PROMPT = "The sky is blue because air scatters blue light."


@dataclass(frozen=True)
class Embeddings:
    """One vector for each text, in order, and how long they took."""

    vectors: list[list[float]]
    tokens: int  # read, of all texts
    seconds: float  # from sending the request

    def summary(self) -> str:
        size = f"{len(self.vectors)} x {len(self.vectors[0])}" if self.vectors else "none"
        return f"{size} numbers, {self.tokens} tokens, {self.seconds:.2f} s"


class Client(Connection):
    """A connection that embeds."""

    def ask(self, text: str, max_tokens: int = 128) -> Embeddings:
        """Embed one text and print the beginning of its vector. `max_tokens` means nothing here."""
        embedded = self.embed([text])
        vector = embedded.vectors[0]
        print(f"[{', '.join(f'{number:+.4f}' for number in vector[:6])}, ...] {len(vector)} numbers")
        return embedded

    def embed(self, texts: Sequence[str]) -> Embeddings:
        """A vector of floats for each text."""
        answer, seconds = self.timed("POST", PATH, {"model": plan.MODEL, "input": list(texts)})
        rows = sorted(answer["data"], key=lambda row: row["index"])
        tokens = answer["usage"]["prompt_tokens"]
        return Embeddings([row["embedding"] for row in rows], tokens, seconds)


def demonstrate(client: Client, prompt: str, max_tokens: int = 256) -> None:
    """Embed one text and print the vector, the time and the memory, each beside what the plan said."""
    client.health()  # so that the speed is not that of a start
    print(f"> {prompt}")
    answer = client.ask(prompt, max_tokens)
    state = client.memory()
    print(f"\nspeed   {answer.summary()}, alone")
    print(f"        planned {plan.PREDICTED_TOKENS_PER_S:,.0f} tokens/s read on {plan.GPU}")
    print(f"memory  {gpu_memory.compare(state['peak_gib'], state['device'])}")


if __name__ == "__main__":
    sys.exit(command.ask(Client, PROMPT))
