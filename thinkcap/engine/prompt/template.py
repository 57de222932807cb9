"""A model's chat template, run in a sandbox: it comes out of a downloaded file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any

import jinja2
from jinja2 import nodes
from jinja2.ext import Extension
from jinja2.parser import Parser
from jinja2.sandbox import ImmutableSandboxedEnvironment

from thinkcap.errors import ThinkcapError

_THINKING_SWITCHES = {"enable_thinking": True, "thinking": True, "keep_thinking": True}
"""What templates name the switch that lets the model think; a template ignores those it does not know."""

_EFFORTS = ("medium", "high")
"""Values of `reasoning_effort`: the second for templates that refuse the first."""


class _Generation(Extension):
    """`{% generation %}…{% endgeneration %}`: marks for training what the model wrote; here it means nothing."""

    tags = {"generation"}  # noqa: RUF012 (jinja2 declares it like this)

    def parse(self, parser: Parser) -> nodes.Node | list[nodes.Node]:
        next(parser.stream)
        return parser.parse_statements(("name:endgeneration",), drop_needle=True)


class ChatTemplate:
    """Renders messages as the model was trained to see them.

    source  jinja2, as in the GGUF's metadata
    bos     how the begin-of-sentence token is spelled, eos the end-of-sentence token

    Raises ThinkcapError where the source is no template.
    """

    def __init__(self, source: str, bos: str = "", eos: str = "") -> None:
        environment = ImmutableSandboxedEnvironment(
            trim_blocks=True, lstrip_blocks=True, extensions=["jinja2.ext.loopcontrols", _Generation]
        )
        environment.globals["raise_exception"] = _raise
        environment.globals["strftime_now"] = lambda form: datetime.now().strftime(form)
        environment.filters["tojson"] = _tojson
        self.source = source
        self._bos, self._eos = bos, eos
        try:
            self._template = environment.from_string(source)
        except jinja2.TemplateError as error:
            raise ThinkcapError(f"The model's chat template is broken ({error}); use another GGUF of it.") from None

    def render(
        self,
        messages: Sequence[Mapping[str, str]],
        open_reply: bool = True,
        variables: Mapping[str, Any] | None = None,
    ) -> str:
        """The prompt text of `messages`, with the head of the assistant's reply behind it where `open_reply`.

        variables  template variables beside the switches that turn thinking on

        Raises ThinkcapError where the template refuses the messages.
        """
        *attempts, last = _EFFORTS
        for effort in attempts:
            with suppress(Exception):
                return self._rendered(messages, open_reply, {"reasoning_effort": effort, **(variables or {})})
        try:
            return self._rendered(messages, open_reply, {"reasoning_effort": last, **(variables or {})})
        except Exception as error:  # a downloaded program: it may fail in any way
            raise ThinkcapError(f"The model's chat template failed ({error}); use another GGUF of it.") from None

    def _rendered(self, messages: Sequence[Mapping[str, str]], open_reply: bool, variables: Mapping[str, Any]) -> str:
        return self._template.render(
            messages=[dict(message) for message in messages],
            add_generation_prompt=open_reply,
            bos_token=self._bos,
            eos_token=self._eos,
            tools=None,
            **{**_THINKING_SWITCHES, **variables},
        )


def _raise(message: str) -> None:
    raise jinja2.TemplateError(message)


def _tojson(value: Any, indent: int | None = None, **_options: Any) -> str:
    """As transformers' templates expect it: plain JSON, not escaped for HTML."""
    import json

    return json.dumps(value, ensure_ascii=False, indent=indent)
