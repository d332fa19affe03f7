"""What the watch found, for people and for machines."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd

from hvc_ml.errors import GateFailed, ServiceError
from hvc_ml.explanation.formatting import money
from hvc_ml.monitoring.alerts import Alert, gain_in_words
from hvc_ml.monitoring.gain import GainChange
from hvc_ml.monitoring.ledger import LEDGER, Entry, Ledger, Realised

CHART: Final = "monitor.png"
MOST_SHOWN: Final = 10
"""Columns and lists that are shown."""


@dataclass(frozen=True)
class MonitorResult:
    """What the watch found.

    Parameters
    ----------
    entry
        Of the newest list.
    matured
        Of the newest list whose outcomes are known; None before the first.
    alerts
        What is beyond its limit; none, and all is well.
    inputs, risks
        Tables of `Reference.drift`.
    reference
        Cutoffs that the newest list was held against.
    change
        Why it promises more or less than the list before; None where there is none to compare with.
    before
        The name of that list.
    ledger
        Every list.
    folder
        Where ledger and chart lie.
    currency
        Of all money.
    unread
        Why some list's outcomes could not be looked at.
    run_id
        Of MLflow's run of the watch; None where it could not be recorded, and ``service_says`` why.
    """

    entry: Entry
    matured: Entry | None
    alerts: tuple[Alert, ...]
    inputs: pd.DataFrame = field(repr=False)
    risks: pd.DataFrame = field(repr=False)
    reference: tuple[date, ...]
    change: GainChange | None
    before: str | None
    ledger: Ledger = field(repr=False)
    folder: Path
    currency: str
    unread: Sequence[str] = ()
    run_id: str | None = None
    service_says: str = ""
    seconds: dict[str, float] = field(default_factory=dict)

    @property
    def exit_code(self) -> int:
        """7 where something is beyond its limit; 9 where only the record is missing; else 0."""
        if self.alerts:
            return GateFailed.exit_code
        return ServiceError.exit_code if self.service_says else 0

    def as_json(self) -> dict[str, Any]:
        """The result as plain values; undefined figures are null."""
        return {
            "list": self.entry.name,
            "cutoff": self.entry.cutoff,
            "model_version": self.entry.model_version,
            "breached": bool(self.alerts),
            "alerts": [alert.as_json() for alert in self.alerts],
            "drift": {"inputs": _rows(self.inputs), "risks": _rows(self.risks)},
            "reference": [cutoff.isoformat() for cutoff in self.reference],
            "gain": self._gain(),
            "performance": {
                "tested_auc": self.entry.tested_auc,
                "expected_auc": self.entry.expected_auc,
                "expected_brier": self.entry.expected_brier,
                "matured": None if self.matured is None else asdict(self.matured),
            },
            "n_lists": len(self.ledger.entries),
            "n_matured": sum(entry.realised is not None for entry in self.ledger.entries),
            "unread": list(self.unread),
            "ledger": str(self.folder / LEDGER),
            "chart": str(self.folder / CHART),
            "run_id": self.run_id,
            "service_says": self.service_says,
            "seconds": self.seconds,
        }

    def _gain(self) -> dict[str, Any]:
        if self.change is None:
            return {"now": self.entry.expected_gain, "before": None}
        shares = {"share": self.change.share, "share_beside_rest": self.change.share_beside_rest}
        return {"list_before": self.before, **asdict(self.change), **shares}

    @property
    def gain_says(self) -> str:
        """The change of expected gain in words; empty without a list to compare with, or where an alert tells it."""
        if self.change is None or any(alert.kind == "money" for alert in self.alerts):
            return ""
        return gain_in_words(self.change, self.money)

    def money(self, amount: float) -> str:
        """An amount in the currency of the orders."""
        return money(amount, self.currency)

    @property
    def furthest(self) -> pd.DataFrame:
        """The columns that are furthest on their way to their limit."""
        both = pd.concat([self.inputs, self.risks], ignore_index=True)
        order = np.argsort(-(both["psi"] / both["limit"]).to_numpy(), kind="stable")
        return both.iloc[order[:MOST_SHOWN]].reset_index(drop=True)

    @property
    def last(self) -> tuple[Entry, ...]:
        """The newest lists, one per day, the oldest first."""
        return self.ledger.by_day()[-MOST_SHOWN:]

    def list_rows(self) -> list[tuple[str, ...]]:
        """The newest lists as texts: cutoff, version, gain, risk; who left, AUC promised and come, coverage; drift."""
        return [self._list_row(entry, entry.realised) for entry in self.last]

    def _list_row(self, entry: Entry, came: Realised | None) -> tuple[str, ...]:
        return (
            entry.cutoff,
            entry.model_version,
            self.money(entry.expected_gain),
            f"{entry.mean_risk:.1%}",
            _told(came.churn_rate if came else None, ".1%"),
            _told(entry.expected_auc, ".3f"),
            _told(came.auc if came else None, ".3f"),
            _told(came.coverage if came else None, ".0%"),
            _told(None if entry.drifted is None else len(entry.drifted), ",d"),
        )

    def drift_rows(self) -> list[tuple[str, ...]]:
        """The columns furthest on their way as texts: index, limit, whether beyond it, medians, share missing."""
        return [
            (
                row["column"],
                f"{row['psi']:.3f}",
                f"{row['limit']:.3f}",
                "yes" if row["drifted"] else "",
                _told(row["then"], ".4g"),
                _told(row["now"], ".4g"),
                f"{row['missing_now']:.0%}",
            )
            for row in self.furthest.to_dict("records")
        ]


def _told(value: float | None, form: str) -> str:
    """A figure; nothing where it is not known."""
    return "" if value is None or value != value else format(value, form)  # noqa: PLR0124 # NaN


def _rows(table: pd.DataFrame) -> list[dict[str, Any]]:
    rounded = table.round(6).astype(object)
    records = rounded.where(table.notna(), None).to_dict("records")
    return [{str(name): value for name, value in record.items()} for record in records]
