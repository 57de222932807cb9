"""What `thinkcap doctor` looks at: one check a thing that can be missing, each with its cure."""

from __future__ import annotations

import ctypes
import os
import platform
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

from thinkcap.catalog.extra_buffers import REBUILD
from thinkcap.errors import ThinkcapError
from thinkcap.text import bytes_text

State = Literal["ok", "note", "broken"]

_HUB_TIMEOUT = 4.0  # seconds: longer than any line that is of use takes
_FOR_SPEED = ("AVX", "AVX2", "FMA", "F16C", "AVX512", "AMX_INT8")  # a build without what the CPU has of these is slow
_REINSTALL = "install thinkcap again"


@dataclass(frozen=True, slots=True)
class Check:
    """One finding. `cure` says what to do if it is not ok."""

    name: str
    state: State
    finding: str
    cure: str = ""


def checkup() -> Iterator[Check]:
    """Every check, one after the other: a broken one does not keep the rest from running."""
    checks: dict[str, Callable[[], Check]] = {
        "python": _python,
        "thinkcap": _thinkcap,
        "llama.cpp": _llama,
        "cpu": _cpu,
        "threads": _threads,
        "memory": _memory,
        "gpu": _gpu,
        "settings": _settings,
        "models": _catalogue,
        "default": _default_model,
        "convert": _conversion,
        "cache": _cache,
        "hub": _hub,
        "abacus": _abacus,
    }
    for name, check in checks.items():
        try:
            yield check()
        except ThinkcapError as error:
            yield Check(name, "broken", str(error))
        except Exception as error:  # whatever is broken here is what a doctor is for
            finding = f"{type(error).__name__}: {error}"
            yield Check(name, "broken", finding, f"{_REINSTALL}, and llama.cpp: {REBUILD}")


def _python() -> Check:
    return Check("python", "ok", f"{platform.python_version()} on {platform.system()} {platform.machine()}")


def _thinkcap() -> Check:
    import thinkcap

    return Check("thinkcap", "ok", thinkcap.__version__)


def _llama() -> Check:
    from thinkcap.engine.model import llama

    build = _ggml_version()
    return Check("llama.cpp", "ok", f"llama-cpp-python {llama.version()}" + (f", ggml {build}" if build else ""))


def _ggml_version() -> str:
    """Version and commit of the llama.cpp inside; its library says them, llama-cpp-python does not pass them on."""
    spec = find_spec("llama_cpp")
    folders = list(spec.submodule_search_locations or ()) if spec else []
    found = [path for folder in folders for path in Path(folder, "lib").glob("*ggml-base*") if path.is_file()]
    for path in sorted(found):
        try:
            library = ctypes.CDLL(str(path))
            texts = []
            for name in ("ggml_version", "ggml_commit"):
                function = getattr(library, name)
                function.restype = ctypes.c_char_p
                texts.append(function().decode())
            return f"{texts[0]} ({texts[1]})"
        except (OSError, AttributeError):
            continue
    return ""


def _cpu() -> Check:
    from thinkcap.catalog import extra_buffers

    allowed, trial = extra_buffers.allowed(), extra_buffers.trial()
    built = extra_buffers.features()
    finding = " ".join(built) or "no features beyond the plainest"
    compiler = "GCC 13 or newer, or clang"
    if trial and not allowed:
        finding += f"; llama.cpp's extra buffers are off, because a trial run {trial.finding}"
        cure = f"for speed, with {compiler}: {REBUILD} (or delete {extra_buffers.file()} to try again)"
        return Check("cpu", "note", finding, cure)
    flags = extra_buffers.processor_flags()
    unused = [name for name in _FOR_SPEED if extra_buffers.FLAGS[name] in flags and name not in built]
    if unused:
        how = f"for speed, with {compiler}" if "AMX_INT8" in unused else "for speed"
        return Check("cpu", "note", f"{finding}; the build leaves {' '.join(unused)} unused", f"{how}: {REBUILD}")
    return Check("cpu", "ok", finding)


def _threads() -> Check:
    from thinkcap.engine.model.threads import physical_cores

    return Check("threads", "ok", f"{physical_cores()} of {os.cpu_count()} logical CPUs (--threads changes it)")


def _memory() -> Check:
    import psutil

    memory = psutil.virtual_memory()
    finding = f"{bytes_text(memory.total)}, {bytes_text(memory.available)} of it free"
    if memory.available < 3e9:
        return Check("memory", "note", finding, "a 1.5B model in q8_0 needs about 3 GB: close programs, or use abacus")
    return Check("memory", "ok", finding)


