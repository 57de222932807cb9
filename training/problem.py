"""One problem: its wording, the parts of its thoughts, and whether training may see it."""

from __future__ import annotations

import itertools
import re
import zlib
from dataclasses import dataclass
from random import Random

HELD_OUT_SHARE = 20
"""One problem in this many is held out."""
FRAMED_SHARE = 0.2
"""Share of problems with other words around them, so that the model learns to find the problem in a text."""
BEFORE = ["", "", "Hi! ", "Quick question: ", "Homework: ", "Exercise: ", "Q: ", "Next one. ", "Hello, ", "Problem: "]
AFTER = ["", "", "", " Thanks!", " Thank you.", " Please show your work.", " Give only the answer.", "\n"]


@dataclass(frozen=True)
class Problem:
    """A problem and the parts that its thoughts are assembled from.

    key      the numbers in a fixed order, the same for every wording; decides whether the problem is held out
    head     the shortest thought, with each step in the head; ends in the answer
    work     the thought in long-hand; ends in the answer
    checks   ways to check the answer, each a list of lines; an ordinary thought ends with the first one
    slip     a long-hand thought with a mistake in its last column, and the check that finds it, or None
    """

    family: str
    key: str
    text: str
    answer: str
    head: list[str]
    work: list[str]
    checks: list[list[str]]
    slip: tuple[list[str], list[str]] | None = None

    @property
    def held_out(self) -> bool:
        return zlib.crc32(f"{self.family}:{self.key}".encode()) % HELD_OUT_SHARE == 0


@dataclass(frozen=True)
class Wordings:
    """A family's wordings: those for training, and paraphrases that only held-out problems use.

    A wording may hold choices of the form `[a|b]`.
    """

    trained: list[str]
    held_out: list[str]

    def fill(self, random: Random, held_out: bool, **fields: object) -> str:
        text = expand(random, random.choice(self.held_out if held_out else self.trained)).format(**fields)
        if not held_out and random.random() < FRAMED_SHARE:
            text = random.choice(BEFORE) + text + random.choice(AFTER)
        if "\\" not in text:
            draw = random.random()
            text = text.lower() if draw < 0.2 else text.upper() if draw < 0.23 else text
        return text

    def __add__(self, other: Wordings) -> Wordings:
        return Wordings(self.trained + other.trained, self.held_out + other.held_out)


def expand(random: Random, template: str) -> str:
    """`template` with each choice of the form `[a|b]` made, from the innermost out."""
    while found := re.search(r"\[([^\[\]]*)\]", template):
        template = template[: found.start()] + random.choice(found[1].split("|")) + template[found.end() :]
    return template


def typed(random: Random, expression: str) -> str:
    """`expression`, written with single spaces round its signs, as people type it: tight or spaced, some in LaTeX."""
    latex = "\\" in expression
    if random.random() < 0.35 and not latex:
        expression = expression.replace(" ", "")
    return f"${expression}$" if latex or random.random() < 0.1 else expression


def number(random: Random, digits: int) -> int:
    """A whole number with `digits` digits."""
    return random.randint(10 ** (digits - 1), 10**digits - 1) if digits > 1 else random.randint(0, 9)


def slipped(random: Random, lines: list[str]) -> tuple[list[str], int]:
    """`lines` with the total of the last column off by one, and the wrong result."""
    sums, written = lines[-1].split(" ")
    asked, total = sums.split("=")
    wrong = int(total) + (1 if int(total) == 0 else random.choice([-1, 1]))
    kept = written.removeprefix("-")[len(total) :]
    result = str(int(f"{wrong}{kept}"))
    sign = "-" if written.startswith("-") else ""
    return [*lines[:-1], f"{asked}={wrong} {sign}{result}"], int(sign + result)


_PLAIN = [
    "What is {e}?",
    "What is {e}",
    "What's {e}?",
    "Compute {e}.",
    "Compute {e}",
    "Calculate {e}.",
    "Calculate: {e}",
    "Evaluate {e}.",
    "Find {e}.",
    "Work out {e}.",
    "How much is {e}?",
    "Please calculate {e}.",
    "Can you work out {e}?",
    "I need the result of {e}.",
    "{e}=",
    "{e} = ?",
    "{e}",
]
_ASKED = ["compute", "calculate", "evaluate", "find", "work out", "give", "tell me", "determine", "get", "show me"]
_POLITE = ["", "please ", "can you ", "could you ", "let us ", "I want you to "]
_SOUGHT = ["", "the value of ", "the result of ", "the answer to ", "what you get for "]
_HELD_OUT = [
    "Please compute {e}.",
    "Can you calculate {e}?",
    "What do you get for {e}?",
    "Find the result of {e}.",
    "Give me the value of {e}.",
    "Compute the value of {e}",
]


def _put_together() -> list[str]:
    """Every assembled wording that is not held out."""
    ways = [f"What is {sought}{{e}}?" for sought in _SOUGHT[1:]]
    for polite, verb, sought in itertools.product(_POLITE, _ASKED, _SOUGHT):
        asked = f"{polite}{verb} {sought}{{e}}{'?' if polite.startswith('c') else '.'}"
        ways.append(asked[0].upper() + asked[1:])
    barred = {wording.rstrip(".?") for wording in _HELD_OUT}
    return [way for way in ways if way.rstrip(".?") not in barred]


EXPRESSIONS = Wordings(_PLAIN * 20 + _put_together(), _HELD_OUT)
"""Wordings for anything that can be written as one expression; half the time a plain one."""
