"""The options of the commands: how their values are written, how `--help` groups them, and what a command gets of them.

The generation options are those of `thinkcap.engine.settings`, which holds their bounds and explains them.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, fields
from functools import partial, wraps
from typing import Any, get_args

import click
from click.core import ParameterSource

from thinkcap.cli import note_debug
from thinkcap.cli.parameter_types import FilePath, ModelName, Parallel, Value, number, whole
from thinkcap.engine.settings import FROM_ENTRY, OPTIONS, Option, Settings
from thinkcap.errors import UsageError
from thinkcap.runs.load_options import LOAD_OPTIONS, LoadOptions, flag_name
from thinkcap.runs.polls import VoteBy, VoteRule
from thinkcap.text import write_line

Command = Callable[..., Any]
Decorator = Callable[[Command], Command]

GROUPS = ("Budget", "Sampling", "Vote", "Model", "Problem", "Run", "Output")
"""The groups of options, in the order in which `--help` shows them."""

_ALL = "thinkcap.help_all"
"""The key of click's context that says that `--help-all` was given."""


class GroupedOption(click.Option):
    """An option that says which group it belongs to, and whether only `--help-all` shows it."""

    def __init__(self, *names: Any, group: str = "Output", rare: bool = False, **attributes: Any) -> None:
        super().__init__(*names, **attributes)
        self.group = group
        self.rare = rare

    def get_help_record(self, context: click.Context) -> tuple[str, str] | None:
        return None if self.rare and _ALL not in context.meta else super().get_help_record(context)


class SharedOption(GroupedOption):
    """An option that several commands have: the user's own default takes the place of one that is not given."""

    def __init__(self, *names: Any, shared: str, **attributes: Any) -> None:
        super().__init__(*names, **attributes)
        self.shared = shared

    def consume_value(self, context: click.Context, opts: Any) -> tuple[Any, ParameterSource]:
        value, source = super().consume_value(context, opts)
        if source is ParameterSource.COMMANDLINE or context.resilient_parsing:
            return value, source
        from thinkcap.runs.user_defaults import user_default

        own = user_default(self.shared)
        return (value, source) if own is None else (own.value, ParameterSource.DEFAULT_MAP)


class GroupedCommand(click.Command):
    """A command whose help shows its options in groups, the rare ones only if all are asked for."""

    def get_params(self, context: click.Context) -> list[click.Parameter]:
        parameters = super().get_params(context)
        if any(getattr(parameter, "rare", False) for parameter in parameters):
            parameters.append(_help_all())
        return parameters

    def format_options(self, context: click.Context, formatter: click.HelpFormatter) -> None:
        groups: dict[str, list[tuple[str, str]]] = {group: [] for group in GROUPS}
        for parameter in self.get_params(context):
            if isinstance(parameter, click.Option) and (record := parameter.get_help_record(context)) is not None:
                groups[getattr(parameter, "group", GROUPS[-1])].append(record)
        for group, records in groups.items():
            if records:
                with formatter.section(f"{group} options" if len(self.params) > len(records) + 2 else "Options"):
                    formatter.write_dl(records)


def _help_all() -> click.Option:
    def show(context: click.Context, parameter: click.Parameter, value: bool) -> None:
        if value and not context.resilient_parsing:
            context.meta[_ALL] = True
            write_line(context.get_help(), sys.stdout)
            context.exit()

    help = "Show all options and exit."
    return click.Option(["--help-all"], is_flag=True, is_eager=True, expose_value=False, callback=show, help=help)


def command(examples: str, cls: type[click.Command] = GroupedCommand, **attributes: Any) -> Decorator:
    """`click.command`, whose help ends in examples, with --debug."""

    def decorate(function: Command) -> Command:
        return click.command(cls=cls, epilog=f"\b\nExamples:\n{examples}", **attributes)(debug(function))

    return decorate


def add(*names: str, **attributes: Any) -> Decorator:
    """`click.option`, with `group` for its place in `--help`."""
    return click.option(*names, cls=GroupedOption, **attributes)


