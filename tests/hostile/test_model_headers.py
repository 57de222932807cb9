"""Model files that lie about themselves, read by thinkcap's own header reader: one sentence, soon, in little memory."""

from __future__ import annotations

import itertools
import struct
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.hostile.generators import model_headers as generator
from thinkcap.catalog.gguf.header import read_header
from thinkcap.catalog.gguf.inspection import inspect
from thinkcap.catalog.locate import locate
from thinkcap.errors import ThinkcapError

ABACUS = locate("abacus").path
ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("quant", ["q8_0", "f16"])
def test_changed_heads_end_in_a_sentence(tmp_path: Path, quant: str) -> None:
    real = locate("abacus", quant).path.read_bytes()
    path = tmp_path / "changed.gguf"
    for label, data in itertools.islice(generator.heads(19, real), 400):
        path.write_bytes(data)
        try:
            generator.check(path)
        except Exception as error:
            raise AssertionError(label) from error


def with_value(path: Path, key: str, kind: str, value: float) -> Path:
    """The built-in model with one more pair of metadata, in front of its others."""
    codes = {code: number for number, code in generator.SCALARS.items()}
    data, name = ABACUS.read_bytes(), key.encode()
    count = int.from_bytes(data[16:24], "little") + 1
    pair = struct.pack("<Q", len(name)) + name + struct.pack("<I" + kind, codes[kind], value)
    # The architecture's own pair comes behind it, so a key that is there twice takes the later value: name a new one.
    path.write_bytes(data[:16] + struct.pack("<Q", count) + pair + data[24:])
    return path


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_numbers_that_are_none_count_as_missing(tmp_path: Path, value: float) -> None:
    path = tmp_path / "model.gguf"
    looks: dict[str, Callable[[], object]] = {
        "general.sampling.min_p": lambda: locate(str(path)),
        "tokenizer.ggml.eot_token_id": lambda: inspect(path),
        "qwen2.attention.value_length": lambda: read_header(path).bytes_per_cell,
    }
    for key, look in looks.items():
        with_value(path, key, "d", value)
        look()
        assert read_header(path).number(key) is None
        assert read_header(path).count(key) is None


def test_large_files_take_little_time_and_memory(tmp_path: Path) -> None:
    """Files of 8 GB, empty but for a head with great counts, in a process whose own data may not grow above 1 GB."""
    pair = struct.pack("<Q", 1) + b"k"
    heads = {
        "pairs": struct.pack("<IQQ", 3, 0, 2**64 - 1),
        "empty pairs": struct.pack("<IQQ", 3, 0, 2**14),
        "text": struct.pack("<IQQ", 3, 0, 1) + pair + struct.pack("<IQ", 8, 7 << 30),
        "texts": struct.pack("<IQQ", 3, 0, 1) + pair + struct.pack("<IIQ", 9, 8, 1 << 29),
        "tokens": struct.pack("<IQQQ", 3, 0, 1, 21) + b"tokenizer.ggml.tokens" + struct.pack("<IIQ", 9, 8, 1 << 21),
        "numbers": struct.pack("<IQQ", 3, 0, 1) + pair + struct.pack("<IIQ", 9, 0, 7 << 30),
    }
    script = (
        "import resource, sys\n"
        "from pathlib import Path\n"
        "from tests.hostile.generators import model_headers\n"
        "resource.setrlimit(resource.RLIMIT_DATA, (1 << 30, 1 << 30))\n"
        "for path in map(Path, sys.argv[1:]):\n"
        "    print(path.name, file=sys.stderr)\n"
        "    model_headers.check(path)\n"
    )
    paths = [tmp_path / f"{name}.gguf" for name in heads]
    for path, head in zip(paths, heads.values(), strict=True):
        with path.open("wb") as file:
            file.write(b"GGUF" + head)
            file.truncate(8 << 30)
    done = subprocess.run(
        [sys.executable, "-c", script, *map(str, paths)], capture_output=True, text=True, cwd=ROOT, timeout=60
    )
    assert done.returncode == 0, done.stderr


def test_nested_arrays_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "nested.gguf"
    path.write_bytes(
        b"GGUF" + struct.pack("<IQQQ", 3, 0, 1, 1) + b"k" + struct.pack("<I", 9) + struct.pack("<IQ", 9, 1) * 100_000
    )
    with pytest.raises(ThinkcapError, match="damaged or cut short within its metadata"):
        read_header(path)
