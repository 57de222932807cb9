"""Problems in words: four families, several wordings each, and the split that keeps held-out problems out of training.

The split is by the problem's numbers, not by its wording: a held-out sum is never seen in training in any wording nor
in another order.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from training import longhand

HELD_OUT_SHARE = 20
"""One problem in this many is held out."""


@dataclass(frozen=True)
class Problem:
    family: str
    key: str
    """The numbers in an order of their own, the same for every wording: what the split goes by."""
    text: str
    thought: str
    answer: int

    @property
    def held_out(self) -> bool:
        return zlib.crc32(f"{self.family}:{self.key}".encode()) % HELD_OUT_SHARE == 0


# --- wordings -------------------------------------------------------------------------------------------------------

EXPRESSION_WORDINGS = [
    "What is {e}?",
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
    "What is the value of {e}?",
    "{e}=",
    "{e} = ?",
    "{e}",
]
SUM_WORDINGS = [
    "Find the sum of {list}.",
    "What is the sum of {list}?",
    "Add {list}.",
    "Add up {list}.",
    "What do you get when you add {list}?",
    "What is the total of {list}?",
]
DIFFERENCE_WORDINGS = [
    "Subtract {b} from {a}.",
    "What is {a} minus {b}?",
    "Take {b} away from {a}.",
    "What is {a} take away {b}?",
    "What do you get when you subtract {b} from {a}?",
]
PRODUCT_WORDINGS = [
    "Multiply {a} by {b}.",
    "What is {a} times {b}?",
    "Find the product of {a} and {b}.",
    "What is the product of {a} and {b}?",
    "What do you get when you multiply {a} by {b}?",
    "Multiply {a} and {b}.",
]
LINEAR_WORDINGS = [
    "Solve {e}.",
    "Solve {e}",
    "Solve for {x}: {e}",
    "Solve for {x}: {e}.",
    "Solve {e} for {x}.",
    "Solve the equation {e}.",
    "Find {x} if {e}.",
    "Find {x}: {e}",
    "If {e}, what is {x}?",
    "What is {x} if {e}?",
    "What value of {x} satisfies {e}?",
    "{e}",
]
TIMES_SIGNS = ["*", "*", "*", "x", "×", "\\times", "\\cdot"]
UNKNOWNS = ["x"] * 12 + ["y", "z", "n", "t", "k", "a"]


def _expression(random: Random, text: str) -> str:
    """`text`, written with single spaces round its signs, as people type it: tight or spaced, now and then in LaTeX."""
    if random.random() < 0.35 and "\\" not in text:
        text = text.replace(" ", "")
    if "\\" in text or random.random() < 0.12:
        text = f"${text}$"
    return text


def _worded(random: Random, wordings: list[str], **fields: str) -> str:
    text = random.choice(wordings).format(**fields)
    if random.random() < 0.2 and "\\" not in text:
        text = text.lower()
    return text


def _in_words(numbers: list[int], random: Random) -> str:
    head, last = ", ".join(map(str, numbers[:-1])), numbers[-1]
    comma = "," if len(numbers) > 2 and random.random() < 0.4 else ""
    return f"{head}{comma} and {last}"


# --- families -------------------------------------------------------------------------------------------------------


def _number(random: Random, digits: int) -> int:
    return random.randint(10 ** (digits - 1), 10**digits - 1) if digits > 1 else random.randint(0, 9)


def _widths(random: Random, count: int) -> list[int]:
    """How many digits each of `count` numbers has: half the time the same for all."""
    if random.random() < 0.5:
        return random.choices([1, 2, 3, 4], [1, 3, 4, 3]) * count
    return random.choices([1, 2, 3, 4], [2, 3, 3, 2], k=count)


def make_sum(random: Random) -> Problem:
    """2 to 5 numbers of 1 to 4 digits."""
    count = random.choices([2, 3, 4, 5], [7, 6, 4, 3])[0]
    numbers = [_number(random, width) for width in _widths(random, count)]
    if random.random() < 0.65:
        text = _worded(random, EXPRESSION_WORDINGS, e=_expression(random, " + ".join(map(str, numbers))))
    elif random.random() < 0.2:
        text = _worded(random, ["What is {e}?", "{e}"], e=" plus ".join(map(str, numbers)))
    else:
        text = _worded(random, SUM_WORDINGS, list=_in_words(numbers, random))
    key = "+".join(map(str, sorted(numbers)))
    return Problem("sum", key, text, longhand.think_sum(numbers), sum(numbers))


def make_difference(random: Random) -> Problem:
    """Two numbers of 1 to 4 digits; a third of the results are negative."""
    a, b = (_number(random, width) for width in _widths(random, 2))
    if a < b and random.random() < 0.4:
        a, b = b, a
    if random.random() < 0.65:
        text = _worded(random, EXPRESSION_WORDINGS, e=_expression(random, f"{a} - {b}"))
    elif a >= b and random.random() < 0.2:
        text = _worded(random, ["What is the difference between {a} and {b}?"], a=str(a), b=str(b))
    else:
        text = _worded(random, DIFFERENCE_WORDINGS, a=str(a), b=str(b))
    return Problem("difference", f"{a}-{b}", text, longhand.think_difference(a, b), a - b)


def make_product(random: Random) -> Problem:
    """Factors of 1 to 3 and 1 to 2 digits."""
    widths = random.choices([(1, 1), (2, 1), (3, 1), (2, 2), (3, 2)], [1, 2, 3, 4, 5])[0]
    a, b = (_number(random, width) for width in widths)
    if random.random() < 0.3:
        a, b = b, a
    if random.random() < 0.65:
        text = _worded(random, EXPRESSION_WORDINGS, e=_expression(random, f"{a} {random.choice(TIMES_SIGNS)} {b}"))
    else:
        text = _worded(random, PRODUCT_WORDINGS, a=str(a), b=str(b))
    return Problem("product", "*".join(map(str, sorted((a, b)))), text, longhand.think_product(a, b), a * b)


def make_linear(random: Random) -> Problem:
    """`a·x + b = d` and `a·x + b = c·x + d` with small whole numbers and a whole solution, negative ones too."""
    name, solution = random.choice(UNKNOWNS), random.randint(-10, 12)
    a = random.randint(2, 9)
    b = random.choice([-1, 1]) * random.randint(1, 25)
    c = 0
    if random.random() < 0.45:
        a, c = random.sample(range(1, 10), 2)
    elif random.random() < 0.2:
        a, b = random.choice([(1, b), (a, 0)])
    d = (a - c) * solution + b
    left, right = _side(a, b, name), _side(c, d, name)
    if b > 0 and random.random() < 0.15:
        left = f"{b} + {longhand.term(a, name)}"
    if not c and random.random() < 0.12:
        left, right = right, left
    text = _worded(random, LINEAR_WORDINGS, e=_expression(random, f"{left} = {right}"), x=name)
    return Problem("linear", f"{a},{b},{c},{d}", text, longhand.think_linear(a, b, c, d, name), solution)


def _side(factor: int, constant: int, name: str) -> str:
    if not factor:
        return str(constant)
    sign = "-" if constant < 0 else "+"
    return longhand.term(factor, name) + (f" {sign} {abs(constant)}" if constant else "")


FAMILIES: dict[str, Callable[[Random], Problem]] = {
    "sum": make_sum,
    "difference": make_difference,
    "product": make_product,
    "linear": make_linear,
}


TRAINING_SHARES = {"sum": 0.20, "difference": 0.28, "product": 0.24, "linear": 0.28}


def training_problem(random: Random) -> Problem:
    """A problem that is not held out."""
    family = random.choices(list(TRAINING_SHARES), list(TRAINING_SHARES.values()))[0]
    while (problem := FAMILIES[family](random)).held_out:
        pass
    return problem


def held_out_problem(random: Random, family: str) -> Problem:
    """A problem of `family` that training never sees."""
    while not (problem := FAMILIES[family](random)).held_out:
        pass
    return problem
