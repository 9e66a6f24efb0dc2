"""Requests to a service of each workload, and the model's own answers to the same."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from e2e.service import Service

CLOSE = 1e-3  # of a probability, or a component of a unit vector, alone or in a batch
TOKENS = 12  # of a short answer
Body = dict[str, Any]


class Workload(ABC):
    """`path` is the route of its API and `text` the input of its first request."""

    path: str
    text: str

    @abstractmethod
    def answers(self, service: Service) -> None:
        """AssertionError unless the answers, in all forms that clients ask for, are the model's alone."""

    @abstractmethod
    def body(self, service: Service, number: int) -> Body:
        """A short request; the number makes each another."""

    @abstractmethod
    def long(self, service: Service) -> Body:
        """A request that takes as long as is let in."""

    @abstractmethod
    def over_limits(self, service: Service) -> list[tuple[Body, int]]:
        """Requests beyond a limit, and the limit that the refusal has to name."""

    @abstractmethod
    def complete(self, answer: Body) -> bool:
        """Whether an answer to a short request is all there."""


class Generation(Workload):
    """Chat and completion, with the openai client; the model alone is transformers' `generate`."""

    path, text = "/v1/chat/completions", "What is the capital of France?"

    def answers(self, service: Service) -> None:
        client = service.client_of_openai()
        model, messages = service.plan["MODEL"], [{"role": "user", "content": self.text}]
        asked: Any = {"model": model, "messages": messages, "max_tokens": TOKENS, "temperature": 0}
        events = list(client.chat.completions.create(**asked, stream=True, stream_options={"include_usage": True}))
        pieces = [choice.delta.content for event in events for choice in event.choices if choice.delta.content]
        usage = events[-1].usage
        assert len(pieces) > 1 and usage and 0 < usage.completion_tokens <= TOKENS
        streamed, whole = "".join(pieces), client.chat.completions.create(**asked)
        plain: Any = {"model": model, "prompt": "One, two, three,", "max_tokens": 4, "temperature": 0}
        text = client.completions.create(**plain).choices[0].text
        parts = client.completions.create(**plain, stream=True)
        assert "".join(part.choices[0].text for part in parts) == text
        assert streamed == whole.choices[0].message.content
        assert (streamed, text) == self.alone(service)

    def alone(self, service: Service) -> tuple[str, str]:
        """The model's greedy text in float32: the answer, and the text after 'One, two, three,'."""
        from transformers import AutoModelForCausalLM, AutoTokenizer

        tokenizer: Any = AutoTokenizer.from_pretrained(service.weights)
        model: Any = AutoModelForCausalLM.from_pretrained(service.weights, dtype="float32")
        chat = tokenizer.apply_chat_template(
            [{"role": "user", "content": self.text}], add_generation_prompt=True, return_dict=True, return_tensors="pt"
        )
        found = []
        for inputs, tokens in ((chat, TOKENS), (tokenizer("One, two, three,", return_tensors="pt"), 4)):
            written = model.generate(**inputs, max_new_tokens=tokens, do_sample=False)
            found.append(tokenizer.decode(written[0, inputs["input_ids"].shape[1] :], skip_special_tokens=True))
        return found[0], found[1]

    def body(self, service: Service, number: int) -> Body:
        content = f"Say a word that begins like the number {number}."
        messages = [{"role": "user", "content": content}]
        return {"model": service.plan["MODEL"], "messages": messages, "max_tokens": 8, "temperature": 0}

    def long(self, service: Service) -> Body:
        content = "Tell me a very long story about a cat who becomes king, with every detail."
        messages, most = [{"role": "user", "content": content}], service.plan["MAX_ANSWER_TOKENS"]
        return self.body(service, 0) | {"messages": messages, "max_tokens": most, "min_tokens": most, "stream": True}

    def over_limits(self, service: Service) -> list[tuple[Body, int]]:
        context, most = service.plan["CONTEXT_LEN"], service.plan["MAX_ANSWER_TOKENS"]
        words = [{"role": "user", "content": "word " * context}]
        body = self.body(service, 0)
        return [(body | {"messages": words}, context), (body | {"max_tokens": most + 1}, most)]

    def complete(self, answer: Body) -> bool:
        return answer["usage"]["completion_tokens"] > 0 and answer["choices"][0]["finish_reason"] in ("stop", "length")


