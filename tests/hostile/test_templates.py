"""Chat templates out of hostile files: each ends soon, in little memory, with one sentence, and reaches nothing."""

from __future__ import annotations

import json
import resource
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from random import Random

import pytest

from tests.hostile.generators.templates import BROKEN, ENDLESS, ESCAPES, SECONDS, template
from thinkcap.engine.prompt.template import ChatTemplate, EndlessTemplateError
from thinkcap.errors import ThinkcapError

ROOT = Path(__file__).parents[2]
USER = [{"role": "user", "content": "What is 1 + 1?"}]
MEMORY = 1 << 30
MEASURE = """
import json, sys
from tests.catalog.memory import peak
from tests.hostile.generators.templates import check
before = peak()
for source in json.load(sys.stdin):
    check(source)
print((peak() - before) >> 20)
"""


def in_a_child(sources: list[str]) -> int:
    """Checks templates in a process with little memory. Returns by how many MiB its memory grew."""
    done = subprocess.run(
        [sys.executable, "-c", MEASURE],
        input=json.dumps(sources),
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=100,
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, MEMORY)),
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return int(done.stdout)


@pytest.mark.parametrize("name", ENDLESS)
def test_a_template_without_end_comes_to_one(name: str) -> None:
    assert in_a_child([ENDLESS[name]]) < 400


def test_broken_templates_end_in_a_sentence() -> None:
    assert in_a_child(list(BROKEN)) < 200


def test_any_template_ends_in_a_text_or_a_sentence() -> None:
    random = Random(19)
    assert in_a_child([template(random) for _ in range(300)]) < 400


@pytest.mark.parametrize("source", ESCAPES)
def test_a_template_reaches_nothing(source: str, tmp_path: Path) -> None:
    source = source.replace("{path}", str(tmp_path / "reached"))
    messages = [dict(message) for message in USER]
    try:
        text = ChatTemplate(source).render(messages)
    except ThinkcapError:
        text = ""
    assert "class" not in text
    assert "builtin" not in text
    assert messages == USER
    assert not (tmp_path / "reached").exists()


def test_a_template_ends_on_any_thread_and_leaves_the_next_one_alone() -> None:
    made = ChatTemplate("{% if messages|length > 1 %}{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}"
                        "{% endfor %}{% endif %}{{ messages[0].content }}")  # fmt: skip
    found: list[object] = []

    def render(count: int) -> None:
        try:
            found.append(made.render(USER * count))
        except EndlessTemplateError as error:
            found.append(error)

    threads = [threading.Thread(target=render, args=(count,)) for count in (1, 2, 1, 2, 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(SECONDS)
    assert sorted(map(str, found))[:2] == ["The model's chat template was stopped (it does not come to an end); use "
                                           "another GGUF of it."] * 2  # fmt: skip
    assert found.count(USER[0]["content"]) == 3


@pytest.mark.skipif(sys.platform == "win32", reason="sends SIGINT")
def test_an_interrupt_is_heard_while_a_template_loops() -> None:
    script = (
        "from thinkcap.engine.prompt import sandbox\n"
        "from thinkcap.engine.prompt.template import ChatTemplate\n"
        "sandbox.STEPS = 10**12\n"
        "made = ChatTemplate('{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}')\n"
        "print('begun', flush=True)\n"
        "made.render([])\n"
    )
    child = subprocess.Popen([sys.executable, "-c", script], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert child.stdout is not None
    assert child.stdout.readline() == b"begun\n"
    time.sleep(0.3)
    child.send_signal(signal.SIGINT)
    _, errors = child.communicate(timeout=SECONDS)
    assert b"KeyboardInterrupt" in errors


def test_long_conversations_have_room() -> None:
    """A template that builds its text anew with every message, in a conversation of some 100,000 tokens."""
    source = (
        "{% set ns = namespace(text='') %}{% for message in messages %}"
        "{% set ns.text = ns.text + '<|' ~ message.role ~ '|>' + message.content|trim %}"
        "{% if loop.index0 > 0 and messages[loop.index0 - 1].role == 'user' and messages|length > 1 %}{% endif %}"
        "{% endfor %}{{ ns.text }}"
    )
    messages = [{"role": "user", "content": "word " * 100} for _ in range(1000)]
    assert len(ChatTemplate(source).render(messages)) > 500_000
