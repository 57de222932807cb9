"""What is in the Hugging Face cache. Only reads; needs no network and no login.

The layout is the hub library's documented one: `models--OWNER--NAME/snapshots/COMMIT/FILE`, with `refs/main` naming the
commit that `main` stood at when it was last fetched.
"""

from __future__ import annotations

from pathlib import Path

from thinkcap.catalog.quants import Variant, variants


def cache_folder() -> Path:
    """The hub's cache on this machine; HF_HOME and HF_HUB_CACHE move it."""
    from huggingface_hub import constants

    return Path(constants.HF_HUB_CACHE)


def repository_folder(repository: str) -> Path:
    return cache_folder() / f"models--{repository.replace('/', '--')}"


def snapshots(repository: str, revision: str | None = None) -> list[Path]:
    """The fetched states of a repository: the one `revision` names, or all, that of `main` first, then the newest."""
    folder = repository_folder(repository)
    named = _commit(folder, revision or "main")
    if revision is not None:
        return [folder / "snapshots" / named] if (folder / "snapshots" / named).is_dir() else []
    try:
        found = [path for path in (folder / "snapshots").iterdir() if path.is_dir()]
    except OSError:
        return []
    return sorted(found, key=lambda path: (path.name != named, -path.stat().st_mtime))


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


def _commit(folder: Path, revision: str) -> str:
    try:
        return (folder / "refs" / revision).read_text().strip()
    except OSError:
        return revision
