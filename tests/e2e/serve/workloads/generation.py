"""Chat and completion, with the openai client; the model alone is transformers' `generate`."""

from __future__ import annotations

from typing import Any

import openai
from deployed import PATIENCE, Deployed, need

TEXT = "What is the capital of France?"
TOKENS = 12  # of a short answer


def answers(deployed: Deployed) -> str:
    client = openai.OpenAI(base_url=f"{deployed.url}/v1", api_key=deployed.token, timeout=PATIENCE, max_retries=0)
    model: str = deployed.plan.MODEL
    chat = client.chat.completions.create(
        model=model,
        messages=[{"role": "user", "content": TEXT}],
        max_tokens=TOKENS,
        temperature=0,
        stream=True,
        stream_options={"include_usage": True},
    )
    pieces, used = [], 0
    for event in chat:
        pieces += [choice.delta.content for choice in event.choices if choice.delta.content]
        used = event.usage.completion_tokens if event.usage else used
    streamed = "".join(pieces)
    need(len(pieces) > 1, f"the stream came in {len(pieces)} piece(s)")
    need(0 < used <= TOKENS, f"usage says {used} tokens of at most {TOKENS}")
    whole = client.chat.completions.create(
        model=model, messages=[{"role": "user", "content": TEXT}], max_tokens=TOKENS, temperature=0
    )
    need(whole.choices[0].message.content == streamed, "the streamed answer is not the whole one")
    text = client.completions.create(model=model, prompt="One, two, three,", max_tokens=4, temperature=0)
    parts = client.completions.create(model=model, prompt="One, two, three,", max_tokens=4, temperature=0, stream=True)
    need("".join(part.choices[0].text for part in parts) == text.choices[0].text, "the streamed completion differs")
    said, counted = alone(deployed)
    need(streamed == said, f"the service says {streamed!r}, the model alone {said!r}")
    need(text.choices[0].text == counted, f"completion says {text.choices[0].text!r}, the model alone {counted!r}")
    return f"{len(pieces)} pieces: {streamed!r}, as the model alone"


def alone(deployed: Deployed) -> tuple[str, str]:
    """What the model writes greedily in float32: the answer to TEXT, and what follows 'One, two, three,'."""
    from transformers import AutoModelForCausalLM, AutoTokenizer

    tokenizer: Any = AutoTokenizer.from_pretrained(deployed.model)
    model: Any = AutoModelForCausalLM.from_pretrained(deployed.model, dtype="float32")
    chat = tokenizer.apply_chat_template(
        [{"role": "user", "content": TEXT}], add_generation_prompt=True, return_dict=True, return_tensors="pt"
    )
    plain = tokenizer("One, two, three,", return_tensors="pt")

    def write(inputs: Any, tokens: int) -> str:
        written = model.generate(**inputs, max_new_tokens=tokens, do_sample=False)[0, inputs["input_ids"].shape[1] :]
        return tokenizer.decode(written, skip_special_tokens=True)

    return write(chat, TOKENS), write(plain, 4)


def request(deployed: Deployed, number: int) -> tuple[str, dict]:
    """Path and body of a short request; the number makes each another."""
    messages = [{"role": "user", "content": f"Say a word that begins like the number {number}."}]
    return "/v1/chat/completions", {
        "model": deployed.plan.MODEL,
        "messages": messages,
        "max_tokens": 8,
        "temperature": 0,
    }


def complete(answer: dict) -> bool:
    return answer["usage"]["completion_tokens"] > 0 and answer["choices"][0]["finish_reason"] in ("stop", "length")


def long(deployed: Deployed) -> tuple[str, dict]:
    """A request that takes seconds."""
    path, body = request(deployed, 0)
    messages = [
        {"role": "user", "content": "Tell me a very long story about a cat who becomes king, with every detail."}
    ]
    return path, body | {"messages": messages, "max_tokens": deployed.plan.MAX_ANSWER_TOKENS, "stream": True}


def ended(text: str) -> bool:
    """Whether the stream of a long request came to its end."""
    return "[DONE]" in text


def too_much(deployed: Deployed) -> list[tuple[dict, int]]:
    """Bodies that go beyond a limit, and the limit that the refusal has to name."""
    _, body = request(deployed, 0)
    words = [{"role": "user", "content": "word " * deployed.plan.CONTEXT_LEN}]
    return [
        (body | {"messages": words}, deployed.plan.CONTEXT_LEN),
        (body | {"max_tokens": deployed.plan.MAX_ANSWER_TOKENS + 1}, deployed.plan.MAX_ANSWER_TOKENS),
    ]
