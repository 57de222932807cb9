"""The rows of a problem file, whatever its format, each with its place.

Knows bytes, lines and formats; does not know which field is the problem. Memory is bounded, beyond what the caller
keeps, by MAX_RECORD_BYTES or a JSON array's MAX_JSON_BYTES: also for a gigabyte on one line, a damaged archive or a
quote that is never closed.
"""

from __future__ import annotations

import codecs
import csv
import gzip
import io
import json
import re
import sys
import tempfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO, Literal, cast

from thinkcap.errors import ThinkcapError

Format = Literal["jsonl", "json", "csv", "tsv", "parquet", "text"]

MAX_RECORD_BYTES = 16 * 1024 * 1024
"""The longest single line or JSON object that is read; a problem and its worked solution are a thousandth of it."""

MAX_JSON_BYTES = 128 * 1024 * 1024
"""The longest JSON array that is read; JSON Lines have no limit."""
MAX_BLANK_LINES = 1_000_000
"""Blank lines in a row that are read on: a packed file of nothing else would go on for minutes."""
MAX_UNPACKED_BYTES = 4 * 1024**3
"""The largest Parquet file that is copied to disk, as it must be if it comes packed or through a pipe."""

_SUFFIXES: dict[str, Format] = {
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".jsonlines": "jsonl",
    ".json": "json",
    ".csv": "csv",
    ".tsv": "tsv",
    ".tab": "tsv",
    ".parquet": "parquet",
    ".pq": "parquet",
    ".txt": "text",
}
_SPACE = re.compile(r"[ \t\n\r]*")
_HEAD_BYTES = 64 * 1024
_CHUNK_BYTES = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Row:
    """One entry of a problem file: `value` is a dict of fields, or the text of a plain line; `place` is `line 3`."""

    place: str
    value: Any


def rows(source: str) -> Iterator[Row]:
    """Every entry of the file `source` (`-` is standard input) in order; gzip is undone first.

    The format is what the suffix says, or else what the first bytes look like. A text is a problem on each line only
    if its name ends in .txt or has no ending. Raises ThinkcapError, one sentence with the file and the line, at the
    first byte that cannot be read.
    """
    name = "standard input" if source == "-" else source
    with ExitStack() as stack:
        stream = _opened(source, stack)
        suffix = Path(source.removesuffix(".gz")).suffix.lower()
        try:
            head, stream = _peeked(stream)
            if head.startswith(b"\x1f\x8b"):
                head, stream = _peeked(cast(BinaryIO, gzip.GzipFile(fileobj=stream)))
            kind = _format(head, suffix)
            if kind == "text" and suffix not in ("", ".txt"):
                raise ThinkcapError(
                    f"{name} does not look like a file of problems: if each line is one, rename it to end in .txt."
                )
            yield from _READERS[kind](name, stream)
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise ThinkcapError(
                f"{name} is a damaged or cut-short gzip file ({error}): fetch or pack it again."
            ) from error
        except OSError as error:
            raise ThinkcapError(f"{name} can't be read: {error.strerror or error}.") from error


def _opened(source: str, stack: ExitStack) -> BinaryIO:
    if source == "-":
        return sys.stdin.buffer
    path = Path(source)
    if path.is_dir():
        raise ThinkcapError(f"{source} is a folder, not a file of problems: name a file inside it.")
    try:
        return stack.enter_context(path.open("rb"))
    except FileNotFoundError as error:
        raise ThinkcapError(f"There is no file {source}: check the path.") from error
    except (OSError, ValueError) as error:
        raise ThinkcapError(f"{source} can't be opened: {getattr(error, 'strerror', None) or error}.") from error


class _Rejoined(io.RawIOBase):
    """A stream whose first bytes were read already, whole again; the stream itself may be a pipe."""

    def __init__(self, head: bytes, rest: BinaryIO) -> None:
        self._head = memoryview(head)
        self._rest = rest

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if not self._head:
            data = self._rest.read(len(buffer))
            buffer[: len(data)] = data
            return len(data)
        count = min(len(buffer), len(self._head))
        buffer[:count] = self._head[:count]
        self._head = self._head[count:]
        return count


def _peeked(stream: BinaryIO) -> tuple[bytes, BinaryIO]:
    """The first bytes, and the stream with them still in it: itself if it is a file, so that Parquet can be read in
    place."""
    head = stream.read(_HEAD_BYTES)
    if isinstance(stream, io.BufferedReader) and stream.seekable():
        stream.seek(0)
        return head, stream
    return head, cast(BinaryIO, io.BufferedReader(_Rejoined(head, stream), _CHUNK_BYTES))


