"""Real text in a real vocabulary: markers of several tokens, half characters, loops, conversations."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import thinkcap
from benchmarks import smollm2
from thinkcap.engine.engine import Engine
from thinkcap.engine.settings import Options

RIVERS = "Name three rivers, one on each line."
EMOJI = "🎉" * 12
CJK = "日本の首都はどこですか？"
BARE: Options = {"cut_style": "bare", "solution_budget": 4}
GREEDY: Options = {**BARE, "temperature": 0.0}
WARM: Options = {**BARE, "temperature": 0.7}


@pytest.fixture(scope="module")
def spelled(smollm: Engine) -> Iterator[Engine]:
    """The model with an end marker that it writes by itself, in two tokens.

    It runs on the CPU, since a GPU rounds by all that it decodes at once.
    """
    with smollm2.load(threads=1, think_end=", and", gpu_layers=0) as engine:
        yield engine


def test_no_marker_is_one_token_of_the_vocabulary(smollm: Engine) -> None:
    markers = smollm.markers
    assert (markers.start, markers.end, markers.opening) == ("<think>", "</think>", "<think>\n")
    for marker in (markers.start, markers.end):
        assert len(smollm.model.tokenize(marker)) > 1


def test_a_marker_in_two_tokens_ends_the_thought(spelled: Engine) -> None:
    natural = spelled.solve(RIVERS, 100, **GREEDY)
    assert natural.stop_reason == "natural"
    assert ", and" not in natural.thinking
    for more, rolled_back in ((0, 0), (1, 1)):
        cut = spelled.solve(RIVERS, natural.thinking_tokens + more, **GREEDY)
        assert (cut.stop_reason, cut.rolled_back_tokens) == ("budget", rolled_back)
        assert (cut.thinking, cut.injected_tokens) == (natural.thinking, 2)


@pytest.mark.parametrize("prompt", [EMOJI, CJK])
def test_a_cut_leaves_whole_characters_and_counts_what_it_took_back(smollm: Engine, prompt: str) -> None:
    rolled_back = 0
    for outcome in smollm.sweep(prompt, range(1, 31), solution_budget=1, temperature=0.6, cut_style="bare"):
        pieces = [smollm.model.piece(token) for token in outcome.thought_ids]
        kept = outcome.thinking_tokens - outcome.rolled_back_tokens
        assert len(pieces) == outcome.thinking_tokens == outcome.budget.thinking
        assert b"".join(pieces[:kept]).decode("utf-8") == outcome.thinking
        assert not b"".join(pieces[kept:]).decode("utf-8", "ignore")
        rolled_back += outcome.rolled_back_tokens
    assert rolled_back


def test_a_loop_is_closed_and_answered(smollm: Engine) -> None:
    outcome = smollm.solve(EMOJI, 400, **GREEDY)
    assert outcome.stop_reason == "loop"
    assert 120 <= outcome.thinking_tokens < 400
    assert "\ufffd" not in outcome.thinking
    assert outcome.solution.strip()


def test_a_follow_up_reads_only_what_is_new(smollm: Engine) -> None:
    first = smollm.submit(RIVERS, 8, **BARE)
    reply, follow_up = first.result().solution.strip(), "Which of them is the longest?"
    turns = [("user", RIVERS), ("assistant", reply), ("user", follow_up)]
    second = smollm.submit([{"role": role, "content": text} for role, text in turns], 8, **BARE)
    new = len(smollm.model.tokenize(reply + follow_up))
    frame = first.result().prompt_tokens - len(smollm.model.tokenize(RIVERS))
    assert second.result().prompt_tokens - second.cached_tokens <= new + frame
    assert second.cached_tokens >= first.result().prompt_tokens - len(smollm.model.tokenize("<think>\n"))


def test_a_thought_goes_on_from_its_kept_cells_as_at_once(spelled: Engine) -> None:
    for prompt in (RIVERS, CJK):
        cut = spelled.solve(prompt, 5, **WARM)
        before = spelled.counts
        more = spelled.more(cut, 30)
        assert spelled.counts.sampled - before.sampled <= 25 + more.solution_tokens + 1
        once = spelled.solve(prompt, 30, **WARM)
        assert (more.resumed_tokens, more.thought_ids, more.solution) == (5, once.thought_ids, once.solution)


def test_forks_of_a_sweep_are_what_separate_runs_give(spelled: Engine) -> None:
    for prompt in (RIVERS, CJK, EMOJI[:8]):
        for fork in spelled.sweep(prompt, (0, 9, 17), **WARM):
            alone = spelled.solve(prompt, fork.budget.thinking, **WARM)
            assert (fork.thinking, fork.solution) == (alone.thinking, alone.solution)


def test_no_solution_is_empty(smollm: Engine) -> None:
    """Prompts that ask for an empty answer, with room for one token."""
    asked = [smollm2.prompts()[f"form-{number:02}"] for number in (1, 2, 3, 12)]
    options: Options = {"solution_budget": 1, "temperature": 1.0, "cut_style": "message"}
    sweeps = [request for prompt in asked for request in smollm.sweep_requests(prompt, (0, 17), **options)]
    for outcome in smollm.solve_many([sweep.with_sample(sample) for sweep in sweeps for sample in range(2)]):
        assert isinstance(outcome, thinkcap.Outcome)
        assert outcome.solution.strip(), outcome
