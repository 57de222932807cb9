"""The user's defaults: a variable wins over config.toml, and what makes no sense is named with its source."""

from __future__ import annotations

from pathlib import Path

import pytest

from thinkcap.engine.settings import OPTIONS
from thinkcap.errors import ThinkcapError
from thinkcap.runs.load_options import LOAD_OPTIONS, LoadOptions, flag_name
from thinkcap.runs.user_defaults import (
    SHARED_OPTIONS,
    config_file,
    default_model,
    unknown_variables,
    user_default,
    user_defaults,
    variable,
)


@pytest.fixture(autouse=True)
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    file = config_file()
    file.parent.mkdir(parents=True, exist_ok=True)
    return file


def test_every_option_of_a_model_and_of_a_generation_can_have_one() -> None:
    assert set(SHARED_OPTIONS) == set(OPTIONS) | set(LOAD_OPTIONS)
    assert set(LOAD_OPTIONS) == set(map(flag_name, LoadOptions.__annotations__))
    assert user_defaults() == {}


def test_a_variable_wins_over_the_file(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config.write_text('budget = "4k"\ntemperature = 0.5\nloop_guard = false\nthreads = 2\ncut_style = "soft"\n')
    monkeypatch.setenv("THINKCAP_BUDGET", "none")
    monkeypatch.setenv("THINKCAP_VERBOSE", "on")
    monkeypatch.setenv("THINKCAP_QUANT", "")
    found = {name: (default.value, default.source) for name, default in user_defaults().items()}
    assert found == {
        "budget": (None, "THINKCAP_BUDGET"),
        "verbose": (True, "THINKCAP_VERBOSE"),
        "temperature": (0.5, str(config)),
        "loop_guard": (False, str(config)),
        "threads": (2, str(config)),
        "cut_style": ("soft", str(config)),
    }


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("budget = -1", ": budget: '-1' is not a number of tokens"),
        ("threads = 0", ": threads: it must be from 1 to 512, not 0."),
        ("threads = 1.5", ": threads: '1.5' is not a whole number."),
        ("threads = [1]", ": threads: it must be from 1 to 512, not a list."),
        ("loop_guard = 3", ": loop_guard: it must be true or false, not 3."),
        ('cut_style = "round"', ": cut_style: it must be bare, message, soft, pause or pause+message, not round."),
        ('min_thinking = "none"', ": min_thinking: it needs a number of tokens"),
        ('model = ""', ": model: it must be a text, not empty."),
        ("budgt = 1", ": There is no option budgt: did you mean budget?"),
        ("[solve]\nbudget = 1", ": There is no option solve: there are "),
        ("budget =", " is not valid TOML: "),
    ],
)
def test_what_makes_no_sense_is_named_with_its_file(config: Path, text: str, complaint: str) -> None:
    config.write_text(text)
    with pytest.raises(ThinkcapError) as caught:
        user_defaults()
    assert str(caught.value).startswith(f"{config}{complaint}")


def test_a_variable_that_makes_no_sense_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(variable("time_limit"), "soon")
    with pytest.raises(ThinkcapError, match=r"^THINKCAP_TIME_LIMIT: 'soon' is not a time limit"):
        user_default("time_limit")


def test_misspelt_variables_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("THINKCAP_BUGDET", "1")
    monkeypatch.setenv("THINKCAP_BUDGET", "1")
    monkeypatch.setenv("THINKCAP_API_KEY", "1")
    assert unknown_variables() == ["THINKCAP_BUGDET"]


def test_the_default_model_is_the_users(config: Path) -> None:
    assert default_model() == "l1-qwen-1.5b-max"
    config.write_text('model = "abacus"')
    assert default_model() == "abacus"