def _format(head: bytes, suffix: str) -> Format:
    if head.startswith(b"PAR1"):
        return "parquet"
    start = head.removeprefix(codecs.BOM_UTF8).lstrip()
    declared = _SUFFIXES.get(suffix)
    if declared == "json":
        return "json" if start.startswith(b"[") or not _is_json(start.split(b"\n", 1)[0]) else "jsonl"
    if declared is not None:
        return declared
    if start.startswith(b"{"):
        return "jsonl" if _is_json(start.split(b"\n", 1)[0]) else "json"
    if start.startswith(b"["):
        return "json" if start[1:].lstrip()[:1] in (b"{", b'"', b"") else "text"
    columns = start.split(b"\n", 1)[0].strip().lower()
    for separator, found in ((b"\t", "tsv"), (b",", "csv")):
        if separator in columns and {b"problem", b"question", b"prompt", b"input"} & {
            column.strip(b' "') for column in columns.split(separator)
        }:
            return cast(Format, found)
    return "text"


def _is_json(line: bytes) -> bool:
    try:
        json.loads(line)
    except (ValueError, RecursionError):
        return False
    return True


def _lines(name: str, stream: BinaryIO) -> Iterator[tuple[int, str]]:
    """Numbered lines from 1, their ends kept, as text; UTF-8 with or without a byte order mark."""
    number = filled = 0
    while line := stream.readline(MAX_RECORD_BYTES + 1):
        number += 1
        if line.strip():
            filled = number
        elif number - filled > MAX_BLANK_LINES:
            raise ThinkcapError(f"{name}, line {number}: {MAX_BLANK_LINES:,} blank lines come before it: remove them.")
        if len(line) > MAX_RECORD_BYTES:
            raise ThinkcapError(
                f"{name}, line {number}: the line is longer than {MAX_RECORD_BYTES // 1024**2} MiB, which no problem "
                "is: put one problem on each line."
            )
        if number == 1:
            _refuse_utf16(name, line)
            line = line.removeprefix(codecs.BOM_UTF8)
        try:
            yield number, line.decode("utf-8")
        except UnicodeDecodeError as error:
            raise ThinkcapError(_not_utf8(name, number, line[error.start])) from error


def _refuse_utf16(name: str, head: bytes) -> None:
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise ThinkcapError(f"{name}, line 1: the text is UTF-16, and thinkcap reads UTF-8: save the file as UTF-8.")


def _not_utf8(name: str, line: int, byte: int) -> str:
    return f"{name}, line {line}: the text is not UTF-8 (byte 0x{byte:02x}): save the file as UTF-8."


def _jsonl(name: str, stream: BinaryIO) -> Iterator[Row]:
    for number, line in _lines(name, stream):
        if line.strip():
            try:
                value = json.loads(line.strip(), parse_constant=_no_constant)
            except (ValueError, RecursionError) as error:
                raise _json_error(name, number, 0, error) from error
            yield Row(f"line {number}", value)


def _no_constant(name: str) -> None:
    """NaN and Infinity are how some exports write a missing value; as values they are no JSON and no answer."""


def _json_error(name: str, line: int, before: int, error: Exception) -> ThinkcapError:
    """The sentence for a JSON error; the value begins on `line`, with `before` line ends of its document above it."""
    if isinstance(error, json.JSONDecodeError):
        line += error.lineno - 1 - before
        cut = error.pos >= len(error.doc.rstrip()) or error.msg.startswith("Unterminated string")
        what = "the JSON breaks off" if cut else f"this is not JSON ({error.msg})"
    elif isinstance(error, RecursionError):
        what = "the JSON is nested too deeply"
    else:  # an integer of more digits than Python converts
        what = "the JSON holds a number of too many digits"
    return ThinkcapError(f"{name}, line {line}: {what}: mend or remove that line.")


