"""The loop guard: notices when a thought repeats itself token for token."""

from __future__ import annotations

LONGEST_CYCLE = 200
MIN_REPEATS = 4
MIN_TOKENS = 120

GRAM = 8
"""Tokens that are looked up together."""

_MIN_REPEATING = min(max((MIN_REPEATS - 1) * cycle, MIN_TOKENS - cycle) for cycle in range(1, LONGEST_CYCLE + 1))
"""How many tokens at the end of a loop repeat the token one cycle earlier, at least."""

_MAX_GRAMS = 2048


class LoopGuard:
    """Watches tokens for a cycle of up to 200 tokens that repeats at least 4 times and over at least 120 tokens.

    In a loop, the last few tokens always came in this order one cycle ago. That is cheap to check for each token, and
    cycles are looked for only after the check has held many times in a row.
    """

    def __init__(self) -> None:
        self._tokens: list[int] = []
        self._seen: dict[tuple[int, ...], int] = {}
        self._familiar = 0

    def copy(self) -> LoopGuard:
        """An independent guard with the same past."""
        copied = LoopGuard()
        copied._tokens, copied._seen, copied._familiar = self._tokens.copy(), self._seen.copy(), self._familiar
        return copied

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
            if len(seen) > _MAX_GRAMS:
                self._seen = {gram: at for gram, at in seen.items() if count - at <= LONGEST_CYCLE}
            return False
        self._familiar += 1
        return self._familiar > _MIN_REPEATING - GRAM and any(map(self._goes_round, range(1, LONGEST_CYCLE + 1)))

    def _goes_round(self, cycle: int) -> bool:
        """Whether the tokens end in a loop of this length."""
        tokens = self._tokens
        if len(tokens) <= cycle or tokens[-1] != tokens[-1 - cycle]:
            return False
        equal = max((MIN_REPEATS - 1) * cycle, MIN_TOKENS - cycle)
        return len(tokens) >= equal + cycle and tokens[-equal:] == tokens[-equal - cycle : -cycle]
