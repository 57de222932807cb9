r"""The units that answers carry: ``5 \text{ cm}^2``, ``\$5``, ``90^\circ``, ``12 square units``, ``7 apples``.

An answer with a unit is taken for the same answer without it; two different units make two different answers. A
modulus, ``3 \pmod{7}``, is treated as a unit.
"""

import re
from fractions import Fraction

from thinkcap.grading.number import MULTIPLES

_SYNONYMS = """
degree deg
percent percentage pct % \\%
dollar $ \\$ usd buck
cent ¢
euro €
pound £ lb
rupee ₹ rs
mm millimeter millimetre
cm centimeter centimetre
m meter metre
km kilometer kilometre
inch inches in
foot feet ft
yard yd
mile mi
second sec s
minute min
hour hr h
week wk
year yr
gram g
kg kilogram
mg milligram
liter litre l
ml milliliter millilitre
radian rad
hz hertz
newton n
joule j
person people
man men
woman women
child children
"""
_NAMES = {name: line.split()[0] for line in _SYNONYMS.strip().splitlines() for name in line.split()}
_NAMES |= {"day": "day", "month": "month", "unit": "", "mph": "mile/hour", "kmh": "km/hour", "kph": "km/hour"}
_NAMES |= {"cc": "cm^3"}
_POWERS = {"square": "^2", "sq": "^2", "cubic": "^3", "cu": "^3"}

# How many of the second one of the first is; what is in a common unit can be converted.
_CONVERSIONS = """
mm 1/1000 m
cm 1/100 m
km 1000 m
inch 1/12 foot
yard 3 foot
mile 5280 foot
minute 60 second
hour 3600 second
day 86400 second
week 604800 second
mg 1/1000 gram
kg 1000 gram
ml 1/1000 liter
cent 1/100 dollar
"""
_SCALES = {name: (Fraction(scale), base) for name, scale, base in map(str.split, _CONVERSIONS.strip().splitlines())}

# One after another: a currency sign in front; a sign behind; \text{…} behind; a bare word behind a number.
_CURRENCY = re.compile(r"(?P<sign>[-+]?)\s?(?P<unit>\\?\$|€|£|₹)\s?(?P<body>.*)", re.DOTALL)
_SIGN = re.compile(r"(?P<body>.*[^\s\\])\s?(?P<unit>\\?%|\^\\circ\s?(?:\\text\{\s?)?[CF]?\}?|\\?\$|€|¢)", re.DOTALL)
_TEXT = re.compile(
    r"(?P<body>.*[\d})a-zA-Z!|\]])\s*"
    r"(?P<unit>\\text\{(?!\s*(?:and|or)\s*\})[^{}]*\}(?:\^\s?-?\d|\^\s?\{\s?-?\d\s?\}|[\s/]|\\cdot|\\text\{[^{}]*\})*"
    r"|\\pmod\{[^{}]*\})",
    re.DOTALL,
)
_WORD = re.compile(
    r"(?P<body>.*[\d})])\s?(?P<unit>[a-zA-Z]{2,}(?:[ /-][a-zA-Z]+){0,3}(?:\^[23]|\^\{[23]\})?\.?|m/s(?:\^2)?)",
    re.DOTALL,
)
_QUANTITY = re.compile(
    r"(\d+(?:\.\d+)?)\s?(\\text\{[^{}\d]*?(?=(?:,? and)?\s?\})|[a-zA-Z]{1,12}(?![a-zA-Z]))(?:,?\s?and)?\s?\}?"
    r"(?:,?\s?(?:and|\\text\{\s?and\s?\}))?(?=,?\s?\d|$)\s?,?"
)
_TRIGONOMETRIC = re.compile(r"\\(?:sin|cos|tan|cot|sec|csc)(?![a-z])")
_FUNCTIONS_AND_CONJUNCTIONS = frozenset(
    (
        "sin",
        "cos",
        "tan",
        "cot",
        "sec",
        "csc",
        "log",
        "exp",
        "max",
        "min",
        "gcd",
        "lcm",
        "mod",
        "sqrt",
        "and",
        "or",
        "if",
        "for",
        "when",
        "where",
        "is",
        "not",
    )
)
_ALSO_PRODUCTS = frozenset(("mg", "ml", "rs", "in", "mi", "cu", "sq", "hz"))
"""Units that, unspaced behind a number, could as well be a product of variables: ``2mg``."""


