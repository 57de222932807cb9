"""Reports: results fall into the right groups, in a readable order, and regrading changes what was wrong."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.runs.results import line, result
from thinkcap.errors import ThinkcapError, UsageError
from thinkcap.grading import Grader
from thinkcap.runs.groups import group
from thinkcap.runs.report import Report, read_all, reason, regrade
from thinkcap.runs.result import Result


def answered(id: str = "1", sample: int = 0, thinking: int | None = 64, **fields: Any) -> Result:
    return result(id, sample, thinking, **{"stop_reason": "natural", "thinking_tokens": 10} | fields)


def written(path: Path, *lines: dict[str, Any]) -> Path:
    path.write_text("".join(json.dumps(entry) + "\n" for entry in lines))
    return path


def test_groups_are_by_model_then_budget_with_none_last() -> None:
    results = [answered(thinking=n, model=m) for m in ("b", "a") for n in (None, 512, 64)]
    found = [(each.settings["model"], each.settings["thinking"]) for each in group(results)]
    assert found == [("b", 64), ("b", 512), ("b", None), ("a", 64), ("a", 512), ("a", None)]


@pytest.mark.parametrize(
    "other",
    [{"quant": "q8_0"}, {"seed": 1}, {"model_sha256": "other"}, {"run": {"temperature": 0.9}}],
    ids=lambda other: next(iter(other)),
)
def test_other_settings_are_another_group(other: dict[str, Any]) -> None:
    mine = line(run={"temperature": 0.6}, model_sha256="this")
    assert len(group(map(Result.from_dict, [mine, mine | {"id": "2"}]))) == 1
    assert len(group(map(Result.from_dict, [mine, mine | {"id": "2"} | other]))) == 2


def test_a_field_of_the_problems_splits_groups() -> None:
    levels = {"1": 10, "2": 9, "3": 10}
    results = [answered(id, extra={"level": level}, correct=id != "3") for id, level in levels.items()]
    found = group(results, by="level")
    assert [(each.by, each.metrics.problems) for each in found] == [("9", 1), ("10", 2)]
    assert found[1].metrics.accuracy is not None
    assert found[1].metrics.accuracy.value == 0.5
    assert [each.by for each in group(results, by="stop_reason")] == ["natural"]
    with pytest.raises(UsageError, match=r"no field 'colour'.*\(level\)|No result has a field 'colour'.*\(level\)"):
        group(results, by="colour")


def test_files_are_joined_and_the_last_of_the_same_result_counts(tmp_path: Path) -> None:
    first = written(tmp_path / "a.jsonl", line("1", correct=False), line("2"))
    second = written(tmp_path / "b.jsonl", line("1"), line("1", thinking=128))
    results = read_all([first, second])
    assert len(results) == 3
    assert all(entry.correct for entry in results)


def test_files_without_results_or_figures_are_named(tmp_path: Path) -> None:
    with pytest.raises(ThinkcapError, match="holds no results yet"):
        read_all([written(tmp_path / "empty.jsonl")])
    with pytest.raises(ThinkcapError, match="the result of problem '1' has no thinking_tokens"):
        read_all([written(tmp_path / "half.jsonl", line(thinking_tokens=None))])


def test_failed_problems_count_as_wrong() -> None:
    failed = answered("2", correct=None, error="It does not fit.")
    (found,) = group([answered("1"), failed])
    assert found.metrics.errors == 1
    assert found.metrics.accuracy is not None
    assert found.metrics.accuracy.value == 0.5


def test_votes_are_by_equivalence() -> None:
    samples = [("\\frac{1}{2}", True), ("3", False), ("0.5", True)]
    results = [answered("1", n, answer=answer, correct=right) for n, (answer, right) in enumerate(samples)]
    with Grader() as grader:
        (found,) = group(results, grader=grader)
    assert found.metrics.maj_at[3].value == 1.0
    assert not group(results)[0].metrics.maj_at
    assert found.to_dict()["maj_at"][3]["value"] == 1.0


def test_regrading_reads_the_answer_again() -> None:
    results = [
        answered("right", correct=False, answer="3"),
        answered("same"),
        answered("wrong", solution="It is \\boxed{3}."),
        answered("ungraded", correct=None),
        answered("open", correct=None, expected=None),
    ]
    with Grader() as grader:
        graded, changed = regrade(results, grader)
    assert changed == 3
    assert [(each.id, each.answer, each.correct) for each in graded] == [
        ("right", "2", True),
        ("same", "2", True),
        ("wrong", "3", False),
        ("ungraded", "2", True),
        ("open", "2", None),
    ]


def test_failures_say_what_went_wrong() -> None:
    results = [
        answered("fine"),
        answered("open", correct=None),
        answered("wrong", correct=False),
        answered("cut", correct=False, stop_reason="budget"),
        answered("silent", correct=False, answer=None),
        answered("unfinished", correct=False, answer=None, finish_reason="length"),
        answered("slow", correct=False, verdict="timeout"),
        answered("long", correct=None, error="It does not fit."),
    ]
    assert {each.id: reason(each) for each in Report(results, []).failures} == {
        "wrong": "wrong",
        "cut": "wrong after its thought was cut",
        "silent": "no answer",
        "unfinished": "no answer, the solution was cut",
        "slow": "the comparison took too long",
        "long": "not run",
    }
