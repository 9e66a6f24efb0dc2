"""A vector without vLLM: sentence-transformers, which knows how each model pools and normalizes."""

import time

from .client import Embeddings

LIBRARY = "sentence-transformers"


def answer(model: str, text: str, max_tokens: int) -> Embeddings:
    """Embed `text` with `model`, a folder or a hub id, and print the beginning of its vector."""
    from sentence_transformers import SentenceTransformer

    loaded = SentenceTransformer(model)
    begun = time.monotonic()
    tokens = len(loaded.tokenizer(text)["input_ids"])
    vectors = loaded.encode([text]).tolist()
    embedded = Embeddings(vectors, tokens, time.monotonic() - begun)
    vector = vectors[0]
    print(f"[{', '.join(f'{number:+.4f}' for number in vector[:6])}, ...] {len(vector)} numbers")
    return embedded
