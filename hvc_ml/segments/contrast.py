"""What sets high-value customers apart from the others: standardised differences, the largest first."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

COLUMNS = ("feature", "level", "family", "high_value", "others", "difference")


def contrast(features: pd.DataFrame, chosen: pd.Series, families: Mapping[str, str]) -> pd.DataFrame:
    """Standardised difference of every feature between two groups; far from 0 means far apart.

    Numbers: the difference of means over ``sqrt((v1 + v0) / 2)``, v the sample variances; texts: for each value the
    difference of shares over ``sqrt((p1 (1 - p1) + p0 (1 - p0)) / 2)``. Unknown figures are left out.

    Parameters
    ----------
    features
        One row per customer.
    chosen
        Whether the customer is high-value, with the same index.
    families
        Feature -> family; columns that are not in it are left out.

    Returns
    -------
    DataFrame
        ``feature``, ``level`` (of a text; empty for numbers), ``family``, ``high_value`` and ``others`` (means or
        shares), ``difference``; sorted by its size, ties by name. Features that do not vary are left out.

    References
    ----------
    Austin (2009), "Balance diagnostics for comparing the distribution of baseline covariates between treatment groups
    in propensity-score matched samples", Statistics in Medicine 28.

    Examples
    --------
    >>> features = pd.DataFrame({"orders": [5.0, 7.0, 1.0, 3.0], "age": [3.0, 4.0, 4.0, 3.0]})
    >>> contrast(features, pd.Series([True, True, False, False]), {"orders": "frequency", "age": "profile"})
      feature level     family  high_value  others  difference
    0  orders        frequency         6.0     2.0    2.828427
    1     age          profile         3.5     3.5    0.000000
    """
    names = [str(c) for c in features if c in families]
    numbers = [c for c in names if pd.api.types.is_numeric_dtype(features[c])]
    parts = [_numbers(features[numbers], chosen)]
    parts += [_levels(features[name], chosen) for name in names if name not in numbers]
    found = pd.concat(parts, ignore_index=True)
    found = found.assign(family=found["feature"].map(dict(families)), size=-found["difference"].abs())
    kept = found.loc[np.isfinite(found["difference"])]
    ranked: pd.DataFrame = kept.sort_values(["size", "feature", "level"], ignore_index=True)
    return ranked.loc[:, list(COLUMNS)]


def _numbers(values: pd.DataFrame, chosen: pd.Series) -> pd.DataFrame:
    inside, outside = values[chosen], values[~chosen]
    means = [part.mean().to_numpy(np.float64) for part in (inside, outside)]
    variances = [part.var().to_numpy(np.float64) for part in (inside, outside)]
    return _frame(list(map(str, values)), [""] * values.shape[1], *means, *variances)


def _levels(texts: pd.Series, chosen: pd.Series) -> pd.DataFrame:
    counts = pd.crosstab(texts, chosen).reindex(columns=[True, False], fill_value=0)
    with np.errstate(invalid="ignore"):
        high, others = (counts[side].to_numpy(np.float64) / counts[side].sum() for side in (True, False))
    levels = [str(level) for level in counts.index]
    return _frame([str(texts.name)] * len(levels), levels, high, others, high * (1 - high), others * (1 - others))


def _frame(
    names: list[str],
    levels: list[str],
    high: NDArray[np.float64],
    others: NDArray[np.float64],
    v1: NDArray[np.float64],
    v0: NDArray[np.float64],
) -> pd.DataFrame:
    with np.errstate(divide="ignore", invalid="ignore"):
        difference = (high - others) / np.sqrt((v1 + v0) / 2)
    return pd.DataFrame(
        {"feature": names, "level": levels, "high_value": high, "others": others, "difference": difference}
    )
