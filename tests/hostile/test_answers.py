"""Answers that mean harm, or just go on for ever: each costs one timeout at most, and the next is graded."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from thinkcap.grading import Grader, answer_in

TIMEOUT = 0.5

NEVER_ENDING = [
    r"9^{9^{9^9}}",
    r"\sum_{k=1}^{10^{12}} \sin(k)",
    "x" * 9_000,
    "[{" * 4_000,
    "(" * 4_000 + "x" + ")" * 4_000,
]
ENORMOUS = [
    "9" * 1_000_000,
    "(" * 10_000 + "x",
    "9" * 9_000,
    "(10^{10})!",
    "99999999!",
    "1e999999999",
    r"2^{99999999999}",
]
TWISTED = [
    "\x00",
    "x\x00y",
    "\x1b[31mx\x1b[0m",
    "\ud800",
    "\u202e5",
    r"\frac{x}{0}",
    r"\frac{" * 1_500,
    r"\begin{pmatrix}" * 500,
]
TWISTED += [r"\text{" * 1_500, r"\pm" * 3_000, "1," * 300, "+1" * 1_000, r"\boxed{" * 1_400, r"\left(" * 1_600]


@pytest.fixture(scope="module")
def grader() -> Iterator[Grader]:
    with Grader(timeout=TIMEOUT) as grader:
        grader.warm()
        yield grader


@pytest.mark.parametrize("answer", NEVER_ENDING + ENORMOUS + TWISTED, ids=lambda answer: repr(answer[:20]))
def test_a_hostile_answer_is_wrong_and_the_next_one_is_graded(grader: Grader, answer: str) -> None:
    started = time.monotonic()
    verdict = grader.submit(answer, "42x")
    assert time.monotonic() - started < 1, "submitting must not wait"
    assert not verdict.result(timeout=60).correct
    assert grader.grade("40x + 2x", "42x").reason == "equal"


@pytest.mark.parametrize("expected", ["(" * 3_000 + "x", "\x00\x1b["])
def test_a_hostile_expected_answer_does_no_more_harm(grader: Grader, expected: str) -> None:
    assert not grader.grade("42x", expected).correct
    assert grader.grade("40x + 2x", "42x").reason == "equal"


def test_a_tower_of_powers_costs_one_timeout(grader: Grader) -> None:
    answer = answer_in(r"The answer is \boxed{9^{9^{9^9}}}.")
    assert grader.grade(answer, "42x").reason == "timeout"


@pytest.mark.parametrize(
    "template",
    [
        "__import__('os').system('touch {path}')",
        "__import__('pathlib').Path('{path}').touch()",
        "open('{path}', 'w')",
        r"\text{{__import__('pathlib').Path('{path}').touch()}}",
        "[x for x in [open('{path}', 'w')]]",
        r"\frac{{open('{path}','w')}}{{1}}",
        r"\input{{|touch {path}}}",
        "Symbol('x').__class__.__init__.__globals__['open']('{path}', 'w')",
        "5;open('{path}','w')",
        "1+open('{path}','w')*2",
    ],
)
def test_an_answer_is_never_executed(grader: Grader, tmp_path: Path, template: str) -> None:
    target = tmp_path / "executed"
    for answer, expected in ((template.format(path=target), "1+x"), ("1+x", template.format(path=target))):
        assert not grader.grade(answer, expected).correct
    assert not target.exists()
