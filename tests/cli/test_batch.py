"""`thinkcap batch` with the built-in model: every result once, graded, whatever stops the run."""

from __future__ import annotations

import io
import json
import random
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.runs.lines import read_lines
from thinkcap import cli
from thinkcap.catalog.locate import locate
from thinkcap.runs.result_file import ResultFile

# One thread is enough for a model this small, and does not wait for other programs' threads.
ABACUS = ("--model", "abacus", "--quant", "f16", "--threads", "1", "--solution-budget", "24")
SUMS = [(a, b) for a in range(2, 6) for b in range(3, 6)]

Run = Callable[..., int]


@pytest.fixture
def sums(tmp_path: Path) -> Path:
    lines = [{"id": f"s{a}{b}", "problem": f"What is {a} + {b}?", "answer": a + b, "kind": f"+{b}"} for a, b in SUMS]
    path = tmp_path / "sums.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


@pytest.fixture
def output(tmp_path: Path) -> Path:
    return tmp_path / "results.jsonl"


@pytest.fixture
def batch(sums: Path, output: Path) -> Run:
    def run(*args: str, budget: str = "24", file: str | None = None) -> int:
        return cli.run(["batch", file or str(sums), "-o", str(output), *ABACUS, "--budget", budget, *args])

    return run


def command(sums: Path, output: Path, *args: str) -> list[str]:
    """The same as a process of its own."""
    return [sys.executable, "-m", "thinkcap", "batch", str(sums), "-o", str(output), *ABACUS, "--budget", "24", *args]


def texts(path: Path) -> dict[tuple[str, int], tuple[str, str, bool]]:
    """What each record holds, and that it holds it once."""
    records = read_lines(path)
    found = {
        (entry["id"], entry["sample"]): (entry["thinking"], entry["solution"], entry["correct"]) for entry in records
    }
    assert len(found) == len(records)
    return found


def test_every_sample_of_every_problem_becomes_a_graded_record(batch: Run, output: Path) -> None:
    assert batch("--samples", "2") == 0
    records = read_lines(output)
    assert {(r["id"], r["sample"]) for r in records} == {(f"s{a}{b}", k) for a, b in SUMS for k in (0, 1)}
    for entry in records:
        assert entry["thinking_tokens"] <= 24
        assert entry["expected"] == str(int(entry["id"][1]) + int(entry["id"][2]))
        assert entry["correct"] is (entry["verdict"] == "equal")
        assert entry["extra"] == {"kind": f"+{entry['id'][2]}"}
        assert entry["run"]["budget"] == entry["budget"]
        assert entry["run"]["model_sha256"] == entry["model_sha256"]


def test_results_do_not_depend_on_their_neighbours(batch: Run, output: Path) -> None:
    assert batch("--parallel", "1", "--temperature", "0") == 0
    alone = texts(output)
    assert batch("--parallel", "7", "--temperature", "0", "--shuffle", "--restart") == 0
    assert texts(output) == alone


def test_running_again_does_only_what_is_missing(batch: Run, output: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert batch("--limit", "3") == 0
    first = output.read_bytes()
    assert batch("--limit", "5", "--samples", "2") == 0
    assert output.read_bytes().startswith(first)
    assert set(texts(output)) == {(f"s{a}{b}", k) for a, b in SUMS[:5] for k in (0, 1)}
    assert "3 of 10 results are there already" in capsys.readouterr().err
    held = output.read_bytes()
    assert batch("--limit", "5", "--samples", "2") == 0
    assert output.read_bytes() == held
    assert "holds all 10 results already" in capsys.readouterr().err


def test_other_settings_are_refused_and_restart_starts_over(
    batch: Run, output: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert batch("--limit", "2") == 0
    held = output.read_bytes()
    for changed, said in {
        ("--seed", "1"): "seed 0, and this run has seed 1",
        ("--quant", "q8_0"): "quant f16, and this run has quant q8_0",
        ("--temperature", "0.5"): "and this run has temperature 0.5",
        ("--solution-budget", "25"): "and this run has budget.solution 25",
    }.items():
        assert batch("--limit", "2", *changed) == 2
        assert said in capsys.readouterr().err
    assert output.read_bytes() == held
    assert batch("--limit", "2", "--seed", "1", "--restart") == 0
    assert [entry["seed"] for entry in read_lines(output)] == [1, 1]


def test_a_problem_that_cannot_be_run_becomes_a_record_and_the_rest_goes_on(
    batch: Run, output: Path, tmp_path: Path
) -> None:
    (tmp_path / "p.txt").write_text("What is 1 + 1?\nWhat is " + "1 + " * 200 + "1?\nWhat is 2 + 2?\n")
    assert batch("--context", "128", file=str(tmp_path / "p.txt")) == 0
    by_id = {entry["id"]: entry for entry in read_lines(output)}
    assert set(by_id) == {"1", "2", "3"}
    assert "does not fit the context" in by_id["2"]["error"] or "context holds 128" in by_id["2"]["error"]
    assert "error" not in by_id["1"]
    assert by_id["1"]["expected"] is by_id["1"]["correct"] is None
    held = output.read_bytes()
    assert batch("--context", "128", file=str(tmp_path / "p.txt")) == 0
    assert output.read_bytes() == held


def test_where_nothing_can_be_run_it_says_why(batch: Run, output: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert batch("--context", "32", "--limit", "2") == 1
    said = capsys.readouterr()
    assert "None of the problems could be run: " in said.err
    assert "context" in said.err
    assert said.out == ""
    assert len(list(read_lines(output))) == 2


def test_problems_come_through_standard_input(batch: Run, output: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"problem,answer\nWhat is 3 + 4?,7\n")))
    assert batch(file="-") == 0
    (entry,) = read_lines(output)
    assert (entry["problem"], entry["expected"]) == ("What is 3 + 4?", "7")


def test_a_bad_file_is_refused_before_a_model_is_looked_for(
    batch: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "p.jsonl").write_text('{"problem": "a"}\n{"problem": \n')
    assert batch("--model", "no-such-model", file=str(tmp_path / "p.jsonl")) == 1
    assert capsys.readouterr().err.endswith("p.jsonl, line 2: the JSON breaks off: mend or remove that line.\n")


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["--parallel", "0"], "1 or more"),
        (["--limit", "none"], "whole number"),
        (["--ids", "nine"], "no problem with the id 'nine'"),
    ],
)
def test_usage_errors_exit_with_2(batch: Run, capsys: pytest.CaptureFixture[str], args: list[str], said: str) -> None:
    assert batch(*args) == 2
    assert said in capsys.readouterr().err


