"""Record a bake at a terminal, Enter to every prompt, as docs/bake.svg. Linux and macOS.

python scripts/record_bake.py
"""

from __future__ import annotations

import os
import pty
import re
import sys
import tempfile
from html import escape
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PICTURE = ROOT / "docs" / "bake.svg"
COMMAND = "cookiecutter ."  # in a clone
COLUMNS, ROWS, LINE, MARGIN = 126, 24, 17, 14  # characters, lines; pixels of a line and around the text
SECONDS, LAST_SECONDS = 0.9, 8.0  # a prompt stays, and the plan
NO_BREAK = "\u00a0"  # browsers keep these, and collapse spaces
ESCAPE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")

QUESTION = re.compile(r"\w.*\([^\n]*\): ?\Z", re.DOTALL)  # ends with the default in brackets


def record() -> list[list[str]]:
    """The lines on the terminal at each moment that waits for a person, and at the end."""
    with tempfile.TemporaryDirectory() as folder:
        process, terminal = pty.fork()
        if process == 0:
            os.environ |= {"COLUMNS": str(COLUMNS - 10), "LINES": str(ROWS), "TERM": "dumb"}
            words = [sys.executable, "-m", "cookiecutter", str(ROOT), "--default-config", "-o", folder]
            os.execv(sys.executable, words)
        said, answered, moments = "", 0, []
        while more := read(terminal):
            said += more
            if QUESTION.search(ESCAPE.sub("", said[answered:])):
                moments.append(lines(said))
                answered = len(said)
                os.write(terminal, b"\n")
        if os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]) != 0:
            sys.exit(f"the bake failed:\n{said}")
    return [*moments, lines(said)]


def read(terminal: int) -> str:
    """Return the next output, "" at the end."""
    try:
        return os.read(terminal, 65536).decode("utf-8", "replace")
    except OSError:  # how Linux reports that the other side is closed
        return ""


def lines(said: str) -> list[str]:
    plain = ESCAPE.sub("", said).replace("\r\n", "\n").rstrip("\n")
    return [f"$ {COMMAND}", *(line.rstrip() for line in plain.split("\n"))]


def svg(moments: list[list[str]]) -> str:
    """All lines as one text that moves up behind a window of ROWS lines; still, it shows the end."""
    shifts = [(ROWS - len(moment)) * LINE for moment in moments]
    total = SECONDS * (len(moments) - 1) + LAST_SECONDS
    times = [n * SECONDS / total for n in range(len(moments))]
    width, height = COLUMNS * 7.3 + 2 * MARGIN, ROWS * LINE + 2 * MARGIN
    text = "\n".join(
        f'<text x="{MARGIN}" y="{n * LINE - 4}">{escape(line).replace(" ", NO_BREAK)}</text>'
        for n, line in enumerate(moments[-1], 1)
    )
    return f"""<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height}" role="img">
<title>A bake, with Enter to every prompt</title>
<rect width="100%" height="100%" rx="6" fill="#1e1e1e"/>
<svg y="{MARGIN}" height="{ROWS * LINE}">
<g transform="translate(0 {shifts[-1]})" fill="#e6e6e6" font-family="monospace" font-size="12">
<animateTransform attributeName="transform" type="translate" calcMode="discrete" dur="{total:.1f}s" \
repeatCount="indefinite" values="{";".join(f"0 {shift}" for shift in shifts)}" \
keyTimes="{";".join(f"{time:.4f}" for time in times)}"/>
{text}
</g>
</svg>
</svg>
"""


if __name__ == "__main__":
    PICTURE.write_text(svg(record()), encoding="utf-8", newline="\n")
