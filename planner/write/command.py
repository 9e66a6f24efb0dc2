"""The command that makes a project again from its answers."""

from __future__ import annotations

import re
import shlex

# The prompts in their order, and what they answer by themselves; "" depends on other answers (a test makes a project
# with each default and finds none of them in its command)
DEFAULTS = {
    "task": "serve",
    "workload": "generation",
    "model_size": "auto",
    "model_id": "auto",
    "budget": "",
    "dataset": "none",
    "project_name": "My LLM",
    "project_slug": "",
    "context_len": "auto",
    "concurrency": "",
    "warm": "auto",
    "gpu": "auto",
    "quantization": "auto",
    "engine": "auto",
    "method": "auto",
    "objective": "sft",
    "optimize": "cost",
}
BUDGETS = {"finetune": "20/run", "distributed": "50/run"}  # of other tasks 4/hour
AT_ONCE = {"generation": "16"}  # of other workloads 32


def made_with(typed: dict[str, object]) -> str:
    """Return the command, with the answers that are no defaults; a template in a local folder is `.`, its clone."""
    answers = {key: str(value).strip() for key, value in typed.items() if not key.startswith("_")}
    usual = DEFAULTS | {
        "budget": BUDGETS.get(answers["task"], "4/hour"),
        "concurrency": AT_ONCE.get(answers["workload"], "32"),
        "project_slug": re.sub(r"[^a-z0-9]+", "-", answers["project_name"].lower()).strip("-"),
    }
    ordered = [*usual, *(key for key in answers if key not in usual)]
    words = [shlex.quote(f"{key}={answers[key]}") for key in ordered if answers[key] != usual.get(key)]
    return " ".join(["cookiecutter", *template(typed), "--no-input", *words])


def template(typed: dict[str, object]) -> list[str]:
    """Return the template and its version as they are typed: `gh:ORG/NAME --checkout v1`, or `.` for a folder."""
    source, version = str(typed.get("_template") or "."), typed.get("_checkout")
    if not re.match(r"(gh|gl|bb):|https?://|git@|ssh://", source):
        return ["."]
    return [source, "--checkout", shlex.quote(str(version))] if version else [source]
