"""What all tests share: the built-in model, loaded once in each precision, and a browser."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

import thinkcap
from tests import chromium

Visit = Callable[..., Any]


@pytest.fixture(scope="session")
def abacus() -> Iterator[thinkcap.Engine]:
    with thinkcap.load("abacus", quant="q8_0") as engine:
        yield engine


@pytest.fixture(scope="session")
def abacus_f16() -> Iterator[thinkcap.Engine]:
    with thinkcap.load("abacus", quant="f16") as engine:
        yield engine


@pytest.fixture(scope="session")
def browser(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """Headless Chromium. A machine without one has tests that are not run, and says so; if they were asked for, they
    fail."""
    try:
        found = chromium.start(tmp_path_factory.mktemp("chromium"))
    except chromium.NoChromiumError as error:
        if "browser" in request.config.getoption("markexpr"):
            pytest.fail(str(error))
        pytest.skip(str(error))
    yield found
    found.quit()


@pytest.fixture
def visit(browser: Any) -> Iterator[Visit]:
    """Opens an address, `light` or `dark`, and finds no complaint in the console when the test is over."""
    browser.get("about:blank")
    browser.get_log("browser")
    yield lambda address, **how: chromium.show(browser, address, **how)
    assert browser.get_log("browser") == []
