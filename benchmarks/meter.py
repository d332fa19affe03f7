"""What each stage of a run takes: seconds of the processor and of the clock, and the most memory held."""

import resource
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from hvc_ml.progress import Stage

REST = "start and end"
"""What no stage holds: imports, the end of the process."""


@dataclass
class Cost:
    """Seconds of all threads of the processor, seconds of the clock, and the largest memory in GiB."""

    cpu: float = 0.0
    wall: float = 0.0
    gigabytes: float = 0.0

    def add(self, other: "Cost") -> None:
        """The same stage once more."""
        self.cpu, self.wall = self.cpu + other.cpu, self.wall + other.wall
        self.gigabytes = max(self.gigabytes, other.gigabytes)


class Meter:
    """A listener of `Stages`: the cost of each stage without that of the stages inside it.

    Examples
    --------
    >>> from hvc_ml.progress import Stages
    >>> meter = Meter(tell=False)
    >>> stages = Stages(meter)
    >>> with stages.stage("write"), stages.stage("book"):
    ...     _ = sum(range(1000))
    >>> sorted(meter.found())
    ['book', 'start and end', 'write']
    """

    def __init__(self, *, tell: bool = True) -> None:
        self._tell, self._born = tell, time.perf_counter()
        self._costs: dict[str, Cost] = {}
        self._open: list[Stage] = []
        self._last = Cost()

    def __call__(self, stage: Stage) -> None:
        """A stage began, went on or ended."""
        if stage.seconds is None and any(stage is one for one in self._open):
            return
        self._count()
        if stage.seconds is None:
            self._open.append(stage)
            return
        self._open.pop()
        if self._tell:
            cost = self._costs[stage.name]
            print(f"  {stage.name:<24}{cost.cpu:10.1f} CPU-s {cost.gigabytes:6.2f} GiB", file=sys.stderr, flush=True)

    def found(self) -> dict[str, dict[str, float]]:
        """Stage -> its cost; together that of the whole process until now."""
        self._count()
        return {name: {k: round(v, 3) for k, v in asdict(cost).items()} for name, cost in self._costs.items()}

    def _count(self) -> None:
        """What was used since the last time belongs to the innermost stage that is open."""
        now = Cost(processor(), time.perf_counter() - self._born)
        name = self._open[-1].name if self._open else REST
        used = Cost(now.cpu - self._last.cpu, now.wall - self._last.wall, _peak())
        self._costs.setdefault(name, Cost()).add(used)
        self._last = now


def processor() -> float:
    """Seconds of the processor of this process and its children, of all threads."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(u.ru_utime + u.ru_stime for u in used)


def _peak() -> float:
    """The most GiB held since it was last asked; Linux forgets earlier peaks."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    held = next(int(line.split()[1]) for line in lines if line.startswith("VmHWM"))
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    return held / 2**20
