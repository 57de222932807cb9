"""The figures of a run, as the papers define them: pure functions over results.

The results of one model under one budget belong in one call. Those with the same ``id`` are samples of one problem.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import comb, fsum, inf
from random import Random

from thinkcap.engine.outcome import Outcome
from thinkcap.runs.intervals import Share, mean_share
from thinkcap.runs.result import Result

MOST_SUBSETS = 2_000
"""Subsets of a problem's samples that maj@k looks at; of more, this many are drawn."""
CUT_REASONS = frozenset(("budget", "deadline", "loop", "context"))
"""The stop reasons of thoughts that thinkcap ended, not the model and not the user."""


@dataclass(frozen=True)
class Metrics:
    """What a run came to.

    problems, samples   distinct problems, and results in all
    errors              problems that could not be run; they count as wrong if an answer was expected
    k                   the most samples a problem has
    accuracy            Avg@k over the problems with an expected answer; None if there is none
    pass_at, maj_at     by k; maj@k only if labels were given
    thinking_tokens …   means over the samples that ran; total_tokens counts injected tokens and begun answers too
    share_cut           of the samples that ran, those whose thought thinkcap ended
    share_answered      of all samples, those with an answer
    length_deviation    mean |used − asked| / asked over the samples whose prompt stated a length; None without such
    """

    problems: int
    samples: int
    errors: int
    k: int
    accuracy: Share | None
    pass_at: Mapping[int, Share]
    maj_at: Mapping[int, Share]
    thinking_tokens: float | None
    solution_tokens: float | None
    total_tokens: float | None
    share_cut: float | None
    share_answered: float | None
    length_deviation: float | None


def measure(
    results: Iterable[Result],
    ks: Sequence[int] | None = None,
    labels: Mapping[str, Sequence[int | None]] | None = None,
    seed: int = 0,
) -> Metrics:
    """All figures of a run.

    Args:
        results: one model's results under one budget, in any order.
        ks: the k of pass@k and maj@k; by default the powers of two up to the number of samples, and that number.
        labels: by problem id, for each of its results in `voting_order` the number of its answer's group (None: no
            answer), as `thinkcap.grading.vote` gives them. Without labels there is no maj@k.
        seed: of maj@k's subsets.
    """
    results = list(results)
    problems = by_problem(results)
    verdicts = {
        id: [bool(each.correct) for each in found] for id, found in problems.items() if all(map(is_graded, found))
    }
    ran = [result for result in results if result.error is None]
    stated = [deviation for result in ran if (deviation := length_deviation(result)) is not None]
    fewest = min(map(len, verdicts.values()), default=0)
    ks = [wanted for wanted in (ks if ks is not None else powers_of_two(fewest)) if 1 <= wanted <= fewest]
    voted = {problem: labels[problem] for problem in verdicts if problem in labels} if labels else {}
    return Metrics(
        problems=len(problems),
        samples=len(results),
        errors=len(results) - len(ran),
        k=max(map(len, problems.values()), default=0),
        accuracy=avg_at_k(list(verdicts.values())) if verdicts else None,
        pass_at={k: mean_share([pass_at_k(len(each), sum(each), k) for each in verdicts.values()]) for k in ks},
        maj_at={
            k: mean_share([maj_at_k(voted[problem], verdicts[problem], k, seed) for problem in voted])
            for k in ks
            if voted and k > 1
        },
        thinking_tokens=mean(result.thinking_tokens for result in ran),
        solution_tokens=mean(result.solution_tokens for result in ran),
        total_tokens=mean(total_tokens(result) + result.probe_tokens for result in ran),
        share_cut=mean(result.stop_reason in CUT_REASONS for result in ran),
        share_answered=mean(bool(result.answer) for result in results),
        length_deviation=mean(stated),
    )


def by_problem(results: Iterable[Result]) -> dict[str, list[Result]]:
    """Each problem's results in voting order."""
    found: dict[str, list[Result]] = {}
    for result in results:
        found.setdefault(result.id, []).append(result)
    return {problem: sorted(given, key=voting_order) for problem, given in found.items()}


def is_graded(result: Result) -> bool:
    """Whether a result counts for accuracy: it has a verdict, or is of a problem with an answer that could not run."""
    return result.correct is not None or bool(result.error and result.expected is not None)


