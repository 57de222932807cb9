"""Whether llama.cpp survives a model file: it checks little of what files say, and ends the process if it trips.

So a file that was never loaded before is first loaded and run for some tokens in a child process. What became of it is
kept in the user's cache folder, for this file as it is and for the installed build.
"""

from __future__ import annotations

import contextlib
import sys
from hashlib import sha256
from pathlib import Path

from thinkcap.catalog import extra_buffers, trials
from thinkcap.catalog.gguf.names import shards
from thinkcap.engine.model import llama
from thinkcap.errors import ThinkcapError

TIMEOUT = 60.0
"""Seconds the child may take beside those for reading the file."""

_BYTES_PER_SECOND = 10e6
_BUILTIN = Path(__file__).with_name("builtin")


def check(path: Path) -> None:
    """Tries a model file, the first of a split one, unless that was done before. The built-in model needs no trial, and
    neither does what is no GGUF, which llama.cpp refuses by its first four bytes.

    Raises ThinkcapError if llama.cpp dies of it, or does not come to an end.
    """
    if path.parent == _BUILTIN or not _is_gguf(path):
        return
    sizes = [(each.st_size, each.st_mtime_ns) for each in (part.stat() for part in shards(path) if part.is_file())]
    rearrange = extra_buffers.allowed()
    described = repr((str(path.resolve()), sizes, rearrange, llama.build()))
    key = sha256(described.encode("utf-8", "replace")).hexdigest()[:16]
    finding = trials.remembered(file()).get(key)
    if not isinstance(finding, str):
        timeout = TIMEOUT + sum(size for size, _ in sizes) // _BYTES_PER_SECOND
        ending = trials.run("thinkcap.catalog.model_trial", str(path), "with" * rearrange, timeout=timeout)
        finding = "" if ending.ended else ending.finding
        if ending.faulty or ending.code == 0:
            trials.remember(file(), key, finding)
    if finding:
        raise ThinkcapError(f"llama.cpp cannot run {path} (a trial run {finding}); use another GGUF of the model.")


def _is_gguf(path: Path) -> bool:
    with path.open("rb") as content:
        return content.read(4) == b"GGUF"


def file() -> Path:
    """Where trials are kept."""
    return trials.memory("models")


def use(path: Path, rearrange: bool) -> None:
    """Uses a file as an engine does. Errors that have a sentence are left to the process that loads it for good."""
    trials.leave_no_core()
    with contextlib.suppress(ThinkcapError):
        trials.likeliest_tokens(path, rearrange)
        model = llama.Model(path, gpu_layers=0, extra_buffers=rearrange)
        for token in range(model.n_vocab):
            model.piece(token)
        model.special_tokens, model.end_of_generation, model.eos_text(), model.chat_template


if __name__ == "__main__":
    use(Path(sys.argv[1]), rearrange=bool(sys.argv[2]))
