"""What the end of a growing text, in bytes, begins or completes: half a character, a marker, a sentence."""

from __future__ import annotations

import re

_PAUSE = re.compile(r"(?:\n|[^\W\d_]{2}[.!?]|[)\]}$][.!?]|[。！？])[)\]}\"'”’»]*[ \t]*\Z")
"""The end of a line or of a sentence. A point behind a digit or a single letter may be neither."""

_PAUSE_BYTES = 32


def pauses(text: bytes | bytearray) -> bool:
    """Whether the text is at the end of a line or of a sentence."""
    return _PAUSE.search(bytes(text[-_PAUSE_BYTES:]).decode("utf-8", "ignore")) is not None


def completes(text: bytes | bytearray, piece: bytes, marker: bytes) -> bool:
    """Whether `text` followed by `piece` finishes a spelling of `marker`."""
    if not piece or marker[-1] not in piece:
        return False
    return marker in bytes(text[-len(marker) :]) + piece


def incomplete(text: bytes | bytearray, end: int) -> int:
    """Bytes before `end` that begin a UTF-8 character without finishing it: 0 to 3."""
    for back in range(1, min(4, end + 1)):
        byte = text[end - back]
        if byte < 0x80:
            return 0
        if byte >= 0xC0:
            needed = 2 if byte < 0xE0 else 3 if byte < 0xF0 else 4 if byte < 0xF8 else 0
            return back if needed > back else 0
    return 0


def overlap(text: bytes | bytearray, marker: bytes) -> int:
    """Bytes at the end of `text` that begin `marker` without finishing it."""
    for length in range(min(len(marker) - 1, len(text)), 0, -1):
        if text.endswith(marker[:length]):
            return length
    return 0


def is_visible(text: bytes | bytearray) -> bool:
    """Whether the text has a character that can be seen."""
    characters = text.decode("utf-8", "ignore")
    return any(character.isprintable() and not character.isspace() for character in characters)
