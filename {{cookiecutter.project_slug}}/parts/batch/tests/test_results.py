"""Results are whole or absent, and joined in the order of the input."""

import csv
import json
from dataclasses import replace
from pathlib import Path

import jobs
import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

from {{cookiecutter.__package}}.input import shards
from {{cookiecutter.__package}}.input.prompts import Prompt
from {{cookiecutter.__package}}.output import results
from {{cookiecutter.__package}}.output.join import ResultError, join, to_csv
from {{cookiecutter.__package}}.output.results import Classified, Embedded, Failed
from {{cookiecutter.__package}}.run import shard_runner
from {{cookiecutter.__package}}.run.job import Job, Settings
from {{cookiecutter.__package}}.run.status import scan_results


@pytest.fixture
def job(tmp_path: Path) -> Job:
    return jobs.job(tmp_path / "root", jobs.written(tmp_path / "in.jsonl", 45, bad_every=10))


def embed(prompts: list[Prompt]) -> list[Embedded]:
    return [Embedded(np.array([len(str(prompt)), 0.5, -1.0], np.float32), 3) for prompt in prompts]


def classify(prompts: list[Prompt]) -> list[Classified]:
    return [Classified((("good", 0.75), ("bad", 0.25)), 2) for _prompt in prompts]


def finished(job: Job, engine: shard_runner.Engine = jobs.engine) -> list[results.ShardManifest]:
    for shard in reversed(job.shards()):
        assert shard_runner.run_shard(job.root, shard, engine).state == "done"
    return scan_results(job).done


def test_the_joined_file_is_what_a_plain_loop_gives(job: Job, tmp_path: Path):
    finished(job)
    rows, dead = jobs.outcome(job, tmp_path)
    assert rows == jobs.expected(tmp_path / "in.jsonl")
    assert [line["row"] for line in dead] == [0, 10, 20, 30, 40]
    assert dead[1] == {
        "row": 10,
        "id": "no-text",
        "error": "no column 'text'; the row has 'id'",
        "input": '{"id": "no-text"}',
    }


def test_every_format_holds_the_same_rows(job: Job, tmp_path: Path):
    found = finished(job)
    for name in ("a.parquet", "a.jsonl", "a.csv"):
        join(job, found, tmp_path / name)
    rows = parquet.read_table(tmp_path / "a.parquet").to_pylist()
    assert [json.loads(line) for line in (tmp_path / "a.jsonl").read_text().splitlines()] == rows
    with open(tmp_path / "a.csv", newline="") as file:
        assert list(csv.DictReader(file)) == [{name: str(value) for name, value in row.items()} for row in rows]


def test_csv_holds_whatever_a_model_writes(tmp_path: Path):
    texts = ["a\rb", "c\nd", "e\r\nf", 'g"h', "i,j", "\x00", "\u2028k\x85", ""]
    to_csv(iter([pa.table({"text": texts})]), len(texts), tmp_path / "a.csv")
    with open(tmp_path / "a.csv", newline="", encoding="utf-8") as file:
        assert [row["text"] for row in csv.DictReader(file)] == texts


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"])
def test_a_spreadsheet_computes_no_cell_unless_asked(tmp_path: Path, text: str):
    def cells(**options: bool) -> list[str]:
        to_csv(iter([pa.table({"row": [-1], "id": [text], "text": [text]})]), 1, tmp_path / "a.csv", **options)
        with open(tmp_path / "a.csv", newline="", encoding="utf-8") as file:
            return list(csv.reader(file))[1]

    assert cells() == ["-1", f"'{text}", f"'{text}"]  # a number of ours stays one
    assert cells(formulas=True) == ["-1", text, text]


