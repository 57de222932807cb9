"""Fetching a file into the cache: on from where an earlier try broke off, no further than announced, and checked.

huggingface_hub's own download makes a path of any ETag, so only its transfer of bytes is used.
"""

from __future__ import annotations

import hashlib
import io
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

from huggingface_hub import constants
from huggingface_hub.file_download import http_get
from huggingface_hub.utils import WeakFileLock, build_hf_headers  # type: ignore[attr-defined]

from thinkcap.catalog.hub.cache import add_to_snapshot, cache_folder, name_revision, repository_folder
from thinkcap.catalog.hub.client import CHUNK, Notice, RemoteFile, Repository, patiently, quiet_library
from thinkcap.catalog.hub.failures import explained, host
from thinkcap.errors import ThinkcapError
from thinkcap.text import bytes_text


def download(repository: Repository, file: RemoteFile, report: Callable[[int], None], notice: Notice = print) -> Path:
    """Fetches one file, unless it is in the cache.

    report  hears after every piece how many bytes of the file are here

    Returns the file's place in the cache. Raises ThinkcapError. What has arrived is kept for the next try unless it is
    wrong.
    """
    if file.size > constants.MAX_HTTP_DOWNLOAD_SIZE:
        raise ThinkcapError(
            f"{file.path} is larger than the hub sends over HTTP ({bytes_text(constants.MAX_HTTP_DOWNLOAD_SIZE)}): "
            f"run `hf download {repository.id} {shlex.quote(file.path)}`, then this command again."
        )
    folder = repository_folder(repository.id)
    blob, part = _places(repository, file)
    # The library's own place for it, so that its downloads and ours wait for each other.
    lock = cache_folder() / ".locks" / folder.name / f"{file.checksum}.lock"
    url = f"{constants.ENDPOINT}/{repository.id}/resolve/{repository.commit}/{quote(file.path)}"
    with explained(repository.id, repository.revision, file.path), quiet_library():
        for path in (blob, lock):
            path.parent.mkdir(parents=True, exist_ok=True)
        with WeakFileLock(lock):
            if not blob.exists():
                patiently(lambda: _fetch(url, part, file.size, report), notice)
                _check(part, file)
                part.replace(blob)
            report(file.size)
            name_revision(folder, repository.revision, repository.commit)
            return add_to_snapshot(folder / "snapshots" / repository.commit, file.path, blob)


def bytes_here(repository: Repository, file: RemoteFile) -> int:
    """How much of a file is in the cache: all of it, what an earlier try left, or 0."""
    for path in _places(repository, file):
        if path.is_file():
            return min(path.stat().st_size, file.size)
    return 0


def _places(repository: Repository, file: RemoteFile) -> tuple[Path, Path]:
    """Where a file's bytes are when they are all here, and until then."""
    blob = repository_folder(repository.id) / "blobs" / file.checksum
    return blob, blob.with_name(f"{file.checksum}.incomplete")


class _Part(io.BufferedWriter):
    """The unfinished file, open for appending. Reports its size, and grows no further than announced."""

    def __init__(self, path: Path, size: int, report: Callable[[int], None]) -> None:
        super().__init__(io.FileIO(path, "a"))
        self.path, self.size, self.report = path, size, report

    def write(self, data: Any) -> int:
        if self.tell() + len(data) > self.size:
            self.path.unlink()
            raise ThinkcapError(
                f"The hub ({host()}) sends more than the {bytes_text(self.size)} it announced, so the file was thrown "
                "away: check HF_ENDPOINT, or take the model from another repository."
            )
        written = super().write(data)
        self.flush()  # a full disk shows at the piece that did not fit
        self.report(self.tell())
        return written


def _fetch(url: str, part: Path, size: int, report: Callable[[int], None]) -> None:
    here = part.stat().st_size if part.exists() else 0
    if here > size:
        part.unlink()
        here = 0
    report(here)
    headers = build_hf_headers(headers={"Accept-Encoding": "identity"})
    with _Part(part, size, report) as file:
        if here < size:
            http_get(url, file, resume_size=here, headers=headers, expected_size=size)


def _check(part: Path, file: RemoteFile) -> None:
    """Compares what arrived with the hub's checksum. Raises ThinkcapError, and deletes it, if it is wrong."""
    with part.open("rb") as data:
        if file.large:
            digest = hashlib.file_digest(data, "sha256")
        else:
            digest = hashlib.sha1(b"blob %d\0" % file.size)  # as git names a file
            while piece := data.read(CHUNK):
                digest.update(piece)
    if digest.hexdigest() != file.checksum:
        part.unlink()
        raise ThinkcapError(
            f"{file.path} arrived with wrong bytes (its checksum is not the hub's) and was thrown away: run the "
            "command again."
        )
