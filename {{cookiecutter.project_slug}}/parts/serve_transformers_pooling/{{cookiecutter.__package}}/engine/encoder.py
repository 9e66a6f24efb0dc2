"""The base of the pooling engines: tokenizes texts, checks them against the limits, and runs them in batches."""

import asyncio
import copy
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Generic, TypeVar

import torch
from tokenizers import Encoding

from .. import plan
from . import loading
from .batcher import LEAST_TOKENS, Batcher
from .errors import EngineError, InvalidRequest, OutOfMemory, Unavailable, check_characters
from .metrics import EngineMetrics

Result = TypeVar("Result")

SHORT = 4096  # characters: tokens of so few come sooner than another thread would start
LEAST_ON_CPU = 256  # tokens of a pass: a CPU computes so many in longer than it reads the weights
PIECE = 65536  # characters tokenized in one call, which takes all processors


@dataclass(frozen=True)
class Tokenized:
    """A text and its tokens."""

    text: str
    tokens: Encoding


class Encoder(ABC, Generic[Result]):
    """A loaded model with one result for each text."""

    auto: ClassVar[Any]  # of transformers' Auto classes, the one that knows this model
    prefix = ""  # that the model takes before each text

    def __init__(self, model: str, *, gpus: int, on_fatal_error: Callable[[], None] = lambda: None) -> None:
        """Load `model`, a folder or a hub id, onto the GPU, or with 0 into RAM as float32.

        `on_fatal_error` is called once, when the GPU does not work any more. NotAsPlanned where what was loaded is not
        what plan.py says.
        """
        self.device = loading.device(gpus)
        self.on_fatal_error, self.fatal_error = on_fatal_error, ""
        loaded, tokenizer, longest = self.load(model)
        self.loaded = loading.inspect(loaded)
        self.loaded.check()
        self.context = min(plan.CONTEXT_LEN, longest or plan.CONTEXT_LEN)  # tokens
        # A copy: the model's own tokenizer is set to pad and truncate, and used by another thread
        self.fast_tokenizer = copy.deepcopy(tokenizer.backend_tokenizer)
        self.fast_tokenizer.no_truncation()
        self.fast_tokenizer.no_padding()
        self.metrics = EngineMetrics()
        self.texts = 0  # of requests without an answer yet
        self.batcher: Batcher[Tokenized, Result] = Batcher(
            self.forward,
            plan.CONCURRENCY,
            self._failed,
            least_tokens=LEAST_TOKENS if self.device == "cuda" else LEAST_ON_CPU,
            timeout_s=plan.HANG_TIMEOUT,
            on_hang=self._hung,
        )
        self.metrics.running.set_function(lambda: self.batcher.running)
        self.metrics.waiting.set_function(lambda: self.batcher.waiting)

    @classmethod
    def prepare(cls, model: str) -> None:
        """Import what loading takes, before a snapshot of the memory. Touches no GPU."""
        loading.import_model_code(cls.auto, model)

    @abstractmethod
    def load(self, model: str) -> tuple[Any, Any, int | None]:
        """The model of transformers, its tokenizer, and how many tokens it takes at most."""

    @abstractmethod
    def forward(self, texts: list[Tokenized]) -> list[Result]:
        """One pass through the model."""

    @property
    def healthy(self) -> bool:
        """Whether requests are taken."""
        return not self.fatal_error and self.batcher.open

    async def tokenize(self, texts: Sequence[str]) -> list[Tokenized]:
        """The tokens of each text, with those that the model adds. InvalidRequest where one is empty or too long."""
        prefixed = [self.prefix + text for text in texts]
        check_characters("".join(prefixed))
        if sum(map(len, prefixed)) < SHORT:
            # One by one in this thread: the threads of a batch may be busy with a large request
            encodings = [self.fast_tokenizer.encode(text) for text in prefixed]
        else:
            encodings = await asyncio.to_thread(self._encode, prefixed)
        for index, encoding in enumerate(encodings):
            if not encoding.ids:
                raise InvalidRequest(f"input {index} is empty")
            if len(encoding.ids) > self.context:
                raise InvalidRequest(
                    f"input {index} has {len(encoding.ids)} tokens and this service reads {self.context} of one text: "
                    "shorten or split it"
                )
        return [Tokenized(text, encoding) for text, encoding in zip(texts, encodings, strict=True)]

    def _encode(self, texts: Sequence[str]) -> list[Encoding]:
        encodings: list[Encoding] = []
        piece, characters = [], 0
        for text in texts:
            piece.append(text)
            characters += len(text)
            if characters >= PIECE:
                encodings += self.fast_tokenizer.encode_batch_fast(piece)
                piece, characters = [], 0
        return encodings + self.fast_tokenizer.encode_batch_fast(piece)

    async def results(self, texts: Sequence[str]) -> tuple[list[Result], int]:
        """A result for each text, in order, and the number of tokens. Raises the errors of errors.py."""
        if len(texts) > plan.MAX_TEXTS:
            raise InvalidRequest(
                f"{len(texts)} texts in one request, and this service takes {plan.MAX_TEXTS}: send several"
            )
        if not self.healthy:
            raise Unavailable(self.fatal_error or "the engine has stopped")
        if self.texts + len(texts) > room(len(texts)):
            raise Unavailable(f"{self.texts} texts run or wait, and {len(texts)} more do not fit; ask again")
        self.texts += len(texts)
        try:
            with self.metrics.timed():
                tokenized = await self.tokenize(texts)
                lengths = [len(text.tokens.ids) for text in tokenized]
                results = await self.batcher.submit(tokenized, lengths)
        finally:
            self.texts -= len(texts)
        self.metrics.prompt_tokens.inc(sum(lengths))
        return results, sum(lengths)

    def _failed(self, failed: EngineError) -> None:
        if isinstance(failed, OutOfMemory):
            self.metrics.out_of_memory.inc()
        elif not self.fatal_error and self.device == "cuda" and (reason := cuda_error()):
            self.fatal_error = f"the GPU does not work any more, and this container is replaced: {reason}"
            print(self.fatal_error, flush=True)
            self.on_fatal_error()

    def _hung(self) -> None:
        self.fatal_error = f"a pass took over {plan.HANG_TIMEOUT} s, and this container is replaced"
        print(self.fatal_error, flush=True)
        self.on_fatal_error()

    def close(self) -> None:
        """Finish the pass that runs, and fail what waits."""
        self.batcher.close()


def room(texts: int) -> int:
    """How many texts may run and wait with a request of so many: large ones leave a quarter of MAX_WAITING free."""
    every = plan.CONCURRENCY + plan.MAX_WAITING
    if texts <= plan.CONCURRENCY:
        return every
    return max(every - plan.MAX_WAITING // 4, min(every, plan.MAX_TEXTS))


def cuda_error() -> str:
    """Why CUDA is unusable in this process, after an error that no later call survives; "" where it works."""
    try:
        torch.cuda.synchronize()
    except RuntimeError as error:
        return str(error).splitlines()[0]
    return ""
