"""Models and findings as text for people: what fits 80 columns, in a terminal and in a pipe."""

from __future__ import annotations

import os
import shutil
import textwrap
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from thinkcap.show.text import one_line
from thinkcap.text import bytes_text

if TYPE_CHECKING:
    from thinkcap.catalog.inventory import Listed

_WIDEST_NAME = 34


def colour() -> bool | None:
    """Whether click may colour: never under NO_COLOR, else (None) where the stream is a terminal."""
    return False if os.environ.get("NO_COLOR") else None


def columns() -> int:
    """The width to write for: the terminal's, at most 100; 80 where there is none."""
    return max(40, min(100, shutil.get_terminal_size((80, 24)).columns))


def model_table(models: Sequence[Listed]) -> list[str]:
    """A line a model and quant, and a line for what it is for. Sizes in brackets are still to be fetched."""
    names = [_name(model) for model in models]
    width = min(_WIDEST_NAME, max((len(name) for name in names), default=0))
    lines = [f"{'MODEL':<{width}}  {'SIZE':<14}  {'LICENCE':<12}  {'CUT':<7}  PROMPT"]
    for name, model in zip(names, models, strict=True):
        sizes = [f"{file.quant} {bytes_text(file.bytes)}" for file in model.files]
        sizes += [f"({quant} {bytes_text(size)})" if size else f"({quant})" for quant, size in model.to_fetch.items()]
        entry = model.entry
        rest = f"{entry.licence:<12}  {entry.cut_style:<7}  {entry.prompt_mode}" if entry else ""
        if len(name) > width:
            lines.append(name)
            name = ""
        for size in sizes or [""]:
            lines.append(f"{name:<{width}}  {size:<14}  {rest}".rstrip())
            name = rest = ""
        if entry and entry.description:
            lines.append("  " + one_line(entry.description, columns() - 2))
    return lines


def fact_lines(facts: Iterable[tuple[str, str]]) -> list[str]:
    """`name  value` lines, values wrapped under themselves. Paths are not broken, so that they can be copied."""
    pairs = [(name, one_line(value)) for name, value in facts if value]
    width = max((len(name) for name, _ in pairs), default=0) + 2
    return [line for name, value in pairs for line in wrapped(f"{name:<{width}}", value)]


def wrapped(head: str, text: str) -> list[str]:
    """`text` behind `head`, its further lines indented as far. Paths are not broken, so that they can be copied."""
    room = max(20, columns() - len(head))
    first, *rest = textwrap.wrap(text, room, break_long_words=False, break_on_hyphens=False) or [""]
    return [(head + first).rstrip(), *(" " * len(head) + line for line in rest)]


def _name(model: Listed) -> str:
    return one_line(model.name) + (" *" if model.is_default else "")
