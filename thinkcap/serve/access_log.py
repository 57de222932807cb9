"""The server's log: a line for each request, and what clients asked only if that is wanted."""

from __future__ import annotations

import logging
import sys
import time

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from thinkcap.text import one_line

log = logging.getLogger("thinkcap.serve")


def start() -> None:
    """Sends the log to standard error. uvicorn's own says nothing more."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(asctime)s %(message)s", "%H:%M:%S"))
    log.handlers[:] = [handler]
    log.setLevel(logging.INFO)
    log.propagate = False
    logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)


def prompt(body: bytes) -> None:
    """Logs what a client asked."""
    log.info("%s", one_line(body.decode("utf-8", "replace")))


class AccessLog:
    """Logs how each request ended. A request without a status was broken off before its answer began."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began, status = time.perf_counter(), "-"

        async def noted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = str(message["status"])
            await send(message)

        try:
            await self._app(scope, receive, noted)
        finally:
            path = one_line(scope["raw_path"].decode("ascii", "replace"), 100)
            log.info("%s %s %s %.2f s", scope["method"], path, status, time.perf_counter() - began)
