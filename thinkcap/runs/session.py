"""One command's work with one model: find it, load it, run problems, grade the answers, write the results.

Knows nothing of terminals. What a user should know goes to `say`, progress to what `open_watch` opens.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from thinkcap.engine.more import is_known
from thinkcap.engine.outcome import Outcome
from thinkcap.errors import ThinkcapError, UsageError
from thinkcap.runs.batch import Solver, Watch, is_interrupted, open_tasks, run, tasks_of
from thinkcap.runs.load_options import LoadOptions
from thinkcap.runs.metrics import voting_order
from thinkcap.runs.plan import Plan
from thinkcap.runs.problems import Problem
from thinkcap.runs.result import Key, Result
from thinkcap.runs.result_file import ResultFile
from thinkcap.runs.top_up import TopUp, top_up

if TYPE_CHECKING:
    from thinkcap.engine.engine import Engine
    from thinkcap.engine.events import Event
    from thinkcap.engine.request import Request
    from thinkcap.grading import Grader, Vote


class OpenWatch(Protocol):
    """Opens what shows the progress of a batch of `total` results, `done` of them from earlier runs."""

    def __call__(
        self, total: int, done: int = 0, graded: int = 0, correct: int = 0
    ) -> AbstractContextManager[Watch]: ...


class KeptResults:
    """Results that are kept in memory, of a run that ends at the first failure.

    done  what is there, as in a `ResultFile`
    """

    def __init__(self) -> None:
        self.done: dict[Key, int] = {}
        self._results: list[Result] = []

    def __iter__(self) -> Iterator[Result]:
        return iter(self._results)

    def append(self, result: Result) -> None:
        """Keeps a result. Raises UsageError if it is of a problem that could not be run."""
        if result.error is not None:
            raise UsageError(result.error)
        self.done[Key.of(result)] = hash(result.problem)
        self._results.append(result)


@dataclass(frozen=True, slots=True)
class Session:
    """One command's work with one model.

    load        which model, and how to load it
    plan        how each problem is solved
    say         takes sentences that the user should know
    open_watch  opens what shows the progress
    parallel    thoughts in flight at once; None chooses
    ray         the address of a Ray cluster to run on; None runs here
    """

    load: LoadOptions
    plan: Plan
    say: Callable[[str], None]
    open_watch: OpenWatch
    parallel: int | None = None
    ray: str | None = None

    def check(self) -> None:
        """Says what may surprise about the plan, before a model is loaded. Raises UsageError if it makes no sense."""
        from thinkcap.catalog.locate import NotDownloaded

        cpus = os.cpu_count()
        if self.ray is None and cpus and (self.load.threads or 0) > cpus:
            self.say(f"This machine has {cpus} CPUs, and more threads than that slow it down: leave --threads out.")
        try:
            profile = self.load.profile()
        except NotDownloaded:  # nothing more can be said before a dry run or a run on a cluster
            return
        requests = self.plan.requests(profile, "any")
        thoughts = self.plan.thoughts(profile)
        if self.plan.budgets and thoughts > 1:
            self.say(
                f"{profile.name} reads its budget in the prompt, so each of the {thoughts} budgets takes a thought."
            )
        if requests[0].settings.temperature == 0 and self.plan.samples * self.plan.answers > 1:
            self.say(
                "At temperature 0 the samples of a problem are alike and say no more than one: give --temperature 0.6."
            )
        mode = self.plan.settings.given().get("prompt_mode", "none")
        if mode != "none" and all(request.settings.prompt_mode == "none" for request in requests):
            self.say(
                f"Without a budget there is no length to state, so --prompt-mode {mode} does nothing: give --budget."
            )

    def stream(
        self,
        problem: Problem,
        begin: Callable[[int], None],
        show: Callable[[Event], None],
        *,
        then: Sequence[int | None] = (),
        resume: Callable[[Request], None] = lambda request: None,
        answer_first: bool = False,
    ) -> Iterator[Outcome]:
        """Solves a problem sample by sample; yields each outcome, those of forks too, graded if an answer is expected.
        Ctrl-C makes the present sample the last, which ends with its outcome so far.

        begin         called with each sample's number before it
        show          called with each event as it happens
        then          larger budgets to think on to, each with an outcome, until an answer will do: it is right, or the
                      same as under the budget before if none is expected, or the thought was not cut
        resume        called with each request that thinks on, before it
        answer_first  whether Ctrl-C in a thought makes the model answer now, and only the next one ends it

        Raises UsageError for budgets that are not larger than the first.
        """
        from thinkcap.engine.events import Finished, ForkFinished

        self._check_then(then)
        with ExitStack() as stack:
            grader = stack.enter_context(_grader([problem]))
            engine = stack.enter_context(self.load.load())
            for request in self.plan.requests(engine.profile, problem.text):
                begin(request.sample)
                larger = deque(then)
                outcomes: list[Outcome] = []
                following: Request | None = request
                while following is not None:
                    for event in engine.submit(following).stream(answer_first=answer_first):
                        show(event)
                        if isinstance(event, Finished | ForkFinished):
                            outcomes.append(graded(event.outcome, problem.expected, grader))
                            yield outcomes[-1]
                    if outcomes[-1].was_interrupted:
                        return
                    following = _following(engine, outcomes, larger, grader)
                    if following is not None:
                        resume(following)

    def solve(self, problem: Problem) -> tuple[list[Result], bool]:
        """A problem's results in voting order, graded if an answer is expected, run side by side; and whether all are
        there, as Ctrl-C may have ended it.

        Raises ThinkcapError if the model can't be had or a request can't be run.
        """
        results = KeptResults()
        with ExitStack() as stack:
            grader = stack.enter_context(_grader([problem]))
            engine = stack.enter_context(self.load.load())
            settings = self.plan.run_settings(engine.profile, engine.model_sha256, self.load.context)
            tasks = tasks_of([problem], self.plan, engine.profile)
            watch = stack.enter_context(self.open_watch(sum(len(task.keys) for task in tasks)))
            finished = run(
                engine, tasks, results, self.plan, settings, grader=grader, parallel=self.parallel, watch=watch
            )
        return sorted(results, key=voting_order), finished

    def vote(self, results: Sequence[Result], problem: Problem) -> tuple[Vote, bool | None]:
        """The vote over a problem's results, and whether its winner is the expected answer."""
        from thinkcap.grading import Grader, vote

        with Grader() as grader:
            found = vote([result.answer for result in results], grader, self.plan.vote.weights(results))
            correct = None if problem.expected is None else grader.grade(found.winner, problem.expected).correct
        return found, correct

    def run(
        self, problems: Sequence[Problem], output: str, *, source: str | None = None, restart: bool = False
    ) -> bool:
        """Runs problems into a result file, which goes on where it stopped, and returns whether it is complete: Ctrl-C
        may have ended it.

        source   the file that the problems come from, which is never written
        restart  whether to throw away what the result file holds

        What can be refused is refused before a model is loaded. Raises ThinkcapError as ResultFile and `batch.run` do,
        and if no problem could be run.
        """
        with ResultFile(output, source) as results:
            if results.repaired:
                self.say(f"The last line of {output} was cut short and is removed: its result will be made again.")
            if self.ray is None and not restart and self._is_complete(results, problems):
                return True
            finished = self._complete(results, problems, source, restart)
            if not finished:
                self.say(
                    f"Interrupted with {len(results.done)} results in {output}: run the same command again to go on."
                )
            elif results.failed == len(results.done):
                raise ThinkcapError(f"None of the problems could be run: {results.error}")
        return finished

    def _is_complete(self, results: ResultFile, problems: Sequence[Problem]) -> bool:
        """Whether the file holds all results. Raises UsageError if it is another run's."""
        profile = self.load.profile()
        settings = self.plan.run_settings(profile, "", self.load.context)
        del settings["model_sha256"]  # known once the model is loaded, and checked then
        results.check(settings)
        tasks = tasks_of(problems, self.plan, profile)
        if open_tasks(tasks, results):
            return False
        self.say(f"{results.path} holds all {sum(len(task.keys) for task in tasks)} results already.")
        return True

    def _complete(self, results: ResultFile, problems: Sequence[Problem], source: str | None, restart: bool) -> bool:
        with ExitStack() as stack:
            solver = stack.enter_context(self._solver())
            settings = self.plan.run_settings(solver.profile, solver.model_sha256, self.load.context)
            tasks = tasks_of(problems, self.plan, solver.profile)
            if restart:
                results.restart()
            results.check(settings)
            missing = top_up(open_tasks(tasks, results), results)
            keys = [key for task in tasks for key in task.keys]
            done = sum(key in results.done for key in keys)
            if done or missing.settled or missing.continued:
                self.say(_what_is_there(done, len(keys), missing))
            grader = stack.enter_context(_grader(problems))
            watch = stack.enter_context(self.open_watch(len(keys), done, results.graded, results.correct))
            # Not compared with what the file holds: a file of problems may be moved.
            settings |= {"data": Path(source).name} if source not in (None, "-") else {}
            for result in missing.settled:
                results.append(replace(result, settings=settings))
                watch.result(result)
            return run(
                solver, missing.tasks, results, self.plan, settings, grader=grader, parallel=self.parallel, watch=watch
            )

    def _check_then(self, then: Sequence[int | None]) -> None:
        """Raises UsageError for budgets that can't follow the plan's."""
        if not then:
            return
        first = self.plan.requests(self.load.profile(), "any")[0].budget
        if first.time_limit is not None:
            raise UsageError("--then thinks on from budget to budget, so it takes no --time-limit.")
        if first.thinking is None:
            raise UsageError("--then thinks on from a budget: give the first one with --budget.")
        if then[0] is not None and then[0] <= first.thinking:
            raise UsageError(f"--then needs budgets above the first, which is {first.thinking}, and not {then[0]}.")

    def _solver(self) -> AbstractContextManager[Solver]:
        if self.ray is None:
            return self.load.load()
        from thinkcap.runs.ray_cluster import RayCluster

        return RayCluster(self.ray, self.load.arguments())


