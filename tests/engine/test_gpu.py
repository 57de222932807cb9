"""The engine with all layers on a GPU. The rest of this folder runs there too if llama.cpp can offload.

Without a GPU, Mesa's Vulkan driver for the CPU does; CONTRIBUTING.md has the commands.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import thinkcap
from thinkcap.engine.model.llama import free_memory

pytestmark = pytest.mark.gpu

PROBLEMS = [f"What is {number} + {3 * number} + 581?" for number in range(101, 105)]


@pytest.fixture(scope="module")
def offloaded(gpu: None) -> Iterator[thinkcap.Engine]:
    with thinkcap.load("abacus", quant="f16") as engine:
        yield engine


@pytest.fixture(scope="module")
def cpu() -> Iterator[thinkcap.Engine]:
    with thinkcap.load("abacus", quant="f16", gpu_layers=0) as engine:
        yield engine


def test_all_layers_are_offloaded_by_default(offloaded: thinkcap.Engine, cpu: thinkcap.Engine) -> None:
    assert offloaded.model.offloaded
    assert not cpu.model.offloaded


def test_a_gpu_answers_as_the_cpu_does(offloaded: thinkcap.Engine, cpu: thinkcap.Engine) -> None:
    answers = [[engine.solve(problem, 96, temperature=0).answer for problem in PROBLEMS] for engine in (offloaded, cpu)]
    assert sum(one == other for one, other in zip(*answers, strict=True)) >= len(PROBLEMS) - 1


@pytest.mark.parametrize("budget", [0, 17, 64])
def test_a_budget_is_exact_beside_others(offloaded: thinkcap.Engine, budget: int) -> None:
    for outcome in offloaded.solve_many(PROBLEMS, budget, parallel=4):
        assert isinstance(outcome, thinkcap.Outcome)
        assert (outcome.thinking_tokens, outcome.stop_reason) == (budget, "budget")
        assert outcome.solution.strip()


def test_forks_answer_as_runs_do(offloaded: thinkcap.Engine) -> None:
    budgets = [0, 16, 48]
    same = 0
    for problem in PROBLEMS:
        forked = {outcome.budget.thinking: outcome for outcome in offloaded.sweep(problem, budgets, temperature=0)}
        for budget in budgets:
            alone = offloaded.solve(problem, budget, temperature=0)
            same += (forked[budget].thinking, forked[budget].solution) == (alone.thinking, alone.solution)
    assert same >= 0.95 * len(budgets) * len(PROBLEMS)


def test_a_thought_goes_on(offloaded: thinkcap.Engine) -> None:
    whole = offloaded.solve(PROBLEMS[0], 96, temperature=0)
    more = offloaded.more(offloaded.solve(PROBLEMS[0], 17, temperature=0), 96)
    assert more.thinking == whole.thinking


def test_a_cache_takes_what_is_free_on_the_gpu(gpu: None, smollm: thinkcap.Engine) -> None:
    free = free_memory(offloaded=True)
    # 43 would need a tensor above the 128 MiB that Vulkan promises: lavapipe has no larger ones, and llama.cpp aborts.
    smollm.reserve(smollm.request("Why is the sky blue?", None), 40)
    assert 0 < smollm.cache_bytes <= free / 2