def gather(kind: Callable[..., Any], names: Sequence[str], into: str, options: Iterable[Decorator]) -> Decorator:
    """A decorator that adds options to a command, which gets their values as one argument: `into` = `kind`(values)."""

    def decorate(command: Command) -> Command:
        @wraps(command)
        def gathered(**parameters: Any) -> Any:
            given = {name: parameters.pop(name) for name in names if name in parameters}
            return command(**{into: kind(**given)}, **parameters)

        decorated: Command = gathered
        for each in reversed(list(options)):
            decorated = each(decorated)
        return decorated

    return decorate


def _names(kind: Any) -> list[str]:
    return [each.name for each in fields(kind)]


# -- how to think and answer -------------------------------------------------------------------------------------------

_SHORT_FLAGS = {"budget": ("-b",), "model": ("-m",), "verbose": ("-v",)}
_METAVARS = {"model": "NAME", "quant": "NAME"}
_HELP_GROUPS = {"budget": "Budget", "sampling": "Sampling", "model": "Model"}


def shared(name: str, declared: Option, parameter: str, default: Any = None, **attributes: Any) -> Decorator:
    """One of the options that commands share; its value becomes the argument `parameter`."""
    flag = f"--{name.replace('_', '-')}"
    names = [flag, *_SHORT_FLAGS.get(name, ()), parameter]
    kind: dict[str, Any] = {"type": Value(declared), "default": default, "metavar": _METAVARS.get(name)}
    if name == "model":
        kind["type"] = ModelName()
    elif declared.kind == "switch":
        names[0] = f"{flag}/--no-{flag[2:]}"
        kind = {"default": None}
    elif declared.kind == "choice":
        kind = {"type": click.Choice(declared.choices)}
    group = _HELP_GROUPS[declared.group]
    return click.option(
        *names,
        cls=SharedOption,
        shared=name,
        group=group,
        rare=declared.rare,
        **{"help": declared.help} | kind | attributes,
    )


def _settings(**given: Any) -> Settings:
    """The settings; a value that was not given is None, but for those of which None means no limit."""
    return Settings(**{name: value for name, value in given.items() if value is not None or OPTIONS[name].unlimited})


def settings(*, without: Sequence[str] = ()) -> Decorator:
    """Adds the generation options to a command, which gets them as `settings: Settings`."""
    names = [name for name in OPTIONS if name not in without]
    return gather(_settings, names, "settings", [shared(name, OPTIONS[name], name, FROM_ENTRY) for name in names])


samples = add(
    "--samples",
    "-k",
    type=whole(1),
    default=1,
    show_default=True,
    group="Sampling",
    help="Solve each problem this many times.",
)

# -- which model -------------------------------------------------------------------------------------------------------


def quant(help: str) -> Decorator:
    """Adds --quant to a command that doesn't load its model."""
    return shared("quant", LOAD_OPTIONS["quant"], "quant", help=help)


def _load(**given: Any) -> LoadOptions:
    return LoadOptions(**{name: value for name, value in given.items() if value is not None})


def load(*, without: Sequence[str] = ()) -> Decorator:
    """Adds the options of a model to a command, which gets them as `load: LoadOptions`."""
    names = [name for name in _names(LoadOptions) if name not in without]
    chosen = [shared(flag_name(name), LOAD_OPTIONS[flag_name(name)], name) for name in names]
    return gather(_load, names, "load", chosen)


# -- votes -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class VoteOptions:
    """Whether answers vote, over how many of each thought, how they are weighed, and when they are enough. Raises
    UsageError for what makes no sense.

    depths, answers  points of each thought at which it is answered, and answers at each; 0 and 1 for its end alone
    by, until, first  as in `thinkcap.runs.polls.VoteRule`; None if not given
    """

    vote: bool = False
    depths: int = 0
    answers: int = 1
    by: VoteBy | None = None
    until: float | None = None
    first: int | None = None

    def __post_init__(self) -> None:
        if self.answers > 1 and not self.depths:
            raise UsageError("--answers counts the answers at each depth: say at how many depths with --vote-depths.")
        if self.depths and (self.until is not None or self.first is not None):
            raise UsageError("--vote-until and --vote-first count whole thoughts: leave --vote-depths out.")

    @property
    def wanted(self) -> bool:
        return self.vote or self.depths > 0 or any(each is not None for each in (self.by, self.until, self.first))

    @property
    def rule(self) -> VoteRule:
        """How the samples vote. Raises UsageError for what makes no sense."""
        return VoteRule(by=self.by or "count", until=self.until, first=self.first)

    def check(self, samples: int) -> None:
        """Raises UsageError if there would be nothing to vote on."""
        if self.wanted and samples * max(1, self.depths) * self.answers == 1:
            raise UsageError("A vote needs several answers: ask for --samples 8, or for --vote-depths 4.")
        if self.first is not None and self.first > samples:
            raise UsageError(f"The first {self.first} of {samples} samples can't vote: ask for more --samples.")


