"""OpenAI's `/v1/chat/completions` and `/v1/completions`, whole and as server-sent events."""

import asyncio
import json
import time
import uuid
from collections.abc import AsyncGenerator, Callable
from typing import Annotated, Any, ClassVar, Literal, TypeVar

from fastapi import APIRouter, Request
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, Field, field_validator, model_validator
from pydantic_core import PydanticCustomError

from .. import plan
from .body import Body, read
from .deltas import Delta
from .errors import EngineError, InvalidRequest, check_model
from .sampling import SamplingParams
from .server import Engine

Choice = dict[str, object]
Text = TypeVar("Text")
StopString = Annotated[str, Field(min_length=1, max_length=256)]  # every token is searched for it
SHORT = 4096  # characters: tokens of so few come sooner than another thread would start
LEAST_TEMPERATURE = 0.01  # logits divided by less overflow


class Part(BaseModel):
    """A part of a message. Only text can be read."""

    type: Literal["text"]
    text: str


class Message(BaseModel):
    """One turn of a conversation. The content of an assistant's may be null."""

    role: Literal["system", "developer", "user", "assistant"]  # a template renders others as nothing, or fails
    content: str | Annotated[list[Part], Field(min_length=1)]

    @model_validator(mode="before")
    @classmethod
    def _no_tools(cls, given: Any) -> Any:
        if isinstance(given, dict) and (given.get("tool_calls") or given.get("role") == "tool"):
            raise PydanticCustomError("tools", "this engine reads no tool calls and no results of tools; vLLM does")
        if isinstance(given, dict) and given.get("role") == "assistant" and given.get("content") is None:
            return given | {"content": ""}
        return given

    def as_text(self) -> dict[str, str]:
        text = self.content if isinstance(self.content, str) else "".join(part.text for part in self.content)
        return {"role": self.role, "content": text}


class StreamOptions(BaseModel):
    """Options of a streamed answer."""

    include_usage: bool = False


class Generation(Body):
    """The fields of OpenAI's that both requests have."""

    neutral: ClassVar[dict[str, tuple]] = {
        "frequency_penalty": (0,), "presence_penalty": (0,), "logit_bias": ({},), "logprobs": (False,),
        "top_logprobs": (0,), "best_of": (1,), "echo": (False,), "suffix": ("",), "tools": ([],), "functions": ([],),
        "tool_choice": ("none", "auto"), "parallel_tool_calls": (True, False), "modalities": (["text"],),
        "response_format": ({"type": "text"},), "function_call": ("none", "auto"), "verbosity": ("medium",),
    }  # fmt: skip

    max_tokens: int | None = Field(None, ge=1)
    temperature: float | None = Field(None, ge=0, le=2)  # 0, or at least LEAST_TEMPERATURE
    top_p: float | None = Field(None, gt=0, le=1)
    stop: StopString | Annotated[list[StopString], Field(max_length=4)] | None = None
    ignore_eos: bool = False  # vLLM's, for measurements
    stream: bool = False
    stream_options: StreamOptions | None = None
    n: Literal[1] = 1

    @property
    def include_usage(self) -> bool:
        return self.stream_options is not None and self.stream_options.include_usage

    def sampling(self, max_tokens: int | None) -> SamplingParams:
        if self.temperature and self.temperature < LEAST_TEMPERATURE:
            raise InvalidRequest(
                f"temperature is {self.temperature:g}; 0 is greedy, else it is {LEAST_TEMPERATURE} to 2"
            )
        stop = [self.stop] if isinstance(self.stop, str) else self.stop or []
        return SamplingParams(max_tokens, self.temperature, self.top_p, stop, self.ignore_eos)


class Chat(Generation):
    """A conversation to answer."""

    messages: list[Message] = Field(min_length=1)
    max_completion_tokens: int | None = Field(None, ge=1)


class Completion(Generation):
    """A text, or its tokens, to continue."""

    prompt: str | list[int] = Field(min_length=1)
    max_tokens: int | None = Field(16, ge=1)  # OpenAI's default

    @field_validator("prompt", mode="before")
    @classmethod
    def _one_prompt(cls, given: Any) -> Any:
        """A text alone for a list of one, as clients send it."""
        if not isinstance(given, list) or not given or not isinstance(given[0], str | list):
            return given
        if len(given) > 1:
            raise PydanticCustomError("prompts", "this engine takes one prompt in a request: send several requests")
        return given[0]


