"""The documents are true: their examples run, the files they name exist."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

from docs import solve_picture

ROOT = Path(__file__).parent.parent
EXAMPLES = re.findall(r"```python\n(.*?)\n```", (ROOT / "docs" / "python.md").read_text(), re.DOTALL)
ARCHITECTURE = (ROOT / "docs" / "architecture.md").read_text()


@pytest.mark.parametrize("example", EXAMPLES)
def test_the_python_examples_run(example: str) -> None:
    done = subprocess.run([sys.executable, "-c", example], capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    assert done.stdout


def test_the_moving_picture_shows_a_real_run_to_its_end() -> None:
    picture = ElementTree.fromstring(solve_picture.draw(solve_picture.spans(solve_picture.play())))
    texts = {"".join(text.itertext()): text for text in picture.iter("{http://www.w3.org/2000/svg}text")}
    stays = {text for text, element in texts.items() if element.get("visibility") == "visible"}
    assert {f"$ {solve_picture.COMMAND}", "4821+9377+6145", "answer 14198, wrong: expected 20343"} <= stays
    assert any("32/64" in text for text in texts)
    assert not any("32/64" in text for text in stays)


def test_the_architecture_names_files_that_exist() -> None:
    named = set(re.findall(r"(?:engine|grading|catalog|runs|show|serve|cli)/[\w/]+\.py", ARCHITECTURE))
    assert len(named) > 20
    assert [name for name in sorted(named) if not (ROOT / "thinkcap" / name).exists()] == []


def test_the_architecture_names_classes_that_exist() -> None:
    for path, name in re.findall(r"`([\w/]+\.py): (\w+)", ARCHITECTURE):
        assert re.search(rf"^(class|def) {name}\b", (ROOT / "thinkcap" / path).read_text(), re.MULTILINE), (path, name)
