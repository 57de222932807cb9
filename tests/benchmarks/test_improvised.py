"""The improvised questions: written in no wording of the training, and judged as the table says."""

from __future__ import annotations

import re
from collections import Counter
from random import Random

import pytest

import thinkcap
from benchmarks.improvised import QUESTIONS, judge, rows_of
from thinkcap.grading import Grader
from training.families import FAMILIES

FIRST, LATER = map(rows_of, QUESTIONS)
ROWS = FIRST + LATER


def without_numbers(text: str) -> str:
    return " ".join(re.sub(r"\d+", "0", text.lower()).split())


def test_there_are_400_different_questions_and_100_later_ones() -> None:
    for rows, count, kinds in ((FIRST, 400, 8), (LATER, 100, 5)):
        assert len(rows) == len({row["id"] for row in rows}) == count
        assert len(Counter(row["kind"] for row in rows)) == kinds
    assert len({row["problem"] for row in ROWS}) == 500


def test_no_question_is_worded_as_in_the_training() -> None:
    random = Random(21)
    trained = {
        without_numbers(make(random, held_out).text)
        for make in FAMILIES.values()
        for held_out in (False, True)
        for _ in range(3000)
    }
    assert [row["problem"] for row in ROWS if without_numbers(row["problem"]) in trained] == []


@pytest.mark.parametrize(
    ("problem", "expected", "verdict"),
    [("What is 384 + 297?", "681", "right"), ("What is 384 + 297?", "1", "wrong"), ("Who are you?", None, "refused")],
)
def test_answers_are_judged(abacus: thinkcap.Engine, problem: str, expected: str | None, verdict: str) -> None:
    outcome = abacus.solve(problem, temperature=0)
    with Grader() as grader:
        assert judge(outcome, expected, grader) == verdict
