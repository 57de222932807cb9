"""A sequence: one generation in flight, from its prompt's tokens to its last."""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from collections.abc import Sequence as Tokens
from copy import deepcopy
from dataclasses import dataclass, replace
from typing import Literal

from thinkcap.engine.events import Answered, Closed, Event, Started, Thought
from thinkcap.engine.outcome import Seconds
from thinkcap.engine.profile import Sampling
from thinkcap.engine.request import Request
from thinkcap.engine.sampler import Draws, Logits, draw, log_probability
from thinkcap.engine.thought import Phase, Rules, ThoughtState
from thinkcap.engine.utf8_stream import Utf8Stream

PROBE_SPACING = 64
"""Thinking tokens between two early answers at least."""

PROBE_TOKENS = 48
"""Tokens of an early answer at most."""

PROBE_CONFIDENCE = 0.8
"""Mean probability (geometric, of its tokens) from which an early answer counts as confident."""

PACE_TOKENS = 16
"""Tokens that "lately" stands for."""

SAFETY = 0.25
"""What a time limit keeps free for the solution beyond what is expected of it."""

SOLUTION_SHARE = 0.5
"""A time limit keeps at most this share of itself free for the solution."""


@dataclass(frozen=True, slots=True)
class Fork:
    """A generation that shares the beginning of another's thought: the same request under a smaller budget."""

    request: Request
    rules: Rules

    @property
    def at(self) -> int:
        """Thinking tokens that the two have in common."""
        return self.rules.thinking - self.rules.ramp

    @property
    def cells(self) -> int:
        """KV cells of its own that it can come to need."""
        return self.rules.ramp + self.rules.most_injected + self.rules.solution


@dataclass(frozen=True, slots=True)
class _Branch:
    """A fork that was reached: its course from there on, how many decoded tokens it shares, what it decodes first."""

    request: Request
    course: ThoughtState
    shared: int
    feed: Tokens[int]


@dataclass(frozen=True, slots=True)
class Probe:
    """How early answers are asked for.

    question  tokens that begin the answer, behind the end marker
    opening   their text
    read      reads the answer out of a solution
    """

    question: tuple[int, ...]
    opening: str
    read: Callable[[str], str | None]

    @property
    def cells(self) -> int:
        """KV cells that one early answer can come to need, beside the end marker."""
        return len(self.question) + PROBE_TOKENS


