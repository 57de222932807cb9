"""The Hugging Face hub: what a repository holds, and fetching its files into the shared cache.

huggingface_hub does the talking: it knows endpoints, tokens, redirects, the cache's layout and its locks. Added here
are what it leaves to its callers: a download that goes on where a killed process left it, a checksum, patience with a
busy server, and errors that say what to do.
"""

from __future__ import annotations

import errno
import hashlib
import io
import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from huggingface_hub import HfApi, constants, get_hf_file_metadata, get_session, get_token, hf_hub_download, hf_hub_url
from huggingface_hub.errors import (
    EntryNotFoundError,
    GatedRepoError,
    HfHubHTTPError,
    HFValidationError,
    LocalEntryNotFoundError,
    OfflineModeIsEnabled,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)
from huggingface_hub.file_download import http_get
from huggingface_hub.utils import (  # type: ignore[attr-defined]
    WeakFileLock,
    build_hf_headers,
    disable_progress_bars,
    enable_progress_bars,
)
from huggingface_hub.utils import logging as hub_logging

from thinkcap.catalog.cache import cache_folder, repository_folder
from thinkcap.errors import ThinkcapError, UsageError

T = TypeVar("T")
Notice = Callable[[str], None]

# Seconds between tries of a request that the hub was too busy for. A server that asks for more than the longest pause
# is not waited for.
_PAUSES = (1.0, 2.0, 4.0)
_LONGEST_PAUSE = 60.0
_BUSY = (408, 429, 500, 502, 503, 504)
# Smaller than the library's 10 MB, so that the bar moves on a slow line and a kill loses little.
_CHUNK = 1 << 20
# The hub's HTTP library goes by another name in each major version; its base error is the base of the hub's own.
_HttpError: type[Exception] = HfHubHTTPError.__mro__[1]


class NoSuchRepository(ThinkcapError):  # noqa: N818 (a state the next source is tried after)
    """The hub has no such repository, or shows it to others only."""


@dataclass(frozen=True, slots=True)
class RemoteFile:
    """One file of a repository: its size in bytes, and the checksum the cache names its blob by ("" where unknown)."""

    path: str
    size: int
    checksum: str


@dataclass(frozen=True, slots=True)
class Repository:
    """A repository as the hub lists it, at one commit.

    revision  what was asked for (`main`, a tag, a commit)
    licence   as its card names it, None where it doesn't
    """

    id: str
    revision: str
    commit: str
    licence: str | None
    files: tuple[RemoteFile, ...]

    def sizes(self) -> dict[str, int]:
        return {file.path: file.size for file in self.files}


def host() -> str:
    """The hub in use, without the scheme; HF_ENDPOINT moves it."""
    return constants.ENDPOINT.partition("://")[2].rstrip("/")


def is_offline() -> bool:
    return bool(constants.is_offline_mode())


def has_token() -> bool:
    """Whether requests carry a token: HF_TOKEN's or the one of a login."""
    return get_token() is not None


def unreachable(timeout: float) -> str:
    """Why the hub does not answer within so many seconds, "" where it does. Any answer will do."""
    try:
        get_session().head(constants.ENDPOINT, timeout=timeout)
    except (_HttpError, OSError) as error:
        return _words(error)
    return ""


def describe(repository: str, revision: str | None = None, notice: Notice = print) -> Repository:
    """Asks the hub what a repository holds.

    Raises NoSuchRepository, or ThinkcapError in one sentence for anything else that went wrong.
    """
    asked = revision or "main"
    with _explained(repository, asked), _quiet_library():
        info = _patiently(
            lambda: HfApi().model_info(
                repository, revision=revision, files_metadata=True, timeout=constants.HF_HUB_ETAG_TIMEOUT
            ),
            notice,
        )
    licence = info.card_data.get("license") if info.card_data else None
    return Repository(
        id=repository,
        revision=asked,
        commit=info.sha or asked,
        licence=licence if isinstance(licence, str) else None,
        files=tuple(
            RemoteFile(file.rfilename, file.size or 0, (file.lfs.sha256 if file.lfs else file.blob_id) or "")
            for file in info.siblings or ()
        ),
    )


