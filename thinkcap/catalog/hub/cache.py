"""The hub's cache on this machine: what is in it, and where its files go. Needs no network and no login.

The layout is huggingface_hub's: `models--OWNER--NAME/snapshots/COMMIT/FILE` is a link to `blobs/CHECKSUM`, and
`refs/REVISION` holds the commit that a branch or tag was at when it was last fetched.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from thinkcap.catalog.gguf.names import Variant, variants
from thinkcap.errors import ThinkcapError
from thinkcap.text import bytes_text


def cache_folder() -> Path:
    """The folder of the cache; HF_HOME and HF_HUB_CACHE move it."""
    from huggingface_hub import constants

    return Path(constants.HF_HUB_CACHE)


def free_space(folder: Path) -> int:
    """Bytes free on the disk that a folder is, or will be, on."""
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    return shutil.disk_usage(folder).free


def check_space(needed: int, folder: Path) -> None:
    """Raises ThinkcapError if `needed` bytes are not free on a folder's disk."""
    if needed > free_space(folder):
        raise ThinkcapError(
            f"{bytes_text(needed)} are needed and only {bytes_text(free_space(folder))} are free in {folder}: free "
            "some, or set HF_HOME to a folder on another disk."
        )


def repository_folder(repository: str) -> Path:
    return cache_folder() / f"models--{repository.replace('/', '--')}"


def repositories() -> list[str]:
    """The model repositories in the cache, by name."""
    folders = sorted(cache_folder().glob("models--*--*"))
    return [folder.name.removeprefix("models--").replace("--", "/", 1) for folder in folders]


def cached_variants(repository: str) -> list[tuple[Path, Variant]]:
    """Every whole GGUF model of a repository in the cache, with its snapshot's folder.

    The snapshot of `main` comes first, then the newest; within one, preferred quants come first. Files still being
    fetched and split models with shards missing are left out.
    """
    found = []
    for snapshot in _snapshots(repository_folder(repository)):
        # A link whose target is gone is no file: is_file follows it.
        paths = [path.relative_to(snapshot).as_posix() for path in snapshot.rglob("*") if path.is_file()]
        found += [(snapshot, variant) for variant in variants(paths) if not variant.missing]
    return found


def _snapshots(repository: Path) -> list[Path]:
    try:
        main = (repository / "refs" / "main").read_text().strip()
    except (OSError, UnicodeDecodeError):
        main = ""
    try:
        found = [path for path in (repository / "snapshots").iterdir() if path.is_dir()]
    except OSError:
        return []
    return sorted(found, key=lambda path: (path.name != main, -path.stat().st_mtime))


def is_plain_path(path: str) -> bool:
    """Whether a path, with `/` between its parts, can be a file below any folder it is joined to, on every system."""
    parts = path.split("/")
    return (
        len(path) <= 1024
        and path.isprintable()
        and not set(path) & set('\\:*?"<>|')
        and all(part not in ("", ".", "..") and len(part.encode()) <= 255 for part in parts)
    )


def add_to_snapshot(snapshot: Path, path: str, blob: Path) -> Path:
    """Gives a blob its name in a snapshot: a relative link, or the blob itself on a file system without links."""
    place = snapshot / path
    place.parent.mkdir(parents=True, exist_ok=True)
    place.unlink(missing_ok=True)
    try:
        place.symlink_to(os.path.relpath(blob, place.parent))
    except OSError:
        blob.replace(place)
    return place


def name_revision(repository: Path, revision: str, commit: str) -> None:
    """Notes which commit a branch or tag is at."""
    if revision != commit:
        file = repository / "refs" / revision
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(commit)