_vote = partial(add, group="Vote")
_rare_vote = partial(_vote, rare=True)
_DEPTHS = "Answer each thought at H depths of its budget, and vote over all."
_UNTIL = "Stop once the leader stays ahead with this probability: 0.95 takes 4 samples that agree, all of them at most."
_FIRST = "Vote over the first M samples to finish and cancel the rest, whose tokens are spent and counted."
_BY = "Count votes, or weigh each by the probability of its thought's least likely stretch; costs no tokens."
votes = gather(
    VoteOptions,
    _names(VoteOptions),
    "votes",
    (
        _vote("--vote", is_flag=True, help="Let the answers vote, by mathematical equivalence."),
        _vote("--vote-until", "until", metavar="P", type=number(0.5, 1, above=True), help=_UNTIL),
        _rare_vote("--vote-first", "first", metavar="M", type=whole(1), help=_FIRST),
        _rare_vote("--vote-by", "by", type=click.Choice(get_args(VoteBy)), help=_BY),
        _rare_vote("--vote-depths", "depths", metavar="H", type=whole(0), default=0, help=_DEPTHS),
        _rare_vote(
            "--answers", metavar="M", type=whole(1), default=1, show_default=True, help="Answers at each depth."
        ),
    ),
)

# -- files of problems -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class ProblemOptions:
    """Which problems of a file."""

    problem_field: str | None = None
    answer_field: str | None = None
    id_field: str | None = None
    limit: int | None = None
    shuffle: bool = False
    ids: tuple[str, ...] = ()

    @property
    def first_given(self) -> str | None:
        """The flag of one that was given."""
        given = (each.name for each in fields(self) if getattr(self, each.name))
        return next((f"--{name.replace('_', '-')}" for name in given), None)


def _ids(context: click.Context, parameter: click.Parameter, values: tuple[str, ...]) -> tuple[str, ...]:
    """`3,7,12..20`, given once or several times."""
    return tuple(text.strip() for value in values for text in value.split(",") if text.strip())


_problems = partial(add, group="Problem")
problems = gather(
    ProblemOptions,
    _names(ProblemOptions),
    "choice",
    (
        _problems("--problem-field", metavar="NAME", help="The field with the problem; a path like task.text works."),
        _problems("--answer-field", metavar="NAME", help="The field with the expected answer."),
        _problems("--id-field", metavar="NAME", rare=True, help="The field with the id; none numbers the problems."),
        _problems("--limit", type=whole(1), help="Take at most this many problems."),
        _problems("--shuffle", is_flag=True, help="Take them in a random order, drawn with --seed."),
        _problems("--ids", multiple=True, callback=_ids, metavar="IDS", help="Take only these: a,b or 3..9."),
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOptions:
    """Where a run writes and how it runs; `parallel` is None if that is chosen."""

    output: str | None
    restart: bool
    dry_run: bool
    parallel: int | None
    ray: str | None


_run = partial(add, group="Run")
run = gather(
    RunOptions,
    _names(RunOptions),
    "run",
    (
        _run("--parallel", type=Parallel(), default="auto", show_default=True, help="Thoughts at once."),
        _run("--ray", is_flag=False, flag_value="auto", metavar="[ADDRESS]", help="Run on a Ray cluster."),
        _run("--dry-run", is_flag=True, help="Say what it would take, without loading the model."),
        add(
            "--output",
            "-o",
            type=FilePath(),
            metavar="FILE",
            help="The result file, JSON Lines; a run goes on where it stopped.",
        ),
        add("--restart", is_flag=True, help="Throw away what the result file holds."),
    ),
)

# -- what every command has --------------------------------------------------------------------------------------------

json = add("--json", "as_json", is_flag=True, help="Print JSON.")
debug = add(
    "--debug",
    is_flag=True,
    expose_value=False,
    is_eager=True,
    callback=note_debug,
    help="Show tracebacks of errors.",
)
