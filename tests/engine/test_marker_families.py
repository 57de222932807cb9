"""Markers of the reasoning families, found in templates of each one's shape.

The templates are short ones of our own; what is like the families' is what they write around a thought and a reply, and
which variable switches it.
"""

from __future__ import annotations

import pytest

from thinkcap.engine.prompt.markers import Markers, find
from thinkcap.engine.prompt.template import ChatTemplate

THINK = ("<think>", "</think>")
HARMONY = ("<|channel|>analysis<|message|>", "<|end|><|start|>assistant<|channel|>final<|message|>")
OPENED, BY_THINKCAP = True, False

# How templates treat an earlier turn of the assistant.
ONLY_THE_ANSWER = "{{- m.content.split('</think>')[-1] -}}"
THOUGHT_ON_LINES = "{{- '<think>\\n' + m.reasoning_content + '\\n</think>\\n\\n' + m.content -}}"
THOUGHT_IN_LINE = "{{- '<think>' + m.reasoning_content + '</think>' + m.content -}}"
EMPTY_THOUGHT = "{{- '<think></think>' + m.content -}}"

# How they begin the reply.
OPENS = "{{- '<think>\\n' -}}"
CLOSES_IF_OFF = "{%- if not enable_thinking -%}{{- '<think>\\n\\n</think>\\n\\n' -}}{%- endif -%}"
OPENS_OR_CLOSES = "{{- '<think>\\n' if enable_thinking else '<think></think>' -}}"


def template(past: str, reply: str, system: str = "") -> ChatTemplate:
    return ChatTemplate(
        system
        + "{%- for m in messages -%}"
        + "{%- if m.role == 'user' -%}{{- '<user>' + m.content + '</user>' -}}"
        + "{%- else -%}{{- '<reply>' -}}"
        + past
        + "{{- '</reply>' -}}{%- endif -%}{%- endfor -%}"
        + "{%- if add_generation_prompt -%}{{- '<reply>' -}}"
        + reply
        + "{%- endif -%}"
    )


