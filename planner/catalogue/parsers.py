"""The parsers of vLLM that read a model's tool calls and its thinking, by the model's name.

Names are those that vLLM 0.32 registers; which model takes which: vLLM's pages on tool calling and on reasoning, and
the model cards. Sizes share a family's format, so a name that the catalogue does not hold is read by its family.
"""

from __future__ import annotations

import re

# (name, without its owner and in lower case; parser of tool calls; parser of thinking). The first that matches counts.
PARSERS: tuple[tuple[str, str, str], ...] = (
    (r"embed|rerank|guard|-base\b|-pt\b", "", ""),
    (r"deepseek-r1-distill|deepseek-r1-0528-qwen3", "", "deepseek_r1"),
    (r"deepseek-r1", "deepseek_v3", "deepseek_r1"),
    (r"deepseek-v4\.1", "deepseek_v41", "deepseek_v41"),
    (r"deepseek-v4", "deepseek_v4", "deepseek_v4"),
    (r"deepseek-v3\.2", "deepseek_v32", "deepseek_v3"),
    (r"deepseek-v3\.1", "deepseek_v31", "deepseek_v3"),
    (r"deepseek-v3", "deepseek_v3", ""),
    (r"qwq", "hermes", "deepseek_r1"),
    (r"qwen3-coder", "qwen3_coder", ""),
    (r"qwen3\.[5-9]", "qwen3_coder", "qwen3"),
    (r"qwen3.*-instruct|qwen2\.5-(?!math|vl).*instruct", "hermes", ""),
    (r"qwen3-(next|vl|\d)", "hermes", "qwen3"),
    (r"gpt-oss", "openai", "openai_gptoss"),
    (r"hermes-[234]", "hermes", ""),
    (r"llama-4", "llama4_pythonic", ""),
    (r"llama-3\.[123].*(instruct|it\b)", "llama3_json", ""),
    (r"glm-4\.[56]", "glm45", "glm45"),
    (r"glm-(4\.7|5)", "glm47", "glm47"),
    (r"kimi-k3", "kimi_k3", "kimi_k3"),
    (r"kimi-k2(\.\d|-thinking)", "kimi_k2", "kimi_k2"),
    (r"kimi-k2", "kimi_k2", ""),
    (r"inkling", "inkling", "inkling"),
    (r"magistral", "mistral", "mistral"),
    (r"mistral-(small|medium|large|nemo-instruct|7b-instruct-v0\.3)|ministral.*instruct|devstral", "mistral", ""),
    (r"minimax-m3", "minimax_m3", "minimax_m3"),
    (r"minimax-m2", "minimax_m2", "minimax_m2"),
    (r"granite-4", "granite4", ""),
    (r"granite-3\.[0-9].*instruct", "granite", ""),
    (r"nemotron-3-", "qwen3_coder", "nemotron_v3"),
    (r"gemma-4", "gemma4", "gemma4"),
    (r"ernie-4\.5.*thinking", "ernie45", "ernie45"),
    (r"seed-oss", "seed_oss", "seed_oss"),
    (r"olmo-3.*think", "", "olmo3"),
    (r"olmo-3.*instruct", "olmo3", ""),
    (r"phi-4-mini-instruct", "phi4_mini_json", ""),
    (r"hunyuan-a13b", "hunyuan_a13b", "hunyuan_a13b"),
    (r"jamba", "jamba", ""),
    (r"lfm2", "lfm2", ""),
    (r"xlam", "xlam", ""),
)


def parsers_of(model_id: str) -> tuple[str, str]:
    """Return the parsers of a model's tool calls and of its thinking; "" where it has none or none is known."""
    name = model_id.rstrip("/").rpartition("/")[2].lower()
    for pattern, tool_calls, reasoning in PARSERS:
        if re.search(pattern, name):
            return tool_calls, reasoning
    return "", ""
