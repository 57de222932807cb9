"""The documents are true: their examples run, the files they name exist."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from contextlib import suppress
from itertools import takewhile
from pathlib import Path
from xml.etree import ElementTree

import click
import pytest

from docs import solve_picture
from thinkcap import cli

ROOT = Path(__file__).parent.parent
EXAMPLES = re.findall(r"```python\n(.*?)\n```", (ROOT / "docs" / "python.md").read_text(), re.DOTALL)
ARCHITECTURE = (ROOT / "docs" / "architecture.md").read_text()


@pytest.mark.parametrize("example", EXAMPLES)
def test_the_python_examples_run(example: str) -> None:
    done = subprocess.run([sys.executable, "-c", example], capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    assert done.stdout


def test_the_moving_picture_shows_a_real_run_to_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    for name, value in solve_picture.TERMINAL.items():
        monkeypatch.setenv(name, value)
    picture = ElementTree.fromstring(solve_picture.draw(solve_picture.spans(solve_picture.play())))
    texts = {"".join(text.itertext()): text for text in picture.iter("{http://www.w3.org/2000/svg}text")}
    stays = {text for text, element in texts.items() if element.get("visibility") == "visible"}
    assert {f"$ {solve_picture.COMMAND}", "4821+9377+6145", "answer 14148, wrong: expected 20343"} <= stays
    assert any("32/64" in text for text in texts)
    assert not any("32/64" in text for text in stays)


DOCUMENTS = sorted(
    path for folder in (".", "docs", "examples", "benchmarks", "training") for path in (ROOT / folder).glob("*.md")
)


def commands_in(text: str, program: str) -> list[list[str]]:
    """The command lines of a program in a document: in blocks, and spelled out in the text."""
    blocks = re.findall(r"^```\w*\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
    lines = [line for block in blocks for line in block.replace("\\\n", " ").splitlines()]
    lines += re.findall(r"`([^`]+)`", re.sub(r"^```.*?^```", "", text, flags=re.DOTALL | re.MULTILINE))
    found = [re.search(rf"(?:^|[\s/]){program} ([a-z-].*)", " ".join(line.split())) for line in lines]
    words = [shlex.split(match[1], comments=True) for match in found if match and "…" not in match[1]]
    return [list(takewhile(lambda word: word not in ("|", "&&", "||", ">", ">>", "<"), each)) for each in words]


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_what_documents_tell_to_type_is_understood(path: Path) -> None:
    """Those that need no weights and no other program also run: in test_readme.py, test_recipes.py and the tests of
    each command."""
    with cli.commands.make_context("thinkcap", []) as context:
        for words in commands_in(path.read_text(), "thinkcap"):
            if words[0].startswith("-"):
                cli.commands.make_context("thinkcap", words[:1], resilient_parsing=True)
                continue
            name, command, rest = cli.commands.resolve_command(context, words)
            assert command is not None
            with suppress(click.exceptions.Exit, click.MissingParameter):  # --help; a command that is only named
                command.make_context(name, rest, parent=context)


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_scripts_that_documents_name_have_their_options(path: Path) -> None:
    for words in commands_in(path.read_text(), "python3?"):
        if words[0] == "-m":
            module = ROOT / words[1].replace(".", "/")
            script = module.with_suffix(".py") if not module.is_dir() else module / "__main__.py"
            if words[1] == "venv":
                continue
        elif words[0].endswith(".py"):
            script = ROOT / words[0]
        else:
            continue
        assert script.exists(), words
        source = script.read_text()
        for word in words:
            assert not word.startswith("--") or f'"{word}"' in source, (script.name, word)


def test_the_architecture_names_files_that_exist() -> None:
    named = set(re.findall(r"(?:engine|grading|catalog|runs|show|serve|cli)/[\w/]+\.py", ARCHITECTURE))
    assert len(named) > 20
    assert [name for name in sorted(named) if not (ROOT / "thinkcap" / name).exists()] == []


def test_the_architecture_names_classes_that_exist() -> None:
    for path, name in re.findall(r"`([\w/]+\.py): (\w+)", ARCHITECTURE):
        assert re.search(rf"^(class|def) {name}\b", (ROOT / "thinkcap" / path).read_text(), re.MULTILINE), (path, name)
