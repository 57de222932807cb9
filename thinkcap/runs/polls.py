"""Votes that end early: which samples of each problem may run, are still to wait, and are not needed.

A poll releases its samples wave by wave. Its decisions depend only on the answers of whole waves, not on the order in
which they come, so a run that goes on after a kill decides as if it had not been killed.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
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

    def weights(self, outcomes: Sequence[Outcome]) -> list[float]:
        """What the vote of each of a problem's outcomes weighs.

        By confidence it is the geometric mean probability of the sampled tokens in the thought's least likely window:
        the lowest group confidence of DeepConf (arXiv 2508.15260, section 3.1), weighed as CISC does at temperature 1
        (arXiv 2502.06233, equation 2). Thoughts that were not sampled, or not all of them, weigh as the others on
        average.
        """
        known = [exp(each.lowest_log_probability) for each in outcomes if each.lowest_log_probability is not None]
        if self.by == "count" or not known:
            return [1.0] * len(outcomes)
        usual = sum(known) / len(known)
        return [usual if each.lowest_log_probability is None else exp(each.lowest_log_probability) for each in outcomes]


class Poll:
    """The vote on one problem.

    released  samples that may run: those with a lower number
    decided   whether no more are needed
    """

    def __init__(self, rule: VoteRule, samples: int, grader: Grader) -> None:
        self._rule = rule
        self._samples = samples
        self._grader = grader
        self._ballots: dict[int, Outcome] = {}
        self.released = samples if rule.until is None else next_wave((), samples, rule.until)
        self.decided = False

    def hear(self, outcome: Outcome) -> None:
        """Takes a sample's outcome. Waits for comparisons with the other answers once a wave is whole."""
        self._ballots[outcome.sample] = outcome
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
        ballots = [self._ballots[sample] for sample in range(self.released)]
        weights = self._rule.weights(ballots)
        # The test counts votes, so that weights are taken relative to their mean; none weighs more than 1.
        mean = sum(weights) / len(weights)
        found = vote([each.answer for each in ballots], self._grader, weights)
        votes = [group.weight / mean for group in found.groups]
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
        for result in held if rule.stops else ():
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
        """Takes an outcome."""
        if self._rule.stops:
            self._of(outcome.id).hear(outcome)

    def _of(self, problem: str) -> Poll:
        if problem not in self._polls:
            self._polls[problem] = Poll(self._rule, self._samples, self._grader)
        return self._polls[problem]
