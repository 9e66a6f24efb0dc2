"""vLLM's pooling runner: texts in, every label with its score out. Knows nothing of Modal."""

from collections.abc import Mapping
from typing import Any

from .. import offline, workload
from ..data import Prompt
from ..results import Classified, Failed


class Engine:
    """One loaded model. Called with texts, it returns the labels of each."""

    def __init__(
        self, model: str, *, gpus: int, options: Mapping[str, Any] | None = None, snapshots_in: str = ""
    ) -> None:
        """Load `model`, a folder, onto `gpus` GPUs, or with 0 into RAM as float32.

        `options` are those of workload.py, where they are not the plan's. NotAsPlanned where what was loaded is not
        what plan.py says. `snapshots_in` is a folder for what filled the GPU when its memory ran out.
        """
        self.options = options or workload.options()
        context = self.options["context_len"]
        self.llm = offline.load(model, gpus, context, snapshots_in, runner="pooling", convert="classify")
        self.tokenizer = self.llm.get_tokenizer()
        self.labels = self.llm.llm_engine.vllm_config.model_config.hf_config.id2label

    def __call__(self, prompts: list[Prompt]) -> list[Classified | Failed]:
        tokens, failed = offline.fitting(self.tokenizer, prompts, self.options["context_len"])
        with offline.asked():
            outputs = self.llm.classify([{"prompt_token_ids": ids} for ids in tokens.values()], use_tqdm=False)
        labels = [
            Classified(self.ranked(output.outputs.probs), len(ids))
            for output, ids in zip(outputs, tokens.values(), strict=True)
        ]
        found: dict[int, Classified | Failed] = {**dict(zip(tokens, labels, strict=True)), **failed}
        return [found[place] for place in range(len(prompts))]

    def ranked(self, scores: list[float]) -> tuple[tuple[str, float], ...]:
        return tuple(sorted(((str(self.labels[i]), score) for i, score in enumerate(scores)), key=lambda one: -one[1]))

    def close(self) -> None:
        """End the engine's own processes."""
        self.llm.llm_engine.engine_core.shutdown()
