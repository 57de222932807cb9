"""What people improvise: casual words round problems that keep their answers, and refusals that no family answers."""

from __future__ import annotations

import json
import re
from fractions import Fraction
from random import Random

import pytest

from training import improvised

BARE = re.compile(r"[\d+*/() -]+")


def drawn_refusals(held_out: bool, count: int = 3000) -> list[str]:
    random = Random(f"refused {held_out}")
    return [improvised.refusal(random, held_out).text for _ in range(count)]


def value(expression: str) -> Fraction:
    """The value of a written expression, by the usual order of operations."""
    rest = list(re.findall(r"\d+|[-+*/()]", re.sub("[xX×]", "*", re.sub("[÷:]", "/", expression))))

    def sum_of() -> Fraction:
        total = product_of()
        while rest and rest[0] in "+-":
            total += product_of() if rest.pop(0) == "+" else -product_of()
        return total

    def product_of() -> Fraction:
        total = factor()
        while rest and rest[0] in "*/":
            total = total * factor() if rest.pop(0) == "*" else total / factor()
        return total

    def factor() -> Fraction:
        item = rest.pop(0)
        if item == "-":
            return -factor()
        if item != "(":
            return Fraction(item)
        inner = sum_of()
        assert rest.pop(0) == ")"
        return inner

    total = sum_of()
    assert not rest
    return total


@pytest.mark.parametrize("held_out", [False, True])
def test_casual_words_leave_a_problem_its_answer(held_out: bool) -> None:
    random, checked = Random(1), 0
    for _ in range(200):
        problem = improvised.casual_problem(random, held_out)
        assert problem.held_out == held_out
        found = improvised.EXPRESSION.fullmatch(problem.text.replace(":)", ""))
        if found and problem.family in ("sum", "product", "brackets", "fraction") and not set(",:÷") & set(found[1]):
            assert value(found[1]) == Fraction(problem.answer), problem.text
            checked += 1
    assert checked > 80


def test_no_refused_expression_is_one_that_a_family_answers() -> None:
    random = Random(2)
    problems = [improvised.casual_problem(random) for _ in range(3000)]
    answered = {
        found[1].replace(" ", "")
        for problem in problems
        if problem.family not in ("percent", "story", "linear")
        and (found := improvised.EXPRESSION.fullmatch(problem.text))
        and BARE.fullmatch(found[1])
    }
    refused = {text.replace(" ", "") for text in drawn_refusals(False, 15_000) if BARE.fullmatch(text)}
    assert len(answered) > 500
    assert len(refused) > 100
    assert not answered & refused


@pytest.mark.parametrize("held_out", [False, True])
def test_training_sees_no_wording_of_the_improvised_questions(held_out: bool) -> None:
    rows = [row for path in improvised.IMPROVISED for row in path.read_text(encoding="utf-8").splitlines()]
    asked = {improvised.wording(json.loads(row)["problem"]) for row in rows}
    assert len(rows) == 500
    random = Random(3)
    casual = [improvised.casual_problem(random, held_out).text for _ in range(500)]
    assert not asked & {improvised.wording(text) for text in [*drawn_refusals(held_out), *casual]}


def test_held_out_refusals_are_in_other_words() -> None:
    seen = {improvised.wording(text) for text in drawn_refusals(False)}
    held_out = {improvised.wording(text) for text in drawn_refusals(True)}
    assert len(held_out - seen) > 0.8 * len(held_out)


def test_templates_are_filled_to_the_last_field() -> None:
    random = Random(4)
    for line in improvised.TEMPLATES.read_text(encoding="utf-8").splitlines():
        if not line.startswith("#"):
            text = improvised.fill(random, line)
            assert not re.search(r"\{[NMTVabcndwvSY]\}|\[", text), line


def test_what_has_no_whole_result_is_found_out_by_the_work() -> None:
    random = Random(5)
    for _ in range(200):
        found = improvised.inexact(random)
        assert found.lines[-1] == "not whole"
        if quotient := re.fullmatch(r"(\d+)/(\d+)", found.lines[0]):
            assert int(quotient[1]) % int(quotient[2])
            assert found.lines[-2].endswith(f" r {int(quotient[1]) % int(quotient[2])}")
        else:
            divided = re.fullmatch(r"x=(-?\d+)/(\d+)", found.lines[-2])
            assert divided
            assert int(divided[1]) % int(divided[2])
