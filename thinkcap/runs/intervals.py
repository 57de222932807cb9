"""Shares with their 95 % intervals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import fsum, sqrt

Z_95 = 1.959963984540054
"""The 97.5th percentile of the standard normal distribution."""
PRIOR = 0.1
"""The weight, in problems, of the assumption that a problem's samples are all right or all wrong."""


@dataclass(frozen=True)
class Share:
    """A share between 0 and 1 with its 95 % interval."""

    value: float
    low: float
    high: float


def mean_share(shares: Sequence[float]) -> Share:
    """The mean of one share a problem, for Avg@k, pass@k and maj@k alike, with Wilson's interval.

    n problems whose shares are all 0 or 1 are n draws. Otherwise they are worth n / d draws: the design effect d is the
    variance of the shares over that of single draws (Kish 1965, *Survey Sampling*), estimated with `PRIOR` problems of
    d = 1 beside those seen. As the variance is an estimate, Student's t replaces the normal distribution (Korn &
    Graubard 1998, Survey Methodology 24:193).

    Raises:
        ValueError: if there are no shares.
    """
    if not shares:
        raise ValueError("no problems to take a mean over")
    n = len(shares)
    if all(share in (0, 1) for share in shares):
        return wilson(round(fsum(shares)), n)
    mean = fsum(shares) / n
    squares, single = fsum((share - mean) ** 2 for share in shares), mean * (1 - mean)
    freedom = n - 1 + PRIOR
    design_effect = min(1.0, (squares / single + PRIOR) / freedom)
    return _wilson(mean, n / design_effect, student_t_95(n - 1) if n > 1 else Z_95)


def wilson(correct: int, n: int) -> Share:
    """A share of successes with Wilson's score interval (Wilson 1927, JASA 22:209).

    Raises:
        ValueError: unless 0 ≤ correct ≤ n and n ≥ 1.
    """
    if not 0 <= correct <= n or n < 1:
        raise ValueError(f"{correct} right of {n} is no share")
    return _wilson(correct / n, n, Z_95)


def _wilson(share: float, n: float, z: float) -> Share:
    scale = 1 + z * z / n
    centre = (share + z * z / (2 * n)) / scale
    half = z * sqrt(share * (1 - share) / n + z * z / (4 * n * n)) / scale
    # Rounding must not leave the interval without the share itself.
    return Share(share, max(0.0, min(share, centre - half)), min(1.0, max(share, centre + half)))


def student_t_95(freedom: int) -> float:
    """The 97.5th percentile of Student's t distribution for at least one degree of freedom: from five on within 0.003
    by the Cornish-Fisher expansion (Abramowitz & Stegun 26.7.5)."""
    if freedom < 5:
        return (12.7062, 4.3027, 3.1824, 2.7764)[freedom - 1]
    z = Z_95
    return (
        z
        + (z**3 + z) / (4 * freedom)
        + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * freedom**2)
        + (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / (384 * freedom**3)
    )
