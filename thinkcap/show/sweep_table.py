"""One problem's answers at several budgets, as a table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, TextIO

from thinkcap.show.figures import ANSWER_LENGTH
from thinkcap.show.tables import console_on, plain_table
from thinkcap.text import one_line

if TYPE_CHECKING:
    from thinkcap.engine.outcome import Outcome


def print_sweep(outcomes: Sequence[Outcome], file: TextIO) -> None:
    """A row for each sample and budget, and what all of them took."""
    from rich.text import Text

    from thinkcap.runs.cost import cost_of
    from thinkcap.runs.metrics import total_tokens

    console = console_on(file)
    table = plain_table(file.encoding)
    sampled, judged = any(outcome.sample for outcome in outcomes), any(o.correct is not None for o in outcomes)
    for name in (*(["sample"] if sampled else []), "budget", "thinking", "solution"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("thought ended", no_wrap=True)
    table.add_column("answer", overflow="ellipsis", no_wrap=True)
    if judged:
        table.add_column("correct")
    for outcome in outcomes:
        verdict = Text("yes", "green") if outcome.correct else Text("no", "red")
        table.add_row(
            *([str(outcome.sample)] if sampled else []),
            "none" if outcome.budget.thinking is None else str(outcome.budget.thinking),
            str(outcome.thinking_tokens),
            str(outcome.solution_tokens),
            f"{outcome.stop_reason}, shared" if outcome.shared else outcome.stop_reason,
            Text(one_line(outcome.answer or "none", ANSWER_LENGTH), "" if outcome.answer else "dim"),
            *([verdict] if judged else []),
        )
    console.print(table)
    records = [outcome.to_dict() for outcome in outcomes]
    apart = sum(map(total_tokens, records))
    console.print(
        Text(f"{cost_of(records).total:,} tokens; each budget on its own would take {apart:,}", "dim"), soft_wrap=True
    )
