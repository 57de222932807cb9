"""A result file that is run again under larger budgets: nothing is thought twice, nothing is lost."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.runs.lines import read_lines
from thinkcap import cli

ABACUS = ("--model", "abacus", "--quant", "f16", "--threads", "1", "--solution-budget", "24", "--temperature", "0.6")
PROBLEMS = [f"What is {a} + {b}{c}?" for a in (2, 58, 384) for b, c in ((3, ""), (67, ""), (419, " + 77"))]


@pytest.fixture
def problems(tmp_path: Path) -> Path:
    path = tmp_path / "problems.jsonl"
    path.write_text("".join(json.dumps({"id": str(n), "problem": text}) + "\n" for n, text in enumerate(PROBLEMS)))
    return path


def line(problems: Path, output: Path, budget: str) -> list[str]:
    return ["batch", str(problems), "-o", str(output), *ABACUS, "--samples", "3", "--budget", budget]


def texts(path: Path, budget: int | None) -> dict[tuple[str, int], tuple[str, str, str]]:
    """What the results under a budget are, and that each is there once."""
    lines = [record for record in read_lines(path) if record["budget"]["thinking"] == budget]
    found = {(each["id"], each["sample"]): (each["thinking"], each["solution"], each["stop_reason"]) for each in lines}
    assert len(found) == len(lines)
    return found


def test_a_batch_goes_on_under_a_larger_budget(
    problems: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output, at_once = tmp_path / "r.jsonl", tmp_path / "once.jsonl"
    assert cli.run(line(problems, output, "20")) == 0
    first = output.read_bytes()
    assert cli.run([*line(problems, output, "none"), "--dry-run", "--json"]) == 0
    estimate = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert cli.run(line(problems, output, "none")) == 0
    assert cli.run(line(problems, at_once, "none")) == 0
    assert output.read_bytes().startswith(first)
    assert texts(output, None) == texts(at_once, None)
    smaller = {(each["id"], each["sample"]): each for each in read_lines(output) if each["budget"]["thinking"] == 20}
    larger = [each for each in read_lines(output) if each["budget"]["thinking"] is None]
    for each in larger:
        before = smaller[each["id"], each["sample"]]
        assert each["shared"] is (before["stop_reason"] == "natural")
        assert each["resumed_tokens"] == (0 if each["shared"] else before["thinking_tokens"])
    assert estimate["continued"] == sum(not each["shared"] for each in larger) > 0
    assert estimate["done"] == sum(each["shared"] for each in larger) > 0


def test_a_killed_top_up_goes_on(problems: Path, tmp_path: Path) -> None:
    output, at_once = tmp_path / "r.jsonl", tmp_path / "once.jsonl"
    assert cli.run(line(problems, output, "20")) == 0
    held = output.read_bytes().count(b"\n")
    chance = random.Random(3)
    for kill in range(2):
        run = subprocess.Popen(
            [sys.executable, "-m", "thinkcap", *line(problems, output, "none"), "--parallel", "1"],
            stderr=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
        )
        wanted = held + 9 * kill + chance.randrange(1, 6)
        while run.poll() is None and output.read_bytes().count(b"\n") < wanted:
            time.sleep(0.002)
        run.kill()
        run.wait()
    assert cli.run(line(problems, output, "none")) == 0
    assert cli.run(line(problems, at_once, "none")) == 0
    assert texts(output, None) == texts(at_once, None)
    assert len(texts(output, 20)) == held
