"""Sizes of files in words."""

from __future__ import annotations


def bytes_text(size: float) -> str:
    """`1.9 GB`, `350 MB`, `12 kB`: powers of ten, as disks and the hub count."""
    for unit, factor in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if size >= factor:
            value = size / factor
            return f"{value:.1f} {unit}" if value < 10 or (unit == "GB" and value < 100) else f"{value:.0f} {unit}"
    return f"{size:.0f} bytes"
