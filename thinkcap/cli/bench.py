"""`thinkcap bench`: how fast this machine runs this model."""

from __future__ import annotations

import sys
from dataclasses import asdict, replace
from functools import partial
from typing import TYPE_CHECKING, Any

import click

from thinkcap.cli import options
from thinkcap.cli.parameter_types import ParamType, whole
from thinkcap.runs.load_options import LoadOptions

if TYPE_CHECKING:
    from thinkcap.runs.speed import ModelSpeed

EXAMPLES = """\
  thinkcap bench --model abacus
  thinkcap bench --model abacus --tune
  thinkcap bench --widths 1,16 --tokens 64 --json
"""


class Widths(ParamType):
    """Numbers of sequences: `1,4,16`."""

    name = "numbers"

    def convert(self, value: Any, parameter: click.Parameter | None, context: click.Context | None) -> tuple[int, ...]:
        if isinstance(value, tuple):
            return value
        number = whole(1, 256)
        return tuple(sorted({number.convert(part, parameter, context) for part in value.split(",")}))


_add = partial(options.add, group="Run")


@options.command(EXAMPLES)
@options.load(without=["context", "think_start", "think_end"])
@_add("--widths", type=Widths(), default="1,2,4,8,16,32", show_default=True, help="Sequences at once to try.")
@_add("--tokens", type=whole(4), default=32, show_default=True, help="Tokens per sequence in each run.")
@_add("--repeats", type=whole(1), default=3, show_default=True, help="Runs per width; the median is reported.")
@_add("--tune", is_flag=True, help="Find the best threads and width, and use them from now on.")
@options.json
def command(load: LoadOptions, widths: tuple[int, ...], tokens: int, repeats: int, tune: bool, as_json: bool) -> None:
    """Measure prompt and decode rates of a model on this machine, and say what they mean.

    With --tune every sensible number of threads is tried. The best, with the best width, is kept in your settings and
    used by default from then on. It also measures whether speculative decoding would pay here.
    """
    from thinkcap.engine.model.threads import physical_cores
    from thinkcap.runs.speed import candidates, measure
    from thinkcap.show.live.meter import Meter
    from thinkcap.show.tables.speed_lines import speed_lines
    from thinkcap.text import write_json, write_line

    meter = Meter(sys.stderr) if sys.stderr.isatty() else None

    def run(threads: int | None) -> ModelSpeed:
        with replace(load, threads=threads).load() as engine:
            note = f", {threads} threads …" if tune else " …"
            return measure(
                engine,
                widths,
                tokens=tokens,
                repeats=repeats,
                drafts=tune,
                watch=lambda words: meter.status(f"measuring {words}{note}") if meter else None,
            )

    if not tune:
        speed = run(load.threads)
    else:
        tried = [run(count) for count in ([load.threads] if load.threads else candidates(physical_cores()))]
        speed = max(tried, key=lambda speed: speed.best.tokens_per_second)
    if meter:
        meter.close()
    if as_json:
        write_json(asdict(speed), sys.stdout)
    else:
        write_line("\n".join(speed_lines(speed)), sys.stdout)
    if tune:
        from thinkcap.catalog.tuning import Tuning, write

        found = Tuning(speed.threads, speed.best.width, physical_cores())
        path = write(speed.model, speed.quant, found)
        write_line(
            f"thinkcap: from now on {speed.model} runs with {found.threads} thread{'s' * (found.threads > 1)}, "
            f"{found.parallel} at once.\nKept in {path}",
            sys.stderr,
        )
