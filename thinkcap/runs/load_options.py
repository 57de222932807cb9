"""Which model, and how it is loaded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from typing import TYPE_CHECKING, Any

from thinkcap.engine.settings import Kind, Option

if TYPE_CHECKING:
    from thinkcap.catalog.locate import Located
    from thinkcap.engine.engine import Engine
    from thinkcap.engine.profile import Profile

MOST_THREADS = 512
"""What llama.cpp can run (GGML_MAX_N_THREADS)."""


def _option(kind: Kind, label: str, help: str, default: Any = None, **bounds: Any) -> Any:
    return field(default=default, metadata={"option": Option(kind, label, help, "model", **bounds)})


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadOptions:
    """The arguments of `thinkcap.load`, which explains them, as a value that travels to other machines too."""

    name: str | None = _option("text", "model", "A model's name, OWNER/REPO[:QUANT], or .gguf file.")
    quant: str | None = _option("text", "quant", "Which quantisation of it: q8_0, f16, …")
    threads: int | None = _option(
        "whole", "number of threads", "CPU threads; by default what suits the model.", low=1, high=MOST_THREADS
    )
    gpu_layers: int | None = _option(
        "whole", "number of GPU layers", "Layers on the GPU; 0 keeps all of them on the CPU."
    )
    context: int | None = _option(
        "tokens", "context", "Context size in tokens; by default what is needed.", low=1, rare=True
    )
    think_start: str | None = _option("text", "opening marker", "The marker that opens the model's thought.", rare=True)
    think_end: str | None = _option("text", "closing marker", "The marker that closes it.", rare=True)
    verbose: bool = _option("switch", "log", "Show llama.cpp's own log.", default=False, rare=True)

    def arguments(self) -> dict[str, Any]:
        """What `thinkcap.load` is called with."""
        return asdict(self)

    def load(self) -> Engine:
        """The engine. Raises ThinkcapError if there is no such model, or it can't be used."""
        import thinkcap

        return thinkcap.load(**self.arguments())

    def locate(self) -> Located:
        """The model's file, without loading it. Raises ThinkcapError if there is no such model, NotDownloaded if it is
        not here."""
        from thinkcap.catalog.locate import locate

        return locate(self.name, self.quant)

    def profile(self) -> Profile:
        """The model's profile as the engine will have it, without loading the model. Raises as `locate` does."""
        profile = self.locate().profile
        return replace(
            profile,
            think_start=self.think_start or profile.think_start,
            think_end=self.think_end or profile.think_end,
        )


def flag_name(field: str) -> str:
    """What users call a field: `model` is the one that Python calls `name`."""
    return "model" if field == "name" else field


LOAD_OPTIONS: Mapping[str, Option] = {flag_name(each.name): each.metadata["option"] for each in fields(LoadOptions)}
"""Every option of a model by the name that users know."""
