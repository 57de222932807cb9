"""A model as its makers publish it: config.json, tokenizer files and safetensors, read a piece at a time.

The files come from a hub, so each is checked against what it has to look like before anything is made of it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

import numpy as np
import numpy.typing as npt
from pydantic import AliasChoices, BaseModel, Field, TypeAdapter, ValidationError

from thinkcap.errors import ThinkcapError

Weights = npt.NDArray[np.float32]
Model = TypeVar("Model", bound=BaseModel)
Count = Annotated[int, Field(ge=1, lt=1 << 31)]

_DTYPES: dict[str, str] = {"F32": "<f4", "F16": "<f2", "BF16": "<u2"}
# Weights turned into float32 at a time: 16 MB.
_PIECE = 1 << 22


class Rope(BaseModel):
    """How positions are rotated, and how that is stretched beyond the trained context."""

    kind: Annotated[str, Field(validation_alias=AliasChoices("rope_type", "type"))] = "default"
    factor: float | None = None
    rope_theta: float | None = None
    original_max_position_embeddings: Count | None = None


class Qwen2Config(BaseModel):
    """The part of config.json that a GGUF needs. Fields that a file leaves out have transformers' defaults."""

    model_type: Literal["qwen2"]
    hidden_size: Count
    num_hidden_layers: Annotated[int, Field(ge=1, le=1000)]
    num_attention_heads: Count
    intermediate_size: Count
    num_key_value_heads: Count | None = None
    max_position_embeddings: Count = 32_768
    rms_norm_eps: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 1e-6
    rope_theta: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 10_000.0
    rope_scaling: Rope | None = None
    rope_parameters: Rope | None = None
    tie_word_embeddings: bool = False
    use_sliding_window: bool = False


class GenerationConfig(BaseModel):
    """generation_config.json: how the makers sample."""

    do_sample: bool | None = None
    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None


@dataclass(frozen=True, slots=True)
class StoredTensor:
    """Where one tensor's numbers are: a file, the byte they begin at, their type (F32, F16 or BF16) and shape."""

    file: Path
    offset: int
    dtype: str
    shape: tuple[int, ...]

    @property
    def size(self) -> int:
        """Number of weights."""
        return math.prod(self.shape)

    def pieces(self) -> Iterator[Weights]:
        """The tensor as float32, some rows at a time."""
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
    """A folder with a Qwen2 model in it, as on the hub."""

    folder: Path
    config: Qwen2Config
    generation: GenerationConfig
    tensors: Mapping[str, StoredTensor]


def open_checkpoint(folder: Path) -> Checkpoint:
    """Reads a folder's settings and finds its tensors. Raises ThinkcapError for files that are missing or broken."""
    if not (folder / "config.json").exists():
        raise ThinkcapError(f"{folder} has no config.json: it is no model in the transformers format.")
    config = read_config(folder / "config.json", folder)
    index = folder / "model.safetensors.index.json"
    if index.exists():
        # Names without folders, so that an index cannot point at files elsewhere.
        files = sorted({folder / Path(name).name for name in read_json(index, _Index).weight_map.values()})
    else:
        files = sorted(folder.glob("*.safetensors"))
    if not files:
        raise ThinkcapError(f"{folder} has no safetensors to convert.")
    generation = read_json(folder / "generation_config.json", GenerationConfig, or_empty=True)
    return Checkpoint(folder, config, generation, dict(pair for file in files for pair in _tensors(file)))


def read_config(path: Path, place: Path | str) -> Qwen2Config:
    """The config.json of the model in `place`. Raises ThinkcapError if it is not one that conversion can write."""
    kind = read_json(path, _Kind).model_type
    if kind != "qwen2":
        raise ThinkcapError(
            f"{place} is of the architecture {kind}: only qwen2 is converted; look for a GGUF on the hub."
        )
    config = read_json(path, Qwen2Config)
    if config.use_sliding_window:
        raise ThinkcapError(f"{place} uses sliding-window attention, which can't be converted.")
    return config


def read_json(path: Path, model: type[Model], *, or_empty: bool = False) -> Model:
    """A JSON file as the model says it should look; with `or_empty` a missing file is one without keys.

    Raises ThinkcapError if it looks otherwise.
    """
    if or_empty and not path.exists():
        return model()
    try:
        return model.model_validate_json(path.read_bytes())
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "the whole"
        raise ThinkcapError(f"{path} can't be used ({where}: {first['msg']}): fetch the model again.") from error


class _Kind(BaseModel):
    model_type: Any = None


class _Index(BaseModel):
    weight_map: dict[str, str]


class _Stored(BaseModel):
    dtype: str
    shape: Annotated[tuple[Count, ...], Field(min_length=1)]
    data_offsets: tuple[int, int]


def _tensors(file: Path) -> Iterator[tuple[str, StoredTensor]]:
    from safetensors import SafetensorError, safe_open

    if not file.exists():
        raise ThinkcapError(f"{file} is missing: the model's index lists it.")
    try:
        with safe_open(file, "numpy"):
            pass  # checks the head against the file, offsets and sizes included
        with file.open("rb") as stream:
            length = int.from_bytes(stream.read(8), "little")
            head = TypeAdapter(dict[str, Any]).validate_json(stream.read(length))
        head.pop("__metadata__", None)
        entries = TypeAdapter(dict[str, _Stored]).validate_python(head)
    except (SafetensorError, OSError, ValidationError) as error:
        raise ThinkcapError(f"{file} is damaged or cut short: fetch it again ({error}).") from error
    for name, entry in entries.items():
        if entry.dtype not in _DTYPES:
            raise ThinkcapError(f"{file} holds {name} as {entry.dtype}: only F32, F16 and BF16 are converted.")
        yield name, StoredTensor(file, 8 + length + entry.data_offsets[0], entry.dtype, entry.shape)


def _float32(raw: npt.NDArray[Any], dtype: str) -> Weights:
    if dtype == "BF16":
        # bfloat16 is the upper half of a float32.
        return (raw.astype(np.uint32) << 16).view(np.float32)
    return raw.astype(np.float32)
