"""The head of a GGUF file: its metadata, read without llama.cpp and without touching the weights.

The layout is that of the GGUF specification, versions 2 and 3, little endian: magic, version, counts, key-value pairs.
The file may be hostile or cut short, so every length is checked before it is believed.
"""

from __future__ import annotations

import math
import mmap
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from thinkcap.catalog.gguf.names import quant_of
from thinkcap.catalog.gguf.quants import FILE_TYPES
from thinkcap.errors import ThinkcapError

Value = int | float | bool | str

_SCALARS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}
_STRING, _ARRAY, _INT32 = 8, 9, 5
_CONTROL, _USER_DEFINED = 3, 4  # types of tokens
_LONGEST_KEY = 65_535
# Metadata beyond these is no model's: large ones have 50 pairs and 500,000 merges, and take 20 MB.
_LONGEST = 1 << 26
_MOST_PAIRS = 1 << 14
_MOST_TEXTS = 1 << 21


@dataclass(frozen=True, slots=True)
class Header:
    """What a GGUF says about itself.

    values   its metadata without the arrays
    arrays   the lengths of its arrays (`tokenizer.ggml.tokens` is the vocabulary)
    tokens   the texts of its vocabulary, if they were asked for
    special  those of them that a prompt may contain as one token: control and user-defined tokens
    tensors  number of tensors in this file
    """

    path: Path
    values: dict[str, Value]
    arrays: dict[str, int]
    tokens: tuple[str, ...]
    special: frozenset[str]
    tensors: int

    @property
    def architecture(self) -> str:
        return self.text("general.architecture") or "unknown"

    @property
    def quant(self) -> str:
        """The file's weight format by its metadata, else by its name; "" if neither tells."""
        kind = self.count("general.file_type")
        return FILE_TYPES.get(kind, "") if kind is not None else quant_of(self.path.name) or ""

    @property
    def context_length(self) -> int | None:
        """The longest context the model was trained for, in tokens."""
        return self.count(f"{self.architecture}.context_length")

    @property
    def bytes_per_cell(self) -> int | None:
        """Bytes that one token takes in a 16-bit KV cache; None if the file doesn't tell."""

        def size(key: str) -> int:
            return self.count(f"{self.architecture}.{key}") or 0

        layers, heads, width = size("block_count"), size("attention.head_count"), size("embedding_length")
        if not (layers and heads and width):
            return None
        keys = size("attention.key_length") or width // heads
        values = size("attention.value_length") or width // heads
        return 2 * layers * (size("attention.head_count_kv") or heads) * (keys + values)

    def text(self, key: str) -> str | None:
        value = self.values.get(key)
        return value if isinstance(value, str) else None

    def number(self, key: str) -> float | None:
        """A finite number; None if the key is missing or holds anything else."""
        value = self.values.get(key)
        return value if isinstance(value, int | float) and math.isfinite(value) else None

    def count(self, key: str) -> int | None:
        """A whole number from 0 on; None if the key is missing or holds anything else."""
        value = self.values.get(key)
        return value if type(value) is int and value >= 0 else None

    def token(self, role: str) -> str:
        """The text of the token with a role such as `bos`, `eos` or `eot`; "" if there is none."""
        number = self.count(f"tokenizer.ggml.{role}_token_id")
        return self.tokens[number] if number is not None and number < len(self.tokens) else ""


def read_header(path: Path, *, tokens: bool = False) -> Header:
    """Reads a GGUF's metadata, with `tokens` also its vocabulary.

    Raises ThinkcapError if the file is no GGUF, can't be read, or ends before its metadata does.
    """
    try:
        with path.open("rb") as file:
            if file.seek(0, 2) < 24:
                raise ThinkcapError(f"{path} is not a GGUF file: it is {'too short' if file.tell() else 'empty'}.")
            with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
                return _Reader(path, data).header(tokens)
    except (struct.error, ValueError, OverflowError) as error:
        raise ThinkcapError(f"{path} is damaged or cut short within its metadata: download it again.") from error
    except OSError as error:
        raise ThinkcapError(f"{path} cannot be read: {error.strerror or error}.") from error


