"""The model and transformers: texts in, every label with its score out. Knows nothing of Modal."""

from collections.abc import Mapping
from typing import Any

import torch
from transformers import AutoModelForSequenceClassification, AutoTokenizer

from .. import passes, workload
from ..data import Prompt
from ..monitoring import memory_snapshot
from ..results import Classified, Failed
from . import loading


class Engine:
    """One loaded model. Called with texts, it returns the labels of each."""

    def __init__(
        self, model: str, *, gpus: int, options: Mapping[str, Any] | None = None, snapshots_in: str = ""
    ) -> None:
        """Load `model`, a folder or a hub id, onto the GPU, or with 0 into RAM as float32.

        `options` are those of workload.py, where they are not the plan's. NotAsPlanned where what was loaded is not
        what plan.py says. `snapshots_in` is a folder for what filled the GPU when its memory ran out.
        """
        if snapshots_in:
            memory_snapshot.record(snapshots_in)
        device, options = loading.device(gpus), options or workload.options()
        self.tokenizer: Any = AutoTokenizer.from_pretrained(model)
        self.model: Any = AutoModelForSequenceClassification.from_pretrained(
            model, device_map=device, **loading.arguments(device)
        ).eval()
        if self.tokenizer.pad_token is None:  # of models that once wrote text
            self.tokenizer.pad_token = self.tokenizer.eos_token
        if self.model.config.pad_token_id is None:
            self.model.config.pad_token_id = self.tokenizer.pad_token_id
        loading.inspect(self.model).check()
        longest = getattr(self.model.config, "max_position_embeddings", None)
        self.context = min(filter(None, (options["context_len"], longest, self.tokenizer.model_max_length)))  # tokens

    def __call__(self, prompts: list[Prompt]) -> list[Classified | Failed]:
        return passes.results(workload.texts(prompts), self.tokenizer, self.context, self.forward)

    @torch.inference_mode()
    def forward(self, texts: list[str], tokens: list[list[int]]) -> list[Classified]:
        inputs = self.tokenizer(texts, padding=True, return_tensors="pt").to(self.model.device)
        scores = self.scores(self.model(**inputs).logits.float()).tolist()
        return [Classified(self.ranked(row), len(ids)) for row, ids in zip(scores, tokens, strict=True)]

    def scores(self, logits: torch.Tensor) -> torch.Tensor:
        """As transformers' own pipeline chooses: softmax, or sigmoid where classes exclude no other."""
        config = self.model.config
        if config.problem_type == "regression":
            return logits
        if config.problem_type == "multi_label_classification" or config.num_labels == 1:
            return logits.sigmoid()
        return logits.softmax(-1)

    def ranked(self, scores: list[float]) -> tuple[tuple[str, float], ...]:
        names = self.model.config.id2label
        return tuple(sorted(((str(names[i]), score) for i, score in enumerate(scores)), key=lambda pair: -pair[1]))

    def close(self) -> None:
        """Nothing runs on."""
