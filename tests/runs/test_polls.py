"""Which samples a vote needs: wave by wave, by confidence, and the first to finish."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import permutations
from math import log
from typing import Any

import pytest

from tests.runs.results import result
from thinkcap.engine.profile import Profile
from thinkcap.engine.request import Request
from thinkcap.errors import UsageError
from thinkcap.grading import Grader
from thinkcap.runs.plan import Plan
from thinkcap.runs.polls import Poll, Polls, VoteRule

UNTIL = VoteRule(until=0.95)


@pytest.fixture(scope="module")
def grader() -> Iterator[Grader]:
    with Grader() as grader:
        yield grader


@pytest.fixture(scope="module")
def requests() -> list[Request]:
    return Plan(samples=8).requests(Profile(name="any"), "What is 1 + 1?", "1")


def turns(polls: Polls, requests: list[Request]) -> list[str]:
    return [polls.turn(request) for request in requests]


def test_samples_run_in_waves_until_the_vote_is_decided(grader: Grader, requests: list[Request]) -> None:
    polls = Polls(UNTIL, 8, grader)
    assert turns(polls, requests) == ["now"] * 4 + ["later"] * 4
    for sample, answer in enumerate(["2", "3", r"\frac{4}{2}", "2"]):
        polls.hear(result(sample=sample, answer=answer))
    assert turns(polls, requests) == ["now"] * 6 + ["later"] * 2  # with 5 of 6 the 2 that are left could not overtake
    for sample in (4, 5):
        polls.hear(result(sample=sample, answer="2.0"))
    assert turns(polls, requests) == ["never"] * 8
    assert polls.is_decided("1")
    assert not polls.is_decided("2")


def test_the_order_in_which_samples_finish_decides_nothing(grader: Grader) -> None:
    answers = ["2", None, "3", "2", "2", "2"]
    seen = set()
    for order in permutations(range(4)):
        poll = Poll(UNTIL, 16, grader)
        released = [poll.released]
        for sample in (*order, 4, 5):
            poll.hear(result(sample=sample, answer=answers[sample]))
            released.append(poll.released)
        seen.add((released[-1], poll.decided))
        assert released[:4] == [4] * 4
    assert len(seen) == 1


def test_a_poll_goes_on_from_the_results_of_a_file(grader: Grader, requests: list[Request]) -> None:
    held = [result(sample=sample) for sample in (0, 2, 3)]
    assert turns(Polls(UNTIL, 8, grader, held), requests) == ["now"] * 4 + ["later"] * 4
    assert turns(Polls(UNTIL, 8, grader, [*held, result(sample=1)]), requests) == ["never"] * 8
    # What was not needed once is never needed, also if more samples are asked for.
    unneeded = result(sample=4, unneeded=True, answer=None, correct=None)
    assert turns(Polls(UNTIL, 64, grader, [*held, unneeded]), requests) == ["never"] * 8


def test_the_first_to_finish_vote_whichever_they_are(grader: Grader, requests: list[Request]) -> None:
    polls = Polls(VoteRule(first=2), 8, grader)
    assert turns(polls, requests) == ["now"] * 8
    polls.hear(result(sample=6))
    assert turns(polls, requests) == ["now"] * 8
    polls.hear(result(sample=1, answer=None))
    assert turns(polls, requests) == ["never"] * 8


def test_a_sure_thought_weighs_more_than_unsure_ones(grader: Grader) -> None:
    rule = VoteRule(by="confidence")
    outcomes = [
        result(sample=sample, answer=answer, mean_log_probability=log(0.9), lowest_log_probability=log(lowest))
        for sample, (answer, lowest) in enumerate([("3", 0.25), ("2", 1.0), ("3", 0.25), ("3", 0.25)])
    ]
    assert rule.weights(outcomes) == pytest.approx([0.25, 1.0, 0.25, 0.25])
    assert VoteRule().weights(outcomes) == [1.0] * 4
    assert rule.weights([*outcomes[:2], result()]) == pytest.approx([0.25, 1.0, 0.625])
    assert rule.weights([result()]) == [1.0]
    poll = Poll(VoteRule(by="confidence", until=0.95), 32, grader)
    for outcome in outcomes:
        poll.hear(outcome)
    # By weight 2 leads 3 by 1 to 0.75, so more are needed than if 3 led by 3 to 1.
    assert not poll.decided
    assert poll.released > 4 + 3


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"until": 0.5}, "above 0.5 and at most 1"),
        ({"until": 1.1}, "above 0.5 and at most 1"),
        ({"first": 0}, "At least 1 sample"),
        ({"until": 0.9, "first": 3}, "leave one of the two out"),
        ({"by": "length"}, "choose from count, confidence"),
    ],
)
def test_rules_that_make_no_sense_are_refused(given: dict[str, Any], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        VoteRule(**given)
