"""The JSON lines of a run: a line for each step, each evaluation and each attempt."""

import json
import time
from pathlib import Path
from typing import Any


class Metrics:
    """The JSON lines of a run, over all its attempts."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.attempt = max((line.get("attempt", 0) for line in self.read()), default=0) + 1
        self._begun = False

    def write(self, event: str, **values: Any) -> None:
        if not self._begun:  # here and not before, since readers and other ranks must not write
            self._begun = True
            self.path.parent.mkdir(parents=True, exist_ok=True)
            if self.path.is_file() and self.path.stat().st_size and not self.path.read_bytes().endswith(b"\n"):
                self._append("\n")  # what a kill cut off stays a line of its own
        line = {"event": event, "attempt": self.attempt, "seconds": round(time.time(), 3), **values}
        self._append(json.dumps(line) + "\n")

    def _append(self, text: str) -> None:
        with self.path.open("a", encoding="utf-8") as file:
            file.write(text)

    def read(self) -> list[dict[str, Any]]:
        """Every whole line, oldest first."""
        if not self.path.is_file():
            return []
        lines = []
        for text in self.path.read_text(encoding="utf-8", errors="replace").splitlines():
            try:
                lines.append(json.loads(text))
            except json.JSONDecodeError:  # cut off by a kill
                continue
        return [line for line in lines if isinstance(line, dict)]

    def losses(self) -> dict[int, float]:
        """Training loss by step. A step that was done again after a kill counts once, as it was done last."""
        found = {line["step"]: line["loss"] for line in self.read() if line["event"] == "step"}
        return dict(sorted(found.items()))

    def evaluations(self) -> dict[int, dict[str, float]]:
        """What was measured on the rows held out, by step; step 0 is before the training."""
        found = {line["step"]: line for line in self.read() if line["event"] == "evaluation"}
        bare = ("event", "attempt", "seconds", "step")
        return {step: {k: v for k, v in line.items() if k not in bare} for step, line in sorted(found.items())}
