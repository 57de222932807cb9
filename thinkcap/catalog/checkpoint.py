"""A model as its makers publish it: config.json, tokenizer files and safetensors, read a piece at a time."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from thinkcap.errors import ThinkcapError

_DTYPES: dict[str, str] = {"F32": "<f4", "F16": "<f2", "BF16": "<u2"}
# Weights turned into float32 at a time: 16 MB.
_PIECE = 1 << 22

Weights = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class StoredTensor:
    """Where one tensor's numbers lie: a file, the byte they begin at, their type (F32, F16 or BF16) and shape."""

    file: Path
    offset: int
    dtype: str
    shape: tuple[int, ...]

    @property
    def size(self) -> int:
        return math.prod(self.shape)

    def pieces(self) -> Iterator[Weights]:
        """The tensor as float32, whole rows at a time, never much of it in memory."""
        width = self.shape[-1]
        rows = max(1, _PIECE // width)
        kind = np.dtype(_DTYPES[self.dtype])
        total = self.size // width
        for start in range(0, total, rows):
            count = min(rows, total - start) * width
            # Read, not mapped: mapped pages would count as this process's memory.
            raw = np.fromfile(self.file, kind, count, offset=self.offset + start * width * kind.itemsize)
            yield _float32(raw, self.dtype).reshape(-1, width)


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A folder with a model in it, as on the hub."""

    folder: Path
    config: dict[str, Any]
    tensors: dict[str, StoredTensor]

    def json(self, name: str) -> dict[str, Any]:
        """One of the folder's JSON files; empty where it isn't there."""
        return read_json(self.folder / name) if (self.folder / name).exists() else {}

    def text(self, name: str) -> str | None:
        path = self.folder / name
        return path.read_text(encoding="utf-8") if path.exists() else None


def open_checkpoint(folder: Path) -> Checkpoint:
    """Reads what there is in a folder, no weights yet. Raises ThinkcapError for files that are missing or broken."""
    config = folder / "config.json"
    if not config.exists():
        raise ThinkcapError(f"{folder} has no config.json: it is no model in the transformers format.")
    index = folder / "model.safetensors.index.json"
    if index.exists():
        names = sorted({str(name) for name in read_json(index).get("weight_map", {}).values()})
    else:
        names = sorted(path.name for path in folder.glob("*.safetensors"))
    if not names:
        raise ThinkcapError(f"{folder} has no safetensors to convert.")
    tensors: dict[str, StoredTensor] = {}
    for name in names:
        tensors.update(_tensors(folder / name))
    return Checkpoint(folder, read_json(config), tensors)


def _tensors(file: Path) -> dict[str, StoredTensor]:
    from safetensors import SafetensorError, safe_open

    if not file.exists():
        raise ThinkcapError(f"{file} is missing: the model's index lists it.")
    try:
        with safe_open(file, "numpy"):
            pass  # checks the head against the file, offsets and sizes included
    except (SafetensorError, OSError) as error:
        raise ThinkcapError(f"{file} is damaged or cut short: fetch it again ({error}).") from error
    with file.open("rb") as stream:
        length = int.from_bytes(stream.read(8), "little")
        head = json.loads(stream.read(length))
    found = {}
    for name, entry in head.items():
        if name == "__metadata__":
            continue
        if entry["dtype"] not in _DTYPES:
            raise ThinkcapError(f"{file} holds {name} as {entry['dtype']}: only F32, F16 and BF16 are converted.")
        offset = 8 + length + entry["data_offsets"][0]
        found[name] = StoredTensor(file, offset, entry["dtype"], tuple(entry["shape"]))
    return found


def _float32(raw: npt.NDArray[Any], dtype: str) -> Weights:
    if dtype == "BF16":
        # bfloat16 is the upper half of a float32.
        return (raw.astype(np.uint32) << 16).view(np.float32)
    return raw.astype(np.float32)


def read_json(path: Path) -> dict[str, Any]:
    """A JSON object from a file. Raises ThinkcapError where it holds anything else."""
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, OSError) as error:
        raise ThinkcapError(f"{path} is no readable JSON ({error}): fetch the model again.") from error
    if not isinstance(data, dict):
        raise ThinkcapError(f"{path} should hold a JSON object: fetch the model again.")
    return data
