"""What embedding and classification share: texts are counted, held against the limits, and answered in batches."""

import asyncio
import copy
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Generic, TypeVar

import torch
from tokenizers import Encoding

from . import plan
from .batches import Batches
from .counts import Counts
from .engine import loading
from .errors import OutOfMemory, Refused, ServiceFault, Unavailable

Result = TypeVar("Result")

SHORT = 4096  # characters: tokens of so few come sooner than another thread would start


@dataclass(frozen=True)
class Read:
    """A text and its tokens."""

    text: str
    tokens: Encoding


class Encoder(ABC, Generic[Result]):
    """A loaded model that reads texts and writes none."""

    auto: ClassVar[Any]  # of transformers' Auto classes, the one that knows this model
    most: ClassVar[int]  # texts in one request
    prefix = ""  # what the model wants before each text

    def __init__(self, model: str, *, gpus: int, on_death: Callable[[], None] = lambda: None) -> None:
        """Load `model`, a folder or a hub id, onto the GPU, or with 0 into RAM as float32.

        `on_death` is called once, when the GPU does not work any more. NotAsPlanned where what was loaded is not what
        plan.py says.
        """
        self.device = loading.device(gpus)
        self.on_death, self.death = on_death, ""
        loaded, tokenizer, longest = self.load(model)
        self.loaded = loading.inspect(loaded)
        self.loaded.check()
        self.context = min(plan.CONTEXT_LEN, longest or plan.CONTEXT_LEN)  # tokens
        # A copy: the model's own tokenizer is set to pad and truncate, and used by another thread
        self.words = copy.deepcopy(tokenizer.backend_tokenizer)
        self.words.no_truncation()
        self.words.no_padding()
        self.counts = Counts()
        self.batches: Batches[Read, Result] = Batches(self.forward, plan.CONCURRENCY, self._failed)
        self.counts.running.set_function(lambda: self.batches.running)
        self.counts.waiting.set_function(lambda: len(self.batches.waiting))

    @classmethod
    def prepare(cls, model: str) -> None:
        """Import what loading takes, before a snapshot of the memory. Touches no GPU."""
        loading.imported(cls.auto, model)

    @abstractmethod
    def load(self, model: str) -> tuple[Any, Any, int | None]:
        """The model of transformers, its tokenizer, and how many tokens it takes at most."""

    @abstractmethod
    def forward(self, texts: list[Read]) -> list[Result]:
        """One pass through the model."""

    @property
    def healthy(self) -> bool:
        """Whether requests are taken."""
        return not self.death and self.batches.open

    async def read(self, texts: Sequence[str]) -> list[Read]:
        """The tokens of each text, with those that the model adds. Refused where one is empty or too long."""
        prefixed = [self.prefix + text for text in texts]
        if sum(map(len, prefixed)) < SHORT:
            encodings = self.words.encode_batch_fast(prefixed)
        else:
            encodings = await asyncio.to_thread(self.words.encode_batch_fast, prefixed)
        for index, encoding in enumerate(encodings):
            if not encoding.ids:
                raise Refused(f"input {index} is empty")
            if len(encoding.ids) > self.context:
                raise Refused(
                    f"input {index} has {len(encoding.ids)} tokens and this service reads {self.context} of one text: "
                    "shorten or split it"
                )
        return [Read(text, encoding) for text, encoding in zip(texts, encodings, strict=True)]

    async def results(self, texts: Sequence[str]) -> tuple[list[Result], int]:
        """A result for each text, in order, and how many tokens were read. Raises the faults of errors.py."""
        if len(texts) > self.most:
            raise Refused(f"{len(texts)} texts in one request, and this service takes {self.most}: send several")
        if not self.healthy:
            raise Unavailable(self.death or "the engine has stopped")
        with self.counts.timed():
            read = await self.read(texts)
            lengths = [len(text.tokens.ids) for text in read]
            results = await self.batches.submit(read, lengths)
        self.counts.read.inc(sum(lengths))
        return results, sum(lengths)

    def _failed(self, failed: ServiceFault) -> None:
        if isinstance(failed, OutOfMemory):
            self.counts.out_of_memory.inc()
        elif not self.death and self.device == "cuda" and (why := broken()):
            self.death = f"the GPU does not work any more, and this container is replaced: {why}"
            print(self.death, flush=True)
            self.on_death()

    def what_runs(self) -> dict:
        """For `GET /engine`."""
        return self.loaded.report()

    def close(self) -> None:
        """Finish the pass that runs, and fail what waits."""
        self.batches.close()


def broken() -> str:
    """Why CUDA is unusable in this process, after an error that no later call survives; "" where it works."""
    try:
        torch.cuda.synchronize()
    except RuntimeError as error:
        return str(error).splitlines()[0]
    return ""
