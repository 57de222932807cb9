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
        """Thinking tokens that it shares with the thought."""
        return self.limits.thinking - self.limits.ramp

    @property
    def cells(self) -> int:
        """KV cells that it can need beside the shared ones, with all its answers."""
        own = self.limits.ramp + self.limits.max_injected
        return own + self.request.answers_per_thought * self.limits.solution


@dataclass(frozen=True, slots=True)
class Branch:
    """A fork that was reached, or a further answer to a thought that closed.

    state   where it stands
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

    def __init__(self, request: Request, forks: Iterable[Fork]) -> None:
        self._request = request
        self._ahead = deque(sorted(forks, key=lambda fork: fork.at))
        self._reached: list[Branch] = []
        self._answers_left = request.answers_per_thought - 1
        self.missed: list[Fork] = []

    @property
    def cells(self) -> int:
        """KV cells for everything that can fork off."""
        limits_of_answers = self._answers_left * self._request.settings.solution_budget
        return limits_of_answers + sum(fork.cells for fork in self._ahead)

    @property
    def kv_sequences(self) -> int:
        """Sequences in the KV cache, the thought and everything that can fork off it."""
        return (1 + len(self._ahead)) * self._request.answers_per_thought

    def fork_at_prompt(self, decoded: int) -> None:
        """Forks off what shares nothing but the prompt, `decoded` tokens long."""
        while self._ahead and self._ahead[0].at == 0:
            fork = self._ahead.popleft()
            state = ThoughtState(fork.limits)
            self._reached.append(Branch(fork.request, state, decoded, state.begin(), fork.cells))

    def copies(self, state: ThoughtState) -> list[tuple[Fork, ThoughtState]]:
        """The forks that the next token may complete, each with a copy of the state under its own limits."""
        copies = []
        while self._ahead and self._ahead[0].at <= state.thinking_tokens + 1:
            fork = self._ahead.popleft()
            copies.append((fork, state.fork(fork.limits)))
        return copies

    def reach(self, fork: Fork, state: ThoughtState, token: int, piece: bytes, decoded: int) -> None:
        """Gives a fork's state the last token it shares. It branches off once that token is decoded, unless the thought
        ended by itself."""
        before = state.rolled_back_tokens
        move = state.advance(token, piece)
        if state.phase is not Phase.THINKING and state.stop_reason != "budget":
            self.missed.append(fork)
        elif state.rolled_back_tokens == before:
            self._reached.append(Branch(fork.request, state, decoded + 1, move.feed[1:], fork.cells))
        else:
            self._reached.append(Branch(fork.request, state, decoded - move.rollback, move.feed, fork.cells))

    def due(self, state: ThoughtState, decoded: int) -> list[Branch]:
        """The branches whose shared tokens are decoded, and once the thought is closed its further answers."""
        branches, self._reached = self._reached, []
        if self._answers_left and state.phase is Phase.SOLUTION:
            for index in range(1, self._answers_left + 1):
                request = replace(self._request, answers_per_thought=1, answer_index=index, fork_budgets=())
                branches.append(Branch(request, state.fork(state.limits), decoded, (), state.limits.solution))
            self._answers_left = 0
        return branches

    def close(self) -> None:
        """The thought is over: the forks ahead are not reached any more."""
        self.missed += self._ahead
        self._ahead.clear()
