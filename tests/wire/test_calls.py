"""A generated project's `run/calls.py` asks the real client whether a call goes on: only Modal's answer ends one."""

import importlib.util
import os
import socket
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import modal
import psutil
import pytest
from bake import BODY, run
from control_plane import ControlPlane, listening
from control_plane.containers import can_run
from modal import exception
from waiting import until

APP = Path(__file__).parents[1] / "data" / "small_app.py"
CALLS = BODY / "parts" / "budgeted" / "{{cookiecutter.__package}}" / "run" / "calls.py"
Function = Callable[[str], modal.Function]


@pytest.fixture(scope="module")
def calls() -> ModuleType:
    spec = importlib.util.spec_from_file_location("calls", CALLS)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def plane() -> Iterator[ControlPlane]:
    if not can_run():
        pytest.skip("containers need root on Linux")
    with listening() as one:
        run(sys.executable, "-m", "modal", "deploy", str(APP), cwd=APP.parent, **one.environment)
        yield one


@pytest.fixture
def function(plane: ControlPlane) -> Iterator[Function]:
    with plane.client() as client:
        yield lambda name: modal.Function.from_name("small-app", name, client=client)


@pytest.mark.slow
def test_what_modal_says_of_a_call(calls: ModuleType, function: Function, plane: ControlPlane) -> None:
    assert calls.wait(function("square").spawn(3)) == 9
    for error in (ConnectionResetError("the hub"), TimeoutError("the hub"), exception.ServiceError("a commit")):
        with pytest.raises(type(error), match=str(error)):  # the function's own: it has failed
            calls.wait(function("raises").spawn(error))
    with pytest.raises(exception.FunctionTimeoutError):
        calls.wait(function("slow").spawn())
    call = function("wait").spawn("call")
    until(lambda: any(one.inputs for one in plane.containers("wait")))
    with pytest.raises(calls.StillRunning):
        calls.result(call)
    plane.containers("wait")[0].kill()
    with pytest.raises(exception.RemoteError, match="exited with code -9"):
        calls.wait(call)


def cut(plane: ControlPlane) -> None:
    """End each connection with the control plane, and let nobody connect again."""
    plane.server.close()
    port = int(plane.url.rpartition(":")[2])
    for connection in psutil.Process().net_connections("tcp"):
        if connection.laddr and connection.laddr.port == port and connection.status == psutil.CONN_ESTABLISHED:
            with socket.socket(fileno=os.dup(connection.fd)) as its:
                its.shutdown(socket.SHUT_RDWR)


@pytest.mark.slow
def test_a_lost_network_is_no_end(calls: ModuleType, plane: ControlPlane, function: Function) -> None:
    call = function("wait").spawn("lost")
    with pytest.raises(calls.StillRunning):
        calls.result(call)
    cut(plane)
    with pytest.raises(calls.Unreachable, match=r"ConnectionError|StreamTerminated"):
        calls.result(call, 1.0)


@pytest.mark.slow
def test_a_cancelled_call_ends_with_its_container(
    calls: ModuleType, function: Function, plane: ControlPlane, monkeypatch: pytest.MonkeyPatch
) -> None:
    call = function("wait").spawn("cancelled")
    until(lambda: any(one.inputs for one in plane.containers("wait")))
    for name, value in plane.environment.items():
        monkeypatch.setenv(name, value)
    calls.cancel(call.object_id)
    with pytest.raises(exception.RemoteError):
        calls.wait(call)
    until(lambda: not plane.containers("wait"))
