"""Problem files from outside: whatever is in them, they are read, or refused in one sentence, and soon."""

from __future__ import annotations

import gzip
import io
import subprocess
import sys
import time
import zlib
from collections import Counter
from pathlib import Path
from random import Random

import pytest

from tests.hostile.generators import problem_files
from thinkcap import cli
from thinkcap.errors import ThinkcapError
from thinkcap.runs import formats
from thinkcap.runs.problems import Fields, load


def test_every_mutated_file_is_read_or_refused(tmp_path: Path) -> None:
    random = Random(19)
    seen = Counter(problem_files.attempt(problem_files.case(random), tmp_path) for _ in range(1_000))
    assert min(seen["read"], seen["refused"]) > 100, seen


def packed_newlines(megabytes: int) -> bytes:
    packer = zlib.compressobj(9, wbits=31)
    return b"".join(packer.compress(b"\n" * 1024**2) for _ in range(megabytes)) + packer.flush()


@pytest.mark.parametrize("name", ["p.jsonl.gz", "p.csv.gz", "p.txt.gz", "p.json.gz", "p"])
def test_a_packed_file_of_newlines_is_soon_refused(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(packed_newlines(100))
    began = time.process_time()
    with pytest.raises(ThinkcapError, match=r"blank lines come before it|holds no problems|is not JSON|no problem"):
        load(str(path))
    assert time.process_time() - began < 10


def test_parquet_is_read_in_place_and_unpacked_only_up_to_a_limit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import pyarrow
    import pyarrow.parquet

    plain, packed = tmp_path / "p.parquet", tmp_path / "p.parquet.gz"
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist([{"problem": "What is 1 + 1?"}] * 50), plain)
    packed.write_bytes(gzip.compress(plain.read_bytes()))
    assert len(load(str(packed), Fields(id="none"))) == 50
    monkeypatch.setattr(formats, "MAX_UNPACKED_BYTES", 100)
    assert len(load(str(plain), Fields(id="none"))) == 50
    with pytest.raises(ThinkcapError, match=r"GiB of Parquet: unpack it into a file first\.$"):
        load(str(packed))


def test_standard_input_without_end_is_refused(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with open("/dev/zero", "rb") as zeros:
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(zeros))
        assert cli.run(["solve", "-", "--model", "abacus"]) == 2
    assert "Standard input holds more than 16 MiB" in capsys.readouterr().err


@pytest.mark.skipif(sys.platform == "win32", reason="no devices")
@pytest.mark.parametrize("device", ["/dev/zero", "/dev/null", "/proc/self/mem", "/dev/full"])
def test_devices_are_read_or_refused(device: str) -> None:
    script = "import sys; from thinkcap.cli import run; sys.exit(run(['batch', sys.argv[1], '-o', 'never.jsonl']))"
    done = subprocess.run([sys.executable, "-c", script, device], capture_output=True, text=True, timeout=60)
    assert done.returncode in (1, 2)
    assert done.stderr.startswith("thinkcap: ")
    assert done.stderr.count("\n") == 1
    assert "unforeseen" not in done.stderr
