"""The lines of result files, as other programs read them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from thinkcap.runs.result import Key, Result


def read_lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_bytes().splitlines()]


def key_of(line: dict[str, Any]) -> Key:
    return Key.of(Result.from_dict(line))
