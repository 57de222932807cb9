"""Majority votes over answers that are spelled differently."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from thinkcap.grading import vote


def test_equivalent_spellings_vote_for_the_same_answer() -> None:
    outcome = vote(["0.5", "2", r"\frac{1}{2}", "3", r"\frac{\sqrt{4}}{4}", "2"])
    assert outcome.winner == "0.5"
    assert outcome.share == 3 / 6
    assert [group.members for group in outcome.groups] == [(0, 2, 4), (1, 5), (3,)]
    assert outcome.labels == (0, 1, 0, 2, 0, 1)


def test_ties_go_to_the_answer_seen_first() -> None:
    assert vote(["7", "8", "8", "7"]).winner == "7"
    assert vote(["8", "7", "7", "8"]).winner == "8"


def test_samples_without_an_answer_count_but_do_not_vote() -> None:
    outcome = vote([None, "5", "", "5.0"])
    assert (outcome.winner, outcome.share, outcome.labels) == ("5", 0.5, (None, 0, None, 0))


@pytest.mark.parametrize("answers", [[], [None], [None, " "]])
def test_nobody_voting_elects_nobody(answers: list[str | None]) -> None:
    outcome = vote(answers)
    assert (outcome.winner, outcome.share, outcome.groups) == (None, 0.0, ())


@given(st.lists(st.none() | st.integers(0, 5), max_size=20))
@settings(max_examples=50)
def test_groups_are_a_partition_in_order_of_size(numbers: list[int | None]) -> None:
    spellings = [
        None if number is None else (str(number), f"{number}.0", f"x = {number}")[i % 2]
        for i, number in enumerate(numbers)
    ]
    outcome = vote(spellings)
    members = sorted(member for group in outcome.groups for member in group.members)
    assert members == [place for place, number in enumerate(numbers) if number is not None]
    assert all(len({numbers[member] for member in group.members}) == 1 for group in outcome.groups)
    sizes = [len(group.members) for group in outcome.groups]
    assert sizes == sorted(sizes, reverse=True)
    assert sum(outcome.shares) == pytest.approx(len(members) / len(numbers) if numbers else 0)