@contextmanager
def _grader(problems: Sequence[Problem]) -> Iterator[Grader]:
    """A grader whose workers start now if the problems have answers, while the model is loaded."""
    from thinkcap.grading import Grader

    with Grader() as grader:
        if any(problem.expected is not None for problem in problems):
            grader.warm()
        yield grader


def _what_is_there(done: int, total: int, missing: TopUp) -> str:
    """What the file spares a run, as a sentence."""
    parts = [f"{done} of {total} results are there already"] if done else []
    if missing.settled:
        parts.append(f"known because the thought ended by itself: {len(missing.settled)}")
    if missing.continued:
        parts.append(f"thoughts that go on from where they were cut: {missing.continued}")
    return "; ".join(parts) + ("." if missing.continued else "; going on with the rest.")


def _following(
    engine: Engine, outcomes: Sequence[Outcome], larger: deque[int | None], grader: Grader
) -> Request | None:
    """The request that thinks on to the next of the larger budgets; None if there is none, or no reason to."""
    if not larger or _will_do(outcomes, grader):
        return None
    request = engine.more_request(outcomes[-1], larger.popleft())
    return None if is_known(request) else request


def _will_do(outcomes: Sequence[Outcome], grader: Grader) -> bool:
    """Whether the last answer is right, or, if no answer is expected, the same as the one before."""
    last, before = outcomes[-1], outcomes[-2] if len(outcomes) > 1 else None
    if last.correct is not None or before is None or before.answer is None:
        return bool(last.correct)
    return grader.submit(last.answer, before.answer).result().correct


def graded(outcome: Outcome, expected: str | None, grader: Grader) -> Outcome:
    """The outcome with a verdict, if an answer is expected and it was not interrupted; no answer is a wrong one."""
    if expected is None or is_interrupted(outcome):
        return outcome
    return outcome.graded(expected, grader.submit(outcome.answer, expected).result().correct)
