"""Try every definition of churn on the same customers, and propose one. Nothing is written."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Final

from hvc_ml.config import Project
from hvc_ml.dataset.silences import counted, lapses_at, silences_at
from hvc_ml.errors import NotEnoughData
from hvc_ml.evaluation.definitions import Definition, Rule, Silences, Window, grid, proposal, watch_for
from hvc_ml.labels import LabelSettings
from hvc_ml.population import PopulationSettings, active_within
from hvc_ml.progress import Stages
from hvc_ml.timeline.calendar import Timeline
from hvc_ml.workflows.shop import Shop, open_shop

HORIZONS: Final = (30, 60, 90, 120, 180, 365)
WINDOWS: Final[tuple[Window, ...]] = (30, 60, 90, 180, 365, "all", "auto")
GRACES: Final = (0, 7, 14, 30, 60, 90)

NO_ORDER: Final = Rule()
CONTRACT_END: Final = Rule(returned=0.10, rates=(0.0, 1.0), spread=float("inf"))
"""Where contracts end, only the grace is open: how many leave, and how evenly, is not for a definition to choose. Fewer
wrong labels are asked for, because a longer grace costs days where a longer horizon costs months."""


@dataclass(frozen=True)
class ChurnLabResult:
    """The grid of definitions, the one the config has, and the one proposed.

    Parameters
    ----------
    kind
        ``labels.churn``. With ``contract_end`` a definition's ``horizon`` is the grace after a contract's end.
    cutoffs
        Where every definition was measured.
    watch
        Days that each cutoff was watched for; with contracts from the end of the horizon on.
    usual
        At each cutoff, the days of ``active_within: auto`` before the horizon is looked at.
    definitions
        Row by row.
    now
        Active window and horizon (or grace) of the config.
    proposed, reason
        The definition proposed, and why in words.
    """

    kind: str
    cutoffs: tuple[date, ...]
    watch: int
    usual: tuple[int | None, ...]
    definitions: tuple[Definition, ...]
    now: tuple[Window, int]
    proposed: Definition
    reason: str
    seconds: dict[str, float]

    @property
    def current(self) -> Definition | None:
        """The config's own definition; None where the log is too short to measure it beside the others."""
        return next((d for d in self.definitions if (d.window, d.horizon) == self.now), None)

    @property
    def rule(self) -> Rule:
        """What the proposal had to keep."""
        return CONTRACT_END if self.kind == "contract_end" else NO_ORDER

    @property
    def yaml(self) -> str:
        """The proposal as lines of ``hvc.yaml``."""
        if self.kind == "contract_end":
            return f"labels:\n  churn: contract_end\n  grace: {self.proposed.horizon}"
        return f"population:\n  active_within: {self.proposed.window}\nlabels:\n  horizon: {self.proposed.horizon}"

    def as_json(self) -> dict[str, Any]:
        """The result as plain values; with contracts ``horizon`` is called ``grace``."""
        return {
            "churn": self.kind,
            "cutoffs": [c.isoformat() for c in self.cutoffs],
            "watched_days": self.watch,
            "usual_gap_days": list(self.usual),
            "definitions": [self._told(d) for d in self.definitions],
            "config": self._named({"active_within": self.now[0], "horizon": self.now[1]}),
            "current": None if self.current is None else self._told(self.current),
            "proposed": self._told(self.proposed),
            "reason": self.reason,
            "rule": self.rule.says,
            "yaml": self.yaml,
            "seconds": self.seconds,
        }

    def written(self, definition: Definition) -> str:
        """A cell of the grid in %: churn rate, spread, share that came back; ``=`` the config's, ``*`` the proposed."""
        d = definition
        if d.churn_rate is None:
            return "nobody"
        spread = "" if d.spread is None else f" ±{100 * d.spread:.1f}"
        returned = "" if d.returned is None else f" ({100 * d.returned:.0f})"
        mark = ("=" if d is self.current else "") + ("*" if d is self.proposed else "")
        return f"{100 * d.churn_rate:.1f}{spread}{returned} {mark}"

    def _told(self, definition: Definition) -> dict[str, Any]:
        return self._named(definition.as_json())

    def _named(self, figures: Mapping[str, Any]) -> dict[str, Any]:
        names = {"horizon": "grace"} if self.kind == "contract_end" else {}
        return {names.get(name, name): value for name, value in figures.items()}


def churn_lab(project: Project, *, stages: Stages) -> ChurnLabResult:
    """Measure every definition of churn that the log has room for.

    Raises
    ------
    NotEnoughData
        If not even the shortest horizon can be watched for as long again.
    """
    labels = project.config.labels
    with open_shop(project, stages) as shop:
        if labels.churn == "contract_end":
            return _graces(shop, tuple(sorted({*GRACES, labels.grace})))
        return _horizons(shop, tuple(sorted({*HORIZONS, labels.horizon})))


