"""A pair of answers as an example: the prompt, and a chosen and a rejected answer to it."""

from typing import Any

import datasets
from transformers import PreTrainedTokenizerBase

from .columns import Format
from .examples import (
    CHAT,
    TEXT,
    Parser,
    Row,
    call_notes,
    has_content,
    is_missing,
    messages_in,
    optional_text,
    read_chat,
    read_tools,
    refuse_other_columns,
    refuse_within,
    template_knows_calls,
    whole_prompt,
)
from .load import Rows

Turns = list[dict[str, Any]]


def pair_parser(rows: Rows, found: Format, tokenizer: PreTrainedTokenizerBase) -> Parser:
    """Answers that are chats may hold the prompt themselves; texts without a prompt share their beginning.

    Texts with a prompt are a question and its answers where the model has a chat template, unless the prompt is
    written in that template already. Rows whose two answers are alike teach nothing, and count as empty.
    """
    columns, knows_calls = found.columns, template_knows_calls(tokenizer)
    asked, both = columns.get("prompt", ""), (columns["chosen"], columns["rejected"])
    needed = (asked, *both) if asked else both
    first: Row = next((row for row in rows.read() if not any(is_missing(row.get(name)) for name in needed)), {})
    lists = any(messages_in(first.get(name)) for name in needed)
    rendered = any(token in str(first.get(asked)) for token in tokenizer.all_special_tokens if token)
    as_chat = lists or bool(asked and tokenizer.chat_template and not rendered)
    tools = {"tools": CHAT} if "tools" in columns and as_chat else {}
    separator = "\n\n" if found.is_question else ""

    def turns(row: Row, column: str, role: str) -> Turns:
        value = row.get(column)
        refuse_within(row, column)
        if written := messages_in(value):
            if not lists:
                raise ValueError(f"has messages in {column!r}, and the first row has texts")
            return read_chat(written, knows_calls)
        text = "" if value == [] else optional_text(row, column)
        return [{"role": role, "content": text}] if text.strip() else []

    def parse(row: Row) -> Row | None:
        refuse_other_columns(row, needed)
        if any(is_missing(row.get(name)) for name in needed):
            return None
        prompt: Turns | str
        chosen: Turns | str
        rejected: Turns | str
        if as_chat:
            answers = turns(row, both[0], "assistant"), turns(row, both[1], "assistant")
            prompt, chosen, rejected = split_turns(turns(row, asked, "user") if asked else [], *answers)
        else:
            chosen, rejected = (optional_text(row, name) for name in both)
            prompt = optional_text(row, asked) if asked else shared_text(chosen, rejected)
            if not asked:
                chosen, rejected = chosen[len(prompt) :], rejected[len(prompt) :]
        if chosen == rejected or not (has_content(chosen) and has_content(rejected)):
            return None
        if as_chat and not prompt:
            raise ValueError("has two answers and no prompt")
        called = {"tools": read_tools(row.get(columns["tools"]))} if tools else {}
        whole = whole_prompt(row, columns, prompt, separator)
        return {"prompt": whole, "chosen": chosen, "rejected": rejected} | called

    kind = CHAT if as_chat else TEXT
    notes = call_notes(rows, both, knows_calls) if lists else ()
    if not lists and (as_chat or not asked):
        said = "each row is learnt as a chat: a question and two answers"
        notes = (said if as_chat else "the prompt is what both texts begin with",)
    return Parser(parse, datasets.Features({"prompt": kind, "chosen": kind, "rejected": kind, **tools}), notes)


def split_turns(prompt: Turns, chosen: Turns, rejected: Turns) -> tuple[Turns, Turns, Turns]:
    """Return the prompt and two answers, where both answers may begin with the prompt. ValueError for other chats."""
    if chosen and rejected and chosen[0]["role"] != "assistant":
        alike = [ours == theirs for ours, theirs in zip(chosen, rejected, strict=False)]
        shared = alike.index(False) if False in alike else len(alike)
        own = chosen[:shared]
        if not own:
            raise ValueError("has two answers that begin with different prompts")
        if any(turn["role"] != "system" and not says(own, turn) for turn in prompt):
            raise ValueError("has a prompt with which its answers do not begin")
        prompt, chosen, rejected = own, chosen[shared:], rejected[shared:]
    for turn in (*chosen, *rejected):
        if turn["role"] != "assistant":
            raise ValueError(f"has a {turn['role']!r} message after its answers part: only the last may differ")
    return prompt, chosen, rejected


def says(chat: Turns, turn: dict[str, Any]) -> bool:
    """Whether a chat holds a message."""
    words = (turn["role"], turn["content"].strip())
    return any((one["role"], one["content"].strip()) == words for one in chat)


def shared_text(chosen: str, rejected: str) -> str:
    """Return what two texts begin with, whole words; "" where one of them would be left without an answer."""
    end = 0  # after the last blank before they differ
    for place, (ours, theirs) in enumerate(zip(chosen, rejected, strict=False), 1):
        if ours != theirs:
            break
        end = place if ours.isspace() else end
    return chosen[:end] if chosen[end:].strip() and rejected[end:].strip() else ""
