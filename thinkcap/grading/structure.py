r"""What an answer is made of: lists, sets, tuples, intervals, unions, matrices, and the formulas in them."""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import chain

from thinkcap.grading.normal import words

_DEEPEST = 40
_MOST_SIGNS = 3
_OPENING = frozenset(("(", "[", "{", "\\{", "\\langle", "\\lfloor", "\\lceil"))
_CLOSING = frozenset((")", "]", "}", "\\}", "\\rangle", "\\rfloor", "\\rceil"))
_TOKEN = re.compile(
    r"\\begin\{[a-z]+\*?\}|\\end\{[a-z]+\*?\}|\\text\{\s*(?:,?\s*(?:and|or)\s*)\}|\\(?:[a-zA-Z]+|.)"
    r"|(?<![a-zA-Z])(?:and|or)(?![a-zA-Z])|[()\[\]{},;=<>&]",
    re.DOTALL,
)
_MATRIX = re.compile(r"\\begin\{([pbB]?matrix|array)\}(?:\{[lcr| ]*\})?(.*)\\end\{\1\}", re.DOTALL)
_MEMBER = re.compile(r"(?:[a-zA-Z]|\\[a-z]+)(?:_\w)?\s?\\in(?![a-z])\s?(.*)", re.DOTALL)
_TUPLE_NAMED = re.compile(r"\(\s?[a-zA-Z](?:_\w)?(?:\s?,\s?[a-zA-Z](?:_\w)?)+\s?\)\s?=\s?(.*)", re.DOTALL)
_CONGRUENCE = re.compile(r"(?:(?:[a-zA-Z]|\d[a-z])\s?\\equiv\s?)?([^=]*)\\pmod\{([^{}]*)\}", re.DOTALL)
_SET_BUILDER = re.compile(r"([a-zA-Z])(?:\s?\\in\s?\\mathbb\{R\})?\s?(?:\\mid|\\vert|\||:)\s?(.*)", re.DOTALL)
_VARIABLE = re.compile(r"[a-zA-Z]|\\(?:theta|alpha|beta|lambda|mu|phi)|[a-zA-Z]_\w")
# Whether the bound itself is left out.
_COMPARISONS = {"<": True, "\\leq": False, ">": True, "\\geq": False}
_FLIPPED = {"<": ">", ">": "<", "\\leq": "\\geq", "\\geq": "\\leq"}
_REALS = frozenset((r"\mathbb{R}", r"(-\infty,\infty)", r"(-\infty,+\infty)"))
_REALS_IN_WORDS = frozenset(
    ("all real number", "all real", "real number", "all real value", "all x", "all real x", "any real number")
)
_NOTHING_IN_WORDS = frozenset(("no solution", "no real solution", "empty set", "none", "there are no solution"))
_WITHOUT_END_IN_WORDS = frozenset(("infinitely many", "infinity", "infinite"))
_ALL_BUT = re.compile(r"\\mathbb\{R\}\s?(?:\\setminus|-)\s?\\\{(.*)\\\}", re.DOTALL)


@dataclass(frozen=True)
class Formula:
    """A single formula, or whatever text has no structure of its own."""

    text: str


@dataclass(frozen=True)
class Bag:
    r"""Items whose order means nothing: a list of answers, a set (``braces``), a union, the two of ``\pm``."""

    text: str
    items: tuple["Meaning", ...]
    braces: bool = False


@dataclass(frozen=True)
class Row:
    """Items in order between brackets: a tuple, a point, an interval; ``variable`` where an inequality named one."""

    text: str
    items: tuple["Meaning", ...]
    opening: str
    closing: str
    variable: str | None = None


@dataclass(frozen=True)
class Matrix:
    text: str
    rows: tuple[tuple["Meaning", ...], ...]


Meaning = Formula | Bag | Row | Matrix


