"""A command line without an option takes the user's default; one with it does not."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from thinkcap import cli
from thinkcap.runs.user_defaults import config_file

Solve = Callable[..., Any]


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    file = config_file()
    file.parent.mkdir(parents=True, exist_ok=True)
    return file


@pytest.fixture
def solve(capsys: pytest.CaptureFixture[str]) -> Solve:
    def run(*words: str) -> Any:
        assert cli.run(["solve", "What is 2 + 3?", "--json", *words]) == 0
        return json.loads(capsys.readouterr().out)

    return run


def test_the_file_then_a_variable_then_the_command_line(
    config: Path, solve: Solve, monkeypatch: pytest.MonkeyPatch
) -> None:
    config.write_text('model = "abacus"\nquant = "f16"\nthreads = 1\nbudget = 3\nsolution_budget = 20\n')
    found = solve()
    assert (found["model"], found["quant"], found["budget"]["thinking"]) == ("abacus", "f16", 3)
    assert found["budget"]["solution"] == 20
    monkeypatch.setenv("THINKCAP_BUDGET", "none")
    assert solve()["budget"]["thinking"] is None
    found = solve("--budget", "2", "--quant", "q8_0")
    assert (found["quant"], found["budget"]["thinking"]) == ("q8_0", 2)


def test_a_command_without_the_option_passes_it_over(
    config: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    config.write_text('model = "abacus"\nbudget = 1\nthreads = 1')
    assert cli.run(["sweep", "What is 2 + 3?", "--budgets", "0,4", "--json"]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["budget"]["thinking"] for line in lines] == [0, 4]


def test_what_makes_no_sense_is_a_usage_error(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config.write_text("budget = true")
    assert cli.run(["solve", "1 + 1 = ?", "--model", "abacus"]) == 2
    assert capsys.readouterr().err == (
        f"thinkcap: {config}: budget: 'true' is not a number of tokens: write it like 1024, 4k or unlimited.\n"
    )
    assert cli.run(["solve", "--help"]) == 0


def test_pull_and_the_list_of_models_know_the_default(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config.write_text('model = "abacus"')
    assert cli.run(["pull", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["model"] == "abacus"
    assert cli.run(["models", "--json"]) == 0
    assert [model["name"] for model in json.loads(capsys.readouterr().out) if model["default"]] == ["abacus"]
