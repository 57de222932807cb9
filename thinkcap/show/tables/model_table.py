"""The list of models, and what is known of one, as text for any width."""

from __future__ import annotations

import shutil
import textwrap
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from thinkcap.text import bytes_text, one_line

if TYPE_CHECKING:
    from thinkcap.catalog.inventory import Listed
    from thinkcap.runs.suitability import Suitability

WIDEST_NAME = 34


def columns() -> int:
    """The width to write for: the terminal's, at most 100; 80 without one."""
    return max(20, min(100, shutil.get_terminal_size((80, 24)).columns))


def model_lines(models: Sequence[tuple[Listed, Suitability | None]]) -> list[str]:
    """A heading; then the models, the smallest first and grouped by size, each with a line for every quant and one for
    what it is for. Sizes in brackets are still to be downloaded. A terminal too narrow for the columns gets them below
    one another."""
    names = [_name(model) for model, _ in models]
    width = min(WIDEST_NAME, max(map(len, names), default=0))
    lines = [f"{'MODEL':<{width}}  {'SIZE':<15}  {'LICENCE':<12}  HERE"]
    narrow = len(lines[0]) - len("HERE") + max((len(here(suits)) for _, suits in models), default=4) > columns()
    if narrow:
        lines = ["MODELS"]
    group = None
    for model, suits in sorted(models, key=lambda pair: _group(pair[1])):
        if _group(suits) != group:
            group = _group(suits)
            lines += ["", _GROUPS[group][1]]
        lines += _narrow_rows(model, suits) if narrow else _rows(model, suits, width)
    return lines


def _rows(model: Listed, suits: Suitability | None, width: int) -> list[str]:
    entry, name, lines = model.entry, _name(model), []
    rest = f"{one_line(entry.licence) if entry else '':<12}  {here(suits)}"
    if len(name) > width:
        lines.append(name)
        name = ""
    for size in _sizes(model) or [""]:
        lines.append(f"{name:<{width}}  {size:<15}  {rest}".rstrip())
        name = rest = ""
    return lines + _description(model)


def _narrow_rows(model: Listed, suits: Suitability | None) -> list[str]:
    entry = model.entry
    facts = [", ".join(_sizes(model)), one_line(entry.licence) if entry else "", here(suits)]
    return [_name(model), *wrapped("  ", " · ".join(filter(None, facts))), *_description(model)]


def _description(model: Listed) -> list[str]:
    return wrapped("  ", model.entry.description) if model.entry and model.entry.description else []


def _name(model: Listed) -> str:
    return one_line(model.name) + (" *" if model.is_default else "")


def here(suits: Suitability | None) -> str:
    """Whether a model fits this machine and how fast it is here: `fits, ~15 tok/s`."""
    if suits is None or suits.tokens_per_second is None:
        return "too large" if suits else ""
    speed = suits.tokens_per_second
    return f"{'fits' if suits.fits == 'yes' else 'tight'}, ~{f'{speed:.1f}' if speed < 10 else f'{speed:,.0f}'} tok/s"


_GROUPS = (
    (1e9, "Up to 1 GB"),
    (3e9, "1 to 3 GB"),
    (6e9, "3 to 6 GB"),
    (12e9, "6 to 12 GB"),
    (float("inf"), "12 GB and more"),
    (float("nan"), "Of unknown size"),
)
"""The most bytes of each group of models, and its name."""


def _group(suits: Suitability | None) -> int:
    if suits is None:
        return len(_GROUPS) - 1
    return next(index for index, (most, _) in enumerate(_GROUPS) if suits.bytes <= most)


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
