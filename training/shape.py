"""The transformer's shape."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Shape:
    layers: int = 4
    width: int = 192
    heads: int = 6
    feed_forward: int = 512
    context: int = 8192
    rope_base: float = 10_000.0
    norm_epsilon: float = 1e-6

    @property
    def head_width(self) -> int:
        return self.width // self.heads
