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
    """Solves the tasks of a plan and writes each result that is missing, as soon as it is graded. Returns whether all
    are there.

    A problem that cannot be run gives a result with `error`; what does not fit at the largest budget of a sweep is
    tried at the smaller ones. What Ctrl-C caught in flight is not written: the next run does it again. What the vote
    does not need is written as `unneeded`.
    Raises ThinkcapError if results cannot be written or answers cannot be graded.
    """
    problems = {task.problem.id: task.problem for task in tasks}
    missing = {key for task in tasks for key in task.keys if key not in results.done}
    polls = Polls(plan.vote, plan.samples, grader, results) if plan.vote.stops else None
    queue = GradingQueue(results, grader, watch)

    def on_step(step: Step) -> None:
        queue.write_graded()
        if watch is not None:
            watch.step(step)

    def take(result: Result) -> None:
        missing.remove(Key.of(result))
        if polls is not None:
            if polls.is_decided(result.id):
                result = replace(result, unneeded=True)
            else:
                polls.hear(result)
        queue.put(result)

    requests = [task.request for task in tasks]
    turn = polls.turn if polls is not None else None
    while requests:
        smaller: list[Request] = []
        for outcome in solver.solve_many(requests, parallel=parallel, on_step=on_step, turn=turn):
            if isinstance(outcome, Outcome):
                key = Key.of(outcome)
                caught = is_interrupted(outcome) and not (polls is not None and polls.is_decided(key.id))
                if key in missing and not caught:
                    take(Result.of(outcome, problems[key.id], settings))
            else:
                request = outcome.request
                for key in Key.all_of(replace(request, fork_budgets=())):
                    if key in missing:
                        take(Result.failed(outcome, key.answer_index, problems[key.id], solver, settings))
                if request.fork_budgets:
                    smaller.append(
                        replace(request.with_budget(request.fork_budgets[-1]), fork_budgets=request.fork_budgets[:-1])
                    )
            queue.write_graded()
        answered = {key for request in smaller for key in Key.all_of(request)}
        requests = smaller if missing <= answered else []
    queue.write_all()
    return not missing


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
