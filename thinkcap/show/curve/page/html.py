"""The budget curve as one HTML file that opens offline: the charts, and behind each point its problems, with every
thought and the place where it was cut.

The page is page.html with page.css and page.js put in. Results are data that anybody may have written: they travel as
JSON in which no `<` is left, the script only ever sets text, and a content security policy admits no other script.
"""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import asdict
from hashlib import sha256
from html import escape
from importlib.resources import files
from itertools import takewhile
from operator import eq
from pathlib import Path
from typing import Any

from thinkcap.runs.metrics import CUT_REASONS
from thinkcap.runs.result import Result
from thinkcap.show.curve.chart import charts
from thinkcap.show.curve.curve import Curve, Point, caption
from thinkcap.show.curve.palette import DARK, LIGHT, Palette
from thinkcap.show.wording import end_text
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
        "charts": [asdict(chart) for chart in charts(curves)],
        "caption": caption(curves),
        "problems": results.problems,
        "thoughts": results.thoughts,
        "results": results.tables,
    }


def _point(point: Point, results: _Results) -> dict[str, Any]:
    accuracy = point.accuracy
    return {
        "label": point.label,
        "name": point.name,
        "used": point.used,
        "accuracy": [accuracy.value, accuracy.low, accuracy.high] if accuracy else None,
        "cut": point.share_cut,
        "results": results.table(point.results),
    }


class _Results:
    """The results behind the points, each text once: the thoughts of a sweep are beginnings of one another.

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
        by_identity = {id(point.results): point.results for curve in curves for point in curve.points if point.results}
        everything = [result for results in by_identity.values() for result in results]
        # Thoughts that a message ended come last: the others say where the message begins.
        for result in sorted(everything, key=lambda result: (_is_wrapped_up(result), -len(result.thinking))):
            if self._thought(result) is None:
                self._whole.setdefault(_generation(result), []).append(len(self.thoughts))
                self.thoughts.append(printable(result.thinking))
        # Votes show the same results as the samples that they count.
        self._tables = {identity: number for number, identity in enumerate(by_identity)}
        for results in by_identity.values():
            ordered = sorted(results, key=lambda result: (result.sample, result.answer_index))
            self.tables.append([self._result(result) for result in ordered])

    def table(self, results: Sequence[Result]) -> int | None:
        """The number of these results' table."""
        return self._tables.get(id(results))

    def _result(self, result: Result) -> dict[str, Any]:
        problem = (printable(result.id), printable(result.problem))
        if problem not in self._numbers:
            self._numbers[problem] = len(self.problems)
            self.problems.append(problem)
        return {
            "problem": self._numbers[problem],
            "sample": f"{result.sample}" + (f".{result.answer_index}" if result.answer_index else ""),
            "thought": self._thought(result),
            "solution": printable(result.solution),
            "answer": _printable(result.answer),
            "expected": _printable(result.expected),
            "correct": result.correct,
            "stop": end_text(result.stop_reason),
            "cut": result.stop_reason in CUT_REASONS,
            "tokens": [result.thinking_tokens, result.injected_tokens, result.solution_tokens],
            "error": _printable(result.error),
        }

    def _thought(self, result: Result) -> tuple[int, int, str] | None:
        """A thought as the number of a text, how much of it (in UTF-16 units, as JavaScript counts) and what follows:
        the wrap-up message of a cut, which the whole thought has not. None if no text begins as it does."""
        text, wrapped_up = printable(result.thinking), _is_wrapped_up(result)
        best: tuple[int, int, str] | None = None
        for number in self._whole.get(_generation(result), ()):
            if self.thoughts[number].startswith(text):
                return number, _utf16_units(text), ""
            shared = sum(takewhile(bool, map(eq, text, self.thoughts[number])))
            if wrapped_up and (best is None or len(text) - shared < len(best[2])):
                best = (number, _utf16_units(text[:shared]), text[shared:])
        return best


def _generation(result: Result) -> tuple[Any, ...]:
    """What the results of one thought, ended at several budgets, have in common."""
    model = (result.model, result.model_sha256, result.quant, result.seed)
    return (*model, result.id, result.sample, result.prompt_text, result.style)


def _is_wrapped_up(result: Result) -> bool:
    """Whether more than the end marker was injected to end the thought."""
    return result.stop_reason in CUT_REASONS and result.injected_tokens > 1


def _printable(text: str | None) -> str | None:
    return None if text is None else printable(text)


def _utf16_units(text: str) -> int:
    return len(text.encode("utf-16-le", "surrogatepass")) // 2
