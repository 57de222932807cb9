"""Plans: which requests a problem makes, and which results those have."""

from __future__ import annotations

import pytest

from thinkcap.engine.profile import Profile
from thinkcap.engine.settings import Settings
from thinkcap.errors import UsageError
from thinkcap.runs.plan import Plan
from thinkcap.runs.result import Key

PROFILE = Profile(name="any", quant="f16", length_max=" Think for maximum {n} tokens.", thinking=100)


def keys(plan: Plan, profile: Profile = PROFILE) -> list[Key]:
    return [key for request in plan.requests(profile, "What is 1 + 1?", "p") for key in Key.all_of(request)]


def test_a_batch_has_one_result_a_sample() -> None:
    assert keys(Plan(Settings(budget=64), samples=2)) == [Key("p", 0, 64), Key("p", 1, 64)]
    assert keys(Plan()) == [Key("p", 0, 100)]


def test_a_sweep_has_one_thought_a_sample_and_a_result_a_budget() -> None:
    plan = Plan(samples=2, budgets=(None, 0, 64))
    assert keys(plan) == [Key("p", sample, budget) for sample in (0, 1) for budget in (0, 64, None)]
    assert plan.thoughts(PROFILE) == 1
    assert plan.run_settings(PROFILE, "", None)["budgets"] == [None, 0, 64]


def test_a_model_that_is_told_its_budget_takes_a_thought_for_each() -> None:
    plan = Plan(Settings(prompt_mode="max"), budgets=(0, 64, 128))
    assert plan.thoughts(PROFILE) == 3
    assert keys(plan) == [Key("p", 0, budget) for budget in (0, 64, 128)]
    assert plan.run_settings(PROFILE, "", None)["budget"]["prompt_mode"] == "max"


@pytest.mark.parametrize(
    ("budget", "depths", "found"),
    [(256, 4, [64, 128, 192, 256]), (10, 3, [3, 6, 10]), (2, 4, [1, 2]), (0, 4, [0]), (7, 1, [7])],
)
def test_depths_are_spread_evenly_up_to_the_budget(budget: int, depths: int, found: list[int]) -> None:
    plan = Plan(Settings(budget=budget), depths=depths, answers=2)
    assert keys(plan) == [Key("p", 0, depth, reply) for depth in found for reply in (0, 1)]


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        (Settings(budget=None), "give one with --budget"),
        (Settings(budget=64, time_limit=3.0), "no time limit"),
    ],
)
def test_depths_that_make_no_sense_are_refused(settings: Settings, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        keys(Plan(settings, depths=4))