FAMILIES = {
    "deepseek-r1, older builds": (template(ONLY_THE_ANSWER, ""), THINK, BY_THINKCAP, "<think>\n"),
    "deepseek-r1, newer builds": (template(ONLY_THE_ANSWER, OPENS), THINK, OPENED, ""),
    "deepseek-v3.1": (
        template(ONLY_THE_ANSWER, "{{- '<think>' if thinking else '</think>' -}}"),
        THINK,
        OPENED,
        "",
    ),
    "qwq": (template(ONLY_THE_ANSWER, OPENS), THINK, OPENED, ""),
    "qwen3": (template(THOUGHT_ON_LINES, CLOSES_IF_OFF), THINK, BY_THINKCAP, "<think>\n"),
    "qwen3.5": (
        template(THOUGHT_ON_LINES, CLOSES_IF_OFF + "{%- if enable_thinking -%}" + OPENS + "{%- endif -%}"),
        THINK,
        OPENED,
        "",
    ),
    "smollm3": (template(THOUGHT_ON_LINES, CLOSES_IF_OFF), THINK, BY_THINKCAP, "<think>\n"),
    "glm-4.5": (
        template(THOUGHT_IN_LINE, "{%- if not enable_thinking -%}{{- '\\n<think></think>' -}}{%- endif -%}"),
        THINK,
        BY_THINKCAP,
        "<think>",
    ),
    "glm-4.7": (
        template(THOUGHT_IN_LINE, "{{- '<think>' if enable_thinking else '</think>' -}}"),
        THINK,
        OPENED,
        "",
    ),
    "kimi-k2-thinking": (template(THOUGHT_IN_LINE, ""), THINK, BY_THINKCAP, "<think>"),
    "kimi-k2-thinking, which hides past thoughts": (
        template("{%- if m.tool_calls -%}<think>{{ m.reasoning_content }}</think>{%- endif -%}{{- m.content -}}", ""),
        THINK,
        BY_THINKCAP,
        "<think>",
    ),
    "solar": (
        template(
            "{%- if m.reasoning_content -%}{{- '<|think|>' + m.reasoning_content + '<|end|><reply>' -}}{%- endif -%}"
            "{{- '<|content|>' + m.content -}}",
            "",
        ),
        ("<|think|>", "<|end|><reply><|content|>"),
        BY_THINKCAP,
        "<|think|>",
    ),
    "minimax-m2": (template(THOUGHT_ON_LINES, OPENS), THINK, OPENED, ""),
    "nemotron nano 2": (
        template(
            ONLY_THE_ANSWER,
            "{%- if '/no_think' in messages[0].content -%}{{- '<think></think>' -}}{%- else -%}"
            + OPENS
            + "{%- endif -%}",
        ),
        THINK,
        OPENED,
        "",
    ),
    "nemotron 3": (template(EMPTY_THOUGHT, OPENS_OR_CLOSES), THINK, OPENED, ""),
    "gpt-oss": (
        template(
            "{%- if m.thinking -%}{{- '<|channel|>analysis<|message|>' + m.thinking + '<|end|>' -}}{%- endif -%}"
            "{{- '<|start|>assistant<|channel|>final<|message|>' + m.content -}}",
            "",
        ),
        HARMONY,
        BY_THINKCAP,
        "<|channel|>analysis<|message|>",
    ),
    "magistral, ministral": (
        template(
            "{{- '[THINK]' + m.reasoning_content + '[/THINK]' + m.content -}}",
            "",
            "{{- 'Draft first, as in [THINK]a draft[/THINK], then answer.' -}}",
        ),
        ("[THINK]", "[/THINK]"),
        BY_THINKCAP,
        "[THINK]",
    ),
    "seed-oss": (
        template(
            "{{- '\\n<seed:think>' + m.reasoning_content + '</seed:think>\\n' + m.content -}}",
            "{%- if thinking_budget == 0 -%}{{- '<seed:think><seed:cot_budget_reflect>' -}}{%- endif -%}",
        ),
        ("<seed:think>", "</seed:think>"),
        BY_THINKCAP,
        "<seed:think>",
    ),
    "granite 3.3": (
        template(
            "{{- m.content -}}",
            "",
            "{%- if thinking -%}{{- 'Thoughts go between <think></think>, the rest in <response></response>.' -}}"
            "{%- endif -%}",
        ),
        THINK,
        BY_THINKCAP,
        "<think>\n",
    ),
    "granite 4": (template(EMPTY_THOUGHT, OPENS_OR_CLOSES), THINK, OPENED, ""),
    "apriel": (
        template(
            "{%- if m.reasoning_content -%}{{- m.reasoning_content + '\\n[BEGIN FINAL RESPONSE]\\n' -}}{%- endif -%}"
            "{{- m.content -}}",
            "{{- 'Here are my reasoning steps:\\n' -}}",
            "{# whether to show <thinking> blocks #}{{- 'Write the answer after [BEGIN FINAL RESPONSE].' -}}",
        ),
        ("Here are my reasoning steps:", "[BEGIN FINAL RESPONSE]"),
        OPENED,
        "",
    ),
    "lfm2.5": (
        template("{%- if keep_past_thinking -%}{{- m.content -}}{%- else -%}" + ONLY_THE_ANSWER + "{%- endif -%}", ""),
        THINK,
        BY_THINKCAP,
        "<think>\n",
    ),
    "gemma 4": (
        template(
            "{{- m.content.split('<channel|>')[-1] -}}",
            "{%- if not enable_thinking -%}{{- '<|channel>thought\\n<channel|>' -}}{%- endif -%}",
            "{%- if enable_thinking -%}{{- '<|think|>' -}}{%- endif -%}",
        ),
        ("<|channel>thought", "<channel|>"),
        BY_THINKCAP,
        "<|channel>thought\n",
    ),
    "opened by a variable alone": (
        template("{{- m.content -}}", "{%- if enable_thinking -%}" + OPENS + "{%- endif -%}"),
        THINK,
        OPENED,
        "",
    ),
    "exaone deep": (
        template("{{- m.content.split('</thought>')[-1] -}}", "{{- '<thought>\\n' -}}"),
        ("<thought>", "</thought>"),
        OPENED,
        "",
    ),
    "hunyuan 3": (
        template(
            "{{- open + m.reasoning_content|default('') + close + m.content -}}",
            "{{- open if reasoning_effort == 'high' else open + close -}}",
            "{%- set open, close = '<think{}>'.format(':opensource'), '</think{}>'.format(':opensource') -%}"
            "{%- if reasoning_effort not in ['high', 'no_think'] -%}{{- raise_exception('no') -}}{%- endif -%}",
        ),
        ("<think:opensource>", "</think:opensource>"),
        OPENED,
        "",
    ),
    "kimi-k3": (
        template(
            "{{- '<|open|>think<|sep|>' + m.reasoning_content|default('') + '<|close|>think<|sep|>'"
            " + '<|open|>response<|sep|>' + m.content + '<|close|>response<|sep|>' -}}",
            "{{- '<|open|>think<|sep|>' if thinking else '<|open|>response<|sep|>' -}}",
        ),
        ("<|open|>think<|sep|>", "<|close|>think<|sep|><|open|>response<|sep|>"),
        OPENED,
        "",
    ),
    "minimax-m3": (
        template("{{- '<mm:think>' + m.reasoning_content + '</mm:think>' + m.content -}}", ""),
        ("<mm:think>", "</mm:think>"),
        BY_THINKCAP,
        "<mm:think>",
    ),
    "an unheard-of one": (
        template(
            "{%- if m.reasoning_content -%}{{- '<inner>\\n' + m.reasoning_content + '\\n</inner>\\n' -}}{%- endif -%}"
            "{{- m.content -}}",
            "{{- '<inner>\\n' -}}",
        ),
        ("<inner>", "</inner>"),
        OPENED,
        "",
    ),
}


@pytest.mark.parametrize("name", FAMILIES)
def test_markers_of_a_family(name: str) -> None:
    shape, (start, end), opened, opening = FAMILIES[name]
    assert find(shape, ()) == Markers(start, end, opened, opening)


@pytest.mark.parametrize("name", FAMILIES)
def test_a_conversation_ends_where_a_thought_begins(name: str) -> None:
    """Every turn is there, in order, and the reply begins with the marker: written by the template or by thinkcap."""
    shape, (start, end), _, opening = FAMILIES[name]
    rendered = (
        shape.render(
            [
                {"role": "user", "content": "FIRST"},
                {"role": "assistant", "content": "ANSWER", "reasoning_content": "THOUGHT"},
                {"role": "user", "content": "SECOND"},
            ]
        )
        + opening
    )
    places = [rendered.index(text) for text in ("FIRST", "ANSWER", "SECOND")]
    assert places == sorted(places)
    reply = rendered[places[-1] :]
    assert reply.rstrip().endswith(start)
    assert end not in reply


def test_a_template_without_a_thought_has_no_markers() -> None:
    plain = template("{{- m.content -}}", "")
    assert find(plain, {"<|im_start|>", "<|im_end|>"}) is None
    tools = template("{{- '<tool_call>' + m.content + '</tool_call>' -}}", "", "{{- '[AVAILABLE_TOOLS]' -}}")
    assert find(tools, ()) is None
