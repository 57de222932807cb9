"""Figures of runs as text: what a batch would take, and what result files hold."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TextIO

from thinkcap.show.progress import duration
from thinkcap.text import is_unicode, one_line, printable

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from thinkcap.runs.estimate import Estimate
    from thinkcap.runs.metrics import Estimate as Share
    from thinkcap.runs.report import Group

SPOKEN = {
    "thinking": "budget",
    "solution": "solution budget",
    "min_thinking": "least",
    "time_limit": "seconds",
    "style": "cut",
    "prompt_mode": "told",
    "think_start": "opens",
    "think_end": "closes",
    "loop_guard": "loop guard",
    "model_sha256": "file",
    "until_sure": "sure",
    "depths_of": "depths of",
}
"""What a setting is called in a report, where its own name would not do."""


MOST_SHOWN = 2_000
"""Characters of a problem that a list of failures shows: one that was too long to be run fills screens."""


def estimate_lines(estimate: Estimate, problems: int, samples: int, results: int, model: str) -> list[str]:
    """What a batch or a sweep would take, a line each; `results` counts those that are there already, too."""
    answers = results // (problems * samples)
    several = f" × {answers} answers" if answers > 1 else ""
    there = results - estimate.results
    sampled = estimate.thinking_tokens + estimate.solution_tokens
    memory = f"weights {_bytes(estimate.weights_bytes)}"
    if estimate.kv_bytes is not None:
        memory += f", KV cache {_bytes(estimate.kv_bytes)} for {estimate.parallel} at once"
    return [
        f"model     {printable(model)}",
        f"problems  {problems:,} × {samples} sample{'s' * (samples > 1)}{several} = {results:,} results"
        + (f", {there:,} of them there already" if there else ""),
        f"tokens    at most {sampled:,} sampled ({estimate.thinking_tokens:,} thinking, "
        f"{estimate.solution_tokens:,} solution), about {estimate.prompt_tokens:,} of prompts",
        f"memory    {memory}",
        f"time      {_time(estimate)}",
    ]


def _time(estimate: Estimate) -> str:
    if estimate.seconds is None:
        return "not known before it runs on the GPU"
    most = f"at most about {duration(estimate.seconds)} at the speed this machine shows now"
    if estimate.usual_seconds is None:
        return most
    return f"about {duration(estimate.usual_seconds)} with solutions of the usual length, {most}"


def _bytes(count: int) -> str:
    return f"{count / 1e9:.1f} GB" if count >= 1e9 else f"{count / 1e6:.0f} MB"


def print_report(groups: Sequence[Group], file: TextIO, by: str | None = None) -> None:
    """A table for each model, a row for each budget; columns that don't fit the terminal (else 80) are left out."""
    from rich.measure import Measurement
    from rich.text import Text

    console = console_on(file)
    unbounded = console.options.update(max_width=10_000)
    for heading, rows in _by_model(groups):
        console.print(Text(heading, "bold"), soft_wrap=True)
        hidden: list[str] = []
        for name in ("", *(_FIRST_TO_GO if by is None else _FIRST_TO_GO_OF_PARTS)):
            hidden.append(name)
            table = _table(rows, by, hidden, file.encoding)
            if Measurement.get(console, unbounded, table).maximum <= console.width:
                break
        console.print(table)
        for note in _notes(rows):
            print_note(console, note)
        console.print()


def console_on(file: TextIO) -> Console:
    """A console that shows text as it is, and honours NO_COLOR."""
    from thinkcap.show.console import SafeConsole

    return SafeConsole(file)


def print_note(console: Console, note: str) -> None:
    """A line below a table; on a terminal it breaks between words, elsewhere it stays one line."""
    from rich.text import Text

    console.print(Text(note, "dim"), soft_wrap=not console.is_terminal)


def plain_table(encoding: str) -> Table:
    """An empty table with a line below its headings and no other."""
    from rich import box
    from rich.table import Table

    kind = box.SIMPLE_HEAD if is_unicode(encoding) else box.ASCII2
    return Table(box=kind, show_edge=False, pad_edge=False, padding=(0, 1, 0, 0))


def _table(rows: Sequence[Group], by: str | None, hidden: Sequence[str], encoding: str) -> Table:
    from rich.text import Text

    table = plain_table(encoding)
    differing = varying([row.settings for row in rows])
    table.add_column("budget", justify="right", no_wrap=True)
    for name in differing:
        table.add_column(SPOKEN.get(name, name), overflow="ellipsis")
    if by is not None:
        table.add_column(printable(by), overflow="ellipsis")
    cells = [_cells(row) for row in rows]
    shown = [name for name in cells[0] if name not in hidden and any(row[name] for row in cells)]
    for name in shown:
        table.add_column(_heading(name, rows), justify="right", no_wrap=True)
    for row, figures in zip(rows, cells, strict=True):
        table.add_row(
            Text(value_text(row.settings.get("thinking"))),
            *(Text(value_text(row.settings.get(name))) for name in differing),
            *([Text(one_line(row.by or "", 24))] if by is not None else []),
            *(Text(figures[name]) for name in shown),
        )
    return table


_FIRST_TO_GO = ("total", "results", "answer", "solve", "maj", "pass", "cut")
_FIRST_TO_GO_OF_PARTS = ("total", "answer", "solve", "maj", "pass", "cut", "results")


