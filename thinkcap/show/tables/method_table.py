"""What votes cost against single thoughts, as a table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TextIO

from rich.text import Text

from thinkcap.runs.methods import Method
from thinkcap.show.console import SafeConsole
from thinkcap.show.tables.table import add_figures, differing, interval_text, plain_table, print_note
from thinkcap.show.wording import SETTINGS, percent, setting_text

IN_NAME = ("depths", "answers", "vote_by", "vote_until", "vote_first")
"""Settings that a method's name says."""


def print_methods(methods: Sequence[Method], file: TextIO) -> None:
    """A table of ways to spend tokens, from the cheapest to the dearest."""
    console = SafeConsole(file)
    if not methods:
        console.print("No vote can be judged: no problem has an expected answer and verdicts for all its results.")
        return
    names = [name for name in differing([each.settings for each in methods]) if name not in IN_NAME]
    table = plain_table()
    add_figures(table, "budget")
    for name in names:
        table.add_column(Text(SETTINGS.get(name, name)), overflow="ellipsis")
    table.add_column("method", no_wrap=True)
    add_figures(table, "right", "95 %", "tokens")
    for method in methods:
        table.add_row(
            *(Text(setting_text(name, method.settings.get(name))) for name in ("thinking", *names)),
            method.name,
            percent(method.accuracy.value),
            interval_text(method.accuracy),
            f"{method.tokens:,.0f}",
        )
    console.print(table)
    print_note(
        console,
        "right: problems whose answer, or heaviest vote, is right, in per cent; tokens: mean of a problem, all answers "
        "together, cancelled ones too, a shared thought once",
    )
    console.print()
