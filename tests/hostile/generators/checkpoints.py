"""The JSON files of a checkpoint, changed by a seed: settings, tokenizer, index and the heads of safetensors."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from tests.hostile.generators.json_values import spoil
from thinkcap.catalog.convert.conversion import convert_file
from thinkcap.errors import ThinkcapError


def changes(seed: int, folder: Path) -> Iterator[tuple[str, dict[Path, bytes]]]:
    """Other contents for files of a real checkpoint in `folder`, with what was changed, without end."""
    rng = random.Random(seed)
    files = sorted(path for path in folder.iterdir() if path.suffix in (".json", ".safetensors"))
    real = {path: path.read_bytes() for path in files}
    while True:
        path = rng.choice(files)
        data = real[path]
        if rng.random() < 0.05:
            yield f"{path.name} cut", {path: data[: rng.randrange(len(data))]}
            continue
        length = int.from_bytes(data[:8], "little") if path.suffix == ".safetensors" else 0
        tree = json.loads(data[8 : 8 + length] if length else data)
        for _ in range(rng.choice((1, 1, 3))):
            if tree:
                spoil(rng, tree, ["../../evil.safetensors", "\ud800", "\x1b]0;x\x07", 2**31, 2**63])
        text = json.dumps(tree).encode()
        yield (
            f"{path.name}: {text[:200]!r}",
            {path: len(text).to_bytes(8, "little") + text + data[8 + length :] if length else text},
        )


def check(folder: Path, output: Path) -> None:
    """Converts a checkpoint. Only a ThinkcapError may come of it."""
    with suppress(ThinkcapError):
        convert_file(folder, output, "q8_0", name="changed", report=lambda weights: None)
