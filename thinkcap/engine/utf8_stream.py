"""Bytes that grow, read as text that is never taken back."""

from __future__ import annotations

import codecs


class Utf8Stream:
    """Turns a growing buffer of UTF-8 into pieces of text, each returned once and made of whole characters. Bytes that
    are no UTF-8 become U+FFFD.

    position  bytes of the buffer that were read so far; where it begins
    """

    def __init__(self, position: int = 0) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self.position = position

    def read(self, buffer: bytearray, end: int, final: bool = False) -> str:
        """The text of `buffer` up to byte `end` that was not read yet; `final` gives up on a half character there."""
        if end <= self.position and not final:
            return ""
        text = self._decoder.decode(bytes(buffer[self.position : end]), final)
        self.position = max(self.position, end)
        return text
