"""The limits on conversations: messages and their parts, items of responses, calls of tools, and the tools."""

import json
from typing import Any

from .. import plan
from ..engine import images
from .refusal import MOST_DEPTH, RefusedRequest, Request, check_depth, is_one_of, shown

MOST_OPTIONS = 32  # of a chat template
MOST_TOOLS = 512  # more take over a second to parse; OpenAI takes 128
_TAKEN = "text and images" if images.MOST else "text alone"
TEXT_PARTS = {"text", "input_text", "output_text", "refusal", "thinking", "redacted_thinking", "reasoning"}
TEXTS = {"text": "text", "input_text": "text", "output_text": "text", "refusal": "refusal"}  # part -> its field
TOOL_PARTS = {"tool_use", "tool_result"}
ITEMS = {"message", "reasoning", "function_call", "function_call_output", "custom_tool_call", "custom_tool_call_output"}
# What apply_chat_template of transformers takes beside a template's own options
RESERVED_OPTIONS = {
    "self", "conversation", "messages", "tools", "documents", "chat_template", "add_generation_prompt",
    "continue_final_message", "tokenize", "padding", "truncation", "max_length", "return_tensors", "return_dict",
    "return_assistant_tokens_mask", "tokenizer_kwargs", "processor_kwargs", "model_config", "tokenizer",
}  # fmt: skip
CLIENT_TOOLS = {"function", "custom", "namespace"}  # the client runs them; all others would run on the server


def check_messages(request: Request) -> None:
    """Raise RefusedRequest for messages, their parts or template options that are not served."""
    messages = request.get("messages")
    if not isinstance(messages, list) or not all(isinstance(message, dict) for message in messages):
        raise RefusedRequest('messages must be a list of objects, such as [{"role": "user", "content": "Hello"}]')
    count = sum(_check_parts(message.get("content")) for message in messages)
    images.check_count(count + _check_parts(request.get("system")))
    options = request.get("chat_template_kwargs") or {}
    if not isinstance(options, dict) or any(isinstance(value, dict | list) for value in options.values()):
        raise RefusedRequest("chat_template_kwargs must be an object of plain values, such as enable_thinking: false")
    if len(options) > MOST_OPTIONS:
        raise RefusedRequest(f"chat_template_kwargs takes at most {MOST_OPTIONS} options")
    for name in options:
        if name in RESERVED_OPTIONS or not name.isidentifier():
            raise RefusedRequest(f"chat_template_kwargs takes no {shown(name)}; the model's own template is used")
    _check_calls(messages)


def _check_calls(messages: list[Request]) -> None:
    """Raise RefusedRequest for tool calls of earlier turns without a name, or with arguments that nest too deep."""
    for message in messages:
        calls = [] if message.get("tool_calls") is None else message["tool_calls"]
        if not isinstance(calls, list) or not all(isinstance(call, dict) for call in calls):
            raise RefusedRequest("tool_calls must be a list of objects")
        for call in calls:
            function = call.get("function") if call.get("type", "function") == "function" else {}
            if not isinstance(function, dict):
                raise RefusedRequest('a call in tool_calls needs a function, such as {"name": "f", "arguments": "{}"}')
            for name in ("name", "arguments"):
                if call.get("type", "function") == "function" and not isinstance(function.get(name), str):
                    raise RefusedRequest(
                        f"the {name} of a call in tool_calls must be a text, not {shown(function.get(name))}"
                    )
            _check_arguments(function.get("arguments"))


def _check_arguments(arguments: Any) -> None:
    try:
        check_depth({"arguments": json.loads(arguments) if isinstance(arguments, str) else arguments})
    except RecursionError:
        raise RefusedRequest(f"a call's arguments are nested too deep; {MOST_DEPTH} levels are read") from None
    except ValueError:
        return  # cut-off JSON; the template takes it as a text


def check_input(request: Request) -> None:
    """Raise RefusedRequest for items of the Responses API that are not read, and for responses to be stored."""
    for name in ("background", "previous_response_id", "conversation", "prompt"):
        if request.get(name):
            raise RefusedRequest(f"{name} needs stored responses, and this service stores none; send the whole input")
    items, count = request.get("input"), 0
    for item in items if isinstance(items, list) else []:
        if not isinstance(item, dict) or not is_one_of(item.get("type", "message"), ITEMS):
            kind = item.get("type") if isinstance(item, dict) else item
            raise RefusedRequest(f"input holds {shown(kind)}; this service reads {', '.join(sorted(ITEMS))}")
        _check_arguments(item.get("arguments"))
        count += _check_parts(item.get("content")) + _check_parts(item.get("output"))
    images.check_count(count)


def _check_parts(content: Any) -> int:
    """Return the number of images among the parts of a message; the others are text, or hold such parts."""
    count = 0
    for part in content if isinstance(content, list) else []:
        kind = part.get("type") if isinstance(part, dict) else "text" if isinstance(part, str) else None
        if not isinstance(kind, str):
            raise RefusedRequest(f"content of type {shown(kind)} is not read here; this service takes {_TAKEN}")
        if kind.removesuffix("_text") == "reasoning":
            kind = "reasoning"
        if kind in TOOL_PARTS:
            count += _check_parts(part.get("content"))
        elif kind in images.KINDS:
            images.check(part)
            count += 1
        elif kind not in TEXT_PARTS:
            raise RefusedRequest(f"content of type {shown(kind)} is not read here; this service takes {_TAKEN}")
        elif kind in TEXTS and isinstance(part, dict) and not isinstance(part.get(TEXTS[kind]), str):
            raise RefusedRequest(f"content of type {kind} needs a text in {TEXTS[kind]}")
    return count


def check_tools(request: Request) -> None:
    """Raise RefusedRequest for too many tools, tools that the server would run, and any without a parser."""
    tools, choice = request.get("tools"), request.get("tool_choice")
    if not tools and choice and (choice.get("type") if isinstance(choice, dict) else choice) not in ("auto", "none"):
        raise RefusedRequest(
            f"tool_choice is {shown(choice)}, and the request holds no tools; send them, or no tool_choice"
        )
    if not tools or plan.WORKLOAD != "generation":
        return
    if not plan.TOOL_CALL_PARSER:
        raise RefusedRequest(f"{plan.MODEL} calls no tools here; send no tools, or set TOOL_CALL_PARSER in plan.py")
    if isinstance(tools, list) and len(tools) > MOST_TOOLS:
        raise RefusedRequest(f"{len(tools)} tools are in the request, and at most {MOST_TOOLS} may be")
    for tool in tools if isinstance(tools, list) else [None]:
        if not isinstance(tool, dict) or not is_one_of(tool.get("type", "function"), CLIENT_TOOLS):
            kind = tool.get("type") if isinstance(tool, dict) else tool
            raise RefusedRequest(f"a tool of type {shown(kind)} would run on the server; send functions of your own")
