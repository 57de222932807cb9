"""The one list of options, and the two places that have to spell it out for type checkers."""

from __future__ import annotations

from dataclasses import fields

import pytest

from thinkcap.engine.profile import Profile
from thinkcap.engine.settings import FROM_ENTRY, OPTIONS, Options, Settings, defaults_of
from thinkcap.errors import UsageError
from thinkcap.serve.sweep import SweepBody

NOT_OF_SWEEPS = {"budget", "time_limit"}
"""A sweep has budgets instead, and refuses what would end its one thought early."""


def test_the_keywords_are_the_options() -> None:
    assert set(Options.__annotations__) == set(OPTIONS) - {"budget"} | {"sample", "id"}


def test_the_body_of_a_sweep_has_the_options() -> None:
    own = {"model", "problem", "messages", "budgets", "more"}
    assert set(SweepBody.model_fields) - own == set(OPTIONS) - NOT_OF_SWEEPS


def test_an_entry_decides_every_option() -> None:
    assert set(defaults_of(Profile(name="any")).given()) == set(OPTIONS)


def test_what_is_given_wins_over_the_defaults() -> None:
    filled = Settings(temperature=0.0, budget=None).filled(Settings(temperature=0.7, budget=9, seed=3))
    assert (filled.temperature, filled.budget, filled.seed) == (0.0, None, 3)
    assert filled.top_p is FROM_ENTRY


@pytest.mark.parametrize("name", [each.name for each in fields(Settings)])
def test_every_option_says_what_it_is_and_refuses_what_makes_no_sense(name: str) -> None:
    option = OPTIONS[name]
    assert option.label
    assert option.help.endswith(".")
    senseless: list[object] = ["nonsense", float("nan"), [], -1]
    for value in senseless:
        with pytest.raises(UsageError) as caught:
            option.check(value)
        assert option.label in str(caught.value)
