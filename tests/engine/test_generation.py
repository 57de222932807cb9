"""A reply with one limit for thought and answer, and what a generation says of its forks and its prompt."""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest

import thinkcap
from thinkcap.engine.events import Finished, ForkFinished, Thought
from thinkcap.engine.limits import DoesNotFitError, Limits, Marker
from thinkcap.engine.scheduler import Scheduler
from thinkcap.engine.sequence import Sequence
from thinkcap.engine.thought import Phase, ThoughtState

PROBLEM = "What is 384 + 297 + 581?"
END, STOP = 1, 2
LIMITS = Limits(
    thinking=5,
    thinking_reason="budget",
    solution=3,
    start=Marker(b"<t>", (0,)),
    end=Marker(b"</t>", (END,)),
    end_tokens=frozenset({STOP}),
    pooled=True,
)


def solution_tokens(limits: Limits, thinking_tokens: int) -> int:
    """Tokens that the solution takes when the thought ends after some and the solution never does."""
    state = ThoughtState(limits)
    state.begin()
    for _ in range(thinking_tokens):
        state.advance(9, b"x")
    if state.phase is Phase.THINKING:
        state.advance(END, b"</t>")
    while state.phase is Phase.SOLUTION:
        state.advance(9, b"x")
    return state.solution.tokens


def test_the_solution_gets_what_a_pooled_thought_leaves() -> None:
    assert [solution_tokens(LIMITS, tokens) for tokens in (0, 2, 5)] == [8, 6, 3]
    assert [solution_tokens(replace(LIMITS, pooled=False), tokens) for tokens in (0, 2, 5)] == [3, 3, 3]


def test_the_engine_runs_a_pooled_request(abacus: thinkcap.Engine) -> None:
    request = abacus.request(PROBLEM, thinkcap.Budget(thinking=300, solution=1), temperature=0.0)
    alone, pooled = abacus.solve(request), abacus.solve(replace(request, pooled=True))
    assert (alone.finish_reason, alone.solution_tokens) == ("length", 1)
    assert (pooled.finish_reason, pooled.answer) == ("stop", "1262")


def test_a_fork_that_finishes_first_is_an_event(abacus: thinkcap.Engine) -> None:
    request = replace(abacus.request(PROBLEM, 64, temperature=0.0), fork_budgets=(0, 8))
    events = list(abacus.stream(request))
    forks = [event.outcome.budget.thinking for event in events if isinstance(event, ForkFinished)]
    assert forks == [0, 8]
    assert isinstance(events[-1], Finished)
    assert events[-1].outcome.budget.thinking == 64


def test_a_generation_says_how_much_of_its_prompt_was_there(abacus: thinkcap.Engine) -> None:
    text = "What is 11 + 12 + 13 + 14 + 15 + 16 + 17?"
    first, second = abacus.submit(text, 4), abacus.submit(text, 8)
    first.result()
    assert second.result().prompt_tokens - second.cached_tokens == 1


def test_what_does_not_fit_says_how_much_would(abacus: thinkcap.Engine) -> None:
    try:
        abacus.submit(PROBLEM, 100_000)
    except DoesNotFitError as error:
        room = error.room
    assert abacus.submit(PROBLEM, thinkcap.Budget(thinking=room - 64, solution=64)).result().answer == "1262"


def test_a_generation_that_is_cancelled_leaves_its_prompt() -> None:
    text = "What is 21 + 22 + 23 + 24 + 25 + 26 + 27?"
    with thinkcap.load("abacus", quant="q8_0") as engine:
        generation = engine.submit(text)
        next(event for event in generation if isinstance(event, Thought))
        generation.cancel()
        generation.result()
        assert engine.idle
        again = engine.submit(text, 8)
        assert again.result().prompt_tokens - again.cached_tokens == 1


def test_the_engines_own_thread_outlives_a_step_that_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    reported = []
    monkeypatch.setattr(threading, "excepthook", lambda arguments: reported.append(arguments.exc_value))
    with thinkcap.load("abacus", quant="q8_0") as engine:
        engine.start()
        step, failure = Scheduler.step, RuntimeError("a step that fails")

        def fail_once(_scheduler: Scheduler) -> list[Sequence]:
            monkeypatch.setattr(Scheduler, "step", step)
            raise failure

        monkeypatch.setattr(Scheduler, "step", fail_once)
        generation, waiting = engine.submit(PROBLEM), threading.Event()
        generation.listener = lambda _: waiting.set()
        assert generation.done or waiting.wait(30)  # without driving the engine from this thread
        assert generation.result().finish_reason == "interrupted"
        assert reported == [failure]
        assert engine.solve(PROBLEM, temperature=0.0).answer == "1262"
