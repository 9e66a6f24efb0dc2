"""The stored rows: benchmarks/data/oracle/*.json, one row a line, each a config with what the libraries say of it.

A row has `id`, `source`, `config`, `transformers` (class, params, or refused) and `vllm`: for each tensor-parallel
size weight_bytes of a rank and request_bytes by tokens, or refused.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).resolve().parents[1] / "data" / "oracle"
# Files of rows: published config.json files, the catalogue, classes' defaults, the same with other dimensions.
FILES = ("published", "catalogue", "defaults", "variants")
# Keys that say nothing of memory, and only make rows long.
IDLE = frozenset(
    "id2label label2id transformers_version _name_or_path bos_token_id eos_token_id pad_token_id sep_token_id "
    "initializer_range use_cache output_attentions output_hidden_states return_dict chunk_size_feed_forward "
    "problem_type initializer_factor router_aux_loss_coef output_router_logits".split()
)


def load(name: str) -> dict[str, Any]:
    """Return {"versions": {library: version}, "rows": [...]} of a file; empty where it does not exist yet."""
    file = FOLDER / f"{name}.json"
    if not file.exists():
        return {"versions": {}, "rows": []}
    return json.loads(file.read_text(encoding="utf-8"))


def save(name: str, data: dict[str, Any]) -> None:
    """Write a file of rows, sorted by id, one a line."""
    rows = sorted(data["rows"], key=lambda row: row["id"].lower())
    lines = ",\n".join(json.dumps(row, separators=(",", ":"), ensure_ascii=False) for row in rows)
    FOLDER.mkdir(exist_ok=True)
    text = f'{{"versions":{json.dumps(data["versions"])},\n"rows":[\n{lines}\n]}}\n'
    fresh = FOLDER / f"{name}.json.{os.getpid()}"
    fresh.write_text(text, encoding="utf-8", newline="\n")
    fresh.replace(FOLDER / f"{name}.json")  # at once: the two libraries may be asked at the same time


def merge(name: str, fresh: list[dict[str, Any]]) -> None:
    """Put rows of configs into a file. What was said of a config that is the same stays; other rows stay."""
    data = load(name)
    known = {row["id"]: row for row in data["rows"]}
    for row in fresh:
        old = known.get(row["id"])
        known[row["id"]] = {**old, "source": row["source"]} if old and old["config"] == row["config"] else row
    save(name, data | {"rows": list(known.values())})


def trimmed(config: dict[str, Any], drop_null: bool) -> dict[str, Any]:
    """Return the config without idle keys, in nested ones too; null is a class's default only in its own default."""
    kept: dict[str, Any] = {"pad_token_id": 0} if config.get("pad_token_id") == 0 else {}
    for key, value in config.items():
        if key in IDLE or str(key).endswith("_token_id") or (drop_null and value is None):
            continue
        kept[key] = trimmed(value, drop_null) if isinstance(value, dict) else value
    return kept
