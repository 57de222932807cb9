"""Bytes that grow, told as text that is never taken back."""

from __future__ import annotations

import codecs


class Utf8Stream:
    """Turns a growing buffer of UTF-8 into pieces of text, each given once and made of whole characters; bytes that are
    no UTF-8 become U+FFFD."""

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self.told = 0

    def upto(self, buffer: bytearray, end: int, final: bool = False) -> str:
        """The text of `buffer` up to byte `end` that was not told yet; `final` gives up on a half character there."""
        if end <= self.told and not final:
            return ""
        text = self._decoder.decode(bytes(buffer[self.told : end]), final)
        self.told = max(self.told, end)
        return text
