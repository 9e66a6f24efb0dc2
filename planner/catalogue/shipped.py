"""The shipped models: models.json, one a line, read once, each built on its first use."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from ..schema import Model


def _catalogue_text() -> str:
    loader: Any = __loader__  # in the hook there is no file
    return loader.get_data(f"{os.path.dirname(__file__)}/models.json").decode()


class Catalogue(Mapping[str, Model]):
    """Models by id, in the order of models.json. Each is built on its first use: building all takes milliseconds."""

    _ENTRY = re.compile(r'^\{"id":"([^"]+)","params":(\d+),"params_active":(\d+),.*\}', re.MULTILINE)

    def __init__(self, text: str) -> None:
        self.lines: dict[str, str] = {}
        self.sizes: dict[str, tuple[int, int]] = {}  # (params, params_active)
        for entry in self._ENTRY.finditer(text):
            name = entry[1]
            self.lines[name] = entry[0]
            self.sizes[name] = int(entry[2]), int(entry[3])
        self.names = {name.lower(): name for name in self.lines}
        self._built: dict[str, Model] = {}

    def __getitem__(self, name: str) -> Model:
        if name not in self._built:
            values = json.loads(self.lines[name])
            if "engines" in values:
                values["engines"] = tuple(values["engines"])
            for field in ("variants", "caches", "pages"):
                values[field] = tuple(tuple(row) for row in values.get(field, ()))
            self._built[name] = Model(**values)
        return self._built[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.lines)

    def __len__(self) -> int:
        return len(self.lines)


@cache
def load_catalogue() -> Catalogue:
    """Return the shipped models by id, read once."""
    return Catalogue(_catalogue_text())


def model_line(model: Model) -> str:
    """Return a model as its line of models.json: keys in the order of `Model`, without those equal to their default."""
    values = {
        name: getattr(model, name)
        for name in Model._fields
        if name not in Model._field_defaults or getattr(model, name) != Model._field_defaults[name]
    }
    return json.dumps(values, separators=(",", ":"), ensure_ascii=False)
