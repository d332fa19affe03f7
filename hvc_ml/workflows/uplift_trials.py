"""Worked lists as experiments: which rows chance has drawn, and whether uplift beats the save rate on them."""

from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from hvc_ml.campaigns.policy import Interval, lengths_share, mean_interval
from hvc_ml.estimators.uplift import CrossFitted, Trial
from hvc_ml.planning.economics import expected_gain, gain_from_uplift, spending_at_uplift
from hvc_ml.planning.learned import Learned
from hvc_ml.planning.playbook import Action
from hvc_ml.tables.schema import CUSTOMER

Floats = npt.NDArray[np.float64]

RISK: Final = "churn_risk"
FEWEST_ROWS: Final = 1_000
"""Randomised rows of an action, contacted and held out together."""
FEWEST_EACH: Final = 100
"""Rows of each of the two groups, customers who left, and customers who stayed."""


def randomised(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows of lists that had both groups, in one canonical order, each with its chance to be contacted.

    Parameters
    ----------
    rows
        One per customer and worked list: ``customer_id``, ``cutoff``, ``action``, ``group`` as drawn (``contact``,
        ``holdout``); optionally ``list``, where lists share a cutoff.

    Returns
    -------
    DataFrame
        With ``campaign`` (the list, as text), ``propensity`` (the share of its list that was drawn to be contacted: a
        draw has one share for all its strata) and ``treated``.

    Examples
    --------
    >>> rows = pd.DataFrame({"customer_id": ["a", "b"], "cutoff": "2026-01-01", "action": "call",
    ...     "group": ["holdout", "contact"]})
    >>> randomised(rows)[["customer_id", "campaign", "treated", "propensity"]]
      customer_id    campaign  treated  propensity
    0           a  2026-01-01    False         0.5
    1           b  2026-01-01     True         0.5
    """
    campaign = rows["list"].astype(str) if "list" in rows else pd.to_datetime(rows["cutoff"]).dt.date.astype(str)
    treated = rows["group"] == "contact"
    share = treated.groupby(campaign).transform("mean").astype(np.float64)
    found = rows.assign(campaign=campaign, treated=treated, propensity=share)
    found = found[(share > 0) & (share < 1)]
    return found.sort_values(["campaign", CUSTOMER, "action"], ignore_index=True)


def lacking(rows: pd.DataFrame) -> str | None:
    """What an action's rows (of `randomised`) lack to learn from, in words; None where they suffice."""
    held, left = int((~rows["treated"]).sum()), int(rows["churned"].sum())
    needed = {
        "randomised rows": (len(rows), FEWEST_ROWS),
        "contacted": (len(rows) - held, FEWEST_EACH),
        "held out": (held, FEWEST_EACH),
        "who left": (left, FEWEST_EACH),
        "who stayed": (len(rows) - left, FEWEST_EACH),
    }
    short = [f"{has:,} of {asked:,} {name}" for name, (has, asked) in needed.items() if has < asked]
    return f"too little to learn uplift from: {', '.join(short)}" if short else None


def trial_of(rows: pd.DataFrame, features: pd.DataFrame) -> Trial:
    """An action's rows as a trial: staying is the outcome, and a constant save rate the start.

    Parameters
    ----------
    rows
        Of `randomised`, with ``churn_risk`` and ``churned``.
    features
        In the same order.
    """
    return Trial(
        features.assign(**{RISK: rows[RISK].to_numpy(np.float64)}),
        rows["treated"].to_numpy(np.bool_),
        1.0 - rows["churned"].to_numpy(np.float64),
        rows["propensity"].to_numpy(np.float64),
        rows[CUSTOMER].to_numpy(dtype=object),
        start=RISK,
    )


def advantage(rows: pd.DataFrame, action: Action, learned: Learned, said: CrossFitted, scores: Floats) -> Interval:
    """What ranking by uplift earns more than ranking by the save rate, in money per listed customer.

    Both rules rank each list (within the parts of ``said``) and contact its first rows as far as they expect a gain;
    what that earns is averaged over all lengths of the list (`lengths_share`). A contact earns
    ``score (V - d) - (1 - p) t d - f``, where the doubly robust score stands for the customer's true effect and V for
    the value if kept that the list had: nobody saw what a leaver would have brought, and both rules are held against
    the same V.

    Parameters
    ----------
    rows
        Of `randomised`, of this action, with ``tier``, ``churn_risk`` and ``value_if_kept``.
    action
        Its costs.
    learned
        The save rates to beat; the playbook's prior where none is measured.
    said
        Uplift of each row, from models that do not know its customer.
    scores
        Doubly robust scores of staying, shape (n,).

    Returns
    -------
    Interval
        Above 0: uplift earns more. Rows of one customer count as one.
    """
    risk, value = (rows[c].to_numpy(np.float64) for c in (RISK, "value_if_kept"))
    costs = {name: getattr(action, name) for name in ("offer_cost", "take_up", "contact_cost")}
    by_rate = expected_gain(risk, value, save_rate=save_rates(rows["tier"], action, learned), **costs)
    by_uplift = gain_from_uplift(said.effect, value, spending=spending_at_uplift(said.effect, risk, **costs))
    lists = rows["campaign"].str.cat(said.part.astype(str), sep=" part ")
    earned = scores * (value - action.offer_cost) - (1 - risk) * action.take_up * action.offer_cost
    more = lengths_share(by_uplift, lists) - lengths_share(by_rate, lists)
    return mean_interval(more * (earned - action.contact_cost), rows[CUSTOMER])


def save_rates(tier: pd.Series, action: Action, learned: Learned) -> Floats:
    """The save rate that the next list would use for each row, shape (n,)."""
    found = {name: learned.rate(action.name, str(name)) for name in tier.unique()}
    means = {name: action.save_rate if rate is None else rate.mean for name, rate in found.items()}
    return tier.map(means).to_numpy(np.float64)
