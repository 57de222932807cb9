"""What all tables have in common."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from thinkcap.runs.intervals import Share


def plain_table() -> Table:
    """An empty table with a line below its headings and no other."""
    return Table(box=box.SIMPLE_HEAD, safe_box=False, show_edge=False, pad_edge=False, padding=(0, 1, 0, 0))


def add_figures(table: Table, *headings: str) -> None:
    """Adds columns of numbers."""
    for heading in headings:
        table.add_column(heading, justify="right", no_wrap=True)


def print_note(console: Console, note: str) -> None:
    """A line below a table; on a terminal it breaks between words, elsewhere it stays one line."""
    console.print(Text(note, "dim"), soft_wrap=not console.is_terminal)


def interval_text(share: Share) -> str:
    """A 95 % interval in per cent."""
    return f"{100 * share.low:.1f}–{100 * share.high:.1f}"


def differing(settings: Sequence[Mapping[str, Any]]) -> list[str]:
    """The settings other than the budget in which several rows differ."""
    names = dict.fromkeys(name for each in settings for name in each)
    return [name for name in names if name != "thinking" and len({str(each.get(name)) for each in settings}) > 1]
