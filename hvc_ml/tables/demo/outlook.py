"""The truth about the future of the made-up buyers, computed, not peeked at.

Two observers look at each cutoff; neither sees anything that happens after it, and both know each customer's parameters
(rate, regularity, spend, hazards, habits, the season):

- the **oracle** (``churn_risk``, ``future_value``) also sees the state: active, fading, or gone already;
- the **onlooker** (``churn_risk_seen``, ``future_value_seen``) sees what a shop can see (orders, visits, opened mails,
  tickets, complaints) and infers the state by Bayesian filtering (``states.py``); surveys and referrals are not used.

No model can do as well as they, because nobody knows a customer's own parameters. What the log and the population's
laws allow, and so the bound for a model, is ``best.best_outlook``: too slow to be worked out for every demo.

Churned means: no order on any day of ``[cutoff, cutoff + horizon)``. Value is the money of orders less refunds paid
back on those days, in the currency of the orders; refunds still to come for older orders count. Leaving is integrated
on a grid of 18 steps per horizon (five days for 90), everything else is closed form. Costs are a share of amounts
(``cost_share`` of the truth's customers), so expected margins are ``1 - cost_share`` times these values.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import pyarrow as pa

from hvc_ml.tables.demo.buyers import Buyers
from hvc_ml.tables.demo.draws import Flags, Floats, Ints, at_midnight, stamps, texts
from hvc_ml.tables.demo.lives import COMPLAINT_DAYS, Lives, Points
from hvc_ml.tables.demo.orders import Shop, Till
from hvc_ml.tables.demo.prospects import Standing, Traits, prospects, refunds_due
from hvc_ml.tables.demo.states import watch


@dataclass(frozen=True)
class Outlook:
    """Figures of one cutoff for the customers (``row``) whose first order lies before it."""

    cutoff: int
    row: Ints
    state: Ints
    churn_risk: Floats
    future_value: Floats
    value_if_kept: Floats
    churn_risk_seen: Floats
    future_value_seen: Floats
    value_if_kept_seen: Floats
    churned: Flags
    realised_value: Floats


def look_ahead(shop: Shop, cutoffs: Ints, horizon: int) -> list[Outlook]:
    """The outlook of every cutoff (days since 1970, ascending).

    ``value_if_kept`` is the expected money given at least one order in the horizon; for a customer who is gone, given
    one order or more if the customer were active.
    """
    beliefs = watch(shop.buyers, shop.lives, shop.season, cutoffs)
    return [_outlook(shop, int(cutoff), horizon, belief) for cutoff, belief in zip(cutoffs, beliefs, strict=True)]


def outlook_table(outlooks: Sequence[Any], ids: Any, states: tuple[str, ...] = ("active", "fading", "gone")) -> Any:
    """The table ``truth/outlook.parquet``: one row per customer and cutoff, by cutoff."""
    rows = np.concatenate([look.row for look in outlooks])
    cutoff = np.concatenate([np.full(len(look.row), look.cutoff, dtype=np.float64) for look in outlooks])
    columns: dict[str, Any] = {"customer_id": ids.take(pa.array(rows)), "cutoff": stamps(at_midnight(cutoff))}
    columns["cutoff"] = columns["cutoff"].cast(pa.date32())
    state = np.concatenate([look.state for look in outlooks])
    columns["state"] = texts(states, state)
    for name in (
        "churn_risk",
        "future_value",
        "value_if_kept",
        "churn_risk_seen",
        "future_value_seen",
        "value_if_kept_seen",
        "churned",
        "realised_value",
    ):
        columns[name] = pa.array(np.concatenate([getattr(look, name) for look in outlooks]))
    return pa.table(columns)


def _outlook(shop: Shop, cutoff: int, horizon: int, belief: Floats) -> Outlook:
    buyers, lives, till = shop.buyers, shop.lives, shop.till
    row = np.flatnonzero(np.floor(buyers.signup) < cutoff)
    belief = belief[row]
    state = (lives.fading_at[row] < cutoff).astype(np.int64) + (lives.gone_at[row] < cutoff)
    active, fading = prospects(_traits(buyers, row), shop.season, _standing(lives, row, cutoff, len(buyers)), horizon)
    back = refunds_due(buyers.refund_chance, till, cutoff, horizon)[row]
    quiet = np.stack([active.quiet, fading.quiet, np.ones(len(row))])
    money = np.stack([active.money, fading.money, np.zeros(len(row))])
    at = np.arange(len(row))
    if_there = np.where(state == 2, 0, state)  # the value of those who are gone is what they would bring if active
    kept = money[if_there, at] / (1 - quiet[if_there, at])
    quiet_seen = (belief.T * quiet).sum(axis=0)
    money_seen = (belief.T * money).sum(axis=0)
    ordered, paid = _realised(till, cutoff, horizon, len(buyers))
    return Outlook(
        cutoff=cutoff,
        row=row,
        state=state,
        churn_risk=quiet[state, at],
        future_value=money[state, at] - back,
        value_if_kept=kept - back,
        churn_risk_seen=quiet_seen,
        future_value_seen=money_seen - back,
        value_if_kept_seen=money_seen / np.maximum(1 - quiet_seen, 1e-12) - back,
        churned=~ordered[row],
        realised_value=paid[row],
    )


def _traits(buyers: Buyers, row: Ints) -> Traits:
    return Traits(**{field.name: getattr(buyers, field.name)[row] for field in fields(Traits)})


def _standing(lives: Lives, row: Ints, cutoff: int, n: int) -> Standing:
    """Where these rows of the n buyers stand."""
    near = (lives.complaints.at < cutoff) & (lives.complaints.at >= cutoff - COMPLAINT_DAYS)
    complaints = Points(np.searchsorted(row, lives.complaints.row[near]), lives.complaints.at[near])
    return Standing(cutoff, _last_order(lives, n, cutoff)[row], complaints)


def _last_order(lives: Lives, n: int, cutoff: int) -> Floats:
    """The moment of each customer's last order before the cutoff."""
    before = lives.orders.at < cutoff
    last = np.full(n, -np.inf)
    np.maximum.at(last, lives.orders.row[before], lives.orders.at[before])
    return last


def _realised(till: Till, cutoff: int, horizon: int, n: int) -> tuple[Flags, Floats]:
    """What came true: any order, and net money."""
    ordered = (till.day >= cutoff) & (till.day < cutoff + horizon)
    back = (till.refund_day >= cutoff) & (till.refund_day < cutoff + horizon)
    paid = np.bincount(till.row[ordered], till.amount[ordered], n) - np.bincount(till.row[back], till.refund[back], n)
    return np.bincount(till.row[ordered], minlength=n) > 0, paid / 100.0
