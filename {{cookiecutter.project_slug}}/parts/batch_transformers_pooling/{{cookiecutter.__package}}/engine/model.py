"""The model in transformers or sentence-transformers: texts in, labels with scores or vectors out."""

from collections.abc import Mapping
from typing import Any

import torch
import transformers
from sentence_transformers import SentenceTransformer
from transformers import AutoModelForSequenceClassification, AutoTokenizer, PreTrainedModel

from .. import plan
from ..input.prompts import Prompt
from ..monitoring import gpu_memory
from ..output.results import Classified, Embedded, Failed, Result
from . import loading
from .batching import run_batches

LOCAL_LIBRARY = f"transformers {transformers.__version__}"


class Encoder:
    """One loaded model. Called with texts, it returns a result for each. A workload has `load` and `forward`."""

    tokenizer: Any
    context: int  # most tokens of a text
    prefix: str = ""  # put before each text

    def __init__(self, model: str, options: Mapping[str, Any], *, gpus: int, snapshots_in: str = "") -> None:
        """Load `model`, a folder or a hub id, onto the GPU, or with 0 into RAM as float32.

        `options` are those of `job.result_options`. `snapshots_in` is a folder for a snapshot of the GPU's memory when
        it runs out. NotAsPlanned where what was loaded is not what plan.py says.
        """
        if snapshots_in:
            gpu_memory.record_snapshots(snapshots_in)
        self.load(model, loading.device(gpus), options["context_len"])

    def __call__(self, prompts: list[Prompt]) -> list[Result | Failed]:
        return run_batches(prompts, self.tokenizer, self.context, self.forward, self.prefix)

    def load(self, model: str, device: str, context_len: int) -> None:
        raise NotImplementedError

    def forward(self, texts: list[str], tokens: list[list[int]]) -> list[Result]:
        raise NotImplementedError

    def close(self) -> None:
        """Nothing runs on."""


class Classifier(Encoder):
    """Every label with its score."""

    def load(self, model: str, device: str, context_len: int) -> None:
        self.tokenizer: Any = AutoTokenizer.from_pretrained(model)
        self.model: Any = loading.load(AutoModelForSequenceClassification, model, device).eval()
        if self.tokenizer.pad_token is None:  # of models that once wrote text
            self.tokenizer.pad_token = self.tokenizer.eos_token
        if self.model.config.pad_token_id is None:
            self.model.config.pad_token_id = self.tokenizer.pad_token_id
        loading.inspect(self.model).check()
        longest = getattr(self.model.config, "max_position_embeddings", None)
        self.context = min(filter(None, (context_len, longest, self.tokenizer.model_max_length)))

    @torch.inference_mode()
    def forward(self, texts: list[str], tokens: list[list[int]]) -> list[Result]:
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


class Embedder(Encoder):
    """Vectors. sentence-transformers pools, normalizes and prompts as each model's files specify."""

    def load(self, model: str, device: str, context_len: int) -> None:
        self.sentences = SentenceTransformer(model, device=device, model_kwargs=loading.arguments(device))
        backbone = next(part for part in self.sentences.modules() if isinstance(part, PreTrainedModel))
        loading.inspect(backbone).check()
        self.tokenizer: Any = self.sentences.tokenizer
        self.context = min(context_len, self.sentences.max_seq_length or context_len)
        self.prefix = self.sentences.prompts.get(self.sentences.default_prompt_name or "") or ""

    def forward(self, texts: list[str], tokens: list[list[int]]) -> list[Result]:
        vectors = self.sentences.encode(texts, batch_size=len(texts), prompt="", show_progress_bar=False)
        return [Embedded(vector, len(ids)) for vector, ids in zip(vectors, tokens, strict=True)]


Engine = {"classification": Classifier, "embedding": Embedder}[plan.WORKLOAD]


def local_engine(folder: str, options: Mapping[str, Any]) -> Encoder:
    """The model in `folder` on this machine, on its GPU where it has one."""
    return Engine(folder, options, gpus=int(torch.cuda.is_available()))
