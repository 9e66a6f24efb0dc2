"""The draft of vLLM's speculative decoding."""

from __future__ import annotations

from typing import NamedTuple


class Draft(NamedTuple):
    """Layers of the checkpoint (MTP), or a head published for a model, that propose tokens."""

    method: str  # vLLM's name: "mtp", "eagle3"
    tokens: int  # proposed at a time
    weight_bytes: int  # over all GPUs, without the embedding and the head that it shares with the model
    copied_bytes: int = 0  # of those, held whole by every GPU of a tensor-parallel group
    state_bytes: int = 0  # by which each proposed token widens the state of a sequence (Qwen's gated delta nets)
    repository: str = ""  # of a head; "": in the model's checkpoint
    revision: str = ""  # of that repository, where known

    @property
    def pinned(self) -> bool:
        """Whether a commit fixes what is loaded: the checkpoint's own, or the head's."""
        return not self.repository or bool(self.revision)

    def config(self) -> dict[str, object]:
        """Return what vLLM is told of it."""
        config: dict[str, object] = {"method": self.method, "num_speculative_tokens": self.tokens}
        return config | ({"model": self.repository, "revision": self.revision} if self.repository else {})
