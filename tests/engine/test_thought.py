"""The state machine, without a model: random token streams, markers split over tokens, cuts at every place."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from thinkcap.engine.limits import ANSWER_TOKENS, PAUSE_STYLES, WAIT_SPACING, AnswerOpening, Limits, Marker
from thinkcap.engine.settings import CutStyle
from thinkcap.engine.thought import CloseReason, Phase, ThoughtState

EOG = 0
PIECES = (
    b"",  # EOG
    b"<think>",
    b"</think>",
    b"<",
    b"</",
    b".</",
    b"thi",
    b"nk",
    b">",
    b">\n\n",
    b"think>",
    b"a",
    b" b",
    b"\n",
    b"\xe2",
    b"\x88",
    b"\x9a",
    b"x\xf0\x9f",
    b"\x98\x80",
    b"Wait",
    b"done.",
    b"/",
    b"{",
    b"}",
)
ID = {piece: token for token, piece in enumerate(PIECES)}
ONE_TOKEN = (Marker(b"<think>", (1,)), Marker(b"</think>", (2,)))
SPELLED = (Marker(b"<think>", (3, 10)), Marker(b"</think>", (4, 10)))
ORDINARY = [token for token in range(len(PIECES)) if token not in (0, 1, 2)]


def limits(thinking: int, markers: tuple[Marker, Marker] = ONE_TOKEN, **changes: object) -> Limits:
    base = Limits(
        thinking=thinking,
        thinking_reason="budget",
        solution=6,
        start=markers[0],
        end=markers[1],
        end_tokens=frozenset({EOG}),
        wait=(ID[b"Wait"],),
        loop_guard=False,
    )
    return replace(base, **changes)  # type: ignore[arg-type]


@dataclass
class Run:
    """A state driven to its end, with what a KV cache would hold."""

    state: ThoughtState
    cache: list[int]
    sampled: list[int]

    @property
    def text(self) -> bytes:
        return b"".join(PIECES[token] for token in self.cache)


def drive(limits: Limits, stream: list[int], late: int | None = None, earlier: Sequence[int] = ()) -> Run:
    """Feeds a stream as a sampler would: what is banned becomes another token, what is forbidden is drawn again; behind
    the stream comes the end. Begins with tokens that were drawn under a smaller budget."""
    state = ThoughtState(limits)
    cache = state.replay(earlier, PIECES.__getitem__)
    sampled = list(state.drawn)
    tokens = iter(stream[len(state.drawn) :])
    while state.phase is not Phase.DONE:
        token = next(tokens, EOG)
        while (token := ID[b"a"] if token in state.banned else token) and state.forbids(PIECES[token]):
            state.refuse(token)
            token = next(tokens, ID[b"a"])
        sampled.append(token)
        close: CloseReason | None = "deadline" if late is not None and len(sampled) > late else None
        move = state.advance(token, PIECES[token], close)
        if move.rollback:
            assert move.rollback <= len(cache)
            del cache[len(cache) - move.rollback :]
        cache += move.feed
        if not move.feed and token != EOG:
            cache.append(token)  # the last token of a full solution is never decoded
    return Run(state, cache, sampled)


OPENING = AnswerOpening("/{", (ID[b"/"], ID[b"{"]), lambda solution: "}" not in solution)
"""Begins an answer in a solution without a closed brace."""

streams = st.lists(st.integers(0, len(PIECES) - 1), max_size=60)
marker_kinds = st.sampled_from([ONE_TOKEN, SPELLED])


@given(streams, st.integers(0, 30), marker_kinds)
@settings(max_examples=400)
def test_thinking_tokens_never_exceed_the_budget(
    stream: list[int], budget: int, markers: tuple[Marker, Marker]
) -> None:
    state = drive(limits(budget, markers), stream).state
    assert state.thinking_tokens <= budget
    if state.stop_reason == "budget":
        assert state.thinking_tokens == budget
        assert state.injected_tokens == len(markers[1].tokens)


@given(streams, st.integers(0, 30), marker_kinds, st.integers(0, 30), st.integers(0, 40))
@settings(max_examples=600)
def test_cache_holds_thought_then_marker_then_solution(
    stream: list[int], budget: int, markers: tuple[Marker, Marker], least: int, late: int
) -> None:
    run = drive(limits(budget, markers, min_thinking=min(least, budget)), stream, late)
    state = run.state
    assert run.text == bytes(state.thought) + b"</think>" + bytes(state.solution.text)


@given(streams, st.integers(0, 30), marker_kinds, st.integers(0, 30), st.sampled_from(PAUSE_STYLES))
@settings(max_examples=600)
def test_budgets_hold_at_pauses_and_with_answers_that_are_begun(
    stream: list[int], budget: int, markers: tuple[Marker, Marker], least: int, style: CutStyle
) -> None:
    message = {"message": (ID[b"done."],), "message_text": "done."} if style == "pause+message" else {}
    run = drive(
        limits(budget, markers, style=style, min_thinking=min(least, budget), opening=OPENING, **message), stream
    )
    state = run.state
    assert state.thinking_tokens <= budget
    assert state.solution.tokens <= 6
    assert state.solution.probe_tokens <= len(OPENING.tokens) + ANSWER_TOKENS
    assert len(run.cache) <= state.limits.max_tokens
    assert run.text.startswith(bytes(state.thought) + b"</think>")
    if state.stop_reason == "budget":
        assert not OPENING.is_missing(state.solution.text.decode("utf-8", "replace"))


def test_budgets_hold_over_a_million_random_tokens() -> None:
    draw = random.Random(17)
    sampled = 0
    while sampled < 1_000_000:
        budget, styles = draw.randrange(300), (*PAUSE_STYLES, "bare", "soft")
        chosen = limits(
            budget,
            draw.choice((ONE_TOKEN, SPELLED)),
            style=draw.choice(styles),
            solution=draw.randrange(1, 80),
            min_thinking=draw.choice((0, 0, budget // 2)),
            opening=draw.choice((OPENING, None)),
        )
        run = drive(chosen, draw.choices(ORDINARY, k=400))
        state, sampled = run.state, sampled + len(run.sampled)
        assert state.thinking_tokens <= budget
        assert state.solution.tokens <= chosen.solution
        assert len(run.cache) <= chosen.max_tokens
        assert state.solution.forced <= (chosen.opening is not None)


@given(
    streams,
    st.integers(0, 60),
    st.integers(1, 60),
    marker_kinds,
    st.integers(0, 30),
    st.sampled_from(get_args(CutStyle)),
)
@settings(max_examples=1000)
def test_a_thought_goes_on_as_under_the_larger_budget(
    stream: list[int], budget: int, more: int, markers: tuple[Marker, Marker], least: int, style: CutStyle
) -> None:
    options: dict[str, object] = {"style": style, "min_thinking": min(least, budget)}
    larger = limits(budget + more, markers, **options)
    earlier = drive(limits(budget, markers, **options), stream).state.drawn
    once, resumed = drive(larger, stream), drive(larger, stream, earlier=earlier)
    assert (resumed.state, resumed.cache) == (once.state, once.cache)


@given(streams, st.integers(0, 30))
@settings(max_examples=400)
def test_no_marker_comes_again_after_the_close(stream: list[int], budget: int) -> None:
    for markers in (ONE_TOKEN, SPELLED):
        solution = bytes(drive(limits(budget, markers), stream).state.solution.text)
        assert b"<think>" not in solution
        assert b"</think>" not in solution


@given(streams, st.integers(0, 30), st.integers(1, 6), marker_kinds)
@settings(max_examples=600)
def test_a_reply_does_not_end_before_its_solution_can_be_seen(
    stream: list[int], budget: int, solution: int, markers: tuple[Marker, Marker]
) -> None:
    state = drive(limits(budget, markers, solution=solution), [EOG, *stream, EOG, EOG]).state
    assert state.solution.text.decode("utf-8", "ignore").strip()


def test_an_answer_that_thinkcap_began_is_not_blank() -> None:
    blank = [ID[b"\n"]] * 100
    state = drive(limits(2, opening=OPENING), [ID[b"a"]] * 2 + blank).state
    assert state.solution.forced
    assert state.solution.text.rpartition(b"/{")[2].strip(b"\n}") == b"a"


@given(st.text(alphabet="a√😀é<", min_size=1, max_size=20), st.integers(0, 50), marker_kinds)
@settings(max_examples=400)
def test_a_cut_leaves_whole_characters(text: str, budget: int, markers: tuple[Marker, Marker]) -> None:
    bytewise = {bytes([byte]): byte for byte in range(256)}
    state = ThoughtState(limits(budget, markers))
    state.begin()
    for byte in text.encode():
        if state.phase is not Phase.THINKING:
            break
        state.advance(1000 + bytewise[bytes([byte])], bytes([byte]))
    if state.stop_reason == "budget":
        thought = state.thought.decode("utf-8")
        assert text.startswith(thought)
        assert len(text.encode()[:budget]) - len(state.thought) == state.rolled_back_tokens <= 3


@given(streams, st.integers(0, 30), marker_kinds)
@settings(max_examples=400)
def test_a_smaller_budget_is_a_prefix_of_a_larger_one(
    stream: list[int], budget: int, markers: tuple[Marker, Marker]
) -> None:
    smaller = drive(limits(budget, markers), stream).state
    larger = drive(limits(budget + 1, markers), stream).state
    assert bytes(larger.thought).startswith(bytes(smaller.thought))


@pytest.mark.parametrize("markers", [ONE_TOKEN, SPELLED])
@pytest.mark.parametrize(
    ("budget", "reason", "thinking"),
    [(4, "budget", 4), (5, "budget", 5), (6, "natural", 5), (9, "natural", 5)],
)
def test_a_close_beside_the_budget(markers: tuple[Marker, Marker], budget: int, reason: str, thinking: int) -> None:
    """The model thinks five tokens and closes: the budget lies before, at and behind the close."""
    a = ID[b"a"]
    if markers is ONE_TOKEN:
        stream = [a] * 5 + [2, ID[b"done."], EOG]
    else:
        stream = [a] * 5 + [ID[b"</"], ID[b"think>"], ID[b"done."], EOG]
        budget += (budget > 5) * 1  # half a marker counts until it is whole
    state = drive(limits(budget, markers), stream).state
    assert (state.stop_reason, state.thinking_tokens) == (reason, thinking)
    assert bytes(state.thought) == b"aaaaa"[:thinking]
    assert state.solution.finish_reason == "stop" or reason == "budget"


def test_a_marker_merged_with_its_neighbours_is_seen() -> None:
    stream = [ID[b"a"], ID[b".</"], ID[b"thi"], ID[b"nk"], ID[b">\n\n"], ID[b"done."], EOG]
    state = drive(limits(30, SPELLED), stream).state
    assert state.stop_reason == "natural"
    assert bytes(state.thought) == b"a."
    assert bytes(state.solution.text) == b"\n\ndone."
    assert state.thinking_tokens == 2
    assert state.solution.tokens == 1


def test_half_a_marker_is_taken_back_at_the_cut() -> None:
    run = drive(limits(3, SPELLED), [ID[b"a"], ID[b"</"], ID[b"thi"], ID[b"done."], EOG])
    assert bytes(run.state.thought) == b"a"
    assert run.state.rolled_back_tokens == 2
    assert run.state.thinking_tokens == 3
    assert run.text == b"a</think>done."


def test_budget_zero_is_solution_only() -> None:
    state = drive(limits(0), [ID[b"done."], EOG]).state
    assert (state.thinking_tokens, state.injected_tokens, state.solution.tokens) == (0, 1, 1)
    assert (state.stop_reason, state.solution.finish_reason) == ("budget", "stop")


def test_the_solution_has_a_budget_of_its_own() -> None:
    state = drive(limits(2), [ID[b"a"]] * 30).state
    assert (state.thinking_tokens, state.solution.tokens, state.solution.finish_reason) == (2, 6, "length")


def test_the_reply_ending_inside_the_thought_closes_it() -> None:
    run = drive(limits(9), [ID[b"a"], EOG, ID[b"done."], EOG])
    assert (run.state.stop_reason, run.state.injected_tokens) == ("natural", 1)
    assert run.text == b"a</think>done."


@pytest.mark.parametrize("close", [[2], [EOG], [ID[b"</"], ID[b"think>"]]])
def test_a_close_before_the_minimum_becomes_wait(close: list[int]) -> None:
    markers = SPELLED if len(close) == 2 else ONE_TOKEN
    stream = [ID[b"a"], *close, *[ID[b" b"]] * (WAIT_SPACING + 3), *close, ID[b"done."], EOG]
    run = drive(limits(60, markers, min_thinking=10), stream)
    assert bytes(run.state.thought) == b"aWait" + b" b" * (WAIT_SPACING + 3)
    assert run.state.stop_reason == "natural"
    assert run.state.injected_tokens == 1 + (close == [EOG])
    assert run.text == bytes(run.state.thought) + b"</think>done."


def test_waiting_makes_progress() -> None:
    """A model that wants to close at once each time waits no oftener than every WAIT_SPACING tokens."""
    state = drive(limits(200, min_thinking=100), [2] * 400 + [ID[b"a"]] * 10).state
    assert state.injected_tokens <= limits(200, min_thinking=100).max_injected


def test_a_deadline_closes_the_thought_and_goes_on_to_the_solution() -> None:
    state = drive(limits(50, min_thinking=40), [ID[b"a"]] * 5 + [ID[b"done."], EOG], late=3).state
    assert (state.stop_reason, state.solution.finish_reason) == ("deadline", "stop")
    assert bytes(state.thought) == b"aaaa"


@pytest.mark.parametrize(("least", "reason"), [(40, "deadline"), (3, "natural")])
def test_a_close_at_the_deadline_is_the_models_own_only_behind_the_minimum(least: int, reason: str) -> None:
    state = drive(limits(50, min_thinking=least), [ID[b"a"]] * 3 + [2, ID[b"done."], EOG], late=3).state
    assert (state.stop_reason, state.solution.finish_reason) == (reason, "stop")
    assert bytes(state.thought) == b"aaa"


def test_message_style_injects_its_sentence_before_the_marker() -> None:
    run = drive(limits(2, style="message", message=(ID[b"done."],), message_text="done."), [ID[b"a"]] * 3 + [EOG])
    assert run.text == b"aadone.</think>a"
    assert bytes(run.state.thought) == b"aadone."
    assert run.state.injections == [(2, 7)]
    assert (run.state.thinking_tokens, run.state.injected_tokens) == (2, 2)


def test_soft_style_raises_the_marker_step_by_step_at_the_end() -> None:
    state = ThoughtState(limits(30, style="soft"))
    state.begin()
    boosts = []
    while state.phase is Phase.THINKING:
        boosts.append(state.boost)
        state.advance(ID[b"a"], b"a")
    assert boosts[:27] == [0.0] * 27
    assert 0 < boosts[27] < boosts[28] < boosts[29]
    assert state.stop_reason == "budget"


def test_the_loop_guard_cuts_a_repeating_thought() -> None:
    stream = [ID[b"a"], ID[b" b"], ID[b"\n"]] * 100
    state = drive(limits(300, loop_guard=True), stream).state
    assert (state.stop_reason, state.thinking_tokens) == ("loop", 120)
    assert drive(limits(200, loop_guard=False), stream).state.stop_reason == "budget"


def test_the_loop_guard_respects_the_minimum() -> None:
    stream = [ID[b"a"], ID[b" b"], ID[b"\n"]] * 100
    state = drive(limits(300, loop_guard=True, min_thinking=150), stream).state
    assert state.stop_reason == "loop"
    assert state.thinking_tokens == 270


def test_an_interrupt_ends_everything() -> None:
    state = ThoughtState(limits(50))
    state.begin()
    state.advance(ID[b"a"], b"a")
    state.abandon("interrupted")
    assert (state.phase, state.stop_reason, state.solution.finish_reason) == (Phase.DONE, "interrupted", "interrupted")
