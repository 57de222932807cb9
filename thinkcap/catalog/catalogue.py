"""models.toml: the packaged file, overlaid key by key by the user's own."""

from __future__ import annotations

import difflib
import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from thinkcap.errors import ThinkcapError, UsageError

if TYPE_CHECKING:
    from thinkcap.catalog.entry import Entry


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The models known by name, in the order of the files, and which of them is the default."""

    entries: Mapping[str, Entry]
    default: str | None

    def __getitem__(self, name: str) -> Entry:
        """The entry of a name. Raises UsageError with near names where there is none."""
        if name in self.entries:
            return self.entries[name]
        lowered = {known.lower(): known for known in self.entries}
        near = [lowered[match] for match in difflib.get_close_matches(name.lower(), lowered, n=2, cutoff=0.5)]
        near += [known for known in self.entries if name.lower() in known.lower() and known not in near]
        if near:
            raise UsageError(
                f"There is no model named {name!r}: did you mean {' or '.join(near[:3])}? "
                "`thinkcap models` lists them all."
            )
        raise UsageError(
            f"There is no model named {name!r}: `thinkcap models` lists the names; a path to a .gguf file and "
            "owner/repo on the hub work too."
        )

    def of_repository(self, repository: str) -> str | None:
        """The name of the first model that comes from a hub repository, or None."""
        wanted = repository.lower()
        for name, entry in self.entries.items():
            places = [*entry.sources, *([entry.original] if entry.original else [])]
            if wanted in (place.lower() for place in places):
                return name
        return None


def packaged_file() -> Path:
    """models.toml inside the installed package, or at the top of a checkout."""
    installed = Path(__file__).with_name("models.toml")
    return installed if installed.exists() else Path(__file__).parents[2] / "models.toml"


def user_file() -> Path:
    """Where the user's own models.toml is looked for: the platform's folder for thinkcap's settings."""
    from platformdirs import user_config_path

    return user_config_path("thinkcap", appauthor=False) / "models.toml"


def load_catalogue() -> Catalogue:
    """Both files, merged and checked.

    Raises ThinkcapError with the file, the key and what was expected there.
    """
    packaged, own = packaged_file(), user_file()
    base = _read(packaged)
    # A link that leads nowhere or round in a circle is not passed over: reading says what is wrong with it.
    overlay = _read(own) if os.path.lexists(own) else {}
    merged = _merge(base, overlay)

    for key in merged:
        if key not in ("default", "models"):
            raise _mistake(own if key in overlay else packaged, [key], "only `default` and tables named [models.NAME]")
    models = merged.get("models", {})
    entries = {name: _entry(name, table, packaged, own, overlay) for name, table in models.items()}
    default = merged.get("default")
    if default is not None and not (isinstance(default, str) and default in entries):
        known = ", ".join(entries)
        raise _mistake(own if "default" in overlay else packaged, ["default"], f"the name of a model ({known})")
    return Catalogue(entries, default)


def _read(file: Path) -> dict[str, Any]:
    try:
        data = tomllib.loads(file.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise ThinkcapError(f"{file} is not valid TOML: {str(error).rstrip('.')}.") from error
    except RecursionError as error:
        raise ThinkcapError(f"{file} is not valid TOML: it is nested too deeply.") from error
    except OSError as error:
        raise ThinkcapError(f"{file} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise ThinkcapError(f"{file} cannot be read: it is not UTF-8.") from error
    if not isinstance(data.get("models", {}), dict):
        raise _mistake(file, ["models"], "tables named [models.NAME]")
    return data


def _merge(base: dict[str, Any], overlay: dict[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for key, value in overlay.items():
        below = merged.get(key)
        merged[key] = _merge(below, value) if isinstance(below, dict) and isinstance(value, dict) else value
    return merged


def _entry(name: str, table: Any, packaged: Path, own: Path, overlay: dict[str, Any]) -> Entry:
    from pydantic import ValidationError

    from thinkcap.catalog.entry import Entry

    try:
        return Entry.model_validate(table)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        keys = ["models", name, *(str(part) for part in first["loc"] if isinstance(part, int) or part.isidentifier())]
        raise _mistake(own if _holds(overlay, keys) else packaged, keys, _expected(dict(first))) from None


def _holds(data: Any, keys: list[str]) -> bool:
    """Whether the mistake's key, or the innermost table around it that it could be missing from, is in `data`."""
    for key in keys[:3]:
        if not isinstance(data, dict) or key not in data:
            return isinstance(data, dict) and key is keys[-1] and len(keys) == 2
        data = data[key]
    return True


def _mistake(file: Path, keys: list[str], expected: str) -> ThinkcapError:
    spelled = ".".join(key if key.replace("-", "").replace("_", "").isalnum() else f'"{key}"' for key in keys)
    return ThinkcapError(f"{file}: {spelled} should be {expected}.")


def _expected(error: dict[str, Any]) -> str:
    """What was expected, in words that follow `should be`."""
    kind, context, given = error["type"], error.get("ctx", {}), error.get("input")
    match kind:
        case "value_error":
            wanted = str(context["error"])
        case "extra_forbidden":
            from thinkcap.catalog.entry import Entry, SamplingDefaults

            fields = SamplingDefaults.model_fields if len(error["loc"]) > 1 else Entry.model_fields
            return f"no key of a model; the keys are {', '.join(fields)}"
        case "literal_error":
            wanted = context["expected"].replace("'", "")
        case "string_pattern_mismatch":
            wanted = "a repository on the hub, written owner/name"
        case "int_type" | "int_parsing" | "int_from_float" | "finite_number" | "int_parsing_size":
            wanted = "a whole number"
        case "float_type" | "float_parsing":
            wanted = "a number"
        case "bool_type" | "bool_parsing":
            wanted = "true or false"
        case "string_type":
            wanted = "a text"
        case "list_type":
            wanted = "a list"
        case "model_type" | "model_attributes_type" | "dict_type":
            return "a table of keys"
        case "too_short":
            return "a list of at least one"
        case "greater_than_equal":
            wanted = f"{context['ge']} or more"
        case "greater_than":
            wanted = f"more than {context['gt']}"
        case "less_than_equal":
            wanted = f"at most {context['le']}"
        case _:
            wanted = str(error["msg"])
    return wanted if isinstance(given, dict) else f"{wanted}, not {given!r}"
