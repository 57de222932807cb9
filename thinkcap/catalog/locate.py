"""From what the user calls a model to the file llama.cpp opens. Never touches the network."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from thinkcap.catalog.quants import PREFERRED, canonical_quant, shards
from thinkcap.engine.profile import Profile, Sampling
from thinkcap.errors import ThinkcapError, UsageError

if TYPE_CHECKING:
    from thinkcap.catalog.catalogue import Catalogue
    from thinkcap.catalog.entry import Entry
    from thinkcap.catalog.header import Header

_REPOSITORY = re.compile(r"(?P<repository>[\w\-.]+/[\w\-.]+)(?::(?P<quant>[^:]+))?")


@dataclass(frozen=True, slots=True)
class Located:
    """A model that is on this machine.

    path     the GGUF (the first shard of a split one)
    profile  how the engine should treat it
    quant    its weight format, "" where the file does not tell
    """

    path: Path
    profile: Profile
    quant: str


@dataclass(frozen=True, slots=True)
class Reference:
    """What a model's name means, before anything is looked up: a catalogue entry, a hub repository, or a file.

    A `repository` that an entry lists as a source has that `entry` too, for its prompt and defaults.
    """

    name: str
    entry: Entry | None = None
    repository: str | None = None
    file: Path | None = None
    quant: str | None = None


class NotDownloaded(ThinkcapError):  # noqa: N818 (it is a state the caller handles, and reads as one)
    """A model the hub has and this machine has not. `command` is what fetches it."""

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

    Raises NotDownloaded where a pull would help, UsageError for a name or quant that means nothing, ThinkcapError for a
    file that is missing or unreadable; each says what to do.
    """
    reference = resolve(name, quant)
    entry = reference.entry
    if reference.file is not None:
        return _local_file(reference.file, reference.quant)
    if entry is not None and entry.builtin:
        return _builtin(reference, entry)
    if entry is not None and entry.path is not None and reference.repository is None:
        found = _local_file(Path(os.path.expanduser(entry.path)), reference.quant)
        return replace(found, profile=entry.profile(reference.name, found.quant))
    return _cached(reference)


def resolve(name: str | None, quant: str | None = None) -> Reference:
    """What a name means. Raises UsageError where it means nothing."""
    from thinkcap.catalog.catalogue import load_catalogue

    wanted = canonical_quant(quant) if quant else None
    if name is not None and name.lower().endswith(".gguf"):
        return _file(name, wanted)
    catalogue = load_catalogue()
    if name is None:
        return _default(catalogue, wanted)
    base, _, suffix = name.partition(":")
    if base in catalogue.entries:
        return Reference(base, entry=catalogue[base], quant=wanted or (canonical_quant(suffix) if suffix else None))
    if os.path.exists(os.path.expanduser(name)):
        return _file(name, wanted)
    match = _REPOSITORY.fullmatch(name)
    if match is None:
        if os.sep in name or (os.altsep and os.altsep in name):
            return _file(name, wanted)
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
    return Reference(Path(name).stem, file=Path(os.path.expanduser(name)), quant=quant)


def _default(catalogue: Catalogue, quant: str | None) -> Reference:
    if catalogue.default is None:
        raise UsageError("models.toml names no default model: say which with --model, for example --model abacus.")
    return Reference(catalogue.default, entry=catalogue[catalogue.default], quant=quant)


def _builtin(reference: Reference, entry: Entry) -> Located:
    quant = reference.quant or entry.quants[0]
    if quant not in entry.quants:
        raise UsageError(f"{reference.name} has no quant {quant}: it comes in {' and '.join(entry.quants)}.")
    path = Path(__file__).parent / "builtin" / f"{reference.name}-{quant}.gguf"
    if not path.is_file():
        raise ThinkcapError(f"The built-in model's file {path} is missing: install thinkcap again.")
    return Located(path, entry.profile(reference.name, quant), quant)


