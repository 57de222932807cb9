"""How sure a model was of its thought, by the log-probabilities of the tokens that it sampled."""

from __future__ import annotations

from itertools import accumulate

WINDOW = 64
"""Tokens of a window: what a step of reasoning takes, about."""


class Confidence(list[float]):
    """The log-probabilities of a thought's sampled tokens, as `sampler.draw` gives them.

    It is a list, as each token adds one. Its figures have six decimals, so that a result file holds them exactly.
    """

    @property
    def mean(self) -> float | None:
        """The mean of all; None if nothing was sampled."""
        return _rounded(sum(self) / len(self)) if self else None

    @property
    def lowest(self) -> float | None:
        """The lowest mean of WINDOW tokens in a row, which shows a step that the mean over a long thought hides (lowest
        group confidence, DeepConf, arXiv 2508.15260, section 3.1). Of a shorter thought it is the mean."""
        if len(self) <= WINDOW:
            return self.mean
        sums = list(accumulate(self, initial=0.0))
        return _rounded(min(after - before for before, after in zip(sums, sums[WINDOW:], strict=False)) / WINDOW)


def _rounded(log_probability: float) -> float:
    return min(0.0, round(log_probability, 6)) + 0.0  # minus zero becomes zero
