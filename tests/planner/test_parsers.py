"""Which of vLLM's parsers reads a model's tool calls and thinking: its documentation, and what it registers."""

import os
import subprocess

import pytest

from planner.catalogue.parsers import PARSERS, parsers_of

# From vLLM's pages "Tool Calling" and "Reasoning Outputs" and the cards of the models
DOCUMENTED = {
    "Qwen/Qwen3-8B": ("hermes", "qwen3"),
    "Qwen/Qwen3-8B-AWQ": ("hermes", "qwen3"),
    "Qwen/Qwen3-4B-Instruct-2507": ("hermes", ""),
    "Qwen/Qwen3-30B-A3B-Thinking-2507": ("hermes", "qwen3"),
    "Qwen/Qwen3-Coder-30B-A3B-Instruct": ("qwen3_coder", ""),
    "Qwen/Qwen3-8B-Base": ("", ""),
    "Qwen/Qwen2.5-7B-Instruct": ("hermes", ""),
    "Qwen/QwQ-32B": ("hermes", "deepseek_r1"),
    "meta-llama/Llama-3.1-8B-Instruct": ("llama3_json", ""),
    "meta-llama/Llama-3.3-70B-Instruct": ("llama3_json", ""),
    "meta-llama/Llama-3.1-8B": ("", ""),
    "meta-llama/Llama-4-Scout-17B-16E-Instruct": ("llama4_pythonic", ""),
    "openai/gpt-oss-120b": ("openai", "openai_gptoss"),
    "deepseek-ai/DeepSeek-R1": ("deepseek_v3", "deepseek_r1"),
    "deepseek-ai/DeepSeek-R1-Distill-Qwen-7B": ("", "deepseek_r1"),
    "deepseek-ai/DeepSeek-V3.1": ("deepseek_v31", "deepseek_v3"),
    "zai-org/GLM-4.5": ("glm45", "glm45"),
    "moonshotai/Kimi-K2-Instruct": ("kimi_k2", ""),
    "moonshotai/Kimi-K2-Thinking": ("kimi_k2", "kimi_k2"),
    "mistralai/Mistral-7B-Instruct-v0.3": ("mistral", ""),
    "mistralai/Mistral-7B-Instruct-v0.2": ("", ""),
    "MiniMaxAI/MiniMax-M2": ("minimax_m2", "minimax_m2"),
    "ibm-granite/granite-3.3-8b-instruct": ("granite", ""),
    "HuggingFaceTB/SmolLM2-135M-Instruct": ("", ""),
    "google/gemma-2-9b-it": ("", ""),
    "./models/my-qwen3-8b-merged": ("hermes", "qwen3"),
}


@pytest.mark.parametrize("model_id", DOCUMENTED)
def test_a_family_has_the_parsers_that_are_documented_for_it(model_id: str) -> None:
    assert parsers_of(model_id) == DOCUMENTED[model_id]


@pytest.mark.slow
def test_vllm_registers_every_parser() -> None:
    python = os.environ.get("VLLM_PYTHON")
    if not python:
        pytest.skip("VLLM_PYTHON names no Python that holds vLLM: run make test-slow")
    script = (
        "from vllm.reasoning import ReasoningParserManager as thinking\n"
        "from vllm.tool_parsers import ToolParserManager as tools\n"
        "print('|'.join(sorted(tools.lazy_parsers)), '|'.join(sorted(thinking.lazy_parsers)))"
    )
    printed = subprocess.run([python, "-c", script], capture_output=True, text=True, check=True).stdout
    tools, thinking = (set(names.split("|")) for names in printed.splitlines()[-1].split())
    assert {tool for _, tool, _ in PARSERS if tool} <= tools
    assert {reasoning for _, _, reasoning in PARSERS if reasoning} <= thinking
