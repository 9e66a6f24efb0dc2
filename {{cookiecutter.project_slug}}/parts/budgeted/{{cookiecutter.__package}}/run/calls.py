"""Calls of Modal functions: their results, and whether one goes on. A call has ended only by Modal's answer."""

import time
from typing import Any

import modal
from grpclib.exceptions import StreamTerminatedError

PAUSE_S = 2.0  # between two questions while Modal cannot be reached
# How Modal itself reports the end of a call, besides the function's own result or exception
ENDED = (
    modal.exception.FunctionTimeoutError,
    modal.exception.InternalFailure,
    modal.exception.RemoteError,  # its container died, or it was cancelled
    modal.exception.OutputExpiredError,
    modal.exception.NotFoundError,
    modal.exception.ExecutionError,  # its result is there and cannot be read here
    modal.exception.DeserializationError,
)
LOST = (modal.exception.Error, StreamTerminatedError)  # what the client raises, besides ENDED, where it gets no answer


class StillRunning(Exception):
    """The call has neither finished nor failed."""


class Unreachable(Exception):
    """Modal did not answer: the call may go on. The text is the client's error."""


def result(call: modal.FunctionCall, timeout_s: float = 0.0) -> Any:
    """Return a call's result, or raise what ended it. StillRunning or Unreachable where neither is known."""
    try:
        return _ask(call, timeout_s)
    except Unreachable:
        if not _answers(call):
            raise
    try:
        return _ask(call, 0.0)
    except Unreachable as error:  # though Modal answers: it is what the function itself has raised
        raise (error.__cause__ or error) from None


def _ask(call: modal.FunctionCall, timeout_s: float) -> Any:
    """`result`, but for exceptions of modal's that the function itself has raised: they are Unreachable here.

    The client raises the function's own exceptions as they are. `get` raises TimeoutError without a text where it has
    waited in vain.
    """
    try:
        return call.get(timeout=timeout_s)
    except ENDED:
        raise
    except TimeoutError as error:
        if error.args:  # the function's own
            raise
        raise StillRunning from None
    except modal.exception.TimeoutError:
        raise StillRunning from None
    except LOST as error:
        raise Unreachable(f"{type(error).__name__}: {error}") from error


def _answers(call: modal.FunctionCall) -> bool:
    """Whether Modal answers another request about a call, which a new object holds no state of."""
    try:
        modal.FunctionCall.from_id(call.object_id, client=call.client).num_inputs()
    except LOST:
        return False
    return True


def wait(call: modal.FunctionCall, every_s: float = 30.0) -> Any:
    """Wait for a call's result, over any time in which Modal cannot be reached."""
    while True:
        try:
            return result(call, every_s)
        except StillRunning:
            continue
        except Unreachable:
            time.sleep(PAUSE_S)


def cancel(call_id: str) -> None:
    """End a call and the container that it runs in. Nothing happens where it has ended, or Modal cannot be reached."""
    try:
        modal.FunctionCall.from_id(call_id).cancel(terminate_containers=True)
    except LOST as error:
        print(f"call {call_id} could not be cancelled: {type(error).__name__}: {error}", flush=True)
