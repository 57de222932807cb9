"""The README is true: its commands run, its example is the file it says, CI runs its second command."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.catalog.hub import serve
from tests.catalog.machine import Here
from thinkcap.catalog.locate import locate

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()
SETUPS = re.findall(r"```sh\n(.*?)\n```", README, re.DOTALL)
CONSOLES = re.findall(r"```console\n(.*?)\n```", README, re.DOTALL)
COMMANDS = [line[2:] for block in CONSOLES for line in block.splitlines() if line.startswith("$ ")]


def test_the_second_command_is_what_ci_runs() -> None:
    assert SETUPS[1] in (ROOT / ".ci" / "run").read_text().splitlines()


@pytest.mark.parametrize("setup", SETUPS[:2])
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
    assert len(COMMANDS) > 20
    with serve() as hub:
        hub.add("DataSoul/L1-Qwen-1.5B-Max-GGUF", {"L1-Qwen-1.5B-Max-Q8_0.gguf": model})
        machine = Here(tmp_path, hub)
        (tmp_path / "thinkcap").write_text(f'#!/bin/sh\nexec {sys.executable} -m thinkcap "$@"\n')
        (tmp_path / "thinkcap").chmod(0o755)
        shell = machine.environment(PATH=f"{tmp_path}:{os.environ['PATH']}", HOME=str(tmp_path))
        for command in COMMANDS:
            words = shlex.split(command)
            if words[0] != "thinkcap" or {"|", ">"} & {*words}:
                done = subprocess.run(command, shell=True, env=shell, capture_output=True, text=True, timeout=100)
            else:
                few = ["--limit", "6"] if "examples/abacus-heldout.jsonl" in words else []
                done = machine.run(*words[1:], *few)
            assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"


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
