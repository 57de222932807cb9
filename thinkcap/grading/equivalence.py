r"""Whether two answers mean the same, by rules in order: the first that applies decides.

`quick` tries the plain rules, which need nothing heavy, in the process that generates. `same` tries all; it runs in a
grading worker, since algebra can take any time and memory.

The shape of an answer comes before its formulas, because a formula parser knows little of what a list of answers means:
``2, 3`` is ``3, 2`` and ``\{3, 2\}``, but ``(2, 3)`` is not ``(3, 2)``; ``0 < x \leq 1`` is ``(0, 1]``.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product

from thinkcap.grading import equations
from thinkcap.grading.answer_shape import Formula, Matrix, Ordered, Shape, Unordered, shape_of
from thinkcap.grading.latex import normal, squeezed
from thinkcap.grading.numbers import multiple_of, number
from thinkcap.grading.units import conversion, same_quantities, split_unit
from thinkcap.grading.words import choice, without_choice, words

LONGEST = 10_000
"""Characters beyond which answers are only compared as they are."""
LONGEST_FOR_QUICK = 500
"""Characters beyond which an answer is left to a worker, so that none holds up the process that generates."""

_CONDITION = re.compile(
    r"(?P<body>.*?\S) ?(?:"
    r", ?\(?[a-zA-Z](?:,[a-zA-Z]){0,5} ?\\in(?![a-zA-Z])"
    r"|\\text\{ ?,? ?(?:for|where|with)\b[^{}]*\} ?[a-zA-Z](?:,[a-zA-Z]){0,5} ?(?:\\in|\\geq|>|\\neq)(?![a-zA-Z])"
    r").*"
)
_THOUSANDS = re.compile(r"(?<![\d,.])[1-9]\d{0,2}(?:,\d{3})+(?!\d|,\d)")
_DECIMAL_COMMA = re.compile(r"(?<![\d,.])(-?\d+),(\d+)(?![\d,])")
_BASED = re.compile(r"(-?\d[\dA-Fa-f]*(?:\.[\dA-F]+)?) ?_ ?\{? ?(?:\\text\{)? ?(\d+|[a-z]+) ?\}?\}?")
_BASES = {"two": "2", "three": "3", "four": "4", "five": "5", "six": "6", "seven": "7", "eight": "8", "nine": "9"}
_RATIO = re.compile(r"[^:]+(?::[^:]+)+")
_MINUTES = re.compile(r" *\d\d *")


@dataclass(frozen=True)
class Rule:
    """A way to tell whether two normal texts mean the same.

    ``decide`` returns None if the rule does not apply. ``alike`` and ``unlike`` are examples that it decides.
    """

    decide: Callable[[str, str], bool | None]
    alike: tuple[str, str] | None
    unlike: tuple[str, str] | None


def quick(answer: str, expected: str) -> bool | None:
    """The verdict if spelling, plain numbers, choices or words settle it; None if it takes more."""
    longest = max(len(answer), len(expected))
    if longest > LONGEST_FOR_QUICK:
        alike = answer.split() == expected.split()
        return True if alike and answer.strip() else (False if longest > LONGEST else None)
    given, wanted = _without_extras(normal(answer), normal(expected))
    return _decision(PLAIN_RULES, given, wanted) if given and wanted else False


def same(answer: str, expected: str) -> bool:
    """Whether ``answer`` means what ``expected`` does. May take any time and memory: call it in a worker."""
    settled = quick(answer, expected)
    if settled is not None:
        return settled
    given, wanted = _without_extras(normal(answer), normal(expected))
    if not given or not wanted:
        return False
    return any(_shapes_agree(shape_of(one), shape_of(other)) for one, other in _comma_readings(given, wanted))


def _without_extras(given: str, wanted: str) -> tuple[str, str]:
    r"""Both texts without what only one says beside its answer.

    That is the letter of a choice, ``(B) 12``, or what a variable may be, ``2k\pi, k \in \mathbb{Z}``.
    """
    if choice(given) and not choice(wanted):
        given = without_choice(given) or given
    elif choice(wanted) and not choice(given):
        wanted = without_choice(wanted) or wanted
    condition, wanted_condition = _CONDITION.fullmatch(given), _CONDITION.fullmatch(wanted)
    if condition and not wanted_condition:
        given = condition["body"]
    elif wanted_condition and not condition:
        wanted = wanted_condition["body"]
    return given, wanted


def _comma_readings(given: str, wanted: str) -> Iterator[tuple[str, str]]:
    """The texts with each comma between digits read as a thousands separator, a separator of items or a decimal one.

    The decimal comma is the expected answer's: ``3,5`` is 3.5 if the answer is no list, and the semicolon shows that
    ``1,5; 2`` is 1.5 and 2.
    """
    readings = (
        dict.fromkeys((_THOUSANDS.sub(lambda found: found[0].replace(",", ""), text), text)) for text in (given, wanted)
    )
    yield from product(*readings)
    body, _unit = split_unit(wanted)
    is_decimal = _DECIMAL_COMMA.fullmatch(body) and not _THOUSANDS.fullmatch(body) and "," not in given
    decimal, wanted_decimal = (_DECIMAL_COMMA.sub(r"\1.\2", text) for text in (given, wanted))
    if (is_decimal or ";" in wanted) and "," not in wanted_decimal and wanted_decimal != wanted:
        yield decimal, wanted_decimal


def _decision(rules: Sequence[Rule], given: str, wanted: str) -> bool | None:
    return next((decision for rule in rules if (decision := rule.decide(given, wanted)) is not None), None)


def _shapes_agree(given: Shape, wanted: Shape) -> bool:
    match given, wanted:
        case (Unordered(items=(only,)), _):
            return _shapes_agree(only, wanted)
        case (_, Unordered(items=(only,))):
            return _shapes_agree(given, only)
        case (Formula(), Formula()):
            return _formulas_agree(given.text, wanted.text)
        case (Unordered(), Unordered()):
            unions = "\\cup" in given.text + wanted.text
            return _matched(given.items, wanted.items) or (unions and _algebra(given.text, wanted.text))
        case (Matrix(), Matrix()):
            return len(given.rows) == len(wanted.rows) and all(map(_pairwise, given.rows, wanted.rows))
        case (Matrix() as matrix, Ordered(opening="(") as row) | (Ordered(opening="(") as row, Matrix() as matrix):
            return 1 in (len(matrix.rows), len(matrix.rows[0])) and _pairwise(sum(matrix.rows, ()), row.items)
        case (Ordered(), Ordered()):
            named_alike = not (given.variable and wanted.variable) or given.variable == wanted.variable
            bracketed_alike = (given.opening, given.closing) == (wanted.opening, wanted.closing) or len(given.items) > 2
            return named_alike and bracketed_alike and _pairwise(given.items, wanted.items)
        case (Ordered() as row, Unordered() as bag) | (Unordered() as bag, Ordered() as row):
            return _ordered_and_unordered_agree(row, bag)
        case (Formula(), _) if value := equations.stated_value(given.text):
            return _shapes_agree(shape_of(value), wanted)
        case (_, Formula()) if value := equations.stated_value(wanted.text):
            return _shapes_agree(given, shape_of(value))
        case (Matrix(), _) if "\\begin" not in wanted.text:
            return False
    return _algebra(given.text, wanted.text)


def _ordered_and_unordered_agree(row: Ordered, bag: Unordered) -> bool:
    r"""``(3, 5)`` and ``x = 3, y = 5``, but not ``\{3, 5\}``; or an interval and a union that comes to it."""
    if "\\cup" in bag.text:
        return _algebra(bag.text, row.text)
    is_interval = row.variable is not None or (len(row.items) == 2 and (row.opening, row.closing) != ("(", ")"))
    return not bag.braces and not is_interval and _pairwise(row.items, bag.items)


def _pairwise(given: Sequence[Shape], wanted: Sequence[Shape]) -> bool:
    return len(given) == len(wanted) and all(map(_shapes_agree, given, wanted))


def _matched(given: Sequence[Shape], wanted: Sequence[Shape]) -> bool:
    """Whether the items pair off in some order. Taking the first that fits is enough: agreement is an equivalence."""
    left = list(given)
    for item in wanted:
        place = next((place for place, candidate in enumerate(left) if _shapes_agree(candidate, item)), None)
        if place is None:
            return False
        del left[place]
    return not left


def _formulas_agree(given: str, wanted: str) -> bool:
    return bool(_decision(RULES, given, wanted))


def _spelling(given: str, wanted: str) -> bool | None:
    return True if squeezed(given) == squeezed(wanted) else None


def _choices(given: str, wanted: str) -> bool | None:
    letter, wanted_letter = choice(given), choice(wanted)
    return letter == wanted_letter if letter and wanted_letter else None


def _numbers(given: str, wanted: str) -> bool | None:
    """Plain numbers, each perhaps with its unit. With a comma, two that differ may still be lists that agree."""
    (body, unit), (wanted_body, wanted_unit) = split_unit(given), split_unit(wanted)
    value, wanted_value = number(body), number(wanted_body)
    if not value or not wanted_value:
        return None
    factor = conversion(unit, wanted_unit)
    agree = factor is not None and value.times(factor).agrees(wanted_value)
    if unit == wanted_unit or not unit or not wanted_unit:
        agree = agree or value.agrees(wanted_value) or _agree_but_for_a_multiple(body, wanted_body)
    return agree or (None if "," in given + wanted else False)


def _agree_but_for_a_multiple(body: str, wanted_body: str) -> bool:
    r"""``1.2 \text{ million}`` and ``1.2``, if the question asked for millions."""
    multiple, wanted_multiple = multiple_of(body), multiple_of(wanted_body)
    value, wanted_value = number((multiple or (body,))[0]), number((wanted_multiple or (wanted_body,))[0])
    is_one = bool(multiple) != bool(wanted_multiple)
    return bool(is_one and value and wanted_value and value.agrees(wanted_value))


def _words(given: str, wanted: str) -> bool | None:
    said, wanted_said = words(given), words(wanted)
    if said and wanted_said:
        return said == wanted_said
    if len(said or wanted_said or "") > 2 and words(given, sure=True) == words(wanted, sure=True):
        return True
    return None


def _names_in_words(given: str, wanted: str) -> bool | None:
    body, wanted_body = map(equations.without_name_in_words, (given, wanted))
    return None if (body, wanted_body) == (given, wanted) else _formulas_agree(body, wanted_body)


def _values(given: str, wanted: str) -> bool | None:
    """An equation and something else: its right side, if it states a value."""
    is_equation, wanted_is_equation = bool(equations.sides_of(given)), bool(equations.sides_of(wanted))
    if is_equation == wanted_is_equation:
        return None
    value = equations.stated_value(given) if is_equation else given
    wanted_value = equations.stated_value(wanted) if wanted_is_equation else wanted
    return bool(value and wanted_value and _shapes_agree(shape_of(value), shape_of(wanted_value)))


def _equations(given: str, wanted: str) -> bool | None:
    sides, wanted_sides = equations.sides_of(given), equations.sides_of(wanted)
    if not sides or not wanted_sides:
        return None
    sides = equations.with_the_variable_of(wanted_sides, sides)
    value, wanted_value = sides[-1], wanted_sides[-1]
    name, wanted_name = squeezed(sides[0]), squeezed(wanted_sides[0])
    if name == wanted_name:
        if _shapes_agree(shape_of(value), shape_of(wanted_value)):
            return True
        if equations.is_name(name) and name not in value + wanted_value:
            return False
    if len(sides) == len(wanted_sides) == 2 and squeezed(value) == wanted_name:
        return _shapes_agree(shape_of(sides[0]), shape_of(wanted_value))
    if len(sides) == len(wanted_sides) > 2 and {*map(squeezed, sides[:-1])} == {*map(squeezed, wanted_sides[:-1])}:
        return _shapes_agree(shape_of(value), shape_of(wanted_value))
    of_different_things = name != wanted_name and equations.is_name(name) and equations.is_name(wanted_name)
    if of_different_things and name not in wanted_value and wanted_name not in value:
        return False  # x = 5 and y = 5; but y = 2x and x = y/2 relate the two alike
    return _algebra(given, wanted)


def _units(given: str, wanted: str) -> bool | None:
    (body, unit), (wanted_body, wanted_unit) = split_unit(given), split_unit(wanted)
    if "degree" in (unit, wanted_unit) and "\\pi" in body + wanted_body:
        body, wanted_body = (
            rf"\frac{{({one})\pi}}{{180}}" if its_unit == "degree" else one
            for one, its_unit in ((body, unit), (wanted_body, wanted_unit))
        )
    if (body, wanted_body) == (given, wanted):
        return None
    return (unit == wanted_unit or not (unit and wanted_unit)) and _formulas_agree(body, wanted_body)


def _bases(given: str, wanted: str) -> bool | None:
    """Digits with the base they are written in. A base that only one of the two names is the question's."""
    based, wanted_based = _based(given), _based(wanted)
    if not based and not wanted_based:
        return None
    digits, base = based or (given, "")
    wanted_digits, wanted_base = wanted_based or (wanted, "")
    return squeezed(digits) == squeezed(wanted_digits) and (base == wanted_base or not (base and wanted_base))


