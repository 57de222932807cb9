"""thinkcap: reasoning under a budget, on your own machine.

>>> import thinkcap
>>> engine = thinkcap.load("abacus")
>>> outcome = engine.solve("What is 384 + 297 + 581?", thinkcap.Budget(thinking=256))
>>> outcome.answer
'1262'

The names below are imported when first used, so that `import thinkcap` costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from thinkcap.api import load as load
    from thinkcap.engine.budget import Budget as Budget
    from thinkcap.engine.engine import Engine as Engine
    from thinkcap.engine.outcome import Outcome as Outcome
    from thinkcap.errors import ThinkcapError as ThinkcapError

__version__ = "0.1.0"

_HOMES = {
    "load": "thinkcap.api",
    "Engine": "thinkcap.engine.engine",
    "Budget": "thinkcap.engine.budget",
    "Outcome": "thinkcap.engine.outcome",
    "ThinkcapError": "thinkcap.errors",
}

__all__ = ["Budget", "Engine", "Outcome", "ThinkcapError", "__version__", "load"]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'thinkcap' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
