"""What went wrong, as a status and one sentence. Each dialect has its own form for it."""

from __future__ import annotations

import re
from collections.abc import Mapping

from thinkcap.engine.core import QueueFullError
from thinkcap.errors import ClosedError, ThinkcapError, UsageError

RETRY_AFTER = "2"
"""Seconds after which a client may try again when the queue is full."""


class HttpError(ThinkcapError):
    """A request that is refused.

    status   the HTTP status
    field    the field of the body that is the reason, None if none is
    headers  further headers of the answer
    """

    def __init__(
        self, status: int, message: str, field: str | None = None, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.field = field
        self.headers = dict(headers or {})


def bad_field(field: str, reason: str) -> HttpError:
    """A field that can't be honoured. The reason goes on after the field's name."""
    return HttpError(400, f"`{field}` {reason}", field)


def refusal(error: ThinkcapError) -> HttpError:
    """An error of the engine's as the answer to a request."""
    if isinstance(error, HttpError):
        return error
    if isinstance(error, QueueFullError):
        return HttpError(429, str(error), headers={"Retry-After": RETRY_AFTER})
    if isinstance(error, UsageError):
        named = re.search(r"`(\w+)`", str(error))
        return HttpError(400, str(error), named[1] if named else None)
    return HttpError(503 if isinstance(error, ClosedError) else 500, str(error))
