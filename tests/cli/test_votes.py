"""Votes over batches: what `batch --vote`, `--vote-depths` and `report --votes` say."""

from __future__ import annotations

import json
import subprocess
import sys
import time
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


# Hot and without a cut, so that answers differ and thoughts end at different lengths.
HOT = ("--samples", "12", "--temperature", "1.6", "--top-p", "1", "--budget", "160")


def kept(path: Path) -> dict[tuple[str, int], tuple[str, str | None, bool]]:
    """What each record holds, each once, and whether the vote did without it."""
    records = read_lines(path)
    found = {(r["id"], r["sample"]): (r["thinking"], r["answer"], r.get("unneeded", False)) for r in records}
    assert len(found) == len(records)
    return found


def test_a_vote_ends_when_it_is_decided_and_says_what_it_did_not_need(
    sums: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output, whole = tmp_path / "until.jsonl", tmp_path / "whole.jsonl"
    assert cli.run(["batch", str(sums), "-o", str(output), *ABACUS, *HOT, "--vote-until", "0.95"]) == 0
    said = capsys.readouterr().out
    assert "maj@12 until 95 %" in said
    assert "that the votes did not need" in said
    assert cli.run(["batch", str(sums), "-o", str(whole), *ABACUS, *HOT]) == 0
    found, every = kept(output), kept(whole)
    assert found.keys() == every.keys()
    needed = {key: value for key, value in found.items() if not value[2]}
    assert 4 * 4 <= len(needed) < 4 * 12
    assert all(every[key] == value for key, value in needed.items())
    for problem in "1234":  # the needed ones come first, and without them the rest has no tokens
        flags = [found[problem, sample][2] for sample in range(12)]
        assert flags == sorted(flags)
    assert {r["thinking_tokens"] for r in read_lines(output) if r.get("unneeded")} == {0}
    (method,) = report(capsys, str(output))["methods"]
    assert method["tokens"] == pytest.approx(cost_of(read(output)).total / 4)
    (group,) = report(capsys, str(output))["groups"]
    assert (group["samples"], group["unneeded"]) == (len(needed), 48 - len(needed))
    # Nothing is left to do, and another rule is another run.
    assert cli.run(["batch", str(sums), "-o", str(output), *ABACUS, *HOT, "--vote-until", "0.95"]) == 0
    assert "holds all 48 results already" in capsys.readouterr().err
    assert cli.run(["batch", str(sums), "-o", str(output), *ABACUS, *HOT, "--vote-until", "0.9"]) == 2
    assert "vote_until 0.95, and this run has vote_until 0.9" in capsys.readouterr().err


def test_the_first_to_finish_vote_and_what_is_cancelled_is_counted(
    sums: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "first.jsonl"
    line = ["batch", str(sums), "-o", str(output), *ABACUS, *HOT, "--parallel", "8", "--vote-first", "3"]
    assert cli.run(line) == 0
    records = read_lines(output)
    assert len(kept(output)) == len(records) == 48
    for problem in "1234":
        own = [record for record in records if record["id"] == problem]
        assert sum(not record.get("unneeded") for record in own) == 3
    cancelled = [record for record in records if record.get("unneeded")]
    assert all(record["correct"] is None and "verdict" not in record for record in cancelled)
    assert any(record["thinking_tokens"] for record in cancelled)
    (method,) = report(capsys, str(output))["methods"]
    assert method["method"] == "maj@12, first 3"
    spent = sum(r["thinking_tokens"] + r["injected_tokens"] + r["solution_tokens"] for r in records)
    assert method["tokens"] == pytest.approx(spent / 4)


def test_a_killed_vote_goes_on_where_it_was(sums: Path, tmp_path: Path) -> None:
    output, undisturbed = tmp_path / "killed.jsonl", tmp_path / "undisturbed.jsonl"
    options = [*ABACUS, *HOT, "--vote-until", "0.95", "--vote-by", "confidence", "--parallel", "2"]
    command = [sys.executable, "-m", "thinkcap", "batch", str(sums), "-o", str(output), *options]
    for more in (3, 7):
        had = output.read_bytes().count(b"\n") if output.exists() else 0
        run = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        while run.poll() is None and not (output.exists() and output.read_bytes().count(b"\n") >= had + more):
            time.sleep(0.002)
        run.kill()
        run.wait()
    assert cli.run(["batch", str(sums), "-o", str(undisturbed), *options]) == 0
    assert len(output.read_bytes().splitlines()) < 48
    assert cli.run(["batch", str(sums), "-o", str(output), *options]) == 0
    assert kept(output) == kept(undisturbed)


def test_a_kill_between_a_decision_and_its_record_is_made_good(sums: Path, tmp_path: Path) -> None:
    output = tmp_path / "r.jsonl"
    line = ["batch", str(sums), "-o", str(output), *ABACUS, *HOT, "--vote-until", "0.95"]
    assert cli.run(line) == 0
    before = kept(output)
    lines = output.read_text().splitlines(keepends=True)
    output.write_text("".join(each for each in lines if not json.loads(each).get("unneeded")))
    assert cli.run(line) == 0
    assert kept(output) == before


def test_votes_are_weighed_when_they_are_reported(
    sums: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = str(tmp_path / "r.jsonl")
    line = ["batch", str(sums), "-o", output, *ABACUS, "--samples", "4", "--budget", "30", "--vote-by", "confidence"]
    assert cli.run(line) == 0
    assert "weighted@4" in capsys.readouterr().out
    assert [each["method"] for each in report(capsys, output, "--votes")["methods"]][-1] == "maj@4"
    weighted = report(capsys, output, "--vote-by", "confidence")["methods"]
    assert [each["method"] for each in weighted] == ["one thought", "weighted@2", "weighted@4"]


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["--vote-until", "0.95"], "A vote needs several answers"),
        (["--samples", "4", "--vote-until", "0.5"], "above 0.5 and at most 1"),
        (["--samples", "4", "--vote-first", "5"], "ask for more --samples"),
        (["--samples", "4", "--vote-first", "2", "--vote-until", "0.9"], "leave one of the two out"),
        (["--samples", "4", "--vote-until", "0.9", "--vote-depths", "2", "--budget", "8"], "leave --vote-depths out"),
    ],
)
def test_votes_that_make_no_sense_are_refused(
    sums: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], args: list[str], said: str
) -> None:
    assert cli.run(["batch", str(sums), "-o", str(tmp_path / "r.jsonl"), *ABACUS, *args]) == 2
    assert said in capsys.readouterr().err
