"""The parameters of a model by part, while a config.json is being read."""

from __future__ import annotations


class Parts:
    """The parameters of a model, layer by layer, while they are being counted."""

    def __init__(self, kinds: list[str], mixers: list[int], mlps: list[int], unused: list[int], other: int) -> None:
        self.kinds = kinds  # of each layer: "full", "window", "linear", "none"
        self.mixers = mixers
        self.mlps = mlps
        self.unused = unused  # of the experts that a token does not pass
        self.other = other  # embeddings, norms, positions

    @property
    def total(self) -> int:
        return sum(self.mixers) + sum(self.mlps) + self.other
