"""What may leave for MLflow: settings by allow-list, figures, tables of groups; never a customer's id or row."""

import math
import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

import pandas as pd

PARAMS: Final = frozenset(
    """
    horizon churn grace settle margin active_within every cutoffs tests min_history windows families features
    prior rounds learning_rate leaves feature_fraction min_child_samples l2 seed coverage winsor
    min_rows min_each threads rung kind churn_rounds value_rounds churn_weight value_weight calibrator scale
    rows_fit rows_calibrate rows_test customers first_day end_day fit_cutoffs calibrate_cutoffs test_cutoffs
    hvc_ml grade members monotone search_trials validation_cutoffs sample_customers sample_share
    """.split()  # noqa: SIM905 # a list of words reads better than forty quoted ones
)
"""Names of parameters a run may show, whatever section of the configuration they stand in."""

TAGS: Final = frozenset(
    """
    config_hash data_hash grade grade_reason rung promoted promotion_reason leakage_certificate hvc_ml kind cutoff
    bundle_sha256 search_trial search_state search_chosen search_reason model_version
    """.split()  # noqa: SIM905 # as above
)
"""Names of our tags."""

BARRED: Final = frozenset(("customer_id", "customer", "order_id", "customerid", "email", "name_of_customer"))
"""Columns and keys that no table or document may have."""

MOST_TABLE_ROWS: Final = 2_000
"""Tables of groups are short; a longer one is a table of customers."""

SECTIONS: Final = frozenset(("churn", "value", "interval", "profit"))
"""First words of metrics' names that become sections of MLflow's page."""

_WORD = re.compile(r"[A-Za-z0-9 _.,:+\-/]{0,200}")


def checked_params(params: Mapping[str, Any]) -> dict[str, str]:
    """Parameters as MLflow keeps them, each name on the allow-list, each value a number, a date or plain words.

    Raises
    ------
    ValueError
        If a name is not on the list, or a value is something else.

    Examples
    --------
    >>> checked_params({"horizon": 90, "windows": (30, 90)})
    {'horizon': '90', 'windows': '30, 90'}
    """
    unknown = sorted(set(params) - PARAMS)
    if unknown:
        raise ValueError(f"not on the list of parameters a run may show: {', '.join(unknown)}")
    return {name: _plain(name, value) for name, value in params.items()}


def _plain(name: str, value: Any) -> str:
    if isinstance(value, str) or not isinstance(value, Iterable):
        text = str(value)
    else:
        text = ", ".join(str(v) for v in value)
        text = text if len(text) <= 200 else f"{len(list(value))} of them"
    if not _WORD.fullmatch(text):
        raise ValueError(f"parameter {name}: only numbers, dates and plain words may leave for MLflow")
    return text


def sections(metrics: Mapping[str, Any], prefix: str = "") -> dict[str, float]:
    """Metrics under the section MLflow's page shows them in; undefined ones are left out.

    Parameters
    ----------
    metrics
        Such as the ``metrics`` of ``train --json``: names begin with their section, mappings become deeper sections.

    Examples
    --------
    >>> sections({"churn_auc": 0.8, "value_bias": None, "baselines": {"past spend": {"value_gini": 0.7}}})
    {'churn/auc': 0.8, 'baselines/past spend/value_gini': 0.7}
    """
    found: dict[str, float] = {}
    for name, value in metrics.items():
        if isinstance(value, Mapping):
            found |= sections(value, f"{prefix}{name}/")
        elif isinstance(value, int | float) and math.isfinite(value):
            found[(prefix + name) if prefix or "/" in name else _sectioned(name)] = float(value)
    return found


def _sectioned(name: str) -> str:
    if name == "empc":  # the expected maximum profit of churn stands with the other money
        return "profit/empc"
    section, _, rest = name.partition("_")
    return f"{section}/{rest}" if section in SECTIONS and rest else name


def refuse_ids(content: Any, what: str) -> None:
    """Refuse tables and documents that could hold customers.

    Raises
    ------
    ValueError
        If a column or key is that of an id, or a table is as long as a list of customers.
    """
    names: set[str] = set()
    if isinstance(content, pd.DataFrame):
        names = {str(n).lower() for n in (*content.columns, *content.index.names)}
        if len(content) > MOST_TABLE_ROWS:
            raise ValueError(f"{what}: {len(content):,} rows; a table of groups has at most {MOST_TABLE_ROWS:,}")
    elif isinstance(content, Mapping):
        names = {str(n).lower() for n in content}
        for value in content.values():
            refuse_ids(value, what)
    elif isinstance(content, list | tuple):
        for value in content:
            refuse_ids(value, what)
    if barred := sorted(names & BARRED):
        raise ValueError(f"{what}: {', '.join(barred)} may not leave for MLflow")
