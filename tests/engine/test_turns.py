"""Requests that start, wait and are dropped by what others came to."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import thinkcap
from thinkcap.engine.outcome import Failure, Outcome
from thinkcap.engine.request import Request
from thinkcap.engine.turns import Turn, WaitingLine

PROBLEM = "What is 384 + 297 + 581?"


def requests(engine: thinkcap.Engine, count: int, budget: int) -> list[Request]:
    first = engine.request(PROBLEM, budget, solution_budget=32, temperature=0.8, loop_guard=False, min_thinking=budget)
    return [first.with_sample(sample) for sample in range(count)]


def outcomes(results: Iterator[Outcome | Failure]) -> Iterator[Outcome]:
    for result in results:
        assert isinstance(result, Outcome)
        yield result


def test_the_first_whose_turn_it_is_leaves_the_line() -> None:
    turns: dict[str, Turn] = {"a": "later", "b": "never", "c": "now", "d": "never", "e": "now"}
    line = WaitingLine("abcde", lambda each: turns[each])
    assert [line.next(), line.next(), line.next()] == ["c", "e", None]
    assert (line.take_dropped(), line.take_dropped(), len(line)) == (["b", "d"], [], 1)
    turns["a"] = "now"
    line.extend("cb", first=True)
    assert [line.next(), line.next(), line.next()] == ["c", "a", None]


def test_what_waits_starts_once_its_turn_comes(abacus_f16: thinkcap.Engine) -> None:
    finished: list[int] = []

    def turn(request: Request) -> Turn:
        return "now" if request.sample <= 2 * len(finished) else "later"

    for outcome in outcomes(abacus_f16.solve_many(requests(abacus_f16, 6, 20), parallel=6, turn=turn)):
        assert outcome.sample <= 2 * len(finished)
        finished.append(outcome.sample)
    assert sorted(finished) == list(range(6))


def test_what_is_not_needed_is_ended_or_never_begun(abacus_f16: thinkcap.Engine) -> None:
    sizes = [8, *[400] * 3, *[8] * 4]
    asked = [requests(abacus_f16, 8, size)[sample] for sample, size in enumerate(sizes)]
    found: dict[int, Outcome] = {}

    def turn(request: Request) -> Turn:
        return "never" if found else "now"

    for outcome in outcomes(abacus_f16.solve_many(asked, parallel=4, turn=turn)):
        found[outcome.sample] = outcome
    assert sorted(found) == list(range(8))
    assert (found[0].thinking_tokens, found[0].finish_reason) == (8, "stop")
    assert {found[sample].finish_reason for sample in range(1, 8)} == {"interrupted"}
    assert all(8 <= found[sample].thinking_tokens < 100 for sample in (1, 2, 3))
    assert all(found[sample].thinking_tokens == 0 and found[sample].thinking == "" for sample in (4, 5, 6, 7))
    assert abacus_f16.idle


def test_a_run_in_which_everyone_waits_ends(abacus_f16: thinkcap.Engine) -> None:
    assert list(abacus_f16.solve_many(requests(abacus_f16, 3, 8), turn=lambda request: "later")) == []


def test_a_request_that_is_dropped_while_there_is_no_room_for_it_has_an_outcome() -> None:
    with thinkcap.load("abacus", quant="f16", threads=1, context=256) as engine:
        asked = [requests(engine, 4, 60 + sample)[sample] for sample in range(4)]
        found: list[Outcome] = []
        for outcome in outcomes(engine.solve_many(asked, parallel=4, turn=lambda _: "never" if found else "now")):
            found.append(outcome)
        assert sorted(outcome.sample for outcome in found) == [0, 1, 2, 3]
        assert sum(outcome.finish_reason == "interrupted" for outcome in found) == 3


@pytest.mark.parametrize("parallel", [1, 3])
def test_a_turn_changes_no_result(abacus_f16: thinkcap.Engine, parallel: int) -> None:
    asked = requests(abacus_f16, 3, 30)
    plain = {o.sample: o.thinking for o in outcomes(abacus_f16.solve_many(asked, parallel=parallel))}
    turned = abacus_f16.solve_many(asked, parallel=parallel, turn=lambda request: "now")
    assert {o.sample: o.thinking for o in outcomes(turned)} == plain
