"""A thought that goes on from a smaller budget, against the larger budget at once, on the real model.

In q8_0 its logits are the same to the last bit on either way. In f16 they are where others have room beside it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

import thinkcap
from thinkcap.engine.engine import Engine
from thinkcap.engine.settings import CutStyle
from thinkcap.errors import UsageError
from thinkcap.runs.result import Result

PROBLEMS = ["What is 4821 + 9377 + 6145?", "Compute 347 * 26.", "Solve 7x - 12 = 3x + 24.", "What is 5 + 4?"]


def load_spelled(gpu_layers: int | None = None) -> Engine:
    """abacus with markers of several tokens; its thoughts come near to the end marker."""
    return thinkcap.load("abacus", quant="f16", gpu_layers=gpu_layers, think_start="<begin>", think_end="\n= ")


@pytest.fixture(scope="module")
def spelled() -> Iterator[Engine]:
    with load_spelled() as engine:
        yield engine


@pytest.fixture(scope="module")
def spelled_on_cpu() -> Iterator[Engine]:
    with load_spelled(gpu_layers=0) as engine:
        yield engine


@pytest.fixture(scope="module")
def padded() -> Iterator[Engine]:
    """abacus in f16, with room for others: a lone sequence is decoded beside a filler, and rounded as beside them."""
    with thinkcap.load("abacus", quant="f16") as engine:
        engine.reserve(engine.request(PROBLEMS[0], None, cut_style="message"), 4)
        yield engine


def comparable(outcome: thinkcap.Outcome) -> dict[str, object]:
    """All but what depends on how it came about: log-probabilities are those of tokens sampled in one go."""
    own = dict.fromkeys(("seconds", "resumed_tokens", "mean_log_probability", "lowest_log_probability"))
    return {**outcome.to_dict(), **own}


@pytest.mark.parametrize("style", ["bare", "message", "soft", "pause", "pause+message"])
@pytest.mark.parametrize("temperature", [0.0, 0.6])
@pytest.mark.parametrize("name", ["abacus", "padded"])
def test_more_gives_what_the_larger_budget_gives_at_once(
    request: pytest.FixtureRequest, name: str, style: CutStyle, temperature: float
) -> None:
    engine: Engine = request.getfixturevalue(name)
    for problem in PROBLEMS:
        for budget, larger in ((0, 7), (1, 64), (20, None), (64, 200)):
            cut = engine.solve(problem, budget, cut_style=style, temperature=temperature)
            more = engine.more(cut, larger)
            once = engine.solve(problem, larger, cut_style=style, temperature=temperature)
            assert comparable(replace(more, shared=False)) == comparable(once)
            if style in ("bare", "message") and not more.shared:
                assert more.resumed_tokens == cut.thinking_tokens


def test_markers_of_several_tokens(spelled: Engine) -> None:
    for problem in PROBLEMS:
        for budget in (3, 11, 12, 13, 14, 15, 16, 30):
            cut = spelled.solve(problem, budget, min_thinking=budget // 2, temperature=0.6)
            once = spelled.solve(problem, 60, min_thinking=budget // 2, temperature=0.6)
            assert comparable(replace(spelled.more(cut, 60), shared=False)) == comparable(once)


def test_a_cut_of_several_tokens_is_the_same_beside_others(spelled_on_cpu: Engine) -> None:
    """To the last bit of a probability on the CPU, whether two thoughts are cut in the same step or in different ones,
    and whether a thought is read again beside one or many."""
    problems = [f"What is {number**3} + {number * 7 % 100} + {number**2}?" for number in range(1, 25)]

    def run(width: int, budget: int, earlier: list[thinkcap.Outcome] | None = None) -> list[thinkcap.Outcome]:
        options: Any = {"prompt_mode": "none", "temperature": 0.6}
        asked = (
            [spelled_on_cpu.more_request(outcome, budget) for outcome in earlier]
            if earlier
            else [spelled_on_cpu.request(problem, budget, id=problem, **options) for problem in problems]
        )
        found = {
            each.id: each
            for each in spelled_on_cpu.solve_many(asked, parallel=width)
            if isinstance(each, thinkcap.Outcome)
        }
        return [found[problem] for problem in problems]

    cut = run(16, 45)
    again = run(3, 45)
    assert list(map(comparable, cut)) == list(map(comparable, again))
    assert [each.mean_log_probability for each in cut] == [each.mean_log_probability for each in again]
    wide, narrow = run(16, 70, cut), run(3, 70, again)
    assert list(map(comparable, wide)) == list(map(comparable, narrow)) == list(map(comparable, run(5, 70)))


def test_only_what_is_more_is_decoded(abacus: Engine) -> None:
    cut = abacus.solve(PROBLEMS[0], 40)
    before = abacus.counts
    more = abacus.more(cut, 60)
    assert abacus.counts.sampled - before.sampled == 20 + more.solution_tokens + 1
    assert abacus.counts.decoded - before.decoded <= 20 + 1 + more.injected_tokens + more.solution_tokens


def test_a_kept_thought_moves_along_into_a_larger_cache() -> None:
    with thinkcap.load("abacus", quant="f16", threads=1) as engine:
        cut = engine.solve(PROBLEMS[0], 20, solution_budget=24)
        held, before = engine.cache_bytes, engine.counts
        more = engine.more(cut, 900)
        assert engine.cache_bytes > held
        sampled = engine.counts.sampled - before.sampled
        assert engine.counts.decoded - before.decoded <= sampled + more.injected_tokens


def test_a_thought_that_ended_by_itself_costs_nothing(abacus: Engine) -> None:
    natural = abacus.solve(PROBLEMS[3], 200)
    before = abacus.counts
    more = abacus.more(natural, 400)
    assert (more.shared, more.budget.thinking, more.solution) == (True, 400, natural.solution)
    assert abacus.counts == before


def test_a_stream_begins_where_the_thought_was_cut(abacus: Engine) -> None:
    cut = abacus.solve(PROBLEMS[0], 30, cut_style="message", temperature=0.6)
    request = abacus.more_request(cut, 90)
    events = list(abacus.stream(request))
    new = "".join(event.text for event in events if isinstance(event, thinkcap.Thought))
    finished = events[-1]
    assert isinstance(finished, thinkcap.Finished)
    own = cut.thinking.removesuffix(abacus.profile.cut_message)
    assert finished.outcome.thinking == own + new
    assert finished.outcome.resumed_tokens == 30


def test_a_model_that_is_told_its_budget_starts_anew(abacus: Engine) -> None:
    cut = abacus.solve(PROBLEMS[0], 16, prompt_mode="max")
    more = abacus.more(cut, 64)
    assert more.resumed_tokens == 0
    assert comparable(more) == comparable(abacus.solve(PROBLEMS[0], 64, prompt_mode="max"))


def test_what_makes_no_sense_is_refused(abacus_f16: Engine, abacus: Engine) -> None:
    cut = abacus_f16.solve(PROBLEMS[0], 16)
    with pytest.raises(UsageError, match="16 tokens already"):
        abacus_f16.more(cut, 16)
    with pytest.raises(UsageError, match="another model file, abacus f16"):
        abacus.more(cut, 64)
    with pytest.raises(UsageError, match="without its request"):
        abacus_f16.more(replace(cut, request=None), 64)


def test_a_fork_goes_on_and_so_do_further_answers(abacus: Engine) -> None:
    request = replace(abacus.request(PROBLEMS[1], 64, temperature=0.7), fork_budgets=(8, 20), answers_per_thought=2)
    for outcome in abacus.solve_many([request]):
        assert isinstance(outcome, thinkcap.Outcome)
        more = abacus.more(outcome, 100)
        [once] = [
            each
            for each in abacus.solve_many([replace(request.with_budget(100), answers_per_thought=2)])
            if isinstance(each, thinkcap.Outcome) and each.answer_index == outcome.answer_index
        ]
        assert comparable(more) == comparable(once)


@pytest.mark.parametrize("style", ["bare", "message", "soft"])
def test_a_record_goes_on_in_another_process(abacus: Engine, style: CutStyle) -> None:
    """What a line of a result file holds is enough, whether the text gives the tokens back or not."""
    options = {"cut_style": style, "temperature": 0.6}
    cut = [abacus.solve(problem, 20, **options) for problem in PROBLEMS]  # type: ignore[arg-type]
    lines = json.dumps([outcome.to_dict() for outcome in cut])
    program = f"""if True:
        import json, sys, thinkcap
        from dataclasses import replace
        from thinkcap.engine.more import continued
        from thinkcap.runs.result import Result
        with thinkcap.load("abacus", quant="q8_0") as engine:
            for line in json.load(sys.stdin):
                result = Result.from_dict(line)
                request = engine.request(result.problem, 90, **{options!r})
                print(json.dumps(engine.solve(continued(request, result)).to_dict()))
    """
    run = subprocess.run([sys.executable, "-c", program], input=lines, capture_output=True, text=True, check=True)
    for line, problem in zip(run.stdout.splitlines(), PROBLEMS, strict=True):
        more = Result.from_dict(json.loads(line))
        once = Result.from_dict(abacus.solve(problem, 90, **options).to_dict())  # type: ignore[arg-type]
        assert (more.thinking, more.solution) == (once.thinking, once.solution)
        if once.thinking_tokens >= 20:
            assert more.resumed_tokens == (18 if style == "soft" else 20)
