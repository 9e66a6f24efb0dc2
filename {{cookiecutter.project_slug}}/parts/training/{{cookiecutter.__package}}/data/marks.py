"""Columns beside the examples that say which rows are not to be learnt: bad answers, discarded rows, other splits."""

import re

from ..run.reply import UserError
from .columns import Format, plain
from .load import HELD_OUT, Rows

SPLIT_COLUMNS = ("split", "subset", "partition", "set", "fold", "data_split")
# What annotation tools write beside a row, Prodigy and Argilla, in lower case: kept, and not kept
KEPT = {"accept", "submitted", "completed", "pending", "draft"}
NOT_KEPT = {"reject", "ignore", "discarded"}
# What people say of an answer: the good words, and the bad ones
GOOD = KEPT | {"accepted", "approved", "thumbs_up", "thumbs up", "thumbsup", "upvote", "like", "liked"}
BAD = NOT_KEPT | {"rejected", "thumbs_down", "thumbs down", "thumbsdown", "downvote", "dislike", "disliked"}
# Columns in which one of two words judges an answer; kto_tag is LLaMA-Factory's name
JUDGING = ("label", "labels", "kto_tag", "is_good", "good", "accepted", "approved", "thumbs", "feedback", "vote")
TWO_WORDS = (("1", "0"), ("1", "-1"), ("good", "bad"), ("up", "down"))
# Columns that say of each row which of its two answers is the better one, as in PKU-SafeRLHF and Chatbot Arena
PREFERRING = ("better_response_id", "winner", "preference", "preference_strength", "choice", "better", "preferred")


def refuse_marked(rows: Rows, found: Format) -> None:
    """UserError for rows of which some are marked as bad or as held out: to learn all of them would learn those."""
    are_answers = found.kind in ("chat", "prompt")
    beside = {column: values for column, values in rows.marks.items() if column not in found.columns.values()}
    for column, values in beside.items():
        if word := held_out(column, values):
            raise UserError(
                f"{column!r} says {word!r} of some rows, and here all are learnt: keep the rows that are to be learnt, "
                "without that column"
            )
        if found.kind == "pair" and plain(column) in PREFERRING and len(values) > 1:
            raise UserError(
                f"{column!r} says which of two answers is better in each row, and here {found.columns['chosen']!r} "
                "always is: write the better answer into one column and the other into a second, without that column"
            )
        good, bad = (GOOD, BAD) if are_answers else (KEPT, NOT_KEPT)
        if are_answers:
            refuse_judged(column, values)
        if values & bad and values <= good | bad:
            raise UserError(
                f"{column!r} says {min(values & bad)!r} of some rows, and here all are learnt: keep the rows that are "
                "to be learnt, without that column"
            )


def held_out(column: str, values: set[str]) -> str:
    """Return the name of a split that is held out, where a column says of each row whether it is in it; else ""."""
    out = {value for value in values if re.fullmatch(HELD_OUT, value)}
    train = {value for value in values if value.startswith("train")}
    return min(out, default="") if plain(column) in SPLIT_COLUMNS and train and out | train == values else ""


def refuse_judged(column: str, values: set[str]) -> None:
    """UserError for answers that are each marked as good or bad."""
    judged = [words for words in TWO_WORDS if values == set(words)]
    if values <= {"true", "false"}:
        judged = [("true", "false")]
    if judged and plain(column) in JUDGING:
        good, bad = judged[0]
        raise UserError(
            f"this is preference data: {column!r} says {good} or {bad} of each completion, and here all are learnt: "
            f"keep the rows where it is {good}, without that column"
        )