def voting_order(outcome: Outcome) -> tuple[int, float, int]:
    """The order in which a problem's answers are seen, which decides between votes of one size: one sample after the
    other, of each thought the longest budget first, then its answers."""
    thinking = outcome.budget.thinking
    return outcome.sample, -inf if thinking is None else -thinking, outcome.answer_index


def total_tokens(outcome: Outcome) -> int:
    """All tokens of a response: thinking, injected and solution."""
    return outcome.thinking_tokens + outcome.injected_tokens + outcome.solution_tokens


def length_deviation(outcome: Outcome) -> float | None:
    """|used − asked| / asked if the prompt asked for a length, else None.

    Used is the whole response, as L1 counts it (arXiv 2503.04697, section 4).
    """
    asked = outcome.budget.thinking
    if outcome.prompt_mode not in ("max", "exact") or not asked:
        return None
    return abs(total_tokens(outcome) - asked) / asked


def avg_at_k(verdicts: Sequence[Sequence[bool]]) -> Share:
    """Avg@k: the mean over problems of the share of their samples that are right."""
    return mean_share([sum(each) / len(each) for each in verdicts])


def pass_at_k(n: int, correct: int, k: int) -> float:
    """pass@k of one problem: the chance that of ``k`` samples drawn from its ``n`` at least one is right.

    The unbiased estimator 1 − C(n − c, k) / C(n, k) of Chen et al. 2021, *Evaluating Large Language Models Trained on
    Code* (arXiv 2107.03374), equation 1.

    Raises:
        ValueError: unless 0 ≤ correct ≤ n and 1 ≤ k ≤ n.
    """
    if not (0 <= correct <= n and 1 <= k <= n):
        raise ValueError(f"pass@{k} is not defined for {correct} right of {n} samples")
    return 1 - comb(n - correct, k) / comb(n, k)


def maj_at_k(
    labels: Sequence[int | None],
    correct: Sequence[bool],
    k: int,
    seed: int = 0,
    thoughts: Sequence[Sequence[int]] | None = None,
    weights: Sequence[float] | None = None,
) -> float:
    """maj@k of one problem: the chance that the majority of ``k`` of its samples is right (Wang et al. 2022,
    arXiv 2203.11171).

    The mean over all subsets of ``k`` samples, or over ``MOST_SUBSETS`` drawn ones if there are more. Samples vote
    by the group of their answer, those without an answer (None) not at all; a tie goes to the group seen first.

    Args:
        thoughts: for each sample the places of its answers in ``labels`` and ``correct``, if it has several; they
            all vote. By default each sample has one.
        weights: what the vote of each answer weighs, by default 1.

    Raises:
        ValueError: unless 1 ≤ k ≤ the number of samples.
    """
    thoughts = [(place,) for place in range(len(labels))] if thoughts is None else thoughts
    weights = [1.0] * len(labels) if weights is None else weights
    n = len(thoughts)
    if not 1 <= k <= n or len(correct) != len(labels):
        raise ValueError(f"maj@{k} is not defined for {n} samples with {len(correct)} verdicts")
    subsets: Iterable[Sequence[int]]
    if comb(n, k) <= MOST_SUBSETS:
        subsets = list(combinations(range(n), k))
    else:
        random = Random(seed)
        subsets = [sorted(random.sample(range(n), k)) for _ in range(MOST_SUBSETS)]
    won = [
        _majority_is_right(labels, correct, weights, [place for number in subset for place in thoughts[number]])
        for subset in subsets
    ]
    return sum(won) / len(won)


def mean(values: Iterable[float]) -> float | None:
    """The mean; None of nothing."""
    values = list(values)
    return fsum(values) / len(values) if values else None


def _majority_is_right(
    labels: Sequence[int | None], correct: Sequence[bool], weights: Sequence[float], subset: Sequence[int]
) -> bool:
    votes: dict[int, float] = {}
    first: dict[int, int] = {}
    for sample in subset:
        label = labels[sample]
        if label is not None:
            votes[label] = votes.get(label, 0.0) + weights[sample]
            first.setdefault(label, sample)
    if not votes:
        return False
    winner = max(votes, key=lambda label: votes[label])  # max takes the first of equals, and votes are in order seen
    return bool(correct[first[winner]])


def powers_of_two(most: int) -> list[int]:
    """The powers of two up to a number of samples, and that number."""
    powers = [1 << exponent for exponent in range(most.bit_length()) if 1 << exponent <= most]
    return powers if not powers or powers[-1] == most else [*powers, most]
