r"""Equations as answers: the value they state, ``x = 5``, or the relation, ``x^2 + y^2 = 25``.

All texts here are in the spelling that `thinkcap.grading.latex.normal` makes.
"""

import re

from thinkcap.grading.answer_shape import split
from thinkcap.grading.latex import squeezed

_NAME = re.compile(
    r"(?:\\?[a-zA-Z]+|[a-zA-Z](?:'+|\^\{-1\})?|\\(?:overline|vec|hat|bar|mathbf)\s?\{[^{}]*\})"
    r"(?:_(?:\{[^{}]*\}|\w))?'*\s?(?:\([^()]*\))?"
)
_NAME_IN_WORDS = re.compile(
    r"\\text\{[^{}]*(?:[:=]|\b(?:is|are|equals))\s?\}\s?[:=]?\s?(?=\S)|"
    r"(?:\\text\{[^{}]*\}|[A-Z]?[a-z]{3,}(?: [a-z]+)*)\s?(?:=|:)\s?(?=\S)"
)
_NUMERIC = re.compile(r"(?:[\d\s+\-*/^().,{}!]|\\(?:frac|sqrt|cdot|times|binom|pi|log|ln|sin|cos|tan)(?![a-zA-Z]))*")
_EXPONENT_OR_INDEX = re.compile(r"[\^_](?:\d|\{\d+\})")
_SUM_OF_POWERS = re.compile(r"\^.*[+-]|[+-].*\^")
_FUNCTION = re.compile(r"([a-zA-Z]\w?)\(([a-zA-Z])\)")
_COMMAND = re.compile(r"\\[a-zA-Z]+")
_COMMAND_OR_LETTER = re.compile(r"\\[a-zA-Z]+|[a-zA-Z]")


def sides_of(text: str) -> list[str] | None:
    """The sides of an equation or a chain of equations. None without an equals sign outside brackets."""
    sides = split(text, "=".__eq__)
    return sides if len(sides) > 1 else None


def stated_value(text: str) -> str | None:
    """The right side of an equation that states a value: the 5 of ``x = 5``. None for other texts."""
    sides = sides_of(text)
    return sides[-1] if sides and _names_a_value(sides[0]) else None


def without_name_in_words(text: str) -> str:
    r"""``5`` for ``\text{Area} = 5`` and ``Area: 5``."""
    found = _NAME_IN_WORDS.match(text)
    return text[found.end() :] if found else text


def with_the_variable_of(wanted_sides: list[str], sides: list[str]) -> list[str]:
    """``f(n) = 2n`` as ``f(x) = 2x`` if that is how the other equation names the variable."""
    function, wanted_function = (_FUNCTION.fullmatch(squeezed(one[0])) for one in (sides, wanted_sides))
    if not function or not wanted_function or function[1] != wanted_function[1]:
        return sides
    name, wanted_name = function[2], wanted_function[2]
    if name == wanted_name or any(wanted_name in _COMMAND.sub("", side) for side in sides):
        return sides
    return [_COMMAND_OR_LETTER.sub(lambda found: wanted_name if found[0] == name else found[0], side) for side in sides]


def is_name(side: str) -> bool:
    r"""Whether the side of an equation is a mere name: ``x``, ``f(2)``, ``a_1``, ``\vec{v}``."""
    return bool(_NAME.fullmatch(side))


def _names_a_value(side: str) -> bool:
    """Whether an equation with this left side states a value: ``x = 5``, ``f(2) = 5``, ``BC^2 = 5``, ``3 + 2 = 5``.

    A sum of powers does not: ``x^2 + y^2 = 25`` is a curve.
    """
    if is_name(side) or _NUMERIC.fullmatch(side):
        return True
    return not _SUM_OF_POWERS.search(side) and not any(map(str.isdigit, _EXPONENT_OR_INDEX.sub("", side)))
