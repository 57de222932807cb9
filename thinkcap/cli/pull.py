"""`thinkcap pull`: a model's file from the hub into the cache that every tool shares."""

from __future__ import annotations

import sys
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

import click

from thinkcap.cli.options import debug_option

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from thinkcap.catalog.hub.pull_plan import PullPlan
    from thinkcap.catalog.locate import NotDownloaded, Reference

EXAMPLES = """\
\b
Examples:
  thinkcap pull l1-qwen-1.5b-max
  thinkcap pull deepscaler-1.5b-preview --quant f16
  thinkcap pull e1-math-1.5b --convert
  thinkcap pull bartowski/Qwen_Qwen3-1.7B-GGUF:q8_0
"""


@click.command(epilog=EXAMPLES, short_help="Download a model.")
@click.argument("model", required=False)
@click.option("--quant", metavar="NAME", help="Which weight format: q8_0, f16, bf16, q4_k_m, …")
@click.option(
    "--revision", metavar="NAME", help="A branch, tag or commit of the repository instead of its newest state."
)
@click.option("--convert", is_flag=True, help="Make the GGUF here from the original's safetensors: q8_0, f16 or bf16.")
@click.option("--json", "as_json", is_flag=True, help="Print what was fetched, and where it is, as JSON.")
@debug_option
def command(model: str | None, quant: str | None, revision: str | None, convert: bool, as_json: bool) -> None:
    """Fetch MODEL once, to use it offline from then on.

    MODEL is a name that `thinkcap models` lists (without one, the default), or OWNER/REPO[:QUANT] on the Hugging Face
    hub. An interrupted download goes on where it was. A model that is here already is left as it is, without a word.

    HF_HOME, HF_ENDPOINT, HF_TOKEN and HF_HUB_OFFLINE work as everywhere.
    """
    from thinkcap.catalog.locate import resolve

    reference = resolve(model, quant)
    path = fetch(reference, revision=revision, convert=convert)
    if as_json:
        from thinkcap.catalog.gguf.header import read_header
        from thinkcap.catalog.gguf.names import quant_of
        from thinkcap.show.text import json_line

        found = quant_of(path.name) or read_header(path).quant
        record = {"model": reference.name, "quant": found, "path": str(path), "bytes": path.stat().st_size}
        print(json_line(record, sys.stdout.encoding))


def offer(error: NotDownloaded) -> None:
    """On a terminal, asks whether to fetch the model that `error` says is missing, and does; raises `error` elsewhere.

    Returns once the model is there. Raises `error` if the user says no.
    """
    from thinkcap.catalog.locate import resolve

    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise error
    reference = resolve(error.name, error.quant)
    convert = error.command.endswith("--convert")
    what = "Fetch the original and convert it now?" if convert else "Fetch it now?"
    _say(f"{error.spoken} is not downloaded yet.")
    if not click.confirm(what, default=False, err=True):
        raise error
    fetch(reference, convert=convert)


def fetch(reference: Reference, *, revision: str | None = None, convert: bool = False) -> Path:
    """Makes sure that a model is in the cache and returns its file; says what it does on standard error."""
    from thinkcap.catalog import model_trial
    from thinkcap.catalog.locate import locate, present
    from thinkcap.errors import ThinkcapError, UsageError

    entry = reference.entry
    if reference.file is not None:
        raise UsageError(f"{reference.file} is a file, there is nothing to pull: give it to --model as it is.")
    if reference.own_file is not None:
        raise UsageError(f"{reference.name} is the file {reference.own_file} by models.toml: there is nothing to pull.")
    if entry is not None and entry.builtin:
        return locate(reference.name, reference.quant).path
    here = present(reference, revision)
    if here is not None:
        return here
    if convert:
        return _convert(reference, revision)
    from thinkcap.catalog.hub.pull_plan import NoSuchQuant, plan_pull

    # An entry's original has no GGUF but the one that a conversion leaves in the cache.
    sources = entry.sources if entry and reference.repository is None else reference.repositories
    try:
        found = plan_pull(reference, sources, revision, _say)
    except NoSuchQuant as error:
        if entry is None or entry.original is None or not (sys.stdin.isatty() and sys.stderr.isatty()):
            raise
        _say(str(error))
        if not click.confirm("Fetch the original and convert it now?", default=False, err=True):
            raise click.Abort from None
        return _convert(reference, revision)
    _announce(reference, found)
    with _bar("fetching", found.size, found.size - found.missing) as progress:
        path = found.run(progress, _say)
    with suppress(ThinkcapError):  # which whoever loads the file will hear
        model_trial.check(path)
    _say(f"Ready: thinkcap solve --model {_how_to_name(reference)} …")
    return path


def _convert(reference: Reference, revision: str | None) -> Path:
    from thinkcap.catalog.convert.checkpoint import read_config
    from thinkcap.catalog.convert.conversion import check_quant, convert, weights_in
    from thinkcap.catalog.hub.pull_plan import plan_original

    quant = reference.wanted_quant or "q8_0"
    check_quant(quant)
    found = plan_original(reference, revision, _say)
    read_config(found.peek("config.json", _say), found.repository.id)
    _announce(reference, found)
    with _bar("fetching", found.size, found.size - found.missing) as progress:
        folder = found.run(progress, _say).parent
    with _bar("converting", weights_in(folder)) as progress:
        path = convert(folder, quant, name=found.repository.id.partition("/")[2], report=progress)
    _say(f"Ready: thinkcap solve --model {_how_to_name(reference)} …")
    return path


def _how_to_name(reference: Reference) -> str:
    quant = f":{reference.quant}" if reference.quant else ""
    return f"{reference}{quant}"


def _announce(reference: Reference, plan: PullPlan) -> None:
    from thinkcap.catalog.hub.cache import cache_folder
    from thinkcap.show.catalogue import fact_lines
    from thinkcap.text import bytes_text

    named = reference.name != plan.repository.id
    what = f"{plan.repository.id}, {len(plan.files)} files" if len(plan.files) > 1 else plan.files[0].path
    where = f"{plan.repository.id}, " if named and len(plan.files) == 1 else ""
    rest = f", {bytes_text(plan.missing)} of it still to fetch" if 0 < plan.missing < plan.size else ""
    terms = ", for non-commercial use only" if plan.noncommercial else ""
    facts = [
        ("model", f"{reference.name} ({plan.quant})" if plan.quant else reference.name),
        ("from", where + what),
        ("size", bytes_text(plan.size) + rest),
        ("free", f"{bytes_text(plan.free)} in {cache_folder()}"),
        ("licence", plan.licence + terms),
    ]
    for line in fact_lines(facts):
        _print(line)


@contextmanager
def _bar(what: str, total: int | None, start: int = 0) -> Iterator[Callable[[int], None]]:
    """A bar with rate and time left on a terminal, nothing elsewhere; what it yields hears how much is done."""
    if not sys.stderr.isatty():
        yield lambda here: None
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        DownloadColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
        TransferSpeedColumn,
    )

    columns = (
        TextColumn("{task.description}"),
        BarColumn(bar_width=None),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(what, total=total, completed=start)
        yield lambda here: bar.update(task, completed=here)


def _say(sentence: str) -> None:
    from thinkcap.show.text import one_line

    _print(one_line(sentence))


def _print(line: str) -> None:
    from thinkcap.show.text import printable, spell

    print(spell(printable(line), sys.stderr.encoding), file=sys.stderr)
