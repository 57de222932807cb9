from __future__ import annotations

import pytest

from thinkcap.catalog.gguf.quants import bits_per_weight, estimated_size, preference
from thinkcap.catalog.locate import locate


@pytest.mark.parametrize(
    ("quant", "bits"),
    [("f32", 32), ("bf16", 16), ("q8_0", 8.5), ("q4_k_m", 4.6), ("iq2_xxs", 2.6), ("mxfp4", 4.6), ("", 16)],
)
def test_bits_include_the_scales(quant: str, bits: float) -> None:
    assert bits_per_weight(quant) == pytest.approx(bits)


def test_sizes_are_those_of_files() -> None:
    """abacus in both formats: what is not in matrices, metadata and vectors, is a few per cent."""
    sizes = {quant: locate("abacus", quant).path.stat().st_size for quant in ("q8_0", "f16")}
    weights = (sizes["f16"] - sizes["q8_0"]) / (16 - 8.5) * 8
    for quant, size in sizes.items():
        assert estimated_size(int(weights), quant) == pytest.approx(size, rel=0.1)


def test_preference_puts_unknown_quants_last() -> None:
    assert sorted(["q2_k", "f16", "q8_0", "q4_k_m"], key=preference) == ["q8_0", "f16", "q4_k_m", "q2_k"]
