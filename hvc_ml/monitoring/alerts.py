"""What is worth waking somebody for: figures beyond their limits, in words and where it can be in money."""

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from typing import Any, Final

import pandas as pd

from hvc_ml.monitoring.gain import GainChange
from hvc_ml.monitoring.ledger import Entry
from hvc_ml.monitoring.settings import MonitorSettings

Money = Callable[[float], str]

SURE: Final = 3.0
"""Standard errors: outcomes of one month are looked at every night, so that twice the error would often be passed."""

MOST_NAMED: Final = 5
"""Columns that a sentence names."""


@dataclass(frozen=True)
class Alert:
    """One figure beyond its limit.

    Parameters
    ----------
    kind
        ``inputs``, ``risks``, ``money``, ``auc``, ``calibration``, ``coverage`` or ``value``.
    says
        What happened, in numbers, and what to do.
    found, limit
        The figure and what it may be.
    """

    kind: str
    says: str
    found: float
    limit: float

    def as_json(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self)


def drift_alerts(inputs: pd.DataFrame, risks: pd.DataFrame) -> Iterator[Alert]:
    """Columns of `Reference.drift` that are beyond their limit: inputs together, risks together."""
    doing = {
        "inputs": "Look at how they are loaded; train again if the customers have changed.",
        "risks": "The model sees customers unlike those it was fitted on: train again.",
    }
    for kind, table in (("inputs", inputs), ("risks", risks)):
        far = table[table["drifted"]]
        if len(far):
            worst = far.iloc[0]
            says = f"{len(far):,} of {len(table):,} {kind} have drifted: {_named(far)}. {doing[kind]}"
            yield Alert(kind, says, float(worst["psi"]), float(worst["limit"]))


def money_alerts(change: GainChange | None, limits: MonitorSettings, money: Money) -> Iterator[Alert]:
    """A list that promises much less than the one before it, and why."""
    if change is None or -change.share_beside_rest <= limits.money:
        return
    yield Alert("money", gain_in_words(change, money), change.share_beside_rest, -limits.money)


def gain_in_words(change: GainChange, money: Money) -> str:
    """How much more or less a list promises than the one before it, and why.

    Examples
    --------
    >>> change = GainChange(100.0, 72.0, -10.0, -10.0, -10.0, model=2.0, came=1, left=3)
    >>> gain_in_words(change, lambda amount: f"{amount:.0f}").split(". ")[0]
    "This list's expected gain is down 28%: 72 after 100"
    """
    way = "up" if change.share > 0.0 else "down"
    moved = f"is {way} {abs(change.share):.0%}" if round(abs(change.share), 2) else "is as it was"
    says = f"This list's expected gain {moved}: {money(change.now)} after {money(change.before)}."
    return f"{says} {split_in_words(change, money)}"


def split_in_words(change: GainChange, money: Money) -> str:
    """Where a change of expected gain comes from, in words.

    Examples
    --------
    >>> change = GainChange(100.0, 72.0, -10.0, -10.0, -10.0, model=2.0, came=1, left=3)
    >>> split_in_words(change, lambda amount: f"{amount:+.0f}")
    'Customers who came (1) or left (3) -10, those who rest -10, figures of the others -10, the model +2.'
    """
    model = "" if change.model is None else f", the model {money(change.model)}"
    return (
        f"Customers who came ({change.came:,}) or left ({change.left:,}) {money(change.customers)}, "
        f"those who rest {money(change.resting)}, "
        f"figures of the others {money(change.figures)}{model}."
    )


def promise_alerts(entry: Entry, limits: MonitorSettings) -> Iterator[Alert]:
    """Risks that promise a worse order than the model reached on its test, before anyone knows who left."""
    if entry.expected_auc is None or entry.tested_auc is None:
        return
    least = entry.tested_auc - limits.auc
    if entry.expected_auc < least:
        says = (
            f"The risks of this list promise a churn AUC of {entry.expected_auc:.3f}; the model reached "
            f"{entry.tested_auc:.3f} on its test. Customers are harder to tell apart than they were: look at the drift."
        )
        yield Alert("auc", says, entry.expected_auc, least)


def realised_alerts(entry: Entry, limits: MonitorSettings, coverage: float, money: Money) -> Iterator[Alert]:
    """What a matured list did not keep of its promises."""
    came = entry.realised
    if came is None:
        return
    of = f"list of {entry.cutoff}"
    if came.promised_auc is not None and came.auc is not None and came.auc_high is not None:
        least = came.promised_auc - limits.auc
        if came.auc < least and came.auc_high < came.promised_auc:
            says = f"The {of} reached a churn AUC of {came.auc:.3f}; its risks promised {came.promised_auc:.3f}."
            yield Alert("auc", f"{says} Train again.", came.auc, least)
    if abs(came.churn_gap) > max(limits.calibration, SURE * came.churn_gap_error):
        rate = f"{came.churn_rate:.1%} left, the risks said {came.churn_rate + came.churn_gap:.1%}"
        says = f"The {of}: {rate}. Money at risk is off by as much: train again."
        yield Alert("calibration", says, came.churn_gap, limits.calibration)
    if coverage - came.coverage > max(limits.calibration, SURE * came.coverage_error):
        says = f"The {of}: {came.coverage:.0%} of the outcomes lie in intervals made for {coverage:.0%}. Train again."
        yield Alert("coverage", says, came.coverage, coverage - limits.calibration)
    if came.value_bias is not None and abs(came.value_bias) > limits.money:
        forecast = came.value * (1.0 + came.value_bias)
        says = f"The {of}: {money(came.value)} came, {money(forecast)} were forecast. Train again."
        yield Alert("value", says, came.value_bias, limits.money)


def _named(far: pd.DataFrame) -> str:
    """The columns that moved most, each with its index and medians."""
    told = [_told(row) for _, row in far.head(MOST_NAMED).iterrows()]
    more = f" and {len(far) - MOST_NAMED:,} more" if len(far) > MOST_NAMED else ""
    return f"{', '.join(told)}{more}"


def _told(row: pd.Series) -> str:
    medians = f"; median {row['then']:.4g}, now {row['now']:.4g}" if pd.notna(row["then"]) else ""
    missing = row["missing_now"] - row["missing_then"]
    lost = f"; missing {row['missing_now']:.0%}, before {row['missing_then']:.0%}" if missing > 0.05 else ""
    return f"{row['column']} (index {row['psi']:.2f}, limit {row['limit']:.2f}{medians}{lost})"
