"""The published schema holds for what commands print and files keep, and for nothing else."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from thinkcap import cli

ABACUS = ("--model", "abacus", "--quant", "f16", "--threads", "1", "--json")

Printed = Callable[..., list[dict[str, Any]]]


@pytest.fixture
def printed(capsys: pytest.CaptureFixture[str]) -> Printed:
    """The JSON lines that a command prints."""

    def run(*words: str) -> list[dict[str, Any]]:
        assert cli.run(words) == 0
        return [json.loads(line) for line in capsys.readouterr().out.splitlines()]

    return run


@pytest.fixture
def schema(capsys: pytest.CaptureFixture[str]) -> Draft202012Validator:
    assert cli.run(["schema"]) == 0
    found = json.loads(capsys.readouterr().out)
    Draft202012Validator.check_schema(found)
    return Draft202012Validator(found)


def test_solve_and_sweep_print_results(schema: Draft202012Validator, printed: Printed) -> None:
    results = printed("solve", "What is 2 + 3?", "--expect", "5", "--budget", "40", "--time-limit", "20s", *ABACUS)
    results += printed("sweep", "What is 2 + 3?", "--budgets", "0,2,none", *ABACUS)
    assert len(results) == 4
    for result in results:
        schema.validate(result)


def test_a_vote_prints_what_it_did_not_need(schema: Draft202012Validator, printed: Printed) -> None:
    vote = ("--samples", "6", "--vote-until", "0.95", "--temperature", "0.2", "--budget", "40")
    *results, _ = printed("solve", "What is 2 + 3?", *vote, *ABACUS)
    assert [result.get("unneeded", False) for result in results] == [False] * 4 + [True] * 2
    for result in results:
        schema.validate(result)


def test_a_result_file_holds_results_and_problems_that_could_not_be_run(
    schema: Draft202012Validator, printed: Printed, tmp_path: Path
) -> None:
    problems = tmp_path / "problems.jsonl"
    lines = [{"problem": "What is 2 + 3?", "answer": 5, "level": 1}, {"problem": "1 + " * 3000 + "1"}]
    problems.write_text("".join(json.dumps(line) + "\n" for line in lines))
    output = tmp_path / "results.jsonl"
    limits = ("--budget", "8", "--solution-budget", "24", "--context", "256")
    printed("batch", str(problems), "-o", str(output), *limits, *ABACUS)
    results = [json.loads(line) for line in output.read_text().splitlines()]
    assert sorted("error" in result for result in results) == [False, True]
    for result in results:
        schema.validate(result)


@pytest.mark.parametrize(
    "change",
    [
        {"thinking_tokens": -1},
        {"thinking_tokens": "3"},
        {"stop_reason": "tired"},
        {"budget": {}},
        {"correct": "yes"},
        {"run": {"temperature": "hot"}},
        {"extra": {"list": []}},
        {"unneeded": "yes"},
        {"mean_log_probability": 0.1},
    ],
)
def test_anything_else_is_refused(schema: Draft202012Validator, printed: Printed, change: dict[str, Any]) -> None:
    (result,) = printed("solve", "What is 2 + 3?", "--budget", "0", *ABACUS)
    assert schema.is_valid(result | {"a field of a newer version": 1})
    assert not schema.is_valid(result | change)


def test_every_field_is_needed(schema: Draft202012Validator, printed: Printed) -> None:
    (result,) = printed("solve", "What is 2 + 3?", "--budget", "0", *ABACUS)
    for name in result:
        assert not schema.is_valid({field: value for field, value in result.items() if field != name}), name
