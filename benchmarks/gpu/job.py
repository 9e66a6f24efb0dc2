"""The job that a worker reads from its standard input."""

from __future__ import annotations

import importlib
import json
from dataclasses import dataclass
from typing import Any

from .configurations import Configuration


@dataclass(frozen=True)
class Job:
    """A configuration, and where everything lies that it takes."""

    configuration: Configuration
    project: str  # folder of the baked project
    package: str
    model: str  # folder
    scratch: str
    on_gpu: bool

    def part(self, name: str) -> Any:
        """A module of the baked project."""
        return importlib.import_module(f"{self.package}.{name}")


def job_of(text: str) -> Job:
    values = json.loads(text)
    return Job(**values | {"configuration": Configuration(**values["configuration"])})
