"""`thinkcap models`: which models there are, what is known of one, and how to be rid of one."""

from __future__ import annotations

import json
import sys
from typing import Any

import click

from thinkcap.cli import options
from thinkcap.cli.parameter_types import ModelName

EXAMPLES = """\
\b
Examples:
  thinkcap models
  thinkcap models show l1-qwen-1.5b-max
  thinkcap models show ./some-reasoning-model.gguf
  thinkcap models rm l1-qwen-1.5b-max --quant f16
"""
SHOW_EXAMPLES = """\
\b
Examples:
  thinkcap models show abacus
  thinkcap models show ./some-reasoning-model.gguf --json
"""
REMOVE_EXAMPLES = """\
\b
Examples:
  thinkcap models rm l1-qwen-1.5b-max --quant f16
  thinkcap models rm bartowski/Qwen_Qwen3-1.7B-GGUF --yes
"""


@click.group(epilog=EXAMPLES, invoke_without_command=True, short_help="List the models and where they are.")
@options.json
@options.debug
@click.pass_context
def command(context: click.Context, as_json: bool) -> None:
    """List the models by size: what each is for, its files, its licence, and how it would run here.

    Sizes in brackets are still to be fetched with `thinkcap pull NAME`. HERE says whether the first of them fits this
    machine's memory, now or at all, and how fast one thought would be on its CPU, by how fast that reads memory now.
    """
    if context.invoked_subcommand is not None:
        return
    from thinkcap.catalog.inventory import list_models
    from thinkcap.catalog.locate import resolve
    from thinkcap.catalog.models_file import load_catalogue, user_file
    from thinkcap.runs.suitability import Memory, judge
    from thinkcap.runs.user_defaults import default_model

    default = default_model()
    models = list_models(load_catalogue(), resolve(default).name if default else None)
    memory = Memory.of_this_machine()
    judged = [(model, judge(model, memory)) for model in models]
    if as_json:
        _print_json([model.to_dict() | {"here": suits and suits.to_dict()} for model, suits in judged])
        return
    from rich.text import Text

    from thinkcap.show.console import SafeConsole
    from thinkcap.show.tables.model_table import model_lines, wrapped

    head, *rows = model_lines(judged)
    SafeConsole(sys.stdout).print(Text(head, "bold"), soft_wrap=True)
    _print(rows)
    _print(["", *wrapped("", "* is the default. (Sizes) are still to be fetched: thinkcap pull NAME")])
    _print([f"Your own: {user_file()}"])


@command.command(epilog=SHOW_EXAMPLES, short_help="Say what is known of a model.")
@click.argument("model", type=ModelName())
@options.quant("Which of its files, if there are several.")
@options.json
@options.debug
def show(model: str, quant: str | None, as_json: bool) -> None:
    """Say what is known of MODEL: its entry, its file, and what was found in the file about thinking.

    MODEL is a name, OWNER/REPO[:QUANT], or a path to a .gguf.
    """
    from thinkcap.catalog.gguf.inspection import inspect
    from thinkcap.catalog.locate import NotDownloaded, locate, resolve
    from thinkcap.show.tables.model_facts import entry_facts, file_facts, model_record
    from thinkcap.show.tables.model_table import fact_lines

    reference = resolve(model, quant)
    located, seen, missing = None, None, ""
    try:
        located = locate(model, quant)
        seen = inspect(located.path)
    except NotDownloaded as error:
        if reference.entry is None:
            raise
        missing = f"not downloaded: {error.command}"
    if as_json:
        _print_json(model_record(reference, located, seen))
        return
    _print(fact_lines([*entry_facts(reference, located), *file_facts(located, seen, missing)]))


@command.command(name="rm", epilog=REMOVE_EXAMPLES, short_help="Delete a model's files.")
@click.argument("model", type=ModelName())
@click.option("--quant", metavar="NAME", help="Only this quant; without it, everything of the model.")
@click.option("--yes", "-y", is_flag=True, help="Do not ask.")
@options.debug
def remove(model: str, quant: str | None, yes: bool) -> None:
    """Delete MODEL's files from the cache that thinkcap shares with other tools; says first what that frees."""
    from thinkcap.catalog.hub.removal import removal
    from thinkcap.catalog.locate import resolve
    from thinkcap.errors import ThinkcapError, UsageError
    from thinkcap.text import bytes_text, one_line, write_line

    reference = resolve(model, quant)
    entry = reference.entry
    if reference.own_file is not None:
        raise UsageError(f"{reference} is a file of your own: delete it yourself.")
    if entry is not None and entry.builtin:
        raise UsageError(f"{reference} is part of thinkcap and stays.")
    what = removal(reference)
    spoken = f"{reference} ({reference.quant})" if reference.quant else str(reference)
    if not what.files and not what.folders:
        raise ThinkcapError(f"Nothing of {spoken} is in the cache.")
    if not yes:
        if not sys.stdin.isatty():
            raise UsageError(f"Deleting {spoken} frees {bytes_text(what.bytes)}: add --yes to do it unasked.")
        for path in (*what.files, *what.folders):
            write_line(str(path), sys.stderr)
        click.confirm(f"Delete {one_line(spoken)} and free {bytes_text(what.bytes)}?", abort=True, err=True)
    what.run()
    write_line(f"Deleted {spoken}: {bytes_text(what.bytes)} are free again.", sys.stderr)


def _print(lines: list[str]) -> None:
    from thinkcap.text import write_line

    for line in lines:
        write_line(line, sys.stdout)


def _print_json(value: Any) -> None:
    from thinkcap.text import write_line

    write_line(json.dumps(value, indent=2, ensure_ascii=True), sys.stdout)
