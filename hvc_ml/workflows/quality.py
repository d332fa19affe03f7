"""What a model carries with it of its test: figures beside those of the simple rules, so that a page can tell them."""

import math
from typing import Any, Final

from hvc_ml.evaluation.deciles import decile_table
from hvc_ml.evaluation.grade import Grade
from hvc_ml.workflows.backtest import Backtest

DIGITS: Final = 6


def quality_of(test: Backtest, grade: Grade, *, coverage: float) -> dict[str, Any]:
    """A test in figures, as JSON values.

    Parameters
    ----------
    test
        Of the test cutoffs.
    grade
        How much the history can prove.
    coverage
        Share of outcomes that the intervals of future value were made to hold.

    Returns
    -------
    dict
        ``says``; ``grade``, ``grade_reason``; ``cutoffs``, ``n_rows``, ``n_customers``; ``figures``: ``name``,
        ``metric``, ``low``, ``mid``, ``high`` of the model and each baseline; ``ceiling``; ``coverage`` asked and
        ``covered`` (low, mid, high); ``value_bias``; ``churn`` and ``value``: tenths of the customers, the highest
        forecast first, with the mean ``predicted`` and ``actual``. Unknown figures are null.
    """
    panel, actual, said = test.panel, test.actual, test.predictions
    covered = panel.model["interval_coverage"]
    tenths = {
        "churn": decile_table(actual["churned"], said["churn_risk"]),
        "value": decile_table(actual["future_value"], said["future_value"]),
    }
    found = {
        "says": panel.says,
        "grade": grade.letter,
        "grade_reason": grade.reason,
        "cutoffs": [c.isoformat() for c in sorted(test.fitted)],
        "n_rows": panel.n_rows,
        "n_customers": panel.n_customers,
        "figures": panel.table().to_dict("records"),
        "ceiling": panel.ceiling,
        "coverage": coverage,
        "covered": [covered.low, covered.mid, covered.high],
        "value_bias": panel.model["value_bias"].mid,
        **{name: table[["predicted", "actual"]].to_dict("records") for name, table in tenths.items()},
    }
    rounded: dict[str, Any] = _rounded(found)
    return rounded


def _rounded(value: Any) -> Any:
    """The same with few digits; what is not finite is None."""
    if isinstance(value, dict):
        return {str(name): _rounded(v) for name, v in value.items()}
    if isinstance(value, list | tuple):
        return [_rounded(v) for v in value]
    if isinstance(value, float):
        return round(value, DIGITS) if math.isfinite(value) else None
    return value