class Pooling(Workload):
    """Workloads that read texts and write none."""

    def body(self, service: Service, number: int) -> Body:
        return {"model": service.plan["MODEL"], "input": [f"Sentence number {number} is about a cat."]}

    def long(self, service: Service) -> Body:
        text = "word " * (service.plan["CONTEXT_LEN"] - 8)
        return self.body(service, 0) | {"input": [text] * service.plan["MAX_TEXTS"]}

    def over_limits(self, service: Service) -> list[tuple[Body, int]]:
        context, most = service.plan["CONTEXT_LEN"], service.plan["MAX_TEXTS"]
        body = self.body(service, 0)
        return [
            (body | {"input": "word " * (context + 8)}, context),
            (body | {"input": ["word"] * (most + 1)}, most),
        ]


class Embedding(Pooling):
    """Vectors, with the openai client; the model alone is sentence-transformers."""

    path, text = "/v1/embeddings", "A cat sits on the mat."
    texts = (text, "A kitten rests on a rug.", "Interest rates rose in March.", "Ein Satz mit Umlauten: äöü.")

    def answers(self, service: Service) -> None:
        from sentence_transformers import SentenceTransformer

        ask: Any = service.client_of_openai().embeddings.create
        asked = {"model": service.plan["MODEL"], "input": list(self.texts)}
        packed, plain = ask(**asked), ask(**asked, encoding_format="float")  # by itself it asks for base64
        (one,) = ask(model=asked["model"], input=self.text).data
        assert [row.index for row in packed.data] == list(range(len(self.texts)))
        assert packed.usage.prompt_tokens > 0
        vectors = [row.embedding for row in plain.data]
        assert apart([row.embedding for row in packed.data], vectors) < 1e-6
        assert apart([one.embedding], vectors[:1]) < CLOSE
        alone = SentenceTransformer(str(service.weights), device="cpu").encode(list(self.texts))
        assert apart(vectors, alone.tolist()) < CLOSE

    def complete(self, answer: Body) -> bool:
        return len(answer["data"]) == 1 and any(answer["data"][0]["embedding"])


def apart(some: list[list[float]], others: list[list[float]]) -> float:
    """The greatest difference of two components."""
    pairs = (pair for rows in zip(some, others, strict=True) for pair in zip(*rows, strict=True))
    return max(abs(one - other) for one, other in pairs)


class Classification(Pooling):
    """Classes and their probabilities; the model alone is one forward pass of transformers, text by text."""

    path, text = "/classify", "A charming hotel with a helpful receptionist."
    texts = (text, "The zip broke before I had even worn it.", "It is a chair.", "Cold food, unpleasant waiter.")

    def answers(self, service: Service) -> None:
        body = {"model": service.plan["MODEL"], "input": list(self.texts)}
        rows = service.post(self.path, body).raise_for_status().json()["data"]
        alone = self.alone(service)
        assert [row["index"] for row in rows] == list(range(len(self.texts)))
        assert [row["label"] for row in rows] == [label for label, _ in alone]
        assert apart([row["probs"] for row in rows], [shares for _, shares in alone]) < CLOSE
        assert [row["num_classes"] for row in rows] == [len(shares) for _, shares in alone]
        (one,) = service.post(self.path, body | {"input": self.text}).json()["data"]
        assert one["label"] == alone[0][0]

    def alone(self, service: Service) -> list[tuple[str, list[float]]]:
        import torch
        from transformers import AutoModelForSequenceClassification, AutoTokenizer

        tokenizer: Any = AutoTokenizer.from_pretrained(service.weights)
        model: Any = AutoModelForSequenceClassification.from_pretrained(service.weights, dtype=torch.float32)
        found = []
        with torch.inference_mode():
            for text in self.texts:
                shares = model(**tokenizer(text, return_tensors="pt")).logits[0].softmax(-1)
                found.append((model.config.id2label[int(shares.argmax())], shares.tolist()))
        return found

    def complete(self, answer: Body) -> bool:
        return len(answer["data"]) == 1 and abs(sum(answer["data"][0]["probs"]) - 1) < CLOSE


WORKLOADS: dict[str, Workload] = {
    "generation": Generation(),
    "embedding": Embedding(),
    "classification": Classification(),
}
