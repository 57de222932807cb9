r"""The units that answers carry: ``5 \text{ cm}^2``, ``\$5``, ``90^\circ``, ``12 square units``, ``7 apples``.

An answer with a unit equals the same answer without it; two different units make two different answers. A modulus,
``3 \pmod{7}``, counts as a unit.
"""

import re
from fractions import Fraction

from thinkcap.grading.numbers import MULTIPLES
from thinkcap.grading.words import singular

# A unit's name, its other spellings, and how many of another unit (or of none) it is.
_TABLE = """
mm millimeter millimetre = 1/1000 m; cm centimeter centimetre = 1/100 m; km kilometer kilometre = 1000 m; m meter metre
inch inches in = 1/12 foot; foot feet ft; yard yd yds = 3 foot; mile mi = 5280 foot
minute min = 60 second; hour hr hrs h = 3600 second; day = 86400 second; week wk wks = 604800 second; second sec s
mg milligram = 1/1000 gram; kg kilogram = 1000 gram; gram g
ml milliliter millilitre = 1/1000 liter; liter litre l; cm^3 cc
cent ¢ = 1/100 dollar; dollar $ \\$ usd buck; euro €; pound £ lb lbs; rupee ₹ rs
percent percentage pct % \\% = 1/100
degree deg; radian rad; hz hertz; newton n; joule j; month; year yr yrs; mile/hour mph; km/hour kmh kph
person people; man men; woman women; child children
"""
_NAMES = {"unit": ""}
_SCALES: dict[str, tuple[Fraction, str]] = {}
for _entry in re.split("[;\n]", _TABLE.strip()):
    _spellings, _, _size = map(str.split, _entry.partition("="))
    _NAMES |= dict.fromkeys(_spellings, _spellings[0])
    if _size:
        _SCALES[_spellings[0]] = (Fraction(_size[0]), "".join(_size[1:]))
_POWERS = {"square": "^2", "sq": "^2", "cubic": "^3", "cu": "^3"}

_CURRENCY = re.compile(r"(?P<sign>[-+]?)\s?(?P<unit>\\?\$|€|£|₹)\s?(?P<body>.*)")
_SIGN = re.compile(r"(?P<body>.*[^\s\\])\s?(?P<unit>\\?%|\^\\circ\s?(?:\\text\{\s?)?[CF]?\}?|\\?\$|€|¢)")
_TEXT = re.compile(
    r"(?P<body>.*[\d})a-zA-Z!|\]])\s*"
    r"(?P<unit>\\text\{(?!\s*(?:and|or)\s*\})[^{}]*\}(?:\^\s?-?\d|\^\s?\{\s?-?\d\s?\}|[\s/]|\\cdot|\\text\{[^{}]*\})*"
    r"|\\pmod\{[^{}]*\})"
)
_WORD = re.compile(
    r"(?P<body>.*[\d})])(?P<space>\s?)"
    r"(?P<unit>[a-zA-Z]{2,}(?:[ /-][a-zA-Z]+){0,3}(?:\^[23]|\^\{[23]\})?\.?|m/s(?:\^2)?)"
)
_QUANTITY = re.compile(
    r"(\d+(?:\.\d+)?)\s?(\\text\{[^{}\d]*?(?=(?:,? and)?\s?\})|[a-zA-Z]{1,12}(?![a-zA-Z]))(?:,?\s?and)?\s?\}?"
    r"(?:,?\s?(?:and|\\text\{\s?and\s?\}))?(?=,?\s?\d|$)\s?,?"
)
_TRIGONOMETRIC = re.compile(r"\\(?:sin|cos|tan|cot|sec|csc)(?![a-z])")
_NEVER_UNITS = "sin cos tan cot sec csc log exp max min gcd lcm mod sqrt and or if for when where is not"
_ALSO_PRODUCTS = frozenset(("mg", "ml", "rs", "in", "mi", "cu", "sq", "hz"))
"""Units that directly behind a number may as well be a product of variables: ``2mg``."""


