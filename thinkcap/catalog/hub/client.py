"""The hub itself: what a repository holds, asked through huggingface_hub's session.

The library knows endpoints, tokens and redirects. Added here is what it leaves to its callers: patience with a busy
server, and distrust. Nothing that a hub says chooses a path or the size of what is kept.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Annotated, Any, TypeVar
from urllib.parse import quote

from huggingface_hub import constants, get_session, get_token
from huggingface_hub.errors import HfHubHTTPError
from huggingface_hub.utils import (  # type: ignore[attr-defined]
    build_hf_headers,
    disable_progress_bars,
    enable_progress_bars,
    hf_raise_for_status,
    validate_repo_id,
)
from huggingface_hub.utils import logging as hub_logging
from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pydantic_core import from_json

from thinkcap.catalog.hub.cache import is_plain_path
from thinkcap.catalog.hub.failures import HttpError, explained, host, pause_of, status_of, words
from thinkcap.errors import ThinkcapError, UsageError

T = TypeVar("T")
Notice = Callable[[str], None]
"""Hears, in a sentence, why a command waits."""

# Seconds between tries of a request that the hub was too busy for. If the hub asks for more than the longest pause,
# the command ends.
_PAUSES = (1.0, 2.0, 4.0)
_LONGEST_PAUSE = 60.0
_BUSY = (408, 429, 500, 502, 503, 504)
# The description of a repository with 10,000 files is about 3 MB.
_LONGEST_ANSWER = 64 << 20
# Bytes of a file written at a time. Smaller than the library's 10 MB, so that the bar moves on a slow line and a kill
# loses little.
CHUNK = 1 << 20


def _plain(path: str) -> str:
    if not is_plain_path(path):
        raise ValueError("not a plain relative path")
    return path


Sha1 = Annotated[str, Field(pattern="^[0-9a-f]{40}$")]
Sha256 = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]


class _LargeFile(BaseModel):
    sha256: Sha256


class RemoteFile(BaseModel):
    """One file of a repository; `size` in bytes."""

    model_config = ConfigDict(frozen=True)

    path: Annotated[str, AfterValidator(_plain), Field(alias="rfilename")]
    size: Annotated[int, Field(ge=0, lt=1 << 60)]
    git_sha1: Annotated[Sha1, Field(alias="blobId")]
    large: Annotated[_LargeFile | None, Field(alias="lfs")] = None

    @property
    def checksum(self) -> str:
        """SHA-256 of a large file, git's SHA-1 of a small one, in hexadecimal. The cache names its blob by it."""
        return self.large.sha256 if self.large else self.git_sha1


class Repository(BaseModel):
    """A repository as the hub describes it, at one commit. `revision` is what was asked for: a branch, tag or commit.

    The cache makes paths of these values, so each is checked.
    """

    model_config = ConfigDict(frozen=True)

    id: str
    revision: str
    commit: Annotated[Sha1, Field(alias="sha")]
    files: Annotated[tuple[RemoteFile, ...], Field(alias="siblings")] = ()
    card: Annotated[Any, Field(alias="cardData")] = None

    @property
    def licence(self) -> str | None:
        licence = self.card.get("license") if isinstance(self.card, dict) else None
        return licence if isinstance(licence, str) else None

    def file(self, path: str) -> RemoteFile:
        return next(file for file in self.files if file.path == path)


def is_offline() -> bool:
    return bool(constants.is_offline_mode())


def has_token() -> bool:
    """Whether requests carry a token: HF_TOKEN's, or that of a login."""
    return get_token() is not None


def unreachable(timeout: float) -> str:
    """Why the hub does not answer within `timeout` seconds, "" if it does. Any answer will do."""
    try:
        get_session().head(constants.ENDPOINT, timeout=timeout)
    except (HttpError, OSError) as error:
        return words(error)
    return ""


def describe(repository: str, revision: str | None = None, notice: Notice = print) -> Repository:
    """Asks the hub what a repository holds.

    Raises NoSuchRepository, or ThinkcapError for anything else that goes wrong.
    """
    asked = revision or "main"
    if not is_plain_path(asked):
        raise UsageError(f"{asked!r} is no revision: give a branch, a tag or a commit.")
    with explained(repository, asked), quiet_library():
        validate_repo_id(repository)
        url = f"{constants.ENDPOINT}/api/models/{repository}/revision/{quote(asked, safe='')}?blobs=true"
        answer = patiently(lambda: _get(url), notice)
    try:
        return Repository.model_validate({**from_json(answer), "id": repository, "revision": asked})
    except (ValueError, TypeError) as error:
        raise ThinkcapError(
            f"The hub ({host()}) describes {repository} in a way that can't be trusted: check HF_ENDPOINT, or take the "
            "model from another repository."
        ) from error


def _get(url: str) -> bytes:
    body = bytearray()
    headers, timeout = build_hf_headers(), constants.HF_HUB_ETAG_TIMEOUT
    with get_session().stream("GET", url, headers=headers, timeout=timeout) as response:
        hf_raise_for_status(response)
        for piece in response.iter_bytes():
            body += piece
            if len(body) > _LONGEST_ANSWER:
                raise ThinkcapError(f"The answer of the hub ({host()}) does not end: check HF_ENDPOINT.")
    return bytes(body)


def patiently(call: Callable[[], T], notice: Notice) -> T:
    """Repeats a request a few times while the hub is busy or the line breaks."""
    for pause in _PAUSES:
        try:
            return call()
        except HttpError as error:
            asked, status = pause_of(error), status_of(error)
            wait = pause if asked is None else asked
            if not _passes(error) or wait > _LONGEST_PAUSE:
                raise
            what = f"answers {status}" if status else "broke off"
            notice(f"The hub ({host()}) {what}: trying again in {wait:g} s.")
            time.sleep(wait)
    return call()


def _passes(error: Exception) -> bool:
    """Whether an error may be gone in a moment. No connection at all is not: a laptop without network should say so."""
    if isinstance(error, HfHubHTTPError):
        return status_of(error) in _BUSY
    return type(error).__name__ in ("ReadError", "ReadTimeout", "RemoteProtocolError", "WriteError")


@contextmanager
def quiet_library() -> Iterator[None]:
    """The library without bars and warnings of its own, and with small pieces; as before afterwards."""
    level, chunk = hub_logging.get_verbosity(), constants.DOWNLOAD_CHUNK_SIZE
    hub_logging.set_verbosity(logging.ERROR)
    disable_progress_bars("huggingface_hub.http_get")
    constants.DOWNLOAD_CHUNK_SIZE = CHUNK
    try:
        yield
    finally:
        constants.DOWNLOAD_CHUNK_SIZE = chunk
        enable_progress_bars("huggingface_hub.http_get")
        hub_logging.set_verbosity(level)