def test_results_can_be_written_as_openais_batch_api_does(job: Job, tmp_path: Path):
    """The client's own types take each response."""
    types = pytest.importorskip("openai.types", reason="openai is not installed")
    chat = pytest.importorskip("openai.types.chat", reason="openai is not installed")
    found = finished(job)
    joined = join(job, found, tmp_path / "all.openai.jsonl")
    assert {Path(path).name for path in joined.files} == {"all.openai.jsonl", "all.dead.jsonl"}
    lines = [json.loads(line) for line in (tmp_path / "all.openai.jsonl").read_text().splitlines()]
    want = jobs.expected(tmp_path / "in.jsonl")
    assert [line["custom_id"] for line in lines] == [row["id"] for row in want]
    assert all(set(line) == {"id", "custom_id", "response", "error"} and line["error"] is None for line in lines)
    answer = chat.ChatCompletion.model_validate(lines[3]["response"]["body"], strict=True)
    assert answer.choices[0].message.content == want[3]["text"] and answer.usage
    assert answer.usage.completion_tokens == want[3]["output_tokens"]
    other = jobs.job(tmp_path / "other", tmp_path / "in.jsonl", settings=Settings("embedding", "org/model", "abc"))
    join(other, finished(other, embed), tmp_path / "v.openai.jsonl")
    line = json.loads((tmp_path / "v.openai.jsonl").read_text().splitlines()[0])
    assert types.CreateEmbeddingResponse.model_validate(line["response"]["body"], strict=True).data[0].embedding[
        1:
    ] == [0.5, -1]


def test_vectors_are_of_fixed_size_and_numpy_reads_them(job: Job, tmp_path: Path):
    job = Job(job.root, job.split, Settings("embedding", "org/model", "abc"))
    found = finished(job, embed)
    join(job, found, tmp_path / "v.npy")
    join(job, found, tmp_path / "v.parquet")
    table = parquet.read_table(tmp_path / "v.parquet")
    vectors = np.load(tmp_path / "v.npy")
    assert vectors.shape == (40, 3) and vectors.dtype == np.float32
    assert str(table.schema.field("embedding").type) == "fixed_size_list<element: float>[3]"
    assert table["embedding"].to_pylist() == vectors.tolist()
    with open(tmp_path / "v.ids.csv", newline="") as file:
        assert [row["id"] for row in csv.DictReader(file)] == table["id"].to_pylist()


def test_classes_come_with_every_score(job: Job, tmp_path: Path):
    join(job, finished(job, classify), tmp_path / "c.jsonl")
    first = json.loads((tmp_path / "c.jsonl").read_text().splitlines()[0])
    scores = [{"label": "good", "score": 0.75}, {"label": "bad", "score": 0.25}]
    assert first == {"row": 1, "id": "r1", "label": "good", "score": 0.75, "scores": scores, "prompt_tokens": 2}


def test_what_numpy_or_a_format_cannot_hold_is_refused(job: Job, tmp_path: Path):
    found = finished(job)
    with pytest.raises(ResultError, match="NumPy holds embeddings"):
        join(job, found, tmp_path / "x.npy")
    with pytest.raises(ResultError, match=r"take one of \.parquet, \.jsonl, \.csv"):
        join(job, found, tmp_path / "x.xlsx")


@pytest.mark.parametrize("folder", ["output", "dead", "done"])
@pytest.mark.parametrize("harm", ["missing", "empty", "cut", "flipped"])
def test_a_damaged_file_counts_as_missing_and_is_made_again(job: Job, tmp_path: Path, folder: str, harm: str):
    finished(job)
    undisturbed = jobs.outcome(job, tmp_path)
    file = sorted((job.folder / folder).iterdir())[1]
    content = file.read_bytes()
    middle = len(content) // 2
    if harm == "missing":
        file.unlink()
    else:
        flipped = content[:middle] + bytes([content[middle] ^ 4]) + content[middle + 1 :]
        file.write_bytes({"empty": b"", "cut": content[:-3], "flipped": flipped}[harm])
    assert [shard.name for shard in scan_results(job).pending] == ["000001"]
    jobs.run(job)
    assert jobs.outcome(job, tmp_path) == undisturbed


