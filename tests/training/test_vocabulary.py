"""The tokenizer that training uses."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from training import families, samples, vocabulary

AWKWARD = "'|s|What| |\n|\r|\t|é|²|١|the|'re|'LL|€|+|\\boxed{|}.|\n\n|\u3000|\xa0| is|ſ|\u0308|中|\u2028|\x1c|İ|<think>"


def test_problems_and_thoughts_come_back_as_they_were() -> None:
    random = Random(11)
    for _ in range(300):
        problem = families.training_problem(random)
        for text in (problem.text, samples.text_of(samples.checked(problem))):
            assert vocabulary.decode(vocabulary.encode(text)) == text


@given(st.lists(st.one_of(st.sampled_from(AWKWARD.split("|")), st.text(max_size=4)), max_size=12).map("".join))
@settings(max_examples=300, deadline=None)
def test_any_text_comes_back_as_it_was(text: str) -> None:
    text = text.encode("utf-8", "replace").decode()
    assert vocabulary.decode(vocabulary.encode(text)) == text


@pytest.mark.parametrize("text", ["What is the sum", " answer", "\n\nThe answer is"])
def test_words_of_the_problems_are_few_tokens(text: str) -> None:
    assert len(vocabulary.encode(text)) <= len(text.split()) + 1


def test_merges_are_all_used_up() -> None:
    assert len(vocabulary.merges()) == vocabulary.SIZE - 262
