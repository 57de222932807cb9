"""`thinkcap report`: what result files hold, as tables or JSON."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import click

from thinkcap.cli.options import debug_option
from thinkcap.errors import UsageError

if TYPE_CHECKING:
    from thinkcap.runs.records import Record
    from thinkcap.show.curve.curve import Curve

TERMINAL = "-"
"""The path of a plot that means the terminal."""

EXAMPLES = """\
\b
Examples:
  thinkcap report results.jsonl
  thinkcap report e1.jsonl l1.jsonl
  thinkcap report results.jsonl --by subject
  thinkcap report results.jsonl --votes
  thinkcap report results.jsonl --failures | less
  thinkcap report results.jsonl --regrade --json
  thinkcap report results.jsonl --plot curve.html
  thinkcap report aime.jsonl --plot curve.png --reference e1,deepscaler
"""


@click.command(epilog=EXAMPLES, short_help="Summarise result files.")
@click.argument("files", nargs=-1, required=True, metavar="RESULTS...")
@click.option("--by", metavar="FIELD", help="Split by a field of the problems, or of the results (stop_reason …).")
@click.option("--votes", is_flag=True, help="Compare votes with single thoughts, in accuracy and in tokens.")
@click.option("--failures", is_flag=True, help="Show what went wrong, with the thoughts.")
@click.option("--regrade", is_flag=True, help="Compare the answers again; the files stay as they are.")
@click.option("--json", "as_json", is_flag=True, help="Print the figures as one JSON object.")
@click.option("--plot", "plots", multiple=True, metavar="PATH", help="Draw a .png, .svg or .html; - is the terminal.")
@click.option("--reference", metavar="NAMES", help="Add published points to the plot: e1,deepscaler.")
@debug_option
def command(
    files: tuple[str, ...],
    by: str | None,
    votes: bool,
    failures: bool,
    regrade: bool,
    as_json: bool,
    plots: tuple[str, ...],
    reference: str | None,
) -> None:
    """Summarise the results of batches, also while they are running.

    A row for each model and budget: Avg@k with its 95 % interval, pass@k (unbiased), maj@k (a vote by mathematical
    equivalence), mean thinking and solution tokens, the share of thoughts that were cut and of results with an answer,
    and for models that are told a length, how far off they are.

    --votes adds what each way to spend tokens gave: one thought, maj@k over whole thoughts, and a vote over answers at
    several depths of each (shown in any case), with the mean tokens a problem, a shared thought counted once.

    --plot draws accuracy against tokens used with its 95 % interval, the share of thoughts cut, and tokens used against
    tokens asked: a line for each model and setting, a point for each budget. An .html file opens offline and shows the
    problems behind every point.
    """
    summarise(
        files,
        by=by,
        votes=votes,
        failures=failures,
        regrade=regrade,
        as_json=as_json,
        plots=plots,
        reference=reference or "",
    )


def summarise(
    files: Sequence[str],
    *,
    by: str | None = None,
    votes: bool = False,
    failures: bool = False,
    regrade: bool = False,
    as_json: bool = False,
    plots: Sequence[str] = (),
    reference: str = "",
) -> None:
    """Prints what the files hold; the arguments are the command's."""
    from thinkcap.grading import Grader
    from thinkcap.runs import report
    from thinkcap.runs.methods import methods
    from thinkcap.text import write_json, write_line

    if TERMINAL in plots and (as_json or failures):
        raise UsageError("--plot - draws below the tables, so it goes with neither --json nor --failures.")
    published = _published(plots, reference) if plots or reference else []
    records = report.read_all(files)
    with ExitStack() as stack:
        grader = stack.enter_context(Grader())
        changed = report.regrade(records, grader) if regrade else None
        groups = report.group(records, by, grader)
        votes = votes or any(group.settings["depths"] for group in groups)
        compared = methods(groups, grader) if votes else []
    wrong = report.failures(records) if failures else None
    if plots:
        from thinkcap.show.curve.curve import curves, method_curves

        drawn = [*curves(groups, votes=not compared), *method_curves(compared), *published]
        _save(drawn, plots)
    if as_json:
        figures: dict[str, Any] = {"groups": [group.to_dict() for group in groups]}
        if votes:
            figures |= {"methods": [method.to_dict() for method in compared]}
        if changed is not None:
            figures |= {"changed": changed}
        if wrong is not None:
            figures |= {"failures": wrong}
        write_json(figures, sys.stdout)
        return
    if wrong is not None:
        _show_failures(wrong)
        return
    from thinkcap.show.tables.group_table import print_report
    from thinkcap.show.tables.method_table import print_methods

    print_report(groups, sys.stdout, by)
    if votes:
        print_methods(compared, sys.stdout)
    if changed is not None:
        write_line(f"{changed} of {len(records)} verdicts changed; the files stay as they are.", sys.stdout)
    if TERMINAL in plots:
        from thinkcap.show.curve.text_chart import print_chart

        print_chart(drawn, sys.stdout)


def _published(plots: Sequence[str], reference: str) -> list[Curve]:
    """The published curves asked for. What can be refused of a plot is refused here, before anything is read."""
    from thinkcap.show.curve.plot import check_path
    from thinkcap.show.curve.published import published_curves

    if not plots:
        raise UsageError("--reference adds points to a plot: say where that goes, like --plot curve.png.")
    for path in plots:
        if path != TERMINAL:
            check_path(path)
    return published_curves(reference)


def _save(curves: Sequence[Curve], plots: Sequence[str]) -> None:
    from thinkcap.show.curve.plot import save
    from thinkcap.text import one_line, write_line

    for path in plots:
        if path != TERMINAL:
            save(curves, path)
            write_line(f"thinkcap: {one_line(path)} is drawn.", sys.stderr)


def _show_failures(records: list[Record]) -> None:
    from shutil import get_terminal_size

    from thinkcap.runs.report import reason
    from thinkcap.show.tables.failure_lines import failure_lines
    from thinkcap.text import write_line

    width = get_terminal_size().columns - 1
    for record in records:
        for line in failure_lines(record, reason(record), width):
            write_line(line, sys.stdout)
    results = f"{len(records)} result{'s' * (len(records) != 1)}"
    write_line(f"{results} went wrong." if records else "Nothing went wrong.", sys.stdout)
