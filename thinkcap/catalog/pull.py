"""Which files a pull has to fetch, and fetching them."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from thinkcap.catalog.cache import cache_folder
from thinkcap.catalog.hub import NoSuchRepository, Notice, Repository, bytes_here, describe, download
from thinkcap.catalog.locate import Reference, pull_command, wanted_quant
from thinkcap.catalog.quants import Variant, variants
from thinkcap.catalog.sizes import bytes_text
from thinkcap.errors import ThinkcapError

# What must stay free beside a download, so that filling the disk is said before and not found out after.
_SLACK = 64 << 20

Progress = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Plan:
    """What a pull will fetch, known before it starts. Sizes in bytes.

    files    paths within the repository, in the order they are fetched
    size     of all files; `missing` of what is not here yet, `free` on the cache's disk
    """

    repository: Repository
    quant: str
    files: tuple[str, ...]
    size: int
    missing: int
    free: int
    licence: str
    noncommercial: bool

    def run(self, progress: Progress, notice: Notice) -> Path:
        """Fetches every file; `progress` hears how many bytes of `size` are here. Returns the first file's path."""
        if self.missing + _SLACK > self.free:
            raise ThinkcapError(
                f"{bytes_text(self.missing)} are to be fetched and only {bytes_text(self.free)} are free in "
                f"{cache_folder()}: free some, or set HF_HOME to a folder on another disk."
            )
        done, paths = 0, []
        for file in map(self.repository.file, self.files):

            def report(here: int, done: int = done) -> None:
                progress(done + here)

            paths.append(download(self.repository, file, report, notice))
            done += file.size
        return paths[0]

    def peek(self, file: str, notice: Notice) -> Path:
        """Fetches one small file before the rest, to look whether the rest is worth it."""
        return download(self.repository, self.repository.file(file), lambda here: None, notice)


class NoSuchQuant(ThinkcapError):  # noqa: N818 (a state the command offers a conversion for)
    """None of a model's repositories has the wanted quant as a GGUF."""


def plan(reference: Reference, repositories: list[str], revision: str | None, notice: Notice) -> Plan:
    """Looks through a model's repositories, in order, for a GGUF of the wanted quant.

    Raises NoSuchQuant, saying what there is, where none has it; NoSuchRepository where there is only one repository
    and the hub does not know it.
    """
    quant = wanted_quant(reference)
    seen: list[str] = []
    for name in repositories:
        try:
            repository = describe(name, revision, notice)
        except NoSuchRepository:
            if len(repositories) == 1:
                raise
            seen.append(f"{name} is not on the hub")
            continue
        found = variants(file.path for file in repository.files)
        variant = choose(found, quant, name)
        if variant is not None:
            return _plan(reference, repository, variant)
        seen.append(f"{name} has {_listed(found)}")
    raise NoSuchQuant(_not_found(reference, quant, seen))


def choose(found: list[Variant], quant: str | None, repository: str) -> Variant | None:
    """The variant of a quant, or the preferred one where none is asked for.

    Raises ThinkcapError where one quant fits several models, or shards are missing from the repository.
    """
    if quant is None and found:
        quant = found[0].quant
    fitting = [variant for variant in found if variant.quant == quant]
    if not fitting:
        return None
    if len(fitting) > 1:
        names = ", ".join(variant.first for variant in fitting[:4])
        raise ThinkcapError(
            f"{repository} has {len(fitting)} models in {quant} ({names}): download the one you want and give its path "
            "to --model."
        )
    if fitting[0].missing:
        raise ThinkcapError(
            f"{repository} lacks {fitting[0].missing} of the parts that {fitting[0].first} is split into: it can't run."
        )
    return fitting[0]


def original_plan(reference: Reference, revision: str | None, notice: Notice) -> Plan:
    """What a conversion fetches first: the original's safetensors, tokenizer and settings."""
    original = reference.repository or (reference.entry.original if reference.entry else None)
    if original is None:
        raise ThinkcapError(f"models.toml names no original of {reference.name} to convert: give owner/repo instead.")
    repository = describe(original, revision, notice)
    paths = [file.path for file in repository.files if "/" not in file.path]
    weights = sorted(path for path in paths if path.endswith(".safetensors"))
    if not weights or "config.json" not in paths:
        raise ThinkcapError(f"{original} has no model in safetensors to convert.")
    others = [path for path in paths if path.endswith(".json") or path == "chat_template.jinja"]
    return _plan(reference, repository, Variant("safetensors", (*sorted(others), *weights)))


def _plan(reference: Reference, repository: Repository, variant: Variant) -> Plan:
    files = [repository.file(path) for path in variant.files]
    size = sum(file.size for file in files)
    entry = reference.entry
    licence = entry.licence if entry and entry.licence != "unknown" else repository.licence or "unknown"
    here = sum(bytes_here(repository, file) for file in files)
    return Plan(
        repository=repository,
        quant=variant.quant,
        files=variant.files,
        size=size,
        missing=max(0, size - here),
        free=_free(cache_folder()),
        licence=licence,
        noncommercial=entry.noncommercial if entry else "-nc" in licence.lower(),
    )


def _free(folder: Path) -> int:
    """Bytes free on the disk that a folder is, or will be, on."""
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    return shutil.disk_usage(folder).free


def _listed(found: list[Variant]) -> str:
    quants = list(dict.fromkeys(variant.quant for variant in found if variant.quant))
    return ", ".join(quants) if quants else "no GGUF files"


def _not_found(reference: Reference, quant: str | None, seen: list[str]) -> str:
    name = reference.repository or reference.name
    wanted = f"{name} in {quant}" if quant else f"a GGUF of {name}"
    entry = reference.entry
    reason = "; ".join(seen) or "no GGUF of it is published"
    if entry is not None and entry.original and reference.repository is None:
        command = pull_command(reference).removesuffix(" --convert")
        return (
            f"There is no {wanted}: {reason}. `{command} --convert` makes one from {entry.original}, a larger download."
        )
    return f"There is no {wanted}: {reason}."
