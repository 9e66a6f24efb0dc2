"""The model in sentence-transformers, which knows how each one pools, normalizes and prompts. Knows nothing of Modal."""

from sentence_transformers import SentenceTransformer
from transformers import PreTrainedModel

from . import loading, passes, plan
from .data import Prompt
from .results import Embedded, Failed


class Engine:
    """One loaded model. Called with texts, it returns a vector for each."""

    def __init__(self, model: str, *, gpus: int) -> None:
        """Load `model`, a folder or a hub id, onto the GPU, or with 0 into RAM as float32.

        NotAsPlanned where what was loaded is not what plan.py says.
        """
        device = loading.device(gpus)
        self.sentences = SentenceTransformer(model, device=device, model_kwargs=loading.arguments(device))
        backbone = next(part for part in self.sentences.modules() if isinstance(part, PreTrainedModel))
        loading.inspect(backbone).check()
        self.context = min(plan.CONTEXT_LEN, self.sentences.max_seq_length or plan.CONTEXT_LEN)  # tokens
        self.prefix = self.sentences.prompts.get(self.sentences.default_prompt_name or "") or ""

    def __call__(self, prompts: list[Prompt]) -> list[Embedded | Failed]:
        return passes.results(prompts, self.sentences.tokenizer, self.context, self.forward, self.prefix)

    def forward(self, texts: list[str], tokens: list[list[int]]) -> list[Embedded]:
        vectors = self.sentences.encode(texts, batch_size=len(texts), prompt="", show_progress_bar=False)
        return [Embedded(vector, len(ids)) for vector, ids in zip(vectors, tokens, strict=True)]

    def close(self) -> None:
        """Nothing runs on."""
