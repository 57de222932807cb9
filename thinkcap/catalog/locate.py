"""From what the user calls a model to the file llama.cpp opens. Never touches the network."""

from __future__ import annotations

import os
import re
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from thinkcap.catalog.gguf.names import shards
from thinkcap.catalog.gguf.quants import canonical_quant, preference
from thinkcap.engine.profile import Profile, Sampling
from thinkcap.errors import ThinkcapError, UsageError

if TYPE_CHECKING:
    from thinkcap.catalog.entry import Entry
    from thinkcap.catalog.gguf.header import Header

_REPOSITORY = re.compile(r"(?P<repository>[\w\-.]+/[\w\-.]+)(?::(?P<quant>[^:]+))?")


@dataclass(frozen=True, slots=True)
class Located:
    """A model that is on this machine.

    path     the GGUF (the first shard of a split one)
    profile  how the engine treats it
    """

    path: Path
    profile: Profile

    @property
    def quant(self) -> str:
        """Its weight format, "" if the file doesn't tell."""
        return self.profile.quant


@dataclass(frozen=True, slots=True)
class Reference:
    """What a model's name means, before anything is looked up: an entry of models.toml, a hub repository or a file.

    A `repository` that an entry lists has that `entry` too, for its prompt and defaults.
    """

    name: str
    entry: Entry | None = None
    repository: str | None = None
    file: Path | None = None
    quant: str | None = None

    @property
    def own_file(self) -> Path | None:
        """The user's file that is meant, by its path or by an entry's."""
        if self.file is None and self.repository is None and self.entry is not None and self.entry.path is not None:
            return _expanded(self.entry.path)
        return self.file

    @property
    def repositories(self) -> tuple[str, ...]:
        """The hub repositories the model may come from, in the order they are tried."""
        if self.repository is not None:
            return (self.repository,)
        return self.entry.repositories if self.entry else ()

    @property
    def wanted_quant(self) -> str | None:
        """The quant a pull is for: the one asked for, else the entry's first; None is the preferred one there is."""
        return self.quant or (self.entry.quants[0] if self.entry else None)

    @property
    def pull_command(self) -> str:
        """The command that fetches the model."""
        if self.repository is not None or self.entry is None:
            return f"thinkcap pull {self.repository or self.name}" + (f":{self.quant}" if self.quant else "")
        quant = f" --quant {self.quant}" if self.quant and self.quant != self.entry.quants[0] else ""
        return f"thinkcap pull {self.name}{quant}" + ("" if self.entry.sources else " --convert")

    def __str__(self) -> str:
        return self.repository or self.name


class NotDownloaded(ThinkcapError):  # noqa: N818 (it is a state the caller handles, and reads as one)
    """A model the hub has and this machine has not. `command` fetches it."""

    def __init__(self, name: str, quant: str | None, command: str) -> None:
        self.spoken = f"{name} ({quant})" if quant else name
        super().__init__(
            f"{self.spoken} is not downloaded yet: run `{command}`, or use the built-in model: --model abacus."
        )
        self.name, self.quant, self.command = name, quant, command


def locate(name: str | None = None, quant: str | None = None) -> Located:
    """Finds a model's file on this machine.

    name   a name of models.toml (None is its default), a path to a `.gguf`, or `owner/repo[:quant]` on the hub
    quant  the weight format, in any spelling; None takes the preferred one that is there

    Raises NotDownloaded if a pull would help, UsageError for a name or quant that means nothing, ThinkcapError for a
    file that is missing or unreadable; each says what to do.
    """
    reference = resolve(name, quant)
    file, entry = reference.own_file, reference.entry
    if file is not None:
        found = _local_file(file, reference.quant)
        return replace(found, profile=entry.profile(reference.name, found.quant)) if entry else found
    if entry is not None and entry.builtin:
        return _builtin(reference, entry)
    return _cached(reference)


def resolve(name: str | None, quant: str | None = None) -> Reference:
    """What a name means. Raises UsageError if it means nothing."""
    from thinkcap.catalog.models_file import load_catalogue

    wanted = canonical_quant(quant) if quant else None
    if name is not None and name.lower().endswith(".gguf"):
        return _file(name, wanted)
    catalogue = load_catalogue()
    if name is None:
        if catalogue.default is None:
            raise UsageError("models.toml names no default model: say which with --model, for example --model abacus.")
        return Reference(catalogue.default, entry=catalogue[catalogue.default], quant=wanted)
    base, _, suffix = name.partition(":")
    if base in catalogue.entries:
        return Reference(base, entry=catalogue[base], quant=wanted or (canonical_quant(suffix) if suffix else None))
    match = _REPOSITORY.fullmatch(name)
    is_path = match is None and (os.sep in name or (os.altsep is not None and os.altsep in name))
    if is_path or os.path.exists(os.path.expanduser(name)):
        return _file(name, wanted)
    if match is None:
        return Reference(name, entry=catalogue[name], quant=wanted)
    repository = match["repository"]
    known = catalogue.of_repository(repository)
    return Reference(
        known or repository,
        entry=catalogue[known] if known else None,
        repository=repository,
        quant=wanted or (canonical_quant(match["quant"]) if match["quant"] else None),
    )


