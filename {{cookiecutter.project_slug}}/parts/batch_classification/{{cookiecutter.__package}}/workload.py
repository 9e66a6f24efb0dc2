"""What classification makes of a row: the tokens of its text, what its label depends on, how long it takes."""

from typing import Any

from . import plan
from .data import Prompt
from .results import Failed

SMALL = "distilbert/distilbert-base-uncased-finetuned-sst-2-english"  # Apache-2.0: what `--local` takes
SMALL_COMMIT = "714eb0fa89d2f80546fda750413ed43d93601a13"

SECONDS_PER_ROW = plan.TYPICAL_PROMPT_TOKENS / plan.PREDICTED_TOKENS_PER_S  # of one container, before any is measured
ANSWERS: dict[str, int] = {}  # nothing is written
READING: dict[str, Any] = {}


def options() -> dict[str, Any]:
    """What a label depends on beside text and model."""
    return {"engine": plan.ENGINE, "context_len": plan.CONTEXT_LEN}


def local_options() -> dict[str, Any]:
    """The same on this machine."""
    return options()


def tokens(tokenizer: Any, prompt: Prompt) -> list[int]:
    """The tokens of a text, with those that the model adds."""
    return tokenizer(prompt, truncation=False)["input_ids"]


def texts(prompts: list[Prompt]) -> list[str | Failed]:
    """The prompts, which are texts; Failed for a chat, which only generation takes."""
    no_text = Failed("a chat is for generation: name a column of text, or write a template")
    return [prompt if isinstance(prompt, str) else no_text for prompt in prompts]
