"""The model in transformers' continuous batching: prompts in, answers out. Knows nothing of Modal."""

import math
import time
from collections import deque
from collections.abc import Mapping, Sequence
from typing import Any

import torch
import transformers
from transformers import AutoModelForCausalLM, AutoTokenizer, ContinuousBatchingConfig
from transformers.generation.continuous_batching.requests import GenerationOutput

from .. import plan
from ..input.prompts import Prompt, answer_limit, tokenize
from ..monitoring import gpu_memory
from ..output.results import Failed, Generated
from . import loading

LOCAL_LIBRARY = f"transformers {transformers.__version__}"
PAGE = 256  # tokens of one page of the KV cache, transformers' default
BATCH_TOKENS = {"cuda": 2048, "cpu": 256}  # read in one step; the attention mask grows with them times the cache
CPU_PAGES = 64  # at most: a laptop's RAM
AHEAD = 4  # times CONCURRENCY: requests that wait in the engine, so that a place is never empty


def pages(device: str) -> int:
    """Pages of KV cache for CONCURRENCY rows of CONTEXT_LEN tokens and no more, whatever the card has left."""
    wanted = plan.CONCURRENCY * math.ceil(plan.CONTEXT_LEN / PAGE)
    return wanted if device == "cuda" else min(wanted, CPU_PAGES)


def batching(device: str) -> ContinuousBatchingConfig:
    """plan.py in transformers' words."""
    return ContinuousBatchingConfig(
        page_size=PAGE,
        num_blocks=pages(device),
        max_batch_tokens=BATCH_TOKENS[device],
        max_requests_per_batch=plan.CONCURRENCY,
        max_memory_percent=plan.MEMORY_FRACTION,
        auto_switch_to_flash=False,  # plan.ATTENTION decides
        use_cuda_graph=False,  # as transformers itself decides where attention takes a mask, which SDPA does
        use_async_batching=False,
    )


class Engine:
    """One loaded model. Called with prompts, it returns a result for each."""

    def __init__(self, model: str, options: Mapping[str, Any], *, gpus: int, snapshots_in: str = "") -> None:
        """Load `model`, a folder or a hub id, onto the GPU, or with 0 into RAM as float32.

        `options` are those of `job.result_options`. `snapshots_in` is a folder for a snapshot of the GPU's memory when
        it runs out. NotAsPlanned where what was loaded is not what plan.py says.
        """
        if snapshots_in:
            gpu_memory.record_snapshots(snapshots_in)
        self.device, self.options = loading.device(gpus), options
        self.tokenizer: Any = AutoTokenizer.from_pretrained(model)
        self.model: Any = loading.load(AutoModelForCausalLM, model, self.device)
        config = self.model.generation_config
        if self.options["temperature"]:
            config.update(do_sample=True, temperature=self.options["temperature"])
        else:
            config.update(do_sample=False, temperature=1.0, top_p=1.0, top_k=50)  # transformers' defaults: unused
        stop_ids = config.eos_token_id
        self.stop_ids = {stop_ids} if isinstance(stop_ids, int) else set(stop_ids or [])
        self.batches: Any = None
        loading.inspect(self.model).check()

    def __call__(self, prompts: list[Prompt]) -> list[Generated | Failed]:
        """An answer for each prompt; Failed for one that the context has no room for."""
        found: dict[int, Generated | Failed] = {}
        requests: dict[int, tuple[list[int], int]] = {}  # place -> tokens of the prompt, of the answer at most
        for place, prompt in enumerate(prompts):
            tokens = tokenize(self.tokenizer, prompt)
            try:
                requests[place] = tokens, min(answer_limit(len(tokens), self.options), self.room(len(tokens)))
            except ValueError as error:
                found[place] = Failed(str(error))
        outputs = self.generate(list(requests.values()))
        found.update(zip(requests, map(self.result, outputs), strict=True))
        return [found[place] for place in range(len(prompts))]

    def room(self, prompt_tokens: int) -> int:
        """Tokens of answer that the whole cache could hold. ValueError for none: a CPU's cache is small."""
        room = pages(self.device) * PAGE
        if prompt_tokens >= room:
            raise ValueError(f"the prompt has {prompt_tokens:,} tokens, and the cache has room for {room:,}")
        return room - prompt_tokens

    def generate(self, requests: Sequence[tuple[list[int], int]]) -> list[GenerationOutput]:
        """The outputs of (tokens, most of the answer), in their order. RuntimeError where batching fails."""
        batches = self.running()
        places: dict[str, int] = {}
        waiting = deque(enumerate(requests))
        outputs: dict[int, GenerationOutput] = {}
        try:
            while len(outputs) < len(requests):
                while waiting and len(places) - len(outputs) < AHEAD * plan.CONCURRENCY:
                    place, (tokens, most) = waiting.popleft()
                    places[batches.add_request(tokens, max_new_tokens=most)] = place
                output = batches.get_result(timeout=1.0)
                if output is None and not batches.is_running():
                    raise RuntimeError(str(batches.background_thread_status.fatal_error or "batching stopped"))
                if output is not None and output.error is not None:
                    raise RuntimeError(output.error)
                if output is not None and output.is_finished():
                    outputs[places[output.request_id]] = output
        except BaseException:
            self.close()  # the requests in it have no caller any more
            raise
        return [outputs[place] for place in range(len(requests))]

    def running(self) -> Any:
        """The manager whose thread runs, with its cache allocated; it is kept from call to call."""
        if self.batches is None or not self.batches.is_running():
            self.batches = self.model.init_continuous_batching(continuous_batching_config=batching(self.device))
            self.batches.start()
            while self.batches.batch_processor is None and self.batches.is_running():
                time.sleep(0.01)  # the cache is allocated in the batching thread
        return self.batches

    def result(self, output: GenerationOutput) -> Generated:
        tokens = output.generated_tokens
        stopped = bool(tokens) and tokens[-1] in self.stop_ids
        return Generated(
            self.tokenizer.decode(tokens, skip_special_tokens=True),
            "stop" if stopped else "length",
            len(output.prompt_ids),
            len(tokens),
        )

    def close(self) -> None:
        """Stop batching, and free its cache."""
        if self.batches is not None:
            self.batches.stop(block=True, timeout=10, hard_stop=True)
            self.batches = None


def local_engine(folder: str, options: Mapping[str, Any]) -> Engine:
    """The model in `folder` on this machine, on its GPU where it has one."""
    return Engine(folder, options, gpus=int(torch.cuda.is_available()))
