"""A model's chat template, run in a sandbox: it comes out of a downloaded file."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from threading import Lock
from typing import Any

from thinkcap.engine.prompt.sandbox import Environment, LimitError
from thinkcap.errors import ThinkcapError

_THINKING_SWITCHES = {"enable_thinking": True, "thinking": True, "keep_thinking": True}
"""What templates name the switch that lets the model think; a template ignores those it does not know."""

_EFFORTS = ("medium", "high")
"""Values of `reasoning_effort`: the second for templates that refuse the first."""

_LONGEST = 1 << 16
"""Characters of a template. The longest of known models have 20,000."""


class EndlessTemplateError(ThinkcapError):
    """The template takes more time or memory than any template needs."""


class ChatTemplate:
    """Renders messages as the model was trained to see them. May be used by several threads.

    source  jinja2, as in the GGUF's metadata
    bos     how the begin-of-sentence token is spelled, eos the end-of-sentence token

    Raises ThinkcapError if the source is no template.
    """

    def __init__(self, source: str, bos: str = "", eos: str = "") -> None:
        self.source = source
        self._bos, self._eos = bos, eos
        self._environment = Environment()
        self._lock = Lock()
        if len(source) > _LONGEST:
            raise ThinkcapError(_unusable("is broken", f"it has {len(source):,} characters"))
        try:
            with warnings.catch_warnings(action="ignore"):  # Python's, about the code that jinja2 makes of it
                self._template = self._environment.from_string(source)
        except Exception as error:  # beside jinja2's own errors, all that Python has against code nested too deeply
            raise ThinkcapError(_unusable("is broken", error)) from None

    def render(
        self,
        messages: Sequence[Mapping[str, str]],
        open_reply: bool = True,
        variables: Mapping[str, Any] | None = None,
    ) -> str:
        """The prompt text of `messages`, with the head of the assistant's reply behind it if `open_reply`.

        variables  template variables beside the switches that turn thinking on

        Raises ThinkcapError if the template refuses the messages, EndlessTemplateError if it does not come to an end.
        """
        refusal: Exception | None = None
        for effort in _EFFORTS:
            try:
                return self._rendered(messages, open_reply, {"reasoning_effort": effort, **(variables or {})})
            except EndlessTemplateError:
                raise
            except Exception as error:  # a downloaded program: it may fail in any way
                refusal = error
        raise ThinkcapError(_unusable("failed", refusal))

    def _rendered(self, messages: Sequence[Mapping[str, str]], open_reply: bool, variables: Mapping[str, Any]) -> str:
        given = [dict(message) for message in messages]
        with self._lock:
            self._environment.renew(sum(len(str(text)) for each in given for text in each.values()), len(given))
            try:
                return self._template.render(
                    messages=given,
                    add_generation_prompt=open_reply,
                    bos_token=self._bos,
                    eos_token=self._eos,
                    tools=None,
                    **{**_THINKING_SWITCHES, **variables},
                )
            except LimitError as error:
                raise EndlessTemplateError(_unusable("was stopped", error)) from None


def _unusable(what: str, why: object) -> str:
    reason = " ".join(str(why)[:200].split()).rstrip(".")
    return f"The model's chat template {what} ({reason}); use another GGUF of it."
