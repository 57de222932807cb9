"""Shares with their 95 % intervals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import fsum, sqrt

Z_95 = 1.959963984540054
"""The 97.5th percentile of the standard normal distribution."""
RESAMPLES = 10_000


@dataclass(frozen=True)
class Share:
    """A share between 0 and 1 with its 95 % interval."""

    value: float
    low: float
    high: float


def mean_share(shares: Sequence[float], several_samples: bool, seed: int = 0) -> Share:
    """The mean of one share a problem with its interval: a bootstrap over problems, or Wilson's for single samples."""
    if several_samples:
        return bootstrap(shares, seed)
    return wilson(round(fsum(shares)), len(shares))


def wilson(correct: int, n: int, z: float = Z_95) -> Share:
    """A share of successes with Wilson's score interval (Wilson 1927, JASA 22:209).

    Raises:
        ValueError: unless 0 ≤ correct ≤ n and n ≥ 1.
    """
    if not 0 <= correct <= n or n < 1:
        raise ValueError(f"{correct} right of {n} is no share")
    share = correct / n
    scale = 1 + z * z / n
    centre = (share + z * z / (2 * n)) / scale
    half = z * sqrt(share * (1 - share) / n + z * z / (4 * n * n)) / scale
    # Exactly 0 and 1 at the ends, where rounding would leave the interval without the share itself.
    return Share(share, 0.0 if correct == 0 else centre - half, 1.0 if correct == n else centre + half)


def bootstrap(shares: Sequence[float], seed: int = 0, resamples: int = RESAMPLES) -> Share:
    """The mean of ``shares``, one a problem, with its percentile bootstrap interval over problems (Efron 1979).

    The same shares and seed give the same interval, in whatever order the problems come.

    Raises:
        ValueError: if there are no shares.
    """
    if not shares:
        raise ValueError("no problems to take a mean over")
    import numpy as np

    values = np.sort(np.asarray(shares, dtype=np.float64))
    generator = np.random.default_rng(seed)
    means = np.empty(resamples)
    chunk = max(1, 2_000_000 // len(values))
    for start in range(0, resamples, chunk):
        count = min(chunk, resamples - start)
        means[start : start + count] = values[generator.integers(0, len(values), (count, len(values)))].mean(axis=1)
    low, high = np.percentile(means, (2.5, 97.5))
    value = fsum(shares) / len(shares)
    return Share(value, min(float(low), value), max(float(high), value))
