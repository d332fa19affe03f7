"""What churn could mean: the same customers under every active window and horizon, and the definition proposed.

All cells are measured on the same rows: the same cutoffs, each watched for the same number of days. Cells then differ
by their definition alone, and for the same active customers the churn rate and the share that comes back can only fall
as the horizon grows (``auto`` may let more customers in with a longer horizon).
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

Window = int | Literal["auto", "all"]
"""Days since the last purchase within which a customer is active; ``auto`` and ``all`` as in ``population``."""

APART: Final = 150
"""Days between the first and the last cutoff, wherever the log allows: six cutoffs a month apart."""


@dataclass(frozen=True)
class Silences:
    """Counts of customers by silence at one cutoff (``dataset.silences.counted``).

    Parameters
    ----------
    cutoff
        The midnight they are counted from.
    silent
        Days since the last purchase, shape (n,).
    returned
        Days until the next one, shape (n,); infinite where the log has none.
    customers
        So many share the two, shape (n,).
    spent
        What they had spent before the cutoff together, shape (n,).
    usual
        Days within which 95 % of the gaps between purchases lie, as known at the cutoff; None where too few were seen.
    """

    cutoff: date
    silent: npt.NDArray[np.float64]
    returned: npt.NDArray[np.float64]
    customers: npt.NDArray[np.float64]
    spent: npt.NDArray[np.float64]
    usual: int | None = None

    @classmethod
    def of(cls, cutoff: date, counts: pd.DataFrame, usual: int | None = None) -> "Silences":
        """From a frame with ``silent_days``, ``returned_after`` (missing: never), ``customers`` and ``spent``."""
        named = ("silent_days", "returned_after", "customers", "spent")
        silent, returned, customers, spent = (counts[n].to_numpy(np.float64, na_value=np.nan) for n in named)
        return cls(cutoff, silent, np.where(np.isnan(returned), np.inf, returned), customers, spent, usual)

    def within(self, window: Window, horizon: int) -> npt.NDArray[np.bool_]:
        """Who is active at the cutoff, as ``hvc_ml.population.active_within`` has it."""
        if window == "auto":
            limit = math.inf if self.usual is None else max(horizon, self.usual)
        else:
            limit = math.inf if window == "all" else window
        return self.silent <= limit


@dataclass(frozen=True)
class Definition:
    """One definition of churn and what it makes of the customers; money in the unit of ``Silences.spent``.

    Parameters
    ----------
    window
        Who is active.
    horizon
        Days of silence from the cutoff on after which a customer counts as churned; with contracts the grace.
    customers
        Active ones over all cutoffs; a customer counts once at each.
    rates
        Churn rate at each cutoff, oldest first.
    churn_rate
        Over all cutoffs; None where nobody is active.
    returned
        Share of those labelled churned who bought again within ``returned_within`` days after the horizon. None where
        they are not watched for as long again as the horizon, or nobody churned.
    returned_within
        Days after the horizon that they are watched for.
    spent_share
        Share of what active customers had spent before the cutoff that came from those labelled churned.
    """

    window: Window
    horizon: int
    customers: int
    rates: tuple[float | None, ...]
    churn_rate: float | None
    returned: float | None
    returned_within: int
    spent_share: float | None

    @property
    def spread(self) -> float | None:
        """Standard deviation of the churn rate between cutoffs; None where there are fewer than two."""
        known = [r for r in self.rates if r is not None]
        return float(np.std(known, ddof=1)) if len(known) > 1 else None

    def as_json(self) -> dict[str, Any]:
        """The definition as plain values."""
        return {
            "active_within": self.window,
            "horizon": self.horizon,
            "customers": self.customers,
            "churn_rate": self.churn_rate,
            "spread": self.spread,
            "rates": list(self.rates),
            "returned": self.returned,
            "returned_within": self.returned_within,
            "spent_share": self.spent_share,
        }


@dataclass(frozen=True)
class Rule:
    """What a definition of churn has to keep to be proposed.

    The shortest horizon that passes is taken: a label that is known early is learnt from and acted on early. Few of
    those labelled churned may come back: silence that ends by itself was a pause, and a list made from such labels
    sends a team after customers who were never leaving. To judge a churn period by both errors, and not by a quantile
    of gaps alone, is the reasoning of "D-Curve: an improved method for defining non-contractual churn with type I and
    type II errors" (Indeed engineering blog, January 2020); the bounds are this project's.

    Parameters
    ----------
    returned
        At most this share of those labelled churned comes back while they are watched.
    rates
        The churn rate lies between these, so that a model has enough of either kind to learn from.
    spread
        The standard deviation of the churn rate between cutoffs is at most this share of the rate: above it, last
        year's label means another thing than this year's.
    """

    returned: float = 0.20
    rates: tuple[float, float] = (0.05, 0.70)
    spread: float = 0.25

    @property
    def says(self) -> str:
        """The rule in words.

        Examples
        --------
        >>> Rule(rates=(0.0, 1.0), spread=math.inf).says
        'the shortest at which at most 20 % of those labelled churned come back'
        """
        (low, high), words = self.rates, [f"at most {_percent(self.returned)} of those labelled churned come back"]
        if (low, high) != (0.0, 1.0):
            words.append(f"{_percent(low)} to {_percent(high)} churn")
        if math.isfinite(self.spread):
            words.append(
                f"the churn rate's standard deviation between cutoffs is at most {_percent(self.spread)} of it"
            )
        return f"the shortest at which {', '.join(words)}"

    def problems(self, definition: Definition) -> tuple[str, ...]:
        """What speaks against a definition, in words; nothing where it passes."""
        found = (self._returns(definition.returned), self._rate(definition.churn_rate), self._moves(definition))
        return tuple(problem for problem in found if problem)

    def _returns(self, returned: float | None) -> str | None:
        if returned is None:
            return "nobody can say yet who comes back"
        return f"{_percent(returned)} come back" if returned > self.returned else None

    def _rate(self, rate: float | None) -> str | None:
        low, high = self.rates
        if rate is None or low <= rate <= high:
            return None
        return f"{_percent(rate, 1)} churn, too {'few' if rate < low else 'many'} to learn from"

    def _moves(self, definition: Definition) -> str | None:
        rate, spread = definition.churn_rate, definition.spread
        if not rate or spread is None or spread <= self.spread * rate:
            return None
        return f"the churn rate moves by {_percent(spread / rate)} of itself between cutoffs"


def watch_for(watched: Sequence[int], days: int, horizons: Iterable[int]) -> int | None:
    """How long every cutoff of a grid is watched: twice the longest horizon that the log has room for.

    Those labelled churned are then watched for as long again as their horizon, at least. There is room where cutoffs
    remain over `APART` days, or where half of the log is enough.

    Parameters
    ----------
    watched
        Days of log after each cutoff, in any order.
    days
        Days of the whole log.
    horizons
        To choose from.

    Returns
    -------
    int or None
        None where not even the shortest fits.

    Examples
    --------
    >>> watch_for([343, 312, 284, 253], days=374, horizons=(30, 60, 90, 120, 180))
    180
    """
    longest = max(watched, default=0)
    room = min(longest, max(longest - APART, days // 2))
    return max((2 * h for h in horizons if 2 * h <= room), default=None)


def definition(silences: Sequence[Silences], window: Window, horizon: int, watch: int) -> Definition:
    """Measure one definition.

    Parameters
    ----------
    silences
        At each cutoff; all watched for at least ``watch`` days.
    window
        Who is active.
    horizon
        Days of silence that count as churn; at most ``watch``.
    watch
        Days from the cutoff within which a return counts.

    Examples
    --------
    >>> counts = pd.DataFrame({"silent_days": [5, 5, 40], "returned_after": [10, 70, None], "customers": [6, 1, 3]})
    >>> found = definition([Silences.of(date(2026, 1, 1), counts.assign(spent=0))], "all", 30, watch=90)
    >>> found.churn_rate, found.returned, found.returned_within
    (0.4, 0.25, 60)
    """
    sums = np.array([_sums(s, window, horizon, watch) for s in silences])
    active, churned, back, spent, lost = sums.sum(axis=0)
    return Definition(
        window,
        horizon,
        int(active),
        tuple(_share(c, n) for n, c in sums[:, :2]),
        _share(churned, active),
        _share(back, churned) if watch >= 2 * horizon else None,
        watch - horizon,
        _share(lost, spent),
    )


def grid(
    silences: Sequence[Silences], windows: Sequence[Window], horizons: Sequence[int], watch: int
) -> tuple[Definition, ...]:
    """Measure every window with every horizon that is not longer than the watch, row by row."""
    return tuple(definition(silences, w, h, watch) for w in windows for h in horizons if h <= watch)


def proposal(definitions: Sequence[Definition], rule: Rule) -> tuple[Definition, str]:
    """Propose the shortest of several horizons that keeps the rule.

    Where none does, the one with the fewest objections comes nearest, and of these the one with the fewest returns.

    Parameters
    ----------
    definitions
        At least one, of the same window; what the log cannot train is left out by the caller.

    Returns
    -------
    tuple
        The definition, and why in words.
    """
    ordered = sorted(definitions, key=lambda d: d.horizon)
    passed = next((d for d in ordered if not rule.problems(d)), None)
    if passed is not None:
        return passed, f"{passed.horizon} days is the shortest that passes: {_figures(passed)}."
    nearest = min(ordered, key=lambda d: (len(rule.problems(d)), 1.0 if d.returned is None else d.returned))
    against = "; ".join(f"{d.horizon} days: {' and '.join(rule.problems(d))}" for d in ordered)
    return nearest, f"none passes, {nearest.horizon} days comes nearest ({against})."


def _sums(s: Silences, window: Window, horizon: int, watch: int) -> tuple[float, ...]:
    """Active customers, those of them labelled churned, those of these who return; spend of the first two."""
    active = s.within(window, horizon)
    churned = active & (s.returned >= horizon)
    back = churned & (s.returned < watch)
    counts = (float(s.customers[who].sum()) for who in (active, churned, back))
    return (*counts, *(float(s.spent[who].sum()) for who in (active, churned)))


def _share(part: float, whole: float) -> float | None:
    return float(part / whole) if whole > 0 else None


def _figures(d: Definition) -> str:
    rate = "nobody active" if d.churn_rate is None else f"{_percent(d.churn_rate, 1)} churn"
    moves = "" if d.spread is None else f" (standard deviation {_percent(d.spread, 1)} between {len(d.rates)} cutoffs)"
    back = (
        "" if d.returned is None else f", and {_percent(d.returned)} of them come back within {d.returned_within} days"
    )
    return f"{rate}{moves}{back}"


def _percent(share: float, digits: int = 0) -> str:
    return f"{100 * share:.{digits}f} %"
