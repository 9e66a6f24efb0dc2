"""Dynamic batching: the texts of many requests in one forward pass; what waits while one pass runs is the next batch."""

import asyncio
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from .errors import EngineError, OutOfMemory, Unavailable, classify_error
from .loading import free_memory

Item = TypeVar("Item")
Result = TypeVar("Result")

PADDING = 0.25  # of a pass's tokens at most: texts of other lengths wait for the next one ...
SPARE = 512  # ... unless they pad by fewer tokens than this, which cost less than one pass more


@dataclass(eq=False)
class Request(Generic[Result]):
    """Some texts that are answered together."""

    loop: asyncio.AbstractEventLoop
    answer: asyncio.Future[list[Result]]
    results: dict[int, Result] = field(default_factory=dict)

    def set_result(self, index: int, result: Result | EngineError, size: int) -> None:
        """Take the result of one text. The last one answers the request; an error answers it at once."""
        if isinstance(result, EngineError):
            self.loop.call_soon_threadsafe(self._end, None, result)
            return
        self.results[index] = result
        if len(self.results) == size:
            self.loop.call_soon_threadsafe(self._end, [self.results[i] for i in range(size)], None)

    def _end(self, results: list[Result] | None, error: EngineError | None) -> None:
        if self.answer.done():  # the client left, or another of its texts failed
            return
        if error is not None:
            self.answer.set_exception(error)
        elif results is not None:
            self.answer.set_result(results)


@dataclass(eq=False)
class Text(Generic[Item, Result]):
    """One text of a request, and where its result belongs."""

    item: Item
    length: int  # tokens
    request: Request[Result]
    index: int
    size: int  # texts in the request


class Batcher(Generic[Item, Result]):
    """Runs `forward` in one thread, on at most `largest` items at a time."""

    def __init__(
        self,
        forward: Callable[[list[Item]], list[Result]],
        largest: int,
        on_error: Callable[[EngineError], None] = lambda error: None,
    ) -> None:
        self.forward, self.largest, self.on_error = forward, largest, on_error
        self.waiting: list[Text[Item, Result]] = []  # oldest first
        self.running = 0
        self.open = True
        self._wake = threading.Condition()
        self._thread = threading.Thread(target=self._run, name="batcher", daemon=True)
        self._thread.start()

    async def submit(self, items: Sequence[Item], lengths: Sequence[int]) -> list[Result]:
        """A result for each item, in order. OutOfMemory where one is too large to run even alone."""
        if not items:
            return []
        loop = asyncio.get_running_loop()
        request: Request[Result] = Request(loop, loop.create_future())
        pairs = enumerate(zip(items, lengths, strict=True))
        texts = [Text(item, length, request, index, len(items)) for index, (item, length) in pairs]
        with self._wake:
            if not self.open:
                raise Unavailable("this engine has stopped; ask again")
            self.waiting += texts
            self._wake.notify()
        return await request.answer

    def _run(self) -> None:
        while True:
            with self._wake:
                self._wake.wait_for(lambda: self.waiting or not self.open)
                if not self.open:
                    break
                self.waiting = [text for text in self.waiting if not text.request.answer.done()]
                batch = next_batch(self.waiting, self.largest)
                chosen = set(map(id, batch))
                self.waiting = [text for text in self.waiting if id(text) not in chosen]
                self.running = len(batch)
            for text, result in zip(batch, self._results(batch), strict=True):
                text.request.set_result(text.index, result, text.size)
            self.running = 0
        for text in self.waiting:
            text.request.set_result(text.index, Unavailable("the engine stops; ask again"), text.size)

    def _results(self, batch: list[Text[Item, Result]]) -> list[Result | EngineError]:
        """Run a batch; in halves where it does not fit into memory."""
        if not batch:
            return []
        try:
            return list(self.forward([text.item for text in batch]))
        except Exception as error:
            failed = classify_error(error)
        # Only here, where the error is gone and with it the tensors that its traceback held
        self.on_error(failed)
        if not isinstance(failed, OutOfMemory):
            return [failed for _ in batch]
        free_memory()
        longest = max(text.length for text in batch)
        if len(batch) == 1:
            print(f"a text of {longest} tokens, alone: {failed}", flush=True)
            return [failed]
        print(f"{len(batch)} texts of up to {longest} tokens, run in halves: {failed}", flush=True)
        half = len(batch) // 2
        return [*self._results(batch[:half]), *self._results(batch[half:])]

    def close(self) -> None:
        """Finish the pass that runs, and fail what waits."""
        with self._wake:
            self.open = False
            self._wake.notify()
        self._thread.join()


def next_batch(waiting: Sequence[Text[Item, Result]], largest: int) -> list[Text[Item, Result]]:
    """The next batch: the text that waits longest, and those that are nearest to it in length, at most `largest`."""
    if not waiting:
        return []
    by_length = sorted(waiting, key=lambda text: -text.length)
    first = last = by_length.index(waiting[0])
    tokens = by_length[first].length
    while last - first + 1 < largest:
        for longest, other in ((by_length[first], last + 1), (by_length[first - 1], first - 1)):
            if not 0 <= other < len(by_length):
                continue
            together = tokens + by_length[other].length
            padding = longest.length * (last - first + 2) - together
            if padding <= max(SPARE, PADDING * together):
                first, last, tokens = min(first, other), max(last, other), together
                break
        else:
            break
    return by_length[first : last + 1]
