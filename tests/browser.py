"""Headless Chromium, for the tests that need a browser."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NoReturn

import pytest

Visit = Callable[..., Any]


@pytest.fixture(scope="session")
def browser(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """Headless Chromium, told to say nothing to the network."""
    from selenium import webdriver
    from selenium.common.exceptions import WebDriverException

    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    driver = shutil.which("chromedriver")
    if chromium is None or driver is None:
        _not_run(request, "needs Chromium and chromedriver: apt-get install chromium chromium-driver")
    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    for argument in (
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-dev-shm-usage",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--no-first-run",
        "--window-size=1400,900",
        f"--user-data-dir={tmp_path_factory.mktemp('chromium')}",
    ):
        options.add_argument(argument)
    try:
        found = webdriver.Chrome(options=options, service=webdriver.ChromeService(driver))
    except WebDriverException as error:  # another release's driver, or a Chromium that may not see the folder
        _not_run(request, f"Chromium does not start: {error.msg}")
    yield found
    found.quit()


def _not_run(request: pytest.FixtureRequest, why: str) -> NoReturn:
    """Without a browser its tests are skipped, which is reported; if only they were asked for, they fail."""
    if "browser" in request.config.getoption("markexpr"):
        pytest.fail(why)
    pytest.skip(why)


@pytest.fixture
def visit(browser: Any) -> Iterator[Visit]:
    """Opens a file or an address, and finds no complaint in the console when the test is over."""

    def open_(page: Path | str, scheme: str = "light", width: int = 1400, height: int = 900) -> Any:
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
        browser.get(page if isinstance(page, str) else page.as_uri())
        return browser

    browser.get("about:blank")
    browser.get_log("browser")
    yield open_
    assert browser.get_log("browser") == []
