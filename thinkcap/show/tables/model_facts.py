"""What is known of a model, and of a download before it begins: facts with their labels, for `fact_lines`."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from thinkcap.catalog.hub.cache import cache_folder, free_space
from thinkcap.catalog.inventory import list_model
from thinkcap.show.wording import budget_text
from thinkcap.text import bytes_text

if TYPE_CHECKING:
    from thinkcap.catalog.gguf.inspection import Inspection
    from thinkcap.catalog.hub.pull_plan import PullPlan
    from thinkcap.catalog.locate import Located, Reference


def entry_facts(reference: Reference, located: Located | None) -> list[tuple[str, str]]:
    """What models.toml says about a model, or the defaults in place of it."""
    entry = reference.entry
    profile = located.profile if located else entry.profile(reference.name, "") if entry else None
    facts = [("model", str(reference))]
    if entry is not None:
        terms = " (non-commercial use only)" if entry.noncommercial else ""
        facts += [
            ("for", entry.description),
            ("licence", entry.licence + terms),
            ("from", "thinkcap itself" if entry.builtin else ", ".join(entry.sources)),
            ("original", entry.original or ""),
        ]
    if profile is not None:
        sampling = profile.sampling
        drawn = f"temperature {sampling.temperature:g}, top-p {sampling.top_p:g}"
        drawn += f", top-k {sampling.top_k}" if sampling.top_k else ""
        drawn += f", min-p {sampling.min_p:g}" if sampling.min_p else ""
        thinking = budget_text(profile.thinking)
        facts += [
            ("budget", f"thinking {thinking}, solution {profile.solution} tokens"),
            ("cut style", profile.cut_style),
            ("prompt", json.dumps(profile.prompt, ensure_ascii=False)),
            ("prompt mode", profile.prompt_mode),
            ("sampling", "greedy" if sampling.temperature == 0 else drawn),
        ]
    return facts


def file_facts(located: Located | None, seen: Inspection | None, missing: str) -> list[tuple[str, str]]:
    """What was found in the file, or why there is none."""
    if located is None or seen is None:
        return [("file", missing)]
    kind = f"{seen.header.architecture}, {located.quant or 'unknown quant'}, {bytes_text(seen.bytes)}"
    facts = [
        ("file", str(located.path)),
        ("weights", kind),
        ("context", f"{context:,} tokens" if (context := seen.header.context_length) else ""),
        ("vocabulary", f"{len(seen.header.tokens):,} tokens"),
        ("template", "in the file" if seen.has_template else "none in the file"),
    ]
    found = seen.markers
    if found is None:
        facts.append(("thought", "no markers found: name them with --think-start and --think-end"))
    else:
        facts += [
            ("thought", f"{_marker(seen, found.start)} … {_marker(seen, found.end)}"),
            ("opened by", "the template" if found.opened_by_template else f"thinkcap, with {found.opening!r}"),
        ]
    return [*facts, ("reply ends", " or ".join(seen.end_of_reply))]


def _marker(seen: Inspection, marker: str) -> str:
    return f"{marker} ({'one token' if seen.is_one_token(marker) else 'several tokens'})"


def model_record(reference: Reference, located: Located | None, seen: Inspection | None) -> dict[str, Any]:
    """All of it as JSON."""
    record: dict[str, Any] = {"name": reference.name}
    if reference.file is None:
        record = list_model(reference, None).to_dict()
    record.pop("default", None)
    if located is not None and seen is not None:
        found = seen.markers
        record["profile"] = asdict(located.profile)
        record["file"] = {
            "path": str(located.path),
            "quant": located.quant,
            "bytes": seen.bytes,
            "architecture": seen.header.architecture,
            "context": seen.header.context_length,
            "vocabulary": len(seen.header.tokens),
            "template": seen.has_template,
            "end_of_reply": list(seen.end_of_reply),
            "markers": None if found is None else asdict(found),
        }
    return record


def pull_facts(reference: Reference, plan: PullPlan) -> list[tuple[str, str]]:
    """What a download fetches, from where, and what it needs."""
    named = reference.name != plan.repository.id
    what = f"{plan.repository.id}, {len(plan.files)} files" if len(plan.files) > 1 else plan.files[0].path
    where = f"{plan.repository.id}, " if named and len(plan.files) == 1 else ""
    rest = f", {bytes_text(plan.missing)} of it still to fetch" if 0 < plan.missing < plan.size else ""
    terms = ", for non-commercial use only" if plan.noncommercial else ""
    return [
        ("model", f"{reference.name} ({plan.quant})" if plan.quant else reference.name),
        ("from", where + what),
        ("size", bytes_text(plan.size) + rest),
        ("free", f"{bytes_text(free_space(cache_folder()))} in {cache_folder()}"),
        ("licence", plan.licence + terms),
    ]
