"""Majority votes over answers, grouped by mathematical equivalence: ``\\frac12`` and ``0.5`` vote for the same answer.

Self-consistency, as maj@k counts it (Wang et al. 2022, arXiv 2203.11171).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from thinkcap.grading.equivalence import shared_grader
from thinkcap.grading.grader import Grader


@dataclass(frozen=True)
class Group:
    """Equivalent answers: the one seen first, which speaks for all, and its members' places in the list voted on."""

    answer: str
    members: tuple[int, ...]


@dataclass(frozen=True)
class Vote:
    """The outcome of a vote.

    ``groups`` has the largest first, those of one size in the order their first answers were seen; ``voters`` counts
    all samples, also those without an answer, which vote for none.
    """

    groups: tuple[Group, ...]
    voters: int

    @property
    def winner(self) -> str | None:
        """The answer of the largest group, None where nobody answered."""
        return self.groups[0].answer if self.groups else None

    @property
    def share(self) -> float:
        """The winner's share of all samples."""
        return self.shares[0] if self.groups else 0.0

    @cached_property
    def shares(self) -> tuple[float, ...]:
        """Each group's share of all samples; what is missing to 1 gave no answer."""
        return tuple(len(group.members) / self.voters for group in self.groups)

    @cached_property
    def labels(self) -> tuple[int | None, ...]:
        """For each sample the number of its group, None where it has no answer."""
        number = {member: place for place, group in enumerate(self.groups) for member in group.members}
        return tuple(number.get(voter) for voter in range(self.voters))


def vote(answers: Sequence[str | None], grader: Grader | None = None) -> Vote:
    """The majority vote over ``answers``, by default with the grader this process shares. Waits for the comparisons.

    An answer joins the first group whose first answer it equals; each pair of spellings is compared once. Ties go to
    the answer that was seen first.
    """
    grader = grader or shared_grader()
    groups: list[tuple[str, list[int]]] = []
    joined: dict[str, list[int]] = {}  # spelling: the members of its group
    for place, answer in enumerate(answers):
        if answer is None or not answer.strip():
            continue
        if answer not in joined:
            members = _equivalent_group(answer, groups, grader)
            if members is None:
                members = []
                groups.append((answer, members))
            joined[answer] = members
        joined[answer].append(place)
    largest_first = sorted(groups, key=lambda group: -len(group[1]))
    return Vote(tuple(Group(answer, tuple(members)) for answer, members in largest_first), len(answers))


def _equivalent_group(answer: str, groups: Sequence[tuple[str, list[int]]], grader: Grader) -> list[int] | None:
    """The members of the first group ``answer`` belongs to. One that can't be compared in time belongs to none."""
    for representative, members in groups:
        verdict = grader.grade(answer, representative)
        if verdict.correct:
            return members
        if verdict.reason not in ("equal", "different"):
            return None
    return None