def test_a_join_of_nothing_but_dead_rows_says_so(tmp_path: Path):
    job = jobs.job(tmp_path / "root", jobs.written(tmp_path / "in.jsonl", 5))
    found = finished(job, lambda prompts: [Failed("no") for _prompt in prompts])
    (tmp_path / "x.dead.jsonl").write_text("of an earlier join")
    with pytest.raises(ResultError, match=r"no row has a result; 5 are dead: see .*x\.dead\.jsonl"):
        join(job, found, tmp_path / "x.csv")
    assert len((tmp_path / "x.dead.jsonl").read_text().splitlines()) == 5


def test_a_join_notices_damage_that_came_after_the_survey(job: Job, tmp_path: Path):
    found = finished(job)
    file = sorted((job.folder / "output").iterdir())[2]
    file.write_bytes(file.read_bytes()[:-1])
    with pytest.raises(ResultError, match="missing or damaged"):
        join(job, found, tmp_path / "x.parquet")
    assert not list(tmp_path.glob("*x.parquet*"))


def test_a_shard_that_is_done_is_not_done_twice(job: Job):
    finished(job)
    before = {path: path.read_bytes() for path in job.folder.rglob("*") if path.is_file()}

    def refuse(prompts: list[Prompt]) -> list[Failed]:
        raise AssertionError("asked again")

    for shard in job.shards():
        assert shard_runner.run_shard(job.root, shard, refuse).state == "done"
    assert {path: path.read_bytes() for path in job.folder.rglob("*") if path.is_file()} == before


def test_of_two_workers_on_one_shard_the_first_wins(job: Job, tmp_path: Path):
    shard = job.shards()[0]
    rows = shards.read_rows(job.root, shard)
    usable = [row.prompt for row in rows if row.prompt is not None]
    first = results.publish(job.folder, shard, rows, jobs.engine(usable), 1.0)
    second = results.publish(job.folder, shard, rows, [Failed("other") for _ in usable], 2.0)
    assert first == second == results.finished(job.folder, shard.name)


def test_a_prompt_that_the_engine_refuses_is_dead_alone(job: Job, tmp_path: Path):
    asked: list[int] = []

    def strict(prompts: list[Prompt]) -> list[results.Result | Failed]:
        asked.append(len(prompts))
        if any("row 13 " in str(prompt) for prompt in prompts):
            raise ValueError("The decoder prompt is longer than the maximum model length")
        return jobs.engine(prompts)

    finished(job, strict)
    rows, dead = jobs.outcome(job, tmp_path)
    assert rows == [row for row in jobs.expected(tmp_path / "in.jsonl") if row["row"] != 13]
    assert dead[2]["id"] == "r13" and dead[2]["error"].startswith("ValueError: The decoder prompt is longer")


def test_the_engine_gets_the_longest_first(job: Job):
    lengths: list[int] = []

    def note(prompts: list[Prompt]) -> list[results.Result | Failed]:
        lengths.extend(len(prompt) for prompt in prompts)
        return jobs.engine(prompts)

    shard_runner.run_shard(job.root, job.shards()[0], note)
    assert lengths == sorted(lengths, reverse=True) and len(lengths) == 9


def test_a_shard_of_bad_rows_alone_is_finished_without_the_engine(tmp_path: Path):
    path = jobs.written(tmp_path / "in.jsonl", 20)
    path.write_text(path.read_text().replace('"text"', '"other"', 10))
    job = jobs.job(tmp_path / "root", path, shard_rows=5)
    finished(job)
    rows, dead = jobs.outcome(job, tmp_path)
    assert len(rows) == 10 and len(dead) == 10


def test_classes_are_joined_as_csv_and_are_none_of_openais(job: Job, tmp_path: Path):
    found = finished(job, classify)
    join(job, found, tmp_path / "c.csv")
    with (tmp_path / "c.csv").open(newline="", encoding="utf-8") as file:
        first = next(csv.DictReader(file))
    assert (first["label"], first["score"]) == ("good", "0.75")
    assert json.loads(first["scores"]) == [{"label": "good", "score": 0.75}, {"label": "bad", "score": 0.25}]
    classifies = replace(job, settings=replace(job.settings, workload="classification"))
    with pytest.raises(ResultError, match=r"OpenAI's batch API has no classes; take \.parquet"):
        join(classifies, found, tmp_path / "c.openai.jsonl")
