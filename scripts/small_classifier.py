"""Write a small classifier: all-MiniLM-L6-v2 with a head for two classes, fitted here to the few sentences below.

python scripts/small_classifier.py FOLDER

It is really trained, and tells praise from complaint in short reviews like these; it has seen nothing else. It is for
trying the serving, not for use.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Any

import small_embedder

LABELS = {0: "negative", 1: "positive"}
EPOCHS, LEARNING_RATE, BATCH = 6, 1e-4, 8

POSITIVE = """\
The battery lasts all day and then some.
I would buy this again without thinking twice.
What a lovely surprise, it works better than I hoped.
The staff were kind and the room was spotless.
Easily the best soup I have had this year.
It arrived early and in perfect condition.
My daughter loves it and plays with it every evening.
Clear instructions, solid parts, no complaints.
The film made me laugh from the first minute.
A delight to use, fast and quiet.
They answered within the hour and solved everything.
This book kept me awake because I could not put it down.
The bread is fresh and the coffee excellent.
Great value, and it looks far more expensive than it was.
A warm and clever performance by the whole cast.
The new version is quicker and much easier to read.
Setting it up was a pleasure.
We had a wonderful evening and will be back.
It fits well and feels soft.
I am impressed by how well it is made.
Friendly service and generous portions.
The sound is rich and the screen is beautiful.
Thank you, this saved my weekend.
Reliable, handsome and worth every penny."""

NEGATIVE = """\
The battery died after an hour.
I regret buying this and want my money back.
What a disappointment, it hardly works at all.
The staff were rude and the room was filthy.
Easily the worst soup I have had this year.
It arrived late and the box was smashed.
My daughter cried because it broke on the first day.
Confusing instructions, missing parts, never again.
The film bored me from the first minute.
A pain to use, slow and noisy.
They ignored my messages for weeks.
This book is so dull that I gave up after ten pages.
The bread was stale and the coffee bitter.
Overpriced, and it looks even cheaper than it is.
A lifeless performance that nobody seemed to care about.
The new version crashes and is much harder to read.
Setting it up was a nightmare.
We had an awful evening and will not be back.
It does not fit and it itches.
I am appalled by how badly it is made.
Unfriendly service and tiny portions.
The sound is tinny and the screen flickers.
Thanks for nothing, this ruined my weekend.
Unreliable, ugly and a waste of money."""

# Never trained on: what the script reports is measured on these
HELD_OUT = {
    "A charming hotel with a helpful receptionist.": 1,
    "The zip broke before I had even worn it.": 0,
    "Superb lenses, I am very happy with them.": 1,
    "Cold food, long wait, unpleasant waiter.": 0,
    "It does exactly what it promises, brilliantly.": 1,
    "Support was useless and the refund never came.": 0,
    "The children adored the story.": 1,
    "Terrible smell, I threw it away.": 0,
}


def examples() -> list[tuple[str, int]]:
    """Sentence and class, the two classes in turn."""
    pairs = zip(POSITIVE.splitlines(), NEGATIVE.splitlines(), strict=True)
    return [example for good, bad in pairs for example in ((good, 1), (bad, 0))]


def fit(encoder: Path) -> tuple[Any, Any]:
    """The fitted model and its tokenizer. Every weight is trained: the head alone would need more sentences."""
    import torch
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    torch.manual_seed(0)
    tokenizer: Any = AutoTokenizer.from_pretrained(encoder)
    model: Any = AutoModelForSequenceClassification.from_pretrained(
        encoder, dtype=torch.float32, id2label=LABELS, label2id={label: number for number, label in LABELS.items()}
    )
    optimizer = torch.optim.AdamW(model.parameters(), lr=LEARNING_RATE)
    known = examples()
    model.train()
    for _ in range(EPOCHS):
        for batch in torch.randperm(len(known)).split(BATCH):
            texts, classes = zip(*(known[number] for number in batch.tolist()), strict=True)
            inputs = tokenizer(list(texts), padding=True, return_tensors="pt")
            loss = model(**inputs, labels=torch.tensor(classes)).loss
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    return model.eval(), tokenizer


def right(model: Any, tokenizer: Any, texts: dict[str, int]) -> int:
    """How many of `texts` the model puts into their class."""
    import torch

    with torch.inference_mode():
        scores = model(**tokenizer(list(texts), padding=True, return_tensors="pt")).logits
    return int((scores.argmax(-1) == torch.tensor(list(texts.values()))).sum())


def main(arguments: list[str]) -> int:
    folder = Path(arguments[0])
    if (folder / "model.safetensors").exists():
        return 0
    with tempfile.TemporaryDirectory() as encoder:
        model, tokenizer = fit(small_embedder.write(Path(encoder)))
    score = f"{right(model, tokenizer, HELD_OUT)} of {len(HELD_OUT)}"
    print(f"{folder}: fitted to {len(examples())} sentences; of others {score} are put into their class")
    tokenizer.save_pretrained(folder)
    model.save_pretrained(folder)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
