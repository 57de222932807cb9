"""How a decode has to look for llama.cpp to be quick, and to round the same whatever else is in it."""

from __future__ import annotations

import platform
from dataclasses import dataclass

Q4_0, Q8_0, Q5_0, IQ4_NL, F16, BF16 = 2, 7, 8, 25, 1, 32
"""llama.cpp's numbers of file types."""

_TILE = 2
_TILE_AVX512 = 4
"""On x86, llama.cpp multiplies some block formats with so many tokens at a time, and those left over in another pass
over all weights."""

_TILED = (Q4_0, Q5_0, Q8_0, IQ4_NL)
_ROUNDED = (F16, BF16)
"""Formats that llama.cpp multiplies with one token in another way than with several, and so rounds differently."""


_PIECE = 60
"""From 64 tokens of a sequence in one decode on, llama.cpp's attention on a CPU rounds in another way. A multiple of
every tile."""


@dataclass(frozen=True, slots=True)
class Batching:
    """How a model likes its batches.

    tile       tokens in a decode of which multiples run best; 1 if that makes no difference
    min_batch  tokens that a decode needs to be rounded as larger ones are
    piece      tokens of one sequence that a decode may have to be rounded as smaller ones are; None for any number
    """

    tile: int = 1
    min_batch: int = 1
    piece: int | None = None

    @classmethod
    def of(cls, file_type: int, recurrent: bool, offloaded: bool, avx512: bool) -> Batching:
        """What suits weights of a file type, on a processor with or without AVX-512."""
        on_x86 = platform.machine().lower() in ("x86_64", "amd64")
        tiled = file_type in _TILED and on_x86 and not recurrent and not offloaded
        tile = _TILE_AVX512 if avx512 else _TILE
        return cls(tile if tiled else 1, 2 if file_type in _ROUNDED else 1, None if offloaded else _PIECE)

    def filler(self, count: int) -> int:
        """Filler tokens for a decode of `count`, to be forgotten again: up to whole tiles if at least half a tile is
        left over, since less costs no more than the filling would."""
        left_over = count % self.tile
        filler = self.tile - left_over if count > self.tile and 2 * left_over >= self.tile else 0
        return max(filler, self.min_batch - count)
