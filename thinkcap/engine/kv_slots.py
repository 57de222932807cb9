"""The slots of a KV cache: which sequences are taken, what is reserved, and which finished prompts are kept."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from heapq import heappop, heappush

from thinkcap.engine.model.kv_cache import KvCache
from thinkcap.engine.model.kv_pool import Demand, KvPlan

MIN_SHARED = 16
"""Tokens that two prompts must have in common for the second to share the first one's cells."""


class KvSlots:
    """A KV cache with its bookkeeping. A finished sequence stays in its slot, as the beginning of prompts to come,
    until its slot or its cells are needed; the least recently used goes first.

    cache  the KV cache
    """

    def __init__(self, cache: KvCache, recurrent: bool) -> None:
        self.cache = cache
        self._recurrent = recurrent
        self._free = list(range(cache.shape.sequences))  # a heap: the lowest is taken first
        self._kept: OrderedDict[int, list[int]] = OrderedDict()
        self._cells = self._kv_sequences = 0

    @property
    def untouched(self) -> bool:
        """Whether every slot is free and nothing is reserved."""
        return self._cells == self._kv_sequences == 0 and len(self._free) == self.cache.shape.sequences

    def fits(self, demand: Demand, shape: KvPlan | None = None) -> bool:
        """Whether a sequence's worst case fits beside what is reserved, in this cache or one of another shape."""
        shape = shape or self.cache.shape
        return (
            self._cells + demand.cells <= shape.cells
            and self._kv_sequences + demand.kv_sequences <= shape.sequences
            and (not shape.per_sequence_kv or demand.longest <= shape.cells // shape.sequences)
        )

    def reserve(self, demand: Demand) -> None:
        """Reserves a sequence's worst case. Kept prompts that are in its way go."""
        self._cells += demand.cells
        self._kv_sequences += demand.kv_sequences
        while self._kept and self._cells + sum(map(len, self._kept.values())) > self.cache.shape.cells:
            self._evict(next(iter(self._kept)))

    def release(self, demand: Demand) -> None:
        """Gives back what a sequence still has reserved."""
        self._cells -= demand.cells
        self._kv_sequences -= demand.kv_sequences

    def take(self, prompt: Sequence[int] = (), at_least: int = 0) -> tuple[int, int]:
        """Takes the lowest free slot. Returns it, and how many tokens of `prompt` it holds already: those of a kept
        prompt that begins in the same way, if they are more than `at_least`. One token is left to decode.

        A copy is worth its while from MIN_SHARED tokens on; what the slot itself has in common with `prompt` is free.
        """
        slot = heappop(self._free)
        kept, shared = self._best(prompt)
        if shared <= at_least:
            here = 0 if at_least else common(self._kept.get(slot, ()), prompt[:-1])
            self.vacate(slot, here)
            return slot, here
        if kept == slot:
            del self._kept[slot]
            self.cache.forget(slot, shared)
        else:
            self.vacate(slot)
            self.cache.share(kept, slot, shared)
        return slot, shared

    def give(self, slot: int, tokens: list[int] | None = None) -> None:
        """Gives a slot back, empty or with the `tokens` of a finished sequence to be kept."""
        if tokens is not None and not self._recurrent:
            self._kept[slot] = tokens
        else:
            self.cache.forget(slot)
        heappush(self._free, slot)

    def lower(self, slot: int, tokens: int) -> int:
        """Moves a sequence of this many tokens to the lowest free slot, if that is lower. Returns where it is then."""
        if not self._free or self._free[0] > slot:
            return slot
        lower = heappop(self._free)
        self.vacate(lower)
        self.cache.share(slot, lower, tokens)
        self.cache.forget(slot)
        heappush(self._free, slot)
        return lower

    def vacate(self, slot: int, beginning: int = 0) -> None:
        """Takes a kept prompt out of a slot that is needed, and keeps it elsewhere if it can. The first `beginning`
        tokens stay in the slot."""
        if slot in self._kept:
            self._keep_elsewhere(slot)
            del self._kept[slot]
            self.cache.forget(slot, beginning)

    def prepare(self) -> None:
        """Copies what the lowest free slot keeps, so that whoever takes it next need not wait for that. If it takes the
        place of an older prompt, two others stay at least."""
        slot = self._free[0]
        if self.cache.shape.per_sequence_kv and slot in self._kept and len(self._kept) > 3:
            self._keep_elsewhere(slot)

    def _keep_elsewhere(self, slot: int) -> None:
        """Copies a kept prompt, unless that was done before: into an empty slot, or in the place of an older prompt.
        The oldest is not copied."""
        tokens = self._kept[slot]
        if any(other is tokens for number, other in self._kept.items() if number != slot):
            return
        others = [each for each in self._free if each != slot]
        spare = self.cache.spare(self.cache.shape.sequences - len(others))
        free = [each for each in others if each not in spare]
        empty = (each for each in free if each not in self._kept)
        oldest = (each for each in self._kept if each == slot or each in free)
        other = max(empty, default=-1)
        if other < 0 and (other := next(oldest)) != slot:
            self._evict(other)
        if other != slot:
            self.cache.share(slot, other, len(tokens))
            self._kept[other] = tokens

    def holds(self, prompt: Sequence[int]) -> bool:
        """Whether a kept prompt begins in the same way."""
        return self._best(prompt)[0] >= 0

    def move_to(self, cache: KvCache, slots: Sequence[int]) -> KvSlots:
        """The sequences of some slots in a larger cache, and what is kept if it has room; this one is closed."""
        moved = KvSlots(cache, self._recurrent)
        for slot in slots:
            self.cache.copy_to(cache, slot, slot)
        moved._free = sorted(set(moved._free) - set(slots))
        room = cache.shape.cells - self._cells
        # The last used come first, into whatever slots there are: they are the likeliest to be used again.
        for target, (slot, tokens) in zip(moved._free, reversed(self._kept.items()), strict=False):
            room -= len(tokens)
            if room < 0:
                break
            self.cache.copy_to(cache, slot, target)
            moved._kept[target] = tokens
            moved._kept.move_to_end(target, last=False)
        moved._cells, moved._kv_sequences = self._cells, self._kv_sequences
        self.cache.close()
        return moved

    def _best(self, prompt: Sequence[int]) -> tuple[int, int]:
        """The slot of the kept prompt with most in common with `prompt`, and how many tokens that is."""
        best, most = -1, MIN_SHARED - 1
        for slot, tokens in self._kept.items() if prompt else ():
            shared = min(common(tokens, prompt), len(prompt) - 1)
            if shared > most:
                best, most = slot, shared
        if best < 0:
            return -1, 0
        self._kept.move_to_end(best)
        return best, most

    def _evict(self, slot: int) -> None:
        del self._kept[slot]
        self.cache.forget(slot)


def common(one: Sequence[int], other: Sequence[int]) -> int:
    """Tokens that two texts share at their beginning."""
    length = min(len(one), len(other))
    if one[:length] == other[:length]:
        return length
    return next((index for index in range(length) if one[index] != other[index]), length)
