"""models.toml: the packaged file, overlaid key by key by the user's."""

from __future__ import annotations

import difflib
import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields
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
        """The entry of a name. Raises UsageError, with names like it, if there is none."""
        if name in self.entries:
            return self.entries[name]
        lowered = {known.lower(): known for known in self.entries}
        near = [lowered[match] for match in difflib.get_close_matches(name.lower(), lowered, n=2, cutoff=0.5)]
        near += [known for known in self.entries if name and name.lower() in known.lower() and known not in near]
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
            if wanted in map(str.lower, entry.repositories):
                return name
        return None


def packaged_file() -> Path:
    """models.toml inside the installed package, or at the top of a checkout."""
    installed = Path(__file__).with_name("models.toml")
    return installed if installed.exists() else Path(__file__).parents[2] / "models.toml"


def user_file() -> Path:
    """The user's models.toml in the platform's folder for thinkcap's settings. It need not exist."""
    from platformdirs import user_config_path

    return user_config_path("thinkcap", appauthor=False) / "models.toml"


def load_catalogue() -> Catalogue:
    """Both files, merged and checked.

    Raises ThinkcapError with the file, the key and what was expected there.
    """
    from pydantic import TypeAdapter, ValidationError

    from thinkcap.catalog.entry import Entry

    packaged, own = packaged_file(), user_file()
    # A link that leads nowhere or round in a circle is not passed over: reading says what is wrong with it.
    overlay = _read(own) if os.path.lexists(own) else {}
    merged = _merge(_read(packaged), overlay)

    def mistake(keys: list[str], expected: str) -> ThinkcapError:
        return _mistake(own if _holds(overlay, keys) else packaged, keys, expected)

    for key in merged:
        if key not in ("default", "models"):
            raise mistake([key], "only `default` and tables named [models.NAME]")
    entries, adapter = {}, TypeAdapter(Entry)
    for name, table in merged.get("models", {}).items():
        try:
            entries[name] = adapter.validate_python(table)
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            keys = [str(part) for part in first["loc"] if isinstance(part, int) or part.isidentifier()]
            raise mistake(["models", name, *keys], _expected(dict(first))) from None
    default = merged.get("default")
    if default is not None and not (isinstance(default, str) and default in entries):
        raise mistake(["default"], f"the name of a model ({', '.join(entries)})")
    return Catalogue(entries, default)


def _read(file: Path) -> dict[str, Any]:
    try:
        data = tomllib.loads(file.read_text(encoding="utf-8"))
    except RecursionError as error:
        raise ThinkcapError(f"{file} is not valid TOML: it is nested too deeply.") from error
    except tomllib.TOMLDecodeError as error:
        raise ThinkcapError(f"{file} is not valid TOML: {str(error).rstrip('.')}.") from error
    except UnicodeDecodeError as error:
        raise ThinkcapError(f"{file} cannot be read: it is not UTF-8.") from error
    except OSError as error:
        raise ThinkcapError(f"{file} cannot be read: {error.strerror}.") from error
    if not isinstance(data.get("models", {}), dict):
        raise _mistake(file, ["models"], "tables named [models.NAME]")
    return data


def _merge(base: dict[str, Any], overlay: dict[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for key, value in overlay.items():
        below = merged.get(key)
        merged[key] = _merge(below, value) if isinstance(below, dict) and isinstance(value, dict) else value
    return merged


def _holds(data: Any, keys: list[str]) -> bool:
    """Whether `data` has the mistake's key; for keys within an entry's table, or missing from it, their own or that."""
    for key in keys[:3]:
        if not isinstance(data, dict) or key not in data:
            return isinstance(data, dict) and key is keys[-1] and len(keys) == 2
        data = data[key]
    return True


def _mistake(file: Path, keys: list[str], expected: str) -> ThinkcapError:
    spelled = ".".join(key if key.replace("-", "").replace("_", "").isalnum() else f'"{key}"' for key in keys)
    return ThinkcapError(f"{file}: {spelled} should be {expected}.")


_EXPECTED = {
    "string_pattern_mismatch": "a repository on the hub, written owner/name",
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_from_float": "a whole number",
    "finite_number": "a whole number",
    "float_type": "a number",
    "float_parsing": "a number",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "string_type": "a text",
    "tuple_type": "a list",
    "greater_than_equal": "{ge} or more",
    "greater_than": "more than {gt}",
    "less_than_equal": "at most {le}",
    "literal_error": "{expected}",
    "value_error": "{error}",
}
"""What was expected, by pydantic's name of the mistake, in words that follow `should be`."""


def _expected(error: dict[str, Any]) -> str:
    from thinkcap.catalog.entry import Entry
    from thinkcap.engine.profile import ModelDefaults, Sampling

    match error["type"]:
        case "unexpected_keyword_argument":
            inherited = len(fields(ModelDefaults))
            entry = fields(Entry)[inherited:] + fields(Entry)[:inherited]
            known = fields(Sampling) if len(error["loc"]) > 1 else entry
            return f"no key of a model; the keys are {', '.join(field.name for field in known)}"
        case "dataclass_type":
            return "a table of keys"
        case "too_short":
            return "a list of at least one"
    wanted = _EXPECTED.get(error["type"], "{msg}").format(msg=error["msg"], **error.get("ctx", {})).replace("'", "")
    return wanted if isinstance(error["input"], dict) else f"{wanted}, not {error['input']!r}"
