"""The server: a socket, a model, and the application between them."""

from __future__ import annotations

import socket
import sys
from collections.abc import Callable

import uvicorn

from thinkcap.engine.engine import Engine
from thinkcap.errors import ThinkcapError
from thinkcap.serve import access_log
from thinkcap.serve.app import build
from thinkcap.serve.guard import Access
from thinkcap.serve.http_protocol import HttpProtocol

MAX_CONNECTIONS = 1_000
"""Connections at once; more are answered with 503."""

SWITCH_SECONDS = 0.0005
"""How long the event loop may keep the engine's thread waiting for the interpreter after a step (5 ms by default)."""


def bind(host: str, port: int) -> socket.socket:
    """A listening socket. Raises ThinkcapError if the address can't be had."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=1024)
    except OSError as error:
        raise ThinkcapError(
            f"Port {port} of {host} can't be had ({error.strerror or error}); choose another with `--port`."
        ) from None


def address(listening: socket.socket) -> str:
    """Where a browser finds a server."""
    host, port = listening.getsockname()[:2]
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"


def run(
    engine: Engine, listening: socket.socket, access: Access, on_ready: Callable[[], object], log_prompts: bool = False
) -> None:
    """Serves until Ctrl-C or SIGTERM. What runs then is broken off after a moment."""
    access_log.start()
    sys.setswitchinterval(SWITCH_SECONDS)
    config = uvicorn.Config(
        build(engine, access, log_prompts=log_prompts),
        log_config=None,
        access_log=False,
        ws="none",
        server_header=False,
        http=HttpProtocol,
        limit_concurrency=MAX_CONNECTIONS,
        timeout_graceful_shutdown=2,
    )
    server = _Server(config, on_ready)
    server.run(sockets=[listening])


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, on_ready: Callable[[], object]) -> None:
        super().__init__(config)
        self._on_ready = on_ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._on_ready()
