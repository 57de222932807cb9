"""From a problem to prompt tokens, with the problem's text kept data: only the template's own text may become special
tokens."""

from __future__ import annotations

import re
from typing import Protocol

from thinkcap.engine.prompt.template import ChatTemplate
from thinkcap.errors import ThinkcapError

_PLACE = "\ue000problem\ue001"
"""Stands for the user's text while the template renders; private-use characters no template looks for."""


class Vocabulary(Protocol):
    """What of a model turns text into tokens."""

    @property
    def special_tokens(self) -> dict[str, int]: ...
    @property
    def bos(self) -> int | None: ...
    @property
    def adds_bos(self) -> bool: ...
    def tokenize(self, text: str) -> list[int]: ...


class Prompter:
    """Writes the prompt of a model.

    template  the model's chat template; without one the user's text is the whole prompt
    opening   text that opens the thought behind the prompt, where the template does not
    """

    def __init__(self, vocabulary: Vocabulary, template: ChatTemplate | None, opening: str) -> None:
        self._vocabulary = vocabulary
        rendered = template.render([{"role": "user", "content": _PLACE}]) if template else _PLACE
        if _PLACE not in rendered:
            raise ThinkcapError("The model's chat template leaves the user's text out; use another GGUF of the model.")
        self._frame = [*rendered.split(_PLACE)]
        self._frame[-1] += opening
        # Some vocabularies keep runs of white space as user-defined tokens: ordinary text, nothing to guard.
        spelled = sorted((text for text in vocabulary.special_tokens if text.strip()), key=len, reverse=True)
        self._special = re.compile("|".join(map(re.escape, spelled))) if spelled else None

    def tokens(self, text: str) -> list[int]:
        """The prompt's tokens for the user's `text`."""
        pieces: list[tuple[str, bool]] = []
        for index, frame in enumerate(self._frame):
            if index:
                pieces.append((text, False))
            pieces.append((frame, True))
        tokens = self._tokenize(pieces)
        vocabulary = self._vocabulary
        if vocabulary.adds_bos and vocabulary.bos is not None and tokens[:1] != [vocabulary.bos]:
            tokens.insert(0, vocabulary.bos)
        return tokens

    def trusted(self, text: str) -> list[int]:
        """The tokens of our own text (a marker, a wrap-up message), special ones where it spells them."""
        return self._tokenize([(text, True)])

    def _tokenize(self, pieces: list[tuple[str, bool]]) -> list[int]:
        """Tokens of text pieces, each trusted or not. Plain text is tokenised over the pieces' borders, as if it had
        been one string; where it spells a special token it is cut inside the spelling, so llama.cpp cannot match it."""
        tokens: list[int] = []
        plain = ""
        for text, trusted in pieces:
            start = 0
            if trusted and self._special is not None:
                for match in self._special.finditer(text):
                    tokens += self._plain(plain + text[start : match.start()])
                    tokens.append(self._vocabulary.special_tokens[match[0]])
                    plain, start = "", match.end()
            plain += text[start:]
        return tokens + self._plain(plain)

    def _plain(self, text: str) -> list[int]:
        if self._special is None:
            return self._vocabulary.tokenize(text)
        tokens: list[int] = []
        start = 0
        while match := self._special.search(text, start):
            tokens += self._vocabulary.tokenize(text[start : match.start() + 1])
            start = match.start() + 1
        return tokens + self._vocabulary.tokenize(text[start:])
