from __future__ import annotations

import pytest

from thinkcap.engine.model.kv_pool import affordable, separate_sequences
from thinkcap.engine.model.llama import free_memory


def test_thoughts_get_cells_of_their_own_as_many_as_fit() -> None:
    assert separate_sequences(longest=100, kv_sequences=1, width=16, cells=10_000) == 16
    assert separate_sequences(longest=100, kv_sequences=1, width=16, cells=599) == 5


@pytest.mark.parametrize(("width", "cells"), [(1, 10_000), (16, 199)])
def test_one_thought_at_a_time_needs_none(width: int, cells: int) -> None:
    assert separate_sequences(longest=100, kv_sequences=1, width=width, cells=cells) == 0


def test_forks_get_them_all_or_none() -> None:
    assert separate_sequences(longest=100, kv_sequences=5, width=4, cells=8_000) == 20
    assert separate_sequences(longest=100, kv_sequences=5, width=4, cells=7_999) == 0
    assert separate_sequences(longest=1, kv_sequences=5, width=60, cells=1_000_000) == 0  # above llama.cpp's most


def test_a_run_may_take_a_part_of_the_free_memory() -> None:
    assert affordable(1 << 20, 1 << 30) == 512
    assert affordable(1 << 10, free_memory(offloaded=False)) > 0
