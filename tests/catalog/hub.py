"""A hub on this machine, for the real huggingface_hub client: one server for the API, one for the files behind it.

It speaks what a client asks for: model info, `resolve` with its headers (commit, linked size, ETag) and a redirect to
the other server, ranges there. Its faults are those of real networks: lines that drop, wrong bytes, busy
and failing answers, gates, slowness.
"""

from __future__ import annotations

import hashlib
import json
import re
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote, urlsplit

COMMIT = "c0ffee" + "0" * 34


@dataclass
class HubRepository:
    files: dict[str, bytes]
    licence: str = "mit"
    gated: bool = False
    commit: str = COMMIT


@dataclass
class Request:
    method: str
    path: str
    range: str | None
    token: str | None


@dataclass
class Hub:
    """The repositories, and what shall go wrong.

    statuses      answers to give before any other, one a request to the API or `resolve`
    forever       the answer to give always
    drop_after    bytes of a file after which the line drops, once for each number
    corrupt       serve wrong bytes of the right length
    surplus       bytes to send behind the end of a file, more than was announced
    headers       headers of `resolve` that take the place of the true ones
    describe      changes the description of a repository before it is sent
    ignore_range  answer 200 with the whole file to every range
    rate          bytes a second, 0 as fast as it goes
    """

    repositories: dict[str, HubRepository] = field(default_factory=dict)
    statuses: list[int] = field(default_factory=list)
    forever: int = 0
    retry_after: str | None = "0"
    drop_after: list[int] = field(default_factory=list)
    corrupt: bool = False
    surplus: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    describe: Callable[[dict[str, object]], object] = lambda info: info
    ignore_range: bool = False
    rate: int = 0
    requests: list[Request] = field(default_factory=list)
    sent: int = 0
    url: str = ""
    files_url: str = ""

    def add(self, name: str, files: dict[str, bytes], **settings: Any) -> None:
        self.repositories[name] = HubRepository(files, **settings)

    def asked(self, method: str, part: str) -> list[Request]:
        return [request for request in self.requests if request.method == method and part in request.path]

    def environment(self) -> dict[str, str]:
        return {"HF_ENDPOINT": self.url} if self.url else {}


def is_large(path: str) -> bool:
    return path.endswith((".gguf", ".safetensors"))


def etag(path: str, data: bytes) -> str:
    """As the hub names blobs: SHA-256 of large files, git's SHA-1 of small ones."""
    return hashlib.sha256(data).hexdigest() if is_large(path) else git_sha1(data)


