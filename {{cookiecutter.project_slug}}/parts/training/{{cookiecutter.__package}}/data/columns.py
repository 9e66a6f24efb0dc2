"""The meaning of a dataset's columns, by their names: what is learnt, and what says that a row is not to be learnt."""

import difflib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ..rows.records import quoted
from ..run.reply import UserError
from .load import HELD_OUT, Rows

# Role, which is our name for a column -> the usual names for it, in any case. The first is as good as named in COLUMNS
USUAL = {
    "messages": ("messages", "conversations", "conversation", "dialogue", "dialog", "chat"),
    "prompt": ("prompt", "instruction", "question", "query"),
    "context": ("context", "input"),  # joined to the prompt
    "completion": ("completion", "output", "response", "answer"),
    "system": ("system", "system_prompt"),
    "tools": ("tools", "functions"),
    "history": ("history",),  # pairs of a question and its answer before the prompt
    "text": ("text", "sentence", "review", "content", "comment", "tweet", "utterance", "document"),
    "chosen": ("chosen", "preferred", "accepted", "winner", "preferred_output", "chosen_response"),
    "rejected": ("rejected", "dispreferred", "loser", "non_preferred_output", "rejected_response"),
    "label": ("label", "labels", "category", "class", "sentiment", "intent", "stance", "topic", "rating", "stars"),
}
PAIRS = (  # of two texts that are classified together
    ("text", "text_pair"),
    ("sentence1", "sentence2"),
    ("premise", "hypothesis"),
    ("question1", "question2"),
    ("text1", "text2"),
    ("text_a", "text_b"),
    ("question", "sentence"),
)
SPEAKERS = ("role", "speaker")  # columns of rows that are single messages
KINDS = {
    "chat": "chat messages",
    "prompt": "prompt and completion",
    "text": "plain text",
    "pair": "a chosen and a rejected answer",
    "labels": "text and label",
}
ROLES_OF = {  # kind -> the roles it needs, and those it may have
    "chat": (("messages",), ("system", "tools")),
    "prompt": (("prompt", "completion"), ("context", "system", "tools", "history")),
    "text": (("text",), ()),
    "pair": (("chosen", "rejected"), ("prompt", "context", "system", "tools", "history")),
    "labels": (("text", "label"), ("text_pair",)),
}
FORMAT_NAMES = {
    "Alpaca": {"prompt": "instruction", "completion": "output"},
    "ShareGPT": {"messages": "conversations"},
}
NEEDED = {
    "generation": '"messages", or "prompt" and "completion", or "text"',
    "preference": '"chosen" and "rejected"',
    "classification": '"text" and "label"',
}
# What the rows are for, `Job.goal` -> the kinds that serve
KINDS_OF = {"generation": ("chat", "prompt", "text"), "preference": ("pair",), "classification": ("labels",)}

# Columns beside the examples that say which rows are not to be learnt: bad answers, discarded rows, other splits
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


@dataclass(frozen=True)
class Format:
    """The kind of a dataset's rows, a key of KINDS, and the column of each role."""

    kind: str
    columns: dict[str, str]

    @property
    def is_question(self) -> bool:
        """Whether prompt and completion are a question and its answer, and not one text that goes on."""
        ours = {"prompt": {"prompt", "completion"}, "pair": {"prompt"} & self.columns.keys()}.get(self.kind, set())
        return bool(ours - set(self.columns.values()))

    def __str__(self) -> str:
        """One line on the columns that were recognised; empty where the columns have our names."""
        if all(role == column for role, column in self.columns.items()):
            return ""
        roles = {role: repr(name) for role, name in self.columns.items()}
        for role, other in (("prompt", "context"), ("text", "text_pair")):
            if other in roles:
                roles[role] += f" with {roles.pop(other)}"
        usual = {role: plain(column) for role, column in self.columns.items()}
        known = (name for name, columns in FORMAT_NAMES.items() if columns.items() <= usual.items())
        return "".join(f"{name}: " for name in known) + ", ".join(
            f"{name} is the {role}" for role, name in roles.items()
        )


