"""Text for people: the one door through which it leaves, without anything that could steer a terminal.

Model output, problems, result files, model files and hubs are all data. Text goes out by `write` and `write_line`,
JSON by `write_json`, tables and bars by show/console.py. Only show/live, which moves the cursor, writes by itself.
"""

from __future__ import annotations

import json
import math
import os
import re
from typing import Any, TextIO

# Control characters (C0 but newline and tab, DEL, C1), the marks that reorder text around them, and halves of
# surrogate pairs, which no encoding can write.
_UNSAFE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_ASCII = str.maketrans({"━": "=", "─": "-", "·": "|", "…": "...", "×": "x", "–": "-", "→": "->"})


def write(text: str, file: TextIO | None) -> None:
    """Writes text without control characters. A stream that is closed (None) gets nothing."""
    if file is not None:
        file.write(spell(printable(text), file.encoding))
        file.flush()


def write_line(text: str, file: TextIO | None) -> None:
    """Writes one line, or several."""
    write(f"{text}\n", file)


def write_json(value: Any, file: TextIO | None) -> None:
    """Writes a value as one line of JSON."""
    if file is not None:
        write_line(json_line(value, file.encoding), file)


def is_coloured() -> bool:
    """Whether the user wants styles: not if NO_COLOR is set to anything (no-color.org)."""
    return not os.environ.get("NO_COLOR")


def printable(text: str) -> str:
    """The text without control characters. Newlines and tabs stay; without its escape a sequence means nothing."""
    return _UNSAFE.sub("", text)


def one_line(text: str, limit: int | None = None) -> str:
    """The text on a single line, runs of whitespace as one space, cut to `limit` characters with an ellipsis."""
    line = " ".join(printable(text).split())
    return line if limit is None or len(line) <= limit else line[: limit - 1] + "…"


def is_unicode(encoding: str | None) -> bool:
    """Whether an encoding has all of Unicode."""
    return (encoding or "").lower().replace("-", "").startswith("utf")


def spell(text: str, encoding: str | None) -> str:
    """The text with thinkcap's own ornaments in ASCII if the encoding has no others."""
    return text if is_unicode(encoding) else text.translate(_ASCII)


def json_line(value: Any, encoding: str | None = "utf-8") -> str:
    """The value as one line of JSON: readable characters as they are if the encoding is a Unicode one, everything that
    could steer a terminal escaped. Numbers that JSON has no spelling for become null."""
    spelled = json.dumps(finite(value), ensure_ascii=not is_unicode(encoding), allow_nan=False)
    return _UNSAFE.sub(lambda match: f"\\u{ord(match[0]):04x}", spelled)


def finite(value: Any) -> Any:
    """The value with null in place of every number that JSON has no spelling for."""
    match value:
        case float():
            return value if math.isfinite(value) else None
        case dict():
            return {key: finite(inner) for key, inner in value.items()}
        case list() | tuple():
            return [finite(inner) for inner in value]
    return value


def bytes_text(size: float) -> str:
    """`1.9 GB`, `350 MB`, `12 kB`: powers of ten, as disks and the hub count."""
    for unit, factor in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if size >= factor:
            value = size / factor
            return f"{value:.1f} {unit}" if value < 10 or (unit == "GB" and value < 100) else f"{value:.0f} {unit}"
    return f"{size:.0f} bytes"
