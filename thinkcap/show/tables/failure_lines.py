"""Results that went wrong, as text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from thinkcap.show.words import solution_end, thought_end
from thinkcap.text import one_line

MOST_SHOWN = 2_000
"""Characters of a problem that are shown: one that was too long to be run fills screens."""


def failure_lines(record: Mapping[str, Any], reason: str, width: int) -> Iterator[str]:
    """One result that went wrong: the problem, the whole thought, the solution, and what was expected."""
    title = f"── {one_line(record['id'])}, sample {record['sample']}: {reason} "
    yield title + "─" * max(2, width - len(title))
    problem = record["problem"]
    yield problem if len(problem) <= MOST_SHOWN else f"{problem[:MOST_SHOWN]} … ({len(problem):,} characters)"
    yield ""
    if "error" in record:
        yield record["error"]
    else:
        limit = record["budget"].get("thinking")
        of = "" if limit is None else f" of {limit}"
        yield f"thinking, {record['thinking_tokens']}{of} tokens, {thought_end(record['stop_reason'])}:"
        yield f"{record['thinking'].strip()}\n"
        yield f"solution, {record['solution_tokens']} tokens, {solution_end(record['finish_reason'])}:"
        yield f"{record['solution'].strip()}\n"
        answer, expected = (one_line(record.get(name) or "none") for name in ("answer", "expected"))
        yield f"answer {answer}, expected {expected}"
    yield ""
