"""Taking a model's files out of the Hugging Face cache again."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from thinkcap.catalog.cache import cached_variants, repository_folder, snapshots
from thinkcap.catalog.locate import Reference, repositories


@dataclass(frozen=True, slots=True)
class Removal:
    """What is to go: files of snapshots, or whole repositories; `bytes` is what that frees."""

    files: tuple[Path, ...]
    folders: tuple[Path, ...]
    bytes: int

    def run(self) -> None:
        for file in self.files:
            blob = file.resolve()
            file.unlink(missing_ok=True)
            if not _is_used(blob):
                blob.unlink(missing_ok=True)
        for folder in self.folders:
            shutil.rmtree(folder, ignore_errors=True)
            shutil.rmtree(folder.parent / ".locks" / folder.name, ignore_errors=True)


def removal(reference: Reference) -> Removal:
    """What removing a model means: one quant's files where a quant is named, else all of its repositories."""
    if reference.quant is None:
        folders = [folder for name in repositories(reference) if (folder := repository_folder(name)).is_dir()]
        return Removal((), tuple(folders), sum(_size(folder) for folder in folders))
    files = [
        snapshot / part
        for repository in repositories(reference)
        for snapshot, variant in cached_variants(repository)
        if variant.quant == reference.quant
        for part in variant.files
    ]
    return Removal(tuple(files), (), sum(blob.stat().st_size for blob in {file.resolve() for file in files}))


def _size(folder: Path) -> int:
    """Bytes of the files below a folder, links not followed."""
    return sum(path.lstat().st_size for path in folder.rglob("*") if path.is_file() and not path.is_symlink())


def _is_used(blob: Path) -> bool:
    """Whether another snapshot of the same repository links to a blob."""
    if blob.parent.name != "blobs":
        return False
    repository = blob.parent.parent.name.removeprefix("models--").replace("--", "/", 1)
    paths = (path for snapshot in snapshots(repository) for path in snapshot.rglob("*"))
    return any(path.is_symlink() and path.resolve() == blob for path in paths)
