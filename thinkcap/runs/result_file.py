"""Result files: one JSON object a line, appended and flushed as each result arrives, locked against a second run, and
continued where they stop.

Every line carries the settings of its run under `run`, so that a file can be checked, joined or split without a second
file beside it.
"""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Self, cast

from thinkcap.errors import ThinkcapError, UsageError
from thinkcap.runs.result import Key, Result
from thinkcap.runs.settings import differences

_BEGINNING = b'{"id": '
_TEXT = rb'"(?:[^"\\]|\\.)*"'
_ONLY_OURS = re.compile(rb'\{"id": ' + _TEXT + rb', "problem": ' + _TEXT + rb', "prompt_text": ')
"""How a result begins, and a line of no other program: by it a torn line proves itself."""


class ResultFile:
    """A result file open for a run. It is locked until it is closed or the process dies.

    path      where it is
    settings  the settings of the results found in it; None if there are none
    done      what it holds: key → a fingerprint of the problem's text
    graded, correct  how many of these were graded, and found correct
    failed, error    how many could not be run, and why the last could not
    repaired  whether a torn last line was cut off

    Raises UsageError if the path is `-` or leads to `source`, the file of the problems; ThinkcapError if another run
    holds the file or its lines are not results. Either leaves the file as it is.
    """

    def __init__(self, path: str | Path, source: str | Path | None = None) -> None:
        self.path = Path(path)
        if str(path) == "-":
            raise UsageError(
                "Results go into a file, from which the run can be continued: name it, like -o results.jsonl."
            )
        if source is not None and _is_same_file(path, source):
            raise UsageError(f"{path} is the file of the problems: name another file for the results with -o.")
        self.settings: Mapping[str, Any] | None = None
        self.done: dict[Key, int] = {}
        self.graded = self.correct = self.failed = 0
        self.error = ""
        self.repaired = False
        try:
            if self.path.exists() and not self.path.is_file():
                raise ThinkcapError(f"{path} is not a file that can hold results: name one with -o results.jsonl.")
            self._file = cast(BinaryIO, self.path.open("ab+", buffering=0))
        except (OSError, ValueError) as error:
            why = getattr(error, "strerror", None) or error
            raise ThinkcapError(f"{path} can't be written ({why}): name another file with -o.") from error
        try:
            _lock(self._file, self.path)
            self._scan()
        except BaseException:
            self._file.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __iter__(self) -> Iterator[Result]:
        """What it holds."""
        return read(self.path)

    def close(self) -> None:
        """Unlocks and closes the file."""
        self._file.close()

    def check(self, settings: Mapping[str, Any]) -> None:
        """Raises UsageError, with both values of every setting that differs, if the file is another run's."""
        differing = differences(settings, self.settings) if self.settings is not None else None
        if differing is not None:
            asked, held = differing
            raise UsageError(
                f"{self.path} holds results with {held}, and this run has {asked}: "
                "name another file with -o, or start this one over with --restart."
            )

    def check_problem(self, key: Key, text: str) -> None:
        """Raises UsageError if the file's result for this key is of a problem with another text."""
        if self.done.get(key, hash(text)) != hash(text):
            raise UsageError(
                f"{self.path} holds a result for problem {key.id}, whose text was another then: "
                "name another file with -o, or start this one over with --restart."
            )

    def restart(self) -> None:
        """Empties the file."""
        self._file.truncate(0)
        self.settings = None
        self.done.clear()
        self.graded = self.correct = self.failed = 0

    def append(self, result: Result) -> None:
        """Writes one result, which then outlives the process. Raises ThinkcapError if the disk is full."""
        line = _encoded(result)
        try:
            while line:
                line = line[self._file.write(line) :]
        except OSError as error:
            raise ThinkcapError(
                f"{self.path} can't be written: {error.strerror}; mend that and run the same command again to go on."
            ) from error
        self._note(result)

    def _note(self, result: Result) -> None:
        self.done[Key.of(result)] = hash(result.problem)
        if result.correct is not None:
            self.graded += 1
            self.correct += result.correct
        if result.error is not None:
            self.failed += 1
            self.error = result.error

    def _scan(self) -> None:
        """Reads what is there, and cuts a torn last line off."""
        self._file.seek(0)
        end = number = 0
        with open(self._file.fileno(), "rb", closefd=False) as lines:
            for number, line in enumerate(lines, 1):
                if not line.endswith(b"\n"):
                    break
                end += len(line)
                if line.strip():
                    self._take(line, number)
            else:
                return
        self._repair(line, number, end)

    def _repair(self, line: bytes, number: int, end: int) -> None:
        """The last line has no end, as a run leaves it that is killed while writing.

        Half a line is cut off only from a file that is proven to hold results: by those before it, or, if it is the
        only one, by a beginning that only results have.
        """
        with suppress(ThinkcapError):
            self._take(line, number)
            self._file.write(b"\n")
            return
        looks_torn = line.startswith(_BEGINNING) or _BEGINNING.startswith(line) or not line.strip(b"\0")
        if not (_ONLY_OURS.match(line) or (self.settings is not None and looks_torn)):
            raise _no_result(self.path, number)
        self._file.truncate(end)
        self.repaired = True

    def _take(self, line: bytes, number: int) -> None:
        """Notes a line that is there. Raises ThinkcapError if it is no result that a run can go on from."""
        result = _parsed(line, self.path, number)
        if not result.settings:
            raise ThinkcapError(
                f"{self.path}, line {number}: this result does not say with which settings it was made, so the file "
                "can't be continued: name another file with -o."
            )
        self._note(result)
        self.settings = result.settings


