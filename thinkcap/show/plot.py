"""Figures of the budget curve in files: PNG and SVG by matplotlib (the extra `plot`), HTML without it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from thinkcap.errors import ThinkcapError, UsageError
from thinkcap.show.curve import Axis, Curve, Figure, Line, figures

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Canvas
    from matplotlib.transforms import Bbox

FORMATS = (".png", ".svg", ".html")
COLOURS = ("#0068a8", "#c8500a", "#007f5f", "#a63d80", "#8a6a00", "#5b4bb5")
"""Told apart by people who see red and green alike, and dark enough on white; shapes and dashes differ too."""
SHAPES = ("o", "s", "^", "D", "v", "P")
DASHES = ("-", (0, (6, 2)), (0, (2, 1.5)), (0, (8, 2, 2, 2)))
PUBLISHED = "#6b7280"
INK, QUIET, GRID = "#1f2328", "#59636e", "#e4e7eb"
DPI = 160
LEGEND_ROW = 0.24
"""Inches."""
NEAR = 9.0
"""Points of one curve closer than this, in points of 1/72 inch, share a label."""


def check_path(path: str | Path) -> None:
    """Raises, before anything is worked out, what `save` would: UsageError for a format that is not known,
    ThinkcapError where matplotlib is missing."""
    suffix = Path(path).suffix.lower()
    if suffix not in FORMATS:
        raise UsageError(f"{path}: a plot is a .png, .svg or .html file.")
    if suffix != ".html" and find_spec("matplotlib") is None:
        raise ThinkcapError(
            f"{suffix[1:].upper()} plots need matplotlib: pip install 'thinkcap[plot]', or name an .html file, "
            "which needs nothing."
        )


def save(curves: Sequence[Curve], path: str | Path, title: str = "") -> None:
    """Draws all figures of the curves into a file, in the format that its name says.

    Raises UsageError for another format, ThinkcapError where there is nothing to draw, matplotlib is missing or the
    file can't be written.
    """
    check_path(path)
    shown = figures(curves)
    if not shown:
        raise ThinkcapError(
            "There is nothing to plot: accuracy needs problems with expected answers, and the other figures at least "
            "two budgets."
        )
    path = Path(path)
    unfinished = path.with_name(f"{path.name}.part")  # a plot that fails leaves the file of that name as it was
    try:
        if path.suffix.lower() == ".html":
            from thinkcap.show.curve_page import write

            write(curves, unfinished, title)
        else:
            _write_image(shown, unfinished, path.suffix.lower()[1:], title)
        unfinished.replace(path)
    except OSError as error:
        raise ThinkcapError(f"{path} can't be written ({error.strerror or error}): name another place.") from error
    finally:
        with suppress(OSError):
            unfinished.unlink(missing_ok=True)


def _write_image(shown: Sequence[Figure], path: Path, kind: str, title: str) -> None:
    import matplotlib

    # Without a date and without random names, so that the same curves give the same file.
    plain = {"Date": None, "Creator": None} if kind == "svg" else {"Software": None}
    with matplotlib.rc_context({"font.family": "DejaVu Sans", "font.size": 10, "svg.hashsalt": "thinkcap"}):
        draw(shown, title).savefig(path, format=kind, metadata=plain)


def draw(shown: Sequence[Figure], title: str = "") -> Canvas:
    """Figures on one canvas: the first large, the others beside it."""
    # The object interface: pyplot would look for a display and keep the figure alive.
    from matplotlib.figure import Figure as Canvas

    names = {line.curve: line for figure in shown for line in figure.lines}
    rows = -(-len(names) // _columns(names.values()))
    width, height = (10.0, 5.6) if len(shown) > 1 else (7.5, 5.2)
    height += max(rows - 2, 0) * LEGEND_ROW
    head = 0.42 if title else 0.12
    canvas = Canvas(figsize=(width, height), dpi=DPI, facecolor="white")
    grid = canvas.add_gridspec(
        2, 2 if len(shown) > 1 else 1, width_ratios=(1.75, 1) if len(shown) > 1 else None, wspace=0.3, hspace=0.62,
        left=0.75 / width, right=1 - 0.2 / width,
        bottom=0.58 / height, top=1 - (head + LEGEND_ROW * rows + 0.42) / height,
    )  # fmt: skip
    beside = [grid[0, 1], grid[1, 1]] if len(shown) == 3 else [grid[:, 1]] if len(shown) == 2 else []
    places = [grid[:, 0], *beside]
    drawn = [(canvas.add_subplot(place), figure) for place, figure in zip(places, shown, strict=True)]
    for axes, figure in drawn:
        _figure(axes, figure)
    if title:
        text = canvas.text(0.2 / width, 1 - 0.16 / height, title, va="top", size=13, weight="bold", color=INK)
        text.set_parse_math(False)
    _legend(canvas, names, 0.12 / width, 1 - head / height)
    canvas.draw_without_rendering()
    for axes, figure in drawn:
        _label(axes, figure)
    return canvas


def _figure(axes: Axes, figure: Figure) -> None:
    axes.set_title(figure.title, loc="left", size=10.5, color=INK, pad=8, weight="bold")
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    axes.spines["bottom"].set_color("#b6bcc4")
    axes.grid(color=GRID, linewidth=0.8)
    axes.set_axisbelow(True)
    _axis(axes, "x", figure.x)
    _axis(axes, "y", figure.y)
    if figure.diagonal:
        ends = (min(figure.x.low, figure.y.low), max(figure.x.high, figure.y.high))
        axes.plot(ends, ends, color="#9aa2ac", linewidth=1, linestyle=(0, (1, 2)), zorder=1.5)
    for line in figure.lines:
        _line(axes, line)


def _axis(axes: Axes, which: str, axis: Axis) -> None:
    one = axes.xaxis if which == "x" else axes.yaxis
    if axis.log:
        getattr(axes, f"set_{which}scale")("log")
    getattr(axes, f"set_{which}lim")(axis.low, axis.high)
    one.set_ticks([tick for tick, _ in axis.ticks], [label for _, label in axis.ticks])
    one.set_ticks([], minor=True)
    one.set_tick_params(colors=QUIET, labelsize=9, length=0, pad=5)
    getattr(axes, f"set_{which}label")(axis.title, color=QUIET, size=9.5, labelpad=5)


def _line(axes: Axes, line: Line) -> None:
    xs, ys = [mark.x for mark in line.marks], [mark.y for mark in line.marks]
    colour = _colour(line)
    if line.has_band():
        where, lows, highs = zip(*line.whiskers(), strict=True)
        axes.fill_between(where, lows, highs, color=colour, alpha=0.13, linewidth=0, zorder=2)
    else:
        for place, low, high in line.whiskers():
            axes.vlines([place], low, high, color=colour, alpha=0.4, linewidth=2, zorder=2)
    axes.plot(xs, ys, **_style(line), zorder=3)


def _style(line: Line) -> dict[str, Any]:
    colour = _colour(line)
    return {
        "color": colour,
        "linewidth": 1.4 if line.published else 1.9,
        "linestyle": (0, (1.5, 1.5)) if line.published else DASHES[line.curve // len(COLOURS) % len(DASHES)],
        "marker": SHAPES[line.curve % len(SHAPES)],
        "markersize": 6 if SHAPES[line.curve % len(SHAPES)] in "os" else 6.8,
        "markerfacecolor": "white" if line.published else colour,
        "markeredgecolor": colour if line.published else "white",
        "markeredgewidth": 1.2 if line.published else 0.9,
    }


def _colour(line: Line) -> str:
    return PUBLISHED if line.published else COLOURS[line.curve % len(COLOURS)]


def _columns(lines: Collection[Line]) -> int:
    """Names a row of the legend has, by the longest of them."""
    longest = max(len(line.name) for line in lines)
    return max(1, min(len(lines), 112 // (longest + 8)))


def _legend(canvas: Canvas, names: dict[int, Line], left: float, top: float) -> None:
    """One legend for all figures, in rows under the title, so that it never lies over a curve."""
    from matplotlib.lines import Line2D

    ordered = [names[place] for place in sorted(names)]
    columns = _columns(ordered)
    # matplotlib fills a legend column by column; people read rows.
    by_column = [line for column in range(columns) for line in ordered[column::columns]]
    legend = canvas.legend(
        [Line2D([], [], **_style(line)) for line in by_column], ["name"] * len(by_column),
        loc="upper left", bbox_to_anchor=(left, top), ncols=columns, frameon=False, fontsize=9.5, labelcolor=INK,
        handlelength=2.6, columnspacing=1.8, borderaxespad=0, labelspacing=0.45,
    )  # fmt: skip
    for text, line in zip(legend.get_texts(), by_column, strict=True):
        # Not as labels: matplotlib reads a meaning into dollar signs and leading underscores.
        text.set_parse_math(False)
        text.set_text(line.name)


def _label(axes: Axes, figure: Figure) -> None:
    """Writes budgets at the points, where they lie over nothing; the other figures have them as ticks."""
    if figure.kind != "accuracy":
        return
    spots = {line.curve: [axes.transData.transform((mark.x, mark.y)) for mark in line.marks] for line in figure.lines}
    strokes = [
        *spots.values(),
        *(
            axes.transData.transform([(x, low), (x, high)])
            for line in figure.lines
            if not line.has_band()
            for x, low, high in line.whiskers()
        ),
    ]
    taken: list[Bbox] = []
    said: list[tuple[str, float, float]] = []
    for line in figure.lines:
        for numbers in _clusters(spots[line.curve]):
            words = [line.marks[number].label for number in numbers if line.marks[number].label]
            if not words:
                continue
            text = words[0] if len(set(words)) == 1 else f"{words[0]}–{words[-1]}"
            mark = line.marks[numbers[-1]]
            x, y = spots[line.curve][numbers[-1]]
            if any(text == other and abs(x - left) + abs(y - top) < NEAR * DPI / 72 for other, left, top in said):
                continue
            said.append((text, x, y))
            for dx, dy in ((0, 9), (0, -9), (-7, 7), (7, -7), (-8, 0), (8, 0), (7, 7), (-7, -7)):
                note = axes.annotate(
                    text, (mark.x, mark.y), xytext=(dx, dy), textcoords="offset points", size=8, color=_colour(line),
                    ha=("center", "left", "right")[(dx > 0) - (dx < 0)],
                    va=("center", "bottom", "top")[(dy > 0) - (dy < 0)], zorder=4,
                )  # fmt: skip
                box = note.get_window_extent()
                if _is_free(box, axes, strokes, taken):
                    taken.append(box)
                    break
                note.remove()


def _clusters(spots: Sequence[Any]) -> list[list[int]]:
    """Neighbours on a line that lie on one another, by number."""
    clusters: list[list[int]] = []
    for number, (x, y) in enumerate(spots):
        if clusters:
            left, top = spots[clusters[-1][-1]]
            if abs(x - left) + abs(y - top) < NEAR * DPI / 72:
                clusters[-1].append(number)
                continue
        clusters.append([number])
    return clusters


def _is_free(box: Bbox, axes: Axes, lines: Iterable[Any], taken: Sequence[Bbox]) -> bool:
    """Whether a label lies within the axes and over no other label, point or stretch of a line."""
    from matplotlib.path import Path as Outline

    around = box.padded(2 * DPI / 72)
    inside = axes.get_window_extent()
    if not (inside.x0 <= box.x0 and box.x1 <= inside.x1 and inside.y0 <= box.y0 and box.y1 <= inside.y1):
        return False
    if any(around.overlaps(other) for other in taken):
        return False
    for spots in lines:
        if len(spots) > 1 and Outline(spots).intersects_bbox(around, filled=False):
            return False
        if any(around.x0 - 4 <= x <= around.x1 + 4 and around.y0 - 4 <= y <= around.y1 + 4 for x, y in spots):
            return False
    return True
