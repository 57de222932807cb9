"""The shipped file of held-out problems: what the command writes, with all families in every part of it."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from training import heldout
from training.families import FAMILIES

SHIPPED = Path(__file__).parents[2] / "examples" / "abacus-heldout.jsonl"


def test_the_shipped_file_is_what_the_command_writes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written = tmp_path / "heldout.jsonl"
    monkeypatch.setattr(sys, "argv", ["heldout", str(written)])
    heldout.main()
    assert written.read_bytes() == SHIPPED.read_bytes()


def test_every_eight_problems_are_one_of_each_family() -> None:
    families = [json.loads(line)["family"] for line in SHIPPED.read_text(encoding="utf-8").splitlines()]
    assert len(families) == heldout.PER_FAMILY * len(FAMILIES)
    for start in range(0, len(families), len(FAMILIES)):
        assert families[start : start + len(FAMILIES)] == list(FAMILIES)
