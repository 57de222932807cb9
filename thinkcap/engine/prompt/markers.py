"""Where a model's thought begins and ends: found in its own chat template and vocabulary."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass

from thinkcap.engine.prompt.template import ChatTemplate, EndlessTemplateError
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


@dataclass(frozen=True, slots=True)
class _Known:
    """Markers that are in use. `gap` is the white space the model writes behind `start`; a template that has `sign` in
    it, by default the end marker, uses them."""

    start: str
    end: str
    gap: str = ""
    sign: str = ""


_KNOWN = (
    _Known("<think>", "</think>", "\n"),
    # gpt-oss: a thought is a message of its own, closed by beginning the next one in the channel `final`.
    _Known(
        "<|channel|>analysis<|message|>",
        "<|end|><|start|>assistant<|channel|>final<|message|>",
        sign="<|channel|>analysis<|message|>",
    ),
    # Kimi K3: thought and answer are parts of one message, each opened and closed by its name.
    _Known("<|open|>think<|sep|>", "<|close|>think<|sep|><|open|>response<|sep|>"),
    _Known("<|channel>thought", "<channel|>", "\n", sign="<|channel>thought"),  # Gemma 4
    _Known("Here are my reasoning steps:", "[BEGIN FINAL RESPONSE]", "\n"),  # Apriel
    _Known("[THINK]", "[/THINK]"),
    _Known("<seed:think>", "</seed:think>"),
    _Known("<thinking>", "</thinking>", "\n"),
    _Known("<thought>", "</thought>", "\n"),
    _Known("<reasoning>", "</reasoning>", "\n"),
    _Known("<|thinking|>", "<|/thinking|>"),
    _Known("<|START_THINKING|>", "<|END_THINKING|>"),
    _Known("◁think▷", "◁/think▷"),
)
_LIKELY = re.compile(r"[<\[][^\s<>\[\]{}/]{,40}(?:think|thought|reason)[^\s<>\[\]{}/]{,40}[>\]]", re.IGNORECASE)
_MARKER = re.compile(r"[<\[◁][^\s<>\[\]◁▷]+[>\]▷]")
_MARKERS = re.compile(rf"(?:{_MARKER.pattern}\w*)+")
_LAST_MARKER = re.compile(rf"({_MARKER.pattern})\s*\Z")
_COMMENT = re.compile(r"{#.*?(?:#}|\Z)", re.DOTALL)
_QUESTION, _THOUGHT, _ANSWER = "\ue000question\ue001", "\ue000thought\ue001", "\ue000answer\ue001"
"""Texts that no template has in it, to find again in what it renders."""


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
        raise ThinkcapError("Give `think_start` and `think_end` together, one marker alone is not enough.")
    if start is not None and end is not None:
        named = (known for known in _KNOWN if (known.start, known.end) == (start, end))
        known = next(named, _Known(start, end))
    elif (found := _detect(template, special_tokens)) is not None:
        known = found
    else:
        return None
    opened = _opens(template, known.start, known.end)
    return Markers(known.start, known.end, opened, "" if opened else known.start + _gap(template, known))


def _detect(template: ChatTemplate | None, special_tokens: Collection[str]) -> _Known | None:
    source, reply = (_COMMENT.sub("", template.source), _reply(template)) if template else ("", "")
    for known in _KNOWN:
        if (known.sign or known.end) in source or known.start in reply:
            return known
    for known in _KNOWN:
        if _both_special(known.start, known.end, special_tokens):
            return known
    shown = _shown(template)
    if shown is not None:
        return shown
    for start in (*_LIKELY.findall(source), *sorted(filter(_LIKELY.fullmatch, special_tokens))):
        end = f"{start[0]}/{start[1:]}"
        if end in source or _both_special(start, end, special_tokens):
            return _Known(start, end)
    return None


def _both_special(start: str, end: str, special_tokens: Collection[str]) -> bool:
    return start in special_tokens and end in special_tokens


def _shown(template: ChatTemplate | None) -> _Known | None:
    """The markers a template writes around a past thought: what is there with a thought and not without one.

    This is how llama.cpp finds them (its chat-template analysis).
    """
    with_thought = _history(template, _THOUGHT)
    before, found, after = with_thought.partition(_THOUGHT)
    if not found:
        return None
    pairs = enumerate(zip(before, _history(template, None), strict=False))
    shared = next((index for index, (one, other) in pairs if one != other), len(before))
    # What is shared may end within a marker that both begin alike.
    begins = max(before.rfind(bracket, 0, shared) for bracket in "<[◁")
    if begins >= 0 and not _MARKER.match(before[begins:shared]):
        shared = begins
    start, end = before[shared:].strip(), after.partition(_ANSWER)[0].strip()
    if not start and (empty := _LAST_MARKER.search(before)):  # Hy3 writes an empty thought if there is none
        start = empty[1]
    return _Known(start, end) if _MARKERS.fullmatch(start) and _MARKERS.fullmatch(end) else None


def _gap(template: ChatTemplate | None, known: _Known) -> str:
    """The white space between the start marker and the thought, as the template writes past thoughts."""
    before, found, _ = _history(template, _THOUGHT).partition(_THOUGHT)
    if found and before.rstrip().endswith(known.start):
        return before[len(before.rstrip()) :]
    # A past thought is not always shown: the source may still tell what it would be written behind.
    source = template.source if template else ""
    behind = [source[match.end() :][:2] for match in re.finditer(re.escape(known.start), source)]
    if known.gap and "{{" in behind and not any(text.startswith(("\n", "\\n")) for text in behind):
        return ""
    return known.gap


def _history(template: ChatTemplate | None, thought: str | None) -> str:
    """A question and an answer, with the thought between them or none, rendered; empty where the template won't."""
    if template is None:
        return ""
    answer = {"role": "assistant", "content": _ANSWER}
    if thought is not None:
        # `thinking` is what gpt-oss calls it.
        answer |= {"reasoning_content": thought, "thinking": thought}
    try:
        return template.render([{"role": "user", "content": _QUESTION}, answer], open_reply=False)
    except EndlessTemplateError:
        raise
    except ThinkcapError:
        return ""


def _opens(template: ChatTemplate | None, start: str, end: str) -> bool:
    """Whether what a template writes behind the question leaves a thought open."""
    reply = _reply(template) if template else ""
    return reply.rfind(start) > reply.rfind(end)


def _reply(template: ChatTemplate) -> str:
    """What a template writes behind a question, to begin the reply."""
    return template.render([{"role": "user", "content": _QUESTION}]).rpartition(_QUESTION)[2]
