"""Forks of one thought against the same budgets run on their own, on the real model."""

from __future__ import annotations

from dataclasses import replace

import pytest

import thinkcap
from thinkcap.engine.engine import Engine
from thinkcap.errors import UsageError

PROBLEMS = [
    "What is 384 + 297 + 581?",
    "What is 4821 + 9377 + 6145 + 2088 + 7316?",
    "Solve 3x + 7 = 22.",
    "What is 5 + 4?",
    "Compute 347 * 26.",
]
BUDGETS: list[int | None] = [0, 1, 16, 32, 33, 64, 128, None]


def comparable(outcome: thinkcap.Outcome) -> tuple[object, ...]:
    return (
        outcome.budget,
        outcome.sample,
        outcome.answer_index,
        outcome.thinking,
        outcome.solution,
        outcome.stop_reason,
        outcome.finish_reason,
        outcome.thinking_tokens,
        outcome.injected_tokens,
        outcome.solution_tokens,
    )


@pytest.mark.parametrize("style", ["bare", "message", "soft"])
@pytest.mark.parametrize(
    ("model", "temperature", "seed"), [("abacus", 0.0, 3), ("abacus_f16", 0.8, 2), ("abacus", 0.8, 3)]
)
def test_a_sweep_gives_what_separate_runs_give(
    request: pytest.FixtureRequest, style: str, model: str, temperature: float, seed: int
) -> None:
    """In q8_0 logits are the same to the last bit with and without forks beside a thought. In f16 they are not, and one
    record in a hundred has a near tie or a draw that falls between the two: the seed is one that has none here."""
    engine: Engine = request.getfixturevalue(model)
    options = {"cut_style": style, "temperature": temperature, "seed": seed}
    for problem in PROBLEMS:
        swept = {o.budget.thinking: o for o in engine.sweep(problem, BUDGETS, **options)}  # type: ignore[arg-type]
        assert set(swept) == set(BUDGETS)
        for budget in BUDGETS:
            alone = engine.solve(problem, budget, **options)  # type: ignore[arg-type]
            assert comparable(swept[budget]) == comparable(alone), (problem, budget)


def test_budgets_past_the_natural_close_share_its_answer(abacus_f16: Engine) -> None:
    natural = abacus_f16.solve("What is 5 + 4?", None)
    assert natural.stop_reason == "natural"
    far = natural.thinking_tokens + 50
    swept = {o.budget.thinking: o for o in abacus_f16.sweep("What is 5 + 4?", [2, far, far + 1, None])}
    assert [swept[budget].shared for budget in (2, far, far + 1, None)] == [False, True, True, False]
    assert swept[far].solution == natural.solution


def test_a_sweep_decodes_the_trunk_and_each_forks_own_tokens(abacus_f16: Engine) -> None:
    steps: list[thinkcap.Step] = []
    requests = abacus_f16.sweep_requests(PROBLEMS[1], BUDGETS)
    assert len(requests) == 1
    outcomes = [o for o in abacus_f16.solve_many(requests, on_step=steps.append) if isinstance(o, thinkcap.Outcome)]
    trunk = next(o for o in outcomes if o.budget.thinking is None)
    assert all(o.finish_reason == "stop" for o in outcomes)
    marker = 0 if trunk.injected_tokens else 1  # a natural close is decoded too, though it is neither kind of token
    expected = trunk.prompt_tokens + trunk.thinking_tokens + trunk.injected_tokens + marker + trunk.solution_tokens
    expected += sum(o.injected_tokens + o.solution_tokens for o in outcomes if o is not trunk and not o.shared)
    assert steps[-1].decoded == expected


def test_samples_differ_and_each_has_every_budget(abacus_f16: Engine) -> None:
    outcomes = list(abacus_f16.sweep(PROBLEMS[1], [8, 40], samples=3, temperature=3.0, top_p=1.0))
    assert {(o.sample, o.budget.thinking) for o in outcomes} == {(s, b) for s in range(3) for b in (8, 40)}
    assert len({o.thinking for o in outcomes if o.budget.thinking == 40}) == 3