def _based(text: str) -> tuple[str, str] | None:
    found = _BASED.fullmatch(text)
    if not found or not (found[2].isdigit() or found[2] in _BASES):
        return None
    return found[1].upper(), _BASES.get(found[2], found[2])


def _ratios(given: str, wanted: str) -> bool | None:
    if not _RATIO.fullmatch(given) and not _RATIO.fullmatch(wanted):
        return None
    parts, wanted_parts = ([part.strip() for part in text.split(":")] for text in (given, wanted))
    if len(parts) == len(wanted_parts):
        are_times = all(map(_MINUTES.fullmatch, parts[1:] + wanted_parts[1:]))
        return all(map(_formulas_agree, parts, wanted_parts)) or (not are_times and _same_ratio(parts, wanted_parts))
    if sorted((len(parts), len(wanted_parts))) != [1, 2]:
        return False
    return _formulas_agree(*(rf"\frac{{{one[0]}}}{{{one[1]}}}" if one[1:] else one[0] for one in (parts, wanted_parts)))


def _same_ratio(parts: list[str], wanted_parts: list[str]) -> bool:
    values, wanted_values = ([found.value for part in one if (found := number(part))] for one in (parts, wanted_parts))
    if len(values) != len(parts) or len(wanted_values) != len(wanted_parts) or not values[0] or not wanted_values[0]:
        return False
    return [value / values[0] for value in values] == [value / wanted_values[0] for value in wanted_values]


