r"""Whether two answers mean the same: their structure here, their formulas in `thinkcap.grading.formulas`.

`same` runs in a grading worker, since algebra can take any time and memory. `quick` settles what needs none, imports
nothing heavy, and runs in the process that generates.

Structure comes first, because a formula parser knows little of what a list of answers means: ``2, 3`` is ``3, 2`` and
``\{3, 2\}``, but ``(2, 3)`` is not ``(3, 2)``; ``0 < x \leq 1`` is ``(0, 1]``; ``1 \pm \sqrt{2}`` is two answers; a
matrix is its entries. What is left are single formulas.
"""

import re
from collections.abc import Sequence
from itertools import product

from thinkcap.grading.normal import choice, normal, squeezed, without_choice, words
from thinkcap.grading.number import multiple_of, number
from thinkcap.grading.structure import Bag, Formula, Matrix, Meaning, Row, equation, read
from thinkcap.grading.units import conversion, same_quantities, split_unit

LONGEST = 10_000
"""Characters past which answers are compared as text alone."""

_LONGEST_FOR_QUICK = 500
_THOUSANDS = re.compile(r"(?<![\d,.])[1-9]\d{0,2}(?:,\d{3})+(?!\d|,\d)")
_DECIMAL_COMMA = re.compile(r"(?<![\d,.])(-?\d+),(\d+)(?![\d,])")
_BASED = re.compile(r"(-?[\dA-Fa-f]+(?:\.[\dA-F]+)?)\s?_\s?\{?\s?(?:\\text\{)?\s?(\d+|[a-z]+)\s?\}?\}?")
_BASE_NAMES = {"two": "2", "three": "3", "four": "4", "five": "5", "six": "6", "seven": "7", "eight": "8", "nine": "9"}
_TEXT_SUBJECT = re.compile(
    r"\\text\{[^{}]*(?:[:=]|\b(?:is|are|equals))\s?\}\s?[:=]?\s?(?=\S)|"
    r"(?:\\text\{[^{}]*\}|[A-Z]?[a-z]{3,}(?: [a-z]+)*)\s?(?:=|:)\s?(?=\S)"
)
_SUBJECT = re.compile(
    r"(?:\\?[a-zA-Z]+|[a-zA-Z](?:'+|\^\{-1\})?|\\(?:overline|vec|hat|bar|mathbf)\s?\{[^{}]*\})"
    r"(?:_(?:\{[^{}]*\}|\w))?'*\s?(?:\([^()]*\))?"
)
_COMMAND = re.compile(r"\\[a-zA-Z]+")
_COMMAND_OR_LETTER = re.compile(r"\\[a-zA-Z]+|[a-zA-Z]")
_EXPONENT_OR_INDEX = re.compile(r"[\^_](?:\d|\{\d+\})")
_SUM_OF_POWERS = re.compile(r"\^.*[+-]|[+-].*\^", re.DOTALL)
_FUNCTION = re.compile(r"([a-zA-Z]\w?)\(([a-zA-Z])\)")
_CONDITION = re.compile(
    r"(?P<body>.*?\S)\s?(?:"
    r",\s?\(?[a-zA-Z](?:,[a-zA-Z]){0,5}\s?\\in(?![a-zA-Z])"
    r"|\\text\{\s?,?\s?(?:for|where|with)\b[^{}]*\}\s?[a-zA-Z](?:,[a-zA-Z]){0,5}\s?(?:\\in|\\geq|>|\\neq)(?![a-zA-Z])"
    r").*",
    re.DOTALL,
)
_RATIO = re.compile(r"[^:]+(?::[^:]+)+")
_NUMERIC = re.compile(r"(?:[\d\s+\-*/^().,{}!]|\\(?:frac|sqrt|cdot|times|binom|pi|log|ln|sin|cos|tan)(?![a-zA-Z]))*")


def quick(answer: str, expected: str) -> bool | None:
    """The verdict if spelling, plain numbers, choices or words settle it; None if it takes more.

    Long texts are only compared as they are, so that no answer holds up the process that generates.
    """
    longest = max(len(answer), len(expected))
    if longest > _LONGEST_FOR_QUICK:
        alike = answer.split() == expected.split()
        return True if alike and answer.strip() else (False if longest > LONGEST else None)
    given, wanted = _normal(answer, expected)
    if not given or not wanted:
        return False
    return squeezed(given) == squeezed(wanted) or _plainly(given, wanted)


