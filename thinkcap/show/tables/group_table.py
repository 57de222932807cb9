"""What result files hold, as tables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TextIO

from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from thinkcap.runs.cost import cost_of
from thinkcap.runs.groups import ResultGroup
from thinkcap.runs.intervals import Share
from thinkcap.show.console import SafeConsole
from thinkcap.show.tables.table import add_figures, differing, interval_text, plain_table, print_note
from thinkcap.show.wording import SETTINGS, percent, plural, setting_text
from thinkcap.text import one_line

FIRST_TO_GO = ("total", "results", "answer", "solve", "maj", "pass", "cut")
FIRST_TO_GO_OF_PARTS = ("total", "answer", "solve", "maj", "pass", "cut", "results")
"""Columns in the order in which a narrow terminal loses them; parts of a run keep their sizes."""


def print_report(groups: Sequence[ResultGroup], file: TextIO, by: str | None = None) -> None:
    """A table for each model, a row for each budget; columns that don't fit the terminal (else 80) are left out."""
    console = SafeConsole(file)
    unbounded = console.options.update(max_width=10_000)
    for heading, rows in _by_model(groups):
        console.print(Text(heading, "bold"), soft_wrap=True)
        hidden: list[str] = []
        for name in ("", *(FIRST_TO_GO if by is None else FIRST_TO_GO_OF_PARTS)):
            hidden.append(name)
            table = _table(rows, by, hidden)
            if Measurement.get(console, unbounded, table).maximum <= console.width:
                break
        console.print(table)
        for note in _notes(rows):
            print_note(console, note)
        console.print()


def _table(rows: Sequence[ResultGroup], by: str | None, hidden: Sequence[str]) -> Table:
    table = plain_table()
    names = differing([row.settings for row in rows])
    add_figures(table, "budget")
    for heading in (*(SETTINGS.get(name, name) for name in names), *([] if by is None else [by])):
        table.add_column(Text(one_line(heading)), overflow="ellipsis")
    cells = [_cells(row) for row in rows]
    shown = [name for name in cells[0] if name not in hidden and any(row[name] for row in cells)]
    add_figures(table, *(_heading(name, rows) for name in shown))
    for row, figures in zip(rows, cells, strict=True):
        table.add_row(
            *(Text(setting_text(name, row.settings.get(name))) for name in ("thinking", *names)),
            *([] if by is None else [Text(one_line(row.by or "", 24))]),
            *(figures[name] for name in shown),
        )
    return table


def _by_model(groups: Sequence[ResultGroup]) -> Iterator[tuple[str, list[ResultGroup]]]:
    """Each model's groups under a heading of what they have in common."""
    models: dict[tuple[Any, ...], list[ResultGroup]] = {}
    for group in groups:
        key = tuple(group.settings.get(name) for name in ("model", "quant", "model_sha256"))
        models.setdefault(key, []).append(group)
    names = [key[:2] for key in models]
    for key, rows in models.items():
        name = " ".join(one_line(str(part)) for part in key[:2] if part)
        yield name + (f" (file {one_line(str(key[2]), 8)})" if names.count(key[:2]) > 1 else ""), rows


def _heading(name: str, rows: Sequence[ResultGroup]) -> str:
    """A figure's name with its k. If a run is not finished, Avg@k has the most samples a problem has, and pass@k and
    maj@k the fewest, since they need as many of every problem."""
    ks = {
        "avg": {row.metrics.k for row in rows},
        "pass": {max(row.metrics.pass_at, default=1) for row in rows},
        "maj": {max(row.metrics.maj_at, default=1) for row in rows},
    }.get(name)
    if ks is None:
        return name
    return f"{name.replace('avg', 'Avg')}@{ks.pop() if len(ks) == 1 else 'k'}"


def _cells(group: ResultGroup) -> Mapping[str, str]:
    metrics = group.metrics
    return {
        "results": f"{metrics.samples:,}",
        "avg": percent(metrics.accuracy.value) if metrics.accuracy else "",
        "95 %": interval_text(metrics.accuracy) if metrics.accuracy else "",
        "pass": _of_most(metrics.pass_at),
        "maj": _of_most(metrics.maj_at),
        "think": _mean(metrics.thinking_tokens),
        "solve": _mean(metrics.solution_tokens),
        "total": _mean(metrics.total_tokens),
        "cut": percent(metrics.share_cut, 0),
        "answer": percent(metrics.share_answered, 0),
        "off": percent(metrics.length_deviation, 0),
    }


def _of_most(shares: Mapping[int, Share]) -> str:
    """The share of the largest k above 1: that of 1 is the mean."""
    k = max(shares, default=1)
    return percent(shares[k].value) if k > 1 else ""


def _mean(count: float | None) -> str:
    return "" if count is None else f"{count:,.0f}"


def _notes(rows: Sequence[ResultGroup]) -> Iterator[str]:
    """What the columns leave out, a line each."""
    first = rows[0].metrics
    fewest, most = (extreme(row.metrics.problems for row in rows) for extreme in (min, max))
    count = plural(most, "problem") if fewest == most else f"{fewest:,} to {most:,} problems"
    if all(row.metrics.samples == most * first.k for row in rows) and first.k > 1:
        count += f" × {first.k} samples"
    yield f"{count}; accuracies, cut and answer in per cent, tokens as means"
    if any(row.metrics.length_deviation is not None for row in rows):
        yield "off: mean of |used − asked| / asked for prompted lengths, in per cent"
    if unneeded := [result for row in rows for result in row.unneeded]:
        tokens = cost_of(unneeded).total
        yield f"left out: {plural(len(unneeded), 'sample')} of {tokens:,} tokens that the votes did not need"
    if errors := sum(row.metrics.errors for row in rows):
        yield f"{errors:,} could not be run and count as wrong; --failures says why"
    if timeouts := sum(row.timeouts for row in rows):
        yield f"{timeouts:,} answers took too long to compare and count as wrong"
    if len(rows) == 1:
        for name, shares, least in (("pass", first.pass_at, 3), ("maj", first.maj_at, 2)):
            if len(shares) >= least:
                yield f"{name}@k: " + ", ".join(f"{k}: {percent(share.value)}" for k, share in shares.items())
