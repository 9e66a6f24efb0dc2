"""Files as people have them: each is read to the rows that were written, or refused in one sentence."""

import bz2
import csv
import gzip
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pyarrow import parquet

from {{cookiecutter.__package}}.rows import reader, tables
from {{cookiecutter.__package}}.rows.encodings import DataError
from {{cookiecutter.__package}}.rows.messages import parse_chat, parse_tools

ROWS = [{"text": f"café number {number}, “quoted” {number} €", "label": "None"} for number in range(40)]


def read(path: Path) -> list[dict[str, Any]]:
    """The rows of a file or folder, all of which must be good."""
    found = [record for file in reader.dataset_files(path) for record in reader.read_records(file)]
    assert not [record for record in found if isinstance(record, reader.Unreadable)]
    return [record for record in found if isinstance(record, dict)]


def mixed(path: Path) -> tuple[list[dict[str, Any]], list[str]]:
    """The good rows of a file, and the errors of the others."""
    found = list(reader.read_records(path))
    good = [record for record in found if isinstance(record, dict)]
    return good, [record.error for record in found if isinstance(record, reader.Unreadable)]


def refusal(path: Path) -> str:
    """The sentence with which a file is refused as a whole."""
    with pytest.raises(DataError) as caught:
        for file in reader.dataset_files(path):
            list(reader.read_records(file))
    assert "\n" not in str(caught.value)
    return str(caught.value)


def zstd(content: bytes) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.CompressedOutputStream(sink, "zstd") as stream:
        stream.write(content)
    return sink.getvalue().to_pybytes()


def jsonl(rows: list[Any]) -> str:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def table(path: Path, delimiter: str = ",", encoding: str = "utf-8", newline: str = "\r\n") -> Path:
    with path.open("w", encoding=encoding, newline="") as file:
        writer = csv.DictWriter(file, ROWS[0], delimiter=delimiter, lineterminator=newline)
        writer.writeheader()
        writer.writerows(ROWS)
    return path


@pytest.mark.parametrize(
    "name", ["a.jsonl", "A.JSONL", "a.ndjson", "a.json", "a.jsonl.GZ", "a.jsonl.bz2", "a.jsonl.zst"]
)
def test_compression_and_case_of_a_suffix_change_nothing(tmp_path: Path, name: str):
    pack = {".gz": gzip.compress, ".bz2": bz2.compress, ".zst": zstd}.get(Path(name).suffix.lower(), bytes)
    (tmp_path / name).write_bytes(pack(jsonl(ROWS).encode()))
    assert read(tmp_path / name) == ROWS and not reader.describe(tmp_path / name)


@pytest.mark.parametrize(
    ("encoding", "said"),
    [
        ("utf-8", ""),
        ("utf-8-sig", ""),
        ("utf-16", "UTF-16"),
        ("utf-16-le", "UTF-16"),
        ("utf-16-be", "UTF-16"),
        ("utf-32", "UTF-32"),
        ("cp1252", "Windows-1252"),
    ],
)
@pytest.mark.parametrize("suffix", ["jsonl", "csv"])
def test_an_encoding_is_recognised_and_said(tmp_path: Path, encoding: str, said: str, suffix: str):
    path = tmp_path / f"rows.{suffix}"
    if suffix == "csv":
        table(path, encoding=encoding)
    else:
        path.write_bytes(jsonl(ROWS).encode(encoding))
    assert read(path) == ROWS
    assert said in reader.describe(path) and bool(said) == bool(reader.describe(path))


@pytest.mark.parametrize(
    ("encoding", "text"), [("cp1251", "Привет, мир"), ("cp1250", "zażółć gęślą"), ("gbk", "你好世界")]
)
def test_bytes_of_another_encoding_are_not_taken_for_western_ones(tmp_path: Path, encoding: str, text: str):
    path = tmp_path / "rows.jsonl"
    path.write_bytes(jsonl([{"text": text}, {"text": "plain"}]).encode(encoding))
    assert mixed(path) == (
        [{"text": "plain"}],
        ["line 1 is not UTF-8: convert the file, as `iconv -f ENCODING -t UTF-8` does"],
    )


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_a_delimiter_is_recognised_and_said(tmp_path: Path, delimiter: str, newline: str):
    path = table(tmp_path / "rows.csv", delimiter, newline=newline)
    assert read(path) == ROWS
    assert ("fields separated by" in reader.describe(path)) == (delimiter != ",")


