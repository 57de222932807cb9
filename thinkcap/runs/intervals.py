"""Shares with their 95 % intervals."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from math import fsum, sqrt
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Z_95 = 1.959963984540054
"""The 97.5th percentile of the standard normal distribution."""
MEANS, CORRELATIONS = 500, 24
"""Points of the grid on which a posterior is worked out."""


@dataclass(frozen=True)
class Share:
    """A share between 0 and 1 with its 95 % interval."""

    value: float
    low: float
    high: float


def mean_share(shares: Sequence[float], draws: Sequence[float]) -> Share:
    """The mean of one share a problem, with its interval in the beta-binomial model.

    If each share is a single draw, or all are 0 or all are 1, it is Wilson's interval over problems: draws that are all
    alike say nothing about how alike a problem's draws are, so each problem counts once.

    draws  of how many independent draws each share is the mean: the samples for Avg@k; for pass@k and maj@k the samples
           by k, since a mean over all subsets varies at most as much as one over disjoint subsets (Hoeffding 1948)

    Raises:
        ValueError: if there are no shares.
    """
    if not shares:
        raise ValueError("no problems to take a mean over")
    if max(draws) <= 1 or min(shares) == max(shares) in (0, 1):
        return wilson(round(fsum(shares)), len(shares))
    return beta_binomial(shares, draws)


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


def beta_binomial(shares: Sequence[float], draws: Sequence[float]) -> Share:
    """The mean of ``shares``, one a problem, with the interval of its posterior in the beta-binomial model.

    A problem's share of successes in the long run is drawn from a beta distribution with mean μ and correlation
    ρ = 1 / (α + β + 1) between the draws of a problem, and its successes are binomial (Skellam 1948, JRSS B 10:257).
    The priors of μ and √ρ are Jeffreys' Beta(½, ½). The interval is between the 2.5th and 97.5th percentiles of μ.
    """
    import numpy as np

    likelihood = sum(
        times * _likelihood(*each) for each, times in sorted(Counter(zip(shares, draws, strict=True)).items())
    )
    posterior = np.exp(likelihood - np.max(likelihood)).sum(axis=1)
    low, high = np.interp((0.025, 0.975), np.cumsum(posterior) / posterior.sum(), _grid()[0][:, 0])
    value = fsum(shares) / len(shares)
    return Share(value, min(float(low), value), max(float(high), value))


@cache
def _grid() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Means as a column and correlations as a row."""
    import numpy as np

    # Even steps in the arc sine of the root are even steps in Jeffreys' prior.
    means, correlations = (np.sin(np.pi / 2 * (np.arange(n) + 0.5) / n) ** 2 for n in (MEANS, CORRELATIONS))
    return means[:, None], correlations[None, :] ** 2


@lru_cache(maxsize=256)
def _likelihood(share: float, draws: float) -> NDArray[np.float64]:
    """The logarithm of the likelihood of one problem's share at each point of the grid."""
    means, correlations = _grid()
    size = 1 / correlations - 1
    right, wrong = share * draws, (1 - share) * draws
    return _rising(means * size, right) + _rising((1 - means) * size, wrong) - _rising(size, draws)


def _rising(x: NDArray[np.float64], n: float) -> NDArray[np.float64]:
    """The logarithm of Γ(x + n) / Γ(x)."""
    return _log_gamma(x + n) - _log_gamma(x)


def _log_gamma(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """ln Γ(x) by Stirling's series, from x + 8 down: numpy has none."""
    import numpy as np

    y = x + 8
    product = x.copy()
    for step in range(1, 8):
        product *= x + step
    result: NDArray[np.float64] = (
        (y - 0.5) * np.log(y) - y + np.log(2 * np.pi) / 2 + 1 / (12 * y) - 1 / (360 * y**3) - np.log(product)
    )
    return result
