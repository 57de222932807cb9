from __future__ import annotations

import pytest

from thinkcap.engine.prompt.template import ChatTemplate
from thinkcap.errors import ThinkcapError

USER = [{"role": "user", "content": "hello"}]


def test_templates_see_the_usual_variables() -> None:
    source = "{{ bos_token }}{% for m in messages %}[{{ m.role }}]{{ m['content'] }}{{ eos_token }}{% endfor %}"
    assert ChatTemplate(source, "<s>", "</s>").render(USER) == "<s>[user]hello</s>"


def test_thinking_is_switched_on() -> None:
    source = "{% if enable_thinking %}<think>{% else %}<think></think>{% endif %}"
    assert ChatTemplate(source).render(USER) == "<think>"


def test_json_is_plain() -> None:
    assert ChatTemplate("{{ messages | tojson }}").render([{"role": "user", "content": "<é>"}]).count("<é>") == 1


@pytest.mark.parametrize(
    "source",
    [
        "{{ ''.__class__.__mro__[1].__subclasses__() }}",
        "{{ messages.append(1) }}",
        "{{ cycler.__init__.__globals__.os.popen('true').read() }}",
        "{{ self.__init__.__globals__ }}",
        "{% for i in range(10**9) %}{% endfor %}",
        "{{ raise_exception('no') }}",
    ],
)
def test_a_hostile_template_gets_one_sentence(source: str) -> None:
    with pytest.raises(ThinkcapError, match="chat template"):
        ChatTemplate(source).render(USER)


def test_a_broken_template_gets_one_sentence() -> None:
    with pytest.raises(ThinkcapError, match="template is broken"):
        ChatTemplate("{% if %}")


def test_marks_for_training_mean_nothing() -> None:
    source = "{% for m in messages %}{% generation %}{{ m.content }}!{% endgeneration %}{% endfor %}"
    assert ChatTemplate(source).render(USER) == "hello!"


def test_an_effort_that_is_refused_gives_way_to_the_next() -> None:
    source = (
        "{% if reasoning_effort not in ['low', 'high'] %}{{ raise_exception('no') }}{% endif %}{{ reasoning_effort }}"
    )
    assert ChatTemplate(source).render(USER) == "high"
    with pytest.raises(ThinkcapError, match="chat template failed"):
        ChatTemplate("{{ raise_exception('never') }}").render(USER)
