"""Replays births and deaths of storages through the rules of torch's CUDACachingAllocator: the bytes it reserves.

Rules of c10/cuda/CUDACachingAllocator.cpp, torch 2.13, default settings, one stream: sizes are rounded up to 512 bytes;
up to 1 MiB comes from segments of 2 MiB, under 10 MiB from segments of 20 MiB, the rest from segments of its own size
rounded up to 2 MiB; the smallest free block that is large enough is taken, and split where the rest is worth keeping;
neighbours of a freed block that are free are joined to it. Segments go back to the driver only when it has no more.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterable

ROUND, SMALL, SMALL_SEGMENT = 512, 1 << 20, 2 << 20  # bytes
LARGE_SEGMENT, MIN_OWN_SEGMENT, SEGMENT_ROUND = 20 << 20, 10 << 20, 2 << 20


class Block:
    """A part of a segment, with its neighbours in it."""

    __slots__ = ("after", "before", "free", "number", "pool", "size")

    def __init__(self, size: int, number: int, pool: list[tuple[int, int]]) -> None:
        self.size, self.number, self.pool = size, number, pool
        self.free = False
        self.before: Block | None = None
        self.after: Block | None = None


def rounded(size: int) -> int:
    """Return the bytes that the allocator hands out for a request."""
    return -(-size // ROUND) * ROUND


def replay(events: Iterable[tuple[int, int]]) -> list[int]:
    """Return the bytes reserved after each event. An event is (bytes, key) for a birth and (-1, key) for a death."""
    small: list[tuple[int, int]] = []  # free blocks, (size, number)
    large: list[tuple[int, int]] = []
    blocks: dict[int, Block] = {}
    held: dict[int, Block] = {}
    reserved, made, curve = 0, 0, []
    for size, key in events:
        if size < 0:
            _release(held.pop(key), blocks)
            curve.append(reserved)
            continue
        size = rounded(size)
        pool = small if size <= SMALL else large
        place = bisect_left(pool, (size, -1))
        if place < len(pool):
            block = blocks[pool.pop(place)[1]]
            block.free = False
        else:
            segment = SMALL_SEGMENT if size <= SMALL else LARGE_SEGMENT
            if size >= MIN_OWN_SEGMENT:
                segment = -(-size // SEGMENT_ROUND) * SEGMENT_ROUND
            reserved += segment
            made += 1
            block = blocks[made] = Block(segment, made, pool)
        rest = block.size - size
        if rest >= ROUND if pool is small else rest > SMALL:
            made += 1
            part = blocks[made] = Block(rest, made, pool)
            part.before, part.after, part.free = block, block.after, True
            if block.after:
                block.after.before = part
            block.after, block.size = part, size
            insort(pool, (rest, made))
        held[key] = block
        curve.append(reserved)
    return curve


def _release(block: Block, blocks: dict[int, Block]) -> None:
    pool = block.pool
    for other in (block.before, block.after):
        if other and other.free:
            pool.pop(bisect_left(pool, (other.size, other.number)))
            del blocks[other.number]
            block.size += other.size
            if other is block.before:
                block.before = other.before
                if block.before:
                    block.before.after = block
            else:
                block.after = other.after
                if block.after:
                    block.after.before = block
    block.free = True
    insort(pool, (block.size, block.number))
