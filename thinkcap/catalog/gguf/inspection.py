"""What a GGUF says about thinking: its markers, who opens the thought, how a reply ends."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from thinkcap.catalog.gguf.header import Header, read_header
from thinkcap.catalog.gguf.names import size_of
from thinkcap.engine.prompt import markers
from thinkcap.engine.prompt.markers import Markers
from thinkcap.engine.prompt.template import ChatTemplate


@dataclass(frozen=True, slots=True)
class Inspection:
    """A model file, looked at without loading its weights.

    bytes         of all its parts
    markers       the thought's markers, None if there are none
    end_of_reply  the texts of the tokens that end a reply
    """

    header: Header
    bytes: int
    has_template: bool
    markers: Markers | None
    end_of_reply: tuple[str, ...]

    def is_one_token(self, marker: str) -> bool:
        return marker in self.header.special


def inspect(path: Path) -> Inspection:
    """Reads a GGUF's head. Raises ThinkcapError if it is no GGUF, or its chat template is broken."""
    header = read_header(path, tokens=True)
    source = header.text("tokenizer.chat_template")
    template = ChatTemplate(source, header.token("bos"), header.token("eos")) if source else None
    ends = map(header.token, ("eos", "eot", "eom"))
    return Inspection(
        header=header,
        bytes=size_of(path),
        has_template=template is not None,
        markers=markers.find(template, header.special),
        end_of_reply=tuple(dict.fromkeys(end for end in ends if end)),
    )
