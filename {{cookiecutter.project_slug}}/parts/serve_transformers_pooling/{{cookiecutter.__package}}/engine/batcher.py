"""Dynamic batching: texts of many requests share a forward pass; what waits while one runs is the next batch."""

import asyncio
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Generic, TypeVar

from .errors import EngineError, OutOfMemory, Unavailable, classify_error
from .loading import free_memory
from .turns import Text, Turns

Item = TypeVar("Item")
Result = TypeVar("Result")

PASS_S = 0.1  # seconds that a pass should take at most: whoever comes meanwhile waits for its end
LEAST_TOKENS = 512  # of a pass where so many wait: a GPU reads its weights for about as long as it computes so many


class Request(Generic[Item, Result]):
    """One request: its items, and their results as they come."""

    def __init__(self, items: Sequence[Item]) -> None:
        self.items = items
        self.results: dict[int, Result] = {}  # by index
        self.loop = asyncio.get_running_loop()
        self.answer: asyncio.Future[list[Result]] = self.loop.create_future()

    def put(self, index: int, result: Result | EngineError) -> None:
        """Note a result, in the loop's thread. The first error is the answer."""
        if self.answer.done():
            return
        if isinstance(result, EngineError):
            self.answer.set_exception(result)
            return
        self.results[index] = result
        if len(self.results) == len(self.items):
            self.answer.set_result([self.results[index] for index in range(len(self.items))])


class Batcher(Generic[Item, Result]):
    """Runs `forward` in one thread, on at most `largest` items at a time."""

    def __init__(
        self,
        forward: Callable[[list[Item]], list[Result]],
        largest: int,
        on_error: Callable[[EngineError], None] = lambda error: None,
        *,
        least_tokens: int = LEAST_TOKENS,
        timeout_s: float = threading.TIMEOUT_MAX,
        on_hang: Callable[[], None] = lambda: None,
    ) -> None:
        """A pass may always have `least_tokens`, however long it takes.

        `on_hang` is called when a batch has run for `timeout_s`; what waits then fails.
        """
        self.forward, self.on_error = forward, on_error
        self.timeout_s, self.on_hang = timeout_s, on_hang
        self.queue: Turns[Request[Item, Result]] = Turns(largest, least_tokens)
        self.least_tokens = least_tokens
        self.tokens = 4 * least_tokens  # of a pass, with padding; follows what passes take
        self.batch: list[Text[Request[Item, Result]]] = []  # that runs
        self.began = 0.0  # when, by the monotonic clock
        self.open = True
        self._wake = threading.Condition()
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._run, name="batcher", daemon=True)
        self._thread.start()
        threading.Thread(target=self._watch, name="batcher's watch", daemon=True).start()

    @property
    def running(self) -> int:
        return len(self.batch)

    @property
    def waiting(self) -> int:
        return len(self.queue)

    async def submit(self, items: Sequence[Item], lengths: Sequence[int]) -> list[Result]:
        """A result for each item, in order. OutOfMemory where one is too large to run even alone."""
        if not items:
            return []
        request: Request[Item, Result] = Request(items)
        with self._wake:
            if not self.open:
                raise Unavailable("this engine has stopped; ask again")
            self.queue.add(request, lengths)
            self._wake.notify()
        try:
            return await request.answer
        except BaseException:  # one failed or the client left: the others need not run
            with self._wake:
                self.queue.remove(request)
            raise

    def _run(self) -> None:
        while True:
            with self._wake:
                self._wake.wait_for(lambda: self.queue or not self.open)
                if not self.open:
                    break
                self.batch = self.queue.take(self.tokens)
                self.began = time.monotonic()
            batch = self.batch
            results = self._results(batch)
            tokens = pass_tokens(self.tokens, padded(batch), time.monotonic() - self.began)
            self.tokens = max(self.least_tokens, tokens)
            self.batch = []
            deliver(batch, results)
        stopped = Unavailable("the engine stops; ask again")
        deliver(self.queue.waiting, [stopped] * len(self.queue))

    def _watch(self) -> None:
        while not self._closed.wait(min(1.0, self.timeout_s / 4)):
            if self.batch and time.monotonic() - self.began > self.timeout_s:
                self.on_hang()
                with self._wake:
                    hung = [*self.batch, *self.queue.waiting]
                deliver(hung, [Unavailable("the engine hangs, and this container is replaced; ask again")] * len(hung))
                return

    def _results(self, batch: Sequence[Text[Request[Item, Result]]]) -> list[Result | EngineError]:
        """Run a batch; in halves where it does not fit into memory."""
        try:
            return list(self.forward([text.owner.items[text.index] for text in batch]))
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
        self._closed.set()
        with self._wake:
            self.open = False
            self._wake.notify()
        self._thread.join()


def pass_tokens(now: int, read: int, seconds: float) -> int:
    """The tokens of the next pass, after one of at most `now` that read so many in so many seconds.

    Twice as many where it took less than half of PASS_S, half where it took longer than that.
    """
    if seconds > PASS_S:
        return now // 2
    return 2 * now if seconds < PASS_S / 2 and read > now // 2 else now


def padded(batch: Sequence[Text]) -> int:
    """The tokens of a batch, each text filled up to the longest."""
    return len(batch) * max(text.length for text in batch)


def deliver(texts: Sequence[Text[Request[Item, Result]]], results: Sequence[Result | EngineError]) -> None:
    """Put results into their requests, from whatever thread: one wake-up of each loop."""

    def put(some: list[tuple[Text[Request[Item, Result]], Result | EngineError]]) -> None:
        for text, result in some:
            text.owner.put(text.index, result)

    by_loop: dict[asyncio.AbstractEventLoop, list[tuple[Text[Request[Item, Result]], Result | EngineError]]] = {}
    for text, result in zip(texts, results, strict=True):
        by_loop.setdefault(text.owner.loop, []).append((text, result))
    for loop, some in by_loop.items():
        with suppress(RuntimeError):  # the loop has ended, and with it whoever waited
            loop.call_soon_threadsafe(put, some)
