"""Versions of the template, as commits of a repository: what changes between two of them and is tagged."""

from __future__ import annotations

import re
import sys
from pathlib import Path

from bake import BODY, git, run

L40S_PRICE = re.compile(r'(\("L40S", +)[\d.]+')
SERVE_APP = Path(BODY.name, "parts", "serve_vllm", "{{cookiecutter.__package}}", "app.py")


def edit(path: Path, pattern: str, new: str) -> None:
    """Replace the one place of a file that matches."""
    text, count = re.subn(pattern, new, path.read_text(encoding="utf-8"), flags=re.MULTILINE)
    assert count == 1, f"{pattern} matches {count} times in {path}"
    path.write_text(text, encoding="utf-8", newline="\n")


def released(repository: Path, tag: str, usd_per_hour: str, fetch_hours: str = "4") -> str:
    """Commit and tag a version in which an L40S costs so much and the weights may take so many hours. Its commit.

    The hook is built from the changed planner, as `make hook` does.
    """
    edit(repository / "planner" / "gpus.py", L40S_PRICE.pattern, rf"\g<1>{usd_per_hour}")
    edit(repository / SERVE_APP, r"timeout=\d+ \* HOURS", f"timeout={fetch_hours} * HOURS")
    run(sys.executable, "-B", "scripts/build_hook.py", cwd=repository)
    git("commit", "-q", "--all", "--allow-empty", "-m", f"An L40S costs {usd_per_hour}", cwd=repository)
    git("tag", tag, cwd=repository)
    return git("rev-parse", "HEAD", cwd=repository)
