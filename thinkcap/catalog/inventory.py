"""What `thinkcap models` lists: every model known by name or found in the cache, and its files."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from thinkcap.catalog.entry import Entry
from thinkcap.catalog.gguf.header import read_header
from thinkcap.catalog.gguf.names import size_of
from thinkcap.catalog.gguf.quants import estimated_size
from thinkcap.catalog.hub.cache import cached_variants, repositories
from thinkcap.catalog.locate import Reference, locate
from thinkcap.catalog.models_file import Catalogue, load_catalogue


@dataclass(frozen=True, slots=True)
class ModelFile:
    """One quant of a model on this machine; `bytes` of all its parts."""

    quant: str
    path: Path
    bytes: int


@dataclass(frozen=True, slots=True)
class Listed:
    """A model and its files.

    entry     None for a repository in the cache that models.toml doesn't name
    files     what is here
    to_fetch  bytes of the recommended quants that are not here, None if nobody knows
    """

    name: str
    entry: Entry | None
    is_default: bool
    files: tuple[ModelFile, ...]
    to_fetch: dict[str, int | None]

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        entry = asdict(self.entry) if self.entry else {}
        given = {key: value for key, value in entry.items() if value is not None}
        files = [{"quant": file.quant, "path": str(file.path), "bytes": file.bytes} for file in self.files]
        return {"name": self.name, "default": self.is_default, **given, "files": files, "to_fetch": self.to_fetch}


def model_names() -> list[str]:
    """What models here, or known by name, are called. Raises ThinkcapError for a models.toml that makes no sense."""
    catalogue = load_catalogue()
    return [*catalogue.entries, *(id for id in repositories() if catalogue.of_repository(id) is None)]


def list_models(catalogue: Catalogue, default: str | None) -> list[Listed]:
    """The models of models.toml in its order, then the cache's other GGUF repositories by name.

    default  the name of the model that runs if none is named
    """
    named = [list_model(Reference(name, entry=entry), default) for name, entry in catalogue.entries.items()]
    others = [Reference(id, repository=id) for id in repositories() if catalogue.of_repository(id) is None]
    return named + [listed for reference in others if (listed := list_model(reference, default)).files]


def list_model(reference: Reference, default: str | None) -> Listed:
    """One model and its files."""
    entry = reference.entry
    files = tuple(_files(reference))
    here = {file.quant for file in files}
    wanted = entry.quants if entry and not entry.path else ()
    return Listed(
        name=str(reference),
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
    entry, file = reference.entry, reference.own_file
    if file is not None:
        return [_file(read_header(file).quant, file)] if os.path.isfile(file) else []
    if entry is not None and entry.builtin:
        return [_file(quant, locate(reference.name, quant).path) for quant in entry.quants]
    found: dict[str, ModelFile] = {}
    for repository in reference.repositories:
        for snapshot, variant in cached_variants(repository):
            found.setdefault(variant.quant, _file(variant.quant, snapshot / variant.first))
    return found.values()


def _file(quant: str, path: Path) -> ModelFile:
    return ModelFile(quant, path, size_of(path))
