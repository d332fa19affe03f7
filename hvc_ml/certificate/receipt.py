"""The certificate: what was tried, what moved, and hashes by which it can be checked."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

FORMAT: Final = 1
MOST_NAMED: Final = 5
"""Columns that a message names; the receipt has all of them."""


@dataclass(frozen=True)
class Finding:
    """Something that moved although it may not.

    Parameters
    ----------
    cutoff
        Whose partition moved.
    perturbation
        What was done to what is later than it, or than a later cutoff.
    table
        ``panel``, or one of the prior's statistics.
    column
        The feature; ``customer_id`` where customers came or went; ``rows`` of the prior's statistics.
    n
        Cells, customers or rows that differ, over all cutoffs whose future was changed.
    """

    cutoff: date
    perturbation: str
    table: str
    column: str
    n: int


@dataclass(frozen=True)
class Certificate:
    """What a check for leakage found.

    Parameters
    ----------
    cutoffs
        Whose later rows were changed.
    n_customers, n_cells_compared
        Customers drawn, and cells of the panel that were compared, over all cutoffs and perturbations.
    changed
        Perturbation -> rows that it changed; 0 where the business has none of that kind.
    perturbations
        Every one that was tried.
    findings
        What moved.
    canaries, missed
        How many planted leaks had to be seen, and those that were not.
    unchecked
        What no check of this kind can see, in words.
    hashes
        Of data, settings, panel and code, as hexadecimal SHA-256.
    """

    cutoffs: tuple[date, ...]
    n_customers: int
    n_cells_compared: int
    changed: Mapping[str, int]
    findings: tuple[Finding, ...]
    canaries: int
    missed: tuple[str, ...]
    unchecked: tuple[str, ...] = ()
    hashes: Mapping[str, str] = field(default_factory=dict)

    @property
    def passed(self) -> bool:
        """Nothing moved, there was something to move, and the checker saw every leak that was planted for it."""
        return not self.findings and not self.missed and self.canaries > 0 and self.n_cells_compared > 0

    @property
    def perturbations(self) -> dict[str, int]:
        """Perturbation -> differences."""
        return {name: sum(f.n for f in self.findings if f.perturbation == name) for name in self.changed}

    @property
    def says(self) -> str:
        """The result in one line."""
        if self.missed:
            return (
                f"the leakage checker is blind: {len(self.missed)} of {self.canaries} planted leaks were not seen "
                f"({', '.join(self.missed[:MOST_NAMED])}). Its certificate would mean nothing."
            )
        if not (self.n_cells_compared and self.canaries):
            return "leakage: nothing could be compared, as no drawn customer is eligible at the cutoffs."
        moments = f"{len(self.cutoffs)} cutoff{'s' * (len(self.cutoffs) != 1)}"
        tried = f"{self.n_cells_compared:,} cells of {self.n_customers:,} customers at {moments}"
        if self.passed:
            return f"No leakage: {tried} stayed the same to the last bit when everything later was changed."
        return f"leakage: {self._moved()} when what lies after a cutoff is {self._how()} ({tried} were compared)."

    @property
    def verdict(self) -> str:
        """The result and the receipt's hash, short enough for a tag."""
        return f"{'passed' if self.passed else 'failed'} {self.as_json()['hashes']['receipt'][:12]}"

    def _moved(self) -> str:
        columns = list(dict.fromkeys(_in_words(f) for f in self.findings))
        more = f" and {len(columns) - MOST_NAMED} more" if len(columns) > MOST_NAMED else ""
        return f"{', '.join(columns[:MOST_NAMED])}{more} moved"

    def _how(self) -> str:
        return ", ".join(name for name, n in self.perturbations.items() if n)

    def as_json(self) -> dict[str, Any]:
        """The receipt, without a customer's id or value; ``hashes.receipt`` is that of all the rest."""
        document: dict[str, Any] = {
            "format": FORMAT,
            "passed": self.passed,
            "says": self.says,
            "n_cells_compared": self.n_cells_compared,
            "n_customers": self.n_customers,
            "cutoffs": [c.isoformat() for c in self.cutoffs],
            "perturbations": self.perturbations,
            "rows_changed": dict(self.changed),
            "findings": [{**vars(f), "cutoff": f.cutoff.isoformat()} for f in self.findings],
            "canaries": {"planted": self.canaries, "missed": list(self.missed)},
            "unchecked": list(self.unchecked),
            "hashes": dict(self.hashes),
        }
        document["hashes"]["receipt"] = digest(document)
        return document


def digest(content: Any) -> str:
    """SHA-256 of plain values, whatever the order of their keys.

    Examples
    --------
    >>> digest({"a": 1, "b": 2}) == digest({"b": 2, "a": 1})
    True
    """
    text = json.dumps(content, sort_keys=True, ensure_ascii=False, allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def is_genuine(receipt: Mapping[str, Any]) -> bool:
    """Whether a receipt is as it was written: its last hash is that of all the rest.

    Examples
    --------
    >>> receipt = Certificate((), 0, 0, {}, (), 0, ()).as_json()
    >>> is_genuine(receipt), is_genuine({**receipt, "passed": True})
    (True, False)
    """
    hashes = dict(receipt.get("hashes", {}))
    said = hashes.pop("receipt", None)
    return bool(said == digest({**receipt, "hashes": hashes}))


def _in_words(finding: Finding) -> str:
    if finding.table != "panel":
        return f"the prior's {finding.table}"
    return "the set of customers" if finding.column == "customer_id" else finding.column
