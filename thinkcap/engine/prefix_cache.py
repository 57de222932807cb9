"""Prompts that were read before: finished sequences stay in the KV cache until their cells are needed."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence

MIN_SHARED = 16
"""Tokens that two prompts must have in common for the second to share the first one's cells."""


class PrefixCache:
    """Which slots of the KV cache hold a finished sequence, least recently used first.

    cells  KV cells that they take
    """

    def __init__(self) -> None:
        self._kept: OrderedDict[int, list[int]] = OrderedDict()
        self.cells = 0

    def __contains__(self, slot: int) -> bool:
        return slot in self._kept

    def __len__(self) -> int:
        return len(self._kept)

    def slots(self) -> list[int]:
        """The slots, least recently used first."""
        return list(self._kept)

    def keep(self, slot: int, tokens: list[int]) -> None:
        """A finished sequence stays in its slot."""
        self._kept[slot] = tokens
        self.cells += len(tokens)

    def remove(self, slot: int) -> list[int]:
        """Its slot holds no finished sequence any more. Returns the tokens it had."""
        tokens = self._kept.pop(slot)
        self.cells -= len(tokens)
        return tokens

    def best(self, prompt: Sequence[int]) -> tuple[int, int]:
        """The slot with most in common with a prompt, and how many tokens that is; slot -1 if there is none. At least
        one token of the prompt is left to decode, for its logits."""
        best, most = -1, MIN_SHARED - 1
        for slot, tokens in self._kept.items():
            shared = min(common(tokens, prompt), len(prompt) - 1)
            if shared > most:
                best, most = slot, shared
        if best >= 0:
            self._kept.move_to_end(best)
        return best, most if best >= 0 else 0


def common(one: Sequence[int], other: Sequence[int]) -> int:
    """Tokens that two texts share at their beginning."""
    length = min(len(one), len(other))
    if one[:length] == other[:length]:
        return length
    return next(index for index in range(length) if one[index] != other[index])
