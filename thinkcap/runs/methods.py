"""Ways to spend tokens on a problem, and what they give: one thought, a vote over whole thoughts, a vote over answers
at several depths of thoughts (Fractured Sampling, arXiv 2505.12992). At equal cost they can be compared."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Any

from thinkcap.runs.cost import cost_of
from thinkcap.runs.groups import ResultGroup, SettingsKey, vote_on
from thinkcap.runs.intervals import Share, mean_share
from thinkcap.runs.metrics import by_problem, is_graded, maj_at_k, mean, powers_of_two
from thinkcap.runs.polls import VoteBy, VoteRule
from thinkcap.runs.result import Result

if TYPE_CHECKING:
    from thinkcap.grading import Grader


@dataclass(frozen=True, slots=True)
class Method:
    """One way to spend tokens on a problem.

    settings  model, quant, seed, the budget's parts and the sampling, by name
    thoughts  thoughts a problem, at most if the vote ends early; one is no vote, unless it is answered several times
    depths, answers  points of each thought at which it is answered, and answers at each; 0 and 1 for its end alone
    accuracy  the share of problems whose answer, or heaviest vote, is right
    tokens    mean tokens a problem, a shared thought counted once, and what was cancelled too
    """

    settings: dict[str, Any]
    thoughts: int
    depths: int
    answers: int
    accuracy: Share
    tokens: float

    @property
    def name(self) -> str:
        if self.depths:
            thoughts = f"{self.thoughts} thoughts × " if self.thoughts > 1 else ""
            answers = f" × {self.answers} answers" if self.answers > 1 else ""
            return f"{thoughts}{self.depths} depth{'s' * (self.depths > 1)}{answers}"
        if self.thoughts == 1:
            return "one thought"
        vote = f"{'maj' if self.settings['vote_by'] == 'count' else 'weighted'}@{self.thoughts}"
        if self.settings["vote_until"] is not None:
            return f"{vote} until {100 * self.settings['vote_until']:g} %"
        return vote if self.settings["vote_first"] is None else f"{vote}, first {self.settings['vote_first']}"

    def to_dict(self) -> dict[str, Any]:
        return {"method": self.name, **asdict(self)}


def has_votes(group: ResultGroup) -> bool:
    """Whether a group's results were made to vote in a way that the figures of single results don't show."""
    return bool(group.settings["depths"]) or _stops(group.settings)


def methods(groups: Iterable[ResultGroup], grader: Grader, vote_by: VoteBy | None = None) -> list[Method]:
    """The methods that a report's groups have results for, from the cheapest to the dearest of each model. Only
    problems with an expected answer count.

    vote_by  how votes are weighed; None weighs them as their run did
    """
    runs: dict[SettingsKey, list[Result]] = {}
    for group in groups:
        # Each depth of a thought has another budget, but they vote together.
        settings = dict(group.settings)
        whole = settings.pop("depths_of")
        if settings["depths"]:
            settings["thinking"] = whole
        settings["vote_by"] = vote_by or settings["vote_by"]
        runs.setdefault(tuple(settings.items()), []).extend((*group.results, *group.unneeded))
    found = [method for settings, results in runs.items() for method in _methods(dict(settings), results, grader)]
    models = {method.settings["model"]: place for place, method in reversed(list(enumerate(found)))}
    return sorted(found, key=lambda method: (models[method.settings["model"]], method.tokens))


def _methods(settings: dict[str, Any], results: Sequence[Result], grader: Grader) -> list[Method]:
    problems = {
        problem: given
        for problem, given in by_problem(result for result in results if not result.unneeded).items()
        if all(map(is_graded, given)) and all(result.error is None for result in given)
    }
    if not problems:
        return []
    if _stops(settings):
        return _stopped_vote(settings, results, problems, grader)
    rule = VoteRule(by=settings["vote_by"])
    thoughts = {problem: _thoughts(given) for problem, given in problems.items()}
    labels = {problem: vote_on(given, grader).labels for problem, given in problems.items()}
    verdicts = {problem: [bool(result.correct) for result in given] for problem, given in problems.items()}
    weights = {problem: rule.weights(given) for problem, given in problems.items()}
    tokens = mean(cost_of(given).total / len(thoughts[problem]) for problem, given in problems.items())
    assert tokens is not None
    fewest = min(map(len, thoughts.values()))
    return [
        Method(
            settings=settings,
            thoughts=k,
            depths=settings["depths"],
            answers=settings["answers"],
            accuracy=mean_share(
                [
                    maj_at_k(labels[each], verdicts[each], k, thoughts=thoughts[each], weights=weights[each])
                    for each in problems
                ]
            ),
            tokens=k * tokens,
        )
        for k in powers_of_two(fewest)
    ]


def _stopped_vote(
    settings: dict[str, Any], results: Sequence[Result], problems: dict[str, list[Result]], grader: Grader
) -> list[Method]:
    """The one method of a run whose votes ended early: the votes as they were."""
    rule = VoteRule(by=settings["vote_by"])
    everything = by_problem(result for result in results if result.id in problems)
    right = []
    for given in problems.values():
        winner = next(iter(vote_on(given, grader, rule.weights(given)).groups), None)
        right.append(float(winner is not None and bool(given[winner.members[0]].correct)))
    tokens = mean(cost_of(given).total for given in everything.values())
    assert tokens is not None
    return [
        Method(
            settings=settings,
            thoughts=max(map(len, everything.values())),
            depths=settings["depths"],
            answers=settings["answers"],
            accuracy=mean_share(right),
            tokens=tokens,
        )
    ]


def _stops(settings: Mapping[str, Any]) -> bool:
    return settings["vote_until"] is not None or settings["vote_first"] is not None


def _thoughts(results: Sequence[Result]) -> list[list[int]]:
    """The places of each thought's results among a problem's."""
    numbered = groupby(enumerate(results), key=lambda each: each[1].sample)
    return [[place for place, _ in thought] for _, thought in numbered]