def _words_and_formula(given: str, wanted: str) -> bool | None:
    return False if given.startswith("\\text") or wanted.startswith("\\text") else None


def _algebra(given: str, wanted: str) -> bool:
    from thinkcap.grading.algebra import formulas_equal

    return formulas_equal(given, wanted)


PLAIN_RULES = (
    Rule(_spelling, ("2 x", "2x"), None),
    Rule(_choices, ("(B)", "option b"), ("(B)", "C")),
    Rule(same_quantities, (r"1 \text{ hour } 20 \text{ minutes}", "80 min"), ("5 feet 2 inches", "5 feet 3 inches")),
    Rule(_numbers, (r"50\%", r"\frac{1}{2}"), ("9 yards", "9 feet")),
    Rule(_words, (r"\text{Even}", "even"), (r"\text{yes}", "no solution")),
)
FORMULA_RULES = (
    Rule(_names_in_words, (r"\text{Area} = 2\pi", r"2\pi"), ("Area: x", "y")),
    Rule(_values, ("m + n = x", "x"), ("x^2+y^2=25", "25")),
    Rule(_equations, ("f(n) = 2n", "f(x) = 2x"), ("x = 5", "y = 5")),
    Rule(_units, (r"\sqrt{2} \text{ cm}", r"\sqrt{2}"), (r"\sqrt{2} \text{ cm}", r"\sqrt{2} \text{ m}")),
    Rule(_bases, ("101_2", r"101_{\text{two}}"), ("101_2", "101_3")),
    Rule(_ratios, ("2:4", "1:2"), ("7:30", "14:60")),
    Rule(_words_and_formula, None, (r"\text{noon}", "n^2")),
    Rule(_algebra, (r"\sqrt{18}", r"3\sqrt{2}"), (r"\sqrt{x^2}", "x")),
)
RULES = PLAIN_RULES + FORMULA_RULES
