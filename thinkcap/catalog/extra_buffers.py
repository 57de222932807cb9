"""Whether llama.cpp may rearrange a model's weights for this processor (its “extra buffers”: AMX and the like).

A build can die of it at its first decode: GCC before 13 miscompiles the AMX code, and a prebuilt wheel may use
instructions that the processor lacks. If the build or the processor gives reason to suspect that, a child process
tries both ways. What became of it is kept in the user's cache folder, for this build on this processor.
"""

from __future__ import annotations

import contextlib
import json
import os
import platform
import re
import signal
import subprocess
import sys
from dataclasses import asdict, dataclass
from functools import cache
from hashlib import sha256
from itertools import takewhile
from pathlib import Path
from tempfile import TemporaryDirectory

from thinkcap.engine.model import llama
from thinkcap.engine.model.kv_cache import KvCache
from thinkcap.engine.model.kv_pool import KvPlan
from thinkcap.errors import ThinkcapError

FLAGS = {
    "SSE3": "pni",
    "SSSE3": "ssse3",
    "AVX": "avx",
    "AVX2": "avx2",
    "FMA": "fma",
    "F16C": "f16c",
    "BMI2": "bmi2",
    "AVX_VNNI": "avx_vnni",
    "AVX512": "avx512f",
    "AVX512_VBMI": "avx512vbmi",
    "AVX512_VNNI": "avx512_vnni",
    "AVX512_BF16": "avx512_bf16",
    "AMX_INT8": "amx_int8",
    "DOTPROD": "asimddp",
    "MATMUL_INT8": "i8mm",
    "SVE": "sve",
    "SME": "sme",
}
"""How /proc/cpuinfo spells the features that llama.cpp names."""
REBUILD = "pip install --force-reinstall --no-deps --no-cache-dir --no-binary llama-cpp-python llama-cpp-python"
TIMEOUT = 20.0
"""Seconds the child may take. It needs less than one on an idle machine."""

_PREBUILT = {"avx", "avx2", "fma", "f16c", "bmi2"}  # what llama-cpp-python's wheels for x86 take for granted
_FORMATS = ("Q8_0", "Q4_0", "Q4_1", "Q4_K_S", "Q5_K_S", "Q6_K")
_BUILTIN = Path(__file__).with_name("builtin") / "abacus-f16.gguf"
_PROBLEM = "What is 384 + 297 + 581?"
_TOKENS = 8
_KEPT_FOR = re.compile(r"vendor_id|model|model name|cpu family|stepping|flags|Features|CPU \w+")
_FAULTS = {-signal.SIGILL, -signal.SIGSEGV, -signal.SIGFPE, -signal.SIGABRT}
_NT_FAULT = 0xC0000000  # an exit status of Windows from here on is a fault, too


@dataclass(frozen=True, slots=True)
class Trial:
    """What became of the child.

    allowed  whether llama.cpp may use its extra buffers
    usable   whether it decodes without them
    finding  what went wrong, to follow “a trial run”; empty if nothing did
    """

    allowed: bool
    usable: bool = True
    finding: str = ""


def allowed() -> bool:
    """Whether to load models with extra buffers. Raises ThinkcapError if llama.cpp cannot decode here at all."""
    found = trial()
    if found is None:
        return True
    if not found.usable:
        raise ThinkcapError(
            f"The installed llama.cpp does not suit this processor (a trial run {found.finding}): "
            f"build it here with `{REBUILD}`."
        )
    return found.allowed


@cache
def trial() -> Trial | None:
    """The trial of this build on this processor, run now if it never was; None if there is no reason for one."""
    if not _is_suspect():
        return None
    key = sha256(repr((_processor(), platform.machine(), llama.build())).encode()).hexdigest()[:16]
    found = _kept().get(key)
    if found is None:
        found = _try()
        _keep({**_kept(), key: found})
    return found


def file() -> Path:
    """Where trials are kept."""
    from platformdirs import user_cache_path

    return user_cache_path("thinkcap", appauthor=False) / "extra_buffers.json"


def features() -> list[str]:
    """The processor features that llama.cpp was built to use, as it names them."""
    return re.findall(r"(\w+) = 1\b", llama.system_info())


def processor_flags() -> set[str]:
    """The features of this processor, as Linux names them; empty on other systems."""
    processor = _processor()
    return set(processor.get("flags", processor.get("Features", "")).split())


