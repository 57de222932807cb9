"""From a problem to prompt tokens, with the problem's text kept data: only the template's own text may become special
tokens."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Protocol

from thinkcap.engine.prompt.template import ChatTemplate
from thinkcap.engine.request import Message
from thinkcap.errors import ThinkcapError

_PLACES = re.compile("\ue000([0-9]+)\ue001")
"""Stands for a message's text while the template renders; private-use characters no template looks for."""


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
    opening   text that opens the thought after the prompt, if the template does not

    Raises ThinkcapError if the template leaves the user's text out.
    """

    def __init__(self, vocabulary: Vocabulary, template: ChatTemplate | None, opening: str) -> None:
        self._vocabulary = vocabulary
        self._template = template
        self._opening = opening
        self._frame = self._render(["user"], [""])
        # Some vocabularies keep runs of white space as user-defined tokens: ordinary text, nothing to guard.
        spelled = sorted((text for text in vocabulary.special_tokens if text.strip()), key=len, reverse=True)
        self._special = re.compile("|".join(map(re.escape, spelled))) if spelled else None

    def tokens(self, text: str, history: Sequence[Message] = ()) -> list[int]:
        """The prompt's tokens for the user's `text`, after the earlier turns of the conversation. Raises ThinkcapError
        if the template refuses them."""
        if not history:
            frame, texts = self._frame, [text]
        else:
            roles = [*(message.role for message in history), "user"]
            thoughts = [*(message.thinking for message in history), ""]
            frame = self._render(roles, thoughts)
            texts = [*(message.content for message in history), text, *thoughts]
        pieces = [(texts[int(part)], False) if index % 2 else (part, True) for index, part in enumerate(frame)]
        tokens = self._tokenize(pieces)
        vocabulary = self._vocabulary
        if vocabulary.adds_bos and vocabulary.bos is not None and tokens[:1] != [vocabulary.bos]:
            tokens.insert(0, vocabulary.bos)
        return tokens

    def _render(self, roles: Sequence[str], thoughts: Sequence[str]) -> list[str]:
        """The template's own text, and between its parts the numbers of the texts that go there: the contents of the
        messages are counted first, then their thoughts."""
        if self._template is None:
            if len(roles) > 1:
                raise ThinkcapError("The model has no chat template, so it takes one question, not a conversation.")
            return ["", "0", self._opening]
        messages = []
        for index, (role, thought) in enumerate(zip(roles, thoughts, strict=True)):
            message = {"role": role, "content": f"\ue000{index}\ue001"}
            if thought:
                message["reasoning_content"] = f"\ue000{len(roles) + index}\ue001"
            messages.append(message)
        frame = _PLACES.split(self._template.render(messages))
        if str(len(roles) - 1) not in frame[1::2]:
            raise ThinkcapError("The model's chat template leaves the user's text out; use another GGUF of the model.")
        frame[-1] += self._opening
        return frame

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
                    tokens += self.plain(plain + text[start : match.start()])
                    tokens.append(self._vocabulary.special_tokens[match[0]])
                    plain, start = "", match.end()
            plain += text[start:]
        return tokens + self.plain(plain)

    def plain(self, text: str) -> list[int]:
        """The tokens of text from outside, none of them special."""
        if self._special is None:
            return self._vocabulary.tokenize(text)
        tokens: list[int] = []
        start = 0
        while match := self._special.search(text, start):
            tokens += self._vocabulary.tokenize(text[start : match.start() + 1])
            start = match.start() + 1
        return tokens + self._vocabulary.tokenize(text[start:])
