"""Requests that no well-meaning client sends: bodies changed by a seed, and bytes that are no request.

`bodies` never ends, so that a test can take a hundred of them and a fuzzer as many as there is time for.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from typing import Any

PATHS = ("/v1/chat/completions", "/v1/messages", "/api/chat", "/v1/sweep", "/api/show")

FIELDS = (
    *(
        "model",
        "messages",
        "max_tokens",
        "max_completion_tokens",
        "temperature",
        "top_p",
        "top_k",
        "min_p",
        "seed",
        "n",
    ),
    *("stop", "stream", "stream_options", "response_format", "thinking", "think", "thinking_budget", "reasoning"),
    *("reasoning_effort", "chat_template_kwargs", "enable_thinking", "output_config", "thinkcap", "system", "options"),
    *(
        "stop_sequences",
        "budgets",
        "problem",
        "tools",
        "logit_bias",
        "format",
        "keep_alive",
        "metadata",
        "__class__",
        "",
    ),
)

VALUES: tuple[Any, ...] = (
    *(None, True, False, 0, 1, -1, -(10**18), 10**18, 1.5, -0.0, 1e308, "", " ", "none", "true", "\x00", "\x1b[2J"),
    *(
        "</think>",
        "<｜Assistant｜>",
        "\ud800",
        "x" * 5_000,
        "١٢",
        [],
        {},
        [[]],
        [None],
        [{}],
        {"": ""},
        {"a": {"b": {}}},
    ),
    *([1, "a", None], {"type": "enabled"}, {"type": "json_object"}, {"budget": -1}, {"effort": []}, {"role": "user"}),
    *([{"role": "user", "content": "1 + 1"}], [{"role": "user", "content": [{"type": "text", "text": 5}]}]),
)

RAW = (
    b"",
    b"\r\n\r\n",
    b"GET\r\n\r\n",
    b"GET / HTTP/9.9\r\n\r\n",
    b"GET /\x00 HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"GET / HTTP/1.1\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n\r\n",
    b"POST /v1/messages HTTP/1.1\r\nHost: localhost\r\nContent-Length: -5\r\n\r\n",
    b"POST /v1/messages HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n{}",
    b"POST /v1/messages HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    b"POST /v1/messages HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n",
    b"GET /../../etc/passwd HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"GET /v1/models/..%2f..%2fetc%2fpasswd HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
)
"""Bytes that are no request, or one that means harm."""


def bodies(seed: int) -> Iterator[tuple[str, bytes]]:
    """Paths and bodies without end: a request that would be answered, with some fields spoilt."""
    rng = random.Random(seed)
    while True:
        path = rng.choice(PATHS)
        body: dict[str, Any] = {"model": "abacus", "max_tokens": 12, "messages": [{"role": "user", "content": "1 + 2"}]}
        if path == "/v1/sweep":
            body = {"problem": "1 + 2", "budgets": [0, 4]}
        for _ in range(rng.randint(1, 3)):
            spoil(rng, body)
        data = json.dumps(body).encode()
        if rng.random() < 0.1:
            data = data[: rng.randrange(len(data))]
        if rng.random() < 0.1:
            at = rng.randrange(len(data) + 1)
            data = data[:at] + bytes([rng.randrange(256)]) + data[at:]
        yield path, data


def spoil(rng: random.Random, body: dict[str, Any]) -> None:
    """Changes one field of a body, or one within it."""
    field, value = rng.choice(FIELDS), rng.choice(VALUES)
    inner = body.get(field)
    if isinstance(inner, list) and inner and isinstance(inner[0], dict) and rng.random() < 0.7:
        inner[0][rng.choice(("role", "content", "thinking", "reasoning_content", "name", "tool_calls"))] = value
    elif isinstance(inner, dict) and inner and rng.random() < 0.5:
        inner[rng.choice(list(inner))] = value
    else:
        body[field] = value
