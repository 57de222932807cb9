"""`thinkcap solve` with the built-in model in a pseudo-terminal: what a person sees."""

from __future__ import annotations

import json
import os
import re
import shlex
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pexpect  # type: ignore[import-untyped]
import pytest

from tests.show.screen import Screen

Start = Callable[..., tuple[pexpect.spawn, Screen]]

PROBLEM = "What is 384 + 297 + 581?"
COMMAND = [sys.executable, "-m", "thinkcap", "solve", PROBLEM, "--model", "abacus", "--threads", "1"]
LONG = ["--budget", "3000", "--min-thinking", "2900"]  # seconds of thought, whatever the model wants


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Iterator[Start]:
    """Starts a command on a terminal; returns its process and the screen it writes on."""
    monkeypatch.delenv("NO_COLOR", raising=False)
    started: list[pexpect.spawn] = []

    def start(
        *args: str, columns: int = 80, term: str = "xterm-256color", command: list[str] | None = None, **env: str
    ) -> tuple[pexpect.spawn, Screen]:
        command = command or [*COMMAND, *args]
        process = pexpect.spawn(
            command[0],
            command[1:],
            dimensions=(24, columns),
            env={**os.environ, "TERM": term, **env},
            encoding="utf-8",
            timeout=30,
        )
        started.append(process)
        return process, Screen(columns)

    yield start
    for process in started:
        process.close(force=True)


def finish(process: pexpect.spawn, screen: Screen, seen: str = "") -> int | None:
    """Shows all the rest of the output; returns the exit code."""
    screen.feed(seen + process.read())
    process.close()
    status: int | None = process.exitstatus
    return status


@pytest.mark.parametrize("columns", [20, 80, 140])
def test_a_run_leaves_thought_solution_and_figures(terminal: Start, columns: int) -> None:
    process, screen = terminal("--budget", "40", columns=columns)
    assert finish(process, screen) == 0
    assert "cut at the budget" in screen.text
    assert re.search(r"thinking 40/40,\s+cut", screen.text)
    assert "━" not in screen.text
    assert all(len(row) < columns for row in screen.rows)
    assert "2" in screen.styles  # the thought is dim
    assert screen.cursor == (len(screen.text.splitlines()), 0)


def test_the_bar_is_there_while_it_thinks(terminal: Start) -> None:
    process, screen = terminal(*LONG)
    process.expect(r"thinking .*/3000 · .*tok/s")
    screen.feed(process.before + process.after)
    assert re.search(r"thinking [━─]+ +\d+/3000 · [\d.]+ tok/s", screen.text)
    process.kill(9)


@pytest.mark.parametrize(("samples", "code"), [("1", 0), ("3", 130)])
def test_ctrl_c_in_mid_thought_answers_now_and_leaves_a_clean_terminal(
    terminal: Start, samples: str, code: int
) -> None:
    process, screen = terminal(*LONG, "--samples", samples)
    process.expect(r"/3000 · ")
    seen = process.before + process.after
    process.sendintr()
    assert finish(process, screen, seen) == code
    rows = screen.text.splitlines()
    assert len(rows[0]) > 3
    assert "── interrupted ──" in rows
    assert re.search(r"The answer is \\boxed\{.*\}", screen.text)
    assert re.search(r"thinking \d+/3000, interrupted", screen.text)
    assert re.search(r"solution \d+, complete", screen.text)
    assert "sample 2 of 3" not in screen.text
    assert "━" not in screen.text
    assert "^C" not in screen.text
    assert "Traceback" not in screen.text
    assert screen.cursor == (len(rows), 0)


def test_ctrl_c_ends_a_thought_whose_solution_goes_into_a_file(terminal: Start, tmp_path: Path) -> None:
    file = tmp_path / "solution.txt"
    run = f"exec {shlex.join([*COMMAND, *LONG])} > {shlex.quote(str(file))}"
    process, screen = terminal(command=["/bin/sh", "-c", run])
    process.expect(r"/3000")
    process.sendintr()
    assert finish(process, screen) == 130
    assert file.read_text().strip() == ""


SWEEP = [
    sys.executable,
    "-m",
    "thinkcap",
    "sweep",
    "What is 4821 + 9377 + 6145?",
    "--model",
    "abacus",
    "--threads",
    "1",
]


