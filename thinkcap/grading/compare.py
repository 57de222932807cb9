r"""Whether two answers mean the same: their structure here, their formulas in `thinkcap.grading.formulas`.

`same` runs in a grading worker, since algebra can take any time and memory. `quick` settles what needs none, imports
nothing heavy, and runs in the process that generates.

Structure comes first, because a formula parser knows little of what a list of answers means: ``2, 3`` is ``3, 2`` and
``\{3, 2\}``, but ``(2, 3)`` is not ``(3, 2)``; ``0 < x \leq 1`` is ``(0, 1]``; ``1 \pm \sqrt{2}`` is two answers; a
matrix is its entries. What is left are single formulas.
"""

import re
from collections.abc import Sequence

from thinkcap.grading.normal import choice, normal, squeezed, words
from thinkcap.grading.number import number
from thinkcap.grading.structure import Bag, Formula, Matrix, Meaning, Row, equation, read
from thinkcap.grading.units import split_unit

LONGEST = 10_000
"""Characters past which answers are compared as text alone."""

_LONGEST_FOR_QUICK = 500
_THOUSANDS = re.compile(r"(?<![\d,.])\d{1,3}(?:,\d{3})+(?!\d|,\d)")
_BASED = re.compile(r"(-?[\dA-Fa-f]+(?:\.[\dA-F]+)?)\s?_\s?\{?\s?(?:\\text\{)?\s?(\d+|[a-z]+)\s?\}?\}?")
_BASE_NAMES = {"two": "2", "three": "3", "four": "4", "five": "5", "six": "6", "seven": "7", "eight": "8", "nine": "9"}
_TEXT_SUBJECT = re.compile(r"(?:\\text\{[^{}]*\}|[A-Z]?[a-z]{3,}(?: [a-z]+)*)\s?(?:=|:)\s?(?=\S)")
_SUBJECT = re.compile(
    r"(?:\\?[a-zA-Z]+|[a-zA-Z](?:'+|\^\{-1\})?|\\(?:overline|vec|hat|bar|mathbf)\s?\{[^{}]*\})"
    r"(?:_(?:\{[^{}]*\}|\w))?'*\s?(?:\([^()]*\))?"
)
_RATIO = re.compile(r"[^:]+(?::[^:]+)+")
_NUMERIC = re.compile(r"(?:[\d\s+\-*/^().,{}!]|\\(?:frac|sqrt|cdot|times|binom|pi|log|ln|sin|cos|tan)(?![a-zA-Z]))*")


def quick(answer: str, expected: str) -> bool | None:
    """The verdict where spelling, plain numbers, choices or words settle it; None where it takes more."""
    if len(answer) > LONGEST or len(expected) > LONGEST:
        return "".join(answer.split()) == "".join(expected.split())
    given, wanted = normal(answer), normal(expected)
    if not given or not wanted:
        return False
    if squeezed(given) == squeezed(wanted):
        return True
    if len(given) > _LONGEST_FOR_QUICK or len(wanted) > _LONGEST_FOR_QUICK:
        return None
    return _plainly(given, wanted)


def same(answer: str, expected: str) -> bool:
    """Whether ``answer`` means what ``expected`` does. May take any time and memory: call it in a worker."""
    settled = quick(answer, expected)
    if settled is not None:
        return settled
    given, wanted = normal(answer), normal(expected)
    return any(_agree(read(one), read(other)) for one in _comma_readings(given) for other in _comma_readings(wanted))


def _plainly(given: str, wanted: str) -> bool | None:
    """The verdict on two normal texts that are plain numbers, choices or words; None where they are not."""
    if (letter := choice(wanted)) and (given_letter := choice(given)):
        return letter == given_letter
    (body, unit), (wanted_body, wanted_unit) = split_unit(given), split_unit(wanted)
    value, wanted_value = number(body), number(wanted_body)
    if value and wanted_value:
        if unit != wanted_unit and unit and wanted_unit:
            return False
        if value.agrees(wanted_value):
            return True
        if unit != wanted_unit and "percent" in (unit, wanted_unit):
            scale, wanted_scale = (100 if one == "percent" else 1 for one in (unit, wanted_unit))
            return value.times(wanted_scale).agrees(wanted_value.times(scale))
        return None if "," in given or "," in wanted else False
    said, wanted_said = words(given), words(wanted)
    if said and wanted_said:
        return said == wanted_said
    return None


def _comma_readings(text: str) -> tuple[str, ...]:
    """``1,234`` may be one number or a list of two: both readings where the text allows both."""
    if not _THOUSANDS.search(text):
        return (text,)
    return _THOUSANDS.sub(lambda found: found.group().replace(",", ""), text), text


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


def _name_different_things(sides: list[str], wanted_sides: list[str]) -> bool:
    """``x = 5`` and ``y = 5``, but not ``y = 2x`` and ``x = y/2``, which relate the two."""
    name, other = squeezed(sides[0]), squeezed(wanted_sides[0])
    if name == other or not (_SUBJECT.fullmatch(name) and _SUBJECT.fullmatch(other)):
        return False
    return name not in wanted_sides[-1] and other not in sides[-1]


def _names_the_rest(side: str) -> bool:
    """Whether an equation with this left side states a value: ``x = 5``, ``f(2) = 5``, ``m + n = 5``, ``3 + 2 = 5``."""
    side = side.strip()
    return bool(_SUBJECT.fullmatch(side) or _NUMERIC.fullmatch(side)) or not any(map(str.isdigit, side))


def _in_radians(body: str, unit: str) -> str:
    return rf"\frac{{({body})\pi}}{{180}}" if unit == "degree" else body


def _based(text: str) -> tuple[str, str] | None:
    found = _BASED.fullmatch(text)
    if not found or not (found[2].isdigit() or found[2] in _BASE_NAMES) or not found[1].lstrip("-")[0].isdigit():
        return None
    return found[1].upper(), _BASE_NAMES.get(found[2], found[2])


def _ratios_agree(given: list[str], wanted: list[str]) -> bool:
    if len(given) == len(wanted):
        return all(_formulas_agree(one.strip(), other.strip()) for one, other in zip(given, wanted, strict=True))
    if sorted((len(given), len(wanted))) != [1, 2]:
        return False
    one, other = (rf"\frac{{{sides[0]}}}{{{sides[1]}}}" if len(sides) == 2 else sides[0] for sides in (given, wanted))
    return _formulas_agree(one, other)


def _algebra(given: Meaning, wanted: Meaning) -> bool:
    from thinkcap.grading.formulas import formulas_equal

    return formulas_equal(given.text, wanted.text)
