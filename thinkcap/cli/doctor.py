"""`thinkcap doctor`: what this machine has, what is missing, and the cure."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

import click

from thinkcap.cli import options

if TYPE_CHECKING:
    from thinkcap.runs.checkup import Check

EXAMPLES = """\
  thinkcap doctor
  thinkcap doctor --json
"""
_SIGNS = {"ok": ("✓", "green"), "note": ("!", "yellow"), "broken": ("✗", "red")}
_PLAIN_SIGNS = {"ok": "ok", "note": "!", "broken": "BROKEN"}


@options.command(EXAMPLES)
@options.json
def command(as_json: bool) -> None:
    """Check everything thinkcap needs: versions, CPU, memory, GPU, cache, hub, and a run of five tokens.

    Exit code 1 when something is broken. A `!` is no fault: something could be better, and the line below says how.
    """
    from dataclasses import asdict

    from thinkcap.runs.checkup import checkup
    from thinkcap.text import write_line

    checks = []
    for check in checkup():
        checks.append(check)
        if not as_json:
            _print(check)
    healthy = all(check.state != "broken" for check in checks)
    if as_json:
        write_line(
            json.dumps({"healthy": healthy, "checks": [asdict(check) for check in checks]}, indent=2), sys.stdout
        )
    if not healthy:
        raise click.exceptions.Exit(1)


def _print(check: Check) -> None:
    from rich.text import Text

    from thinkcap.show.console import SafeConsole
    from thinkcap.show.tables.model_table import wrapped
    from thinkcap.text import is_unicode, write_line

    unicode = is_unicode(sys.stdout.encoding)
    sign, tint = _SIGNS[check.state]
    sign = sign if unicode else f"{_PLAIN_SIGNS[check.state]:<6}"
    head = f"{sign} {check.name:<10} "
    lines = wrapped(head, check.finding)
    if check.cure:
        lines += wrapped(" " * len(head) + ("→ " if unicode else "-> "), check.cure)
    first, *rest = lines
    console = SafeConsole(sys.stdout)
    console.print(Text.assemble((first[: len(sign)], f"bold {tint}"), first[len(sign) :]), soft_wrap=True)
    for line in rest:
        write_line(line, sys.stdout)
