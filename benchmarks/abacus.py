"""abacus or a checkpoint of it, and as many held-out problems as a measurement needs."""

from __future__ import annotations

from pathlib import Path

import thinkcap
from thinkcap.catalog.models_file import load_catalogue
from thinkcap.engine.engine import Engine
from thinkcap.engine.model.llama import Model
from thinkcap.grading import answer_in
from training import heldout
from training.families import FAMILIES
from training.problem import Problem

SEED = 17
"""Different from the seeds of the shipped problems and of the evaluation."""


def load(model: str, threads: int | None = None) -> Engine:
    """Loads a model by its name; a checkpoint by its path, with abacus's entry."""
    if not model.endswith(".gguf"):
        return thinkcap.load(model, threads=threads)
    profile = load_catalogue()["abacus"].profile(Path(model).stem, "")
    return Engine(Model(Path(model)), profile, threads=threads, read_answer=answer_in)


def problems(count: int) -> dict[str, Problem]:
    """Held-out problems by their names, the families taking turns."""
    drawn = heldout.problems(-(-count // len(FAMILIES)), SEED)
    return dict(heldout.in_turn(drawn)[:count])
