r"""One spelling for answers that differ only in how they are written, and the choices and words in them.

Only the spelling changes here (``\dfrac12`` and ``\frac{1}{2}``, ``−`` and ``-``); nothing is computed. Standard
library alone, and linear in the length of the answer, so that the process that generates can afford it.
"""

import re

_SYMBOLS = {
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
_SUPERSCRIPTS = dict(zip("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-", strict=True))
_SUBSCRIPTS = dict(zip("₀₁₂₃₄₅₆₇₈₉", "0123456789", strict=True))
_TRANSLATION = str.maketrans(_SYMBOLS)

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_SUPERSCRIPT = re.compile(f"[{''.join(_SUPERSCRIPTS)}]+")
_SUBSCRIPT = re.compile(f"[{''.join(_SUBSCRIPTS)}]+")
_UNICODE_ROOT = re.compile(r"√\s?(\d+|[a-zA-Z]|\([^()]*\)|\{[^{}]*\})")
_SIZES = re.compile(
    r"\\(?:left|right|middle|big|Big|bigg|Bigg|bigl|bigr|Bigl|Bigr|displaystyle|textstyle|scriptstyle|limits|"
    r"mathstrut|rm|bf|it)(?![a-zA-Z])\.?"
)
_DIGIT_GAP = re.compile(r"(?<=\d)(?:,\\!\s?|\\[,!:; ](?<!\\\\.)|\{,\}|~)+(?=\d{3}(?!\d))")
_DECIMAL_COMMA = re.compile(r"(?<=\d)\{,\}(?=\d)")
_SPACING = re.compile(
    r"(?<!\\)\\[,!:;> ]|~|\\(?:quad|qquad|thinspace|enspace|hfill|noindent)(?![a-zA-Z])|\\phantom\{[^{}]*\}"
)
_BOLD_VECTOR = re.compile(r"\\(?:mathbf|boldsymbol|bm)\s?\{\s?([a-z])\s?\}")
_TEXT = re.compile(r"\\(?:text(?:bf|it|rm|sf|tt|normal)?|math(?:rm|bf|it|sf)|[mh]box|operatorname\*?)\s*(?=\{)")
_FUNCTION = re.compile(
    r"\\text\{(sin|cos|tan|cot|sec|csc|log|ln|exp|max|min|gcd|lcm|arcsin|arccos|arctan|sinh|cosh|tanh|lim|det|deg)\}"
)
_LISTING = re.compile(r",|\band\b|\bor\b")
_RENAMED = (
    (re.compile(r"\\[dtc]frac(?![a-zA-Z])"), r"\\frac"),
    (re.compile(r"\\(?:le|leqslant)(?![a-zA-Z])"), r"\\leq "),
    (re.compile(r"\\(?:ge|geqslant)(?![a-zA-Z])"), r"\\geq "),
    (re.compile(r"\\ne(?![a-zA-Z])|\\not\s?="), r"\\neq "),
    (re.compile(r"\\lt(?![a-zA-Z])"), "<"),
    (re.compile(r"\\gt(?![a-zA-Z])"), ">"),
    (re.compile(r"<="), r"\\leq "),
    (re.compile(r">="), r"\\geq "),
    (re.compile(r"!="), r"\\neq "),
    (re.compile(r"\\lbrace(?![a-zA-Z])"), r"\\{"),
    (re.compile(r"\\rbrace(?![a-zA-Z])"), r"\\}"),
    (re.compile(r"\\(?:lvert|rvert|vert)(?![a-zA-Z])"), "|"),
    (re.compile(r"\\(?:varnothing|O)(?![a-zA-Z])"), r"\\emptyset "),
    (re.compile(r"\^\s?\{?\s?\\circ(?![a-zA-Z])\s?\}?|\\(?:degree|deg)(?![a-zA-Z])|\^\{o\}"), r"^\\circ "),
    (re.compile(r"\{([:=<>;])\}"), r"\1"),
    (re.compile(r"\\checkmark(?![a-zA-Z])|\\text\{\s*\}|\\\\$"), " "),
    (re.compile(r"(\\equiv.*)\\bmod\s?(?:\{\s?(\w+)\s?\}|(\w+))$", re.DOTALL), r"\1\\pmod{\2\3}"),
    (re.compile(r"\\p?mod\s?(?:(\w)(?![\w}])|\{\s?(\w+)\s?\})"), r"\\pmod{\1\2}"),
    (re.compile(r"\(\s?(?:\\text\{)?\s?mod\s?\}?\s?(\w+)\s?\)"), r"\\pmod{\1}"),
    (re.compile(r"\\frac\{\\text\{([^{}]*)\}\}\{(?:\\text\{([^{}]*)\}|([a-z]))\}"), r"\\text{\1/\2\3}"),
    (re.compile(r"\\var(phi|epsilon|theta|rho)(?![a-zA-Z])"), r"\\\1 "),
    (re.compile(r"\\(vec|overline|hat|bar|overrightarrow)\s+([a-zA-Z]|\d)(?![a-zA-Z])"), r"\\\1{\2}"),
    (re.compile(r"\^\s?\{?\s?\\text\{\s?(st|nd|rd|th)\s?\}\s?\}?"), r" \\text{\1}"),
    (re.compile(r"\\(?:colon|ratio)(?![a-zA-Z])"), ":"),
    (re.compile(r"\{\s?(\w{1,9})\s?\\choose\s?(\w{1,9})\s?\}"), r"\\binom{\1}{\2}"),
    (re.compile(r"^(\w{1,9})\s?\\choose\s?(\w{1,9})$"), r"\\binom{\1}{\2}"),
    (re.compile(r"^\\text\s?\{\s?(-?\d[\d.,]{0,30})(?![\d.,]|\s?(?:and|or)\b)\s?([^{}]*)\}$"), r"\1 \\text{\2}"),
    (re.compile(r"^\\text\s?\{([^{}]*)\}$"), lambda found: found[1] if _LISTING.search(found[1]) else found[0]),
    (re.compile(r"(?<=\d)\s?([ap])\.?\s?m\.?$"), r" \\text{\1m}"),
    (re.compile(r"(?:\{\})?_\s?\{?(\d+)\}?\s?C\s?_\s?\{?(\d+)\}?|^C\((\d+), ?(\d+)\)$"), r"\\binom{\1\3}{\2\4}"),
    (re.compile(r"(?:\{\})?_\s?\{?(\d+)\}?\s?P\s?_\s?\{?(\d+)\}?"), r"\\frac{\1!}{(\1-\2)!}"),
    (re.compile(r"(?<=\d)\s?(?:\\text\{\s?to\s?\}|to)\s?(?=\d)"), ":"),
    (re.compile(r"\\overline\{([A-Z]{2})\}"), r"\1"),
    (re.compile(r"\\(max|min|gcd|lcm)\s?\\\{([^{}]*)\\\}"), r"\\\1(\2)"),
    (
        re.compile(
            r"(?:\\text\{\s?cis\s?\}|\\cis|(?<![a-zA-Z\\])cis)\s?(?:\(([^()]{1,60})\)|"
            r"((?:\\frac\{[^{}]{1,30}\}\{[^{}]{1,30}\}|\d{1,9}|\.\d{1,9}|\^\\circ|\\pi|\\theta|/| ){1,6}))"
        ),
        r"(\\cos(\1\2)+i\\sin(\1\2))",
    ),
    (re.compile(r"\\lg(?![a-zA-Z])"), r"\\log "),
    (re.compile(r"\\(?:text)?color\s?\{\w+\}|\\underline(?=\s?\{)"), ""),
    (re.compile(r"\\(?:approx|doteq|simeq)(?![a-zA-Z])"), "="),
    (re.compile(r"\\mathbb\s?R(?![a-zA-Z])|\\R(?![a-zA-Z])|\\Bbb\s?\{?R\}?"), r"\\mathbb{R}"),
    (re.compile(r"\\(?:smallsetminus|backslash)(?![a-zA-Z])"), r"\\setminus "),
    (re.compile(r"(?<![a-zA-Z\\])sqrt\s?\(([^()]*)\)"), r"\\sqrt{\1}"),
    (re.compile(r"(?<![a-zA-Z\\])(pi|infty|theta)(?![a-zA-Z])"), r"\\\1 "),
    (re.compile(r"(?<![a-zA-Z\\])(?:inf|infinity|oo)(?![a-zA-Z])"), r"\\infty "),
    (re.compile(r"\\text\{\s*\\infty\s*\}"), r"\\infty "),
    (re.compile(r"\*\*(?=[\d({-])"), "^"),
    (re.compile(r"\\(?:lfloor|lceil|rfloor|rceil)(?![a-zA-Z])\s?"), lambda found: found.group().strip() + " "),
    (re.compile(r"\\frac\s?(\d)\s?(\d)"), r"\\frac{\1}{\2}"),
    (re.compile(r"\\frac\s?(\d|[a-zA-Z])\s?\{"), r"\\frac{\1}{"),
    (re.compile(r"(\\frac\{[^{}]*\})\s?(\d|[a-zA-Z])"), r"\1{\2}"),
    (re.compile(r"\\sqrt\s?(\d|[a-zA-Z])"), r"\\sqrt{\1}"),
    (re.compile(r"\^\{\s?(\d|[a-zA-Z])\s?\}"), r"^\1"),
    (re.compile(r"_\{\s?(\d|[a-zA-Z])\s?\}"), r"_\1"),
)  # fmt: skip
_MIXED = re.compile(r"(?<![\d.}^_])(\d+) ?\\frac ?\{(\d+)\} ?\{(\d+)\}|(?<![\d./^_])(\d+) +(\d+)/(\d+)(?![\d/])")
_SPACED_THOUSANDS = re.compile(r"(?<![\d.])(\d{1,3}(?: \d{3})+)(?![\d ])")
_SPACES = re.compile(r" {2,}")
_SQUEEZE = re.compile(r"(?<!\d) | (?!\d)")
_WRAPPERS = (("$$", "$$"), ("$", "$"), ("\\(", "\\)"), ("\\[", "\\]"), ("`", "`"), ("**", "**"), ('"', '"'), ("'", "'"))
_BOXED = re.compile(r"\\(?:boxed|fbox)\s?\{(.*)\}", re.DOTALL)

_CHOICE = re.compile(
    r"(?:(?:the\s+)?(?:correct\s+)?(?:option|choice|answer)\s*(?:is\b|:)?\s*)?\(?\s?([A-Ja-j])\s?\)?[.:)]?",
    re.IGNORECASE,
)
_CHOICE_AND_MORE = re.compile(
    r"(?:(?:option|choice|answer)\s*)?(?:\(\s?([A-J])\s?\)|([A-J])[).:])\s*(?!and\b|or\b|[,&])(?P<more>\S.*)", re.DOTALL
)
# In the singular, as `words` makes it.
_SAID_OTHERWISE = dict.fromkeys(("dne", "do not exist", "doesn't exist", "not exist"), "doe not exist")
_YES_OR_NO = re.compile(r"(yes|no)\s?[,.;:].*", re.IGNORECASE | re.DOTALL)
_WORD = re.compile(r"[^\W\d_]+(?:['.-][^\W\d_]+)*\.?")


def normal(answer: str) -> str:
    """``answer`` in its one spelling: plain ASCII LaTeX without decoration, sizes, spacing commands or wrappers."""
    text = " ".join(_CONTROL.sub(" ", answer).split())
    text = _SUPERSCRIPT.sub(lambda found: "^{" + "".join(_SUPERSCRIPTS[sign] for sign in found.group()) + "}", text)
    text = _SUBSCRIPT.sub(lambda found: "_{" + "".join(_SUBSCRIPTS[sign] for sign in found.group()) + "}", text)
    text = _UNICODE_ROOT.sub(lambda found: r"\sqrt{" + found.group(1).strip("(){}") + "}", text).translate(_TRANSLATION)
    text = _unwrapped(text)
    text = _SIZES.sub(" ", text)
    text = _SPACING.sub(" ", _DECIMAL_COMMA.sub(".", _DIGIT_GAP.sub("", text)))
    text = _FUNCTION.sub(r"\\\1 ", _TEXT.sub(r"\\text", _BOLD_VECTOR.sub(r"\\vec{\1}", text)))
    for spelled, replacement in _RENAMED:
        text = spelled.sub(replacement, text)
    text = text.replace("$", " ") if text.count("$") > 1 and "\\$" not in text else text
    text = _SPACED_THOUSANDS.sub(lambda found: found.group().replace(" ", ""), text)
    text = _MIXED.sub(_as_sum, text)
    text = _unwrapped(_SPACES.sub(" ", text).removeprefix("=")) if text[:1] in "{=" else text
    return _SPACES.sub(" ", text).strip().rstrip(".;,").strip()


def squeezed(text: str) -> str:
    """A normal text without the spaces that carry no meaning (those between two digits do)."""
    return _SQUEEZE.sub("", text)


def choice(text: str) -> str | None:
    """The letter of a multiple-choice answer a normal text spells: ``B``, ``(B)``, ``B.``, ``option b``, ``(B) 12``."""
    plain = without_text_commands(text).strip(" {}")
    if found := _CHOICE.fullmatch(plain) or _CHOICE_AND_MORE.fullmatch(plain):
        return next(filter(None, found.groups()), "").upper()
    return None


def without_choice(text: str) -> str | None:
    """What a normal text says behind the letter of a choice: ``12`` of ``(B) 12``; None where it is no such text."""
    plain = without_text_commands(text).strip()
    found = _CHOICE_AND_MORE.fullmatch(plain)
    return found["more"] if found and plain[found.start("more") - 1] == " " else None


def words(text: str, sure: bool = False) -> str | None:
    r"""The words a normal text consists of, in lower case and singular, or None where it is (or may be) a formula.

    A run of letters is a word inside ``\text{…}``; outside, letters could be a product of variables, so that only two
    capitals, a capitalised word, or four letters in a row count, unless they are ``sure`` to be words.
    """
    plain = without_text_commands(text)
    if found := _YES_OR_NO.fullmatch(plain.strip()):
        return found[1].lower()
    spelled = plain.replace("-", " ").replace("/", " ").split()
    if not spelled or "and" in spelled or "or" in spelled or not all(_WORD.fullmatch(word) for word in spelled):
        return None
    if (
        not sure
        and not text.startswith("\\text")
        and all(len(word) < (2 if word[0].isupper() else 4) for word in spelled)
    ):
        return None
    if text.startswith("\\text") and len(plain.strip()) < 2:
        return None
    kept = [word.lower().rstrip(".") for word in spelled]
    kept = [word for word in kept if word not in ("the", "a", "an")] or kept
    said = " ".join(singular(word) for word in kept)
    return _SAID_OTHERWISE.get(said, said)


def closes_at_the_end(text: str, opening: str, closing: str) -> bool:
    """Whether the bracket ``text`` starts with is closed by its last character and not before."""
    depth = 0
    escaped = False
    for place, character in enumerate(text):
        if escaped:
            escaped = False
        elif character == "\\":
            escaped = True
        elif character == opening:
            depth += 1
        elif character == closing:
            depth -= 1
            if depth == 0:
                return place == len(text) - 1
    return False


def _unwrapped(text: str) -> str:
    for _ in range(6):
        before = text
        text = text.strip().rstrip(".;,").strip() if not text.endswith("\\,") else text.strip()
        for opening, closing in _WRAPPERS:
            inside = text[len(opening) : len(text) - len(closing)]
            if text.startswith(opening) and text.endswith(closing) and inside and opening not in inside:
                text = inside
        if text.startswith("{") and closes_at_the_end(text, "{", "}"):
            text = text[1:-1]
        if (box := _BOXED.fullmatch(text)) and closes_at_the_end(text[box.start(1) - 1 :], "{", "}"):
            text = box.group(1)
        if text == before:
            break
    return text


def _as_sum(mixed: re.Match[str]) -> str:
    whole, over, under = (part for part in mixed.groups() if part)
    return rf"({whole}+\frac{{{over}}}{{{under}}})"


def without_text_commands(text: str) -> str:
    while (start := text.find("\\text{")) >= 0 and (end := text.find("}", start)) >= 0:
        text = text[:start] + text[start + len("\\text{") : end] + text[end + 1 :]
    return text


def singular(word: str) -> str:
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else word
