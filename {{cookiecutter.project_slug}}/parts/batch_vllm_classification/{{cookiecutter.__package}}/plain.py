"""Labels without vLLM: transformers' pipeline, one text after the other."""

from collections.abc import Mapping
from typing import Any

from transformers import pipeline

from . import workload
from .data import Prompt
from .results import Classified, Failed

LIBRARY = "plain transformers"


class Engine:
    """One loaded model. Called with texts, it returns the labels of each."""

    def __init__(self, folder: str, options: Mapping[str, Any]) -> None:
        self.classify: Any = pipeline("text-classification", model=folder, dtype="float32")
        self.context = min(options["context_len"], self.classify.tokenizer.model_max_length)

    def __call__(self, prompts: list[Prompt]) -> list[Classified | Failed]:
        return [self.labels(text) for text in workload.texts(prompts)]

    def labels(self, text: str | Failed) -> Classified | Failed:
        if isinstance(text, Failed):
            return text
        tokens = len(workload.tokens(self.classify.tokenizer, text))
        if tokens > self.context:
            return Failed(f"the text has {tokens:,} tokens, and the model reads {self.context:,}")
        return Classified(tuple((one["label"], one["score"]) for one in self.classify([text], top_k=None)[0]), tokens)

    def close(self) -> None:
        """Nothing runs on."""