def test_replies_share_a_thought_and_differ(abacus: Engine) -> None:
    request = abacus.request(PROBLEMS[1], 40, temperature=2.0, top_p=1.0, solution_budget=60)
    many = replace(request, answers_per_thought=4, fork_budgets=(10, 20))
    outcomes = [o for o in abacus.solve_many([many]) if isinstance(o, thinkcap.Outcome)]
    assert {(o.budget.thinking, o.answer_index) for o in outcomes} == {(b, r) for b in (10, 20, 40) for r in range(4)}
    for budget in (10, 20, 40):
        group = [o for o in outcomes if o.budget.thinking == budget]
        assert len({o.thinking for o in group}) == 1
        assert len({o.solution for o in group}) > 1
    alone = abacus.solve(request)
    assert comparable(alone) in [comparable(o) for o in outcomes]


def test_every_reply_answers_for_the_budgets_that_the_thought_did_not_reach(abacus_f16: Engine) -> None:
    request = abacus_f16.request("What is 5 + 4?", 500, temperature=2.0, top_p=1.0, solution_budget=60)
    outcomes = list(abacus_f16.solve_many([replace(request, answers_per_thought=3, fork_budgets=(1, 400))]))
    assert all(isinstance(o, thinkcap.Outcome) for o in outcomes)
    found = {(o.budget.thinking, o.answer_index): o for o in outcomes if isinstance(o, thinkcap.Outcome)}
    assert len(outcomes) == len(found) == 9
    for reply in range(3):
        far, end = found[400, reply], found[500, reply]
        assert far.shared
        assert not end.shared
        assert far.solution == end.solution


def test_forks_get_the_room_they_need_beyond_the_context_of_one_generation() -> None:
    with thinkcap.load("abacus", quant="f16", context=256) as engine:
        outcomes = list(engine.sweep("What is 5 + 4?", [0, 1, 2, 3, 40], solution_budget=100))
    assert {o.budget.thinking for o in outcomes} == {0, 1, 2, 3, 40}


def test_more_answers_than_a_cache_keeps_apart_are_refused(abacus_f16: Engine) -> None:
    request = abacus_f16.request("What is 5 + 4?", 40)
    with pytest.raises(UsageError, match="300 answers, and 256 is the most"):
        abacus_f16.solve(replace(request, answers_per_thought=300))
    many = [replace(request.with_sample(sample), answers_per_thought=100) for sample in range(3)]
    assert len(list(abacus_f16.solve_many(many))) == 300


def test_many_sweeps_at_once_leave_the_cache_empty(abacus_f16: Engine) -> None:
    requests = [r for problem in PROBLEMS * 4 for r in abacus_f16.sweep_requests(problem, [0, 8, 16, None])]
    outcomes = list(abacus_f16.solve_many(requests, parallel=6))
    assert len(outcomes) == 20 * 4
    by_key: dict[object, set[object]] = {}
    for outcome in outcomes:
        assert isinstance(outcome, thinkcap.Outcome)
        by_key.setdefault((outcome.problem, outcome.budget), set()).add((outcome.thinking, outcome.solution))
    assert all(len(texts) == 1 for texts in by_key.values())


def test_models_told_their_budget_need_a_thought_for_each(abacus_f16: Engine) -> None:
    requests = abacus_f16.sweep_requests(PROBLEMS[0], [16, 32], prompt_mode="max")
    assert [r.budget.thinking for r in requests] == [16, 32]


@pytest.mark.parametrize(("budgets", "options"), [([], {}), ([5], {"time_limit": 3.0}), ([-1], {})])
def test_sweeps_that_make_no_sense_are_refused(
    abacus_f16: Engine, budgets: list[int], options: dict[str, float]
) -> None:
    with pytest.raises(UsageError):
        list(abacus_f16.sweep(PROBLEMS[0], budgets, **options))  # type: ignore[arg-type]
