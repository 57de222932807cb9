"""When a vote is decided: pure functions of the votes that its answers have so far.

The test is the Beta criterion of Adaptive-Consistency (Aggarwal et al. 2023, arXiv 2305.11860, section 3): the leader
and the runner-up share their votes as a coin with an unknown bias does, every bias equally likely beforehand.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import exp, lgamma, log


def stays_ahead(leader: float, runner_up: float) -> float:
    """The probability that the leader has more than half of the votes of the two in the long run.

    P(p > 1/2) for p ~ Beta(leader + 1, runner_up + 1). Votes may be weights, not only counts.
    """
    return _beta_below_half(runner_up + 1, leader + 1)


def is_decided(leader: float, runner_up: float, left: int, until: float, heaviest: float = 1.0) -> bool:
    """Whether a vote may end: the leader stays ahead with probability `until`, or what is left can't change that.

    left      samples that could still vote
    heaviest  the most that one of them could weigh
    """
    return left == 0 or leader - runner_up > left * heaviest or stays_ahead(leader, runner_up) >= until


def next_wave(votes: Sequence[float], left: int, until: float, heaviest: float = 1.0) -> int:
    """How many samples to run before the next test; 0 if the vote is decided.

    The fewest that could decide it, if all of them voted for the leader. Fewer can't end the vote, so they may as well
    run side by side; with more, some could turn out not to have been needed. A vote thus takes exactly the samples that
    it would take if it were tested after each.
    """
    leader, runner_up = [*sorted(votes, reverse=True), 0.0, 0.0][:2]
    return next(more for more in range(left + 1) if is_decided(leader + more, runner_up, left - more, until, heaviest))


def _beta_below_half(a: float, b: float) -> float:
    """P(p < 1/2) for p ~ Beta(a, b): the regularised incomplete beta function at 1/2, by DLMF 8.17.8."""
    term = exp(lgamma(a + b) - lgamma(a + 1) - lgamma(b) - (a + b) * log(2))
    total, place = 0.0, 0
    while term > 1e-17 * total:
        total += term
        term *= (a + b + place) / (2 * (a + 1 + place))
        place += 1
    return min(1.0, total)
