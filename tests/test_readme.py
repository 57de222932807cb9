"""The README is true: its commands run, its example is the file it says, CI runs its second command."""

from __future__ import annotations

import io
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import thinkcap
from tests.catalog.hub import serve
from tests.catalog.machine import Here
from thinkcap.catalog.locate import locate
from thinkcap.cli.terminal import progress
from thinkcap.engine.settings import Settings
from thinkcap.grading import Grader
from thinkcap.runs.conversation import Conversation
from thinkcap.runs.slash_commands import carry_out
from thinkcap.show.live.conversation_view import ConversationView
from thinkcap.show.live.plain_views import PlainView

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()
SETUPS = re.findall(r"```sh\n(.*?)\n```", README, re.DOTALL)
CONSOLES = re.findall(r"```console\n(.*?)\n```", README, re.DOTALL)
COMMANDS = [line[2:] for block in CONSOLES for line in block.splitlines() if line.startswith("$ ")]


def test_the_second_command_is_what_ci_runs() -> None:
    assert SETUPS[1] in (ROOT / ".ci" / "run").read_text().splitlines()


def test_a_prebuilt_wheel_is_of_a_version_that_thinkcap_takes() -> None:
    project = (ROOT / "pyproject.toml").read_text()
    wanted = re.search(r'"(llama-cpp-python>=[\d.]+)"', project)
    assert wanted
    assert README.count(f'--prefer-binary "{wanted[1]}"') == README.count("--extra-index-url") > 0


@pytest.mark.parametrize("setup", [*SETUPS[:2], *SETUPS[2].splitlines()])
def test_set_up_builds_llama_cpp_by_the_file_in_the_repository(setup: str, tmp_path: Path) -> None:
    """Also in a folder with a space in its name: the shell and the build split CMAKE_ARGS one after the other."""
    clone = tmp_path / "a clone"
    shutil.copytree(ROOT / "cmake", clone / "cmake")
    arguments = re.search(r"CMAKE_ARGS=\S+", setup)
    assert arguments
    done = subprocess.run(
        f"{arguments[0]} sh -c 'printf %s \"$CMAKE_ARGS\"'",
        shell=True,
        cwd=clone,
        capture_output=True,
        text=True,
        check=True,
    )
    name, _, value = shlex.split(done.stdout)[0].partition("=")
    assert name == "-DCMAKE_PROJECT_llama.cpp_INCLUDE"
    assert Path(value).is_absolute()
    assert Path(value).samefile(clone / "cmake" / "quick.cmake")


def test_the_first_command_solves_the_problem(tmp_path: Path) -> None:
    solve = SETUPS[0].split(" && ")[-1].replace(".venv/bin/thinkcap", f"{sys.executable} -m thinkcap")
    done = subprocess.run(solve, shell=True, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert "1262" in done.stdout


def test_every_command_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One after another, as a reader would type them, but on a few problems of each file; the hub they pull from is on
    this machine and gives abacus."""
    model = locate("abacus", "q8_0").path.read_bytes()
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert len(COMMANDS) > 20
    with serve() as hub:
        hub.add("DataSoul/L1-Qwen-1.5B-Max-GGUF", {"L1-Qwen-1.5B-Max-Q8_0.gguf": model})
        machine = Here(tmp_path, hub)
        for command in COMMANDS:
            said, _, line = command.rpartition(" | ")
            line, *output = re.split(" >>? ", line)
            assigned, _, line = line.partition("thinkcap ")
            words = shlex.split(line)
            few = ["--limit", "6"] if "examples/abacus-heldout.jsonl" in words else []
            variables: dict[str, Any] = dict(each.split("=") for each in assigned.split())
            done = machine.run(*words, *few, stdin=said.removeprefix("echo "), **variables)
            assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
            assert done.stdout or not output


def test_the_session_is_what_a_terminal_shows(abacus: thinkcap.Engine) -> None:
    """What README shows of it, in this order; `…` leaves something out."""
    shown = re.search(r"```\n(> .*?)\n```", README, re.DOTALL)
    assert shown
    file = io.TextIOWrapper(io.BytesIO(), "utf-8")
    with Grader() as grader:
        conversation = Conversation(abacus, grader, progress(log=False), Settings(budget=64))
        view = ConversationView(file, PlainView(file))
        for line in shown[1].splitlines():
            if line.startswith("> "):
                file.write(f"{line}\n")
                for happening in carry_out(line[2:], conversation):
                    view.show(happening)
    file.seek(0)
    rest = iter(file.read().splitlines())
    assert all(line in rest for line in shown[1].splitlines() if line != "…")


def test_the_python_example_is_the_shipped_one() -> None:
    shown = re.search(r"```python\n(.*?)\n```", README, re.DOTALL)
    assert shown
    assert shown[1] in (ROOT / "examples" / "solve.py").read_text()


@pytest.mark.parametrize("path", sorted((ROOT / "examples").glob("*.py")), ids=lambda path: path.name)
def test_the_examples_run(path: Path) -> None:
    done = subprocess.run([sys.executable, str(path)], capture_output=True, text=True, check=True)
    assert "1262" in done.stdout or path.name == "stream.py"
    assert done.stderr == ""


def test_links_lead_somewhere() -> None:
    for target in re.findall(r"\]\((?!https?:)([^)#]+)\)", README):
        assert (ROOT / target).exists(), target
