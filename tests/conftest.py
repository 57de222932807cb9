"""What all tests share: the built-in model, loaded once in each precision, and a browser."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import thinkcap
from tests.browser import browser, visit

__all__ = ["browser", "visit"]


@pytest.fixture(scope="session")
def abacus() -> Iterator[thinkcap.Engine]:
    with thinkcap.load("abacus", quant="q8_0") as engine:
        yield engine


@pytest.fixture(scope="session")
def abacus_f16() -> Iterator[thinkcap.Engine]:
    with thinkcap.load("abacus", quant="f16") as engine:
        yield engine
