"""Majority votes over answers, grouped by mathematical equivalence: ``\\frac12`` and ``0.5`` vote for the same answer.

Self-consistency, as maj@k counts it (Wang et al. 2022, arXiv 2203.11171).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import fsum

from thinkcap.grading.equivalence import quick
from thinkcap.grading.grader import Grader, Verdict, shared_grader


@dataclass(frozen=True)
class AnswerGroup:
    """Equivalent answers: the one seen first, which speaks for all, its members' places in the list voted on, and what
    their votes weigh together."""

    answer: str
    members: tuple[int, ...]
    weight: float


@dataclass(frozen=True)
class Vote:
    """The outcome of a vote.

    ``groups`` has the heaviest first, and those of one weight in the order their first answers were seen. ``voters``
    counts all samples, also those without an answer, which vote for none; ``weight`` is that of all of them.
    """

    groups: tuple[AnswerGroup, ...]
    voters: int
    weight: float

    @property
    def winner(self) -> str | None:
        """The answer of the heaviest group, None if nobody answered."""
        return self.groups[0].answer if self.groups else None

    @property
    def share(self) -> float:
        """The winner's share of all votes."""
        return self.shares[0] if self.groups else 0.0

    @property
    def shares(self) -> tuple[float, ...]:
        """Each group's share of all votes. What is missing to 1 gave no answer."""
        return tuple(group.weight / self.weight for group in self.groups)

    @property
    def labels(self) -> tuple[int | None, ...]:
        """For each sample the number of its group, None if it has no answer."""
        number = {member: place for place, group in enumerate(self.groups) for member in group.members}
        return tuple(map(number.get, range(self.voters)))


def vote(answers: Sequence[str | None], grader: Grader | None = None, weights: Sequence[float] | None = None) -> Vote:
    """The majority vote over ``answers``, by default with the grader this process shares. Waits for the comparisons.

    An answer joins the first group whose first answer it equals; each pair of spellings is compared once. Ties go to
    the answer that was seen first. ``weights`` says what each answer's vote weighs, by default 1.
    """
    weights = [1.0] * len(answers) if weights is None else weights
    comparisons = _Comparisons(grader or shared_grader(), limit=len(set(answers)))
    first_of: dict[str, str] = {}  # each spelling's group, by the group's first answer
    groups: dict[str, list[int]] = {}
    for place, answer in enumerate(answers):
        if answer is None or not answer.strip():
            continue
        if answer not in first_of:
            first_of[answer] = next((first for first in groups if comparisons.equal(answer, first)), answer)
        groups.setdefault(first_of[answer], []).append(place)
    found = [
        AnswerGroup(answer, tuple(members), fsum(weights[place] for place in members))
        for answer, members in groups.items()
    ]
    heaviest_first = sorted(found, key=lambda group: -group.weight)
    return Vote(tuple(heaviest_first), len(answers), fsum(weights))


class _Comparisons:
    """The comparisons of one vote, in which an answer that takes too long costs no other answer its group.

    Each answer that needs algebra is first compared with a mere ``x``. One that fails there (out of time or memory) is
    compared by its spelling from then on, so that it costs one timeout, not one for each other answer. At most
    ``limit`` pairs of the others may fail before all pairs are compared by their spelling.
    """

    def __init__(self, grader: Grader, limit: int) -> None:
        self._grader = grader
        self._limit = limit
        self._fails_alone: dict[str, bool] = {}

    def equal(self, answer: str, other: str) -> bool:
        settled = quick(answer, other)
        if settled is not None:
            return settled
        if self._limit <= 0 or self._is_unreadable(answer) or self._is_unreadable(other):
            return False
        verdict = self._grader.grade(answer, other)
        self._limit -= _failed(verdict)
        return verdict.correct

    def _is_unreadable(self, answer: str) -> bool:
        if answer not in self._fails_alone:
            self._fails_alone[answer] = _failed(self._grader.grade(answer, "x"))
        return self._fails_alone[answer]


def _failed(verdict: Verdict) -> bool:
    return verdict.reason in ("timeout", "error")
