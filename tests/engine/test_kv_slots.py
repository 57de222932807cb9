"""What is kept of finished prompts, in a real KV cache."""

from __future__ import annotations

import pytest

from thinkcap.engine.engine import Engine
from thinkcap.engine.kv_slots import MIN_SHARED, KvSlots
from thinkcap.engine.model.kv_cache import KvCache
from thinkcap.engine.model.kv_pool import KvPlan


def test_the_prompt_that_was_used_last_moves_into_another_cache(abacus_f16: Engine) -> None:
    """Into whatever slot there is, though older prompts are kept in lower slots."""
    prompts = [[65 + n] * (MIN_SHARED + 4) for n in range(3)]
    cache = KvCache(abacus_f16.model, KvPlan(200, 3), 1)
    slots = KvSlots(cache, recurrent=False)
    taken = [slots.take()[0] for _ in prompts]
    for slot, prompt in zip(taken, prompts, strict=True):
        cache.add(slot, 0, prompt, True)
        cache.decode()
    for slot, prompt in zip(taken, prompts, strict=True):
        slots.give(slot, prompt)
    moved = slots.move_to(KvCache(abacus_f16.model, KvPlan(400, 1), 1), ())
    assert moved.holds([*prompts[2], 80])
    assert not moved.holds(prompts[0])
    assert moved.take([*prompts[2], 80]) == (0, len(prompts[2]))
    moved.cache.close()


def test_the_next_to_come_does_not_wait_for_a_copy(abacus_f16: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """A lone client's prompts follow one another in the lowest slot, and each was kept elsewhere by then."""
    cache = KvCache(abacus_f16.model, KvPlan(6 * 64, 6, True), 1)
    slots, copies = KvSlots(cache, recurrent=False), list[tuple[int, int]]()
    share = KvCache.share

    def counted(self: KvCache, source: int, target: int, end: int) -> None:
        copies.append((source, target))
        share(self, source, target, end)

    monkeypatch.setattr(KvCache, "share", counted)
    prompts = [[65 + n] * (MIN_SHARED + 4) for n in range(9)]
    for number, prompt in enumerate(prompts):
        ready = len(copies)
        slot, _ = slots.take(prompt)
        assert slot == 0
        assert len(copies) == ready or number < 4
        cache.add(slot, 0, prompt, True)
        cache.decode()
        slots.give(slot, prompt)
        slots.prepare()
    assert all(slots.holds([*prompt, 80]) for prompt in prompts[-4:])
    assert slots.take([*prompts[-3], 80]) == (0, len(prompts[-3]))
    cache.close()


def test_all_stay_in_a_small_cache(abacus_f16: Engine) -> None:
    """One of its four slots is for the filler of a decode of one token."""
    cache = KvCache(abacus_f16.model, KvPlan(4 * 64, 4, True), 1)
    slots = KvSlots(cache, recurrent=False)
    prompts = [[65 + n] * (MIN_SHARED + 4) for n in range(3)]
    for prompt in prompts:
        slot, _ = slots.take(prompt)
        cache.add(slot, 0, prompt, True)
        cache.decode()
        slots.give(slot, prompt)
        slots.prepare()
    assert all(slots.holds([*prompt, 80]) for prompt in prompts)
    cache.close()
