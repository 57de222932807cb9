"""`thinkcap batch`: a file of problems, solved side by side into a result file."""

from __future__ import annotations

import json
import sys
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click

from thinkcap.cli import INTERRUPTED
from thinkcap.cli.options import GenerationOptions, Number, ParamType, generation_options
from thinkcap.errors import UsageError

if TYPE_CHECKING:
    from thinkcap.engine.profile import Profile
    from thinkcap.runs.batch import Solver
    from thinkcap.runs.problems import Problem
    from thinkcap.runs.records import ResultFile

EXAMPLES = """\
\b
Examples:
  thinkcap batch problems.jsonl -o results.jsonl --model abacus
  thinkcap batch aime.json -o aime.jsonl --budget 2k --samples 16
  thinkcap batch test.csv -o out.jsonl --problem-field text --limit 50 --shuffle
  thinkcap batch aime.json --budget 8k --samples 16 --dry-run
"""


class Parallel(ParamType):
    """A number of sequences, or `auto`."""

    name = "number"

    def convert(
        self, value: Any, parameter: click.Parameter | None, context: click.Context | None
    ) -> int | Literal["auto"]:
        if value == "auto":
            return "auto"
        return int(Number(1, whole=True).convert(value, parameter, context))


def read_ids(context: click.Context, parameter: click.Parameter, values: tuple[str, ...]) -> tuple[str, ...]:
    """The callback of --ids: `3,7,12..20`, given once or several times."""
    return tuple(text.strip() for value in values for text in value.split(",") if text.strip())


@click.command(epilog=EXAMPLES, short_help="Solve a file of problems, many at once.")
@click.argument("file")
@click.option("--output", "-o", metavar="FILE", help="Where the results go: JSON Lines, continued where it stops.")
@click.option("--parallel", type=Parallel(), default="auto", help="Sequences in flight at once, or auto.")
@click.option("--restart", is_flag=True, help="Throw away what the result file holds.")
@click.option("--dry-run", is_flag=True, help="Say what it would take, and load no model.")
@click.option("--problem-field", metavar="NAME", help="The field with the problem; a path like task.text works.")
@click.option("--answer-field", metavar="NAME", help="The field with the expected answer.")
@click.option("--id-field", metavar="NAME", help="The field with the id; none numbers the problems.")
@click.option("--limit", type=Number(1, whole=True), help="Take this many problems at most.")
@click.option("--shuffle", is_flag=True, help="Take them in an order drawn with --seed.")
@click.option("--ids", multiple=True, callback=read_ids, metavar="IDS", help="Take only these: a,b or 3..9.")
@click.option("--ray", is_flag=False, flag_value="auto", metavar="[ADDRESS]", help="Run on a Ray cluster.")
@generation_options
def command(
    file: str,
    output: str | None,
    parallel: int | Literal["auto"],
    restart: bool,
    dry_run: bool,
    problem_field: str | None,
    answer_field: str | None,
    id_field: str | None,
    limit: int | None,
    shuffle: bool,
    ids: tuple[str, ...],
    ray: str | None,
    options: GenerationOptions,
) -> None:
    """Solve every problem of FILE, and grade the answers where FILE has them.

    FILE is JSON Lines, a JSON array, CSV, TSV, Parquet or a problem a line, gzipped or not; `-` is standard input. The
    usual names of fields (problem, question, prompt; answer, solution …) are found.

    Each result is written as it finishes. Run the same command again and it goes on where it stopped, whether it was
    interrupted, killed, or given more --samples or problems.

    Exit codes: 0 done, 1 failed, 2 wrong usage, 130 interrupted.
    """
    from thinkcap.runs.problems import Fields, load

    if output is None and not dry_run:
        raise UsageError("Say where the results go: -o results.jsonl.")
    problems = load(
        file,
        Fields(problem_field, answer_field, id_field),
        ids=ids,
        shuffle=options.seed if shuffle else None,
        limit=limit,
    )
    width = None if parallel == "auto" else parallel
    if dry_run:
        _dry_run(problems, output, options, width)
        return
    from thinkcap.runs.records import ResultFile

    assert output is not None
    with ResultFile(output) as results:
        if results.repaired:
            _say(f"The last line of {output} was cut short; its problem is done again.")
        finished = _run(problems, results, options, width, restart, ray)
        done = len(results.done)
    if not finished:
        _say(f"Interrupted with {done} results in {output}: run the same command again to go on.")
        raise click.exceptions.Exit(INTERRUPTED)
    _summary(output, options.json)


