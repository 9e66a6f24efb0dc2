"""Write the three sample datasets of training projects, generated here, about an invented bicycle workshop.

python scripts/sample_datasets.py
"""

from __future__ import annotations

import json
import random
import sys
from pathlib import Path

FOLDER = Path(__file__).parent.parent / "{{cookiecutter.project_slug}}" / "parts" / "training" / "samples"
SHOP = "Pedal & Post"
SEED = 1

# What a service costs in euros, how long it takes, and what is done
SERVICES = {
    "a puncture repair": (14, "while you wait", "patch or change the tube and look the tyre over"),
    "a new inner tube": (19, "while you wait", "fit a new tube and check the rim tape"),
    "a brake service": (35, "one day", "set the levers, change worn pads and bleed the lines if they need it"),
    "a gear service": (38, "one day", "straighten the hanger, change the cable and index every sprocket"),
    "a wheel truing": (27, "two days", "bring both wheels within half a millimetre"),
    "a chain replacement": (42, "one day", "fit a new chain and measure the cassette"),
    "a full service": (129, "three days", "strip, clean, grease and set everything that moves"),
    "a spring check": (59, "two days", "check the bolts, brakes, gears and tyres after the winter"),
    "a child seat fitting": (24, "while you wait", "fit the seat and show you how to use it"),
    "a bike fitting": (85, "ninety minutes", "set saddle, bars and cleats to your measures"),
    "a winter storage": (75, "until the first of March", "clean the bike, hang it up dry and charge its battery"),
    "a parcel bike rental": (31, "a day", "hand over a cargo bike with a full battery and two straps"),
}
ASKED = {
    "price": (
        "What does {0} cost at {1}?",
        "How much do I pay for {0}?",
        "Could you tell me the price of {0} at {1}?",
        "I need {0}. What will that be?",
        "Hello, how expensive is {0}?",
    ),
    "time": (
        "How long does {0} take at {1}?",
        "When can I have my bike back after {0}?",
        "I am in a hurry. How long is {0}?",
        "How many days do you need for {0}?",
    ),
    "work": (
        "What do you do for {0}?",
        "What is included in {0} at {1}?",
        "Please tell me what {0} covers.",
    ),
}
FACTS = {
    "When is Pedal & Post open?": "We open at half past seven and close at six, and on Sundays we are out riding.",
    "Where do I find you?": "We are at 12 Quay Street, behind the old post office; ring the brass bell.",
    "Do I need an appointment?": "Not for a puncture. For anything longer, ring us the day before.",
    "Do you repair electric bikes?": "We repair their wheels, brakes and gears. The motor goes back to its maker.",
    "Can I pay by card?": "Card, cash, or a tin of good coffee for anything below ten euros.",
    "Do you sell used bikes?": "Yes, a dozen or so, each with a full service and six months of guarantee.",
    "Do you deliver?": "We are a post office too: a mended bike comes to your door by cargo bike for eight euros.",
    "Who owns the workshop?": "Ines and Bram, who met when she broke a spoke in front of his door.",
    "Is there a guarantee?": "Six months on our work and on every part that we fitted.",
    "Can I watch you work?": "Gladly. There is a bench by the window, and the kettle is usually on.",
    "Do you take old parts back?": "Yes. Steel and aluminium are melted down, tubes become handlebar bags.",
    "What if you find more that is broken?": "We ring you first. Nothing is changed that you did not agree to.",
}
OPENINGS = ("", "", "Hi! ", "Good morning. ", "Hello, ", "Quick question: ")


def answer(kind: str, service: str) -> str:
    euros, takes, work = SERVICES[service]
    said = {
        "price": f"{service[2:].capitalize()} is {euros} euros, parts included, and a bell rings when it is ready.",
        "time": f"{service[2:].capitalize()} takes us {takes}. We ring the bell, and we ring you.",
        "work": f"We {work}. That is {euros} euros.",
    }
    return said[kind]


