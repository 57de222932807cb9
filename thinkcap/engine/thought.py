"""The course of one generation as a pure state machine: thought, close, solution.

It is fed the tokens that were sampled and answers with what to decode next. It knows no model, no clock and no logits:
a token's bytes come with the token, and so does the news that time is up. Its promises:

- thinking tokens never exceed the budget, whatever is sampled, and running with budget b is a prefix of b + 1;
- a cut leaves whole characters and no half marker in the thought: the tokens of either are taken out again;
- after the close the markers cannot come again, neither as tokens nor spelled out.
"""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from thinkcap.engine.budget import CutStyle, FinishReason, StopReason
from thinkcap.engine.loop_guard import LoopGuard

WAIT_SPACING = 16
"""Thinking tokens that a `Wait` is followed by at least, so that waiting makes progress."""

SOFT_SHARE = 10
"""A soft cut raises the marker's logit over the last `1/SOFT_SHARE` of the budget …"""

SOFT_BOOST = 20.0
"""… step by step up to this many nats."""


class Phase(enum.Enum):
    """Where a generation is."""

    THINKING = "thinking"
    SOLUTION = "solution"
    DONE = "done"


@dataclass(frozen=True, slots=True)
class Marker:
    """A marker of the thought: its text and the tokens that spell it.

    A marker of one token is recognised by its id. One of several is recognised in the text, so that a tokenisation
    which merges its edge with what stands beside it is still seen.
    """

    text: bytes
    tokens: tuple[int, ...]

    @property
    def id(self) -> int | None:
        return self.tokens[0] if len(self.tokens) == 1 else None


