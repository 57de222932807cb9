r"""One spelling for answers that differ only in how they are written: ``\dfrac12`` is ``\frac{1}{2}``, ``−`` is ``-``.

Only the spelling changes; nothing is computed. Needs the standard library alone, so that the process that generates can
use it.
"""

import re
from collections.abc import Callable

_CHARACTERS = {
    **dict.fromkeys("−–—‐‑", "-"),
    **dict.fromkeys("∕⁄÷", "/"),
    **dict.fromkeys("⋅·", r"\cdot "),
    **dict.fromkeys("°º", r"^\circ "),
    **dict.fromkeys("“”\u200b\ufeff", ""),
    **dict.fromkeys("′’", "'"),
    **dict(zip("，（）：；", ",():;", strict=True)),
    **dict(zip("½⅓⅔¼¾", (rf"\frac{{{a}}}{{{b}}}" for a, b in ("12", "13", "23", "14", "34")), strict=True)),
    **dict(zip("×π∞≤≥≠±", (rf"\{name} " for name in ["times", "pi", "infty", "leq", "geq", "neq", "pm"]), strict=True)),
    **dict(zip("∪∩∈∅⟨⟩", (rf"\{name} " for name in ["cup", "cap", "in", "emptyset", "langle", "rangle"]), strict=True)),
    **dict(zip("θαβλ", (rf"\{name} " for name in ["theta", "alpha", "beta", "lambda"]), strict=True)),
    "ℝ": r"\mathbb{R}",
}
_TRANSLATION = str.maketrans(_CHARACTERS)
_SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")
_SUBSCRIPTS = str.maketrans("₀₁₂₃₄₅₆₇₈₉", "0123456789")
# A spelling, and the commands that mean the same.
_SYNONYMS = r"""
\leq le leqslant; \geq ge geqslant; \neq ne; < lt; > gt; = approx doteq simeq; : colon ratio; | lvert rvert vert
\{ lbrace; \} rbrace; \lfloor lfloor; \lceil lceil; \rfloor rfloor; \rceil rceil; \setminus smallsetminus backslash
\phi varphi; \epsilon varepsilon; \theta vartheta; \rho varrho; \log lg; \emptyset varnothing O; ^\circ degree deg
\mathbb{R} R
"""
_COMMANDS = {
    name: f"{written} " for written, *names in map(str.split, re.split("[;\n]", _SYNONYMS.strip())) for name in names
}

