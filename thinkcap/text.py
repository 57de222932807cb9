"""Text as people write it: tokens and times read, sizes written, errors' option names turned into flags."""

from __future__ import annotations

import re

from thinkcap.errors import UsageError

_TOKENS = re.compile(r"(\d+(?:\.\d+)?)\s*([km]?)", re.IGNORECASE)
_SECONDS = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|s|sec|m|min|h)?", re.IGNORECASE)
_UNITS = {"ms": 0.001, "s": 1.0, "sec": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0}


def parse_tokens(text: str) -> int | None:
    """Reads `1024`, `4k` (4096), `1.5k` (1536), `1m` or `none` as a number of tokens; None is no limit.

    Raises UsageError, in words for the user, for anything else.
    """
    cleaned = text.strip().lower().replace(",", "").replace("_", "")
    if cleaned in ("none", "unlimited"):
        return None
    match = _TOKENS.fullmatch(cleaned)
    if match is None:
        raise UsageError(f"{text!r} is not a number of tokens: write it like 1024, 4k or none.")
    value = float(match[1]) * {"": 1, "k": 1024, "m": 1024 * 1024}[match[2]]
    if value != int(value):
        raise UsageError(f"{text!r} is not a whole number of tokens: write it like 1024, 4k or none.")
    return int(value)


def parse_seconds(text: str) -> float:
    """Reads `20s`, `1.5m`, `500ms` or plain `20` as seconds. Raises UsageError for anything else."""
    match = _SECONDS.fullmatch(text.strip().lower())
    seconds = float(match[1]) * _UNITS[match[2] or "s"] if match else 0.0
    if seconds <= 0:
        raise UsageError(f"{text!r} is not a time limit: write it like 20s, 1.5m or 500ms.")
    return seconds


def with_flags(message: str) -> str:
    """A message of the library's with the options it names, like `min_thinking`, as command line flags."""
    from thinkcap.engine.settings import OPTIONS

    names = {*OPTIONS, "context", "threads", "gpu_layers", "think_start", "think_end", "quant", "verbose"}
    return re.sub(r"`(\w+)`", lambda m: f"--{m[1].replace('_', '-')}" if m[1] in names else m[0], message)


def bytes_text(size: float) -> str:
    """`1.9 GB`, `350 MB`, `12 kB`: powers of ten, as disks and the hub count."""
    for unit, factor in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if size >= factor:
            value = size / factor
            return f"{value:.1f} {unit}" if value < 10 or (unit == "GB" and value < 100) else f"{value:.0f} {unit}"
    return f"{size:.0f} bytes"
