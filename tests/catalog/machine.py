"""A machine with nothing on it but thinkcap: its own cache, settings and hub."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from huggingface_hub import constants

from tests.catalog.hub import Hub
from thinkcap import cli


@dataclass
class Machine:
    home: Path
    hub: Hub

    @property
    def cache(self) -> Path:
        return self.home / "hf" / "hub"

    @property
    def models_file(self) -> Path:
        return self.home / "config" / "thinkcap" / "models.toml"

    def environment(self, **more: str) -> dict[str, str]:
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("HF_", "XDG_", "NO_COLOR", "THINKCAP_"))
        }
        own = {"HF_HOME": str(self.home / "hf"), "XDG_CONFIG_HOME": str(self.home / "config"), "COLUMNS": "80"}
        return kept | own | self.hub.environment() | more

    def start(self, *words: str, **more: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "thinkcap", *words],
            env=self.environment(**more),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(
        self, *words: str, before: Callable[[], None] | None = None, **more: str
    ) -> subprocess.CompletedProcess[str]:
        """One command line, off a terminal; `before` runs in the new process (limits)."""
        return subprocess.run(
            [sys.executable, "-m", "thinkcap", *words],
            env=self.environment(**more),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            preexec_fn=before,
            timeout=60,
            check=False,
        )

    def own_models(self, text: str) -> None:
        self.models_file.parent.mkdir(parents=True, exist_ok=True)
        self.models_file.write_text(text)

    def cached(self, repository: str, name: str) -> Path:
        """Where a file of a repository's only snapshot should be."""
        found = list((self.cache / f"models--{repository.replace('/', '--')}" / "snapshots").glob(f"*/{name}"))
        assert len(found) == 1, found
        return found[0]


class Here(Machine):
    """The machine, its command lines run in this process, which takes a tenth of the time."""

    def run(
        self, *words: str, before: Callable[[], None] | None = None, stdin: str = "", **more: str
    ) -> subprocess.CompletedProcess[str]:
        """One command line, off a terminal; in a new process after all if something is to be done `before` in it."""
        if before is not None:
            return super().run(*words, before=before, **more)
        environment = self.environment(**more)
        out, err = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True) for _ in range(2))
        with pytest.MonkeyPatch.context() as patch:
            for name in {*os.environ} - {*environment}:
                patch.delenv(name)
            for name, value in environment.items():
                patch.setenv(name, value)
            # The library reads these when it is imported.
            patch.setattr(constants, "HF_HUB_CACHE", str(self.cache))
            patch.setattr(constants, "ENDPOINT", environment.get("HF_ENDPOINT", ""))
            patch.setattr(constants, "HF_HUB_OFFLINE", "HF_HUB_OFFLINE" in more)
            patch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin.encode())))
            patch.setattr(sys, "stdout", out)
            patch.setattr(sys, "stderr", err)
            code = cli.run(words)
        said = [stream.buffer.getvalue().decode() for stream in (out, err)]
        return subprocess.CompletedProcess(words, code, *said)
