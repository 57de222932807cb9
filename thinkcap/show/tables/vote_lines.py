"""One problem's vote as text and as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from thinkcap.show.wording import ANSWER_LENGTH, SEPARATOR, plural, verdict
from thinkcap.text import one_line

if TYPE_CHECKING:
    from thinkcap.grading import Vote
    from thinkcap.runs.cost import Cost

FULL = 20
"""Cells of a bar that means all votes."""


def vote_lines(vote: Vote) -> list[str]:
    """A line for each answer: its share as a bar and in per cent, its votes, the answer."""
    wide = len(str(vote.voters))

    def line(bar: str, share: float, count: int, answer: str) -> str:
        return f"{bar:<{FULL}} {100 * share:5.1f} % {count:>{wide}}  {answer}"

    lines = [
        line("█" * round(FULL * share), share, len(group.members), one_line(group.answer, ANSWER_LENGTH))
        for group, share in zip(vote.groups, vote.shares, strict=True)
    ]
    silent = vote.voters - sum(len(group.members) for group in vote.groups)
    return [*lines, line("", 1 - sum(vote.shares), silent, "no answer")] if silent else lines


def vote_figures(vote: Vote, cost: Cost, expected: str | None, correct: bool | None, unneeded: int = 0) -> str:
    """One line: the winner and whether it is right, its votes, and what all of it cost, samples that turned out to be
    unneeded included."""
    votes = len(vote.groups[0].members) if vote.groups else 0
    pieces = [
        verdict(vote.winner, expected, correct),
        f"{votes} of {vote.voters} votes",
        *([f"{plural(unneeded, 'sample')} not needed"] if unneeded else []),
        f"thinking {cost.thinking:,}",
        f"injected {cost.injected:,}",
        f"solutions {cost.solution:,}",
        *([f"forced answers {cost.probes:,}"] if cost.probes else []),
        f"total {cost.total:,} tokens",
    ]
    return SEPARATOR.join(pieces)


def vote_record(
    vote: Vote, cost: Cost, expected: str | None, correct: bool | None, unneeded: int = 0
) -> dict[str, Any]:
    """The vote as JSON."""
    return {
        "answer": vote.winner,
        "share": vote.share,
        "voters": vote.voters,
        "unneeded": unneeded,
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
