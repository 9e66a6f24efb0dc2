"""Dynamic batching: texts of many requests share a forward pass; what waits while one runs is the next batch."""

import asyncio
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from .errors import EngineError, OutOfMemory, Unavailable, classify_error
from .loading import free_memory

Item = TypeVar("Item")
Result = TypeVar("Result")

PADDING = 0.25  # of a pass's tokens at most: texts of other lengths wait for the next one ...
SPARE = 512  # ... unless they pad by fewer tokens than this, which cost less than one pass more


@dataclass(eq=False)
class Text(Generic[Item, Result]):
    """One text that waits for its result."""

    item: Item
    length: int  # tokens
    result: asyncio.Future[Result]

    def answer(self, result: Result | EngineError) -> None:
        """Set the result, from whatever thread."""
        if not self.result.done():  # else its loop may have ended
            self.result.get_loop().call_soon_threadsafe(self._answer, result)

    def _answer(self, result: Result | EngineError) -> None:
        if self.result.done():  # the client left, or another text of its request failed
            return
        if isinstance(result, EngineError):
            self.result.set_exception(result)
        else:
            self.result.set_result(result)


class Batcher(Generic[Item, Result]):
    """Runs `forward` in one thread, on at most `largest` items at a time."""

    def __init__(
        self,
        forward: Callable[[list[Item]], list[Result]],
        largest: int,
        on_error: Callable[[EngineError], None] = lambda error: None,
        *,
        timeout_s: float = threading.TIMEOUT_MAX,
        on_hang: Callable[[], None] = lambda: None,
    ) -> None:
        """`on_hang` is called when a batch has run for `timeout_s`; what waits then fails."""
        self.forward, self.largest, self.on_error = forward, largest, on_error
        self.timeout_s, self.on_hang = timeout_s, on_hang
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
        texts: list[Text[Item, Result]] = [
            Text(item, length, loop.create_future()) for item, length in zip(items, lengths, strict=True)
        ]
        with self._wake:
            if not self.open:
                raise Unavailable("this engine has stopped; ask again")
            self.waiting += texts
            self._wake.notify()
        try:
            return await asyncio.gather(*(text.result for text in texts))
        finally:
            for text in texts:  # where one failed or the client left, the others need not run
                text.result.cancel()

    def _run(self) -> None:
        while True:
            with self._wake:
                self._wake.wait_for(lambda: self.waiting or not self.open)
                if not self.open:
                    break
                self.waiting = [text for text in self.waiting if not text.result.done()]
                batch = next_batch(self.waiting, self.largest)
                chosen = set(map(id, batch))
                self.waiting = [text for text in self.waiting if id(text) not in chosen]
                self.running = len(batch)
            hang = threading.Timer(self.timeout_s, self._hung, [batch])
            hang.daemon = True
            hang.start()
            for text, result in zip(batch, self._results(batch), strict=True):
                text.answer(result)
            hang.cancel()
            self.running = 0
        for text in self.waiting:
            text.answer(Unavailable("the engine stops; ask again"))

    def _hung(self, batch: list[Text[Item, Result]]) -> None:
        self.on_hang()
        for text in [*batch, *self.waiting]:
            text.answer(Unavailable("the engine hangs, and this container is replaced; ask again"))

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
