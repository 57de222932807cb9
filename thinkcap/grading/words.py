r"""The words in answers: the letter of a choice, ``\text{Even}``, ``no solution``.

All texts here are in the spelling that `thinkcap.grading.latex.normal` makes.
"""

import re

_CHOICE = re.compile(
    r"(?:(?:the\s+)?(?:correct\s+)?(?:option|choice|answer)\s*(?:is\b|:)?\s*)?\(?\s?([A-J])\s?\)?[.:)]?",
    re.IGNORECASE,
)
_CHOICE_AND_MORE = re.compile(
    r"(?:(?:option|choice|answer)\s*)?(?:\(\s?([A-J])\s?\)|([A-J])[).:])\s*(?!and\b|or\b|[,&])(?P<more>\S.*)", re.DOTALL
)
_YES_OR_NO = re.compile(r"(yes|no)\s?[,.;:].*", re.IGNORECASE | re.DOTALL)
_WORD = re.compile(r"[^\W\d_]+(?:['.-][^\W\d_]+)*\.?")
_ARTICLES = frozenset(("the", "a", "an"))
_CONJUNCTIONS = frozenset(("and", "or"))
# In the singular, as `words` makes it.
_SYNONYMS = dict.fromkeys(("dne", "do not exist", "doesn't exist", "not exist"), "doe not exist")


def choice(text: str) -> str | None:
    """The letter of a multiple-choice answer: ``B``, ``(B)``, ``B.``, ``option b``, ``(B) 12``."""
    plain = without_text_commands(text).strip(" {}")
    if found := _CHOICE.fullmatch(plain) or _CHOICE_AND_MORE.fullmatch(plain):
        return next(filter(None, found.groups()), "").upper()
    return None


def without_choice(text: str) -> str | None:
    """What follows the letter of a choice: ``12`` in ``(B) 12``. None if nothing does."""
    plain = without_text_commands(text).strip()
    found = _CHOICE_AND_MORE.fullmatch(plain)
    return found["more"] if found and plain[found.start("more") - 1] == " " else None


def words(text: str, sure: bool = False) -> str | None:
    r"""The words ``text`` consists of, in lower case and singular. None if it is, or may be, a formula.

    A run of letters is a word inside ``\text{…}``. Outside, letters may be a product of variables, so only two
    capitals, a capitalised word, or four letters in a row count, unless they are ``sure`` to be words.
    """
    plain = without_text_commands(text)
    if found := _YES_OR_NO.fullmatch(plain.strip()):
        return found[1].lower()
    spelled = plain.replace("-", " ").replace("/", " ").split()
    if not spelled or not _CONJUNCTIONS.isdisjoint(spelled) or not all(map(_WORD.fullmatch, spelled)):
        return None
    if text.startswith("\\text"):
        if len(plain.strip()) < 2:
            return None
    elif not sure and all(len(word) < (2 if word[0].isupper() else 4) for word in spelled):
        return None
    kept = [word.lower().rstrip(".") for word in spelled]
    kept = [word for word in kept if word not in _ARTICLES] or kept
    said = " ".join(map(singular, kept))
    return _SYNONYMS.get(said, said)


def without_text_commands(text: str) -> str:
    """``text`` with the content of each ``\\text{…}`` in its place."""
    while (start := text.find("\\text{")) >= 0 and (end := text.find("}", start)) >= 0:
        text = text[:start] + text[start + len("\\text{") : end] + text[end + 1 :]
    return text


def singular(word: str) -> str:
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else word
