"""The weight formats of GGUF files, and how files on the hub spell them in their names."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import PurePosixPath

from thinkcap.errors import UsageError

# `general.file_type` of a GGUF, by number (ggml's list; the gaps are formats that were withdrawn).
FILE_TYPES: dict[int, str] = {
    0: "f32", 1: "f16", 2: "q4_0", 3: "q4_1", 7: "q8_0", 8: "q5_0", 9: "q5_1", 10: "q2_k", 11: "q3_k_s", 12: "q3_k_m",
    13: "q3_k_l", 14: "q4_k_s", 15: "q4_k_m", 16: "q5_k_s", 17: "q5_k_m", 18: "q6_k", 19: "iq2_xxs", 20: "iq2_xs",
    21: "q2_k_s", 22: "iq3_xs", 23: "iq3_xxs", 24: "iq1_s", 25: "iq4_nl", 26: "iq3_s", 27: "iq3_m", 28: "iq2_s",
    29: "iq2_m", 30: "iq4_xs", 31: "iq1_m", 32: "bf16", 36: "tq1_0", 37: "tq2_0", 38: "mxfp4_moe", 39: "nvfp4",
}  # fmt: skip

# What is taken where the user names no quant, best first: 8 bits lose nothing that shows and run at twice f16's speed.
PREFERRED = ("q8_0", "f16", "bf16", "q6_k", "q5_k_m", "q4_k_m", "mxfp4", "f32")

_BITS = {"f32": 32.0, "f16": 16.0, "bf16": 16.0, "q8_0": 8.5}
_ALIASES = {"fp16": "f16", "fp32": "f32", "q8": "q8_0", "float16": "f16", "float32": "f32", "bfloat16": "bf16"}
_QUANT = r"i?q[1-8]_(?:[01]|k|nl|xxs|xs|s|m)(?:_(?:xs|s|m|l|xl))?|q8|tq[12]_0|b?f16|fp16|f32|fp32|mxfp4(?:_moe)?|nvfp4"
_NAME = re.compile(_QUANT, re.IGNORECASE)
_IN_NAME = re.compile(rf"(?:^|[._\-])({_QUANT})(?=$|[._\-])", re.IGNORECASE)
_SHARD = re.compile(r"(?P<base>.*)-(?P<number>\d{5})-of-(?P<count>\d{5})$")
_NOT_A_MODEL = re.compile(r"mmproj|imatrix|(?:^|[._\-])vocab(?:[._\-]|$)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Variant:
    """One quant of a model as it lies in a repository or a folder: one file, or all shards of a split one.

    files    paths within the repository, shards in order
    missing  how many shards the names promise beyond those
    """

    quant: str
    files: tuple[str, ...]
    missing: int = 0

    @property
    def first(self) -> str:
        """The file llama.cpp is pointed at; it finds the other shards itself."""
        return self.files[0]


def canonical_quant(text: str) -> str:
    """`Q8_0`, `fp16`, `q4-k-m` as thinkcap writes them: `q8_0`, `f16`, `q4_k_m`.

    Raises UsageError, listing the usual ones, where GGUF knows no such format.
    """
    name = text.strip().lower().replace("-", "_")
    name = _ALIASES.get(name, name)
    if not _NAME.fullmatch(name):
        usual = ", ".join(("q8_0", "f16", "bf16", "q6_k", "q5_k_m", "q4_k_m", "iq4_xs", "f32"))
        raise UsageError(f"There is no quant {text!r}: the usual ones are {usual}.")
    return name


def quant_of(path: str) -> str | None:
    """The quant that a file's name tells, or else the folder it lies in; None where neither does."""
    name = PurePosixPath(path)
    shard = _SHARD.match(name.stem)
    for text in (shard["base"] if shard else name.stem, name.parent.name):
        found: list[str] = _IN_NAME.findall(text)
        if found:
            quant = found[-1].lower()
            return _ALIASES.get(quant, quant)
    return None


def variants(paths: Iterable[str]) -> list[Variant]:
    """The models among a repository's files, by quant, the preferred ones first.

    Vision projectors, importance matrices and vocabularies are not models. A file whose name tells no quant is one of
    the quant "".
    """
    groups: dict[tuple[str, int], list[str]] = {}
    for path in sorted(paths):
        name = PurePosixPath(path)
        if name.suffix.lower() != ".gguf" or _NOT_A_MODEL.search(name.name):
            continue
        shard = _SHARD.match(path[: -len(name.suffix)])
        groups.setdefault((shard["base"], int(shard["count"])) if shard else (path, 1), []).append(path)
    found = [
        Variant(quant_of(files[0]) or "", tuple(files), missing=max(0, count - len(files)))
        for (_, count), files in groups.items()
    ]
    return sorted(found, key=lambda variant: (_rank(variant.quant), variant.quant, len(variant.first), variant.first))


def shards(path: str) -> tuple[str, ...]:
    """All files that belong to a GGUF by its name: itself, or every shard of the split model it is part of."""
    suffix = PurePosixPath(path).suffix
    shard = _SHARD.match(path[: len(path) - len(suffix)])
    if shard is None:
        return (path,)
    count = int(shard["count"])
    return tuple(f"{shard['base']}-{number:05}-of-{count:05}{suffix}" for number in range(1, count + 1))


def estimated_size(parameters: int, quant: str) -> int | None:
    """Bytes a file of so many weights takes, for the formats whose bits a weight are fixed."""
    bits = _BITS.get(quant)
    return None if bits is None else int(parameters * bits / 8)


def _rank(quant: str) -> int:
    return PREFERRED.index(quant) if quant in PREFERRED else len(PREFERRED)