def download(repository: Repository, path: str, report: Callable[[int], None], notice: Notice = print) -> Path:
    """Fetches one file into the cache, goes on where an earlier try broke off, and checks what arrived.

    report  is told after every piece how many bytes of the file are here
    notice  is told, in a sentence, when the hub makes us wait

    Returns the file's place in the cache. Raises ThinkcapError; what has arrived is kept for the next try unless it is
    wrong.
    """
    blobs = repository_folder(repository.id) / "blobs"
    url = hf_hub_url(repository.id, path, revision=repository.commit)
    with _explained(repository.id, repository.revision, path), _quiet_library():
        metadata = _patiently(lambda: get_hf_file_metadata(url), notice)
        if not metadata.etag or metadata.size is None:
            raise ThinkcapError(f"The hub ({host()}) tells neither size nor checksum of {path}: it can't be fetched.")
        etag, size = metadata.etag, metadata.size
        blobs.mkdir(parents=True, exist_ok=True)
        lock = cache_folder() / ".locks" / blobs.parent.name / f"{etag}.lock"
        lock.parent.mkdir(parents=True, exist_ok=True)
        with WeakFileLock(lock):
            blob, part = blobs / etag, blobs / f"{etag}.incomplete"
            if not blob.exists():
                _patiently(lambda: _fetch(url, part, size, report), notice)
                _check(part, etag, size, path)
                part.replace(blob)
        report(size)
        # The bytes are there: the library only adds the snapshot's link and the revision's name.
        return Path(hf_hub_download(repository.id, path, revision=repository.revision))


def bytes_here(repository: Repository, file: RemoteFile) -> int:
    """How much of a file is in the cache already: all of it, what a broken-off download left, or 0."""
    blob = repository_folder(repository.id) / "blobs" / file.checksum
    for path in (blob, blob.with_name(f"{file.checksum}.incomplete")):
        if path.is_file():
            return min(path.stat().st_size, file.size)
    return 0


class _Part(io.BufferedWriter):
    """The unfinished file, open for appending; says how far it has grown."""

    def __init__(self, path: Path, report: Callable[[int], None]) -> None:
        super().__init__(io.FileIO(path, "a"))
        self.report = report

    def write(self, data: object) -> int:
        written = super().write(data)  # type: ignore[arg-type]
        self.flush()  # a full disk shows at the piece that did not fit
        self.report(self.tell())
        return written


def _fetch(url: str, part: Path, size: int, report: Callable[[int], None]) -> None:
    here = part.stat().st_size if part.exists() else 0
    if here > size:
        part.unlink()
        here = 0
    report(here)
    if here == size:
        return
    headers = build_hf_headers(headers={"Accept-Encoding": "identity"})
    with _Part(part, report) as file:
        http_get(url, file, resume_size=here, headers=headers, expected_size=size)


def _check(part: Path, etag: str, size: int, path: str) -> None:
    """Compares with the hub's checksum: SHA-256 for large files, git's SHA-1 of a blob for small ones."""
    with part.open("rb") as file:
        if len(etag) == 64:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        elif len(etag) == 40:
            digest = hashlib.sha1(b"blob %d\0" % size + file.read()).hexdigest()
        else:
            return
    if digest != etag:
        part.unlink()
        raise ThinkcapError(
            f"{path} arrived with wrong bytes (its checksum is not the hub's) and was thrown away: run the command "
            "again."
        )


def _patiently(call: Callable[[], T], notice: Notice) -> T:
    """Repeats a request while the hub is busy or the line breaks, a few times."""
    for pause in (*_PAUSES, None):
        try:
            return call()
        except _HttpError as error:
            if pause is None or not _passes(error):
                raise
            wait = _asked_pause(error)
            wait = pause if wait is None else wait
            if wait > _LONGEST_PAUSE:
                raise
            status = _status(error)
            what = f"answers {status}" if status else "broke off"
            notice(f"The hub ({host()}) {what}: trying again in {wait:g} s.")
            time.sleep(wait)
    raise AssertionError("unreachable")


def _passes(error: Exception) -> bool:
    """Whether an error may be gone in a moment. No connection at all is not: a laptop without network should say so."""
    if isinstance(error, HfHubHTTPError):
        return _status(error) in _BUSY
    return type(error).__name__ in ("ReadError", "ReadTimeout", "RemoteProtocolError", "WriteError")