def git_sha1(data: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()


@contextmanager
def serve() -> Iterator[Hub]:
    """Starts both servers, and stops them."""
    hub = Hub()
    api = _server(type("Api", (_Api,), {"hub": hub}))
    store = _server(type("Store", (_Store,), {"hub": hub}))
    hub.url = f"http://127.0.0.1:{api.server_port}"
    hub.files_url = f"http://127.0.0.1:{store.server_port}"
    try:
        yield hub
    finally:
        for server in (api, store):
            server.shutdown()
            server.server_close()


def _server(handler: type[BaseHTTPRequestHandler]) -> ThreadingHTTPServer:
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    return server


class _Handler(BaseHTTPRequestHandler, ABC):
    """What both servers share; each says in `answer` what a path gets."""

    protocol_version = "HTTP/1.1"
    hub: Hub

    def log_message(self, *_: object) -> None:
        pass

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        if self.path == "/api/agent-harnesses":  # the client's own question, once a process
            return self.reply(404)
        token = self.headers.get("Authorization", "").removeprefix("Bearer ") or None
        self.hub.requests.append(Request(self.command, self.path, self.headers.get("Range"), token))
        return self.answer(unquote(urlsplit(self.path).path))

    @abstractmethod
    def answer(self, path: str) -> None:
        """Answers a request for a path, whose quoting is undone."""

    def reply(self, status: int, body: bytes = b"", **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def fail(self, status: int, code: str = "", message: str = "no") -> None:
        headers = {"X_Error_Message": message} | ({"X_Error_Code": code} if code else {})
        if self.hub.retry_after is not None and status in (429, 503):
            headers["Retry_After"] = self.hub.retry_after
        self.reply(status, json.dumps({"error": message}).encode(), Content_Type="application/json", **headers)


class _Api(_Handler):
    """Model info and `resolve`."""

    def answer(self, path: str) -> None:
        if self.hub.forever:
            return self.fail(self.hub.forever)
        if self.hub.statuses:
            return self.fail(self.hub.statuses.pop(0))
        if match := re.fullmatch(r"/api/models/([^/]+/[^/]+)(?:/revision/([^/]+))?", path):
            return self._with(match[1], match[2], lambda name, repository: self._info(name, repository))
        if match := re.fullmatch(r"/([^/]+/[^/]+)/resolve/([^/]+)/(.+)", path):
            return self._with(match[1], match[2], lambda name, repository: self._resolve(name, repository, match[3]))
        return self.fail(404, "RepoNotFound")

    def _with(self, name: str, revision: str | None, then: Callable[[str, HubRepository], None]) -> None:
        repository = self.hub.repositories.get(name)
        if repository is None:
            return self.fail(401 if not self.headers.get("Authorization") else 404, "RepoNotFound")
        if revision not in (None, "main", repository.commit):
            return self.fail(404, "RevisionNotFound")
        return then(name, repository)

    def _info(self, name: str, repository: HubRepository) -> None:
        siblings = [self._sibling(path, data) for path, data in repository.files.items()]
        info: dict[str, object] = {
            "_id": "0",
            "id": name,
            "modelId": name,
            "sha": repository.commit,
            "private": False,
            "gated": repository.gated and "auto",
            "downloads": 0,
            "likes": 0,
            "tags": [f"license:{repository.licence}"],
            "cardData": {"license": repository.licence},
            "siblings": siblings,
        }
        told = self.hub.describe(info)
        body = told if isinstance(told, bytes) else json.dumps(told).encode()
        self.reply(200, body, Content_Type="application/json")

    @staticmethod
    def _sibling(path: str, data: bytes) -> dict[str, object]:
        sibling: dict[str, object] = {"rfilename": path, "size": len(data), "blobId": git_sha1(data)}
        if is_large(path):
            sibling["lfs"] = {"sha256": etag(path, data), "size": len(data), "pointerSize": 135}
        return sibling

    def _resolve(self, name: str, repository: HubRepository, path: str) -> None:
        if repository.gated and self.headers.get("Authorization") != "Bearer let-me-in":
            return self.fail(401, "GatedRepo", "Access to this model is restricted.")
        if path not in repository.files:
            return self.fail(404, "EntryNotFound")
        data = repository.files[path]
        headers = {"X_Repo_Commit": repository.commit, "ETag": f'"{git_sha1(data)}"', **self.hub.headers}
        if not is_large(path):
            return self.reply(200, data, **headers)
        headers |= {
            "X_Linked_Size": str(len(data)),
            "X_Linked_ETag": f'"{etag(path, data)}"',
            "X_Xet_Hash": "0" * 64,  # the hub offers its own protocol too; plain HTTP must do
            "Location": f"{self.hub.files_url}/{name}/{path}",
        } | self.hub.headers
        return self.reply(302, b"", **headers)


class _Store(_Handler):
    """The files themselves, by ranges."""

    def answer(self, path: str) -> None:
        owner, name, file = path.lstrip("/").split("/", 2)
        data = self.hub.repositories[f"{owner}/{name}"].files[file]
        if self.hub.corrupt:
            data = bytes(byte ^ 1 for byte in data)
        start = 0
        asked = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        if asked and not self.hub.ignore_range:
            start = int(asked[1])
        if start and start >= len(data):
            return self.reply(416, b"", Content_Range=f"bytes */{len(data)}")
        self.send_response(206 if start else 200)
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(data) - 1}/{len(data)}")
        if self.hub.surplus:
            self.close_connection = True  # a body without a length ends with its connection
        else:
            self.send_header("Content-Length", str(len(data) - start))
        self.end_headers()
        if self.command != "HEAD":
            self._pour(data[start:] + bytes(self.hub.surplus))
        return None

    def _pour(self, data: bytes) -> None:
        drop = self.hub.drop_after.pop(0) if self.hub.drop_after else len(data)
        piece = max(1 << 14, self.hub.rate // 50) if self.hub.rate else 1 << 20
        for start in range(0, min(drop, len(data)), piece):
            part = data[start : min(start + piece, drop)]
            try:
                self.wfile.write(part)
            except OSError:
                self.close_connection = True
                return
            self.hub.sent += len(part)
            if self.hub.rate:
                time.sleep(len(part) / self.hub.rate)
        if drop < len(data):
            self.close_connection = True