_Replacement = str | Callable[[re.Match[str]], str]
_REWRITES: tuple[tuple[str, _Replacement], ...] = (
    # sizes and fonts
    (
        r"\\(?:left|right|middle|big|Big|bigg|Bigg|bigl|bigr|Bigl|Bigr|displaystyle|textstyle|scriptstyle|limits|"
        r"mathstrut|rm|bf|it)(?![a-zA-Z])\.?",
        " ",
    ),
    # spaces and commas in numbers, then other spaces
    (r"(?<=\d)(?:,\\!\s?|\\[,!:; ](?<!\\\\.)|\{,\}|~)+(?=\d{3}(?!\d))", ""),
    (r"(?<=\d)\{,\}(?=\d)", "."),
    (r"(?<!\\)\\[,!:;> ]|~|\\(?:quad|qquad|thinspace|enspace|hfill|noindent)(?![a-zA-Z])|\\phantom\{[^{}]*\}", " "),
    # words, and functions spelled as words
    (r"\\(?:mathbf|boldsymbol|bm)\s?\{\s?([a-z])\s?\}", r"\\vec{\1}"),
    (r"\\(?:text(?:bf|it|rm|sf|tt|normal)?|math(?:rm|bf|it|sf)|[mh]box|operatorname\*?)\s*(?=\{)", r"\\text"),
    (
        r"\\text\{(sin|cos|tan|cot|sec|csc|log|ln|exp|max|min|gcd|lcm|arcsin|arccos|arctan|sinh|cosh|tanh|lim|det|deg)\}",
        r"\\\1 ",
    ),
    # commands with another name
    (r"\^\s?\{?\s?\\circ(?![a-zA-Z])\s?\}?|\^\{o\}", r"^\\circ "),
    (r"\\[dtc]frac(?![a-zA-Z])", r"\\frac"),
    (r"\\([a-zA-Z]+)", lambda found: _COMMANDS.get(found[1], found[0])),
    (r"\\not\s?=|!=", r"\\neq "),
    (r"<=", r"\\leq "),
    (r">=", r"\\geq "),
    (r"\\mathbb\s?R(?![a-zA-Z])|\\Bbb\s?\{?R\}?", r"\\mathbb{R}"),
    (r"\{([:=<>;])\}", r"\1"),
    (r"\\(?:text)?color\s?\{\w+\}|\\underline(?=\s?\{)", ""),
    (r"\\checkmark|\\text\{\s*\}|\\\\$", " "),
    # congruences
    (r"(\\equiv.*)\\bmod\s?(?:\{\s?(\w+)\s?\}|(\w+))$", r"\1\\pmod{\2\3}"),
    (r"\\p?mod\s?(?:(\w)(?![\w}])|\{\s?(\w+)\s?\})", r"\\pmod{\1\2}"),
    (r"\(\s?(?:\\text\{)?\s?mod\s?\}?\s?(\w+)\s?\)", r"\\pmod{\1}"),
    # units, ordinals, times of day, ratios
    (r"\\frac\{\\text\{([^{}]*)\}\}\{(?:\\text\{([^{}]*)\}|([a-z]))\}", r"\\text{\1/\2\3}"),
    (r"\^\s?\{?\s?\\text\{\s?(st|nd|rd|th)\s?\}\s?\}?", r" \\text{\1}"),
    (r"^\\text\s?\{\s?(-?\d[\d.,]{0,30})(?![\d.,]|\s?(?:and|or)\b)\s?([^{}]*)\}$", r"\1 \\text{\2}"),
    (r"^\\text\s?\{([^{}]*(?:,|\band\b|\bor\b)[^{}]*)\}$", r"\1"),
    (r"(?<=\d)\s?([ap])\.?\s?m\.?$", r" \\text{\1m}"),
    (r"(?<=\d)\s?(?:\\text\{\s?to\s?\}|to)\s?(?=\d)", ":"),
    # combinations and permutations
    (r"\{\s?(\w{1,9})\s?\\choose\s?(\w{1,9})\s?\}|^(\w{1,9})\s?\\choose\s?(\w{1,9})$", r"\\binom{\1\3}{\2\4}"),
    (r"(?:\{\})?_\s?\{?(\d+)\}?\s?C\s?_\s?\{?(\d+)\}?|^C\((\d+), ?(\d+)\)$", r"\\binom{\1\3}{\2\4}"),
    (r"(?:\{\})?_\s?\{?(\d+)\}?\s?P\s?_\s?\{?(\d+)\}?", r"\\frac{\1!}{(\1-\2)!}"),
    # functions and names
    (r"\\(vec|overline|hat|bar|overrightarrow)\s+([a-zA-Z]|\d)(?![a-zA-Z])", r"\\\1{\2}"),
    (r"\\overline\{([A-Z]{2})\}", r"\1"),
    (r"\\(max|min|gcd|lcm)\s?\\\{([^{}]*)\\\}", r"\\\1(\2)"),
    (
        r"(?:\\text\{\s?cis\s?\}|\\cis|(?<![a-zA-Z\\])cis)\s?(?:\(([^()]{1,60})\)|"
        r"((?:\\frac\{[^{}]{1,30}\}\{[^{}]{1,30}\}|\d{1,9}|\.\d{1,9}|\^\\circ|\\pi|\\theta|/| ){1,6}))",
        r"(\\cos(\1\2)+i\\sin(\1\2))",
    ),
    (r"(?<![a-zA-Z\\])sqrt\s?\(([^()]*)\)", r"\\sqrt{\1}"),
    (r"(?<![a-zA-Z\\])(pi|infty|theta)(?![a-zA-Z])", r"\\\1 "),
    (r"(?<![a-zA-Z\\])(?:inf|infinity|oo)(?![a-zA-Z])", r"\\infty "),
    (r"\\text\{\s*\\infty\s*\}", r"\\infty "),
    # braces that may be left out
    (r"\*\*(?=[\d({-])", "^"),
    (r"\\frac\s?(\d)\s?(\d)", r"\\frac{\1}{\2}"),
    (r"\\frac\s?(\d|[a-zA-Z])\s?\{", r"\\frac{\1}{"),
    (r"(\\frac\{[^{}]*\})\s?(\d|[a-zA-Z])", r"\1{\2}"),
    (r"\\sqrt\s?(\d|[a-zA-Z])", r"\\sqrt{\1}"),
    (r"([\^_])\{\s?(\d|[a-zA-Z])\s?\}", r"\1\2"),
    # thousands parted by spaces, mixed numbers
    (r"(?<![\d.])(\d{1,3}(?: \d{3})+)(?![\d ])", lambda found: found[0].replace(" ", "")),
    (
        r"(?<![\d.}^_])(\d+) ?\\frac ?\{(\d+)\} ?\{(\d+)\}|(?<![\d./^_])(\d+) +(\d+)/(\d+)(?![\d/])",
        r"(\1\4+\\frac{\2\5}{\3\6})",
    ),
)
_COMPILED = tuple((re.compile(pattern), replacement) for pattern, replacement in _REWRITES)

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_SUPERSCRIPT = re.compile("[⁰¹²³⁴⁵⁶⁷⁸⁹⁻]+")
_SUBSCRIPT = re.compile("[₀₁₂₃₄₅₆₇₈₉]+")
_UNICODE_ROOT = re.compile(r"√\s?(\d+|[a-zA-Z]|\([^()]*\)|\{[^{}]*\})")
_SPACES = re.compile(r" {2,}")
_IDLE_SPACE = re.compile(r"(?<!\d) | (?!\d)")
_WRAPPERS = (("$$", "$$"), ("$", "$"), ("\\(", "\\)"), ("\\[", "\\]"), ("`", "`"), ("**", "**"), ('"', '"'), ("'", "'"))
_BOXED = re.compile(r"\\(?:boxed|fbox)\s?\{(.*)\}", re.DOTALL)


