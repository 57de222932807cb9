"""Whether two single formulas are equal, by math-verify. Imported only in grading workers: it brings sympy.

math-verify's own extraction of answers from prose stays out of it, and with it a parser for plain expressions that goes
through Python's `eval`: formulas are handed over as LaTeX, whose grammar knows no names of Python. Its units are off
(it takes the `m` off `5m`), since `thinkcap.grading.units` knows them; so are its time limits, for the worker's.
"""

import logging
import re
from collections.abc import Callable, Sequence
from functools import lru_cache

import sympy
from latex2sympy2_extended import NormalizationConfig
from math_verify import LatexExtractionConfig, parse, verify

logging.getLogger("math_verify").setLevel(logging.CRITICAL)
logging.getLogger("latex2sympy2_extended").setLevel(logging.CRITICAL)

_LATEX = [
    LatexExtractionConfig(
        boxed_match_priority=-1,
        normalization_config=NormalizationConfig(
            basic_latex=True, units=False, malformed_operators=True, nits=True, boxed="none", equations=False
        ),
    )
]
_TRIGONOMETRIC = re.compile(r"\\(?:sin|cos|tan|cot|sec|csc)(?![a-z])")
_DEGREES = re.compile(r"(\d+(?:\.\d+)?)\s?\^\\circ")
_CROSS_PRODUCT = re.compile(r"\\vec\{\w\}\s?\\times(?![a-z])")
_ANGLE = re.compile(r"\\angle\s?\{?([A-Z])([A-Z])([A-Z])\}?(?![A-Za-z])")
_COMMAND = re.compile(r"\\[a-zA-Z]+(?:\{[a-z]*matrix\})?")
_COMMAND_OR_LETTER = re.compile(r"\\[a-zA-Z]+|[A-Z]")
_SELDOM = ("\\xi ", "\\zeta ", "\\eta ", "\\kappa ", "\\iota ")
_DIGITS = 30
_SAME = sympy.Float("1e-25", _DIGITS)
_CLEARLY = sympy.Float("1e-10", _DIGITS)
_CLEARLY_FOR_DECIMALS = sympy.Float("1e-5", _DIGITS)
_Point = dict[sympy.Symbol, sympy.Expr]
_NOT_AT_A_POINT = (sympy.Sum, sympy.Product, sympy.Integral, sympy.Limit, sympy.Derivative)


def formulas_equal(given: str, wanted: str) -> bool:
    """Whether two normal texts are the same formula, by algebra. False if either is no formula."""
    letters, wanted_letters = _variables(given), _variables(wanted)
    if letters != wanted_letters and {*map(str.lower, letters)} == {*map(str.lower, wanted_letters)}:
        return False
    if _CROSS_PRODUCT.search(given) or _CROSS_PRODUCT.search(wanted):
        return False  # to the parser a product like any other, whose factors may change places
    one, other = (_parsed(_lower_case(text, letters | wanted_letters)) for text in (given, wanted))
    if one is None or other is None:
        return False
    if isinstance(one, sympy.Eq) and isinstance(other, sympy.Eq):
        if _at_points(_are_proportional, one.lhs - one.rhs, other.lhs - other.rhs):
            return True
    elif _at_points(_clearly_differ, one, other):
        return False
    return bool(verify(other, one, timeout_seconds=None, allow_set_relation_comp=True)) or _at_points(
        _agree_where_defined, one, other
    )


@lru_cache(maxsize=256)
def _parsed(text: str) -> sympy.Basic | None:
    text = _ANGLE.sub(lambda found: rf"\vartheta_{{{found[2]}{''.join(sorted(found[1] + found[3]))}}}", text)
    if _TRIGONOMETRIC.search(text):
        text = _DEGREES.sub(r"(\\frac{\1\\pi}{180})", text)
    found = parse(f"${text}$", _LATEX, fallback_mode="no_fallback", parsing_timeout=None)
    if not found:
        return None
    imaginary = {symbol: sympy.I for symbol in getattr(found[0], "free_symbols", ()) if symbol.name == "i"}
    return found[0].subs(imaginary) if imaginary else found[0]


def _variables(text: str) -> set[str]:
    """The letters of a formula outside commands; the constant of integration may be either ``c`` or ``C``."""
    return {*filter(str.isalpha, _COMMAND.sub(" ", text))} - {"c", "C"}


