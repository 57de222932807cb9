"""`thinkcap sweep` with the built-in model: a result for every budget, what separate runs give, whatever stops it."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.runs.lines import key_of, read_lines
from thinkcap import cli
from thinkcap.cli.sweep import is_file
from thinkcap.errors import UsageError
from thinkcap.runs.result import Key
from thinkcap.text import parse_budgets

# One thread is enough for a model this small, and does not wait for other programs' threads.
ABACUS = ("--model", "abacus", "--quant", "f16", "--threads", "1", "--solution-budget", "24")
PROBLEM = "What is 384 + 297 + 581?"
BUDGETS: tuple[int | None, ...] = (0, 4, 12, 200)
SUMS = [(a, b) for a in (2, 3, 4, 58) for b in (3, 4, 67)]

Run = Callable[..., int]


@pytest.fixture
def sums(tmp_path: Path) -> Path:
    lines = [{"id": f"{a}+{b}", "problem": f"What is {a} + {b}?", "answer": a + b} for a, b in SUMS]
    path = tmp_path / "sums.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


@pytest.fixture
def output(tmp_path: Path) -> Path:
    return tmp_path / "results.jsonl"


def command(sums: Path, output: Path, *args: str) -> list[str]:
    return ["sweep", str(sums), "-o", str(output), "--budgets", "0,4,12,200", *ABACUS, *args]


@pytest.fixture
def sweep(sums: Path, output: Path) -> Run:
    return lambda *args: cli.run(command(sums, output, *args))


def texts(path: Path) -> dict[Key, tuple[Any, ...]]:
    """What each record holds, and that it holds it once."""
    names = ("thinking", "solution", "correct", "stop_reason", "thinking_tokens", "injected_tokens", "solution_tokens")
    records = read_lines(path)
    found = {key_of(record): tuple(record[name] for name in names) for record in records}
    assert len(found) == len(records) == path.read_bytes().count(b"\n")
    return found


def test_every_budget_of_every_sample_is_what_a_batch_gives(sweep: Run, sums: Path, output: Path) -> None:
    assert sweep("--samples", "2") == 0
    swept = texts(output)
    assert set(swept) == {Key(f"{a}+{b}", sample, n) for a, b in SUMS for sample in (0, 1) for n in BUDGETS}
    for budget in BUDGETS:
        alone = output.with_name(f"{budget}.jsonl")
        asked = ("--budget", str(budget), "--samples", "2", "--parallel", "1")
        assert cli.run(["batch", str(sums), "-o", str(alone), *ABACUS, *asked]) == 0
        assert {key: swept[key] for key in texts(alone)} == texts(alone)
    records = read_lines(output)
    assert {record["budget"]["thinking"] for record in records if record["shared"]} <= {12, 200, 4}
    for record in records:
        assert record["run"]["budgets"] == list(BUDGETS)
        assert record["thinking_tokens"] <= record["budget"]["thinking"]
        assert record["correct"] is (record["verdict"] == "equal")


def test_a_killed_sweep_goes_on_where_it_was(sums: Path, output: Path) -> None:
    args = ("--samples", "3", "--parallel", "2")
    undisturbed = output.with_name("undisturbed.jsonl")
    assert cli.run(command(sums, undisturbed, *args)) == 0
    chance = random.Random(5)
    total = 3 * len(SUMS) * len(BUDGETS)
    for kill in range(2):
        line = [sys.executable, "-m", "thinkcap", *command(sums, output, *args)]
        run = subprocess.Popen(line, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        wanted = total * (kill + 1) // 4 + chance.randrange(1, 9)
        while run.poll() is None and not (output.exists() and output.read_bytes().count(b"\n") >= wanted):
            time.sleep(0.002)
        run.kill()
        run.wait()
    data = output.read_bytes()
    output.write_bytes(data[: len(data) - 100])  # and one line torn
    assert cli.run(command(sums, output, *args)) == 0
    assert texts(output) == texts(undisturbed)


def test_a_family_with_one_result_missing_gets_that_one(sweep: Run, output: Path) -> None:
    assert sweep("--limit", "2") == 0
    lines = output.read_bytes().splitlines(keepends=True)
    whole = texts(output)
    output.write_bytes(b"".join(lines[:3] + lines[4:]))
    assert sweep("--limit", "2") == 0
    assert output.read_bytes().startswith(b"".join(lines[:3] + lines[4:]))
    assert texts(output) == whole


def test_budgets_that_are_there_are_not_run_again(sweep: Run, output: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert sweep("--limit", "1") == 0
    held = output.read_bytes()
    assert sweep("--limit", "1") == 0
    assert "holds all 4 results already" in capsys.readouterr().err
    assert sweep("--limit", "1", "--budgets", "0,4,200") == 0
    assert "holds all 3 results already" in capsys.readouterr().err
    file = output.with_name("sums.jsonl")
    assert cli.run(["batch", str(file), "-o", str(output), *ABACUS, "--budget", "200", "--limit", "1"]) == 0
    assert output.read_bytes() == held


def test_more_budgets_are_added_to_a_file(sweep: Run, output: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Smaller, larger and in between: the file comes to hold what one sweep over all of them gives."""
    assert sweep("--samples", "2", "--temperature", "0.6", "--budgets", "4,12") == 0
    first = output.read_bytes()
    assert sweep("--samples", "2", "--temperature", "0.6", "--budgets", "0,8,12,30,none") == 0
    said = capsys.readouterr().err
    assert "24 of 120 results are there already" in said
    assert "thoughts that go on from where they were cut: " in said
    assert output.read_bytes().startswith(first)
    at_once = output.with_name("once.jsonl")
    line = ["sweep", str(output.with_name("sums.jsonl")), "-o", str(at_once), *ABACUS]
    assert cli.run([*line, "--samples", "2", "--temperature", "0.6", "--budgets", "0,4,8,12,30,none"]) == 0
    assert texts(output) == texts(at_once)


