"""The loop guard: sees that a thought repeats itself token for token."""

from __future__ import annotations

LONGEST_CYCLE = 200
LEAST_REPEATS = 4
LEAST_TOKENS = 120

GRAM = 8
"""Tokens that are looked up at once."""

_FEWEST = min(max((LEAST_REPEATS - 1) * cycle, LEAST_TOKENS - cycle) for cycle in range(1, LONGEST_CYCLE + 1))
"""Tokens at the end of a loop that have the same token a cycle before them, at least."""

_MOST_GRAMS = 2048


class LoopGuard:
    """Watches tokens for a cycle of up to 200 tokens, gone round at least 4 times and for at least 120 tokens.

    In a loop, the tokens of every stretch were seen a cycle ago. So each token is asked one cheap question, whether the
    last few came in this order within the longest cycle, and cycles are looked for only after a long row of yes.
    """

    def __init__(self) -> None:
        self._tokens: list[int] = []
        self._seen: dict[tuple[int, ...], int] = {}
        self._familiar = 0

    def copy(self) -> LoopGuard:
        """A guard of its own with the same past."""
        twin = LoopGuard()
        twin._tokens, twin._seen, twin._familiar = self._tokens.copy(), self._seen.copy(), self._familiar
        return twin

    def repeats(self, token: int) -> bool:
        """Takes the next token. True from the token on that completes a loop, as long as it goes on."""
        tokens, seen = self._tokens, self._seen
        tokens.append(token)
        count = len(tokens)
        gram = tuple(tokens[-GRAM:])
        before = seen.get(gram)
        seen[gram] = count
        if before is None or count - before > LONGEST_CYCLE:
            self._familiar = 0
            if len(seen) > _MOST_GRAMS:
                self._seen = {gram: at for gram, at in seen.items() if count - at <= LONGEST_CYCLE}
            return False
        self._familiar += 1
        return self._familiar > _FEWEST - GRAM and any(map(self._goes_round, range(1, LONGEST_CYCLE + 1)))

    def _goes_round(self, cycle: int) -> bool:
        """Whether the tokens end in a loop of this length."""
        tokens = self._tokens
        if len(tokens) <= cycle or tokens[-1] != tokens[-1 - cycle]:
            return False
        equal = max((LEAST_REPEATS - 1) * cycle, LEAST_TOKENS - cycle)
        return len(tokens) >= equal + cycle and tokens[-equal:] == tokens[-equal - cycle : -cycle]
