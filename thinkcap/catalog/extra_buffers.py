"""Whether llama.cpp may rearrange a model's weights for this processor (its “extra buffers”: AMX and the like).

A build can die of it at its first decode: GCC before 13 miscompiles the AMX code, and a prebuilt wheel may use
instructions that the processor lacks. If the build or the processor gives reason to suspect that, a child process
tries both ways. What became of it is kept in the user's cache folder, for this build on this processor.
"""

from __future__ import annotations

import platform
import re
import sys
from dataclasses import asdict, dataclass
from functools import cache
from hashlib import sha256
from itertools import takewhile
from pathlib import Path
from tempfile import TemporaryDirectory

from thinkcap.catalog import trials
from thinkcap.engine.model import llama
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
_KEPT_FOR = re.compile(r"vendor_id|model|model name|cpu family|stepping|flags|Features|CPU \w+")


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
    if not is_suspect():
        return None
    key = sha256(repr((processor(), platform.machine(), llama.build())).encode()).hexdigest()[:16]
    try:
        return Trial(**trials.remembered(file())[key])
    except (KeyError, TypeError):
        found = run_trial()
        trials.remember(file(), key, asdict(found))
        return found


def file() -> Path:
    """Where trials are kept."""
    return trials.memory("extra_buffers")


def features() -> list[str]:
    """The processor features that llama.cpp was built to use, as it names them."""
    return re.findall(r"(\w+) = 1\b", llama.system_info())


def processor_flags() -> set[str]:
    """The features of this processor, as Linux names them; empty on other systems."""
    said = processor()
    return set(said.get("flags", said.get("Features", "")).split())


@cache
def processor() -> dict[str, str]:
    """What Linux says about its first processor, without what changes from one moment to the next."""
    try:
        with Path("/proc/cpuinfo").open(encoding="utf-8", errors="replace") as lines:
            pairs = [line.partition(":") for line in takewhile(str.strip, lines)]
    except OSError:
        return {}
    return {name.strip(): value.strip() for name, _, value in pairs if _KEPT_FOR.fullmatch(name.strip())}


def is_suspect() -> bool:
    """Whether the build may use what fails here. A processor older than the prebuilt wheels is suspect before llama.cpp
    is asked anything, because even its answer may be compiled for a newer one."""
    flags = processor_flags()
    if flags and platform.machine() == "x86_64" and not flags >= _PREBUILT:
        return True
    built = features()
    missing = [name for name, flag in FLAGS.items() if name in built and flag not in flags]
    return "AMX_INT8" in built or bool(flags and missing)


def run_trial() -> Trial:
    """Runs the child. Its first line says that it decoded without extra buffers, its second how it went with them."""
    with TemporaryDirectory() as folder:
        ending = trials.run("thinkcap.catalog.extra_buffers", folder, timeout=TIMEOUT)
    if ending.code == 0:
        same = ending.said == ("decoded", "same")
        return Trial(allowed=same, finding="" if same else "gave other tokens with them than without")
    return Trial(allowed=False, usable=bool(ending.said) or not ending.faulty, finding=ending.finding)


def _child(folder: Path) -> None:
    trials.leave_no_core()
    paths = [_BUILTIN]
    for each in _FORMATS:
        paths.append(folder / f"{each}.gguf")
        llama.quantize(_BUILTIN, paths[-1], each)
    expected = [trials.likeliest_tokens(path, extra_buffers=False) for path in paths]
    print("decoded", flush=True)
    found = [trials.likeliest_tokens(path, extra_buffers=True) for path in paths]
    print("same" if found == expected else "other")


if __name__ == "__main__":
    _child(Path(sys.argv[1]))
