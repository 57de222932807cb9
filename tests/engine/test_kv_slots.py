"""What is kept of finished prompts, in a real KV cache."""

from __future__ import annotations

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
