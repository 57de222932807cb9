"""Text that people read and write: the one door through which it leaves, and how numbers of tokens and times are read.

Model output, problems, result files, model files and hubs are all data, and nothing in them may steer a terminal. Text
goes out by `write` and `write_line`, JSON by `write_json`, tables and bars by show/console.py. Only show/live, which
moves the cursor, writes by itself.
"""

from __future__ import annotations

import json
import math
import os
import re
from typing import Any, TextIO

from thinkcap.errors import UsageError

# Control characters (C0 but newline and tab, DEL, C1), the marks that reorder text around them, and halves of
# surrogate pairs, which no encoding can write.
_UNSAFE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_ASCII = str.maketrans(
    dict(zip("━─·×–┤│└█●■▲◆▼★○□△◇▽☆‹›", "=-|x-||+#ox*+#%ox*+#%<>", strict=True))
    | {"…": "...", "→": "->", "∞": "inf", "✓": "+", "✗": "x"}
    | dict.fromkeys(map(chr, range(0x2801, 0x2900)), ".")  # braille
)

NO_LIMIT = ("none", "unlimited")
"""How no limit is written."""
FIRST_DOUBLED = 16
"""Where a range of budgets that begins at 0 starts to double."""
MOST_DOUBLED = 4096
"""Where a range of budgets up to `none` stops doubling."""

_TOKENS = re.compile(r"(\d+(?:\.\d+)?)\s*([km]?)", re.IGNORECASE)
_SECONDS = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|s|sec|m|min|h)?", re.IGNORECASE)
_UNITS = {"ms": 0.001, "s": 1.0, "sec": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0}


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


def parse_tokens(text: str) -> int | None:
    """Reads `1024`, `4k` (4096), `1.5k` (1536), `1m`, `unlimited` or `none` as a number of tokens; None is no limit.

    Raises UsageError, in words for the user, for anything else.
    """
    cleaned = text.strip().lower().replace(",", "").replace("_", "")
    if cleaned in NO_LIMIT:
        return None
    match = _TOKENS.fullmatch(cleaned)
    if match is None:
        raise UsageError(f"{text!r} is not a number of tokens: write it like 1024, 4k or unlimited.")
    value = float(match[1]) * {"": 1, "k": 1024, "m": 1024 * 1024}[match[2]]
    if value != int(value):
        raise UsageError(f"{text!r} is not a whole number of tokens: write it like 1024, 4k or unlimited.")
    return int(value)


def parse_seconds(text: str) -> float:
    """Reads `20s`, `1.5m`, `500ms` or plain `20` as seconds. Raises UsageError for anything else."""
    match = _SECONDS.fullmatch(text.strip().lower())
    seconds = float(match[1]) * _UNITS[match[2] or "s"] if match else 0.0
    if seconds <= 0:
        raise UsageError(f"{text!r} is not a time limit: write it like 20s, 1.5m or 500ms.")
    return seconds


def parse_budgets(text: str) -> tuple[int | None, ...]:
    """Reads `0,64..512,unlimited` as thinking budgets, from the smallest to None, which is unlimited.

    `64..512` doubles: 64, 128, 256, 512; its end is in it even if no doubling meets it. `0..512` is 0, then doubles
    from 16. `64..unlimited` doubles up to 4096 and ends in None. Raises UsageError for anything else.
    """
    found: set[int | None] = set()
    for part in text.split(","):
        first, dots, last = part.partition("..")
        found |= set(_doubled(part.strip(), parse_tokens(first), parse_tokens(last)) if dots else [parse_tokens(part)])
    return tuple(sorted(found, key=lambda budget: math.inf if budget is None else budget))


def _doubled(part: str, first: int | None, last: int | None) -> list[int | None]:
    if first is None:
        raise UsageError(f"{part} has no number at its beginning: write a range like 64..1024.")
    if last is not None and last < first:
        raise UsageError(f"{part} runs backwards: write the smaller budget first.")
    budgets: list[int | None] = [first]
    budget = 2 * first or FIRST_DOUBLED
    while budget <= (MOST_DOUBLED if last is None else last):
        budgets.append(budget)
        budget *= 2
    return budgets if budgets[-1] == last else [*budgets, last]


def with_flags(message: str, prefix: str = "--") -> str:
    """A message of the library's with the options it names, like `min_thinking`, as command line flags."""
    from thinkcap.engine.settings import OPTIONS
    from thinkcap.runs.load_options import LOAD_OPTIONS

    names = {*OPTIONS, *LOAD_OPTIONS}
    return re.sub(r"`(\w+)`", lambda m: f"{prefix}{m[1].replace('_', '-')}" if m[1] in names else m[0], message)
