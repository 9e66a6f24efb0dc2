"""Text of a wanted length, made here: no data set, and no two alike, so that no cache of prompts helps."""

import random

WORDS = """
the a of and to in is that for on with as by from at this each when then after before over under between river house
engine paper window market letter garden bridge stone table number colour weather morning evening question answer
reason story memory signal measure pressure distance language music history science winter summer runs holds turns
carries follows reaches builds keeps opens explains becomes moves learns sees writes finds grows quiet small bright
heavy narrow early simple distant warm careful rapid hollow gentle ancient common certain
"""


def text(words: int, number: int) -> str:
    """So many words in sentences; the same for the same number, and different from the first word on for another."""
    drawn = random.Random(number).choices(WORDS.split(), k=max(1, words - 1))
    chosen = [str(number), *drawn]
    return " ".join(word + "." if i % 12 == 11 else word for i, word in enumerate(chosen, 1))
