"""The page at `/`: one file of HTML, CSS and JavaScript that loads nothing from anywhere."""

from __future__ import annotations

from functools import cache
from importlib.resources import files


@cache
def html() -> str:
    """The page's text."""
    return files(__name__).joinpath("page.html").read_text("utf-8")
