"""One generation in flight: its tokens in the KV cache, what it decodes next, and how it samples."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from collections.abc import Sequence as Tokens
from copy import deepcopy
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from thinkcap.engine.confidence import Confidence
from thinkcap.engine.deadline import Deadline
from thinkcap.engine.fork import Branch, Fork, ForkPlan
from thinkcap.engine.outcome import Seconds
from thinkcap.engine.request import Request
from thinkcap.engine.sampler import Draws, Logits, draw
from thinkcap.engine.thought import CloseReason, Phase, ThoughtState
from thinkcap.engine.transcript import Transcript
from thinkcap.engine.utf8_stream import Utf8Stream

if TYPE_CHECKING:
    from thinkcap.engine.generation import Generation


LONG_PROMPT = 512
"""Tokens of a prompt up to which it is read in pieces that llama.cpp rounds alike. A longer one would take a fifth more
time so."""


@dataclass(slots=True)
class Times:
    """When each phase began, in seconds of `time.perf_counter`; 0.0 if it has not."""

    prompt: float = 0.0
    thinking: float = 0.0
    solution: float = 0.0
    ended: float = 0.0

    def seconds(self, load: float) -> Seconds:
        """How long each phase took."""
        return Seconds(load, self.thinking - self.prompt, self.solution - self.thinking, self.ended - self.solution)


class Sequence:
    """One generation in flight. The scheduler decodes `pending` and gives the logits after it to `take`.

    request       what is solved
    prompt        the prompt's tokens
    begun         tokens that follow the prompt: those of a thought that is taken over, and the end marker if the
                  thought is over
    state         thought, close or solution
    piece         the bytes of a token
    owner         the generation whose reader waits for it
    transcript    where its events go, None if nobody reads them
    random        its random numbers, None for those that its request begins with
    cells         KV cells that it and everything it forks off can need in the worst case
    kv_sequences  sequences in the KV cache that they can need
    longest       tokens of the longest of them
    prefix        tokens that another sequence with the same beginning can share
    slot          its sequence in the KV cache while it is active
    tokens        what it has in the KV cache
    pending       tokens to decode next
    rollback      tokens to take out of the KV cache before that
    offspring     sequences that the last `take` forked off
    forks         what will fork off it
    confidence    the log-probabilities of its thought's tokens
    forked        whether it shares the beginning of another thought
    """

    def __init__(
        self,
        request: Request,
        prompt: list[int],
        state: ThoughtState,
        piece: Callable[[int], bytes],
        owner: Generation,
        *,
        begun: Tokens[int] = (),
        forks: Iterable[Fork] = (),
        deadline: Deadline | None = None,
        transcript: Transcript | None = None,
        random: Draws | None = None,
    ) -> None:
        self.request = request
        self.prompt = prompt
        self.prefix = [*prompt, *begun] if state.thinking_tokens else prompt
        self.state = state
        self.owner = owner
        self.slot = -1
        self.tokens: list[int] = []
        self.pending: Tokens[int] = (*prompt, *begun)
        self.resumed_tokens = state.thinking_tokens if begun else 0
        self.rollback = 0
        self.times = Times()
        self.forks = ForkPlan(request, state.limits.max_answer, forks)
        self.offspring: list[Sequence] = []
        self.forked = False
        self.confidence = Confidence()
        self.longest = len(prompt) + state.limits.max_tokens
        self.cells = self.longest + self.forks.cells
        self.kv_sequences = self.forks.kv_sequences
        self._piece = piece
        self._settings = request.settings
        self._random = random or _draws(request, "thinking", len(state.drawn))
        self._deadline = deadline
        self._transcript = transcript
        self._hurries = deadline is not None

    def _child(self, branch: Branch, now: float) -> Sequence:
        """The sequence of a branch, which shares the beginning of this one."""
        closed = branch.state.phase is Phase.SOLUTION
        random = _draws(branch.request, "solution") if closed else deepcopy(self._random)
        child = Sequence(branch.request, self.prompt, branch.state, self._piece, self.owner, random=random)
        child.forked = True
        child.resumed_tokens = self.resumed_tokens
        child.tokens = self.tokens[: branch.shared]
        child.pending = branch.feed
        child.cells = branch.cells
        child.times = replace(self.times, solution=now if closed else 0.0, ended=0.0)
        child.confidence = Confidence(self.confidence)
        if branch.request.answer_index:
            child.forks.missed = self.forks.missed
        return child

    @property
    def outcomes(self) -> int:
        """Outcomes that it and everything that forks off it come to."""
        return self.forks.kv_sequences

    @property
    def decoded(self) -> int:
        """Its tokens in the KV cache."""
        return len(self.tokens)

    @property
    def long_prompt(self) -> int:
        """Tokens still to be read of a prompt that is too long to be read in pieces."""
        return max(0, len(self.prompt) - self.decoded) if len(self.prompt) > LONG_PROMPT else 0

    @property
    def thinking(self) -> bool:
        return self.state.phase is Phase.THINKING

    @property
    def finished(self) -> bool:
        return self.state.phase is Phase.DONE

    def admit(self, slot: int) -> None:
        """Gives it a sequence of the KV cache and starts its clock."""
        self.slot = slot
        self.owner.begin()
        self.times.prompt = time.perf_counter()
        if self._deadline is not None:
            self._deadline.admit(self.times.prompt)
        if self._transcript is not None:
            self._transcript.started(len(self.prompt), self.state)

    def consume(self, count: int) -> None:
        """Its first `count` pending tokens are in the KV cache now, decoded or shared."""
        self.tokens += self.pending[:count]
        self.pending = self.pending[count:]

    def forget(self, keep: int) -> None:
        """Only its first `keep` tokens are left in the KV cache."""
        del self.tokens[keep:]

    def decode_again(self) -> None:
        """Its tokens are no longer in the KV cache: it has to decode all of them again."""
        self.pending = (*self.tokens, *self.pending)
        self.tokens.clear()

    def answer_now(self) -> None:
        """The thought closes with the next token, for the reason `interrupted`."""
        self._hurries = True

    def take(self, logits: Logits) -> None:
        """Samples from the logits after its last token and moves on."""
        state, now = self.state, time.perf_counter()
        if not self.times.thinking:
            self._start_thought(now)
        for branch in self.forks.due(state, self.decoded):
            self._fork_off(branch, logits, now)
        if self._deadline is not None and self._deadline.expired(now):
            self.abandon("deadline", now)
            return
        thinking = state.phase is Phase.THINKING
        token, chance = self._sample(logits)
        piece = self._piece(token)
        if thinking:
            self.forks.open(state)
            self.forks.advance(token, piece, self.decoded)
        move = state.advance(token, piece, self._close_reason(now) if thinking and self._hurries else None)
        self.pending, self.rollback = move.feed, move.rollback
        if thinking:
            self.confidence.append(chance)
            if self._transcript is not None:
                self._transcript.thought(state)
            if state.phase is not Phase.THINKING:
                self._close(now)
        elif self._transcript is not None:
            self._transcript.solution(state)
        if state.phase is Phase.DONE:
            self.times.ended = time.perf_counter()

    def abandon(self, reason: Literal["deadline", "interrupted"], now: float | None = None) -> None:
        """Ends it where it is."""
        now = time.perf_counter() if now is None else now
        thinking = self.thinking
        self.state.abandon(reason)
        self.pending = ()
        self.times.prompt = self.times.prompt or now
        self.times.thinking = self.times.thinking or now
        if thinking:
            if self._transcript is not None:
                self._transcript.thought(self.state)
            self._close(now)
        self.times.ended = now

    def texts(self) -> tuple[str, str]:
        """Thought and solution; half a character at the solution's end is left out."""
        solution = self.state.solution.text
        return self.state.thought.decode("utf-8", "replace"), Utf8Stream().read(solution, len(solution))

    def _start_thought(self, now: float) -> None:
        """The prompt is decoded."""
        self.times.thinking = now
        if self._deadline is not None:
            self._deadline.start_thought(now)
        if self.state.phase is Phase.SOLUTION:
            self._close(now)
        self.forks.start(self.state, self.decoded)

    def _close(self, now: float) -> None:
        """The thought is over; forks that it did not reach share its outcome."""
        self.forks.close()
        self.times.solution = now
        self._random = _draws(self.request, "solution")
        if self._transcript is not None:
            self._transcript.closed(self.state, now - self.times.thinking)

    def _fork_off(self, branch: Branch, logits: Logits, now: float) -> None:
        """Makes a sequence of a branch; the room that was reserved for it becomes its own."""
        child = self._child(branch, now)
        self.cells -= child.cells
        self.kv_sequences -= child.kv_sequences
        self.offspring.append(child)
        if not branch.feed:
            child.take(logits.copy())

    def _sample(self, logits: Logits) -> tuple[int, float]:
        """A token that may be sampled now, and its log-probability."""
        state = self.state
        if state.free:
            return draw(logits, self._settings, self._random)
        if banned := state.banned:
            logits[banned] = -float("inf")
        if boost := state.boost:
            logits[state.limits.end.tokens[0]] += boost
        token, chance = draw(logits, self._settings, self._random)
        while state.forbids(self._piece(token)):
            state.refuse(token)
            logits[token] = -float("inf")
            token, chance = draw(logits, self._settings, self._random)
        return token, chance

    def _close_reason(self, now: float) -> CloseReason | None:
        """Why the thought has to end with the next token, None if it may go on."""
        if self.owner.answers_now:
            return "interrupted"
        if self._deadline is not None and self._deadline.closes(now, self.state.thinking_tokens):
            return "deadline"
        return None


def _draws(request: Request, phase: Literal["thinking", "solution"], used: int = 0) -> Draws:
    """The random numbers of one phase behind the first `used`; nothing else that runs can change them."""
    stream = f"{phase} {request.answer_index}" if request.answer_index and phase == "solution" else phase
    return Draws(request.settings.seed, request.problem, request.sample, stream, used)
