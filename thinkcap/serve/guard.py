"""Who may ask: Host, Origin and key are checked before anything else is read.

A page that is open in a browser may send requests to any address of the machine, and a name that points to 127.0.0.1
makes such an address look like its own (DNS rebinding). So a Host must be a name of this machine unless a key is asked
for, and an Origin must be the server's own or one that was allowed.
"""

from __future__ import annotations

import hmac
import re
from base64 import b64encode
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from hashlib import sha256
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from thinkcap.serve.errors import HttpError

MAX_HEADERS = 100
MAX_HEADER_BYTES = 16 << 10

LOCAL_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})
"""Names of this machine that nobody else's name server can give to another."""

OPEN_PATHS = frozenset({"/", "/health"})
"""What is shown without a key: the page, which holds nothing, and whether the server is up."""


@dataclass(frozen=True, slots=True)
class Access:
    """Who may ask.

    api_key  what clients have to send, None if nothing
    origins  origins of other pages that may ask, `*` for all
    hosts    names of the server that a Host may have, None for any
    """

    api_key: str | None = None
    origins: frozenset[str] = frozenset()
    hosts: frozenset[str] | None = LOCAL_NAMES

    def check(self, path: str, headers: Headers) -> None:
        """Raises HttpError for a request that must not be answered."""
        if len(headers) > MAX_HEADERS or sum(len(name) + len(value) for name, value in headers.raw) > MAX_HEADER_BYTES:
            raise HttpError(431, "The headers are too many or too long; send fewer.")
        host = headers.get("host", "")
        if self.hosts is not None and _hostname(host) not in self.hosts:
            raise HttpError(403, f"This server is not {host!r}; call it by its address, like 127.0.0.1.")
        origin = headers.get("origin")
        if origin is not None and not self.admits(origin, host):
            raise HttpError(403, f"Pages of {origin!r} may not ask this server; `--allow-origin` admits them.")
        if self.api_key is not None and path not in OPEN_PATHS and not self._knows_key(headers):
            raise HttpError(401, "The API key is missing or wrong; send it as a bearer token.")

    def admits(self, origin: str, host: str) -> bool:
        """Whether a page of this origin may ask: the server's own, or one that was allowed."""
        if origin in self.origins or "*" in self.origins:
            return True
        return origin.removeprefix("http://").removeprefix("https://") == host and "://" in origin

    def _knows_key(self, headers: Headers) -> bool:
        assert self.api_key is not None
        scheme, _, token = headers.get("authorization", "").partition(" ")
        given = token.strip() if scheme.lower() == "bearer" else headers.get("x-api-key", "")
        return hmac.compare_digest(given.encode(), self.api_key.encode())


LOCAL = Access()
"""Anybody on this machine, and no page of others."""


class Guard:
    """Refuses what Access does not admit, and says in every answer what a browser may do with it.

    policy  the content security policy
    refuse  makes the answer to a refused request, by its path
    """

    def __init__(self, app: ASGIApp, access: Access, policy: str, refuse: Callable[[str, HttpError], Response]) -> None:
        self._app = app
        self._access = access
        self._policy = policy
        self._refuse = refuse

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        origin = headers.get("origin")

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._protect(MutableHeaders(raw=message.setdefault("headers", [])), admitted)
            await send(message)

        admitted: str | None = None
        try:
            self._access.check(scope["path"] if scope["method"] != "OPTIONS" else "/", headers)
            admitted = origin
        except HttpError as error:
            await self._refuse(scope["path"], error)(scope, receive, guarded)
            return
        if scope["method"] == "OPTIONS" and origin is not None:
            await Response(status_code=204)(scope, receive, guarded)
            return
        await self._app(scope, receive, guarded)

    def _protect(self, headers: MutableHeaders, origin: str | None) -> None:
        headers["Content-Security-Policy"] = self._policy
        headers["X-Content-Type-Options"] = "nosniff"
        headers["Referrer-Policy"] = "no-referrer"
        headers["Cross-Origin-Resource-Policy"] = "same-origin" if origin is None else "cross-origin"
        if origin is not None:
            headers["Access-Control-Allow-Origin"] = origin
            headers["Access-Control-Allow-Headers"] = "*, Authorization"
            headers["Access-Control-Allow-Methods"] = "GET, POST, OPTIONS"
            headers["Vary"] = "Origin"


def content_policy(html: str) -> str:
    """A policy that admits the page's own scripts and styles by their hashes, and nothing from elsewhere."""

    def hashes(tag: str) -> str:
        found: Iterable[str] = re.findall(rf"<{tag}\b[^>]*>(.*?)</{tag}>", html, re.DOTALL)
        digests = [b64encode(sha256(text.encode()).digest()).decode() for text in found]
        return " ".join(f"'sha256-{digest}'" for digest in digests) or "'none'"

    return (
        f"default-src 'none'; script-src {hashes('script')}; style-src {hashes('style')}; connect-src 'self'; "
        "img-src data:; font-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )


def _hostname(host: str) -> str:
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""
