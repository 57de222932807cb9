"""thinkcap: reasoning under a budget, on your own machine.

>>> import thinkcap
>>> engine = thinkcap.load("abacus")
>>> outcome = engine.solve("What is 384 + 297 + 581?", thinkcap.Budget(thinking=256))
>>> outcome.answer
'1262'

`load` gives an `Engine`. Its `solve` returns an `Outcome`; `stream` yields what happens while it happens (`Started`,
`Thought`, `Closed`, `Answered`, `ForkFinished`, `Finished`); `solve_many` runs many problems side by side; `sweep`
answers one problem under many budgets; `submit` returns a `Generation`, a handle to read, await or cancel. `Options`
lists what can be said beside the budget. Errors are `ThinkcapError`s; their text says what to do.
`thinkcap.grading` compares answers by their mathematical meaning.

The names below are imported when first used, so that `import thinkcap` costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from thinkcap import grading as grading
    from thinkcap.api import load as load
    from thinkcap.engine.budget import Budget as Budget
    from thinkcap.engine.core import QueueFullError as QueueFullError
    from thinkcap.engine.core import Step as Step
    from thinkcap.engine.engine import Engine as Engine
    from thinkcap.engine.events import Answered as Answered
    from thinkcap.engine.events import Closed as Closed
    from thinkcap.engine.events import Event as Event
    from thinkcap.engine.events import Finished as Finished
    from thinkcap.engine.events import ForkFinished as ForkFinished
    from thinkcap.engine.events import Started as Started
    from thinkcap.engine.events import Thought as Thought
    from thinkcap.engine.generation import Generation as Generation
    from thinkcap.engine.limits import DoesNotFitError as DoesNotFitError
    from thinkcap.engine.outcome import Failure as Failure
    from thinkcap.engine.outcome import Outcome as Outcome
    from thinkcap.engine.request import Message as Message
    from thinkcap.engine.request import Problem as Problem
    from thinkcap.engine.request import Request as Request
    from thinkcap.engine.settings import Options as Options
    from thinkcap.errors import ClosedError as ClosedError
    from thinkcap.errors import ThinkcapError as ThinkcapError
    from thinkcap.errors import UsageError as UsageError

__version__ = "0.1.0"

_MODULES = {
    "thinkcap.api": ["load"],
    "thinkcap.engine.budget": ["Budget"],
    "thinkcap.engine.core": ["QueueFullError", "Step"],
    "thinkcap.engine.engine": ["Engine"],
    "thinkcap.engine.events": ["Answered", "Closed", "Event", "Finished", "ForkFinished", "Started", "Thought"],
    "thinkcap.engine.generation": ["Generation"],
    "thinkcap.engine.limits": ["DoesNotFitError"],
    "thinkcap.engine.outcome": ["Failure", "Outcome"],
    "thinkcap.engine.request": ["Message", "Problem", "Request"],
    "thinkcap.engine.settings": ["Options"],
    "thinkcap.errors": ["ClosedError", "ThinkcapError", "UsageError"],
}
_HOMES = {name: module for module, names in _MODULES.items() for name in names}

__all__ = ["__version__", "grading", *_HOMES]


def __getattr__(name: str) -> Any:
    if name == "grading":
        return import_module("thinkcap.grading")
    if name not in _HOMES:
        raise AttributeError(f"module 'thinkcap' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return __all__
