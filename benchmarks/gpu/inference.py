"""An inference of the generated code: its engine loads and batches; plain `generate` runs on what it loaded."""

from __future__ import annotations

import asyncio
import random
import statistics
import time
from collections.abc import Callable
from typing import Any

from . import torch_memory
from .configurations import COMPILED, CONTINUOUS, DYNAMIC, PAGED
from .job import Job

LONG_ENOUGH_S = 8.0  # of waves: then no further one
WAVES = 3
WARM_UP = (16, 4)  # tokens of a prompt and of an answer


def measure(job: Job) -> dict[str, Any]:
    """Peaks in GiB and tokens/s, with the figures of the project's own memory monitor for the same run."""
    memory, plan = job.part("monitoring.gpu_memory"), job.part("plan")
    one = job.configuration
    planned = [plan.CONTEXT_LEN, plan.QUANTIZATION, plan.ENGINE]
    asked = [one.context_len, one.quantization, one.engine]
    if one.engine != "vllm":  # which takes as many as there are
        planned, asked = [*planned, plan.CONCURRENCY], [*asked, one.concurrency]
    if planned != asked:
        raise RuntimeError(f"plan.py has {planned} and {asked} were asked for")
    run = {CONTINUOUS: continuous, PAGED: paged}.get(one.cache, generate)
    with memory.watch() as monitor:
        found = run(job)
        monitor.update()
        return found | {"monitor": monitor.state() | {"report": monitor.report()}}


def chance(job: Job) -> random.Random:
    return random.Random(f"{job.configuration.id}")


def tokens(job: Job, vocab: int, length: int, count: int) -> list[list[int]]:
    """Prompts of random tokens; 0 is the end of a text and does not occur."""
    draw = chance(job)
    return [draw.choices(range(1, vocab), k=length) for _ in range(count)]


def repeated(wave: Callable[[], dict[str, float]]) -> dict[str, Any]:
    """The median figures of up to three waves, without the first where there are more; every wave's seconds."""
    found: list[dict[str, float]] = []
    begun = time.perf_counter()
    while len(found) < WAVES and (not found or time.perf_counter() - begun < LONG_ENOUGH_S):
        found.append(wave())
    kept = found[1:] or found
    medians = {name: statistics.median(each[name] for each in kept) for name in kept[0]}
    return medians | {"waves_s": [round(each["wall_s"], 4) for each in found]}


def continuous(job: Job) -> dict[str, Any]:
    """All requests at once through the serve project's engine, called as its HTTP side calls it."""
    sampling_params, one = job.part("engine.sampling").SamplingParams, job.configuration
    job.part("monitoring.gpu_memory").record_snapshots(job.scratch)  # as app.py does
    accept_missing_weights(job.part("engine.loading"))
    begun = time.perf_counter()
    engine = job.part("engine.server").Engine(job.model, gpus=int(job.on_gpu))
    load_s, vocab = time.perf_counter() - begun, engine.model.config.vocab_size
    loading = torch_memory.peaks(job.on_gpu)
    torch_memory.reset(job.on_gpu)

    async def ask(prompt: list[int], answer: int, begun: float) -> tuple[float, float, int]:
        """Seconds to the first piece and to the last, tokens written."""
        first, count = 0.0, 0
        sampling = sampling_params(max_tokens=answer, temperature=0, ignore_eos=True)
        async for delta in engine.stream(prompt, sampling):
            first, count = first or time.perf_counter() - begun, delta.tokens
        return first, time.perf_counter() - begun, count

    async def together(prompts: list[list[int]], answer: int) -> list[tuple[float, float, int]]:
        begun = time.perf_counter()
        return await asyncio.gather(*(ask(prompt, answer, begun) for prompt in prompts))

    def wave() -> dict[str, float]:
        prompts = tokens(job, vocab, one.input_len, one.concurrency)
        begun = time.perf_counter()
        asked = asyncio.run(together(prompts, one.output_len))
        wall_s, written = time.perf_counter() - begun, sum(count for *_, count in asked)
        if written != one.concurrency * one.output_len:
            raise RuntimeError(f"{written} tokens were written and {one.concurrency * one.output_len} asked for")
        firsts, lasts = [first for first, *_ in asked], [last for _, last, _ in asked]
        found = {
            "wall_s": wall_s,
            "output_tokens_per_s": written / wall_s,
            "time_to_first_token_s": statistics.median(firsts),
            "prefill_tokens_per_s": one.concurrency * one.input_len / max(firsts),  # until the last one's first token
        }
        alone = {"decode_tokens_per_s": (one.output_len - 1) / (lasts[0] - firsts[0])} if len(asked) == 1 else {}
        return found | alone

    prompt, answer = WARM_UP
    asyncio.run(together(tokens(job, vocab, prompt, one.concurrency), answer))
    found = repeated(wave)
    found |= {
        "load_s": load_s,
        "loading": loading,
        "what_runs": engine.loaded.report(),
        **torch_memory.peaks(job.on_gpu),
    }
    engine.close()
    return found


