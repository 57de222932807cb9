"""The hash of a model file: what `sha256sum` gives, read once."""

from __future__ import annotations

import os
from hashlib import sha256
from pathlib import Path

import pytest

import thinkcap
from thinkcap.catalog import file_hash
from thinkcap.catalog.locate import locate


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def test_it_is_the_hash_of_the_whole_file_as_it_is_now(tmp_path: Path) -> None:
    model = tmp_path / "m.gguf"
    model.write_bytes(bytes(2 << 20))
    first = file_hash.sha256_of(model)
    assert first == sha256(model.read_bytes()).hexdigest()
    model.write_bytes(bytes(2 << 20)[:-1] + b"\1")  # beyond the first mebibyte
    os.utime(model, ns=(1, 1))
    assert file_hash.sha256_of(model) == sha256(model.read_bytes()).hexdigest() != first


def test_a_file_is_read_once(tmp_path: Path) -> None:
    model = tmp_path / "m.gguf"
    model.write_bytes(b"weights")
    os.utime(model, ns=(1, 1))
    first = file_hash.sha256_of(model)
    model.write_bytes(b"WEIGHTS")
    os.utime(model, ns=(1, 1))
    assert file_hash.sha256_of(model) == first
    file_hash.file().write_text("damaged")
    assert file_hash.sha256_of(model) == sha256(b"WEIGHTS").hexdigest()


def test_results_name_the_hash_that_is_published(abacus: thinkcap.Engine) -> None:
    outcome = abacus.solve("What is 5 + 4?", 8)
    assert outcome.model_file_sha256 == sha256(locate("abacus", "q8_0").path.read_bytes()).hexdigest()
    published = (Path(__file__).parents[2] / "training" / "README.md").read_text()
    assert outcome.model_file_sha256 in published
    assert outcome.to_dict()["model_file_sha256"] == outcome.model_file_sha256
