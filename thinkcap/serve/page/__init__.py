"""The page for demonstrations: one document without an outside source, put together from the files beside this one.

A model's output only ever becomes text, and the page asks for nothing but the server that it came from. It speaks
`/v1/models` and `/v1/sweep`, which also counts the tokens of a single thought as they come.
"""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files

from thinkcap.show.wording import ENDS

SCRIPTS = ("mathematics", "ruler", "stream", "words", "thought", "plot", "runs", "page")
"""In the order in which they need one another."""


@cache
def html() -> str:
    """The document."""
    script = "".join(_part(f"{name}.js") for name in SCRIPTS).replace("{{ ends }}", json.dumps(dict(ENDS)))
    parts = {"style": _part("page.css"), "script": f'"use strict";\n{{\n{script}}}\n'}
    text = _part("page.html")
    for name, part in parts.items():
        text = text.replace(f"{{{{ {name} }}}}", part)
    return text


def _part(name: str) -> str:
    return files(__name__).joinpath(name).read_text("utf-8")
