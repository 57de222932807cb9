"""What result files hold: read, graded again if asked, grouped, and compared as ways to spend tokens.

show/ makes tables and plots of it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from thinkcap.errors import ThinkcapError
from thinkcap.runs.groups import ResultGroup, group, settings_of
from thinkcap.runs.methods import Method, has_votes, methods
from thinkcap.runs.polls import VoteBy
from thinkcap.runs.result import Key, Result
from thinkcap.runs.result_file import read

if TYPE_CHECKING:
    from thinkcap.grading import Grader, Verdict

AHEAD = 64
"""Comparisons handed to the grader before the first is waited for."""


@dataclass(frozen=True, slots=True)
class Report:
    """What result files come to.

    results  all of them
    groups   by model, budget and settings
    methods  the ways to spend tokens that the results allow to compare; None if that was not asked for
    changed  how many verdicts are others than in the files; None if nothing was graded again
    """

    results: list[Result]
    groups: list[ResultGroup]
    methods: list[Method] | None = None
    changed: int | None = None

    @property
    def failures(self) -> list[Result]:
        """The results that went wrong: could not be run, or gave another answer than expected, or none."""
        return [result for result in self.results if result.error is not None or result.correct is False]

    def to_dict(self) -> dict[str, Any]:
        """The figures as JSON, without the results."""
        figures: dict[str, Any] = {"groups": [group.to_dict() for group in self.groups]}
        if self.methods is not None:
            figures["methods"] = [method.to_dict() for method in self.methods]
        if self.changed is not None:
            figures["changed"] = self.changed
        return figures


def make_report(
    paths: Iterable[str | Path],
    *,
    by: str | None = None,
    votes: bool = False,
    vote_by: VoteBy | None = None,
    again: bool = False,
) -> Report:
    """Reads result files and works their figures out.

    by       split the groups by this field of the problems or the results
    votes    compare ways to spend tokens; done in any case if there were votes over depths or votes that ended early
    vote_by  how votes are weighed; None weighs them as their run did
    again    read the answers out of the solutions and grade them again; the files stay as they are

    Raises ThinkcapError if there are no results, UsageError if none has the field `by`.
    """
    from thinkcap.grading import Grader

    results = read_all(paths)
    with Grader() as grader:
        changed = None
        if again:
            results, changed = regrade(results, grader)
        groups = group(results, by, grader)
        votes = votes or vote_by is not None or any(map(has_votes, groups))
        return Report(results, groups, methods(groups, grader, vote_by) if votes else None, changed)


def read_all(paths: Iterable[str | Path]) -> list[Result]:
    """The results of several files; of one that is there twice, the last. Raises ThinkcapError if there are none."""
    paths = list(paths)
    found = {(settings_of(result), Key.of(result)): result for path in paths for result in read(path)}
    if not found:
        raise ThinkcapError(f"{' and '.join(map(str, paths))} holds no results yet: run a batch first.")
    return list(found.values())


def regrade(results: Sequence[Result], grader: Grader) -> tuple[list[Result], int]:
    """The results with every answer read out of its solution again and compared, and how many verdicts changed."""
    from thinkcap.grading import answer_in

    graded: list[Result] = []
    waiting: deque[tuple[Result, Future[Verdict] | None]] = deque()
    for result in [*results, None]:
        while waiting and (result is None or len(waiting) >= AHEAD):
            earlier, verdict = waiting.popleft()
            graded.append(earlier.with_verdict(verdict.result()) if verdict is not None else earlier)
        if result is not None and result.error is None and result.expected is not None:
            expected = result.expected
            result = replace(result, answer=answer_in(result.solution))
            waiting.append((result, grader.submit(result.answer, expected)))
        elif result is not None:
            waiting.append((result, None))
    return graded, sum(before.correct is not after.correct for before, after in zip(results, graded, strict=True))


def reason(result: Result) -> str:
    """What went wrong with one of the failures, in a few words."""
    if result.error is not None:
        return "not run"
    if not result.answer:
        return "no answer, the solution was cut" if result.finish_reason == "length" else "no answer"
    if result.verdict == "timeout":
        return "the comparison took too long"
    return "wrong after its thought was cut" if result.stop_reason != "natural" else "wrong"