@dataclass(frozen=True, slots=True)
class Rules:
    """What one generation may do; every limit is resolved and counts tokens.

    thinking            thinking tokens at most; reaching it cuts the thought with reason `thinking_reason`
    solution            solution tokens at most; reaching it ends the solution with reason `length`
    min_thinking        thinking tokens before which a close is replaced by `wait`
    message             tokens injected before the marker at a cut (style `message`), else empty
    ends                end-of-generation tokens
    """

    thinking: int
    thinking_reason: StopReason
    solution: int
    start: Marker
    end: Marker
    ends: frozenset[int]
    min_thinking: int = 0
    style: CutStyle = "bare"
    message: tuple[int, ...] = ()
    message_text: str = ""
    wait: tuple[int, ...] = ()
    wait_text: str = "Wait"
    loop_guard: bool = True
    one_box: bool = False
    """Whether the solution ends with the brace that closes the box it began in: all a probe wants to read."""

    @property
    def ramp(self) -> int:
        """Thinking tokens before the budget over which a soft cut leans on the model; 0 under other styles."""
        soft = self.style == "soft" and self.thinking_reason == "budget"
        return -(-self.thinking // SOFT_SHARE) if soft else 0

    @property
    def most_injected(self) -> int:
        """Tokens that may have to be injected at the very most."""
        waits = self.min_thinking // WAIT_SPACING + 1 if self.min_thinking else 0
        return len(self.message) + len(self.end.tokens) + waits * len(self.wait)

    @property
    def most_tokens(self) -> int:
        """Cells that the generation can come to occupy beside its prompt."""
        return self.thinking + self.most_injected + self.solution


@dataclass(slots=True)
class Move:
    """What to do before the next token is sampled.

    rollback  decoded tokens to take out of the KV cache, counted from its end
    feed      tokens to decode, together; empty when the generation is over
    """

    feed: Sequence[int]
    rollback: int = 0


@dataclass(slots=True)
class ThoughtState:
    """One generation in the making. Call `begin` once, then `advance` for every sampled token until `phase` is DONE;
    `abandon` ends it from outside."""

    rules: Rules
    phase: Phase = Phase.THINKING
    thinking_tokens: int = 0
    injected_tokens: int = 0
    solution_tokens: int = 0
    rolled_back_tokens: int = 0
    stop_reason: StopReason = "interrupted"
    finish_reason: FinishReason = "interrupted"
    thought: bytearray = field(default_factory=bytearray)
    solution: bytearray = field(default_factory=bytearray)
    injections: list[tuple[int, int]] = field(default_factory=list)
    """Where injected text stands in the thought: first byte and the byte behind the last."""
    _lengths: list[int] = field(default_factory=list)
    _guard: LoopGuard | None = None
    _no_close_before: int = 0
    _boost_from: int = field(init=False)
    _marker_ids: list[int] = field(init=False)

    def __post_init__(self) -> None:
        rules = self.rules
        self._boost_from = rules.thinking - rules.ramp
        self._marker_ids = [marker.id for marker in (rules.start, rules.end) if marker.id is not None]

    def begin(self) -> Sequence[int]:
        """Starts; returns what to decode behind the prompt: nothing, or at budget 0 the end marker."""
        if self.rules.loop_guard:
            self._guard = LoopGuard()
        if self.rules.thinking > 0:
            return ()
        self.stop_reason = self.rules.thinking_reason
        self.phase = Phase.SOLUTION
        self.injected_tokens += len(self.rules.end.tokens)
        return self.rules.end.tokens

    def twin(self, rules: Rules) -> ThoughtState:
        """A course of its own with the same past and other rules."""
        return replace(
            self,
            rules=rules,
            thought=bytearray(self.thought),
            solution=bytearray(self.solution),
            injections=list(self.injections),
            _lengths=list(self._lengths),
            _guard=self._guard.copy() if self._guard is not None else None,
        )

    # -- what may be sampled next ------------------------------------------------------------------------------------

    @property
    def free(self) -> bool:
        """Whether the next token is the model's alone to choose: none is banned, forbidden or favoured."""
        return self.phase is Phase.THINKING and self._no_close_before <= self.thinking_tokens < self._boost_from

    @property
    def banned(self) -> list[int]:
        """Tokens that must not be sampled next."""
        rules = self.rules
        if self.phase is Phase.SOLUTION:
            return self._marker_ids
        if self.thinking_tokens < self._no_close_before:
            end = rules.end.id
            return [*rules.ends, end] if end is not None else list(rules.ends)
        return []

    def forbids(self, piece: bytes) -> bool:
        """Whether a token with these bytes would spell out a marker where none may come."""
        if self.phase is Phase.SOLUTION:
            return _completes(self.solution, piece, self.rules.start.text) or _completes(
                self.solution, piece, self.rules.end.text
            )
        if self.thinking_tokens < self._no_close_before and self.rules.end.id is None:
            return _completes(self.thought, piece, self.rules.end.text)
        return False

    @property
    def boost(self) -> float:
        """What a soft cut adds to the logit of the end marker's first token, in nats."""
        ramp = self.rules.ramp
        if not ramp or self.phase is not Phase.THINKING or self.thinking_tokens < self.rules.min_thinking:
            return 0.0
        step = self.thinking_tokens - (self.rules.thinking - ramp)
        return SOFT_BOOST * (step + 1) / ramp if step >= 0 else 0.0

    # -- what was sampled --------------------------------------------------------------------------------------------

    def advance(self, token: int, piece: bytes, close: Literal["deadline", "sure"] | None = None) -> Move:
        """Takes a sampled token and its bytes; `close` says that the thought has to end with it, and why. Returns what
        to decode next."""
        if self.phase is Phase.THINKING:
            return self._think(token, piece, close)
        return self._answer(token, piece)

    def probe(self, question: Sequence[int]) -> Sequence[int]:
        """Closes the thought where it is, to read an answer. Returns what to decode: the end marker and `question`,
        which begins the answer."""
        self.stop_reason = "sure"
        self.phase = Phase.SOLUTION
        self.injected_tokens = len(self.rules.end.tokens) + len(question)
        return (*self.rules.end.tokens, *question)

    def abandon(self, reason: Literal["deadline", "interrupted"]) -> None:
        """Ends the generation where it is, for a reason from outside."""
        if self.phase is Phase.THINKING:
            self.stop_reason = reason
        self._finish(reason)

    def _finish(self, reason: FinishReason) -> Move:
        self.finish_reason = reason
        self.phase = Phase.DONE
        return Move(())

    def _think(self, token: int, piece: bytes, close: Literal["deadline", "sure"] | None) -> Move:
        rules = self.rules
        if token == rules.end.id or token in rules.ends:
            return self._close(token, close)
        self.thinking_tokens += 1
        self.thought += piece
        self._lengths.append(len(piece))
        if rules.end.id is None:
            at = self.thought.find(rules.end.text, max(0, len(self.thought) - len(piece) - len(rules.end.text)))
            if at >= 0:
                return self._close_by_text(token, at, close)
        if self.thinking_tokens >= rules.thinking:
            return self._cut(rules.thinking_reason, token)
        if self._guard is not None and self.thinking_tokens > rules.min_thinking and self._guard.repeats(token):
            return self._cut("loop", token)
        if close is not None:
            return self._cut(close, token)
        return Move((token,))

    def _close(self, token: int, close: Literal["deadline", "sure"] | None) -> Move:
        """The model ended its thought with the marker, or ended the whole reply: then the marker takes its place. A
        close before the minimum, which the model would not have been left, is the deadline's."""
        early = self.thinking_tokens < self.rules.min_thinking
        if early and close is None:
            return self._wait()
        self.stop_reason = close if early and close else "natural"
        self.phase = Phase.SOLUTION
        if token == self.rules.end.id:
            return Move((token,))
        self.injected_tokens += len(self.rules.end.tokens)
        return Move(self.rules.end.tokens)

    def _close_by_text(self, token: int, at: int, close: Literal["deadline", "sure"] | None) -> Move:
        """The marker's text is complete, from byte `at` of the thought on. Its tokens are no thinking tokens; what
        follows it in the last token begins the solution."""
        rest = bytes(self.thought[at + len(self.rules.end.text) :])
        marker_tokens, start = 0, len(self.thought)
        while self._lengths and start - self._lengths[-1] >= at:
            start -= self._lengths.pop()
            marker_tokens += 1
        self.thinking_tokens -= marker_tokens
        early = self.thinking_tokens < self.rules.min_thinking
        if early and close is None:
            del self.thought[start:]
            if start > at:
                self._drop_last()
                marker_tokens += 1
            return self._wait(rollback=marker_tokens - 1)
        del self.thought[at:]
        self.stop_reason = close if early and close else "natural"
        self.phase = Phase.SOLUTION
        self.solution += rest
        return Move((token,))

    def _wait(self, rollback: int = 0) -> Move:
        """Goes on thinking in the place of a close that came too early."""
        self.injected_tokens += len(self.rules.wait)
        self._inject(self.rules.wait_text)
        self._no_close_before = self.thinking_tokens + WAIT_SPACING
        return Move(self.rules.wait, rollback)

    def _cut(self, reason: StopReason, token: int) -> Move:
        """Ends the thought behind `token`: trailing half characters and markers out, then what the style injects."""
        dropped, whole = 0, self.settled
        while len(self.thought) > whole:
            self._drop_last()
            dropped += 1
        rules = self.rules
        injected = (*rules.message, *rules.end.tokens)
        self._inject(rules.message_text)
        self.injected_tokens += len(injected)
        self.stop_reason = reason
        self.phase = Phase.SOLUTION
        return Move(injected, dropped - 1) if dropped else Move((token, *injected))

    def _inject(self, text: str) -> None:
        """Puts our own text into the thought."""
        start = len(self.thought)
        self.thought += text.encode()
        self._lengths.append(len(self.thought) - start)
        if text:
            self.injections.append((start, len(self.thought)))

    def _drop_last(self) -> None:
        """Takes the last token out of the thought; it was sampled, so it stays counted."""
        length = self._lengths.pop()
        if length:
            del self.thought[-length:]
        self.rolled_back_tokens += 1

    def _answer(self, token: int, piece: bytes) -> Move:
        if token in self.rules.ends:
            return self._finish("stop")
        self.solution_tokens += 1
        self.solution += piece
        if self.rules.one_box and b"}" in piece and self.solution.count(b"}") > self.solution.count(b"{"):
            return self._finish("stop")
        if self.solution_tokens >= self.rules.solution:
            return self._finish("length")
        return Move((token,))

    @property
    def pauses(self) -> bool:
        """Whether the thought stands at a natural pause: the end of a line or of a sentence."""
        return self.thought.endswith((b"\n", b". ", b"? ", b"! "))

    # -- what can be shown -------------------------------------------------------------------------------------------

    @property
    def settled(self) -> int:
        """Bytes of the thought that no cut would take back: all but a trailing half character or half marker."""
        thought = self.thought
        start = len(thought)
        end = start - _incomplete(thought, start)
        if self.rules.end.id is None:
            end = min(end, start - _overlap(thought, self.rules.end.text))
        for length in reversed(self._lengths):
            if start <= end:
                break
            start -= length
            if start <= end:
                end = start - _incomplete(thought, start)  # the token began inside a character
        return start


def _completes(text: bytearray, piece: bytes, marker: bytes) -> bool:
    """Whether `piece` behind `text` finishes a spelling of `marker`."""
    if not piece or marker[-1] not in piece:
        return False
    return marker in bytes(text[-len(marker) :]) + piece


def _incomplete(text: bytes | bytearray, end: int) -> int:
    """Bytes before `end` that begin a UTF-8 character without finishing it: 0 to 3."""
    for back in range(1, min(4, end + 1)):
        byte = text[end - back]
        if byte < 0x80:
            return 0
        if byte >= 0xC0:
            needed = 2 if byte < 0xE0 else 3 if byte < 0xF0 else 4 if byte < 0xF8 else 0
            return back if needed > back else 0
    return 0


def _overlap(text: bytes | bytearray, marker: bytes) -> int:
    """Bytes at the end of `text` that begin `marker` without finishing it."""
    for length in range(min(len(marker) - 1, len(text)), 0, -1):
        if text.endswith(marker[:length]):
            return length
    return 0
