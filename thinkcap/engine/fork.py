"""Where a thought forks: generations that share its beginning and are closed and answered while it goes on."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from collections.abc import Sequence as Tokens
from dataclasses import dataclass, replace

from thinkcap.engine.limits import Limits
from thinkcap.engine.request import Request
from thinkcap.engine.thought import Phase, ThoughtState


@dataclass(frozen=True, slots=True)
class Fork:
    """The same request under a smaller budget."""

    request: Request
    limits: Limits

    @property
    def at(self) -> int:
        """Thinking tokens that it shares with the thought at least."""
        return int(min(self.limits.thinking - self.limits.ramp, self.limits.pause_from))

    @property
    def parts_early(self) -> bool:
        """Whether it goes its own way before it is closed: a soft cut favours the marker. One at budget 0 is closed
        at once."""
        return self.limits.ramp > 0 or self.limits.thinking == 0

    @property
    def cells(self) -> int:
        """KV cells that it can need beside the shared ones, with all its answers."""
        own = self.limits.ramp + self.limits.max_injected
        return own + self.request.answers_per_thought * self.limits.max_answer


@dataclass(frozen=True, slots=True)
class Branch:
    """A fork that was reached, or a further answer to a thought that closed.

    state   where it is now
    shared  tokens of the KV cache that it shares
    feed    tokens that it decodes first; empty if it samples from the logits of the token it shares last
    cells   KV cells that it can need beside the shared ones
    """

    request: Request
    state: ThoughtState
    shared: int
    feed: Tokens[int]
    cells: int


class ForkPlan:
    """The forks of one thought.

    missed  forks that the thought ended before: its own outcome is theirs
    """

    def __init__(self, request: Request, max_answer: int, forks: Iterable[Fork]) -> None:
        """`max_answer`: KV cells that a further answer to the thought takes at most."""
        self._request = request
        self._max_answer = max_answer
        self._ahead = deque(sorted(forks, key=lambda fork: fork.at))
        self._open: list[tuple[Fork, ThoughtState]] = []
        self._reached: list[Branch] = []
        self._answers_left = request.answers_per_thought - 1
        self.missed: list[Fork] = []

    @property
    def cells(self) -> int:
        """KV cells for everything that can fork off."""
        return self._answers_left * self._max_answer + sum(fork.cells for fork in self._ahead)

    @property
    def kv_sequences(self) -> int:
        """Sequences in the KV cache, the thought and everything that can fork off it."""
        return (1 + len(self._ahead)) * self._request.answers_per_thought

    def start(self, state: ThoughtState, decoded: int) -> None:
        """Forks off what shares nothing but the `decoded` tokens that a thought begins with."""
        while self._ahead and self._ahead[0].at <= state.thinking_tokens and self._ahead[0].parts_early:
            fork = self._ahead.popleft()
            copied = state.fork(fork.limits)
            self._reached.append(Branch(fork.request, copied, decoded, copied.begin(), fork.cells))

    def open(self, state: ThoughtState) -> None:
        """Copies the state for the forks that the next token may complete, each under its own limits."""
        while self._ahead and self._ahead[0].at <= state.thinking_tokens + 1:
            fork = self._ahead.popleft()
            self._open.append((fork, state.fork(fork.limits)))

    def advance(self, token: int, piece: bytes, decoded: int) -> None:
        """Gives the open forks a token that they share. Those that it completes branch off once it is decoded, unless
        the thought ended by itself."""
        still_open = []
        for fork, state in self._open:
            before = state.rolled_back_tokens
            move = state.advance(token, piece)
            if state.phase is Phase.THINKING and not fork.parts_early:
                still_open.append((fork, state))
            elif state.phase is not Phase.THINKING and state.stop_reason != "budget":
                self.missed.append(fork)
            elif state.rolled_back_tokens == before:
                self._reached.append(Branch(fork.request, state, decoded + 1, move.feed[1:], fork.cells))
            else:
                self._reached.append(Branch(fork.request, state, decoded - move.rollback, move.feed, fork.cells))
        self._open = still_open

    def due(self, state: ThoughtState, decoded: int) -> list[Branch]:
        """The branches whose shared tokens are decoded, and once the thought is closed its further answers."""
        branches, self._reached = self._reached, []
        if self._answers_left and state.phase is Phase.SOLUTION:
            for index in range(1, self._answers_left + 1):
                request = replace(self._request, answers_per_thought=1, answer_index=index, fork_budgets=())
                branches.append(Branch(request, state.fork(state.limits), decoded, (), self._max_answer))
            self._answers_left = 0
        return branches

    def close(self) -> None:
        """The thought is over: the forks ahead are not reached any more."""
        self.missed += [*(fork for fork, _ in self._open), *self._ahead]
        self._open.clear()
        self._ahead.clear()
