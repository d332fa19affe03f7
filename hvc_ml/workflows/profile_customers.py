"""The customers of a profile: their features, tiers, value part by part, and who of them is high-value."""

from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd

from hvc_ml.config import Project
from hvc_ml.features.compute import features_at
from hvc_ml.segments.high_value import high_value
from hvc_ml.segments.net_value import NET, ValueRule, net_value, value_features
from hvc_ml.segments.standing import TIER, VALUE, customers_at
from hvc_ml.tables.schema import CUSTOMER
from hvc_ml.workflows.past_lists import past_list
from hvc_ml.workflows.shop import Shop

ALL, HIGH, OTHERS = "all", "high-value", "others"


@dataclass(frozen=True)
class Customers:
    """Everyone in the population at a cutoff; all columns share one index.

    Parameters
    ----------
    features
        ``customer_id`` and the features.
    tier
        As on a list.
    tiers
        Names of all tiers, best first.
    parts
        The parts of the value of 12 months.
    ranked
        What the rule for high-value ranks by, in money.
    by
        Its name: ``spend``, ``net`` or ``predicted``.
    high
        Whether the customer is high-value.
    notes
        What was asked for and could not be had.
    """

    features: pd.DataFrame
    tier: pd.Series
    tiers: tuple[str, ...]
    parts: pd.DataFrame
    ranked: pd.Series
    by: str
    high: pd.Series
    notes: tuple[str, ...]

    def groups(self) -> list[tuple[str, pd.Series]]:
        """Every group that figures are told for, and who belongs to it."""
        everyone = pd.Series(True, index=self.tier.index)
        tiers = [(name, self.tier == name) for name in self.tiers]
        return [(ALL, everyone), *tiers, (HIGH, self.high), (OTHERS, ~self.high)]

    @property
    def floor(self) -> float | None:
        """The least value of a high-value customer; None where there is none."""
        return round(float(self.ranked[self.high].min()), 2) if self.high.any() else None

    @property
    def spend_floor(self) -> float:
        """The money of 12 months that as many customers reach as are high-value, whatever these are ranked by."""
        spend = self.features[VALUE].fillna(0.0).to_numpy(np.float64)
        count = int(self.high.sum())
        return float(np.sort(spend)[-count]) if count else float("inf")

    def table(self) -> pd.DataFrame:
        """Customers and money of 12 months of each group, with their shares of all."""
        spend = self.features[VALUE].fillna(0.0)
        rows = [{"group": n, "customers": int(of.sum()), "value": float(spend[of].sum())} for n, of in self.groups()]
        table = pd.DataFrame(rows)
        total = table["value"].iloc[0]
        return table.assign(
            share_of_customers=table["customers"] / len(spend),
            share_of_value=table["value"] / total if total > 0 else float("nan"),
            value=table["value"].round(2) + 0.0,
        )


def customers_of(shop: Shop, moment: date, standing: pd.DataFrame, scores: pd.DataFrame | None = None) -> Customers:
    """Look at everyone in the population at a cutoff, whose tiers are ``standing``.

    Parameters
    ----------
    scores
        Predicted values at the cutoff; those of the newest list when None.
    """
    config = shop.project.config
    features = shop.eligible(moment)
    with shop.stages.stage("tiers and value") as stage:
        tier = features[CUSTOMER].map(standing.set_index(CUSTOMER)[TIER]).astype("str").rename(TIER)
        parts = _parts(shop, moment, features)
        predicted, why = None, ""
        if config.profile.high_value.by == "predicted":
            predicted, why = _predicted(shop.project, moment, features[CUSTOMER], scores)
        choices = {"spend": features[VALUE], "net": parts[NET], "predicted": predicted}
        asked = config.profile.high_value.by
        by = "spend" if choices[asked] is None else asked
        ranked = features[VALUE] if (chosen := choices[by]) is None else chosen
        notes = (*((why,) if why else ()), *_unknown_kinds(shop))
        stage.rows = len(features)
    high = high_value(ranked, features[CUSTOMER], config.profile.high_value)
    return Customers(features, tier, tuple(t.name for t in config.tiers), parts, ranked, by, high, notes)


def _parts(shop: Shop, moment: date, features: pd.DataFrame) -> pd.DataFrame:
    """The parts of the value, in the order of ``features``."""
    config = shop.project.config
    rule = ValueRule(config.profile, config.labels.margin, config.features.kinds.get("referral", ()))
    wanted = value_features(shop.tables, rule)
    figures = features[[CUSTOMER, VALUE]]
    if wanted:
        customers = shop.engine.materialise(customers_at(shop.tables, moment, shop.plan()), "profiled")
        counted = shop.engine.arrow(features_at(customers, shop.tables, moment, wanted)).to_pandas()
        figures = figures.merge(counted, on=CUSTOMER, how="left", validate="one_to_one")
    return net_value(figures.set_index(features.index), rule)


def _predicted(
    project: Project, moment: date, ids: pd.Series, scores: pd.DataFrame | None
) -> tuple[pd.Series | None, str]:
    """Future value by the scores, or by the newest list at or before the cutoff, or None; and what has to be said."""
    latest, made = project.lists / "latest", moment.isoformat()
    if scores is None:
        if not latest.is_dir():
            return None, "No list yet, so no predicted value: customers are ranked by the money of 12 months."
        newest = past_list(latest)
        made = newest.cutoff.isoformat()
        if made > moment.isoformat():
            return None, f"The newest list is of {made}, later than the cutoff: ranked by the money of 12 months."
        scores = newest.scores()
    found = ids.map(scores.set_index(CUSTOMER)["future_value"])
    missing = int(found.isna().sum())
    words = f"{missing:,} customers have no predicted value in the newest list ({made}) and count as not high-value."
    return found, words if missing else ""


def _unknown_kinds(shop: Shop) -> tuple[str, ...]:
    """Kinds of events that have a cost and never happened: a slip of the pen would be silence."""
    serve, events = shop.project.config.profile.serve, shop.tables.events
    known = set() if events is None else set(shop.engine.arrow(events.select("kind").unique())["kind"].to_pylist())
    kinds = ", ".join(sorted(known)) or "none"
    return tuple(
        f"profile.serve: no event of kind {k!r} in the log (kinds: {kinds})." for k in sorted({*serve} - known)
    )