def same(answer: str, expected: str) -> bool:
    """Whether ``answer`` means what ``expected`` does. May take any time and memory: call it in a worker."""
    settled = quick(answer, expected)
    if settled is not None:
        return settled
    given, wanted = _normal(answer, expected)
    if not given or not wanted:
        return False
    pairs = product(_comma_readings(given), _comma_readings(wanted))
    return any(_agree(read(one), read(other)) for one, other in [*pairs, *_with_decimal_commas(given, wanted)])


def _normal(answer: str, expected: str) -> tuple[str, str]:
    """Both in their normal spelling, without what one says beside its answer and the other does not.

    That is the letter of a choice, ``(B) 12``, and what a variable stands for, ``2k\\pi, k \\in \\mathbb{Z}``.
    """
    given, wanted = normal(answer), normal(expected)
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


def _plainly(given: str, wanted: str) -> bool | None:
    """The verdict on two normal texts that are plain numbers, choices or words; None where they are not."""
    if (letter := choice(wanted)) and (given_letter := choice(given)):
        return letter == given_letter
    if (same_amount := same_quantities(given, wanted)) is not None:
        return same_amount
    if (same_value := _same_value(given, wanted)) is not None:
        return same_value or (None if "," in given or "," in wanted else False)
    said, wanted_said = words(given), words(wanted)
    if said and wanted_said:
        return said == wanted_said
    if len(said or wanted_said or "") > 2:
        return True if words(given, sure=True) == words(wanted, sure=True) else None
    return None


def _same_value(given: str, wanted: str) -> bool | None:
    """Whether two plain numbers, each perhaps with its unit, say the same; None where one is something else."""
    (body, unit), (wanted_body, wanted_unit) = split_unit(given), split_unit(wanted)
    value, wanted_value = number(body), number(wanted_body)
    if not value or not wanted_value:
        return None
    if unit and wanted_unit and unit != wanted_unit:
        factor = conversion(unit, wanted_unit)
        return factor is not None and value.times(factor).agrees(wanted_value)
    if value.agrees(wanted_value):
        return True
    if unit != wanted_unit and "percent" in (unit, wanted_unit):
        scale, wanted_scale = (100 if one == "percent" else 1 for one in (unit, wanted_unit))
        return value.times(wanted_scale).agrees(wanted_value.times(scale))
    return _same_but_for_a_multiple(body, wanted_body)


def _same_but_for_a_multiple(body: str, wanted_body: str) -> bool:
    """``1.2 \\text{ million}`` and ``1.2``, whose question asked for millions."""
    multiple, wanted_multiple = multiple_of(body), multiple_of(wanted_body)
    if bool(multiple) == bool(wanted_multiple):
        return False
    value, wanted_value = (
        number(multiple[0] if multiple else body),
        number(wanted_multiple[0] if wanted_multiple else wanted_body),
    )
    return bool(value and wanted_value and value.agrees(wanted_value))


def _comma_readings(text: str) -> tuple[str, ...]:
    """``1,234`` may be one number or a list of two: both readings where the text allows both."""
    if not _THOUSANDS.search(text):
        return (text,)
    return _THOUSANDS.sub(lambda found: found.group().replace(",", ""), text), text


def _with_decimal_commas(given: str, wanted: str) -> list[tuple[str, str]]:
    """``3,5`` as 3.5 if the answer is no list, and ``1,5; 2`` as 1.5 and 2, which the semicolon parts."""
    body, _unit = split_unit(wanted)
    if ";" not in wanted and ("," in given or _THOUSANDS.fullmatch(body) or not _DECIMAL_COMMA.fullmatch(body)):
        return []
    decimal, wanted_decimal = (_DECIMAL_COMMA.sub(r"\1.\2", text) for text in (given, wanted))
    return [(decimal, wanted_decimal)] if "," not in wanted_decimal and wanted_decimal != wanted else []