def router(engine: Engine) -> APIRouter:
    """The routes of one engine."""
    routes = APIRouter()

    @routes.post("/v1/chat/completions")
    async def chat(request: Request) -> object:
        body = await read(Chat, request)
        check_model(body.model)
        messages = [message.as_text() for message in body.messages]
        prompt = await tokens(engine.chat, messages, sum(len(message["content"]) for message in messages))
        deltas = engine.stream(prompt, body.sampling(body.max_completion_tokens or body.max_tokens))
        if body.stream:
            return await streamed("chat.completion.chunk", chat_delta, body, deltas)
        return await whole("chat.completion", chat_message, deltas)

    @routes.post("/v1/completions")
    async def completion(request: Request) -> object:
        body = await read(Completion, request)
        check_model(body.model)
        text = body.prompt
        prompt = await tokens(engine.text, text, len(text)) if isinstance(text, str) else text
        deltas = engine.stream(prompt, body.sampling(body.max_tokens))
        if body.stream:
            return await streamed("text_completion", plain_text, body, deltas)
        return await whole("text_completion", plain_text, deltas)

    return routes


async def tokens(read: Callable[[Text], list[int]], text: Text, characters: int) -> list[int]:
    """Return what `read` makes of a text, in another thread where it is long: everybody's streams wait meanwhile."""
    return read(text) if characters < SHORT else await asyncio.to_thread(read, text)


def chat_delta(text: str, first: bool) -> Choice:
    return {"delta": {"role": "assistant", "content": text} if first else {"content": text}}


def chat_message(text: str, first: bool) -> Choice:
    return {"message": {"role": "assistant", "content": text}}


def plain_text(text: str, first: bool) -> Choice:
    return {"text": text, "logprobs": None}


def envelope(kind: str) -> dict:
    prefix = "cmpl" if kind == "text_completion" else "chatcmpl"
    identity = f"{prefix}-{uuid.uuid4().hex}"
    return {"id": identity, "object": kind, "created": int(time.time()), "model": plan.MODEL}


def usage(last: Delta) -> dict:
    total = last.prompt_tokens + last.tokens
    return {"prompt_tokens": last.prompt_tokens, "completion_tokens": last.tokens, "total_tokens": total}


async def whole(kind: str, write: Callable[[str, bool], Choice], deltas: AsyncGenerator[Delta]) -> dict:
    """The answer in one piece."""
    got = [delta async for delta in deltas]
    text = "".join(delta.text for delta in got)
    choice = {"index": 0, **write(text, True), "finish_reason": got[-1].finish}
    return {**envelope(kind), "choices": [choice], "usage": usage(got[-1])}


async def streamed(
    kind: str, write: Callable[[str, bool], Choice], body: Generation, deltas: AsyncGenerator[Delta]
) -> StreamingResponse:
    """The answer as server-sent events."""
    first = await anext(deltas)  # before a status is sent: what is refused is refused with a 4xx
    return StreamingResponse(events(kind, write, body, first, deltas), media_type="text/event-stream")


async def events(
    kind: str, write: Callable[[str, bool], Choice], body: Generation, first: Delta, deltas: AsyncGenerator[Delta]
) -> AsyncGenerator[str]:
    """Yield an event for each delta. An error after the first is an event too, since the status is out."""
    frame, delta = envelope(kind), first
    yield event({**frame, "choices": [{"index": 0, **write(first.text, True), "finish_reason": first.finish}]})
    try:
        async for delta in deltas:
            choice = {"index": 0, **write(delta.text, False), "finish_reason": delta.finish}
            yield event({**frame, "choices": [choice]})
    except EngineError as error:
        yield event(error.body())
    finally:
        await deltas.aclose()  # a client that left frees the request
    if body.include_usage:
        yield event({**frame, "choices": [], "usage": usage(delta)})
    yield "data: [DONE]\n\n"


def event(data: dict) -> str:
    return f"data: {json.dumps(data)}\n\n"
