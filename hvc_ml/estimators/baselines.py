"""The honesty panel: what simple rules would have said about the same customers at the same cutoff."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hvc_ml.errors import ModelRefused

Array = NDArray[np.float64]

NEEDED = (
    "purchase_days",
    "days_since_last_order",
    "spend_lifetime",
    "prior_active",
    "prior_purchases",
    "prior_value",
)
CELLS = 5  # per axis of recency, frequency and money
CELL_WEIGHT = 20.0  # pseudo-customers of the overall mean in each cell


def baselines(frame: pd.DataFrame, fit_rows: pd.DataFrame | None, horizon: int) -> dict[str, pd.DataFrame]:
    """Rank every row by each baseline.

    Parameters
    ----------
    frame
        Modelling frame at a cutoff, with the prior's columns.
    fit_rows
        Labelled rows of earlier cutoffs, for the means of the RFM cells; None scores cells by their rank.
    horizon
        Days.

    Returns
    -------
    dict
        Name -> DataFrame with ``churn_risk_order`` (higher: likelier to leave; an order, not a probability, except
        for the two ``bg_nbd`` baselines) and ``value`` (higher: more future value; in the currency where the name
        speaks of spend or BG/NBD), and the frame's index. ``perfect_foresight`` is there where the frame has labels.

    Examples
    --------
    >>> frame = pd.DataFrame(
    ...     {
    ...         "purchase_days": [3, 1],
    ...         "days_since_last_order": [5, 200],
    ...         "spend_lifetime": [90.0, 400.0],
    ...         "spend_90d": [60.0, 0.0],
    ...         "prior_active": [0.9, 0.1],
    ...         "prior_purchases": [2.0, 0.1],
    ...         "prior_value": [60.0, 30.0],
    ...     }
    ... )
    >>> baselines(frame, None, 90)["spend_if_active"]["value"].tolist()
    [90.0, 0.0]
    """
    recent = f"spend_{horizon}d"
    missing = [c for c in (*NEEDED, recent) if c not in frame.columns]
    if missing:
        raise ModelRefused(f"the baselines need the features {', '.join(missing)}; switch their families on.")
    days, since = frame["purchase_days"].fillna(0.0), _silence(frame)
    lately, ever = (frame[name].fillna(0.0) for name in (recent, "spend_lifetime"))
    own_mean = ever / days.clip(lower=1)
    quiet = (since > horizon) | frame["days_since_last_order"].isna()
    panel = {
        "past_spend": (lately, -lately),
        "lifetime_spend": (ever, -ever),
        "spend_if_active": (ever.where(~quiet, 0.0), quiet.astype(float)),
        "recency": (-since, since),
        "frequency": (days, -days),
        "rfm": _rfm(frame, fit_rows),
        "bg_nbd_gamma_gamma": (frame["prior_value"], 1 - frame["prior_active"]),
        "bg_nbd_own_mean": (frame["prior_purchases"] * own_mean, 1 - frame["prior_active"]),
    }
    if {"future_value", "churned"} <= set(frame.columns):
        panel["perfect_foresight"] = (frame["future_value"], frame["churned"])
    return {
        name: pd.DataFrame(
            {
                "churn_risk_order": np.asarray(risk, dtype=np.float64),
                "value": np.nan_to_num(np.asarray(value, dtype=np.float64), nan=0.0, neginf=-1e9),
            },
            index=frame.index,
        )
        for name, (value, risk) in panel.items()
    }


def _silence(frame: pd.DataFrame) -> pd.Series:
    """Days since the last order; a customer without one (a contract that has just begun) has been silent longest."""
    days = frame["days_since_last_order"].astype(np.float64)
    longest = days.max()
    return days.fillna(0.0 if np.isnan(longest) else longest + 1.0)


def _rfm(frame: pd.DataFrame, fit_rows: pd.DataFrame | None) -> tuple[Array, Array]:
    """Mean future value and churn of the row's cell of recency x frequency x money, pulled to the overall mean."""
    ranks = _fifths(frame)
    if fit_rows is None or fit_rows.empty:
        score = ranks.sum(axis=1).astype(np.float64)
        return score, -score
    cell, learned = _cells(ranks), _cells(_fifths(fit_rows))
    size = np.bincount(learned, minlength=CELLS**3) + CELL_WEIGHT
    means = []
    for label in ("future_value", "churned"):
        y = fit_rows[label].to_numpy(np.float64)
        total = np.bincount(learned, weights=y, minlength=CELLS**3)
        means.append(((total + CELL_WEIGHT * y.mean()) / size)[cell])
    return means[0], means[1]


def _fifths(frame: pd.DataFrame) -> NDArray[np.int_]:
    """Fifths of recency, frequency and money among the customers of the same cutoff, shape (n, 3); more is better."""
    axes = frame[["purchase_days", "spend_lifetime"]].astype(np.float64).fillna(0.0)
    axes.insert(0, "days_since_last_order", -_silence(frame))
    cutoff = frame["cutoff"].to_numpy() if "cutoff" in frame.columns else np.zeros(len(frame))
    share = axes.groupby(cutoff).rank(method="average", pct=True).to_numpy(np.float64)
    fifths: NDArray[np.int_] = np.clip(np.ceil(share * CELLS).astype(int) - 1, 0, CELLS - 1)
    return fifths


def _cells(fifths: NDArray[np.int_]) -> NDArray[np.int_]:
    cells: NDArray[np.int_] = (fifths[:, 0] * CELLS + fifths[:, 1]) * CELLS + fifths[:, 2]
    return cells
