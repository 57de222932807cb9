"""Problems out of a file: which field is the problem, which the expected answer, which problems to run.

The bytes and their formats are runs/formats.py's.
"""

from __future__ import annotations

import math
import random
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from thinkcap.errors import ThinkcapError, UsageError
from thinkcap.runs.formats import Row, rows

PROBLEM_FIELDS = ("problem", "question", "prompt", "input")
ANSWER_FIELDS = (
    "answer",
    "expected",
    "ground_truth",
    "target",
    "final_answer",
    "solution",
    "reward_model.ground_truth",
)
ID_FIELDS = ("id", "unique_id", "problem_id", "question_id", "task_id", "_id", "uid", "idx", "index")

_EXTRA_CHARACTERS = 200
_RANGE = re.compile(r"(\d+)\.\.(\d+)")
_GSM8K_NUMBER = re.compile(r"[-+]?\$?[\d,]*\.?\d+")


@dataclass(frozen=True, slots=True)
class Problem:
    """One problem of a file.

    id        the file's own id, or the entry's number from 1
    text      the problem as the model is to read it
    expected  the expected answer as text, several joined by `, `; None if the file has none
    extra     the file's other short fields (level, subject …), for `thinkcap report --by`
    """

    id: str
    text: str
    expected: str | None = None
    extra: Mapping[str, str | int | float | bool] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Fields:
    """Which fields to read; None finds them by the names in use. A name may be a path such as `reward_model.style`.
    The id field `none` numbers the entries instead."""

    problem: str | None = None
    answer: str | None = None
    id: str | None = None


def load(
    source: str,
    fields: Fields | None = None,
    *,
    ids: Sequence[str] = (),
    shuffle: int | None = None,
    limit: int | None = None,
) -> list[Problem]:
    """The problems of a file, all checked before anything is run.

    source   path of a JSON Lines, JSON, CSV, TSV, Parquet or plain text file, gzipped or not; `-` is standard input
    ids      only these: ids, or ranges of whole numbers such as `3..9`
    shuffle  the seed to shuffle by; None keeps the file's order
    limit    problems at most, after ids and shuffle

    Raises ThinkcapError, one sentence with file and line, for anything that can't be read as a problem, for an id that
    appears twice, and for a file with no problems; UsageError for ids the file does not have.
    """
    name = "standard input" if source == "-" else source
    found: Iterator[Problem] = _problems(name, rows(source), fields or Fields())
    if limit is not None and shuffle is None and not ids:
        found = islice(found, limit)
    problems = list(found)
    if not problems:
        raise ThinkcapError(f"{name} holds no problems: it is empty.")
    if ids:
        problems = _chosen(name, problems, ids)
    if shuffle is not None:
        random.Random(shuffle).shuffle(problems)
    return problems[:limit]


def _problems(name: str, entries: Iterable[Row], fields: Fields) -> Iterator[Problem]:
    places: dict[str, str] = {}
    for number, row in enumerate(entries, 1):
        try:
            problem = _problem(row.value, number, fields)
        except ValueError as error:
            raise ThinkcapError(f"{name}, {row.place}: {error}.") from error
        if problem.id in places:
            raise ThinkcapError(
                f"{name}, {row.place}: the id {problem.id!r} is already that of {places[problem.id]}: "
                "give each problem its own, or number them with `--id-field none`."
            )
        places[problem.id] = row.place
        yield problem


def _problem(value: Any, number: int, fields: Fields) -> Problem:
    """One entry as a problem. Raises ValueError with the sentence's second half."""
    if isinstance(value, str):
        value = {"problem": value}
    if not isinstance(value, dict):
        raise ValueError('this is not an object with a problem in it: write one like {"problem": …, "answer": …}')
    used, text = _first(value, (fields.problem,) if fields.problem else PROBLEM_FIELDS)
    if used is None:
        names = ", ".join(str(name) for name in list(value)[:8]) or "none"
        wanted = f"no field {fields.problem!r}" if fields.problem else "no problem"
        raise ValueError(f"there is {wanted} among the fields ({names}): name its field with --problem-field")
    text = _problem_text(used, text)
    if used.lower() == "question" and isinstance(context := _get(value, "context"), str) and context.strip():
        text = f"{context.strip()}\n{text}"
    answer_field, answer = _first(value, (fields.answer,) if fields.answer else ANSWER_FIELDS, usable=_holds_answer)
    if fields.answer and answer_field is None:
        raise ValueError(f"there is no field {fields.answer!r} with an answer: check --answer-field")
    id_field, id_value = (
        _first(value, (fields.id,) if fields.id else ID_FIELDS) if fields.id != "none" else (None, None)
    )
    if fields.id not in (None, "none") and id_field is None:
        raise ValueError(f"there is no field {fields.id!r} with an id: check --id-field")
    return Problem(
        id=_scalar(id_value, "id") if id_field else str(number),
        text=text,
        expected=_expected(answer_field, answer) if answer_field else None,
        extra=_extra(value, leave_out={used, answer_field, id_field}),
    )


