"""A server for a browser to visit: the real one, or one that says what a test wants it to."""

from __future__ import annotations

import asyncio
import json
import queue
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response, StreamingResponse
from starlette.routing import Route

import thinkcap
from thinkcap.serve import page
from thinkcap.serve.app import build, refused
from thinkcap.serve.guard import LOCAL, Access, Guard, content_policy
from thinkcap.serve.server import address, bind


@contextmanager
def served(app: Starlette) -> Iterator[str]:
    """An application at an address of this machine."""
    with bind("127.0.0.1", 0) as listening:
        server = uvicorn.Server(uvicorn.Config(app, log_level="critical", timeout_graceful_shutdown=1))
        thread = threading.Thread(target=server.run, args=([listening],))
        thread.start()
        try:
            yield address(listening)
        finally:
            server.should_exit = True
            thread.join()


@contextmanager
def real(engine: thinkcap.Engine, access: Access = LOCAL) -> Iterator[str]:
    """`thinkcap serve` around an engine."""
    with served(build(engine, access)) as where:
        yield where


class Script:
    """The page on a server that streams what it is given, event by event, and ends with `finished`.

    asked  the bodies of the requests for a sweep
    """

    def __init__(self, model: dict[str, Any] | None = None) -> None:
        self.asked: list[Any] = []
        self.left = threading.Event()
        self._events: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
        self._model = {"id": "scripted", "thinkcap": model or {}}

    def say(self, *events: dict[str, Any]) -> None:
        for event in events:
            self._events.put(event)

    @property
    def app(self) -> Starlette:
        policy = content_policy(page.html())
        return Starlette(
            routes=[
                Route("/", lambda _: HTMLResponse(page.html())),
                Route("/v1/models", lambda _: JSONResponse({"data": [self._model]})),
                Route("/v1/sweep", self._sweep, methods=["POST"]),
            ],
            middleware=[Middleware(Guard, access=LOCAL, policy=policy, refuse=refused)],
        )

    async def _sweep(self, request: Request) -> Response:
        self.asked.append(await request.json())

        async def stream() -> AsyncIterator[str]:
            event: dict[str, Any] = {"type": ""}
            while event["type"] != "finished":
                while self._events.empty():
                    await asyncio.sleep(0.01)
                event = self._events.get()
                yield f"data: {json.dumps(event)}\n\n"

        return StreamingResponse(stream(), media_type="text/event-stream")