def _gpu() -> Check:
    from thinkcap.catalog import extra_buffers
    from thinkcap.engine.model import llama

    extra_buffers.allowed()  # a build for other processors may die of the next question
    if llama.can_offload():
        return Check("gpu", "ok", "this build of llama.cpp offloads; all layers go there (--gpu-layers changes it)")
    finding = "this build of llama.cpp runs on the CPU only"
    if sys.platform == "darwin" and platform.machine() == "arm64":
        return Check("gpu", "note", finding, f'for Metal: CMAKE_ARGS="-DGGML_METAL=on" {REBUILD}')
    if shutil.which("nvidia-smi"):
        return Check("gpu", "note", finding, f'for CUDA (its toolkit installed): CMAKE_ARGS="-DGGML_CUDA=on" {REBUILD}')
    return Check("gpu", "ok", f"{finding}, and no NVIDIA or Apple GPU was found")


def _settings() -> Check:
    from thinkcap.runs.user_defaults import config_file, unknown_variables, user_defaults, variable

    defaults = user_defaults()
    finding = "; ".join(
        f"{name} {'none' if default.value is None else default.value} from {default.source}"
        for name, default in defaults.items()
    )
    finding = (
        finding or f"none of your own; they would be in {config_file()}, or in variables like {variable('budget')}"
    )
    if unknown := unknown_variables():
        return Check(
            "settings", "note", f"{finding}; {', '.join(unknown)} means nothing", "see `thinkcap solve --help`"
        )
    return Check("settings", "ok", finding)


def _catalogue() -> Check:
    from thinkcap.catalog.models_file import load_catalogue, user_file

    count = len(load_catalogue().entries)
    own = f"with {user_file()}" if user_file().exists() else f"your own would be {user_file()}"
    return Check("models", "ok", f"{count} known by name; {own}")


def _default_model() -> Check:
    from thinkcap.catalog.locate import NotDownloaded, locate
    from thinkcap.runs.user_defaults import default_model, user_default

    quant = user_default("quant")
    try:
        found = locate(default_model(), quant.value if quant else None)
    except NotDownloaded as error:
        return Check("default", "note", f"{error.spoken} is not downloaded", f"{error.command}, or use --model abacus")
    return Check("default", "ok", f"{found.profile.name} ({found.quant}) is here")


def _conversion() -> Check:
    missing = [name for name in ("gguf", "safetensors") if find_spec(name) is None]
    if missing:
        return Check("convert", "note", f"{' and '.join(missing)} not installed", "pip install gguf safetensors")
    return Check("convert", "ok", "gguf and safetensors are installed")


def _cache() -> Check:
    from thinkcap.catalog.hub.cache import cache_folder, free_space

    folder = cache_folder()
    existing = next(path for path in (folder, *folder.parents) if path.exists())
    free = bytes_text(free_space(folder))
    if not os.access(existing, os.W_OK):
        return Check("cache", "broken", f"{folder} can't be written", "set HF_HOME to a folder of yours")
    if not folder.exists():
        return Check("cache", "ok", f"{folder}, nothing in it yet, {free} free on its disk")
    blobs = (path for path in folder.rglob("*") if path.is_file() and not path.is_symlink())
    size = sum(path.stat().st_size for path in blobs)
    return Check("cache", "ok", f"{folder}, {bytes_text(size)} in it, {free} free on its disk")


def _hub() -> Check:
    from thinkcap.catalog.hub import client, failures

    if client.is_offline():
        return Check("hub", "note", "offline mode is on (HF_HUB_OFFLINE)", "unset HF_HUB_OFFLINE to pull models")
    token = "a token is set" if client.has_token() else "no token is set, which open models don't need"
    problem = client.unreachable(_HUB_TIMEOUT)
    if problem:
        cure = "check the network, proxy and HF_ENDPOINT; downloaded models work without it"
        return Check("hub", "note", f"{failures.host()} can't be reached ({problem})", cure)
    return Check("hub", "ok", f"{failures.host()} answers; {token}")


def _abacus() -> Check:
    import thinkcap

    with thinkcap.load("abacus") as engine:
        outcome = engine.solve("What is 12 + 34?", thinkcap.Budget(thinking=5))
    if outcome.thinking_tokens != 5 or not outcome.solution:
        return Check("abacus", "broken", f"thought {outcome.thinking_tokens} tokens where 5 were asked for", _REINSTALL)
    seconds = outcome.seconds.thinking
    rate = f", {5 / seconds:,.0f} tokens a second" if seconds > 0 else ""
    return Check("abacus", "ok", f"thought for 5 tokens and answered{rate}")
