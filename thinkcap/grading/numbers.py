"""The plain numbers in answers: integers, decimals, fractions, mixed numbers, thousands, powers of ten."""

import re
from dataclasses import dataclass
from fractions import Fraction

_DIGITS = r"(?:[1-9]\d{0,2}(?:,\d{3})+|\d+)"
_NUMBER = re.compile(
    rf"(?P<sign>[-+]?)\s?(?:"
    rf"\\frac\s?\{{\s?(?P<frac_sign>-?)\s?(?P<over>\d+)\s?\}}\s?\{{\s?(?P<under>\d+)\s?\}}"
    rf"|(?P<repeating_whole>\d*)\.(?P<before>\d*)\\(?:overline|bar|dot)\s?\{{\s?(?P<repeated>\d+)\s?\}}"
    rf"|\((?P<whole>\d+)\+\\frac\{{(?P<mixed_over>\d+)\}}\{{(?P<mixed_under>\d+)\}}\)"
    rf"|(?P<slash_over>{_DIGITS})\s?/\s?(?P<slash_under>{_DIGITS})"
    rf"|(?P<digits>{_DIGITS}?)(?P<point>\.\d*)?"
    rf"(?:\s?(?:\\times|\\cdot|\*)\s?10\s?\^\s?(?:\{{\s?(?P<ten>[-+]?\d{{1,3}})\s?\}}|(?P<ten_digit>\d{{1,3}}))"
    rf"|[eE](?P<exponent>[-+]?\d{{1,3}}))?"
    rf")"
)
_POWER_OF_TEN = re.compile(r"(?P<sign>-?)10\s?\^\s?(?:\{\s?(?P<ten>[-+]?\d{1,3})\s?\}|(?P<digit>\d{1,3}))")
_SMALL = """zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen
seventeen eighteen nineteen"""
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety"
_IN_WORDS = {word: value for value, word in enumerate(_SMALL.split())}
_IN_WORDS |= {word: 10 * value for value, word in enumerate(_TENS.split(), 2)}
_IN_WORDS |= {
    f"{tens}-{units}": _IN_WORDS[tens] + value
    for tens in _TENS.split()
    for value, units in enumerate(_SMALL.split()[1:10], 1)
}
MULTIPLES = {"hundred": 10**2, "thousand": 10**3, "million": 10**6, "billion": 10**9, "trillion": 10**12}
"""Words behind a number that belong to it: ``1.5 million``."""
_MULTIPLE = re.compile(rf"(.{{1,40}}?)(?:\\text\{{)?\s?({'|'.join(MULTIPLES)})\s?\}}?", re.IGNORECASE)
LONGEST_NUMBER = 1_000
"""Characters beyond which a number is left to a worker: Python's own conversion takes quadratic time."""


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
    if found := _POWER_OF_TEN.fullmatch(text):
        value = Fraction(10) ** int(found["ten"] or found["digit"])
        return WrittenNumber(-value if found["sign"] else value)
    if (multiple := multiple_of(text)) and (counted := number(multiple[0])):
        return counted.times(multiple[1])
    if not (found := _NUMBER.fullmatch(text)):
        return _in_words(text)
    part = found.groupdict()
    unsigned = _fraction(part) if part["digits"] is None else _decimal(part)
    return unsigned.times(-1 if part["sign"] == "-" else 1) if unsigned else None


def multiple_of(text: str) -> tuple[str, int] | None:
    r"""``1.2 \text{ million}`` as ``1.2`` and a million. None for a text without such a word at its end."""
    found = _MULTIPLE.fullmatch(text)
    return (found[1].strip(), MULTIPLES[found[2].lower()]) if found else None


def _fraction(part: dict[str, str]) -> WrittenNumber | None:
    if part["over"]:
        return _ratio(int(part["frac_sign"] + part["over"]), int(part["under"]))
    if part["repeated"]:
        fixed, repeated = part["repeating_whole"] + part["before"], part["repeated"]
        nines = (10 ** len(repeated) - 1) * 10 ** len(part["before"])
        return _ratio(int(fixed + repeated) - int(fixed or "0"), nines)
    if part["whole"]:
        under = int(part["mixed_under"])
        return _ratio(int(part["whole"]) * under + int(part["mixed_over"]), under)
    return _ratio(_integer(part["slash_over"]), _integer(part["slash_under"]))


def _decimal(part: dict[str, str]) -> WrittenNumber | None:
    decimals = (part["point"] or "")[1:]
    if not part["digits"] and not decimals:
        return None
    scale = Fraction(10) ** int(part["ten"] or part["ten_digit"] or part["exponent"] or 0)
    step = scale / 10 ** len(decimals)
    mantissa = _integer(part["digits"] + decimals)
    exact = not decimals and not part["exponent"] and scale == 1
    return WrittenNumber(mantissa * step, Fraction(0) if exact else step, len(str(mantissa)))


def _in_words(text: str) -> WrittenNumber | None:
    """``seven``, ``Twelve``, ``forty-two``. Longer ones are rare."""
    said = text.removeprefix("\\text{").removesuffix("}").strip().lower().replace(" ", "-")
    return WrittenNumber(Fraction(_IN_WORDS[said])) if said in _IN_WORDS else None


def _integer(digits: str) -> int:
    return int(digits.replace(",", "") or "0")


def _ratio(over: int, under: int) -> WrittenNumber | None:
    return WrittenNumber(Fraction(over, under)) if under else None
