"""Rows from every kind of file, and what becomes of those that are no rows."""

import gzip
import json
from pathlib import Path

import pyarrow as pa
import pytest
from jobs import TEXT
from pyarrow import csv, parquet

from {{cookiecutter.__package}}.input import readers
from {{cookiecutter.__package}}.input.prompts import DataError, PromptSpec, Row
from {{cookiecutter.__package}}.input.readers import Source

RECORDS = [{"id": "a", "text": 'one, "two"\nthree'}, {"id": "b", "text": "größer 大"}, {"id": "c", "text": "{text}"}]
ROWS = [Row(number, record["id"], record["text"]) for number, record in enumerate(RECORDS)]


def read(path: Path, spec: PromptSpec = TEXT) -> list[Row]:
    return list(readers.rows(Source(str(path)), spec))


def errors(path: Path, spec: PromptSpec = TEXT) -> dict[int, str]:
    return {row.number: row.error for row in read(path, spec) if row.error}


def jsonl(folder: Path, *lines: object) -> Path:
    path = folder / "rows.jsonl"
    path.write_bytes(
        b"\n".join(line if isinstance(line, bytes) else json.dumps(line).encode() for line in lines) + b"\n"
    )
    return path


def test_every_format_gives_the_same_rows(tmp_path: Path):
    lines = "".join(json.dumps(record) + "\n" for record in RECORDS)
    (tmp_path / "a.jsonl").write_text(lines)
    (tmp_path / "a.jsonl.gz").write_bytes(gzip.compress(lines.encode()))
    table = pa.Table.from_pylist(RECORDS)
    csv.write_csv(table, tmp_path / "a.csv")
    parquet.write_table(table, tmp_path / "a.parquet")
    for name in ("a.jsonl", "a.jsonl.gz", "a.csv", "a.parquet"):
        assert read(tmp_path / name) == ROWS, name


def test_a_folder_is_read_in_name_order(tmp_path: Path):
    for name, record in zip(("2.jsonl", "1.jsonl", "3.jsonl"), RECORDS, strict=True):
        (tmp_path / name).write_text(json.dumps(record) + "\n")
    (tmp_path / "notes.txt").write_text("no rows")
    assert [row.id for row in read(tmp_path)] == ["b", "a", "c"]
    assert [row.number for row in read(tmp_path)] == [0, 1, 2]


def test_a_bad_row_carries_its_error_and_the_others_are_read(tmp_path: Path):
    path = jsonl(
        tmp_path,
        {"id": "ok", "text": "fine"},
        b'{"id": "cut',
        {"id": "none"},
        {"id": "null", "text": None},
        {"id": "blank", "text": " \t"},
        {"id": "nested", "text": ["x"]},
        ["a", "list"],
        b'{"id": "bytes", "text": "\xff\xfe"}',
        b'{"id": "surrogate", "text": "\\ud800"}',
        b"[" * 100_000,
        {"id": "ok2", "text": "fine"},
    )
    found = errors(path)
    assert found[1].startswith("line 2 is not JSON: ") and found[9].startswith("line 10 is not JSON: ")
    assert found[7].startswith("line 8 is not UTF-8: convert the file")
    assert found[2] == "no column 'text'; the row has 'id'"
    assert found[3] == "'text' is null" and found[4] == "'text' is empty"
    assert found[5] == "'text' is a list, not text" and found[6] == "line 7 is a list, not an object"
    assert found[8] == "'text' is not valid Unicode"
    assert [row.id for row in read(path) if not row.error] == ["ok", "ok2"]
    bad = {row.number: row for row in read(path) if row.error}
    assert bad[1].raw == '{"id": "cut' and json.loads(bad[5].raw) == {"id": "nested", "text": ["x"]}
    assert bad[5].id == "nested" and bad[1].id == "1"  # its own id where it could be read, else its number
    assert "\\xff" in bad[7].raw


def test_a_column_of_mixed_types_does_not_take_the_file_down(tmp_path: Path):
    path = jsonl(tmp_path, {"id": 1, "text": "a"}, {"id": "2", "text": "b"}, {"id": 2.5, "text": "c"})
    assert [row.id for row in read(path)] == ["1", "2", "2"] and errors(path) == {2: "'id' is a number, not text"}


