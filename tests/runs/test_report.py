"""Reports: records fall into the right groups, in a readable order, and regrading changes what was wrong."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from thinkcap.errors import ThinkcapError, UsageError
from thinkcap.grading import Grader
from thinkcap.runs.report import failures, group, read_all, reason, regrade


def record(id: str = "1", sample: int = 0, thinking: int | None = 64, correct: bool | None = True, **more: Any) -> Any:
    budget = {"thinking": thinking, "solution": 100, "min_thinking": 0, "time_limit": None}
    return {
        "id": id,
        "problem": "What is 1 + 1?",
        "sample": sample,
        "model": "abacus",
        "quant": "f16",
        "seed": 0,
        "budget": {**budget, "style": "bare", "prompt_mode": "none"},
        "thinking": "1 + 1 = 2",
        "solution": "It is \\boxed{2}.",
        "answer": "2",
        "expected": "2",
        "correct": correct,
        "stop_reason": "natural",
        "finish_reason": "stop",
        "thinking_tokens": 10,
        "injected_tokens": 1,
        "solution_tokens": 5,
        **more,
    }


def written(path: Path, *records: Any) -> Path:
    path.write_text("".join(json.dumps(entry) + "\n" for entry in records))
    return path


def test_groups_are_by_model_then_budget_with_none_last() -> None:
    records = [record(thinking=n, model=m) for m in ("b", "a") for n in (None, 512, 64)]
    found = [(each.settings["model"], each.settings["thinking"]) for each in group(records)]
    assert found == [("b", 64), ("b", 512), ("b", None), ("a", 64), ("a", 512), ("a", None)]


@pytest.mark.parametrize(
    "other",
    [{"quant": "q8_0"}, {"seed": 1}, {"model_sha256": "other"}, {"run": {"temperature": 0.9}}],
    ids=lambda other: next(iter(other)),
)
def test_other_settings_are_another_group(other: dict[str, Any]) -> None:
    mine = record(run={"temperature": 0.6}, model_sha256="this")
    assert len(group([mine, mine | {"id": "2"}])) == 1
    assert len(group([mine, mine | {"id": "2"} | other])) == 2


def test_a_field_of_the_problems_splits_groups() -> None:
    levels = {"1": 10, "2": 9, "3": 10}
    records = [record(id, extra={"level": level}, correct=id != "3") for id, level in levels.items()]
    found = group(records, by="level")
    assert [(each.by, each.metrics.problems) for each in found] == [("9", 1), ("10", 2)]
    assert found[1].metrics.accuracy is not None
    assert found[1].metrics.accuracy.value == 0.5
    assert [each.by for each in group(records, by="stop_reason")] == ["natural"]
    with pytest.raises(UsageError, match=r"no field 'colour'.*\(level\)|No result has a field 'colour'.*\(level\)"):
        group(records, by="colour")


def test_files_are_joined_and_the_last_of_the_same_result_counts(tmp_path: Path) -> None:
    first = written(tmp_path / "a.jsonl", record("1", correct=False), record("2"))
    second = written(tmp_path / "b.jsonl", record("1"), record("1", thinking=128))
    records = read_all([first, second])
    assert len(records) == 3
    assert all(entry["correct"] for entry in records)


def test_files_without_results_or_figures_are_named(tmp_path: Path) -> None:
    with pytest.raises(ThinkcapError, match="holds no results yet"):
        read_all([written(tmp_path / "empty.jsonl")])
    with pytest.raises(ThinkcapError, match="the result of problem '1' has no thinking_tokens"):
        read_all([written(tmp_path / "half.jsonl", record(thinking_tokens=None))])


def test_failed_problems_count_as_wrong() -> None:
    failed = {**record("2", correct=None), "error": "It does not fit."}
    (found,) = group([record("1"), failed])
    assert found.metrics.errors == 1
    assert found.metrics.accuracy is not None
    assert found.metrics.accuracy.value == 0.5


def test_votes_are_by_equivalence() -> None:
    samples = [("\\frac{1}{2}", True), ("3", False), ("0.5", True)]
    records = [record("1", n, answer=answer, correct=right) for n, (answer, right) in enumerate(samples)]
    with Grader() as grader:
        (found,) = group(records, grader=grader)
    assert found.metrics.maj_at[3].value == 1.0
    assert not group(records)[0].metrics.maj_at
    assert found.to_dict()["maj_at"][3]["value"] == 1.0


def test_regrading_reads_the_answer_again() -> None:
    records = [
        record("right", correct=False, answer="3"),
        record("same"),
        record("wrong", solution="It is \\boxed{3}."),
        record("ungraded", correct=None),
        record("open", correct=None, expected=None),
    ]
    with Grader() as grader:
        assert regrade(records, grader) == 3
    assert [(r["id"], r["answer"], r["correct"]) for r in records] == [
        ("right", "2", True),
        ("same", "2", True),
        ("wrong", "3", False),
        ("ungraded", "2", True),
        ("open", "2", None),
    ]


def test_failures_say_what_went_wrong() -> None:
    records = [
        record("fine"),
        record("open", correct=None),
        record("wrong", correct=False),
        record("cut", correct=False, stop_reason="budget"),
        record("silent", correct=False, answer=None),
        record("unfinished", correct=False, answer=None, finish_reason="length"),
        record("slow", correct=False, verdict="timeout"),
        record("long", correct=None, error="It does not fit."),
    ]
    assert {entry["id"]: reason(entry) for entry in failures(records)} == {
        "wrong": "wrong",
        "cut": "wrong after its thought was cut",
        "silent": "no answer",
        "unfinished": "no answer, the solution was cut",
        "slow": "the comparison took too long",
        "long": "not run",
    }
