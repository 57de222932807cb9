"""The command line: one file a command, imported only when that command is called.

This file knows the commands' names, turns every error into one sentence on standard error, and decides the exit code:
0 done, 1 failed, 2 usage, 3 wrong answer, 130 interrupted. What the commands do is in their own files.
"""

from __future__ import annotations

import contextlib
import io
import os
import sys
import traceback
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import click

from thinkcap import __version__
from thinkcap.errors import ThinkcapError

COMMANDS = {
    "solve": "Solve one problem under a thinking budget.",
    "batch": "Solve a file of problems, many at once.",
    "sweep": "Solve problems at several budgets, sharing their thoughts.",
    "serve": "Serve a model to any client, and show a page.",
    "report": "Summarise, compare and plot result files.",
    "pull": "Download a model.",
    "models": "List the models and where they are.",
    "bench": "Measure this machine's speed with a model.",
    "doctor": "Check what this machine has and what is missing.",
    "completion": "Print the script that completes commands in a shell.",
    "schema": "Print the JSON Schema of a result.",
}
INTERRUPTED = 130


@dataclass(slots=True)
class CommandLine:
    """What the whole command line shares, as click's context object."""

    debug: bool = False


def note_debug(context: click.Context, parameter: click.Parameter, value: bool) -> None:
    """The callback of every --debug, before or after the command's name."""
    if value:
        context.find_root().ensure_object(CommandLine).debug = True


class Commands(click.Group):
    """The commands, each in `thinkcap.cli.NAME` under the name `command`."""

    def list_commands(self, context: click.Context) -> list[str]:
        return [name for name in COMMANDS if find_spec(f"{__name__}.{name}") is not None]

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        if name not in self.list_commands(context):
            return None
        command: click.Command = import_module(f"{__name__}.{name}").command
        return command

    def resolve_command(
        self, context: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0]
        if not name.startswith("-") and name not in self.list_commands(context):
            near = get_close_matches(name, self.list_commands(context), n=1)
            hint = f"did you mean `thinkcap {near[0]}`?" if near else "`thinkcap --help` lists them."
            raise click.UsageError(f"There is no command {name!r}: {hint}", context)
        return super().resolve_command(context, args)

    def format_commands(self, context: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, COMMANDS[name]) for name in self.list_commands(context)])


@click.command(
    cls=Commands,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="`thinkcap COMMAND --help` explains a command and ends in examples.",
)
@click.version_option(__version__, prog_name="thinkcap", message="%(prog)s %(version)s")
@click.option(
    "--debug", is_flag=True, expose_value=False, is_eager=True, callback=note_debug, help="Show tracebacks of errors."
)
@click.pass_context
def commands(context: click.Context) -> None:
    """Reasoning under a budget, on your own machine.

    Runs a reasoning model and lets it think for exactly as many tokens as you allow.
    """
    if context.invoked_subcommand is None:
        from thinkcap.text import write_line

        write_line(context.get_help(), sys.stderr)
        context.exit(2)


def main() -> None:
    """The console script `thinkcap`."""
    _open_closed_streams()
    # A terminal or file that cannot spell a character gets `?` for it, not a traceback.
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    code = run(sys.argv[1:])
    _drop_unwritten()
    sys.exit(code)


def _open_closed_streams() -> None:
    """Connects to nothing what the shell closed (`>&-`).

    Otherwise the next file that is opened gets the free number, and what llama.cpp writes to standard output ends up in
    the result file.
    """
    for number, name, mode in ((0, "stdin", "r"), (1, "stdout", "w"), (2, "stderr", "w")):
        try:
            os.fstat(number)
        except OSError:
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)  # the lowest free number, which is this one
        if getattr(sys, name) is None:
            setattr(sys, name, open(number, mode, encoding="utf-8", closefd=False))  # noqa: SIM115


def run(args: Sequence[str]) -> int:
    """Runs one command line and returns its exit code; says what went wrong on standard error."""
    line = CommandLine()
    try:
        result: Any = commands.main(list(args), prog_name="thinkcap", standalone_mode=False, obj=line)
        sys.stdout.flush()
        return result if isinstance(result, int) else 0
    except (click.Abort, KeyboardInterrupt):
        _complain("interrupted.", line)
        return INTERRUPTED
    except BrokenPipeError:  # the reader of our output has gone (`| head`)
        return 1
    except SystemExit as exit_:  # click's own way out of a broken pipe
        return exit_.code if isinstance(exit_.code, int) else 1
    except click.NoSuchOption as error:
        near = " or ".join(error.possibilities or ())
        hint = f"did you mean {near}?" if near else "`--help-all` lists them."
        _complain(f"No such option {error.option_name!r}: {hint}", line)
        return error.exit_code
    except click.ClickException as error:
        _complain(error.format_message(), line)
        return error.exit_code
    except ThinkcapError as error:
        _complain(str(error), line)
        return error.exit_code
    except MemoryError:
        _complain("The machine's memory is used up: take a smaller model, quant or --context.", line)
        return 1
    except OSError as error:
        where = f" ({error.filename})" if error.filename else ""
        _complain(f"{error.strerror or error}{where}.", line)
        return 1
    except Exception as error:
        _complain(f"Something unforeseen went wrong ({type(error).__name__}: {error}); --debug shows where.", line)
        return 1


def _complain(message: str, line: CommandLine) -> None:
    """One sentence on standard error, after the traceback if --debug asked for it."""
    from thinkcap.text import one_line, with_flags, write_line

    with contextlib.suppress(OSError):
        if line.debug:
            write_line(traceback.format_exc().rstrip(), sys.stderr)
        sentence = one_line(with_flags(message))
        if not sentence.endswith((".", "?", "!", "`")):
            sentence += "."
        write_line(f"thinkcap: {sentence}", sys.stderr)


def _drop_unwritten() -> None:
    """Drops output that a full disk or a pipe without a reader didn't take. Python would try it again at exit, complain
    and change the exit code."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):
            with contextlib.suppress(OSError, ValueError):
                os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
