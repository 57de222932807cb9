"""The families of problems that abacus learns. Each makes a problem from random numbers, in a trained or held-out
wording."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from training.families.algebra import make_fraction, make_linear, make_percent
from training.families.arithmetic import make_brackets, make_division, make_product, make_sum
from training.families.stories import make_story
from training.problem import Problem

FAMILIES: dict[str, Callable[[Random, bool], Problem]] = {
    "sum": make_sum,
    "product": make_product,
    "division": make_division,
    "brackets": make_brackets,
    "linear": make_linear,
    "fraction": make_fraction,
    "percent": make_percent,
    "story": make_story,
}

TRAINING_SHARES = {
    "sum": 15,
    "product": 12,
    "division": 12,
    "brackets": 13,
    "linear": 12,
    "fraction": 14,
    "percent": 9,
    "story": 10,
}


def training_problem(random: Random) -> Problem:
    """A problem that is not held out, in a wording that is not held out either."""
    family = random.choices(list(TRAINING_SHARES), list(TRAINING_SHARES.values()))[0]
    while (problem := FAMILIES[family](random, False)).held_out:
        pass
    return problem


def held_out_problem(random: Random, family: str) -> Problem:
    """A problem of `family` that training never sees, in a wording that training never sees."""
    while not (problem := FAMILIES[family](random, True)).held_out:
        pass
    return problem
