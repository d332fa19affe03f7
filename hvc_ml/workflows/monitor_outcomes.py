"""What became of a list whose horizon is over, on customers whom nobody contacted."""

import math
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hvc_ml.evaluation import kernels
from hvc_ml.evaluation.bootstrap import interval
from hvc_ml.evaluation.metrics import brier, ece, value_gini
from hvc_ml.monitoring.expected import expected_auc
from hvc_ml.monitoring.ledger import Realised
from hvc_ml.tables.schema import CUSTOMER
from hvc_ml.workflows.campaign_rows import HARDLY, _came
from hvc_ml.workflows.past_lists import PastList
from hvc_ml.workflows.shop import Shop

LEAST_EACH: Final = 20
"""With fewer who left, or who stayed, there is no AUC worth the name."""

Floats = NDArray[np.float64]


def realised(shop: Shop, past: PastList, contacted: frozenset[str]) -> Realised:
    """Hold a list's predictions against what came.

    Where the list was worked, whoever was to be contacted does not count: an action that works makes a right forecast
    look wrong. The holdout stands for them, each of its customers for as many as the list has per one held out.

    Parameters
    ----------
    past
        A list whose labels are mature.
    contacted
        Ids of those who were contacted for it.

    Raises
    ------
    DataError
        If its files were changed since they were published.
    """
    scores = past.scores()
    rows = scores.merge(_came(shop, past, scores[CUSTOMER]), on=CUSTOMER, suffixes=("_said", ""))
    weight, counted = _weights(rows[CUSTOMER], past.rows(), contacted)
    rows, weight = rows[weight > 0.0], weight[weight > 0.0]
    left, risk = (rows[name].to_numpy(dtype=np.float64) for name in ("churned", "churn_risk"))
    came, forecast = (rows[name].to_numpy(dtype=np.float64) for name in ("future_value", "future_value_said"))
    auc = _auc(left, risk, weight, rows[CUSTOMER])
    inside = _inside(rows, came)
    rate = float(np.average(left, weights=weight))
    value = float((weight * came).sum())
    return Realised(
        counted=counted,
        n=len(rows),
        churn_rate=_short(rate),
        churn_gap=_short(float(np.average(risk, weights=weight)) - rate),
        churn_gap_error=_short(_error(risk - left, weight)),
        promised_auc=_known(expected_auc(risk, weight)),
        auc=auc[1],
        auc_low=auc[0],
        auc_high=auc[2],
        brier=_short(brier(left, risk, weight)),
        ece=_known(ece(left, risk, weight)),
        coverage=_short(float(np.average(inside, weights=weight))),
        coverage_error=_short(_error(inside - float(np.average(inside, weights=weight)), weight)),
        value=round(value, 2),
        value_bias=_known(float((weight * forecast).sum()) / value - 1.0) if value > 0.0 else None,
        value_gini=_known(value_gini(came, forecast, weight)),
    )


def _weights(customers: pd.Series, listed: pd.DataFrame, contacted: frozenset[str]) -> tuple[Floats, str]:
    """How many customers each one stands for."""
    groups = listed.set_index(CUSTOMER)["group"].reindex(customers).to_numpy(dtype=object)
    drawn, held = groups == "contact", groups == "holdout"
    reached = customers.isin(contacted).to_numpy(dtype=np.bool_)
    if not drawn.any() or not held.any() or reached[drawn].mean() < HARDLY:
        return np.ones(len(customers)), "everyone"
    weight = np.where(held, (drawn.sum() + held.sum()) / held.sum(), np.where(drawn | reached, 0.0, 1.0))
    return weight.astype(np.float64), "not contacted"


def _auc(left: Floats, risk: Floats, weight: Floats, ids: pd.Series) -> tuple[float | None, float | None, float | None]:
    """Churn AUC with its interval by customer: low, mid, high."""
    if min(left.sum(), (1.0 - left).sum()) < LEAST_EACH:
        return None, None, None

    def weighted(actual: Floats, predicted: Floats, weights: Floats) -> Floats:
        return kernels.auc(actual[:, 0], predicted, weights * actual[:, 1])

    found = interval(weighted, np.column_stack([left, weight]), risk, ids.astype(str))
    return _known(found.low), _known(found.mid), _known(found.high)


def _inside(rows: pd.DataFrame, came: Floats) -> Floats:
    low, high = (rows[f"future_value_{end}"].to_numpy(dtype=np.float64) for end in ("low", "high"))
    return ((low <= came) & (came <= high)).astype(np.float64)


def _error(deviation: Floats, weight: Floats) -> float:
    """Standard error of a weighted mean."""
    return float(np.sqrt(((weight * deviation) ** 2).sum()) / weight.sum())


def _short(value: float) -> float:
    return round(value, 6)


def _known(value: float) -> float | None:
    return round(value, 6) if math.isfinite(value) else None
