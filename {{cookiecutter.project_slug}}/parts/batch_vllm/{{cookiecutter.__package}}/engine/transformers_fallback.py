"""The model without vLLM, on a laptop: transformers or sentence-transformers, one row after the other."""

from collections.abc import Callable, Mapping
from typing import Any

from .. import plan
from ..input.prompts import Prompt, answer_limit, require_text, tokenize
from ..output.results import Classified, Embedded, Failed, Generated, Result

LIBRARIES = {
    "generation": "plain transformers",
    "classification": "plain transformers",
    "embedding": "sentence-transformers",
}
Run = Callable[[Prompt], Result | Failed]


class Engine:
    """One loaded model. Called with prompts, it returns a result for each."""

    def __init__(self, folder: str, options: Mapping[str, Any]) -> None:
        load = {"generation": load_generator, "classification": load_classifier, "embedding": load_embedder}
        self.run = load[plan.WORKLOAD](folder, options)

    def __call__(self, prompts: list[Prompt]) -> list[Result | Failed]:
        return [self.run(prompt) for prompt in prompts]

    def close(self) -> None:
        """Nothing runs on."""


def load_generator(folder: str, options: Mapping[str, Any]) -> Run:
    """A function that answers a prompt with one `generate` call."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    tokenizer: Any = AutoTokenizer.from_pretrained(folder)
    model: Any = AutoModelForCausalLM.from_pretrained(folder, dtype="float32")
    temperature = options["temperature"]
    sampling = {"do_sample": True, "temperature": temperature} if temperature else {"do_sample": False}

    def generate(prompt: Prompt) -> Result | Failed:
        tokens = tokenize(tokenizer, prompt)
        try:
            most = answer_limit(len(tokens), options)
        except ValueError as error:
            return Failed(str(error))
        inputs = torch.tensor([tokens])
        outputs = model.generate(inputs, attention_mask=torch.ones_like(inputs), max_new_tokens=most, **sampling)
        answer = outputs[0, len(tokens) :].tolist()
        text = tokenizer.decode(answer, skip_special_tokens=True)
        return Generated(text, "length" if len(answer) == most else "stop", len(tokens), len(answer))

    return generate


def load_classifier(folder: str, options: Mapping[str, Any]) -> Run:
    """A function that labels a text, in transformers' pipeline."""
    from transformers import pipeline

    labels: Any = pipeline("text-classification", model=folder, dtype="float32")
    context = min(options["context_len"], labels.tokenizer.model_max_length)

    def classify(text: str, tokens: int) -> Result:
        return Classified(tuple((one["label"], one["score"]) for one in labels([text], top_k=None)[0]), tokens)

    return for_texts(labels.tokenizer, context, classify)


def load_embedder(folder: str, options: Mapping[str, Any]) -> Run:
    """A function that makes the vector of a text, in sentence-transformers."""
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(folder)
    context = min(options["context_len"], model.max_seq_length or options["context_len"])
    return for_texts(
        model.tokenizer, context, lambda text, tokens: Embedded(model.encode(text, show_progress_bar=False), tokens)
    )


def for_texts(tokenizer: Any, context: int, run: Callable[[str, int], Result]) -> Run:
    """`run`, which takes a text and its number of tokens, for any prompt: Failed for a chat or beyond `context`."""

    def run_text(prompt: Prompt) -> Result | Failed:
        try:
            text = require_text(prompt)
        except ValueError as error:
            return Failed(str(error))
        tokens = len(tokenize(tokenizer, text))
        if tokens > context:
            return Failed(f"the text has {tokens:,} tokens, and the model reads {context:,}")
        return run(text, tokens)

    return run_text
