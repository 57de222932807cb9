"""What is in the Hugging Face cache, and where its files go. Needs no network and no login.

The layout is the hub library's documented one: `models--OWNER--NAME/snapshots/COMMIT/FILE`, with `refs/main` naming the
commit that `main` stood at when it was last fetched.
"""

from __future__ import annotations

import os
from pathlib import Path

from thinkcap.catalog.quants import Variant, variants


def cache_folder() -> Path:
    """The hub's cache on this machine; HF_HOME and HF_HUB_CACHE move it."""
    from huggingface_hub import constants

    return Path(constants.HF_HUB_CACHE)


def repository_folder(repository: str) -> Path:
    return cache_folder() / f"models--{repository.replace('/', '--')}"


def snapshots(repository: str) -> list[Path]:
    """The fetched states of a repository: that of `main` first, then the newest."""
    folder = repository_folder(repository)
    try:
        main = (folder / "refs" / "main").read_text().strip()
    except (OSError, UnicodeDecodeError):
        main = ""
    try:
        found = [path for path in (folder / "snapshots").iterdir() if path.is_dir()]
    except OSError:
        return []
    return sorted(found, key=lambda path: (path.name != main, -path.stat().st_mtime))


def cached_variants(repository: str) -> list[tuple[Path, Variant]]:
    """Every whole GGUF model of a repository in the cache, with the snapshot folder it lies in, preferred quants first.

    Files still being fetched and split models with shards missing are left out.
    """
    found = []
    for snapshot in snapshots(repository):
        # A link whose target is gone is no file: is_file follows it.
        paths = [path.relative_to(snapshot).as_posix() for path in snapshot.rglob("*") if path.is_file()]
        found += [(snapshot, variant) for variant in variants(paths) if not variant.missing]
    return found


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
    """Notes which commit a branch or tag was at."""
    if revision != commit:
        file = repository / "refs" / revision
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(commit)
