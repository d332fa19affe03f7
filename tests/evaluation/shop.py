"""A made-up shop whose truth is known: what customers did, what an oracle, a model and a rule of thumb say."""

import numpy as np
import pandas as pd


def shop(customers=1_500, cutoffs=("2024-01-01", "2024-02-01"), seed=0):
    rng = np.random.default_rng(seed)
    parts = []
    for cutoff in cutoffs:
        risk = rng.beta(1.5, 2.0, customers)
        kept = rng.gamma(1.5, 60.0, customers)
        churned = (rng.random(customers) < risk).astype(int)
        parts.append(
            pd.DataFrame(
                {
                    "customer_id": [f"c{i:05d}" for i in range(customers)],
                    "cutoff": cutoff,
                    "churned": churned,
                    "future_value": np.where(churned, 0.0, kept * rng.gamma(2.0, 0.5, customers)),
                    "risk": risk,
                    "kept": kept,
                }
            )
        )
    return pd.concat(parts, ignore_index=True)


def says(frame, *, noise=0.0, seed=1):
    """Predictions of someone who knows the truth but for ``noise``."""
    rng = np.random.default_rng(seed)
    logit = np.log(frame["risk"] / (1 - frame["risk"])) + noise * rng.normal(size=len(frame))
    risk = 1 / (1 + np.exp(-logit))
    value = (1 - risk) * frame["kept"] * np.exp(noise * rng.normal(size=len(frame)) - noise**2 / 2)
    return frame[["customer_id", "cutoff"]].assign(
        churn_risk=risk, future_value=value, future_value_low=0.0, future_value_high=3 * value
    )


def rule(frame, column, sign=1):
    return frame[["customer_id", "cutoff"]].assign(value=sign * frame[column], churn_risk_order=-sign * frame[column])
