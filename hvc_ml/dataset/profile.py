"""Where the time of a pass goes: seconds of the processor and memory, stage by stage."""

import contextlib
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field


@dataclass
class StageProfile:
    """One stage: rows it worked on, seconds of the processor (all threads), the process's largest memory until then."""

    name: str
    rows: int | None = None
    cpu_seconds: float = 0.0
    peak_bytes: int = 0


@dataclass
class Profile:
    """Stages in the order in which they were first entered; one that is entered again is added up.

    Examples
    --------
    >>> profile = Profile()
    >>> for _ in range(2):
    ...     with profile.stage("read rows") as stage:
    ...         stage.rows = 10
    >>> [(s.name, s.rows) for s in profile.stages]
    [('read rows', 20)]
    """

    stages: list[StageProfile] = field(default_factory=list)

    @contextlib.contextmanager
    def stage(self, name: str) -> Iterator[StageProfile]:
        """Measure the block; it may say how many rows it worked on."""
        now, start = StageProfile(name), time.process_time()
        yield now
        now.cpu_seconds, now.peak_bytes = time.process_time() - start, peak_memory()
        kept = next((s for s in self.stages if s.name == name), None)
        if kept is None:
            self.stages.append(now)
            return
        kept.rows = (kept.rows or 0) + now.rows if now.rows is not None else kept.rows
        kept.cpu_seconds += now.cpu_seconds
        kept.peak_bytes = now.peak_bytes


def peak_memory() -> int:
    """Bytes of the process at its largest; 0 where the system does not say."""
    if sys.platform == "win32":
        return 0
    import resource  # noqa: PLC0415 # not there on Windows

    largest = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return largest if sys.platform == "darwin" else largest * 1024
