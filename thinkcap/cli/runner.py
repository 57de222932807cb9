"""What batch and sweep have in common: the options of a run over a file, and the run itself."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import dataclass, fields, replace
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeVar

import click

from thinkcap.cli import INTERRUPTED
from thinkcap.cli.options import GenerationOptions, Number, ParamType
from thinkcap.errors import ThinkcapError

if TYPE_CHECKING:
    from thinkcap.engine.outcome import Outcome
    from thinkcap.engine.profile import Profile
    from thinkcap.runs.batch import Solver
    from thinkcap.runs.plan import Plan
    from thinkcap.runs.problems import Problem
    from thinkcap.runs.records import ResultFile

R = TypeVar("R")


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


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOptions:
    """The options of a run over many problems."""

    output: str | None
    parallel: int | Literal["auto"]
    restart: bool
    dry_run: bool
    problem_field: str | None
    answer_field: str | None
    id_field: str | None
    limit: int | None
    shuffle: bool
    ids: tuple[str, ...]
    ray: str | None

    @property
    def width(self) -> int | None:
        """Sequences in flight at once, None for what suits."""
        return None if self.parallel == "auto" else self.parallel


_OPTIONS = (
    click.option("--output", "-o", metavar="FILE", help="Where the results go: JSON Lines, continued where it stops."),
    click.option("--parallel", type=Parallel(), default="auto", help="Thoughts in flight at once, or auto."),
    click.option("--restart", is_flag=True, help="Throw away what the result file holds."),
    click.option("--dry-run", is_flag=True, help="Say what it would take, and load no model."),
    click.option("--problem-field", metavar="NAME", help="The field with the problem; a path like task.text works."),
    click.option("--answer-field", metavar="NAME", help="The field with the expected answer."),
    click.option("--id-field", metavar="NAME", help="The field with the id; none numbers the problems."),
    click.option("--limit", type=Number(1, whole=True), help="Take this many problems at most."),
    click.option("--shuffle", is_flag=True, help="Take them in an order drawn with --seed."),
    click.option("--ids", multiple=True, callback=read_ids, metavar="IDS", help="Take only these: a,b or 3..9."),
    click.option("--ray", is_flag=False, flag_value="auto", metavar="[ADDRESS]", help="Run on a Ray cluster."),
)


def run_options(command: Callable[..., R]) -> Callable[..., R]:
    """Adds the options of a run to a command, which receives them as one RunOptions named `run`."""
    names = [field.name for field in fields(RunOptions)]

    @wraps(command)
    def gathered(**parameters: Any) -> R:
        return command(run=RunOptions(**{name: parameters.pop(name) for name in names}), **parameters)

    decorated: Callable[..., R] = gathered
    for option in reversed(_OPTIONS):
        decorated = option(decorated)
    return decorated


def read_problems(file: str, run: RunOptions, options: GenerationOptions) -> list[Problem]:
    """The problems that the options choose from a file. Raises ThinkcapError as `thinkcap.runs.problems.load` does."""
    from thinkcap.runs.problems import Fields, load

    return load(
        file,
        Fields(run.problem_field, run.answer_field, run.id_field),
        ids=run.ids,
        shuffle=options.seed if run.shuffle else None,
        limit=run.limit,
    )


def carry_out(
    problems: list[Problem], plan: Plan, run: RunOptions, options: GenerationOptions, *, votes: bool = False
) -> None:
    """Runs problems into the result file, and prints what it then holds; a dry run says what it would take.

    votes  whether to compare votes with single thoughts

    Exits with 130 where Ctrl-C ended it. What can be refused is refused before a model is loaded.
    """
    if run.dry_run:
        _estimate(problems, plan, run, options)
        return
    from thinkcap.cli.report import summarise
    from thinkcap.runs.records import ResultFile

    assert run.output is not None
    with ResultFile(run.output) as results:
        if results.repaired:
            say(f"The last line of {run.output} was cut short and is taken off: its result is still to be made.")
        finished = _run(problems, plan, results, run, options)
        done = len(results.done)
    if not finished:
        say(f"Interrupted with {done} results in {run.output}: run the same command again to go on.")
        raise click.exceptions.Exit(INTERRUPTED)
    summarise((run.output,), votes=votes, as_json=options.json)


def solve_here(
    plan: Plan, problem: str, expected: str | None, options: GenerationOptions, parallel: int | None = None
) -> tuple[list[Outcome], bool]:
    """One problem's outcomes in voting order, graded where an answer is expected, without a result file; and whether
    all of them are there, as Ctrl-C may have ended it. A bar runs on a terminal meanwhile.

    Raises ThinkcapError where the model cannot be had or a request not be run.
    """
    from thinkcap.engine.outcome import Outcome
    from thinkcap.grading import Grader
    from thinkcap.runs.metrics import voting_order
    from thinkcap.show.progress import Bar, Standing

    plan.requests(profile_of(options), problem)  # what makes no sense is refused before a model is loaded
    outcomes: list[Outcome] = []
    with ExitStack() as stack:
        grader = None
        if expected is not None:
            grader = stack.enter_context(Grader())
            grader.warm()
        engine = stack.enter_context(options.load())
        requests = plan.requests(engine.profile, problem)
        standing = Standing(sum(request.answers_per_thought * (1 + len(request.fork_budgets)) for request in requests))
        bar = None
        if sys.stderr.isatty() and not options.verbose:
            bar = stack.enter_context(Bar(standing, sys.stderr))
        for result in engine.solve_many(requests, parallel=parallel, on_step=bar.step if bar else None):
            if not isinstance(result, Outcome):
                raise result.error
            if "interrupted" in (result.stop_reason, result.finish_reason):
                continue
            if grader is not None and expected is not None:
                result = result.graded(expected, grader.submit(result.answer, expected).result().correct)
            outcomes.append(result)
            (bar or standing).result(result.to_dict())
    return sorted(outcomes, key=lambda outcome: voting_order(outcome.to_dict())), standing.done == standing.total


def fetch_if_missing(options: GenerationOptions) -> None:
    """On a terminal, offers to download a model that is not here yet; elsewhere the error says how."""
    from thinkcap.catalog.locate import NotDownloaded, locate

    try:
        locate(options.model, options.quant)
    except NotDownloaded as error:
        from thinkcap.cli.pull import offer

        offer(error)


def say(sentence: str) -> None:
    """A sentence on standard error, for what a user should know while results go elsewhere."""
    from thinkcap.show.text import one_line

    print(f"thinkcap: {one_line(sentence)}", file=sys.stderr, flush=True)


def profile_of(options: GenerationOptions) -> Profile:
    """The model's profile as the engine will have it, without loading the model."""
    from thinkcap.catalog.locate import locate

    return _marked(locate(options.model, options.quant).profile, options)


