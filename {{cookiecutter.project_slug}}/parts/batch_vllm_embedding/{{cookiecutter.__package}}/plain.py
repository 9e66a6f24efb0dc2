"""Vectors without vLLM: sentence-transformers, one text after the other."""

from collections.abc import Mapping
from typing import Any

from sentence_transformers import SentenceTransformer

from . import workload
from .data import Prompt
from .results import Embedded, Failed

LIBRARY = "sentence-transformers"


class Engine:
    """One loaded model. Called with texts, it returns a vector for each."""

    def __init__(self, folder: str, options: Mapping[str, Any]) -> None:
        self.model = SentenceTransformer(folder)
        self.context = min(options["context_len"], self.model.max_seq_length or options["context_len"])

    def __call__(self, prompts: list[Prompt]) -> list[Embedded | Failed]:
        return [self.vector(text) for text in workload.texts(prompts)]

    def vector(self, text: str | Failed) -> Embedded | Failed:
        if isinstance(text, Failed):
            return text
        tokens = len(workload.tokens(self.model.tokenizer, text))
        if tokens > self.context:
            return Failed(f"the text has {tokens:,} tokens, and the model reads {self.context:,}")
        return Embedded(self.model.encode(text, show_progress_bar=False), tokens)

    def close(self) -> None:
        """Nothing runs on."""
