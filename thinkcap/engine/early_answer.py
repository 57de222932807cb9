"""Early answers: the thought is asked what it would answer now, and closed once the answers agree."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

from thinkcap.engine.limits import Limits
from thinkcap.engine.request import Request
from thinkcap.engine.thought import Phase, ThoughtState

SPACING = 64
"""Thinking tokens between two early answers at least."""

MAX_TOKENS = 48
"""Tokens of an early answer at most."""

CONFIDENCE = 0.8
"""Geometric mean probability of its tokens from which an early answer counts as confident."""


@dataclass(frozen=True, slots=True)
class Question:
    """How an early answer is asked for.

    tokens   what begins the answer, after the end marker
    opening  their text
    read     reads the answer out of a solution
    """

    tokens: tuple[int, ...]
    opening: str
    read: Callable[[str], str | None]


class EarlyAnswers:
    """The early answers of one thought.

    tokens  tokens spent on them so far, injected and sampled
    closed  whether the thought is over, so that answers come too late
    """

    def __init__(self, question: Question, needed: int) -> None:
        self._question = question
        self._needed = needed
        self._asking = False
        self._next = SPACING
        self._agreed: list[str] = []
        self.tokens = 0
        self.closed = False

    def cells(self, limits: Limits) -> int:
        """KV cells that one early answer can need."""
        return len(self._question.tokens) + MAX_TOKENS + len(limits.end.tokens)

    @property
    def agree(self) -> bool:
        """Whether as many as needed in a row were confident and the same."""
        return len(self._agreed) >= self._needed

    def due(self, state: ThoughtState) -> bool:
        """Whether to ask now: at a pause, not too soon after the last time."""
        count = state.thinking_tokens
        ready = not self._asking and count >= max(self._next, state.limits.min_thinking)
        return ready and state.phase is Phase.THINKING and state.pauses

    def ask(self, request: Request, state: ThoughtState) -> tuple[Request, ThoughtState, tuple[int, ...]]:
        """The request and state of an early answer, and what it decodes first: the thought closed here, the likeliest
        answer read."""
        self._asking = True
        self._next = state.thinking_tokens + SPACING
        limits = replace(state.limits, solution=MAX_TOKENS, stops_after_box=True, style="bare", message=())
        settings = replace(request.settings, temperature=0.0, until_sure=0, time_limit=None)
        asked = replace(request, settings=settings, fork_budgets=(), answers_per_thought=1)
        forked = state.fork(limits)
        return asked, forked, tuple(forked.probe(self._question.tokens))

    def hear(self, state: ThoughtState, solution: str, log_probability: float) -> None:
        """Takes an early answer; a confident one counts together with those before it that were the same.

        log_probability  the sum over its tokens
        """
        self._asking = False
        self.tokens += state.injected_tokens + state.solution_tokens
        answer = self._question.read(self._question.opening + solution)
        tokens = state.solution_tokens
        confident = tokens > 0 and log_probability / tokens >= math.log(CONFIDENCE)
        if answer is None or not confident:
            self._agreed = []
        else:
            self._agreed = [*(same for same in self._agreed if same == answer), answer]
