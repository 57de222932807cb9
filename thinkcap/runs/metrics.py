"""The figures of a run, as the papers define them: pure functions over records, nothing read, nothing graded here.

Records are the lines of a result file. Those of one model under one budget belong in one call; a problem is its
``id``, its records are its samples.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import comb, fsum, inf, sqrt
from random import Random
from typing import Any

Z_95 = 1.959963984540054
"""The 97.5th percentile of the standard normal distribution."""
RESAMPLES = 10_000
MOST_SUBSETS = 2_000
"""Subsets of a problem's samples that maj@k looks at; where there are more, so many are drawn."""
CUT_REASONS = frozenset(("budget", "deadline", "loop", "context", "sure"))
"""The stop reasons of thoughts that thinkcap ended, not the model and not the user."""


@dataclass(frozen=True)
class Estimate:
    """A share between 0 and 1 with its 95 % interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Metrics:
    """What a run came to.

    problems, samples   distinct problems, and records in all
    errors              records of problems that could not be run; they count as wrong where an answer was expected
    k                   the most samples a problem has
    accuracy            Avg@k over the problems with an expected answer; None where there is none
    pass_at, maj_at     by k; maj@k only where labels were given
    thinking_tokens …   means over the samples that ran; total_tokens counts injected tokens and early answers too
    share_cut           of the samples that ran, those whose thought thinkcap ended
    share_answered      of all samples, those with an answer
    length_deviation    mean |used − asked| / asked over the samples told a length in the prompt; None without such
    """

    problems: int
    samples: int
    errors: int
    k: int
    accuracy: Estimate | None
    pass_at: Mapping[int, Estimate]
    maj_at: Mapping[int, Estimate]
    thinking_tokens: float | None
    solution_tokens: float | None
    total_tokens: float | None
    share_cut: float | None
    share_answered: float | None
    length_deviation: float | None


def measure(
    records: Iterable[Mapping[str, Any]],
    ks: Sequence[int] | None = None,
    labels: Mapping[str, Sequence[int | None]] | None = None,
    seed: int = 0,
) -> Metrics:
    """All figures of a run.

    Args:
        records: one model's records under one budget, in any order.
        ks: the k of pass@k and maj@k; by default the powers of two up to the number of samples, and that number.
        labels: by problem id, for each of its records in `voting_order` the number of its answer's group (None: no
            answer), as `thinkcap.grading.vote` gives them. Without labels there is no maj@k.
        seed: of the bootstrap and of maj@k's subsets.
    """
    records = list(records)
    by_problem: dict[str, list[Mapping[str, Any]]] = {}
    for record in records:
        by_problem.setdefault(record["id"], []).append(record)
    verdicts: dict[str, list[bool]] = {}
    for problem, samples in by_problem.items():
        samples.sort(key=voting_order)
        if all(is_graded(record) for record in samples):
            verdicts[problem] = [bool(record.get("correct")) for record in samples]
    ran = [record for record in records if not record.get("error")]
    told = [deviation for record in ran if (deviation := length_deviation(record)) is not None]
    k = max(map(len, by_problem.values()), default=0)
    fewest = min(map(len, verdicts.values()), default=0)
    several = any(len(each) > 1 for each in verdicts.values())
    ks = [wanted for wanted in (ks if ks is not None else powers_of_two(fewest)) if 1 <= wanted <= fewest]
    voted = {problem: labels[problem] for problem in verdicts if problem in labels} if labels else {}
    return Metrics(
        problems=len(by_problem),
        samples=len(records),
        errors=len(records) - len(ran),
        k=k,
        accuracy=avg_at_k(list(verdicts.values()), seed) if verdicts else None,
        pass_at={
            k: estimate([pass_at_k(len(each), sum(each), k) for each in verdicts.values()], several, seed) for k in ks
        },
        maj_at={
            k: estimate([maj_at_k(voted[problem], verdicts[problem], k, seed) for problem in voted], True, seed)
            for k in ks
            if voted and k > 1
        },
        thinking_tokens=mean(record["thinking_tokens"] for record in ran),
        solution_tokens=mean(record["solution_tokens"] for record in ran),
        total_tokens=mean(total_tokens(record) + record.get("probe_tokens", 0) for record in ran),
        share_cut=mean(record.get("stop_reason") in CUT_REASONS for record in ran),
        share_answered=mean(bool(record.get("answer")) for record in records),
        length_deviation=mean(told),
    )


def is_graded(record: Mapping[str, Any]) -> bool:
    """Whether a record counts for accuracy: it has a verdict, or failed at a problem that expects an answer."""
    return record.get("correct") is not None or bool(record.get("error") and record.get("expected") is not None)


def voting_order(record: Mapping[str, Any]) -> tuple[int, float, int]:
    """The order in which a problem's answers are seen, which decides between votes of one size: samples one after the
    other, of each thought the longest budget first, then its answers."""
    thinking = (record.get("budget") or {}).get("thinking")
    return record.get("sample", 0), -inf if thinking is None else -thinking, record.get("reply", 0)


def total_tokens(record: Mapping[str, Any]) -> int:
    """All tokens of a response: thinking, injected and solution."""
    return int(record["thinking_tokens"] + record.get("injected_tokens", 0) + record["solution_tokens"])


def length_deviation(record: Mapping[str, Any]) -> float | None:
    """|used − asked| / asked for a record whose prompt asked for a length; None for others.

    Used is the whole response, as L1 counts it (arXiv 2503.04697, section 4).
    """
    budget = record.get("budget") or {}
    asked = budget.get("thinking")
    if budget.get("prompt_mode") not in ("max", "exact") or not asked:
        return None
    return float(abs(total_tokens(record) - asked) / asked)


def avg_at_k(verdicts: Sequence[Sequence[bool]], seed: int = 0) -> Estimate:
    """Avg@k: the mean over problems of the share of their samples that are right.

    The interval is Wilson's where every problem has one sample, else a bootstrap over problems.
    """
    shares = [sum(each) / len(each) for each in verdicts]
    return estimate(shares, any(len(each) > 1 for each in verdicts), seed)


def estimate(shares: Sequence[float], several_samples: bool, seed: int = 0) -> Estimate:
    """The mean of one share a problem with its interval: a bootstrap over problems, or Wilson's for single samples."""
    if several_samples:
        return bootstrap(shares, seed)
    return wilson(round(fsum(shares)), len(shares))


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
) -> float:
    """maj@k of one problem: the chance that the majority of ``k`` of its samples is right (Wang et al. 2022,
    arXiv 2203.11171).

    The mean over all subsets of ``k`` samples, or over ``MOST_SUBSETS`` drawn ones where there are more. Samples vote
    by the group of their answer, those without an answer (None) not at all; a tie goes to the group seen first.

    Args:
        thoughts: for each sample the places of its answers in ``labels`` and ``correct``, where it has several; they
            all vote. By default each sample has one.

    Raises:
        ValueError: unless 1 ≤ k ≤ the number of samples.
    """
    thoughts = [(place,) for place in range(len(labels))] if thoughts is None else thoughts
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
        _majority_is_right(labels, correct, [place for number in subset for place in thoughts[number]])
        for subset in subsets
    ]
    return sum(won) / len(won)


