"""The limits on a request: the fields of each route and the limits of plan.py, each with its sentence of refusal."""

import codecs
import json
import math
import re
from collections.abc import Callable

from .. import plan
from . import conversations, grammars, images, rewriting, roles
from .neutral import without_neutral
from .refusal import MOST_DEPTH, RefusedRequest, Request, check_depth, is_one_of, shown

MOST_STOPS, STOP_CHARS = 4, 256  # stop strings, as vLLM and OpenAI have it, and characters of each
MOST_STOP_IDS = 64
MOST_TOP_LOGPROBS = 20  # vLLM's own --max-logprobs
MOST_BIASES, MOST_BIAS = 300, 100  # entries of logit_bias, as OpenAI has it, and the size of each
MOST_DIGITS = 300  # of a whole number; more than the largest float has
SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")  # half a character, which no tokenizer can encode

# Fields that are not served -> values at which they ask for nothing
NEUTRAL: dict[str, tuple] = {
    "best_of": (1,), "functions": ([],), "function_call": ("none", "auto"), "verbosity": ("medium",),
    "speed": ("standard",), "mcp_servers": ([],), "modalities": (["text"],), "suffix": ("",),
}  # fmt: skip
INSTEAD = {"functions": "send tools", "function_call": "send tool_choice", "best_of": "send n"}
COMMON = {"model", "stream"}
SAMPLING = {
    "temperature", "top_p", "top_k", "min_p", "repetition_penalty", "frequency_penalty", "presence_penalty", "seed",
    "logit_bias",
}  # fmt: skip
ENDING = {"stop", "stop_token_ids", "include_stop_str_in_output", "ignore_eos", "min_tokens", "skip_special_tokens"}
TOOLS = {"tools", "tool_choice"}
PAIR_FIELDS = {"truncate_prompt_tokens", "max_tokens_per_query", "max_tokens_per_doc"}

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
    "/v1/embeddings": {"input", "encoding_format", "dimensions", "truncate_prompt_tokens"},
    "/classify": {"input", "truncate_prompt_tokens"},
    "/score": {"queries", "documents", "text_1", "text_2", *PAIR_FIELDS},
    "/rerank": {"query", "documents", "top_n", *PAIR_FIELDS},
}  # fmt: skip

# Field -> its least and its most, where it is a whole number
COUNTS: dict[str, tuple[int, int]] = {
    "n": (1, plan.CONCURRENCY),
    "top_logprobs": (0, MOST_TOP_LOGPROBS),
    "min_tokens": (0, plan.CONTEXT_LEN),
    "top_k": (-1, 2**31 - 1),
    "truncate_prompt_tokens": (-1, plan.CONTEXT_LEN),
    "thinking_token_budget": (-1, plan.CONTEXT_LEN),
    "dimensions": (1, 2**31 - 1),
    "top_n": (0, 2**31 - 1),
    "max_tokens_per_query": (0, plan.CONTEXT_LEN),
    "max_tokens_per_doc": (0, plan.CONTEXT_LEN),
    "seed": (-(2**63), 2**63 - 1),
}
ANSWER_TOKENS = ("max_tokens", "max_completion_tokens", "max_output_tokens")
REALS = ("temperature", "top_p", "min_p", "repetition_penalty", "frequency_penalty", "presence_penalty")


def parse(path: str, body: bytes) -> Request:
    """Return the request to a route for vLLM, without what asks for nothing.

    RefusedRequest where it is no JSON object or exceeds a limit.
    """
    try:
        text = body.removeprefix(codecs.BOM_UTF8).decode()
        request = json.loads(text, parse_constant=_refuse_constant, parse_int=_parse_int, parse_float=_parse_float)
    except RecursionError:
        raise RefusedRequest(f"the request is nested too deep; {MOST_DEPTH} levels are read") from None
    except ValueError as error:
        raise RefusedRequest(f"the request is not JSON: {error}") from None
    if not isinstance(request, dict):
        raise RefusedRequest('the request must be a JSON object, such as {"model": ...}')
    check_depth(request)
    if SURROGATE.search(body):
        _check_characters(request)
    allowed = FIELDS[path] | COMMON
    request = without_neutral(request, NEUTRAL, allowed)
    for name in request:
        if name not in allowed:
            raise RefusedRequest(f"{path} takes no {shown(name)} here; {INSTEAD.get(name, 'leave it out')}")
    try:
        if "tool_choice" in request:
            request = rewriting.of_tool_choice(request)
        for check in CHECKS[path]:
            check(request)
    except images.RefusedImage as refused:
        raise RefusedRequest(str(refused)) from None
    return rewriting.of_response(request) if path == "/v1/responses" else request


