"""Tonight's figures, and what the model says of them, beside those it was fitted on."""

from dataclasses import dataclass, replace
from datetime import date
from functools import partial
from typing import Final

import numpy as np
import pandas as pd
import pyarrow as pa

from hvc_ml.monitoring.drift import Reference
from hvc_ml.scoring.model import CustomerModel
from hvc_ml.tables.schema import CUSTOMER
from hvc_ml.workflows.shop import Shop

MOST_ROWS: Final = 20_000
"""Rows of either side that are looked at: an even sample, in which an index of 0.2 is far beyond chance."""

RISKS: Final = ("churn_risk", "value_if_kept", "future_value")
_MOMENT: Final = "__moment"


@dataclass(frozen=True)
class Inputs:
    """What `Reference.drift` found.

    Parameters
    ----------
    inputs, risks
        Tables of `Reference.drift`: of the model's features, and of what it says.
    churn_risk
        Of everyone who was looked at, whether they may be contacted or not.
    panel
        ``customer_id`` and features of all customers.
    reference
        Cutoffs that tonight was held against.
    """

    inputs: pd.DataFrame
    risks: pd.DataFrame
    churn_risk: pd.Series
    panel: pa.Table
    reference: tuple[date, ...]


def inputs_of(shop: Shop, model: CustomerModel, cutoff: date, floor: float) -> Inputs:
    """Hold the customers of a cutoff against those the model was fitted on.

    Parameters
    ----------
    model
        That made the list.
    cutoff
        Of the list.
    floor
        ``monitor.drift``.

    Raises
    ------
    NotEnoughData
        If nobody is eligible at the cutoff.
    """
    moments = reference_cutoffs(shop, model)
    before = _reference(shop, moments)
    panel = shop.panel(cutoff)
    now = _even(panel, MOST_ROWS)
    said, said_before = model.predict(now), model.predict(before)
    known = partial(Reference.of, moment=before[_MOMENT], customer=before[CUSTOMER])
    names = list(model.info.features)
    return Inputs(
        inputs=known(before[names]).drift(now[names], floor=floor),
        risks=known(said_before[[*RISKS]]).drift(said[[*RISKS]], floor=floor),
        churn_risk=said["churn_risk"],
        panel=panel,
        reference=moments,
    )


def reference_cutoffs(shop: Shop, model: CustomerModel) -> tuple[date, ...]:
    """The cutoffs that a model was fitted and calibrated on: what it knows."""
    trained_at = date.fromisoformat(str(model.meta.get("trained_at", shop.now.isoformat())))
    split = replace(shop.timeline, end=trained_at).split(trained_at)
    return split.fit + split.calibrate or (trained_at,)


def _reference(shop: Shop, moments: tuple[date, ...]) -> pd.DataFrame:
    """Rows of these cutoffs, at most as many of each; one panel at a time is held in memory."""
    most = max(1, MOST_ROWS // len(moments))
    frames = [
        _even(shop.partitions((moment,))[moment].panel, most).assign(**{_MOMENT: moment.isoformat()})
        for moment in moments
    ]
    return pd.concat(frames, ignore_index=True)


def _even(panel: pa.Table, most: int) -> pd.DataFrame:
    """At most so many rows, evenly over the ids; the same each time."""
    rows = panel.num_rows
    found = panel if rows <= most else panel.take(np.linspace(0, rows - 1, most).astype(np.int64))
    frame: pd.DataFrame = found.to_pandas()
    return frame
