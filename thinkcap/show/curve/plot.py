"""Plots of curves in files: PNG and SVG by matplotlib (the extra `plot`), HTML without it."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path

from thinkcap.errors import ThinkcapError, UsageError
from thinkcap.show.curve.chart import charts
from thinkcap.show.curve.curve import Curve, caption

FORMATS = (".png", ".svg", ".html")


def check_path(path: str | Path) -> None:
    """Raises, before anything is worked out, what `save` would: UsageError for a format that is not known,
    ThinkcapError if matplotlib is missing."""
    suffix = Path(path).suffix.lower()
    if suffix not in FORMATS:
        raise UsageError(f"{path}: a plot is a .png, .svg or .html file.")
    if suffix != ".html" and find_spec("matplotlib") is None:
        raise ThinkcapError(
            f"{suffix[1:].upper()} plots need matplotlib: run `pip install '.[plot]'` in a clone of thinkcap, or name "
            "an .html file, which needs nothing."
        )


def save(curves: Sequence[Curve], path: str | Path, title: str = "", dark: bool = False) -> None:
    """Draws all charts of the curves into a file, in the format that its name says.

    dark  whether a picture is for dark ground; a page follows its reader's system

    Raises UsageError for another format, ThinkcapError if there is nothing to draw, matplotlib is missing or the file
    can't be written.
    """
    check_path(path)
    shown = charts(curves)
    if not shown:
        raise ThinkcapError(
            "There is nothing to plot: accuracy needs problems with expected answers, and the other charts at least "
            "two budgets."
        )
    path = Path(path)
    unfinished = path.with_name(f"{path.name}.part")  # a plot that fails leaves the file of that name as it was
    try:
        if path.suffix.lower() == ".html":
            from thinkcap.show.curve.page.html import write

            write(curves, unfinished, title)
        else:
            from thinkcap.show.curve.image import write_image

            write_image(shown, unfinished, path.suffix.lower()[1:], title, caption(curves), dark)
        unfinished.replace(path)
    except OSError as error:
        raise ThinkcapError(f"{path} can't be written ({error.strerror or error}): name another place.") from error
    finally:
        with suppress(OSError):
            unfinished.unlink(missing_ok=True)
