"""One server for all tests of it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.serve.running import Running, serve


@pytest.fixture(scope="session")
def server() -> Iterator[Running]:
    with serve() as running:
        yield running