def read(path: str | Path) -> Iterator[Result]:
    """The results of a file, also while a run still writes it; a torn last line is left out.

    Raises ThinkcapError, with the line, for a line that is not a result.
    """
    try:
        with Path(path).open("rb") as file:
            for number, line in enumerate(file, 1):
                if line.endswith(b"\n") and line.strip():
                    yield _parsed(line, path, number)
                elif line.strip(b"\0"):
                    with suppress(ThinkcapError):
                        yield _parsed(line, path, number)
    except IsADirectoryError as error:
        raise ThinkcapError(f"{path} is a folder: name a result file in it.") from error
    except FileNotFoundError as error:
        raise ThinkcapError(f"There is no file {path}: check the path.") from error
    except (OSError, ValueError) as error:
        raise ThinkcapError(f"{path} can't be read: {getattr(error, 'strerror', None) or error}.") from error


def _parsed(line: bytes, path: str | Path, number: int) -> Result:
    """A line as a result. Raises ThinkcapError if it is none."""
    try:
        fields = json.loads(line, parse_constant=lambda name: None)  # NaN is no value
    except (ValueError, RecursionError) as error:
        raise _no_result(path, number) from error
    if not isinstance(fields, dict) or not {"id", "problem", "sample"} <= fields.keys():
        raise _no_result(path, number)
    try:
        return Result.from_dict(fields)
    except ValueError as error:
        raise ThinkcapError(
            f"{path}, line {number}: the result of problem {fields['id']!r:.60} {error}: mend or remove that line."
        ) from error


def _is_same_file(path: str | Path, source: str | Path) -> bool:
    """Whether both lead to one file, through links too; the source `-` is what standard input is connected to."""
    with suppress(OSError, ValueError):
        return os.path.samestat(os.stat(path), os.fstat(0) if source == "-" else os.stat(source))
    return False


def _no_result(path: str | Path, number: int) -> ThinkcapError:
    return ThinkcapError(
        f"{path}, line {number}: this is not a result of thinkcap: check the path, or mend or remove that line."
    )


def _encoded(result: Result) -> bytes:
    """A line of JSON. Half a surrogate pair, which UTF-8 has no bytes for, stays JSON's own escape of it."""
    return json.dumps(result.to_dict(), ensure_ascii=False).encode("utf-8", "backslashreplace") + b"\n"


if sys.platform == "win32":
    import msvcrt

    _LOCKED_BYTE = 1 << 60  # Windows locks bytes against reading too, so one far beyond any result is taken

    def _lock(file: BinaryIO, path: Path) -> None:
        file.seek(_LOCKED_BYTE)
        try:
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        except OSError as error:
            raise _in_use(path) from error

else:
    import fcntl

    def _lock(file: BinaryIO, path: Path) -> None:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise _in_use(path) from error


def _in_use(path: Path) -> ThinkcapError:
    return ThinkcapError(f"Another run is writing {path}: wait until it ends, or name another file with -o.")
