"""The pooling engines: embedding by sentence-transformers, classification by transformers.

Knows nothing of Modal: tests and a laptop run the same code.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy
import torch
from transformers import AutoModel, AutoModelForSequenceClassification, AutoTokenizer, PreTrainedModel

from .. import plan
from . import loading
from .encoder import Encoder, Tokenized
from .errors import InvalidRequest

Vector = numpy.ndarray  # float32, of the model's dimensions


class EmbeddingEngine(Encoder[Vector]):
    """One loaded model that embeds the texts of many requests together. The library pools, normalizes and prompts."""

    auto = AutoModel

    @classmethod
    def prepare(cls, model: str) -> None:
        import sentence_transformers  # noqa: F401  # takes seconds, which a classification engine does not pay

        super().prepare(model)

    def load(self, model: str) -> tuple[Any, Any, int | None]:
        from sentence_transformers import SentenceTransformer
        from sentence_transformers.sentence_transformer.modules import Normalize

        self.sentences = SentenceTransformer(
            model, device=self.device, model_kwargs=loading.arguments(self.device), local_files_only=True
        )
        backbone = next(part for part in self.sentences.modules() if isinstance(part, PreTrainedModel))
        self.normalized = any(isinstance(part, Normalize) for part in self.sentences.modules())
        self.size = self.sentences.get_embedding_dimension()
        self.sizes: list[int] = getattr(backbone.config, "matryoshka_dimensions", None) or []
        self.shortens = bool(self.sizes) or getattr(backbone.config, "is_matryoshka", False)
        self.prefix = self.sentences.prompts.get(self.sentences.default_prompt_name or "") or ""
        return backbone, self.sentences.tokenizer, self.sentences.max_seq_length

    def forward(self, texts: list[Tokenized]) -> list[Vector]:
        return list(self.sentences.encode([one.text for one in texts], batch_size=len(texts), show_progress_bar=False))

    async def embed(self, texts: Sequence[str], dimensions: int | None = None) -> tuple[list[Vector], int]:
        """Return a vector for each text and the number of tokens. `dimensions` shortens them, where the model can."""
        self.check(dimensions)
        vectors, tokens = await self.results(texts)
        return [self.shortened(vector, dimensions) for vector in vectors], tokens

    def check(self, dimensions: int | None) -> None:
        """Raise InvalidRequest where the model's vectors cannot be cut to `dimensions`."""
        if dimensions is None or dimensions == self.size:
            return
        if not self.shortens:
            raise InvalidRequest(f"this model's vectors have {self.size} dimensions and were not trained to be cut")
        if dimensions > (self.size or dimensions) or (self.sizes and dimensions not in self.sizes):
            raise InvalidRequest(f"this model's vectors may have {self.sizes or f'1 to {self.size}'} dimensions")

    def shortened(self, vector: Vector, dimensions: int | None) -> Vector:
        """The first `dimensions` numbers, of length 1 again where the model's vectors are."""
        if dimensions is None or dimensions == len(vector):
            return vector
        cut = vector[:dimensions]
        return cut / numpy.linalg.norm(cut) if self.normalized else cut

    async def answer(self, texts: Sequence[str]) -> list[list[float]]:
        """A vector for each text, for callers inside Modal."""
        vectors, _ = await self.embed(texts)
        return [vector.tolist() for vector in vectors]


@dataclass(frozen=True)
class Classes:
    """The likeliest class of a text, and a number for each class in the model's order.

    They are probabilities, but for a regression, whose numbers are the model's own.
    """

    label: str
    probs: list[float]


class ClassificationEngine(Encoder[Classes]):
    """One loaded model that classifies the texts of many requests together."""

    auto = AutoModelForSequenceClassification

    def load(self, model: str) -> tuple[Any, Any, int | None]:
        self.tokenizer: Any = AutoTokenizer.from_pretrained(model)
        self.model: Any = loading.load(self.auto, model, self.device).eval()
        if self.tokenizer.pad_token is None:  # of models that once wrote text
            self.tokenizer.pad_token = self.tokenizer.eos_token
        if self.model.config.pad_token_id is None:
            self.model.config.pad_token_id = self.tokenizer.pad_token_id
        longest = getattr(self.model.config, "max_position_embeddings", None)
        return self.model, self.tokenizer, min(filter(None, (longest, self.tokenizer.model_max_length)), default=None)

    @torch.inference_mode()
    def forward(self, texts: list[Tokenized]) -> list[Classes]:
        columns = {"input_ids": [one.tokens.ids for one in texts]}
        if "token_type_ids" in self.tokenizer.model_input_names:
            columns["token_type_ids"] = [one.tokens.type_ids for one in texts]
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
        """Return the classes of each text and the number of tokens."""
        return await self.results(texts)

    async def answer(self, texts: Sequence[str]) -> list[dict]:
        """`{"label": ..., "probs": [...]}` for each text, for callers inside Modal."""
        classes, _ = await self.results(texts)
        return [asdict(one) for one in classes]


if plan.WORKLOAD == "embedding":  # noqa: SIM108  # type checkers want a class, not an expression
    Engine = EmbeddingEngine
else:
    Engine = ClassificationEngine
