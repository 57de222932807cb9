"""What a result file saves a run with larger budgets: thoughts that ended by themselves need not be run again, and
thoughts that were cut go on from there."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from thinkcap.engine.more import continued, is_settled
from thinkcap.engine.request import Request
from thinkcap.runs.batch import Task
from thinkcap.runs.result import Key, Result
from thinkcap.runs.result_file import read

Limit = int | None
"""A thinking budget, None for no limit."""


@dataclass(frozen=True, slots=True)
class TopUp:
    """What is left to do.

    tasks    the thoughts to run, some of them from where an earlier one was cut
    settled  results under these budgets that earlier thoughts, which ended by themselves, have already
    """

    tasks: list[Task] = field(default_factory=list)
    settled: list[Result] = field(default_factory=list)

    @property
    def continued(self) -> int:
        """How many of the tasks go on from an earlier thought."""
        return sum(task.request.earlier is not None for task in self.tasks)


def top_up(tasks: Sequence[Task], done: Collection[Key], path: str | Path) -> TopUp:
    """Looks up what the tasks that lack results can take over from a file.

    done  the keys of the results in the file
    path  the file

    Raises ThinkcapError as `thinkcap.runs.result_file.read` does.
    """
    held: dict[tuple[str, int], list[Limit]] = defaultdict(list)
    for key in done:
        if key.answer_index == 0:
            held[key.id, key.sample].append(key.thinking)
    found = TopUp()
    wanted: list[tuple[Task, Key]] = []
    for task in tasks:
        for part, smaller in _parts(task, held[task.problem.id, task.request.sample], done):
            if smaller is None:
                found.tasks.append(part)
            else:
                wanted.append((part, smaller))
    earlier = _results({key for _, key in wanted}, path)
    for task, key in wanted:
        _take_over(task, earlier.get(key), found)
    return found


def _parts(task: Task, held: Iterable[Limit], done: Collection[Key]) -> list[tuple[Task, Key | None]]:
    """A task parted by the smaller budget that each of its missing budgets can go on from, with the key of that one's
    result; None if there is none."""
    request = task.request
    if request.answers_per_thought > 1 or request.settings.time_limit is not None:
        return [(task, None)]
    smaller = sorted(held, key=_size)
    groups: dict[Limit | str, list[Limit]] = {}
    for budget in (*request.fork_budgets, request.budget.thinking):
        if Key(request.id, request.sample, budget) not in done:
            below = [each for each in smaller if _size(each) < _size(budget)]
            groups.setdefault(below[-1] if below else "none", []).append(budget)
    return [
        (
            replace(task, request=_forking(request, budgets)),
            None if isinstance(below, str) else Key(request.id, request.sample, below),
        )
        for below, budgets in groups.items()
    ]


def _forking(request: Request, budgets: Sequence[Limit]) -> Request:
    """The request for some of its budgets, in ascending order."""
    *forks, largest = budgets
    kept = tuple(budget for budget in forks if budget is not None)
    return replace(request, settings=replace(request.settings, budget=largest), fork_budgets=kept)


def _results(keys: Collection[Key], path: str | Path) -> Mapping[Key, Result]:
    if not keys:
        return {}
    return {Key.of(result): result for result in read(path) if Key.of(result) in keys and result.error is None}


def _take_over(task: Task, earlier: Result | None, found: TopUp) -> None:
    """Adds to `found` what a task comes to, given the result of the smaller budget."""
    request = task.request
    if earlier is None:
        found.tasks.append(task)
    elif is_settled(earlier) and earlier.prompt_text == request.prompt_text:
        for budget in (*request.fork_budgets, request.budget.thinking):
            found.settled.append(replace(earlier, budget=replace(earlier.budget, thinking=budget), shared=True))
    else:
        found.tasks.append(replace(task, request=continued(request, earlier)))


def _size(budget: Limit) -> float:
    return math.inf if budget is None else budget
