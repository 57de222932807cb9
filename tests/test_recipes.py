"""The recipes are true: their commands run, abacus's on a few problems, the papers' as dry runs."""

from __future__ import annotations

import re
import shlex
import shutil
from pathlib import Path

import pytest

from thinkcap import cli

ROOT = Path(__file__).parent.parent
RECIPES = (ROOT / "examples" / "recipes.md").read_text()


def commands(kind: str) -> list[list[str]]:
    blocks = re.findall(rf"```{kind}\n(.*?)\n```", RECIPES, re.DOTALL)
    lines = [line.removeprefix("$ ") for block in blocks for line in block.splitlines()]
    return [shlex.split(line)[1:] for line in lines if line.startswith("thinkcap ")]


def test_those_on_abacus_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    monkeypatch.chdir(tmp_path)
    assert len(commands("console")) > 5
    for command in commands("console"):
        few = [] if command[0] == "report" else ["--limit", "2", "--threads", "1"]
        assert cli.run([*command, *few]) == 0, command


def test_those_of_the_papers_plan(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copy(ROOT / "examples" / "abacus-heldout.jsonl", tmp_path / "aime24.jsonl")
    monkeypatch.chdir(tmp_path)
    sweeps = [command for command in commands("sh") if command[0] == "sweep"]
    assert sweeps
    for command in sweeps:
        assert cli.run(["sweep", "aime24.jsonl", *command[2:], "--limit", "30", "--dry-run"]) == 0, command
        assert "30 × 16 samples × 4 answers = 1,920 results" in capsys.readouterr().out