def _file(name: str, quant: str | None) -> Reference:
    return Reference(Path(name).stem, file=_expanded(name), quant=quant)


def _expanded(path: str) -> Path:
    """The path with `~` for the home folder; one whose home is not known stays as it is."""
    return Path(os.path.expanduser(path))


def _builtin(reference: Reference, entry: Entry) -> Located:
    quant = reference.quant or entry.quants[0]
    if quant not in entry.quants:
        raise UsageError(f"{reference.name} has no quant {quant}: it comes in {' and '.join(entry.quants)}.")
    path = Path(__file__).parent / "builtin" / f"{reference.name}-{quant}.gguf"
    if not path.is_file():
        raise ThinkcapError(f"The built-in model's file {path} is missing: install thinkcap again.")
    return Located(path, entry.profile(reference.name, quant))


def _local_file(path: Path, quant: str | None) -> Located:
    """A GGUF by its path, with what it says about itself in place of an entry."""
    from thinkcap.catalog.gguf.header import read_header

    # os.path answers False for a name that no file can have; pathlib raises what the system says about it.
    if os.path.isdir(path):
        raise UsageError(f"{path} is a folder: point --model at a .gguf file in it.")
    if not os.path.exists(path):
        raise ThinkcapError(
            f"There is no file {path}: give the path of a .gguf, or a name that `thinkcap models` lists."
        )
    if not os.path.isfile(path):
        raise UsageError(f"{path} is a device or a pipe: point --model at a .gguf file.")
    parts = shards(path)
    missing = [part.name for part in parts if not os.path.isfile(part)]
    if missing:
        raise ThinkcapError(f"{path} is split into {len(parts)} files and {missing[0]} is not beside it: fetch it too.")
    header = read_header(parts[0])
    if quant and header.quant and quant != header.quant:
        raise UsageError(
            f"{path} holds {header.quant}, not {quant}: leave --quant out, or point --model at another file."
        )
    return Located(parts[0], profile_of(header, path.stem))


def profile_of(header: Header, name: str) -> Profile:
    """Defaults for a model without an entry: its file's sampling metadata if it makes sense, else R1's values."""
    sampling = Sampling()
    for field, key in (("temperature", "temp"), ("top_p", "top_p"), ("top_k", "top_k"), ("min_p", "min_p")):
        value: Any = header.number(f"general.sampling.{key}")
        if value is not None:
            with suppress(ValueError):
                sampling = replace(sampling, **{field: value})
    return Profile(name=name, quant=header.quant, sampling=sampling)


def _cached(reference: Reference) -> Located:
    """The wanted quant from the first repository that has it in the cache; the most preferred if none is wanted."""
    from thinkcap.catalog.gguf.header import read_header
    from thinkcap.catalog.hub.cache import cached_variants

    entry = reference.entry
    held = [
        (snapshot / variant.first, variant.quant)
        for repository in reference.repositories
        for snapshot, variant in cached_variants(repository)
        if reference.quant in (None, variant.quant)
    ]
    if not held:
        raise NotDownloaded(str(reference), reference.wanted_quant, reference.pull_command)
    usual = entry.quants if entry else ()
    order = (*usual, *sorted({quant for _, quant in held}, key=preference))
    path, quant = min(held, key=lambda each: order.index(each[1]))
    if entry is not None:
        return Located(path, entry.profile(reference.name, quant))
    header = read_header(path)
    return Located(path, replace(profile_of(header, reference.name), quant=quant or header.quant))


def present(reference: Reference, revision: str | None = None) -> Path | None:
    """The wanted file if it is in the cache already. Asks no network, so of a revision only a commit is known."""
    from thinkcap.catalog.hub.cache import cached_variants

    for repository in reference.repositories:
        for snapshot, variant in cached_variants(repository):
            if reference.wanted_quant in (None, variant.quant) and revision in (None, snapshot.name):
                return snapshot / variant.first
    return None