class Sequence:
    """One generation in flight. The step loop decodes `pending` and hands the logits behind it to `take`.

    request         what was asked
    prompt          the prompt's tokens
    rules           its limits, resolved
    piece           the bytes of a token
    usual_solution  tokens a time limit keeps free for the solution
    streams         whether it keeps events for `events`
    forks           generations to fork off on the way, by the length of what they share
    probe           how early answers are asked for, where the request wants them

    slot            its sequence id in the KV cache while it is admitted, else -1
    decoded         its tokens in the KV cache
    pending         tokens to decode next
    rollback        decoded tokens to forget before that
    cells, seats    what it reserves of the KV cache: tokens, and sequences with those it will fork off
    longest         tokens that it, or one that it forks off, can come to at most
    offspring       sequences forked off by the last `take`, for the loop to adopt
    unreached       forks that the thought ended before: its own outcome is theirs
    parent          whose early answer this is, None for all others
    probe_tokens    tokens that its early answers took
    """

    def __init__(
        self,
        request: Request,
        prompt: list[int],
        rules: Rules,
        piece: Callable[[int], bytes],
        usual_solution: int,
        streams: bool = False,
        forks: Iterable[Fork] = (),
        probe: Probe | None = None,
    ) -> None:
        self.request = request
        self.prompt = prompt
        self.course = ThoughtState(rules)
        self.slot = -1
        self.decoded = 0
        self.rollback = 0
        self.tokens: list[int] = []
        self.pending: Tokens[int] = (*prompt, *self.course.begin())
        self._piece = piece
        self._usual_solution = min(usual_solution, rules.solution)
        self._random = self._draws("thinking")
        self._pace = self._last_taken = 0.0
        self._began = self._thought_from = self._answered_from = self._ended = 0.0
        self._time_limit = request.budget.time_limit
        self._hurries = self._time_limit is not None or request.until_sure > 0
        self._events: list[Event] = []
        self._streams = streams
        self._thought_text, self._solution_text = Utf8Stream(), Utf8Stream()
        self._forks = deque(forks)
        self._branches: list[_Branch] = []
        self._replies = request.answers_per_thought - 1
        self.offspring: list[Sequence] = []
        self.unreached: list[Fork] = []
        self.cells = len(prompt) + rules.most_tokens + self._replies * rules.solution
        self.cells += sum(fork.cells + self._replies * rules.solution for fork in self._forks)
        self.seats = (1 + len(self._forks)) * request.answers_per_thought
        self.longest = len(prompt) + rules.most_tokens
        self.parent: Sequence | None = None
        self.probe_tokens = 0
        self._probe = probe if request.until_sure else None
        self._probing = False
        self._next_probe = PROBE_SPACING
        self._agreed: list[str] = []
        self._log_probability = 0.0
        if self._probe is not None:
            self.cells += self._probe.cells + len(rules.end.tokens)
            self.longest += self._probe.cells + len(rules.end.tokens)
            self.seats += 1

    @property
    def prefilling(self) -> bool:
        """Whether its prompt is not wholly decoded yet."""
        return self.decoded < len(self.prompt)

    @property
    def thinking(self) -> bool:
        return self.course.phase is Phase.THINKING

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
            self._thought_from = self._last_taken = now
            self._begin_thought(now)
        if self._probe is not None and self._wants_probe():
            self._ask()
        if self._branches or (self._replies and course.phase is Phase.SOLUTION):
            self._fork_off(logits)
        if self._time_limit is not None and self._expired(now):
            return
        thinking = course.phase is Phase.THINKING
        twins = self._twins() if thinking and self._forks else ()
        token = self._sample(logits)
        piece = self._piece(token)
        move = course.advance(token, piece, self._must_close(now) if thinking and self._hurries else None)
        for fork, twin in twins:
            self._reach(fork, twin, token, piece)
        self.pending, self.rollback = move.feed, move.rollback
        if self._streams and thinking:
            self._tell_thought()
        if thinking and course.phase is not Phase.THINKING:
            self._close(now)
        if course.phase is Phase.DONE:
            self._ended = time.perf_counter()
        if self._streams and not thinking:
            self._tell_solution()

    def _begin_thought(self, now: float) -> None:
        """The prompt is decoded: what shares nothing but the prompt forks off here."""
        if self.course.phase is Phase.SOLUTION:
            self._close(now)
        while self._forks and self._forks[0].at == 0:
            fork = self._forks.popleft()
            course = ThoughtState(fork.rules)
            self._branches.append(_Branch(fork.request, course, self.decoded, course.begin()))

    def _twins(self) -> list[tuple[Fork, ThoughtState]]:
        """Courses for the forks that the next token may complete."""
        twins = []
        while self._forks and self._forks[0].at <= self.course.thinking_tokens + 1:
            fork = self._forks.popleft()
            twins.append((fork, self.course.twin(fork.rules)))
        return twins

    def _reach(self, fork: Fork, twin: ThoughtState, token: int, piece: bytes) -> None:
        """Gives a fork's course the last token it shares. It branches off once that token is decoded, unless the
        thought ended by itself."""
        before = twin.rolled_back_tokens
        move = twin.advance(token, piece)
        if twin.phase is not Phase.THINKING and twin.stop_reason != "budget":
            self.unreached.append(fork)
        elif twin.rolled_back_tokens == before:
            self._branches.append(_Branch(fork.request, twin, self.decoded + 1, move.feed[1:]))
        else:
            self._branches.append(_Branch(fork.request, twin, self.decoded - move.rollback, move.feed))

    def _fork_off(self, logits: Logits) -> None:
        """Makes sequences of the branches that are decoded, and of further replies to a thought that is closed."""
        now = time.perf_counter()
        branches, self._branches = self._branches, []
        if self.course.phase is Phase.SOLUTION:
            for reply in range(1, self._replies + 1):
                request = replace(self.request, answers_per_thought=1, answer_index=reply, fork_budgets=())
                branches.append(_Branch(request, self.course.twin(self.course.rules), self.decoded, ()))
            self._replies = 0
        for branch in branches:
            child = self._child(branch, now)
            self.cells -= child.cells
            self.seats -= child.seats
            self.offspring.append(child)
            if not branch.feed:
                child.take(logits.copy())

    def _child(self, branch: _Branch, now: float) -> Sequence:
        rules = branch.course.rules
        child = Sequence(branch.request, self.prompt, rules, self._piece, self._usual_solution)
        child.course = branch.course
        child.tokens = self.tokens[: branch.shared]
        child.decoded = branch.shared
        child.pending = branch.feed
        child._began, child._thought_from = self._began, self._thought_from
        if branch.request.answer_index:
            child.unreached = self.unreached
            child.cells = rules.solution
            child._answered_from = now
            child._random = child._draws("solution")
        else:
            child.cells = Fork(branch.request, rules).cells + child._replies * rules.solution
            child._random = deepcopy(self._random)
            if branch.course.phase is Phase.SOLUTION:
                child._close(now)
        return child

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
        return self.course.thought.decode("utf-8", "replace"), Utf8Stream().upto(solution, len(solution))

    def events(self) -> Iterator[Event]:
        """What happened since the last call."""
        yield from self._events
        self._events.clear()

    def _draws(self, phase: Literal["thinking", "solution"]) -> Draws:
        request = self.request
        stream = f"{phase} {request.answer_index}" if request.answer_index else phase
        return Draws(request.seed, request.problem, request.sample, stream)

    def _sample(self, logits: Logits) -> int:
        course = self.course
        if course.free and self.parent is None:
            return draw(logits, self.request.sampling, self._random)
        if banned := course.banned:
            logits[banned] = -float("inf")
        if boost := course.boost:
            logits[course.rules.end.tokens[0]] += boost
        while course.forbids(self._piece(token := draw(logits, self.request.sampling, self._random))):
            logits[token] = -float("inf")
        if self.parent is not None and token not in course.rules.ends:
            self._log_probability += log_probability(logits, token)
        return token

    def _expired(self, now: float) -> bool:
        """Ends it at its time limit."""
        if self._time_limit is None or now - self._began < self._time_limit:
            return False
        self._abandon("deadline", now)
        return True

    def _must_close(self, now: float) -> Literal["deadline", "sure"] | None:
        """Why the thought has to end now: early answers agree, or its solution would not fit the time limit any more,
        by the rates measured so far: over the whole thought, and lately, as a long context slows a model down."""
        if self.request.until_sure and len(self._agreed) >= self.request.until_sure:
            return "sure"
        limit = self._time_limit
        if limit is None:
            return None
        average = (now - self._thought_from) / max(1, self.course.thinking_tokens)
        self._pace += (now - self._last_taken - self._pace) / PACE_TOKENS
        self._last_taken = now
        needed = max(average, self._pace) * self._usual_solution * (1 + SAFETY)
        needed = min(needed, SOLUTION_SHARE * limit)
        return "deadline" if now - self._began + needed >= limit else None

    def _wants_probe(self) -> bool:
        """Whether to ask for an early answer here: at a pause, not too soon after the last."""
        course = self.course
        count = course.thinking_tokens
        due = not self._probing and count >= max(self._next_probe, course.rules.min_thinking)
        return due and course.phase is Phase.THINKING and course.pauses

    def _ask(self) -> None:
        """Forks off an early answer: the thought closed here, the most likely answer read."""
        assert self._probe is not None
        self._probing = True
        self._next_probe = self.course.thinking_tokens + PROBE_SPACING
        rules = replace(self.course.rules, solution=PROBE_TOKENS, one_box=True, style="bare", message=())
        request = replace(self.request, sampling=Sampling(0.0), until_sure=0, fork_budgets=(), answers_per_thought=1)
        child = Sequence(request, self.prompt, rules, self._piece, self._usual_solution)
        child.course = self.course.twin(rules)
        child.parent = self
        child.cells = child.seats = 0  # its parent keeps room for one at a time
        child.tokens = list(self.tokens)
        child.decoded = self.decoded
        child.pending = child.course.probe(self._probe.question)
        child._thought_from = self._thought_from
        self.offspring.append(child)

    def answered(self, child: Sequence) -> None:
        """Hears an early answer: one that is confident counts with those before it that were the same."""
        assert self._probe is not None
        self._probing = False
        tokens = child.course.solution_tokens
        self.probe_tokens += child.course.injected_tokens + tokens
        answer = self._probe.read(self._probe.opening + child.texts()[1])
        confident = tokens > 0 and child._log_probability / tokens >= math.log(PROBE_CONFIDENCE)
        if answer is None or not confident:
            self._agreed = []
        else:
            self._agreed = [*(same for same in self._agreed if same == answer), answer]

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
        """The thought is over; forks it did not get to share its outcome."""
        self.unreached += self._forks
        self._forks.clear()
        self._answered_from = now
        self._random = self._draws("solution")
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