def _by_model(groups: Sequence[Group]) -> Iterator[tuple[str, list[Group]]]:
    """Each model's groups under a heading of what they have in common."""
    models: dict[tuple[Any, ...], list[Group]] = {}
    for group in groups:
        key = tuple(group.settings.get(name) for name in ("model", "quant", "model_sha256"))
        models.setdefault(key, []).append(group)
    names = [key[:2] for key in models]
    for key, rows in models.items():
        name = " ".join(one_line(str(part)) for part in key[:2] if part)
        if names.count(key[:2]) > 1:
            name += f" (file {str(key[2])[:8]})"
        yield name, rows


def varying(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """The settings beside the budget in which the rows differ."""
    names = dict.fromkeys(name for row in rows for name in row)
    return [name for name in names if name != "thinking" and len({str(row.get(name)) for row in rows}) > 1]


def _heading(name: str, rows: Sequence[Group]) -> str:
    """A figure's name with its k. Where a run is not finished, Avg@k has the most samples a problem has, and pass@k and
    maj@k the fewest, since they need as many of every problem."""
    largest = {
        "avg": ("Avg", {row.metrics.k for row in rows}),
        "pass": ("pass", {max(row.metrics.pass_at, default=1) for row in rows}),
        "maj": ("maj", {max(row.metrics.maj_at, default=1) for row in rows}),
    }
    if name not in largest:
        return name
    spoken, ks = largest[name]
    return f"{spoken}@{ks.pop()}" if len(ks) == 1 else f"{spoken}@k"


def _cells(group: Group) -> Mapping[str, str]:
    metrics = group.metrics
    return {
        "results": f"{metrics.samples:,}",
        "avg": percent(metrics.accuracy.value) if metrics.accuracy else "",
        "95 %": f"{100 * metrics.accuracy.low:.1f}–{100 * metrics.accuracy.high:.1f}" if metrics.accuracy else "",
        "pass": _at_most(metrics.pass_at),
        "maj": _at_most(metrics.maj_at),
        "think": _tokens(metrics.thinking_tokens),
        "solve": _tokens(metrics.solution_tokens),
        "total": _tokens(metrics.total_tokens),
        "cut": percent(metrics.share_cut, 0),
        "answer": percent(metrics.share_answered, 0),
        "off": percent(metrics.length_deviation, 0),
    }


def _at_most(shares: Mapping[int, Share]) -> str:
    """The share of the largest k above 1, where it means something else than the mean."""
    k = max(shares, default=1)
    return percent(shares[k].value) if k > 1 else ""


def percent(share: float | None, digits: int = 1) -> str:
    return "" if share is None else f"{100 * share:.{digits}f}"


def _tokens(count: float | None) -> str:
    return "" if count is None else f"{count:,.0f}"


def value_text(value: Any) -> str:
    return "none" if value is None else one_line(str(value), 24)


def _notes(rows: Sequence[Group]) -> Iterator[str]:
    """What the columns leave out, a line each."""
    first = rows[0].metrics
    sizes = {row.metrics.problems for row in rows}
    fewest, most = min(sizes), max(sizes)
    count = f"{most:,} problem{'s' * (most > 1)}" if fewest == most else f"{fewest:,} to {most:,} problems"
    if all(row.metrics.samples == most * first.k for row in rows) and first.k > 1:
        count += f" × {first.k} samples"
    yield f"{count}; accuracies, cut and answer in per cent, tokens as means"
    if any(row.metrics.length_deviation is not None for row in rows):
        yield "off: mean of |used − asked| / asked for prompted lengths, in per cent"
    if errors := sum(row.metrics.errors for row in rows):
        yield f"{errors:,} could not be run and count as wrong; --failures says why"
    if timeouts := sum(row.timeouts for row in rows):
        yield f"{timeouts:,} answers took too long to compare and count as wrong"
    if len(rows) == 1 and len(first.pass_at) > 2:
        yield "pass@k: " + ", ".join(f"{k}: {percent(share.value)}" for k, share in first.pass_at.items())
    if len(rows) == 1 and len(first.maj_at) > 1:
        yield "maj@k: " + ", ".join(f"{k}: {percent(share.value)}" for k, share in first.maj_at.items())


def failure_lines(record: Mapping[str, Any], reason: str, width: int) -> Iterator[str]:
    """One result that went wrong: the problem, the whole thought, the solution, and what was expected."""
    title = f"── {one_line(record['id'])}, sample {record['sample']}: {reason} "
    yield title + "─" * max(2, width - len(title))
    problem = printable(record["problem"])
    yield problem if len(problem) <= MOST_SHOWN else f"{problem[:MOST_SHOWN]} … ({len(problem):,} characters)"
    if "error" in record:
        yield ""
        yield printable(record["error"])
    else:
        limit = record["budget"].get("thinking")
        of = "" if limit is None else f" of {limit}"
        yield ""
        yield f"thinking, {record['thinking_tokens']}{of} tokens, {printable(record['stop_reason'])}:"
        yield printable(record["thinking"]).strip()
        yield ""
        yield f"solution, {record['solution_tokens']} tokens, {printable(record['finish_reason'])}:"
        yield printable(record["solution"]).strip()
        yield ""
        answer, expected = (one_line(record.get(name) or "none") for name in ("answer", "expected"))
        yield f"answer {answer}, expected {expected}"
    yield ""
