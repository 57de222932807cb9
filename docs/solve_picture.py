"""Draws the README's moving picture of `thinkcap solve`: a real run of the built-in model, shown by the real live view.

The run is played back more slowly than it was, one token after the other. Run it from a checkout:
`python -m docs.solve_picture`.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from pathlib import Path

import thinkcap
from tests.show.screen import Clock, Screen, Wire
from thinkcap.show.live.live_view import LiveView

PROBLEM, EXPECTED, BUDGET = "What is 4821 + 9377 + 6145?", "20343", 64
COMMAND = f'thinkcap solve "{PROBLEM}" --model abacus --budget {BUDGET} --expect {EXPECTED}'
COLUMNS = 92
TERMINAL = {"COLUMNS": str(COLUMNS), "TERM": "xterm-256color"}
TOKEN = 0.05
"""Seconds that a token is shown for: about what a model of 1.5B takes on a laptop."""
PAUSE = 5.0
"""Seconds before it begins again."""
CELL, LINE, SIZE, MARGIN = 8.4, 20, 14, 20
COLOURS = {"31": "#ff7b72", "32": "#7ee787", "36": "#76e3ea"}
BACKGROUND, FOREGROUND, DIM = "#0d1117", "#e6edf3", "#8b949e"

Row = tuple[tuple[str, str], ...]


@dataclass(slots=True)
class Shown:
    """A row of text and when it is on the screen, in seconds."""

    y: int
    row: Row
    begin: float
    end: float


def play() -> Iterator[tuple[float, list[Row]]]:
    """What is on the screen from when on. The live view has to find the variables of TERMINAL, and no NO_COLOR."""
    screen, clock = Screen(COLUMNS), Clock()
    with thinkcap.load("abacus", threads=1) as engine, LiveView(Wire(screen), clock) as view:
        view.begin(0, 1)
        for event in engine.stream(PROBLEM, BUDGET):
            view.show(event)
            yield clock.now, rows(screen)
            clock.now += TOKEN
            if isinstance(event, thinkcap.Finished):
                outcome = event.outcome
        view.conclude(outcome.graded(EXPECTED, outcome.answer == EXPECTED))
        yield clock.now, rows(screen)
    yield clock.now + PAUSE, []


def rows(screen: Screen) -> list[Row]:
    """The screen's rows, below the command that was typed."""
    return [(("$ ", "32"), (COMMAND, "")), *map(tuple, screen.runs)]


def spans(frames: Iterator[tuple[float, list[Row]]]) -> list[Shown]:
    """How long each row stays as it is."""
    done: list[Shown] = []
    open_rows: dict[int, Shown] = {}
    for now, frame in frames:
        there = {y: row for y, row in enumerate(frame) if any(text.strip() for text, _ in row)}
        for y, shown in [*open_rows.items()]:
            if there.get(y) != shown.row:
                shown.end = now
                done.append(open_rows.pop(y))
        for y, row in there.items():
            if y not in open_rows:
                open_rows[y] = Shown(y, row, now, now)
    return done


def draw(shown: list[Shown]) -> str:
    """The picture, which begins again for ever."""
    whole = max(each.end for each in shown)
    height = 2 * MARGIN + LINE * (max(each.y for each in shown) + 1)
    width = 2 * MARGIN + round(CELL * COLUMNS)
    body = "\n".join(_row(each, whole) for each in shown)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}"\n'
        f'  font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, monospace" font-size="{SIZE}">\n'
        f"<title>{escape(COMMAND)}</title>\n"
        f'<rect width="100%" height="100%" rx="8" fill="{BACKGROUND}"/>\n{body}\n</svg>\n'
    )


def _row(shown: Shown, whole: float) -> str:
    x, pieces = float(MARGIN), []
    for text, style in shown.row:
        if text.strip():
            pieces.append(
                f'<tspan x="{x:.1f}" textLength="{CELL * len(text):.1f}" {_look(style)}>{escape(text)}</tspan>'
            )
        x += CELL * len(text)
    at = MARGIN + LINE * shown.y + SIZE
    # Where nothing moves, the last picture stays.
    state = "visible" if shown.end == whole else "hidden"
    return f'<text y="{at}" xml:space="preserve" visibility="{state}">{_move(shown, whole)}{"".join(pieces)}</text>'


def _move(shown: Shown, whole: float) -> str:
    """Shows a row from its begin to its end, over and over."""
    changes = [(0.0, "hidden"), (shown.begin / whole, "visible"), (shown.end / whole, "hidden")]
    changes = [change for change in changes[bool(shown.begin == 0) :] if change[0] < 1]
    if len(changes) == 1:
        return ""
    values, times = ";".join(state for _, state in changes), ";".join(f"{time:.4f}" for time, _ in changes)
    return (
        '<animate attributeName="visibility" calcMode="discrete" repeatCount="indefinite" '
        f'dur="{whole:.2f}s" values="{values}" keyTimes="{times}"/>'
    )


def _look(style: str) -> str:
    parts = style.split(";")
    colour = next((COLOURS[part] for part in parts if part in COLOURS), DIM if "2" in parts else FOREGROUND)
    return f'fill="{colour}"' + (' font-weight="bold"' if "1" in parts else "")


def main() -> None:
    os.environ |= TERMINAL
    os.environ.pop("NO_COLOR", None)
    (Path(__file__).parent / "solve.svg").write_text(draw(spans(play())), encoding="utf-8")


if __name__ == "__main__":
    main()
