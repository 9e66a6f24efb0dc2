"""Inputs that are where the containers are: on the Volume, and in a bucket."""

import pytest

from {{cookiecutter.__package}} import plan
from {{cookiecutter.__package}}.run import volume
from {{cookiecutter.__package}}.input.readers import DataError, Source


def test_what_lies_in_a_container_is_not_brought_there(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(plan, "BUCKET", "rows")
    for path in ("/results/uploads/a.csv", "/bucket/2026/a.csv"):
        assert volume.is_there(path) and volume.upload(Source(path)) == Source(path)
    assert not volume.is_there("/home/me/a.csv")


def test_a_path_in_a_bucket_without_one_is_refused():
    with pytest.raises(DataError, match="set BUCKET in plan"):
        volume.is_there("/bucket/a.csv")
