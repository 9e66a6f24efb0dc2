"""The real vLLM on the tiny model, started once for all tests of this folder."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from vllm_server import Served, serving


@pytest.fixture(scope="session")
def served(tiny: Path) -> Iterator[Served]:
    with serving(tiny) as one:
        one.vllm.watch(one.ended.set)
        yield one
