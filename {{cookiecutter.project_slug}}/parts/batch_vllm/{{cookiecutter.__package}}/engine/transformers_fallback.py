"""Answers without vLLM: one `generate` call of transformers for each prompt."""

from collections.abc import Mapping
from typing import Any

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from .. import workload
from ..input.readers import Prompt
from ..output.results import Failed, Generated

LIBRARY = "plain transformers"


class Engine:
    """One loaded model. Called with prompts, it returns a result for each."""

    def __init__(self, folder: str, options: Mapping[str, Any]) -> None:
        self.options = options
        self.tokenizer: Any = AutoTokenizer.from_pretrained(folder)
        self.model: Any = AutoModelForCausalLM.from_pretrained(folder, dtype="float32")

    def __call__(self, prompts: list[Prompt]) -> list[Generated | Failed]:
        return [self.answer(prompt) for prompt in prompts]

    def answer(self, prompt: Prompt) -> Generated | Failed:
        tokens = workload.tokens(self.tokenizer, prompt)
        try:
            most = workload.answer_tokens(len(tokens), self.options)
        except ValueError as error:
            return Failed(str(error))
        warmth = self.options["temperature"]
        sampling = {"do_sample": True, "temperature": warmth} if warmth else {"do_sample": False}
        inputs = torch.tensor([tokens], device=self.model.device)
        output = self.model.generate(inputs, attention_mask=torch.ones_like(inputs), max_new_tokens=most, **sampling)[
            0, len(tokens) :
        ].tolist()
        text = self.tokenizer.decode(output, skip_special_tokens=True)
        return Generated(text, "length" if len(output) == most else "stop", len(tokens), len(output))

    def close(self) -> None:
        """Nothing runs on."""
