"""A batch or a sweep: every problem of a file, solved as its plan says, side by side, graded beside that, written as
the results finish, continued where an earlier run stopped.

Knows problems, records and grading; what solves is handed in (an Engine, or engines on a cluster).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Protocol

import thinkcap
from thinkcap.engine.outcome import Outcome
from thinkcap.engine.profile import Profile
from thinkcap.engine.request import Request
from thinkcap.runs.key import Key
from thinkcap.runs.plan import Plan, budget_record
from thinkcap.runs.problems import Problem
from thinkcap.runs.records import Record, ResultFile

if TYPE_CHECKING:
    from thinkcap.engine.core import Step
    from thinkcap.engine.outcome import Failure
    from thinkcap.grading import Grader, Verdict


class Solver(Protocol):
    """What solves requests: `thinkcap.engine.engine.Engine`, or `thinkcap.runs.cluster.Cluster`."""

    @property
    def profile(self) -> Profile: ...

    @property
    def model_sha256(self) -> str: ...

    def solve_many(
        self, requests: Iterable[Request], *, parallel: int | None, on_step: Callable[[Step], None] | None
    ) -> Iterator[Outcome | Failure]: ...


class Watch(Protocol):
    """What is told how a batch goes: a bar, lines in a log, nothing."""

    def step(self, step: Step) -> None:
        """A step of the engine is over."""

    def result(self, record: Record) -> None:
        """A result was written."""


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
    """The tasks that the file does not have all results of. Raises UsageError where it has one for another problem of
    that id."""
    for task in tasks:
        for key in task.keys:
            results.check_problem(key, task.problem.text)
    return [task for task in tasks if any(key not in results.done for key in task.keys)]


def run(
    solver: Solver,
    tasks: Sequence[Task],
    results: ResultFile,
    settings: Mapping[str, Any],
    *,
    grader: Grader,
    parallel: int | None = None,
    watch: Watch | None = None,
) -> bool:
    """Solves the tasks and writes a record for each result that is missing, as soon as it is graded. Returns whether
    all are there.

    A problem that cannot be run becomes a record with `error`; what does not fit at the largest budget of a sweep is
    tried at the smaller ones. What Ctrl-C caught in flight is not written: it is done again when the run is continued.
    Raises ThinkcapError where records cannot be written or answers not be graded.
    """
    problems = {task.problem.id: task.problem for task in tasks}
    missing = {key for task in tasks for key in task.keys if key not in results.done}
    desk = _Desk(results, settings, grader, watch)

    def on_step(step: Step) -> None:
        desk.clear()
        if watch is not None:
            watch.step(step)

    requests = [task.request for task in tasks]
    while requests:
        smaller: list[Request] = []
        for result in solver.solve_many(requests, parallel=parallel, on_step=on_step):
            if isinstance(result, Outcome):
                key = Key.of_outcome(result)
                interrupted = "interrupted" in (result.stop_reason, result.finish_reason)
                if key in missing and not interrupted:
                    missing.remove(key)
                    desk.take(result, problems[key.id])
            else:
                request = result.request
                for key in Key.all_of(replace(request, fork_budgets=())):
                    if key in missing:
                        missing.remove(key)
                        desk.write(_failed(solver, result, key.answer_index, problems[key.id]))
                if request.fork_budgets:
                    smaller.append(
                        replace(request.with_budget(request.fork_budgets[-1]), fork_budgets=request.fork_budgets[:-1])
                    )
            desk.clear()
        answered = {key for request in smaller for key in Key.all_of(request)}
        requests = smaller if missing <= answered else []
    desk.clear(wait=True)
    return not missing


class _Desk:
    """Where outcomes wait for their verdicts, without anybody waiting for them."""

    def __init__(self, results: ResultFile, settings: Mapping[str, Any], grader: Grader, watch: Watch | None) -> None:
        self._results = results
        self._settings = dict(settings)
        self._grader = grader
        self._watch = watch
        self._waiting: list[tuple[Record, Future[Verdict]]] = []

    def take(self, outcome: Outcome, problem: Problem) -> None:
        """Has an outcome graded, where an answer is expected, and written."""
        record = outcome.to_dict() | {"problem": problem.text, "expected": problem.expected, "extra": {**problem.extra}}
        if problem.expected is None:
            self.write(record)
        else:
            self._waiting.append((record, self._grader.submit(outcome.answer, problem.expected)))

    def clear(self, wait: bool = False) -> None:
        """Writes what is graded by now; with `wait`, everything."""
        if not self._waiting:
            return
        waiting, self._waiting = self._waiting, []
        while waiting:
            record, verdict = waiting.pop(0)
            if wait or verdict.done():
                found = verdict.result()
                self.write(record | {"correct": found.correct, "verdict": found.reason})
            else:
                self._waiting.append((record, verdict))

    def write(self, record: Record) -> None:
        record["run"] = self._settings
        self._results.append(record)
        if self._watch is not None:
            self._watch.result(record)


def _failed(solver: Solver, failure: Failure, reply: int, problem: Problem) -> Record:
    """The record of a problem that could not be run: what was asked, and `error`."""
    request = failure.request
    return {
        "id": problem.id,
        "problem": problem.text,
        "prompt_text": request.prompt_text,
        "sample": request.sample,
        "model": solver.profile.name,
        "quant": solver.profile.quant,
        "seed": request.settings.seed,
        "budget": budget_record(request),
        "answer": None,
        "expected": problem.expected,
        "correct": None,
        "error": str(failure.error),
        "reply": reply,
        "thinkcap_version": thinkcap.__version__,
        "model_sha256": solver.model_sha256,
        "extra": {**problem.extra},
    }
