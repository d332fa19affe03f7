"""What test rows are measured by when rankings are compared in money: what happened, what it was worth, whose tier."""

import pandas as pd

from hvc_ml.config import Config
from hvc_ml.evaluation.campaign import Campaign
from hvc_ml.evaluation.outcomes import Outcomes
from hvc_ml.evaluation.profit import CURVE
from hvc_ml.planning.playbook import Playbook
from hvc_ml.segments.tiers import assign_tiers


def what_happened(rows: pd.DataFrame, config: Config) -> pd.DataFrame:
    """The test rows' labels, the yardstick of their value and their tier.

    Parameters
    ----------
    rows
        Labelled modelling frames of the test cutoffs, with the prior's columns and ``spend_365d``.
    config
        For the tiers.

    Returns
    -------
    DataFrame
        ``customer_id, cutoff, churned, future_value``; ``value_if_kept``, the money that stayers did bring and that the
        prior expected of leavers had they stayed, whatever model is measured by it; ``tier`` at the cutoff. The index
        of ``rows``.
    """
    stayed = rows["churned"] == 0
    tiers = [
        assign_tiers(at["spend_365d"], at["customer_id"], config.tiers) for _, at in rows.groupby("cutoff", sort=False)
    ]
    return rows[["customer_id", "cutoff", "churned", "future_value"]].assign(
        value_if_kept=rows["future_value"].where(stayed, rows["prior_value_if_kept"]), tier=pd.concat(tiers)
    )


def earned_along(actual: pd.DataFrame, predictions: pd.DataFrame, config: Config) -> pd.DataFrame:
    """The profit curve of test predictions: ``share`` contacted, ``realised`` and ``expected`` money per customer.

    Parameters
    ----------
    actual
        What `what_happened` says of the test rows.
    predictions
        ``churn_risk`` and ``value_if_kept`` for the same rows; without them the curve has no points.
    config
        For the playbook.
    """
    outcomes = Outcomes.of(actual, campaign_of(config.playbook))
    gain = outcomes.expected_gain(predictions)
    return pd.DataFrame(columns=list(CURVE)) if gain is None else outcomes.curve(gain)


def campaign_of(playbook: Playbook) -> Campaign:
    """The campaign that rankings are compared by: the playbook's general action.

    That is the first action that is open to every customer (no tiers, no families of reasons); where there is none, the
    first of all. One action for everyone keeps the comparison about who is contacted, not about with what.

    Examples
    --------
    >>> campaign_of(Playbook()).contact_cost  # the personal e-mail
    0.5
    """
    open_to_all = (a for a in playbook.actions if a.general)
    action = next(open_to_all, playbook.actions[0])
    return Campaign(action.save_rate_prior, action.offer_cost, action.take_up, action.contact_cost)
