r"""The answer in a solution: the last box, else what the usual phrasings announce, else how the text ends.

Everything here takes time linear in the length of the solution: patterns are tried at known starting points within a
bounded window, never searched for with open-ended repeats.
"""

import re
from typing import NamedTuple

WINDOW = 2_000
"""Characters after an announcement ("the answer is") within which the answer must end."""

_BOX_OR_BRACE = re.compile(r"\\(?:boxed|fbox)(?![a-zA-Z])\s*(?P<open>\{)?|\\.|[{}]", re.DOTALL)
_WITHOUT_BRACES = re.compile(r"[-+]?(?:\\(?!boxed|fbox)[a-zA-Z]+(?:\{[^{}\n]{0,100}\}){0,3}|[^\s\\{}$]{1,100})")
_SPACING = r"(?:[\s$*]|\\(?:[][(),;:! ]|q?quad\b)){0,20}"
_JOINED = re.compile(
    rf"{_SPACING}(?:[,;]|,?\s?(?:and|or)\b|,?\s?\\(?:text|mathrm|mbox)\s?\{{\s*,?\s*(?:and|or)\s*\}}){_SPACING}"
)

_ANNOUNCER = re.compile(r"\b(?:answers?|ans|final result)\b", re.IGNORECASE)
_ANNOUNCED = re.compile(
    r"""
    (?:\s+(?:to|of|for)\b[^.\n:=]{1,80}?)?
    (?: \*{0,2} \s{0,3} (?:\bis\b|\bare\b|\bequals\b|\bwould\s+be\b|\bshould\s+be\b|\bmust\s+be\b|:|=)
        (?:\s{0,3} (?:therefore|thus|then|simply|just|equal\s+to|given\s+by)\b)? \s{0,3} :? \s{0,3} \*{0,2} \s{0,3}
      | \s{0,3} \*{2} \s{0,3} \n \s{0,3}
    )
    """,
    re.IGNORECASE | re.VERBOSE,
)
_HASHES = re.compile(r"^####[ \t]*(?=[-+\d$\\(.])", re.MULTILINE)
_STATED = re.compile(
    r"(?:the|there|this|that|these|it|its|so|thus|hence|in|we|an?|each|every)\s"
    r"(?:(?!\b(?:because|since|as)\b)(?:[^.\n]|\.(?=\d))){0,200}?\b(?:is|are|equals|was|were|will\s+be)\s"
    r"(?:(?:exactly|equal\s+to|only|therefore|thus|then|given\s+by)\s){0,2}(?=[$\d]|-\d|\\[(\[])",
    re.IGNORECASE,
)
_CONCLUSION = re.compile(r"\b(?:therefore|thus|hence|so)\b", re.IGNORECASE)
_FORMULA = re.compile(r"\$\$([^$]+)\$\$|\$([^$]+)\$|\\\(((?:[^\\]|\\[^)])+)\\\)|\\\[((?:[^\\]|\\[^\]])+)\\\]")
_SENTENCE_END = re.compile(r"(?<![ap]\.m)[.!?](?=\s|\*|$)|\n")
_AFTERTHOUGHT = re.compile(r",?\s(?:because|since|as|which|where|so|when|if|for)\s|\s\(", re.IGNORECASE)
_NUMBER = re.compile(r"-?\\?\$?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?(?:/\d+)?(?:\s?\\?%)?")
_BARE_ANSWER = re.compile(r"[-+]?[\d.,/]*\d\s?\\?%?|\(?[A-J]\)?|[a-zA-Z]\s?=\s?[-+]?[\d.,/]*\d")


def answer_in(solution: str) -> str | None:
    r"""The final answer stated in ``solution``, as the model wrote it, or None if it states none.

    In order: the last complete ``\boxed{…}`` or ``\fbox{…}`` (boxes joined by a comma, "and" or "or" count as one
    list); the last announcement ("the answer is …", "**Final Answer:** …", "#### 42", "answer = 5"); the formula or
    number that the last complete line ends in. A box that never closes is no answer, since ``\boxed{12`` may have been
    on its way to 125; then only what was announced before it counts.
    """
    boxes, unfinished_at = _boxes(solution)
    if boxes:
        return ", ".join(dict.fromkeys(_content(solution, box) for box in _last_list(solution, boxes)))
    if unfinished_at is not None:
        return _announced(solution[:unfinished_at])
    return _announced(solution) or _concluded(solution)


class _Box(NamedTuple):
    start: int
    end: int
    content: slice


