"""A batch or a sweep: every problem of a file, solved side by side as its plan says, graded meanwhile, each result
written as it finishes, continued where an earlier run stopped.

Knows problems, results and grading; what solves is handed in (an Engine, or engines on a cluster).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Protocol

from thinkcap.engine.outcome import Outcome
from thinkcap.engine.profile import Profile
from thinkcap.engine.request import Request
from thinkcap.runs.plan import Plan
from thinkcap.runs.polls import Polls
from thinkcap.runs.problems import Problem
from thinkcap.runs.result import Key, Result
from thinkcap.runs.result_file import ResultFile

if TYPE_CHECKING:
    from thinkcap.engine.core import Step
    from thinkcap.engine.outcome import Failure
    from thinkcap.engine.turns import Turn
    from thinkcap.grading import Grader, Verdict


class Solver(Protocol):
    """What solves requests: `thinkcap.engine.engine.Engine`, or `thinkcap.runs.ray_cluster.RayCluster`."""

    @property
    def profile(self) -> Profile: ...

    @property
    def model_sha256(self) -> str: ...

    def solve_many(
        self,
        requests: Iterable[Request],
        *,
        parallel: int | None,
        on_step: Callable[[Step], None] | None,
        turn: Callable[[Request], Turn] | None,
    ) -> Iterator[Outcome | Failure]: ...


class Watch(Protocol):
    """What follows a batch: a bar, lines in a log."""

    def step(self, step: Step) -> None:
        """A step of the engine is over."""

    def result(self, result: Outcome) -> None:
        """A result is there."""


class Results(Protocol):
    """Where results go: a `ResultFile`, or a list.

    done  what is there already
    """

    @property
    def done(self) -> Mapping[Key, int]: ...

    def __iter__(self) -> Iterator[Result]: ...

    def append(self, result: Result) -> None: ...


@dataclass(frozen=True, slots=True)
class Task:
    """One thought about one problem, ready to run."""

    problem: Problem
    request: Request

    @property
    def keys(self) -> list[Key]:
        """The results that it has."""
        return Key.all_of(self.request)


def tasks_of(problems: Sequence[Problem], plan: Plan, profile: Profile) -> list[Task]:
    """All requests of every problem, a problem's one after another so that they share their prompt's KV."""
    return [
        Task(problem, request) for problem in problems for request in plan.requests(profile, problem.text, problem.id)
    ]


def open_tasks(tasks: Sequence[Task], results: ResultFile) -> list[Task]:
    """The tasks that the file lacks results of. Raises UsageError if it has one for another problem of that id."""
    for task in tasks:
        for key in task.keys:
            results.check_problem(key, task.problem.text)
    return [task for task in tasks if any(key not in results.done for key in task.keys)]


def run(
    solver: Solver,
    tasks: Sequence[Task],
    results: Results,
    plan: Plan,
    settings: Mapping[str, Any],
    *,
    grader: Grader,
    parallel: int | None = None,
    watch: Watch | None = None,
) -> bool:
    """Solves the tasks of a plan and writes each missing result as soon as it is graded. Returns whether all are there.

    A problem that cannot be run gives a result with `error`, or results under smaller budgets of a sweep. What Ctrl-C
    caught in flight is not written; what the vote does not need is `unneeded`. Raises ThinkcapError if results cannot
    be written or answers cannot be graded.
    """
    problems = {task.problem.id: task.problem for task in tasks}
    missing = {key for task in tasks for key in task.keys if key not in results.done}
    polls = Polls(plan.vote, plan.samples, grader, _under_budgets(results, tasks))
    queue = GradingQueue(results, grader, watch)

    def on_step(step: Step) -> None:
        queue.write_graded()
        if watch is not None:
            watch.step(step)

    def take(result: Result) -> None:
        missing.remove(Key.of(result))
        if polls.is_decided(result.id):
            result = replace(result, unneeded=True)
        else:
            polls.hear(result)
        queue.put(result)

    requests, turn = [task.request for task in tasks], polls.turn if plan.vote.stops else None
    while requests:
        smaller: list[Request] = []
        for outcome in solver.solve_many(requests, parallel=parallel, on_step=on_step, turn=turn):
            if isinstance(outcome, Outcome):
                if Key.of(outcome) in missing and (polls.is_decided(outcome.id) or not is_interrupted(outcome)):
                    take(Result.of(outcome, problems[outcome.id], settings))
            else:
                for key in [key for key in Key.all_of(replace(outcome.request, fork_budgets=())) if key in missing]:
                    take(Result.failed(outcome, key.answer_index, problems[key.id], solver, settings))
                smaller += _without_largest(outcome.request)
            queue.write_graded()
        requests = smaller if missing <= {key for request in smaller for key in Key.all_of(request)} else []
    queue.write_all()
    return not missing


def _under_budgets(results: Results, tasks: Sequence[Task]) -> Iterator[Result]:
    """The results there are under the budgets of the tasks."""
    budgets = {task.request.budget.thinking for task in tasks}
    return (result for result in results if result.budget.thinking in budgets)


def _without_largest(request: Request) -> list[Request]:
    """The request for the smaller budgets that it forks at, if it does."""
    *smaller, largest = request.fork_budgets or (None,)
    return [] if largest is None else [replace(request.with_budget(largest), fork_budgets=tuple(smaller))]


def is_interrupted(outcome: Outcome) -> bool:
    """Whether Ctrl-C ended it. If it only closed the thought, the answer is whole."""
    return outcome.finish_reason == "interrupted"


class GradingQueue:
    """Results that wait for their verdicts and are written as these come, while the engine goes on."""

    def __init__(self, results: Results, grader: Grader, watch: Watch | None) -> None:
        self._results = results
        self._grader = grader
        self._watch = watch
        self._waiting: list[tuple[Result, Future[Verdict]]] = []

    def put(self, result: Result) -> None:
        """Has a result graded, if an answer is expected and its vote counts, and written."""
        if result.expected is None or result.error is not None or result.unneeded:
            self._write(result)
        else:
            self._waiting.append((result, self._grader.submit(result.answer, result.expected)))

    def write_graded(self) -> None:
        """Writes what is graded by now."""
        waiting, self._waiting = self._waiting, []
        for result, verdict in waiting:
            if verdict.done():
                self._write(result.with_verdict(verdict.result()))
            else:
                self._waiting.append((result, verdict))

    def write_all(self) -> None:
        """Waits for the verdicts and writes the rest."""
        while self._waiting:
            result, verdict = self._waiting.pop(0)
            self._write(result.with_verdict(verdict.result()))

    def _write(self, result: Result) -> None:
        self._results.append(result)
        if self._watch is not None:
            self._watch.result(result)
