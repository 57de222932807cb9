"""Votes over batches: what `batch --vote`, `--vote-depths` and `report --votes` say."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.runs.lines import read_lines
from thinkcap import cli
from thinkcap.runs.cost import cost_of
from thinkcap.runs.result_file import read

ABACUS = ("--model", "abacus", "--quant", "f16", "--threads", "1", "--solution-budget", "24", "--temperature", "0.8")


@pytest.fixture
def sums(tmp_path: Path) -> Path:
    path = tmp_path / "sums.jsonl"
    lines = [{"problem": f"What is {a} + {b}?", "answer": a + b} for a in (3, 47) for b in (5, 68)]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


def report(capsys: pytest.CaptureFixture[str], *args: str) -> Any:
    capsys.readouterr()
    assert cli.run(["report", *args, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_a_batch_with_a_vote_compares_it_with_one_thought(
    sums: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = str(tmp_path / "r.jsonl")
    assert cli.run(["batch", str(sums), "-o", output, *ABACUS, "--samples", "4", "--budget", "30", "--vote"]) == 0
    said = capsys.readouterr().out
    assert all(name in said for name in ("one thought", "maj@2", "maj@4"))
    results = list(read(output))
    found = report(capsys, output, "--votes")["methods"]
    assert [method["method"] for method in found] == ["one thought", "maj@2", "maj@4"]
    assert found[-1]["tokens"] == pytest.approx(cost_of(read(output)).total / 4)
    assert found[0]["accuracy"]["value"] == pytest.approx(sum(bool(result.correct) for result in results) / 16)
    assert "methods" not in report(capsys, output)


def test_depths_are_recorded_once_each_and_vote_together(
    sums: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = str(tmp_path / "r.jsonl")
    line = ["batch", str(sums), "-o", output, *ABACUS, "--samples", "2", "--budget", "30", "--vote-depths", "3"]
    assert cli.run([*line, "--answers", "2"]) == 0
    records = read_lines(Path(output))
    keys = {(r["id"], r["sample"], r["budget"]["thinking"], r["reply"]) for r in records}
    assert keys == {(str(n), s, b, a) for n in range(1, 5) for s in (0, 1) for b in (10, 20, 30) for a in (0, 1)}
    assert len(records) == len(keys)
    found = report(capsys, output)["methods"]
    assert [method["method"] for method in found] == ["3 depths × 2 answers", "2 thoughts × 3 depths × 2 answers"]
    assert found[-1]["tokens"] == pytest.approx(cost_of(read(output)).total / 4)
    capsys.readouterr()
    assert cli.run([*line, "--answers", "3"]) == 2
    assert "answers 2, and this run has answers 3" in capsys.readouterr().err


def test_whether_answers_are_begun_is_a_setting_of_the_run(
    sums: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "r.jsonl"
    assert cli.run(["batch", str(sums), "-o", str(output), *ABACUS, "--limit", "2"]) == 0
    records = read_lines(output)
    for record in records:
        del record["run"]["force_answer"]  # as a file from before the option was
    output.write_text("".join(json.dumps(record) + "\n" for record in records))
    assert cli.run(["batch", str(sums), "-o", str(output), *ABACUS, "--limit", "3", "--no-force-answer"]) == 0
    assert cli.run(["batch", str(sums), "-o", str(output), *ABACUS, "--limit", "3"]) == 2
    assert "force_answer False, and this run has force_answer True" in capsys.readouterr().err
    assert len(report(capsys, str(output))["groups"]) == 1


def test_a_vote_over_one_answer_is_refused(sums: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["batch", str(sums), "-o", "r.jsonl", *ABACUS, "--vote"]) == 2
    assert "A vote needs several answers" in capsys.readouterr().err
