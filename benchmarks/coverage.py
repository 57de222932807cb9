"""How often the 95 % intervals of runs/intervals.py hold the true value.

    python benchmarks/coverage.py
    python benchmarks/coverage.py --runs 200

Each row draws runs of n problems and gives the coverage in %, over true accuracies from 5 to 95 %. The columns are the
spread between problems: all equally hard, beta distributions with a correlation of 0.1 and 0.4 between a problem's
samples, problems that are always or never solved, and a mixture of problems that are always solved with problems that
are solved half as often as the mean.
"""

from __future__ import annotations

import argparse
from math import comb, inf
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from thinkcap.runs.intervals import mean_share
from thinkcap.runs.metrics import maj_at_k, pass_at_k

Chances: TypeAlias = NDArray[np.float64]
SPREADS = ("none", "0.1", "0.4", "all or nothing", "sure or hard")
ACCURACIES = np.arange(1, 20) / 20
SAMPLES = 16
"""Samples of each problem for pass@k and maj@k."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=100, help="for each accuracy")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    print("| figure | n | " + " | ".join(SPREADS) + " |")
    print("| --- " * (len(SPREADS) + 2) + "|")
    for name, share in figures().items():
        for n in (15, 40, 200):
            found = [coverage(n, share, spread, arguments.runs, arguments.seed) for spread in SPREADS]
            print(f"| {name} | {n} | " + " | ".join(f"{100 * each:.1f}" for each in found) + " |", flush=True)


def figures() -> dict[str, list[float]]:
    """For each figure a problem's share by the number of its samples that are right."""
    avg = {f"Avg@{k}": [right / k for right in range(k + 1)] for k in (1, 2, 16)}
    passed = {f"pass@{k} of {SAMPLES}": [pass_at_k(SAMPLES, right, k) for right in range(SAMPLES + 1)] for k in (2, 16)}
    return avg | passed | {f"maj@3 of {SAMPLES}": [vote(right, 3) for right in range(SAMPLES + 1)]}


def vote(right: int, k: int) -> float:
    """maj@k if all wrong answers are equal."""
    verdicts = [True] * right + [False] * (SAMPLES - right)
    return maj_at_k([0 if each else 1 for each in verdicts], verdicts, k)


def coverage(n: int, share: list[float], spread: str, runs: int, seed: int) -> float:
    """The share of runs of n problems whose interval holds the true value."""
    random, samples = np.random.default_rng(seed), len(share) - 1
    held = []
    for accuracy in ACCURACIES:
        truth = expected(accuracy, spread, share)
        for _ in range(runs):
            right = random.binomial(samples, chances(accuracy, spread, n, random))
            found = mean_share([share[each] for each in right])
            held.append(found.low <= truth <= found.high)
    return sum(held) / len(held)


def chances(accuracy: float, spread: str, n: int, random: np.random.Generator) -> Chances:
    """How likely a sample of each of n problems is right."""
    match spread:
        case "none":
            return np.full(n, accuracy)
        case "all or nothing":
            return np.where(random.random(n) < accuracy, 1.0, 0.0)
        case "sure or hard":
            return np.where(random.random(n) < sure(accuracy), 1.0, accuracy / 2)
    size = 1 / float(spread) - 1
    return random.beta(accuracy * size, (1 - accuracy) * size, n)


def sure(accuracy: float) -> float:
    """The share of problems that are always solved if the others are solved half as often as the mean."""
    return accuracy / (2 - accuracy)


def expected(accuracy: float, spread: str, share: list[float]) -> float:
    """The true value of a figure."""
    match spread:
        case "none":
            return mean_of(share, accuracy, inf)
        case "all or nothing":
            return accuracy * share[-1] + (1 - accuracy) * share[0]
        case "sure or hard":
            always = sure(accuracy)
            return always * share[-1] + (1 - always) * mean_of(share, accuracy / 2, inf)
    return mean_of(share, accuracy, 1 / float(spread) - 1)


def mean_of(share: list[float], accuracy: float, size: float) -> float:
    """The mean share if the number of right samples is beta-binomial with α + β = `size`, which may be infinite."""
    samples = len(share) - 1
    likely = [float(comb(samples, right)) for right in range(samples + 1)]
    for right in range(samples + 1):
        for each in range(samples):
            chance, before = (accuracy, each) if each < right else (1 - accuracy, each - right)
            likely[right] *= chance if size == inf else (chance * size + before) / (size + each)
    return float(np.dot(likely, share))


if __name__ == "__main__":
    main()
