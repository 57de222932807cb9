"""HTTP on a connection: uvicorn's protocol over httptools, which parses faster than h11, with a bound on headers."""

from __future__ import annotations

from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from thinkcap.serve.guard import MAX_HEADER_BYTES


class HttpProtocol(HttpToolsProtocol):
    """Cuts off a client whose headers do not end. httptools would keep all of them."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._in_headers = True
        self._header_bytes = 0

    def data_received(self, data: bytes) -> None:
        """Called by the event loop with what has arrived."""
        super().data_received(data)
        self._header_bytes = self._header_bytes + len(data) if self._in_headers else 0
        if self._header_bytes > MAX_HEADER_BYTES and not self.transport.is_closing():
            self.send_400_response("The headers are too long; send fewer.")

    def on_message_begin(self) -> None:
        """Called by the parser: a request begins."""
        self._in_headers = True
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """Called by the parser: its headers have ended."""
        self._in_headers = False
        super().on_headers_complete()