def say_if_alike(plan: Plan, options: GenerationOptions) -> None:
    """Says so where several samples are asked for and cannot differ."""
    from thinkcap.catalog.locate import NotDownloaded

    with suppress(NotDownloaded):  # a dry run, or a cluster that has it
        greedy = plan.requests(profile_of(options), "any")[0].settings.temperature == 0
        if greedy and plan.samples * plan.answers > 1:
            say("At temperature 0 the samples of a problem are alike and say no more than one: give --temperature 0.6.")


def _marked(profile: Profile, options: GenerationOptions) -> Profile:
    return replace(
        profile,
        think_start=options.think_start or profile.think_start,
        think_end=options.think_end or profile.think_end,
    )


def _run(problems: list[Problem], plan: Plan, results: ResultFile, run: RunOptions, options: GenerationOptions) -> bool:
    """Whether all is done."""
    from thinkcap.runs.batch import open_tasks, tasks_of
    from thinkcap.runs.batch import run as solve
    from thinkcap.show.progress import Bar, Lines, Standing

    if run.ray is None and not run.restart:
        profile = profile_of(options)
        settings = plan.settings(profile, "", options.context)
        del settings["model_sha256"]  # known once the model is loaded, and checked then
        results.check(settings)
        tasks = tasks_of(problems, plan, profile)
        if not open_tasks(tasks, results):
            say(f"{results.path} holds all {sum(len(task.keys) for task in tasks)} results already.")
            return True
    with ExitStack() as stack:
        solver: Solver
        if run.ray is None:
            solver = stack.enter_context(options.load())
        else:
            from thinkcap.runs.cluster import Cluster

            solver = stack.enter_context(Cluster(run.ray, _loading(options)))
        settings = plan.settings(solver.profile, solver.model_sha256, options.context)
        tasks = tasks_of(problems, plan, solver.profile)
        if run.restart:
            results.restart()
        results.check(settings)
        todo = open_tasks(tasks, results)
        keys = [key for task in tasks for key in task.keys]
        there = sum(key in results.done for key in keys)
        if there:
            say(f"{there} of {len(keys)} results are there already; going on with the rest.")
        from thinkcap.grading import Grader

        grader = stack.enter_context(Grader())
        if any(problem.expected is not None for problem in problems):
            grader.warm()
        standing = Standing(len(keys), there, results.graded, results.correct)
        watch: Bar | Lines
        if sys.stderr.isatty() and not options.verbose:
            watch = stack.enter_context(Bar(standing, sys.stderr))
        else:
            watch = stack.enter_context(Lines(standing, sys.stderr))
        finished = solve(solver, todo, results, settings, grader=grader, parallel=run.width, watch=watch)
    if finished and standing.failed == len(keys):
        raise ThinkcapError(f"None of the problems could be run: {standing.error}")
    return finished