def _local_file(path: Path, quant: str | None) -> Located:
    """A GGUF by its path: what the file says of itself takes the place of an entry."""
    from thinkcap.catalog.header import read_header

    # os.path answers False to a name that no file can have; pathlib raises what the system says of it.
    if os.path.isdir(path):
        raise UsageError(f"{path} is a folder: point --model at a .gguf file in it.")
    if not os.path.exists(path):
        raise ThinkcapError(
            f"There is no file {path}: give the path of a .gguf, or a name that `thinkcap models` lists."
        )
    if not os.path.isfile(path):
        raise UsageError(f"{path} is a device or a pipe: point --model at a .gguf file.")
    parts = [Path(part) for part in shards(str(path))]
    missing = [part.name for part in parts if not os.path.isfile(part)]
    if missing:
        raise ThinkcapError(f"{path} is split into {len(parts)} files and {missing[0]} is not beside it: fetch it too.")
    header = read_header(parts[0])
    found = header.quant
    if quant and found and quant != found:
        raise UsageError(f"{path} holds {found}, not {quant}: leave --quant out, or point --model at another file.")
    return Located(parts[0], profile_of(header, path.stem), found)


def profile_of(header: Header, name: str) -> Profile:
    """Defaults for a model without an entry: the file's own sampling metadata where present, R1's figures elsewhere."""
    usual = Sampling()

    def number(key: str, default: float, low: float, high: float) -> float:
        value = header.number(f"general.sampling.{key}")
        return value if value is not None and low <= value <= high else default

    sampling = Sampling(
        temperature=number("temp", usual.temperature, 0.0, 10.0),
        top_p=number("top_p", usual.top_p, 1e-6, 1.0),
        top_k=int(number("top_k", usual.top_k, 0, 1e6)),
        min_p=number("min_p", usual.min_p, 0.0, 1.0),
    )
    return Profile(name=name, quant=header.quant, sampling=sampling)


def _cached(reference: Reference) -> Located:
    """The wanted quant from the first repository that has it in the cache; any quant where none is wanted."""
    from thinkcap.catalog.cache import cached_variants
    from thinkcap.catalog.header import read_header

    entry = reference.entry
    order = (*(entry.quants if entry else ()), *PREFERRED)
    held = [
        (snapshot, variant)
        for repository in repositories(reference)
        for snapshot, variant in cached_variants(repository)
        if reference.quant in (None, variant.quant)
    ]
    if not held:
        quant = reference.quant or (entry.quants[0] if entry else None)
        raise NotDownloaded(reference.repository or reference.name, quant, pull_command(reference))
    snapshot, variant = min(held, key=lambda pair: order.index(pair[1].quant) if pair[1].quant in order else len(order))
    path = snapshot / variant.first
    if entry is not None:
        return Located(path, entry.profile(reference.name, variant.quant), variant.quant)
    header = read_header(path)
    quant = variant.quant or header.quant
    return Located(path, replace(profile_of(header, reference.name), quant=quant), quant)


def present(reference: Reference, revision: str | None = None) -> Path | None:
    """The wanted file where it is in the cache already. Asks no network, so a moving `--revision` is not believed."""
    from thinkcap.catalog.cache import cached_variants

    for repository in repositories(reference):
        for snapshot, variant in cached_variants(repository):
            if wanted_quant(reference) in (None, variant.quant) and revision in (None, snapshot.name):
                return snapshot / variant.first
    return None


def wanted_quant(reference: Reference) -> str | None:
    """The quant a pull is for: the one asked for, or else the entry's first; None takes a repository's preferred."""
    return reference.quant or (reference.entry.quants[0] if reference.entry else None)


def repositories(reference: Reference) -> list[str]:
    """The hub repositories a model may come from, in the order they are tried.

    The original is the last: its folder in the cache is where `thinkcap pull --convert` leaves what it makes.
    """
    if reference.repository is not None:
        return [reference.repository]
    entry = reference.entry
    return [] if entry is None else [*entry.sources, *([entry.original] if entry.original else [])]


def pull_command(reference: Reference) -> str:
    """The command that fetches a model, as the user would type it."""
    if reference.repository is not None:
        return f"thinkcap pull {reference.repository}" + (f":{reference.quant}" if reference.quant else "")
    words, entry = ["thinkcap pull", reference.name], reference.entry
    if entry is not None:
        if reference.quant and reference.quant != entry.quants[0]:
            words.append(f"--quant {reference.quant}")
        if not entry.sources:
            words.append("--convert")
    return " ".join(words)