def _lower_case(text: str, letters: set[str]) -> str:
    r"""A text in which ``R`` has another letter if ``r`` occurs too: math-verify's parser lowers every variable."""
    clashing = sorted(letter for letter in letters if letter.isupper() and letter.lower() in letters)
    replacements = dict(zip(clashing, _SELDOM, strict=False))
    return _COMMAND_OR_LETTER.sub(lambda found: replacements.get(found.group(), found.group()), text)


def _at_points(test: Callable[..., object], one: sympy.Basic, other: sympy.Basic) -> bool:
    """Whether ``test`` holds for the values of two expressions at points, if they have any."""
    if not isinstance(one, sympy.Expr) or not isinstance(other, sympy.Expr):
        return False
    symbols = one.free_symbols | other.free_symbols
    if one.has(*_NOT_AT_A_POINT) or other.has(*_NOT_AT_A_POINT):
        return False
    if not all(isinstance(symbol, sympy.Symbol) and len(symbol.name) <= 8 for symbol in symbols):
        return False  # a word, or a function yet to be applied
    try:
        return bool(test(one, other, sorted(symbols, key=str)))
    except (TypeError, ValueError, AttributeError):
        return False


def _are_proportional(one: sympy.Expr, other: sympy.Expr, variables: Sequence[sympy.Symbol]) -> bool:
    """Whether two equations, left side less right side, are multiples of each other: ``y^2 - 4x`` and ``x - y^2/4``.

    Their ratio is then the same everywhere. At three points, to thirty digits, different ones do not agree by chance.
    """
    points = [_point(variables, turn) for turn in range(3)]
    ratios = [_value(one, point) / _value(other, point) for point in points]
    return bool(variables) and all(ratio.is_Float and abs(ratio - ratios[0]) < _SAME * abs(ratio) for ratio in ratios)


def _clearly_differ(one: sympy.Expr, other: sympy.Expr, variables: Sequence[sympy.Symbol]) -> bool:
    """Whether two expressions differ at some point.

    Quicker than to find no proof of equality, and right when math-verify is not: it compares differences, not ratios,
    so that it takes all numbers below 1e-15 for equal.
    """
    value, other_value = (_value(side, _point(variables)) for side in (one, other))
    size = max(abs(value), abs(other_value))
    clearly = _CLEARLY_FOR_DECIMALS if one.has(sympy.Float) or other.has(sympy.Float) else _CLEARLY
    return bool(size.is_Float and abs(value - other_value) > clearly * size)


def _agree_where_defined(one: sympy.Expr, other: sympy.Expr, variables: Sequence[sympy.Symbol]) -> bool:
    r"""Whether two real expressions agree wherever all roots and logarithms in them are of positive numbers.

    So people read ``2\ln x`` and ``\ln x^2``, or ``\sqrt{a}\sqrt{b}`` and ``\sqrt{ab}``; but ``\sqrt{x^2}`` is not
    ``x``, which may be negative.
    """
    if not 1 <= len(variables) <= 4 or one.has(sympy.Float, sympy.I) or other.has(sympy.Float, sympy.I):
        return False
    points = [_point(variables, turn) for turn in range(2 ** len(variables) * 2)]
    points = [point for point in points if _is_defined(one, point) and _is_defined(other, point)]
    values = [(_value(one, point), _value(other, point)) for point in points]
    return len(values) >= 2 and all(abs(value - its) < _SAME * max(1, abs(value)) for value, its in values)


def _is_defined(expression: sympy.Expr, point: _Point) -> bool:
    needed = [power.base for power in expression.atoms(sympy.Pow) if not power.exp.is_integer]
    needed += [logarithm.args[0] for logarithm in expression.atoms(sympy.log)]
    return all(_value(argument, point) > 0 for argument in needed)


def _point(variables: Sequence[sympy.Symbol], turn: int = 0) -> _Point:
    """Arbitrary values for the variables: at turn 0 positive ones, then of all signs."""
    return {
        variable: sympy.Rational(17 + 5 * place + 3 * turn, 13 + 2 * place) * (-1) ** (turn >> place)
        for place, variable in enumerate(variables)
    }


def _value(expression: sympy.Expr, point: _Point) -> sympy.Expr:
    return expression.subs(point).evalf(_DIGITS)
