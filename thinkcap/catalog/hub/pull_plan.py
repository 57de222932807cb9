"""Which files a pull fetches, and fetching them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from thinkcap.catalog.gguf.names import Variant, variants
from thinkcap.catalog.hub.cache import cache_folder, check_space
from thinkcap.catalog.hub.client import Notice, RemoteFile, Repository, describe
from thinkcap.catalog.hub.download import bytes_here, download
from thinkcap.catalog.hub.failures import NoSuchRepository
from thinkcap.catalog.locate import Reference
from thinkcap.errors import ThinkcapError

# What must stay free beside a download, so that a disk that will be full is noticed before.
_SLACK = 64 << 20


@dataclass(frozen=True, slots=True)
class PullPlan:
    """What a pull will fetch, known before it starts.

    files    in the order they are fetched
    missing  bytes of them that are not here yet
    """

    repository: Repository
    quant: str
    files: tuple[RemoteFile, ...]
    missing: int
    licence: str
    noncommercial: bool

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(file.size for file in self.files)

    def run(self, report: Callable[[int], None], notice: Notice) -> Path:
        """Fetches every file; `report` hears how many bytes of `size` are here. Returns the first file's path."""
        check_space(self.missing + _SLACK, cache_folder())
        done, paths = 0, []
        for file in self.files:

            def add(here: int, done: int = done) -> None:
                report(done + here)

            paths.append(download(self.repository, file, add, notice))
            done += file.size
        return paths[0]

    def peek(self, path: str, notice: Notice) -> Path:
        """Fetches one small file before the rest, to see whether the rest is worth it."""
        return download(self.repository, self.repository.file(path), lambda here: None, notice)


class NoSuchQuant(ThinkcapError):  # noqa: N818 (a state in which the command offers a conversion)
    """None of a model's repositories has the wanted quant as a GGUF."""


def plan_pull(reference: Reference, repositories: Sequence[str], revision: str | None, notice: Notice) -> PullPlan:
    """Looks through a model's repositories, in order, for a GGUF of the wanted quant.

    Raises NoSuchQuant, with what there is, if none has it; NoSuchRepository if there is only one repository and the
    hub does not know it.
    """
    quant = reference.wanted_quant
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
        quants = dict.fromkeys(each.quant for each in found if each.quant)
        seen.append(f"{name} has {', '.join(quants) or 'no GGUF files'}")
    raise NoSuchQuant(_not_found(reference, seen))


def choose(found: Sequence[Variant], quant: str | None, repository: str) -> Variant | None:
    """The variant of a quant; without a quant, the preferred one.

    Raises ThinkcapError if several models have the quant, or shards are missing from the repository.
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


def plan_original(reference: Reference, revision: str | None, notice: Notice) -> PullPlan:
    """What a conversion fetches first: the original's settings and tokenizer, then its safetensors."""
    original = reference.repository or (reference.entry.original if reference.entry else None)
    if original is None:
        raise ThinkcapError(f"models.toml names no original of {reference.name} to convert: give owner/repo instead.")
    repository = describe(original, revision, notice)
    paths = sorted(file.path for file in repository.files if "/" not in file.path)
    weights = [path for path in paths if path.endswith(".safetensors")]
    if not weights or "config.json" not in paths:
        raise ThinkcapError(f"{original} has no model in safetensors to convert.")
    settings = [path for path in paths if path.endswith(".json") or path == "chat_template.jinja"]
    return _plan(reference, repository, Variant("safetensors", (*settings, *weights)))


def _plan(reference: Reference, repository: Repository, variant: Variant) -> PullPlan:
    files = tuple(map(repository.file, variant.files))
    entry = reference.entry
    licence = entry.licence if entry and entry.licence != "unknown" else repository.licence or "unknown"
    return PullPlan(
        repository=repository,
        quant=variant.quant,
        files=files,
        missing=sum(file.size - bytes_here(repository, file) for file in files),
        licence=licence,
        noncommercial=entry.noncommercial if entry else "-nc" in licence.lower(),
    )


def _not_found(reference: Reference, seen: list[str]) -> str:
    quant, entry = reference.wanted_quant, reference.entry
    wanted = f"{reference} in {quant}" if quant else f"a GGUF of {reference}"
    reason = "; ".join(seen) or "no GGUF of it is published"
    if entry is None or entry.original is None or reference.repository is not None:
        return f"There is no {wanted}: {reason}."
    command = reference.pull_command.removesuffix(" --convert")
    return f"There is no {wanted}: {reason}. `{command} --convert` makes one from {entry.original}, a larger download."
