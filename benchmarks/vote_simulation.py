"""What votes that end early save, and how often they end on the wrong answer, on problems that are made up.

    python benchmarks/vote_simulation.py
    python benchmarks/vote_simulation.py --problems 1000 --samples 16

A problem has a chance to be answered right, drawn from one of MIXTURES, and wrong answers that share the rest: their
shares are Dirichlet with parameter SPREAD over WRONG answers, so that one or two are usually ahead. Thoughts have
log-normal lengths; those of wrong answers are longer by a factor.

A vote that ended early did so falsely if all samples would have elected another answer. The last column counts the
problems whose winner is not their likeliest answer, which a vote over all samples does not always find either.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from thinkcap.runs.intervals import mean_share
from thinkcap.runs.stopping_rule import next_wave

MIXTURES = {
    "mostly easy": ((0.55, 20, 1), (0.25, 2, 2), (0.20, 1, 8)),
    "mostly hard": ((0.20, 12, 1.5), (0.40, 1.2, 1.8), (0.40, 0.5, 8)),
    "every chance": ((1.0, 1, 1),),
    "all near a half": ((1.0, 10, 10),),
}
"""Distributions of the chance to be right: (weight, a, b) of beta distributions."""
WRONG = 12
SPREAD = 0.3
LENGTH = 1000
"""Tokens of a right answer's thought in the mean."""
LENGTH_SIGMA = 0.5
DRAWS = 2_000
"""Of the Dirichlet distribution, for each test."""


@dataclass(frozen=True, slots=True)
class Problem:
    """The answers of a problem's samples, 0 is right, the tokens of each, and the answer that more samples would give
    most often."""

    answers: Sequence[int]
    tokens: NDArray[np.float64]
    likeliest: int


@dataclass(frozen=True, slots=True)
class Vote:
    """What a method came to: the winner, all tokens, and whether it ran fewer samples than all."""

    winner: int
    tokens: float
    stopped: bool


Method = Callable[[Problem], Vote]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--problems", type=int, default=10_000)
    parser.add_argument("--samples", type=int, default=32)
    parser.add_argument("--longer", type=float, default=1.3, help="by this factor the thoughts of wrong answers")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    print(
        "| problems | method | right, % (95 %) | tokens | saved, % | ended early, % | of these falsely, % | "
        "of all | not the likeliest, % |"
    )
    print("| --- | --- | --- | --- | --- | --- | --- | --- | --- |")
    for name in MIXTURES:
        random = np.random.default_rng(arguments.seed)
        problems = list(made_up(name, arguments.problems, arguments.samples, arguments.longer, random))
        for row in rows(problems, methods(arguments.samples)):
            print(f"| {name} | {row} |", flush=True)


def made_up(name: str, count: int, samples: int, longer: float, random: np.random.Generator) -> Iterator[Problem]:
    """Problems of a mixture."""
    weights, a, b = zip(*MIXTURES[name], strict=True)
    for part in random.choice(len(weights), size=count, p=weights):
        right = random.beta(a[part], b[part])
        shares = [right, *((1 - right) * random.dirichlet([SPREAD] * WRONG))]
        answers = random.choice(WRONG + 1, size=samples, p=np.array(shares) / sum(shares))
        lengths = LENGTH * random.lognormal(-(LENGTH_SIGMA**2) / 2, LENGTH_SIGMA, samples)
        yield Problem(answers.tolist(), lengths * np.where(answers == 0, 1.0, longer), int(np.argmax(shares)))


def methods(samples: int) -> dict[str, Method]:
    """The ways to vote, by name; the first runs all samples."""
    return {
        f"maj@{samples}": whole,
        "one thought": lambda problem: Vote(problem.answers[0], float(problem.tokens[0]), True),
        **{f"until {until}": until_sure(until) for until in (0.8, 0.9, 0.95, 0.99, 1.0)},
        "until 0.95, Dirichlet": until_sure_of_all(0.95),
        **{f"first {first} of {many}": first_of(first, many) for first, many in ((4, 8), (8, 16), (16, samples))},
    }


def winner(answers: Sequence[int]) -> int:
    """The majority; ties go to the answer seen first."""
    return max(answers, key=answers.count) if answers else -1


def whole(problem: Problem) -> Vote:
    return Vote(winner(problem.answers), float(problem.tokens.sum()), False)


@cache
def wave(leader: int, runner_up: int, left: int, until: float) -> int:
    return next_wave((leader, runner_up), left, until)


def until_sure(until: float) -> Method:
    """Waves, as `--vote-until` runs them."""

    def method(problem: Problem) -> Vote:
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
    def leads(votes: tuple[int, ...]) -> float:
        draws = random.standard_gamma(np.array(votes) + 1.0, size=(DRAWS, len(votes)))
        return float((draws.argmax(axis=1) == 0).mean())

    def method(problem: Problem) -> Vote:
        for ran in range(1, len(problem.answers) + 1):
            seen = problem.answers[:ran]
            votes = tuple(sorted(map(seen.count, set(seen)), reverse=True))
            if leads((*votes, 0)) >= until:
                break
        return Vote(winner(seen), float(problem.tokens[:ran].sum()), ran < len(problem.answers))

    return method


def first_of(first: int, many: int) -> Method:
    """The first to finish of samples that run side by side, as `--vote-first` runs them; the rest is cancelled."""

    def method(problem: Problem) -> Vote:
        tokens = problem.tokens[:many]
        finished = sorted(tokens.argsort()[:first].tolist())
        spent = np.minimum(tokens, tokens[tokens.argsort()[first - 1]]).sum()
        return Vote(winner([problem.answers[each] for each in finished]), float(spent), True)

    return method


def top_two(answers: Sequence[int]) -> tuple[int, int]:
    counts = sorted(map(answers.count, set(answers)), reverse=True)
    leader, runner_up = [*counts, 0, 0][:2]
    return leader, runner_up


def rows(problems: Sequence[Problem], methods: dict[str, Method]) -> Iterator[str]:
    """A table row for each method."""
    full = [whole(problem) for problem in problems]
    cost = sum(vote.tokens for vote in full)
    for name, method in methods.items():
        votes = [method(problem) for problem in problems]
        right = mean_share([float(vote.winner == 0) for vote in votes])
        tokens = sum(vote.tokens for vote in votes)
        stopped = sum(vote.stopped for vote in votes)
        false = sum(vote.stopped and vote.winner != all_.winner for vote, all_ in zip(votes, full, strict=True))
        missed = sum(vote.winner != problem.likeliest for vote, problem in zip(votes, problems, strict=True))
        yield " | ".join(
            (
                name,
                f"{100 * right.value:.1f} ({100 * right.low:.1f} to {100 * right.high:.1f})",
                f"{tokens / len(votes):,.0f}",
                f"{100 * (1 - tokens / cost):.0f}",
                f"{100 * stopped / len(votes):.0f}",
                f"{100 * false / stopped:.1f}" if stopped else "",
                f"{100 * false / len(votes):.1f}",
                f"{100 * missed / len(votes):.1f}",
            )
        )


if __name__ == "__main__":
    main()
