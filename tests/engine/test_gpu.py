"""The engine with all layers on a GPU. The rest of this folder runs there too if llama.cpp can offload.

Without a GPU, Mesa's Vulkan driver for the CPU does; CONTRIBUTING.md has the commands.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import thinkcap
from thinkcap.engine.model import llama

pytestmark = pytest.mark.gpu

PROBLEMS = [f"What is {number} + {3 * number} + 581?" for number in range(101, 109)]


@pytest.fixture(scope="module")
def gpu(request: pytest.FixtureRequest) -> Iterator[thinkcap.Engine]:
    """abacus on a GPU. Without one its tests are skipped, which is reported; if they were asked for, they fail."""
    with thinkcap.load("abacus", quant="f16", gpu_layers=0):  # the build suits this processor
        pass
    if not llama.can_offload():
        if "gpu" in request.config.getoption("markexpr"):
            pytest.fail("this build of llama.cpp finds no GPU")
        pytest.skip("this build of llama.cpp finds no GPU")
    with thinkcap.load("abacus", quant="f16") as engine:
        yield engine


@pytest.fixture(scope="module")
def cpu() -> Iterator[thinkcap.Engine]:
    with thinkcap.load("abacus", quant="f16", gpu_layers=0) as engine:
        yield engine


def test_all_layers_are_offloaded_by_default(gpu: thinkcap.Engine, cpu: thinkcap.Engine) -> None:
    assert gpu.model.offloaded
    assert not cpu.model.offloaded


def test_a_gpu_answers_as_the_cpu_does(gpu: thinkcap.Engine, cpu: thinkcap.Engine) -> None:
    answers = [[engine.solve(problem, 96, temperature=0).answer for problem in PROBLEMS] for engine in (gpu, cpu)]
    assert sum(one == other for one, other in zip(*answers, strict=True)) >= len(PROBLEMS) - 1


@pytest.mark.parametrize("budget", [0, 1, 17, 64])
def test_a_budget_is_exact_beside_others(gpu: thinkcap.Engine, budget: int) -> None:
    for outcome in gpu.solve_many(PROBLEMS, budget, parallel=8):
        assert isinstance(outcome, thinkcap.Outcome)
        assert (outcome.thinking_tokens, outcome.stop_reason) == (budget, "budget")
        assert outcome.solution.strip()


def test_forks_answer_as_runs_do(gpu: thinkcap.Engine) -> None:
    budgets = [0, 16, 64]
    same = 0
    for problem in PROBLEMS:
        forked = {outcome.budget.thinking: outcome for outcome in gpu.sweep(problem, budgets, temperature=0)}
        for budget in budgets:
            alone = gpu.solve(problem, budget, temperature=0)
            same += (forked[budget].thinking, forked[budget].solution) == (alone.thinking, alone.solution)
    assert same >= 0.95 * len(budgets) * len(PROBLEMS)


def test_a_thought_goes_on(gpu: thinkcap.Engine) -> None:
    whole = gpu.solve(PROBLEMS[0], 96, temperature=0)
    more = gpu.more(gpu.solve(PROBLEMS[0], 17, temperature=0), 96)
    assert more.thinking == whole.thinking
