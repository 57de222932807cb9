"""Shell completion, in the shells that are there: commands, options, models and files."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pexpect  # type: ignore[import-untyped]
import pytest

from thinkcap import cli

CASES = {
    "thinkcap dep": None,
    "thinkcap swe": "sweep",
    "thinkcap solve --solution-b": "--solution-budget",
    "thinkcap solve --cut-style me": "message",
    "thinkcap solve --model aba": "abacus",
    "thinkcap solve --model ./mod": "model.gguf",
    "thinkcap batch prob": "problems.jsonl",
}
"""What is typed before the tabulator, and the word that it is completed to."""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with files to complete to, and the command on the path."""
    (tmp_path / "bin").mkdir()
    command = tmp_path / "bin" / "thinkcap"
    command.write_text(f'#!/bin/sh\nexec {sys.executable} -m thinkcap "$@"\n')
    command.chmod(0o755)
    work = tmp_path / "work"
    work.mkdir()
    (work / "model.gguf").touch()
    (work / "problems.jsonl").touch()
    monkeypatch.setenv("PATH", f"{command.parent}:{os.environ['PATH']}")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(sys.path))
    return work


@pytest.mark.parametrize(("shell", "start"), [("bash", "--norc --noprofile -i"), ("zsh", "-f -i")])
def test_a_tabulator_completes(shell: str, start: str, folder: Path) -> None:
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed")
    terminal = pexpect.spawn(shell, start.split(), cwd=folder, encoding="utf-8", timeout=60, dimensions=(24, 200))
    prepare = "autoload -Uz compinit && compinit -u -D; " if shell == "zsh" else "bind 'set bell-style none'; "
    terminal.sendline(f"PS1='> '; {prepare}eval \"$(thinkcap completion {shell})\"; echo rea''dy")
    terminal.expect("ready")
    for typed, completed in CASES.items():
        if completed is None:
            continue
        terminal.send(f"echo; {typed}\t")
        terminal.expect_exact(typed[: typed.rindex(" ")])
        terminal.expect_exact(completed)
        terminal.send("\x15\r")  # kill the line by a key: an interrupt ends the shell's completing and leaves the line
        terminal.expect_exact("> ")
    terminal.close(force=True)


def test_fish_completes(folder: Path) -> None:
    if shutil.which("fish") is None:
        pytest.skip("fish is not installed")
    asked = "; ".join(f"echo '<{typed}>'; complete -C '{typed}'" for typed in CASES)
    script = f"thinkcap completion fish | source; {asked}"
    done = subprocess.run(
        ["fish", "--no-config", "-c", script], cwd=folder, capture_output=True, text=True, timeout=90, check=True
    )
    for typed, completed in CASES.items():
        answers = done.stdout.partition(f"<{typed}>\n")[2].partition("<")[0]
        assert (completed in answers) if completed else not answers, typed


def test_an_unknown_shell_is_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["completion", "tcsh"]) == 2
    assert "'tcsh' is not one of 'bash', 'zsh', 'fish'." in capsys.readouterr().err