def test_what_does_not_fit_at_the_largest_budget_is_answered_at_the_smaller_ones(sweep: Run, output: Path) -> None:
    assert sweep("--limit", "2", "--context", "168", "--budgets", "0,8,60,1000,2000") == 0
    records = {key_of(record): record for record in read_lines(output)}
    assert len(records) == 10
    for key, record in records.items():
        assert ("error" in record) is (key.thinking in (1000, 2000))
        if "error" in record:
            assert "does not fit the context" in record["error"]


def test_a_dry_run_counts_a_thought_once(sweep: Run, output: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert sweep("--samples", "3", "--dry-run", "--json") == 0
    figures = json.loads(capsys.readouterr().out)
    assert (figures["results"], figures["thinking_tokens"]) == (12 * 3 * 4, 12 * 3 * 200)
    assert figures["solution_tokens"] == 12 * 3 * 4 * 24
    assert sweep("--dry-run") == 0
    assert "12 × 1 sample × 4 answers = 48 results" in capsys.readouterr().out
    assert not output.exists()


def test_a_problem_alone_is_shown_as_a_table(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["sweep", PROBLEM, "--budgets", "0,16,none", *ABACUS, "--expect", "-5"]) == 0
    said = capsys.readouterr()
    rows = [line.split() for line in said.out.splitlines() if line.strip()[:1].isdigit() or "unlimited" in line[:10]]
    assert [row[0] for row in rows[:3]] == ["0", "16", "unlimited"]
    assert [row[1] for row in rows[:2]] == ["0", "16"]
    assert all("no" in row for row in rows[:3])
    assert "separate runs for each budget would take" in said.out
    assert said.err == ""


def test_a_problem_alone_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    args = ("--budgets", "0,16,none", "--samples", "2", "--temperature", "1")
    assert cli.run(["sweep", PROBLEM, *args, *ABACUS, "--json"]) == 0
    swept = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(o["sample"], o["budget"]["thinking"]) for o in swept] == [(s, b) for s in (0, 1) for b in (0, 16, None)]
    assert cli.run(["solve", PROBLEM, "--budget", "16", "--temperature", "1", *ABACUS, "--json"]) == 0
    alone = json.loads(capsys.readouterr().out)
    assert {**alone, "seconds": 0, "shared": False} == {**swept[1], "seconds": 0, "shared": False}


def test_models_told_their_budget_are_said_to_need_a_thought_each(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["sweep", PROBLEM, "--budgets", "4,8", "--prompt-mode", "max", *ABACUS, "--json"]) == 0
    said = capsys.readouterr()
    assert said.err == "thinkcap: abacus reads its budget in the prompt, so each of the 2 budgets takes a thought.\n"
    told = [json.loads(line)["prompt_text"] for line in said.out.splitlines()]
    assert told[0] != told[1]


@pytest.mark.parametrize(
    ("text", "budgets"),
    [
        ("0,64,128", (0, 64, 128)),
        ("64..512", (64, 128, 256, 512)),
        ("64..4096", (64, 128, 256, 512, 1024, 2048, 4096)),
        ("100..500", (100, 200, 400, 500)),
        ("512..none", (512, 1024, 2048, 4096, None)),
        ("8k..none", (8192, None)),
        ("0, 1k..2k , none", (0, 1024, 2048, None)),
        ("none,5,5", (5, None)),
        ("7..7", (7,)),
        ("0..64", (0, 16, 32, 64)),
        ("0..10", (0, 10)),
        ("0..0", (0,)),
    ],
)
def test_budgets_can_be_written_in_several_ways(text: str, budgets: tuple[int | None, ...]) -> None:
    assert parse_budgets(text) == budgets


@pytest.mark.parametrize("text", ["", "64,", "a", "..none", "none..none", "64..8", "64...128", "-1"])
def test_budgets_that_make_no_sense_are_refused(text: str) -> None:
    with pytest.raises(UsageError):
        parse_budgets(text)


def test_a_name_of_a_file_is_no_problem(tmp_path: Path) -> None:
    (tmp_path / "odd").touch()
    for file in ("-", str(tmp_path / "odd"), "missing.jsonl", "missing.csv.gz", str(tmp_path)):
        assert is_file(file)
    for problem in (PROBLEM, "1+1", "Is 3/4 in data.json equal to 0.75?", "x" * 10_000, "a\0b"):
        assert not is_file(problem)


@pytest.mark.parametrize(
    ("args", "said"),
    [
        ([PROBLEM], "Missing option '--budgets'"),
        ([PROBLEM, "--budgets", "64..8"], "runs backwards"),
        ([PROBLEM, "--budgets", "4", "--budget", "4"], "No such option '--budget'"),
        ([PROBLEM, "--budgets", "4", "--time-limit", "3s"], "No such option '--time-limit'"),
        ([PROBLEM, "--budgets", "4", "--limit", "2"], "There is no file"),
        ([PROBLEM, "--budgets", "4", "--ray"], "-o results.jsonl"),
        (["missing.jsonl", "--budgets", "4"], "-o results.jsonl"),
        (["-", "--budgets", "4", "--expect", "3"], "--expect goes with a problem"),
    ],
)
def test_usage_errors_are_one_sentence(args: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["sweep", *args, *ABACUS]) == 2
    captured = capsys.readouterr()
    assert said in captured.err
    assert captured.err.count("\n") == 1
    assert captured.out == ""
