"""How often the 95 % intervals of runs/intervals.py hold the true value.

    python benchmarks/coverage.py
    python benchmarks/coverage.py --runs 200

Each row draws runs of n problems and gives the coverage in %, over true accuracies from 5 to 95 %. The columns are the
spread between problems: all equally hard, beta distributions with a correlation of 0.1 and 0.4 between a problem's
samples, and problems that are always or never solved.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable
from math import comb, inf
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from thinkcap.runs.intervals import mean_share
from thinkcap.runs.metrics import maj_at_k, pass_at_k

Chances: TypeAlias = NDArray[np.float64]
SPREADS = {"none": 0.0, "0.1": 0.1, "0.4": 0.4, "all or nothing": 1.0}
"""The correlation between the samples of a problem."""
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
    for name, (samples, k, share) in figures().items():
        for n in (15, 40, 200):
            found = (
                coverage(n, samples, k, share, spread, arguments.runs, np.random.default_rng(arguments.seed))
                for spread in SPREADS.values()
            )
            print(f"| {name} | {n} | " + " | ".join(f"{100 * each:.1f}" for each in found) + " |", flush=True)


def figures() -> dict[str, tuple[int, int, list[float]]]:
    """For each figure the samples of a problem, k, and a problem's share by the number of right samples."""
    avg = {f"Avg@{k}": (k, 1, [right / k for right in range(k + 1)]) for k in (1, 2, 16)}
    passed = {
        f"pass@{k} of {SAMPLES}": (SAMPLES, k, by_right(lambda c, k=k: pass_at_k(SAMPLES, c, k))) for k in (2, 16)
    }
    return avg | passed | {f"maj@3 of {SAMPLES}": (SAMPLES, 3, by_right(lambda right: vote(right, 3)))}


def by_right(share: Callable[[int], float]) -> list[float]:
    return [share(right) for right in range(SAMPLES + 1)]


def vote(right: int, k: int) -> float:
    """maj@k if all wrong answers are equal."""
    verdicts = [True] * right + [False] * (SAMPLES - right)
    return maj_at_k([0 if each else 1 for each in verdicts], verdicts, k)


def coverage(
    n: int,
    samples: int,
    k: int,
    share: list[float],
    spread: float,
    runs: int,
    random: np.random.Generator,
    accuracies: Iterable[float] = ACCURACIES,
) -> float:
    """The share of runs whose interval holds the true value."""
    held = []
    for accuracy in accuracies:
        truth = expected(accuracy, spread, samples, share)
        for _ in range(runs):
            right = random.binomial(samples, chances(accuracy, spread, n, random))
            found = mean_share([share[each] for each in right], [samples / k] * n)
            held.append(found.low <= truth <= found.high)
    return sum(held) / len(held)


def chances(accuracy: float, spread: float, n: int, random: np.random.Generator) -> Chances:
    """How likely a sample of each of n problems is right."""
    if spread in (0, 1):
        return np.full(n, accuracy) if spread == 0 else (random.random(n) < accuracy).astype(float)
    size = 1 / spread - 1
    return random.beta(accuracy * size, (1 - accuracy) * size, n)


def expected(accuracy: float, spread: float, samples: int, share: list[float]) -> float:
    """The true value: the mean share over the beta-binomial distribution of the number of right samples."""
    if spread == 1:
        return accuracy * share[-1] + (1 - accuracy) * share[0]
    size = 1 / spread - 1 if spread else inf
    likely = [float(comb(samples, right)) for right in range(samples + 1)]
    for right in range(samples + 1):
        for each in range(samples):
            chance, before = (accuracy, each) if each < right else (1 - accuracy, each - right)
            likely[right] *= chance if size == inf else (chance * size + before) / (size + each)
    return float(np.dot(likely, share))


if __name__ == "__main__":
    main()
