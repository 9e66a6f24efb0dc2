"""A context that YaRN extends: vLLM 0.32 looks at max_position_embeddings alone, and refuses to start with more."""

import json
from pathlib import Path


def overrides(folder: str, context_len: int) -> dict[str, int]:
    """Return what vLLM is to read otherwise in the folder's config.json, so that it takes `context_len` tokens.

    Empty where the file allows so many as it stands, or where its rotary embedding does not: vLLM raises an error then.
    """
    file = Path(folder, "config.json")
    config = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
    rope = config.get("rope_scaling") or config.get("rope_parameters") or {}
    original = rope.get("original_max_position_embeddings", 0)
    if rope.get("rope_type", rope.get("type")) != "yarn":
        return {}
    if config.get("max_position_embeddings", 0) < context_len <= rope.get("factor", 1) * original:
        return {"max_position_embeddings": context_len}
    return {}
