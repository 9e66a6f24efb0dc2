"""The model in sentence-transformers, which knows how each one pools, normalizes and prompts.

Knows nothing of Modal: tests and a laptop run the same code.
"""

from collections.abc import Sequence
from typing import Any

import numpy
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer.modules import Normalize
from transformers import AutoModel, PreTrainedModel

from .. import plan
from ..encoder import Encoder, Read
from ..errors import Refused
from . import loading

Vector = numpy.ndarray  # float32, of the model's dimensions


class Engine(Encoder[Vector]):
    """One loaded model that embeds the texts of many requests together."""

    auto = AutoModel
    most = plan.MAX_TEXTS

    def load(self, model: str) -> tuple[Any, Any, int | None]:
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

    def forward(self, texts: list[Read]) -> list[Vector]:
        return list(
            self.sentences.encode([read.text for read in texts], batch_size=len(texts), show_progress_bar=False)
        )

    async def embed(self, texts: Sequence[str], dimensions: int | None = None) -> tuple[list[Vector], int]:
        """A vector for each text, and how many tokens were read. `dimensions` shortens them, where the model can."""
        self.check(dimensions)
        vectors, tokens = await self.results(texts)
        return [self.shortened(vector, dimensions) for vector in vectors], tokens

    def check(self, dimensions: int | None) -> None:
        """Refused where the model's vectors cannot be cut to `dimensions`."""
        if dimensions is None or dimensions == self.size:
            return
        if not self.shortens:
            raise Refused(f"this model's vectors have {self.size} dimensions and were not trained to be cut")
        if dimensions > (self.size or dimensions) or (self.sizes and dimensions not in self.sizes):
            raise Refused(f"this model's vectors may have {self.sizes or f'1 to {self.size}'} dimensions")

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
