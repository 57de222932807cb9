"""Which model, and how it is loaded."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from thinkcap.catalog.locate import Located
    from thinkcap.engine.engine import Engine
    from thinkcap.engine.profile import Profile


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadOptions:
    """The arguments of `thinkcap.load`, which explains them, as a value that travels to other machines too."""

    name: str | None = None
    quant: str | None = None
    threads: int | None = None
    gpu_layers: int | None = None
    context: int | None = None
    think_start: str | None = None
    think_end: str | None = None
    verbose: bool = False

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
