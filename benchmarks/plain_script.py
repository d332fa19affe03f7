"""The same job as a good data scientist writes it in an afternoon: pandas, LightGBM, shap, a CSV.

python -m benchmarks.plain_script shop/data list.csv

Some ninety features of orders, line items, events and profiles at six cutoffs and at the newest one; a classifier of
churn and a regressor of value; both explained for everybody by `shap.TreeExplainer`; the list, sorted, with three
reasons. It reads the made-up shop of `hvc-ml demo`, and knows nothing of this package but how stages are timed.

`Job` says how much it learns: as many models as ours, tested out of time, make it as thorough.
"""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import lightgbm as lgb
import numpy as np
import pandas as pd

from hvc_ml.progress import Stages

HORIZON: Final = 90
ACTIVE: Final = 365
"""A customer who bought nothing for so many days is not scored."""
CUTOFFS: Final = 6
EARLIER: Final = 3
"""Cutoffs between a test and the newest one whose labels were known by then: the horizon, in months."""
WINDOWS: Final = {"30d": 30, "90d": 90, "180d": 180, "365d": 365, "lifetime": 10_000}
ORDER: Final = {"amount": ["sum", "mean", "max", "std"], "quantity": "sum", "discount": "sum", "lines": "sum"}
PROFILE: Final = ["profession", "region", "signup_channel", "loyalty_member"]
Frames = dict[str, pd.DataFrame]
Models = dict[str, list[Any]]


@dataclass(frozen=True)
class Job:
    """How much is learned: models of churn and of value, their trees, and whether they are tested out of time."""

    churn: int = 1
    value: int = 1
    rounds: int = 200
    leaves: int = 31
    tested: bool = False


PLAIN: Final = Job()


def main() -> None:
    """Read a folder, write a list."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, help="folder of orders.parquet, customers.parquet, events.parquet")
    parser.add_argument("list", type=Path, help="the .csv to write")
    asked = parser.parse_args()
    stages = Stages()
    print(run(asked.data, asked.list, stages), "customers;", stages.seconds)


def run(data: Path, to: Path, stages: Stages, active: int = ACTIVE, job: Job = PLAIN) -> int:
    """From log to list; how many customers were scored."""
    with stages.stage("read and check"):
        frames = read(data)
    with stages.stage("features"):
        end = frames["orders"]["time"].max().normalize() + pd.Timedelta(days=1)
        newest_first = range(CUTOFFS + (EARLIER if job.tested else 0))
        past = [labelled(frames, end - pd.Timedelta(days=HORIZON + 30 * i), active) for i in newest_first]
    with stages.stage("features of today"):
        today = features(frames, end, active)
    columns = today.columns
    if job.tested:
        with stages.stage("test out of time"):
            test(columns, past[0], past[EARLIER:], job)
    with stages.stage("train"):
        models = train(columns, past[:CUTOFFS], job)
    with stages.stage("predict"):
        risk, value = predict(models, today)
    with stages.stage("SHAP"):
        reasons = {name: sum(explained(m, today) for m in many) / len(many) for name, many in models.items()}
    with stages.stage("write"):
        made = pd.DataFrame({"churn_risk": risk, "future_value": value, "value_at_risk": risk * value}, today.index)
        made = made.join(top_reasons(reasons["churn"], columns, today.index))
        made.sort_values("value_at_risk", ascending=False).to_csv(to)
    return len(today)


def read(data: Path) -> Frames:
    """Items, the orders they belong to, purchases and the gaps between them, events, profiles."""
    items = pd.read_parquet(data / "orders.parquet").rename(columns={"ordered_at": "time"}).drop_duplicates()
    items = items.dropna(subset=["customer_id", "time", "amount"]).astype({"customer_id": "category"})
    keys = ["customer_id", "order_id", "time"]
    sums = {"amount": "sum", "quantity": "sum", "discount": "sum", "product_id": "size"}
    orders = items.groupby(keys, observed=True, as_index=False, sort=False).agg(sums)
    orders = orders.rename(columns={"product_id": "lines"}).sort_values("time", ignore_index=True)
    orders["gap"] = orders[orders["amount"] > 0].groupby("customer_id", observed=True)["time"].diff().dt.days
    events = pd.read_parquet(data / "events.parquet").rename(columns={"happened_at": "time"}).drop_duplicates()
    kinds = {"customer_id": items["customer_id"].dtype, "kind": "category"}
    customers = pd.read_parquet(data / "customers.parquet").set_index("customer_id")
    return {"items": items, "orders": orders, "events": events.astype(kinds), "customers": customers}


def features(frames: Frames, cutoff: pd.Timestamp, active: int = ACTIVE) -> pd.DataFrame:
    """One row per customer who bought in the ``active`` days before the cutoff; nothing after it is looked at."""
    items, orders, events = (_before(frames[name], cutoff) for name in ("items", "orders", "events"))
    bought = orders[orders["amount"] > 0]
    made = _recency(bought)
    made = made[made["days_since_last_order"] <= active]
    parts: list[Any] = [
        _orders(bought),
        _gaps(bought),
        _refunds(orders),
        _items(items),
        _events(events),
        _surveys(events),
    ]
    made = made.join(parts)
    made["spend_trend_90d"] = made["amount_sum_90d"] / made["amount_sum_180d"]
    made["spend_trend_180d"] = made["amount_sum_180d"] / made["amount_sum_365d"]
    made["overdue"] = made["days_since_last_order"] / made["gap_mean"]
    return made.join(frames["customers"][PROFILE].astype("category"))


def labelled(frames: Frames, cutoff: pd.Timestamp, active: int = ACTIVE) -> pd.DataFrame:
    """Features, whether the customer then stayed away, and what they brought."""
    made = features(frames, cutoff, active)
    orders = frames["orders"]
    ahead = orders[(orders["time"] >= cutoff) & (orders["time"] < cutoff + pd.Timedelta(days=HORIZON))]
    kept = ahead.loc[ahead["amount"] > 0, "customer_id"].unique()
    value = ahead.groupby("customer_id", observed=True)["amount"].sum()
    return made.assign(churned=~made.index.isin(kept), value=value.reindex(made.index).fillna(0.0).clip(lower=0.0))


def train(columns: pd.Index, past: Sequence[pd.DataFrame], job: Job = PLAIN) -> Models:
    """Classifiers of churn and regressors of value."""
    rows = pd.concat(past, ignore_index=True)
    x = rows.reindex(columns=columns)
    settings = {
        "n_estimators": job.rounds,
        "num_leaves": job.leaves,
        "learning_rate": 0.05,
        "n_jobs": 0,
        "verbosity": -1,
    }
    churn = [lgb.LGBMClassifier(random_state=i, **settings).fit(x, rows["churned"]) for i in range(job.churn)]
    value = [
        lgb.LGBMRegressor(objective="tweedie", random_state=i, **settings).fit(x, rows["value"])
        for i in range(job.value)
    ]
    return {"churn": churn, "value": value}


def predict(models: Models, x: pd.DataFrame) -> tuple[Any, Any]:
    """Churn risk and value, the mean over models."""
    risk = np.mean([model.predict_proba(x)[:, 1] for model in models["churn"]], axis=0)
    return risk, np.mean([model.predict(x) for model in models["value"]], axis=0)


def test(columns: pd.Index, newest: pd.DataFrame, earlier: Sequence[pd.DataFrame], job: Job) -> float:
    """The AUC at a cutoff of models that learned from labels known by then."""
    from sklearn.metrics import roc_auc_score  # noqa: PLC0415 # half a second

    risk, _ = predict(train(columns, earlier, job), newest.reindex(columns=columns))
    return float(roc_auc_score(newest["churned"], risk))


def explained(model: Any, x: pd.DataFrame) -> Any:
    """Exact SHAP values, shape (customers, features)."""
    import shap  # noqa: PLC0415 # seconds of import

    values = shap.TreeExplainer(model).shap_values(x)
    return values[-1] if isinstance(values, list) else values


def top_reasons(values: Any, columns: pd.Index, index: pd.Index) -> pd.DataFrame:
    """The three features that raise each customer's risk most, and by how much."""
    top = np.argsort(-values, axis=1)[:, :3]
    names, amounts = columns.to_numpy()[top], np.take_along_axis(values, top, axis=1)
    made = {f"reason_{i + 1}": names[:, i] for i in range(3)} | {f"amount_{i + 1}": amounts[:, i] for i in range(3)}
    return pd.DataFrame(made, index)


