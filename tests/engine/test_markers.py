from __future__ import annotations

import pytest

from thinkcap.engine.prompt.markers import Markers, find
from thinkcap.engine.prompt.template import ChatTemplate
from thinkcap.errors import ThinkcapError

CHAT = "{% for m in messages %}<u>{{ m.content }}{% endfor %}{% if add_generation_prompt %}<a>REPLY{% endif %}"


def template(reply: str, extra: str = "") -> ChatTemplate:
    return ChatTemplate(CHAT.replace("REPLY", reply) + "{% if false %}" + extra + "{% endif %}")


def test_a_template_that_opens_the_thought() -> None:
    assert find(template("<think>\n", "</think>"), ()) == Markers("<think>", "</think>", True, "")


def test_a_template_that_does_not_open_the_thought() -> None:
    assert find(template("", "</think>"), ()) == Markers("<think>", "</think>", False, "<think>\n")


def test_a_thought_that_the_template_opens_and_closes_is_not_open() -> None:
    found = find(template("<think></think>"), ())
    assert found is not None
    assert not found.opened_by_template


def test_markers_only_in_the_vocabulary() -> None:
    found = find(template(""), {"<thinking>": 1, "</thinking>": 2})
    assert found is not None
    assert (found.start, found.end) == ("<thinking>", "</thinking>")


def test_unheard_of_markers_are_found_by_their_names() -> None:
    found = find(template("", "[MY_THOUGHTS]x[/MY_THOUGHTS]"), ())
    assert found is not None
    assert (found.start, found.end) == ("[MY_THOUGHTS]", "[/MY_THOUGHTS]")


def test_a_model_without_a_thought() -> None:
    assert find(template(""), {"<s>": 1}) is None
    assert find(None, ()) is None


def test_the_user_can_name_them() -> None:
    assert find(template("<r>"), (), "<r>", "</r>") == Markers("<r>", "</r>", True, "")


def test_one_marker_alone_is_refused() -> None:
    with pytest.raises(ThinkcapError, match="together"):
        find(template(""), (), start="<r>")
