"""The budget curve as one HTML file that opens offline: the charts, and behind each point its problems, with every
thought and the place where it was cut.

The page is page.html with page.css and page.js put in. Records are data that anybody may have written: they travel as
JSON in which no `<` is left, the script only ever sets text, and a content security policy admits no other script.
"""

from __future__ import annotations

import json
from base64 import b64encode
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from hashlib import sha256
from html import escape
from importlib.resources import files
from pathlib import Path
from typing import Any

from thinkcap.runs.metrics import CUT_REASONS
from thinkcap.show.curve.axis import Axis
from thinkcap.show.curve.chart import Chart, charts
from thinkcap.show.curve.curve import Curve, Point, caption
from thinkcap.show.curve.palette import DARK, LIGHT, Palette
from thinkcap.show.words import SOLUTION_ENDS, THOUGHT_ENDS
from thinkcap.text import finite, printable

TITLE = "How much thinking is enough?"


def write(curves: Sequence[Curve], path: str | Path, title: str = "") -> None:
    """Writes the page. Raises OSError if it can't be written."""
    # Half a surrogate pair, which UTF-8 has no bytes for, becomes JSON's own escape of it.
    Path(path).write_bytes(page(curves, title).encode("utf-8", "backslashreplace"))


def page(curves: Sequence[Curve], title: str = "") -> str:
    """The page's text."""
    script = _part("page.js")
    parts = {
        "title": escape(printable(title or TITLE)),
        "policy": f"script-src 'sha256-{b64encode(sha256(script.encode()).digest()).decode()}'",
        "style": f"{_colours(LIGHT, 'light')}\n{_colours(DARK, 'dark')}\n{_part('page.css')}",
        "script": script,
        "data": _safe_json(_data(curves)),
    }
    text, *rest = _part("page.html").split("{{")
    for piece in rest:
        name, _, after = piece.partition("}}")
        text += parts[name.strip()] + after
    return text


def _colours(palette: Palette, theme: str) -> str:
    """A palette as CSS variables."""
    names = {name: getattr(palette, name) for name in ("ground", "ink", "quiet", "grid", "edge", "published")}
    names |= {f"c{number}": colour for number, colour in enumerate(palette.curves)}
    values = " ".join(f"--{name}: {colour};" for name, colour in names.items())
    return f':root[data-theme="{theme}"] {{ color-scheme: {theme}; {values} }}'


def _part(name: str) -> str:
    return files(__package__).joinpath(name).read_text("utf-8")


