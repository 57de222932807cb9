"""One generation as a pure state machine: thought, close, solution. This is where a thought is cut, for every reason.

It takes the tokens that were sampled and returns what to decode next. It knows no model, no clock and no logits: a
token's bytes come with the token, and so does the news that time is up. Its promises:

- thinking tokens never exceed the budget, whatever is sampled, and running with budget b is a prefix of b + 1;
- a cut leaves whole characters and no half marker in the thought: the tokens of either are rolled back.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from thinkcap.engine.budget import StopReason
from thinkcap.engine.limits import WAIT, WAIT_SPACING, Limits
from thinkcap.engine.loop_guard import LoopGuard
from thinkcap.engine.solution import Move, Solution
from thinkcap.engine.text_end import completes, incomplete, overlap, pauses

SOFT_BOOST = 20.0
"""Nats by which a soft cut raises the marker's logit in the end."""

CloseReason = Literal["deadline", "interrupted"]
"""Why a thought is closed from outside."""


class Phase(enum.Enum):
    """Where a generation is."""

    THINKING = "thinking"
    SOLUTION = "solution"
    DONE = "done"


@dataclass(slots=True)
class ThoughtState:
    """Where one generation is. Call `begin` once, then `advance` for every sampled token until `phase` is DONE;
    `abandon` ends it from outside.

    drawn       the tokens drawn in the thought before its budget had a say: those of every larger budget, too
    injections  where the thought holds injected text: the first byte, and the byte after the last
    """

    limits: Limits
    solution: Solution = field(init=False)
    phase: Phase = Phase.THINKING
    thinking_tokens: int = 0
    injected_tokens: int = 0
    rolled_back_tokens: int = 0
    stop_reason: StopReason = "interrupted"
    thought: bytearray = field(default_factory=bytearray)
    drawn: list[int] = field(default_factory=list)
    injections: list[tuple[int, int]] = field(default_factory=list)
    _lengths: list[int] = field(default_factory=list)
    _guard: LoopGuard | None = None
    _no_close_before: int = 0
    _boost_from: int = field(init=False)
    _pause_from: float = field(init=False)

    def __post_init__(self) -> None:
        limits = self.limits
        self.solution = Solution(limits)
        self._boost_from = limits.thinking - limits.ramp
        self._pause_from = limits.pause_from
        if limits.loop_guard and self._guard is None:
            self._guard = LoopGuard()

    def begin(self) -> Sequence[int]:
        """Starts; returns what to decode after the prompt: nothing, or at budget 0 the end marker."""
        if self.limits.thinking > 0:
            return ()
        self.stop_reason = self.limits.thinking_reason
        self.phase = Phase.SOLUTION
        self.injected_tokens += len(self.limits.end.tokens)
        return self.limits.end.tokens

    def replay(self, drawn: Sequence[int], piece: Callable[[int], bytes]) -> list[int]:
        """Begins with the tokens that were drawn under a smaller budget. Returns what the KV cache holds of the thought
        then, and what follows it if the thought is over."""
        held = list(self.begin())
        for token in drawn:
            if self.phase is not Phase.THINKING:
                break
            if self.forbids(piece(token)):
                self.drawn.append(token)
                continue
            move = self.advance(token, piece(token))
            if move.rollback:
                del held[-move.rollback :]
            held += move.feed
        return held

    def fork(self, limits: Limits) -> ThoughtState:
        """A copy of this state under different limits."""
        copied = replace(
            self,
            limits=limits,
            thought=bytearray(self.thought),
            drawn=list(self.drawn),
            injections=list(self.injections),
            _lengths=list(self._lengths),
            _guard=self._guard.copy() if self._guard is not None else None,
        )
        copied.solution = self.solution.copy(limits)
        return copied

    # -- what may be sampled next ------------------------------------------------------------------------------------

    @property
    def free(self) -> bool:
        """Whether the next token is sampled from the logits as they are: none is banned, forbidden or favoured."""
        return self.phase is Phase.THINKING and self._no_close_before <= self.thinking_tokens < self._boost_from

    @property
    def banned(self) -> list[int]:
        """Tokens that must not be sampled next."""
        limits = self.limits
        if self.phase is Phase.SOLUTION:
            return self.solution.banned
        if self.thinking_tokens < self._no_close_before:
            end = limits.end.id
            return [*limits.end_tokens, end] if end is not None else list(limits.end_tokens)
        return []

    def forbids(self, piece: bytes) -> bool:
        """Whether a token with these bytes would spell out a marker that may not come now."""
        if self.phase is Phase.SOLUTION:
            return self.solution.forbids(piece)
        if self.thinking_tokens < self._no_close_before and self.limits.end.id is None:
            return completes(self.thought, piece, self.limits.end.text)
        return False

    @property
    def boost(self) -> float:
        """What a soft cut adds to the logit of the end marker's first token, in nats."""
        ramp = self.limits.ramp
        if not ramp or self.phase is not Phase.THINKING or self.thinking_tokens < self.limits.min_thinking:
            return 0.0
        step = self.thinking_tokens - (self.limits.thinking - ramp)
        return SOFT_BOOST * (step + 1) / ramp if step >= 0 else 0.0

    # -- what was sampled --------------------------------------------------------------------------------------------

    def refuse(self, token: int) -> None:
        """A token was drawn that `forbids` excludes, so another one is."""
        if self.phase is Phase.THINKING and self.thinking_tokens < self._boost_from:
            self.drawn.append(token)

    def advance(self, token: int, piece: bytes, close: CloseReason | None = None) -> Move:
        """Takes a sampled token and its bytes. Returns what to decode next.

        close  why the thought has to end with this token, None if it may go on
        """
        if self.phase is Phase.THINKING:
            if self.thinking_tokens < self._boost_from:
                self.drawn.append(token)
            return self._think(token, piece, close)
        unused = self.limits.thinking - self.thinking_tokens if self.limits.pooled else 0
        move = self.solution.advance(token, piece, cut=self.stop_reason != "natural", unused=unused)
        if self.solution.over:
            self.phase = Phase.DONE
        return move

    def abandon(self, reason: Literal["deadline", "interrupted"]) -> None:
        """Ends the generation where it is, for a reason from outside."""
        if self.phase is Phase.THINKING:
            self.stop_reason = reason
        self.solution.finish(reason)
        self.phase = Phase.DONE

    def _think(self, token: int, piece: bytes, close: CloseReason | None) -> Move:
        limits = self.limits
        if token == limits.end.id or token in limits.end_tokens:
            return self._close(token, close)
        self.thinking_tokens += 1
        self.thought += piece
        self._lengths.append(len(piece))
        if limits.end.id is None:
            at = self.thought.find(limits.end.text, max(0, len(self.thought) - len(piece) - len(limits.end.text)))
            if at >= 0:
                return self._close_by_text(token, at, close)
        if self.thinking_tokens >= limits.thinking:
            return self._cut(limits.thinking_reason, token)
        if self.thinking_tokens >= self._pause_from and pauses(self.thought):
            return self._cut("budget", token)
        if self._guard is not None and self.thinking_tokens > limits.min_thinking and self._guard.repeats(token):
            return self._cut("loop", token)
        if close is not None:
            return self._cut(close, token)
        return Move((token,))

    def _close(self, token: int, close: CloseReason | None) -> Move:
        """The model ended its thought with the marker, or ended the whole reply: then the marker replaces the end. If
        it closes before the minimum and has to close anyway, the reason is that one."""
        early = self.thinking_tokens < self.limits.min_thinking
        if early and close is None:
            return self._wait()
        self.stop_reason = close if early and close else "natural"
        self.phase = Phase.SOLUTION
        if token == self.limits.end.id:
            return Move((token,))
        self.injected_tokens += len(self.limits.end.tokens)
        return Move(self.limits.end.tokens)

    def _close_by_text(self, token: int, at: int, close: CloseReason | None) -> Move:
        """The marker's text is complete; it begins at byte `at` of the thought. Its tokens are no thinking tokens, and
        what follows it in the last token begins the solution."""
        rest = bytes(self.thought[at + len(self.limits.end.text) :])
        marker_tokens, start = 0, len(self.thought)
        while self._lengths and start - self._lengths[-1] >= at:
            start -= self._lengths.pop()
            marker_tokens += 1
        self.thinking_tokens -= marker_tokens
        early = self.thinking_tokens < self.limits.min_thinking
        if early and close is None:
            del self.thought[start:]
            if start > at:
                self._drop_last()
                marker_tokens += 1
            return self._wait(rollback=marker_tokens - 1)
        del self.thought[at:]
        self.stop_reason = close if early and close else "natural"
        self.phase = Phase.SOLUTION
        self.solution.begin(rest)
        return Move((token,))

    def _wait(self, rollback: int = 0) -> Move:
        """Replaces a close that came too early, and the thought goes on."""
        self.injected_tokens += len(self.limits.wait)
        self._inject(WAIT)
        self._no_close_before = self.thinking_tokens + WAIT_SPACING
        return Move(self.limits.wait, rollback)

    def _cut(self, reason: StopReason, token: int) -> Move:
        """Ends the thought after `token`: rolls back half characters and markers, then injects what the style wants."""
        dropped, whole = 0, self.settled
        while len(self.thought) > whole:
            self._drop_last()
            dropped += 1
        limits = self.limits
        injected = (*limits.message, *limits.end.tokens)
        self._inject(limits.message_text)
        self.injected_tokens += len(injected)
        self.stop_reason = reason
        self.phase = Phase.SOLUTION
        return Move(injected, dropped - 1) if dropped else Move((token, *injected))

    def _inject(self, text: str) -> None:
        """Adds injected text to the thought."""
        start = len(self.thought)
        self.thought += text.encode()
        self._lengths.append(len(self.thought) - start)
        if text:
            self.injections.append((start, len(self.thought)))

    def _drop_last(self) -> None:
        """Rolls the last token back; it was sampled, so it stays counted."""
        length = self._lengths.pop()
        if length:
            del self.thought[-length:]
        self.rolled_back_tokens += 1

    # -- what can be shown -------------------------------------------------------------------------------------------

    @property
    def settled(self) -> int:
        """Bytes of the thought that no cut would roll back: all but a trailing half character or half marker."""
        thought = self.thought
        start = len(thought)
        end = start - incomplete(thought, start)
        if self.limits.end.id is None:
            end = min(end, start - overlap(thought, self.limits.end.text))
        for length in reversed(self._lengths):
            if start <= end:
                break
            start -= length
            if start <= end:
                end = start - incomplete(thought, start)  # the token began inside a character
        return start
