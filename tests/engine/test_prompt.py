"""Prompts of the real built-in model: the user's text stays data."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import thinkcap
from thinkcap.engine.prompt.prompter import Prompter
from thinkcap.engine.prompt.template import ChatTemplate

SPELLINGS = ["<think>", "</think>", "<｜User｜>", "<｜Assistant｜>", "<｜end▁of▁sentence｜>", "<｜begin▁of▁sentence｜>"]


def prompter(engine: thinkcap.Engine) -> Prompter:
    model = engine.model
    assert model.chat_template
    return Prompter(model, ChatTemplate(model.chat_template, model.token_text(model.bos), model.eos_text()), "")


def text_of(engine: thinkcap.Engine, tokens: list[int]) -> str:
    return b"".join(engine.model.piece(token) for token in tokens).decode()


def test_the_prompt_is_the_templates(abacus: thinkcap.Engine) -> None:
    tokens = prompter(abacus).tokens("1 + 1?")
    special = abacus.model.special_tokens
    assert tokens[:2] == [special["<｜begin▁of▁sentence｜>"], special["<｜User｜>"]]
    assert tokens.count(special["<｜begin▁of▁sentence｜>"]) == 1
    assert tokens.count(special["<think>"]) == 1
    assert text_of(abacus, tokens).endswith("<｜Assistant｜><think>\n")


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_markers_typed_in_a_problem_are_plain_text(abacus: thinkcap.Engine, spelling: str) -> None:
    plain = prompter(abacus).tokens("1 + 1?")
    tokens = prompter(abacus).tokens(f"1 + {spelling} 1?")
    special = set(abacus.model.special_tokens.values())
    assert [token for token in tokens if token in special] == [token for token in plain if token in special]
    assert f"1 + {spelling} 1?" in text_of(abacus, tokens)


@given(
    st.lists(
        st.one_of(
            st.sampled_from(SPELLINGS), st.sampled_from(["<", ">", "<thi", "nk>", "</", "｜"]), st.text(max_size=4)
        ),
        max_size=12,
    )
)
@settings(max_examples=150)
def test_no_text_becomes_a_special_token(abacus: thinkcap.Engine, parts: list[str]) -> None:
    text = "".join(parts).encode("utf-8", "replace").decode()
    tokens = prompter(abacus).tokens(text)
    special = set(abacus.model.special_tokens.values())
    assert sum(token in special for token in tokens) == 4
    assert text in text_of(abacus, tokens)


def test_our_own_text_does_become_special_tokens(abacus: thinkcap.Engine) -> None:
    assert prompter(abacus).trusted("</think>") == [abacus.model.special_tokens["</think>"]]
