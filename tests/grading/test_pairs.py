"""Agreement with a person on pairs in the shapes of MATH and OlympiadBench answers.

`pairs.jsonl` was written for this test: 860 pairs by hand, the others by varying numbers in typical shapes.
`later_pairs.jsonl` was written by hand in nine batches, each before the grader had seen any of it; what was wrong in
one was corrected before the next. The labels are what a person would say, even if the grader disagrees.
"""

import json
from pathlib import Path

import pytest

from thinkcap.grading import Grader


def pairs(name: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in Path(__file__).with_name(name).read_text("utf-8").splitlines()]


@pytest.mark.parametrize(("name", "number", "wrong"), [("pairs.jsonl", 1000, 250), ("later_pairs.jsonl", 1603, 470)])
def test_the_pairs_are_different_ones_right_and_wrong(name: str, number: int, wrong: int) -> None:
    assert len({(pair["answer"], pair["expected"]) for pair in pairs(name)}) == len(pairs(name)) == number
    assert sum(not pair["equal"] for pair in pairs(name)) >= wrong


@pytest.mark.parametrize("name", ["pairs.jsonl", "later_pairs.jsonl"])
def test_verdicts_agree_with_a_person_on_99_percent_of_pairs(name: str) -> None:
    with Grader(workers=2) as grader:
        futures = [grader.submit(str(pair["answer"]), str(pair["expected"])) for pair in pairs(name)]
        wrong = [
            (pair["answer"], pair["expected"], future.result().reason)
            for pair, future in zip(pairs(name), futures, strict=True)
            if future.result().correct != pair["equal"]
        ]
    assert len(wrong) <= len(pairs(name)) / 100, wrong
