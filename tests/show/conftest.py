"""What the tests of views share."""

from __future__ import annotations

import pytest

from tests.show.outcomes import cut_outcome
from tests.show.screen import Screen
from thinkcap.engine.events import Answered, Closed, Event, Finished, Started, Thought
from thinkcap.engine.outcome import Outcome


@pytest.fixture
def screen() -> Screen:
    return Screen(80)


@pytest.fixture
def outcome() -> Outcome:
    return cut_outcome()


@pytest.fixture
def events(outcome: Outcome) -> list[Event]:
    """The events of that generation, the thought one word at a time."""
    words = outcome.thinking.split(" ")
    thought = [Thought(word + " ", 1 + number) for number, word in enumerate(words[:-1])]
    return [
        Started(prompt_tokens=29, thinking_limit=64, budgeted=True),
        *thought,
        Thought(words[-1], 64),
        Closed("budget", 64, 1, 0.08),
        Answered("\nThe answer is ", 7),
        Answered("\\boxed{1262}.", 14),
        Finished(outcome),
    ]
