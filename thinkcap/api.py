"""`thinkcap.load`: from a model's name to an engine."""

from __future__ import annotations

import time
from dataclasses import replace

from thinkcap.catalog import extra_buffers, model_trial, tuning
from thinkcap.catalog.file_hash import sha256_of
from thinkcap.catalog.locate import locate
from thinkcap.engine.engine import Engine
from thinkcap.engine.model.llama import Model
from thinkcap.engine.model.threads import physical_cores
from thinkcap.errors import UsageError
from thinkcap.grading import answer_in


def load(
    name: str | None = None,
    *,
    quant: str | None = None,
    threads: int | None = None,
    gpu_layers: int | None = None,
    context: int | None = None,
    think_start: str | None = None,
    think_end: str | None = None,
    verbose: bool = False,
) -> Engine:
    """Loads a model.

    name         a name of the catalogue, a path to a `.gguf`, or `owner/repo[:quant]`; None is the catalogue's default
    quant        which of the model's files: `q8_0`, `f16`, …; None is the entry's first that is there
    threads      threads that decode; None is what `bench --tune` found, otherwise the physical cores,
                 fewer for a tiny model
    gpu_layers   layers on the GPU, 0 for none; None is all if the llama.cpp build can offload
    context      KV cells, in tokens; None is what each run needs
    think_start  the marker that opens the thought, if the file doesn't show it; think_end, the one that closes it
    verbose      whether llama.cpp's log goes to standard error

    Raises ThinkcapError if there is no such model, it is not downloaded, or its file can't be used; and if the
    installed llama.cpp doesn't run on this processor.
    """
    if gpu_layers is not None and gpu_layers < 0:
        raise UsageError(f"The number of GPU layers must be 0 or more, not {gpu_layers}.")
    located = locate(name, quant)
    profile = replace(
        located.profile,
        think_start=think_start or located.profile.think_start,
        think_end=think_end or located.profile.think_end,
    )
    tuned = tuning.read(profile.name, profile.quant, physical_cores())
    rearrange = extra_buffers.allowed()
    model_trial.check(located.path)
    began = time.perf_counter()
    model = Model(located.path, gpu_layers, verbose, rearrange)
    seconds = time.perf_counter() - began
    return Engine(
        model,
        profile,
        threads=threads or (tuned.threads if tuned else None),
        context=context,
        parallel=tuned.parallel if tuned else None,
        read_answer=answer_in,
        load_seconds=seconds,
        file_sha256=sha256_of(located.path),
    )
