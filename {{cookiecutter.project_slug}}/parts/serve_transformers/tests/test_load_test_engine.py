"""The load test against the real engine, through the server that runs in the container."""

import asyncio
from pathlib import Path

from {{cookiecutter.__package}}.client import local
from {{cookiecutter.__package}}.engine.server import Engine
from {{cookiecutter.__package}}.load_test.__main__ import run_levels
from {{cookiecutter.__package}}.load_test.report import GENERATES
from {{cookiecutter.__package}}.monitoring import gpu_memory


def test_the_real_engine_is_measured_without_a_failure(tiny: Path):
    engine = Engine(str(tiny), gpus=0)
    try:
        with local.served(engine, gpu_memory.Monitor().start()) as url:
            one, four = asyncio.run(run_levels(url, [1, 4], [0.0, 0.0], 1.0, tokens=64))
    finally:
        engine.close()
    for level in (one, four):
        assert level.failed == 0, level.example
        assert level.answered >= level.at_once and level.tokens_per_s > 0
        assert level.first_p50_s is not None and level.first_p95_s is not None
        assert 0 < level.first_p50_s <= level.first_p95_s
        assert (level.per_token_p50_s is not None) == GENERATES
