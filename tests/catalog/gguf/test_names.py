from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from thinkcap.catalog.gguf.names import quant_of, shards, variants
from thinkcap.catalog.gguf.quants import FILE_TYPES, canonical_quant
from thinkcap.errors import UsageError


@pytest.mark.parametrize(
    ("path", "quant"),
    [
        ("L1-Qwen-1.5B-Max-Q8_0.gguf", "q8_0"),
        ("l1.q8_0.gguf", "q8_0"),
        ("l1_q8_0.gguf", "q8_0"),
        ("model-F16.gguf", "f16"),
        ("model.fp16.gguf", "f16"),
        ("model-BF16.gguf", "bf16"),
        ("Model-1.5B.i1-Q4_K_M.gguf", "q4_k_m"),
        ("Model-UD-Q4_K_XL.gguf", "q4_k_xl"),
        ("model-IQ4_XS.gguf", "iq4_xs"),
        ("gpt-oss-20b-mxfp4.gguf", "mxfp4"),
        ("model-Q6_K-00001-of-00002.gguf", "q6_k"),
        ("Q5_K_M/model-00001-of-00002.gguf", "q5_k_m"),
        ("BF16/deep.gguf", "bf16"),
        ("Qwen3-4B-Q8-chat.gguf", "q8_0"),
        ("model.gguf", None),
        ("f1600.gguf", None),
    ],
)
def test_quant_in_a_file_name(path: str, quant: str | None) -> None:
    assert quant_of(path) == quant


def test_variants_group_shards_and_leave_out_what_is_no_model() -> None:
    found = variants(
        [
            "README.md",
            "mmproj-model-f16.gguf",
            "imatrix.gguf",
            "ggml-vocab-qwen2.gguf",
            "model-Q4_K_M.gguf",
            "model-Q8_0.gguf",
            "F16/model-F16-00002-of-00002.gguf",
            "F16/model-F16-00001-of-00002.gguf",
            "broken-Q6_K-00001-of-00003.gguf",
        ]
    )
    assert [(variant.quant, len(variant.files), variant.missing) for variant in found] == [
        ("q8_0", 1, 0),
        ("f16", 2, 0),
        ("q6_k", 1, 2),
        ("q4_k_m", 1, 0),
    ]
    assert found[1].first == "F16/model-F16-00001-of-00002.gguf"


@given(st.sampled_from(sorted(FILE_TYPES.values())), st.sampled_from(["upper", "lower"]), st.sampled_from(".-_"))
def test_every_format_is_found_in_any_case_between_any_marks(quant: str, case: str, mark: str) -> None:
    spelled = getattr(quant, case)()
    assert canonical_quant(spelled) == quant
    assert quant_of(f"folder/Model-7B{mark}{spelled}.gguf") == quant
    assert quant_of(f"{spelled}{mark}model.gguf") == quant


def test_unknown_quants_are_refused_with_the_usual_ones() -> None:
    for wrong in ("q9", "8bit", "", "q8_0_0_0"):
        with pytest.raises(UsageError, match=r"There is no quant .*: the usual ones are q8_0, f16, bf16"):
            canonical_quant(wrong)


def test_shards_of_any_part() -> None:
    both = [Path("a/x-00001-of-00002.gguf"), Path("a/x-00002-of-00002.gguf")]
    assert shards(both[1]) == both
    assert shards(Path("a/x.gguf")) == [Path("a/x.gguf")]