def chats() -> list[dict[str, object]]:
    """Questions to the workshop and what it answers, some of them in two turns."""
    turns = [
        (ask.format(service, SHOP), answer(kind, service))
        for service in SERVICES
        for kind, asks in ASKED.items()
        for ask in asks
    ]
    chosen = random.Random(SEED)
    rows = []
    for asked, said in turns:
        rows.append([(chosen.choice(OPENINGS) + asked, said)])
    for asked, said in FACTS.items():
        rows += [[(opening + asked, said)] for opening in OPENINGS[1:]]
    for _ in range(100):
        first, second = chosen.choice(turns), chosen.choice(list(FACTS.items()))
        rows.append([first, second])
    chosen.shuffle(rows)
    return [
        {
            "messages": [
                {"role": role, "content": text}
                for asked, said in row
                for role, text in (("user", asked), ("assistant", said))
            ]
        }
        for row in rows
    ]


EVASIONS = (
    "I am afraid I do not know. Please ask somebody at {1}.",
    "That depends on many things, so I would rather not say.",
    "As an assistant I have no information about {0}, and cannot answer that.",
)


def pairs() -> list[dict[str, str]]:
    """Questions to the workshop, its answer, and one that evades the question or is about something else."""
    chosen = random.Random(SEED)
    rows = []
    for service in SERVICES:
        for kind, asks in ASKED.items():
            for ask in asks:
                other = chosen.choice([one for one in SERVICES if one != service])
                worse = chosen.choice([chosen.choice(EVASIONS).format(service, SHOP), answer(kind, other)])
                asked = chosen.choice(OPENINGS) + ask.format(service, SHOP)
                rows.append({"prompt": asked, "chosen": answer(kind, service), "rejected": worse})
    for asked, said in FACTS.items():
        for opening in OPENINGS[1:]:
            other = chosen.choice([one for one in FACTS.values() if one != said])
            worse = chosen.choice([chosen.choice(EVASIONS).format("that", SHOP), other])
            rows.append({"prompt": opening + asked, "chosen": said, "rejected": worse})
    chosen.shuffle(rows)
    return rows


THINGS = ("brake service", "gear service", "wheel truing", "new chain", "full service", "child seat", "inner tube")
WRITTEN = {
    "booking": (
        "Could I bring my bike for a {0} on {1}?",
        "I would like to book a {0} for {1}, please.",
        "Is there a free place for a {0} this {1}?",
        "Please put me down for a {0} on {1} morning.",
        "Can you fit in a {0} before {1}?",
    ),
    "question": (
        "How much is a {0}?",
        "Does a {0} include the parts?",
        "How long do you need for a {0} when I come on {1}?",
        "Do you do a {0} on electric bikes too?",
        "What exactly happens in a {0}?",
    ),
    "complaint": (
        "The {0} from {1} has not lasted a week, and I want my money back.",
        "I paid for a {0} and it still rattles. Not good enough.",
        "You promised the {0} for {1} and nobody rang me.",
        "After your {0} it is worse than before, which is annoying.",
        "This is the second {0} that went wrong with you.",
    ),
    "praise": (
        "The {0} was perfect, it rides like new. Thank you!",
        "Wonderful {0}, and ready before {1}. I will be back.",
        "My bike has never run so quietly as after your {0}.",
        "Thanks for the friendly help and the quick {0} on {1}.",
        "What a lovely workshop, and the {0} was worth every cent.",
    ),
}
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")


def labelled() -> list[dict[str, str]]:
    """Short messages to the workshop, and what each is: a booking, a question, a complaint or praise."""
    chosen = random.Random(SEED)
    rows = {
        (form.format(thing, chosen.choice(DAYS)), label)
        for label, forms in WRITTEN.items()
        for form in forms
        for thing in THINGS
        for _ in range(3)
    }
    ordered = sorted(rows)
    chosen.shuffle(ordered)
    return [{"text": text, "label": label} for text, label in ordered]


def main() -> int:
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, rows in (("chat", chats()), ("labels", labelled()), ("pairs", pairs())):
        lines = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
        (FOLDER / f"{name}.jsonl").write_text(lines, encoding="utf-8", newline="\n")
        print(f"{name}.jsonl: {len(rows)} rows")
    return 0


if __name__ == "__main__":
    sys.exit(main())