def test_excels_word_on_the_delimiter_is_no_row(tmp_path: Path):
    path = tmp_path / "rows.csv"
    path.write_bytes(b"sep=;\r\ntext;label\r\na, b;c\r\n")
    assert read(path) == [{"text": "a, b", "label": "c"}]


def test_a_table_of_one_column_has_no_delimiter(tmp_path: Path):
    path = tmp_path / "rows.csv"
    path.write_text('text\n"a, b; c"\nd\n')
    assert read(path) == [{"text": "a, b; c"}, {"text": "d"}] and not reader.describe(path)


@pytest.mark.parametrize("text", ["None", "NA", "null", "nan", "N/A", "NULL", "-", " ", "007", "1e5", "TRUE"])
def test_no_text_of_a_table_is_taken_for_nothing(tmp_path: Path, text: str):
    path = tmp_path / "rows.csv"
    path.write_text(f"text,label\nx,{text}\ny,\n")
    assert [row["label"] for row in read(path)] == [text, ""]


def test_texts_with_line_breaks_and_quotes_are_one_row(tmp_path: Path):
    path = tmp_path / "rows.csv"
    path.write_text('id,text\n1,"two\nlines, and ""quotes"""\n2,he said "hi" there\n\n3,ok\n')
    assert [row["text"] for row in read(path)] == ['two\nlines, and "quotes"', 'he said "hi" there', "ok"]


@pytest.mark.parametrize(
    ("lines", "error"),
    [
        (['2,"unclosed', "3,ok"], "line 3 is not CSV: a quote that is opened and not closed"),
        (['2,"unclosed', '3,"fine"', "4,ok"], "line 3 is not CSV: ',' expected after '\"'"),
        (['2,"closed"too soon', "3,ok"], "line 3 is not CSV: ',' expected after '\"'"),
        (['2,"a \\"backslash\\""', "3,ok"], "line 3 is not CSV: ',' expected after '\"'"),
        (["2,too,many", "3,ok"], "line 3 has 3 fields where the header has 2"),
        (["2", "3,ok"], "line 3 has 1 fields where the header has 2"),
        (["2,a\0b", "3,ok"], "line 3 holds a NUL byte"),
    ],
)
def test_a_bad_line_of_a_table_costs_no_other(tmp_path: Path, lines: list[str], error: str):
    path = tmp_path / "rows.csv"
    path.write_text("\n".join(["id,text", "1,first", *lines, ""]))
    good, errors = mixed(path)
    assert len(errors) == 1 and errors[0].startswith(error)
    assert [row["id"] for row in good] == ["1", *(line[0] for line in lines[1:])]