def wilson(correct: int, n: int, z: float = Z_95) -> Estimate:
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
    return Estimate(share, 0.0 if correct == 0 else centre - half, 1.0 if correct == n else centre + half)


def bootstrap(shares: Sequence[float], seed: int = 0, resamples: int = RESAMPLES) -> Estimate:
    """The mean of ``shares``, one a problem, with its percentile bootstrap interval over problems (Efron 1979).

    The same shares and seed give the same interval, in whatever order the problems come.

    Raises:
        ValueError: where there are no shares.
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
    return Estimate(value, min(float(low), value), max(float(high), value))


def mean(values: Iterable[float]) -> float | None:
    """The mean, None where there is nothing to take it over."""
    values = list(values)
    return fsum(values) / len(values) if values else None


def _majority_is_right(labels: Sequence[int | None], correct: Sequence[bool], subset: Sequence[int]) -> bool:
    votes: dict[int, int] = {}
    first: dict[int, int] = {}
    for sample in subset:
        label = labels[sample]
        if label is not None:
            votes[label] = votes.get(label, 0) + 1
            first.setdefault(label, sample)
    if not votes:
        return False
    winner = max(votes, key=lambda label: votes[label])  # max takes the first of equals, and votes are in order seen
    return bool(correct[first[winner]])


def powers_of_two(most: int) -> list[int]:
    """The powers of two up to a number of samples, and that number."""
    powers = [1 << exponent for exponent in range(most.bit_length()) if 1 << exponent <= most]
    return powers if not powers or powers[-1] == most else [*powers, most]
