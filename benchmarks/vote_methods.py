"""Ways to vote over recorded samples, and a table row for each: what it gives, what it takes, where it stopped falsely.

A vote that ends early sees a problem's samples in their order, so it can be replayed from the samples of a whole one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import islice
from math import sqrt

import numpy as np
from numpy.typing import NDArray

from thinkcap.runs.intervals import mean_share
from thinkcap.runs.stopping_rule import next_wave

DRAWS = 2_000
"""Of the Dirichlet distribution, for each test."""
HEADINGS = ("method", "right, % (95 %)", "tokens (95 %)", "saved, %", "ended early, %", "of these falsely, %", "of all")


@dataclass(frozen=True, slots=True)
class Recorded:
    """A problem's samples.

    answers  of each sample the number of its answer, None if it has none
    right    the numbers that are right
    tokens   of each sample, thought and solution
    weights  of each sample's vote by confidence; empty if there are none
    """

    answers: Sequence[int | None]
    right: frozenset[int]
    tokens: NDArray[np.float64]
    weights: Sequence[float] = ()


@dataclass(frozen=True, slots=True)
class Vote:
    """What a method came to: the winner, all tokens, and whether it ran fewer samples than all."""

    winner: int | None
    tokens: float
    stopped: bool


Method = Callable[[Recorded], Vote]


def methods(samples: int, weighted: bool) -> dict[str, Method]:
    """The ways to vote, by name; the first runs all samples."""
    by_confidence = {"all by confidence": whole_by_confidence, "8 by confidence": prefix(8, True)} if weighted else {}
    return {
        f"all {samples}": whole,
        "one": prefix(1),
        "8": prefix(8),
        **by_confidence,
        **{f"until {until}": until_sure(until) for until in (0.8, 0.9, 0.95, 0.99, 1.0)},
        "until 0.95, Dirichlet": until_sure_of_all(0.95),
        **{f"first {first} of {many}": first_of(first, many) for first, many in ((4, 8), (8, 16), (16, samples))},
    }


def rows(problems: Sequence[Recorded], methods: Mapping[str, Method]) -> Iterator[str]:
    """A table row for each method, compared with the first."""
    full = list(map(next(iter(methods.values())), problems))
    cost = sum(vote.tokens for vote in full)
    for name, method in methods.items():
        votes = list(map(method, problems))
        right = mean_share([float(vote.winner in problem.right) for vote, problem in zip(votes, problems, strict=True)])
        tokens = np.array([vote.tokens for vote in votes])
        spread = 1.96 * tokens.std() / sqrt(len(votes))
        stopped = sum(vote.stopped for vote in votes)
        false = sum(vote.stopped and vote.winner != every.winner for vote, every in zip(votes, full, strict=True))
        yield " | ".join(
            (
                name,
                f"{100 * right.value:.1f} ({100 * right.low:.1f} to {100 * right.high:.1f})",
                f"{tokens.mean():,.0f} ± {spread:,.0f}",
                f"{100 * (1 - tokens.sum() / cost):.0f}",
                f"{100 * stopped / len(votes):.0f}",
                f"{100 * false / stopped:.1f}" if stopped else "",
                f"{100 * false / len(votes):.1f}",
            )
        )


def winner(answers: Sequence[int | None], weights: Sequence[float] = ()) -> int | None:
    """The heaviest answer; ties go to the one seen first."""
    votes = tally(answers, weights)
    return max(votes, key=lambda answer: votes[answer]) if votes else None


def tally(answers: Sequence[int | None], weights: Sequence[float] = ()) -> dict[int, float]:
    """Each answer's votes, in the order in which they were seen."""
    votes: dict[int, float] = {}
    for place, answer in enumerate(answers):
        if answer is not None:
            votes[answer] = votes.get(answer, 0.0) + (weights[place] if weights else 1.0)
    return votes


def whole(problem: Recorded) -> Vote:
    """A vote over all samples."""
    return Vote(winner(problem.answers), float(problem.tokens.sum()), False)


def whole_by_confidence(problem: Recorded) -> Vote:
    """The same, weighed as `--vote-by confidence` does."""
    return Vote(winner(problem.answers, problem.weights), float(problem.tokens.sum()), False)


def prefix(count: int, weighted: bool = False) -> Method:
    """A vote over the first samples."""

    def method(problem: Recorded) -> Vote:
        weights = problem.weights[:count] if weighted else ()
        return Vote(winner(problem.answers[:count], weights), float(problem.tokens[:count].sum()), True)

    return method


@cache
def wave(leader: float, runner_up: float, left: int, until: float) -> int:
    return next_wave((leader, runner_up), left, until)


def until_sure(until: float) -> Method:
    """Waves, as `--vote-until` runs them."""

    def method(problem: Recorded) -> Vote:
        samples = len(problem.answers)
        ran = 0
        while more := wave(*top_two(problem.answers[:ran]), samples - ran, until):
            ran += more
        return Vote(winner(problem.answers[:ran]), float(problem.tokens[:ran].sum()), ran < samples)

    return method


def until_sure_of_all(until: float) -> Method:
    """Adaptive-Consistency's Dirichlet test (arXiv 2305.11860) after each sample: the leader against all others."""
    random = np.random.default_rng(0)

    @cache
    def leads(votes: tuple[float, ...]) -> float:
        draws = random.standard_gamma(np.array(votes) + 1.0, size=(DRAWS, len(votes)))
        return float((draws.argmax(axis=1) == 0).mean())

    def method(problem: Recorded) -> Vote:
        for ran in range(1, len(problem.answers) + 1):
            votes = tuple(sorted(tally(problem.answers[:ran]).values(), reverse=True))
            if leads((*votes, 0.0)) >= until:
                break
        return Vote(winner(problem.answers[:ran]), float(problem.tokens[:ran].sum()), ran < len(problem.answers))

    return method


def first_of(first: int, many: int) -> Method:
    """The first to finish of samples that run side by side, as `--vote-first` runs them; the rest is cancelled."""

    def method(problem: Recorded) -> Vote:
        tokens = problem.tokens[:many]
        finished = np.argsort(tokens, kind="stable")[:first]
        spent = np.minimum(tokens, tokens[finished[-1]]).sum()
        return Vote(winner([problem.answers[each] for each in sorted(finished.tolist())]), float(spent), True)

    return method


def top_two(answers: Sequence[int | None]) -> tuple[float, float]:
    """The votes of the leader and the runner-up."""
    leader, runner_up = islice((*sorted(tally(answers).values(), reverse=True), 0.0, 0.0), 2)
    return leader, runner_up
