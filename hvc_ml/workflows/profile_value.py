"""How concentrated the money is: over 12 months, over the whole log, and over the log before the last horizon."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

import narwhals as nw
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hvc_ml.segments.standing import customers_at
from hvc_ml.segments.tiers import concentration
from hvc_ml.segments.whale import whale_curve
from hvc_ml.segments.win_back import dormant_at
from hvc_ml.tables.schema import CUSTOMER, TICKS
from hvc_ml.timeline.history import history
from hvc_ml.workflows.shop import Shop

YEAR: Final = 365


@dataclass(frozen=True)
class Concentration:
    """How much of the money few customers bring.

    Parameters
    ----------
    spans
        ``twelve_months``, ``whole_log`` and ``before_horizon`` (the whole log but for the last horizon of the labels:
        what a model tested there knows) -> ``begin``, ``end`` and the figures of `hvc_ml.segments.tiers.concentration`,
        over everyone with an order in the span.
    whale
        ``customers`` (share, best first) and one column per span: share of the value they bring.
    """

    spans: Mapping[str, Mapping[str, Any]]
    whale: pd.DataFrame


def concentration_of(shop: Shop, moment: date) -> Concentration:
    """Concentration at a cutoff; a span that holds no order is left out."""
    first, back = shop.timeline.first, moment - timedelta(days=shop.project.config.labels.horizon)
    wanted = {
        "twelve_months": (max(first, moment - timedelta(days=YEAR)), moment),
        "whole_log": (first, moment),
        **({"before_horizon": (first, back)} if back > first else {}),
    }
    money = {name: _money(shop, *span) for name, span in wanted.items()}
    spans = {
        name: {"begin": begin, "end": end, **concentration(money[name])}
        for name, (begin, end) in wanted.items()
        if len(money[name])
    }
    curves = {name: whale_curve(money[name]) for name in spans}
    shares = whale_curve([1.0])["customers"]
    return Concentration(spans, pd.DataFrame({"customers": shares, **{n: c["value"] for n, c in curves.items()}}))


def dormant_of(shop: Shop, moment: date) -> pd.DataFrame:
    """``silent_days`` and ``last_value`` of everyone who was a customer and is not in the population any more."""
    customers = shop.engine.materialise(customers_at(shop.tables, moment, shop.plan()), "profiled")
    found: pd.DataFrame = shop.engine.arrow(dormant_at(shop.tables, moment, customers).sort(CUSTOMER)).to_pandas()
    return found.drop(columns=CUSTOMER)


def _money(shop: Shop, begin: date, end: date) -> NDArray[np.float64]:
    """Net money of everyone with an order in ``[begin, end)``."""
    rows = history(shop.tables.orders, end, (end - begin).days)
    spent = rows.group_by(CUSTOMER).agg(nw.col("amount").sum().cast(nw.Int64)).sort(CUSTOMER)
    return np.asarray(shop.engine.arrow(spent)["amount"].to_numpy() / TICKS, dtype=np.float64)