@cache
def _processor() -> dict[str, str]:
    """What Linux says about its first processor, without what changes from one moment to the next."""
    try:
        with Path("/proc/cpuinfo").open(encoding="utf-8", errors="replace") as lines:
            pairs = [line.partition(":") for line in takewhile(str.strip, lines)]
    except OSError:
        return {}
    return {name.strip(): value.strip() for name, _, value in pairs if _KEPT_FOR.fullmatch(name.strip())}


def _is_suspect() -> bool:
    """Whether the build may use what fails here. A processor older than the prebuilt wheels is suspect before llama.cpp
    is asked anything, because even its answer may be compiled for a newer one."""
    flags = processor_flags()
    if flags and platform.machine() == "x86_64" and not flags >= _PREBUILT:
        return True
    built = features()
    missing = [name for name, flag in FLAGS.items() if name in built and flag not in flags]
    return "AMX_INT8" in built or bool(flags and missing)


def _kept() -> dict[str, Trial]:
    try:
        return {key: Trial(**entry) for key, entry in json.loads(file().read_text(encoding="utf-8")).items()}
    except (OSError, ValueError, TypeError, AttributeError):
        return {}


def _keep(trials: dict[str, Trial]) -> None:
    """Writes the file in one step. Where it can't be written, the next process tries again."""
    with contextlib.suppress(OSError):
        file().parent.mkdir(parents=True, exist_ok=True)
        draft = file().with_suffix(f".{os.getpid()}")
        draft.write_text(json.dumps({key: asdict(each) for key, each in trials.items()}, indent=2), encoding="utf-8")
        draft.replace(file())


def _try() -> Trial:
    """Runs the child. Its first line says that it decoded without extra buffers, its second how it went with them."""
    root = str(Path(__file__).resolve().parents[2])
    path = os.pathsep.join(filter(None, (root, os.environ.get("PYTHONPATH"))))
    try:
        with TemporaryDirectory() as folder:
            done = subprocess.run(
                [sys.executable, "-P", "-m", "thinkcap.catalog.extra_buffers", folder],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env={**os.environ, "PYTHONPATH": path},
                timeout=TIMEOUT,
                check=False,
            )
    except subprocess.TimeoutExpired:
        return Trial(allowed=False, finding=f"did not end within {TIMEOUT:g} seconds")
    except OSError as error:
        return Trial(allowed=False, finding=f"could not start ({error.strerror or error})")
    said = done.stdout.split()
    if done.returncode == 0:
        same = said == [b"decoded", b"same"]
        return Trial(allowed=same, finding="" if same else "gave other tokens with them than without")
    faulty = done.returncode in _FAULTS or done.returncode >= _NT_FAULT
    return Trial(allowed=False, usable=bool(said) or not faulty, finding=f"ended in {_status(done.returncode)}")


def _status(code: int) -> str:
    try:
        return signal.Signals(-code).name
    except ValueError:
        return f"exit status {code:#x}" if code >= _NT_FAULT else f"exit status {code}"


def _child(folder: Path) -> None:
    with contextlib.suppress(ImportError, OSError, ValueError):
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    paths = [_BUILTIN]
    for each in _FORMATS:
        paths.append(folder / f"{each}.gguf")
        llama.quantize(_BUILTIN, paths[-1], each)
    expected = [_decode(path, extra_buffers=False) for path in paths]
    print("decoded", flush=True)
    found = [_decode(path, extra_buffers=True) for path in paths]
    print("same" if found == expected else "other")


def _decode(path: Path, extra_buffers: bool) -> list[int]:
    """The likeliest tokens after a problem: the prompt in one decode, then token for token."""
    model = llama.Model(path, gpu_layers=0, extra_buffers=extra_buffers)
    tokens = model.tokenize(_PROBLEM)
    cache = KvCache(model, KvPlan(len(tokens) + _TOKENS, 1), threads=1)
    cache.add(0, 0, tokens, wants_logits=True)
    found: list[int] = []
    while len(found) < _TOKENS:
        found.append(int(cache.decode()[0].argmax()))
        cache.add_one(0, len(tokens) + len(found) - 1, found[-1])
    cache.close()
    model.close()
    return found


if __name__ == "__main__":
    _child(Path(sys.argv[1]))
