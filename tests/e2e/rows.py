"""Rows to run, what a plain loop over them gives, and the comparison."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from e2e.on_modal import OnModal

WORDS = "the quick brown fox jumps over lazy dog good bad awful lovely service film time cache keys tokens".split()
BAD_EVERY = 100
APART = 1e-4  # of a score or a component of a vector, alone or in a batch: float32 in another order
TIE = 1e-4  # between the two best logits, in standard deviations of all: another order of adding up decides
MOST_TIES = 0.001  # of all rows


@dataclass(frozen=True)
class Rows:
    """A file of JSON lines: the texts that can be used by row number, and the numbers of the others."""

    path: Path
    texts: dict[int, str]
    bad: set[int]

    @property
    def count(self) -> int:
        return len(self.texts) + len(self.bad)


def write_rows(path: Path, count: int, longest: int = 30) -> Rows:
    """So many rows of 1 to `longest` words; one in a hundred is cut off, or has no text."""
    generator, texts = random.Random(0), {}
    with open(path, "w", encoding="utf-8") as file:
        for number in range(count):
            text = f"{number} " + " ".join(generator.choices(WORDS, k=generator.randint(1, longest)))
            if number % BAD_EVERY == 7:
                file.write('{"id": "cut off\n' if number % (2 * BAD_EVERY) == 7 else f'{{"id": "r{number}"}}\n')
            else:
                texts[number] = text
                file.write(json.dumps({"id": f"r{number}", "text": text}) + "\n")
    return Rows(path, texts, set(range(count)) - texts.keys())


class Reference:
    """The model in the plain library, one row at a time."""

    def __init__(self, batch: OnModal) -> None:
        import transformers

        folder, self.workload = str(batch.weights), batch.plan["WORKLOAD"]
        if self.workload == "classification":
            classify: Any = transformers.pipeline("text-classification", model=folder, dtype="float32")
            self.answer: Callable[[str], Any] = lambda text: classify(text)[0]
        elif self.workload == "embedding":
            from sentence_transformers import SentenceTransformer

            self.answer = SentenceTransformer(folder, device="cpu").encode
        else:
            self.most = batch.plan["MAX_ANSWER_TOKENS"]
            self.tokenizer: Any = transformers.AutoTokenizer.from_pretrained(folder)
            self.model: Any = transformers.AutoModelForCausalLM.from_pretrained(folder, dtype="float32")
            self.answer = lambda text: self.decoded(self.generated(text).sequences[0])

    def generated(self, text: str, **more: Any) -> Any:
        import torch

        chat = [{"role": "user", "content": text}]
        inputs = self.tokenizer.apply_chat_template(
            chat, add_generation_prompt=True, return_dict=True, return_tensors="pt"
        )
        self.read = inputs["input_ids"].shape[1]
        with torch.inference_mode():
            return self.model.generate(
                **inputs, max_new_tokens=self.most, do_sample=False, return_dict_in_generate=True, **more
            )

    def decoded(self, tokens: Any) -> str:
        return self.tokenizer.decode(tokens[self.read :], skip_special_tokens=True)

    def tied(self, text: str, other: str) -> bool:
        """Whether `other` parts from the loop's answer at a token where the two best are as good as equal."""
        found = self.generated(text, output_logits=True)
        for step, logits in enumerate(found.logits):
            first, second = logits[0].topk(2).values.tolist()
            before = self.decoded(found.sequences[0][: self.read + step]).rstrip("�")
            if first - second < TIE * logits[0].std().item() and other.startswith(before):
                return True
        return False


def compare(reference: Reference, rows: Rows, expected: dict[int, Any], found: list[dict[str, Any]]) -> None:
    """AssertionError where a row is missing, doubled, or not what the plain loop gave."""
    assert [row["row"] for row in found] == list(rows.texts)
    ties = 0
    for row in found:
        number, want = row["row"], expected[row["row"]]
        assert row["id"] == f"r{number}"
        if reference.workload == "generation":
            if row["text"] != want:
                assert reference.tied(rows.texts[number], row["text"]), f"row {number}: {row['text']!r}, not {want!r}"
                ties += 1
        elif reference.workload == "classification":
            assert row["label"] == want["label"] and abs(row["score"] - want["score"]) < APART, f"row {number}"
        else:
            apart = max(abs(one - other) for one, other in zip(row["embedding"], want, strict=True))
            assert apart < APART, f"a component of row {number} is {apart} from the plain loop's"
    assert ties <= max(1, MOST_TIES * rows.count), f"{ties} rows differ at a tie of two tokens: too many for chance"
