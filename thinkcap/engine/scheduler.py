"""The scheduler: admit, fill, decode, sample, advance, for any number of sequences at once.

It knows sequences and the KV cache, not problems. A sequence is admitted when its worst case fits, gives its pending
tokens to each step's one decode, and leaves when it is finished. Only one thread at a time may use it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Set
from collections.abc import Sequence as Tokens
from operator import attrgetter
from typing import TYPE_CHECKING, NamedTuple

from thinkcap.engine.kv_slots import MIN_SHARED, KvSlots, common
from thinkcap.engine.model.kv_cache import KvCache
from thinkcap.engine.model.kv_pool import KvPlan
from thinkcap.engine.sequence import Sequence

if TYPE_CHECKING:
    from thinkcap.engine.generation import Generation


class Counts(NamedTuple):
    """What went through the scheduler so far.

    sampled         tokens sampled, all sequences together
    decoded         tokens put through llama.cpp
    decode_seconds  time spent in llama.cpp
    """

    sampled: int = 0
    decoded: int = 0
    decode_seconds: float = 0.0


_slot = attrgetter("slot")


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
        self._slots: KvSlots | None = None
        self._earlier_seconds = 0.0
        self._blocked: Sequence | None = None  # waits first, and needs others to finish
        self._sampled = self._decoded = 0
        self.waiting: deque[Sequence] = deque()
        self.active: list[Sequence] = []

    @property
    def shape(self) -> KvPlan | None:
        """The present cache's shape, None if there is none yet."""
        return self._slots.cache.shape if self._slots is not None else None

    @property
    def idle(self) -> bool:
        """Whether nothing is in flight, and every cell and slot is accounted for."""
        return not self.busy and (self._slots is None or self._slots.untouched)

    @property
    def counts(self) -> Counts:
        seconds = self._slots.cache.seconds if self._slots is not None else 0.0
        return Counts(self._sampled, self._decoded, self._earlier_seconds + seconds)

    @property
    def busy(self) -> bool:
        return bool(self.active or self.waiting)

    def reserve(self, shape: KvPlan) -> None:
        """Makes sure of a cache that serves a shape, if nothing is in flight."""
        if not self.active and (self.shape is None or not self.shape.serves(shape)):
            self._replace_cache(shape)

    def step(self) -> list[Sequence]:
        """Runs one step. Returns the sequences that it finished."""
        self._admit()
        slots = self._slots
        if not self.active or slots is None:
            return []
        if slots.cache.shape.per_sequence_kv:
            self._compact(slots)
        rows = self._fill(slots.cache)
        for slot in slots.cache.filler_sequences:
            slots.vacate(slot)
        for logits, sequence in zip(slots.cache.decode(), rows, strict=True):
            sequence.take(logits)
            if sequence.offspring:
                self._adopt(sequence, slots)
            if sequence.rollback:
                self._roll_back(sequence, slots.cache)
        self._sampled += len(rows)
        finished = [sequence for sequence in self.active if sequence.finished]
        for sequence in finished:
            self._release(sequence, slots, keep=sequence.owner.keeps_prompt)
        return finished

    def prepare(self) -> None:
        """Readies the cache for what comes next, if nothing is in flight."""
        if self._slots is not None and not self.busy:
            self._slots.prepare()

    def drop(self, owners: Set[Generation]) -> list[Sequence]:
        """Ends the sequences of some generations where they are. Returns them."""
        stopped = [sequence for sequence in self.active if sequence.owner in owners]
        for sequence in stopped:
            sequence.abandon("interrupted")
            if self._slots is not None:
                self._release(sequence, self._slots, keep=sequence.owner.keeps_prompt)
        for sequence in self.waiting:
            if sequence.owner in owners:
                sequence.abandon("interrupted")
                stopped.append(sequence)
        self.waiting = deque(sequence for sequence in self.waiting if sequence.owner not in owners)
        return stopped

    def answer_now(self, owner: Generation) -> None:
        """The thoughts of a generation close with their next token."""
        for sequence in (*self.active, *self.waiting):
            if sequence.owner is owner:
                sequence.answer_now()

    def close(self) -> None:
        """Frees the cache."""
        if self._slots is not None:
            self._earlier_seconds += self._slots.cache.seconds
            self._slots.cache.close()
            self._slots = None

    def _admit(self) -> None:
        """Lets waiting sequences in, in order, while their worst cases fit."""
        while self.waiting:
            sequence, slots = self.waiting[0], self._slots
            if slots is None or not slots.fits(sequence):
                if sequence is self._blocked or not self._grow(sequence):
                    self._blocked = sequence
                    return
                continue
            donor, shared = self._donor(sequence)
            if donor is not None and donor.decoded < shared:
                return
            self.waiting.popleft()
            slot, held = slots.take(sequence.prefix, shared)
            if donor is not None and not held:
                slots.cache.share(donor.slot, slot, shared)
            slots.reserve(sequence)
            sequence.admit(slot)
            sequence.consume(held or shared)
            sequence.owner.cached_tokens = sequence.decoded
            self.active.append(sequence)

    def _donor(self, sequence: Sequence) -> tuple[Sequence | None, int]:
        """The active sequence whose beginning has most in common with this one's, and how many tokens that is. At least
        one token is left to decode, for its logits."""
        best, most = None, MIN_SHARED - 1
        for other in self.active if not self._recurrent else ():
            shared = min(common(other.prefix, sequence.prefix), len(sequence.prefix) - 1)
            if shared > most:
                best, most = other, shared
        return best, most if best is not None else 0

    def _grow(self, sequence: Sequence) -> bool:
        """Makes room for a sequence with a larger cache. Returns False if it has to wait until others have finished.

        What is in flight moves along from pool to pool. llama.cpp moves nothing out of separate cells, and a fork's
        copy would not share its cells any more.
        """
        shape = self._wanted([*self.active, *self.waiting], bool(self.active))
        if self.active and self._slots is not None:
            present = self._slots.cache.shape
            if present == shape or present.per_sequence_kv or any(each.forked for each in self.active):
                return False
            if not (self._slots.fits(sequence, shape) and all(map(shape.holds, self.active))):
                return False
        assert shape.holds(sequence), "a cache is planned for the sequence that waits first"
        self._replace_cache(shape, sequence.prefix)
        return True

    def _replace_cache(self, shape: KvPlan, prefix: Tokens[int] = ()) -> None:
        """Takes a new cache, to which the sequences in flight move, and kept prompts if one of them begins like
        `prefix`."""
        slots = self._slots
        pools = slots is not None and not (slots.cache.shape.per_sequence_kv or shape.per_sequence_kv)
        if not self.active and not (slots is not None and pools and slots.holds(prefix)):
            self.close()  # first, so that both need not fit in memory
        cache = self._make_cache(shape)
        if self._slots is None:
            self._slots = KvSlots(cache, self._recurrent)
        else:
            self._earlier_seconds += self._slots.cache.seconds
            self._slots = self._slots.move_to(cache, [sequence.slot for sequence in self.active])

    def _compact(self, slots: KvSlots) -> None:
        """Keeps sequences with separate cells in the lowest slots, and in their order: only then llama.cpp decodes them
        together. The last one moves if one has left."""
        self.active.sort(key=_slot)
        while (slot := slots.lower(self.active[-1].slot, self.active[-1].decoded)) != self.active[-1].slot:
            self.active[-1].slot = slot
            self.active.sort(key=_slot)

    def _fill(self, cache: KvCache) -> list[Sequence]:
        """Puts pending tokens into the batch. Returns the sequences that get logits."""
        rows: list[Sequence] = []
        for sequence, count in zip(self.active, self._parts(cache), strict=True):
            pending = len(sequence.pending)
            if count == pending == 1:
                cache.add_one(sequence.slot, sequence.decoded, sequence.pending[0])
            else:
                cache.add(sequence.slot, sequence.decoded, sequence.pending[:count], count == pending)
            self._decoded += count
            if count == pending:
                rows.append(sequence)
            sequence.consume(count)
        return rows

    def _parts(self, cache: KvCache) -> list[int]:
        """How many pending tokens of each active sequence go into the batch: at least one. Long prompts are read as
        fast as they can be, everything else in pieces of about the same length that are rounded alike."""
        if all(len(sequence.pending) == 1 for sequence in self.active):
            return [1] * len(self.active)
        room = cache.room - len(self.active)
        narrow = room if cache.shape.per_sequence_kv else cache.piece - len(self.active)
        parts = []
        for sequence in self.active:
            if rest := sequence.long_prompt:
                count = min(rest, 1 + room)
            else:
                count = min(_piece(len(sequence.pending), cache.piece), 1 + max(0, min(room, narrow)))
            if cache.odd and count % 2 == 0 and len(self.active) > 1:
                count -= 1
            room -= count - 1
            narrow -= count - 1
            parts.append(count)
        return parts

    def _roll_back(self, sequence: Sequence, cache: KvCache) -> None:
        """Takes tokens back out of the KV cache. Recurrent memories cannot: they decode the sequence anew."""
        keep = sequence.decoded - sequence.rollback
        sequence.rollback = 0
        sequence.forget(keep)
        if not cache.forget(sequence.slot, keep):
            cache.forget(sequence.slot)
            sequence.decode_again()

    def _adopt(self, parent: Sequence, slots: KvSlots) -> None:
        """Takes in a sequence's forks. What they need was reserved with it, and it gave them a part of that."""
        for child in parent.offspring:
            child.slot, _ = slots.take()
            if self._recurrent and child.decoded < parent.decoded:
                child.decode_again()  # a recurrent state can be copied, but not an earlier one
            else:
                slots.cache.share(parent.slot, child.slot, child.decoded)
            self.active.append(child)
        parent.offspring.clear()

    def _release(self, sequence: Sequence, slots: KvSlots, keep: bool) -> None:
        """A sequence is finished: its room is free, and its prompt may stay for others like it."""
        self.active.remove(sequence)
        slots.give(sequence.slot, sequence.tokens if keep and not sequence.forked else None)
        slots.release(sequence)
        self._blocked = None


def _piece(count: int, most: int) -> int:
    """The length of the next piece of `count` tokens, which are divided evenly, but in fours, as llama.cpp likes it."""
    even = -(-count // -(-count // most))
    return min(count, most, even + -even % 4)
