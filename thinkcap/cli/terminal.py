"""What a command says on standard error while results go elsewhere: sentences, and the progress of a batch."""

from __future__ import annotations

import sys
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from thinkcap.runs.batch import Watch
    from thinkcap.runs.session import OpenWatch


def say(sentence: str) -> None:
    """Writes a sentence that the user should know."""
    from thinkcap.text import one_line, write_line

    write_line(f"thinkcap: {one_line(sentence)}", sys.stderr)


def progress(*, log: bool, lines: bool = True) -> OpenWatch:
    """What opens the view of a batch: a bar on a terminal, elsewhere a line now and then.

    log    whether llama.cpp's log is shown, which no bar survives
    lines  whether there are lines where there is no terminal
    """
    from thinkcap.show.live.batch_progress import BatchProgress
    from thinkcap.show.live.batch_view import choose_batch_view

    def open_view(total: int, done: int = 0, graded: int = 0, correct: int = 0) -> AbstractContextManager[Watch]:
        return choose_batch_view(BatchProgress(total, done, graded, correct), sys.stderr, log=log, lines=lines)

    return open_view
