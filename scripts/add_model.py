"""Add a model to the catalogue from its config.json: `python scripts/add_model.py ORG/NAME|PATH [--revision R]`.

A path is a folder with a config.json, or the file itself. A name is read from the hub at HF_ENDPOINT (default
https://huggingface.co; HF_TOKEN opens gated models), together with its licence, gate, commit and parameter count.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from planner.catalogue.hf_config import from_config  # noqa: E402
from planner.catalogue.shipped import Catalogue, model_line  # noqa: E402
from planner.hub import HUB, endpoint, fetch_json  # noqa: E402
from planner.schema import Model, Refusal, replace  # noqa: E402

CATALOGUE = ROOT / "planner" / "catalogue" / "models.json"
MODEL_NAME = re.compile(r"[\w.-]+/[\w.-]+")


def family(id: str) -> str:
    """Return the word that models of a family share: "qwen" of Qwen/Qwen3-8B, "llama" of meta-llama/Meta-Llama-3-8B."""
    name = re.sub(r"^(meta|nvidia|c4ai)-", "", id.rpartition("/")[2].lower())
    return re.sub(r"[^a-z].*", "", name) or name


def catalogue_order(model: Model) -> tuple[str, int, str]:
    """Return the sort key of models.json: family, then size."""
    return family(model.id), model.params, model.id


def catalogue_text(models: list[Model]) -> str:
    """Return the text of models.json, one model a line."""
    return "[\n" + ",\n".join(model_line(model) for model in sorted(models, key=catalogue_order)) + "\n]\n"


def hub_model(name: str, revision: str) -> Model:
    """Return a model from the hub's config.json, and from its card where that can be read."""
    config = fetch_json(f"{endpoint()}/{name}/resolve/{quote(revision or 'main')}/config.json")
    try:
        card = fetch_json(f"{endpoint()}/api/models/{name}" + (f"/revision/{quote(revision)}" if revision else ""))
    except Refusal as refusal:
        print(f"note: {refusal}", file=sys.stderr)
        card = {}
    model = read_config(config, name)
    commit = str(card.get("sha") or (revision if re.fullmatch("[0-9a-f]{40}", revision) else ""))
    return replace(
        with_published_params(model, card),
        licence=card_licence(card),
        gated=bool(card.get("gated")),
        revision=commit,
        source=f"{HUB}/{name}/blob/{commit or 'main'}/config.json",
    )


def card_licence(card: Mapping[str, Any]) -> str:
    """Return the licence as the hub writes it; for "other", the licence's name where it has one."""
    data = card.get("cardData") or {}
    tags = [tag.removeprefix("license:") for tag in card.get("tags") or [] if str(tag).startswith("license:")]
    licence = data.get("license") or (tags[0] if tags else "")
    licence = licence[0] if isinstance(licence, list) and licence else licence
    return str((data.get("license_name") or licence) if licence == "other" else licence)


def with_published_params(model: Model, card: Mapping[str, Any]) -> Model:
    """Return the model with the hub's parameter count, unless that includes layers which no engine loads."""
    total = (card.get("safetensors") or {}).get("total")
    if not isinstance(total, int) or model.quantization != "none":
        return model
    off = abs(total / model.params - 1)
    if off > 0.3:
        raise Refusal(
            f"The hub counts {total:,} parameters of {model.id}, its config.json gives {model.params:,}; "
            f"this architecture is not read right, so add the line by hand."
        )
    if off > 0.005:
        print(f"note: the hub counts {total:,} parameters, the dimensions give {model.params:,}: kept", file=sys.stderr)
        return model
    return replace(model, params=total, params_active=model.params_active if model.experts else total)


def local_model(path: Path) -> Model:
    """Return the model of a folder with a config.json; its id is the config's own name, else the folder's."""
    file = path / "config.json" if path.is_dir() else path
    try:
        config = json.loads(file.read_text(encoding="utf-8"))
    except OSError:
        raise Refusal(f"{file} cannot be read; give a folder that holds a config.json.") from None
    except ValueError:
        raise Refusal(f"{file} is not valid JSON; give a folder with a readable config.json.") from None
    name = str(config.get("_name_or_path", "")) if isinstance(config, dict) else ""
    return replace(
        read_config(config, name if MODEL_NAME.fullmatch(name) else file.resolve().parent.name),
        source="its config.json",
    )


def read_config(config: Any, name: str) -> Model:
    if not isinstance(config, dict):
        raise Refusal(f"The config.json of {name} holds no JSON object; check what it is.")
    return from_config(config, name)


def add_model(model: Model, file: Path) -> None:
    """Put `model` in its place in the catalogue; a model of the same id is replaced."""
    models = [known for known in Catalogue(file.read_text(encoding="utf-8")).values() if known.id != model.id]
    file.write_text(catalogue_text([*models, model]), encoding="utf-8", newline="\n")


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("model", metavar="ORG/NAME|PATH")
    parser.add_argument("--revision", default="", help="branch, tag or commit; the newest without it")
    parser.add_argument("--catalogue", type=Path, default=CATALOGUE, help="the file to add it to")
    asked = parser.parse_args(arguments)
    try:
        if Path(asked.model).exists():
            model = local_model(Path(asked.model))
        elif MODEL_NAME.fullmatch(asked.model):
            model = hub_model(asked.model, asked.revision)
        else:
            raise Refusal(f"{asked.model!r} is neither a folder nor a model's name; write ORG/NAME.")
        add_model(model, asked.catalogue)
    except Refusal as refusal:
        print(f"error: {refusal}", file=sys.stderr)
        return 1
    print(model_line(model))
    return 0


if __name__ == "__main__":
    sys.exit(main())
