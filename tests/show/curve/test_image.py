"""PNG and SVG files and the chart in the terminal: whole, safe, and no label over another."""

from __future__ import annotations

import io
import json
import re
import subprocess
import sys
from itertools import combinations
from pathlib import Path
from xml.etree import ElementTree

import pytest
from matplotlib.axes import Axes
from matplotlib.text import Text
from rich.cells import cell_len

from tests.show.sweeps import curves_of, record, sweep
from thinkcap.cli import run
from thinkcap.errors import ThinkcapError, UsageError
from thinkcap.show.curve.chart import charts
from thinkcap.show.curve.curve import Curve
from thinkcap.show.curve.image import draw
from thinkcap.show.curve.palette import DARK, LIGHT
from thinkcap.show.curve.plot import save
from thinkcap.show.curve.published import published_curves
from thinkcap.show.curve.text_chart import chart_rows, print_chart
from thinkcap.text import spell


@pytest.fixture
def drawn() -> list[Curve]:
    return [*curves_of(sweep() + sweep(style="message") + sweep(style="soft")), *published_curves("e1,deepscaler")]


def test_png_and_svg_are_files_of_their_kind(drawn: list[Curve], tmp_path: Path) -> None:
    save(drawn, tmp_path / "curve.png", "A title")
    assert (tmp_path / "curve.png").read_bytes().startswith(b"\x89PNG\r\n\x1a\n")
    save(drawn, tmp_path / "curve.SVG")
    assert ElementTree.parse(tmp_path / "curve.SVG").getroot().tag == "{http://www.w3.org/2000/svg}svg"


def test_the_same_curves_give_the_same_bytes(drawn: list[Curve], tmp_path: Path) -> None:
    for name in ("curve.png", "curve.svg", "curve.html"):
        save(drawn, tmp_path / name)
        first = (tmp_path / name).read_bytes()
        save(drawn, tmp_path / name)
        assert (tmp_path / name).read_bytes() == first


def test_an_svg_draws_its_letters_and_links_to_nothing(drawn: list[Curve], tmp_path: Path) -> None:
    save(drawn, tmp_path / "curve.svg")
    svg = (tmp_path / "curve.svg").read_text("utf-8")
    assert not re.search(r"<(script|image|text|foreignObject)\b", svg)
    assert set(re.findall(r'href="(.)', svg)) == {"#"}


def titles_of(axes: Axes) -> list[Text]:
    return [
        each for each in axes.get_children() if isinstance(each, Text) and each.get_text() == axes.get_title("left")
    ]


@pytest.mark.parametrize("title", ["", "A title"])
def test_no_label_lies_over_another(drawn: list[Curve], title: str) -> None:
    canvas = draw(charts(drawn), title)
    texts = list(canvas.texts)
    for axes in canvas.axes:
        texts += [*axes.texts, axes.xaxis.label, axes.yaxis.label, *titles_of(axes)]
        texts += [*axes.get_xticklabels(), *axes.get_yticklabels()]
    texts += canvas.legends[0].get_texts()
    boxes = [(text.get_text(), text.get_window_extent()) for text in texts if text.get_text()]
    assert len(boxes) > 30
    for (one, box), (other, around) in combinations(boxes, 2):
        assert not box.overlaps(around), (one, other)
    for name, box in boxes:
        assert box.x0 >= 0, name
        assert box.y0 >= 0, name
        assert box.x1 <= canvas.bbox.x1, name
        assert box.y1 <= canvas.bbox.y1, name


def test_points_are_labelled_with_their_budgets() -> None:
    records = [record(f"p{number}", budget, number > 4) for budget in (0, 64, 128, 1024, None) for number in range(9)]
    main, *_ = draw(charts(curves_of(records))).axes
    assert [text.get_text() for text in main.texts] == [
        "budget unlimited",
        "budget 0",
        "budget 64",
        "budget 128",
        "budget 1k",
    ]


def test_names_mean_nothing_to_matplotlib(tmp_path: Path) -> None:
    records = sweep(model="_$\\frac{1}{$") + sweep(model="__init__")
    save(curves_of(records), tmp_path / "curve.png", "$\\undefined$")
    legend = draw(charts(curves_of(records))).legends[0]
    assert [text.get_text() for text in legend.get_texts()] == ["_$\\frac{1}{$", "__init__"]


def test_many_curves_have_room_for_their_names(tmp_path: Path) -> None:
    records = [
        each for number in range(14) for each in sweep(2, model=f"a model with quite a long name, number {number}")
    ]
    canvas = draw(charts(curves_of(records)))
    assert canvas.legends[0].get_window_extent().y0 > canvas.axes[0].get_window_extent().y1