def test_a_quote_that_nobody_closes_ends_before_a_large_file_does(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(tables, "FIELD_CHARACTERS", 100)
    path = tmp_path / "rows.csv"
    path.write_text('id,text\na,"open\n' + "".join(f"r{number},text {number}\n" for number in range(50)))
    good, errors = mixed(path)
    assert len(good) == 50 and errors == [
        "line 2 is not CSV: a field of over 100 characters: close its quote, or write such texts as .jsonl"
    ]


def test_quotes_in_a_table_with_tabs_may_be_text(tmp_path: Path):
    texts = ['"Yes', 'no"', 'it "is"', '"opened', '"closed" too soon', "plain", '"last']
    path = tmp_path / "a.tsv"
    path.write_text("text\tlabel\n" + "".join(f"{text}\t{number}\n" for number, text in enumerate(texts)))
    assert read(path) == [{"text": text, "label": str(number)} for number, text in enumerate(texts)]
    path.write_text('text\tlabel\n"two\nlines"\t1\n"a ""word"""\t2\n')  # as a spreadsheet writes them
    assert read(path) == [{"text": "two\nlines", "label": "1"}, {"text": 'a "word"', "label": "2"}]


def test_a_blank_after_each_delimiter_belongs_to_no_field(tmp_path: Path):
    path = tmp_path / "a.csv"
    path.write_text('text, label\n"one, two", "a, b"\nthree, c\n')
    assert read(path) == [{"text": "one, two", "label": "a, b"}, {"text": "three", "label": "c"}]
    path.write_text("text,label\none, a\n")
    assert read(path) == [{"text": "one", "label": " a"}]


def test_a_header_with_a_name_twice_is_refused(tmp_path: Path):
    (tmp_path / "rows.csv").write_text("text,label,text\na,b,c\n")
    assert "has two columns 'text'" in refusal(tmp_path / "rows.csv")


@pytest.mark.parametrize("suffix", [".gz", ".bz2", ".zst"])
def test_a_damaged_archive_is_one_sentence(tmp_path: Path, suffix: str):
    pack = {".gz": gzip.compress, ".bz2": bz2.compress, ".zst": zstd}[suffix]
    whole = pack(jsonl([{"text": f"row {number * 7919 % 10007}"} for number in range(5000)]).encode())
    path = tmp_path / f"rows.jsonl{suffix}"
    for content, says in (
        (whole[: len(whole) // 2], "is damaged or cut off"),
        (whole[:-1], "is damaged or cut off"),
        (b"{}\n", f"is not compressed as {suffix} says"),
        (b"", "is empty"),
    ):
        path.write_bytes(content)
        assert says in refusal(path)
    if suffix == ".gz":
        path.write_bytes(whole + b"garbage")
        assert "is damaged or cut off" in refusal(path)


def test_a_zip_archive_and_unknown_files_are_refused_by_name(tmp_path: Path):
    (tmp_path / "rows.csv").write_bytes(b"PK\x03\x04 and more")
    assert "rows.csv is a ZIP archive: unpack it" in refusal(tmp_path / "rows.csv")
    (tmp_path / "rows.xlsx").write_bytes(b"PK\x03\x04")
    assert "rows.xlsx is none of .jsonl" in refusal(tmp_path / "rows.xlsx")
    (tmp_path / "rows.parquet").write_bytes(b"PAR1 cut off")
    assert "cannot be read as Parquet" in refusal(tmp_path / "rows.parquet")


def test_json_may_be_an_array_and_may_not_be_one_object(tmp_path: Path):
    (tmp_path / "rows.json").write_text("\n" + json.dumps(ROWS, indent=2))
    assert read(tmp_path / "rows.json") == ROWS
    (tmp_path / "rows.json").write_text('[{"text": "a"}, 3]')
    assert mixed(tmp_path / "rows.json") == ([{"text": "a"}], ["row 2 is a number, not an object"])
    (tmp_path / "rows.json").write_text(json.dumps({"data": ROWS}, indent=2))
    assert "is one JSON object over several lines" in refusal(tmp_path / "rows.json")
    (tmp_path / "rows.json").write_text('[{"text": "a"},')
    assert "is one JSON array and cannot be read" in refusal(tmp_path / "rows.json")


def test_a_comma_after_each_line_is_no_part_of_it(tmp_path: Path):
    (tmp_path / "rows.jsonl").write_text(jsonl(ROWS).replace("\n", ",\n"))
    assert read(tmp_path / "rows.jsonl") == ROWS
    (tmp_path / "rows.jsonl").write_text('{"text": "a"}\n{"text": "b"}{"text": "c"}\n')
    error = "line 2 is not JSON: more than one value in the line (column 14)"
    assert mixed(tmp_path / "rows.jsonl") == ([{"text": "a"}], [error])


@pytest.mark.parametrize(
    ("only", "says"),
    [
        ({"version": "1", "data": ROWS}, "is one JSON object with the rows in 'data': write that list alone"),
        ({"text": {"0": "a", "1": "b"}, "label": {"0": "c", "1": "d"}}, "is one JSON object of columns, as pandas"),
        ({"columns": ["text"], "index": [0], "data": [["a"]]}, "is one JSON object of columns, as pandas writes it"),
    ],
)
def test_one_object_of_all_rows_is_refused_with_what_would_do(tmp_path: Path, only: dict[str, Any], says: str):
    (tmp_path / "rows.json").write_text(json.dumps(only))
    assert says in refusal(tmp_path / "rows.json")


def test_one_row_is_a_row(tmp_path: Path):
    for row in ({"text": "a"}, {"messages": [{"role": "user", "content": "a"}]}, {"data": [{"from": "human"}]}):
        (tmp_path / "rows.json").write_text(json.dumps(row))
        assert read(tmp_path / "rows.json") == [row]


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("a.jsonl", b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\n", "a pointer of Git LFS"),
        ("a.parquet", b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\n", "a pointer of Git LFS"),
        ("a.csv", b"<!doctype html><html>Sign in</html>", "is a web page"),
        ("a.csv", b'{"text": "a", "label": "b"}\n' * 3, "holds JSON and no table: name it .jsonl"),
        ("a.jsonl", b"PAR1\x15\x04", "is Parquet: name it .parquet"),
        ("a.jsonl.gz", gzip.compress(gzip.compress(b"{}")), "is compressed twice"),
        ("a.jsonl.gz", gzip.compress(b"PAR1\x15\x04"), "is Parquet: name it .parquet"),
    ],
)
def test_a_file_of_another_kind_is_said_to_be_one(tmp_path: Path, name: str, content: bytes, says: str):
    (tmp_path / name).write_bytes(content)
    assert says in refusal(tmp_path / name)


def test_the_same_rows_in_two_formats_are_not_read_twice(tmp_path: Path):
    (tmp_path / "data.jsonl").write_text(jsonl(ROWS))
    table(tmp_path / "data.csv")
    assert "data.csv and data.jsonl look like the same rows twice" in refusal(tmp_path)
    (tmp_path / "data.csv").rename(tmp_path / "more.csv")
    assert read(tmp_path) == ROWS * 2


def test_a_bad_line_of_json_costs_no_other(tmp_path: Path):
    lines = [
        '{"text": "a"}',
        '{"text": "b"',
        "\0\0",
        "{'text': 'c'}",
        '"d"',
        "",
        '{"text": "e"} garbage',
        '{"text": "f"}',
    ]
    (tmp_path / "rows.jsonl").write_text("\n".join(lines))
    good, errors = mixed(tmp_path / "rows.jsonl")
    assert good == [{"text": "a"}, {"text": "f"}]
    assert [error.split(" is ")[0] for error in errors] == ["line 2", "line 3", "line 4", "line 5", "line 7"]


def test_what_the_library_saved_is_read_and_its_caches_are_not(tmp_path: Path):
    import datasets  # not in vLLM's environment, which reads this file too

    features = datasets.Features(
        {"text": datasets.Value("string"), "label": datasets.ClassLabel(names=["bad", "good"])}
    )
    made = datasets.Dataset.from_dict({"text": ["a", "b", "c"], "label": [0, 1, 1]}, features)
    made.save_to_disk(tmp_path / "one", num_shards=2)
    (tmp_path / "one" / "cache-123.arrow").write_bytes(b"no rows")
    assert read(tmp_path / "one") == made.to_list()
    datasets.DatasetDict({"train": made, "test": made.select([0])}).save_to_disk(tmp_path / "both")
    assert read(tmp_path / "both") == made.to_list()
    assert len(reader.dataset_files(tmp_path / "both", "test")) == 1
    with pytest.raises(DataError, match="no split 'dev', but train, test"):
        reader.dataset_files(tmp_path / "both", "dev")
    made.to_parquet(tmp_path / "rows.parquet")
    for file in (tmp_path / "rows.parquet", *reader.dataset_files(tmp_path / "one")):
        assert reader.class_names(file) == {"label": ("bad", "good")}


def test_parquet_gives_what_it_holds(tmp_path: Path):
    parquet.write_table(pa.Table.from_pylist(ROWS), tmp_path / "rows.parquet")
    assert read(tmp_path / "rows.parquet") == ROWS
    assert list(reader.read_records(tmp_path / "rows.parquet", ["label"])) == [{"label": "None"}] * 40


@pytest.mark.parametrize(
    ("written", "role"),
    [
        ("User", "user"),
        ("HUMAN", "user"),
        ("prompter", "user"),
        ("Assistant", "assistant"),
        ("gpt", "assistant"),
        ("chatgpt", "assistant"),
        ("bot", "assistant"),
        ("model", "assistant"),
        ("function_call", "assistant"),
        ("observation", "tool"),
        ("function", "tool"),
        (" System ", "system"),
    ],
)
def test_roles_have_many_names(written: str, role: str):
    assert parse_chat([{"role": written, "content": "a"}]) == [{"role": role, "content": "a"}]
    assert parse_chat([{"from": written, "value": "a"}]) == [{"role": role, "content": "a"}]
    assert parse_chat([{"role": written, "text": "a"}]) == [{"role": role, "content": "a"}]


def test_contents_are_joined_and_numbers_are_text():
    parts = [{"type": "text", "text": "a"}, {"type": "input_text", "text": "b"}, "c"]
    assert parse_chat(json.dumps([{"role": "user", "content": parts}]))[0]["content"] == "a\nb\nc"
    assert [parse_chat([{"role": "user", "content": value}])[0]["content"] for value in (3, 2.5, True, None)] == [
        "3",
        "2.5",
        "true",
        "",
    ]
    with pytest.raises(ValueError, match="a part of the type 'image_url', and only parts of text"):
        parse_chat([{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "x"}}]}])


