"""The model in vLLM: prompts in, results out. Knows nothing of Modal."""

from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from typing import Any

import numpy as np

from .. import plan
from ..input import prompts
from ..input.prompts import Prompt
from ..output.results import Classified, Embedded, Failed, Generated, Result
from . import transformers_fallback, vllm
from .checkpoint import check_head

RUNNERS = {
    "generation": {"runner": "generate"},
    "classification": {"runner": "pooling", "convert": "classify"},
    "embedding": {"runner": "pooling", "convert": "embed"},
}


class Engine:
    """One loaded model. Called with prompts, it returns a result for each; Failed for one beyond the context."""

    def __init__(self, model: str, options: Mapping[str, Any], *, gpus: int, snapshots_in: str = "") -> None:
        """Load `model`, a folder, onto `gpus` GPUs, or with 0 into RAM as float32.

        `options` are those of `job.result_options`. `snapshots_in` is a folder for a snapshot of the GPU's memory when
        it runs out. NotAsPlanned where what was loaded is not what plan.py says; IncompleteWeights where a classifier
        has no head.
        """
        if plan.WORKLOAD == "classification":
            check_head(model)
        self.options = options
        self.room = options["context_len"] - (plan.WORKLOAD == "generation")  # an answer has one token at least
        self.llm = vllm.load(model, gpus, options["context_len"], snapshots_in, **RUNNERS[plan.WORKLOAD])
        self.tokenizer = self.llm.get_tokenizer()
        self.run = {"generation": self.generate, "classification": self.classify, "embedding": self.embed}[
            plan.WORKLOAD
        ]

    def __call__(self, given: list[Prompt]) -> list[Result | Failed]:
        tokens: dict[int, list[int]] = {}  # by the place of its prompt
        found: dict[int, Result | Failed] = {}
        for place, prompt in enumerate(given):
            ids = prompts.tokenize(self.tokenizer, prompt)
            if len(ids) > self.room:
                found[place] = Failed(f"{len(ids):,} tokens, and CONTEXT_LEN is {self.room:,}")
            else:
                tokens[place] = ids
        with vllm.translated_errors():
            results = self.run([{"prompt_token_ids": ids} for ids in tokens.values()], list(tokens.values()))
        found.update(zip(tokens, results, strict=True))
        return [found[place] for place in range(len(given))]

    def generate(self, inputs: list[Any], tokens: list[list[int]]) -> Sequence[Result]:
        """Each answer is decoded when it is complete: piece by piece, half a character at its end would be lost."""
        from vllm import SamplingParams  # ty: ignore[import-not-found]  # in the image

        limits = [prompts.answer_limit(len(ids), self.options) for ids in tokens]
        same = {"temperature": self.options["temperature"], "detokenize": False}
        outputs = self.llm.generate(
            inputs, [SamplingParams(max_tokens=most, **same) for most in limits], use_tqdm=False
        )
        found = []
        for ids, answer in zip(tokens, (output.outputs[0] for output in outputs), strict=True):
            text = self.tokenizer.decode(answer.token_ids, skip_special_tokens=True)
            found.append(Generated(text, answer.finish_reason or "stop", len(ids), len(answer.token_ids)))
        return found

    def classify(self, inputs: list[Any], tokens: list[list[int]]) -> Sequence[Result]:
        labels = self.llm.llm_engine.vllm_config.model_config.hf_config.id2label
        found = []
        for output, ids in zip(self.llm.classify(inputs, use_tqdm=False), tokens, strict=True):
            scores = [(str(labels[index]), score) for index, score in enumerate(output.outputs.probs)]
            found.append(Classified(tuple(sorted(scores, key=lambda pair: -pair[1])), len(ids)))
        return found

    def embed(self, inputs: list[Any], tokens: list[list[int]]) -> Sequence[Result]:
        outputs = self.llm.embed(inputs, use_tqdm=False)
        vectors = [np.asarray(output.outputs.embedding, np.float32) for output in outputs]
        return [Embedded(vector, len(ids)) for vector, ids in zip(vectors, tokens, strict=True)]

    def close(self) -> None:
        """End the engine's own processes."""
        self.llm.llm_engine.engine_core.shutdown()


VLLM = find_spec("vllm") is not None
LOCAL_LIBRARY = "vLLM" if VLLM else transformers_fallback.LIBRARIES[plan.WORKLOAD]


def local_engine(folder: str, options: Mapping[str, Any]) -> Any:
    """The model in `folder` on this machine: in vLLM where it is installed, else in transformers."""
    return Engine(folder, options, gpus=0) if VLLM else transformers_fallback.Engine(folder, options)
