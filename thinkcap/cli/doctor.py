"""`thinkcap doctor`: what this machine has, what is missing, and the cure."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

import click

from thinkcap.cli.options import debug_option

if TYPE_CHECKING:
    from thinkcap.runs.checkup import Check

EXAMPLES = """\
\b
Examples:
  thinkcap doctor
  thinkcap doctor --json
"""
_SIGNS = {"ok": ("✓", "green"), "note": ("!", "yellow"), "broken": ("✗", "red")}
_PLAIN_SIGNS = {"ok": "ok", "note": "!", "broken": "BROKEN"}


@click.command(epilog=EXAMPLES, short_help="Check what this machine has and what is missing.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@debug_option
def command(as_json: bool) -> None:
    """Check everything thinkcap needs: versions, CPU, memory, GPU, cache, hub, and a run of five tokens.

    Exit code 1 when something is broken. A `!` is no fault: something could be better, and the line below says how.
    """
    from dataclasses import asdict

    from thinkcap.runs.checkup import checkup

    checks = []
    for check in checkup():
        checks.append(check)
        if not as_json:
            _print(check)
    healthy = all(check.state != "broken" for check in checks)
    if as_json:
        click.echo(json.dumps({"healthy": healthy, "checks": [asdict(check) for check in checks]}, indent=2))
    if not healthy:
        raise click.exceptions.Exit(1)


def _print(check: Check) -> None:
    from thinkcap.show.catalogue import colour, wrapped
    from thinkcap.show.text import is_unicode, printable

    unicode = is_unicode(sys.stdout.encoding)
    sign, tint = _SIGNS[check.state]
    sign = sign if unicode else f"{_PLAIN_SIGNS[check.state]:<6}"
    head = f"{sign} {check.name:<10} "
    lines = wrapped(head, check.finding)
    if check.cure:
        lines += wrapped(" " * len(head) + ("→ " if unicode else "-> "), check.cure)
    first, *rest = (printable(line) for line in lines)
    click.echo(click.style(first[: len(sign)], fg=tint, bold=True) + first[len(sign) :], color=colour())
    for line in rest:
        click.echo(line)