def test_a_chat_as_pandas_writes_it_into_a_csv_is_read():
    chat = [{"role": "user", "content": 'it\'s "so"'}, {"role": "assistant", "content": "a\nb", "name": None}]
    assert parse_chat(str(chat)) == parse_chat(chat)


@pytest.mark.parametrize("key", ["train", "training", "loss"])
def test_a_message_that_is_not_to_be_learnt_has_the_weight_0(key: str):
    turns = [{"role": "assistant", "content": "a", key: value} for value in (False, True, None)]
    assert [turn.get("weight") for turn in parse_chat(turns)] == [0, None, None]


def test_a_call_of_a_tool_has_one_form():
    want = [{"type": "function", "function": {"name": "f", "arguments": {"a": 1}}}]
    for message in (
        {"role": "assistant", "content": None, "tool_calls": want},
        {"role": "assistant", "tool_calls": json.dumps(want)},
        {"role": "assistant", "tool_calls": [{"function": {"name": "f", "arguments": '{"a": 1}'}}]},
        {"role": "assistant", "content": "", "function_call": {"name": "f", "arguments": '{"a": 1}'}},
        {"from": "function_call", "value": '{"name": "f", "arguments": {"a": 1}}'},
    ):
        assert parse_chat([message]) == [{"role": "assistant", "content": "", "tool_calls": want}]
    bare = {"name": "f", "parameters": {}}
    tools = [{"type": "function", "function": bare}]
    assert parse_tools(json.dumps([bare])) == parse_tools(tools) == tools and parse_tools("") is None