def _parse_int(digits: str) -> int:
    if len(digits) > MOST_DIGITS:
        raise RefusedRequest(f"the request holds a number of {len(digits)} digits; {MOST_DIGITS} are read")
    return int(digits)


def _parse_float(digits: str) -> float:
    if math.isinf(value := float(digits)):
        raise RefusedRequest(f"the request holds {digits[:20]}, which is larger than a number can be")
    return value


def _refuse_constant(text: str) -> float:
    raise RefusedRequest(f"the request holds {text}, which is no JSON number")


def _check_characters(request: Request) -> None:
    try:
        json.dumps(request, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise RefusedRequest("the request holds half of a surrogate pair, which is no character") from None


def _check_numbers(request: Request) -> None:
    """Raise RefusedRequest for a number out of its bounds, or a text such as "16000", which vLLM would take as one."""
    answer = (1, plan.MAX_ANSWER_TOKENS) if plan.WORKLOAD == "generation" else (1, 1)
    for name, (least, most) in {**COUNTS, **dict.fromkeys(ANSWER_TOKENS, answer)}.items():
        value = request.get(name)
        if value is None:
            continue
        if isinstance(value, bool) or not isinstance(value, int | float) or value != value // 1:
            raise RefusedRequest(f"{name} must be a whole number, not {shown(value)}")
        if not least <= value <= most:
            what = "an answer may have at most" if name in ANSWER_TOKENS else f"it must be {least} to"
            raise RefusedRequest(f"{name} is {shown(value)}, and {what} {most}{' tokens' * (name in ANSWER_TOKENS)}")
    for name in REALS:
        value = request.get(name)
        if value is not None and (isinstance(value, bool) or not isinstance(value, int | float) or abs(value) > 1e6):
            raise RefusedRequest(f"{name} must be a number, not {shown(value)}")
    if not isinstance(request.get("stream", False), bool):
        raise RefusedRequest(f"stream must be true or false, not {shown(request['stream'])}")


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


def _check_texts(request: Request) -> None:
    texts = request.get("input")
    if plan.WORKLOAD == "generation" or not isinstance(texts, list):
        return
    if len(texts) > plan.MAX_TEXTS and not isinstance(texts[0], int):  # not one text's ids
        raise RefusedRequest(f"{len(texts)} texts are in the request, and at most {plan.MAX_TEXTS} may be")


def _check_encoding(request: Request) -> None:
    encoding = request.get("encoding_format", "float")
    if not is_one_of(encoding, {"float", "base64"}):  # vLLM has more, which are no JSON
        raise RefusedRequest(f"encoding_format must be float or base64, not {shown(encoding)}")


def _check_pairs(request: Request) -> None:
    """Raise RefusedRequest for more than MAX_TEXTS in a query, documents or pairs, and for anything but texts."""
    if plan.WORKLOAD == "generation":
        return
    for name in ("query", "queries", "documents", "text_1", "text_2"):
        texts = request.get(name, [])
        if isinstance(texts, str):
            continue
        if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
            raise RefusedRequest(f"{name} must be a text or a list of texts")
        if len(texts) > plan.MAX_TEXTS:
            raise RefusedRequest(f"{len(texts)} texts are in {name}, and at most {plan.MAX_TEXTS} may be")


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
    "/v1/embeddings": (_check_numbers, _check_texts, _check_encoding),
    "/classify": (_check_numbers, _check_texts),
    "/score": (_check_numbers, _check_pairs),
    "/rerank": (_check_numbers, _check_pairs),
}
for route, others in (("/score", ("/v1/score",)), ("/rerank", ("/v1/rerank", "/v2/rerank"))):  # Jina's and Cohere's
    FIELDS |= dict.fromkeys(others, FIELDS[route])
    CHECKS |= dict.fromkeys(others, CHECKS[route])
