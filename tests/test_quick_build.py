"""cmake/quick.cmake, read by a project laid out as llama-cpp-python's is."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

QUICK = Path(__file__).parents[1] / "cmake" / "quick.cmake"
OUTER = """
cmake_minimum_required(VERSION 3.21)
project(llama_cpp)
option(LLAVA_BUILD "" ON)
set(LLAMA_BUILD_COMMON ON CACHE BOOL "" FORCE)
add_subdirectory(vendor)
file(WRITE ${CMAKE_BINARY_DIR}/llava "${LLAVA_BUILD}")
"""
INNER = """
cmake_minimum_required(VERSION 3.14...3.28)
project("llama.cpp" C CXX)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
option(LLAMA_BUILD_COMMON "" OFF)
file(WRITE ${CMAKE_BINARY_DIR}/common "${LLAMA_BUILD_COMMON}")
add_subdirectory(ggml)
"""
GGML = """
add_library(ggml-cpu STATIC ggml-cpu.c)
target_compile_options(ggml-cpu PRIVATE -march=sapphirerapids)
"""


@pytest.fixture(scope="module")
def build(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The build folder of such a project, configured."""
    if shutil.which("cmake") is None or shutil.which("cc") is None:
        pytest.skip("needs CMake and a C compiler")
    source = tmp_path_factory.mktemp("llama")
    for name, text in {"": OUTER, "vendor": INNER, "vendor/ggml": GGML}.items():
        (source / name).mkdir(exist_ok=True)
        (source / name / "CMakeLists.txt").write_text(text)
    (source / "vendor" / "ggml" / "ggml-cpu.c").write_text("int nothing;\n")
    command = ["cmake", "-S", str(source), "-B", str(source / "build")]
    subprocess.run([*command, f"-DCMAKE_PROJECT_llama.cpp_INCLUDE={QUICK}"], check=True, capture_output=True)
    return source / "build"


def test_what_thinkcap_does_not_load_is_left_out(build: Path) -> None:
    assert (build / "llava").read_text() == "OFF"
    assert (build / "common").read_text() == "OFF"


def test_amx_is_left_out_for_the_compilers_that_get_it_wrong(build: Path) -> None:
    ask = ["cc", "-march=sapphirerapids", "-dM", "-E", "-x", "c", "/dev/null"]
    knows = subprocess.run(ask, check=False, capture_output=True, text=True).stdout
    if "__AMX_INT8__" not in knows:
        pytest.skip("this compiler knows no AMX")
    gcc = re.search(r"__GNUC__ (\d+)", knows)
    wrong = gcc is not None and "__clang__" not in knows and 11 <= int(gcc[1]) < 13
    (entry,) = json.loads((build / "compile_commands.json").read_text())
    preprocess = f"{entry['command'].partition(' -o ')[0]} -dM -E {entry['file']}"
    macros = subprocess.run(preprocess, shell=True, check=True, capture_output=True, text=True).stdout
    assert ("__AMX_INT8__" in macros) != wrong
    assert "__AVX512VNNI__" in macros
