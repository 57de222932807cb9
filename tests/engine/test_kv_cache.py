"""The batch that is handed to llama.cpp, on the real built-in model."""

from __future__ import annotations

from random import Random
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

import thinkcap
from thinkcap.catalog import extra_buffers
from thinkcap.engine.model.batching import Batching
from thinkcap.engine.model.kv_cache import KvCache
from thinkcap.engine.model.kv_pool import KvPlan
from thinkcap.engine.model.llama import Model, api

TOKENS = b"What is 384 + 297 + 581?"


def decode(context: KvCache, count: int, steps: int = 3) -> list[list[npt.NDArray[np.float32]]]:
    """The logits of `count` sequences side by side, step by step, each sequence with tokens of its own."""
    found = []
    for step in range(steps):
        for sequence in range(count):
            context.add_one(sequence, step, TOKENS[(sequence + step) % len(TOKENS)])
        found.append([row.copy() for row in context.decode()])
    for sequence in range(count):
        context.forget(sequence)
    return found


@pytest.fixture(scope="module", params=[0, pytest.param(None, marks=pytest.mark.gpu)], ids=["cpu", "gpu"])
def model(request: pytest.FixtureRequest) -> Model:
    if request.param is None:
        request.getfixturevalue("gpu")
    with thinkcap.load("abacus", quant="q8_0") as engine:
        path = engine.model.path
    return Model(path, gpu_layers=request.param, extra_buffers=extra_buffers.allowed())


@pytest.fixture
def sizes(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many tokens llama.cpp gets in each decode."""
    found: list[int] = []
    decode = api.llama_decode

    def counted(context: Any, batch: Any) -> int:
        found.append(batch.n_tokens)
        status: int = decode(context, batch)
        return status

    monkeypatch.setattr(api, "llama_decode", counted)
    return found


@pytest.mark.parametrize("separate", [True, False])
@pytest.mark.parametrize("tile", [2, 4])
@pytest.mark.parametrize("count", [3, 5, 6, 7, 11, 14])
def test_a_batch_that_was_filled_up_gives_the_same_logits(
    model: Model, count: int, tile: int, separate: bool, sizes: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(model, "batching", Batching(tile))
    filled = KvCache(model, KvPlan(16 * 256, 16, separate), 1)
    monkeypatch.setattr(model, "batching", Batching())
    plain = KvCache(model, KvPlan(16 * 256, 16, separate), 1)
    for expected, found in zip(decode(plain, count), decode(filled, count), strict=True):
        assert len(found) == count
        for one, other in zip(expected, found, strict=True):
            np.testing.assert_allclose(one, other, rtol=0, atol=1e-4)
    assert set(sizes) == {count, count + Batching(tile).filler(count)}
    plain.close()
    filled.close()


@pytest.mark.parametrize("tile", [2, 4])
def test_a_prompt_alone_is_filled_up_and_nothing_is_left_behind(
    model: Model, tile: int, sizes: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Up to the last cell, in pieces of every length."""
    monkeypatch.setattr(model, "batching", Batching(tile))
    filled = KvCache(model, KvPlan(256, 1, True), 1)
    monkeypatch.setattr(model, "batching", Batching())
    plain = KvCache(model, KvPlan(256, 1, True), 1)
    random, end = Random(3), 0
    for length in [*range(1, 22), 22, 3]:
        tokens = [random.randrange(1, model.n_vocab) for _ in range(length)]
        for cache in (filled, plain):
            cache.add(0, end, tokens, True)
        np.testing.assert_allclose(filled.decode()[0], plain.decode()[0], rtol=0, atol=1e-4)
        end += length
        filler = Batching(tile).filler(length)
        assert sizes[-2:] == [length + (filler if end + filler <= 256 else 0), length]
    assert end == 256
    plain.close()
    filled.close()


def test_filling_up_leaves_nothing_behind(model: Model) -> None:
    context = KvCache(model, KvPlan(256, 7), 1)
    for _ in range(3):
        for sequence in range(6):
            context.add(sequence, 0, list(TOKENS), True)
            context.decode()
        for step in range(256 // 7 - len(TOKENS)):  # to the last cell that 7 such sequences may use
            for sequence in range(6):
                context.add_one(sequence, len(TOKENS) + step, 65)
            assert len(context.decode()) == 6
        for sequence in range(6):
            context.forget(sequence)
    context.close()


@pytest.mark.parametrize("engine", ["abacus", "abacus_f16"])
def test_logits_are_the_same_however_tokens_are_divided(engine: str, request: pytest.FixtureRequest) -> None:
    """To the last bit on the CPU, for texts in pieces of any length beside up to five others in theirs."""
    path = request.getfixturevalue(engine).model.path
    model, random = Model(path, gpu_layers=0, extra_buffers=extra_buffers.allowed()), Random(1)
    texts = [[random.randrange(1, model.n_vocab) for _ in range(130)] for _ in range(6)]
    cache = KvCache(model, KvPlan(6 * 256, 6, True), 1)
    known: dict[tuple[int, int], npt.NDArray[np.float32]] = {}
    compared = 0
    for _ in range(20):
        ends = dict.fromkeys(random.sample(range(len(texts)), random.randint(1, len(texts))), 0)
        while max(ends.values()) < len(texts[0]):
            for sequence, (text, end) in enumerate(ends.items()):
                count = min(random.choice([1, 1, 2, 3, random.randint(1, cache.piece)]), len(texts[text]) - end)
                if cache.odd and len(ends) > 1:
                    count -= count % 2 == 0
                cache.add(sequence, end, texts[text][end : end + count], True)
                ends[text] += count
            for logits, place in zip(cache.decode(), ends.items(), strict=True):
                compared += place in known
                np.testing.assert_array_equal(logits, known.setdefault(place, logits.copy()))
        for sequence in range(len(ends)):
            cache.forget(sequence)
    assert compared > 300
    cache.close()


def test_as_many_sequences_as_llama_cpp_keeps_apart(model: Model) -> None:
    context = KvCache(model, KvPlan(1024, 256), 1)
    assert len(decode(context, 255, steps=2)[1]) == 255
    context.close()


@pytest.mark.parametrize("separate", [True, False])
def test_a_shared_beginning_is_the_beginning_alone(model: Model, separate: bool) -> None:
    cache = KvCache(model, KvPlan(4 * 256, 4, separate), 1)

    def after(sequence: int, position: int) -> npt.NDArray[np.float32]:
        cache.add_one(sequence, position, 65)
        (row,) = cache.decode()
        return row.copy()

    cache.add(0, 0, list(TOKENS[:9]), True)
    cache.decode()
    expected = after(0, 9)
    cache.add(0, 10, list(TOKENS[9:]), True)
    cache.decode()
    cache.share(0, 2, 9)
    np.testing.assert_array_equal(after(2, 9), expected)
    cache.close()
