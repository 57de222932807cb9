"""The notebook shows what its cells give. `jupyter execute --inplace examples/budgets.ipynb` runs it anew."""

from __future__ import annotations

import ast
import json
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any

NOTEBOOK = json.loads((Path(__file__).parent.parent / "examples" / "budgets.ipynb").read_text(encoding="utf-8"))
CELLS = [cell for cell in NOTEBOOK["cells"] if cell["cell_type"] == "code"]


def run(source: str, names: dict[str, Any]) -> tuple[str, dict[str, str] | None]:
    """What a cell prints, and the forms in which a notebook shows the value of its last expression."""
    *before, last = ast.parse(source).body
    with redirect_stdout(StringIO()) as printed:
        if isinstance(last, ast.Expr):
            exec(compile(ast.Module(before, []), "cell", "exec"), names)
            value = eval(compile(ast.Expression(last.value), "cell", "eval"), names)
        else:
            exec(source, names)
            value = None
    if value is None:
        return printed.getvalue(), None
    return printed.getvalue(), {"text/html": value._repr_html_(), "text/plain": repr(value)}


def shown(cell: dict[str, Any]) -> tuple[str, dict[str, str] | None]:
    """The same from a cell's outputs."""
    printed = "".join("".join(output["text"]) for output in cell["outputs"] if output["output_type"] == "stream")
    for output in cell["outputs"]:
        if output["output_type"] == "execute_result":
            return printed, {form: "".join(lines) for form, lines in output["data"].items()}
    return printed, None


def test_every_cell_gives_what_the_notebook_shows() -> None:
    names: dict[str, Any] = {}
    given = [run("".join(cell["source"]), names) for cell in CELLS]
    assert given == [shown(cell) for cell in CELLS]
    assert sum(value is not None for _, value in given) == 2
    assert any(printed for printed, _ in given)