def _json(name: str, stream: BinaryIO) -> Iterator[Row]:
    """The elements of one JSON array, or objects one after another over any number of lines."""
    text = _text_of(name, stream)
    decoder = json.JSONDecoder(parse_constant=_no_constant)
    start, line = 0, 1

    def skip(position: int) -> str:
        """Goes past a position and the white space behind it, and returns the next character."""
        nonlocal start, line
        end = cast(re.Match[str], _SPACE.match(text, position)).end()
        line += text.count("\n", start, end)
        start = end
        return text[start : start + 1]

    in_array = skip(0) == "["
    character = skip(start + in_array)
    while character and (character != "]" or not in_array):
        if character not in '{["':
            raise ThinkcapError(f"{name}, line {line}: this is not a problem: write an object for each.")
        try:
            value, end = decoder.raw_decode(text, start)
        except (ValueError, RecursionError) as error:
            raise _json_error(name, line, text.count("\n", 0, start), error) from error
        yield Row(f"line {line}", value)
        character = skip(end)
        if in_array and character == ",":
            character = skip(start + 1)
        elif in_array and character and character != "]":
            raise ThinkcapError(f"{name}, line {line}: this is not JSON (expected , or ]): mend that line.")
    if in_array and not character:
        raise ThinkcapError(f"{name}, line {line}: the JSON array is never closed: the file is cut short.")
    if character and skip(start + 1):
        raise ThinkcapError(f"{name}, line {line}: there is more text after the JSON array: remove it.")


def _text_of(name: str, stream: BinaryIO) -> str:
    data = stream.read(MAX_JSON_BYTES + 1)
    if len(data) > MAX_JSON_BYTES:
        raise ThinkcapError(
            f"{name}, line 1: the JSON is longer than {MAX_JSON_BYTES // 1024**2} MiB: write an object on each line, "
            "as JSON Lines."
        )
    _refuse_utf16(name, data)
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ThinkcapError(_not_utf8(name, data.count(b"\n", 0, error.start) + 1, data[error.start])) from error


def _table(name: str, stream: BinaryIO, delimiter: str) -> Iterator[Row]:
    csv.field_size_limit(MAX_RECORD_BYTES)
    last = 1

    def text() -> Iterator[str]:
        nonlocal last
        for last, line in _lines(name, stream):  # noqa: B007 (last is read below, when a row is whole)
            yield line

    reader = csv.reader(text(), delimiter=delimiter, strict=True)
    first = 1
    try:
        columns: list[str] | None = None
        for cells in reader:
            if columns is None:
                if cells:
                    columns = [cell.strip() for cell in cells]
            elif cells:
                if len(cells) > len(columns):
                    raise ThinkcapError(
                        f"{name}, line {first}: the row has {len(cells)} cells and the header {len(columns)}: "
                        "put quotes around cells with commas in them."
                        if delimiter == ","
                        else f"{name}, line {first}: the row has {len(cells)} cells and the header {len(columns)}."
                    )
                yield Row(f"line {first}", dict(zip(columns, cells, strict=False)))
            first = last + 1
    except csv.Error as error:
        raise ThinkcapError(
            f"{name}, line {first}: the row that begins here is broken ({error}): look for a quote that is not closed."
        ) from error


def _text(name: str, stream: BinaryIO) -> Iterator[Row]:
    for number, line in _lines(name, stream):
        if line.strip():
            yield Row(f"line {number}", line.strip())


def _parquet(name: str, stream: BinaryIO) -> Iterator[Row]:
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError as error:
        raise ThinkcapError(
            f"{name} is Parquet, which needs pyarrow: run `pip install '.[parquet]'` in a clone of thinkcap, or "
            "convert the file."
        ) from error
    with ExitStack() as stack:
        if not stream.seekable():
            stream = _spooled(name, stream, stack)
        number = 0
        try:
            table = pyarrow.parquet.ParquetFile(stream)
            for batch in table.iter_batches(batch_size=256):
                for value in batch.to_pylist():
                    number += 1
                    yield Row(f"row {number}", value)
        except (pyarrow.ArrowException, OSError, UnicodeDecodeError) as error:
            reason = " ".join(str(error).split()).rstrip(".")
            raise ThinkcapError(f"{name}, row {number + 1}: the Parquet file can't be read ({reason}).") from error


def _spooled(name: str, stream: BinaryIO, stack: ExitStack) -> BinaryIO:
    """A copy on disk, which can be read in any order."""
    spool = stack.enter_context(tempfile.TemporaryFile())  # noqa: SIM115
    while data := stream.read(_CHUNK_BYTES):
        if spool.tell() + len(data) > MAX_UNPACKED_BYTES:
            raise ThinkcapError(
                f"{name} holds more than {MAX_UNPACKED_BYTES // 1024**3} GiB of Parquet: unpack it into a file first."
            )
        spool.write(data)
    spool.seek(0)
    return cast(BinaryIO, spool)


_READERS: Mapping[Format, Callable[[str, BinaryIO], Iterator[Row]]] = {
    "jsonl": _jsonl,
    "json": _json,
    "csv": partial(_table, delimiter=","),
    "tsv": partial(_table, delimiter="\t"),
    "parquet": _parquet,
    "text": _text,
}
