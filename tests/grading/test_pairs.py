"""Agreement with a person on 1,000 pairs in the shapes of MATH and OlympiadBench answers.

`pairs.jsonl` was written for this test: 860 pairs by hand, the others by varying numbers in typical shapes. The labels
are what a person would say, also where the grader says otherwise.
"""

import json
from pathlib import Path

from thinkcap.grading import Grader

PAIRS = [json.loads(line) for line in Path(__file__).with_name("pairs.jsonl").read_text("utf-8").splitlines()]


def test_the_pairs_are_a_thousand_different_ones_right_and_wrong() -> None:
    assert len({(pair["answer"], pair["expected"]) for pair in PAIRS}) == len(PAIRS) == 1000
    assert sum(not pair["equal"] for pair in PAIRS) >= 250


def test_verdicts_agree_with_a_person_on_99_percent_of_pairs() -> None:
    with Grader(workers=2) as grader:
        futures = [grader.submit(pair["answer"], pair["expected"]) for pair in PAIRS]
        wrong = [
            (pair["answer"], pair["expected"], future.result().reason)
            for pair, future in zip(PAIRS, futures, strict=True)
            if future.result().correct != pair["equal"]
        ]
    assert len(wrong) <= 10, wrong
