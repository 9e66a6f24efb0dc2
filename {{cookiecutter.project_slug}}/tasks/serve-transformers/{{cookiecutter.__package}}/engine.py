"""The model and transformers' continuous batching. Knows nothing of Modal: tests and a laptop run the same code."""

import asyncio
import math
import time
import uuid
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from tokenizers.decoders import DecodeStream
from transformers import AutoModelForCausalLM, AutoTokenizer, BitsAndBytesConfig, ContinuousBatchingConfig
from transformers.generation.continuous_batching.requests import GenerationOutput

from . import memory, plan

PAGE = 256  # tokens of one page of the KV cache, transformers' default
BATCH_TOKENS = {"cuda": 2048, "cpu": 256}  # read in one step; the attention mask grows with them times the cache

Message = dict[str, str]  # {"role": "user", "content": "..."}


class EngineError(Exception):
    """A request that failed inside the engine. The text says what to lower where memory ran out."""


class TooLong(ValueError):
    """A request that cannot fit the context. The text names the limit."""


@dataclass(frozen=True)
class Piece:
    """What one step added: text, and how many tokens the answer has so far and the prompt had."""

    text: str
    tokens: int
    prompt_tokens: int
    finish: str | None = None  # "stop" or "length" on the last piece


def quantization() -> BitsAndBytesConfig | None:
    """plan.QUANTIZATION in transformers' words, where the weights are quantized while they load."""
    if not plan.QUANTIZE_AT_LOAD:
        return None
    if plan.QUANTIZATION == "int8":
        return BitsAndBytesConfig(load_in_8bit=True)
    return BitsAndBytesConfig(
        load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_compute_dtype=getattr(torch, plan.DTYPE)
    )


def batching(device: str) -> ContinuousBatchingConfig:
    """A KV cache for CONCURRENCY requests of CONTEXT_LEN tokens and no more, whatever the card has left."""
    blocks = plan.CONCURRENCY * math.ceil(plan.CONTEXT_LEN / PAGE)
    return ContinuousBatchingConfig(
        page_size=PAGE,
        num_blocks=blocks if device == "cuda" else min(blocks, 64),  # a laptop's RAM: 16,384 tokens
        max_batch_tokens=BATCH_TOKENS[device],
        max_requests_per_batch=plan.CONCURRENCY,
        max_memory_percent=plan.MEMORY_FRACTION,
        auto_switch_to_flash=False,  # plan.ATTENTION decides
        per_request_processors=True,  # temperature and top_p are each request's own
        use_cuda_graph=None if device == "cuda" else False,
    )


