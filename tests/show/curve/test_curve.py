"""From records to the points, lines and axes of the budget curve."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.show.sweeps import BUDGETS, curves_of, record, sweep
from thinkcap.errors import UsageError
from thinkcap.grading import Grader
from thinkcap.runs.groups import group
from thinkcap.runs.intervals import wilson
from thinkcap.runs.methods import Method
from thinkcap.runs.result import Result
from thinkcap.show.curve.axis import Axis, round_ticks
from thinkcap.show.curve.chart import Chart, charts
from thinkcap.show.curve.curve import Curve, Point, caption, curves, method_curves
from thinkcap.show.curve.published import published_curves
from thinkcap.show.wording import budget_text


def by_kind(made: list[Curve]) -> dict[str, Chart]:
    return {chart.kind: chart for chart in charts(made)}


def test_a_point_for_each_budget_from_small_to_none() -> None:
    (curve,) = curves_of(sweep()[::-1])
    assert curve.name == "abacus"
    assert [point.label for point in curve.points] == ["0", "64", "128", "256", "unlimited"]
    assert [point.used for point in curve.points] == [21, 85, 149, 220, 220]
    assert [point.share_cut for point in curve.points] == [1, 1, 1, 0, 0]
    assert curve.points[0].accuracy is not None
    assert curve.points[0].accuracy.value == 0.1
    assert curve.points[0].accuracy.low < 0.1 < curve.points[0].accuracy.high
    assert len(curve.points[0].results) == 10


def test_curves_are_named_by_what_they_differ_in() -> None:
    styles = curves_of(sweep() + sweep(style="message"))
    assert [curve.name for curve in styles] == ["abacus · bare cut", "abacus · message cut"]
    models = curves_of(sweep() + sweep(model="l1", model_sha256="1" * 64))
    assert [curve.name for curve in models] == ["abacus", "l1"]
    files = curves_of(sweep() + sweep(model_sha256="1" * 64))
    assert [curve.name for curve in files] == ["abacus · file 00000000", "abacus · file 11111111"]


def test_names_from_a_file_cannot_steer_a_terminal_and_are_never_the_same() -> None:
    long = "x" * 100
    made = curves_of(sweep(model=f"\x1b[2J{long}") + sweep(model=f"{long}y"))
    assert "\x1b" not in made[0].name
    assert len({curve.name for curve in made}) == 2


def test_a_curve_told_its_budget_has_the_ends_that_cannot_be_told() -> None:
    told = sweep(budgets=(64, 128, 256), prompt_mode="max")
    ends = sweep(budgets=(0, None))
    (curve,) = curves_of(told + ends)
    assert curve.prompted
    assert [point.label for point in curve.points] == ["0", "64", "128", "256", "unlimited"]
    with_bare = curves_of(sweep() + told)
    assert [curve.name for curve in with_bare] == ["abacus · plain prompt", "abacus · max prompt"]
    assert [len(curve.points) for curve in with_bare] == [5, 5]


def test_lengths_count_the_response_where_it_is_asked_for_and_else_the_thought() -> None:
    (bare,) = curves_of(sweep())
    (told,) = curves_of(sweep(budgets=(64, 128), prompt_mode="exact"))
    assert [point.length for point in bare.points] == [0, 64, 128, 200, 200]
    assert [point.length for point in told.points] == [85, 149]
    length = by_kind([bare])["length"]
    assert [(mark.x, mark.y) for mark in length.lines[0].marks] == [(64, 64), (128, 128), (256, 200)]
    assert length.y.title == "mean thinking tokens"
    assert by_kind([told])["length"].y.title == "mean tokens of a response"


def test_votes_cost_what_their_samples_cost_together() -> None:
    records = [each for sample in range(4) for each in sweep(sample=sample)]
    with Grader() as grader:
        single, vote = curves(group(map(Result.from_dict, records), None, grader))
    assert vote.name == "abacus · maj@4"
    assert [point.used for point in vote.points] == [4 * point.used for point in single.points]
    assert vote.points[0].results is single.points[0].results
    assert [line.name for line in by_kind([single, vote])["cut"].lines] == ["abacus"]


def test_ways_to_vote_are_curves_over_the_number_of_thoughts() -> None:
    settings = {"model": "abacus", "quant": "q8_0", "thinking": 64}
    ways = [
        Method({**settings, "depths": depths, "answers": 1}, thoughts, depths, 1, wilson(thoughts, 8), 50.0 * thoughts)
        for depths in (0, 4)
        for thoughts in (4, 1, 2)
    ]
    whole, fractured = method_curves(ways)
    assert [whole.name, fractured.name] == ["abacus · whole thoughts · votes", "abacus · 4 depths · votes"]
    assert [(point.label, point.used) for point in whole.points] == [
        ("1 thought", 50),
        ("2 thoughts", 100),
        ("4 thoughts", 200),
    ]
    assert [chart.kind for chart in charts([whole, fractured])] == ["accuracy"]


def test_what_could_not_be_run_has_no_point() -> None:
    failed = {name: value for name, value in record("p", 64).items() if not name.endswith("tokens")}
    failed |= {"error": "too long", "answer": None, "correct": None}
    assert curves_of([failed]) == []
    assert charts([]) == []


def test_charts_that_have_nothing_to_show_are_left_out() -> None:
    assert [chart.kind for chart in charts(curves_of(sweep()))] == ["accuracy", "cut", "length"]
    assert [chart.kind for chart in charts(curves_of(sweep(budgets=[64])))] == ["accuracy"]
    ungraded = [record("p", budget, correct=None) for budget in BUDGETS]
    assert [chart.kind for chart in charts(curves_of(ungraded))] == ["cut", "length"]
    assert [chart.kind for chart in charts(curves_of([record("p", None, correct=None)]))] == []


def test_intervals_are_shown_in_one_way_whichever_way_the_points_go() -> None:
    (curve,) = curves_of(sweep())
    for each in (curve, Curve("back", curve.points[::-1])):
        assert len(by_kind([each])["accuracy"].lines[0].intervals()) == 5


def test_accuracy_is_always_on_an_axis_from_0_to_100() -> None:
    for correct in (True, False):
        records = [record(f"p{number}", budget, correct) for number in range(50) for budget in (64, None)]
        axis = by_kind(curves_of(records))["accuracy"].y
        assert [label for _, label in axis.ticks] == ["0 %", "20 %", "40 %", "60 %", "80 %", "100 %"]
        assert axis.low < 0
        assert axis.high > 1


def test_tokens_are_asked_only_if_a_prompt_asks_for_them() -> None:
    bare, told = curves_of(sweep()), curves_of(sweep(prompt_mode="max", budgets=(64, 128)))
    assert "asked" in by_kind(told)["length"].title
    for shown in (bare, bare + told):
        length = by_kind(shown)["length"]
        assert "asked" not in length.title + length.x.title + length.y.title


def test_a_line_under_another_is_known_as_such() -> None:
    same = curves_of(sweep() + sweep(style="message"))
    assert [line.under for line in by_kind(same)["accuracy"].lines] == [1, 0]
    other = curves_of(sweep() + [each | {"correct": False} for each in sweep(style="message")])
    assert [line.under for line in by_kind(other)["accuracy"].lines] == [0, 0]


def test_points_are_named_in_words() -> None:
    (line,) = by_kind(curves_of(sweep()))["accuracy"].lines
    assert [mark.label for mark in line.marks][1:] == ["budget 64", "budget 128", "budget 256", "budget unlimited"]


def test_a_caption_says_what_the_curves_have_in_common() -> None:
    run = {"temperature": 0.6, "top_p": 0.95, "top_k": 0, "data": "sums.jsonl"}
    assert caption(curves_of(sweep(run=run) + sweep(run=run, sample=1))) == (
        "abacus q8_0 · sums.jsonl · n = 10 problems × 2 samples · temperature 0.6, top-p 0.95 · bars are 95 % intervals"
    )
    assert "greedy" in caption(curves_of(sweep(run={"temperature": 0.0})))
    uneven = curves_of(sweep(problems=10) + sweep(problems=10, sample=1) + sweep(problems=4, style="message"))
    assert " · n = 4 to 10 problems × 1 to 2 samples · " in caption(uneven)
    part_way = curves_of(sweep(problems=4, budgets=(0, 16)) + sweep(problems=1, budgets=(64,)))
    assert " · n = 1 to 4 problems · " in caption(part_way)
    assert caption(published_curves("e1")) == "bars are 95 % intervals"


def test_the_published_points_are_the_papers() -> None:
    e1, deepscaler = published_curves("e1, DeepScaleR")
    assert [(point.used, point.accuracy.value) for point in e1.points if point.accuracy] == [
        (1340, 0.135),
        (1799, 0.175),
        (2650, 0.248),
        (3377, 0.279),
        (6825, 0.35),
    ]
    assert [(point.used, point.accuracy.value) for point in deepscaler.points if point.accuracy] == [
        (1488, 0.052),
        (1904, 0.096),
        (2809, 0.158),
        (3700, 0.227),
        (10050, 0.41),
    ]
    assert e1.published
    assert [chart.kind for chart in charts([e1, deepscaler])] == ["accuracy"]
    assert by_kind([e1])["accuracy"].lines[0].intervals() == []
    assert published_curves("") == []
    with pytest.raises(UsageError, match="'e2': --reference takes e1 and deepscaler"):
        published_curves("e1,e2")


@pytest.mark.parametrize(
    ("budget", "spelled"), [(None, "unlimited"), (0, "0"), (512, "512"), (1024, "1k"), (4096, "4k"), (1500, "1500")]
)
def test_budgets_are_spelled_as_the_command_line_takes_them(budget: int | None, spelled: str) -> None:
    assert budget_text(budget) == spelled


@given(st.floats(0, 1e6), st.floats(1e-6, 1e6), st.integers(3, 8))
def test_round_ticks_are_few_and_within(low: float, span: float, most: int) -> None:
    ticks = round_ticks(low, low + span, most)
    assert len(ticks) <= most + 1
    assert all(low - 1e-6 * span - 1e-9 <= tick <= low + span * (1 + 1e-6) + 1e-9 for tick in ticks)


budgets = st.lists(st.one_of(st.none(), st.integers(0, 100_000)), min_size=1, max_size=6, unique=True)


@given(budgets, st.floats(0.1, 1e5), st.floats(0.1, 1e5), st.booleans())
def test_every_mark_and_tick_lies_within_its_axes(
    asked: list[int | None], least: float, more: float, told: bool
) -> None:
    points = tuple(
        Point(budget_text(budget), budget, least + place * more, wilson(place, 6), place / 6, least + more)
        for place, budget in enumerate(asked)
    )
    for chart in charts([Curve("any", points, prompted=told)]):
        for axis in (chart.x, chart.y):
            assert_within(axis, [value for value, _ in axis.ticks])
        for mark in chart.lines[0].marks:
            assert_within(chart.x, [mark.x])
            assert_within(chart.y, [each for each in (mark.y, mark.low, mark.high) if each is not None])


def assert_within(axis: Axis, values: list[float]) -> None:
    assert all(-1e-6 <= axis.place(value) <= 1 + 1e-6 for value in values), (axis, values)
