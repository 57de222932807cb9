"""A bar for what takes long and has a known size: a download, a conversion."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def download_bar(what: str, total: int | None, start: int = 0) -> Iterator[Callable[[int], None]]:
    """A bar with rate and time left on a terminal, nothing elsewhere; what it yields hears how much is done."""
    if not sys.stderr.isatty():
        yield lambda here: None
        return
    from rich.progress import (
        BarColumn,
        DownloadColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
        TransferSpeedColumn,
    )

    from thinkcap.show.console import SafeConsole

    columns = (
        TextColumn("{task.description}"),
        BarColumn(bar_width=None),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=SafeConsole(sys.stderr), transient=True) as bar:
        task = bar.add_task(what, total=total, completed=start)
        yield lambda here: bar.update(task, completed=here)
