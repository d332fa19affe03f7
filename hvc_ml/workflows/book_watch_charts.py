"""The charts of the book's chapter about the watch: what lists promised and what came true, list by list."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from hvc_ml.explanation.formatting import share
from hvc_ml.monitoring.ledger import Entry, Realised
from hvc_ml.report.book_parts import Chart
from hvc_ml.report.monitor_chart import watch_chart

LEAST: Final = 2
"""Lists that make a line."""

Of = Callable[[Entry], float | None]


class _Drawn(NamedTuple):
    """A chart to draw: its lines, where it warns, whether it is told in per cent, how it is read."""

    title: str
    lines: Mapping[str, Of]
    limit: float | None
    shares: bool
    says: str


def watch_charts(entries: Sequence[Entry], currency: str, coverage: float) -> Iterator[Chart]:
    """Draw what is known of at least two lists.

    Parameters
    ----------
    entries
        One per cutoff, the oldest first.
    currency
        ISO 4217 code.
    coverage
        Share of outcomes that the intervals are made to hold.
    """
    days = entries[0].day, entries[-1].day
    for title, lines, limit, shares, says in _drawn(currency, coverage):
        found = {name: [(entry.day, of(entry)) for entry in entries] for name, of in lines.items()}
        if any(sum(value is not None for _, value in line) >= LEAST for line in found.values()):
            yield Chart(title, watch_chart(title, found, days=days, limit=limit, shares=shares), says)


def forecast_risk(entry: Entry) -> float:
    """The mean risk of those on whom the outcome is counted, where there is one."""
    return entry.mean_risk if entry.realised is None else entry.realised.churn_rate + entry.realised.churn_gap


def _forecast_value(entry: Entry) -> float:
    came = entry.realised
    return entry.future_value if came is None or came.value_bias is None else came.value * (1.0 + came.value_bias)


def _drawn(currency: str, coverage: float) -> tuple[_Drawn, ...]:
    return (
        _Drawn(
            f"Expected gain of each list, {currency}",
            {"expected gain": lambda e: e.expected_gain},
            limit=None,
            shares=False,
            says="What each list promised on its day, after what contacts and offers cost.",
        ),
        _Drawn(
            f"Money over the horizon, {currency}",
            {"forecast": _forecast_value, "came true": _came(lambda c: c.value)},
            limit=None,
            shares=False,
            says="Of everybody the list was chosen from; what came is known once the horizon is over.",
        ),
        _Drawn(
            "Share who leave",
            {"forecast": forecast_risk, "came true": _came(lambda c: c.churn_rate)},
            limit=None,
            shares=True,
            says="The lines should lie on each other: risks are read as shares.",
        ),
        _Drawn(
            "Leavers told from stayers (AUC)",
            {"forecast": lambda e: e.expected_auc, "came true": _came(lambda c: c.auc)},
            limit=None,
            shares=False,
            says="1 is perfect, 0.5 is chance; what came should not lie far below what the risks promised.",
        ),
        _Drawn(
            "Outcomes inside their interval",
            {"came true": _came(lambda c: c.coverage)},
            limit=coverage,
            shares=True,
            says=f"Intervals are made to hold {share(coverage)} (dashed): below it, they were too narrow.",
        ),
        _Drawn(
            "How far the customers have moved",
            {"furthest": lambda e: e.worst_drift},
            limit=1.0,
            shares=True,
            says="Of all figures the model reads, the least like it was, as a share of what is allowed (dashed).",
        ),
    )


def _came(of: Callable[[Realised], float | None]) -> Of:
    return lambda entry: None if entry.realised is None else of(entry.realised)