def _safe_json(value: Any) -> str:
    """JSON that ends no element, opens no comment and is one line of JavaScript too."""
    text = json.dumps(finite(value), ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text


def _data(curves: Sequence[Curve]) -> dict[str, Any]:
    """All that page.js draws and shows. The two ends of this format are here and in that file."""
    results = _Results(curves)
    return {
        "curves": [
            {
                "name": curve.name,
                "published": curve.published,
                "points": [_point(point, results) for point in curve.points],
            }
            for curve in curves
        ],
        "charts": [_chart(chart) for chart in charts(curves)],
        "caption": caption(curves),
        "problems": results.problems,
        "thoughts": results.thoughts,
        "results": results.tables,
        "ends": {**SOLUTION_ENDS, **THOUGHT_ENDS},
    }


def _point(point: Point, results: _Results) -> dict[str, Any]:
    accuracy = point.accuracy
    return {
        "label": point.label,
        "name": point.name,
        "used": point.used,
        "accuracy": [accuracy.value, accuracy.low, accuracy.high] if accuracy else None,
        "cut": point.share_cut,
        "results": results.table(point.records),
    }


def _chart(chart: Chart) -> dict[str, Any]:
    return {
        "kind": chart.kind,
        "title": chart.title,
        "x": _axis(chart.x),
        "y": _axis(chart.y),
        "diagonal": chart.diagonal,
        "lines": [
            {
                "curve": line.curve,
                "marks": [[mark.x, mark.y, mark.point] for mark in line.marks],
                "intervals": line.intervals(),
                "under": line.under,
            }
            for line in chart.lines
        ],
    }


def _axis(axis: Axis) -> dict[str, Any]:
    return {"title": axis.title, "low": axis.low, "high": axis.high, "log": axis.log, "ticks": axis.ticks}


class _Results:
    """The records behind the points, each text once: the thoughts of a sweep are beginnings of one another.

    problems  [id, text] by number
    thoughts  the texts that others are beginnings of, by number
    tables    a list of results for each point
    """

    def __init__(self, curves: Sequence[Curve]) -> None:
        self.problems: list[tuple[str, str]] = []
        self.thoughts: list[str] = []
        self.tables: list[list[dict[str, Any]]] = []
        self._numbers: dict[tuple[str, str], int] = {}
        self._whole: dict[tuple[Any, ...], list[int]] = {}
        by_identity = {id(point.records): point.records for curve in curves for point in curve.points if point.records}
        everything = [record for records in by_identity.values() for record in records]
        # Thoughts that a message ended come last: what it was put behind is found by the others.
        for record in sorted(everything, key=lambda record: (_is_wrapped_up(record), -len(_thinking(record)))):
            if self._thought(record) is None:
                self._whole.setdefault(_generation(record), []).append(len(self.thoughts))
                self.thoughts.append(_thinking(record))
        # Votes show the same records as the samples that they count.
        self._tables = {identity: number for number, identity in enumerate(by_identity)}
        for records in by_identity.values():
            ordered = sorted(records, key=lambda record: (record.get("sample", 0), record.get("reply", 0)))
            self.tables.append([self._result(record) for record in ordered])

    def table(self, records: Sequence[Mapping[str, Any]]) -> int | None:
        """The number of these records' table."""
        return self._tables.get(id(records))

    def _result(self, record: Mapping[str, Any]) -> dict[str, Any]:
        problem = (printable(str(record["id"])), printable(str(record["problem"])))
        if problem not in self._numbers:
            self._numbers[problem] = len(self.problems)
            self.problems.append(problem)
        thought = self._thought(record)
        assert thought is not None
        return {
            "problem": self._numbers[problem],
            "sample": f"{record.get('sample', 0)}" + (f".{record['reply']}" if record.get("reply") else ""),
            "thought": thought,
            "solution": _text(record, "solution"),
            "answer": _text(record, "answer"),
            "expected": _text(record, "expected"),
            "correct": record.get("correct"),
            "stop": _text(record, "stop_reason"),
            "finish": _text(record, "finish_reason"),
            "cut": record.get("stop_reason") in CUT_REASONS,
            "tokens": [record.get(f"{part}_tokens", 0) for part in ("thinking", "injected", "solution")],
            "error": _text(record, "error"),
        }

    def _thought(self, record: Mapping[str, Any]) -> tuple[int, int, str] | None:
        """A thought as the number of a text, how much of it (in UTF-16 units, as JavaScript counts) and what follows:
        the wrap-up message of a cut, which the whole thought has not. None if no text begins as it does."""
        text = _thinking(record)
        wrapped_up = _is_wrapped_up(record)
        best: tuple[int, int, str] | None = None
        for number in self._whole.get(_generation(record), ()):
            if self.thoughts[number].startswith(text):
                return number, _utf16_units(text), ""
            shared = _shared(text, self.thoughts[number])
            if wrapped_up and (best is None or len(text) - shared < len(best[2])):
                best = (number, _utf16_units(text[:shared]), text[shared:])
        return best


def _generation(record: Mapping[str, Any]) -> tuple[Any, ...]:
    """What records of one and the same thought, ended at several budgets, have in common."""
    own = tuple(record.get(name) for name in ("model", "model_sha256", "quant", "seed", "id", "sample", "prompt_text"))
    return (*own, (record.get("budget") or {}).get("style"))


def _is_wrapped_up(record: Mapping[str, Any]) -> bool:
    """Whether more than the end marker was put in to end the thought."""
    return record.get("stop_reason") in CUT_REASONS and record.get("injected_tokens", 0) > 1


def _thinking(record: Mapping[str, Any]) -> str:
    return _text(record, "thinking") or ""


def _text(record: Mapping[str, Any], name: str) -> str | None:
    value = record.get(name)
    return None if value is None else printable(str(value))


def _shared(one: str, other: str) -> int:
    """How many characters both begin with."""
    return bisect_left(range(1, min(len(one), len(other)) + 1), True, key=lambda end: one[:end] != other[:end])


def _utf16_units(text: str) -> int:
    return len(text.encode("utf-16-le", "surrogatepass")) // 2