def read(text: str, depth: int = 0) -> Meaning:
    """The structure of a normal text."""
    text = text.strip()
    if depth > _DEEPEST:
        return Formula(text)
    deeper = depth + 1
    if text.replace(" ", "") in _REALS or words(text) in _REALS_IN_WORDS:
        return _interval(r"-\infty", "(", r"\infty", ")", None)
    if words(text) in _NOTHING_IN_WORDS or text.replace(" ", "") in ("\\emptyset", "\\{\\}"):
        return Formula("\\emptyset")
    if words(text) in _WITHOUT_END_IN_WORDS:
        return Formula("\\infty")
    for named in (_MEMBER, _TUPLE_NAMED):
        if found := named.fullmatch(text):
            return read(found[1], deeper)
    if found := _CONGRUENCE.fullmatch(text):
        residues = split(found[1], _is_separator)
        return Bag(text, tuple(Formula(rf"{residue} \pmod{{{found[2]}}}") for residue in residues))
    parts = split(text, _is_separator)
    if len(parts) > 1:
        return Bag(text, _flattened(read(part, deeper) for part in parts))
    parts = split(text, "\\cup".__eq__)
    if len(parts) > 1:
        return Bag(text, tuple(read(part, deeper) for part in parts))
    if found := _MATRIX.fullmatch(text):
        return _matrix(text, found[2], deeper)
    if 1 <= text.count("\\pm") <= _MOST_SIGNS and not text.startswith("\\{"):
        return Bag(text, tuple(read(signed, deeper) for signed in _with_signs(text)))
    if bracketed := _bracketed(text, deeper):
        return bracketed
    if found := _ALL_BUT.fullmatch(text):
        return _all_but(text, split(found[1], ",".__eq__), deeper)
    if interval := _inequality(text):
        return interval
    return Formula(text)


def equation(text: str) -> list[str] | None:
    """The sides of an equation or chain of equations, None where a text has no equals sign outside brackets."""
    sides = [side for side in split(text, "=".__eq__) if side]
    return sides if len(sides) > 1 else None


def split(text: str, is_separator: Callable[[str], bool]) -> list[str]:
    """The parts of ``text`` between separators outside all brackets, without the empty ones."""
    parts: list[str] = []
    depth = start = 0
    for token in _TOKEN.finditer(text):
        spelled = token.group()
        if spelled in _OPENING or spelled.startswith("\\begin{"):
            depth += 1
        elif spelled in _CLOSING or spelled.startswith("\\end{"):
            depth -= 1
            if depth < 0:
                return [text]
        elif depth == 0 and is_separator(spelled):
            parts.append(text[start : token.start()])
            start = token.end()
    if depth:
        return [text]
    parts.append(text[start:])
    return [stripped for part in parts if (stripped := part.strip())]


def _flattened(items: Iterable[Meaning]) -> tuple[Meaning, ...]:
    """The items of a list, those of ``\\pm 1`` in their own right; a set in a list stays one item."""
    return tuple(
        chain.from_iterable(item.items if isinstance(item, Bag) and not item.braces else (item,) for item in items)
    )


def _with_signs(text: str) -> list[str]:
    """A text with each plus-or-minus sign read either way."""
    first, *rest = text.split("\\pm")
    signed = [first]
    for part in rest:
        signed = [before + sign + part for before in signed for sign in "+-"]
    return [one.removeprefix("+").replace("(+", "(").replace(",+", ",") for one in signed]


def _is_separator(token: str) -> bool:
    return token in (",", ";", "and", "or", "\\lor", "\\vee") or token.startswith("\\text{")


