"""A text, or two, with a class as an example: the text and the number of its class."""

import re
import unicodedata
from collections.abc import Collection, Iterable
from contextlib import suppress
from typing import Any

import datasets
from transformers import PreTrainedTokenizerBase

from ..rows.messages import from_json, text_of
from ..rows.records import quoted
from ..run.reply import UserError
from .columns import Format
from .examples import TEXT, Parser, Row, is_missing, optional_text, refuse_other_columns
from .load import Rows

NUMBER = r"[+-]?\d*\.?\d+"


def label_parser(rows: Rows, found: Format, tokenizer: PreTrainedTokenizerBase, labels: tuple[str, ...]) -> Parser:
    """A pair of texts stays one for a tokenizer with a separator, and is joined by a line break for any other."""
    columns = found.columns
    names, numbers = class_numbers(rows, columns, labels)
    pair = "text_pair" in columns
    separate = pair and tokenizer.sep_token is not None

    def parse(row: Row) -> Row | None:
        refuse_other_columns(row, [columns["text"], columns["label"]])
        text, other = optional_text(row, columns["text"]), optional_text(row, columns.get("text_pair"))
        label = class_of(row.get(columns["label"]))
        if label is None or not text.strip() or (pair and not other.strip()):
            return None
        example = {"text": text, "text_pair": other} if separate else {"text": f"{text}\n{other}" if pair else text}
        return example | {"label": numbers[label]}

    texts = {"text": TEXT, "text_pair": TEXT} if separate else {"text": TEXT}
    notes = ("the tokenizer has no separator: the texts of a pair are joined by a line break",)
    joined = notes if pair and not separate else ()
    said = (*joined, *alike_note(names), *joined_note(names))
    return Parser(parse, datasets.Features({**texts, "label": datasets.Value("int64")}), said, names)


def alike_note(names: Iterable[str]) -> tuple[str, ...]:
    """Return a note where two names of classes are likely one class in two spellings."""
    for same, what in ((str.lower, "differ in case only"), (number_of, "are one number"), (folded, "are spelt alike")):
        seen: dict[str, str] = {}
        alike = next(((other, name) for name in names if (other := seen.setdefault(same(name), name)) != name), None)
        if alike:
            return (f"the labels {quoted(alike)} {what}, and are classes of their own",)
    return ()


def number_of(name: str) -> str:
    """Return a number without its spelling, as of 1, 1.0 and 01; any other name as it is."""
    return str(float(name)) if re.fullmatch(NUMBER, name) else name


def folded(name: str) -> str:
    """Return a name without case, in one normal form, with one blank for all that separates words."""
    return re.sub(r"(?<=\w)[\s_-]+(?=\w)", " ", unicodedata.normalize("NFKC", name).casefold())


def joined_note(occur: Collection[str]) -> tuple[str, ...]:
    """Return a note where a label is several others in one text, as "a|b" is where "a" and "b" are labels too."""
    for name in sorted(occur):
        parts = [part.strip(" '\"") for part in re.split(r"[|,;/+]", name.strip("[]"))]
        if len(parts) > 1 and all(part in occur or f"['{part}']" in occur for part in parts):
            return (f"the label {name!r} is several others in one, and is learnt as a class of its own",)
    return ()


def class_of(value: Any) -> str | None:
    """Return the name of a label: of a number or true and false as JSON writes it. None for a missing one.

    A list of one label, as annotation tools write it, is that label, and so is such a list as JSON or Python prints it.
    """
    if isinstance(value, str) and value.lstrip().startswith("["):
        with suppress(ValueError):
            value = from_json(value, "a list of labels")
    if isinstance(value, list) and len(value) < 2:
        value = next(iter(value), None)
    if is_missing(value) or (isinstance(value, str) and not value.strip()):
        return None
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    try:
        return text_of(value).strip()
    except ValueError as error:
        raise UserError(f"the label {error}: a row has one class here, a text or a whole number") from None


def class_numbers(
    rows: Rows, columns: dict[str, str], named: tuple[str, ...]
) -> tuple[tuple[str, ...], dict[str, int]]:
    """Return the names of the classes by number, and label -> number for every label that occurs beside a text.

    `named` is LABELS: the names, or what the numbers 0, 1, 2 of the dataset are called.
    """
    column, texts = columns["label"], [name for role, name in columns.items() if role != "label"]
    filled = (row for row in rows.read() if all(not is_missing(row.get(name)) and row[name] != "" for name in texts))
    labels = [label for row in filled if (label := class_of(row.get(column))) is not None]
    occur = set(labels)
    check_classes(column, occur, len(labels))
    names, source = named or rows.classes.get(column, ()), "LABELS names" if named else "the dataset names"
    numbers = {label: float(label) for label in occur if re.fullmatch(NUMBER, label)}
    if not names:
        if fraction := next((label for label, number in sorted(numbers.items()) if number % 1), None):
            raise UserError(f"the label {fraction} is no whole number and no name: set LABELS where it is a class")
        all_numbers = len(numbers) == len(occur)  # of which two spellings may be equal: the order is that of names then
        names = tuple(sorted(occur, key=lambda label: (numbers[label] if all_numbers else 0.0, label)))
    by_name = {name: number for number, name in enumerate(names)}
    if occur <= by_name.keys():
        return names, by_name
    if len(numbers) == len(occur):  # places in the list of names
        wrong = next((label for label in labels if numbers[label] not in range(len(names))), None)
        if wrong is not None:
            raise UserError(f"the label {wrong} is out of range: {source} {len(names)} classes, 0 to {len(names) - 1}")
        return names, {label: int(number) for label, number in numbers.items()}
    wrong = next(label for label in labels if label not in by_name)
    raise UserError(f"the label {wrong!r} is not in LABELS: {quoted(names)}")


def check_classes(column: str, occur: Iterable[str], rows: int) -> None:
    found = len(set(occur))
    if rows and found < 2:
        raise UserError("all rows have the same label: there is nothing to tell apart")
    if rows > 20 and found > rows // 2:
        raise UserError(f"{column!r} has {found:,} different values in {rows:,} rows: is it the right column?")
