"""Whether two single formulas are equal, by math-verify. Imported only in grading workers: it brings sympy.

math-verify's own extraction of answers from prose stays out of it, and with it a parser for plain expressions that goes
through Python's `eval`: formulas are handed over as LaTeX, whose grammar knows no names of Python. Its units are off
(it takes the `m` off `5m`), since `thinkcap.grading.units` knows them; so are its time limits, the worker's being harder.
"""

import logging
import re
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
_DIGITS = 30
_RELATIVE = sympy.Float("1e-12", _DIGITS)


def formulas_equal(given: str, wanted: str) -> bool:
    """Whether two normal texts are the same formula, by algebra; False where either is no formula."""
    one, other = _parsed(given), _parsed(wanted)
    if one is None or other is None:
        return False
    if _apart(one, other):
        return False
    return bool(verify(other, one, timeout_seconds=None, allow_set_relation_comp=True))


@lru_cache(maxsize=256)
def _parsed(text: str) -> sympy.Basic | None:
    if _TRIGONOMETRIC.search(text):
        text = _DEGREES.sub(r"(\\frac{\1\\pi}{180})", text)
    found = parse(f"${text}$", _LATEX, fallback_mode="no_fallback", parsing_timeout=None)
    if not found:
        return None
    imaginary = {symbol: sympy.I for symbol in getattr(found[0], "free_symbols", ()) if symbol.name == "i"}
    return found[0].subs(imaginary) if imaginary else found[0]


def _apart(one: sympy.Basic, other: sympy.Basic) -> bool:
    """Whether both are numbers with clearly different values.

    math-verify compares differences, not ratios, so that to it all numbers below 1e-15 are equal.
    """
    if not all(isinstance(side, sympy.Expr) and side.is_number for side in (one, other)):
        return False
    try:
        value, other_value = (side.evalf(_DIGITS) for side in (one, other))
        size = max(abs(value), abs(other_value))
        if not size.is_Float or size == 0:
            return False
        limit = sympy.Float("1e-5", _DIGITS) if one.has(sympy.Float) or other.has(sympy.Float) else _RELATIVE
        return bool(abs(value - other_value) > limit * size)
    except (TypeError, ValueError, AttributeError):
        return False
