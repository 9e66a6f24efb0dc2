"""Whose texts run next: requests take turns, a slice of each at a time, so that none waits for all of a large one."""

import bisect
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Generic, TypeVar

Owner = TypeVar("Owner")

PADDING = 0.25  # of a pass's tokens at most: texts of other lengths wait for the next one ...
SPARE = 512  # ... unless they pad by fewer tokens than this, which cost less than one pass more
LOOK_AHEAD = 4  # passes' worth of texts among which those of like length are sought


@dataclass(eq=False, frozen=True)
class Text(Generic[Owner]):
    """One text that waits, and its place in the queue."""

    owner: Owner  # its request
    index: int  # in its request
    length: int  # tokens
    place: tuple[int, int]  # turn, and tokens of its slice: within a turn, short slices come first


class Turns(Generic[Owner]):
    """The queue of all requests' texts.

    Deficit round robin with one quantum for all (Shreedhar and Varghese, 1995): a request has a slice in each turn from
    the one after its arrival, so that a turn ends however many come. Not safe for threads.
    """

    def __init__(self, most: int, slice_tokens: int) -> None:
        """A pass takes at most so many texts, and a slice as many, with at most so many tokens together."""
        self.most, self.slice_tokens = most, slice_tokens
        self.waiting: list[Text[Owner]] = []  # by place, then by arrival
        self.turn = 0  # of the pass that began last

    def __len__(self) -> int:
        return len(self.waiting)

    def add(self, owner: Owner, lengths: Sequence[int]) -> None:
        """Queue the texts of one request, which have so many tokens each."""
        for turn, piece in enumerate(slices(lengths, self.most, self.slice_tokens), self.turn + 1):
            place = turn, sum(lengths[index] for index in piece)
            at = bisect.bisect(self.waiting, place, key=attrgetter("place"))
            self.waiting[at:at] = [Text(owner, index, lengths[index], place) for index in piece]

    def remove(self, owner: Owner) -> None:
        """Take the texts of one request out."""
        self.waiting = [text for text in self.waiting if text.owner is not owner]

    def take(self, tokens: int) -> list[Text[Owner]]:
        """Take the texts of the next pass: at most so many tokens with padding, but one text at least.

        The first has waited for the most turns; those that follow it are as long, or nearly.
        """
        chosen: list[Text[Owner]] = []
        longest = total = 0
        near = self.waiting[: LOOK_AHEAD * self.most]
        for text in near:
            wider, sum_of_lengths = max(longest, text.length), total + text.length
            padded = wider * (len(chosen) + 1)
            padding = padded - sum_of_lengths
            if not chosen or (padded <= tokens and padding <= max(SPARE, PADDING * sum_of_lengths)):
                chosen.append(text)
                longest, total = wider, sum_of_lengths
            if len(chosen) == self.most or total >= tokens:
                break
        if chosen:
            self.turn, taken = chosen[0].place[0], set(map(id, chosen))
            self.waiting[: len(near)] = [text for text in near if id(text) not in taken]
        return chosen


def slices(lengths: Sequence[int], most: int, most_tokens: int) -> Iterator[list[int]]:
    """The indexes of a request's texts from short to long, in pieces of so many at most, and so many tokens or one."""
    piece: list[int] = []
    tokens = 0
    for index in sorted(range(len(lengths)), key=lengths.__getitem__):
        if piece and (len(piece) == most or tokens + lengths[index] > most_tokens):
            yield piece
            piece, tokens = [], 0
        piece.append(index)
        tokens += lengths[index]
    if piece:
        yield piece
