"""`thinkcap schema`: what a result looks like, for programs that read it."""

from __future__ import annotations

import json
import sys

from thinkcap.cli import options

EXAMPLES = """\
  thinkcap schema
  thinkcap schema > thinkcap-result.schema.json
"""


@options.command(EXAMPLES)
def command() -> None:
    """Print the JSON Schema (draft 2020-12) of a result.

    That is each line that `thinkcap solve --json` and `sweep --json` print for an answer, and each line of a result
    file. Fields may be added in later versions, never renamed or removed.
    """
    from thinkcap.runs.result_schema import result_schema
    from thinkcap.text import write_line

    write_line(json.dumps(result_schema(), indent=2), sys.stdout)