def _agree(given: Meaning, wanted: Meaning) -> bool:
    match given, wanted:
        case Bag(items=(only,)), _:
            return _agree(only, wanted)
        case _, Bag(items=(only,)):
            return _agree(given, only)
        case Formula(), Formula():
            return _formulas_agree(given.text, wanted.text)
        case Bag(), Bag():
            unions = "\\cup" in given.text + wanted.text
            return _matched(given.items, wanted.items) or (unions and _algebra(given, wanted))
        case Matrix(), Matrix():
            return len(given.rows) == len(wanted.rows) and all(map(_pairwise, given.rows, wanted.rows))
        case Matrix(), Row(opening="("):
            return 1 in (len(given.rows), len(given.rows[0])) and _pairwise(sum(given.rows, ()), wanted.items)
        case Row(), Matrix():
            return _agree(wanted, given)
        case Row(), Row():
            named_alike = not (given.variable and wanted.variable) or given.variable == wanted.variable
            bracketed_alike = (given.opening, given.closing) == (wanted.opening, wanted.closing) or len(given.items) > 2
            return named_alike and bracketed_alike and _pairwise(given.items, wanted.items)
        case Row(), Bag():
            return _row_and_bag_agree(given, wanted)
        case Bag(), Row():
            return _row_and_bag_agree(wanted, given)
        case Formula(), _ if (sides := equation(given.text)) and _names_the_rest(sides[0]):
            return _agree(read(sides[-1]), wanted)
        case _, Formula() if (sides := equation(wanted.text)) and _names_the_rest(sides[0]):
            return _agree(given, read(sides[-1]))
        case Matrix(), other if "\\begin" not in other.text:
            return False
        case _:
            return _algebra(given, wanted)


def _row_and_bag_agree(row: Row, bag: Bag) -> bool:
    """``(3, 5)`` and ``x = 3, y = 5``, but not ``\\{3, 5\\}``; or an interval and a union that comes to it."""
    if "\\cup" in bag.text:
        return _algebra(bag, row)
    is_interval = row.variable is not None or (len(row.items) == 2 and (row.opening, row.closing) != ("(", ")"))
    return not bag.braces and not is_interval and _pairwise(row.items, bag.items)


def _pairwise(given: Sequence[Meaning], wanted: Sequence[Meaning]) -> bool:
    return len(given) == len(wanted) and all(map(_agree, given, wanted))


def _matched(given: Sequence[Meaning], wanted: Sequence[Meaning]) -> bool:
    """Whether the items pair off in some order. Taking the first that fits is enough: agreement is an equivalence."""
    if len(given) != len(wanted):
        return False
    left = list(given)
    for item in wanted:
        for place, candidate in enumerate(left):
            if _agree(candidate, item):
                del left[place]
                break
        else:
            return False
    return True


def _formulas_agree(given: str, wanted: str) -> bool:
    if squeezed(given) == squeezed(wanted):
        return True
    settled = _plainly(given, wanted)
    if settled is not None:
        return settled
    given, wanted = (
        text[len(found.group()) :] if (found := _TEXT_SUBJECT.match(text)) else text for text in (given, wanted)
    )
    sides, wanted_sides = equation(given), equation(wanted)
    if sides and wanted_sides:
        return _equations_agree(given, sides, wanted, wanted_sides)
    if sides:
        return _names_the_rest(sides[0]) and _agree(read(sides[-1]), read(wanted))
    if wanted_sides:
        return _names_the_rest(wanted_sides[0]) and _agree(read(given), read(wanted_sides[-1]))
    (body, unit), (wanted_body, wanted_unit) = split_unit(given), split_unit(wanted)
    if "degree" in (unit, wanted_unit) and "\\pi" in body + wanted_body:
        body, wanted_body = _in_radians(body, unit), _in_radians(wanted_body, wanted_unit)
    if body != given or wanted_body != wanted:
        return (unit == wanted_unit or not (unit and wanted_unit)) and _formulas_agree(body, wanted_body)
    if (based := _based(given)) or _based(wanted):
        digits, base = based or (given, "")
        wanted_digits, wanted_base = _based(wanted) or (wanted, "")
        return squeezed(digits) == squeezed(wanted_digits) and (base == wanted_base or not (base and wanted_base))
    if _RATIO.fullmatch(given) or _RATIO.fullmatch(wanted):
        return _ratios_agree(given.split(":"), wanted.split(":"))
    if wanted.startswith("\\text") or given.startswith("\\text"):
        return words(given) is not None and words(given) == words(wanted)
    return _algebra(Formula(given), Formula(wanted))


