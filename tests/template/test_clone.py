"""Tools' caches in a clone do not change what it bakes."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from bake import BODY, Project, bake_into

# What ruff 0.17 wrote for a folder of this template, shortened: few enough odd bytes to be taken for text, and no UTF-8
ODD = b"/home/me/template/parts/serve_transformers" * 3 + b"errors.py\x00\x00\x00\x89\x00\x00\x00\xf4\xff\xff\xff"


@pytest.mark.parametrize("cache", [".ruff_cache", "__pycache__", ".pytest_cache", ".mypy_cache"])
@pytest.mark.parametrize("folder", [".", "parts/serve"])
def test_a_tools_cache_in_the_template_does_no_harm(
    cache: str, folder: str, template: Path, bake: Callable[..., Project], tmp_path: Path
) -> None:
    clone = Path(shutil.copytree(template, tmp_path / "clone"))
    left = clone / BODY.name / folder / cache
    left.mkdir()
    (left / "12224155118931960971").write_bytes(ODD)
    assert bake_into(tmp_path / "out", clone).files() == bake().files()
