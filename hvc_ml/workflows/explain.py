"""One customer's page: figures, reasons in money, and the last orders."""

from dataclasses import dataclass, field
from datetime import date
from typing import Any

import narwhals as nw
import pandas as pd

from hvc_ml.config import Project
from hvc_ml.dataset.build import build
from hvc_ml.dataset.store import PanelStore
from hvc_ml.errors import ModelRefused, UsageError
from hvc_ml.explanation.formatting import formatter
from hvc_ml.explanation.reasons import FAMILY_WORDS, sentences
from hvc_ml.progress import Stages
from hvc_ml.publish import RunLock
from hvc_ml.scoring.model import CustomerModel
from hvc_ml.tables.schema import CUSTOMER, TICKS
from hvc_ml.timeline.days import as_date
from hvc_ml.timeline.history import history
from hvc_ml.tracking.registry import champion as find_champion
from hvc_ml.tracking.store import open_store
from hvc_ml.workflows.scores import Scores, declared, families_of, feature_amounts, scores_of
from hvc_ml.workflows.shop import Shop, open_shop

LAST_ORDERS = 10


@dataclass(frozen=True)
class ExplainResult:
    """A customer's page, in numbers (``data``) and in words."""

    customer_id: str
    cutoff: date
    tier: str
    value_at_risk: str
    headline: tuple[tuple[str, str], ...]
    reasons: tuple[tuple[str, str, str], ...]
    figures: tuple[tuple[str, str, str], ...]
    orders: tuple[tuple[str, str], ...]
    data: dict[str, Any] = field(repr=False)

    def as_json(self) -> dict[str, Any]:
        """The page as plain values."""
        return self.data


def explain(project: Project, customer: str, *, stages: Stages) -> ExplainResult:
    """Explain one customer at the midnight after the newest order.

    Raises
    ------
    ModelRefused
        If there is no champion.
    UsageError
        If nobody has that id, or the customer is not in the population.
    """
    config = project.config
    with RunLock(project.state / "run.lock"):
        with stages.stage("load the champion"):
            champion = find_champion(open_store(config.tracking, project.folder, config.name))
            if champion is None:
                raise ModelRefused(f"{config.name}: no champion yet. Run `hvc-ml train -c {project.path}` first.")
            model = CustomerModel.load(champion.folder)
        with open_shop(project, stages) as shop:
            with stages.stage("features") as stage:
                partition, _ = build(shop.engine, shop.tables, shop.now, shop.plan(), PanelStore(project.features))
                stage.rows = partition.panel.num_rows
            features = partition.panel.to_pandas()
            orders = _orders(shop, customer)
            place = _place(features, customer, orders, shop)
            with stages.stage("score and explain"):
                scores = scores_of(model, features, config)
            return _page(shop, model, scores, place, orders)


def _orders(shop: Shop, customer: str) -> list[dict[str, Any]]:
    known = history(shop.tables.orders, shop.now).filter(nw.col(CUSTOMER) == customer)
    rows = shop.engine.arrow(known.sort("day", "order_id")).to_pylist()
    return [{"day": as_date(r["day"]).isoformat(), "amount": r["amount"] / TICKS} for r in rows]


def _place(features: pd.DataFrame, customer: str, orders: list[dict[str, Any]], shop: Shop) -> int:
    found = features.index[features[CUSTOMER] == customer]
    if len(found):
        return int(found[0])
    if not orders:
        raise UsageError(f"no order of such a customer before {shop.now}; ids are compared byte for byte (007 is not 7).")
    raise UsageError(
        f"the customer has {len(orders)} orders, the last on {orders[-1]['day']}, and is dormant: not in the population at "
        f"{shop.now} (population.active_within)."
    )


def _page(shop: Shop, model: CustomerModel, scores: Scores, place: int, orders: list[dict[str, Any]]) -> ExplainResult:
    config = shop.project.config
    money = formatter("money", config.currency)
    row = scores.table.iloc[place]
    features = declared(shop.plan().features)
    own = scores.features.iloc[[place]]
    medians = scores.features.select_dtypes("number").median()
    amounts = {name.removeprefix("amount_"): float(row[name]) for name in scores.table if name.startswith("amount_")}
    amounts.pop("base_amount", None)
    by_feature = feature_amounts(model, own).iloc[0]
    told = []
    for family, amount in sorted(amounts.items(), key=lambda item: (-abs(item[1]), item[0])):
        members = [n for n, f in families_of(model).items() if f == family and n in features]
        strongest = max(members, key=lambda n: (abs(by_feature[n]), n), default=None)
        says = FAMILY_WORDS.get(family, family)
        if strongest is not None:
            says = str(sentences(features[strongest], own, medians.get(strongest), currency=config.currency)[0])
        told.append({"family": family, "amount": amount, "says": says})
    headline = (
        ("churn risk", f"{row['churn_risk']:.1%}"),
        ("value if kept", money(row["value_if_kept"])),
        ("future value", money(row["future_value"])),
        ("interval of future value", f"{money(row['future_value_low'])} to {money(row['future_value_high'])}"),
    )
    figures = [(n, formatter(f.unit, config.currency), own.iloc[0][n], medians.get(n)) for n, f in features.items() if n in own]
    data = {
        "customer_id": str(row[CUSTOMER]),
        "cutoff": shop.now.isoformat(),
        **{name: _plain(value) for name, value in row.items() if name != CUSTOMER and not str(name).startswith("amount_")},
        "reasons": told,
        "figures": {name: _plain(value) for name, _, value, _ in figures},
        "orders": orders,
    }
    return ExplainResult(
        customer_id=str(row[CUSTOMER]),
        cutoff=shop.now,
        tier=str(row["tier"]),
        value_at_risk=money(row["value_at_risk"]),
        headline=headline,
        reasons=(
            ("a typical customer", money(float(row["base_amount"])), ""),
            *((FAMILY_WORDS.get(t["family"], t["family"]), _signed(t["amount"], money), t["says"]) for t in told),
        ),
        figures=tuple((n.replace("_", " "), write(v), write(m) if m is not None else "") for n, write, v, m in figures),
        orders=tuple((o["day"], money(o["amount"])) for o in reversed(orders[-LAST_ORDERS:])),
        data=data,
    )


def _signed(amount: float, money: Any) -> str:
    return f"{'+' if amount >= 0 else ''}{money(amount)}"


def _plain(value: Any) -> Any:
    """A JSON value: unknown is null."""
    if isinstance(value, str):
        return value
    return None if pd.isna(value) else float(value)
