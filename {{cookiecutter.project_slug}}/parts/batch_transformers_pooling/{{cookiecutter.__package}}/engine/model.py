"""The model in sentence-transformers, which knows how each one pools, normalizes and prompts."""

from collections.abc import Mapping
from typing import Any

from sentence_transformers import SentenceTransformer
from transformers import PreTrainedModel

from . import batching
from .. import workload
from ..input.readers import Prompt
from ..monitoring import memory_snapshot
from ..output.results import Embedded, Failed
from . import loading


class Engine:
    """One loaded model. Called with texts, it returns a vector for each."""

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
        self.sentences = SentenceTransformer(model, device=device, model_kwargs=loading.arguments(device))
        backbone = next(part for part in self.sentences.modules() if isinstance(part, PreTrainedModel))
        loading.inspect(backbone).check()
        self.context = min(options["context_len"], self.sentences.max_seq_length or options["context_len"])  # tokens
        self.prefix = self.sentences.prompts.get(self.sentences.default_prompt_name or "") or ""

    def __call__(self, prompts: list[Prompt]) -> list[Embedded | Failed]:
        return batching.results(self.texts(prompts), self.sentences.tokenizer, self.context, self.forward)

    def texts(self, prompts: list[Prompt]) -> list[str | Failed]:
        return [self.prefix + text if isinstance(text, str) else text for text in workload.texts(prompts)]

    def forward(self, texts: list[str], tokens: list[list[int]]) -> list[Embedded]:
        vectors = self.sentences.encode(texts, batch_size=len(texts), prompt="", show_progress_bar=False)
        return [Embedded(vector, len(ids)) for vector, ids in zip(vectors, tokens, strict=True)]

    def close(self) -> None:
        """Nothing runs on."""
