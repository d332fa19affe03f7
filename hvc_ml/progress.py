"""Stages of long work: what is going on, how many rows, how many seconds. Nothing is printed here."""

import contextlib
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field


@dataclass
class Stage:
    """One stage; the work sets ``rows`` and calls `step`, listeners read."""

    name: str
    rows: int | None = None
    note: str = ""
    done: int = 0
    total: int | None = None
    seconds: float | None = None
    tell: Callable[["Stage"], None] = field(default=lambda _: None, repr=False)

    def step(self, done: int, total: int, note: str = "") -> None:
        """Say how far the stage is."""
        self.done, self.total, self.note = done, total, note
        self.tell(self)


class Stages:
    """The stages of a run, in order.

    Parameters
    ----------
    listener
        Called when a stage starts (``seconds`` is None), at each step, and when it ends.

    Examples
    --------
    >>> stages = Stages()
    >>> with stages.stage("read") as stage:
    ...     stage.rows = 3
    >>> list(stages.seconds)
    ['read']
    """

    def __init__(self, listener: Callable[[Stage], None] | None = None) -> None:
        self._listener = listener or (lambda _: None)
        self.finished: list[Stage] = []

    @contextlib.contextmanager
    def stage(self, name: str) -> Iterator[Stage]:
        """Time one stage."""
        stage = Stage(name, tell=self._listener)
        self._listener(stage)
        start = time.perf_counter()
        yield stage
        stage.seconds = time.perf_counter() - start
        self.finished.append(stage)
        self._listener(stage)

    @property
    def seconds(self) -> dict[str, float]:
        """Stage -> seconds, to the millisecond; a stage that ran twice is summed."""
        found: dict[str, float] = {}
        for stage in self.finished:
            found[stage.name] = round(found.get(stage.name, 0.0) + (stage.seconds or 0.0), 3)
        return found
