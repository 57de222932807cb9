"""Checkpoints whose files are not what they should be: converting them ends in one sentence."""

from __future__ import annotations

import itertools
from pathlib import Path

from tests.catalog.qwen2 import Qwen2
from tests.hostile.generators import checkpoints as generator


def test_changed_checkpoints_end_in_a_sentence(tmp_path: Path) -> None:
    folder = tmp_path / "checkpoint"
    Qwen2.random(layers=1).write(folder, shards=2)
    for label, contents in itertools.islice(generator.changes(3, folder), 250):
        real = {path: path.read_bytes() for path in contents}
        try:
            for path, data in contents.items():
                path.write_bytes(data)
            generator.check(folder, tmp_path / "out.gguf")
        except Exception as error:
            raise AssertionError(label) from error
        finally:
            for path, data in real.items():
                path.write_bytes(data)
