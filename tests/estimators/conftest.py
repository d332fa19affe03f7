"""A small shop whose customers are drawn from a known buy-till-you-die world, as modelling frames."""

import numpy as np
import pandas as pd
import pytest

from hvc_ml.estimators.prior import fit_buy_till_you_die
from hvc_ml.estimators.prior_columns import prior_columns

HORIZON = 60
FEATURES = [
    "purchase_days",
    "days_since_last_order",
    "days_since_first_order",
    "purchase_day_spend",
    "spend_lifetime",
    "spend_60d",
    "spend_365d",
    "orders_60d",
    "mean_gap_days",
    "mood",
    "country",
]


def draw_orders(customers, days, seed):
    """Orders (customer, day, amount): rates, leaving and amounts differ; unhappy customers leave much sooner."""
    rng = np.random.default_rng(seed)
    rows = []
    for customer in range(customers):
        rate, amount = rng.gamma(1.2, 1 / 18.0), 20 * rng.lognormal(0.0, 0.7)
        unhappy = rng.random() < 0.4
        leaving = rng.beta(2.0, 6.0) if unhappy else rng.beta(1.0, 20.0)
        country = ("NL", "FR", "DE")[rng.integers(3)]
        day = float(rng.uniform(0, days * 0.6))
        while day < days:
            rows.append((f"c{customer:05d}", int(day), float(amount * rng.gamma(4.0, 0.25)), unhappy, country))
            if rng.random() < leaving:
                break
            day += 1 + rng.exponential(1 / rate)
    return pd.DataFrame(rows, columns=["customer_id", "day", "amount", "unhappy", "country"])


def frame_at(orders, cutoff, horizon=HORIZON, name=None):
    """The modelling frame of everyone who ordered within the last 120 days, with labels and the prior's columns."""
    past = orders[orders["day"] < cutoff].assign(ago=lambda o: cutoff - o["day"]).sort_values(["customer_id", "day"])
    days = past.groupby(["customer_id", "ago"], as_index=False)["amount"].sum()
    by = days.groupby("customer_id")
    frame = pd.DataFrame({"purchase_days": by.size().astype(float)})
    frame["days_since_last_order"] = by["ago"].min().astype(float)
    frame["days_since_first_order"] = by["ago"].max().astype(float)
    repeats = days[days["ago"] < days["customer_id"].map(frame["days_since_first_order"])]
    frame["purchase_day_spend"] = by["amount"].mean()
    frame["repeat_spend_mean"] = repeats.groupby("customer_id")["amount"].mean()
    frame["spend_lifetime"] = by["amount"].sum()
    for window in (60, 365):
        recent = days[days["ago"] <= window].groupby("customer_id")["amount"]
        frame[f"spend_{window}d"] = recent.sum().reindex(frame.index).fillna(0.0)
        frame[f"orders_{window}d"] = recent.size().reindex(frame.index).fillna(0.0)
    spread = frame["days_since_first_order"] - frame["days_since_last_order"]
    frame["mean_gap_days"] = (spread / (frame["purchase_days"] - 1)).where(frame["purchase_days"] > 1)
    first = past.groupby("customer_id")[["unhappy", "country"]].first()
    frame["mood"] = np.where(first["unhappy"], -1.0, 1.0) * np.sqrt(frame["purchase_days"])
    frame["country"] = first["country"].astype(object)
    statistics = pd.DataFrame(
        {
            "frequency": frame["purchase_days"] - 1,
            "recency": spread,
            "age": frame["days_since_first_order"] - 1,
        }
    )
    counts = statistics.value_counts().rename("n").reset_index()
    spend = pd.DataFrame({"frequency": statistics["frequency"], "mean_spend": frame["repeat_spend_mean"], "n": 1})
    prior = fit_buy_till_you_die(counts, spend[spend["frequency"] > 0])
    frame = frame[frame["days_since_last_order"] <= 120].reset_index()
    frame.insert(1, "cutoff", name or f"day {cutoff}")
    frame = pd.concat([frame, prior_columns(frame, prior, horizon)], axis=1)
    future = orders[(orders["day"] >= cutoff) & (orders["day"] < cutoff + horizon)].groupby("customer_id")["amount"]
    frame["future_value"] = frame["customer_id"].map(future.sum()).fillna(0.0)
    frame["churned"] = (frame["future_value"] == 0).astype("int8")
    return frame, prior


@pytest.fixture(scope="session")
def shop():
    """(fit, calibrate, test, prior at the test): disjoint label windows in order of time."""
    orders = draw_orders(2500, 420, seed=11)
    fit = pd.concat([frame_at(orders, c)[0] for c in (150, 180, 210)], ignore_index=True)
    calibrate, _ = frame_at(orders, 270)
    test, prior = frame_at(orders, 330)
    return fit, calibrate, test, prior
