"""How a run's sequences share the memory for their KV cache."""

from __future__ import annotations

import os

MOST_SEQUENCES = 256
"""Sequences that llama.cpp keeps apart in one context at most."""

SHARE = 0.5
"""Part of the free memory that a run may take."""

FORKS_SHARE = 0.25
"""Part of that up to which forks get cells of their own; where they would take more, they share a pool."""


def affordable(bytes_per_cell: int) -> int:
    """KV cells that a run may take of the memory that is free now."""
    return int(_free() * SHARE) // bytes_per_cell


def apart(longest: int, seats: int, width: int, cells: int) -> int:
    """How many sequences get cells of their own, `longest` tokens each; 0 where all are to share one pool.

    seats  sequences that each of the `width` thoughts at once comes to with its forks
    cells  KV cells that the run may take: thoughts that do not fork are fewer at once where these are few
    """
    if seats > 1:
        wanted = width * seats
        return wanted if wanted <= MOST_SEQUENCES and wanted * longest <= cells * FORKS_SHARE else 0
    fitting = min(width, MOST_SEQUENCES, cells // longest)
    return fitting if fitting > 1 else 0


def _free() -> int:
    """Bytes of memory that are free for use, 4 GiB where the system does not say."""
    try:
        return os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (ValueError, OSError, AttributeError):
        return 4 << 30
