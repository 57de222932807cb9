r"""The units that answers carry: ``5 \text{ cm}^2``, ``\$5``, ``90^\circ``, ``12 square units``, ``7 apples``.

An answer with a unit is taken for the same answer without it; two different units make two different answers.
"""

import re

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

# One after another: a currency sign in front; a sign behind; \text{…} behind; a bare word behind a number.
_CURRENCY = re.compile(r"(?P<sign>[-+]?)\s?(?P<unit>\\?\$|€|£|₹)\s?(?P<body>.*)", re.DOTALL)
_SIGN = re.compile(r"(?P<body>.*[^\s\\])\s?(?P<unit>\\?%|\^\\circ\s?(?:\\text\{\s?)?[CF]?\}?|\\?\$|€|¢)", re.DOTALL)
_TEXT = re.compile(
    r"(?P<body>.*[\d})a-zA-Z!|\]])\s*(?P<unit>\\text\{[^{}]*\}(?:\s?[\^/\\{}\s\d-]|\\cdot|\\text\{[^{}]*\})*)",
    re.DOTALL,
)
_WORD = re.compile(
    r"(?P<body>.*[\d})])\s?(?P<unit>[a-zA-Z]{2,}(?:[ /-][a-zA-Z]+){0,3}(?:\^[23]|\^\{[23]\})?\.?|m/s(?:\^2)?)",
    re.DOTALL,
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
    if found := _TEXT.fullmatch(text):
        return found["body"].strip(), unit_name(found["unit"])
    if (found := _WORD.fullmatch(text)) and _is_unit(found["unit"], spaced=text[found.end("body")] == " "):
        return found["body"].strip(), unit_name(found["unit"])
    return text, ""


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
