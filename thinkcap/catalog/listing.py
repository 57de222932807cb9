"""What `thinkcap models` lists: every model known by name or found in the cache, and its files."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from thinkcap.catalog.cache import cache_folder, cached_variants
from thinkcap.catalog.catalogue import Catalogue
from thinkcap.catalog.entry import Entry
from thinkcap.catalog.header import read_header
from thinkcap.catalog.locate import Reference, locate, repositories
from thinkcap.catalog.quants import estimated_size, shards


@dataclass(frozen=True, slots=True)
class ModelFile:
    """One quant of a model on this machine; `bytes` of all its parts."""

    quant: str
    path: Path
    bytes: int


@dataclass(frozen=True, slots=True)
class Listed:
    """A model and where it is.

    entry     None for a repository in the cache that models.toml does not name
    files     what is here
    to_fetch  bytes of the recommended quants that are not, None where the size is not known beforehand
    """

    name: str
    entry: Entry | None
    is_default: bool
    files: tuple[ModelFile, ...]
    to_fetch: dict[str, int | None]

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        entry = self.entry.model_dump(exclude_none=True) if self.entry else {}
        files = [{"quant": file.quant, "path": str(file.path), "bytes": file.bytes} for file in self.files]
        return {"name": self.name, "default": self.is_default, **entry, "files": files, "to_fetch": self.to_fetch}


def list_models(catalogue: Catalogue) -> list[Listed]:
    """The catalogue's models in its order, then the cache's other GGUF repositories by name."""
    named = [list_model(Reference(name, entry=entry), catalogue.default) for name, entry in catalogue.entries.items()]
    folders = sorted(cache_folder().glob("models--*--*"))
    ids = [folder.name.removeprefix("models--").replace("--", "/", 1) for folder in folders]
    others = [Reference(id, repository=id) for id in ids if catalogue.of_repository(id) is None]
    return named + [listed for reference in others if (listed := list_model(reference, None)).files]


def list_model(reference: Reference, default: str | None) -> Listed:
    """One model and its files."""
    entry = reference.entry
    files = tuple(_files(reference))
    here = {file.quant for file in files}
    wanted = entry.quants if entry and not entry.path else []
    return Listed(
        name=reference.repository or reference.name,
        entry=entry,
        is_default=reference.name == default,
        files=files,
        to_fetch={
            quant: estimated_size(entry.parameters, quant) if entry and entry.parameters else None
            for quant in wanted
            if quant not in here
        },
    )


def _files(reference: Reference) -> Iterable[ModelFile]:
    entry = reference.entry
    if entry is not None and entry.builtin:
        return [_file(quant, locate(reference.name, quant).path) for quant in entry.quants]
    if entry is not None and entry.path is not None and reference.repository is None:
        path = Path(os.path.expanduser(entry.path))
        return [_file(read_header(path).quant, path)] if os.path.isfile(path) else []
    found: dict[str, ModelFile] = {}
    for repository in repositories(reference):
        for snapshot, variant in cached_variants(repository):
            found.setdefault(variant.quant, _file(variant.quant, snapshot / variant.first))
    return found.values()


def _file(quant: str, path: Path) -> ModelFile:
    return ModelFile(quant, path, sum(Path(part).stat().st_size for part in shards(str(path))))
