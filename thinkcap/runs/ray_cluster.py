"""Engines on a Ray cluster, used like one engine: Ray places, starts and watches them, this file hands out requests.

A node runs one engine, or one for each of its GPUs, or as many as `threads` fits into its CPUs. Requests go out in
portions that shrink towards the end (guided self-scheduling, Polychronopoulos and Kuck, doi:10.1109/TC.1987.5009495),
so that every engine keeps its batch full and none has much left when the others are done. Outcomes stream back one by
one. What an engine had not answered when it was lost goes out again.
"""

from __future__ import annotations

import os
import socket
import sys
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, redirect_stdout
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

from thinkcap.engine.core import Step
from thinkcap.engine.engine import PARALLEL, Engine
from thinkcap.engine.interrupt import Interrupt
from thinkcap.engine.outcome import Failure, Outcome
from thinkcap.engine.profile import Profile
from thinkcap.engine.request import Request
from thinkcap.engine.turns import Turn, WaitingLine
from thinkcap.errors import ThinkcapError
from thinkcap.runs.result import Key

LOSSES = 3
"""How often a request may be lost with its engine before it counts as what kills them."""
STEP_EVERY = 0.5
"""Seconds between two steps that an engine reports."""
WAIT = 0.2
"""Seconds the driver waits for results before it looks for Ctrl-C."""


@dataclass(frozen=True, slots=True)
class Described:
    """What an engine says once it is loaded."""

    profile: Profile
    model_sha256: str


class Host:
    """An engine in a process of the cluster; becomes a Ray actor."""

    def __init__(self, load: Mapping[str, Any], cpus: int) -> None:
        self._load = dict(load)
        self._cpus = cpus
        self._engine: Engine | None = None

    def describe(self) -> Described | ThinkcapError:
        """Loads the model; an error comes back as a value, since its own type may not travel."""
        import thinkcap
        from thinkcap.engine.model.threads import physical_cores

        try:
            if self._load.get("threads") is None:
                self._load["threads"] = max(1, min(physical_cores(), self._cpus))
            self._engine = thinkcap.load(**self._load)
        except ThinkcapError as error:
            return ThinkcapError(str(error))
        return Described(self._engine.profile, self._engine.model_sha256)

    def solve(self, requests: list[Request], parallel: int) -> Iterator[Outcome | Failure | Step]:
        """Each outcome as it finishes, and a step now and then."""
        assert self._engine is not None
        steps: deque[Step] = deque(maxlen=1)
        reported = 0.0
        for result in self._engine.solve_many(requests, parallel=parallel, on_step=steps.append):
            if isinstance(result, Failure):
                result = Failure(result.request, ThinkcapError(str(result.error)))
            yield result
            if steps and time.perf_counter() - reported > STEP_EVERY:
                reported = time.perf_counter()
                yield steps[0]


@dataclass(slots=True)
class _EngineHandle:
    """The driver's end of one engine: what it works on, and what it has reported."""

    actor: Any
    pending: Any  # the Ray reference or generator that is waited for
    requests: dict[Key, Request] = field(default_factory=dict)  # by the outcomes that are still to come
    active: int = 0
    sampled: int = 0
    sampled_before: int = 0

    @property
    def unanswered(self) -> list[Request]:
        """The requests that lack an outcome, each once."""
        return list({id(request): request for request in self.requests.values()}.values())


