"""Result files from outside: fields of any type and torn bytes are reported or refused in one sentence, never lost."""

from __future__ import annotations

import copy
import json
import re
from collections import Counter
from pathlib import Path
from random import Random
from typing import Any

import pytest

from tests.hostile.generators import result_files
from thinkcap import cli

FOUND = [
    "run",
    "extra",
    "reply",
    "budget",
    "seconds",
    "sample",
    "correct",
    "thinking_tokens",
    "verdict",
    "model_sha256",
]
WITHIN = {
    "budget": ["thinking", "solution", "style", "prompt_mode"],
    "run": ["budget", "depths", "temperature", "seed"],
}


def test_every_mutated_file_is_reported_or_refused(tmp_path: Path) -> None:
    random = Random(12)
    seen = Counter(result_files.attempt(result_files.case(random), tmp_path) for _ in range(300))
    assert min(seen["read"], seen["refused"]) > 50, seen


def reported(path: Path, line: dict[str, Any], capsys: pytest.CaptureFixture[str], *args: str) -> None:
    path.write_text(json.dumps(line) + "\n")
    code = cli.run(["report", str(path), *args])
    said = capsys.readouterr()
    assert code in (0, 1, 2)
    assert "unforeseen" not in said.err, (line, said.err)
    assert said.err.count("\n") <= 1
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202e]", said.out + said.err)


@pytest.mark.parametrize("name", FOUND)
@pytest.mark.parametrize("value", [None, "text", 7, -1, 1e999, True, [[]], {"a": []}, "\x1b[2J\x07"], ids=repr)
def test_a_field_of_another_type_is_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, value: Any
) -> None:
    reported(tmp_path / "r.jsonl", result_files.RESULT | {name: value}, capsys, "--json")
    for inner in WITHIN.get(name, ()):
        line = copy.deepcopy(result_files.RESULT)
        line[name][inner] = value
        reported(tmp_path / "r.jsonl", line, capsys, "--votes")
        reported(tmp_path / "r.jsonl", line, capsys, "--by", inner)


def test_names_from_a_file_cannot_steer_the_terminal(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    evil = "\x1b]52;c;aGk=\x07"
    line = copy.deepcopy(result_files.RESULT)
    line["budget"][evil] = line["run"][evil] = line["extra"][evil] = 1
    line["model_sha256"] = line["model"] = evil
    for args in ([], ["--json"], ["--votes"], ["--failures"], ["--by", "nothing"]):
        reported(tmp_path / "r.jsonl", line, capsys, *args)
