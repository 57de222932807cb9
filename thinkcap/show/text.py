"""Text that is safe to show: model output and user input are data, and none of it may steer a terminal."""

from __future__ import annotations

import json
import re
from typing import Any

# Control characters (C0 but newline and tab, DEL, C1), the marks that reorder text around them, and halves of
# surrogate pairs, which no encoding can write.
_UNSAFE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def printable(text: str) -> str:
    """The text without control characters; newlines and tabs stay, and without its escape no sequence means a thing."""
    return _UNSAFE.sub("", text)


def one_line(text: str, limit: int | None = None) -> str:
    """The text on a single line, whitespace runs as one space, cut to `limit` characters with an ellipsis."""
    line = " ".join(printable(text).split())
    return line if limit is None or len(line) <= limit else line[: limit - 1] + "…"


def is_unicode(encoding: str | None) -> bool:
    return (encoding or "").lower().replace("-", "").startswith("utf")


def spell(text: str, encoding: str | None) -> str:
    """The text with thinkcap's own ornaments in ASCII where the encoding has no others."""
    return text if is_unicode(encoding) else text.translate(_ASCII)


_ASCII = str.maketrans({"━": "=", "─": "-", "·": "|", "…": "...", "×": "x"})


def json_line(value: dict[str, Any], encoding: str | None) -> str:
    """The object as one line of JSON: readable characters as they are where the encoding is a Unicode one, everything
    that could steer a terminal escaped."""
    spelled = json.dumps(value, ensure_ascii=not is_unicode(encoding))
    return _UNSAFE.sub(lambda match: f"\\u{ord(match[0]):04x}", spelled)
