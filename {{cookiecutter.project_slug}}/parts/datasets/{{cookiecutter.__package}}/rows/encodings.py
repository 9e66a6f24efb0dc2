"""The text of a file: how its bytes are compressed, and in which encoding they are written."""

import bz2
import codecs
import gzip
import io
import re
import zlib
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, TextIO, cast


class DataError(ValueError):
    """An input that cannot be read at all. The text is one sentence with what would work."""


COMPRESSIONS = {".gz": b"\x1f\x8b", ".bz2": b"BZh", ".zst": b"\x28\xb5\x2f\xfd"}  # suffix -> first bytes
OTHERS = {  # first bytes of a file -> what it is, and what would do
    b"PK\x03\x04": "is a ZIP archive: unpack it, and give the file or folder in it",
    b"PAR1": "is Parquet: name it .parquet",
    b"ARROW1": "is Arrow: name it .arrow",
    b"version https://git-lfs": "is a pointer of Git LFS and not the file: bring that with `git lfs pull`",
    b"<!DOCTYPE html": "is a web page, and not the file that was to be downloaded: bring it again",
    b"<html": "is a web page, and not the file that was to be downloaded: bring it again",
}
BYTE_ORDER_MARKS = (  # that of UTF-32 begins with that of UTF-16
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
HEAD = 4 * 2**20  # bytes from which the encoding is found
# What no Western text in Windows-1252 has: bytes without a meaning, long runs of accents, signs inside a word. Each is
# common where such bytes are read that were written as UTF-8, Windows-1251 or -1250, Mac Roman, or Shift-JIS
NOT_WESTERN = re.compile(
    rb"[\x81\x8d\x8f\x90\x9d\xfe\xff]|[\x80-\xff]{4}|[\xc2-\xf4][\x80-\xbf]"
    rb"|[A-Za-z][\x80\x82-\x84\x86-\x89\x8b\x91\x93-\x95\x98\x99\x9b\xa1-\xac\xae-\xb3\xb5\xb6\xb8-\xbf][A-Za-z]"
)


def file_format(path: Path) -> str:
    """Return the suffix that names the format, in lower case: that before .gz and the like."""
    suffixes = [suffix.lower() for suffix in path.suffixes]
    return next((suffix for suffix in reversed(suffixes) if suffix not in COMPRESSIONS), "")


def open_bytes(path: Path) -> BinaryIO:
    """Open a file's bytes, decompressed. DataError where they are not compressed as named, and for archives."""
    with open(path, "rb") as file:
        first = file.read(max(map(len, OTHERS)))
    suffix = path.suffix.lower()
    if suffix in COMPRESSIONS and not first.startswith(COMPRESSIONS[suffix]):
        wrong = f"is not compressed as {suffix} says: take {suffix} off its name" if first else "is empty"
        raise DataError(f"{path.name} {wrong}")
    refuse_other_content(path, first)
    if first.startswith(COMPRESSIONS[".gz"]):
        return cast(BinaryIO, gzip.open(path))
    if suffix == ".bz2":
        return cast(BinaryIO, bz2.open(path))
    if first.startswith(COMPRESSIONS[".zst"]):
        import pyarrow

        return cast(BinaryIO, pyarrow.input_stream(str(path), compression="zstd"))
    return open(path, "rb")


def refuse_other_content(path: Path, first: bytes) -> None:
    """DataError for a file whose first bytes are those of no text."""
    for start, what in OTHERS.items():
        if first[: len(start)].lower() == start.lower():
            raise DataError(f"{path.name} {what}")


def open_text(path: Path) -> TextIO:
    """Open a file in the encoding it is written in, its line ends as they are.

    Bytes that are no UTF-8 become half surrogate pairs, which `valid_unicode` finds.
    """
    encoding = text_encoding(path)
    errors = "surrogateescape" if encoding.startswith("utf-8") else "strict"
    return io.TextIOWrapper(open_bytes(path), encoding, errors, newline="")


def text_encoding(path: Path) -> str:
    """Return the name of the encoding that a file is written in, as Python calls it, from its first bytes."""
    with open_bytes(path) as file:
        head = file.read(HEAD)
    if head != b"" and any(head.startswith(start) for start in COMPRESSIONS.values()):
        raise DataError(f"{path.name} is compressed twice: unpack it once")
    refuse_other_content(path, head)
    for mark, name in BYTE_ORDER_MARKS:
        if head.startswith(mark):
            return name
    even, odd = head[:400:2].count(0), head[1:400:2].count(0)  # of text that is mostly ASCII, in UTF-16 without a mark
    if max(even, odd) > 0.4 * len(head[:400]) and not min(even, odd):
        return "utf-16-le" if odd else "utf-16-be"
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head)  # the last character may be cut off
    except UnicodeDecodeError:
        return "utf-8" if NOT_WESTERN.search(head) else "cp1252"
    return "utf-8"


def valid_unicode(text: str) -> bool:
    """Whether a text has no half of a surrogate pair, which no file can carry."""
    try:
        return text.isascii() or bool(text.encode())
    except UnicodeEncodeError:
        return False


@contextmanager
def explain_damage(path: Path) -> Generator[None]:
    """Turn what the libraries raise for a damaged file into a DataError."""
    try:
        yield
    except UnicodeDecodeError as error:
        raise DataError(f"{path.name} is not the {error.encoding} that it begins as: write it as UTF-8") from error
    except (EOFError, OSError, zlib.error) as error:  # of gzip, bz2, and zstd in pyarrow
        if getattr(error, "errno", None):
            raise DataError(f"{path} cannot be read: {first_line(error)}") from error
        raise DataError(f"{path.name} is damaged or cut off ({first_line(error)}): bring it again") from error


def first_line(error: BaseException) -> str:
    return str(error).partition("\n")[0]
