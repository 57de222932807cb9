"""What result files hold: their records grouped by model, budget and settings, with the figures of each group.

The figures are runs/metrics.py's, the tables show/tables.py's.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from thinkcap.errors import ThinkcapError, UsageError
from thinkcap.runs.key import Key
from thinkcap.runs.metrics import Metrics, measure, voting_order
from thinkcap.runs.records import LATER, Record, read

if TYPE_CHECKING:
    from thinkcap.grading import Grader, Verdict, Vote

AHEAD = 64
"""Comparisons handed to the grader before the first is waited for."""
SETTINGS = ("temperature", "top_p", "top_k", "min_p", "loop_guard", "context", "think_start", "think_end")
NEWER_SETTINGS = ("until_sure", "depths", "answers")

NEEDED = {
    "budget": dict,
    "thinking_tokens": int,
    "solution_tokens": int,
    "solution": str,
    "thinking": str,
    "stop_reason": str,
    "finish_reason": str,
}
"""The fields, and their types, that the figures of a record need; one that could not be run has the first alone."""

Settings = tuple[tuple[str, Any], ...]


@dataclass(frozen=True, slots=True)
class Group:
    """The records that one model made under one budget and the same settings.

    settings  model, quant, seed, the budget's parts and the sampling, by name
    by        the value of the field the report is split by; None where it is not split
    timeouts  answers that took too long to compare, and count as wrong
    """

    settings: Mapping[str, Any]
    records: Sequence[Record]
    metrics: Metrics
    by: str | None = None
    timeouts: int = 0

    def to_dict(self) -> dict[str, Any]:
        """The group as JSON: settings and figures, without the records."""
        split = {} if self.by is None else {"by": self.by}
        return {**self.settings, **split, **asdict(self.metrics), "timeouts": self.timeouts}


def read_all(paths: Iterable[str | Path]) -> list[Record]:
    """The records of several files; of results that appear twice, the last.

    Raises ThinkcapError where there are none, or one lacks what the figures need.
    """
    paths = list(paths)
    found: dict[tuple[Settings, Key], Record] = {}
    for path in paths:
        for record in read(path):
            for name, kind in NEEDED.items():
                if not isinstance(record.get(name), kind) and ("error" not in record or name == "budget"):
                    raise ThinkcapError(
                        f"{path}: the result of problem {record['id']!r} has no {name}: remove that line."
                    )
            found[settings_of(record), Key.of_record(record)] = record
    if not found:
        raise ThinkcapError(f"{' and '.join(map(str, paths))} holds no results yet: run a batch first.")
    return list(found.values())


def settings_of(record: Record) -> Settings:
    """What a record was made with: its own model and budget, and the rest from its run where it tells."""
    run = record.get("run") or {}
    return (
        *((name, record.get(name)) for name in ("model", "quant", "model_sha256", "seed")),
        *((name, value) for name, value in record["budget"].items() if not isinstance(value, dict | list)),
        *((name, run[name]) for name in SETTINGS if name in run),
        *((name, run.get(name, LATER[name])) for name in NEWER_SETTINGS),
        # The same depth in tokens belongs to another vote where the whole thought was longer.
        ("depths_of", run.get("budget", {}).get("thinking") if run.get("depths") else None),
    )


def group(records: Iterable[Record], by: str | None = None, grader: Grader | None = None) -> list[Group]:
    """Groups records and measures each group: by model in the order they come, budgets from small to none.

    by      also split by this field: one of the problem's (`level`, `subject` …) or of the record's (`stop_reason` …)
    grader  compares the answers of several samples for maj@k; without it there is no maj@k

    Raises UsageError where no record has the field.
    """
    found: dict[tuple[Settings, str | None], list[Record]] = {}
    for record in records:
        found.setdefault((settings_of(record), None if by is None else _value(record, by)), []).append(record)
    if by is not None and all(value == "none" for _, value in found):
        names = {name for _, members in found.items() for record in members for name in record.get("extra") or {}}
        raise UsageError(
            f"No result has a field {by!r}: --by takes stop_reason, finish_reason, answer or a field of the problems"
            + (f" ({', '.join(sorted(names)[:8])})." if names else ".")
        )
    models = {settings[:4]: place for place, (settings, _) in reversed(list(enumerate(found)))}
    ordered = sorted(found.items(), key=lambda item: (models[item[0][0][:4]], *_order(item[0])))
    return [_measured(settings, value, members, grader) for (settings, value), members in ordered]


def _order(key: tuple[Settings, str | None]) -> tuple[Any, ...]:
    settings, value = key
    thinking = dict(settings).get("thinking")
    number = value is not None and value.replace(".", "", 1).removeprefix("-").isdecimal()
    return (
        float("inf") if thinking is None else thinking,
        [str(part) for part in settings],
        (not number, float(value) if value is not None and number else 0.0, value or ""),
    )


def _measured(settings: Settings, value: str | None, records: list[Record], grader: Grader | None) -> Group:
    labels = _labels(records, grader) if grader is not None else None
    timeouts = sum(record.get("verdict") == "timeout" for record in records)
    return Group(dict(settings), records, measure(records, labels=labels), value, timeouts)


def _labels(records: Iterable[Record], grader: Grader) -> dict[str, Sequence[int | None]]:
    return {problem: vote_on(given, grader).labels for problem, given in by_problem(records).items() if len(given) > 1}


def by_problem(records: Iterable[Record]) -> dict[str, list[Record]]:
    """Each problem's records in voting order."""
    found: dict[str, list[Record]] = {}
    for record in records:
        found.setdefault(record["id"], []).append(record)
    return {problem: sorted(given, key=voting_order) for problem, given in found.items()}


def vote_on(records: Iterable[Record], grader: Grader) -> Vote:
    """The vote over one problem's records, in the order they come."""
    from thinkcap.grading import vote

    return vote([record.get("answer") for record in records], grader)


def _value(record: Record, by: str) -> str:
    for place in (record.get("extra") or {}, record, record.get("budget") or {}):
        if by in place and not isinstance(place[by], dict | list):
            return "none" if place[by] is None else str(place[by])
    return "none"


def regrade(records: Sequence[Record], grader: Grader) -> int:
    """Reads every answer out of its solution again and compares it, in place. Returns how many verdicts changed."""
    from thinkcap.grading import answer_in

    changed = 0
    waiting: deque[tuple[Record, Future[Verdict]]] = deque()
    for record in [*records, None]:
        while waiting and (record is None or len(waiting) >= AHEAD):
            graded, verdict = waiting.popleft()
            found = verdict.result()
            changed += graded.get("correct") is not found.correct
            graded.update(correct=found.correct, verdict=found.reason)
        if record is not None and "error" not in record and record.get("expected") is not None:
            record["answer"] = answer_in(record["solution"])
            waiting.append((record, grader.submit(record["answer"], record["expected"])))
    return changed


def failures(records: Iterable[Record]) -> list[Record]:
    """The records that went wrong: could not be run, or gave another answer than expected, or none."""
    return [record for record in records if "error" in record or record.get("correct") is False]


def reason(record: Record) -> str:
    """What went wrong with one of `failures`, in a few words."""
    if "error" in record:
        return "not run"
    if not record.get("answer"):
        cut = record["finish_reason"] == "length"
        return "no answer, the solution was cut" if cut else "no answer"
    if record.get("verdict") == "timeout":
        return "the comparison took too long"
    return "wrong after its thought was cut" if record["stop_reason"] != "natural" else "wrong"
