"""Where rich writes: tables and progress bars."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TextIO

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment

from thinkcap.text import is_coloured, printable, spell


class SafeConsole(Console):
    """A console that shows text as it is: no markup, no control characters, no styles under NO_COLOR.

    Rich itself writes escape sequences as it finds them, and under NO_COLOR leaves text dim and bold.
    """

    def __init__(self, file: TextIO, *, force_terminal: bool | None = None) -> None:
        colours = "auto" if is_coloured() else None
        super().__init__(
            file=file,
            force_terminal=force_terminal,
            color_system=colours,  # type: ignore[arg-type]
            highlight=False,
            markup=False,
            emoji=False,
        )

    def show_cursor(self, show: bool = True) -> bool:
        """Progress bars would hide the cursor, and whatever ends the process at once leaves it hidden."""
        return False

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        for segment in super().render(renderable, options):
            if segment.control:
                yield segment
            else:
                yield Segment(spell(printable(segment.text), self.encoding), segment.style)
