"""Votes that end early: which samples of each problem may run, are still to wait, and are not needed.

A poll releases its samples wave by wave. Its decisions depend only on the answers of whole waves, not on the order in
which they come, so a run that goes on after a kill decides as if it had not been killed.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import exp
from typing import TYPE_CHECKING, Literal, get_args

from thinkcap.engine.outcome import Outcome
from thinkcap.errors import UsageError
from thinkcap.runs.stopping_rule import next_wave

if TYPE_CHECKING:
    from thinkcap.engine.request import Request
    from thinkcap.engine.turns import Turn
    from thinkcap.grading import Grader
    from thinkcap.runs.result import Result

VoteBy = Literal["count", "confidence"]


@dataclass(frozen=True, slots=True, kw_only=True)
class VoteRule:
    """How a problem's samples vote, and when they are enough.

    by     `count`: every answer counts the same; `confidence`: by the log-probabilities of its thought
    until  the probability that the leader stays ahead at which the vote ends; 1 ends it only once the leader can't be
           overtaken, None when all samples are there
    first  only this many vote, those that finish first; None for all

    Raises UsageError for values that make no sense.
    """

    by: VoteBy = "count"
    until: float | None = None
    first: int | None = None

    def __post_init__(self) -> None:
        if self.by not in get_args(VoteBy):
            raise UsageError(f"{self.by!r} is no way to weigh votes; choose from {', '.join(get_args(VoteBy))}.")
        if self.until is not None and not 0.5 < self.until <= 1:
            raise UsageError(f"A vote ends at a probability above 0.5 and at most 1, not {self.until:g}.")
        if self.first is not None and self.first < 1:
            raise UsageError(f"At least 1 sample must vote, not {self.first}.")
        if self.until is not None and self.first is not None:
            raise UsageError("A vote ends when it is decided, or after the first samples: leave one of the two out.")

    @property
    def stops(self) -> bool:
        """Whether a vote can end before all samples have run."""
        return self.until is not None or self.first is not None

    def weight(self, outcome: Outcome) -> float:
        """What an outcome's vote weighs.

        By confidence it is the geometric mean probability of the sampled tokens in the thought's least likely window:
        the lowest group confidence of DeepConf (arXiv 2508.15260, section 3.1), weighed as CISC does at temperature 1
        (arXiv 2502.06233, equation 2). Where nothing was thought, or nothing drawn, it is 1.
        """
        lowest = outcome.lowest_log_probability if self.by == "confidence" else None
        return 1.0 if lowest is None else exp(lowest)


class Poll:
    """The vote on one problem.

    released  samples that may run: those with a lower number
    decided   whether no more are needed
    """

    def __init__(self, rule: VoteRule, samples: int, grader: Grader) -> None:
        self._rule = rule
        self._samples = samples
        self._grader = grader
        self._ballots: dict[int, tuple[str | None, float]] = {}
        self.released = samples if rule.until is None else next_wave((), samples, rule.until)
        self.decided = False

    def hear(self, sample: int, answer: str | None, weight: float = 1.0) -> None:
        """Takes a sample's answer, None if it has none. Waits for comparisons with the others once a wave is whole."""
        self._ballots[sample] = answer, weight
        if self._rule.first is not None:
            self.decided = len(self._ballots) >= min(self._rule.first, self._samples)
        while not self.decided and self._wave_is_whole():
            more = self._next_wave()
            self.released += more
            self.decided = more == 0

    def _wave_is_whole(self) -> bool:
        return self._rule.until is not None and all(sample in self._ballots for sample in range(self.released))

    def _next_wave(self) -> int:
        from thinkcap.grading import vote

        assert self._rule.until is not None
        answers, weights = zip(*(self._ballots[sample] for sample in range(self.released)), strict=True)
        # The test counts votes, so that weights are taken relative to their mean; none weighs more than 1.
        mean = sum(weights) / len(weights)
        votes = [group.weight / mean for group in vote(answers, self._grader, weights).groups]
        return next_wave(votes, self._samples - self.released, self._rule.until, heaviest=max(1.0, 1 / mean))


class Polls:
    """The votes on all problems of a run.

    samples  of each problem, at most
    held     results that are there already; the votes begin with them
    """

    def __init__(self, rule: VoteRule, samples: int, grader: Grader, held: Iterable[Result] = ()) -> None:
        self._rule = rule
        self._samples = samples
        self._grader = grader
        self._polls: dict[str, Poll] = {}
        for result in held:
            if result.unneeded:
                self._of(result.id).decided = True
            else:
                self.hear(result)

    def turn(self, request: Request) -> Turn:
        """Whether a sample may run."""
        poll = self._of(request.id)
        if poll.decided:
            return "never"
        return "now" if request.sample < poll.released else "later"

    def is_decided(self, problem: str) -> bool:
        """Whether a problem needs no more samples."""
        return self._of(problem).decided

    def hear(self, outcome: Outcome) -> None:
        """Takes an outcome's answer."""
        self._of(outcome.id).hear(outcome.sample, outcome.answer, self._rule.weight(outcome))

    def _of(self, problem: str) -> Poll:
        if problem not in self._polls:
            self._polls[problem] = Poll(self._rule, self._samples, self._grader)
        return self._polls[problem]
