"""The JSON Schema of a result, derived from its types."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, NotRequired

from pydantic import Field, TypeAdapter, WithJsonSchema

from thinkcap.engine.record import AskedRecord, BudgetRecord, OutcomeRecord
from thinkcap.runs.settings import TYPES

DIALECT = "https://json-schema.org/draft/2020-12/schema"

RUN: Mapping[str, Any] = {
    "model": str,
    "quant": str,
    "model_sha256": str,
    "seed": int,
    "budget": BudgetRecord,
    "budgets": list[int | None] | None,
    "data": str,
    **{name: kind | None for name, kind in TYPES.items()},
}
"""The types of what `run` may hold. The options in it are those of the one list."""

Run = Annotated[
    dict[str, Any],
    WithJsonSchema(
        {
            "type": "object",
            "description": "The settings of the run that a result belongs to.",
            "properties": {name: TypeAdapter(kind).json_schema() for name, kind in RUN.items()},
        }
    ),
]
Extra = Annotated[dict[str, str | int | float | bool | None], Field(description="The problem's other short fields.")]


class ResultRecord(OutcomeRecord):
    """A result; those of a result file also have `extra` and `run`."""

    extra: NotRequired[Extra]
    verdict: NotRequired[Annotated[str, Field(description="How the answer compared with the expected one.")]]
    unneeded: NotRequired[
        Annotated[
            bool, Field(description="True if the vote was decided without it: it has no vote, but took its tokens.")
        ]
    ]
    run: NotRequired[Run]


class FailedRecord(AskedRecord):
    """A problem that could not be run, which has no texts and counts."""

    error: str
    extra: Extra
    run: Run


def result_schema() -> dict[str, Any]:
    """The schema of one JSON object that is a result. Fields may be added to it, never renamed or removed."""
    described = TypeAdapter[ResultRecord | FailedRecord](ResultRecord | FailedRecord).json_schema()
    return {"$schema": DIALECT, "title": "A result of thinkcap", **described}
