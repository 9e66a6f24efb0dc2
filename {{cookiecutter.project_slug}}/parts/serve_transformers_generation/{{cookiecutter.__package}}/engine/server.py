"""The model and transformers' continuous batching. Knows nothing of Modal: tests and a laptop run the same code."""

import asyncio
import math
import threading
import time
import uuid
from collections.abc import AsyncGenerator, Callable, Sequence
from typing import Any

from tokenizers.decoders import DecodeStream
from transformers import AutoModelForCausalLM, AutoTokenizer, ContinuousBatchingConfig
from transformers.generation.continuous_batching.requests import GenerationOutput

from .. import plan
from . import conversation, loading
from .conversation import Message
from .deltas import Delta, StopStringFilter
from .errors import EngineError, InvalidRequest, OutOfMemory, Unavailable, check_characters, classify_error
from .metrics import EngineMetrics
from .sampling import SamplingParams, install_fast_samplers

PAGE = 256  # tokens of one page of the KV cache, transformers' default
BATCH_TOKENS = {"cuda": 2048, "cpu": 256}  # read in one step; the attention mask grows with them times the cache
CPU_PAGES = 64  # at most: a laptop's RAM
TRIES = 3  # to restart batching after it failed


def pages(device: str) -> int:
    """Pages of KV cache for CONCURRENCY requests of CONTEXT_LEN tokens and no more, whatever the card has left."""
    wanted = plan.CONCURRENCY * math.ceil(plan.CONTEXT_LEN / PAGE)
    return wanted if device == "cuda" else min(wanted, CPU_PAGES)


def batching(device: str) -> ContinuousBatchingConfig:
    """transformers' settings for plan.py."""
    return ContinuousBatchingConfig(
        page_size=PAGE,
        num_blocks=pages(device),
        max_batch_tokens=BATCH_TOKENS[device],
        max_requests_per_batch=plan.CONCURRENCY,
        max_memory_percent=plan.MEMORY_FRACTION,
        auto_switch_to_flash=False,  # plan.ATTENTION decides
        per_request_processors=True,  # temperature and top_p are each request's own
        use_cuda_graph=False,  # as transformers itself decides where attention takes a mask, which SDPA does
        use_async_batching=False,
    )


