"""Training samples: a problem, its thought, and what a budget may do to the thought.

- *natural*: long-hand, then a check; then the thought closes itself and the solution follows.
- *cut*: the thought stops at a random token and the marker follows at once, as a budget injects it. The marker is not a
  target there, because the model must not learn to close at random; the solution after it is. This is elastic reasoning
  (arXiv 2505.05315) as supervised data.
- *length*: the problem asks for a length in L1's words (arXiv 2503.04697), and the thought is assembled to meet it.
- *waiting*: `Wait` replaces the end of the thought, as s1's budget forcing injects it (arXiv 2501.19393), and the work
  is repeated, possibly many times. The model still learns to close there; `Wait` is not a target.
- *slipped*: the work contains a mistake, which is not a target. The check finds it, and the work is repeated.
- *out of scope*: no arithmetic at all, and a brief answer that says so.
- *refused*: what people improvise and abacus can't do, with the same answer.
- *begun*: only the beginning of any of these, where a problem is read and a question is refused or not.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from random import Random

from training import scope, vocabulary
from training.families import training_problem
from training.improvised import casual_problem, refusal
from training.problem import Problem

NO_TARGET = -100
WAIT_SHARE = 0.04
CUT_AT_ZERO_SHARE = 0.12
BOXED_SHARE = 0.15
LENGTH_SHARE = 0.15
"""Share of the refused questions that ask for a length."""
BEGUN = 20
"""Tokens of a thought that is only begun."""
CUT_BEFORE_SHARE = 0.25
"""Share of the samples begun whose thought is cut before its first token, so that the answer is begun instead."""
LONGEST_ASKED = 560
ROUND = [16, 20, 32, 50, 64, 100, 128, 150, 200, 256, 300, 400, 500, 512]
"""Round lengths, which people ask for most."""
HALF_LINE = 4
"""Tokens by which a thought may exceed a requested length rather than stay further below it."""
INSTRUCTIONS = [
    "\n\nLet's think step by step and output the final answer within \\boxed{}.",
    " Let's think step by step and output the final answer within \\boxed{}.",
    " Put your final answer within \\boxed{}.",
    "\n\nPlease reason step by step, and put your final answer within \\boxed{}.",
]


@dataclass(frozen=True)
class Mix:
    """The composition of a stage's samples, in shares of one.

    exact, most  problems that ask for n tokens, and for at most n
    round        round numbers among these n
    spare        part of n that a thought of at most n tokens leaves free
    cut          thoughts that are cut
    scope        texts outside abacus's scope
    long         texts among these that are always long
    refused      what people improvise and abacus refuses
    casual       problems in casual words, among those that remain
    begun        samples that end soon after the thought has begun
    """

    exact: float
    most: float
    round: float
    spare: float
    cut: float
    scope: float = 0.04
    long: float = 0.0
    refused: float = 0.0
    casual: float = 0.0
    begun: float = 0.0


WHOLE = Mix(exact=0.17, most=0.09, round=0.0, spare=0.125, cut=0.0)
ELASTIC = Mix(exact=0.22, most=0.11, round=0.5, spare=0.25, cut=0.42)
TWIN = replace(ELASTIC, cut=0.0)
SCOPE = replace(ELASTIC, scope=0.2, long=0.6)
REFUSALS = replace(SCOPE, scope=0.04, long=0.3, refused=0.6, casual=0.3)
READING = replace(REFUSALS, refused=0.4, begun=0.7)
FINISH = replace(READING, refused=0.28)


@dataclass
class Sample:
    """Tokens and, for each position, the token that the model should predict next, or NO_TARGET."""

    tokens: list[int] = field(default_factory=list)
    targets: list[int] = field(default_factory=list)

    def read(self, tokens: list[int]) -> None:
        """Adds tokens that the model is given."""
        self.tokens += tokens
        self.targets += [NO_TARGET] * len(tokens)

    def write(self, tokens: list[int]) -> None:
        """Adds tokens that the model should produce."""
        self.targets[-1:] = tokens
        self.tokens += tokens
        self.targets.append(NO_TARGET)

    def cut(self, length: int) -> None:
        """Drops everything after the first `length` tokens."""
        del self.tokens[length:], self.targets[length:]
        self.targets[-1] = NO_TARGET

    def __len__(self) -> int:
        return len(self.tokens)


# --- thoughts -------------------------------------------------------------------------------------------------------


def text_of(lines: list[str]) -> str:
    return "".join(f"{line}\n" for line in lines)


def length_of(lines: list[str]) -> int:
    """Tokens that `lines` take."""
    return len(vocabulary.encode(text_of(lines)))


def checked(problem: Problem) -> list[str]:
    """The thought without a requested length: the work and one check."""
    return [*problem.work, *check(problem.checks[0]), f"ok {problem.answer}"]


def check(lines: list[str]) -> list[str]:
    return [f"check: {lines[0]}", *lines[1:]]


def thought_of(problem: Problem, asked: int) -> list[str]:
    """A thought of about `asked` tokens: long-hand as far as there is room, the rest in the head; then checks that fit.

    After each part a line states the remaining tokens and the answer, so the text itself says what to do next and when
    to stop. When no check fits any more, the first lines of the work are repeated.
    """
    slack = HALF_LINE + asked // 32
    room = asked - _status_length(problem, asked)
    lines = problem.work
    if length_of(lines) > room + slack:
        mixed = [problem.work[:n] + problem.head for n in range(len(problem.work))]
        lines = max((m for m in mixed if length_of(m) <= room + HALF_LINE), key=len, default=problem.head)
    left, thought = _with_status(problem, [], lines, asked)
    for further in _further(problem, lines):
        if length_of(check(further)) + _status_length(problem, left) <= left + slack:
            left, thought = _with_status(problem, thought, check(further), asked)
    lines = [f"again: {problem.work[0]}", *problem.work[1:]]
    fits = [n for n in range(1, len(lines) + 1) if length_of([*lines[:n], f"so {problem.answer}"]) <= left + HALF_LINE]
    return [*thought, *lines[: fits[-1]], f"so {problem.answer}"] if fits else thought


def _further(problem: Problem, done: list[str]) -> list[list[str]]:
    """What can follow after `done`, each once and longest first."""
    further: list[list[str]] = []
    for lines in [*problem.checks, problem.work, [" ".join(problem.head)]]:
        if lines not in further and lines != done:
            further.append(lines)
    return sorted(further, key=length_of, reverse=True)


def _with_status(problem: Problem, before: list[str], lines: list[str], asked: int) -> tuple[int, list[str]]:
    thought = [*before, *lines]
    left = asked - length_of(thought)
    left = max(left - _status_length(problem, left), 0)
    return left, [*thought, f"left {left}: {problem.answer}"]


def _status_length(problem: Problem, left: int) -> int:
    return length_of([f"left {max(left, 0)}: {problem.answer}"])


def thought_within(problem: Problem, most: int, spare: float) -> list[str]:
    """The most thorough thought that leaves the share `spare` of `most` tokens free, or a guess if there is none."""
    room = most - 3 - int(most * spare)
    for lines in (checked(problem), problem.work, problem.head):
        if length_of(lines) <= room:
            return lines
    return [f"guess {problem.answer}"]


def longest_useful(problem: Problem) -> int:
    """Tokens of the thought for a very large length: the most that the problem can use."""
    return length_of(thought_of(problem, 100_000))


def shortest_useful(problem: Problem) -> int:
    """Tokens of the mental arithmetic and the line that ends it."""
    return length_of(problem.head) + _status_length(problem, 0)


# --- samples --------------------------------------------------------------------------------------------------------


def make_sample(random: Random, mix: Mix) -> tuple[Sample, int]:
    """A sample of ordinary length, and its length before any cut.

    The same random numbers give the same problem and thought, whatever the share of cuts.
    """
    if random.random() < mix.scope:
        sample = Sample()
        long = mix.long > 0 and random.random() < mix.long
        instruction = random.choice(INSTRUCTIONS) if random.random() < BOXED_SHARE else ""
        sample.read(vocabulary.prompt(scope.ask(random, long=long) + instruction))
        return _close(random, sample, scope.THOUGHT, scope.SOLUTION, mix)
    if mix.refused and random.random() < mix.refused:
        return _refused(random, mix)
    problem = casual_problem(random) if mix.casual and random.random() < mix.casual else training_problem(random)
    solution = f"\n\nThe answer is \\boxed{{{problem.answer}}}."
    draw = random.random()
    sample = Sample()
    if draw < mix.exact:
        asked = _asked(random, shortest_useful(problem), longest_useful(problem), mix.round)
        sample.read(vocabulary.prompt(problem.text + length_text(random, asked, "")))
        return _close(random, sample, thought_of(problem, asked), solution, mix)
    if draw < mix.exact + mix.most:
        near = length_of(random.choice([problem.head, problem.work, checked(problem)]))
        if random.random() < 0.5:
            asked = int(near * random.uniform(0.8, 1.6)) + 3
        else:
            asked = _asked(random, 16, LONGEST_ASKED, mix.round)
        sample.read(vocabulary.prompt(problem.text + length_text(random, asked, "maximum ")))
        return _close(random, sample, thought_within(problem, asked, mix.spare), solution, mix)
    instruction = random.choice(INSTRUCTIONS) if random.random() < BOXED_SHARE else ""
    sample.read(vocabulary.prompt(problem.text + instruction))
    if problem.slip:
        work, found = problem.slip
        sample.read(vocabulary.encode(text_of(work)))
        mended = [*check(found), "no", f"again: {problem.work[0]}", *problem.work[1:]]
        return _close(random, sample, mended, solution, mix)
    if random.random() < WAIT_SHARE / (1 - mix.exact - mix.most):
        _think(sample, problem, random.randint(1, 3) if length_of(problem.work) < 60 else 1)
        return _close(random, sample, [], solution, mix)
    return _close(random, sample, checked(problem), solution, mix)


def _refused(random: Random, mix: Mix) -> tuple[Sample, int]:
    """A question that abacus refuses; some ask for a length all the same."""
    found, after = refusal(random), ""
    if random.random() < BOXED_SHARE:
        after = random.choice(INSTRUCTIONS)
    elif random.random() < LENGTH_SHARE:
        after = length_text(random, _asked(random, 8, LONGEST_ASKED, 0.5), random.choice(["", "maximum "]))
    sample = Sample()
    sample.read(vocabulary.prompt(found.text + after))
    return _close(random, sample, found.lines, scope.SOLUTION, mix)


def make_long_sample(random: Random, length: int) -> Sample:
    """A sample of nearly `length` tokens: the check is repeated, then closed in the middle."""
    problem = training_problem(random)
    sample = Sample()
    sample.read(vocabulary.prompt(problem.text))
    start = len(sample)
    _think(sample, problem, length // length_of(problem.work) + 1)
    answer = _answer(f"\n\nThe answer is \\boxed{{{problem.answer}}}.")
    sample.cut(max(length - len(answer) - 1, start + 1))
    sample.read([vocabulary.CLOSE])
    sample.write(answer)
    return sample


def length_text(random: Random, asked: int, most: str) -> str:
    """The request for a length, mostly worded as in abacus's entry in models.toml, sometimes as in L1's training."""
    before = random.choices(["\n\n", " ", INSTRUCTIONS[0] + " ", INSTRUCTIONS[1] + " "], [6, 1, 2, 1])[0]
    return f"{before}Think for {most}{asked} tokens."


def _asked(random: Random, least: int, most: int, round_share: float) -> int:
    """A length to ask for, evenly distributed on a log scale; one in eight ignores the given bounds."""
    if random.random() < 0.125:
        least, most = 8, LONGEST_ASKED
    most = min(most, LONGEST_ASKED)
    if round_share and random.random() < round_share and (fits := [n for n in ROUND if least <= n <= most]):
        return random.choice(fits)
    return round(math.exp(random.uniform(math.log(least), math.log(max(least, most)))))


def _think(sample: Sample, problem: Problem, waits: int) -> None:
    """Adds the thought, and the work once more after each `Wait`."""
    sample.write(vocabulary.encode(text_of(checked(problem))))
    again = vocabulary.encode(text_of([*problem.work, f"ok {problem.answer}"]))
    for i in range(1, waits + 1):
        sample.targets[-1] = vocabulary.CLOSE
        sample.read(vocabulary.encode("Wait"))
        sample.write(vocabulary.encode(f", check {i}:\n"))
        sample.write(again)


def _close(random: Random, sample: Sample, lines: list[str], solution: str, mix: Mix) -> tuple[Sample, int]:
    """Adds `lines`, the end of the thought (natural or by a cut) and the solution."""
    if mix.begun and random.random() < mix.begun:
        return _begin(random, sample, lines, solution)
    start = sample.tokens.index(vocabulary.THINK) + 2
    if lines:
        sample.write(vocabulary.encode(text_of(lines)))
    whole = len(sample) + 1
    kept, cut = random.random(), random.random() < mix.cut
    if random.random() < CUT_AT_ZERO_SHARE:
        kept = 0.0
    if cut:
        sample.cut(start + int(kept * (len(sample) - start)))
        sample.read([vocabulary.CLOSE])
    else:
        sample.write([vocabulary.CLOSE])
    answer = _answer(solution)
    sample.write(answer)
    return sample, whole + len(answer)


def _begin(random: Random, sample: Sample, lines: list[str], solution: str) -> tuple[Sample, int]:
    """Adds the beginning of `lines`, or that of the solution after a cut before the first of them."""
    start = sample.tokens.index(vocabulary.THINK) + 2
    if random.random() < CUT_BEFORE_SHARE and start == len(sample):
        sample.read([vocabulary.CLOSE])
        sample.write(_answer(solution))
    elif lines:
        sample.write(vocabulary.encode(text_of(lines)))
    if len(sample) > start + BEGUN:
        sample.cut(start + BEGUN)
    return sample, len(sample)


def _answer(solution: str) -> list[int]:
    return [*vocabulary.encode(solution), vocabulary.END]