def _equations_agree(given: str, sides: list[str], wanted: str, wanted_sides: list[str]) -> bool:
    sides = _with_the_variable_of(wanted_sides, sides)
    name, wanted_name = squeezed(sides[0]), squeezed(wanted_sides[0])
    if name == wanted_name:
        if _agree(read(sides[-1]), read(wanted_sides[-1])):
            return True
        if _SUBJECT.fullmatch(name) and name not in wanted_sides[-1] + sides[-1]:
            return False
    if len(sides) == len(wanted_sides) == 2 and squeezed(sides[1]) == wanted_name:
        return _agree(read(sides[0]), read(wanted_sides[1]))
    if len(sides) == len(wanted_sides) > 2 and {*map(squeezed, sides[:-1])} == {*map(squeezed, wanted_sides[:-1])}:
        return _agree(read(sides[-1]), read(wanted_sides[-1]))
    return not _name_different_things(sides, wanted_sides) and _algebra(Formula(given), Formula(wanted))


def _with_the_variable_of(wanted_sides: list[str], sides: list[str]) -> list[str]:
    """``f(n) = 2n`` as ``f(x) = 2x``, where that is what the other says."""
    function, wanted_function = (_FUNCTION.fullmatch(squeezed(one[0])) for one in (sides, wanted_sides))
    if not function or not wanted_function or function[1] != wanted_function[1]:
        return sides
    name, wanted_name = function[2], wanted_function[2]
    if name == wanted_name or any(wanted_name in _COMMAND.sub("", side) for side in sides):
        return sides
    renamed = {name: wanted_name}
    return [_COMMAND_OR_LETTER.sub(lambda found: renamed.get(found.group(), found.group()), side) for side in sides]


def _name_different_things(sides: list[str], wanted_sides: list[str]) -> bool:
    """``x = 5`` and ``y = 5``, but not ``y = 2x`` and ``x = y/2``, which relate the two."""
    name, other = squeezed(sides[0]), squeezed(wanted_sides[0])
    if name == other or not (_SUBJECT.fullmatch(name) and _SUBJECT.fullmatch(other)):
        return False
    return name not in wanted_sides[-1] and other not in sides[-1]


def _names_the_rest(side: str) -> bool:
    """Whether an equation with this left side states a value: ``x = 5``, ``f(2) = 5``, ``BC^2 = 5``, ``3 + 2 = 5``.

    A sum of powers does not: ``x^2 + y^2 = 25`` is a curve.
    """
    side = side.strip()
    if _SUBJECT.fullmatch(side) or _NUMERIC.fullmatch(side):
        return True
    return not _SUM_OF_POWERS.search(side) and not any(map(str.isdigit, _EXPONENT_OR_INDEX.sub("", side)))


def _in_radians(body: str, unit: str) -> str:
    return rf"\frac{{({body})\pi}}{{180}}" if unit == "degree" else body


def _based(text: str) -> tuple[str, str] | None:
    found = _BASED.fullmatch(text)
    if not found or not (found[2].isdigit() or found[2] in _BASE_NAMES) or not found[1].lstrip("-")[0].isdigit():
        return None
    return found[1].upper(), _BASE_NAMES.get(found[2], found[2])


def _ratios_agree(given: list[str], wanted: list[str]) -> bool:
    if len(given) == len(wanted):
        if all(_formulas_agree(one.strip(), other.strip()) for one, other in zip(given, wanted, strict=True)):
            return True
        return not (_is_time(given) and _is_time(wanted)) and _proportional(given, wanted)
    if sorted((len(given), len(wanted))) != [1, 2]:
        return False
    one, other = (rf"\frac{{{sides[0]}}}{{{sides[1]}}}" if len(sides) == 2 else sides[0] for sides in (given, wanted))
    return _formulas_agree(one, other)


def _is_time(parts: list[str]) -> bool:
    """``7:30`` and ``12:05:00``, where no part means the same in another's terms."""
    return all(re.fullmatch(r"\s*\d\d\s*", part) for part in parts[1:])


def _proportional(given: list[str], wanted: list[str]) -> bool:
    values, wanted_values = (
        [found.value for part in parts if (found := number(part.strip()))] for parts in (given, wanted)
    )
    if len(values) != len(given) or len(wanted_values) != len(wanted) or not values[0] or not wanted_values[0]:
        return False
    return [value / values[0] for value in values] == [value / wanted_values[0] for value in wanted_values]


def _algebra(given: Meaning, wanted: Meaning) -> bool:
    from thinkcap.grading.formulas import formulas_equal

    return formulas_equal(given.text, wanted.text)
