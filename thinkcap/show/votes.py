"""Votes as text: which answers were given how often, and what votes cost against single thoughts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TextIO

from thinkcap.show.figures import ANSWER_LENGTH, SEPARATOR
from thinkcap.show.tables import SPOKEN, console_on, percent, plain_table, print_note, value_text, varying
from thinkcap.text import is_unicode, one_line

if TYPE_CHECKING:
    from thinkcap.grading import Vote
    from thinkcap.runs.cost import Cost
    from thinkcap.runs.methods import Method

FULL = 20
"""Cells of a bar that stands for all votes."""


def vote_lines(vote: Vote, encoding: str | None) -> list[str]:
    """A line for each answer: its share as a bar and in per cent, its votes, the answer."""
    rows = [(group.answer, len(group.members)) for group in vote.groups]
    silent = vote.voters - sum(count for _, count in rows)
    full, wide = "█" if is_unicode(encoding) else "#", len(str(vote.voters))
    lines = [
        f"{full * round(FULL * count / vote.voters):<{FULL}} {100 * count / vote.voters:5.1f} % "
        f"{count:>{wide}}  {one_line(answer, ANSWER_LENGTH)}"
        for answer, count in rows
    ]
    if silent:
        lines.append(f"{'':<{FULL}} {100 * silent / vote.voters:5.1f} % {silent:>{wide}}  no answer")
    return lines


def vote_figures(vote: Vote, cost: Cost, expected: str | None, correct: bool | None) -> str:
    """One line: the winner and whether it is right, its votes, and what all of it cost."""
    winner = f"answer {one_line(vote.winner, ANSWER_LENGTH)}" if vote.winner else "no answer"
    if correct is not None:
        winner += ", correct" if correct else f", wrong: expected {one_line(expected or '', ANSWER_LENGTH)}"
    votes = len(vote.groups[0].members) if vote.groups else 0
    pieces = [
        winner,
        f"{votes} of {vote.voters} votes",
        f"thinking {cost.thinking:,}",
        f"injected {cost.injected:,}",
        f"solutions {cost.solution:,}",
    ]
    if cost.probes:
        pieces.append(f"early answers {cost.probes:,}")
    return SEPARATOR.join([*pieces, f"total {cost.total:,} tokens"])


def vote_record(vote: Vote, cost: Cost, expected: str | None, correct: bool | None) -> dict[str, Any]:
    """The vote as JSON."""
    return {
        "answer": vote.winner,
        "share": vote.share,
        "voters": vote.voters,
        "groups": [
            {"answer": group.answer, "votes": len(group.members), "share": share}
            for group, share in zip(vote.groups, vote.shares, strict=True)
        ],
        "expected": expected,
        "correct": correct,
        "thinking_tokens": cost.thinking,
        "injected_tokens": cost.injected,
        "solution_tokens": cost.solution,
        "probe_tokens": cost.probes,
        "total_tokens": cost.total,
    }


def print_methods(methods: Sequence[Method], file: TextIO) -> None:
    """A table of ways to spend tokens, from the cheapest to the dearest."""
    from rich.text import Text

    console = console_on(file)
    if not methods:
        console.print(
            Text("No vote can be judged: no problem has an expected answer and verdicts for all its results.")
        )
        return
    hidden = ("depths", "answers")
    differing = [name for name in varying([method.settings for method in methods]) if name not in hidden]
    table = plain_table(file.encoding)
    table.add_column("budget", justify="right", no_wrap=True)
    for name in differing:
        table.add_column(SPOKEN.get(name, name), overflow="ellipsis")
    table.add_column("method", no_wrap=True)
    for name in ("right", "95 %", "tokens"):
        table.add_column(name, justify="right", no_wrap=True)
    for method in methods:
        accuracy = method.accuracy
        interval = f"{100 * accuracy.low:.1f}–{100 * accuracy.high:.1f}"
        table.add_row(
            Text(value_text(method.settings.get("thinking"))),
            *(Text(value_text(method.settings.get(name))) for name in differing),
            Text(method.name),
            Text(percent(accuracy.value)),
            Text(interval),
            Text(f"{method.tokens:,.0f}"),
        )
    console.print(table)
    note = (
        "right: problems whose answer, or largest vote, is right, in per cent; tokens: mean of a problem, all answers"
    )
    print_note(console, f"{note} together, a shared thought once")
    console.print()
