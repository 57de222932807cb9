r"""What an answer is made of: lists, sets, tuples, intervals, unions, matrices, and the formulas in them.

All texts here are in the spelling that `thinkcap.grading.latex.normal` makes.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import chain

from thinkcap.grading.words import words

_DEEPEST = 40
_MOST_SIGNS = 3
_OPENING = frozenset(("(", "[", "{", "\\{", "\\langle", "\\lfloor", "\\lceil"))
_CLOSING = frozenset((")", "]", "}", "\\}", "\\rangle", "\\rfloor", "\\rceil"))
_TOKEN = re.compile(
    r"\\begin\{[a-z]+\*?\}|\\end\{[a-z]+\*?\}|\\text\{\s*(?:,?\s*(?:and|or)\s*)\}|\\(?:[a-zA-Z]+|.)"
    r"|(?<![a-zA-Z])(?:and|or)(?![a-zA-Z])|[()\[\]{},;=<>&]"
)
_BRACKETED = re.compile(r"(\(|\[|\]|\\\{|\\langle|\{)(.*)(\)|\]|\[|\\\}|\\rangle|(?<!\\)\})")
_PARENTHESES = frozenset((("(", ")"), ("[", "]"), ("{", "}")))
# The brackets of intervals and vectors in other countries' spelling.
_OPENS_LIKE = {"]": "(", "\\langle": "("}
_CLOSES_LIKE = {"[": ")", "\\rangle": ")"}
_MATRIX = re.compile(r"\\begin\{([pbB]?matrix|array)\}(?:\{[lcr| ]*\})?(.*)\\end\{\1\}")
_ROW_END = re.compile(r"\\\\(?:\[[^\]]*\])?|\\cr(?![a-z])")
_MEMBER = re.compile(r"(?:[a-zA-Z]|\\[a-z]+)(?:_\w)?\s?\\in(?![a-z])\s?(.*)")
_NAMED_TUPLE = re.compile(r"\(\s?[a-zA-Z](?:_\w)?(?:\s?,\s?[a-zA-Z](?:_\w)?)+\s?\)\s?=\s?(.*)")
_CONGRUENCE = re.compile(r"(?:(?:[a-zA-Z]|\d[a-z])\s?\\equiv\s?)?([^=]*)\\pmod\{([^{}]*)\}")
_SET_BUILDER = re.compile(r"([a-zA-Z])(?:\s?\\in\s?\\mathbb\{R\})?\s?(?:\\mid|\\vert|\||:)\s?(.*)")
_ALL_BUT = re.compile(r"\\mathbb\{R\}\s?(?:\\setminus|-)\s?\\\{(.*)\\\}")
_VARIABLE = re.compile(r"[a-zA-Z]|\\(?:theta|alpha|beta|lambda|mu|phi)|[a-zA-Z]_\w")
_MIRRORED = {"<": ">", ">": "<", "\\leq": "\\geq", "\\geq": "\\leq"}
_REALS = frozenset((r"\mathbb{R}", r"(-\infty,\infty)", r"(-\infty,+\infty)"))
_REALS_IN_WORDS = frozenset(
    ("all real number", "all real", "real number", "all real value", "all x", "all real x", "any real number")
)
_NOTHING = frozenset(("\\emptyset", "\\{\\}"))
_NOTHING_IN_WORDS = frozenset(("no solution", "no real solution", "empty set", "none", "there are no solution"))
_INFINITY_IN_WORDS = frozenset(("infinitely many", "infinity", "infinite"))


@dataclass(frozen=True)
class Formula:
    """A single formula, or any text without a structure that is known here."""

    text: str


@dataclass(frozen=True)
class Unordered:
    r"""Items in any order: a list of answers, a set (``braces``), a union, the two readings of ``\pm``."""

    text: str
    items: tuple["Shape", ...]
    braces: bool = False


@dataclass(frozen=True)
class Ordered:
    """Items between brackets: a tuple, a point, an interval. ``variable`` is the one an inequality names."""

    text: str
    items: tuple["Shape", ...]
    opening: str
    closing: str
    variable: str | None = None


@dataclass(frozen=True)
class Matrix:
    text: str
    rows: tuple[tuple["Shape", ...], ...]


Shape = Formula | Unordered | Ordered | Matrix


def shape_of(text: str, depth: int = 0) -> Shape:
    """The shape of a normal text. Beyond a depth of 40 brackets, what is inside is a mere formula."""
    text = text.strip()
    if depth > _DEEPEST:
        return Formula(text)
    return _special_set(text) or _collection(text, depth + 1) or _inequality(text) or Formula(text)


def split(text: str, is_separator: Callable[[str], bool]) -> list[str]:
    """The parts of ``text`` between separators outside all brackets, without the empty ones."""
    parts = _parts(text, is_separator)
    return [text] if parts is None else parts


def _parts(text: str, is_separator: Callable[[str], bool]) -> list[str] | None:
    """As `split`, but None if the brackets in ``text`` are not balanced."""
    parts: list[str] = []
    depth = start = 0
    for token in _TOKEN.finditer(text):
        spelled = token[0]
        if spelled in _OPENING or spelled.startswith("\\begin{"):
            depth += 1
        elif spelled in _CLOSING or spelled.startswith("\\end{"):
            depth -= 1
            if depth < 0:
                return None
        elif depth == 0 and is_separator(spelled):
            parts.append(text[start : token.start()])
            start = token.end()
    parts.append(text[start:])
    return None if depth else [stripped for part in parts if (stripped := part.strip())]


def _special_set(text: str) -> Shape | None:
    r"""The reals, the empty set, infinity, and the reals without one number."""
    spaceless, said = text.replace(" ", ""), words(text)
    if spaceless in _REALS or said in _REALS_IN_WORDS:
        return _interval(r"-\infty", "(", r"\infty", ")", None)
    if spaceless in _NOTHING or said in _NOTHING_IN_WORDS:
        return Formula("\\emptyset")
    if said in _INFINITY_IN_WORDS:
        return Formula("\\infty")
    found = _ALL_BUT.fullmatch(text)
    return _all_but(text, split(found[1], ",".__eq__)) if found else None


def _collection(text: str, depth: int) -> Shape | None:
    """What several items, a matrix or brackets make."""
    if found := _MEMBER.fullmatch(text) or _NAMED_TUPLE.fullmatch(text):
        return shape_of(found[1], depth)
    if found := _CONGRUENCE.fullmatch(text):
        residues = split(found[1], _is_separator)
        return Unordered(text, tuple(Formula(rf"{residue} \pmod{{{found[2]}}}") for residue in residues))
    if len(parts := split(text, _is_separator)) > 1:
        return Unordered(text, _flattened(shape_of(part, depth) for part in parts))
    if len(parts := split(text, "\\cup".__eq__)) > 1:
        return Unordered(text, tuple(shape_of(part, depth) for part in parts))
    if found := _MATRIX.fullmatch(text):
        return _matrix(text, found[2], depth)
    if 1 <= text.count("\\pm") <= _MOST_SIGNS and not text.startswith("\\{"):
        return Unordered(text, tuple(shape_of(signed, depth) for signed in _with_signs(text)))
    return _bracketed(text, depth)


def _is_separator(token: str) -> bool:
    return token in (",", ";", "and", "or", "\\lor", "\\vee") or token.startswith("\\text{")


def _flattened(items: Iterable[Shape]) -> tuple[Shape, ...]:
    r"""The items of a list, with those of ``\pm 1`` among them. A set in a list stays one item."""
    return tuple(
        chain.from_iterable(
            item.items if isinstance(item, Unordered) and not item.braces else (item,) for item in items
        )
    )


def _with_signs(text: str) -> list[str]:
    """A text with each plus-or-minus sign read either way."""
    first, *rest = text.split("\\pm")
    signed = [first]
    for part in rest:
        signed = [before + sign + part for before in signed for sign in "+-"]
    return [one.removeprefix("+").replace("(+", "(").replace(",+", ",") for one in signed]


def _bracketed(text: str, depth: int) -> Shape | None:
    r"""The shape of a text inside one pair of brackets: ``(a, b)``, ``[a, b)``, ``]a, b[``, ``\{a, b\}``, ``(a)``."""
    if not (found := _BRACKETED.fullmatch(text)):
        return None
    opening, inside, closing = found[1], found[2].strip(), found[3]
    braces = (opening, closing) == ("\\{", "\\}")
    items = _parts(inside, lambda token: token == "," or (token == ";" and not braces))
    if not items:
        return None
    if braces:
        if builder := _SET_BUILDER.fullmatch(inside):
            return shape_of(builder[2], depth)
        return Unordered(text, _flattened(shape_of(item, depth) for item in items), braces)
    if len(items) == 1:
        return shape_of(inside, depth) if (opening, closing) in _PARENTHESES else None
    opening, closing = _OPENS_LIKE.get(opening, opening), _CLOSES_LIKE.get(closing, closing)
    return Ordered(text, tuple(shape_of(item, depth) for item in items), opening, closing)


def _matrix(text: str, body: str, depth: int) -> Shape:
    rows = [row for row in _ROW_END.split(body) if row.strip()]
    entries = tuple(tuple(shape_of(entry, depth) for entry in row.split("&")) for row in rows)
    if not entries or "\\begin" in body or len({len(row) for row in entries}) > 1:
        return Formula(text)
    return Matrix(text, entries)


def _inequality(text: str) -> Shape | None:
    r"""``0 < x \leq 1`` as the interval ``(0, 1]``, ``x \geq 2`` as ``[2, \infty)``, ``x \neq 3`` as all but 3."""
    signs: list[str] = []

    def is_comparison(token: str) -> bool:
        if is_sign := token in _MIRRORED or token == "\\neq":
            signs.append(token)
        return is_sign

    sides = split(text, is_comparison)
    if len(sides) != len(signs) + 1 or len(signs) not in (1, 2):
        return None
    if signs == ["\\neq"]:
        return _all_but(text, [sides[1]], sides[0]) if _VARIABLE.fullmatch(sides[0]) else None
    if "\\neq" in signs:
        return None
    if len(signs) == 1:
        if _VARIABLE.fullmatch(sides[1]) and not _VARIABLE.fullmatch(sides[0]):
            sides, signs = sides[::-1], [_MIRRORED[signs[0]]]
        if _VARIABLE.fullmatch(sides[1]):
            return None
        end, sign = (r"-\infty", "<") if signs[0] in ("<", "\\leq") else (r"\infty", ">")
        sides, signs = [end, *sides], [sign, *signs]
    if any(sign in (">", "\\geq") for sign in signs):
        sides, signs = sides[::-1], [_MIRRORED[sign] for sign in reversed(signs)]
    if not _VARIABLE.fullmatch(sides[1]) or not {*signs} <= {"<", "\\leq"}:
        return None
    opening, closing = "(" if signs[0] == "<" else "[", ")" if signs[1] == "<" else "]"
    return _interval(sides[0], opening, sides[2], closing, sides[1])


def _interval(low: str, opening: str, high: str, closing: str, variable: str | None) -> Ordered:
    return Ordered(f"{opening}{low},{high}{closing}", (Formula(low), Formula(high)), opening, closing, variable)


def _all_but(text: str, left_out: list[str], variable: str | None = None) -> Shape:
    """The reals without one number. Without several, their order would have to be known, which takes algebra."""
    if len(left_out) != 1:
        return Formula(text)
    below = _interval(r"-\infty", "(", left_out[0], ")", variable)
    return Unordered(text, (below, _interval(left_out[0], "(", r"\infty", ")", variable)))