@pytest.mark.parametrize(
    ("chat", "says"),
    [
        ("hello", "'hello' is text that is not JSON"),
        ({"role": "user"}, "is no list of messages"),
        ([{"role": "user"}], "has no content"),
        (["hi"], "'hi' is no message with a role and a content"),
        ([{"role": "boss", "content": "do it"}], "the role 'boss' is none of system"),
        ([{"role": "user", "content": {"a": 1}}], "the content has a part without a text"),
        ([{"role": "assistant", "content": "a", "weight": 0.5}], "the weight 0.5 of a message is neither 0 nor 1"),
        ([{"role": "assistant", "tool_calls": [{"type": "function"}]}], "is no tool call with the name of a function"),
    ],
)
def test_what_is_no_chat_is_said(chat: Any, says: str):
    with pytest.raises(ValueError, match=says.replace("(", r"\(")):
        parse_chat(chat)


def test_a_header_in_the_middle_is_no_row(tmp_path: Path):
    path = tmp_path / "rows.csv"
    path.write_text("text,label\na,1\ntext,label\nb,2\n")
    good, errors = mixed(path)
    assert good == [{"text": "a", "label": "1"}, {"text": "b", "label": "2"}]
    assert errors == ["line 3 repeats the header: take it out"]
    path.write_text("text\na\ntext\n")  # one column: a text like another
    assert read(path) == [{"text": "a"}, {"text": "text"}]


