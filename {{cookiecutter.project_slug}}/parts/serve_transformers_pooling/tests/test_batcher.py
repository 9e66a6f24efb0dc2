"""Dynamic batching, with plain functions and torch's own allocator in place of a model."""

import asyncio
import threading
import time
from collections.abc import Callable

import pytest
import torch

from {{cookiecutter.__package}}.engine.batcher import PASS_S, Batcher, Request, deliver, pass_tokens
from {{cookiecutter.__package}}.engine.errors import EngineError, OutOfMemory, Unavailable
from {{cookiecutter.__package}}.engine.turns import Text

HANGS_S = 300  # after which a pass is taken to hang


def run(batches: Batcher[int, int], requests: list[list[int]], submitted: Callable[[], object] = lambda: None) -> list:
    """Submit all requests at once, call `submitted`, and close; each item is its own length. Errors are returned."""
    try:
        return run_until_answered(batches, requests, submitted)
    finally:
        batches.close()


def run_until_answered(
    batches: Batcher[int, int], requests: list[list[int]], submitted: Callable[[], object] = lambda: None
) -> list:
    async def all_of_them() -> list:
        asked = [asyncio.create_task(batches.submit(one, one)) for one in requests]
        await asyncio.sleep(0)  # each has begun
        submitted()
        return await asyncio.gather(*asked, return_exceptions=True)

    return asyncio.run(all_of_them())


class Passes:
    """Squares numbers, remembers each batch, and keeps the first one waiting until `go` is set."""

    def __init__(self) -> None:
        self.seen: list[list[int]] = []
        self.begun, self.go = threading.Event(), threading.Event()

    def __call__(self, items: list[int]) -> list[int]:
        self.begun.set()
        assert self.go.wait(HANGS_S)
        self.seen.append(items)
        return [item**2 for item in items]


def test_what_waits_while_a_pass_runs_is_the_next_batch():
    passes = Passes()
    requests = [[n] for n in range(1, 12)]
    assert run(Batcher(passes, 8), requests, passes.go.set) == [[n**2] for n in range(1, 12)]
    sizes = [len(batch) for batch in passes.seen]
    assert sum(sizes) == 11 and max(sizes) <= 8 and len(sizes) <= 3


def test_results_come_back_in_the_order_of_their_request():
    passes = Passes()
    passes.go.set()
    request = [300, 5, 70, 5, 1000, 64]
    assert run(Batcher(passes, 4), [request, request[::-1]]) == [
        [n**2 for n in request],
        [n**2 for n in request[::-1]],
    ]


def test_a_batch_that_does_not_fit_runs_in_halves_and_only_what_never_fits_fails():
    seen: list[int] = []

    def forward(items: list[int]) -> list[int]:
        seen.append(len(items))
        if sum(items) > 100:
            torch.empty(2**60, dtype=torch.uint8)
        return items

    errors: list[EngineError] = []
    results = run(Batcher(forward, 16, errors.append), [[10, 20, 30], [40, 101, 10], [60]])
    assert results[0] == [10, 20, 30] and results[2] == [60]
    assert isinstance(results[1], OutOfMemory) and "no RAM left: lower CONCURRENCY" in str(results[1])
    assert 1 in seen and all(isinstance(error, OutOfMemory) for error in errors)


def test_the_tensors_of_a_failed_pass_are_gone_before_its_halves_run():
    import weakref

    held: list[weakref.ref] = []

    def forward(items: list[int]) -> list[int]:
        assert all(ref() is None for ref in held)
        activations = torch.ones(1000)
        held.append(weakref.ref(activations))
        if len(items) > 1:
            torch.empty(2**60, dtype=torch.uint8)
        return items

    assert run(Batcher(forward, 16), [[1, 2, 3, 4]]) == [[1, 2, 3, 4]]


def test_another_error_fails_its_batch_and_the_engine_goes_on():
    def forward(items: list[int]) -> list[int]:
        if 13 in items:
            raise ValueError("unlucky")
        return items

    batches = Batcher(forward, 1)
    bad, good = run(batches, [[13], [7]])
    assert isinstance(bad, EngineError) and bad.status == 500 and "unlucky" not in str(bad)
    assert good == [7]