def test_without_an_output_it_says_so(sums: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["batch", str(sums), *ABACUS]) == 2
    assert "-o results.jsonl" in capsys.readouterr().err


def test_a_dry_run_leads_with_what_is_likely(
    batch: Run, output: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def dry(*args: str, **how: str) -> dict[str, Any]:
        assert batch("--dry-run", "--json", *args, **how) == 0
        found: dict[str, Any] = json.loads(capsys.readouterr().out.splitlines()[-1])
        return found

    assert batch("--samples", "4", "--dry-run") == 0
    said = capsys.readouterr().out
    assert "12 × 4 samples = 48 results" in said
    assert re.search(rf"^sampled   about {48 * 48:,} tokens: .*\n +at most {48 * 48:,} tokens: ", said, re.MULTILINE)
    assert re.search(r"^time      about .*\n +at most about ", said, re.MULTILINE)
    assert max(map(len, said.splitlines())) <= 80
    assert "KV cache" in said
    assert not output.exists()
    usual = dry(budget="none")
    assert usual["usual_thinking_tokens"] == 12 * 115  # of models.toml
    assert usual["thinking_tokens"] > 12 * 8000
    shutil.copy(locate("abacus", "f16").path, tmp_path / "own.gguf")
    unknown = dry("--model", str(tmp_path / "own.gguf"), budget="none")
    assert unknown["usual_thinking_tokens"] is unknown["usual_seconds"] is None
    assert dry("--model", str(tmp_path / "own.gguf"))["usual_thinking_tokens"] == 12 * 24


def test_a_dry_run_learns_from_the_results_that_are_there(
    batch: Run, output: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert batch("--limit", "2", budget="200") == 0
    held = list(read_lines(output))
    capsys.readouterr()
    assert batch("--samples", "4", "--dry-run", "--json", budget="200") == 0
    figures = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert figures["results"] == 46
    assert figures["thinking_tokens"] == 46 * 200
    assert figures["usual_thinking_tokens"] == 23 * sum(line["thinking_tokens"] for line in held)
    assert figures["usual_solution_tokens"] == 23 * sum(line["solution_tokens"] for line in held)
    seconds = [sum(line["seconds"][phase] for phase in ("prompt", "thinking", "solution")) for line in held]
    assert figures["usual_seconds"] == pytest.approx(23 * sum(seconds) / figures["parallel"])
    assert figures["kv_bytes"] > 0
    assert figures["usual_seconds"] > 0


def wait_for_records(path: Path, count: int, run: subprocess.Popen[str]) -> None:
    while run.poll() is None and not (path.exists() and path.read_bytes().count(b"\n") >= count):
        time.sleep(0.005)


def test_a_killed_run_goes_on_where_it_was(sums: Path, output: Path, tmp_path: Path) -> None:
    args = ("--samples", "3", "--temperature", "0", "--parallel", "4")
    subprocess.run(command(sums, tmp_path / "undisturbed.jsonl", *args), check=True, capture_output=True)
    chance = random.Random(4)
    for kill in range(2):
        run = subprocess.Popen(command(sums, output, *args), stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        wait_for_records(output, 6 * kill + chance.randrange(1, 6), run)
        run.kill()
        run.communicate()
    subprocess.run(command(sums, output, *args), check=True, capture_output=True)
    assert texts(output) == texts(tmp_path / "undisturbed.jsonl")


def test_ctrl_c_writes_what_is_done_and_says_how_to_go_on(sums: Path, output: Path) -> None:
    slow = ("--samples", "40", "--parallel", "2")
    run = subprocess.Popen(command(sums, output, *slow), stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    wait_for_records(output, 3, run)
    run.send_signal(signal.SIGINT)
    _, said = run.communicate(timeout=30)
    assert run.returncode == 130
    with ResultFile(output) as results:
        assert 3 <= len(results.done) < 480
        assert not results.repaired
        assert f"Interrupted with {len(results.done)} results" in said
    assert "run the same command again to go on" in said
    assert all("interrupted" not in (r["stop_reason"], r["finish_reason"]) for r in read_lines(output))


def test_each_result_names_the_file_of_its_problem(batch: Run, output: Path) -> None:
    assert batch("--limit", "1") == 0
    assert [line["run"]["data"] for line in read_lines(output)] == ["sums.jsonl"]
