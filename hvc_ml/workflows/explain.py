"""One customer's page: figures, reasons in money, and the last orders."""

import re
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import narwhals as nw
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from hvc_ml.config import Project
from hvc_ml.errors import UsageError
from hvc_ml.explanation.formatting import formatter, money
from hvc_ml.explanation.reasons import FAMILY_WORDS, sentences
from hvc_ml.features.feature import Feature
from hvc_ml.progress import Stages
from hvc_ml.publish import RunLock
from hvc_ml.report.customer_page import write_page
from hvc_ml.scoring.batches import families_of, feature_amounts
from hvc_ml.scoring.model import CustomerModel
from hvc_ml.tables.schema import CUSTOMER, TICKS
from hvc_ml.timeline.days import as_date
from hvc_ml.timeline.history import history
from hvc_ml.workflows.champions import load_champion
from hvc_ml.workflows.contact_rules import refuse_objecting
from hvc_ml.workflows.customer_page import customer_page
from hvc_ml.workflows.pseudonyms import names_of
from hvc_ml.workflows.scores import Scores, declared, medians, scores_in_tiers, tiers_of
from hvc_ml.workflows.scores import with_prior_figure as with_prior
from hvc_ml.workflows.shop import Shop, open_shop
from hvc_ml.workflows.standing import tiers_before


@dataclass(frozen=True)
class Reason:
    """One family of reasons: its share of the value at risk, and the sentence of its strongest feature."""

    family: str
    amount: float
    says: str

    @property
    def words(self) -> str:
        """What the family is about."""
        return FAMILY_WORDS.get(self.family, self.family)


@dataclass(frozen=True)
class Figure:
    """One feature: the customer's own, the median of all, and the share of others below it (equal ones count half)."""

    name: str
    unit: str
    own: float | str | None
    median: float | None
    below: float | None = None


@dataclass(frozen=True)
class ExplainResult:
    """A customer's page."""

    customer_id: str
    cutoff: date
    currency: str
    model_version: str
    tier: str
    scores: dict[str, float]
    reasons: tuple[Reason, ...]
    figures: tuple[Figure, ...]
    orders: tuple[tuple[date, float], ...]
    horizon: int
    written_to: Path | None = None

    def as_json(self) -> dict[str, Any]:
        """The page as plain values; unknown figures are null."""
        return {
            "customer_id": self.customer_id,
            "cutoff": self.cutoff.isoformat(),
            "currency": self.currency,
            "model_version": self.model_version,
            "tier": self.tier,
            **self.scores,
            "reasons": [vars(r) for r in self.reasons],
            "figures": {f.name: f.own for f in self.figures},
            "medians": {f.name: f.median for f in self.figures},
            "others_below": {f.name: f.below for f in self.figures},
            "orders": [{"day": day.isoformat(), "amount": amount} for day, amount in self.orders],
            **({} if self.written_to is None else {"html": str(self.written_to)}),
        }

    @property
    def further(self) -> tuple[tuple[str, str], ...]:
        """What else is told as a chance: its name in words, and its column."""
        chances = [c for c in self.scores if c.startswith("churn_risk_") or c in {"downgrade_risk", "upgrade_chance"}]
        return tuple((re.sub(r"_(\d+)d$", r" of the first \1 days", c).replace("_", " "), c) for c in chances)

    def money(self, amount: float, *, signed: bool = False) -> str:
        """An amount in the currency of the orders."""
        return f"{'+' if signed and amount >= 0 else ''}{money(amount, self.currency)}"

    def written(self, figure: Figure) -> tuple[str, str]:
        """A figure and its median in words."""
        write = formatter(figure.unit, self.currency)
        return write(figure.own), "" if figure.median is None else write(figure.median)