def test_a_request_whose_client_left_is_not_run():
    passes = Passes()
    batches = Batcher(passes, 1)

    async def leave() -> None:
        first = asyncio.create_task(batches.submit([1], [1]))
        await asyncio.to_thread(passes.begun.wait, HANGS_S)
        second = asyncio.create_task(batches.submit([2], [2]))
        await asyncio.sleep(0)
        assert batches.waiting == 1
        second.cancel()
        await asyncio.wait([second])
        passes.go.set()
        await first

    asyncio.run(leave())
    batches.close()
    assert passes.seen == [[1]]


def test_the_rest_of_a_large_request_is_not_run_where_its_client_left():
    passes = Passes()
    batches = Batcher(passes, 4)

    async def leave() -> None:
        large = asyncio.create_task(batches.submit([7] * 2048, [7] * 2048))
        while not batches.running:
            await asyncio.sleep(0.01)
        short = asyncio.create_task(batches.submit([1], [1]))
        await asyncio.sleep(0)
        large.cancel()
        await asyncio.sleep(0)
        assert batches.waiting == 1
        passes.go.set()
        await short

    asyncio.run(leave())
    batches.close()
    assert passes.seen == [[7] * 4, [1]]


def test_a_large_request_is_answered_in_order_with_others_between():
    passes = Passes()
    batches = Batcher(passes, 4)
    ended: list[str] = []

    async def ask(name: str, items: list[int]) -> None:
        assert await batches.submit(items, items) == [item**2 for item in items]
        ended.append(name)

    async def both() -> None:
        large = asyncio.create_task(ask("large", [5, 3, 9, 1] * 512))
        while not batches.running:
            await asyncio.sleep(0.01)
        short = [asyncio.create_task(ask(f"short {number}", [2, number])) for number in (1, 2)]
        await asyncio.sleep(0)
        passes.go.set()
        await asyncio.gather(large, *short)

    asyncio.run(both())
    batches.close()
    assert sorted(ended[:2]) == ["short 1", "short 2"] and ended[2:] == ["large"]


def test_a_pass_takes_as_many_tokens_as_a_tenth_of_a_second_computes():
    assert pass_tokens(2048, read=2000, seconds=0.01) == 4096
    assert pass_tokens(2048, read=30, seconds=0.01) == 2048  # nothing else waited
    assert pass_tokens(2048, read=2000, seconds=0.09) == 2048
    assert pass_tokens(2048, read=2000, seconds=PASS_S + 0.05) == 1024


def test_what_waits_beside_a_pass_that_hangs_fails():
    hung, end = threading.Event(), threading.Event()
    batches = Batcher(lambda items: (end.wait(10), items)[1], 1, timeout_s=0.2, on_hang=hung.set)
    first, second = run_until_answered(batches, [[1], [2]])
    assert hung.is_set() and isinstance(first, Unavailable) and isinstance(second, Unavailable)
    end.set()
    batches.close()


def test_a_client_that_leaves_as_its_result_comes_breaks_nothing():
    broken: list[dict] = []

    async def leave() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda _, context: broken.append(context))
        request: Request[int, int] = Request([1])
        deliver([Text(request, 0, 1, (0, 1))], [2])
        request.answer.cancel()  # before the loop comes to set it
        await asyncio.sleep(0.01)

    asyncio.run(leave())
    assert broken == []


def test_closing_fails_what_waits_and_what_comes():
    passes = Passes()
    batches = Batcher(passes, 1)

    def close_meanwhile() -> None:
        """Close while the first pass runs and the second waits."""
        assert passes.begun.wait(HANGS_S)
        threading.Thread(target=batches.close).start()
        while batches.open:
            time.sleep(0.01)
        passes.go.set()

    first, second = run(batches, [[1], [2]], close_meanwhile)
    assert first == [1] and isinstance(second, Unavailable)
    with pytest.raises(Unavailable):
        asyncio.run(batches.submit([3], [3]))
