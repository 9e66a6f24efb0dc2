"""What generation makes of a row: the tokens of its prompt, what an answer depends on, how long it takes."""

from collections.abc import Mapping
from typing import Any

from . import plan
from .input.readers import Prompt

SMALL = "HuggingFaceTB/SmolLM2-135M-Instruct"  # Apache-2.0: what `--local` takes
SMALL_COMMIT = "12fd25f77366fa6b3b4b768ec3050bf629380bac"

ANSWER = min(plan.TYPICAL_ANSWER_TOKENS, plan.MAX_ANSWER_TOKENS)  # tokens, as expected
SECONDS_PER_ROW = ANSWER / plan.PREDICTED_TOKENS_PER_S  # of one container, before any is measured
ANSWERS = {"answer_tokens": ANSWER, "max_answer_tokens": plan.MAX_ANSWER_TOKENS}
READING: dict[str, Any] = {
    "prompt_tokens_per_s": plan.PREDICTED_PROMPT_TOKENS_PER_S,
    "input_len": plan.TYPICAL_PROMPT_TOKENS,
    "output_len": plan.TYPICAL_ANSWER_TOKENS,
}


def options() -> dict[str, Any]:
    """What an answer depends on beside prompt and model."""
    return {
        "engine": plan.ENGINE,
        "context_len": plan.CONTEXT_LEN,
        "max_answer_tokens": plan.MAX_ANSWER_TOKENS,
        "temperature": plan.TEMPERATURE,
    }


def local_options() -> dict[str, Any]:
    """The same for a look on this machine, which is slow."""
    return options() | {"max_answer_tokens": min(64, plan.MAX_ANSWER_TOKENS)}


def tokens(tokenizer: Any, prompt: Prompt) -> list[int]:
    """A conversation as the model's chat template writes it, a text as what its user says; plain without a template."""
    chat: list[dict[str, Any]] = (
        [{"role": "user", "content": prompt}] if isinstance(prompt, str) else [{**turn} for turn in prompt]
    )
    if tokenizer.chat_template is None:
        return tokenizer("\n".join(turn["content"] for turn in chat))["input_ids"]
    return tokenizer.apply_chat_template(chat, add_generation_prompt=True, return_dict=True)["input_ids"]


def answer_tokens(prompt_tokens: int, options: Mapping[str, Any]) -> int:
    """How many tokens the answer to a prompt of so many may have. ValueError where the context has no room for any."""
    context: int = options["context_len"]
    if prompt_tokens >= context:
        raise ValueError(f"the prompt has {prompt_tokens:,} tokens, and CONTEXT_LEN is {context:,}")
    return min(context - prompt_tokens, options["max_answer_tokens"])
