"""Heads of GGUF files as nobody's software writes them: a real one, changed by a seed.

`heads` never ends, so that a test can take a thousand of them and a fuzzer as many as there is time for; `check` is
what has to hold for each. The walk over the real head is this file's own, so that a mistake of the package's reader
does not decide where it is looked for.
"""

from __future__ import annotations

import random
import struct
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from thinkcap.catalog.gguf.header import read_header
from thinkcap.catalog.gguf.inspection import inspect
from thinkcap.catalog.locate import locate
from thinkcap.errors import ThinkcapError

SECONDS = 10
"""What looking at one head may take at most of a processor."""

SCALARS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}
STRING, ARRAY = 8, 9


@dataclass(frozen=True)
class Field:
    """One number or text of a head: what it is, and the bytes it takes."""

    what: str
    start: int
    end: int


def fields(data: bytes) -> list[Field]:
    """Every field of a GGUF's head, arrays as one."""
    found = [Field("magic", 0, 4), Field("version", 4, 8), Field("tensors", 8, 16), Field("pairs", 16, 24)]
    at = 24

    def take(what: str, size: int) -> bytes:
        nonlocal at
        found.append(Field(what, at, at + size))
        at += size
        return data[at - size : at]

    def text(what: str) -> None:
        take(what, int.from_bytes(take(f"length of a {what}", 8), "little"))

    for _ in range(int.from_bytes(data[16:24], "little")):
        text("key")
        kind = int.from_bytes(take("type", 4), "little")
        if kind == STRING:
            text("text")
        elif kind != ARRAY:
            take("number", struct.calcsize(SCALARS[kind]))
        else:
            element = int.from_bytes(take("type", 4), "little")
            count = int.from_bytes(take("count", 8), "little")
            start = at
            for _ in range(count):
                size = 8 + int.from_bytes(data[at : at + 8], "little") if element == STRING else 0
                at += size or struct.calcsize(SCALARS[element])
            found.append(Field("array", start, at))
    return found


NUMBERS = [0, 1, 2, 255, 2**16, 2**24, 2**31 - 1, 2**31, 2**32 - 1, 2**40, 2**62, 2**63 - 1, 2**63, 2**64 - 1]
FLOATS = [float("nan"), float("inf"), float("-inf"), -1.0, 1e308, -0.0, 0.5]
TEXTS = [b"", b"\0", b"\xff\xfe", b"\x1b]0;x\x07", b"general.file_type", b"general.architecture", b"a" * 70_000, b"\n"]
KEYS = [
    "general.file_type", "general.architecture", "general.sampling.temp", "general.sampling.top_k",
    "general.sampling.top_p", "general.sampling.min_p", "qwen2.context_length", "qwen2.block_count",
    "qwen2.attention.head_count", "qwen2.attention.head_count_kv", "qwen2.attention.key_length",
    "qwen2.embedding_length", "tokenizer.ggml.bos_token_id", "tokenizer.ggml.eos_token_id",
    "tokenizer.ggml.tokens", "tokenizer.ggml.token_type", "tokenizer.chat_template", "general.name",
]  # fmt: skip


def heads(seed: int, real: bytes) -> Iterator[tuple[str, bytes]]:
    """What was changed, and the changed bytes, without end. `real` is a whole GGUF, or at least its head."""
    rng, places = random.Random(seed), fields(real)
    head = real[: places[-1].end + 4096]
    while True:
        data, labels = head, []
        # From the back to the front, so that a change of length moves no place that is still to come.
        for place in sorted(rng.choices(places, k=rng.choice((1, 1, 1, 2, 5))), key=lambda each: -each.start):
            label, new = _changed(rng, place, data)
            data = data[: place.start] + new + data[place.end :]
            labels.append(f"{place.what} at {place.start}: {label}")
        if rng.random() < 0.3:
            data = _with_pair(rng, data)
            labels.append("another pair")
        if rng.random() < 0.1:
            data = data[: rng.randrange(len(data))]
            labels.append(f"cut at {len(data)}")
        yield "; ".join(labels), data


def _changed(rng: random.Random, place: Field, data: bytes) -> tuple[str, bytes]:
    """Other bytes for a field."""
    old, size = data[place.start : place.end], place.end - place.start
    if place.what in ("key", "text", "array", "magic"):
        way = rng.randrange(4)
        if way == 0:
            return "another text", rng.choice(TEXTS)
        if way == 1 and old:
            at = rng.randrange(size)
            return "a byte", old[:at] + rng.randbytes(1) + old[at + 1 :]
        return ("less", old[: size // 2]) if way == 2 else ("twice", old[:100_000] * 2)
    if size in (4, 8) and rng.random() < 0.2:
        return "a float", struct.pack("<f" if size == 4 else "<d", rng.choice(FLOATS[:4]))
    if place.what == "type" and rng.random() < 0.8:
        return "another type", struct.pack("<I", rng.randrange(16))
    number = rng.choice([*NUMBERS, int.from_bytes(old, "little") + rng.choice((-1, 1)), len(data)])
    return f"{number}", (number % 2 ** (8 * size)).to_bytes(size, "little")


def _with_pair(rng: random.Random, data: bytes) -> bytes:
    """A pair in front of the others: a key that is looked at, with a value of any type."""
    key, kind = rng.choice(KEYS).encode(), rng.choice([*SCALARS, STRING, ARRAY])
    if kind == STRING:
        text = rng.choice(TEXTS)
        value = struct.pack("<Q", len(text)) + text
    elif kind == ARRAY:
        depth = rng.choice((1, 3, 50_000))
        value = struct.pack("<IQ", ARRAY, 1) * (depth - 1) + struct.pack("<IQ", rng.randrange(13), 0)
    elif kind in (6, 12):
        value = struct.pack("<" + SCALARS[kind], 3e38 if kind == 6 else 1e308) if rng.random() < 0.3 else b""
        value = value or struct.pack("<" + SCALARS[kind], rng.choice(FLOATS[:4]))
    else:
        size = struct.calcsize(SCALARS[kind])
        value = (rng.choice(NUMBERS) % 2 ** (8 * size)).to_bytes(size, "little")
    pair = struct.pack("<Q", len(key)) + key + struct.pack("<I", kind) + value
    count = int.from_bytes(data[16:24], "little") + 1
    return data[:16] + (count % 2**64).to_bytes(8, "little") + pair + data[24:]


def check(path: Path) -> None:
    """Looks at a file in every way that does without llama.cpp. Only a ThinkcapError may come of it, and soon."""
    began = time.process_time()
    for look in (lambda: read_header(path, tokens=True), lambda: locate(str(path)), lambda: inspect(path),
                 lambda: read_header(path).bytes_per_cell):  # fmt: skip
        with suppress(ThinkcapError):
            look()
    seconds = time.process_time() - began
    assert seconds < SECONDS, f"{seconds:.1f} s"
