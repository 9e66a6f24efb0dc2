"""vLLM's own continuous batching: prompts in, answers out. Knows nothing of Modal."""

from collections.abc import Mapping
from typing import Any

from . import vllm
from .. import workload
from ..input.readers import Prompt
from ..output.results import Failed, Generated


class Engine:
    """One loaded model. Called with prompts, it returns a result for each."""

    def __init__(
        self, model: str, *, gpus: int, options: Mapping[str, Any] | None = None, snapshots_in: str = ""
    ) -> None:
        """Load `model`, a folder, onto `gpus` GPUs, or with 0 into RAM as float32.

        `options` are those of workload.py, where they are not the plan's. NotAsPlanned where what was loaded is not
        what plan.py says. `snapshots_in` is a folder for what filled the GPU when its memory ran out.
        """
        self.options = options or workload.options()
        self.llm = vllm.load(model, gpus, self.options["context_len"], snapshots_in, runner="generate")
        self.tokenizer = self.llm.get_tokenizer()

    def __call__(self, prompts: list[Prompt]) -> list[Generated | Failed]:
        """An answer for each prompt; Failed for one that the context has no room for."""
        context = self.options["context_len"] - 1  # one token of answer at least
        tokens, failed = vllm.fitting(self.tokenizer, prompts, context)
        inputs = [{"prompt_token_ids": ids} for ids in tokens.values()]
        with vllm.asked():
            outputs = self.llm.generate(inputs, [self.sampling(len(ids)) for ids in tokens.values()], use_tqdm=False)
        found = dict(zip(tokens, map(self.generated, outputs), strict=True)) | failed
        return [found[place] for place in range(len(prompts))]

    def sampling(self, prompt_tokens: int) -> Any:
        most = workload.answer_tokens(prompt_tokens, self.options)
        return vllm.SamplingParams(max_tokens=most, temperature=self.options["temperature"], detokenize=False)

    def generated(self, output: Any) -> Generated:
        """The whole answer is decoded at once: piece by piece, half a character at its end would be lost."""
        answer, prompt = output.outputs[0], output.prompt_token_ids or []
        text = self.tokenizer.decode(answer.token_ids, skip_special_tokens=True)
        return Generated(text, answer.finish_reason or "stop", len(prompt), len(answer.token_ids))

    def close(self) -> None:
        """End the engine's own processes."""
        self.llm.llm_engine.engine_core.shutdown()
