"""A sequence: one generation in flight, from its prompt's tokens to its last."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from collections.abc import Sequence as Tokens
from typing import Literal

import numpy as np

from thinkcap.engine.course import Course, Phase, Rules
from thinkcap.engine.events import Answered, Closed, Event, Started, Thought
from thinkcap.engine.outcome import Seconds
from thinkcap.engine.request import Request
from thinkcap.engine.sampler import Logits, draw, generator
from thinkcap.engine.unfolding import Unfolding

SOLUTION_SHARE = 0.5
"""A time limit keeps at most this share of itself free for the solution."""


class Sequence:
    """One generation in flight. The step loop decodes `pending` and hands the logits behind it to `take`.

    request         what was asked
    prompt          the prompt's tokens
    rules           its limits, resolved
    piece           the bytes of a token
    usual_solution  tokens a time limit keeps free for the solution
    streams         whether it keeps events for `events`

    slot            its sequence id in the KV cache while it is admitted, else -1
    decoded         its tokens in the KV cache
    pending         tokens to decode next
    rollback        decoded tokens to forget before that
    """

    def __init__(
        self,
        request: Request,
        prompt: list[int],
        rules: Rules,
        piece: Callable[[int], bytes],
        usual_solution: int,
        streams: bool = False,
    ) -> None:
        self.request = request
        self.prompt = prompt
        self.course = Course(rules)
        self.slot = -1
        self.decoded = 0
        self.rollback = 0
        self.tokens: list[int] = []
        self.pending: Tokens[int] = (*prompt, *self.course.begin())
        self._piece = piece
        self._usual_solution = min(usual_solution, rules.solution)
        self._random = self._generator("thinking")
        self._began = self._thought_from = self._answered_from = self._ended = 0.0
        self._events: list[Event] = []
        self._streams = streams
        self._thought_text, self._solution_text = Unfolding(), Unfolding()

    @property
    def worst_case(self) -> int:
        """KV cells it can come to occupy at most."""
        return len(self.prompt) + self.course.rules.most_tokens

    @property
    def prefilling(self) -> bool:
        """Whether its prompt is not wholly decoded yet."""
        return self.decoded < len(self.prompt)

    @property
    def finished(self) -> bool:
        return self.course.phase is Phase.DONE

    def begin(self, slot: int) -> None:
        """Starts its clock; called on admission."""
        self.slot = slot
        self._began = time.perf_counter()
        self._tell(Started(len(self.prompt), self.course.rules.thinking, self.course.rules.thinking_reason == "budget"))

    def consumed(self, count: int) -> None:
        """The first `count` pending tokens are in the KV cache now: decoded, or shared with another sequence."""
        self.tokens += self.pending[:count]
        self.decoded += count
        self.pending = self.pending[count:]

    def forgot(self, count: int) -> None:
        """The last `count` decoded tokens were taken out of the KV cache."""
        self.decoded -= count
        del self.tokens[self.decoded :]

    def take(self, logits: Logits) -> None:
        """Samples from the logits behind its last token and moves on."""
        course, now = self.course, time.perf_counter()
        if not self._thought_from:
            self._thought_from = now
            if course.phase is Phase.SOLUTION:
                self._close(now)
        if self._expired(now):
            return
        thinking = course.phase is Phase.THINKING
        token = self._sample(logits)
        move = course.advance(token, self._piece(token), thinking and self._must_close(now))
        self.pending, self.rollback = move.feed, move.rollback
        if self._streams and thinking:
            self._tell_thought()
        if thinking and course.phase is not Phase.THINKING:
            self._close(now)
        if course.phase is Phase.DONE:
            self._ended = time.perf_counter()
        if self._streams and not thinking:
            self._tell_solution()

    def interrupt(self) -> None:
        """Ends it where it is."""
        self._abandon("interrupted", time.perf_counter())

    def seconds(self, load: float) -> Seconds:
        """How long each phase took."""
        return Seconds(
            load,
            self._thought_from - self._began,
            self._answered_from - self._thought_from,
            self._ended - self._answered_from,
        )

    def texts(self) -> tuple[str, str]:
        """Thought and solution; half a character at the solution's end is left out."""
        solution = self.course.solution
        return self.course.thought.decode("utf-8", "replace"), Unfolding().upto(solution, len(solution))

    def events(self) -> Iterator[Event]:
        """What happened since the last call."""
        yield from self._events
        self._events.clear()

    def _generator(self, phase: Literal["thinking", "solution"]) -> np.random.Generator:
        return generator(self.request.seed, self.request.problem, self.request.sample, phase)

    def _sample(self, logits: Logits) -> int:
        course = self.course
        if banned := course.banned:
            logits[list(banned)] = -float("inf")
        if boost := course.boost:
            logits[course.rules.end.tokens[0]] += boost
        while course.forbids(self._piece(token := draw(logits, self.request.sampling, self._random))):
            logits[token] = -float("inf")
        return token

    def _expired(self, now: float) -> bool:
        """Ends it at its time limit."""
        limit = self.request.budget.time_limit
        if limit is None or now - self._began < limit:
            return False
        self._abandon("deadline", now)
        return True

    def _must_close(self, now: float) -> bool:
        """Whether the thought has to end now for its solution to fit the time limit, by the rate measured so far."""
        limit = self.request.budget.time_limit
        if limit is None:
            return False
        seconds_per_token = (now - self._thought_from) / max(1, self.course.thinking_tokens)
        needed = min(seconds_per_token * self._usual_solution, SOLUTION_SHARE * limit)
        return now - self._began + needed >= limit

    def _abandon(self, reason: Literal["deadline", "interrupted"], now: float) -> None:
        thinking = self.course.phase is Phase.THINKING
        self.course.abandon(reason)
        self.pending = ()
        self._began = self._began or now
        self._thought_from = self._thought_from or now
        if self._streams and thinking:
            self._tell_thought()
        if thinking:
            self._close(now)
        self._ended = now

    def _close(self, now: float) -> None:
        """The thought is over."""
        self._answered_from = now
        self._random = self._generator("solution")
        course = self.course
        self._tell(Closed(course.stop_reason, course.thinking_tokens, course.injected_tokens, now - self._thought_from))
        if self._streams and course.solution:
            self._tell_solution()

    def _tell(self, event: Event) -> None:
        if self._streams:
            self._events.append(event)

    def _tell_thought(self) -> None:
        """Tells the text that a token settled, injections apart from the model's words; a count even without text."""
        course, unfolding = self.course, self._thought_text
        over = course.phase is not Phase.THINKING
        end = len(course.thought) if over else course.settled
        for first, behind in course.injections:
            if unfolding.told < behind:
                if unfolding.told < first:
                    self._tell(Thought(unfolding.upto(course.thought, first), course.thinking_tokens))
                self._tell(Thought(unfolding.upto(course.thought, behind), course.thinking_tokens, injected=True))
        text = unfolding.upto(course.thought, end, final=over)
        if text or not over:
            self._tell(Thought(text, course.thinking_tokens))

    def _tell_solution(self) -> None:
        course = self.course
        text = self._solution_text.upto(course.solution, len(course.solution))
        if text:
            self._tell(Answered(text, course.solution_tokens))
