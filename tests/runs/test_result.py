"""Results: what is written is read back as it was, old lines are read, and a field of another type is refused."""

from __future__ import annotations

import json
from typing import Any

import pytest

import thinkcap
from thinkcap.engine.outcome import Outcome
from thinkcap.grading.grader import Verdict
from thinkcap.runs.problems import Problem
from thinkcap.runs.result import Key, Result

PROBLEM = Problem("a", "What is 384 + 297 + 581?", "1262", {"level": 2, "subject": "sums"})
SETTINGS = {"model": "abacus", "temperature": 0.0, "budget": {"thinking": 20}, "budgets": None, "depths": 0}
LINE: dict[str, Any] = {
    "id": "1",
    "problem": "What is 1 + 1?",
    "sample": 0,
    "budget": {"thinking": 64, "solution": 100},
    "thinking": "1 + 1 = 2",
    "solution": "It is \\boxed{2}.",
    "stop_reason": "natural",
    "finish_reason": "stop",
    "thinking_tokens": 10,
    "solution_tokens": 5,
}


def test_a_result_is_written_and_read_as_it_was(abacus_f16: thinkcap.Engine) -> None:
    outcome = abacus_f16.solve(abacus_f16.request(PROBLEM.text, 20, id="a"))
    assert isinstance(outcome, Outcome)
    result = Result.of(outcome, PROBLEM, SETTINGS).with_verdict(Verdict(True, "equal"))
    line = result.to_dict()
    assert list(line)[: len(outcome.to_dict())] == list(outcome.to_dict())
    assert list(line)[-3:] == ["extra", "verdict", "run"]
    assert line | outcome.to_dict() | {"expected": "1262", "correct": True} == line
    assert Result.from_dict(json.loads(json.dumps(line))).to_dict() == line
    assert Key.of(result) == Key("a", 0, 20)


def test_a_problem_that_could_not_be_run_has_an_error_for_texts_and_counts() -> None:
    line = {name: LINE[name] for name in ("id", "problem", "sample", "budget")} | {"error": "It does not fit."}
    result = Result.from_dict(line)
    assert (result.error, result.thinking, result.solution_tokens) == ("It does not fit.", "", 0)
    written = result.to_dict()
    assert not {"thinking", "solution", "thinking_tokens", "seconds", "verdict"} & set(written)
    assert Result.from_dict(written) == result


def test_lines_of_the_first_versions_are_read() -> None:
    result = Result.from_dict(LINE | {"a field of a newer version": [1]})
    assert (result.answer_index, result.shared, result.probe_tokens, result.settings) == (0, False, 0, {})
    assert (result.correct, result.verdict, result.error, result.prompt_mode) == (None, None, None, "none")


@pytest.mark.parametrize("name", sorted(LINE))
def test_a_missing_field_is_named(name: str) -> None:
    for line in (LINE | {name: None}, {key: value for key, value in LINE.items() if key != name}):
        with pytest.raises(ValueError, match=f"has no {name}"):
            Result.from_dict(line)


WRONG = {
    "id": 1, "sample": True, "thinking_tokens": 1.0, "solution_tokens": -1, "thinking": ["a"], "budget": [],
    "correct": "yes", "answer": 2, "expected": {}, "reply": "0", "shared": 1, "probe_tokens": 10**300, "seed": "0",
    "extra": [], "run": "settings", "error": True, "verdict": 7, "seconds": {"load": "1"}, "model": {}, "quant": 8,
}  # fmt: skip
WRONG_WITHIN = [
    ("budget", {"thinking": "64"}), ("budget", {"thinking": -1}), ("budget", {"style": []}),
    ("budget", {"solution": 0}),
    ("budget", {"thinking": 4, "min_thinking": 5}), ("budget", {"prompt_mode": 1}), ("budget", {"time_limit": "3s"}),
    ("seconds", {"solution": float("nan")}), ("extra", {"level": []}), ("extra", {"level": float("inf")}),
    ("run", {"temperature": []}), ("run", {"depths": "4"}), ("run", {"budget": {"thinking": []}}),
    ("run", {"budget": 3}),
]  # fmt: skip


@pytest.mark.parametrize(("name", "value"), [*WRONG.items(), *WRONG_WITHIN])
def test_a_field_of_another_type_is_refused(name: str, value: Any) -> None:
    with pytest.raises(ValueError, match=r"^has an? .+ that "):
        Result.from_dict(LINE | {name: value})
