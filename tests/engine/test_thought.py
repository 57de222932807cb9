"""The state machine, without a model: random token streams, markers split over tokens, cuts at every place."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from thinkcap.engine.thought import WAIT_SPACING, Marker, Phase, Rules, ThoughtState

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
)
ID = {piece: token for token, piece in enumerate(PIECES)}
ONE_TOKEN = (Marker(b"<think>", (1,)), Marker(b"</think>", (2,)))
SPELLED = (Marker(b"<think>", (3, 10)), Marker(b"</think>", (4, 10)))
ORDINARY = [token for token in range(len(PIECES)) if token not in (0, 1, 2)]


def rules(thinking: int, markers: tuple[Marker, Marker] = ONE_TOKEN, **changes: object) -> Rules:
    base = Rules(
        thinking=thinking,
        thinking_reason="budget",
        solution=6,
        start=markers[0],
        end=markers[1],
        ends=frozenset({EOG}),
        wait=(ID[b"Wait"],),
        loop_guard=False,
    )
    return replace(base, **changes)  # type: ignore[arg-type]


@dataclass
class Run:
    """A course driven to its end, with what a KV cache would hold."""

    course: ThoughtState
    cache: list[int]
    sampled: list[int]

    @property
    def text(self) -> bytes:
        return b"".join(PIECES[token] for token in self.cache)


def drive(rules: Rules, stream: list[int], late: int | None = None) -> Run:
    """Feeds a stream as a sampler would: what is banned or forbidden is skipped; behind the stream comes the end."""
    course = ThoughtState(rules)
    cache = list(course.begin())
    sampled = []
    tokens = iter(stream)
    while course.phase is not Phase.DONE:
        token = next(tokens, EOG)
        while token in course.banned or course.forbids(PIECES[token]):
            token = next(tokens, ID[b"a"])
        sampled.append(token)
        close = "deadline" if late is not None and len(sampled) > late else None
        move = course.advance(token, PIECES[token], close)
        if move.rollback:
            assert move.rollback <= len(cache)
            del cache[len(cache) - move.rollback :]
        cache += move.feed
        if course.phase is Phase.DONE and token != EOG:
            cache.append(token)  # the last token of a full solution is never decoded
    return Run(course, cache, sampled)


streams = st.lists(st.integers(0, len(PIECES) - 1), max_size=60)
marker_kinds = st.sampled_from([ONE_TOKEN, SPELLED])


@given(streams, st.integers(0, 30), marker_kinds)
@settings(max_examples=400)
def test_thinking_tokens_never_exceed_the_budget(
    stream: list[int], budget: int, markers: tuple[Marker, Marker]
) -> None:
    course = drive(rules(budget, markers), stream).course
    assert course.thinking_tokens <= budget
    if course.stop_reason == "budget":
        assert course.thinking_tokens == budget
        assert course.injected_tokens == len(markers[1].tokens)


@given(streams, st.integers(0, 30), marker_kinds, st.integers(0, 30), st.integers(0, 40))
@settings(max_examples=600)
def test_cache_holds_thought_then_marker_then_solution(
    stream: list[int], budget: int, markers: tuple[Marker, Marker], least: int, late: int
) -> None:
    run = drive(rules(budget, markers, min_thinking=min(least, budget)), stream, late)
    course = run.course
    assert run.text == bytes(course.thought) + b"</think>" + bytes(course.solution)


@given(streams, st.integers(0, 30))
@settings(max_examples=400)
def test_no_marker_comes_again_after_the_close(stream: list[int], budget: int) -> None:
    for markers in (ONE_TOKEN, SPELLED):
        solution = bytes(drive(rules(budget, markers), stream).course.solution)
        assert b"<think>" not in solution
        assert b"</think>" not in solution


@given(st.text(alphabet="a√😀é<", min_size=1, max_size=20), st.integers(0, 50), marker_kinds)
@settings(max_examples=400)
def test_a_cut_leaves_whole_characters(text: str, budget: int, markers: tuple[Marker, Marker]) -> None:
    bytewise = {bytes([byte]): byte for byte in range(256)}
    course = ThoughtState(rules(budget, markers))
    course.begin()
    for byte in text.encode():
        if course.phase is not Phase.THINKING:
            break
        course.advance(1000 + bytewise[bytes([byte])], bytes([byte]))
    if course.stop_reason == "budget":
        thought = course.thought.decode("utf-8")
        assert text.startswith(thought)
        assert len(text.encode()[:budget]) - len(course.thought) == course.rolled_back_tokens <= 3


@given(streams, st.integers(0, 30), marker_kinds)
@settings(max_examples=400)
def test_a_smaller_budget_is_a_prefix_of_a_larger_one(
    stream: list[int], budget: int, markers: tuple[Marker, Marker]
) -> None:
    smaller = drive(rules(budget, markers), stream).course
    larger = drive(rules(budget + 1, markers), stream).course
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
    course = drive(rules(budget, markers), stream).course
    assert (course.stop_reason, course.thinking_tokens) == (reason, thinking)
    assert bytes(course.thought) == b"aaaaa"[:thinking]
    assert course.finish_reason == "stop" or reason == "budget"


def test_a_marker_merged_with_its_neighbours_is_seen() -> None:
    stream = [ID[b"a"], ID[b".</"], ID[b"thi"], ID[b"nk"], ID[b">\n\n"], ID[b"done."], EOG]
    course = drive(rules(30, SPELLED), stream).course
    assert course.stop_reason == "natural"
    assert bytes(course.thought) == b"a."
    assert bytes(course.solution) == b"\n\ndone."
    assert course.thinking_tokens == 2
    assert course.solution_tokens == 1


def test_half_a_marker_is_taken_back_at_the_cut() -> None:
    run = drive(rules(3, SPELLED), [ID[b"a"], ID[b"</"], ID[b"thi"], ID[b"done."], EOG])
    assert bytes(run.course.thought) == b"a"
    assert run.course.rolled_back_tokens == 2
    assert run.course.thinking_tokens == 3
    assert run.text == b"a</think>done."


def test_budget_zero_is_solution_only() -> None:
    course = drive(rules(0), [ID[b"done."], EOG]).course
    assert (course.thinking_tokens, course.injected_tokens, course.solution_tokens) == (0, 1, 1)
    assert (course.stop_reason, course.finish_reason) == ("budget", "stop")


def test_the_solution_has_a_budget_of_its_own() -> None:
    course = drive(rules(2), [ID[b"a"]] * 30).course
    assert (course.thinking_tokens, course.solution_tokens, course.finish_reason) == (2, 6, "length")


def test_the_reply_ending_inside_the_thought_closes_it() -> None:
    run = drive(rules(9), [ID[b"a"], EOG, ID[b"done."], EOG])
    assert (run.course.stop_reason, run.course.injected_tokens) == ("natural", 1)
    assert run.text == b"a</think>done."


@pytest.mark.parametrize("close", [[2], [EOG], [ID[b"</"], ID[b"think>"]]])
def test_a_close_before_the_minimum_becomes_wait(close: list[int]) -> None:
    markers = SPELLED if len(close) == 2 else ONE_TOKEN
    stream = [ID[b"a"], *close, *[ID[b" b"]] * (WAIT_SPACING + 3), *close, ID[b"done."], EOG]
    run = drive(rules(60, markers, min_thinking=10), stream)
    assert bytes(run.course.thought) == b"aWait" + b" b" * (WAIT_SPACING + 3)
    assert run.course.stop_reason == "natural"
    assert run.course.injected_tokens == 1 + (close == [EOG])
    assert run.text == bytes(run.course.thought) + b"</think>done."


def test_waiting_makes_progress() -> None:
    """A model that wants to close at once each time waits no oftener than every WAIT_SPACING tokens."""
    course = drive(rules(200, min_thinking=100), [2] * 400 + [ID[b"a"]] * 10).course
    assert course.injected_tokens <= rules(200, min_thinking=100).most_injected


def test_a_deadline_closes_the_thought_and_goes_on_to_the_solution() -> None:
    course = drive(rules(50, min_thinking=40), [ID[b"a"]] * 5 + [ID[b"done."], EOG], late=3).course
    assert (course.stop_reason, course.finish_reason) == ("deadline", "stop")
    assert bytes(course.thought) == b"aaaa"


@pytest.mark.parametrize(("least", "reason"), [(40, "deadline"), (3, "natural")])
def test_a_close_at_the_deadline_is_the_models_own_only_behind_the_minimum(least: int, reason: str) -> None:
    course = drive(rules(50, min_thinking=least), [ID[b"a"]] * 3 + [2, ID[b"done."], EOG], late=3).course
    assert (course.stop_reason, course.finish_reason) == (reason, "stop")
    assert bytes(course.thought) == b"aaa"


def test_message_style_injects_its_sentence_before_the_marker() -> None:
    run = drive(rules(2, style="message", message=(ID[b"done."],), message_text="done."), [ID[b"a"]] * 3 + [EOG])
    assert run.text == b"aadone.</think>a"
    assert bytes(run.course.thought) == b"aadone."
    assert run.course.injections == [(2, 7)]
    assert (run.course.thinking_tokens, run.course.injected_tokens) == (2, 2)


def test_soft_style_raises_the_marker_step_by_step_at_the_end() -> None:
    course = ThoughtState(rules(30, style="soft"))
    course.begin()
    boosts = []
    while course.phase is Phase.THINKING:
        boosts.append(course.boost)
        course.advance(ID[b"a"], b"a")
    assert boosts[:27] == [0.0] * 27
    assert 0 < boosts[27] < boosts[28] < boosts[29]
    assert course.stop_reason == "budget"


def test_the_loop_guard_cuts_a_repeating_thought() -> None:
    stream = [ID[b"a"], ID[b" b"], ID[b"\n"]] * 100
    course = drive(rules(300, loop_guard=True), stream).course
    assert (course.stop_reason, course.thinking_tokens) == ("loop", 120)
    assert drive(rules(200, loop_guard=False), stream).course.stop_reason == "budget"


def test_the_loop_guard_respects_the_minimum() -> None:
    stream = [ID[b"a"], ID[b" b"], ID[b"\n"]] * 100
    course = drive(rules(300, loop_guard=True, min_thinking=150), stream).course
    assert course.stop_reason == "loop"
    assert course.thinking_tokens == 270


def test_an_interrupt_ends_everything() -> None:
    course = ThoughtState(rules(50))
    course.begin()
    course.advance(ID[b"a"], b"a")
    course.abandon("interrupted")
    assert (course.phase, course.stop_reason, course.finish_reason) == (Phase.DONE, "interrupted", "interrupted")