def _bracketed(text: str, depth: int) -> Meaning | None:
    r"""What a text wholly inside one pair of brackets is: ``(a, b)``, ``[a, b)``, ``]a, b[``, ``\{a, b\}``, ``(a)``."""
    for opening in ("(", "[", "]", "\\{", "\\langle", "{"):
        if text.startswith(opening):
            break
    else:
        return None
    for closing in (")", "]", "[", "\\}", "\\rangle", "}"):
        if text.endswith(closing):
            break
    else:
        return None
    inside = text[len(opening) : len(text) - len(closing)].strip()
    if not inside or _leaves_its_brackets(inside):
        return None
    if opening == "\\{" and closing == "\\}":
        if found := _SET_BUILDER.fullmatch(inside):
            return read(found[2], depth)
        return Bag(text, _flattened(read(item, depth) for item in split(inside, ",".__eq__)), braces=True)
    items = split(inside, lambda token: token in (",", ";"))
    if len(items) == 1:
        return read(inside, depth) if (opening, closing) in (("(", ")"), ("[", "]"), ("{", "}")) else None
    opening = {"]": "(", "\\langle": "("}.get(opening, opening)
    closing = {"[": ")", "\\rangle": ")"}.get(closing, closing)
    return Row(text, tuple(read(item, depth) for item in items), opening, closing)


def _leaves_its_brackets(inside: str) -> bool:
    depth = 0
    for token in _TOKEN.finditer(inside):
        if token.group() in _OPENING:
            depth += 1
        elif token.group() in _CLOSING:
            depth -= 1
            if depth < 0:
                return True
    return depth != 0


def _matrix(text: str, body: str, depth: int) -> Meaning:
    rows = [row for row in re.split(r"\\\\(?:\[[^\]]*\])?|\\cr(?![a-z])", body) if row.strip()]
    entries = tuple(tuple(read(entry, depth) for entry in row.split("&")) for row in rows)
    if not entries or "\\begin" in body or len({len(row) for row in entries}) > 1:
        return Formula(text)
    return Matrix(text, entries)


def _inequality(text: str) -> Meaning | None:
    r"""``0 < x \leq 1`` as the interval ``(0, 1]``, ``x \geq 2`` as ``[2, \infty)``, ``x \neq 3`` as all but 3."""
    found: list[str] = []

    def is_comparison(token: str) -> bool:
        if token in _COMPARISONS or token == "\\neq":
            found.append(token)
            return True
        return False

    sides = split(text, is_comparison)
    if len(sides) != len(found) + 1 or len(found) not in (1, 2):
        return None
    if found == ["\\neq"]:
        return _all_but(text, [sides[1]], 0, sides[0]) if _VARIABLE.fullmatch(sides[0]) else None
    if "\\neq" in found:
        return None
    if len(found) == 1:
        sign = found[0]
        variable, bound = sides
        if _VARIABLE.fullmatch(bound) and not _VARIABLE.fullmatch(variable):
            variable, bound, sign = bound, variable, _FLIPPED[sign]
        if not _VARIABLE.fullmatch(variable) or _VARIABLE.fullmatch(bound):
            return None
        inclusive = not _COMPARISONS[sign]
        if sign in (">", "\\geq"):
            return _interval(bound, "[" if inclusive else "(", r"\infty", ")", variable)
        return _interval(r"-\infty", "(", bound, "]" if inclusive else ")", variable)
    low, variable, high = sides
    low_sign, high_sign = found
    if not _VARIABLE.fullmatch(variable) or (low_sign in (">", "\\geq")) != (high_sign in (">", "\\geq")):
        return None
    if low_sign in (">", "\\geq"):
        low, high, low_sign, high_sign = high, low, high_sign, low_sign
    opening, closing = "(" if _COMPARISONS[low_sign] else "[", ")" if _COMPARISONS[high_sign] else "]"
    return _interval(low, opening, high, closing, variable)


def _interval(low: str, opening: str, high: str, closing: str, variable: str | None) -> Row:
    return Row(f"{opening}{low},{high}{closing}", (Formula(low), Formula(high)), opening, closing, variable)


def _all_but(text: str, left_out: Sequence[str], depth: int, variable: str | None = None) -> Meaning:
    """The reals without one number; without several their order would have to be known, which takes algebra."""
    if len(left_out) != 1:
        return Formula(text)
    [point] = left_out
    below = _interval(r"-\infty", "(", point, ")", variable)
    return Bag(text, (below, _interval(point, "(", r"\infty", ")", variable)))
