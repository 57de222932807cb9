from __future__ import annotations

import struct
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from thinkcap.catalog.gguf.header import read_header
from thinkcap.catalog.locate import locate
from thinkcap.errors import ThinkcapError

ABACUS = locate("abacus").path


def test_head_of_a_real_file() -> None:
    header = read_header(ABACUS, tokens=True)
    assert header.architecture == "qwen2"
    assert header.quant == "q8_0"
    assert header.number("qwen2.context_length") == 8192
    assert header.arrays["tokenizer.ggml.tokens"] == len(header.tokens)
    assert {"<think>", "</think>"} <= header.special
    assert "a" not in header.special
    assert read_header(ABACUS).tokens == ()


def write(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


def test_what_is_no_gguf_is_said(tmp_path: Path) -> None:
    empty, text = write(tmp_path / "empty.gguf", b""), write(tmp_path / "text.gguf", b"# Readme, not a model at all")
    old = write(tmp_path / "old.gguf", b"GGUF" + struct.pack("<IQQ", 1, 0, 0))
    for path, sentence in (
        (empty, f"{empty} is not a GGUF file: it is empty."),
        (text, f"{text} is not a GGUF file: point --model at a .gguf that llama.cpp can run."),
        (old, f"{old} is GGUF version 1; thinkcap reads versions 2 and 3."),
        (tmp_path, f"{tmp_path} cannot be read: Is a directory."),
    ):
        with pytest.raises(ThinkcapError) as caught:
            read_header(path)
        assert str(caught.value) == sentence


def test_lengths_that_lie_are_not_believed(tmp_path: Path) -> None:
    head = b"GGUF" + struct.pack("<IQQ", 3, 0, 1)
    key = struct.pack("<Q", 1) + b"k"
    for lie in (
        struct.pack("<Q", 2**63),
        key + struct.pack("<IQ", 8, 2**62),
        key + struct.pack("<IIQ", 9, 4, 2**61),
        key + struct.pack("<IIQ", 9, 8, 2**40),
        key + struct.pack("<I", 99),
    ):
        path = write(tmp_path / "lie.gguf", head + lie + b"\0" * 16)
        with pytest.raises(ThinkcapError, match="damaged or cut short within its metadata: download it again"):
            read_header(path)


@settings(max_examples=60)
@given(at=st.integers(0, 12_000), spoilt=st.binary(min_size=0, max_size=4))
def test_cut_or_spoilt_heads_end_in_a_sentence(
    tmp_path_factory: pytest.TempPathFactory, at: int, spoilt: bytes
) -> None:
    path = tmp_path_factory.getbasetemp() / "spoilt.gguf"
    write(path, ABACUS.read_bytes()[:12_000][:at] + spoilt)
    with suppress(ThinkcapError):
        read_header(path, tokens=True)