def test_a_comment_before_the_header_is_refused(tmp_path: Path):
    (tmp_path / "rows.csv").write_text("# exported 2026-11-01\ntext,label\na,1\n")
    assert refusal(tmp_path / "rows.csv").endswith("begins with a comment: take out the lines before its header")


def test_a_struct_in_a_table_has_only_the_keys_of_its_row(tmp_path: Path):
    rows = [{"call": {"city": "Oslo"}, "name": None}, {"call": {"zone": "CET"}, "name": "b"}]
    parquet.write_table(pa.Table.from_pylist(rows), tmp_path / "rows.parquet")
    assert parquet.read_table(tmp_path / "rows.parquet").to_pylist()[0]["call"] == {"city": "Oslo", "zone": None}
    assert read(tmp_path / "rows.parquet") == rows


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("rows.xlsx", "save it as .csv"),
        ("rows.feather", "name it .arrow"),
        ("rows.jsonl.zip", "unpack it"),
        ("rows.jsonl.xz", "unpack it"),
        ("rows.pkl", "write it with `to_parquet`"),
        ("rows.sqlite", "export its table as .csv"),
        ("pos/0_9.txt", "write it as .jsonl"),
    ],
)
def test_a_file_of_another_kind_is_told_what_would_do(tmp_path: Path, name: str, says: str):
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_bytes(b"x")
    assert f": {says}" in refusal(tmp_path / name)
    assert f": {says}" in refusal(tmp_path)  # the folder that holds it


def test_rows_under_a_key_each_are_one_object(tmp_path: Path):
    (tmp_path / "rows.json").write_text(json.dumps({f"r{number}": row for number, row in enumerate(ROWS)}))
    assert refusal(tmp_path / "rows.json").endswith("a row for each key: write the rows as a list")


def test_a_part_without_a_text_is_called_that():
    exported = [{"role": "user", "content": {"content_type": "text", "parts": ["hi"]}}]  # of ChatGPT
    with pytest.raises(ValueError, match="the content has a part without a text: "):
        parse_chat(exported)


def test_an_arrow_file_is_read_as_a_stream_is(tmp_path: Path):
    rows = pa.Table.from_pylist(ROWS)
    for name, writer in (("file.arrow", pa.ipc.new_file), ("stream.arrow", pa.ipc.new_stream)):
        with writer(str(tmp_path / name), rows.schema) as out:
            out.write_table(rows, max_chunksize=7)
        assert list(reader.read_records(tmp_path / name)) == ROWS
        assert list(reader.read_records(tmp_path / name, ["label"])) == [{"label": "None"}] * 40
        assert reader.class_names(tmp_path / name) == {}
    assert reader.class_names(table(tmp_path / "rows.csv")) == {}


def test_what_breaks_an_encoding_in_the_middle_is_a_sentence(tmp_path: Path):
    path = tmp_path / "rows.csv"
    path.write_bytes(b"\xff\xfe" + "text\r\na\r\n".encode("utf-16-le") + b"\x00\xd8")  # half a surrogate pair
    assert "that it begins as: write it as UTF-8" in refusal(path)
    path.write_bytes(b"text,na\xffme\xfe\x81\r\na,b\r\n")
    assert "the header of rows.csv is not UTF-8" in refusal(path)


def test_tools_are_a_list_of_objects():
    for tools in ([1], '["f"]', {"name": "f"}):
        with pytest.raises(ValueError, match="are no list of objects"):
            parse_tools(tools)
