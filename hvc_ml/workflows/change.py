"""Why values moved between two published lists: who came and left, and for all others the change, split to the cent."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

import narwhals as nw
import numpy as np
import pandas as pd

from hvc_ml.config import Project
from hvc_ml.errors import UsageError
from hvc_ml.explanation.change import PARTS, Cents, change_parts
from hvc_ml.explanation.formatting import money, share
from hvc_ml.progress import Stages
from hvc_ml.publish import RunLock
from hvc_ml.scoring.model import CustomerModel
from hvc_ml.tables.schema import CUSTOMER, TICKS
from hvc_ml.timeline.history import history
from hvc_ml.tracking.store import Store, open_store
from hvc_ml.workflows.change_lists import two_lists
from hvc_ml.workflows.change_states import models_of, states_between
from hvc_ml.workflows.contact_rules import objections, refuse_objecting
from hvc_ml.workflows.past_lists import PastList
from hvc_ml.workflows.pseudonyms import names_of
from hvc_ml.workflows.shop import Shop, open_shop

WORDS: Final = {
    "before": "value at risk before",
    "left": "customers who left the list",
    "came": "customers who came to the list",
    "time_passing": "time passing",
    "own_behaviour": "own behaviour",
    "model": "model version",
    "calibration": "calibration",
    "corrected": "records corrected since",
    "after": "value at risk after",
}
"""The bars of the bridge, in order: all between the first and the last add up to their difference."""

SAYS: Final = {
    "time_passing": "what the days between the lists did to customers as if nothing had happened in them",
    "own_behaviour": "what customers did in these days, held against silence",
    "model": "another prior, trees and weights, for the same figures",
    "calibration": "another calibrator and other levels of risk and value, for the same trees",
    "corrected": "rows that were added or changed afterwards, before a list's own cutoff",
}

STATUS: Final = "status"
BOTH, CAME, LEFT = "both", "came", "left"

MOST_NAMED: Final = 10
"""Lists or customers that are named, each way."""


@dataclass(frozen=True)
class ChangeResult:
    """The change between two lists.

    Parameters
    ----------
    old, new
        The lists.
    currency
        Of all money.
    customer_id
        Whom it is about; None for all.
    bridge
        Column of ``rows`` -> its sum over all customers, in the currency.
    counts
        How many customers are on both lists, came, and left.
    rows
        One row per customer of either list, sorted by id: ``customer_id``, ``status`` (``both``, ``came`` or
        ``left``), then the columns of ``WORDS``, to the cent.
        In each row all columns between the first and the last add up to their difference. Who objects today is counted
        in the sums and not named.
    figures
        Of one customer: name -> (old, new) as published, None where not listed; empty for all.
    orders
        Of one customer: how many from the old cutoff until before the new one, and their money; None for all.
    written
        Where the tables and the chart lie, if they were asked for.
    run_id
        The run of MLflow that keeps the chart of all: the training of the new list's model. None for one customer's
        change, and where MLflow did not take it.
    """

    old: PastList
    new: PastList
    currency: str
    customer_id: str | None
    bridge: dict[str, float]
    counts: dict[str, int]
    rows: pd.DataFrame = field(repr=False)
    figures: dict[str, tuple[float | None, float | None]] = field(default_factory=dict)
    orders: tuple[int, float] | None = None
    written: Path | None = None
    run_id: str | None = None

    def as_json(self) -> dict[str, Any]:
        """The result as plain values; ``rises`` and ``falls`` name the customers who moved most."""
        shown = {"rises": self.moved(up=True), "falls": self.moved(up=False)} if self.customer_id is None else {}
        return {
            "old": _list(self.old),
            "new": _list(self.new),
            "currency": self.currency,
            "customer_id": self.customer_id,
            "customers": self.counts,
            "bridge": self.bridge,
            "change": round(self.bridge["after"] - self.bridge["before"], 2),
            **self._one(),
            **{name: rows.to_dict("records") for name, rows in shown.items()},
            "written": None if self.written is None else str(self.written),
            **({"mlflow_run": self.run_id} if self.customer_id is None else {}),
        }

    def _one(self) -> dict[str, Any]:
        """What is told of one customer only."""
        if self.orders is None:
            return {}
        orders, amount = self.orders
        figures = {name: {"old": old, "new": new} for name, (old, new) in self.figures.items()}
        return {"figures": figures, "orders_between": {"orders": orders, "amount": amount}}

    @property
    def steps(self) -> tuple[tuple[str, float], ...]:
        """The bars of the bridge that say something, in words and in order."""
        silent = {"corrected"} if self.customer_id is None else {"corrected", "came", "left"}
        return tuple((WORDS[n], a) for n, a in self.bridge.items() if a or n not in silent)

    def moved(self, *, up: bool, most: int = MOST_NAMED) -> pd.DataFrame:
        """Who moved most among those on both lists, the largest move first, ties by id."""
        both = self.rows[self.rows[STATUS] == BOTH]
        change = ((both["after"] - both["before"]) * (1 if up else -1)).round(2)
        order = np.lexsort((both[CUSTOMER].to_numpy(dtype=str), -change.to_numpy()))
        return both.iloc[order[: min(most, int((change > 0).sum()))]].reset_index(drop=True)

    @property
    def parts(self) -> tuple[str, ...]:
        """Columns of ``rows`` that a customer of both lists may have moved by."""
        return (*PARTS, "corrected") if self.bridge["corrected"] else PARTS

    @staticmethod
    def says(words: str) -> str:
        """What a bar of the bridge is; empty where its name says it."""
        return next((SAYS.get(name, "") for name, w in WORDS.items() if w == words), "")

    def figure(self, name: str) -> Callable[[float | None], str]:
        """How a figure of one customer is written; a dash where the customer was not on the list."""
        write = share if name == "churn_risk" else self.money
        return lambda figure: "-" if figure is None else write(figure)

    def money(self, amount: float, *, signed: bool = False) -> str:
        """An amount in the currency of the orders."""
        return f"{'+' if signed and amount > 0 else ''}{money(amount, self.currency)}"


def change(
    project: Project, old: str, new: str, *, customer: str | None = None, to: Path | None = None, stages: Stages
) -> ChangeResult:
    """Explain how value at risk moved from one published list to another.

    The chart of everybody's change goes to MLflow as well, beside the figures of the training that made the new list's
    model: sums only, no customer.

    Parameters
    ----------
    project
        The business.
    old, new
        Names of folders under ``lists/``, their beginnings, or ``latest``.
    customer
        One customer's change; None for everybody's.
    to
        A folder for the tables and the chart of the bridge.
    stages
        Where progress is told.

    Raises
    ------
    UsageError
        If a list is not there or its name fits several, the old one is of the later cutoff, or the customer is on
        neither.
    ModelRefused
        If a model of theirs is not in the registry any more, or was trained on another question.
    DataError
        If a list was changed since it was published.
    """
    from hvc_ml.workflows.change_record import log_change, ready, write_change  # noqa: PLC0415 # draws

    if customer is not None:
        customer = names_of(project)(customer)
        refuse_objecting(project, customer)
    target = None if to is None else ready(to)
    lists = two_lists(project, old, new)
    with RunLock(project.state / "run.lock"), open_shop(project, stages) as shop:
        store = open_store(project.config.tracking, project.folder, project.config.name)
        result = _compared(shop, store, lists, customer)
        if customer is None:
            result = replace(result, run_id=log_change(store, result))
    if target is None:
        return result
    write_change(result, target)
    return replace(result, written=target)


def _compared(shop: Shop, store: Store, lists: tuple[PastList, PastList], customer: str | None) -> ChangeResult:
    project, stages = shop.project, shop.stages
    with stages.stage("read the lists") as stage:
        scores = _published(lists[0], customer), _published(lists[1], customer)
        if customer is not None and not any(map(len, scores)):
            raise UsageError("the customer is on neither list; ids are compared byte for byte, so 007 is not 7.")
        stage.rows = sum(map(len, scores))
    with stages.stage("load the models"):
        models = models_of(shop, store, lists)
    with stages.stage("compare") as stage:
        rows = _rows(shop, lists, scores, models)
        stage.rows = len(rows)
    named = rows[~rows[CUSTOMER].isin(objections(project))].reset_index(drop=True)
    return ChangeResult(
        *lists,
        currency=project.config.currency,
        customer_id=customer,
        bridge={name: int(rows[name].sum()) / 100 for name in WORDS},
        counts={status: int((rows[STATUS] == status).sum()) for status in (BOTH, CAME, LEFT)},
        rows=named.assign(**{name: named[name] / 100 for name in WORDS}),
        figures={} if customer is None else _figures(*scores),
        orders=None if customer is None else _orders(shop, customer, lists),
    )


def _rows(
    shop: Shop,
    lists: tuple[PastList, PastList],
    scores: tuple[pd.DataFrame, pd.DataFrame],
    models: tuple[CustomerModel, CustomerModel],
) -> pd.DataFrame:
    """One row per customer of either list, in whole cents."""
    old, new = (pd.Series(_cents(s), index=s[CUSTOMER].to_numpy(dtype=object)) for s in scores)
    both = sorted(set(old.index) & set(new.index))
    states = states_between(shop, both, (lists[0].cutoff, lists[1].cutoff), models)
    before, after, was, now = old[both].to_numpy(), new[both].to_numpy(), states[0, 0, 0], states[2, 1, 1]
    moved = dict(zip(PARTS, change_parts(states), strict=True))
    shared = _filled(both, BOTH, before=before, **moved, corrected=(was - before) + (after - now), after=after)
    gone, arrived = sorted(set(old.index) - set(both)), sorted(set(new.index) - set(both))
    left = _filled(gone, LEFT, before=old[gone].to_numpy(), left=-old[gone].to_numpy())
    came = _filled(arrived, CAME, came=new[arrived].to_numpy(), after=new[arrived].to_numpy())
    return pd.concat([shared, came, left], ignore_index=True).sort_values(CUSTOMER, ignore_index=True)


def _filled(customers: list[str], status: str, **cents: Cents) -> pd.DataFrame:
    """Rows of one status; what is not given is 0."""
    nothing = np.zeros(len(customers), dtype=np.int64)
    amounts = {name: cents.get(name, nothing) for name in WORDS}
    return pd.DataFrame({CUSTOMER: pd.Series(customers, dtype=object), STATUS: status, **amounts})


def _cents(scores: pd.DataFrame) -> Cents:
    cents: Cents = np.rint(scores["value_at_risk"].to_numpy(np.float64) * 100).astype(np.int64)
    return cents


def _published(past: PastList, customer: str | None) -> pd.DataFrame:
    scores = past.scores()
    return scores if customer is None else scores[scores[CUSTOMER] == customer]


def _figures(old: pd.DataFrame, new: pd.DataFrame) -> dict[str, tuple[float | None, float | None]]:
    """Risk and values of one customer, as published; None where the customer is not on a list."""
    names = ("churn_risk", "value_if_kept", "future_value", "value_at_risk")
    return {n: tuple(float(s[n].iloc[0]) if len(s) else None for s in (old, new)) for n in names}  # type: ignore[misc] # two of them


def _orders(shop: Shop, customer: str, lists: tuple[PastList, PastList]) -> tuple[int, float]:
    """How many orders of one customer lie in ``[old cutoff, new cutoff)``, and their money."""
    days = (lists[1].cutoff - lists[0].cutoff).days
    known = history(shop.tables.orders, lists[1].cutoff, days).filter(nw.col(CUSTOMER) == customer)
    amounts = shop.engine.arrow(known.select("amount"))["amount"].to_pylist()
    return len(amounts), sum(amounts) / TICKS


def _list(past: PastList) -> dict[str, Any]:
    about = {"name": past.name, "cutoff": past.cutoff.isoformat(), "model_version": str(past.meta["model_version"])}
    return {**about, "n_scored": int(past.meta["n_scored"])}
