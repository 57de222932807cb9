"""The step loop: admit, fill, decode, sample, advance, for any number of sequences at once.

It knows sequences and the KV cache, not problems: a sequence is admitted when its worst case fits, gives its pending
tokens to each step's one decode, and leaves when it is finished.
"""

from __future__ import annotations

from bisect import insort
from collections import deque
from heapq import heappop, heappush
from operator import attrgetter

from thinkcap.engine.model.llama import Context
from thinkcap.engine.sequence import Sequence

LEAST_SHARED = 16
"""Prompt tokens that two sequences must have in common for the second to share the first one's cells."""

_slot = attrgetter("slot")


class Scheduler:
    """Runs sequences over one context.

    sampled         tokens sampled so far, all sequences together
    decoded         tokens put through llama.cpp so far
    decode_seconds  time spent in llama.cpp
    """

    def __init__(self, context: Context) -> None:
        self._context = context
        self._slots = list(range(context.sequences))  # a heap: the lowest is taken first
        self._cells = self._seats = 0
        self.waiting: deque[Sequence] = deque()
        self.active: list[Sequence] = []
        self.sampled = 0
        self.decoded = 0
        self._seconds_before = context.seconds

    @property
    def decode_seconds(self) -> float:
        return self._context.seconds - self._seconds_before

    @property
    def busy(self) -> bool:
        return bool(self.active or self.waiting)

    def add(self, sequence: Sequence) -> None:
        """Queues a sequence; it must fit the context by itself."""
        self.waiting.append(sequence)

    def step(self) -> list[Sequence]:
        """Runs one step. Returns the sequences that it finished."""
        self._admit()
        if self._context.apart:
            self._close_ranks()
        rows = self._fill()
        for row, sequence in zip(self._context.decode(), rows, strict=True):
            sequence.take(row)
            if sequence.offspring:
                self._adopt(sequence)
            if sequence.rollback:
                self._roll_back(sequence)
        self.sampled += len(rows)
        self._end_late_answers()
        finished = [sequence for sequence in self.active if sequence.finished]
        for sequence in finished:
            self._release(sequence)
            if sequence.parent is not None:
                sequence.parent.answered(sequence)
        return [sequence for sequence in finished if sequence.parent is None]

    def interrupt(self) -> list[Sequence]:
        """Ends every sequence where it is and returns those that had begun."""
        stopped = self.active[:]
        for sequence in stopped:
            sequence.interrupt()
            self._release(sequence)
        self.waiting.clear()
        return [sequence for sequence in stopped if sequence.parent is None]

    def _admit(self) -> None:
        """Lets waiting sequences in, in order, while their worst cases fit."""
        while self.waiting:
            sequence = self.waiting[0]
            if (
                self._cells + sequence.cells > self._context.cells
                or self._seats + sequence.seats > self._context.sequences
            ):
                return
            donor, shared = self._donor(sequence)
            if donor is not None and donor.decoded < shared:
                return
            self.waiting.popleft()
            sequence.begin(heappop(self._slots))
            if donor is not None:
                self._context.share(donor.slot, sequence.slot, shared)
                sequence.consumed(shared)
            self._cells += sequence.cells
            self._seats += sequence.seats
            self.active.append(sequence)

    def _donor(self, sequence: Sequence) -> tuple[Sequence | None, int]:
        """The active sequence whose prompt has most in common with this one's, and how many tokens that is. At least
        one prompt token is left to decode, for its logits."""
        best, most = None, LEAST_SHARED - 1
        for other in self.active:
            shared = min(_common(other.prompt, sequence.prompt), len(sequence.prompt) - 1)
            if shared > most:
                best, most = other, shared
        return best, most

    def _close_ranks(self) -> None:
        """Keeps sequences whose cells are apart in the lowest slots, and in their order: only so llama.cpp takes them
        together. The last one moves where one has left."""
        self.active.sort(key=_slot)
        while self.active and self._slots and self._slots[0] < self.active[-1].slot:
            sequence, slot = self.active.pop(), heappop(self._slots)
            self._context.share(sequence.slot, slot, sequence.decoded)
            self._context.forget(sequence.slot)
            heappush(self._slots, sequence.slot)
            sequence.slot = slot
            insort(self.active, sequence, key=_slot)

    def _fill(self) -> list[Sequence]:
        """Puts pending tokens into the batch: those of running sequences, and as many of prompts as there is room for
        beside them, in the order of their admission. Returns the sequences that get logits."""
        context = self._context
        for_prompts = context.room
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
                tokens = sequence.pending[: context.room]
            if not tokens:
                continue
            whole = len(tokens) == pending
            if pending == 1:
                context.add_one(sequence.slot, sequence.decoded, tokens[0])
            else:
                context.add(sequence.slot, sequence.decoded, tokens, whole)
            self.decoded += len(tokens)
            sequence.consumed(len(tokens))
            if whole:
                rows.append(sequence)
        return rows

    def _roll_back(self, sequence: Sequence) -> None:
        """Takes tokens back out of the KV cache. Recurrent memories cannot: they decode the sequence anew."""
        count, sequence.rollback = sequence.rollback, 0
        keep = sequence.decoded - count
        if self._context.forget(sequence.slot, keep):
            sequence.forgot(count)
            return
        self._context.forget(sequence.slot)
        again = sequence.tokens[:keep]
        sequence.forgot(sequence.decoded)
        sequence.pending = (*again, *sequence.pending)

    def _end_late_answers(self) -> None:
        """Ends early answers whose thought closed before they were read."""
        for sequence in self.active:
            if sequence.parent is not None and not sequence.parent.thinking and not sequence.finished:
                sequence.interrupt()

    def _adopt(self, parent: Sequence) -> None:
        """Takes in a sequence's forks. What they need was reserved with it, and it gave them a part of its own."""
        for child in parent.offspring:
            child.slot = heappop(self._slots)
            self._context.share(parent.slot, child.slot, child.decoded)
            self.active.append(child)
        parent.offspring.clear()

    def _release(self, sequence: Sequence) -> None:
        self.active.remove(sequence)
        self._context.forget(sequence.slot)
        heappush(self._slots, sequence.slot)
        self._cells -= sequence.cells
        self._seats -= sequence.seats


def _common(one: list[int], other: list[int]) -> int:
    """Tokens that two prompts share at their beginning."""
    if one == other:
        return len(one)
    return next((i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
