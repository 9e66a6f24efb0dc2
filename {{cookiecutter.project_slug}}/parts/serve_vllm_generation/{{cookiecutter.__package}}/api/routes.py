"""The routes of a generating service: the fields of each that are passed on to vLLM, and their limits."""

from collections.abc import Callable
from typing import Any

from .. import plan
from ..engine import images
from . import conversations, grammars, rewriting, roles
from .refusal import RefusedRequest, Request, shown
from .request_limits import check_numbers, read, with_fields

MOST_STOPS, STOP_CHARS = 4, 256  # stop strings, as vLLM and OpenAI have it, and characters of each
MOST_STOP_IDS = 64
MOST_TOP_LOGPROBS = 20  # vLLM's own --max-logprobs
MOST_BIASES, MOST_BIAS = 300, 100  # entries of logit_bias, as OpenAI has it, and the size of each
BODY_BYTES = plan.MAX_BODY_BYTES + images.MOST * images.IMAGE_BYTES
SYSTEM = ("/v1/chat/completions", "/v1/responses")  # where vLLM leaves the system's messages in their places

# Fields that are not served -> values at which they ask for nothing
NEUTRAL: dict[str, tuple] = {
    "best_of": (1,), "functions": ([],), "function_call": ("none", "auto"), "verbosity": ("medium",),
    "speed": ("standard",), "mcp_servers": ([],), "modalities": (["text"],), "suffix": ("",),
}  # fmt: skip
INSTEAD = {"functions": "send tools", "function_call": "send tool_choice", "best_of": "send n"}
SAMPLING = {
    "temperature", "top_p", "top_k", "min_p", "repetition_penalty", "frequency_penalty", "presence_penalty", "seed",
    "logit_bias",
}  # fmt: skip
ENDING = {"stop", "stop_token_ids", "include_stop_str_in_output", "ignore_eos", "min_tokens", "skip_special_tokens"}
TOOLS = {"tools", "tool_choice"}

# Route -> fields that are passed on to vLLM. It has many more: for research, other media, and control of its caches.
FIELDS = {
    "/v1/chat/completions": {
        *TOOLS, *SAMPLING, *ENDING, "messages", "n", "logprobs", "top_logprobs", "max_tokens", "max_completion_tokens",
        "response_format", "parallel_tool_calls", "reasoning_effort", "thinking_token_budget",
        "include_reasoning", "chat_template_kwargs", "add_generation_prompt", "continue_final_message",
        "truncate_prompt_tokens", "stream_options",
    },
    "/v1/completions": {
        *SAMPLING, *ENDING, "prompt", "n", "echo", "logprobs", "max_tokens", "suffix", "response_format",
        "truncate_prompt_tokens", "stream_options",
    },
    "/v1/responses": {
        *TOOLS, *SAMPLING, "input", "instructions", "include", "max_output_tokens", "max_tool_calls",
        "parallel_tool_calls", "reasoning", "text", "top_logprobs", "truncation", "include_reasoning", "background",
        "previous_response_id", "conversation", "prompt", "metadata",
    },
    "/v1/messages": {
        *TOOLS, *SAMPLING, "messages", "system", "max_tokens", "stop_sequences", "thinking", "output_config",
        "chat_template_kwargs",
    },
    "/v1/messages/count_tokens": {*TOOLS, "messages", "system", "thinking", "output_config", "chat_template_kwargs"},
}  # fmt: skip

# Field -> its least and its most, where it is a whole number
COUNTS: dict[str, tuple[int, int]] = {
    "n": (1, plan.CONCURRENCY),
    "top_logprobs": (0, MOST_TOP_LOGPROBS),
    "min_tokens": (0, plan.CONTEXT_LEN),
    "top_k": (-1, 2**31 - 1),
    "truncate_prompt_tokens": (-1, plan.CONTEXT_LEN),
    "thinking_token_budget": (-1, plan.CONTEXT_LEN),
    "seed": (-(2**63), 2**63 - 1),
    "max_tokens": (1, plan.MAX_ANSWER_TOKENS),
    "max_completion_tokens": (1, plan.MAX_ANSWER_TOKENS),
    "max_output_tokens": (1, plan.MAX_ANSWER_TOKENS),
}
ANSWER_TOKENS = ("max_tokens", "max_completion_tokens", "max_output_tokens")
REALS = ("temperature", "top_p", "min_p", "repetition_penalty", "frequency_penalty", "presence_penalty")


