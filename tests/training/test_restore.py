"""Weights that go into a GGUF and come back."""

from __future__ import annotations

from pathlib import Path

import numpy as np

import thinkcap
from training import export, restore
from training.shape import Shape

BUILTIN = Path(thinkcap.__file__).parent / "catalog" / "builtin"


def test_a_restored_f16_file_is_written_again_byte_for_byte(tmp_path: Path) -> None:
    state = restore.restore(BUILTIN / "abacus-f16.gguf")
    export.write(tmp_path / "again.gguf", Shape(), export.rename(state), "f16")
    assert (tmp_path / "again.gguf").read_bytes() == (BUILTIN / "abacus-f16.gguf").read_bytes()
    assert all(weights.dtype == np.float32 for weights in state.values())
