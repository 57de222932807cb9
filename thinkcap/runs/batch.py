"""A batch: every problem of a file, so many samples of each, solved side by side, graded beside that, written as they
finish, continued where an earlier run stopped.

Knows problems, records and grading; what solves is handed in (an Engine, or engines on a cluster).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import thinkcap
from thinkcap.engine.outcome import Outcome
from thinkcap.engine.profile import Profile
from thinkcap.engine.request import Request, resolve
from thinkcap.runs.problems import Problem
from thinkcap.runs.records import Record, ResultFile

if TYPE_CHECKING:
    from thinkcap.engine.engine import Failure, Step
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
    """One sample of one problem, ready to run."""

    problem: Problem
    request: Request


def settings_of(profile: Profile, model_sha256: str, asked: Mapping[str, Any], context: int | None) -> dict[str, Any]:
    """All that a run's results depend on beside the problems: what every record keeps under `run`.

    asked    the keyword arguments of `thinkcap.engine.request.resolve` that the user gave
    context  --context, which bounds thoughts without a budget
    """
    request = resolve(profile, "any", **asked)
    return {
        "model": profile.name,
        "quant": profile.quant,
        "model_sha256": model_sha256,
        "seed": request.seed,
        "budget": {
            "thinking": request.budget.thinking,
            "solution": request.budget.solution,
            "min_thinking": request.budget.min_thinking,
            "time_limit": request.budget.time_limit,
            "style": request.cut_style,
            "prompt_mode": request.prompt_mode,
        },
        "temperature": request.sampling.temperature,
        "top_p": request.sampling.top_p,
        "top_k": request.sampling.top_k,
        "min_p": request.sampling.min_p,
        "loop_guard": request.loop_guard,
        "context": context,
        "think_start": profile.think_start,
        "think_end": profile.think_end,
    }


def tasks_of(problems: Sequence[Problem], samples: int, profile: Profile, asked: Mapping[str, Any]) -> list[Task]:
    """Every sample of every problem, a problem's samples one after another so that they share their prompt's KV."""
    return [
        Task(problem, resolve(profile, problem.text, sample=sample, id=problem.id, **asked))
        for problem in problems
        for sample in range(samples)
    ]


def open_tasks(tasks: Sequence[Task], results: ResultFile) -> list[Task]:
    """The tasks that the file has no result for. Raises UsageError where it has one for another problem of that id."""
    for task in tasks:
        results.check_problem((task.problem.id, task.request.sample), task.problem.text)
    return [task for task in tasks if (task.problem.id, task.request.sample) not in results.done]


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
    """Solves the tasks and writes a record for each as soon as it is graded. Returns whether all were done.

    A problem that cannot be run becomes a record with `error`. What Ctrl-C caught in flight is not written: it is done
    again when the run is continued. Raises ThinkcapError where records cannot be written or answers not be graded.
    """
    by_key = {(task.problem.id, task.request.sample): task.problem for task in tasks}
    desk = _Desk(results, settings, grader, watch)
    written = 0

    def on_step(step: Step) -> None:
        desk.clear()
        if watch is not None:
            watch.step(step)

    for result in solver.solve_many([task.request for task in tasks], parallel=parallel, on_step=on_step):
        if isinstance(result, Outcome):
            if "interrupted" in (result.stop_reason, result.finish_reason):
                continue
            desk.take(result, by_key[result.id, result.sample])
        else:
            desk.write(_failed(solver, result, by_key[result.request.id, result.request.sample]))
        written += 1
        desk.clear()
    desk.clear(wait=True)
    return written == len(tasks)


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


def _failed(solver: Solver, failure: Failure, problem: Problem) -> Record:
    """The record of a problem that could not be run: what was asked, and `error`."""
    request = failure.request
    return {
        "id": problem.id,
        "problem": problem.text,
        "prompt_text": request.prompt_text,
        "sample": request.sample,
        "model": solver.profile.name,
        "quant": solver.profile.quant,
        "seed": request.seed,
        "budget": {
            "thinking": request.budget.thinking,
            "solution": request.budget.solution,
            "min_thinking": request.budget.min_thinking,
            "time_limit": request.budget.time_limit,
            "style": request.cut_style,
            "prompt_mode": request.prompt_mode,
        },
        "answer": None,
        "expected": problem.expected,
        "correct": None,
        "error": str(failure.error),
        "thinkcap_version": thinkcap.__version__,
        "model_sha256": solver.model_sha256,
        "extra": {**problem.extra},
    }