def _get(value: Mapping[str, Any], path: str) -> Any:
    """The field called `path`, in any capitals, or the one its dots lead to; None if there is none."""
    if path in value:
        return value[path]
    for name, found in value.items():
        if isinstance(name, str) and name.lower() == path.lower():
            return found
    parent, dot, child = path.partition(".")
    inner = _get(value, parent) if dot else None
    return _get(inner, child) if isinstance(inner, dict) else None


def _holds_answer(name: str, value: Any) -> bool:
    """A worked solution counts as an answer only if it marks one."""
    return name != "solution" or (isinstance(value, str) and ("\\boxed" in value or "####" in value))


def _first(
    value: Mapping[str, Any], names: Iterable[str], usable: Any = lambda name, value: True
) -> tuple[str | None, Any]:
    """The first of the named fields that is there and not empty, and what it holds."""
    for name in names:
        found = _get(value, name)
        if found not in (None, "", []) and found == found and usable(name, found):  # NaN differs from itself
            return name, found
    return None, None


def _problem_text(name: str, value: Any) -> str:
    if isinstance(value, list):
        value = _only_user_message(name, value)
    if not isinstance(value, str):
        raise ValueError(f"the field {name!r} holds {_kind(value)}, not text: name the problem with --problem-field")
    if not value.strip():
        raise ValueError(f"the field {name!r} is blank: write a problem there or remove the entry")
    _check_encodable(name, value)
    return value.strip()


def _only_user_message(name: str, messages: list[Any]) -> Any:
    """A conversation of one user message, as reinforcement-learning data sets keep their prompts."""
    if len(messages) == 1 and isinstance(messages[0], dict) and messages[0].get("role") == "user":
        return messages[0].get("content")
    raise ValueError(f"the field {name!r} holds a list, and only a list of one user message can be a problem")


def _expected(name: str, value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(_expected(name, element) for element in value)
    text = _scalar(value, "answer")
    _check_encodable(name, text)
    if "####" in text:
        text = text.rsplit("####", 1)[1].strip()
        if _GSM8K_NUMBER.fullmatch(text):
            text = text.replace(",", "").replace("$", "")
    elif "\\boxed" in text:
        from thinkcap.grading import answer_in

        text = answer_in(text) or text
    return text


def _scalar(value: Any, what: str) -> str:
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, dict | list | bytes) or value is None:
        raise ValueError(f"the {what} is {_kind(value)}: name the field that holds it with --{what}-field")
    return str(value)


def _kind(value: Any) -> str:
    kinds = {dict: "an object", list: "a list", bool: "true or false", int: "a number", float: "a number"}
    return kinds.get(type(value), "nothing" if value is None else "something else")


def _check_encodable(name: str, text: str) -> None:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        half = f"\\u{ord(text[error.start]):04x}"
        raise ValueError(f"the field {name!r} holds half a character ({half}): mend or remove the entry") from error


def _extra(value: Mapping[str, Any], leave_out: set[str | None]) -> dict[str, str | int | float | bool]:
    """The short fields that are neither problem, answer nor id."""
    lowered = {name.lower() for name in leave_out if name}
    kept: dict[str, str | int | float | bool] = {}
    for name, found in value.items():
        if str(name).lower() in lowered or (isinstance(found, float) and not math.isfinite(found)):
            continue
        if isinstance(found, bool | int | float) or (isinstance(found, str) and 0 < len(found) <= _EXTRA_CHARACTERS):
            kept[str(name)] = found
    return kept


def _chosen(name: str, problems: list[Problem], ids: Sequence[str]) -> list[Problem]:
    """The problems with these ids, in the file's order."""
    chosen: set[str] = set()
    for wanted in ids:
        span = _RANGE.fullmatch(wanted)
        found = {
            problem.id
            for problem in problems
            if problem.id == wanted
            or (span and problem.id.isdecimal() and int(span[1]) <= int(problem.id) <= int(span[2]))
        }
        if not found:
            ends = f"from {problems[0].id!r} to {problems[-1].id!r}"
            raise UsageError(f"{name} has no problem with the id {wanted!r}: its ids run {ends}.")
        chosen |= found
    return [problem for problem in problems if problem.id in chosen]
