"""The training's tokenizer and llama.cpp's on the shipped file give the same tokens."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import thinkcap
from training import families, samples, scope, vocabulary

AWKWARD = "'|s|What| |\n|\r|\t|é|²|١|the|'re|'LL|€|+|\\boxed{|}.|\n\n|\u3000|\xa0| is|ſ|\u0308|中|\u2028|\x1c|İ|<think>"


def test_on_thousands_of_problems_and_thoughts(abacus: thinkcap.Engine) -> None:
    random = Random(11)
    for _ in range(1000):
        problem = families.training_problem(random)
        length = samples.length_text(random, random.randint(1, 600), random.choice(["", "maximum "]))
        for text in (problem.text + length, samples.text_of(samples.checked(problem)), scope.ask(random)[:300]):
            assert vocabulary.encode(text) == abacus.model.tokenize(text)
            assert vocabulary.decode(vocabulary.encode(text)) == text


@given(st.lists(st.one_of(st.sampled_from(AWKWARD.split("|")), st.text(max_size=4)), max_size=12).map("".join))
@settings(max_examples=500)
def test_on_any_text(abacus: thinkcap.Engine, text: str) -> None:
    text = text.encode("utf-8", "replace").decode().replace("\0", "").replace("<think>", "think")
    assert vocabulary.encode(text) == abacus.model.tokenize(text)


def test_prompts_are_the_chat_templates(abacus: thinkcap.Engine) -> None:
    assert abacus.model.chat_template == vocabulary.CHAT_TEMPLATE
    assert abacus.solve("What is 12 * 3?", 0).prompt_tokens == len(vocabulary.prompt("What is 12 * 3?"))


@pytest.mark.parametrize("text", ["What is the sum", " answer", "\n\nThe answer is"])
def test_words_of_the_problems_are_few_tokens(text: str) -> None:
    assert len(vocabulary.encode(text)) <= len(text.split()) + 1


def test_merges_are_all_used_up() -> None:
    assert len(vocabulary.merges()) == vocabulary.SIZE - 262