class _Reader:
    """Walks the key-value pairs. Raises struct.error at the end of the file, ValueError for lengths that are wrong."""

    def __init__(self, path: Path, data: mmap.mmap) -> None:
        self.path, self.data, self.at, self.end = path, data, 0, min(len(data), _LONGEST)

    def header(self, tokens: bool) -> Header:
        if self.data[:4] != b"GGUF":
            raise ThinkcapError(f"{self.path} is not a GGUF file: point --model at a .gguf that llama.cpp can run.")
        self.at = 4
        version = self._scalar("I")
        if version not in (2, 3):
            raise ThinkcapError(f"{self.path} is GGUF version {version}; thinkcap reads versions 2 and 3.")
        tensors, pairs = int(self._scalar("Q")), int(self._scalar("Q"))
        if pairs > _MOST_PAIRS:
            raise ValueError("more metadata than a model has")
        values: dict[str, Value] = {}
        arrays: dict[str, int] = {}
        texts: tuple[str, ...] = ()
        types: tuple[int, ...] = ()
        for _ in range(pairs):
            key, kind = self._string(_LONGEST_KEY), int(self._scalar("I"))
            if kind != _ARRAY:
                values[key] = self._string() if kind == _STRING else self._scalar(_code(kind))
                continue
            element, count = int(self._scalar("I")), int(self._scalar("Q"))
            arrays[key], start = count, self.at
            if tokens and key == "tokenizer.ggml.tokens" and element == _STRING:
                texts = tuple(self.data[a:b].decode("utf-8", errors="replace") for a, b in self._strings(count))
                continue
            self._skip_array(element, count)
            if tokens and key == "tokenizer.ggml.token_type" and element == _INT32 and count <= _MOST_TEXTS:
                types = struct.unpack_from(f"<{count}i", self.data, start)
        special = (text for text, kind in zip(texts, types, strict=False) if kind in (_CONTROL, _USER_DEFINED))
        return Header(self.path, values, arrays, texts, frozenset(special), tensors)

    def _scalar(self, code: str) -> int | float | bool:
        value: int | float | bool
        (value,) = struct.unpack_from("<" + code, self.data, self.at)
        self.at += struct.calcsize("<" + code)
        # A float32 as it was written, 0.6, and not as double precision spells it, 0.6000000238418579.
        return float(f"{value:.7g}") if code == "f" else value

    def _string(self, longest: int = _LONGEST) -> str:
        length = int(self._scalar("Q"))
        if length > longest:
            raise ValueError("a text is longer than the specification allows")
        self._skip(length)
        return self.data[self.at - length : self.at].decode("utf-8", errors="replace")

    def _skip_array(self, element: int, count: int) -> None:
        if element == _STRING:
            for _ in self._strings(count):
                pass
        else:
            self._skip(struct.calcsize("<" + _code(element)) * count)

    def _strings(self, count: int) -> Iterator[tuple[int, int]]:
        """Where each of the next `count` strings begins and ends."""
        if count > _MOST_TEXTS:
            raise ValueError("more texts than a vocabulary has")
        at, last, data, unpack = self.at, self.end, self.data, struct.Struct("<Q").unpack_from
        for _ in range(count):
            start = at + 8
            at = start + unpack(data, at)[0]
            if at > last:
                raise ValueError("a text ends past the end of the file")
            yield start, at
        self.at = at

    def _skip(self, size: int) -> None:
        self.at += size
        if self.at > self.end:
            raise ValueError("a length points past the end of the file")


def _code(kind: int) -> str:
    if kind not in _SCALARS:
        raise ValueError(f"metadata of the unknown type {kind}")
    return _SCALARS[kind]