def generate(job: Job) -> dict[str, Any]:
    """transformers' own `generate` for a batch of equal prompts, on the model as the batch project's engine loads it.

    No generated project calls it for generation, but the planner speaks of it and people compare with it.
    """
    import torch
    from transformers import LogitsProcessor, LogitsProcessorList

    one = job.configuration
    accept_missing_weights(job.part("engine.loading"))
    begun = time.perf_counter()
    options = job.part("run.job").result_options()
    engine = job.part("engine.model").Engine(job.model, options, gpus=int(job.on_gpu), snapshots_in=job.scratch)
    load_s, model = time.perf_counter() - begun, engine.model
    loading = torch_memory.peaks(job.on_gpu)
    torch_memory.reset(job.on_gpu)
    cache = {} if one.cache == DYNAMIC else {"cache_implementation": "static", "disable_compile": one.cache != COMPILED}
    prompts = tokens(job, model.config.vocab_size, one.input_len, one.concurrency)
    ids = torch.tensor(prompts, device=model.device)

    def now() -> float:
        if job.on_gpu:
            torch.cuda.synchronize()
        return time.perf_counter()

    class FirstToken(LogitsProcessor):
        """Looks at the clock when the prompts are read."""

        at = 0.0

        def __call__(self, input_ids: torch.LongTensor, scores: torch.FloatTensor) -> torch.FloatTensor:
            self.at = self.at or now()
            return scores

    def write(ids: torch.Tensor, answer: int) -> tuple[float, float]:
        """Seconds to the first token and to the last."""
        first, begun = FirstToken(), now()
        out = model.generate(
            ids,
            attention_mask=torch.ones_like(ids),
            max_new_tokens=answer,
            min_new_tokens=answer,
            do_sample=False,
            logits_processor=LogitsProcessorList([first]),
            **cache,
        )
        taken = now() - begun
        if out.shape[1] - ids.shape[1] != answer:
            raise RuntimeError(f"{out.shape[1] - ids.shape[1]} tokens were written and {answer} asked for")
        return first.at - begun, taken

    def wave() -> dict[str, float]:
        first_s, wall_s = write(ids, one.output_len)
        return {
            "wall_s": wall_s,
            "output_tokens_per_s": one.concurrency * one.output_len / wall_s,
            "time_to_first_token_s": first_s,
            "prefill_tokens_per_s": one.concurrency * one.input_len / first_s,
            "decode_tokens_per_s": one.concurrency * (one.output_len - 1) / (wall_s - first_s),
        }

    begun = now()
    prompt, answer = (one.input_len, one.output_len) if one.cache == COMPILED else WARM_UP
    write(ids[:, :prompt], answer)
    warm_up_s = now() - begun
    found = repeated(wave) | {"load_s": load_s, "warm_up_s": warm_up_s, "loading": loading}
    runs = job.part("engine.loading").inspect(model).report()
    return found | {"what_runs": runs, **torch_memory.peaks(job.on_gpu)}


def paged(job: Job) -> dict[str, Any]:
    """A batch through the batch project's vLLM engine. Its memory is another process's: NVML alone sees it."""
    one = job.configuration
    make_weights(job.part("engine.vllm"))
    begun = time.perf_counter()
    options = job.part("run.job").result_options() | {"max_answer_tokens": one.output_len}
    engine = job.part("engine.model").Engine(job.model, options, gpus=int(job.on_gpu))
    load_s, vocab = time.perf_counter() - begun, len(engine.tokenizer)

    def asked(length: int, count: int) -> list[str]:
        return [" ".join(f"t{token}" for token in prompt) for prompt in tokens(job, vocab, length, count)]

    def wave() -> dict[str, float]:
        prompts = asked(one.input_len, one.concurrency)
        engine.llm.reset_prefix_cache()
        begun = time.perf_counter()
        results = engine(prompts)
        wall_s = time.perf_counter() - begun
        written = sum(result.output_tokens for result in results)
        return {"wall_s": wall_s, "output_tokens_per_s": written / wall_s, "written_tokens": written}

    engine(asked(*WARM_UP))
    found = repeated(wave) | {"load_s": load_s, "what_runs": {}, **torch_memory.peaks(False)}
    engine.close()
    return found


def accept_missing_weights(loading: Any) -> None:
    """Leave out the check of generated code that a checkpoint is whole: model_folder.py's are not."""

    def load(auto: Any, model: str, device: str) -> Any:
        return auto.from_pretrained(model, device_map=device, **loading.arguments(device))

    loading.load = load


def make_weights(vllm: Any) -> None:
    """Replace an argument of generated code: vLLM is told to make weights up (`load_format` "dummy").

    Its loader, unlike transformers', makes nothing that a checkpoint lacks, and 64 GB of random weights would have to
    be written and read for nothing. All other arguments are the generated ones.
    """
    own = vllm.arguments

    def arguments(*given: Any) -> dict[str, Any]:
        return own(*given) | {"load_format": "dummy"}

    vllm.arguments = arguments
