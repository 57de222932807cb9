"""The problems abacus learns from are right: every answer, every line of every thought, and the split."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from fractions import Fraction
from random import Random

import pytest

from training import families
from training.families import algebra, arithmetic, stories
from training.problem import EXPRESSIONS, Problem, Wordings

EACH = 150
NUMBER = re.compile(r"\d+")
EQUATION = re.compile(
    r"(?<![\d/*+.:-])(?P<a>-?\d+)(?P<sign>[-+*/])(?P<b>-?\d+)(?P<carry>\+\d+|-1)?=(?P<c>-?\d+)(?![\d/*.+-])"
)


def drawn(family: str, held_out: bool = False) -> list[Problem]:
    random = Random(f"{family} {held_out}")
    draw = families.held_out_problem if held_out else None
    return [draw(random, family) if draw else families.FAMILIES[family](random, False) for _ in range(EACH)]


def numbers(text: str) -> list[int]:
    return [int(found) for found in NUMBER.findall(text)]


def parts(pattern: str, text: str) -> tuple[str, ...]:
    found = re.fullmatch(pattern, text)
    assert found
    return tuple(map(str, found.groups()))


def solve(problem: Problem) -> Fraction:
    """The answer, found another way than the thought's."""
    key = problem.key
    match problem.family:
        case "sum":
            return Fraction(sum(int(n) for n in re.findall(r"[+-]-?\d+", key if key[0] in "+-" else f"+{key}")))
        case "product" | "brackets":
            return value_of(key)
        case "division":
            a, b = map(int, key.split("/"))
            asks_rest = re.search(r"remainder|mod|left over", problem.text.lower())
            return Fraction(a % b if asks_rest else a // b)
        case "linear":
            a, b, c, d = map(int, key.split(","))
            return Fraction(d - b, a - c)
        case "fraction":
            if len(numbers(key)) == 2:
                return Fraction(key)
            left, sign, right = parts(r"(\d+/\d+)([-+*/])(\d+/\d+)", key)
            return value_of(f"({left}){sign}({right})")
        case "percent":
            kind, percent, amount = parts(r"([a-z]+)(\d+),(\d+)", key)
            share = Fraction(int(percent) * int(amount), 100)
            return share if kind == "share" else int(amount) + (share if kind == "more" else -share)
        case _:
            kind, _, fields = key.partition(":")
            return story(kind, {field[0]: int(field[1:]) for field in fields.split(",")})


def value_of(expression: str) -> Fraction:
    value: Fraction = eval(re.sub(r"(\d+)", r"Fraction(\1)", expression), {"Fraction": Fraction})
    return value


def story(kind: str, f: dict[str, int]) -> Fraction:
    solutions: dict[str, Callable[[], Fraction | int]] = {
        "shopping": lambda: f["a"] * f["p"] + f["q"],
        "change": lambda: f["q"] - f["a"] * f["p"],
        "distance": lambda: f["p"] * f["q"],
        "hours": lambda: Fraction(f["q"], f["p"]),
        "ages": lambda: 2 * f["p"] + f["q"],
        "later": lambda: f["p"] - f["q"] + f["a"],
        "sharing": lambda: Fraction(f["p"], f["a"]),
        "packing": lambda: f["a"] * f["p"] - f["q"],
        "saving": lambda: f["q"] + f["a"] * f["p"],
        "average": lambda: Fraction(f["a"] + f["p"] + f["q"], 3),
    }
    return Fraction(solutions[kind]())


@pytest.mark.parametrize("family", families.FAMILIES)
def test_answers_are_right(family: str) -> None:
    for problem in drawn(family):
        assert Fraction(problem.answer) == solve(problem), problem


@pytest.mark.parametrize("family", families.FAMILIES)
def test_thoughts_end_in_the_answer(family: str) -> None:
    for problem in drawn(family):
        for lines in (problem.head, problem.work):
            assert re.search(rf"(?:^|[ =]){re.escape(problem.answer)}$", lines[-1]), (problem.text, lines)


@pytest.mark.parametrize("family", families.FAMILIES)
def test_every_equation_in_a_thought_holds(family: str) -> None:
    for problem in drawn(family):
        for lines in (problem.head, problem.work, *problem.checks):
            for line in lines:
                for found in EQUATION.finditer(line):
                    left = value_of(f"{found['a']}{found['sign']}({found['b']}){found['carry'] or ''}")
                    assert math.floor(left) == int(found["c"]), (problem.text, line)


@pytest.mark.parametrize("family", families.FAMILIES)
def test_every_comparison_in_a_thought_holds(family: str) -> None:
    holds = {"<": int.__lt__, "=": int.__eq__, ">": int.__gt__}
    for problem in drawn(family):
        for line in problem.work:
            if re.fullmatch(r"\d[<=>]\d( \d[<=>]\d)*", line):
                assert all(holds[shown[1]](int(shown[0]), int(shown[2])) for shown in line.split(" ")), line


def test_fractions_are_in_lowest_terms() -> None:
    for problem in drawn("fraction"):
        assert problem.answer == str(Fraction(problem.answer)), problem.text


def test_a_slip_is_found_by_its_check() -> None:
    for family in ("sum", "product"):
        slips = [problem for problem in drawn(family) if problem.slip]
        assert slips
        for problem in slips:
            assert problem.slip is not None
            work, check = problem.slip
            assert work[:-1] == problem.work[:-1]
            assert work[-1] != problem.work[-1]
            assert check not in problem.checks


@pytest.mark.parametrize("family", families.FAMILIES)
def test_held_out_problems_share_neither_numbers_nor_wordings_with_training(family: str) -> None:
    random = Random(family)
    shown = {NUMBER.sub("", families.FAMILIES[family](random, False).text.lower()) for _ in range(2000)}
    for problem in drawn(family, held_out=True):
        assert problem.held_out
        assert NUMBER.sub("", problem.text.lower()) not in shown or family in ("brackets", "fraction"), problem.text


def test_no_held_out_wording_is_trained() -> None:
    lists = [w for module in (algebra, arithmetic) for w in vars(module).values() if isinstance(w, Wordings)]
    lists += [EXPRESSIONS, *(frame.wordings for frame in stories.FRAMES.values())]
    for wordings in lists:
        trained = {wording.lower().rstrip(".?") for wording in wordings.trained}
        assert not trained & {wording.lower().rstrip(".?") for wording in wordings.held_out}


def test_training_problems_are_not_held_out() -> None:
    random = Random(4)
    assert not any(families.training_problem(random).held_out for _ in range(500))
