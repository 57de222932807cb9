"""The list of models, and what is known of one, as text for any width."""

from __future__ import annotations

import shutil
import textwrap
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from thinkcap.text import bytes_text, one_line

if TYPE_CHECKING:
    from thinkcap.catalog.inventory import Listed

WIDEST_NAME = 34


def columns() -> int:
    """The width to write for: the terminal's, at most 100; 80 without one."""
    return max(20, min(100, shutil.get_terminal_size((80, 24)).columns))


def model_lines(models: Sequence[Listed]) -> list[str]:
    """A heading, then a line for each model and quant and one for what it is for. Sizes in brackets are still to be
    downloaded. A terminal too narrow for the columns gets them below one another."""
    names = [one_line(model.name) + (" *" if model.is_default else "") for model in models]
    width = min(WIDEST_NAME, max(map(len, names), default=0))
    lines = [f"{'MODEL':<{width}}  {'SIZE':<14}  {'LICENCE':<12}  {'CUT':<7}  PROMPT"]
    narrow = len(lines[0]) > columns()
    for name, model in zip(names, models, strict=True):
        entry, sizes = model.entry, _sizes(model)
        facts = [one_line(entry.licence), entry.cut_style, entry.prompt_mode] if entry else []
        if narrow:
            lines += [name, *wrapped("  ", " · ".join([", ".join(sizes), *facts]))]
        else:
            rest = "{:<12}  {:<7}  {}".format(*facts) if facts else ""
            if len(name) > width:
                lines.append(name)
                name = ""
            for size in sizes or [""]:
                lines.append(f"{name:<{width}}  {size:<14}  {rest}".rstrip())
                name = rest = ""
        if entry and entry.description:
            lines += wrapped("  ", entry.description)
    return ["MODELS", *lines[1:]] if narrow else lines


def fact_lines(facts: Iterable[tuple[str, str]]) -> list[str]:
    """`name  value` lines, values wrapped under themselves."""
    pairs = [(name, one_line(value)) for name, value in facts if value]
    width = max((len(name) for name, _ in pairs), default=0) + 2
    return [line for name, value in pairs for line in wrapped(f"{name:<{width}}", value)]


def wrapped(head: str, text: str) -> list[str]:
    """`text` behind `head`, its further lines indented as far. Paths are not broken, so that they can be copied."""
    room = max(20, columns() - len(head))
    first, *rest = textwrap.wrap(one_line(text), room, break_long_words=False, break_on_hyphens=False) or [""]
    return [(head + first).rstrip(), *(" " * len(head) + line for line in rest)]


def _sizes(model: Listed) -> list[str]:
    here = [f"{file.quant} {bytes_text(file.bytes)}" for file in model.files]
    return here + [f"({quant} {bytes_text(size)})" if size else f"({quant})" for quant, size in model.to_fetch.items()]