class RayCluster:
    """All engines that a cluster has room for. Use it as a context manager.

    address  of a running cluster; `auto` takes the one this machine belongs to, and starts one here if there is none
    load     the arguments of `thinkcap.load`, used on every node

    Raises ThinkcapError if Ray is not installed, the cluster can't be reached or has no room, or no engine loads.
    """

    def __init__(self, address: str, load: Mapping[str, Any]) -> None:
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
        try:
            import ray
        except ImportError as error:
            raise ThinkcapError(
                "--ray needs Ray: run `pip install '.[ray]'` in a clone of thinkcap, on every machine."
            ) from error
        self._ray = ray
        self._elsewhere = ExitStack()
        self._started = not ray.is_initialized()
        if self._started:
            try:
                _knock(address)
                ray.init(None if address == "auto" else address, log_to_driver=False, logging_level="ERROR")
            except (OSError, ValueError, RuntimeError) as error:
                raise ThinkcapError(
                    f"The Ray cluster {address} can't be reached ({_brief(error)}): "
                    "check the address, or leave it out to use this machine."
                ) from error
        # What a lost node's log says, Ray prints on standard output, whatever `log_to_driver` is.
        self._elsewhere.enter_context(redirect_stdout(sys.stderr))
        try:
            self._handles = self._start(load)
            first = self._first_described()
        except BaseException:
            self.close()
            raise
        self.profile: Profile = first.profile
        self.model_sha256: str = first.model_sha256

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Ends the engines, and leaves the cluster if this joined it."""
        for handle in getattr(self, "_handles", []):
            self._ray.kill(handle.actor)
        self._handles = []
        if self._started:
            self._ray.shutdown()
        self._elsewhere.close()

    def solve_many(
        self,
        requests: Iterable[Request],
        *,
        parallel: int | None = None,
        on_step: Callable[[Step], None] | None = None,
        turn: Callable[[Request], Turn] | None = None,
    ) -> Iterator[Outcome | Failure]:
        """As `Engine.solve_many`, `parallel` counting for each engine. What an engine has begun it finishes, needed
        or not. Ctrl-C gives up what is in flight. A thought with several outcomes that is lost half-way is done again,
        and gives those that had come before twice.

        Raises ThinkcapError when every engine is lost.
        """
        self._line = WaitingLine(requests, turn or (lambda request: "now"))
        self._losses: dict[Key, int] = {}
        width = parallel or PARALLEL
        began = time.perf_counter()
        with Interrupt() as interrupt:
            while (self._line or any(handle.requests for handle in self._handles)) and not interrupt.asked:
                if not self._handles:
                    raise ThinkcapError("All engines of the cluster are lost: run the same command again to go on.")
                for handle in self._handles:
                    if handle.pending is None:
                        self._hand_out(handle, width)
                for request in self._line.take_dropped():
                    yield Outcome.unstarted(request, self.profile, self.model_sha256)
                waited = {handle.pending: handle for handle in self._handles if handle.pending is not None}
                if not waited:
                    return  # everyone waits for the others
                ready, _ = self._ray.wait(list(waited), num_returns=1, timeout=WAIT)
                for pending in ready:
                    yield from self._receive(waited[pending])
                if on_step is not None:
                    on_step(self._step(time.perf_counter() - began))

    def _start(self, load: Mapping[str, Any]) -> list[_EngineHandle]:
        from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

        kind = self._ray.remote(Host)
        handles = []
        for node in self._ray.nodes():
            if not node["Alive"]:
                continue
            place = NodeAffinitySchedulingStrategy(node["NodeID"], soft=False)
            for cpus, gpus in engines_on(node["Resources"], load.get("threads"), load.get("gpu_layers")):
                actor = kind.options(
                    num_cpus=cpus, num_gpus=gpus, max_restarts=LOSSES, scheduling_strategy=place
                ).remote(dict(load), cpus)
                handles.append(_EngineHandle(actor, actor.describe.remote()))
        if not handles:
            raise ThinkcapError("The Ray cluster has no free CPUs: start a node with at least as many as --threads.")
        return handles

    def _first_described(self) -> Described:
        """What the first engine to be loaded says of itself; those that fail before it are let go."""
        refused = lost = ""
        while self._handles:
            ready, _ = self._ray.wait([handle.pending for handle in self._handles], num_returns=1)
            handle = next(handle for handle in self._handles if handle.pending in ready)
            try:
                described = self._ray.get(handle.pending)
                if isinstance(described, Described):
                    handle.pending = None
                    return described
                refused = str(described).rstrip(".")
            except self._ray.exceptions.RayError as error:
                lost = _brief(error)
            self._handles.remove(handle)
        raise ThinkcapError(f"No engine of the cluster could be loaded: {refused or lost}.")

    def _hand_out(self, handle: _EngineHandle, width: int) -> None:
        """Gives an engine its next portion: half of its even share of what is left, but a full batch at least."""
        count = max(width, len(self._line) // (2 * len(self._handles)))
        portion: list[Request] = []
        while len(portion) < count and (request := self._line.next()) is not None:
            portion.append(request)
        if portion:
            handle.requests = {key: request for request in portion for key in Key.all_of(request)}
            handle.sampled_before += handle.sampled
            handle.sampled = 0
            handle.pending = handle.actor.solve.options(num_returns="streaming").remote(portion, width)

    def _receive(self, handle: _EngineHandle) -> Iterator[Outcome | Failure]:
        """Takes what an engine has sent; an engine that is lost gives its requests back."""
        try:
            if not hasattr(handle.pending, "__next__"):
                self._greet(handle, self._ray.get(handle.pending))
                return
            result = self._ray.get(next(handle.pending))
        except StopIteration:
            self._line.extend(handle.unanswered)
            handle.requests, handle.pending, handle.active = {}, None, 0
            return
        except self._ray.exceptions.RayError as error:
            yield from self._lost(handle, error)
            return
        if isinstance(result, Step):
            handle.active, handle.sampled = result.active, result.sampled
            return
        keys = Key.all_of(result.request) if isinstance(result, Failure) else [Key.of(result)]
        if [key for key in keys if handle.requests.pop(key, None) is not None]:
            yield result

    def _greet(self, handle: _EngineHandle, described: Described | ThinkcapError) -> None:
        """An engine is loaded, or could not be."""
        if isinstance(described, Described) and described.model_sha256 == self.model_sha256:
            handle.pending = None
            return
        self._handles.remove(handle)
        self._ray.kill(handle.actor)

    def _lost(self, handle: _EngineHandle, error: Exception) -> Iterator[Failure]:
        """Puts an engine's unanswered requests back, and waits for Ray to start it anew; if Ray can't, it is gone."""
        starting = not hasattr(handle.pending, "__next__")
        for request in handle.unanswered:
            key = Key.all_of(request)[-1]
            self._losses[key] = self._losses.get(key, 0) + 1
            if self._losses[key] < LOSSES:
                self._line.extend([request], first=True)
            else:
                yield Failure(request, ThinkcapError(f"The engine was lost {LOSSES} times over it ({_brief(error)})."))
        handle.requests, handle.active = {}, 0
        if starting:
            self._handles.remove(handle)
        else:
            handle.pending = handle.actor.describe.remote()

    def _step(self, seconds: float) -> Step:
        sampled = sum(handle.sampled + handle.sampled_before for handle in self._handles)
        active = sum(handle.active for handle in self._handles)
        return Step(active, len(self._line), sampled, sampled, seconds, seconds)


def engines_on(resources: Mapping[str, float], threads: int | None, gpu_layers: int | None) -> list[tuple[int, int]]:
    """The (CPUs, GPUs) of each engine that a node with these resources runs."""
    cpus, gpus = int(resources.get("CPU", 0)), int(resources.get("GPU", 0))
    if gpus and gpu_layers != 0 and cpus >= gpus:
        return [(1, 1)] * gpus
    if threads is not None:
        return [(threads, 0)] * (cpus // threads)
    return [(cpus, 0)] if cpus else []


def _knock(address: str) -> None:
    """Raises OSError if nothing answers at `host:port`; Ray itself takes minutes to say so."""
    host, colon, port = address.rpartition(":")
    if colon and port.isdecimal() and "/" not in address:
        socket.create_connection((host, int(port)), timeout=5).close()


def _brief(error: BaseException) -> str:
    """The first line of an error that may be pages long."""
    return next((line.strip().rstrip(".:") for line in str(error).splitlines() if line.strip()), type(error).__name__)
