"""Models whose makers publish a tokenizer as code of their own (trust_remote_code), without a tokenizer.json.

Source: the files tokenization_kimi.py or tokenization_moonshot.py, and tiktoken.model, of the repositories; NVIDIA's
and Red Hat's versions copy them. Without that code vLLM 0.32 refuses to start: tried on a folder of such files.
"""

from __future__ import annotations

import re

from ..schema import LOCAL, Model

_OWN_CODE = re.compile(r"(moonshotai|nvidia|redhatai)/(kimi-(k2|k3|linear|vl)|moonlight)", re.IGNORECASE)


def runs_own_code(model: Model) -> bool:
    """Whether the model's tokenizer is code of its own; a folder on disk may have had a tokenizer.json added."""
    return model.source != LOCAL and bool(_OWN_CODE.match(model.id))
