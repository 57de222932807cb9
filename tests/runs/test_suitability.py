"""What fits a machine, and how fast it would be: by the file that would run, and the memory there is."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from thinkcap.catalog.entry import Entry
from thinkcap.catalog.inventory import Listed, ModelFile
from thinkcap.runs.suitability import Memory, Suitability, judge

MEMORY = Memory(total=8_000_000_000, free=4_000_000_000, bandwidth=20e9)
MODEL = Listed("m", Entry(sources=("a/b",), parameters=1_000_000_000), False, (), {"q8_0": 2_000_000_000})


@pytest.mark.parametrize(("gigabytes", "fits"), [(2, "yes"), (3, "yes"), (3.1, "tight"), (7, "tight"), (7.1, "no")])
def test_memory_is_needed_for_more_than_the_weights(gigabytes: float, fits: str) -> None:
    found = judge(replace(MODEL, to_fetch={"q8_0": int(gigabytes * 1e9), "f16": 100_000_000_000}), MEMORY)
    assert found is not None
    assert found.fits == fits
    assert (found.tokens_per_second is None) == (fits == "no")


def test_a_token_reads_every_weight_once() -> None:
    assert judge(MODEL, MEMORY) == Suitability(2_000_000_000, "yes", 10.0)
    slower = judge(MODEL, replace(MEMORY, bandwidth=2e9))
    assert slower is not None
    assert slower.tokens_per_second == 1.0


def test_a_mixture_of_experts_reads_some_of_them() -> None:
    entry = Entry(sources=("a/b",), parameters=4_000_000_000, active_parameters=1_000_000_000)
    found = judge(replace(MODEL, entry=entry), MEMORY)
    assert found is not None
    assert found.tokens_per_second == pytest.approx(40, abs=0.3)


def test_the_file_that_is_here_counts() -> None:
    here = (ModelFile("q4_k_m", Path("m.gguf"), 1_000_000_000),)
    found = judge(replace(MODEL, files=here), MEMORY)
    assert found is not None
    assert found.bytes == 1_000_000_000


def test_of_an_unknown_size_nothing_is_said() -> None:
    assert judge(replace(MODEL, to_fetch={"q8_0": None}), MEMORY) is None
    assert judge(replace(MODEL, to_fetch={}), MEMORY) is None


def test_this_machine_has_memory() -> None:
    memory = Memory.of_this_machine()
    assert memory.total >= memory.free > 0
    assert memory.bandwidth > 1e8
