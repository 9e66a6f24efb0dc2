"""What the service refuses or fails to do, each with its HTTP status. The text of each says what would work."""

from typing import ClassVar

from . import plan
from .monitoring import oom


class ServiceFault(Exception):
    """A request without an answer."""

    status: ClassVar[int] = 500
    kind: ClassVar[str] = "server_error"

    def body(self) -> dict:
        """The error in the shape that OpenAI's clients read."""
        return {"error": {"message": str(self), "type": self.kind, "code": self.status}}


class Refused(ServiceFault):
    """A request beyond a limit, or one that this engine does not understand. The text names the limit."""

    status = 400
    kind = "invalid_request_error"


class UnknownModel(Refused):
    """A request for another model."""

    status = 404


class OutOfMemory(ServiceFault):
    """A request that memory did not suffice for. The engine goes on; the text says what to lower."""

    status = 507


class Unavailable(ServiceFault):
    """The engine starts anew or has died; another try may succeed."""

    status = 503


def fault(error: BaseException | str) -> ServiceFault:
    """What happened in the engine, as an answer to the request that it happened to."""
    if isinstance(error, ServiceFault):
        return error
    cause = oom.explain(error)
    return OutOfMemory(cause) if cause else ServiceFault(f"the engine failed: {str(error) or type(error).__name__}")


def known(model: str) -> None:
    """UnknownModel for any name but this service's."""
    if model != plan.MODEL:
        raise UnknownModel(f"this service has {plan.MODEL}, not {model}")
