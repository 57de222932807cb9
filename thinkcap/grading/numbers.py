"""The plain numbers in answers: integers, decimals, fractions, mixed numbers, thousands, powers of ten."""

import re
from dataclasses import dataclass
from fractions import Fraction

LONGEST_NUMBER = 1_000
"""Characters beyond which a number is left to a worker: Python's own conversion takes quadratic time."""
MULTIPLES = {"hundred": 10**2, "thousand": 10**3, "million": 10**6, "billion": 10**9, "trillion": 10**12}
"""Words behind a number that belong to it: ``1.5 million``."""

_MULTIPLE = re.compile(rf"(.{{1,40}}?)(?:\\text\{{)?\s?({'|'.join(MULTIPLES)})\s?\}}?", re.IGNORECASE)
_THOUSANDS = re.compile(r"(?<![\d,.])[1-9]\d{0,2}(?:,\d{3})+(?![\d,])")
_DECIMAL = re.compile(
    r"(\d*)(?:\.(\d*))?(?:\s?(?:\\times|\\cdot|\*)\s?10\s?\^\s?\{?\s?([-+]?\d{1,3})\s?\}?|[eE]([-+]?\d{1,3}))?"
)
_POWER_OF_TEN = re.compile(r"10\s?\^")
_RATIO = re.compile(r"(\d+)\s?/\s?(\d+)|\\frac\s?\{\s?(-?)\s?(\d+)\s?\}\s?\{\s?(\d+)\s?\}")
_MIXED = re.compile(r"\((\d+)\+\\frac\{(\d+)\}\{(\d+)\}\)")
_REPEATING = re.compile(r"(\d*)\.(\d*)\\(?:overline|bar|dot)\s?\{\s?(\d+)\s?\}")
_ONES = """zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen
seventeen eighteen nineteen"""
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety"
_IN_WORDS = {word: value for value, word in enumerate(_ONES.split())}
_IN_WORDS |= {
    tens + ("-" + _ONES.split()[ones] if ones else ""): 10 * place + ones
    for place, tens in enumerate(_TENS.split(), 2)
    for ones in range(10)
}


@dataclass(frozen=True)
class WrittenNumber:
    """A number as written: its exact value, and how precisely it is given.

    ``step`` is one unit in the last decimal place: 0 for integers and fractions, which are exact. ``digits`` counts the
    significant digits written.
    """

    value: Fraction
    step: Fraction = Fraction(0)
    digits: int = 0

    def times(self, factor: int | Fraction) -> "WrittenNumber":
        return WrittenNumber(self.value * factor, abs(self.step * factor), self.digits)

    def agrees(self, other: "WrittenNumber") -> bool:
        """Equal, or one is the other rounded or cut to six significant digits or more (0.333333 and 1/3)."""
        apart: Fraction = abs(self.value - other.value)
        return not apart or any(one.step and one.digits >= 6 and apart < one.step for one in (self, other))


def number(text: str) -> WrittenNumber | None:
    """The number a normal text spells: integer, decimal, thousands, fraction, mixed number, or scientific notation."""
    if len(text) > LONGEST_NUMBER:
        return None
    if (multiple := multiple_of(text)) and (counted := number(multiple[0])):
        return counted.times(multiple[1])
    body = text[text.startswith(("+", "-")) :].lstrip()
    body = _THOUSANDS.sub(lambda found: found[0].replace(",", ""), body)
    unsigned = _decimal(body) or _fraction(body) or _in_words(body)
    return unsigned.times(-1 if text.startswith("-") else 1) if unsigned else None


def multiple_of(text: str) -> tuple[str, int] | None:
    r"""``1.2 \text{ million}`` as ``1.2`` and a million. None for a text without such a word at its end."""
    found = _MULTIPLE.fullmatch(text)
    return (found[1].strip(), MULTIPLES[found[2].lower()]) if found else None


def _decimal(text: str) -> WrittenNumber | None:
    found = _DECIMAL.fullmatch("1*" + text if _POWER_OF_TEN.match(text) else text)
    if not found or not (found[1] or found[2]):
        return None
    decimals, exponent = found[2] or "", found[3] or found[4]
    step = Fraction(10) ** (int(exponent or 0) - len(decimals))
    mantissa = int(found[1] + decimals)
    return WrittenNumber(mantissa * step, step if decimals or exponent else Fraction(0), len(str(mantissa)))


def _fraction(text: str) -> WrittenNumber | None:
    if found := _RATIO.fullmatch(text):
        over, under = int((found[3] or "") + (found[1] or found[4])), int(found[2] or found[5])
    elif found := _MIXED.fullmatch(text):
        under = int(found[3])
        over = int(found[1]) * under + int(found[2])
    elif found := _REPEATING.fullmatch(text):
        whole, before, repeated = found.groups()
        over = int(whole + before + repeated) - int((whole + before) or "0")
        under = (10 ** len(repeated) - 1) * 10 ** len(before)
    else:
        return None
    return WrittenNumber(Fraction(over, under)) if under else None


def _in_words(text: str) -> WrittenNumber | None:
    """``seven``, ``Twelve``, ``forty-two``. Longer ones are rare."""
    said = text.removeprefix("\\text{").removesuffix("}").strip().lower().replace(" ", "-")
    return WrittenNumber(Fraction(_IN_WORDS[said])) if said in _IN_WORDS else None
