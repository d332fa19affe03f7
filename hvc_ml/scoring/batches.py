"""Score and explain rows a batch at a time: what is said of a row does not depend on the batch it stands in."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from hvc_ml.explanation.families import family_amounts
from hvc_ml.explanation.money import round_to_cents, value_at_risk_amounts
from hvc_ml.explanation.reasons import Speakers, speakers
from hvc_ml.features.feature import FAMILIES
from hvc_ml.scoring.model import CustomerModel
from hvc_ml.tables.schema import CUSTOMER

Floats = NDArray[np.float64]

PRIOR: Final = "prior"
PRIOR_FAMILY: Final = "rhythm"
"""What the prior says is a function of how often, how long ago and how much: the buying rhythm."""

MONEY: Final = ("value_if_kept", "future_value", "future_value_low", "future_value_high")

ROWS: Final = 50_000
"""Rows of a batch: some hundred megabytes of contributions, and few enough batches that their overhead is nothing."""


@dataclass(frozen=True)
class Scored:
    """What is said of some rows.

    Parameters
    ----------
    figures
        The columns of `score_batch`, but for the customer and the strongest features; the index of the rows.
    families
        Money at risk per family of reasons, unrounded, without prefix.
    told_by
        Which feature speaks for each family.
    """

    figures: pd.DataFrame
    families: pd.DataFrame
    told_by: Speakers


def score_batch(model: CustomerModel, batch: pa.RecordBatch | pa.Table) -> pa.RecordBatch:
    """Score and explain one batch of a panel; it can run wherever the batch is, on Spark through ``mapInArrow``.

    Parameters
    ----------
    model
        The champion.
    batch
        The model's features by name, in any order; ``customer_id`` is passed through, further columns are not read.

    Returns
    -------
    RecordBatch
        One row per row of ``batch``, in its order, with the columns of ``scores.parquet`` but ``tier``, which takes all
        customers to tell: ``customer_id`` (where the batch has it); ``churn_risk`` to six decimals; ``value_if_kept``,
        ``future_value`` and its interval, ``value_at_risk``, ``base_amount`` and ``amount_<family>`` to the cent,
        where base and amounts add up to the value at risk; what else the model says (`further_figures`). Then, for
        each family, ``strongest_<family>``: the feature that adds most to the risk in it, null where none adds.

    Raises
    ------
    ModelRefused
        If features are missing or of another type, or contributions do not add up.
    GateFailed
        If a prediction is out of range.

    Notes
    -----
    The columns are the same for every batch of a model, also for one without rows: ``score_batch(model,
    batch.slice(0, 0)).schema`` tells them. ``downgrade_risk`` and ``upgrade_chance`` are told of everyone; whoever is
    in the last tier cannot fall, and whoever is in the best cannot rise.

    Examples
    --------
    On Spark, with the model's folder on every worker::

        def scored(batches):
            model = CustomerModel.load(folder)
            yield from (score_batch(model, batch) for batch in batches)


        panel.mapInArrow(scored, schema)
    """
    frame = batch.to_pandas()
    scored = score_rows(model, frame)
    figures = {str(name): pa.array(values) for name, values in scored.figures.items()}
    return pa.RecordBatch.from_pydict({**_named(batch), **figures, **_strongest(scored)})


def score_rows(model: CustomerModel, frame: pd.DataFrame) -> Scored:
    """Score and explain rows: prediction and contributions once each, everything else follows from them.

    Parameters
    ----------
    model
        The champion.
    frame
        Its features; all rows at once, see `in_batches`.
    """
    said, explained = model.predict_and_explain(frame)
    at_risk = said["churn_risk"].to_numpy() * said["value_if_kept"].to_numpy()
    names, belongs = [*model.info.features, PRIOR], families_of(model)
    base, amounts = _money(explained, names)
    families = _ordered(family_amounts(amounts, names, belongs))
    told_by = speakers(amounts, names, [*map(str, families)], belongs)
    base_cents, cents = round_to_cents(base, families.to_numpy(), at_risk)
    figures = {
        "churn_risk": said["churn_risk"].round(6),
        **{name: said[name].round(2) + 0.0 for name in MONEY},
        "value_at_risk": np.rint(at_risk * 100) / 100 + 0.0,  # as its parts are rounded, so that they add up
        "base_amount": base_cents + 0.0,
        **{f"amount_{name}": cents[:, i] + 0.0 for i, name in enumerate(families)},
    }
    table = pd.concat([pd.DataFrame(figures, index=frame.index), further_figures(said)], axis=1)
    return Scored(table, families.set_axis(frame.index, axis=0), told_by)


def further_figures(said: pd.DataFrame) -> pd.DataFrame:
    """What a model says beside risk and money: risk over shorter stretches, the day to act by, moves between tiers.

    Returns
    -------
    DataFrame
        ``churn_risk_30d`` and so on, ``act_before_days`` (whole days from the cutoff), ``downgrade_risk``,
        ``upgrade_chance``; chances to six decimals; columns as far as the model has them.
    """
    found = said.drop(columns=["churn_risk", *MONEY]).round(6)
    return found.astype({"act_before_days": np.int64}) if "act_before_days" in found else found


def feature_amounts(model: CustomerModel, features: pd.DataFrame) -> pd.DataFrame:
    """Money at risk per feature: rows as ``features``, columns the model's features and ``prior``."""
    names = [*model.info.features, PRIOR]
    return pd.DataFrame(_money(model.contributions(features), names)[1], columns=names, index=features.index)


def families_of(model: CustomerModel) -> dict[str, str]:
    """Every column of the contributions -> its family of reasons."""
    return {**model.info.families, PRIOR: PRIOR_FAMILY}


def in_batches(panel: pa.Table, rows: int = ROWS) -> Iterator[pd.DataFrame]:
    """The rows of a panel as frames of at most so many rows, one at a time; one without rows if there are none."""
    starts: Iterable[int] = range(0, max(panel.num_rows, 1), rows)
    return (panel.slice(start, rows).to_pandas() for start in starts)


def _money(explained: Any, names: list[str]) -> tuple[Floats, Floats]:
    """Base amount, shape (n,), and amount per feature, shape (n, k)."""
    churn, value = explained
    return value_at_risk_amounts(
        churn.base, churn.phi[names].to_numpy(), churn.link, value.base, value.phi[names].to_numpy(), value.link
    )


def _ordered(families: pd.DataFrame) -> pd.DataFrame:
    """Families in the catalog's order, then those it does not know."""
    known = [f for f in FAMILIES if f in families]
    return families[[*known, *(f for f in families if f not in known)]]


def _named(batch: pa.RecordBatch | pa.Table) -> dict[str, Any]:
    """The customers of a batch as they stand in it, where it has them."""
    if CUSTOMER not in batch.schema.names:
        return {}
    ids = batch.column(CUSTOMER)
    return {CUSTOMER: ids.combine_chunks() if isinstance(ids, pa.ChunkedArray) else ids}


def _strongest(scored: Scored) -> dict[str, Any]:
    """Each family's speaker by name."""
    names, places = pa.array([*scored.told_by.names], pa.string()), scored.told_by.places
    return {
        f"strongest_{family}": names.take(pa.array(places[:, j], mask=places[:, j] < 0))
        for j, family in enumerate(scored.families)
    }
