"""What the names of GGUF files say: the quant, the parts of a split model, and what is no model at all."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from thinkcap.catalog.gguf.quants import PATTERN, canonical_quant, preference

_QUANT = re.compile(rf"(?:^|[._\-])({PATTERN})(?=$|[._\-])", re.IGNORECASE)
_SHARD = re.compile(r"(?P<base>.*)-\d{5}-of-(?P<count>\d{5})$")
_NOT_A_MODEL = re.compile(r"mmproj|imatrix|(?:^|[._\-])vocab(?:[._\-]|$)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Variant:
    """One quant of a model in a repository: one file, or all shards of a split one.

    quant    "" if the file's name doesn't tell
    files    paths within the repository, shards in order
    missing  number of shards that the names promise and the repository lacks
    """

    quant: str
    files: tuple[str, ...]
    missing: int = 0

    @property
    def first(self) -> str:
        """The file to give to llama.cpp, which finds the other shards itself."""
        return self.files[0]


def quant_of(path: str) -> str | None:
    """The quant that a file's name, or else its folder's, contains; None if neither does."""
    name = PurePosixPath(path)
    shard = _SHARD.match(name.stem)
    for text in (shard["base"] if shard else name.stem, name.parent.name):
        found: list[str] = _QUANT.findall(text)
        if found:
            return canonical_quant(found[-1])
    return None


def variants(paths: Iterable[str]) -> list[Variant]:
    """The models among a repository's files, preferred quants first.

    Vision projectors, importance matrices and vocabularies are not models.
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
    return sorted(found, key=lambda each: (preference(each.quant), each.quant, len(each.first), each.first))


def shards(path: Path) -> list[Path]:
    """All files of a model by the name of one: itself, or every shard of the split model it belongs to."""
    shard = _SHARD.match(path.stem)
    if shard is None:
        return [path]
    count = int(shard["count"])
    return [path.with_name(f"{shard['base']}-{n:05}-of-{count:05}{path.suffix}") for n in range(1, count + 1)]


def size_of(path: Path) -> int:
    """Bytes of a model's file, or of all its shards."""
    return sum(part.stat().st_size for part in shards(path))
