"""The sdist holds all that is needed to build, test and read; its wheel, alone in an environment, solves a problem."""

from __future__ import annotations

import subprocess
import sys
import tarfile
import tomllib
import venv
import zipfile
from email.message import Message
from email.parser import Parser
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def build(source: Path, target: str, into: Path) -> Path:
    """Builds with the installed hatchling, so that nothing is fetched."""
    command = [sys.executable, "-m", "hatchling", "build", "-t", target, "-d", str(into)]
    subprocess.run(command, cwd=source, check=True, capture_output=True)
    (built,) = into.glob("*.whl" if target == "wheel" else "*.tar.gz")
    return built


@pytest.fixture(scope="module")
def sdist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The unpacked source distribution."""
    pytest.importorskip("hatchling", reason="hatchling comes with the dev extra")
    folder = tmp_path_factory.mktemp("sdist")
    with tarfile.open(build(ROOT, "sdist", folder)) as archive:
        archive.extractall(folder, filter="data")
    return next(path for path in folder.iterdir() if path.is_dir())


@pytest.fixture(scope="module")
def wheel(sdist: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel that the source distribution makes."""
    return build(sdist, "wheel", tmp_path_factory.mktemp("wheel"))


def test_the_sdist_holds_the_repository(sdist: Path) -> None:
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode:
        pytest.skip("not a git checkout")
    left_out = {
        path
        for path in listed.stdout.splitlines()
        if not (sdist / path).exists() and not path.startswith((".ci/", ".g"))
    }
    assert left_out == set()


def test_the_wheel_holds_the_package_and_nothing_else(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    packaged = {path.relative_to(ROOT).as_posix() for path in (ROOT / "thinkcap").rglob("*") if path.is_file()}
    packaged = {name for name in packaged if "__pycache__" not in name} | {"thinkcap/catalog/models.toml"}
    assert {name for name in names if ".dist-info/" not in name} == packaged
    assert {"thinkcap/catalog/builtin/abacus-q8_0.gguf", "thinkcap/catalog/builtin/abacus-f16.gguf"} <= set(names)


def test_what_an_index_shows(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        (name,) = [name for name in archive.namelist() if name.endswith("/METADATA")]
        facts: Message = Parser().parsestr(archive.read(name).decode())
    assert (facts["Name"], facts["License-Expression"]) == ("thinkcap", "MIT")
    assert facts["Summary"] == PROJECT["description"]
    assert facts["Description-Content-Type"] == "text/markdown"
    for version in ("3.11", "3.12", "3.13", "3.14"):
        assert f"Programming Language :: Python :: {version}" in facts.get_all("Classifier", [])


def test_the_wheel_alone_in_an_environment_solves_a_problem(wheel: Path, tmp_path: Path) -> None:
    """Its dependencies are those of the environment that runs the tests; thinkcap is the wheel's."""
    venv.create(tmp_path / "env", with_pip=False)
    scripts = tmp_path / "env" / ("Scripts" if sys.platform == "win32" else "bin")
    install = [
        sys.executable,
        "-m",
        "pip",
        "--python",
        str(scripts / "python"),
        "install",
        "-q",
        "--no-deps",
        "--no-index",
    ]
    subprocess.run([*install, str(wheel)], check=True, capture_output=True)
    (packages,) = (tmp_path / "env").rglob("site-packages")
    others = [path for path in sys.path if path.endswith("site-packages")]
    (packages / "dependencies.pth").write_text("\n".join(others))
    say = "import thinkcap, pathlib; print(pathlib.Path(thinkcap.__file__).parent)"
    found = subprocess.run(
        [scripts / "python", "-I", "-c", say], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert Path(found.stdout.strip()) == packages / "thinkcap"
    solve = [str(scripts / "thinkcap"), "solve", "What is 384 + 297 + 581?", "--model", "abacus", "--expect", "1262"]
    done = subprocess.run(solve, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "1262" in done.stdout
