"""The split: the same input gives the same shards, another prompt, model or sampling gives others."""

from dataclasses import replace
from pathlib import Path

import jobs
import pytest
from jobs import SETTINGS, TEXT

from {{cookiecutter.__package}}.input import shards
from {{cookiecutter.__package}}.input.prompts import DataError, PromptSpec
from {{cookiecutter.__package}}.input.readers import Source
from {{cookiecutter.__package}}.run.job import Job, load_job


def prepared(root: Path, path: Path, spec: PromptSpec = TEXT, shard_rows: int = 10) -> shards.Split:
    return shards.prepare(str(root), Source(str(path)), spec, shard_rows)


def held(root: Path) -> dict[str, bytes]:
    return {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def test_every_row_is_in_one_shard_and_in_order(tmp_path: Path):
    job = jobs.job(tmp_path / "root", jobs.written(tmp_path / "in.jsonl", 95, bad_every=7))
    sizes = [shard.rows for shard in job.shards()]
    rows = [row for shard in job.shards() for row in shards.read_rows(job.root, shard)]
    assert sizes == [10] * 9 + [5] and job.split.rows == 95 and job.split.bad == 14
    assert [row.number for row in rows] == list(range(95))
    assert rows[3].prompt == "row 3 xxx" and rows[3].id == "r3" and rows[7].error


def test_the_same_input_gives_the_same_bytes_anywhere(tmp_path: Path):
    path = jobs.written(tmp_path / "in.jsonl", 30)
    prepared(tmp_path / "a", path)
    prepared(tmp_path / "b", path)
    assert held(tmp_path / "a") == held(tmp_path / "b")


def test_names_change_with_all_that_changes_a_result(tmp_path: Path):
    path, other = jobs.written(tmp_path / "in.jsonl", 30), jobs.written(tmp_path / "other.jsonl", 31)
    split = prepared(tmp_path / "root", path)
    names = {
        Job("", split, SETTINGS).name,
        *(
            Job("", split, replace(SETTINGS, **changed)).name
            for changed in (
                {"model": "org/other"},
                {"revision": "abd"},
                {"workload": "embedding"},
                {"quantization": "another"},
                {"options": {"temperature": 0.0, "max_tokens": 17}},
            )
        ),
        Job("", prepared(tmp_path / "root", other), SETTINGS).name,
        *(
            Job("", prepared(tmp_path / "root", path, spec), SETTINGS).name
            for spec in (
                PromptSpec(column="text"),
                PromptSpec(template="Rate: {text}"),
                PromptSpec(column="text", limit=9),
            )
        ),
    }
    assert len(names) == 10


def test_another_shard_size_does_not_throw_away_what_is_split(tmp_path: Path):
    path = jobs.written(tmp_path / "in.jsonl", 30)
    assert prepared(tmp_path / "root", path, shard_rows=7) == prepared(tmp_path / "root", path, shard_rows=10)


@pytest.mark.parametrize("harm", ["missing", "cut", "flipped"])
def test_a_damaged_input_shard_is_found_and_written_again(tmp_path: Path, harm: str):
    path = jobs.written(tmp_path / "in.jsonl", 30)
    job = jobs.job(tmp_path / "root", path)
    before = held(tmp_path / "root" / "inputs")
    file = tmp_path / "root" / "inputs" / job.split.name / "000001.parquet"
    content = file.read_bytes()
    file.unlink()
    if harm != "missing":
        file.write_bytes(content[:-9] if harm == "cut" else content[:50] + bytes([content[50] ^ 1]) + content[51:])
    with pytest.raises(DataError, match="missing or damaged"):
        shards.read_rows(job.root, job.shards()[1])
    assert prepared(tmp_path / "root", path) == job.split
    assert held(tmp_path / "root" / "inputs") == before


def test_halves_hold_the_same_rows(tmp_path: Path):
    job = jobs.job(tmp_path / "root", jobs.written(tmp_path / "in.jsonl", 25))
    whole = job.shards()[2]
    first, second = whole.halves()
    assert (whole.name, first.name, second.halves()[0].name) == ("000002", "000002.0", "000002.10")
    read = shards.read_rows(job.root, first) + shards.read_rows(job.root, second)
    assert read == shards.read_rows(job.root, whole) and (first.rows, second.rows) == (2, 3)
    with pytest.raises(ValueError, match="1 row"):
        first.halves()[0].halves()


def test_the_last_started_job_is_found_by_no_name(tmp_path: Path):
    path = jobs.written(tmp_path / "in.jsonl", 5)
    with pytest.raises(DataError, match="there is no job yet"):
        load_job(str(tmp_path / "root"))
    first = jobs.job(tmp_path / "root", path)
    second = jobs.job(tmp_path / "root", path, settings=replace(SETTINGS, model="org/other"))
    assert load_job(str(tmp_path / "root")) == second
    assert load_job(str(tmp_path / "root"), first.name) == first


@pytest.mark.parametrize("name", ["../other", "a/b", "*", "..", ".hidden", "/etc", "a\nb"])
def test_a_name_cannot_lead_out_of_the_folder_of_jobs(tmp_path: Path, name: str):
    jobs.job(tmp_path / "root", jobs.written(tmp_path / "in.jsonl", 5))
    with pytest.raises(DataError, match="is no name of a job"):
        load_job(str(tmp_path / "root"), name)
