"""The commands of a conversation as a table."""

from __future__ import annotations

from typing import TextIO

from thinkcap.runs.slash_commands import SlashCommands
from thinkcap.show.console import SafeConsole
from thinkcap.show.tables.table import print_note

NOTE = (
    "A setting holds for the thoughts to come; without a value its command shows it. The beginning of a name, or of a "
    "word in it, is enough: /style. Ctrl-C ends the thinking and answers, a second one ends the answer too. "
    "A line that ends in a backslash goes on in the next."
)


def print_commands(commands: SlashCommands, file: TextIO) -> None:
    """A row for each command, with an example of it."""
    from rich.table import Table

    console = SafeConsole(file)
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True)
    table.add_column()
    for command in commands:
        table.add_row(command.example, command.help)
    console.print(table)
    console.print()
    print_note(console, NOTE)
