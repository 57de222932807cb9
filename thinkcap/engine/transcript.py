"""What a generation's reader gets to see: its state turned into events, text in whole characters."""

from __future__ import annotations

from collections import deque

from thinkcap.engine.events import Answered, Closed, Event, Started, Thought
from thinkcap.engine.text_end import incomplete
from thinkcap.engine.thought import Phase, ThoughtState
from thinkcap.engine.utf8_stream import Utf8Stream


class Transcript:
    """The events of one generation, appended to `events` as they happen; `shown` bytes of its thought were shown
    before."""

    def __init__(self, events: deque[Event], shown: int = 0) -> None:
        self._events = events
        self._thought, self._solution = Utf8Stream(shown), Utf8Stream()

    def started(self, prompt_tokens: int, state: ThoughtState) -> None:
        limits = state.limits
        resumed = state.thought[: self._thought.position].decode("utf-8", "replace") if state.drawn else ""
        self._events.append(Started(prompt_tokens, limits.thinking, limits.thinking_reason == "budget", resumed))

    def thought(self, state: ThoughtState) -> None:
        """The text that the last token settled, with injected text separate from the model's; a count even without
        text."""
        over = state.phase is not Phase.THINKING
        end = len(state.thought) if over else state.settled
        for first, after in state.injections:
            if self._thought.position < after:
                if self._thought.position < first:
                    self._think(state, first)
                self._think(state, after, injected=True)
        text = self._thought.read(state.thought, end, final=over)
        if text or not over:
            self._events.append(Thought(text, state.thinking_tokens))

    def closed(self, state: ThoughtState, seconds: float) -> None:
        self._events.append(Closed(state.stop_reason, state.thinking_tokens, state.injected_tokens, seconds))
        if state.solution.text:
            self.solution(state)

    def solution(self, state: ThoughtState) -> None:
        solution = state.solution
        text = self._solution.read(solution.text, len(solution.text) - incomplete(solution.text, len(solution.text)))
        if text:
            self._events.append(Answered(text, solution.tokens + solution.probe_tokens))

    def _think(self, state: ThoughtState, end: int, injected: bool = False) -> None:
        self._events.append(Thought(self._thought.read(state.thought, end), state.thinking_tokens, injected))
