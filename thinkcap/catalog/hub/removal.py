"""Taking a model's files out of the hub's cache again. Never follows a link out of it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from thinkcap.catalog.hub.cache import cache_folder, cached_variants, repository_folder
from thinkcap.catalog.locate import Reference


@dataclass(frozen=True, slots=True)
class Removal:
    """What is to go: names in snapshots and the blobs behind them, or whole repositories.

    bytes  what that frees, without what links lead to outside of the cache
    """

    files: tuple[Path, ...]
    folders: tuple[Path, ...]
    bytes: int

    def run(self) -> None:
        """Deletes them."""
        for file in self.files:
            file.unlink(missing_ok=True)
        for folder in self.folders:
            for path in (folder, folder.parent / ".locks" / folder.name):
                if path.is_symlink():
                    path.unlink()
                else:
                    shutil.rmtree(path, ignore_errors=True)


def removal(reference: Reference) -> Removal:
    """What removing a model means: one quant's files if a quant is named, else all of its repositories."""
    found = [name for name in reference.repositories if repository_folder(name).is_dir()]
    if reference.quant is not None:
        files = [file for name in found for file in _files(name, reference.quant)]
        return Removal(tuple(files), (), _size(files))
    folders = [repository_folder(name) for name in found]
    inside = [path for folder in folders if not folder.is_symlink() for path in folder.rglob("*")]
    return Removal((), tuple(folders), _size(inside))


def _files(repository: str, quant: str) -> list[Path]:
    """A quant's names in the snapshots of a repository, and the blobs that no other name there needs."""
    folder = repository_folder(repository)
    names = {
        place
        for snapshot, variant in cached_variants(repository)
        if variant.quant == quant
        for part in variant.files
        if _is_inside(place := snapshot / part)
    }
    others = set((folder / "snapshots").rglob("*")) - names
    blobs = {_target(name) for name in names} - {_target(name) for name in others}
    return [*sorted(names), *sorted(blob for blob in blobs if blob.parent == folder / "blobs" and _is_inside(blob))]


def _target(name: Path) -> Path:
    """Where a link leads in one step; any other path itself."""
    return Path(os.path.normpath(name.parent / os.readlink(name))) if name.is_symlink() else name


def _is_inside(path: Path) -> bool:
    """Whether deleting a path deletes something in the cache. It doesn't if a folder above it is a link elsewhere."""
    return path.parent.resolve().is_relative_to(cache_folder().resolve())


def _size(files: Iterable[Path]) -> int:
    """Bytes of the files, links not followed."""
    return sum(path.lstat().st_size for path in files if path.is_file() and not path.is_symlink())