def _loading(options: GenerationOptions) -> dict[str, Any]:
    """The arguments of `thinkcap.load`, for engines elsewhere."""
    names = ("quant", "threads", "gpu_layers", "context", "think_start", "think_end")
    return {"name": options.model} | {name: getattr(options, name) for name in names}


def _estimate(problems: list[Problem], plan: Plan, run: RunOptions, options: GenerationOptions) -> None:
    from thinkcap.catalog.gguf.header import read_header
    from thinkcap.catalog.gguf.quants import bits_per_weight
    from thinkcap.engine.engine import PARALLEL
    from thinkcap.engine.limits import UNBOUNDED_CONTEXT
    from thinkcap.engine.model.kv_pool import affordable
    from thinkcap.engine.model.llama import can_offload
    from thinkcap.engine.model.threads import physical_cores
    from thinkcap.runs.batch import tasks_of
    from thinkcap.runs.estimate import estimate, measure_speed
    from thinkcap.runs.key import Key
    from thinkcap.runs.records import read
    from thinkcap.show.tables import estimate_lines

    profile, path, weights = _model(options)
    tasks = tasks_of(problems, plan, profile)
    results = sum(len(task.keys) for task in tasks)
    if run.output is not None and Path(run.output).exists():
        done = {Key.of_record(record) for record in read(run.output)}
        tasks = [task for task in tasks if not done.issuperset(task.keys)]
    on_gpu = options.gpu_layers != 0 and can_offload()
    cell = read_header(path).bytes_per_cell if path else None
    found = estimate(
        tasks,
        parallel=run.width or PARALLEL,
        context=options.context or profile.context or UNBOUNDED_CONTEXT,
        weights=weights,
        bits=bits_per_weight(profile.quant),
        cell=cell,
        affordable=options.context or affordable(cell or 1),
        usual_solution=profile.usual_solution,
        speed=None if on_gpu else measure_speed(options.threads or physical_cores()),
    )
    if options.json:
        click.echo(json.dumps({"problems": len(problems), "samples": plan.samples} | found.to_dict()))
    else:
        click.echo("\n".join(estimate_lines(found, len(problems), plan.samples, results, profile.name)))


def _model(options: GenerationOptions) -> tuple[Profile, Path | None, int]:
    """The model's profile, its file where that is here, and the bytes of its weights."""
    from thinkcap.catalog.gguf.names import size_of
    from thinkcap.catalog.gguf.quants import estimated_size
    from thinkcap.catalog.locate import NotDownloaded, locate, resolve

    try:
        located = locate(options.model, options.quant)
    except NotDownloaded:
        reference = resolve(options.model, options.quant)
        if reference.entry is None or reference.entry.parameters is None:
            raise
        quant = reference.quant or reference.entry.quants[0]
        return reference.entry.profile(reference.name, quant), None, estimated_size(reference.entry.parameters, quant)
    return located.profile, located.path, size_of(located.path)