def test_what_cannot_be_plotted_is_said_in_a_sentence(drawn: list[Curve], tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"curve.gif: a plot is a .png, .svg or .html file"):
        save(drawn, "curve.gif")
    with pytest.raises(ThinkcapError, match="nothing to plot"):
        save(curves_of([record("p", None, correct=None)]), tmp_path / "curve.png")
    with pytest.raises(ThinkcapError, match=r"can't be written \(No such file"):
        save(drawn, tmp_path / "missing" / "curve.png")
    with pytest.raises(ThinkcapError, match=r"can't be written \(No such file"):
        save(drawn, tmp_path / "missing" / "curve.html")


def test_report_draws_files_and_in_the_terminal(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    results = tmp_path / "results.jsonl"
    results.write_text("".join(json.dumps(each) + "\n" for each in sweep()), "utf-8")
    pictures = [tmp_path / "curve.svg", tmp_path / "curve.html"]
    plots = [part for path in (*pictures, "-") for part in ("--plot", str(path))]
    assert run(["report", str(results), *plots, "--reference", "e1"]) == 0
    output = capsys.readouterr()
    assert all(path.exists() for path in pictures)
    assert LIGHT.ground in pictures[0].read_text("utf-8")
    assert run(["report", str(results), "--plot", str(pictures[0]), "--dark"]) == 0
    assert DARK.ground in pictures[0].read_text("utf-8")
    assert "● abacus  budget 0: 10.0 %, budget unlimited: 90.0 %" in output.out
    assert f"Wrote {pictures[0]}." in output.err


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--plot", "curve.gif"], "a plot is a .png, .svg or .html file"),
        (["--reference", "e1"], "say where that goes, like --plot curve.png"),
        (["--plot", "curve.png", "--reference", "e2"], "no published points of 'e2'"),
        (["--plot", "-", "--json"], "goes with neither --json nor --failures"),
    ],
)
def test_report_refuses_plots_before_it_reads_anything(
    options: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["report", "not-there.jsonl", *options]) == 2
    assert sentence in capsys.readouterr().err


def test_without_matplotlib_it_says_what_to_install_and_html_works(drawn: list[Curve], tmp_path: Path) -> None:
    hide = "import sys; sys.modules['matplotlib'] = None; import thinkcap.show.curve.plot as plot; "
    hide += "from thinkcap.show.curve.published import published_curves; "
    child = subprocess.run(
        [
            sys.executable,
            "-c",
            f"{hide} plot.save(published_curves('e1'), 'curve.html'); plot.save(published_curves('e1'), 'c.png')",
        ],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert "PNG plots need matplotlib: run `pip install '.[plot]'` in a clone of thinkcap" in child.stderr
    assert (tmp_path / "curve.html").exists()


@pytest.mark.parametrize("width", [40, 60, 79, 110])
@pytest.mark.parametrize("encoding", ["utf-8", "ascii"])
def test_a_chart_keeps_its_width_and_needs_no_colour(drawn: list[Curve], width: int, encoding: str) -> None:
    for chart in charts(drawn):
        rows = [spell(row.plain, encoding) for row in chart_rows(chart, width, 15)]
        assert max(map(cell_len, rows)) <= width
        shapes = "●■▲" if encoding == "utf-8" else "ox*"
        assert [row[0] for row in rows[-len(chart.lines) :]][:3] == list(shapes)
        assert encoding == "utf-8" or all(row.isascii() for row in rows)


def test_a_chart_goes_up_where_accuracy_does() -> None:
    (curve,) = curves_of(sweep())
    rows = [row.plain for row in chart_rows(charts([curve])[0])]
    places = sorted((row.index("●"), -number) for number, row in enumerate(rows[:-1]) if "●" in row)
    assert places == sorted(places, key=lambda place: place[1])
    assert rows[0] == "Accuracy for the tokens spent: accuracy by mean tokens used"
    assert rows[-1] == "● abacus  budget 0: 10.0 %, budget unlimited: 90.0 %"


def test_lines_on_one_another_take_turns_in_a_chart() -> None:
    (chart, *_) = charts(curves_of(sweep() + sweep(style="message")))
    plot = "".join(row.plain for row in chart_rows(chart)[:-2])
    assert [character for character in plot if character in "●■"].count("■") in (2, 3)


def test_no_color_leaves_no_sequences(drawn: list[Curve], monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        encoding = "utf-8"

        def isatty(self) -> bool:
            return True

    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.delenv("NO_COLOR", raising=False)
    coloured, plain = Terminal(), Terminal()
    print_chart(drawn, coloured)
    monkeypatch.setenv("NO_COLOR", "1")
    print_chart(drawn, plain)
    assert "\x1b[" in coloured.getvalue()
    assert "\x1b" not in plain.getvalue()
    assert re.sub(r"\x1b\[[\d;]*m", "", coloured.getvalue()) == plain.getvalue()


def test_a_chart_of_nothing_says_so() -> None:
    file = io.StringIO()
    print_chart([], file)
    assert file.getvalue().startswith("There is nothing to plot")
