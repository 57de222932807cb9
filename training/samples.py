"""Training samples: a problem, its thought, and what may happen to a thought under a budget.

- *whole*: the thought runs to its natural end, closes itself, and the solution follows.
- *cut*: the thought stops at a random token and the marker follows at once, as a budget injects it. The marker is no
  target there (the model must not learn to close at random), the solution after it is. This is elastic reasoning
  (arXiv 2505.05315) as supervised data.
- *checked*: where the thought would close stands `Wait`, as s1's budget forcing injects it (arXiv 2501.19393), and the
  work is done once more, possibly many times. The model still learns to close there; `Wait` is no target.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random

from training import vocabulary
from training.problems import Problem, training_problem

NO_TARGET = -100
CUT_SHARE = 0.4
CUT_AT_ZERO_SHARE = 0.1
CHECKED_SHARE = 0.1
SUFFIX_SHARE = 0.16
BOXED_SUFFIX = "\n\nLet's think step by step and output the final answer within \\boxed{}."


@dataclass
class Sample:
    """Tokens and, for each position, the token the model should predict next (or NO_TARGET)."""

    tokens: list[int] = field(default_factory=list)
    targets: list[int] = field(default_factory=list)

    def read(self, tokens: list[int]) -> None:
        """Tokens the model is given."""
        for token in tokens:
            self.tokens.append(token)
            self.targets.append(NO_TARGET)

    def write(self, tokens: list[int]) -> None:
        """Tokens the model should produce."""
        for token in tokens:
            self.targets[-1] = token
            self.tokens.append(token)
            self.targets.append(NO_TARGET)

    def cut(self, length: int) -> None:
        """Forget what comes after the first `length` tokens."""
        del self.tokens[length:], self.targets[length:]
        self.targets[-1] = NO_TARGET

    def __len__(self) -> int:
        return len(self.tokens)


def solution(problem: Problem) -> list[int]:
    return [*vocabulary.encode(f"\n\nThe answer is \\boxed{{{problem.answer}}}."), vocabulary.END]


def make_sample(random: Random) -> Sample:
    """A sample of ordinary length: whole, cut or checked a few times."""
    problem = training_problem(random)
    checks = 0
    if random.random() < CHECKED_SHARE:
        checks = random.randint(1, 3) if len(problem.thought) < 80 else 1
    cut = None
    if random.random() < CUT_SHARE:
        cut = 0.0 if random.random() < CUT_AT_ZERO_SHARE else random.random()
    return _assemble(random, problem, checks, cut)


def make_long_sample(random: Random, length: int) -> Sample:
    """A sample of nearly `length` tokens: the work checked again and again, then closed in the middle of a check."""
    problem = training_problem(random)
    checks = length // len(problem.thought) + 1
    sample = _begin(problem.text)
    _think(sample, problem, checks)
    answer = solution(problem)
    sample.cut(max(length - len(answer) - 1, len(_begin(problem.text)) + 1))
    sample.read([vocabulary.CLOSE])
    sample.write(answer)
    return sample


def _assemble(random: Random, problem: Problem, checks: int, cut: float | None) -> Sample:
    """`cut` is the share of the thought that is kept, None for a thought that closes itself."""
    thought = Sample([0], [NO_TARGET])
    _think(thought, problem, checks)
    natural = len(thought) - 1
    kept = natural if cut is None else int(cut * natural)
    sample = _begin(problem.text + _suffix(random, kept, whole=cut is None))
    prompt_length = len(sample)
    _think(sample, problem, checks)
    if cut is None:
        sample.write([vocabulary.CLOSE])
    else:
        sample.cut(prompt_length + kept)
        sample.read([vocabulary.CLOSE])
    sample.write(solution(problem))
    return sample


def _begin(text: str) -> Sample:
    sample = Sample()
    sample.read(vocabulary.prompt(text))
    return sample


def _think(sample: Sample, problem: Problem, checks: int) -> None:
    thought = vocabulary.encode(problem.thought)
    sample.write(thought)
    for check in range(1, checks + 1):
        sample.targets[-1] = vocabulary.CLOSE
        sample.read(vocabulary.encode("Wait"))
        sample.write(vocabulary.encode(f", check {check}:\n"))
        sample.write(thought)


def _suffix(random: Random, kept: int, whole: bool) -> str:
    """L1's request for a length (arXiv 2503.04697), sometimes: this version should only not be confused by it."""
    if random.random() >= SUFFIX_SHARE:
        return ""
    if random.random() < 0.4:
        return BOXED_SUFFIX
    if not whole:
        return f"{BOXED_SUFFIX} Think for {random.choice(['maximum ', ''])}{kept} tokens."
    asked = random.choice([kept + random.randint(0, 40), random.randint(kept, 1000 + kept), 1 << random.randint(9, 12)])
    return f"{BOXED_SUFFIX} Think for {random.choice(['maximum ', ''])}{asked} tokens."
