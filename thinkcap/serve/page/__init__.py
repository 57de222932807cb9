"""The page for demonstrations: one document without an outside source, put together from the files beside this one.

The model's output only ever becomes text, and the content security policy admits no script or style but the page's.
"""

from __future__ import annotations

import json
from base64 import b64encode
from functools import cache
from hashlib import sha256
from importlib.resources import files
from typing import NamedTuple

from thinkcap.show.figures import CLOSINGS

SCRIPTS = ("mathematics", "ruler", "stream", "words", "thought", "plot", "page")
"""In the order in which they need one another."""


class Page(NamedTuple):
    """A document, and the Content-Security-Policy header to send with it."""

    html: str
    policy: str


@cache
def page() -> Page:
    """The page. It asks the server that it came from for everything else."""
    script = "".join(_part(f"{name}.js") for name in SCRIPTS).replace("{{ closings }}", json.dumps(CLOSINGS))
    script = f'"use strict";\n{{\n{script}}}\n'
    style = _part("page.css")
    html = _part("page.html").replace("{{ style }}", style).replace("{{ script }}", script)
    policy = {
        "default-src": "'none'",
        "script-src": _hash(script),
        "style-src": _hash(style),
        "connect-src": "'self'",
        "img-src": "data:",
        "base-uri": "'none'",
        "form-action": "'none'",
        "frame-ancestors": "'none'",
    }
    return Page(html, "; ".join(f"{directive} {source}" for directive, source in policy.items()))


def _part(name: str) -> str:
    return files(__name__).joinpath(name).read_text("utf-8")


def _hash(text: str) -> str:
    return f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'"