def split_unit(text: str) -> tuple[str, str]:
    r"""A normal text without its unit, and the unit's name ("" for none): ``5 \text{ cm}^2`` is ``("5", "cm^2")``."""
    if found := _CURRENCY.fullmatch(text):
        return found["sign"] + found["body"].strip(), unit_name(found["unit"])
    if (found := _SIGN.fullmatch(text)) and not ("circ" in found["unit"] and _TRIGONOMETRIC.search(text)):
        return found["body"].strip(), unit_name(found["unit"])
    if (found := _TEXT.fullmatch(text)) and unit_name(found["unit"]) not in MULTIPLES:
        return found["body"].strip(), unit_name(found["unit"])
    if (
        (found := _WORD.fullmatch(text))
        and unit_name(found["unit"]) not in MULTIPLES
        and _is_unit(found["unit"], spaced=text[found.end("body")] == " ")
    ):
        return found["body"].strip(), unit_name(found["unit"])
    return text, ""


def conversion(unit: str, other: str) -> Fraction | None:
    """How many ``other`` one ``unit`` is: 100 for ``m`` and ``cm``; None where they measure different things."""
    (scale, base), (other_scale, other_base) = (_SCALES.get(name, (Fraction(1), name)) for name in (unit, other))
    return scale / other_scale if base == other_base else None


def same_quantities(given: str, wanted: str) -> bool | None:
    r"""Whether normal texts of several quantities come to the same: ``1 \text{ hour } 20 \text{ minutes}``, ``80 min``.

    None where neither has several, or one is something else.
    """
    parts, wanted_parts = _quantities(given), _quantities(wanted)
    if not parts or not wanted_parts or len(parts) == len(wanted_parts) == 1:
        return None
    return _totals(parts) == _totals(wanted_parts)


def _quantities(text: str) -> list[tuple[Fraction, str]]:
    parts = [(Fraction(figure), unit_name(unit)) for figure, unit in _QUANTITY.findall(text)]
    return [] if _QUANTITY.sub("", text).strip() else parts


def _totals(parts: list[tuple[Fraction, str]]) -> dict[str, Fraction]:
    totals: dict[str, Fraction] = {}
    for figure, unit in parts:
        scale, base = _SCALES.get(unit, (Fraction(1), unit))
        totals[base] = totals.get(base, Fraction(0)) + figure * scale
    return totals


def unit_name(spelled: str) -> str:
    """One name for a unit however it is spelled: ``square centimeters``, ``sq. cm`` and ``cm^{2}`` are all ``cm^2``."""
    if spelled.startswith("^\\circ"):
        return "degree"
    plain = re.sub(r"\\text\s?|[{}]|\\cdot", " ", spelled).replace(".", "").lower()
    plain = re.sub(r"\s*([/^])\s*", r"\1", " ".join(plain.split()).replace(" per ", "/"))
    return "/".join(_factor(factor) for factor in plain.split("/"))


def _factor(spelled: str) -> str:
    base, _, power = spelled.partition("^")
    power = "^" + power if power else ""
    *before, last = base.replace("-", " ").split() or [""]
    if before and before[0] in _POWERS:
        power = _POWERS[before.pop(0)]
    name = _NAMES.get(last, _NAMES.get(_singular(last), _singular(last)))
    return " ".join((*before, name)).strip() + (power if name else "")


def _is_unit(spelled: str, spaced: bool) -> bool:
    first = re.split(r"[ /^.-]", spelled, maxsplit=1)[0].lower()
    known = first in _NAMES or _singular(first) in _NAMES or first in _POWERS
    if not spaced:
        return known and first not in _ALSO_PRODUCTS
    if known:
        return True
    return first not in _FUNCTIONS_AND_CONJUNCTIONS and len(first) >= 3 and bool(set(first) & set("aeiou"))


def _singular(word: str) -> str:
    return word[:-1] if len(word) > 2 and word.endswith("s") and not word.endswith("ss") else word
