"""The ledger: one entry per published list, with what it promised and what came true; figures of many, no customer."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any, Final, Self

from hvc_ml.errors import DataError
from hvc_ml.publish import write_bytes_atomic

LEDGER: Final = "ledger.json"
NAME: Final = "ledger_1"
"""What the file calls its entries: another format has another name."""


@dataclass(frozen=True)
class Realised:
    """What became of the customers of a list, once its horizon was over and settled.

    Parameters
    ----------
    counted
        On whom: ``everyone``, or, where the list was worked, ``not contacted``: those it left out and its holdout,
        which stands for all of the list.
    n
        How many they are.
    churn_rate
        Share that left; ``churn_gap`` is their mean risk minus it, ``churn_gap_error`` its standard error.
    promised_auc
        What the risks of the same customers promised.
    auc, auc_low, auc_high
        Churn AUC with its 95 % interval by customer.
    brier, ece
        Squared error, and calibration error in tenths.
    coverage, coverage_error
        Share of outcomes inside their interval, and its standard error.
    value, value_bias
        Money that came, and by which share the forecast was above it.
    value_gini
        Order of the customers by value.
    """

    counted: str
    n: int
    churn_rate: float
    churn_gap: float
    churn_gap_error: float
    promised_auc: float | None
    auc: float | None
    auc_low: float | None
    auc_high: float | None
    brier: float
    ece: float | None
    coverage: float
    coverage_error: float
    value: float
    value_bias: float | None
    value_gini: float | None


@dataclass(frozen=True)
class Entry:
    """One published list.

    Parameters
    ----------
    name
        Of its folder.
    cutoff
        ISO date.
    model_version, model_sha256, scores_sha256
        Which model made which predictions: `scores.parquet` of the list holds them, and this is its hash.
    n_scored, n_listed, n_holdout
        Customers.
    expected_gain, value_at_risk, future_value
        Money promised: by the list, and over everyone scored.
    mean_risk
        Of everyone scored.
    expected_auc, expected_brier
        What the risks say of their own quality.
    tested_auc
        What the model reached on its test.
    drifted, worst_drift
        Columns beyond their limit, and the largest index as a share of its limit; None where nobody looked.
    realised
        None until the horizon is over.
    alerts
        What the watch found beyond its limit while this was the newest list, in words; None where nobody looked.
    gain_says
        Why it promises more or less than the list before; empty where there was none to compare with.
    """

    name: str
    cutoff: str
    model_version: str
    model_sha256: str
    scores_sha256: str
    n_scored: int
    n_listed: int
    n_holdout: int
    expected_gain: float
    value_at_risk: float
    future_value: float
    mean_risk: float
    expected_auc: float | None
    expected_brier: float | None
    tested_auc: float | None
    drifted: tuple[str, ...] | None = None
    worst_drift: float | None = None
    realised: Realised | None = None
    alerts: tuple[str, ...] | None = None
    gain_says: str = ""

    @property
    def day(self) -> date:
        """The cutoff."""
        return date.fromisoformat(self.cutoff)

    @classmethod
    def from_json(cls, said: Mapping[str, Any]) -> Self:
        """Read what ``asdict`` wrote."""
        realised = said["realised"]
        lists = {name: None if said.get(name) is None else tuple(said[name]) for name in ("drifted", "alerts")}
        return cls(**{**said, **lists, "realised": None if realised is None else Realised(**realised)})


@dataclass(frozen=True)
class Ledger:
    """Entries in the order in which the lists became known.

    Examples
    --------
    >>> Ledger().entries
    ()
    """

    entries: tuple[Entry, ...] = field(default_factory=tuple)

    def get(self, name: str) -> Entry | None:
        """The entry of a list."""
        return next((entry for entry in self.entries if entry.name == name), None)

    def with_entry(self, entry: Entry) -> Self:
        """The ledger with an entry in place of the one of that name, or at its end."""
        if self.get(entry.name) is None:
            return replace(self, entries=(*self.entries, entry))
        return replace(self, entries=tuple(entry if e.name == entry.name else e for e in self.entries))

    def by_day(self) -> tuple[Entry, ...]:
        """One entry per cutoff, the oldest first: of several lists of a day the one that became known last."""
        newest = {entry.cutoff: entry for entry in self.entries}
        return tuple(newest[cutoff] for cutoff in sorted(newest))

    def write(self, path: Path) -> None:
        """Write the ledger, whole or not at all; the same entries give the same bytes."""
        said = {NAME: [asdict(entry) for entry in self.entries]}
        text = json.dumps(said, indent=1, sort_keys=True, ensure_ascii=False, allow_nan=False)
        write_bytes_atomic(path, (text + "\n").encode())

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read a ledger; an empty one where there is no file.

        Raises
        ------
        DataError
            If it cannot be read.
        """
        try:
            rows: Iterable[Mapping[str, Any]] = json.loads(path.read_bytes())[NAME]
            return cls(tuple(Entry.from_json(row) for row in rows))
        except FileNotFoundError:
            return cls()
        except (OSError, ValueError, KeyError, TypeError):
            raise DataError(
                f"{path}: the ledger of past lists is damaged. Restore it from a backup, or remove it: it is made anew "
                "from the lists that are still there."
            ) from None
