"""How sequences share the memory of a KV cache."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

MAX_SEQUENCES = 256
"""Sequences that llama.cpp can tell apart in one context."""

SHARE = 0.5
"""Part of the free memory that the cache may take."""

FORKS_SHARE = 0.25
"""Part of that up to which forks get separate cells; if they would take more, all share one pool."""


class Demand(Protocol):
    """What a sequence asks of the cache in the worst case, with everything it forks off."""

    @property
    def cells(self) -> int: ...
    @property
    def kv_sequences(self) -> int: ...
    @property
    def longest(self) -> int: ...


@dataclass(frozen=True, slots=True)
class KvPlan:
    """The shape of a KV cache.

    cells             tokens it holds, all sequences together
    sequences         sequences it can tell apart
    per_sequence_kv   whether each sequence has an equal part of the cells, instead of a share in one pool
    """

    cells: int
    sequences: int
    per_sequence_kv: bool = False

    def serves(self, other: KvPlan) -> bool:
        """Whether a cache of this shape can do the work of the other."""
        if self.per_sequence_kv != other.per_sequence_kv or self.sequences < other.sequences:
            return False
        if self.per_sequence_kv:
            return self.cells // self.sequences >= -(-other.cells // other.sequences)
        return self.cells >= other.cells

    def holds(self, demand: Demand) -> bool:
        """Whether a sequence fits when it is alone."""
        longest = self.cells // self.sequences if self.per_sequence_kv else self.cells
        return demand.longest <= longest and demand.cells <= self.cells and demand.kv_sequences <= self.sequences


def plan(demands: Sequence[Demand], width: int, cells: int, only_pool: bool = False) -> KvPlan:
    """The cache in which `width` of the sequences run at once, each with its forks. Fewer do if memory is short, but
    one with all its forks in any case.

    cells      KV cells that may be taken
    only_pool  whether all have to share one pool
    """
    longest = max(demand.longest for demand in demands)
    kv_sequences = max(demand.kv_sequences for demand in demands)
    count = 0 if only_pool else separate_sequences(longest, kv_sequences, width, cells)
    if count:
        return KvPlan(longest * count, count, True)
    largest = sorted((demand.cells for demand in demands), reverse=True)[:width]
    wanted = sum(largest) * width // len(largest)
    return KvPlan(min(wanted, max(largest[0], cells)), min(MAX_SEQUENCES, width * kv_sequences))


def separate_sequences(longest: int, kv_sequences: int, width: int, cells: int) -> int:
    """How many sequences get separate cells, `longest` tokens each; 0 if all have to share one pool.

    kv_sequences  sequences that each of the `width` thoughts at once comes to with its forks
    cells         KV cells that may be taken: of thoughts that do not fork, fewer run at once if these are few
    """
    if kv_sequences > 1:
        wanted = width * kv_sequences
        return wanted if wanted <= MAX_SEQUENCES and wanted * longest <= cells * FORKS_SHARE else 0
    fitting = min(width, MAX_SEQUENCES, cells // longest)
    return fitting if fitting > 1 else 0


def affordable(bytes_per_cell: int, free: int) -> int:
    """KV cells that a cache may take of `free` bytes of memory."""
    return int(free * SHARE) // bytes_per_cell
