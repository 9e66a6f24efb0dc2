"""The errors of the service, each with its HTTP status. The text of each names what would work."""

from typing import ClassVar

from .. import plan
from ..monitoring import oom


class EngineError(Exception):
    """A request that failed."""

    status: ClassVar[int] = 500
    kind: ClassVar[str] = "server_error"

    def body(self) -> dict:
        """The error in the format that OpenAI's clients read."""
        return {"error": {"message": str(self), "type": self.kind, "code": self.status}}


class InvalidRequest(EngineError):
    """A request over a limit, or one that this engine does not understand. The text names the limit."""

    status = 400
    kind = "invalid_request_error"


class UnknownModel(InvalidRequest):
    """A request for another model."""

    status = 404


class OutOfMemory(EngineError):
    """A request that memory did not suffice for. The engine goes on; the text names what to lower."""

    status = 507


class Unavailable(EngineError):
    """The engine restarts or has ended; another try may succeed."""

    status = 503


def classify_error(error: BaseException | str) -> EngineError:
    """Return the error to answer a request with, for what happened in the engine."""
    if isinstance(error, EngineError):
        return error
    cause = oom.explain(error)
    if cause:
        return OutOfMemory(cause)
    print(f"the engine failed: {str(error) or type(error).__name__}", flush=True)  # it may hold others' prompts
    return EngineError("the engine failed on this request; the container's log says why")


def check_characters(text: str) -> None:
    """Raise InvalidRequest for half of a surrogate pair, which JSON can hold and no tokenizer encode."""
    try:
        text.encode()
    except UnicodeEncodeError:
        raise InvalidRequest("the text holds half of a surrogate pair, which is no character") from None


def check_model(model: str) -> None:
    """Raise UnknownModel for any name but this service's."""
    if model != plan.MODEL:
        raise UnknownModel(f"this service has {plan.MODEL}, not {model}")
