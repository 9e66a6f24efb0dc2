"""Run the commands of the documents' terminal sessions, write their output there, and draw README's picture.

    python scripts/readme_sessions.py            write them
    python scripts/readme_sessions.py --check    exit status 1 where one of them shows something else

A session stands between `<!-- session -->` and `<!-- end -->` in README.md, docs/cookbook.md or docs/costs.md; its
first line is the command, run from a clone. The picture, docs/memory.svg, is the one that the default bake writes.
"""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
README, COOKBOOK, COSTS = ROOT / "README.md", ROOT / "docs" / "cookbook.md", ROOT / "docs" / "costs.md"
PAGES, PICTURE = (README, COOKBOOK, COSTS), ROOT / "docs" / "memory.svg"
SESSION = re.compile(r"(<!-- session -->\n```console\n\$ ([^\n]+)\n)(.*?)(```\n<!-- end -->)", re.DOTALL)


def main(arguments: list[str]) -> int:
    before = {page: page.read_text(encoding="utf-8") for page in PAGES}
    after = {
        page: SESSION.sub(lambda found: f"{found[1]}{run(found[2])}{found[4]}", text) for page, text in before.items()
    }
    drawn = picture()
    if "--check" in arguments:
        changed = [page.relative_to(ROOT).as_posix() for page in PAGES if before[page] != after[page]]
        changed += ["docs/memory.svg"] if PICTURE.read_bytes() != drawn else []
        for name in changed:
            print(f"{name} shows something else: run `python scripts/readme_sessions.py`")
        return int(bool(changed))
    for page, text in after.items():
        page.write_text(text, encoding="utf-8", newline="\n")
    PICTURE.write_bytes(drawn)
    return 0


def picture() -> bytes:
    """memory.svg of the default bake."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "cookiecutter", str(ROOT), "--no-input", "--default-config", "-o", folder]
        subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
        return (Path(folder) / "my-llm" / "memory.svg").read_bytes()


def run(command: str) -> str:
    """Return the output of a command, both streams, without the traceback that cookiecutter adds to a refusal."""
    words = shlex.split(command)
    with tempfile.TemporaryDirectory() as folder:
        if words[0] == "cookiecutter":
            words = [sys.executable, "-m", "cookiecutter", *words[1:], "--default-config", "-o", folder]
        else:
            words[0] = sys.executable
        done = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=ROOT, check=False)
    shown = [line for line in done.stdout.splitlines() if not line.startswith(("Traceback", "  ", "cookiecutter."))]
    kept = done.stdout.splitlines() if done.returncode == 0 else [line for line in shown if line.startswith("error: ")]
    if not kept:
        sys.exit(f"`{command}` says nothing to a person:\n{done.stdout}")
    return "".join(f"{line}\n" for line in kept)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
