"""Where a model's thought begins and ends: found in its own chat template and vocabulary."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass

from thinkcap.engine.template import ChatTemplate
from thinkcap.errors import ThinkcapError


@dataclass(frozen=True, slots=True)
class Markers:
    """The texts around a thought.

    start, end         the markers, white space around them left out
    opened_by_template whether a rendered prompt already ends inside the thought
    opening            what thinkcap writes behind the prompt to open the thought; empty where the template does it
    """

    start: str
    end: str
    opened_by_template: bool
    opening: str


_KNOWN = (
    ("<think>", "</think>"),
    ("<|channel|>analysis<|message|>", "<|end|><|start|>assistant<|channel|>final<|message|>"),
    ("[THINK]", "[/THINK]"),
    ("<seed:think>", "</seed:think>"),
    ("<thinking>", "</thinking>"),
    ("<thought>", "</thought>"),
    ("<reasoning>", "</reasoning>"),
    ("<|thinking|>", "<|/thinking|>"),
    ("<|START_THINKING|>", "<|END_THINKING|>"),
    ("◁think▷", "◁/think▷"),
)
_LIKELY = re.compile(r"[<\[][^\s<>\[\]/]*(?:think|thought|reason)[^\s<>\[\]/]*[>\]]", re.IGNORECASE)


def find(
    template: ChatTemplate | None,
    special_tokens: Collection[str],
    start: str | None = None,
    end: str | None = None,
) -> Markers | None:
    """The markers of a model, None where nothing in its template or vocabulary looks like a thought.

    special_tokens  spellings of the vocabulary's control and user-defined tokens
    start, end      the markers where they are already known; both or neither

    Raises ThinkcapError where only one of `start` and `end` is given.
    """
    if (start is None) != (end is None):
        raise ThinkcapError("Give --think-start and --think-end together, one marker alone is not enough.")
    pair = (start, end) if start is not None and end is not None else _detect(template, special_tokens)
    if pair is None:
        return None
    opened = _opens(template, *pair)
    newline = "\n" if pair[0].endswith("think>") else ""
    return Markers(*pair, opened, "" if opened else pair[0] + newline)


def _detect(template: ChatTemplate | None, special_tokens: Collection[str]) -> tuple[str, str] | None:
    source = template.source if template else ""
    for start, end in _KNOWN:
        if end in source or _both_special(start, end, special_tokens):
            return start, end
    for start in (*_LIKELY.findall(source), *sorted(filter(_LIKELY.fullmatch, special_tokens))):
        end = f"{start[0]}/{start[1:]}"
        if end in source or _both_special(start, end, special_tokens):
            return start, end
    return None


def _both_special(start: str, end: str, special_tokens: Collection[str]) -> bool:
    return start in special_tokens and end in special_tokens


def _opens(template: ChatTemplate | None, start: str, end: str) -> bool:
    if template is None:
        return False
    reply = template.render([{"role": "user", "content": "x"}])
    return reply.rfind(start) > reply.rfind(end)
