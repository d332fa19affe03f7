"""What speaks against a challenger beside the champion: worse profit or order, figures off, a tier left behind."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final

from hvc_ml.evaluation.campaign import Campaign
from hvc_ml.evaluation.outcomes import PROFIT
from hvc_ml.evaluation.rivals import GUARDED, Rivals

PROFIT_TOLERANCE: Final = 0.10
"""Share of the champion's profit that a challenger may lie behind even where the interval still holds 0."""

TOLERANCES: Final[Mapping[str, float]] = {"churn_auc": 0.01, "value_gini": 0.02, "value_captured_20": 0.02}
"""The same for the figures of the order, in their own units."""

NEGLIGIBLE_SHARE: Final = 0.2
"""Of a tolerance: two fits of one recipe may differ in Gini by .002 beyond chance, which no list would show."""

NOMINAL_COVERAGE: Final = 0.8
"""Share of customers whose value should lie within its interval, unless it is said otherwise."""

LEAST_CUSTOMERS: Final = 100
"""A tier with fewer customers is shown and not judged."""

CLEAR_ERRORS: Final = 2.58
"""Standard errors that a tier must lie behind to be clearly worse: there are several tiers, and one in twenty intervals
misses."""

TIER_TOLERANCES: Final[Mapping[str, float]] = {PROFIT: 0.10, "churn_auc": 0.02}
"""How far it must lie behind besides: a share of the champion's profit in that tier, and AUC."""


@dataclass(frozen=True)
class Guardrail:
    """How far off a figure may be: ``most`` is fine; above it, the champion's own distance and ``slack`` more."""

    most: float
    slack: float
    says: str


GUARDRAILS: Final[Mapping[str, Guardrail]] = {
    "churn_ece": Guardrail(
        0.05, 0.02, "churn risks are off by {off:.3f} on average (champion {champion:.3f}, bound {most})"
    ),
    "value_bias": Guardrail(0.25, 0.10, "total value is off by {off:.0%} (champion {champion:.0%}, bound {most:.0%})"),
    "interval_coverage": Guardrail(
        0.10,
        0.05,
        "the share of customers inside their interval is off by {off:.0%} (champion {champion:.0%}, bound {most:.0%})",
    ),
}


NAMES: Final[Mapping[str, str]] = {
    PROFIT: "profit at capacity",
    "churn_auc": "churn AUC",
    "value_gini": "Gini of value",
    "value_captured_20": "value captured in the top 20 %",
}


def objections(rivals: Rivals, tiers: Mapping[str, Rivals], coverage: float) -> list[str]:
    """Every reason not to promote, in words and numbers; empty where nothing speaks against it.

    Parameters
    ----------
    rivals, tiers
        Challenger and champion on all test rows, and within each tier.
    coverage
        Nominal coverage of the value's interval, in (0, 1).
    """
    return [*_behind(rivals), *_off(rivals, coverage), *_worse_tiers(tiers)]


def in_words(metric: str, rivals: Rivals) -> str:
    """A difference in words and numbers: money to the cent, everything else to three decimals."""
    gap, places = rivals.gaps[metric], 2 if metric == PROFIT else 3
    spread = f"{NAMES[metric]} {gap.mid:+.{places}f} [{gap.low:+.{places}f}, {gap.high:+.{places}f}]"
    return f"{spread} a customer (champion {rivals.figures[PROFIT][1]:.2f})" if metric == PROFIT else spread


def numbers(rivals: Rivals, tiers: Mapping[str, Rivals], campaign: Campaign | None, coverage: float) -> dict[str, Any]:
    """Everything that was compared, and the bounds, as JSON values."""
    return {
        "against_champion": {m: gap.as_list() for m, gap in rivals.gaps.items()},
        "tolerances": {m: _tolerance(m, rivals) for m in rivals.gaps},
        "figures": {m: _pair(rivals, m) for m in rivals.figures if m not in GUARDED},
        "guardrails": {m: {**_pair(rivals, m), "bound": GUARDRAILS[m].most} for m in GUARDED},
        "nominal_coverage": coverage,
        "campaign": None if campaign is None else asdict(campaign),
        "tiers": {tier: _tier_numbers(found) for tier, found in tiers.items()},
    }


def _behind(rivals: Rivals) -> Iterator[str]:
    """What the challenger is worse in: beyond chance and by more than next to nothing, or beyond the tolerance."""
    for metric, gap in rivals.gaps.items():
        tolerance = _tolerance(metric, rivals)
        if gap.mid < -tolerance or (gap.high < 0 and gap.mid < -NEGLIGIBLE_SHARE * tolerance):
            yield f"worse than the champion in {in_words(metric, rivals)}"


def _tolerance(metric: str, rivals: Rivals) -> float:
    return PROFIT_TOLERANCE * abs(rivals.figures[PROFIT][1]) if metric == PROFIT else TOLERANCES[metric]


def _off(rivals: Rivals, coverage: float) -> Iterator[str]:
    """Figures of the level that are further off than a bound, and than the champion's by more than the slack."""
    for metric, rail in GUARDRAILS.items():
        off, champions = _distances(metric, rivals, coverage)
        if off > max(rail.most, champions + rail.slack):
            yield rail.says.format(off=off, champion=champions, most=rail.most)


def _distances(metric: str, rivals: Rivals, coverage: float) -> tuple[float, float]:
    aim = coverage if metric == "interval_coverage" else 0.0
    ours, theirs = rivals.figures[metric]
    return abs(ours - aim), abs(theirs - aim)


def _worse_tiers(tiers: Mapping[str, Rivals]) -> Iterator[str]:
    for tier, rivals in tiers.items():
        if rivals.customers >= LEAST_CUSTOMERS:
            yield from (
                f"tier {tier} gets worse in {in_words(metric, rivals)}"
                for metric in TIER_TOLERANCES
                if metric in rivals.gaps and _clearly_worse(metric, rivals)
            )


def _clearly_worse(metric: str, rivals: Rivals) -> bool:
    gap = rivals.gaps[metric]
    scale = abs(rivals.figures[PROFIT][1]) if metric == PROFIT else 1.0
    return gap.mid < -TIER_TOLERANCES[metric] * scale and gap.mid + CLEAR_ERRORS * gap.error < 0


def _tier_numbers(rivals: Rivals) -> dict[str, Any]:
    gaps = {m: rivals.gaps[m].as_list() for m in TIER_TOLERANCES if m in rivals.gaps}
    return {"customers": rivals.customers, "judged": rivals.customers >= LEAST_CUSTOMERS, **gaps}


def _pair(rivals: Rivals, metric: str) -> dict[str, float | None]:
    found = zip(("challenger", "champion"), rivals.figures[metric], strict=True)
    return {name: figure if math.isfinite(figure) else None for name, figure in found}
