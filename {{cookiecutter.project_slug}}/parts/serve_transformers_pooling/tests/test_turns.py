"""Whose texts run next, by the order in which the queue gives them out. A text's length is in tokens."""

import random
from collections import Counter

import pytest

from {{cookiecutter.__package}}.engine.turns import SPARE, Turns

SLICE, TOKENS = 512, 2048  # of a request in one turn, and of a pass


def passes(turns: Turns[str], tokens: int = TOKENS) -> list[list[tuple[str, int]]]:
    """Owner and index of each text, pass by pass, until nothing waits."""
    taken = []
    while turns:
        taken.append([(text.owner, text.index) for text in turns.take(tokens)])
    return taken


@pytest.mark.parametrize("length", [1, 4, 10, 400, 5000])
@pytest.mark.parametrize("before", [1, 7])
def test_a_short_request_is_first_in_the_pass_after_its_arrival(length: int, before: int):
    turns: Turns[str] = Turns(64, SLICE)
    turns.add("large", [length] * 2048)
    for _ in range(before):
        turns.take(TOKENS)
    turns.add("short", [1])
    turns.add("other", [2])
    begun = [text.owner for text in turns.waiting if text.place[0] <= turns.turn]  # of the slice that is cut already
    following = [owner for one in passes(turns) for owner, _ in one]
    assert len(begun) < 64  # no more than a pass
    assert following.index("short") <= len(begun) and following.index("other") <= len(begun) + 1


def test_a_pass_holds_many_short_requests_though_a_large_one_would_fill_it():
    turns: Turns[str] = Turns(64, SLICE)
    turns.add("large", [10] * 2048)
    turns.take(TOKENS)
    for number in range(40):
        turns.add(f"short {number}", [10])
    first, second, *_ = passes(turns)
    assert sum(owner != "large" for owner, _ in first + second) == 40


def test_large_requests_advance_alike():
    turns: Turns[str] = Turns(64, SLICE)
    lengths = {"a": [10] * 2048, "b": [40] * 512, "c": [500] * 64}
    for owner, each in lengths.items():
        turns.add(owner, each)
    done: Counter[str] = Counter()
    while len([owner for owner, each in lengths.items() if done[owner] < sum(each)]) == 3:
        done.update({owner: 0 for owner in lengths})
        for text in turns.take(TOKENS):
            done[text.owner] += text.length
        assert max(done.values()) - min(done.values()) <= TOKENS + 2 * SLICE


@pytest.mark.parametrize("waits", [[10] * 500, [9000]])
def test_what_waits_advances_however_many_short_requests_come(waits: list[int]):
    turns: Turns[str] = Turns(64, SLICE)
    turns.add("waits", waits)
    taken = 0
    for number in range(len(waits)):
        for other in range(100):  # more than a pass holds
            turns.add(f"{number}-{other}", [10])
        for _ in range(3):
            taken += sum(text.owner == "waits" for text in turns.take(TOKENS))
    assert taken == len(waits)


def test_every_text_is_taken_once_within_the_limits_of_a_pass():
    chance = random.Random(1)
    turns: Turns[str] = Turns(16, SLICE)
    requests = {f"{n}": [int(chance.paretovariate(0.8)) for _ in range(chance.randint(1, 90))] for n in range(40)}
    for owner, lengths in requests.items():
        turns.add(owner, lengths)
    taken = passes(turns, tokens=1000)
    assert sorted(text for one in taken for text in one) == sorted(
        (owner, index) for owner, lengths in requests.items() for index in range(len(lengths))
    )
    for one in taken:
        lengths = [requests[owner][index] for owner, index in one]
        assert len(one) == 1 or (len(one) <= 16 and max(lengths) * len(one) <= 1000)


def test_a_pass_is_padded_by_a_quarter_at_most_or_by_little():
    lengths = [512, 3, 500, 60, 130, 250, 20, 260, 1, *range(100, 500, 7)]
    turns: Turns[str] = Turns(32, SLICE)
    for number, length in enumerate(lengths):
        turns.add(str(number), [length])
    taken = [[lengths[int(owner)] for owner, _ in one] for one in passes(turns, tokens=10**6)]
    for one in taken:
        assert max(one) * len(one) - sum(one) <= max(SPARE, sum(one) / 4)
    assert 3 <= len(taken) <= 7


def test_what_was_taken_out_is_not_given_out():
    turns: Turns[str] = Turns(64, SLICE)
    turns.add("left", [10] * 2048)
    turns.add("stays", [10] * 100)
    first = [text.owner for text in turns.take(TOKENS)]
    turns.remove("left")
    assert [owner for one in passes(turns) for owner, _ in one] == ["stays"] * (100 - first.count("stays"))
