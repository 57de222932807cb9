"""The command line as a whole: help, errors, exit codes and streams."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

import click
import pytest

import thinkcap
from thinkcap import cli
from thinkcap.engine.settings import OPTIONS
from thinkcap.errors import ThinkcapError

Fail = Callable[[BaseException], None]


def thinkcap_command(*args: str, **options: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "thinkcap", *args], capture_output=True, text=True, **options)


@pytest.fixture
def failing(monkeypatch: pytest.MonkeyPatch) -> Fail:
    """Makes `thinkcap solve` raise what a test wants."""

    def use(error: BaseException) -> None:
        @click.command()
        def command() -> None:
            raise error

        monkeypatch.setattr(cli.Commands, "get_command", lambda group, context, name: command)

    return use


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["--version"]) == 0
    assert capsys.readouterr().out == f"thinkcap {thinkcap.__version__}\n"


def test_help_lists_the_commands_that_are_there(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["--help"]) == 0
    shown = capsys.readouterr().out
    assert "solve  " in shown
    assert cli.COMMANDS["solve"] in shown


def test_no_command_is_a_usage_error_that_shows_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run([]) == 2
    output = capsys.readouterr()
    assert output.out == ""
    assert "Usage: thinkcap" in output.err


def test_help_imports_nothing_heavy() -> None:
    script = (
        "import sys; from thinkcap import cli; cli.run(['--help']); cli.run(['solve', '--help'])\n"
        "heavy = {'rich', 'pydantic', 'numpy', 'llama_cpp', 'jinja2', 'sympy', 'huggingface_hub', 'prompt_toolkit'}\n"
        "heavy &= set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_solving_starts_without_an_event_loop() -> None:
    script = (
        "import sys; from thinkcap import cli; cli.run(['solve', '5 + 4 = ?', '--model', 'abacus', '--threads', '1'])\n"
        "heavy = {'asyncio', 'ssl', 'sympy', 'huggingface_hub', 'starlette', 'matplotlib', 'prompt_toolkit'}\n"
        "heavy &= set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("name", [name for name in cli.COMMANDS if find_spec(f"thinkcap.cli.{name}")])
def test_every_command_explains_itself_and_ends_in_examples(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run([name, "--help"]) == 0
    shown = capsys.readouterr().out
    examples = shown[shown.index("Examples:") :].splitlines()[1:]
    assert examples
    assert all(line.strip().startswith(f"thinkcap {name}") for line in examples if line.strip())


def test_help_shows_options_in_groups(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["batch", "--help-all"]) == 0
    shown = capsys.readouterr().out
    groups = [line.removesuffix(" options:") for line in shown.splitlines() if line.endswith(" options:")]
    assert groups == ["Budget", "Sampling", "Vote", "Model", "Problem", "Run", "Output"]
    assert all(f"--{name.replace('_', '-')}" in shown for name in OPTIONS)
    assert cli.run(["sweep", "--help"]) == 0
    assert not re.search(r"--(budget|time-limit) ", capsys.readouterr().out)


def test_rare_options_are_shown_if_all_are_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["solve", "--help"]) == 0
    shown = capsys.readouterr().out
    assert cli.run(["solve", "--help-all"]) == 0
    everything = capsys.readouterr().out
    for rare in ("--top-p", "--min-p", "--think-start", "--verbose", "--no-loop-guard"):
        assert rare not in shown
        assert rare in everything
    assert len(re.findall(r"^ +(-\w, )?--", shown, re.MULTILINE)) <= 24
    assert cli.run(["doctor", "--help"]) == 0
    assert "--help-all" not in capsys.readouterr().out  # there is no more to show


@pytest.mark.parametrize("words", [[], ["models", "show"], ["models", "rm"], *([name] for name in cli.COMMANDS)])
def test_help_fits_80_columns(
    words: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    assert cli.run([*words, "--help"]) == 0
    assert max(map(len, capsys.readouterr().out.splitlines())) <= 80


@pytest.mark.parametrize(
    ("option", "hint"),
    [("--buget", "did you mean --budget or --debug?"), ("--colour-of-hats", "`--help-all` lists them.")],
)
def test_an_option_that_there_is_not_names_the_nearest(
    option: str, hint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.run(["solve", "1 + 1", option, "4"]) == 2
    assert capsys.readouterr().err == f"thinkcap: No such option {option!r}: {hint}\n"


def test_an_unknown_command_gets_a_near_name(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["slove"]) == 2
    assert capsys.readouterr().err == "thinkcap: There is no command 'slove': did you mean `thinkcap solve`?\n"


@pytest.mark.parametrize(
    ("error", "code", "sentence"),
    [
        (ThinkcapError("The file\nis broken: fetch it again."), 1, "The file is broken: fetch it again."),
        (click.UsageError("No such thing"), 2, "No such thing."),
        (KeyboardInterrupt(), 130, "interrupted."),
        (click.Abort(), 130, "interrupted."),
        (PermissionError(13, "Permission denied", "/a/b"), 1, "Permission denied (/a/b)."),
        (
            RuntimeError("odd \x1b[31m"),
            1,
            "Something unforeseen went wrong (RuntimeError: odd [31m); --debug shows where.",
        ),
    ],
)
def test_an_error_is_one_sentence_and_an_exit_code(
    failing: Fail, capsys: pytest.CaptureFixture[str], error: BaseException, code: int, sentence: str
) -> None:
    failing(error)
    assert cli.run(["solve"]) == code
    output = capsys.readouterr()
    assert output.out == ""
    assert output.err.strip() == f"thinkcap: {sentence}"


def test_debug_shows_the_traceback(failing: Fail, capsys: pytest.CaptureFixture[str]) -> None:
    failing(ThinkcapError("Broken."))
    assert cli.run(["--debug", "solve"]) == 1
    shown = capsys.readouterr().err
    assert "Traceback" in shown
    assert shown.endswith("thinkcap: Broken.\n")


def test_a_reader_that_left_is_no_error() -> None:
    read, write = os.pipe()
    os.close(read)
    with os.fdopen(write, "w") as gone:
        done = subprocess.run(
            [sys.executable, "-m", "thinkcap", "solve", "1 + 1 = ?", "--model", "abacus", "--threads", "1", "--json"],
            stdout=gone,
            stderr=subprocess.PIPE,
            text=True,
        )
    assert done.returncode == 1
    assert done.stderr == ""


def test_an_output_that_cannot_spell_a_character_still_works() -> None:
    done = thinkcap_command("slöve→", env={**os.environ, "PYTHONIOENCODING": "ascii"})
    assert done.returncode == 2
    assert "There is no command" in done.stderr
    assert "Traceback" not in done.stderr
