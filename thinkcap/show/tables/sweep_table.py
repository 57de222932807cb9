"""One problem's answers at several budgets, as a table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TextIO

from rich.text import Text

from thinkcap.engine.outcome import Outcome
from thinkcap.runs.cost import cost_of
from thinkcap.runs.metrics import total_tokens
from thinkcap.show.console import SafeConsole
from thinkcap.show.tables.table import add_figures, plain_table, print_note
from thinkcap.show.wording import ANSWER_LENGTH, budget_text, end_text
from thinkcap.text import one_line


def print_sweep(outcomes: Sequence[Outcome], file: TextIO) -> None:
    """A row for each sample and budget, and what all of them took."""
    console = SafeConsole(file)
    table = plain_table()
    sampled, judged = any(outcome.sample for outcome in outcomes), any(o.correct is not None for o in outcomes)
    add_figures(table, *(["sample"] if sampled else []), "budget", "thinking", "solution")
    table.add_column("thought")
    table.add_column("answer", overflow="ellipsis", no_wrap=True)
    if judged:
        table.add_column("correct", no_wrap=True)
    for outcome in outcomes:
        end = end_text(outcome.stop_reason)
        table.add_row(
            *([str(outcome.sample)] if sampled else []),
            budget_text(outcome.budget.thinking),
            str(outcome.thinking_tokens),
            str(outcome.solution_tokens),
            f"{end}, shared" if outcome.shared else end,
            Text(one_line(outcome.answer or "none", ANSWER_LENGTH), "" if outcome.answer else "dim"),
            *([Text("yes", "green") if outcome.correct else Text("no", "red")] if judged else []),
        )
    console.print(table)
    alone = sum(map(total_tokens, outcomes))
    print_note(console, f"{cost_of(outcomes).total:,} tokens; separate runs for each budget would take {alone:,}")
