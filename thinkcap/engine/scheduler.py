"""The scheduler: admit, fill, decode, sample, advance, for any number of sequences at once.

It knows sequences and the KV cache, not problems. A sequence is admitted when its worst case fits, gives its pending
tokens to each step's one decode, and leaves when it is finished. Only one thread at a time may use it.
"""

from __future__ import annotations

from bisect import insort
from collections import deque
from collections.abc import Callable, Set
from heapq import heappop, heappush
from operator import attrgetter
from typing import TYPE_CHECKING, NamedTuple

from thinkcap.engine.model.kv_cache import KvCache
from thinkcap.engine.model.kv_pool import KvPlan
from thinkcap.engine.prefix_cache import MIN_SHARED, PrefixCache, common
from thinkcap.engine.sequence import Sequence

if TYPE_CHECKING:
    from thinkcap.engine.generation import Generation

_slot = attrgetter("slot")


class Counts(NamedTuple):
    """What went through the scheduler so far.

    sampled         tokens sampled, all sequences together
    decoded         tokens put through llama.cpp
    decode_seconds  time spent in llama.cpp
    """

    sampled: int = 0
    decoded: int = 0
    decode_seconds: float = 0.0


class Scheduler:
    """Runs sequences over one KV cache.

    make_cache  makes a cache of a shape
    wanted      the shape that suits the sequences in flight and those that wait, and whether it has to be a pool
    recurrent   whether the model has layers that keep a state instead of tokens
    """

    def __init__(
        self,
        make_cache: Callable[[KvPlan], KvCache],
        wanted: Callable[[list[Sequence], bool], KvPlan],
        recurrent: bool,
    ) -> None:
        self._make_cache = make_cache
        self._wanted = wanted
        self._recurrent = recurrent
        self._cache: KvCache | None = None
        self._slots: list[int] = []  # a heap of those without an active sequence: the lowest is taken first
        self._kept = PrefixCache()
        self._cells = self._kv_sequences = 0
        self._earlier_seconds = 0.0
        self._blocked: Sequence | None = None  # waits first, and needs others to finish
        self._sampled = self._decoded = 0
        self.waiting: deque[Sequence] = deque()
        self.active: list[Sequence] = []

    @property
    def shape(self) -> KvPlan | None:
        """The present cache's shape, None if there is none yet."""
        return self._cache.shape if self._cache is not None else None

    @property
    def idle(self) -> bool:
        """Whether nothing is in flight, and every cell and slot is accounted for."""
        slots = self._cache.shape.sequences if self._cache is not None else 0
        return not self.busy and self._cells == self._kv_sequences == 0 and len(self._slots) == slots

    @property
    def counts(self) -> Counts:
        seconds = self._cache.seconds if self._cache is not None else 0.0
        return Counts(self._sampled, self._decoded, self._earlier_seconds + seconds)

    @property
    def busy(self) -> bool:
        return bool(self.active or self.waiting)

    def reserve(self, shape: KvPlan) -> None:
        """Makes sure of a cache that serves a shape, if nothing is in flight that would have to be moved."""
        if not self.active and (self._cache is None or not self._cache.shape.serves(shape)):
            self._replace_cache(shape)

    def step(self) -> list[Sequence]:
        """Runs one step. Returns the sequences that it finished."""
        self._admit()
        if not self.active or self._cache is None:
            return []
        if self._cache.shape.per_sequence_kv:
            self._compact_slots(self._cache)
        rows = self._fill(self._cache)
        for slot in self._cache.filler_sequences:
            self._vacate(self._cache, slot)
        for logits, sequence in zip(self._cache.decode(), rows, strict=True):
            sequence.take(logits)
            if sequence.offspring:
                self._adopt(sequence, self._cache)
            if sequence.rollback:
                self._roll_back(sequence, self._cache)
        self._sampled += len(rows)
        self._end_late_answers()
        finished = [sequence for sequence in self.active if sequence.finished]
        for sequence in finished:
            self._release(sequence, keep=sequence.owner.keeps_prompt)
            if sequence.answers is not None:
                sequence.answers.hear(sequence.state, sequence.texts()[1], sequence.log_probability)
        return [sequence for sequence in finished if sequence.answers is None]

    def drop(self, owners: Set[Generation]) -> list[Sequence]:
        """Ends the sequences of some generations where they are. Returns those that have an outcome."""
        stopped = [sequence for sequence in self.active if sequence.owner in owners]
        for sequence in stopped:
            sequence.abandon("interrupted")
            self._release(sequence, keep=False)
        for sequence in self.waiting:
            if sequence.owner in owners:
                sequence.abandon("interrupted")
                stopped.append(sequence)
        self.waiting = deque(sequence for sequence in self.waiting if sequence.owner not in owners)
        return [sequence for sequence in stopped if sequence.answers is None]

    def answer_now(self, owner: Generation) -> None:
        """The thoughts of a generation close with their next token."""
        for sequence in (*self.active, *self.waiting):
            if sequence.owner is owner:
                sequence.answer_now()

    def close(self) -> None:
        """Frees the cache."""
        if self._cache is not None:
            self._earlier_seconds += self._cache.seconds
            self._cache.close()
            self._cache = None
            self._slots = []
            self._kept = PrefixCache()

    # -- admission ---------------------------------------------------------------------------------------------------

    def _admit(self) -> None:
        """Lets waiting sequences in, in order, while their worst cases fit."""
        while self.waiting:
            sequence = self.waiting[0]
            cache = self._cache
            if cache is None or not self._fits(sequence, cache.shape):
                if sequence is self._blocked or not self._grow(sequence):
                    self._blocked = sequence
                    return
                continue
            donor, shared = self._donor(sequence)
            if donor is not None and donor.decoded < shared:
                return
            self.waiting.popleft()
            sequence.admit(heappop(self._slots))
            self._share_prompt(sequence, cache, donor, shared)
            self._cells += sequence.cells
            self._kv_sequences += sequence.kv_sequences
            self.active.append(sequence)
            while self._kept and self._cells + self._kept.cells > cache.shape.cells:
                self._evict(cache, self._kept.slots()[0])

    def _fits(self, sequence: Sequence, shape: KvPlan) -> bool:
        """Whether its worst case fits beside what is in flight."""
        return (
            self._cells + sequence.cells <= shape.cells
            and self._kv_sequences + sequence.kv_sequences <= shape.sequences
            and (not shape.per_sequence_kv or sequence.longest <= shape.cells // shape.sequences)
        )

    def _grow(self, sequence: Sequence) -> bool:
        """Makes room for a sequence with a larger cache. Returns False if it has to wait until others have finished.

        What is in flight moves along from pool to pool. llama.cpp moves nothing out of separate cells, and a fork's
        copy would not share its cells any more.
        """
        shape = self._wanted([*self.active, *self.waiting], bool(self.active))
        if self.active:
            if self._cache is None or self._cache.shape == shape or self._cache.shape.per_sequence_kv:
                return False
            if any(each.forked for each in self.active):
                return False
            if not (self._fits(sequence, shape) and all(map(shape.holds, self.active))):
                return False
        assert shape.holds(sequence), "a cache is planned for the sequence that waits first"
        self._replace_cache(shape)
        return True

    def _replace_cache(self, shape: KvPlan) -> None:
        """Takes a new cache, to which the sequences in flight move. Kept prompts are given up."""
        if not self.active:
            self.close()
        new = self._make_cache(shape)
        for sequence in self.active:
            if self._cache is not None:
                self._cache.copy_to(new, sequence.slot)
        self.close()
        self._cache = new
        self._slots = sorted(set(range(shape.sequences)) - {sequence.slot for sequence in self.active})

    def _donor(self, sequence: Sequence) -> tuple[Sequence | None, int]:
        """The active sequence whose prompt has most in common with this one's, and how many tokens that is. At least
        one prompt token is left to decode, for its logits."""
        best, most = None, MIN_SHARED - 1
        if self._recurrent:
            return None, 0
        for other in self.active:
            shared = min(common(other.prompt, sequence.prompt), len(sequence.prompt) - 1)
            if shared > most:
                best, most = other, shared
        return best, most

    def _share_prompt(self, sequence: Sequence, cache: KvCache, donor: Sequence | None, shared: int) -> None:
        """Gives an admitted sequence the cells of a prompt that begins like its own."""
        slot = sequence.slot
        kept, length = (-1, 0) if self._recurrent else self._kept.best(sequence.prompt)
        if kept >= 0 and (donor is None or length > shared):
            if kept == slot:
                self._kept.remove(slot)
                cache.forget(slot, length)
            else:
                self._vacate(cache, slot)
                cache.share(kept, slot, length)
            sequence.consume(length)
            return
        self._vacate(cache, slot)
        if donor is not None:
            cache.share(donor.slot, slot, shared)
            sequence.consume(shared)

    def _vacate(self, cache: KvCache, slot: int) -> None:
        """Takes a kept prompt out of a slot that is needed: into another free one, or for good."""
        if slot not in self._kept:
            return
        other = max((other for other in self._slots if other not in self._kept), default=-1)
        if other not in (-1, *cache.filler_sequences):
            tokens = self._kept.remove(slot)
            cache.share(slot, other, len(tokens))
            self._kept.keep(other, tokens)
            cache.forget(slot)
        else:
            self._evict(cache, slot)

    def _evict(self, cache: KvCache, slot: int) -> None:
        self._kept.remove(slot)
        cache.forget(slot)

    # -- a step ------------------------------------------------------------------------------------------------------

    def _compact_slots(self, cache: KvCache) -> None:
        """Keeps sequences with separate cells in the lowest slots, and in their order: only then llama.cpp decodes them
        together. The last one moves if one has left."""
        self.active.sort(key=_slot)
        while self.active and self._slots and self._slots[0] < self.active[-1].slot:
            sequence, slot = self.active.pop(), heappop(self._slots)
            self._vacate(cache, slot)
            cache.share(sequence.slot, slot, sequence.decoded)
            cache.forget(sequence.slot)
            heappush(self._slots, sequence.slot)
            sequence.slot = slot
            insort(self.active, sequence, key=_slot)

    def _fill(self, cache: KvCache) -> list[Sequence]:
        """Puts pending tokens into the batch: those of running sequences, and as many of prompts as there is room for
        beside them, in the order of their admission. Returns the sequences that get logits."""
        for_prompts = cache.room
        for sequence in self.active:
            if not sequence.prefilling:
                for_prompts -= len(sequence.pending)
        rows: list[Sequence] = []
        for sequence in self.active:
            pending = len(sequence.pending)
            if sequence.prefilling:
                tokens = sequence.pending[: max(0, for_prompts)]
                for_prompts -= len(tokens)
            else:
                tokens = sequence.pending[: cache.room]
            if not tokens:
                continue
            whole = len(tokens) == pending
            if pending == 1:
                cache.add_one(sequence.slot, sequence.decoded, tokens[0])
            else:
                cache.add(sequence.slot, sequence.decoded, tokens, whole)
            self._decoded += len(tokens)
            sequence.consume(len(tokens))
            if whole:
                rows.append(sequence)
        return rows

    def _roll_back(self, sequence: Sequence, cache: KvCache) -> None:
        """Takes tokens back out of the KV cache. Recurrent memories cannot: they decode the sequence anew."""
        keep = sequence.decoded - sequence.rollback
        sequence.rollback = 0
        sequence.forget(keep)
        if not cache.forget(sequence.slot, keep):
            cache.forget(sequence.slot)
            sequence.decode_again()

    def _end_late_answers(self) -> None:
        """Ends early answers whose thought closed before they were read."""
        for sequence in self.active:
            if sequence.answers is not None and sequence.answers.closed and not sequence.finished:
                sequence.abandon("interrupted")

    def _adopt(self, parent: Sequence, cache: KvCache) -> None:
        """Takes in a sequence's forks. What they need was reserved with it, and it gave them a part of that."""
        for child in parent.offspring:
            child.slot = heappop(self._slots)
            self._vacate(cache, child.slot)
            if self._recurrent and child.decoded < parent.decoded:
                child.decode_again()  # a recurrent state can be copied, but not an earlier one
            else:
                cache.share(parent.slot, child.slot, child.decoded)
            self.active.append(child)
        parent.offspring.clear()

    def _release(self, sequence: Sequence, keep: bool) -> None:
        """A sequence is finished: its room is free, and its prompt may stay for others like it."""
        assert self._cache is not None
        self.active.remove(sequence)
        if keep and not sequence.forked and not self._recurrent:
            self._kept.keep(sequence.slot, sequence.tokens)
        else:
            self._cache.forget(sequence.slot)
        heappush(self._slots, sequence.slot)
        self._blocked = None
        self._cells -= sequence.cells
        self._kv_sequences -= sequence.kv_sequences
