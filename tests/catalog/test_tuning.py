"""tuned.toml: what it keeps, and what it may hold."""

from __future__ import annotations

from pathlib import Path

import pytest

from thinkcap.catalog import tuning
from thinkcap.catalog.tuning import Tuning
from thinkcap.errors import ThinkcapError


@pytest.fixture(autouse=True)
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    tuning.file().parent.mkdir(parents=True, exist_ok=True)


def test_what_is_written_is_read_on_as_many_cores_only() -> None:
    tuning.write("owner/repo", "q8_0", Tuning(threads=3, parallel=5, cores=4))
    tuning.write("abacus", "", Tuning(threads=1, parallel=1, cores=4))
    assert tuning.read("owner/repo", "q8_0", 4) == Tuning(threads=3, parallel=5, cores=4)
    assert tuning.read("owner/repo", "q8_0", 8) is None
    assert tuning.read("owner/repo", "f16", 4) is None


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("x = 1", "x"),
        ("x = []", "x"),
        ("[x]\nthreads = 2", "x.parallel"),
        ('[x]\nthreads = "2"\nparallel = 1\ncores = 1', "x.threads"),
        ("[x]\nthreads = 2\nparallel = 0\ncores = 1", "x.parallel"),
        ("[x]\nthreads = 2\nparallel = 1\ncores = nan", "x.cores"),
        ("[x]\nthreads = 2\nparallel = 1\ncores = 1\nmore = 1", "x.more"),
    ],
)
def test_mistakes_are_named(text: str, where: str) -> None:
    tuning.file().write_text(text)
    with pytest.raises(ThinkcapError) as caught:
        tuning.read("x", "q8_0", 4)
    assert str(caught.value) == f"{tuning.file()} can't be understood (see {where}): mend it or delete it."


@pytest.mark.parametrize("data", [b"[", b"\xff", b"x = " + b"[" * 100_000])
def test_what_is_no_toml_is_said(data: bytes) -> None:
    tuning.file().write_bytes(data)
    with pytest.raises(ThinkcapError, match="can't be understood"):
        tuning.read("x", "q8_0", 4)
