"""`thinkcap report` on a real run of the built-in model."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from thinkcap import cli

FIELDS = {"accuracy", "pass_at", "maj_at", "thinking_tokens", "solution_tokens", "total_tokens", "share_cut"}


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    folder = tmp_path_factory.mktemp("report")
    lines = [{"problem": f"What is {n} + 3?", "answer": n + 3, "parity": n % 2} for n in range(2, 6)]
    lines.append({"problem": "What is " + "1 + " * 300 + "1?", "answer": 301, "parity": 1})
    (folder / "sums.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    paths = []
    for budget in ("4", "40"):
        paths.append(str(folder / f"{budget}.jsonl"))
        args = ["--budget", budget, "--solution-budget", "24", "--samples", "4", "--threads", "1", "--context", "256"]
        assert cli.run(["batch", str(folder / "sums.jsonl"), "-o", paths[-1], "--model", "abacus", *args]) == 0
    return paths


def test_a_row_for_each_budget_within_80_columns(results: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["report", *results]) == 0
    rows = capsys.readouterr().out.splitlines()
    assert rows[0] == "abacus q8_0"
    assert re.search(r"budget +results +Avg@4 +95 %", rows[1])
    assert [row.split()[:2] for row in rows[3:5]] == [["4", "20"], ["40", "20"]]
    assert rows[5].startswith("5 problems × 4 samples")
    assert "8 could not be run" in rows[6]
    assert max(map(len, rows)) <= 80


def test_json_has_every_figure(results: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["report", *results, "--json", "--regrade"]) == 0
    figures = json.loads(capsys.readouterr().out)
    assert figures["changed"] == 0
    assert [each["thinking"] for each in figures["groups"]] == [4, 40]
    for each in figures["groups"]:
        assert set(each) >= FIELDS
        assert each["pass_at"]["1"]["value"] == pytest.approx(each["accuracy"]["value"])
        assert each["pass_at"]["4"]["value"] >= each["pass_at"]["1"]["value"]
        assert each["problems"] == 5
        assert each["errors"] == 4


def test_by_a_field_of_the_problems(results: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["report", results[0], "--by", "parity"]) == 0
    rows = capsys.readouterr().out.splitlines()
    assert [row.split()[:2] for row in rows[3:5]] == [["4", "0"], ["4", "1"]]
    assert rows[5].startswith("2 to 3 problems")
    assert cli.run(["report", results[0], "--by", "colour"]) == 2
    assert "--by takes" in capsys.readouterr().err


def test_failures_are_shown_with_their_thoughts(results: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["report", results[0], "--failures"]) == 0
    said = capsys.readouterr().out
    assert "5, sample 0: not run ──" in said
    assert "context holds 256" in said or "does not fit the context" in said
    wrong = [json.loads(line) for line in Path(results[0]).read_text().splitlines()]
    wrong = [entry for entry in wrong if entry["correct"] is False]
    assert all(entry["thinking"].strip() in said for entry in wrong)
    assert said.endswith(f"{len(wrong) + 4} results went wrong.\n")


def test_model_text_cannot_steer_the_terminal(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    evil = "\x1b]0;owned\x07\x1b[2J"
    budget = {"thinking": 1, "solution": 1}
    texts = dict.fromkeys(("id", "problem", "model", "thinking", "solution", "answer", "stop_reason"), evil)
    counts = {"sample": 0, "thinking_tokens": 1, "solution_tokens": 1}
    entry = {**texts, **counts, "finish_reason": evil, "expected": evil, "correct": False, "budget": budget}
    (tmp_path / "r.jsonl").write_text(json.dumps(entry))
    for args in ([], ["--failures"], ["--by", "stop_reason"], ["--json"]):
        assert cli.run(["report", str(tmp_path / "r.jsonl"), *args]) == 0
        assert not re.search("[\x1b\x07]", capsys.readouterr().out)


def test_a_file_that_is_none_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["report", str(tmp_path / "none.jsonl")]) == 1
    assert "There is no file" in capsys.readouterr().err
