"""Inputs that are where the containers are: on the Volume, and in a bucket."""

import pytest

from {{cookiecutter.__package}} import plan
from {{cookiecutter.__package}}.input.prompts import DataError
from {{cookiecutter.__package}}.input.readers import Source
from {{cookiecutter.__package}}.run import volume


def test_what_lies_in_a_container_is_not_brought_there(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(plan, "BUCKET", "rows")
    for path in ("/results/uploads/a.csv", "/bucket/2026/a.csv"):
        assert volume.in_container(path) and volume.upload(Source(path)) == Source(path)
    assert not volume.in_container("/home/me/a.csv")


def test_a_path_in_a_bucket_without_one_is_refused():
    with pytest.raises(DataError, match="set BUCKET in plan"):
        volume.in_container("/bucket/a.csv")


@pytest.mark.parametrize("path", ["/results/../etc/passwd", "/results/uploads/../../x.csv", "/bucket/../x.csv"])
def test_a_path_cannot_lead_out_of_its_mount(monkeypatch: pytest.MonkeyPatch, path: str):
    monkeypatch.setattr(plan, "BUCKET", "rows")
    with pytest.raises(DataError, match="leads out of its folder"):
        volume.in_container(path)
