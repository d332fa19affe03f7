"""Figures: what ``train``, ``evaluate`` and MLflow report, and which way is good."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from docs.handbook.markdown import code, first, page, table
from hvc_ml.evaluation import metrics, profit

CHURN: Final[dict[str, Callable[..., Any]]] = {
    "churn_auc": metrics.churn_auc,
    "churn_average_precision": metrics.average_precision,
    "churn_brier": metrics.brier,
    "churn_brier_skill": metrics.brier_skill,
    "churn_ece": metrics.ece,
    "churn_calibration_slope": metrics.calibration_slope,
}
VALUE: Final[dict[str, Callable[..., Any]]] = {
    "value_gini": metrics.value_gini,
    "value_captured_20": metrics.value_captured,
    "value_recall_20": metrics.recall_top,
    "value_spearman": metrics.spearman,
    "value_bias": metrics.value_bias,
    "interval_coverage": metrics.interval_coverage,
}
PROFIT: Final[dict[str, Callable[..., Any]]] = {"profit_at_capacity": profit.profit_at_capacity, "empc": profit.empc}


def figures_page() -> str:
    """One table for each thing that is forecast."""
    intro = (
        "Each figure is measured on test cutoffs, with a refit on what was known then, beside every simple rule; "
        "intervals are 95 % and draw customers, not rows. An undefined figure is empty, never zero."
    )
    return page(
        "Figures",
        intro,
        f"## Churn risk\n\n{_table(CHURN)}",
        f"## Future value\n\n{_table(VALUE)}",
        f"## Profit\n\n{_table(PROFIT)}",
    )


def _table(figures: Mapping[str, Callable[..., Any]]) -> str:
    return table(("figure", "says"), [(code(name), first(f.__doc__ or "")) for name, f in figures.items()])
