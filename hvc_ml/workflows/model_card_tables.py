"""The tables of a model card: every cell a text, every row a group, a figure or a cutoff, and never a customer."""

import math
from collections.abc import Iterable, Sequence
from typing import Any, Final

import pandas as pd

from hvc_ml.evaluation.bootstrap import Estimate
from hvc_ml.evaluation.gate import Decision
from hvc_ml.evaluation.honesty import Panel
from hvc_ml.evaluation.objections import NAMES
from hvc_ml.evaluation.slices import Slice
from hvc_ml.workflows.model_card_words import READINGS
from hvc_ml.workflows.shop import Shop
from hvc_ml.workflows.trained import Trained

FEW: Final = 3
"""Cutoffs that are named one by one."""

LEVELS: Final = ("churn_ece", "value_bias", "interval_coverage")
"""Figures of the level, which a part of the customers shows without intervals."""


def figures_table(panel: Panel) -> pd.DataFrame:
    """The model's figures beside those of the best rule, as texts with their intervals: one row per figure."""
    rival = panel.baselines.get(panel.best_baseline or "", {})
    name = f"best rule ({in_words(panel.best_baseline)})" if panel.best_baseline else "best rule"
    rows = [
        {"figure": r.name, "better": r.good, "model": shown(panel.model[m]), name: shown(rival.get(m))}
        for m, r in READINGS.items()
        if m in panel.model
    ]
    return pd.DataFrame(rows)


def differences_table(decision: Decision) -> pd.DataFrame | None:
    """The model minus each rival, with intervals; None where there is nothing to compare with."""
    rows = [
        {"model minus": name, **{rival: _shown(gap, "+") for rival, gap in gaps.items()}}
        for name, gaps in against(decision).items()
    ]
    return pd.DataFrame(rows) if rows else None


def slices_table(slices: Sequence[Slice]) -> pd.DataFrame | None:
    """Figures of each part of the customers that was measured; intervals for the two of the order. None without any."""
    rows = [
        {
            "part": f"{s.by}: {s.name}",
            "customers": f"{s.customers:,}",
            "churn rate": f"{s.churn_rate:.1%}",
            "mean risk": _per_cent(s.churn_rate + s.model["churn_bias"].mid),
            "selected": _per_cent(s.chosen),
            "leavers selected": _per_cent(s.reached),
            **{READINGS[m].name: shown(s.model[m]) for m in ("churn_auc", "value_gini")},
            "best rule, Gini": shown(s.baseline.get("value_gini")),
            **{READINGS[m].name: _shown([None, s.model[m].as_list()[1], None]) for m in LEVELS},
        }
        for s in slices
        if s.cutoffs
    ]
    return pd.DataFrame(rows) if rows else None


def split_table(trained: Trained) -> pd.DataFrame:
    """Which cutoffs were used for what, and how many rows they have."""
    split = trained.production.split
    roles = {
        "fit": split.fit,
        "calibrate": split.calibrate,
        "test (refitted each time)": tuple(sorted(trained.test.fitted)),
    }
    rows = [
        {"used to": role, "cutoffs": _listed(cutoffs), "rows": f"{_rows(trained, cutoffs):,}"}
        for role, cutoffs in roles.items()
        if cutoffs
    ]
    return pd.DataFrame(rows)


def rows_table(shop: Shop) -> pd.DataFrame:
    """What became of every row of the sources."""
    rows = [
        {
            "table": name,
            "rows": f"{report.rows:,}",
            "kept": f"{report.kept:,}",
            "rejected": f"{report.rejected:,}",
            "duplicates": f"{report.deduplicated:,}",
        }
        for name, report in shop.reports.items()
    ]
    return pd.DataFrame(rows)


def families_table(trained: Trained) -> pd.DataFrame | None:
    """Share of the trees' gain by family of features, in per cent, most for churn risk first."""
    gains = pd.DataFrame(trained.production.recipe.importance).fillna(0.0)
    if gains.empty:
        return None
    family = {f.name: f.family for f in trained.features}
    told = gains.groupby([family.get(str(name), "prior") for name in gains.index]).sum()
    models = {"churn risk": ["churn", "churn_trees"], "value if kept": ["hurdle", "tweedie", "value_trees"]}
    sums = pd.DataFrame({says: told.reindex(columns=names).sum(axis=1) for says, names in models.items()})
    shares = (sums / sums.sum().replace(0.0, 1.0)).sort_values([*sums], ascending=False, kind="stable")
    return shares.map("{:.0%}".format).rename_axis("family").reset_index()


def readings_table() -> pd.DataFrame:
    """How each figure is read."""
    return pd.DataFrame([{"figure": r.name, "better": r.good, "means": r.means} for r in READINGS.values()])


def against(decision: Decision) -> dict[str, dict[str, list[float | None]]]:
    """Figure -> rival -> ``[low, mid, high]`` of model minus rival, as the decision saw them; unknown is None."""
    rule = in_words(decision.details.get("best_baseline")) or "best rule"
    found = {rule: "against_baseline", "champion": "against_champion"}
    rivals = {rival: decision.details[key] for rival, key in found.items() if decision.details.get(key)}
    unknown = [None, None, None]
    return {
        NAMES[m]: {rival: gaps.get(m, unknown) for rival, gaps in rivals.items()}
        for m in NAMES
        if any(m in gaps for gaps in rivals.values())
    }


def in_words(name: str | None) -> str:
    """A name without underscores; empty for none."""
    return (name or "").replace("_", " ")


def shown(estimate: Estimate | None) -> str:
    """A figure with its interval.

    Examples
    --------
    >>> shown(Estimate(0.7591, 0.794, 0.8356)), shown(None)
    ('0.794 [0.759, 0.836]', '')
    """
    if estimate is None or math.isnan(estimate.mid):
        return ""
    return _shown(estimate.as_list())


def _per_cent(value: float) -> str:
    return "" if math.isnan(value) else f"{value:.1%}"


def _shown(interval: list[float | None], sign: str = "") -> str:
    low, mid, high = interval
    if mid is None:
        return ""
    return f"{mid:{sign}.3f}" + ("" if low is None or high is None else f" [{low:{sign}.3f}, {high:{sign}.3f}]")


def _rows(trained: Trained, cutoffs: Iterable[Any]) -> int:
    return sum(trained.partitions[c].panel.num_rows for c in cutoffs if c in trained.partitions)


def _listed(cutoffs: tuple[Any, ...]) -> str:
    days = [c.isoformat() for c in sorted(cutoffs)]
    return ", ".join(days) if len(days) <= FEW else f"{len(days)} from {days[0]} to {days[-1]}"
