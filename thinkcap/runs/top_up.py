"""What a result file saves a run with larger budgets: thoughts that ended by themselves need not be run again, and
thoughts that were cut go on from there."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from thinkcap.engine.more import continued, is_settled
from thinkcap.engine.request import Request
from thinkcap.runs.batch import Task
from thinkcap.runs.result import Result

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


def top_up(tasks: Sequence[Task], results: Iterable[Result]) -> TopUp:
    """Looks up what tasks that lack results can take over from the results there are."""
    open_thoughts = {(task.problem.id, task.request.sample) for task in tasks}
    held: dict[tuple[str, int], dict[Limit, Result]] = defaultdict(dict)
    for result in results:
        if (result.id, result.sample) in open_thoughts and not (result.answer_index or result.unneeded):
            held[result.id, result.sample][result.budget.thinking] = result
    found = TopUp()
    for task in tasks:
        for part, earlier in _parts(task, held[task.problem.id, task.request.sample]):
            _take_over(part, earlier, found)
    return found


def _parts(task: Task, held: Mapping[Limit, Result]) -> list[tuple[Task, Result | None]]:
    """A task parted by the result from which its missing budgets can go on: that of the largest smaller budget."""
    request = task.request
    if request.answers_per_thought > 1 or request.settings.time_limit is not None:
        return [(task, None)]
    groups: dict[float, list[Limit]] = {}
    sizes = {_size(each): result for each, result in held.items() if result.error is None}
    for budget in (*request.fork_budgets, request.budget.thinking):
        if budget not in held:
            smaller = max((size for size in sizes if size < _size(budget)), default=-1)
            groups.setdefault(smaller, []).append(budget)
    return [
        (replace(task, request=_forking(request, budgets)), sizes.get(smaller)) for smaller, budgets in groups.items()
    ]


def _forking(request: Request, budgets: Sequence[Limit]) -> Request:
    """The request for some of its budgets, in ascending order."""
    *forks, largest = budgets
    kept = tuple(budget for budget in forks if budget is not None)
    return replace(request, settings=replace(request.settings, budget=largest), fork_budgets=kept)


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
