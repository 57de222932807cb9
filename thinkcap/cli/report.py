"""`thinkcap report`: what result files hold, as tables or JSON."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, get_args

import click

from thinkcap.cli import options
from thinkcap.cli.parameter_types import FilePath
from thinkcap.errors import UsageError
from thinkcap.runs.polls import VoteBy

if TYPE_CHECKING:
    from thinkcap.runs.report import Report
    from thinkcap.show.curve.curve import Curve

TERMINAL = "-"
"""The path of a plot that means the terminal."""

EXAMPLES = """\
  thinkcap report results.jsonl
  thinkcap report e1.jsonl l1.jsonl
  thinkcap report results.jsonl --by subject
  thinkcap report results.jsonl --votes
  thinkcap report results.jsonl --failures | less
  thinkcap report results.jsonl --regrade --json
  thinkcap report results.jsonl --plot curve.html
  thinkcap report aime.jsonl --plot curve.png --reference e1,deepscaler
"""


@options.command(EXAMPLES)
@click.argument("files", type=FilePath(), nargs=-1, required=True, metavar="RESULTS...")
@options.add("--by", metavar="FIELD", help="Split by a field of the problems, or of the results (stop_reason …).")
@options.add("--votes", is_flag=True, help="Compare votes with single thoughts, in accuracy and in tokens.")
@options.add("--vote-by", type=click.Choice(get_args(VoteBy)), help="Weigh the votes like this; implies --votes.")
@options.add("--failures", is_flag=True, help="Show what went wrong, with the thoughts.")
@options.add("--regrade", is_flag=True, help="Compare the answers again; the files stay as they are.")
@options.add("--json", "as_json", is_flag=True, help="Print the figures as one JSON object.")
@options.add("--plot", "plots", type=FilePath(), multiple=True, help="Draw a .png, .svg or .html; - is the terminal.")
@options.add("--dark", is_flag=True, help="Draw .png and .svg for a dark background.")
@options.add("--reference", metavar="NAMES", help="Add published points to the plot: e1,deepscaler.")
def command(
    files: tuple[str, ...],
    by: str | None,
    votes: bool,
    vote_by: VoteBy | None,
    failures: bool,
    regrade: bool,
    as_json: bool,
    plots: tuple[str, ...],
    dark: bool,
    reference: str | None,
) -> None:
    """Summarise the results of batches, also while they are running.

    A row for each model and budget: Avg@k with its 95 % interval, pass@k (unbiased), maj@k (a vote by mathematical
    equivalence), mean thinking and solution tokens, the share of thoughts that were cut and of results with an answer,
    and for models that read a length in the prompt, how far off they are.

    --votes adds what each way to spend tokens gave: one thought, maj@k over whole thoughts, and a vote over answers at
    several depths of each, with the mean tokens a problem, a shared thought counted once. Votes over depths and votes
    that ended early are shown in any case, the latter with the tokens of what they cancelled.

    --plot draws accuracy against tokens used with its 95 % interval, the share of thoughts cut, and tokens used against
    the budget: a line for each model and setting, a point for each budget. An .html file opens offline and shows the
    problems behind every point.
    """
    from thinkcap.runs.report import make_report

    if TERMINAL in plots and (as_json or failures):
        raise UsageError("--plot - draws below the tables, so it goes with neither --json nor --failures.")
    published = _published(plots, reference or "") if plots or reference else []
    report = make_report(files, by=by, votes=votes, vote_by=vote_by, again=regrade)
    drawn: list[Curve] = []
    if plots:
        from thinkcap.show.curve.curve import curves, method_curves

        drawn = [*curves(report.groups, votes=not report.methods), *method_curves(report.methods or []), *published]
        _save(drawn, plots, dark)
    if failures and not as_json:
        _print_failures(report)
        return
    print_figures(report, as_json=as_json, by=by, failures=failures)
    if TERMINAL in plots:
        from thinkcap.show.curve.text_chart import print_chart

        print_chart(drawn, sys.stdout)


def print_figures(report: Report, *, as_json: bool = False, by: str | None = None, failures: bool = False) -> None:
    """Prints a report's tables, or JSON; `failures` puts what went wrong into the JSON."""
    from thinkcap.show.tables.group_table import print_report
    from thinkcap.show.tables.method_table import print_methods
    from thinkcap.text import write_json, write_line

    if as_json:
        wrong = {"failures": [result.to_dict() for result in report.failures]} if failures else {}
        write_json(report.to_dict() | wrong, sys.stdout)
        return
    print_report(report.groups, sys.stdout, by)
    if report.methods is not None:
        print_methods(report.methods, sys.stdout)
    if report.changed is not None:
        write_line(
            f"{report.changed} of {len(report.results)} verdicts changed; the files stay as they are.", sys.stdout
        )


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


def _save(curves: Sequence[Curve], plots: Sequence[str], dark: bool) -> None:
    from thinkcap.show.curve.plot import save
    from thinkcap.text import one_line, write_line

    for path in plots:
        if path != TERMINAL:
            save(curves, path, dark=dark)
            write_line(f"thinkcap: Wrote {one_line(path)}.", sys.stderr)


def _print_failures(report: Report) -> None:
    from shutil import get_terminal_size

    from thinkcap.show.tables.failure_lines import failure_lines
    from thinkcap.text import write_line

    width = get_terminal_size().columns - 1
    wrong = report.failures
    for result in wrong:
        for line in failure_lines(result, width):
            write_line(line, sys.stdout)
    results = f"{len(wrong)} result{'s' * (len(wrong) != 1)}"
    write_line(f"{results} went wrong." if wrong else "Nothing went wrong.", sys.stdout)