def split_unit(text: str) -> tuple[str, str]:
    r"""A normal text without its unit, and the unit's name ("" for none): ``5 \text{ cm}^2`` is ``("5", "cm^2")``.

    The unit is a currency sign in front, or behind the rest a sign, ``\text{…}`` or a bare word.
    """
    if found := _CURRENCY.fullmatch(text):
        return found["sign"] + found["body"].strip(), _unit_name(found["unit"])
    if (found := _SIGN.fullmatch(text)) and not ("circ" in found["unit"] and _TRIGONOMETRIC.search(text)):
        return found["body"].strip(), _unit_name(found["unit"])
    for pattern in (_TEXT, _WORD):
        if (
            (found := pattern.fullmatch(text))
            and (name := _unit_name(found["unit"])) not in MULTIPLES
            and (pattern is _TEXT or _is_unit(found["unit"], spaced=bool(found["space"])))
        ):
            return found["body"].strip(), name
    return text, ""


def conversion(unit: str, other: str) -> Fraction | None:
    """How many ``other`` one ``unit`` is: 100 for ``m`` and ``cm``, 1/100 for ``percent`` and no unit.

    None if they measure different things.
    """
    (scale, base), (other_scale, other_base) = _scale(unit), _scale(other)
    return scale / other_scale if base == other_base else None


def same_quantities(given: str, wanted: str) -> bool | None:
    r"""Whether several quantities add up to the same: ``1 \text{ hour } 20 \text{ minutes}`` and ``80 min``.

    None if neither normal text has several quantities, or one has none.
    """
    parts, wanted_parts = _quantities(given), _quantities(wanted)
    if not parts or not wanted_parts or len(parts) == len(wanted_parts) == 1:
        return None
    return _totals(parts) == _totals(wanted_parts)


def _quantities(text: str) -> list[tuple[Fraction, str]]:
    parts = [(Fraction(figure), _unit_name(unit)) for figure, unit in _QUANTITY.findall(text)]
    return [] if _QUANTITY.sub("", text).strip() else parts


def _totals(parts: list[tuple[Fraction, str]]) -> dict[str, Fraction]:
    totals: dict[str, Fraction] = {}
    for figure, unit in parts:
        scale, base = _scale(unit)
        totals[base] = totals.get(base, Fraction(0)) + figure * scale
    return totals


def _scale(unit: str) -> tuple[Fraction, str]:
    """How many of its base unit a unit is, and the base unit."""
    return _SCALES.get(unit, (Fraction(1), unit))


def _unit_name(spelled: str) -> str:
    """One name for all spellings of a unit: ``square centimeters``, ``sq. cm`` and ``cm^{2}`` are ``cm^2``."""
    if spelled.startswith("^\\circ"):
        return "degree"
    plain = re.sub(r"\\text\s?|[{}]|\\cdot", " ", spelled).replace(".", "").lower()
    plain = re.sub(r"\s*([/^])\s*", r"\1", " ".join(plain.split()).replace(" per ", "/"))
    return "/".join(map(_factor_name, plain.split("/")))


def _factor_name(spelled: str) -> str:
    base, caret, power = spelled.partition("^")
    *before, last = base.replace("-", " ").split() or [""]
    power = _POWERS[before.pop(0)] if before and before[0] in _POWERS else caret + power
    name = _NAMES.get(last, _NAMES.get(singular(last), singular(last)))
    return " ".join((*before, name)).strip() + (power if name else "")


def _is_unit(spelled: str, spaced: bool) -> bool:
    first = re.split(r"[ /^.-]", spelled, maxsplit=1)[0].lower()
    if first in _NAMES or singular(first) in _NAMES or first in _POWERS:
        return spaced or first not in _ALSO_PRODUCTS
    return spaced and first not in _NEVER_UNITS.split() and len(first) >= 3 and not {*first}.isdisjoint("aeiou")