def normal(answer: str) -> str:
    """``answer`` in its one spelling: ASCII LaTeX without decoration, sizes, spacing commands or wrappers.

    White space of any kind becomes single spaces first, so that no pattern meets two spaces in a row.
    """
    text = " ".join(_CONTROL.sub(" ", answer).split())
    text = _SUPERSCRIPT.sub(lambda found: f"^{{{found[0].translate(_SUPERSCRIPTS)}}}", text)
    text = _SUBSCRIPT.sub(lambda found: f"_{{{found[0].translate(_SUBSCRIPTS)}}}", text)
    text = _UNICODE_ROOT.sub(lambda found: rf"\sqrt{{{found[1].strip('(){}')}}}", text).translate(_TRANSLATION)
    text = _unwrapped(text)
    for pattern, replacement in _COMPILED:
        text = pattern.sub(replacement, text)
    text = text.replace("$", " ") if text.count("$") > 1 and "\\$" not in text else text
    text = _unwrapped(_SPACES.sub(" ", text).removeprefix("=")) if text[:1] in "{=" else text
    return _SPACES.sub(" ", text).strip().rstrip(".;,").strip()


def squeezed(text: str) -> str:
    """A normal text without the spaces that carry no meaning (those between two digits do)."""
    return _IDLE_SPACE.sub("", text)


def _unwrapped(text: str) -> str:
    for _ in range(6):
        before = text
        text = text.strip().rstrip(".;,").strip() if not text.endswith("\\,") else text.strip()
        for opening, closing in _WRAPPERS:
            inside = text[len(opening) : len(text) - len(closing)]
            if text.startswith(opening) and text.endswith(closing) and inside and opening not in inside:
                text = inside
        if text.startswith("{") and _closes_at_the_end(text):
            text = text[1:-1]
        if (box := _BOXED.fullmatch(text)) and _closes_at_the_end(text[box.start(1) - 1 :]):
            text = box[1]
        if text == before:
            break
    return text


def _closes_at_the_end(text: str) -> bool:
    """Whether the brace ``text`` starts with is closed by its last character and not before."""
    depth = 0
    for brace in re.finditer(r"\\.|[{}]", text):
        depth += {"{": 1, "}": -1}.get(brace[0], 0)
        if depth == 0 and brace[0] == "}":
            return brace.end() == len(text)
    return False
