"""A challenger beside the champion on the same rows: every figure the promotion gate reads."""

from dataclasses import dataclass
from typing import Final, Self

import pandas as pd

from hvc_ml.evaluation.bootstrap import REPLICATES, Estimate
from hvc_ml.evaluation.campaign import Campaign
from hvc_ml.evaluation.honesty import _coverage
from hvc_ml.evaluation.outcomes import PROFIT, Outcomes
from hvc_ml.evaluation.scorecard import Rows, Scorecard

ORDER: Final = ("churn_auc", "value_gini", "value_captured_20")
"""Figures of the order, compared by their difference."""

GUARDED: Final = ("churn_ece", "value_bias", "interval_coverage")
"""Figures of the level, each rival's own."""

COLUMNS: Final = ("churn_risk", "future_value", "future_value_low", "future_value_high")


@dataclass(frozen=True)
class Rivals:
    """Two models' figures on the same test rows.

    Build it with `Rivals.of`.

    Attributes
    ----------
    customers
        Different customers among the rows.
    gaps
        Metric -> challenger minus champion, on the same drawn customers; first ``profit_at_capacity`` (money per
        customer), where there is a campaign and both say ``value_if_kept``.
    figures
        Metric -> (the challenger's, the champion's) own figure; NaN where undefined.
    """

    customers: int
    gaps: dict[str, Estimate]
    figures: dict[str, tuple[float, float]]

    @classmethod
    def of(
        cls,
        actual: pd.DataFrame,
        challenger: pd.DataFrame,
        champion: pd.DataFrame,
        campaign: Campaign | None = None,
        *,
        replicates: int = REPLICATES,
        seed: int = 7,
    ) -> Self:
        """Measure both on ``actual`` (as for `honesty_panel`; rows of the predictions beyond it are not read).

        Raises
        ------
        ModelRefused
            If a prediction is not finite.
        ValueError
            If a row has no prediction, or two.
        """
        rows = Rows.of(actual)
        said = [rows.align(frame, COLUMNS) for frame in (challenger, champion)]
        named = {n: (s.get("churn_risk"), s.get("future_value")) for n, s in zip("ab", said, strict=True)}
        metrics = (*ORDER, "churn_ece", "value_bias")
        card = Scorecard.of(rows, named, dict.fromkeys(named, metrics), replicates=replicates, seed=seed)
        coverage = tuple(_coverage(rows, s).mid for s in said)
        money = _in_money(actual, challenger, champion, campaign, replicates, seed)
        figures = {m: (card.points["a", m], card.points["b", m]) for m in metrics}
        return cls(
            customers=rows.key["customer_id"].nunique(),
            gaps={m: gap for m, (gap, _) in money.items()} | {m: card.difference("a", "b", m) for m in ORDER},
            figures=figures
            | {"interval_coverage": (coverage[0], coverage[1])}
            | {m: own for m, (_, own) in money.items()},
        )


def rivals_by_tier(
    actual: pd.DataFrame,
    challenger: pd.DataFrame,
    champion: pd.DataFrame,
    campaign: Campaign | None = None,
    *,
    replicates: int = REPLICATES,
    seed: int = 7,
) -> dict[str, Rivals]:
    """The same within each ``tier`` of ``actual``, as if each tier had a list of its own; empty without tiers."""
    if "tier" not in actual:
        return {}
    return {
        str(tier): Rivals.of(rows, challenger, champion, campaign, replicates=replicates, seed=seed)
        for tier, rows in actual.groupby("tier", sort=True)
    }


def _in_money(
    actual: pd.DataFrame,
    challenger: pd.DataFrame,
    champion: pd.DataFrame,
    campaign: Campaign | None,
    replicates: int,
    seed: int,
) -> dict[str, tuple[Estimate, tuple[float, float]]]:
    """Profit at capacity: the difference, and each rival's own; empty where it cannot be told."""
    if campaign is None:
        return {}
    outcomes = Outcomes.of(actual, campaign, replicates=replicates, seed=seed)
    ours, theirs = outcomes.expected_gain(challenger), outcomes.expected_gain(champion)
    if ours is None or theirs is None:
        return {}
    return {PROFIT: (outcomes.difference(ours, theirs), (outcomes.profit(ours), outcomes.profit(theirs)))}
