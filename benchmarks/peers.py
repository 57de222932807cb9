"""llama.cpp's own tools, to compare against. They are built once from the sources in llama-cpp-python's source
distribution, so that both sides run the same llama.cpp.

    python benchmarks/peers.py

Needs a C++ compiler and CMake; takes about ten minutes on two cores.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tarfile
from importlib.metadata import version
from pathlib import Path

CACHE = Path(__file__).parent / "cache"
TOOLS = ("llama-bench", "llama-batched-bench", "llama-server", "llama-cli")


def tool(name: str) -> Path:
    """The path of one of TOOLS; builds them first if it is missing."""
    folder = CACHE / f"llama.cpp-{version('llama-cpp-python')}"
    path = folder / "bin" / name
    if not path.exists():
        _build(folder)
    return path


def _build(folder: Path) -> None:
    release = version("llama-cpp-python")
    print(f"building llama.cpp's tools from llama-cpp-python {release}", file=sys.stderr)
    folder.mkdir(parents=True, exist_ok=True)
    archive = next(folder.glob("*.tar.gz"), None)
    if archive is None:
        wanted = ["download", "--no-deps", "--no-binary", "llama-cpp-python", "--dest", str(folder)]
        subprocess.run([sys.executable, "-m", "pip", *wanted, f"llama-cpp-python=={release}"], check=True)
        archive = next(folder.glob("*.tar.gz"))
    with tarfile.open(archive) as bundle:
        bundle.extractall(folder, filter="data")
    source = next(folder.glob("llama_cpp_python-*/vendor/llama.cpp"))
    # Whatever decides speed is set as in llama-cpp-python's own build: Release, shared libraries, ggml's defaults.
    off = ("LLAMA_BUILD_TESTS", "LLAMA_BUILD_EXAMPLES", "LLAMA_BUILD_APP", "LLAMA_OPENSSL", "LLAMA_USE_PREBUILT_UI")
    options = [*(f"-D{name}=OFF" for name in off), "-DCMAKE_BUILD_TYPE=Release", "-DBUILD_SHARED_LIBS=ON"]
    build = folder / "build"
    options += os.environ.get("CMAKE_ARGS", "").split()
    subprocess.run(["cmake", "-S", str(source), "-B", str(build), *options], check=True)
    jobs = str(os.cpu_count() or 2)
    subprocess.run(["cmake", "--build", str(build), "--parallel", jobs, "--target", *TOOLS], check=True)
    (folder / "bin").mkdir(exist_ok=True)
    for name in TOOLS:
        (build / "bin" / name).rename(folder / "bin" / name)


if __name__ == "__main__":
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    for name in TOOLS:
        print(tool(name))