def _boxes(text: str) -> tuple[list[_Box], int | None]:
    """Complete boxes that are not empty, in order and outermost only, and where the last box starts that never ends."""
    boxes: list[_Box] = []
    open_braces: list[tuple[int, int] | None] = []  # a box's start and its content's, None for any other brace
    for token in _BOX_OR_BRACE.finditer(text):
        if token["open"]:
            open_braces.append(token.span())
        elif token[0] == "{":
            open_braces.append(None)
        elif token[0] == "}" and open_braces and (opening := open_braces.pop()):
            start, content_start = opening
            while boxes and boxes[-1].start > start:
                boxes.pop()
            boxes.append(_Box(start, token.end(), slice(content_start, token.start())))
        elif token[0].startswith(("\\boxed", "\\fbox")) and (bare := _WITHOUT_BRACES.match(text, token.end())):
            end = bare.start() + len(bare[0].rstrip(".,;:"))
            boxes.append(_Box(token.start(), end, slice(bare.start(), end)))
    unfinished = [opening[0] for opening in open_braces if opening]
    return [box for box in boxes if text[box.content].strip()], (unfinished[-1] if unfinished else None)


def _last_list(text: str, boxes: list[_Box]) -> list[_Box]:
    """The last box, with those before it that a comma, "and" or "or" joins to it."""
    first = len(boxes) - 1
    while first and boxes[first].start - boxes[first - 1].end <= 60:
        if not _JOINED.fullmatch(text, boxes[first - 1].end, boxes[first].start):
            break
        first -= 1
    return boxes[first:]


def _content(text: str, box: _Box) -> str:
    """What a box holds, without boxes around all of it."""
    content = text[box.content].strip()
    for _ in range(5):
        inner, _unfinished = _boxes(content)
        if len(inner) != 1 or inner[0][:2] != (0, len(content)):
            break
        content = content[inner[0].content].strip()
    return content


def _announced(text: str) -> str | None:
    """What follows the last "the answer is", "Answer:", "####" and the like."""
    starts = [found.end() for found in _HASHES.finditer(text)]
    for found in _ANNOUNCER.finditer(text):
        if announced := _ANNOUNCED.match(text, found.end(), found.end() + 200):
            starts.append(announced.end())
    answers = (_leading_answer(text[start : start + WINDOW]) for start in sorted(starts, reverse=True)[:20])
    return next(filter(None, answers), None)


def _leading_answer(text: str) -> str | None:
    """The answer ``text`` begins with: a formula, the 34 of ``The largest $n$ is 34.``, or the rest of the sentence."""
    text = text.lstrip(" \t\n*`:")
    if stated := _STATED.match(text):
        text = text[stated.end() :]
    formula = _FORMULA.match(text)
    if formula and not text[formula.end() :].lstrip().startswith(("$", "and ", "or ", ", $")):
        return _cleaned(_inside(formula))
    end = _SENTENCE_END.search(text)
    sentence = text[: end.start()] if end else text
    afterthought = _AFTERTHOUGHT.search(sentence)
    return _cleaned(sentence[: afterthought.start()] if afterthought and afterthought.start() else sentence)


def _concluded(text: str) -> str | None:
    """The answer at the end of a text that announces none: a bare answer, or what its last complete line ends in."""
    line = text.strip()[-WINDOW:].rpartition("\n")[2]
    bare = _cleaned(line)
    if bare and _BARE_ANSWER.fullmatch(bare):
        return bare
    if formula := _FORMULA.fullmatch(line.rstrip(".")):
        return _right_side(_inside(formula))
    if not line.endswith((".", "!", "*", "$", ")")):
        return None  # the text broke off in the middle of a sentence
    formulas = list(_FORMULA.finditer(line))
    if formulas and (_CONCLUSION.search(line) or not line[formulas[-1].end() :].strip(" .*!")):
        return _right_side(_inside(formulas[-1]))
    numbers = _NUMBER.findall(line)
    return _cleaned(numbers[-1]) if numbers else None


def _inside(formula: re.Match[str]) -> str:
    return next(filter(None, formula.groups()), "")


def _right_side(formula: str) -> str | None:
    return _cleaned(formula.rpartition("=")[2]) or _cleaned(formula)


def _cleaned(answer: str) -> str | None:
    answer = answer.strip().strip("*`").strip()
    for opening, closing in (("$$", "$$"), ("$", "$"), ("\\(", "\\)"), ("\\[", "\\]")):
        if len(answer) > len(opening + closing) and answer.startswith(opening) and answer.endswith(closing):
            inside = answer[len(opening) : -len(closing)].strip()
            if opening not in inside:
                answer = inside
    return answer.strip("*`").rstrip(".,;:!").strip() or None
