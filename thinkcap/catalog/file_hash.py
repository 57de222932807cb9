"""The SHA-256 of a model file, as `sha256sum` and hubs give it."""

from __future__ import annotations

from hashlib import file_digest, sha256
from pathlib import Path

from thinkcap.catalog import trials


def sha256_of(path: Path) -> str:
    """SHA-256, in hex, of a whole file; of a split model, of its first part.

    A file is read once: its hash is kept in the user's cache folder for as long as its size and time stay the same.
    """
    found = path.stat()
    described = repr((str(path.resolve()), found.st_size, found.st_mtime_ns))
    key = sha256(described.encode("utf-8", "replace")).hexdigest()[:16]
    known = trials.remembered(file()).get(key)
    if isinstance(known, str):
        return known
    with path.open("rb") as content:
        digest = file_digest(content, "sha256").hexdigest()
    trials.remember(file(), key, digest)
    return digest


def file() -> Path:
    """Where hashes are kept."""
    return trials.memory("hashes")
