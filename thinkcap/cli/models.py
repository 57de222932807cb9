"""`thinkcap models`: which models there are, what is known of one, and how to be rid of one."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

import click

from thinkcap.cli.options import debug_option

if TYPE_CHECKING:
    from thinkcap.catalog.gguf.inspection import Inspection
    from thinkcap.catalog.locate import Located, Reference

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

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@click.group(epilog=EXAMPLES, invoke_without_command=True, short_help="List the models and where they are.")
@json_option
@debug_option
@click.pass_context
def command(context: click.Context, as_json: bool) -> None:
    """List the models: what each is for, its size by quant, licence, cut style and prompt mode.

    Sizes in brackets are still to be fetched with `thinkcap pull NAME`.
    """
    if context.invoked_subcommand is not None:
        return
    from thinkcap.catalog.inventory import list_models
    from thinkcap.catalog.models_file import load_catalogue, user_file

    models = list_models(load_catalogue())
    if as_json:
        _print_json([model.to_dict() for model in models])
        return
    from thinkcap.show.catalogue import colour, model_table

    head, *rows = model_table(models)
    click.secho(head, bold=True, color=colour())
    _print(rows)
    _print(["", "* is the default. (Sizes) are still to be fetched: thinkcap pull NAME", f"Your own: {user_file()}"])


@command.command(epilog=SHOW_EXAMPLES, short_help="Say what is known of a model.")
@click.argument("model")
@click.option("--quant", metavar="NAME", help="Which of its files, if there are several.")
@json_option
@debug_option
def show(model: str, quant: str | None, as_json: bool) -> None:
    """Say what is known of MODEL: its entry, its file, and what was found in the file about thinking.

    MODEL is a name, OWNER/REPO[:QUANT], or a path to a .gguf.
    """
    from thinkcap.catalog.gguf.inspection import inspect
    from thinkcap.catalog.locate import NotDownloaded, locate, resolve
    from thinkcap.show.catalogue import fact_lines

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
        _print_json(_record(reference, located, seen))
        return
    _print(fact_lines([*_entry_facts(reference, located), *_file_facts(located, seen, missing)]))


@command.command(name="rm", epilog=REMOVE_EXAMPLES, short_help="Delete a model's files.")
@click.argument("model")
@click.option("--quant", metavar="NAME", help="Only this quant; without it, everything of the model.")
@click.option("--yes", "-y", is_flag=True, help="Do not ask.")
@debug_option
def remove(model: str, quant: str | None, yes: bool) -> None:
    """Delete MODEL's files from the cache that thinkcap shares with other tools; says first what that frees."""
    from thinkcap.catalog.hub.removal import removal
    from thinkcap.catalog.locate import resolve
    from thinkcap.errors import ThinkcapError, UsageError
    from thinkcap.text import bytes_text

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
            click.echo(str(path), err=True)
        click.confirm(f"Delete {spoken} and free {bytes_text(what.bytes)}?", abort=True, err=True)
    what.run()
    click.echo(f"Deleted {spoken}: {bytes_text(what.bytes)} are free again.", err=True)


def _entry_facts(reference: Reference, located: Located | None) -> list[tuple[str, str]]:
    """What models.toml says about a model, or the defaults in place of it."""
    entry = reference.entry
    profile = located.profile if located else entry.profile(reference.name, "") if entry else None
    facts = [("model", str(reference))]
    if entry is not None:
        terms = " (non-commercial use only)" if entry.noncommercial else ""
        facts += [
            ("for", entry.description),
            ("licence", entry.licence + terms),
            ("from", "thinkcap itself" if entry.builtin else ", ".join(entry.sources)),
            ("original", entry.original or ""),
        ]
    if profile is not None:
        sampling = profile.sampling
        drawn = f"temperature {sampling.temperature:g}, top-p {sampling.top_p:g}"
        drawn += f", top-k {sampling.top_k}" if sampling.top_k else ""
        drawn += f", min-p {sampling.min_p:g}" if sampling.min_p else ""
        thinking = "none" if profile.thinking is None else f"{profile.thinking}"
        facts += [
            ("budget", f"thinking {thinking}, solution {profile.solution} tokens"),
            ("cut style", profile.cut_style),
            ("prompt", json.dumps(profile.prompt, ensure_ascii=False)),
            ("prompt mode", profile.prompt_mode),
            ("sampling", "greedy" if sampling.temperature == 0 else drawn),
        ]
    return facts


def _file_facts(located: Located | None, seen: Inspection | None, missing: str) -> list[tuple[str, str]]:
    """What was found in the file."""
    from thinkcap.text import bytes_text

    if located is None or seen is None:
        return [("file", missing)]
    kind = f"{seen.header.architecture}, {located.quant or 'unknown quant'}, {bytes_text(seen.bytes)}"
    facts = [
        ("file", str(located.path)),
        ("weights", kind),
        ("context", f"{context:,} tokens" if (context := seen.header.context_length) else ""),
        ("vocabulary", f"{len(seen.header.tokens):,} tokens"),
        ("template", "in the file" if seen.has_template else "none in the file"),
    ]
    found = seen.markers
    if found is None:
        facts.append(("thought", "no markers found: name them with --think-start and --think-end"))
    else:
        facts += [
            ("thought", f"{_marker(seen, found.start)} … {_marker(seen, found.end)}"),
            ("opened by", "the template" if found.opened_by_template else f"thinkcap, with {found.opening!r}"),
        ]
    return [*facts, ("reply ends", " or ".join(seen.end_of_reply))]


def _marker(seen: Inspection, marker: str) -> str:
    return f"{marker} ({'one token' if seen.is_one_token(marker) else 'several tokens'})"


def _record(reference: Reference, located: Located | None, seen: Inspection | None) -> dict[str, Any]:
    from dataclasses import asdict

    from thinkcap.catalog.inventory import list_model

    record: dict[str, Any] = {"name": reference.name}
    if reference.file is None:
        record = list_model(reference, None).to_dict()
    record.pop("default", None)
    if located is not None and seen is not None:
        found = seen.markers
        record["profile"] = asdict(located.profile)
        record["file"] = {
            "path": str(located.path),
            "quant": located.quant,
            "bytes": seen.bytes,
            "architecture": seen.header.architecture,
            "context": seen.header.context_length,
            "vocabulary": len(seen.header.tokens),
            "template": seen.has_template,
            "end_of_reply": list(seen.end_of_reply),
            "markers": None if found is None else asdict(found),
        }
    return record


def _print(lines: list[str]) -> None:
    from thinkcap.show.text import printable, spell

    for line in lines:
        click.echo(spell(printable(line), sys.stdout.encoding))


def _print_json(value: Any) -> None:
    click.echo(json.dumps(value, indent=2, ensure_ascii=True))
