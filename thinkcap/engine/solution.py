"""The solution of one generation as a pure state machine: what may be sampled, when it ends, and the answer that
thinkcap begins if none can be read.

It never holds more tokens than its budget. It cannot end before it has a visible character, not even at its budget, and
the markers of the thought cannot come again, neither as tokens nor spelled out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from thinkcap.engine.budget import FinishReason
from thinkcap.engine.limits import Limits
from thinkcap.engine.text_end import completes, incomplete, is_visible


@dataclass(slots=True)
class Move:
    """What to do before the next token is sampled.

    rollback  decoded tokens to take out of the KV cache, counted from its end
    feed      tokens to decode, together; empty when the generation is over
    """

    feed: Sequence[int]
    rollback: int = 0


@dataclass(slots=True)
class Solution:
    """The text after the thought.

    tokens         tokens sampled, the end-of-generation token left out
    probe_tokens   tokens of an answer that thinkcap began: its opening, and the sampled ones behind it
    finish_reason  why it ended; why it would have, if thinkcap then began the answer
    over           whether it has ended
    """

    limits: Limits
    text: bytearray = field(default_factory=bytearray)
    tokens: int = 0
    probe_tokens: int = 0
    finish_reason: FinishReason = "interrupted"
    over: bool = False
    _visible: bool = False
    _lengths: list[int] = field(default_factory=list)  # bytes of the last tokens
    _box: int = -1  # where the contents of the box begin that thinkcap opened
    _marker_ids: list[int] = field(init=False)

    def __post_init__(self) -> None:
        self._marker_ids = [marker.id for marker in (self.limits.start, self.limits.end) if marker.id is not None]

    def copy(self, limits: Limits) -> Solution:
        """A copy under different limits."""
        return replace(self, limits=limits, text=bytearray(self.text), _lengths=list(self._lengths))

    @property
    def forced(self) -> bool:
        """Whether thinkcap began the answer."""
        return self._box >= 0

    @property
    def banned(self) -> list[int]:
        """Tokens that must not be sampled next."""
        return self._marker_ids if self._visible else [*self._marker_ids, *self.limits.end_tokens]

    def forbids(self, piece: bytes) -> bool:
        """Whether a token with these bytes would spell out a marker, close the box of an empty answer, or use up the
        budget with nothing to be seen."""
        if not self._visible:
            if self.forced and piece.lstrip().startswith(b"}"):
                return True
            if self._at_last_token and not is_visible(self._own_text + piece):
                return True
        return any(completes(self.text, piece, marker.text) for marker in (self.limits.start, self.limits.end))

    def begin(self, text: bytes) -> None:
        """Takes text that came in one token with the end of the thought."""
        self.text += text
        self._visible = is_visible(self.text)

    def advance(self, token: int, piece: bytes, *, cut: bool, unused: int = 0) -> Move:
        """Takes a sampled token and its bytes. Returns what to decode next.

        cut     whether thinkcap ended the thought: then the model may not know that it has to answer
        unused  tokens that the solution may have beyond its budget
        """
        if token in self.limits.end_tokens:
            return self._end("stop", cut)
        self.text += piece
        self._lengths = [*self._lengths[-3:], len(piece)]
        if not self._visible:
            self._visible = is_visible(self._own_text)
        if self.forced:
            return self._fill_box(token)
        self.tokens += 1
        if self.tokens >= self.limits.solution + unused:
            return self._end("length", True, token)
        return Move((token,))

    def finish(self, reason: FinishReason) -> Move:
        """Ends it where it is."""
        self.finish_reason = reason
        self.over = True
        return Move(())

    def _end(self, reason: FinishReason, may_force: bool, token: int | None = None) -> Move:
        """The solution or its budget is at its end; `token` is the last one, which is not decoded yet."""
        opening = self.limits.opening
        if self.forced:
            self._close_box()
            self.over = True
            return Move(())
        if not may_force or opening is None or not opening.is_missing(self.text.decode("utf-8", "replace")):
            return self.finish(reason)
        dropped, whole = 0, len(self.text) - incomplete(self.text, len(self.text))
        while len(self.text) > whole:
            del self.text[-self._lengths.pop() :]
            dropped += 1
        self.finish_reason = reason
        self.text += opening.text.encode()
        self._box = len(self.text)
        self._visible = False
        self.probe_tokens = len(opening.tokens)
        last = () if token is None or dropped else (token,)
        return Move((*last, *opening.tokens), max(0, dropped - 1))

    def _fill_box(self, token: int) -> Move:
        """A token of the answer that thinkcap began."""
        self.probe_tokens += 1
        opening = self.limits.opening
        assert opening is not None
        if self._open_braces < 0 or self.probe_tokens >= opening.max_tokens:
            return self._end(self.finish_reason, False)
        return Move((token,))

    @property
    def _own_text(self) -> bytearray:
        """What the model wrote: all of the solution, or what is in the box that thinkcap opened."""
        return self.text[max(self._box, 0) :]

    @property
    def _at_last_token(self) -> bool:
        """Whether the next token uses up the budget, of the solution or of the answer that thinkcap began."""
        if self.forced and self.limits.opening is not None:
            return self.probe_tokens + 1 >= self.limits.opening.max_tokens
        return self.tokens + 1 >= self.limits.solution

    @property
    def _open_braces(self) -> int:
        """Braces that were opened inside the box and not closed; -1 once the box itself is closed."""
        return self.text.count(b"{", self._box) - self.text.count(b"}", self._box)

    def _close_box(self) -> None:
        """Closes the box if the model did not, so that the answer can be read."""
        del self.text[len(self.text) - incomplete(self.text, len(self.text)) :]
        self.text += b"}" * (self._open_braces + 1)
