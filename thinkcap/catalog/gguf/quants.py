"""The weight formats of GGUF files: their names, their order of preference, their size."""

from __future__ import annotations

import re

from thinkcap.errors import UsageError

# `general.file_type` of a GGUF, by number (ggml's list; the gaps are formats that were withdrawn).
FILE_TYPES: dict[int, str] = {
    0: "f32", 1: "f16", 2: "q4_0", 3: "q4_1", 7: "q8_0", 8: "q5_0", 9: "q5_1", 10: "q2_k", 11: "q3_k_s", 12: "q3_k_m",
    13: "q3_k_l", 14: "q4_k_s", 15: "q4_k_m", 16: "q5_k_s", 17: "q5_k_m", 18: "q6_k", 19: "iq2_xxs", 20: "iq2_xs",
    21: "q2_k_s", 22: "iq3_xs", 23: "iq3_xxs", 24: "iq1_s", 25: "iq4_nl", 26: "iq3_s", 27: "iq3_m", 28: "iq2_s",
    29: "iq2_m", 30: "iq4_xs", 31: "iq1_m", 32: "bf16", 36: "tq1_0", 37: "tq2_0", 38: "mxfp4_moe", 39: "nvfp4",
}  # fmt: skip

PREFERRED = ("q8_0", "f16", "bf16", "q6_k", "q5_k_m", "q4_k_m", "mxfp4", "f32")
"""What is taken if the user names no quant, best first: q8_0 loses nothing that shows and is twice as fast as f16."""

PATTERN = r"i?q[1-8]_(?:[01]|k|nl|xxs|xs|s|m)(?:_(?:xs|s|m|l|xl))?|q8|tq[12]_0|b?f16|fp16|f32|fp32|mxfp4(?:_moe)?|nvfp4"
"""A regular expression for a quant's name in lower case."""

_ALIASES = {"fp16": "f16", "fp32": "f32", "q8": "q8_0", "float16": "f16", "float32": "f32", "bfloat16": "bf16"}
# A block of 32 weights in q8_0 has a scale of 16 bits.
_BITS = {"f32": 32.0, "f16": 16.0, "bf16": 16.0, "q8_0": 8.5}


def canonical_quant(text: str) -> str:
    """`Q8_0`, `fp16`, `q4-k-m` as thinkcap writes them: `q8_0`, `f16`, `q4_k_m`.

    Raises UsageError, listing the usual ones, if GGUF knows no such format.
    """
    name = text.strip().lower().replace("-", "_")
    name = _ALIASES.get(name, name)
    if not re.fullmatch(PATTERN, name):
        usual = ", ".join(("q8_0", "f16", "bf16", "q6_k", "q5_k_m", "q4_k_m", "iq4_xs", "f32"))
        raise UsageError(f"There is no quant {text!r}: the usual ones are {usual}.")
    return name


def preference(quant: str) -> int:
    """The place of a quant in the order of preference, the best first."""
    return PREFERRED.index(quant) if quant in PREFERRED else len(PREFERRED)


def bits_per_weight(quant: str) -> float:
    """Bits that a weight takes, scales included: exact for q8_0 (8.5) and floats, about 0.6 above the name elsewhere.

    An unknown quant counts as f16.
    """
    digits = re.search(r"\d", quant)
    return _BITS.get(quant, int(digits[0]) + 0.6 if digits else 16.0)


def estimated_size(parameters: int, quant: str) -> int:
    """Bytes that a file with that many weights takes, about."""
    return int(parameters * bits_per_weight(quant) / 8)
