"""Parts of the customers by their attributes: who is in them, how the model does there, and what is kept of it.

Names of parts are values of customer data: they stay beside the project, and MLflow sees numbers in their place.
"""

import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any, Final

import numpy as np
import pandas as pd

from hvc_ml.config import Project
from hvc_ml.evaluation.slices import Slice, slices
from hvc_ml.publish import make_private_directory, write_bytes_atomic
from hvc_ml.workflows.backtest import Backtest
from hvc_ml.workflows.contact_rules import _attributes
from hvc_ml.workflows.evaluate import slice_labels
from hvc_ml.workflows.shop import Shop

MOST: Final = 12
"""Values of an attribute that are looked at, the most frequent ones; all rarer ones together."""
REST: Final = "others"
UNKNOWN: Final = "unknown"
QUARTERS: Final = 4
"""Parts that a number with many values is cut into, of about as many customers each."""


def sliced(shop: Shop, test: Backtest) -> tuple[Slice, ...]:
    """Measure the model on parts of the test's customers: tiers, tenure, what was learned from, and ``slices.by``."""
    config = shop.project.config
    labels = slice_labels(test, config).join(attribute_labels(shop, test.actual["customer_id"]))
    return slices(test.actual, test.predictions, test.rules, labels, seed=config.model.seed)


def attribute_labels(shop: Shop, customers: pd.Series) -> pd.DataFrame:
    """The part of each customer, as attributes are known today.

    Parameters
    ----------
    customers : Series of str
        Ids.

    Returns
    -------
    DataFrame
        One categorical column per name of ``slices.by``; rows and index as ``customers``.
    """
    names = shop.project.config.slices.by
    table = _attributes(shop, names, customers)
    return pd.DataFrame({name: parted(table[name]) for name in names}, index=customers.index)


def parted(values: pd.Series) -> "pd.Categorical[str]":
    """The part that each value belongs to, the most frequent part first.

    Examples
    --------
    >>> parted(pd.Series(["f", "m", None, "m"])).tolist()
    ['f', 'm', 'unknown', 'm']
    >>> [*parted(pd.Series(range(20, 60))).categories]
    ['20 to 29', '30 to 39', '40 to 49', '50 to 59']
    """
    known = values.notna()
    if pd.api.types.is_numeric_dtype(values) and values[known].nunique() > MOST:
        return _quarters(values.astype(np.float64))
    texts = values.astype(object).where(known, UNKNOWN).astype(str)
    counts = texts.value_counts()
    order = sorted(counts.index, key=lambda name: (-counts[name], name))
    kept = order if len(order) <= MOST else [*order[: MOST - 1], REST]
    return pd.Categorical(texts.where(texts.isin(kept), REST), kept)


def numbered(found: Sequence[Slice], by: Sequence[str]) -> tuple[Slice, ...]:
    """The same with numbers in place of an attribute's values, the largest part first; the others as they are.

    Parts of an attribute that were too small to be measured are left out.

    Examples
    --------
    >>> parts = [Slice("tier", "Gold", 9, 9), Slice("town", "Ulm", 5, 5, ("2026-01-01",)), Slice("town", "Bonn", 1, 1)]
    >>> [s.name for s in numbered(parts, ["town"])]
    ['Gold', 'part 1']
    """
    others = [part for part in found if part.by not in by]
    measured = [[part for part in found if part.by == name and part.cutoffs] for name in by]
    return (*others, *(replace(part, name=f"part {i}") for parts in measured for i, part in enumerate(parts, start=1)))


def spread(found: Sequence[Slice], by: Sequence[str]) -> dict[str, dict[str, float]]:
    """Attribute -> how far apart the model's figures lie between its parts, for a record that may name none of them.

    Returns
    -------
    dict
        ``parts`` that were measured; ``lowest_chosen`` and ``lowest_reached`` as a share of the highest;
        ``largest_gap`` of mean risk and share that left; ``lowest_auc``. Unknown ones are NaN.
    """
    told = {name: [s for s in found if s.by == name and s.cutoffs] for name in by}
    return {name: _spread(parts) for name, parts in told.items() if parts}


def keep_slices(project: Project, digest: str, found: Iterable[Slice]) -> None:
    """Keep what was measured, for the books of the lists that this model will make.

    Raises
    ------
    OutputError
        If it cannot be written.
    """
    make_private_directory(project.monitoring)
    text = json.dumps([s.as_json() for s in found], indent=1, sort_keys=True, ensure_ascii=False, allow_nan=False)
    write_bytes_atomic(project.monitoring / f"slices_{digest[:16]}.json", (text + "\n").encode())


def kept_slices(project: Project, digest: str) -> list[dict[str, Any]]:
    """What was measured of a model, as `Slice.as_json` wrote it; nothing where it was trained elsewhere or earlier."""
    try:
        found: list[dict[str, Any]] = json.loads((project.monitoring / f"slices_{digest[:16]}.json").read_bytes())
    except (OSError, ValueError):
        return []
    return found


def _quarters(values: pd.Series) -> "pd.Categorical[str]":
    known = values[np.isfinite(values)]
    cuts = np.unique(np.quantile(known, np.linspace(0.0, 1.0, QUARTERS + 1)[1:-1], method="higher"))
    place = pd.Series(np.searchsorted(cuts, values.to_numpy(np.float64), side="right"), index=values.index)
    ends = known.groupby(place.loc[known.index]).agg(["min", "max"])
    names = {i: f"{low:g} to {high:g}" for i, low, high in ends.itertuples()}
    texts = place.map(names).where(np.isfinite(values), UNKNOWN)
    return pd.Categorical(texts, [*names.values(), *([UNKNOWN] if len(known) < len(values) else [])])


def _spread(parts: Sequence[Slice]) -> dict[str, float]:
    return {
        "parts": float(len(parts)),
        "lowest_chosen": _lowest([s.chosen for s in parts]),
        "lowest_reached": _lowest([s.reached for s in parts]),
        "largest_gap": max(abs(s.model["churn_bias"].mid) for s in parts),
        "lowest_auc": min((s.model["churn_auc"].mid for s in parts), key=lambda auc: math.inf if auc != auc else auc),  # noqa: PLR0124 # NaN
    }


def _lowest(shares: Sequence[float]) -> float:
    """The lowest share over the highest one that is known."""
    known = [share for share in shares if math.isfinite(share)]
    return min(known) / max(known) if known and max(known) > 0.0 else math.nan
