"""The model and transformers. Knows nothing of Modal: tests and a laptop run the same code."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from transformers import AutoModelForSequenceClassification, AutoTokenizer

from .. import plan
from ..encoder import Encoder, Read
from . import loading


@dataclass(frozen=True)
class Classes:
    """The likeliest class of a text, and a number for each class in the model's order.

    They are probabilities, but for a regression, whose numbers are the model's own.
    """

    label: str
    probs: list[float]


class Engine(Encoder[Classes]):
    """One loaded model that classifies the texts of many requests together."""

    auto = AutoModelForSequenceClassification
    most = plan.MAX_TEXTS

    def load(self, model: str) -> tuple[Any, Any, int | None]:
        self.tokenizer: Any = AutoTokenizer.from_pretrained(model)
        self.model: Any = self.auto.from_pretrained(
            model, device_map=self.device, **loading.arguments(self.device)
        ).eval()
        if self.tokenizer.pad_token is None:  # of models that once wrote text
            self.tokenizer.pad_token = self.tokenizer.eos_token
        if self.model.config.pad_token_id is None:
            self.model.config.pad_token_id = self.tokenizer.pad_token_id
        longest = getattr(self.model.config, "max_position_embeddings", None)
        return self.model, self.tokenizer, min(filter(None, (longest, self.tokenizer.model_max_length)), default=None)

    @torch.inference_mode()
    def forward(self, texts: list[Read]) -> list[Classes]:
        columns = {"input_ids": [read.tokens.ids for read in texts]}
        if "token_type_ids" in self.tokenizer.model_input_names:
            columns["token_type_ids"] = [read.tokens.type_ids for read in texts]
        inputs = self.tokenizer.pad(columns, return_tensors="pt").to(self.model.device)
        logits = self.model(**inputs).logits.float()
        labels = self.model.config.id2label
        return [Classes(str(labels[max(range(len(row)), key=row.__getitem__)]), row) for row in self.scores(logits)]

    def scores(self, logits: torch.Tensor) -> list[list[float]]:
        """As transformers' own pipeline chooses: softmax, or sigmoid where classes exclude no other."""
        config = self.model.config
        if config.problem_type == "regression":
            return logits.tolist()
        if config.problem_type == "multi_label_classification" or config.num_labels == 1:
            return logits.sigmoid().tolist()
        return logits.softmax(-1).tolist()

    async def classify(self, texts: Sequence[str]) -> tuple[list[Classes], int]:
        """The classes of each text, and how many tokens were read."""
        return await self.results(texts)

    async def answer(self, texts: Sequence[str]) -> list[dict]:
        """`{"label": ..., "probs": [...]}` for each text, for callers inside Modal."""
        classes, _ = await self.results(texts)
        return [vars(one) for one in classes]
