"""The model that the server has loaded, as clients see it."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from thinkcap.catalog.entry import EXAMPLES
from thinkcap.catalog.models_file import load_catalogue
from thinkcap.engine.engine import Engine
from thinkcap.serve.errors import HttpError


class LoadedModel:
    """Its name and what can be asked of it.

    name, quant   what clients call it, and how its weights are stored
    efforts       thinking tokens of each level of effort
    context       tokens that one request can hold
    architecture  as its file names it
    loaded        when it was loaded
    """

    def __init__(self, engine: Engine) -> None:
        profile = engine.profile
        self.name = profile.name
        self.quant = profile.quant
        self.efforts: Mapping[str, int | None] = asdict(profile.efforts)
        self.loaded = datetime.fromtimestamp(int(time.time()), UTC)
        self.context = engine.longest
        self.architecture = engine.model.meta("general.architecture") or "unknown"
        self._engine = engine
        self._entry = load_catalogue().entries.get(profile.name)

    def check(self, name: str | None) -> None:
        """Raises HttpError for a model that is not the loaded one. Without a name it is."""
        if name not in (None, self.name, f"{self.name}:{self.quant}", f"{self.name}:latest"):
            raise HttpError(404, f"The model {name!r} is not loaded; this server has {self.name!r}.", "model")

    @property
    def sha256(self) -> str:
        """The hash of its file's head."""
        return self._engine.model_sha256

    @property
    def file_bytes(self) -> int:
        """The size of its file."""
        return Path(self._engine.model.path).stat().st_size

    @property
    def listing(self) -> dict[str, Any]:
        """Its entry in `/v1/models`, with the fields that OpenAI's and Anthropic's clients read."""
        profile = self._engine.profile
        return {
            "id": self.name,
            "object": "model",
            "created": int(self.loaded.timestamp()),
            "owned_by": "thinkcap",
            "type": "model",
            "display_name": f"{self.name} {self.quant}".strip(),
            "created_at": self.loaded.isoformat(),
            "thinkcap": {
                "quant": self.quant,
                "context": self.context,
                "thinking": profile.thinking,
                "solution": profile.solution,
                "efforts": {"none": 0, **self.efforts},
                "cut_style": profile.cut_style,
                "prompt_mode": profile.prompt_mode,
                "temperature": profile.sampling.temperature,
                "description": self._entry.description if self._entry else "",
                "scope": self._entry.scope if self._entry else "",
                "examples": self._entry.examples if self._entry else EXAMPLES,
            },
        }
