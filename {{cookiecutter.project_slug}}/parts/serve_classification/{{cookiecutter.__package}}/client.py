"""Ask the service for labels."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass

from . import command, plan
from .connection import Connection
from .monitoring import gpu_memory

SMALL = "distilbert/distilbert-base-uncased-finetuned-sst-2-english"  # 0.3 GB, Apache-2.0: what `--local` takes
SMALL_COMMIT = "714eb0fa89d2f80546fda750413ed43d93601a13"
PATH = "/classify"
PROMPT = "The sky was wonderfully blue all day."


@dataclass(frozen=True)
class Label:
    """The likeliest class of one text, and the probability of every class, in the model's order."""

    name: str
    probs: list[float]


@dataclass(frozen=True)
class Labels:
    """One label for each text, in order, and how long they took."""

    labels: list[Label]
    tokens: int  # read, of all texts
    seconds: float  # from sending the request

    def summary(self) -> str:
        return f"{len(self.labels)} texts, {self.tokens} tokens, {self.seconds:.2f} s"


class Client(Connection):
    """A connection that classifies."""

    def ask(self, text: str, max_tokens: int = 128) -> Labels:
        """Classify one text and print its label. `max_tokens` means nothing here."""
        classified = self.classify([text])
        label = classified.labels[0]
        print(f"{label.name} ({max(label.probs):.3f})")
        return classified

    def classify(self, texts: Sequence[str]) -> Labels:
        """The likeliest class of each text."""
        answer, seconds = self.timed("POST", PATH, {"model": plan.MODEL, "input": list(texts)})
        rows = sorted(answer["data"], key=lambda row: row["index"])
        labels = [Label(str(row["label"]), row["probs"]) for row in rows]
        return Labels(labels, answer["usage"]["prompt_tokens"], seconds)


def demonstrate(client: Client, prompt: str, max_tokens: int = 256) -> None:
    """Classify one text and print its label, the time and the memory, each beside what the plan said."""
    client.health()  # so that the speed is not that of a start
    print(f"> {prompt}")
    answer = client.ask(prompt, max_tokens)
    state = client.memory()
    print(f"\nspeed   {answer.summary()}, alone")
    print(f"        planned {plan.PREDICTED_TOKENS_PER_S:,.0f} tokens/s read on {plan.GPU}")
    print(f"memory  {gpu_memory.compare(state['peak_gib'], state['device'])}")


if __name__ == "__main__":
    sys.exit(command.ask(Client, PROMPT))