def _status(error: Exception) -> int | None:
    response = getattr(error, "response", None)
    return None if response is None else int(response.status_code)


def _asked_pause(error: Exception) -> float | None:
    response = getattr(error, "response", None)
    asked = response.headers.get("Retry-After") if response is not None else None
    return float(asked) if asked is not None and asked.isdecimal() else None


@contextmanager
def _quiet_library() -> Iterator[None]:
    """The library's own bars and warnings off, its pieces small; all as it was afterwards."""
    level, chunk = hub_logging.get_verbosity(), constants.DOWNLOAD_CHUNK_SIZE
    hub_logging.set_verbosity(logging.ERROR)
    disable_progress_bars("huggingface_hub.http_get")
    constants.DOWNLOAD_CHUNK_SIZE = _CHUNK
    try:
        yield
    finally:
        constants.DOWNLOAD_CHUNK_SIZE = chunk
        enable_progress_bars("huggingface_hub.http_get")
        hub_logging.set_verbosity(level)


@contextmanager
def _explained(repository: str, revision: str, path: str = "") -> Iterator[None]:
    """Turns what the library raises into one sentence that says what to do."""
    try:
        yield
    except OfflineModeIsEnabled as error:
        raise ThinkcapError(
            f"HF_HUB_OFFLINE is set, so {repository} can't be looked up: unset it and run the command again."
        ) from error
    except HFValidationError as error:
        raise UsageError(f"{repository!r} is no name of a repository: write it as owner/name.") from error
    except GatedRepoError as error:
        raise ThinkcapError(
            f"{repository} is gated: accept its terms on {constants.ENDPOINT}/{repository}, then set HF_TOKEN to a "
            "token of yours that may read it."
        ) from error
    except RepositoryNotFoundError as error:
        raise NoSuchRepository(
            f"The hub ({host()}) has no repository {repository}, or it is private: check the name, or set HF_TOKEN to "
            "a token that may read it."
        ) from error
    except RevisionNotFoundError as error:
        raise ThinkcapError(
            f"{repository} has no revision {revision!r}: leave --revision out for the newest."
        ) from error
    except LocalEntryNotFoundError as error:
        raise ThinkcapError(
            f"The hub ({host()}) stopped answering: run the command again; what has arrived is kept."
        ) from error
    except EntryNotFoundError as error:
        raise ThinkcapError(f"{repository} has no file {path} any more: run the command again.") from error
    except HfHubHTTPError as error:
        raise ThinkcapError(_refusal(repository, _status(error), _asked_pause(error))) from error
    except _HttpError as error:
        raise ThinkcapError(
            f"The hub ({host()}) can't be reached ({_words(error)}): check the network and run the command again; what "
            "has arrived is kept."
        ) from error
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EFBIG, errno.EDQUOT):
            raise ThinkcapError(
                f"No space is left for {path or repository} in {cache_folder()}: free some or set HF_HOME to a folder "
                "on another disk, then run the command again; what has arrived is kept."
            ) from error
        if error.errno is not None:
            raise ThinkcapError(
                f"{path or repository} can't be saved in {cache_folder()}: {error.strerror}."
            ) from error
        # The library's own word for a file that ended early.
        raise ThinkcapError(
            f"The connection to the hub ({host()}) broke off within {path or repository}: run the command again, it "
            "goes on from where it was."
        ) from error


def _refusal(repository: str, status: int | None, pause: float | None) -> str:
    match status:
        case 401 | 403:
            return (
                f"The hub ({host()}) does not let you read {repository} ({status}): set HF_TOKEN to a token that may "
                "read it."
            )
        case 429:
            wait = f"wait {pause:.0f} s" if pause else "wait a few minutes"
            return (
                f"The hub ({host()}) is asked too often (429), also after {len(_PAUSES)} more tries: {wait} and run "
                "the command again; a token in HF_TOKEN raises the limit."
            )
        case _:
            return (
                f"The hub ({host()}) is out of order ({status}), also after {len(_PAUSES)} more tries: run the command "
                "again later; what has arrived is kept."
            )


def _words(error: Exception) -> str:
    return str(error) or type(error).__name__
