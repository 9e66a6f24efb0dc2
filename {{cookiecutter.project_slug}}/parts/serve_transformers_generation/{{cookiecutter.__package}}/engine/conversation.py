"""The tokens of a conversation, as the model's chat template writes it."""

from collections.abc import Sequence
from typing import Any

from jinja2 import TemplateError

from .errors import InvalidRequest, check_characters

Message = dict[str, str]  # {"role": "user", "content": "..."}


def tokens(tokenizer: Any, messages: Sequence[Message]) -> list[int]:
    """Return the tokens of a conversation up to the beginning of the answer.

    System messages go into the first where the template takes no later ones, as in vLLM. InvalidRequest where it does
    not take these either.
    """
    chat = [dict(message) for message in messages]
    for message in chat:
        check_characters(message["content"])
        if message["role"] == "developer" and "developer" not in tokenizer.chat_template:
            message["role"] = "system"  # OpenAI's new name for it, which many templates drop without a word
    try:
        return _render(tokenizer, chat)
    except TemplateError as error:  # such as roles that do not alternate
        first = with_system_first(chat)
        if first == chat:
            raise _refusal(error) from None
    try:
        return _render(tokenizer, first)
    except TemplateError as error:
        raise _refusal(error) from None


def with_system_first(chat: list[Message]) -> list[Message]:
    """Return the messages with the texts of all system messages in one, at the beginning."""
    system = [message["content"] for message in chat if message["role"] == "system"]
    others = [message for message in chat if message["role"] != "system"]
    return [{"role": "system", "content": "\n\n".join(system)}, *others] if system else chat


def _render(tokenizer: Any, chat: list[Message]) -> list[int]:
    return tokenizer.apply_chat_template(chat, add_generation_prompt=True, return_dict=True)["input_ids"]


def _refusal(error: TemplateError) -> InvalidRequest:
    return InvalidRequest(f"the model's chat template does not take these messages: {error}")
