"""The commands in a Markdown file, each with its place and the output shown below it.

A command stands after `$ ` in a console block, is a line of a bash, sh or shell block, a line of an indented block that
begins with one of PROGRAMS, or an inline code span that begins with one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

# What a command begins with; `batch` and `tune` are aliases in two generated READMEs
PROGRAMS = set(
    "make modal python python3 pip uv uvx cookiecutter cruft gpu-plan hf curl git cd export alias . batch tune".split()
)
ALONE = {"make"}  # the only command that is one word; `modal` or `cruft` alone are names
SHELLS = {"bash", "sh", "shell"}
FENCE = re.compile(r"^( {0,3})(```+|~~~+)\s*(\w*)")
SPAN = re.compile(r"(?<!`)(`+)(?!`)(.+?)(?<!`)\1(?!`)", re.DOTALL)
COMMENT = re.compile(r"\s{2,}# .*$")  # beside a command
SET = re.compile(r"^(?:[A-Z_]+=\S+\s+)+")  # an environment variable before a command
KEPT = re.compile(r"^[A-Z_]+=\$\(\w+ ")  # a shell variable that a command fills


@dataclass(frozen=True)
class Command:
    """One command of a document: its text on one line, where it stands, and the lines it is shown to print."""

    text: str
    file: str
    line: int
    prints: tuple[str, ...] = ()

    @property
    def where(self) -> str:
        return f"{self.file}:{self.line}"

    @property
    def program(self) -> str:
        """The word that is run, without the folder it lies in."""
        return SET.sub("", self.text).split()[0].rpartition("/")[2] if self.text != "." else "."


def commands(text: str, file: str) -> list[Command]:
    """All commands of a Markdown text, in order."""
    found: list[Command] = []
    prose: list[tuple[int, str]] = []  # lines outside blocks
    lines = text.split("\n")
    number = 0
    while number < len(lines):
        line = lines[number]
        if fence := FENCE.match(line):
            end = next(n for n in range(number + 1, len(lines)) if lines[n].strip().startswith(fence[2]))
            block = [(n, lines[n]) for n in range(number + 1, end)]
            if fence[3] == "console":
                found += shown(block, file)
            elif fence[3] in SHELLS:
                found += typed(block, file, every=True)
            prose.append((number, ""))
            number = end + 1
        elif line.startswith("    ") and begins_block(lines, number):
            end = number
            while end < len(lines) and (lines[end].startswith("    ") or not lines[end].strip()):
                end += 1
            found += typed([(n, lines[n][4:]) for n in range(number, end)], file, every=False)
            prose.append((number, ""))
            number = end
        else:
            prose.append((number, line))
            number += 1
    return sorted(found + spans(prose, file), key=lambda one: one.line)


def begins_block(lines: list[str], number: int) -> bool:
    """Whether an indented line is code: it follows an empty line, and is no part of a list."""
    before = [line for line in lines[:number] if line.strip()]
    return number > 0 and not lines[number - 1].strip() and not (before and re.match(r"\s*([-*]|\d+\.) ", before[-1]))


def shown(block: list[tuple[int, str]], file: str) -> list[Command]:
    """A terminal: commands after a prompt, and below each what it prints."""
    found: list[Command] = []
    for number, line in block:
        if line.startswith("$ "):
            found.append(Command(plain(line[2:]), file, number + 1))
        elif found:
            last = found.pop()
            found.append(Command(last.text, file, last.line, (*last.prints, line)))
    return found


def typed(block: list[tuple[int, str]], file: str, every: bool) -> list[Command]:
    """The lines of a block that are commands; a backslash joins the next line to one."""
    found, begun = [], None
    for number, line in block:
        first, joined = begun if begun else (number, "")
        joined += line.strip()
        if joined.endswith("\\"):
            begun = first, joined[:-1]
            continue
        begun = None
        text = plain(joined)
        if text and not text.startswith("#") and (every or is_command(text, block=True)):
            found.append(Command(text, file, first + 1))
    return found


def spans(prose: list[tuple[int, str]], file: str) -> list[Command]:
    """The inline code that is a command; a span may go on in the next line of its paragraph."""
    found, paragraph = [], list[tuple[int, str]]()
    for number, line in [*prose, (len(prose), "")]:
        if line.strip():
            paragraph.append((number, line))
            continue
        text = "\n".join(line for _, line in paragraph)
        for span in SPAN.finditer(text):
            inside = " ".join(span[2].split())
            if is_command(inside):
                first = paragraph[text.count("\n", 0, span.start())][0]
                found.append(Command(plain(inside), file, first + 1))
        paragraph = []
    return found


def is_command(text: str, block: bool = False) -> bool:
    """Whether a text begins with a program and goes on, or is one that is a command alone."""
    words = SET.sub("", text).split()
    if not words or KEPT.match(text):
        return bool(words) and block
    program = words[0].removeprefix(".venv/bin/")
    if " = " in text and not block:
        return False
    return program in PROGRAMS and (len(words) > 1 or program in ALONE)


def plain(text: str) -> str:
    """A command without the remark beside it, its spaces single outside quotes as they are."""
    return COMMENT.sub("", text).strip()


def of_file(path: Path, name: str = "") -> list[Command]:
    return commands(path.read_text(encoding="utf-8"), name or path.name)
