"""Tables of what result files hold."""

from __future__ import annotations

import io
from typing import Any

from thinkcap.runs.groups import group
from thinkcap.runs.result import Result
from thinkcap.show.tables.failure_lines import MOST_SHOWN, failure_lines
from thinkcap.show.tables.group_table import print_report


def record(id: str, sample: int = 0, correct: bool = True, **more: Any) -> dict[str, Any]:
    budget = {"thinking": 64, "solution": 100, "min_thinking": 0, "style": "bare", "prompt_mode": "none"}
    texts = {"problem": "What is 1 + 1?", "thinking": "1 + 1 = 2", "solution": "It is \\boxed{2}.", "answer": "2"}
    counts = {"thinking_tokens": 10, "injected_tokens": 1, "solution_tokens": 5}
    reasons = {"stop_reason": "natural", "finish_reason": "stop"}
    run = {"id": id, "sample": sample, "model": "abacus", "quant": "f16", "seed": 0, "budget": budget}
    return {**run, **texts, **counts, **reasons, "expected": "2", "correct": correct, **more}


def printed(records: list[dict[str, Any]], by: str | None = None) -> list[str]:
    file = io.TextIOWrapper(io.BytesIO(), "utf-8")
    print_report(group(map(Result.from_dict, records), by), file, by)
    file.seek(0)
    return file.read().splitlines()


def test_an_unfinished_run_says_of_how_many_samples_each_figure_is() -> None:
    records = [record("1", sample) for sample in range(4)] + [record("2", sample, False) for sample in range(2)]
    heading = printed(records)[1].split()
    assert "Avg@4" in heading  # the most samples a problem has
    assert "pass@2" in heading  # needs as many of every problem


def test_tokens_of_thought_solution_and_all_are_there() -> None:
    rows = printed([record("1")])
    heading, figures = rows[1].split(), rows[3].split()
    assert [figures[heading.index(name) - len(heading)] for name in ("think", "solve", "total")] == ["10", "5", "16"]


def test_parts_of_a_run_keep_their_sizes_where_columns_have_to_go() -> None:
    records = [
        record(f"{part} {number}", sample, extra={"family": f"a family called {part}"})
        for part in ("one", "two")
        for number in range(50)
        for sample in range(2)
    ]
    rows = printed(records, "family")
    assert "results" in rows[1].split()
    assert max(map(len, rows)) <= 80


def test_a_problem_too_long_to_be_run_does_not_fill_screens() -> None:
    failed = record("1", problem="1 + " * 20_000, error="The problem is too long.")
    lines = list(failure_lines(Result.from_dict(failed), 79))
    assert "The problem is too long." in lines
    assert max(map(len, lines)) < MOST_SHOWN + 50
    assert any("80,000 characters" in line for line in lines)


def test_a_budget_of_0_is_not_an_unlimited_one() -> None:
    budget = record("1")["budget"]
    rows = printed([record("1", budget=budget | {"thinking": thinking}) for thinking in (0, None)])
    assert [row.split()[0] for row in rows[3:5]] == ["0", "unlimited"]
