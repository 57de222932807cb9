"""thinkcap doctor, as a user runs it."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.catalog.hub import serve
from tests.catalog.machine import Here, Machine

CHECKS = [
    *("python", "thinkcap", "llama.cpp", "cpu", "threads", "memory", "gpu"),
    *("settings", "models", "default", "convert", "cache", "hub", "abacus"),
]


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Machine]:
    with serve() as hub:
        yield Here(tmp_path, hub)


def checks(done: subprocess.CompletedProcess[str]) -> dict[str, dict[str, str]]:
    return {check["name"]: check for check in json.loads(done.stdout)["checks"]}


def test_healthy_machine(machine: Machine) -> None:
    done = machine.run("doctor", "--json")
    assert done.returncode == 0, done.stdout
    found = checks(done)
    assert list(found) == CHECKS
    assert found["hub"]["finding"].startswith("127.0.0.1:")
    assert found["hub"]["state"] == found["abacus"]["state"] == "ok"
    assert found["abacus"]["finding"].startswith("thought for 5 tokens and answered")
    assert found["default"] == {
        "name": "default",
        "state": "note",
        "finding": "l1-qwen-1.5b-max (q8_0) is not downloaded",
        "cure": "thinkcap pull l1-qwen-1.5b-max, or use --model abacus",
    }
    assert found["cache"]["finding"].startswith(f"{machine.cache}, nothing in it yet, ")


def test_report_fits_80_columns_and_says_the_cure(machine: Machine) -> None:
    done = machine.run("doctor", HF_HUB_OFFLINE="1", PYTHONIOENCODING="utf-8")
    lines = done.stdout.splitlines()
    assert max(len(line) for line in lines if str(machine.home) not in line) <= 80
    assert [line.split()[1] for line in lines if not line.startswith(" ")] == CHECKS
    at = lines.index("! hub        offline mode is on (HF_HUB_OFFLINE)")
    assert lines[at + 1] == "             → unset HF_HUB_OFFLINE to pull models"
    assert done.returncode == 0
    assert done.stderr == ""


def test_settings_say_where_they_come_from(machine: Machine) -> None:
    config = machine.models_file.with_name("config.toml")
    config.parent.mkdir(parents=True)
    config.write_text('budget = "2k"\nthreads = 1\n')
    done = machine.run(
        "doctor", "--json", THINKCAP_MODEL="abacus", THINKCAP_BUDGET="none", THINKCAP_BUGDET="1", HF_HUB_OFFLINE="1"
    )
    found = checks(done)
    assert found["settings"]["state"] == "note"
    assert found["settings"]["finding"] == (
        f"model abacus from THINKCAP_MODEL; threads 1 from {config}; budget none from THINKCAP_BUDGET; "
        "THINKCAP_BUGDET means nothing"
    )
    assert found["default"]["finding"] == "abacus (q8_0) is here"


def test_what_is_broken_gives_exit_code_1_and_the_rest_still_runs(machine: Machine) -> None:
    machine.own_models("[models.abacus]\ncut_style = 3\n")
    done = machine.run("doctor", "--json", HF_ENDPOINT="http://127.0.0.1:9")
    assert done.returncode == 1
    found = checks(done)
    broken = [name for name, check in found.items() if check["state"] == "broken"]
    assert broken == ["models", "default", "abacus"]
    assert found["models"]["finding"] == (
        f"{machine.models_file}: models.abacus.cut_style should be bare, message, soft, pause or pause+message, not 3."
    )
    assert found["hub"]["state"] == "note"
    assert found["hub"]["finding"].startswith("127.0.0.1:9 can't be reached (")
