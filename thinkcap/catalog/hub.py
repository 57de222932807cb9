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
from typing import Annotated, Any, TypeVar
from urllib.parse import quote

from huggingface_hub import constants, get_session, get_token
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
    hf_raise_for_status,
    validate_repo_id,
)
from huggingface_hub.utils import logging as hub_logging
from pydantic import AfterValidator, BaseModel, Field, ValidationError

from thinkcap.catalog.cache import add_to_snapshot, cache_folder, is_plain_path, name_revision, repository_folder
from thinkcap.catalog.sizes import bytes_text
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
# The description of a repository with 10,000 files is about 3 MB.
_LONGEST_DESCRIPTION = 64 << 20
# The hub's HTTP library goes by another name in each major version; its base error is the base of the hub's own.
_HttpError: type[Exception] = HfHubHTTPError.__mro__[1]


class NoSuchRepository(ThinkcapError):  # noqa: N818 (a state the next source is tried after)
    """The hub has no such repository, or shows it to others only."""


def _plain(path: str) -> str:
    if not is_plain_path(path):
        raise ValueError("a plain relative path")
    return path


Sha1 = Annotated[str, Field(pattern="^[0-9a-f]{40}$")]
Sha256 = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
Size = Annotated[int, Field(ge=0, lt=1 << 60)]


class _LargeFile(BaseModel):
    sha256: Sha256


class _ListedFile(BaseModel):
    path: Annotated[str, AfterValidator(_plain), Field(alias="rfilename")]
    size: Size
    git_sha1: Annotated[Sha1, Field(alias="blobId")]
    large: Annotated[_LargeFile | None, Field(alias="lfs")] = None


class _Description(BaseModel):
    """What the hub answers about a repository. The cache makes paths of all of it, so nothing is taken unchecked."""

    commit: Annotated[Sha1, Field(alias="sha")]
    files: Annotated[list[_ListedFile], Field(alias="siblings")] = []
    card: Annotated[Any, Field(alias="cardData")] = None


@dataclass(frozen=True, slots=True)
class RemoteFile:
    """One file of a repository.

    size      in bytes
    checksum  SHA-256 of a large file, git's SHA-1 of a small one, in hexadecimal; the cache names its blob by it
    """

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

    def file(self, path: str) -> RemoteFile:
        return next(file for file in self.files if file.path == path)


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
    if not is_plain_path(asked):
        raise UsageError(f"{asked!r} is no revision: give a branch, a tag or a commit.")
    with _explained(repository, asked), _quiet_library():
        validate_repo_id(repository)
        url = f"{constants.ENDPOINT}/api/models/{repository}/revision/{quote(asked, safe='')}?blobs=true"
        answer = _patiently(lambda: _answer(url), notice)
        try:
            found = _Description.model_validate_json(answer)
        except ValidationError as error:
            where = ".".join(map(str, error.errors()[0]["loc"])) or "the whole"
            raise ThinkcapError(
                f"The hub ({host()}) describes {repository} in a way that can't be trusted (see {where}): check "
                "HF_ENDPOINT, or take the model from another repository."
            ) from error
    licence = found.card.get("license") if isinstance(found.card, dict) else None
    return Repository(
        id=repository,
        revision=asked,
        commit=found.commit,
        licence=licence if isinstance(licence, str) else None,
        files=tuple(
            RemoteFile(file.path, file.size, file.large.sha256 if file.large else file.git_sha1) for file in found.files
        ),
    )


def _answer(url: str) -> bytes:
    """The body of the answer to a GET, up to a limit."""
    body = bytearray()
    with get_session().stream(
        "GET", url, headers=build_hf_headers(), timeout=constants.HF_HUB_ETAG_TIMEOUT
    ) as response:
        hf_raise_for_status(response)
        for piece in response.iter_bytes():
            body += piece
            if len(body) > _LONGEST_DESCRIPTION:
                raise ThinkcapError(f"The answer of the hub ({host()}) does not end: check HF_ENDPOINT.")
    return bytes(body)


def download(repository: Repository, file: RemoteFile, report: Callable[[int], None], notice: Notice = print) -> Path:
    """Fetches one file into the cache, goes on where an earlier try broke off, and checks what arrived.

    report  is told after every piece how many bytes of the file are here
    notice  is told, in a sentence, when the hub makes us wait

    Returns the file's place in the cache. Raises ThinkcapError; what has arrived is kept for the next try unless it is
    wrong.
    """
    if file.size > constants.MAX_HTTP_DOWNLOAD_SIZE:
        raise ThinkcapError(
            f"{file.path} is larger than the hub sends over HTTP ({bytes_text(constants.MAX_HTTP_DOWNLOAD_SIZE)}): "
            f"run `hf download {repository.id} {file.path}`, then this command again."
        )
    folder = repository_folder(repository.id)
    blob = folder / "blobs" / file.checksum
    part = blob.with_name(f"{file.checksum}.incomplete")
    # The library's own place for it, so that its downloads and ours wait for each other.
    lock = cache_folder() / ".locks" / folder.name / f"{file.checksum}.lock"
    url = f"{constants.ENDPOINT}/{repository.id}/resolve/{repository.commit}/{quote(file.path)}"
    with _explained(repository.id, repository.revision, file.path), _quiet_library():
        for path in (blob, lock):
            path.parent.mkdir(parents=True, exist_ok=True)
        with WeakFileLock(lock):
            if not blob.exists():
                _patiently(lambda: _fetch(url, part, file.size, report), notice)
                _check(part, file)
                part.replace(blob)
            report(file.size)
            name_revision(folder, repository.revision, repository.commit)
            return add_to_snapshot(folder / "snapshots" / repository.commit, file.path, blob)


def bytes_here(repository: Repository, file: RemoteFile) -> int:
    """How much of a file is in the cache already: all of it, what a broken-off download left, or 0."""
    blob = repository_folder(repository.id) / "blobs" / file.checksum
    for path in (blob, blob.with_name(f"{file.checksum}.incomplete")):
        if path.is_file():
            return min(path.stat().st_size, file.size)
    return 0


class _Part(io.BufferedWriter):
    """The unfinished file, open for appending; says how far it has grown, and grows no further than announced."""

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
    if here == size:
        return
    headers = build_hf_headers(headers={"Accept-Encoding": "identity"})
    with _Part(part, size, report) as file:
        http_get(url, file, resume_size=here, headers=headers, expected_size=size)


def _check(part: Path, file: RemoteFile) -> None:
    """Compares what arrived with the hub's checksum. Raises ThinkcapError, and deletes it, if it is wrong."""
    with part.open("rb") as data:
        if len(file.checksum) == 64:
            digest = hashlib.file_digest(data, "sha256")
        else:
            digest = hashlib.sha1(b"blob %d\0" % file.size)  # as git names a file
            while piece := data.read(_CHUNK):
                digest.update(piece)
    if digest.hexdigest() != file.checksum:
        part.unlink()
        raise ThinkcapError(
            f"{file.path} arrived with wrong bytes (its checksum is not the hub's) and was thrown away: run the "
            "command again."
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