class Engine:
    """One loaded model that answers many requests at once."""

    def __init__(self, model: str, *, gpus: int, on_fatal_error: Callable[[], None] = lambda: None) -> None:
        """Load `model`, a folder or a hub id, onto the GPU, or with 0 into RAM as float32, and start batching.

        Batching that fails is restarted; where that fails too, `on_fatal_error` is called once. NotAsPlanned where
        what was loaded is not what plan.py says; IncompleteWeights where the checkpoint is of another kind of model;
        OutOfMemory where the cache does not fit.
        """
        self.device = loading.device(gpus)
        self.tokenizer: Any = AutoTokenizer.from_pretrained(model)
        self.model: Any = loading.load(AutoModelForCausalLM, model, self.device)
        own = self.model.generation_config
        self.defaults = {
            "temperature": own.temperature if own.temperature is not None else 1.0,
            "top_p": own.top_p if own.top_p is not None else 1.0,
            "top_k": own.top_k or self.model.config.vocab_size,
        }
        # Each request brings its own values, but only processors that the manager starts with can take them
        own.update(do_sample=True, temperature=0.5, top_p=0.5, top_k=1)
        self.vocabulary: int = self.model.get_input_embeddings().num_embeddings
        self.stop_ids = {own.eos_token_id} if isinstance(own.eos_token_id, int) else set(own.eos_token_id or [])
        self.context = min(plan.CONTEXT_LEN, pages(self.device) * PAGE)  # tokens, prompt and answer together
        self.on_fatal_error, self.fatal_error = on_fatal_error, ""
        self.open: dict[str, tuple[asyncio.AbstractEventLoop, asyncio.Queue[Any]]] = {}  # requests without an end yet
        self.batches: Any = self._start_batching()
        self.loaded = loading.inspect(self.model)
        self.loaded.check()
        self.metrics = EngineMetrics()
        self.metrics.running.set_function(self.running)
        self.metrics.waiting.set_function(lambda: max(0, len(self.open) - self.running()))
        self.moved = time.monotonic()  # when a token last came, or nothing ran
        self._closing = threading.Event()
        self._watcher = threading.Thread(target=self._watch, name="watch", daemon=True)
        self._watcher.start()

    @staticmethod
    def prepare(model: str) -> None:
        """Import what loading takes, before a snapshot of the memory. Touches no GPU."""
        loading.import_model_code(AutoModelForCausalLM, model)

    def _start_batching(self) -> Any:
        """Return a manager whose cache is allocated and whose thread runs. EngineError where it does not start."""
        batches = self.model.init_continuous_batching(continuous_batching_config=batching(self.device))
        install_fast_samplers(batches.logit_processor)
        batches.start()
        while batches.batch_processor is None and batches.is_running():
            time.sleep(0.01)  # the cache is allocated in the batching thread
        if batches.batch_processor is None or not batches.is_running():
            error = batches.background_thread_status.fatal_error  # its text alone is kept: a traceback holds tensors
            raise classify_error(str(error) if error else "batching did not start")
        return batches

    def _watch(self) -> None:
        while not self._closing.wait(0.1):
            self._check_progress()
            if not self.fatal_error and not self.batches.is_running():
                self._restart_batching()
            while self.batches.get_result(timeout=0.001):  # for clients that have left: nobody else takes it
                pass

    def _check_progress(self) -> None:
        """Give up where requests run and no token has come for HANG_TIMEOUT: nothing can interrupt the GPU."""
        if not self.running():
            self.moved = time.monotonic()
        elif not self.fatal_error and time.monotonic() - self.moved > plan.HANG_TIMEOUT:
            self.fatal_error = f"no token came in {plan.HANG_TIMEOUT} s, and this container is replaced"
            print(self.fatal_error, flush=True)
            for loop, outputs in list(self.open.values()):
                loop.call_soon_threadsafe(outputs.put_nowait, self.fatal_error)
            self.on_fatal_error()

    def _restart_batching(self) -> None:
        """Free what the failed batch held, and start batching again with the weights that are loaded."""
        status = self.batches.background_thread_status
        failed = classify_error(status.fatal_error or "batching stopped")
        if isinstance(failed, OutOfMemory):
            self.metrics.out_of_memory.inc()
        print(f"{failed}; starting to batch anew", flush=True)
        for loop, outputs in list(self.open.values()):  # those that transformers had not told yet
            loop.call_soon_threadsafe(outputs.put_nowait, str(failed))
        status.fatal_error = status.fatal_error and type(status.fatal_error)(str(failed))  # without its traceback
        self.batches.stop()
        for _ in range(TRIES):
            loading.free_memory()
            try:
                self.batches = self._start_batching()
            except EngineError as error:
                failed = error
                time.sleep(1)
            else:
                print("batching again", flush=True)
                return
        self.fatal_error = f"batching cannot be started any more, and this container is replaced: {failed}"
        print(self.fatal_error, flush=True)
        self.on_fatal_error()

    @property
    def healthy(self) -> bool:
        """Whether new requests are taken."""
        batches = self.batches
        takes = batches.background_thread_status.can_accept_new_requests() is None
        return takes and batches.is_running() and not self.fatal_error

    def running(self) -> int:
        """Requests in the current batch."""
        processor = self.batches.batch_processor
        return len(processor.scheduler.active_requests) if processor is not None else 0

    def chat(self, messages: Sequence[Message]) -> list[int]:
        """The tokens of a conversation as the model's chat template writes it; plain text where the model has none."""
        if self.tokenizer.chat_template is None:
            return self.text("\n".join(message["content"] for message in messages))
        return conversation.tokens(self.tokenizer, messages)

    def text(self, text: str) -> list[int]:
        """The tokens of a text that the model shall continue."""
        check_characters(text)
        return self.tokenizer(text)["input_ids"]

    def answer_limit(self, prompt: int, asked: int | None) -> int:
        """Return the most tokens of an answer to `prompt` tokens. InvalidRequest where that is less than was asked."""
        if asked is not None and asked > plan.MAX_ANSWER_TOKENS:
            raise InvalidRequest(
                f"{asked} tokens of answer asked for, and this service writes {plan.MAX_ANSWER_TOKENS}"
            )
        left = self.context - prompt
        if left < (asked or 1):
            raise InvalidRequest(
                f"{prompt} tokens of prompt and {asked or 1} of answer exceed the context of {self.context} tokens"
            )
        return asked or min(left, plan.MAX_ANSWER_TOKENS)

    async def stream(self, prompt: Sequence[int], sampling: SamplingParams) -> AsyncGenerator[Delta]:
        """Yield the answer to the tokens of a prompt, piece by piece. Leaving early cancels the request.

        InvalidRequest before anything is generated, OutOfMemory or another error of errors.py where the engine fails.
        """
        if not prompt:
            raise InvalidRequest("the prompt is empty")
        if not 0 <= min(prompt) <= max(prompt) < self.vocabulary:  # the GPU would fail, and with it every request
            raise InvalidRequest(f"the prompt has tokens outside of the model's 0 to {self.vocabulary - 1}")
        max_tokens = self.answer_limit(len(prompt), sampling.max_tokens)
        if len(self.open) >= plan.CONCURRENCY + plan.MAX_WAITING:
            raise Unavailable(f"{len(self.open)} requests run or wait, as many as this container takes; ask again")
        batches, loop, begun = self.batches, asyncio.get_running_loop(), time.perf_counter()
        outputs: asyncio.Queue[GenerationOutput | str] = asyncio.Queue()  # a str is why it failed
        request = uuid.uuid4().hex
        self.open[request] = loop, outputs
        try:
            if not self.healthy:
                raise Unavailable(self._state())
            batches.register_result_handler(request, outputs.put_nowait)
            added = batches.add_request(
                list(prompt),
                request_id=request,
                max_new_tokens=max_tokens,
                streaming=True,
                eos_token_id=-1 if sampling.ignore_eos or not self.stop_ids else list(self.stop_ids),
                **self._processor_kwargs(sampling),
            )
            if added is None:
                raise Unavailable(self._state())
            self.metrics.prompt_tokens.inc(len(prompt))
            with self.metrics.timed():
                async for delta in self._deltas(outputs, len(prompt), sampling, begun):
                    yield delta
        finally:
            del self.open[request]
            batches.cancel_request(request)
            batches.output_router.result_handlers.pop(request, None)  # transformers keeps those of cancelled requests

    async def _deltas(
        self, outputs: asyncio.Queue[GenerationOutput | str], prompt: int, sampling: SamplingParams, last: float
    ) -> AsyncGenerator[Delta]:
        decoder, stops, seen, sent = DecodeStream([], True), StopStringFilter(sampling.stop), 0, 0
        while True:
            output = await outputs.get()
            while not outputs.empty():  # each holds all tokens so far: a slow reader catches up
                output = outputs.get_nowait()
            if isinstance(output, str) or output.error is not None:
                raise self._error(output if isinstance(output, str) else output.error or "")
            new, now = output.generated_tokens[seen:], time.perf_counter()
            self.moved = time.monotonic()
            self._count(len(new), seen == 0, now - last)
            seen, last = len(output.generated_tokens), now
            ends = output.is_finished()
            if ends:
                # The decoder keeps back half a character; at the end it is sent after all
                text = self.tokenizer.decode(output.generated_tokens, skip_special_tokens=True)[sent:]
            else:
                text = "".join(decoder.step(self.tokenizer.backend_tokenizer, token) or "" for token in new)
            sent += len(text)
            text = stops.add(text, last=ends)
            if ends or stops.found:
                stopped = stops.found or (bool(new) and new[-1] in self.stop_ids and not sampling.ignore_eos)
                yield Delta(text, seen, prompt, "stop" if stopped else "length")
                return
            if text:
                yield Delta(text, seen, prompt)

    def _count(self, tokens: int, first: bool, seconds: float) -> None:
        self.metrics.generation_tokens.inc(tokens)
        if first:
            self.metrics.first_token.observe(seconds)
            tokens, seconds = tokens - 1, 0.0  # those that came with it
        for _ in range(tokens):
            self.metrics.next_token.observe(seconds / tokens)

    def _processor_kwargs(self, sampling: SamplingParams) -> dict[str, Any]:
        chosen: dict[str, Any] = dict(self.defaults)
        if sampling.temperature is not None:
            chosen["temperature"] = sampling.temperature
        if sampling.top_p is not None:
            chosen["top_p"] = sampling.top_p
        return chosen if sampling.temperature != 0 else {"temperature": 1.0, "top_p": 1.0, "top_k": 1}

    def _state(self) -> str:
        """Why no request is taken."""
        return self.fatal_error or f"the engine {'stops' if self._closing.is_set() else 'starts anew'}; ask again"

    def _error(self, error: str) -> EngineError:
        """The error to raise for the text of one."""
        return Unavailable(self._state()) if self._closing.is_set() or self.fatal_error else classify_error(error)

    async def answer(self, texts: list[str]) -> list[str]:
        """The whole answer to each question, for callers inside Modal."""
        places = asyncio.Semaphore(plan.CONCURRENCY)  # so that a long list is not refused
        return await asyncio.gather(*(self._whole(text, places) for text in texts))

    async def _whole(self, text: str, places: asyncio.Semaphore) -> str:
        prompt = self.chat([{"role": "user", "content": text}])
        async with places:
            return "".join([delta.text async for delta in self.stream(prompt, SamplingParams())])

    def close(self) -> None:
        """Fail what is running and stop."""
        self._closing.set()
        self._watcher.join()
        self.batches.stop(block=True, timeout=10, hard_stop=True)
