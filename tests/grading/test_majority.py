"""Majority votes over answers that are spelled differently."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from thinkcap.grading import Grader, Verdict, vote
from thinkcap.grading.grader import Reason


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


class UnableGrader(Grader):
    """Says ``equal`` and ``different`` as it should, but runs out of time if one of the two answers is ``hard``."""

    def __init__(self, *hard: str, alone: bool) -> None:
        super().__init__()
        self.hard, self.alone = hard, alone
        self.timeouts = 0

    def grade(self, answer: str | None, expected: str) -> Verdict:
        if (answer in self.hard or expected in self.hard) and (self.alone or expected != "x"):
            self.timeouts += 1
            return Verdict(False, "timeout")
        reason: Reason = "equal" if answer and answer.strip("()") == expected.strip("()") else "different"
        return Verdict(reason == "equal", reason)


@pytest.mark.parametrize("place", [0, 2, 5])
@pytest.mark.parametrize("alone", [True, False])
def test_an_answer_that_cannot_be_compared_in_time_votes_for_itself_and_changes_no_other_vote(
    place: int, alone: bool
) -> None:
    answers = ["(x+y)", "x-y", "((x+y))", "x-y", "(((x+y)))"]
    grader = UnableGrader("x^{9^9}", alone=alone)
    outcome = vote([*answers[:place], "x^{9^9}", *answers[place:]], grader)
    assert [group.answer for group in outcome.groups] == ["(x+y)", "x-y", "x^{9^9}"]
    assert [len(group.members) for group in outcome.groups] == [3, 2, 1]
    assert grader.timeouts <= (1 if alone else 4)


def test_answers_that_can_only_be_compared_by_their_spelling_take_one_timeout_each() -> None:
    answers = [f"x^{{9^{{{power}}}}}" for power in range(20, 40)]
    for alone in (True, False):
        grader = UnableGrader(*answers, alone=alone)
        assert len(vote(answers, grader).groups) == len(answers)
        assert grader.timeouts <= len(answers)
    assert len(vote([*answers, f"${answers[0]}$"], grader).groups) == len(answers)
