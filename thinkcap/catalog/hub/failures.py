"""What can go wrong between here and the hub, each in one sentence that says what to do."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager

from huggingface_hub import constants
from huggingface_hub.errors import (
    EntryNotFoundError,
    GatedRepoError,
    HfHubHTTPError,
    HFValidationError,
    OfflineModeIsEnabled,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)

from thinkcap.catalog.hub.cache import cache_folder
from thinkcap.errors import ThinkcapError, UsageError

HttpError: type[Exception] = HfHubHTTPError.__mro__[1]
"""The base error of the hub's HTTP library, which has another name in each major version."""

DISK_FULL = (errno.ENOSPC, errno.EFBIG, errno.EDQUOT)


class NoSuchRepository(ThinkcapError):  # noqa: N818 (a state after which the next source is tried)
    """The hub has no such repository, or doesn't show it to us."""


def host() -> str:
    """The hub in use, without the scheme; HF_ENDPOINT moves it."""
    return constants.ENDPOINT.partition("://")[2].rstrip("/")


def status_of(error: Exception) -> int | None:
    """The HTTP status of an error, if the hub answered at all."""
    response = getattr(error, "response", None)
    return None if response is None else int(response.status_code)


def pause_of(error: Exception) -> float | None:
    """The seconds that the hub asks us to wait."""
    response = getattr(error, "response", None)
    asked = response.headers.get("Retry-After", "") if response is not None else ""
    return float(asked) if asked.isdecimal() and len(asked) < 10 else None


def words(error: Exception) -> str:
    return str(error) or type(error).__name__


@contextmanager
def explained(repository: str, revision: str, path: str = "") -> Iterator[None]:
    """Turns what huggingface_hub and the file system raise into a ThinkcapError."""
    try:
        yield
    except (HFValidationError, HttpError, OSError) as error:
        kind, sentence = _explanation(error, repository, revision, path)
        raise kind(sentence) from error


def _explanation(error: Exception, repository: str, revision: str, path: str) -> tuple[type[ThinkcapError], str]:
    what = path or repository
    kind: type[ThinkcapError] = ThinkcapError
    match error:
        case HFValidationError():
            kind, sentence = UsageError, f"{repository!r} is no name of a repository: write it as owner/name."
        case OfflineModeIsEnabled():
            sentence = f"HF_HUB_OFFLINE is set, so {repository} can't be looked up: unset it and run the command again."
        case GatedRepoError():
            sentence = (
                f"{repository} is gated: accept its terms on {constants.ENDPOINT}/{repository}, then set HF_TOKEN to a "
                "token of yours that may read it."
            )
        case RepositoryNotFoundError():
            kind = NoSuchRepository
            sentence = (
                f"The hub ({host()}) has no repository {repository}, or it is private: check the name, or set "
                "HF_TOKEN to a token that may read it."
            )
        case RevisionNotFoundError():
            sentence = f"{repository} has no revision {revision!r}: leave --revision out for the newest."
        case EntryNotFoundError():
            sentence = f"{repository} has no file {path} any more: run the command again."
        case HfHubHTTPError():
            sentence = _refusal(repository, status_of(error), pause_of(error))
        case OSError(errno=number) if number in DISK_FULL:
            sentence = (
                f"No space is left for {what} in {cache_folder()}: free some or set HF_HOME to a folder on another "
                "disk, then run the command again; what has arrived is kept."
            )
        case OSError(errno=int()):
            sentence = f"{what} can't be saved in {cache_folder()}: {error.strerror}."
        case OSError():  # the library's own, for a file that ended early
            sentence = (
                f"The connection to the hub ({host()}) broke off within {what}: run the command again, it goes on "
                "from where it was."
            )
        case _:
            sentence = (
                f"The hub ({host()}) can't be reached ({words(error)}): check the network and run the command again; "
                "what has arrived is kept."
            )
    return kind, sentence


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
                f"The hub ({host()}) is asked too often (429), also after 3 more tries: {wait} and run the command "
                "again; a token in HF_TOKEN raises the limit."
            )
    return (
        f"The hub ({host()}) is out of order ({status}), also after 3 more tries: run the command again later; what "
        "has arrived is kept."
    )
