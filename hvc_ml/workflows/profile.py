"""Who the high-value customers are, and what sets them apart. Works on the orders alone; needs no model."""

from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd

from hvc_ml.config import Project
from hvc_ml.explanation.formatting import formatter, money
from hvc_ml.progress import Stages
from hvc_ml.publish import RunLock
from hvc_ml.segments.advocates import advocates
from hvc_ml.segments.comparison import judged
from hvc_ml.segments.contrast import contrast
from hvc_ml.segments.journeys import Journey, journeys
from hvc_ml.segments.net_value import summed
from hvc_ml.segments.settings import HighValueRule
from hvc_ml.segments.win_back import win_back
from hvc_ml.workflows.profile_customers import customers_of
from hvc_ml.workflows.profile_moves import Moves, moves_of, quarters
from hvc_ml.workflows.profile_record import plain, refuse_others, write_profile
from hvc_ml.workflows.profile_segments import KpiUnits, outcomes_cutoff, segment_table, units_of
from hvc_ml.workflows.profile_value import Concentration, concentration_of, dormant_of
from hvc_ml.workflows.shop import Shop, open_shop
from hvc_ml.workflows.standing import standings


@dataclass(frozen=True)
class ProfileResult:
    """A profile: groups and figures, and no customer.

    Parameters
    ----------
    cutoff
        The midnight that is looked back from.
    rule, by
        The rule for high-value, and what customers were ranked by in the end.
    groups
        All customers of the population, each tier, high-value and others: how many, their money of 12 months, shares.
    floor
        The least value of a high-value customer, in what they are ranked by.
    value
        The parts of the value of 12 months, by group.
    concentration
        How much of the money few customers bring, and whale curves.
    kpis
        Every segment beside the company average, judged together.
    differences
        What sets high-value customers apart, the largest standardised difference first.
    moves
        Tiers now and a year before, and the ways into and out of the top tier.
    journeys
        Time to the second and the third order.
    win_back, advocates
        The dormant by length of silence; promoters and referrers by group.
    notes
        What was asked for and could not be had.
    """

    cutoff: date
    currency: str
    rule: HighValueRule
    by: str
    groups: pd.DataFrame
    floor: float | None
    value: pd.DataFrame
    concentration: Concentration
    kpis: pd.DataFrame
    outcomes_at: date | None
    differences: pd.DataFrame
    moves: Moves | None
    journeys: dict[str, Journey]
    win_back: pd.DataFrame
    advocates: pd.DataFrame
    notes: tuple[str, ...]
    seconds: dict[str, float]
    written: Path | None = None
    units: KpiUnits = field(default_factory=dict, repr=False)

    def as_json(self) -> dict[str, Any]:
        """The result as plain values; unknown figures are null."""
        found = {
            "cutoff": self.cutoff,
            "currency": self.currency,
            "high_value": {**self.rule.model_dump(), "by": self.by, "says": self.says, "floor": self.floor},
            "groups": self.groups,
            "value": self.value,
            "concentration": self.concentration.spans,
            "whale_curve": self.concentration.whale,
            "kpis": self.kpis,
            "outcomes_at": self.outcomes_at,
            "contrast": self.differences,
            "migration": None if self.moves is None else self.moves.as_json(),
            "journeys": {name: vars(journey) for name, journey in self.journeys.items()},
            "win_back": self.win_back,
            "advocates": self.advocates,
            "notes": self.notes,
            "written": self.written,
            "seconds": self.seconds,
        }
        return {name: plain(value) for name, value in found.items()}

    @property
    def says(self) -> str:
        """The rule that was used, in words."""
        return self.rule.model_copy(update={"by": self.by}).says

    def money(self, amount: float) -> str:
        """An amount in the currency of the orders."""
        return money(amount, self.currency)

    def figure(self, kpi: str, amount: float) -> str:
        """A figure as a person reads it."""
        return formatter(self.units.get(kpi, "number"), self.currency)(float(amount))


def profile(project: Project, *, cutoff: date | None, to: Path | None = None, stages: Stages) -> ProfileResult:
    """Profile the customers of a business.

    Parameters
    ----------
    cutoff
        The midnight that is looked back from; None for the one after the newest order.
    to
        Folder for tables (CSV), charts (SVG) and ``profile.json``; nothing is written when None.

    Raises
    ------
    NotEnoughData
        If nobody is in the population at the cutoff.
    ConfigError
        If ``profile.by`` names what is no text attribute.
    OutputError
        If the folder holds something other than a profile, or cannot be written.
    """
    if to is not None:
        refuse_others(to.resolve())
    with RunLock(project.state / "run.lock"), open_shop(project, stages) as shop:
        found = profiled(shop, shop.cutoff(cutoff))
        if to is None:
            return found
        found = replace(found, written=to.resolve())
        write_profile(found, to, {"name": project.config.name, "data_sha256": shop.sources_hash})
    return found


def profiled(shop: Shop, moment: date, scores: pd.DataFrame | None = None, *, brief: bool = False) -> ProfileResult:
    """Profile the customers of an open business at a cutoff; see `profile`.

    Parameters
    ----------
    scores
        Predicted values at the cutoff, where customers are ranked by them; those of the newest list when None.
    brief
        Leave journeys, the dormant and advocates empty: a list's book does not tell of them.
    """
    config, stages = shop.project.config, shop.stages
    outcomes_at = outcomes_cutoff(shop, moment)
    with stages.stage("tiers"):
        looked_at = (*quarters(shop, moment), *((outcomes_at,) if outcomes_at else ()))
        tiers = standings(shop).at(looked_at)
    customers = customers_of(shop, moment, tiers[moment], scores)
    with stages.stage("concentration"):
        concentration = concentration_of(shop, moment)
        dormant = None if brief else dormant_of(shop, moment)
    with stages.stage("segments"):
        table = judged(segment_table(shop, customers, moment, tiers))
        differences = contrast(customers.features, customers.high, {f.name: f.family for f in shop.plan().features})
    with stages.stage("moves and journeys"):
        moves = moves_of(shop, moment, tiers)
        steps = {} if brief else journeys(shop.engine, shop.tables, moment)
    return ProfileResult(
        cutoff=moment,
        currency=config.currency,
        rule=config.profile.high_value,
        by=customers.by,
        groups=customers.table(),
        floor=customers.floor,
        value=summed(customers.parts, customers.groups()),
        concentration=concentration,
        kpis=table,
        outcomes_at=outcomes_at if (table["at"] != moment).any() else None,
        differences=differences,
        moves=moves,
        journeys=steps,
        win_back=pd.DataFrame() if dormant is None else win_back(dormant, customers.spend_floor),
        advocates=pd.DataFrame() if brief else advocates(customers.features, customers.groups()),
        notes=customers.notes,
        seconds=stages.seconds,
        units=units_of(shop.plan().features),
    )
