"""What `thinkcap bench --tune` found best for a model on this machine, kept in the user's settings."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Annotated

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass

from thinkcap.catalog.models_file import user_file
from thinkcap.errors import ThinkcapError

Count = Annotated[int, Field(ge=1, strict=True)]


@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class Tuning:
    """The best threads to decode with and sequences to run at once, found on a machine with that many cores."""

    threads: Count
    parallel: Count
    cores: Count


def file() -> Path:
    """Where tunings are kept, beside the user's models.toml."""
    return user_file().with_name("tuned.toml")


def read(model: str, quant: str, cores: int) -> Tuning | None:
    """The tuning of a model, None if there is none or it was found on other cores.

    Raises ThinkcapError for a file that cannot be understood.
    """
    found = _read_all().get(f"{model}:{quant}")
    return found if found is not None and found.cores == cores else None


def write(model: str, quant: str, tuning: Tuning) -> Path:
    """Keeps a model's tuning; returns the file. Raises ThinkcapError if it cannot be written."""
    tunings = {**_read_all(), f"{model}:{quant}": tuning}
    lines = ["# Found by `thinkcap bench --tune`; delete an entry, or the file, to go back to the defaults."]
    for name, each in sorted(tunings.items()):
        lines += ["", f"[{json.dumps(name)}]"]  # a JSON string is a TOML key
        lines += [f"threads = {each.threads}", f"parallel = {each.parallel}", f"cores = {each.cores}"]
    try:
        file().parent.mkdir(parents=True, exist_ok=True)
        file().write_text("\n".join(lines) + "\n", encoding="utf-8")
    except OSError as error:
        raise ThinkcapError(f"{file()} can't be written: {error.strerror}.") from error
    return file()


def _read_all() -> dict[str, Tuning]:
    try:
        with file().open("rb") as source:
            return TypeAdapter(dict[str, Tuning]).validate_python(tomllib.load(source))
    except FileNotFoundError:
        return {}
    except ValidationError as error:
        where = ".".join(map(str, error.errors()[0]["loc"]))
        raise ThinkcapError(f"{file()} can't be understood (see {where}): mend it or delete it.") from None
    except (OSError, ValueError, RecursionError) as error:
        raise ThinkcapError(f"{file()} can't be understood ({error}): mend it or delete it.") from None
