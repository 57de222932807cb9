"""`thinkcap pull`: a model's file from the hub into the cache that every tool shares."""

from __future__ import annotations

import sys
from contextlib import suppress
from typing import TYPE_CHECKING

import click

from thinkcap.cli import options
from thinkcap.cli.parameter_types import ModelName

if TYPE_CHECKING:
    from pathlib import Path

    from thinkcap.catalog.locate import Reference
    from thinkcap.runs.load_options import LoadOptions

EXAMPLES = """\
  thinkcap pull l1-qwen-1.5b-max
  thinkcap pull deepscaler-1.5b-preview --quant f16
  thinkcap pull e1-math-1.5b --convert
  thinkcap pull bartowski/Qwen_Qwen3-1.7B-GGUF:q8_0
"""


@options.command(EXAMPLES)
@click.argument("model", type=ModelName(), required=False)
@options.quant("Which weight format: q8_0, f16, bf16, q4_k_m, …")
@options.add(
    "--revision", metavar="NAME", help="A branch, tag or commit of the repository instead of its newest state."
)
@options.add("--convert", is_flag=True, help="Make the GGUF here from the original's safetensors: q8_0, f16 or bf16.")
@options.add("--json", "as_json", is_flag=True, help="Print what was fetched, and where it is, as JSON.")
def command(model: str | None, quant: str | None, revision: str | None, convert: bool, as_json: bool) -> None:
    """Fetch MODEL once, to use it offline from then on.

    MODEL is a name that `thinkcap models` lists (without one, the default), or OWNER/REPO[:QUANT] on the Hugging Face
    hub. An interrupted download goes on where it was. Does nothing if the model is already downloaded.

    HF_HOME, HF_ENDPOINT, HF_TOKEN and HF_HUB_OFFLINE work as everywhere.
    """
    from thinkcap.catalog.locate import resolve
    from thinkcap.runs.user_defaults import default_model

    reference = resolve(model or default_model(), quant)
    path = fetch(reference, revision=revision, convert=convert)
    if as_json:
        from thinkcap.catalog.gguf.header import read_header
        from thinkcap.catalog.gguf.names import quant_of
        from thinkcap.text import write_json

        found = quant_of(path.name) or read_header(path).quant
        record = {"model": reference.name, "quant": found, "path": str(path), "bytes": path.stat().st_size}
        write_json(record, sys.stdout)


def offer_if_missing(load: LoadOptions) -> None:
    """Asks on a terminal whether to fetch a model that is not here yet, and does.

    Raises NotDownloaded, which says how, if the answer is no or there is no terminal.
    """
    from thinkcap.catalog.locate import NotDownloaded, resolve

    try:
        load.locate()
    except NotDownloaded as error:
        if not (sys.stdin.isatty() and sys.stderr.isatty()):
            raise
        convert = error.command.endswith("--convert")
        what = "Fetch the original and convert it now?" if convert else "Fetch it now?"
        reference = resolve(error.name, error.quant)
        _say(f"{error.spoken} is not downloaded yet: {_terms(reference, convert)}.")
        _say("The built-in model needs no download: --model abacus.")
        if not click.confirm(what, default=False, err=True):
            raise
        fetch(reference, convert=convert)


def _terms(reference: Reference, convert: bool) -> str:
    """The size, source and licence of a download, as far as they are known without the network."""
    from thinkcap.catalog.gguf.quants import estimated_size
    from thinkcap.text import bytes_text

    entry = reference.entry
    quant = "bf16" if convert else reference.wanted_quant
    size = estimated_size(entry.parameters, quant) if entry and entry.parameters and quant else None
    return (
        (f"about {bytes_text(size)} " if size else "")
        + f"from {entry.original if entry and convert else reference.repositories[0]}"
        + (f", licence {entry.licence}" if entry else "")
        + (", for non-commercial use only" if entry and entry.noncommercial else "")
    )


def fetch(reference: Reference, *, revision: str | None = None, convert: bool = False) -> Path:
    """Makes sure that a model is in the cache and returns its file; says what it does on standard error."""
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
    from thinkcap.show.live.download_bar import download_bar
    from thinkcap.show.tables.model_facts import pull_facts
    from thinkcap.show.tables.model_table import fact_lines

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
    _print(*fact_lines(pull_facts(reference, found)))
    with download_bar("fetching", found.size, found.size - found.missing) as progress:
        path = found.run(progress, _say)
    with suppress(ThinkcapError):  # which whoever loads the file will hear
        from thinkcap.catalog import model_trial

        model_trial.check(path)
    _say(f"Ready: thinkcap solve --model {_how_to_name(reference)} …")
    return path


def _convert(reference: Reference, revision: str | None) -> Path:
    from thinkcap.catalog.convert.checkpoint import read_config
    from thinkcap.catalog.convert.conversion import check_quant, convert, weights_in
    from thinkcap.catalog.hub.pull_plan import plan_original
    from thinkcap.show.live.download_bar import download_bar
    from thinkcap.show.tables.model_facts import pull_facts
    from thinkcap.show.tables.model_table import fact_lines

    quant = reference.wanted_quant or "q8_0"
    check_quant(quant)
    found = plan_original(reference, revision, _say)
    read_config(found.peek("config.json", _say), found.repository.id)
    _print(*fact_lines(pull_facts(reference, found)))
    with download_bar("fetching", found.size, found.size - found.missing) as progress:
        folder = found.run(progress, _say).parent
    with download_bar("converting", weights_in(folder)) as progress:
        path = convert(folder, quant, name=found.repository.id.partition("/")[2], report=progress)
    _say(f"Ready: thinkcap solve --model {_how_to_name(reference)} …")
    return path


def _how_to_name(reference: Reference) -> str:
    quant = f":{reference.quant}" if reference.quant else ""
    return f"{reference}{quant}"


def _say(sentence: str) -> None:
    from thinkcap.text import one_line

    _print(one_line(sentence))


def _print(*lines: str) -> None:
    from thinkcap.text import write_line

    for line in lines:
        write_line(line, sys.stderr)
