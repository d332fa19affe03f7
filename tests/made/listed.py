"""Rows of a list, what is known of its customers, and what they spent."""

import numpy as np
import pandas as pd

from hvc_ml.report.book_parts import PeerFigure


def listed_rows(ids):
    n = len(ids)
    gain = np.linspace(500.0, 1.0, n).round(2)
    return pd.DataFrame(
        {
            "rank": np.arange(1, n + 1),
            "customer_id": ids,
            "tier": np.resize(["Priority", "Gold", "Mass"], n),
            "churn_risk": np.linspace(0.9, 0.1, n),
            "value_if_kept": np.linspace(3000.0, 50.0, n),
            "future_value": np.linspace(300.0, 45.0, n),
            "future_value_low": 0.0,
            "future_value_high": np.linspace(900.0, 80.0, n),
            "value_at_risk": np.linspace(2700.0, 5.0, n),
            "action": np.resize(["personal call", "personal e-mail"], n),
            "expected_gain": gain,
            "act_before": "2026-02-01",
            "group": np.resize(["contact", "contact", "contact", "holdout"], n),
            "reason_1": "no order for 94 days; usually every 31 days (peers: 22 days)",
            "reason_1_amount": 120.0,
            "reason_2": np.resize(["spent £12 in the last 90 days (peers: £240)", ""], n),
            "reason_2_amount": np.resize([30.5, np.nan], n),
            "reason_3": "",
            "reason_3_amount": np.nan,
            "model_version": "3",
            "cutoff": "2026-01-01",
            "owner": np.resize(["Ms Blue", ""], n),
            "channel": np.resize(["phone", "e-mail"], n),
            "talking_points": "Thank them for the orders so far. Ask what has changed.",
        }
    )


def scores_of(plan):
    """Scores whose parts add up: a base, one family above it and one below, in cents that cannot be halved."""
    at_risk = (100 * plan["value_at_risk"]).round()
    rhythm, service = (0.61 * at_risk).round(), -(0.07 * at_risk).round()
    return pd.DataFrame(
        {
            "customer_id": plan["customer_id"],
            "base_amount": (at_risk - rhythm - service) / 100,
            "amount_rhythm": rhythm / 100,
            "amount_service": service / 100,
            "churn_risk_30d": plan["churn_risk"] / 2,
            "downgrade_risk": 0.25,
        }
    )


def history_of(plan):
    """Thirteen stretches of money, one of them with a refund."""
    months = {f"m{k}": np.full(len(plan), 10.0 * k - 5.0) for k in range(13)}
    return pd.DataFrame(months, index=pd.Index(plan["customer_id"], name="customer_id"))


def figures_of(plan):
    """A figure of each unit; the first customer's is unknown, the others rise from below the median to above it."""
    rises = np.r_[np.nan, np.linspace(-0.7, 12_345.678, len(plan) - 1)] if len(plan) > 1 else np.array([1.0])
    ids = pd.Index(plan["customer_id"], name="customer_id")
    own, below = pd.Series(rises, index=ids), pd.Series(np.linspace(0.0, 1.0, len(plan)), index=ids)
    units = ("money", "days", "count", "share", "ratio", "number")
    return tuple(
        PeerFigure(f"figure in {unit}", unit, 2.125, own / (1_000 if k > 2 else 1), below)
        for k, unit in enumerate(units)
    )
