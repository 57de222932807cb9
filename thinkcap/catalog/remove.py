"""Taking a model's files out of the Hugging Face cache again."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from thinkcap.catalog.cache import cache_folder, cached_variants, repository_folder
from thinkcap.catalog.locate import Reference, repositories


@dataclass(frozen=True, slots=True)
class Removal:
    """What is to go: names in snapshots and the blobs behind them, or whole repositories.

    bytes  what that frees; what a link leads to outside of the cache stays and is not counted
    """

    files: tuple[Path, ...]
    folders: tuple[Path, ...]
    bytes: int

    def run(self) -> None:
        """Deletes them. Never follows a link out of the cache."""
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
    found = [name for name in repositories(reference) if repository_folder(name).is_dir()]
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
    """Whether deleting a path deletes something in the cache: a link to the folder it is in may lead elsewhere."""
    return path.parent.resolve().is_relative_to(cache_folder().resolve())


def _size(files: list[Path]) -> int:
    """Bytes of the files, links not followed."""
    return sum(path.lstat().st_size for path in files if path.is_file() and not path.is_symlink())