def test_a_sweep_shows_where_the_thought_forks_and_what_each_fork_answers(terminal: Start) -> None:
    process, screen = terminal(command=[*SWEEP, "--budgets", "0,16,64,none", "--expect", "20343"])
    assert finish(process, screen) == 0
    streamed, _, table = screen.text.partition("\n\n")
    for mark in ("‹0›", "‹16›", "‹64›"):
        assert streamed.count(mark) == 2  # in the thought, and before its answer
        assert streamed.index(mark) < streamed.index(f"  {mark} answer ")
    assert streamed.splitlines()[-1] == "  ‹unlimited› answer 20343, correct"
    assert "━" not in streamed
    assert [row.split()[0] for row in table.splitlines()[2:-1]] == ["0", "16", "64", "unlimited"]
    answers = re.findall(r"^  ‹\w+› answer (\d+)", streamed, re.MULTILINE)
    assert [row.split()[-2] for row in table.splitlines()[2:-1]] == answers


def test_ctrl_c_in_a_sweep_answers_now(terminal: Start) -> None:
    long = "What is " + " + ".join(map(str, range(1111, 1411, 7))) + "?"
    command = [*SWEEP[:4], long, *SWEEP[5:], "--budgets", "16,4000", "--min-thinking", "16", "--no-loop-guard"]
    process, screen = terminal(command=command)
    process.expect("‹16›")
    seen = process.before + process.after
    process.sendintr()
    assert finish(process, screen, seen) == 130
    assert "── interrupted ──" in screen.rows
    assert re.search(r"The answer is \\boxed\{.*\}", screen.text)
    assert "Traceback" not in screen.text


def test_no_color_is_honoured(terminal: Start) -> None:
    process, screen = terminal("--budget", "40", NO_COLOR="1")
    assert finish(process, screen) == 0
    assert screen.styles == set()


def test_a_dumb_terminal_gets_plain_text(terminal: Start) -> None:
    process, screen = terminal("--budget", "40", term="dumb")
    output = process.read()
    assert "\x1b" not in output
    screen.feed(output)
    assert "── cut at the budget ──" in screen.rows
    assert "thinking 40/40" in screen.text


def test_json_on_a_terminal_is_all_that_stays(terminal: Start) -> None:
    process, screen = terminal("--budget", "40", "--json")
    assert finish(process, screen) == 0
    (line,) = screen.lines
    assert json.loads(line)["thinking_tokens"] == 40


def test_output_into_a_file_leaves_bar_and_figures_on_the_terminal(terminal: Start, tmp_path: Path) -> None:
    file = tmp_path / "solution.txt"
    run = f"{shlex.join([*COMMAND, '--budget', '300', '--min-thinking', '300'])} > {shlex.quote(str(file))}"
    process, screen = terminal(command=["/bin/sh", "-c", run])
    output = process.read()
    assert "/300" in output.partition("answer")[0]
    screen.feed(output)
    (figures,) = screen.lines
    assert "thinking 300/300, cut at the budget" in figures
    assert "thinking" not in file.read_text()
    assert file.read_text().endswith("\n")


def test_samples_follow_one_another(terminal: Start) -> None:
    process, screen = terminal("--budget", "20", "--samples", "2", "--expect", "-5")
    assert finish(process, screen) == 3
    assert "── sample 1 of 2 ──" in screen.rows
    assert "── sample 2 of 2 ──" in screen.rows
    assert screen.text.endswith("── 0 of 2 samples correct ──")


def test_an_error_is_one_sentence_on_a_terminal_too(terminal: Start) -> None:
    process, screen = terminal("--budget", "10m")
    assert finish(process, screen) in (1, 2)
    (sentence,) = screen.lines
    assert sentence.startswith("thinkcap: ")


def test_a_model_that_is_not_here_is_offered_and_no_means_no(terminal: Start, tmp_path: Path) -> None:
    command = [*COMMAND[:5], "--model", "l1-qwen-1.5b-max"]
    process, screen = terminal(command=command, HF_HUB_CACHE=str(tmp_path), HF_HUB_OFFLINE="1")
    process.expect(r"\? \[y/N\]:? ?")
    seen = process.before + process.after
    process.sendline("n")
    assert finish(process, screen, seen) == 1
    assert screen.lines[-1].startswith("thinkcap: l1-qwen-1.5b-max")
    assert "thinkcap pull l1-qwen-1.5b-max" in screen.lines[-1]
