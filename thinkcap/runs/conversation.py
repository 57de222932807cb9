"""A conversation with a loaded model: one problem after the other, each thought about further, again, by vote or under
many budgets.

Knows nothing of terminals. What a method does is yielded as it happens, for whoever shows it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from thinkcap.engine.events import Event
from thinkcap.engine.more import is_known
from thinkcap.engine.outcome import Outcome
from thinkcap.engine.request import Message, Request
from thinkcap.engine.settings import OPTIONS, Settings, defaults_of
from thinkcap.errors import UsageError
from thinkcap.runs.batch import is_interrupted
from thinkcap.runs.metrics import voting_order
from thinkcap.runs.result import Key
from thinkcap.runs.session import OpenWatch, graded
from thinkcap.text import NO_LIMIT, json_line

if TYPE_CHECKING:
    from thinkcap.engine.engine import Engine
    from thinkcap.engine.generation import Generation
    from thinkcap.grading import Grader, Vote


@dataclass(frozen=True, slots=True)
class Election:
    """A vote over outcomes, and whether its winner is the expected answer; None if none is expected."""

    outcomes: list[Outcome]
    vote: Vote
    expected: str | None
    correct: bool | None


@dataclass(frozen=True, slots=True)
class BudgetCurve:
    """Outcomes under several budgets, from the smallest to the largest."""

    outcomes: list[Outcome]


@dataclass(frozen=True, slots=True)
class Setting:
    """The present value of a generation option."""

    name: str
    value: Any


@dataclass(frozen=True, slots=True)
class Record:
    """A result to be shown in full."""

    outcome: Outcome


Happening = Event | Outcome | Request | Election | BudgetCurve | Setting | Record | str
"""What happens in a conversation: a request that thinks on, the events of a generation, its graded outcome, …, or a
sentence."""


class Conversation:
    """A conversation with one model.

    engine      the loaded model
    grader      compares answers with the expected one, and with each other
    open_watch  opens what shows the progress of several thoughts
    settings    the generation options that the user gave; the model's entry decides the rest
    expected    the right answer of the present problem, or of the first if there is none yet
    problem     what is being thought about
    history     the turns before it
    outcome     what it last came to
    results     all outcomes so far
    ended       whether the user has ended it
    """

    def __init__(
        self,
        engine: Engine,
        grader: Grader,
        open_watch: OpenWatch,
        settings: Settings | None = None,
        expected: str | None = None,
    ) -> None:
        self.engine = engine
        self.grader = grader
        self.open_watch = open_watch
        self.settings = settings or Settings()
        self.expected = expected
        self.problem: str | None = None
        self.history: tuple[Message, ...] = ()
        self.outcome: Outcome | None = None
        self.results: list[Outcome] = []
        self.ended = False
        self._saved: set[Path] = set()

    # -- thinking ----------------------------------------------------------------------------------------------------

    def ask(self, problem: str) -> Iterator[Happening]:
        """Thinks about a problem, after what was said before if the model can follow a conversation."""
        history = (*self.history, *self._last_turns())
        generation = self.engine.submit(self._request(problem, history))
        if self.problem is not None:
            self.expected = None
        self.problem, self.history, self.outcome = problem, history, None
        yield from self._run(generation)

    def more(self, tokens: int) -> Iterator[Happening]:
        """Goes on with the thought where it was cut, for this many thinking tokens more."""
        outcome = self._last()
        stopped_early = outcome.stop_reason in ("interrupted", "deadline")
        base = None if stopped_early else outcome.budget.thinking
        request = self.engine.more_request(outcome, (outcome.thinking_tokens if base is None else base) + tokens)
        if is_known(request):
            raise UsageError("The thought was not cut, so more tokens would change nothing.")
        generation = self.engine.submit(request)
        yield request
        yield from self._run(generation)

    def again(self) -> Iterator[Happening]:
        """Solves the problem again with the next seed and the present settings."""
        request = self._request(*self._present(), seed=self._last().seed + 1)
        if request.settings.temperature == 0:
            yield "At temperature 0 every seed gives the same thought: /temperature 0.6 lets them differ."
        yield from self._run(self.engine.submit(request))

    def vote(self, samples: int) -> Iterator[Happening]:
        """Solves the problem several times side by side and lets the answers vote; the winner is the new outcome."""
        from thinkcap.grading import vote

        request = self._request(*self._present())
        if request.settings.temperature == 0:
            raise UsageError("At temperature 0 all samples are alike: set one first, like /temperature 0.6.")
        outcomes = self._run_together([request.with_sample(sample) for sample in range(samples)])
        if outcomes:
            found = vote([outcome.answer for outcome in outcomes], self.grader)
            if found.groups:
                self.outcome = outcomes[found.groups[0].members[0]]
            expected = self.expected
            correct = None if expected is None else self.grader.grade(found.winner, expected).correct
            yield Election(outcomes, found, expected, correct)

    def curve(self, budgets: Sequence[int | None]) -> Iterator[Happening]:
        """Answers the problem under every budget, with one thought that forks."""
        given = {name: value for name, value in self.settings.given().items() if name != "budget"}
        problem, history = self._present()
        outcomes = self._run_together(self.engine.sweep_requests(_messages(problem, history), budgets, **given))
        if outcomes:
            yield BudgetCurve(sorted(outcomes, key=lambda each: (each.budget.thinking is None, each.budget.thinking)))

    # -- what is known of the problem --------------------------------------------------------------------------------

    def expect(self, answer: str) -> Iterator[Happening]:
        """Sets the right answer: the last outcome is graded with it, and what follows about this problem."""
        self.expected = answer
        if self.outcome is None:
            yield "The next result will be compared with it."
        else:
            place = self.results.index(self.outcome)
            self.results[place] = self.outcome = graded(self.outcome, answer, self.grader)
            yield self.outcome

    def forget(self) -> Iterator[Happening]:
        """Begins a new conversation. Settings and results stay."""
        self.problem, self.history, self.outcome, self.expected = None, (), None, None
        yield "A new conversation begins."

    def record(self) -> Iterator[Happening]:
        """Shows the last result in full."""
        yield Record(self._last())

    def save(self, path: str) -> Iterator[Happening]:
        """Writes all results so far to a file, a line of JSON each. Raises UsageError rather than overwrite a file that
        was not written by this conversation."""
        file = Path(path).expanduser()
        if not self.results:
            raise UsageError("There are no results to save yet: type a problem first.")
        if file.exists() and file not in self._saved:
            raise UsageError(f"There is something at {path} already: name another file.")
        try:
            file.write_text("".join(f"{json_line(each.to_dict())}\n" for each in self.results), encoding="utf-8")
        except OSError as error:
            raise UsageError(f"{path} can't be written: {error.strerror}.") from error
        self._saved.add(file)
        yield f"Wrote {len(self.results)} result{'s' * (len(self.results) != 1)} to {path}."

    def set(self, name: str, text: str) -> Iterator[Happening]:
        """Sets a generation option for the thoughts to come, or shows its value if the text is empty."""
        option = OPTIONS[name]
        if text:
            try:
                value = None if option.unlimited and text.lower() in NO_LIMIT else option.read(text)
            except UsageError as error:
                raise UsageError(f"`{name}` {text}: {error}") from None
            self.settings = Settings(**{**self.settings.given(), name: value})
        yield Setting(name, getattr(self.settings.filled(defaults_of(self.engine.profile)), name))

    def end(self) -> Iterator[Happening]:
        """Ends the conversation."""
        self.ended = True
        yield from ()

    # -- helpers -----------------------------------------------------------------------------------------------------

    def _present(self) -> tuple[str, tuple[Message, ...]]:
        """The problem and its history. Raises UsageError if there is none."""
        if self.problem is None:
            raise UsageError("There is no problem yet: type one first.")
        return self.problem, self.history

    def _last(self) -> Outcome:
        """The last outcome. Raises UsageError if there is none."""
        if self.outcome is None:
            raise UsageError("There is no result yet: type a problem first.")
        return self.outcome

    def _last_turns(self) -> tuple[Message, ...]:
        """The last problem as it was sent and its solution, if there is one that a next problem can follow."""
        if self.outcome is None or not self.outcome.solution or not self.engine.profile.conversation:
            return ()
        outcome = self.outcome
        return Message("user", outcome.prompt_text), Message("assistant", outcome.solution, outcome.thinking)

    def _request(self, problem: str, history: tuple[Message, ...], **more: Any) -> Request:
        return self.engine.request(_messages(problem, history), **{**self.settings.given(), **more})

    def _run(self, generation: Generation) -> Iterator[Happening]:
        """Ctrl-C in the thought makes the model answer, the next one ends it."""
        yield from generation.stream(answer_first=True)
        self.outcome = graded(generation.result(), self.expected, self.grader)
        self.results.append(self.outcome)
        yield self.outcome

    def _run_together(self, requests: Sequence[Request]) -> list[Outcome]:
        """The outcomes of requests that run side by side, graded, in voting order. Ctrl-C ends it with what is there.
        Raises ThinkcapError if a request can't be run."""
        outcomes: list[Outcome] = []
        with self.open_watch(sum(len(Key.all_of(request)) for request in requests)) as watch:
            for outcome in self.engine.solve_many(requests, on_step=watch.step):
                if not isinstance(outcome, Outcome):
                    raise outcome.error
                if not is_interrupted(outcome):
                    outcomes.append(graded(outcome, self.expected, self.grader))
                    watch.result(outcomes[-1])
        outcomes.sort(key=voting_order)
        self.results += outcomes
        return outcomes


def _messages(problem: str, history: tuple[Message, ...]) -> list[Message]:
    return [*history, Message("user", problem)]