def _run(
    problems: list[Problem],
    results: ResultFile,
    options: GenerationOptions,
    width: int | None,
    restart: bool,
    ray: str | None,
) -> bool:
    """Whether all is done. What can be refused is refused before a model is loaded."""
    from thinkcap.runs.batch import open_tasks, run, settings_of, tasks_of
    from thinkcap.show.progress import Bar, Lines, Standing

    asked = options.request()
    if ray is None and not restart:
        profile = _profile(options)
        settings = settings_of(profile, "", asked, options.context)
        del settings["model_sha256"]  # known once the model is loaded, and checked then
        results.check(settings)
        if not open_tasks(tasks_of(problems, options.samples, profile, asked), results):
            _say(f"{results.path} holds all {len(problems) * options.samples} results already.")
            return True
    with ExitStack() as stack:
        solver: Solver
        if ray is None:
            solver = stack.enter_context(options.load())
        else:
            from thinkcap.runs.cluster import Cluster

            solver = stack.enter_context(Cluster(ray, _loading(options)))
        settings = settings_of(solver.profile, solver.model_sha256, asked, options.context)
        tasks = tasks_of(problems, options.samples, solver.profile, asked)
        if restart:
            results.restart()
        results.check(settings)
        todo = open_tasks(tasks, results)
        if len(todo) < len(tasks):
            _say(f"{len(tasks) - len(todo)} of {len(tasks)} results are there already; going on with the rest.")
        from thinkcap.grading import Grader

        grader = stack.enter_context(Grader())
        if any(problem.expected is not None for problem in problems):
            grader.warm()
        standing = Standing(len(tasks), len(tasks) - len(todo), results.graded, results.correct)
        watch: Bar | Lines
        if sys.stderr.isatty() and not options.verbose:
            watch = stack.enter_context(Bar(standing, sys.stderr))
        else:
            watch = stack.enter_context(Lines(standing, sys.stderr))
        return run(solver, todo, results, settings, grader=grader, parallel=width, watch=watch)


def _loading(options: GenerationOptions) -> dict[str, Any]:
    """The arguments of `thinkcap.load`, for engines elsewhere."""
    names = ("quant", "threads", "gpu_layers", "context", "think_start", "think_end")
    return {"name": options.model} | {name: getattr(options, name) for name in names}


def _profile(options: GenerationOptions) -> Profile:
    """The model's profile as the engine will have it, without loading the model."""
    from thinkcap.catalog.locate import locate

    profile = locate(options.model, options.quant).profile
    return replace(
        profile,
        think_start=options.think_start or profile.think_start,
        think_end=options.think_end or profile.think_end,
    )


def _dry_run(problems: list[Problem], output: str | None, options: GenerationOptions, width: int | None) -> None:
    from thinkcap.engine.engine import UNBOUNDED_CONTEXT, WIDTH
    from thinkcap.engine.llama import can_offload
    from thinkcap.engine.threads import physical_cores
    from thinkcap.runs.batch import tasks_of
    from thinkcap.runs.estimate import bits_per_weight, bytes_per_cell, estimate, measure_speed
    from thinkcap.runs.records import read
    from thinkcap.show.tables import estimate_lines

    profile, path, weights = _model(options)
    tasks = tasks_of(problems, options.samples, profile, options.request())
    if output is not None and Path(output).exists():
        done = {(record["id"], record["sample"]) for record in read(output)}
        tasks = [task for task in tasks if (task.problem.id, task.request.sample) not in done]
    on_gpu = options.gpu_layers != 0 and can_offload()
    found = estimate(
        tasks,
        parallel=width or WIDTH,
        context=options.context or profile.context or UNBOUNDED_CONTEXT,
        weights=weights,
        bits=bits_per_weight(profile.quant),
        cell=bytes_per_cell(path) if path else None,
        speed=None if on_gpu else measure_speed(options.threads or physical_cores()),
    )
    if options.json:
        click.echo(json.dumps({"problems": len(problems), "samples": options.samples} | found.to_dict()))
    else:
        click.echo("\n".join(estimate_lines(found, len(problems), options.samples, profile.name)))


def _model(options: GenerationOptions) -> tuple[Profile, Path | None, int]:
    """The model's profile, its file where that is here, and the bytes of its weights."""
    from thinkcap.catalog.locate import NotDownloaded, locate, resolve
    from thinkcap.catalog.quants import shards
    from thinkcap.runs.estimate import bits_per_weight

    try:
        located = locate(options.model, options.quant)
    except NotDownloaded:
        reference = resolve(options.model, options.quant)
        if reference.entry is None or reference.entry.parameters is None:
            raise
        quant = reference.quant or reference.entry.quants[0]
        weights = int(reference.entry.parameters * bits_per_weight(quant) / 8)
        return reference.entry.profile(reference.name, quant), None, weights
    files = [Path(part) for part in shards(str(located.path))]
    return located.profile, located.path, sum(file.stat().st_size for file in files)


def _summary(output: str, as_json: bool) -> None:
    from thinkcap.cli.report import summarise

    summarise((output,), as_json=as_json)


def _say(sentence: str) -> None:
    from thinkcap.show.text import one_line

    print(f"thinkcap: {one_line(sentence)}", file=sys.stderr, flush=True)