def test_csv_rows_of_another_width_or_encoding_are_bad_alone(tmp_path: Path):
    path = tmp_path / "rows.csv"
    path.write_bytes(b'\xef\xbb\xbfid,text\na,one\nb\nc,three,more\nd,\xff\n\ne,"fi\nve"\n')
    assert errors(path) == {
        1: "line 3 has 1 fields where the header has 2",
        2: "line 4 has 3 fields where the header has 2",
        3: "line 5 is not UTF-8: convert the file, as `iconv -f ENCODING -t UTF-8` does",
    }
    assert [row.prompt for row in read(path) if not row.error] == ["one", "fi\nve"]


def test_a_damaged_parquet_file_is_refused_by_name(tmp_path: Path):
    (tmp_path / "rows.parquet").write_bytes(b"PAR1 cut off")
    with pytest.raises(DataError, match=r"rows\.parquet cannot be read as Parquet"):
        read(tmp_path / "rows.parquet")


def test_a_template_takes_columns_and_nothing_else(tmp_path: Path):
    path = jsonl(tmp_path, {"title": "T", "stars": 4, "a.b": "dotted", "text": "{title}"})
    doubled = "{" * 2 + "x" + "}" * 2
    spec = PromptSpec(template="{title} " + doubled + " {stars}: {text} {a.b}")
    assert read(path, spec)[0].prompt == "T {x} 4: {title} dotted"  # what is inserted is not looked at again
    assert errors(path, PromptSpec(template="{title.__class__}")) == {
        0: "no column 'title.__class__'; the row has 'title', 'stars', 'a.b', 'text'"
    }
    for template in ("{}", "{title!r}", "{title:>10}", "{title", "no column"):
        with pytest.raises(DataError):
            PromptSpec(template=template)


@pytest.mark.workload("generation")
def test_chats_are_checked_turn_by_turn(tmp_path: Path):
    chat = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hi", "name": "x"}]
    path = jsonl(tmp_path, {"m": chat}, {"m": json.dumps(chat)}, {"m": []}, {"m": "Hi"}, {"m": [{"content": "Hi"}]})
    found = read(path, PromptSpec(messages="m"))
    assert found[0].prompt == [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hi"}]
    assert found[1].prompt == found[0].prompt
    assert [row.error for row in found[2:]] == [
        "'m' is empty, not a list of messages",
        "'m' is no chat: 'Hi' is text that is not JSON, and not a list of messages",
        "'m' is no chat: the role None is none of system, developer, user, assistant, tool",
    ]


def test_a_mistyped_column_is_an_error_before_anything_is_split(tmp_path: Path):
    path = jsonl(tmp_path, {"text": "a"}, {"text": "b"})
    with pytest.raises(DataError, match=r"none of the first 2 rows .* no column 'txt'; the row has 'text'"):
        readers.check(Source(str(path)), PromptSpec(column="txt"))
    with pytest.raises(DataError, match="holds no rows"):
        readers.check(Source(str(jsonl(tmp_path, b""))), TEXT)
    with pytest.raises(DataError, match=r"there is no .*missing\.csv"):
        read(tmp_path / "missing.csv")


def test_only_as_many_rows_as_asked(tmp_path: Path):
    path = jsonl(tmp_path, *({"text": str(number)} for number in range(10)))
    assert len(read(path, PromptSpec(column="text", limit=3))) == 3


def test_the_content_is_of_bytes_and_not_of_names(tmp_path: Path):
    one, other = tmp_path / "one.jsonl", tmp_path / "other.jsonl"
    one.write_text('{"text": "a"}\n')
    other.write_text('{"text": "a"}\n')
    assert readers.content(Source(str(one))) == readers.content(Source(str(other)))
    other.write_text('{"text": "b"}\n')
    assert readers.content(Source(str(one))) != readers.content(Source(str(other)))
    assert readers.content(Source("org/name", revision="1")) != readers.content(Source("org/name", revision="2"))
