"""The improvised questions: written in no wording of the training, and judged as the table says."""

from __future__ import annotations

import json
import re
from collections import Counter
from random import Random

import pytest

import thinkcap
from benchmarks.improvised import QUESTIONS, judge
from thinkcap.grading import Grader
from training.families import FAMILIES

ROWS = [json.loads(line) for line in QUESTIONS.read_text(encoding="utf-8").splitlines()]


def without_numbers(text: str) -> str:
    return " ".join(re.sub(r"\d+", "0", text.lower()).split())


def test_there_are_400_different_questions() -> None:
    assert len(ROWS) == len({row["id"] for row in ROWS}) == len({row["problem"] for row in ROWS}) == 400
    assert len(Counter(row["kind"] for row in ROWS)) == 8


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