def _before(frame: pd.DataFrame, cutoff: pd.Timestamp) -> pd.DataFrame:
    rows = frame[frame["time"] < cutoff]
    return rows.assign(age=(cutoff - rows["time"]).dt.days)


def _by(rows: pd.DataFrame) -> Any:
    return rows.groupby("customer_id", observed=True)


def _recency(bought: pd.DataFrame) -> pd.DataFrame:
    named = {"days_since_last_order": "min", "days_since_first_order": "max", "median_days_since_order": "median"}
    made: pd.DataFrame = _by(bought)["age"].agg(**named)
    return made


def _orders(bought: pd.DataFrame) -> pd.DataFrame:
    parts = []
    for window, days in WINDOWS.items():
        grouped = _by(bought[bought["age"] <= days])
        part: pd.DataFrame = grouped.agg(ORDER)
        part.columns = ["_".join((*map(str, name), window)) for name in part.columns]
        parts.append(part.assign(**{f"orders_{window}": grouped.size()}))
    return pd.concat(parts, axis=1)


def _gaps(bought: pd.DataFrame) -> pd.DataFrame:
    made: pd.DataFrame = _by(bought)["gap"].agg(["mean", "std", "min", "max", "last"]).add_prefix("gap_")
    return made


def _refunds(orders: pd.DataFrame) -> pd.DataFrame:
    back = orders[orders["amount"] < 0]
    parts = [_by(back[back["age"] <= WINDOWS[w]])["amount"].agg(["sum", "size"]) for w in ("365d", "lifetime")]
    return _flat(pd.concat(parts, axis=1, keys=["refunds_365d", "refunds_lifetime"]))


def _items(items: pd.DataFrame) -> pd.DataFrame:
    parts = {}
    for window in ("180d", "lifetime"):
        grouped = _by(items[items["age"] <= WINDOWS[window]])
        parts[window] = grouped[["product_id", "category", "channel"]].nunique()
    return _flat(pd.concat(parts, axis=1))


def _events(events: pd.DataFrame) -> pd.DataFrame:
    keys = ["customer_id", "kind"]
    parts = {"since": events.groupby(keys, observed=True)["age"].min().unstack()}  # noqa: PD010 # nothing to aggregate
    for window in ("30d", "90d", "365d"):
        counts = events[events["age"] <= WINDOWS[window]].groupby(keys, observed=True).size()
        parts[window] = counts.unstack(fill_value=0)  # noqa: PD010 # same
    return _flat(pd.concat(parts, axis=1))


def _surveys(events: pd.DataFrame) -> pd.DataFrame:
    made: pd.DataFrame = _by(events[events["kind"] == "nps"])["value"].agg(["mean", "last"]).add_prefix("survey_")
    return made


def _flat(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.set_axis(["_".join(map(str, name)) for name in frame.columns], axis=1)


if __name__ == "__main__":
    main()
