"""Answers that come in pieces, and what happens when their reader is slow or goes away."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import aclosing
from typing import Any, TypeVar

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

T = TypeVar("T")

SLOW_SECONDS = 30.0
"""How long a reader may let the connection's buffer be full before its generation is cancelled."""

EVENTS = "text/event-stream"
LINES = "application/x-ndjson"


def to_json(value: Any) -> bytes:
    """Compact JSON in UTF-8."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


def event(value: Any, name: str | None = None) -> bytes:
    """A server-sent event."""
    head = f"event: {name}\n".encode() if name else b""
    return head + b"data: " + to_json(value) + b"\n\n"


class Json(Response):
    """A whole answer."""

    media_type = "application/json"

    def render(self, content: Any) -> bytes:
        return to_json(content)


class Stream(Response):
    """An answer in pieces, which ends when the reader goes away or reads nothing for SLOW_SECONDS.

    pieces      bytes to send, one after the other
    media_type  EVENTS or LINES
    close       called once, however it ends
    """

    def __init__(self, pieces: AsyncGenerator[bytes], media_type: str, close: Callable[[], object]) -> None:
        self._pieces = pieces
        self._close = close
        self.status_code = 200
        self.media_type = media_type
        self.background = None
        self.init_headers({"Cache-Control": "no-store", "X-Accel-Buffering": "no"})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await while_present(receive, self._send(send))
        except TimeoutError:
            pass  # the connection is closed, since the answer is not complete
        finally:
            self._close()

    async def _send(self, send: Send) -> None:
        begun = False
        async with aclosing(self._pieces) as pieces:
            async for piece in pieces:
                if not begun:  # sooner, it would only wake the client while the prompt is read
                    begun = True
                    await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
                async with asyncio.timeout(SLOW_SECONDS):
                    await send({"type": "http.response.body", "body": piece, "more_body": True})
            await send({"type": "http.response.body", "body": b"", "more_body": False})


async def while_present(receive: Receive, work: Coroutine[Any, Any, T]) -> T | None:
    """The result of `work`, which is cancelled if the client goes away meanwhile: then None."""
    working, leaving = asyncio.ensure_future(work), asyncio.ensure_future(_gone(receive))
    try:
        await asyncio.wait((working, leaving), return_when=asyncio.FIRST_COMPLETED)
        if not working.done():
            working.cancel()
            await asyncio.wait((working,))
        return None if working.cancelled() else working.result()
    finally:
        working.cancel()
        leaving.cancel()


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