class Engine:
    """One loaded model that answers many requests at once."""

    def __init__(self, model: str, *, gpus: int) -> None:
        """Load `model`, a folder or a hub id, onto the GPU, or with 0 into RAM as float32, and start batching."""
        if gpus > 1:
            raise ValueError(f"this engine serves from one GPU, not {gpus}: set GPU in plan.py, or take ENGINE vllm")
        self.device = "cuda" if gpus else "cpu"
        self.tokenizer: Any = AutoTokenizer.from_pretrained(model)
        self.model: Any = AutoModelForCausalLM.from_pretrained(
            model,
            dtype=getattr(torch, plan.DTYPE) if gpus else torch.float32,
            device_map=self.device,
            attn_implementation=plan.ATTENTION if gpus else "sdpa",
            quantization_config=quantization() if gpus else None,
            use_safetensors=True,
        )
        own = self.model.generation_config
        self.defaults = {
            "temperature": own.temperature if own.temperature is not None else 1.0,
            "top_p": own.top_p if own.top_p is not None else 1.0,
            "top_k": own.top_k or self.model.config.vocab_size,
        }
        # Each request brings its own values, but only processors that the manager starts with can take them
        own.update(do_sample=True, temperature=0.5, top_p=0.5, top_k=1)
        self.stop_ids = {own.eos_token_id} if isinstance(own.eos_token_id, int) else set(own.eos_token_id or [])
        self.batches = self.model.init_continuous_batching(continuous_batching_config=batching(self.device))
        self.batches.start()
        while self.batches.batch_processor is None and self.healthy:
            time.sleep(0.01)  # the cache is allocated in the batching thread
        if not self.healthy:
            raise EngineError(self._why("the batching thread stopped while it started"))

    @property
    def healthy(self) -> bool:
        """Whether new requests are taken: False once the batching thread has died."""
        return self.batches.is_running() and self.batches.background_thread_status.fatal_error is None

    def tokens(self, messages: Sequence[Message]) -> list[int]:
        """The prompt as the model's chat template writes it; plain text where the model has none."""
        if self.tokenizer.chat_template is None:
            return self.tokenizer("\n".join(message["content"] for message in messages))["input_ids"]
        chat = [dict(message) for message in messages]
        return self.tokenizer.apply_chat_template(chat, add_generation_prompt=True, return_dict=True)["input_ids"]

    async def stream(
        self,
        messages: Sequence[Message],
        *,
        max_tokens: int | None = None,
        temperature: float | None = None,
        top_p: float | None = None,
    ) -> AsyncGenerator[Piece]:
        """Yield the answer piece by piece, of at most `max_tokens`, or as many as the context has left.

        Temperature 0 is greedy; None is the model's own default. Leaving early cancels the request. TooLong before
        anything is generated, EngineError where the engine fails.
        """
        prompt = self.tokens(messages)
        max_tokens = max_tokens or max(1, plan.CONTEXT_LEN - len(prompt))
        if len(prompt) + max_tokens > plan.CONTEXT_LEN:
            raise TooLong(
                f"{len(prompt)} tokens of prompt and {max_tokens} of answer exceed the context of {plan.CONTEXT_LEN}"
            )
        if not self.healthy:
            raise EngineError(self._why("the batching thread has stopped"))
        sampling: dict[str, Any] = dict(self.defaults)
        if temperature is not None:
            sampling |= {"temperature": float(temperature)} if temperature else {"temperature": 1.0, "top_k": 1}
        if top_p is not None:
            sampling["top_p"] = float(top_p)
        outputs: asyncio.Queue[GenerationOutput] = asyncio.Queue()
        request = uuid.uuid4().hex
        self.batches.register_result_handler(request, outputs.put_nowait)
        self.batches.add_request(
            prompt,
            request_id=request,
            max_new_tokens=max_tokens,
            streaming=True,
            eos_token_id=list(self.stop_ids) or -1,
            **sampling,
        )
        decoder, seen, sent = DecodeStream([], True), 0, ""
        try:
            while True:
                output = await outputs.get()
                if output.error is not None:
                    raise EngineError(self._why(output.error))
                new, seen = output.generated_tokens[seen:], len(output.generated_tokens)
                text = "".join(decoder.step(self.tokenizer.backend_tokenizer, token) or "" for token in new)
                if output.is_finished():
                    # the decoder keeps back half a character; at the end it is said after all
                    text = self.tokenizer.decode(output.generated_tokens, skip_special_tokens=True)[len(sent) :]
                    yield Piece(text, seen, len(prompt), "stop" if new and new[-1] in self.stop_ids else "length")
                    return
                if text:
                    sent += text
                    yield Piece(text, seen, len(prompt))
        finally:
            self.batches.cancel_request(request)

    async def complete(self, prompt: str, max_tokens: int | None = None) -> str:
        """The whole answer to one question."""
        chat = [{"role": "user", "content": prompt}]
        return "".join([piece.text async for piece in self.stream(chat, max_tokens=max_tokens)])

    def _why(self, error: str) -> str:
        fatal = self.batches.background_thread_status.fatal_error
        return memory.explain(fatal or error) or error

    def close(self) -> None:
        """Fail what is running and stop."""
        self.batches.stop(block=True, timeout=10, hard_stop=True)
