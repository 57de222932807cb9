"""The colours of charts, for light and dark ground. Curves differ in shape and dashes too."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Palette:
    """Colours as `#rrggbb`. Those of curves are told apart by people who see red and green alike, and have a contrast
    of at least 3 : 1 to the ground."""

    ground: str
    ink: str
    quiet: str
    grid: str
    edge: str
    published: str
    curves: tuple[str, ...]


LIGHT = Palette(
    ground="#ffffff",
    ink="#1f2328",
    quiet="#57606a",
    grid="#e6e9ed",
    edge="#b6bcc4",
    published="#6b7280",
    curves=("#0068a8", "#c8500a", "#007f5f", "#a63d80", "#8a6a00", "#5b4bb5"),
)
DARK = Palette(
    ground="#0f1318",
    ink="#e6e9ed",
    quiet="#9aa5b1",
    grid="#252d36",
    edge="#4a5561",
    published="#9aa5b1",
    curves=("#5cb3ee", "#ff9857", "#3fcfa0", "#f193c6", "#e6c744", "#b0a4ff"),
)