def _horizons(shop: Shop, horizons: tuple[int, ...]) -> ChurnLabResult:
    """Leaving means no order: every active window with every horizon."""
    config = shop.project.config
    now: tuple[Window, int] = config.population.active_within, config.labels.horizon
    cutoffs, watch = _watched(shop, 0, horizons)
    silences = _silences(shop, cutoffs)
    known = (cutoffs[-1] - shop.timeline.first).days
    windows = [w for w in _with(now[0]) if isinstance(w, str) or w < known or w == now[0]]
    found = grid(silences, windows, horizons, watch)
    judged = [d for d in found if d.window == "auto" and d.returned is not None]
    proposed, reason = proposal([d for d in judged if _trainable(shop, horizon=d.horizon)] or judged, NO_ORDER)
    usual = tuple(s.usual for s in silences)
    return ChurnLabResult("no_order", cutoffs, watch, usual, found, now, proposed, reason, shop.stages.seconds)


def _graces(shop: Shop, graces: tuple[int, ...]) -> ChurnLabResult:
    """Leaving is the contract's end: only the days in which a new one counts as renewal are open."""
    labels = shop.project.config.labels
    cutoffs, watch = _watched(shop, labels.horizon, tuple(g for g in graces if g))
    found = grid(_lapses(shop, cutoffs, labels), ["all"], graces, watch)
    judged = [d for d in found if d.returned is not None]
    proposed, reason = proposal(judged, CONTRACT_END)
    usual = (None,) * len(cutoffs)
    now: tuple[Window, int] = "all", labels.grace
    return ChurnLabResult("contract_end", cutoffs, watch, usual, found, now, proposed, reason, shop.stages.seconds)


def _watched(shop: Shop, lead: int, choices: tuple[int, ...]) -> tuple[tuple[date, ...], int]:
    """The newest cutoffs that can all be watched equally long, beginning ``lead`` days after them, and how long."""
    line = replace(shop.timeline, maturing=lead)
    left = {cutoff: (line.end - cutoff).days - lead for cutoff in line.mature(line.end)}
    days = (line.end - line.first).days
    watch = watch_for(list(left.values()), days - lead, choices)
    if watch is None:
        raise NotEnoughData(
            f"The orders span {days:,} days ({line.first} to {line.end}); to see who comes back, a cutoff needs "
            f"{line.settings.min_history} days of history and {lead + 2 * min(choices)} days after it, and lies on the "
            "calendar's grid. Bring older orders, or set calendar.every to fewer days."
        )
    return tuple(c for c, days in left.items() if days >= watch)[-line.settings.cutoffs :], watch


def _with(window: Window) -> list[Window]:
    """The windows tried, and the config's: days first, shortest on top."""
    every = {*WINDOWS, window}
    return [*sorted(w for w in every if isinstance(w, int)), "all", "auto"]


def _silences(shop: Shop, cutoffs: tuple[date, ...]) -> list[Silences]:
    found = []
    with shop.stages.stage("silences") as stage:
        for i, cutoff in enumerate(cutoffs):
            stage.step(i, len(cutoffs), cutoff.isoformat())
            counts = shop.engine.arrow(counted(silences_at(shop.tables, cutoff))).to_pandas()
            usual = active_within(shop.tables, cutoff, PopulationSettings(), horizon=1)
            found.append(Silences.of(cutoff, counts, usual))
        stage.rows = int(sum(s.customers.sum() for s in found))
    return found


def _lapses(shop: Shop, cutoffs: tuple[date, ...], labels: LabelSettings) -> list[Silences]:
    found = []
    with shop.stages.stage("lapses") as stage:
        for i, cutoff in enumerate(cutoffs):
            stage.step(i, len(cutoffs), cutoff.isoformat())
            counts = shop.engine.arrow(counted(lapses_at(shop.tables, cutoff, labels.horizon))).to_pandas()
            found.append(Silences.of(cutoff, counts))
        stage.rows = int(sum(s.customers.sum() for s in found))
    return found


def _trainable(shop: Shop, horizon: int) -> bool:
    """Whether the log is long enough to fit, calibrate and test on cutoffs whole horizons apart."""
    config = shop.project.config
    maturing = config.labels.model_copy(update={"horizon": horizon}).maturing
    line: Timeline = replace(shop.timeline, maturing=maturing)
    mature = line.mature(line.end)
    return bool(mature) and line.split(mature[-1]).by == "time"
