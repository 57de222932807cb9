"""`thinkcap bench`: how fast this machine runs this model."""

from __future__ import annotations

import sys
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from thinkcap.cli.options import MOST_THREADS, Number, ParamType, debug_option

if TYPE_CHECKING:
    from thinkcap.runs.speed import Speed

EXAMPLES = """\
\b
Examples:
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
        number = Number(1, 256, whole=True)
        return tuple(sorted({int(number.convert(part, parameter, context)) for part in value.split(",")}))


@click.command(epilog=EXAMPLES, short_help="Measure how fast this machine runs a model.")
@click.option("--model", "-m", metavar="NAME", help="A model's name, OWNER/REPO[:QUANT], or a path to a .gguf.")
@click.option("--quant", metavar="NAME", help="Which quantisation of it: q8_0, f16, …")
@click.option("--widths", type=Widths(), default="1,2,4,8,16,32", show_default=True, help="Sequences at once to try.")
@click.option(
    "--tokens", type=Number(4, whole=True), default=32, show_default=True, help="Tokens a sequence, each time."
)
@click.option(
    "--repeats", type=Number(1, whole=True), default=3, show_default=True, help="Times a width; the median counts."
)
@click.option("--threads", type=Number(1, MOST_THREADS, whole=True), help="CPU threads.")
@click.option("--gpu-layers", type=Number(0, whole=True), help="Layers on the GPU; 0 keeps all on the CPU.")
@click.option("--tune", is_flag=True, help="Find the best threads and width, and use them from now on.")
@click.option("--json", "as_json", is_flag=True, help="Print the figures as JSON.")
@click.option("--verbose", "-v", is_flag=True, help="Show llama.cpp's own log.")
@debug_option
def command(
    model: str | None,
    quant: str | None,
    widths: tuple[int, ...],
    tokens: int,
    repeats: int,
    threads: int | None,
    gpu_layers: int | None,
    tune: bool,
    as_json: bool,
    verbose: bool,
) -> None:
    """Measure prompt and decode rates of a model on this machine, and say what they mean.

    With --tune every sensible number of threads is tried, and the best, with the best width, is kept in your settings
    and used by default from then on.
    """
    from thinkcap import load
    from thinkcap.engine.model.threads import physical_cores
    from thinkcap.runs.speed import candidates, measure
    from thinkcap.show.live.meter import Meter
    from thinkcap.show.tables.speed_lines import speed_lines
    from thinkcap.text import write_json, write_line

    meter = Meter(sys.stderr) if sys.stderr.isatty() else None

    def run(threads: int | None) -> Speed:
        with load(model, quant=quant, threads=threads, gpu_layers=gpu_layers, verbose=verbose) as engine:
            note = f", {threads} threads …" if tune else " …"
            return measure(
                engine,
                widths,
                tokens=tokens,
                repeats=repeats,
                watch=lambda words: meter.status(f"measuring {words}{note}") if meter else None,
            )

    if not tune:
        speed = run(threads)
    else:
        tried = [run(count) for count in ([threads] if threads else candidates(physical_cores()))]
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