def parse(path: str, body: bytes) -> Request:
    """Return the request to a route for vLLM, without what asks for nothing.

    RefusedRequest where it is no JSON object or exceeds a limit.
    """
    request = with_fields(path, read(body), FIELDS[path], NEUTRAL, INSTEAD)
    try:
        if "tool_choice" in request:
            request = rewriting.of_tool_choice(request)
        for check in CHECKS[path]:
            check(request)
    except images.RefusedImage as refused:
        raise RefusedRequest(str(refused)) from None
    return rewriting.of_response(request) if path == "/v1/responses" else request


def for_model(path: str, request: Request, state: Any) -> Request:
    """Return a request as the model takes it that vLLM runs; `state` is that of vLLM's application."""
    if path in SYSTEM and state.anthropic_serving_messages._merge_inline_system:  # vLLM looked at the template
        return rewriting.with_system_first(request)
    return request


def _check_numbers(request: Request) -> None:
    """Raise RefusedRequest for a number out of its bounds, and a longer answer than MAX_ANSWER_TOKENS."""
    for name in ANSWER_TOKENS:
        value = request.get(name)
        if isinstance(value, int | float) and value > plan.MAX_ANSWER_TOKENS:
            raise RefusedRequest(
                f"{name} is {shown(value)}, and an answer may have at most {plan.MAX_ANSWER_TOKENS} tokens"
            )
    check_numbers(request, COUNTS, REALS)


def _check_stops(request: Request) -> None:
    for name in ("stop", "stop_sequences"):
        stops = request.get(name) or []
        texts = stops if isinstance(stops, list) else [stops]
        if not all(isinstance(text, str) for text in texts):
            raise RefusedRequest(f"{name} must be a text or a list of texts")
        if len(texts) > MOST_STOPS or any(len(text) > STOP_CHARS for text in texts):
            raise RefusedRequest(f"{name} holds at most {MOST_STOPS} texts of at most {STOP_CHARS} characters")
    ids = request.get("stop_token_ids") or []
    if not isinstance(ids, list) or len(ids) > MOST_STOP_IDS:
        raise RefusedRequest(f"stop_token_ids is a list of at most {MOST_STOP_IDS} token ids")
    biases = request.get("logit_bias") or {}
    if not isinstance(biases, dict) or len(biases) > MOST_BIASES:
        raise RefusedRequest(f"logit_bias is an object of at most {MOST_BIASES} entries")
    if not all(isinstance(bias, int | float) and abs(bias) <= MOST_BIAS for bias in biases.values()):
        raise RefusedRequest(f"logit_bias holds numbers of {-MOST_BIAS} to {MOST_BIAS}")


def _check_prompts(request: Request) -> None:
    """Raise RefusedRequest where prompts x answers exceed what runs at once, and for logprobs that are not served."""
    prompt, answers = request.get("prompt"), request.get("n") or 1
    count = len(prompt) if isinstance(prompt, list) and prompt and not isinstance(prompt[0], int) else 1
    if count * answers > plan.CONCURRENCY:
        raise RefusedRequest(
            f"{count} prompts x {answers:g} answers are more than the {plan.CONCURRENCY} that run at once; send fewer"
        )
    logprobs = request.get("logprobs")
    if logprobs is not None and (
        isinstance(logprobs, bool) or not isinstance(logprobs, int) or not 0 <= logprobs <= MOST_TOP_LOGPROBS
    ):
        raise RefusedRequest(f"logprobs must be a whole number of 0 to {MOST_TOP_LOGPROBS}, not {shown(logprobs)}")
    if request.get("echo") and logprobs is not None:
        raise RefusedRequest(
            "echo with logprobs computes them for the whole prompt, which is not served; leave one out"
        )


COMMON_CHECKS = (_check_numbers, _check_stops)
CHAT_CHECKS = (*COMMON_CHECKS, conversations.check_messages, conversations.check_tools)
CHECKS: dict[str, tuple[Callable[[Request], None], ...]] = {
    "/v1/chat/completions": (*CHAT_CHECKS, roles.check_chat, grammars.check),
    "/v1/completions": (*COMMON_CHECKS, _check_prompts, grammars.check),
    "/v1/responses": (
        *COMMON_CHECKS,
        conversations.check_input,
        conversations.check_tools,
        roles.check_items,
        grammars.check,
    ),
    "/v1/messages": (*CHAT_CHECKS, roles.check_messages, grammars.check),
    "/v1/messages/count_tokens": (conversations.check_messages, conversations.check_tools, roles.check_messages),
}
