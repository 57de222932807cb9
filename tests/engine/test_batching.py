"""How decodes are filled up, by what the weights and the processor like."""

from __future__ import annotations

import platform

import pytest

from thinkcap.engine.model.batching import F16, Q8_0, Batching

Q6_K = 18


@pytest.mark.parametrize(
    ("batching", "filler"),
    [
        (Batching(), [0, 0, 0, 0, 0, 0, 0, 0, 0]),
        (Batching(tile=2), [0, 0, 1, 0, 1, 0, 1, 0, 1]),
        (Batching(tile=4), [0, 0, 0, 0, 0, 2, 1, 0, 0]),
        (Batching(min_batch=2), [1, 0, 0, 0, 0, 0, 0, 0, 0]),
    ],
)
def test_filler(batching: Batching, filler: list[int]) -> None:
    assert [batching.filler(count) for count in range(1, 10)] == filler


@pytest.mark.parametrize(
    ("machine", "file_type", "recurrent", "offloaded", "avx512", "expected"),
    [
        ("x86_64", Q8_0, False, False, True, Batching(4, 1, 60)),
        ("AMD64", Q8_0, False, False, False, Batching(2, 1, 60)),
        ("arm64", Q8_0, False, False, False, Batching(1, 1, 60)),
        ("x86_64", Q6_K, False, False, True, Batching(1, 1, 60)),
        ("x86_64", F16, False, False, True, Batching(1, 2, 60)),
        ("x86_64", Q8_0, True, False, True, Batching(1, 1, 60)),
        ("x86_64", Q8_0, False, True, True, Batching(1, 1, None)),
    ],
)
def test_what_suits_weights_and_processor(
    machine: str,
    file_type: int,
    recurrent: bool,
    offloaded: bool,
    avx512: bool,
    expected: Batching,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(platform, "machine", lambda: machine)
    assert Batching.of(file_type, recurrent, offloaded, avx512) == expected
