"""The batch that is handed to llama.cpp, on the real built-in model."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

import thinkcap
from thinkcap.catalog import extra_buffers
from thinkcap.engine.engine import Engine
from thinkcap.engine.model.kv_cache import KvCache
from thinkcap.engine.model.kv_pool import KvPlan
from thinkcap.engine.model.llama import Model
from thinkcap.engine.model.padding import Padding

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


@pytest.fixture(scope="module")
def model() -> Model:
    with thinkcap.load("abacus", quant="q8_0") as engine:
        path = engine.model.path
    return Model(path, gpu_layers=0, extra_buffers=extra_buffers.allowed())


@pytest.mark.parametrize("count", [5, 6, 7, 11, 14])
def test_a_batch_that_was_filled_up_gives_the_same_logits(
    model: Model, count: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    filled = KvCache(model, KvPlan(512, 16), 1)
    monkeypatch.setattr(model, "padding", Padding())
    plain = KvCache(model, KvPlan(512, 16), 1)
    for expected, found in zip(decode(plain, count), decode(filled, count), strict=True):
        assert len(found) == count
        for one, other in zip(expected, found, strict=True):
            np.testing.assert_allclose(one, other, rtol=0, atol=1e-4)
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


@pytest.mark.parametrize("length", [1, 2, 3, 4, 17, len(TOKENS)])
def test_a_prompt_in_f16_is_read_as_beside_another_text(abacus_f16: Engine, length: int) -> None:
    """To the last bit. Alone, it is read in one piece from three tokens on; a filler would split it."""
    alone, beside = (KvCache(abacus_f16.model, KvPlan(512, 4, True), 1) for _ in range(2))
    alone.add(0, 0, list(TOKENS[:length]), True)
    assert len(alone.filler_sequences) == (length <= 2)
    (expected,) = alone.decode()
    beside.add(0, 0, list(TOKENS[:length]), True)
    beside.add_one(1, 0, 65)
    np.testing.assert_array_equal(expected, beside.decode()[0])
    alone.close()
    beside.close()


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