def recognise(names: Iterable[str], goal: str, named: Mapping[str, str]) -> Format:
    """Return what the columns are. `goal` is a key of KINDS_OF; `named` is COLUMNS, role -> column, and decides first.

    UserError where a role has no column or could have several, for preference data that was not asked for, and for a
    wrong COLUMNS.
    """
    names = list(names)
    check_named(names, named, goal)
    if goal != "preference":
        refuse_preferences(names, named, goal)
    found = dict(named)
    for role in USUAL:
        if role not in found and (column := usual_column(names, role, found.values())):
            found[role] = column
    answered = "completion" in found if goal == "generation" else goal == "preference"
    if answered and "prompt" not in found and "context" in found:
        found["prompt"] = found.pop("context")  # the columns input and output, without an instruction
    if goal == "preference" and "prompt" not in found and "messages" in found:
        found["prompt"] = found.pop("messages")  # LLaMA-Factory's: a conversation, and two answers to it
    if goal == "classification" and not named.get("text_pair") and (pair := pair_of(names, named)):
        found["text"], found["text_pair"] = pair
    kinds = [kind for kind in KINDS_OF[goal] if set(ROLES_OF[kind][0]) <= found.keys()]
    kinds = [kind for kind in kinds if set(named) <= set(sum(ROLES_OF[kind], ()))] or kinds
    half = {"prompt", "context", "completion"} & found.keys()  # of a prompt and completion: a text beside is not all
    if not kinds or (kinds == ["text"] and half and "text" not in named):
        raise UserError(missing(names, goal, named, found))
    if kinds == ["text"] and "text" not in named and (said := [name for name in names if plain(name) in SPEAKERS]):
        alone = json.dumps({"text": found["text"]})
        raise UserError(
            f"each row is one message, with its speaker in {said[0]!r}: write each chat as one row with a list "
            f'"messages", or set COLUMNS = {alone} to learn each message alone as plain text'
        )
    needed, possible = ROLES_OF[kinds[0]]
    columns = {role: found[role] for role in (*needed, *possible) if role in found}
    return check_single(Format(kinds[0], columns), names, named)


def usual_column(names: list[str], role: str, taken: Iterable[str]) -> str:
    """Return the column with the usual name for a role, the first of them where there are several; "" for none."""
    free = {plain(name): name for name in reversed(names) if name not in set(taken)}
    return next((free[usual] for usual in USUAL[role] if usual in free), "")


def plain(name: str) -> str:
    return name.strip().lower().replace(" ", "_").replace("-", "_")


def check_single(found: Format, names: list[str], named: Mapping[str, str]) -> Format:
    """UserError where two columns could have the same role, and neither has our own name for it."""
    for role, column in found.columns.items():
        others = [name for name in names if plain(name) in USUAL.get(role, ()) and name not in found.columns.values()]
        ours = plain(column) == role and role != "context"
        if role in named or ours or not others or role in ("system", "tools", "history"):
            continue
        example = json.dumps({role: column})
        raise UserError(
            f"the columns {quoted([column, *others])} could each be the {role}: name one, as in COLUMNS = {example}"
        )
    return found


def pair_of(names: list[str], named: Mapping[str, str]) -> tuple[str, str] | None:
    """Return the two columns of a pair of texts, where the names are those of one."""
    there = {plain(name): name for name in names if name not in named.values()}
    pair = next((pair for pair in PAIRS if set(pair) <= there.keys()), None)
    return (there[pair[0]], there[pair[1]]) if pair and "text" not in named else None


def check_named(names: list[str], named: Mapping[str, str], goal: str) -> None:
    """UserError where COLUMNS has a role that does not exist, or a column that the dataset does not have."""
    roles = sorted({role for kind in KINDS_OF[goal] for role in sum(ROLES_OF[kind], ())})
    for role, column in named.items():
        if role not in roles:
            raise UserError(f"COLUMNS has the key {role!r}, which is none of {', '.join(roles)}")
        if column not in names:
            near = difflib.get_close_matches(column, names, 1)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            raise UserError(f"COLUMNS names {column!r}, and the dataset has {quoted(names)}{hint}")


def refuse_preferences(names: list[str], named: Mapping[str, str], goal: str) -> None:
    """UserError for rows with a better and a worse answer, unless COLUMNS names what to learn from them."""
    better, worse = usual_column(names, "chosen", ()), usual_column(names, "rejected", ())
    if better and worse and not {"messages", "completion", "text"} & named.keys():
        chat, text = json.dumps({"messages": better}), json.dumps({"prompt": "...", "completion": better})
        both = "to learn from both, bake again with objective=dpo; " if goal == "generation" else ""
        raise UserError(
            f"this is preference data: {better!r} and {worse!r} are a better and a worse answer, and "
            f"here one answer is learnt; {both}to learn the better one, set COLUMNS = {chat} where it is a chat, or "
            f"COLUMNS = {text} where it is a text"
        )


def missing(names: list[str], goal: str, named: Mapping[str, str], found: Mapping[str, str]) -> str:
    """Return the sentence on what to set in COLUMNS. It names a column only where its meaning is known."""
    needed = {"classification": ("text", "label"), "generation": ("prompt", "completion")}.get(
        goal, ("chosen", "rejected")
    )
    if "text_pair" in found and "text" not in named:
        needed = ("label",)  # to name one text of the pair would leave out the other
    known = {role: name for role, name in found.items() if role in named or plain(name) not in ("winner", "loser")}
    example = json.dumps({role: known.get(role, "...") for role in needed if found.get(role) != role or role in named})
    what, otherwise = goal, ""
    if goal == "preference":
        what, otherwise = 'OBJECTIVE = "dpo"', "; to learn from single answers, bake again with objective=sft"
    return (
        f"{what} needs the columns {NEEDED[goal]}, and the dataset has {quoted(names)}: "
        f"name yours in COLUMNS, as in COLUMNS = {example}{otherwise}"
    )


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
