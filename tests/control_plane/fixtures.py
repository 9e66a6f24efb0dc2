"""A control plane for pytest: `from control_plane.fixtures import plane as plane, client as client`."""

from __future__ import annotations

from collections.abc import Iterator

import modal
import pytest

from .containers import can_run
from .plane import ControlPlane, listening


@pytest.fixture(scope="module")
def plane() -> Iterator[ControlPlane]:
    """A control plane that runs containers, one for the tests of a file."""
    if not can_run():
        pytest.skip("containers need root on Linux")
    with listening() as listening_plane:
        yield listening_plane


@pytest.fixture(scope="module")
def client(plane: ControlPlane) -> Iterator[modal.Client]:
    """A client of this process that is logged in there."""
    with plane.client() as logged_in:
        yield logged_in