def explain(project: Project, customer: str, *, html: Path | None = None, stages: Stages) -> ExplainResult:
    """Explain one customer at the midnight after the newest order.

    Parameters
    ----------
    project
        The business.
    customer
        The id, as it stands in the orders, or the pseudonym.
    html
        A file for the customer's page, to be read in a browser.
    stages
        Where progress is told.

    Raises
    ------
    ModelRefused
        If there is no champion.
    UsageError
        If nobody has that id, or the customer is not in the population, or objects.
    """
    customer = names_of(project)(customer)
    refuse_objecting(project, customer)
    with RunLock(project.state / "run.lock"):
        with stages.stage("load the champion"):
            champion = load_champion(project)
        with open_shop(project, stages) as shop:
            orders = _orders(shop, customer)
            panel = shop.panel(shop.now)
            place = _place(panel, customer, orders, shop)
            with stages.stage("score and explain"):
                tier = tiers_of(panel, project.config, tiers_before(shop, shop.now)).iloc[[place]]
                own = scores_in_tiers(champion.model, panel.slice(place, 1), tier, project.config)
            result = _page(shop, champion.model, champion.version, panel, own, orders)
    if html is None:
        return result
    config = project.config
    page = customer_page(result, business=config.name, under_contract=config.labels.churn == "contract_end")
    write_page(page, html)
    return replace(result, written_to=html.resolve())


def _orders(shop: Shop, customer: str) -> tuple[tuple[date, float], ...]:
    known = history(shop.tables.orders, shop.now).filter(nw.col(CUSTOMER) == customer)
    rows = shop.engine.arrow(known.sort("day", "order_id")).to_pylist()
    return tuple((as_date(r["day"]), r["amount"] / TICKS) for r in rows)


def _place(panel: pa.Table, customer: str, orders: tuple[tuple[date, float], ...], shop: Shop) -> int:
    place = int(pc.index(panel[CUSTOMER], pa.scalar(customer, panel.schema.field(CUSTOMER).type)).as_py())
    if place >= 0:
        return place
    if not orders:
        raise UsageError(
            f"no order of such a customer before {shop.now}; ids are compared byte for byte, so 007 is not 7."
        )
    raise UsageError(
        f"the customer has {len(orders)} orders, the last on {orders[-1][0]}, and is not in the population at "
        f"{shop.now} (population.active_within)."
    )


def _page(
    shop: Shop,
    model: CustomerModel,
    version: str,
    panel: pa.Table,
    scores: Scores,
    orders: tuple[tuple[date, float], ...],
) -> ExplainResult:
    """The page of the one customer of ``scores``, held against everyone of ``panel``."""
    row, features = scores.table.iloc[0], declared(shop.plan().features)
    own, peers = scores.figures().iloc[0], medians(panel)
    numbers = [c for c in map(str, scores.table) if c not in {CUSTOMER, "tier"} and not c.startswith("amount_")]
    figures = [
        Figure(name, feature.unit, _plain(own[name]), peers.get(name), _below(panel[name].to_pandas(), own[name]))
        for name, feature in features.items()
        if name in own
    ]
    return ExplainResult(
        customer_id=str(row[CUSTOMER]),
        cutoff=shop.now,
        currency=shop.project.config.currency,
        model_version=version,
        tier=str(row["tier"]),
        scores={name: float(row[name]) for name in numbers},
        reasons=_reasons(shop, model, scores, peers, features),
        figures=tuple(figures),
        orders=orders,
        horizon=shop.project.config.labels.horizon,
    )


def _reasons(
    shop: Shop, model: CustomerModel, scores: Scores, peers: dict[str, float], features: dict[str, Feature]
) -> tuple[Reason, ...]:
    """Every family, the largest amount first, told by its strongest feature."""
    own = with_prior(scores.figures())
    by_feature = feature_amounts(model, scores.figures()).iloc[0].abs().to_dict()
    families = families_of(model)
    told = []
    for family, amount in scores.family_cents(np.array([0])).iloc[0].items():
        members = [n for n, f in families.items() if f == family and n in features]
        strongest = features[max(members, key=lambda n: (by_feature[n], n))]
        says = sentences(strongest, own, peers.get(strongest.name), currency=shop.project.config.currency)
        told.append(Reason(str(family), float(amount), str(says[0])))
    return tuple(sorted(told, key=lambda r: (-abs(r.amount), r.family)))


def _below(column: pd.Series, own: Any) -> float | None:
    """Share of the others with a lower figure, equal ones counted half; None for texts and what is unknown."""
    if not pd.api.types.is_numeric_dtype(column) or pd.isna(own) or column.notna().sum() < 2:
        return None
    return float(((column < own).sum() + ((column == own).sum() - 1) / 2) / (column.notna().sum() - 1))


def _plain(value: Any) -> float | str | None:
    """A JSON value: unknown is None."""
    if isinstance(value, str):
        return value
    return None if pd.isna(value) else float(value)
