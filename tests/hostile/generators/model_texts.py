"""The built-in model with other texts in its header."""

from __future__ import annotations

import struct
from pathlib import Path

import thinkcap

ALIGNMENT = 32
BUILTIN = Path(thinkcap.__file__).parent / "catalog" / "builtin" / "abacus-q8_0.gguf"


def with_texts(path: Path, **texts: str) -> Path:
    """Writes a copy of abacus with these values: `name` for `general.name`, `template` for its chat template."""
    names = {"name": "general.name", "template": "tokenizer.chat_template"}
    data = BUILTIN.read_bytes()
    for name, text in texts.items():
        data = _replaced(data, names[name].encode(), text.encode("utf-8", "surrogatepass"))
    path.write_bytes(data)
    return path


def _replaced(data: bytes, key: bytes, value: bytes) -> bytes:
    """The header with another text. It changes its length by a multiple of the alignment, so that no tensor moves."""
    head = struct.pack("<Q", len(key)) + key + struct.pack("<I", 8)
    start = data.index(head) + len(head)
    (length,) = struct.unpack_from("<Q", data, start)
    value += b" " * ((length - len(value)) % ALIGNMENT)
    return data[:start] + struct.pack("<Q", len(value)) + value + data[start + 8 + length :]
