"""The body of a request: read within bounds, parsed, and checked field by field."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, NoReturn, Self

from pydantic import BaseModel, ConfigDict, ValidationError, model_validator
from starlette.requests import ClientDisconnect, Request

from thinkcap.serve import access_log
from thinkcap.serve.errors import HttpError, bad_field

MAX_BODY = 2 << 20
"""Bytes of a body: several times what the longest context holds as text."""

MAX_DRAINED = 256 << 20
"""Bytes of a larger body that are read and thrown away: most clients read no answer before they have sent all."""

MAX_MESSAGES = 1_000
"""Messages of a conversation at most."""

BODY_SECONDS = 30.0
"""How long a client may take to send its body."""


class Body(BaseModel):
    """A JSON object with known fields. A field that is null counts as not given.

    harmless  fields that change nothing in the answer and are accepted with any value
    neutral   fields that thinkcap does not have, accepted with these values alone, which mean that they are off
    """

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)
    harmless: ClassVar[frozenset[str]] = frozenset()
    neutral: ClassVar[Mapping[str, Sequence[Any]]] = {}

    @model_validator(mode="before")
    @classmethod
    def _without_harmless(cls, value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        return {
            name: each
            for name, each in value.items()
            if each is not None and name not in cls.harmless and each not in cls.neutral.get(name, ())
        }

    def given(self, *names: str) -> dict[str, Any]:
        """Those of some fields that have a value."""
        return {name: value for name in names if (value := getattr(self, name)) is not None}

    @classmethod
    def read(cls, given: Mapping[str, Any]) -> Self:
        """The body of a parsed object. Raises HttpError that names the first field that is wrong."""
        try:
            return cls.model_validate(given)
        except ValidationError as error:
            _refuse(error)


async def read_object(request: Request) -> dict[str, Any]:
    """The JSON object that a request carries. Raises HttpError for anything else, and for one too large or too slow."""
    try:
        async with asyncio.timeout(BODY_SECONDS):
            raw = await _bytes(request)
    except TimeoutError:
        raise HttpError(408, "The body took too long to arrive; send it at once.") from None
    except ClientDisconnect:
        raise HttpError(400, "The connection ended before the body did.") from None
    try:
        value = json.loads(raw, parse_constant=_no_constant)
        raw.decode()
        json.dumps(value, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        raise HttpError(400, "The body is not JSON; send one JSON object in UTF-8.") from None
    if request.app.state.log_prompts:
        access_log.prompt(raw)
    if not isinstance(value, dict):
        raise HttpError(400, 'The body is not a JSON object; send one like {"messages": […]}.')
    messages = value.get("messages")
    if isinstance(messages, list) and len(messages) > MAX_MESSAGES:
        raise HttpError(413, f"`messages` holds {len(messages):,}; the most is {MAX_MESSAGES:,}.", "messages")
    return value


async def _bytes(request: Request) -> bytes:
    raw, size = bytearray(), 0
    async for chunk in request.stream():
        size += len(chunk)
        if size <= MAX_BODY:
            raw += chunk
        elif size > MAX_DRAINED:
            break
    if size > MAX_BODY:
        message = f"The body is larger than {MAX_BODY >> 20} MiB; send a shorter conversation."
        raise HttpError(413, message, headers={"Connection": "close"})
    return bytes(raw)


def _no_constant(name: str) -> NoReturn:
    raise ValueError(name)


def _refuse(error: ValidationError) -> NoReturn:
    first = error.errors(include_url=False, include_context=False)[0]
    field = ""
    for part in first["loc"]:
        field += f"[{part}]" if isinstance(part, int) else f".{part}" if field else str(part)
    if first["type"] == "extra_forbidden":
        raise bad_field(field, "can't be honoured by thinkcap; leave it out.")
    if first["type"] == "missing":
        raise bad_field(field, "is missing.")
    reason = first["msg"].removeprefix("Value error, ")
    raise bad_field(field, f"is not what it should be: {reason[:1].lower()}{reason[1:]}.")
